//! Upgrades through versions between: what is composed, and that it is what the steps are one after another.

use std::sync::Arc;

use cam::combinator::Role;
use cam::instance::Context;
use cam::trap::TrapReason;
use cam::value::Value;
use cam::verify::Migration;
use dsl::chain::{Step, released, shown};
use dsl::compile::{Compiled, compile};
use dsl::history::History;
use dsl::problem::Problems;
use dsl::simulate::{self, Plan};
use dsl::source::Source;
use dsl::trace;

const FIRST: &str = "machine Purse version 1 {
  input  Put(Int) | Count | Shake
  output Done | Sum(Int)
  state  { cents: Int }
  init   { cents: 0 }
  on Put(n) => { set cents = cents + n   Done }
  on Count => Sum(cents)
  on Shake => Done
}";

/// Thousandths, and nobody shakes it any more.
const SECOND: &str = "machine Purse version 2 {
  input  Put(Int) | Count | Take(Int)
  output Done | Sum(Int) | Short(Text)
  state  { mills: Int, puts: Int }
  init   { mills: 0, puts: 0 }
  on Put(n) => { set mills = mills + n   set puts = puts + 1   Done }
  on Count => Sum(mills)
  on Take(n) => { require n <= mills else Short(\"no\")   set mills = mills - n   Done }
  migrate from 1 { cents } => { mills: cents * 1_000, puts: 7 }
  migrate back to 1 { mills, puts: _ } => { cents: mills / 1_000 }
  accept from 1 { Put(n) => Put(n * 1_000), Shake => refuse }
  reply to 1 { Sum(n) => Sum(n / 1_000), Short(_) => Done }
}";

const THIRD: &str = "machine Purse version 3 {
  input  Put(Int) | Count | Give(Int)
  output Done | Sum(Int, Int) | Short
  state  { mills: Int, moves: Int, best: Option(Int) }
  init   { mills: 0, moves: 0, best: None }
  on Put(n) => { set mills = mills + n   set moves = moves + 1   set best = Some(max(n, best ?? n))   Done }
  on Count => Sum(mills, moves)
  on Give(n) => { require n <= mills else Short   set mills = mills - n   set moves = moves + 1   Done }
  MEMBERS
}";

const FROM_2: &str = "
  migrate from 2 { mills, puts } => { mills, moves: puts, best: if mills > 0 { Some(mills) } else { None } }
  migrate back to 2 { mills, moves, best: _ } => { mills, puts: moves }
  accept from 2 { Take(n) => Give(n) }
  reply to 2 { Sum(n, _) => Sum(n), Short => Short(\"short\") }";

fn compiled(text: &str, history: &History) -> Result<Compiled, Problems> {
    compile(&Source::new("purse.cam", text).expect("short"), history)
}

/// What comes after `history`, in which `text` is released with its migrations.
fn released_with(mut history: History, text: &str) -> History {
    let compiled = compiled(text, &history).expect("compiles");
    for upgrade in compiled.upgrades() {
        let to = compiled.schema().version;
        history.bridge(upgrade.from, to, Arc::clone(&upgrade.migration));
    }
    history.release(Arc::clone(compiled.program()));
    history
}

fn two() -> History {
    released_with(released_with(History::new(), FIRST), SECOND)
}

fn third(members: &str) -> String {
    THIRD.replace("MEMBERS", members)
}

/// The steps from 1 to 3, and the chain of them.
fn steps_and_chain() -> (Arc<Migration>, Arc<Migration>, Arc<Migration>) {
    let history = two();
    let newest = compiled(&third(FROM_2), &history).expect("compiles");
    let first = Arc::clone(history.migration(1, 2).expect("released"));
    let migration = |from| Arc::clone(&newest.upgrade_from(from).expect("a way").migration);
    (first, migration(2), migration(1))
}

fn moment() -> Context {
    Context {
        at_ms: 9,
        from: "ann".into(),
        sequence: 3,
    }
}

fn reason<T>(result: Result<T, cam::trap::Trap>) -> Result<T, TrapReason> {
    result.map_err(|trap| trap.reason)
}

#[test]
fn a_version_that_the_source_does_not_name_comes_here_through_those_between() {
    let newest = compiled(&third(FROM_2), &two()).expect("compiles");
    assert_eq!(newest.upgrades().len(), 1);
    let upgrade = newest.upgrade_from(1).expect("a way");
    assert!(upgrade.is_composed());
    assert_eq!(shown(&upgrade.versions()), "1 → 2 → 3");
    assert_eq!((upgrade.refusing(), upgrade.one_way()), (None, None));
    assert!(!newest.upgrade_from(2).expect("written").is_composed());
    assert!(newest.upgrade_from(4).is_none());
    let from: Vec<u32> = newest.all_upgrades().map(|upgrade| upgrade.from).collect();
    assert_eq!(from, [2, 1]);
}

#[test]
fn what_is_written_is_taken_before_what_is_composed() {
    let direct = "migrate from 1 { cents } => { mills: cents, moves: 0, best: None }";
    let newest = compiled(&third(&format!("{FROM_2}{direct}")), &two()).expect("compiles");
    assert!(!newest.upgrade_from(1).expect("written").is_composed());
    let alone = compiled(&third(direct), &two()).expect("compiles");
    assert!(alone.upgrade_from(2).is_none());
}

#[test]
fn states_come_to_the_same_as_step_by_step() {
    let (first, second, chain) = steps_and_chain();
    for cents in [0, 1, -1, 42, i64::MAX / 1_000, i64::MAX, i64::MIN] {
        let state = Value::product(vec![Value::Int(cents)]);
        let apart = first.migrate_state(&moment(), state.clone());
        let apart = apart.and_then(|state| second.migrate_state(&moment(), state));
        let together = chain.migrate_state(&moment(), state);
        assert_eq!(reason(together.clone()), reason(apart), "{cents}");
        let Ok(state) = together else { continue };
        let apart = second
            .restore_state(&moment(), state.clone())
            .expect("a way back");
        let apart =
            apart.and_then(|state| first.restore_state(&moment(), state).expect("a way back"));
        let together = chain.restore_state(&moment(), state).expect("a way back");
        assert_eq!(reason(together), reason(apart), "{cents}");
    }
}

#[test]
fn clients_are_told_the_same_as_step_by_step() {
    let (first, second, chain) = steps_and_chain();
    // In name order: `Count | Put | Shake`, and `Done | Short | Sum` in version 3.
    let inputs = [
        Value::constructor(0),
        Value::sum(1, Value::Int(5)),
        Value::sum(1, Value::Int(i64::MAX)),
        Value::constructor(2),
    ];
    let mut ends = Vec::new();
    for input in inputs {
        let apart = first
            .adapt_input(&moment(), input.clone())
            .expect("adapters");
        let apart = apart.and_then(|input| second.adapt_input(&moment(), input).expect("adapters"));
        let together = reason(chain.adapt_input(&moment(), input).expect("adapters"));
        assert_eq!(together, reason(apart));
        ends.push(together.err());
    }
    let retired = Some(TrapReason::Abort(1));
    assert_eq!(ends, [None, None, Some(TrapReason::Overflow), retired]);
    let sum = Value::product(vec![Value::Int(12_345), Value::Int(3)]);
    for output in [
        Value::constructor(0),
        Value::constructor(1),
        Value::sum(2, sum),
    ] {
        let apart = second
            .adapt_output(&moment(), output.clone())
            .expect("adapters");
        let apart =
            apart.and_then(|output| first.adapt_output(&moment(), output).expect("adapters"));
        let together = chain.adapt_output(&moment(), output).expect("adapters");
        assert_eq!(reason(together), reason(apart));
    }
}

/// Who moved it and when: the second step asks, the first and the third do not.
const WATCHES: [&str; 4] = [
    "machine Watch version 1 {
  input | Go  output | Ok  state { n: Int }  init { n: 0 }
  on Go => Ok
}",
    "machine Watch version 2 {
  input | Go  output Ok | Was(Int)  state { n: Int, log: Text }  init { n: 0, log: \"\" }
  on Go => Was(n)
  migrate from 1 { n } => { n: n + 1, log: \"1\" }
  migrate back to 1 { n, log: _ } => { n: n - 1 }
  accept from 1
  reply to 1 { Was(_) => Ok }
}",
    "machine Watch version 3 with at, from, seq {
  input Go(Int, Text) | Stay  output Ok | Was(Int)  state { n: Int, log: Text }  init { n: 0, log: \"\" }
  on Go(_, _) => Was(n)
  on Stay => Ok
  migrate from 2 { n, log } => { n: n + at, log: log ++ \", \" ++ from ++ \" \" ++ show(seq) }
  migrate back to 2 { n, log } => { n: n - at, log }
  accept from 2 { Go => if at < 10 { Go(at, from) } else { refuse } }
  reply to 2 { Was(n) => Was(n + seq) }
}",
    "machine Watch version 4 with at, from {
  input Go(Int, Text) | Stay  output Ok | Was(Int)  state { n: Int, log: Text }  init { n: 0, log: \"\" }
  on Go(_, _) => { set log = \"gone\"  Was(n) }
  on Stay => Ok
  migrate from 3 { n, log } => { n, log: log ++ \"!\" }
  migrate back to 3 { n, log } => { n, log }
  accept from 3
  reply to 3
  trace \"from the first\" from 1 {
    > Go = Ok
    upgrade at 5 as \"operator\"
    check n == 6 and log == \"1, operator 1!\"
    v1> Go at 9 as \"ann\" = Ok
    v1> Go at 10 as \"ann\" = retired
  }
}",
];

#[test]
fn the_moment_goes_to_the_steps_that_ask() {
    let [first, second, third, fourth] = WATCHES;
    let history = [first, second, third].into_iter();
    let history = history.fold(History::new(), released_with);
    let newest = compiled(fourth, &history).expect("compiles");
    let report = &trace::run(&newest)[0];
    assert!(report.failure.is_none(), "{:?}", report.failure);

    let chain = &newest.upgrade_from(1).expect("a way").migration;
    let exports = chain.code().bytecode().exports.iter();
    let roles: Vec<Role> = exports.map(|(role, _)| *role).collect();
    let told = [Role::MigrateAt, Role::InputAt, Role::OutputAt, Role::BackAt];
    assert_eq!(roles, told);
    let steps = [(1, 2), (2, 3)].map(|(from, to)| history.migration(from, to).expect("released"));
    let [from_1, from_2] = steps;
    let from_3 = &newest.upgrade_from(3).expect("written").migration;
    let steps = [from_1, from_2, from_3];
    let state = Value::product(vec![Value::Int(1)]);
    let mut up = steps.iter();
    let apart = up.try_fold(state.clone(), |state, step| {
        step.migrate_state(&moment(), state)
    });
    let apart = apart.expect("a state");
    assert_eq!(chain.migrate_state(&moment(), state), Ok(apart.clone()));
    let mut down = steps.iter().rev();
    let back = down.try_fold(apart.clone(), |state, step| {
        step.restore_state(&moment(), state).expect("a way back")
    });
    assert_eq!(chain.restore_state(&moment(), apart), Some(back));
    for output in [Value::constructor(0), Value::sum(1, Value::Int(7))] {
        let mut down = steps.iter().rev();
        let apart = down.try_fold(output.clone(), |output, step| {
            step.adapt_output(&moment(), output).expect("adapters")
        });
        assert_eq!(chain.adapt_output(&moment(), output), Some(apart));
    }
}

#[test]
fn traces_speak_as_clients_of_versions_further_back() {
    let trace = "
  property keeps_all: across 1 => mills == prev.cents * 1_000 and moves == 7
  trace \"from the first\" from 1 {
    > Put(5) = Done
    upgrade
    check mills == 5_000 and moves == 7 and best == Some(5_000)
    v1> Put(2) = Done
    v1> Count = Sum(7)
    v1> Shake = retired
    v1> Put(9_223_372_036_854_775_807) = fault
    v2> Take(9_000) = Short(\"short\")
    > Give(1) = Done
  }";
    let newest = compiled(&third(&format!("{FROM_2}{trace}")), &two()).expect("compiles");
    assert!(newest.warnings().iter().next().is_none());
    let report = &trace::run(&newest)[0];
    assert!(report.failure.is_none(), "{:?}", report.failure);
}

#[test]
fn a_step_without_adapters_or_way_back_is_named() {
    let deaf = SECOND.replace(
        "accept from 1 { Put(n) => Put(n * 1_000), Shake => refuse }",
        "",
    );
    let deaf = deaf.replace(
        "reply to 1 { Sum(n) => Sum(n / 1_000), Short(_) => Done }",
        "",
    );
    let history = released_with(released_with(History::new(), FIRST), &deaf);
    let newest = compiled(&third(FROM_2), &history).expect("compiles");
    let upgrade = newest.upgrade_from(1).expect("a way");
    let step = Step {
        from: 1,
        to: 2,
        has_adapters: false,
        has_back: true,
    };
    assert_eq!((upgrade.refusing(), upgrade.one_way()), (Some(step), None));
    assert!(upgrade.migration.adapters().is_none());

    let trace = "trace \"t\" from 1 { upgrade v1> Count }";
    let refused = compiled(&third(&format!("{FROM_2} {trace}")), &history).expect_err("deaf");
    let problem = refused.iter().next().expect("one");
    assert_eq!(problem.code.name, "M302");
    assert_eq!(
        problem.title,
        "version 2 takes nothing from clients of version 1"
    );

    let only_forward = "migrate from 2 { mills, puts } => { mills, moves: puts, best: None }";
    let newest = compiled(&third(only_forward), &two()).expect("compiles");
    let upgrade = newest.upgrade_from(1).expect("a way");
    let lacks = [upgrade.refusing(), upgrade.one_way()];
    assert_eq!(
        lacks.map(|step| step.map(|step| (step.from, step.to))),
        [Some((2, 3)); 2]
    );
    let refused = compiled(&third(&format!("{only_forward} {trace}")), &two()).expect_err("deaf");
    let problem = refused.iter().next().expect("one");
    assert_eq!(
        problem.title,
        "version 3 takes nothing from clients of version 2"
    );
    assert_eq!(problem.help, ["add `accept from 2`"]);
}

#[test]
fn simulations_start_in_all_versions_that_come_here() {
    let newest = compiled(&third(FROM_2), &two()).expect("compiles");
    let plan = Plan {
        seed: 1,
        runs: 60,
        steps: 20,
    };
    let simulation = simulate::run(&newest, plan, &mut |_| true);
    // Only large amounts, of which not all have thousandths, stop the migration.
    let codes: Vec<&str> = simulation
        .found
        .iter()
        .map(|found| found.problem.code.name)
        .collect();
    assert!(codes.iter().all(|code| *code == "R011"), "{codes:?}");
    let upgrades = &simulation.tally.upgrades;
    assert!(
        upgrades.contains_key(&1) && upgrades.contains_key(&2),
        "{upgrades:?}"
    );
    let found = simulation.found.iter().find(|found| found.from == Some(1));
    let title = found.map(|found| found.problem.title.as_str());
    let expected = "the migration 1 → 2 → 3 stops: a number does not fit in 64 bits";
    assert_eq!(title, Some(expected));
}

#[test]
fn a_way_of_many_versions_is_one_upgrade() {
    let text = |version: u32, migrate: &str| {
        format!(
            "machine M version {version} {{ input | Go output | Ok state Int init 0
             on Go => {{ put(get + 1) Ok }} {migrate} }}"
        )
    };
    let text =
        |version: u32, migrate: &str| text(version, migrate).replace("put(get + 1) Ok", "Ok");
    let mut history = released_with(History::new(), &text(1, ""));
    for version in 2..=12 {
        let from = version - 1;
        let migrate = format!(
            "migrate from {from} n => n * 2 + 1  migrate back to {from} n => (n - 1) / 2
             accept from {from} reply to {from}"
        );
        history = released_with(history, &text(version, &migrate));
    }
    let whole = released(&history, 1, 12).expect("small").expect("a way");
    assert_eq!(whole.steps.len(), 11);
    let state = whole.migration.migrate_state(&moment(), Value::Int(1));
    assert_eq!(reason(state), Ok(Value::Int(4_095)));
    let back = whole
        .migration
        .restore_state(&moment(), Value::Int(4_095))
        .expect("a way");
    assert_eq!(reason(back), Ok(Value::Int(1)));
    assert!(whole.migration.adapters().is_some());
    assert!(released(&history, 12, 1).expect("small").is_none());
    assert!(released(&history, 3, 3).expect("small").is_none());
}
