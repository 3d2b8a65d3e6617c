//! THE table of reasons for which a node refuses, with their numbers on the wire.
//!
//! Numbers are never reused. The hundreds are the class, so that a client can act on a code that a
//! newer node has and it has not.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose turn it is after a refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Class {
    /// The bytes mean nothing to this node. The sender is broken, or newer.
    Malformed,
    /// Keys: who asks may not, or what was brought is not signed enough.
    Keys,
    /// The request was understood and does not fit what the node runs.
    Refused,
    /// Not now. The same request may succeed later.
    Busy,
    /// The node itself is in trouble: its operator must look.
    Node,
    /// A class of a newer node.
    Unknown,
}

/// A reason as the number that travels. Any number can arrive; those of the table have a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefusalCode(pub u16);

macro_rules! refusals {
    ($($number:literal $constant:ident $name:literal $meaning:literal)*) => {
        impl RefusalCode {
            $(#[doc = concat!("`", $name, "`: ", $meaning, ".")]
            pub const $constant: Self = Self($number);)*

            /// Every code of this version, in the order of numbers.
            pub const ALL: &[Self] = &[$(Self::$constant),*];

            /// The short name, unless the code is of a newer node.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($name),)*
                    _ => None,
                }
            }

            /// What the code means, unless it is of a newer node.
            pub const fn meaning(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($meaning),)*
                    _ => None,
                }
            }
        }
    };
}

refusals! {
    100 MALFORMED_REQUEST "malformed-request" "the request does not decode"
    101 UNKNOWN_REQUEST "unknown-request" "this node has no request of this kind"
    102 OVERSIZED_REQUEST "oversized-request" "the request is longer than its kind may be"
    103 MALFORMED_BUNDLE "malformed-bundle" "the bundle does not decode"
    104 MALFORMED_INPUT "malformed-input" "the input is not a value of the input type"

    105 OTHER_PROTOCOL "other-protocol" "node and client speak no version of the protocol in common"

    200 NOT_TRUSTED "not-trusted" "the key is not in the trust file of the node"
    201 NOT_ALLOWED "not-allowed" "no role of the key allows this"
    202 TRUST_UNUSABLE "trust-unusable" "the node cannot use its trust file and refuses everybody"
    203 UNAUTHENTIC "unauthentic" "a signature of the bundle does not verify"
    204 NOT_SIGNED_ENOUGH "not-signed-enough" "fewer authors signed the bundle than the node wants"

    300 UNKNOWN_MACHINE "unknown-machine" "the node runs no machine of this name"
    301 OTHER_NODE "other-node" "the bundle is for another node"
    302 OTHER_MACHINE "other-machine" "the bundle is for another machine"
    303 STALE_PROGRAM "stale-program" "the bundle starts from a program that is not running"
    304 STALE_SEQUENCE "stale-sequence" "the bundle does not follow the last one that was accepted"
    305 INVALID_PROGRAM "invalid-program" "the new program does not verify"
    306 INVALID_MIGRATION "invalid-migration" "the migration does not lead from the old state to the new one"
    307 INVALID_ADAPTER "invalid-adapter" "an adapter for old clients does not fit"
    308 INCOMPATIBLE "incompatible" "the new program breaks a promise to clients"
    309 MIGRATION_TRAPPED "migration-trapped" "the migration stopped on the state of the machine"
    310 STATE_TOO_LARGE "state-too-large" "the state would be larger than the node allows"
    311 OTHER_PROGRAM "other-program" "the client speaks to a program that the machine does not serve"
    312 NOT_A_QUERY "not-a-query" "the input would write, so it must be submitted"
    313 EXPIRED "expired" "the bundle is no longer to be applied"
    314 TOO_MANY_MACHINES "too-many-machines" "the node runs as many machines as it may"
    315 ANSWER_TOO_LARGE "answer-too-large" "the answer is longer than an answer may be"
    316 RETIRED_INPUT "retired-input" "an upgrade has retired this input"
    317 MALFORMED_PROGRAM "malformed-program" "a program in the bundle does not decode"
    318 ALREADY_RUNNING "already-running" "the bundle is the one that was applied last"
    319 CHECK_FAILED "check-failed" "the new program's check does not approve of the new state"
    320 ON_TRIAL "on-trial" "the running program is on trial"
    321 NOT_ON_TRIAL "not-on-trial" "the running program is not on trial"
    322 NO_WAY_BACK "no-way-back" "the machine cannot go back to a program before"
    323 BAD_TERMS "bad-terms" "the terms of the trial make no sense"
    324 NOTHING_SAVED "nothing-saved" "no rollback of this sequence has saved a state"
    325 HAS_SHADOW "has-shadow" "another version runs beside the machine"
    326 NO_SHADOW "no-shadow" "no such version runs beside the machine"
    335 LOSS_NOT_SIGNED "loss-not-signed" "the migration drops what nobody who signed has agreed to drop"
    336 LOSS_MISSTATED "loss-misstated" "the bundle says otherwise than its code what is lost"

    355 OTHER_INPUT "other-input" "another input of the session has taken the number"
    356 STALE_NUMBER "stale-number" "the number is older than the last one of its session"
    357 NUMBER_GAP "number-gap" "the number does not follow the last one of its session"
    358 FORGOTTEN_SESSION "forgotten-session" "the machine no longer knows whether the session has taken the number"
    359 ANSWER_NOT_KEPT "answer-not-kept" "the input was taken before, and its answer is not kept"

    400 BUSY "busy" "the node has as much to do as it takes on"
    401 STOPPING "stopping" "the node is about to stop"
    402 TOO_SLOW "too-slow" "the request did not arrive whole in time"

    500 STORAGE "storage" "the store of the node failed"
    501 BUG "bug" "the node met a mistake of its own"
}

impl RefusalCode {
    /// Whose turn it is.
    pub const fn class(self) -> Class {
        match self.0 / 100 {
            1 => Class::Malformed,
            2 => Class::Keys,
            3 => Class::Refused,
            4 => Class::Busy,
            5 => Class::Node,
            _ => Class::Unknown,
        }
    }
}

/// The name, or the number of a code that only a newer node knows.
impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "code {}", self.0),
        }
    }
}

impl fmt::Debug for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({self})", self.0)
    }
}

/// A refusal: the request changed nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The reason, from the table.
    pub code: RefusalCode,
    /// The reason in this case: what was expected and what was found.
    pub reason: Box<str>,
    /// What is true on the node now, as a sentence.
    pub now: Box<str>,
    /// The program that runs, when the refusal is about it.
    #[serde(with = "serde_bytes")]
    pub running: Option<[u8; 32]>,
    /// The program that the request wanted to find running.
    #[serde(with = "serde_bytes")]
    pub expected: Option<[u8; 32]>,
    /// How many bundles the machine has accepted, when the refusal is about that.
    pub sequence: Option<u64>,
}

impl Refusal {
    /// A refusal after which nothing has changed.
    pub fn new(code: RefusalCode, reason: impl Into<Box<str>>) -> Self {
        Self {
            code,
            reason: reason.into(),
            now: "nothing was changed".into(),
            running: None,
            expected: None,
            sequence: None,
        }
    }

    /// Says what is true on the node now.
    #[must_use]
    pub fn now(mut self, now: impl Into<Box<str>>) -> Self {
        self.now = now.into();
        self
    }

    /// Adds the program that runs.
    #[must_use]
    pub fn running(mut self, program: [u8; 32]) -> Self {
        self.running = Some(program);
        self
    }

    /// Adds the program that the request wanted to find running.
    #[must_use]
    pub fn expected(mut self, program: [u8; 32]) -> Self {
        self.expected = Some(program);
        self
    }

    /// Adds how many bundles the machine has accepted.
    #[must_use]
    pub fn sequence(mut self, sequence: u64) -> Self {
        self.sequence = Some(sequence);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_one_number_one_name_and_a_class() {
        let numbers: BTreeSet<_> = RefusalCode::ALL.iter().collect();
        let names: BTreeSet<_> = RefusalCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(numbers.len(), RefusalCode::ALL.len());
        assert_eq!(names.len(), RefusalCode::ALL.len());
        assert!(RefusalCode::ALL.is_sorted());
        for code in RefusalCode::ALL {
            assert_ne!(code.class(), Class::Unknown, "{code:?}");
            assert!(!code.meaning().unwrap().ends_with('.'), "{code:?}");
        }
    }

    #[test]
    fn a_code_of_a_newer_node_shows_its_number_and_keeps_its_class() {
        let newer = RefusalCode(299);
        assert_eq!(newer.to_string(), "code 299");
        assert_eq!((newer.name(), newer.meaning()), (None, None));
        assert_eq!(newer.class(), Class::Keys);
        assert_eq!(RefusalCode(9999).class(), Class::Unknown);
    }
}
