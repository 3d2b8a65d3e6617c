//! The name of a bundle, and of a rollback that takes its place.

use std::fmt;

use cam::digest::Digest;

/// Separates a bundle's hash from every other use of BLAKE3.
const BUNDLE_CONTEXT: &str = "camshaft 2026-11 bundle id 1";

/// The name of a bundle: the hash of its manifest, which names every part by hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId(pub [u8; 32]);

/// And a rollback's, which takes a bundle's place in a position.
const ROLLBACK_CONTEXT: &str = "camshaft 2026-11 rollback id 1";

impl BundleId {
    /// The name of the bundle with these bytes of a manifest.
    pub(super) fn of_manifest(manifest: &[u8]) -> BundleId {
        BundleId(blake3::derive_key(BUNDLE_CONTEXT, manifest))
    }

    /// What stands in the place of a bundle once this one is undone. Whoever knows what happened can work it
    /// out, so an author needs no node to make the bundle that follows.
    #[must_use]
    pub fn rolled_back(&self, machine: &str, sequence: u64, to: Digest) -> BundleId {
        let mut hasher = blake3::Hasher::new_derive_key(ROLLBACK_CONTEXT);
        hasher.update(&(machine.len() as u64).to_le_bytes());
        hasher.update(machine.as_bytes());
        hasher.update(&sequence.to_le_bytes());
        hasher.update(&self.0);
        hasher.update(&to.0);
        BundleId(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b1:{}", data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for BundleId {
    type Err = NotABundleId;

    fn from_str(text: &str) -> Result<BundleId, NotABundleId> {
        let digits = text.strip_prefix("b1:").ok_or(NotABundleId)?;
        let bytes = data_encoding::HEXLOWER
            .decode(digits.as_bytes())
            .map_err(|_| NotABundleId)?;
        bytes.try_into().map(BundleId).map_err(|_| NotABundleId)
    }
}

/// A text that is no bundle id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a bundle id is `b1:` and 64 hexadecimal digits")]
pub struct NotABundleId;
