//! A session with a machine: inputs, upgrades, and what its claims come to on the way.
//!
//! Traces and simulated runs are played here alike, on the released program of the version they start in and
//! through the compiled migration and adapters, so that what a simulation finds a trace can show.

use std::sync::Arc;

use cam::instance::{Context, Engine, Instance};
use cam::limits::STEP_FUEL;
use cam::trap::{Trap, TrapReason};
use cam::value::Value;
use cam::verify::{Migration, Program};

use crate::compile::Compiled;
use crate::fault::Fault;
use crate::judge::{Judge, Step, Verdict};
use crate::typed::{Claim, ClaimKind};

/// A session that has got this far.
#[derive(Clone, Debug)]
pub(crate) struct Play<'a> {
    compiled: &'a Compiled,
    /// The version before the upgrade.
    from: Option<u32>,
    instance: Instance,
    state: Value,
    /// What the next input is stamped with.
    pub(crate) context: Context,
    /// How often each claim held, by its position.
    pub(crate) held: Vec<u64>,
    /// What the last step cost.
    pub(crate) fuel_used: u64,
}

/// What an input came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answered {
    /// An answer, as the client understands it.
    Output(Value),
    /// The step stopped; nothing has changed.
    Fault(Trap),
    /// An adapter stopped, and so the step did not happen.
    Unadapted(Trap),
    /// The old input is refused.
    Retired,
}

/// Why a session cannot go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stuck {
    /// History has no program of the version it starts in.
    NoProgram(u32),
    /// There is no first state.
    NoInit(Trap),
    /// Nothing leads from the version to this one.
    NoWay(u32),
    /// No adapter for clients of the version.
    NoAdapter(u32),
    /// A value is no state of the version that runs.
    Strange,
    /// A claim is broken.
    Broken(Broken),
}

/// What is wrong with a machine, found while it ran.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Broken {
    /// A claim, by its position, does not hold; it stops, if there is a trap.
    Claim {
        position: usize,
        stops: Option<Trap>,
    },
    /// The migration from the running version stops.
    Migration(Trap),
    /// The way back stops on what the migration made.
    BackStops(Trap),
    /// The way back leads to another state.
    Back { before: Value, again: Value },
    /// The way through another version leads to another state, or to none.
    Chain {
        through: u32,
        direct: Value,
        chained: Result<Value, Trap>,
    },
}

impl Broken {
    /// Whether the two are one mistake, seen in two runs.
    pub(crate) fn is_like(&self, other: &Broken) -> bool {
        match (self, other) {
            (
                Broken::Claim { position, stops },
                Broken::Claim {
                    position: other,
                    stops: stops_too,
                },
            ) => position == other && stops.is_some() == stops_too.is_some(),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl<'a> Play<'a> {
    /// Starts in the first state of an older version, or of this one.
    pub(crate) fn start(compiled: &'a Compiled, from: Option<u32>) -> Result<Play<'a>, Stuck> {
        let program = match from {
            None => compiled.program(),
            Some(version) => {
                let program = compiled.history().program(version);
                program.ok_or(Stuck::NoProgram(version))?
            }
        };
        let instance = Instance::start(Arc::clone(program)).map_err(Stuck::NoInit)?;
        let mut play = Play {
            compiled,
            from,
            state: instance.state(),
            instance,
            context: first_context(),
            held: vec![0; compiled.machine().claims.list.len()],
            fuel_used: 0,
        };
        play.judge_state()?;
        Ok(play)
    }

    /// Goes on where another session was: in the version of the source, or in the one it started in.
    pub(crate) fn resume(
        compiled: &'a Compiled,
        from: Option<u32>,
        is_own: bool,
        state: Value,
        context: &Context,
    ) -> Result<Play<'a>, Stuck> {
        let old = match from.filter(|_| !is_own) {
            None => compiled.program(),
            Some(version) => {
                let program = compiled.history().program(version);
                program.ok_or(Stuck::NoProgram(version))?
            }
        };
        let instance = Instance::resume(Arc::clone(old), state.clone());
        Ok(Play {
            compiled,
            from,
            instance: instance.map_err(|_| Stuck::Strange)?,
            state,
            context: context.clone(),
            held: vec![0; compiled.machine().claims.list.len()],
            fuel_used: 0,
        })
    }

    /// The program that runs.
    pub(crate) fn program(&self) -> &Arc<Program> {
        self.instance.program()
    }

    /// The state it is in.
    pub(crate) fn state(&self) -> &Value {
        &self.state
    }

    /// Whether it is the version of the source that runs, and not an older one.
    pub(crate) fn is_own(&self) -> bool {
        Arc::ptr_eq(self.program(), self.compiled.program())
    }

    /// Sends as a client of one version; an older one than runs is understood through the adapters.
    pub(crate) fn send(&mut self, client: u32, input: Value) -> Result<Answered, Stuck> {
        if client == self.program().schema().version {
            return self.step(&input, None);
        }
        // The adapters lead to the version of the source: to an older one that runs there is no way for anybody else.
        if !self.is_own() {
            return Err(Stuck::NoWay(client));
        }
        let migration = self.migration(client)?;
        let adapted = migration.adapt_input(&self.context, input);
        match adapted.ok_or(Stuck::NoAdapter(client))? {
            Ok(input) => self.step(&input, Some(&migration)),
            Err(trap) if trap.reason == TrapReason::Abort(Fault::Retired.code()) => {
                Ok(Answered::Retired)
            }
            Err(trap) => Ok(Answered::Unadapted(trap)),
        }
    }

    fn step(&mut self, input: &Value, adapter: Option<&Migration>) -> Result<Answered, Stuck> {
        let is_own = self.is_own();
        let pending = match self.instance.attempt(&self.context, input.clone()) {
            Ok(pending) => pending,
            Err(trap) => {
                // Only one that used all of it is known to have cost something.
                let is_out = trap.reason == TrapReason::OutOfFuel;
                self.fuel_used = if is_out { STEP_FUEL } else { 0 };
                return Ok(Answered::Fault(trap));
            }
        };
        self.fuel_used = pending.fuel_used();
        let reply = pending.output();
        // The step counts only if its answer can be given: it is taken after the adapter has run.
        let adapted =
            adapter.and_then(|migration| migration.adapt_output(&self.context, reply.clone()));
        let told = match adapted {
            None => reply.clone(),
            Some(Ok(told)) => told,
            Some(Err(trap)) => return Ok(Answered::Unadapted(trap)),
        };
        pending.commit();
        let after = self.instance.state();
        let before = std::mem::replace(&mut self.state, after);
        if is_own {
            self.judge_step(input, &before, &reply)?;
        }
        Ok(Answered::Output(told))
    }

    /// From the version it started in to the one of the source, at the moment of the last input.
    pub(crate) fn upgrade(&mut self) -> Result<(), Stuck> {
        let from = self
            .from
            .ok_or(Stuck::NoWay(self.program().schema().version))?;
        let migration = self.migration(from)?;
        let before = self.state.clone();
        let migrated = migration.migrate_state(&self.context, before.clone());
        let migrated = migrated.map_err(|trap| Stuck::Broken(Broken::Migration(trap)))?;
        self.take_up(Arc::clone(self.compiled.program()), migrated)?;
        self.judge_upgrade(from, &before)?;
        self.judge_chains(from, &before)?;
        // The steps of a chain were held to their ways back when they were released, some of them as lossy ones.
        let is_composed = self.compiled.written(from).is_none();
        match migration.restore_state(&self.context, self.state.clone()) {
            None => Ok(()),
            Some(Ok(_)) if is_composed => Ok(()),
            Some(Ok(again)) if again == before || self.compiled.is_lossy(from) => Ok(()),
            Some(Ok(again)) => Err(Stuck::Broken(Broken::Back { before, again })),
            Some(Err(trap)) => Err(Stuck::Broken(Broken::BackStops(trap))),
        }
    }

    /// The ways through versions between lead to the same state as the direct one.
    fn judge_chains(&self, from: u32, before: &Value) -> Result<(), Stuck> {
        for (through, way) in chains(self.compiled, from) {
            let mut migrations = way.iter();
            let chained = migrations.try_fold(before.clone(), |state, step| {
                step.migrate_state(&self.context, state)
            });
            if chained.as_ref() != Ok(&self.state) {
                return Err(Stuck::Broken(Broken::Chain {
                    through,
                    direct: self.state.clone(),
                    chained,
                }));
            }
        }
        Ok(())
    }

    /// Goes on in another state.
    pub(crate) fn given(&mut self, state: Value) -> Result<(), Stuck> {
        self.take_up(Arc::clone(self.program()), state)?;
        self.judge_state()
    }

    fn take_up(&mut self, program: Arc<Program>, state: Value) -> Result<(), Stuck> {
        // The registers of the old instance go before those of the new one come: half a mebibyte each, and two of them
        // at once are given back to the system and asked for again at every upgrade.
        let resting = Instance::resume_on(Engine::Reference, program, state.clone());
        self.instance = resting.map_err(|_| Stuck::Strange)?;
        let program = Arc::clone(self.instance.program());
        self.instance = Instance::resume(program, state.clone()).map_err(|_| Stuck::Strange)?;
        self.state = state;
        Ok(())
    }

    fn migration(&self, from: u32) -> Result<Arc<Migration>, Stuck> {
        let upgrade = self.compiled.upgrade_from(from);
        let upgrade = upgrade.ok_or(Stuck::NoWay(from))?;
        Ok(Arc::clone(&upgrade.migration))
    }

    fn judge_state(&mut self) -> Result<(), Stuck> {
        if !self.is_own() {
            return Ok(());
        }
        let mut hearing = Hearing::of(self.compiled, &mut self.held);
        hearing.judge.state(&self.state, |position, verdict| {
            hearing.record.hear(position, verdict);
        });
        hearing.record.verdict()
    }

    fn judge_step(&mut self, input: &Value, before: &Value, reply: &Value) -> Result<(), Stuck> {
        let step = Step {
            context: &self.context,
            input,
            before,
            after: &self.state,
            reply,
        };
        let stamps = &self.compiled.machine().stamps;
        let mut hearing = Hearing::of(self.compiled, &mut self.held);
        hearing.judge.step(stamps, &step, |position, verdict| {
            hearing.record.hear(position, verdict);
        });
        hearing.record.verdict()
    }

    fn judge_upgrade(&mut self, from: u32, before: &Value) -> Result<(), Stuck> {
        let mut hearing = Hearing::of(self.compiled, &mut self.held);
        hearing
            .judge
            .upgrade(from, before, &self.state, |position, verdict| {
                hearing.record.hear(position, verdict);
            });
        hearing.record.verdict()?;
        self.judge_state()
    }
}

/// A judge and what is written down of its verdicts.
struct Hearing<'a> {
    judge: &'a Judge,
    record: Record<'a>,
}

struct Record<'a> {
    claims: &'a [Claim],
    held: &'a mut [u64],
    broken: Option<Broken>,
}

impl<'a> Hearing<'a> {
    fn of(compiled: &'a Compiled, held: &'a mut [u64]) -> Hearing<'a> {
        Hearing {
            judge: compiled.judge(),
            record: Record {
                claims: &compiled.machine().claims.list,
                held,
                broken: None,
            },
        }
    }
}

impl Record<'_> {
    fn hear(&mut self, position: usize, verdict: Verdict) {
        let stops = match verdict {
            Verdict::NotAsked => return,
            Verdict::Yes => {
                self.held[position] += 1;
                return;
            }
            Verdict::No if self.claims[position].kind == ClaimKind::Witness => return,
            Verdict::No => None,
            Verdict::Stops(trap) => Some(trap),
        };
        self.broken.get_or_insert(Broken::Claim { position, stops });
    }

    fn verdict(self) -> Result<(), Stuck> {
        match self.broken {
            None => Ok(()),
            Some(broken) => Err(Stuck::Broken(broken)),
        }
    }
}

/// What an input is stamped with that says nothing about it. The checker wants a sender on each line of a machine that
/// sees it.
fn first_context() -> Context {
    Context {
        at_ms: 0,
        from: "".into(),
        sequence: 0,
    }
}

/// The ways from a version to the source through a later one, by that version.
pub(crate) fn chains(compiled: &Compiled, from: u32) -> Vec<(u32, Vec<Arc<Migration>>)> {
    let later = compiled.upgrades().iter();
    let later = later.filter(|upgrade| upgrade.from > from);
    later
        .filter_map(|upgrade| {
            let history = compiled.history();
            let versions = history.way(from, upgrade.from)?;
            let steps = versions.windows(2);
            let way = steps.map(|pair| history.migration(pair[0], pair[1]).map(Arc::clone));
            let mut way: Vec<Arc<Migration>> = way.collect::<Option<_>>()?;
            way.push(Arc::clone(&upgrade.migration));
            Some((upgrade.from, way))
        })
        .collect()
}

/// The laws of a machine that do not hold.
pub(crate) fn laws(compiled: &Compiled) -> Vec<Broken> {
    let mut broken = Vec::new();
    compiled.judge().always(|position, verdict| {
        let stops = match verdict {
            Verdict::No => None,
            Verdict::Stops(trap) => Some(trap),
            Verdict::Yes | Verdict::NotAsked => return,
        };
        broken.push(Broken::Claim { position, stops });
    });
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use crate::history::History;
    use crate::source::Source;

    /// Where the upgrade is left out of a session that is made shorter, clients of version 2 come to speak to
    /// version 1; the adapters of version 3 lead elsewhere.
    #[test]
    fn nobody_speaks_to_an_earlier_version_but_its_own_clients() {
        let mut history = History::new();
        let mut newest = None;
        for version in 1..=3 {
            let upgrade = match version {
                1 => String::new(),
                _ => format!(
                    "migrate from {0} auto accept from {0} reply to {0}",
                    version - 1
                ),
            };
            let text = format!(
                "machine Lamp version {version} {{
                   input  | Press{version}(Int) | Read
                   output | Is(Int)
                   state  {{ lit: Int }}
                   init   {{ lit: 0 }}
                   on Press{version}(n) => {{ set lit = n  Is(n) }}
                   on Read => Is(lit)
                   {upgrade}
                 }}"
            );
            let text = match version {
                1 => text,
                _ => text.replace(
                    &format!("accept from {}", version - 1),
                    &format!(
                        "accept from {0} {{ Press{0}(n) => Press{version}(n) }}",
                        version - 1
                    ),
                ),
            };
            let source = Source::new("lamp.cam", text).expect("short");
            let compiled = compile(&source, &history).expect("compiles");
            if let Some(upgrade) = compiled.upgrade_from(version - 1) {
                history.bridge(version - 1, version, Arc::clone(&upgrade.migration));
            }
            history.release(Arc::clone(compiled.program()));
            newest = Some(compiled);
        }
        let newest = newest.expect("three were made");
        let mut play = Play::start(&newest, Some(1)).unwrap_or_else(|_| unreachable!("it starts"));
        let press = Value::sum(0, Value::Int(1));
        assert!(matches!(
            play.send(1, press.clone()),
            Ok(Answered::Output(_))
        ));
        assert!(matches!(play.send(2, press.clone()), Err(Stuck::NoWay(2))));
        assert!(play.upgrade().is_ok());
        assert!(matches!(play.send(2, press), Ok(Answered::Output(_))));
    }
}
