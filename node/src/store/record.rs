//! Records: what the store keeps of a machine.

use cam::digest::Digest;
use serde::{Deserialize, Serialize};

use super::chunk::Chunks;
use crate::bundle::BundleId;
use crate::journal::{Command, Index, Snapshot};
use crate::ledger::Entry;
use crate::trial::Terms;
use crate::upgrade::Position;

/// A machine as the store has kept it.
#[derive(Debug)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub position: Position,
    /// Its last snapshot, from which the commands lead to where it stands.
    pub snapshot: KeptSnapshot,
    /// What has happened to it, oldest first. The chain holds.
    pub ledger: Vec<Entry>,
    /// The trial that its program is on.
    pub trial: Option<TrialRecord>,
    /// The commands after the snapshot.
    pub commands: Vec<(Index, Command)>,
}

/// A machine between two commands, and where in its life that was. It may be in another program by now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptSnapshot {
    /// Where in its life.
    pub place: Place,
    /// How the state is kept, if not in the snapshot itself, which then has none.
    pub chunks: Option<Chunks>,
    /// The rest.
    pub snapshot: Snapshot,
}

/// A place in a machine's life, from which it can be taken up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// How many bundles it had accepted.
    pub sequence: u64,
    /// The last of them, or what a rollback put in its place.
    #[serde(with = "serde_bytes")]
    pub bundle: [u8; 32],
    /// The program that ran.
    #[serde(with = "serde_bytes")]
    pub program: [u8; 32],
    /// Since when it ran.
    pub since_ms: i64,
    /// The last entry of its ledger.
    pub ledger: u64,
}

/// A trial as the store keeps it: the machine before, and how the trial goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Its terms.
    pub terms: Terms,
    /// The place in the journal of the upgrade that began it.
    pub began: Index,
    /// When that was.
    pub began_ms: i64,
    /// How often the node was started since, and did not end well.
    pub starts: u32,
    /// The machine before the upgrade, or earlier: the commands from there on are in the journal.
    pub before: KeptSnapshot,
}

/// The state that a rollback took away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Saved {
    /// The program whose state it is.
    #[serde(with = "serde_bytes")]
    pub program: [u8; 32],
    /// The last step in it.
    pub step: u64,
    /// The state, in the codec of values.
    #[serde(with = "serde_bytes")]
    pub state: Vec<u8>,
}

/// Where a machine stands.
#[derive(Serialize, Deserialize)]
pub(super) struct MachineRecord {
    pub(super) sequence: u64,
    pub(super) bundle: [u8; 32],
    pub(super) program: [u8; 32],
    pub(super) since_ms: i64,
}

impl MachineRecord {
    pub(super) fn position(&self) -> Position {
        position(self.sequence, self.bundle, self.program)
    }
}

impl Place {
    /// The position.
    #[must_use]
    pub fn position(&self) -> Position {
        position(self.sequence, self.bundle, self.program)
    }
}

impl KeptSnapshot {
    /// The last command that it contains.
    #[must_use]
    pub fn index(&self) -> Index {
        self.snapshot.index
    }

    /// The bytes of the state.
    #[must_use]
    pub fn state_bytes(&self) -> u64 {
        let own = self.snapshot.state.len() as u64;
        self.chunks.as_ref().map_or(own, |chunks| chunks.bytes)
    }
}

fn position(sequence: u64, bundle: [u8; 32], program: [u8; 32]) -> Position {
    Position {
        sequence,
        bundle: Some(BundleId(bundle)),
        program: Some(Digest(program)),
    }
}
