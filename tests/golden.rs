//! What older versions of Camshaft have written is opened by this one: kept as files, byte for byte.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::fs;
use std::path::Path;

use cam::value::Value;
use harness::biography::life_of;
use harness::street::{Node, bundle, releases};
use harness::tally::{LAMP_1, MACHINE, TALLY_1, TALLY_2, TALLY_3, add, read, sum};
use harness::tree;
use node::biography::Mark;
use node::bundle::Bundle;
use node::ledger::{Entry, Event};
use node::protocol::{Request, Response};
use node::rollback::Way;
use node::shadow::End;
use node::store::STORE_FILE;
use redb::ReadableDatabase;

fn golden(name: &str) -> Vec<u8> {
    fs::read(tree::root().join("tests/golden").join(name)).expect("kept")
}

#[tokio::test]
async fn a_store_of_format_1_is_taken_over_and_goes_on() {
    let mut node = Node::on_store(&golden("store-1.redb"));
    let releases = releases(&[TALLY_1, TALLY_2]);
    for round in 0..3 {
        let status = node.status(MACHINE).await;
        assert_eq!((status.machine_version, status.sequence), (2, 2));
        assert_eq!(status.steps, 7 + 2 * round);
        let ledger = node.ledger(MACHINE).await;
        assert!(is_one_chain(&ledger));
        assert!(
            ledger
                .iter()
                .all(|entry| matches!(entry.event, Event::Applied(_)))
        );
        assert_eq!((ledger.len(), ledger[1].by.as_str()), (2, "operator"));
        // Clients of both programs are served: 42, 1 to 5 and 7 were added before.
        node.send(MACHINE, &releases[0], &add(1))
            .await
            .expect("a step");
        let total = node.send(MACHINE, &releases[0], &read(1)).await;
        let rounds = i64::try_from(round).expect("few");
        assert_eq!(total.expect("a step"), sum(1, 42 + 15 + 7 + 1 + rounds));
        node.restart();
    }
    let second = Bundle::decode(&golden("bundle-1.camb")).expect("a bundle of format 1");
    let again = node.push(&second).await;
    assert!(
        matches!(again, Response::AlreadyRunning { .. }),
        "{again:?}"
    );
}

fn is_one_chain(ledger: &[Entry]) -> bool {
    let before = std::iter::once(None).chain(ledger.iter().map(Some));
    let mut pairs = ledger.iter().zip(before);
    pairs.all(|(entry, before)| entry.follows(before))
}

/// It counts how often it was lit, and is on trial in the store of format 2.
const LAMP_2: &str = "
machine Lamp version 2 {
  input  | Toggle
  output | Ok
  state  { lit: Bool, times: Int }
  init   { lit: false, times: 0 }
  on Toggle => { set times = times + (if lit { 0 } else { 1 })  set lit = not lit  Ok }
  migrate from 1 { lit } => { lit, times: if lit { 1 } else { 0 } }
  accept from 1
  reply to 1
}";

/// In the store: `tally` was shown version 2, which was dropped; took it on trial and went back; took it again, and has
/// version 3 beside it. Its clients of version 1 are served. `lamp` has version 2 on trial. The node ended well.
#[tokio::test]
async fn a_store_of_format_2_is_taken_over_and_goes_on() {
    let mut node = Node::on_store(&golden("store-2.redb"));
    let releases = releases(&[TALLY_1, TALLY_2, TALLY_3]);
    for round in 0..3 {
        let ledger = node.ledger(MACHINE).await;
        assert!(is_one_chain(&ledger));
        let [first, dropped, tried, back, second] = ledger.as_slice() else {
            panic!("{} entries", ledger.len())
        };
        assert!(matches!(first.event, Event::Applied(_)));
        assert!(matches!(&dropped.event, Event::Shadowed(ended) if ended.why == End::Dropped));
        assert!(matches!(&tried.event, Event::Applied(accepted) if accepted.trial.is_some()));
        assert!(matches!(&back.event, Event::RolledBack(told) if told.way != Way::Mapped));
        assert!(matches!(&second.event, Event::Applied(accepted) if accepted.sequence == 4));
        // 42, 1 and 2 were added on version 1, 3 on the way that was undone, and 4 since.
        let total = node.send(MACHINE, &releases[0], &read(1)).await;
        let rounds = i64::from(round);
        assert_eq!(total.expect("a step"), sum(1, 42 + 1 + 2 + 3 + 4 + rounds));
        node.send(MACHINE, &releases[0], &add(1))
            .await
            .expect("a step");
        let machine = MACHINE.to_owned();
        let beside = match node
            .ask("observer", Request::ShadowStatus { machine })
            .await
        {
            Response::Shadow(beside) => beside.running.expect("it is taken up"),
            other => panic!("no shadow: {other:?}"),
        };
        assert_eq!(
            (beside.offered.sequence, beside.offered.machine_version),
            (5, 3)
        );
        assert!(node.life("lamp").await.trial.is_some());
        for machine in [MACHINE, "lamp"] {
            let life = life_of(&node, machine).await;
            let begun = life.begin().expect("it begins");
            let lived = life.replay(begun, |_, _, _| true).expect("it fits");
            assert_eq!(Mark::of(lived.replica()).as_ref(), life.end());
        }
        node.restart();
    }
    let saved = Request::Saved {
        machine: MACHINE.to_owned(),
        sequence: 3,
    };
    let saved = node.ask("observer", saved).await;
    assert!(matches!(saved, Response::State { .. }), "{saved:?}");
}

#[tokio::test]
async fn a_trial_in_a_store_of_format_2_can_still_go_back() {
    let node = Node::on_store(&golden("store-2.redb"));
    let releases = releases(&[LAMP_1, LAMP_2]);
    let rollback = Request::Rollback {
        machine: "lamp".to_owned(),
        running: releases[1].program.digest().0,
        reason: String::new(),
        rehearse: false,
    };
    match node.ask("operator", rollback).await {
        Response::RolledBack { report, .. } => match report.way {
            Way::Replayed(comparison) => assert_eq!(comparison.same, 1, "of a client of before"),
            Way::Mapped => panic!("it has no way back"),
        },
        other => panic!("no way back: {other:?}"),
    }
    node.send("lamp", &releases[0], &Value::constructor(0))
        .await
        .expect("a step");
}

/// The bytes of a state in a store, as the store has sealed them.
fn snapshot(path: &Path) -> Vec<u8> {
    let database = redb::Database::open(path).expect("a store");
    let read = database.begin_read().expect("readable");
    let table = read.open_table(SNAPSHOTS).expect("there");
    let bytes = table.get(MACHINE).expect("readable");
    bytes.expect("one").value().to_vec()
}

const SNAPSHOTS: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("snapshots");

/// Both states of this machine are a record of one integer: nothing in the bytes says of which they are.
#[tokio::test]
async fn complaint_14_a_state_from_before_an_upgrade_is_not_taken_for_one_from_after() {
    let renamed = TALLY_1
        .replace("version 1", "version 2")
        .replace("total", "sum")
        .replace(
            "on Read => Sum(sum)\n}",
            "on Read => Sum(sum)\n migrate from 1 { total } => { sum: total * 1_000 } }",
        );
    let releases = releases(&[TALLY_1, &renamed]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let node = Node::new();
    node.deploy(&first).await;
    node.send(MACHINE, &releases[0], &add(7))
        .await
        .expect("a step");
    let second = bundle(
        MACHINE,
        Some((&releases[0], first.id(), 1)),
        &releases[1],
        &["author"],
    );
    let early = node.copy_of_store();
    let before = snapshot(&early.path().join(STORE_FILE));
    node.deploy(&second).await;
    let late = node.copy_of_store();
    let path = late.path().join(STORE_FILE);
    {
        let database = redb::Database::open(&path).expect("a store");
        let write = database.begin_write().expect("writable");
        let mut table = write.open_table(SNAPSHOTS).expect("there");
        table.insert(MACHINE, before.as_slice()).expect("written");
        drop(table);
        write.commit().expect("durable");
    }
    // It says where it was taken, and the journal leads on from there: through the migration.
    let node = Node::on_store(&fs::read(&path).expect("readable"));
    let total = node.send(MACHINE, &releases[1], &read(1)).await;
    assert_eq!(total.expect("a step"), sum(1, 7_000));
    assert_eq!(node.status(MACHINE).await.machine_version, 2);
}
