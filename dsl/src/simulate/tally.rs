//! What happened in a simulation, in numbers.

use std::collections::BTreeMap;

use cam::schema::{Name, Schema, Shape, ShapeId};
use cam::trap::Trap;
use cam::value::Value;

use super::script::schema;
use crate::compile::Compiled;
use crate::play::Answered;
use crate::source::Span;
use crate::trace::described;
use crate::typed::ClaimKind;

/// The numbers of a simulation.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Sessions.
    pub runs: u64,
    /// Inputs that were sent, in all sessions.
    pub steps: u64,
    /// Sessions that started in an older version.
    pub started_old: u64,
    /// Upgrades in the middle of a session that went through, by the version they came from.
    pub upgrades: BTreeMap<u32, u64>,
    /// Each claim, in the order of the source.
    pub claims: Vec<ClaimTally>,
    /// Inputs by constructor, for each version whose clients spoke.
    pub inputs: BTreeMap<u32, Constructors>,
    /// Answers by constructor, as those clients understood them.
    pub outputs: BTreeMap<u32, Constructors>,
    /// Inputs that an adapter refused.
    pub retired: u64,
    /// Steps that stopped, by what stopped them.
    pub faults: BTreeMap<Fault, u64>,
    /// The heaviest state, in bytes.
    pub heaviest_state: u64,
    /// The most fuel that one step took.
    pub most_fuel: u64,
}

/// What came of one claim.
#[derive(Clone, Debug)]
pub struct ClaimTally {
    /// What it is called.
    pub name: Name,
    /// When it is asked.
    pub kind: ClaimKind,
    /// The condition in the source.
    pub condition: Span,
    /// How often it was asked and held.
    pub held: u64,
    /// In how many runs it did.
    pub runs: u64,
}

/// Constructors of a type, and how often each was there. A type that is no variant counts as one of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constructors {
    /// In the order of the type.
    pub names: Vec<Name>,
    /// As many as there are names.
    pub counts: Vec<u64>,
}

/// Why steps stopped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fault {
    /// In words.
    pub reason: String,
    /// Where in the source, if that is known.
    pub place: Option<(u32, u32)>,
}

impl Tally {
    pub(super) fn of(compiled: &Compiled) -> Tally {
        let mut versions = vec![compiled.schema().version];
        versions.extend(compiled.all_upgrades().map(|upgrade| upgrade.from));
        let by_version = |shape: fn(&Schema) -> ShapeId| {
            let schemas = versions.iter().map(|version| schema(compiled, *version));
            let named =
                schemas.map(|schema| (schema.version, Constructors::of(schema, shape(schema))));
            named.collect()
        };
        let claims = compiled.machine().claims.list.iter();
        Tally {
            runs: 0,
            steps: 0,
            started_old: 0,
            upgrades: BTreeMap::new(),
            claims: claims
                .map(|claim| ClaimTally {
                    name: claim.name.clone(),
                    kind: claim.kind,
                    condition: claim.condition,
                    held: 0,
                    runs: 0,
                })
                .collect(),
            inputs: by_version(|schema| schema.input),
            outputs: by_version(|schema| schema.output),
            retired: 0,
            faults: BTreeMap::new(),
            heaviest_state: 0,
            most_fuel: 0,
        }
    }

    pub(super) fn add_run(&mut self, held: &[u64], started_old: bool) {
        self.runs += 1;
        self.started_old += u64::from(started_old);
        for (claim, held) in self.claims.iter_mut().zip(held) {
            claim.held += held;
            claim.runs += u64::from(*held > 0);
        }
    }

    pub(super) fn add_input(&mut self, client: u32, input: &Value) {
        self.steps += 1;
        if let Some(constructors) = self.inputs.get_mut(&client) {
            constructors.add(input);
        }
    }

    /// `compiled` is there if the version of the source runs, so that a place in it can be told.
    pub(super) fn add_answer(
        &mut self,
        client: u32,
        answered: &Answered,
        compiled: Option<&Compiled>,
    ) {
        match answered {
            Answered::Output(output) => {
                if let Some(constructors) = self.outputs.get_mut(&client) {
                    constructors.add(output);
                }
            }
            Answered::Retired => self.retired += 1,
            Answered::Unadapted(trap) => {
                *self.faults.entry(Fault::of(*trap, None)).or_default() += 1;
            }
            Answered::Fault(trap) => {
                *self.faults.entry(Fault::of(*trap, compiled)).or_default() += 1;
            }
        }
    }

    pub(super) fn weigh(&mut self, state: &Value, fuel: u64) {
        self.heaviest_state = self.heaviest_state.max(state.weight());
        self.most_fuel = self.most_fuel.max(fuel);
    }
}

impl Constructors {
    fn of(schema: &Schema, shape: ShapeId) -> Constructors {
        let names: Vec<Name> = match schema.shapes.get(shape) {
            Shape::Variant(_, constructors) => {
                constructors.iter().map(|(name, _)| name.clone()).collect()
            }
            _ => vec!["_".into()],
        };
        Constructors {
            counts: vec![0; names.len()],
            names,
        }
    }

    fn add(&mut self, value: &Value) {
        let place = match value {
            Value::Sum(tag, _) if self.counts.len() > 1 => usize::from(*tag),
            _ => 0,
        };
        if let Some(count) = self.counts.get_mut(place) {
            *count += 1;
        }
    }

    /// Name and count of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        let names = self.names.iter().map(|name| &**name);
        names.zip(self.counts.iter().copied())
    }
}

impl Fault {
    fn of(trap: Trap, compiled: Option<&Compiled>) -> Fault {
        let place = compiled.and_then(|compiled| compiled.stopped_at(&trap));
        Fault {
            reason: described(trap),
            place: place.map(|span| (span.start, span.end)),
        }
    }
}
