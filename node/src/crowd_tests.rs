//! What a crowd, or one key with patience, can take from a node, and what is left for those who look after it.

use std::time::Duration;

use quinn::{Connection, RecvStream, SendStream};

use crate::{
    config::ServerLimits,
    limits,
    network_bench::{
        CLIENT, Node, OPERATOR, OTHER_CLIENT, OTHER_OPERATOR, STATUS, entry, refused, request,
        submit, usual_trust,
    },
    protocol::{RefusalCode, Request, RequestKind},
};

fn trust() -> String {
    usual_trust()
        + &entry(OTHER_CLIENT, "roles = [\"client\"]")
        + &entry(OTHER_OPERATOR, "roles = [\"operator\"]")
}

/// So many requests at once, which stay in progress for as long as a test may take.
fn patient(requests: usize) -> ServerLimits {
    ServerLimits {
        requests,
        transfer: Duration::from_secs(*limits::TRANSFER_SECONDS_SPAN.end()),
        ..ServerLimits::default()
    }
}

/// Streams on which a request has begun that never ends.
async fn begin(
    connection: &Connection,
    count: usize,
    request: &Request,
    bytes: usize,
) -> Vec<(SendStream, RecvStream)> {
    let mut begun = Vec::new();
    for _ in 0..count {
        let (mut send, recv) = connection.open_bi().await.unwrap();
        send.write_all(&request.encode()[..bytes]).await.unwrap();
        begun.push((send, recv));
    }
    begun
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_requests_that_never_end_keeps_no_operator_out() {
    let limits = patient(4);
    let node = Node::start_with(&(trust() + &entry(5, "roles = [\"client\"]")), limits);
    let mut crowd = Vec::new();
    for seed in [CLIENT, OTHER_CLIENT] {
        let (endpoint, connection) = node.raw(seed).await;
        let begun = begin(&connection, 2, &submit("counter", b"x"), 1).await;
        crowd.push((endpoint, begun));
    }
    let client = node.connect(5).await;
    while refused(&client, &STATUS).await != Some(RefusalCode::BUSY) {}
    let operator = node.connect(OPERATOR).await;
    for kind in [
        RequestKind::Deliver,
        RequestKind::Rollback,
        RequestKind::Pass,
    ] {
        assert_eq!(refused(&operator, &request(kind, "counter")).await, None);
    }
    assert_eq!(refused(&client, &STATUS).await, Some(RefusalCode::BUSY));
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_that_never_arrive_keep_no_other_out() {
    let node = Node::start_with(&trust(), patient(limits::REQUESTS));
    let (_endpoint, connection) = node.raw(OTHER_OPERATOR).await;
    let push = Request::Push {
        bundle: vec![0; 1000],
    };
    let _begun = begin(&connection, 2 * limits::PUSHES, &push, 500).await;
    let operator = node.connect(OPERATOR).await;
    for _ in 0..50 {
        assert_eq!(refused(&operator, &push).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_takes_fill_no_memory() {
    let node = Node::start_with(&trust(), patient(limits::REQUESTS));
    let state = request(RequestKind::State, "counter");
    let (_endpoint, connection) = node.raw(CLIENT).await;
    let length = state.encode().len();
    let mut asked = begin(&connection, 30, &state, length).await;
    for (send, _) in &mut asked {
        send.finish().unwrap();
    }
    // Each has 4 MiB and while it is worked out room for the longest; none is ever taken.
    let whole = limits::ANSWERS_BYTES_PER_KEY - limits::RESPONSE_BYTES_MAX;
    let held = whole / (4 << 20);
    while node.handled() < held {
        tokio::task::yield_now().await;
    }
    let operator = node.connect(OPERATOR).await;
    assert_eq!(refused(&operator, &state).await, None);
    assert!(node.handled() <= held + 1, "{}", node.handled());
}
