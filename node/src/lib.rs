//! The node.

pub mod key;
pub mod limits;
pub mod printable;
pub mod protocol;
pub mod refusal;
pub mod trust;
