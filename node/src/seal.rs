//! Records of the store under a hash of their own, so that a flipped bit is never read as something else.

use serde::{Serialize, de::DeserializeOwned};

use crate::store_error::StoreError;

/// A record's hash covers its table, its key and its bytes: a record that was moved is damaged too.
const RECORD_CONTEXT: &str = "camshaft 2026-11 store record 1";
const SEAL_BYTES: usize = 16;

pub(crate) fn row_key(machine: &str, number: u64) -> Vec<u8> {
    [machine.as_bytes(), &[0], &number.to_be_bytes()].concat()
}

pub(crate) fn seal<T: Serialize + ?Sized>(table: &str, key: &[u8], record: &T) -> Vec<u8> {
    let bytes = rmp_serde::to_vec(record).expect("records hold nothing that MessagePack cannot");
    let mut sealed = record_hash(table, key, &bytes).to_vec();
    sealed.extend_from_slice(&bytes);
    sealed
}

pub(crate) fn unseal<T: DeserializeOwned>(
    table: &str,
    key: &[u8],
    sealed: &[u8],
) -> Result<T, StoreError> {
    let damaged = || StoreError::Damaged {
        what: format!("a record of `{table}` is not what was written"),
    };
    let (hash, bytes) = sealed.split_at_checked(SEAL_BYTES).ok_or_else(damaged)?;
    if record_hash(table, key, bytes) != hash {
        return Err(damaged());
    }
    rmp_serde::from_slice(bytes).map_err(|_| damaged())
}

fn record_hash(table: &str, key: &[u8], bytes: &[u8]) -> [u8; SEAL_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(RECORD_CONTEXT);
    for part in [table.as_bytes(), key] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.update(bytes);
    let mut hash = [0; SEAL_BYTES];
    hasher.finalize_xof().fill(&mut hash);
    hash
}
