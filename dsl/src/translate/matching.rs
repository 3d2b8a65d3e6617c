//! Which clause is taken: rows of patterns to a decision.
//!
//! A decision tree after Maranget (Compiling pattern matching to good decision trees, 2008): a switch hands
//! every row on to each arm that it may still fit, so nothing is asked twice on any path. Rows are copied for
//! that, and a tree can be exponential in them. What is left to decide is therefore looked up before it is
//! decided, which makes the tree a graph; and where even that is more than twice as large as a switch for each
//! pattern, the rows are cut in two: one tree for the first half, which leads on to one for the second.

use std::collections::BTreeMap;
use std::rc::Rc;

use cam::combinator::IllTyped;
use cam::schema::Shapes;

use super::decision::{Access, Decision, Node, NodeId, Nodes};
use super::rows::{Row, RowId, Rows, Target};
use super::{Fresh, Translated};
use crate::typed::{PatternId, Terms};

/// Questions that follow one another in one decision. The matcher recurses once for each.
const DEPTH_MAX: usize = 256;

/// Parts that are weighed against each other before the next is looked at.
const CHOICES_MAX: usize = 8;

/// Rows that may be handled for a tree, whatever its size, and for each question of the source.
const EFFORT_LEAST: usize = 1 << 14;
const EFFORT_EACH: usize = 16;

/// Why there is no tree.
enum Stop {
    /// It would cost more than it may.
    Spent,
    /// Too many questions follow one another.
    TooDeep,
}

/// What a tree may cost.
#[derive(Default)]
struct Allowance {
    /// Up to which all nodes may grow.
    size: usize,
    /// Rows that may still be handled.
    effort: usize,
}

/// Makes a decision.
pub(super) struct Matcher<'a> {
    rows: Rows<'a>,
    nodes: Nodes,
    /// What the first of these rows that holds, or this node if none does, came to.
    decided: BTreeMap<(Vec<RowId>, NodeId), NodeId>,
    allowance: Allowance,
    depth: usize,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(terms: &'a Terms, shapes: &'a Shapes, fresh: &'a mut Fresh) -> Matcher<'a> {
        Matcher {
            rows: Rows::new(terms, shapes, fresh),
            nodes: Nodes::default(),
            decided: BTreeMap::new(),
            allowance: Allowance::default(),
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
        self.rows.row(branch, guarded, subjects)
    }

    /// The first row that holds.
    ///
    /// # Errors
    /// `TooLarge`.
    pub(super) fn decide(mut self, rows: Vec<Row>) -> Translated<Decision> {
        let fail = self.nodes.add(Node::Unreachable);
        let mut possible = Vec::with_capacity(rows.len());
        for row in rows {
            let name = self.rows.named(row);
            self.rows.keep(&mut possible, name);
        }
        let root = self.first_of(possible, fail)?;
        Ok(self.nodes.decision(root))
    }

    /// The first row that holds, or `fail`: one tree, or two where one would be too large.
    fn first_of(&mut self, mut rows: Vec<RowId>, fail: NodeId) -> Translated<NodeId> {
        let size: usize = rows.iter().map(|row| self.rows.weight(*row)).sum();
        self.allowance = Allowance {
            size: size.saturating_mul(2).saturating_add(self.nodes.size()),
            effort: size
                .saturating_mul(EFFORT_EACH)
                .saturating_add(EFFORT_LEAST),
        };
        self.rows.forget_payloads();
        let depth = self.depth;
        match self.tree(rows.clone(), fail) {
            Ok(tree) => return Ok(tree),
            Err(Stop::TooDeep) => return Err(IllTyped::TooLarge),
            Err(Stop::Spent) => {}
        }
        self.depth = depth;
        if let [only] = rows[..] {
            return self.alone(only, fail);
        }
        let others = rows.split_off(rows.len() / 2);
        let fail = self.first_of(others, fail)?;
        self.first_of(rows, fail)
    }

    /// A row for which a tree would be too large: its tests one after another. Alternatives are told apart by
    /// themselves, and what else the row asks stands once behind them.
    fn alone(&mut self, name: RowId, fail: NodeId) -> Translated<NodeId> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(IllTyped::TooLarge);
        }
        let mut row = Row::clone(self.rows.get(name));
        let node = match row.tests.first().cloned() {
            None => self.take(&row, fail),
            Some((access, pattern)) if !self.rows.is_alternatives(pattern) => {
                let below = &mut |matcher: &mut Self, rows| matcher.first_of(rows, fail);
                self.split(vec![name], &access, pattern, below)?
            }
            Some((access, _)) if row.tests.len() == 1 => {
                let ways = self.rows.opened(vec![name], &access);
                self.first_of(ways, fail)?
            }
            Some(asked) => {
                row.tests.remove(0);
                let rest = self.rows.named(row);
                let target = Target::Node(self.first_of(vec![rest], fail)?);
                let asked = self.rows.named(Row {
                    target,
                    tests: vec![asked],
                    bindings: Vec::new(),
                });
                self.first_of(vec![asked], fail)?
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    /// The first row that holds, or `fail`, with no question asked twice.
    fn tree(&mut self, rows: Vec<RowId>, fail: NodeId) -> Result<NodeId, Stop> {
        let Some(first) = rows.first() else {
            return Ok(fail);
        };
        let first = Rc::clone(self.rows.get(*first));
        let key = (rows, fail);
        if let Some(known) = self.decided.get(&key) {
            return Ok(*known);
        }
        let left = self.allowance.effort.checked_sub(key.0.len());
        self.allowance.effort = left.ok_or(Stop::Spent)?;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Stop::TooDeep);
        }
        let rows = key.0.clone();
        let node = match self.part(&first, &rows) {
            None => {
                let later = self.tree(rows[1..].to_vec(), fail)?;
                self.take(&first, later)
            }
            Some((access, pattern)) if self.rows.is_alternatives(pattern) => {
                let rows = self.rows.opened(rows, &access);
                self.tree(rows, fail)?
            }
            Some((access, pattern)) => {
                let rows = self.rows.opened(rows, &access);
                let below = &mut |matcher: &mut Self, rows| matcher.tree(rows, fail);
                self.split(rows, &access, pattern, below)?
            }
        };
        if self.nodes.size() > self.allowance.size {
            return Err(Stop::Spent);
        }
        self.depth -= 1;
        self.decided.insert(key, node);
        Ok(node)
    }

    /// What the first row asks for and most others do too: those that do not are copied.
    fn part(&self, first: &Row, rows: &[RowId]) -> Option<(Access, PatternId)> {
        let choices = first.tests.iter().take(CHOICES_MAX).rev();
        let asked = choices.max_by_key(|(access, _)| {
            let asks = |row: &&RowId| self.rows.get(**row).position(access).is_some();
            rows.iter().filter(asks).count()
        });
        asked.cloned()
    }

    /// A row whose tests hold; if it has a guard the others follow.
    fn take(&mut self, row: &Row, others: NodeId) -> NodeId {
        match row.target {
            Target::Node(node) => node,
            Target::Branch { branch, guarded } => self.nodes.add(Node::Take {
                branch,
                bindings: row.bindings.clone(),
                otherwise: guarded.then_some(others),
            }),
        }
    }

    /// Rows by what they ask of `access`. A row that asks nothing of it stays possible whatever is found.
    fn split<E>(
        &mut self,
        rows: Vec<RowId>,
        access: &Access,
        asked: PatternId,
        below: &mut impl FnMut(&mut Self, Vec<RowId>) -> Result<NodeId, E>,
    ) -> Result<NodeId, E> {
        if self.rows.literal(asked).is_some() {
            let (groups, others) = self.rows.by_literal(rows, access);
            let mut otherwise = below(self, others)?;
            for (literal, group) in groups.into_iter().rev() {
                let equal = below(self, group)?;
                if equal != otherwise {
                    otherwise = self.nodes.add(Node::Test {
                        subject: access.clone(),
                        literal,
                        equal,
                        otherwise,
                    });
                }
            }
            return Ok(otherwise);
        }
        let groups = self.rows.by_constructor(rows, access, asked);
        let payloads: Vec<u32> = (0..groups.len())
            .map(|constructor| self.rows.payload(access, constructor))
            .collect();
        let mut arms = Vec::with_capacity(groups.len());
        for (payload, group) in payloads.into_iter().zip(groups) {
            arms.push((payload, below(self, group)?));
        }
        // A variant of one constructor is looked into for its payload.
        if arms.len() > 1 && arms.iter().all(|(_, arm)| *arm == arms[0].1) {
            return Ok(arms[0].1);
        }
        let subject = access.clone();
        Ok(self.nodes.add(Node::Switch { subject, arms }))
    }
}
