//! Chains: upgrades from versions that the source says nothing of, through one that it does.
//!
//! The steps before the last are released migrations, as they were released; nothing old is compiled again. What they
//! come to together is linked on bytecode and verified like every other module.

use std::fmt;
use std::sync::Arc;

use cam::chain::chain;
use cam::verify::{self, Migration, Program};

use crate::compile::{Compiled, Failure};
use crate::history::History;

/// The way from an older version to a newer one.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The older version.
    pub from: u32,
    /// The migration, and as far as they are written the adapters and the way back.
    pub migration: Arc<Migration>,
    /// What it is composed of, oldest first: one step if a source says it itself.
    pub steps: Vec<Step>,
}

/// One step of an upgrade: between two versions, as a source says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// The older version.
    pub from: u32,
    /// The newer one.
    pub to: u32,
    /// Whether clients of the older version are understood.
    pub has_adapters: bool,
    /// Whether there is a way back.
    pub has_back: bool,
}

/// A way that cannot be one upgrade.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unchained {
    /// The versions, with both ends.
    pub versions: Vec<u32>,
    /// Why not.
    pub reason: String,
}

/// The upgrades that a source has through versions between, and the ways that cannot be one.
#[derive(Clone, Default, Debug)]
pub(crate) struct Chains {
    pub(crate) upgrades: Vec<Upgrade>,
    pub(crate) unchained: Vec<Unchained>,
}

impl Upgrade {
    /// What a source says itself.
    pub(crate) fn written(from: u32, to: u32, migration: Arc<Migration>) -> Upgrade {
        let steps = vec![Step::of(from, to, &migration)];
        Upgrade {
            from,
            migration,
            steps,
        }
    }

    /// Whether it goes through versions between.
    #[must_use]
    pub fn is_composed(&self) -> bool {
        self.steps.len() > 1
    }

    /// The versions, with both ends.
    #[must_use]
    pub fn versions(&self) -> Vec<u32> {
        let later = self.steps.iter().map(|step| step.to);
        std::iter::once(self.from).chain(later).collect()
    }

    /// The version that the last step starts from: the one of which the newest source says what becomes of it.
    #[must_use]
    pub fn last_from(&self) -> u32 {
        self.steps.last().map_or(self.from, |step| step.from)
    }

    /// The first step that does not understand clients of its older version.
    #[must_use]
    pub fn refusing(&self) -> Option<Step> {
        let mut steps = self.steps.iter();
        steps.find(|step| !step.has_adapters).copied()
    }

    /// The last step without a way back: the first that a way back would have to take.
    #[must_use]
    pub fn one_way(&self) -> Option<Step> {
        let mut steps = self.steps.iter().rev();
        steps.find(|step| !step.has_back).copied()
    }
}

impl Step {
    fn of(from: u32, to: u32, migration: &Migration) -> Step {
        Step {
            from,
            to,
            has_adapters: migration.adapters().is_some(),
            has_back: migration.back().is_some(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.from, self.to)
    }
}

/// Versions as people read them: `1 → 2 → 3`.
#[must_use]
pub fn shown(versions: &[u32]) -> String {
    let versions: Vec<String> = versions.iter().map(u32::to_string).collect();
    versions.join(" → ")
}

/// The released versions on the way from `from` to one of `starts`, which a source migrates from: by the fewest steps,
/// and among those to the latest.
pub(crate) fn way(
    history: &History,
    from: u32,
    starts: impl Iterator<Item = u32>,
) -> Option<Vec<u32>> {
    let ways = starts.filter_map(|start| history.way(from, start));
    ways.min_by_key(|way| (way.len(), way.last().map(|start| u32::MAX - start)))
}

/// The upgrade between two released versions, through those between them if that is the way. Nothing if there is
/// none.
///
/// # Errors
/// [`Unchained`] if the way cannot be one upgrade.
pub fn released(history: &History, from: u32, to: u32) -> Result<Option<Upgrade>, Unchained> {
    let way = history.way(from, to).filter(|way| way.len() > 1);
    way.map(|versions| link(history, &versions, None))
        .transpose()
}

/// The upgrades of a source from all versions of the history that it says nothing of.
pub(crate) fn chains(compiled: &Compiled) -> Chains {
    let history = compiled.history();
    let own = compiled.schema().version;
    let mut chains = Chains::default();
    for from in history.versions().filter(|version| *version < own) {
        let mut written = compiled.upgrades().iter().map(|upgrade| upgrade.from);
        if written.clone().any(|written| written == from) {
            continue;
        }
        let Some(mut versions) = way(history, from, &mut written) else {
            continue;
        };
        versions.push(own);
        match link(history, &versions, Some(compiled)) {
            Ok(upgrade) => chains.upgrades.push(upgrade),
            Err(unchained) => chains.unchained.push(unchained),
        }
    }
    chains
}

/// The steps between `versions` as one upgrade. The last is the one that `newest` says, if that is given.
fn link(
    history: &History,
    versions: &[u32],
    newest: Option<&Compiled>,
) -> Result<Upgrade, Unchained> {
    let unchained = |reason: String| Unchained {
        versions: versions.to_vec(),
        reason,
    };
    let own = |version| newest.filter(|newest| newest.schema().version == version);
    let migration = |from, to| match own(to) {
        Some(newest) => newest.written(from).map(|upgrade| &upgrade.migration),
        None => history.migration(from, to),
    };
    let program = |version: &u32| match own(*version) {
        Some(newest) => Some(newest.program()),
        None => history.program(*version),
    };
    let (mut steps, mut migrations) = (Vec::new(), Vec::<&Migration>::new());
    for pair in versions.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let missing = || unchained(format!("there is no migration from {from} to {to}"));
        let migration = migration(from, to).ok_or_else(missing)?;
        steps.push(Step::of(from, to, migration));
        migrations.push(migration);
    }
    let ends = versions.first().and_then(program);
    let ends = ends.zip(versions.last().and_then(program));
    let (old, new) = ends.ok_or_else(|| unchained("history has not the program".to_owned()))?;
    let migration = joined(&migrations, old, new).map_err(unchained)?;
    let from = old.schema().version;
    let migration = Arc::new(migration);
    Ok(Upgrade {
        from,
        migration,
        steps,
    })
}

fn joined(steps: &[&Migration], old: &Program, new: &Program) -> Result<Migration, String> {
    let module = chain(steps).map_err(|refusal| refusal.to_string())?;
    let migration = verify::migration(module).map_err(Failure::from);
    let migration = migration.map_err(|failure| failure.to_string())?;
    let fits = migration.fits(old, new);
    fits.map_err(|misfit| misfit.to_string())?;
    Ok(migration)
}
