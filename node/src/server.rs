//! From QUIC to the service: who asks, may they, and how much at once.
//!
//! The key of a peer is looked up in the trust file before the first byte of each request is read, and
//! again when the request is whole. Bounds hold per connection, per key and for the node. Whatever a
//! peer does, it ends its own request or its own connection and nobody else's.

mod admission;
mod answer;
mod peer;
mod request;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};

use quinn::{Connection, Endpoint, Incoming, RecvStream, SendStream, VarInt};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

pub use self::peer::Peer;
use self::{
    admission::Shared,
    answer::{Room, write_response},
};
use crate::{
    config::{Config, ServerLimits},
    key::SecretKey,
    limits,
    printable::Printable,
    protocol::{PROTOCOLS, Refusal, RefusalCode, Request, Response},
    seats::Seat,
    tls, transport,
    trust::TrustStore,
};

/// What answers the requests that a server lets through.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. The peer has the right that the kind of the request needs, on the machine
    /// that the request names. A bundle names its machine only inside, so whoever handles a push asks
    /// [`Peer::allows`] once the bundle is authentic.
    ///
    /// The future is run to its end even when the client has gone.
    fn handle(&self, peer: Peer, request: Request) -> impl Future<Output = Response> + Send;
}

/// A bound socket that takes no connection before it runs.
#[derive(Debug)]
pub struct Server {
    endpoint: Endpoint,
    address: SocketAddr,
    trust: Arc<TrustStore>,
    limits: ServerLimits,
}

impl Server {
    /// Binds the address of the config. Call it inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the address is taken or not of this computer.
    pub fn bind(config: &Config, own: &SecretKey, trust: Arc<TrustStore>) -> io::Result<Self> {
        let handshake = tls::server_config(own, Arc::clone(&trust)).map_err(io::Error::other)?;
        let endpoint = transport::listen(config.listen, own, handshake)?;
        Ok(Self {
            address: endpoint.local_addr()?,
            endpoint,
            trust,
            limits: config.limits.clone(),
        })
    }

    /// Where it listens, with the port that the system chose.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` completes, then lets the requests in progress finish, within the limit.
    ///
    /// # Errors
    ///
    /// When the endpoint died by itself; the process should end and be started again.
    pub async fn run<H: Handler>(
        self,
        handler: H,
        stop: impl Future<Output = ()>,
    ) -> Result<(), EndpointDied> {
        let shared = Arc::new(Shared::new(handler, self.trust, self.limits));
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                incoming = self.endpoint.accept() => {
                    admit(&shared, incoming.ok_or(EndpointDied)?);
                }
            }
        }
        shared.stopping.store(true, Ordering::SeqCst);
        let is_done = tokio::select! {
            is_done = shared.finish_requests() => is_done,
            () = refuse_all(&self.endpoint) => false,
        };
        // With this code a client knows that what it has no answer to was not acted on. With any other it does not.
        let code = RefusalCode::STOPPING;
        let number = if is_done {
            close_code(code)
        } else {
            VarInt::from_u32(0)
        };
        self.endpoint.close(number, code.to_string().as_bytes());
        // Peers that do not acknowledge the close are not worth waiting for.
        let _ = timeout(limits::CLOSE_TIMEOUT, self.endpoint.wait_idle()).await;
        Ok(())
    }
}

/// The QUIC endpoint ended by itself, which only a bug does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the network endpoint ended by itself")]
pub struct EndpointDied;

/// Takes a connection into its handshake, unless there are too many of those.
fn admit<H: Handler>(shared: &Arc<Shared<H>>, incoming: Incoming) {
    let Ok(permit) = Arc::clone(&shared.handshakes).try_acquire_owned() else {
        incoming.refuse();
        return;
    };
    let in_progress = limits::HANDSHAKES_MAX - shared.handshakes.available_permits();
    if in_progress > limits::HANDSHAKES_WITHOUT_RETRY_MAX && incoming.may_retry() {
        // Forged source addresses stop here. It fails only for a peer that has retried already.
        let _ = incoming.retry();
        return;
    }
    tokio::spawn(serve_connection(Arc::clone(shared), incoming, permit));
}

/// Tells every peer that knocks to go away, instead of leaving it to wait for silence.
async fn refuse_all(endpoint: &Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        incoming.refuse();
    }
}

async fn serve_connection<H: Handler>(
    shared: Arc<Shared<H>>,
    incoming: Incoming,
    permit: OwnedSemaphorePermit,
) {
    let remote = incoming.remote_address();
    let Some(connection) = handshake(incoming).await else {
        tracing::debug!(%remote, "a handshake failed");
        return;
    };
    drop(permit);
    let Some(key) = tls::peer_key(&connection) else {
        // The verifier has parsed this key already; nobody gets in without one.
        close(&connection, RefusalCode::BUG);
        return;
    };
    if tls::is_last_resort(&connection) {
        tracing::warn!(%remote, %key, "closed a connection: it speaks no version of the protocol that this node speaks");
        let spoken = PROTOCOLS.join(" ");
        connection.close(close_code(RefusalCode::OTHER_PROTOCOL), spoken.as_bytes());
        return;
    }
    let operator = shared.peer(&key).is_ok_and(|peer| peer.delivers());
    let seat = match shared.seats.take(key, operator) {
        Ok(seat) => seat,
        Err(none) => {
            tracing::warn!(%remote, %key, "closed a connection: {none}");
            connection.close(close_code(RefusalCode::BUSY), none.to_string().as_bytes());
            return;
        }
    };
    tracing::debug!(%remote, %key, "connected");
    serve_streams(&shared, &connection, &Arc::new(seat)).await;
    tracing::debug!(%remote, %key, "disconnected");
}

async fn handshake(incoming: Incoming) -> Option<Connection> {
    let connecting = incoming.accept().ok()?;
    timeout(limits::HANDSHAKE_TIMEOUT, connecting)
        .await
        .ok()?
        .ok()
}

/// Takes the requests of one connection, until either side ends it.
async fn serve_streams<H: Handler>(
    shared: &Arc<Shared<H>>,
    connection: &Connection,
    seat: &Arc<Seat>,
) {
    let mut check = interval_at(
        Instant::now() + limits::TRUST_CHECK_INTERVAL,
        limits::TRUST_CHECK_INTERVAL,
    );
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            stream = connection.accept_bi() => {
                let Ok((send, recv)) = stream else { return };
                let (shared, connection) = (Arc::clone(shared), connection.clone());
                tokio::spawn(serve_request(shared, connection, Arc::clone(seat), send, recv));
            }
            // A peer that is silent is not trusted for longer than one that asks.
            _ = check.tick() => {
                if shared.trust.current().is_ok_and(|trust| trust.entry(seat.key()).is_none()) {
                    close(connection, RefusalCode::NOT_TRUSTED);
                }
            }
        }
    }
}

async fn serve_request<H: Handler>(
    shared: Arc<Shared<H>>,
    connection: Connection,
    seat: Arc<Seat>,
    mut send: SendStream,
    mut recv: RecvStream,
) {
    // Held until the answer is taken, so that stopping waits for it.
    let permits = seat
        .request()
        .and_then(|of_key| Ok((of_key, shared.permit(seat.key())?)));
    let answered = match permits {
        Ok(_) => answer(&shared, &seat, &mut recv).await,
        Err(ref refusal) => Err(refusal.clone()),
    };
    let (response, mut room) = answered.unwrap_or_else(|refusal| (refusal.into(), None));
    let not_trusted = is_not_trusted(&response);
    if let Response::Refused(refusal) = &response {
        let (key, code) = (seat.key(), refusal.code);
        let trust = shared.trust.current().ok();
        let entry = trust.as_ref().and_then(|trust| trust.entry(key));
        let name = entry.map_or("unknown", |entry| entry.name());
        tracing::info!(%key, name, %code, "refused: {}", Printable(&refusal.reason));
        // The rest of the request need not be sent.
        let _ = recv.stop(close_code(refusal.code));
    }
    let sending = write_response(&mut send, response, &mut room);
    if timeout(shared.limits.transfer, sending).await.is_err() {
        let _ = send.reset(close_code(RefusalCode::TOO_SLOW));
    }
    if not_trusted {
        close(&connection, RefusalCode::NOT_TRUSTED);
    }
}

async fn answer<'a, H: Handler>(
    shared: &'a Arc<Shared<H>>,
    seat: &Seat,
    recv: &mut RecvStream,
) -> Result<(Response, Option<Room<'a>>), Refusal> {
    let (peer, request, _push) = shared.receive(seat.key(), recv).await?;
    let (kind, patience) = (request.kind(), shared.limits.transfer);
    let room = shared
        .answers
        .room(seat, kind, peer.delivers(), patience)
        .await?;
    let asked = peer.clone();
    // A task of its own: a panic in the handler ends this request and not the node.
    let handling = Arc::clone(shared);
    let task = tokio::spawn(async move { handling.handler.handle(asked, request).await });
    let response = task.await.map_err(|_| {
        Refusal::new(
            RefusalCode::BUG,
            "the node met a mistake of its own; its log says more",
        )
        .now("the node cannot say whether the request took effect")
    })?;
    Ok((peer.without_unobservable(response), room))
}

fn is_not_trusted(response: &Response) -> bool {
    matches!(response, Response::Refused(refusal) if refusal.code == RefusalCode::NOT_TRUSTED)
}

/// Connections are closed with the numbers of the table of refusals.
fn close_code(code: RefusalCode) -> VarInt {
    VarInt::from_u32(u32::from(code.0))
}

fn close(connection: &Connection, code: RefusalCode) {
    connection.close(close_code(code), code.to_string().as_bytes());
}
