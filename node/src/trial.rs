//! The trial of a new program: on which terms it runs, and what becomes of it.
//!
//! While a program is on trial the machine as it was before is kept beside it, so that there is a way back
//! whatever the bundle says. Erlang's manual has no undo after a bad `code_change`; a canister that was
//! upgraded wrongly is reinstalled, and its state is gone.

use serde::{Deserialize, Serialize};

use crate::journal::Index;
use crate::limits::{TRIAL_FAULTS_MAX, TRIAL_STARTS_SPAN, TRIAL_STEPS_MAX, TRIAL_TIME_MS_MAX};
use crate::replica::Replica;

/// What a program must do to stay. It stays once the time is over and the steps are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// How long it runs on trial, in milliseconds; 0 where only steps count.
    pub time_ms: u64,
    /// How many inputs it answers on trial; 0 where only time counts.
    pub steps: u64,
    /// How many steps may stop. One more, and the machine goes back.
    pub faults: u64,
    /// Whether its check is asked about the state after each step, and a step undone that it does not approve of.
    pub checks: bool,
    /// How often the node may die before it goes back by itself at the next start.
    pub starts: u32,
}

/// Terms that make no sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadTerms {
    /// Neither time nor steps.
    #[error("a trial ends after a time or after a number of steps, and neither is given")]
    Endless,
    /// Longer than a trial may be.
    #[error(
        "a trial has at most {TRIAL_TIME_MS_MAX} ms, {TRIAL_STEPS_MAX} steps and {TRIAL_FAULTS_MAX} faults"
    )]
    TooLong,
    /// Starts out of bounds.
    #[error(
        "the node may die {} to {} times in a trial",
        TRIAL_STARTS_SPAN.start(),
        TRIAL_STARTS_SPAN.end()
    )]
    Starts,
}

impl Terms {
    /// Whether the terms make sense.
    ///
    /// # Errors
    /// [`BadTerms`].
    pub fn check(&self) -> Result<(), BadTerms> {
        if self.time_ms == 0 && self.steps == 0 {
            return Err(BadTerms::Endless);
        }
        if self.time_ms > TRIAL_TIME_MS_MAX
            || self.steps > TRIAL_STEPS_MAX
            || self.faults > TRIAL_FAULTS_MAX
        {
            return Err(BadTerms::TooLong);
        }
        if !TRIAL_STARTS_SPAN.contains(&self.starts) {
            return Err(BadTerms::Starts);
        }
        Ok(())
    }
}

/// A program on trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its terms.
    pub terms: Terms,
    /// The place in the journal of the upgrade that brought it.
    pub began: Index,
    /// When that was.
    pub began_ms: i64,
    /// The machine just before. Its state is shared with the new one as far as they agree.
    pub before: Replica,
}

/// What can be said of a trial at a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It goes on.
    Open,
    /// The program stays.
    Passed,
    /// The program goes.
    Failed(Cause),
}

/// Why a machine went back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Cause {
    /// An operator asked.
    Asked,
    /// More steps stopped than the terms allow.
    Faults {
        /// How many.
        count: u64,
        /// How many may.
        allowed: u64,
    },
    /// A step would have led to a state that the program's own check does not approve of.
    Check {
        /// Its number.
        step: u64,
    },
    /// The node died too often.
    Starts {
        /// How often.
        count: u32,
    },
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cause::Asked => f.write_str("an operator asked for it"),
            Cause::Faults { count, allowed } => {
                write!(f, "steps that stopped on trial: {count}, {allowed} may")
            }
            Cause::Check { step } => {
                write!(f, "step {step} would have broken the program's own check")
            }
            Cause::Starts { count } => write!(f, "the node died {count} times on trial"),
        }
    }
}

impl Trial {
    /// How the program does, after so many steps and traps of the machine's life and at a moment.
    #[must_use]
    pub fn verdict(&self, steps: u64, traps: u64, now_ms: i64) -> Verdict {
        let count = self.faults(traps);
        let allowed = self.terms.faults;
        if count > allowed {
            return Verdict::Failed(Cause::Faults { count, allowed });
        }
        let is_over = self.time_left_ms(now_ms) == 0 && self.steps(steps) >= self.terms.steps;
        if is_over {
            Verdict::Passed
        } else {
            Verdict::Open
        }
    }

    /// Steps taken on trial.
    #[must_use]
    pub fn steps(&self, steps: u64) -> u64 {
        steps.saturating_sub(self.before.steps())
    }

    /// Steps that stopped on trial.
    #[must_use]
    pub fn faults(&self, traps: u64) -> u64 {
        traps.saturating_sub(self.before.traps())
    }

    /// What is left of its time.
    #[must_use]
    pub fn time_left_ms(&self, now_ms: i64) -> u64 {
        let passed = now_ms.saturating_sub(self.began_ms);
        self.terms
            .time_ms
            .saturating_sub(u64::try_from(passed).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        time_ms: 1_000,
        steps: 3,
        faults: 1,
        checks: false,
        starts: 2,
    };

    #[test]
    fn a_trial_is_over_after_its_time_and_its_steps_and_fails_above_its_faults() {
        let trial = Trial {
            terms: TERMS,
            began: 1,
            began_ms: 500,
            before: Replica::new("counter"),
        };
        let failed = Verdict::Failed(Cause::Faults {
            count: 2,
            allowed: 1,
        });
        for (steps, traps, now_ms, verdict) in [
            (0, 0, 500, Verdict::Open),
            (3, 1, 1_499, Verdict::Open),
            (2, 0, 9_999, Verdict::Open),
            (3, 1, 1_500, Verdict::Passed),
            (3, 2, 1_500, failed.clone()),
            (0, 2, 0, failed),
        ] {
            assert_eq!(
                trial.verdict(steps, traps, now_ms),
                verdict,
                "{steps} {traps} {now_ms}"
            );
        }
    }

    #[test]
    fn terms_without_an_end_or_out_of_bounds_are_refused() {
        assert_eq!(TERMS.check(), Ok(()));
        for (terms, error) in [
            (
                Terms {
                    time_ms: 0,
                    steps: 0,
                    ..TERMS
                },
                BadTerms::Endless,
            ),
            (
                Terms {
                    time_ms: u64::MAX,
                    ..TERMS
                },
                BadTerms::TooLong,
            ),
            (
                Terms {
                    faults: u64::MAX,
                    ..TERMS
                },
                BadTerms::TooLong,
            ),
            (Terms { starts: 0, ..TERMS }, BadTerms::Starts),
        ] {
            assert_eq!(terms.check(), Err(error));
        }
        assert_eq!(
            Terms {
                time_ms: 0,
                ..TERMS
            }
            .check(),
            Ok(())
        );
    }
}
