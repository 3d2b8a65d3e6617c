//! What older versions of Camshaft have written is opened by this one: kept as files, byte for byte.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use std::fs;

use harness::street::{Node, releases};
use harness::tally::{MACHINE, TALLY_1, TALLY_2, add, read, sum};
use harness::tree;
use node::bundle::Bundle;
use node::ledger::Event;
use node::protocol::Response;

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
