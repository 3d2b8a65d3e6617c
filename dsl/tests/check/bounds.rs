//! Large and deep programs: no overflow of a small stack, no exponential time.

use std::fmt::Write;

use dsl::history::History;

use crate::codes;

/// The least stack a thread of the standard library has.
const STACK_BYTES: usize = 2 * 1024 * 1024;

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(work)
        .expect("a thread");
    thread.join().expect("the work ends");
}

fn machine(items: &str) -> String {
    format!(
        "{items}\nmachine M version 1 {{ input | A  output | B  state Int  init 0\n on A => B }}"
    )
}

fn judge(items: &str, expected: &str) {
    let found = codes(&machine(items), &History::new());
    let found: Vec<&str> = found.split(' ').filter(|code| *code != "T143").collect();
    assert_eq!(
        found.join(" "),
        expected,
        "{}",
        &items[..items.len().min(300)]
    );
}

#[test]
fn deep_programs_check_on_a_small_stack() {
    on_a_small_stack(|| {
        let nest = |open: &str, close: &str| {
            format!(
                "fn f(n: Int) -> Int {{ {}n{} }}",
                open.repeat(30),
                close.repeat(30)
            )
        };
        let nests = [
            ("if n > 1 { ", " } else { 2 }"),
            ("match n { 0 => 1, m => m + ", " }"),
            ("{ let m = n  m + ", " }"),
            ("fold([1], 0, fn(a, b) => a + b + ", ")"),
            ("-(", ")"),
            ("Some(", ") ?? 0"),
            ("{ require n > 1 else ", "  n }"),
        ];
        for (open, close) in nests {
            judge(&nest(open, close), "");
        }
        judge(
            &format!("fn f(n: Int) -> Int {{ n{} }}", " + n".repeat(120)),
            "",
        );
        judge(
            &format!(
                "fn f(n: Int) -> Int {{ {} n }}",
                "let n = n + 1 ".repeat(1_000)
            ),
            "",
        );
        judge(
            &format!("fn f : Int -> Int = id{}", " >>> id".repeat(1_000)),
            "",
        );
    });
}

#[test]
fn long_chains_of_definitions_are_walked_without_recursion() {
    on_a_small_stack(|| {
        let mut functions = "fn f0(n: Int) -> Int { n }".to_owned();
        let mut types = "type T0 = Int".to_owned();
        for index in 1..5_000 {
            write!(
                functions,
                "\nfn f{index}(n: Int) -> Int {{ f{}(n) }}",
                index - 1
            )
            .expect("a string takes all");
            write!(types, "\ntype T{index} = T{}", index - 1).expect("a string takes all");
        }
        judge(&functions, "");
        judge(&types, "");
        judge(&format!("{functions}\nfn g() -> Int {{ g() }}"), "T120");
        judge(&types.replace("T0 = Int", "T0 = T4999"), "T121");
    });
}

#[test]
fn doubling_types_and_values_do_not_explode() {
    on_a_small_stack(|| {
        let mut types = "type T0 = Int".to_owned();
        for index in 1..60 {
            write!(types, "\ntype T{index} = (T{0}, T{0})", index - 1).expect("a string takes all");
        }
        judge(&types, "T123");
        let mut block = "let x0 = None ".to_owned();
        for index in 1..60 {
            write!(block, "let x{index} = (x{0}, x{0}) ", index - 1).expect("a string takes all");
        }
        judge(&format!("fn f() -> Int {{ {block} 1 }}"), "T111");
        let closed = block.replace("None", "1");
        judge(&format!("fn f() -> Int {{ {closed} 1 }}"), "T123");
    });
}

#[test]
fn wide_patterns_are_judged_in_time() {
    on_a_small_stack(|| {
        let items = "type T = A | B | C(Bool)";
        let wide = |pattern: &str| vec![pattern; 40].join(", ");
        let function = |arms: &str| {
            format!(
                "{items}\nfn f(x: ({})) -> Int {{ match x {{ {arms} }} }}",
                wide("T")
            )
        };
        judge(
            &function(&format!("({}) => 1", wide("A | B | C(true | false)"))),
            "",
        );
        judge(
            &function(&format!("({}) => 1", wide("A | B | C(true)"))),
            "T201",
        );
        let diagonal: Vec<String> = (0..40)
            .map(|place| {
                let parts: Vec<&str> = (0..40)
                    .map(|other| if other == place { "A" } else { "_" })
                    .collect();
                format!("({}) => 1", parts.join(", "))
            })
            .collect();
        judge(&function(&diagonal.join(", ")), "T201");
        judge(&function(&format!("{}, _ => 2", diagonal.join(", "))), "");
    });
}

#[test]
fn patterns_as_hard_as_pigeonholes_are_given_up_in_time() {
    on_a_small_stack(|| {
        // Each pigeon has a hole; every arm takes two pigeons in one hole. With one hole too few nothing is left out.
        let match_of = |pigeons: usize, holes: usize| {
            let holes_type: Vec<String> = (0..holes).map(|hole| format!("H{hole}")).collect();
            let mut arms = Vec::new();
            for first in 0..pigeons {
                for second in first + 1..pigeons {
                    for hole in 0..holes {
                        let mut parts = vec!["_".to_owned(); pigeons];
                        parts[first] = format!("H{hole}");
                        parts[second] = format!("H{hole}");
                        arms.push(format!("({}) => 1", parts.join(", ")));
                    }
                }
            }
            let (holes, pigeons) = (holes_type.join(" | "), vec!["T"; pigeons].join(", "));
            format!(
                "type T = | {holes}\nfn f(x: ({pigeons})) -> Int {{ match x {{ {} }} }}",
                arms.join(", ")
            )
        };
        judge(&match_of(5, 4), "");
        judge(&match_of(4, 4), "T201");
        judge(&match_of(15, 14), "T204");
    });
}

#[test]
fn many_arms_are_judged_in_time() {
    on_a_small_stack(|| {
        let arms: Vec<String> = (0..2_000)
            .map(|number| format!("{number} => {number}"))
            .collect();
        judge(
            &format!(
                "fn f(n: Int) -> Int {{ match n {{ {}, _ => 0 }} }}",
                arms.join(", ")
            ),
            "",
        );
        let names: Vec<String> = (0..250).map(|number| format!("C{number}(Int)")).collect();
        let arms: Vec<String> = (0..250)
            .map(|number| format!("C{number}(n) => n"))
            .collect();
        let (names, arms) = (names.join(" | "), arms.join(", "));
        judge(
            &format!("type T = {names}\nfn f(t: T) -> Int {{ match t {{ {arms} }} }}"),
            "",
        );
    });
}
