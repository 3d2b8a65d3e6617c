//! Functions that are not in the source: what would stand twice, or too deep, stands once and is called.

use std::collections::BTreeSet;

use cam::combinator::{Arrow, FunctionId};
use cam::types::TypeId;

use super::choice::Outcome;
use super::free::free;
use super::scope::{Place, Variable};
use super::{Translated, Translator};
use crate::typed::{ExprId, ExprKind, Handler};

/// A function made of a part of another, and what it is given.
#[derive(Clone, Debug)]
pub(super) struct Outlined {
    function: FunctionId,
    pub(super) needs: Vec<Variable>,
}

impl<'m> Translator<'m> {
    /// The function of what a branch does.
    pub(super) fn outline_outcome(
        &mut self,
        outcome: Outcome<'m>,
        result: TypeId,
    ) -> Translated<Outlined> {
        let needs = free(self.terms, outcome.terms());
        self.outline("branch", needs, |translator| {
            translator.outcome(outcome, result)
        })
    }

    /// Defines a function of what it needs, and nothing else.
    pub(super) fn outline(
        &mut self,
        name: &str,
        needs: BTreeSet<Variable>,
        body: impl FnOnce(&mut Self) -> Translated<Arrow>,
    ) -> Translated<Outlined> {
        let needs: Vec<Variable> = needs.into_iter().collect();
        let captured = self.capture(&needs)?;
        let argument = self.draft.codomain(captured);
        let function = self.function(name, argument, |translator| {
            for (index, variable) in needs.iter().enumerate() {
                let place = Place::argument().part(index);
                translator.scope.bind(*variable, place);
            }
            body(translator)
        })?;
        Ok(Outlined { function, needs })
    }

    pub(super) fn call_outlined(&mut self, outlined: &Outlined) -> Translated<Arrow> {
        let captured = self.capture(&outlined.needs)?;
        let call = self.draft.call(outlined.function)?;
        self.draft.compose(captured, call)
    }

    /// Whether a branch is smaller than a call of it.
    pub(super) fn is_small_outcome(&self, outcome: Outcome<'m>) -> bool {
        match outcome {
            Outcome::Value(value) | Outcome::Round { value, .. } => self.is_small_value(value),
            Outcome::Handler(Handler::Finish { output, .. }) => self.is_small_value(*output),
            Outcome::Handler(_) | Outcome::Statements(..) => false,
        }
    }

    fn is_small_value(&self, value: ExprId) -> bool {
        match &self.terms.expr(value).kind {
            ExprKind::Int(_)
            | ExprKind::Text(_)
            | ExprKind::Bytes(_)
            | ExprKind::Bool(_)
            | ExprKind::Local(_)
            | ExprKind::Stamp(_)
            | ExprKind::Refuse
            | ExprKind::MissingKey => true,
            ExprKind::Tuple(parts) => parts.is_empty(),
            ExprKind::Inject { payload, .. } => self.is_small_value(*payload),
            ExprKind::Project { product, .. } => self.is_small_value(*product),
            _ => false,
        }
    }
}
