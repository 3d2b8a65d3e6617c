//! A machine with a map as large as one likes, for tests and measurements of large states.

use cam::value::Value;

/// The machine's name on the node.
pub const MACHINE: &str = "counts";

/// Keys that one `Fill` adds.
pub const FILLED: i64 = 50_000;

/// What all versions have: a count for each key, and a sum that nobody looks at.
fn version(number: u32, state: &str, init: &str, more: &str) -> String {
    format!(
        "machine Counts version {number} {{
           input  Add(Int) | Fill(Int) | Put((Int, Int)) | Read(Int)
           output Count(Int) | Ok
           state  {state}
           init   {init}
           on Add(key) => {{
             let count = (counts[key] ?? 0) + 1
             set counts[key] = count
             Count(count)
           }}
           on Fill(part) => {{
             set counts = fold(range(0, {FILLED}), counts, fn(so_far, n) => insert(so_far, part * {FILLED} + n, 1))
             Ok
           }}
           on Put((key, count)) => {{ set counts[key] = count  Ok }}
           on Read(key) => Count(counts[key] ?? 0)
           {more}
         }}"
    )
}

/// Version 1.
#[must_use]
pub fn first() -> String {
    version(1, "{ counts: Map(Int, Int) }", "{ counts: Map[] }", "")
}

/// Version 2: ten times each count, which takes a walk over all of them, with more members.
#[must_use]
pub fn tenfold(more: &str) -> String {
    let more = format!(
        "migrate from 1 {{ counts }} => {{ counts: map(counts, fn((key, count)) => count * 10), upgrades: 1 }}
         accept from 1
         reply to 1 {{ Count(count) => Count(count / 10), Ok => Ok }}
         {more}"
    );
    let state = "{ counts: Map(Int, Int), upgrades: Int }";
    version(2, state, "{ counts: Map[], upgrades: 0 }", &more)
}

/// Version 2 that stops at a count of 0.
#[must_use]
pub fn stopping() -> String {
    tenfold("").replace("count * 10)", "count * (10 / count))")
}

/// Version 3 counts its upgrades, and has a way back.
#[must_use]
pub fn third() -> String {
    let more = "migrate from 2 { counts, upgrades } => { counts: map(counts, fn((key, count)) => count), upgrades: upgrades + 1 }
                migrate back to 2 { counts, upgrades } => { counts: map(counts, fn((key, count)) => count), upgrades: upgrades - 1 }
                accept from 2
                reply to 2";
    let state = "{ counts: Map(Int, Int), upgrades: Int }";
    version(3, state, "{ counts: Map[], upgrades: 0 }", more)
}

/// `Add(key)`
#[must_use]
pub fn add(key: i64) -> Value {
    Value::sum(0, Value::Int(key))
}

/// `Fill(part)`
#[must_use]
pub fn fill(part: i64) -> Value {
    Value::sum(1, Value::Int(part))
}

/// `Put((key, count))`
#[must_use]
pub fn put(key: i64, count: i64) -> Value {
    Value::sum(2, Value::product(vec![Value::Int(key), Value::Int(count)]))
}

/// `Count(count)`
#[must_use]
pub fn count(count: i64) -> Value {
    Value::sum(0, Value::Int(count))
}
