//! The writer: the one thread that applies commands and makes them durable.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::disposal::Disposal;
use super::pages::Pages;
use super::scribe::Desk;
use super::{Clock, Job, Message, Published, Work};
use crate::head_start::HeadStart;
use crate::journal::{Apply, Command, Effect, Index, Outcome};
use crate::limits::{
    BATCH_MAX, BATCH_TIME_MAX, MACHINES_MAX, REHEARSAL_BASE_STEPS, TRIAL_LOOK_INTERVAL,
};
use crate::protocol::{Refusal, RefusalCode};
use crate::recovery::{Recovered, RecoveryError};
use crate::refused;
use crate::replica::Replica;
use crate::shadow::{Lane, Taken};
use crate::store::{Commit, Store, StoreError};
use crate::trial::{Cause, Verdict};

/// A machine in the writer's hands, ahead of the disk by the current batch.
pub(super) struct Machine {
    pub(super) replica: Replica,
    /// How it is kept.
    pub(super) pages: Pages,
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
            pages: Pages::from(&recovered),
            replica: recovered.replica,
            overdue: recovered.overdue,
            is_stuck: false,
            shadow: None,
        }
    }
}

impl Machine {
    /// A machine that has taken a turn.
    pub(super) fn after_turn(replica: Replica, pages: Pages) -> Machine {
        Machine {
            bases: Bases::at(&replica),
            pages,
            replica,
            overdue: None,
            is_stuck: false,
            shadow: None,
        }
    }
}

pub(super) struct Writer {
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) machines: BTreeMap<String, Machine>,
    pub(super) published: Published,
    pub(super) disposal: Disposal,
    /// Where scribes come with their errands.
    pub(super) desk: Desk,
}

/// What a batch has done so far and not yet told.
#[derive(Default)]
pub(super) struct Batch {
    commit: Option<Commit>,
    answers: Vec<(oneshot::Sender<Outcome>, Outcome)>,
    pub(super) touched: BTreeSet<String>,
    /// What shadows are given, once it is answered.
    pub(super) beside: Vec<(String, Taken)>,
    /// Who waits for an errand, and whether it was done.
    pub(super) errands: Vec<(oneshot::Sender<bool>, bool)>,
}

/// A writer that panics has failed like one whose disk fails: a node that went on would refuse every
/// input for ever and look alive.
pub(super) fn watched(
    writer: Writer,
    receiver: &Receiver<Message>,
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
    fn run(mut self, receiver: &Receiver<Message>) -> Result<(), StoreError> {
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
                    self.start_scribes()?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.close(),
            }
            self.look()?;
        }
    }

    fn batch(&mut self, messages: impl Iterator<Item = Message>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let started = Instant::now();
        for (count, message) in (1..).zip(messages) {
            let Job {
                machine,
                work,
                answer,
            } = match message {
                Message::Job(job) => job,
                Message::Errand(errand) => {
                    self.errand(errand, &mut batch)?;
                    if is_full(count, started.elapsed()) {
                        break;
                    }
                    continue;
                }
            };
            let outcome = match work {
                Work::Command(command) => self.job(&machine, command, None, &mut batch)?,
                Work::Upgrade(command, mut head_start) => {
                    let outcome = self.job(&machine, command, Some(&mut head_start), &mut batch)?;
                    self.disposal.take(head_start);
                    outcome
                }
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
        head_start: Option<&mut HeadStart>,
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
        match applied(&mut replica, at, &command, head_start) {
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
        let bytes = commit.command(&name, at, command)?;
        let Machine { replica, pages, .. } = machine;
        pages.add(bytes, took);
        if pages.snapshot_is_due() {
            if self.published.is_large(replica) {
                pages.is_wanted = true;
            } else {
                let keeping = pages.keeping(replica, replica.index());
                let bytes = commit.snapshot(&name, replica.snapshot(), keeping)?;
                pages.written(replica.index(), bytes);
            }
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
                self.job(name, command, None, batch).map(|_| ())
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
                self.disposal.take(self.published.publish(machine));
            }
        }
        for (answer, outcome) in batch.answers {
            // A client that has gone does not hear its answer; the step stands.
            let _ = answer.send(outcome);
        }
        for (done, is_done) in batch.errands {
            // A scribe waits until it is told.
            let _ = done.send(is_done);
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

/// A panic in the machine would be a mistake of ours; it must not take the node down. The replica is a
/// copy that is thrown away then.
fn applied(
    replica: &mut Replica,
    at: Index,
    command: &Command,
    head_start: Option<&mut HeadStart>,
) -> Effect {
    let apply = || replica.apply_prepared(at, command, head_start);
    let effect = catch_unwind(AssertUnwindSafe(apply));
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
}
