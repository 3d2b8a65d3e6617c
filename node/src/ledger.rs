//! The ledger: what has happened to a machine, entry by entry, each naming the one before by its hash.
//!
//! Nothing is ever taken out of it or changed in it: a rollback is one more entry. Whoever keeps the hash of
//! the newest entry notices if an older one is rewritten later.

use serde::{Deserialize, Serialize};

use crate::bundle::BundleId;
use crate::plan::Found;
use crate::rollback::RolledBack;
use crate::shadow::Ended;
use crate::trial::Terms;

/// What an entry's hash is derived under.
const CONTEXT: &str = "camshaft 2026-11 ledger entry 1";

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its place, from 1.
    pub number: u64,
    /// The hash of the entry before; zeros in the first.
    #[serde(with = "serde_bytes")]
    pub before: [u8; 32],
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The machine's last step before it.
    pub step: u64,
    /// Who asked; empty where the node did it by itself.
    pub by: String,
    /// Why, in the words of who asked.
    pub reason: String,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Event {
    /// A bundle was applied.
    Applied(Accepted),
    /// The program of this sequence has come through its trial.
    Passed {
        /// Its sequence.
        sequence: u64,
    },
    /// The machine went back to the program before.
    RolledBack(RolledBack),
    /// Clients of a program, and of those before it, are no longer served.
    Retired {
        /// The newest of these programs.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The version its author gave it.
        machine_version: u32,
    },
    /// A program has run beside the machine as its shadow, and does so no longer.
    Shadowed(Ended),
}

/// One accepted bundle.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Its place in the machine's life.
    pub sequence: u64,
    /// Its name.
    #[serde(with = "serde_bytes")]
    pub bundle: [u8; 32],
    /// The program before.
    #[serde(with = "serde_bytes")]
    pub from: Option<[u8; 32]>,
    /// The program after.
    #[serde(with = "serde_bytes")]
    pub to: [u8; 32],
    /// The version its author gave it.
    pub machine_version: u32,
    /// The authors whose signatures counted.
    pub signers: Vec<String>,
    /// Why, in the author's words.
    pub note: String,
    /// Bytes of the state after it.
    pub state_bytes: u64,
    /// How long the machine answered nobody, in microseconds: migration, check and writing. Unknown in what was
    /// applied by a node that did not measure it.
    pub pause_us: Option<u64>,
    /// The terms on which the program runs at first.
    pub trial: Option<Terms>,
    /// What the node's last plan of it had found, if there was one. It is written only then, so that entries from
    /// before keep their hashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Found>,
}

impl Accepted {
    /// The bundle's name.
    #[must_use]
    pub fn id(&self) -> BundleId {
        BundleId(self.bundle)
    }
}

impl Entry {
    /// The hash that the next entry names.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let bytes = rmp_serde::to_vec(self).expect("entries hold texts and numbers");
        blake3::derive_key(CONTEXT, &bytes)
    }

    /// Whether this entry can stand after `before`.
    #[must_use]
    pub fn follows(&self, before: Option<&Entry>) -> bool {
        match before {
            None => self.number == 1 && self.before == [0; 32],
            Some(before) => self.number == before.number + 1 && self.before == before.hash(),
        }
    }

    /// Puts the entry behind `before`.
    #[must_use]
    pub fn behind(mut self, before: Option<&Entry>) -> Entry {
        (self.number, self.before) = match before {
            None => (1, [0; 32]),
            Some(before) => (before.number + 1, before.hash()),
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(step: u64) -> Entry {
        Entry {
            number: 0,
            before: [9; 32],
            at_ms: 5,
            step,
            by: "operator".to_owned(),
            reason: String::new(),
            event: Event::Passed { sequence: 1 },
        }
    }

    #[test]
    fn an_entry_that_is_left_out_changed_or_moved_breaks_the_chain() {
        let mut entries: Vec<Entry> = Vec::new();
        for step in 0..4 {
            entries.push(entry(step).behind(entries.last()));
        }
        let holds = |entries: &[Entry]| {
            let before = std::iter::once(None).chain(entries.iter().map(Some));
            entries
                .iter()
                .zip(before)
                .all(|(entry, before)| entry.follows(before))
        };
        assert!(holds(&entries));
        for place in 0..3 {
            let mut changed = entries.clone();
            changed[place].step += 1;
            assert!(!holds(&changed), "{place} changed");
            let mut moved = entries.clone();
            moved.swap(place, place + 1);
            assert!(!holds(&moved), "{place} moved");
            let mut without = entries.clone();
            without.remove(place);
            assert!(!holds(&without), "{place} left out");
        }
    }
}
