//! A rollback: the machine goes back to the program before, and keeps what it can of what came since.
//!
//! With a way back in the bundle the state itself is mapped back and nothing is lost. Without one the state
//! from before the upgrade is taken, and the inputs since are given to the old program again. Their outputs
//! have been sent long ago and are not sent again; what is different now is counted and shown.

use serde::{Deserialize, Serialize};

use cam::instance::Instance;
use cam::verify::Program;

use crate::journal::{Apply, Command, Effect, Index, Outcome};
use crate::protocol::{Refusal, RefusalCode};
use crate::replica::{Ancestor, Replica};
use crate::trial::Cause;
use crate::upgrade::Position;

/// A rollback, as the ledger keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolledBack {
    /// Its place in the machine's life.
    pub sequence: u64,
    /// What stands for a bundle in the position that it leads to.
    #[serde(with = "serde_bytes")]
    pub id: [u8; 32],
    /// The program before.
    #[serde(with = "serde_bytes")]
    pub from: [u8; 32],
    /// The program after, which had run before.
    #[serde(with = "serde_bytes")]
    pub to: [u8; 32],
    /// The version its author gave it.
    pub machine_version: u32,
    /// Why.
    pub cause: Cause,
    /// How.
    pub way: Way,
    /// Bytes of the state after it.
    pub state_bytes: u64,
}

/// How a state came back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Way {
    /// By the way back in the bundle: what was written since is in the state.
    Mapped,
    /// From the state before the upgrade, by the inputs since.
    Replayed(Replayed),
}

/// What became of the inputs since the upgrade.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replayed {
    /// Those that the old program answers as the new one did.
    pub same: u64,
    /// Those that it answers otherwise.
    pub different: u64,
    /// Those that it cannot take: they were written for the new program.
    pub lost: u64,
    /// Whether answers were compared. After a crash loop the new program is not run again.
    pub compared: bool,
    /// The first that is different or lost.
    pub first: Option<Difference>,
}

/// An input that the old program answers otherwise, or cannot take.
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
    /// What the program that runs now answers.
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

/// A rollback that was worked out and has not happened yet.
#[derive(Debug)]
pub struct StagedRollback {
    /// The machine afterwards.
    pub replica: Replica,
    /// Where it stands now.
    pub from: Position,
    /// What the ledger will say.
    pub report: RolledBack,
}

/// Works out the rollback of `now`. `since` gives its commands from the upgrade on that is undone, that one
/// first, and is asked only if the state cannot be mapped back.
///
/// # Errors
/// A refusal if there is no program to go back to, or no way.
pub fn stage<E>(
    now: &Replica,
    at: Index,
    at_ms: i64,
    cause: &Cause,
    since: impl FnOnce() -> Result<Vec<(Index, Command)>, E>,
) -> Result<Result<StagedRollback, Refusal>, E> {
    let Some((ancestor, running)) = now.lineage().last().zip(now.instance()) else {
        let reason = "no program before this one is at hand: there was none, or it is retired";
        return Ok(Err(now.refusal(RefusalCode::NO_WAY_BACK, reason)));
    };
    let mapped = match cause {
        // A program that kills the node is not asked for its state.
        Cause::Starts { .. } => None,
        _ => mapped(ancestor, running),
    };
    let (instance, way) = match (mapped, now.trial()) {
        (Some(instance), _) => (instance, Way::Mapped),
        (None, Some(trial)) => {
            let compared = !matches!(cause, Cause::Starts { .. });
            let (instance, replayed) = replayed(&trial.before, &since()?, compared);
            (instance, Way::Replayed(replayed))
        }
        (None, None) => {
            let reason =
                "the program is no longer on trial, and its bundle has no way back for this state";
            return Ok(Err(now.refusal(RefusalCode::NO_WAY_BACK, reason)));
        }
    };
    Ok(Ok(staged(now, instance, way, (at, at_ms), cause)))
}

/// The state as the old program has it, if the bundle says how and the old program approves of it.
fn mapped(ancestor: &Ancestor, running: &Instance) -> Option<Instance> {
    let state = ancestor.migration.restore_state(running.state())?.ok()?;
    let is_fine = |verdict: Option<Result<bool, _>>| matches!(verdict, None | Some(Ok(true)));
    is_fine(ancestor.program.approves(state.clone())).then(|| {
        Instance::resume(std::sync::Arc::clone(&ancestor.program), state)
            .expect("verified: the way back ends at the old state")
    })
}

/// The machine from before the upgrade, with the inputs since.
fn replayed(
    before: &Replica,
    commands: &[(Index, Command)],
    compared: bool,
) -> (Instance, Replayed) {
    let mut old = before.clone();
    let mut new = compared.then(|| before.clone());
    let mut count = Replayed {
        compared,
        ..Replayed::default()
    };
    for (at, command) in commands {
        if let Command::Upgrade { .. } = command {
            new = new.and_then(|new| new.upgraded(*at, command));
            continue;
        }
        let is = answer(old.apply(*at, command));
        let was = new
            .as_mut()
            .map_or(Answer::Unknown, |new| answer(new.apply(*at, command)));
        count.add(*at, command, was, is);
    }
    let instance = old.into_instance();
    (instance.expect("a machine that was upgraded runs"), count)
}

impl Replayed {
    fn add(&mut self, at: Index, command: &Command, was: Answer, is: Answer) {
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
    match outcome {
        Outcome::Answered { output, .. } => Answer::Output(output),
        Outcome::Trapped { name, .. } => Answer::Stopped(name.to_owned()),
        Outcome::Refused(refusal) => Answer::Refused(refusal.reason.into()),
        _ => Answer::Unknown,
    }
}

fn staged(
    now: &Replica,
    instance: Instance,
    way: Way,
    (at, at_ms): (Index, i64),
    cause: &Cause,
) -> StagedRollback {
    let from = now.position();
    let program: &Program = instance.program();
    let (to, machine_version) = (program.digest(), program.schema().version);
    let sequence = from.sequence.saturating_add(1);
    let undone = from.bundle.expect("a machine that runs has a bundle");
    let id = undone.rolled_back(now.name(), sequence, to);
    let state_bytes = cam::encode::value(&instance.state()).len() as u64;
    let report = RolledBack {
        sequence,
        id: id.0,
        from: from.program.expect("a machine that runs has a program").0,
        to: to.0,
        machine_version,
        cause: cause.clone(),
        way,
        state_bytes,
    };
    let position = Position {
        sequence,
        bundle: Some(id),
        program: Some(to),
    };
    StagedRollback {
        replica: now.clone().gone_back(instance, position, at, at_ms),
        from,
        report,
    }
}
