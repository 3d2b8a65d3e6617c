//! Traces: the tests that stand in a machine, run on the abstract machine itself.
//!
//! A trace that starts in an older version runs the released program of that version, from history, and
//! goes through the compiled migration and adapters. Nothing is simulated twice.

mod accept;
mod run;

pub use accept::{Accepted, Change, accept};

pub(crate) use run::{Run, described, problem_of};

use cam::schema::Name;

use crate::broken;
use crate::compile::Compiled;
use crate::play;
use crate::problem::Problem;
use crate::source::Span;

/// How one trace went.
#[derive(Clone, Debug)]
pub struct Report {
    /// The trace's title.
    pub title: Name,
    /// The whole trace in the source.
    pub span: Span,
    /// How many lines were as they should be.
    pub passed: usize,
    /// How many lines there are.
    pub lines: usize,
    /// The first line that was not.
    pub failure: Option<Problem>,
}

/// Runs all traces of a source, in its order. One that fails does not stop the others.
#[must_use]
pub fn run(compiled: &Compiled) -> Vec<Report> {
    compiled
        .machine()
        .traces
        .iter()
        .map(|trace| {
            let mut passed = 0;
            let failure = run::lines(compiled, trace, &mut passed).err();
            Report {
                title: trace.title.clone(),
                span: trace.span,
                passed,
                lines: trace.lines.len(),
                failure: failure.map(|problem| *problem),
            }
        })
        .collect()
}

/// The laws of a source (`property n: e`) that do not hold.
#[must_use]
pub fn laws(compiled: &Compiled) -> Vec<Problem> {
    play::laws(compiled)
        .iter()
        .map(|broken| broken::problem(compiled, None, broken))
        .collect()
}
