//! The language: source text in, verified bytecode out, and messages worth reading when that cannot be.
//!
//! It knows the machine of `cam`. It knows no file, no clock and no node.

pub mod limits;
pub mod source;

pub mod problem;

mod token;

pub mod parse;

pub mod ast;

mod builtin;
mod coverage;

pub mod check;

pub mod history;
pub mod typed;

pub mod fault;
pub mod format;
pub mod index;

pub mod cost;
pub mod document;
mod flow;
pub mod graph;
pub mod translate;

pub mod chain;
pub mod compile;
pub mod flags;
mod judge;
pub mod leaves;
mod places;
mod waived;

mod broken;
pub mod diff;
mod play;
#[cfg(feature = "proptest")]
pub mod property;
pub mod session;
pub mod simulate;
pub mod square;
pub mod trace;

pub mod value;
