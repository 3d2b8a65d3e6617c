//! The node's own upgrade: its process is replaced under traffic, and clients notice nothing but a pause.
//!
//! Each client counts its inputs, and the machine counts them too, for each client: an input that was lost, taken twice
//! or out of turn shows in the history of one client. The clients are told nothing of what happens to the node.
//! `REPLACEMENTS=200 cargo test --release -p tests --test takeover` is the long run.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cam::value::Value;
use cam::{decode, encode};
use harness::process::Process;
use harness::street::{Release, bundle, releases};
use harness::tally::{MACHINE, TALLY_1, TALLY_2, add, read, sum};
use harness::tree;
use node::client::Caller;
use node::protocol::{Entry, Request, Response};

const CLIENTS: usize = 4;

const COUNTS: &str = "
machine Counts version 1 {
  input  | Tick(Int)
  output | Count(Int)
  state  { counts: Map(Int, Int) }
  init   { counts: Map[] }
  on Tick(client) => {
    let count = (counts[client] ?? 0) + 1
    set counts[client] = count
    Count(count)
  }
}";

/// What is seen of the clients while they run.
#[derive(Default)]
struct Seen {
    is_over: AtomicBool,
    steps: [AtomicUsize; CLIENTS],
}

/// The machine's count of a client's inputs, and the number of the step, of each answer.
type History = Vec<(i64, u64)>;

async fn traffic(mut caller: Caller, number: usize, release: Release, seen: Arc<Seen>) -> History {
    let program = &release.program;
    let lane = caller.begin("counts").await.expect("answered");
    let mut lane = lane.expect("it knows sessions");
    let name = i64::try_from(number).expect("few");
    let input = encode::value(&Value::sum(0, Value::Int(name)));
    let mut history = History::new();
    while !seen.is_over.load(Ordering::SeqCst) {
        let response = caller.submit(&mut lane, program.digest().0, &input).await;
        let Ok(Response::Answer { step, output, .. }) = response else {
            panic!(
                "client {number}, after {} answers: {response:?}",
                history.len()
            )
        };
        let output = decode::value(program.types(), program.output_type(), &output, 1 << 10);
        let Ok(Value::Sum(_, count)) = output else {
            panic!("no output: {output:?}")
        };
        let Value::Int(count) = *count else {
            panic!("no count: {count:?}")
        };
        history.push((count, step));
        seen.steps[number].fetch_add(1, Ordering::SeqCst);
    }
    caller.close().await;
    history
}

/// Waits until every client has some more answers than now.
async fn go_on(seen: &Seen) {
    let now = seen
        .steps
        .each_ref()
        .map(|steps| steps.load(Ordering::SeqCst));
    let is_further = || {
        let mut both = seen.steps.iter().zip(now);
        both.all(|(steps, then)| steps.load(Ordering::SeqCst) >= then + 5)
    };
    while !is_further() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_out_of_turn_when_the_process_is_replaced_or_killed() {
    let rounds = std::env::var("REPLACEMENTS").map_or(6, |count| count.parse().expect("a number"));
    let mut process = Process::start(Path::new(env!("CARGO_BIN_EXE_node-under-test")));
    process.stay_at_its_address();
    let releases = releases(&[COUNTS]);
    let first = bundle("counts", None, &releases[0], &["author"]);
    let push = Request::Push {
        bundle: first.encode(),
    };
    let pushed = process.ask("operator", &push).await.expect("answered");
    assert!(matches!(pushed, Response::Applied(_)), "{pushed:?}");
    let seen = Arc::new(Seen::default());
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let caller = process.call("client").await.expect("reachable");
        let (release, seen) = (releases[0].clone(), Arc::clone(&seen));
        clients.push(tokio::spawn(traffic(caller, number, release, seen)));
    }
    for round in 0..rounds {
        go_on(&seen).await;
        match round % 3 {
            0 => process.replace(),
            1 => {
                process.kill();
                process.restart();
            }
            _ => {
                process.stop();
                process.restart();
            }
        }
    }
    go_on(&seen).await;
    seen.is_over.store(true, Ordering::SeqCst);
    let mut steps = 0;
    for client in clients {
        let history = client.await.expect("no panic");
        for ((count, _), expected) in history.iter().zip(1..) {
            assert_eq!(*count, expected, "an input was lost or taken twice");
        }
        assert!(history.is_sorted_by(|(_, one), (_, next)| one < next));
        steps += history.len();
    }
    let status = Request::Status { machine: None };
    let response = process.ask("client", &status).await.expect("answered");
    let Response::Status(status) = response else {
        panic!("{response:?}")
    };
    let taken = status.machines[0].steps;
    assert_eq!(taken, steps as u64, "steps that nobody was answered");
    println!("{rounds} times another process, {steps} steps of {CLIENTS} clients");
}

async fn ledger(process: &Process) -> Vec<Entry> {
    let request = Request::Ledger {
        machine: MACHINE.to_owned(),
        after: 0,
        limit: 1000,
    };
    match process.ask("client", &request).await {
        Ok(Response::Ledger { entries }) => entries,
        other => panic!("{other:?}"),
    }
}

async fn send(process: &Process, release: &Release, input: &Value) -> Value {
    let request = Request::Submit {
        machine: MACHINE.to_owned(),
        program: release.program.digest().0,
        input: encode::value(input),
    };
    let response = process.ask("client", &request).await;
    let Ok(Response::Answer { output, .. }) = response else {
        panic!("{response:?}")
    };
    let program = &release.program;
    let output = decode::value(program.types(), program.output_type(), &output, 1 << 10);
    output.expect("of the client's own type")
}

/// The stores that older nodes have left behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_an_older_node_is_served_with_its_machine_its_clients_and_its_ledger() {
    let releases = releases(&[TALLY_1, TALLY_2]);
    let golden = tree::root().join("tests/golden/store-1.redb");
    let mut process = Process::start(Path::new(env!("CARGO_BIN_EXE_node-under-test")));
    process.stop();
    process.put_store(&fs::read(golden).expect("kept"));
    // Nobody serves it the first time; then the process itself is the older one.
    for round in 0..3 {
        process.replace();
        let entries = ledger(&process).await;
        assert_eq!(entries.len(), 2);
        let before = std::iter::once(None).chain(entries.iter().map(Some));
        assert!(
            entries
                .iter()
                .zip(before)
                .all(|(entry, before)| entry.follows(before))
        );
        // 42, 1 to 5 and 7 were added before, by clients of both versions.
        send(&process, &releases[0], &add(1)).await;
        let total = send(&process, &releases[0], &read(1)).await;
        assert_eq!(total, sum(1, 42 + 15 + 7 + 1 + round));
        let total = send(&process, &releases[1], &read(2)).await;
        assert_eq!(total, sum(2, (42 + 15 + 7 + 1 + round) * 1_000));
    }
}
