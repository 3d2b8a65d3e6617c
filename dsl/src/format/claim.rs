//! What is always true: invariants, properties, witnesses.

use super::printer::Printer;
use crate::ast::{Claim, Moment, Property};

impl Printer<'_> {
    /// `invariant n: e`, `witness n: e`
    pub(super) fn claim(&mut self, claim: &Claim) {
        self.claim_head();
        self.space();
        self.expr(&claim.condition);
    }

    /// `property n: after P in S => e`
    pub(super) fn property(&mut self, property: &Property) {
        self.claim_head();
        self.space();
        match &property.moment {
            Moment::Always => return self.expr(&property.condition),
            Moment::After { input, state } => {
                self.token();
                self.space();
                self.pattern(input);
                if let Some(state) = state {
                    self.space();
                    self.token();
                    self.space();
                    self.pattern(state);
                }
            }
            Moment::Across(_) => self.words(2),
        }
        self.value_after_word(&property.condition);
    }

    /// `invariant n:`
    fn claim_head(&mut self) {
        self.words(2);
        self.token();
    }
}
