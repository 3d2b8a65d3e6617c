//! What stands where in a source: names with their definitions and uses, types, and what may be written at a place.
//!
//! It is made for editors, so it is there for a broken source as well: the parser recovers, the checker goes on,
//! and what both understood is here. It is made anew after each change; that costs about as much as the check.

mod complete;
mod describe;
mod lexeme;
mod rename;
mod symbol;

use std::collections::BTreeMap;

use cam::schema::{Name, ShapeId};

pub use complete::{Candidate, CandidateKind, complete};
pub use describe::Description;
pub use lexeme::{Lexeme, lexemes};
pub use rename::Refusal;
pub use symbol::{Symbol, SymbolKind, symbols};

use crate::ast::Module;
use crate::check::sight::{Look, Reading, Seen, Sight, Types, look};
use crate::flags::MachineFlags;
use crate::history::History;
use crate::parse;
use crate::problem::Problems;
use crate::source::{Source, Span};
use crate::typed::Local;

/// What a name is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A name for a value: a parameter, or bound by a pattern.
    Local,
    /// `fn` or `const` of the file.
    Function,
    /// A type of the file.
    Type,
    /// A constructor of a variant.
    Constructor,
    /// A field of a record.
    Field,
    /// A function of the language.
    Builtin,
    /// `state`, `prev`, `reply`, and what the node stamps.
    Word,
}

/// What identifies a thing that has a name. Records are structural: a field is one thing in all records of a type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Key {
    Local(Local),
    Function(usize),
    Type(String),
    Constructor(ShapeId, Name),
    Field(ShapeId, Name),
    Builtin(&'static str),
    Word(&'static str),
}

impl Key {
    fn kind(&self) -> Kind {
        match self {
            Key::Local(_) => Kind::Local,
            Key::Function(_) => Kind::Function,
            Key::Type(_) => Kind::Type,
            Key::Constructor(..) => Kind::Constructor,
            Key::Field(..) => Kind::Field,
            Key::Builtin(_) => Kind::Builtin,
            Key::Word(_) => Kind::Word,
        }
    }
}

/// A name where it is written.
#[derive(Clone, Debug)]
struct Mention {
    span: Span,
    key: Key,
    reading: Reading,
    is_definition: bool,
}

/// Everything an editor asks of one source.
pub struct Index {
    module: Module,
    problems: Problems,
    /// In the order of the source; a name may be two things at once (`{ count }` is a field and binds a local).
    mentions: Vec<Mention>,
    /// The mentions of each thing.
    places: BTreeMap<Key, Vec<usize>>,
    /// Types of expressions, patterns and arrows, in the order of the source.
    readings: Vec<(Span, Reading)>,
    types: Types,
    flags: Option<MachineFlags>,
}

impl Index {
    /// Reads and checks a source against the released versions of its machine.
    #[must_use]
    pub fn new(source: &Source, history: &History) -> Index {
        let (module, mut problems) = parse::module(source);
        let Look {
            problems: more,
            sights,
            mut types,
            flags,
        } = look(source, &module, history, None);
        problems.append(more);
        let mut mentions: Vec<Mention> = sights
            .names
            .into_iter()
            .filter(|sight| sight.span.start < sight.span.end)
            .filter_map(|sight| mention(sight, &mut types))
            .collect();
        mentions.sort_by(|one, other| {
            let order = |it: &Mention| (it.span, !it.is_definition);
            order(one)
                .cmp(&order(other))
                .then_with(|| one.key.cmp(&other.key))
        });
        mentions.dedup_by(|one, other| one.span == other.span && one.key == other.key);
        let mut places: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for (place, mention) in mentions.iter().enumerate() {
            places.entry(mention.key.clone()).or_default().push(place);
        }
        let mut readings = sights.readings;
        readings.sort_by_key(|(span, _)| *span);
        Index {
            module,
            problems,
            mentions,
            places,
            readings,
            types,
            flags,
        }
    }

    /// All problems of the source, as `cam check` reports them.
    #[must_use]
    pub fn problems(&self) -> &Problems {
        &self.problems
    }

    /// Every name with what it is and whether it is defined there, in the order of the source. A name that is two
    /// things is there twice.
    pub fn names(&self) -> impl Iterator<Item = (Span, Kind, bool)> + '_ {
        let mentions = self.mentions.iter();
        mentions.map(|it| (it.span, it.key.kind(), it.is_definition))
    }

    /// Where what is named at a byte is defined; several places if it is written in several records.
    #[must_use]
    pub fn definitions(&self, byte: u32) -> Vec<Span> {
        let here = self.at(byte);
        let mut found = Vec::new();
        for mention in here.iter().map(|place| &self.mentions[*place]) {
            let all = self.mentions_of(&mention.key);
            found.extend(all.filter(|it| it.is_definition).map(|it| it.span));
        }
        let is_elsewhere = |span: &Span| !here.iter().any(|at| self.mentions[*at].span == *span);
        if found.iter().any(is_elsewhere) {
            found.retain(is_elsewhere);
        }
        found.sort();
        found.dedup();
        found
    }

    /// Where what is named at a byte is used, and with `is_with_definitions` where it is defined.
    #[must_use]
    pub fn references(&self, byte: u32, is_with_definitions: bool) -> Vec<Span> {
        let mut found: Vec<Span> = Vec::new();
        if let Some(place) = self.chosen(byte) {
            let all = self.mentions_of(&self.mentions[place].key);
            let wanted = all.filter(|it| is_with_definitions || !it.is_definition);
            found.extend(wanted.map(|it| it.span));
        }
        found.sort();
        found.dedup();
        found
    }

    /// The mentions whose name touches a byte; those that begin there if two names meet.
    fn at(&self, byte: u32) -> Vec<usize> {
        let end = self.mentions.partition_point(|it| it.span.start <= byte);
        let touches = |place: &usize| {
            let span = self.mentions[*place].span;
            byte <= span.end
        };
        let mut found: Vec<usize> = Vec::new();
        for place in (0..end).rev() {
            let start = self.mentions[place].span.start;
            if found
                .first()
                .is_some_and(|first| self.mentions[*first].span.start != start)
            {
                break;
            }
            if touches(&place) {
                found.push(place);
            } else if start.saturating_add(MENTION_BYTES_MAX) < byte {
                break;
            }
        }
        found.reverse();
        found
    }

    /// Of several things with one name the value: it is what a reader of `{ count }` means.
    fn chosen(&self, byte: u32) -> Option<usize> {
        let here = self.at(byte);
        let is_value = |place: &&usize| !matches!(self.mentions[**place].key, Key::Field(..));
        here.iter().find(is_value).or(here.first()).copied()
    }

    fn mentions_of(&self, key: &Key) -> impl Iterator<Item = &Mention> {
        let places = self.places.get(key).map_or(&[][..], Vec::as_slice);
        places.iter().map(|place| &self.mentions[*place])
    }
}

/// Bytes of the longest name that is looked for around a place. What is longer is refused by the checker.
const MENTION_BYTES_MAX: u32 = 4096;

/// A sight with the thing that was seen; nothing if its type never became known.
fn mention(sight: Sight, types: &mut Types) -> Option<Mention> {
    let key = match sight.seen {
        Seen::Local(local) => Key::Local(local),
        Seen::Function(function) => Key::Function(function),
        Seen::Type(name) => Key::Type(name),
        Seen::Constructor(variant, name) => Key::Constructor(types.shape(variant)?, name),
        Seen::Field(record, name) => Key::Field(types.shape(record)?, name),
        Seen::Builtin(name) => Key::Builtin(name),
        Seen::Word(word) => Key::Word(word),
    };
    Some(Mention {
        span: sight.span,
        key,
        reading: sight.reading,
        is_definition: sight.is_definition,
    })
}
