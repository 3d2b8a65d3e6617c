//! What simulation finds, how short it makes it, and that all of it follows from the seed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::sync::Arc;

use dsl::compile::{Compiled, compile};
use dsl::history::History;
use dsl::simulate::{Plan, Simulation, keep, run};
use dsl::source::Source;
use dsl::trace;

fn compiled(text: &str, history: &History) -> Compiled {
    let source = Source::new("t.cam", text).unwrap();
    match compile(&source, history) {
        Ok(compiled) => compiled,
        Err(problems) => panic!("{}", problems.render(&source, false)),
    }
}

fn released(text: &str) -> History {
    let mut history = History::new();
    history.release(Arc::clone(compiled(text, &history).program()));
    history
}

fn simulated(compiled: &Compiled, seed: u64) -> Simulation {
    run(compiled, Plan::of_seed(seed), &mut |_| true)
}

/// A counter whose second version adds two, with claims.
fn counter(claims: &str) -> String {
    format!(
        "machine Counter version 1 {{
           input  Add(Int) | Read | Reset
           output Ok | Sum(Int)
           state  {{ count: Int }}
           init   {{ count: 0 }}
           on Add(n) => {{ set count = count + n  Ok }}
           on Read => Sum(count)
           on Reset => {{ set count = 0  Ok }}
           {claims}
         }}"
    )
}

/// The source with the trace in it, as `cam test --keep` writes it.
fn with_trace(text: &str, trace: &str) -> String {
    let source = Source::new("t.cam", text).unwrap();
    keep(&source, &[trace]).unwrap()
}

#[test]
fn a_broken_claim_is_told_in_the_fewest_lines() {
    let table = [
        ("invariant small: count < 101", "R007", "> Add(101)"),
        ("invariant positive: count >= 0", "R007", "> Add(-1)"),
        (
            "property grows: after Add(n) => count >= prev.count",
            "R008",
            "> Add(-1)",
        ),
        (
            "property reads: after Read in { count: 7 } => reply == Ok",
            "R008",
            "> Add(7)\n  > Read",
        ),
        (
            "invariant shares: 100 / (count - 3) < 1_000",
            "R009",
            "> Add(3)",
        ),
    ];
    for (claim, code, lines) in table {
        let text = counter(claim);
        let machine = compiled(&text, &History::new());
        let simulation = simulated(&machine, 7);
        let [found] = simulation.found.as_slice() else {
            panic!("{claim}: {:?}", simulation.found);
        };
        assert_eq!(found.problem.code.name, code, "{claim}");
        let shown = found.trace.as_deref().unwrap();
        let told: Vec<&str> = shown
            .lines()
            .map(|line| line.split(" //").next().unwrap_or_default())
            .collect();
        assert_eq!(told[1..told.len() - 1].join("\n").trim(), lines, "{shown}");
        // What is told is a trace that fails for the same reason.
        let kept = compiled(&with_trace(&text, shown), &History::new());
        let failure = trace::run(&kept)[0].failure.clone().unwrap();
        assert_eq!(failure.code.name, code);
        assert_eq!(failure.title, found.problem.title);
    }
}

#[test]
fn everything_follows_from_the_seed() {
    let machine = compiled(&counter("invariant small: count < 50"), &History::new());
    let [first, again] = [5, 5].map(|seed| format!("{:?}", simulated(&machine, seed)));
    assert_eq!(first, again);
    let other = format!("{:?}", simulated(&machine, 6).tally);
    assert_ne!(format!("{:?}", simulated(&machine, 5).tally), other);
}

#[test]
fn an_upgrade_is_met_in_states_that_the_old_version_reaches() {
    let old = counter("");
    let history = released(&old);
    let table = [
        (
            "migrate from 1 { count } => { count: clamp(count, -5, 5) }  property kept: across 1 => count == prev.count",
            "R008",
            "> Add(6)\n  upgrade",
        ),
        (
            "migrate from 1 unchanged  invariant positive: count >= 0",
            "R007",
            "> Add(-1)",
        ),
        (
            "migrate from 1 { count } => { count: count * 2 }",
            "R011",
            "",
        ),
        (
            "migrate from 1 { count } => { count: max(count, 0) }  migrate back to 1 { count } => { count, }",
            "R010",
            "> Add(-1)\n  upgrade",
        ),
    ];
    for (claims, code, lines) in table {
        let text = counter(claims).replace("version 1", "version 2");
        let machine = compiled(&text, &history);
        let simulation = simulated(&machine, 11);
        let [found] = simulation.found.as_slice() else {
            panic!("{claims}: {:?}", simulation.found);
        };
        assert_eq!(found.problem.code.name, code, "{claims}");
        let shown = found.trace.as_deref().unwrap();
        if !lines.is_empty() {
            let told: Vec<&str> = shown
                .lines()
                .map(|line| line.split(" //").next().unwrap_or_default())
                .collect();
            assert_eq!(told[1..told.len() - 1].join("\n").trim(), lines, "{shown}");
        }
        let kept = compiled(&with_trace(&text, shown), &history);
        let failure = trace::run(&kept)[0].failure.clone().unwrap();
        assert_eq!(failure.code.name, code);
    }
}

#[test]
fn a_state_that_only_an_upgrade_reaches_is_reached() {
    let history = released(&counter(""));
    let text = counter(
        "migrate from 1 { count } => { count: count }
         accept from 1
         witness minus: count < 0
         witness never: count == 1 and count == 2",
    )
    .replace("version 1", "version 2")
    .replace("on Add(n) =>", "on Add(n) if n < 0 => Ok  on Add(n) =>");
    let machine = compiled(&text, &history);
    let simulation = simulated(&machine, 3);
    assert!(simulation.found.is_empty(), "{:?}", simulation.found);
    let tally = &simulation.tally;
    assert_eq!((tally.runs, tally.steps), (400, 24_000));
    assert_eq!((tally.started_old, tally.upgrades[&1]), (200, 200));
    let unreached = simulation.unreached();
    let titles: Vec<&str> = unreached.iter().map(|problem| &*problem.title).collect();
    assert_eq!(unreached[0].code.name, "R012");
    assert_eq!(
        titles,
        ["the witness `never` was reached in none of 400 runs"]
    );
    assert!(tally.inputs[&1].iter().all(|(_, count)| count > 100));
    assert!(tally.inputs[&2].iter().all(|(_, count)| count > 100));
}

#[test]
fn what_the_source_and_the_state_hold_is_tried() {
    let text = "machine Vault version 1 with at, from {
        input  Take { token: Text } | Show { token: Text } | Guess(Int)
        output Token(Text) | Yes | No
        state  { owners: Map(Text, Text), opened: Int }
        init   { owners: Map[], opened: 0 }
        on Take { token } if len(token) > 4 => { set owners[token] = from  Token(token) }
        on Take(_) => No
        on Show { token } => {
          let Some(owner) = owners[token] else No
          require owner == from else No
          set opened = max(opened, at)
          Yes
        }
        on Guess(n) => if n == 824_113 { Yes } else { No }
        witness opened_late: opened > 0
        witness guarded: size(owners) > 3
        property nobody_guesses: after Guess(_) => reply == No
      }";
    let machine = compiled(text, &History::new());
    let simulation = simulated(&machine, 1);
    assert!(simulation.unreached().is_empty(), "{:?}", simulation.tally);
    let [found] = simulation.found.as_slice() else {
        panic!("{:?}", simulation.found);
    };
    assert!(
        found
            .trace
            .as_deref()
            .unwrap()
            .contains("> Guess(824113) at 0 as \"alice\""),
        "{:?}",
        found.trace
    );
}

#[test]
fn steps_that_stop_are_counted_with_their_place_and_are_no_mistake() {
    let machine = compiled(
        &counter("property p: after Add(_) => true"),
        &History::new(),
    );
    let simulation = simulated(&machine, 2);
    assert!(simulation.found.is_empty());
    let faults: Vec<_> = simulation.tally.faults.iter().collect();
    assert!(
        faults
            .iter()
            .any(|(fault, count)| fault.reason.contains("64 bits")
                && fault.place.is_some()
                && **count > 0),
        "{faults:?}"
    );
}

#[test]
fn every_kind_of_value_can_be_sent() {
    let text = "type Colour = Red | Green | Mix { of: List(Colour_), part: (Int, Bool) }
      type Colour_ = Plain | Deep(Bytes)
      machine Palette version 1 with seq {
        input  Paint(Colour) | Many(Map(Text, Option(List(Int)))) | Nothing
        output Got(Colour) | Size(Int) | Number(Int)
        state  { last: Option(Colour), most: Int }
        init   { last: None, most: 0 }
        on Paint(c) => { set last = Some(c)  Got(c) }
        on Many(m) => { set most = max(most, size(m))  Size(size(m)) }
        on Nothing => Number(seq)
        invariant little: most < 3
      }";
    let machine = compiled(text, &History::new());
    let simulation = simulated(&machine, 4);
    let found = &simulation.found[0];
    let shown = found.trace.as_deref().unwrap();
    let kept = compiled(&with_trace(text, shown), &History::new());
    assert_eq!(
        trace::run(&kept)[0].failure.clone().unwrap().code.name,
        "R007"
    );
    assert_eq!(found.left, 1, "{shown}");
}

#[test]
fn a_direct_upgrade_agrees_with_the_one_through_the_versions_between() {
    let [second, third] = [2, 3].map(|version| {
        move |claims: &str| counter(claims).replace("version 1", &format!("version {version}"))
    });
    let mut history = released(&counter(""));
    let between = compiled(
        &second("migrate from 1 { count } => { count: max(count, 0) }"),
        &history,
    );
    history.release(Arc::clone(between.program()));
    history.bridge(
        1,
        2,
        Arc::clone(&between.upgrade_from(1).unwrap().migration),
    );
    let table = [
        (
            "migrate from 2 unchanged  migrate from 1 { count } => { count: max(count, 0) }",
            None,
        ),
        (
            "migrate from 2 unchanged  migrate from 1 unchanged",
            Some("R013"),
        ),
        ("migrate from 2 unchanged", None),
        (
            "migrate from 2 { count } => { count: 10 / (count - 5) }  migrate from 1 { count } => { count: max(count, 0) }",
            Some("R013"),
        ),
    ];
    for (claims, code) in table {
        let machine = compiled(&third(claims), &history);
        let simulation = simulated(&machine, 21);
        let codes = simulation.found.iter().map(|found| found.problem.code.name);
        assert!(
            codes.clone().eq(code) || codes.clone().any(|found| code == Some(found)),
            "{claims}"
        );
    }
    let machine = compiled(
        &third("migrate from 2 unchanged  migrate from 1 unchanged"),
        &history,
    );
    assert_eq!(
        (machine.chains_from(1), machine.chains_from(2)),
        (vec![2], vec![])
    );
    let found = &simulated(&machine, 21).found[0];
    let shown = found.trace.as_deref().unwrap();
    assert!(
        shown.contains("from 1 {\n  > Add(-1) // Ok\n  upgrade\n"),
        "{shown}"
    );
}
