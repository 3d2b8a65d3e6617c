//! Symbols: values of the abstract machine with names in place of words.

use std::rc::Rc;

use crate::ssa::graph::Name;
use crate::types::TypeId;

/// A slot of a symbol: a name, or a closure, which exists in the translation only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Slot {
    Name(Name),
    Closure(usize),
}

/// Slots that are shared and not copied when a part is taken of them.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    slots: Rc<[Slot]>,
    start: usize,
    length: usize,
}

impl Run {
    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots[self.start..self.start + self.length]
    }

    pub(crate) fn part(&self, start: usize, length: usize) -> Run {
        debug_assert!(start + length <= self.length);
        Run {
            slots: Rc::clone(&self.slots),
            start: self.start + start,
            length,
        }
    }
}

impl FromIterator<Slot> for Run {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Run {
        let slots: Rc<[Slot]> = slots.into_iter().collect();
        Run {
            length: slots.len(),
            start: 0,
            slots,
        }
    }
}

/// A value: its type, its words and its handles.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub(crate) id: TypeId,
    pub(crate) words: Run,
    pub(crate) handles: Run,
}

impl Symbol {
    /// Words, then handles.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let words = self.words.slots().iter();
        words.chain(self.handles.slots()).copied()
    }

    /// The names of a value without functions, words first.
    pub(crate) fn names(&self) -> impl Iterator<Item = Name> + '_ {
        self.slots().map(|slot| match slot {
            Slot::Name(name) => name,
            Slot::Closure(_) => unreachable!("verified: no function stands here"),
        })
    }

    /// The one word of an integer, a tag or a truth.
    pub(crate) fn word(&self) -> Name {
        match self.words.slots()[0] {
            Slot::Name(name) => name,
            Slot::Closure(_) => unreachable!("verified: a word is no function"),
        }
    }
}
