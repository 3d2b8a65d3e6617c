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

use crate::head_start::HeadStart;
use crate::plan::Found;
use crate::protocol::{Applied, Refusal};
use crate::replica::KeptSessions;
use crate::rollback::RolledBack;
use crate::shadow::{Beside, Order};
use crate::trial::{Cause, Terms};
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
        /// Its place in the session of its client, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        numbered: Option<Numbered>,
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
        /// Why, in the operator's words.
        #[serde(default)]
        reason: String,
        /// The terms on which the new program runs at first.
        #[serde(default)]
        trial: Option<Terms>,
        /// What the node's plan of this bundle has found, if there was one. It is written only then: what was written
        /// before there was this field is the same byte for byte.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<Found>,
    },
    /// The way back to the program before.
    Rollback {
        /// When, in milliseconds since 1970.
        at_ms: i64,
        /// The operator's name; empty where the node does it by itself.
        by: String,
        /// Why, in the operator's words.
        reason: String,
        /// What led to it.
        cause: Cause,
        /// The program that is to go, so that a rollback that comes late undoes nothing else.
        #[serde(with = "serde_bytes")]
        running: [u8; 32],
    },
    /// The end of a trial: the program stays.
    Pass {
        /// When, in milliseconds since 1970.
        at_ms: i64,
        /// The operator's name; empty where the terms were met.
        by: String,
    },
    /// The end of service for the clients of a program, and of all before it.
    Retire {
        /// When, in milliseconds since 1970.
        at_ms: i64,
        /// The operator's name.
        by: String,
        /// Why, in the operator's words.
        reason: String,
        /// The newest of these programs.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
    },
}

/// The place of an input in a session of its sender: the same place twice is one input.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Numbered {
    /// The session, by random bytes that the client has chosen.
    #[serde(with = "serde_bytes")]
    pub session: [u8; 16],
    /// The number. Each is one more than the one before; the first is greater than the place in the journal to
    /// which the machine had come when the session began.
    pub number: u64,
}

impl Command {
    /// The command with its time.
    #[must_use]
    pub fn stamped(mut self, now_ms: i64) -> Command {
        let (Command::Input { at_ms, .. }
        | Command::Upgrade { at_ms, .. }
        | Command::Rollback { at_ms, .. }
        | Command::Pass { at_ms, .. }
        | Command::Retire { at_ms, .. }) = &mut self;
        *at_ms = now_ms;
        self
    }

    /// Its time.
    #[must_use]
    pub fn at_ms(&self) -> i64 {
        let (Command::Input { at_ms, .. }
        | Command::Upgrade { at_ms, .. }
        | Command::Rollback { at_ms, .. }
        | Command::Pass { at_ms, .. }
        | Command::Retire { at_ms, .. }) = self;
        *at_ms
    }

    /// Who it comes from; empty where the node does it by itself.
    #[must_use]
    pub fn by(&self) -> &str {
        match self {
            Command::Input { from, .. } => from,
            Command::Upgrade { by, .. }
            | Command::Rollback { by, .. }
            | Command::Pass { by, .. }
            | Command::Retire { by, .. } => by,
        }
    }

    /// The terms on which the new program of an upgrade runs at first.
    #[must_use]
    pub fn trial(&self) -> Option<Terms> {
        match self {
            Command::Upgrade { trial, .. } => *trial,
            _ => None,
        }
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
    /// The machine went back to the program before.
    RolledBack(Box<RolledBack>),
    /// The program has come through its trial.
    Passed {
        /// Its sequence.
        sequence: u64,
    },
    /// The clients of a program, and of those before it, are no longer served.
    Retired {
        /// The newest of these programs.
        program: Digest,
        /// The version its author gave it.
        machine_version: u32,
    },
    /// How the machine's shadow stands now.
    Shadow(Box<Beside>),
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
    /// Nothing has changed, but the program on trial has failed: the machine is to go back.
    Failed(Outcome, Cause),
    /// The machine is to go back, which takes the commands since the upgrade.
    GoesBack,
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
    /// What clients of earlier programs did.
    #[serde(default)]
    pub old_clients: Vec<OldClients>,
    /// The program whose state it is: bytes of one type may well be bytes of another. Format 1 did not say.
    #[serde(default, with = "serde_bytes")]
    pub program: Option<[u8; 32]>,
    /// What is remembered of numbered inputs.
    #[serde(default, skip_serializing_if = "KeptSessions::is_empty")]
    pub sessions: KeptSessions,
}

/// What the clients of an earlier program did since it was the running one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OldClients {
    /// The program.
    #[serde(with = "serde_bytes")]
    pub program: [u8; 32],
    /// Steps they took.
    pub steps: u64,
    /// When they took the last of them.
    pub last_ms: i64,
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

    /// Applies an upgrade that was worked out aside. That travels beside the command and is not kept: the journal
    /// comes to the same without it, and later.
    fn upgrade(
        &self,
        machine: &str,
        command: Command,
        head_start: HeadStart,
    ) -> impl Future<Output = Result<Outcome, SubmitError>> + Send;

    /// Begins or ends the shadow of a machine: of that nothing is in the journal, and each node has its own.
    fn shadow(
        &self,
        machine: &str,
        order: Order,
    ) -> impl Future<Output = Result<Outcome, SubmitError>> + Send;

    /// Waits until all that was answered before is visible to readers. What is published by the local
    /// journal is durable, so there it returns at once; a replicated one must ask its leader.
    fn barrier(&self) -> impl Future<Output = Result<(), SubmitError>> + Send;
}
