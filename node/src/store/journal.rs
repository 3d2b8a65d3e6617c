//! The journals in the store: what has happened to each machine, as far back as it is kept.

use redb::ReadableDatabase;

use super::{JOURNAL, Store, StoreError};
use crate::journal::{Command, Index};
use crate::seal::{row_key, unseal};

impl Store {
    /// The commands of a machine from `first` on, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn commands(
        &self,
        machine: &str,
        first: Index,
        limit: usize,
    ) -> Result<Vec<(Index, Command)>, StoreError> {
        self.commands_within(machine, first..=u64::MAX, (limit, usize::MAX))
    }

    /// The commands of a machine at these places, at most so many, and no more once they have so many bytes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn commands_within(
        &self,
        machine: &str,
        places: std::ops::RangeInclusive<Index>,
        (limit, bytes_max): (usize, usize),
    ) -> Result<Vec<(Index, Command)>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(JOURNAL)?;
        let (first, last) = places.into_inner();
        let mut commands = Vec::new();
        let mut bytes = 0_usize;
        if first > last {
            return Ok(commands);
        }
        for entry in table.range((machine, first)..=(machine, last))?.take(limit) {
            let (key, sealed) = entry?;
            let (_, index) = key.value();
            bytes = bytes.saturating_add(sealed.value().len());
            if bytes > bytes_max && !commands.is_empty() {
                break;
            }
            let command = unseal("journal", &row_key(machine, index), sealed.value())?;
            commands.push((index, command));
        }
        Ok(commands)
    }

    /// Gives each command of a machine at these places, one after another: a trial may have more than fit in memory.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn each_command(
        &self,
        machine: &str,
        places: std::ops::RangeInclusive<Index>,
        mut give: impl FnMut(Index, &Command),
    ) -> Result<(), StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(JOURNAL)?;
        let (first, last) = places.into_inner();
        if first > last {
            return Ok(());
        }
        for entry in table.range((machine, first)..=(machine, last))? {
            let (key, sealed) = entry?;
            let (_, index) = key.value();
            let command = unseal("journal", &row_key(machine, index), sealed.value())?;
            give(index, &command);
        }
        Ok(())
    }

    /// The first place in a machine's journal that is kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn first_index(&self, machine: &str) -> Result<Option<Index>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(JOURNAL)?;
        let mut rows = table.range((machine, 0)..=(machine, u64::MAX))?;
        let first = rows.next().transpose()?;
        Ok(first.map(|(key, _)| key.value().1))
    }

    /// The last place in a machine's journal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_index(&self, machine: &str) -> Result<Option<Index>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(JOURNAL)?;
        let mut rows = table.range((machine, 0)..=(machine, u64::MAX))?;
        let last = rows.next_back().transpose()?;
        Ok(last.map(|(key, _)| key.value().1))
    }
}
