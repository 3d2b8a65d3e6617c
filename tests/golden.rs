//! What older versions of Camshaft have written is opened by this one: kept as files, byte for byte.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use harness::street::{Node, bundle, releases};
use harness::tally::{MACHINE, TALLY_1, TALLY_2, add, read, sum};
use harness::tree;
use node::bundle::Bundle;
use node::ledger::Event;
use node::local::LocalJournal;
use node::protocol::Response;
use node::store::{STORE_FILE, Store};
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
        let before = std::iter::once(None).chain(ledger.iter().map(Some));
        assert!(
            ledger
                .iter()
                .zip(before)
                .all(|(entry, before)| entry.follows(before))
        );
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
    let mut node = Node::new();
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
    let store = Arc::new(Store::open(&path).expect("it is whole"));
    let opened = LocalJournal::open(store, Arc::new(|| 1));
    let error = opened.err().expect("it is refused").to_string();
    assert!(
        error.contains("its snapshot is of another program"),
        "{error}"
    );
    node.restart();
    assert_eq!(node.status(MACHINE).await.machine_version, 2);
}
