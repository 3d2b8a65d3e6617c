//! A memo of a migration: what its rounds over maps have made, so that they need not be made again.
//!
//! A large state is migrated twice: aside, on the state as it is, and again at the moment of the upgrade, on
//! what it has become. Each `mmap` and `mfilt` that the migration itself runs, and no round of another one, leaves its
//! source and what it made of it. The next run finds them by function and environment, compares the sources, which
//! share what has not changed, and makes only the entries that are different. That is exact, with no
//! analysis and no annotation, because each entry depends on nothing but the environment, the key and the value.
//!
//! The fuel of such a run is a bound on that of a full run, and no less: entries that are gone stay paid for, and so do
//! the longest searches that a new key can cause. So a run that ends within its fuel ends so in full. One that
//! does not, or traps, is run in full, and that is its verdict: no node that has another memo, or none, comes to
//! another one. (To charge exactly would need the place of each key in its map, which persistent maps do not
//! know, for a difference that only a migration at the end of its fuel would notice.)
//!
//! A fold is not made again entry by entry: what a round leaves to the next may depend on all before it.

use crate::combinator::FunctionId;
use crate::digest::Digest;
use crate::fuel::Fuel;
use crate::instruction::Instruction;
use crate::library::{self, WEIGHT_PER_FUEL, levels};
use crate::machine;
use crate::trap::TrapReason;
use crate::value::map::Change;
use crate::value::{Map, Value};
use crate::verify::Verified;

/// What a migration has made, for the next run of the same one.
#[derive(Default, Debug)]
pub struct Memo {
    /// The function of the module that was run.
    of: Option<(Digest, FunctionId)>,
    noted: Vec<Noted>,
    rounds: u64,
}

/// The rounds over one map.
#[derive(Debug)]
struct Noted {
    instruction: Instruction,
    environment: Value,
    source: Map,
    made: Map,
    /// Fuel of all rounds beyond what is charged for their number.
    fuel: u64,
    /// Fuel of one comparison with the heaviest key that was ever stored.
    heaviest: u64,
}

/// A memo in use: what the run before has left, and what this one leaves.
#[derive(Debug)]
pub(crate) struct Notes {
    before: Vec<Option<Noted>>,
    now: Vec<Noted>,
    rounds: u64,
}

impl Memo {
    /// How many rounds the last run has taken: as many as there are entries, or as there were changes.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Runs a function with so much fuel. Nothing if it does not end well so: a full run says what comes of it, and
    /// the memo is empty.
    pub(crate) fn run(
        &mut self,
        code: &Verified,
        function: FunctionId,
        argument: Value,
        fuel: &mut Fuel,
    ) -> Option<Value> {
        let own = Some((code.digest(), function));
        let known = std::mem::take(self);
        let mut notes = Notes {
            before: match known.of == own {
                true => known.noted.into_iter().map(Some).collect(),
                false => Vec::new(),
            },
            now: Vec::new(),
            rounds: 0,
        };
        let result = machine::run_noting(code, function, argument, fuel, &mut notes).ok()?;
        *self = Memo {
            of: own,
            noted: notes.now,
            rounds: notes.rounds,
        };
        Some(result)
    }
}

impl Notes {
    /// What the rounds of an instruction make of `source`. Their number has been paid for.
    pub(crate) fn rounds(
        &mut self,
        code: &Verified,
        instruction: Instruction,
        environment: Value,
        source: &Map,
        fuel: &mut Fuel,
    ) -> Result<Map, TrapReason> {
        let mut noted = match self.known(instruction, &environment) {
            Some(noted) => noted,
            None => Noted::new(instruction, environment),
        };
        fuel.charge(noted.fuel)?;
        let (before, rounds) = (fuel.remaining(), &mut self.rounds);
        if !noted.catch_up(code, source, fuel, rounds)? {
            noted = Noted::new(instruction, noted.environment);
            noted.catch_up(code, source, fuel, rounds)?;
        }
        noted.fuel = noted
            .fuel
            .saturating_add(before.saturating_sub(fuel.remaining()));
        noted.source = source.clone();
        let made = noted.made.clone();
        self.now.push(noted);
        Ok(made)
    }

    /// What the run before has noted of the same rounds: mostly they come in the same order.
    fn known(&mut self, instruction: Instruction, environment: &Value) -> Option<Noted> {
        let is_same = |noted: &Option<Noted>| {
            let noted = noted.as_ref();
            noted.is_some_and(|noted| {
                noted.instruction == instruction && noted.environment == *environment
            })
        };
        let expected = self.now.len();
        let place = match self.before.get(expected).is_some_and(is_same) {
            true => expected,
            false => self.before.iter().position(is_same)?,
        };
        self.before[place].take()
    }
}

impl Noted {
    fn new(instruction: Instruction, environment: Value) -> Noted {
        Noted {
            instruction,
            environment,
            source: Map::default(),
            made: Map::default(),
            fuel: 0,
            heaviest: 0,
        }
    }

    /// Makes what is different in `source`. False if that cannot be told; then nothing was made.
    fn catch_up(
        &mut self,
        code: &Verified,
        source: &Map,
        fuel: &mut Fuel,
        rounds: &mut u64,
    ) -> Result<bool, TrapReason> {
        let body = self
            .instruction
            .callee()
            .expect("what has rounds has a body");
        let is_first = self.source.is_empty();
        let known = self.source.clone();
        known.changes(source, |change| {
            let Change { key, new, .. } = change;
            let Some(value) = new else {
                self.made.remove(&key);
                return Ok(());
            };
            *rounds += 1;
            let parts = vec![self.environment.clone(), key.clone(), value.clone()];
            let given = machine::round(code, body, Value::product(parts), fuel)?;
            match self.instruction {
                Instruction::MapFilter(_) if given != Value::bool(true) => {
                    self.made.remove(&key);
                    Ok(())
                }
                Instruction::MapFilter(_) => self.store(key, value, is_first, fuel),
                _ => self.store(key, given, is_first, fuel),
            }
        })
    }

    /// Stores an entry and pays for the search. In the first run entries come in the order of a full one. Later a new
    /// key also moves those behind it, of which at most one on each level is searched a level longer then.
    fn store(
        &mut self,
        key: Value,
        value: Value,
        is_first: bool,
        fuel: &mut Fuel,
    ) -> Result<(), TrapReason> {
        let comparison = key.weight() / WEIGHT_PER_FUEL;
        self.heaviest = self.heaviest.max(comparison);
        if is_first {
            library::charge_search(fuel, &self.made, &key)?;
        }
        let length = self.made.len();
        let old = self.made.insert(key, value);
        if !is_first && old.is_none() {
            let search = comparison.saturating_add(self.heaviest);
            fuel.charge(search.saturating_mul(levels(length)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
