//! Shadows: a new program beside the machine sees what it sees, and changes nothing of it, whatever it does.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::collections::BTreeMap;
use std::path::Path;

use cam::value::Value;
use harness::process::Process;
use harness::street::{Node, Release, bundle, refusal, releases};
use harness::tally::{LAMP_1, MACHINE, TALLY_1, TALLY_2, add, read, sum};
use node::bundle::{Bundle, BundleId};
use node::comparison::Answer;
use node::ledger::{Entry, Event};
use node::limits::{SHADOW_DEATHS_MAX, SHADOWS_MAX};
use node::protocol::{Beside, RefusalCode, Request, Response, Shadow, Terms};
use node::shadow::{End, Ended};
use node::store::{STORE_FILE, Store};

/// It answers reads of more than 50 with 50, stops where 13 is added, and takes no more 99.
const CAPPED: &str = "
machine Tally version 2 {
  input  Add(Int) | Gone | Read
  output Ok | Sum(Int)
  state  { total: Int, most: Int }
  init   { total: 0, most: 50 }
  on Add(n) => { set total = total + n + 0 / (n - 13)  Ok }
  on Gone => Ok
  on Read => Sum(min(total, most))
  migrate from 1 { total } => { total: total, most: 50 }
  accept from 1 { Add(n) if n == 99 => refuse }
  reply to 1
}";

/// Version 1 with a total of 42.
struct Bench {
    node: Node,
    releases: Vec<Release>,
    first: Bundle,
    second: Bundle,
}

impl Bench {
    async fn new(second: &str) -> Bench {
        let releases = releases(&[TALLY_1, second]);
        let first = bundle(MACHINE, None, &releases[0], &["author"]);
        let node = Node::new();
        node.deploy(&first).await;
        let second = follower(&releases[0], first.id(), &releases[1]);
        let bench = Bench {
            node,
            releases,
            first,
            second,
        };
        bench.send(add(42)).await.expect("a step");
        bench
    }

    async fn send(&self, input: Value) -> Result<Value, Response> {
        self.node.send(MACHINE, &self.releases[0], &input).await
    }

    async fn run_beside(&self, bundle: &Bundle) -> Response {
        let bundle = bundle.encode();
        let reason = "to look".to_owned();
        self.node
            .ask("operator", Request::Shadow { bundle, reason })
            .await
    }

    async fn begin(&self) -> Shadow {
        match self.run_beside(&self.second).await {
            Response::Shadow(beside) => beside.running.expect("it runs"),
            other => panic!("no shadow: {other:?}"),
        }
    }

    async fn beside(&self) -> Beside {
        let machine = MACHINE.to_owned();
        let request = Request::ShadowStatus { machine };
        match self.node.ask("observer", request).await {
            Response::Shadow(beside) => *beside,
            other => panic!("no status: {other:?}"),
        }
    }

    /// The shadow once it has come to the machine's last input.
    async fn caught_up(&self) -> Shadow {
        loop {
            let running = self.beside().await.running.expect("it runs");
            if running.waiting == 0 {
                return running;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The end of a shadow, once it has ended by itself and the ledger says so.
    async fn ended(&self) -> Ended {
        loop {
            let entries = self.node.ledger(MACHINE).await;
            if let Some(Event::Shadowed(ended)) = entries.last().map(|entry| &entry.event) {
                assert_eq!(self.beside().await.last.as_ref(), Some(ended));
                return ended.clone();
            }
            tokio::task::yield_now().await;
        }
    }

    async fn drop_it(&self, bundle: BundleId) -> Response {
        let request = Request::ShadowDrop {
            machine: MACHINE.to_owned(),
            bundle: bundle.0,
            reason: "seen enough".to_owned(),
        };
        self.node.ask("operator", request).await
    }

    async fn promote(&self, trial: Option<Terms>) -> Response {
        let request = Request::ShadowPromote {
            machine: MACHINE.to_owned(),
            bundle: self.second.id().0,
            reason: "it does well".to_owned(),
            trial,
        };
        self.node.ask("operator", request).await
    }

    /// All that can be seen of the machine, its ledger with it.
    async fn picture(&self) -> (BTreeMap<&'static str, Response>, Vec<Entry>) {
        let picture = self.node.picture(MACHINE).await;
        (picture, self.node.ledger(MACHINE).await)
    }
}

fn follower(old: &Release, id: BundleId, new: &Release) -> Bundle {
    bundle(MACHINE, Some((old, id, 1)), new, &["author"])
}

#[tokio::test]
async fn a_shadow_counts_what_it_answers_otherwise_and_shows_the_first() {
    let bench = Bench::new(CAPPED).await;
    let begun = bench.begin().await;
    assert_eq!(
        (begun.offered.machine_version, begun.offered.sequence),
        (2, 2)
    );
    assert_eq!(
        (begun.offered.by.as_str(), begun.offered.reason.as_str()),
        ("operator", "to look")
    );
    for (input, output) in [
        (read(1), sum(1, 42)),
        (add(20), Value::constructor(0)),
        (read(1), sum(1, 62)),
        (add(13), Value::constructor(0)),
        (add(99), Value::constructor(0)),
        (read(1), sum(1, 174)),
    ] {
        assert_eq!(bench.send(input).await.expect("a step"), output);
    }
    let shadow = bench.caught_up().await;
    let comparison = &shadow.tally.comparison;
    let counts = (comparison.same, comparison.different, comparison.lost);
    assert_eq!((counts, comparison.compared), ((2, 3, 1), true));
    let first = comparison.first.as_ref().expect("one is different");
    let output = |n| Answer::Output(cam::encode::value(&sum(1, n)));
    assert_eq!((&first.was, &first.is), (&output(62), &output(50)));
    assert_eq!((first.at, first.from.as_str()), (5, "client"));
    assert_eq!(first.input, cam::encode::value(&read(1)));
    assert!(shadow.tally.longest_us <= shadow.tally.shadow_us);
}

#[tokio::test]
async fn a_machine_with_a_shadow_is_bit_for_bit_the_machine_without() {
    let alone = Bench::new(CAPPED).await;
    let shadowed = Bench::new(CAPPED).await;
    shadowed.begin().await;
    let mut answers = [Vec::new(), Vec::new()];
    for (bench, answers) in [&alone, &shadowed].into_iter().zip(&mut answers) {
        for n in [1, 13, 99, 5] {
            answers.push(bench.send(add(n)).await);
            answers.push(bench.send(read(1)).await);
        }
    }
    assert_eq!(answers[0], answers[1]);
    let shadow = shadowed.caught_up().await;
    assert_eq!(
        shadow.tally.comparison.different + shadow.tally.comparison.lost,
        5
    );
    let (now, ledger) = shadowed.picture().await;
    let (alone_now, alone_ledger) = alone.picture().await;
    for part in ["state", "program"] {
        assert_eq!(now[part], alone_now[part], "{part}");
    }
    assert_eq!((ledger.len(), alone_ledger.len()), (1, 1));
    assert_eq!(
        shadowed.node.status(MACHINE).await.steps,
        alone.node.status(MACHINE).await.steps
    );
    // The clock goes on with each look at it, so that only the stamps are not the same.
    let journals = [&alone, &shadowed].map(|bench| {
        // As a node that was killed leaves it.
        let folder = bench.node.copy_of_store();
        let path = folder.path().join(STORE_FILE);
        let store = Store::open(&path).expect("opens");
        let commands = store.commands(MACHINE, 0, 1000).expect("readable");
        let stamped = commands
            .into_iter()
            .map(|(at, command)| (at, command.stamped(0)));
        stamped.collect::<Vec<_>>()
    });
    assert_eq!(journals[0], journals[1]);
}

#[tokio::test]
async fn a_bundle_that_would_be_refused_is_no_shadow() {
    let bench = Bench::new(CAPPED).await;
    let before = bench.picture().await;
    let again = bench.run_beside(&bench.first).await;
    assert!(
        matches!(again, Response::AlreadyRunning { .. }),
        "{again:?}"
    );
    let from = Some((&bench.releases[0], bench.first.id(), 1));
    let unsigned = bundle(MACHINE, from, &bench.releases[1], &[]);
    let divided = releases(&[
        TALLY_1,
        &TALLY_2.replace("total * 1_000", "total / (total - 42)"),
    ]);
    let unsound = TALLY_2.replace("migrate", "invariant none: total == 0 migrate");
    let unsound = releases(&[TALLY_1, &unsound]);
    let lamp = releases(&[LAMP_1]);
    for (offered, code) in [
        (unsigned, RefusalCode::NOT_SIGNED_ENOUGH),
        (
            follower(&divided[0], bench.first.id(), &divided[1]),
            RefusalCode::MIGRATION_TRAPPED,
        ),
        (
            follower(&unsound[0], bench.first.id(), &unsound[1]),
            RefusalCode::CHECK_FAILED,
        ),
        (
            follower(&bench.releases[0], bench.second.id(), &bench.releases[1]),
            RefusalCode::STALE_SEQUENCE,
        ),
        (
            bundle("lamp", None, &lamp[0], &["author"]),
            RefusalCode::UNKNOWN_MACHINE,
        ),
    ] {
        assert_eq!(refusal(bench.run_beside(&offered).await).code, code);
    }
    let request = Request::Shadow {
        bundle: bench.second.encode(),
        reason: String::new(),
    };
    let refused = refusal(bench.node.ask("client", request).await);
    assert_eq!(refused.code, RefusalCode::NOT_ALLOWED);
    assert_eq!(bench.beside().await, Beside::default());
    assert_eq!(bench.picture().await, before);
}

#[tokio::test]
async fn a_machine_has_one_shadow_and_a_late_order_ends_no_other() {
    let bench = Bench::new(CAPPED).await;
    bench.begin().await;
    bench.send(add(1)).await.expect("a step");
    let again = bench.begin().await;
    assert_eq!(again.offered, bench.caught_up().await.offered);
    let others = releases(&[TALLY_1, TALLY_2]);
    let other = follower(&others[0], bench.first.id(), &others[1]);
    let refused = refusal(bench.run_beside(&other).await);
    assert_eq!(refused.code, RefusalCode::HAS_SHADOW);
    let refused = refusal(bench.drop_it(other.id()).await);
    assert_eq!(refused.code, RefusalCode::NO_SHADOW);
    assert_eq!(bench.caught_up().await.tally.comparison.same, 1);
}

#[tokio::test]
async fn a_node_runs_so_many_shadows_and_no_more() {
    let node = Node::new();
    let releases = releases(&[TALLY_1, CAPPED]);
    for place in 0..=SHADOWS_MAX {
        let name = format!("tally-{place}");
        let first = bundle(&name, None, &releases[0], &["author"]);
        node.deploy(&first).await;
        let from = Some((&releases[0], first.id(), 1));
        let request = Request::Shadow {
            bundle: bundle(&name, from, &releases[1], &["author"]).encode(),
            reason: String::new(),
        };
        match node.ask("operator", request).await {
            Response::Shadow(_) => assert!(place < SHADOWS_MAX),
            other => {
                assert_eq!(place, SHADOWS_MAX);
                assert_eq!(refusal(other).code, RefusalCode::BUSY);
            }
        }
    }
}

#[tokio::test]
async fn a_shadow_begins_anew_after_a_restart_and_says_so() {
    let mut bench = Bench::new(CAPPED).await;
    let begun = bench.begin().await;
    bench.send(add(20)).await.expect("a step");
    bench.send(read(1)).await.expect("a step");
    assert_eq!(bench.caught_up().await.tally.comparison.different, 1);
    let before = bench.picture().await;
    for restart in 1..=5 {
        bench.node.restart();
        assert_eq!(bench.picture().await, before, "restart {restart}");
        let shadow = bench.caught_up().await;
        assert_eq!(shadow.offered, begun.offered);
        assert!(shadow.counted_ms > shadow.offered.began_ms);
        let comparison = &shadow.tally.comparison;
        assert_eq!((comparison.same, comparison.different), (0, 0));
    }
    // Its state is that of the machine, migrated: the total of 62 is above its 50.
    bench.send(read(1)).await.expect("a step");
    assert_eq!(bench.caught_up().await.tally.comparison.different, 1);
}

#[tokio::test]
async fn a_dropped_shadow_is_gone_for_good_and_leaves_a_word_in_the_ledger() {
    let mut bench = Bench::new(CAPPED).await;
    bench.begin().await;
    bench.send(add(13)).await.expect("a step");
    let counted = bench.caught_up().await;
    let response = bench.drop_it(bench.second.id()).await;
    let Response::Shadow(beside) = response else {
        panic!("{response:?}")
    };
    let last = beside.last.expect("it was dropped");
    assert_eq!((&last.why, &last.tally), (&End::Dropped, &counted.tally));
    let entries = bench.node.ledger(MACHINE).await;
    assert_eq!(entries.len(), 2);
    assert!(entries[1].follows(entries.first()));
    let who = (entries[1].by.as_str(), entries[1].reason.as_str());
    assert_eq!(who, ("operator", "seen enough"));
    assert_eq!(entries[1].event, Event::Shadowed(last.clone()));
    for _ in 0..2 {
        let expected = Beside {
            running: None,
            last: Some(last.clone()),
        };
        assert_eq!(bench.beside().await, expected);
        let refused = refusal(bench.drop_it(bench.second.id()).await);
        assert_eq!(refused.code, RefusalCode::NO_SHADOW);
        assert_eq!(
            refusal(bench.promote(None).await).code,
            RefusalCode::NO_SHADOW
        );
        bench.node.restart();
    }
    // Nothing speaks against another look, or against the bundle itself.
    bench.begin().await;
    bench.drop_it(bench.second.id()).await;
    bench.node.deploy(&bench.second).await;
}

#[tokio::test]
async fn a_promoted_shadow_is_the_bundle_pushed_on_the_machines_own_state() {
    let terms = Terms {
        time_ms: 60_000,
        steps: 0,
        faults: 0,
        checks: false,
        starts: 2,
    };
    for trial in [None, Some(terms)] {
        let mut bench = Bench::new(CAPPED).await;
        bench.begin().await;
        // The shadow stops here, and so its state is another than the machine's.
        bench.send(add(13)).await.expect("a step");
        bench.caught_up().await;
        let response = bench.promote(trial).await;
        assert!(matches!(response, Response::Applied(_)), "{response:?}");
        let ended = {
            let entries = bench.node.ledger(MACHINE).await;
            let [
                _,
                Entry {
                    event: Event::Shadowed(ended),
                    ..
                },
                applied,
            ] = entries.as_slice()
            else {
                panic!("{entries:?}")
            };
            let Event::Applied(accepted) = &applied.event else {
                panic!("{applied:?}")
            };
            assert_eq!(
                (applied.reason.as_str(), accepted.trial),
                ("it does well", trial)
            );
            ended.clone()
        };
        assert_eq!(
            (ended.why, ended.tally.comparison.different),
            (End::Promoted, 1)
        );
        assert_eq!(bench.send(read(1)).await.expect("a step"), sum(1, 50));
        assert_eq!(
            bench.node.life(MACHINE).await.trial.is_some(),
            trial.is_some()
        );
        bench.node.restart();
        assert_eq!(bench.beside().await.running, None);
        let status = bench.node.status(MACHINE).await;
        assert_eq!((status.machine_version, status.sequence), (2, 2));
    }
}

#[tokio::test]
async fn a_turn_of_the_machine_ends_its_shadow() {
    let mut bench = Bench::new(CAPPED).await;
    bench.begin().await;
    bench.send(add(1)).await.expect("a step");
    bench.caught_up().await;
    let others = releases(&[TALLY_1, TALLY_2]);
    let other = follower(&others[0], bench.first.id(), &others[1]);
    bench.node.deploy(&other).await;
    let last = bench.beside().await.last.expect("it has ended");
    assert_eq!((&last.why, last.tally.comparison.same), (&End::Turned, 1));
    assert_eq!(
        refusal(bench.promote(None).await).code,
        RefusalCode::NO_SHADOW
    );
    assert_eq!(
        refusal(bench.run_beside(&bench.second).await).code,
        RefusalCode::STALE_PROGRAM
    );
    bench.node.restart();
    assert_eq!(bench.beside().await.last, Some(last));
    assert_eq!(bench.send(read(1)).await.expect("a step"), sum(1, 43));
}

#[tokio::test]
async fn a_program_on_trial_has_no_shadow() {
    let bench = Bench::new(CAPPED).await;
    let terms = Terms {
        time_ms: 60_000,
        steps: 0,
        faults: 9,
        checks: false,
        starts: 2,
    };
    bench.node.try_out(&bench.second, terms).await;
    let third = CAPPED
        .replace("version 2", "version 3")
        .replace("from 1 { total }", "from 2 { total, most: _ }");
    let third = third
        .replace(
            "accept from 1 { Add(n) if n == 99 => refuse }",
            "accept from 2",
        )
        .replace("reply to 1", "reply to 2");
    let releases = releases(&[TALLY_1, CAPPED, &third]);
    let from = Some((&releases[1], bench.second.id(), 2));
    let third = bundle(MACHINE, from, &releases[2], &["author"]);
    assert_eq!(
        refusal(bench.run_beside(&third).await).code,
        RefusalCode::ON_TRIAL
    );
}

/// It turns round and round where anything is read.
const TURNS: &str = "
machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int }
  init   { total: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(fold(range(0, 2_000, 2_000), 0, fn(sum, n) => sum + fold(range(0, 2_000, 2_000), n, fn(sum, n) => sum + n)))
  migrate from 1 { total } => { total: total }
  accept from 1
  reply to 1
}";

#[tokio::test]
async fn a_shadow_that_turns_round_until_its_fuel_is_gone_harms_nothing() {
    let bench = Bench::new(TURNS).await;
    bench.begin().await;
    assert_eq!(bench.send(read(1)).await.expect("a step"), sum(1, 42));
    for _ in 0..3 {
        bench.send(add(1)).await.expect("a step");
    }
    let comparison = bench.caught_up().await.tally.comparison;
    assert_eq!((comparison.same, comparison.different), (3, 1));
    let first = comparison.first.expect("one is different");
    assert!(matches!(first.is, Answer::Stopped(_)), "{first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_again_and_again_takes_the_shadow_up_no_longer() {
    let releases = releases(&[TALLY_1, CAPPED]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let second = follower(&releases[0], first.id(), &releases[1]);
    let mut process = Process::start(Path::new(env!("CARGO_BIN_EXE_node-under-test")));
    let push = Request::Push {
        bundle: first.encode(),
    };
    let response = process.ask("operator", &push).await.expect("answered");
    assert!(matches!(response, Response::Applied(_)), "{response:?}");
    let shadow = Request::Shadow {
        bundle: second.encode(),
        reason: String::new(),
    };
    let response = process.ask("operator", &shadow).await.expect("answered");
    assert!(matches!(response, Response::Shadow(_)), "{response:?}");
    let status = Request::ShadowStatus {
        machine: MACHINE.to_owned(),
    };
    for death in 1..=SHADOW_DEATHS_MAX + 2 {
        process.kill();
        process.restart();
        let response = process.ask("operator", &status).await.expect("answered");
        let Response::Shadow(beside) = response else {
            panic!("{response:?}")
        };
        assert_eq!(
            beside.running.is_some(),
            death <= SHADOW_DEATHS_MAX,
            "{death}"
        );
        let why = beside.last.map(|last| last.why);
        let count = SHADOW_DEATHS_MAX + 1;
        let expected = (death >= count).then_some(End::Starts { count });
        assert_eq!(why, expected, "{death}");
    }
}

/// A migration that has worked on the state of its delivery may not work on that of a later start.
#[tokio::test]
async fn a_shadow_that_cannot_begin_anew_ends_and_the_machine_is_served() {
    let source = TALLY_2.replace("total * 1_000", "total / (total - 50)");
    let mut bench = Bench::new(&source).await;
    bench.begin().await;
    bench.send(add(8)).await.expect("a step");
    bench.caught_up().await;
    bench.node.restart();
    let ended = bench.ended().await;
    assert!(matches!(ended.why, End::Refused { .. }), "{ended:?}");
    assert!(!ended.tally.comparison.compared);
    let last = bench.node.ledger(MACHINE).await.pop().expect("an entry");
    assert_eq!((last.by.as_str(), last.reason.as_str()), ("", ""));
    assert_eq!(bench.send(read(1)).await.expect("a step"), sum(1, 50));
}
