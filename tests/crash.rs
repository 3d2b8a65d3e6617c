//! SIGKILL during traffic and during upgrades: what was acknowledged is there, and never half of an
//! upgrade.
//!
//! Each client sends `Add(1)` and counts its answers. After the kill the total must hold every answered
//! step, and at most one more for each client: the one that was in flight. Of an upgrade that was in
//! flight, either all is there or nothing. So it is where the state is large, and migrated and written beside the traffic.
#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cam::value::Value;
use cam::{decode, encode};
use harness::process::Process;
use harness::street::{Release, bundle, releases};
use node::bundle::{Bundle, BundleId};
use node::client::Client;
use node::protocol::{Request, Response};
use tokio::task::JoinHandle;

const CLIENTS: u64 = 4;
const LIVES: u64 = 24;

/// Version `n` scales nothing and drops nothing; it only counts its upgrades, for itself and for every step.
fn source(version: u32) -> String {
    let migrate = if version == 1 {
        String::new()
    } else {
        let from = version - 1;
        format!(
            "migrate from {from} {{ total, upgrades, visits }} => {{
               total: total, upgrades: upgrades + 1, visits: map(visits, fn((step, seen)) => seen + 1)
             }}
             accept from {from}
             reply to {from}"
        )
    };
    format!(
        "machine Tally version {version} {{
           input  Add(Int) | Read
           output Ok | Sum(Int)
           state  {{ total: Int, upgrades: Int, visits: Map(Int, Int) }}
           init   {{ total: 0, upgrades: 0, visits: Map[] }}
           on Add(n) => {{ set total = total + n  set visits[total] = 0  Ok }}
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

/// The machine's life through kills and upgrades, and what must be true of it.
struct Life {
    process: Process,
    releases: Vec<Release>,
    /// Steps that were answered, and those that a look after a kill has shown.
    answered: Arc<AtomicU64>,
    version: usize,
    last: BundleId,
}

impl Life {
    async fn begin(settings: &str) -> Life {
        let sources: Vec<String> = (1..=u32::try_from(LIVES).expect("few") + 1)
            .map(source)
            .collect();
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        let releases = releases(&sources);
        let process =
            Process::start_with(Path::new(env!("CARGO_BIN_EXE_node-under-test")), settings);
        let first = bundle("tally", None, &releases[0], &["author"]);
        let push = Request::Push {
            bundle: first.encode(),
        };
        let response = process.ask("operator", &push).await.expect("answered");
        assert!(matches!(response, Response::Applied(_)), "{response:?}");
        let answered = Arc::new(AtomicU64::new(0));
        Life {
            process,
            releases,
            answered,
            version: 0,
            last: first.id(),
        }
    }

    async fn start_traffic(&self) -> Vec<JoinHandle<()>> {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let client = self.process.connect("client").await.expect("reachable");
            let release = self.releases[self.version].clone();
            clients.push(tokio::spawn(traffic(
                client,
                release,
                Arc::clone(&self.answered),
            )));
        }
        clients
    }

    /// Waits for some more answers. Time would be another thing on another machine.
    async fn flow(&self, answers: u64) {
        let flowed = self.answered.load(Ordering::SeqCst) + answers;
        while self.answered.load(Ordering::SeqCst) < flowed {
            tokio::task::yield_now().await;
        }
    }

    fn next(&self) -> Bundle {
        let from = (
            &self.releases[self.version],
            self.last,
            self.version as u64 + 1,
        );
        bundle(
            "tally",
            Some(from),
            &self.releases[self.version + 1],
            &["author"],
        )
    }

    /// QUIC notices a vanished peer only by its silence; there is no need to wait for that.
    async fn kill(&mut self, clients: Vec<JoinHandle<()>>) {
        self.process.kill();
        for client in clients {
            client.abort();
            let ended = client.await;
            assert!(
                !ended.is_err_and(|error| error.is_panic()),
                "every answer was an answer"
            );
        }
    }

    /// Starts the node again and compares. True if the upgrade that was in flight is there.
    async fn compare(&mut self, next: BundleId) -> bool {
        self.process.restart();
        let (total, upgrades, version) = self.state().await;
        let answered = self.answered.load(Ordering::SeqCst);
        assert!(
            total >= answered,
            "{total} steps, {answered} answered: a step is lost"
        );
        assert!(
            total <= answered + CLIENTS,
            "{total} steps, {answered} answered: a step is doubled"
        );
        assert_eq!(
            upgrades, version as u64,
            "state and code are of one version"
        );
        let upgraded = version == self.version + 1;
        assert!(
            upgraded || version == self.version,
            "{} became {version}",
            self.version
        );
        if upgraded {
            self.last = next;
        }
        self.version = version;
        // Steps that were taken and not answered count from now on.
        self.answered.store(total, Ordering::SeqCst);
        upgraded
    }

    /// Total, count of upgrades, and which release runs.
    async fn state(&self) -> (u64, u64, usize) {
        let request = Request::State {
            machine: "tally".to_owned(),
        };
        let response = self
            .process
            .ask("client", &request)
            .await
            .expect("the node answers");
        let Response::State { program, state, .. } = response else {
            panic!("{response:?}")
        };
        let mut releases = self.releases.iter();
        let version = releases.position(|release| release.program.digest().0 == program);
        let version = version.expect("one of the releases runs");
        let program = &self.releases[version].program;
        let state = decode::value(program.types(), program.state_type(), &state, 1 << 20);
        let Ok(Value::Product(fields)) = state else {
            panic!("the state is a record")
        };
        let number =
            |index: usize| u64::try_from(number_of(&fields[index])).expect("never negative");
        let (total, upgrades) = (number(0), number(1));
        let Value::Map(visits) = &fields[2] else {
            panic!("a map")
        };
        assert_eq!(visits.len() as u64, total, "a step without its entry");
        let seen: Vec<i64> = visits.iter().map(|(_, seen)| number_of(&seen)).collect();
        assert!(
            seen.is_sorted_by(|one, next| one >= next),
            "an entry was migrated without those before it"
        );
        let first = seen
            .first()
            .map_or(0, |first| u64::try_from(*first).expect("never negative"));
        assert_eq!(first, upgrades, "the first step has seen every upgrade");
        (total, upgrades, version)
    }
}

fn number_of(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => panic!("a number"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_and_upgrades_are_whole() {
    killed_again_and_again("").await;
}

/// The same where nearly every state is large: kills fall before the migration's last pass, between the commit and the
/// last chunk of the state, and behind it, and a start goes across upgrades.
#[tokio::test(flavor = "multi_thread")]
async fn upgrades_of_large_states_are_whole_wherever_the_node_is_killed() {
    killed_again_and_again("[limits]\nlarge_state_weight = 1024\n").await;
}

async fn killed_again_and_again(settings: &str) {
    let mut life = Life::begin(settings).await;
    let mut upgraded = 0;
    for round in 0..LIVES {
        let clients = life.start_traffic().await;
        life.flow(5 + round * 7 % 40).await;
        let next = life.next();
        let push = Request::Push {
            bundle: next.encode(),
        };
        let operator = life.process.connect("operator").await.expect("reachable");
        let pushed = tokio::spawn(async move { operator.request(&push).await });
        // Kill somewhere in the upgrade: at once, after a few more steps, or after its answer.
        let mut acknowledged = false;
        match round % 3 {
            0 => {}
            1 => life.flow(round % 5).await,
            _ => {
                let response = pushed.await.expect("no panic").expect("answered");
                assert!(matches!(response, Response::Applied(_)), "{response:?}");
                acknowledged = true;
            }
        }
        life.kill(clients).await;
        let is_there = life.compare(next.id()).await;
        assert!(
            is_there || !acknowledged,
            "an acknowledged upgrade is there"
        );
        upgraded += u64::from(is_there);
    }
    assert!(upgraded >= LIVES / 3, "{upgraded} of {LIVES} upgrades");
}
