//! The index of a source: what an editor is told is what the compiler means.

#![allow(clippy::unwrap_used)] // all of it is test; the exemption sees `#[test]` only

use std::sync::Arc;

use dsl::compile::compile;
use dsl::history::History;
use dsl::index::{Index, Kind, complete, lexemes};
use dsl::problem::{Edit, Problem};
use dsl::source::Source;

const PROGRAMS: &[(&str, &str)] = &[
    ("counter_2", include_str!("programs/counter_2.cam")),
    (
        "point free",
        include_str!("programs/counter_point_free.cam"),
    ),
    ("ledger", include_str!("programs/ledger.cam")),
    ("door", include_str!("programs/door.cam")),
    ("limiter", include_str!("programs/limiter.cam")),
    ("broken", include_str!("messages/parse_broken.cam")),
];

const OLD_COUNTER: &str = include_str!("../../examples/counter/history/counter@1.cam");

fn source(text: &str) -> Source {
    Source::new("a.cam", text).unwrap()
}

/// Version 1 of the counter was released.
fn history() -> History {
    let old = compile(&source(OLD_COUNTER), &History::new()).unwrap();
    let mut history = History::new();
    history.release(Arc::clone(old.program()));
    history
}

fn bytes(source: &Source) -> impl Iterator<Item = u32> {
    let text = source.text().to_owned();
    let places: Vec<usize> = (0..=text.len())
        .filter(|place| text.is_char_boundary(*place))
        .collect();
    places
        .into_iter()
        .map(|place| u32::try_from(place).unwrap())
}

#[test]
fn an_index_has_the_problems_that_the_compiler_reports() {
    for (name, text) in PROGRAMS {
        let source = source(text);
        let index = Index::new(&source, &history());
        let reported = match compile(&source, &history()) {
            Ok(compiled) => compiled.warnings().clone(),
            Err(problems) => problems,
        };
        let titles = |problem: &Problem| (problem.primary.span, problem.code.name);
        let told: Vec<_> = index.problems().iter().map(titles).collect();
        let wanted: Vec<_> = reported.iter().map(titles).collect();
        assert_eq!(told, wanted, "{name}");
    }
}

#[test]
fn each_use_leads_to_a_definition_and_is_found_from_it() {
    for (name, text) in PROGRAMS {
        let source = source(text);
        let index = Index::new(&source, &history());
        let names: Vec<_> = index.names().collect();
        assert!(!names.is_empty(), "{name}");
        for (span, kind, _) in names {
            let definitions = index.definitions(span.start);
            if matches!(kind, Kind::Local | Kind::Function | Kind::Type) {
                let [one] = definitions.as_slice() else {
                    // `{ count }` is a local and a field; the field may be in several types.
                    assert!(
                        definitions.len() > 1 || kind == Kind::Type,
                        "{name}: {} has no definition",
                        source.slice(span)
                    );
                    continue;
                };
                let found = index.references(one.start, true);
                let is_there = found.contains(&span) || definitions != [span];
                assert!(is_there, "{name}: {}", source.slice(span));
            }
        }
    }
}

#[test]
fn something_is_known_at_every_place_and_nothing_panics() {
    for (name, text) in PROGRAMS {
        let source = source(text);
        let mut index = Index::new(&source, &history());
        let mut known = 0;
        for byte in bytes(&source) {
            known += usize::from(index.describe(&source, byte).is_some());
            let (uses, all) = (index.references(byte, false), index.references(byte, true));
            assert!(
                uses.len() <= all.len() && index.definitions(byte).len() <= 9,
                "{name}"
            );
        }
        assert!(
            known * 10 > source.text().len(),
            "{name}: something is known at {known} places"
        );
        let past = u32::MAX;
        assert!(index.describe(&source, past).is_none());
        assert!(index.definitions(past).is_empty());
        assert!(!lexemes(&source).is_empty());
        assert!(name == &"broken" || !index.symbols(&source).is_empty());
    }
}

#[test]
fn a_new_name_is_refused_or_changes_no_meaning() {
    let (mut renamed, mut refused) = (0, 0);
    for (name, text) in PROGRAMS.iter().take(5) {
        let source = source(text);
        let history = history();
        let index = Index::new(&source, &history);
        let mut done: Vec<Vec<Edit>> = Vec::new();
        let names: Vec<_> = index.names().collect();
        for (span, kind, _) in &names {
            let upper = matches!(kind, Kind::Type | Kind::Constructor);
            let fresh = if upper { "Fresh" } else { "fresh" };
            let Ok(edits) = index.rename(&source, &history, span.start, fresh) else {
                refused += 1;
                continue;
            };
            if done.contains(&edits) {
                continue;
            }
            renamed += 1;
            let after = Source::new("a.cam", edited(text, &edits)).unwrap();
            let again = Index::new(&after, &history);
            let count = |index: &Index| index.names().count();
            assert_eq!(
                count(&again),
                count(&index),
                "{name}: {}",
                source.slice(*span)
            );
            done.push(edits);
        }
    }
    assert!(renamed > 60 && refused > 0, "{renamed} {refused}");
}

#[test]
fn a_name_that_is_taken_is_refused() {
    for (name, text) in PROGRAMS.iter().take(5) {
        let source = source(text);
        let history = history();
        let index = Index::new(&source, &history);
        let functions: Vec<_> = index
            .names()
            .filter(|(_, kind, is_definition)| *kind == Kind::Function && *is_definition)
            .map(|(span, ..)| span)
            .collect();
        for pair in functions.windows(2) {
            let taken = source.slice(pair[1]);
            let refusal = index.rename(&source, &history, pair[0].start, taken);
            assert!(refusal.is_err(), "{name}: {taken}");
        }
        for (span, kind, is_definition) in index.names() {
            if kind == Kind::Function && is_definition {
                for word in ["match", "fold", "Upper", "", "9", "a b", "ç"] {
                    let refusal = index.rename(&source, &history, span.start, word);
                    assert!(refusal.is_err(), "{name}: {word}");
                }
            }
        }
    }
}

#[test]
fn suggestions_can_be_asked_for_at_every_place() {
    let text = OLD_COUNTER;
    let source = source(text);
    let mut some = 0;
    for byte in bytes(&source) {
        some += usize::from(!complete(&source, &History::new(), byte).is_empty());
    }
    assert!(some * 2 > text.len(), "{some}");
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut after = text.to_owned();
    for edit in edits.iter().rev() {
        after.replace_range(edit.span.range(), &edit.text);
    }
    after
}
