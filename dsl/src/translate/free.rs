//! What a term needs from outside: the values a function made of it must be given.
//!
//! Every local is bound once in a whole machine, so what is free is what is used and not bound. Terms
//! are walked with a list of things to do and not by recursion: a body may be a thousand `let` deep.

use std::collections::BTreeSet;

use super::decision::{Decision, Node, NodeId};
use super::scope::Variable;
use crate::typed::{
    Arm, ArrowId, ArrowKind, Clause, ExprId, ExprKind, FunctionIndex, Handler, Local, Machine,
    Operator, PatternId, PatternKind, Primitive, Statement, Step, Terms,
};

/// A part of a machine that can be given to a function of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Term<'m> {
    Expr(ExprId),
    Pattern(PatternId),
    Arrow(ArrowId),
    Handler(&'m Handler),
    Statement(&'m Statement),
}

/// What the terms use and do not bind.
pub(super) fn free<'m>(
    terms: &'m Terms,
    roots: impl IntoIterator<Item = Term<'m>>,
) -> BTreeSet<Variable> {
    let Walk { used, bound, .. } = walked(terms, roots);
    used.into_iter()
        .filter(|variable| !matches!(variable, Variable::Local(local) if bound.contains(local)))
        .collect()
}

/// The locals that an expression looks at, each with the way to the part of it that is looked at.
pub(crate) fn reads(terms: &Terms, root: ExprId) -> BTreeSet<(Local, Vec<usize>)> {
    walked(terms, [Term::Expr(root)]).reads
}

/// Whether an expression asks what the node has stamped.
pub(super) fn is_stamped(terms: &Terms, root: ExprId) -> bool {
    let used = walked(terms, [Term::Expr(root)]).used;
    let is_stamp = |variable: &Variable| matches!(variable, Variable::Stamp(_));
    used.iter().any(is_stamp)
}

/// What terms do besides giving a value, apart from what they call.
#[derive(Default, Debug)]
pub(crate) struct Deeds {
    /// Something in them may stop.
    pub(crate) faults: bool,
    /// There is a `get` in them.
    pub(crate) gets: bool,
    /// There is a `put` in them.
    pub(crate) puts: bool,
    /// They apply a closure, which may do what stands elsewhere.
    pub(crate) applies: bool,
    /// What they call.
    pub(crate) calls: BTreeSet<FunctionIndex>,
    reads: BTreeSet<(Local, Vec<usize>)>,
    /// The states that they end in.
    ends: BTreeSet<Local>,
}

impl Deeds {
    /// Whether they look at a local.
    pub(crate) fn reads_local(&self, local: Local) -> bool {
        self.reads.iter().any(|(own, _)| *own == local)
    }

    /// Whether they may end in another state than this one.
    pub(crate) fn leaves_other(&self, state: Local) -> bool {
        self.ends.iter().any(|end| *end != state)
    }
}

/// What an expression does.
pub(crate) fn deeds_of_expr(terms: &Terms, root: ExprId) -> Deeds {
    done(walked(terms, [Term::Expr(root)]))
}

/// What an arrow does.
pub(crate) fn deeds_of_arrow(terms: &Terms, root: ArrowId) -> Deeds {
    done(walked(terms, [Term::Arrow(root)]))
}

/// What a clause does.
pub(crate) fn deeds_of_clause(terms: &Terms, clause: &Clause) -> Deeds {
    let guard = clause.guard.map(Term::Expr);
    done(walked(
        terms,
        guard.into_iter().chain([Term::Handler(&clause.body)]),
    ))
}

/// The locals that something looks at, in all of a machine.
pub(super) fn used(machine: &Machine) -> BTreeSet<Local> {
    let exprs = machine.terms.exprs.iter();
    let mut used: BTreeSet<Local> = exprs
        .filter_map(|expr| match expr.kind {
            ExprKind::Local(local) => Some(local),
            _ => None,
        })
        .collect();
    // A handler names the state that it ends in, which is no expression.
    if let Step::Clauses(clauses) = &machine.step {
        for clause in clauses {
            let walk = walked(&machine.terms, [Term::Handler(&clause.body)]);
            used.extend(walk.used.into_iter().filter_map(|variable| match variable {
                Variable::Local(local) => Some(local),
                _ => None,
            }));
        }
    }
    used
}

fn done(walk: Walk<'_>) -> Deeds {
    Deeds {
        reads: walk.reads,
        ..walk.deeds
    }
}

fn walked<'m>(terms: &'m Terms, roots: impl IntoIterator<Item = Term<'m>>) -> Walk<'m> {
    let mut walk = Walk {
        terms,
        todo: roots.into_iter().collect(),
        used: BTreeSet::new(),
        bound: BTreeSet::new(),
        reads: BTreeSet::new(),
        deeds: Deeds::default(),
    };
    while let Some(term) = walk.todo.pop() {
        match term {
            Term::Expr(id) => walk.expr(id),
            Term::Pattern(id) => walk.pattern(id),
            Term::Arrow(id) => walk.arrow(id),
            Term::Handler(handler) => walk.handler(handler),
            Term::Statement(statement) => walk.statement(statement),
        }
    }
    walk
}

/// What a node of a decision and all it leads to need, from what each branch needs. Every payload has one name, and
/// is found once on any way to it, so here too what is free is what is used and not bound.
pub(super) fn free_in_decision(
    decision: &Decision,
    root: NodeId,
    branches: &[BTreeSet<Variable>],
) -> BTreeSet<Variable> {
    let (mut used, mut bound) = (BTreeSet::new(), BTreeSet::new());
    let mut is_seen = vec![false; decision.nodes().len()];
    let mut todo = vec![root];
    while let Some(id) = todo.pop() {
        if std::mem::replace(&mut is_seen[id.index()], true) {
            continue;
        }
        let node = decision.node(id);
        todo.extend(node.next());
        match node {
            Node::Take {
                branch, bindings, ..
            } => used.extend(branches[*branch].iter().map(|variable| {
                bindings
                    .iter()
                    .find(|(local, _)| *variable == Variable::Local(*local))
                    .map_or(*variable, |(_, access)| Variable::Subject(access.subject))
            })),
            Node::Switch { subject, arms } => {
                used.insert(Variable::Subject(subject.subject));
                bound.extend(arms.iter().map(|(payload, _)| Variable::Subject(*payload)));
            }
            Node::Test { subject, .. } => _ = used.insert(Variable::Subject(subject.subject)),
            Node::Unreachable => {}
        }
    }
    used.difference(&bound).copied().collect()
}

struct Walk<'m> {
    terms: &'m Terms,
    todo: Vec<Term<'m>>,
    used: BTreeSet<Variable>,
    bound: BTreeSet<Local>,
    /// Locals and the parts of them that are looked at.
    reads: BTreeSet<(Local, Vec<usize>)>,
    deeds: Deeds,
}

impl<'m> Walk<'m> {
    fn expr(&mut self, id: ExprId) {
        match &self.terms.expr(id).kind {
            ExprKind::Int(_) | ExprKind::Text(_) | ExprKind::Bytes(_) | ExprKind::Bool(_) => {}
            ExprKind::Refuse | ExprKind::MissingKey => self.deeds.faults = true,
            ExprKind::Local(_) => self.read(id, Vec::new()),
            ExprKind::Project { product, index } => self.read(*product, vec![*index]),
            ExprKind::Stamp(stamp) => {
                self.used.insert(Variable::Stamp(*stamp));
            }
            ExprKind::Tuple(parts) | ExprKind::Record(parts) | ExprKind::List(parts) => {
                self.exprs(parts.iter().copied());
            }
            ExprKind::Update { record, fields } => {
                self.exprs([*record]);
                self.exprs(fields.iter().map(|(_, value)| *value));
            }
            ExprKind::Inject { payload: part, .. } | ExprKind::Same(part) => self.exprs([*part]),
            ExprKind::Map(entries) => {
                self.exprs(entries.iter().flat_map(|(key, value)| [*key, *value]));
            }
            ExprKind::Call {
                function,
                arguments,
            } => {
                self.deeds.calls.insert(*function);
                self.exprs(arguments.iter().copied());
            }
            ExprKind::Primitive {
                primitive,
                arguments,
            } => {
                self.deeds.faults |= *primitive == Primitive::MultiplyDivide;
                self.exprs(arguments.iter().copied());
            }
            ExprKind::Apply { arrow, argument } => {
                self.todo.push(Term::Arrow(*arrow));
                self.exprs([*argument]);
            }
            ExprKind::Binary {
                operator,
                left,
                right,
            } => {
                self.deeds.faults |= self.may_fault(*operator, *right);
                self.exprs([*left, *right]);
            }
            _ => self.control(id),
        }
    }

    /// Forms that choose, repeat or bind.
    fn control(&mut self, id: ExprId) {
        match &self.terms.expr(id).kind {
            ExprKind::Let {
                pattern,
                value,
                body,
            } => {
                self.todo.push(Term::Pattern(*pattern));
                self.exprs([*value, *body]);
            }
            ExprKind::If { condition, yes, no } => self.exprs([*condition, *yes, *no]),
            ExprKind::Match { subject, arms } => {
                self.exprs([*subject]);
                self.arms(arms);
            }
            ExprKind::Fold {
                over,
                start,
                accumulator,
                item,
                body,
                until,
            } => {
                self.todo.push(Term::Pattern(*accumulator));
                self.todo.push(Term::Pattern(*item));
                self.exprs([*over, *start, *body]);
                self.arms(until);
            }
            ExprKind::Each { over, item, body } | ExprKind::Keep { over, item, body } => {
                self.todo.push(Term::Pattern(*item));
                self.exprs([*over, *body]);
            }
            ExprKind::Range { from, to, most } => {
                self.deeds.faults |= most.is_some();
                self.exprs([*from, *to]);
            }
            _ => {}
        }
    }

    /// Whether an operator may stop: a division by a number that is written cannot, but for 0 and -1.
    fn may_fault(&self, operator: Operator, right: ExprId) -> bool {
        let by = match self.terms.expr(right).kind {
            ExprKind::Int(number) => Some(number),
            _ => None,
        };
        match operator {
            Operator::Divide | Operator::Remainder => by.is_none_or(|by| matches!(by, 0 | -1)),
            _ => operator.is_arithmetic(),
        }
    }

    /// A part of what an expression gives; `way` leads to it from its end to its beginning.
    fn read(&mut self, mut id: ExprId, mut way: Vec<usize>) {
        while let ExprKind::Project { product, index } = &self.terms.expr(id).kind {
            way.push(*index);
            id = *product;
        }
        match self.terms.expr(id).kind {
            ExprKind::Local(local) => {
                self.used.insert(Variable::Local(local));
                way.reverse();
                self.reads.insert((local, way));
            }
            _ => self.todo.push(Term::Expr(id)),
        }
    }

    fn arms(&mut self, arms: impl IntoIterator<Item = &'m Arm>) {
        for arm in arms {
            self.todo.push(Term::Pattern(arm.pattern));
            self.exprs(arm.guard.into_iter().chain([arm.body]));
        }
    }

    fn pattern(&mut self, id: PatternId) {
        match &self.terms.pattern(id).kind {
            PatternKind::Any
            | PatternKind::Int(_)
            | PatternKind::Text(_)
            | PatternKind::Bool(_) => {}
            PatternKind::Bind(local) => {
                self.bound.insert(*local);
            }
            PatternKind::Product(parts) | PatternKind::Alternatives(parts) => {
                self.todo.extend(parts.iter().copied().map(Term::Pattern))
            }
            PatternKind::Constructor { payload, .. } => self.todo.push(Term::Pattern(*payload)),
        }
    }

    fn arrow(&mut self, id: ArrowId) {
        match &self.terms.arrow(id).kind {
            ArrowKind::Identity | ArrowKind::Project(_) | ArrowKind::Inject(_) => {}
            ArrowKind::Apply => self.deeds.applies = true,
            ArrowKind::Function(function) => _ = self.deeds.calls.insert(*function),
            ArrowKind::Get => self.deeds.gets = true,
            ArrowKind::Put => self.deeds.puts = true,
            ArrowKind::Compose(parts)
            | ArrowKind::Fanout(parts)
            | ArrowKind::Parallel(parts)
            | ArrowKind::Case(parts) => self.todo.extend(parts.iter().copied().map(Term::Arrow)),
            ArrowKind::Choose { test, yes, no } => self
                .todo
                .extend([test, yes, no].map(|arrow| Term::Arrow(*arrow))),
            ArrowKind::Curry(arrow) | ArrowKind::Each(arrow) => self.todo.push(Term::Arrow(*arrow)),
            ArrowKind::Record(fields) => self
                .todo
                .extend(fields.iter().map(|(_, arrow)| Term::Arrow(*arrow))),
            ArrowKind::Constant(value) => self.exprs([*value]),
            ArrowKind::Lambda { parameter, body } => {
                self.todo.push(Term::Pattern(*parameter));
                self.exprs([*body]);
            }
            ArrowKind::Stamp(stamp) => {
                self.used.insert(Variable::Stamp(*stamp));
            }
        }
    }

    fn handler(&mut self, handler: &'m Handler) {
        match handler {
            Handler::Finish { state, output } => {
                self.deeds.ends.insert(*state);
                self.used.insert(Variable::Local(*state));
                self.exprs([*output]);
            }
            Handler::Sequence { statements, rest } => {
                self.todo.extend(statements.iter().map(Term::Statement));
                self.todo.push(Term::Handler(rest));
            }
            Handler::If { condition, yes, no } => {
                self.exprs([*condition]);
                self.todo.push(Term::Handler(yes));
                self.todo.push(Term::Handler(no));
            }
            Handler::Match { subject, arms } => {
                self.exprs([*subject]);
                for arm in arms {
                    self.todo.push(Term::Pattern(arm.pattern));
                    self.exprs(arm.guard);
                    self.todo.push(Term::Handler(&arm.body));
                }
            }
            Handler::Arrow {
                state,
                arrow,
                argument,
            } => {
                self.used.insert(Variable::Local(*state));
                self.todo.push(Term::Arrow(*arrow));
                self.exprs([*argument]);
            }
        }
    }

    fn statement(&mut self, statement: &'m Statement) {
        match statement {
            Statement::Let { pattern, value } => {
                self.todo.push(Term::Pattern(*pattern));
                self.exprs([*value]);
            }
            Statement::LetElse {
                pattern,
                value,
                otherwise,
            } => {
                self.todo.push(Term::Pattern(*pattern));
                self.exprs([*value]);
                self.todo.push(Term::Handler(otherwise));
            }
            Statement::Require {
                condition,
                otherwise,
            } => {
                self.exprs([*condition]);
                self.todo.push(Term::Handler(otherwise));
            }
        }
    }

    fn exprs(&mut self, ids: impl IntoIterator<Item = ExprId>) {
        self.todo.extend(ids.into_iter().map(Term::Expr));
    }
}
