//! Sessions: what is remembered of numbered inputs, so that who has lost a connection can ask again.
//!
//! A client numbers its inputs within a session of its own. The same number again is given the answer that the first
//! had, and takes no step. What is remembered has a bound, so sessions are forgotten; the machine then remembers where
//! in its journal the last input of any forgotten one was. The first number of a session is greater than the place
//! that the machine had come to when the session began, and numbers and places rise together: so a number of a session
//! that is not known was never taken if it is greater than that, and is refused if it is not. However much is
//! forgotten, no input is ever taken twice.

mod kept;

use std::sync::Arc;

use cam::trap::TrapReason;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::Replica;
use crate::journal::{Command, Effect, Index, Numbered, Outcome};
use crate::limits::{
    SESSION_ANSWER_BYTES_MAX, SESSION_BYTES, SESSIONS_BYTES_MAX, SESSIONS_BYTES_PER_KEY_MAX,
};
use crate::protocol::RefusalCode;

pub use self::kept::KeptSessions;

const INPUT_CONTEXT: &str = "camshaft 2026-11 numbered input 1";

/// The name of a session: random bytes, chosen by its client.
type SessionId = [u8; 16];

/// All that a machine remembers. Cloning is cheap.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Sessions {
    keys: OrdMap<Arc<str>, OfKey>,
    /// The last place of an input of a session whose key has no sessions any more.
    forgotten: Index,
    bytes: usize,
}

/// The sessions of one name.
#[derive(Clone, PartialEq, Debug, Default)]
struct OfKey {
    sessions: OrdMap<SessionId, Arc<Last>>,
    /// By the place of their last inputs: the first is the one that is forgotten next.
    order: OrdMap<Index, SessionId>,
    /// The last place of an input of a session that was forgotten.
    forgotten: Index,
    bytes: usize,
}

/// The last input of a session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Last {
    number: u64,
    at: Index,
    /// The program it was written for.
    #[serde(with = "serde_bytes")]
    program: [u8; 32],
    /// The input itself, by its hash: a number is not taken by two inputs.
    #[serde(with = "serde_bytes")]
    input: [u8; 16],
    answer: Answer,
}

/// What it was answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Answer {
    Answered {
        step: u64,
        #[serde(with = "serde_bytes")]
        program: [u8; 32],
        #[serde(with = "serde_bytes")]
        output: Vec<u8>,
    },
    Trapped {
        code: u8,
        detail: String,
    },
    /// It was taken; its answer is not kept.
    NotKept,
}

/// What there is to say of a number before its input is looked at.
enum Known {
    /// It was not taken before.
    New,
    /// It was, and this came of it.
    Before(Answer),
    /// Another input was, which was written for this program.
    Other([u8; 32]),
    /// It makes no sense, for this reason.
    Refused(RefusalCode, String),
}

impl Replica {
    /// The machine as those have it who only try something out: inputs that were taken are given to it again, in
    /// their order, and some are refused, so that numbers mean nothing.
    #[must_use]
    pub(crate) fn without_sessions(mut self) -> Replica {
        self.sessions = None;
        self
    }

    /// The last number that a session of this sender has taken, if it is remembered.
    #[must_use]
    pub fn last_number(&self, from: &str, session: [u8; 16]) -> Option<u64> {
        let key = self.sessions.as_ref()?.keys.get(from)?;
        key.sessions.get(&session).map(|last| last.number)
    }

    /// What is remembered, for a start without the journal before it.
    pub(crate) fn kept_sessions(&self) -> KeptSessions {
        let sessions = self.sessions.as_ref();
        sessions.map_or_else(KeptSessions::default, Sessions::kept)
    }

    /// Notes the number of an input after its last one as taken: it was answered, and what is not known any more.
    pub(crate) fn has_taken(&mut self, at: Index, command: &Command) {
        if at > self.index {
            self.remember(at, command, Answer::NotKept);
        }
    }

    /// Answers for a numbered input, if it is not one to be taken now.
    pub(super) fn known(&self, at: Index, command: &Command) -> Option<Effect> {
        let (
            Some(sessions),
            Command::Input {
                from,
                program,
                input,
                numbered: Some(numbered),
                ..
            },
        ) = (&self.sessions, command)
        else {
            return None;
        };
        let outcome = match sessions.look(from, *numbered, at, (program, input)) {
            Known::New => return None,
            Known::Before(answer) => answer.outcome().unwrap_or_else(|| {
                let reason = "the input was taken, and its answer is not kept";
                let refusal = self.refusal(RefusalCode::ANSWER_NOT_KEPT, reason);
                Outcome::Refused(refusal.now("the step stands; no second one was taken"))
            }),
            Known::Other(taken) => {
                let reason = "another input of this session has taken the number";
                let refusal = self.refusal(RefusalCode::OTHER_INPUT, reason);
                // The same input is another one when it is written for another program: who asks can tell.
                Outcome::Refused(match taken == *program {
                    true => refusal,
                    false => refusal.expected(taken),
                })
            }
            Known::Refused(code, reason) => Outcome::Refused(self.refusal(code, &reason)),
        };
        Some(Effect::Nothing(outcome))
    }

    /// Notes what became of a numbered input.
    pub(super) fn note(&mut self, at: Index, command: &Command, effect: &Effect) {
        if let Effect::Done(outcome) = effect
            && let Command::Input {
                numbered: Some(_), ..
            } = command
        {
            self.remember(at, command, Answer::of(outcome));
        }
    }

    fn remember(&mut self, at: Index, command: &Command, answer: Answer) {
        if let Some(sessions) = &mut self.sessions
            && let Command::Input {
                from,
                program,
                input,
                numbered: Some(numbered),
                ..
            } = command
        {
            let last = Last {
                number: numbered.number,
                at,
                program: *program,
                input: hash(input),
                answer,
            };
            sessions.remember(from, numbered.session, last);
        }
    }
}

impl Sessions {
    fn look(
        &self,
        from: &str,
        Numbered { session, number }: Numbered,
        at: Index,
        (program, input): (&[u8; 32], &[u8]),
    ) -> Known {
        let key = self.keys.get(from);
        let Some(last) = key.and_then(|key| key.sessions.get(&session)) else {
            let forgotten = key.map_or(0, |key| key.forgotten).max(self.forgotten);
            return unknown(number, forgotten, at);
        };
        match number.checked_sub(last.number) {
            None => {
                let reason = format!(
                    "number {number} is older than {}, the last one",
                    last.number
                );
                Known::Refused(RefusalCode::STALE_NUMBER, reason)
            }
            Some(0) if (last.program, last.input) == (*program, hash(input)) => {
                Known::Before(last.answer.clone())
            }
            Some(0) => Known::Other(last.program),
            Some(1) => Known::New,
            Some(_) => {
                let reason = format!("number {number} does not follow {}", last.number);
                Known::Refused(RefusalCode::NUMBER_GAP, reason)
            }
        }
    }

    fn remember(&mut self, from: &Arc<str>, session: SessionId, last: Last) {
        let key = self.keys.entry(Arc::clone(from)).or_default();
        let before = key.bytes;
        key.remember(session, last);
        while key.bytes > SESSIONS_BYTES_PER_KEY_MAX && key.forget() {}
        self.bytes = self.bytes + key.bytes - before;
        while self.bytes > SESSIONS_BYTES_MAX && self.forget() {}
    }

    /// Forgets a session of the name that takes most, so that nobody is pushed out by who takes more.
    fn forget(&mut self) -> bool {
        let largest = self.keys.iter().max_by_key(|(_, key)| key.bytes);
        let Some(name) = largest.map(|(name, _)| Arc::clone(name)) else {
            return false;
        };
        let key = self.keys.entry(Arc::clone(&name)).or_default();
        let before = key.bytes;
        let has_forgotten = key.forget();
        self.bytes = self.bytes + key.bytes - before;
        if key.sessions.is_empty() {
            self.forgotten = self.forgotten.max(key.forgotten);
            self.keys.remove(&name);
        }
        has_forgotten
    }
}

/// A number of a session that is not known.
fn unknown(number: u64, forgotten: Index, at: Index) -> Known {
    if number <= forgotten {
        let reason = format!(
            "number {number} is of a session that is not known, and may have been taken: sessions are forgotten up to {forgotten}"
        );
        return Known::Refused(RefusalCode::FORGOTTEN_SESSION, reason);
    }
    // Numbers are never ahead of places: what is forgotten of them is told from places alone.
    if number > at {
        let reason = format!("a session that begins now has number {at} at most, not {number}");
        return Known::Refused(RefusalCode::NUMBER_GAP, reason);
    }
    Known::New
}

impl OfKey {
    fn remember(&mut self, session: SessionId, last: Last) {
        self.order.insert(last.at, session);
        self.bytes += last.bytes();
        if let Some(before) = self.sessions.insert(session, Arc::new(last)) {
            self.bytes -= before.bytes();
            self.order.remove(&before.at);
        }
    }

    /// Forgets the session that was used longest ago.
    fn forget(&mut self) -> bool {
        let Some((at, session)) = self.order.get_min().copied() else {
            return false;
        };
        self.order.remove(&at);
        self.forgotten = self.forgotten.max(at);
        if let Some(last) = self.sessions.remove(&session) {
            self.bytes -= last.bytes();
        }
        true
    }
}

impl Last {
    fn bytes(&self) -> usize {
        let answer = match &self.answer {
            Answer::Answered { output, .. } => output.len(),
            Answer::Trapped { detail, .. } => detail.len(),
            Answer::NotKept => 0,
        };
        SESSION_BYTES + answer
    }
}

impl Answer {
    fn of(outcome: &Outcome) -> Answer {
        match outcome {
            Outcome::Answered {
                step,
                program,
                output,
            } if output.len() <= SESSION_ANSWER_BYTES_MAX => Answer::Answered {
                step: *step,
                program: program.0,
                output: output.clone(),
            },
            Outcome::Trapped { code, detail, .. } => {
                u8::try_from(*code).map_or(Answer::NotKept, |code| Answer::Trapped {
                    code,
                    detail: detail.clone(),
                })
            }
            _ => Answer::NotKept,
        }
    }

    fn outcome(self) -> Option<Outcome> {
        match self {
            Answer::Answered {
                step,
                program,
                output,
            } => Some(Outcome::Answered {
                step,
                program: cam::digest::Digest(program),
                output,
            }),
            Answer::Trapped { code, detail } => Some(Outcome::Trapped {
                code: u32::from(code),
                name: TrapReason::from_code(code, 0)?.name(),
                detail,
            }),
            Answer::NotKept => None,
        }
    }
}

/// Half a hash is enough: who makes two inputs of one hash deceives themselves.
fn hash(input: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key(INPUT_CONTEXT);
    let mut hash = [0; 16];
    hasher.update(input).finalize_xof().fill(&mut hash);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(session: u8, number: u64) -> Numbered {
        Numbered {
            session: [session; 16],
            number,
        }
    }

    fn answered(step: u64, length: usize) -> Outcome {
        Outcome::Answered {
            step,
            program: cam::digest::Digest([1; 32]),
            output: vec![7; length],
        }
    }

    fn take(
        sessions: &mut Sessions,
        from: &str,
        session: u8,
        number: u64,
        at: Index,
        length: usize,
    ) {
        let last = Last {
            number,
            at,
            program: [2; 32],
            input: hash(b"input"),
            answer: Answer::of(&answered(at, length)),
        };
        sessions.remember(&from.into(), [session; 16], last);
    }

    fn code(sessions: &Sessions, from: &str, session: u8, number: u64, at: Index) -> Option<u16> {
        match sessions.look(from, numbered(session, number), at, (&[2; 32], b"input")) {
            Known::New => None,
            Known::Other(_) => Some(RefusalCode::OTHER_INPUT.0),
            Known::Before(_) => Some(0),
            Known::Refused(code, _) => Some(code.0),
        }
    }

    #[test]
    fn the_same_number_is_answered_again_and_every_other_is_told_apart() {
        let mut sessions = Sessions::default();
        take(&mut sessions, "till", 1, 5, 5, 3);
        let cases = [
            ("till", 1, 5, Some(0)),
            ("till", 1, 6, None),
            ("till", 1, 4, Some(RefusalCode::STALE_NUMBER.0)),
            ("till", 1, 7, Some(RefusalCode::NUMBER_GAP.0)),
            ("till", 2, 6, None),
            ("till", 2, 7, Some(RefusalCode::NUMBER_GAP.0)),
            ("desk", 1, 5, None),
        ];
        for (from, session, number, expected) in cases {
            let found = code(&sessions, from, session, number, 6);
            assert_eq!(found, expected, "{from} {session} {number}");
        }
        for other in [(&[2; 32], &b"another"[..]), (&[3; 32], b"input")] {
            let look = sessions.look("till", numbered(1, 5), 6, other);
            assert!(matches!(look, Known::Other(program) if program == [2; 32]));
        }
    }

    #[test]
    fn what_is_forgotten_is_refused_and_never_taken_again() {
        let mut sessions = Sessions::default();
        let length = SESSION_ANSWER_BYTES_MAX;
        for session in 1..=9_u8 {
            let at = u64::from(session);
            take(&mut sessions, "till", session, at, at, length);
        }
        let forgotten = Some(RefusalCode::FORGOTTEN_SESSION.0);
        let kept = |session: u8| code(&sessions, "till", session, u64::from(session), 10);
        let first_kept = (1..=9).find(|session| kept(*session) == Some(0));
        let first_kept = first_kept.expect("some are");
        assert!(first_kept > 1, "nothing was forgotten");
        assert!((1..first_kept).all(|session| kept(session) == forgotten));
        assert!((first_kept..=9).all(|session| kept(session) == Some(0)));
        // A session that began before is refused, one that begins now is taken; other names are not concerned.
        assert_eq!(code(&sessions, "till", 77, 1, 10), forgotten);
        assert_eq!(code(&sessions, "till", 77, 10, 10), None);
        assert_eq!(code(&sessions, "desk", 77, 1, 10), None);
    }

    #[test]
    fn a_machine_remembers_so_much_and_takes_from_who_has_most() {
        let mut sessions = Sessions::default();
        let length = SESSION_ANSWER_BYTES_MAX;
        let mut at = 0;
        take(&mut sessions, "small", 1, 1, 1, 10);
        for name in 0..(SESSIONS_BYTES_MAX / SESSIONS_BYTES_PER_KEY_MAX + 40) {
            for session in 0..6 {
                at += 1;
                take(&mut sessions, &format!("k{name}"), session, at, at, length);
                assert!(sessions.bytes <= SESSIONS_BYTES_MAX);
            }
        }
        assert_eq!(code(&sessions, "small", 1, 1, at + 1), Some(0));
        let all: usize = sessions.keys.values().map(|key| key.bytes).sum();
        assert_eq!(all, sessions.bytes);
    }

    #[test]
    fn an_answer_that_is_too_long_is_known_to_have_been_given() {
        let long = answered(1, SESSION_ANSWER_BYTES_MAX + 1);
        assert_eq!(Answer::of(&long).outcome(), None);
        let short = answered(1, SESSION_ANSWER_BYTES_MAX);
        assert_eq!(Answer::of(&short).outcome(), Some(short));
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        let mut sessions = Sessions::default();
        for (session, length) in [
            (1, 3),
            (2, 70_000),
            (3, 60_000),
            (4, 60_000),
            (5, 60_000),
            (6, 60_000),
            (7, 60_000),
        ] {
            let at = u64::from(session);
            take(&mut sessions, "till", session, at, at, length);
            take(&mut sessions, "desk", session, at, at + 100, 5);
        }
        let kept = sessions.kept();
        let bytes = rmp_serde::to_vec(&kept).expect("plain");
        let read: KeptSessions = rmp_serde::from_slice(&bytes).expect("plain");
        assert_eq!(read, kept);
        assert_eq!(Sessions::from(&read), sessions);
        assert_ne!(
            sessions.keys["till"].forgotten, 0,
            "a case that shows nothing"
        );
    }
}
