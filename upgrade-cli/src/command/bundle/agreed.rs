//! What is lost, and whether somebody has said that it may be.
//!
//! What the migration drops is worked out from its bytecode, as every node does it. A source agrees to it by `_`, a
//! release by what it noted in the history, and whoever bundles by `--drop`.

use cam::provenance;
use cam::verify::{Migration, Program};
use dsl::compile::Compiled;
use node::losses::{Losses, Named};

use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::project::lineage::Lineage;

/// What a bundle that leads from nothing, or by this migration, loses.
pub(super) fn losses(
    old: Option<&Program>,
    new: &Program,
    migration: Option<&Migration>,
) -> Losses {
    match (old, migration) {
        (Some(old), Some(migration)) => Losses::of(migration, old.schema(), new.schema()),
        _ => Losses::default(),
    }
}

/// What the migration between two programs drops.
pub(super) fn dropped(migration: &Migration, old: &Program, new: &Program) -> Vec<String> {
    provenance::forward(migration, old.schema(), new.schema()).lost()
}

/// Holds what a step drops to what its source says, what was noted when it was released, and what is said now.
pub(super) fn check_step(
    compiled: &Compiled,
    lineage: &Lineage,
    (from, migration): (u32, &Migration),
    dropped: &[String],
    said: &[String],
) -> Result<(), Unsaid> {
    let waived = compiled.waived(from, dropped);
    let kept = lineage.migration(from, compiled.schema().version);
    let kept = kept.filter(|kept| kept.digest == migration.digest());
    let noted = kept.map_or(&[][..], |kept| &kept.drops);
    check(dropped, &[&waived, noted, said])
}

/// Holds what is dropped to what somebody has said may be.
pub(super) fn check(dropped: &[String], said: &[&[String]]) -> Result<(), Unsaid> {
    let is_said = |path: &&String| said.iter().any(|said| said.contains(path));
    let paths: Vec<String> = dropped
        .iter()
        .filter(|path| !is_said(path))
        .cloned()
        .collect();
    match paths.is_empty() {
        true => Ok(()),
        false => Err(Unsaid { paths }),
    }
}

/// Something is dropped, and nobody says that it may be.
#[derive(Debug, thiserror::Error)]
#[error("the migration drops {}, and nobody says that it may", Named(paths))]
pub(super) struct Unsaid {
    paths: Vec<String>,
}

impl Failure for Unsaid {
    fn exit(&self) -> Exit {
        Exit::Wrong
    }

    fn code(&self) -> Code {
        "F418".into()
    }

    fn help(&self) -> Vec<String> {
        let flags: Vec<_> = self
            .paths
            .iter()
            .map(|path| format!("--drop '{path}'"))
            .collect();
        vec![
            "keep it, or write `_` in its place in the pattern: `{ old: _, count }`, `Away(_)`"
                .to_owned(),
            format!("or agree to lose it: cam bundle {}", flags.join(" ")),
        ]
    }
}
