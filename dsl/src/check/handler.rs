//! Handlers: trees of straight lines that change the state and end in an answer.

use super::exhaustive::Place;
use super::expression::result_span;
use super::types::{Form, Partial};
use super::{Checker, StateView};
use crate::ast::{self, PathStepKind, StatementKind as Written};
use crate::problem::Problem;
use crate::problem::catalogue::{M111, M112, M113};
use crate::source::Span;
use crate::typed::{
    Arm, ExprId, ExprKind, Handler, HandlerArm, Local, PatternKind, Primitive, Statement,
};

/// An answer at the end of one way through a handler.
pub(super) struct Ending {
    answer: ExprId,
    at: Span,
    /// The `if` or `match` it stands in.
    branch_of: Option<&'static str>,
}

/// What is known on the way through a handler.
#[derive(Clone, Copy, Default)]
struct Way {
    /// Where the state was changed.
    changed: Option<Span>,
    branch_of: Option<&'static str>,
}

impl Checker<'_> {
    /// A whole handler, its answers held to the output.
    pub(super) fn handler(&mut self, expr: &ast::Expr, output: Partial) -> Handler {
        let mut endings = Vec::new();
        let handler = self.way(expr, output, Way::default(), &mut endings);
        self.judge_endings(&endings, output);
        handler
    }

    fn judge_endings(&mut self, endings: &[Ending], output: Partial) {
        let mut good: Option<Span> = None;
        let mut bad = Vec::new();
        for ending in endings {
            let found = self.draft.type_of(ending.answer);
            if !self.types.unify(found, output) {
                bad.push((ending, found));
            } else if ending.branch_of.is_some() {
                good = good.or(Some(ending.at));
            }
        }
        for (ending, found) in bad {
            let problem = match (ending.branch_of, good) {
                (Some(word), Some(good)) => {
                    self.branch_mismatch(word, ending.at, found, good, output)
                }
                _ => self.mismatch(ending.at, found, output),
            };
            self.report(problem);
        }
    }

    fn view(&self) -> StateView {
        self.frame
            .state
            .expect("a handler is checked in a frame with a state")
    }

    fn way(
        &mut self,
        expr: &ast::Expr,
        output: Partial,
        way: Way,
        endings: &mut Vec<Ending>,
    ) -> Handler {
        match &expr.kind {
            ast::ExprKind::Block(block) => self.sequence(block, output, way, endings),
            ast::ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                let condition = self.condition(condition);
                let way = Way {
                    branch_of: Some("if"),
                    ..way
                };
                let yes = Box::new(self.way(then, output, way, endings));
                let no = Box::new(self.way(otherwise, output, way, endings));
                Handler::If { condition, yes, no }
            }
            ast::ExprKind::Match { subject, arms } => {
                let way = Way {
                    branch_of: Some("match"),
                    ..way
                };
                self.match_in_handler(subject, arms, expr.span, output, way, endings)
            }
            _ => {
                let answer = self.hinted(expr, Some(output));
                endings.push(Ending {
                    answer,
                    at: result_span(expr),
                    branch_of: way.branch_of,
                });
                Handler::Finish {
                    state: self.view().current,
                    output: answer,
                }
            }
        }
    }

    fn match_in_handler(
        &mut self,
        subject: &ast::Expr,
        arms: &[ast::Arm],
        span: Span,
        output: Partial,
        way: Way,
        endings: &mut Vec<Ending>,
    ) -> Handler {
        let subject = self.infer(subject);
        let partial = self.draft.type_of(subject);
        let (mut checked, mut rows) = (Vec::new(), Vec::new());
        for arm in arms {
            let (mark, mistakes) = (self.scope.mark(), self.mistakes);
            let pattern = self.pattern(&arm.pattern, partial);
            rows.push(self.row(
                vec![pattern],
                arm.guard.is_some(),
                arm.pattern.span,
                mistakes,
            ));
            let guard = arm.guard.as_ref().map(|guard| self.condition(guard));
            let body = self.way(&arm.body, output, way, endings);
            self.leave(mark);
            checked.push(HandlerArm {
                pattern,
                guard,
                body,
            });
        }
        self.judge_later(partial, rows, span, Place::Match);
        Handler::Match {
            subject,
            arms: checked,
        }
    }

    fn sequence(
        &mut self,
        block: &ast::Block,
        output: Partial,
        mut way: Way,
        endings: &mut Vec<Ending>,
    ) -> Handler {
        let (mark, before) = (self.scope.mark(), self.frame.state);
        let mut statements = Vec::new();
        for statement in &block.statements {
            self.statement(statement, output, &mut way, endings, &mut statements);
        }
        let rest = self.way(&block.result, output, way, endings);
        self.leave(mark);
        self.frame.state = before;
        if statements.is_empty() {
            rest
        } else {
            Handler::Sequence {
                statements,
                rest: Box::new(rest),
            }
        }
    }

    fn statement(
        &mut self,
        statement: &ast::Statement,
        output: Partial,
        way: &mut Way,
        endings: &mut Vec<Ending>,
        statements: &mut Vec<Statement>,
    ) {
        let span = statement.span;
        match &statement.kind {
            Written::Let {
                pattern,
                value,
                otherwise,
            } => {
                let value = self.infer(value);
                let partial = self.draft.type_of(value);
                let Some(otherwise) = otherwise else {
                    let mark = self.scope.mark();
                    let pattern = self.sure_pattern(pattern, partial, mark);
                    return statements.push(Statement::Let { pattern, value });
                };
                let otherwise = self.way(
                    otherwise,
                    output,
                    Way {
                        branch_of: None,
                        ..*way
                    },
                    endings,
                );
                let pattern = self.pattern(pattern, partial);
                statements.push(Statement::LetElse {
                    pattern,
                    value,
                    otherwise,
                });
            }
            Written::Require {
                condition,
                otherwise,
            } => {
                if let Some(changed) = way.changed {
                    self.report_late_require(span, changed);
                }
                let condition = self.condition(condition);
                let otherwise = self.way(
                    otherwise,
                    output,
                    Way {
                        branch_of: None,
                        ..*way
                    },
                    endings,
                );
                statements.push(Statement::Require {
                    condition,
                    otherwise,
                });
            }
            Written::Set { field, path, value } => {
                way.changed = Some(span);
                self.set(field, path, value, span, statements);
            }
            Written::Become(value) => {
                way.changed = Some(span);
                let value = self.check(value, self.view().partial);
                self.become_state(value, span, statements);
            }
            Written::Error => self.spoil(),
        }
    }

    fn report_late_require(&mut self, span: Span, changed: Span) {
        let problem = Problem::new(
            M113,
            span,
            "this `require` comes after the state was changed",
        )
        .pointing_at(
            changed,
            "changed here, and kept even if the condition fails",
        )
        .helping("move the `require` up, or make it an `if`");
        self.report(problem);
    }

    /// The state has a new value from here on.
    fn become_state(&mut self, value: ExprId, span: Span, statements: &mut Vec<Statement>) {
        let view = self.view();
        let (pattern, current) = self.fresh(view.partial, span);
        statements.push(Statement::Let { pattern, value });
        self.frame.state = Some(StateView { current, ..view });
    }

    fn set(
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
            form => {
                self.report_no_map(&form, target.end(), span);
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
        let map = self.read(target, span);
        let key = self.local(key.0, key.1, span);
        let kind = ExprKind::Primitive {
            primitive: Primitive::MapInsert,
            arguments: vec![map, key, item],
        };
        self.draft.expr(kind, target.end(), span)
    }

    /// The body, with the item of a key bound; the step stops if the key is not there.
    fn in_entry(
        &mut self,
        target: &Target,
        key: (Local, Partial),
        item: (crate::typed::PatternId, Partial),
        body: ExprId,
        span: Span,
    ) -> ExprId {
        let option = self.types.make(Form::Option(item.1));
        let (map, key) = (self.read(target, span), self.local(key.0, key.1, span));
        let subject = ExprKind::Primitive {
            primitive: Primitive::MapGet,
            arguments: vec![map, key],
        };
        let subject = self.draft.expr(subject, option, span);
        let some = self.draft.pattern(
            PatternKind::Constructor {
                constructor: 1,
                payload: item.0,
            },
            option,
            span,
        );
        let none = self.any(option, span);
        let stop = self.draft.expr(ExprKind::MissingKey, target.end(), span);
        let arms = vec![
            Arm {
                pattern: some,
                guard: None,
                body,
            },
            Arm {
                pattern: none,
                guard: None,
                body: stop,
            },
        ];
        self.draft
            .expr(ExprKind::Match { subject, arms }, target.end(), span)
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
