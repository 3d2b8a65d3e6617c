//! The turns of a machine's life: an upgrade, a rollback, the end of a trial, the end of service for old clients.
//!
//! Each is one commit, with an entry of the ledger and a snapshot: a start never replays across a turn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use cam::instance::Context;

use super::writer::{Batch, Machine, Writer, mistake, oldest_kept};
use crate::journal::{Apply, Command, Index, Outcome, Snapshot};
use crate::ledger::{Accepted, Entry, Event};
use crate::protocol::{Refusal, RefusalCode};
use crate::replica::Replica;
use crate::rollback::{self, Replay, StagedRollback};
use crate::shadow::End;
use crate::store::{Saved, StoreError, TrialRecord};
use crate::trial::Cause;
use crate::upgrade::MigratedUpgrade;

impl Writer {
    /// Commits an upgrade together with all of the batch before it, then adopts it.
    pub(super) fn upgrade(
        &mut self,
        mut replica: Replica,
        (at, command): (Index, &Command),
        upgrade: MigratedUpgrade,
        started: Instant,
        batch: &mut Batch,
    ) -> Result<Outcome, StoreError> {
        let Command::Upgrade { bundle, .. } = command else {
            unreachable!("only an upgrade stages an upgrade")
        };
        let name = replica.name().to_owned();
        let snapshot = Snapshot {
            index: at,
            steps: replica.steps(),
            traps: replica.traps(),
            last_ms: command.at_ms(),
            state: cam::encode::value(&upgrade.instance().state()),
            old_clients: replica.old_clients().to_vec(),
            program: upgrade.to().program.map(|program| program.0),
            sessions: replica.kept_sessions(),
        };
        let trial = trial_record(&replica, at, command);
        let pause_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let entry = applied(&replica, &upgrade, command, (&snapshot, pause_us));
        let oldest = oldest_kept(&replica);
        let mut snapshot_bytes = 0;
        let why = match self.shadow_bundle(&name) == Some(upgrade.bundle().id().0) {
            true => End::Promoted,
            false => End::Turned,
        };
        self.end_shadow(&name, why, who(command), batch)?;
        let commit = batch.take_commit(&self.store)?;
        let committed = upgrade.commit(|upgrade| {
            commit.command(&name, at, command)?;
            commit.upgrade(&name, upgrade, bundle, entry, trial.as_ref())?;
            snapshot_bytes = commit.snapshot(&name, &snapshot, oldest)?;
            commit.finish()
        })?;
        let outcome = replica.adopt(at, command, committed);
        batch.touched.insert(name.clone());
        let machine = Machine::written(replica, snapshot_bytes);
        self.machines.insert(name, machine);
        Ok(outcome)
    }

    /// Goes back because the program has failed its trial, or says why it cannot.
    pub(super) fn go_back(
        &mut self,
        name: &str,
        cause: Cause,
        batch: &mut Batch,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let replica = &self.machines[name].replica;
        let running = replica.position().program;
        let command = Command::Rollback {
            at_ms: (self.clock)().max(self.last_ms(replica)?),
            by: String::new(),
            reason: String::new(),
            cause,
            running: running.map_or([0; 32], |program| program.0),
        };
        match self.roll_back(name, &command, batch)? {
            Outcome::RolledBack(report) => {
                tracing::warn!(
                    "`{name}` has gone back to version {}: {}",
                    report.machine_version,
                    report.cause
                );
                Ok(Ok(()))
            }
            Outcome::Refused(refusal) => {
                tracing::error!("`{name}` cannot go back: {}", refusal.reason);
                Ok(Err(refusal))
            }
            _ => unreachable!("a rollback goes back or is refused"),
        }
    }

    /// Commits a rollback, after all of the batch before it.
    pub(super) fn roll_back(
        &mut self,
        name: &str,
        command: &Command,
        batch: &mut Batch,
    ) -> Result<Outcome, StoreError> {
        let Command::Rollback {
            by,
            reason,
            cause,
            running,
            ..
        } = command
        else {
            unreachable!("only a rollback goes back")
        };
        let now = self.machines[name].replica.clone();
        if now
            .position()
            .program
            .is_none_or(|program| program.0 != *running)
        {
            let reason = "another program runs than the one that is to go";
            let refusal = now.refusal(RefusalCode::STALE_PROGRAM, reason);
            return Ok(Outcome::Refused(refusal.expected(*running)));
        }
        batch.flush()?;
        let at = self.next_index(&now)?;
        let staged = match self.staged(&now, at, &now.moment(command.at_ms(), by), cause)? {
            Ok(staged) => staged,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let entry = entry(
            &now,
            command,
            (by, reason),
            Event::RolledBack(staged.report.clone()),
        );
        let snapshot = staged.replica.snapshot();
        let oldest = oldest_kept(&staged.replica);
        self.end_shadow(name, End::Turned, (by, reason), batch)?;
        let commit = batch.take_commit(&self.store)?;
        commit.command(name, at, command)?;
        let turn = (staged.from, staged.replica.position());
        commit.rollback(name, turn, &saved(&now), entry)?;
        let snapshot_bytes = commit.snapshot(name, &snapshot, oldest)?;
        commit.finish()?;
        batch.touched.insert(name.to_owned());
        let machine = Machine::written(staged.replica, snapshot_bytes);
        self.machines.insert(name.to_owned(), machine);
        Ok(Outcome::RolledBack(Box::new(staged.report)))
    }

    /// When the last command was stamped, also of those that a crash loop has left in the journal alone.
    fn last_ms(&self, now: &Replica) -> Result<i64, StoreError> {
        let last = self.store.last_index(now.name())?.unwrap_or(0);
        let mut ahead = Vec::new();
        if last > now.index() {
            ahead = self.store.commands(now.name(), last, 1)?;
        }
        let stamps = ahead.iter().map(|(_, command)| command.at_ms());
        Ok(stamps.fold(now.last_ms(), i64::max))
    }

    /// After a crash loop the replica is that of the snapshot, and the journal is ahead of it.
    fn next_index(&self, now: &Replica) -> Result<Index, StoreError> {
        let last = self.store.last_index(now.name())?;
        Ok(last.unwrap_or(0).max(now.index()) + 1)
    }

    fn staged(
        &self,
        now: &Replica,
        at: Index,
        moment: &Context,
        cause: &Cause,
    ) -> Result<Result<StagedRollback, Refusal>, StoreError> {
        let began = now.trial().map_or(at, |trial| trial.began);
        let feed = |replay: &mut Replay| {
            let since = began..=u64::MAX;
            let give = |at, command: &Command| replay.take(at, command);
            self.store.each_command(now.name(), since, give)
        };
        let stage = || rollback::stage(now, at, moment, cause, feed);
        let staged = catch_unwind(AssertUnwindSafe(stage));
        staged.unwrap_or_else(|_| Ok(Err(mistake(now))))
    }

    /// Commits the end of a trial, or of the service for old clients.
    pub(super) fn turned(
        &mut self,
        replica: Replica,
        at: Index,
        command: &Command,
        outcome: &Outcome,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let name = replica.name().to_owned();
        let (who, event) = match (command, outcome) {
            (Command::Pass { by, .. }, Outcome::Passed { sequence }) => {
                let sequence = *sequence;
                ((by.as_str(), ""), Event::Passed { sequence })
            }
            (
                Command::Retire { by, reason, .. },
                Outcome::Retired {
                    program,
                    machine_version,
                },
            ) => {
                let event = Event::Retired {
                    program: program.0,
                    machine_version: *machine_version,
                };
                ((by.as_str(), reason.as_str()), event)
            }
            _ => unreachable!("no other command ends in a turn"),
        };
        let entry = entry(&replica, command, who, event);
        let snapshot = replica.snapshot();
        self.end_shadow(&name, End::Turned, who, batch)?;
        let commit = batch.commit(&self.store)?;
        commit.command(&name, at, command)?;
        commit.enter(&name, entry)?;
        if replica.trial().is_none() {
            commit.trial(&name, None)?;
        }
        let bytes = commit.snapshot(&name, &snapshot, oldest_kept(&replica))?;
        batch.touched.insert(name.clone());
        self.machines.insert(name, Machine::written(replica, bytes));
        Ok(())
    }
}

/// The machine before an upgrade that begins a trial.
fn trial_record(before: &Replica, at: Index, command: &Command) -> Option<TrialRecord> {
    let position = before.position();
    Some(TrialRecord {
        terms: command.trial()?,
        began: at,
        began_ms: command.at_ms(),
        starts: 1,
        before: (position.sequence, position.bundle?.0, position.program?.0),
        since_ms: before.since_ms(),
        snapshot: before.snapshot(),
    })
}

fn applied(
    replica: &Replica,
    upgrade: &MigratedUpgrade,
    command: &Command,
    (snapshot, pause_us): (&Snapshot, u64),
) -> Entry {
    let Command::Upgrade {
        by,
        signers,
        reason,
        trial,
        plan,
        ..
    } = command
    else {
        unreachable!("only an upgrade stages an upgrade")
    };
    let program = upgrade.instance().program();
    let accepted = Accepted {
        sequence: upgrade.to().sequence,
        bundle: upgrade.bundle().id().0,
        from: upgrade.from().program.map(|digest| digest.0),
        to: program.digest().0,
        machine_version: program.schema().version,
        signers: signers.clone(),
        note: upgrade.bundle().manifest().note.clone(),
        state_bytes: snapshot.state.len() as u64,
        pause_us: Some(pause_us),
        trial: trial.filter(|_| upgrade.from().program.is_some()),
        plan: *plan,
    };
    entry(replica, command, (by, reason), Event::Applied(accepted))
}

/// Who asked for an upgrade, and why.
fn who(command: &Command) -> (&str, &str) {
    match command {
        Command::Upgrade { by, reason, .. } => (by, reason),
        _ => ("", ""),
    }
}

/// An entry that has no place in the ledger yet.
fn entry(replica: &Replica, command: &Command, (by, reason): (&str, &str), event: Event) -> Entry {
    Entry {
        number: 0,
        before: [0; 32],
        at_ms: command.at_ms(),
        step: replica.steps(),
        by: by.to_owned(),
        reason: reason.to_owned(),
        event,
    }
}

/// What a rollback takes away.
fn saved(now: &Replica) -> Saved {
    let snapshot = now.snapshot();
    let program = now.position().program;
    Saved {
        program: program.expect("a machine that goes back runs").0,
        step: snapshot.steps,
        state: snapshot.state,
    }
}
