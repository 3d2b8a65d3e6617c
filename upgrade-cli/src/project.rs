//! A project: a folder with `cam.toml`, one source, and the versions that were released.

pub(crate) mod compilation;
pub(crate) mod files;
pub(crate) mod kept;
pub(crate) mod lineage;
pub(crate) mod released;

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::exit::Exit;
use crate::failure::{Code, Failure, named};
use files::FileError;

/// The file that makes a folder a project.
pub(crate) const MANIFEST: &str = "cam.toml";

/// The longest name of a project. It becomes part of file names.
const NAME_BYTES_MAX: usize = 64;

/// A project on disk.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    root: PathBuf,
    name: String,
}

/// What this room reads of `cam.toml`; the nodes are read in `nodes`.
#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Package {
    name: String,
}

impl Project {
    /// The project at `folder`, or without one the nearest upwards from where we are.
    pub(crate) fn find(folder: Option<&Path>) -> Result<Project, ProjectError> {
        if let Some(folder) = folder {
            return Project::open(folder);
        }
        let here = env::current_dir().map_err(ProjectError::NoFolder)?;
        let root = here
            .ancestors()
            .find(|folder| folder.join(MANIFEST).is_file());
        match root {
            // Paths in messages stay short for those who stand in the project.
            Some(root) if root == here => Project::open(Path::new("")),
            Some(root) => Project::open(root),
            None => Err(ProjectError::NotFound { from: here }),
        }
    }

    fn open(root: &Path) -> Result<Project, ProjectError> {
        let path = root.join(MANIFEST);
        let text = files::read_text(&path)?;
        let manifest: Manifest =
            toml::from_str(&text).map_err(|source| ProjectError::Manifest {
                path: path.clone(),
                source,
            })?;
        let name = manifest.package.name;
        if !is_project_name(&name) {
            return Err(ProjectError::Name { name });
        }
        Ok(Project {
            root: root.to_owned(),
            name,
        })
    }

    /// The name in `cam.toml`, with which its files are named.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// `cam.toml`
    pub(crate) fn manifest(&self) -> PathBuf {
        self.root.join(MANIFEST)
    }

    /// The source that the author edits.
    pub(crate) fn source(&self) -> PathBuf {
        self.root.join(self.source_name())
    }

    /// Where that stands in the project: `src/counter.cam` on every computer.
    pub(crate) fn source_name(&self) -> String {
        format!("src/{}.cam", self.name)
    }

    /// A file of the project by its name in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The folder of what was released.
    pub(crate) fn history(&self) -> PathBuf {
        self.root.join("history")
    }

    /// A file of what was released: `counter@1.camb`.
    pub(crate) fn released(&self, version: u32, extension: &str) -> PathBuf {
        self.history()
            .join(format!("{}@{version}.{extension}", self.name))
    }

    /// The migration with which a version was released: `counter@1..2.camb`.
    pub(crate) fn bridge(&self, from: u32, to: u32) -> PathBuf {
        let name = format!("{}@{from}..{to}.{}", self.name, released::BYTECODE);
        self.history().join(name)
    }

    /// A file that can be made again at any time: `out/counter@1..2.bundle`.
    pub(crate) fn out(&self, versions: &str, extension: &str) -> PathBuf {
        self.root
            .join("out")
            .join(format!("{}@{versions}.{extension}", self.name))
    }
}

/// Whether a name can be a file name and the name of a machine everywhere.
pub(crate) fn is_project_name(name: &str) -> bool {
    let letters = |letter: u8| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.bytes().all(letters)
}

/// Why there is no project to work on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    #[error("there is no folder to stand in")]
    NoFolder(#[source] io::Error),
    #[error("there is no `{MANIFEST}` in `{}` or above", from.display())]
    NotFound { from: PathBuf },
    #[error("`{}` is wrong", path.display())]
    Manifest {
        path: PathBuf,
        source: toml::de::Error,
    },
    #[error("`{}` is no name for a project", named(name))]
    Name { name: String },
    #[error(transparent)]
    File(#[from] FileError),
}

impl Failure for ProjectError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn code(&self) -> Code {
        let code = match self {
            ProjectError::NoFolder(_) => "F014",
            ProjectError::NotFound { .. } => "F101",
            ProjectError::Manifest { .. } => "F102",
            ProjectError::Name { .. } => "F103",
            ProjectError::File(error) => return error.code(),
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            ProjectError::NotFound { .. } => {
                vec!["`cam new NAME` starts a project, `-C DIR` names one".to_owned()]
            }
            ProjectError::Name { .. } => vec![NAME_HELP.to_owned()],
            _ => Vec::new(),
        }
    }
}

/// What a project may be called.
pub(crate) const NAME_HELP: &str =
    "a small letter, then small letters, digits, `-` and `_`; at most 64 in all";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_good_for_files_and_machines() {
        for right in ["counter", "counter-2", "a_b"] {
            assert!(is_project_name(right), "{right}");
        }
        let long = "a".repeat(65);
        for wrong in ["", "Counter", "2nd", "../x", "a b", "größe", &long] {
            assert!(!is_project_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_project_needs_a_manifest_that_makes_sense() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Project::find(Some(folder.path()));
        assert!(matches!(open(), Err(ProjectError::File(_))));
        let cases = [
            (
                "[package]\nname = \"counter\"\n[node.hall]\nurl = \"x\"\n",
                true,
            ),
            ("[package]\nname = \"../x\"\n", false),
            ("[package]\nname = \"a\"\nnmae = \"b\"\n", false),
            ("name = \"counter\"\n", false),
        ];
        for (text, right) in cases {
            std::fs::write(folder.path().join(MANIFEST), text).unwrap();
            assert_eq!(open().is_ok(), right, "{text}");
        }
    }
}
