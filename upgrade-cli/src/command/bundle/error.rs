//! Why no bundle is made of a source, and what to do then.

use dsl::chain::{Unchained, shown};
use node::bundle::BundleId;
use node::limits::{NAME_BYTES_MAX, NOTE_BYTES_MAX};

use crate::exit::Exit;
use crate::failure::{Code, Failure, named};

#[derive(Debug, thiserror::Error)]
pub(super) enum BundleError {
    #[error("`{}` is no name for a machine on a node", named(machine))]
    MachineName { machine: String },
    #[error("the reason has {bytes} bytes, at most {NOTE_BYTES_MAX}")]
    Note { bytes: usize },
    #[error(
        "the bundle before this one brought version {last} of `{machine}`, so this is not the first"
    )]
    NotFirst { machine: String, last: u32 },
    #[error("version {older} of `{machine}` is in the history, and no bundle has brought it")]
    Unclear { machine: String, older: u32 },
    #[error("version {version} cannot start from version {wanted}, which is newer")]
    Newer { version: u32, wanted: u32 },
    #[error("version {version} was never released")]
    NotReleased { version: u32, there: Vec<u32> },
    #[error("this is version {version} itself")]
    SameVersion { version: u32 },
    #[error("the last bundle brought version {last}, and this is version {version}")]
    Backwards { version: u32, last: u32 },
    #[error("no bundle has brought version {wanted} of `{machine}` yet")]
    NothingYet { machine: String, wanted: u32 },
    #[error("the bundle before this one brought version {last} of `{machine}`, not {wanted}")]
    NotLast {
        machine: String,
        wanted: u32,
        last: u32,
    },
    #[error(
        "version {to} does not say what becomes of the state of version {from}, and no way leads there"
    )]
    NoMigration {
        from: u32,
        to: u32,
        next: Option<u32>,
    },
    #[error("the way {} is no single upgrade: {}", shown(&unchained.versions), unchained.reason)]
    Unchained { unchained: Unchained },
    #[error("the migration from {from} to {to} was released as another one")]
    OtherMigration {
        from: u32,
        to: u32,
        nodes: Vec<String>,
    },
    #[error("history/ does not have the version {version} that was bundled")]
    History { version: u32 },
    #[error("version {version} was released with another program")]
    Released { version: u32 },
    #[error("version {version} was bundled before as {bundle}")]
    OtherBundle { version: u32, bundle: BundleId },
    #[error("version {version} was pushed as {bundle}, so no other bundle can take its place")]
    Pushed {
        version: u32,
        bundle: BundleId,
        nodes: Vec<String>,
    },
}

impl Failure for BundleError {
    fn exit(&self) -> Exit {
        match self {
            BundleError::NoMigration { .. }
            | BundleError::Unchained { .. }
            | BundleError::OtherMigration { .. }
            | BundleError::SameVersion { .. }
            | BundleError::Backwards { .. }
            | BundleError::History { .. }
            | BundleError::Released { .. }
            | BundleError::Pushed { .. } => Exit::Wrong,
            _ => Exit::Usage,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            BundleError::MachineName { .. } => "F401",
            BundleError::Note { .. } => "F402",
            BundleError::NotFirst { .. } => "F403",
            BundleError::Unclear { .. } => "F404",
            BundleError::Newer { .. } => "F405",
            BundleError::NotReleased { .. } => "F406",
            BundleError::SameVersion { .. } => "F407",
            BundleError::Backwards { .. } => "F408",
            BundleError::NothingYet { .. } => "F409",
            BundleError::NotLast { .. } => "F410",
            BundleError::NoMigration { .. } => "F411",
            BundleError::History { .. } => "F412",
            BundleError::Released { .. } => "F413",
            BundleError::OtherBundle { .. } => "F414",
            BundleError::Pushed { .. } => "F415",
            BundleError::Unchained { .. } => "F416",
            BundleError::OtherMigration { .. } => "F417",
        };
        code.into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            BundleError::Released { version } => vec![(
                "why",
                format!("nodes may run version {version} as it was; its bytecode is never changed"),
            )],
            BundleError::OtherBundle { .. } => vec![(
                "why",
                "another reason, node or migration makes another bundle; a node takes one"
                    .to_owned(),
            )],
            BundleError::NotReleased { there, .. } if !there.is_empty() => {
                let there: Vec<_> = there.iter().map(u32::to_string).collect();
                vec![("there are", there.join(", "))]
            }
            BundleError::OtherMigration { nodes, .. } if nodes.is_empty() => vec![(
                "why",
                "upgrades from older versions go through it, and all of them the same way"
                    .to_owned(),
            )],
            BundleError::Pushed { nodes, .. } | BundleError::OtherMigration { nodes, .. } => {
                vec![("pushed to", nodes.join(", "))]
            }
            _ => Vec::new(),
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            BundleError::MachineName { .. } => {
                format!(
                    "1 to {NAME_BYTES_MAX} of small letters, digits, `-` and `_`: cam bundle --as NAME"
                )
            }
            BundleError::Note { .. } => "say it shorter".to_owned(),
            BundleError::NotFirst { last, .. } | BundleError::NotLast { last, .. } => {
                format!("cam bundle --from {last}, or leave `--from` out")
            }
            BundleError::NothingYet { wanted, .. } => {
                format!("cam bundle --release {wanted}   (the bundle that brings version {wanted})")
            }
            BundleError::Unclear { older, .. } => {
                return vec![
                    format!("cam bundle --release {older}, to bring that version first"),
                    "cam bundle --from first, where no older version ever ran".to_owned(),
                ];
            }
            BundleError::NoMigration { from, next, .. } => {
                let mut help = vec![format!("add `migrate from {from} …` to the machine")];
                help.extend(next.map(|next| {
                    format!("or take the migration from {from} to {next} into history/, if version {next} was released with one")
                }));
                return help;
            }
            BundleError::Unchained { unchained } => {
                let from = unchained.versions.first().copied().unwrap_or_default();
                format!("write a direct `migrate from {from} …`, or bundle a version between first")
            }
            BundleError::OtherMigration { to, nodes, .. } if !nodes.is_empty() => format!(
                "raise the version in the source: `version {}`",
                to.saturating_add(1)
            ),
            BundleError::OtherMigration { .. } => {
                "cam bundle --replace, if no node has it; else raise the version in the source".to_owned()
            }
            BundleError::Newer { .. } => {
                "versions only rise: leave `--from` out, or name an older one".to_owned()
            }
            BundleError::NotReleased { .. } => {
                "cam bundle, without `--release`, releases what the source says".to_owned()
            }
            BundleError::History { .. } => "take history/ from version control again".to_owned(),
            BundleError::Released { version }
            | BundleError::SameVersion { version }
            | BundleError::Pushed { version, .. }
            | BundleError::Backwards { last: version, .. } => format!(
                "raise the version in the source: `version {}`",
                version.saturating_add(1)
            ),
            BundleError::OtherBundle { .. } => {
                "cam bundle --replace, if the old one was never pushed: a node that has it would refuse all that follow the new one".to_owned()
            }
        };
        vec![help]
    }
}
