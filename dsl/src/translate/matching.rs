//! Which clause is taken: rows of patterns to a decision.
//!
//! This is the mixture rule of Augustsson (Compiling pattern matching, 1985): the longest run of rows
//! that test the same part becomes one switch, and what the run does not decide is decided once, behind
//! a join. A decision tree would test less, but it copies rows and can grow exponentially; here every
//! row goes into one arm of one switch, so a decision is as large as its rows.

use cam::combinator::IllTyped;
use cam::schema::{Shape, Shapes};

use super::Translated;
use super::decision::{Access, Decision};
use crate::typed::{Local, Pattern, PatternId, PatternKind, Terms};

/// Rows that follow one another in one decision. The translator recurses once for each.
const DEPTH_MAX: usize = 256;

/// Rows that one row with alternatives may become. Copies let it share switches with its neighbours,
/// which is smaller for a few and exponential for many.
const WAYS_MAX: usize = 8;

/// One clause: tests that must hold, left to right, and the names that are then bound.
#[derive(Clone, Debug)]
pub(super) struct Row {
    target: Target,
    tests: Vec<(Access, PatternId)>,
    bindings: Vec<(Local, Access)>,
}

/// Where a row leads when its tests hold.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// To a branch; one with a guard may still be left.
    Branch { branch: usize, guarded: bool },
    /// To what remains to be tested of a row whose alternatives were told apart before.
    Join(u32),
}

/// Names of subjects and joins, each given once in a whole translation.
#[derive(Default, Debug)]
pub(super) struct Fresh(u32);

impl Fresh {
    /// A name that was not given before.
    pub(super) fn next(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

/// Makes decisions.
pub(super) struct Matcher<'a> {
    terms: &'a Terms,
    shapes: &'a Shapes,
    fresh: &'a mut Fresh,
    depth: usize,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(terms: &'a Terms, shapes: &'a Shapes, fresh: &'a mut Fresh) -> Matcher<'a> {
        Matcher {
            terms,
            shapes,
            fresh,
            depth: 0,
        }
    }

    /// The row of a branch from a pattern for each of its subjects.
    pub(super) fn row(
        &self,
        branch: usize,
        guarded: bool,
        subjects: impl IntoIterator<Item = (u32, PatternId)>,
    ) -> Row {
        let mut row = Row {
            target: Target::Branch { branch, guarded },
            tests: Vec::new(),
            bindings: Vec::new(),
        };
        for (subject, pattern) in subjects {
            let path = Vec::new();
            let tests = self.refine(&mut row, Access { subject, path }, pattern);
            row.tests.extend(tests);
        }
        row
    }

    /// The first row that holds.
    ///
    /// # Errors
    /// `TooLarge`.
    pub(super) fn decide(&mut self, rows: Vec<Row>) -> Translated<Decision> {
        self.first_of(rows, None)
    }

    /// The first row that holds, or the join `fail` if none does.
    fn first_of(&mut self, mut rows: Vec<Row>, fail: Option<u32>) -> Translated<Decision> {
        let Some(first) = rows.first() else {
            return Ok(fail.map_or(Decision::Unreachable, Decision::Jump));
        };
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(IllTyped::TooLarge);
        }
        let decision = match first.tests.first().cloned() {
            None => {
                let row = rows.remove(0);
                self.take(row, rows, fail)?
            }
            Some((access, pattern)) if self.is_alternatives(pattern) => {
                if self.may_be_copied(first) {
                    let rows = self.without_alternatives(rows, &access);
                    self.first_of(rows, fail)?
                } else {
                    let row = rows.remove(0);
                    self.either(row, access, rows, fail)?
                }
            }
            Some((access, _)) => {
                let rows = self.without_alternatives(rows, &access);
                self.mixture(rows, access, fail)?
            }
        };
        self.depth -= 1;
        Ok(decision)
    }

    /// A row whose tests hold; if it has a guard the others may follow.
    fn take(&mut self, row: Row, others: Vec<Row>, fail: Option<u32>) -> Translated<Decision> {
        match row.target {
            Target::Join(label) => Ok(Decision::Jump(label)),
            Target::Branch { branch, guarded } => {
                let otherwise = if guarded {
                    Some(Box::new(self.first_of(others, fail)?))
                } else {
                    None
                };
                Ok(Decision::Take {
                    branch,
                    bindings: row.bindings,
                    otherwise,
                })
            }
        }
    }

    /// A row that asks for one of several, and for much else: its alternatives are told apart first,
    /// and what else it asks stands once behind a join.
    fn either(
        &mut self,
        mut row: Row,
        access: Access,
        others: Vec<Row>,
        fail: Option<u32>,
    ) -> Translated<Decision> {
        if !others.is_empty() {
            let label = self.fresh.next();
            let shared = Box::new(self.first_of(others, fail)?);
            let body = Box::new(self.either(row, access, Vec::new(), Some(label))?);
            return Ok(Decision::Join {
                label,
                shared,
                body,
            });
        }
        let pattern = row.remove(&access);
        let label = self.fresh.next();
        let asked = Row {
            target: Target::Join(label),
            tests: vec![(access.clone(), pattern)],
            bindings: Vec::new(),
        };
        let shared = Box::new(self.first_of(vec![row], fail)?);
        let rows = self.without_alternatives(vec![asked], &access);
        let body = Box::new(self.first_of(rows, fail)?);
        Ok(Decision::Join {
            label,
            shared,
            body,
        })
    }

    /// The rows that test `access` before the first that does not, then the others.
    fn mixture(
        &mut self,
        mut rows: Vec<Row>,
        access: Access,
        fail: Option<u32>,
    ) -> Translated<Decision> {
        let run = rows
            .iter()
            .take_while(|row| {
                row.pattern_at(&access)
                    .is_some_and(|pattern| !self.is_alternatives(pattern))
            })
            .count();
        let rest = rows.split_off(run);
        if rest.is_empty() {
            return self.split(rows, access, fail);
        }
        let label = self.fresh.next();
        let shared = Box::new(self.first_of(rest, fail)?);
        let body = Box::new(self.split(rows, access, Some(label))?);
        Ok(Decision::Join {
            label,
            shared,
            body,
        })
    }

    /// Rows that all test `access`, by what they ask of it.
    fn split(&mut self, rows: Vec<Row>, access: Access, fail: Option<u32>) -> Translated<Decision> {
        let asked = rows[0].pattern_at(&access).expect("every row tests it");
        match &self.terms.pattern(asked).kind {
            PatternKind::Int(_) | PatternKind::Text(_) => self.test(rows, access, asked, fail),
            _ => self.switch(rows, access, asked, fail),
        }
    }

    fn test(
        &mut self,
        rows: Vec<Row>,
        access: Access,
        literal: PatternId,
        fail: Option<u32>,
    ) -> Translated<Decision> {
        let terms = self.terms;
        let (mut equal, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| {
            row.pattern_at(&access)
                .is_some_and(|other| same_literal(terms.pattern(other), terms.pattern(literal)))
        });
        equal.iter_mut().for_each(|row| {
            row.remove(&access);
        });
        let equal = Box::new(self.first_of(equal, fail)?);
        let otherwise = Box::new(self.first_of(others, fail)?);
        Ok(Decision::Test {
            subject: access,
            literal,
            equal,
            otherwise,
        })
    }

    fn switch(
        &mut self,
        rows: Vec<Row>,
        access: Access,
        asked: PatternId,
        fail: Option<u32>,
    ) -> Translated<Decision> {
        let shape = self.terms.pattern(asked).shape;
        let constructors = match self.shapes.get(shape) {
            Shape::Variant(_, constructors) => constructors.len(),
            _ => 2, // an option, a truth value or a list
        };
        let mut groups: Vec<Vec<Row>> = vec![Vec::new(); constructors];
        let payloads: Vec<u32> = groups.iter().map(|_| self.fresh.next()).collect();
        for mut row in rows {
            let pattern = row.remove(&access);
            let (constructor, payload) = match &self.terms.pattern(pattern).kind {
                PatternKind::Constructor {
                    constructor,
                    payload,
                } => (*constructor, Some(*payload)),
                PatternKind::Bool(truth) => (usize::from(*truth), None),
                _ => continue, // alternatives are gone, and the shape admits nothing else
            };
            if let Some(payload) = payload {
                let subject = payloads[constructor];
                let path = Vec::new();
                let mut tests = self.refine(&mut row, Access { subject, path }, payload);
                tests.append(&mut row.tests);
                row.tests = tests;
            }
            groups[constructor].push(row);
        }
        let mut arms = Vec::with_capacity(constructors);
        for (payload, group) in payloads.into_iter().zip(groups) {
            arms.push((payload, self.first_of(group, fail)?));
        }
        Ok(Decision::Switch {
            subject: access,
            arms,
        })
    }

    /// What `pattern` asks of `access`: its names go into the row, its tests come back.
    fn refine(
        &self,
        row: &mut Row,
        access: Access,
        pattern: PatternId,
    ) -> Vec<(Access, PatternId)> {
        match &self.terms.pattern(pattern).kind {
            PatternKind::Any => Vec::new(),
            PatternKind::Bind(local) => {
                row.bindings.push((*local, access));
                Vec::new()
            }
            PatternKind::Product(parts) => parts
                .iter()
                .enumerate()
                .flat_map(|(index, part)| {
                    let mut access = access.clone();
                    access.path.push(index);
                    self.refine(row, access, *part)
                })
                .collect(),
            PatternKind::Int(_)
            | PatternKind::Text(_)
            | PatternKind::Bool(_)
            | PatternKind::Constructor { .. }
            | PatternKind::Alternatives(_) => vec![(access, pattern)],
        }
    }

    /// A row for each alternative of what the rows ask of `access`. A row that may not be copied
    /// stays as it is; a later round begins with it.
    fn without_alternatives(&self, rows: Vec<Row>, access: &Access) -> Vec<Row> {
        let mut plain = Vec::with_capacity(rows.len());
        for row in rows {
            let asked = row.position(access).filter(|place| {
                self.is_alternatives(row.tests[*place].1) && self.may_be_copied(&row)
            });
            let Some(place) = asked else {
                plain.push(row);
                continue;
            };
            let mut alternatives = Vec::new();
            self.flatten(row.tests[place].1, &mut alternatives);
            for pattern in alternatives {
                let mut row = row.clone();
                row.tests.remove(place);
                let tests = self.refine(&mut row, access.clone(), pattern);
                row.tests.splice(place..place, tests);
                plain.push(row);
            }
        }
        plain
    }

    /// Whether a row may become one row for each way through its alternatives. Where it asks for
    /// nothing else there is nothing to copy.
    fn may_be_copied(&self, row: &Row) -> bool {
        let ways = row.tests.iter().fold(1_usize, |ways, (_, pattern)| {
            let mut alternatives = Vec::new();
            self.flatten(*pattern, &mut alternatives);
            ways.saturating_mul(alternatives.len())
        });
        row.tests.len() == 1 || ways <= WAYS_MAX
    }

    fn is_alternatives(&self, pattern: PatternId) -> bool {
        matches!(
            self.terms.pattern(pattern).kind,
            PatternKind::Alternatives(_)
        )
    }

    fn flatten(&self, pattern: PatternId, found: &mut Vec<PatternId>) {
        match &self.terms.pattern(pattern).kind {
            PatternKind::Alternatives(parts) => {
                parts.iter().for_each(|part| self.flatten(*part, found));
            }
            _ => found.push(pattern),
        }
    }
}

impl Row {
    fn position(&self, access: &Access) -> Option<usize> {
        self.tests.iter().position(|(tested, _)| tested == access)
    }

    fn pattern_at(&self, access: &Access) -> Option<PatternId> {
        self.position(access).map(|place| self.tests[place].1)
    }

    fn remove(&mut self, access: &Access) -> PatternId {
        let place = self.position(access).expect("the row tests it");
        self.tests.remove(place).1
    }
}

fn same_literal(left: &Pattern, right: &Pattern) -> bool {
    match (&left.kind, &right.kind) {
        (PatternKind::Int(left), PatternKind::Int(right)) => left == right,
        (PatternKind::Text(left), PatternKind::Text(right)) => left == right,
        _ => false,
    }
}
