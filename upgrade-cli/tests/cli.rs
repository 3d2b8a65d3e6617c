//! The transcripts in `tests/cli/*.md`, run against the real command: what it prints is what they say.
//!
//! `BLESS=1 cargo test -p upgrade-cli --test cli` writes them anew; the difference is then to be read.

#![allow(clippy::unwrap_used, clippy::panic)] // all of it is test; the exemption sees `#[test]` only

mod transcript;

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use transcript::{Transcript, document};

macro_rules! transcripts {
    ($($name:ident)*) => {
        const ALL: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

transcripts! {
    projects
    writing
    looking
    losses
    playing
    messages
    accepting
    keys_and_nodes
    bundles
    street
    refusals
    older_clients
    repetitions
    scripts
    another_language
    assembly
    simulation
    automatic
    diff
    fast_forward
    claims_on_nodes
    chains
    trials
    rollouts
    shadow
    replay
    reconnect
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli")
}

fn check(name: &str) {
    let path = folder().join(format!("{name}.md"));
    let written = fs::read_to_string(&path).unwrap();
    let document = document::parse(&written);
    let played = Transcript::new().play(&document);
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &played).unwrap();
        return;
    }
    let differs = written
        .lines()
        .zip(played.lines())
        .position(|(said, says)| said != says);
    if let Some(line) = differs {
        let context = |text: &str| {
            let from = line.saturating_sub(8);
            text.lines()
                .skip(from)
                .take(24)
                .collect::<Vec<_>>()
                .join("\n")
        };
        panic!(
            "{name}.md, line {}: the command says something else\n--- written\n{}\n--- now\n{}",
            line + 1,
            context(&written),
            context(&played)
        );
    }
    assert_eq!(written, played, "{name}.md ends otherwise");
}

#[test]
fn every_transcript_is_run() {
    let mut found: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut named: Vec<_> = ALL.iter().map(|name| format!("{name}.md")).collect();
    found.sort();
    named.sort();
    assert_eq!(found, named);
}

#[test]
fn the_demo_shows_what_it_says_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_cam"))
        .args(["demo", "--json"])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["steps"].as_array().map(Vec::len), Some(11));
    let answered = |name: &str| object["measured"][name].as_u64().unwrap();
    assert!(answered("answers_before_upgrade") >= 50);
    assert!(answered("answers_after_upgrade") >= 50);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_watch_tests_again_when_the_source_changes() {
    let folder = tempfile::tempdir().unwrap();
    let cam = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cam"));
        command.current_dir(folder.path()).args(arguments);
        command
    };
    let made = cam(&["new", "counter"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut watch = cam(&["watch", "-C", "counter", "--rounds", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut talk = BufReader::new(watch.stderr.take().unwrap()).lines();
    assert!(talk.any(|line| line.unwrap().starts_with("watching ")));
    let path = folder.path().join("counter/src/counter.cam");
    let source = fs::read_to_string(&path).unwrap();
    fs::write(&path, source.replace("= Sum(2)", "= Sum(3)")).unwrap();
    talk.for_each(drop);
    let output = watch.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("all good"), "{text}");
    assert!(text.contains("1 of 1 trace failed"), "{text}");
}

#[test]
fn a_demo_that_is_interrupted_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_cam"))
        .arg("demo")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    // The node runs by then.
    assert!(lines.any(|line| line.unwrap().starts_with("3. ")));
    let id = demo.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    lines.for_each(drop);
    let output = demo.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("interrupted"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_tied_node_ends_with_whoever_holds_the_other_end() {
    let folder = tempfile::tempdir().unwrap();
    let cam = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cam"));
        command.current_dir(folder.path()).args(arguments);
        command.stderr(Stdio::null());
        command
    };
    let made = cam(&["daemon", "init", "hall"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let listen = ["--config", "hall/node.toml", "--listen", "127.0.0.1:0"];
    let mut node = cam(&["daemon", "--tied", "serve"])
        .args(listen)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let mut stdout = BufReader::new(node.stdout.take().unwrap());
    stdout.read_line(&mut ready).unwrap();
    assert!(ready.starts_with("listening "), "{ready}");
    assert!(node.try_wait().unwrap().is_none());
    drop(node.stdin.take());
    assert!(node.wait().unwrap().success());
}
