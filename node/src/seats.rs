//! How many connections and requests each key holds, so that no holder takes all of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    config::ServerLimits,
    key::PublicKey,
    limits::{ANSWERS_BYTES_PER_KEY, CONNECTIONS_RESERVED, REQUESTS_PER_KEY_SHARE},
    protocol::{Refusal, RefusalCode},
};

/// The seats of a node.
#[derive(Debug)]
pub(crate) struct Seats {
    connections: usize,
    connections_per_key: usize,
    requests_per_key: usize,
    taken: Mutex<BTreeMap<PublicKey, Holder>>,
}

/// What one key holds.
#[derive(Debug)]
struct Holder {
    connections: usize,
    requests: Arc<Semaphore>,
    /// In KiB.
    answers: Arc<Semaphore>,
}

impl Seats {
    pub(crate) fn new(limits: &ServerLimits) -> Self {
        Self {
            connections: limits.connections,
            connections_per_key: limits.connections_per_key,
            requests_per_key: (limits.requests / REQUESTS_PER_KEY_SHARE).max(1),
            taken: Mutex::new(BTreeMap::new()),
        }
    }

    /// A seat for one connection of a key, unless there is none left. Operators have some in reserve.
    pub(crate) fn take(self: &Arc<Self>, key: PublicKey, operator: bool) -> Result<Seat, NoSeat> {
        let mut taken = self.taken();
        let all: usize = taken.values().map(|holder| holder.connections).sum();
        let reserve = if operator { CONNECTIONS_RESERVED } else { 0 };
        let own = taken.get(&key).map_or(0, |holder| holder.connections);
        // The key's own share first: its holder can do something about that one.
        if own >= self.connections_per_key {
            return Err(NoSeat::OfKey(own));
        }
        if all >= self.connections + reserve {
            return Err(NoSeat::OfNode(all));
        }
        let holder = taken.entry(key).or_insert_with(|| Holder {
            connections: 0,
            requests: Arc::new(Semaphore::new(self.requests_per_key)),
            answers: Arc::new(Semaphore::new(ANSWERS_BYTES_PER_KEY / 1024)),
        });
        holder.connections += 1;
        Ok(Seat {
            key,
            requests: Arc::clone(&holder.requests),
            answers: Arc::clone(&holder.answers),
            seats: Arc::clone(self),
        })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<PublicKey, Holder>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a connection gets no seat, in words that travel to its peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NoSeat {
    #[error("this key has {0} connections open, as many as one key may")]
    OfKey(usize),
    #[error("the node has {0} connections open, as many as it takes")]
    OfNode(usize),
}

/// The seat of one connection; free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    key: PublicKey,
    requests: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    seats: Arc<Seats>,
}

impl Seat {
    /// Whose seat it is.
    pub(crate) fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Leave for one request of this key.
    pub(crate) fn request(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.requests).try_acquire_owned().map_err(|_| {
            let reason = format!(
                "{} requests of this key are in progress",
                self.seats.requests_per_key
            );
            Refusal::new(RefusalCode::BUSY, reason)
        })
    }

    /// Waits for room for long answers to this key, so many KiB.
    pub(crate) async fn answer(&self, kib: u32) -> OwnedSemaphorePermit {
        let room = Arc::clone(&self.answers).acquire_many_owned(kib).await;
        room.expect("nobody closes it")
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(holder) = taken.get_mut(&self.key) {
            holder.connections -= 1;
            if holder.connections == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    fn seats(connections: usize, connections_per_key: usize, requests: usize) -> Arc<Seats> {
        Arc::new(Seats::new(&ServerLimits {
            connections,
            connections_per_key,
            requests,
            ..ServerLimits::default()
        }))
    }

    #[test]
    fn a_key_takes_its_share_and_gives_it_back() {
        let seats = seats(10, 2, 4);
        let first = seats.take(key(1), false).unwrap();
        let second = seats.take(key(1), false).unwrap();
        assert_eq!(seats.take(key(1), true).unwrap_err(), NoSeat::OfKey(2));
        assert!(seats.take(key(2), false).is_ok());
        drop(first);
        assert!(seats.take(key(1), false).is_ok());
        drop(second);
        assert!(seats.taken().is_empty());
    }

    #[test]
    fn a_crowd_of_clients_leaves_room_for_operators() {
        let seats = seats(3, 2, 4);
        let crowd: Vec<_> = (1..=3)
            .map(|n| seats.take(key(n), false).unwrap())
            .collect();
        assert_eq!(seats.take(key(4), false).unwrap_err(), NoSeat::OfNode(3));
        let operators: Vec<_> = (10..)
            .map_while(|n| seats.take(key(n), true).ok())
            .collect();
        assert_eq!(operators.len(), CONNECTIONS_RESERVED);
        drop(crowd);
    }

    #[test]
    fn the_connections_of_a_key_share_its_requests() {
        let seats = seats(10, 10, 2 * REQUESTS_PER_KEY_SHARE);
        let (first, second) = (seats.take(key(1), false), seats.take(key(1), false));
        let other = seats.take(key(2), false).unwrap();
        let one = first.as_ref().unwrap().request().unwrap();
        let _two = second.as_ref().unwrap().request().unwrap();
        assert_eq!(
            first.as_ref().unwrap().request().unwrap_err().code,
            RefusalCode::BUSY
        );
        assert!(other.request().is_ok());
        drop(one);
        assert!(second.unwrap().request().is_ok());
    }
}
