//! What `cam bundle` notes in the history: versions, the migrations between them, and the bundles that brought them.

use dsl::chain::Upgrade;
use node::bundle::{Bundle, BundleId};

use super::agreed;
use super::error::BundleError;
use super::plan::Plan;
use crate::arguments;
use crate::failure::AnyFailure;
use crate::project::Project;
use crate::project::compilation::Compilation;
use crate::project::files;
use crate::project::lineage::{Kept, Lineage, Link};
use crate::project::released::{BYTECODE, Released, SOURCE};

/// Notes the version and the bundle in the history, and says which bundle lost its place. What was
/// released is never changed.
pub(super) fn keep(
    project: &Project,
    compilation: &Compilation,
    released: &Released,
    mut lineage: Lineage,
    plan: &Plan,
    bundle: &Bundle,
    arguments: &arguments::Bundle,
) -> Result<Option<BundleId>, AnyFailure> {
    let version = plan.program.schema().version;
    let (bytecode, source) = (
        project.released(version, BYTECODE),
        project.released(version, SOURCE),
    );
    let bytes = plan.program.bytes();
    let old = files::read_if_there(&bytecode)?;
    if old.as_ref().is_some_and(|old| *old != bytes) {
        return Err(BundleError::Released { version }.into());
    }
    let (replaced, pushed) = place(&lineage, plan, bundle, arguments)?;
    let migrations = migrations(compilation, released);
    let migrations = new_migrations(project, migrations, &lineage, version, arguments)?;
    // The bytecode comes first: a lineage that names what is not there would be of no use.
    if old.is_none() {
        files::write(&bytecode, &bytes)?;
    }
    if files::read_if_there(&source)?.is_none() {
        files::write(&source, compilation.source.text().as_bytes())?;
    }
    for upgrade in migrations {
        let (from, to, migration) = (upgrade.from, version, &upgrade.migration);
        files::write(&project.bridge(from, to), &migration.bytes())?;
        lineage.keep(Kept {
            from,
            to,
            digest: migration.digest(),
            drops: released.program(from).map_or(Vec::new(), |old| {
                agreed::dropped(migration, old, &plan.program)
            }),
        });
    }
    lineage.put(Link {
        chain: plan.chain.clone(),
        sequence: plan.sequence,
        version,
        program: plan.program.digest(),
        bundle: bundle.id(),
        note: plan.note.clone(),
        pushed,
    });
    lineage.write(project)?;
    Ok(replaced)
}

/// The bundle whose place in the chain this one takes, and the nodes that have this very one.
fn place(
    lineage: &Lineage,
    plan: &Plan,
    bundle: &Bundle,
    arguments: &arguments::Bundle,
) -> Result<(Option<BundleId>, Vec<String>), BundleError> {
    let links = lineage.chain(&plan.chain);
    let at_place = links.iter().find(|link| link.sequence == plan.sequence);
    let other = at_place.filter(|link| link.bundle != bundle.id());
    if let Some(other) = other {
        let is_last = links.len() as u64 == plan.sequence;
        check_replaceable(other, is_last, arguments)?;
    }
    let replaced = other.map(|other| other.bundle);
    let same = at_place.filter(|link| link.bundle == bundle.id());
    let pushed = same.map_or(Vec::new(), |same| same.pushed.clone());
    Ok((replaced, pushed))
}

/// The migrations that the source says: later versions may come through them.
fn migrations<'a>(compilation: &'a Compilation, released: &'a Released) -> Vec<&'a Upgrade> {
    let written = compilation.compiled.upgrades().iter();
    let known = written.filter(|upgrade| released.program(upgrade.from).is_some());
    known.collect()
}

/// Those are the migrations whose files are to be written, if they may be. What was released stays as it is; what is
/// released again from the history is not made again.
fn new_migrations<'a>(
    project: &Project,
    migrations: Vec<&'a Upgrade>,
    lineage: &Lineage,
    version: u32,
    arguments: &arguments::Bundle,
) -> Result<Vec<&'a Upgrade>, AnyFailure> {
    let mut new = Vec::new();
    for upgrade in migrations {
        let there = files::read_if_there(&project.bridge(upgrade.from, version))?;
        let is_other = there.is_some_and(|there| there != upgrade.migration.bytes());
        if is_other && arguments.release.is_some() {
            continue;
        }
        let nodes = lineage.pushed(version);
        let may_replace = arguments.replace || arguments.after.is_some();
        if is_other && !(may_replace && nodes.is_empty()) {
            let (from, to) = (upgrade.from, version);
            return Err(BundleError::OtherMigration { from, to, nodes }.into());
        }
        new.push(upgrade);
    }
    Ok(new)
}

/// Whether another bundle may take the place of this one: no node may have it, and none may follow it.
fn check_replaceable(
    other: &Link,
    is_last: bool,
    arguments: &arguments::Bundle,
) -> Result<(), BundleError> {
    let (version, bundle) = (other.version, other.bundle);
    if !other.pushed.is_empty() {
        let nodes = other.pushed.clone();
        return Err(BundleError::Pushed {
            version,
            bundle,
            nodes,
        });
    }
    if is_last && (arguments.replace || arguments.after.is_some()) {
        return Ok(());
    }
    Err(BundleError::OtherBundle { version, bundle })
}
