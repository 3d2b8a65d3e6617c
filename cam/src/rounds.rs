//! Rounds: what a fold, a map, a filter or a loop has made so far, and what is still to come.
//!
//! A round is a call of the body. Between two rounds nothing of them is on the stack of values, so a body
//! cannot reach what is not in its argument.

use std::ops::Range;
use std::sync::Arc;

use crate::combinator::FunctionId;
use crate::entry::Entry;
use crate::fuel::Fuel;
use crate::instruction::Instruction;
use crate::library;
use crate::trap::TrapReason;
use crate::typing::weighing;
use crate::value::{List, Map, Value};
use crate::verify::Verified;

/// The rounds of one instruction, from its start to its result.
pub(crate) struct Rounds {
    body: FunctionId,
    environment: Value,
    rest: Rest,
    /// The entry of the round that was begun last.
    entry: Option<Entry>,
}

enum Rest {
    Fold {
        accumulator: Value,
        entries: Entries,
    },
    MapList {
        items: <List as IntoIterator>::IntoIter,
        made: List,
    },
    MapMap {
        entries: <Map as IntoIterator>::IntoIter,
        key: Value,
        made: Map,
    },
    Filter {
        entries: <Map as IntoIterator>::IntoIter,
        entry: (Value, Value),
        kept: Map,
    },
    /// What the last round gave: constructor 0 to go on, 1 to stop.
    Loop { last: Value, numbers: Range<i64> },
}

enum Entries {
    List(<List as IntoIterator>::IntoIter),
    Map(<Map as IntoIterator>::IntoIter),
}

impl Entries {
    fn next(&mut self) -> Option<(Option<Value>, Value)> {
        match self {
            Entries::List(items) => items.next().map(|item| (None, item)),
            Entries::Map(entries) => entries.next().map(|(key, value)| (Some(key), value)),
        }
    }
}

/// The entry after this one.
fn entry_after(before: Option<&Entry>, key: Option<&Value>) -> Entry {
    match (key, before) {
        (Some(key), _) => Entry::Key(key.clone()),
        (None, Some(Entry::Item(index))) => Entry::Item(index + 1),
        (None, _) => Entry::Item(0),
    }
}

impl Rounds {
    /// A fold over the list or map `container`.
    pub(crate) fn fold(
        body: FunctionId,
        environment: Value,
        accumulator: Value,
        container: Value,
    ) -> Rounds {
        let entries = match container {
            Value::List(list) => Entries::List(list.into_iter()),
            Value::Map(map) => Entries::Map(map.into_iter()),
            _ => unreachable!("verified: a fold is over a list or a map"),
        };
        let rest = Rest::Fold {
            accumulator,
            entries,
        };
        Rounds {
            body,
            environment,
            rest,
            entry: None,
        }
    }

    /// What makes a new list or map from `container`, entry by entry.
    pub(crate) fn each(instruction: Instruction, environment: Value, container: Value) -> Rounds {
        let (body, rest) = match (instruction, container) {
            (Instruction::ListMap(body, _), Value::List(list)) => {
                let (items, made) = (list.into_iter(), List::default());
                (body, Rest::MapList { items, made })
            }
            (Instruction::MapMap(body, _), Value::Map(map)) => {
                let (entries, key, made) = (map.into_iter(), Value::unit(), Map::default());
                (body, Rest::MapMap { entries, key, made })
            }
            (Instruction::MapFilter(body), Value::Map(map)) => {
                let (entries, kept) = (map.into_iter(), Map::default());
                let entry = (Value::unit(), Value::unit());
                let rest = Rest::Filter {
                    entries,
                    entry,
                    kept,
                };
                (body, rest)
            }
            _ => unreachable!("verified: the container is of the instruction's form"),
        };
        Rounds {
            body,
            environment,
            rest,
            entry: None,
        }
    }

    /// A loop of at most `count` rounds; none if that is not positive.
    pub(crate) fn repeat(body: FunctionId, environment: Value, first: Value, count: i64) -> Rounds {
        let (last, numbers) = (Value::sum(0, first), 0..count);
        let rest = Rest::Loop { last, numbers };
        Rounds {
            body,
            environment,
            rest,
            entry: None,
        }
    }

    pub(crate) fn body(&self) -> FunctionId {
        self.body
    }

    /// Whether a round is paid for when it starts. The others are paid for together, before the first.
    pub(crate) fn paid_one_by_one(&self) -> bool {
        matches!(self.rest, Rest::Loop { .. })
    }

    /// The entry of the round that was begun last, if the rounds are over a container.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// The argument of the next round, if there is one.
    pub(crate) fn argument(&mut self) -> Option<Value> {
        let mut parts = vec![self.environment.clone()];
        let before = self.entry.as_ref();
        match &mut self.rest {
            Rest::Fold {
                accumulator,
                entries,
            } => {
                let (key, value) = entries.next()?;
                self.entry = Some(entry_after(before, key.as_ref()));
                parts.push(std::mem::replace(accumulator, Value::Int(0)));
                parts.extend(key);
                parts.push(value);
            }
            Rest::MapList { items, .. } => {
                parts.push(items.next()?);
                self.entry = Some(entry_after(before, None));
            }
            Rest::MapMap { entries, key, .. } => {
                let (next, value) = entries.next()?;
                self.entry = Some(entry_after(before, Some(&next)));
                key.clone_from(&next);
                parts.extend([next, value]);
            }
            Rest::Filter { entries, entry, .. } => {
                *entry = entries.next()?;
                self.entry = Some(entry_after(before, Some(&entry.0)));
                parts.extend([entry.0.clone(), entry.1.clone()]);
            }
            Rest::Loop { last, numbers } => {
                let Value::Sum(0, payload) = last else {
                    return None;
                };
                let number = numbers.next()?;
                let payload = std::mem::replace(payload, Arc::new(Value::Int(0)));
                parts.extend([Arc::unwrap_or_clone(payload), Value::Int(number)]);
            }
        }
        Some(Value::product(parts))
    }

    /// Takes what a round gave. A key that is stored is compared with those on the way to its place, and
    /// pays for that: the rounds have paid for no more than the table's cost of `mput`.
    pub(crate) fn accept(&mut self, given: Value, fuel: &mut Fuel) -> Result<(), TrapReason> {
        match &mut self.rest {
            Rest::Fold { accumulator, .. } => *accumulator = given,
            Rest::MapList { made, .. } => made.push(given),
            Rest::MapMap { key, made, .. } => {
                library::charge_search(fuel, made, key)?;
                made.insert(std::mem::replace(key, Value::Int(0)), given);
            }
            Rest::Filter { entry, kept, .. } => {
                if given == Value::bool(true) {
                    library::charge_search(fuel, kept, &entry.0)?;
                    kept.insert(entry.0.clone(), entry.1.clone());
                }
            }
            Rest::Loop { last, .. } => *last = given,
        }
        Ok(())
    }

    /// What all rounds have made.
    pub(crate) fn result(self) -> Value {
        match self.rest {
            Rest::Fold { accumulator, .. } => accumulator,
            Rest::MapList { made, .. } => Value::List(made),
            Rest::MapMap { made, .. } => Value::Map(made),
            Rest::Filter { kept, .. } => Value::Map(kept),
            Rest::Loop { last, .. } => last,
        }
    }
}

/// Fuel of one round: its body, and for what puts an entry into a new list or map what `lpush` or `mput`
/// costs for it. A body may cost nothing, and its round would be free.
pub(crate) fn cost_of_round(code: &Verified, instruction: Instruction) -> u64 {
    let body = instruction.callee().expect("what has rounds has a body");
    let types = code.types();
    let (domain, codomain) = code.function_type(body);
    let storing = match instruction {
        Instruction::ListMap(..) => Instruction::ListPush().row().cost + weighing(types, codomain),
        Instruction::MapMap(..) | Instruction::MapFilter(_) => {
            let parts = types.get(domain).operands();
            let value = match instruction {
                Instruction::MapMap(..) => codomain,
                _ => parts[2],
            };
            Instruction::MapPut().row().cost + weighing(types, parts[1]) + weighing(types, value)
        }
        _ => 0,
    };
    code.certificate(body).cost.saturating_add(storing)
}
