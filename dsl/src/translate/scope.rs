//! Γ: what an expression can see, as one nested product, and the arrows that look things up in it.
//!
//! Level 0 is the argument of the function being built; each further level is the one below it paired
//! with one more value. Looking up is projecting, and the machine's compiler makes projections free, so
//! a name bound to a part of a value needs no level of its own.

use cam::combinator::{Arrow, Draft, IllTyped};
use cam::limits::CASE_DEPTH_MAX;
use cam::schema::Stamp;
use cam::types::TypeId;

use super::Translated;
use crate::typed::Local;

/// What can be looked up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Variable {
    /// A name of the source.
    Local(Local),
    /// What the node stamped on the input.
    Stamp(Stamp),
    /// A value without a name that a match looks into.
    Subject(u32),
}

/// Where a value stands in Γ: a level, and the parts that lead to it from there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    level: usize,
    path: Vec<usize>,
}

impl Place {
    /// The argument of the function being built.
    pub(super) fn argument() -> Place {
        Place {
            level: 0,
            path: Vec::new(),
        }
    }

    /// Part `index` of what stands here.
    pub(super) fn part(&self, index: usize) -> Place {
        self.parts(&[index])
    }

    /// The part of what stands here that `path` leads to.
    pub(super) fn parts(&self, path: &[usize]) -> Place {
        let mut place = self.clone();
        place.path.extend(path);
        place
    }
}

/// Arms inside each other after which the next goes into a function of its own.
const CASES_MAX: usize = 64;

/// How much was in a scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    levels: usize,
    bound: usize,
    cases: usize,
}

/// Γ with its names.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    levels: Vec<TypeId>,
    bound: Vec<(Variable, Place)>,
    cases: usize,
}

impl Scope {
    /// The scope of a function without names.
    pub(super) fn new(argument: TypeId) -> Scope {
        Scope {
            levels: vec![argument],
            bound: Vec::new(),
            cases: 0,
        }
    }

    /// The type Γ.
    pub(super) fn gamma(&self) -> TypeId {
        *self.levels.last().expect("level 0 is never removed")
    }

    /// What is in the scope now, for [`Scope::restore`].
    pub(super) fn mark(&self) -> Mark {
        Mark {
            levels: self.levels.len(),
            bound: self.bound.len(),
            cases: self.cases,
        }
    }

    /// Forgets what was added since.
    pub(super) fn restore(&mut self, mark: Mark) {
        self.levels.truncate(mark.levels);
        self.bound.truncate(mark.bound);
        self.cases = mark.cases;
    }

    /// Gives a value a name.
    pub(super) fn bind(&mut self, variable: Variable, place: Place) {
        self.bound.push((variable, place));
    }

    /// Where a value of this name stands.
    pub(super) fn place(&self, variable: Variable) -> Place {
        self.find(variable)
            .expect("the checker has resolved every name")
    }

    /// Where a value of this name stands, if the function was given it.
    pub(super) fn find(&self, variable: Variable) -> Option<Place> {
        let found = self.bound.iter().rev().find(|(own, _)| *own == variable);
        found.map(|(_, place)| place.clone())
    }

    /// Whether it is time to go on in another function.
    pub(super) fn is_deep(&self) -> bool {
        self.cases >= CASES_MAX
    }

    /// `Γ -> A`, the value at a place.
    pub(super) fn look(&self, draft: &mut Draft, place: &Place) -> Translated<Arrow> {
        let mut steps = Vec::new();
        for level in (place.level + 1..self.levels.len()).rev() {
            steps.push(draft.project(self.levels[level], 0)?);
        }
        let mut found = self.levels[place.level];
        let own = (place.level > 0).then_some(1);
        for index in own.into_iter().chain(place.path.iter().copied()) {
            let step = draft.project(found, index)?;
            found = draft.codomain(step);
            steps.push(step);
        }
        draft.chain(self.gamma(), &steps)
    }

    /// `Γ -> Γ x A` from `Γ -> A`; the scope is then that of `Γ x A`.
    pub(super) fn extend(&mut self, draft: &mut Draft, value: Arrow) -> Translated<(Arrow, Place)> {
        let gamma = self.gamma();
        let identity = draft.identity(gamma)?;
        let extended = draft.tuple(gamma, &[identity, value])?;
        let place = self.enter(draft.codomain(extended));
        Ok((extended, place))
    }

    /// Enters an arm of a `case`: the scope is then that of `Γ x payload`.
    ///
    /// # Errors
    /// `TooLarge` if arms are nested deeper than the machine allows. It is checked on the way down,
    /// where it also bounds the translator's own recursion.
    pub(super) fn enter_arm(&mut self, draft: &mut Draft, payload: TypeId) -> Translated<Place> {
        self.cases += 1;
        if self.cases > CASE_DEPTH_MAX {
            return Err(IllTyped::TooLarge);
        }
        let gamma = self.gamma();
        let extended = draft.types.product(&[gamma, payload]);
        Ok(self.enter(extended))
    }

    fn enter(&mut self, extended: TypeId) -> Place {
        self.levels.push(extended);
        Place {
            level: self.levels.len() - 1,
            path: Vec::new(),
        }
    }
}
