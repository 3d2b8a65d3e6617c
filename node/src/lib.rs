//! The node.

pub mod key;
pub mod limits;
pub mod printable;
pub mod protocol;
pub mod refusal;
pub mod trust;

pub mod bundle;
pub mod upgrade;

pub mod journal;
pub mod local;
pub mod recovery;
mod refused;
pub mod replica;
pub mod store;
