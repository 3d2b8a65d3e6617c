//! Chunks: a large state in rows of a table of its own, written one by one between other commits.
//!
//! They are of no meaning before the snapshot that names them is written, which says how many there are and the hash
//! of all. What a crash leaves of others is removed at the next start.

use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::{
    Commit, KeptSnapshot, LEDGER, MACHINES, MachineRecord, Place, SNAPSHOTS, Store, StoreError,
    last_entry,
};
use crate::journal::{Index, Snapshot};
use crate::seal::{row_key, seal, unseal};

/// By machine, by the last command in the snapshot, by number from 0.
pub(super) const CHUNKS: TableDefinition<(&str, u64, u64), &[u8]> = TableDefinition::new("chunks");

const STATE_CONTEXT: &str = "camshaft 2026-11 state in chunks 1";

/// A state in chunks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chunks {
    /// How many there are.
    pub count: u64,
    /// Bytes of the state.
    pub bytes: u64,
    /// The hash of the state.
    #[serde(with = "serde_bytes")]
    pub hash: [u8; 32],
}

impl Chunks {
    /// A state in so many chunks.
    #[must_use]
    pub fn of(state: &[u8], count: u64) -> Chunks {
        Chunks {
            count,
            bytes: state.len() as u64,
            hash: blake3::derive_key(STATE_CONTEXT, state),
        }
    }
}

/// A chunk as it is written.
#[must_use]
pub fn sealed_chunk(machine: &str, index: Index, number: u64, bytes: &[u8]) -> Vec<u8> {
    let key = key(machine, index, number);
    seal("chunks", &key, serde_bytes::Bytes::new(bytes))
}

fn key(machine: &str, index: Index, number: u64) -> Vec<u8> {
    let mut key = row_key(machine, index);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

impl Store {
    /// The last snapshot of a machine, without what is in chunks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn kept_snapshot(&self, machine: &str) -> Result<Option<KeptSnapshot>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(SNAPSHOTS)?;
        let bytes = table.get(machine)?;
        bytes
            .map(|bytes| unseal("snapshots", machine.as_bytes(), bytes.value()))
            .transpose()
    }

    /// A snapshot with its state.
    ///
    /// # Errors
    /// [`StoreError`], also if the chunks are not those that were written.
    pub fn whole(&self, machine: &str, kept: &KeptSnapshot) -> Result<Snapshot, StoreError> {
        let mut snapshot = kept.snapshot.clone();
        let Some(chunks) = &kept.chunks else {
            return Ok(snapshot);
        };
        let damaged = || StoreError::Damaged {
            what: format!("the state of machine `{machine}` is not whole"),
        };
        let index = kept.index();
        let read = self.database.begin_read()?;
        let table = read.open_table(CHUNKS)?;
        let mut state = Vec::new();
        for number in 0..chunks.count {
            let bytes = table.get((machine, index, number))?.ok_or_else(damaged)?;
            let key = key(machine, index, number);
            let chunk: serde_bytes::ByteBuf = unseal("chunks", &key, bytes.value())?;
            state.extend_from_slice(&chunk);
        }
        if Chunks::of(&state, chunks.count) != *chunks {
            return Err(damaged());
        }
        snapshot.state = state;
        Ok(snapshot)
    }

    /// Removes the chunks of a machine that are of none of the snapshots `named`: a crash has left them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sweep(&self, machine: &str, named: &[Index]) -> Result<(), StoreError> {
        let commit = self.commit()?;
        let mut is_swept = false;
        while commit.sweep(machine, named)? {
            is_swept = true;
        }
        if is_swept { commit.finish() } else { Ok(()) }
    }

    /// Where a machine stands in its life.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn place(&self, machine: &str) -> Result<Place, StoreError> {
        let read = self.database.begin_read()?;
        place(
            &read.open_table(MACHINES)?,
            &read.open_table(LEDGER)?,
            machine,
        )
    }
}

impl Commit {
    /// Writes a chunk, sealed, under the last command in its snapshot and its number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn chunk(
        &self,
        machine: &str,
        (index, number): (Index, u64),
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        let mut chunks = self.write().open_table(CHUNKS)?;
        chunks.insert((machine, index, number), sealed)?;
        Ok(())
    }

    /// Removes one chunk of a machine that is of none of the snapshots `named`. False if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sweep(&self, machine: &str, named: &[Index]) -> Result<bool, StoreError> {
        let mut chunks = self.write().open_table(CHUNKS)?;
        let mut from = Some(0);
        while let Some(index) = from {
            let first = {
                let mut rows = chunks.range((machine, index, 0)..=(machine, u64::MAX, u64::MAX))?;
                rows.next().transpose()?.map(|(key, _)| {
                    let (_, index, number) = key.value();
                    (index, number)
                })
            };
            match first {
                None => return Ok(false),
                Some((index, _)) if named.contains(&index) => from = index.checked_add(1),
                Some((index, number)) => {
                    chunks.remove((machine, index, number))?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// A snapshot of a machine, where it stands in this transaction.
    ///
    /// # Errors
    /// [`StoreError`], also if the machine is not there.
    pub fn kept(&self, machine: &str, snapshot: Snapshot) -> Result<KeptSnapshot, StoreError> {
        let machines = self.write().open_table(MACHINES)?;
        let ledger = self.write().open_table(LEDGER)?;
        Ok(KeptSnapshot {
            place: place(&machines, &ledger, machine)?,
            chunks: None,
            snapshot,
        })
    }
}

fn place(
    machines: &impl ReadableTable<&'static str, &'static [u8]>,
    ledger: &impl ReadableTable<(&'static str, u64), &'static [u8]>,
    machine: &str,
) -> Result<Place, StoreError> {
    let missing = || StoreError::Damaged {
        what: format!("machine `{machine}` has a snapshot and stands nowhere"),
    };
    let bytes = machines.get(machine)?.ok_or_else(missing)?;
    let record: MachineRecord = unseal("machines", machine.as_bytes(), bytes.value())?;
    let last = last_entry(ledger, machine)?;
    Ok(Place {
        sequence: record.sequence,
        bundle: record.bundle,
        program: record.program,
        since_ms: record.since_ms,
        ledger: last.map_or(0, |entry| entry.number),
    })
}
