//! Who speaks which version of the protocol with whom, and how those part who have none in common.

use quinn::{ConnectionError, Endpoint, TransportErrorCode, VarInt};

use crate::{
    client::{Client, ClientError, Timeouts},
    network_bench::{CLIENT, NODE, Node, STATUS, STRANGER, pinned, refused, secret, usual_trust},
    protocol::{PROTOCOL_OF_LAST_RESORT, PROTOCOLS, RefusalCode, Request, Response, offered},
    tls, transport,
    trust_store::TrustStore,
};

/// How a connection of a client that offers these versions ends, or that it does not by itself.
async fn ended(node: &Node, seed: u8, versions: Vec<Vec<u8>>) -> Option<ConnectionError> {
    let mut handshake = tls::client_config(&secret(seed), pinned()).unwrap();
    handshake.alpn_protocols = versions;
    let config = transport::dial(handshake).unwrap();
    let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let connecting = endpoint
        .connect_with(config, node.address, "test.invalid")
        .unwrap();
    match connecting.await {
        Err(error) => Some(error),
        Ok(connection) if tls::is_last_resort(&connection) => Some(connection.closed().await),
        Ok(connection) => {
            let sent = crate::network_bench::send_raw(&connection, &STATUS.encode()).await;
            assert_eq!(sent, None);
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_a_later_version_is_told_which_this_node_speaks() {
    let node = Node::start();
    let spoken = PROTOCOLS.join(" ");
    match ended(&node, CLIENT, offered(&["camshaft/3", "camshaft/2"])).await {
        Some(ConnectionError::ApplicationClosed(close)) => {
            let code = VarInt::from_u32(u32::from(RefusalCode::OTHER_PROTOCOL.0));
            assert_eq!(close.error_code, code);
            assert_eq!(&close.reason[..], spoken.as_bytes());
        }
        other => panic!("{other:?}"),
    }
    // One that speaks ours beside its own is served; one from before there was a last resort hears an alert.
    let both = offered(&["camshaft/2", "camshaft/1"]);
    assert!(ended(&node, CLIENT, both).await.is_none());
    assert!(
        ended(&node, CLIENT, vec![b"camshaft/1".to_vec()])
            .await
            .is_none()
    );
    match ended(&node, CLIENT, vec![b"camshaft/2".to_vec()]).await {
        Some(ConnectionError::ConnectionClosed(close)) => {
            assert_eq!(close.error_code, TransportErrorCode::crypto(120));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(refused(&node.connect(CLIENT).await, &STATUS).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing_by_the_last_resort() {
    let node = Node::start();
    match ended(&node, STRANGER, offered(&[])).await {
        Some(ConnectionError::ConnectionClosed(close)) => {
            assert_eq!(close.error_code, TransportErrorCode::crypto(49));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(offered(&[]), [PROTOCOL_OF_LAST_RESORT.as_bytes()]);
}

/// A node of another time, which offers these names and says goodbye to everybody with these words.
async fn other_node(names: Vec<Vec<u8>>, words: &'static str) -> ClientError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trust.toml");
    std::fs::write(&path, usual_trust()).unwrap();
    let trust = std::sync::Arc::new(TrustStore::open(&path).unwrap());
    let mut handshake = tls::server_config(&secret(NODE), trust).unwrap();
    handshake.alpn_protocols = names;
    let address = "127.0.0.1:0".parse().unwrap();
    let endpoint = transport::listen(address, &secret(NODE), handshake).unwrap();
    let address = endpoint.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            if let Ok(connection) = incoming.await {
                let code = u32::from(RefusalCode::OTHER_PROTOCOL.0);
                connection.close(VarInt::from_u32(code), words.as_bytes());
                connection.closed().await;
            }
        }
    });
    let (own, node) = (secret(CLIENT), secret(NODE).public());
    let connected = Client::connect(&address, &own, node, Timeouts::default()).await;
    serving.abort();
    connected.map(drop).unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_later_version_is_understood_when_it_says_which_it_speaks() {
    let error = other_node(offered(&["camshaft/2"]), "camshaft/2").await;
    assert_eq!(
        error.to_string(),
        "the node speaks `camshaft/2`, and this client `camshaft/1`"
    );
    let error = other_node(offered(&["camshaft/2"]), "\u{1b}[2J").await;
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
    let error = other_node(vec![b"camshaft/2".to_vec()], "").await;
    assert_eq!(
        error.to_string(),
        "the node does not speak `camshaft/1`, and does not say what it speaks"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_a_later_version_is_refused_with_what_this_node_knows() {
    let node = Node::start();
    let (_endpoint, connection) = node.raw(CLIENT).await;
    for (bytes, name) in [
        (&b"\x81\xa6Reboot\x90"[..], "`Reboot`"),
        (b"\x81\xb8RebootAndTellEverybodyNow\x90", "`RebootAndTellE`"),
        (b"\x81\xa4\x1b[2J\x90", "`\\u{1b}[2J`"),
        (b"\x81", "``"),
    ] {
        let (mut send, mut recv) = connection.open_bi().await.unwrap();
        send.write_all(bytes).await.unwrap();
        send.finish().unwrap();
        let answer = crate::network_bench::answer(&mut recv).await;
        let Response::Refused(refusal) = answer else {
            panic!("{answer:?}")
        };
        if bytes == b"\x81" {
            assert_eq!(refusal.code, RefusalCode::MALFORMED_REQUEST);
            continue;
        }
        assert_eq!(refusal.code, RefusalCode::UNKNOWN_REQUEST);
        assert!(refusal.reason.contains(name), "{refusal:?}");
        let known = Request::Status { machine: None }.kind().name();
        assert!(refusal.reason.contains(known), "{refusal:?}");
        assert!(refusal.reason.contains(env!("CARGO_PKG_VERSION")));
    }
}
