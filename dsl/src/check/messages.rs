//! Problems that several places report, and the words they share.

use cam::schema::{Shape, ShapeId};

use super::Checker;
use super::types::{Form, Partial};
use crate::problem::catalogue::{T100, T102, T106, T111};
use crate::problem::{Problem, nearest};
use crate::source::Span;
use crate::typed::ExprId;

impl Checker<'_> {
    /// Holds an expression to a type.
    pub(super) fn enforce(&mut self, expr: ExprId, wanted: Partial) {
        let found = self.draft.type_of(expr);
        let span = self.draft.span_of(expr);
        self.enforce_at(span, found, wanted);
    }

    /// The same; whether it fits.
    pub(super) fn is_held(&mut self, expr: ExprId, wanted: Partial) -> bool {
        let mistakes = self.mistakes;
        self.enforce(expr, wanted);
        self.mistakes == mistakes
    }

    pub(super) fn enforce_at(&mut self, span: Span, found: Partial, wanted: Partial) {
        if !self.types.unify(found, wanted) {
            let problem = self.mismatch(span, found, wanted);
            self.report(problem);
        }
    }

    pub(super) fn mismatch(&mut self, span: Span, found: Partial, wanted: Partial) -> Problem {
        let (is, wants) = (self.types.describe(found), self.types.describe(wanted));
        let title = if is == wants {
            format!("this is a `{is}` of another version or another declaration")
        } else {
            format!("expected `{wants}`, found `{is}`")
        };
        let mut problem =
            Problem::new(T100, span, title).saying(format!("this is {}", with_article(&is)));
        if let Some(help) = self.conversion_help(span, found, wanted) {
            problem = problem.helping(help);
        }
        problem
    }

    /// How a value of one type becomes one of the other, if there is an obvious way.
    pub(super) fn conversion_help(
        &mut self,
        span: Span,
        found: Partial,
        wanted: Partial,
    ) -> Option<String> {
        let text = self.quote(span).unwrap_or("…").to_owned();
        match (self.types.form(found), self.types.form(wanted)) {
            (_, Form::Option(item)) if self.types.shape(item)? == self.types.shape(found)? => {
                Some(format!("wrap it: `Some({text})`"))
            }
            (Form::Option(item), _) if self.types.shape(item)? == self.types.shape(wanted)? => {
                Some(format!("say what it is when there is none: `{text} ?? …`"))
            }
            (_, Form::Shape(id)) => {
                let found = self.types.shape(found)?;
                let name = self.only_wrapper(id, found)?;
                Some(format!("wrap it: `{name}({text})`"))
            }
            _ => None,
        }
    }

    /// The only constructor of a variant whose payload has this shape.
    fn only_wrapper(&self, variant: ShapeId, payload: ShapeId) -> Option<String> {
        let Shape::Variant(_, constructors) = self.types.shapes.get(variant) else {
            return None;
        };
        let mut fitting = constructors
            .iter()
            .filter(|(_, shape)| *shape == payload)
            .map(|(name, _)| name.to_string());
        fitting.next().filter(|_| fitting.next().is_none())
    }

    pub(super) fn unknown_name(
        &mut self,
        word: &str,
        name: &str,
        span: Span,
        known: &[String],
    ) -> Problem {
        let problem = Problem::new(T102, span, format!("there is no {word} `{name}` here"));
        did_you_mean(problem, name, span, known)
    }

    pub(super) fn unknown_field(
        &mut self,
        record: Partial,
        field: &str,
        span: Span,
        known: &[String],
    ) -> Problem {
        let title = match self.types.describe(record) {
            description if known.is_empty() => format!("`{description}` has no field `{field}`"),
            _ => format!("there is no field `{field}` in this record"),
        };
        let problem = Problem::new(T106, span, title);
        let problem = match known {
            [] => problem,
            known => problem.noting(format!("its fields: {}", known.join(", "))),
        };
        did_you_mean(problem, field, span, known)
    }

    /// The type must be known where the words of `why` stand, and is not.
    pub(super) fn too_early(&mut self, span: Span, why: &str) -> Problem {
        Problem::new(
            T111,
            span,
            format!("the type of this is not known here, so {why}"),
        )
        .helping("use it first where only one type is possible, or put this in a `fn` with types")
    }
}

pub(super) fn did_you_mean(problem: Problem, word: &str, span: Span, known: &[String]) -> Problem {
    match nearest(word, known.iter().map(String::as_str)) {
        Some(near) => problem.helping(format!("did you mean `{near}`?")).fixed_by(
            format!("change to `{near}`"),
            span,
            near,
        ),
        None => problem,
    }
}

/// `a Reason`, `an Output`.
pub(super) fn with_article(name: &str) -> String {
    let article = if name.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} `{name}`")
}

/// `one`, `2 things`
pub(super) fn counted(count: usize, thing: &str) -> String {
    match count {
        0 => format!("no {thing}s"),
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}
