//! The nodes of a rollout, each with what is known of it, and work that is done with several at a time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::standing::Standing;
use crate::nodes::NamedNode;

/// How many nodes are spoken to at a time: a bundle of some MiB to each, and a thread for each here.
const AT_ONCE: usize = 16;

/// A node of a rollout.
#[derive(Debug)]
pub(super) struct Member {
    /// The node.
    pub(super) node: NamedNode,
    /// The number of its wave, from 1 on; none if it was left out before there were waves.
    pub(super) wave: Option<usize>,
    /// What is known of it.
    pub(super) standing: Standing,
    /// Whether this command has upgraded it, or may have.
    pub(super) is_sent: bool,
}

impl Member {
    pub(super) fn new(node: NamedNode, standing: Standing) -> Member {
        Member {
            node,
            wave: None,
            standing,
            is_sent: false,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.node.name
    }
}

/// The names of members, as a sentence lists them.
pub(super) fn names<'a>(members: impl IntoIterator<Item = &'a Member>) -> String {
    let names: Vec<_> = members.into_iter().map(Member::name).collect();
    names.join(", ")
}

/// Does the same with each, some at a time. The answers come in the order of the things.
pub(super) fn with_each<T: Sync, R: Send + Sync>(
    things: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let answers: Vec<OnceLock<R>> = things.iter().map(|_| OnceLock::new()).collect();
    thread::scope(|scope| {
        for _ in 0..things.len().min(AT_ONCE) {
            scope.spawn(|| {
                while let Some((thing, answer)) = {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    things.get(place).zip(answers.get(place))
                } {
                    answer.get_or_init(|| work(thing));
                }
            });
        }
    });
    let answers = answers.into_iter().map(OnceLock::into_inner);
    let answers: Option<Vec<R>> = answers.collect();
    answers.expect("the scope ends when every place was taken and worked on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_things_however_many_there_are() {
        for length in [0, 1, AT_ONCE, 100] {
            let things: Vec<usize> = (0..length).collect();
            let expected: Vec<usize> = (0..length).map(|thing| thing * 2).collect();
            assert_eq!(with_each(&things, |thing| thing * 2), expected);
        }
    }
}
