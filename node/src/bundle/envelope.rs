//! The container of a bundle, as it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_bytes::{ByteBuf, Bytes};

use super::error::MalformedBundle;
use crate::key::{PublicKey, Signature};
use crate::limits::SIGNATURES_MAX;

/// The first field of every bundle.
pub(super) const MAGIC: &str = "camshaft-bundle";

/// The container as it is written: a flat array.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    pub(super) magic: String,
    pub(super) format: u16,
    pub(super) manifest: ByteBuf,
    pub(super) old_program: Option<ByteBuf>,
    pub(super) new_program: ByteBuf,
    pub(super) migration: Option<ByteBuf>,
    #[serde(deserialize_with = "few_pairs")]
    pub(super) signatures: Vec<(ByteBuf, ByteBuf)>,
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

pub(super) fn read_signatures(
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
