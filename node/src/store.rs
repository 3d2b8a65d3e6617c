//! The store: programs, states, positions, histories and journals, in one redb file.
//!
//! Every change goes through one [`Commit`], which is one transaction of two phases: redb's design page
//! advises the second phase where data may be hostile, and inputs are. After a clean shutdown redb
//! does not verify checksums on ordinary reads (a flipped bit was read silently in a quarter of the
//! trials of our study), so opening checks the whole file, and every record carries a hash of its own
//! that binds it to its table and key. With two phases in every commit, also the first, redb never takes
//! a damaged file back to the commit before: what was acknowledged is there, or the file is refused. Nothing is read from the file while the node runs but history.

mod chunk;
mod commit;
mod format;
mod journal;
mod ledger;
mod record;
mod shadow;

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use cam::digest::Digest;
use redb::{
    Builder, Database, Durability, ReadableDatabase, ReadableTable, TableDefinition,
    backends::FileBackend,
};

use crate::bundle::BundleId;
use crate::ledger::Entry;
use crate::limits::STORE_CACHE_BYTES;
use crate::seal::{row_key, seal, unseal};
pub(crate) use crate::store_error::STORE_FORMAT;

pub use self::chunk::{Chunks, sealed_chunk};
pub use self::commit::Commit;
pub use self::journal::Keeping;
use self::record::MachineRecord;
pub use self::record::{Kept, KeptSnapshot, Place, Saved, TrialRecord};
pub use self::shadow::ShadowRecord;
pub use crate::store_error::StoreError;

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const PROGRAMS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("programs");
const BUNDLES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("bundles");
const MACHINES: TableDefinition<&str, &[u8]> = TableDefinition::new("machines");
const SNAPSHOTS: TableDefinition<&str, &[u8]> = TableDefinition::new("snapshots");
const LEDGER: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("ledger");
const TRIALS: TableDefinition<&str, &[u8]> = TableDefinition::new("trials");
const SAVED: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("saved");
const JOURNAL: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("journal");

/// The name of the file, in the data folder.
pub const STORE_FILE: &str = "machines.redb";

/// The open store.
pub struct Store {
    database: Database,
}

impl Store {
    /// Makes the file of a new store, which only its owner may read.
    ///
    /// # Errors
    /// [`StoreError`], also if there is a file already.
    pub fn create(path: &Path) -> Result<Store, StoreError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(redb::Error::Io)?;
        let store = Store {
            database: builder().create_with_backend(FileBackend::new(file)?)?,
        };
        store.check_format()?;
        // A file that is durable in a folder that has not heard of it is lost with the power.
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(redb::Error::Io)?;
        Ok(store)
    }

    /// Opens the file and checks all of it. It is never made here: an empty folder is a volume that is not
    /// mounted rather than a node without machines.
    ///
    /// # Errors
    /// [`StoreError`]; a damaged file is never opened for service.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        check_magic(path)?;
        // redb may panic on a file that was damaged with care; to us that is damage like any other.
        let opened = std::panic::catch_unwind(|| builder().open(path));
        let damaged = |_| StoreError::Damaged {
            what: "the file cannot be read".to_owned(),
        };
        let database = opened.map_err(damaged)??;
        let store = Store { database };
        store.check_format()?;
        Ok(store)
    }

    fn check_format(&self) -> Result<(), StoreError> {
        let commit = self.commit()?;
        {
            let write = commit.write();
            let mut meta = write.open_table(META)?;
            let kept = meta.get("format")?.map(|bytes| bytes.value().to_vec());
            match kept {
                None => {
                    let sealed = seal("meta", b"format", &STORE_FORMAT);
                    meta.insert("format", sealed.as_slice())?;
                }
                Some(bytes) => {
                    let kept: u32 = unseal("meta", b"format", &bytes)?;
                    match kept {
                        STORE_FORMAT => {}
                        1 | 2 => {
                            if kept == 1 {
                                format::from_first(&commit)?;
                            }
                            format::from_second(&commit)?;
                            let sealed = seal("meta", b"format", &STORE_FORMAT);
                            meta.insert("format", sealed.as_slice())?;
                        }
                        need => return Err(StoreError::NeedsFormat { need }),
                    }
                }
            }
            write.open_table(PROGRAMS)?;
            write.open_table(BUNDLES)?;
            write.open_table(MACHINES)?;
            write.open_table(SNAPSHOTS)?;
            write.open_table(LEDGER)?;
            write.open_table(TRIALS)?;
            write.open_table(SAVED)?;
            write.open_table(JOURNAL)?;
            write.open_table(shadow::SHADOWS)?;
            write.open_table(chunk::CHUNKS)?;
        }
        commit.finish()
    }

    /// All machines, each with what is needed to start it.
    ///
    /// # Errors
    /// [`StoreError`], also for a record whose own hash does not fit.
    pub fn machines(&self) -> Result<Vec<Kept>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(MACHINES)?;
        let mut names = Vec::new();
        for entry in table.iter()? {
            let (name, bytes) = entry?;
            let record = unseal("machines", name.value().as_bytes(), bytes.value())?;
            names.push((name.value().to_owned(), record));
        }
        names
            .into_iter()
            .map(|(name, record)| self.machine(name, &record))
            .collect()
    }

    fn machine(&self, name: String, record: &MachineRecord) -> Result<Kept, StoreError> {
        let read = self.database.begin_read()?;
        let missing = |what: &str| StoreError::Damaged {
            what: format!("machine `{name}` has no {what}"),
        };
        let snapshots = read.open_table(SNAPSHOTS)?;
        let snapshot = snapshots
            .get(name.as_str())?
            .ok_or_else(|| missing("snapshot"))?;
        let snapshot: KeptSnapshot = unseal("snapshots", name.as_bytes(), snapshot.value())?;
        let journal = read.open_table(JOURNAL)?;
        let mut commands = Vec::new();
        let first = (name.as_str(), snapshot.index() + 1);
        for entry in journal.range(first..=(name.as_str(), u64::MAX))? {
            let (key, bytes) = entry?;
            let (_, index) = key.value();
            commands.push((
                index,
                unseal("journal", &row_key(&name, index), bytes.value())?,
            ));
        }
        let position = record.position();
        let ledger = self.ledger(&name, 0, usize::MAX)?;
        let chained = std::iter::once(None).chain(ledger.iter().map(Some));
        if !ledger
            .iter()
            .zip(chained)
            .all(|(entry, before)| entry.follows(before))
        {
            return Err(missing("ledger whose entries follow each other"));
        }
        let trials = read.open_table(TRIALS)?;
        let trial = trials.get(name.as_str())?;
        let trial = trial.map(|bytes| unseal("trials", name.as_bytes(), bytes.value()));
        let trial = trial.transpose()?;
        Ok(Kept {
            name,
            position,
            snapshot,
            ledger,
            trial,
            commands,
        })
    }

    /// The ledger of a machine after entry `after`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger(
        &self,
        machine: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(LEDGER)?;
        let first = (machine, after.saturating_add(1));
        table
            .range(first..=(machine, u64::MAX))?
            .take(limit)
            .map(|entry| {
                let (key, bytes) = entry?;
                let (_, number) = key.value();
                unseal("ledger", &row_key(machine, number), bytes.value())
            })
            .collect()
    }

    /// The newest entry of a machine's ledger.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_entry(&self, machine: &str) -> Result<Option<Entry>, StoreError> {
        let read = self.database.begin_read()?;
        last_entry(&read.open_table(LEDGER)?, machine)
    }

    /// The state that the rollback of this sequence took away.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn saved(&self, machine: &str, sequence: u64) -> Result<Option<Saved>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(SAVED)?;
        let bytes = table.get((machine, sequence))?;
        bytes
            .map(|bytes| unseal("saved", &row_key(machine, sequence), bytes.value()))
            .transpose()
    }

    /// A program that ran here.
    ///
    /// # Errors
    /// [`StoreError`], also if there is none of this name.
    pub fn program(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        self.blob(PROGRAMS, "programs", &digest.0)
    }

    /// A bundle that was accepted here, exactly as it came.
    ///
    /// # Errors
    /// [`StoreError`], also if there is none of this name.
    pub fn bundle(&self, id: BundleId) -> Result<Vec<u8>, StoreError> {
        self.blob(BUNDLES, "bundles", &id.0)
    }

    fn blob(
        &self,
        table: TableDefinition<&[u8], &[u8]>,
        name: &str,
        key: &[u8; 32],
    ) -> Result<Vec<u8>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(table)?;
        let bytes = table.get(key.as_slice())?;
        let missing = || StoreError::Damaged {
            what: format!("a record of `{name}` is missing"),
        };
        let bytes = bytes.ok_or_else(missing)?;
        unseal::<serde_bytes::ByteBuf>(name, key, bytes.value()).map(serde_bytes::ByteBuf::into_vec)
    }

    /// Starts a commit. Nothing of it is visible or durable before [`Commit::finish`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn commit(&self) -> Result<Commit, StoreError> {
        let mut write = self.database.begin_write()?;
        write.set_durability(Durability::Immediate)?;
        write.set_two_phase_commit(true);
        Ok(Commit::new(write))
    }
}

fn last_entry(
    ledger: &impl ReadableTable<(&'static str, u64), &'static [u8]>,
    machine: &str,
) -> Result<Option<Entry>, StoreError> {
    let mut entries = ledger.range((machine, 0)..=(machine, u64::MAX))?;
    let Some(found) = entries.next_back() else {
        return Ok(None);
    };
    let (key, bytes) = found?;
    let (_, number) = key.value();
    unseal("ledger", &row_key(machine, number), bytes.value()).map(Some)
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder
        .set_cache_size(STORE_CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

/// The first bytes of every file of redb.
const MAGIC: &[u8] = b"redb";

/// Tells a file that was never a store from one that was and is damaged: the ways out differ.
pub(crate) fn check_magic(path: &Path) -> Result<(), StoreError> {
    let mut found = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut found));
    match read {
        Ok(()) if found == MAGIC => Ok(()),
        Ok(()) => Err(StoreError::NotAStore),
        Err(error) => match error.kind() {
            io::ErrorKind::UnexpectedEof => Err(StoreError::NotAStore),
            io::ErrorKind::NotFound => Err(StoreError::Missing),
            _ => Err(redb::Error::Io(error).into()),
        },
    }
}

#[cfg(test)]
mod tests;
