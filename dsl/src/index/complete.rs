//! What may be written at a place of a source, which is often broken just there.
//!
//! A name is put where one is missing, and the checker is asked what it could have been. It is asked again with
//! other stand-ins where the first does not parse.

use std::collections::BTreeSet;

use super::symbol::machine_members;
use crate::ast::{ItemKind, MemberKind, Module, Pattern, PatternKind};
use crate::check::sight::look;
pub use crate::check::sight::{Candidate, CandidateKind};
use crate::history::History;
use crate::parse;
use crate::source::{Source, Span};

/// Words that begin a member of a machine.
const MEMBER_WORDS: [&str; 14] = [
    "on",
    "input",
    "output",
    "state",
    "init",
    "step",
    "migrate",
    "accept",
    "reply",
    "invariant",
    "property",
    "witness",
    "trace",
    "upgrade",
];

/// Words that begin an item of a file.
const ITEM_WORDS: [&str; 4] = ["machine", "fn", "type", "const"];

/// What may be written at a byte of a source, what fits best first. Constructors of the input that no handler names
/// come before those that one does.
#[must_use]
pub fn complete(source: &Source, history: &History, byte: u32) -> Vec<Candidate> {
    let word = word_at(source, byte);
    let found = stand_ins(source, word).find_map(|(text, place)| {
        let source = Source::new(source.name(), text).ok()?;
        let (module, _) = parse::module(&source);
        let look = look(&source, &module, history, Some(place));
        let candidates = look.candidates()?.to_vec();
        Some((candidates, handled(&module, place)))
    });
    let (mut found, handled) = found.unwrap_or_else(|| {
        let (module, _) = parse::module(source);
        (words(&module, word), BTreeSet::new())
    });
    let mut seen = BTreeSet::new();
    found.retain(|it| it.name != STAND_IN && seen.insert(it.name.clone()));
    // A constructor of another type is seldom meant where one is not wanted.
    let is_strange = |it: &Candidate| !it.fits && it.kind == CandidateKind::Constructor;
    found.sort_by_key(|it| {
        let is_handled = handled.contains(&it.name);
        (!it.fits, is_handled, is_strange(it), it.kind)
    });
    found
}

/// A name nobody has.
const STAND_IN: &str = "zz_here";

/// The part of a name before and after the place.
fn word_at(source: &Source, byte: u32) -> Span {
    let text = source.text();
    let mut middle = usize::try_from(byte).unwrap_or(0).min(text.len());
    while !text.is_char_boundary(middle) {
        middle -= 1;
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let before = text[..middle].trim_end_matches(is_of_name).len();
    let rest = &text[middle..];
    let after = rest.len() - rest.trim_start_matches(is_of_name).len();
    let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    Span::new(number(before), number(middle + after))
}

/// Texts in which a name stands at the place, and where it begins.
fn stand_ins(source: &Source, word: Span) -> impl Iterator<Item = (String, u32)> {
    let (before, after) = source.text().split_at(word.range().start);
    let (own, after) = after.split_at(word.range().len());
    let is_empty = own.is_empty() || own.starts_with(|c: char| c.is_ascii_digit());
    let names = match is_empty {
        true => [STAND_IN, "Zz_here"].map(|name| format!("{own}{name}")),
        false => [own.to_owned(), own.to_owned()],
    };
    let [lower, upper] = names;
    let texts = [
        format!("{before}{lower}{after}"),
        format!("{before}{upper}{after}"),
        // `on In` has no body yet, and an arm of a `match` neither.
        format!("{before}{lower} => {STAND_IN}{after}"),
        // `x: In` at the end of what is written.
        format!("{before}{lower} }}{after}"),
    ];
    texts.into_iter().map(move |text| (text, word.start))
}

/// The inputs that handlers name, if the place is in the pattern of one.
fn handled(module: &Module, place: u32) -> BTreeSet<String> {
    let handlers: Vec<&Pattern> = machine_members(module)
        .filter_map(|member| match &member.kind {
            MemberKind::On(handler) => Some(&handler.input),
            _ => None,
        })
        .collect();
    let holds = |pattern: &&Pattern| pattern.span.start <= place && place <= pattern.span.end;
    if !handlers.iter().any(holds) {
        return BTreeSet::new();
    }
    let mut names = BTreeSet::new();
    for pattern in handlers.into_iter().filter(|it| !holds(it)) {
        collect(pattern, &mut names);
    }
    names
}

fn collect(pattern: &Pattern, names: &mut BTreeSet<String>) {
    match &pattern.kind {
        PatternKind::Constructor { constructor, .. } => {
            names.insert(constructor.name.text.clone());
        }
        PatternKind::Alternatives(patterns) => patterns.iter().for_each(|it| collect(it, names)),
        _ => {}
    }
}

/// The words that may begin something at a place where no name stands.
fn words(module: &Module, word: Span) -> Vec<Candidate> {
    let is_in_machine = module.items.iter().any(|item| {
        let is_machine = matches!(item.kind, ItemKind::Machine(_) | ItemKind::Error);
        is_machine && item.span.start < word.start && word.start < item.span.end
    });
    let words: &[&str] = match is_in_machine {
        true => &MEMBER_WORDS,
        false => &ITEM_WORDS,
    };
    let of = |word: &&str| Candidate {
        name: (*word).to_owned(),
        kind: CandidateKind::Word,
        detail: String::new(),
        fits: true,
    };
    words.iter().map(of).collect()
}
