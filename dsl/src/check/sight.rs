//! What the checker saw of names and types, for an editor that asks what stands at a place.
//!
//! Nobody asks while a machine is compiled, so nothing is kept then. What is kept does not need the machine to be
//! right: a name has its meaning although the line below is broken.

mod wish;

use cam::schema::{Name, Shape, ShapeId, Shapes};

pub(crate) use super::types::{Partial, Types};
pub use wish::{Candidate, CandidateKind};

use super::Checker;
use crate::ast::Module;
use crate::flags::MachineFlags;
use crate::history::History;
use crate::problem::Problems;
use crate::source::{Source, Span};
use crate::typed::Local;
use wish::Wish;

/// What a name means.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Seen {
    /// A name for a value.
    Local(Local),
    /// A function or constant, by its place among those of the file.
    Function(usize),
    /// A type of the file.
    Type(String),
    /// A constructor of a variant, option or either.
    Constructor(Partial, Name),
    /// A field of a record.
    Field(Partial, Name),
    /// A function of the language.
    Builtin(&'static str),
    /// `state`, `prev`, `reply`, and what the node stamps.
    Word(&'static str),
}

/// The type of what was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    Value(Partial),
    Arrow(Partial, Partial),
    /// That of a function is in its definition, a type has none.
    None,
}

/// A name where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) span: Span,
    pub(crate) seen: Seen,
    pub(crate) reading: Reading,
    pub(crate) is_definition: bool,
}

/// All that was seen in one file.
#[derive(Default)]
pub(crate) struct Sights {
    pub(crate) names: Vec<Sight>,
    /// The types of expressions, patterns and arrows.
    pub(crate) readings: Vec<(Span, Reading)>,
    wish: Option<Wish>,
    /// Above zero while the text of a built-in function is checked: it has no place in the file.
    muted: u32,
}

/// A file as an editor wants to know it.
pub(crate) struct Look {
    pub(crate) problems: Problems,
    pub(crate) sights: Sights,
    pub(crate) types: Types,
    /// What its functions and handlers do; absent if the file has a mistake.
    pub(crate) flags: Option<MachineFlags>,
}

impl Look {
    /// What may be written at the place that was asked for, if something may.
    pub(crate) fn candidates(&self) -> Option<&[Candidate]> {
        self.sights.wish.as_ref()?.candidates()
    }
}

/// Checks a file and keeps what was seen. With a place, what may be written there is kept as well.
pub(crate) fn look(
    source: &Source,
    module: &Module,
    history: &History,
    place: Option<u32>,
) -> Look {
    let mut checker = Checker::new(Some(source), history, Shapes::default());
    checker.sights = Some(Box::new(Sights {
        wish: place.map(Wish::at),
        ..Sights::default()
    }));
    let machine = checker.module(module);
    let flags = machine.as_ref().map(crate::flags::flags);
    if let Some(machine) = machine {
        checker.types.shapes = machine.shapes; // it has taken them along
    }
    let sights = checker.sights.take();
    let types = std::mem::replace(&mut checker.types, Types::new(Shapes::default()));
    let problems = if checker.problems.has_errors() || checker.is_spoilt {
        checker.mistakes_only()
    } else {
        checker.problems
    };
    Look {
        problems,
        sights: *sights.unwrap_or_default(),
        types,
        flags,
    }
}

impl Checker<'_> {
    fn watching(&mut self) -> Option<&mut Sights> {
        let sights = self.sights.as_deref_mut();
        sights.filter(|sights| sights.muted == 0)
    }

    /// A name is used.
    pub(super) fn see(&mut self, span: Span, seen: Seen, reading: Reading) {
        if let Some(sights) = self.watching() {
            sights.names.push(Sight {
                span,
                seen,
                reading,
                is_definition: false,
            });
        }
    }

    /// A name is given.
    pub(super) fn see_definition(&mut self, span: Span, seen: Seen, reading: Reading) {
        if let Some(sights) = self.watching() {
            sights.names.push(Sight {
                span,
                seen,
                reading,
                is_definition: true,
            });
        }
    }

    /// Something has a type.
    pub(super) fn see_reading(&mut self, span: Span, reading: Reading) {
        if let Some(sights) = self.watching() {
            sights.readings.push((span, reading));
        }
    }

    /// The fields of a record type where they are written.
    pub(super) fn see_fields(&mut self, fields: &[crate::ast::FieldType], record: Option<ShapeId>) {
        let Some(shape) = record.filter(|_| self.sights.is_some()) else {
            return;
        };
        let record = self.types.closed(shape);
        for field in fields {
            let name = Name::from(field.name.text.as_str());
            let kind = match self.types.shapes.get(shape) {
                Shape::Record(known) => known.iter().find(|(own, _)| *own == name),
                _ => None,
            };
            let kind = kind.map(|(_, kind)| *kind);
            let reading = kind.map_or(Reading::None, |kind| {
                Reading::Value(self.types.closed(kind))
            });
            self.see_definition(field.name.span, Seen::Field(record, name), reading);
        }
    }

    /// Does something of which nothing is to be seen.
    pub(super) fn unseen<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        if let Some(sights) = self.sights.as_deref_mut() {
            sights.muted += 1;
        }
        let result = work(self);
        if let Some(sights) = self.sights.as_deref_mut() {
            sights.muted -= 1;
        }
        result
    }
}
