//! The judge: what a machine's claims come to, of states, steps and upgrades as they happen.
//!
//! The claims that are asked together are one program, so that asking costs one run. Only where that run stops
//! are they asked one by one, to know which of them it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use cam::instance::Context;
use cam::schema::Stamp;
use cam::trap::Trap;
use cam::value::Value;
use cam::verify::Migration;

use crate::compile::{Failure, migration};
use crate::translate::{self, Moment};
use crate::typed::{Claim, ClaimKind, Machine};

/// All claims of a machine, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    moments: BTreeMap<Moment, Vec<Group>>,
}

/// Claims that are asked in one run: their positions among the machine's, and each on its own.
#[derive(Clone, Debug)]
struct Group {
    positions: Vec<usize>,
    /// Whether each says first whether it is asked.
    conditional: Vec<bool>,
    together: Migration,
    alone: Vec<Migration>,
}

/// What a claim came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is not about this step.
    NotAsked,
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It has no value here.
    Stops(Trap),
}

/// A step that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) context: &'a Context,
    pub(crate) input: &'a Value,
    pub(crate) before: &'a Value,
    pub(crate) after: &'a Value,
    pub(crate) reply: &'a Value,
}

/// Claims of one run. Answers of more would not fit into one tuple of the machine.
const GROUP_MAX: usize = 200;

impl Judge {
    /// The claims of a machine.
    ///
    /// # Errors
    /// If they are too large for the abstract machine.
    pub(crate) fn of(machine: &Machine) -> Result<Judge, Failure> {
        let mut moments = vec![Moment::Always, Moment::State, Moment::Step];
        moments.extend(
            machine
                .claims
                .list
                .iter()
                .filter_map(|claim| match claim.kind {
                    ClaimKind::Across { version, .. } => Some(Moment::Upgrade(version)),
                    _ => None,
                }),
        );
        let mut judge = Judge {
            moments: BTreeMap::new(),
        };
        for moment in moments {
            let asked = |(_, claim): &(usize, &Claim)| moment.has(claim);
            let claims = machine.claims.list.iter().enumerate().filter(asked);
            let positions: Vec<usize> = claims.map(|(position, _)| position).collect();
            let groups = positions.chunks(GROUP_MAX).map(|positions| {
                Ok(Group {
                    positions: positions.to_vec(),
                    conditional: positions
                        .iter()
                        .map(|position| machine.claims.list[*position].kind == ClaimKind::After)
                        .collect(),
                    together: program(machine, moment, positions)?,
                    alone: positions
                        .iter()
                        .map(|position| program(machine, moment, &[*position]))
                        .collect::<Result<_, Failure>>()?,
                })
            });
            let groups = groups.collect::<Result<Vec<Group>, Failure>>()?;
            judge.moments.insert(moment, groups);
        }
        Ok(judge)
    }

    /// What is about no state.
    pub(crate) fn always(&self, verdict: impl FnMut(usize, Verdict)) {
        self.ask(Moment::Always, Value::unit, verdict);
    }

    /// What is said of a state on its own.
    pub(crate) fn state(&self, state: &Value, verdict: impl FnMut(usize, Verdict)) {
        self.ask(Moment::State, || state.clone(), verdict);
    }

    /// What is said of a step, and of the state it has led to.
    pub(crate) fn step(
        &self,
        stamps: &[Stamp],
        step: &Step<'_>,
        verdict: impl FnMut(usize, Verdict),
    ) {
        let argument = || {
            let stamps = stamps.iter().map(|stamp| stamped(step.context, *stamp));
            Value::product(vec![
                Value::product(stamps.collect()),
                step.input.clone(),
                step.before.clone(),
                step.after.clone(),
                step.reply.clone(),
            ])
        };
        self.ask(Moment::Step, argument, verdict);
    }

    /// What is said of an upgrade.
    pub(crate) fn upgrade(
        &self,
        from: u32,
        before: &Value,
        after: &Value,
        verdict: impl FnMut(usize, Verdict),
    ) {
        let argument = || Value::product(vec![before.clone(), after.clone()]);
        self.ask(Moment::Upgrade(from), argument, verdict);
    }

    fn ask(
        &self,
        moment: Moment,
        argument: impl Fn() -> Value,
        mut verdict: impl FnMut(usize, Verdict),
    ) {
        let none = Context::default(); // a claim asks what it is given
        for group in self.moments.get(&moment).into_iter().flatten() {
            let claims = group.positions.iter().zip(&group.conditional);
            match group.together.migrate_state(&none, argument()) {
                Ok(answers) => {
                    for ((position, conditional), answer) in claims.zip(parts(&answers)) {
                        verdict(*position, read(answer, *conditional));
                    }
                }
                Err(_) => {
                    for ((position, conditional), alone) in claims.zip(&group.alone) {
                        let answer = alone.migrate_state(&none, argument());
                        verdict(
                            *position,
                            answer.map_or_else(Verdict::Stops, |answers| {
                                let answer = parts(&answers).first();
                                answer.map_or(Verdict::NotAsked, |one| read(one, *conditional))
                            }),
                        );
                    }
                }
            }
        }
    }
}

fn program(machine: &Machine, moment: Moment, positions: &[usize]) -> Result<Migration, Failure> {
    migration(translate::claims(machine, moment, positions)?)
}

fn parts(answers: &Value) -> &[Value] {
    match answers {
        Value::Product(parts) => parts,
        _ => &[],
    }
}

/// A truth, or an option of one.
fn read(answer: &Value, conditional: bool) -> Verdict {
    match answer {
        Value::Sum(0, _) if conditional => Verdict::NotAsked,
        Value::Sum(1, answer) if conditional => read(answer, false),
        Value::Sum(1, _) => Verdict::Yes,
        _ => Verdict::No,
    }
}

/// What a node stamps on an input.
fn stamped(context: &Context, stamp: Stamp) -> Value {
    match stamp {
        Stamp::At => Value::Int(context.at_ms),
        Stamp::From => Value::Text(Arc::clone(&context.from)),
        Stamp::Sequence => Value::Int(context.sequence),
    }
}
