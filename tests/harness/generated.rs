//! Sections of documents that are written from the source, and held to it.
//!
//! A section stands between `<!-- name -->` and `<!-- /name -->`. With `BLESS=1` in the environment the
//! tests write it anew; without, a section that differs fails.

use std::fs;

use crate::tree::{read, root};

/// Holds the section `name` of the document at `path` to `expected`.
///
/// # Errors
/// That the section is not there, or what it should say.
pub fn check(path: &str, name: &str, expected: &str) -> Result<(), String> {
    let text = read(path);
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let sections = text.split_once(&open).and_then(|(before, rest)| {
        rest.split_once(&close)
            .map(|(own, after)| (before, own, after))
    });
    let (before, own, after) = sections.ok_or(format!("{path}: there is no section `{name}`"))?;
    if own.trim() == expected.trim() {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_none() {
        return Err(format!(
            "{path}: section `{name}` is not what the source says; BLESS=1 writes it:\n{expected}"
        ));
    }
    let written = format!("{before}{open}\n{}\n\n{close}{after}", expected.trim());
    fs::write(root().join(path), written).map_err(|error| format!("{path}: {error}"))
}

/// A Markdown table.
#[must_use]
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells = cells.iter().map(|cell| cell.replace('|', "\\|"));
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rule: Vec<String> = head.iter().map(|_| "---".to_owned()).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{}{rows}", line(&head), line(&rule))
}
