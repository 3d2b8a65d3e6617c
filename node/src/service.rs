//! The service: a request that was let through becomes an answer.
//!
//! It knows no socket and no disk. It reads what the journal has published, which is durable, and
//! submits what changes something; the server around it has checked who asks, and the journal below it
//! decides what happens.

mod biography;
mod delivery;
mod life;
mod shadow;
mod status;

use std::sync::Arc;

use self::status::Sizes;
use crate::journal::{Command, Journal, Outcome, SubmitError};
use crate::key::PublicKey;
use crate::limits::{RESPONSE_BYTES_MAX, WORKERS, WORKERS_RESERVED};
use crate::local::{Clock, Published};
use crate::places::Places;
use crate::plan::Plans;
use crate::protocol::{Numbered, Refusal, RefusalCode, Request, Response};
use crate::refused;
use crate::replica::Replica;
use crate::server::{Handler, Peer};
use crate::store::Store;
use cam::encode;

/// What a node answers with.
pub struct Service<J> {
    node: PublicKey,
    journal: J,
    published: Published,
    store: Arc<Store>,
    clock: Clock,
    workers: Places,
    sizes: Sizes,
    plans: Plans,
}

impl<J: Journal> Service<J> {
    /// A service over a journal and what it publishes. The store is read for histories only.
    pub fn new(
        node: PublicKey,
        journal: J,
        published: Published,
        store: Arc<Store>,
        clock: Clock,
    ) -> Service<J> {
        Service {
            node,
            journal,
            published,
            store,
            clock,
            workers: Places::new(WORKERS, WORKERS_RESERVED),
            sizes: Sizes::default(),
            plans: Plans::default(),
        }
    }

    /// Does work that may take a second away from the threads that carry packets, a few at a time: each
    /// may also take the memory of a step. Peers that may deliver have one of the places for themselves.
    async fn apart<T: Send + 'static>(
        &self,
        peer: &Peer,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let permit = self.workers.take(1, peer.delivers()).await;
        let done = tokio::task::spawn_blocking(work).await;
        drop(permit);
        done.map_err(|_| {
            let reason = "the node met a mistake of its own; its log says more";
            Refusal::new(RefusalCode::BUG, reason)
        })
    }

    async fn answer(&self, peer: &Peer, request: Request) -> Result<Response, Refusal> {
        match request {
            Request::Status { machine } => self.status(peer, machine.as_deref()).await,
            Request::Push { bundle } => self.push(peer, bundle, String::new(), None).await,
            Request::Deliver {
                bundle,
                reason,
                trial,
            } => self.push(peer, bundle, reason, trial).await,
            Request::Submit {
                machine,
                program,
                input,
            } => {
                let command = taken(peer, program, input, None);
                self.submit(&machine, command).await
            }
            Request::Numbered {
                machine,
                program,
                numbered,
                input,
            } => {
                let command = taken(peer, program, input, Some(numbered));
                self.submit(&machine, command).await
            }
            Request::Session { machine, session } => {
                self.barrier().await?;
                let replica = self.machine(&machine)?;
                Ok(Response::Session {
                    place: replica.index(),
                    last: replica.last_number(peer.name(), session),
                })
            }
            Request::Query {
                machine,
                program,
                input,
            } => {
                self.barrier().await?;
                let from = Arc::from(peer.name());
                let replica = self.machine(&machine)?;
                let now_ms = (self.clock)();
                let query = move || replica.query(now_ms, &from, program, &input);
                Ok(response(self.apart(peer, query).await??, &machine))
            }
            Request::State { machine } => {
                self.barrier().await?;
                let replica = self.machine(&machine)?;
                self.apart(peer, move || state(&replica)).await?
            }
            Request::Program { machine } => self.program(&machine),
            Request::Plan { bundle } => self.plan(peer, bundle).await,
            request => self.turn(peer, request).await,
        }
    }

    async fn submit(&self, machine: &str, command: Command) -> Result<Response, Refusal> {
        let outcome = self
            .journal
            .submit(machine, command)
            .await
            .map_err(no_outcome)?;
        Ok(response(outcome, machine))
    }

    async fn barrier(&self) -> Result<(), Refusal> {
        self.journal.barrier().await.map_err(no_outcome)
    }

    fn program(&self, machine: &str) -> Result<Response, Refusal> {
        let replica = self.machine(machine)?;
        let instance = replica
            .instance()
            .ok_or_else(|| refused::no_machine(machine))?;
        let program = instance.program();
        Ok(Response::Program {
            program: program.digest().0,
            bytecode: program.bytes(),
        })
    }

    fn machine(&self, name: &str) -> Result<Arc<Replica>, Refusal> {
        self.published
            .machine(name)
            .ok_or_else(|| refused::no_machine(name))
    }
}

impl<J: Journal> Handler for Service<J> {
    async fn handle(&self, peer: Peer, request: Request) -> Response {
        self.answer(&peer, request)
            .await
            .unwrap_or_else(Response::Refused)
    }
}

/// An input of a peer, before it is stamped.
fn taken(peer: &Peer, program: [u8; 32], input: Vec<u8>, numbered: Option<Numbered>) -> Command {
    Command::Input {
        at_ms: 0,
        from: Arc::from(peer.name()),
        program,
        input,
        numbered,
    }
}

fn state(replica: &Replica) -> Result<Response, Refusal> {
    let instance = replica
        .instance()
        .ok_or_else(|| refused::no_machine(replica.name()))?;
    let state = encode::value(&instance.state());
    if state.len() + 1024 > RESPONSE_BYTES_MAX {
        let reason = format!("the state has {} bytes", state.len());
        return Err(Refusal::new(RefusalCode::ANSWER_TOO_LARGE, reason));
    }
    Ok(Response::State {
        program: instance.program().digest().0,
        step: replica.steps(),
        state,
    })
}

fn response(outcome: Outcome, machine: &str) -> Response {
    match outcome {
        Outcome::Answered {
            step,
            program,
            output,
        } => Response::Answer {
            step,
            program: program.0,
            output,
        },
        Outcome::Trapped { code, name, detail } => Response::Trapped {
            step: None,
            code,
            name: name.to_owned(),
            detail,
        },
        Outcome::Upgraded(applied) => Response::Applied(applied),
        Outcome::AlreadyRunning { program, sequence } => Response::AlreadyRunning {
            machine: machine.to_owned(),
            program: program.0,
            sequence,
        },
        Outcome::RolledBack(report) => Response::RolledBack {
            rehearsed: false,
            report,
            back: None,
        },
        Outcome::Passed { sequence } => Response::Passed { sequence },
        Outcome::Retired {
            program,
            machine_version,
        } => Response::Retired {
            program: program.0,
            machine_version,
        },
        Outcome::Shadow(beside) => Response::Shadow(beside),
        Outcome::Refused(refusal) => Response::Refused(refusal),
    }
}

fn no_outcome(error: SubmitError) -> Refusal {
    match error {
        SubmitError::Busy => Refusal::new(RefusalCode::BUSY, error.to_string()),
        SubmitError::Stopped => Refusal::new(RefusalCode::STORAGE, error.to_string()).now(
            "the node stops; whether this was applied is known only after it has started again",
        ),
    }
}

fn milliseconds(at_ms: i64) -> u64 {
    u64::try_from(at_ms).unwrap_or(0)
}
