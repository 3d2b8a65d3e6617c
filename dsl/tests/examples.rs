//! Every project under `examples` compiles against its history, and all its traces pass.
//!
//! A released version is never compiled again: its bytes in `history/` must decode and verify, that is
//! all. With `BLESS=1` a version that has only its source there is released.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the test reads the projects; the crate it tests has no files"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dsl::compile::{Compiled, compile};
use dsl::history::History;
use dsl::source::Source;
use dsl::trace;

const PROJECTS: &[&str] = &[
    "chat",
    "counter",
    "counter-pointfree",
    "door",
    "ledger",
    "limiter",
    "mqtt-session",
    "orderbook",
    "thermostat",
];

#[test]
fn all_traces_of_all_examples_pass() {
    for name in PROJECTS {
        let project = examples().join(name);
        let history = history(&project);
        let path = project.join("src").join(format!("{name}.cam"));
        let (source, compiled) = compiled(&path, &history);
        assert!(
            compiled.warnings().is_empty(),
            "{}",
            compiled.warnings().render(&source, false)
        );
        let reports = trace::run(&compiled);
        assert!(!reports.is_empty(), "{name} has no trace");
        for report in reports {
            if let Some(problem) = report.failure {
                panic!("{}", problem.render(&source, false));
            }
            assert_eq!(report.passed, report.lines);
        }
    }
}

#[test]
fn every_example_is_tested() {
    let mut found: Vec<String> = files(&examples())
        .iter()
        .filter(|path| path.join("cam.toml").exists())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, PROJECTS);
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn compiled(path: &Path, history: &History) -> (Source, Compiled) {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let source = Source::new(name, text).unwrap();
    match compile(&source, history) {
        Ok(compiled) => (source, compiled),
        Err(problems) => panic!("{}", problems.render(&source, false)),
    }
}

/// The released versions, oldest first.
fn history(project: &Path) -> History {
    let mut history = History::new();
    let folder = project.join("history");
    let mut sources = files_in(&folder);
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "cam"));
    sources.sort();
    for source in sources {
        let released = source.with_extension("camb");
        if !released.exists() && std::env::var("BLESS").is_ok() {
            let (_, compiled) = compiled(&source, &history);
            fs::write(&released, compiled.program().bytes()).unwrap();
        }
        let bytes = fs::read(&released).unwrap();
        let bytecode = cam::decode::module(&bytes).unwrap();
        let program = cam::verify::machine(bytecode).unwrap();
        assert_eq!(program.bytes(), bytes, "{}", released.display());
        let label = format!("@{}.camb", program.schema().version);
        assert!(released.to_str().unwrap().ends_with(&label));
        history.release(Arc::new(program));
    }
    for path in files_in(&folder) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let versions = name.strip_suffix(".camb").and_then(|name| {
            let (from, to) = name.split_once('@')?.1.split_once("..")?;
            Some((from.parse().unwrap(), to.parse().unwrap()))
        });
        let Some((from, to)) = versions else { continue };
        let bytecode = cam::decode::module(&fs::read(&path).unwrap()).unwrap();
        let migration = cam::verify::migration(bytecode).unwrap();
        let fits = migration.fits(history.program(from).unwrap(), history.program(to).unwrap());
        assert_eq!(fits, Ok(()), "{name}");
        history.bridge(from, to, Arc::new(migration));
    }
    history
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    if folder.is_dir() {
        files(folder)
    } else {
        Vec::new()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}
