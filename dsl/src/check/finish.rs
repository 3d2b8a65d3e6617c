//! The end: what can be judged only when all types are known, and the terms with their shapes.

use super::declare::too_large;
use super::inclusion::Inclusion;
use super::types::{Form, Partial};
use super::{Checker, Duty};
use crate::problem::Problem;
use crate::problem::catalogue::{T111, T113, T122, T144, U312};
use crate::source::Span;
use crate::typed::{FunctionIndex, Terms};

impl Checker<'_> {
    /// The terms, if nothing is wrong with them.
    pub(super) fn finish(&mut self) -> Option<Terms> {
        self.judge_duties();
        self.finish_terms(&[])
    }

    /// The terms, if nothing is wrong with them; `places` says where each function stands in the end.
    pub(super) fn finish_terms(&mut self, places: &[FunctionIndex]) -> Option<Terms> {
        // A type is often unknown because of a mistake elsewhere, so this is said only if there is none.
        if !self.problems.has_errors() && !self.is_spoilt {
            for span in self.types.open_holes() {
                let problem = Problem::new(T111, span, "the type of this is never said");
                self.report(
                    problem.helping("use it where only one type is possible, or leave it out"),
                );
            }
        }
        if !self.problems.has_errors()
            && !self.is_spoilt
            && let Some(span) = self.draft.first_without_shape(&mut self.types)
        {
            self.report(too_large(span));
        }
        if !self.problems.has_errors()
            && !self.is_spoilt
            && let Some(span) = self.draft.first_kept_function(&mut self.types)
        {
            let problem = Problem::new(T113, span, "a function is kept here, or chosen, or named")
                .noting("a function made by `curry` is no value: it is only led to the `apply` that uses it");
            self.report(
                problem.helping("lead it there with `>>>`, `&&&`, `***`, `first` and `second`"),
            );
        }
        if self.problems.has_errors() || self.is_spoilt {
            return None;
        }
        std::mem::take(&mut self.draft).finish(&mut self.types, places)
    }

    /// Records, alone or in a tuple, have an order that nobody wrote.
    fn warn_of_order(&mut self, partial: Partial, at: Span) {
        let parts = match self.types.form(partial) {
            Form::Tuple(parts) => parts,
            _ => vec![partial],
        };
        for part in parts {
            let Form::Record(fields) = self.types.form(part) else {
                continue;
            };
            let [first, second, ..] = &fields[..] else {
                continue;
            };
            let title = format!(
                "records are ordered by `{}` first, then by `{}`",
                first.0, second.0
            );
            let problem = Problem::new(T144, at, title).noting(
                "fields are compared in the order of their names, wherever they are written",
            );
            self.report(
                problem.helping(
                    "compare the fields that matter, in a tuple: `(a.x, a.y) < (b.x, b.y)`",
                ),
            );
            return;
        }
    }

    pub(super) fn judge_duties(&mut self) {
        for duty in std::mem::take(&mut self.duties) {
            match duty {
                Duty::Arms {
                    subject,
                    arms,
                    at,
                    place,
                } => self.judge_arms(subject, &arms, at, &place),
                Duty::Key {
                    partial,
                    at,
                    use_word,
                } => {
                    if self
                        .types
                        .shape(partial)
                        .is_some_and(|shape| !self.types.is_key(shape))
                    {
                        let title = format!("values with a map or a set in them cannot {use_word}");
                        let problem = Problem::new(T122, at, title);
                        self.report(problem.helping("use a number or a text of theirs"));
                    }
                }
                Duty::Order { partial, at } => self.warn_of_order(partial, at),
                Duty::Same { from, to, at } => {
                    let (Some(source), Some(target)) =
                        (self.types.shape(from), self.types.shape(to))
                    else {
                        continue;
                    };
                    if !Inclusion::new(&self.types.shapes).holds(source, target) {
                        let (from, to) = (self.types.describe(from), self.types.describe(to));
                        let title = format!("not every `{from}` is a `{to}`");
                        let problem = Problem::new(U312, at, title).noting(
                            "`same` needs equal fields, and every constructor in the new type",
                        );
                        self.report(
                            problem.helping("build the value field by field, or with a `match`"),
                        );
                    }
                }
            }
        }
    }
}
