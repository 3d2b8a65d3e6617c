//! What `cam` says when a node is old, an answer is lost, or somebody else is quicker: what is true, and no more.

#![allow(clippy::unwrap_used, clippy::panic)] // all of it is test; the exemption sees `#[test]` only

mod nodes;

use std::fs;
use std::process::Command;

use node::protocol::{RefusalCode, Request, RequestKind};
use nodes::relay::{Fault, Relay};
use nodes::{Fleet, results};

/// It counts twice what is above ten, and has no way back.
const TWICE: &str = "machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, times: Int }
  init   { total: 0, times: 0 }
  on Add(n) => { set total = total + (if n > 10 { n + n } else { n })   set times = times + 1   Ok }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total, times: 0 }
  accept from 1
  reply to 1
}
";

/// With a way back.
const SECOND: &str = "machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, times: Int }
  init   { total: 0, times: 0 }
  on Add(n) => { set total = total + n   set times = times + 1   Ok }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total, times: 0 }
  migrate back lossy to 1 { total, times: _ } => { total: total }
  accept from 1
  reply to 1
}
";

const THIRD: &str = "machine Tally version 3 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, times: Int }
  init   { total: 0, times: 0 }
  on Add(n) => { set total = total + n   set times = times + 2   Ok }
  on Read => Sum(total)
  migrate from 2 { total, times } => { total: total, times: times }
  accept from 2
  reply to 2
}
";

const ONE: &str = "out/tally@1.bundle";
const TWO: &str = "out/tally@1..2.bundle";
const THREE: &str = "out/tally@2..3.bundle";

/// A node `a` that runs the first version and can be spoken to through `far`, and a bundle of a second version.
fn far(second: &str) -> (Fleet, Relay) {
    let fleet = Fleet::of(&["a"]);
    let relay = Relay::new(&fleet, "far", "a");
    fleet.bundled("tally@1");
    assert_eq!(fleet.json(&["push", ONE, "--to", "far"])["exit"], 0);
    fleet.release(second, &["check"]);
    fleet.bundled("tally@1..2");
    (fleet, relay)
}

/// As [`far`], with a second node `b` behind `near`, which takes no second bundle.
fn far_and_near() -> (Fleet, [Relay; 2]) {
    let fleet = Fleet::of(&["a", "b"]);
    let relays = [("far", "a"), ("near", "b")];
    let relays = relays.map(|(name, node)| Relay::new(&fleet, name, node));
    fleet.bundled("tally@1");
    assert_eq!(fleet.json(&["push", ONE, "--to", "far,near"])["exit"], 0);
    fleet.release(SECOND, &["check"]);
    fleet.bundled("tally@1..2");
    relays[1].faults(|request| match request.is_change() {
        true => Fault::Refused(RefusalCode::BUSY),
        false => Fault::None,
    });
    (fleet, relays)
}

/// Makes the bundle that comes after the second, and gives the command that pushes it to `a` directly.
fn third(fleet: &Fleet) -> Command {
    fleet.release(THIRD, &["check"]);
    fleet.bundled("tally@2..3");
    fleet.cam(&["push", THREE, "--to", "a", "--trial", "10m"])
}

fn without_bytecode(request: &Request) -> Fault {
    match request.kind() {
        RequestKind::Bytecode => Fault::Refused(RefusalCode::OTHER_PROGRAM),
        _ => Fault::None,
    }
}

#[test]
fn nothing_is_pushed_with_plan_to_a_node_that_is_older_than_plans() {
    use RequestKind::{Program, Push, Query, State, Status, Submit};
    let fleet = Fleet::of(&["a"]);
    let relay = Relay::new(&fleet, "far", "a");
    let known = [Status, Push, Submit, Query, State, Program];
    relay.faults(move |request| match known.contains(&request.kind()) {
        true => Fault::None,
        false => Fault::Refused(RefusalCode::UNKNOWN_REQUEST),
    });
    fleet.bundled("tally@1");
    for waves in [&[][..], &["--wave", "rest"]] {
        let plan = ["push", ONE, "--to", "far", "--plan"];
        let told = fleet.json(&[&plan[..], waves].concat());
        assert_eq!(told["exit"], 3, "{told}");
        assert_eq!(relay.changes(), [], "{told}");
    }
    // Without a reason and a trial it is the request that the oldest nodes know.
    let told = fleet.json(&["push", ONE, "--to", "far"]);
    assert_eq!(told["result"], "applied", "{told}");
    assert_eq!(relay.changes(), [Push]);
}

#[test]
fn nothing_is_pushed_to_a_node_that_says_it_has_the_bundle() {
    let (fleet, relay) = far(SECOND);
    relay.changes();
    for plan in [&["--plan"][..], &[]] {
        let told = fleet.json(&[&["push", ONE, "--to", "far"], plan].concat());
        assert_eq!(told["result"], "already-running", "{told}");
        assert_eq!((told["exit"].clone(), relay.changes()), (0.into(), vec![]));
    }
}

#[test]
fn a_rollback_that_has_happened_is_noted_whatever_can_be_shown_of_it() {
    let (fleet, relay) = far(TWICE);
    let client = fleet.project().join("history/tally@1.camb");
    fleet.said(&["push", TWO, "--to", "far", "--trial", "10m"]);
    for input in ["Add(20)", "Read"] {
        let client = ["--client", client.to_str().unwrap()];
        fleet.said(&[&["send", "a", "tally", input], &client[..]].concat());
    }
    relay.faults(without_bytecode);
    let rehearsed = fleet.said(&["rollback", "far"]);
    assert!(rehearsed.contains("1 otherwise"), "{rehearsed}");
    let said = fleet.said(&["rollback", "far", "--yes"]);
    assert!(said.contains("rolled back"), "{said}");
    assert!(
        said.contains("first    cannot be shown: `far` refuses"),
        "{said}"
    );
    let lineage = fs::read_to_string(fleet.project().join("history/lineage.toml")).unwrap();
    assert!(lineage.contains("rolled back: "), "{lineage}");
}

#[test]
fn a_shadow_that_was_dropped_is_dropped_and_a_plan_is_a_plan_whatever_can_be_shown_of_them() {
    let (fleet, relay) = far(TWICE);
    fleet.said(&["push", TWO, "--to", "far", "--shadow"]);
    for input in ["Add(20)", "Read"] {
        fleet.said(&["send", "a", "tally", input]);
    }
    while !fleet.said(&["shadow", "a"]).contains("1 otherwise") {}
    relay.faults(without_bytecode);
    for drop in [&[][..], &["--drop"]] {
        let said = fleet.said(&[&["shadow", "far"], drop].concat());
        assert!(said.contains("first    cannot be shown"), "{said}");
    }
    for waves in [&[][..], &["--wave", "rest"]] {
        let plan = ["push", TWO, "--to", "far", "--plan"];
        let said = fleet.said(&[&plan[..], waves].concat());
        assert!(said.contains("1 otherwise"), "{said}");
        assert!(said.contains("first    cannot be shown"), "{said}");
    }
}

#[test]
fn only_what_changes_something_may_have_happened() {
    let (fleet, relay) = far(SECOND);
    let lost = |told: &serde_json::Value| (told["exit"].clone(), told["error"]["code"].clone());
    relay.faults(|_| Fault::Lost);
    let planned = fleet.json(&["push", TWO, "--to", "far", "--plan"]);
    assert_eq!(lost(&planned), (3.into(), "N500".into()), "{planned}");
    relay.faults(|request| match request.kind() {
        RequestKind::Deliver | RequestKind::Push | RequestKind::Rollback => Fault::Lost,
        _ => Fault::None,
    });
    let pushed = fleet.json(&["push", TWO, "--to", "far"]);
    assert_eq!(lost(&pushed), (6.into(), "N500".into()), "{pushed}");
    let rehearsed = fleet.json(&["rollback", "far"]);
    assert_eq!(lost(&rehearsed), (3.into(), "N500".into()), "{rehearsed}");
    let back = fleet.json(&["rollback", "far", "--yes"]);
    assert_eq!(lost(&back), (6.into(), "N500".into()), "{back}");
}

const WAVES: [&str; 7] = [
    "push",
    TWO,
    "--to",
    "far,near",
    "--wave",
    "1,rest",
    "--on-failure=return",
];

#[test]
fn a_node_that_cannot_be_asked_whether_it_was_taken_back_is_unknown() {
    let (fleet, [far, _near]) = far_and_near();
    let mut is_gone = false;
    far.faults(move |request| {
        is_gone |= request.kind() == RequestKind::Rollback;
        match is_gone {
            true => Fault::Refused(RefusalCode::STOPPING),
            false => Fault::None,
        }
    });
    let told = fleet.json(&WAVES);
    let expected = [("far", "unknown"), ("near", "refused")];
    assert_eq!(results(&told), expected, "{told}");
    assert_eq!(told["exit"], 6, "{told}");
}

#[test]
fn a_node_that_somebody_has_upgraded_since_is_not_said_to_run_our_program() {
    let (fleet, [far, _near]) = far_and_near();
    let mut third = third(&fleet);
    far.faults(move |request| {
        if request.kind() == RequestKind::Rollback {
            assert!(third.output().unwrap().status.success());
        }
        Fault::None
    });
    let told = fleet.json(&WAVES);
    let expected = [("far", "replaced"), ("near", "refused")];
    assert_eq!(results(&told), expected, "{told}");
    assert_eq!(
        (told["exit"].clone(), told["running"].clone()),
        (7.into(), 0.into())
    );
    assert_eq!(fleet.version("a"), 3);
}

#[test]
fn a_gate_does_not_wait_for_the_trial_of_somebody_else() {
    let (fleet, [far, _near]) = far_and_near();
    let mut input = fleet.cam(&["send", "a", "tally", "Add(1)"]);
    let mut third = third(&fleet);
    let mut is_first = true;
    far.faults(move |request| {
        if request.kind() == RequestKind::Life && is_first {
            is_first = false;
            // The trial of ours is passed with that, and another one begins.
            assert!(input.output().unwrap().status.success());
            assert!(third.output().unwrap().status.success());
        }
        Fault::None
    });
    let told = fleet.json(&[&WAVES[..], &["--trial-steps", "1", "--gate", "5m"]].concat());
    let expected = [("far", "replaced"), ("near", "not-pushed")];
    assert_eq!(results(&told), expected, "{told}");
    assert_eq!(told["exit"], 7, "{told}");
}

#[test]
fn a_node_whose_answer_was_lost_is_looked_at_before_the_others_are_taken_back() {
    let (fleet, [far, near]) = far_and_near();
    far.faults(|request| match request.kind() {
        RequestKind::Deliver | RequestKind::Push => Fault::Lost,
        _ => Fault::None,
    });
    near.faults(|_| Fault::None);
    let told = fleet.json(&["push", TWO, "--to", "far,near", "--on-failure", "return"]);
    let expected = [("far", "rolled-back"), ("near", "rolled-back")];
    assert_eq!(results(&told), expected, "{told}");
    assert_eq!(told["exit"], 7, "{told}");
    assert_eq!([fleet.version("a"), fleet.version("b")], [1, 1]);
}

#[test]
fn what_follows_a_failure_holds_for_one_node_too() {
    let (fleet, relay) = far(SECOND);
    relay.faults(|request| match request.kind() {
        RequestKind::Deliver | RequestKind::Push => Fault::Lost,
        _ => Fault::None,
    });
    let told = fleet.json(&["push", TWO, "--to", "far", "--on-failure", "return"]);
    assert_eq!(results(&told), [("far", "rolled-back")], "{told}");
    assert_eq!((told["exit"].clone(), fleet.version("a")), (7.into(), 1));
    let told = fleet.json(&["push", TWO, "--to", "far", "--keep-going"]);
    assert_eq!(results(&told), [("far", "refused")], "{told}");
}
