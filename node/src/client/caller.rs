//! A caller: a client that connects again by itself, and asks again where that is safe.
//!
//! Safe is what only looks, what was not sent, what was refused for a moment, and an input that has a number: the
//! node takes a number once and gives its answer again. Everything else is left to whoever asked.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Client, ClientError, Timeouts};
use crate::key::{PublicKey, SecretKey};
use crate::limits::{RECONNECT_PAUSE, RECONNECT_PAUSE_MAX, RECONNECT_TRY};
use crate::protocol::{Numbered, Refusal, RefusalCode, Request, RequestKind, Response};

/// A client of one node that outlives its connections.
#[derive(Debug)]
pub struct Caller {
    address: String,
    own: SecretKey,
    node: PublicKey,
    timeouts: Timeouts,
    patience: Duration,
    client: Option<Client>,
}

/// A session of numbered inputs to one machine: one after the other, each taken once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lane {
    machine: String,
    next: Numbered,
    /// Whether the machine is known to have this session.
    is_known: bool,
}

impl Lane {
    /// A session as it was when the outcome of this number was not known.
    #[must_use]
    pub fn resumed(machine: &str, next: Numbered) -> Lane {
        Lane {
            machine: machine.to_owned(),
            next,
            is_known: true,
        }
    }

    /// The place of the input that is sent next, or was sent and not answered.
    #[must_use]
    pub fn next(&self) -> Numbered {
        self.next
    }
}

impl Caller {
    /// Connects as [`Client::connect`], and tries again for as long as `patience` if the node turns us away because it
    /// starts again. A node that is not there at all is not waited for: its address may be wrong.
    ///
    /// # Errors
    /// As the client's. Nothing was sent.
    pub async fn connect(
        address: &str,
        own: &SecretKey,
        node: PublicKey,
        timeouts: Timeouts,
        patience: Duration,
    ) -> Result<Caller, ClientError> {
        let mut caller = Caller {
            address: address.to_owned(),
            own: own.clone(),
            node,
            timeouts,
            patience,
            client: None,
        };
        let mut waiting = Waiting::new(patience);
        loop {
            match caller.connected(timeouts.connect).await {
                Err(ClientError::TurnedAway { .. }) if waiting.pause().await => {}
                Err(error) => return Err(error),
                Ok(_) => return Ok(caller),
            }
        }
    }

    /// Asks, and asks again over a new connection where that is safe, for as long as the patience lasts after the
    /// first failure.
    ///
    /// # Errors
    /// As [`Client::request`]: that an outcome is unknown is said also if only an earlier try was sent.
    pub async fn request(&mut self, request: &Request) -> Result<Response, ClientError> {
        self.persist(request).await.0
    }

    /// Begins a session of numbered inputs.
    ///
    /// # Errors
    /// As [`Caller::request`]; inside, the refusal: a node from before there were sessions says that it does not
    /// know the request.
    pub async fn begin(&mut self, machine: &str) -> Result<Result<Lane, Refusal>, ClientError> {
        let mut session = [0; 16];
        getrandom::fill(&mut session)
            .map_err(|error| ClientError::Local(std::io::Error::other(error)))?;
        let request = Request::Session {
            machine: machine.to_owned(),
            session,
        };
        match self.request(&request).await? {
            Response::Session { place, .. } => Ok(Ok(Lane {
                machine: machine.to_owned(),
                next: Numbered {
                    session,
                    number: place.saturating_add(1),
                },
                is_known: false,
            })),
            Response::Refused(refusal) => Ok(Err(refusal)),
            _ => Err(ClientError::Unknown(
                "the node answers something else".to_owned(),
            )),
        }
    }

    /// Sends the next input of a session. Once it is known to be taken, the session is one number further; until then
    /// the same call asks for it again.
    ///
    /// # Errors
    /// As [`Caller::request`].
    pub async fn submit(
        &mut self,
        lane: &mut Lane,
        program: [u8; 32],
        input: &[u8],
    ) -> Result<Response, ClientError> {
        loop {
            let request = Request::Numbered {
                machine: lane.machine.clone(),
                program,
                numbered: lane.next,
                input: input.to_vec(),
            };
            let (response, tries) = self.persist(&request).await;
            let response = response?;
            match &response {
                // Nothing of this session was ever sent: it only began too long ago.
                Response::Refused(refusal)
                    if refusal.code == RefusalCode::FORGOTTEN_SESSION
                        && !lane.is_known
                        && tries == 1 =>
                {
                    let machine = lane.machine.clone();
                    match self.begin(&machine).await? {
                        Ok(begun) => *lane = begun,
                        Err(refusal) => return Ok(refusal.into()),
                    }
                }
                _ => {
                    lane.is_known = true;
                    if is_taken(&response) {
                        lane.next.number = lane.next.number.saturating_add(1);
                    }
                    return Ok(response);
                }
            }
        }
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        if let Some(client) = self.client.take() {
            client.close().await;
        }
    }

    /// The outcome, and how often it was asked for it.
    async fn persist(&mut self, request: &Request) -> (Result<Response, ClientError>, u32) {
        let mut waiting: Option<Waiting> = None;
        let mut unknown: Option<String> = None;
        let mut tries = 0;
        loop {
            tries += 1;
            let connect = RECONNECT_TRY * tries;
            let connect = connect.min(self.timeouts.connect);
            let outcome = match self.connected(connect).await {
                Ok(client) => client.request(request).await,
                Err(error) => Err(error),
            };
            let is_lost = self.client.as_ref().is_some_and(Client::is_lost);
            if is_lost || outcome.is_err() {
                self.client = None;
            }
            if let Err(ClientError::Unknown(reason)) = &outcome {
                unknown.get_or_insert_with(|| reason.clone());
            }
            let waiting = waiting.get_or_insert_with(|| Waiting::new(self.patience));
            if !is_worth_another(request, &outcome) || !waiting.pause().await {
                return (after(unknown, outcome), tries);
            }
        }
    }

    async fn connected(&mut self, connect: Duration) -> Result<&Client, ClientError> {
        if self.client.is_none() {
            let timeouts = Timeouts {
                connect,
                ..self.timeouts
            };
            let client = Client::connect(&self.address, &self.own, self.node, timeouts).await?;
            self.client = Some(client);
        }
        Ok(self.client.as_ref().expect("it was made just now"))
    }
}

/// Whether the machine has taken the input that this is the answer to.
fn is_taken(response: &Response) -> bool {
    match response {
        Response::Answer { .. } | Response::Trapped { .. } => true,
        Response::Refused(refusal) => {
            [RefusalCode::ANSWER_NOT_KEPT, RefusalCode::ANSWER_TOO_LARGE].contains(&refusal.code)
        }
        _ => false,
    }
}

/// Whether the same request may be sent twice without a second effect.
fn is_repeatable(request: &Request) -> bool {
    !request.is_change() || request.kind() == RequestKind::Numbered
}

fn is_worth_another(request: &Request, outcome: &Result<Response, ClientError>) -> bool {
    match outcome {
        Err(
            ClientError::TurnedAway { .. }
            | ClientError::NotReachable { .. }
            | ClientError::NotSent(_),
        ) => true,
        Err(ClientError::Unknown(_)) => is_repeatable(request),
        Ok(Response::Refused(refusal)) => match refusal.code {
            RefusalCode::STOPPING => true,
            RefusalCode::BUSY => is_repeatable(request),
            // The node stops, and what it has made durable is known when it has started again.
            RefusalCode::STORAGE => request.kind() == RequestKind::Numbered,
            _ => false,
        },
        _ => false,
    }
}

/// What is known in the end, if the outcome of an earlier try is not.
fn after(
    unknown: Option<String>,
    outcome: Result<Response, ClientError>,
) -> Result<Response, ClientError> {
    let last = match (&unknown, &outcome) {
        (None, _) | (_, Err(ClientError::Unknown(_))) => return outcome,
        (Some(_), Err(error)) => error.to_string(),
        (Some(_), Ok(Response::Refused(refusal)))
            if [RefusalCode::STOPPING, RefusalCode::BUSY].contains(&refusal.code) =>
        {
            refusal.reason.to_string()
        }
        _ => return outcome,
    };
    let first = unknown.unwrap_or_default();
    Err(ClientError::Unknown(format!("{first}; and then: {last}")))
}

/// Pauses that get longer, until a time is over.
struct Waiting {
    deadline: Instant,
    pause: Duration,
}

impl Waiting {
    fn new(patience: Duration) -> Waiting {
        Waiting {
            deadline: Instant::now() + patience,
            pause: RECONNECT_PAUSE,
        }
    }

    /// Waits a little; or says that the time is over.
    async fn pause(&mut self) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(RECONNECT_PAUSE_MAX);
        true
    }
}
