//! What programs mean, in their own words: every trace of every program here passes, and the ones that
//! should fail fail with the right problem at the right place.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::sync::Arc;

use cam::combinator::Role;
use cam::value::Value;
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
        ("closures.cam", include_str!("meaning/closures.cam")),
        ("choices.cam", include_str!("meaning/choices.cam")),
        ("collections.cam", include_str!("meaning/collections.cam")),
        ("combinators.cam", include_str!("meaning/combinators.cam")),
        ("library.cam", include_str!("meaning/library.cam")),
        ("lists.cam", include_str!("meaning/lists.cam")),
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

#[test]
fn conversions_are_told_the_moment_if_they_ask() {
    let first = passes(
        "moments_1.cam",
        include_str!("meaning/moments_1.cam"),
        &History::new(),
    );
    let mut history = History::new();
    history.release(Arc::clone(first.program()));
    let text = include_str!("meaning/moments_2.cam");
    let second = passes("moments_2.cam", text, &history);
    let roles = |compiled: &Compiled| -> Vec<Role> {
        let upgrade = compiled.upgrade_from(1).unwrap();
        let exports = &upgrade.migration.code().bytecode().exports;
        exports.iter().map(|(role, _)| *role).collect()
    };
    let told = [Role::Output, Role::MigrateAt, Role::InputAt, Role::BackAt];
    assert_eq!(roles(&second), told);
    // What does not ask is what it is in a machine that has nothing to ask for.
    let bytes = |head: &str, entry: &str| {
        let text = format!(
            "machine Moments version 2 {head} {{
               input Put(Text) | Old  output | Did  state {{ names: List(Text), at_all: Int }}
               init {{ names: [], at_all: 0 }}  on _ => Did
               migrate from 1 {{ names }} => {{ names, at_all: {entry} }}
               accept from 1
             }}"
        );
        let (_, compiled) = compiled("t.cam", &text, &history);
        compiled.upgrade_from(1).unwrap().migration.bytes()
    };
    assert_eq!(bytes("", "7"), bytes("with at", "7"));
    assert_ne!(bytes("", "7"), bytes("with at", "at"));
}

#[test]
fn claims_hold_in_traces_and_across_versions() {
    let first = passes(
        "claims_1.cam",
        include_str!("meaning/claims_1.cam"),
        &History::new(),
    );
    assert!(trace::laws(&first).is_empty());
    let mut history = History::new();
    history.release(Arc::clone(first.program()));
    passes(
        "claims_2.cam",
        include_str!("meaning/claims_2.cam"),
        &history,
    );
}

#[test]
fn the_invariants_are_the_check_of_the_program() {
    let text = with_claims("invariant low: count < 3  invariant even: count % 2 == 0");
    let (_, compiled) = compiled("t.cam", &text, &History::new());
    let approves = |count| {
        let state = Value::product(vec![Value::Int(count)]);
        compiled.program().approves(state)
    };
    assert_eq!(approves(2), Some(Ok(true)));
    assert_eq!(approves(1), Some(Ok(false)));
    assert_eq!(approves(4), Some(Ok(false)));
    let text = with_claims("invariant whole: 6 / count > 0");
    let (_, compiled) = self::compiled("t.cam", &text, &History::new());
    let state = Value::product(vec![Value::Int(0)]);
    assert!(matches!(compiled.program().approves(state), Some(Err(_))));
    let text = with_claims("property p: after Incr => true  witness w: count > 3");
    let (_, compiled) = self::compiled("t.cam", &text, &History::new());
    assert!(
        compiled.program().check().is_none(),
        "only invariants are a program's"
    );
}

/// A counter with one trace of two steps, and what is claimed of it.
fn with_claims(claims: &str) -> String {
    format!(
        "machine Counter version 1 {{
           input  Incr | Read
           output Ok | Sum(Int)
           state  {{ count: Int }}
           init   {{ count: 0 }}
           on Incr => {{ set count = count + 1  Ok }}
           on Read => Sum(count)
           {claims}
           trace \"t\" {{
             > Incr
             > Incr
             > Read
           }}
         }}"
    )
}

#[test]
fn a_claim_that_is_wrong_says_where_and_why() {
    let table = [
        (
            "invariant small: count < 2",
            "R007",
            "the invariant `small` is broken",
            "count < 2",
            1,
        ),
        (
            "invariant never: count != 0",
            "R007",
            "the invariant `never` is broken",
            "count != 0",
            0,
        ),
        (
            "property stays: after Incr in { count: 1 } => count == prev.count",
            "R008",
            "the property `stays` is broken",
            "count == prev.count",
            1,
        ),
        (
            "property answers: after Read => reply == Ok",
            "R008",
            "the property `answers` is broken",
            "reply == Ok",
            2,
        ),
        (
            "invariant fine: count < 10  property half: after _ => 1 / (count - 2) < 5",
            "R009",
            "the property `half` stops: a division by zero",
            "1 / (count - 2) < 5",
            1,
        ),
    ];
    for (claims, code, title, place, passed) in table {
        let text = with_claims(claims);
        let (source, compiled) = compiled("t.cam", &text, &History::new());
        let reports = trace::run(&compiled);
        let problem = reports[0].failure.clone().expect(claims);
        assert_eq!(
            (
                problem.code.name,
                &*problem.title,
                source.slice(problem.primary.span),
                reports[0].passed,
            ),
            (code, title, place, passed)
        );
    }
}

#[test]
fn a_law_that_is_wrong_is_found_without_a_trace() {
    let text = with_claims("property sums: sum([1, 2]) == 4  property stops: 1 / 0 == 0");
    let (_, compiled) = compiled("t.cam", &text, &History::new());
    let found = trace::laws(&compiled);
    let codes: Vec<&str> = found.iter().map(|problem| problem.code.name).collect();
    assert_eq!(codes, ["R008", "R009"]);
}

#[test]
fn an_upgrade_that_breaks_something_says_what() {
    let old = passes("old.cam", &with_claims(""), &History::new());
    let mut history = History::new();
    history.release(Arc::clone(old.program()));
    let table = [
        (
            "migrate from 1 { count } => { count: 0 - count }  invariant positive: count >= 0",
            "R007",
            "the invariant `positive` is broken",
        ),
        (
            "migrate from 1 { count } => { count: count + 1 }  property same: across 1 => count == prev.count",
            "R008",
            "the property `same` is broken",
        ),
        (
            "migrate from 1 { count } => { count: 1 / (count - 2) }",
            "R011",
            "the migration stops: a division by zero",
        ),
        (
            "migrate from 1 { count } => { count: count / 2 }  migrate back to 1 { count } => { count: count * 3 }",
            "R010",
            "the way back leads to another state",
        ),
        (
            "migrate from 1 unchanged  migrate back to 1 { count } => { count: 1 / (count - 2) }",
            "R010",
            "the way back stops: a division by zero",
        ),
    ];
    for (claims, code, title) in table {
        let text = with_claims(claims)
            .replace("version 1", "version 2")
            .replace("trace \"t\" {", "trace \"t\" from 1 {")
            .replace("> Read", "upgrade");
        let (_, compiled) = compiled("t.cam", &text, &history);
        let reports = trace::run(&compiled);
        let problem = reports[0].failure.clone().expect(claims);
        assert_eq!((problem.code.name, &*problem.title), (code, title));
        assert_eq!(reports[0].passed, 2, "{claims}");
    }
}

#[test]
fn the_programs_of_the_manual_do_what_their_traces_say() {
    let none = History::new();
    passes("limiter.cam", include_str!("programs/limiter.cam"), &none);
    passes("room.cam", include_str!("programs/room.cam"), &none);
    let first = passes(
        "thermostat_1.cam",
        include_str!("programs/thermostat_1.cam"),
        &none,
    );
    let mut history = History::new();
    history.release(Arc::clone(first.program()));
    passes(
        "thermostat_2.cam",
        include_str!("programs/thermostat_2.cam"),
        &history,
    );
}

/// What each version's migration from the one before does, value by value.
#[test]
fn automatic_migrations_carry_what_has_a_name_and_say_what_they_do() {
    let first = passes(
        "shelf_1.cam",
        include_str!("meaning/shelf_1.cam"),
        &History::new(),
    );
    let mut history = History::new();
    history.release(Arc::clone(first.program()));
    let second = passes("shelf_2.cam", include_str!("meaning/shelf_2.cam"), &history);
    assert!(second.is_automatic(1));
    let said = |compiled: &Compiled, from| -> Vec<String> {
        let leaves = compiled.leaves(from).unwrap();
        leaves.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        said(&second, 1),
        [
            "books[].author.born: defaulted",
            "books[].author.name: kept, from books[].author",
            "books[].title: kept",
            "limit: kept, from most",
            "log[].at: kept",
            "log[].what.Lent.to: kept",
            "log[].what.Lent.until: defaulted",
            "mode: kept",
            "open: defaulted",
            "place.city: defaulted",
            "place.street: kept",
            "seen: kept",
            "note: dropped",
        ]
    );
    history.release(Arc::clone(second.program()));
    let third = passes("shelf_3.cam", include_str!("meaning/shelf_3.cam"), &history);
    assert_eq!(said(&third, 2), ["state: kept"]);
    assert_eq!(
        said(&third, 1),
        [
            "books: defaulted",
            "limit: transformed, from most, seen",
            "log: defaulted",
            "mode: transformed",
            "open: defaulted",
            "place.city: defaulted",
            "place.street: transformed",
            "seen: kept",
            "books: dropped",
            "log: dropped",
            "note: dropped",
        ]
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
