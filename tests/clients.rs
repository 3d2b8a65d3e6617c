//! What a client sees of a machine: answers, traps, refusals, other machines, upgrades and restarts.

use cam::value::Value;
use harness::street::{Node, bundle, refusal, releases};
use harness::tally::{LAMP_1, MACHINE, add, read, running, sum, to_second};
use node::protocol::{RefusalCode, Request, Response};

#[tokio::test]
async fn an_upgrade_migrates_the_state_and_serves_old_clients() {
    let (node, releases, first) = running().await;
    node.deploy(&to_second(&releases, &first)).await;
    let status = node.status(MACHINE).await;
    assert_eq!(
        (status.machine_version, status.sequence, status.steps),
        (2, 2, 1)
    );
    assert_eq!(
        node.send(MACHINE, &releases[1], &read(2))
            .await
            .expect("new client"),
        sum(2, 42_000)
    );
    assert_eq!(
        node.send(MACHINE, &releases[0], &add(1))
            .await
            .expect("old client"),
        Value::constructor(0)
    );
    assert_eq!(
        node.send(MACHINE, &releases[0], &read(1))
            .await
            .expect("old client"),
        sum(1, 43)
    );
    assert_eq!(
        node.send(MACHINE, &releases[1], &read(2))
            .await
            .expect("new client"),
        sum(2, 43_000)
    );
}

const WATCH_1: &str = "
machine Watch version 1 {
  input  | Tick
  output | Ok
  state  { ticks: Int }
  init   { ticks: 0 }
  on Tick => { set ticks = ticks + 1  Ok }
}";

const WATCH_2: &str = "
machine Watch version 2 with at, from, seq {
  input  Tick { at: Int, by: Text } | Read
  output Ok | Told { moved: (Int, Text, Int), last: (Int, Text) }
  state  { ticks: Int, moved: (Int, Text, Int), last: (Int, Text) }
  init   { ticks: 0, moved: (0, \"\", 0), last: (0, \"\") }
  on Tick { at: when, by } => { set ticks = ticks + 1  set last = (when, by)  Ok }
  on Read => Told { moved, last }
  migrate from 1 { ticks } => { ticks, moved: (at, from, seq), last: (0, \"\") }
  accept from 1 { Tick => Tick { at, by: from } }
  reply to 1 { Told { .. } => Ok }
}";

/// What the journal has stamped is what migration and adapters are told, and what they are told again at a restart.
#[tokio::test]
async fn a_migration_and_adapters_are_told_the_moment_that_is_journalled() {
    let releases = releases(&[WATCH_1, WATCH_2]);
    let mut node = Node::new();
    let first = bundle("watch", None, &releases[0], &["author"]);
    node.deploy(&first).await;
    let tick = Value::constructor(0);
    for _ in 0..2 {
        let answer = node.send("watch", &releases[0], &tick).await;
        answer.expect("a tick");
    }
    let second = bundle(
        "watch",
        Some((&releases[0], first.id(), 1)),
        &releases[1],
        &["author"],
    );
    node.deploy(&second).await;
    let upgraded = node.status("watch").await.since_ms;
    let upgraded = i64::try_from(upgraded).expect("a moment");
    let answer = node.send("watch", &releases[0], &tick).await;
    answer.expect("an old client's tick");
    for _ in 0..2 {
        let read = node
            .send("watch", &releases[1], &Value::constructor(0))
            .await;
        let Ok(Value::Sum(1, told)) = read else {
            panic!("the moments, not {read:?}")
        };
        let Value::Product(told) = told.as_ref() else {
            panic!("two moments")
        };
        let moved = Value::product(vec![
            Value::Int(upgraded),
            Value::text("operator"),
            Value::Int(2),
        ]);
        assert_eq!(told[1], moved);
        let Value::Product(last) = &told[0] else {
            panic!("a moment")
        };
        assert_eq!(last[1], Value::text("client"));
        node.restart();
    }
}

#[tokio::test]
async fn clients_two_versions_back_go_through_both_adapters() {
    let (mut node, releases, first) = running().await;
    let second = to_second(&releases, &first);
    node.deploy(&second).await;
    let third = bundle(
        MACHINE,
        Some((&releases[1], second.id(), 2)),
        &releases[2],
        &["author"],
    );
    node.deploy(&third).await;
    for _ in 0..2 {
        let answer = node.send(MACHINE, &releases[0], &read(1)).await;
        assert_eq!(answer.expect("a client of version 1"), sum(1, 42));
        let clear = Value::constructor(1);
        let retired = refusal(
            node.send(MACHINE, &releases[1], &clear)
                .await
                .expect_err("retired"),
        );
        assert_eq!(retired.code, RefusalCode::RETIRED_INPUT);
        node.restart();
    }
}

#[tokio::test]
async fn inputs_that_are_not_inputs_are_refused() {
    let (node, releases, _) = running().await;
    let before = node.picture(MACHINE).await;
    let running = releases[0].program.digest().0;
    let cases = [
        (MACHINE, running, vec![], RefusalCode::MALFORMED_INPUT),
        (MACHINE, running, vec![9], RefusalCode::MALFORMED_INPUT),
        (MACHINE, running, vec![1, 0], RefusalCode::MALFORMED_INPUT),
        (MACHINE, [3; 32], vec![1], RefusalCode::OTHER_PROGRAM),
        ("nowhere", running, vec![1], RefusalCode::UNKNOWN_MACHINE),
    ];
    for (machine, program, input, code) in cases {
        let machine = machine.to_owned();
        let response = node
            .ask(
                "client",
                Request::Submit {
                    machine,
                    program,
                    input,
                },
            )
            .await;
        assert_eq!(refusal(response).code, code);
    }
    assert_eq!(node.picture(MACHINE).await, before);
}

#[tokio::test]
async fn a_step_that_traps_answers_and_leaves_the_state() {
    let (mut node, releases, _) = running().await;
    let Response::Trapped { name, .. } = node
        .send(MACHINE, &releases[0], &add(i64::MAX))
        .await
        .expect_err("overflow")
    else {
        panic!("a trap")
    };
    assert_eq!(name, "overflow");
    for _ in 0..2 {
        let answer = node.send(MACHINE, &releases[0], &read(1)).await;
        assert_eq!(answer.expect("runs on"), sum(1, 42));
        assert_eq!(node.status(MACHINE).await.traps, 1);
        node.restart();
    }
}

#[tokio::test]
async fn a_query_answers_and_writes_nothing() {
    let (node, releases, _) = running().await;
    let before = node.picture(MACHINE).await;
    let query = |input: &Value| Request::Query {
        machine: MACHINE.to_owned(),
        program: releases[0].program.digest().0,
        input: cam::encode::value(input),
    };
    let response = node.ask("observer", query(&read(1))).await;
    let Response::Answer { output, .. } = response else {
        panic!("{response:?}")
    };
    assert_eq!(output, cam::encode::value(&sum(1, 42)));
    let response = node.ask("observer", query(&add(1))).await;
    assert_eq!(refusal(response).code, RefusalCode::NOT_A_QUERY);
    assert_eq!(node.picture(MACHINE).await, before);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let (mut node, releases, first) = running().await;
    node.deploy(&to_second(&releases, &first)).await;
    // More inputs than fit between two snapshots.
    for n in 0..1_000 {
        node.send(MACHINE, &releases[1], &add(n))
            .await
            .expect("a step");
    }
    let before = node.picture(MACHINE).await;
    node.restart();
    assert_eq!(node.picture(MACHINE).await, before);
    assert_eq!(
        node.send(MACHINE, &releases[1], &read(2))
            .await
            .expect("runs"),
        sum(2, 42_000 + 499_500)
    );
}

#[tokio::test]
async fn two_machines_of_one_node_do_not_meet() {
    let (node, tallies, _) = running().await;
    let lamp = releases(&[LAMP_1]).remove(0);
    node.deploy(&bundle("lamp", None, &lamp, &["author"])).await;
    let again = bundle("tally-2", None, &tallies[0], &["author"]);
    node.deploy(&again).await;
    node.send("tally-2", &tallies[0], &add(1))
        .await
        .expect("a step");
    assert_eq!(
        node.send(MACHINE, &tallies[0], &read(1))
            .await
            .expect("a step"),
        sum(1, 42)
    );
    assert_eq!(
        node.send("tally-2", &tallies[0], &read(1))
            .await
            .expect("a step"),
        sum(1, 1)
    );
    assert_eq!(
        node.send("lamp", &lamp, &Value::constructor(0))
            .await
            .expect("a step"),
        Value::constructor(0)
    );
}
