//! A comparison: the same inputs given to two programs, and where they answer differently.

use serde::{Deserialize, Serialize};

use crate::journal::{Command, Effect, Index, Outcome};

/// What became of inputs that a second program was given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Those that it answers as the first did.
    pub same: u64,
    /// Those that it answers otherwise.
    pub different: u64,
    /// Those that it cannot take: it has no way for them.
    pub lost: u64,
    /// Whether answers were compared. After a crash loop the new program is not run again.
    pub compared: bool,
    /// The first that is different or lost.
    pub first: Option<Difference>,
}

/// An input that the second program answers otherwise, or cannot take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Its place in the journal.
    pub at: Index,
    /// Who sent it.
    pub from: String,
    /// The program it was written for.
    #[serde(with = "serde_bytes")]
    pub program: [u8; 32],
    /// The input, in the codec of values.
    #[serde(with = "serde_bytes")]
    pub input: Vec<u8>,
    /// What was answered.
    pub was: Answer,
    /// What the second program answers.
    pub is: Answer,
}

/// An answer, for comparison.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// An output, in the codec of values, of the type that the sender's program has.
    Output(#[serde(with = "serde_bytes")] Vec<u8>),
    /// The step stopped with this trap.
    Stopped(String),
    /// The input was refused, with this reason.
    Refused(String),
    /// Nobody has looked.
    Unknown,
}

impl Comparison {
    /// Counts what an input is answered by both.
    pub(crate) fn add(&mut self, at: Index, command: &Command, was: Answer, is: Answer) {
        let Command::Input {
            from,
            program,
            input,
            ..
        } = command
        else {
            return;
        };
        let place = match &is {
            Answer::Refused(_) => &mut self.lost,
            _ if was == is || was == Answer::Unknown => &mut self.same,
            _ => &mut self.different,
        };
        *place += 1;
        if self.first.is_none() && self.different + self.lost > 0 {
            self.first = Some(Difference {
                at,
                from: from.to_string(),
                program: *program,
                input: input.clone(),
                was,
                is,
            });
        }
    }
}

/// What an input was answered.
pub(crate) fn answer(effect: Effect) -> Answer {
    let (Effect::Done(outcome) | Effect::Nothing(outcome) | Effect::Failed(outcome, _)) = effect
    else {
        return Answer::Unknown;
    };
    outcome_answer(outcome)
}

/// What an input was answered, once that is known.
pub(crate) fn outcome_answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Answered { output, .. } => Answer::Output(output),
        Outcome::Trapped { name, .. } => Answer::Stopped(name.to_owned()),
        Outcome::Refused(refusal) => Answer::Refused(refusal.reason.into()),
        _ => Answer::Unknown,
    }
}
