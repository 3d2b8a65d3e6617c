//! Rows of patterns: what they ask of a part, and what is left of them when that is known.

use std::collections::BTreeMap;
use std::rc::Rc;

use cam::schema::{Shape, Shapes};

use super::Fresh;
use super::decision::{Access, NodeId};
use crate::typed::{Local, PatternId, PatternKind, Terms};

/// Literals that rows are sorted by at once. A row that asks for none of them is copied for each.
const LITERALS_MAX: usize = 255;

/// Rows of one branch that a row is compared with before it is kept. Only alternatives make more than one.
const COPIES_MAX: usize = 8;

/// One clause: tests that must hold, and the names that are then bound.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Row {
    pub(super) target: Target,
    pub(super) tests: Vec<(Access, PatternId)>,
    pub(super) bindings: Vec<(Local, Access)>,
}

/// Where a row leads when its tests hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Target {
    /// To a branch; one with a guard may still be left.
    Branch { branch: usize, guarded: bool },
    /// To what else is asked of a row whose alternatives were told apart before.
    Node(NodeId),
}

/// What a part may be equal to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Literal<'t> {
    Int(i64),
    Text(&'t str),
}

/// A row by its number: two rows that are alike have the same.
pub(super) type RowId = usize;

/// The rows of one match, and those that they become.
pub(super) struct Rows<'a> {
    terms: &'a Terms,
    shapes: &'a Shapes,
    fresh: &'a mut Fresh,
    list: Vec<Rc<Row>>,
    names: BTreeMap<Rc<Row>, RowId>,
    /// The payloads of parts: the same on every path of a tree, or what is left to decide would never be the same.
    payloads: BTreeMap<(Access, usize), u32>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(terms: &'a Terms, shapes: &'a Shapes, fresh: &'a mut Fresh) -> Rows<'a> {
        Rows {
            terms,
            shapes,
            fresh,
            list: Vec::new(),
            names: BTreeMap::new(),
            payloads: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, name: RowId) -> &Rc<Row> {
        &self.list[name]
    }

    /// Begins another tree: it may ask what one before it asked, and find other payloads.
    pub(super) fn forget_payloads(&mut self) {
        self.payloads.clear();
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

    /// The rows for each literal, and those for any other. Of very many literals the later count as others, who
    /// are asked again.
    pub(super) fn by_literal(
        &mut self,
        rows: Vec<RowId>,
        access: &Access,
    ) -> (Vec<(PatternId, Vec<RowId>)>, Vec<RowId>) {
        let mut groups: Vec<(PatternId, Vec<RowId>)> = Vec::new();
        let mut others: Vec<RowId> = Vec::new();
        let mut places: BTreeMap<Option<Literal<'a>>, usize> = BTreeMap::new();
        for name in rows {
            let row = Rc::clone(&self.list[name]);
            let Some(place) = row.position(access) else {
                groups
                    .iter_mut()
                    .for_each(|(_, group)| self.keep(group, name));
                self.keep(&mut others, name);
                continue;
            };
            let asked = row.tests[place].1;
            let literal = self.literal(asked);
            if groups.len() == LITERALS_MAX && !places.contains_key(&literal) {
                self.keep(&mut others, name);
                continue;
            }
            let index = *places.entry(literal).or_insert_with(|| {
                groups.push((asked, others.clone()));
                groups.len() - 1
            });
            let mut row = Row::clone(&row);
            row.tests.remove(place);
            let name = self.named(row);
            self.keep(&mut groups[index].1, name);
        }
        (groups, others)
    }

    pub(super) fn by_constructor(
        &mut self,
        rows: Vec<RowId>,
        access: &Access,
        asked: PatternId,
    ) -> Vec<Vec<RowId>> {
        let mut groups: Vec<Vec<RowId>> = vec![Vec::new(); self.constructors(asked)];
        for name in rows {
            let row = Rc::clone(&self.list[name]);
            let Some(place) = row.position(access) else {
                groups.iter_mut().for_each(|group| self.keep(group, name));
                continue;
            };
            let (constructor, payload) = match &self.terms.pattern(row.tests[place].1).kind {
                PatternKind::Constructor {
                    constructor,
                    payload,
                } => (*constructor, Some(*payload)),
                PatternKind::Bool(truth) => (usize::from(*truth), None),
                _ => continue, // alternatives are gone, and the shape admits nothing else
            };
            let mut row = Row::clone(&row);
            row.tests.remove(place);
            if let Some(payload) = payload {
                let subject = self.payload(access, constructor);
                let path = Vec::new();
                let tests = self.refine(&mut row, Access { subject, path }, payload);
                row.tests.splice(0..0, tests);
            }
            let name = self.named(row);
            self.keep(&mut groups[constructor], name);
        }
        groups
    }

    /// Adds a row behind others, unless one of them holds whenever it does.
    pub(super) fn keep(&self, group: &mut Vec<RowId>, name: RowId) {
        let row = &self.list[name];
        let mut others = group.iter().rev().map(|other| &self.list[*other]);
        let is_closed = |last: &Row| {
            last.tests.is_empty() && !matches!(last.target, Target::Branch { guarded: true, .. })
        };
        let is_excluded = others.clone().next().is_some_and(|last| is_closed(last))
            || others
                .by_ref()
                .take(COPIES_MAX)
                .take_while(|other| other.target == row.target)
                .any(|other| other.tests.iter().all(|test| row.tests.contains(test)));
        if !is_excluded {
            group.push(name);
        }
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

    /// A row for each alternative of what the rows ask of `access`, or of what it is a part of.
    pub(super) fn opened(&mut self, rows: Vec<RowId>, access: &Access) -> Vec<RowId> {
        let mut plain = Vec::with_capacity(rows.len());
        let mut todo: Vec<RowId> = rows.into_iter().rev().collect();
        while let Some(name) = todo.pop() {
            let row = Rc::clone(&self.list[name]);
            let asked = row.tests.iter().position(|(tested, pattern)| {
                tested.subject == access.subject
                    && access.path.starts_with(&tested.path)
                    && self.is_alternatives(*pattern)
            });
            let Some(place) = asked else {
                self.keep(&mut plain, name);
                continue;
            };
            let (tested, pattern) = row.tests[place].clone();
            let mut alternatives = Vec::new();
            self.flatten(pattern, &mut alternatives);
            for pattern in alternatives.into_iter().rev() {
                let mut row = Row::clone(&row);
                row.tests.remove(place);
                let tests = self.refine(&mut row, tested.clone(), pattern);
                row.tests.splice(place..place, tests);
                todo.push(self.named(row));
            }
        }
        plain
    }

    /// The arms and ends of a decision of this row alone, alternative by alternative.
    pub(super) fn weight(&self, row: RowId) -> usize {
        let mut weight: usize = 1;
        let mut todo: Vec<PatternId> = self.list[row].tests.iter().map(|test| test.1).collect();
        while let Some(pattern) = todo.pop() {
            weight = weight.saturating_add(match &self.terms.pattern(pattern).kind {
                PatternKind::Any | PatternKind::Bind(_) => 0,
                PatternKind::Int(_) | PatternKind::Text(_) | PatternKind::Bool(_) => 3,
                PatternKind::Constructor { payload, .. } => {
                    todo.push(*payload);
                    1 + self.constructors(pattern)
                }
                PatternKind::Product(parts) | PatternKind::Alternatives(parts) => {
                    todo.extend(parts);
                    0
                }
            });
        }
        weight
    }

    fn constructors(&self, pattern: PatternId) -> usize {
        match self.shapes.get(self.terms.pattern(pattern).shape) {
            Shape::Variant(_, constructors) => constructors.len(),
            _ => 2, // an option, a truth value or a list
        }
    }

    pub(super) fn payload(&mut self, access: &Access, constructor: usize) -> u32 {
        let fresh = &mut *self.fresh;
        *self
            .payloads
            .entry((access.clone(), constructor))
            .or_insert_with(|| fresh.next())
    }

    pub(super) fn named(&mut self, row: Row) -> RowId {
        if let Some(known) = self.names.get(&row) {
            return *known;
        }
        let row = Rc::new(row);
        self.list.push(Rc::clone(&row));
        self.names.insert(row, self.list.len() - 1);
        self.list.len() - 1
    }

    pub(super) fn is_alternatives(&self, pattern: PatternId) -> bool {
        matches!(
            self.terms.pattern(pattern).kind,
            PatternKind::Alternatives(_)
        )
    }

    pub(super) fn literal(&self, pattern: PatternId) -> Option<Literal<'a>> {
        match &self.terms.pattern(pattern).kind {
            PatternKind::Int(number) => Some(Literal::Int(*number)),
            PatternKind::Text(text) => Some(Literal::Text(text)),
            _ => None,
        }
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
    pub(super) fn position(&self, access: &Access) -> Option<usize> {
        self.tests.iter().position(|(tested, _)| tested == access)
    }
}
