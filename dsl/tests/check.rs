//! Programs that are right check without a word, and those that are not are refused for the right reason.

use cam::schema::Schema;
use dsl::history::History;
use dsl::problem::Problems;
use dsl::source::Source;
use dsl::typed::Machine;

const COUNTER_1: &str = include_str!("programs/counter_1.cam");
const COUNTER_2: &str = include_str!("programs/counter_2.cam");
const POINT_FREE: &str = include_str!("programs/counter_point_free.cam");
const LEDGER: &str = include_str!("programs/ledger.cam");
const DOOR: &str = include_str!("programs/door.cam");

fn check(text: &str, history: &History) -> Result<(Machine, Problems), String> {
    let source = Source::new("m.cam", text).expect("test sources are small");
    let (module, problems) = dsl::parse::module(&source);
    assert!(problems.is_empty(), "{}", problems.render(&source, false));
    dsl::check::machine(&source, &module, history)
        .map_err(|problems| problems.render(&source, false))
}

fn schema(machine: &Machine) -> Schema {
    Schema {
        machine: machine.name.clone(),
        version: machine.version,
        stamps: machine.stamps.clone(),
        shapes: machine.shapes.clone(),
        state: machine.state,
        input: machine.input,
        output: machine.output,
    }
}

/// A history that holds the machine of a text.
fn history(text: &str) -> History {
    let (machine, _) = check(text, &History::new()).expect("the older version checks");
    let mut history = History::new();
    history.insert(schema(&machine));
    history
}

#[test]
fn the_programs_of_the_manual_check_without_a_word() {
    let (none, one) = (History::new(), history(COUNTER_1));
    for (text, history) in [
        (COUNTER_1, &none),
        (COUNTER_2, &one),
        (POINT_FREE, &none),
        (LEDGER, &none),
        (DOOR, &none),
    ] {
        match check(text, history) {
            Ok((_, warnings)) => assert!(warnings.is_empty(), "{warnings:#?}"),
            Err(problems) => panic!("{problems}"),
        }
    }
}
