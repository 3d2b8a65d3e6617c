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
