//! Lists: persistent sequences that know their length and weight.
//!
//! A list is a tree with its items in the leaves. Nodes are small, since the first change after a copy
//! copies all nodes on the way to the place: a large node would let a program take much memory for
//! little fuel. (The vectors of `imbl` have 64 items in a node; a slice of a shared one took 30 KiB, an
//! append up to 140 KiB.) Each node knows the weight below it, so a slice is weighed without walking it.
//!
//! It is a B-tree without keys: all leaves are at one depth, and all nodes but the root have at least
//! `LEAST` parts. Two trees are joined at the height of the lower one, and a tree is cut by joining what
//! is left on either side; both take time of the height (Blelloch, Ferizovic and Sun, "Just Join for
//! Parallel Ordered Sets", 2016). The height is below half of the length's binary logarithm, and so is the
//! depth of the recursion.

mod iterate;
mod node;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{CONTAINER_WEIGHT, ENTRY_WEIGHT, Value};
pub use iterate::{IntoIter, Iter};
use node::Node;

/// A finite sequence.
#[derive(Clone, Default)]
pub struct List {
    root: Arc<Node>,
}

impl List {
    /// Items in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.root.length
    }

    /// Whether the list has no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root.length == 0
    }

    /// What [`Value::weight`] counts for it. The list knows.
    pub(super) fn weight(&self) -> u64 {
        self.root.weight.saturating_add(CONTAINER_WEIGHT)
    }

    /// Appends `item`.
    pub fn push(&mut self, item: Value) {
        let weight = entry_weight(&item);
        if let Some(over) = node::push(&mut self.root, item, weight) {
            let first = std::mem::take(&mut self.root);
            self.root = Node::above(first, over);
        }
    }

    /// Takes the last item away.
    pub fn pop(&mut self) -> Option<Value> {
        let last = self.len().checked_sub(1)?;
        let item = node::pop(&mut self.root);
        debug_assert_eq!(self.len(), last);
        node::lower(&mut self.root);
        Some(item)
    }

    /// The item at `index`, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Value> {
        (index < self.len()).then(|| self.root.item(index))
    }

    /// Replaces the item at `index`; gives what stood there. Changes nothing if there is no such item.
    pub fn set(&mut self, index: usize, item: Value) -> Option<Value> {
        if index >= self.len() {
            return None;
        }
        let weight = entry_weight(&item);
        Some(node::set(&mut self.root, index, item, weight).0)
    }

    /// Appends all items of `other`.
    pub fn concat(&mut self, other: List) {
        let left = std::mem::take(&mut self.root);
        self.root = node::joined(left, other.root);
    }

    /// Keeps the first `length` items; all, if there are not so many.
    pub fn truncate(&mut self, length: usize) {
        if length < self.len() {
            let root = std::mem::take(&mut self.root);
            self.root = node::split(root, length).0;
        }
    }

    /// Keeps `length` items from `offset` on; those that there are, if there are not so many.
    pub fn slice(&mut self, offset: usize, length: usize) {
        self.truncate(offset.saturating_add(length));
        if offset > 0 {
            let root = std::mem::take(&mut self.root);
            self.root = node::split(root, offset).1;
        }
    }

    /// Whether the two are one tree, which is known without looking at the items.
    pub(crate) fn is(&self, other: &List) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }

    /// The items in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(&self.root)
    }
}

fn entry_weight(item: &Value) -> u64 {
    item.weight().saturating_add(ENTRY_WEIGHT)
}

impl IntoIterator for List {
    type Item = Value;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter::new(self.root)
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Value;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> List {
        // Leaves ask in turn, also after the last item; what collects results would go on behind its error.
        List {
            root: node::built(items.into_iter().fuse()),
        }
    }
}

/// Lists are compared by their items: one sequence may stand in trees of several shapes.
impl PartialEq for List {
    fn eq(&self, other: &List) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
            || (self.len() == other.len() && self.iter().eq(other.iter()))
    }
}

impl Eq for List {}

impl PartialOrd for List {
    fn partial_cmp(&self, other: &List) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for List {
    fn cmp(&self, other: &List) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl Hash for List {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|item| item.hash(state));
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
