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
            if name.starts_with('.') || name == "target" {
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
    let head = format!("pub enum {enumeration} {{\n");
    let (_, body) = source
        .split_once(&head)
        .expect("the enumeration is in the file");
    let (body, _) = body.split_once("\n}").expect("it ends");
    let of_enumeration = body.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        let first = line.chars().next()?;
        let end = line.find(|letter: char| !letter.is_alphanumeric());
        first
            .is_uppercase()
            .then(|| line[..end.unwrap_or(line.len())].to_owned())
    });
    of_enumeration.collect()
}
