//! What a text means: the tree, written with all its parentheses.

mod shape;

use dsl::ast::{ExprKind, ItemKind, Module, TypeBody};
use dsl::source::Source;
use shape::{member_shape, shape};

#[test]
fn operators_bind_as_the_manual_says() {
    let table = [
        ("1 + 2 * 3 - 4", "((1 + (2 * 3)) - 4)"),
        ("(1 + 2) * 3", "((1 + 2) * 3)"),
        ("a or b and c", "(a or (b and c))"),
        ("not a == b and c", "((not (a == b)) and c)"),
        ("not not a", "(not (not a))"),
        ("a ?? b ++ c == d", "((a ?? (b ++ c)) == d)"),
        ("a ?? b ?? c ?? d", "(a ?? (b ?? (c ?? d)))"),
        ("a ?? b ++ c ?? d == e", "((a ?? ((b ++ c) ?? d)) == e)"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b % c", "((a / b) % c)"),
        ("x |> f |> g(1) |> Some", "(((x |> f) |> g(1)) |> Some)"),
        ("a or b |> f", "((a or b) |> f)"),
        ("a is Some(_) or b", "((a is Some(_)) or b)"),
        ("a + 1 is 2 | 3", "((a + 1) is 2 | 3)"),
        ("-a.b[c] * -2", "((- a.b[c]) * -2)"),
        ("- -a", "(- (- a))"),
        ("- -9_223_372_036_854_775_808", "(- -9223372036854775808)"),
        ("a - 1", "(a - 1)"),
        ("a -1", "(a - 1)"),
        ("f(-1)", "f(-1)"),
        ("20.50#3 + 1#2", "(20500 + 100)"),
    ];
    for (text, expected) in table {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn lines_go_on_only_where_the_manual_says() {
    let table = [
        (
            "{ let x = a\n  ++ b\n  ?? c\n  or d\n  |> f\n  x }",
            "{ let x = ((((a ++ b) ?? c) or d) |> f); x }",
        ),
        ("{ let x = a\n  .b\n  x }", "{ let x = a.b; x }"),
        ("{ let x = a +\n  b\n  x }", "{ let x = (a + b); x }"),
        ("[a\n, b\n]", "[a, b]"),
        ("[a\n b\n -1\n (c)\n]", "[a, b, -1, c]"),
        ("{ x: a\n y: b\n}", "{ x: a, y: b }"),
        (
            "match a {\n A => 1\n B(x) if x > 0 => 2, _ => 3 }",
            "match a { A => 1, B(x) if (x > 0) => 2, _ => 3 }",
        ),
        ("{ let x = A\n { x } }", "{ let x = A; { x } }"),
        ("{ let x = 0   Cleared(x) }", "{ let x = 0; Cleared(x) }"),
    ];
    for (text, expected) in table {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn braces_are_records_or_blocks_by_two_tokens() {
    let table = [
        ("{ x }", "{ x }"),
        ("{ x, }", "{ x: x }"),
        ("{ x, y }", "{ x: x, y: y }"),
        ("{ x: 1 }", "{ x: 1 }"),
        ("{ ..r, x: 1 }", "{ ..r, x: 1 }"),
        ("{ ..r }", "{ ..r }"),
        ("{ x(1) }", "{ x(1) }"),
        ("Some { x: 1, y }", "Some { x: 1, y: y }"),
        (
            "if a == Locked { x: 1 } else { y }",
            "if (a == Locked) { x: 1 } else { y }",
        ),
        (
            "if (Locked { x: 1 } == a) { 1 } else { 2 }",
            "if (Locked { x: 1 } == a) { 1 } else { 2 }",
        ),
        (
            "if a { 1 } else if b { 2 } else { 3 }",
            "if a { 1 } else if b { 2 } else { 3 }",
        ),
        (
            "match f(A { x: 1 }) { _ => B { y: 2 } }",
            "match f(A { x: 1 }) { _ => B { y: 2 } }",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn arguments_are_values_lambdas_or_arrows() {
    let table = [
        ("f()", "f()"),
        ("f(x, g, Sum)", "f(x, g, Sum)"),
        (
            "f(x, fn(a, (b, c)) => a + b)",
            "f(x, fn(a, (b, c)) => (a + b))",
        ),
        ("f(x, .name)", "f(x, .name)"),
        ("f(x, g >>> h)", "f(x, [g >>> h])"),
        ("f((g >>> h) &&& Sum)", "f([[g >>> h] &&& Sum])"),
        ("f((g))", "f(g)"),
        ("f((g) >>> h)", "f([g >>> h])"),
        ("f((x), y)", "f(x, y)"),
        ("f({ a: .b, c: id })", "f({ a: .b, c: id })"),
        ("f({ a: b })", "f({ a: b })"),
        ("f(const 1)", "f(const 1)"),
        (
            "f(first g, second (g *** h))",
            "f(first g, second [g *** h])",
        ),
        ("f(first, second)", "f(first, second)"),
        (
            "f(case { A: g, B: fst >>> h })",
            "f(case { A: g, B: [fst >>> h] })",
        ),
        ("f((fn(x) => x) >>> g)", "f([fn(x) => x >>> g])"),
        ("f(g\n >>> h\n >>> get)", "f([g >>> h >>> get])"),
    ];
    for (text, expected) in table {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn statements_and_values_are_these() {
    let table = [
        (
            "{ let (a, _) = f(x) else { become A B } a }",
            "{ let (a, _) = f(x) else { become A; B }; a }",
        ),
        (
            "{ require a > 1 else No set b.c[d].e = 2 b }",
            "{ require (a > 1) else No; set b.c[d].e = 2; b }",
        ),
        (
            "{ let { x, y: Some(z), .. } = r z }",
            "{ let { x: x, y: Some(z), .. } = r; z }",
        ),
        ("Map[]", "Map[]"),
        ("Map[\"a\": 1, \"b\": [()]]", "Map[\"a\": 1, \"b\": [()]]"),
        (
            "Transfer { to: \"savings\", amount: 250 }",
            "Transfer { to: \"savings\", amount: 250 }",
        ),
        ("(1, (2), (3, true))", "(1, 2, (3, true))"),
        ("Reason.TooLittle(1, 2)", "Reason.TooLittle(1, 2)"),
        (
            "x is Reason.BadAmount | C { a: \"t\" } | -1",
            "(x is Reason.BadAmount | C { a: \"t\" } | -1)",
        ),
        (
            "{ let state = step   state }",
            "{ let state = step; state }",
        ),
        ("input + version - from", "((input + version) - from)"),
        ("refuse", "refuse"),
    ];
    for (text, expected) in table {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn variants_and_types_are_told_apart() {
    let table = [
        ("Lamp", false),
        ("| Lamp", true),
        ("Lamp | Lantern", true),
        ("Lamp(Int)", true),
        ("Lamp { x: Int }", true),
        ("Option(Int)", false),
        ("Map(Text, List(Int))", false),
        ("Option(Int) | None", true),
        ("(Int, Text)", false),
        ("{ x: Int }", false),
    ];
    for (text, is_variant) in table {
        let module = module(&format!("type T = {text}"));
        let ItemKind::Type(item) = &module.items[0].kind else {
            panic!("{text}")
        };
        assert_eq!(
            matches!(item.body, TypeBody::Variant(_)),
            is_variant,
            "{text}"
        );
    }
}

#[test]
fn the_parts_of_a_machine_are_these() {
    let module = module(
        "/// Not this.\n\n/// One.\n/// Two.\nmachine M version 12 with at, from {
           input A
           init 0
           on A in B if c => D
           on A = get >>> put
           step = case { A: id }
           migrate from 11 unchanged
           migrate from 10 { a } => { a, b: 1 }
           migrate back to 11 unchanged => unchanged
           accept from 11
           accept from 10 { A => refuse, B(x) => if x { C } else { refuse } }
           reply to 11 { D => E }
           trace \"t\" from 11 { v11> A as \"b\" at 3 = retired > A = fault upgrade check a given b\n > A }
         }",
    );
    assert_eq!(module.items[0].documentation.as_deref(), Some("One.\nTwo."));
    let ItemKind::Machine(machine) = &module.items[0].kind else {
        panic!("no machine")
    };
    let members: Vec<String> = machine
        .members
        .iter()
        .map(|member| member_shape(&member.kind))
        .collect();
    let expected = [
        "input type",
        "init 0",
        "on A in B if c => D",
        "on A = [get >>> put]",
        "step = case { A: id }",
        "migrate 11 unchanged",
        "migrate 10 { a: a } => { a: a, b: 1 }",
        "migrate back 11 unchanged => unchanged",
        "accept 11 {  }",
        "accept 10 { A => REFUSE, B(x) => if x { C } else { REFUSE } }",
        "reply 11 { D => E }",
        "trace t from 11: v11> A at 3 as \"b\" = retired; > A = fault; upgrade; check a; given b; > A",
    ];
    assert_eq!(members, expected);
    assert_eq!(
        machine
            .context
            .iter()
            .map(|name| name.text.as_str())
            .collect::<Vec<_>>(),
        ["at", "from"]
    );
}

#[test]
fn every_span_is_what_was_written() {
    let text = "(a + b) * f(x, fn(y) => y).z";
    let source = Source::new("a.cam", text).unwrap();
    let (expr, _) = dsl::parse::expression(&source);
    let ExprKind::Binary {
        left,
        right,
        operator_span,
        ..
    } = &expr.kind
    else {
        panic!("{expr:?}")
    };
    let ExprKind::Field { record, field } = &right.kind else {
        panic!("{right:?}")
    };
    let ExprKind::Call { arguments, .. } = &record.kind else {
        panic!("{record:?}")
    };
    let spans = [
        expr.span,
        left.span,
        *operator_span,
        right.span,
        record.span,
        field.span,
        arguments[1].span(),
    ];
    let found = spans.map(|span| source.slice(span));
    assert_eq!(
        found,
        [
            text,
            "(a + b)",
            "*",
            "f(x, fn(y) => y).z",
            "f(x, fn(y) => y)",
            "z",
            "fn(y) => y"
        ]
    );
}

fn expression(text: &str) -> String {
    let source = Source::new("a.cam", text).expect("a short text");
    let (expr, problems) = dsl::parse::expression(&source);
    assert!(problems.is_empty(), "{}", problems.render(&source, false));
    shape(&expr)
}

fn module(text: &str) -> Module {
    let source = Source::new("a.cam", text).expect("a short text");
    let (module, problems) = dsl::parse::module(&source);
    assert!(problems.is_empty(), "{}", problems.render(&source, false));
    module
}
