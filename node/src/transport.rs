//! What QUIC may hold and how long it waits, on both sides.
//!
//! The defaults of the library are for the open internet: connection windows without a bound, 64 Ki
//! waiting handshakes, connections that move between addresses. A guarded node says every number.

mod reset;

use std::{io, net::SocketAddr, sync::Arc};

use quinn::{
    ClientConfig, Endpoint, IdleTimeout, ServerConfig, TokioRuntime, TransportConfig, VarInt,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};

use crate::{key::SecretKey, limits};

/// An endpoint that takes connections.
pub(crate) fn listen(
    address: SocketAddr,
    own: &SecretKey,
    handshake: rustls::ServerConfig,
) -> io::Result<Endpoint> {
    let crypto = QuicServerConfig::try_from(handshake).map_err(io::Error::other)?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    let mut transport = transport();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(limits::STREAMS_PER_CONNECTION))
        .stream_receive_window(VarInt::from_u32(limits::STREAM_RECEIVE_WINDOW))
        .receive_window(VarInt::from_u32(limits::RECEIVE_WINDOW));
    let waiting = u64::try_from(limits::INCOMING_MAX).expect("a small constant");
    config
        .transport_config(Arc::new(transport))
        // A peer that changes its address connects again, and is checked again.
        .migration(false)
        .max_incoming(limits::INCOMING_MAX)
        .incoming_buffer_size(limits::INCOMING_BYTES_MAX)
        .incoming_buffer_size_total(limits::INCOMING_BYTES_MAX * waiting);
    let socket = std::net::UdpSocket::bind(address)?;
    let runtime = Arc::new(TokioRuntime);
    Endpoint::new(reset::endpoint(own), Some(config), socket, runtime)
}

/// How a client connects.
pub(crate) fn dial(handshake: rustls::ClientConfig) -> io::Result<ClientConfig> {
    let crypto = QuicClientConfig::try_from(handshake).map_err(io::Error::other)?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    let mut transport = transport();
    transport
        // A node never asks anything of a client.
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .keep_alive_interval(Some(limits::KEEP_ALIVE));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

fn transport() -> TransportConfig {
    let idle = IdleTimeout::try_from(limits::IDLE_TIMEOUT).expect("a constant below 2^62 ms");
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .send_window(limits::SEND_WINDOW)
        .max_idle_timeout(Some(idle));
    transport
}
