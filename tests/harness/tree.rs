//! The repository as text: what the tests of the house and of the specification read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the package is in the workspace")
        .to_owned()
}

/// Whether the workspace has a file or folder at `path`.
#[must_use]
pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// The text of the file at `path`, counted from the workspace.
#[must_use]
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| unreachable!("`{path}` is part of the repository: {error}"))
}

/// All files below `folder` whose names end in `ending`, as paths from the workspace, sorted.
/// What is built or hidden is not part of the repository.
#[must_use]
pub fn files(folder: &str, ending: &str) -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    let mut waiting = vec![root.join(folder)];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).expect("a folder of the repository can be read") {
            let path = entry.expect("and so can its entries").path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.starts_with('.') || name == "target" || name == "out" {
                continue;
            }
            if path.is_dir() {
                waiting.push(path);
            } else if name.ends_with(ending) {
                let inside = path.strip_prefix(&root).expect("found below the root");
                found.push(inside.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// The names of the variants of `enumeration`, read from Rust source formatted by rustfmt.
#[must_use]
pub fn variants(source: &str, enumeration: &str) -> BTreeSet<String> {
    let documented = documented(source, enumeration);
    documented.into_iter().map(|(name, _)| name).collect()
}

/// The variants of `enumeration` in order, each with its documentation on one line.
#[must_use]
pub fn documented(source: &str, enumeration: &str) -> Vec<(String, String)> {
    let head = format!("pub enum {enumeration} {{\n");
    let (_, body) = source
        .split_once(&head)
        .expect("the enumeration is in the file");
    let (body, _) = body.split_once("\n}").expect("it ends");
    let (mut found, mut words) = (Vec::new(), Vec::new());
    for line in body.lines().filter_map(|line| line.strip_prefix("    ")) {
        if let Some(more) = line.strip_prefix("/// ") {
            words.push(more);
        } else if line.starts_with(char::is_uppercase) {
            let end = line.find(|letter: char| !letter.is_alphanumeric());
            let name = line[..end.unwrap_or(line.len())].to_owned();
            found.push((name, words.join(" ")));
            words.clear();
        }
    }
    found
}

/// The constants of a source file in order: name, expression, and the first sentence of what they are for.
#[must_use]
pub fn constants(source: &str) -> Vec<(String, String, String)> {
    let (mut found, mut words) = (Vec::new(), Vec::new());
    for line in source.lines() {
        if let Some(more) = line.strip_prefix("/// ") {
            words.push(more);
        } else if let Some(constant) = line.strip_prefix("pub const ") {
            let (name, rest) = constant.split_once(':').unwrap_or((constant, ""));
            let (_, value) = rest.split_once(" = ").unwrap_or(("", rest));
            let text = words.join(" ");
            let first = text
                .split(". ")
                .next()
                .unwrap_or_default()
                .trim_end_matches('.');
            let value = value.trim_end_matches(';').to_owned();
            found.push((name.to_owned(), value, first.to_owned()));
            words.clear();
        } else {
            words.clear();
        }
    }
    found
}
