//! Fuel: what a run may still cost.

use crate::trap::TrapReason;

/// What a run may still cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fuel {
    remaining: u64,
}

impl Fuel {
    /// A full tank.
    #[must_use]
    pub fn new(amount: u64) -> Fuel {
        Fuel { remaining: amount }
    }

    /// What is left.
    #[must_use]
    pub fn remaining(self) -> u64 {
        self.remaining
    }

    /// Takes `cost`, before the work that it pays for. Nothing is taken when it is more than what is left.
    pub(crate) fn charge(&mut self, cost: u64) -> Result<(), TrapReason> {
        self.remaining = self
            .remaining
            .checked_sub(cost)
            .ok_or(TrapReason::OutOfFuel)?;
        Ok(())
    }
}
