//! A biography: a machine's life lived again from its journal, without a store and without a clock.
//!
//! All that a step reads is in the journal, so the same commands lead to the same state on any computer. What
//! happens is worked out by the functions that the writer of the node calls; what the node only decided, such as
//! the end of a trial, is a command like any other and is not decided again.

mod file;
mod origin;
mod told;

use std::convert::Infallible;

use cam::digest::Digest;

pub use self::file::{LifeFile, MalformedLife, Mark};
pub use self::origin::{OldProgram, Origin, UnusableOrigin};
use self::told::Told;
pub use self::told::up_to_turns;
use crate::comparison::Comparison;
use crate::journal::{Apply, Command, Effect, Index, Outcome};
use crate::ledger::{Entry, Event};
use crate::plan;
use crate::protocol::{Refusal, RefusalCode};
use crate::replica::Replica;
use crate::rollback::{self, Replay};
use crate::trial::Cause;

const STATE_CONTEXT: &str = "camshaft 2026-11 state hash 1";

/// The name of a state: the program whose state it is, and its canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StateHash(pub [u8; 32]);

impl StateHash {
    /// The hash of a state in the codec of values.
    #[must_use]
    pub fn new(program: Digest, state: &[u8]) -> StateHash {
        let mut hasher = blake3::Hasher::new_derive_key(STATE_CONTEXT);
        hasher.update(&program.0);
        hasher.update(state);
        StateHash(*hasher.finalize().as_bytes())
    }

    /// The hash of the state that a machine is in; none before its first bundle.
    #[must_use]
    pub fn of(replica: &Replica) -> Option<StateHash> {
        let instance = replica.instance()?;
        let state = cam::encode::value(&instance.state());
        Some(StateHash::new(instance.program().digest(), &state))
    }
}

impl std::fmt::Display for StateHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s1:{}", data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl std::fmt::Debug for StateHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// The first command that does not do what it did on the node.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("command {at}, after step {step}, does not fit: {what}")]
pub struct Misfit {
    /// Its place in the journal.
    pub at: Index,
    /// The last step before it.
    pub step: u64,
    /// What does not hold.
    pub what: String,
}

/// A machine on its way through its life.
#[derive(Clone, Debug)]
pub struct Biography {
    replica: Replica,
    /// The commands of the trial that the program is on, that of the upgrade first.
    since: Vec<(Index, Command)>,
}

impl Biography {
    /// A life from its first bundle on.
    #[must_use]
    pub fn from_birth(machine: &str) -> Biography {
        Biography::of(Replica::new(machine))
    }

    /// A life from later on, when its beginning is gone.
    ///
    /// # Errors
    /// [`UnusableOrigin`].
    pub fn from_origin(machine: &str, origin: &Origin) -> Result<Biography, UnusableOrigin> {
        Ok(Biography::of(origin.take_up(machine)?))
    }

    fn of(replica: Replica) -> Biography {
        Biography {
            // All commands of a journal were taken once, whatever was asked twice.
            replica: replica.without_sessions(),
            since: Vec::new(),
        }
    }

    /// The machine as it is now.
    #[must_use]
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// Lives the next command. `entry` is what the ledger says of it, if it is a turn and the ledger is known.
    ///
    /// # Errors
    /// [`Misfit`] if it does not do what it did; the machine is where it was.
    pub fn live(
        &mut self,
        at: Index,
        command: &Command,
        entry: Option<&Entry>,
    ) -> Result<Outcome, Misfit> {
        let step = self.replica.steps();
        let mut next = self.replica.clone();
        let outcome = self.lived(&mut next, (at, command));
        let outcome = outcome.and_then(|outcome| match entry {
            Some(entry) if !says(entry, step, command, &outcome) => {
                Err("the ledger says something else of it".to_owned())
            }
            _ => Ok(outcome),
        });
        let outcome = outcome.map_err(|what| Misfit { at, step, what })?;
        self.replica = next;
        self.remember(at, command);
        Ok(outcome)
    }

    fn lived(
        &self,
        next: &mut Replica,
        (at, command): (Index, &Command),
    ) -> Result<Outcome, String> {
        if self.replica.index().checked_add(1) != Some(at) {
            return Err(format!("it does not follow {}", self.replica.index()));
        }
        if command.at_ms() < self.replica.last_ms() {
            return Err("it is older than the one before".to_owned());
        }
        match next.apply(at, command) {
            Effect::Done(outcome) => Ok(outcome),
            Effect::Staged(upgrade) => Ok(next.adopt(at, command, upgrade.rehearsed())),
            Effect::GoesBack => self.goes_back(next, at, command),
            Effect::Nothing(Outcome::Refused(refusal))
            | Effect::Failed(Outcome::Refused(refusal), _) => Err(refusal.reason.into()),
            Effect::Nothing(_) | Effect::Failed(..) => Err("it does nothing".to_owned()),
        }
    }

    fn goes_back(
        &self,
        next: &mut Replica,
        at: Index,
        command: &Command,
    ) -> Result<Outcome, String> {
        let Command::Rollback {
            at_ms,
            cause,
            running,
            ..
        } = command
        else {
            return Err("no other command goes back".to_owned());
        };
        if next.position().program != Some(Digest(*running)) {
            return Err("another program runs than the one that went".to_owned());
        }
        let feed = |replay: &mut Replay| {
            let since = self.since.iter();
            since.for_each(|(at, command)| replay.take(*at, command));
            Ok::<_, Infallible>(())
        };
        let moment = next.moment(*at_ms, command.by());
        let Ok(staged) = rollback::stage(next, at, &moment, cause, feed);
        let staged = staged.map_err(|refusal| String::from(refusal.reason))?;
        *next = staged.replica;
        Ok(Outcome::RolledBack(Box::new(staged.report)))
    }

    /// Keeps what a rollback would need.
    fn remember(&mut self, at: Index, command: &Command) {
        let began = self.replica.trial().map(|trial| trial.began);
        if began.is_none_or(|began| began == at) {
            self.since.clear();
        }
        // A trial that began before this biography has its commands elsewhere.
        let is_known = began == Some(at) || !self.since.is_empty();
        if is_known {
            self.since.push((at, command.clone()));
        }
    }
}

/// What the inputs since `base` would have been answered by the program that a bundle leads to, had it come then.
///
/// # Errors
/// The refusal with which the bundle would have been met there.
pub fn against(
    base: &Replica,
    bundle: Vec<u8>,
    commands: &[(Index, Command)],
) -> Result<Comparison, Refusal> {
    let command = Command::Upgrade {
        at_ms: base.last_ms(),
        by: String::new(),
        signers: Vec::new(),
        bundle,
        reason: String::new(),
        trial: None,
        plan: None,
    };
    let mut tried = base.clone().on_trial(None);
    match tried.apply(base.index().saturating_add(1), &command) {
        Effect::Staged(_) => Ok(plan::rehearsed(base, &command, commands)),
        Effect::Nothing(Outcome::Refused(refusal)) => Err(refusal),
        _ => Err(base.refusal(RefusalCode::ALREADY_RUNNING, "this bundle runs already")),
    }
}

/// Whether a command is a turn: one that the ledger has an entry for.
#[must_use]
pub fn is_turn(command: &Command) -> bool {
    !matches!(command, Command::Input { .. })
}

/// Whether an entry of the ledger tells of this command, after this step, and what it did.
fn says(entry: &Entry, step: u64, command: &Command, outcome: &Outcome) -> bool {
    let told = match (&entry.event, outcome) {
        (Event::Applied(accepted), Outcome::Upgraded(applied)) => {
            (accepted.sequence, accepted.to, accepted.state_bytes)
                == (applied.sequence, applied.to, applied.state_bytes)
        }
        (Event::RolledBack(told), Outcome::RolledBack(report)) => told == &**report,
        (Event::Passed { sequence: told }, Outcome::Passed { sequence }) => told == sequence,
        (Event::Retired { program: told, .. }, Outcome::Retired { program, .. }) => {
            *told == program.0
        }
        _ => false,
    };
    // After a crash loop the node has gone back from its last snapshot, and the entry has the step of that.
    let is_crash_loop = matches!(
        command,
        Command::Rollback {
            cause: Cause::Starts { .. },
            ..
        }
    );
    told && entry.at_ms == command.at_ms() && (entry.step == step || is_crash_loop)
}
