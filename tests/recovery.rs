//! What a start makes of what the store has kept: the same machine, the same numbers, the same clients.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::path::Path;
use std::sync::Arc;

use cam::value::Value;
use harness::street::{Node, Release, bundle, releases};
use harness::tally::{LAMP_1, MACHINE, TALLY_1, add};
use node::bundle::Bundle;
use node::local::LocalJournal;
use node::protocol::{Request, Response, Terms};
use node::store::{STORE_FILE, Store};

const TERMS: Terms = Terms {
    time_ms: 3_600_000,
    steps: 0,
    faults: 0,
    checks: false,
    starts: 1,
};

/// It says which step it is, and stops on 13 from version 2 on, which has no way back.
const NUMBERED: [&str; 2] = [
    "
machine Numbered version 1 with seq {
  input  Add(Int) | Numbers
  output Ok | Seen(List(Int))
  state  { seen: List(Int) }
  init   { seen: [] }
  on Add(_) => { set seen = push(seen, seq)  Ok }
  on Numbers => Seen(seen)
}",
    "
machine Numbered version 2 with seq {
  input  Add(Int) | Numbers
  output Ok | Seen(List(Int))
  state  { seen: List(Int), last: Int }
  init   { seen: [], last: 0 }
  on Add(n) => { set seen = push(seen, seq)  set last = n / (n - 13)  Ok }
  on Numbers => Seen(seen)
  migrate from 1 { seen } => { seen: seen, last: 0 }
  accept from 1
  reply to 1
}",
];

/// What stopped on trial is a step of the program before: its number is nobody else's.
#[tokio::test]
async fn no_number_is_told_twice_after_inputs_were_replayed() {
    let releases = releases(&NUMBERED);
    let first = bundle("numbered", None, &releases[0], &["author"]);
    let second = bundle(
        "numbered",
        Some((&releases[0], first.id(), 1)),
        &releases[1],
        &["author"],
    );
    let mut node = Node::new();
    node.deploy(&first).await;
    let add = |n: i64| Value::sum(0, Value::Int(n));
    let numbers = Value::constructor(1);
    node.send("numbered", &releases[0], &add(1))
        .await
        .expect("a step");
    let response = node.try_out(&second, TERMS).await;
    assert!(matches!(response, Response::Applied(_)), "{response:?}");
    node.send("numbered", &releases[0], &add(2))
        .await
        .expect("a step");
    let stopped = node.send("numbered", &releases[0], &add(13)).await;
    assert!(matches!(stopped, Err(Response::Trapped { .. })));
    for _ in 0..2 {
        assert_eq!(node.status("numbered").await.machine_version, 1);
        node.send("numbered", &releases[0], &add(3))
            .await
            .expect("a step");
        node.restart();
    }
    let seen = node.send("numbered", &releases[0], &numbers).await;
    let Ok(Value::Sum(_, seen)) = seen else {
        panic!("{seen:?}")
    };
    assert_eq!(*seen, Value::List((1..=5).map(Value::Int).collect()));
}

/// Version `n` of a machine that only counts, with adapters for the version before.
fn counting(version: usize) -> String {
    let upgrade = match version {
        1 => String::new(),
        _ => format!(
            "migrate from {0} unchanged migrate back to {0} {{ n }} => {{ n: n }} accept from {0} reply to {0}",
            version - 1
        ),
    };
    format!(
        "machine Counting version {version} {{
           input | Go output | Ok state {{ n: Int }} init {{ n: 0 }}
           on Go => {{ set n = n + 1 Ok }} {upgrade} }}"
    )
}

/// More programs than a machine remembers, and then the way back from the last: the clients of the one that was
/// forgotten are not served again because the node was started.
#[tokio::test]
async fn who_is_served_does_not_change_with_a_start() {
    let versions = node::limits::LINEAGE_MAX + 2;
    let sources: Vec<String> = (1..=versions).map(counting).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let releases = releases(&sources);
    let mut node = Node::new();
    let mut last: Option<Bundle> = None;
    for (before, release) in releases.iter().enumerate() {
        let from = last.as_ref().map(|last| {
            let old: &Release = &releases[before - 1];
            (old, last.id(), before as u64)
        });
        let next = bundle("counting", from, release, &["author"]);
        node.deploy(&next).await;
        last = Some(next);
    }
    let back = Request::Rollback {
        machine: "counting".to_owned(),
        running: releases[versions - 1].program.digest().0,
        reason: String::new(),
        rehearse: false,
    };
    let response = node.ask("operator", back).await;
    assert!(
        matches!(response, Response::RolledBack { .. }),
        "{response:?}"
    );
    let served = node.life("counting").await.served;
    assert_eq!(served.len(), node::limits::LINEAGE_MAX - 1);
    node.restart();
    assert_eq!(node.life("counting").await.served, served);
}

/// What is in one row of a table of a store, instead of which something else is put there.
fn exchange(store: &Path, table: &str, key: &str, bytes: &[u8]) -> Vec<u8> {
    let table: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new(table);
    let database = redb::Database::open(store).expect("a store");
    let write = database.begin_write().expect("writable");
    let was = {
        let mut table = write.open_table(table).expect("there");
        let was = table.insert(key, bytes).expect("written");
        was.expect("it was there").value().to_vec()
    };
    write.commit().expect("durable");
    was
}

#[tokio::test]
async fn a_node_that_cannot_start_has_not_died_on_trial() {
    let second = TALLY_1.replace("version 1", "version 2").replace(
        "on Read => Sum(total)\n}",
        "on Read => Sum(total) migrate from 1 unchanged }",
    );
    let tallies = releases(&[TALLY_1, &second]);
    let lamps = releases(&[LAMP_1]);
    let node = Node::new();
    let first = bundle(MACHINE, None, &tallies[0], &["author"]);
    node.deploy(&first).await;
    node.deploy(&bundle("lamp", None, &lamps[0], &["author"]))
        .await;
    node.send(MACHINE, &tallies[0], &add(1))
        .await
        .expect("a step");
    let from = Some((&tallies[0], first.id(), 1));
    let second = bundle(MACHINE, from, &tallies[1], &["author"]);
    let response = node.try_out(&second, TERMS).await;
    assert!(matches!(response, Response::Applied(_)), "{response:?}");

    let folder = node.copy_of_store();
    let path = folder.path().join(STORE_FILE);
    let open = || LocalJournal::open(Arc::new(Store::open(&path).expect("whole")), Arc::new(|| 1));
    // The node that was copied has not ended well, which counts as a death; one is allowed.
    let whole = exchange(&path, "snapshots", "lamp", b"something else");
    for _ in 0..4 {
        assert!(open().is_err(), "the lamp cannot be read");
    }
    exchange(&path, "snapshots", "lamp", &whole);
    let opened = open().expect("it starts");
    let tally = opened.published().machine(MACHINE).expect("it runs");
    assert!(tally.trial().is_some(), "it is on trial still");
}
