//! A node without a network: store, journal and service as they are, keys and bundles in hand.
#![allow(
    clippy::panic,
    reason = "a bench tells a test that it has failed by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cam::value::Value;
use cam::verify::{Migration, Program};
use cam::{decode, encode};
use node::bundle::{Bundle, BundleId, Manifest, Parts};
use node::key::SecretKey;
use node::limits::LARGE_STATE_WEIGHT;
use node::local::{Clock, LocalJournal};
use node::losses::Losses;
use node::protocol::{Entry, Life, MachineStatus, Refusal, Request, Response, Terms};
use node::server::{Handler, Peer};
use node::service::Service;
use node::store::{STORE_FILE, Store};
use node::trust::Trust;

/// A release of a machine: the program, and the way from the release before it.
#[derive(Clone)]
pub struct Release {
    /// The program.
    pub program: Arc<Program>,
    /// The way from the release before.
    pub migration: Option<Arc<Migration>>,
}

/// Compiles releases in order; each may migrate from the one before it.
///
/// # Panics
/// If a source does not compile, with its problems.
#[must_use]
pub fn releases(sources: &[&str]) -> Vec<Release> {
    let mut history = dsl::history::History::new();
    let mut releases = Vec::new();
    for text in sources {
        let source = dsl::source::Source::new("test.cam", *text).expect("short");
        let compiled = dsl::compile::compile(&source, &history)
            .unwrap_or_else(|problems| panic!("{}", problems.render(&source, false)));
        let program = Arc::clone(compiled.program());
        history.release(Arc::clone(&program));
        let migration = compiled
            .upgrades()
            .last()
            .map(|upgrade| Arc::clone(&upgrade.migration));
        releases.push(Release { program, migration });
    }
    releases
}

/// The key of a role, the same in every run.
#[must_use]
pub fn key(name: &str) -> SecretKey {
    let mut seed = [7; 32];
    for (place, byte) in seed.iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    SecretKey::from_seed(&seed)
}

/// A bundle from `old` to `new`, signed by the keys named.
#[must_use]
pub fn bundle(
    machine: &str,
    old: Option<(&Release, BundleId, u64)>,
    new: &Release,
    signers: &[&str],
) -> Bundle {
    let migration = new.migration.as_ref().filter(|_| old.is_some());
    let manifest = Manifest {
        machine: machine.to_owned(),
        node: None,
        sequence: old.map_or(1, |(_, _, sequence)| sequence + 1),
        previous: old.map(|(_, id, _)| id),
        old_program: old.map(|(release, ..)| release.program.digest()),
        new_program: new.program.digest(),
        migration: migration.map(|migration| migration.digest()),
        note: "a test".to_owned(),
        losses: Some(losses(old.map(|(release, ..)| release), new)),
    };
    let parts = Parts {
        old_program: old.map(|(release, ..)| release.program.bytes()),
        new_program: new.program.bytes(),
        migration: migration.map(|migration| migration.bytes()),
    };
    signed(&manifest, parts, signers)
}

/// What the way from `old` to `new` loses.
#[must_use]
pub fn losses(old: Option<&Release>, new: &Release) -> Losses {
    match (old, &new.migration) {
        (Some(old), Some(migration)) => {
            Losses::of(migration, old.program.schema(), new.program.schema())
        }
        _ => Losses::default(),
    }
}

/// A bundle of any content, signed by the keys named.
///
/// # Panics
/// If the parts are not those the manifest names.
#[must_use]
pub fn signed(manifest: &Manifest, parts: Parts, signers: &[&str]) -> Bundle {
    let mut bundle = Bundle::new(manifest, parts).expect("the manifest names the parts");
    signers.iter().for_each(|signer| bundle.sign(&key(signer)));
    bundle
}

/// A node in this process.
pub struct Node {
    folder: tempfile::TempDir,
    service: Option<Service<LocalJournal>>,
    trust: Arc<Trust>,
    clock: Arc<AtomicI64>,
    large: u64,
}

impl Default for Node {
    fn default() -> Node {
        Node::new()
    }
}

impl Node {
    /// A fresh node that trusts one key for each role, and an author for machine `other` alone.
    ///
    /// # Panics
    /// If the node does not open.
    #[must_use]
    pub fn new() -> Node {
        let mut text = "author_threshold = 1\n".to_owned();
        for (name, roles, machines) in [
            ("author", r#"["author"]"#, ""),
            ("operator", r#"["operator"]"#, ""),
            ("client", r#"["client"]"#, ""),
            ("observer", r#"["observer"]"#, ""),
            ("narrow-author", r#"["author"]"#, r#"machines = ["other"]"#),
            (
                "narrow-operator",
                r#"["operator"]"#,
                r#"machines = ["other"]"#,
            ),
        ] {
            let public = key(name).public();
            text += &format!(
                "[[key]]\nname = \"{name}\"\nkey = \"{public}\"\nroles = {roles}\n{machines}\n"
            );
        }
        let trust = Arc::new(Trust::parse(&text).expect("a good trust file"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        Store::create(&folder.path().join(STORE_FILE)).expect("made");
        let clock = Arc::new(AtomicI64::new(1_000));
        let mut node = Node {
            folder,
            service: None,
            trust,
            clock,
            large: LARGE_STATE_WEIGHT,
        };
        node.restart();
        node
    }

    /// A fresh node to which states of this weight are large.
    ///
    /// # Panics
    /// If the node does not open.
    #[must_use]
    pub fn with_large(weight: u64) -> Node {
        let mut node = Node::new();
        node.large = weight;
        node.restart();
        node
    }

    /// A copy of its store in a folder of its own, as it is on the disk.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    pub fn copy_of_store(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let from = self.folder.path().join(STORE_FILE);
        std::fs::copy(from, folder.path().join(STORE_FILE)).expect("copied");
        folder
    }

    /// A fresh node on a store that was written before.
    ///
    /// # Panics
    /// If the node does not open.
    #[must_use]
    pub fn on_store(bytes: &[u8]) -> Node {
        let mut node = Node::new();
        node.service = None;
        std::fs::write(node.folder.path().join(STORE_FILE), bytes).expect("written");
        node.restart();
        node
    }

    /// Lets so much time pass at once.
    pub fn advance(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Pushes as the operator, on trial.
    pub async fn try_out(&self, bundle: &Bundle, trial: Terms) -> Response {
        let bundle = bundle.encode();
        let reason = "to see".to_owned();
        let trial = Some(trial);
        let request = Request::Deliver {
            bundle,
            reason,
            trial,
        };
        self.ask("operator", request).await
    }

    /// How a machine's life goes.
    ///
    /// # Panics
    /// If the machine is not there.
    pub async fn life(&self, machine: &str) -> Life {
        let machine = machine.to_owned();
        match self.ask("observer", Request::Life { machine }).await {
            Response::Life(life) => life,
            other => panic!("no life: {other:?}"),
        }
    }

    /// The whole ledger of a machine.
    ///
    /// # Panics
    /// If the machine is not there.
    pub async fn ledger(&self, machine: &str) -> Vec<Entry> {
        let request = Request::Ledger {
            machine: machine.to_owned(),
            after: 0,
            limit: 1000,
        };
        match self.ask("observer", request).await {
            Response::Ledger { entries } => entries,
            other => panic!("no ledger: {other:?}"),
        }
    }

    /// Closes the node and opens it from its store.
    ///
    /// # Panics
    /// If the node does not open.
    pub fn restart(&mut self) {
        self.service = None;
        let store = Store::open(&self.folder.path().join(STORE_FILE)).expect("opens");
        let store = Arc::new(store);
        let own = Arc::clone(&self.clock);
        let clock: Clock = Arc::new(move || own.fetch_add(1, Ordering::SeqCst));
        let (own, at) = (Arc::clone(&store), Arc::clone(&clock));
        let journal = LocalJournal::open_with(own, at, self.large).expect("recovers");
        let published = journal.published().clone();
        let node = key("node").public();
        self.service = Some(Service::new(node, journal, published, store, clock));
    }

    /// Asks as the holder of a role's key.
    ///
    /// # Panics
    /// If the trust file does not know the name.
    pub async fn ask(&self, name: &str, request: Request) -> Response {
        let peer = Peer::new(key(name).public(), Arc::clone(&self.trust)).expect("a known key");
        self.service
            .as_ref()
            .expect("open")
            .handle(peer, request)
            .await
    }

    /// Pushes as the operator.
    pub async fn push(&self, bundle: &Bundle) -> Response {
        self.ask(
            "operator",
            Request::Push {
                bundle: bundle.encode(),
            },
        )
        .await
    }

    /// Pushes and expects that it is applied.
    ///
    /// # Panics
    /// If it is not.
    pub async fn deploy(&self, bundle: &Bundle) {
        let response = self.push(bundle).await;
        assert!(matches!(response, Response::Applied(_)), "{response:?}");
    }

    /// Submits an input of `release`, and gives the output in the same release's types.
    ///
    /// # Panics
    /// If the answer is not an output of the release.
    pub async fn send(
        &self,
        machine: &str,
        release: &Release,
        input: &Value,
    ) -> Result<Value, Response> {
        let program = release.program.digest().0;
        let (machine, input) = (machine.to_owned(), encode::value(input));
        match self
            .ask(
                "client",
                Request::Submit {
                    machine,
                    program,
                    input,
                },
            )
            .await
        {
            Response::Answer { output, .. } => {
                let types = release.program.types();
                let output = decode::value(types, release.program.output_type(), &output, 1 << 20);
                Ok(output.expect("of the client's output type"))
            }
            other => Err(other),
        }
    }

    /// All that an observer can see of a machine: for "nothing has changed".
    ///
    /// # Panics
    /// If the machine is not there.
    pub async fn picture(&self, machine: &str) -> BTreeMap<&'static str, Response> {
        let name = machine.to_owned();
        let status = self
            .ask(
                "observer",
                Request::Status {
                    machine: Some(name.clone()),
                },
            )
            .await;
        let Response::Status(mut status) = status else {
            panic!("no status: {status:?}")
        };
        status.now_ms = 0;
        let state = self
            .ask(
                "observer",
                Request::State {
                    machine: name.clone(),
                },
            )
            .await;
        let program = self
            .ask(
                "observer",
                Request::Program {
                    machine: name.clone(),
                },
            )
            .await;
        let ledger = Request::Ledger {
            machine: name,
            after: 0,
            limit: 1000,
        };
        let ledger = self.ask("observer", ledger).await;
        BTreeMap::from([
            ("status", Response::Status(status)),
            ("state", state),
            ("program", program),
            ("ledger", ledger),
        ])
    }

    /// The status of one machine.
    ///
    /// # Panics
    /// If the machine is not there.
    pub async fn status(&self, machine: &str) -> MachineStatus {
        let request = Request::Status {
            machine: Some(machine.to_owned()),
        };
        match self.ask("observer", request).await {
            Response::Status(mut status) => status.machines.remove(0),
            other => panic!("no status: {other:?}"),
        }
    }
}

/// The refusal in an answer.
///
/// # Panics
/// If the answer is another.
#[must_use]
pub fn refusal(response: Response) -> Refusal {
    match response {
        Response::Refused(refusal) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
