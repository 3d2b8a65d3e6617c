//! The node.

pub mod client;
pub mod config;
pub mod daemon;
pub mod folder;
pub mod key;
pub mod limits;
#[cfg(test)]
mod network_bench;
#[cfg(test)]
mod network_tests;
pub mod printable;
pub mod protocol;
pub mod refusal;
mod report;
mod seats;
mod secret_key;
pub mod server;
mod tls;
mod transport;
pub mod trust;
mod trust_store;

pub mod bundle;
pub mod upgrade;

pub mod journal;
pub mod local;
pub mod recovery;
mod refused;
pub mod replica;
pub mod service;
pub mod store;
