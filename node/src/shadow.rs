//! A shadow: a new program beside the machine, given the same inputs, whose answers nobody gets.
//!
//! A plan looks at inputs that were, a trial risks answers; a shadow looks at what comes, and risks nothing. It runs
//! on a thread of its own, behind the machine: an input reaches it once the machine's answer is durable and sent.
//! What it cannot keep up with ends it, and never waits in the machine's way.

mod lane;

use serde::{Deserialize, Serialize};

use crate::comparison::Comparison;
use crate::upgrade::Position;

pub use self::lane::Running;
pub(crate) use self::lane::{Lane, Taken};

/// What is said of a machine's shadow.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// The one that runs.
    pub running: Option<Shadow>,
    /// The last one that ran, if none does now.
    pub last: Option<Ended>,
}

/// A shadow that runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shadow {
    /// What runs.
    pub offered: Offered,
    /// Since when it counts, in milliseconds since 1970 in UTC: since it was delivered, or since the node's last start,
    /// at which it began anew from the machine's state.
    pub counted_ms: u64,
    /// What it did.
    pub tally: Tally,
    /// Inputs that the machine has answered and the shadow has not got to yet.
    pub waiting: u64,
}

/// A bundle that runs beside its machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offered {
    /// The place that the bundle would have in the machine's life.
    pub sequence: u64,
    /// Its name.
    #[serde(with = "serde_bytes")]
    pub bundle: [u8; 32],
    /// Its new program.
    #[serde(with = "serde_bytes")]
    pub program: [u8; 32],
    /// The version its author gave it.
    pub machine_version: u32,
    /// The authors whose signatures counted.
    pub signers: Vec<String>,
    /// Who delivered it.
    pub by: String,
    /// Why, in the words of who delivered it.
    pub reason: String,
    /// When, in milliseconds since 1970 in UTC.
    pub began_ms: u64,
}

/// What a shadow did.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Its answers beside the machine's.
    pub comparison: Comparison,
    /// The time that the machine took for these inputs, in microseconds.
    pub own_us: u64,
    /// The time that the shadow took.
    pub shadow_us: u64,
    /// The longest of it for one input.
    pub longest_us: u64,
}

/// A shadow that runs no longer, as the ledger keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// What ran.
    pub offered: Offered,
    /// Since when it counted.
    pub counted_ms: u64,
    /// What it did.
    pub tally: Tally,
    /// Why it ended.
    pub why: End,
}

/// Why a shadow ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum End {
    /// Its bundle was applied.
    Promoted,
    /// An operator dropped it.
    Dropped,
    /// The machine took another turn: what it was compared with is gone.
    Turned,
    /// More inputs waited for it than may.
    Behind {
        /// How many.
        waiting: u64,
    },
    /// A step took longer than it may.
    Dear {
        /// How long, in microseconds.
        took_us: u64,
    },
    /// It made the node panic.
    Panicked,
    /// It could not begin from the machine's state.
    Refused {
        /// Why.
        reason: String,
    },
    /// The node died too often beside it.
    Starts {
        /// How often.
        count: u32,
    },
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Promoted => f.write_str("it was promoted"),
            End::Dropped => f.write_str("an operator dropped it"),
            End::Turned => f.write_str("the machine took another turn"),
            End::Behind { waiting } => {
                write!(f, "it fell behind: {waiting} inputs waited for it")
            }
            End::Dear { took_us } => write!(f, "one of its steps took {} ms", took_us / 1000),
            End::Panicked => f.write_str("the node met a mistake of its own while it ran it"),
            End::Refused { reason } => write!(f, "it could not begin: {reason}"),
            End::Starts { count } => write!(f, "the node died {count} times beside it"),
        }
    }
}

/// What is to become of a machine's shadow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Run this beside it.
    Begin {
        /// Where the machine stood when the bundle was judged.
        from: Position,
        /// What is to run.
        offered: Offered,
        /// The bundle's bytes.
        bundle: Vec<u8>,
    },
    /// Away with it.
    Drop {
        /// The operator's name.
        by: String,
        /// Why, in the operator's words.
        reason: String,
        /// The bundle that is to go, so that an order that comes late ends nothing else.
        bundle: [u8; 32],
    },
}
