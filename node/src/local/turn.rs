//! The turns of a machine's life: an upgrade, a rollback, the end of a trial, the end of service for old clients.
//!
//! Each is one commit, with an entry of the ledger and a snapshot. Of a large state a scribe writes the snapshot, unless
//! it is that of a rollback; until then a start goes across the turn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use cam::instance::Context;
use cam::measure;

use super::pages::Pages;
use super::writer::{Batch, Machine, Writer, mistake};
use crate::journal::{Apply, Command, Index, Outcome, Snapshot};
use crate::ledger::{Accepted, Entry, Event};
use crate::protocol::{Refusal, RefusalCode};
use crate::replica::Replica;
use crate::rollback::{self, Replay, StagedRollback};
use crate::shadow::End;
use crate::store::{Keeping, Saved, StoreError, TrialRecord};
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
        let state = upgrade.instance().state();
        // A large state is written aside, and until that is done the journal leads across the upgrade.
        let is_aside = self.published.is_heavy(&state) && self.machines.contains_key(&name);
        let sizes = upgrade.sizes();
        let state_bytes = sizes.map_or_else(|| measure::length(&state), |sizes| sizes.after);
        let snapshot = (!is_aside).then(|| Snapshot {
            index: at,
            steps: replica.steps(),
            traps: replica.traps(),
            last_ms: command.at_ms(),
            state: cam::encode::value(&state),
            old_clients: replica.old_clients().to_vec(),
            program: upgrade.to().program.map(|program| program.0),
            sessions: replica.kept_sessions(),
        });
        let trial = self.trial_record(&replica, at, command, batch)?;
        let trial_base = trial.as_ref().map(|trial| trial.before.index());
        let took = started.elapsed();
        let entry = applied(&replica, &upgrade, command, (state_bytes, took));
        let why = match self.shadow_bundle(&name) == Some(upgrade.bundle().id().0) {
            true => End::Promoted,
            false => End::Turned,
        };
        self.end_shadow(&name, why, who(command), batch)?;
        let commit = batch.take_commit(&self.store)?;
        let mut written = (0, None);
        let committed = upgrade.commit(|upgrade| {
            written.0 = commit.command(&name, at, command)?;
            commit.upgrade(&name, upgrade, bundle, entry, trial.as_ref())?;
            if let Some(snapshot) = snapshot {
                let keeping = keeping(&replica, trial_base);
                written.1 = Some(commit.snapshot(&name, snapshot, keeping)?);
            }
            commit.finish()
        })?;
        let outcome = replica.adopt(at, command, committed);
        self.take_turn(replica, written, took, trial_base, batch);
        Ok(outcome)
    }

    /// Takes up a machine that has taken a turn, with the bytes of its command, and of its snapshot if one was written.
    fn take_turn(
        &mut self,
        replica: Replica,
        (bytes, snapshot): (u64, Option<u64>),
        took: Duration,
        trial_base: Option<Index>,
        batch: &mut Batch,
    ) {
        let name = replica.name().to_owned();
        let mut before = self.machines.remove(&name);
        let mut pages = match (&mut before, snapshot) {
            (Some(before), None) => before.pages.turned(bytes, took, trial_base),
            (_, snapshot) => Pages::new(replica.index(), snapshot.unwrap_or(0), trial_base),
        };
        pages.is_wanted |= self.published.is_large(&replica);
        let machine = Machine::after_turn(replica, pages);
        self.machines.insert(name.clone(), machine);
        self.disposal.take(before);
        batch.touched.insert(name);
    }

    /// The machine before an upgrade that begins a trial. Of a large one, the last snapshot, which the journal leads on.
    fn trial_record(
        &self,
        before: &Replica,
        at: Index,
        command: &Command,
        batch: &mut Batch,
    ) -> Result<Option<TrialRecord>, StoreError> {
        let (Some(terms), Some(_)) = (command.trial(), before.instance()) else {
            return Ok(None);
        };
        let mut last = None;
        if self.published.is_large(before) {
            batch.flush()?;
            last = self.store.kept_snapshot(before.name())?;
        }
        let before = match last {
            Some(last) => last,
            None => {
                let commit = batch.commit(&self.store)?;
                commit.kept(before.name(), before.snapshot())?
            }
        };
        Ok(Some(TrialRecord {
            terms,
            began: at,
            began_ms: command.at_ms(),
            starts: 1,
            before,
        }))
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
        let keeping = keeping(&staged.replica, None);
        self.end_shadow(name, End::Turned, (by, reason), batch)?;
        let commit = batch.take_commit(&self.store)?;
        let bytes = commit.command(name, at, command)?;
        let turn = (staged.from, staged.replica.position());
        commit.rollback(name, turn, &saved(&now), entry)?;
        // However large: no start goes across a rollback.
        let snapshot_bytes = commit.snapshot(name, snapshot, keeping)?;
        commit.finish()?;
        let written = (bytes, Some(snapshot_bytes));
        self.take_turn(staged.replica, written, Duration::ZERO, None, batch);
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
        self.end_shadow(&name, End::Turned, who, batch)?;
        let commit = batch.commit(&self.store)?;
        let bytes = commit.command(&name, at, command)?;
        commit.enter(&name, entry)?;
        let mut trial_base = self.machines[&name].pages.trial_base;
        if replica.trial().is_none() {
            commit.trial(&name, None)?;
            trial_base = None;
        }
        let mut snapshot_bytes = None;
        if !self.published.is_large(&replica) {
            let keeping = keeping(&replica, trial_base);
            snapshot_bytes = Some(commit.snapshot(&name, replica.snapshot(), keeping)?);
        }
        let written = (bytes, snapshot_bytes);
        self.take_turn(replica, written, Duration::ZERO, trial_base, batch);
        Ok(())
    }
}

fn keeping(replica: &Replica, trial_base: Option<Index>) -> Keeping {
    Pages::new(replica.index(), 0, trial_base).keeping(replica, replica.index())
}

fn applied(
    replica: &Replica,
    upgrade: &MigratedUpgrade,
    command: &Command,
    (state_bytes, took): (u64, Duration),
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
        state_bytes,
        pause_us: Some(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
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
