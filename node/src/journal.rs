//! The seam between those who ask and those who apply: a [`Journal`] above it, an [`Apply`] below.
//!
//! Above, a command is submitted and answered once it is durable. Below, commands are applied in one
//! order, by a pure and synchronous state machine without a clock: what time it is comes stamped in the
//! command. Neither side knows whether the journal between them is the local one on a disk or a
//! replicated one; a replicated journal is a second implementation of the same two traits.

use std::future::Future;
use std::sync::Arc;

use cam::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::bundle::BundleId;
use crate::protocol::{Applied, Refusal};
use crate::upgrade::{CommittedUpgrade, MigratedUpgrade};

/// Place of a command in its machine's journal, from 1.
pub type Index = u64;

/// What happens to a machine, with all that is needed to apply it again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// An input from a client.
    Input {
        /// When, in milliseconds since 1970. Stamped by the journal; never decreasing in a machine.
        at_ms: i64,
        /// The authenticated sender's name.
        from: Arc<str>,
        /// The program the client encoded for.
        program: [u8; 32],
        /// The encoded input.
        #[serde(with = "serde_bytes")]
        input: Vec<u8>,
    },
    /// An authentic bundle from an operator.
    Upgrade {
        /// When, in milliseconds since 1970.
        at_ms: i64,
        /// The operator's name.
        by: String,
        /// The authors whose signatures counted when it came.
        signers: Vec<String>,
        /// The bundle's bytes.
        #[serde(with = "serde_bytes")]
        bundle: Vec<u8>,
    },
}

impl Command {
    /// The command with its time.
    #[must_use]
    pub fn stamped(mut self, now_ms: i64) -> Command {
        match &mut self {
            Command::Input { at_ms, .. } | Command::Upgrade { at_ms, .. } => *at_ms = now_ms,
        }
        self
    }
}

/// What a command did, once that is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A step was taken.
    Answered {
        /// The step's number.
        step: u64,
        /// The program that took it.
        program: Digest,
        /// The encoded output, as the client's program has it.
        output: Vec<u8>,
    },
    /// The step stopped; the state is what it was.
    Trapped {
        /// The trap's number.
        code: u32,
        /// Its name.
        name: &'static str,
        /// Where and on what.
        detail: String,
    },
    /// The upgrade was applied.
    Upgraded(Applied),
    /// The bundle was the one applied last.
    AlreadyRunning {
        /// The program that runs.
        program: Digest,
        /// How many bundles the machine has accepted.
        sequence: u64,
    },
    /// Nothing happened, and nothing was written.
    Refused(Refusal),
}

/// What applying a command came to, before it is durable.
#[derive(Debug)]
pub enum Effect {
    /// The state machine has changed, or has counted a trap: the command belongs in the journal.
    Done(Outcome),
    /// Nothing has changed: the command does not belong in the journal.
    Nothing(Outcome),
    /// A new machine is ready. It runs once the journal has committed it and it is adopted.
    Staged(Box<MigratedUpgrade>),
}

/// Below the seam: one machine's state, pure and synchronous.
pub trait Apply {
    /// Applies a command at its place.
    fn apply(&mut self, at: Index, command: &Command) -> Effect;

    /// Takes up an upgrade that has become durable.
    fn adopt(&mut self, at: Index, command: &Command, upgrade: CommittedUpgrade) -> Outcome;

    /// The whole of it, for a start without the journal before it.
    fn snapshot(&self) -> Snapshot;
}

/// A machine between two commands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// The last command it contains.
    pub index: Index,
    /// Steps taken.
    pub steps: u64,
    /// Steps that stopped.
    pub traps: u64,
    /// When the last command was stamped.
    pub last_ms: i64,
    /// The encoded state.
    #[serde(with = "serde_bytes")]
    pub state: Vec<u8>,
}

/// One accepted bundle, as the history keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// Its place among the machine's bundles.
    pub sequence: u64,
    /// Its name.
    pub bundle: [u8; 32],
    /// The program before.
    pub from: Option<[u8; 32]>,
    /// The program after.
    pub to: [u8; 32],
    /// The version its author gave it.
    pub machine_version: u32,
    /// When.
    pub at_ms: i64,
    /// The authors whose signatures counted.
    pub signers: Vec<String>,
    /// Who pushed it.
    pub by: String,
    /// Why, in the author's words.
    pub note: String,
    /// The last step before it.
    pub step: u64,
    /// Bytes of the state after it.
    pub state_bytes: u64,
}

impl Accepted {
    /// The bundle's name.
    #[must_use]
    pub fn id(&self) -> BundleId {
        BundleId(self.bundle)
    }
}

/// Why a command has no outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// As many commands wait as may wait. Nothing was done.
    #[error("too many commands wait")]
    Busy,
    /// The journal has stopped. Whether the command was applied is known only after a start.
    #[error("the journal has stopped")]
    Stopped,
}

/// Above the seam: what the rest of the node sees of a machine's journal.
pub trait Journal: Send + Sync + 'static {
    /// Applies a command to the named machine; answers once the outcome is durable.
    fn submit(
        &self,
        machine: &str,
        command: Command,
    ) -> impl Future<Output = Result<Outcome, SubmitError>> + Send;

    /// Waits until all that was answered before is visible to readers. What is published by the local
    /// journal is durable, so there it returns at once; a replicated one must ask its leader.
    fn barrier(&self) -> impl Future<Output = Result<(), SubmitError>> + Send;
}
