//! The versions that were released: their bytecode in `history/`, never to be changed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use cam::decode::Malformed;
use cam::digest::Digest;
use cam::verify::{Invalid, Migration, Misfit, Program};
use cam::{decode, verify};
use dsl::history::History;

use super::Project;
use super::compilation::{self, Broken};
use super::files::{self, FileError};
use super::kept::{self, NotKept, TAKE_AGAIN};
use super::lineage::{Lineage, LineageError};
use crate::exit::Exit;
use crate::failure::{Code, Failure};

/// The extension of bytecode.
pub(crate) const BYTECODE: &str = "camb";

/// The extension of debug data.
pub(crate) const DEBUG: &str = "camd";

/// The extension of sources.
pub(crate) const SOURCE: &str = "cam";

/// The released versions of one project.
#[derive(Clone, Default, Debug)]
pub(crate) struct Released {
    programs: BTreeMap<u32, Arc<Program>>,
    bridges: BTreeMap<(u32, u32), Arc<Migration>>,
}

impl Released {
    /// Reads the versions below `before`, or all. A version whose source is there and whose bytecode is
    /// not is compiled: that is how a project that was only ever read from version control begins.
    pub(crate) fn read(project: &Project, before: Option<u32>) -> Result<Released, ReleasedError> {
        let mut released = Released::default();
        let lineage = Lineage::read(project)?;
        kept::check(project, &lineage, before)?;
        for version in versions(project)? {
            if before.is_some_and(|before| version >= before) {
                break;
            }
            let path = project.released(version, BYTECODE);
            let program = match files::read_if_there(&path)? {
                Some(bytes) => read_program(path, &bytes)?,
                None => {
                    let path = project.released(version, SOURCE);
                    let compiled = compilation::compile(&path, &released.history());
                    let program = Arc::clone(compiled?.compiled.program());
                    kept::check_compiled(project, &lineage, version, program.digest())?;
                    program
                }
            };
            let found = program.schema().version;
            if found != version {
                let path = project.released(version, BYTECODE);
                return Err(ReleasedError::Version { path, found });
            }
            released.programs.insert(version, program);
        }
        released.read_bridges(project, &lineage)?;
        Ok(released)
    }

    /// The migrations between released versions. They are held to the lineage, and judged as a node would judge them.
    fn read_bridges(&mut self, project: &Project, lineage: &Lineage) -> Result<(), ReleasedError> {
        for (from, to) in names(project, bridge_in)? {
            kept::check_known(project, lineage, from, to)?;
            let (Some(old), Some(new)) = (self.program(from), self.program(to)) else {
                continue; // of a version after those that were asked for, or one that is gone
            };
            let path = project.bridge(from, to);
            let bytes = files::read(&path)?;
            let bytecode = match decode::module(&bytes) {
                Ok(bytecode) => bytecode,
                Err(source) => return Err(ReleasedError::Malformed { path, source }),
            };
            let migration = match verify::migration(bytecode) {
                Ok(migration) => migration,
                Err(source) => return Err(ReleasedError::Invalid { path, source }),
            };
            if let Err(source) = migration.fits(old, new) {
                return Err(ReleasedError::Misfit { path, source });
            }
            self.bridges.insert((from, to), Arc::new(migration));
        }
        Ok(())
    }

    /// What the compiler knows of them.
    pub(crate) fn history(&self) -> History {
        let mut history = History::new();
        for program in self.programs.values() {
            history.release(Arc::clone(program));
        }
        for ((from, to), migration) in &self.bridges {
            history.bridge(*from, *to, Arc::clone(migration));
        }
        history
    }

    /// The program of a version.
    pub(crate) fn program(&self, version: u32) -> Option<&Arc<Program>> {
        self.programs.get(&version)
    }

    /// The last version before `version`.
    pub(crate) fn latest_before(&self, version: u32) -> Option<u32> {
        self.programs
            .range(..version)
            .next_back()
            .map(|(version, _)| *version)
    }

    /// The first version after `version`.
    pub(crate) fn next_after(&self, version: u32) -> Option<u32> {
        let mut later = self.programs.range(version.saturating_add(1)..);
        later.next().map(|(version, _)| *version)
    }

    /// The version whose program has this name.
    pub(crate) fn version_of(&self, digest: &Digest) -> Option<u32> {
        let mut programs = self.programs.iter();
        let found = programs.find(|(_, program)| program.digest() == *digest);
        found.map(|(version, _)| *version)
    }
}

/// The versions with a file in the history, in order.
pub(crate) fn versions(project: &Project) -> Result<Vec<u32>, ReleasedError> {
    names(project, version_in)
}

/// What the names of the files in the history say, in order.
fn names<T: Ord>(
    project: &Project,
    read: fn(&str, &str) -> Option<T>,
) -> Result<Vec<T>, ReleasedError> {
    let folder = project.history();
    let failed = |source| ReleasedError::Folder {
        path: project.history(),
        source,
    };
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        found.extend(name.to_str().and_then(|name| read(name, project.name())));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The versions in `counter@1..2.camb`, in their one spelling.
fn bridge_in(file: &str, project: &str) -> Option<(u32, u32)> {
    let rest = file.strip_prefix(project)?.strip_prefix('@')?;
    let (from, rest) = rest.split_once("..")?;
    let to = rest.strip_suffix(BYTECODE)?.strip_suffix('.')?;
    let (old, new): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
    let counts = old.to_string() == from && new.to_string() == to;
    counts.then_some((old, new))
}

/// The version in `counter@2.camb`, if the file is one of this project. Only the one spelling of the
/// number counts: `counter@02.camb` is somebody else's file.
fn version_in(file: &str, project: &str) -> Option<u32> {
    let rest = file.strip_prefix(project)?.strip_prefix('@')?;
    let (number, extension) = rest.split_once('.')?;
    let version: u32 = number.parse().ok()?;
    let counts = [BYTECODE, SOURCE].contains(&extension) && version.to_string() == number;
    counts.then_some(version)
}

/// Takes bytecode up as a node would: decoded strictly, verified whole.
pub(crate) fn read_program(path: PathBuf, bytes: &[u8]) -> Result<Arc<Program>, ReleasedError> {
    let bytecode = match decode::module(bytes) {
        Ok(bytecode) => bytecode,
        Err(source) => return Err(ReleasedError::Malformed { path, source }),
    };
    match verify::machine(bytecode) {
        Ok(program) => Ok(Arc::new(program)),
        Err(source) => Err(ReleasedError::Invalid { path, source }),
    }
}

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReleasedError {
    #[error("cannot read the folder `{}`", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{}` is no released program (.camb)", path.display())]
    Malformed { path: PathBuf, source: Malformed },
    #[error("the bytecode in `{}` does not verify", path.display())]
    Invalid { path: PathBuf, source: Invalid },
    #[error("the migration in `{}` is not between those versions", path.display())]
    Misfit { path: PathBuf, source: Misfit },
    #[error("`{}` holds version {found}", path.display())]
    Version { path: PathBuf, found: u32 },
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error(transparent)]
    Lineage(#[from] LineageError),
    #[error(transparent)]
    NotKept(#[from] NotKept),
}

impl Failure for ReleasedError {
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            ReleasedError::NotKept(error) => error.facts(),
            _ => Vec::new(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            ReleasedError::Folder { .. } => Exit::Usage,
            ReleasedError::File(error) => error.exit(),
            ReleasedError::Lineage(error) => error.exit(),
            ReleasedError::NotKept(error) => error.exit(),
            _ => Exit::Wrong,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            ReleasedError::Folder { .. } => "F010",
            ReleasedError::Malformed { .. } => "F121",
            ReleasedError::Invalid { .. } => "F122",
            ReleasedError::Misfit { .. } => "F123",
            ReleasedError::Version { .. } => "F124",
            ReleasedError::File(error) => return error.code(),
            ReleasedError::Broken(error) => return error.code(),
            ReleasedError::Lineage(error) => return error.code(),
            ReleasedError::NotKept(error) => return error.code(),
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            ReleasedError::Malformed { .. }
            | ReleasedError::Invalid { .. }
            | ReleasedError::Misfit { .. }
            | ReleasedError::Version { .. } => {
                vec![TAKE_AGAIN.to_owned()]
            }
            ReleasedError::Lineage(error) => error.help(),
            ReleasedError::NotKept(error) => error.help(),
            _ => Vec::new(),
        }
    }

    fn rendered(&self, style: crate::failure::Style) -> Option<String> {
        match self {
            ReleasedError::Broken(broken) => broken.rendered(style),
            _ => None,
        }
    }

    fn fields(&self) -> serde_json::Map<String, serde_json::Value> {
        match self {
            ReleasedError::Broken(broken) => broken.fields(),
            _ => serde_json::Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_spelling_of_a_file_name_is_a_version() {
        let table = [
            ("counter@1.camb", Some(1)),
            ("counter@12.cam", Some(12)),
            ("counter@01.camb", None),
            ("counter@+1.camb", None),
            ("counter@1.sig", None),
            ("counter@1.camb.tmp", None),
            ("counters@1.camb", None),
            ("lineage.toml", None),
            ("counter@1..2.camb", None),
        ];
        for (name, expected) in table {
            assert_eq!(version_in(name, "counter"), expected, "{name}");
        }
        let bridges = [
            ("counter@1..2.camb", Some((1, 2))),
            ("counter@10..12.camb", Some((10, 12))),
            ("counter@01..2.camb", None),
            ("counter@1..2.cam", None),
            ("counter@1..2..3.camb", None),
            ("counter@1.camb", None),
        ];
        for (name, expected) in bridges {
            assert_eq!(bridge_in(name, "counter"), expected, "{name}");
        }
    }
}
