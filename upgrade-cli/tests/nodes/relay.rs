//! A node in front of another one: it hands requests on and answers back, unless a test wants a fault.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use node::client::{Client, Timeouts};
use node::config::{Config, ServerLimits};
use node::key::{PublicKey, SecretKey};
use node::protocol::{Refusal, RefusalCode, Request, RequestKind, Response};
use node::server::{Handler, Peer, Server};
use node::trust::TrustStore;
use tokio::runtime::{Builder, Runtime};

use super::Fleet;

/// What becomes of a request.
pub(crate) enum Fault {
    /// It is handed on.
    None,
    /// It is not handed on, and refused with this.
    Refused(RefusalCode),
    /// It is handed on, and nobody learns what came of it.
    Lost,
}

/// Decides about requests, and may do something of its own first.
type Faults = Box<dyn FnMut(&Request) -> Fault + Send>;

/// The node in front.
pub(crate) struct Relay {
    seen: Arc<Mutex<Vec<Request>>>,
    faults: Arc<Mutex<Faults>>,
    _trust: tempfile::TempDir,
    runtime: Option<Runtime>,
}

/// What hands on.
struct Hands {
    address: String,
    node: PublicKey,
    seen: Arc<Mutex<Vec<Request>>>,
    faults: Arc<Mutex<Faults>>,
}

/// The key with which relays ask.
fn own() -> SecretKey {
    SecretKey::from_seed(&[77; 32])
}

/// Its public half.
pub(super) fn key() -> String {
    own().public().to_string()
}

impl Handler for Hands {
    async fn handle(&self, _: Peer, request: Request) -> Response {
        self.seen.lock().unwrap().push(request.clone());
        let fault = (self.faults.lock().unwrap())(&request);
        if let Fault::Refused(code) = fault {
            return Refusal::new(code, "the test wants it").into();
        }
        let (address, own) = (&self.address, own());
        let client = Client::connect(address, &own, self.node, Timeouts::default());
        let answer = client.await.unwrap().request(&request).await.unwrap();
        match fault {
            Fault::Lost => Refusal::new(RefusalCode::STORAGE, "the test wants it").into(),
            _ => answer,
        }
    }
}

impl Relay {
    /// Stands in front of a node of the fleet, under a name of its own.
    pub(crate) fn new(fleet: &Fleet, name: &str, node: &str) -> Relay {
        let behind = fleet.json(&["node", "list"]);
        let listed = behind["nodes"].as_array().unwrap();
        let behind = listed.iter().find(|known| known["name"] == node).unwrap();
        let word = |field: &str| behind[field].as_str().unwrap().to_owned();
        let faults: Arc<Mutex<Faults>> = Arc::new(Mutex::new(Box::new(|_| Fault::None)));
        let hands = Hands {
            address: word("url"),
            node: word("key").parse().unwrap(),
            seen: Arc::default(),
            faults: Arc::clone(&faults),
        };
        let trust = tempfile::tempdir().unwrap();
        let path = trust.path().join("trust.toml");
        let roles = "roles = [\"operator\", \"client\"]";
        let ops = format!(
            "[[key]]\nname = \"ops\"\nkey = \"{}\"\n{roles}\n",
            fleet.key()
        );
        std::fs::write(&path, ops).unwrap();
        let config = Config {
            large_state_weight: node::limits::LARGE_STATE_WEIGHT,
            listen: "127.0.0.1:0".parse().unwrap(),
            data: PathBuf::new(),
            key: PathBuf::new(),
            trust: path.clone(),
            limits: ServerLimits::default(),
        };
        let secret = SecretKey::generate().unwrap();
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let seen = Arc::clone(&hands.seen);
        let address = runtime.block_on(async {
            let store = Arc::new(TrustStore::open(&path).unwrap());
            let server = Server::bind(&config, &secret, store).unwrap();
            let address = server.local_address().to_string();
            tokio::spawn(server.run(hands, std::future::pending()));
            address
        });
        let key = secret.public().to_string();
        fleet.said(&["node", "add", name, "--url", &address, "--key", &key]);
        Relay {
            seen,
            faults,
            _trust: trust,
            runtime: Some(runtime),
        }
    }

    /// From now on.
    pub(crate) fn faults(&self, faults: impl FnMut(&Request) -> Fault + Send + 'static) {
        *self.faults.lock().unwrap() = Box::new(faults);
    }

    /// The kinds of request since this was asked last that could change anything.
    pub(crate) fn changes(&self) -> Vec<RequestKind> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        let changes = seen.iter().filter(|request| request.is_change());
        changes.map(Request::kind).collect()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It need not wait for requests that are in progress.
        let runtime = self.runtime.take();
        runtime
            .expect("it is taken only here")
            .shutdown_background();
    }
}
