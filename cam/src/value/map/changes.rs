//! What is different between two maps. What they share is not looked at.

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use super::part::Part;
use super::{Form, Map, owned};
use crate::value::Value;

/// An entry that is not the same in an older and in a newer map.
pub(crate) struct Change {
    /// The key.
    pub(crate) key: Value,
    /// What stood under it.
    pub(crate) old: Option<Value>,
    /// What stands under it now.
    pub(crate) new: Option<Value>,
}

impl Map {
    /// Calls `each` for every entry that is different in `newer`, in key order. Takes time of the difference
    /// where the newer map was made from this one. False if the two cannot be compared so; then nothing was
    /// called.
    ///
    /// # Errors
    /// The first one of `each`.
    pub(crate) fn changes<E>(
        &self,
        newer: &Map,
        mut each: impl FnMut(Change) -> Result<(), E>,
    ) -> Result<bool, E> {
        match (self.tree.as_deref(), newer.tree.as_deref()) {
            (Some(Form::Numbers(old)), Some(Form::Numbers(new))) => walk(old, new, each)?,
            (Some(Form::Numbered(old)), Some(Form::Numbered(new))) => walk(old, new, each)?,
            (Some(Form::Tally(old)), Some(Form::Tally(new))) => walk(old, new, each)?,
            (Some(Form::Named(old)), Some(Form::Named(new))) => walk(old, new, each)?,
            (Some(Form::General(old)), Some(Form::General(new))) => walk(old, new, each)?,
            (Some(_), Some(_)) => return Ok(false),
            (None, _) | (_, None) => {
                for (key, old) in self.iter().map(owned) {
                    let (old, new) = (Some(old), None);
                    each(Change { key, old, new })?;
                }
                for (key, new) in newer.iter().map(owned) {
                    let (old, new) = (None, Some(new));
                    each(Change { key, old, new })?;
                }
            }
        }
        Ok(true)
    }
}

fn walk<K: Part, V: Part + PartialEq, E>(
    old: &OrdMap<K, V>,
    new: &OrdMap<K, V>,
    mut each: impl FnMut(Change) -> Result<(), E>,
) -> Result<(), E> {
    for difference in old.diff(new) {
        let (key, old, new) = match difference {
            DiffItem::Add(key, new) => (key, None, Some(new)),
            DiffItem::Remove(key, old) => (key, Some(old), None),
            DiffItem::Update { old, new } => (new.0, Some(old.1), Some(new.1)),
        };
        each(Change {
            key: key.clone().give(),
            old: old.map(|old| old.clone().give()),
            new: new.map(|new| new.clone().give()),
        })?;
    }
    Ok(())
}
