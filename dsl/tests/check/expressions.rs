//! Expressions, collections, matches and arrows: refusals beside acceptances.

use dsl::history::History;

use crate::{COUNTER_1, judge};

/// A function `f` with this body in a file with a machine and some types.
fn function(body: &str) -> String {
    format!(
        "type Colour = Red | Green | Grey(Int)
         type Fruit = Apple | Red {{ kg: Int }}
         const limit: Int = 10
         fn double(n: Int) -> Int {{ n + n }}
         fn inc : Int -> Int = (id &&& const 1) >>> add
         fn f{body}
         {COUNTER_1}"
    )
}

const EXPRESSIONS: &[(&str, &str)] = &[
    ("() -> Int { limit }", ""),
    ("() -> Int { limt }", "T102"),
    ("() -> Int { 1 + \"a\" }", "T100"),
    ("() -> Text { \"a\" + \"b\" }", "T100"),
    ("() -> Bool { 1 < 2 and \"a\" < \"b\" }", ""),
    ("() -> Bool { (1, \"a\") == (2, \"b\") }", ""),
    ("() -> Bool { 1 == \"a\" }", "T100"),
    ("(m: Map(Int, Int)) -> Bool { m == m }", ""),
    ("(m: Map(Int, Int)) -> Bool { m < m }", "T122"),
    ("(b: Bool) -> Int { if b { 1 } else { 2 } }", ""),
    ("(b: Bool) -> Int { if b { 1 } else { \"a\" } }", "T101"),
    (
        "(b: Bool) -> Int { let x = if b { 1 } else { \"a\" }  x }",
        "T101",
    ),
    ("(b: Bool) -> Int { if 1 { 1 } else { 2 } }", "T100"),
    ("(o: Option(Int)) -> Int { o ?? 0 }", ""),
    ("(o: Option(Int)) -> Int { o ?? o ?? 0 }", ""),
    ("(o: Option(Int)) -> Int { o ?? 0 ?? 0 }", "T100"),
    ("(o: Option(Int)) -> Int { o ?? \"a\" }", "T100"),
    ("(n: Int) -> Int { n ?? 0 }", "T100"),
    ("(o: Option(Int)) -> Int { o }", "T100"),
    ("(o: Option(Int)) -> Bool { o is Some(3) }", ""),
    ("(o: Option(Int)) -> Bool { o is Some(n) }", "T118"),
    ("(r: { a: Int, b: Text }) -> Int { r.a }", ""),
    ("(r: { a: Int, b: Text }) -> Int { r.c }", "T106"),
    (
        "(r: { a: Int, b: Text }) -> { a: Int, b: Text } { { ..r, a: 2 } }",
        "",
    ),
    (
        "(r: { a: Int, b: Text }) -> { a: Int, b: Text } { { ..r, c: 2 } }",
        "T106",
    ),
    ("() -> { a: Int, b: Text } { { b: \"x\", a: 1 } }", ""),
    ("() -> { a: Int, b: Text } { { a: 1, b: 2 } }", "T100"),
    ("() -> { a: Int, b: Text } { { a: missing } }", "T107 T102"),
    ("() -> { a: Int, b: Text } { { a: 1, a: 2 } }", "T107 T108"),
    ("() -> Colour { Green }", ""),
    ("() -> Colour { Gren }", "T104"),
    ("() -> Colour { Red }", ""),
    ("() -> Fruit { Red { kg: 1 } }", ""),
    ("() -> Bool { Red == Green }", "T105"),
    ("() -> Bool { Colour.Red == Green }", ""),
    ("() -> Bool { Color.Red == Green }", "T103"),
    ("() -> Colour { Grey }", "T117"),
    ("() -> Colour { Grey(1, 2) }", "T117"),
    ("() -> Colour { Green(1) }", "T117"),
    ("() -> Fruit { Green }", "T100"),
    ("() -> Int { double(1) }", ""),
    ("() -> Int { double(1, 2) }", "T109"),
    ("() -> Int { 3 |> double |> double }", ""),
    ("() -> Colour { 3 |> Grey }", ""),
    ("() -> Int { double }", "T110"),
    ("() -> Int { limit(1) }", "T110"),
    ("(n: Int) -> Int { n(1) }", "T110"),
    ("() -> Int { duoble(1) }", "T102"),
    ("(b: Bytes) -> Option(Colour) { from_bytes(b) }", ""),
    (
        "(b: Bytes) -> (Int, Text) { from_bytes(b) ?? (0, \"\") }",
        "",
    ),
    ("(b: Bytes) -> Int { from_bytes(b) }", "T100"),
    ("(b: Bytes) -> Bool { from_bytes(b) is Some(_) }", "T111"),
    ("() -> Option(Int) { from_bytes(\"1\") }", "T100"),
    ("(s: Set(Int)) -> Set(Int) { insert(s, 1) }", ""),
    ("(s: Set(Int)) -> Set(Int) { insert(s, 1, 2) }", "T109"),
    ("(s: Set(Int)) -> Set(Int) { insert(s, \"a\") }", "T100"),
    (
        "(m: Map(Int, Int)) -> Map(Int, Int) { insert(m, 1) }",
        "T109",
    ),
    ("(s: Set(Set(Int))) -> Int { 1 }", "T122"),
    ("(s: Set(Int), t: Set(Int)) -> Bool { s < t }", "T122"),
    ("(s: Set(Int, Int)) -> Int { 1 }", "T125"),
    ("(s: Set(Int)) -> Set(Int) { push(s, 1) }", "T112"),
    ("(s: Set(Int)) -> Map(Int, ()) { s }", ""),
    ("(s: Set(Int)) -> List(Int) { values(s) }", "T112"),
    ("() -> Set(Text) { Set[\"a\", 1] }", "T100"),
    ("() -> Bool { Set[] == Set[] }", "T111"),
    (
        "(e: Either(Int, Text)) -> Int { match e { Left(n) => n } }",
        "T201",
    ),
    (
        "(e: Either(Int, Text)) -> Int { match e { Left(n) => n, Right(_) => 0 } }",
        "",
    ),
    ("() -> Either(Int, Text) { Left(\"a\") }", "T100"),
    ("() -> Either(Int, Text) { Right(\"a\") }", ""),
    ("() -> Bool { Left(1) is Left(_) }", "T111"),
    ("() -> Bytes { x\"00ff\" ++ x\"\" }", ""),
    ("() -> Bytes { \"00\" }", "T100"),
    (
        "(l: List(Int)) -> Int { match l { [] => 0, [n, ..] => n } }",
        "",
    ),
    (
        "(l: List(Int)) -> Int { match l { [] => 0, [n] => n } }",
        "T201",
    ),
    (
        "(l: List(Int)) -> Int { match l { [..] => 0, [n] => n } }",
        "T202",
    ),
    (
        "(l: List(Int)) -> Int { match l { [] => 0, [n, ..rest] => n + len(rest), _ => 1 } }",
        "T202",
    ),
    (
        "(l: List(Int)) -> Int { match l { [\"a\"] => 0, _ => 1 } }",
        "T100",
    ),
    ("(n: Int) -> Int { match n { [_] => 0, _ => 1 } }", "T100"),
    ("(l: List(Int)) -> Int { let [n] = l  n }", "T203"),
    ("(l: List(Int)) -> Int { let [n] = l else 0  n }", ""),
    (
        "(l: List(Int)) -> List(Int) { flat_map(l, fn(n) => n) }",
        "T100",
    ),
    (
        "(l: List(Int)) -> List(Int) { filter_map(l, fn(n) => [n]) }",
        "T100",
    ),
    ("(l: List(Int)) -> List(Int) { sort_by(l, 1) }", "T110"),
    (
        "(l: List(Int)) -> List(Int) { sort_by(l, fn(n) => Map[n: n]) }",
        "T122",
    ),
    ("(l: List(Int)) -> Map(Int, Int) { to_map(l) }", "T112"),
    ("(l: List(Int)) -> List(Int) { union(l, l) }", "T112"),
    ("(s: Set(Int)) -> Set(Int) { union(s, Set[\"a\"]) }", "T100"),
    (
        "(m: Map(Text, Int)) -> Map(Text, Int) { update(m, \"a\", 0, fn(n) => n + 1) }",
        "",
    ),
    (
        "(m: Map(Text, Int)) -> Map(Text, Int) { update(m, \"a\", \"b\", fn(n) => n + 1) }",
        "T100",
    ),
    (
        "(m: Map(Text, Int)) -> Map(Text, Int) { update(m, \"a\", 0, fn(n) => show(n)) }",
        "T100",
    ),
    ("(n: Int) -> List(Int) { unique(n) }", "T112"),
    ("(n: Int) -> Text { trim(n) }", "T100"),
    ("(n: Int) -> Text { fixed(n) }", "T109"),
    ("(o: Option(Int)) -> Option(Text) { map(o, show) }", ""),
    (
        "(o: Option(Int)) -> Option(Int) { flat_map(o, fn(n) => n) }",
        "T100",
    ),
    (
        "(fold: List(Int), f: Int) -> List(Int) { sort_by(fold, fn(xs) => xs * f) }",
        "",
    ),
    ("(s: Itn) -> Int { 1 }", "T103"),
    ("(s: List) -> Int { 1 }", "T125"),
    ("(s: Map(Map(Int, Int), Int)) -> Int { 1 }", "T122"),
    ("() -> Int { let (a, b) = (1, 2)  a + b }", ""),
    ("() -> Int { let (a, b) = (1, 2)  a }", "T140"),
    ("() -> Int { let (a, a) = (1, 2)  a }", "T108"),
    ("() -> Int { let (a, b, c) = (1, 2)  a }", "T100"),
    ("(o: Option(Int)) -> Int { let Some(n) = o  n }", "T203"),
    ("(o: Option(Int)) -> Int { let Some(n) = o else 0  n }", ""),
    ("(n: Int) -> Int { require n > 0 else 0  n }", ""),
    ("(n: Int) -> Int { require n > 0 else \"a\"  n }", "T101"),
    ("(n: Int) -> Int { set x = 1  n }", "M110"),
    ("(n: Int) -> Int { state }", "T102"),
    ("() -> Int { let x = None  1 }", "T111"),
    ("() -> Int { refuse }", "U307"),
    ("() -> Int { -(2) }", ""),
    ("(n: Int) -> Bool { not (n > 1) or n == 3 }", ""),
];

#[test]
fn expressions_are_accepted_and_refused() {
    judge(EXPRESSIONS, function, &History::new());
}

const COLLECTIONS: &[(&str, &str)] = &[
    ("(m: Map(Text, Int)) -> Option(Int) { m[\"a\"] }", ""),
    ("(m: Map(Text, Int)) -> Option(Int) { m[1] }", "T100"),
    ("(n: Int) -> Option(Int) { n[1] }", "T112"),
    ("(l: List(Int)) -> Option(Int) { l[1] }", ""),
    ("(l: List(Int)) -> Option(Int) { l[\"a\"] }", "T100"),
    ("(t: Text) -> Option(Text) { t[1] }", ""),
    ("(b: Bytes) -> Option(Int) { b[1] }", ""),
    ("(b: Bool) -> Option(Int) { b[1] }", "T112"),
    ("() -> Map(Text, Int) { Map[\"a\": 1, \"b\": 2] }", ""),
    ("() -> Map(Text, Int) { Map[\"a\": 1, 2: 2] }", "T100"),
    ("() -> List(Int) { [1, 2] ++ [3] }", ""),
    ("() -> List(Int) { [1, \"a\"] }", "T100"),
    ("() -> Text { \"a\" ++ \"b\" }", ""),
    ("(b: Bytes) -> Bytes { b ++ b }", ""),
    ("() -> Text { \"a\" ++ [1] }", "T100"),
    ("() -> Text { \"a\" + \"b\" }", "T100"),
    ("() -> Int { 1 ++ 2 }", "T112"),
    (
        "(l: List(Int)) -> Int { fold(l, 0, fn(a, n) => a + n) }",
        "",
    ),
    ("(l: List(Int)) -> Int { fold(l, 0, add) }", ""),
    ("(l: List(Int)) -> Int { fold(l, 0, lt) }", "T100"),
    ("(l: List(Int)) -> Int { fold(l, 0, max) }", ""),
    ("(l: List(Int)) -> Int { fold(l, 0, fn(a) => a) }", "T109"),
    ("(l: List(Int)) -> Int { fold(l, 0, 3) }", "T110"),
    ("(l: List(Int)) -> Int { fold(l, 0) }", "T109"),
    (
        "(l: List(Int)) -> Int { fold(l, 0, fn(a, n) => n > a) }",
        "T100",
    ),
    (
        "(l: List(Int)) -> List(Int) { fold(l, [], fn(a, n) => push(a, n)) }",
        "",
    ),
    (
        "(l: List(Int)) -> Int { fold(l, [], fn(a, n) => [a]) |> len }",
        "T123",
    ),
    ("(l: List(Int)) -> List(Colour) { map(l, Grey) }", ""),
    ("(l: List(Int)) -> List(Int) { map(l, double) }", ""),
    ("(l: List(Int)) -> List(Int) { map(l, inc) }", ""),
    ("(l: List({ a: Int })) -> List(Int) { map(l, .a) }", ""),
    ("(l: List(Int)) -> List(Int) { map(l, inc >>> inc) }", ""),
    (
        "(l: List(Int), k: Int) -> List(Int) { map(l, fn(n) => n + k) }",
        "",
    ),
    (
        "(l: List(Int), k: Int) -> List(Int) { map(l, inc >>> (fn(n) => n + k)) }",
        "T102",
    ),
    (
        "(l: List(Int)) -> Bool { any(l, fn(n) => n > 1) and all(l, fn(n) => n > 1) }",
        "",
    ),
    (
        "(m: Map(Text, Int)) -> Bool { any(m, fn((_, n)) => n > 1) }",
        "",
    ),
    (
        "(m: Map(Text, Int)) -> Bool { any(m, fn(_, n) => n > 1) }",
        "T109",
    ),
    (
        "(m: Map(Text, Int)) -> Map(Text, Int) { filter(m, fn((_, n)) => n > 1) }",
        "",
    ),
    (
        "(m: Map(Text, Int)) -> Int { sum(values(m)) + size(m) + len(keys(m)) }",
        "",
    ),
    ("(m: Map(Text, Int)) -> Int { sum(keys(m)) }", "T100"),
    (
        "(m: Map(Text, Int)) -> Bool { contains(m, \"a\") and contains([1], 2) }",
        "",
    ),
    (
        "(m: Map(Text, Int)) -> Map(Text, Int) { m |> insert(\"a\", 1) |> remove(\"b\") }",
        "",
    ),
    (
        "(m: Map(Text, Int)) -> Map(Text, Int) { push(m, 1) }",
        "T112",
    ),
    ("(l: List(Int)) -> List(Int) { insert(l, 1, 2) }", "T112"),
    ("(t: Text) -> Int { len(t) + size(t) }", ""),
    ("(t: Text) -> Int { fold(t, 0, fn(a, _) => a) }", ""),
    ("(t: Text) -> Int { sum(t) }", "T100"),
    ("() -> List(Int) { range(0, 3) }", ""),
    ("(n: Int) -> List(Int) { range(0, n, 9) }", ""),
    ("() -> List(Int) { range(0, limit) }", ""),
    ("(n: Int) -> List(Int) { range(0, n) }", "T126"),
    ("(n: Int) -> List(Int) { range(n, 9) }", "T126"),
    ("(n: Int) -> List(Int) { range(0, 1, n) }", "T126"),
    ("() -> List(Int) { range(3) }", "T109"),
    ("() -> List(Int) { range(0, \"a\") }", "T100"),
    (
        "(l: List(Int)) -> List(Int) { take(l, 1) ++ drop(l, 1) ++ slice(l, 0, 1) ++ take_last(l, 1) }",
        "",
    ),
    ("(m: Map(Int, Int)) -> Map(Int, Int) { take(m, 1) }", "T112"),
    ("(t: Text) -> Text { reverse(t) }", "T112"),
    ("(l: List(Int)) -> Int { last(l) }", "T100"),
    ("() -> Option(Int) { last([]) }", ""),
    ("() -> Option(Int) { find([1], fn(n) => n) }", "T100"),
    (
        "(m: Map(Text, Int)) -> Option((Text, Int)) { find(m, fn((_, n)) => n > 1) }",
        "",
    ),
    (
        "(l: List(Text)) -> Int { count(l, fn(t) => has(t, \"a\")) }",
        "",
    ),
    ("(t: Text) -> List(Text) { split(t, 1) }", "T100"),
    ("(t: Text) -> Text { join(split(t, \",\"), \";\") }", ""),
    ("(n: Int) -> Text { show(n) ++ show(true) }", "T100"),
    ("(t: Text) -> Int { parse_int(t) }", "T100"),
    ("(t: Text) -> Bytes { hash(t) }", "T100"),
    ("(t: Text) -> Bytes { hash(to_bytes(t)) }", ""),
    ("(n: Int) -> Int { mul_div(n, n, 2) }", ""),
    ("(n: Int) -> Int { mul_div(n, 2) }", "T109"),
    ("(n: Int) -> Int { size(n) }", "T112"),
    (
        "(n: Int) -> Int { clamp(abs(n), min(1, 2), max(3, 4)) }",
        "",
    ),
    ("(n: Int) -> Int { double(fn(x) => x) }", "T110"),
];

#[test]
fn collections_are_accepted_and_refused() {
    judge(COLLECTIONS, function, &History::new());
}

const MATCHES: &[(&str, &str)] = &[
    (
        "(c: Colour) -> Int { match c { Red => 1, Green => 2, Grey(n) => n } }",
        "",
    ),
    (
        "(c: Colour) -> Int { match c { Red | Green => 1, Grey(n) => n } }",
        "",
    ),
    (
        "(c: Colour) -> Int { match c { Red => 1, Green => 2 } }",
        "T201",
    ),
    (
        "(c: Colour) -> Int { match c { Red => 1, Green => 2, Grey(0) => 3 } }",
        "T201",
    ),
    (
        "(c: Colour) -> Int { match c { Red => 1, _ => 2, Green => 3 } }",
        "T202",
    ),
    (
        "(c: Colour) -> Int { match c { Red if true => 1, Red => 2, _ => 3 } }",
        "",
    ),
    (
        "(c: Colour) -> Int { match c { Red if true => 1, Green => 2, Grey(_) => 3 } }",
        "T201",
    ),
    (
        "(c: Colour) -> Int { match c { Grey => 1, _ => 3 } }",
        "T117",
    ),
    (
        "(c: Colour) -> Int { match c { Grey(_, _) => 1, _ => 3 } }",
        "T100",
    ),
    (
        "(c: Colour) -> Int { match c { Rad => 1, Red => 2, _ => 3 } }",
        "T104",
    ),
    (
        "(c: Colour) -> Int { match c { Apple => 1, _ => 3 } }",
        "T100",
    ),
    (
        "(c: Colour) -> Int { match c { Red | Grey(n) => 1, _ => 3 } }",
        "T118",
    ),
    (
        "(c: Fruit) -> Int { match c { Apple => 1, Red { kg } => kg } }",
        "",
    ),
    (
        "(c: Fruit) -> Int { match c { Apple => 1, Red(_) => 2 } }",
        "",
    ),
    (
        "(c: Fruit) -> Int { match c { Apple => 1, Red { .. } => 2 } }",
        "",
    ),
    (
        "(c: Fruit) -> Int { match c { Apple => 1, Red { lb } => lb } }",
        "T106",
    ),
    (
        "(r: { a: Int, b: Int }) -> Int { match r { { a: 0, .. } => 1, { a, b } => a + b } }",
        "",
    ),
    (
        "(r: { a: Int, b: Int }) -> Int { match r { { a } => a } }",
        "T116",
    ),
    (
        "(n: Int) -> Int { match n { 0 => 1, -1 => 2, n => n } }",
        "",
    ),
    ("(n: Int) -> Int { match n { 0 => 1, 1 => 2 } }", "T201"),
    ("(n: Int) -> Int { match n { \"a\" => 1, _ => 2 } }", "T100"),
    ("(b: Bool) -> Int { match b { true => 1, false => 2 } }", ""),
    (
        "(b: Bool) -> Int { match (b, b) { (true, _) => 1, (_, true) => 2 } }",
        "T201",
    ),
    (
        "(o: Option(Colour)) -> Int { match o { Some(Red) => 1, Some(_) => 2, None => 3 } }",
        "",
    ),
    (
        "(o: Option(Colour)) -> Int { match o { Some(Red) => 1, None => 3 } }",
        "T201",
    ),
    (
        "(t: Text) -> Int { match t { \"a\" => 1, \"b\" => 2, _ => 3 } }",
        "",
    ),
    (
        ": Colour -> Int = case { Red: const 1, Green: const 2, Grey: id }",
        "",
    ),
    (
        ": Colour -> Int = case { Colour.Red: const 1, Green: const 2, Grey: id }",
        "",
    ),
    (
        ": Colour -> Int = case { Fruit.Red: const 1, Green: const 2, Grey: id }",
        "T100",
    ),
    (": Colour -> Int = case { Red: const 1, Grey: id }", "T201"),
    (
        ": Colour -> Int = case { Red: const 1, Rad: const 1, Green: const 2, Grey: id }",
        "T104",
    ),
];

#[test]
fn matches_are_exhaustive_and_every_arm_is_reached() {
    judge(MATCHES, function, &History::new());
}

const ARROWS: &[(&str, &str)] = &[
    (": Int -> Int = inc >>> inc", ""),
    (": Int -> Int = id &&& id", "T100"),
    (": Int -> (Int, Int) = id &&& inc", ""),
    (": (Int, Int) -> (Int, Int) = inc *** inc", ""),
    (": (Int, Int) -> (Int, Int) = first inc", ""),
    (": (Int, Int) -> Int = fst", ""),
    (": Int -> Int = fst", "T112"),
    (": Text -> Int = inc", "T100"),
    (": (Int, Text) -> Int = add", "T100"),
    (": (Int, Int) -> Bool = lt", ""),
    (": Int -> Colour = Grey", ""),
    (": { a: Int } -> Int = .a", ""),
    (": { a: Int } -> Int = .b", "T106"),
    (": Int -> { b: Int, a: Int } = { b: id, a: inc }", ""),
    (": Int -> Int = fn(n) => n + limit", ""),
    (": (Int, Int) -> Int = fn(a, b) => a - b", ""),
    (": Int -> Int = const limit", ""),
    (": Int -> Int = limit", ""),
    (": Int -> Int = get", "M114"),
    (": Int -> Int = icn", "T102"),
    (": List(Int) -> Int = sum", ""),
    (": List(Int) -> Int = fold", "T109"),
    (": (Int, Int) -> Int = max", ""),
];

#[test]
fn arrows_are_accepted_and_refused() {
    judge(ARROWS, function, &History::new());
}
