//! Responses: what a node answers.

use serde::{Deserialize, Serialize};

use super::{
    Applied, Beside, Command, Entry, Life, Malformed, Mark, NodeStatus, Origin, Plan, Refusal,
    RolledBack, decode, encode,
};
use crate::leaves::WayBack;
use crate::limits::RESPONSE_BYTES_MAX;

/// What a node answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub enum Response {
    /// What runs.
    Status(NodeStatus),
    /// The bundle was applied, and that is durable.
    Applied(Applied),
    /// The bundle had been applied before. Nothing was changed.
    AlreadyRunning {
        /// The machine.
        machine: String,
        /// The program that runs.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// How many bundles the machine has accepted.
        sequence: u64,
    },
    /// The step was taken, or the query answered.
    Answer {
        /// The number of this step, or of the last step before the query.
        step: u64,
        /// The program that answered.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The output, in the codec of values, of the type that the client's program has.
        #[serde(with = "serde_bytes")]
        output: Vec<u8>,
    },
    /// The step stopped. The state is what it was before.
    Trapped {
        /// The number of the step, if stopped steps are counted.
        step: Option<u64>,
        /// The number of the trap.
        code: u32,
        /// The name of the trap.
        name: String,
        /// Where it stopped and on what.
        detail: String,
    },
    /// The state of the machine.
    State {
        /// The program whose state type it is of.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The number of the last step that it contains.
        step: u64,
        /// The state, in the codec of values.
        #[serde(with = "serde_bytes")]
        state: Vec<u8>,
    },
    /// The program that the machine runs.
    Program {
        /// Its hash.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// Its bytecode.
        #[serde(with = "serde_bytes")]
        bytecode: Vec<u8>,
    },
    /// What the bundle would do.
    Plan(Box<Plan>),
    /// The machine has gone back, or would go back so.
    RolledBack {
        /// Whether this is only what would happen.
        rehearsed: bool,
        /// What happened.
        report: Box<RolledBack>,
        /// What the way back does not carry; nothing if it was not taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<WayBack>,
    },
    /// The program has come through its trial.
    Passed {
        /// Its sequence.
        sequence: u64,
    },
    /// The clients of a program, and of those before it, are no longer served.
    Retired {
        /// The newest of these programs.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The version its author gave it.
        machine_version: u32,
    },
    /// How the machine's life goes.
    Life(Life),
    /// The ledger of the machine.
    Ledger {
        /// Oldest first.
        entries: Vec<Entry>,
    },
    /// How a machine's shadow stands.
    Shadow(Box<Beside>),
    /// Commands of the journal.
    Journal {
        /// The oldest that is kept; the life is there from its beginning if that is 1.
        first: u64,
        /// The newest that is durable and shown.
        last: u64,
        /// Those that were asked for, oldest first, each with its place.
        commands: Vec<(u64, Command)>,
    },
    /// Where the machine is.
    Mark(Mark),
    /// The machine as it was some inputs ago.
    Origin(Box<Origin>),
    /// What is remembered of a session.
    Session {
        /// The place in its journal to which the machine has come: a session that begins now has a greater number first.
        place: u64,
        /// The last number that the session has taken, if it is remembered.
        last: Option<u64>,
    },
    /// The request changed nothing.
    Refused(Refusal),
}

impl Response {
    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the bytes of one whole answer.
    ///
    /// # Errors
    ///
    /// [`Malformed`], as [`Request::decode`](super::Request::decode).
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > RESPONSE_BYTES_MAX {
            return Err(Malformed("longer than an answer may be"));
        }
        decode(bytes)
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
