//! Recovery: from what the store has kept to machines that run, as they were when it was written.
//!
//! Programs are verified again. That a program was verified before is a memory of a check; the proof is
//! carried by the type, and the type does not survive a restart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cam::digest::Digest;
use cam::instance::Instance;
use cam::limits::STATE_WEIGHT_MAX;
use cam::verify::Program;
use cam::{decode, verify};

use crate::bundle::Bundle;
use crate::journal::{Command, Index, Snapshot};
use crate::ledger::{Accepted, Entry, Event};
use crate::limits::{LINEAGE_MAX, REHEARSAL_BASE_STEPS};
use crate::replica::{Ancestor, Replica};
use crate::store::{Kept, KeptSnapshot, Store, StoreError, TrialRecord};
use crate::trial::{Cause, Trial};

/// Why a node cannot take up its machines.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    /// A machine does not come out of the store as it went in.
    #[error("machine `{machine}` cannot be taken up: {what}")]
    Machine {
        /// Which machine.
        machine: String,
        /// What does not hold.
        what: String,
    },
    /// The writer cannot be started.
    #[error("no thread for the journal")]
    Thread(#[source] std::io::Error),
}

/// A machine, and what its journal holds since its last snapshot.
pub struct Recovered {
    /// The machine.
    pub replica: Replica,
    /// The last command in its last snapshot.
    pub snapshot: Index,
    /// Bytes of that snapshot.
    pub snapshot_bytes: u64,
    /// Whether it is from before the last upgrade, or not in chunks: where the state is large, a new one is wanted.
    pub is_old: bool,
    /// The last command in the snapshot that a trial needs.
    pub trial_base: Option<Index>,
    /// Bytes of the commands since.
    pub input_bytes: u64,
    /// Time it took to apply them again.
    pub replay_time: Duration,
    /// The machine some commands ago, in the same program.
    pub base: Replica,
    /// Why it is to go back before it serves anybody. Then the commands on trial have not been applied again.
    pub overdue: Option<Cause>,
}

/// Takes up every machine of the store.
///
/// # Errors
/// [`RecoveryError`] for the first machine that does not come out as it was: a node that served half
/// of its machines would look healthy.
pub fn machines(store: &Store) -> Result<Vec<Recovered>, RecoveryError> {
    let kept = store.machines()?;
    let on_trial = kept.iter().filter(|kept| kept.trial.is_some());
    let on_trial: Vec<String> = on_trial.map(|kept| kept.name.clone()).collect();
    count_start(store, &on_trial)?;
    let recovered = kept.into_iter().map(|kept| machine(store, kept));
    let recovered: Result<Vec<Recovered>, RecoveryError> = recovered.collect();
    if recovered.is_err() {
        // Nobody has died: a record that cannot be read takes no other machine back to its program before.
        uncount_start(store, &on_trial)?;
    }
    recovered
}

/// Notes for each trial that the node was started once more, before any of its code runs.
fn count_start(store: &Store, on_trial: &[String]) -> Result<(), StoreError> {
    if on_trial.is_empty() {
        return Ok(());
    }
    let commit = store.commit()?;
    for name in on_trial {
        commit.started(name)?;
    }
    commit.finish()
}

fn uncount_start(store: &Store, on_trial: &[String]) -> Result<(), StoreError> {
    let commit = store.commit()?;
    for name in on_trial {
        commit.ended_well(name)?;
    }
    commit.finish()
}

fn machine(store: &Store, kept: Kept) -> Result<Recovered, RecoveryError> {
    let name = kept.name.as_str();
    let fault = |what: String| fault(name, what);
    let trial_base = kept.trial.as_ref().map(|trial| trial.before.index());
    let named = [Some(kept.snapshot.index()), trial_base];
    store.sweep(name, &named.into_iter().flatten().collect::<Vec<_>>())?;
    let first = taken_up(store, name, &kept.ledger, &kept.snapshot)?;
    let overdue = kept.trial.as_ref().and_then(overdue);
    let began = kept.trial.as_ref().map(|trial| trial.began);
    // What keeps killing the node is not run again, beyond the migration where the snapshot is from before it.
    let last = began.filter(|_| overdue.is_some()).unwrap_or(Index::MAX);
    let started = Instant::now();
    let again = lived_again(first, kept.commands, began, last).map_err(fault)?;
    let replay_time = started.elapsed();
    if again.replica.position() != kept.position {
        let what = "its journal does not lead to where it stands";
        return Err(fault(what.to_owned()));
    }
    let trial = match (&kept.trial, again.before) {
        (None, _) => None,
        (Some(record), Some(before)) => Some(on_trial(record, before)),
        (Some(record), None) => {
            let before = before(store, name, &kept.ledger, record)?;
            Some(on_trial(record, before))
        }
    };
    let recovered = Recovered {
        replica: again.replica.on_trial(trial.clone()),
        base: again.base.on_trial(trial),
        snapshot: kept.snapshot.index(),
        snapshot_bytes: kept.snapshot.state_bytes(),
        is_old: kept.snapshot.chunks.is_none() || kept.snapshot.place.position() != kept.position,
        trial_base,
        input_bytes: again.bytes,
        replay_time,
        overdue,
    };
    tell(&recovered, again.replayed);
    Ok(recovered)
}

fn fault(machine: &str, what: String) -> RecoveryError {
    RecoveryError::Machine {
        machine: machine.to_owned(),
        what,
    }
}

/// A machine as a snapshot has it, on no trial.
fn taken_up(
    store: &Store,
    name: &str,
    ledger: &[Entry],
    kept: &KeptSnapshot,
) -> Result<Replica, RecoveryError> {
    let place = &kept.place;
    let snapshot = store.whole(name, kept)?;
    let code = store.program(Digest(place.program))?;
    let instance = instance(&code, &snapshot).map_err(|what| fault(name, what))?;
    if instance.program().digest().0 != place.program {
        let what = "its program is not the one it names";
        return Err(fault(name, what.to_owned()));
    }
    let until = ledger.partition_point(|entry| entry.number <= place.ledger);
    let lineage = lineage(store, name, &ledger[..until])?;
    let (position, since_ms) = (place.position(), place.since_ms);
    Ok(Replica::resume(
        name, instance, position, &snapshot, since_ms, lineage,
    ))
}

/// A life from a snapshot on.
struct Again {
    replica: Replica,
    /// The machine some commands before, but after its last upgrade, or as the snapshot has it.
    base: Replica,
    /// The machine before the upgrade that is on trial, if the snapshot is older.
    before: Option<Replica>,
    /// Bytes of the commands, and how many there were.
    bytes: u64,
    replayed: usize,
}

/// Applies commands again, those up to `last`. A rollback is not among them: it leaves a snapshot in its own commit.
fn lived_again(
    first: Replica,
    commands: Vec<(Index, Command)>,
    began: Option<Index>,
    last: Index,
) -> Result<Again, String> {
    let mut newer = first.clone();
    let mut again = Again {
        base: first.clone(),
        replica: first,
        before: None,
        bytes: 0,
        replayed: 0,
    };
    for (at, command) in commands.into_iter().take_while(|(at, _)| *at <= last) {
        let replica = again.replica;
        if replica.index() - newer.index() >= REHEARSAL_BASE_STEPS {
            again.base = std::mem::replace(&mut newer, replica.clone());
        }
        if at != replica.index() + 1 {
            let before = replica.index();
            return Err(format!("command {at} does not follow {before}"));
        }
        if Some(at) == began {
            again.before = Some(replica.clone());
        }
        let replica = replica.lived(at, &command);
        let replica =
            replica.map_err(|why| format!("command {at} does not do what it did before{why}"))?;
        if let Command::Upgrade { .. } = command {
            newer = replica.clone();
            again.base = newer.clone();
        }
        again.replica = replica;
        again.bytes += rmp_serde::to_vec(&command).map_or(0, |bytes| bytes.len() as u64);
        again.replayed += 1;
    }
    Ok(again)
}

/// The machine before the upgrade that is on trial, from a snapshot before it and the commands in between.
fn before(
    store: &Store,
    name: &str,
    ledger: &[Entry],
    record: &TrialRecord,
) -> Result<Replica, RecoveryError> {
    let first = taken_up(store, name, ledger, &record.before)?;
    let next = first.index() + 1;
    let between = usize::try_from(record.began.saturating_sub(next)).unwrap_or(usize::MAX);
    let commands = store.commands(name, next, between)?;
    let again = lived_again(first, commands, None, Index::MAX).map_err(|what| fault(name, what))?;
    if again.replica.index() + 1 != record.began {
        let what = "its trial does not begin where it began";
        return Err(fault(name, what.to_owned()));
    }
    Ok(again.replica)
}

fn on_trial(record: &TrialRecord, before: Replica) -> Trial {
    Trial {
        terms: record.terms,
        began: record.began,
        began_ms: record.began_ms,
        before,
    }
}

/// Whether the node has died too often with the program on trial.
fn overdue(trial: &TrialRecord) -> Option<Cause> {
    let count = trial.starts;
    (count > trial.terms.starts).then_some(Cause::Starts { count })
}

/// For whoever starts the node: what runs again, and what the start had to do for it.
fn tell(recovered: &Recovered, replayed: usize) {
    let replica = &recovered.replica;
    let Some(program) = replica.instance().map(Instance::program) else {
        return;
    };
    tracing::info!(
        "took up `{}`: version {}, program {}, bundle {}, {} steps, {replayed} commands replayed in {} ms",
        replica.name(),
        program.schema().version,
        program.digest(),
        replica.position().sequence,
        replica.steps(),
        recovered.replay_time.as_millis(),
    );
}

/// The programs before the running one that are still served, each with the migration that ended it.
fn lineage(store: &Store, name: &str, ledger: &[Entry]) -> Result<Vec<Ancestor>, RecoveryError> {
    let served = served(ledger);
    served
        .iter()
        .map(|(program, accepted)| ancestor(store, name, *program, accepted))
        .collect()
}

/// What the ledger says of them. A rollback takes the last one away, since it runs again.
fn served(ledger: &[Entry]) -> Vec<(Digest, &Accepted)> {
    let mut served: Vec<(Digest, &Accepted)> = Vec::new();
    for entry in ledger {
        match &entry.event {
            Event::Applied(accepted) => {
                served.extend(accepted.from.map(|from| (Digest(from), accepted)));
                // As a running machine forgets: what is forgotten does not come back with a rollback.
                let forgotten = served.len().saturating_sub(LINEAGE_MAX);
                served.drain(..forgotten);
            }
            Event::RolledBack(_) => {
                served.pop();
            }
            Event::Retired { program, .. } => {
                let last = served.iter().rposition(|(old, _)| old.0 == *program);
                served.drain(..last.map_or(0, |last| last + 1));
            }
            Event::Passed { .. } | Event::Shadowed(_) => {}
        }
    }
    served
}

fn ancestor(
    store: &Store,
    name: &str,
    old: Digest,
    accepted: &Accepted,
) -> Result<Ancestor, RecoveryError> {
    let fault = |what: String| fault(name, what);
    let bundle = Bundle::decode(&store.bundle(accepted.id())?);
    let bundle = bundle.map_err(|malformed| fault(malformed.to_string()))?;
    let (_, parts) = bundle
        .claims()
        .map_err(|malformed| fault(malformed.to_string()))?;
    let bytes = parts.migration.as_deref();
    let bytes = bytes.ok_or_else(|| fault("an upgrade has no migration".to_owned()))?;
    ancestor_of(&store.program(old)?, bytes).map_err(fault)
}

/// A program before, from its bytes and those of the migration that ended it.
pub(crate) fn ancestor_of(old: &[u8], migration: &[u8]) -> Result<Ancestor, String> {
    let old = program(old)?;
    let bytecode = decode::module(migration).map_err(|malformed| malformed.to_string())?;
    let migration = verify::migration(bytecode).map_err(|invalid| invalid.to_string())?;
    Ok(Ancestor {
        program: Arc::new(old),
        migration: Arc::new(migration),
    })
}

/// A machine from the bytes of its program and a snapshot.
pub(crate) fn instance(code: &[u8], snapshot: &Snapshot) -> Result<Instance, String> {
    let program = Arc::new(program(code)?);
    if snapshot.program.is_some_and(|of| of != program.digest().0) {
        return Err("its snapshot is of another program".to_owned());
    }
    resumed(program, &snapshot.state)
}

fn resumed(program: Arc<Program>, state: &[u8]) -> Result<Instance, String> {
    let (types, state_type) = (program.types(), program.state_type());
    let state = decode::value(types, state_type, state, STATE_WEIGHT_MAX);
    let state = state.map_err(|malformed| malformed.to_string())?;
    Instance::resume(program, state).map_err(|error| error.to_string())
}

fn program(bytes: &[u8]) -> Result<Program, String> {
    let bytecode = decode::module(bytes).map_err(|malformed| malformed.to_string())?;
    verify::machine(bytecode).map_err(|invalid| invalid.to_string())
}
