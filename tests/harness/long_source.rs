//! A long source: as many lines as the largest program that somebody may write by hand.

use std::fmt::Write;

/// Lines of one function, with the empty one behind it.
const FUNCTION_LINES: usize = 12;
/// Calls stand in chains of so many functions, well below the limit of calls inside calls.
const CHAIN: usize = 50;
const TYPES: &str = "type Item = { name: Text, price: Int, left: Int }
type Change = Sold { count: Int, at: Int } | Repriced(Int) | Gone
";

/// A program of at least `lines` lines: one machine, and functions that call each other. They use what
/// programs are made of: records, variants, matches, options, lists and maps.
#[must_use]
pub fn long_source(lines: usize) -> String {
    let functions = lines / FUNCTION_LINES + 1;
    let mut text = TYPES.to_owned();
    for index in 0..functions {
        function(&mut text, index);
    }
    machine(&mut text, functions);
    text
}

fn function(text: &mut String, index: usize) {
    let next = match index % CHAIN {
        0 => "before".to_owned(),
        _ => format!("change_{}(before, what)", index - 1),
    };
    let written = write!(
        text,
        "
/// What becomes of an item, rule {index}.
fn change_{index}(before: Item, what: Change) -> Item {{
  match what {{
    Sold {{ count, at: _ }} => {{
      let left = max(0, before.left - count - {index})
      if left > 0 {{ {{ ..before, left }} }} else {{ {{ ..before, left: 0, price: before.price + {index} }} }}
    }}
    Repriced(price) => {{ ..before, price: clamp(price, 1, {index} + 1_000) }}
    Gone => {next}
  }}
}}
"
    );
    written.expect("a string takes what is written");
}

fn machine(text: &mut String, functions: usize) {
    let last = functions - 1;
    let written = write!(
        text,
        "
machine Shop version 1 with at {{
  input  Add(Item) | Note {{ name: Text, change: Change }} | Stock
  output Done | Unknown | Value(Int)
  state  {{ items: Map(Text, Item) }}
  init   {{ items: Map[] }}
  on Add(item) => {{ set items[item.name] = item Done }}
  on Note {{ name, change }} => {{
    let Some(item) = items[name] else Unknown
    set items[name] = {}
    Done
  }}
  on Stock => Value(fold(values(items), at - at, fn(sum, item) => sum + item.price * item.left))
}}
",
        (0..functions)
            .step_by(CHAIN)
            .chain([last])
            .fold("item".to_owned(), |inner, index| format!(
                "change_{index}({inner}, change)"
            ))
    );
    written.expect("a string takes what is written");
}
