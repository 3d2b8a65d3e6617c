//! What the lineage says of the other files in the history, and whether it is so.
//!
//! A chain runs migrations that were released long ago and that nobody compiles again. A file that was lost, changed
//! or put in the place of another would be signed together with the newest step, so each is held to the digest that
//! was noted when it was released.

use std::path::PathBuf;

use cam::digest::Digest;

use super::Project;
use super::files::{self, FileError};
use super::lineage::Lineage;
use super::released::{BYTECODE, SOURCE};
use crate::exit::Exit;
use crate::failure::{Code, Failure};

/// A file that was released.
struct Released {
    path: PathBuf,
    digest: Digest,
    /// What it is, as others may be told that hold it.
    what: String,
}

/// Compares the files of the versions below `before`, or of all, with what the lineage says of them.
pub(crate) fn check(
    project: &Project,
    lineage: &Lineage,
    before: Option<u32>,
) -> Result<(), NotKept> {
    let known = all(project, lineage);
    let is_asked = |version: u32| before.is_none_or(|before| version < before);
    for (version, released) in &known {
        if !is_asked(*version) {
            continue;
        }
        let Some(bytes) = files::read_if_there(&released.path)? else {
            if has_source(project, *version, released)? {
                continue; // it is compiled, and compared then
            }
            let path = released.path.clone();
            let what = released.what.clone();
            return Err(NotKept::Missing { path, what });
        };
        let found = Digest::of_module(&bytes);
        if found == released.digest {
            continue;
        }
        let (path, expected) = (released.path.clone(), released.digest);
        let other = known.iter().find(|(_, other)| other.digest == found);
        return Err(match other {
            Some((_, other)) => NotKept::Reordered {
                path,
                holds: other.what.clone(),
                expected: released.what.clone(),
            },
            None => NotKept::Edited {
                path,
                expected,
                found,
            },
        });
    }
    Ok(())
}

/// Whether a migration in the history may be there: it leads to a later version, and the lineage knows it, if it knows
/// any.
pub(crate) fn check_known(
    project: &Project,
    lineage: &Lineage,
    from: u32,
    to: u32,
) -> Result<(), NotKept> {
    let path = project.bridge(from, to);
    if from >= to {
        return Err(NotKept::Reordered {
            path,
            holds: format!("a migration from version {from} to version {to}"),
            expected: "one to a later version".to_owned(),
        });
    }
    let is_known = lineage.migrations().is_empty() || lineage.migration(from, to).is_some();
    if is_known {
        return Ok(());
    }
    Err(NotKept::Unknown { path, from, to })
}

/// A version that was compiled because its bytecode is not there must still be the one that was released.
pub(crate) fn check_compiled(
    project: &Project,
    lineage: &Lineage,
    version: u32,
    found: Digest,
) -> Result<(), NotKept> {
    match lineage.program(version) {
        Some(expected) if expected != found => Err(NotKept::Edited {
            path: project.released(version, SOURCE),
            expected,
            found,
        }),
        _ => Ok(()),
    }
}

/// All that was released, each with the version that came with it: programs, then migrations.
fn all(project: &Project, lineage: &Lineage) -> Vec<(u32, Released)> {
    let programs = lineage.programs().into_iter().map(|(version, digest)| {
        let released = Released {
            path: project.released(version, BYTECODE),
            digest,
            what: format!("version {version}"),
        };
        (version, released)
    });
    let migrations = lineage.migrations().iter().map(|kept| {
        let released = Released {
            path: project.bridge(kept.from, kept.to),
            digest: kept.digest,
            what: format!(
                "the migration from version {} to version {}",
                kept.from, kept.to
            ),
        };
        (kept.to, released)
    });
    programs.chain(migrations).collect()
}

fn has_source(project: &Project, version: u32, released: &Released) -> Result<bool, FileError> {
    let is_program = released.path == project.released(version, BYTECODE);
    let source = project.released(version, SOURCE);
    Ok(is_program && files::read_if_there(&source)?.is_some())
}

/// Why the history is not what was released.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    #[error("`{}` is missing: {what} was released", path.display())]
    Missing { path: PathBuf, what: String },
    #[error("`{}` was changed after it was released", path.display())]
    Edited {
        path: PathBuf,
        expected: Digest,
        found: Digest,
    },
    #[error("`{}` holds {holds}, and should hold {expected}", path.display())]
    Reordered {
        path: PathBuf,
        holds: String,
        expected: String,
    },
    #[error("`{}` was never released: history/lineage.toml knows no migration from {from} to {to}", path.display())]
    Unknown { path: PathBuf, from: u32, to: u32 },
    #[error(transparent)]
    File(#[from] FileError),
}

impl Failure for NotKept {
    fn exit(&self) -> Exit {
        match self {
            NotKept::File(error) => error.exit(),
            _ => Exit::Wrong,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            NotKept::Missing { .. } => "F125",
            NotKept::Edited { .. } => "F126",
            NotKept::Reordered { .. } => "F127",
            NotKept::Unknown { .. } => "F128",
            NotKept::File(error) => return error.code(),
        };
        code.into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            NotKept::Edited {
                expected, found, ..
            } => vec![
                ("released", expected.to_string()),
                ("found", found.to_string()),
            ],
            _ => Vec::new(),
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            NotKept::Unknown { .. } => vec![
                "remove it, or take history/lineage.toml from version control again".to_owned(),
            ],
            NotKept::File(_) => Vec::new(),
            _ => vec![TAKE_AGAIN.to_owned()],
        }
    }
}

/// What to do about a file of the history that is not what it was.
pub(crate) const TAKE_AGAIN: &str = "take the file from version control again";
