//! The formatter: it never changes what a source says, it keeps comments, and what it wrote it leaves alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the tests read the sources of the repository; the crate they test has no files"
)]

#[path = "format/generated.rs"]
mod generated;
#[path = "format/layouts.rs"]
mod layouts;

use std::fs;
use std::path::{Path, PathBuf};

use dsl::ast::Module;
use dsl::format::{Unformatted, WIDTH, format};
use dsl::parse;
use dsl::problem::Severity;
use dsl::source::Source;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The tree as text without its places.
fn shape(module: &Module) -> String {
    let text = format!("{:?}", module.items);
    let mut pieces = text.split("Span { start: ");
    let mut shape = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        shape.push_str(piece.split_once('}').unwrap().1);
    }
    shape
}

fn tree(text: &str) -> Option<Module> {
    let (module, problems) = parse::module(&Source::new("a.cam", text).unwrap());
    let is_error = |severity| severity == Severity::Error;
    let is_wrong = problems.iter().any(|problem| is_error(problem.severity()));
    (!is_wrong).then_some(module)
}

fn formatted(text: &str) -> Result<String, Unformatted> {
    format(&Source::new("a.cam", text).unwrap())
}

/// Everything that is promised of one text. False if it has no layout because it does not parse.
fn holds_for(text: &str) -> bool {
    let Some(before) = tree(text) else {
        let refused = formatted(text).expect_err("what does not parse has no layout");
        assert!(matches!(refused, Unformatted::Problems(_)), "{text}");
        return false;
    };
    let Ok(laid) = formatted(text) else {
        panic!("no layout:\n{text}");
    };
    let after = tree(&laid).unwrap_or_else(|| panic!("{text}\nbecame\n{laid}"));
    assert_eq!(shape(&before), shape(&after), "{text}\nbecame\n{laid}");
    assert_eq!(formatted(&laid).as_ref(), Ok(&laid), "of\n{text}");
    assert_eq!(
        text.matches("// c").count(),
        laid.matches("// c").count(),
        "{laid}"
    );
    assert!(laid.lines().all(|line| line == line.trim_end()), "{laid}");
    assert!(
        !laid.contains("\n\n\n") && !laid.starts_with('\n'),
        "{laid}"
    );
    assert!(
        laid.is_empty() || laid.ends_with('\n') && !laid.ends_with("\n\n"),
        "{laid}"
    );
    true
}

#[test]
fn no_source_of_the_repository_changes_its_meaning() {
    let mut count = 0;
    for text in corpus() {
        count += usize::from(holds_for(&text));
    }
    assert!(count > 60, "only {count} sources were formatted");
}

#[test]
fn all_examples_are_formatted() {
    let mut count = 0;
    for path in files(&root().join("examples")) {
        let is_source = path.extension().is_some_and(|extension| extension == "cam");
        // What was released stays as it was, to the byte.
        if !is_source || path.components().any(|part| part.as_os_str() == "history") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            formatted(&text).as_ref(),
            Ok(&text),
            "run `cam fmt` in {}",
            path.display()
        );
        count += 1;
    }
    assert!(count >= 4);
}

#[test]
fn only_words_that_fit_on_no_line_are_beyond_the_width() {
    for text in corpus() {
        let Ok(laid) = formatted(&text) else { continue };
        for line in laid.lines().filter(|line| !line.contains("//")) {
            let is_long = line.chars().count() > WIDTH;
            let is_one_text = line.contains('"') || line.contains("fn(");
            assert!(!is_long || is_one_text, "{line}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 40 } else { 2_000 }))]

    #[test]
    fn any_spacing_and_any_comments_keep_the_meaning(
        text in select(corpus()),
        changes in prop::collection::vec((any::<Index>(), select(GAPS)), 0..12),
    ) {
        holds_for(&respaced(&text, &changes));
    }

    #[test]
    fn any_program_keeps_its_meaning(text in generated::program()) {
        holds_for(&text);
    }

    #[test]
    fn half_a_program_is_formatted_or_refused(text in select(corpus()), at in any::<Index>(), length in 1_usize..9) {
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let start = *at.get(&places);
        let end = text[start..].char_indices().nth(length).map_or(text.len(), |(n, _)| start + n);
        holds_for(&(text[..start].to_owned() + &text[end..]));
    }
}

/// Time is linear in the text: a list as long as a file may be is laid out, and so is the deepest of all.
#[test]
fn a_large_file_is_laid_out_in_the_time_it_takes_to_read_it() {
    let numbers = format!("const a: List(Int) = [{}]", "1, ".repeat(20_000));
    let calls = format!("const a: Int = f({} fn(x) => [x])", "a, ".repeat(20_000));
    let nested = format!("const a: Int = {}1{}", "f(a, [".repeat(20), "])".repeat(20));
    let comments = format!("{}const a: Int = 1", "// c\n".repeat(20_000));
    for text in [numbers, calls, nested, comments] {
        let laid = formatted(&text).expect("it parses");
        assert!(laid.len() >= text.split_whitespace().map(str::len).sum::<usize>());
    }
}

#[test]
fn most_generated_programs_parse() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let parsed = (0..100).filter(|_| {
        let text = generated::program().new_tree(&mut runner).unwrap();
        tree(&proptest::strategy::ValueTree::current(&text)).is_some()
    });
    let count = parsed.count();
    assert!(count > 50, "{count} of 100");
}

/// What may stand between two tokens.
const GAPS: &[&str] = &[
    "",
    " ",
    "   ",
    "\t",
    "\n",
    "\r\n",
    "\n\n\n",
    " // c\n",
    "\n// c\n",
    "\n\n  // c\n\n",
    " /// c\n",
    "\n/// c\n",
    " // c\n // c\n",
];

/// The text with other gaps where it has some.
fn respaced(text: &str, changes: &[(Index, &str)]) -> String {
    let mut gaps: Vec<usize> = Vec::new();
    let (mut in_text, mut in_comment) = (false, false);
    for (place, c) in text.char_indices() {
        match c {
            '"' if !in_comment && !text[..place].ends_with('\\') => in_text = !in_text,
            '/' if !in_text => in_comment = true,
            '\n' => (in_text, in_comment) = (false, false),
            _ => {}
        }
        if c.is_whitespace() && !in_text && !in_comment {
            gaps.push(place);
        }
    }
    let mut chosen: Vec<(usize, &str)> = Vec::new();
    for (index, gap) in changes.iter().filter(|_| !gaps.is_empty()) {
        chosen.push((*index.get(&gaps), gap));
    }
    chosen.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    chosen.dedup_by_key(|(place, _)| *place);
    let mut changed = text.to_owned();
    for (place, gap) in chosen {
        changed.replace_range(place..=place, gap);
    }
    changed
}

/// Every source of the repository that stands in a file or in a block of the specification.
fn corpus() -> Vec<String> {
    let mut texts = Vec::new();
    for folder in [
        "examples",
        "dsl/tests",
        "tests/workloads",
        "upgrade-cli",
        "spec",
    ] {
        for path in files(&root().join(folder)) {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("cam") => texts.push(fs::read_to_string(&path).unwrap()),
                Some("md") => texts.extend(blocks(&fs::read_to_string(&path).unwrap())),
                _ => {}
            }
        }
    }
    texts
}

fn blocks(markdown: &str) -> Vec<String> {
    let parts = markdown.split("\n```");
    let inside = parts.skip(1).step_by(2);
    inside
        .filter_map(|block| Some(block.split_once('\n')?.1.to_owned()))
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
