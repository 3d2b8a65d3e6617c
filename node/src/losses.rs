//! What is lost on the way: what authors sign, and what a node works out for itself.
//!
//! An author says in the bundle which parts of the old state nothing is made of, and which parts of the new state
//! its way back carries nowhere. A node works the same out from the bytecode that it has verified, and the two must be
//! the same. A list that names less would lose what nobody has agreed to lose. One that names more would be
//! believed by whoever reads it offline, and one that names everything would agree to nothing in particular. So
//! what the flow shows is part of the bundle's format, as limits are.

use std::fmt;

use cam::provenance;
use cam::schema::Schema;
use cam::verify::Migration;

use crate::printable::Printable;

/// How many paths a message names before it counts the rest.
const NAMED_MAX: usize = 5;

/// What is lost on the way to the new program and back.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Losses {
    /// The parts of the old state that nothing of the new one depends on, in strictly rising order of their bytes.
    pub drops: Vec<String>,
    /// The parts of the new state that the way back carries nowhere; nothing without a way back.
    pub back: Option<Vec<String>>,
}

/// A bundle that says otherwise than the code does what is lost.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Misstated {
    /// Parts of the old state are dropped, and nobody who signed has said so.
    #[error("nobody who signed has agreed to drop {}", Named(.0))]
    Unacknowledged(Vec<String>),
    /// The bundle says of parts that they are dropped, and the new state depends on them.
    #[error("the bundle says that it drops {}, and the migration does not", Named(.0))]
    Kept(Vec<String>),
    /// The bundle says otherwise what its way back loses.
    #[error("the bundle says that its way back {}, and it {}", way(.signed.as_deref()), way(.found.as_deref()))]
    Back {
        /// What the bundle says.
        signed: Option<Vec<String>>,
        /// What the code does.
        found: Option<Vec<String>>,
    },
}

impl Losses {
    /// What a migration loses. It must lead from `old` to `new`.
    #[must_use]
    pub fn of(migration: &Migration, old: &Schema, new: &Schema) -> Losses {
        let back = provenance::back(migration, old, new);
        Losses {
            drops: provenance::forward(migration, old, new).lost(),
            back: back.map(|leaves| leaves.lost()),
        }
    }

    /// Holds what was signed to this. A bundle of format 1 says nothing, so it may drop nothing.
    ///
    /// # Errors
    /// [`Misstated`]: what nobody agreed to lose comes first.
    pub fn hold(&self, signed: Option<&Losses>) -> Result<(), Misstated> {
        let none = Losses::default();
        let said = signed.unwrap_or(&none);
        let missing = except(&self.drops, &said.drops);
        if !missing.is_empty() {
            return Err(Misstated::Unacknowledged(missing));
        }
        let kept = except(&said.drops, &self.drops);
        if !kept.is_empty() {
            return Err(Misstated::Kept(kept));
        }
        if signed.is_some() && said.back != self.back {
            return Err(Misstated::Back {
                signed: said.back.clone(),
                found: self.back.clone(),
            });
        }
        Ok(())
    }
}

fn except(paths: &[String], others: &[String]) -> Vec<String> {
    let rest = paths.iter().filter(|path| !others.contains(path));
    rest.cloned().collect()
}

fn way(lost: Option<&[String]>) -> String {
    match lost {
        None => "is not there".to_owned(),
        Some([]) => "loses nothing".to_owned(),
        Some(paths) => format!("loses {}", Named(paths)),
    }
}

/// The first few paths, and how many more there are.
pub struct Named<'p>(pub &'p [String]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().take(NAMED_MAX);
        for (place, path) in shown.enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}`{}`", Printable(path))?;
        }
        match self.0.len().saturating_sub(NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
