//! Programs with pieces taken out, doubled and exchanged: the checker returns, an error is never kept to itself, and
//! whatever checks also translates, compiles and verifies.

use dsl::history::History;
use dsl::problem::Severity;
use dsl::source::Source;
use dsl::typed::Machine;
use proptest::prelude::*;

use crate::{COUNTER_1, COUNTER_2, DOOR, LEDGER, POINT_FREE, history};

const MORE: &str = "
    type Shape = Dot | Line(Int) | Box { w: Int, h: Int } | Pair(Int, Shape2)
    type Shape2 = None2 | Some2(Option(Int))
    const unit: Int = 1
    const origin: { x: Int, y: Int } = { x: 0, y: unit }
    fn area(s: Shape) -> Int { match s { Dot => 0, Line(_) => 0, Box { w, h } => w * h, Pair(n, Some2(Some(m))) if n > m => m, Pair(n, _) => n } }
    fn total(all: List(Shape)) -> Int { all |> map(area) |> sum }
    fn both : (Int, Int) -> { a: Int, b: Bool } = { a: fst, b: lt }
    machine Shapes version 1 with at, from {
      input  Add(Shape) | Take { who: Text, n: Int } | Clear
      output Ok | Total(Int) | No(Option(Text))
      state  { all: List(Shape), names: Map(Text, { n: Int, at: Int }), last: (Int, Int) }
      init   { all: [], names: Map[], last: (0, 0) }
      on Add(s) if area(s) >= 0 => { set all = push(all, s)  Total(total(all)) }
      on Add(_) => No(None)
      on Take { who, n } => {
        require n > 0 and not (who == from) else No(Some(who))
        let known = names[who] ?? { n: 0, at }
        let (a, _) = last else No(None)
        set names[who] = { ..known, n: known.n + n }
        set names[who].at = at
        set last = (clamp(n, 0, 9), a)
        if any(names, fn((_, r)) => r.n > 3) { become { ..state, all: [] }  Ok } else { Total(fold(names, 0, fn(t, (_, r)) => t + r.n)) }
      }
      on Clear = get >>> .last >>> both >>> .a >>> Total
    }";

const PROGRAMS: [&str; 11] = [
    COUNTER_1,
    COUNTER_2,
    POINT_FREE,
    DOOR,
    LEDGER,
    MORE,
    AUTOMATIC,
    include_str!("../meaning/library.cam"),
    include_str!("../meaning/lists.cam"),
    include_str!("../meaning/choices.cam"),
    include_str!("../meaning/closures.cam"),
];

/// Counter 2 as it would be if its migration were left to the compiler.
const AUTOMATIC: &str = "
    machine Counter version 2 {
      input  Incr | Read
      output Ok | Sum(Int)
      state  { count: Int, list: List({ n: Int }), place: { x: Int, y: Option(Int) } }
      init   { count: 0, list: [], place: { x: 1, y: None } }
      on Incr => { set count = count + 1  Ok }
      on Read => Sum(count)
      migrate from 1 auto { count } => { count: count + 1, list: [{ n: count, }] }
      migrate back lossy to 1 { count, list: _, place: _ } => { count: count }
    }";

/// Words, numbers, texts and symbols, each with the space before it.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before = ' ';
    for (place, character) in text.char_indices() {
        let is_inside = character.is_alphanumeric() || character == '_';
        let was_inside = before.is_alphanumeric() || before == '_';
        if place > start && !before.is_whitespace() && !(is_inside && was_inside) {
            pieces.push(&text[start..place]);
            start = place;
        }
        before = character;
    }
    pieces.push(&text[start..]);
    pieces
}

fn mutated(program: usize, edits: &[(usize, usize, usize, u8)]) -> String {
    let mut words = pieces(PROGRAMS[program]);
    for (place, from, other, edit) in edits {
        let place = place % words.len();
        let others = pieces(
            PROGRAMS[if *other > 12 {
                program
            } else {
                other % PROGRAMS.len()
            }],
        );
        let piece = others[from % others.len()];
        match edit % 4 {
            0 => words[place] = piece,
            1 => words.insert(place, piece),
            2 if words.len() > 1 => _ = words.remove(place),
            _ => {
                let last = words.len() - 1;
                words.swap(place, (place + 1 + from % 9).min(last));
            }
        }
    }
    words.concat()
}

fn judge(text: &str, history: &History) -> Result<(), TestCaseError> {
    let source = Source::new("m.cam", text).expect("test sources are small");
    let (module, unread) = dsl::parse::module(&source);
    let checked = dsl::check::machine(&source, &module, history);
    let problems = match &checked {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    };
    for problem in problems {
        for label in problem.labels.iter().chain([&problem.primary]) {
            prop_assert!(text.is_char_boundary(label.span.range().start));
            prop_assert!(text.get(label.span.range()).is_some());
        }
        prop_assert!(!problem.render(&source, false).is_empty());
    }
    match &checked {
        Ok((machine, _)) if unread.is_empty() => {
            let is_warning =
                |problem: &dsl::problem::Problem| problem.severity() == Severity::Warning;
            prop_assert!(problems.iter().all(is_warning));
            judge_meaning(machine, text)
        }
        Ok(_) => Ok(()),
        Err(problems) => {
            prop_assert!(
                problems.has_errors() || unread.has_errors(),
                "an error without a report\n{text}"
            );
            Ok(())
        }
    }
}

fn judge_meaning(machine: &Machine, text: &str) -> Result<(), TestCaseError> {
    let translated = dsl::translate::machine(machine);
    let combinators = translated.map_err(|why| TestCaseError::fail(format!("{why}\n{text}")))?;
    let bytecode = cam::compile::compile(combinators)
        .map_err(|why| TestCaseError::fail(format!("{why:?}\n{text}")))?;
    let verified = cam::verify::machine(bytecode);
    prop_assert!(verified.is_ok(), "{:?}\n{text}", verified.err());
    let upgrade = dsl::translate::upgrade(machine, 1)
        .map_err(|why| TestCaseError::fail(format!("{why}\n{text}")))?;
    if let Some(combinators) = upgrade {
        let compiled = cam::compile::compile(combinators);
        let bytecode = compiled.map_err(|why| TestCaseError::fail(format!("{why:?}\n{text}")))?;
        let verified = cam::verify::migration(bytecode);
        prop_assert!(verified.is_ok(), "{:?}\n{text}", verified.err());
    }
    Ok(())
}

#[test]
fn the_programs_themselves_have_a_meaning() {
    let history = history(COUNTER_1);
    for program in PROGRAMS {
        assert_eq!(crate::codes(program, &history), "", "{program}");
        judge(program, &history).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mangled_program_is_refused_or_has_a_meaning(
        program in 0..PROGRAMS.len(),
        edits in prop::collection::vec((0..8_000_usize, 0..8_000_usize, 0..20_usize, any::<u8>()), 1..4),
    ) {
        judge(&mutated(program, &edits), &history(COUNTER_1))?;
    }
}
