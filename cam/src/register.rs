//! The register interpreter: the engine that runs by default.
//!
//! A program's graphs become a flat list of operations of 8 bytes over a file of 2^16 registers. Programs
//! do not recurse, so every function has its registers to itself, as in old Fortran: a call moves words
//! and jumps, and a state of plain numbers lies in registers from one step to the next. Containers stand in a
//! table and registers hold their numbers. What is at its last use is changed in place, and a journal of
//! such changes brings the old state back when a step stops or is only tried.
//!
//! This engine says *that* a run stops, never *why*: the reason, and the last word on everything, is with
//! the [reference interpreter](crate::machine). Where something that the verifier promised does not
//! hold, the run stops as well, and the reference interpreter's result is taken.

mod boundary;
pub mod code;
mod codec;
mod divisor;
mod execute;
mod heap;
mod hot;
pub(crate) mod lower;
pub(crate) mod machine;
mod moves;
mod plan;
mod spare;
mod view;

pub use machine::run;

/// A run that does not go on. The reference interpreter knows why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stopped;
