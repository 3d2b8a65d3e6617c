//! Layouts, one by one: what was written, and what becomes of it.

use super::formatted;

/// Each has the source and its layout, with a line of dashes between.
const LAYOUTS: &[(&str, &str, &str)] = &[
    (
        "spaces, commas and line ends follow from the width",
        "fn  f( a:Int,b :Int )->Int{a+b}",
        "fn f(a: Int, b: Int) -> Int { a + b }\n",
    ),
    (
        "a block with statements has a line for each",
        "fn f(a: Int) -> Int { let b = a b }",
        "fn f(a: Int) -> Int {\n  let b = a\n  b\n}\n",
    ),
    (
        "braces that the author broke stay broken",
        "type T = {\n x: Int, y: Int }\nconst t: T = { x: 1, y: 2 }",
        "type T = {\n  x: Int,\n  y: Int,\n}\nconst t: T = { x: 1, y: 2 }\n",
    ),
    (
        "a record of one field keeps the comma that tells it from a block",
        "const a: T = { x, }\nconst b: T = C { x, }\nconst c: T = f({ x, })",
        "const a: T = { x, }\nconst b: T = C { x }\nconst c: T = f({ x, })\n",
    ),
    (
        "arms have no commas at the ends of lines",
        "fn f(a: Int) -> Int {\n match a {\n 1 => 2, -1 => 3,\n _ => 4 } }",
        "fn f(a: Int) -> Int {\n  match a {\n    1 => 2\n    -1 => 3\n    _ => 4\n  }\n}\n",
    ),
    (
        "the parts of a machine are a table",
        "machine M version 1 with at,from { input A|B output C\nstate Int init 0 }",
        "machine M version 1 with at, from {\n  input  A | B\n  output C\n  state  Int\n  init   0\n}\n",
    ),
    (
        "bars stand below each other, below the first if the author began with one",
        "machine M version 1 { input A\n| B(Int)\noutput | C\n| D }\ntype T =\n| A\n| B\ntype U = A\n|B",
        "machine M version 1 {\n  input  A\n       | B(Int)\n  output | C\n         | D\n}\ntype T =\n  | A\n  | B\ntype U = A\n       | B\n",
    ),
    (
        "comments stay where they were, and the groups around them break",
        "// top\n\n\ntype T = { // behind\n  // own\n  x: Int // x\n  , y: Int\n  // last\n}\n// end",
        "// top\n\ntype T = { // behind\n  // own\n  x: Int, // x\n  y: Int,\n  // last\n}\n// end\n",
    ),
    (
        "a comment above a statement does not break the statement",
        "fn f(a: Int) -> Int {\n\n  // why\n\n  let b = a + 1 // so\n\n\n  b }",
        "fn f(a: Int) -> Int {\n  // why\n\n  let b = a + 1 // so\n\n  b\n}\n",
    ),
    (
        "parentheses stay, and nothing comes between them",
        "const a: Int = ( ( 1 + 2 ) * 3 )\nconst b: (Int) = ((1, 2))",
        "const a: Int = ((1 + 2) * 3)\nconst b: (Int) = ((1, 2))\n",
    ),
    (
        "a condition is not broken to keep a function on the line of its call",
        "const a: Int = map(list, fn(x) => if x.price > limit and x.quantity > 100 or x.owner == nobody or x.owner == me { 1 } else { x })",
        "const a: Int = map(\n  list,\n  fn(x) => if x.price > limit and x.quantity > 100 or x.owner == nobody or x.owner == me {\n    1\n  } else {\n    x\n  },\n)\n",
    ),
    (
        "the last argument is broken inside its own brackets",
        "const a: Int = fold(list, 0, fn(sum, x) => match x {\n Some(y) => sum + y\n None => sum })",
        "const a: Int = fold(list, 0, fn(sum, x) => match x {\n  Some(y) => sum + y\n  None => sum\n})\n",
    ),
    (
        "pipes and combinators that the author broke stay broken",
        "fn f(a: Int) -> Int { a\n|> g |> h(1) }\nfn k: Int -> Int = succ\n>>> succ",
        "fn f(a: Int) -> Int {\n  a\n    |> g\n    |> h(1)\n}\nfn k : Int -> Int =\n  succ\n  >>> succ\n",
    ),
    (
        "branches are on one line, or all on their own",
        "fn f(a: Int) -> Int { if a == 1 {1} else if a == 2 {\n2 } else {3} }",
        "fn f(a: Int) -> Int {\n  if a == 1 {\n    1\n  } else if a == 2 {\n    2\n  } else {\n    3\n  }\n}\n",
    ),
    (
        "the lines of a trace are lines",
        "machine M version 1 { trace \"t\" from 1 { v1>A as \"x\" at 5=Ok\n\n\n upgrade check  a==1 } }",
        "machine M version 1 {\n  trace \"t\" from 1 {\n    v1> A as \"x\" at 5 = Ok\n\n    upgrade\n    check a == 1\n  }\n}\n",
    ),
    ("an empty file stays empty", " \n\n", ""),
];

#[test]
fn every_layout_is_as_it_is_written_here() {
    for (what, source, layout) in LAYOUTS {
        assert_eq!(formatted(source).as_deref(), Ok(*layout), "{what}");
    }
}

#[test]
fn a_long_line_is_broken_at_its_outermost_place() {
    let words = ["a_rather_long_name_of_something"; 4].join(" and ");
    let source = format!("const all: Bool = {words}");
    let broken = format!("const all: Bool = {}\n", words.replace(" and ", "\n  and "));
    assert_eq!(formatted(&source), Ok(broken));
    let less = source
        .replace("and", "<")
        .replacen("const all", "const a", 1);
    assert!(formatted(&less).is_err(), "comparisons do not chain");
    let sums = words.replace("and", "-");
    let broken = format!("const all: Int = {}\n", sums.replace("- ", "-\n  "));
    assert_eq!(formatted(&format!("const all: Int = {sums}")), Ok(broken));
}
