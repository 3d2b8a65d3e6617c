//! What differs from run to run, made equal: digests and keys are numbered in the order in which they
//! are seen, so that a transcript still shows which of them are the same.

use std::collections::BTreeMap;

/// What stands before hexadecimal digits that name something.
const NAMED: [&str; 5] = ["c1:", "b1:", "l1:", "s1:", "ed25519:"];

/// What stands before a number that nobody can know beforehand, and what is written instead.
const NUMBERS: [(&str, &str); 11] = [
    ("127.0.0.1:", "PORT"),
    ("\"ms\":", "0"),
    ("\"pause_us\":", "0"),
    ("\"since_ms\":", "0"),
    ("\"now_ms\":", "0"),
    ("\"at_ms\":", "0"),
    ("\"began_ms\":", "0"),
    ("\"counted_ms\":", "0"),
    ("\"own_us\":", "0"),
    ("\"shadow_us\":", "0"),
    ("\"longest_us\":", "0"),
];

/// The digits that a short digest shows.
const SHORT: usize = 8;

/// What was seen so far.
pub(crate) struct Normal {
    root: String,
    seen: BTreeMap<String, usize>,
}

impl Normal {
    /// With the folder whose path is not to be shown.
    pub(crate) fn new(root: &str) -> Normal {
        Normal {
            root: root.to_owned(),
            seen: BTreeMap::new(),
        }
    }

    /// The text as every run says it.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let text = text.replace(&self.root, "ROOT");
        let mut normal = String::new();
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let (instead, length) = self
                .name(rest)
                .or_else(|| seed(rest))
                .or_else(|| number(rest))
                .or_else(|| moment(rest))
                .or_else(|| size(rest, &normal))
                .or_else(|| time(rest, &normal))
                .unwrap_or_else(|| (first.to_string(), first.len_utf8()));
            normal.push_str(&instead);
            rest = &rest[length..];
        }
        normal
    }

    /// `c1:` and digits become `c1:#1`.
    fn name(&mut self, text: &str) -> Option<(String, usize)> {
        let prefix = NAMED.into_iter().find(|prefix| text.starts_with(prefix))?;
        let is_digit = |letter: &char| matches!(letter, '0'..='9' | 'a'..='f');
        let digits = text[prefix.len()..].chars().take_while(is_digit).count();
        if digits < SHORT {
            return None;
        }
        let name = text[..prefix.len() + SHORT].to_owned();
        let same_kind = self.seen.keys().filter(|seen| seen.starts_with(prefix));
        let next = same_kind.count() + 1;
        let number = *self.seen.entry(name).or_insert(next);
        let mut instead = format!("#{number}");
        if digits == SHORT {
            // Tables show short ones, and their columns are to stay in line.
            instead = format!("{instead:.<SHORT$}");
        }
        Some((format!("{prefix}{instead}"), prefix.len() + digits))
    }
}

/// The seed that follows from a program changes with the compiler; one of another length was chosen.
fn seed(text: &str) -> Option<(String, usize)> {
    let known = |prefix: &&str| text.starts_with(*prefix);
    let prefix = ["seed ", "\"seed\":\""].into_iter().find(known)?;
    let is_digit = |letter: &char| matches!(letter, '0'..='9' | 'a'..='f');
    let digits = text[prefix.len()..].chars().take_while(is_digit).count();
    (digits == SHORT).then(|| (format!("{prefix}SEED"), prefix.len() + digits))
}

fn number(text: &str) -> Option<(String, usize)> {
    let known = |(prefix, _): &&(&str, &str)| text.starts_with(prefix);
    let (prefix, instead) = NUMBERS.iter().find(known)?;
    let rest = &text[prefix.len()..];
    let digits = rest.chars().take_while(char::is_ascii_digit).count();
    (digits > 0).then(|| (format!("{prefix}{instead}"), prefix.len() + digits))
}

/// `2026-11-21 12:08:01`
fn moment(text: &str) -> Option<(String, usize)> {
    let shape = "dddd-dd-dd dd:dd:dd";
    let fits = |(expected, found): (char, char)| match expected {
        'd' => found.is_ascii_digit(),
        other => found == other,
    };
    let pairs = shape.chars().zip(text.chars());
    let is_moment = text.len() >= shape.len() && pairs.into_iter().all(fits);
    is_moment.then(|| ("YYYY-MM-DD hh:mm:ss".to_owned(), shape.len()))
}

/// Sizes of code belong to the compiler, and change with it: `167 bytes`, `"bytes":167`.
fn size(text: &str, before: &str) -> Option<(String, usize)> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let goes_on = before.ends_with(|letter: char| letter.is_ascii_alphanumeric());
    let is_size = text[digits..].starts_with(" bytes") || before.ends_with("\"bytes\":");
    (digits > 1 && !goes_on && is_size).then(|| ("N".to_owned(), digits))
}

/// Times that were measured: `0.7 ms`.
fn time(text: &str, before: &str) -> Option<(String, usize)> {
    let is_digit = |letter: &char| letter.is_ascii_digit() || *letter == '.';
    let digits = text.chars().take_while(is_digit).count();
    let goes_on = before.ends_with(|letter: char| letter.is_ascii_alphanumeric());
    let is_time = text[..digits].contains('.') && text[digits..].starts_with(" ms");
    (is_time && !goes_on).then(|| ("T".to_owned(), digits))
}
