//! The handshake: TLS 1.3, bare ed25519 keys on both sides, and nothing that outlives a connection.
//!
//! No tickets, no stored sessions, no early data. A resumed session skips the check of the peer's key
//! (RFC 8446, section 2.2), so with tickets a key that was taken out of the trust file would still get
//! in. Early data can be replayed.

use std::sync::{Arc, Mutex, PoisonError};

use quinn::crypto::rustls::HandshakeData;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error,
    PeerIncompatible, ServerConfig, SignatureAlgorithm, SignatureScheme,
    client::{
        AlwaysResolvesClientRawPublicKeys, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, Signer, SigningKey},
    version::TLS13,
};

use crate::{
    key::{PublicKey, SecretKey, Signature},
    protocol::{PROTOCOL_OF_LAST_RESORT, PROTOCOLS, offered},
    trust::TrustStore,
};

/// The server's side of handshakes: lets in the keys that are in the trust file at this moment.
pub(crate) fn server_config(
    own: &SecretKey,
    trust: Arc<TrustStore>,
) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(TrustedClient { trust }))
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(identity(
            own,
        ))));
    config.alpn_protocols = offered(PROTOCOLS);
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(config)
}

/// The client's side of handshakes: goes on only with the one node it knows.
pub(crate) fn client_config(own: &SecretKey, node: Arc<PinnedNode>) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(node)
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(identity(
            own,
        ))));
    config.alpn_protocols = offered(PROTOCOLS);
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.enable_sni = false;
    Ok(config)
}

/// The key that a peer proved to hold in the handshake of a connection.
pub(crate) fn peer_key(connection: &quinn::Connection) -> Option<PublicKey> {
    let identity = connection.peer_identity()?;
    let shown = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    PublicKey::from_spki(shown.first()?).ok()
}

/// Whether the two sides of a connection speak no version in common, and have met all the same.
pub(crate) fn is_last_resort(connection: &quinn::Connection) -> bool {
    let data = connection.handshake_data();
    let data = data.and_then(|data| data.downcast::<HandshakeData>().ok());
    let protocol = data.and_then(|data| data.protocol);
    protocol.is_some_and(|protocol| protocol == PROTOCOL_OF_LAST_RESORT.as_bytes())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn identity(own: &SecretKey) -> Arc<CertifiedKey> {
    let shown = CertificateDer::from(own.public().to_spki().to_vec());
    Arc::new(CertifiedKey::new(
        vec![shown],
        Arc::new(HandshakeKey(own.clone())),
    ))
}

/// Signs handshakes with our own type of key. The alternative, a PKCS#8 copy for the crypto provider,
/// would leave copies of the secret in memory that nobody wipes.
#[derive(Clone, Debug)]
struct HandshakeKey(SecretKey);

impl SigningKey for HandshakeKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ED25519)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for HandshakeKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign_bare(message).as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Lets in a client whose key is trusted now. What it may do is asked again at every request.
#[derive(Debug)]
struct TrustedClient {
    trust: Arc<TrustStore>,
}

impl ClientCertVerifier for TrustedClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let key = shown_key(end_entity, intermediates)?;
        let known = match self.trust.current() {
            Ok(trust) => trust.entry(&key).is_some(),
            // Let in whoever was trusted, only to be told at each request what is wrong.
            Err(_) => self.trust.knew(&key),
        };
        if known {
            Ok(ClientCertVerified::assertion())
        } else {
            tracing::warn!(%key, "refused a handshake: the key is not trusted");
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_handshake(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// The one node that a client will speak to, and the key that answered if it was another.
#[derive(Debug)]
pub(crate) struct PinnedNode {
    expected: PublicKey,
    other: Mutex<Option<PublicKey>>,
}

impl PinnedNode {
    pub(crate) fn new(expected: PublicKey) -> Self {
        Self {
            expected,
            other: Mutex::new(None),
        }
    }

    /// The key that answered in place of the expected one.
    pub(crate) fn other(&self) -> Option<PublicKey> {
        *self.other.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for PinnedNode {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = shown_key(end_entity, intermediates)?;
        if key == self.expected {
            return Ok(ServerCertVerified::assertion());
        }
        *self.other.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_handshake(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// The key that a peer shows: one bare key and nothing behind it.
fn shown_key(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> Result<PublicKey, Error> {
    if !intermediates.is_empty() {
        return Err(CertificateError::BadEncoding.into());
    }
    PublicKey::from_spki(end_entity).map_err(|_| CertificateError::BadEncoding.into())
}

/// That the peer holds the key it shows. The same strict rule as for bundles.
fn verify_handshake(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    if dss.scheme != SignatureScheme::ED25519 {
        return Err(CertificateError::BadSignature.into());
    }
    let key = shown_key(cert, &[])?;
    let signature = <[u8; 64]>::try_from(dss.signature())
        .map_err(|_| Error::from(CertificateError::BadSignature))?;
    key.verify_bare(message, &Signature::from_bytes(signature))
        .map_err(|_| Error::from(CertificateError::BadSignature))?;
    Ok(HandshakeSignatureValid::assertion())
}
