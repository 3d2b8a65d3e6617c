//! Why bytes are no bundle, and why a bundle is not signed enough.

use std::io::Cursor;

use serde::Deserialize;

use super::BUNDLE_FORMAT;
use super::envelope::Envelope;
use crate::key::PublicKey;
use crate::limits::{BUNDLE_BYTES_MAX, SIGNATURES_MAX};
use crate::printable::Printable;

/// Bytes that are no bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedBundle {
    /// Longer than a bundle may be.
    #[error("more than {BUNDLE_BYTES_MAX} bytes")]
    TooLong,
    /// The container does not decode, or not from its one canonical form.
    #[error("the container is not well-formed at byte {byte}")]
    Container {
        /// Where reading stopped; the length of the bytes if they end too early.
        byte: usize,
    },
    /// The bundle is of a newer format.
    #[error("the bundle is of format {need}, this node knows formats up to {BUNDLE_FORMAT}")]
    NeedsFormat {
        /// The bundle's format.
        need: u16,
    },
    /// A key or signature has the wrong length, or a key is weak.
    #[error("signature {index} is not well-formed")]
    Signature {
        /// Which one, from 0.
        index: usize,
    },
    /// Signatures are not in strictly rising order of their keys, so a key might count twice.
    #[error("signatures are not in strictly rising order of their keys")]
    SignatureOrder,
    /// More signatures than the limit.
    #[error("more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// The manifest does not decode, or not from its one canonical form.
    #[error("the manifest is not well-formed")]
    Manifest,
    /// A part is not the one the manifest names.
    #[error("the {part} is not the one that was signed")]
    Part {
        /// Which part.
        part: &'static str,
    },
}

/// Where reading of bytes that are no container stops.
pub(super) fn stop(bytes: &[u8]) -> usize {
    let mut reader = rmp_serde::Deserializer::new(Cursor::new(bytes));
    // It fails as it did before; only the place was not known.
    let _ = Envelope::deserialize(&mut reader);
    usize::try_from(reader.position()).map_or(bytes.len(), |byte| byte.min(bytes.len()))
}

/// Why a bundle is not signed enough.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnauthenticBundle {
    /// A known author's signature does not fit the manifest.
    #[error(
        "the signature of `{author}` does not cover this manifest: it was changed after signing"
    )]
    Altered {
        /// The author's name in the trust file.
        author: String,
    },
    /// Fewer authors signed than the trust file asks for.
    #[error("{}", too_few(machine.as_deref(), *found, *needed))]
    TooFew {
        /// The machine, once enough authors of the node have signed for the manifest to be read.
        machine: Option<String>,
        /// How many count.
        found: usize,
        /// How many are needed.
        needed: usize,
        /// Keys that signed and that the node does not know as authors of the machine.
        strangers: Vec<PublicKey>,
    },
    /// The signed bytes are not a manifest, or a part is not the one the manifest names.
    #[error("{0}")]
    Malformed(#[from] MalformedBundle),
}

fn too_few(machine: Option<&str>, found: usize, needed: usize) -> String {
    let machine = machine.map(|machine| format!("`{}`", Printable(machine)));
    if found == 0 {
        let place = machine.map_or_else(String::new, |machine| format!(" for {machine}"));
        return format!("no author that this node trusts{place} has signed it; {needed} must");
    }
    let place = machine.map_or_else(String::new, |machine| format!(" of {machine}"));
    let authors = if found == 1 { "author" } else { "authors" };
    format!("signed by {found} trusted {authors}{place}, {needed} must")
}
