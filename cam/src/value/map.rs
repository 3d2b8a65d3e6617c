//! Maps: persistent, ordered by key, that know their length and weight.
//!
//! All keys of a map are of one type, all values too, and most keys are numbers or texts. Such a map holds
//! them as what they are: numbers are compared in one instruction, values in a call that looks at their
//! constructors first, and a search does little else. A number in a value also takes three words, of which
//! a change of a shared map copies many. So the first entry chooses the form. An entry of another type,
//! which no well-typed program has, makes the form general; nobody outside can tell the forms apart.

mod changes;
mod iterate;
mod part;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;

use super::{CONTAINER_WEIGHT, ENTRY_WEIGHT, Value, less};
pub(crate) use changes::Change;
pub use iterate::{IntoIter, Iter};
use part::Part;

/// Something of each form: the trees themselves, or walks over them.
#[derive(Clone)]
enum Form<A, B, C, D, E> {
    /// Numbers under numbers.
    Numbers(A),
    /// Anything under numbers.
    Numbered(B),
    /// Numbers under texts.
    Tally(C),
    /// Anything under texts.
    Named(D),
    General(E),
}

/// The entries of a map that has some.
type Tree = Form<
    OrdMap<i64, i64>,
    OrdMap<i64, Value>,
    OrdMap<Arc<str>, i64>,
    OrdMap<Arc<str>, Value>,
    OrdMap<Value, Value>,
>;

/// The same of whatever form.
macro_rules! each {
    ($form:expr, $content:ident => $result:expr) => {
        match $form {
            Form::Numbers($content) => $result,
            Form::Numbered($content) => $result,
            Form::Tally($content) => $result,
            Form::Named($content) => $result,
            Form::General($content) => $result,
        }
    };
}

/// Something else of the same form.
macro_rules! alike {
    ($form:expr, $content:ident => $result:expr) => {
        match $form {
            Form::Numbers($content) => Form::Numbers($result),
            Form::Numbered($content) => Form::Numbered($result),
            Form::Tally($content) => Form::Tally($result),
            Form::Named($content) => Form::Named($result),
            Form::General($content) => Form::General($result),
        }
    };
}
use {alike, each};

/// A finite map, ordered by key, that knows its weight. Its entries stand behind a pointer, because a
/// value, which may be an integer, takes as much room as its largest form.
#[derive(Clone)]
pub struct Map {
    /// Nothing if there are no entries: what the first one will be is not known.
    tree: Option<Arc<Tree>>,
    weight: u64,
}

impl Default for Map {
    fn default() -> Map {
        Map {
            tree: None,
            weight: CONTAINER_WEIGHT,
        }
    }
}

impl Map {
    /// Entries in the map.
    #[must_use]
    pub fn len(&self) -> usize {
        let tree = self.tree.as_deref();
        tree.map_or(0, |tree| each!(tree, entries => entries.len()))
    }

    /// Whether the map has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What [`Value::weight`] counts for it. The map knows.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    /// The value stored under `key`.
    #[must_use]
    pub fn get(&self, key: &Value) -> Option<Value> {
        each!(self.tree.as_deref()?, entries => get(entries, key))
    }

    /// The greatest key.
    #[must_use]
    pub fn last_key(&self) -> Option<Value> {
        each!(self.tree.as_deref()?, entries => {
            entries.get_max().map(|(key, _)| key.lend().into_owned())
        })
    }

    /// The entry with the least key, or with the least key above `after`.
    #[must_use]
    pub fn next(&self, after: Option<&Value>) -> Option<(Value, Value)> {
        each!(self.tree.as_deref()?, entries => next(entries, after))
    }

    /// Stores `value` under `key`; gives what stood there.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        let first = || Arc::new(Tree::for_entry(&key, &value));
        let tree = Arc::make_mut(self.tree.get_or_insert_with(first));
        let weight = &mut self.weight;
        match each!(tree, entries => insert(entries, weight, key, value)) {
            Ok(old) => old,
            Err((key, value)) => {
                let general = self.iter().map(owned).collect();
                self.tree = Some(Arc::new(Form::General(general)));
                self.insert(key, value)
            }
        }
    }

    /// Removes the entry under `key`; gives its value.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        let tree = Arc::make_mut(self.tree.as_mut()?);
        let weight = &mut self.weight;
        let removed = each!(tree, entries => remove(entries, weight, key))?;
        if self.is_empty() {
            self.tree = None;
        }
        Some(removed)
    }

    /// Puts back what stood under `key` when the map weighed `weight`.
    pub(crate) fn restore(&mut self, weight: u64, key: Value, old: Option<Value>) {
        match old {
            Some(old) => drop(self.insert(key, old)),
            None => drop(self.remove(&key)),
        }
        self.weight = weight;
    }

    /// The entries in key order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(self.tree.as_deref())
    }

    /// The number under a number. There is none if the entries are something else.
    #[inline]
    pub(crate) fn number(&self, key: i64) -> Option<i64> {
        match self.tree.as_deref()? {
            Form::Numbers(entries) => entries.get(&key).copied(),
            _ => None,
        }
    }

    /// The entries to be changed, if they are numbers under numbers.
    pub(crate) fn numbers_mut(&mut self) -> Option<Numbers<'_>> {
        let Some(Form::Numbers(_)) = self.tree.as_deref() else {
            return None;
        };
        match Arc::make_mut(self.tree.as_mut()?) {
            Form::Numbers(entries) => Some(Numbers {
                entries,
                weight: &mut self.weight,
            }),
            _ => None,
        }
    }
}

/// A map of numbers under numbers, without values around them.
pub(crate) struct Numbers<'a> {
    entries: &'a mut OrdMap<i64, i64>,
    weight: &'a mut u64,
}

impl Numbers<'_> {
    /// Stores `value` under `key`; gives what stood there. To look for an old value first would take a
    /// fifth less where there is one, and more than half as much again where there is none.
    #[inline]
    pub(crate) fn insert(&mut self, key: i64, value: i64) -> Option<i64> {
        let old = self.entries.insert(key, value);
        if old.is_none() {
            *self.weight = self.weight.saturating_add(entry_weight(&key, &value));
        }
        old
    }
}

impl Tree {
    /// The form for a map that starts with this entry, without it.
    fn for_entry(key: &Value, value: &Value) -> Tree {
        match (key, value) {
            (Value::Int(_), Value::Int(_)) => Form::Numbers(OrdMap::new()),
            (Value::Int(_), _) => Form::Numbered(OrdMap::new()),
            (Value::Text(_), Value::Int(_)) => Form::Tally(OrdMap::new()),
            (Value::Text(_), _) => Form::Named(OrdMap::new()),
            _ => Form::General(OrdMap::new()),
        }
    }
}

fn owned((key, value): (Cow<'_, Value>, Cow<'_, Value>)) -> (Value, Value) {
    (key.into_owned(), value.into_owned())
}

#[inline]
fn entry_weight<K: Part, V: Part>(key: &K, value: &V) -> u64 {
    value
        .weight()
        .saturating_add(key.weight())
        .saturating_add(ENTRY_WEIGHT)
}

fn get<K: Part, V: Part>(entries: &OrdMap<K, V>, key: &Value) -> Option<Value> {
    let value = entries.get(K::of(key)?)?;
    Some(value.lend().into_owned())
}

fn next<K: Part, V: Part>(entries: &OrdMap<K, V>, after: Option<&Value>) -> Option<(Value, Value)> {
    let least = || entries.get_min().map(|(key, value)| (key, value));
    let entry = match after.map(|after| (after, K::of(after))) {
        None => least(),
        Some((_, Some(key))) => {
            let above = (Bound::Excluded(key), Bound::Unbounded);
            entries.range::<_, K>(above).next()
        }
        // It is of another type than the keys: they are all above it, or all below.
        Some((after, None)) => least().filter(|(key, _)| *key.lend() > *after),
    };
    entry.map(|(key, value)| owned((key.lend(), value.lend())))
}

/// Gives key and value back if they are not of the form.
fn insert<K: Part, V: Part>(
    entries: &mut OrdMap<K, V>,
    weight: &mut u64,
    key: Value,
    value: Value,
) -> Result<Option<Value>, (Value, Value)> {
    let key = match K::take(key) {
        Ok(key) => key,
        Err(key) => return Err((key, value)),
    };
    let value = match V::take(value) {
        Ok(value) => value,
        Err(value) => return Err((key.give(), value)),
    };
    let key_weight = key.weight().saturating_add(ENTRY_WEIGHT);
    let added = value.weight().saturating_add(key_weight);
    let old = entries.insert(key, value);
    let removed = old
        .as_ref()
        .map_or(0, |old| old.weight().saturating_add(key_weight));
    *weight = less(*weight, removed).saturating_add(added);
    Ok(old.map(V::give))
}

fn remove<K: Part, V: Part>(
    entries: &mut OrdMap<K, V>,
    weight: &mut u64,
    key: &Value,
) -> Option<Value> {
    let (key, value) = entries.remove_with_key(K::of(key)?)?;
    *weight = less(*weight, entry_weight(&key, &value));
    Some(value.give())
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter::new(self.tree)
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (Cow<'a, Value>, Cow<'a, Value>);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl FromIterator<(Value, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(entries: I) -> Map {
        let mut map = Map::default();
        entries
            .into_iter()
            .for_each(|(key, value)| drop(map.insert(key, value)));
        map
    }
}

/// Maps are compared by their entries; the weight follows from them, and the form is nobody's business.
/// Trees of one form skip what they share.
impl PartialEq for Map {
    fn eq(&self, other: &Map) -> bool {
        match (self.tree.as_deref(), other.tree.as_deref()) {
            (Some(Form::Numbers(left)), Some(Form::Numbers(right))) => left == right,
            (Some(Form::Numbered(left)), Some(Form::Numbered(right))) => left == right,
            (Some(Form::Tally(left)), Some(Form::Tally(right))) => left == right,
            (Some(Form::Named(left)), Some(Form::Named(right))) => left == right,
            (Some(Form::General(left)), Some(Form::General(right))) => left == right,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl Eq for Map {}

impl PartialOrd for Map {
    fn partial_cmp(&self, other: &Map) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Map {
    fn cmp(&self, other: &Map) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl Hash for Map {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|entry| entry.hash(state));
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
