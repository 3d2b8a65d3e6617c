//! Where in a large value a run stopped: the entry of the container that it walked over.

use std::fmt;

use crate::trap::Trap;
use crate::value::Value;

/// A run that stopped, and at which entry of the outermost container whose entries it was going through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    /// Why.
    pub trap: Trap,
    /// At which entry, if it was in the middle of a container.
    pub entry: Option<Entry>,
}

/// An entry of a container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// That of a map, under this key.
    Key(Value),
    /// That of a list, counted from 0.
    Item(u64),
}

/// Letters of a text, bytes of a byte string and parts of a product that are shown. A key may have 16 MiB.
const SHOWN_MAX: usize = 64;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trap)?;
        match &self.entry {
            Some(entry) => write!(f, ", at {entry}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Stop {}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Stop {
        Stop { trap, entry: None }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Key(key) => {
                f.write_str("the entry `")?;
                show(f, key)?;
                f.write_str("`")
            }
            Entry::Item(index) => write!(f, "item {index}"),
        }
    }
}

/// A key as far as it can be shown without its type. Recursion is bounded by the height of its type.
fn show(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Int(integer) => write!(f, "{integer}"),
        Value::Text(text) => {
            let shown: String = text.chars().take(SHOWN_MAX).collect();
            write!(f, "{shown:?}{}", more(shown.len() < text.len()))
        }
        Value::Bytes(bytes) => {
            f.write_str("x")?;
            let shown = bytes.iter().take(SHOWN_MAX);
            shown.clone().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            f.write_str(more(shown.len() < bytes.len()))
        }
        Value::Product(parts) => {
            f.write_str("(")?;
            for (index, part) in parts.iter().take(SHOWN_MAX).enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                show(f, part)?;
            }
            write!(f, "{})", more(parts.len() > SHOWN_MAX))
        }
        Value::Sum(tag, payload) => {
            write!(f, "#{tag} ")?;
            show(f, payload)
        }
        Value::List(list) => write!(f, "a list of {}", list.len()),
        Value::Map(map) => write!(f, "a map of {}", map.len()),
        Value::Closure(_) => f.write_str("a function"),
    }
}

fn more(is_cut: bool) -> &'static str {
    if is_cut { "…" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_without_its_type_and_a_long_one_is_cut() {
        let long = "a".repeat(SHOWN_MAX + 1);
        let cut = format!("the entry `\"{}\"…`", &long[1..]);
        let pair = Value::product(vec![Value::Int(-1), Value::sum(2, Value::text("é\n"))]);
        for (entry, shown) in [
            (Entry::Key(Value::Int(7)), "the entry `7`"),
            (Entry::Key(Value::text(&long)), &cut),
            (Entry::Key(pair), "the entry `(-1, #2 \"é\\n\")`"),
            (
                Entry::Key(Value::Bytes([1, 255].as_slice().into())),
                "the entry `x01ff`",
            ),
            (Entry::Item(3), "item 3"),
        ] {
            assert_eq!(entry.to_string(), shown);
        }
    }
}
