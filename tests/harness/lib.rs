//! The bench: judges, generators and readers that the tests of the whole share.
//!
//! Nothing here is part of the product. The judges are written for clarity and share no algorithm with
//! what they judge.

pub mod assembly;
pub mod biography;
pub mod bytes;
pub mod campaign;
pub mod counts;
pub mod duel;
pub mod fuzz;
pub mod generate;
pub mod generated;
pub mod language;
pub mod leaf;
pub mod long_source;
pub mod meaning;
pub mod mutant;
pub mod notation;
pub mod process;
pub mod script;
pub mod shapes;
pub mod street;
pub mod tally;
pub mod tree;
pub mod vectors;
pub mod workload;
