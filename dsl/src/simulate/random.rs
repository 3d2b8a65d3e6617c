//! Chance that can be had again: a generator of a known seed, and nothing of the computer it runs on.

/// Numbers that follow from a seed, after Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
/// (2014). Their quality is more than a test needs, and every seed is a good one.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The numbers of one run: those of its neighbours have nothing to do with them.
    pub(super) fn of_run(seed: u64, run: u64) -> Random {
        let mut random = Random {
            state: seed ^ run.wrapping_mul(STEP),
        };
        random.state = random.next();
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`, and 0 if that is 0. The bounds here are small, so the lean of a remainder is too.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// So often of sixteen times.
    pub(super) fn sixteenths(&mut self, often: usize) -> bool {
        self.below(16) < often
    }

    /// One of them.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}
