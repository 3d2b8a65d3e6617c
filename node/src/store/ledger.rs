//! The ledgers in the store, as far as somebody wants to see them.

use redb::ReadableDatabase;

use super::{LEDGER, Store, StoreError};
use crate::ledger::Entry;
use crate::seal::{row_key, unseal};

impl Store {
    /// The ledger of a machine after entry `after`, oldest first: at most so many entries, and no more once they have
    /// so many bytes, but at least one if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger_within(
        &self,
        machine: &str,
        after: u64,
        (limit, bytes_max): (usize, usize),
    ) -> Result<Vec<Entry>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(LEDGER)?;
        let first = (machine, after.saturating_add(1));
        let (mut entries, mut bytes) = (Vec::new(), 0_usize);
        for row in table.range(first..=(machine, u64::MAX))?.take(limit) {
            let (key, sealed) = row?;
            let (_, number) = key.value();
            bytes = bytes.saturating_add(sealed.value().len());
            if bytes > bytes_max && !entries.is_empty() {
                break;
            }
            entries.push(unseal("ledger", &row_key(machine, number), sealed.value())?);
        }
        Ok(entries)
    }

    /// What `find` finds in the newest entry in which it finds something. One entry at a time is held in memory.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest<T>(
        &self,
        machine: &str,
        mut find: impl FnMut(Entry) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(LEDGER)?;
        for row in table.range((machine, 0)..=(machine, u64::MAX))?.rev() {
            let (key, sealed) = row?;
            let (_, number) = key.value();
            let found = find(unseal("ledger", &row_key(machine, number), sealed.value())?);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Event;

    const MACHINE: &str = "counter";

    #[test]
    fn a_page_ends_with_many_bytes_and_all_pages_are_the_ledger() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::create(&folder.path().join("store.redb")).expect("made");
        let commit = store.commit().expect("begins");
        for step in 0..10 {
            let entry = Entry {
                number: 0,
                before: [0; 32],
                at_ms: 1,
                step,
                by: String::new(),
                reason: "r".repeat(1000),
                event: Event::Passed { sequence: step },
            };
            commit.enter(MACHINE, entry).expect("written");
        }
        commit.finish().expect("durable");
        for (bounds, pages) in [((100, 3500), 4), ((2, 3500), 5), ((100, 1), 10)] {
            let (mut all, mut asked): (Vec<Entry>, _) = (Vec::new(), 0);
            loop {
                let after = all.last().map_or(0, |entry| entry.number);
                let page = store.ledger_within(MACHINE, after, bounds);
                let page = page.expect("readable");
                if page.is_empty() {
                    break;
                }
                asked += 1;
                all.extend(page);
            }
            assert_eq!(asked, pages);
            assert_eq!(all, store.ledger(MACHINE, 0, 100).expect("readable"));
        }
        let mut seen = 0;
        let found = store.newest(MACHINE, |entry| {
            seen += 1;
            (entry.step == 7).then_some(entry.number)
        });
        assert_eq!((found.expect("readable"), seen), (Some(8), 3));
    }
}
