//! Requests: what a client may ask, with which right, and how long that may be.

use serde::{Deserialize, Serialize};

use super::{Malformed, Numbered, Terms, decode, encode};
use crate::limits::{
    JOURNAL_COMMANDS_MAX, LEDGER_ENTRIES_MAX, NAME_BYTES_MAX, NOTE_BYTES_MAX, PUSH_BYTES_MAX,
    REQUEST_BYTES_MAX,
};
use crate::trust::Right;

/// What a client asks. Hashes are BLAKE3 over canonical bytes; `machine` is the name on the node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Request {
    /// What runs: all machines that the key may observe, or one.
    Status {
        /// The machine, or all.
        machine: Option<String>,
    },
    /// Deliver a bundle.
    Push {
        /// Its exact bytes.
        #[serde(with = "serde_bytes")]
        bundle: Vec<u8>,
    },
    /// One step with this input, durable before it is answered.
    Submit {
        /// The machine.
        machine: String,
        /// The program whose input type the client has encoded for.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The input, in the codec of values.
        #[serde(with = "serde_bytes")]
        input: Vec<u8>,
    },
    /// The answer to an input whose handler writes nothing.
    Query {
        /// The machine.
        machine: String,
        /// The program whose input type the client has encoded for.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The input, in the codec of values.
        #[serde(with = "serde_bytes")]
        input: Vec<u8>,
    },
    /// The state of a machine.
    State {
        /// The machine.
        machine: String,
    },
    /// The bytecode that a machine runs, and with it its schema.
    Program {
        /// The machine.
        machine: String,
    },
    /// Deliver a bundle, with what is said about it.
    Deliver {
        /// Its exact bytes.
        #[serde(with = "serde_bytes")]
        bundle: Vec<u8>,
        /// Why, for the ledger.
        reason: String,
        /// The terms on which the new program runs at first.
        trial: Option<Terms>,
    },
    /// What a bundle would do. Nothing is done.
    Plan {
        /// Its exact bytes.
        #[serde(with = "serde_bytes")]
        bundle: Vec<u8>,
    },
    /// Go back to the program before.
    Rollback {
        /// The machine.
        machine: String,
        /// The program that is to go.
        #[serde(with = "serde_bytes")]
        running: [u8; 32],
        /// Why, for the ledger.
        reason: String,
        /// Only say what would be lost.
        rehearse: bool,
    },
    /// End a trial: the program stays.
    Pass {
        /// The machine.
        machine: String,
    },
    /// Serve the clients of a program, and of those before it, no longer.
    Retire {
        /// The machine.
        machine: String,
        /// The newest of these programs.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// Why, for the ledger.
        reason: String,
    },
    /// How a machine's life goes: its trial, its old clients, the head of its ledger.
    Life {
        /// The machine.
        machine: String,
    },
    /// The ledger of a machine, oldest first.
    Ledger {
        /// The machine.
        machine: String,
        /// Only entries with a greater number; 0 for all.
        after: u64,
        /// At most so many entries, 1 to [`LEDGER_ENTRIES_MAX`].
        limit: u32,
    },
    /// The bytecode of a program that runs or has run as this machine.
    Bytecode {
        /// The machine.
        machine: String,
        /// The program.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
    },
    /// The state that a rollback took away.
    Saved {
        /// The machine.
        machine: String,
        /// The sequence of the rollback.
        sequence: u64,
    },
    /// Run a bundle beside its machine, without effects.
    Shadow {
        /// Its exact bytes.
        #[serde(with = "serde_bytes")]
        bundle: Vec<u8>,
        /// Why.
        reason: String,
    },
    /// How the shadow of a machine does.
    ShadowStatus {
        /// The machine.
        machine: String,
    },
    /// Deliver the bundle that runs beside a machine.
    ShadowPromote {
        /// The machine.
        machine: String,
        /// The bundle that is meant.
        #[serde(with = "serde_bytes")]
        bundle: [u8; 32],
        /// Why, for the ledger.
        reason: String,
        /// The terms on which the new program runs at first.
        trial: Option<Terms>,
    },
    /// Run it beside the machine no longer.
    ShadowDrop {
        /// The machine.
        machine: String,
        /// The bundle that is meant.
        #[serde(with = "serde_bytes")]
        bundle: [u8; 32],
        /// Why, for the ledger.
        reason: String,
    },
    /// The commands of a machine's journal, oldest first.
    Journal {
        /// The machine.
        machine: String,
        /// Only commands at a greater place; 0 for all that are kept.
        after: u64,
        /// At most so many, 1 to [`JOURNAL_COMMANDS_MAX`].
        limit: u32,
    },
    /// Where a machine is: its last command, its last step, the hash of its state.
    Mark {
        /// The machine.
        machine: String,
    },
    /// A machine as it was some inputs ago, to live on from.
    Origin {
        /// The machine.
        machine: String,
    },
    /// What is remembered of a session of ours, and with which number one begins.
    Session {
        /// The machine.
        machine: String,
        /// The session: random bytes of the client's own.
        #[serde(with = "serde_bytes")]
        session: [u8; 16],
    },
    /// As Submit, but the same number of a session is one step, however often it is sent.
    Numbered {
        /// The machine.
        machine: String,
        /// The program whose input type the client has encoded for.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The place in the session.
        numbered: Numbered,
        /// The input, in the codec of values.
        #[serde(with = "serde_bytes")]
        input: Vec<u8>,
    },
}

/// The kinds of request, which decide about right and size before the rest is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RequestKind {
    /// [`Request::Status`].
    Status,
    /// [`Request::Push`].
    Push,
    /// [`Request::Submit`].
    Submit,
    /// [`Request::Query`].
    Query,
    /// [`Request::State`].
    State,
    /// [`Request::Program`].
    Program,
    /// [`Request::Deliver`].
    Deliver,
    /// [`Request::Plan`].
    Plan,
    /// [`Request::Rollback`].
    Rollback,
    /// [`Request::Pass`].
    Pass,
    /// [`Request::Retire`].
    Retire,
    /// [`Request::Life`].
    Life,
    /// [`Request::Ledger`].
    Ledger,
    /// [`Request::Bytecode`].
    Bytecode,
    /// [`Request::Saved`].
    Saved,
    /// [`Request::Shadow`].
    Shadow,
    /// [`Request::ShadowStatus`].
    ShadowStatus,
    /// [`Request::ShadowPromote`].
    ShadowPromote,
    /// [`Request::ShadowDrop`].
    ShadowDrop,
    /// [`Request::Journal`].
    Journal,
    /// [`Request::Mark`].
    Mark,
    /// [`Request::Origin`].
    Origin,
    /// [`Request::Session`].
    Session,
    /// [`Request::Numbered`].
    Numbered,
}

impl RequestKind {
    /// Every kind.
    pub const ALL: [Self; 24] = [
        Self::Status,
        Self::Push,
        Self::Submit,
        Self::Query,
        Self::State,
        Self::Program,
        Self::Deliver,
        Self::Plan,
        Self::Rollback,
        Self::Pass,
        Self::Retire,
        Self::Life,
        Self::Ledger,
        Self::Bytecode,
        Self::Saved,
        Self::Shadow,
        Self::ShadowStatus,
        Self::ShadowPromote,
        Self::ShadowDrop,
        Self::Journal,
        Self::Mark,
        Self::Origin,
        Self::Session,
        Self::Numbered,
    ];

    /// The name, which is also how a request of this kind begins on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Push => "Push",
            Self::Submit => "Submit",
            Self::Query => "Query",
            Self::State => "State",
            Self::Program => "Program",
            Self::Deliver => "Deliver",
            Self::Plan => "Plan",
            Self::Rollback => "Rollback",
            Self::Pass => "Pass",
            Self::Retire => "Retire",
            Self::Life => "Life",
            Self::Ledger => "Ledger",
            Self::Bytecode => "Bytecode",
            Self::Saved => "Saved",
            Self::Shadow => "Shadow",
            Self::ShadowStatus => "ShadowStatus",
            Self::ShadowPromote => "ShadowPromote",
            Self::ShadowDrop => "ShadowDrop",
            Self::Journal => "Journal",
            Self::Mark => "Mark",
            Self::Origin => "Origin",
            Self::Session => "Session",
            Self::Numbered => "Numbered",
        }
    }

    /// The right that a request of this kind needs. No default: a new kind does not compile without.
    pub const fn right(self) -> Right {
        match self {
            Self::Push
            | Self::Deliver
            | Self::Plan
            | Self::Rollback
            | Self::Pass
            | Self::Retire
            | Self::Shadow
            | Self::ShadowPromote
            | Self::ShadowDrop => Right::Deliver,
            Self::Submit | Self::Session | Self::Numbered => Right::Submit,
            Self::Status
            | Self::Query
            | Self::State
            | Self::Program
            | Self::Life
            | Self::Ledger
            | Self::Bytecode
            | Self::Saved
            | Self::ShadowStatus
            | Self::Journal
            | Self::Mark
            | Self::Origin => Right::Observe,
        }
    }

    /// Whether a request of this kind can change anything. Whose answer is lost may have done it then, and only then.
    /// No default, as above. [`Request::is_change`] knows more.
    pub const fn is_change(self) -> bool {
        match self {
            Self::Push
            | Self::Submit
            | Self::Deliver
            | Self::Rollback
            | Self::Pass
            | Self::Retire
            | Self::Shadow
            | Self::ShadowPromote
            | Self::ShadowDrop
            | Self::Numbered => true,
            Self::Status
            | Self::Query
            | Self::State
            | Self::Program
            | Self::Plan
            | Self::Life
            | Self::Ledger
            | Self::Bytecode
            | Self::Saved
            | Self::ShadowStatus
            | Self::Journal
            | Self::Mark
            | Self::Origin
            | Self::Session => false,
        }
    }

    /// Whether a request of this kind brings a bundle, which names its machine inside.
    pub const fn brings_bundle(self) -> bool {
        matches!(self, Self::Push | Self::Deliver | Self::Plan | Self::Shadow)
    }

    /// Whether a bundle is judged for it: one that it brings, or one that the node has. Few of them are at a time.
    pub const fn judges_bundle(self) -> bool {
        self.brings_bundle() || matches!(self, Self::ShadowPromote)
    }

    /// The longest request of this kind, in bytes.
    pub const fn bytes_max(self) -> usize {
        if self.brings_bundle() {
            PUSH_BYTES_MAX
        } else {
            REQUEST_BYTES_MAX
        }
    }

    /// The kind of a request from its first bytes: a map of one entry, whose key is the name.
    ///
    /// [`crate::limits::REQUEST_KIND_BYTES_MAX`] bytes are enough.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        let (&[map, text], name) = beginning.split_first_chunk()?;
        let length = usize::from(text.checked_sub(0xa0)?);
        let name = name.get(..length)?;
        let is_named = |kind: &Self| kind.name().as_bytes() == name;
        Self::ALL.into_iter().find(is_named).filter(|_| map == 0x81)
    }
}

impl Request {
    /// The kind.
    pub const fn kind(&self) -> RequestKind {
        match self {
            Self::Status { .. } => RequestKind::Status,
            Self::Push { .. } => RequestKind::Push,
            Self::Submit { .. } => RequestKind::Submit,
            Self::Query { .. } => RequestKind::Query,
            Self::State { .. } => RequestKind::State,
            Self::Program { .. } => RequestKind::Program,
            Self::Deliver { .. } => RequestKind::Deliver,
            Self::Plan { .. } => RequestKind::Plan,
            Self::Rollback { .. } => RequestKind::Rollback,
            Self::Pass { .. } => RequestKind::Pass,
            Self::Retire { .. } => RequestKind::Retire,
            Self::Life { .. } => RequestKind::Life,
            Self::Ledger { .. } => RequestKind::Ledger,
            Self::Bytecode { .. } => RequestKind::Bytecode,
            Self::Saved { .. } => RequestKind::Saved,
            Self::Shadow { .. } => RequestKind::Shadow,
            Self::ShadowStatus { .. } => RequestKind::ShadowStatus,
            Self::ShadowPromote { .. } => RequestKind::ShadowPromote,
            Self::ShadowDrop { .. } => RequestKind::ShadowDrop,
            Self::Journal { .. } => RequestKind::Journal,
            Self::Mark { .. } => RequestKind::Mark,
            Self::Origin { .. } => RequestKind::Origin,
            Self::Session { .. } => RequestKind::Session,
            Self::Numbered { .. } => RequestKind::Numbered,
        }
    }

    /// Whether the request can change anything; one that only rehearses cannot.
    pub const fn is_change(&self) -> bool {
        match self {
            Self::Rollback { rehearse, .. } => !*rehearse,
            _ => self.kind().is_change(),
        }
    }

    /// The machine that the request names. A bundle names its machine inside its signed manifest.
    pub fn machine(&self) -> Option<&str> {
        match self {
            Self::Status { machine } => machine.as_deref(),
            Self::Push { .. } | Self::Deliver { .. } | Self::Plan { .. } | Self::Shadow { .. } => {
                None
            }
            Self::Submit { machine, .. }
            | Self::Query { machine, .. }
            | Self::State { machine }
            | Self::Program { machine }
            | Self::Rollback { machine, .. }
            | Self::Pass { machine }
            | Self::Retire { machine, .. }
            | Self::Life { machine }
            | Self::Ledger { machine, .. }
            | Self::Bytecode { machine, .. }
            | Self::Saved { machine, .. }
            | Self::ShadowStatus { machine }
            | Self::ShadowPromote { machine, .. }
            | Self::ShadowDrop { machine, .. }
            | Self::Journal { machine, .. }
            | Self::Mark { machine }
            | Self::Origin { machine }
            | Self::Session { machine, .. }
            | Self::Numbered { machine, .. } => Some(machine),
        }
    }

    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the bytes of one whole request.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when the bytes are too many, do not decode, are not the one encoding of what they
    /// say, or say what is out of bounds.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let kind =
            RequestKind::of(bytes).ok_or(Malformed("not the beginning of a known request"))?;
        if bytes.len() > kind.bytes_max() {
            return Err(Malformed("longer than a request of its kind may be"));
        }
        let request: Self = decode(bytes)?;
        if let Some(machine) = request.machine()
            && (machine.is_empty() || machine.len() > NAME_BYTES_MAX)
        {
            return Err(Malformed("the name of a machine has 1 to 64 bytes"));
        }
        match request {
            Self::Ledger { limit, .. } if !(1..=LEDGER_ENTRIES_MAX).contains(&limit) => {
                Err(Malformed("an answer with a ledger has 1 to 1000 entries"))
            }
            Self::Journal { limit, .. } if !(1..=JOURNAL_COMMANDS_MAX).contains(&limit) => {
                Err(Malformed("an answer has 1 to 10000 commands"))
            }
            Self::Deliver { reason, .. }
            | Self::Rollback { reason, .. }
            | Self::Retire { reason, .. }
            | Self::Shadow { reason, .. }
            | Self::ShadowPromote { reason, .. }
            | Self::ShadowDrop { reason, .. }
                if reason.len() > NOTE_BYTES_MAX =>
            {
                Err(Malformed("a reason has at most 1,024 bytes"))
            }
            request => Ok(request),
        }
    }
}
