//! Older versions of a machine, as far as the checker needs them: their schemas.
//!
//! They come from released bytecode, never from an old checkout, so a later compiler cannot change what
//! "version 1" means. Reading them is the caller's work; this crate has no files.

use std::collections::BTreeMap;

use cam::schema::Schema;

/// The released versions of one machine.
#[derive(Clone, Default, Debug)]
pub struct History {
    versions: BTreeMap<u32, Schema>,
}

impl History {
    /// No version was released yet.
    #[must_use]
    pub fn new() -> History {
        History::default()
    }

    /// Adds a released version. The version in the schema is its key; one added before is replaced.
    pub fn insert(&mut self, schema: Schema) {
        self.versions.insert(schema.version, schema);
    }

    /// The interface of a version.
    #[must_use]
    pub fn get(&self, version: u32) -> Option<&Schema> {
        self.versions.get(&version)
    }

    /// The numbers of all versions, in order.
    pub fn versions(&self) -> impl Iterator<Item = u32> + '_ {
        self.versions.keys().copied()
    }
}
