//! What becomes of each leaf of a state when it is migrated, worked out from verified bytecode.
//!
//! A leaf is a part of a state with a name: a number, a text, which constructor a choice has, how many items a list
//! has, which keys a map has. For each leaf of the old state the answer is whether it is kept, transformed, only
//! steers, or is dropped; for each leaf of the new state, where it comes from.
//!
//! **What can be relied on.** Of two old states that differ only in leaves that are called *dropped*, a migration
//! that ends on both makes one new state. A leaf that is called *kept* is copied, as it is, into the leaf that names it,
//! by every migration that ends. The other way round nothing is promised: what is called transformed may be
//! multiplied by zero. A leaf that decides only whether a migration stops is dropped too, since no new state has it.
//!
//! The work has a bound. Above it nothing is known: the whole state is `unknown`, and whoever signs must say that
//! all of it may be lost. To refuse such migrations would leave their machines without any upgrade, and to let them
//! pass would make a large migration the place to lose a field in.
//!
//! Nothing here trusts a compiler: chains and modules that were written by hand are read like any other.

mod flow;
mod forms;
mod join;
mod operation;
mod origin;
mod place;
mod report;
mod rounds;
mod sources;

use crate::combinator::Role;
use crate::conversion::Conversion;
use crate::schema::Schema;
use crate::verify::Migration;
use flow::Flow;
use place::{Places, STATE};

/// The path of a whole state.
pub const WHOLE: &str = "state";

/// What becomes of each leaf. What is one line is a leaf, or all leaves of a part that fare alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaves {
    /// The old state, in the order of its places.
    pub old: Vec<OldLeaf>,
    /// The new state, in the order of its places.
    pub new: Vec<NewLeaf>,
}

/// A leaf of the old state, or a part of it whose leaves fare alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OldLeaf {
    /// The way to it: `count`, `log[].who`, `mode.Away`, `seats[key]`.
    pub path: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a leaf of the old state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// It is in the new state as it was.
    Kept,
    /// Something in the new state is made of it.
    Transformed,
    /// It only decides what the new state is.
    Steers,
    /// Nothing of the new state depends on it.
    Dropped,
    /// The migration is too large to be followed.
    Unknown,
}

impl Fate {
    /// One word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Fate::Kept => "kept",
            Fate::Transformed => "transformed",
            Fate::Steers => "steers",
            Fate::Dropped => "dropped",
            Fate::Unknown => "unknown",
        }
    }
}

/// A leaf of the new state, or a part of it that comes from one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewLeaf {
    /// The way to it.
    pub path: String,
    /// Where it comes from.
    pub from: Provenance,
}

/// Where a leaf of the new state comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Provenance {
    /// It is the old leaf of this path.
    Kept(String),
    /// It is made of these old leaves, or decided by them. An upgrade's moment counts as `at`, `from` and `seq`.
    Made(Vec<String>),
    /// It is the same whatever the old state is.
    Default,
    /// It comes from the moment of the upgrade alone.
    Moment,
    /// No migrated state has it: a constructor that no migration makes, an item of a list that is empty.
    Absent,
    /// The migration is too large to be followed.
    Unknown,
}

impl Provenance {
    /// One word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Provenance::Kept(_) => "kept",
            Provenance::Made(_) => "made",
            Provenance::Default => "default",
            Provenance::Moment => "moment",
            Provenance::Absent => "absent",
            Provenance::Unknown => "unknown",
        }
    }

    /// The old leaves that it comes from.
    #[must_use]
    pub fn sources(&self) -> &[String] {
        match self {
            Provenance::Kept(source) => std::slice::from_ref(source),
            Provenance::Made(sources) => sources,
            _ => &[],
        }
    }
}

/// The flow takes more work than it may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct TooMuch;

/// What the migration makes of the old state. It must lead from `old` to `new`.
#[must_use]
pub fn forward(migration: &Migration, old: &Schema, new: &Schema) -> Leaves {
    let migrate = migration.conversion(Role::Migrate);
    let leaves = migrate.and_then(|own| along(migration, own, old, new).ok());
    leaves.unwrap_or_else(Leaves::unknown)
}

/// What its way back makes of the new state, if it has one: here the new state is the old one.
#[must_use]
pub fn back(migration: &Migration, old: &Schema, new: &Schema) -> Option<Leaves> {
    let back = migration.conversion(Role::Back)?;
    let leaves = along(migration, back, new, old);
    Some(leaves.unwrap_or_else(|TooMuch| Leaves::unknown()))
}

fn along(
    migration: &Migration,
    conversion: Conversion,
    from: &Schema,
    to: &Schema,
) -> Result<Leaves, TooMuch> {
    let mut old = Places::of(from)?;
    let new = Places::of(to)?;
    let moment = conversion.is_stamped.then(|| old.add_moment());
    let mut flow = Flow::new(migration.code(), &old);
    let state = flow.place(STATE)?;
    let argument = match moment {
        None => state,
        Some(moment) => {
            let moment = flow.place(moment)?;
            flow.product(vec![moment, state])?
        }
    };
    let result = flow.run(conversion.function, argument)?;
    report::leaves(&mut flow, &new, &result)
}

impl Leaves {
    /// The paths of the old state that are lost, in the order of their bytes: what is dropped, and all of it where
    /// nothing is known.
    #[must_use]
    pub fn lost(&self) -> Vec<String> {
        let lost = |leaf: &&OldLeaf| matches!(leaf.fate, Fate::Dropped | Fate::Unknown);
        let lost = self.old.iter().filter(lost);
        let mut paths: Vec<String> = lost.map(|leaf| leaf.path.clone()).collect();
        paths.sort();
        paths
    }

    fn unknown() -> Leaves {
        Leaves {
            old: vec![OldLeaf {
                path: WHOLE.to_owned(),
                fate: Fate::Unknown,
            }],
            new: vec![NewLeaf {
                path: WHOLE.to_owned(),
                from: Provenance::Unknown,
            }],
        }
    }
}
