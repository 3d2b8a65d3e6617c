//! `migrate from N auto`: what is unchanged by name is carried over, what is new comes from `init`, and everything
//! else must be written. Nothing is lost in silence: a drop is written as in any other migration.

use std::cell::RefCell;

use cam::schema::{Name, Shape, ShapeId};

use super::inclusion::Inclusion;
use super::machine::Interface;
use super::messages::with_article;
use super::types::{Form, Partial};
use super::{Checker, Frame, Migrating};
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::{U302, U313};
use crate::source::Span;
use crate::typed::{Arm, Conversion, ExprId, ExprKind, Local, Manner, PatternId, PatternKind};

/// An automatic migration as it is written.
pub(super) struct Words<'a> {
    pub(super) at: Span,
    pub(super) pattern: Option<&'a ast::RecordPattern>,
    pub(super) value: Option<&'a ast::Record>,
    pub(super) init: Option<&'a ast::Expr>,
}

/// A field or constructor with what is in it.
type Named = (Name, ShapeId);

/// A migration that is being filled in.
struct Filling<'a, 'w> {
    words: &'w Words<'a>,
    old: u32,
    /// The new state, of which `init` gives what is new.
    state: Partial,
    /// What it cannot do. All of it is about one word, so it is said at once.
    problems: RefCell<Vec<Problem>>,
}

/// A place in the state: the way to it for people, and if no list, map or variant is on it the fields.
#[derive(Clone)]
struct Path {
    text: String,
    fields: Option<Vec<usize>>,
}

impl Path {
    fn root() -> Path {
        Path {
            text: String::new(),
            fields: Some(Vec::new()),
        }
    }

    fn field(&self, name: &str, index: usize) -> Path {
        let dot = if self.text.is_empty() { "" } else { "." };
        let fields = self.fields.as_ref().map(|fields| {
            let mut fields = fields.clone();
            fields.push(index);
            fields
        });
        Path {
            text: format!("{}{dot}{name}", self.text),
            fields,
        }
    }

    /// Something of which there is not exactly one.
    fn inside(&self, mark: &str) -> Path {
        Path {
            text: format!("{}{mark}", self.text),
            fields: None,
        }
    }

    fn name(&self) -> String {
        match self.text.is_empty() {
            true => "the state".to_owned(),
            false => format!("`{}`", self.text),
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn automatic(
        &mut self,
        old: &Interface,
        this: &Interface,
        words: &Words<'a>,
        span: Span,
    ) -> Option<Conversion> {
        let (domain, codomain) = (self.types.shape(old.state)?, self.types.shape(this.state)?);
        let frame = Frame {
            stamps: this.stamps.clone(),
            migrating: Some(Migrating {
                title: format!("migration from {}", old.version),
                target: this.state,
            }),
            ..Frame::default()
        };
        let filling = Filling {
            words,
            old: old.version,
            state: this.state,
            problems: RefCell::default(),
        };
        let parameter = self.scope.fresh();
        let body = self.within(frame, |checker| {
            checker.hidden(|checker| checker.filled(&filling, parameter, (domain, codomain)))
        });
        self.report_filling(&filling.problems.take());
        let body = body?;
        Some(Conversion {
            version: old.version,
            domain,
            codomain,
            parameter,
            body,
            manner: Manner::Automatic,
            span,
        })
    }

    /// One problem for each code, with the others as notes.
    fn report_filling(&mut self, problems: &[Problem]) {
        for code in [U302, U313] {
            let mut own = problems.iter().filter(|problem| problem.code == code);
            let Some(first) = own.next().cloned() else {
                continue;
            };
            self.report(own.fold(first, |whole, next| {
                let whole = whole.noting(format!("also: {}", next.title));
                next.help
                    .iter()
                    .fold(whole, |whole, help| whole.helping(help.clone()))
            }));
        }
    }

    fn filled(
        &mut self,
        filling: &Filling<'a, '_>,
        parameter: Local,
        (from, to): (ShapeId, ShapeId),
    ) -> Option<ExprId> {
        let (at, old_state) = (filling.words.at, self.types.closed(from));
        let argument = self.local(parameter, old_state, at);
        let shapes = (
            self.types.shapes.get(from).clone(),
            self.types.shapes.get(to).clone(),
        );
        let words = filling.words;
        if words.pattern.is_none() && words.value.is_none() {
            return self.carried_to(filling, argument, (from, to), &Path::root());
        }
        let (Shape::Record(old), Shape::Record(new)) = shapes else {
            self.report_no_fields(filling, from, to);
            return None;
        };
        let mark = self.scope.mark();
        let (parts, values) = self.bound_fields(filling, &old, old_state, mark);
        let written = self.written_fields(filling, &new);
        self.leave(mark);
        let fields = self.new_fields(filling, (&old, &values), (&new, &written), &Path::root());
        let pattern = PatternKind::Product(parts);
        let pattern = self.draft.pattern(pattern, old_state, at);
        let body = self
            .draft
            .expr(ExprKind::Record(fields?), filling.state, at);
        Some(self.named_in(pattern, argument, body, at))
    }

    fn report_no_fields(&mut self, filling: &Filling<'_, '_>, from: ShapeId, to: ShapeId) {
        let both = [from, to].map(|shape| self.types.closed(shape));
        let strange = both
            .into_iter()
            .find(|state| !matches!(self.types.form(*state), Form::Record(_)));
        let kind = strange.map_or_else(String::new, |state| self.types.describe(state));
        let title = format!(
            "`auto` with fields is for states that are records, not {}",
            with_article(&kind)
        );
        let problem = Problem::new(U313, filling.words.at, title);
        filling.problems.borrow_mut().push(problem.helping(format!(
            "write all of it: `migrate from {} … => …`",
            filling.old
        )));
    }

    /// A pattern and, unless it is dropped or taken apart, a local for each field of the old state.
    fn bound_fields(
        &mut self,
        filling: &Filling<'_, '_>,
        old: &[Named],
        state: Partial,
        mark: usize,
    ) -> (Vec<PatternId>, Vec<Option<Local>>) {
        let at = filling.words.at;
        let named = filling.words.pattern.map(|record| {
            let open = ast::RecordPattern {
                rest: Some(record.span),
                ..record.clone()
            };
            self.record_pattern(&open, state, mark, None)
        });
        let named = match named {
            Some(PatternKind::Product(parts)) => parts,
            _ => Vec::new(),
        };
        let is_written = |name: &str| {
            let mut fields = filling
                .words
                .pattern
                .iter()
                .flat_map(|record| &record.fields);
            fields.any(|field| field.name.text == *name)
        };
        let (mut patterns, mut values) = (Vec::new(), Vec::new());
        for (index, (name, shape)) in old.iter().enumerate() {
            let kind = self.types.closed(*shape);
            let (pattern, local) = match named.get(index) {
                Some(written) if is_written(name) => match *self.draft.pattern_kind(*written) {
                    PatternKind::Bind(local) => (*written, Some(local)),
                    _ => (*written, None),
                },
                _ => {
                    let (pattern, local) = self.fresh(kind, at);
                    (pattern, Some(local))
                }
            };
            patterns.push(pattern);
            values.push(local);
        }
        (patterns, values)
    }

    /// The fields of the new state that are written.
    fn written_fields(&mut self, filling: &Filling<'_, '_>, new: &[Named]) -> Vec<Option<ExprId>> {
        let fields: Vec<(Name, Partial)> = new
            .iter()
            .map(|(name, shape)| (Name::clone(name), self.types.closed(*shape)))
            .collect();
        match filling.words.value {
            Some(record) => self.field_values(record, filling.state, &fields),
            None => vec![None; new.len()],
        }
    }

    /// The fields of a record: what is written, else what has the name in the old one, else what `init` has there.
    fn new_fields(
        &mut self,
        filling: &Filling<'a, '_>,
        (old, values): (&[Named], &[Option<Local>]),
        (new, written): (&[Named], &[Option<ExprId>]),
        path: &Path,
    ) -> Option<Vec<ExprId>> {
        let at = filling.words.at;
        let position = |name: &Name| old.iter().position(|(own, _)| own == name);
        let lost: Vec<&str> = old
            .iter()
            .zip(values)
            .filter(|((name, _), value)| {
                let mut new = new.iter().zip(written);
                let is_kept = new.any(|((own, _), written)| own == name && written.is_none());
                let is_named = path.text.is_empty()
                    && filling.words.pattern.is_some_and(|pattern| {
                        pattern
                            .fields
                            .iter()
                            .any(|field| *field.name.text == **name)
                    });
                value.is_some() && !is_kept && !is_named
            })
            .map(|((name, _), _)| &**name)
            .collect();
        if !lost.is_empty() {
            self.report_lost(filling, &lost, path);
        }
        let mut fields = Vec::with_capacity(new.len());
        for (index, (name, to)) in new.iter().enumerate() {
            let path = path.field(name, index);
            let source = position(name).and_then(|place| Some((values[place]?, old[place].1)));
            let value = match (written[index], source) {
                (Some(value), _) => Some(value),
                (None, Some((local, from))) => {
                    let kind = self.types.closed(from);
                    let value = self.local(local, kind, at);
                    self.carried_to(filling, value, (from, *to), &path)
                }
                (None, None) => self.defaulted(filling, *to, &path),
            };
            fields.push(value);
        }
        let fields: Option<Vec<ExprId>> = fields.into_iter().collect();
        fields.filter(|_| lost.is_empty())
    }

    fn report_lost(&mut self, filling: &Filling<'_, '_>, lost: &[&str], path: &Path) {
        let (at, old) = (filling.words.at, filling.old);
        let names: Vec<String> = lost
            .iter()
            .map(|name| match path.text.is_empty() {
                true => (*name).to_owned(),
                false => format!("{}.{name}", path.text),
            })
            .collect();
        let title = format!(
            "this migration loses `{}` without saying so",
            names.join("`, `")
        );
        let problem = Problem::new(U302, at, title);
        let help = match path.text.split(['.', '[']).next() {
            Some("") | None => {
                let drops: Vec<String> = lost.iter().map(|name| format!("{name}: _")).collect();
                format!(
                    "write the drop: `migrate from {old} auto {{ {} }}`; it is then shown to whoever signs",
                    drops.join(", ")
                )
            }
            Some(field) => format!(
                "write what becomes of it: `migrate from {old} auto {{ {field} }} => {{ {field}: … }}`"
            ),
        };
        filling.problems.borrow_mut().push(problem.helping(help));
    }

    /// What `init` has at a place.
    fn defaulted(&mut self, filling: &Filling<'a, '_>, to: ShapeId, path: &Path) -> Option<ExprId> {
        let at = filling.words.at;
        let (Some(fields), Some(init)) = (&path.fields, filling.words.init) else {
            let kind = self.types.closed(to);
            let example = self.example(kind);
            let title = format!("{} is new, and `init` has no value for it", path.name());
            let problem = Problem::new(U313, at, title)
                .noting("`init` says what a field of the state is, not what is in every item of a list or map");
            filling
                .problems
                .borrow_mut()
                .push(problem.helping(self.field_help(filling, path, &format!("… {example} …"))));
            return None;
        };
        // The problems of `init` were reported where it was checked as itself.
        let (problems, mistakes) = (std::mem::take(&mut self.problems), self.mistakes);
        let frame = Frame::default();
        let mut value = self.within(frame, |checker| checker.check(init, filling.state));
        self.problems = problems;
        if self.mistakes > mistakes {
            self.mistakes = mistakes;
            return None;
        }
        for index in fields {
            let kind = self.draft.type_of(value);
            let Form::Record(parts) = self.types.form(kind) else {
                return None;
            };
            // The field itself where it is written, so that a constant stays one.
            value = match self.draft.kind_of(value) {
                ExprKind::Record(values) => values[*index],
                _ => {
                    let (product, index) = (value, *index);
                    let project = ExprKind::Project { product, index };
                    self.draft.expr(project, parts[index].1, at)
                }
            };
        }
        Some(value)
    }

    fn field_help(&self, filling: &Filling<'_, '_>, path: &Path, value: &str) -> String {
        let old = filling.old;
        match path.text.split(['.', '[']).next() {
            Some("") | None => format!("write it: `migrate from {old} … => {value}`"),
            Some(field) => {
                format!(
                    "write the field: `migrate from {old} auto {{ {field} }} => {{ {field}: {value} }}`"
                )
            }
        }
    }

    /// A value of the old state in its new type.
    fn carried_to(
        &mut self,
        filling: &Filling<'a, '_>,
        value: ExprId,
        (from, to): (ShapeId, ShapeId),
        path: &Path,
    ) -> Option<ExprId> {
        let (at, kind) = (filling.words.at, self.types.closed(to));
        if from == to {
            return Some(value);
        }
        if Inclusion::new(&self.types.shapes).holds(from, to) {
            return Some(self.draft.expr(ExprKind::Same(value), kind, at));
        }
        let shapes = (
            self.types.shapes.get(from).clone(),
            self.types.shapes.get(to).clone(),
        );
        match shapes {
            (Shape::Record(old), Shape::Record(new)) => {
                let (parts, values): (Vec<PatternId>, Vec<Option<Local>>) = old
                    .iter()
                    .map(|(_, shape)| {
                        let kind = self.types.closed(*shape);
                        let (pattern, local) = self.fresh(kind, at);
                        (pattern, Some(local))
                    })
                    .unzip();
                let none = vec![None; new.len()];
                let fields = self.new_fields(filling, (&old, &values), (&new, &none), path)?;
                let record = self.types.closed(from);
                let pattern = self.draft.pattern(PatternKind::Product(parts), record, at);
                let body = self.draft.expr(ExprKind::Record(fields), kind, at);
                Some(self.named_in(pattern, value, body, at))
            }
            (Shape::Tuple(old), Shape::Tuple(new)) if old.len() == new.len() => {
                self.carried_tuple(filling, value, (from, &old), (to, &new), path)
            }
            (Shape::List(from), Shape::List(to)) => {
                self.carried_items(filling, value, (from, to), kind, path)
            }
            (Shape::Map(key, from), Shape::Map(other, to)) if key == other => {
                self.carried_values(filling, value, key, (from, to), kind, path)
            }
            (Shape::Option(old), Shape::Option(new)) => {
                let unit = self.types.shape_of_unit();
                let old = [("None".into(), unit), ("Some".into(), old)];
                let new = [("None".into(), unit), ("Some".into(), new)];
                self.carried_variant(filling, value, (&old, &new), (from, to), path)
            }
            (Shape::Variant(_, old), Shape::Variant(_, new)) => {
                self.carried_variant(filling, value, (&old, &new), (from, to), path)
            }
            _ => {
                self.report_other(filling, from, to, path);
                None
            }
        }
    }

    fn report_other(&mut self, filling: &Filling<'_, '_>, from: ShapeId, to: ShapeId, path: &Path) {
        let kinds = [from, to].map(|shape| self.types.closed(shape));
        let [was, is] = kinds.map(|kind| self.types.describe(kind));
        let title = format!("`auto` does not know how {} becomes `{is}`", path.name());
        let problem = Problem::new(U313, filling.words.at, title).saying(format!(
            "in version {} it is {}",
            filling.old,
            with_article(&was)
        ));
        filling
            .problems
            .borrow_mut()
            .push(problem.helping(self.field_help(filling, path, "…")));
    }

    fn carried_tuple(
        &mut self,
        filling: &Filling<'a, '_>,
        value: ExprId,
        (from, old): (ShapeId, &[ShapeId]),
        (to, new): (ShapeId, &[ShapeId]),
        path: &Path,
    ) -> Option<ExprId> {
        let at = filling.words.at;
        let (mut parts, mut values) = (Vec::new(), Vec::new());
        for (index, (old, new)) in old.iter().zip(new).enumerate() {
            let kind = self.types.closed(*old);
            let (pattern, local) = self.fresh(kind, at);
            parts.push(pattern);
            let part = self.local(local, kind, at);
            let path = path.inside(&format!(".{index}"));
            values.push(self.carried_to(filling, part, (*old, *new), &path)?);
        }
        let (from, to) = (self.types.closed(from), self.types.closed(to));
        let pattern = self.draft.pattern(PatternKind::Product(parts), from, at);
        let body = self.draft.expr(ExprKind::Tuple(values), to, at);
        Some(self.named_in(pattern, value, body, at))
    }

    fn carried_items(
        &mut self,
        filling: &Filling<'a, '_>,
        over: ExprId,
        (from, to): (ShapeId, ShapeId),
        list: Partial,
        path: &Path,
    ) -> Option<ExprId> {
        let (at, kind) = (filling.words.at, self.types.closed(from));
        let (item, local) = self.fresh(kind, at);
        let value = self.local(local, kind, at);
        let body = self.carried_to(filling, value, (from, to), &path.inside("[]"))?;
        Some(
            self.draft
                .expr(ExprKind::Each { over, item, body }, list, at),
        )
    }

    fn carried_values(
        &mut self,
        filling: &Filling<'a, '_>,
        over: ExprId,
        key: ShapeId,
        (from, to): (ShapeId, ShapeId),
        map: Partial,
        path: &Path,
    ) -> Option<ExprId> {
        let (at, key, kind) = (
            filling.words.at,
            self.types.closed(key),
            self.types.closed(from),
        );
        let (content, local) = self.fresh(kind, at);
        let parts = vec![self.any(key, at), content];
        let pair = self.types.make(Form::Tuple(vec![key, kind]));
        let item = self.draft.pattern(PatternKind::Product(parts), pair, at);
        let value = self.local(local, kind, at);
        let body = self.carried_to(filling, value, (from, to), &path.inside("[]"))?;
        Some(
            self.draft
                .expr(ExprKind::Each { over, item, body }, map, at),
        )
    }

    fn carried_variant(
        &mut self,
        filling: &Filling<'a, '_>,
        subject: ExprId,
        (old, new): (&[Named], &[Named]),
        (from, to): (ShapeId, ShapeId),
        path: &Path,
    ) -> Option<ExprId> {
        let at = filling.words.at;
        let (variant, into) = (self.types.closed(from), self.types.closed(to));
        let mut arms = Vec::with_capacity(old.len());
        for (constructor, (name, shape)) in old.iter().enumerate() {
            let Some(place) = new.iter().position(|(own, _)| own == name) else {
                let title = format!("the constructor `{name}` of {} is gone", path.name());
                let problem = Problem::new(U313, at, title);
                filling
                    .problems
                    .borrow_mut()
                    .push(problem.helping(self.field_help(filling, path, "match … { … }")));
                return None;
            };
            let kind = self.types.closed(*shape);
            let (payload, local) = self.fresh(kind, at);
            let value = self.local(local, kind, at);
            let path = path.inside(&format!(".{name}"));
            let payload_value = self.carried_to(filling, value, (*shape, new[place].1), &path)?;
            let pattern = PatternKind::Constructor {
                constructor,
                payload,
            };
            let inject = ExprKind::Inject {
                constructor: place,
                payload: payload_value,
            };
            arms.push(Arm {
                pattern: self.draft.pattern(pattern, variant, at),
                guard: None,
                body: self.draft.expr(inject, into, at),
            });
        }
        Some(self.draft.expr(ExprKind::Match { subject, arms }, into, at))
    }
}
