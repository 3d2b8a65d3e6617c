//! A new program on trial: it stays, or the machine goes back with what can be kept, and the ledger tells.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::path::Path;

use cam::value::Value;
use harness::process::Process;
use harness::street::{Node, Release, bundle, refusal, releases};
use harness::tally::{MACHINE, TALLY_1, TALLY_2_BACK, add, read, sum};
use node::bundle::{Bundle, BundleId};
use node::comparison::Answer;
use node::ledger::{Entry, Event};
use node::protocol::{RefusalCode, Request, Response, RolledBack, Terms};
use node::rollback::Way;
use node::trial::Cause;

/// It counts twice what is added above 10: a mistake that only its answers show.
const WITHOUT_WAY_BACK: &str = "
machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, twice: Int }
  init   { total: 0, twice: 0 }
  on Add(n) => { set total = if n > 10 { total + n + n } else { total + n }  Ok }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total, twice: 0 }
  accept from 1
  reply to 1
}";

/// Its invariant takes some ten million units of fuel where much was added.
const DEAR_CHECK: &str = "
machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int }
  init   { total: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(total)
  invariant dear: fold(range(0, 1000), 0, fn(a, i) => if i * 20 < total {
    fold(range(0, 1000), a, fn(b, j) => b + i * j)
  } else { a }) >= 0
  migrate from 1 { total } => { total: total }
  migrate back to 1 { total } => { total: total }
  accept from 1
  reply to 1
}";

#[tokio::test]
async fn a_check_after_each_step_takes_no_longer_than_a_step() {
    let terms = Terms {
        checks: true,
        ..TERMS
    };
    let bench = Bench::new(DEAR_CHECK, terms).await;
    bench.add(2, 58).await;
    // A migration has the fuel for it, a step has not.
    let refused = bench.send(2, add(1_000_000)).await.expect_err("too dear");
    assert_eq!(refusal(refused).code, RefusalCode::CHECK_FAILED);
    bench.trial_ends().await;
    assert_eq!(
        (bench.version().await, bench.total().await),
        (1, sum(1, 100))
    );
    let releases = releases(&[TALLY_1, DEAR_CHECK]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let node = Node::new();
    node.deploy(&first).await;
    let much = node.send(MACHINE, &releases[0], &add(1_000_000)).await;
    much.expect("a step");
    let second = bundle(
        MACHINE,
        Some((&releases[0], first.id(), 1)),
        &releases[1],
        &["author"],
    );
    let before = node.picture(MACHINE).await;
    let response = node.try_out(&second, terms).await;
    assert_eq!(refusal(response).code, RefusalCode::BAD_TERMS);
    assert_eq!(node.picture(MACHINE).await, before);
    let response = node.try_out(&second, TERMS).await;
    assert!(matches!(response, Response::Applied(_)), "{response:?}");
}

const TERMS: Terms = Terms {
    time_ms: 60_000,
    steps: 0,
    faults: 1,
    checks: false,
    starts: 2,
};

/// Version 1 with a total of 42, and version 2 on trial.
struct Bench {
    node: Node,
    releases: Vec<Release>,
    first: Bundle,
    second: Bundle,
}

impl Bench {
    async fn new(second: &str, terms: Terms) -> Bench {
        let releases = releases(&[TALLY_1, second]);
        let first = bundle(MACHINE, None, &releases[0], &["author"]);
        let node = Node::new();
        node.deploy(&first).await;
        node.send(MACHINE, &releases[0], &add(42))
            .await
            .expect("a step");
        let from = Some((&releases[0], first.id(), 1));
        let second = bundle(MACHINE, from, &releases[1], &["author"]);
        let response = node.try_out(&second, terms).await;
        assert!(matches!(response, Response::Applied(_)), "{response:?}");
        Bench {
            node,
            releases,
            first,
            second,
        }
    }

    async fn send(&self, version: usize, input: Value) -> Result<Value, Response> {
        self.node
            .send(MACHINE, &self.releases[version - 1], &input)
            .await
    }

    async fn add(&self, version: usize, n: i64) {
        self.send(version, add(n)).await.expect("a step");
    }

    async fn total(&self) -> Value {
        let read = read(1);
        self.send(1, read).await.expect("a step")
    }

    async fn version(&self) -> u32 {
        self.node.status(MACHINE).await.machine_version
    }

    async fn roll_back(&self, rehearse: bool) -> Response {
        let request = Request::Rollback {
            machine: MACHINE.to_owned(),
            running: self.releases[1].program.digest().0,
            reason: "it counts wrongly".to_owned(),
            rehearse,
        };
        self.node.ask("operator", request).await
    }

    /// Waits until the writer has noticed that a trial is over.
    async fn trial_ends(&self) {
        while self.node.life(MACHINE).await.trial.is_some() {
            tokio::task::yield_now().await;
        }
    }

    async fn last(&self) -> Entry {
        self.node.ledger(MACHINE).await.pop().expect("an entry")
    }

    async fn rolled_back(&self) -> RolledBack {
        match self.last().await.event {
            Event::RolledBack(report) => report,
            other => panic!("no rollback: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_program_that_stops_too_often_goes_and_what_was_written_stays() {
    let bench = Bench::new(TALLY_2_BACK, TERMS).await;
    bench.add(2, 8).await;
    for _ in 0..2 {
        let stopped = bench.send(2, add(13)).await;
        assert!(
            matches!(stopped, Err(Response::Trapped { .. })),
            "{stopped:?}"
        );
    }
    assert_eq!(bench.version().await, 1);
    assert_eq!(bench.total().await, sum(1, 50));
    let report = bench.rolled_back().await;
    let (count, allowed) = (2, 1);
    assert_eq!(report.cause, Cause::Faults { count, allowed });
    assert_eq!(report.way, Way::Mapped);
    assert_eq!((report.sequence, report.machine_version), (3, 1));
}

/// Its way back makes a total of when it goes, which is negative if an operator says so.
async fn goes_at(is_said: bool) {
    let told = TALLY_2_BACK
        .replace("version 2 {", "version 2 with at, from {")
        .replace(
            "=> { total: total }",
            "=> { total: if from == \"\" { at } else if from == \"operator\" { 0 - at } else { 0 } }",
        );
    let bench = Bench::new(&told, TERMS).await;
    if is_said {
        bench.roll_back(false).await;
    } else {
        for _ in 0..2 {
            bench.send(2, add(13)).await.expect_err("divides by zero");
        }
    }
    assert_eq!(bench.version().await, 1);
    assert_eq!(bench.rolled_back().await.way, Way::Mapped);
    let at = bench.last().await.at_ms;
    assert!(at > 0);
    assert_eq!(bench.total().await, sum(1, if is_said { -at } else { at }));
}

#[tokio::test]
async fn a_way_back_is_told_when_it_is_taken_and_who_says_so() {
    goes_at(true).await;
    goes_at(false).await;
}

#[tokio::test]
async fn a_step_that_would_break_the_programs_check_is_undone_and_the_machine_goes_back() {
    let terms = Terms {
        checks: true,
        ..TERMS
    };
    let bench = Bench::new(TALLY_2_BACK, terms).await;
    bench.add(2, 900).await;
    let refused = bench.send(2, add(59)).await.expect_err("above 1,000");
    assert_eq!(refusal(refused).code, RefusalCode::CHECK_FAILED);
    assert_eq!(bench.version().await, 1);
    assert_eq!(bench.total().await, sum(1, 942));
    assert_eq!(bench.rolled_back().await.cause, Cause::Check { step: 3 });
}

#[tokio::test]
async fn without_a_way_back_the_inputs_are_given_to_the_old_program_again() {
    let bench = Bench::new(WITHOUT_WAY_BACK, TERMS).await;
    bench.add(1, 5).await;
    bench.add(1, 20).await;
    assert_eq!(bench.total().await, sum(1, 87));
    bench.add(2, 3).await;
    let rehearsed = bench.roll_back(true).await;
    assert_eq!(bench.version().await, 2, "a rehearsal changes nothing");
    let done = bench.roll_back(false).await;
    let (Response::RolledBack { report: shown, .. }, Response::RolledBack { report, .. }) =
        (rehearsed, done)
    else {
        panic!("both go back")
    };
    assert_eq!(shown, report, "what was shown is what happens");
    let Way::Replayed(replayed) = report.way else {
        panic!("it has no way back")
    };
    assert_eq!(
        (replayed.same, replayed.different, replayed.lost),
        (2, 1, 1)
    );
    let first = replayed.first.expect("there are some");
    let output = |n| Answer::Output(cam::encode::value(&sum(1, n)));
    assert_eq!((first.was, first.is), (output(87), output(67)));
    assert_eq!(bench.total().await, sum(1, 67));
    let saved = Request::Saved {
        machine: MACHINE.to_owned(),
        sequence: 3,
    };
    let response = bench.node.ask("observer", saved).await;
    let Response::State { state, .. } = response else {
        panic!("{response:?}")
    };
    let state_2 = Value::product(vec![Value::Int(90), Value::Int(0)]);
    assert_eq!(state, cam::encode::value(&state_2));
}

#[tokio::test]
async fn a_trial_is_passed_by_its_time_by_its_steps_or_by_hand() {
    let by_time = Bench::new(TALLY_2_BACK, TERMS).await;
    by_time.node.advance(60_000);
    by_time.trial_ends().await;
    assert_eq!(by_time.version().await, 2);
    assert_eq!(by_time.last().await.event, Event::Passed { sequence: 2 });

    let terms = Terms {
        time_ms: 0,
        steps: 3,
        ..TERMS
    };
    let by_steps = Bench::new(TALLY_2_BACK, terms).await;
    for _ in 0..3 {
        assert!(by_steps.node.life(MACHINE).await.trial.is_some());
        by_steps.add(2, 1).await;
    }
    assert!(by_steps.node.life(MACHINE).await.trial.is_none());

    let by_hand = Bench::new(TALLY_2_BACK, TERMS).await;
    let pass = || Request::Pass {
        machine: MACHINE.to_owned(),
    };
    let response = by_hand.node.ask("operator", pass()).await;
    assert_eq!(response, Response::Passed { sequence: 2 });
    let again = by_hand.node.ask("operator", pass()).await;
    assert_eq!(refusal(again).code, RefusalCode::NOT_ON_TRIAL);
    assert_eq!(by_hand.last().await.by, "operator");
}

#[tokio::test]
async fn nothing_else_is_pushed_while_a_program_is_on_trial() {
    let bench = Bench::new(TALLY_2_BACK, TERMS).await;
    let again = bench.node.push(&bench.second).await;
    assert!(
        matches!(again, Response::AlreadyRunning { .. }),
        "{again:?}"
    );
    let from = Some((&bench.releases[1], bench.second.id(), 2));
    let third = bundle(MACHINE, from, &third(), &["author"]);
    let refused = refusal(bench.node.push(&third).await);
    assert_eq!(refused.code, RefusalCode::ON_TRIAL);
    let terms = Terms { starts: 0, ..TERMS };
    let refused = refusal(bench.node.try_out(&third, terms).await);
    assert_eq!(refused.code, RefusalCode::BAD_TERMS);
    let rolled = bench.roll_back(false).await;
    assert!(matches!(rolled, Response::RolledBack { .. }), "{rolled:?}");
}

/// A third version after the second.
fn third() -> Release {
    let text = TALLY_2_BACK
        .replace("version 2", "version 3")
        .replace(
            "migrate from 1 { total } => { total: total, cleared: 0 }",
            "migrate from 2 auto",
        )
        .replace(
            "migrate back lossy to 1 { total, cleared: _ } => { total: total }",
            "",
        )
        .replace("from 1", "from 2")
        .replace("to 1", "to 2");
    releases(&[TALLY_1, TALLY_2_BACK, &text]).remove(2)
}

#[tokio::test]
async fn after_a_rollback_a_bundle_follows_the_rollback_and_the_old_one_is_stale() {
    let bench = Bench::new(TALLY_2_BACK, TERMS).await;
    bench.roll_back(false).await;
    let replayed = refusal(bench.node.push(&bench.second).await);
    assert_eq!(replayed.code, RefusalCode::STALE_SEQUENCE);
    let to = bench.releases[0].program.digest();
    let id: BundleId = bench.second.id().rolled_back(MACHINE, 3, to);
    let from = Some((&bench.releases[0], id, 3));
    let again = bundle(MACHINE, from, &bench.releases[1], &["author"]);
    bench.node.deploy(&again).await;
    assert_eq!(bench.node.status(MACHINE).await.sequence, 4);
    assert_ne!(bench.first.id(), again.id());
}

#[tokio::test]
async fn after_a_trial_only_a_way_back_leads_back() {
    for (source, has_way_back) in [(TALLY_2_BACK, true), (WITHOUT_WAY_BACK, false)] {
        let bench = Bench::new(source, TERMS).await;
        bench.node.advance(60_000);
        bench.trial_ends().await;
        assert_eq!(bench.node.life(MACHINE).await.has_way_back, has_way_back);
        let response = bench.roll_back(false).await;
        if has_way_back {
            assert!(
                matches!(response, Response::RolledBack { .. }),
                "{response:?}"
            );
            let again = refusal(bench.roll_back(false).await);
            assert_eq!(again.code, RefusalCode::STALE_PROGRAM);
        } else {
            assert_eq!(refusal(response).code, RefusalCode::NO_WAY_BACK);
        }
    }
}

#[tokio::test]
async fn a_trial_goes_on_after_a_restart() {
    for source in [TALLY_2_BACK, WITHOUT_WAY_BACK] {
        let mut bench = Bench::new(source, TERMS).await;
        bench.add(1, 20).await;
        for _ in 0..5 {
            let before = (
                bench.node.life(MACHINE).await.trial,
                bench.node.picture(MACHINE).await,
            );
            bench.node.restart();
            let (mut trial, picture) = before;
            let after = bench.node.life(MACHINE).await.trial;
            // The clock of the test goes on by itself.
            if let (Some(before), Some(after)) = (&mut trial, &after) {
                before.left_ms = after.left_ms;
            }
            assert_eq!((after, bench.node.picture(MACHINE).await), (trial, picture));
        }
        let response = bench.roll_back(false).await;
        assert!(
            matches!(response, Response::RolledBack { .. }),
            "{response:?}"
        );
        assert_eq!(bench.total().await, sum(1, 62));
        bench.node.restart();
        assert_eq!(
            (bench.version().await, bench.total().await),
            (1, sum(1, 62))
        );
    }
}

/// A node in a process of its own, with version 2 on trial for an hour and one step taken; and the input of that.
async fn process_on_trial() -> (Process, Request) {
    let releases = releases(&[TALLY_1, WITHOUT_WAY_BACK]);
    let process = Process::start(Path::new(env!("CARGO_BIN_EXE_node-under-test")));
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let from = Some((&releases[0], first.id(), 1));
    let second = bundle(MACHINE, from, &releases[1], &["author"]);
    let deliver = |bundle: &Bundle, trial| Request::Deliver {
        bundle: bundle.encode(),
        reason: String::new(),
        trial,
    };
    let submit = Request::Submit {
        machine: MACHINE.to_owned(),
        program: releases[0].program.digest().0,
        input: cam::encode::value(&add(20)),
    };
    let terms = Terms {
        time_ms: 3_600_000,
        ..TERMS
    };
    for (who, request) in [
        ("operator", deliver(&first, None)),
        ("operator", deliver(&second, Some(terms))),
        ("client", submit.clone()),
    ] {
        let response = process.ask(who, &request).await.expect("answered");
        let fine = matches!(response, Response::Applied(_) | Response::Answer { .. });
        assert!(fine, "{response:?}");
    }
    (process, submit)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_again_and_again_on_trial_goes_back() {
    let (mut process, submit) = process_on_trial().await;
    let status = Request::Status {
        machine: Some(MACHINE.to_owned()),
    };
    // Being told to stop is no death.
    for (version, is_killed) in [
        (2, false),
        (2, true),
        (2, false),
        (2, true),
        (1, true),
        (1, true),
    ] {
        match is_killed {
            true => process.kill(),
            false => process.stop(),
        }
        process.restart();
        let response = process.ask("client", &status).await.expect("answered");
        let Response::Status(status) = response else {
            panic!("{response:?}")
        };
        assert_eq!(status.machines[0].machine_version, version);
    }
    let ledger = Request::Ledger {
        machine: MACHINE.to_owned(),
        after: 0,
        limit: 10,
    };
    let response = process.ask("client", &ledger).await.expect("answered");
    let Response::Ledger { entries } = response else {
        panic!("{response:?}")
    };
    let Some(Event::RolledBack(report)) = entries.last().map(|entry| &entry.event) else {
        panic!("{entries:?}")
    };
    assert_eq!(report.cause, Cause::Starts { count: 3 });
    let Way::Replayed(replayed) = &report.way else {
        panic!("a program that kills the node is not asked")
    };
    assert_eq!((replayed.same, replayed.compared), (1, false));
    let response = process.ask("client", &submit).await.expect("answered");
    let Response::Answer { step, .. } = response else {
        panic!("{response:?}")
    };
    assert_eq!(step, 2, "the number of the first step was answered before");
}

#[tokio::test]
async fn old_clients_are_counted_until_their_program_is_retired() {
    let mut bench = Bench::new(TALLY_2_BACK, TERMS).await;
    let retire = || Request::Retire {
        machine: MACHINE.to_owned(),
        program: bench.releases[0].program.digest().0,
        reason: "nobody is left".to_owned(),
    };
    let on_trial = refusal(bench.node.ask("operator", retire()).await);
    assert_eq!(on_trial.code, RefusalCode::ON_TRIAL);
    bench.node.advance(60_000);
    bench.trial_ends().await;
    bench.add(1, 1).await;
    bench.add(2, 1).await;
    bench.add(1, 1).await;
    let retire = retire();
    bench.node.restart();
    let served = bench.node.life(MACHINE).await.served;
    assert_eq!(served.len(), 1);
    assert_eq!((served[0].steps, served[0].machine_version), (2, 1));
    let response = bench.node.ask("operator", retire.clone()).await;
    assert!(matches!(response, Response::Retired { .. }), "{response:?}");
    for _ in 0..2 {
        assert!(bench.node.life(MACHINE).await.served.is_empty());
        let refused = bench.send(1, add(1)).await.expect_err("retired");
        assert_eq!(refusal(refused).code, RefusalCode::OTHER_PROGRAM);
        bench.add(2, 1).await;
        bench.node.restart();
    }
    let again = refusal(bench.node.ask("operator", retire).await);
    assert_eq!(again.code, RefusalCode::OTHER_PROGRAM);
    let last = bench.last().await;
    assert_eq!(
        (last.by.as_str(), last.reason.as_str()),
        ("operator", "nobody is left")
    );
}

#[tokio::test]
async fn the_ledger_is_one_chain_through_everything() {
    let mut bench = Bench::new(TALLY_2_BACK, TERMS).await;
    bench.roll_back(false).await;
    bench.node.restart();
    let ledger = bench.node.ledger(MACHINE).await;
    let before = std::iter::once(None).chain(ledger.iter().map(Some));
    assert!(
        ledger
            .iter()
            .zip(before)
            .all(|(entry, before)| entry.follows(before))
    );
    let life = bench.node.life(MACHINE).await;
    assert_eq!(life.entries, 3);
    assert_eq!(ledger.last().map(Entry::hash), Some(life.head));
    let Event::Applied(second) = &ledger[1].event else {
        panic!("{ledger:?}")
    };
    assert_eq!(
        (second.trial, ledger[1].reason.as_str()),
        (Some(TERMS), "to see")
    );
    assert!(second.pause_us.is_some());
}
