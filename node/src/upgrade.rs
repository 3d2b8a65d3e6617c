//! The upgrade street: five steps, each consuming the proof of the one before.
//!
//! ```text
//! Bundle -> AuthenticBundle -> VerifiedUpgrade -> MigratedUpgrade -> CommittedUpgrade -> Instance
//!  authenticate           verify            migrate            commit             adopt
//! ```
//!
//! `authenticate` stands in [`bundle`](crate::bundle). A [`VerifiedUpgrade`] holds programs that this node
//! has verified itself, whatever the compiler or the author said. A [`MigratedUpgrade`] holds the new
//! state, computed on a copy. A [`CommittedUpgrade`] is made only by the store, inside the one
//! transaction that compares the machine's position again and writes code, state, schema, sequence and
//! history together. A crash between any two steps leaves the old machine as it was.

use std::sync::Arc;

use cam::combinator::Role;
use cam::digest::Digest;
use cam::entry::Stop;
use cam::instance::{Context, Instance};
use cam::memo::Memo;
use cam::trap::Trap;
use cam::value::Value;
use cam::verify::{Invalid, Migration, Misfit, Program};
use cam::{assembly, decode, verify};

use crate::bundle::{AuthenticBundle, BundleId, Manifest};
use crate::losses::{Losses, Misstated};

/// Where a machine stands in its life: what an upgrade is compared with, twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    /// How many bundles it has accepted; 0 before the first.
    pub sequence: u64,
    /// The last of them.
    pub bundle: Option<BundleId>,
    /// The program that runs.
    pub program: Option<Digest>,
}

/// Why an upgrade is refused. The machine runs on as it was.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// The bundle was applied before, and its program runs.
    #[error("this bundle is the one that was applied last")]
    AlreadyRunning,
    /// The bundle starts from another program than the one that runs.
    #[error("the machine runs {}, the bundle starts from {}", shown(*.running), shown(*.expected))]
    StaleProgram {
        /// What runs.
        running: Option<Digest>,
        /// What the bundle starts from.
        expected: Option<Digest>,
    },
    /// The bundle does not follow the last one.
    #[error("the machine has accepted {running} bundle(s), this one is number {offered}")]
    StaleSequence {
        /// How many the machine has accepted.
        running: u64,
        /// The bundle's place.
        offered: u64,
    },
    /// The bundle has the right place but follows another bundle.
    #[error("the bundle follows {}, the last one here is {}", shown_bundle(*.expected), shown_bundle(*.last))]
    StaleBundle {
        /// The last bundle here.
        last: Option<BundleId>,
        /// The one it says it follows.
        expected: Option<BundleId>,
    },
    /// The bundle is for one other node.
    #[error("the bundle is for another node")]
    OtherNode,
    /// The new program is of another machine than the one that runs under this name.
    #[error("a `{running}` runs under this name, the bundle brings a `{offered}`")]
    OtherMachine {
        /// What the running program calls itself.
        running: String,
        /// What the new one does.
        offered: String,
    },
    /// A part is no module.
    #[error("the {part} does not decode: {reason}")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// Where and why.
        reason: decode::Malformed,
    },
    /// A part does not type.
    #[error("the {part} does not verify: {told}")]
    Invalid {
        /// Which part.
        part: &'static str,
        /// Where and why, in the words of the module's text.
        told: String,
    },
    /// The migration does not lead from the running program to the new one.
    #[error("{0}")]
    Misfit(#[from] Misfit),
    /// The bundle does not say what is lost on the way, or says otherwise.
    #[error("{0}")]
    Misstated(#[from] Misstated),
    /// The migration, or the first state of a new machine, stopped: why, and at which entry of the state.
    #[error("{0}")]
    Trapped(Stop),
    /// The new program has a check, and it does not approve of the new state.
    #[error("{}", check_failed(.0.as_ref()))]
    CheckFailed(Option<Trap>),
}

fn check_failed(trap: Option<&Trap>) -> String {
    match trap {
        None => "the new program's check says that the new state is not sound".to_owned(),
        Some(trap) => format!("the new program's check stopped on the new state: {trap}"),
    }
}

fn shown(program: Option<Digest>) -> String {
    program.map_or("nothing".to_owned(), |digest| digest.short())
}

fn shown_bundle(bundle: Option<BundleId>) -> String {
    bundle.map_or("none".to_owned(), |id| id.to_string())
}

impl UpgradeError {
    /// Whether an adapter, and not the migration, is at fault.
    #[must_use]
    pub fn is_adapter(&self) -> bool {
        matches!(
            self,
            UpgradeError::Misfit(Misfit {
                role: Role::Input | Role::Output,
                ..
            })
        )
    }
}

/// An upgrade whose programs this node has verified and whose place it has compared.
#[derive(Debug)]
pub struct VerifiedUpgrade {
    bundle: AuthenticBundle,
    from: Position,
    new: Arc<Program>,
    migration: Option<Arc<Migration>>,
}

/// An upgrade with the new state, computed on a copy of the old one.
#[derive(Debug)]
pub struct MigratedUpgrade {
    upgrade: VerifiedUpgrade,
    instance: Instance,
    sizes: Option<Sizes>,
}

/// An upgrade that is durable.
#[derive(Debug)]
pub struct CommittedUpgrade {
    upgrade: VerifiedUpgrade,
    instance: Instance,
    sizes: Option<Sizes>,
}

/// Bytes of the encoded states.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// The old one; 0 before the first bundle.
    pub before: u64,
    /// The new one.
    pub after: u64,
}

/// What an adopted upgrade leaves behind for those who run the machine.
#[derive(Debug)]
pub struct Adopted {
    /// The new machine.
    pub instance: Instance,
    /// Where it stands now.
    pub position: Position,
    /// The way from the old program, unless there was none.
    pub migration: Option<Arc<Migration>>,
    /// How large the states are, if they have been measured.
    pub sizes: Option<Sizes>,
}

impl AuthenticBundle {
    /// Compares the bundle's place with the machine's, verifies all code, and holds what the authors say is lost to
    /// what the code does.
    ///
    /// # Errors
    /// [`UpgradeError`]; the first check that fails, cheapest first.
    pub fn verify(
        self,
        from: Position,
        running: Option<&Arc<Program>>,
    ) -> Result<VerifiedUpgrade, UpgradeError> {
        compare(self.manifest(), self.id(), from)?;
        let parts = self.parts();
        let new = read_program("new program", &parts.new_program)?;
        if let Some(old) = running
            && old.schema().machine != new.schema().machine
        {
            let running = old.schema().machine.to_string();
            let offered = new.schema().machine.to_string();
            return Err(UpgradeError::OtherMachine { running, offered });
        }
        let migration = match (&parts.migration, running) {
            (Some(bytes), Some(old)) => {
                let migration = read_migration(bytes, old, &new)?;
                // What was agreed to before this node asked for it has happened.
                if !self.is_recalled() {
                    let found = Losses::of(&migration, old.schema(), new.schema());
                    found.hold(self.manifest().losses.as_ref())?;
                }
                Some(Arc::new(migration))
            }
            _ => None,
        };
        Ok(VerifiedUpgrade {
            bundle: self,
            from,
            new: Arc::new(new),
            migration,
        })
    }
}

/// The compare of compare-and-swap. A bundle that was applied last is told apart from one that is stale.
fn compare(manifest: &Manifest, id: BundleId, from: Position) -> Result<(), UpgradeError> {
    if from.bundle == Some(id) {
        return Err(UpgradeError::AlreadyRunning);
    }
    if manifest.old_program != from.program {
        let (running, expected) = (from.program, manifest.old_program);
        return Err(UpgradeError::StaleProgram { running, expected });
    }
    if manifest.sequence != from.sequence.saturating_add(1) {
        let (running, offered) = (from.sequence, manifest.sequence);
        return Err(UpgradeError::StaleSequence { running, offered });
    }
    if manifest.previous != from.bundle {
        let (last, expected) = (from.bundle, manifest.previous);
        return Err(UpgradeError::StaleBundle { last, expected });
    }
    Ok(())
}

fn read_program(part: &'static str, bytes: &[u8]) -> Result<Program, UpgradeError> {
    let bytecode =
        decode::module(bytes).map_err(|reason| UpgradeError::Malformed { part, reason })?;
    verify::machine(bytecode).map_err(|invalid| told(part, bytes, &invalid))
}

fn read_migration(bytes: &[u8], old: &Program, new: &Program) -> Result<Migration, UpgradeError> {
    let part = "migration";
    let bytecode =
        decode::module(bytes).map_err(|reason| UpgradeError::Malformed { part, reason })?;
    let migration = verify::migration(bytecode).map_err(|invalid| told(part, bytes, &invalid))?;
    migration.fits(old, new)?;
    Ok(migration)
}

/// The verifier knows types by their numbers; a person is to read names.
fn told(part: &'static str, bytes: &[u8], invalid: &Invalid) -> UpgradeError {
    let told = match decode::module(bytes) {
        Ok(bytecode) => assembly::explained(invalid, &bytecode),
        Err(_) => invalid.to_string(),
    };
    UpgradeError::Invalid { part, told }
}

impl VerifiedUpgrade {
    /// What the bundle says of itself.
    #[must_use]
    pub fn bundle(&self) -> &AuthenticBundle {
        &self.bundle
    }

    /// The program it leads to.
    #[must_use]
    pub fn new_program(&self) -> &Arc<Program> {
        &self.new
    }

    /// Where the machine stood when the upgrade was compared.
    #[must_use]
    pub fn from(&self) -> Position {
        self.from
    }

    /// The way from the running program, unless there is none.
    #[must_use]
    pub fn migration(&self) -> Option<&Arc<Migration>> {
        self.migration.as_ref()
    }

    /// Computes the new state from a copy of the old one, or the first state of a new machine. The context is the
    /// moment of the upgrade, as it is journalled.
    ///
    /// # Errors
    /// [`UpgradeError::Trapped`], or [`UpgradeError::CheckFailed`] if the new program has a check and it
    /// does not approve of the new state; the old state is untouched.
    pub fn migrate(
        self,
        context: &Context,
        state: Option<&Value>,
    ) -> Result<MigratedUpgrade, UpgradeError> {
        let instance = self.instance(context, state, None)?;
        self.is_approved(&instance)?;
        Ok(MigratedUpgrade {
            upgrade: self,
            instance,
            sizes: None,
        })
    }

    /// The new machine, with what a memo has of an earlier run.
    pub(crate) fn instance(
        &self,
        context: &Context,
        state: Option<&Value>,
        memo: Option<&mut Memo>,
    ) -> Result<Instance, UpgradeError> {
        let new = &self.new;
        let started = match (&self.migration, state, memo) {
            (Some(migration), Some(state), None) => {
                migration.carry_over(new, context, state.clone())
            }
            (Some(migration), Some(state), Some(memo)) => {
                migration.carry_over_noting(new, context, state.clone(), memo)
            }
            _ => Instance::start(Arc::clone(new)).map_err(Stop::from),
        };
        started.map_err(UpgradeError::Trapped)
    }

    /// Whether the new program's check, if it has one, approves of the new state.
    pub(crate) fn is_approved(&self, instance: &Instance) -> Result<(), UpgradeError> {
        match self.new.approves(instance.state()) {
            None | Some(Ok(true)) => Ok(()),
            Some(Ok(false)) => Err(UpgradeError::CheckFailed(None)),
            Some(Err(trap)) => Err(UpgradeError::CheckFailed(Some(trap))),
        }
    }

    /// The upgrade with a new machine that [`VerifiedUpgrade::instance`] has given and the check has approved of.
    pub(crate) fn migrated(self, instance: Instance, sizes: Sizes) -> MigratedUpgrade {
        MigratedUpgrade {
            upgrade: self,
            instance,
            sizes: Some(sizes),
        }
    }
}

impl MigratedUpgrade {
    /// The bundle that is being applied.
    #[must_use]
    pub fn bundle(&self) -> &AuthenticBundle {
        &self.upgrade.bundle
    }

    /// The new machine, not yet running.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// How large the states are, if they have been measured.
    #[must_use]
    pub fn sizes(&self) -> Option<Sizes> {
        self.sizes
    }

    /// Where the machine stood when the upgrade was compared.
    #[must_use]
    pub fn from(&self) -> Position {
        self.upgrade.from
    }

    /// Where it will stand.
    #[must_use]
    pub fn to(&self) -> Position {
        self.upgrade.to()
    }

    /// Marks the upgrade as durable. `write` must have written it whole in one transaction, in which it
    /// found the machine still at [`MigratedUpgrade::from`], and have made that transaction durable.
    ///
    /// # Errors
    /// Whatever `write` could not do; nothing is durable then.
    pub(crate) fn commit<E>(
        self,
        write: impl FnOnce(&MigratedUpgrade) -> Result<(), E>,
    ) -> Result<CommittedUpgrade, E> {
        write(&self)?;
        Ok(self.rehearsed())
    }
}

impl MigratedUpgrade {
    /// The upgrade as if it were durable, for a copy of the machine on which something is tried out.
    pub(crate) fn rehearsed(self) -> CommittedUpgrade {
        let MigratedUpgrade {
            upgrade,
            instance,
            sizes,
        } = self;
        CommittedUpgrade {
            upgrade,
            instance,
            sizes,
        }
    }
}

impl VerifiedUpgrade {
    fn to(&self) -> Position {
        Position {
            sequence: self.bundle.manifest().sequence,
            bundle: Some(self.bundle.id()),
            program: Some(self.new.digest()),
        }
    }
}

impl CommittedUpgrade {
    /// Gives up the machine to whoever runs it. Cannot fail.
    #[must_use]
    pub fn adopt(self) -> Adopted {
        let position = self.upgrade.to();
        Adopted {
            instance: self.instance,
            position,
            migration: self.upgrade.migration,
            sizes: self.sizes,
        }
    }
}
