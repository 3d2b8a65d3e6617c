//! Any text at all: the parser returns, every place it names is in the text, and no error node comes without a report.

use dsl::problem::Problems;
use dsl::source::Source;
use proptest::prelude::*;

/// Everything the language is made of, and a little it is not.
const SOUP: &[&str] = &[
    "machine",
    "fn",
    "type",
    "const",
    "let",
    "set",
    "become",
    "require",
    "match",
    "if",
    "else",
    "on",
    "true",
    "false",
    "and",
    "or",
    "not",
    "is",
    "version",
    "with",
    "input",
    "output",
    "state",
    "init",
    "in",
    "step",
    "migrate",
    "from",
    "back",
    "to",
    "unchanged",
    "auto",
    "lossy",
    "accept",
    "reply",
    "refuse",
    "trace",
    "given",
    "check",
    "upgrade",
    "fault",
    "retired",
    "at",
    "as",
    "v1",
    "invariant",
    "property",
    "after",
    "across",
    "witness",
    "case",
    "first",
    "each",
    "choose",
    "curry",
    "tap",
    "second",
    "get",
    "put",
    "id",
    "x",
    "y",
    "f",
    "Ok",
    "Some",
    "Map",
    "Set",
    "Int",
    "M",
    "1",
    "20.5#3",
    "9223372036854775808",
    "\"text\"",
    "\"open",
    "x\"00\"",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{",
    "}",
    ",",
    ":",
    ".",
    "..",
    "=",
    "=>",
    "->",
    "|",
    "|>",
    "==",
    "<",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "++",
    "??",
    ">>>",
    "&&&",
    "***",
    "|||",
    "_",
    "&&",
    ";",
    "@",
    "\n",
    "\n",
    "\n",
    "// note\n",
    "/// about\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        judge(&text)?;
    }

    #[test]
    fn any_soup_of_tokens_is_read(tokens in prop::collection::vec(prop::sample::select(SOUP), 0..80)) {
        judge(&tokens.join(" "))?;
        judge(&format!("machine M version 1 {{\n{}", tokens.join(" ")))?;
        judge(&format!("machine M version 1 {{ on A => {{\n{}", tokens.join(" ")))?;
    }
}

fn judge(text: &str) -> Result<(), TestCaseError> {
    let source = Source::new("a.cam", text).expect("the text is short enough");
    let (module, problems) = dsl::parse::module(&source);
    judge_problems(&source, &problems)?;
    prop_assert!(
        !problems.is_empty() || !format!("{module:?}").contains("Error"),
        "an error without a report"
    );
    let (expression, problems) = dsl::parse::expression(&source);
    judge_problems(&source, &problems)?;
    prop_assert!(
        !problems.is_empty() || !format!("{expression:?}").contains("Error"),
        "an error without a report"
    );
    Ok(())
}

fn judge_problems(source: &Source, problems: &Problems) -> Result<(), TestCaseError> {
    for problem in problems {
        for label in problem.labels.iter().chain([&problem.primary]) {
            let whole = source.span();
            prop_assert!(
                label.span.start >= whole.start
                    && label.span.end <= whole.end
                    && label.span.start <= label.span.end
            );
            prop_assert!(source.text().is_char_boundary(label.span.range().start));
            prop_assert!(source.text().is_char_boundary(label.span.range().end));
        }
        prop_assert!(!problem.render(source, true).is_empty());
    }
    Ok(())
}
