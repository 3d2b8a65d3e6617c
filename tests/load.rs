//! A node that is upgraded again and again under traffic: no answer is lost, doubled or out of order.
//!
//! Each client counts its own inputs, and the machine counts them too, for each client. An answer tells the
//! machine's count and the number of its step, so a step that was lost, taken twice, or taken out of turn shows in
//! the history of one client. `UPGRADES=1000 cargo test --release -p tests --test load` is the long run.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cam::value::Value;
use cam::{decode, encode};
use harness::process::Process;
use harness::street::{Release, bundle, releases};
use node::client::Client;
use node::protocol::{RefusalCode, Request, Response};

const CLIENTS: i64 = 6;

/// Version `n` carries the counts over and keeps the clients of the version before.
fn source(version: usize) -> String {
    let upgrade = match version.checked_sub(1) {
        None | Some(0) => String::new(),
        Some(from) => format!(
            "migrate from {from} {{ counts, upgrades }} => {{ counts: counts, upgrades: upgrades + 1 }}
             accept from {from}
             reply to {from}"
        ),
    };
    format!(
        "machine Counts version {version} {{
           input  | Tick(Int)
           output | Count(Int)
           state  {{ counts: Map(Int, Int), upgrades: Int }}
           init   {{ counts: Map[], upgrades: 0 }}
           on Tick(client) => {{
             let count = (counts[client] ?? 0) + 1
             set counts[client] = count
             Count(count)
           }}
           {upgrade}
         }}"
    )
}

/// What a client was answered: the machine's count of its inputs, and the step's number.
type History = Vec<(i64, u64)>;

/// Sends until the upgrades are done, each input in a version of some upgrades ago, and again in a newer one where
/// that version is no longer served.
async fn traffic(
    client: Client,
    number: i64,
    releases: Arc<Vec<Release>>,
    current: Arc<AtomicUsize>,
) -> History {
    let mut history = History::new();
    let input = encode::value(&Value::sum(0, Value::Int(number)));
    loop {
        let newest = current.load(Ordering::SeqCst);
        let is_last = newest + 1 == releases.len();
        let behind = history.len() % 12;
        let release = &releases[newest.saturating_sub(behind)];
        let request = Request::Submit {
            machine: "counts".to_owned(),
            program: release.program.digest().0,
            input: input.clone(),
        };
        match client
            .request(&request)
            .await
            .expect("every input is answered")
        {
            Response::Answer { step, output, .. } => {
                let program = &release.program;
                let output =
                    decode::value(program.types(), program.output_type(), &output, 1 << 10);
                let Ok(Value::Sum(_, count)) = output else {
                    panic!("no output: {output:?}")
                };
                let Value::Int(count) = *count else {
                    panic!("no count: {count:?}")
                };
                history.push((count, step));
            }
            Response::Refused(refusal) => {
                assert_eq!(refusal.code, RefusalCode::OTHER_PROGRAM, "{refusal:?}");
            }
            other => panic!("{other:?}"),
        }
        if is_last {
            return history;
        }
    }
}

/// Every input of a client was counted once, and answered in the order in which it was sent.
fn check(history: &History) {
    for ((count, _), expected) in history.iter().zip(1..) {
        assert_eq!(*count, expected, "a step was lost or taken twice");
    }
    assert!(history.is_sorted_by(|(_, one), (_, next)| one < next));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_reordered_through_many_upgrades() {
    let upgrades = std::env::var("UPGRADES").map_or(100, |count| count.parse().expect("a number"));
    let sources: Vec<String> = (1..=upgrades + 1).map(source).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let releases = Arc::new(releases(&sources));
    let process = Process::start(Path::new(env!("CARGO_BIN_EXE_node-under-test")));
    let operator = process.connect("operator").await.expect("reachable");
    let current = Arc::new(AtomicUsize::new(0));
    let mut last = None;
    let mut clients = Vec::new();
    for version in 0..=upgrades {
        let from = last.map(|last| (&releases[version - 1], last, version as u64));
        let next = bundle("counts", from, &releases[version], &["author"]);
        let push = Request::Push {
            bundle: next.encode(),
        };
        let response = operator.request(&push).await.expect("answered");
        assert!(matches!(response, Response::Applied(_)), "{response:?}");
        current.store(version, Ordering::SeqCst);
        last = Some(next.id());
        if version == 0 {
            for number in 0..CLIENTS {
                let client = process.connect("client").await.expect("reachable");
                let (releases, current) = (Arc::clone(&releases), Arc::clone(&current));
                clients.push(tokio::spawn(traffic(client, number, releases, current)));
            }
        }
    }
    let mut steps = 0;
    for client in clients {
        let history = client.await.expect("no panic");
        check(&history);
        assert!(history.len() > upgrades / 10, "{} steps", history.len());
        steps += history.len();
    }
    let status = Request::Status { machine: None };
    let response = process.ask("client", &status).await.expect("answered");
    let Response::Status(status) = response else {
        panic!("{response:?}")
    };
    assert_eq!(
        status.machines[0].steps, steps as u64,
        "steps that nobody was answered"
    );
    assert_eq!(status.machines[0].sequence, upgrades as u64 + 1);
    println!("{upgrades} upgrades, {steps} steps of {CLIENTS} clients");
}
