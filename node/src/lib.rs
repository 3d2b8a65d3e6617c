//! The node.

pub mod key;
pub mod limits;
