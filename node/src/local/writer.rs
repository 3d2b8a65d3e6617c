//! The writer: the one thread that applies commands and makes them durable.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::{Clock, Job, Published, Work};
use crate::journal::{Apply, Command, Effect, Index, Outcome};
use crate::limits::{
    BATCH_MAX, BATCH_TIME_MAX, JOURNAL_BYTES_KEPT, JOURNAL_ENTRIES_KEPT, MACHINES_MAX,
    REHEARSAL_BASE_STEPS, REPLAY_TIME_MAX, SNAPSHOT_INPUT_BYTES_LEAST, TRIAL_LOOK_INTERVAL,
};
use crate::protocol::{Refusal, RefusalCode};
use crate::recovery::{Recovered, RecoveryError};
use crate::refused;
use crate::replica::Replica;
use crate::shadow::{Lane, Taken};
use crate::store::{Commit, Keeping, Store, StoreError};
use crate::trial::{Cause, Verdict};

/// A machine in the writer's hands, ahead of the disk by the current batch.
pub(super) struct Machine {
    pub(super) replica: Replica,
    /// Bytes of the last snapshot, and of the inputs since.
    snapshot_bytes: u64,
    input_bytes: u64,
    /// Time that the inputs since took to apply, and so that a start would take to apply them again.
    replay_time: Duration,
    /// Why it is to go back before it serves anybody.
    pub(super) overdue: Option<Cause>,
    /// Its trial has failed and it cannot go back, which is not tried again: that may take minutes, and all wait.
    is_stuck: bool,
    /// What a plan is rehearsed on.
    pub(super) bases: Bases,
    /// What runs beside it.
    pub(super) shadow: Option<Lane>,
}

/// A machine as it was some inputs ago, twice, so that one of them always has enough inputs after it. What they
/// share with the machine costs nothing.
pub(super) struct Bases {
    older: Arc<Replica>,
    newer: Arc<Replica>,
}

impl Bases {
    fn at(replica: &Replica) -> Bases {
        let here = Arc::new(replica.clone());
        Bases {
            older: Arc::clone(&here),
            newer: here,
        }
    }

    pub(super) fn older(&self) -> Arc<Replica> {
        Arc::clone(&self.older)
    }

    /// Moves on behind a machine that has taken an input.
    fn follow(&mut self, replica: &Replica) {
        if replica.index() - self.newer.index() >= REHEARSAL_BASE_STEPS {
            self.older = std::mem::replace(&mut self.newer, Arc::new(replica.clone()));
        }
    }
}

impl From<Recovered> for Machine {
    fn from(recovered: Recovered) -> Machine {
        Machine {
            bases: Bases::at(&recovered.base),
            replica: recovered.replica,
            snapshot_bytes: recovered.snapshot_bytes,
            input_bytes: recovered.input_bytes,
            replay_time: recovered.replay_time,
            overdue: recovered.overdue,
            is_stuck: false,
            shadow: None,
        }
    }
}

impl Machine {
    /// A machine whose snapshot has just been written.
    pub(super) fn written(replica: Replica, snapshot_bytes: u64) -> Machine {
        Machine {
            bases: Bases::at(&replica),
            replica,
            snapshot_bytes,
            input_bytes: 0,
            replay_time: Duration::ZERO,
            overdue: None,
            is_stuck: false,
            shadow: None,
        }
    }

    fn snapshot_is_due(&self) -> bool {
        self.input_bytes >= self.snapshot_bytes.max(SNAPSHOT_INPUT_BYTES_LEAST)
            || self.replay_time >= REPLAY_TIME_MAX
    }
}

pub(super) struct Writer {
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) machines: BTreeMap<String, Machine>,
    pub(super) published: Published,
}

/// What a batch has done so far and not yet told.
#[derive(Default)]
pub(super) struct Batch {
    commit: Option<Commit>,
    answers: Vec<(oneshot::Sender<Outcome>, Outcome)>,
    pub(super) touched: BTreeSet<String>,
    /// What shadows are given, once it is answered.
    pub(super) beside: Vec<(String, Taken)>,
}

/// A writer that panics has failed like one whose disk fails: a node that went on would refuse every
/// input for ever and look alive.
pub(super) fn watched(
    writer: Writer,
    receiver: &Receiver<Job>,
    failed: &watch::Sender<Option<String>>,
) {
    let reason = match catch_unwind(AssertUnwindSafe(|| writer.run(receiver))) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => {
            tracing::error!(%error, "the store failed; the node stops");
            error.to_string()
        }
        Err(_) => {
            let reason = "the journal's writer has panicked";
            tracing::error!("{reason}; the node stops");
            reason.to_owned()
        }
    };
    failed.send_replace(Some(reason));
}

impl Writer {
    fn run(mut self, receiver: &Receiver<Job>) -> Result<(), StoreError> {
        loop {
            let is_to_look = self.trials().next().is_some() || self.shadows().next().is_some();
            let first = match is_to_look {
                false => receiver.recv().map_err(RecvTimeoutError::from),
                true => receiver.recv_timeout(TRIAL_LOOK_INTERVAL),
            };
            match first {
                Ok(first) => {
                    let waiting = std::iter::once(first).chain(receiver.try_iter());
                    self.batch(waiting)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.close(),
            }
            self.look()?;
        }
    }

    fn batch(&mut self, jobs: impl Iterator<Item = Job>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let started = Instant::now();
        for (count, job) in (1..).zip(jobs) {
            let Job {
                machine,
                work,
                answer,
            } = job;
            let outcome = match work {
                Work::Command(command) => self.job(&machine, command, &mut batch)?,
                Work::Shadow(order) => self.order(&machine, order, &mut batch)?,
            };
            batch.answers.push((answer, outcome));
            if is_full(count, started.elapsed()) {
                break;
            }
        }
        self.finish(batch)
    }

    fn job(
        &mut self,
        machine: &str,
        command: Command,
        batch: &mut Batch,
    ) -> Result<Outcome, StoreError> {
        if let Err(refusal) = self.admits(machine, &command) {
            return Ok(Outcome::Refused(refusal));
        }
        let mut replica = match self.machines.get(machine) {
            Some(known) => known.replica.clone(),
            None => Replica::new(machine),
        };
        let command = command.stamped((self.clock)().max(replica.last_ms()));
        let at = replica.index() + 1;
        let started = Instant::now();
        match applied(&mut replica, at, &command) {
            Effect::Nothing(outcome) => Ok(outcome),
            Effect::Done(outcome) => {
                if let Command::Input { .. } = command {
                    let took = started.elapsed();
                    self.record(replica, at, &command, took, batch)?;
                    self.set_aside(machine, (at, command), &outcome, took, batch);
                    self.judge(machine, batch)?;
                } else {
                    self.turned(replica, at, &command, &outcome, batch)?;
                }
                Ok(outcome)
            }
            Effect::Failed(outcome, cause) => {
                self.fail(machine, cause, batch)?;
                Ok(match outcome {
                    Outcome::Refused(refusal) if self.machines[machine].is_stuck => {
                        let now = "the step was undone; the machine cannot go back, and runs on";
                        Outcome::Refused(refusal.now(now))
                    }
                    outcome => outcome,
                })
            }
            Effect::GoesBack => self.roll_back(machine, &command, batch),
            Effect::Staged(upgrade) => {
                self.upgrade(replica, (at, &command), *upgrade, started, batch)
            }
        }
    }

    fn admits(&self, machine: &str, command: &Command) -> Result<(), Refusal> {
        let known = self.machines.contains_key(machine);
        match command {
            Command::Upgrade { .. } if !known && self.machines.len() >= MACHINES_MAX => {
                let reason = format!("the node runs {MACHINES_MAX} machines, which is its limit");
                Err(Refusal::new(RefusalCode::TOO_MANY_MACHINES, reason))
            }
            Command::Upgrade { .. } => Ok(()),
            _ if known => Ok(()),
            _ => Err(refused::no_machine(machine)),
        }
    }

    /// Writes an input that has been applied, and a snapshot when one is due.
    fn record(
        &mut self,
        replica: Replica,
        at: Index,
        command: &Command,
        took: Duration,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let name = replica.name().to_owned();
        let machine = self
            .machines
            .get_mut(&name)
            .expect("inputs reach known machines only");
        machine.replica = replica;
        let commit = batch.commit(&self.store)?;
        machine.input_bytes += commit.command(&name, at, command)?;
        machine.replay_time += took;
        if machine.snapshot_is_due() {
            let snapshot = machine.replica.snapshot();
            let oldest = oldest_kept(&machine.replica);
            let bytes = commit.snapshot(&name, &snapshot, oldest)?;
            machine.snapshot_bytes = bytes;
            machine.input_bytes = 0;
            machine.replay_time = Duration::ZERO;
        }
        machine.bases.follow(&machine.replica);
        batch.touched.insert(name);
        Ok(())
    }

    /// The machines whose program is on trial.
    fn trials(&self) -> impl Iterator<Item = &Machine> {
        let on_trial = |machine: &&Machine| machine.replica.trial().is_some();
        self.machines.values().filter(on_trial)
    }

    /// Looks whether a trial is over, or a shadow.
    pub(super) fn look(&mut self) -> Result<(), StoreError> {
        let names = self.trials().map(|machine| machine.replica.name());
        let names: Vec<String> = names.map(str::to_owned).collect();
        let mut batch = Batch::default();
        self.look_at_shadows(&mut batch)?;
        for name in names {
            self.judge(&name, &mut batch)?;
        }
        self.finish(batch)
    }

    /// Takes the machines back whose programs have killed the node too often. The replica of such a machine is that of
    /// its last snapshot, and its journal is ahead of it: it must not serve anybody, whatever comes of this.
    pub(super) fn take_back_overdue(&mut self) -> Result<(), RecoveryError> {
        let overdue = self.machines.iter_mut();
        let overdue =
            overdue.filter_map(|(name, machine)| Some((name.clone(), machine.overdue.take()?)));
        let overdue: Vec<(String, Cause)> = overdue.collect();
        let mut batch = Batch::default();
        for (machine, cause) in overdue {
            if let Err(refusal) = self.go_back(&machine, cause, &mut batch)? {
                let what = format!(
                    "its trial has failed, and it cannot go back: {}",
                    refusal.reason
                );
                return Err(RecoveryError::Machine { machine, what });
            }
        }
        Ok(self.finish(batch)?)
    }

    /// Ends the trial of a machine, if it is over.
    fn judge(&mut self, name: &str, batch: &mut Batch) -> Result<(), StoreError> {
        match self.machines[name].replica.verdict((self.clock)()) {
            Verdict::Open => Ok(()),
            Verdict::Failed(cause) => self.fail(name, cause, batch),
            Verdict::Passed => {
                let command = Command::Pass {
                    at_ms: 0,
                    by: String::new(),
                };
                self.job(name, command, batch).map(|_| ())
            }
        }
    }

    /// Takes a machine back whose trial has failed, if it can go back.
    fn fail(&mut self, name: &str, cause: Cause, batch: &mut Batch) -> Result<(), StoreError> {
        if self.machines[name].is_stuck {
            return Ok(());
        }
        let is_stuck = self.go_back(name, cause, batch)?.is_err();
        let machine = self.machines.get_mut(name).expect("it is on trial");
        machine.is_stuck = is_stuck;
        Ok(())
    }

    /// Makes the batch durable, shows it to readers, answers.
    pub(super) fn finish(&self, batch: Batch) -> Result<(), StoreError> {
        if let Some(commit) = batch.commit {
            commit.finish()?;
        }
        for name in batch.touched {
            if let Some(machine) = self.machines.get(&name) {
                self.published.publish(machine);
            }
        }
        for (answer, outcome) in batch.answers {
            // A client that has gone does not hear its answer; the step stands.
            let _ = answer.send(outcome);
        }
        self.give(batch.beside);
        Ok(())
    }

    /// Notes that the node has ended well, so that this start does not count against a trial or a shadow.
    fn close(&self) -> Result<(), StoreError> {
        if self.trials().next().is_none() && self.shadows().next().is_none() {
            return Ok(());
        }
        let commit = self.store.commit()?;
        for machine in self.trials() {
            commit.ended_well(machine.replica.name())?;
        }
        for name in self.shadows() {
            commit.shadow_ended_well(name)?;
        }
        commit.finish()
    }
}

impl Batch {
    pub(super) fn commit(&mut self, store: &Store) -> Result<&Commit, StoreError> {
        if self.commit.is_none() {
            self.commit = Some(store.commit()?);
        }
        Ok(self.commit.as_ref().expect("it was made just now"))
    }

    pub(super) fn take_commit(&mut self, store: &Store) -> Result<Commit, StoreError> {
        match self.commit.take() {
            Some(commit) => Ok(commit),
            None => store.commit(),
        }
    }

    /// Makes what was written so far durable; it is answered with the rest.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        self.commit.take().map_or(Ok(()), Commit::finish)
    }
}

/// Whether the commands of a batch, which took so long to apply, wait no longer for others to share their sync.
fn is_full(commands: usize, applying: Duration) -> bool {
    commands >= BATCH_MAX || applying >= BATCH_TIME_MAX
}

/// What of the journal is kept: a trial needs all of its own.
pub(super) fn oldest_kept(replica: &Replica) -> Keeping {
    let oldest = replica.index().saturating_sub(JOURNAL_ENTRIES_KEPT);
    let needed = replica.trial().map_or(replica.index(), |trial| trial.began);
    Keeping {
        oldest: oldest.min(needed),
        needed,
        bytes: JOURNAL_BYTES_KEPT,
    }
}

/// A panic in the machine would be a mistake of ours; it must not take the node down. The replica is a
/// copy that is thrown away then.
fn applied(replica: &mut Replica, at: Index, command: &Command) -> Effect {
    let effect = catch_unwind(AssertUnwindSafe(|| replica.apply(at, command)));
    effect.unwrap_or_else(|_| Effect::Nothing(Outcome::Refused(mistake(replica))))
}

/// The refusal after a panic.
pub(super) fn mistake(replica: &Replica) -> Refusal {
    tracing::error!(machine = replica.name(), "a command made the machine panic");
    let reason = "the node met a mistake of its own while applying this";
    replica.refusal(RefusalCode::BUG, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_with_many_commands_or_with_dear_ones() {
        let almost = BATCH_TIME_MAX - Duration::from_micros(1);
        for (commands, applying, full) in [
            (1, Duration::ZERO, false),
            (BATCH_MAX - 1, almost, false),
            (BATCH_MAX, Duration::ZERO, true),
            (1, BATCH_TIME_MAX, true),
        ] {
            assert_eq!(is_full(commands, applying), full, "{commands} {applying:?}");
        }
    }

    #[test]
    fn a_snapshot_is_due_after_many_bytes_or_after_much_work() {
        let (large, least) = (1 << 20, SNAPSHOT_INPUT_BYTES_LEAST);
        let almost = REPLAY_TIME_MAX - Duration::from_millis(1);
        for (snapshot_bytes, input_bytes, replay_time, due) in [
            (1, least - 1, almost, false),
            (1, least, Duration::ZERO, true),
            (large, least, almost, false),
            (large, large, Duration::ZERO, true),
            (large, 1, REPLAY_TIME_MAX, true),
        ] {
            let machine = Machine {
                input_bytes,
                replay_time,
                ..Machine::written(Replica::new("counter"), snapshot_bytes)
            };
            assert_eq!(
                machine.snapshot_is_due(),
                due,
                "{snapshot_bytes} {input_bytes}"
            );
        }
    }
}
