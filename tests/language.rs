//! The chapter of the language is complete: every code, word, limit and built-in function stands in it.

use std::collections::BTreeSet;

use dsl::problem::catalogue::ALL;
use dsl::problem::{Severity, page};
use harness::generated::{check, table};
use harness::language::Chapter;
use harness::script::fences;
use harness::tree::{constants, read};

const CHAPTER: &str = "spec/6-language.md";

/// Codes that no block of the chapter shows, and where they are tested: their sources are too long for a
/// page, have no machine, or hold characters that a page should not.
const ELSEWHERE: [(&str, &str); 11] = [
    ("C001", "dsl/tests/size.rs"),
    ("C002", "dsl/tests/size.rs"),
    ("C003", "dsl/src/compile.rs"), // a mistake of the compiler; none is known
    ("M103", "dsl/tests/check/machines.rs"),
    ("P007", "dsl/src/token/read.rs"),
    ("P040", "dsl/tests/bounds.rs"),
    ("P041", "dsl/tests/bounds.rs"),
    ("R012", "dsl/tests/simulate.rs"),
    ("R013", "dsl/tests/simulate.rs"), // it takes two versions before the source
    ("T204", "dsl/tests/check/bounds.rs"),
    ("V001", "dsl/tests/values.rs"),
];

/// The lines of `path` between a line `open` and the next `}` at the same depth.
fn block(path: &str, open: &str) -> Vec<String> {
    let source = read(path);
    let mut lines = source.lines().skip_while(|line| line.trim() != open);
    let head = lines.next().expect("the block is in the file");
    let depth = head.len() - head.trim_start().len();
    let end = format!("{}}}", " ".repeat(depth));
    lines
        .take_while(|line| *line != end)
        .map(str::to_owned)
        .collect()
}

/// The texts in quotes of a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('"').skip(1).step_by(2).collect()
}

fn words(words: &[String]) -> String {
    let shown: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    shown.join(" ")
}

fn first_quoted(lines: &[String]) -> Vec<String> {
    let first = |line: &String| quoted(line).first().map(|word| (*word).to_owned());
    lines.iter().filter_map(first).collect()
}

/// The names of a list in the room of the built-in functions.
fn listed(head: &str) -> Vec<String> {
    let source = read("dsl/src/builtin.rs");
    let (_, list) = source.split_once(head).expect("the list is in the file");
    let (list, _) = list.split_once("\n];").expect("it ends");
    first_quoted(&list.lines().map(str::to_owned).collect::<Vec<_>>())
}

/// The operators by their names as arrows.
fn operators() -> Vec<String> {
    let mut operators = listed("const OPERATORS: [(&str, Operator); 11] = [");
    operators.extend(["not_", "append"].map(str::to_owned));
    operators
}

/// Name and use of every built-in function.
fn built_ins() -> Vec<(String, String)> {
    let rows = block("dsl/src/builtin.rs", "table! {");
    let entry = |row: &String| match quoted(row).as_slice() {
        [name, usage] => Some(((*name).to_owned(), (*usage).to_owned())),
        _ => None,
    };
    rows.iter().filter_map(entry).collect()
}

#[test]
fn the_words_and_limits_of_the_language_are_those_of_the_source() {
    let reserved = first_quoted(&block("dsl/src/token.rs", "Word {"));
    let limits: Vec<Vec<String>> = constants(&read("dsl/src/limits.rs"))
        .into_iter()
        .map(|(name, value, why)| vec![format!("`{name}`"), format!("`{value}`"), why])
        .collect();
    assert!(reserved.len() > 10 && limits.len() > 3, "{reserved:?}");
    let sections = [
        ("reserved", words(&reserved)),
        ("operators", words(&operators())),
        ("limits", table(&["limit", "value", "of what"], &limits)),
    ];
    for (name, expected) in sections {
        check(CHAPTER, name, &expected).unwrap_or_else(|wrong| unreachable!("{wrong}"));
    }
}

#[test]
fn the_table_of_built_in_functions_has_a_row_for_each_and_no_other() {
    let chapter = read(CHAPTER);
    let (_, section) = chapter
        .split_once("<!-- built-ins -->")
        .expect("the table begins");
    let (section, _) = section
        .split_once("<!-- /built-ins -->")
        .expect("the table ends");
    let rows: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('`').nth(1))
        .collect();
    let built_ins = built_ins();
    let wanted: Vec<&str> = built_ins.iter().map(|(_, usage)| usage.as_str()).collect();
    assert_eq!(rows, wanted);
}

#[test]
fn every_built_in_function_and_arrow_runs_in_an_example() {
    let examples: String = fences(CHAPTER, &read(CHAPTER))
        .into_iter()
        .filter(|fence| fence.language == "cam")
        .map(|fence| fence.text)
        .collect();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let used: BTreeSet<&str> = examples.split(|letter| !is_letter(letter)).collect();
    let arrows = "id fst snd first second case const get put";
    let (operators, built_ins) = (operators(), built_ins());
    let all = operators
        .iter()
        .chain(built_ins.iter().map(|(name, _)| name));
    for word in all.map(String::as_str).chain(arrows.split(' ')) {
        assert!(used.contains(word), "no example uses `{word}`");
    }
}

#[test]
fn every_code_is_shown_by_a_block_or_tested_elsewhere() {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for fence in fences(CHAPTER, &read(CHAPTER)) {
        let code = fence.text.lines().next().unwrap_or_default().to_owned();
        let severity = ALL
            .iter()
            .find(|known| known.name == code)
            .map(|known| known.severity);
        match fence.language.as_str() {
            "cam-refused" => assert_eq!(severity, Some(Severity::Error), "{}", fence.place),
            "cam-warned" => assert_eq!(severity, Some(Severity::Warning), "{}", fence.place),
            _ => continue,
        }
        shown.insert(code);
    }
    for (code, path) in ELSEWHERE {
        assert!(!shown.contains(code), "the chapter shows {code}");
        assert!(read(path).contains(code), "{path} says nothing of {code}");
    }
    let missing: Vec<&str> = ALL
        .iter()
        .map(|code| code.name)
        .filter(|code| !shown.contains(*code) && ELSEWHERE.iter().all(|(own, _)| own != code))
        .collect();
    assert!(missing.is_empty(), "nothing shows {missing:?}");
}

/// `cam explain` has a page for every code. Its wrong example has this mistake and no other, its right one none;
/// only what is shown [`ELSEWHERE`] has no examples.
#[test]
fn every_code_has_a_page_with_a_wrong_and_a_right_example() {
    let mut chapter = Chapter::default();
    for fence in fences(CHAPTER, &read(CHAPTER)) {
        if fence.language == "cam" {
            chapter.accept(&fence.text).expect("the chapter runs");
        }
    }
    let mut wrong = Vec::new();
    for code in ALL {
        let name = code.name;
        let Some(page) = page(*code) else {
            wrong.push(format!("{name} has no page in dsl/src/problem/pages"));
            continue;
        };
        assert!(page.about.len() > 40, "{name} is not explained");
        let (Some(mistake), Some(mended)) = (page.wrong, page.right) else {
            let is_elsewhere = ELSEWHERE.iter().any(|(other, _)| *other == name);
            assert!(is_elsewhere, "{name} has no examples");
            continue;
        };
        let block = format!("{name}\n{mistake}\n");
        let held = match code.severity {
            Severity::Error => chapter.clone().refuse(&block),
            Severity::Warning => chapter.clone().warn(&block),
        };
        let mended = chapter.clone().accept(&format!("{mended}\n"));
        let errors = [held, mended].into_iter().filter_map(Result::err);
        wrong.extend(errors.map(|error| format!("{name}: {error}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}
