//! Server and client over real loopback: what is let in, what is refused, and what survives.

use std::{net::UdpSocket, sync::Arc, time::Duration};

use quinn::{ConnectionError, Endpoint, TransportErrorCode};
use rustls::client::Resumption;

use crate::{
    client::{Client, ClientError, Timeouts},
    config::ServerLimits,
    key::PublicKey,
    limits::{self, HANDSHAKES_MAX, HANDSHAKES_WITHOUT_RETRY_MAX},
    network_bench::{
        CLIENT, NODE, Node, OPERATOR, OTHER_CLIENT, STATUS, STRANGER, answer, code, entry, pinned,
        refused, request, secret, send_raw, submit, usual_trust,
    },
    protocol::{RefusalCode, Request, RequestKind, Response},
    tls, transport,
    trust::Role,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_client_gets_its_answers() {
    let node = Node::start();
    let client = node.connect(CLIENT).await;
    for length in [0, 1, 100_000, 1_000_000] {
        let input = vec![5; length];
        match client.request(&submit("counter", &input)).await.unwrap() {
            Response::Answer { output, .. } => assert!(output == input),
            other => panic!("{other:?}"),
        }
    }
    match client
        .request(&request(RequestKind::State, "counter"))
        .await
        .unwrap()
    {
        Response::State { state, .. } => assert_eq!(state.len(), 4 << 20),
        other => panic!("{other:?}"),
    }
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_bundle_arrives_whole_and_a_larger_one_is_not_sent() {
    let node = Node::start();
    let operator = node.connect(OPERATOR).await;
    let bundle = |length| Request::Push {
        bundle: vec![3; length],
    };
    match operator
        .request(&bundle(limits::BUNDLE_BYTES_MAX))
        .await
        .unwrap()
    {
        Response::AlreadyRunning { machine, .. } => {
            assert_eq!(machine, limits::BUNDLE_BYTES_MAX.to_string());
        }
        other => panic!("{other:?}"),
    }
    let error = operator
        .request(&bundle(limits::PUSH_BYTES_MAX))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Oversized { .. }), "{error}");
    assert_eq!(node.handled(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_never_concludes_success() {
    let node = Node::start();
    for _ in 0..50 {
        // TLS 1.3: connecting may well succeed here. Only an answer would prove anything.
        let error = match node.try_connect(STRANGER).await {
            Ok(client) => client.request(&STATUS).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(error, ClientError::NotTrusted { .. }), "{error}");
    }
    assert_eq!(node.handled(), 0);
    assert_eq!(refused(&node.connect(CLIENT).await, &STATUS).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_taken_out_is_refused_on_its_open_connection_and_on_a_new_one() {
    let node = Node::start();
    let client = node.connect(CLIENT).await;
    assert_eq!(refused(&client, &STATUS).await, None);
    node.trust(&entry(OPERATOR, "roles = [\"operator\"]"));
    let not_trusted = Some(RefusalCode::NOT_TRUSTED);
    assert_eq!(refused(&client, &STATUS).await, not_trusted);
    // The connection is closed once the refusal has arrived; requests before that are refused too.
    let error = loop {
        match client.request(&STATUS).await {
            Ok(response) => assert_eq!(code(&response), not_trusted),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, ClientError::NotSent(_) | ClientError::Unknown(_)),
        "{error}"
    );
    let error = match node.try_connect(CLIENT).await {
        Ok(client) => client.request(&STATUS).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, ClientError::NotTrusted { .. }), "{error}");
    assert_eq!(node.handled(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_keeps_sessions_gets_none_and_is_checked_again() {
    let node = Node::start();
    let mut handshake = tls::client_config(&secret(CLIENT), pinned()).unwrap();
    handshake.resumption = Resumption::in_memory_sessions(8);
    handshake.enable_early_data = true;
    let config = transport::dial(handshake).unwrap();
    let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let connect = || {
        endpoint
            .connect_with(config.clone(), node.address, "test.invalid")
            .unwrap()
    };
    for _ in 0..3 {
        // A session to resume would let the second connection send early data.
        let connecting = connect().into_0rtt().err().expect("nothing to resume");
        let connection = connecting.await.unwrap();
        assert_eq!(send_raw(&connection, &STATUS.encode()).await, None);
    }
    node.trust("# nobody\n");
    let connecting = connect().into_0rtt().err().expect("nothing to resume");
    let error = match connecting.await {
        Ok(connection) => connection.closed().await,
        Err(error) => error,
    };
    match error {
        ConnectionError::ConnectionClosed(close) => {
            assert_eq!(close.error_code, TransportErrorCode::crypto(49));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_than_the_pinned_one_is_refused_with_both_keys() {
    let node = Node::start();
    let pinned: PublicKey = secret(NODE + 1).public();
    let (address, timeouts) = (node.address.to_string(), Timeouts::default());
    let error = Client::connect(&address, &secret(CLIENT), pinned, timeouts)
        .await
        .unwrap_err();
    match &error {
        ClientError::HostKey { expected, found } => {
            assert_eq!((*expected, *found), (pinned, secret(NODE).public()));
        }
        other => panic!("{other}"),
    }
    assert!(error.to_string().contains(&pinned.to_string()));
    assert!(
        error
            .to_string()
            .contains(&secret(NODE).public().to_string())
    );
    assert_eq!(node.handled(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_send_its_requests_and_no_other() {
    for role in Role::ALL {
        let everywhere = entry(CLIENT, &format!("roles = [\"{role}\"]"));
        let machines = "machines = [\"counter\"]";
        let restricted = entry(OPERATOR, &format!("roles = [\"{role}\"]\n{machines}"));
        let node = Node::start_with(&(everywhere + &restricted), ServerLimits::default());
        for (seed, machine) in [
            (CLIENT, "ledger"),
            (OPERATOR, "counter"),
            (OPERATOR, "ledger"),
        ] {
            let client = node.connect(seed).await;
            for kind in RequestKind::ALL {
                let asked = request(kind, machine);
                let reaches = seed == CLIENT || asked.machine().is_none_or(|m| m == "counter");
                let allowed = role.rights().contains(&kind.right()) && reaches;
                let expected = (!allowed).then_some(RefusalCode::NOT_ALLOWED);
                let handled = node.handled();
                assert_eq!(refused(&client, &asked).await, expected, "{role} {asked:?}");
                assert_eq!(node.handled() - handled, usize::from(allowed));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_one_machine_sees_no_other_in_the_status() {
    let trust = entry(CLIENT, "roles = [\"observer\"]\nmachines = [\"ledger\"]");
    let node = Node::start_with(&trust, ServerLimits::default());
    match node.connect(CLIENT).await.request(&STATUS).await.unwrap() {
        Response::Status(status) => {
            let names: Vec<_> = status.machines.iter().map(|m| m.machine.as_str()).collect();
            assert_eq!(names, ["ledger"]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_ends_its_own_request_only() {
    let node = Node::start();
    let other = node.connect(CLIENT).await;
    let (_endpoint, connection) = node.raw(CLIENT).await;
    let status = STATUS.encode();
    let malformed = Some(RefusalCode::MALFORMED_REQUEST);
    let cases: [(&[u8], Option<RefusalCode>); 9] = [
        (b"", malformed),
        (b"GET / HTTP/1.1\r\n\r\n", malformed),
        (&[0xff; 5000], malformed),
        (&status[..status.len() - 1], malformed),
        (&[&status[..], b"\0"].concat(), malformed),
        (b"\x81\xa6Reboot\x90", Some(RefusalCode::UNKNOWN_REQUEST)),
        (
            b"\x81\xa6Submit\x93\xa1m\xc4\x01\x00\xc6\xff\xff\xff\xff",
            malformed,
        ),
        (
            &[&b"\x81\xa6Submit"[..], &[0x91; 100_000]].concat(),
            malformed,
        ),
        (&status, None),
    ];
    for (bytes, expected) in cases {
        assert_eq!(send_raw(&connection, bytes).await, expected);
        assert_eq!(refused(&other, &STATUS).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_request_is_refused_while_it_arrives() {
    let node = Node::start();
    let (_endpoint, connection) = node.raw(CLIENT).await;
    let mut bytes = submit("counter", &[0; 100]).encode();
    bytes.resize(8 * limits::REQUEST_BYTES_MAX, 0);
    let oversized = Some(RefusalCode::OVERSIZED_REQUEST);
    assert_eq!(send_raw(&connection, &bytes).await, oversized);
    // Right comes before size: who may not push is told so after the first bytes.
    let mut bytes = Request::Push {
        bundle: vec![0; 100],
    }
    .encode();
    bytes.resize(8 * limits::REQUEST_BYTES_MAX, 0);
    assert_eq!(
        send_raw(&connection, &bytes).await,
        Some(RefusalCode::NOT_ALLOWED)
    );
    let (_endpoint, operator) = node.raw(OPERATOR).await;
    assert_eq!(send_raw(&operator, &bytes).await, oversized);
    assert_eq!(send_raw(&connection, &STATUS.encode()).await, None);
    assert_eq!(node.handled(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_cut_off_or_taken_back_is_not_acted_on() {
    let node = Node::start();
    let (_endpoint, connection) = node.raw(CLIENT).await;
    let bytes = submit("counter", &[1; 1000]).encode();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(&bytes[..500]).await.unwrap();
    send.reset(0_u32.into()).unwrap();
    assert_eq!(
        code(&answer(&mut recv).await),
        Some(RefusalCode::MALFORMED_REQUEST)
    );
    assert_eq!(send_raw(&connection, &STATUS.encode()).await, None);
    assert_eq!(node.handled(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_is_refused_after_its_time() {
    let transfer = Duration::from_millis(100);
    let limits = ServerLimits {
        transfer,
        ..ServerLimits::default()
    };
    let node = Node::start_with(&usual_trust(), limits);
    let (_endpoint, connection) = node.raw(CLIENT).await;
    for sent in [0, 5, 30] {
        let (mut send, mut recv) = connection.open_bi().await.unwrap();
        // A stream exists for the node only once something of it has arrived.
        send.write_all(&submit("counter", &[1; 100]).encode()[..sent.max(1)])
            .await
            .unwrap();
        assert_eq!(code(&answer(&mut recv).await), Some(RefusalCode::TOO_SLOW));
    }
    assert_eq!(node.handled(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn stray_packets_disturb_nobody() {
    let node = Node::start();
    let client = node.connect(CLIENT).await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for length in 0..1200 {
        for first in [0x00, 0x40, 0xc0, 0xff] {
            socket.send_to(&vec![first; length], node.address).unwrap();
        }
    }
    assert_eq!(refused(&client, &STATUS).await, None);
    assert_eq!(refused(&node.connect(CLIENT).await, &STATUS).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_trust_file_everything_is_refused_until_it_is_repaired() {
    let node = Node::start();
    let open = node.connect(OPERATOR).await;
    node.trust("author_threshold = ");
    let unusable = Some(RefusalCode::TRUST_UNUSABLE);
    assert_eq!(refused(&open, &STATUS).await, unusable);
    let new = node.connect(CLIENT).await;
    for kind in RequestKind::ALL {
        assert_eq!(refused(&new, &request(kind, "counter")).await, unusable);
    }
    let stranger = match node.try_connect(STRANGER).await {
        Ok(client) => client.request(&STATUS).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(
        matches!(stranger, ClientError::NotTrusted { .. }),
        "{stranger}"
    );
    assert_eq!(node.handled(), 0);
    node.trust(&usual_trust());
    assert_eq!(refused(&open, &STATUS).await, None);
    assert_eq!(refused(&new, &STATUS).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_its_own_request_only() {
    let node = Node::start();
    let client = node.connect(CLIENT).await;
    assert_eq!(
        refused(&client, &submit("panic", b"")).await,
        Some(RefusalCode::BUG)
    );
    assert_eq!(refused(&client, &submit("counter", b"")).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_is_replaced_by_a_refusal() {
    let node = Node::start();
    let client = node.connect(CLIENT).await;
    let huge = request(RequestKind::State, "huge");
    assert_eq!(
        refused(&client, &huge).await,
        Some(RefusalCode::ANSWER_TOO_LARGE)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_node_says_busy_at_once_and_recovers() {
    let limits = ServerLimits {
        requests: 1,
        ..ServerLimits::default()
    };
    let trust = usual_trust() + &entry(OTHER_CLIENT, "roles = [\"client\"]");
    let node = Node::start_with(&trust, limits);
    let first = node.connect(CLIENT).await;
    let held = tokio::spawn(async move { first.request(&submit("gate", b"held")).await });
    node.at_gate.notified().await;
    let second = node.connect(OTHER_CLIENT).await;
    assert_eq!(refused(&second, &STATUS).await, Some(RefusalCode::BUSY));
    node.gate.add_permits(1);
    assert_eq!(code(&held.await.unwrap().unwrap()), None);
    let third = node.connect(CLIENT).await;
    // The permit comes back when the node knows that the answer has arrived.
    while refused(&third, &STATUS).await == Some(RefusalCode::BUSY) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_cannot_take_every_connection() {
    let limits = ServerLimits {
        connections_per_key: 2,
        ..ServerLimits::default()
    };
    let node = Node::start_with(&usual_trust(), limits);
    let first = node.connect(CLIENT).await;
    let second = node.connect(CLIENT).await;
    for client in [&first, &second] {
        assert_eq!(refused(client, &STATUS).await, None);
    }
    let third = node.connect(CLIENT).await;
    let reason = match third.request(&STATUS).await {
        Ok(Response::Refused(refusal)) => {
            assert_eq!(refusal.code, RefusalCode::BUSY);
            refusal.reason.to_string()
        }
        Err(ClientError::NotSent(reason)) => reason,
        other => panic!("{other:?}"),
    };
    let expected = "this key has 2 connections open, as many as one key may";
    assert_eq!(reason, expected);
    assert_eq!(refused(&node.connect(OPERATOR).await, &STATUS).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closes_gives_its_seat_back_at_once() {
    let limits = ServerLimits {
        connections_per_key: 1,
        ..ServerLimits::default()
    };
    let node = Arc::new(Node::start_with(&usual_trust(), limits));
    // In a runtime of its own, so that nothing is said after `close` has returned.
    let visit = |node: Arc<Node>| {
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let client = node.connect(CLIENT).await;
                let response = client.request(&STATUS).await;
                client.close().await;
                response.is_ok_and(|response| code(&response).is_none())
            })
        })
    };
    let turns = async {
        for _ in 0..20 {
            // The one before may be on its way out still.
            while !visit(Arc::clone(&node)).await.unwrap() {}
        }
    };
    let in_time = tokio::time::timeout(limits::IDLE_TIMEOUT / 2, turns).await;
    assert!(in_time.is_ok(), "seats are freed by silence only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_handshakes_is_told_to_prove_its_addresses_and_then_gets_in() {
    let limits = ServerLimits {
        connections_per_key: HANDSHAKES_MAX,
        ..ServerLimits::default()
    };
    let node = Arc::new(Node::start_with(&usual_trust(), limits));
    // More at once than get in without a retry.
    let crowd: Vec<_> = (0..3 * HANDSHAKES_WITHOUT_RETRY_MAX)
        .map(|_| {
            let node = Arc::clone(&node);
            tokio::spawn(async move {
                let client = node.connect(CLIENT).await;
                refused(&client, &STATUS).await
            })
        })
        .collect();
    for client in crowd {
        assert_eq!(client.await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_requests_finish_and_takes_no_new_ones() {
    let mut node = Node::start();
    let client = Arc::new(node.connect(CLIENT).await);
    let asking = Arc::clone(&client);
    let held = tokio::spawn(async move { asking.request(&submit("gate", b"held")).await });
    node.at_gate.notified().await;
    node.stop.take().unwrap().send(()).unwrap();
    // The stop is known to have begun once a request is refused for it.
    while refused(&client, &STATUS).await != Some(RefusalCode::STOPPING) {}
    let error = node.try_connect(CLIENT).await.unwrap_err();
    assert!(matches!(error, ClientError::TurnedAway { .. }), "{error}");
    node.gate.add_permits(1);
    assert_eq!(code(&held.await.unwrap().unwrap()), None);
    assert_eq!(node.running.await.unwrap(), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_does_not_wait_for_ever() {
    let limits = ServerLimits {
        shutdown: Duration::ZERO,
        ..ServerLimits::default()
    };
    let mut node = Node::start_with(&usual_trust(), limits);
    let client = node.connect(CLIENT).await;
    let held = tokio::spawn(async move { client.request(&submit("gate", b"held")).await });
    node.at_gate.notified().await;
    node.stop.take().unwrap().send(()).unwrap();
    assert_eq!(node.running.await.unwrap(), Ok(()));
    let error = held.await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::Unknown(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_tells_silence_before_from_silence_after() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (address, node) = (
        silent.local_addr().unwrap().to_string(),
        secret(NODE).public(),
    );
    let short = Duration::from_millis(100);
    let timeouts = Timeouts {
        connect: short,
        ..Timeouts::default()
    };
    let error = Client::connect(&address, &secret(CLIENT), node, timeouts)
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::NotReachable { .. }), "{error}");
    let running = Node::start();
    let timeouts = Timeouts {
        answer: short,
        ..Timeouts::default()
    };
    let address = running.address.to_string();
    let client = Client::connect(&address, &secret(CLIENT), node, timeouts)
        .await
        .unwrap();
    let error = client.request(&submit("gate", b"")).await.unwrap_err();
    assert!(matches!(error, ClientError::Unknown(_)), "{error}");
}
