//! What becomes of each part of a state, for people and for programs.

use node::leaves::{Leaves, WayBack};
use node::printable::Printable;
use serde_json::{Value, json};

use crate::report::count;

/// How many parts a line names before it counts the rest.
const NAMED_MAX: usize = 8;

/// The manifest per leaf, one line for each thing that can become of a part.
pub(super) fn lines(leaves: &Leaves) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |word: &str, paths: Vec<String>| {
        if !paths.is_empty() {
            lines.push(format!("    {word:<9}{}", named(&paths)));
        }
    };
    let old = |fate| leaves.with_fate(fate).map(quoted).collect::<Vec<_>>();
    line("kept", old("kept"));
    let copied = leaves.with_provenance("kept").filter_map(|leaf| {
        let source = leaf.from.first().filter(|source| **source != leaf.path)?;
        Some(format!("{} → {}", quoted(source), quoted(&leaf.path)))
    });
    line("copied", copied.collect());
    let made = leaves.with_provenance("made").map(|leaf| {
        let from: Vec<_> = leaf.from.iter().map(|path| quoted(path)).collect();
        format!("{} from {}", quoted(&leaf.path), named(&from))
    });
    line("changed", made.collect());
    let new = |word| {
        let leaves = leaves.with_provenance(word);
        leaves.map(|leaf| quoted(&leaf.path)).collect::<Vec<_>>()
    };
    line("default", new("default"));
    line("moment", new("moment"));
    line("decides", old("steers"));
    line("dropped", old("dropped"));
    line("unknown", old("unknown"));
    lines
}

/// What a way back does not carry.
pub(super) fn way_back(back: &WayBack) -> Vec<String> {
    let quoted = |paths: &[String]| paths.iter().map(|path| quoted(path)).collect::<Vec<_>>();
    let (lost, same) = (quoted(&back.loses), quoted(&back.defaults));
    let mut lines = vec![match lost.is_empty() {
        true => "    loses    nothing of the state of the version that goes".to_owned(),
        false => format!("    loses    {}", named(&lost)),
    }];
    if !same.is_empty() {
        let same = named(&same);
        lines.push(format!(
            "    default  {same}: nothing brings back what was there"
        ));
    }
    lines
}

/// The manifest per leaf for programs: all of it.
pub(super) fn object(leaves: &Leaves) -> Value {
    let old = leaves.old.iter();
    let old = old.map(|leaf| json!({"path": leaf.path, "fate": leaf.fate}));
    let new = leaves
        .new
        .iter()
        .map(|leaf| json!({"path": leaf.path, "provenance": leaf.provenance, "from": leaf.from}));
    json!({
        "old": old.collect::<Vec<_>>(),
        "new": new.collect::<Vec<_>>(),
        "back": leaves.back.as_ref().map(way_back_object),
    })
}

/// What a way back does not carry, for programs.
pub(super) fn way_back_object(back: &WayBack) -> Value {
    json!({"loses": back.loses, "defaults": back.defaults})
}

/// The first few, and how many there are besides.
fn named(paths: &[String]) -> String {
    let first = paths.iter().take(NAMED_MAX).map(String::as_str);
    let first = first.collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(NAMED_MAX) {
        0 => first,
        more => format!("{first} and {}", count(more as u64, "more part")),
    }
}

/// A path comes from a stranger's node.
fn quoted(path: &str) -> String {
    Printable(path).to_string()
}
