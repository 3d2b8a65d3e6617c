//! Five versions of one machine on real nodes: one upgrade from the first to the last is the four steps.

use std::sync::Arc;

use cam::chain::chain;
use cam::instance::Context;
use cam::value::Value;
use cam::verify::{self, Migration};
use harness::street::{Node, Release, bundle, refusal, releases};
use node::protocol::{RefusalCode, Request, Response};

const MACHINE: &str = "till";

/// Counts cents; its clients may wink.
const TILL_1: &str = "
machine Till version 1 {
  input  Add(Int) | Read | Wink
  output Ok | Sum(Int)
  state  { cents: Int }
  init   { cents: 0 }
  on Add(n) => { set cents = cents + n  Ok }
  on Read => Sum(cents)
  on Wink => Ok
}";

/// Counts thousandths, of which there may be too many.
const TILL_2: &str = "
machine Till version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { mills: Int }
  init   { mills: 0 }
  on Add(n) => { set mills = mills + n  Ok }
  on Read => Sum(mills)
  migrate from 1 { cents } => { mills: cents * 10 }
  migrate back to 1 { mills } => { cents: mills / 10 }
  accept from 1 { Add(n) => Add(n * 10), Wink => refuse }
  reply to 1 { Sum(n) => Sum(n / 10) }
}";

/// Keeps what was added, in a list that goes through a fold and a closure.
const TILL_3: &str = "
machine Till version 3 {
  input  Add(Int) | Read | Last
  output Ok | Sum(Int) | Was(Option(Int))
  state  { log: List(Int) }
  init   { log: [] }
  on Add(n) => { set log = push(log, n)  Ok }
  on Read => Sum(sum(log))
  on Last => Was(last(log))
  migrate from 2 { mills } => { log: [mills, 0] }
  migrate back to 2 { log } => { mills: sum(log) }
  accept from 2
  reply to 2 { Was(_) => Ok }
}";

/// Keeps it by name, and refuses what is negative.
const TILL_4: &str = "
machine Till version 4 {
  input  Add(Text, Int) | Read
  output Ok | Sum(Int) | Negative
  state  { log: Map(Text, Int), none: Int }
  init   { log: Map[], none: 0 }
  on Add(who, n) => {
    require n >= 0 else Negative
    set log[who] = (log[who] ?? 0) + n
    Ok
  }
  on Read => Sum(fold(entries(log), none, fn(total, (_, n)) => total + n))
  migrate from 3 { log } => { log: Map[\"till\": sum(log)], none: 100 / (size(log) - 1) - 100 }
  migrate back to 3 { log, none: _ } => { log: [log[\"till\"] ?? 0, 0] }
  accept from 3 { Add(n) => Add(\"an old client\", n), Last => refuse }
  reply to 3 { Negative => Ok }
}";

/// Claims that nobody owes it anything.
const TILL_5: &str = "
machine Till version 5 {
  input  Add { who: Text, n: Int } | Read
  output Ok | Sum(Int) | Refused(Text)
  state  { log: Map(Text, Int) }
  init   { log: Map[] }
  on Add { who, n } => {
    require n >= 0 else Refused(\"negative\")
    set log[who] = (log[who] ?? 0) + n
    Ok
  }
  on Read => Sum(fold(entries(log), 0, fn(total, (_, n)) => total + n))
  migrate from 4 { log, none: _ } => { log: log }
  migrate back to 4 { log } => { log, none: 0 }
  accept from 4 { Add(who, n) => Add { who: who, n: n } }
  reply to 4 { Refused(_) => Negative }
  invariant nobody_owes: all(entries(log), fn((_, n)) => n >= 0)
}";

/// All versions, and the last one with the way from the first.
fn versions() -> (Vec<Release>, Release) {
    let releases = releases(&[TILL_1, TILL_2, TILL_3, TILL_4, TILL_5]);
    let steps: Vec<&Migration> = releases
        .iter()
        .filter_map(|one| one.migration.as_deref())
        .collect();
    assert_eq!(steps.len(), 4);
    let linked = verify::migration(chain(&steps).expect("small")).expect("valid");
    let last = Release {
        program: Arc::clone(&releases[4].program),
        migration: Some(Arc::new(linked)),
    };
    (releases, last)
}

/// A node that runs version 1 after these inputs.
async fn first(releases: &[Release], inputs: &[Value]) -> (Node, node::bundle::Bundle) {
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let node = Node::new();
    node.deploy(&first).await;
    for input in inputs {
        let answer = node.send(MACHINE, &releases[0], input).await;
        answer.expect("a step");
    }
    (node, first)
}

/// Goes from version 1 up step by step, and gives the answer that was no success, if there was one.
async fn climb(
    node: &Node,
    releases: &[Release],
    first: &node::bundle::Bundle,
) -> Option<Response> {
    let mut previous = first.id();
    for (place, sequence) in (1..releases.len()).zip(1..) {
        let from = Some((&releases[place - 1], previous, sequence));
        let step = bundle(MACHINE, from, &releases[place], &["author"]);
        let answer = node.push(&step).await;
        if !matches!(answer, Response::Applied(_)) {
            return Some(answer);
        }
        previous = step.id();
    }
    None
}

async fn leap(
    node: &Node,
    releases: &[Release],
    last: &Release,
    first: &node::bundle::Bundle,
) -> Response {
    let from = Some((&releases[0], first.id(), 1));
    node.push(&bundle(MACHINE, from, last, &["author"])).await
}

/// What an observer is told of the state: its bytes, and the program that they are of.
async fn state(node: &Node) -> Response {
    let machine = MACHINE.to_owned();
    node.ask("observer", Request::State { machine }).await
}

/// What a client of version 1 is told; of a refusal, which one it is.
async fn told(node: &Node, releases: &[Release], input: &Value) -> Result<Value, String> {
    let answer = node.send(MACHINE, &releases[0], input).await;
    answer.map_err(|response| match response {
        Response::Refused(refusal) => format!("refused: {:?}", refusal.code),
        Response::Trapped { name, .. } => format!("stopped: {name}"),
        other => format!("no answer: {other:?}"),
    })
}

/// `Add | Read | Wink`
fn add(n: i64) -> Value {
    Value::sum(0, Value::Int(n))
}

fn read() -> Value {
    Value::constructor(1)
}

fn wink() -> Value {
    Value::constructor(2)
}

#[tokio::test]
async fn one_upgrade_is_the_four_steps() {
    let (releases, last) = versions();
    let start = [add(40), add(-3), add(5)];
    let (mut stepped, first_bundle) = first(&releases, &start).await;
    assert!(climb(&stepped, &releases, &first_bundle).await.is_none());
    let (mut leapt, first_bundle) = first(&releases, &start).await;
    let applied = leap(&leapt, &releases, &last, &first_bundle).await;
    assert!(matches!(applied, Response::Applied(_)), "{applied:?}");
    assert_eq!(state(&leapt).await, state(&stepped).await);

    let mut answers = Vec::new();
    for input in [
        read(),
        add(7),
        add(-7),
        wink(),
        add(i64::MAX),
        add(i64::MAX / 10),
        read(),
    ] {
        for _ in 0..2 {
            let answer = told(&leapt, &releases, &input).await;
            assert_eq!(told(&stepped, &releases, &input).await, answer, "{input:?}");
            assert_eq!(state(&leapt).await, state(&stepped).await, "{input:?}");
            answers.push(answer);
        }
    }
    let kinds: Vec<&str> = answers
        .iter()
        .map(|answer| match answer {
            Ok(_) => "ok",
            Err(told) => told.as_str(),
        })
        .collect();
    let is_strange = |kind: &&str| kind.starts_with("no answer");
    assert!(!kinds.iter().any(is_strange), "{kinds:?}");
    assert!(kinds.contains(&"stopped: overflow"), "{kinds:?}");
    assert!(
        kinds.iter().any(|kind| kind.starts_with("refused")),
        "{kinds:?}"
    );

    // What the journal says is done again in the same way.
    stepped.restart();
    leapt.restart();
    assert_eq!(state(&leapt).await, state(&stepped).await);
    let answer = told(&leapt, &releases, &read()).await;
    assert_eq!(told(&stepped, &releases, &read()).await, answer);
}

#[tokio::test]
async fn one_upgrade_is_refused_where_a_step_is_refused() {
    let (releases, last) = versions();
    let table = [
        // The first step has too many thousandths.
        (vec![add(i64::MAX / 2)], RefusalCode::MIGRATION_TRAPPED),
        // The last program's check says no.
        (vec![add(-1)], RefusalCode::CHECK_FAILED),
    ];
    for (inputs, code) in table {
        let (stepped, first_bundle) = first(&releases, &inputs).await;
        let step = climb(&stepped, &releases, &first_bundle)
            .await
            .expect("a refusal");
        let (leapt, first_bundle) = first(&releases, &inputs).await;
        let before = leapt.picture(MACHINE).await;
        let leap = refusal(leap(&leapt, &releases, &last, &first_bundle).await);
        assert_eq!((refusal(step).code, leap.code), (code, code));
        assert_eq!(leapt.picture(MACHINE).await, before);
    }
}

#[tokio::test]
async fn clients_of_a_version_that_was_leapt_over_are_refused() {
    let (releases, last) = versions();
    let (leapt, first_bundle) = first(&releases, &[add(1)]).await;
    leap(&leapt, &releases, &last, &first_bundle).await;
    let answer = leapt.send(MACHINE, &releases[1], &read()).await;
    let refused = refusal(answer.expect_err("no such program ran here"));
    assert_eq!(refused.code, RefusalCode::OTHER_PROGRAM);
}

#[test]
fn the_way_back_is_that_of_the_steps() {
    let (releases, last) = versions();
    let chain = last.migration.expect("the chain");
    for cents in [0, 5, 1_000_000] {
        let state = Value::product(vec![Value::Int(cents)]);
        let up = chain
            .migrate_state(&Context::default(), state.clone())
            .expect("a new state");
        let back = chain
            .restore_state(&Context::default(), up.clone())
            .expect("a way back");
        let steps = releases
            .iter()
            .rev()
            .filter_map(|one| one.migration.as_deref());
        let apart = steps.fold(up, |state, step| {
            let back = step
                .restore_state(&Context::default(), state)
                .expect("a way back");
            back.expect("an older state")
        });
        assert_eq!(back.as_ref(), Ok(&apart));
        assert_eq!(apart, state);
    }
}

/// Asks when and by whom it was moved, and who its old clients are.
const LOG_3: &str = "
machine Log version 3 with at, from, seq {
  input  Tick { at: Int, by: Text } | Read
  output Ok | Told { moved: (Int, Text, Int), last: (Int, Text) }
  state  { ticks: Int, moved: (Int, Text, Int), last: (Int, Text) }
  init   { ticks: 0, moved: (0, \"\", 0), last: (0, \"\") }
  on Tick { at: when, by } => { set ticks = ticks + 1  set last = (when, by)  Ok }
  on Read => Told { moved, last }
  migrate from 2 { ticks } => { ticks, moved: (at, from, seq), last: (0, \"\") }
  accept from 2 { Tick => Tick { at, by: from } }
  reply to 2 { Told { .. } => Ok }
}";

/// The releases before: the same machine, of which nobody has asked anything.
fn log(version: u32) -> String {
    let before = version - 1;
    let migration = match before {
        0 => String::new(),
        _ => format!(
            "migrate from {before} {{ ticks }} => {{ ticks: ticks * 10 }} accept from {before} reply to {before}"
        ),
    };
    format!(
        "machine Log version {version} {{
           input | Tick  output | Ok  state {{ ticks: Int }}  init {{ ticks: 0 }}
           on Tick => {{ set ticks = ticks + 1  Ok }}
           {migration}
         }}"
    )
}

/// A node tells a chain the moment of the one upgrade, and its adapters that of the input; after a restart too.
#[tokio::test]
async fn a_chain_is_told_the_moment_that_is_journalled() {
    let releases = releases(&[&log(1), &log(2), LOG_3]);
    let steps: Vec<&Migration> = releases
        .iter()
        .filter_map(|one| one.migration.as_deref())
        .collect();
    let linked = verify::migration(chain(&steps).expect("small")).expect("valid");
    let last = Release {
        program: Arc::clone(&releases[2].program),
        migration: Some(Arc::new(linked)),
    };
    let tick = Value::constructor(0);
    let (mut node, first_bundle) = first(&releases, &[tick.clone(), tick.clone()]).await;
    let applied = leap(&node, &releases, &last, &first_bundle).await;
    assert!(matches!(applied, Response::Applied(_)), "{applied:?}");
    let upgraded = node.status(MACHINE).await.since_ms;
    let upgraded = i64::try_from(upgraded).expect("a moment");
    assert_eq!(
        told(&node, &releases, &tick).await,
        Ok(Value::constructor(0))
    );
    for _ in 0..2 {
        let read = Value::constructor(0);
        let answer = node.send(MACHINE, &last, &read).await.expect("a step");
        let moved = Value::product(vec![
            Value::Int(upgraded),
            Value::text("operator"),
            Value::Int(2),
        ]);
        let Value::Sum(1, told) = &answer else {
            panic!("the moments, not {answer:?}")
        };
        let Value::Product(told) = told.as_ref() else {
            panic!("two moments")
        };
        assert_eq!(told[1], moved);
        let Value::Product(last) = &told[0] else {
            panic!("a moment")
        };
        assert_eq!(last[1], Value::text("client"));
        node.restart();
    }
}
