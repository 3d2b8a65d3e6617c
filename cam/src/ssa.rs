//! Static single assignment: what the fast engines start from.
//!
//! The abstract machine's register and stack disappear here. Symbolic execution runs a function once with
//! names in place of values: `push`, `swap`, `acc`, `tuple`, `proj`, `with` and `inj` then cost nothing,
//! because they only move names about. What is left is arithmetic, calls of the runtime library and
//! branches, as a graph of blocks with parameters.
//!
//! Nothing here knows how the graph is run. The register interpreter lowers it to its own code; a compiler
//! to machine code can take the same graph, since a name is one machine word and a container a handle.

pub mod graph;
pub mod liveness;
pub mod shortcut;
pub mod slots;
mod symbol;
pub mod translate;
