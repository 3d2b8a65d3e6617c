//! From QUIC to the service: who asks, may they, and how much at once.
//!
//! The key of a peer is looked up in the trust file before the first byte of each request is read, and
//! again when the request is whole. Bounds hold per connection, per key and for the node. Whatever a
//! peer does, it ends its own request or its own connection and nobody else's.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use quinn::{Connection, Endpoint, Incoming, RecvStream, SendStream, VarInt};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use crate::{
    config::{Config, ServerLimits},
    key::{PublicKey, SecretKey},
    limits,
    printable::Printable,
    protocol::{Malformed, Refusal, RefusalCode, Request, RequestKind, Response},
    seats::{Seat, Seats},
    tls, transport,
    trust::{Right, Trust, TrustStore},
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

/// Who asks, and what the trust file said when they did.
#[derive(Clone, Debug)]
pub struct Peer {
    name: String,
    key: PublicKey,
    trust: Arc<Trust>,
}

impl Peer {
    /// A peer as this trust knows it, or `None` if it does not.
    pub fn new(key: PublicKey, trust: Arc<Trust>) -> Option<Self> {
        let name = trust.entry(&key)?.name().to_owned();
        Some(Self { name, key, trust })
    }

    /// The name in the trust file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that was proved in the handshake.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The trust of the moment of this request. The keys that may sign a bundle are those in here.
    pub fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// Whether this peer has a right on a machine.
    pub fn allows(&self, right: Right, machine: &str) -> bool {
        self.trust.role_allows(&self.key, right, machine)
    }

    /// The refusal for a right that this peer has not.
    pub fn refuse(&self, right: Right, machine: Option<&str>) -> Refusal {
        let roles: Vec<_> = right.roles().map(|role| format!("`{role}`")).collect();
        let place = machine.map_or_else(String::new, |machine| {
            format!(" for machine `{}`", Printable(machine))
        });
        let reason = format!(
            "key `{}` needs the role {}{place}",
            self.name,
            roles.join(" or ")
        );
        Refusal::new(RefusalCode::NOT_ALLOWED, reason)
    }

    /// Before the request is read: is there any machine on which it could be allowed?
    fn check_kind(&self, kind: RequestKind) -> Result<(), Refusal> {
        if self.trust.role_allows_somewhere(&self.key, kind.right()) {
            return Ok(());
        }
        Err(self.refuse(kind.right(), None))
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let right = request.kind().right();
        self.check_kind(request.kind())?;
        match request.machine() {
            Some(machine) if !self.allows(right, machine) => Err(self.refuse(right, Some(machine))),
            _ => Ok(()),
        }
    }

    /// A key that is bound to some machines learns of no others.
    fn without_unobservable(&self, mut response: Response) -> Response {
        if let Response::Status(status) = &mut response {
            status
                .machines
                .retain(|status| self.allows(Right::Observe, &status.machine));
        }
        response
    }
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
        tokio::select! {
            () = shared.finish_requests() => {}
            () = refuse_all(&self.endpoint) => {}
        }
        let code = RefusalCode::STOPPING;
        self.endpoint
            .close(close_code(code), code.to_string().as_bytes());
        // Peers that do not acknowledge the close are not worth waiting for.
        let _ = timeout(limits::CLOSE_TIMEOUT, self.endpoint.wait_idle()).await;
        Ok(())
    }
}

/// The QUIC endpoint ended by itself, which only a bug does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the network endpoint ended by itself")]
pub struct EndpointDied;

/// What all connections share.
struct Shared<H> {
    handler: H,
    trust: Arc<TrustStore>,
    limits: ServerLimits,
    handshakes: Arc<Semaphore>,
    requests: Semaphore,
    pushes: Semaphore,
    seats: Arc<Seats>,
    stopping: AtomicBool,
}

impl<H: Handler> Shared<H> {
    fn new(handler: H, trust: Arc<TrustStore>, limits: ServerLimits) -> Self {
        Self {
            handler,
            trust,
            handshakes: Arc::new(Semaphore::new(limits::HANDSHAKES_MAX)),
            requests: Semaphore::new(limits.requests),
            pushes: Semaphore::new(limits::PUSHES),
            seats: Arc::new(Seats::new(&limits)),
            stopping: AtomicBool::new(false),
            limits,
        }
    }

    /// All permits of requests can be had when no request is in progress.
    async fn finish_requests(&self) {
        let all = u32::try_from(self.limits.requests).expect("the config bounds it");
        if timeout(self.limits.shutdown, self.requests.acquire_many(all))
            .await
            .is_err()
        {
            tracing::warn!("stopping although requests are in progress");
        }
    }

    fn peer(&self, key: &PublicKey) -> Result<Peer, Refusal> {
        let trust = self.trust.current().map_err(|_| {
            let reason = "the node cannot use its trust file; its log says why";
            Refusal::new(RefusalCode::TRUST_UNUSABLE, reason)
        })?;
        Peer::new(*key, trust).ok_or_else(|| {
            let reason = format!("key `{key}` is not trusted any more");
            Refusal::new(RefusalCode::NOT_TRUSTED, reason)
        })
    }

    fn permit(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        if self.stopping.load(Ordering::SeqCst) {
            return Err(Refusal::new(
                RefusalCode::STOPPING,
                "the node is about to stop",
            ));
        }
        self.requests.try_acquire().map_err(|_| {
            let reason = format!("{} requests are in progress", self.limits.requests);
            Refusal::new(RefusalCode::BUSY, reason)
        })
    }

    /// Reads one request and asks the trust file about it, before and after.
    async fn receive(
        &self,
        key: &PublicKey,
        stream: &mut RecvStream,
    ) -> Result<(Peer, Request, Option<SemaphorePermit<'_>>), Refusal> {
        let peer = self.peer(key)?;
        let reading = async {
            let mut bytes = Vec::new();
            read_up_to(stream, &mut bytes, limits::REQUEST_KIND_BYTES_MAX).await?;
            let kind = RequestKind::of(&bytes).ok_or_else(|| unknown_kind(&bytes))?;
            peer.check_kind(kind)?;
            let push = self.push_permit(kind)?;
            read_up_to(stream, &mut bytes, kind.bytes_max() + 1).await?;
            if bytes.len() > kind.bytes_max() {
                let reason = format!("more than {} bytes", kind.bytes_max());
                return Err(Refusal::new(RefusalCode::OVERSIZED_REQUEST, reason));
            }
            Ok((Request::decode(&bytes).map_err(malformed)?, push))
        };
        let (request, push) = timeout(self.limits.transfer, reading).await.map_err(|_| {
            let reason = format!("not whole after {} s", self.limits.transfer.as_secs());
            Refusal::new(RefusalCode::TOO_SLOW, reason)
        })??;
        // The key may have been taken out of the trust file while the request arrived.
        let peer = self.peer(key)?;
        peer.check(&request)?;
        Ok((peer, request, push))
    }

    fn push_permit(&self, kind: RequestKind) -> Result<Option<SemaphorePermit<'_>>, Refusal> {
        let has_bundle = [
            RequestKind::Push,
            RequestKind::Deliver,
            RequestKind::Plan,
            RequestKind::Shadow,
            RequestKind::ShadowPromote,
        ];
        if !has_bundle.contains(&kind) {
            return Ok(None);
        }
        let busy = |_| Refusal::new(RefusalCode::BUSY, "other bundles are being applied");
        self.pushes.try_acquire().map(Some).map_err(busy)
    }
}

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
    let operator = shared
        .peer(&key)
        .is_ok_and(|peer| peer.check_kind(RequestKind::Push).is_ok());
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
        .and_then(|of_key| Ok((of_key, shared.permit()?)));
    let response = match permits {
        Ok(_) => answer(&shared, seat.key(), &mut recv).await,
        Err(ref refusal) => refusal.clone().into(),
    };
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
    let sending = write_response(&mut send, &response);
    if timeout(shared.limits.transfer, sending).await.is_err() {
        let _ = send.reset(close_code(RefusalCode::TOO_SLOW));
    }
    if not_trusted {
        close(&connection, RefusalCode::NOT_TRUSTED);
    }
}

async fn answer<H: Handler>(
    shared: &Arc<Shared<H>>,
    key: &PublicKey,
    recv: &mut RecvStream,
) -> Response {
    let (peer, request, _push) = match shared.receive(key, recv).await {
        Ok(received) => received,
        Err(refusal) => return refusal.into(),
    };
    let asked = peer.clone();
    // A task of its own: a panic in the handler ends this request and not the node.
    let handling = Arc::clone(shared);
    let task = tokio::spawn(async move { handling.handler.handle(asked, request).await });
    match task.await {
        Ok(response) => peer.without_unobservable(response),
        Err(_) => Refusal::new(
            RefusalCode::BUG,
            "the node met a mistake of its own; its log says more",
        )
        .now("the node cannot say whether the request took effect")
        .into(),
    }
}

/// Reads until there are `length` bytes or the request ends.
async fn read_up_to(
    stream: &mut RecvStream,
    bytes: &mut Vec<u8>,
    length: usize,
) -> Result<(), Refusal> {
    while let Some(missing) = length
        .checked_sub(bytes.len())
        .filter(|missing| *missing > 0)
    {
        match stream.read_chunk(missing, true).await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk.bytes),
            Ok(None) => return Ok(()),
            Err(_) => {
                let reason = "the request was cut off";
                return Err(Refusal::new(RefusalCode::MALFORMED_REQUEST, reason));
            }
        }
    }
    Ok(())
}

/// Writes an answer and waits until the peer has it: a connection that is closed earlier drops it.
async fn write_response(send: &mut SendStream, response: &Response) {
    let mut bytes = response.encode();
    if bytes.len() > limits::RESPONSE_BYTES_MAX {
        let reason = format!(
            "{} bytes, at most {}",
            bytes.len(),
            limits::RESPONSE_BYTES_MAX
        );
        let refusal = Refusal::new(RefusalCode::ANSWER_TOO_LARGE, reason)
            .now("what was asked is done; only the answer is missing");
        bytes = Response::from(refusal).encode();
    }
    if send.write_all(&bytes).await.is_ok() && send.finish().is_ok() {
        let _ = send.stopped().await;
    }
}

fn unknown_kind(beginning: &[u8]) -> Refusal {
    match beginning {
        // A map of one entry: it may be a request of a newer client.
        [0x81, ..] => Refusal::new(
            RefusalCode::UNKNOWN_REQUEST,
            "no request of this kind is known",
        ),
        _ => Refusal::new(
            RefusalCode::MALFORMED_REQUEST,
            "not the beginning of a request",
        ),
    }
}

fn malformed(malformed: Malformed) -> Refusal {
    Refusal::new(RefusalCode::MALFORMED_REQUEST, malformed.to_string())
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
