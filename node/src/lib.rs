//! The node: runs machines for years, and upgrades them while they run.
//!
//! What it promises: a machine answers when its step is on the disk; an upgrade is all of it or nothing,
//! whatever is cut or killed; a bundle that does not start from what runs, is not signed enough, or does
//! not verify, is refused and changes nothing; nobody does what the trust file does not allow.
//!
//! A request comes down and an answer goes up:
//!
//! ```text
//! server    who asks, may they      (QUIC; knows no machine)
//! service   what is asked           (no socket, no disk)
//! journal   in which order          (the seam: local now, replicated later)
//! replica   what it does            (pure, no clock)
//! store     what is durable         (knows no input and no output)
//! ```
//!
//! What this crate does **not** know: source text and its grammar. A node compiles nothing and trusts no
//! compiler; it verifies.

pub mod limits;

pub mod key;
pub mod printable;
mod secret_key;

pub mod trust;
mod trust_store;

pub mod protocol;
pub mod refusal;
mod report;

pub mod bundle;
pub mod head_start;
pub mod losses;
mod refused;
pub mod upgrade;

pub mod biography;
pub mod comparison;
pub mod journal;
pub mod ledger;
pub mod local;
pub mod recovery;
pub mod replica;
pub mod rollback;
mod seal;
pub mod shadow;
pub mod store;
mod store_error;
pub mod trial;

pub mod leaves;
pub mod plan;
mod push_log;
pub mod service;

pub mod client;
mod places;
mod seats;
pub mod server;
mod takeover;
mod tls;
mod transport;

pub mod config;
pub mod daemon;
pub mod folder;

#[cfg(test)]
mod crowd_tests;
#[cfg(test)]
mod negotiation_tests;
#[cfg(test)]
mod network_bench;
#[cfg(test)]
mod network_tests;
