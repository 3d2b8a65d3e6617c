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

use crate::bundle::{Bundle, BundleId};
use crate::journal::{Command, Effect, Index, Snapshot};
use crate::ledger::{Accepted, Entry, Event};
use crate::limits::{LINEAGE_MAX, REHEARSAL_BASE_STEPS};
use crate::replica::{Ancestor, Replica};
use crate::store::{Kept, Store, StoreError, TrialRecord};
use crate::trial::{Cause, Trial};
use crate::upgrade::Position;

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
    /// Bytes of the last snapshot.
    pub snapshot_bytes: u64,
    /// Bytes of the commands since.
    pub input_bytes: u64,
    /// Time it took to apply them again.
    pub replay_time: Duration,
    /// The machine some commands before, or that of the last snapshot if it is nearer.
    pub base: Replica,
    /// Why it is to go back before it serves anybody. Its commands have not been applied again then.
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
    let name = kept.name.clone();
    let fault = |what: String| RecoveryError::Machine {
        machine: name.clone(),
        what,
    };
    let instance = kept_instance(&kept).map_err(fault)?;
    let lineage = lineage(store, &name, &kept.ledger)?;
    let trial = kept.trial.as_ref();
    let overdue = trial.and_then(overdue);
    let trial = trial
        .map(|trial| before(&name, trial, &lineage))
        .transpose();
    let base = Replica::resume(
        &name,
        instance,
        kept.position,
        &kept.snapshot,
        kept.since_ms,
        lineage,
    )
    .on_trial(trial.map_err(fault)?);
    let snapshot_bytes = kept.snapshot.state.len() as u64;
    if overdue.is_some() {
        return Ok(Recovered {
            replica: base.clone(),
            snapshot_bytes,
            input_bytes: 0,
            replay_time: Duration::ZERO,
            base,
            overdue,
        });
    }
    let (replayed, started) = (kept.commands.len(), Instant::now());
    let again = applied_again(base, kept.commands).map_err(fault)?;
    let (replica, base, input_bytes) = again;
    let recovered = Recovered {
        replica,
        snapshot_bytes,
        input_bytes,
        replay_time: started.elapsed(),
        base,
        overdue: None,
    };
    tell(&recovered, replayed);
    Ok(recovered)
}

/// The machine of the last snapshot.
fn kept_instance(kept: &Kept) -> Result<Instance, String> {
    let instance = instance(&kept.program, &kept.snapshot)?;
    match Some(instance.program().digest()) == kept.position.program {
        true => Ok(instance),
        false => Err("its program is not the one it names".to_owned()),
    }
}

/// The machine with the commands since, the machine some commands before, and how many bytes all of them have.
fn applied_again(
    snapshot: Replica,
    commands: Vec<(Index, Command)>,
) -> Result<(Replica, Replica, u64), String> {
    let (mut older, mut newer) = (snapshot.clone(), snapshot.clone());
    let (mut replica, mut bytes) = (snapshot, 0);
    for (at, command) in commands {
        if replica.index() - newer.index() >= REHEARSAL_BASE_STEPS {
            older = std::mem::replace(&mut newer, replica.clone());
        }
        if at != replica.index() + 1 {
            let before = replica.index();
            return Err(format!("command {at} does not follow {before}"));
        }
        let Effect::Done(_) = replica.apply_again(at, &command) else {
            return Err(format!("command {at} does not do what it did before"));
        };
        bytes += rmp_serde::to_vec(&command).map_or(0, |bytes| bytes.len() as u64);
    }
    Ok((replica, older, bytes))
}

/// Whether the node has died too often with the program on trial.
fn overdue(trial: &TrialRecord) -> Option<Cause> {
    let count = trial.starts;
    (count > trial.terms.starts).then_some(Cause::Starts { count })
}

/// The machine before the upgrade that is on trial.
fn before(name: &str, kept: &TrialRecord, lineage: &[Ancestor]) -> Result<Trial, String> {
    let (ancestor, before) = lineage
        .split_last()
        .ok_or("its trial has no program before")?;
    let instance = resumed(Arc::clone(&ancestor.program), &kept.snapshot.state)?;
    let (sequence, bundle, program) = kept.before;
    let position = Position {
        sequence,
        bundle: Some(BundleId(bundle)),
        program: Some(Digest(program)),
    };
    let before = before.to_vec();
    let (snapshot, since_ms) = (&kept.snapshot, kept.since_ms);
    Ok(Trial {
        terms: kept.terms,
        began: kept.began,
        began_ms: kept.began_ms,
        before: Replica::resume(name, instance, position, snapshot, since_ms, before),
    })
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
    let fault = |what: String| RecoveryError::Machine {
        machine: name.to_owned(),
        what,
    };
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
