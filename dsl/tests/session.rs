//! Sessions by hand: what a line comes to, the way back, and the trace that is written of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use dsl::compile::compile;
use dsl::history::History;
use dsl::session::{Came, Session};
use dsl::source::Source;

const OLD: &str = "machine Counter version 1 {
  input  Incr | Read
  output Ok | Sum(Int)
  state  { count: Int }
  init   { count: 0 }
  on Incr => {
    set count = count + 1
    Ok
  }
  on Read => Sum(count)
}
";

const NEW: &str = "machine Counter version 2 with from {
  input  Incr | Read | Reset
  output Ok | Sum(Int) | Cleared(Int)
  state  { count: Int, by: Text }
  init   { count: 0, by: \"\" }
  on Incr => {
    set count = count + 1
    set by = from
    Ok
  }
  on Read => Sum(count)
  on Reset => {
    set count = 0
    Cleared(prev.count)
  }
  migrate from 1 { count } => { count, by: \"\" }
  accept from 1
  reply to 1 { Cleared(_) => Ok }
}
";

fn source(text: &str) -> Source {
    Source::new("counter.cam", text).unwrap()
}

fn history() -> History {
    let mut history = History::new();
    let compiled = compile(&source(OLD), &history).unwrap();
    history.release(compiled.program().clone());
    history
}

fn start(from: Option<u32>) -> Session {
    Session::start(&source(NEW), &history(), from).unwrap()
}

/// What a line came to, in few words.
fn enter(session: &mut Session, line: &str) -> String {
    match session.enter(line) {
        Ok(Came::Answer { text, .. }) => text,
        Ok(Came::Fault { text, .. }) => format!("fault: {text}"),
        Ok(Came::Retired) => "retired".to_owned(),
        Ok(Came::Value { text, kind }) => format!("{text} : {kind}"),
        Ok(Came::Moved) => "moved".to_owned(),
        Err(refused) => {
            let first = refused.problems.iter().next();
            first.map_or("refused".to_owned(), |problem| problem.code.name.to_owned())
        }
    }
}

#[test]
fn a_line_is_an_input_an_expression_or_a_line_of_a_trace() {
    let mut session = start(None);
    let table = [
        ("Incr as \"ann\"", "Ok"),
        ("> Incr as \"bob\" = Ok", "Ok"),
        ("Read as \"bob\"", "Sum(2)"),
        ("count * 2", "4 : Int"),
        ("check by == \"bob\"", "true : Bool"),
        ("[count]", "[2] : List(Int)"),
        ("v1> Read as \"bob\"", "Sum(2)"),
        (
            "given { count: 9_223_372_036_854_775_807, by: \"x\" }",
            "moved",
        ),
        ("Incr as \"ann\"", "fault: a number does not fit in 64 bits"),
        ("Incr", "M303"),
        ("Foo as \"ann\"", "T104"),
        ("count +", "P010"),
        ("}", "P010"),
        ("upgrade", "M301"),
    ];
    for (line, expected) in table {
        assert_eq!(enter(&mut session, line), expected, "{line}");
    }
    assert_eq!(session.state(), "{ by: \"x\", count: 9223372036854775807 }");
}

#[test]
fn what_is_wrong_is_shown_in_the_line() {
    let mut session = start(None);
    let refused = session.enter("count + \"a\"").unwrap_err();
    assert_eq!(refused.source.text(), "count + \"a\"");
    let problem = refused.problems.iter().next().unwrap();
    assert_eq!(refused.source.slice(problem.primary.span), "\"a\"");
}

#[test]
fn a_session_starts_in_an_older_version_and_upgrades() {
    let mut session = start(Some(1));
    assert_eq!(session.running(), ("Counter".to_owned(), 1));
    assert_eq!(enter(&mut session, "Incr"), "Ok");
    assert_eq!(enter(&mut session, "Reset"), "T100", "version 1 has none");
    let before = session.clone();
    assert_eq!(enter(&mut session, "upgrade"), "moved");
    assert_eq!(session.running().1, 2);
    let changes = session.changes(&before);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].field.as_deref(), Some("by"));
    assert_eq!(
        (&changes[0].before, &changes[0].after),
        (&None, &Some("\"\"".to_owned()))
    );
    assert_eq!(enter(&mut session, "Reset as \"ann\""), "Cleared(1)");
    assert!(session.undo() && session.undo());
    assert_eq!(session.running().1, 1);
    assert_eq!(session.state(), "{ count: 1 }");
}

#[test]
fn undoing_leads_back_to_the_start_and_no_further() {
    let mut session = start(None);
    let states: Vec<String> = (0..3)
        .map(|_| {
            let before = session.state();
            enter(&mut session, "Incr as \"ann\"");
            before
        })
        .collect();
    for state in states.iter().rev() {
        assert!(session.undo());
        assert_eq!(session.state(), *state);
    }
    assert!(!session.undo());
}

#[test]
fn a_session_is_written_down_as_a_trace_that_holds() {
    let mut session = start(Some(1));
    for line in [
        "Incr",
        "Read = Sum(7)",
        "upgrade",
        "v1> Read as \"ann\"",
        "count",
        "Incr as \"bob\"",
    ] {
        enter(&mut session, line);
    }
    let (text, lines) = session.as_trace("by hand");
    assert_eq!(lines, 5);
    assert!(text.contains("> Read = Sum(1)\n"), "{text}");
    let written = source(&text);
    let compiled = compile(&written, &history()).unwrap();
    let reports = dsl::trace::run(&compiled);
    assert_eq!(reports.len(), 1);
    if let Some(problem) = &reports[0].failure {
        panic!("{}", problem.render(&written, false));
    }
}

#[test]
fn types_and_combinators_are_shown() {
    let session = start(None);
    let table = [
        ("count", "Int"),
        ("state", "{ by: Text, count: Int }"),
        ("(count, [Some(by)])", "(Int, List(Option(Text)))"),
        ("Map[by: true]", "Map(Text, Bool)"),
    ];
    for (expression, expected) in table {
        let Ok(found) = session.type_of(expression) else {
            panic!("{expression} has no type");
        };
        assert_eq!(found, expected, "{expression}");
    }
    assert!(session.core("step").unwrap().contains("add"));
    assert!(session.core("nothing").is_none());
    assert!(session.functions().contains(&"step".to_owned()));
}

#[test]
fn no_line_ends_a_session() {
    let mut session = start(None);
    let long = "(".repeat(20_000);
    for line in [
        "",
        "}}}",
        "trace \"x\" {",
        "> ",
        "// only a comment",
        "\u{202e}",
        "v1>",
        "v9> Read",
        "vé>",
        "🦀",
        &long,
    ] {
        let _ = session.enter(line);
        assert_eq!(session.running().1, 2, "{line}");
    }
    assert_eq!(enter(&mut session, "Read as \"ann\""), "Sum(0)");
}
