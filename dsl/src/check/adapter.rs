//! Adapters for old clients: `accept` and `reply`.

use cam::schema::{Shape, ShapeId};

use super::exhaustive::{Place, Row};
use super::inclusion::{Inclusion, payload_of};
use super::machine::{Interface, Parts};
use super::types::{Form, Partial};
use super::{Checker, Frame};
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::{U310, U311};
use crate::source::Span;
use crate::typed::{Arm, Conversion, ExprId, ExprKind, Local, Manner, PatternId, PatternKind};

/// Which way an adapter goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// Old inputs to new ones.
    Accept,
    /// New outputs to old ones.
    Reply,
}

impl<'a> Checker<'a> {
    /// Adapters in both directions. One that is not written, while the other is, carries everything over as it is.
    pub(super) fn adapters(
        &mut self,
        parts: &Parts<'a>,
        this: &Interface,
    ) -> (Vec<Conversion>, Vec<Conversion>) {
        let (mut accepts, mut replies) = (Vec::new(), Vec::new());
        let (mut accepted, mut replied) = (Vec::new(), Vec::new());
        for (adapter, span) in &parts.accepts {
            if self.is_first("accept from", &adapter.version, *span, &mut accepted) {
                accepts.push((&adapter.version, adapter.arms.as_slice(), *span));
            }
        }
        for (adapter, span) in &parts.replies {
            if self.is_first("reply to", &adapter.version, *span, &mut replied) {
                replies.push((&adapter.version, adapter.arms.as_slice(), *span));
            }
        }
        let lacks = |seen: &[(u32, Span)], version: &ast::Version| {
            seen.iter().all(|(number, _)| *number != version.number)
        };
        let written = (accepts.clone(), replies.clone());
        replies.extend(
            written
                .0
                .iter()
                .filter(|one| lacks(&replied, one.0))
                .map(|one| (one.0, &[] as &[_], one.2)),
        );
        accepts.extend(
            written
                .1
                .iter()
                .filter(|one| lacks(&accepted, one.0))
                .map(|one| (one.0, &[] as &[_], one.2)),
        );
        let mut adapt =
            |direction, adapters: Vec<(&ast::Version, &[ast::Arm], Span)>| -> Vec<Conversion> {
                adapters
                    .into_iter()
                    .filter_map(|(version, arms, span)| {
                        let old = self.older(version, this.version)?;
                        self.adapter(direction, &old, this, arms, span, parts)
                    })
                    .collect()
            };
        (
            adapt(Direction::Accept, accepts),
            adapt(Direction::Reply, replies),
        )
    }

    fn adapter(
        &mut self,
        direction: Direction,
        old: &Interface,
        this: &Interface,
        arms: &[ast::Arm],
        span: Span,
        parts: &Parts<'a>,
    ) -> Option<Conversion> {
        let (from, to) = match direction {
            Direction::Accept => (old.input, this.input),
            Direction::Reply => (this.output, old.output),
        };
        let (domain, codomain) = (self.types.shape(from)?, self.types.shape(to)?);
        let parameter = self.scope.fresh();
        let frame = Frame {
            stamps: this.stamps.clone(),
            may_refuse: direction == Direction::Accept,
            ..Frame::default()
        };
        let (mut checked, rows) =
            self.within(frame, |checker| checker.adapter_arms(arms, from, to));
        let mut rows: Vec<Row> = rows?;
        let mut missing = Vec::new();
        self.add_defaults(
            (domain, codomain),
            span,
            &mut checked,
            &mut rows,
            &mut missing,
        );
        if !missing.is_empty() {
            let problem = match direction {
                Direction::Accept => self.unknown_input(old, this, &missing, parts, span),
                Direction::Reply => self.unknown_output(old, this, &missing, parts, span),
            };
            self.report(problem);
            return None;
        }
        self.judge_arms(from, &rows, span, &Place::Match(None));
        let argument = self.local(parameter, from, span);
        let body = match (arms, domain == codomain) {
            ([], true) => argument,
            _ => self.draft.expr(
                ExprKind::Match {
                    subject: argument,
                    arms: checked,
                },
                to,
                span,
            ),
        };
        Some(Conversion {
            version: old.version,
            domain,
            codomain,
            parameter,
            body,
            manner: Manner::Written,
            span,
        })
    }

    fn adapter_arms(
        &mut self,
        arms: &[ast::Arm],
        from: Partial,
        to: Partial,
    ) -> (Vec<Arm>, Option<Vec<Row>>) {
        let (mut checked, mut rows, mut branches) = (Vec::new(), Vec::new(), Vec::new());
        for arm in arms {
            let (arm, row) = self.arm(arm, (from, None), Some(to), &mut branches);
            checked.push(arm);
            rows.push(row);
        }
        for branch in branches {
            let found = self.draft.type_of(branch.value);
            self.enforce_at(branch.at, found, to);
        }
        (checked, rows.into_iter().collect())
    }

    /// Arms that carry over what the written ones leave; what cannot be carried over is `missing`.
    fn add_defaults(
        &mut self,
        (domain, codomain): (ShapeId, ShapeId),
        span: Span,
        arms: &mut Vec<Arm>,
        rows: &mut Vec<Row>,
        missing: &mut Vec<Option<usize>>,
    ) {
        let Shape::Variant(_, old) = self.types.shapes.get(domain).clone() else {
            if self.is_open(rows, domain) {
                if Inclusion::new(&self.types.shapes).holds(domain, codomain) {
                    let (pattern, body) = self.carried(domain, codomain, span);
                    self.add_arm(pattern, body, span, arms, rows);
                } else {
                    missing.push(None);
                }
            }
            return;
        };
        for index in self.open_constructors(rows, domain, old.len()) {
            let (name, payload) = &old[index];
            let new = match self.types.shapes.get(codomain) {
                Shape::Variant(_, new) => new
                    .iter()
                    .position(|(own, _)| own == name)
                    .map(|place| (place, new[place].1)),
                _ => None,
            };
            let carried =
                new.filter(|(_, to)| Inclusion::new(&self.types.shapes).holds(*payload, *to));
            let Some((place, to)) = carried else {
                missing.push(Some(index));
                continue;
            };
            let (payload, value) = self.carried(*payload, to, span);
            let (from, into) = (self.types.closed(domain), self.types.closed(codomain));
            let pattern = PatternKind::Constructor {
                constructor: index,
                payload,
            };
            let pattern = self.draft.pattern(pattern, from, span);
            let body = self.draft.expr(
                ExprKind::Inject {
                    constructor: place,
                    payload: value,
                },
                into,
                span,
            );
            self.add_arm(pattern, body, span, arms, rows);
        }
    }

    fn add_arm(
        &self,
        pattern: PatternId,
        body: ExprId,
        at: Span,
        arms: &mut Vec<Arm>,
        rows: &mut Vec<Row>,
    ) {
        arms.push(Arm {
            pattern,
            guard: None,
            body,
        });
        rows.push(Row {
            patterns: vec![pattern],
            is_guarded: false,
            at,
        });
    }

    /// A pattern for everything, and what it matched carried over.
    fn carried(&mut self, from: ShapeId, to: ShapeId, span: Span) -> (PatternId, ExprId) {
        let (domain, codomain) = (self.types.closed(from), self.types.closed(to));
        let (pattern, local): (PatternId, Local) = self.fresh(domain, span);
        let value = self.local(local, domain, span);
        let carried = if from == to {
            value
        } else {
            self.draft.expr(ExprKind::Same(value), codomain, span)
        };
        (pattern, carried)
    }

    /// U310
    fn unknown_input(
        &mut self,
        old: &Interface,
        this: &Interface,
        missing: &[Option<usize>],
        parts: &Parts<'a>,
        span: Span,
    ) -> Problem {
        let at = parts.input.map_or(span, ast::TypeBody::span);
        let (was, now) = (old.version, this.version);
        let names = self.constructor_labels(old.input, missing);
        let (title, pattern) = match names.first() {
            None => {
                let kind = self.types.describe(old.input);
                (
                    format!(
                        "clients of version {was} send `{kind}`, which version {now} does not take"
                    ),
                    "…".to_owned(),
                )
            }
            Some((name, pattern)) => (
                match self.changed_payload(old.input, this.input, name) {
                    Some((carried, carries)) => {
                        format!(
                            "clients of version {was} may send `{name}` with `{carried}`, in version {now} it carries `{carries}`"
                        )
                    }
                    None => format!(
                        "clients of version {was} may send `{name}`, which version {now} does not have"
                    ),
                },
                pattern.clone(),
            ),
        };
        let list = self.constructor_list(old.input);
        let mut problem = Problem::new(U310, at, title).saying(format!("version {was}: {list}"));
        if names.len() > 1 {
            let others: Vec<&str> = names[1..].iter().map(|(name, _)| name.as_str()).collect();
            problem = problem.noting(format!("also without a meaning: {}", others.join(", ")));
        }
        problem
            .helping(format!(
                "say what it means now: `accept from {was} {{ {pattern} => … }}`"
            ))
            .helping(format!(
                "or that it is gone: `accept from {was} {{ {pattern} => refuse }}`"
            ))
    }

    /// U311
    fn unknown_output(
        &mut self,
        old: &Interface,
        this: &Interface,
        missing: &[Option<usize>],
        parts: &Parts<'a>,
        span: Span,
    ) -> Problem {
        let (was, now) = (old.version, this.version);
        let names = self.constructor_labels(this.output, missing);
        let body = parts.output.map_or(span, ast::TypeBody::span);
        let answer = self
            .plain_constructor(old.output)
            .unwrap_or_else(|| "…".to_owned());
        let Some((name, _)) = names.first() else {
            let kind = self.types.describe(old.output);
            let title = format!("clients of version {was} know answers of `{kind}` only");
            return Problem::new(U311, body, title)
                .helping(format!("say what they get: `reply to {was} {{ … => … }}`"));
        };
        let at = parts
            .output
            .and_then(|body| constructor_span(body, name))
            .unwrap_or(body);
        let (title, label) = match self.changed_payload(old.output, this.output, name) {
            Some((carried, carries)) => (
                format!(
                    "clients of version {was} know the answer `{name}` with `{carried}`, now it carries `{carries}`"
                ),
                format!("changed in version {now}"),
            ),
            None => (
                format!("clients of version {was} do not know the answer `{name}`"),
                format!("new in version {now}"),
            ),
        };
        let arms: Vec<String> = names
            .iter()
            .map(|(_, pattern)| format!("{pattern} => {answer}"))
            .collect();
        let arms = arms.join(", ");
        Problem::new(U311, at, title)
            .saying(label)
            .helping(format!("say what they get: `reply to {was} {{ {arms} }}`"))
    }

    /// The names of constructors, and patterns for them.
    fn constructor_labels(
        &mut self,
        variant: Partial,
        wanted: &[Option<usize>],
    ) -> Vec<(String, String)> {
        let constructors = self.constructors(variant).unwrap_or_default();
        let mut labels = Vec::new();
        for index in wanted.iter().flatten() {
            let (name, payload) = &constructors[*index];
            let is_plain = self.types.form(*payload) == Form::Tuple(Vec::new());
            labels.push((
                name.to_string(),
                if is_plain {
                    name.to_string()
                } else {
                    format!("{name}(_)")
                },
            ));
        }
        labels
    }

    fn constructor_list(&mut self, variant: Partial) -> String {
        match self.constructors(variant) {
            Some(constructors) => {
                let mut names: Vec<String> = constructors
                    .iter()
                    .take(8)
                    .map(|(name, _)| name.to_string())
                    .collect();
                if constructors.len() > 8 {
                    names.push("…".to_owned());
                }
                names.join(" | ")
            }
            None => self.types.describe(variant),
        }
    }

    /// What a constructor carries in two variants, if both have it.
    fn changed_payload(
        &mut self,
        old: Partial,
        new: Partial,
        name: &str,
    ) -> Option<(String, String)> {
        let (old, new) = (self.types.shape(old)?, self.types.shape(new)?);
        let (Shape::Variant(_, old), Shape::Variant(_, new)) =
            (self.types.shapes.get(old), self.types.shapes.get(new))
        else {
            return None;
        };
        let (old, new) = (payload_of(old, name)?, payload_of(new, name)?);
        let (old, new) = (self.types.closed(old), self.types.closed(new));
        Some((self.types.describe(old), self.types.describe(new)))
    }
}

fn constructor_span(body: &ast::TypeBody, name: &str) -> Option<Span> {
    match body {
        ast::TypeBody::Variant(variant) => variant
            .constructors
            .iter()
            .find(|constructor| constructor.name.text == name)
            .map(|found| found.span),
        ast::TypeBody::Type(_) => None,
    }
}
