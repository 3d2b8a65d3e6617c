//! Older formats of the store, and how a newer node takes them over.
//!
//! Format 1 kept the accepted bundles in a table `history`, by sequence. Format 2 keeps a ledger in its place,
//! whose entries are chained by their hashes and tell of rollbacks and trials too.

use redb::{ReadableTable, TableDefinition};
use serde::Deserialize;

use crate::ledger::{Accepted, Entry, Event};
use crate::seal::{row_key, unseal};
use crate::store::{Commit, StoreError};

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
