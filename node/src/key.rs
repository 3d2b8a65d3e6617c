//! ed25519 keys: who somebody is, and what they signed.
//!
//! One kind of key serves both the handshake and signed objects. That is safe because no byte string
//! can be read as both: a signed object begins with the length of its domain, a small number, and a
//! TLS 1.3 handshake signature begins with 64 spaces (RFC 8446, section 4.4.3).

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use crate::secret_key::{KeyFileError, SecretKey};

/// What stands before the hexadecimal digits of a public key in text.
const PUBLIC_KEY_PREFIX: &str = "ed25519:";

/// The DER of a `SubjectPublicKeyInfo` for ed25519, up to the key itself (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A purpose for which a key may sign.
///
/// A signature for one domain never verifies in another, so an object of one type cannot be presented
/// as one of another type. Every domain of the project stands here, so that a clash is seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Domain(&'static str);

impl Domain {
    /// The manifest of an upgrade bundle.
    pub const BUNDLE: Self = Self("camshaft/bundle/v1");

    /// The bytes that are really signed: domain and message, each after its length (as in DSSE).
    pub(crate) fn encode(self, message: &[u8]) -> Vec<u8> {
        let length = |bytes: &[u8]| {
            u64::try_from(bytes.len())
                .expect("a length in memory fits 64 bits")
                .to_le_bytes()
        };
        let domain = self.0.as_bytes();
        [&length(domain), domain, &length(message), message].concat()
    }
}

/// A public key: 32 bytes that are the one canonical encoding of a point that is not weak.
///
/// Equal keys are equal bytes, so counting keys by their bytes counts their holders. The order is that
/// of the bytes. The point itself is not kept: it is six times as large, and found again in a fraction
/// of the time of one verification.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads 32 bytes as a key.
    ///
    /// # Errors
    ///
    /// Refuses bytes that are no point, a second encoding of a point (one holder could count twice),
    /// and points of small order (anybody can sign for those).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        Ok(Self(*bytes))
    }

    /// The 32 canonical bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks that the holder of this key signed exactly `message` for exactly `domain`.
    ///
    /// # Errors
    ///
    /// [`Unauthentic`] says no more than that: a reason would help only a forger.
    pub fn verify(
        &self,
        domain: Domain,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), Unauthentic> {
        self.verify_bare(&domain.encode(message), signature)
    }

    /// Checks a signature over bytes without a domain, as TLS makes them.
    ///
    /// Strict: the plain rule accepts a signature that holds for every message under a weak key.
    pub(crate) fn verify_bare(
        &self,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), Unauthentic> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        VerifyingKey::from_bytes(&self.0)
            .map_err(|_| Unauthentic)?
            .verify_strict(message, &signature)
            .map_err(|_| Unauthentic)
    }

    /// The key as a DER `SubjectPublicKeyInfo`: what a peer shows in a handshake (RFC 7250).
    pub fn to_spki(&self) -> [u8; 44] {
        let mut spki = [0; 44];
        spki[..SPKI_PREFIX.len()].copy_from_slice(&SPKI_PREFIX);
        spki[SPKI_PREFIX.len()..].copy_from_slice(self.as_bytes());
        spki
    }

    /// Reads what a peer shows in a handshake. Only the exact 44 bytes of [`PublicKey::to_spki`] do.
    ///
    /// # Errors
    ///
    /// As [`PublicKey::from_bytes`], and for another algorithm or another length.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let bytes = spki
            .strip_prefix(&SPKI_PREFIX)
            .and_then(|bytes| <&[u8; 32]>::try_from(bytes).ok())
            .ok_or(KeyError::NotEd25519)?;
        Self::from_bytes(bytes)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PUBLIC_KEY_PREFIX)?;
        f.write_str(&HEXLOWER.encode(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let digits = text.strip_prefix(PUBLIC_KEY_PREFIX);
        let bytes = digits.and_then(|digits| HEXLOWER.decode(digits.as_bytes()).ok());
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        Self::from_bytes(&bytes.ok_or(KeyError::Text)?)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The 64 bytes of a signature. Nothing is known of them until a key has verified them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes any 64 bytes; [`PublicKey::verify`] judges them.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// Why bytes or text are not a public key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not `ed25519:` and 64 lower-case hexadecimal digits.
    #[error("a key is written `ed25519:` and 64 lower-case hexadecimal digits")]
    Text,
    /// The bytes encode no point of the curve.
    #[error("the key is no point of the curve")]
    NotAPoint,
    /// The bytes are a second encoding of a point that has a canonical one.
    #[error("the key is not in its canonical encoding")]
    NotCanonical,
    /// The point has small order.
    #[error("the key is weak: anybody could sign for it")]
    Weak,
    /// A peer showed a key of another algorithm.
    #[error("the key is not a bare ed25519 key")]
    NotEd25519,
}

/// A signature does not hold for this key, this domain and this message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the signature does not verify")]
pub struct Unauthentic;

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: Domain = Domain("camshaft/other/v1");

    fn secret(seed: u8) -> SecretKey {
        SecretKey::from_seed(&[seed; 32])
    }

    fn bytes(hex: &str) -> [u8; 32] {
        HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    /// The eight points of small order, and every other encoding of them that decodes.
    const WEAK: [&str; 14] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];

    #[test]
    fn weak_keys_are_refused_in_every_encoding() {
        for hex in WEAK {
            assert!(PublicKey::from_bytes(&bytes(hex)).is_err(), "{hex}");
        }
    }

    #[test]
    fn second_encodings_are_refused_also_of_strong_points() {
        // y between p and 2^255: the same point as y - p.
        let mut decoded = 0;
        for low in 0xed..=0xff_u8 {
            for high in [0x7f, 0xff] {
                let mut encoding = [0xff; 32];
                (encoding[0], encoding[31]) = (low, high);
                decoded += usize::from(VerifyingKey::from_bytes(&encoding).is_ok());
                assert!(
                    PublicKey::from_bytes(&encoding).is_err(),
                    "{low:x} {high:x}"
                );
            }
        }
        assert!(decoded > 4, "the plain constructor takes some of them");
    }

    #[test]
    fn the_signature_that_holds_for_every_message_is_refused() {
        let identity = PublicKey(bytes(WEAK[0]));
        let mut forged = [0; 64];
        forged[0] = 1;
        assert!(identity.verify_bare(b"any", &Signature(forged)).is_err());
    }

    #[test]
    fn a_signature_holds_for_its_key_domain_and_message_only() {
        let signature = secret(1).sign(Domain::BUNDLE, b"message");
        let key = secret(1).public();
        assert_eq!(key.verify(Domain::BUNDLE, b"message", &signature), Ok(()));
        assert!(key.verify(OTHER, b"message", &signature).is_err());
        assert!(key.verify(Domain::BUNDLE, b"massage", &signature).is_err());
        assert!(key.verify_bare(b"message", &signature).is_err());
        assert!(
            secret(2)
                .public()
                .verify(Domain::BUNDLE, b"message", &signature)
                .is_err()
        );
    }

    #[test]
    fn every_flipped_bit_of_a_signature_is_refused() {
        let key = secret(1).public();
        let signature = secret(1).sign(Domain::BUNDLE, b"message");
        for bit in 0..512 {
            let mut flipped = signature;
            flipped.0[bit / 8] ^= 1 << (bit % 8);
            assert!(
                key.verify(Domain::BUNDLE, b"message", &flipped).is_err(),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn adding_the_group_order_to_a_signature_is_refused() {
        const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        let mut signature = secret(1).sign(Domain::BUNDLE, b"message");
        let mut carry = 0;
        for (byte, added) in signature.0[32..].iter_mut().zip(bytes(ORDER)) {
            let sum = u16::from(*byte) + u16::from(added) + carry;
            *byte = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
        let key = secret(1).public();
        assert!(key.verify(Domain::BUNDLE, b"message", &signature).is_err());
    }

    #[test]
    fn domain_and_message_cannot_trade_bytes() {
        assert_ne!(Domain("ab").encode(b"c"), Domain("a").encode(b"bc"));
    }

    #[test]
    fn text_reads_back_and_nothing_else_reads() {
        let key = secret(3).public();
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        assert_eq!(text.len(), 72);
        for wrong in [
            text.to_uppercase(),
            text.replace("ed25519:", ""),
            format!("{text} "),
            format!("{text}00"),
            text[..70].to_owned(),
            String::new(),
        ] {
            assert_eq!(wrong.parse::<PublicKey>(), Err(KeyError::Text), "{wrong}");
        }
    }

    #[test]
    fn a_handshake_key_reads_back_and_nothing_else_reads() {
        let key = secret(3).public();
        let spki = key.to_spki();
        assert_eq!(PublicKey::from_spki(&spki), Ok(key));
        let longer = [&spki[..], &[0]].concat();
        for wrong in [&spki[..43], &longer, &spki[12..], &[]] {
            assert_eq!(PublicKey::from_spki(wrong), Err(KeyError::NotEd25519));
        }
    }
}
