//! The stack of types, of one size for all functions and made once for a module.

use crate::invalid::InvalidReason;
use crate::limits::STACK_MAX;
use crate::types::{TypeId, UNIT};

/// The types on a function's stack.
pub(super) struct Stack {
    /// Those below `height` count.
    types: Box<[TypeId]>,
    height: usize,
    /// How high it has been.
    highest: usize,
    /// Height at entry of the innermost open case; below it nothing can be popped.
    floor: usize,
}

impl Stack {
    pub(super) fn new() -> Stack {
        Stack {
            types: [UNIT; STACK_MAX].into(),
            height: 0,
            highest: 0,
            floor: 0,
        }
    }

    /// Starts anew, for another function.
    pub(super) fn clear(&mut self) {
        (self.height, self.highest, self.floor) = (0, 0, 0);
    }

    #[cfg(debug_assertions)]
    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn highest(&self) -> usize {
        self.highest
    }

    /// Makes this height the floor. Gives the one before, for [`Stack::lower_floor`].
    #[inline]
    pub(super) fn raise_floor(&mut self) -> usize {
        std::mem::replace(&mut self.floor, self.height)
    }

    #[inline]
    pub(super) fn lower_floor(&mut self, before: usize) {
        self.floor = before;
    }

    /// What an arm or a body leaves behind.
    #[inline]
    pub(super) fn left(&self) -> Result<(), InvalidReason> {
        match self.height - self.floor {
            0 => Ok(()),
            left => Err(InvalidReason::StackNotEmpty { left }),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, id: TypeId) -> Result<(), InvalidReason> {
        let place = self.types.get_mut(self.height);
        *place.ok_or(InvalidReason::StackOverflow)? = id;
        self.height += 1;
        self.highest = self.highest.max(self.height);
        Ok(())
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Result<TypeId, InvalidReason> {
        self.drop(1)?;
        Ok(self.types[self.height])
    }

    /// Exchanges the top for `id`.
    #[inline]
    pub(super) fn swap(&mut self, id: TypeId) -> Result<TypeId, InvalidReason> {
        let top = self.pop()?;
        self.types[self.height] = id;
        self.height += 1;
        Ok(top)
    }

    #[inline]
    pub(super) fn drop(&mut self, count: usize) -> Result<(), InvalidReason> {
        if count > self.height - self.floor {
            return Err(InvalidReason::StackUnderflow);
        }
        self.height -= count;
        Ok(())
    }

    /// Drops exactly `wanted`, the last on top, or nothing.
    pub(super) fn drop_all(&mut self, wanted: &[TypeId]) -> bool {
        let own = &self.types[self.floor..self.height];
        let found = own.ends_with(wanted);
        self.height -= if found { wanted.len() } else { 0 };
        found
    }

    /// The entry below `above` others. It may be below the floor: that is how an arm sees outer variables.
    #[inline]
    pub(super) fn entry(&self, above: u32) -> Result<TypeId, InvalidReason> {
        let entry = self.types[..self.height].iter().rev().nth(above as usize);
        entry.copied().ok_or(InvalidReason::StackUnderflow)
    }
}
