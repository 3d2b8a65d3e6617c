//! Constructors and records: values that are put together.

use cam::schema::Name;

use super::messages::{counted, did_you_mean, with_article};
use super::types::{Form, Partial};
use super::{Checker, Migrating};
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::{T103, T104, T105, T106, T107, T117, U303, U304};
use crate::source::Span;
use crate::typed::{ExprId, ExprKind};

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
            Some(shape) => self.types.closed(shape),
            None if self.declaration_of(&of.text).is_some() => return None,
            None => {
                let title = format!("there is no type `{}`", of.text);
                let known: Vec<String> = self.names.type_names().map(str::to_owned).collect();
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
        if known.len() <= 12 && wanted.is_some() {
            problem = problem.noting(format!("its constructors: {}", known.join(", ")));
        }
        self.report(did_you_mean(problem, &name.text, name.span, &known));
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
                    parts.len()
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

    pub(super) fn record(&mut self, record: &ast::Record, hint: Option<Partial>) -> ExprId {
        if let Some(spread) = &record.spread {
            return self.update(record, spread, hint);
        }
        let form = hint.map(|hint| (hint, self.types.form(hint)));
        match form {
            Some((wanted, Form::Record(fields))) => self.record_of(record, wanted, &fields),
            _ => self.free_record(record),
        }
    }

    /// `{ ..r, x: e }`
    fn update(
        &mut self,
        record: &ast::Record,
        spread: &ast::Expr,
        hint: Option<Partial>,
    ) -> ExprId {
        let base = self.hinted(spread, hint);
        let kind = self.draft.type_of(base);
        let fields = match self.types.form(kind) {
            Form::Record(fields) => fields,
            form => {
                if form != Form::Unknown {
                    let title = format!(
                        "only a record can be spread, this is {}",
                        with_article(&self.types.describe(kind))
                    );
                    self.report(Problem::new(T106, spread.span, title));
                }
                record.fields.iter().for_each(|field| {
                    self.infer(&field.value);
                });
                return self.unknown(record.span);
            }
        };
        let values = self.field_values(record, kind, &fields);
        let fields = values
            .into_iter()
            .enumerate()
            .filter_map(|(index, value)| Some((index, value?)))
            .collect();
        self.draft.expr(
            ExprKind::Update {
                record: base,
                fields,
            },
            kind,
            record.span,
        )
    }

    /// A record whose fields are known.
    fn record_of(
        &mut self,
        record: &ast::Record,
        wanted: Partial,
        fields: &[(Name, Partial)],
    ) -> ExprId {
        let values = self.field_values(record, wanted, fields);
        let missing: Vec<(String, Partial)> = fields
            .iter()
            .zip(&values)
            .filter(|(_, value)| value.is_none())
            .map(|((name, kind), _)| (name.to_string(), *kind))
            .collect();
        self.report_missing_fields(record, wanted, &missing);
        let values = values
            .into_iter()
            .map(|value| value.unwrap_or_else(|| self.unknown(record.span)))
            .collect();
        self.draft
            .expr(ExprKind::Record(values), wanted, record.span)
    }

    /// The values that are written, by the position of their fields.
    fn field_values(
        &mut self,
        record: &ast::Record,
        wanted: Partial,
        fields: &[(Name, Partial)],
    ) -> Vec<Option<ExprId>> {
        let mut values: Vec<Option<ExprId>> = vec![None; fields.len()];
        for field in &record.fields {
            match fields
                .iter()
                .position(|(name, _)| **name == *field.name.text)
            {
                Some(place) => {
                    let value = self.field_value(field, fields[place].1, wanted);
                    if values[place].replace(value).is_some() {
                        self.report_double_field(&field.name);
                    }
                }
                None => {
                    let known: Vec<String> =
                        fields.iter().map(|(name, _)| name.to_string()).collect();
                    let problem =
                        self.unknown_field(wanted, &field.name.text, field.name.span, &known);
                    self.report(problem);
                    // A shorthand of a name that is no field is one mistake, not two.
                    if field.value.span != field.name.span {
                        self.infer(&field.value);
                    }
                }
            }
        }
        values
    }

    fn field_value(&mut self, field: &ast::FieldValue, kind: Partial, record: Partial) -> ExprId {
        let value = self.hinted(&field.value, Some(kind));
        let found = self.draft.type_of(value);
        if !self.types.unify(found, kind) {
            let span = self.draft.span_of(value);
            let problem = match self.migration_into(record) {
                Some(migration) => self.wrong_field(field, found, kind, &migration, span),
                None => self.mismatch(span, found, kind),
            };
            self.report(problem);
        }
        value
    }

    /// Which migration it is, if a record of this type is what the migration that is being checked must build.
    fn migration_into(&mut self, record: Partial) -> Option<String> {
        let Migrating { title, target } = self.frame.migrating.clone()?;
        (self.types.shape(target)? == self.types.shape(record)?).then_some(title)
    }

    fn wrong_field(
        &mut self,
        field: &ast::FieldValue,
        found: Partial,
        wanted: Partial,
        migration: &str,
        span: Span,
    ) -> Problem {
        let name = &field.name.text;
        let (is, wants) = (self.types.describe(found), self.types.describe(wanted));
        let title = format!("the {migration} builds the wrong type for `{name}`");
        let mut problem =
            Problem::new(U303, span, title).saying(format!("this is {}", with_article(&is)));
        if let Some(place) = self.state_field(name) {
            problem = problem.pointing_at(place, format!("wanted: {wants}"));
        }
        let help = match self.conversion_help(span, found, wanted) {
            Some(help) => help,
            None => format!(
                "give it a value, for example `{name}: {}`",
                self.example(wanted)
            ),
        };
        problem.helping(help)
    }

    fn report_missing_fields(
        &mut self,
        record: &ast::Record,
        wanted: Partial,
        missing: &[(String, Partial)],
    ) {
        if missing.is_empty() {
            return;
        }
        let names: Vec<&str> = missing.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = missing
            .iter()
            .map(|(name, kind)| format!("{name}: {}", self.example(*kind)))
            .collect();
        let problem = match self.migration_into(wanted) {
            Some(migration) => {
                let title = match names.as_slice() {
                    [one] => format!("the {migration} does not give `{one}` a value"),
                    _ => format!("the {migration} gives no value to `{}`", names.join("`, `")),
                };
                let kinds: Vec<String> = missing
                    .iter()
                    .map(|(name, kind)| format!("{name}: {}", self.types.describe(*kind)))
                    .collect();
                Problem::new(U304, record.span, title)
                    .noting(format!("missing: {}", kinds.join(", ")))
            }
            None => Problem::new(
                T107,
                record.span,
                format!("this record has no `{}`", names.join("`, `")),
            ),
        };
        self.report(problem.helping(format!("add `{}`", values.join(", "))));
    }

    /// A value of a type, for a help line.
    pub(super) fn example(&mut self, kind: Partial) -> String {
        match self.types.form(kind) {
            Form::Option(_) => "None".to_owned(),
            Form::List(_) => "[]".to_owned(),
            Form::Map(..) => "Map[]".to_owned(),
            Form::Tuple(parts) if parts.is_empty() => "()".to_owned(),
            Form::Shape(_) => match self.types.describe(kind).as_str() {
                "Int" => "0".to_owned(),
                "Text" => "\"\"".to_owned(),
                "Bool" => "false".to_owned(),
                _ => "…".to_owned(),
            },
            _ => "…".to_owned(),
        }
    }

    /// A record about which nothing is known but what is written.
    fn free_record(&mut self, record: &ast::Record) -> ExprId {
        let mut fields: Vec<(&ast::Name, ExprId)> = Vec::new();
        for field in &record.fields {
            let value = self.infer(&field.value);
            if fields.iter().any(|(name, _)| name.text == field.name.text) {
                self.report_double_field(&field.name);
            } else {
                fields.push((&field.name, value));
            }
        }
        fields.sort_by_key(|(name, _)| name.text.as_str());
        let kinds = fields
            .iter()
            .map(|(name, value)| (Name::from(&*name.text), self.draft.type_of(*value)))
            .collect();
        let kind = self.types.make(Form::Record(kinds));
        self.draft.expr(
            ExprKind::Record(fields.into_iter().map(|(_, value)| value).collect()),
            kind,
            record.span,
        )
    }
}
