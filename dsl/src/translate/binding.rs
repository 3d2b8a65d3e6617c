//! Names: `let`, and the matches that bind what a pattern finds.

use cam::combinator::Arrow;
use cam::types::TypeId;

use super::matching::Matcher;
use super::scope::{Place, Variable};
use super::{Branch, Outcome, Translated, Translator};
use crate::typed::{Arm, ExprId, ExprKind, PatternId, PatternKind};

impl<'m> Translator<'m> {
    /// A line of `let`s and what follows it.
    pub(super) fn lets(&mut self, first: ExprId, result: TypeId) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let mark = self.scope.mark();
        let mut line = Vec::new();
        let mut next = first;
        let terms = self.terms;
        while let ExprKind::Let {
            pattern,
            value,
            body,
        } = &terms.expr(next).kind
        {
            if !self.is_plain(*pattern) {
                break;
            }
            line.extend(self.named(*pattern, *value)?);
            next = *body;
        }
        line.push(match &terms.expr(next).kind {
            ExprKind::Let {
                pattern,
                value,
                body,
            } => {
                let branch = Branch {
                    guard: None,
                    outcome: Outcome::Value(*body),
                };
                self.choose(*value, &[(Some(*pattern), branch)], result)?
            }
            _ => self.expression(next)?,
        });
        self.scope.restore(mark);
        self.draft.chain(gamma, &line)
    }

    /// `⟨id, ⟦value⟧⟩`; the scope then has the names of a plain pattern. Nothing for a value that is idle.
    pub(super) fn named(&mut self, pattern: PatternId, value: ExprId) -> Translated<Option<Arrow>> {
        if self.is_idle(pattern, value) {
            return Ok(None);
        }
        let value = self.expression(value)?;
        let (extended, place) = self.scope.extend(&mut self.draft, value)?;
        self.bind_plain(pattern, place);
        Ok(Some(extended))
    }

    fn bind_plain(&mut self, pattern: PatternId, place: Place) {
        match &self.terms.pattern(pattern).kind {
            PatternKind::Bind(local) => self.scope.bind(Variable::Local(*local), place),
            PatternKind::Product(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    self.bind_plain(*part, place.part(index));
                }
            }
            _ => {}
        }
    }

    /// Whether a pattern only takes products apart and gives names.
    pub(super) fn is_plain(&self, pattern: PatternId) -> bool {
        match &self.terms.pattern(pattern).kind {
            PatternKind::Any | PatternKind::Bind(_) => true,
            PatternKind::Product(parts) => parts.iter().all(|part| self.is_plain(*part)),
            _ => false,
        }
    }

    pub(super) fn arms(
        &mut self,
        subject: ExprId,
        arms: &'m [Arm],
        result: TypeId,
    ) -> Translated<Arrow> {
        let branches: Vec<_> = arms
            .iter()
            .map(|arm| {
                let branch = Branch {
                    guard: arm.guard,
                    outcome: Outcome::Value(arm.body),
                };
                (Some(arm.pattern), branch)
            })
            .collect();
        self.choose(subject, &branches, result)
    }

    /// `⟨id, ⟦subject⟧⟩`, then the first branch whose pattern matches; no pattern matches all.
    pub(super) fn choose(
        &mut self,
        subject: ExprId,
        branches: &[(Option<PatternId>, Branch<'m>)],
        result: TypeId,
    ) -> Translated<Arrow> {
        let rows: Vec<_> = branches
            .iter()
            .map(|(pattern, branch)| (pattern.iter().copied().collect(), *branch))
            .collect();
        self.with(subject, |translator, place| {
            translator.matched(&[place], &rows, result)
        })
    }

    /// The first row whose patterns match what stands at the places.
    pub(super) fn matched(
        &mut self,
        places: &[Place],
        rows: &[(Vec<PatternId>, Branch<'m>)],
        result: TypeId,
    ) -> Translated<Arrow> {
        let subjects: Vec<u32> = places.iter().map(|_| self.fresh.next()).collect();
        let matcher = Matcher::new(self.terms, self.shapes, &mut self.fresh);
        let made = rows
            .iter()
            .enumerate()
            .map(|(index, (patterns, branch))| {
                let patterns = subjects.iter().copied().zip(patterns.iter().copied());
                matcher.row(index, branch.guard.is_some(), patterns)
            })
            .collect();
        let decision = matcher.decide(made)?;
        let branches: Vec<Branch<'m>> = rows.iter().map(|(_, branch)| *branch).collect();
        let mark = self.scope.mark();
        for (subject, place) in subjects.iter().zip(places) {
            self.scope.bind(Variable::Subject(*subject), place.clone());
        }
        self.descend()?; // a match takes as much of the translator's stack as two choices
        let arrow = self.decision(&decision, &branches, result)?;
        self.ascend();
        self.scope.restore(mark);
        Ok(arrow)
    }
}
