//! Where a step can lead: which clauses take a pair of input and state, and in which states they leave the machine.
//!
//! What is told of a clause is certain where it says so and otherwise too much: a target that cannot be
//! told apart from others is [`Target::Any`].

use std::collections::{BTreeMap, BTreeSet};

use cam::schema::{Shape, ShapeId, Shapes};

use crate::typed::{
    ArrowKind, Clause, ExprId, ExprKind, Handler, Local, Machine, PatternId, PatternKind,
    Statement, Terms,
};

/// In which state a clause leaves the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// In the one it was in, unchanged.
    Same,
    /// In one of this constructor, by its place in the variant.
    Constructor(usize),
    /// In any.
    Any,
}

/// How surely a pattern takes the values of one constructor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Taking {
    Never,
    Maybe,
    Always,
}

/// How surely a pattern takes what is built by constructor `number`; of a type that has none, any value.
pub(crate) fn taking(machine: &Machine, pattern: PatternId, number: Option<usize>) -> Taking {
    let terms = &machine.terms;
    match (&terms.pattern(pattern).kind, number) {
        (
            PatternKind::Constructor {
                constructor,
                payload,
            },
            Some(number),
        ) => match (*constructor == number, is_irrefutable(machine, *payload)) {
            (false, _) => Taking::Never,
            (true, true) => Taking::Always,
            (true, false) => Taking::Maybe,
        },
        (PatternKind::Alternatives(patterns), _) => {
            let each = patterns.iter().map(|one| taking(machine, *one, number));
            each.max().unwrap_or(Taking::Never)
        }
        _ if is_irrefutable(machine, pattern) => Taking::Always,
        _ => Taking::Maybe,
    }
}

/// Whether a pattern takes every value, as far as that shows without asking what others take.
fn is_irrefutable(machine: &Machine, pattern: PatternId) -> bool {
    let pattern = machine.terms.pattern(pattern);
    match &pattern.kind {
        PatternKind::Any | PatternKind::Bind(_) => true,
        PatternKind::Product(parts) => parts.iter().all(|part| is_irrefutable(machine, *part)),
        PatternKind::Constructor { payload, .. } => {
            constructors(&machine.shapes, pattern.shape).is_some_and(|all| all == 1)
                && is_irrefutable(machine, *payload)
        }
        PatternKind::Alternatives(patterns) => {
            patterns.iter().any(|one| is_irrefutable(machine, *one))
        }
        PatternKind::Int(_) | PatternKind::Text(_) | PatternKind::Bool(_) => false,
    }
}

fn constructors(shapes: &Shapes, shape: ShapeId) -> Option<usize> {
    match shapes.get(shape) {
        Shape::Variant(_, constructors) => Some(constructors.len()),
        _ => None,
    }
}

/// Whether two clauses may take the same input in the same state.
pub(crate) fn meet(machine: &Machine, one: &Clause, other: &Clause) -> bool {
    let both = |shape, [one, other]: [PatternId; 2]| {
        let numbers = match constructors(&machine.shapes, shape) {
            Some(count) => (0..count).map(Some).collect(),
            None => vec![None],
        };
        let takes = |pattern, number| taking(machine, pattern, number) > Taking::Never;
        let mut numbers = numbers.into_iter();
        numbers.any(|number| takes(one, number) && takes(other, number))
    };
    both(machine.input, [one.input, other.input]) && both(machine.state, [one.state, other.state])
}

/// Whether a pattern is a name or `_`: it takes whatever is left.
pub(crate) fn is_catch_all(terms: &Terms, pattern: PatternId) -> bool {
    matches!(
        terms.pattern(pattern).kind,
        PatternKind::Any | PatternKind::Bind(_)
    )
}

/// Where a clause can leave the machine.
pub(crate) fn targets(machine: &Machine, clause: &Clause) -> BTreeSet<Target> {
    let mut flow = Flow {
        machine,
        states: BTreeMap::from([(clause.entry, BTreeSet::from([Target::Same]))]),
        found: BTreeSet::new(),
    };
    if let PatternKind::Bind(name) = machine.terms.pattern(clause.state).kind {
        flow.states.insert(name, BTreeSet::from([Target::Same]));
    }
    flow.handler(&clause.body);
    flow.found
}

/// Where an expression of the state's type can lead, if it is the first state for instance.
pub(crate) fn of_value(machine: &Machine, value: ExprId) -> BTreeSet<Target> {
    let flow = Flow {
        machine,
        states: BTreeMap::new(),
        found: BTreeSet::new(),
    };
    flow.value(value)
}

struct Flow<'m> {
    machine: &'m Machine,
    /// What the locals that hold a state can hold.
    states: BTreeMap<Local, BTreeSet<Target>>,
    found: BTreeSet<Target>,
}

impl Flow<'_> {
    fn handler(&mut self, handler: &Handler) {
        match handler {
            Handler::Finish { state, output: _ } => {
                let found = self.local(*state);
                self.found.extend(found);
            }
            Handler::Sequence { statements, rest } => {
                statements.iter().for_each(|one| self.statement(one));
                self.handler(rest);
            }
            Handler::If { yes, no, .. } => {
                self.handler(yes);
                self.handler(no);
            }
            Handler::Match { arms, .. } => arms.iter().for_each(|arm| self.handler(&arm.body)),
            Handler::Arrow { state, arrow, .. } => {
                let arrow = self.machine.terms.arrow(*arrow);
                let found = match arrow.stateful && self.may_put(arrow) {
                    true => BTreeSet::from([Target::Any]),
                    false => self.local(*state),
                };
                self.found.extend(found);
            }
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let { pattern, value } => {
                if let PatternKind::Bind(name) = self.machine.terms.pattern(*pattern).kind {
                    let targets = self.value(*value);
                    self.states.insert(name, targets);
                }
            }
            Statement::LetElse { otherwise, .. } | Statement::Require { otherwise, .. } => {
                self.handler(otherwise);
            }
        }
    }

    fn local(&self, local: Local) -> BTreeSet<Target> {
        let any = || BTreeSet::from([Target::Any]);
        self.states.get(&local).cloned().unwrap_or_else(any)
    }

    fn value(&self, value: ExprId) -> BTreeSet<Target> {
        let value = self.machine.terms.expr(value);
        match &value.kind {
            ExprKind::Local(local) => self.local(*local),
            ExprKind::Inject { constructor, .. } if value.shape == self.machine.state => {
                BTreeSet::from([Target::Constructor(*constructor)])
            }
            ExprKind::If { yes, no, .. } => &self.value(*yes) | &self.value(*no),
            ExprKind::Let { body, .. } => self.value(*body),
            ExprKind::Match { arms, .. } => {
                let each = arms.iter().map(|arm| self.value(arm.body));
                each.fold(BTreeSet::new(), |all, one| &all | &one)
            }
            _ => BTreeSet::from([Target::Any]),
        }
    }

    /// Whether `put` may occur in a stateful arrow. One that only begins with `get` leaves the state alone.
    fn may_put(&self, arrow: &crate::typed::Arrow) -> bool {
        let of = |id| self.may_put(self.machine.terms.arrow(id));
        match &arrow.kind {
            ArrowKind::Get => false,
            ArrowKind::Compose(parts) | ArrowKind::Fanout(parts) | ArrowKind::Parallel(parts) => {
                parts.iter().any(|part| of(*part))
            }
            ArrowKind::Record(fields) => fields.iter().any(|(_, part)| of(*part)),
            ArrowKind::Case(parts) => parts.iter().any(|part| of(*part)),
            _ => arrow.stateful,
        }
    }
}
