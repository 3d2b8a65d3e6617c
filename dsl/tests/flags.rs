//! What functions and handlers are proved to do, and not to do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use dsl::compile::compile;
use dsl::history::History;
use dsl::source::Source;

/// Each function and handler of a machine with its flags.
fn flags(text: &str) -> Vec<String> {
    let source = Source::new("flags.cam", text).unwrap();
    let compiled = compile(&source, &History::new());
    let flags = compiled
        .map_err(|problems| problems.render(&source, false))
        .unwrap()
        .flags();
    let functions = flags.functions.iter();
    let functions = functions.map(|function| format!("{}: {}", function.name, function.flags));
    let handlers = flags.handlers.iter().map(|handler| {
        let inputs = match handler.inputs.is_empty() {
            true => "_".to_owned(),
            false => handler.inputs.join(" "),
        };
        let query = if handler.is_query() { ", query" } else { "" };
        format!("{inputs}: {}{query}", handler.flags)
    });
    let mut all: Vec<String> = functions.collect();
    all.sort();
    all.into_iter().chain(handlers).collect()
}

#[test]
fn what_may_stop_look_or_change_says_so_and_nothing_else_does() {
    let text = "
        const half: Int = 2
        fn pick(a: Int, b: Int) -> Int { max(a, b) }
        fn halved(n: Int) -> Int { n / half % 7 }
        fn inverse(n: Int) -> Int { 1 / n }
        fn twice(n: Int) -> Int { pick(inverse(n), n) }
        fn shown : Int -> Text = show
        fn longer(text: Text) -> Text { text ++ shown(len(text)) }
        fn numbers(n: Int) -> List(Int) { range(0, n, 9) }
        machine Flags version 1 with from {
          input  Read | Peek(Int) | Set(Int) | Name | Incr | Maybe(Int) | Quiet | Loud | Item(Int)
          output Ok | Is(Int) | Named(Text) | All(List(Int))
          state  { count: Int, list: List(Int) }
          init   { count: 0, list: [] }
          on Read => Is(count)
          on Peek(n) => Is(halved(n) + twice(n))
          on Set(n) => { set count = n  Ok }
          on Name => Named(longer(from))
          on Incr => { set count = count + 1  Ok }
          on Maybe(n) => { require n > 0 else Ok  become { count: n, list: numbers(n) }  Ok }
          on Quiet | Loud in { count: 0, .. } => Ok
          on Item(at) => { set list[at] = 1  All(list) }
          on _ => Ok
        }";
    assert_eq!(
        flags(text),
        [
            "half: pure",
            "halved: pure",
            "inverse: faults",
            "longer: pure",
            "numbers: faults",
            "pick: pure",
            "shown: pure",
            "twice: faults",
            "Read: reads, query",
            "Peek: faults, query",
            "Set: reads writes",
            "Name: pure, query",
            "Incr: faults reads writes",
            "Maybe: faults writes",
            "Loud Quiet: reads, query",
            "Item: faults reads writes",
            "_: pure, query",
        ]
    );
}

#[test]
fn arms_of_a_point_free_step_have_their_own_flags() {
    let text = "
        machine Flags version 1 {
          input  Incr | Read | Reset | Each(List(Int))
          output Ok | Is(Int) | Are(List(Int))
          state  Int
          init   0
          step = case {
            Incr: modify ((id &&& const 1) >>> add) >>> Ok
            Read: get >>> Is
            Reset: const 0 >>> put >>> Ok
            Each: each (tap put) >>> Are
          }
        }";
    assert_eq!(
        flags(text),
        [
            "Each: writes",
            "Incr: faults reads writes",
            "Read: reads, query",
            "Reset: writes",
        ]
    );
}
