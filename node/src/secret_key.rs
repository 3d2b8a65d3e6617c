//! Secret keys: made from the system's randomness, kept in files that only their owner may read.

use std::{
    fmt, fs,
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signer, SigningKey};
use zeroize::Zeroizing;

use crate::{
    key::{Domain, PublicKey, Signature},
    limits::SECRET_KEY_FILE_BYTES_MAX,
};

/// What stands before the hexadecimal digits of a secret key in its file. The number is the version.
const SECRET_KEY_PREFIX: &str = "camshaft-secret-key-1 ";

/// A secret key. It is wiped from memory when dropped and shows nothing of itself in `Debug`.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Makes a new key from the randomness of the operating system.
    ///
    /// # Errors
    ///
    /// When the operating system has none to give.
    pub fn generate() -> Result<Self, KeyFileError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|error| KeyFileError::Randomness {
            reason: error.to_string(),
        })?;
        Ok(Self::from_seed(&seed))
    }

    /// The key that grows from a seed. The seed is the secret.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.verifying_key().as_bytes())
            .expect("a clamped secret times the base point is canonical and of large order")
    }

    /// Signs `message` for `domain` only.
    pub fn sign(&self, domain: Domain, message: &[u8]) -> Signature {
        self.sign_bare(&domain.encode(message))
    }

    /// A secret of another kind that grows from this one.
    pub(crate) fn derived<const LENGTH: usize>(&self, context: &str) -> [u8; LENGTH] {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        let mut secret = [0; LENGTH];
        hasher
            .update(self.0.as_bytes())
            .finalize_xof()
            .fill(&mut secret);
        secret
    }

    /// Signs bytes without a domain, as TLS wants them.
    pub(crate) fn sign_bare(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(message).to_bytes())
    }

    /// Writes the key to a new file that only its owner may read.
    ///
    /// # Errors
    ///
    /// When the file exists already: a key is never overwritten. When it cannot be written whole, no
    /// file is left behind.
    pub fn write_new(&self, path: &Path) -> Result<(), KeyFileError> {
        let digits = Zeroizing::new(HEXLOWER.encode(self.0.as_bytes()));
        let line = Zeroizing::new([SECRET_KEY_PREFIX, digits.as_str(), "\n"].concat());
        let failed = |source| KeyFileError::Write {
            path: path.to_owned(),
            source,
        };
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        let written = file
            .write_all(line.as_bytes())
            .and_then(|()| file.sync_all());
        written.map_err(|error| {
            // Half a key would stand in the way of the next try; failing to remove it changes nothing.
            let _ = fs::remove_file(path);
            failed(error)
        })
    }

    /// Reads a key from the file that [`SecretKey::write_new`] made.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is no key, or may be read or written by anybody but its owner.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let bytes = read_private(path)?;
        let malformed = || KeyFileError::Malformed {
            path: path.to_owned(),
        };
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let digits = line
            .strip_prefix(SECRET_KEY_PREFIX.as_bytes())
            .ok_or_else(malformed)?;
        let seed = Zeroizing::new(HEXLOWER.decode(digits).map_err(|_| malformed())?);
        let seed = <&[u8; 32]>::try_from(seed.as_slice()).map_err(|_| malformed())?;
        Ok(Self::from_seed(seed))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(redacted, public {})", self.public())
    }
}

/// The bytes of a file that nobody but its owner may read or write.
///
/// The permissions are those of the opened file, not of its name, which may be exchanged in between.
fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let failed = |source| KeyFileError::Read {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    // Reserved at once: a vector that grows leaves copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_KEY_FILE_BYTES_MAX + 1));
    let limit = u64::try_from(SECRET_KEY_FILE_BYTES_MAX + 1).expect("a small constant");
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > SECRET_KEY_FILE_BYTES_MAX {
        return Err(KeyFileError::Malformed {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// Why a secret key was not made, written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system: {reason}")]
    Randomness {
        /// What it said.
        reason: String,
    },
    /// The file was not written.
    #[error("cannot write the secret key file `{}`", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why; `AlreadyExists` when there is a file in the way.
        source: io::Error,
    },
    /// The file was not read.
    #[error("cannot read the secret key file `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read or write the file, so the secret is not one any more.
    #[error("the secret key file `{}` has mode {mode:04o}, expected 0600", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file does not hold a secret key.
    #[error("`{}` is not a secret key file", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(seed: u8) -> SecretKey {
        SecretKey::from_seed(&[seed; 32])
    }

    #[test]
    fn a_secret_key_file_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.key");
        secret(4).write_new(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(SecretKey::read(&path).unwrap().public(), secret(4).public());
        assert!(matches!(
            secret(5).write_new(&path),
            Err(KeyFileError::Write { .. })
        ));
        assert_eq!(SecretKey::read(&path).unwrap().public(), secret(4).public());
    }

    #[test]
    fn a_secret_key_file_that_others_may_touch_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.key");
        secret(4).write_new(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o610, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = SecretKey::read(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::Exposed { .. }), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(SecretKey::read(&path).is_ok());
    }

    #[test]
    fn a_file_that_is_no_secret_key_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.key");
        let good = format!("{SECRET_KEY_PREFIX}{}", "07".repeat(32));
        for wrong in [
            &good[..80],
            &good[10..],
            "",
            &good.replace('7', "x"),
            &good.repeat(100),
        ] {
            fs::write(&path, wrong).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let error = SecretKey::read(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::Malformed { .. }), "{wrong}");
            assert!(!error.to_string().contains("0707"));
        }
    }

    #[test]
    fn a_secret_key_shows_nothing_of_itself() {
        let shown = format!("{:?}", SecretKey::from_seed(&[0xab; 32]));
        assert!(!shown.contains("abab"), "{shown}");
        let new = SecretKey::generate().unwrap();
        assert_ne!(new.public(), SecretKey::generate().unwrap().public());
    }
}
