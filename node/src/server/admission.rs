//! What all connections share: who is let in, and how much at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use quinn::RecvStream;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    answer::Answers,
    peer::Peer,
    request::{malformed, read_up_to, unknown_kind},
};
use crate::{
    config::ServerLimits,
    key::PublicKey,
    limits,
    places::Places,
    protocol::{Refusal, RefusalCode, Request, RequestKind},
    seats::Seats,
    trust::TrustStore,
};

/// What all connections share.
pub(super) struct Shared<H> {
    pub(super) handler: H,
    pub(super) trust: Arc<TrustStore>,
    pub(super) limits: ServerLimits,
    pub(super) handshakes: Arc<Semaphore>,
    requests: Places,
    pushes: Semaphore,
    pub(super) answers: Answers,
    pub(super) seats: Arc<Seats>,
    pub(super) stopping: AtomicBool,
}

impl<H> Shared<H> {
    pub(super) fn new(handler: H, trust: Arc<TrustStore>, limits: ServerLimits) -> Self {
        Self {
            handler,
            trust,
            handshakes: Arc::new(Semaphore::new(limits::HANDSHAKES_MAX)),
            requests: Places::new(limits.requests, limits::REQUESTS_RESERVED),
            pushes: Semaphore::new(limits::PUSHES),
            answers: Answers::default(),
            seats: Arc::new(Seats::new(&limits)),
            stopping: AtomicBool::new(false),
            limits,
        }
    }

    /// All places of requests can be had when no request is in progress. Says whether they were had in time.
    pub(super) async fn finish_requests(&self) -> bool {
        let all = timeout(self.limits.shutdown, self.requests.take_all()).await;
        let Ok(places) = all else {
            tracing::warn!("stopping although requests are in progress");
            return false;
        };
        // Nobody gets one of them back: what comes now is not acted on.
        places.into_iter().for_each(SemaphorePermit::forget);
        true
    }

    pub(super) fn peer(&self, key: &PublicKey) -> Result<Peer, Refusal> {
        let trust = self.trust.current().map_err(|_| {
            let reason = "the node cannot use its trust file; its log says why";
            Refusal::new(RefusalCode::TRUST_UNUSABLE, reason)
        })?;
        Peer::new(*key, trust).ok_or_else(|| {
            let reason = format!("key `{key}` is not trusted any more");
            Refusal::new(RefusalCode::NOT_TRUSTED, reason)
        })
    }

    /// Leave to have one more request in progress, taken before the first byte of it is read: what has arrived of a
    /// request is held in memory. Those who may deliver have some in reserve.
    pub(super) fn permit(&self, key: &PublicKey) -> Result<SemaphorePermit<'_>, Refusal> {
        if self.stopping.load(Ordering::SeqCst) {
            return Err(Refusal::new(
                RefusalCode::STOPPING,
                "the node is about to stop",
            ));
        }
        let delivers = || self.peer(key).is_ok_and(|peer| peer.delivers());
        self.requests.try_take(delivers).ok_or_else(|| {
            let reason = format!("{} requests are in progress", self.limits.requests);
            Refusal::new(RefusalCode::BUSY, reason)
        })
    }

    /// Reads one request and asks the trust file about it, before and after.
    pub(super) async fn receive(
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
            read_up_to(stream, &mut bytes, kind.bytes_max() + 1).await?;
            if bytes.len() > kind.bytes_max() {
                let reason = format!("more than {} bytes", kind.bytes_max());
                return Err(Refusal::new(RefusalCode::OVERSIZED_REQUEST, reason));
            }
            // Not before: whoever sends one slowly would keep all others out.
            let push = self.push_permit(kind)?;
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
        if !kind.judges_bundle() {
            return Ok(None);
        }
        let busy = |_| Refusal::new(RefusalCode::BUSY, "other bundles are being applied");
        self.pushes.try_acquire().map(Some).map_err(busy)
    }
}
