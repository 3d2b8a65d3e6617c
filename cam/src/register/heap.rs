//! The table of containers, and the journal of changes to the state's own.
//!
//! A handle is the number of an entry. Entry 0 is nothing; then come the program's constants, then the
//! state's containers, then what the running step has made. A container of the state that is changed in
//! place keeps its entry, and the journal keeps what stood there: commit forgets the journal, and going
//! back replays it from the end. The entries of the step are given up at the end of the step, or when they
//! are taken.

use crate::limits::STEP_ENTRIES_MAX;
use crate::register::Stopped;
use crate::value::{List, Map, Value};

/// What a handle stands for.
enum Entry {
    Nothing,
    Value(Value),
    Walk(Box<Walk>),
}

/// A walk over a container: what is still to come.
pub(super) enum Walk {
    List(<List as IntoIterator>::IntoIter),
    Map(<Map as IntoIterator>::IntoIter),
}

/// What undoes a change to a container of the state.
#[derive(Clone, Debug)]
enum Undo {
    /// The map weighed so much and had this value under this key, or none. A weight that did not fit
    /// cannot be taken back out of a sum.
    Restore(usize, u64, Value, Option<Value>),
    /// The same of numbers, whose weights fit.
    RestoreNumber(usize, i64, Option<i64>),
    /// The list was shorter by its last item.
    Shorten(usize),
}

/// Room for entries of a step that is not given back after it.
const ROOM_KEPT: usize = 1 << 12;

/// The table.
#[derive(Default)]
pub(super) struct Heap {
    entries: Vec<Entry>,
    /// Entries that outlive the step.
    kept: usize,
    free: Vec<usize>,
    journal: Vec<Undo>,
}

impl Heap {
    /// A table of a program's constants and room for `handles` containers of its state.
    pub(super) fn new(constants: impl Iterator<Item = Value>, handles: usize) -> Heap {
        let mut entries = vec![Entry::Nothing];
        entries.extend(constants.map(Entry::Value));
        entries.resize_with(entries.len() + handles, || Entry::Nothing);
        Heap {
            kept: entries.len(),
            entries,
            free: Vec::new(),
            journal: Vec::new(),
        }
    }

    /// The entry of the first container of a state that has `handles`.
    pub(super) fn state_start(&self, handles: usize) -> usize {
        self.kept - handles
    }

    /// A new entry.
    #[inline]
    pub(super) fn put(&mut self, value: Value) -> Result<i64, Stopped> {
        self.enter(Entry::Value(value))
    }

    pub(super) fn start_walk(&mut self, container: Value) -> Result<i64, Stopped> {
        let walk = match container {
            Value::List(list) => Walk::List(list.into_iter()),
            Value::Map(map) => Walk::Map(map.into_iter()),
            _ => return Err(Stopped),
        };
        self.enter(Entry::Walk(Box::new(walk)))
    }

    /// A handle that nobody uses is given up by nobody, and a round of a few units of fuel can make a thousand
    /// of them.
    fn enter(&mut self, entry: Entry) -> Result<i64, Stopped> {
        let index = match self.free.pop() {
            Some(index) => {
                self.entries[index] = entry;
                index
            }
            None if self.entries.len() - self.kept < STEP_ENTRIES_MAX => {
                self.entries.push(entry);
                self.entries.len() - 1
            }
            None => return Err(Stopped),
        };
        i64::try_from(index).map_err(|_| Stopped)
    }

    #[inline]
    pub(super) fn get(&self, handle: i64) -> Result<&Value, Stopped> {
        match self.entries.get(position(handle)) {
            Some(Entry::Value(value)) => Ok(value),
            _ => Err(Stopped),
        }
    }

    #[inline]
    pub(super) fn map(&self, handle: i64) -> Result<&Map, Stopped> {
        match self.get(handle)? {
            Value::Map(map) => Ok(map),
            _ => Err(Stopped),
        }
    }

    pub(super) fn walk(&mut self, handle: i64) -> Result<&mut Walk, Stopped> {
        match self.entries.get_mut(position(handle)) {
            Some(Entry::Walk(walk)) => Ok(walk),
            _ => Err(Stopped),
        }
    }

    /// The next integer of a walk over integers.
    #[inline]
    pub(super) fn next_word(&mut self, handle: i64) -> Result<Option<i64>, Stopped> {
        match self.walk(handle)? {
            Walk::List(items) => match items.next() {
                Some(Value::Int(integer)) => Ok(Some(integer)),
                Some(_) => Err(Stopped),
                None => {
                    self.release(handle, true);
                    Ok(None)
                }
            },
            Walk::Map(_) => Err(Stopped),
        }
    }

    /// The container, for good if this is its last use. What outlives the step is shared instead: it must
    /// be there when the step stops.
    pub(super) fn read(&mut self, handle: i64, last: bool) -> Result<Value, Stopped> {
        let index = position(handle);
        if last && index >= self.kept {
            let entry = self.entries.get_mut(index).ok_or(Stopped)?;
            let taken = std::mem::replace(entry, Entry::Nothing);
            self.free.push(index);
            return match taken {
                Entry::Value(value) => Ok(value),
                _ => Err(Stopped),
            };
        }
        self.get(handle).cloned()
    }

    /// Gives up an entry after its last use.
    #[inline]
    pub(super) fn release(&mut self, handle: i64, last: bool) {
        let index = position(handle);
        if last && index >= self.kept {
            self.entries[index] = Entry::Nothing;
            self.free.push(index);
        }
    }

    /// A second handle for the same content.
    pub(super) fn duplicate(&mut self, handle: i64) -> Result<i64, Stopped> {
        if handle == 0 {
            return Ok(0);
        }
        let copy = self.get(handle)?.clone();
        self.put(copy)
    }

    /// The map with `value` under `key`: the same map if this is its last use.
    pub(super) fn insert(
        &mut self,
        handle: i64,
        last: bool,
        key: Value,
        value: Value,
    ) -> Result<i64, Stopped> {
        let index = position(handle);
        if !last {
            let mut map = self.map_mut(index)?.clone();
            map.insert(key, value);
            return self.put(Value::Map(map));
        }
        if index < self.kept {
            let (undone, map) = (key.clone(), self.map_mut(index)?);
            let weight = map.weight();
            let old = map.insert(key, value);
            self.journal.push(Undo::Restore(index, weight, undone, old));
        } else {
            self.map_mut(index)?.insert(key, value);
        }
        Ok(handle)
    }

    /// Stores one number under another in a map at its last use. Nearly always they go from registers to
    /// their places and no value is made of them; the journal takes them as they are, too.
    pub(super) fn insert_number(
        &mut self,
        handle: i64,
        key: i64,
        value: i64,
    ) -> Result<(), Stopped> {
        let index = position(handle);
        if let Some(mut numbers) = self.map_mut(index)?.numbers_mut() {
            let old = numbers.insert(key, value);
            if index < self.kept {
                self.journal.push(Undo::RestoreNumber(index, key, old));
            }
            return Ok(());
        }
        self.insert(handle, true, Value::Int(key), Value::Int(value))?;
        Ok(())
    }

    /// The map without `key`.
    pub(super) fn remove(&mut self, handle: i64, last: bool, key: &Value) -> Result<i64, Stopped> {
        let index = position(handle);
        if !last {
            let mut map = self.map_mut(index)?.clone();
            map.remove(key);
            return self.put(Value::Map(map));
        }
        let kept = index < self.kept;
        let map = self.map_mut(index)?;
        let weight = map.weight();
        if let Some(old) = map.remove(key)
            && kept
        {
            let undo = Undo::Restore(index, weight, key.clone(), Some(old));
            self.journal.push(undo);
        }
        Ok(handle)
    }

    /// The list with `item` at its end.
    pub(super) fn append(&mut self, handle: i64, last: bool, item: Value) -> Result<i64, Stopped> {
        let index = position(handle);
        if !last {
            let mut list = self.list_mut(index)?.clone();
            list.push(item);
            return self.put(Value::List(list));
        }
        self.list_mut(index)?.push(item);
        if index < self.kept {
            self.journal.push(Undo::Shorten(index));
        }
        Ok(handle)
    }

    #[inline]
    fn map_mut(&mut self, index: usize) -> Result<&mut Map, Stopped> {
        match self.entries.get_mut(index) {
            Some(Entry::Value(Value::Map(map))) => Ok(map),
            _ => Err(Stopped),
        }
    }

    fn list_mut(&mut self, index: usize) -> Result<&mut List, Stopped> {
        match self.entries.get_mut(index) {
            Some(Entry::Value(Value::List(list))) => Ok(list),
            _ => Err(Stopped),
        }
    }

    /// Makes the containers under `handles` those of the state, and gives up all others of the step.
    /// `handles` are given their new numbers.
    pub(super) fn keep(&mut self, handles: &mut [i64]) -> Result<(), Stopped> {
        let start = self.state_start(handles.len());
        let in_place = |(own, index): (&i64, usize)| *own == 0 || position(*own) == index;
        if !handles.iter().zip(start..).all(in_place) {
            let mut contents = Vec::with_capacity(handles.len());
            for handle in handles.iter() {
                contents.push(match *handle {
                    0 => Entry::Nothing,
                    own => Entry::Value(self.get(own)?.clone()),
                });
            }
            for ((content, index), handle) in contents.into_iter().zip(start..).zip(&mut *handles) {
                self.entries[index] = content;
                if *handle != 0 {
                    *handle = i64::try_from(index).map_err(|_| Stopped)?;
                }
            }
        } else if handles.contains(&0) {
            let empty = handles.iter().zip(start..).filter(|(own, _)| **own == 0);
            for (_, index) in empty {
                self.entries[index] = Entry::Nothing;
            }
        }
        self.settle();
        Ok(())
    }

    /// Whether these are the containers of the state, each in its entry: a step that has changed them in
    /// place, or not at all.
    pub(super) fn is_kept(&self, handles: impl ExactSizeIterator<Item = i64>) -> bool {
        let start = self.state_start(handles.len());
        let mut handles = handles.zip(start..);
        handles.all(|(own, index)| position(own) == index)
    }

    /// Lets what the step has changed stand, and gives up its own entries.
    pub(super) fn settle(&mut self) {
        self.journal.clear();
        self.forget();
    }

    /// Undoes what the step has changed.
    pub(super) fn go_back(&mut self) -> Result<(), Stopped> {
        while let Some(undo) = self.journal.pop() {
            match undo {
                Undo::Restore(index, weight, key, old) => {
                    self.map_mut(index)?.restore(weight, key, old);
                }
                Undo::RestoreNumber(index, key, old) => {
                    let (map, key) = (self.map_mut(index)?, Value::Int(key));
                    match old {
                        Some(old) => drop(map.insert(key, Value::Int(old))),
                        None => drop(map.remove(&key)),
                    }
                }
                Undo::Shorten(index) => {
                    self.list_mut(index)?.pop();
                }
            }
        }
        self.forget();
        Ok(())
    }

    /// Whether a step has left nothing behind.
    pub(super) fn is_clean(&self) -> bool {
        self.entries.len() == self.kept && self.journal.is_empty()
    }

    fn forget(&mut self) {
        self.entries.truncate(self.kept);
        self.free.clear();
        // What one step has needed is not held for ever.
        self.entries.shrink_to(self.kept + ROOM_KEPT);
        self.free.shrink_to(ROOM_KEPT);
    }
}

/// A copy is made between steps, when all entries are values. A pending step that was leaked has left its
/// journal, and the copy must go back as well.
impl Clone for Heap {
    fn clone(&self) -> Heap {
        let entries = self.entries.iter().take(self.kept);
        let copied = entries.map(|entry| match entry {
            Entry::Value(value) => Entry::Value(value.clone()),
            Entry::Nothing | Entry::Walk(_) => Entry::Nothing,
        });
        Heap {
            entries: copied.collect(),
            kept: self.kept,
            free: Vec::new(),
            journal: self.journal.clone(),
        }
    }
}

impl std::fmt::Debug for Heap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Heap { entries, kept, .. } = self;
        write!(f, "Heap of {} entries, {kept} kept", entries.len())
    }
}

/// A handle that is no position is behind every table.
#[inline]
fn position(handle: i64) -> usize {
    usize::try_from(handle).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(Value, Value)]) -> Value {
        Value::Map(entries.iter().cloned().collect())
    }

    /// A heap between steps, of a state with one container; and the container's handle.
    fn kept(container: &Value) -> (Heap, i64) {
        let mut heap = Heap::new(std::iter::empty(), 1);
        let mut handles = [heap.put(container.clone()).unwrap_or(0)];
        assert!(heap.keep(&mut handles).is_ok());
        (heap, handles[0])
    }

    #[test]
    fn going_back_leaves_a_map_and_its_weight_as_they_were() {
        let mut heavy = Value::Int(0);
        for _ in 0..20 {
            heavy = Value::List(std::iter::repeat_n(heavy, 10).collect());
        }
        assert_eq!(heavy.weight(), u64::MAX);
        let (one, two, text) = (Value::Int(1), Value::Int(2), Value::text("a"));
        let states = [
            map(&[]),
            map(&[(one.clone(), one.clone())]),
            map(&[(one.clone(), text.clone())]),
        ];
        for state in states {
            let (mut heap, own) = kept(&state);
            for value in [&heavy, &two] {
                for key in [&one, &two] {
                    let (key, value) = (key.clone(), value.clone());
                    assert_eq!(heap.insert(own, true, key, value).ok(), Some(own));
                }
            }
            assert_eq!(heap.remove(own, true, &one).ok(), Some(own));
            assert!(heap.get(own).is_ok_and(|changed| *changed != state));
            assert!(heap.go_back().is_ok());
            let back = heap.get(own).ok();
            assert_eq!(back, Some(&state));
            assert_eq!(back.map(Value::weight), Some(state.weight()));
        }
    }

    #[test]
    fn a_step_has_so_many_entries_and_no_more() {
        let (mut heap, own) = kept(&map(&[]));
        let all = (0..STEP_ENTRIES_MAX).all(|_| heap.put(Value::Int(0)).is_ok());
        assert!(all && heap.put(Value::Int(0)) == Err(Stopped));
        assert_eq!(heap.duplicate(own), Err(Stopped));
        heap.release(own + 1, true);
        assert_eq!(heap.put(Value::Int(0)), Ok(own + 1));
        assert!(heap.go_back().is_ok());
        assert!(heap.is_clean() && heap.entries.capacity() < STEP_ENTRIES_MAX);
    }

    #[test]
    fn going_back_takes_numbers_back() {
        let state = map(&[
            (Value::Int(1), Value::Int(10)),
            (Value::Int(2), Value::Int(20)),
        ]);
        let (mut heap, own) = kept(&state);
        for entry in [(1, 11), (3, 30), (1, 12), (3, 31)] {
            assert!(heap.insert_number(own, entry.0, entry.1).is_ok());
        }
        assert_eq!(heap.journal.len(), 4);
        assert!(heap.get(own).is_ok_and(|changed| *changed != state));
        assert!(heap.go_back().is_ok());
        assert_eq!(heap.get(own).ok(), Some(&state));
        assert_eq!(heap.get(own).ok().map(Value::weight), Some(state.weight()));
    }
}
