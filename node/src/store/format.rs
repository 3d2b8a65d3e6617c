//! Older formats of the store, and how a newer node takes them over.
//!
//! Format 1 kept the accepted bundles in a table `history`, by sequence. Format 2 keeps a ledger in its place,
//! whose entries are chained by their hashes and tell of rollbacks and trials too. Format 3 says of each snapshot where
//! in the machine's life it was taken, so that it may be older than the last upgrade, and keeps large states in chunks.

use redb::{ReadableTable, TableDefinition};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Commit, KeptSnapshot, LEDGER, Place, SNAPSHOTS, StoreError, TRIALS, TrialRecord};
use crate::journal::{Index, Snapshot};
use crate::ledger::{Accepted, Entry, Event};
use crate::seal::{row_key, seal, unseal};
use crate::trial::Terms;

const HISTORY: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("history");

/// An accepted bundle as format 1 wrote it.
#[derive(Deserialize)]
struct First {
    sequence: u64,
    bundle: [u8; 32],
    from: Option<[u8; 32]>,
    to: [u8; 32],
    machine_version: u32,
    at_ms: i64,
    signers: Vec<String>,
    by: String,
    note: String,
    step: u64,
    state_bytes: u64,
}

/// Makes a ledger of the history, in the transaction that also notes the new format.
pub(crate) fn from_first(commit: &Commit) -> Result<(), StoreError> {
    let mut entries = Vec::new();
    for row in commit.write().open_table(HISTORY)?.iter()? {
        let (key, bytes) = row?;
        let (machine, sequence) = key.value();
        let first: First = unseal("history", &row_key(machine, sequence), bytes.value())?;
        entries.push((machine.to_owned(), entry(first)));
    }
    for (machine, entry) in entries {
        commit.enter(&machine, entry)?;
    }
    commit.write().delete_table(HISTORY)?;
    Ok(())
}

fn entry(first: First) -> Entry {
    Entry {
        number: 0,
        before: [0; 32],
        at_ms: first.at_ms,
        step: first.step,
        by: first.by,
        reason: String::new(),
        event: Event::Applied(Accepted {
            sequence: first.sequence,
            bundle: first.bundle,
            from: first.from,
            to: first.to,
            machine_version: first.machine_version,
            signers: first.signers,
            note: first.note,
            state_bytes: first.state_bytes,
            pause_us: None,
            trial: None,
            plan: None,
        }),
    }
}

/// A trial as format 2 wrote it.
#[derive(Deserialize)]
struct SecondTrial {
    terms: Terms,
    began: Index,
    began_ms: i64,
    starts: u32,
    before: (u64, [u8; 32], [u8; 32]),
    since_ms: i64,
    snapshot: Snapshot,
}

/// Says of each snapshot where it was taken: where the machine stands, or stood before its trial.
pub(crate) fn from_second(commit: &Commit) -> Result<(), StoreError> {
    for (machine, snapshot) in rows(commit, SNAPSHOTS, "snapshots")? {
        let kept = commit.kept(&machine, snapshot)?;
        let sealed = seal("snapshots", machine.as_bytes(), &kept);
        let mut snapshots = commit.write().open_table(SNAPSHOTS)?;
        snapshots.insert(machine.as_str(), sealed.as_slice())?;
    }
    for (machine, trial) in rows::<SecondTrial>(commit, TRIALS, "trials")? {
        let before = applied_last(commit, &machine)?.saturating_sub(1);
        commit.trial(&machine, Some(&third(trial, before)))?;
    }
    Ok(())
}

fn rows<T: DeserializeOwned>(
    commit: &Commit,
    table: TableDefinition<&str, &[u8]>,
    name: &str,
) -> Result<Vec<(String, T)>, StoreError> {
    let table = commit.write().open_table(table)?;
    let mut rows = Vec::new();
    for row in table.iter()? {
        let (machine, bytes) = row?;
        let record = unseal(name, machine.value().as_bytes(), bytes.value())?;
        rows.push((machine.value().to_owned(), record));
    }
    Ok(rows)
}

/// The number of the last entry about a bundle that was applied.
fn applied_last(commit: &Commit, machine: &str) -> Result<u64, StoreError> {
    let ledger = commit.write().open_table(LEDGER)?;
    let rows = ledger.range((machine, 0)..=(machine, u64::MAX))?;
    for row in rows.rev() {
        let (key, bytes) = row?;
        let (_, number) = key.value();
        let entry: Entry = unseal("ledger", &row_key(machine, number), bytes.value())?;
        if let Event::Applied(_) = entry.event {
            return Ok(number);
        }
    }
    Ok(0)
}

fn third(trial: SecondTrial, ledger: u64) -> TrialRecord {
    let (sequence, bundle, program) = trial.before;
    TrialRecord {
        terms: trial.terms,
        began: trial.began,
        began_ms: trial.began_ms,
        starts: trial.starts,
        before: KeptSnapshot {
            place: Place {
                sequence,
                bundle,
                program,
                since_ms: trial.since_ms,
                ledger,
            },
            chunks: None,
            snapshot: trial.snapshot,
        },
    }
}
