//! What can be seen of a machine without running it: its graph, its costs, its manual.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use dsl::compile::{Compiled, compile};
use dsl::cost::handlers;
use dsl::document::markdown;
use dsl::graph::{Graph, graph};
use dsl::history::History;
use dsl::source::Source;

const LAMP: &str = "/// A lamp that breaks.
machine Lamp version 1 with at {
  input  On
       | Off
       /// A strong one breaks it.
       | Shake
  output Ok | No
  state  Dark | Lit { since: Int } | Broken
  init   Dark

  on On in Dark => {
    require at > 0 else No
    become Lit { since: at }
    Ok
  }
  /// Only a lit lamp can be turned off.
  on Off in Lit(_) => {
    become Dark
    Ok
  }
  on Shake in Lit { since } if at - since < 1_000 => {
    become Broken
    Ok
  }
  on _ => No

  trace \"shaken\" {
    > On at 5 = Ok
    > Shake at 6 = Ok
    check state == Broken
  }
}
";

fn lamp() -> (Source, Compiled) {
    let source = Source::new("lamp.cam", LAMP).unwrap();
    let compiled = compile(&source, &History::new()).unwrap();
    (source, compiled)
}

fn drawn() -> Graph {
    let (source, compiled) = lamp();
    graph(&source, &compiled)
}

/// The place of a state, by its name.
fn state(graph: &Graph, name: &str) -> usize {
    graph.states.iter().position(|state| state == name).unwrap()
}

#[test]
fn the_graph_has_the_ways_that_the_handlers_go() {
    let graph = drawn();
    let named: BTreeMap<(&str, &str), Vec<&str>> = graph
        .edges()
        .into_iter()
        .map(|((from, to), inputs)| {
            let to = to.map_or("any", |to| &graph.states[to]);
            ((graph.states[from].as_str(), to), inputs)
        })
        .collect();
    let expected = BTreeMap::from([
        (("Dark", "Lit"), vec!["On"]),
        (("Lit", "Dark"), vec!["Off"]),
        (("Lit", "Broken"), vec!["Shake"]),
    ]);
    assert_eq!(named, expected);
    assert_eq!(graph.first, [state(&graph, "Dark")]);
    assert_eq!(
        graph.states,
        ["Dark", "Lit", "Broken"],
        "as they are written"
    );
    assert_eq!(graph.inputs, ["On", "Off", "Shake"]);
}

#[test]
fn a_pair_that_nobody_decided_about_is_marked() {
    let graph = drawn();
    let input = |name: &str| graph.inputs.iter().position(|input| input == name).unwrap();
    let table = [
        ("On", "Dark", false),
        ("On", "Lit", true),
        ("Off", "Broken", true),
        ("Off", "Lit", false),
        // The guard may fail: then it is the last clause that answers.
        ("Shake", "Lit", true),
    ];
    for (of, in_state, is_caught) in table {
        let found = graph.is_caught(input(of), state(&graph, in_state));
        assert_eq!(found, is_caught, "{of} in {in_state}");
    }
}

#[test]
fn every_format_names_every_state_that_a_line_meets() {
    let graph = drawn();
    for text in [graph.mermaid(), graph.dot(), graph.svg()] {
        for state in &graph.states {
            assert!(text.contains(state.as_str()), "{state} is not in\n{text}");
        }
    }
}

#[test]
fn a_handler_costs_what_it_does_itself() {
    let (source, compiled) = lamp();
    let costs = handlers(&compiled);
    let found: Vec<(&str, bool, bool)> = costs
        .iter()
        .map(|cost| {
            let head = source.slice(cost.head);
            (head, cost.certificate.may_fail, cost.is_query)
        })
        .collect();
    let expected = [
        ("On in Dark", false, false),
        ("Off in Lit(_)", false, false),
        ("Shake in Lit { since } if at - since < 1_000", true, false),
        // On its way is the guard, whose subtraction may overflow.
        ("_", true, true),
    ];
    assert_eq!(found, expected);
    let program = compiled.program();
    let whole = program.code().certificate(program.step()).cost;
    for cost in &costs {
        assert!(cost.certificate.cost <= whole, "{cost:?} of {whole}");
        assert_eq!(cost.max_cost(), Some(cost.certificate.cost));
    }
}

#[test]
fn the_manual_says_what_the_comments_say() {
    let (source, _) = lamp();
    let manual = markdown(&source);
    let expected = [
        "# Lamp version 1",
        "A lamp that breaks.",
        "stamps each input with `at`",
        "* `Shake`: A strong one breaks it.",
        "* `Off`: Only a lit lamp can be turned off.",
        "* `Lit { since: Int }`",
        "### shaken",
        "> Shake at 6 = Ok",
    ];
    for line in expected {
        assert!(manual.contains(line), "{line} is not in\n{manual}");
    }
}
