//! Sets of leaves, and what reaches a value: as what it is made of, and as what decided.

use std::rc::Rc;

/// A set of places, by their numbers. Most are empty or shared.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Sources(Option<Rc<[u64]>>);

impl Sources {
    pub(super) fn one(place: usize) -> Sources {
        let mut words = vec![0; place / 64 + 1];
        words[place / 64] = 1 << (place % 64);
        Sources(Some(words.into()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn contains(&self, place: usize) -> bool {
        let word = self.words().get(place / 64);
        word.is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    /// Whether all of `other` is in it.
    pub(super) fn covers(&self, other: &Sources) -> bool {
        let (own, other) = (self.words(), other.words());
        let mut words = other.iter().enumerate();
        words.all(|(at, word)| word & !own.get(at).copied().unwrap_or(0) == 0)
    }

    /// The places of both.
    pub(super) fn and(&self, other: &Sources) -> Sources {
        if self.covers(other) {
            return self.clone();
        }
        if other.covers(self) {
            return other.clone();
        }
        let (long, short) = match self.words().len() >= other.words().len() {
            true => (self.words(), other.words()),
            false => (other.words(), self.words()),
        };
        let mut words = long.to_vec();
        words
            .iter_mut()
            .zip(short)
            .for_each(|(own, more)| *own |= more);
        Sources(Some(words.into()))
    }

    /// How many words it is: what an operation on it takes.
    pub(super) fn size(&self) -> usize {
        self.words().len()
    }

    fn words(&self) -> &[u64] {
        self.0.as_deref().unwrap_or(&[])
    }
}

/// What reaches a value.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Reach {
    /// What it is made of.
    pub(super) data: Sources,
    /// What decided which value it is, and is not in it.
    pub(super) steer: Sources,
}

impl Reach {
    pub(super) fn data(data: Sources) -> Reach {
        let steer = Sources::default();
        Reach { data, steer }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.data.is_empty() && self.steer.is_empty()
    }

    /// What reaches one of the two.
    pub(super) fn and(&self, other: &Reach) -> Reach {
        Reach {
            data: self.data.and(&other.data),
            steer: self.steer.and(&other.steer),
        }
    }

    /// Everything in it, as what decides.
    pub(super) fn steering(&self) -> Reach {
        Reach {
            data: Sources::default(),
            steer: self.data.and(&self.steer),
        }
    }

    pub(super) fn size(&self) -> usize {
        self.data.size() + self.steer.size()
    }
}
