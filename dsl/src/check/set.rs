//! `set`: a new state with one place in it replaced.

use super::Checker;
use super::types::{Form, Partial};
use crate::ast::{self, PathStepKind};
use crate::problem::Problem;
use crate::problem::catalogue::{M111, M112};
use crate::source::Span;
use crate::typed::{ExprId, ExprKind, Local, PatternId, Primitive, Statement};

impl Checker<'_> {
    pub(super) fn set(
        &mut self,
        field: &ast::Name,
        path: &[ast::PathStep],
        value: &ast::Expr,
        span: Span,
        statements: &mut Vec<Statement>,
    ) {
        self.check_not_hidden(field);
        let view = self.view();
        if field.text.is_empty() || !self.check_record_state(field, view.partial) {
            self.infer(value);
            return self.spoil();
        }
        let Some((index, kind)) = self.field_of(view.partial, field) else {
            self.infer(value);
            return self.spoil();
        };
        let place = Target {
            root: view.current,
            kind: view.partial,
            steps: vec![(index, kind)],
        };
        let Some(changed) = self.changed(&place, path, value, statements) else {
            return self.spoil();
        };
        let record = self.local(view.current, view.partial, span);
        let update = ExprKind::Update {
            record,
            fields: vec![(index, changed)],
        };
        let next = self.draft.expr(update, view.partial, span);
        self.become_state(next, span, statements);
    }

    /// A local of the field's name would hide the new value from whoever reads on.
    fn check_not_hidden(&mut self, field: &ast::Name) {
        if let Some(place) = self.scope.place(&field.text) {
            let name = &field.text;
            let problem = Problem::new(
                M111,
                field.span,
                format!("`{name}` is also a name in this handler"),
            )
            .saying("this sets the field of the state")
            .pointing_at(
                place,
                format!("here `{name}` is something else, and stays what it is"),
            )
            .helping(format!(
                "give one of them another name, for example `{name}: old_{name}` in a pattern"
            ));
            self.report(problem);
        }
    }

    fn check_record_state(&mut self, field: &ast::Name, state: Partial) -> bool {
        let is_record = matches!(self.types.form(state), Form::Record(_));
        if !is_record && !self.types.is_unknown(state) {
            let kind = self.types.describe(state);
            let title = format!("`set` changes a field, but the state is `{kind}`");
            let help = format!(
                "replace the whole of it: `become …`; there is no field `{}`",
                field.text
            );
            self.report(Problem::new(M112, field.span, title).helping(help));
        }
        is_record
    }

    /// The new value of what the target names, with the end of the path replaced.
    fn changed(
        &mut self,
        target: &Target,
        path: &[ast::PathStep],
        value: &ast::Expr,
        statements: &mut Vec<Statement>,
    ) -> Option<ExprId> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self.check(value, target.end()));
        };
        match &step.kind {
            PathStepKind::Field(name) => {
                let Some((index, kind)) = self.field_of(target.end(), name) else {
                    self.infer(value);
                    return None;
                };
                let changed = self.changed(&target.with(index, kind), rest, value, statements)?;
                let record = self.read(target, step.span);
                let update = ExprKind::Update {
                    record,
                    fields: vec![(index, changed)],
                };
                Some(self.draft.expr(update, target.end(), step.span))
            }
            PathStepKind::Key(key) => {
                self.changed_entry(target, key, step.span, rest, value, statements)
            }
        }
    }

    fn changed_entry(
        &mut self,
        target: &Target,
        key: &ast::Expr,
        span: Span,
        rest: &[ast::PathStep],
        value: &ast::Expr,
        statements: &mut Vec<Statement>,
    ) -> Option<ExprId> {
        let (key_kind, item_kind) = match self.types.form(target.end()) {
            Form::Map(key, value) => (key, value),
            Form::List(item) => (self.types.int(), item),
            form => {
                let what = "entries of maps and items of lists can be set";
                self.report_no_index(&form, target.end(), span, what);
                self.infer(value);
                return None;
            }
        };
        let key = self.check(key, key_kind);
        // The key is used twice where the path goes on, and is computed before the new value.
        let (pattern, key_local) = self.fresh(key_kind, span);
        statements.push(Statement::Let {
            pattern,
            value: key,
        });
        if rest.is_empty() {
            let item = self.check(value, item_kind);
            return Some(self.inserted(target, (key_local, key_kind), item, span));
        }
        let (bound, item) = self.fresh(item_kind, span);
        let inside = Target {
            root: item,
            kind: item_kind,
            steps: Vec::new(),
        };
        let changed = self.changed(&inside, rest, value, statements)?;
        let body = self.inserted(target, (key_local, key_kind), changed, span);
        Some(self.in_entry(
            target,
            (key_local, key_kind),
            (bound, item_kind),
            body,
            span,
        ))
    }

    fn inserted(
        &mut self,
        target: &Target,
        key: (Local, Partial),
        item: ExprId,
        span: Span,
    ) -> ExprId {
        let collection = self.read(target, span);
        let (key, kind) = (self.local(key.0, key.1, span), target.end());
        let arguments = vec![collection, key, item];
        if let Form::Map(..) = self.types.form(kind) {
            return self.primitive(Primitive::MapInsert, arguments, kind, span);
        }
        let option = self.types.make(Form::Option(kind));
        let changed = self.primitive(Primitive::ListSet, arguments, option, span);
        let (bound, list) = self.fresh(kind, span);
        let list = self.local(list, kind, span);
        self.or_stop(changed, (bound, list), span)
    }

    /// The body, with the item of a key bound; the step stops if the key is not there.
    fn in_entry(
        &mut self,
        target: &Target,
        key: (Local, Partial),
        item: (PatternId, Partial),
        body: ExprId,
        span: Span,
    ) -> ExprId {
        let option = self.types.make(Form::Option(item.1));
        let (collection, key) = (self.read(target, span), self.local(key.0, key.1, span));
        let get = match self.types.form(target.end()) {
            Form::Map(..) => Primitive::MapGet,
            _ => Primitive::ListGet,
        };
        let subject = self.primitive(get, vec![collection, key], option, span);
        self.or_stop(subject, (item.0, body), span)
    }

    /// The body, with what the option has bound; the step stops if it has nothing.
    fn or_stop(&mut self, option: ExprId, some: (PatternId, ExprId), span: Span) -> ExprId {
        let result = self.draft.type_of(some.1);
        let stop = self.draft.expr(ExprKind::MissingKey, result, span);
        self.with_option(option, some, stop, span)
    }

    /// What a target names, as it is now.
    fn read(&mut self, target: &Target, span: Span) -> ExprId {
        let mut value = self.local(target.root, target.kind, span);
        for (index, kind) in &target.steps {
            value = self.draft.expr(
                ExprKind::Project {
                    product: value,
                    index: *index,
                },
                *kind,
                span,
            );
        }
        value
    }
}

/// A local and the fields that lead from it to what a `set` changes.
struct Target {
    root: Local,
    kind: Partial,
    steps: Vec<(usize, Partial)>,
}

impl Target {
    fn end(&self) -> Partial {
        self.steps.last().map_or(self.kind, |(_, kind)| *kind)
    }

    fn with(&self, index: usize, kind: Partial) -> Target {
        let mut steps = self.steps.clone();
        steps.push((index, kind));
        Target {
            root: self.root,
            kind: self.kind,
            steps,
        }
    }
}
