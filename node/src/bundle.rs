//! Bundles: what travels from an author to a node, and how it is signed.
//!
//! A bundle holds a manifest, the parts the manifest names by hash (old program, new program,
//! migration), and signatures over the manifest's exact bytes. Whoever reads it checks the signatures
//! before the manifest is parsed, and the parts' hashes before a part is parsed, so a stranger's bytes
//! meet no parser but that of this flat container.
//!
//! The old program is carried whole: a bundle can be judged without asking a node, and it holds what a
//! way back would need.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Cursor;

use cam::digest::Digest;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_bytes::{ByteBuf, Bytes};

use crate::key::{Domain, PublicKey, SecretKey, Signature};
use crate::limits::{BUNDLE_BYTES_MAX, NAME_BYTES_MAX, NOTE_BYTES_MAX, SIGNATURES_MAX};
use crate::printable::Printable;
use crate::trust::{Right, Trust};

/// The first field of every bundle.
const MAGIC: &str = "camshaft-bundle";

/// The newest format this node reads and writes.
pub const BUNDLE_FORMAT: u16 = 1;

/// Separates a bundle's hash from every other use of BLAKE3.
const BUNDLE_CONTEXT: &str = "camshaft 2026-11 bundle id 1";

/// The name of a bundle: the hash of its manifest, which names every part by hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId(pub [u8; 32]);

/// And a rollback's, which takes a bundle's place in a position.
const ROLLBACK_CONTEXT: &str = "camshaft 2026-11 rollback id 1";

impl BundleId {
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
}

/// The container as it is written: a flat array.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    magic: String,
    format: u16,
    manifest: ByteBuf,
    old_program: Option<ByteBuf>,
    new_program: ByteBuf,
    migration: Option<ByteBuf>,
    #[serde(deserialize_with = "few_pairs")]
    signatures: Vec<(ByteBuf, ByteBuf)>,
}

/// Reads pairs, and keeps no more than one above the limit: 4 MiB of pairs of nothing would be 100 MiB here.
fn few_pairs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(ByteBuf, ByteBuf)>, D::Error> {
    struct FewPairs;

    impl<'de> Visitor<'de> for FewPairs {
        type Value = Vec<(ByteBuf, ByteBuf)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("pairs of a key and a signature")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<Self::Value, A::Error> {
            let mut kept = Vec::new();
            while kept.len() <= SIGNATURES_MAX {
                match pairs.next_element()? {
                    Some(pair) => kept.push(pair),
                    None => return Ok(kept),
                }
            }
            while pairs.next_element::<(&Bytes, &Bytes)>()?.is_some() {}
            Ok(kept)
        }
    }
    deserializer.deserialize_seq(FewPairs)
}

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
fn stop(bytes: &[u8]) -> usize {
    let mut reader = rmp_serde::Deserializer::new(Cursor::new(bytes));
    // It fails as it did before; only the place was not known.
    let _ = Envelope::deserialize(&mut reader);
    usize::try_from(reader.position()).map_or(bytes.len(), |byte| byte.min(bytes.len()))
}

/// A bundle whose container is well-formed. Nothing in it is believed yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    manifest: Vec<u8>,
    parts: Parts,
    signatures: BTreeMap<[u8; 32], (PublicKey, Signature)>,
}

/// The modules a bundle carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    /// Bytes of the old program.
    pub old_program: Option<Vec<u8>>,
    /// Bytes of the new program.
    pub new_program: Vec<u8>,
    /// Bytes of the migration.
    pub migration: Option<Vec<u8>>,
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

impl Bundle {
    /// An unsigned bundle.
    ///
    /// # Errors
    /// [`MalformedBundle::Part`] if a part is missing or is not the one the manifest names.
    pub fn new(manifest: &Manifest, parts: Parts) -> Result<Bundle, MalformedBundle> {
        manifest.names(&parts)?;
        Ok(Bundle {
            manifest: manifest.encode(),
            parts,
            signatures: BTreeMap::new(),
        })
    }

    /// Adds a signature over the manifest, in place of an earlier one by the same key.
    pub fn sign(&mut self, key: &SecretKey) {
        let signature = key.sign(Domain::BUNDLE, &self.manifest);
        self.signatures
            .insert(*key.public().as_bytes(), (key.public(), signature));
    }

    /// Who signed, verified or not.
    pub fn signers(&self) -> impl Iterator<Item = &PublicKey> {
        self.signatures.values().map(|(key, _)| key)
    }

    /// The keys whose signatures do not hold, for an author who looks at a file. Whether a key is
    /// trusted is another question, which [`Bundle::authenticate`] answers.
    pub fn forged(&self) -> impl Iterator<Item = &PublicKey> {
        let pairs = self.signatures.values();
        pairs.filter_map(|(key, signature)| {
            let verified = key.verify(Domain::BUNDLE, &self.manifest, signature);
            verified.err().map(|_| key)
        })
    }

    /// The bytes that travel.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let envelope = Envelope {
            magic: MAGIC.to_owned(),
            format: BUNDLE_FORMAT,
            manifest: ByteBuf::from(self.manifest.clone()),
            old_program: self.parts.old_program.clone().map(ByteBuf::from),
            new_program: ByteBuf::from(self.parts.new_program.clone()),
            migration: self.parts.migration.clone().map(ByteBuf::from),
            signatures: self
                .signatures
                .iter()
                .map(|(key, (_, signature))| {
                    (
                        ByteBuf::from(key.to_vec()),
                        ByteBuf::from(signature.as_bytes().to_vec()),
                    )
                })
                .collect(),
        };
        rmp_serde::to_vec(&envelope).expect("byte strings and numbers always encode")
    }

    /// Reads a container. The manifest and the parts stay unparsed bytes.
    ///
    /// # Errors
    /// [`MalformedBundle`].
    pub fn decode(bytes: &[u8]) -> Result<Bundle, MalformedBundle> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(MalformedBundle::TooLong);
        }
        let envelope: Envelope = rmp_serde::from_slice(bytes).map_err(|_| {
            let byte = stop(bytes);
            MalformedBundle::Container { byte }
        })?;
        if envelope.magic != MAGIC {
            return Err(MalformedBundle::Container { byte: 0 });
        }
        if envelope.format != BUNDLE_FORMAT {
            return Err(MalformedBundle::NeedsFormat {
                need: envelope.format,
            });
        }
        if envelope.signatures.len() > SIGNATURES_MAX {
            return Err(MalformedBundle::TooManySignatures);
        }
        let signatures = read_signatures(&envelope.signatures)?;
        let bundle = Bundle {
            manifest: envelope.manifest.into_vec(),
            parts: Parts {
                old_program: envelope.old_program.map(ByteBuf::into_vec),
                new_program: envelope.new_program.into_vec(),
                migration: envelope.migration.map(ByteBuf::into_vec),
            },
            signatures,
        };
        // MessagePack has several spellings of one thing; only one is a bundle.
        let canonical = bundle.encode();
        if canonical == bytes {
            return Ok(bundle);
        }
        let same = canonical
            .iter()
            .zip(bytes)
            .take_while(|(one, other)| one == other);
        Err(MalformedBundle::Container { byte: same.count() })
    }

    /// The bundle's name.
    #[must_use]
    pub fn id(&self) -> BundleId {
        BundleId(blake3::derive_key(BUNDLE_CONTEXT, &self.manifest))
    }

    /// What the bundle claims to do, for an author who looks at a file. A node calls
    /// [`Bundle::authenticate`] instead.
    ///
    /// # Errors
    /// [`MalformedBundle`] if the manifest does not decode or a part is not the one it names.
    pub fn claims(&self) -> Result<(Manifest, &Parts), MalformedBundle> {
        let manifest = Manifest::decode(&self.manifest)?;
        manifest.names(&self.parts)?;
        Ok((manifest, &self.parts))
    }

    /// Checks the signatures, then that every part is the one that was signed.
    ///
    /// Signatures of keys that the trust file does not name as authors are not even verified: they
    /// count for nothing, and verifying them would be a way to keep the node busy.
    ///
    /// # Errors
    /// [`UnauthenticBundle`]; nothing of the bundle has been parsed if a signature is at fault.
    pub fn authenticate(self, trust: &Trust) -> Result<AuthenticBundle, UnauthenticBundle> {
        let mut authors: Vec<(PublicKey, String)> = Vec::new();
        let mut strangers = Vec::new();
        for (key, signature) in self.signatures.values() {
            let author = trust
                .entry(key)
                .filter(|_| trust.role_allows_somewhere(key, Right::Author));
            let Some(author) = author else {
                strangers.push(*key);
                continue;
            };
            let author = author.name().to_owned();
            if key
                .verify(Domain::BUNDLE, &self.manifest, signature)
                .is_err()
            {
                return Err(UnauthenticBundle::Altered { author });
            }
            authors.push((*key, author));
        }
        let needed = trust.author_threshold();
        if authors.len() < needed {
            return Err(UnauthenticBundle::TooFew {
                machine: None,
                found: authors.len(),
                needed,
                strangers,
            });
        }
        let manifest = Manifest::decode(&self.manifest)?;
        let machine = manifest.machine.clone();
        let (counted, others): (Vec<_>, Vec<_>) = authors
            .into_iter()
            .partition(|(key, _)| trust.role_allows(key, Right::Author, &machine));
        strangers.extend(others.into_iter().map(|(key, _)| key));
        if counted.len() < needed {
            return Err(UnauthenticBundle::TooFew {
                machine: Some(machine),
                found: counted.len(),
                needed,
                strangers,
            });
        }
        manifest.names(&self.parts)?;
        let signers = counted.into_iter().map(|(_, name)| name).collect();
        Ok(AuthenticBundle {
            id: self.id(),
            manifest,
            parts: self.parts,
            signers,
        })
    }

    /// Takes up a bundle that this node has authenticated before and kept in its own journal. That a
    /// signer has lost the right since does not undo what was done.
    pub(crate) fn recall(self, signers: Vec<String>) -> Result<AuthenticBundle, MalformedBundle> {
        let manifest = Manifest::decode(&self.manifest)?;
        manifest.names(&self.parts)?;
        Ok(AuthenticBundle {
            id: self.id(),
            manifest,
            parts: self.parts,
            signers,
        })
    }
}

/// A bundle that enough trusted authors have signed, whose parts are those they signed.
#[derive(Clone, Debug)]
pub struct AuthenticBundle {
    id: BundleId,
    manifest: Manifest,
    parts: Parts,
    signers: Vec<String>,
}

impl AuthenticBundle {
    /// The bundle's name.
    #[must_use]
    pub fn id(&self) -> BundleId {
        self.id
    }

    /// What it does.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The modules it carries.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The names of the authors whose signatures counted.
    #[must_use]
    pub fn signers(&self) -> &[String] {
        &self.signers
    }
}

impl Manifest {
    fn encode(&self) -> Vec<u8> {
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
        };
        rmp_serde::to_vec(&fields).expect("byte strings and numbers always encode")
    }

    fn decode(bytes: &[u8]) -> Result<Manifest, MalformedBundle> {
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
        if whole && manifest.encode() == bytes {
            Ok(manifest)
        } else {
            Err(MalformedBundle::Manifest)
        }
    }

    /// Checks that `parts` are the ones this manifest names.
    fn names(&self, parts: &Parts) -> Result<(), MalformedBundle> {
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
        })
    }
}

fn read_signatures(
    pairs: &[(ByteBuf, ByteBuf)],
) -> Result<BTreeMap<[u8; 32], (PublicKey, Signature)>, MalformedBundle> {
    let mut signatures = BTreeMap::new();
    for (index, (key, signature)) in pairs.iter().enumerate() {
        let wrong = MalformedBundle::Signature { index };
        let key = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| wrong)?;
        let signature = <[u8; 64]>::try_from(signature.as_slice()).map_err(|_| wrong)?;
        let public = PublicKey::from_bytes(&key).map_err(|_| wrong)?;
        if signatures
            .last_key_value()
            .is_some_and(|(last, _)| *last >= key)
        {
            return Err(MalformedBundle::SignatureOrder);
        }
        signatures.insert(key, (public, Signature::from_bytes(signature)));
    }
    Ok(signatures)
}
