//! Answers on their way: how much memory they hold together, and that each arrives or is given up.

use std::time::Duration;

use quinn::SendStream;
use tokio::{
    sync::{OwnedSemaphorePermit, SemaphorePermit},
    task::spawn_blocking,
    time::timeout,
};

use crate::{
    limits,
    places::Places,
    protocol::{Refusal, RefusalCode, RequestKind, Response},
    seats::Seat,
};

const KIB: usize = 1024;

/// What large answers may hold from before they are worked out until their peers have taken them, in KiB.
pub(super) struct Answers(Places);

/// The part of it that is kept for one answer.
pub(super) struct Room<'a> {
    of_key: OwnedSemaphorePermit,
    of_node: SemaphorePermit<'a>,
}

impl Default for Answers {
    fn default() -> Self {
        let [open, reserved] = [limits::ANSWERS_BYTES, limits::ANSWERS_BYTES_RESERVED];
        Self(Places::new(open / KIB, reserved / KIB))
    }
}

impl Answers {
    /// Waits until there is room for whatever a request of this kind is answered; none is kept for short ones.
    pub(super) async fn room(
        &self,
        seat: &Seat,
        kind: RequestKind,
        delivers: bool,
        patience: Duration,
    ) -> Result<Option<Room<'_>>, Refusal> {
        let Some(bytes) = longest(kind) else {
            return Ok(None);
        };
        let room = async {
            let of_key = seat.answer(kib(bytes)).await;
            let of_node = self.0.take(kib(bytes), delivers).await;
            Room { of_key, of_node }
        };
        let room = timeout(patience, room).await.map_err(|_| {
            let reason = "other long answers are on their way and have not been taken";
            Refusal::new(RefusalCode::BUSY, reason)
        })?;
        Ok(Some(room))
    }
}

impl Room<'_> {
    /// Keeps no more than an answer takes.
    fn shrink(&mut self, bytes: usize) {
        let needed = usize::try_from(kib(bytes)).unwrap_or(usize::MAX);
        let excess = self.of_key.num_permits().saturating_sub(needed);
        drop(self.of_key.split(excess));
        let excess = self.of_node.num_permits().saturating_sub(needed);
        drop(self.of_node.split(excess));
    }
}

/// The longest answer to a request of this kind, where that is long: the other answers have a mebibyte or two, and
/// the requests in progress are their bound.
fn longest(kind: RequestKind) -> Option<usize> {
    match kind {
        RequestKind::State | RequestKind::Saved | RequestKind::Origin => {
            Some(limits::RESPONSE_BYTES_MAX)
        }
        RequestKind::Journal => Some(limits::JOURNAL_ANSWER_BYTES),
        RequestKind::Ledger => Some(limits::LEDGER_ANSWER_BYTES),
        _ => None,
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX)
}

/// Writes an answer and waits until the peer has it: a connection that is closed earlier drops it.
pub(super) async fn write_response(
    send: &mut SendStream,
    response: Response,
    room: &mut Option<Room<'_>>,
) {
    let bytes = match room {
        None => encoded(response),
        Some(room) => {
            // Tens of mebibytes, away from the threads that carry packets.
            let Ok(bytes) = spawn_blocking(move || encoded(response)).await else {
                let _ = send.reset(super::close_code(RefusalCode::BUG));
                return;
            };
            room.shrink(bytes.len());
            bytes
        }
    };
    if send.write_all(&bytes).await.is_ok() && send.finish().is_ok() {
        let _ = send.stopped().await;
    }
}

/// The bytes of an answer, which itself is gone then: one of the two is enough to hold while it travels.
fn encoded(response: Response) -> Vec<u8> {
    let bytes = response.encode();
    drop(response);
    if bytes.len() <= limits::RESPONSE_BYTES_MAX {
        return bytes;
    }
    let reason = format!(
        "{} bytes, at most {}",
        bytes.len(),
        limits::RESPONSE_BYTES_MAX
    );
    let refusal = Refusal::new(RefusalCode::ANSWER_TOO_LARGE, reason)
        .now("what was asked is done; only the answer is missing");
    Response::from(refusal).encode()
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::Arc,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::{config::ServerLimits, key::SecretKey, seats::Seats};

    const PATIENCE: Duration = Duration::from_secs(3600);

    fn seat(seats: &Arc<Seats>, seed: u8) -> Seat {
        let key = SecretKey::from_seed(&[seed; 32]).public();
        seats.take(key, false).unwrap()
    }

    /// What a wait for room has come to by now.
    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn no_key_and_not_all_keys_together_make_the_node_hold_more_than_it_may() {
        let (answers, seats) = (
            Answers::default(),
            Arc::new(Seats::new(&ServerLimits::default())),
        );
        let seats: Vec<_> = (1..=9).map(|seed| seat(&seats, seed)).collect();
        let answers = &answers;
        let states = |seat| {
            let state = move || answers.room(seat, RequestKind::State, false, PATIENCE);
            let held = std::iter::from_fn(move || now(state()));
            held.map(|room| room.unwrap().unwrap())
        };
        let whole = |bytes| bytes / limits::RESPONSE_BYTES_MAX;
        let mut held: Vec<_> = states(&seats[0]).collect();
        assert_eq!(held.len(), whole(limits::ANSWERS_BYTES_PER_KEY));
        for seat in &seats[1..8] {
            held.extend(states(seat));
        }
        assert_eq!(held.len(), whole(limits::ANSWERS_BYTES));
        let operator = answers.room(&seats[8], RequestKind::State, true, PATIENCE);
        assert!(now(operator).is_some_and(|room| room.is_ok()));
        // Short answers need no room, and room comes back.
        let status = answers.room(&seats[0], RequestKind::Status, false, PATIENCE);
        assert!(now(status).is_some_and(|room| room.unwrap().is_none()));
        held[0].shrink(5_000);
        drop(held.split_off(1));
        assert_eq!(held[0].of_key.num_permits(), 5);
        assert_eq!(held[0].of_node.num_permits(), 5);
        assert!(now(answers.room(&seats[7], RequestKind::Origin, false, PATIENCE)).is_some());
    }

    #[tokio::test]
    async fn who_waits_too_long_for_room_is_told_so() {
        let (answers, seats) = (
            Answers::default(),
            Arc::new(Seats::new(&ServerLimits::default())),
        );
        let seat = seat(&seats, 1);
        let state = || answers.room(&seat, RequestKind::State, false, Duration::ZERO);
        let mut held = Vec::new();
        let refusal = loop {
            match state().await {
                Ok(room) => held.push(room),
                Err(refusal) => break refusal,
            }
        };
        assert_eq!(refusal.code, RefusalCode::BUSY);
        assert!(!held.is_empty());
    }
}
