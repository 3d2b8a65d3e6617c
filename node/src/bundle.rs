//! Bundles: what travels from an author to a node, and how it is signed.
//!
//! A bundle holds a manifest, the parts the manifest names by hash (old program, new program,
//! migration), and signatures over the manifest's exact bytes. Whoever reads it checks the signatures
//! before the manifest is parsed, and the parts' hashes before a part is parsed, so a stranger's bytes
//! meet no parser but that of this flat container.
//!
//! The old program is carried whole: a bundle can be judged without asking a node, and it holds what a
//! way back would need.

mod envelope;
mod error;
mod id;
mod manifest;

use std::collections::BTreeMap;

use serde_bytes::ByteBuf;

use self::envelope::{Envelope, MAGIC, read_signatures};
pub use self::error::{MalformedBundle, UnauthenticBundle};
pub use self::id::{BundleId, NotABundleId};
pub use self::manifest::Manifest;
use crate::key::{Domain, PublicKey, SecretKey, Signature};
use crate::limits::{BUNDLE_BYTES_MAX, SIGNATURES_MAX};
use crate::trust::{Right, Trust};

/// The newest format this node reads and writes. A bundle of format 1 says nothing of what is lost.
pub const BUNDLE_FORMAT: u16 = 2;

/// A bundle whose container is well-formed. Nothing in it is believed yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    format: u16,
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

impl Bundle {
    /// An unsigned bundle.
    ///
    /// # Errors
    /// [`MalformedBundle::Part`] if a part is missing or is not the one the manifest names.
    pub fn new(manifest: &Manifest, parts: Parts) -> Result<Bundle, MalformedBundle> {
        manifest.names(&parts)?;
        Ok(Bundle {
            format: manifest.format(),
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
            format: self.format,
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
            let byte = error::stop(bytes);
            MalformedBundle::Container { byte }
        })?;
        if envelope.magic != MAGIC {
            return Err(MalformedBundle::Container { byte: 0 });
        }
        if !(1..=BUNDLE_FORMAT).contains(&envelope.format) {
            return Err(MalformedBundle::NeedsFormat {
                need: envelope.format,
            });
        }
        if envelope.signatures.len() > SIGNATURES_MAX {
            return Err(MalformedBundle::TooManySignatures);
        }
        let signatures = read_signatures(&envelope.signatures)?;
        let bundle = Bundle {
            format: envelope.format,
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
        BundleId::of_manifest(&self.manifest)
    }

    /// What the bundle claims to do, for an author who looks at a file. A node calls
    /// [`Bundle::authenticate`] instead.
    ///
    /// # Errors
    /// [`MalformedBundle`] if the manifest does not decode or a part is not the one it names.
    pub fn claims(&self) -> Result<(Manifest, &Parts), MalformedBundle> {
        let manifest = Manifest::decode(self.format, &self.manifest)?;
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
        let manifest = Manifest::decode(self.format, &self.manifest)?;
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
            is_recalled: false,
        })
    }

    /// Takes up a bundle that this node has authenticated before and kept in its own journal. That a
    /// signer has lost the right since does not undo what was done.
    pub(crate) fn recall(self, signers: Vec<String>) -> Result<AuthenticBundle, MalformedBundle> {
        let manifest = Manifest::decode(self.format, &self.manifest)?;
        manifest.names(&self.parts)?;
        Ok(AuthenticBundle {
            id: self.id(),
            manifest,
            parts: self.parts,
            signers,
            is_recalled: true,
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
    is_recalled: bool,
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

    /// Whether this node has judged it before and kept it.
    pub(crate) fn is_recalled(&self) -> bool {
        self.is_recalled
    }

    /// The names of the authors whose signatures counted.
    #[must_use]
    pub fn signers(&self) -> &[String] {
        &self.signers
    }
}
