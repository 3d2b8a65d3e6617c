//! The commuting square: would a client of an older version notice the upgrade?
//!
//! ```text
//! I₁ × S₁ ──step₁──▶ S₁ × O₁
//!   │ α×μ               │ μ × id        and    step₁;snd  =  (α×μ);step₂;snd;ρ
//!   ▼                   ▼
//! I₂ × S₂ ──step₂──▶ S₂ × O₂ ──id×ρ──▶ S₂ × O₁
//! ```
//!
//! The old states are those that sessions at random reach. Both answers are what the client is told, so a step that
//! stops on both sides is the same, whatever stops it.

use std::sync::Arc;

use cam::instance::{Context, Instance};
use cam::schema::{Name, Schema, Shape};
use cam::trap::TrapReason;
use cam::value::Value;
use cam::verify::{Migration, Program};

use crate::compile::Compiled;
use crate::fault::Fault;
use crate::simulate::{Plan, Player};
use crate::trace::described;
use crate::value::print;

/// How the two versions compare for old clients.
#[derive(Clone, Debug)]
pub struct Square {
    /// The older version.
    pub from: u32,
    /// The chances it was found with; each step of each run is a sample.
    pub plan: Plan,
    /// Each input of the older version, in the order of its type.
    pub inputs: Vec<Noticed>,
    /// States whose migration stops: from them there is no upgrade.
    pub stuck: u64,
}

/// What clients notice of one input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Noticed {
    /// Its constructor.
    pub name: Name,
    /// How often it was tried.
    pub samples: u64,
    /// How often the answer differs.
    pub answers: u64,
    /// How often the answer is the same and the state afterwards differs.
    pub states: u64,
    /// A difference: of those found the one that is shortest to read.
    pub example: Option<Difference>,
}

/// One input in one state, and what comes of it before and after the upgrade.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The input.
    pub input: String,
    /// The old state in which it is sent.
    pub state: String,
    /// The answer of the old version, or the state it leads to in the new form.
    pub old: String,
    /// What the new version makes of it.
    pub new: String,
    /// Whether it is the states that differ, and not the answers.
    pub is_of_states: bool,
}

/// Why two versions cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Incomparable {
    /// History has no program of the version.
    NoProgram,
    /// There is no `migrate from` it.
    NoMigration,
    /// There is no `accept from` it, and no `reply to` it.
    NoAdapter,
}

/// Compares the source with an older version. `watch` is told how many runs are over, and says whether to go on.
///
/// # Errors
/// [`Incomparable`].
pub fn compare(
    compiled: &Compiled,
    from: u32,
    plan: Plan,
    watch: &mut dyn FnMut(u64) -> bool,
) -> Result<Square, Incomparable> {
    let sample = Sample::of(compiled, from)?;
    let old = sample.old;
    let mut comparison = Comparison {
        sample,
        square: Square {
            from,
            plan,
            inputs: names(old).map(Noticed::of).collect(),
            stuck: 0,
        },
    };
    for run in 0..plan.runs {
        let mut player = Player::of(compiled, from, plan.seed, run);
        if let Ok(mut instance) = Instance::start(Arc::clone(old)) {
            for _ in 0..plan.steps {
                let (context, input) = player.next(&instance.state());
                comparison.sample(&mut instance, &context, &input);
            }
        }
        if !watch(run + 1) {
            break;
        }
    }
    Ok(comparison.square)
}

fn names(program: &Program) -> impl Iterator<Item = Name> {
    let schema = program.schema();
    let names = match schema.shapes.get(schema.input) {
        Shape::Variant(_, constructors) => {
            constructors.iter().map(|(name, _)| name.clone()).collect()
        }
        _ => vec!["_".into()],
    };
    names.into_iter()
}

impl Noticed {
    fn of(name: Name) -> Noticed {
        Noticed {
            name,
            samples: 0,
            answers: 0,
            states: 0,
            example: None,
        }
    }
}

struct Comparison<'a> {
    sample: Sample<'a>,
    square: Square,
}

/// The two versions of a square.
pub(crate) struct Sample<'a> {
    old: &'a Arc<Program>,
    new: &'a Arc<Program>,
    migration: &'a Migration,
}

/// What a client is told, and the state afterwards in the new form.
pub(crate) struct Way {
    pub(crate) told: Told,
    pub(crate) state: Option<Value>,
}

pub(crate) enum Told {
    Answer(Value),
    Stops(String),
    Retired,
}

impl Told {
    /// In the words of the old version.
    pub(crate) fn shown(&self, schema: &Schema) -> String {
        match self {
            Told::Answer(output) => print(&schema.shapes, schema.output, output),
            Told::Stops(reason) => format!("stops: {reason}"),
            Told::Retired => "retired".to_owned(),
        }
    }

    pub(crate) fn is_like(&self, other: &Told) -> bool {
        match (self, other) {
            (Told::Answer(one), Told::Answer(other)) => one == other,
            (Told::Stops(_), Told::Stops(_)) => true,
            _ => false,
        }
    }
}

impl Comparison<'_> {
    /// Tries an input in the state of the old machine, which makes the step.
    fn sample(&mut self, instance: &mut Instance, context: &Context, input: &Value) {
        let state = instance.state();
        let new = self.sample.new_way(&state, context, input);
        let old = self.sample.old_way(instance, context, input);
        let Some(new) = new else {
            self.square.stuck += 1;
            return;
        };
        let place = match input {
            Value::Sum(tag, _) if self.square.inputs.len() > 1 => usize::from(*tag),
            _ => 0,
        };
        let differs = !old.told.is_like(&new.told);
        let moved = !differs && old.state != new.state;
        let example = (differs || moved).then(|| self.example(&state, input, &old, &new, moved));
        let noticed = &mut self.square.inputs[place];
        noticed.samples += 1;
        noticed.answers += u64::from(differs);
        noticed.states += u64::from(moved);
        if let Some(example) = example
            && noticed
                .example
                .as_ref()
                .is_none_or(|known| example.is_better(known))
        {
            noticed.example = Some(example);
        }
    }

    fn example(
        &self,
        state: &Value,
        input: &Value,
        old: &Way,
        new: &Way,
        is_of_states: bool,
    ) -> Difference {
        let schema = self.sample.old.schema();
        let told = |told: &Told| told.shown(schema);
        let own = self.sample.new.schema();
        let reached = |state: &Option<Value>| match state {
            Some(state) => print(&own.shapes, own.state, state),
            None => "no new state".to_owned(),
        };
        let (old, new) = if is_of_states {
            (reached(&old.state), reached(&new.state))
        } else {
            (told(&old.told), told(&new.told))
        };
        Difference {
            input: print(&schema.shapes, schema.input, input),
            state: print(&schema.shapes, schema.state, state),
            old,
            new,
            is_of_states,
        }
    }
}

impl<'a> Sample<'a> {
    /// The source and an older version of it.
    pub(crate) fn of(compiled: &'a Compiled, from: u32) -> Result<Sample<'a>, Incomparable> {
        let old = compiled.history().program(from);
        let upgrade = compiled.upgrade_from(from);
        let sample = Sample {
            old: old.ok_or(Incomparable::NoProgram)?,
            new: compiled.program(),
            migration: &upgrade.ok_or(Incomparable::NoMigration)?.migration,
        };
        match sample.migration.adapters() {
            Some(_) => Ok(sample),
            None => Err(Incomparable::NoAdapter),
        }
    }

    /// Both ways from one old state. Nothing is the new one if the state has no new form.
    #[cfg(feature = "proptest")]
    pub(crate) fn ways(
        &self,
        state: &Value,
        context: &Context,
        input: &Value,
    ) -> Option<(Way, Option<Way>)> {
        let mut instance = Instance::resume(Arc::clone(self.old), state.clone()).ok()?;
        let new = self.new_way(state, context, input);
        Some((self.old_way(&mut instance, context, input), new))
    }

    /// The old step, then the migration.
    fn old_way(&self, instance: &mut Instance, context: &Context, input: &Value) -> Way {
        let told = match instance.step(context, input.clone()) {
            Ok(answer) => Told::Answer(answer.output),
            Err(trap) => Told::Stops(described(trap)),
        };
        Way {
            told,
            state: self.migration.migrate_state(context, instance.state()).ok(),
        }
    }

    /// The migration, then the new step between the adapters. Nothing if the state has no new form.
    fn new_way(&self, state: &Value, context: &Context, input: &Value) -> Option<Way> {
        let state = self.migration.migrate_state(context, state.clone()).ok()?;
        let mut instance = Instance::resume(Arc::clone(self.new), state).ok()?;
        let told = self.told(&mut instance, context, input);
        Some(Way {
            told,
            state: Some(instance.state()),
        })
    }

    fn told(&self, instance: &mut Instance, context: &Context, input: &Value) -> Told {
        let input = match self.migration.adapt_input(context, input.clone()) {
            Some(Ok(input)) => input,
            Some(Err(trap)) if trap.reason == TrapReason::Abort(Fault::Retired.code()) => {
                return Told::Retired;
            }
            Some(Err(trap)) => return Told::Stops(described(trap)),
            None => return Told::Retired,
        };
        let pending = match instance.attempt(context, input) {
            Ok(pending) => pending,
            Err(trap) => return Told::Stops(described(trap)),
        };
        match self.migration.adapt_output(context, pending.output()) {
            Some(Ok(output)) => {
                pending.commit();
                Told::Answer(output)
            }
            Some(Err(trap)) => Told::Stops(described(trap)),
            None => Told::Retired,
        }
    }
}

impl Difference {
    /// An answer is noticed sooner than a state, and what is short is understood sooner.
    fn is_better(&self, other: &Difference) -> bool {
        let rank = |one: &Difference| {
            let length = one.input.len() + one.state.len() + one.old.len() + one.new.len();
            (one.is_of_states, length)
        };
        rank(self) < rank(other)
    }
}
