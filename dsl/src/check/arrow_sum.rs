//! Arrows that choose: between the sides of an `Either`, by a `Bool`; and those on what is inside another value.

use cam::limits::TYPE_HEIGHT_MAX;

use super::Checker;
use super::messages::with_article;
use super::types::{Form, Partial};
use crate::ast::{self, ArrowKind as Written};
use crate::problem::Problem;
use crate::problem::catalogue::{T106, T107, T112, T123};
use crate::source::Span;
use crate::typed::{ArrowId, ArrowKind, PatternKind};

const DISTRIBUTED: &str =
    "match y { Left(left) => Left((x, left)), Right(right) => Right((x, right)) }";

/// The parts of a `choose`, in the order in which they run.
const PARTS: [&str; 3] = ["test", "yes", "no"];

impl Checker<'_> {
    /// The sides of an `Either`, if the domain is one.
    fn sides(&mut self, domain: Partial, word: &str, span: Span) -> Option<(Partial, Partial)> {
        match self.types.form(domain) {
            Form::Either(left, right) => Some((left, right)),
            Form::Unknown => None,
            Form::Hole => {
                let sides = (self.types.hole(span), self.types.hole(span));
                let either = self.types.make(Form::Either(sides.0, sides.1));
                self.types.unify(domain, either);
                Some(sides)
            }
            _ => {
                let found = with_article(&self.types.describe(domain));
                let title = format!("`{word}` is for an `Either`, this is given {found}");
                let problem = Problem::new(T112, span, title);
                self.report(problem.helping("`case { … }` is for any variant"));
                None
            }
        }
    }

    /// `inl` and `inr`; what the other side is, the place must say.
    pub(super) fn side(
        &mut self,
        kind: &Written,
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let is_left = matches!(kind, Written::Inl);
        let known = match hint.map(|hint| self.types.form(hint)) {
            Some(Form::Either(left, right)) => Some(if is_left { right } else { left }),
            _ => None,
        };
        let other = known.unwrap_or_else(|| self.types.hole(span));
        let (left, right) = if is_left {
            (domain, other)
        } else {
            (other, domain)
        };
        let either = self.types.make(Form::Either(left, right));
        let inject = ArrowKind::Inject(usize::from(!is_left));
        self.draft.arrow(inject, domain, either, span)
    }

    /// `distl`
    pub(super) fn distributed(&mut self, domain: Partial, span: Span) -> ArrowId {
        let Some((beside, either)) = self.pair(domain, "distl", span) else {
            return self.unknown_arrow(domain, span);
        };
        let Some((left, right)) = self.sides(either, "distl", span) else {
            return self.unknown_arrow(domain, span);
        };
        let sides = [left, right].map(|side| self.types.make(Form::Tuple(vec![beside, side])));
        let result = self.types.make(Form::Either(sides[0], sides[1]));
        let ((first, x), (second, y)) = (self.fresh(beside, span), self.fresh(either, span));
        let parameter = PatternKind::Product(vec![first, second]);
        let parameter = self.draft.pattern(parameter, domain, span);
        let values = [self.local(x, beside, span), self.local(y, either, span)];
        let body = self.expanded_with(DISTRIBUTED, &values, None, Some(result), span);
        self.draft
            .arrow(ArrowKind::Lambda { parameter, body }, domain, result, span)
    }

    /// Each arrow but the last is for an `Either` inside another, and the checker follows them by recursion. A
    /// type does not nest so deep, but where nothing says what the type is, it is made up as the chain goes on.
    pub(super) fn too_many_sides(
        &mut self,
        arrows: &[ast::Arrow],
        domain: Partial,
        span: Span,
    ) -> ArrowId {
        let count = arrows.len();
        let title = format!(
            "an `Either` has no {count} sides: a type nests at most {TYPE_HEIGHT_MAX} deep"
        );
        let problem = Problem::new(T123, span, title);
        self.report(problem.helping("declare a variant and use `case { … }`"));
        self.unknown_arrow(domain, span)
    }

    /// `f ||| g`; of three, the last two are for the sides of the right side.
    pub(super) fn either_way(
        &mut self,
        arrows: &[ast::Arrow],
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let [first, rest @ ..] = arrows else {
            return self.unknown_arrow(domain, span);
        };
        let Some((left, right)) = self.sides(domain, "|||", span) else {
            return self.unknown_arrow(domain, span);
        };
        let codomain = hint.unwrap_or_else(|| self.types.hole(span));
        let on_left = self.arrow(first, left, Some(codomain));
        self.enforce_at(first.span, self.draft.codomain(on_left), codomain);
        let (on_right, at) = match rest {
            [last] => (self.arrow(last, right, Some(codomain)), last.span),
            _ => (self.either_way(rest, right, Some(codomain), span), span),
        };
        self.enforce_at(at, self.draft.codomain(on_right), codomain);
        let case = ArrowKind::Case(vec![on_left, on_right]);
        self.draft.arrow(case, domain, codomain, span)
    }

    /// `f +++ g`; of three, the last two are for the sides of the right side.
    pub(super) fn both_sides(
        &mut self,
        arrows: &[ast::Arrow],
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let [first, rest @ ..] = arrows else {
            return self.unknown_arrow(domain, span);
        };
        let Some((left, right)) = self.sides(domain, "+++", span) else {
            return self.unknown_arrow(domain, span);
        };
        let hints = match hint.map(|hint| self.types.form(hint)) {
            Some(Form::Either(left, right)) => (Some(left), Some(right)),
            _ => (None, None),
        };
        let on_left = self.arrow(first, left, hints.0);
        let on_right = match rest {
            [last] => self.arrow(last, right, hints.1),
            _ => self.both_sides(rest, right, hints.1, span),
        };
        let sides = [on_left, on_right].map(|arrow| self.draft.codomain(arrow));
        let either = self.types.make(Form::Either(sides[0], sides[1]));
        let mut arms = Vec::with_capacity(2);
        for (index, (arrow, from)) in [(on_left, left), (on_right, right)].into_iter().enumerate() {
            let inject = ArrowKind::Inject(index);
            let inject = self.draft.arrow(inject, sides[index], either, span);
            let both = ArrowKind::Compose(vec![arrow, inject]);
            arms.push(self.draft.arrow(both, from, either, span));
        }
        self.draft
            .arrow(ArrowKind::Case(arms), domain, either, span)
    }

    /// `choose { test: p, yes: f, no: g }`
    pub(super) fn choose_arrow(
        &mut self,
        fields: &[ast::FieldArrow],
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let mut found: [Option<&ast::Arrow>; 3] = [None; 3];
        let mistakes = self.mistakes;
        for field in fields {
            match PARTS.iter().position(|part| *part == field.name.text) {
                Some(place) if found[place].is_none() => found[place] = Some(&field.arrow),
                Some(_) => self.report_double_field(&field.name),
                None => {
                    let title = format!("`choose` has no `{}`", field.name.text);
                    let problem = Problem::new(T106, field.name.span, title);
                    self.report(problem.helping("its parts are `test`, `yes` and `no`"));
                }
            }
        }
        let [Some(test), Some(yes), Some(no)] = found else {
            if self.mistakes == mistakes {
                let missing = PARTS.iter().zip(found).filter(|(_, part)| part.is_none());
                let missing: Vec<&str> = missing.map(|(part, _)| *part).collect();
                let title = format!("this `choose` has no `{}`", missing.join("`, no `"));
                let problem = Problem::new(T107, span, title);
                self.report(problem.helping("write it like `choose { test: f, yes: g, no: h }`"));
            }
            return self.unknown_arrow(domain, span);
        };
        let bool = self.types.bool();
        let at = test.span;
        let test = self.arrow(test, domain, Some(bool));
        self.enforce_at(at, self.draft.codomain(test), bool);
        let codomain = hint.unwrap_or_else(|| self.types.hole(span));
        let [yes, no] = [yes, no].map(|written| {
            let arrow = self.arrow(written, domain, Some(codomain));
            self.enforce_at(written.span, self.draft.codomain(arrow), codomain);
            arrow
        });
        self.draft
            .arrow(ArrowKind::Choose { test, yes, no }, domain, codomain, span)
    }

    /// `modify f`, which is `get >>> f >>> put`
    pub(super) fn modify(&mut self, inside: &ast::Arrow, domain: Partial, span: Span) -> ArrowId {
        let Some(state) = self.frame.arrow_state else {
            return self.no_state("modify", domain, span);
        };
        let get = self.stateful(&Written::Get, domain, span);
        let arrow = self.arrow(inside, state, Some(state));
        self.enforce_at(inside.span, self.draft.codomain(arrow), state);
        let put = self.stateful(&Written::Put, state, span);
        let unit = self.types.unit();
        let chain = ArrowKind::Compose(vec![get, arrow, put]);
        self.draft.arrow(chain, domain, unit, span)
    }

    /// `tap f`
    pub(super) fn tap(&mut self, inside: &ast::Arrow, domain: Partial, span: Span) -> ArrowId {
        let arrow = self.arrow(inside, domain, None);
        let identity = self.draft.arrow(ArrowKind::Identity, domain, domain, span);
        let both = vec![self.draft.codomain(arrow), domain];
        let both = self.types.make(Form::Tuple(both));
        let fanout = ArrowKind::Fanout(vec![arrow, identity]);
        let fanout = self.draft.arrow(fanout, domain, both, span);
        let second = self.draft.arrow(ArrowKind::Project(1), both, domain, span);
        let chain = ArrowKind::Compose(vec![fanout, second]);
        self.draft.arrow(chain, domain, domain, span)
    }

    /// `each f`
    pub(super) fn each(
        &mut self,
        inside: &ast::Arrow,
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let form = self.types.form(domain);
        let (Form::List(item) | Form::Option(item) | Form::Set(item) | Form::Map(_, item)) = form
        else {
            if form != Form::Unknown {
                let found = with_article(&self.types.describe(domain));
                let title =
                    format!("`each` is for lists, options, sets and maps, this is given {found}");
                self.report(Problem::new(T112, span, title));
            }
            return self.unknown_arrow(domain, span);
        };
        let hint = match hint.map(|hint| self.types.form(hint)) {
            Some(Form::List(item) | Form::Option(item) | Form::Set(item) | Form::Map(_, item)) => {
                Some(item)
            }
            _ => None,
        };
        let arrow = self.arrow(inside, item, hint);
        let to = self.draft.codomain(arrow);
        match form {
            Form::Option(_) => self.each_option(arrow, (domain, item), to, span),
            Form::Set(_) => self.each_of_set(arrow, (domain, item), to, span),
            Form::Map(key, _) => {
                let map = self.types.make(Form::Map(key, to));
                self.draft.arrow(ArrowKind::Each(arrow), domain, map, span)
            }
            _ => {
                let list = self.types.make(Form::List(to));
                self.draft.arrow(ArrowKind::Each(arrow), domain, list, span)
            }
        }
    }

    fn each_option(
        &mut self,
        arrow: ArrowId,
        (domain, item): (Partial, Partial),
        to: Partial,
        span: Span,
    ) -> ArrowId {
        let (option, unit) = (self.types.make(Form::Option(to)), self.types.unit());
        let none = self.draft.arrow(ArrowKind::Inject(0), unit, option, span);
        let some = self.draft.arrow(ArrowKind::Inject(1), to, option, span);
        let chain = ArrowKind::Compose(vec![arrow, some]);
        let some = self.draft.arrow(chain, item, option, span);
        let case = ArrowKind::Case(vec![none, some]);
        self.draft.arrow(case, domain, option, span)
    }

    /// The items as a list, `each` of it, and a set of the results.
    fn each_of_set(
        &mut self,
        arrow: ArrowId,
        (domain, item): (Partial, Partial),
        to: Partial,
        span: Span,
    ) -> ArrowId {
        let from_list = self.types.make(Form::List(item));
        let to_list = self.types.make(Form::List(to));
        let items = self.template_arrow(
            "fold(xs, [], fn(so_far, item) => push(so_far, item))",
            domain,
            from_list,
            span,
        );
        let each = self
            .draft
            .arrow(ArrowKind::Each(arrow), from_list, to_list, span);
        let set = self.types.make(Form::Set(to));
        let unite = self.template_arrow(
            "fold(xs, Set[], fn(so_far, item) => insert(so_far, item))",
            to_list,
            set,
            span,
        );
        let chain = ArrowKind::Compose(vec![items, each, unite]);
        self.draft.arrow(chain, domain, set, span)
    }

    fn template_arrow(
        &mut self,
        template: &'static str,
        from: Partial,
        to: Partial,
        span: Span,
    ) -> ArrowId {
        let (parameter, local) = self.fresh(from, span);
        let subject = self.local(local, from, span);
        let body = self.expanded(template, subject, None, Some(to), span);
        self.enforce(body, to);
        self.draft
            .arrow(ArrowKind::Lambda { parameter, body }, from, to, span)
    }
}
