//! The machine that the tests of upgrades upgrade: three versions of a sum, and a node that runs the first.

use cam::value::Value;
use node::bundle::Bundle;

use crate::street::{Node, Release, bundle, releases};

/// The machine's name on the node.
pub const MACHINE: &str = "tally";

/// Version 1.
pub const TALLY_1: &str = "
machine Tally version 1 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int }
  init   { total: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(total)
}";

/// Version 2 counts in thousandths, with adapters for the clients of version 1.
pub const TALLY_2: &str = "
machine Tally version 2 {
  input  Add(Int) | Clear | Read
  output Ok | Sum(Int) | Cleared(Int)
  state  { total: Int, cleared: Int }
  init   { total: 0, cleared: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Clear => { let before = total  set total = 0  set cleared = cleared + 1  Cleared(before) }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total * 1_000, cleared: 0 }
  accept from 1 { Add(n) => Add(n * 1_000) }
  reply to 1 { Cleared(_) => Ok, Sum(n) => Sum(n / 1_000) }
}";

/// Another version 2, with a way back. It divides by zero where 13 is added, and holds that no total is above 1,000.
pub const TALLY_2_BACK: &str = "
machine Tally version 2 {
  input  Add(Int) | Clear | Read
  output Ok | Sum(Int)
  state  { total: Int, cleared: Int }
  init   { total: 0, cleared: 0 }
  on Add(n) => { set total = total + n + 0 / (n - 13)  Ok }
  on Clear => { set total = 0  set cleared = cleared + 1  Ok }
  on Read => Sum(total)
  invariant small: total <= 1_000
  migrate from 1 { total } => { total: total, cleared: 0 }
  migrate back lossy to 1 { total, cleared: _ } => { total: total }
  accept from 1
  reply to 1
}";

/// Version 3 drops a field and retires an input.
pub const TALLY_3: &str = "
machine Tally version 3 {
  input  Add(Int) | Clear | Read
  output Ok | Sum(Int) | Cleared(Int)
  state  { total: Int }
  init   { total: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Clear => { let before = total  set total = 0  Cleared(before) }
  on Read => Sum(total)
  migrate from 2 { total, cleared: _ } => { total: total }
  accept from 2 { Clear => refuse }
  reply to 2
}";

/// Another machine.
pub const LAMP_1: &str = "
machine Lamp version 1 {
  input  | Toggle
  output | Ok
  state  { lit: Bool }
  init   { lit: false }
  on Toggle => { set lit = not lit  Ok }
}";

/// `Add(n)`, the same in every version.
#[must_use]
pub fn add(n: i64) -> Value {
    Value::sum(0, Value::Int(n))
}

/// Constructors stand in name order: `Add | Read` in version 1, `Add | Clear | Read` from 2 on.
#[must_use]
pub fn read(version: u32) -> Value {
    Value::constructor(if version == 1 { 1 } else { 2 })
}

/// `Ok | Sum` in version 1, `Cleared | Ok | Sum` from 2 on.
#[must_use]
pub fn sum(version: u32, n: i64) -> Value {
    Value::sum(if version == 1 { 1 } else { 2 }, Value::Int(n))
}

/// A node that runs version 1 with a total of 42, and the bundle that brought it there.
///
/// # Panics
/// If it does not.
pub async fn running() -> (Node, Vec<Release>, Bundle) {
    let releases = releases(&[TALLY_1, TALLY_2, TALLY_3]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let node = Node::new();
    node.deploy(&first).await;
    node.send(MACHINE, &releases[0], &add(42))
        .await
        .expect("a step");
    (node, releases, first)
}

/// The good bundle from 1 to 2.
#[must_use]
pub fn to_second(releases: &[Release], first: &Bundle) -> Bundle {
    bundle(
        MACHINE,
        Some((&releases[0], first.id(), 1)),
        &releases[1],
        &["author"],
    )
}
