//! Numbered inputs: the same number is one step and one answer, through restarts, upgrades and ways back.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::path::Path;

use cam::encode;
use cam::value::Value;
use harness::biography::{TERMS, journal, life_of};
use harness::process::Process;
use harness::street::{Node, Release, bundle, refusal, releases};
use harness::tally::{MACHINE, TALLY_1, TALLY_2, add, read};
use node::biography::Mark;
use node::bundle::{Bundle, BundleId};
use node::limits::{SESSION_ANSWER_BYTES_MAX, SESSION_BYTES, SESSIONS_BYTES_PER_KEY_MAX};
use node::protocol::{Numbered, RefusalCode, Request, Response, Terms};
use node::rollback::Way;
use node::store::STORE_FILE;

/// It stops where 13 is added, has no way back, and serves nobody of version 1.
const LONELY: &str = "
machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, more: Int }
  init   { total: 0, more: 0 }
  on Add(n) => { set total = total + n + 0 / (n - 13)  Ok }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total, more: 0 }
}";

/// Its answers are as long as it is told to make them.
const LONG: &str = "
machine Long version 1 {
  input  Fill(Bytes) | Nothing
  output Filled(Bytes) | Done
  state  { count: Int }
  init   { count: 0 }
  on Fill(bytes) => { set count = count + 1  Filled(bytes) }
  on Nothing => { set count = count + 1  Done }
}";

struct Bench {
    node: Node,
    releases: Vec<Release>,
    last: (BundleId, u64),
}

impl Bench {
    async fn new(sources: &[&str]) -> Bench {
        let releases = releases(sources);
        let first = bundle(MACHINE, None, &releases[0], &["author"]);
        let node = Node::new();
        node.deploy(&first).await;
        Bench {
            node,
            releases,
            last: (first.id(), 1),
        }
    }

    /// The first number of a session that begins now.
    async fn begin(&self, session: u8) -> u64 {
        match self.remembered(session).await {
            (place, None) => place + 1,
            known => panic!("{known:?}"),
        }
    }

    async fn remembered(&self, session: u8) -> (u64, Option<u64>) {
        let request = Request::Session {
            machine: MACHINE.to_owned(),
            session: [session; 16],
        };
        match self.node.ask("client", request).await {
            Response::Session { place, last } => (place, last),
            other => panic!("{other:?}"),
        }
    }

    /// Sends a numbered input of a version, as bytes that may be sent again.
    async fn send(&self, version: usize, session: u8, number: u64, input: &Value) -> Response {
        let request = Request::Numbered {
            machine: MACHINE.to_owned(),
            program: self.releases[version - 1].program.digest().0,
            numbered: Numbered {
                session: [session; 16],
                number,
            },
            input: encode::value(input),
        };
        self.node.ask("client", request).await
    }

    async fn code(&self, version: usize, session: u8, number: u64, input: &Value) -> RefusalCode {
        refusal(self.send(version, session, number, input).await).code
    }

    fn second(&self) -> Bundle {
        let (id, sequence) = self.last;
        let from = Some((&self.releases[0], id, sequence));
        bundle(MACHINE, from, &self.releases[1], &["author"])
    }

    async fn steps(&self) -> (u64, u64) {
        let status = self.node.status(MACHINE).await;
        (status.steps, status.traps)
    }

    /// As if the node were killed now.
    fn kill(&mut self) {
        let image = std::fs::read(self.node.copy_of_store().path().join(STORE_FILE));
        self.node = Node::on_store(&image.expect("readable"));
    }
}

fn step(response: &Response) -> u64 {
    match response {
        Response::Answer { step, .. } => *step,
        other => panic!("no answer: {other:?}"),
    }
}

#[tokio::test]
async fn the_same_number_is_one_step_and_the_same_answer_also_after_a_start() {
    let mut bench = Bench::new(&[TALLY_1]).await;
    let first = bench.begin(1).await;
    for number in first..first + 5 {
        let answer = bench.send(1, 1, number, &add(2)).await;
        for _ in 0..3 {
            assert_eq!(bench.send(1, 1, number, &add(2)).await, answer);
        }
        bench.node.restart();
        assert_eq!(bench.send(1, 1, number, &add(2)).await, answer);
        bench.kill();
        assert_eq!(bench.send(1, 1, number, &add(2)).await, answer);
        assert_eq!(bench.remembered(1).await.1, Some(number));
    }
    assert_eq!(bench.steps().await, (5, 0));
}

#[tokio::test]
async fn every_other_number_has_a_refusal_of_its_own_and_takes_no_step() {
    let bench = Bench::new(&[TALLY_1]).await;
    let first = bench.begin(1).await;
    for number in first..first + 3 {
        step(&bench.send(1, 1, number, &add(1)).await);
    }
    let last = first + 2;
    let cases = [
        (1, last - 1, add(1), RefusalCode::STALE_NUMBER),
        (1, 0, add(1), RefusalCode::STALE_NUMBER),
        (1, last, add(2), RefusalCode::OTHER_INPUT),
        (1, last + 2, add(1), RefusalCode::NUMBER_GAP),
        (1, u64::MAX, add(1), RefusalCode::NUMBER_GAP),
        (2, 0, add(1), RefusalCode::FORGOTTEN_SESSION),
        (2, u64::MAX, add(1), RefusalCode::NUMBER_GAP),
    ];
    let before = bench.node.picture(MACHINE).await;
    for (session, number, input, expected) in cases {
        let code = bench.code(1, session, number, &input).await;
        assert_eq!(code, expected, "{session} {number}");
    }
    assert_eq!(bench.node.picture(MACHINE).await, before);
    // A refused input has not taken its number.
    let malformed = Value::Int(3);
    let code = bench.code(1, 1, last + 1, &malformed).await;
    assert_eq!(code, RefusalCode::MALFORMED_INPUT);
    assert_eq!(step(&bench.send(1, 1, last + 1, &add(1)).await), 4);
}

#[tokio::test]
async fn a_session_is_of_one_key_and_of_one_machine() {
    let bench = Bench::new(&[TALLY_1]).await;
    let first = bench.begin(1).await;
    step(&bench.send(1, 1, first, &add(1)).await);
    let other = bundle("other", None, &bench.releases[0], &["author"]);
    bench.node.deploy(&other).await;
    let request = |machine: &str| Request::Session {
        machine: machine.to_owned(),
        session: [1; 16],
    };
    let unknown = bench.node.ask("client", request("other")).await;
    assert_eq!(
        unknown,
        Response::Session {
            place: 1,
            last: None
        }
    );
    let missing = bench.node.ask("client", request("nobody")).await;
    assert_eq!(refusal(missing).code, RefusalCode::UNKNOWN_MACHINE);
}

#[tokio::test]
async fn an_input_that_stopped_is_told_again_that_it_stopped() {
    let mut bench = Bench::new(&[&LONELY.replace("version 2", "version 1").replace(
        "  migrate from 1 { total } => { total: total, more: 0 }\n",
        "",
    )])
    .await;
    let first = bench.begin(1).await;
    let trapped = bench.send(1, 1, first, &add(13)).await;
    assert!(
        matches!(&trapped, Response::Trapped { name, .. } if name == "division-by-zero"),
        "{trapped:?}"
    );
    bench.node.restart();
    assert_eq!(bench.send(1, 1, first, &add(13)).await, trapped);
    assert_eq!(bench.steps().await, (0, 1));
}

#[tokio::test]
async fn an_answer_is_remembered_across_an_upgrade_though_its_program_is_no_longer_served() {
    for source in [TALLY_2, LONELY] {
        let mut bench = Bench::new(&[TALLY_1, source]).await;
        let first = bench.begin(1).await;
        let answer = bench.send(1, 1, first, &add(7)).await;
        bench.node.deploy(&bench.second()).await;
        for _ in 0..2 {
            assert_eq!(bench.send(1, 1, first, &add(7)).await, answer);
            bench.node.restart();
        }
        // Written for the new program it is another input, and the refusal says for which it was written.
        let refused = refusal(bench.send(2, 1, first, &add(7)).await);
        assert_eq!(refused.code, RefusalCode::OTHER_INPUT);
        let program = bench.releases[0].program.digest().0;
        assert_eq!(refused.expected, Some(program));
        assert_eq!(step(&bench.send(2, 1, first + 1, &add(1)).await), 2);
    }
}

#[tokio::test]
async fn what_was_answered_stays_answered_when_the_machine_goes_back() {
    for (source, mapped) in [(LONELY, false), (WAY_BACK, true)] {
        let bench = Bench::new(&[TALLY_1, source]).await;
        let first = bench.begin(1).await;
        step(&bench.send(1, 1, first, &add(1)).await);
        let tried = bench.node.try_out(&bench.second(), TERMS).await;
        assert!(matches!(tried, Response::Applied(_)), "{tried:?}");
        let on_trial = bench.send(2, 1, first + 1, &add(5)).await;
        assert_eq!(step(&on_trial), 2);
        let request = Request::Rollback {
            machine: MACHINE.to_owned(),
            running: bench.releases[1].program.digest().0,
            reason: "a test".to_owned(),
            rehearse: false,
        };
        let back = bench.node.ask("operator", request).await;
        let Response::RolledBack { report, .. } = back else {
            panic!("{back:?}")
        };
        match report.way {
            Way::Mapped => assert!(mapped),
            // Numbers mean nothing where old inputs are given to the old program.
            Way::Replayed(compared) => assert_eq!((mapped, compared.lost), (false, 1)),
        }
        assert_eq!(bench.send(2, 1, first + 1, &add(5)).await, on_trial);
        assert_eq!(step(&bench.send(1, 1, first + 2, &add(1)).await), 3);
    }
}

/// As LONELY, with a way back.
const WAY_BACK: &str = "
machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, more: Int }
  init   { total: 0, more: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total, more: 0 }
  migrate back lossy to 1 { total, more: _ } => { total: total }
}";

#[tokio::test]
async fn inputs_answered_before_a_crash_loop_are_known_to_have_been_taken() {
    let mut bench = Bench::new(&[TALLY_1, TALLY_2]).await;
    let terms = Terms { starts: 1, ..TERMS };
    let tried = bench.node.try_out(&bench.second(), terms).await;
    assert!(matches!(tried, Response::Applied(_)), "{tried:?}");
    let first = bench.begin(1).await;
    for number in first..first + 3 {
        step(&bench.send(2, 1, number, &add(5)).await);
    }
    bench.kill();
    bench.kill();
    assert_eq!(bench.node.status(MACHINE).await.machine_version, 1);
    let code = bench.code(2, 1, first + 2, &add(5)).await;
    assert_eq!(code, RefusalCode::ANSWER_NOT_KEPT);
    assert_eq!(step(&bench.send(1, 1, first + 3, &add(1)).await), 4);
}

#[tokio::test]
async fn plans_and_versions_beside_see_numbered_inputs_as_they_see_others() {
    let bench = Bench::new(&[TALLY_1, TALLY_2]).await;
    let bundle = bench.second().encode();
    let reason = String::new();
    let shadow = Request::Shadow {
        bundle: bundle.clone(),
        reason,
    };
    let begun = bench.node.ask("operator", shadow).await;
    assert!(matches!(begun, Response::Shadow(_)), "{begun:?}");
    let first = bench.begin(1).await;
    for number in first..first + 9 {
        step(&bench.send(1, 1, number, &add(5)).await);
        step(&bench.send(1, 1, number, &add(5)).await);
    }
    let response = bench.node.ask("operator", Request::Plan { bundle }).await;
    let Response::Plan(plan) = response else {
        panic!("{response:?}")
    };
    let rehearsal = plan.rehearsal.expect("it runs");
    assert_eq!((rehearsal.same, rehearsal.lost), (9, 0));
    let machine = MACHINE.to_owned();
    let response = bench
        .node
        .ask("operator", Request::ShadowStatus { machine })
        .await;
    let Response::Shadow(beside) = response else {
        panic!("{response:?}")
    };
    let tally = format!("{beside:?}");
    assert!(tally.contains("same: 9"), "{tally}");
}

#[tokio::test]
async fn a_life_with_numbered_inputs_is_lived_again() {
    let bench = Bench::new(&[TALLY_1, LONELY]).await;
    let first = bench.begin(1).await;
    for number in first..first + 3 {
        bench.send(1, 1, number, &add(5)).await;
        bench.send(1, 1, number, &add(5)).await;
    }
    bench.node.try_out(&bench.second(), TERMS).await;
    bench.send(2, 1, first + 3, &add(13)).await;
    step(&bench.send(2, 1, first + 4, &read(1)).await);
    let (_, commands) = journal(&bench.node, MACHINE).await;
    assert_eq!(
        commands.len(),
        7,
        "what was asked again is not in the journal"
    );
    let life = life_of(&bench.node, MACHINE).await;
    let lived = life
        .replay(life.begin().expect("it begins"), |_, _, _| true)
        .unwrap_or_else(|misfit| panic!("{misfit}"));
    assert_eq!(Mark::of(lived.replica()).as_ref(), life.end());
}

#[tokio::test]
async fn what_is_remembered_has_a_bound_and_nothing_is_ever_taken_twice() {
    let mut bench = Bench::new(&[LONG]).await;
    let fill = |length| Value::sum(0, Value::Bytes(vec![7; length].into()));
    let nothing = Value::constructor(1);
    let early = bench.begin(100).await;
    // An answer too long to keep: known to have been given.
    step(
        &bench
            .send(1, 1, early, &fill(SESSION_ANSWER_BYTES_MAX + 1))
            .await,
    );
    let code = bench
        .code(1, 1, early, &fill(SESSION_ANSWER_BYTES_MAX + 1))
        .await;
    assert_eq!(code, RefusalCode::ANSWER_NOT_KEPT);
    // Many others, until the first is forgotten.
    let length = 60_000;
    let room = u8::try_from(SESSIONS_BYTES_PER_KEY_MAX / (length + SESSION_BYTES)).expect("few");
    let mut numbers = vec![(1, early)];
    for session in 2..=room + 3 {
        let number = bench.begin(session).await;
        step(&bench.send(1, session, number, &fill(length)).await);
        numbers.push((session, number));
    }
    let (steps, _) = bench.steps().await;
    for _ in 0..2 {
        let mut forgotten = 0;
        for (session, number) in &numbers {
            match bench.send(1, *session, *number, &fill(length)).await {
                Response::Refused(refused) => {
                    assert_eq!(refused.code, RefusalCode::FORGOTTEN_SESSION, "{session}");
                    forgotten += 1;
                }
                answer => drop(step(&answer)),
            }
        }
        assert_eq!(forgotten, numbers.len() - usize::from(room));
        assert_eq!(bench.steps().await.0, steps, "a step was taken twice");
        bench.node.restart();
    }
    // A session that began before others were forgotten cannot prove that it is new; one that begins now can.
    let code = bench.code(1, 100, early, &nothing).await;
    assert_eq!(code, RefusalCode::FORGOTTEN_SESSION);
    let number = bench.begin(100).await;
    assert_eq!(step(&bench.send(1, 100, number, &nothing).await), steps + 1);
}

/// The client of the product against a node that is killed and started again in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_node_is_started_again_goes_on_by_itself() {
    let mut process = Process::start(Path::new(env!("CARGO_BIN_EXE_node-under-test")));
    let releases = releases(&[TALLY_1]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let push = Request::Push {
        bundle: first.encode(),
    };
    let pushed = process.ask("operator", &push).await.expect("answered");
    assert!(matches!(pushed, Response::Applied(_)), "{pushed:?}");
    process.stay_at_its_address();
    let mut caller = process.call("client").await.expect("reachable");
    let lane = caller.begin(MACHINE).await.expect("answered");
    let mut lane = lane.expect("it knows sessions");
    let program = releases[0].program.digest().0;
    let input = encode::value(&add(1));
    for round in 1..=6 {
        let response = caller.submit(&mut lane, program, &input).await;
        assert_eq!(step(&response.expect("answered")), round);
        match round % 3 {
            1 => process.kill(),
            2 => process.stop(),
            _ => continue,
        }
        process.restart();
    }
}
