//! The specification runs: every fenced script, every table that is written from the source, and every
//! test that a promise names.

use std::collections::BTreeSet;

use cam::instruction::{Manner, TABLE};
use cam::trap::TrapReason;
use harness::bytes::from_hex;
use harness::generated::{check, table};
use harness::language::Chapter;
use harness::script::{self, Fence, Shown, fences};
use harness::tree::{constants, documented, exists, files, read};

/// Every language a fenced block may be in; a misspelt one would never run.
const LANGUAGES: [&str; 7] = [
    "asm",
    "bytes",
    "cam",
    "cam-refused",
    "cam-warned",
    "ebnf",
    "text",
];

fn blocks(path: &str) -> Vec<Fence> {
    fences(path, &read(path))
}

fn chapters() -> Vec<String> {
    files("spec", ".md")
}

fn nothing_in(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

/// Runs the assembly of a chapter; bytes must be those of the module before them.
fn shown_by(path: &str, wrong: &mut Vec<String>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for fence in blocks(path) {
        match fence.language.as_str() {
            "asm" => match script::check(&fence.text) {
                Ok(result) => shown.push(result),
                Err(error) => wrong.push(format!("{}: {error}", fence.place)),
            },
            "bytes" => {
                let expected = shown
                    .last()
                    .map(|shown| shown.bytes.clone())
                    .unwrap_or_default();
                if from_hex(&fence.text).as_ref() != Ok(&expected) {
                    let hex: Vec<String> =
                        expected.iter().map(|byte| format!("{byte:02X}")).collect();
                    wrong.push(format!("{}: the bytes are {}", fence.place, hex.join(" ")));
                }
            }
            _ => {}
        }
    }
    shown
}

#[test]
fn every_script_is_true() {
    let (mut wrong, mut scripts) = (Vec::new(), 0);
    for path in chapters() {
        scripts += shown_by(&path, &mut wrong).len();
    }
    nothing_in(&wrong);
    println!("{scripts} scripts");
    assert!(scripts > 20, "{scripts}");
}

#[test]
fn every_example_in_the_language_compiles_and_its_traces_hold() {
    let (mut wrong, mut traces) = (Vec::new(), 0);
    for path in chapters() {
        let mut chapter = Chapter::default();
        for fence in blocks(&path) {
            let result = match fence.language.as_str() {
                "cam" => chapter.accept(&fence.text),
                "cam-refused" => chapter.refuse(&fence.text),
                "cam-warned" => chapter.warn(&fence.text),
                _ => Ok(()),
            };
            wrong.extend(
                result
                    .err()
                    .map(|error| format!("{}: {error}", fence.place)),
            );
        }
        traces += chapter.traces;
    }
    nothing_in(&wrong);
    println!("{traces} traces");
    assert!(traces > 5, "{traces}");
}

#[test]
fn every_block_is_in_a_language_that_is_checked() {
    let mut wrong = Vec::new();
    for fence in chapters().iter().flat_map(|path| blocks(path)) {
        if !LANGUAGES.contains(&fence.language.as_str()) {
            wrong.push(format!(
                "{}: `{}` is no language of the specification",
                fence.place, fence.language
            ));
        }
    }
    nothing_in(&wrong);
}

/// A section that moves takes its number along, and the links to it stay behind.
#[test]
fn every_link_to_a_section_leads_to_one() {
    let (mut wrong, mut links) = (Vec::new(), 0);
    for path in chapters() {
        let text = read(&path);
        let targets = text.split("](").skip(1);
        let targets = targets.filter_map(|rest| Some(rest.split_once(')')?.0));
        for target in targets.filter(|target| !target.contains(':')) {
            let Some((file, anchor)) = target.split_once('#') else {
                continue;
            };
            let chapter = match file {
                "" => path.clone(),
                file => match path.rsplit_once('/') {
                    Some((folder, _)) => format!("{folder}/{file}"),
                    None => file.to_owned(),
                },
            };
            links += 1;
            let sections = read(&chapter);
            let mut sections = sections.lines().filter(|line| line.starts_with('#'));
            if !sections.any(|line| anchor_of(line) == anchor) {
                wrong.push(format!("{path}: `{target}` leads nowhere"));
            }
        }
    }
    assert!(links > 10, "{links}");
    nothing_in(&wrong);
}

/// The anchor that Markdown gives to a heading.
fn anchor_of(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_instruction_is_accepted_by_one_script_and_refused_by_another() {
    let mut wrong = Vec::new();
    let shown: Vec<Shown> = ["spec/3-bytecode.md", "spec/5-execution.md"]
        .iter()
        .flat_map(|path| shown_by(path, &mut wrong))
        .collect();
    let accepted: BTreeSet<&str> = shown.iter().flat_map(|one| one.accepted.clone()).collect();
    let refused: BTreeSet<&str> = shown
        .iter()
        .flat_map(|one| &one.refused)
        .map(|(mnemonic, _)| *mnemonic)
        .collect();
    let all: BTreeSet<&str> = TABLE.iter().map(|row| row.mnemonic).collect();
    for (found, what) in [(accepted, "never run"), (refused, "never refused")] {
        let missing: Vec<&&str> = all.difference(&found).collect();
        assert!(missing.is_empty(), "{what}: {missing:?}");
    }
}

/// What an instruction means stands in chapter 5 in words; its typing rule and its cost are in the table.
#[test]
fn every_instruction_is_told_in_words() {
    let chapter = read("spec/5-execution.md");
    let prose: String = chapter.split("```").step_by(2).collect();
    let words: BTreeSet<&str> = prose
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|quoted| quoted.split_whitespace().next())
        .collect();
    let untold = TABLE.iter().map(|row| row.mnemonic);
    let untold: Vec<&str> = untold.filter(|name| !words.contains(name)).collect();
    assert!(untold.is_empty(), "chapter 5 does not tell of {untold:?}");
}

#[test]
fn every_trap_is_shown_or_named_with_its_test() {
    let chapter = read("spec/5-execution.md");
    let shown = shown_by("spec/5-execution.md", &mut Vec::new());
    let seen: BTreeSet<&str> = shown.iter().flat_map(|one| one.traps.clone()).collect();
    for (name, _) in traps() {
        // A size limit is a matter of instances, and scripts run functions.
        let tested = name == "size-limit" && chapter.contains("instance.rs::");
        assert!(tested || seen.contains(name), "`{name}` is never seen");
    }
}

/// Names and meanings, by number on the wire.
fn traps() -> Vec<(&'static str, String)> {
    let variants = documented(&read("cam/src/trap.rs"), "TrapReason");
    let reasons = (1..).map_while(|code| TrapReason::from_code(code, 0));
    let traps: Vec<_> = reasons
        .map(TrapReason::name)
        .zip(variants.iter().map(|(_, doc)| doc.clone()))
        .collect();
    assert_eq!(traps.len(), variants.len(), "the numbers have no gaps");
    traps
}

/// A row for each instruction.
fn instructions() -> Vec<Vec<String>> {
    TABLE
        .iter()
        .map(|row| {
            let name = [&[row.mnemonic], row.operands].concat().join(" ");
            vec![
                format!("`{:02X}`", row.code),
                format!("`{name}`"),
                format!("`{}`", row.effect),
                row.cost.to_string(),
                row.since.to_string(),
                manner(row.manner),
            ]
        })
        .collect()
}

/// How an instruction can end and is paid for, in the words of certificates.
fn manner(manner: Manner) -> String {
    let words = [
        (manner.traps, "`fails`"),
        (manner.loops, "`loops`"),
        (manner.sized, "`sized`"),
    ];
    let words = words.iter().filter(|(holds, _)| *holds);
    words.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_tables_are_those_of_the_source() {
    let instructions = instructions();
    let limits: Vec<Vec<String>> = constants(&read("cam/src/limits.rs"))
        .into_iter()
        .map(|(name, value, why)| vec![format!("`{name}`"), format!("`{value}`"), why])
        .collect();
    let reasons = |path: &str, enumeration: &str| -> Vec<Vec<String>> {
        let variants = documented(&read(path), enumeration);
        variants
            .into_iter()
            .map(|(name, why)| vec![format!("`{name}`"), why])
            .collect()
    };
    let traps: Vec<Vec<String>> = (1..)
        .zip(traps())
        .map(|(code, (name, why))| vec![code.to_string(), format!("`{name}`"), why])
        .collect();
    let effect = [
        "code",
        "instruction",
        "register and stack",
        "cost",
        "since",
        "also",
    ];
    let sections = [
        (
            "spec/3-bytecode.md",
            "instructions",
            table(&effect, &instructions),
        ),
        (
            "spec/3-bytecode.md",
            "limits",
            table(&["limit", "value", "of what"], &limits),
        ),
        (
            "spec/3-bytecode.md",
            "malformed",
            table(
                &["reason", "when"],
                &reasons("cam/src/malformed.rs", "MalformedReason"),
            ),
        ),
        (
            "spec/4-verification.md",
            "invalid",
            table(
                &["reason", "when"],
                &reasons("cam/src/invalid.rs", "InvalidReason"),
            ),
        ),
        (
            "spec/5-execution.md",
            "traps",
            table(&["number", "name", "when"], &traps),
        ),
    ];
    let wrong = sections
        .iter()
        .filter_map(|(path, name, expected)| check(path, name, expected).err());
    nothing_in(&wrong.collect::<Vec<_>>());
}

#[test]
fn the_tables_of_the_language_are_those_of_the_source() {
    let problems: Vec<Vec<String>> = dsl::problem::catalogue::ALL
        .iter()
        .map(|code| {
            let severity = code.severity.word().to_owned();
            vec![
                format!("`{}`", code.name),
                severity,
                code.meaning.to_owned(),
            ]
        })
        .collect();
    let faults: Vec<Vec<String>> = dsl::fault::Fault::ALL
        .iter()
        .map(|fault| vec![fault.code().to_string(), fault.meaning().to_owned()])
        .collect();
    let sections = [
        ("faults", table(&["code", "when"], &faults)),
        ("problems", table(&["code", "", "when"], &problems)),
    ];
    let chapter = "spec/6-language.md";
    let wrong = sections
        .iter()
        .filter_map(|(name, expected)| check(chapter, name, expected).err());
    nothing_in(&wrong.collect::<Vec<_>>());
}

#[test]
fn every_built_in_function_is_in_the_chapter() {
    let source = read("dsl/src/builtin.rs");
    let (_, rows) = source
        .split_once("\ntable! {\n")
        .expect("the table is in the file");
    let (rows, _) = rows.split_once("\n}").expect("it ends");
    let chapter = read("spec/6-language.md");
    for row in rows.lines() {
        let name = row.split('"').nth(1).expect("a row starts with a name");
        assert!(
            chapter.contains(&format!("`{name}(")),
            "`{name}` is not in chapter 6"
        );
    }
}

#[test]
fn every_test_that_a_chapter_names_is_there() {
    let (mut wrong, mut named) = (Vec::new(), 0);
    for path in chapters() {
        for (line, text) in read(&path).lines().enumerate() {
            let quoted = text.split('`').skip(1).step_by(2);
            for (file, function) in quoted.filter_map(|word| word.split_once("::")) {
                if !file.ends_with(".rs") {
                    continue;
                }
                named += 1;
                let is_there = exists(file) && read(file).contains(&format!("fn {function}("));
                if !is_there {
                    wrong.push(format!("{path}:{}: `{file}` has no `{function}`", line + 1));
                }
            }
        }
    }
    nothing_in(&wrong);
    assert!(named > 15, "{named}");
}

/// A promise is a heading `### 12. What is promised`; its paragraph names tests.
#[test]
fn every_promise_is_numbered_and_names_its_test() {
    let text = read("spec/9-properties.md");
    let mut wrong = Vec::new();
    let promises = text.split("\n### ").skip(1);
    for (number, promise) in (1..).zip(promises) {
        let (title, rest) = promise.split_once('\n').unwrap_or((promise, ""));
        if !title.starts_with(&format!("{number}. ")) {
            wrong.push(format!("promise {number} is called `{title}`"));
        }
        let body = rest.split("\n## ").next().unwrap_or_default();
        if !body.contains(".rs::") {
            wrong.push(format!("`{title}`: no test holds it"));
        }
    }
    nothing_in(&wrong);
}

#[test]
fn every_link_between_chapters_leads_somewhere() {
    let mut wrong = Vec::new();
    for path in chapters() {
        let (folder, _) = path.rsplit_once('/').unwrap_or(("", &path));
        for link in read(&path).split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            let is_local = !target.is_empty() && !target.contains("://");
            if is_local && !exists(&format!("{folder}/{target}")) {
                wrong.push(format!("{path}: `{target}` is not there"));
            }
        }
    }
    nothing_in(&wrong);
}
