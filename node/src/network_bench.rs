//! What the tests of the network share: a node in this process, its keys, and raw connections to it.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use quinn::{Endpoint, RecvStream, SendStream};
use tokio::{
    sync::{Notify, Semaphore, oneshot},
    task::JoinHandle,
};

use crate::{
    client::{Client, ClientError, Timeouts},
    config::{Config, ServerLimits},
    key::SecretKey,
    limits,
    protocol::{
        EngineName, MachineStatus, NodeStatus, RefusalCode, Request, RequestKind, Response,
    },
    server::{EndpointDied, Handler, Peer, Server},
    tls::{self, PinnedNode},
    transport,
    trust::TrustStore,
};

/// A service that echoes inputs, and can be held up or made to panic.
pub(crate) struct Echo {
    handled: Arc<AtomicUsize>,
    /// A submit to the machine `gate` waits here.
    gate: Arc<Semaphore>,
    at_gate: Arc<Notify>,
}

impl Handler for Echo {
    async fn handle(&self, _: Peer, request: Request) -> Response {
        self.handled.fetch_add(1, Ordering::SeqCst);
        let program = [1; 32];
        match request {
            Request::Status { .. } => Response::Status(NodeStatus {
                node_key: [0; 32],
                version: "test".to_owned(),
                now_ms: 0,
                machines: ["counter", "ledger"].map(machine_status).to_vec(),
            }),
            Request::Push { bundle } => Response::AlreadyRunning {
                machine: bundle.len().to_string(),
                program,
                sequence: 1,
            },
            Request::Submit { machine, input, .. } => {
                if machine == "gate" {
                    self.at_gate.notify_one();
                    self.gate.acquire().await.unwrap().forget();
                }
                assert_ne!(machine, "panic", "the test asked for a panic");
                Response::Answer {
                    step: 1,
                    program,
                    output: input,
                }
            }
            Request::Query { input, .. } => Response::Answer {
                step: 1,
                program,
                output: input,
            },
            Request::State { machine } => {
                let length = if machine == "huge" {
                    limits::RESPONSE_BYTES_MAX
                } else {
                    4 << 20
                };
                Response::State {
                    program,
                    step: 1,
                    state: vec![7; length],
                }
            }
            Request::Program { .. } => Response::Program {
                program,
                bytecode: vec![7],
            },
            Request::Ledger { .. } => Response::Ledger {
                entries: Vec::new(),
            },
            _ => Response::Passed { sequence: 1 },
        }
    }
}

pub(crate) fn machine_status(name: &str) -> MachineStatus {
    MachineStatus {
        machine: name.to_owned(),
        program: [1; 32],
        machine_version: 1,
        sequence: 1,
        bundle: [2; 32],
        steps: 0,
        traps: 0,
        state_bytes: 0,
        since_ms: 0,
        engine: EngineName::Register,
    }
}

pub(crate) fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

pub(crate) const NODE: u8 = 100;
pub(crate) const CLIENT: u8 = 1;
pub(crate) const OPERATOR: u8 = 2;
pub(crate) const OTHER_CLIENT: u8 = 3;
pub(crate) const OTHER_OPERATOR: u8 = 4;
pub(crate) const STRANGER: u8 = 9;

pub(crate) fn entry(seed: u8, rest: &str) -> String {
    format!(
        "[[key]]\nname = \"k{seed}\"\nkey = \"{}\"\n{rest}\n",
        secret(seed).public()
    )
}

pub(crate) fn usual_trust() -> String {
    entry(CLIENT, "roles = [\"client\"]") + &entry(OPERATOR, "roles = [\"operator\"]")
}

/// A node that runs in this process.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) handled: Arc<AtomicUsize>,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) at_gate: Arc<Notify>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) running: JoinHandle<Result<(), EndpointDied>>,
}

impl Node {
    pub(crate) fn start() -> Self {
        Self::start_with(&usual_trust(), ServerLimits::default())
    }

    pub(crate) fn start_with(trust: &str, limits: ServerLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trust.toml");
        std::fs::write(&path, trust).unwrap();
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            data: PathBuf::new(),
            key: PathBuf::new(),
            trust: path.clone(),
            limits,
            large_state_weight: limits::LARGE_STATE_WEIGHT,
        };
        let store = Arc::new(TrustStore::open(&path).unwrap());
        let server = Server::bind(&config, &secret(NODE), store).unwrap();
        let address = server.local_address();
        let (handled, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let at_gate = Arc::new(Notify::new());
        let echo = Echo {
            handled: Arc::clone(&handled),
            gate: Arc::clone(&gate),
            at_gate: Arc::clone(&at_gate),
        };
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let running = tokio::spawn(server.run(echo, stopped));
        Self {
            address,
            folder,
            handled,
            gate,
            at_gate,
            stop: Some(stop),
            running,
        }
    }

    /// Replaces the trust file at one blow: a file that is written in place is empty for a moment.
    pub(crate) fn trust(&self, text: &str) {
        let new = self.folder.path().join("trust.new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.folder.path().join("trust.toml")).unwrap();
    }

    pub(crate) async fn try_connect(&self, seed: u8) -> Result<Client, ClientError> {
        let (address, node) = (self.address.to_string(), secret(NODE).public());
        Client::connect(&address, &secret(seed), node, Timeouts::default()).await
    }

    pub(crate) async fn connect(&self, seed: u8) -> Client {
        self.try_connect(seed).await.unwrap()
    }

    pub(crate) fn handled(&self) -> usize {
        self.handled.load(Ordering::SeqCst)
    }

    /// A bare connection with which a test can send what no client would.
    pub(crate) async fn raw(&self, seed: u8) -> (Endpoint, quinn::Connection) {
        let handshake = tls::client_config(&secret(seed), pinned()).unwrap();
        let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        let config = transport::dial(handshake).unwrap();
        let connecting = endpoint
            .connect_with(config, self.address, "test.invalid")
            .unwrap();
        let connection = connecting.await.unwrap();
        (endpoint, connection)
    }
}

pub(crate) fn pinned() -> Arc<PinnedNode> {
    Arc::new(PinnedNode::new(secret(NODE).public()))
}

pub(crate) fn submit(machine: &str, input: &[u8]) -> Request {
    Request::Submit {
        machine: machine.to_owned(),
        program: [1; 32],
        input: input.to_vec(),
    }
}

pub(crate) const STATUS: Request = Request::Status { machine: None };

/// A request of each kind.
pub(crate) fn request(kind: RequestKind, machine: &str) -> Request {
    let asked = question(kind, machine);
    let (machine, program, input) = (machine.to_owned(), [1; 32], vec![1]);
    match kind {
        RequestKind::Push => Request::Push { bundle: input },
        RequestKind::Submit => Request::Submit {
            machine,
            program,
            input,
        },
        RequestKind::Deliver => Request::Deliver {
            bundle: input,
            reason: String::new(),
            trial: None,
        },
        RequestKind::Rollback => Request::Rollback {
            machine,
            running: program,
            reason: String::new(),
            rehearse: true,
        },
        RequestKind::Pass => Request::Pass { machine },
        RequestKind::Retire => Request::Retire {
            machine,
            program,
            reason: String::new(),
        },
        RequestKind::Shadow => Request::Shadow {
            bundle: input,
            reason: String::new(),
        },
        RequestKind::ShadowPromote => Request::ShadowPromote {
            machine,
            bundle: program,
            reason: String::new(),
            trial: None,
        },
        RequestKind::ShadowDrop => Request::ShadowDrop {
            machine,
            bundle: program,
            reason: String::new(),
        },
        _ => asked.expect("what changes nothing is a question"),
    }
}

/// A request of each kind that changes nothing.
fn question(kind: RequestKind, machine: &str) -> Option<Request> {
    let (machine, program, input) = (machine.to_owned(), [1; 32], vec![1]);
    Some(match kind {
        RequestKind::Status => Request::Status {
            machine: Some(machine),
        },
        RequestKind::Query => Request::Query {
            machine,
            program,
            input,
        },
        RequestKind::State => Request::State { machine },
        RequestKind::Program => Request::Program { machine },
        RequestKind::Plan => Request::Plan { bundle: input },
        RequestKind::Life => Request::Life { machine },
        RequestKind::Ledger => Request::Ledger {
            machine,
            after: 0,
            limit: 1,
        },
        RequestKind::Bytecode => Request::Bytecode { machine, program },
        RequestKind::Saved => Request::Saved {
            machine,
            sequence: 1,
        },
        RequestKind::ShadowStatus => Request::ShadowStatus { machine },
        RequestKind::Journal => Request::Journal {
            machine,
            after: 0,
            limit: 1,
        },
        RequestKind::Mark => Request::Mark { machine },
        RequestKind::Origin => Request::Origin { machine },
        RequestKind::Session => Request::Session {
            machine,
            session: [3; 16],
        },
        RequestKind::Numbered => Request::Numbered {
            machine,
            program,
            numbered: crate::protocol::Numbered {
                session: [3; 16],
                number: 1,
            },
            input,
        },
        _ => return None,
    })
}

pub(crate) fn code(response: &Response) -> Option<RefusalCode> {
    match response {
        Response::Refused(refusal) => Some(refusal.code),
        _ => None,
    }
}

pub(crate) async fn refused(client: &Client, request: &Request) -> Option<RefusalCode> {
    code(&client.request(request).await.unwrap())
}

pub(crate) async fn answer(recv: &mut RecvStream) -> Response {
    Response::decode(&recv.read_to_end(1 << 20).await.unwrap()).unwrap()
}

/// Sends bytes as a whole request. The node may stop listening before the end.
pub(crate) async fn send_raw(connection: &quinn::Connection, bytes: &[u8]) -> Option<RefusalCode> {
    let (mut send, mut recv): (SendStream, RecvStream) = connection.open_bi().await.unwrap();
    let _ = send.write_all(bytes).await;
    let _ = send.finish();
    code(&answer(&mut recv).await)
}
