//! Complaint 13 of the specification's table: in a fleet of which one fails, everybody is told what is true of each.

#![allow(clippy::unwrap_used, clippy::panic)] // all of it is test; the exemption sees `#[test]` only

mod nodes;

use std::process::Stdio;

use serde_json::Value;

use nodes::{Fleet, results};

const NODES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// It stops on 13, and has a way back.
const SECOND: &str = "machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, times: Int }
  init   { total: 0, times: 0 }
  on Add(n) => { set total = total + n + 0 / (n - 13)   set times = times + 1   Ok }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total, times: 0 }
  migrate back lossy to 1 { total, times: _ } => { total: total }
  accept from 1
  reply to 1
}
";

/// Five nodes that run the first version.
fn fleet_of_five() -> Fleet {
    let fleet = Fleet::of(&NODES);
    fleet.bundled("tally@1");
    let pushed = fleet.json(&["push", "out/tally@1.bundle", "--to", "all"]);
    assert_eq!(pushed["exit"], 0, "{pushed}");
    fleet
}

#[test]
fn complaint_13_of_a_fleet_in_which_one_fails_each_node_is_told_of_and_the_others_go_back() {
    let fleet = fleet_of_five();
    fleet.release(SECOND, &["check"]);
    fleet.bundled("tally@1..2");
    let mut rollout = fleet
        .cam(&["push", "out/tally@1..2.bundle", "--to", "all", "--json"])
        .args(["--wave", "1,1,1,rest", "--trial-steps", "1", "--gate", "5m"])
        .args(["--on-failure", "return"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    fleet.try_out("a", "Add(1)", &mut rollout);
    fleet.try_out("b", "Add(1)", &mut rollout);
    fleet.try_out("c", "Add(13)", &mut rollout);
    let output = rollout.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(7), "{told}");
    let expected = [
        ("a", "rolled-back"),
        ("b", "rolled-back"),
        ("c", "went-back"),
        ("d", "not-pushed"),
        ("e", "not-pushed"),
    ];
    assert_eq!(results(&told), expected, "{told}");
    for node in NODES {
        assert_eq!(fleet.version(node), 1, "{node}");
    }
    // What was written meanwhile is there.
    assert_eq!(
        fleet.said(&["query", "a", "tally", "Read"]).trim(),
        "Sum(1)"
    );
}

#[test]
fn complaint_13_a_node_that_is_not_there_is_named_and_the_others_are_served_if_that_is_wanted() {
    let mut fleet = fleet_of_five();
    fleet.release(SECOND, &["check"]);
    fleet.bundled("tally@1..2");
    let mut lost = fleet.nodes.remove(2);
    lost.kill().unwrap();
    lost.wait().unwrap();
    let push = [
        "push",
        "out/tally@1..2.bundle",
        "--to",
        "all",
        "--timeout",
        "5",
    ];
    let careful = fleet.json(&push);
    assert_ne!(careful["exit"], 0, "{careful}");
    let expected = NODES.map(|node| match node {
        "c" => (node, "unreachable"),
        _ => (node, "not-pushed"),
    });
    assert_eq!(results(&careful), expected, "{careful}");
    let bold = fleet.json(&[&push[..], &["--keep-going"]].concat());
    assert_eq!(bold["exit"], 8, "{bold}");
    for (node, result) in results(&bold) {
        let expected = if node == "c" {
            "unreachable"
        } else {
            "applied"
        };
        assert_eq!(result, expected, "{node}");
    }
}
