//! What a match comes to: which part is looked at, and what follows from what is found there.
//!
//! A decision is a graph without cycles and not a tree: what follows from two findings alike stands once.

use std::collections::BTreeMap;

use crate::typed::{Local, PatternId};

/// A part of something a match looks into.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Access {
    /// What it is a part of: a subject, or the payload an arm of a switch has found.
    pub(super) subject: u32,
    /// The way from there.
    pub(super) path: Vec<usize>,
}

/// A node of one decision. What it leads to was made before it, and has a lower number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct NodeId(usize);

impl NodeId {
    /// Its place among the nodes.
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// One step of a decision.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Node {
    /// A branch, with its names; if its guard fails, `otherwise`.
    Take {
        branch: usize,
        bindings: Vec<(Local, Access)>,
        otherwise: Option<NodeId>,
    },
    /// One arm for each constructor; each knows its payload as a subject.
    Switch {
        subject: Access,
        arms: Vec<(u32, NodeId)>,
    },
    /// Whether a part is this literal.
    Test {
        subject: Access,
        literal: PatternId,
        equal: NodeId,
        otherwise: NodeId,
    },
    /// Excluded by the check for exhaustiveness.
    Unreachable,
}

impl Node {
    /// Where it leads, once for each way.
    pub(super) fn next(&self) -> Vec<NodeId> {
        match self {
            Node::Take { otherwise, .. } => otherwise.iter().copied().collect(),
            Node::Switch { arms, .. } => arms.iter().map(|(_, arm)| *arm).collect(),
            Node::Test {
                equal, otherwise, ..
            } => vec![*equal, *otherwise],
            Node::Unreachable => Vec::new(),
        }
    }

    /// Whether it decides anything, or only ends.
    pub(super) fn has_cases(&self) -> bool {
        !self.next().is_empty()
    }
}

/// The nodes made so far. Two nodes that are alike are one.
#[derive(Default, Debug)]
pub(super) struct Nodes {
    list: Vec<Node>,
    known: BTreeMap<Node, NodeId>,
    size: usize,
}

impl Nodes {
    /// The number of a node.
    pub(super) fn add(&mut self, node: Node) -> NodeId {
        if let Some(known) = self.known.get(&node) {
            return *known;
        }
        let id = NodeId(self.list.len());
        self.size += 1 + node.next().len();
        self.list.push(node.clone());
        self.known.insert(node, id);
        id
    }

    /// How many nodes there are, with their ways.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The decision that begins at `root`.
    pub(super) fn decision(self, root: NodeId) -> Decision {
        let mut ways = vec![0; self.list.len()];
        ways[root.0] = 1;
        for (index, node) in self.list.iter().enumerate().rev() {
            if ways[index] > 0 {
                node.next().into_iter().for_each(|next| ways[next.0] += 1);
            }
        }
        Decision {
            nodes: self.list,
            ways,
            root,
        }
    }
}

/// How a match is decided.
#[derive(Debug)]
pub(super) struct Decision {
    nodes: Vec<Node>,
    /// How many ways lead straight to each node; none to one that was made for nothing.
    ways: Vec<usize>,
    root: NodeId,
}

impl Decision {
    /// Where it begins.
    pub(super) fn root(&self) -> NodeId {
        self.root
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// All nodes; those that one leads to stand before it.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Whether more than one way leads straight to a node that decides something.
    pub(super) fn is_shared(&self, id: NodeId) -> bool {
        self.ways[id.0] > 1 && self.node(id).has_cases()
    }

    /// How often each of `branches` branches is taken: a node that is shared stands once.
    pub(super) fn takes(&self, branches: usize) -> Vec<usize> {
        let mut takes = vec![0; branches];
        for (node, ways) in self.nodes.iter().zip(&self.ways) {
            if let Node::Take {
                branch, otherwise, ..
            } = node
            {
                takes[*branch] += if otherwise.is_some() {
                    (*ways).min(1)
                } else {
                    *ways
                };
            }
        }
        takes
    }
}
