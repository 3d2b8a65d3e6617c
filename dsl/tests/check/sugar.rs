//! What the checker takes the sugar of means what it should: the traces of one program pass.

use dsl::compile::compile;
use dsl::history::History;
use dsl::source::Source;

const SUGAR: &str = r#"
const limits: { low: Int, high: Int } = { low: 2, high: 5 }
const pairs: List((Int, Text)) = [(1, "one"), (2, "two")]

fn positive(n: Int) -> Int {
  require n > 0 else -1
  let Some(double) = Map[1: 2, 3: 6][n] else 0
  double
}
fn inc : Int -> Int = (id &&& const 1) >>> add
fn order : (Int, Int) -> { low: Int, high: Int } = { high: max, low: min }

machine Sugar version 1 with at, seq {
  input  Ask(Text) | Put { a: Int, b: Int, n: Int } | Deep(Int) | Swap { x: Int, y: Int } | Clear
  output N(Int) | B(Bool) | L(List(Int)) | T(Text) | Nothing
  state  { grid: Map(Int, Map(Int, { n: Int, text: Text })), pair: (Int, Int), deep: { in: { n: Int } } }
  init   { grid: Map[1: Map[]], pair: (1, 2), deep: { in: { n: 0 } } }

  on Ask("min")      => N(min(3, -3) * 100 + max(3, -3) * 10 + abs(-4))
  on Ask("clamp")    => L([clamp(1, 2, 5), clamp(3, 2, 5), clamp(9, 2, 5), clamp(3, limits.low, limits.high)])
  on Ask("append")   => L([1] ++ [2, 3] ++ [])
  on Ask("has")      => B(contains([1, 2], 2) and not contains([1, 2], 3) and contains(Map[1: 2], 1))
  on Ask("keys")     => L(keys(Map[2: 20, 1: 10]) ++ values(Map[2: 20, 1: 10]))
  on Ask("all")      => B(all([1, 2], fn(n) => n > 0) and not all([1, -2], fn(n) => n > 0) and all([1], fn(_) => true))
  on Ask("any")      => B(any(pairs, fn((n, text)) => n == 2 and text == "two") and not any([1], fn(n) => n > 1))
  on Ask("filter")   => L(filter([1, 2, 3, 4], fn(n) => n % 2 == 0) |> map(inc))
  on Ask("map")      => L(map([(1, 2), (4, 3)], order >>> .high))
  on Ask("kept")     => L(keys(filter(Map[1: "a", 2: "b", 3: "a"], fn((k, v)) => v == "a" and k > 1)))
  on Ask("sum")      => N(sum(map(pairs, fst)) + len(pairs) + size(Map[1: 1] |> insert(2, 2) |> remove(1)))
  on Ask("guard")    => L([positive(-5), positive(3), positive(7)])
  on Ask("is")       => B((1, Some("a")) is (1, Some("a" | "b")) and not (Some(2) is Some(3)))
  on Ask("else")     => N((None ?? 3) + (Some(4) ?? 1 / 0))
  on Ask("short")    => B(not (false and 1 / 0 == 0) and (true or 1 / 0 == 0))
  on Ask("compare")  => B((1, "b") > (1, "a") and [1, 2] < [1, 3] and not (None > Some(0)) and "b" >= "a")
  on Ask("stamps")   => N(at * 10 + seq)
  on Ask("fold")     => N(fold(Map[1: 10, 2: 20], 0, fn(so_far, (k, v)) => so_far * 100 + k + v))
  on Ask(_)          => Nothing

  on Put { a, b, n } => { set grid[a][b] = { n, text: "new" }  N(size(grid[a] ?? Map[])) }
  on Deep(n) => {
    set deep.in.n = n
    set grid[1][n].n = n * 2
    set pair = (deep.in.n, prev.deep.in.n)
    N(sum(map(values(grid[1] ?? Map[]), .n)))
  }
  on Swap { x, y } => {
    require x != y else { become { ..state, pair: (0, 0) }  Nothing }
    let (a, b) = pair
    set pair = (b, a)
    if a + x > b + y { set deep.in.n = 9  B(true) } else { B(false) }
  }
  on Clear = (get >>> .pair >>> fst) >>> (fn(n) => if n > 0 { N(n) } else { Nothing })

  trace "built-in functions and operators" {
    > Ask("min") = N(-266)
    > Ask("clamp") = L([2, 3, 5, 3])
    > Ask("append") = L([1, 2, 3])
    > Ask("has") = B(true)
    > Ask("keys") = L([1, 2, 10, 20])
    > Ask("all") = B(true)
    > Ask("any") = B(true)
    > Ask("filter") = L([3, 5])
    > Ask("map") = L([2, 4])
    > Ask("kept") = L([3])
    > Ask("sum") = N(6)
    > Ask("guard") = L([-1, 6, 0])
    > Ask("is") = B(true)
    > Ask("else") = N(7)
    > Ask("short") = B(true)
    > Ask("compare") = B(true)
    > Ask("fold") = N(1122)
    > Ask("other") = Nothing
  }
  trace "paths of the state" {
    > Put { a: 1, b: 3, n: 4 } = N(1)
    > Put { a: 1, b: 5, n: 6 } = N(2)
    check grid == Map[1: Map[3: { n: 4, text: "new" }, 5: { n: 6, text: "new" }]]
    > Put { a: 2, b: 5, n: 6 } = fault
    > Deep(3) = N(12)
    check grid[1] == Some(Map[3: { n: 6, text: "new" }, 5: { n: 6, text: "new" }]) and pair == (3, 0)
    > Deep(4) = fault
    check deep.in.n == 3
    > Swap { x: 1, y: 1 } = Nothing
    check pair == (0, 0) and deep.in.n == 3
    > Clear = Nothing
    > Deep(5) = N(16)
    > Swap { x: 0, y: 1 } = B(true)
    check pair == (3, 5) and deep.in.n == 9
    > Clear = N(3)
  }
}
"#;

#[test]
fn sugar_means_what_its_traces_say() {
    let source = Source::new("sugar.cam", SUGAR).unwrap();
    let compiled =
        compile(&source, &History::new()).map_err(|problems| problems.render(&source, false));
    let compiled = compiled.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(compiled.warnings().is_empty());
    for report in dsl::trace::run(&compiled) {
        if let Some(problem) = report.failure {
            panic!("{}", problem.render(&source, false));
        }
    }
}
