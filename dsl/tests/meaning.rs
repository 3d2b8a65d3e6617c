//! What programs mean, in their own words: every trace of every program here passes, and the ones that
//! should fail fail with the right problem at the right place.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::sync::Arc;

use dsl::compile::{Compiled, compile};
use dsl::history::History;
use dsl::source::Source;
use dsl::trace;

fn compiled(name: &str, text: &str, history: &History) -> (Source, Compiled) {
    let source = Source::new(name, text).unwrap();
    match compile(&source, history) {
        Ok(compiled) => (source, compiled),
        Err(problems) => panic!("{}", problems.render(&source, false)),
    }
}

fn passes(name: &str, text: &str, history: &History) -> Compiled {
    let (source, compiled) = compiled(name, text, history);
    for report in trace::run(&compiled) {
        if let Some(problem) = report.failure {
            panic!("{}", problem.render(&source, false));
        }
    }
    compiled
}

#[test]
fn programs_mean_what_their_traces_say() {
    let programs = [
        ("values.cam", include_str!("meaning/values.cam")),
        ("control.cam", include_str!("meaning/control.cam")),
        ("collections.cam", include_str!("meaning/collections.cam")),
        ("combinators.cam", include_str!("meaning/combinators.cam")),
        ("ranges.cam", include_str!("meaning/ranges.cam")),
        ("sequences.cam", include_str!("meaning/sequences.cam")),
        ("stamps.cam", include_str!("meaning/stamps.cam")),
    ];
    for (name, text) in programs {
        passes(name, text, &History::new());
    }
}

#[test]
fn versions_understand_each_other() {
    let first = passes(
        "lamp_1.cam",
        include_str!("meaning/lamp_1.cam"),
        &History::new(),
    );
    let mut history = History::new();
    history.release(Arc::clone(first.program()));
    let second = passes("lamp_2.cam", include_str!("meaning/lamp_2.cam"), &history);
    let upgrade = second.upgrade_from(1).unwrap();
    assert!(upgrade.migration.adapters().is_some());
    assert!(
        upgrade
            .migration
            .fits(first.program(), second.program())
            .is_ok()
    );
}

/// A machine with one trace.
fn with_trace(lines: &str) -> String {
    format!(
        "machine Counter version 1 {{
           input  Incr | Read | Half(Int)
           output Ok | Sum(Int)
           state  {{ count: Int }}
           init   {{ count: 0 }}
           on Incr => {{ set count = count + 1  Ok }}
           on Read => Sum(count)
           on Half(by) => Sum(count / by)
           trace \"t\" {{
             {lines}
           }}
         }}"
    )
}

#[test]
fn a_trace_that_is_wrong_says_where_and_why() {
    let table = [
        (
            "> Incr\n> Read = Sum(2)",
            "R001",
            "the answer is `Sum(1)`, not `Sum(2)`",
            "Sum(2)",
        ),
        (
            "> Incr\ncheck count == 0",
            "R002",
            "this does not hold",
            "count == 0",
        ),
        (
            "> Half(0) = Sum(1)",
            "R003",
            "the step stopped: a division by zero",
            "> Half(0) = Sum(1)",
        ),
        (
            "> Read = fault",
            "R004",
            "the step went through and answered `Sum(0)`",
            "> Read = fault",
        ),
        (
            "> Read = Sum(1 / 0)",
            "R005",
            "this stops instead of giving a value: a division by zero",
            "Sum(1 / 0)",
        ),
    ];
    for (lines, code, title, place) in table {
        let text = with_trace(lines);
        let (source, compiled) = compiled("t.cam", &text, &History::new());
        let reports = trace::run(&compiled);
        let problem = reports[0].failure.clone().expect(lines);
        assert_eq!(
            (
                problem.code.name,
                &*problem.title,
                source.slice(problem.primary.span)
            ),
            (code, title, place)
        );
        assert_eq!(reports[0].passed, reports[0].lines - 1);
    }
}

#[test]
fn a_trace_from_a_version_without_its_program_says_so() {
    let first = passes(
        "lamp_1.cam",
        include_str!("meaning/lamp_1.cam"),
        &History::new(),
    );
    let mut history = History::new();
    history.insert(first.schema().clone());
    let (_, second) = compiled("lamp_2.cam", include_str!("meaning/lamp_2.cam"), &history);
    let reports = trace::run(&second);
    let problem = reports[0].failure.as_ref().unwrap();
    assert_eq!(problem.code.name, "R006");
    assert_eq!(reports[0].passed, 0);
}
