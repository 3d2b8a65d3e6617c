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
use crate::journal::{Accepted, Apply, Effect};
use crate::limits::LINEAGE_MAX;
use crate::replica::{Ancestor, Replica};
use crate::store::{Kept, Store, StoreError};

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
}

/// Takes up every machine of the store.
///
/// # Errors
/// [`RecoveryError`] for the first machine that does not come out as it was: a node that served half
/// of its machines would look healthy.
pub fn machines(store: &Store) -> Result<Vec<Recovered>, RecoveryError> {
    store
        .machines()?
        .into_iter()
        .map(|kept| machine(store, kept))
        .collect()
}

fn machine(store: &Store, kept: Kept) -> Result<Recovered, RecoveryError> {
    let name = kept.name.clone();
    let fault = |what: String| RecoveryError::Machine {
        machine: name.clone(),
        what,
    };
    let program = Arc::new(program(&kept.program).map_err(fault)?);
    if Some(program.digest()) != kept.position.program {
        return Err(fault("its program is not the one it names".to_owned()));
    }
    let state = decode::value(
        program.types(),
        program.state_type(),
        &kept.snapshot.state,
        STATE_WEIGHT_MAX,
    );
    let state = state.map_err(|malformed| fault(malformed.to_string()))?;
    let instance = Instance::resume(program, state).map_err(|error| fault(error.to_string()))?;
    let lineage = lineage(store, &name, &kept.history)?;
    let mut replica = Replica::resume(
        &name,
        instance,
        kept.position,
        &kept.snapshot,
        kept.since_ms,
        lineage,
    );
    let (mut input_bytes, started) = (0, Instant::now());
    let replayed = kept.commands.len();
    for (at, command) in kept.commands {
        if at != replica.index() + 1 {
            return Err(fault(format!(
                "command {at} does not follow {}",
                replica.index()
            )));
        }
        let Effect::Done(_) = replica.apply(at, &command) else {
            return Err(fault(format!(
                "command {at} does not do what it did before"
            )));
        };
        input_bytes += rmp_serde::to_vec(&command).map_or(0, |bytes| bytes.len() as u64);
    }
    let recovered = Recovered {
        replica,
        snapshot_bytes: kept.snapshot.state.len() as u64,
        input_bytes,
        replay_time: started.elapsed(),
    };
    tell(&recovered, replayed);
    Ok(recovered)
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

/// The programs before the running one, each with the migration that ended it.
fn lineage(
    store: &Store,
    name: &str,
    history: &[Accepted],
) -> Result<Vec<Ancestor>, RecoveryError> {
    let fault = |what: String| RecoveryError::Machine {
        machine: name.to_owned(),
        what,
    };
    let upgrades = history.iter().filter(|accepted| accepted.from.is_some());
    let upgrades: Vec<&Accepted> = upgrades.collect();
    let oldest = upgrades.len().saturating_sub(LINEAGE_MAX);
    let mut lineage = Vec::new();
    for accepted in &upgrades[oldest..] {
        let old = Digest(accepted.from.expect("filtered"));
        let old = program(&store.program(old)?).map_err(fault)?;
        let bundle = Bundle::decode(&store.bundle(accepted.id())?);
        let bundle = bundle.map_err(|malformed| fault(malformed.to_string()))?;
        let (_, parts) = bundle
            .claims()
            .map_err(|malformed| fault(malformed.to_string()))?;
        let bytes = parts.migration.as_deref();
        let bytes = bytes.ok_or_else(|| fault("an upgrade has no migration".to_owned()))?;
        let bytecode = decode::module(bytes).map_err(|malformed| fault(malformed.to_string()))?;
        let migration =
            verify::migration(bytecode).map_err(|invalid| fault(invalid.to_string()))?;
        lineage.push(Ancestor {
            program: Arc::new(old),
            migration: Arc::new(migration),
        });
    }
    Ok(lineage)
}

fn program(bytes: &[u8]) -> Result<Program, String> {
    let bytecode = decode::module(bytes).map_err(|malformed| malformed.to_string())?;
    verify::machine(bytecode).map_err(|invalid| invalid.to_string())
}
