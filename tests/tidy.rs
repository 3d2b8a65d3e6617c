//! The house itself: what every file must say first, how long it may be, and which way the arrows point.
//!
//! Style that is not tested drifts. Each rule here names the file and the line that breaks it.

use harness::generated;
use harness::tree::{exists, files, read};

const CRATES: [&str; 5] = ["cam", "dsl", "node", "upgrade-cli", "tests"];

/// Which crates of the workspace a crate may know.
const ARROWS: [(&str, &[&str]); 5] = [
    ("cam", &[]),
    ("dsl", &["cam"]),
    ("node", &["cam"]),
    ("upgrade-cli", &["cam", "dsl", "node"]),
    ("tests", &["cam", "dsl", "node"]),
];

/// Which chapter of the specification is implemented by which files.
const CHAPTERS: [(&str, &[&str]); 11] = [
    (
        "1-types.md",
        &["cam/src/types.rs", "cam/src/value.rs", "cam/src/schema.rs"],
    ),
    (
        "2-combinators.md",
        &["cam/src/combinator.rs", "cam/src/state.rs"],
    ),
    (
        "3-bytecode.md",
        &[
            "cam/src/instruction.rs",
            "cam/src/compile.rs",
            "cam/src/encode.rs",
            "cam/src/decode.rs",
            "cam/src/digest.rs",
            "cam/src/limits.rs",
        ],
    ),
    (
        "4-verification.md",
        &["cam/src/verify.rs", "cam/src/typing.rs"],
    ),
    (
        "5-execution.md",
        &[
            "cam/src/machine.rs",
            "cam/src/trap.rs",
            "cam/src/instance.rs",
        ],
    ),
    (
        "6-language.md",
        &[
            "dsl/src/parse.rs",
            "dsl/src/check.rs",
            "dsl/src/translate.rs",
        ],
    ),
    (
        "7-upgrade.md",
        &[
            "node/src/bundle.rs",
            "node/src/upgrade.rs",
            "node/src/store.rs",
        ],
    ),
    (
        "8-protocol.md",
        &["node/src/protocol.rs", "node/src/server.rs"],
    ),
    (
        "9-properties.md",
        &["tests/meaning.rs", "tests/hostile.rs", "tests/verifier.rs"],
    ),
    (
        "10-front-ends.md",
        &[
            "examples/another-language/counter.py",
            "upgrade-cli/src/module_file.rs",
        ],
    ),
    ("vectors/README.md", &["tests/vectors.rs"]),
];

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

fn sources() -> Vec<String> {
    CRATES.iter().flat_map(|name| files(name, ".rs")).collect()
}

/// Fails with everything that is wrong, one line each.
fn nothing_in(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let mut wrong = Vec::new();
    for path in sources() {
        let text = read(&path);
        let first = text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") || first.len() < 12 {
            wrong.push(format!(
                "{path}:1: the first line is `//! ` and what the file is for"
            ));
        }
    }
    nothing_in(&wrong);
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let mut wrong = Vec::new();
    for path in sources() {
        let lines = read(&path).lines().count();
        if lines > FILE_LINES_MAX {
            wrong.push(format!(
                "{path}: {lines} lines, allowed are {FILE_LINES_MAX}"
            ));
        }
    }
    nothing_in(&wrong);
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut wrong = Vec::new();
    for path in sources() {
        for (line, length) in functions(&read(&path)) {
            if length > FUNCTION_LINES_MAX {
                wrong.push(format!(
                    "{path}:{line}: {length} lines, allowed are {FUNCTION_LINES_MAX}"
                ));
            }
        }
    }
    nothing_in(&wrong);
}

/// Where functions start and how many lines of code their bodies have, in source formatted by rustfmt: a
/// function ends with a brace at the column where its first line starts. Blank lines and comments do not
/// count, as in clippy's rule.
fn functions(source: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let (head, rest) = code.split_once("fn ").unwrap_or((code, ""));
        let words = [
            "pub",
            "pub(crate)",
            "pub(super)",
            "const",
            "async",
            "unsafe",
        ];
        let name_ends = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let is_function = name_ends.is_some_and(|end| rest[end..].starts_with(['(', '<']))
            && head.split_whitespace().all(|word| words.contains(&word))
            && !code.ends_with(';');
        if is_function && !code.ends_with('}') {
            let close = format!("{}}}", " ".repeat(line.len() - code.len()));
            let body = lines[at..].iter().skip_while(|line| !line.ends_with('{'));
            let body = body.skip(1).take_while(|line| **line != close);
            let code = body
                .map(|line| line.trim())
                .filter(|line| !line.is_empty() && !line.starts_with("//"));
            found.push((at + 1, code.count()));
        }
    }
    found
}

#[test]
fn the_length_of_functions_is_measured() {
    let source = "fn a() {\n    // why\n\n    one();\n}\n\nimpl B {\n    pub(crate) fn c(\n        &self,\n    ) {\n    }\n}\n";
    assert_eq!(functions(source), [(1, 1), (8, 0)]);
}

#[test]
fn no_word_stands_for_work_not_done_and_no_path_leads_out() {
    // In two halves each, or this file would break its own rule.
    let words = [
        ("to", "do!("),
        ("unimple", "mented!("),
        ("#[ig", "nore"),
        ("should_", "panic"),
        ("FIX", "ME"),
        ("XX", "X:"),
        ("/wo", "rk/"),
        ("/ho", "me/"),
        ("/ro", "ot/"),
        ("/Us", "ers/"),
    ];
    let words = words.map(|(left, right)| format!("{left}{right}"));
    let mut texts = sources();
    texts.extend(
        ["spec", "examples"]
            .iter()
            .flat_map(|folder| files(folder, ""))
            .filter(|path| !path.ends_with(".camb")), // bytecode
    );
    texts.extend(CRATES.map(|name| format!("{name}/Cargo.toml")));
    texts.extend(
        files("", ".md")
            .into_iter()
            .filter(|path| !path.contains('/')),
    );
    let mut wrong = Vec::new();
    for path in texts {
        for (line, text) in read(&path).lines().enumerate() {
            for word in words.iter().filter(|word| text.contains(word.as_str())) {
                wrong.push(format!("{path}:{}: `{word}`", line + 1));
            }
        }
    }
    nothing_in(&wrong);
}

#[test]
fn no_room_is_named_after_nothing() {
    let mut wrong = Vec::new();
    for path in sources() {
        let rooms = [
            "utils", "util", "helpers", "helper", "common", "misc", "shared", "stuff",
        ];
        let named = path
            .trim_end_matches(".rs")
            .split('/')
            .any(|room| rooms.contains(&room));
        if named {
            wrong.push(format!(
                "{path}: if a function has no home, a noun is missing"
            ));
        }
    }
    nothing_in(&wrong);
}

/// The lines of one section of a manifest.
fn section(manifest: &str, name: &str) -> Vec<String> {
    let head = format!("[{name}]");
    let inside = manifest
        .lines()
        .skip_while(|line| line.trim() != head)
        .skip(1);
    let inside = inside.take_while(|line| !line.starts_with('['));
    inside
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

fn dependency(line: &str) -> &str {
    let end = line.find(|letter: char| !letter.is_alphanumeric() && !"-_".contains(letter));
    &line[..end.unwrap_or(line.len())]
}

#[test]
fn the_crates_know_each_other_as_designed() {
    let mut wrong = Vec::new();
    for (name, allowed) in ARROWS {
        let manifest = read(&format!("{name}/Cargo.toml"));
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for line in section(&manifest, kind) {
                let known = dependency(&line);
                let package = if known == "cli" { "upgrade-cli" } else { known };
                if CRATES.contains(&package) && !allowed.contains(&package) {
                    wrong.push(format!(
                        "{name}/Cargo.toml: `{name}` may not know `{package}`"
                    ));
                }
            }
        }
    }
    nothing_in(&wrong);
}

#[test]
fn every_dependency_has_its_reason_beside_it() {
    let mut wrong = Vec::new();
    for name in CRATES {
        for line in section(&read(&format!("{name}/Cargo.toml")), "dependencies") {
            let known = dependency(&line);
            let is_ours = CRATES.contains(&known) || line.starts_with('#');
            let has_reason = line
                .split_once('#')
                .is_some_and(|(_, why)| why.trim().len() > 3);
            // The bench is a development dependency of nobody but itself.
            if !is_ours && !has_reason && name != "tests" {
                wrong.push(format!(
                    "{name}/Cargo.toml: `{known}` without a reason on its line"
                ));
            }
            if !line.contains("workspace = true") && !line.starts_with('#') {
                wrong.push(format!(
                    "{name}/Cargo.toml: the version of `{known}` stands in the root"
                ));
            }
        }
    }
    nothing_in(&wrong);
}

#[test]
fn every_test_file_is_a_test() {
    let manifest = read("tests/Cargo.toml");
    let mut wrong = Vec::new();
    for path in files("tests", ".rs") {
        let name = path.trim_start_matches("tests/");
        if !name.contains('/') && !manifest.contains(&format!("path = \"{name}\"")) {
            wrong.push(format!("{path}: without a [[test]] it never runs"));
        }
    }
    nothing_in(&wrong);
}

/// The folders that are not crates, and what they are for.
const FOLDERS: [(&str, &str); 2] = [
    (
        "spec/",
        "the machine, the language and the protocol in reading order; its scripts run",
    ),
    ("examples/", "whole projects to copy"),
];

/// The map of rooms in the README is the tree: each file with its own first line.
#[test]
fn the_map_in_the_readme_is_the_tree() {
    if !exists("README.md") {
        return;
    }
    let mut rows = Vec::new();
    for name in CRATES {
        let manifest = read(&format!("{name}/Cargo.toml"));
        let description = manifest
            .lines()
            .find_map(|line| line.strip_prefix("description = "));
        let description = description.expect("a crate says what it is");
        rows.push((format!("{name}/"), description.trim_matches('"').to_owned()));
        for path in files(name, ".rs")
            .into_iter()
            .filter(|path| is_mapped(path))
        {
            let purpose = purpose(&read(&path));
            rows.push((path, purpose));
        }
    }
    rows.extend(FOLDERS.map(|(path, purpose)| (path.to_owned(), purpose.to_owned())));
    let width = rows
        .iter()
        .map(|(path, _)| path.len())
        .max()
        .unwrap_or_default();
    let lines = rows
        .iter()
        .map(|(path, purpose)| format!("{path:width$}  {purpose}\n"));
    let map = format!("```text\n{}```", lines.collect::<String>());
    let checked = generated::check("README.md", "rooms", &map);
    assert!(checked.is_ok(), "{}", checked.expect_err("the map is old"));
}

/// The first sentence of a file's head, without links.
fn purpose(source: &str) -> String {
    let head = source.lines().map_while(|line| line.strip_prefix("//! "));
    let text = head.collect::<Vec<_>>().join(" ");
    let sentence = text.split(". ").next().unwrap_or_default();
    let mut plain = String::new();
    for piece in sentence.trim_end_matches(['.', ':']).split('[') {
        match piece.split_once(']') {
            Some((name, rest)) => {
                let after = rest.strip_prefix('(').and_then(|link| link.split_once(')'));
                plain += name;
                plain += after.map_or(rest, |(_, after)| after);
            }
            None => plain += piece,
        }
    }
    plain
}

#[test]
fn a_purpose_is_a_sentence_without_links() {
    let source = "//! What [`read`](crate::read)\n//! reads: all of it. And more.\n\nfn f() {}\n";
    assert_eq!(purpose(source), "What `read` reads: all of it");
}

/// The files at the top of each crate; what lies below is the business of its room.
fn is_mapped(path: &str) -> bool {
    let inside = path.split_once('/').map_or(path, |(_, inside)| inside);
    !inside.trim_start_matches("src/").contains('/')
}

#[test]
fn every_chapter_names_the_files_that_implement_it() {
    let readme = read("spec/README.md");
    let mut wrong = Vec::new();
    for (chapter, modules) in CHAPTERS {
        let row = readme
            .lines()
            .find(|line| line.starts_with('|') && line.contains(chapter));
        let Some(row) = row else {
            wrong.push(format!("spec/README.md: no row for {chapter}"));
            continue;
        };
        for module in modules {
            if !row.contains(&format!("`{module}`")) {
                wrong.push(format!(
                    "spec/README.md: `{module}` is not in the row of {chapter}"
                ));
            }
        }
        for named in row.split('`').skip(1).step_by(2) {
            if exists(&format!("spec/{chapter}")) && !exists(named) {
                wrong.push(format!("spec/README.md: `{named}` is not there"));
            }
        }
    }
    for path in files("spec", ".md") {
        let name = path.trim_start_matches("spec/");
        let known = name == "README.md" || CHAPTERS.iter().any(|(chapter, _)| *chapter == name);
        if !known {
            wrong.push(format!("{path}: no such chapter"));
        }
    }
    nothing_in(&wrong);
}

#[test]
fn the_crates_without_clock_and_files_say_so_to_the_linter() {
    for name in ["cam", "dsl"] {
        let rules = read(&format!("{name}/clippy.toml"));
        for banned in [
            "Instant::now",
            "SystemTime::now",
            "fs::File",
            "thread::spawn",
            "env::var",
        ] {
            assert!(
                rules.contains(banned),
                "{name}/clippy.toml does not ban {banned}"
            );
        }
        let library = read(&format!("{name}/src/lib.rs"));
        let absent = ["does **not** know", "knows no "];
        let says = absent.iter().any(|words| library.contains(words));
        assert!(says, "{name}/src/lib.rs: say what is absent");
    }
}
