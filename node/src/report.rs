//! What a node says about itself and its machines, as it travels in answers.

use cam::instance::Engine;
use serde::{Deserialize, Serialize};

use crate::trial::Terms;

/// A node and what runs on it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeStatus {
    /// The public key of the node.
    #[serde(with = "serde_bytes")]
    pub node_key: [u8; 32],
    /// The version of its software.
    pub version: String,
    /// Its clock, in milliseconds since 1970 in UTC.
    pub now_ms: u64,
    /// The machines, by name.
    pub machines: Vec<MachineStatus>,
}

/// What one machine does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineStatus {
    /// Its name on the node.
    pub machine: String,
    /// The program that runs.
    #[serde(with = "serde_bytes")]
    pub program: [u8; 32],
    /// The version that its author gave it.
    pub machine_version: u32,
    /// How many bundles it has accepted.
    pub sequence: u64,
    /// The last of them.
    #[serde(with = "serde_bytes")]
    pub bundle: [u8; 32],
    /// The steps that were taken.
    pub steps: u64,
    /// The steps that stopped and changed nothing.
    pub traps: u64,
    /// The encoded state, in bytes.
    pub state_bytes: u64,
    /// Since when this program runs, in milliseconds since 1970 in UTC.
    pub since_ms: u64,
    /// What runs it.
    pub engine: EngineName,
}

/// Which interpreter runs a machine. They agree on everything but time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineName {
    /// The default.
    Register,
    /// The judge, some ten times slower: the program is too large for the other, or the two have disagreed.
    Reference,
}

impl From<Engine> for EngineName {
    fn from(engine: Engine) -> EngineName {
        match engine {
            Engine::Register => EngineName::Register,
            Engine::Reference => EngineName::Reference,
        }
    }
}

/// What a bundle did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// The machine.
    pub machine: String,
    /// The program that ran before, unless this is the first.
    #[serde(with = "serde_bytes")]
    pub from: Option<[u8; 32]>,
    /// The program that runs now.
    #[serde(with = "serde_bytes")]
    pub to: [u8; 32],
    /// How many bundles the machine has accepted, this one included.
    pub sequence: u64,
    /// The encoded state before, in bytes; 0 when there was none.
    pub state_bytes_before: u64,
    /// The encoded state now, in bytes.
    pub state_bytes: u64,
}

/// How a machine's life goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// The trial that its program is on.
    pub trial: Option<TrialStatus>,
    /// The programs before this one whose clients are still served, oldest first.
    pub served: Vec<Served>,
    /// The number of the newest entry of its ledger.
    pub entries: u64,
    /// And that entry's hash, which stands for the whole ledger.
    #[serde(with = "serde_bytes")]
    pub head: [u8; 32],
    /// Whether it could go back to the program before, whatever its trial says.
    pub has_way_back: bool,
}

/// How a trial goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialStatus {
    /// Its terms.
    pub terms: Terms,
    /// When it began, in milliseconds since 1970 in UTC.
    pub began_ms: u64,
    /// What is left of its time, in milliseconds.
    pub left_ms: u64,
    /// The inputs it has answered.
    pub steps: u64,
    /// The steps that stopped.
    pub faults: u64,
}

/// A program before the running one, and what its clients still do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// The program.
    #[serde(with = "serde_bytes")]
    pub program: [u8; 32],
    /// The version that its author gave it.
    pub machine_version: u32,
    /// Whether its clients are served: whether every upgrade since has adapters.
    pub is_served: bool,
    /// The steps that its clients took since it was the running one.
    pub steps: u64,
    /// When they took the last of them, in milliseconds since 1970 in UTC; 0 if none.
    pub last_ms: u64,
}
