//! What travels between a client and a node: one request and one answer per stream.
//!
//! A message is MessagePack, and the end of the stream is its end. The types are flat: the depth limit
//! of the decoder does not hold for recursive ones. A message has one encoding only; bytes that decode
//! but would be encoded otherwise are refused, which covers trailing bytes, longer forms of numbers,
//! and fields in another order.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use crate::refusal::{Class, Refusal, RefusalCode};
pub use crate::report::{Applied, EngineName, HistoryEntry, MachineStatus, NodeStatus};
use crate::{
    limits::{
        HISTORY_ENTRIES_MAX, NAME_BYTES_MAX, PUSH_BYTES_MAX, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX,
    },
    trust::Right,
};

/// The protocol and its version, agreed on in the handshake (ALPN).
pub const PROTOCOL: &[u8] = b"camshaft/1";

/// What a client asks. Hashes are BLAKE3 over canonical bytes; `machine` is the name on the node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Request {
    /// What runs: all machines that the key may observe, or one.
    Status {
        /// The machine, or all.
        machine: Option<String>,
    },
    /// Deliver a bundle.
    Push {
        /// Its exact bytes.
        #[serde(with = "serde_bytes")]
        bundle: Vec<u8>,
    },
    /// One step with this input, durable before it is answered.
    Submit {
        /// The machine.
        machine: String,
        /// The program whose input type the client has encoded for.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The input, in the codec of values.
        #[serde(with = "serde_bytes")]
        input: Vec<u8>,
    },
    /// The answer to an input whose handler writes nothing.
    Query {
        /// The machine.
        machine: String,
        /// The program whose input type the client has encoded for.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The input, in the codec of values.
        #[serde(with = "serde_bytes")]
        input: Vec<u8>,
    },
    /// The bundles that a machine has accepted, oldest first.
    History {
        /// The machine.
        machine: String,
        /// Only entries with a greater sequence; 0 for all.
        after: u64,
        /// At most so many entries, 1 to [`HISTORY_ENTRIES_MAX`].
        limit: u32,
    },
    /// The state of a machine.
    State {
        /// The machine.
        machine: String,
    },
    /// The bytecode that a machine runs, and with it its schema.
    Program {
        /// The machine.
        machine: String,
    },
}

/// The kinds of request, which decide about right and size before the rest is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RequestKind {
    /// [`Request::Status`].
    Status,
    /// [`Request::Push`].
    Push,
    /// [`Request::Submit`].
    Submit,
    /// [`Request::Query`].
    Query,
    /// [`Request::History`].
    History,
    /// [`Request::State`].
    State,
    /// [`Request::Program`].
    Program,
}

impl RequestKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Status,
        Self::Push,
        Self::Submit,
        Self::Query,
        Self::History,
        Self::State,
        Self::Program,
    ];

    /// The name, which is also how a request of this kind begins on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Push => "Push",
            Self::Submit => "Submit",
            Self::Query => "Query",
            Self::History => "History",
            Self::State => "State",
            Self::Program => "Program",
        }
    }

    /// The right that a request of this kind needs. No default: a new kind does not compile without.
    pub const fn right(self) -> Right {
        match self {
            Self::Push => Right::Deliver,
            Self::Submit => Right::Submit,
            Self::Status | Self::Query | Self::History | Self::State | Self::Program => {
                Right::Observe
            }
        }
    }

    /// The longest request of this kind, in bytes.
    pub const fn bytes_max(self) -> usize {
        match self {
            Self::Push => PUSH_BYTES_MAX,
            Self::Submit
            | Self::Query
            | Self::Status
            | Self::History
            | Self::State
            | Self::Program => REQUEST_BYTES_MAX,
        }
    }

    /// The kind of a request from its first bytes: a map of one entry, whose key is the name.
    ///
    /// [`crate::limits::REQUEST_KIND_BYTES_MAX`] bytes are enough.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        let (&[map, text], name) = beginning.split_first_chunk()?;
        let length = usize::from(text.checked_sub(0xa0)?);
        let name = name.get(..length)?;
        let is_named = |kind: &Self| kind.name().as_bytes() == name;
        Self::ALL.into_iter().find(is_named).filter(|_| map == 0x81)
    }
}

impl Request {
    /// The kind.
    pub const fn kind(&self) -> RequestKind {
        match self {
            Self::Status { .. } => RequestKind::Status,
            Self::Push { .. } => RequestKind::Push,
            Self::Submit { .. } => RequestKind::Submit,
            Self::Query { .. } => RequestKind::Query,
            Self::History { .. } => RequestKind::History,
            Self::State { .. } => RequestKind::State,
            Self::Program { .. } => RequestKind::Program,
        }
    }

    /// The machine that the request names. A bundle names its machine inside its signed manifest.
    pub fn machine(&self) -> Option<&str> {
        match self {
            Self::Status { machine } => machine.as_deref(),
            Self::Push { .. } => None,
            Self::Submit { machine, .. }
            | Self::Query { machine, .. }
            | Self::History { machine, .. }
            | Self::State { machine }
            | Self::Program { machine } => Some(machine),
        }
    }

    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the bytes of one whole request.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when the bytes are too many, do not decode, are not the one encoding of what they
    /// say, or say what is out of bounds.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let kind =
            RequestKind::of(bytes).ok_or(Malformed("not the beginning of a known request"))?;
        if bytes.len() > kind.bytes_max() {
            return Err(Malformed("longer than a request of its kind may be"));
        }
        let request: Self = decode(bytes)?;
        if let Some(machine) = request.machine()
            && (machine.is_empty() || machine.len() > NAME_BYTES_MAX)
        {
            return Err(Malformed("the name of a machine has 1 to 64 bytes"));
        }
        match request {
            Self::History { limit, .. } if !(1..=HISTORY_ENTRIES_MAX).contains(&limit) => {
                Err(Malformed("a history has 1 to 1000 entries"))
            }
            request => Ok(request),
        }
    }
}

/// What a node answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub enum Response {
    /// What runs.
    Status(NodeStatus),
    /// The bundle was applied, and that is durable.
    Applied(Applied),
    /// The bundle had been applied before. Nothing was changed.
    AlreadyRunning {
        /// The machine.
        machine: String,
        /// The program that runs.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// How many bundles the machine has accepted.
        sequence: u64,
    },
    /// The step was taken, or the query answered.
    Answer {
        /// The number of this step, or of the last step before the query.
        step: u64,
        /// The program that answered.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The output, in the codec of values, of the type that the client's program has.
        #[serde(with = "serde_bytes")]
        output: Vec<u8>,
    },
    /// The step stopped. The state is what it was before.
    Trapped {
        /// The number of the step, if stopped steps are counted.
        step: Option<u64>,
        /// The number of the trap.
        code: u32,
        /// The name of the trap.
        name: String,
        /// Where it stopped and on what.
        detail: String,
    },
    /// The bundles that the machine accepted.
    History {
        /// Oldest first.
        entries: Vec<HistoryEntry>,
    },
    /// The state of the machine.
    State {
        /// The program whose state type it is of.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// The number of the last step that it contains.
        step: u64,
        /// The state, in the codec of values.
        #[serde(with = "serde_bytes")]
        state: Vec<u8>,
    },
    /// The program that the machine runs.
    Program {
        /// Its hash.
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        /// Its bytecode.
        #[serde(with = "serde_bytes")]
        bytecode: Vec<u8>,
    },
    /// The request changed nothing.
    Refused(Refusal),
}

impl Response {
    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the bytes of one whole answer.
    ///
    /// # Errors
    ///
    /// [`Malformed`], as [`Request::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > RESPONSE_BYTES_MAX {
            return Err(Malformed("longer than an answer may be"));
        }
        decode(bytes)
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
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
mod tests {
    use super::*;
    use crate::limits::REQUEST_KIND_BYTES_MAX;

    /// One request of each kind.
    pub(crate) fn requests() -> Vec<Request> {
        let machine = || "counter".to_owned();
        let (program, input) = ([7; 32], vec![1, 2, 3]);
        vec![
            Request::Status { machine: None },
            Request::Push {
                bundle: vec![9; 300],
            },
            Request::Submit {
                machine: machine(),
                program,
                input: input.clone(),
            },
            Request::Query {
                machine: machine(),
                program,
                input,
            },
            Request::History {
                machine: machine(),
                after: u64::MAX,
                limit: 10,
            },
            Request::State { machine: machine() },
            Request::Program { machine: machine() },
        ]
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
    fn every_other_encoding_of_a_request_is_refused() {
        let request = Request::History {
            machine: "m".to_owned(),
            after: 1,
            limit: 2,
        };
        let good = request.encode();
        assert_eq!(good, b"\x81\xa7History\x93\xa1m\x01\x02");
        let wrong: [&[u8]; 9] = [
            b"\x81\xa7History\x93\xa1m\x01\x02\x00",
            b"\x81\xa7History\x93\xa1m\xcc\x01\x02",
            b"\x81\xa7History\xdc\x00\x03\xa1m\x01\x02",
            b"\x81\xa7History\x93\xd9\x01m\x01\x02",
            b"\x81\xa7History\x83\xa7machine\xa1m\xa5after\x01\xa5limit\x02",
            b"\x81\xa7History\x94\xa1m\x01\x02\x03",
            b"\x81\xa7History\x92\xa1m\x01",
            b"\xde\x00\x01\xa7History\x93\xa1m\x01\x02",
            b"\x82\xa7History\x93\xa1m\x01\x02\xa7History\x93\xa1m\x01\x02",
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
            let history = Request::History {
                machine: "m".to_owned(),
                after: 0,
                limit,
            };
            assert_eq!(Request::decode(&history.encode()).is_ok(), fine, "{limit}");
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
        let history = Response::History {
            entries: Vec::new(),
        };
        for response in [refusal.into(), Response::Applied(applied), history] {
            let bytes = response.encode();
            assert_eq!(Response::decode(&bytes), Ok(response));
            assert!(Response::decode(&[&bytes[..], &[0xc0]].concat()).is_err());
        }
    }
}
