//! The manifest: what a bundle does, in the words that are signed.

use std::fmt;

use cam::digest::Digest;
use cam::limits::PLACES_MAX;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_bytes::ByteBuf;

use super::{BUNDLE_FORMAT, BundleId, MalformedBundle, Parts};
use crate::key::PublicKey;
use crate::limits::{NAME_BYTES_MAX, NOTE_BYTES_MAX};
use crate::losses::Losses;

/// What a bundle does, in the words that are signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// The machine's name on the node.
    pub machine: String,
    /// The one node it is for, or any that trusts its authors.
    pub node: Option<PublicKey>,
    /// Its place in the machine's life: one more than the bundle before it, from 1.
    pub sequence: u64,
    /// The bundle before it; the first has none.
    pub previous: Option<BundleId>,
    /// The program it starts from; the first starts from nothing.
    pub old_program: Option<Digest>,
    /// The program it leads to.
    pub new_program: Digest,
    /// The migration with the adapters; the first needs none.
    pub migration: Option<Digest>,
    /// Why, for the history.
    pub note: String,
    /// What the authors say is lost on the way. Bundles of format 1 say nothing.
    pub losses: Option<Losses>,
}

/// The manifest as it is written: a flat array.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFields {
    machine: String,
    node: Option<ByteBuf>,
    sequence: u64,
    previous: Option<ByteBuf>,
    old_program: Option<ByteBuf>,
    new_program: ByteBuf,
    migration: Option<ByteBuf>,
    note: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    losses: Option<LossesFields>,
}

/// What is lost, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LossesFields {
    drops: Paths,
    back: Option<Paths>,
}

/// Paths in strictly rising order of their bytes.
#[derive(Serialize)]
#[serde(transparent)]
struct Paths(Vec<String>);

/// Reads paths, and keeps no more than one above the limit: 4 MiB of empty ones would be 100 MiB here.
impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Paths, D::Error> {
        struct FewPaths;

        impl<'de> Visitor<'de> for FewPaths {
            type Value = Paths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("paths in strictly rising order")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut paths: A) -> Result<Paths, A::Error> {
                let mut kept: Vec<String> = Vec::new();
                while let Some(path) = paths.next_element::<String>()? {
                    if kept.len() == PLACES_MAX || kept.last().is_some_and(|last| *last >= path) {
                        return Err(A::Error::invalid_value(Unexpected::Str(&path), &self));
                    }
                    kept.push(path);
                }
                Ok(Paths(kept))
            }
        }
        deserializer.deserialize_seq(FewPaths)
    }
}

impl Manifest {
    /// The name of a bundle with this manifest.
    #[must_use]
    pub fn id(&self) -> BundleId {
        BundleId::of_manifest(&self.encode())
    }

    /// The format of a bundle with this manifest.
    pub(super) fn format(&self) -> u16 {
        match self.losses {
            None => 1,
            Some(_) => BUNDLE_FORMAT,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let bytes = |bytes: &[u8; 32]| ByteBuf::from(bytes.to_vec());
        let fields = ManifestFields {
            machine: self.machine.clone(),
            node: self.node.as_ref().map(|key| bytes(key.as_bytes())),
            sequence: self.sequence,
            previous: self.previous.as_ref().map(|id| bytes(&id.0)),
            old_program: self.old_program.as_ref().map(|digest| bytes(&digest.0)),
            new_program: bytes(&self.new_program.0),
            migration: self.migration.as_ref().map(|digest| bytes(&digest.0)),
            note: self.note.clone(),
            losses: self.losses.as_ref().map(|losses| LossesFields {
                drops: Paths(losses.drops.clone()),
                back: losses.back.clone().map(Paths),
            }),
        };
        rmp_serde::to_vec(&fields).expect("byte strings and numbers always encode")
    }

    /// Reads the manifest of a bundle of this format.
    pub(super) fn decode(format: u16, bytes: &[u8]) -> Result<Manifest, MalformedBundle> {
        let fields: ManifestFields =
            rmp_serde::from_slice(bytes).map_err(|_| MalformedBundle::Manifest)?;
        let manifest = fields.into_manifest().ok_or(MalformedBundle::Manifest)?;
        let first = manifest.sequence == 1;
        let whole = manifest.sequence > 0
            && [
                manifest.previous.is_none(),
                manifest.old_program.is_none(),
                manifest.migration.is_none(),
            ] == [first; 3]
            && (1..=NAME_BYTES_MAX).contains(&manifest.machine.len())
            && manifest.note.len() <= NOTE_BYTES_MAX;
        if whole && manifest.format() == format && manifest.encode() == bytes {
            Ok(manifest)
        } else {
            Err(MalformedBundle::Manifest)
        }
    }

    /// Checks that `parts` are the ones this manifest names.
    pub(super) fn names(&self, parts: &Parts) -> Result<(), MalformedBundle> {
        let digest = |part: &Option<Vec<u8>>| part.as_deref().map(Digest::of_module);
        let new_program = Some(Digest::of_module(&parts.new_program));
        let checks = [
            ("old program", self.old_program, digest(&parts.old_program)),
            ("new program", Some(self.new_program), new_program),
            ("migration", self.migration, digest(&parts.migration)),
        ];
        match checks.into_iter().find(|(_, named, found)| named != found) {
            None => Ok(()),
            Some((part, ..)) => Err(MalformedBundle::Part { part }),
        }
    }
}

impl ManifestFields {
    fn into_manifest(self) -> Option<Manifest> {
        let hash = |bytes: ByteBuf| <[u8; 32]>::try_from(bytes.into_vec()).ok();
        let node = match self.node {
            None => None,
            Some(bytes) => Some(PublicKey::from_bytes(&hash(bytes)?).ok()?),
        };
        let optional = |field: Option<ByteBuf>| match field {
            None => Some(None),
            Some(bytes) => hash(bytes).map(Some),
        };
        Some(Manifest {
            machine: self.machine,
            node,
            sequence: self.sequence,
            previous: optional(self.previous)?.map(BundleId),
            old_program: optional(self.old_program)?.map(Digest),
            new_program: Digest(hash(self.new_program)?),
            migration: optional(self.migration)?.map(Digest),
            note: self.note,
            losses: self.losses.map(|losses| Losses {
                drops: losses.drops.0,
                back: losses.back.map(|paths| paths.0),
            }),
        })
    }
}
