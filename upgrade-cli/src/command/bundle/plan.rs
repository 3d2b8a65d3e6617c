//! What a bundle will be, before it is made: where it stands in the life of its machine, and how states come there.

use std::sync::Arc;

use cam::verify::{Migration, Program};
use dsl::chain::{self, Upgrade};
use dsl::compile::Compiled;
use node::bundle::{Bundle, BundleId, Manifest, Parts};
use node::limits::NOTE_BYTES_MAX;

use super::agreed::losses;
use super::error::BundleError;
use crate::arguments::{self, From};
use crate::project::compilation::Compilation;
use crate::project::lineage::{Chain, Lineage, Link};
use crate::project::released::Released;

/// What the bundle will be, before it is made.
pub(super) struct Plan {
    pub(super) chain: Chain,
    pub(super) previous: Option<Link>,
    pub(super) sequence: u64,
    pub(super) note: String,
    pub(super) program: Arc<Program>,
    pub(super) upgrade: Option<Upgrade>,
    /// The bundle that was made for this place before.
    again: Option<BundleId>,
}

impl Plan {
    pub(super) fn make(
        compilation: &Compilation,
        released: &Released,
        lineage: &Lineage,
        chain: Chain,
        arguments: &arguments::Bundle,
    ) -> Result<Plan, BundleError> {
        let program = Arc::clone(compilation.compiled.program());
        let version = program.schema().version;
        let links = lineage.chain(&chain);
        // A version that was bundled before is bundled again at its old place, unless the machine has gone back
        // since.
        let is_there = |place: &usize| {
            let mut later = links[place + 1..].iter();
            later.all(|link| link.version > version)
        };
        let place = links.iter().rposition(|link| link.version == version);
        let place = place.filter(is_there);
        let again = place.map(|place| links[place]);
        let place = place.unwrap_or(links.len());
        let previous = place.checked_sub(1).map(|place| links[place].clone());
        check_start(arguments.from, previous.as_ref(), &chain, version)?;
        let older = released.latest_before(version);
        if let (None, None, None, Some(older)) = (arguments.from, &previous, again, older) {
            let machine = chain.machine;
            return Err(BundleError::Unclear { machine, older });
        }
        let upgrade = previous.as_ref().map(|previous| {
            let from = previous.version;
            upgrade(&compilation.compiled, released, from, arguments.release)
        });
        let upgrade = upgrade.transpose()?;
        let again_id = again.map(|again| again.bundle);
        let note = match again {
            Some(again) if arguments.note.is_empty() => again.note.clone(),
            _ => arguments.note.clone(),
        };
        check_note(&note)?;
        let sequence = previous.as_ref().map_or(0, |previous| previous.sequence) + 1;
        Ok(Plan {
            chain,
            previous,
            sequence,
            note,
            program,
            upgrade,
            again: again_id,
        })
    }

    /// `1`, or `1..2`
    pub(super) fn versions(&self) -> String {
        let to = self.program.schema().version;
        match &self.previous {
            None => to.to_string(),
            Some(previous) => format!("{}..{to}", previous.version),
        }
    }

    pub(super) fn manifest(&self, released: &Released) -> Result<Manifest, BundleError> {
        let old = self.old_program(released)?;
        let migration = self.migration();
        let manifest = Manifest {
            machine: self.chain.machine.clone(),
            node: self.chain.node,
            sequence: self.sequence,
            previous: self.previous.as_ref().map(|previous| previous.bundle),
            old_program: old.map(|old| old.digest()),
            new_program: self.program.digest(),
            migration: migration.map(Migration::digest),
            note: self.note.clone(),
            losses: Some(losses(old.map(|old| &**old), &self.program, migration)),
        };
        Ok(self.as_before(manifest))
    }

    /// A bundle that was made before bundles said what is lost, and drops nothing, stays what it was: others
    /// follow it by its name.
    fn as_before(&self, manifest: Manifest) -> Manifest {
        let silent = Manifest {
            losses: None,
            ..manifest.clone()
        };
        let drops = manifest
            .losses
            .iter()
            .any(|losses| !losses.drops.is_empty());
        match self.again {
            Some(again) if !drops && silent.id() == again => silent,
            _ => manifest,
        }
    }

    pub(super) fn bundle(&self, released: &Released) -> Result<Bundle, BundleError> {
        let old = self.old_program(released)?;
        let parts = Parts {
            old_program: old.map(|old| old.bytes()),
            new_program: self.program.bytes(),
            migration: self.migration().map(Migration::bytes),
        };
        let manifest = self.manifest(released)?;
        let bundle = Bundle::new(&manifest, parts);
        Ok(bundle.expect("the manifest names the parts by their own digests"))
    }

    fn migration(&self) -> Option<&Migration> {
        self.upgrade.as_ref().map(|upgrade| &*upgrade.migration)
    }

    /// The program that the last bundle brought, as the history has it.
    fn old_program<'a>(
        &self,
        released: &'a Released,
    ) -> Result<Option<&'a Arc<Program>>, BundleError> {
        let Some(previous) = &self.previous else {
            return Ok(None);
        };
        let version = previous.version;
        let old = released.program(version);
        let old = old.filter(|old| old.digest() == previous.program);
        old.map(Some).ok_or(BundleError::History { version })
    }
}

/// The upgrade from a version: of a version that is released again as it was released, of the source as it says, and
/// through versions between where it says nothing.
fn upgrade(
    compiled: &Compiled,
    released: &Released,
    from: u32,
    release: Option<u32>,
) -> Result<Upgrade, BundleError> {
    let to = compiled.schema().version;
    if release.is_some() {
        let kept = chain::released(&released.history(), from, to);
        let kept = kept.map_err(|unchained| BundleError::Unchained { unchained })?;
        if let Some(kept) = kept {
            return Ok(kept);
        }
    }
    if let Some(upgrade) = compiled.upgrade_from(from) {
        return Ok(upgrade.clone());
    }
    let mut unchained = compiled.unchained().iter();
    let unchained = unchained.find(|unchained| unchained.versions.first() == Some(&from));
    Err(match unchained.cloned() {
        Some(unchained) => BundleError::Unchained { unchained },
        None => BundleError::NoMigration {
            from,
            to,
            next: released.next_after(from).filter(|next| *next < to),
        },
    })
}

pub(super) fn check_note(note: &str) -> Result<(), BundleError> {
    let bytes = note.len();
    if bytes > NOTE_BYTES_MAX {
        return Err(BundleError::Note { bytes });
    }
    Ok(())
}

/// Compares what the user said about the start with what the history says.
fn check_start(
    wanted: Option<From>,
    previous: Option<&Link>,
    chain: &Chain,
    version: u32,
) -> Result<(), BundleError> {
    let last = previous.map(|link| link.version);
    let machine = chain.machine.clone();
    match (wanted, last) {
        (Some(From::Version(wanted)), _) if wanted == version => {
            Err(BundleError::SameVersion { version })
        }
        (Some(From::Version(wanted)), _) if wanted > version => {
            Err(BundleError::Newer { version, wanted })
        }
        (_, Some(last)) if last > version => Err(BundleError::Backwards { version, last }),
        (None, _) | (Some(From::First), None) => Ok(()),
        (Some(From::Version(wanted)), Some(last)) if wanted == last => Ok(()),
        (Some(From::First), Some(last)) => Err(BundleError::NotFirst { machine, last }),
        (Some(From::Version(wanted)), None) => Err(BundleError::NothingYet { machine, wanted }),
        (Some(From::Version(wanted)), Some(last)) => Err(BundleError::NotLast {
            machine,
            wanted,
            last,
        }),
    }
}
