//! The manifest per leaf as it travels: what becomes of each part of a state, there and back.

use cam::provenance::{self, Provenance};
use cam::schema::Schema;
use cam::verify::Migration;
use serde::{Deserialize, Serialize};

/// What a migration does with each part of the state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaves {
    /// The parts of the old state, and what becomes of each.
    pub old: Vec<OldLeaf>,
    /// The parts of the new state, and where each comes from.
    pub new: Vec<NewLeaf>,
    /// What the way back would lose; nothing without one.
    pub back: Option<WayBack>,
}

/// A part of the old state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldLeaf {
    /// The way to it by names.
    pub path: String,
    /// `kept`, `transformed`, `steers`, `dropped` or `unknown`.
    pub fate: String,
}

/// A part of the new state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLeaf {
    /// The way to it by names.
    pub path: String,
    /// `kept`, `made`, `default`, `moment`, `absent` or `unknown`.
    pub provenance: String,
    /// The parts of the old state that it comes from.
    pub from: Vec<String>,
}

/// What a way back does not carry.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WayBack {
    /// Parts of the new state that nothing of the old one depends on.
    pub loses: Vec<String>,
    /// Parts of the old state that come back as the same value whatever the new state is.
    pub defaults: Vec<String>,
}

impl Leaves {
    /// What a migration from `old` to `new` does.
    #[must_use]
    pub fn of(migration: &Migration, old: &Schema, new: &Schema) -> Leaves {
        let provenance::Leaves { old: from, new: to } = provenance::forward(migration, old, new);
        let from = from.into_iter().map(|leaf| OldLeaf {
            path: leaf.path,
            fate: leaf.fate.word().to_owned(),
        });
        let to = to.into_iter().map(|leaf| NewLeaf {
            provenance: leaf.from.word().to_owned(),
            from: leaf.from.sources().to_vec(),
            path: leaf.path,
        });
        Leaves {
            old: from.collect(),
            new: to.collect(),
            back: WayBack::of(migration, old, new),
        }
    }

    /// The parts of the old state with this fate.
    pub fn with_fate<'l>(&'l self, fate: &'l str) -> impl Iterator<Item = &'l str> {
        let leaves = self.old.iter().filter(move |leaf| leaf.fate == fate);
        leaves.map(|leaf| leaf.path.as_str())
    }

    /// The parts of the new state of this provenance.
    pub fn with_provenance<'l>(&'l self, word: &'l str) -> impl Iterator<Item = &'l NewLeaf> {
        self.new.iter().filter(move |leaf| leaf.provenance == word)
    }
}

impl WayBack {
    /// What the way back of a migration from `old` to `new` does not carry, if there is one.
    #[must_use]
    pub fn of(migration: &Migration, old: &Schema, new: &Schema) -> Option<WayBack> {
        let leaves = provenance::back(migration, old, new)?;
        let is_same = |leaf: &&provenance::NewLeaf| {
            matches!(leaf.from, Provenance::Default | Provenance::Moment)
        };
        let defaults = leaves.new.iter().filter(is_same);
        let defaults = defaults.map(|leaf| leaf.path.clone()).collect();
        Some(WayBack {
            loses: leaves.lost(),
            defaults,
        })
    }
}
