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

    /// The versions on the way from one to another through released migrations, with both ends, by the fewest
    /// steps. Versions only rise.
    #[must_use]
    pub fn way(&self, from: u32, to: u32) -> Option<Vec<u32>> {
        let mut before = BTreeMap::from([(from, None)]);
        let mut next = VecDeque::from([from]);
        while let Some(version) = next.pop_front().filter(|version| *version != to) {
            let later = (version, version.saturating_add(1))..=(version, u32::MAX);
            for ((_, later), _) in self.bridges.range(later) {
                before.entry(*later).or_insert_with(|| {
                    next.push_back(*later);
                    Some(version)
                });
            }
        }
        let mut way = vec![to];
        while let Some(earlier) = *before.get(way.last()?)? {
            way.push(earlier);
        }
        way.reverse();
        Some(way)
    }

    /// The migration with which one version was released after another.
    #[must_use]
    pub fn migration(&self, from: u32, to: u32) -> Option<&Arc<Migration>> {
        self.bridges.get(&(from, to))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use crate::source::Source;

    /// A history in which these versions of one machine follow each other.
    fn history(steps: &[(u32, u32)]) -> History {
        let text = |version: u32, migrate: &str| {
            format!(
                "machine M version {version} {{ input | Go output | Ok state Int init 0 on Go => Ok {migrate} }}"
            )
        };
        let mut history = History::new();
        let compiled = |text: String, history: &mut History| {
            let source = Source::new("m.cam", text).unwrap();
            let compiled = compile(&source, history);
            compiled.unwrap_or_else(|problems| panic!("{}", problems.render(&source, false)))
        };
        let first = compiled(text(1, ""), &mut history);
        history.release(Arc::clone(first.program()));
        let second = compiled(text(2, "migrate from 1 unchanged"), &mut history);
        let migration = &second.upgrade_from(1).unwrap().migration;
        for (from, to) in steps {
            history.bridge(*from, *to, Arc::clone(migration));
        }
        history
    }

    #[test]
    fn a_way_has_the_fewest_steps_and_only_rises() {
        let long = &[(1, 2), (2, 3), (3, 5)][..];
        let short = &[(1, 2), (2, 3), (3, 5), (2, 5)];
        type Case<'a> = (&'a [(u32, u32)], (u32, u32), Option<&'a [u32]>);
        let table: &[Case<'_>] = &[
            (long, (1, 5), Some(&[1, 2, 3, 5])),
            (short, (1, 5), Some(&[1, 2, 5])),
            (long, (2, 3), Some(&[2, 3])),
            (long, (3, 3), Some(&[3])),
            (long, (3, 1), None),
            (long, (1, 4), None),
            (&[(2, 1), (1, 3)], (2, 3), None),
            (&[(2, 2)], (2, 3), None),
        ];
        for (steps, (from, to), expected) in table {
            let way = history(steps).way(*from, *to);
            assert_eq!(way.as_deref(), *expected, "{steps:?} from {from} to {to}");
        }
    }
}
