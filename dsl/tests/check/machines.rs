//! Definitions, machines and handlers: refusals beside acceptances.

use dsl::history::History;

use crate::{COUNTER_1, judge};

const DEFINITIONS: &[(&str, &str)] = &[
    ("type A = { b: B }  type B = List(Int)", ""),
    ("type A = { b: B }  type B = List(A)", "T121"),
    ("type A = A", "T121"),
    ("type A = X(Option(A))", "T121"),
    ("type A = Int  type A = Text", "T114"),
    ("type Int = Text", "T115"),
    ("type A = { x: Int, x: Int }", "T108"),
    ("type A = X | X", "T108"),
    (
        "type A = X | Y(Itn)  fn f(a: A) -> Int { match a { X => 1, Y(_) => 2 } }",
        "T103",
    ),
    ("fn f() -> Int { 1 }  fn f() -> Int { 2 }", "T114"),
    ("fn fold(n: Int) -> Int { n }", "T115"),
    ("fn split(n: Int) -> Int { n }", "T115"),
    ("fn add(n: Int) -> Int { n }", "T115"),
    ("fn fst(n: Int) -> Int { n }", "T115"),
    ("fn f(a: Int, a: Int) -> Int { a }", "T108"),
    ("fn f(n: Int) -> Int { f(n) }", "T120"),
    (
        "fn f(n: Int) -> Int { g(n) }  fn g(n: Int) -> Int { h(n) }  fn h(n: Int) -> Int { f(n) }",
        "T120",
    ),
    (
        "fn f(n: Int) -> Int { g(n) }  fn g(n: Int) -> Int { n }",
        "",
    ),
    ("const a: Int = b  const b: Int = 3", ""),
    ("const a: Int = b + 1  const b: Int = a", "T120"),
    ("const a: Text = 1", "T100"),
    ("fn f(s: State, i: Input) -> Output { Sum(s.count) }", ""),
];

#[test]
fn definitions_are_accepted_and_refused() {
    judge(
        DEFINITIONS,
        |items| format!("{items}\n{COUNTER_1}"),
        &History::new(),
    );
}

#[test]
fn machines_are_accepted_and_refused() {
    let members = "input | A  output | B  state { x: Int }  init { x: 0 }  on A => B";
    let one = |head: &str, more: &str| format!("machine {head} {{ {members}\n {more} }}");
    let whole: Vec<(String, &str)> = vec![
        (one("M version 1", ""), ""),
        (String::new(), "M103"),
        (one("M version 1", "") + &one("N version 1", ""), "M104"),
        (
            "machine M version 1 { input | A  output | B  on A => B }".to_owned(),
            "M101",
        ),
        ("machine M version 1 { }".to_owned(), "M101"),
        (one("M version 1", "init { x: 1 }"), "M102"),
        (one("M version 1 with at, from, seq", ""), ""),
        (one("M version 0", ""), "M108"),
        (one("M version 1 with time", ""), "M106"),
        (one("M version 1 with at, at", ""), "T108"),
        (one("M version 1 with at", "").replace("x:", "at:"), "M107"),
    ];
    let table: Vec<(&str, &str)> = whole
        .iter()
        .map(|(text, codes)| (text.as_str(), *codes))
        .collect();
    judge(&table, str::to_owned, &History::new());
}

fn record_machine(members: &str) -> String {
    format!(
        "machine M version 2 with at {{
           input  Incr | Put {{ k: Text, n: Int }} | Both(Int, Int)
           output Ok | No(Text) | Sum(Int)
           state  {{ x: Int, m: Map(Text, Int), r: {{ a: Int, b: Int }}, mm: Map(Int, Map(Int, Int)) }}
           init   {{ x: 0, m: Map[], r: {{ a: 0, b: 0 }}, mm: Map[] }}
           {members}
         }}"
    )
}

const RECORD_HANDLERS: &[(&str, &str)] = &[
    ("on _ => Ok", ""),
    ("on Incr => Ok", "M201"),
    ("on _ => Ok\n on Incr => Ok", "M202"),
    (
        "on Incr if x > 0 => Ok\n on Incr => No(\"a\")\n on _ => Ok",
        "",
    ),
    ("on Incr if x > 0 => Ok\n on Put(_) | Both(_) => Ok", "M201"),
    ("on Incr if x => Ok\n on _ => Ok", "T100"),
    ("on Put { k, n } => { set m[k] = n  Ok }\n on _ => Ok", ""),
    (
        "on Put { k, n } => { set m[n] = n  set x = k  Ok }\n on _ => Ok",
        "T100 T100",
    ),
    ("on Put { k } => { set m[k] = 1  Ok }\n on _ => Ok", "T116"),
    (
        "on Both(a, b) => { set r.a = a  set mm[1][2] = b  Ok }\n on _ => Ok",
        "",
    ),
    (
        "on Both(a, b) => { set r.c = a  set x[1] = b  Ok }\n on _ => Ok",
        "T106 T112",
    ),
    (
        "on Both(a, x) => { set x = a  Sum(x) }\n on _ => Ok",
        "M111",
    ),
    ("on _ => { set y = 1  Ok }", "T106"),
    ("on _ => { become { ..state, x: prev.x + at }  Sum(x) }", ""),
    ("on _ => { become 3  Ok }", "T100"),
    (
        "on _ => { set x = 1  require x > 2 else Ok  Sum(x) }",
        "M113",
    ),
    (
        "on _ => { require x > 2 else { set x = 5  Ok }  Sum(x) }",
        "",
    ),
    (
        "on _ => { let Some(n) = m[\"a\"] else No(\"none\")  Sum(n) }",
        "",
    ),
    ("on _ => if x > 1 { set x = 2  Ok } else { Sum(x) }", ""),
    ("on _ => if x > 1 { set x = 2  Ok } else { Smu(x) }", "T104"),
    ("on _ => if x > 1 { Ok } else { x }", "T101"),
    (
        "on _ => match m[\"a\"] { Some(n) => { set x = n  Ok }, None => No(\"x\") }",
        "",
    ),
    ("on _ => match m[\"a\"] { Some(n) => Sum(n) }", "T201"),
    ("on _ => Sum(if x > 1 { set x = 2  1 } else { 2 })", "M110"),
    ("on _ => 3", "T100"),
    (
        "on Incr = get >>> .x >>> Sum\n on Put(_) => Ok\n on Both = add >>> Sum",
        "",
    ),
    ("on Put { k, n } = const Ok\n on _ => Ok", "M115"),
    ("on Incr = get >>> Sum\n on _ => Ok", "T100"),
    ("on Incr = at >>> Sum\n on _ => Ok", ""),
    (
        "step = case { Incr: const Ok, Put: .n >>> Sum, Both: fst >>> Sum }",
        "",
    ),
    ("step = case { Incr: const Ok, Put: .n >>> Sum }", "T201"),
    ("step = const 3", "T100"),
    ("step = const Ok\n on _ => Ok", "M105"),
    (
        "on _ => Ok\n trace \"t\" { > Incr at 3 = Ok\n > Both(1, 2) = fault\n check x == 0 and state.x == 0 }",
        "",
    ),
    (
        "on _ => Ok\n trace \"t\" { > Inrc = Ok\n > Incr = 3\n check x\n given 3 }",
        "T104 T100 T100 T100",
    ),
    (
        "on _ => Ok\n trace \"t\" { > Incr as \"a\" = Ok\n upgrade }",
        "M303 M301",
    ),
    ("on _ => Ok\n trace \"t\" { v1> Incr = Ok }", "M302"),
];

#[test]
fn handlers_of_a_record_state_are_accepted_and_refused() {
    judge(RECORD_HANDLERS, record_machine, &History::new());
}

fn sum_machine(members: &str) -> String {
    format!(
        "machine M version 1 {{
           input  Open | Close | Code {{ n: Int }}
           output Did | Cannot
           state  Opened | Closed | Locked {{ tries: Int }}
           init   Closed
           {members}
         }}"
    )
}

const SUM_HANDLERS: &[(&str, &str)] = &[
    (
        "on Open in Closed => { become Opened  Did }\n on _ => Cannot",
        "",
    ),
    ("on Open in Closed => { become Opened  Did }", "M201"),
    ("on Open in Closd => Did\n on _ => Cannot", "T104"),
    (
        "on Open in Locked { tries } if tries > 3 => Did\n on _ => Cannot",
        "",
    ),
    (
        "on Open in Closed => Did\n on Open in Closed => Cannot\n on _ => Cannot",
        "M202",
    ),
    (
        "on Open in Opened | Closed | Locked(_) => Did\n on Close | Code(_) => Cannot",
        "",
    ),
    (
        "on Open in Opened | Closed => Did\n on Close | Code(_) => Cannot",
        "M201",
    ),
    (
        "on _ in Opened => Did\n on _ in Closed => Did\n on _ in Locked(_) => Cannot",
        "",
    ),
    ("on _ => { set tries = 3  Did }", "M112"),
    ("on _ => { become Locked { tires: 3 }  Did }", "T106"),
    ("on Code { n } in Locked { n } => Did\n on _ => Did", "T106"),
];

#[test]
fn handlers_of_a_sum_state_are_accepted_and_refused() {
    judge(SUM_HANDLERS, sum_machine, &History::new());
}
