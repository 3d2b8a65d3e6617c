//! Patterns: what they match, and what they name.

use super::Checker;
use super::exhaustive::Place;
use super::messages::counted;
use super::sight::{Reading, Seen};
use super::types::{Form, Partial};
use crate::ast::{self, PatternKind as Written};
use crate::problem::Problem;
use crate::problem::catalogue::{T100, T108, T116, T117, T118, T140, U302};
use crate::source::Span;
use crate::typed::{PatternId, PatternKind};

impl Checker<'_> {
    /// Checks a pattern against what it is matched with, and brings its names into scope.
    pub(super) fn pattern(&mut self, pattern: &ast::Pattern, wanted: Partial) -> PatternId {
        let mark = self.scope.mark();
        self.pattern_since(pattern, wanted, mark)
    }

    /// The same for a pattern that must match everything.
    pub(super) fn sure_pattern(
        &mut self,
        pattern: &ast::Pattern,
        wanted: Partial,
        mark: usize,
    ) -> PatternId {
        let mistakes = self.mistakes;
        let checked = self.pattern_since(pattern, wanted, mark);
        let row = self.row(vec![checked], false, pattern.span, mistakes);
        self.judge_later(wanted, vec![row], pattern.span, Place::Single);
        checked
    }

    /// The same for a part of a pattern; `mark` is the scope before the whole.
    pub(super) fn pattern_since(
        &mut self,
        pattern: &ast::Pattern,
        wanted: Partial,
        mark: usize,
    ) -> PatternId {
        let span = pattern.span;
        self.see_reading(span, Reading::Value(wanted));
        let kind = match &pattern.kind {
            Written::Wildcard => PatternKind::Any,
            Written::Name(name) => self.name_pattern(name, wanted, mark, false),
            Written::Int(number) => {
                let int = self.types.int();
                self.literal_pattern(span, int, wanted, PatternKind::Int(*number))
            }
            Written::Text(content) => {
                let text = self.types.text();
                self.literal_pattern(
                    span,
                    text,
                    wanted,
                    PatternKind::Text(content.as_str().into()),
                )
            }
            Written::Bool(truth) => {
                let bool = self.types.bool();
                self.literal_pattern(span, bool, wanted, PatternKind::Bool(*truth))
            }
            Written::Tuple(parts) => self.tuple_pattern(parts, span, wanted, mark),
            Written::Record(record) => self.record_pattern(record, wanted, mark, None),
            Written::Constructor {
                constructor,
                payload,
            } => self.constructor_pattern(constructor, payload, span, wanted, mark),
            Written::List { items, rest } => {
                self.list_pattern(items, rest.as_deref(), span, wanted, mark)
            }
            Written::Alternatives(patterns) => self.alternatives(patterns, wanted, mark),
            Written::Error => {
                self.spoil();
                PatternKind::Any
            }
        };
        self.draft.pattern(kind, wanted, span)
    }

    /// A pattern that matches everything.
    pub(super) fn any(&mut self, partial: Partial, span: Span) -> PatternId {
        self.draft.pattern(PatternKind::Any, partial, span)
    }

    fn name_pattern(
        &mut self,
        name: &ast::Name,
        wanted: Partial,
        mark: usize,
        is_shorthand: bool,
    ) -> PatternKind {
        self.wish_pattern(name.span, wanted);
        if self.frame.in_alternatives {
            let title = format!("nothing can be named here, neither `{}`", name.text);
            let help = "write `_`; to name a part, use a `match` with an arm for each alternative";
            self.report(Problem::new(T118, name.span, title).helping(help));
            // Known all the same, and used: neither what it is used for nor that it is not is a second mistake.
            self.scope.bind(&name.text, wanted, name.span, is_shorthand);
            self.scope.find(&name.text);
            return PatternKind::Any;
        }
        if let Some(first) = self.scope.place_since(&name.text, mark) {
            let problem = Problem::new(
                T108,
                name.span,
                format!("`{}` is named twice in one pattern", name.text),
            )
            .pointing_at(first, "first here")
            .helping("give the second another name, and compare the two with `==` after `if`");
            self.report(problem);
        }
        let local = self.scope.bind(&name.text, wanted, name.span, is_shorthand);
        self.see_definition(name.span, Seen::Local(local), Reading::Value(wanted));
        PatternKind::Bind(local)
    }

    fn literal_pattern(
        &mut self,
        span: Span,
        own: Partial,
        wanted: Partial,
        kind: PatternKind,
    ) -> PatternKind {
        if self.fit_pattern(span, own, wanted) {
            kind
        } else {
            PatternKind::Any
        }
    }

    /// Whether a pattern of one type can match values of another; reported if not.
    fn fit_pattern(&mut self, span: Span, own: Partial, wanted: Partial) -> bool {
        let fits = self.types.unify(own, wanted);
        if !fits {
            let (own, wanted) = (self.types.describe(own), self.types.describe(wanted));
            let title = format!("this pattern is for `{own}`, but the value is `{wanted}`");
            self.report(Problem::new(T100, span, title));
        }
        fits
    }

    fn tuple_pattern(
        &mut self,
        parts: &[ast::Pattern],
        span: Span,
        wanted: Partial,
        mark: usize,
    ) -> PatternKind {
        let holes: Vec<Partial> = match self.types.form(wanted) {
            Form::Tuple(known) if known.len() == parts.len() => known,
            _ => {
                let holes: Vec<Partial> = parts
                    .iter()
                    .map(|part| self.types.hole(part.span))
                    .collect();
                let own = self.types.make(Form::Tuple(holes.clone()));
                if self.types.is_unknown(wanted) || !self.fit_pattern(span, own, wanted) {
                    self.forget(&holes);
                }
                holes
            }
        };
        let parts = parts
            .iter()
            .zip(holes)
            .map(|(part, hole)| self.pattern_since(part, hole, mark))
            .collect();
        PatternKind::Product(parts)
    }

    /// `[p, ..rest]`: from the end, one pair of an item and the items after it for each item that is written.
    fn list_pattern(
        &mut self,
        items: &[ast::Pattern],
        rest: Option<&ast::Pattern>,
        span: Span,
        wanted: Partial,
        mark: usize,
    ) -> PatternKind {
        let item = match self.types.form(wanted) {
            Form::List(item) => item,
            _ => {
                let item = self.types.hole(span);
                let own = self.types.make(Form::List(item));
                if self.types.is_unknown(wanted) || !self.fit_pattern(span, own, wanted) {
                    self.forget(&[item]);
                }
                item
            }
        };
        let heads: Vec<PatternId> = items
            .iter()
            .map(|pattern| self.pattern_since(pattern, item, mark))
            .collect();
        let list = self.types.make(Form::List(item));
        let unit = self.types.unit();
        let pair = self.types.make(Form::Tuple(vec![item, list]));
        let mut kind = match rest {
            Some(rest) => {
                let whole = self.pattern_since(rest, list, mark);
                self.draft.pattern_kind(whole).clone()
            }
            None => PatternKind::Constructor {
                constructor: 0,
                payload: self.any(unit, span),
            },
        };
        for head in heads.into_iter().rev() {
            let others = self.draft.pattern(kind, list, span);
            let parts = PatternKind::Product(vec![head, others]);
            kind = PatternKind::Constructor {
                constructor: 1,
                payload: self.draft.pattern(parts, pair, span),
            };
        }
        kind
    }

    /// Nothing will be known of these any more; that was reported.
    pub(super) fn forget(&mut self, holes: &[Partial]) {
        for hole in holes {
            let unknown = self.types.unknown();
            self.types.unify(*hole, unknown);
        }
        self.spoil();
    }

    /// A record pattern. In a migration from version `migrating`, every field must be named.
    pub(super) fn record_pattern(
        &mut self,
        record: &ast::RecordPattern,
        wanted: Partial,
        mark: usize,
        migrating: Option<u32>,
    ) -> PatternKind {
        let fields = match self.types.form(wanted) {
            Form::Record(fields) => fields,
            other => {
                self.record_expected(record, wanted, &other);
                for field in &record.fields {
                    let unknown = self.types.unknown();
                    self.field_pattern(field, unknown, mark);
                }
                return PatternKind::Any;
            }
        };
        let names: Vec<String> = fields.iter().map(|(name, _)| name.to_string()).collect();
        let mut parts: Vec<Option<PatternId>> = vec![None; fields.len()];
        let mut has_strange_field = false;
        for field in &record.fields {
            let present = record.fields.iter().map(|field| &field.name);
            self.wish_field(field.name.span, wanted, present);
            let place = names.iter().position(|name| *name == field.name.text);
            if let Some(place) = place {
                let seen = Seen::Field(wanted, fields[place].0.clone());
                self.see(field.name.span, seen, Reading::Value(fields[place].1));
            }
            match place {
                Some(place) if parts[place].is_none() => {
                    parts[place] = Some(self.field_pattern(field, fields[place].1, mark));
                }
                Some(_) => self.report_double_field(&field.name),
                None => {
                    let problem =
                        self.unknown_field(wanted, &field.name.text, field.name.span, &names);
                    self.report(problem);
                    has_strange_field = true;
                    if self.scope.place_since(&field.name.text, mark).is_none() {
                        let unknown = self.types.unknown();
                        self.field_pattern(field, unknown, mark);
                    }
                }
            }
        }
        let missing: Vec<&str> = names
            .iter()
            .zip(&parts)
            .filter(|(_, part)| part.is_none())
            .map(|(name, _)| name.as_str())
            .collect();
        // A missing field is often the one that was misspelt.
        if !has_strange_field {
            self.report_missing(record, wanted, &missing, migrating);
        }
        let parts = parts.into_iter().zip(fields);
        PatternKind::Product(
            parts
                .map(|(part, (_, kind))| part.unwrap_or_else(|| self.any(kind, record.span)))
                .collect(),
        )
    }

    fn record_expected(&mut self, record: &ast::RecordPattern, wanted: Partial, found: &Form) {
        match found {
            Form::Unknown => self.spoil(),
            Form::Hole => {
                let problem = self.too_early(record.span, "its fields are not known");
                self.report(problem);
            }
            _ => {
                let title = format!(
                    "this pattern is for a record, but the value is `{}`",
                    self.types.describe(wanted)
                );
                self.report(Problem::new(T100, record.span, title));
            }
        }
    }

    fn field_pattern(
        &mut self,
        field: &ast::FieldPattern,
        wanted: Partial,
        mark: usize,
    ) -> PatternId {
        match &field.pattern.kind {
            Written::Name(name) if name.span == field.name.span => {
                let kind = self.name_pattern(name, wanted, mark, true);
                self.draft.pattern(kind, wanted, field.span)
            }
            _ => self.pattern_since(&field.pattern, wanted, mark),
        }
    }

    pub(super) fn report_double_field(&mut self, name: &ast::Name) {
        let title = format!("the field `{}` is there twice", name.text);
        self.report(Problem::new(T108, name.span, title).helping("remove one"));
    }

    fn report_missing(
        &mut self,
        record: &ast::RecordPattern,
        wanted: Partial,
        missing: &[&str],
        migrating: Option<u32>,
    ) {
        let Some(first) = missing.first() else {
            return;
        };
        let written: Vec<&str> = record
            .fields
            .iter()
            .filter_map(|field| self.quote(field.span))
            .collect();
        let dropped: Vec<String> = missing.iter().map(|name| format!("{name}: _")).collect();
        let all: Vec<&str> = dropped
            .iter()
            .map(String::as_str)
            .chain(written.iter().copied())
            .collect();
        let all = all.join(", ");
        if let Some(version) = migrating {
            let state = self.types.describe(wanted);
            let title = match missing.len() {
                1 => format!("this migration loses the field `{first}` without saying so"),
                _ => format!(
                    "this migration loses the fields `{}` without saying so",
                    missing.join("`, `")
                ),
            };
            let help = format!(
                "keep it, or write `{{ {all} }}` to drop it; the drop is then shown to whoever signs"
            );
            let problem = Problem::new(U302, record.span, title)
                .saying(format!("version {version}'s state is {state}"));
            self.report(problem.helping(help));
        } else if record.rest.is_none() {
            let open: Vec<&str> = written.into_iter().chain([".."]).collect();
            let title = format!("this pattern does not name `{}`", missing.join("`, `"));
            let help = format!("to leave out the others write `{{ {} }}`", open.join(", "));
            self.report(Problem::new(T116, record.span, title).helping(help));
        }
    }

    fn constructor_pattern(
        &mut self,
        constructor: &ast::ConstructorName,
        payload: &ast::PatternPayload,
        span: Span,
        wanted: Partial,
        mark: usize,
    ) -> PatternKind {
        self.wish_pattern(constructor.name.span, wanted);
        let found = match self.find_constructor(constructor, Some(wanted)) {
            Some(found) if self.fit_pattern(span, found.variant, wanted) => found,
            _ => {
                self.spoil();
                let unknown = self.types.unknown();
                self.payload_pattern(payload, unknown, span, mark);
                return PatternKind::Any;
            }
        };
        let is_unit = self.types.form(found.payload) == Form::Tuple(Vec::new());
        if matches!(payload, ast::PatternPayload::None)
            && !is_unit
            && !self.types.is_unknown(found.payload)
        {
            let name = &constructor.name.text;
            let carries = self.types.describe(found.payload);
            let problem = Problem::new(T117, span, format!("`{name}` carries `{carries}`"));
            let problem = problem.helping(format!("to match any of them write `{name}(_)`"));
            self.report(problem.fixed_by(format!("change to `{name}(_)`"), span.after(), "(_)"));
        }
        let payload = self.payload_pattern(payload, found.payload, span, mark);
        PatternKind::Constructor {
            constructor: found.index,
            payload,
        }
    }

    fn payload_pattern(
        &mut self,
        payload: &ast::PatternPayload,
        wanted: Partial,
        span: Span,
        mark: usize,
    ) -> PatternId {
        match payload {
            ast::PatternPayload::None => self.any(wanted, span),
            ast::PatternPayload::Record(record) => {
                let kind = self.record_pattern(record, wanted, mark, None);
                self.draft.pattern(kind, wanted, record.span)
            }
            ast::PatternPayload::Tuple(parts) => match parts.as_slice() {
                [one] => self.pattern_since(one, wanted, mark),
                _ => {
                    let wanted = self.check_payload_count(parts, wanted, span);
                    let kind = self.tuple_pattern(parts, span, wanted, mark);
                    self.draft.pattern(kind, wanted, span)
                }
            },
        }
    }

    /// What is left to match: nothing known, if the count is wrong.
    fn check_payload_count(
        &mut self,
        parts: &[ast::Pattern],
        wanted: Partial,
        span: Span,
    ) -> Partial {
        match self.types.form(wanted) {
            Form::Tuple(known) if known.len() != parts.len() => {
                let title = match known.len() {
                    0 => format!(
                        "this carries nothing, the pattern has {}",
                        counted(parts.len(), "part")
                    ),
                    count => format!(
                        "this carries {}, the pattern has {}",
                        counted(count, "part"),
                        parts.len()
                    ),
                };
                self.report(
                    Problem::new(T117, span, title).helping("to match any of them write `(_)`"),
                );
                self.types.unknown()
            }
            _ => wanted,
        }
    }

    fn alternatives(
        &mut self,
        patterns: &[ast::Pattern],
        wanted: Partial,
        mark: usize,
    ) -> PatternKind {
        let outer = std::mem::replace(&mut self.frame.in_alternatives, true);
        let patterns = patterns
            .iter()
            .map(|pattern| self.pattern_since(pattern, wanted, mark))
            .collect();
        self.frame.in_alternatives = outer;
        PatternKind::Alternatives(patterns)
    }

    /// Ends the scope of the names bound since `mark`, and warns of those nobody used.
    pub(super) fn leave(&mut self, mark: usize) {
        for binding in self.scope.leave(mark) {
            let name = &binding.name;
            let other = if binding.is_shorthand {
                format!("{name}: _")
            } else {
                "_".to_owned()
            };
            let problem = Problem::new(T140, binding.span, format!("`{name}` is never used"))
                .helping(format!("write `{other}` if it does not matter"))
                .fixed_by(format!("change to `{other}`"), binding.span, other);
            self.report(problem);
        }
    }
}
