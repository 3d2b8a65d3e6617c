//! Arrows. The domain is always known and flows from left to right; the codomain comes out.

use std::collections::BTreeSet;

use super::exhaustive::Place;
use super::messages::with_article;
use super::sight::{Reading, Seen};
use super::types::{Form, Partial};
use super::{Checker, Frame};
use crate::ast::{self, ArrowKind as Written, Combinator};
use crate::limits::NESTING_MAX;
use crate::problem::Problem;
use crate::problem::catalogue::{M114, T100, T104, T108, T109, T112, T201};
use crate::source::Span;
use crate::typed::{ArrowId, ArrowKind, PatternKind};

impl Checker<'_> {
    /// An arrow outside of a step: it sees no local, no state and no stamp.
    pub(super) fn closed_arrow(
        &mut self,
        arrow: &ast::Arrow,
        domain: Partial,
        hint: Option<Partial>,
    ) -> ArrowId {
        self.within(Frame::default(), |checker| {
            checker.hidden(|checker| checker.arrow(arrow, domain, hint))
        })
    }

    /// Does something with all locals out of sight.
    pub(super) fn hidden<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let barrier = self.scope.raise_barrier();
        let result = work(self);
        self.scope.restore_barrier(barrier);
        result
    }

    pub(super) fn arrow(
        &mut self,
        arrow: &ast::Arrow,
        domain: Partial,
        hint: Option<Partial>,
    ) -> ArrowId {
        let checked = self.arrow_form(arrow, domain, hint);
        let reading = Reading::Arrow(domain, self.draft.codomain(checked));
        self.see_reading(arrow.span, reading);
        checked
    }

    fn arrow_form(
        &mut self,
        arrow: &ast::Arrow,
        domain: Partial,
        hint: Option<Partial>,
    ) -> ArrowId {
        let span = arrow.span;
        match &arrow.kind {
            Written::Identity => self.draft.arrow(ArrowKind::Identity, domain, domain, span),
            Written::Fst => self.part(0, domain, span),
            Written::Snd => self.part(1, domain, span),
            Written::Get | Written::Put => self.stateful(&arrow.kind, domain, span),
            Written::Inl | Written::Inr => self.side(&arrow.kind, domain, hint, span),
            Written::Distl => self.distributed(domain, span),
            Written::Curry(inside) => self.curry(inside, domain, hint, span),
            Written::Apply => self.apply(domain, span),
            Written::Each(inside) => self.each(inside, domain, hint, span),
            Written::Modify(inside) => self.modify(inside, domain, span),
            Written::Tap(inside) => self.tap(inside, domain, span),
            Written::Choose(fields) => self.choose_arrow(fields, domain, hint, span),
            Written::Const(value) => {
                let value = self.hinted(value, hint);
                let codomain = self.draft.type_of(value);
                self.draft
                    .arrow(ArrowKind::Constant(value), domain, codomain, span)
            }
            Written::First(inside) => self.on_part(inside, 0, domain, hint, span),
            Written::Second(inside) => self.on_part(inside, 1, domain, hint, span),
            Written::Case(arms) => self.case(arms, domain, hint, span),
            Written::Name(name) => self.named_arrow(name, domain, hint),
            Written::Constructor(constructor) => {
                self.constructor_arrow(constructor, domain, hint, span)
            }
            Written::Field(name) => match self.field_of(domain, name) {
                Some((index, codomain)) => {
                    self.draft
                        .arrow(ArrowKind::Project(index), domain, codomain, span)
                }
                None => self.unknown_arrow(domain, span),
            },
            Written::Record(fields) => self.record_arrow(fields, domain, hint, span),
            Written::Lambda(lambda) => self.lambda_arrow(lambda, domain, hint),
            Written::Chain { combinator, arrows } => match combinator {
                Combinator::Compose => self.compose(arrows, domain, hint, span),
                Combinator::Fanout => self.fanout(arrows, domain, hint, span),
                Combinator::Product => self.parallel(arrows, domain, hint, span),
                Combinator::Choice | Combinator::Sum if arrows.len() > NESTING_MAX => {
                    self.too_many_sides(arrows, domain, span)
                }
                Combinator::Choice => self.either_way(arrows, domain, hint, span),
                Combinator::Sum => self.both_sides(arrows, domain, hint, span),
            },
            Written::Error => self.unknown_arrow(domain, span),
        }
    }

    pub(super) fn unknown_arrow(&mut self, domain: Partial, span: Span) -> ArrowId {
        self.spoil();
        let unknown = self.types.unknown();
        self.draft.arrow(ArrowKind::Identity, domain, unknown, span)
    }

    /// The types of a pair, if the domain is one.
    pub(super) fn pair(
        &mut self,
        domain: Partial,
        word: &str,
        span: Span,
    ) -> Option<(Partial, Partial)> {
        match self.types.form(domain) {
            Form::Tuple(parts) if parts.len() == 2 => Some((parts[0], parts[1])),
            Form::Unknown => None,
            Form::Hole => {
                let parts = (self.types.hole(span), self.types.hole(span));
                let pair = self.types.make(Form::Tuple(vec![parts.0, parts.1]));
                self.types.unify(domain, pair);
                Some(parts)
            }
            _ => {
                let found = with_article(&self.types.describe(domain));
                let problem = Problem::new(
                    T112,
                    span,
                    format!("`{word}` is for pairs, this is given {found}"),
                );
                self.report(problem);
                None
            }
        }
    }

    fn part(&mut self, index: usize, domain: Partial, span: Span) -> ArrowId {
        let word = if index == 0 { "fst" } else { "snd" };
        match self.pair(domain, word, span) {
            Some((first, second)) => {
                let codomain = if index == 0 { first } else { second };
                self.draft
                    .arrow(ArrowKind::Project(index), domain, codomain, span)
            }
            None => self.unknown_arrow(domain, span),
        }
    }

    fn on_part(
        &mut self,
        inside: &ast::Arrow,
        index: usize,
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let word = if index == 0 { "first" } else { "second" };
        let Some((first, second)) = self.pair(domain, word, span) else {
            return self.unknown_arrow(domain, span);
        };
        let part_hint = hint.and_then(|hint| match self.types.form(hint) {
            Form::Tuple(parts) if parts.len() == 2 => Some(parts[index]),
            _ => None,
        });
        let (changed, kept) = if index == 0 {
            (first, second)
        } else {
            (second, first)
        };
        let arrow = self.arrow(inside, changed, part_hint);
        let identity = self.draft.arrow(ArrowKind::Identity, kept, kept, span);
        let arrows = if index == 0 {
            vec![arrow, identity]
        } else {
            vec![identity, arrow]
        };
        let parts = arrows
            .iter()
            .map(|arrow| self.draft.codomain(*arrow))
            .collect();
        let codomain = self.types.make(Form::Tuple(parts));
        self.draft
            .arrow(ArrowKind::Parallel(arrows), domain, codomain, span)
    }

    pub(super) fn stateful(&mut self, kind: &Written, domain: Partial, span: Span) -> ArrowId {
        let is_get = matches!(kind, Written::Get);
        let word = if is_get { "get" } else { "put" };
        let Some(state) = self.frame.arrow_state else {
            return self.no_state(word, domain, span);
        };
        if is_get {
            return self.draft.arrow(ArrowKind::Get, domain, state, span);
        }
        self.enforce_arrow("put", domain, state, span);
        let unit = self.types.unit();
        self.draft.arrow(ArrowKind::Put, domain, unit, span)
    }

    pub(super) fn no_state(&mut self, word: &str, domain: Partial, span: Span) -> ArrowId {
        let title = format!("there is no state for `{word}` here");
        let help = "use it in `step = …` or in `on … = …`; give functions the state as an argument";
        self.report(Problem::new(M114, span, title).helping(help));
        self.unknown_arrow(domain, span)
    }

    /// Holds what flows into an arrow to what the arrow takes.
    pub(super) fn enforce_arrow(
        &mut self,
        name: &str,
        found: Partial,
        wanted: Partial,
        span: Span,
    ) {
        if !self.types.unify(found, wanted) {
            let (is, wants) = (self.types.describe(found), self.types.describe(wanted));
            let title = format!(
                "`{name}` takes {}, here it is given {}",
                with_article(&wants),
                with_article(&is)
            );
            self.report(Problem::new(T100, span, title));
        }
    }

    fn case(
        &mut self,
        arms: &[ast::CaseArm],
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let Some(constructors) = self.constructors(domain) else {
            if !self.types.is_unknown(domain) {
                let found = with_article(&self.types.describe(domain));
                let problem = Problem::new(
                    T112,
                    span,
                    format!("`case` is for variants, this is given {found}"),
                );
                self.report(problem);
            }
            return self.unknown_arrow(domain, span);
        };
        let codomain = hint.unwrap_or_else(|| self.types.hole(span));
        let mut branches: Vec<Option<ArrowId>> = vec![None; constructors.len()];
        for arm in arms {
            let name = &arm.constructor.name;
            self.wish_pattern(name.span, domain);
            let Some(place) = self.arm_place(&arm.constructor, domain, &constructors) else {
                continue;
            };
            let seen = Seen::Constructor(domain, constructors[place].0.clone());
            self.see(name.span, seen, Reading::Value(domain));
            let branch = self.arrow(&arm.arrow, constructors[place].1, Some(codomain));
            self.enforce_at(arm.arrow.span, self.draft.codomain(branch), codomain);
            if branches[place].replace(branch).is_some() {
                let title = format!("`{}` is there twice", name.text);
                self.report(Problem::new(T108, name.span, title).helping("remove one"));
            }
        }
        let names = constructors
            .iter()
            .zip(&branches)
            .filter(|(_, branch)| branch.is_none());
        let missing: Vec<&str> = names.map(|((name, _), _)| &**name).collect();
        if let Some(first) = missing.first() {
            let title = format!("this `case` leaves out `{}`", missing.join("`, `"));
            self.report(Problem::new(T201, span, title).helping(format!("add `{first}: …`")));
        }
        match branches.into_iter().collect::<Option<Vec<ArrowId>>>() {
            Some(branches) => self
                .draft
                .arrow(ArrowKind::Case(branches), domain, codomain, span),
            None => self
                .draft
                .arrow(ArrowKind::Identity, domain, codomain, span),
        }
    }

    /// Which constructor an arm is for; reported if it is none of the domain's.
    fn arm_place(
        &mut self,
        constructor: &ast::ConstructorName,
        domain: Partial,
        constructors: &[(cam::schema::Name, Partial)],
    ) -> Option<usize> {
        // An arm of another type is one mistake: it still counts as the arm it looks like.
        if constructor.of.is_some() {
            let found = self.find_constructor(constructor, Some(domain))?;
            if !self.types.unify(found.variant, domain) {
                let own = self.types.describe(found.variant);
                let title = format!(
                    "this arm is for `{own}`, but the value is `{}`",
                    self.types.describe(domain)
                );
                self.report(Problem::new(T100, constructor.name.span, title));
            }
        }
        let name = &constructor.name;
        let place = constructors.iter().position(|(own, _)| **own == *name.text);
        if place.is_none() {
            self.report_strange_arm(name, domain, constructors);
        }
        place
    }

    fn report_strange_arm(
        &mut self,
        name: &ast::Name,
        domain: Partial,
        constructors: &[(cam::schema::Name, Partial)],
    ) {
        if name.text.is_empty() {
            return self.spoil();
        }
        let known: Vec<String> = constructors
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        let title = format!(
            "`{}` has no constructor `{}`",
            self.types.describe(domain),
            name.text
        );
        let problem = super::messages::did_you_mean(
            Problem::new(T104, name.span, title),
            &name.text,
            name.span,
            &known,
        );
        self.report(problem);
    }

    fn see_arrow_fields(&mut self, fields: &[ast::FieldArrow], record: Partial) {
        for field in fields {
            let seen = Seen::Field(record, field.name.text.as_str().into());
            self.see(field.name.span, seen, Reading::None);
        }
    }

    fn record_arrow(
        &mut self,
        written: &[ast::FieldArrow],
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let hints = match hint.map(|hint| self.types.form(hint)) {
            Some(Form::Record(known)) => known,
            _ => Vec::new(),
        };
        let names: BTreeSet<&str> = written
            .iter()
            .map(|field| field.name.text.as_str())
            .collect();
        let names: Vec<&str> = names.into_iter().collect();
        let mut kinds: Vec<Option<Partial>> = vec![None; names.len()];
        let mut arrows: Vec<(usize, ArrowId)> = Vec::new();
        for field in written {
            let hint = hints
                .iter()
                .find(|(name, _)| **name == *field.name.text)
                .map(|(_, kind)| *kind);
            let arrow = self.arrow(&field.arrow, domain, hint);
            let place = names.partition_point(|name| *name < field.name.text.as_str());
            if kinds[place].replace(self.draft.codomain(arrow)).is_some() {
                self.report_double_field(&field.name);
            } else {
                arrows.push((place, arrow));
            }
        }
        let fields = names
            .into_iter()
            .zip(kinds)
            .filter_map(|(name, kind)| Some((name.into(), kind?)))
            .collect();
        let codomain = self.types.make(Form::Record(fields));
        self.see_arrow_fields(written, codomain);
        self.draft
            .arrow(ArrowKind::Record(arrows), domain, codomain, span)
    }

    /// `fn(p) => e`, or `fn(p, q) => e` on a pair.
    fn lambda_arrow(
        &mut self,
        lambda: &ast::Lambda,
        domain: Partial,
        hint: Option<Partial>,
    ) -> ArrowId {
        let span = lambda.span;
        let (mark, mistakes) = (self.scope.mark(), self.mistakes);
        let parameter = match lambda.parameters.as_slice() {
            [one] => self.pattern(one, domain),
            several => {
                let kinds = match self.types.form(domain) {
                    Form::Tuple(kinds) if kinds.len() == several.len() => kinds,
                    form => {
                        if form != Form::Unknown {
                            let found = with_article(&self.types.describe(domain));
                            let title = format!(
                                "this function has {} parameters, it is given {found}",
                                several.len()
                            );
                            self.report(Problem::new(T109, span, title));
                        }
                        return self.unknown_arrow(domain, span);
                    }
                };
                let parts = several
                    .iter()
                    .zip(kinds)
                    .map(|(part, kind)| self.pattern_since(part, kind, mark))
                    .collect();
                self.draft
                    .pattern(PatternKind::Product(parts), domain, span)
            }
        };
        let row = self.row(vec![parameter], false, span, mistakes);
        self.judge_later(domain, vec![row], span, Place::Single);
        let body = self.hinted(&lambda.body, hint);
        self.leave(mark);
        self.draft.arrow(
            ArrowKind::Lambda { parameter, body },
            domain,
            self.draft.type_of(body),
            span,
        )
    }

    fn compose(
        &mut self,
        arrows: &[ast::Arrow],
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let mut between = domain;
        let mut composed = Vec::new();
        for (index, arrow) in arrows.iter().enumerate() {
            let arrow = self.arrow(arrow, between, hint.filter(|_| index + 1 == arrows.len()));
            between = self.draft.codomain(arrow);
            composed.push(arrow);
        }
        self.draft
            .arrow(ArrowKind::Compose(composed), domain, between, span)
    }

    fn fanout(
        &mut self,
        arrows: &[ast::Arrow],
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let hints = self.part_hints(hint, arrows.len());
        let parts: Vec<ArrowId> = arrows
            .iter()
            .zip(hints)
            .map(|(arrow, hint)| self.arrow(arrow, domain, hint))
            .collect();
        let kinds = parts
            .iter()
            .map(|arrow| self.draft.codomain(*arrow))
            .collect();
        let codomain = self.types.make(Form::Tuple(kinds));
        self.draft
            .arrow(ArrowKind::Fanout(parts), domain, codomain, span)
    }

    fn parallel(
        &mut self,
        arrows: &[ast::Arrow],
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let starts = match self.types.form(domain) {
            Form::Tuple(starts) if starts.len() == arrows.len() => starts,
            form => {
                if form != Form::Unknown {
                    let found = with_article(&self.types.describe(domain));
                    let title = format!(
                        "`***` of {} arrows takes a tuple of {0} parts, here it is given {found}",
                        arrows.len()
                    );
                    self.report(Problem::new(T112, span, title));
                }
                return self.unknown_arrow(domain, span);
            }
        };
        let hints = self.part_hints(hint, arrows.len());
        let mut parts = Vec::new();
        for ((arrow, start), hint) in arrows.iter().zip(starts).zip(hints) {
            parts.push(self.arrow(arrow, start, hint));
        }
        let kinds = parts
            .iter()
            .map(|arrow| self.draft.codomain(*arrow))
            .collect();
        let codomain = self.types.make(Form::Tuple(kinds));
        self.draft
            .arrow(ArrowKind::Parallel(parts), domain, codomain, span)
    }

    fn part_hints(&mut self, hint: Option<Partial>, count: usize) -> Vec<Option<Partial>> {
        match hint.map(|hint| self.types.form(hint)) {
            Some(Form::Tuple(parts)) if parts.len() == count => {
                parts.into_iter().map(Some).collect()
            }
            _ => vec![None; count],
        }
    }
}
