//! Older versions of a machine: their schemas for the checker, their programs for the traces.
//!
//! They come from released bytecode, never from an old checkout, so a later compiler cannot change what
//! "version 1" means. Reading them is the caller's work; this crate has no files.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use cam::schema::Schema;
use cam::verify::{Migration, Program};

/// The released versions of one machine.
#[derive(Clone, Default, Debug)]
pub struct History {
    versions: BTreeMap<u32, Schema>,
    programs: BTreeMap<u32, Arc<Program>>,
    bridges: BTreeMap<(u32, u32), Arc<Migration>>,
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

    /// Adds a released version with its program, so that traces can start in it.
    pub fn release(&mut self, program: Arc<Program>) {
        let schema = program.schema().clone();
        self.programs.insert(schema.version, program);
        self.insert(schema);
    }

    /// Adds the migration with which one version was released after another.
    pub fn bridge(&mut self, from: u32, to: u32, migration: Arc<Migration>) {
        self.bridges.insert((from, to), migration);
    }

    /// The migrations that lead from one version to another, one after the other, by the fewest versions.
    #[must_use]
    pub fn way(&self, from: u32, to: u32) -> Option<Vec<Arc<Migration>>> {
        let mut reached = BTreeMap::from([(from, Vec::new())]);
        let mut next = VecDeque::from([from]);
        while let Some(version) = next.pop_front() {
            let way: Vec<Arc<Migration>> = reached.get(&version)?.clone();
            if version == to {
                return Some(way);
            }
            for ((_, later), migration) in self.bridges.range((version, 0)..=(version, u32::MAX)) {
                if !reached.contains_key(later) {
                    let mut way = way.clone();
                    way.push(Arc::clone(migration));
                    reached.insert(*later, way);
                    next.push_back(*later);
                }
            }
        }
        None
    }

    /// The program of a version, if it was added with one.
    #[must_use]
    pub fn program(&self, version: u32) -> Option<&Arc<Program>> {
        self.programs.get(&version)
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
