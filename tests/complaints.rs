//! What the users of other systems complain of, a test for each: here it does not happen.
//!
//! The numbers are those of the table in chapter 9 of the specification. Each test goes the way of an operator or an
//! author, most of them against a node in a process of its own; the corners have tests in the suites of their rooms.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

#[path = "complaints/pushed.rs"]
mod pushed;

#[path = "complaints/lived.rs"]
mod lived;

#[path = "complaints/told.rs"]
mod told;

use std::path::Path;
use std::sync::Arc;

use cam::value::Value;
use cam::{decode, encode};
use harness::process::Process;
use harness::street::{Release, bundle, releases};
use harness::tally::{MACHINE, TALLY_1, add};
use node::bundle::{Bundle, BundleId};
use node::client::Client;
use node::protocol::{Entry, Life, MachineStatus, Request, Response, Terms};

/// A node in a process of its own that runs the first of some releases, with a total of 42.
struct House {
    process: Process,
    releases: Vec<Release>,
    first: Bundle,
}

impl House {
    /// The first release is Tally 1.
    async fn new(later: &[&str]) -> House {
        let sources: Vec<&str> = std::iter::once(TALLY_1)
            .chain(later.iter().copied())
            .collect();
        let releases = releases(&sources);
        let first = bundle(MACHINE, None, &releases[0], &["author"]);
        let process = Process::start(Path::new(env!("CARGO_BIN_EXE_node-under-test")));
        let house = House {
            process,
            releases,
            first,
        };
        house.deploy(&house.first).await;
        house.send(1, &add(42)).await.expect("a step");
        house
    }

    /// The bundle to version 2, whichever release that is.
    fn second(&self) -> Bundle {
        self.bundle((1, self.first.id(), 1), 2)
    }

    /// A bundle from a version, which came by this bundle as its number so many, to another.
    fn bundle(&self, (version, id, sequence): (usize, BundleId, u64), to: usize) -> Bundle {
        let from = Some((&self.releases[version - 1], id, sequence));
        bundle(MACHINE, from, &self.releases[to - 1], &["author"])
    }

    async fn ask(&self, role: &str, request: Request) -> Response {
        let answer = self.process.ask(role, &request).await;
        answer.expect("the node answers")
    }

    async fn push(&self, bundle: &Bundle) -> Response {
        let bundle = bundle.encode();
        self.ask("operator", Request::Push { bundle }).await
    }

    async fn deploy(&self, bundle: &Bundle) {
        let response = self.push(bundle).await;
        assert!(matches!(response, Response::Applied(_)), "{response:?}");
    }

    async fn try_out(&self, bundle: &Bundle, terms: Terms) {
        let request = Request::Deliver {
            bundle: bundle.encode(),
            reason: "to see".to_owned(),
            trial: Some(terms),
        };
        let response = self.ask("operator", request).await;
        assert!(matches!(response, Response::Applied(_)), "{response:?}");
    }

    /// Submits an input of a version, and gives the output as that version has it.
    async fn send(&self, version: usize, input: &Value) -> Result<Value, Response> {
        let client = self.process.connect("client").await.expect("reachable");
        send(&client, &self.releases[version - 1], input)
            .await
            .map(|(_, output)| output)
    }

    async fn status(&self) -> MachineStatus {
        let machine = Some(MACHINE.to_owned());
        match self.ask("operator", Request::Status { machine }).await {
            Response::Status(mut status) => status.machines.remove(0),
            other => panic!("no status: {other:?}"),
        }
    }

    async fn life(&self) -> Life {
        let machine = MACHINE.to_owned();
        match self.ask("operator", Request::Life { machine }).await {
            Response::Life(life) => life,
            other => panic!("no life: {other:?}"),
        }
    }

    async fn ledger(&self) -> Vec<Entry> {
        let request = Request::Ledger {
            machine: MACHINE.to_owned(),
            after: 0,
            limit: 1000,
        };
        match self.ask("operator", request).await {
            Response::Ledger { entries } => entries,
            other => panic!("no ledger: {other:?}"),
        }
    }

    async fn state(&self) -> Response {
        let machine = MACHINE.to_owned();
        self.ask("operator", Request::State { machine }).await
    }

    /// All that can be seen of the machine and does not tell the time.
    async fn picture(&self) -> (Response, MachineStatus, Vec<Entry>) {
        (self.state().await, self.status().await, self.ledger().await)
    }

    async fn roll_back(&self, version: usize) -> Response {
        let request = Request::Rollback {
            machine: MACHINE.to_owned(),
            running: self.releases[version - 1].program.digest().0,
            reason: "it counts wrongly".to_owned(),
            rehearse: false,
        };
        self.ask("operator", request).await
    }

    /// Clients that add 1 again and again, each waiting for its answer, until they are told to stop.
    async fn traffic(&self, clients: usize) -> Traffic {
        let progress = tokio::sync::watch::channel(0_u64).0;
        let traffic = Traffic {
            stop: Arc::default(),
            progress: Arc::new(progress),
            clients: Vec::new(),
        };
        let mut started = Vec::new();
        for _ in 0..clients {
            let client = self.process.connect("client").await.expect("reachable");
            let (stop, progress) = (Arc::clone(&traffic.stop), Arc::clone(&traffic.progress));
            let release = self.releases[0].clone();
            started.push(tokio::spawn(async move {
                let mut steps = Vec::new();
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    let answer = send(&client, &release, &add(1)).await;
                    steps.push(answer.expect("every input is answered").0);
                    progress.send_modify(|count| *count += 1);
                }
                steps
            }));
        }
        Traffic {
            clients: started,
            ..traffic
        }
    }
}

/// What [`House::traffic`] has started.
struct Traffic {
    stop: Arc<std::sync::atomic::AtomicBool>,
    progress: Arc<tokio::sync::watch::Sender<u64>>,
    clients: Vec<tokio::task::JoinHandle<Vec<u64>>>,
}

impl Traffic {
    /// Waits until so many more answers have come.
    async fn flow(&self, more: u64) {
        let mut progress = self.progress.subscribe();
        let until = *progress.borrow() + more;
        let flowed = progress.wait_for(|count| *count >= until).await;
        assert!(flowed.is_ok(), "the traffic has stopped");
    }

    /// Stops it, and gives the numbers of the steps that each client was answered.
    async fn end(self) -> Vec<Vec<u64>> {
        self.stop.store(true, std::sync::atomic::Ordering::SeqCst);
        let mut steps = Vec::new();
        for client in self.clients {
            steps.push(client.await.expect("no panic"));
        }
        steps
    }
}

/// Submits an input, and gives the step's number and the output as the release has it.
async fn send(client: &Client, release: &Release, input: &Value) -> Result<(u64, Value), Response> {
    let program = &release.program;
    let request = Request::Submit {
        machine: MACHINE.to_owned(),
        program: program.digest().0,
        input: encode::value(input),
    };
    match client.request(&request).await.expect("the node answers") {
        Response::Answer { step, output, .. } => {
            let output = decode::value(program.types(), program.output_type(), &output, 1 << 10);
            Ok((step, output.expect("of the client's output type")))
        }
        other => Err(other),
    }
}

/// Every number of a step once: none was lost, and none was answered to two clients.
fn all_once(steps: &[Vec<u64>], first: u64) {
    for one in steps {
        assert!(one.is_sorted_by(|a, b| a < b), "out of turn: {one:?}");
    }
    let mut all: Vec<u64> = steps.iter().flatten().copied().collect();
    all.sort_unstable();
    assert!(all.iter().copied().eq((first..).take(all.len())), "{all:?}");
}
