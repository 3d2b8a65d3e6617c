//! Simulation: sessions at random, to find what no trace was written for.
//!
//! Half of the runs start in an older version and are upgraded at a random moment, so that the states a migration
//! meets are states that can be. What breaks a claim is made as short as it goes and told as a trace. Everything
//! follows from one seed: who has the seed can see the same again.

mod frontier;
mod generate;
mod pool;
mod random;
mod script;
mod shrink;
mod simpler;
mod tally;

use cam::instance::Context;
use cam::schema::Schema;
use cam::value::Value;

use crate::ast::ItemKind;
use crate::broken;
use crate::compile::Compiled;
use crate::format::after_change;
use crate::play::{Broken, Play, Stuck, laws};
use crate::problem::Problem;
use crate::problem::catalogue::R012;
use crate::source::Source as Text;
use crate::typed::ClaimKind;
use frontier::{Frontier, Place};
#[cfg(feature = "proptest")]
pub(crate) use generate::NAMES;
use generate::{Source, weights};
pub(crate) use pool::Constants;
use pool::Seen;
use random::Random;
pub(crate) use script::schema;
use script::{Event, Script, Sent};
pub use tally::{ClaimTally, Constructors, Fault, Tally};

/// How much is simulated, and with which chances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// How many sessions.
    pub runs: u64,
    /// How many inputs each of them has.
    pub steps: u64,
}

impl Plan {
    /// A plan of the usual size.
    #[must_use]
    pub fn of_seed(seed: u64) -> Plan {
        Plan {
            seed,
            runs: 400,
            steps: 60,
        }
    }
}

/// What a simulation has come to.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// What was simulated.
    pub plan: Plan,
    /// What happened in it.
    pub tally: Tally,
    /// What is wrong, each mistake once.
    pub found: Vec<Found>,
}

/// A mistake, and the shortest session that shows it.
#[derive(Clone, Debug)]
pub struct Found {
    /// What is wrong, at its place in the source.
    pub problem: Problem,
    /// A member of the machine that shows it: a trace, with line ends. A law needs none.
    pub trace: Option<String>,
    /// The version that the session starts in, if that is not the one of the source.
    pub from: Option<u32>,
    /// The number of the run that has shown it first.
    pub run: u64,
    /// How many lines that run had.
    pub lines: usize,
    /// How many are left.
    pub left: usize,
}

/// Fuel of a whole simulation: some seconds, whatever a step does. A plan of many steps has more, for steps of usual cost.
const FUEL_MAX: u64 = 1_000_000_000;
const STEP_FUEL_USUAL: u64 = 10_000;

/// Events that lead to a place where later runs go on. What is further away takes too long to be made short.
const SCRIPT_MAX: usize = 400;

/// Mistakes that are looked into. Who has so many knows what to do.
const FOUND_MAX: usize = 8;

/// Simulates a machine. `watch` is told after each run what there is so far, and says whether to go on.
#[must_use]
pub fn run(compiled: &Compiled, plan: Plan, watch: &mut dyn FnMut(&Tally) -> bool) -> Simulation {
    let mut simulator = Simulator::new(compiled, plan);
    for broken in laws(compiled) {
        simulator.note_law(&broken);
    }
    for run in 0..plan.runs {
        simulator.run(run);
        let is_over = simulator.found.len() >= FOUND_MAX || simulator.fuel_left == 0;
        if is_over || !watch(&simulator.tally) {
            break;
        }
    }
    let found = simulator.found.into_iter().map(|(_, found)| found);
    Simulation {
        plan,
        found: found.collect(),
        tally: simulator.tally,
    }
}

impl Simulation {
    /// The witnesses that no run has reached, as warnings.
    #[must_use]
    pub fn unreached(&self) -> Vec<Problem> {
        let runs = self.tally.runs;
        let witnesses = self.tally.claims.iter();
        witnesses
            .filter(|claim| claim.kind == ClaimKind::Witness && claim.held == 0)
            .map(|claim| {
                let title = format!("the witness `{}` was reached in none of {runs} runs", claim.name);
                Problem::new(R012, claim.condition, title).helping(
                    "more or longer runs may reach it (`--runs`, `--steps`); or no input leads there",
                )
            })
            .collect()
    }
}

/// The source with traces as last members of its machine; a source that was laid out stays so. Nothing if it has no
/// machine.
#[must_use]
pub fn keep(source: &Text, traces: &[&str]) -> Option<String> {
    let (module, _) = crate::parse::module(source);
    let machine = module.items.iter().find_map(|item| match &item.kind {
        ItemKind::Machine(_) => Some(item.span),
        _ => None,
    })?;
    let text = source.slice(source.span());
    let end = usize::try_from(machine.end).ok()?;
    let brace = text.get(..end)?.rfind('}')?;
    let mut kept = text[..brace].trim_end().to_owned();
    kept.push('\n');
    for trace in traces {
        kept.push('\n');
        for line in trace.lines() {
            kept.push_str("  ");
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.push_str(&text[brace..]);
    Some(after_change(source, kept))
}

struct Simulator<'a> {
    compiled: &'a Compiled,
    plan: Plan,
    constants: Constants,
    /// Versions that a run can start in.
    olds: Vec<u32>,
    /// Versions whose clients the machine understands.
    clients: Vec<u32>,
    tally: Tally,
    found: Vec<(Broken, Found)>,
    frontier: Frontier,
    fuel_left: u64,
}

/// A run that is under way.
struct Run<'a> {
    play: Play<'a>,
    script: Script,
    random: Random,
    seen: Seen,
    /// How often each input of the version that runs comes.
    weights: Vec<usize>,
    at_ms: i64,
}

impl<'a> Simulator<'a> {
    fn new(compiled: &'a Compiled, plan: Plan) -> Simulator<'a> {
        let upgrades = compiled.all_upgrades();
        let history = compiled.history();
        let olds = upgrades.clone().map(|upgrade| upgrade.from);
        let clients = upgrades.filter(|upgrade| upgrade.migration.adapters().is_some());
        let clients = clients.map(|upgrade| upgrade.from);
        Simulator {
            compiled,
            plan,
            constants: Constants::of(&compiled.machine().terms),
            olds: olds.filter(|old| history.program(*old).is_some()).collect(),
            clients: clients.filter(|old| history.get(*old).is_some()).collect(),
            tally: Tally::of(compiled),
            found: Vec::new(),
            frontier: Frontier::default(),
            fuel_left: plan
                .runs
                .saturating_mul(plan.steps)
                .saturating_mul(STEP_FUEL_USUAL)
                .max(FUEL_MAX),
        }
    }

    fn run(&mut self, number: u64) {
        let mut random = Random::of_run(self.plan.seed, number);
        let starts_old = number % 2 == 1;
        let old = random.pick(&self.olds).copied();
        let from = old.filter(|_| starts_old);
        let script = Script {
            from,
            events: Vec::new(),
        };
        let moment = random.below(usize::try_from(self.plan.steps).unwrap_or(usize::MAX));
        // Half of the runs of each kind go on from where another was.
        let place = (number % 4 >= 2)
            .then(|| self.frontier.pick(from.is_none(), &mut random).cloned())
            .flatten();
        let started = match place {
            Some(place) => {
                let Place {
                    script,
                    state,
                    context,
                    is_own,
                } = place;
                Play::resume(self.compiled, script.from, is_own, state, &context)
                    .map(|play| (play, script))
            }
            None => Play::start(self.compiled, from).map(|play| (play, script.clone())),
        };
        let (play, script) = match started {
            Ok(started) => started,
            Err(stuck) => return self.end(number, script, stuck),
        };
        let at_ms = play.context.at_ms;
        let mut run = Run {
            play,
            script,
            random,
            seen: Seen::default(),
            weights: Vec::new(),
            at_ms,
        };
        run.look();
        run.weigh();
        let stuck = self.play(&mut run, from.map(|_| moment));
        self.tally.add_run(&run.play.held, from.is_some());
        if let Err(stuck) = stuck {
            self.end(number, run.script, stuck);
        }
    }

    fn play(&mut self, run: &mut Run<'a>, upgrade_at: Option<usize>) -> Result<(), Stuck> {
        let mut moment = upgrade_at;
        for _ in 0..self.plan.steps {
            if moment == Some(0) {
                self.upgrade(run)?;
            }
            moment = moment.and_then(|steps| steps.checked_sub(1));
            self.step(run)?;
            self.keep_place(run);
            self.fuel_left = self.fuel_left.saturating_sub(run.play.fuel_used);
            if self.fuel_left == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Keeps where the run is, if no run was where it looks like that.
    fn keep_place(&mut self, run: &mut Run<'a>) {
        let (is_own, state) = (run.play.is_own(), run.play.state());
        let schema = run.play.program().schema();
        if self.frontier.is_new(schema, is_own, state) && run.script.events.len() < SCRIPT_MAX {
            let place = Place {
                script: run.script.clone(),
                state: state.clone(),
                context: run.play.context.clone(),
                is_own,
            };
            self.frontier.add(place, &mut run.random);
        }
    }

    fn upgrade(&mut self, run: &mut Run<'a>) -> Result<(), Stuck> {
        run.script.events.push(Event::Upgrade);
        run.play.upgrade()?;
        if let Some(from) = run.script.from {
            *self.tally.upgrades.entry(from).or_default() += 1;
        }
        run.seen.forget_shapes();
        run.look();
        run.weigh();
        Ok(())
    }

    fn step(&mut self, run: &mut Run<'a>) -> Result<(), Stuck> {
        let sent = self.input(run);
        let client = sent.client;
        let spoken = schema(self.compiled, client);
        self.tally.add_input(client, &sent.input);
        if client == run.play.program().schema().version {
            // What was sent once is sent again: answers are asked for, and things are done twice.
            let (shapes, shape) = (&spoken.shapes, spoken.input);
            run.seen.look(shapes, shape, &sent.input, &mut run.random);
        }
        let event = Event::Send(sent);
        let answered = event.happen(&mut run.play);
        run.script.events.push(event);
        let answered = answered?;
        let compiled = run.play.is_own().then_some(self.compiled);
        let Some(answered) = answered else {
            return Ok(());
        };
        self.tally.add_answer(client, &answered, compiled);
        if let crate::play::Answered::Output(output) = &answered {
            let state = run.play.state();
            self.tally.weigh(state, run.play.fuel_used);
            // A shape of another version would mean something else here.
            if client == run.play.program().schema().version {
                let (shapes, shape) = (&spoken.shapes, spoken.output);
                run.seen.look(shapes, shape, output, &mut run.random);
            }
            run.look();
        }
        Ok(())
    }

    fn input(&mut self, run: &mut Run<'a>) -> Sent {
        let running = run.play.program().schema().version;
        let mut client = running;
        if run.play.is_own() && run.random.sixteenths(4) {
            client = run.random.pick(&self.clients).copied().unwrap_or(running);
        }
        let schema: &Schema = schema(self.compiled, client);
        let mut source = Source {
            constants: &self.constants,
            seen: &run.seen,
            is_same_version: client == running,
            random: &mut run.random,
        };
        run.at_ms = run.at_ms.saturating_add(source.pause());
        let from = source.sender();
        Sent {
            client,
            at_ms: run.at_ms,
            input: match client == running {
                true => source.weighed(&schema.shapes, schema.input, &run.weights),
                false => source.value(&schema.shapes, schema.input),
            },
            from,
        }
    }

    fn end(&mut self, run: u64, mut script: Script, stuck: Stuck) {
        let Stuck::Broken(broken) = stuck else {
            return; // there is nothing to simulate; traces say why
        };
        let lines = script.events.len();
        if self.found.iter().any(|(known, _)| known.is_like(&broken)) {
            return;
        }
        script = shrink::shrink(self.compiled, script, &broken);
        // The shorter run shows the same mistake, perhaps with other values.
        let mut fuel = u64::MAX;
        let broken = script.replay(self.compiled, &mut fuel).unwrap_or(broken);
        let title = format!("{}, seed {:x}", self.about(&broken), self.plan.seed);
        let trace = script.trace(self.compiled, &title);
        let problem = broken::problem(self.compiled, script.from, &broken);
        let found = Found {
            problem: script.with_state(self.compiled, problem),
            trace: Some(trace),
            from: script.from,
            run,
            lines,
            left: script.events.len(),
        };
        self.found.push((broken, found));
    }

    fn note_law(&mut self, broken: &Broken) {
        let found = Found {
            problem: broken::problem(self.compiled, None, broken),
            trace: None,
            from: None,
            run: 0,
            lines: 0,
            left: 0,
        };
        self.found.push((broken.clone(), found));
    }

    /// What a trace that shows it is called.
    fn about(&self, broken: &Broken) -> String {
        match broken {
            Broken::Claim { position, .. } => self.compiled.machine().claims.list[*position]
                .name
                .to_string(),
            Broken::Migration(_) => "the migration stops".to_owned(),
            Broken::Back { .. } | Broken::BackStops(_) => "the way back".to_owned(),
            Broken::Chain { through, .. } => format!("through version {through}"),
        }
    }
}

/// Inputs at random for one version, without a machine to take them.
pub(crate) struct Player<'a> {
    schema: &'a Schema,
    constants: Constants,
    seen: Seen,
    random: Random,
    context: Context,
}

impl<'a> Player<'a> {
    pub(crate) fn of(compiled: &'a Compiled, version: u32, seed: u64, run: u64) -> Player<'a> {
        Player {
            schema: schema(compiled, version),
            constants: Constants::of(&compiled.machine().terms),
            seen: Seen::default(),
            random: Random::of_run(seed, run),
            context: Context {
                at_ms: 0,
                from: "".into(),
                sequence: 0,
            },
        }
    }

    /// The next input for a machine in this state.
    pub(crate) fn next(&mut self, state: &Value) -> (Context, Value) {
        let (shapes, shape) = (&self.schema.shapes, self.schema.state);
        self.seen.look(shapes, shape, state, &mut self.random);
        let mut source = Source {
            constants: &self.constants,
            seen: &self.seen,
            is_same_version: true,
            random: &mut self.random,
        };
        self.context.at_ms = self.context.at_ms.saturating_add(source.pause());
        self.context.from = source.sender();
        self.context.sequence += 1;
        (
            self.context.clone(),
            source.value(&self.schema.shapes, self.schema.input),
        )
    }
}

impl Run<'_> {
    fn weigh(&mut self) {
        let schema = self.play.program().schema();
        self.weights = weights(&schema.shapes, schema.input, &mut self.random);
    }

    fn look(&mut self) {
        let schema = self.play.program().schema();
        let state = self.play.state();
        self.seen
            .look(&schema.shapes, schema.state, state, &mut self.random);
    }
}
