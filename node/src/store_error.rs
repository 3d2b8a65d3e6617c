//! What can be wrong with a store, and what its operator can do about it.

/// The newest format of the file that this node reads and writes.
pub(crate) const STORE_FORMAT: u32 = 3;

/// What went wrong with the store. The node stops: after a failed sync nobody knows what is on the disk
/// but a fresh start that reads it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no file.
    #[error("there is no store")]
    Missing,
    /// The file was never one of ours.
    #[error("the file is not a store of camshaft")]
    NotAStore,
    /// The file is in use by another process.
    #[error("the store is in use by another process")]
    InUse,
    /// The file is damaged.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What does not hold.
        what: String,
    },
    /// The file was written by a newer node.
    #[error("the store is of format {need}, this node knows formats up to {STORE_FORMAT}")]
    NeedsFormat {
        /// The file's format.
        need: u32,
    },
    /// A machine's position is not the one an upgrade was compared with.
    #[error("machine `{machine}` has moved on since the upgrade was compared")]
    Moved {
        /// Which machine.
        machine: String,
    },
    /// The disk, or redb on it.
    #[error("the disk failed")]
    Disk(#[source] Box<redb::Error>),
}

impl StoreError {
    /// What the operator of the node can do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing => {
                "`cam-node init` made a store in the data folder; is its volume mounted, and is `data` in the config right?"
            }
            Self::NotAStore => {
                "look at what wrote this file; put the store back from a copy, or correct `data` in the config"
            }
            Self::InUse => "stop the other node first; two nodes never share a store",
            Self::Damaged { .. } => {
                "keep this file for whoever looks into it, check the disk, and put the store back from a copy"
            }
            Self::NeedsFormat { .. } => {
                "run a `cam-node` that is at least as new as the one that wrote it"
            }
            Self::Moved { .. } => "start the node again",
            Self::Disk(_) => {
                "check the disk, its free space and who owns the file, then start the node again"
            }
        }
    }
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> StoreError {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => StoreError::InUse,
            redb::Error::Corrupted(what) => StoreError::Damaged { what },
            other => StoreError::Disk(Box::new(other)),
        }
    }
}
