//! Programs that are right check without a word, and those that are not are refused for the right reason.

mod bounds;
mod expressions;
mod machines;
mod stranger;
mod sugar;
mod upgrades;

use cam::schema::Schema;
use dsl::history::History;
use dsl::problem::Problems;
use dsl::source::Source;
use dsl::typed::Machine;

const COUNTER_1: &str = include_str!("../programs/counter_1.cam");
const COUNTER_2: &str = include_str!("../programs/counter_2.cam");
const POINT_FREE: &str = include_str!("../programs/counter_point_free.cam");
const LEDGER: &str = include_str!("../programs/ledger.cam");
const DOOR: &str = include_str!("../programs/door.cam");

fn check(text: &str, history: &History) -> Result<(Machine, Problems), Problems> {
    let source = Source::new("m.cam", text).expect("test sources are small");
    let (module, problems) = dsl::parse::module(&source);
    if !problems.is_empty() {
        return Err(problems);
    }
    dsl::check::machine(&source, &module, history)
}

/// A history that holds the machine of a text.
fn history(text: &str) -> History {
    let (machine, _) = check(text, &History::new()).expect("the older version checks");
    let mut history = History::new();
    history.insert(Schema {
        machine: machine.name,
        version: machine.version,
        stamps: machine.stamps,
        shapes: machine.shapes,
        state: machine.state,
        input: machine.input,
        output: machine.output,
    });
    history
}

/// The codes of all problems, in the order of the source. Functions that a table only defines are never
/// used, and its machines take all inputs alike.
fn codes(text: &str, history: &History) -> String {
    let problems = match check(text, history) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    };
    let codes = problems.iter().map(|problem| problem.code.name);
    let codes: Vec<&str> = codes
        .filter(|code| !["T141", "M203"].contains(code))
        .collect();
    codes.join(" ")
}

fn judge(table: &[(&str, &str)], around: impl Fn(&str) -> String, history: &History) {
    let mut wrong = Vec::new();
    for (text, expected) in table {
        let whole = around(text);
        let found = codes(&whole, history);
        if found != *expected {
            let source = Source::new("m.cam", &*whole).expect("test sources are small");
            let problems =
                check(&whole, history).map_or_else(|problems| problems, |(_, warnings)| warnings);
            let rendered = problems.render(&source, false);
            wrong.push(format!(
                "{text}\n  expected `{expected}`, found `{found}`\n{rendered}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_programs_of_the_manual_check_without_a_word() {
    let (none, one) = (History::new(), history(COUNTER_1));
    let table = [
        (COUNTER_1, &none),
        (COUNTER_2, &one),
        (POINT_FREE, &none),
        (LEDGER, &none),
        (DOOR, &none),
    ];
    for (text, history) in table {
        judge(&[(text, "")], str::to_owned, history);
    }
}

#[test]
fn many_mistakes_are_found_in_one_run_and_none_twice() {
    let text = "
        type Reason = NoAccount(Txt) | TooLittle
        fn f(n: Int) -> Int { n + missing }
        fn g(n: Int) -> Int { let x = missing + n  let y = x + 1  y * f(n) }
        machine M version 1 {
          input  A | B(Int)
          output Ok | Refused(Reason)
          state  { x: Int }
          init   { x: nothing }
          on A => { set y = missing  Refused(NoAccount(\"a\")) }
          on B(n) => { let z = other  if z { Refused(TooLittle) } else { Ok(n) } }
        }";
    assert_eq!(
        codes(text, &History::new()),
        "T103 T102 T102 T102 T106 T102 T102"
    );
}
