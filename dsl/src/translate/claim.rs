//! Claims as programs: what a machine says of its states for the node that runs it, and all it says for those who
//! test it.

use cam::combinator::{Arrow, Combinators, FunctionId, IllTyped, Operation, Role};
use cam::types::{BOOL, TypeId, UNIT};
use cam::value::Value;

use super::scope::{Place, Variable};
use super::{Translated, Translator};
use crate::typed::{Claim, ClaimKind, Machine};

/// What claims are asked of together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Moment {
    /// Nothing: laws.
    Always,
    /// A state.
    State,
    /// A step: the stamps and the input, the state before and after, and the answer.
    Step,
    /// An upgrade from a version: the state before and after.
    Upgrade(u32),
}

impl Moment {
    /// Whether a claim can be asked then.
    #[must_use]
    pub fn has(self, claim: &Claim) -> bool {
        let is_of_state = matches!(claim.kind, ClaimKind::Invariant | ClaimKind::Witness);
        match self {
            Moment::Always => claim.kind == ClaimKind::Law,
            Moment::State => is_of_state,
            Moment::Step => is_of_state || claim.kind == ClaimKind::After,
            Moment::Upgrade(from) => {
                matches!(claim.kind, ClaimKind::Across { version, .. } if version == from)
            }
        }
    }
}

/// The claims at these positions as one program: `Migrate` from what the moment is about to the tuple of what they
/// come to, in that order. The moment must have all of them.
///
/// # Errors
/// As [`super::machine`].
pub fn claims(
    machine: &Machine,
    moment: Moment,
    positions: &[usize],
) -> Result<Combinators, IllTyped> {
    let mut translator = Translator::new(machine);
    let chosen: Vec<&Claim> = positions
        .iter()
        .map(|position| &machine.claims.list[*position])
        .collect();
    let argument = translator.moment_type(machine, moment, chosen.first().copied());
    let function = translator.function("claims", argument, |translator| {
        translator.bind_moment(machine, moment);
        let mut answers = Vec::with_capacity(chosen.len());
        for claim in &chosen {
            if let ClaimKind::Across { old, .. } = claim.kind {
                let place = Place::argument().part(0);
                translator.scope.bind(Variable::Local(old), place);
            }
            answers.push(translator.expression(claim.body)?);
        }
        translator.draft.tuple(translator.scope.gamma(), &answers)
    })?;
    Ok(Combinators {
        draft: translator.draft,
        exports: vec![(Role::Migrate, function)],
        schema: None,
    })
}

impl<'m> Translator<'m> {
    /// `check : S -> Bool`, if the machine says anything of its states: a node asks it before it goes on with a
    /// migrated one.
    pub(super) fn check(&mut self, machine: &'m Machine) -> Translated<Option<FunctionId>> {
        let invariants: Vec<&Claim> = machine
            .claims
            .list
            .iter()
            .filter(|claim| claim.kind == ClaimKind::Invariant)
            .collect();
        if invariants.is_empty() {
            return Ok(None);
        }
        let state = self.type_of(machine.state);
        let check = self.function("check", state, |translator| {
            let local = Variable::Local(machine.claims.state);
            translator.scope.bind(local, Place::argument());
            let mut answers = Vec::with_capacity(invariants.len());
            for invariant in &invariants {
                answers.push(translator.expression(invariant.body)?);
            }
            translator.all(&answers)
        })?;
        Ok(Some(check))
    }

    /// Whether all of them are true: they are equal to a tuple of as many truths. All are asked, so that one that
    /// stops is never hidden by one before it that does not hold.
    fn all(&mut self, answers: &[Arrow]) -> Translated<Arrow> {
        if let [only] = answers {
            return Ok(*only);
        }
        let gamma = self.scope.gamma();
        let found = self.draft.tuple(gamma, answers)?;
        let kind = self.draft.codomain(found);
        let truths = Value::product(vec![Value::bool(true); answers.len()]);
        let wanted = self.draft.constant(gamma, kind, truths)?;
        debug_assert!(answers.iter().all(|one| self.draft.codomain(*one) == BOOL));
        self.operate(Operation::Equal(kind), &[found, wanted])
    }

    fn moment_type(&mut self, machine: &Machine, moment: Moment, claim: Option<&Claim>) -> TypeId {
        let state = self.type_of(machine.state);
        match (moment, claim.map(|claim| claim.kind)) {
            (Moment::Always, _) => UNIT,
            (Moment::State, _) => state,
            (Moment::Step, _) => {
                let stamps: Vec<TypeId> = machine.stamps.iter().map(|one| one.type_id()).collect();
                let stamps = self.draft.types.product(&stamps);
                let (input, output) = (self.type_of(machine.input), self.type_of(machine.output));
                self.draft
                    .types
                    .product(&[stamps, input, state, state, output])
            }
            (Moment::Upgrade(_), Some(ClaimKind::Across { shape, .. })) => {
                let old = self.type_of(shape);
                self.draft.types.product(&[old, state])
            }
            (Moment::Upgrade(_), _) => UNIT,
        }
    }

    fn bind_moment(&mut self, machine: &Machine, moment: Moment) {
        let whole = Place::argument();
        let claims = &machine.claims;
        let bound = match moment {
            Moment::Always => Vec::new(),
            Moment::State => vec![(claims.state, whole)],
            Moment::Step => {
                for (index, stamp) in machine.stamps.iter().enumerate() {
                    let place = whole.parts(&[0, index]);
                    self.scope.bind(Variable::Stamp(*stamp), place);
                }
                let locals = [claims.input, claims.before, claims.state, claims.reply];
                let places = (1..).map(|index| whole.part(index));
                locals.into_iter().zip(places).collect()
            }
            Moment::Upgrade(_) => vec![(claims.state, whole.part(1))],
        };
        for (local, place) in bound {
            self.scope.bind(Variable::Local(local), place);
        }
    }
}
