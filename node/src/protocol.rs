//! What travels between a client and a node: one request and one answer per stream.
//!
//! A message is MessagePack, and the end of the stream is its end. The types are flat: the depth limit
//! of the decoder does not hold for recursive ones. A message has one encoding only; bytes that decode
//! but would be encoded otherwise are refused, which covers trailing bytes, longer forms of numbers,
//! and fields in another order.

mod request;
mod response;

use serde::{Serialize, de::DeserializeOwned};

pub use self::request::{Request, RequestKind};
pub use self::response::Response;
pub use crate::biography::{Mark, Origin};
pub use crate::journal::{Command, Numbered};
pub use crate::ledger::Entry;
pub use crate::plan::Plan;
pub use crate::refusal::{Class, Refusal, RefusalCode};
pub use crate::report::{
    Applied, EngineName, Life, MachineStatus, NodeStatus, Served, TrialStatus,
};
pub use crate::rollback::RolledBack;
pub use crate::shadow::{Beside, Shadow};
pub use crate::trial::Terms;

/// The versions of the protocol that this node and its clients speak, the one they like best first. The handshake
/// (ALPN) agrees on one. A new need is a new kind of request, and no new version: one comes when messages themselves
/// change, and the old one stays in this list for as long as it is spoken beside it.
pub const PROTOCOLS: &[&str] = &["camshaft/1"];

/// What both sides offer last. Who agree on nothing else agree on this, under which the node says which versions it
/// speaks and closes: it is the one name that never changes.
pub const PROTOCOL_OF_LAST_RESORT: &str = "camshaft";

/// What is offered in the handshake.
pub(crate) fn offered(versions: &[&str]) -> Vec<Vec<u8>> {
    let names = versions.iter().chain([&PROTOCOL_OF_LAST_RESORT]);
    names.map(|name| name.as_bytes().to_vec()).collect()
}

/// Bytes that are no message of this protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(&'static str);

fn encode(message: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec(message).expect("messages hold nothing that MessagePack cannot")
}

/// The decoder's own message is dropped: it may quote what a hostile peer sent.
fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    let message = rmp_serde::from_slice(bytes).map_err(|_| Malformed("does not decode"))?;
    if encode(&message) != bytes {
        return Err(Malformed("not the canonical encoding"));
    }
    Ok(message)
}

#[cfg(test)]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{PUSH_BYTES_MAX, REQUEST_BYTES_MAX, REQUEST_KIND_BYTES_MAX};
    use crate::network_bench::request;

    /// One request of each kind.
    fn requests() -> Vec<Request> {
        let requests = RequestKind::ALL.iter();
        requests.map(|kind| request(*kind, "counter")).collect()
    }

    #[test]
    fn a_request_reads_back_and_shows_its_kind_at_once() {
        let kinds: Vec<_> = requests().iter().map(Request::kind).collect();
        assert_eq!(kinds, RequestKind::ALL);
        for request in requests() {
            let bytes = request.encode();
            assert_eq!(Request::decode(&bytes), Ok(request.clone()));
            let beginning = &bytes[..bytes.len().min(REQUEST_KIND_BYTES_MAX)];
            assert_eq!(RequestKind::of(beginning), Some(request.kind()));
        }
    }

    #[test]
    fn what_only_asks_changes_nothing_and_what_brings_a_bundle_names_no_machine() {
        for request in requests() {
            let (kind, right) = (request.kind(), request.kind().right());
            let needs_more = [RequestKind::Plan, RequestKind::Session].contains(&kind);
            let only_asks = right == crate::trust::Right::Observe || needs_more;
            assert_eq!(kind.is_change(), !only_asks, "{kind:?}");
            let is_named = request.machine().is_some();
            assert!(!(kind.brings_bundle() && is_named), "{kind:?}");
            assert!(kind.brings_bundle() <= kind.judges_bundle(), "{kind:?}");
        }
        for rehearse in [true, false] {
            let rollback = Request::Rollback {
                machine: "counter".to_owned(),
                running: [1; 32],
                reason: String::new(),
                rehearse,
            };
            assert_eq!(rollback.is_change(), !rehearse);
        }
    }

    #[test]
    fn every_other_encoding_of_a_request_is_refused() {
        let request = Request::Ledger {
            machine: "m".to_owned(),
            after: 1,
            limit: 2,
        };
        let good = request.encode();
        assert_eq!(good, b"\x81\xa6Ledger\x93\xa1m\x01\x02");
        let wrong: [&[u8]; 9] = [
            b"\x81\xa6Ledger\x93\xa1m\x01\x02\x00",
            b"\x81\xa6Ledger\x93\xa1m\xcc\x01\x02",
            b"\x81\xa6Ledger\xdc\x00\x03\xa1m\x01\x02",
            b"\x81\xa6Ledger\x93\xd9\x01m\x01\x02",
            b"\x81\xa6Ledger\x83\xa7machine\xa1m\xa5after\x01\xa5limit\x02",
            b"\x81\xa6Ledger\x94\xa1m\x01\x02\x03",
            b"\x81\xa6Ledger\x92\xa1m\x01",
            b"\xde\x00\x01\xa6Ledger\x93\xa1m\x01\x02",
            b"\x82\xa6Ledger\x93\xa1m\x01\x02\xa6Ledger\x93\xa1m\x01\x02",
        ];
        for bytes in wrong {
            assert!(Request::decode(bytes).is_err(), "{bytes:02x?}");
        }
    }

    #[test]
    fn a_request_that_is_cut_or_changed_never_reads_as_what_it_was() {
        for request in requests() {
            let bytes = request.encode();
            for end in 0..bytes.len() {
                assert!(Request::decode(&bytes[..end]).is_err());
            }
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(Request::decode(&changed), Ok(request.clone()));
            }
        }
    }

    #[test]
    fn lengths_that_lie_are_refused_without_allocating_for_them() {
        let bodies: [&[u8]; 5] = [
            b"\x81\xa4Push\x91\xc6\xff\xff\xff\xff",
            b"\x81\xa4Push\x91\xdd\xff\xff\xff\xff",
            b"\x81\xa4Push\xdd\xff\xff\xff\xff",
            b"\x81\xa5State\x91\xdb\xff\xff\xff\xff",
            b"\x81\xa4Push\xdf\xff\xff\xff\xff",
        ];
        for bytes in bodies {
            assert!(Request::decode(bytes).is_err(), "{bytes:02x?}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_on_a_small_stack() {
        let decode_all = || {
            for opening in [0x91, 0x81, 0x9f, 0xc9] {
                let mut bytes = b"\x81\xa5State\x91".to_vec();
                bytes.resize(REQUEST_BYTES_MAX, opening);
                assert!(Request::decode(&bytes).is_err(), "{opening:x}");
                bytes.splice(..8, b"\x81\xa5State\x81\xa1z".iter().copied());
                assert!(Request::decode(&bytes).is_err(), "{opening:x}");
            }
        };
        let thread = std::thread::Builder::new().stack_size(256 * 1024);
        thread.spawn(decode_all).unwrap().join().unwrap();
    }

    #[test]
    fn a_request_is_as_long_as_its_kind_may_be_and_no_longer() {
        let push = |length| {
            Request::Push {
                bundle: vec![0; length],
            }
            .encode()
        };
        assert!(Request::decode(&push(crate::limits::BUNDLE_BYTES_MAX)).is_ok());
        assert!(Request::decode(&push(PUSH_BYTES_MAX)).is_err());
        let query = |length| {
            let (machine, program) = ("m".to_owned(), [0; 32]);
            Request::Query {
                machine,
                program,
                input: vec![0; length],
            }
            .encode()
        };
        let around = query(REQUEST_BYTES_MAX).len() - REQUEST_BYTES_MAX;
        assert!(Request::decode(&query(REQUEST_BYTES_MAX - around)).is_ok());
        assert!(Request::decode(&query(REQUEST_BYTES_MAX - around + 1)).is_err());
    }

    #[test]
    fn names_and_counts_out_of_bounds_are_refused() {
        let state = |machine: String| Request::decode(&Request::State { machine }.encode());
        assert!(state("m".repeat(64)).is_ok());
        assert!(state(String::new()).is_err());
        assert!(state("m".repeat(65)).is_err());
        for (limit, fine) in [(0, false), (1, true), (1000, true), (1001, false)] {
            let ledger = Request::Ledger {
                machine: "m".to_owned(),
                after: 0,
                limit,
            };
            assert_eq!(Request::decode(&ledger.encode()).is_ok(), fine, "{limit}");
        }
    }

    #[test]
    fn an_answer_reads_back_and_a_newer_code_keeps_its_number() {
        let refusal = Refusal::new(RefusalCode(299), "of a newer node")
            .running([1; 32])
            .sequence(4);
        let applied = Applied {
            machine: "counter".to_owned(),
            from: None,
            to: [2; 32],
            sequence: 1,
            state_bytes_before: 0,
            state_bytes: 9,
        };
        let ledger = Response::Ledger {
            entries: Vec::new(),
        };
        for response in [refusal.into(), Response::Applied(applied), ledger] {
            let bytes = response.encode();
            assert_eq!(Response::decode(&bytes), Ok(response));
            assert!(Response::decode(&[&bytes[..], &[0xc0]].concat()).is_err());
        }
    }
}
