//! A comparison: the same inputs given to two programs, and where they answer differently.

use serde::{Deserialize, Serialize};

use crate::journal::{Command, Effect, Index, Outcome};
use crate::limits::DIFFERENCE_BYTES_MAX;

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
    /// The input, in the codec of values. Empty if it has more than [`DIFFERENCE_BYTES_MAX`] bytes: the journal has it at
    /// its place.
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
    /// An output of so many bytes, more than [`DIFFERENCE_BYTES_MAX`]: it was compared, and is not kept.
    Long(u64),
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
                input: match input.len() > DIFFERENCE_BYTES_MAX {
                    true => Vec::new(),
                    false => input.clone(),
                },
                was: was.kept(),
                is: is.kept(),
            });
        }
    }
}

impl Answer {
    /// The answer, unless it is too long to be kept.
    fn kept(self) -> Answer {
        match self {
            Answer::Output(output) if output.len() > DIFFERENCE_BYTES_MAX => {
                Answer::Long(output.len() as u64)
            }
            answer => answer,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_compared_whole_and_not_kept() {
        let command = |length| Command::Input {
            at_ms: 1,
            from: "client".into(),
            program: [1; 32],
            input: vec![7; length],
            numbered: None,
        };
        let output = |length, last: u8| {
            let mut output = vec![0; length];
            output.push(last);
            Answer::Output(output)
        };
        let fits = DIFFERENCE_BYTES_MAX - 1;
        let mut comparison = Comparison::default();
        let (was, is) = (output(fits, 1), output(fits, 2));
        comparison.add(1, &command(fits + 1), was.clone(), is.clone());
        let first = comparison.first.expect("they differ");
        assert_eq!(
            (first.input.len(), first.was, first.is),
            (fits + 1, was, is)
        );
        let mut comparison = Comparison::default();
        let long = DIFFERENCE_BYTES_MAX;
        comparison.add(1, &command(long + 1), output(long, 1), output(long, 1));
        comparison.add(2, &command(long + 1), output(long, 1), output(long, 2));
        assert_eq!((comparison.same, comparison.different), (1, 1));
        let first = comparison.first.expect("they differ");
        assert!(first.input.is_empty());
        let kept = Answer::Long(long as u64 + 1);
        assert_eq!((first.at, &first.was, &first.is), (2, &kept, &kept));
    }
}
