//! How large compiled programs are, and what happens to those that are too large.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use cam::instance::{Context, Instance};
use cam::value::Value;
use dsl::compile::{Compiled, compile};
use dsl::history::History;
use dsl::source::Source;

/// A machine with these clauses before its last.
fn machine(clauses: &str) -> String {
    let all = "(C, C, C, C, C, C, C, C)";
    format!(
        "type C = A | B | D(Int)
         machine Large version 1 {{
           input  In(Int) | Two(Int, Int) | Say(Text) | All{all}
           output Ok | Sum(Int)
           state  {{ count: Int, numbers: List(Int), index: Map(Int, Int) }}
           init   {{ count: 0, numbers: [], index: Map[] }}
           {clauses}
           on _ => Ok
         }}"
    )
}

fn repeated(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// The bytes of the program, or the code of the one problem and where it is.
fn size(text: &str) -> Result<usize, (String, String)> {
    let source = Source::new("large.cam", text).unwrap();
    match compile(&source, &History::new()) {
        Ok(compiled) => Ok(compiled.program().bytes().len()),
        Err(problems) => {
            let first = problems.iter().next().unwrap();
            let place = source.slice(first.primary.span).to_owned();
            Err((first.code.name.to_owned(), place))
        }
    }
}

#[test]
fn large_programs_compile_and_larger_ones_are_problems() {
    let one_of =
        |count: usize| repeated(count, |index| format!("on In({index}) => Sum({index})\n"));
    let required = |count: usize| {
        let lines = repeated(count, |_| "require n > 0 else Sum(n)\n".to_owned());
        format!("on In(n) => {{ {lines} Ok }}\n")
    };
    let listed = |count: usize| {
        let items = repeated(count, |_| "n, ".to_owned());
        format!("on In(n) => {{ set numbers = [{items}] Ok }}\n")
    };
    let set = |count: usize| {
        let lines = repeated(count, |_| "set count = count + n\n".to_owned());
        format!("on In(n) => {{ {lines} Ok }}\n")
    };
    let table = [
        (one_of(100), None),
        (one_of(300), Some("C001")),
        (required(100), None),
        (required(300), Some("C001")),
        (listed(500), None),
        (listed(3000), Some("C002")),
        (set(900), None),
    ];
    for (clauses, refused) in table {
        let found = size(&machine(&clauses)).err();
        let wanted = refused.map(|code| (code.to_owned(), "Large".to_owned()));
        assert_eq!(found, wanted, "{clauses:.60}");
    }
}

#[test]
fn functions_may_call_each_other_a_hundred_deep() {
    let functions = repeated(150, |index| {
        format!("fn f{}(x: Int) -> Int {{ f{index}(x) + 1 }}\n", index + 1)
    });
    let text = |called: usize| {
        let clauses = format!("on In(n) => Sum(f{called}(n))");
        format!(
            "fn f0(x: Int) -> Int {{ x }}\n{functions}{}",
            machine(&clauses)
        )
    };
    assert!(size(&text(100)).is_ok());
    let refused = ("C002".to_owned(), "Large".to_owned());
    assert_eq!(size(&text(150)), Err(refused));
}

#[test]
fn code_grows_with_its_source_and_not_faster() {
    let body = |index: usize| format!("{{ set count = count + {index}  Sum(count) }}");
    let overlapping = |count: usize| {
        repeated(count, |index| {
            let guard = format!("a == {index} and b == {index}");
            format!(
                "on Two(a, b) in {{ count: {index}, .. }} if {guard} => {}\n",
                body(index)
            )
        })
    };
    // Row by row another part is tested: a tree that shares nothing would copy every row for every constructor.
    let diagonal = |count: usize| {
        repeated(count, |row| {
            let parts = repeated(8, |column| {
                (if column == row { "A, " } else { "_, " }).to_owned()
            });
            format!("on All({parts}) => {}\n", body(row))
        })
    };
    // Alternatives side by side: as many ways as two to the number of parts.
    let alternatives = |count: usize| {
        let parts = repeated(8, |part| {
            (if part < count { "A | D(5), " } else { "_, " }).to_owned()
        });
        format!("on All({parts}) => {}\n", body(1))
    };
    let sizes = |clauses: &dyn Fn(usize) -> String, step: usize| {
        [step, 2 * step, 4 * step].map(|count| size(&machine(&clauses(count))).unwrap())
    };
    let table = [
        ("overlapping", sizes(&overlapping, 10)),
        ("diagonal", sizes(&diagonal, 2)),
        ("alternatives", sizes(&alternatives, 2)),
    ];
    for (name, [once, twice, fourfold]) in table {
        assert!(
            fourfold - twice <= 3 * (twice - once),
            "{name}: {once}, {twice}, {fourfold} bytes"
        );
    }
}

#[test]
fn overlapping_patterns_are_told_apart_with_few_switches() {
    let text = |arms: &str| {
        format!(
            "type T = Nil | One(Int) | Two(Int, Int)
             fn chosen(x: T, y: T, z: Bool) -> Int {{ match (x, y, z) {{ {arms} }} }}
             machine Overlap version 1 {{
               input  In(T, T, Bool)
               output Is(Int)
               state  Int
               init   0
               on In(x, y, z) => Is(chosen(x, y, z))
             }}"
        )
    };
    let merge = "(Nil, _, _) => 1, (_, Nil, _) => 2, (One(a), One(b), _) => a + b,
                 (Two(a, b), _, true) => a + b, (_, Two(c, d), false) => c * d,
                 (One(a), _, _) => a, (Two(_, _), _, _) => 0";
    let columns = "(Nil, _, true) => 1, (_, Nil, true) => 2, (_, _, false) => 3,
                   (One(a), _, _) => a, (_, One(b), _) => b, _ => 9";
    // What the mixture rule of Augustsson, which asks again behind a join, came to.
    let table = [(merge, (9, 12), (7, 5)), (columns, (8, 9), (5, 1))];
    for (arms, (switches_once, calls_once), expected) in table {
        let source = Source::new("overlap.cam", text(arms)).unwrap();
        let compiled = compile(&source, &History::new()).unwrap();
        let module = cam::decode::module(&compiled.program().bytes()).unwrap();
        let text = cam::assembly::print(&module);
        let count = |word: &str| {
            text.lines()
                .filter(|line| line.trim_start().starts_with(word))
                .count()
        };
        assert_eq!((count("case"), count("call")), expected, "{arms}");
        assert!(expected.0 < switches_once && expected.1 < calls_once);
    }
}

/// How many instructions the functions of a module have, and how many functions there are.
fn lines(functions: &str, handler: &str) -> (usize, usize) {
    let text = format!(
        "{functions}
         machine Spare version 1 {{
           input  In(Int)
           output Is(Int)
           state  {{ count: Int }}
           init   {{ count: 0 }}
           on In(n) => {handler}
         }}"
    );
    let source = Source::new("spare.cam", text).unwrap();
    let compiled = compile(&source, &History::new());
    let compiled = compiled
        .map_err(|problems| problems.render(&source, false))
        .unwrap();
    let module = cam::decode::module(&compiled.program().bytes()).unwrap();
    let text = cam::assembly::print(&module);
    let bodies = text.split("\nfn ").skip(1);
    let bodies = bodies.map(|body| body.split("\nend").next().unwrap().lines().count() - 1);
    (bodies.clone().sum(), bodies.count())
}

#[test]
fn what_nobody_asks_for_costs_nothing() {
    let functions = "const debug: Bool = false
                     fn twice(n: Int) -> Text { show(n) ++ show(n) }
                     fn inverse(n: Int) -> Int { 1 / n }";
    let least = lines("", "Is(n)");
    let same = [
        "{ let unused = n == 1  Is(n) }",
        "{ let unused = twice(n)  Is(n) }",
        "{ let (_, unused) = (n, twice(n))  Is(n) }",
        "{ let _ = twice(n)  Is(n) }",
        "Is({ let unused = twice(n)  n })",
        "if debug { Is(inverse(n)) } else { Is(n) }",
        "if 1 + 1 == 3 { Is(inverse(n)) } else { Is(n) }",
        "match Some(1) { Some(1) => Is(n), Some(_) => Is(inverse(n)), None => Is(2) }",
        "{ let pair = { a: n, b: 2 }  Is(pair.a) }",
        "{ let (a, b) = (n, n)  let (c, d) = (b, a)  Is(c) }",
    ];
    for handler in same {
        assert_eq!(lines(functions, handler), least, "{handler}");
    }
    // What may stop the step stops it, whether or not somebody looks at it.
    for handler in [
        "{ let unused = inverse(n)  Is(n) }",
        "{ let unused = n + 1  Is(n) }",
        "{ let _ = 1 / n  Is(n) }",
        "Is({ let unused = n - 1  n })",
    ] {
        assert!(lines(functions, handler).0 > least.0, "{handler}");
    }
}

/// A counter with this state, this first state and these handlers.
fn counter(state: &str, first: &str, handlers: &str) -> Compiled {
    let text = format!(
        "machine Counter version 1 {{
           input  Incr | Read
           output Ok | Sum(Int)
           state  {state}
           init   {first}
           {handlers}
         }}"
    );
    let source = Source::new("counter.cam", text).unwrap();
    let compiled = compile(&source, &History::new());
    compiled
        .map_err(|problems| problems.render(&source, false))
        .unwrap()
}

/// How many instructions its step has, and the fuel that each input costs.
fn cost(compiled: &Compiled) -> Vec<u64> {
    let module = cam::decode::module(&compiled.program().bytes()).unwrap();
    let text = cam::assembly::print(&module);
    let step = text.split("fn step ").nth(1).unwrap();
    let step = step.split("\nend").next().unwrap();
    let mut costs = vec![step.lines().count() as u64 - 1];
    let mut instance = Instance::start(Arc::clone(compiled.program())).unwrap();
    for input in 0..2 {
        let context = Context {
            at_ms: 0,
            from: "ann".into(),
            sequence: 1,
        };
        let pending = instance.attempt(&context, Value::constructor(input));
        let pending = pending.unwrap();
        costs.push(pending.fuel_used());
        pending.commit();
    }
    costs
}

#[test]
fn a_pointful_counter_costs_at_most_a_third_more_than_a_point_free_one() {
    let pairs = [
        (
            counter(
                "Int",
                "0",
                "step = case { Incr: get >>> (id &&& const 1) >>> add >>> put >>> Ok, Read: get >>> Sum }",
            ),
            counter(
                "Int",
                "0",
                "on Incr => { become state + 1  Ok }\non Read => Sum(state)",
            ),
        ),
        (
            counter(
                "{ count: Int }",
                "{ count: 0 }",
                "step = case { Incr: modify { count: (.count &&& const 1) >>> add } >>> Ok, Read: get >>> .count >>> Sum }",
            ),
            counter(
                "{ count: Int }",
                "{ count: 0 }",
                "on Incr => { set count = count + 1  Ok }\non Read => Sum(count)",
            ),
        ),
    ];
    for (point_free, pointful) in &pairs {
        for (least, most) in cost(point_free).into_iter().zip(cost(pointful)) {
            assert!(
                most * 10 <= least * 13,
                "{:?} beside {:?}",
                cost(pointful),
                cost(point_free)
            );
        }
    }
}
