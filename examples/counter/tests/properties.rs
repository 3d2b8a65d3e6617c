//! Properties of the counter's upgrade, as a team puts them into its own `cargo test`.
//!
//! Its `Cargo.toml` has `dsl` with the feature `proptest`, and `proptest`. A failing case shrinks, and is printed as the
//! language writes it.

use dsl::property::Subject;
use proptest::prelude::*;

const SOURCE: &str = include_str!("../src/counter.cam");
const VERSION_1: &[u8] = include_bytes!("../history/counter@1.camb");

#[test]
fn nobody_notices_that_the_counter_was_upgraded() {
    let counter = Subject::new(SOURCE, &[VERSION_1]).expect("it compiles");
    // All claims, in sessions of version 1 that are upgraded at some moment.
    proptest!(|(session in counter.sessions(1, 0..20), moment in 0_usize..20)| {
        counter.holds_through(1, &session, moment)?;
    });
    // The way back, and what an old client is told, in any state that version 1 reaches.
    proptest!(|(state in counter.states(1), sent in counter.inputs(1))| {
        counter.round_trip(1, &state)?;
        counter.unnoticed(1, &state, &sent)?;
    });
}

#[test]
fn a_counter_that_was_reset_shows_nothing() {
    let counter = Subject::new(SOURCE, &[VERSION_1]).expect("it compiles");
    let [reset, read] = ["Reset", "Read"].map(|input| counter.input(2, input).expect("an input"));
    proptest!(|(state in counter.states(2))| {
        let (state, _) = counter.step(2, &state, &reset).expect("it never stops");
        let (_, answer) = counter.step(2, &state, &read).expect("it never stops");
        prop_assert_eq!(answer.to_string(), "Sum(0)");
    });
}
