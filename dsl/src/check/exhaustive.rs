//! Exhaustiveness and reachability of matches and handlers, once all types are known.

use cam::schema::{Shape, ShapeId};

use super::types::Partial;
use super::{Checker, Duty};
use crate::coverage::{Coverage, Node, NodeId, Tag, TooCostly};
use crate::limits::ARMS_ADDED_MAX;
use crate::problem::Problem;
use crate::problem::catalogue::{M201, M202, T201, T202, T203, T204};
use crate::source::Span;
use crate::typed::{PatternId, PatternKind};

/// A row of patterns, one for each column.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) patterns: Vec<PatternId>,
    /// A guard may fail, so the row covers nothing for sure.
    pub(super) is_guarded: bool,
    pub(super) at: Span,
}

/// Where arms can be added, and what they could give.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Addition {
    /// Behind the last arm.
    pub(super) at: Span,
    /// What stands between two arms.
    pub(super) between: String,
    pub(super) example: String,
}

/// What the rows belong to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// A `match`, or the arms of `accept` and `reply`.
    Match(Option<Addition>),
    /// A pattern that has no alternative: `let`, a parameter.
    Single,
}

/// Handlers by input and state.
pub(super) struct Handlers {
    pub(super) rows: Vec<Row>,
    pub(super) input: ShapeId,
    pub(super) state: ShapeId,
    /// The machine's name.
    pub(super) at: Span,
    /// The last of them, with the spaces before it.
    pub(super) last: Span,
    pub(super) indent: String,
    /// An answer to put in a help line.
    pub(super) example: String,
}

impl Checker<'_> {
    /// Judges a match or a single pattern.
    pub(super) fn judge_arms(&mut self, subject: Partial, rows: &[Row], at: Span, place: &Place) {
        let Some(shape) = self.types.shape(subject) else {
            return; // reported where the type got lost
        };
        let columns = [shape];
        let mut problems = Vec::new();
        {
            let mut coverage = Coverage::new(&self.types.shapes);
            let nodes = self.nodes(&mut coverage, rows);
            let sure: Vec<Vec<NodeId>> = sure_rows(&nodes, rows);
            match coverage.uncovered(&sure, &[coverage.any()], &columns) {
                Ok(Some(witness)) => {
                    let problem = missing(&coverage.print(&witness[0], shape), at, place);
                    problems.push(match place {
                        Place::Match(Some(addition)) => {
                            let open = open_patterns(&mut coverage, sure, shape);
                            with_arms(problem, &open, addition)
                        }
                        _ => problem,
                    });
                }
                Ok(None) => {}
                Err(TooCostly) => problems.push(too_costly(at)),
            }
            if matches!(place, Place::Match(_)) {
                problems.extend(
                    unreachable_rows(&mut coverage, &nodes, rows, &columns)
                        .into_iter()
                        .map(unreachable_arm),
                );
            }
        }
        problems
            .into_iter()
            .for_each(|problem| self.report(problem));
    }

    /// Judges the `on` clauses of a machine.
    pub(super) fn judge_handlers(&mut self, handlers: &Handlers) {
        let columns = [handlers.input, handlers.state];
        let mut problems = Vec::new();
        {
            let mut coverage = Coverage::new(&self.types.shapes);
            let nodes = self.nodes(&mut coverage, &handlers.rows);
            let sure = sure_rows(&nodes, &handlers.rows);
            match coverage.uncovered(&sure, &[coverage.any(); 2], &columns) {
                Ok(Some(_)) => problems.push(self.unhandled(&mut coverage, &sure, handlers)),
                Ok(None) => {}
                Err(TooCostly) => problems.push(too_costly(handlers.at)),
            }
            let lost = unreachable_rows(&mut coverage, &nodes, &handlers.rows, &columns);
            problems.extend(lost.into_iter().map(unreachable_handler));
        }
        problems
            .into_iter()
            .for_each(|problem| self.report(problem));
    }

    /// Which constructors of a variant the rows leave something of.
    pub(super) fn open_constructors(
        &self,
        rows: &[Row],
        shape: ShapeId,
        count: usize,
    ) -> Vec<usize> {
        let mut coverage = Coverage::new(&self.types.shapes);
        let nodes = self.nodes(&mut coverage, rows);
        let sure = sure_rows(&nodes, rows);
        let is_open = |constructor: &usize| {
            let query = coverage.all_of(shape, *constructor);
            coverage.uncovered(&sure, &[query], &[shape]) != Ok(None)
        };
        (0..count).filter(is_open).collect()
    }

    /// Whether the rows leave anything out.
    pub(super) fn is_open(&self, rows: &[Row], shape: ShapeId) -> bool {
        let mut coverage = Coverage::new(&self.types.shapes);
        let nodes = self.nodes(&mut coverage, rows);
        let sure = sure_rows(&nodes, rows);
        coverage.uncovered(&sure, &[coverage.any()], &[shape]) != Ok(None)
    }

    fn nodes(&self, coverage: &mut Coverage<'_>, rows: &[Row]) -> Vec<Vec<NodeId>> {
        rows.iter()
            .map(|row| {
                row.patterns
                    .iter()
                    .map(|pattern| self.node(coverage, *pattern))
                    .collect()
            })
            .collect()
    }

    fn node(&self, coverage: &mut Coverage<'_>, pattern: PatternId) -> NodeId {
        let node = match self.draft.pattern_kind(pattern) {
            PatternKind::Any | PatternKind::Bind(_) => return coverage.any(),
            PatternKind::Int(number) => Node::Made(Tag::Int(*number), Vec::new()),
            PatternKind::Text(content) => Node::Made(Tag::Text(content.clone()), Vec::new()),
            PatternKind::Bool(truth) => {
                Node::Made(Tag::Constructor(usize::from(*truth)), Vec::new())
            }
            PatternKind::Product(parts) => {
                let parts: Vec<NodeId> = parts
                    .iter()
                    .map(|part| self.node(coverage, *part))
                    .collect();
                if parts.iter().all(|part| *part == coverage.any()) {
                    return coverage.any();
                }
                Node::Made(Tag::Product, parts)
            }
            PatternKind::Constructor {
                constructor,
                payload,
            } => {
                let parts = match (
                    self.payload_count(pattern, *constructor),
                    self.draft.pattern_kind(*payload),
                ) {
                    (0, _) => Vec::new(),
                    (2, PatternKind::Product(parts)) => parts
                        .iter()
                        .map(|part| self.node(coverage, *part))
                        .collect(),
                    (count, _) => vec![self.node(coverage, *payload); count],
                };
                Node::Made(Tag::Constructor(*constructor), parts)
            }
            PatternKind::Alternatives(patterns) => Node::Alternatives(
                patterns
                    .iter()
                    .map(|pattern| self.node(coverage, *pattern))
                    .collect(),
            ),
        };
        coverage.add(node)
    }

    /// `None` of an option has no part to look at, and an empty list neither; another list has two, every other
    /// constructor one.
    fn payload_count(&self, pattern: PatternId, constructor: usize) -> usize {
        let kind = self.draft.pattern_type(pattern);
        match constructor {
            0 if self.types.is_option(kind) || self.types.is_list(kind) => 0,
            1 if self.types.is_list(kind) => 2,
            _ => 1,
        }
    }

    fn unhandled(
        &self,
        coverage: &mut Coverage<'_>,
        sure: &[Vec<NodeId>],
        handlers: &Handlers,
    ) -> Problem {
        let (inputs, states) = (
            self.cases(coverage, handlers.input),
            self.cases(coverage, handlers.state),
        );
        let mut lines: Vec<(&str, Vec<&str>)> = Vec::new();
        for (input, input_node) in &inputs {
            let mut is_open = |state_node: NodeId| {
                let query = [*input_node, state_node];
                coverage.uncovered(sure, &query, &[handlers.input, handlers.state]) != Ok(None)
            };
            let open = states
                .iter()
                .filter(|(_, node)| is_open(*node))
                .map(|(state, _)| state.as_str());
            let open: Vec<&str> = open.collect();
            if !open.is_empty() {
                lines.push((input, open));
            }
        }
        unhandled_problem(&lines, inputs.len(), states.len(), handlers)
    }

    /// The constructors of a variant as patterns; everything, if it is none.
    fn cases(&self, coverage: &mut Coverage<'_>, shape: ShapeId) -> Vec<(String, NodeId)> {
        let Shape::Variant(_, constructors) = self.types.shapes.get(shape) else {
            return vec![("_".to_owned(), coverage.any())];
        };
        let mut cases = Vec::new();
        for (index, (name, payload)) in constructors.iter().enumerate() {
            let is_unit =
                matches!(self.types.shapes.get(*payload), Shape::Tuple(parts) if parts.is_empty());
            let text = if is_unit {
                name.to_string()
            } else {
                format!("{name}(_)")
            };
            cases.push((text, coverage.all_of(shape, index)));
        }
        cases
    }

    /// A row, unless a mistake was found in its patterns since `mistakes`: then nothing is known of it.
    pub(super) fn row(
        &self,
        patterns: Vec<PatternId>,
        is_guarded: bool,
        at: Span,
        mistakes: usize,
    ) -> Option<Row> {
        (self.mistakes == mistakes).then_some(Row {
            patterns,
            is_guarded,
            at,
        })
    }

    /// Remembers to judge a match, unless a row holds a mistake.
    pub(super) fn judge_later(
        &mut self,
        subject: Partial,
        rows: Vec<Option<Row>>,
        at: Span,
        place: Place,
    ) {
        if let Some(arms) = rows.into_iter().collect() {
            self.duties.push(Duty::Arms {
                subject,
                arms,
                at,
                place,
            });
        }
    }
}

fn sure_rows(nodes: &[Vec<NodeId>], rows: &[Row]) -> Vec<Vec<NodeId>> {
    nodes
        .iter()
        .zip(rows)
        .filter(|(_, row)| !row.is_guarded)
        .map(|(nodes, _)| nodes.clone())
        .collect()
}

/// The places of rows that never match, each with the row that takes the last of it.
fn unreachable_rows(
    coverage: &mut Coverage<'_>,
    nodes: &[Vec<NodeId>],
    rows: &[Row],
    columns: &[ShapeId],
) -> Vec<(Span, Span)> {
    let mut above: Vec<Vec<NodeId>> = Vec::new();
    let mut places: Vec<Span> = Vec::new();
    let mut lost = Vec::new();
    for (query, row) in nodes.iter().zip(rows) {
        match coverage.uncovered(&above, query, columns) {
            Ok(None) => {
                let mut last = 1;
                while last < above.len()
                    && coverage.uncovered(&above[..last], query, columns) != Ok(None)
                {
                    last += 1;
                }
                lost.push((row.at, places[last - 1]));
            }
            Ok(Some(_)) => {}
            Err(TooCostly) => return lost,
        }
        if !row.is_guarded {
            above.push(query.clone());
            places.push(row.at);
        }
    }
    lost
}

/// The patterns that leave nothing out: a witness after the other, and `_` for what is more than a screen.
fn open_patterns(
    coverage: &mut Coverage<'_>,
    mut rows: Vec<Vec<NodeId>>,
    shape: ShapeId,
) -> Vec<String> {
    let mut patterns = Vec::new();
    while let Ok(Some(witness)) = coverage.uncovered(&rows, &[coverage.any()], &[shape]) {
        let pattern = coverage.print(&witness[0], shape);
        if patterns.len() >= ARMS_ADDED_MAX || pattern == "_" {
            patterns.push("_".to_owned());
            break;
        }
        patterns.push(pattern);
        let node = coverage.add_witness(&witness[0]);
        rows.push(vec![node]);
    }
    patterns
}

/// With the change that adds an arm for each pattern.
fn with_arms(problem: Problem, patterns: &[String], addition: &Addition) -> Problem {
    let Addition {
        at,
        between,
        example,
    } = addition;
    let arms = patterns
        .iter()
        .map(|pattern| format!("{between}{pattern} => {example}"));
    problem.fixed_by("add missing arms", *at, arms.collect::<String>())
}

fn missing(witness: &str, at: Span, place: &Place) -> Problem {
    match place {
        Place::Match(_) => Problem::new(T201, at, format!("this `match` leaves out `{witness}`"))
            .helping(format!("add `{witness} => …`, or end with `_ => …`")),
        Place::Single => Problem::new(T203, at, format!("this pattern does not match `{witness}`"))
            .helping("write `let … = … else …` where that is possible, or use a `match`"),
    }
}

fn unreachable_arm((at, above): (Span, Span)) -> Problem {
    Problem::new(T202, at, "nothing is left for this arm")
        .saying("never reached")
        .pointing_at(above, "this takes the last of it")
        .helping("remove it, or move it up")
}

fn unreachable_handler((at, above): (Span, Span)) -> Problem {
    Problem::new(M202, at, "no input reaches this handler")
        .saying("never reached")
        .pointing_at(above, "this takes the last of it")
        .helping("remove it, or move it up")
}

fn too_costly(at: Span) -> Problem {
    Problem::new(
        T204,
        at,
        "these patterns are too entangled to tell whether they leave something out",
    )
    .helping("match one part at a time, or end with `_`")
}

/// A handler for each input that has none in some state.
fn missing_handlers(lines: &[(&str, Vec<&str>)], states: usize, handlers: &Handlers) -> String {
    let (indent, example) = (&handlers.indent, &handlers.example);
    let written = lines.iter().map(|(input, open)| {
        let within = match open.len() < states {
            true => format!(" in {}", open.join(" | ")),
            false => String::new(),
        };
        format!("\n{indent}on {input}{within} => {example}")
    });
    written.collect()
}

/// M201. A line holds an input and the states in which nothing handles it.
fn unhandled_problem(
    lines: &[(&str, Vec<&str>)],
    inputs: usize,
    states: usize,
    handlers: &Handlers,
) -> Problem {
    let open: usize = lines.iter().map(|(_, open)| open.len()).sum();
    let label = match (states, inputs) {
        (1, 1) => "not every input is handled".to_owned(),
        (1, total) => format!("{open} of {total} inputs are not handled"),
        _ => format!(
            "{open} of {} pairs of input and state are not handled",
            inputs * states
        ),
    };
    let mut problem = Problem::new(M201, handlers.at, "some inputs have no handler").saying(label);
    for (input, open) in lines.iter().take(2) {
        problem = problem.noting(if states > 1 {
            format!("{input} in {}", open.join(", "))
        } else {
            (*input).to_owned()
        });
    }
    if lines.len() > 2 {
        let rest: usize = lines[2..].iter().map(|(_, open)| open.len()).sum();
        problem = problem.noting(format!("{rest} more"));
    }
    let example = &handlers.example;
    let problem = problem.fixed_by(
        "add missing handlers",
        handlers.last.after(),
        missing_handlers(lines, states, handlers),
    );
    problem.helping(match lines.first() {
        Some((input, open)) if open.len() < states => {
            format!(
                "add `on {input} in {} => {example}`, or end with `on _ => {example}`",
                open.join(" | ")
            )
        }
        Some((input, _)) if *input != "_" => {
            format!("add `on {input} => {example}`, or end with `on _ => {example}`")
        }
        _ => format!("end with `on _ => {example}`"),
    })
}
