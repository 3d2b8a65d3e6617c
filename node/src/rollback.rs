//! A rollback: the machine goes back to the program before, and keeps what it can of what came since.
//!
//! With a way back in the bundle the state itself is mapped back and nothing is lost. Without one the state
//! from before the upgrade is taken, and the inputs since are given to the old program again. Their outputs
//! have been sent long ago and are not sent again; what is different now is counted and shown.

use serde::{Deserialize, Serialize};

use cam::instance::{Context, Instance};
use cam::verify::Program;

use crate::comparison::{Answer, Comparison, answer};
use crate::journal::{Apply, Command, Index};
use crate::leaves::WayBack;
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
    Replayed(Comparison),
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

/// Works out the rollback of `now`, of which the way back is told the `moment`. `feed` gives a replay its commands from the
/// upgrade on that is undone, that one first, and is asked only if the state cannot be mapped back.
///
/// # Errors
/// A refusal if there is no program to go back to, or no way; or what `feed` could not do.
pub fn stage<E>(
    now: &Replica,
    at: Index,
    moment: &Context,
    cause: &Cause,
    feed: impl FnOnce(&mut Replay) -> Result<(), E>,
) -> Result<Result<StagedRollback, Refusal>, E> {
    let Some((ancestor, running)) = now.lineage().last().zip(now.instance()) else {
        let reason = "no program before this one is at hand: there was none, or it is retired";
        return Ok(Err(now.refusal(RefusalCode::NO_WAY_BACK, reason)));
    };
    let is_crash_loop = matches!(cause, Cause::Starts { .. });
    // A program that kills the node is not asked for its state.
    let mapped = (!is_crash_loop).then(|| mapped(ancestor, running, moment));
    let mut counted = now.clone();
    let (instance, way) = match (mapped.flatten(), now.trial()) {
        (Some(instance), _) => (instance, Way::Mapped),
        (None, Some(trial)) => {
            let mut replay = Replay::of(now, &trial.before, !is_crash_loop);
            feed(&mut replay)?;
            counted = replay.now;
            if is_crash_loop {
                counted = counted.counted_from(&trial.before, replay.inputs);
            }
            // What stopped in the new program may be a step of the old one: no number is told twice.
            counted = counted.with_steps_from(&replay.old);
            let instance = replay.old.into_instance();
            let instance = instance.expect("a machine that was upgraded runs");
            (instance, Way::Replayed(replay.comparison))
        }
        (None, None) => {
            let reason =
                "the program is no longer on trial, and its bundle has no way back for this state";
            return Ok(Err(now.refusal(RefusalCode::NO_WAY_BACK, reason)));
        }
    };
    Ok(Ok(staged(
        counted,
        instance,
        way,
        (at, moment.at_ms),
        cause,
    )))
}

/// What the way back of the running program's bundle does not carry, if it has one.
#[must_use]
pub fn way_back(now: &Replica) -> Option<WayBack> {
    let (ancestor, running) = now.lineage().last().zip(now.instance())?;
    let (old, new) = (ancestor.program.schema(), running.program().schema());
    WayBack::of(&ancestor.migration, old, new)
}

/// The machine from before an upgrade, while it is given the inputs since.
#[derive(Debug)]
pub struct Replay {
    /// After a crash loop it is that of the last snapshot, and learns which numbered inputs came since.
    now: Replica,
    old: Replica,
    /// Tells again what was answered; nothing after a crash loop, since it would kill the node once more.
    new: Option<Replica>,
    inputs: u64,
    comparison: Comparison,
}

impl Replay {
    fn of(now: &Replica, before: &Replica, compared: bool) -> Replay {
        Replay {
            now: now.clone(),
            old: before.clone().without_sessions(),
            new: compared.then(|| before.clone()),
            inputs: 0,
            comparison: Comparison {
                compared,
                ..Comparison::default()
            },
        }
    }

    /// Gives it the next command of the journal.
    pub fn take(&mut self, at: Index, command: &Command) {
        if let Command::Upgrade { .. } = command {
            let new = self.new.take();
            self.new = new.and_then(|new| new.upgraded(at, command).ok());
            return;
        }
        self.now.has_taken(at, command);
        self.inputs += u64::from(matches!(command, Command::Input { .. }));
        let is = answer(self.old.apply(at, command));
        let new = self.new.as_mut();
        let was = new.map_or(Answer::Unknown, |new| answer(new.apply(at, command)));
        self.comparison.add(at, command, was, is);
    }
}

/// The state as the old program has it, if the bundle says how and the old program approves of it.
fn mapped(ancestor: &Ancestor, running: &Instance, moment: &Context) -> Option<Instance> {
    let state = ancestor
        .migration
        .restore_state(moment, running.state())?
        .ok()?;
    let is_fine = |verdict: Option<Result<bool, _>>| matches!(verdict, None | Some(Ok(true)));
    is_fine(ancestor.program.approves(state.clone())).then(|| {
        Instance::resume(std::sync::Arc::clone(&ancestor.program), state)
            .expect("verified: the way back ends at the old state")
    })
}

fn staged(
    now: Replica,
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
        replica: now.gone_back(instance, position, (at, at_ms)),
        from,
        report,
    }
}
