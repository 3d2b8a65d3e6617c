//! What a match comes to: which part is looked at, and what follows from what is found there.

use std::collections::BTreeSet;

use crate::typed::{Local, PatternId};

/// A part of something a match looks into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Access {
    /// What it is a part of: a subject, or the payload an arm of a switch has found.
    pub(super) subject: u32,
    /// The way from there.
    pub(super) path: Vec<usize>,
}

/// How a match is decided.
#[derive(Debug)]
pub(super) enum Decision {
    /// A branch, with its names; if its guard fails, `otherwise`.
    Take {
        branch: usize,
        bindings: Vec<(Local, Access)>,
        otherwise: Option<Box<Decision>>,
    },
    /// One arm for each constructor; each knows its payload as a subject.
    Switch {
        subject: Access,
        arms: Vec<(u32, Decision)>,
    },
    /// Whether a part is this literal.
    Test {
        subject: Access,
        literal: PatternId,
        equal: Box<Decision>,
        otherwise: Box<Decision>,
    },
    /// `body`, in which a jump to `label` goes on with `shared`.
    Join {
        label: u32,
        shared: Box<Decision>,
        body: Box<Decision>,
    },
    /// Goes on behind the join.
    Jump(u32),
    /// Excluded by the check for exhaustiveness.
    Unreachable,
}

impl Decision {
    /// How often it jumps to `wanted`.
    pub(super) fn jumps_to(&self, wanted: u32) -> usize {
        match self {
            Decision::Take { otherwise, .. } => otherwise
                .as_ref()
                .map_or(0, |decision| decision.jumps_to(wanted)),
            Decision::Switch { arms, .. } => arms.iter().map(|(_, arm)| arm.jumps_to(wanted)).sum(),
            Decision::Test {
                equal, otherwise, ..
            } => equal.jumps_to(wanted) + otherwise.jumps_to(wanted),
            Decision::Join { shared, body, .. } => shared.jumps_to(wanted) + body.jumps_to(wanted),
            Decision::Jump(label) => usize::from(*label == wanted),
            Decision::Unreachable => 0,
        }
    }

    /// Whether it looks at anything, or only leads on.
    pub(super) fn has_cases(&self) -> bool {
        match self {
            Decision::Take { otherwise, .. } => otherwise.is_some(),
            Decision::Switch { .. } | Decision::Test { .. } => true,
            Decision::Join { .. } | Decision::Jump(_) | Decision::Unreachable => false,
        }
    }

    /// How often it takes branch `wanted`.
    pub(super) fn takes(&self, wanted: usize) -> usize {
        match self {
            Decision::Take {
                branch, otherwise, ..
            } => {
                let later = otherwise.as_ref().map_or(0, |rest| rest.takes(wanted));
                later + usize::from(*branch == wanted)
            }
            Decision::Switch { arms, .. } => arms.iter().map(|(_, arm)| arm.takes(wanted)).sum(),
            Decision::Test {
                equal, otherwise, ..
            } => equal.takes(wanted) + otherwise.takes(wanted),
            Decision::Join { shared, body, .. } => shared.takes(wanted) + body.takes(wanted),
            Decision::Jump(_) | Decision::Unreachable => 0,
        }
    }
}

impl Decision {
    /// The joins that stand in it.
    pub(super) fn labels(&self) -> BTreeSet<u32> {
        let mut labels = BTreeSet::new();
        let mut todo = vec![self];
        while let Some(decision) = todo.pop() {
            match decision {
                Decision::Take { otherwise, .. } => todo.extend(otherwise.as_deref()),
                Decision::Switch { arms, .. } => todo.extend(arms.iter().map(|(_, arm)| arm)),
                Decision::Test {
                    equal, otherwise, ..
                } => todo.extend([&**equal, &**otherwise]),
                Decision::Join {
                    label,
                    shared,
                    body,
                } => {
                    labels.insert(*label);
                    todo.extend([&**shared, &**body]);
                }
                Decision::Jump(_) | Decision::Unreachable => {}
            }
        }
        labels
    }
}
