//! Resets: how a node that was started again tells clients that their connections ended with the process before.
//!
//! A packet of an unknown connection is answered with a token that only the holder of the key which made the
//! connection can know (RFC 9000, section 10.3). The library takes a fresh key in each process, so that clients would
//! wait for silence instead, ten seconds of it. Here the key grows from the key of the node.

use std::sync::Arc;

use quinn::{
    EndpointConfig,
    crypto::{CryptoError, HmacKey},
};
use quinn_proto::HashedConnectionIdGenerator;

use crate::key::SecretKey;

const TOKEN_CONTEXT: &str = "camshaft 2026-11 stateless reset 1";
const ID_CONTEXT: &str = "camshaft 2026-11 connection id 1";

/// Bytes of a signature. QUIC takes the first 16 for a token.
const SIGNATURE: usize = 32;

/// An endpoint whose tokens and connection ids are known again by the next process of this node.
pub(super) fn endpoint(own: &SecretKey) -> EndpointConfig {
    let mut config = EndpointConfig::new(Arc::new(TokenKey(own.derived(TOKEN_CONTEXT))));
    let key = u64::from_le_bytes(own.derived(ID_CONTEXT));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(key)));
    config
}

/// Makes tokens out of connection ids.
struct TokenKey([u8; 32]);

impl HmacKey for TokenKey {
    fn sign(&self, data: &[u8], signature: &mut [u8]) {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(data).finalize_xof().fill(signature);
    }

    fn signature_len(&self) -> usize {
        SIGNATURE
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let expected = blake3::keyed_hash(&self.0, data);
        // Hashes are compared in constant time.
        let found = <[u8; SIGNATURE]>::try_from(signature).map_err(|_| CryptoError)?;
        (expected == blake3::Hash::from_bytes(found))
            .then_some(())
            .ok_or(CryptoError)
    }
}
