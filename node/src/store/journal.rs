//! The journals in the store: what has happened to each machine, as far back as it is kept.

use std::ops::{ControlFlow, RangeInclusive};

use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::{Commit, JOURNAL, Store, StoreError};
use crate::journal::{Command, Index};
use crate::seal::{row_key, seal, unseal};

const EXTENTS: TableDefinition<&str, &[u8]> = TableDefinition::new("journal extents");

/// What of a machine's journal is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keeping {
    /// Those before it go, however short they are.
    pub oldest: Index,
    /// It and those after it stay, however long they are.
    pub needed: Index,
    /// Of the others, the newest that have so many bytes together with those.
    pub bytes: u64,
}

/// How much of a machine's journal is there, so that it is not measured anew at each snapshot.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Extent {
    first: Index,
    last: Index,
    bytes: u64,
}

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
        places: RangeInclusive<Index>,
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
        places: RangeInclusive<Index>,
        mut give: impl FnMut(Index, &Command),
    ) -> Result<(), StoreError> {
        self.commands_until(machine, places, |at, command| {
            give(at, command);
            ControlFlow::Continue(())
        })
    }

    /// The same until `look` has seen enough. Only one command at a time is held in memory: a client chooses how long
    /// its inputs are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn commands_until(
        &self,
        machine: &str,
        places: RangeInclusive<Index>,
        mut look: impl FnMut(Index, &Command) -> ControlFlow<()>,
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
            if look(index, &command).is_break() {
                break;
            }
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

impl Commit {
    /// Drops the oldest commands of a machine's journal that need not be kept.
    pub(super) fn trim(&self, machine: &str, keeping: Keeping) -> Result<(), StoreError> {
        let mut journal = self.write().open_table(JOURNAL)?;
        let mut extents = self.write().open_table(EXTENTS)?;
        let known = extents.get(machine)?;
        let known =
            known.map(|sealed| unseal("journal extents", machine.as_bytes(), sealed.value()));
        let Some(mut extent) = measured(&journal, machine, known.transpose()?)? else {
            return Ok(());
        };
        for row in journal.range((machine, extent.first)..(machine, keeping.needed))? {
            let (key, sealed) = row?;
            let (_, index) = key.value();
            if index >= keeping.oldest && extent.bytes <= keeping.bytes {
                break;
            }
            extent.bytes = extent.bytes.saturating_sub(sealed.value().len() as u64);
            extent.first = index + 1;
        }
        journal.retain_in((machine, 0)..(machine, extent.first), |_, _| false)?;
        let sealed = seal("journal extents", machine.as_bytes(), &extent);
        extents.insert(machine, sealed.as_slice())?;
        Ok(())
    }
}

/// How much of a journal is there: what was known, and what came since. If what was known is of another journal, all
/// of it is measured.
fn measured(
    journal: &impl ReadableTable<(&'static str, u64), &'static [u8]>,
    machine: &str,
    known: Option<Extent>,
) -> Result<Option<Extent>, StoreError> {
    let mut rows = journal.range((machine, 0)..=(machine, u64::MAX))?;
    let Some(first) = rows.next().transpose()?.map(|(key, _)| key.value().1) else {
        return Ok(None);
    };
    let known = known.filter(|known| known.first == first && known.last >= first);
    let mut extent = known.unwrap_or(Extent {
        first,
        last: first - 1,
        bytes: 0,
    });
    for row in journal.range((machine, extent.last + 1)..=(machine, u64::MAX))? {
        let (key, sealed) = row?;
        extent.last = key.value().1;
        extent.bytes = extent.bytes.saturating_add(sealed.value().len() as u64);
    }
    Ok(Some(extent))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "counter";

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::create(&folder.path().join("store.redb")).expect("made");
        (folder, store)
    }

    fn input(length: usize) -> Command {
        Command::Input {
            at_ms: 1,
            from: "client".into(),
            program: [1; 32],
            input: vec![7; length],
            numbered: None,
        }
    }

    /// Writes inputs of these lengths, trims, and gives what is there then.
    fn trimmed(store: &Store, first: Index, lengths: &[usize], keeping: Keeping) -> Vec<Index> {
        let commit = store.commit().expect("begins");
        for (at, length) in (first..).zip(lengths) {
            commit
                .command(MACHINE, at, &input(*length))
                .expect("written");
        }
        commit.trim(MACHINE, keeping).expect("trimmed");
        commit.finish().expect("durable");
        let mut kept = Vec::new();
        let give = |at, _: &Command| kept.push(at);
        let all = 0..=Index::MAX;
        store.each_command(MACHINE, all, give).expect("readable");
        kept
    }

    #[test]
    fn a_journal_keeps_so_many_bytes_and_what_is_needed() {
        let (_folder, store) = store();
        let keeping = |oldest, needed, bytes| Keeping {
            oldest,
            needed,
            bytes,
        };
        let many = 1 << 20;
        assert_eq!(
            trimmed(&store, 1, &[10_000; 6], keeping(0, 7, many)).len(),
            6
        );
        // Those that came before are not measured again, and count.
        let kept = trimmed(&store, 7, &[10_000; 2], keeping(0, 9, 45_000));
        assert_eq!(kept, [5, 6, 7, 8]);
        let kept = trimmed(&store, 9, &[10_000; 2], keeping(0, 7, 45_000));
        assert_eq!(kept, [7, 8, 9, 10]);
        let kept = trimmed(&store, 11, &[10_000; 4], keeping(0, 9, 15_000));
        assert_eq!(kept, [9, 10, 11, 12, 13, 14], "these are needed");
        let kept = trimmed(&store, 15, &[10], keeping(14, 16, many));
        assert_eq!(kept, [14, 15], "more would be too many");
        let kept = trimmed(&store, 16, &[50_000], keeping(0, 17, 15_000));
        assert!(kept.is_empty(), "{kept:?}");
        assert_eq!(trimmed(&store, 17, &[10], keeping(0, 18, many)), [17]);
    }

    #[test]
    fn a_journal_that_was_never_measured_is_measured_whole() {
        let (_folder, store) = store();
        let commit = store.commit().expect("begins");
        for at in 1..=4 {
            commit
                .command(MACHINE, at, &input(10_000))
                .expect("written");
        }
        commit.finish().expect("durable");
        let keeping = Keeping {
            oldest: 0,
            needed: 6,
            bytes: 25_000,
        };
        assert_eq!(trimmed(&store, 5, &[10_000], keeping), [4, 5]);
    }

    #[test]
    fn no_command_is_read_after_the_last_that_is_wanted() {
        let (_folder, store) = store();
        let commit = store.commit().expect("begins");
        for at in 1..=2 {
            commit.command(MACHINE, at, &input(1)).expect("written");
        }
        {
            let mut journal = commit.write().open_table(JOURNAL).expect("open");
            journal
                .insert((MACHINE, 3), [0; 40].as_slice())
                .expect("written");
        }
        commit.finish().expect("durable");
        let up_to = |last| {
            let look = |at, _: &Command| match at == last {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            store.commands_until(MACHINE, 1..=Index::MAX, look)
        };
        assert!(up_to(2).is_ok());
        assert!(matches!(up_to(3), Err(StoreError::Damaged { .. })));
    }
}
