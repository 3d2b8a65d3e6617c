//! A commit: all that one transaction writes, durable as a whole or not at all.

use redb::{ReadableTable, WriteTransaction};

use super::{
    BUNDLES, JOURNAL, Keeping, KeptSnapshot, LEDGER, MACHINES, MachineRecord, PROGRAMS, SAVED,
    SNAPSHOTS, Saved, StoreError, TRIALS, TrialRecord, last_entry,
};
use crate::journal::{Command, Index, Snapshot};
use crate::ledger::Entry;
use crate::seal::{row_key, seal, unseal};
use crate::upgrade::{MigratedUpgrade, Position};

/// One transaction.
pub struct Commit {
    write: WriteTransaction,
}

impl Commit {
    pub(super) fn new(write: WriteTransaction) -> Commit {
        Commit { write }
    }

    pub(crate) fn write(&self) -> &WriteTransaction {
        &self.write
    }

    /// Writes a command at its place.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn command(&self, machine: &str, at: Index, command: &Command) -> Result<u64, StoreError> {
        let sealed = seal("journal", &row_key(machine, at), command);
        let mut journal = self.write.open_table(JOURNAL)?;
        journal.insert((machine, at), sealed.as_slice())?;
        Ok(sealed.len() as u64)
    }

    /// Writes a snapshot of the machine where it stands in this transaction, in place of the last one, and drops
    /// what need not be kept of the journal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn snapshot(
        &self,
        machine: &str,
        snapshot: Snapshot,
        keeping: Keeping,
    ) -> Result<u64, StoreError> {
        let kept = self.kept(machine, snapshot)?;
        self.kept_snapshot(machine, &kept, keeping)
    }

    /// As [`Commit::snapshot`], of a place before. Its chunks have been written.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn kept_snapshot(
        &self,
        machine: &str,
        snapshot: &KeptSnapshot,
        keeping: Keeping,
    ) -> Result<u64, StoreError> {
        let sealed = seal("snapshots", machine.as_bytes(), snapshot);
        self.write
            .open_table(SNAPSHOTS)?
            .insert(machine, sealed.as_slice())?;
        self.trim(machine, keeping)?;
        Ok(sealed.len() as u64)
    }

    /// Writes an upgrade whole: compares the machine's position again, then writes code, position and
    /// history. The snapshot of the new state belongs in the same commit.
    ///
    /// # Errors
    /// [`StoreError::Moved`] if the machine is not where the upgrade found it.
    pub fn upgrade(
        &self,
        machine: &str,
        upgrade: &MigratedUpgrade,
        bundle: &[u8],
        entry: Entry,
        trial: Option<&TrialRecord>,
    ) -> Result<(), StoreError> {
        let (from, to) = (upgrade.from(), upgrade.to());
        if self.position(machine)? != from {
            return Err(StoreError::Moved {
                machine: machine.to_owned(),
            });
        }
        let program = upgrade.instance().program().bytes();
        let digest = upgrade.instance().program().digest().0;
        let sealed = seal("programs", &digest, serde_bytes::Bytes::new(&program));
        self.write
            .open_table(PROGRAMS)?
            .insert(digest.as_slice(), sealed.as_slice())?;
        let id = upgrade.bundle().id().0;
        let sealed = seal("bundles", &id, serde_bytes::Bytes::new(bundle));
        self.write
            .open_table(BUNDLES)?
            .insert(id.as_slice(), sealed.as_slice())?;
        self.stands(machine, to, entry.at_ms)?;
        self.trial(machine, trial)?;
        self.enter(machine, entry)
    }

    /// Writes a rollback whole, as [`Commit::upgrade`], and the state that it takes away.
    ///
    /// # Errors
    /// [`StoreError::Moved`] if the machine is not where the rollback found it.
    pub fn rollback(
        &self,
        machine: &str,
        (from, to): (Position, Position),
        saved: &Saved,
        entry: Entry,
    ) -> Result<(), StoreError> {
        if self.position(machine)? != from {
            return Err(StoreError::Moved {
                machine: machine.to_owned(),
            });
        }
        let sealed = seal("saved", &row_key(machine, to.sequence), saved);
        self.write
            .open_table(SAVED)?
            .insert((machine, to.sequence), sealed.as_slice())?;
        self.stands(machine, to, entry.at_ms)?;
        self.trial(machine, None)?;
        self.enter(machine, entry)
    }

    fn stands(&self, machine: &str, at: Position, since_ms: i64) -> Result<(), StoreError> {
        let (Some(bundle), Some(program)) = (at.bundle, at.program) else {
            unreachable!("no upgrade and no rollback leads to nothing")
        };
        let record = MachineRecord {
            sequence: at.sequence,
            bundle: bundle.0,
            program: program.0,
            since_ms,
        };
        let sealed = seal("machines", machine.as_bytes(), &record);
        let mut machines = self.write.open_table(MACHINES)?;
        machines.insert(machine, sealed.as_slice())?;
        Ok(())
    }

    /// Writes how a trial stands, or that there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn trial(&self, machine: &str, trial: Option<&TrialRecord>) -> Result<(), StoreError> {
        let mut trials = self.write.open_table(TRIALS)?;
        match trial {
            Some(trial) => {
                let sealed = seal("trials", machine.as_bytes(), trial);
                trials.insert(machine, sealed.as_slice())?;
            }
            None => {
                trials.remove(machine)?;
            }
        }
        Ok(())
    }

    /// Counts one start of the node less against a machine's trial: it has ended well.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ended_well(&self, machine: &str) -> Result<(), StoreError> {
        self.count_starts(machine, |starts| starts.saturating_sub(1))
    }

    /// Counts one more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn started(&self, machine: &str) -> Result<(), StoreError> {
        self.count_starts(machine, |starts| starts.saturating_add(1))
    }

    fn count_starts(
        &self,
        machine: &str,
        count: impl FnOnce(u32) -> u32,
    ) -> Result<(), StoreError> {
        let kept = {
            let trials = self.write.open_table(TRIALS)?;
            let bytes = trials.get(machine)?;
            bytes
                .map(|bytes| unseal::<TrialRecord>("trials", machine.as_bytes(), bytes.value()))
                .transpose()?
        };
        let Some(mut kept) = kept else {
            return Ok(());
        };
        kept.starts = count(kept.starts);
        self.trial(machine, Some(&kept))
    }

    /// Puts an entry behind the last one of the machine's ledger.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn enter(&self, machine: &str, entry: Entry) -> Result<(), StoreError> {
        let mut ledger = self.write.open_table(LEDGER)?;
        let last = last_entry(&ledger, machine)?;
        let entry = entry.behind(last.as_ref());
        let sealed = seal("ledger", &row_key(machine, entry.number), &entry);
        ledger.insert((machine, entry.number), sealed.as_slice())?;
        Ok(())
    }

    fn position(&self, machine: &str) -> Result<Position, StoreError> {
        let machines = self.write.open_table(MACHINES)?;
        let Some(bytes) = machines.get(machine)? else {
            return Ok(Position::default());
        };
        let record: MachineRecord = unseal("machines", machine.as_bytes(), bytes.value())?;
        Ok(record.position())
    }

    /// Makes all of it durable, or nothing.
    ///
    /// # Errors
    /// [`StoreError`]; what is on the disk then is known only after a fresh start.
    pub fn finish(self) -> Result<(), StoreError> {
        self.write.commit()?;
        Ok(())
    }
}
