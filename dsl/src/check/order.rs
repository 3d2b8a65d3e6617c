//! What depends on what: an order in which everything comes after what it uses, and the circles that prevent it.

use std::collections::BTreeSet;

use crate::limits::PROBLEMS_MAX;
use crate::source::Span;

/// A use of another node, and where it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) at: Span,
}

/// A circle: its nodes in the order of use, and the use that closes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Circle {
    pub(super) nodes: Vec<usize>,
    pub(super) at: Span,
}

/// The names after the first, as a message lists them.
pub(super) fn through(names: &[&str]) -> String {
    let more = if names.len() > 5 { ", …" } else { "" };
    format!(
        "through `{}`{more}",
        names[..names.len().min(5)].join("`, `")
    )
}

/// All nodes, used ones first, and each circle found on the way. Iterative: a source may hold a chain of a hundred
/// thousand definitions.
pub(super) fn used_first(edges: &[Vec<Edge>]) -> (Vec<usize>, Vec<Circle>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Visit {
        New,
        Open,
        Done,
    }
    let mut visits = vec![Visit::New; edges.len()];
    let (mut order, mut circles) = (Vec::with_capacity(edges.len()), Vec::new());
    let mut closed = BTreeSet::new();
    for start in 0..edges.len() {
        if visits[start] != Visit::New {
            continue;
        }
        visits[start] = Visit::Open;
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let Some(edge) = edges[*node].get(*next) else {
                visits[*node] = Visit::Done;
                order.push(*node);
                path.pop();
                continue;
            };
            *next += 1;
            match visits[edge.to] {
                Visit::New => {
                    visits[edge.to] = Visit::Open;
                    path.push((edge.to, 0));
                }
                Visit::Open => {
                    if circles.len() < PROBLEMS_MAX && closed.insert((*node, edge.to)) {
                        let nodes = path.iter().map(|(node, _)| *node);
                        let nodes = nodes.skip_while(|node| *node != edge.to).collect();
                        circles.push(Circle { nodes, at: edge.at });
                    }
                }
                Visit::Done => {}
            }
        }
    }
    (order, circles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[&[usize]]) -> Vec<Vec<Edge>> {
        edges
            .iter()
            .map(|uses| {
                uses.iter()
                    .map(|to| Edge {
                        to: *to,
                        at: Span::default(),
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn used_nodes_come_first() {
        assert_eq!(
            used_first(&graph(&[&[1, 2], &[2], &[]])),
            (vec![2, 1, 0], vec![])
        );
    }

    #[test]
    fn a_circle_is_named_from_where_it_is_entered() {
        let (_, circles) = used_first(&graph(&[&[1], &[2], &[1]]));
        assert_eq!(
            circles,
            [Circle {
                nodes: vec![1, 2],
                at: Span::default()
            }]
        );
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let count = 200_000;
        let edges: Vec<Vec<Edge>> = (0..count)
            .map(|to| {
                (to + 1 < count)
                    .then_some(Edge {
                        to: to + 1,
                        at: Span::default(),
                    })
                    .into_iter()
                    .collect()
            })
            .collect();
        assert_eq!(used_first(&edges).0[0], count - 1);
    }
}
