//! What each handler costs at most, as the verifier proves it.
//!
//! The machine is compiled again for each clause, with all others answering at once: its certificate is then that of
//! the way to this clause and through it. The node's verifier computes it; nothing is estimated here.

use cam::schema::{Shape, ShapeId};
use cam::verify::Certificate;

use crate::compile::Compiled;
use crate::flow::{self, Target};
use crate::source::Span;
use crate::translate;
use crate::typed::{Clause, Expr, ExprId, ExprKind, Handler, Machine, PatternId, Step};

/// What is proved of one handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandlerCost {
    /// What it takes: from the input pattern to the guard.
    pub head: Span,
    /// The way to it and through it.
    pub certificate: Certificate,
    /// Whether it leaves the state as it is.
    pub is_query: bool,
}

impl HandlerCost {
    /// The fuel that it can use at most, if that does not depend on the state and the input.
    #[must_use]
    pub fn max_cost(&self) -> Option<u64> {
        let Certificate {
            cost, loops, sized, ..
        } = self.certificate;
        (!loops && !sized).then_some(cost)
    }
}

/// All handlers in the order of the source; of a machine that is one arrow, that arrow.
#[must_use]
pub fn handlers(compiled: &Compiled) -> Vec<HandlerCost> {
    let machine = compiled.machine();
    let program = compiled.program();
    let clauses = match &machine.step {
        Step::Arrow(arrow) => {
            return vec![HandlerCost {
                head: machine.terms.arrow(*arrow).span,
                certificate: *program.code().certificate(program.step()),
                is_query: false,
            }];
        }
        Step::Clauses(clauses) => clauses,
    };
    let each = clauses.iter().enumerate().filter_map(|(number, clause)| {
        Some(HandlerCost {
            head: head(machine, clause),
            certificate: certificate(machine, clauses, number)?,
            is_query: flow::targets(machine, clause)
                .iter()
                .all(|target| *target == Target::Same),
        })
    });
    each.collect()
}

/// What a clause takes, as it is written.
#[must_use]
pub(crate) fn head(machine: &Machine, clause: &Clause) -> Span {
    let pattern = |id: PatternId| machine.terms.pattern(id).span;
    let guard = clause.guard.map(|guard| machine.terms.expr(guard).span);
    let begin = pattern(clause.input);
    let is_written = |span: &Span| span.start >= begin.end && span.end <= clause.span.end;
    let rest = [Some(pattern(clause.state)).filter(is_written), guard];
    rest.into_iter().flatten().fold(begin, Span::to)
}

/// The certificate of a step of the machine in which only one clause does something.
fn certificate(machine: &Machine, clauses: &[Clause], number: usize) -> Option<Certificate> {
    let mut alone = machine.clone();
    let nothing = plain(&mut alone, machine.output);
    let wanted = clauses[number].clone();
    let mut clauses = clauses.to_vec();
    for (place, clause) in clauses.iter_mut().enumerate() {
        if place == number {
            continue;
        }
        clause.body = Handler::Finish {
            state: clause.entry,
            output: nothing,
        };
        // A guard that is not asked on the way here would be counted too.
        if place > number || !flow::meet(machine, clause, &wanted) {
            clause.guard = None;
        }
    }
    alone.step = Step::Clauses(clauses);
    let combinators = translate::machine(&alone).ok()?;
    let bytecode = cam::compile::compile(combinators).ok()?;
    let program = cam::verify::machine(bytecode).ok()?;
    Some(*program.code().certificate(program.step()))
}

/// A value of a shape that costs nothing to make.
fn plain(machine: &mut Machine, shape: ShapeId) -> ExprId {
    let kind = match machine.shapes.get(shape).clone() {
        Shape::Int => ExprKind::Int(0),
        Shape::Text => ExprKind::Text("".into()),
        Shape::Bytes => ExprKind::Bytes([].into()),
        Shape::Bool => ExprKind::Bool(false),
        Shape::Tuple(parts) => {
            ExprKind::Tuple(parts.iter().map(|part| plain(machine, *part)).collect())
        }
        Shape::Record(fields) => {
            let parts = fields.iter().map(|(_, part)| plain(machine, *part));
            ExprKind::Record(parts.collect())
        }
        Shape::Variant(_, constructors) => {
            let payload = constructors.first().map(|(_, payload)| *payload);
            let payload = payload.map(|payload| plain(machine, payload));
            match payload {
                Some(payload) => ExprKind::Inject {
                    constructor: 0,
                    payload,
                },
                None => ExprKind::Refuse,
            }
        }
        Shape::Option(_) => {
            let payload = term(machine, ExprKind::Tuple(Vec::new()), shape);
            ExprKind::Inject {
                constructor: 0,
                payload,
            }
        }
        Shape::List(_) => ExprKind::List(Vec::new()),
        Shape::Map(..) => ExprKind::Map(Vec::new()),
    };
    term(machine, kind, shape)
}

fn term(machine: &mut Machine, kind: ExprKind, shape: ShapeId) -> ExprId {
    machine.terms.exprs.push(Expr {
        kind,
        shape,
        span: Span::default(),
    });
    ExprId(u32::try_from(machine.terms.exprs.len() - 1).expect("a machine has few terms"))
}
