//! Records: as a whole, with some fields replaced, and as what a migration builds.

use std::collections::BTreeMap;

use cam::schema::Name;

use super::messages::with_article;
use super::sight::{Reading, Seen};
use super::types::{Form, Partial};
use super::{Checker, Migrating};
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::{T106, T107, U303, U304};
use crate::source::Span;
use crate::typed::{ExprId, ExprKind};

impl Checker<'_> {
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
        // A missing field is often the one that was misspelt.
        if are_known(record, fields) {
            self.report_missing_fields(record, wanted, &missing);
        }
        let values = values
            .into_iter()
            .map(|value| value.unwrap_or_else(|| self.unknown(record.span)))
            .collect();
        self.draft
            .expr(ExprKind::Record(values), wanted, record.span)
    }

    /// The values that are written, by the position of their fields.
    pub(super) fn field_values(
        &mut self,
        record: &ast::Record,
        wanted: Partial,
        fields: &[(Name, Partial)],
    ) -> Vec<Option<ExprId>> {
        let mut values: Vec<Option<ExprId>> = vec![None; fields.len()];
        for field in &record.fields {
            let present = record.fields.iter().map(|field| &field.name);
            self.wish_field(field.name.span, wanted, present);
            match fields
                .iter()
                .position(|(name, _)| **name == *field.name.text)
            {
                Some(place) => {
                    let seen = Seen::Field(wanted, fields[place].0.clone());
                    self.see(field.name.span, seen, Reading::Value(fields[place].1));
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
            // One name for two types, of which the older has less in it.
            None if is == wants => format!(
                "a type in it is another one in the old version, as `cam diff` shows; where every old value is one of the new type too, `{name}: same({name})`"
            ),
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
        let values = values.join(", ");
        let (at, text) = match record.fields.last() {
            Some(last) => (last.span.after(), format!(", {values}")),
            None => (
                Span::new(record.span.start + 1, record.span.start + 1),
                format!(" {values} "),
            ),
        };
        let problem = problem.helping(format!("add `{values}`"));
        self.report(problem.fixed_by("add missing fields", at, text));
    }

    /// A value of a type, for a help line.
    pub(super) fn example(&mut self, kind: Partial) -> String {
        match self.types.form(kind) {
            Form::Option(_) => "None".to_owned(),
            Form::List(_) => "[]".to_owned(),
            Form::Map(..) => "Map[]".to_owned(),
            Form::Set(_) => "Set[]".to_owned(),
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
        let mut fields: BTreeMap<&str, ExprId> = BTreeMap::new();
        for field in &record.fields {
            let value = self.infer(&field.value);
            if fields.insert(&field.name.text, value).is_some() {
                self.report_double_field(&field.name);
            }
        }
        let kinds = fields
            .iter()
            .map(|(name, value)| (Name::from(*name), self.draft.type_of(*value)))
            .collect();
        let kind = self.types.make(Form::Record(kinds));
        for field in &record.fields {
            let reading = fields.get(&*field.name.text);
            let reading = reading.map_or(Reading::None, |value| {
                Reading::Value(self.draft.type_of(*value))
            });
            let seen = Seen::Field(kind, Name::from(field.name.text.as_str()));
            self.see(field.name.span, seen, reading);
        }
        self.draft.expr(
            ExprKind::Record(fields.into_values().collect()),
            kind,
            record.span,
        )
    }
}

/// Whether every field that is written is one of these.
fn are_known(record: &ast::Record, fields: &[(Name, Partial)]) -> bool {
    let is_known =
        |written: &ast::FieldValue| fields.iter().any(|(name, _)| **name == *written.name.text);
    record.fields.iter().all(is_known)
}
