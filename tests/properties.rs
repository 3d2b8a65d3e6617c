//! Machines and their upgrades under properties in Rust, as a team writes them with `dsl::property`.
//!
//! The first half is an example to copy; the second half shows that each assertion can fail, and what it says then.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use dsl::property::Subject;
use harness::tree;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRng, TestRunner};

fn example(name: &str, released: &[&str]) -> Subject {
    let source = tree::read(&format!("examples/{name}/src/{name}.cam"));
    let files = released.iter().map(|file| tree::root().join(file));
    let history: Vec<Vec<u8>> = files.map(|file| fs::read(file).unwrap()).collect();
    let history: Vec<&[u8]> = history.iter().map(Vec::as_slice).collect();
    Subject::new(&source, &history).unwrap()
}

#[test]
fn the_upgrade_of_the_counter_keeps_what_it_should() {
    let counter = example("counter", &["examples/counter/history/counter@1.camb"]);
    proptest!(|(session in counter.sessions(1, 0..20), moment in 0_usize..20)| {
        counter.holds_through(1, &session, moment)?;
    });
    proptest!(|(state in counter.states(1), sent in counter.inputs(1))| {
        counter.round_trip(1, &state)?;
        counter.unnoticed(1, &state, &sent)?;
    });
    // The old version reaches no negative count, and one is no state of the new version.
    proptest!(|(state in counter.states_by_type(1))| {
        let is_negative = state.to_string().contains('-');
        prop_assert_eq!(counter.round_trip(1, &state).is_err(), is_negative);
    });
}

#[test]
fn money_in_the_ledger_is_neither_made_nor_lost() {
    let ledger = example("ledger", &[]);
    let audit = ledger.input(1, "Audit").unwrap();
    let total = |answer: String| {
        let (_, rest) = answer.split_once("total: ").unwrap();
        rest.trim_end_matches([' ', '}', ')'])
            .parse::<i64>()
            .unwrap()
    };
    proptest!(|(session in ledger.sessions(1, 0..30), sent in ledger.inputs(1))| {
        ledger.holds(&session)?;
        let state = ledger.reached(1, &session);
        ledger.invariants(&state)?;
        let (_, before) = ledger.step(1, &state, &audit).unwrap();
        if sent.input.to_string().starts_with("Transfer")
            && let Ok((after, _)) = ledger.step(1, &state, &sent)
        {
            let (_, after) = ledger.step(1, &after, &audit).unwrap();
            prop_assert_eq!(total(before.to_string()), total(after.to_string()));
        }
    });
}

const OLD: &str = "machine Meter version 1 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { count: Int }
  init   { count: 0 }
  on Add(n) => { set count = count + n Ok }
  on Read => Sum(count)
}";

/// A second version, with what it says about the first.
fn meter(more: &str) -> Subject {
    let old = Subject::new(OLD, &[]).unwrap();
    let source = OLD.replace("version 1", "version 2");
    let source = format!("{} {more} }}", source.trim_end_matches('}'));
    Subject::new(&source, &[&old.compiled().program().bytes()]).unwrap()
}

/// The smallest case that fails, and what it says. The cases are the same in each run, since what they shrink to is
/// expected by its text.
fn smallest<S: Strategy>(
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) -> (S::Value, String) {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let cases = TestRng::deterministic_rng(config.rng_algorithm);
    match TestRunner::new_with_rng(config, cases).run(strategy, test) {
        Err(TestError::Fail(reason, value)) => (value, reason.to_string()),
        other => unreachable!("it should fail: {other:?}"),
    }
}

#[test]
fn an_invariant_that_a_session_breaks_is_shown_in_the_fewest_inputs() {
    let meter = meter("invariant small: count < 50");
    let sessions = meter.sessions(2, 0..20);
    let (session, reason) = smallest(&sessions, |session| meter.holds(&session));
    assert!(
        reason.contains("the invariant `small` is broken"),
        "{reason}"
    );
    assert!((1..=3).contains(&session.0.len()), "{session:?}");
    assert!(format!("{session:?}").contains("> Add("), "{session:?}");
    let state = meter.reached(2, &session);
    assert!(meter.invariants(&state).is_err());
}

#[test]
fn an_upgrade_that_loses_something_says_what() {
    let lossy = meter(
        "migrate from 1 { count } => { count: max(count, 0) }
         migrate back to 1 { count } => { count: count }
         accept from 1",
    );
    let (state, reason) = smallest(&lossy.states(1), |state| lossy.round_trip(1, &state));
    assert_eq!(state.to_string(), "{ count: -1 }");
    assert!(
        reason.contains("the way back leads to another state"),
        "{reason}"
    );
    let cases = (lossy.states(1), lossy.inputs(1));
    let ((state, sent), reason) = smallest(&cases, |(state, sent)| lossy.square(1, &state, &sent));
    let shown = format!("{state} {sent:?}");
    assert!(shown.contains('-'), "{shown} {reason}");
    let told = (lossy.states(1), lossy.inputs(1));
    let ((state, sent), reason) =
        smallest(&told, |(state, sent)| lossy.unnoticed(1, &state, &sent));
    assert!(
        state.to_string().starts_with("{ count: -"),
        "{state} {sent:?}"
    );
    assert!(reason.contains("the old version answers"), "{reason}");
    let stuck = meter("migrate from 1 { count } => { count: 1 / (count - 3) }");
    let sessions = stuck.sessions(1, 0..20);
    let (_, reason) = smallest(&sessions, |session| stuck.holds_through(1, &session, 99));
    assert!(reason.contains("the migration stops"), "{reason}");
}

#[test]
fn what_is_no_machine_is_told_in_words() {
    let Err(problems) = Subject::new("machine M version 1 {", &[]) else {
        unreachable!("it does not parse")
    };
    assert!(problems.contains("error[P"), "{problems}");
    assert!(Subject::new(OLD, &[&[1, 2, 3]]).is_err());
    let meter = Subject::new(OLD, &[]).unwrap();
    assert!(meter.input(1, "Reset").is_err());
    assert_eq!(
        meter.input(1, "Add(3)").unwrap().input.to_string(),
        "Add(3)"
    );
}
