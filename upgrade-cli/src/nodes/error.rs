//! Why nodes are not known by a name.

use std::path::PathBuf;

use node::key::PublicKey;
use toml_edit::TomlError;

use super::NamedNode;
use crate::exit::Exit;
use crate::failure::{Code, Failure, named};
use crate::project::files::FileError;

/// Why a node has no name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodesError {
    #[error("`{}` is no name for a node", named(name))]
    Name { name: String },
    #[error("there is no node `{}`", named(name))]
    NotFound { name: String, there: Vec<String> },
    #[error("`{}` has another key", pinned.name)]
    OtherKey {
        pinned: Box<NamedNode>,
        offered: PublicKey,
    },
    #[error("there is no home for the nodes of this user")]
    NoHome,
    #[error("`{}` is not TOML", file.display())]
    Syntax {
        file: PathBuf,
        source: Box<TomlError>,
    },
    #[error("the node `{name}` in `{}`: {reason}", file.display())]
    Entry {
        file: PathBuf,
        name: String,
        reason: String,
    },
    #[error("the group `{}` in `{}` is no list of names of nodes", named(name), file.display())]
    Group { file: PathBuf, name: String },
    #[error(transparent)]
    File(#[from] FileError),
}

impl Failure for NodesError {
    fn exit(&self) -> Exit {
        match self {
            NodesError::OtherKey { .. } => Exit::Keys,
            _ => Exit::Usage,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            NodesError::Name { .. } => "F321",
            NodesError::NotFound { .. } => "F322",
            NodesError::OtherKey { .. } => "F323",
            NodesError::NoHome => "F324",
            NodesError::Syntax { .. } => "F325",
            NodesError::Entry { .. } => "F326",
            NodesError::Group { .. } => "F327",
            NodesError::File(error) => return error.code(),
        };
        code.into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            NodesError::OtherKey { pinned, offered } => vec![
                ("pinned", pinned.key.to_string()),
                ("offered", offered.to_string()),
                ("file", pinned.file.display().to_string()),
            ],
            NodesError::NotFound { there, .. } if !there.is_empty() => {
                vec![("there are", there.join(", "))]
            }
            _ => Vec::new(),
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            NodesError::Name { .. } => crate::project::NAME_HELP.to_owned(),
            NodesError::NotFound { name, .. } => {
                format!("cam node add {name} --url HOST:PORT --key ed25519:…")
            }
            NodesError::OtherKey { pinned, .. } => {
                let name = &pinned.name;
                format!(
                    "compare with `cam-node key` on the node itself, then: cam node forget {name}"
                )
            }
            NodesError::NoHome => "start a project with `cam new`, or set `HOME`".to_owned(),
            _ => return Vec::new(),
        };
        vec![help]
    }
}
