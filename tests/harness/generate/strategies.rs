//! The generators as proptest draws and shrinks them.
//!
//! Everything is a function of a sequence of numbers (see [`Choices`]), so a strategy is a sequence of
//! numbers and a smaller sequence is a smaller thing: what proptest shrinks stays well-typed.

use cam::types::{TypeId, TypeTable};
use cam::value::Value;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::Strategy;

use super::{Choices, Machine, Sample, any_type, any_value, machine};

fn choices(length: usize) -> impl Strategy<Value = Choices> {
    vec(any::<u32>(), 0..length).prop_map(Choices::new)
}

/// A table with a type in it.
pub fn types() -> impl Strategy<Value = (TypeTable, TypeId)> {
    choices(40).prop_map(|mut choices| {
        let mut types = TypeTable::new();
        let id = any_type(&mut types, &mut choices, 3);
        (types, id)
    })
}

/// A type, and a value of it: an input, a state or an output.
pub fn values() -> impl Strategy<Value = (TypeTable, TypeId, Value)> {
    (types(), choices(100)).prop_map(|((types, id), mut choices)| {
        let value = any_value(&types, id, &mut choices);
        (types, id, value)
    })
}

/// A well-typed combinator with the functions it calls.
pub fn combinators() -> impl Strategy<Value = Sample> {
    choices(200).prop_map(|mut choices| Sample::pure(&mut choices))
}

/// A well-typed combinator that reads and writes a state, and its threaded form.
pub fn stateful_combinators() -> impl Strategy<Value = Sample> {
    choices(200).prop_map(|mut choices| Sample::stateful(&mut choices))
}

/// A whole machine, and the choices its states and inputs are drawn with.
pub fn machines() -> impl Strategy<Value = (Machine, Choices)> {
    (choices(200), choices(100)).prop_map(|(mut program, inputs)| (machine(&mut program), inputs))
}
