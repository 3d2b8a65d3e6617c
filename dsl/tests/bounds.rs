//! Text from a stranger: no overflow of the stack, no exponential time, no panic.

use std::thread;

use dsl::compile::compile;
use dsl::history::History;
use dsl::limits::{HEIGHT_MAX, PROBLEMS_MAX, STATEMENTS_MAX};
use dsl::problem::Problems;
use dsl::source::Source;

/// The least stack a thread of the standard library has.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Openings that nest, and what closes them.
const NESTS: &[(&str, &str)] = &[
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("{ x: ", " }"),
    ("{ ..", " }"),
    ("f(", ")"),
    ("f(x, fn(y) => ", ")"),
    ("Some(", ")"),
    ("Some { x: ", " }"),
    ("Map[1: ", "]"),
    ("Set[", "]"),
    ("x[", "]"),
    ("-(", ")"),
    ("not (", ")"),
    ("1 + (", ")"),
    ("a or b and c == d ?? e ++ f - g * (", ")"),
    ("if x { ", " } else { y }"),
    ("if x { y } else { ", " }"),
    ("match x { _ => ", " }"),
    ("match x { A => y, _ => ", " }"),
    ("match ", " { _ => y }"),
    ("{ let y = ", " y }"),
    ("{ let _ = y else ", " y }"),
    ("{ require y else ", " y }"),
    ("{ set y[", "] = 1 y }"),
    ("if x { let y = z + -", " y } else { y }"),
    ("match not x { A => { let y = z + -", " y } }"),
    ("f(x, fn(y) => if not x + -", " { y } else { y })"),
];

/// The same for patterns, types and arrows.
const OTHER_NESTS: &[(&str, &str)] = &[
    ("x is (", ")"),
    ("x is [", "]"),
    ("x is [y, ", ", ..]"),
    ("each (", ")"),
    ("curry (", ")"),
    ("g ||| (", ")"),
    ("choose { test: ", " }"),
    ("A { x: ", " }"),
    ("A | (", ")"),
    ("Option(", ")"),
    ("{ x: ", " }"),
    ("{ x: Map(Text, (", ")) }"),
    ("A | B(", ")"),
    ("g >>> (", ")"),
    ("first (", ")"),
    ("first ", ""),
    ("case { A: ", " }"),
    ("const (", ")"),
    ("const f(", ")"),
    ("fn(x) => ", ""),
    ("f(fn(y) => y, g >>> (", "))"),
];

/// Pieces that make chains.
const CHAINS: &[&str] = &[
    "-",
    "not ",
    "x + ",
    "x ?? ",
    "x.y + ",
    "x |> ",
    "x == y or ",
    "x + x.y[0] + ",
];

/// Pieces that make other chains, or nothing.
const OTHER_CHAINS: &[&str] = &[
    ".y",
    "[0]",
    "x is y == ",
    "if x { y } else ",
    ".x >>> ",
    "x >>> ",
    "x &&& y >>> ",
    "x & ",
    "| A ",
    "x\n",
    "Map[",
];

fn deep_texts() -> Vec<String> {
    let count = 2_000;
    let closed = NESTS
        .iter()
        .map(|(open, close)| format!("{}x{}", open.repeat(count), close.repeat(count)));
    let open = NESTS.iter().map(|(open, _)| open.repeat(count));
    let chains = CHAINS
        .iter()
        .map(|piece| format!("{}x", piece.repeat(count)));
    closed.chain(open).chain(chains).collect()
}

/// The places of the grammar such a text is tried in.
const PLACES: &[(&str, &str)] = &[
    ("const x: Int = ", ""),
    ("const x: ", " = 1"),
    ("type X = ", ""),
    ("fn f : Int -> Int = ", ""),
    ("fn f(x: Int) -> Int { ", " }"),
    ("machine M version 1 { on ", " => x }"),
    ("machine M version 1 { step = ", " }"),
    ("machine M version 1 { accept from 1 { _ => ", " } }"),
    ("machine M version 1 { trace \"\" { > ", " = x } }"),
];

#[test]
fn things_far_inside_each_other_are_a_problem_and_no_overflow() {
    on_a_small_stack(|| {
        let parentheses = judge_expression(&"(".repeat(20_000));
        assert!(
            parentheses
                .iter()
                .any(|problem| problem.code.name == "P040")
        );
        for text in deep_texts() {
            assert!(
                judge_expression(&text)
                    .iter()
                    .any(|problem| problem.code.name == "P040"),
                "{}",
                &text[..40]
            );
        }
    });
}

#[test]
fn deep_texts_do_no_harm_anywhere() {
    on_a_small_stack(|| {
        for (before, after) in PLACES {
            for (open, close) in NESTS.iter().chain(OTHER_NESTS) {
                judge_module(&format!(
                    "{before}{}x{}{after}",
                    open.repeat(500),
                    close.repeat(500)
                ));
                judge_module(&format!("{before}{}", open.repeat(500)));
            }
            for piece in CHAINS.iter().chain(OTHER_CHAINS) {
                judge_module(&format!("{before}{}x{after}", piece.repeat(500)));
            }
        }
    });
}

#[test]
fn a_chain_may_be_as_long_as_the_limit_and_is_refused_once() {
    for (first, piece) in [
        ("x", " + x"),
        ("x", ".y"),
        ("x", "[0]"),
        ("if x { y }", " else if x { y }"),
        ("x", " |> f"),
    ] {
        let last = if first == "x" { "" } else { " else { y }" };
        let chain = |count: usize| format!("{first}{}{last}", piece.repeat(count));
        assert!(
            judge_expression(&chain(HEIGHT_MAX - 2)).is_empty(),
            "{piece}"
        );
        let problems = judge_expression(&chain(HEIGHT_MAX + 2));
        assert_eq!(
            problems
                .iter()
                .map(|problem| problem.code.name)
                .collect::<Vec<_>>(),
            ["P040"],
            "{piece}"
        );
    }
}

#[test]
fn a_chain_of_sides_is_bounded_where_no_type_bounds_it() {
    on_a_small_stack(|| {
        for word in [" ||| ", " +++ "] {
            let chain = vec!["id"; 10_000].join(word);
            let text = format!("fn f : Int -> Int = inl >>> ({chain})");
            let source = Source::new("long.cam", text).expect("the text is short enough");
            let problems = compile(&source, &History::new()).expect_err("no type is so deep");
            assert!(problems.iter().any(|problem| problem.code.name == "T123"));
        }
    });
}

#[test]
fn many_mistakes_cost_no_more_than_few() {
    on_a_small_stack(|| {
        let names = |line: &dyn Fn(usize) -> String| (0..5_000).map(line).collect::<String>();
        let texts = [
            names(&|n| format!("const abcdefghij{n}: Int = abcdefghik{n}\n")),
            names(&|n| format!("const abcdefghij{n}: Int = abcdefghik{n}(1)\n")),
            names(&|n| format!("const abcdefghij{n}: Int = Abcdefghik{n}\n")),
            names(&|n| format!("fn abcdefghij{n} : Int -> Int = abcdefghik{n}\n")),
            names(&|n| format!("type Abcdefghij{n} = Abcdefghik{n}\n")),
            names(&|n| format!("const c{n}: Abcdefghik{n} = 1\n")),
            names(&|n| format!("fn f{n}(x: Int) -> Int {{ f{n}(x, {{ a: 1 }}.b) }}\n")),
        ];
        for text in texts {
            let source = Source::new("long.cam", text).expect("the text is short enough");
            let problems = compile(&source, &History::new()).expect_err("all of it is wrong");
            assert_eq!(problems.len(), PROBLEMS_MAX);
        }
    });
}

#[test]
fn forty_nested_alternatives_are_read_at_once() {
    let texts = NESTS
        .iter()
        .map(|(open, close)| format!("{}x{}", open.repeat(40), close.repeat(40)));
    for text in texts {
        judge_expression(&text);
    }
    let matches = format!(
        "{}1{}",
        "match x { A => 2, _ => ".repeat(40),
        " }".repeat(40)
    );
    assert!(judge_expression(&matches).is_empty());
}

#[test]
fn a_block_may_have_as_many_statements_as_the_limit_and_no_more() {
    let block = |count: usize| format!("{{ {} x }}", "let x = 1 ".repeat(count));
    assert!(judge_expression(&block(STATEMENTS_MAX)).is_empty());
    let problems = judge_expression(&block(STATEMENTS_MAX + 1));
    assert_eq!(
        problems
            .iter()
            .map(|problem| problem.code.name)
            .collect::<Vec<_>>(),
        ["P041"]
    );
}

#[test]
fn long_flat_texts_are_read_in_linear_time() {
    let count = 10_000;
    let texts = [
        format!("[{}]", "1, ".repeat(count)),
        format!("f({})", "x >>> y, ".repeat(count)),
        format!("match x {{ {} }}", "A => 1, ".repeat(count)),
        format!("x is {}", "A | ".repeat(count)),
        format!("x is [{}]", "y, ".repeat(count)),
        format!("Set[{}]", "1, ".repeat(count)),
        format!("x\"{}\"", "00".repeat(count)),
        format!("f({}x)", "x >>> ".repeat(count)),
        "x ".repeat(count),
        ") ".repeat(count),
        "{ let } ".repeat(count),
        "f(\"\n".repeat(count),
        "{ x\nlet (".repeat(count),
        "on A => { (\n".repeat(count),
        "machine M version 1 {\n".repeat(count),
        "trace \"\" { > (\n".repeat(count),
    ];
    on_a_small_stack(move || {
        for text in &texts {
            judge_expression(text);
            judge_module(text);
            judge_module(&format!("machine M version 1 {{ on A => {text} }}"));
        }
    });
}

/// Reads a text, and walks over its tree as later stages do.
fn judge_expression(text: &str) -> Problems {
    let source = Source::new("deep.cam", text).expect("the text is short enough");
    let (tree, problems) = dsl::parse::expression(&source);
    assert_eq!(tree.clone(), tree);
    problems
}

fn judge_module(text: &str) -> Problems {
    let source = Source::new("deep.cam", text).expect("the text is short enough");
    let (tree, problems) = dsl::parse::module(&source);
    assert_eq!(tree.clone(), tree);
    problems
}

fn on_a_small_stack(judge: impl FnOnce() + Send + 'static) {
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(judge)
        .expect("a thread can be started")
        .join()
        .expect("nothing panics");
}
