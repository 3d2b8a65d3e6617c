//! Habits of other languages: what a word from elsewhere is called here.
//!
//! The nearest known word is a guess at a slip of the fingers; this is for those who know exactly what they want and
//! write it as they always do.

/// The type that is meant by a type of another language.
#[must_use]
pub fn type_meant(word: &str) -> Option<&'static str> {
    TYPES
        .iter()
        .find(|(words, _)| words.contains(&word))
        .map(|(_, meant)| *meant)
}

const TYPES: &[(&[&str], &str)] = &[
    (&["String", "Str", "Char", "Symbol"], "Text"),
    (&["Integer", "Number", "Long", "Short", "Nat"], "Int"),
    (&["Boolean"], "Bool"),
    (&["Vec", "Vector", "Array", "Seq", "Slice"], "List"),
    (
        &["Dict", "Dictionary", "HashMap", "BTreeMap", "Hash"],
        "Map",
    ),
    (&["HashSet", "BTreeSet"], "Set"),
    (&["Maybe", "Optional", "Nullable"], "Option"),
    (&["Result"], "Either"),
    (&["Byte", "Blob", "Binary", "Buffer"], "Bytes"),
    (&["Unit", "Void"], "()"),
];

/// Whether numbers with fractions are meant, which there are not.
#[must_use]
pub fn is_fraction(word: &str) -> bool {
    ["Float", "Double", "Decimal", "Real", "Rational"].contains(&word)
}

/// What to write instead of a word that begins a definition elsewhere.
#[must_use]
pub fn definition(word: &str) -> Option<&'static str> {
    Some(match word {
        "enum" | "union" | "data" => "a choice is a type: `type Colour = Red | Green`",
        "struct" | "record" | "class" | "interface" | "typedef" => {
            "a record is a type: `type Point = { x: Int, y: Int }`"
        }
        "def" | "func" | "function" | "fun" | "proc" => {
            "a function begins with `fn`: `fn double(n: Int) -> Int = n + n`"
        }
        "let" | "var" | "val" | "static" => {
            "a value for the whole file is a `const`: `const LIMIT = 10`"
        }
        "import" | "use" | "include" | "from" | "require" | "module" | "package" => {
            "a machine is one file, and the built-in functions are there without a word"
        }
        "/" => "a comment begins with `//` and ends with its line",
        _ => return None,
    })
}

/// What to write instead of a word that stands for a value elsewhere, or leads one.
#[must_use]
pub fn value(word: &str) -> Option<&'static str> {
    Some(match word {
        "null" | "nil" | "undefined" | "nothing" => {
            "what may be missing is an `Option`: it is `None`, or `Some(…)`"
        }
        "return" => "the last line of a block is its value: leave `return` out",
        "self" | "this" => "the state's fields have their own names here, and the whole is `state`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_in_one_row() {
        let mut words: Vec<&str> = TYPES
            .iter()
            .flat_map(|(words, _)| *words)
            .copied()
            .collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
