//! The judge: what a combinator means, as a function on values.
//!
//! One clause for each combinator, in the words of the specification's second chapter. It is recursive,
//! slow and shares nothing with the compiler, the interpreter or the state-passing pass: integers are
//! computed in 128 bits, maps are ordinary sorted maps, the order of values is spelled out.

mod decoded;
mod list;
mod number;
mod text;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use cam::combinator::{Arrow, Combinator, Draft, FunctionId, Operation};
use cam::trap::TrapReason;
use cam::types::{Type, TypeId, TypeTable};
use cam::value::{List, Map, Value};

/// What `arrow` makes of `input`; `state` is what `get` reads and `put` replaces.
///
/// # Errors
/// The first reason to stop, in the order of evaluation. The state is then of no meaning.
pub fn evaluate(
    draft: &Draft,
    arrow: Arrow,
    input: &Value,
    state: &mut Value,
) -> Result<Value, TrapReason> {
    match &draft.node(arrow).combinator {
        Combinator::Identity => Ok(input.clone()),
        Combinator::Compose(f, g) => {
            let between = evaluate(draft, *f, input, state)?;
            evaluate(draft, *g, &between, state)
        }
        Combinator::Tuple(arrows) => {
            let mut parts = Vec::new();
            for arrow in arrows {
                parts.push(evaluate(draft, *arrow, input, state)?);
            }
            Ok(Value::product(parts))
        }
        Combinator::Project(index) => Ok(parts(input)[*index].clone()),
        Combinator::Replace(index) => {
            let [product, part] = operands(input);
            let mut replaced = parts(&product).to_vec();
            replaced[*index] = part;
            Ok(Value::product(replaced))
        }
        Combinator::Inject(index) => Ok(Value::sum(tag(*index), input.clone())),
        Combinator::Case(arms) => {
            let [environment, sum] = operands(input);
            let (constructor, payload) = constructed(&sum);
            let start = Value::product(vec![environment, payload]);
            evaluate(draft, arms[constructor], &start, state)
        }
        Combinator::Constant(value) => Ok(value.clone()),
        Combinator::Call(function) => call(draft, *function, input),
        Combinator::Apply(Operation::Decode(id)) => Ok(decoded::meant(&draft.types, *id, input)),
        Combinator::Apply(operation) => apply(*operation, input),
        Combinator::Curry(body) => Ok(Value::closure(*body, input.clone())),
        Combinator::Evaluate => {
            let [function, argument] = operands(input);
            let Value::Closure(closure) = function else {
                unreachable!("well-typed: a closure")
            };
            let both = Value::product(vec![closure.environment.clone(), argument]);
            call(draft, closure.function, &both)
        }
        Combinator::Abort => Err(TrapReason::Abort(integer(input))),
        Combinator::Get => Ok(state.clone()),
        Combinator::Put => {
            *state = input.clone();
            Ok(Value::unit())
        }
        rounds => repeated(draft, rounds, input),
    }
}

/// What takes rounds of a body.
fn repeated(draft: &Draft, rounds: &Combinator, input: &Value) -> Result<Value, TrapReason> {
    match rounds {
        Combinator::FoldList(body) => {
            let [environment, mut accumulator, list] = operands(input);
            for item in list_of(&list) {
                let round = Value::product(vec![environment.clone(), accumulator, item]);
                accumulator = call(draft, *body, &round)?;
            }
            Ok(accumulator)
        }
        Combinator::FoldMap(body) => {
            let [environment, mut accumulator, map] = operands(input);
            for (key, value) in map_of(&map) {
                let round = Value::product(vec![environment.clone(), accumulator, key, value]);
                accumulator = call(draft, *body, &round)?;
            }
            Ok(accumulator)
        }
        Combinator::MapList(body) => {
            let [environment, list] = operands(input);
            let mut made = Vec::new();
            for item in list_of(&list) {
                let round = Value::product(vec![environment.clone(), item]);
                made.push(call(draft, *body, &round)?);
            }
            Ok(Value::List(made.into_iter().collect()))
        }
        Combinator::MapMap(body) => {
            let [environment, map] = operands(input);
            let mut made = BTreeMap::new();
            for (key, value) in map_of(&map) {
                let round = Value::product(vec![environment.clone(), key.clone(), value]);
                made.insert(key, call(draft, *body, &round)?);
            }
            Ok(Value::Map(made.into_iter().collect()))
        }
        Combinator::FilterMap(body) => {
            let [environment, map] = operands(input);
            let mut kept = BTreeMap::new();
            for (key, value) in map_of(&map) {
                let round = Value::product(vec![environment.clone(), key.clone(), value.clone()]);
                if constructed(&call(draft, *body, &round)?).0 == 1 {
                    kept.insert(key, value);
                }
            }
            Ok(Value::Map(kept.into_iter().collect()))
        }
        Combinator::Iterate(body) => {
            let [environment, first, count] = operands(input);
            let mut last = Value::sum(0, first);
            for number in 0..integer(&count) {
                let (stop, element) = constructed(&last);
                if stop == 1 {
                    break;
                }
                let round = vec![environment.clone(), element, Value::Int(number)];
                last = call(draft, *body, &Value::product(round))?;
            }
            Ok(last)
        }
        _ => unreachable!("all others are above"),
    }
}

/// Functions are pure: they have no state to read.
fn call(draft: &Draft, function: FunctionId, input: &Value) -> Result<Value, TrapReason> {
    let arrow = draft.functions()[function.index()].arrow;
    evaluate(draft, arrow, input, &mut Value::unit())
}

fn apply(operation: Operation, input: &Value) -> Result<Value, TrapReason> {
    Ok(match operation {
        Operation::Add => checked(input, |left, right| left + right)?,
        Operation::Subtract => checked(input, |left, right| left - right)?,
        Operation::Multiply => checked(input, |left, right| left * right)?,
        Operation::Divide => divided(input, |quotient, _| quotient)?,
        Operation::Remainder => divided(input, |_, remainder| remainder)?,
        Operation::Less => related(input, |order| order == Ordering::Less),
        Operation::LessOrEqual => related(input, |order| order != Ordering::Greater),
        Operation::Equal(_) => related(input, |order| order == Ordering::Equal),
        Operation::Compare(_) => {
            let [left, right] = operands(input);
            Value::constructor(match order(&left, &right) {
                Ordering::Less => 0,
                Ordering::Equal => 1,
                Ordering::Greater => 2,
            })
        }
        Operation::ListEmpty(_) => Value::List(List::default()),
        Operation::ListPush(_) => {
            let [list, item] = operands(input);
            let mut items = list_of(&list);
            items.push(item);
            Value::List(items.into_iter().collect())
        }
        Operation::ListLength(_) => size(list_of(input).len()),
        Operation::MapEmpty(_) => Value::Map(Map::default()),
        Operation::MapLength(_) => size(map_of(input).len()),
        Operation::MapGet(_) => {
            let [map, key] = operands(input);
            Value::option(map_of(&map).get(&key).cloned())
        }
        Operation::MapNext(_) => {
            let [map, after] = operands(input);
            let (some, key) = constructed(&after);
            let above = |entry: &(Value, Value)| some == 0 || order(&entry.0, &key).is_gt();
            let next = map_of(&map).into_iter().find(above);
            Value::option(next.map(|(key, value)| Value::product(vec![key, value])))
        }
        Operation::MapPut(_) => {
            let [map, key, value] = operands(input);
            let mut entries = map_of(&map);
            entries.insert(key, value);
            Value::Map(entries.into_iter().collect())
        }
        Operation::MapDelete(_) => {
            let [map, key] = operands(input);
            let mut entries = map_of(&map);
            entries.remove(&key);
            Value::Map(entries.into_iter().collect())
        }
        _ => {
            let text = text::meant(operation, input).or_else(|| list::meant(operation, input));
            let all = text.map(Ok).or_else(|| number::meant(operation, input));
            all.expect("each operation has a room")?
        }
    })
}

/// Integers are those of mathematics, and the result has to fit in 64 bits.
fn checked(input: &Value, f: impl Fn(i128, i128) -> i128) -> Result<Value, TrapReason> {
    let [left, right] = operands(input).map(|value| i128::from(integer(&value)));
    let result = i64::try_from(f(left, right)).map_err(|_| TrapReason::Overflow)?;
    Ok(Value::Int(result))
}

/// `left = quotient * right + remainder` and `0 <= remainder < |right|`.
fn divided(input: &Value, pick: impl Fn(i128, i128) -> i128) -> Result<Value, TrapReason> {
    if integer(&parts(input)[1]) == 0 {
        return Err(TrapReason::DivisionByZero);
    }
    checked(input, |left, right| {
        let size = right.abs();
        let remainder = ((left % size) + size) % size;
        pick((left - remainder) / right, remainder)
    })
}

fn related(input: &Value, holds: impl Fn(Ordering) -> bool) -> Value {
    let [left, right] = operands(input);
    Value::bool(holds(order(&left, &right)))
}

/// The order of values of one type: integers by size, texts and byte strings byte by byte, everything
/// else by its first difference, where a prefix comes first and an earlier constructor comes first.
#[must_use]
pub fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Bytes(left), Value::Bytes(right)) => left.cmp(right),
        (Value::Product(left), Value::Product(right)) => first_difference(left, right),
        (Value::Sum(left_tag, left), Value::Sum(right_tag, right)) => {
            left_tag.cmp(right_tag).then_with(|| order(left, right))
        }
        (Value::List(_), Value::List(_)) => first_difference(&list_of(left), &list_of(right)),
        (Value::Map(left), Value::Map(right)) => {
            let flat = |map: &Map| -> Vec<Value> {
                map.clone()
                    .into_iter()
                    .map(|(key, value)| Value::product(vec![key, value]))
                    .collect()
            };
            first_difference(&flat(left), &flat(right))
        }
        _ => unreachable!("two values of one type have one form"),
    }
}

fn first_difference(left: &[Value], right: &[Value]) -> Ordering {
    for (left, right) in left.iter().zip(right) {
        let here = order(left, right);
        if here != Ordering::Equal {
            return here;
        }
    }
    left.len().cmp(&right.len())
}

/// Whether `value` is one of type `id`, by the definition of the first chapter.
#[must_use]
pub fn belongs(value: &Value, types: &TypeTable, id: TypeId) -> bool {
    match types.get(id) {
        Type::Int => matches!(value, Value::Int(_)),
        Type::Text => matches!(value, Value::Text(_)),
        Type::Bytes => matches!(value, Value::Bytes(_)),
        Type::Product(types_of_parts) => {
            let Value::Product(parts) = value else {
                return false;
            };
            let all = parts.iter().zip(types_of_parts);
            parts.len() == types_of_parts.len()
                && all.into_iter().all(|(part, id)| belongs(part, types, *id))
        }
        Type::Sum(payloads) => {
            let Value::Sum(tag, payload) = value else {
                return false;
            };
            let id = payloads.get(usize::from(*tag));
            id.is_some_and(|id| belongs(payload, types, *id))
        }
        Type::List(item) => {
            let Value::List(list) = value else {
                return false;
            };
            list.iter().all(|value| belongs(value, types, *item))
        }
        // Functions are never data, and only data is judged.
        Type::Function(..) => false,
        Type::Map(key_type, value_type) => {
            let Value::Map(map) = value else { return false };
            map.iter().all(|(key, value)| {
                belongs(&key, types, *key_type) && belongs(&value, types, *value_type)
            })
        }
    }
}

/// The weight of a piece of data, counted from its leaves. No container is asked for what it remembers.
#[must_use]
pub fn weight(value: &Value) -> u64 {
    match value {
        Value::Int(_) => 8,
        Value::Text(text) => 16 + text.len() as u64,
        Value::Bytes(bytes) => 16 + bytes.len() as u64,
        Value::Product(parts) => 8 + parts.iter().map(weight).sum::<u64>(),
        Value::Sum(_, payload) => 8 + weight(payload),
        Value::List(list) => 32 + list.iter().map(|item| 16 + weight(item)).sum::<u64>(),
        Value::Map(map) => {
            let entries = map.iter();
            32 + entries
                .map(|(key, value)| 16 + weight(&key) + weight(&value))
                .sum::<u64>()
        }
        Value::Closure(_) => unreachable!("closures are no data"),
    }
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Int(integer) => *integer,
        _ => unreachable!("well-typed: an integer"),
    }
}

fn parts(value: &Value) -> &[Value] {
    match value {
        Value::Product(parts) => parts,
        _ => unreachable!("well-typed: a product"),
    }
}

fn operands<const N: usize>(value: &Value) -> [Value; N] {
    let operands = parts(value).to_vec();
    <[Value; N]>::try_from(operands).expect("well-typed: as many operands as the arrow takes")
}

fn constructed(value: &Value) -> (usize, Value) {
    match value {
        Value::Sum(tag, payload) => (usize::from(*tag), Value::clone(payload)),
        _ => unreachable!("well-typed: a sum"),
    }
}

fn list_of(value: &Value) -> Vec<Value> {
    match value {
        Value::List(list) => list.iter().cloned().collect(),
        _ => unreachable!("well-typed: a list"),
    }
}

fn map_of(value: &Value) -> BTreeMap<Value, Value> {
    match value {
        Value::Map(map) => map.clone().into_iter().collect(),
        _ => unreachable!("well-typed: a map"),
    }
}

fn size(length: usize) -> Value {
    Value::Int(i64::try_from(length).expect("collections fit in memory"))
}

fn tag(index: usize) -> u8 {
    u8::try_from(index).expect("a sum has at most 255 constructors")
}
