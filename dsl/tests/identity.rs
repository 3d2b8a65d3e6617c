//! What the name of a program depends on: what anybody outside can see of it, and nothing else.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use cam::digest::Digest;
use dsl::compile::compile;
use dsl::history::History;
use dsl::source::Source;

const PROGRAM: &str = "
type Point = { x: Int, y: Int }
type Colour = Red | Blue(Int)
const limit: Int = 2 * 50
fn double(n: Int) -> Int { n + n }
fn square(n: Int) -> Int { n * n }
machine Plot version 1 {
  input  Move(Point) | Paint(Colour) | Ask
  output Done | Area(Int) | Far
  state  { at: Point, colour: Colour, moves: Int }
  init   { at: { x: 0, y: 0 }, colour: Red, moves: 0 }
  on Move(to) if to.x > limit => Far
  on Move(to) => { set at = to  set moves = moves + 1  Done }
  on Paint(new) => { set colour = new  Done }
  on Ask => { let one = double(at.x)  Area(one + square(at.y)) }
}
";

fn digest(text: &str) -> Digest {
    let source = Source::new("plot.cam", text).unwrap();
    match compile(&source, &History::new()) {
        Ok(compiled) => compiled.program().digest(),
        Err(problems) => panic!("{}", problems.render(&source, false)),
    }
}

/// The program with pieces replaced, each of which must be there.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(PROGRAM.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    })
}

#[test]
fn names_of_locals_and_functions_layout_and_order_change_nothing() {
    let function = "fn square(n: Int) -> Int { n * n }\n";
    let table: &[&[(&str, &str)]] = &[
        &[("let one", "let two"), ("(one +", "(two +")],
        &[
            ("Move(to) =>", "Move(there) =>"),
            ("set at = to", "set at = there"),
        ],
        &[("double", "twice")],
        &[("limit", "farthest")],
        &[("{ n + n }", "{\n  // the sum\n  n + n\n}")],
        &[
            (function, ""),
            ("fn double", "fn square(n: Int) -> Int { n * n }\nfn double"),
        ],
        &[
            (function, ""),
            (
                "machine Plot",
                "fn unused_yet(n: Int) -> Int { square(n) }\nfn square(n: Int) -> Int { n * n }\nmachine Plot",
            ),
        ],
        &[(
            "Move(Point) | Paint(Colour) | Ask",
            "Ask | Paint(Colour) | Move(Point)",
        )],
        &[("{ x: Int, y: Int }", "{ y: Int, x: Int }")],
        &[
            ("state  { at: Point, colour", "state  { colour"),
            ("moves: Int }", "moves: Int, at: Point }"),
        ],
    ];
    for changes in table {
        assert_eq!(digest(PROGRAM), digest(&changed(changes)), "{changes:?}");
    }
}

#[test]
fn what_can_be_seen_from_outside_changes_the_name() {
    let table: &[&[(&str, &str)]] = &[
        &[("Far", "Away")],
        &[("moves", "steps")],
        &[("version 1", "version 2")],
        &[("machine Plot", "machine Chart")],
        &[("limit: Int = 2", "limit: Int = 3")],
        &[("n + n", "n + n + n")],
        &[
            ("x: Int, y: Int", "z: Int, y: Int"),
            ("at.x", "at.z"),
            ("to.x", "to.z"),
            ("x: 0", "z: 0"),
        ],
        &[("Red", "Green")],
    ];
    for changes in table {
        assert_ne!(digest(PROGRAM), digest(&changed(changes)), "{changes:?}");
    }
}
