//! One mistake makes one report, hides no other, and leaves the rest of the tree as it was meant.

use dsl::ast::{ItemKind, MemberKind};
use dsl::source::Source;

const BROKEN: &str = include_str!("messages/parse_broken.cam");

#[test]
fn each_planted_mistake_is_reported_once_and_nothing_else_is() {
    let source = Source::new("parse_broken.cam", BROKEN).unwrap();
    let (_, problems) = dsl::parse::module(&source);
    let line = |problem: &dsl::problem::Problem| source.position(problem.primary.span.start).line;
    let found: Vec<_> = problems
        .iter()
        .map(|problem| (line(problem), problem.code.name))
        .collect();
    let codes = |text: &'static str| {
        text.trim_start()
            .strip_prefix("// ")
            .map(|codes| codes.split(", "))
    };
    let planted: Vec<_> = BROKEN
        .lines()
        .zip(2..)
        .flat_map(|(text, line)| {
            codes(text)
                .into_iter()
                .flatten()
                .map(move |code| (line, code))
        })
        .collect();
    assert_eq!(found, planted, "{}", problems.render_short(&source));
    assert!(planted.len() >= 12);
}

#[test]
fn what_is_not_broken_is_in_the_tree() {
    let source = Source::new("parse_broken.cam", BROKEN).unwrap();
    let (module, _) = dsl::parse::module(&source);
    let machine = module.items.iter().find_map(|item| match &item.kind {
        ItemKind::Machine(machine) => Some(machine),
        _ => None,
    });
    let machine = machine.unwrap();
    let handlers = machine
        .members
        .iter()
        .filter(|member| matches!(member.kind, MemberKind::On(_)));
    assert_eq!(
        (
            machine.name.text.as_str(),
            machine.version.number,
            handlers.count()
        ),
        ("Broken", 1, 8)
    );
    assert!(matches!(
        machine.members.last().map(|member| &member.kind),
        Some(MemberKind::Trace(_))
    ));
    assert_eq!(module.items.len(), 6);
}

/// The programs of the manual, to be broken in every place.
const PROGRAMS: &[&str] = &[
    include_str!("programs/counter_2.cam"),
    include_str!("programs/counter_point_free.cam"),
    include_str!("programs/ledger.cam"),
    include_str!("programs/door.cam"),
    include_str!("programs/limiter.cam"),
];

#[test]
fn a_token_lost_or_doubled_anywhere_makes_few_reports() {
    let mut counts = Vec::new();
    for program in PROGRAMS {
        for (start, end) in tokens(program) {
            counts.push(reports(&format!(
                "{}{}",
                &program[..start],
                &program[end..]
            )));
            counts.push(reports(&format!(
                "{} {}",
                &program[..end],
                &program[start..]
            )));
        }
    }
    let total: usize = counts.iter().sum();
    let worst = counts.iter().max().copied().unwrap_or_default();
    assert!(counts.len() > 3_000, "{} slips", counts.len());
    assert!(
        total * 100 <= counts.len() * 115,
        "{total} reports of {} slips",
        counts.len()
    );
    assert!(worst <= 5, "{worst} reports of one slip");
}

fn reports(text: &str) -> usize {
    let source = Source::new("slip.cam", text).expect("the text is short enough");
    dsl::parse::module(&source).1.len()
}

/// Where the words, texts and symbols of a program are, roughly: a symbol is one character.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start..];
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '"' => rest[1..].find('"').map_or(rest.len(), |quote| quote + 2),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        if !first.is_whitespace() && !rest.starts_with("//") {
            tokens.push((start, start + length));
        }
        start += length;
    }
    tokens
}
