//! Plans: what is said of a bundle beforehand is what it then does, and saying it changes nothing.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::sync::Arc;

use harness::street::{Node, Release, bundle, refusal, releases};
use harness::tally::{MACHINE, TALLY_1, TALLY_2, add, read, running, sum, to_second};
use node::bundle::Bundle;
use node::comparison::Answer;
use node::ledger::Event;
use node::limits::REHEARSAL_COMMANDS_MAX;
use node::protocol::{Plan, RefusalCode, Request, Response};

async fn plan(node: &Node, bundle: &Bundle) -> Response {
    let bundle = bundle.encode();
    node.ask("operator", Request::Plan { bundle }).await
}

async fn planned(node: &Node, bundle: &Bundle) -> Plan {
    match plan(node, bundle).await {
        Response::Plan(plan) => *plan,
        other => panic!("no plan: {other:?}"),
    }
}

#[tokio::test]
async fn a_plan_changes_nothing_and_the_push_does_what_it_says() {
    let (node, releases, first) = running().await;
    for n in 1..=20 {
        node.send(MACHINE, &releases[0], &add(n))
            .await
            .expect("a step");
    }
    let second = to_second(&releases, &first);
    let before = node.picture(MACHINE).await;
    let plan = planned(&node, &second).await;
    assert_eq!(node.picture(MACHINE).await, before);
    assert_eq!((plan.sequence, plan.to.machine_version), (2, 2));
    assert_eq!(plan.from.as_ref().map(|from| from.machine_version), Some(1));
    assert!(plan.has_adapters && !plan.has_way_back && !plan.has_check);
    assert!(plan.fuel_max.is_some(), "this migration has no loop");
    let Response::Applied(applied) = node.push(&second).await else {
        panic!("it was planned")
    };
    assert_eq!(applied.to, plan.to.program);
    let bytes = (applied.state_bytes_before, applied.state_bytes);
    assert_eq!(bytes, (plan.state_bytes_before, plan.state_bytes));
    let rehearsal = plan.rehearsal.expect("it ran before");
    assert_eq!(
        (rehearsal.same, rehearsal.different, rehearsal.lost),
        (21, 0, 0)
    );
}

#[tokio::test]
async fn what_the_last_plan_has_found_stands_in_the_ledger() {
    let found = async |plans: &[usize], restarts: bool| {
        let (mut node, releases, first) = running().await;
        let capped = harness::street::releases(&[TALLY_1, CAPPED]);
        let from = Some((&releases[0], first.id(), 1));
        let bundles = [
            to_second(&releases, &first),
            bundle(MACHINE, from, &capped[1], &["author"]),
        ];
        node.send(MACHINE, &releases[0], &add(20))
            .await
            .expect("a step");
        node.send(MACHINE, &releases[0], &read(1))
            .await
            .expect("a step");
        for plan in plans {
            planned(&node, &bundles[*plan]).await;
        }
        if restarts {
            node.restart();
        }
        node.deploy(&bundles[1]).await;
        let entry = node.ledger(MACHINE).await.pop().expect("an entry");
        match entry.event {
            Event::Applied(accepted) => accepted.plan,
            other => panic!("no bundle was applied: {other:?}"),
        }
    };
    let plan = found(&[0, 1], false).await.expect("it was planned");
    assert_eq!((plan.same, plan.different, plan.lost), (2, 1, 0));
    assert_eq!(plan.step, 3);
    for (plans, restarts) in [(&[][..], false), (&[1, 0], false), (&[1], true)] {
        assert_eq!(found(plans, restarts).await, None, "{plans:?} {restarts}");
    }
}

/// It answers reads of more than 50 with 50.
const CAPPED: &str = "
machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, most: Int }
  init   { total: 0, most: 50 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(min(total, most))
  migrate from 1 { total } => { total: total, most: 50 }
  accept from 1
  reply to 1
}";

#[tokio::test]
async fn a_plan_counts_what_would_be_answered_differently_and_shows_the_first() {
    let releases = releases(&[TALLY_1, CAPPED]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let node = Node::new();
    node.deploy(&first).await;
    let send = async |input| {
        node.send(MACHINE, &releases[0], &input)
            .await
            .expect("a step")
    };
    for _ in 0..3 {
        send(add(20)).await;
        send(read(1)).await;
    }
    let from = Some((&releases[0], first.id(), 1));
    let second = bundle(MACHINE, from, &releases[1], &["author"]);
    let rehearsal = planned(&node, &second)
        .await
        .rehearsal
        .expect("it ran before");
    assert_eq!((rehearsal.same, rehearsal.different), (5, 1));
    let first = rehearsal.first.expect("one is different");
    let output = |n| Answer::Output(cam::encode::value(&sum(1, n)));
    assert_eq!((first.was, first.is), (output(60), output(50)));
    assert_eq!((first.at, first.from.as_str()), (7, "client"));
}

#[tokio::test]
async fn a_long_life_is_rehearsed_on_its_last_inputs() {
    let (node, releases, first) = running().await;
    let second = to_second(&releases, &first);
    let node = Arc::new(node);
    for _ in 0..26 {
        // Together they share syncs.
        let mut sent = tokio::task::JoinSet::new();
        for n in 0..100 {
            let (node, release) = (Arc::clone(&node), releases[0].clone());
            sent.spawn(async move { node.send(MACHINE, &release, &add(n)).await });
        }
        while let Some(step) = sent.join_next().await {
            step.expect("no panic").expect("a step");
        }
    }
    let rehearsal = planned(&node, &second)
        .await
        .rehearsal
        .expect("it ran before");
    assert_eq!(rehearsal.same, REHEARSAL_COMMANDS_MAX as u64);
}

#[tokio::test]
async fn a_bundle_that_would_be_refused_has_no_plan() {
    let (node, releases, first) = running().await;
    let second = to_second(&releases, &first);
    let again = plan(&node, &first).await;
    assert!(
        matches!(again, Response::AlreadyRunning { .. }),
        "{again:?}"
    );
    let unsigned = bundle(
        MACHINE,
        Some((&releases[0], first.id(), 1)),
        &releases[1],
        &[],
    );
    let refused = refusal(plan(&node, &unsigned).await);
    assert_eq!(refused.code, RefusalCode::NOT_SIGNED_ENOUGH);
    let request = Request::Plan {
        bundle: second.encode(),
    };
    let refused = refusal(node.ask("client", request).await);
    assert_eq!(refused.code, RefusalCode::NOT_ALLOWED);
    let divided: Vec<Release> = harness::street::releases(&[
        TALLY_1,
        &TALLY_2.replace("total * 1_000", "total / (total - 42)"),
    ]);
    let stops = to_second(&divided, &first);
    let refused = refusal(plan(&node, &stops).await);
    assert_eq!(refused.code, RefusalCode::MIGRATION_TRAPPED);
}

#[tokio::test]
async fn a_first_bundle_has_a_plan_too() {
    let releases = releases(&[TALLY_1]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let plan = planned(&Node::new(), &first).await;
    assert_eq!((plan.sequence, plan.from, plan.rehearsal), (1, None, None));
}

/// Its migration stops unless it is told who pushes, and when.
const WATCHED: &str = "
machine Tally version 2 with at, from {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int }
  init   { total: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total + 0 / (if at > 0 and from == \"operator\" { 1 } else { 0 }) }
  accept from 1 { Add(n) => Add(n + 0 / (if at > 0 and from == \"client\" { 1 } else { 0 })) }
  reply to 1
}";

/// A rehearsal is told what the journal says: of the bundle who planned it, and of each input who sent it.
#[tokio::test]
async fn a_plan_tells_the_migration_and_the_adapters_the_moment() {
    let releases = releases(&[TALLY_1, WATCHED]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let node = Node::new();
    node.deploy(&first).await;
    for _ in 0..3 {
        let answer = node.send(MACHINE, &releases[0], &add(20)).await;
        answer.expect("a step");
    }
    let from = Some((&releases[0], first.id(), 1));
    let second = bundle(MACHINE, from, &releases[1], &["author"]);
    let rehearsal = planned(&node, &second).await.rehearsal;
    let rehearsal = rehearsal.expect("it ran before");
    assert_eq!((rehearsal.same, rehearsal.different), (3, 0));
    node.deploy(&second).await;
}
