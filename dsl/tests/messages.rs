//! Golden messages: each `messages/NAME.cam` is rendered as in `messages/NAME.txt` beside it. What was released before
//! it, if anything, is `messages/NAME.old`.
//!
//! With `BLESS=1` in the environment the `.txt` files are written instead, to be read before they are committed.
#![allow(
    clippy::disallowed_methods,
    reason = "this test reads its own table of files"
)]

use std::fs;
use std::path::{Path, PathBuf};

use cam::schema::Schema;
use dsl::history::History;
use dsl::source::Source;

#[test]
fn every_message_is_rendered_as_it_was_read_and_found_good() {
    let bless = std::env::var("BLESS").is_ok_and(|value| value == "1");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
    let sources = files_with(&folder, "cam");
    assert!(!sources.is_empty(), "no sources in {}", folder.display());
    let mut differences = Vec::new();
    for path in &sources {
        let golden = path.with_extension("txt");
        let rendered = messages(path);
        if bless {
            fs::write(&golden, &rendered).unwrap();
        } else if fs::read_to_string(&golden).ok().as_deref() != Some(rendered.as_str()) {
            differences.push(format!("{}\n{rendered}", golden.display()));
        }
    }
    assert!(
        differences.is_empty(),
        "BLESS=1 accepts these messages:\n{}",
        differences.join("\n")
    );
}

#[test]
fn every_golden_message_has_its_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
    for golden in files_with(&folder, "txt") {
        assert!(
            golden.with_extension("cam").exists(),
            "{} has no source",
            golden.display()
        );
    }
}

fn files_with(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("a name").path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

/// All that is said about a file, by every stage that it reaches.
fn messages(path: &Path) -> String {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    let text = fs::read_to_string(path).expect("a readable file");
    let source = Source::new(name, text).expect("the text is short enough");
    let (module, problems) = dsl::parse::module(&source);
    if !problems.is_empty() {
        return problems.render(&source, false);
    }
    match dsl::check::machine(&source, &module, &history(&path.with_extension("old"))) {
        Ok((_, warnings)) => warnings.render(&source, false),
        Err(problems) => problems.render(&source, false),
    }
}

/// The machine of the file, if there is one, as versions 1 to 4.
fn history(path: &Path) -> History {
    let mut history = History::new();
    let Ok(text) = fs::read_to_string(path) else {
        return history;
    };
    let source = Source::new("old", text).expect("the text is short enough");
    let (module, _) = dsl::parse::module(&source);
    let (machine, _) =
        dsl::check::machine(&source, &module, &history).expect("the older version checks");
    for version in 1..=4 {
        history.insert(Schema {
            machine: machine.name.clone(),
            version,
            stamps: machine.stamps.clone(),
            shapes: machine.shapes.clone(),
            state: machine.state,
            input: machine.input,
            output: machine.output,
        });
    }
    history
}
