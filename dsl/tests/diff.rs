//! What differs between two versions: in their types, for old clients, and in what they do.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::sync::Arc;

use dsl::compile::{Compiled, compile};
use dsl::diff::{Change, ChangeKind, Met, changes, clients};
use dsl::history::History;
use dsl::simulate::Plan;
use dsl::source::Source;
use dsl::square::{Incomparable, Square, compare};

fn compiled(text: &str, history: &History) -> Compiled {
    let source = Source::new("t.cam", text).unwrap();
    match compile(&source, history) {
        Ok(compiled) => compiled,
        Err(problems) => panic!("{}", problems.render(&source, false)),
    }
}

fn released(text: &str) -> History {
    let mut history = History::new();
    history.release(Arc::clone(compiled(text, &history).program()));
    history
}

/// A machine of one version with a state and an input.
fn machine(version: u32, state: &str, init: &str, types: &str) -> String {
    format!(
        "{types}
         machine M version {version} {{
           input  | Go
           output | Ok
           state  {state}
           init   {init}
           on Go => Ok
         }}"
    )
}

fn told(change: &Change) -> String {
    let place = &change.place;
    match &change.kind {
        ChangeKind::Added(kind) => format!("+ {place} {kind}"),
        ChangeKind::Removed(kind) => format!("- {place} {kind}"),
        ChangeKind::Changed { from, to } => format!("~ {place} {from} {to}"),
    }
}

#[test]
fn types_differ_where_they_differ_and_nowhere_above() {
    let table = [
        (
            machine(1, "{ a: Int, b: Text }", "{ a: 0, b: \"\" }", ""),
            machine(2, "{ a: Text, c: List(Int) }", "{ a: \"\", c: [] }", ""),
            vec!["~ a Int Text", "- b Text", "+ c List(Int)"],
        ),
        (
            machine(
                1,
                "{ log: List((Int, Kind)), by: Map(Text, Option(Kind)) }",
                "{ log: [], by: Map[] }",
                "type Kind = Plain | Deep { at: Int }",
            ),
            machine(
                2,
                "{ log: List((Int, Kind)), by: Map(Text, Option(Kind)) }",
                "{ log: [], by: Map[] }",
                "type Kind = Plain | Deep { at: Text } | New(Bool)",
            ),
            vec![
                "~ by[].Some.Deep.at Int Text",
                "+ by[].Some.New Bool",
                "~ log[].1.Deep.at Int Text",
                "+ log[].1.New Bool",
            ],
        ),
        (
            machine(1, "Int", "0", ""),
            machine(2, "(Int, Int)", "(0, 0)", ""),
            vec!["~  Int (Int, Int)"],
        ),
        (
            machine(1, "{ a: Int }", "{ a: 0 }", ""),
            machine(2, "{ a: Int }", "{ a: 0 }", ""),
            vec![],
        ),
    ];
    for (old, new, expected) in table {
        let nothing = History::new();
        let (old, new) = (compiled(&old, &nothing), compiled(&new, &nothing));
        let found = changes(old.schema(), new.schema(), |schema| schema.state);
        assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn types_that_share_their_parts_are_compared_in_time() {
    let doubling = |leaf: &str| {
        let mut types = format!("type T0 = {{ x: {leaf} }}\n");
        for level in 1..9 {
            let below = level - 1;
            types.push_str(&format!(
                "type T{level} = {{ a: T{below}, b: List(T{below}) }}\n"
            ));
        }
        machine(1, "Option(T8)", "None", &types)
    };
    let nothing = History::new();
    let old = compiled(&doubling("Int"), &nothing);
    let new = compiled(&doubling("Text"), &nothing);
    let found = changes(old.schema(), new.schema(), |schema| schema.state);
    assert_eq!(found.len(), 256);
}

const OLD: &str = "machine Till version 1 with at {
  input  Put(Int) | Take(Int) | Ask | Name(Text)
  output Ok | Sum(Int)
  state  { cash: Int }
  init   { cash: 0 }
  on Put(n) => { set cash = cash + n  Ok }
  on Take(n) => { set cash = cash - n  Ok }
  on Ask => Sum(cash)
  on Name(_) => Ok
}";

fn till(take: &str, more: &str) -> String {
    format!(
        "machine Till version 2 with at {{
           input  Put(Int) | Take(Int) | Ask | Rename(Text)
           output Ok | Sum(Int) | Short
           state  {{ cash: Int, at: Option(Int) }}
           init   {{ cash: 0, at: None }}
           on Put(n) => {{ set cash = cash + n  Ok }}
           on Take(n) => {take}
           on Ask => Sum(cash)
           on Rename(_) => Ok
           {more}
         }}"
    )
    .replace("at: Option(Int)", "seen: Option(Int)")
    .replace("at: None", "seen: None")
}

const WAYS: &str = "migrate from 1 { cash } => { cash, seen: None }
   accept from 1 { Name(_) => refuse, Put(n) if n < 0 => Put(0 - n) }
   reply to 1 { Short => Ok }";

#[test]
fn old_clients_meet_what_the_adapters_say() {
    let text = till("{ set cash = cash - n  Ok }", WAYS);
    let machine = compiled(&text, &released(OLD));
    let met = clients(&machine, 1).unwrap();
    let words = |names: &[(cam::schema::Name, Met)]| {
        let named = names
            .iter()
            .map(|(name, met)| format!("{name} {}", met.word()));
        named.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        words(&met.inputs),
        "Ask same, Name retired, Put adapted, Take same"
    );
    assert_eq!(words(&met.outputs), "Ok same, Short adapted, Sum same");
    assert_eq!(clients(&machine, 3), None);
}

fn compared(take: &str) -> Square {
    let machine = compiled(&till(take, WAYS), &released(OLD));
    compare(&machine, 1, Plan::of_seed(9), &mut |_| true).unwrap()
}

#[test]
fn an_upgrade_that_nobody_notices_is_not_noticed() {
    let square = compared("{ set cash = cash - n  Ok }");
    let noticed = |name: &str| {
        let mut inputs = square.inputs.iter();
        inputs.find(|input| &*input.name == name).unwrap()
    };
    for name in ["Ask", "Take"] {
        let input = noticed(name);
        assert!(input.samples > 1_000);
        assert_eq!((input.answers, input.states), (0, 0), "{input:?}");
        assert_eq!(input.example, None);
    }
    // A negative amount is put as a positive one: the answer is the same, the state is not.
    let put = noticed("Put");

    assert!(put.states > 0);
    let name = noticed("Name");
    assert_eq!(name.answers, name.samples);
    assert_eq!(name.example.as_ref().unwrap().new, "retired");
}

#[test]
fn an_answer_that_differs_is_shown_in_few_words() {
    let square = compared("if n == 7 { Sum(n) } else { { set cash = cash - n  Ok } }");
    let take = square
        .inputs
        .iter()
        .find(|input| &*input.name == "Take")
        .unwrap();
    let example = take.example.as_ref().unwrap();
    assert_eq!(
        (&*example.input, &*example.old, &*example.new),
        ("Take(7)", "Ok", "Sum(7)")
    );
    assert!(take.answers > 0 && take.answers < take.samples);
}

#[test]
fn versions_that_nothing_joins_are_not_compared() {
    let history = released(OLD);
    let plan = Plan::of_seed(1);
    let table = [
        ("", 1, Incomparable::NoMigration),
        (
            "migrate from 1 { cash } => { cash, seen: None }",
            1,
            Incomparable::NoAdapter,
        ),
        ("", 7, Incomparable::NoProgram),
    ];
    for (more, from, why) in table {
        let machine = compiled(&till("Ok", more), &history);
        let found = compare(&machine, from, plan, &mut |_| true);
        assert_eq!(found.err(), Some(why));
    }
}
