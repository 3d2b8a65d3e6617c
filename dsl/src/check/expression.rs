//! Expressions.

use super::call::Given;
use super::exhaustive::{Addition, Place, Row};
use super::messages::with_article;
use super::sight::{Reading, Seen};
use super::types::{Form, Partial};
use super::{Checker, Duty};
use crate::ast::{self};
use crate::problem::Problem;
use crate::problem::catalogue::{T101, T112, U307};
use crate::source::Span;
use crate::typed::{Arm, ExprId, ExprKind, FunctionIndex, Local, Operator, Primitive};

/// A result of a branch, and where it is written.
pub(super) struct Branch {
    pub(super) value: ExprId,
    pub(super) at: Span,
}

impl<'a> Checker<'a> {
    /// Checks an expression and holds it to a type.
    pub(super) fn check(&mut self, expr: &ast::Expr, wanted: Partial) -> ExprId {
        let checked = self.hinted(expr, Some(wanted));
        let found = self.draft.type_of(checked);
        self.enforce_at(result_span(expr), found, wanted);
        checked
    }

    /// Checks an expression of which nothing is known.
    pub(super) fn infer(&mut self, expr: &ast::Expr) -> ExprId {
        self.hinted(expr, None)
    }

    /// Checks an expression. The hint says what its constructors and records probably are; it is not enforced.
    pub(super) fn hinted(&mut self, expr: &ast::Expr, hint: Option<Partial>) -> ExprId {
        let checked = self.hinted_form(expr, hint);
        let reading = Reading::Value(self.draft.type_of(checked));
        self.see_reading(expr.span, reading);
        checked
    }

    fn hinted_form(&mut self, expr: &ast::Expr, hint: Option<Partial>) -> ExprId {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Int(number) => self.int(*number, span),
            ast::ExprKind::Text(content) => {
                let text = self.types.text();
                self.draft
                    .expr(ExprKind::Text(content.as_str().into()), text, span)
            }
            ast::ExprKind::Bytes(content) => {
                let bytes = self.types.bytes();
                self.draft
                    .expr(ExprKind::Bytes(content.as_slice().into()), bytes, span)
            }
            ast::ExprKind::Bool(truth) => self.truth(*truth, span),
            ast::ExprKind::Name(name) => self.name(name, hint),
            ast::ExprKind::Call {
                function,
                arguments,
            } => {
                let given: Vec<Given<'_>> = arguments.iter().map(Given::Written).collect();
                self.call(function, &given, hint, span)
            }
            ast::ExprKind::Constructor {
                constructor,
                payload,
            } => self.construct(constructor, payload, hint, span),
            ast::ExprKind::Tuple(parts) => self.tuple(parts, hint, span),
            ast::ExprKind::List(items) => self.list(items, hint, span),
            ast::ExprKind::Map(entries) => self.map(entries, hint, span),
            ast::ExprKind::Set(items) => self.set_literal(items, hint, span),
            ast::ExprKind::Record(record) => self.record(record, hint),
            ast::ExprKind::Block(block) => self.block(block, hint),
            ast::ExprKind::If {
                condition,
                then,
                otherwise,
            } => self.choose(condition, then, otherwise, hint, span),
            ast::ExprKind::Match { subject, arms } => self.matching(subject, arms, hint, span),
            ast::ExprKind::Field { record, field } => self.field(record, field, span),
            ast::ExprKind::Index { collection, key } => self.index(collection, key, span),
            ast::ExprKind::Negate(value) => {
                let zero = self.int(0, span);
                let int = self.types.int();
                let value = self.check(value, int);
                self.binary(Operator::Subtract, zero, value, int, span)
            }
            ast::ExprKind::Not(value) => {
                let bool = self.types.bool();
                let condition = self.check(value, bool);
                let (yes, no) = (self.truth(false, span), self.truth(true, span));
                self.draft
                    .expr(ExprKind::If { condition, yes, no }, bool, span)
            }
            ast::ExprKind::Binary {
                operator,
                left,
                right,
                ..
            } => self.operator(*operator, left, right, hint, span),
            ast::ExprKind::Is { value, pattern } => self.is(value, pattern, span),
            ast::ExprKind::Pipe { value, function } => self.pipe(value, function, hint, span),
            ast::ExprKind::Refuse => self.refuse(span),
            ast::ExprKind::Error => self.unknown(span),
        }
    }

    /// Stands where there is a mistake that was reported.
    pub(super) fn unknown(&mut self, span: Span) -> ExprId {
        self.spoil();
        let unknown = self.types.unknown();
        self.draft.expr(ExprKind::Tuple(Vec::new()), unknown, span)
    }

    pub(super) fn int(&mut self, number: i64, span: Span) -> ExprId {
        let int = self.types.int();
        self.draft.expr(ExprKind::Int(number), int, span)
    }

    pub(super) fn truth(&mut self, truth: bool, span: Span) -> ExprId {
        let bool = self.types.bool();
        self.draft.expr(ExprKind::Bool(truth), bool, span)
    }

    pub(super) fn local(&mut self, local: Local, partial: Partial, span: Span) -> ExprId {
        self.draft.expr(ExprKind::Local(local), partial, span)
    }

    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: ExprId,
        right: ExprId,
        kind: Partial,
        span: Span,
    ) -> ExprId {
        self.draft.expr(
            ExprKind::Binary {
                operator,
                left,
                right,
            },
            kind,
            span,
        )
    }

    fn tuple(&mut self, parts: &[ast::Expr], hint: Option<Partial>, span: Span) -> ExprId {
        let hints: Vec<Option<Partial>> = match hint.map(|hint| self.types.form(hint)) {
            Some(Form::Tuple(known)) if known.len() == parts.len() => {
                known.into_iter().map(Some).collect()
            }
            _ => vec![None; parts.len()],
        };
        let mut values = Vec::new();
        for (part, hint) in parts.iter().zip(hints) {
            values.push(match hint {
                Some(wanted) => self.check(part, wanted),
                None => self.infer(part),
            });
        }
        let kinds = values
            .iter()
            .map(|value| self.draft.type_of(*value))
            .collect();
        let kind = self.types.make(Form::Tuple(kinds));
        self.draft.expr(ExprKind::Tuple(values), kind, span)
    }

    fn list(&mut self, items: &[ast::Expr], hint: Option<Partial>, span: Span) -> ExprId {
        let (kind, item) = match hint.map(|hint| (hint, self.types.form(hint))) {
            Some((hint, Form::List(item))) => (hint, item),
            _ => {
                let item = self.types.hole(span);
                (self.types.make(Form::List(item)), item)
            }
        };
        let items = items.iter().map(|value| self.check(value, item)).collect();
        self.draft.expr(ExprKind::List(items), kind, span)
    }

    fn map(&mut self, entries: &[ast::MapEntry], hint: Option<Partial>, span: Span) -> ExprId {
        let (kind, key, value) = match hint.map(|hint| (hint, self.types.form(hint))) {
            Some((hint, Form::Map(key, value))) => (hint, key, value),
            _ => {
                let (key, value) = (self.types.hole(span), self.types.hole(span));
                self.duties.push(Duty::Key {
                    partial: key,
                    at: span,
                    use_word: "be keys of a map",
                });
                (self.types.make(Form::Map(key, value)), key, value)
            }
        };
        let entries = entries
            .iter()
            .map(|entry| (self.check(&entry.key, key), self.check(&entry.value, value)))
            .collect();
        self.draft.expr(ExprKind::Map(entries), kind, span)
    }

    /// A set is a map to empty tuples.
    fn set_literal(&mut self, items: &[ast::Expr], hint: Option<Partial>, span: Span) -> ExprId {
        let (kind, item) = match hint.map(|hint| (hint, self.types.form(hint))) {
            Some((hint, Form::Set(item))) => (hint, item),
            _ => {
                let item = self.types.hole(span);
                self.duties.push(Duty::Key {
                    partial: item,
                    at: span,
                    use_word: "be in a set",
                });
                (self.types.make(Form::Set(item)), item)
            }
        };
        let items: Vec<ExprId> = items.iter().map(|value| self.check(value, item)).collect();
        let entries = items
            .into_iter()
            .map(|item| (item, self.nothing(span)))
            .collect();
        self.draft.expr(ExprKind::Map(entries), kind, span)
    }

    /// `()`
    pub(super) fn nothing(&mut self, span: Span) -> ExprId {
        let unit = self.types.unit();
        self.draft.expr(ExprKind::Tuple(Vec::new()), unit, span)
    }

    fn choose(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Expr,
        otherwise: &ast::Expr,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let bool = self.types.bool();
        let condition = self.check(condition, bool);
        let (yes, no) = (self.hinted(then, hint), self.hinted(otherwise, hint));
        let branches = [
            Branch {
                value: yes,
                at: result_span(then),
            },
            Branch {
                value: no,
                at: result_span(otherwise),
            },
        ];
        let kind = self.branches("if", &branches, hint);
        self.draft
            .expr(ExprKind::If { condition, yes, no }, kind, span)
    }

    fn matching(
        &mut self,
        subject: &ast::Expr,
        arms: &[ast::Arm],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let head = Span::new(span.start, subject.span.end);
        let matched = Some(subject);
        let subject = self.infer(subject);
        let partial = self.draft.type_of(subject);
        let mut rows = Vec::new();
        let mut branches = Vec::new();
        let mut checked = Vec::new();
        for arm in arms {
            let (arm, row) = self.arm(arm, (partial, matched), hint, &mut branches);
            rows.push(row);
            checked.push(arm);
        }
        let kind = self.branches("match", &branches, hint);
        let addition = self.addition(span, arms, kind);
        self.judge_later(partial, rows, head, Place::Match(addition));
        self.draft.expr(
            ExprKind::Match {
                subject,
                arms: checked,
            },
            kind,
            span,
        )
    }

    /// Where an editor adds arms to a match, behind the last one.
    pub(super) fn addition(
        &mut self,
        all: Span,
        arms: &[ast::Arm],
        kind: Partial,
    ) -> Option<Addition> {
        let last = arms.last()?.span;
        let line = |span: Span| self.source.map(|source| source.position(span.start).line);
        let is_tall = line(all) < line(last);
        let example = self.plain_constructor(kind);
        Some(Addition {
            at: last.after(),
            between: match is_tall {
                true => format!("\n{}", self.indent(last)),
                false => ", ".to_owned(),
            },
            example: example.unwrap_or_else(|| self.example(kind)),
        })
    }

    pub(super) fn arm(
        &mut self,
        arm: &ast::Arm,
        (subject, matched): (Partial, Option<&ast::Expr>),
        hint: Option<Partial>,
        branches: &mut Vec<Branch>,
    ) -> (Arm, Option<Row>) {
        let (mark, mistakes) = (self.scope.mark(), self.mistakes);
        let pattern = self.pattern(&arm.pattern, subject);
        self.lint_names(mark, matched);
        let row = self.row(
            vec![pattern],
            arm.guard.is_some(),
            arm.pattern.span,
            mistakes,
        );
        let guard = arm.guard.as_ref().map(|guard| self.condition(guard));
        let body = self.hinted(&arm.body, hint);
        self.leave(mark);
        branches.push(Branch {
            value: body,
            at: result_span(&arm.body),
        });
        (
            Arm {
                pattern,
                guard,
                body,
            },
            row,
        )
    }

    pub(super) fn condition(&mut self, expr: &ast::Expr) -> ExprId {
        let bool = self.types.bool();
        self.check(expr, bool)
    }

    /// The one type of all branches: the hinted one, else that of the first.
    pub(super) fn branches(
        &mut self,
        word: &str,
        branches: &[Branch],
        hint: Option<Partial>,
    ) -> Partial {
        let Some(first) = branches.first() else {
            return hint.unwrap_or_else(|| self.types.unknown());
        };
        let kind = hint.unwrap_or_else(|| self.draft.type_of(first.value));
        let mut good: Option<Span> = None;
        let mut bad: Vec<&Branch> = Vec::new();
        for branch in branches {
            let found = self.draft.type_of(branch.value);
            if self.types.unify(found, kind) {
                good = good.or(Some(branch.at));
            } else {
                bad.push(branch);
            }
        }
        for branch in bad {
            let found = self.draft.type_of(branch.value);
            let problem = match good {
                Some(good) => self.branch_mismatch(word, branch.at, found, good, kind),
                None => self.mismatch(branch.at, found, kind),
            };
            self.report(problem);
        }
        kind
    }

    pub(super) fn branch_mismatch(
        &mut self,
        word: &str,
        at: Span,
        found: Partial,
        good: Span,
        kind: Partial,
    ) -> Problem {
        let (is, other) = (self.types.describe(found), self.types.describe(kind));
        let problem = Problem::new(
            T101,
            at,
            format!("the branches of this `{word}` have different types"),
        )
        .saying(format!("this is {}", with_article(&is)))
        .pointing_at(good, format!("this is {}", with_article(&other)));
        match self.conversion_help(at, found, kind) {
            Some(help) => problem.helping(help),
            None => problem.helping(format!("make both of them {}", with_article(&other))),
        }
    }

    fn field(&mut self, record: &ast::Expr, field: &ast::Name, span: Span) -> ExprId {
        let product = self.infer(record);
        let partial = self.draft.type_of(product);
        match self.field_of(partial, field) {
            Some((index, kind)) => {
                self.draft
                    .expr(ExprKind::Project { product, index }, kind, span)
            }
            None => self.unknown(span),
        }
    }

    /// Position and type of a field; reported if there is none.
    pub(super) fn field_of(
        &mut self,
        record: Partial,
        field: &ast::Name,
    ) -> Option<(usize, Partial)> {
        self.wish_field(field.span, record, std::iter::empty());
        let fields = match self.types.form(record) {
            Form::Record(fields) => fields,
            Form::Unknown => return None,
            Form::Hole => {
                let problem = self.too_early(field.span, "its fields are not known");
                self.report(problem);
                return None;
            }
            _ => Vec::new(),
        };
        let found = fields.iter().position(|(name, _)| **name == *field.text);
        if found.is_none() && !field.text.is_empty() {
            let known: Vec<String> = fields.iter().map(|(name, _)| name.to_string()).collect();
            let problem = self.unknown_field(record, &field.text, field.span, &known);
            self.report(problem);
        }
        let (index, kind) = found.map(|index| (index, fields[index].1))?;
        let seen = Seen::Field(record, fields[index].0.clone());
        self.see(field.span, seen, Reading::Value(kind));
        Some((index, kind))
    }

    fn index(&mut self, collection: &ast::Expr, key: &ast::Expr, span: Span) -> ExprId {
        let map = self.infer(collection);
        let partial = self.draft.type_of(map);
        match self.types.form(partial) {
            Form::Map(wanted, value) => {
                let key = self.check(key, wanted);
                let option = self.types.make(Form::Option(value));
                let kind = ExprKind::Primitive {
                    primitive: Primitive::MapGet,
                    arguments: vec![map, key],
                };
                self.draft.expr(kind, option, span)
            }
            form => {
                if let Some(sequence) = self.sequence_of(partial) {
                    let int = self.types.int();
                    let position = self.check(key, int);
                    return self.item_at(map, sequence, position, span);
                }
                self.infer(key);
                self.report_no_index(
                    &form,
                    partial,
                    collection.span,
                    "maps, lists, texts and bytes can be indexed",
                );
                self.unknown(span)
            }
        }
    }

    /// `what` says what is possible instead.
    pub(super) fn report_no_index(
        &mut self,
        form: &Form,
        partial: Partial,
        span: Span,
        what: &str,
    ) {
        let problem = match form {
            Form::Unknown => return,
            Form::Hole => self.too_early(span, "it cannot be indexed"),
            _ => {
                let found = with_article(&self.types.describe(partial));
                let title = format!("only {what}, this is {found}");
                Problem::new(T112, span, title)
            }
        };
        self.report(problem);
    }

    fn refuse(&mut self, span: Span) -> ExprId {
        if !self.frame.may_refuse {
            let problem = Problem::new(U307, span, "`refuse` is only for the arms of `accept`");
            self.report(problem.helping("to answer no, give an output that says so"));
            return self.unknown(span);
        }
        let hole = self.types.hole(span);
        self.draft.expr(ExprKind::Refuse, hole, span)
    }
}

pub(super) fn function_index(function: usize) -> FunctionIndex {
    FunctionIndex(u32::try_from(function).expect("functions come from bounded source"))
}

/// Where the result of an expression is written: the last line of a block, not the whole of it.
pub(super) fn result_span(expr: &ast::Expr) -> Span {
    match &expr.kind {
        ast::ExprKind::Block(block) => result_span(&block.result),
        _ => expr.span,
    }
}
