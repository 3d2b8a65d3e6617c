//! What other languages are held to: the conformance vectors, an engine in another language that runs them,
//! and a script that writes the bytes of chapter 10.
//!
//! `BLESS=1` writes the vectors anew; the difference is then to be read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use cam::instruction::TABLE;

use harness::bytes::from_hex;
use harness::script::fences;
use harness::tree::{exists, files, read, root, variants};
use harness::vectors;

#[test]
fn the_vectors_are_what_this_implementation_does() {
    let files = vectors::all();
    assert!(files.is_ok(), "{}", files.expect_err("a script is wrong"));
    for (name, text) in files.unwrap_or_default() {
        let path = format!("spec/vectors/{name}");
        if std::env::var_os("BLESS").is_some() {
            fs::write(root().join(&path), &text).expect("the folder is there");
        }
        let written = if exists(&path) {
            read(&path)
        } else {
            String::new()
        };
        let differs = written
            .lines()
            .zip(text.lines())
            .position(|(old, new)| old != new);
        assert!(
            written == text,
            "{path} is not what the product does (from line {:?}); BLESS=1 writes it",
            differs.map(|line| line + 1)
        );
    }
}

#[test]
fn the_script_in_another_language_writes_the_bytes_of_the_chapter() {
    let chapter = "spec/10-front-ends.md";
    let blocks = fences(chapter, &read(chapter));
    let block = blocks.iter().find(|block| block.language == "bytes");
    let expected = from_hex(&block.expect("the chapter has the bytes").text).expect("hexadecimal");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("counter.camb");
    // Without Python this fails: what nobody ran, nobody knows.
    let script = Command::new("python3")
        .arg("-B")
        .arg(root().join("examples/another-language/counter.py"))
        .arg(&path)
        .output()
        .expect("python3 is part of what the tests need");
    assert!(script.status.success(), "{script:?}");
    assert_eq!(fs::read(&path).expect("written"), expected);
}

/// An engine that was written from the specification. What it says of the vectors in a folder.
fn another_engine(folder: &Path) -> Output {
    // Without Python this fails: what nobody ran, nobody knows.
    Command::new("python3")
        .arg("-B")
        .arg(root().join("examples/another-engine/check.py"))
        .arg(folder)
        .output()
        .expect("python3 is part of what the tests need")
}

#[test]
fn an_engine_in_another_language_agrees_with_every_vector() {
    let output = another_engine(&root().join("spec/vectors"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(said.matches(" agree ").count(), 4, "{said}");
}

/// Mutants that the engine in another language judges in every run. `MUTANTS=20000` tries more, in a minute.
const MUTANTS: u64 = 1500;

#[test]
fn an_engine_in_another_language_agrees_on_mutants_that_nobody_chose() {
    let wanted = std::env::var("MUTANTS").ok();
    let count = wanted.and_then(|number| number.parse().ok());
    let count = count.unwrap_or(MUTANTS);
    let (text, accepted) = vectors::mutants(1, count).expect("the scripts are true");
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("mutants.txt"), text).expect("written");
    let output = another_engine(folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(accepted > count / 4, "{accepted} of {count} are accepted");
}

#[test]
fn an_engine_in_another_language_notices_a_wrong_vector() {
    let text = read("spec/vectors/modules.txt");
    let lines = [
        "digest ",
        "function ",
        "machine ",
        "run ",
        "trap ",
        "start ",
        "step ",
        "stop ",
    ];
    for kind in lines {
        let right = text.lines().find(|line| line.starts_with(kind));
        let right = right.expect("there is one of each kind");
        let last = right.chars().last().expect("a line has words");
        let wrong = format!(
            "{}{}",
            &right[..right.len() - 1],
            if last == '1' { '2' } else { '1' }
        );
        let folder = tempfile::tempdir().expect("a temporary folder");
        let spoilt = text.replacen(right, &wrong, 1);
        fs::write(folder.path().join("modules.txt"), spoilt).expect("written");
        let output = another_engine(folder.path());
        assert_eq!(output.status.code(), Some(1), "{wrong}: {output:?}");
    }
}

#[test]
fn every_reason_to_refuse_bytes_is_in_the_vectors() {
    let texts: Vec<String> = files("spec/vectors", ".txt")
        .iter()
        .map(|path| read(path))
        .collect();
    let words: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.split_whitespace())
        .collect();
    let tables = [
        ("cam/src/malformed.rs", "MalformedReason"),
        ("cam/src/invalid.rs", "InvalidReason"),
    ];
    for (path, table) in tables {
        for reason in variants(&read(path), table) {
            // No bytes lead to these: one is of modules that were built by hand, and of a module with a
            // schema the vectors ask whether it is a machine, of others whether it is a migration.
            let is_of_bytes = !["NotCanonical", "Schema"].contains(&reason.as_str());
            assert_eq!(words.contains(reason.as_str()), is_of_bytes, "{reason}");
        }
    }
}

#[test]
fn the_vectors_run_and_refuse_every_instruction() {
    let (ran, refused) = vectors::instructions().expect("the scripts are true");
    for row in TABLE {
        assert!(
            ran.contains(row.mnemonic),
            "`{}` is never run",
            row.mnemonic
        );
        assert!(
            refused.contains(row.mnemonic),
            "`{}` is never refused",
            row.mnemonic
        );
    }
}
