//! Constructors and records: values that are put together.

use super::Checker;
use super::messages::{counted, did_you_mean};
use super::sight::{Reading, Seen};
use super::types::{Form, Partial};
use crate::ast;
use crate::limits::PROBLEMS_MAX;
use crate::problem::Problem;
use crate::problem::catalogue::{T103, T104, T105, T117};
use crate::source::Span;
use crate::typed::{ExprId, ExprKind};

/// Constructors in one note; a longer list is not read.
const LISTED_MAX: usize = 12;

/// A constructor with its meaning.
pub(super) struct Constructor {
    pub(super) variant: Partial,
    pub(super) index: usize,
    pub(super) payload: Partial,
}

impl Checker<'_> {
    /// The constructor a name means: that of the wanted type, else the only one of the name. Reported if there is none.
    pub(super) fn find_constructor(
        &mut self,
        constructor: &ast::ConstructorName,
        wanted: Option<Partial>,
    ) -> Option<Constructor> {
        let span = constructor.name.span;
        if constructor.of.is_none() {
            self.wish_value(span, wanted);
        }
        let found = self.look_constructor_up(constructor, wanted);
        if let Some(found) = &found {
            let name = constructor.name.text.as_str().into();
            let seen = Seen::Constructor(found.variant, name);
            self.see(span, seen, Reading::Value(found.variant));
        }
        found
    }

    fn look_constructor_up(
        &mut self,
        constructor: &ast::ConstructorName,
        wanted: Option<Partial>,
    ) -> Option<Constructor> {
        let name = &constructor.name;
        if name.text.is_empty() {
            return None;
        }
        if let Some(of) = &constructor.of {
            return self.find_qualified(of, name);
        }
        if let Some(wanted) = wanted
            && let Some(found) = self.constructor_of(wanted, &name.text)
        {
            return Some(found);
        }
        if matches!(&*name.text, "Some" | "None") {
            let item = self.types.hole(name.span);
            let option = self.types.make(Form::Option(item));
            return self.constructor_of(option, &name.text);
        }
        match *self.names.variants_with(&name.text) {
            [one] => {
                let variant = self.types.closed(one);
                self.constructor_of(variant, &name.text)
            }
            [] if self.names.is_broken(&name.text) => None,
            [] if matches!(&*name.text, "Left" | "Right") => {
                let sides = (self.types.hole(name.span), self.types.hole(name.span));
                let either = self.types.make(Form::Either(sides.0, sides.1));
                self.constructor_of(either, &name.text)
            }
            [] => {
                self.report_unknown_constructor(name, wanted);
                None
            }
            [_, _, ..] => {
                self.report_ambiguous(name);
                None
            }
        }
    }

    fn find_qualified(&mut self, of: &ast::Name, name: &ast::Name) -> Option<Constructor> {
        let variant = match self.names.shape_named(&of.text) {
            Some(shape) => {
                self.see(of.span, Seen::Type(of.text.clone()), Reading::None);
                let variant = self.types.closed(shape);
                self.wish_pattern(name.span, variant);
                variant
            }
            None if self.declaration_of(&of.text).is_some() => return None,
            None => {
                let title = format!("there is no type `{}`", of.text);
                let known = self.comparable(self.names.type_names());
                let problem = did_you_mean(
                    Problem::new(T103, of.span, title),
                    &of.text,
                    of.span,
                    &known,
                );
                self.report(problem);
                return None;
            }
        };
        let found = self.constructor_of(variant, &name.text);
        if found.is_none() {
            self.report_unknown_constructor(name, Some(variant));
        }
        found
    }

    /// The constructor of this name in a variant or option.
    pub(super) fn constructor_of(&mut self, variant: Partial, name: &str) -> Option<Constructor> {
        let constructors = self.constructors(variant)?;
        let index = constructors.iter().position(|(own, _)| **own == *name)?;
        Some(Constructor {
            variant,
            index,
            payload: constructors[index].1,
        })
    }

    fn report_unknown_constructor(&mut self, name: &ast::Name, wanted: Option<Partial>) {
        let own = wanted.and_then(|wanted| self.constructors(wanted));
        let (title, known): (String, Vec<String>) = match (own, wanted) {
            (Some(own), Some(wanted)) => {
                let title = format!(
                    "`{}` has no constructor `{}`",
                    self.types.describe(wanted),
                    name.text
                );
                (
                    title,
                    own.iter().map(|(name, _)| name.to_string()).collect(),
                )
            }
            _ => {
                let title = format!("there is no constructor `{}`", name.text);
                (
                    title,
                    self.names.constructor_names().map(str::to_owned).collect(),
                )
            }
        };
        let mut problem = Problem::new(T104, name.span, title);
        if known.len() <= LISTED_MAX && wanted.is_some() {
            problem = problem.noting(format!("its constructors: {}", known.join(", ")));
        }
        self.report(did_you_mean(problem, &name.text, name.span, &known));
    }

    /// Adds the constructor that an unknown lower-case name is perhaps meant to be, or all that may stand here.
    pub(super) fn or_constructor(
        &mut self,
        mut problem: Problem,
        name: &ast::Name,
        wanted: Option<Partial>,
    ) -> Problem {
        if self.mistakes >= PROBLEMS_MAX {
            return problem; // it is left out anyway
        }
        let own = wanted.and_then(|wanted| self.constructors(wanted));
        let own: Vec<String> = own
            .into_iter()
            .flatten()
            .map(|(name, _)| name.to_string())
            .collect();
        let others = self.names.constructor_names().map(str::to_owned);
        let meant = own
            .iter()
            .cloned()
            .chain(others)
            .find(|known| known.eq_ignore_ascii_case(&name.text));
        if let Some(meant) = meant {
            problem.help.clear();
            problem.fixes.clear();
            return problem
                .helping(format!(
                    "did you mean `{meant}`? constructors begin with an upper-case letter"
                ))
                .fixed_by(format!("change to `{meant}`"), name.span, meant);
        }
        if !problem.help.is_empty() || own.is_empty() || own.len() > LISTED_MAX {
            return problem;
        }
        let problem = problem.noting(format!("constructors that fit here: {}", own.join(", ")));
        did_you_mean(problem, &name.text, name.span, &own)
    }

    fn report_ambiguous(&mut self, name: &ast::Name) {
        let variants: Vec<_> = self.names.variants_with(&name.text).to_vec();
        let ways: Vec<String> = variants
            .into_iter()
            .map(|variant| {
                let partial = self.types.closed(variant);
                format!("`{}.{}`", self.types.describe(partial), name.text)
            })
            .collect();
        let title = format!(
            "`{}` is a constructor of {}",
            name.text,
            counted(ways.len(), "type")
        );
        self.report(
            Problem::new(T105, name.span, title)
                .helping(format!("say which: {}", ways.join(" or "))),
        );
    }

    pub(super) fn construct(
        &mut self,
        constructor: &ast::ConstructorName,
        payload: &ast::ExprPayload,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let Some(found) = self.find_constructor(constructor, hint) else {
            self.look_at_payload(payload);
            return self.unknown(span);
        };
        let payload = match payload {
            ast::ExprPayload::None => self.no_payload(constructor, found.payload, span),
            ast::ExprPayload::Tuple(parts) => {
                let parts: Vec<&ast::Expr> = parts.iter().collect();
                self.tuple_payload(constructor, &parts, found.payload, span)
            }
            ast::ExprPayload::Record(record) => {
                let value = self.record(record, Some(found.payload));
                self.enforce(value, found.payload);
                value
            }
        };
        self.draft.expr(
            ExprKind::Inject {
                constructor: found.index,
                payload,
            },
            found.variant,
            span,
        )
    }

    /// Looks for mistakes inside the payload of a constructor nobody knows.
    fn look_at_payload(&mut self, payload: &ast::ExprPayload) {
        match payload {
            ast::ExprPayload::None => {}
            ast::ExprPayload::Tuple(parts) => parts.iter().for_each(|part| {
                self.infer(part);
            }),
            ast::ExprPayload::Record(record) => record.fields.iter().for_each(|field| {
                self.infer(&field.value);
            }),
        }
    }

    fn no_payload(
        &mut self,
        constructor: &ast::ConstructorName,
        payload: Partial,
        span: Span,
    ) -> ExprId {
        let unit = self.types.unit();
        if self.types.unify(payload, unit) {
            return self.draft.expr(ExprKind::Tuple(Vec::new()), unit, span);
        }
        let (name, carries) = (&constructor.name.text, self.types.describe(payload));
        let form = if carries.starts_with('{') {
            format!("`{name} {{ … }}`")
        } else {
            format!("`{name}(…)`")
        };
        let problem = Problem::new(T117, span, format!("`{name}` carries `{carries}`"));
        self.report(problem.helping(format!("give it a value: {form}")));
        self.unknown(span)
    }

    pub(super) fn tuple_payload(
        &mut self,
        constructor: &ast::ConstructorName,
        parts: &[&ast::Expr],
        payload: Partial,
        span: Span,
    ) -> ExprId {
        let kinds = match (parts, self.types.form(payload)) {
            ([one], form) if form != Form::Tuple(Vec::new()) => return self.check(one, payload),
            (_, Form::Tuple(kinds)) if kinds.len() == parts.len() => kinds,
            _ => {
                let carries = match self.types.describe(payload) {
                    unit if unit == "()" => "nothing".to_owned(),
                    carries => format!("`{carries}`"),
                };
                let title = format!(
                    "`{}` carries {carries}, here it is given {}",
                    constructor.name.text,
                    counted(parts.len(), "value")
                );
                self.report(Problem::new(T117, span, title));
                parts.iter().for_each(|part| {
                    self.infer(part);
                });
                return self.unknown(span);
            }
        };
        let parts = parts
            .iter()
            .zip(kinds)
            .map(|(part, kind)| self.check(part, kind))
            .collect();
        self.draft.expr(ExprKind::Tuple(parts), payload, span)
    }
}
