//! Walks over a map in key order: one that looks at the entries, and one that owns them.

use std::borrow::Cow;
use std::sync::Arc;

use imbl::{OrdMap, ordmap};

use super::part::Part;
use super::{Form, Tree, alike, each};
use crate::value::Value;

type Look<'a, K, V> = ordmap::Iter<'a, K, V, imbl::shared_ptr::DefaultSharedPtr>;
type Looks<'a> = Form<
    Look<'a, i64, i64>,
    Look<'a, i64, Value>,
    Look<'a, Arc<str>, i64>,
    Look<'a, Arc<str>, Value>,
    Look<'a, Value, Value>,
>;

/// The entries of a map. What the map holds as a value is lent, the rest is made.
pub struct Iter<'a>(Option<Looks<'a>>);

impl<'a> Iter<'a> {
    pub(super) fn new(tree: Option<&'a Tree>) -> Iter<'a> {
        Iter(tree.map(|tree| alike!(tree, entries => entries.iter())))
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Cow<'a, Value>, Cow<'a, Value>);

    fn next(&mut self) -> Option<Self::Item> {
        each!(self.0.as_mut()?, entries => {
            entries.next().map(|(key, value)| (key.lend(), value.lend()))
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Some(entries) => each!(entries, entries => entries.size_hint()),
            None => (0, Some(0)),
        }
    }
}

type Take<K, V> = <OrdMap<K, V> as IntoIterator>::IntoIter;
type Takes = Form<
    Take<i64, i64>,
    Take<i64, Value>,
    Take<Arc<str>, i64>,
    Take<Arc<str>, Value>,
    Take<Value, Value>,
>;

/// The entries of a map whose owner walks over it.
#[derive(Clone)]
pub struct IntoIter(Option<Takes>);

impl IntoIter {
    pub(super) fn new(tree: Option<Arc<Tree>>) -> IntoIter {
        let tree = tree.map(Arc::unwrap_or_clone);
        IntoIter(tree.map(|tree| alike!(tree, entries => entries.into_iter())))
    }
}

impl Iterator for IntoIter {
    type Item = (Value, Value);

    fn next(&mut self) -> Option<(Value, Value)> {
        each!(self.0.as_mut()?, entries => {
            entries.next().map(|(key, value)| (key.give(), value.give()))
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Some(entries) => each!(entries, entries => entries.size_hint()),
            None => (0, Some(0)),
        }
    }
}
