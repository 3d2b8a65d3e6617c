//! The other end: a client that knows which node it wants, and what it does not know.
//!
//! In TLS 1.3 the client finishes its handshake first. Connecting and sending therefore succeed also
//! for a client that the node is about to refuse; only an answer proves anything. So every error says
//! which of three things holds: the request was not sent whole and will not be acted on, the node
//! refused to speak, or the outcome is unknown.

mod caller;

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use quinn::{
    Connection, ConnectionError, Endpoint, ReadError, ReadToEndError, SendStream,
    TransportErrorCode, VarInt, WriteError,
};
use tokio::{
    net::lookup_host,
    time::{Instant, timeout, timeout_at},
};

pub use self::caller::{Caller, Lane};
use crate::{
    key::{PublicKey, SecretKey},
    limits,
    printable::Printable,
    protocol::{Malformed, PROTOCOLS, Refusal, RefusalCode, Request, Response},
    tls::{self, PinnedNode},
    transport,
};

/// A name that QUIC wants and nobody reads: the key is the name of a node, and none is sent.
const SERVER_NAME: &str = "camshaft.invalid";

/// The TLS alert `access_denied`: the node does not know our key.
const ACCESS_DENIED: u8 = 49;

/// The TLS alert `no_application_protocol`: the node does not speak our protocol.
const NO_APPLICATION_PROTOCOL: u8 = 120;

/// How long a client waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For the node to be reached.
    pub connect: Duration,
    /// For one request, from its first byte to the last of its answer.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: limits::CONNECT_TIMEOUT,
            answer: limits::ANSWER_TIMEOUT,
        }
    }
}

/// A connection to one node whose key is known.
#[derive(Debug)]
pub struct Client {
    endpoint: Endpoint,
    connection: Connection,
    own: PublicKey,
    timeouts: Timeouts,
}

impl Client {
    /// Connects to `host:port` and goes on only if the node there holds the key `node`.
    ///
    /// That this succeeds does not mean that the node trusts us.
    ///
    /// # Errors
    ///
    /// Whatever the error, nothing was sent.
    pub async fn connect(
        address: &str,
        own: &SecretKey,
        node: PublicKey,
        timeouts: Timeouts,
    ) -> Result<Self, ClientError> {
        let connecting = connect_any(address, own, node, timeouts);
        timeout(timeouts.connect, connecting)
            .await
            .unwrap_or_else(|_| {
                let reason = format!("no answer within {:?}", timeouts.connect);
                Err(ClientError::not_reachable(address, reason))
            })
    }

    /// Sends one request and waits for its answer. Requests may be in progress side by side.
    ///
    /// # Errors
    ///
    /// [`ClientError::Unknown`] when the request was sent and no answer came; the other errors say
    /// that it was not acted on.
    pub async fn request(&self, request: &Request) -> Result<Response, ClientError> {
        let bytes = request.encode();
        let limit = request.kind().bytes_max();
        if bytes.len() > limit {
            let length = bytes.len();
            return Err(ClientError::Oversized { length, limit });
        }
        let deadline = Instant::now() + self.timeouts.answer;
        let (mut send, mut recv) = timeout_at(deadline, self.connection.open_bi())
            .await
            .map_err(|_| ClientError::NotSent("the node takes no more requests".to_owned()))?
            .map_err(|error| self.not_sent(&error))?;
        self.send(&mut send, &bytes, deadline).await?;
        let unknown =
            || ClientError::Unknown(format!("no answer within {:?}", self.timeouts.answer));
        let reading = recv.read_to_end(limits::RESPONSE_BYTES_MAX);
        match timeout_at(deadline, reading).await.map_err(|_| unknown())? {
            Ok(bytes) => Response::decode(&bytes).map_err(ClientError::Malformed),
            Err(ReadToEndError::Read(ReadError::ConnectionLost(error))) => self.cut_off(&error),
            Err(error) => Err(ClientError::Unknown(error.to_string())),
        }
    }

    /// Whether there is no connection any more.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.connection.close_reason().is_some()
    }

    /// Says goodbye, so that the node need not wait for silence.
    ///
    /// It returns when the word is on its way. To stay and repeat it, as QUIC would for three probe
    /// timeouts, costs every command of a person a tenth of a second; if it gets lost, the node waits for
    /// silence after all.
    pub async fn close(self) {
        let lost = self.connection.close_reason().is_some();
        let datagrams = || self.connection.stats().udp_tx.datagrams;
        let before = datagrams();
        self.connection.close(VarInt::from_u32(0), b"");
        // On a closed connection the next datagram is the one that says so, and none follows unasked.
        let sent = async {
            while !lost && datagrams() == before && self.endpoint.open_connections() > 0 {
                tokio::task::yield_now().await;
            }
        };
        let _ = timeout(limits::GOODBYE_TIMEOUT, sent).await;
    }

    /// Sends the whole request, or takes it back: the node acts on whole requests only.
    async fn send(
        &self,
        stream: &mut SendStream,
        bytes: &[u8],
        deadline: Instant,
    ) -> Result<(), ClientError> {
        let error = match timeout_at(deadline, stream.write_all(bytes)).await {
            // The node has heard enough; its answer says why.
            Ok(Err(WriteError::Stopped(_))) => return Ok(()),
            Ok(Ok(())) => {
                // It fails only for a stream that the node has stopped, as above.
                let _ = stream.finish();
                return Ok(());
            }
            Ok(Err(WriteError::ConnectionLost(error))) => self.not_sent(&error),
            Ok(Err(error)) => ClientError::NotSent(error.to_string()),
            Err(_) => ClientError::NotSent("the node takes it too slowly".to_owned()),
        };
        // A stream that is dropped counts as finished, and half a request would be sent as a whole.
        let _ = stream.reset(VarInt::from_u32(0));
        Err(error)
    }

    /// The connection ended before the request was whole.
    fn not_sent(&self, error: &ConnectionError) -> ClientError {
        self.refused_to_speak(error).unwrap_or_else(|| {
            let reason = not_acted_on(error).map(|(_, reason)| reason);
            ClientError::NotSent(reason.unwrap_or_else(|| error.to_string()))
        })
    }

    /// The connection ended after the request was sent and before an answer came.
    fn cut_off(&self, error: &ConnectionError) -> Result<Response, ClientError> {
        if let Some((code, reason)) = not_acted_on(error) {
            return Ok(Refusal::new(code, reason).into());
        }
        Err(self
            .refused_to_speak(error)
            .unwrap_or_else(|| ClientError::Unknown(error.to_string())))
    }

    /// A refusal in the handshake: the node never got to see a request.
    fn refused_to_speak(&self, error: &ConnectionError) -> Option<ClientError> {
        if has_alert(error, ACCESS_DENIED) {
            return Some(ClientError::NotTrusted { own: self.own });
        }
        None
    }
}

/// Tries the addresses of a name one after the other, each with its share of the time.
async fn connect_any(
    address: &str,
    own: &SecretKey,
    node: PublicKey,
    timeouts: Timeouts,
) -> Result<Client, ClientError> {
    let unresolved = |error: io::Error| ClientError::not_reachable(address, error.to_string());
    let mut addresses: Vec<_> = lookup_host(address).await.map_err(unresolved)?.collect();
    addresses.truncate(limits::ADDRESSES_MAX);
    let tries = u32::try_from(addresses.len()).expect("truncated").max(1);
    let mut last = ClientError::not_reachable(address, "the name has no address".to_owned());
    for socket in addresses {
        let connecting = connect_one(address, socket, own, node, timeouts);
        match timeout(timeouts.connect / tries, connecting).await {
            Ok(Ok(client)) => return Ok(client),
            // Another address of the same name is no way around a wrong key.
            Ok(Err(error @ (ClientError::HostKey { .. } | ClientError::OtherProtocol { .. }))) => {
                return Err(error);
            }
            Ok(Err(error)) => last = error,
            Err(_) => {
                last =
                    ClientError::not_reachable(address, format!("no answer from {socket} in time"))
            }
        }
    }
    Err(last)
}

async fn connect_one(
    address: &str,
    socket: SocketAddr,
    own: &SecretKey,
    node: PublicKey,
    timeouts: Timeouts,
) -> Result<Client, ClientError> {
    let pinned = Arc::new(PinnedNode::new(node));
    let handshake = tls::client_config(own, Arc::clone(&pinned))
        .map_err(|error| ClientError::Local(io::Error::other(error)))?;
    let config = transport::dial(handshake).map_err(ClientError::Local)?;
    let any: SocketAddr = match socket {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let endpoint = Endpoint::client(any).map_err(ClientError::Local)?;
    let connecting = endpoint
        .connect_with(config, socket, SERVER_NAME)
        .map_err(|error| ClientError::not_reachable(address, error.to_string()))?;
    let own = own.public();
    match connecting.await {
        Ok(connection) if tls::is_last_resort(&connection) => {
            Err(match connection.closed().await {
                error if has_alert(&error, ACCESS_DENIED) => ClientError::NotTrusted { own },
                error => ClientError::OtherProtocol {
                    spoken: spoken(&error),
                },
            })
        }
        Ok(connection) => Ok(Client {
            endpoint,
            connection,
            own,
            timeouts,
        }),
        Err(error) => Err(match pinned.other() {
            Some(found) => ClientError::HostKey {
                expected: node,
                found,
            },
            None if has_alert(&error, ACCESS_DENIED) => ClientError::NotTrusted { own },
            None if has_alert(&error, NO_APPLICATION_PROTOCOL) => {
                ClientError::OtherProtocol { spoken: None }
            }
            None if is_refused(&error) => ClientError::TurnedAway {
                address: address.to_owned(),
            },
            None => ClientError::not_reachable(address, error.to_string()),
        }),
    }
}

/// Whether the peer ended the handshake with this TLS alert.
fn has_alert(error: &ConnectionError, alert: u8) -> bool {
    let code = TransportErrorCode::crypto(alert);
    matches!(error, ConnectionError::ConnectionClosed(close) if close.error_code == code)
}

/// Whether the node takes no connections now: it is about to stop, or too many come at once.
fn is_refused(error: &ConnectionError) -> bool {
    let code = TransportErrorCode::CONNECTION_REFUSED;
    matches!(error, ConnectionError::ConnectionClosed(close) if close.error_code == code)
}

/// What a node says that closes a connection and has acted on no request without an answer: a busy one closes new
/// connections before it takes any request, one that stops closes when all are answered.
fn not_acted_on(error: &ConnectionError) -> Option<(RefusalCode, String)> {
    let ConnectionError::ApplicationClosed(close) = error else {
        return None;
    };
    let codes = [RefusalCode::BUSY, RefusalCode::STOPPING];
    let said = |code: &RefusalCode| close.error_code == VarInt::from_u32(u32::from(code.0));
    let code = codes.into_iter().find(said)?;
    let reason = match code {
        RefusalCode::STOPPING => "the node is about to stop".to_owned(),
        _ => Printable(&String::from_utf8_lossy(&close.reason)).to_string(),
    };
    Some((code, reason))
}

/// The versions of the protocol that a node speaks, as it says when there is none in common.
fn spoken(error: &ConnectionError) -> Option<String> {
    let code = VarInt::from_u32(u32::from(RefusalCode::OTHER_PROTOCOL.0));
    match error {
        ConnectionError::ApplicationClosed(close) if close.error_code == code => {
            Some(Printable(&String::from_utf8_lossy(&close.reason)).to_string())
        }
        _ => None,
    }
}

/// Why a client has no answer, by what is known about the request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The node was not reached. Nothing was sent.
    #[error("`{address}` is not reachable: {reason}")]
    NotReachable {
        /// The address that was tried.
        address: String,
        /// What happened instead.
        reason: String,
    },
    /// The node is there and takes no connections now. Nothing was sent.
    #[error("`{address}` takes no connections now: it is about to stop, or too many come at once")]
    TurnedAway {
        /// The address that was tried.
        address: String,
    },
    /// The connection was lost before the request was whole. The node does not act on it.
    #[error("the request was not sent: {0}")]
    NotSent(String),
    /// The request was sent and no answer came. It may have been acted on, or not.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// Another node answered than the one that was expected. Nothing was sent.
    #[error("the node has the key `{found}`, expected `{expected}`")]
    HostKey {
        /// The key that is pinned.
        expected: PublicKey,
        /// The key that answered.
        found: PublicKey,
    },
    /// The node does not know our key. It has not looked at the request.
    #[error("the node does not trust the key `{own}`")]
    NotTrusted {
        /// Our key, as its trust file would have to name it.
        own: PublicKey,
    },
    /// The node speaks no version of the protocol that we speak. Nothing was sent.
    #[error("{}", other_protocol(spoken.as_deref()))]
    OtherProtocol {
        /// Those that it speaks, if it says so.
        spoken: Option<String>,
    },
    /// The request is longer than a node takes. Nothing was sent.
    #[error("the request has {length} bytes, at most {limit}")]
    Oversized {
        /// Its length.
        length: usize,
        /// The greatest length of its kind.
        limit: usize,
    },
    /// The answer means nothing, so the outcome is unknown.
    #[error("the answer of the node is malformed")]
    Malformed(#[source] Malformed),
    /// This computer gives no socket or no randomness. Nothing was sent.
    #[error("no network on this side")]
    Local(#[source] io::Error),
}

fn other_protocol(spoken: Option<&str>) -> String {
    let own = PROTOCOLS.join(" ");
    match spoken {
        Some(spoken) => format!("the node speaks `{spoken}`, and this client `{own}`"),
        None => format!("the node does not speak `{own}`, and does not say what it speaks"),
    }
}

impl ClientError {
    fn not_reachable(address: &str, reason: String) -> Self {
        Self::NotReachable {
            address: address.to_owned(),
            reason,
        }
    }
}
