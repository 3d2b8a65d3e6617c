//! Upgrades of large states: worked out aside, decided at their turn, and whole whatever happens.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::sync::Arc;

use cam::value::Value;
use harness::counts::{MACHINE, add, count, first, put, stopping, tenfold, third};
use harness::street::{Node, Release, bundle, refusal, releases};
use node::bundle::{Bundle, BundleId};
use node::limits::LARGE_STATE_WEIGHT;
use node::protocol::{Applied, RefusalCode, Request, Response, Terms};

/// A weight that a map of forty entries has.
const LARGE: u64 = 1024;
const KEYS: i64 = 60;

fn next(releases: &[Release], last: &Bundle, version: usize) -> Bundle {
    let from = (&releases[version - 1], last.id(), version as u64);
    bundle(MACHINE, Some(from), &releases[version], &["author"])
}

/// A node with some hundred keys in the first release, and the bundle that brought it there.
async fn filled(large: u64, releases: &[Release]) -> (Node, Bundle) {
    let node = Node::with_large(large);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    node.deploy(&first).await;
    for key in 0..KEYS {
        let input = put(key, key % 7 + 1);
        let step = node.send(MACHINE, &releases[0], &input).await;
        step.expect("a step");
    }
    (node, first)
}

fn applied(response: Response) -> Applied {
    match response {
        Response::Applied(applied) => applied,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_upgrade_in_two_passes_is_the_one_that_it_would_be_in_one() {
    let sources = [
        first(),
        tenfold("invariant some: size(counts) > 0"),
        third(),
    ];
    let releases = releases(&sources.each_ref().map(String::as_str));
    let (in_two, base) = filled(LARGE, &releases).await;
    let (in_one, _) = filled(LARGE_STATE_WEIGHT, &releases).await;
    let second = next(&releases, &base, 1);
    let mut seen = Vec::new();
    for node in [&in_two, &in_one] {
        let one = applied(node.push(&second).await);
        let output = node.send(MACHINE, &releases[1], &add(0)).await;
        assert_eq!(output, Ok(count(11)));
        let two = applied(node.push(&next(&releases, &second, 2)).await);
        assert_eq!(one.state_bytes, two.state_bytes_before);
        let status = node.status(MACHINE).await;
        assert_eq!(two.state_bytes, status.state_bytes);
        seen.push((one, two, node.picture(MACHINE).await["state"].clone()));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_an_upgrade_is_worked_out_is_in_it() {
    let sources = [first(), tenfold("")];
    let releases = releases(&sources.each_ref().map(String::as_str));
    let (node, base) = filled(LARGE, &releases).await;
    let (node, releases) = (Arc::new(node), Arc::new(releases));
    let traffic = |key: i64| {
        let (node, releases) = (Arc::clone(&node), Arc::clone(&releases));
        tokio::spawn(async move {
            for _ in 0..200 {
                let step = node.send(MACHINE, &releases[0], &add(key)).await;
                step.expect("every input is answered");
            }
        })
    };
    let clients = [0, 1, 2].map(traffic);
    applied(node.push(&next(&releases, &base, 1)).await);
    for client in clients {
        client.await.expect("no panic");
    }
    for key in 0..3 {
        let output = node.send(MACHINE, &releases[1], &add(key)).await;
        let Ok(Value::Sum(0, sum)) = output else {
            panic!("{output:?}")
        };
        // Of 200, so many were added before the upgrade, and count tenfold.
        let Value::Int(sum) = *sum else {
            panic!("{sum:?}")
        };
        let early = sum - 1 - 10 * (key % 7 + 1) - 200;
        assert!(early % 9 == 0 && (0..=9 * 200).contains(&early), "{sum}");
    }
    assert_eq!(node.status(MACHINE).await.machine_version, 2);
}

#[tokio::test]
async fn a_migration_that_stops_names_the_entry_and_the_machine_goes_on() {
    let sources = [first(), stopping()];
    let releases = releases(&sources.each_ref().map(String::as_str));
    for large in [LARGE, LARGE_STATE_WEIGHT] {
        let (node, base) = filled(large, &releases).await;
        let step = node.send(MACHINE, &releases[0], &put(23, 0)).await;
        step.expect("a step");
        let before = node.picture(MACHINE).await;
        let refusal = refusal(node.push(&next(&releases, &base, 1)).await);
        assert_eq!(refusal.code, RefusalCode::MIGRATION_TRAPPED);
        assert!(refusal.reason.contains("at the entry `23`"), "{refusal:?}");
        assert_eq!(node.picture(MACHINE).await, before);
        let output = node.send(MACHINE, &releases[0], &add(23)).await;
        assert_eq!(output, Ok(count(1)));
    }
}

#[tokio::test]
async fn a_check_that_says_no_to_a_large_state_leaves_the_old_machine() {
    let sources = [first(), tenfold("invariant few: size(counts) < 10")];
    let releases = releases(&sources.each_ref().map(String::as_str));
    let (node, base) = filled(LARGE, &releases).await;
    let refusal = refusal(node.push(&next(&releases, &base, 1)).await);
    assert_eq!(refusal.code, RefusalCode::CHECK_FAILED);
    assert_eq!(node.status(MACHINE).await.machine_version, 1);
}

/// What happens to a machine.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Some inputs in a version, from a key on.
    Inputs(usize, i64),
    Push(usize),
    TryOut(usize),
    Pass,
    Retire(usize),
    RollBack(usize),
}

/// A machine's life, told to a node.
struct Life<'a> {
    node: Node,
    releases: &'a [Release],
    last: BundleId,
    sequence: u64,
}

impl Life<'_> {
    async fn take(&mut self, turn: Turn) {
        let machine = MACHINE.to_owned();
        let digest = |version: usize| self.releases[version].program.digest();
        match turn {
            Turn::Inputs(version, from) => {
                for key in from..from + 5 {
                    let release = &self.releases[version];
                    let step = self.node.send(MACHINE, release, &add(key)).await;
                    step.expect("a step");
                }
            }
            Turn::Push(version) | Turn::TryOut(version) => {
                let from = (&self.releases[version - 1], self.last, self.sequence);
                let next = bundle(MACHINE, Some(from), &self.releases[version], &["author"]);
                let response = match turn {
                    Turn::Push(_) => self.node.push(&next).await,
                    _ => self.node.try_out(&next, TERMS).await,
                };
                applied(response);
                (self.last, self.sequence) = (next.id(), self.sequence + 1);
            }
            Turn::Pass => {
                let response = self.node.ask("operator", Request::Pass { machine }).await;
                assert!(matches!(response, Response::Passed { .. }), "{response:?}");
            }
            Turn::Retire(version) => {
                let request = Request::Retire {
                    machine,
                    program: digest(version).0,
                    reason: String::new(),
                };
                let response = self.node.ask("operator", request).await;
                assert!(matches!(response, Response::Retired { .. }), "{response:?}");
            }
            Turn::RollBack(version) => {
                let request = Request::Rollback {
                    machine,
                    running: digest(version).0,
                    reason: String::new(),
                    rehearse: false,
                };
                let response = self.node.ask("operator", request).await;
                let Response::RolledBack { report, .. } = response else {
                    panic!("{response:?}")
                };
                (self.last, self.sequence) = (BundleId(report.id), report.sequence);
            }
        }
    }
}

const TERMS: Terms = Terms {
    time_ms: 1_000_000_000,
    steps: 0,
    faults: 0,
    checks: true,
    starts: 100,
};

/// All that a start can have to go across, and a start after each of it: at once, while the state is being written, and
/// after it is. A node to which the state is not large is the judge.
#[tokio::test]
async fn a_large_machine_is_after_every_turn_and_start_what_a_small_one_is() {
    use Turn::{Inputs, Pass, Push, Retire, RollBack, TryOut};
    let sources = [first(), tenfold(""), third()];
    let releases = releases(&sources.each_ref().map(String::as_str));
    let life = [
        Inputs(0, 0),
        TryOut(1),
        Inputs(1, 10),
        RollBack(1),
        Inputs(0, 5),
        TryOut(1),
        Inputs(1, 10),
        Pass,
        Inputs(0, 500),
        Push(2),
        Inputs(2, 0),
        Retire(0),
        Inputs(1, 5),
        RollBack(2),
        Inputs(1, 600),
        TryOut(2),
        Inputs(2, 0),
        RollBack(2),
        Inputs(1, 0),
        TryOut(2),
        Inputs(2, 10),
        Pass,
    ];
    // After which turns the nodes are started again: all, every third, none.
    for every in [1, 3, usize::MAX] {
        let mut lives = Vec::new();
        for large in [LARGE, LARGE_STATE_WEIGHT] {
            let (node, base) = filled(large, &releases).await;
            lives.push(Life {
                node,
                releases: &releases,
                last: base.id(),
                sequence: 1,
            });
        }
        for (place, turn) in life.into_iter().enumerate() {
            let mut seen = Vec::new();
            for life in &mut lives {
                life.take(turn).await;
                if (place + 1) % every == 0 {
                    life.node.restart();
                }
                let picture = life.node.picture(MACHINE).await;
                let status = life.node.status(MACHINE).await;
                let ledger = life.node.ledger(MACHINE).await.len();
                seen.push((
                    picture["state"].clone(),
                    (status.steps, status.traps, status.sequence, status.program),
                    ledger,
                ));
            }
            assert!(seen[0] == seen[1], "{turn:?}, started after every {every}");
        }
    }
}
