//! SIGKILL during traffic and during upgrades: what was acknowledged is there, and never half of an
//! upgrade.
//!
//! Each client sends `Add(1)` and counts its answers. After the kill the total must hold every answered
//! step, and at most one more for each client: the one that was in flight. Of an upgrade that was in
//! flight, either all is there or nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cam::value::Value;
use cam::{decode, encode};
use harness::process::Process;
use harness::street::{Release, bundle, releases};
use node::bundle::BundleId;
use node::client::Client;
use node::protocol::{Request, Response};

const CLIENTS: u64 = 4;
const LIVES: u64 = 12;

/// Version `n` scales nothing and drops nothing; it only counts its upgrades.
fn source(version: u32) -> String {
    let migrate = if version == 1 {
        String::new()
    } else {
        let from = version - 1;
        format!(
            "migrate from {from} {{ total, upgrades }} => {{ total: total, upgrades: upgrades + 1 }}
             accept from {from}
             reply to {from}"
        )
    };
    format!(
        "machine Tally version {version} {{
           input  Add(Int) | Read
           output Ok | Sum(Int)
           state  {{ total: Int, upgrades: Int }}
           init   {{ total: 0, upgrades: 0 }}
           on Add(n) => {{ set total = total + n  Ok }}
           on Read => Sum(total)
           {migrate}
         }}"
    )
}

/// Sends until the node is gone; counts what was answered.
async fn traffic(client: Client, release: Release, answered: Arc<AtomicU64>) {
    let request = Request::Submit {
        machine: "tally".to_owned(),
        program: release.program.digest().0,
        input: encode::value(&Value::sum(0, Value::Int(1))),
    };
    while let Ok(response) = client.request(&request).await {
        assert!(matches!(response, Response::Answer { .. }), "{response:?}");
        answered.fetch_add(1, Ordering::SeqCst);
    }
}

/// Total and count of upgrades, from the state itself.
async fn state(process: &Process, releases: &[Release]) -> (u64, u64, usize) {
    let request = Request::State {
        machine: "tally".to_owned(),
    };
    let response = process
        .ask("client", &request)
        .await
        .expect("the node answers");
    let Response::State { program, state, .. } = response else {
        panic!("{response:?}")
    };
    let version = releases
        .iter()
        .position(|release| release.program.digest().0 == program)
        .expect("one of the releases runs");
    let program = &releases[version].program;
    let state = decode::value(program.types(), program.state_type(), &state, 1 << 20);
    let Ok(Value::Product(fields)) = state else {
        panic!("the state is a record")
    };
    let number = |index: usize| match fields[index] {
        Value::Int(number) => u64::try_from(number).expect("never negative"),
        _ => panic!("a number"),
    };
    (number(0), number(1), version)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_and_upgrades_are_whole() {
    let sources: Vec<String> = (1..=u32::try_from(LIVES).expect("few") + 1)
        .map(source)
        .collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let releases = releases(&sources);
    let mut process = Process::start(Path::new(env!("CARGO_BIN_EXE_node-under-test")));
    let first = bundle("tally", None, &releases[0], &["author"]);
    let push = Request::Push {
        bundle: first.encode(),
    };
    let response = process.ask("operator", &push).await.expect("answered");
    assert!(matches!(response, Response::Applied(_)), "{response:?}");

    let answered = Arc::new(AtomicU64::new(0));
    let (mut version, mut last): (usize, BundleId) = (0, first.id());
    let mut seen_total = 0;
    let (mut upgraded, mut not_upgraded) = (0, 0);
    for life in 0..LIVES {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let client = process.connect("client").await.expect("reachable");
            let traffic = traffic(client, releases[version].clone(), Arc::clone(&answered));
            clients.push(tokio::spawn(traffic));
        }
        // Let traffic flow for a while that differs from life to life, counted in answers, not in time.
        let flowed = answered.load(Ordering::SeqCst) + 5 + life * 7 % 40;
        while answered.load(Ordering::SeqCst) < flowed {
            tokio::task::yield_now().await;
        }
        let from = (&releases[version], last, version as u64 + 1);
        let next = bundle("tally", Some(from), &releases[version + 1], &["author"]);
        let push = Request::Push {
            bundle: next.encode(),
        };
        let operator = process.connect("operator").await.expect("reachable");
        let pushed = tokio::spawn(async move { operator.request(&push).await });
        // Kill somewhere in the upgrade: at once, after a few more steps, or after its answer.
        let mut outcome = None;
        match life % 3 {
            0 => {}
            1 => {
                let flowed = answered.load(Ordering::SeqCst) + life;
                while answered.load(Ordering::SeqCst) < flowed && !pushed.is_finished() {
                    tokio::task::yield_now().await;
                }
            }
            _ => outcome = Some(pushed.await.expect("no panic").expect("answered")),
        }
        process.kill();
        // QUIC notices a vanished peer only by its silence; there is no need to wait for that.
        for client in clients {
            client.abort();
            let ended = client.await;
            assert!(
                !ended.is_err_and(|error| error.is_panic()),
                "every answer was an answer"
            );
        }
        process.restart();
        let (total, upgrades, now) = state(&process, &releases).await;
        let acknowledged = answered.load(Ordering::SeqCst);
        assert!(
            total >= acknowledged.max(seen_total),
            "life {life}: {total} of {acknowledged}"
        );
        assert!(
            total <= acknowledged.max(seen_total) + CLIENTS,
            "life {life}: {total} of {acknowledged}"
        );
        assert_eq!(upgrades, now as u64, "state and code are of one version");
        assert!(now == version || now == version + 1, "life {life}");
        if let Some(response) = outcome {
            assert!(matches!(response, Response::Applied(_)), "{response:?}");
            assert_eq!(now, version + 1, "an acknowledged upgrade is there");
        }
        if now == version {
            not_upgraded += 1
        } else {
            upgraded += 1;
            last = next.id()
        }
        version = now;
        // Steps that were taken and not answered count from now on.
        answered.store(total, Ordering::SeqCst);
        seen_total = total;
    }
    assert!(
        upgraded >= LIVES / 3,
        "{upgraded} upgraded, {not_upgraded} not"
    );
}
