//! The origin of a life whose beginning is gone: the machine as it was at some later command.

use cam::digest::Digest;
use cam::verify::Misfit;
use serde::{Deserialize, Serialize};

use crate::bundle::BundleId;
use crate::journal::{Apply, Snapshot};
use crate::limits::LINEAGE_MAX;
use crate::recovery;
use crate::replica::{Ancestor, Replica};
use crate::upgrade::Position;

/// A machine between two commands, with the code that it needs to go on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// How many bundles the machine had accepted.
    pub sequence: u64,
    /// The last of them, or what a rollback put in its place.
    #[serde(with = "serde_bytes")]
    pub bundle: [u8; 32],
    /// Since when its program ran, in milliseconds since 1970.
    pub since_ms: i64,
    /// The bytes of that program.
    #[serde(with = "serde_bytes")]
    pub program: Vec<u8>,
    /// The programs before it whose clients were served, oldest first.
    pub lineage: Vec<OldProgram>,
    /// State and counters.
    pub snapshot: Snapshot,
}

/// A program before, and the way from it to the next.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldProgram {
    /// Its bytes.
    #[serde(with = "serde_bytes")]
    pub program: Vec<u8>,
    /// The bytes of the migration that ended it.
    #[serde(with = "serde_bytes")]
    pub migration: Vec<u8>,
}

/// An origin from which no machine can go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the machine cannot be taken up where its life begins here: {0}")]
pub struct UnusableOrigin(pub(super) String);

impl Origin {
    /// The origin of what comes after a machine; none before its first bundle.
    #[must_use]
    pub fn of(replica: &Replica) -> Option<Origin> {
        let position = replica.position();
        let lineage = replica.lineage().iter().map(|ancestor| OldProgram {
            program: ancestor.program.bytes(),
            migration: ancestor.migration.bytes(),
        });
        Some(Origin {
            sequence: position.sequence,
            bundle: position.bundle?.0,
            since_ms: replica.since_ms(),
            program: replica.instance()?.program().bytes(),
            lineage: lineage.collect(),
            snapshot: replica.clone().without_sessions().snapshot(),
        })
    }

    /// Verifies all code again and takes the machine up. It is on no trial here: what ended one is not decided
    /// again, and what came before it is not known.
    pub(super) fn take_up(&self, machine: &str) -> Result<Replica, UnusableOrigin> {
        let Snapshot {
            index,
            steps,
            traps,
            old_clients,
            ..
        } = &self.snapshot;
        let counts = old_clients.iter().map(|old| &old.steps);
        let mut counts = counts.chain([index, steps, traps, &self.sequence]);
        // Counters go on from here, and must not come to their end.
        if counts.any(|count| i64::try_from(*count).is_err()) {
            return Err(UnusableOrigin("a counter is out of range".to_owned()));
        }
        if self.lineage.len() > LINEAGE_MAX || old_clients.len() > LINEAGE_MAX {
            return Err(UnusableOrigin("more programs than are served".to_owned()));
        }
        let instance = recovery::instance(&self.program, &self.snapshot).map_err(UnusableOrigin)?;
        let mut next = std::sync::Arc::clone(instance.program());
        let position = Position {
            sequence: self.sequence,
            bundle: Some(BundleId(self.bundle)),
            program: Some(Digest(next.digest().0)),
        };
        let mut lineage = Vec::new();
        for old in self.lineage.iter().rev() {
            let ancestor =
                recovery::ancestor_of(&old.program, &old.migration).map_err(UnusableOrigin)?;
            let misfit = |misfit: Misfit| UnusableOrigin(misfit.to_string());
            ancestor
                .migration
                .fits(&ancestor.program, &next)
                .map_err(misfit)?;
            next = std::sync::Arc::clone(&ancestor.program);
            lineage.push(ancestor);
        }
        lineage.reverse();
        let lineage: Vec<Ancestor> = lineage;
        let (snapshot, since_ms) = (&self.snapshot, self.since_ms);
        Ok(Replica::resume(
            machine, instance, position, snapshot, since_ms, lineage,
        ))
    }
}
