//! Locals in scope.

use std::collections::BTreeMap;

use super::lint::Hidden;
use super::types::Partial;
use crate::source::Span;
use crate::typed::Local;

/// A name that means a value here.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) local: Local,
    pub(super) partial: Partial,
    pub(super) span: Span,
    /// Written as `x` where `x: p` was possible.
    pub(super) is_shorthand: bool,
    is_used: bool,
}

/// The locals in scope, innermost last. A name finds its newest binding without a walk over all of them.
#[derive(Default)]
pub(super) struct Scope {
    bindings: Vec<Binding>,
    positions: BTreeMap<String, Vec<usize>>,
    /// Bindings below this are out of sight.
    barrier: usize,
    next: u32,
}

impl Scope {
    /// A local nothing else has.
    pub(super) fn fresh(&mut self) -> Local {
        let local = Local(self.next);
        self.next += 1;
        local
    }

    pub(super) fn bind(
        &mut self,
        name: &str,
        partial: Partial,
        span: Span,
        is_shorthand: bool,
    ) -> Local {
        let local = self.fresh();
        self.positions
            .entry(name.to_owned())
            .or_default()
            .push(self.bindings.len());
        let name = name.to_owned();
        self.bindings.push(Binding {
            name,
            local,
            partial,
            span,
            is_shorthand,
            is_used: false,
        });
        local
    }

    /// The binding of a name; it counts as used.
    pub(super) fn find(&mut self, name: &str) -> Option<&Binding> {
        let position = *self.positions.get(name)?.last()?;
        if position < self.barrier {
            return None;
        }
        let binding = &mut self.bindings[position];
        binding.is_used = true;
        Some(binding)
    }

    /// Where a name is bound, without using it.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.place_since(name, self.barrier)
    }

    /// Where a name was bound after `mark`.
    pub(super) fn place_since(&self, name: &str, mark: usize) -> Option<Span> {
        let position = *self.positions.get(name)?.last()?;
        (position >= mark).then(|| self.bindings[position].span)
    }

    /// What was bound since `mark`, and what each of it hides.
    pub(super) fn bound_since(&self, mark: usize) -> Vec<Hidden> {
        let bound = self.bindings[mark.min(self.bindings.len())..].iter();
        bound
            .map(|binding| {
                let places = self.positions.get(&binding.name).into_iter().flatten();
                let mut outer = places
                    .rev()
                    .filter(|place| (self.barrier..mark).contains(*place));
                let outer = outer.next().map(|place| self.bindings[*place].span);
                (binding.name.clone(), binding.span, outer)
            })
            .collect()
    }

    /// Whether a name is bound, but on the other side of the barrier.
    pub(super) fn is_hidden(&self, name: &str) -> bool {
        self.positions
            .get(name)
            .and_then(|positions| positions.last())
            .is_some_and(|place| *place < self.barrier)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.visible().map(|binding| &*binding.name)
    }

    /// The bindings in sight, the newest first.
    pub(super) fn visible(&self) -> impl Iterator<Item = &Binding> {
        self.bindings[self.barrier..].iter().rev()
    }

    pub(super) fn mark(&self) -> usize {
        self.bindings.len()
    }

    /// Forgets what was bound since `mark`, and returns what was never used.
    pub(super) fn leave(&mut self, mark: usize) -> Vec<Binding> {
        let left = self.bindings.split_off(mark.min(self.bindings.len()));
        for binding in left.iter().rev() {
            if let Some(positions) = self.positions.get_mut(&binding.name) {
                positions.pop();
            }
        }
        left.into_iter()
            .filter(|binding| !binding.is_used)
            .collect()
    }

    /// Puts all bindings out of sight; the result undoes it.
    pub(super) fn raise_barrier(&mut self) -> usize {
        std::mem::replace(&mut self.barrier, self.bindings.len())
    }

    pub(super) fn restore_barrier(&mut self, barrier: usize) {
        self.barrier = barrier;
    }
}
