//! The trust file on disk, read again whenever it changes.
//!
//! The file is compared with what was read last at every request, so that taking a key out works at
//! once, also on connections that are open. If the file cannot be read, may be written by others, or
//! does not parse, nobody has any right until it is repaired: a revocation that cannot be read must not
//! be ignored. The machines keep running meanwhile.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    key::PublicKey,
    limits::TRUST_FILE_BYTES_MAX,
    trust::{Trust, TrustFault},
};

/// The trust file of a node, read again whenever its bytes change.
#[derive(Debug)]
pub struct TrustStore {
    path: PathBuf,
    last: Mutex<LastRead>,
}

/// What the file held when it could last be used.
#[derive(Debug)]
struct LastRead {
    bytes: Vec<u8>,
    trust: Arc<Trust>,
    /// Whether the newest try failed, so that a log line is written once and not per request.
    failing: bool,
}

impl TrustStore {
    /// Reads the trust file for the first time.
    ///
    /// # Errors
    ///
    /// As [`TrustStore::current`]: a node does not start on a trust file that it cannot use.
    pub fn open(path: &Path) -> Result<Self, TrustError> {
        let bytes = read_guarded(path)?;
        let trust = Arc::new(parse_bytes(path, &bytes)?);
        Ok(Self {
            path: path.to_owned(),
            last: Mutex::new(LastRead {
                bytes,
                trust,
                failing: false,
            }),
        })
    }

    /// What the file says now.
    ///
    /// It is read whole each time, some ten microseconds: two changes within one tick of the file
    /// system's clock look like one to whoever compares times, and the second may be a revocation.
    ///
    /// # Errors
    ///
    /// When the file cannot be used. Then nobody has any right.
    pub fn current(&self) -> Result<Arc<Trust>, TrustError> {
        let outcome = self.read();
        if let Err(error) = &outcome {
            let mut last = self.last_read();
            if !last.failing {
                tracing::error!("refusing every request: {}", error.with_cause());
            }
            last.failing = true;
        }
        outcome
    }

    /// The answer belongs to the bytes that this call has read, whatever other threads read meanwhile.
    fn read(&self) -> Result<Arc<Trust>, TrustError> {
        let bytes = read_guarded(&self.path)?;
        {
            let mut last = self.last_read();
            if last.bytes == bytes {
                last.failing = false;
                return Ok(Arc::clone(&last.trust));
            }
        }
        let trust = Arc::new(parse_bytes(&self.path, &bytes)?);
        tracing::info!(keys = trust.entries().count(), "read a changed trust file");
        *self.last_read() = LastRead {
            bytes,
            trust: Arc::clone(&trust),
            failing: false,
        };
        Ok(trust)
    }

    /// Whether the key was trusted when the file could last be used.
    ///
    /// Good for one thing: to let a holder in who is then told that the trust file cannot be used.
    pub fn knew(&self, key: &PublicKey) -> bool {
        self.last_read().trust.entry(key).is_some()
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A thread that panicked while it held the lock has left whole values behind.
    fn last_read(&self) -> MutexGuard<'_, LastRead> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse_bytes(path: &Path, bytes: &[u8]) -> Result<Trust, TrustError> {
    let fault = |source| TrustError::Fault {
        path: path.to_owned(),
        source,
    };
    let text = std::str::from_utf8(bytes).map_err(|_| fault(TrustFault::NotText))?;
    Trust::parse(text).map_err(fault)
}

/// The bytes of a file that nobody but its owner may write or replace.
fn read_guarded(path: &Path) -> Result<Vec<u8>, TrustError> {
    let failed = |source| TrustError::Read {
        path: path.to_owned(),
        source,
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder_mode = fs::metadata(folder).map_err(failed)?.permissions().mode() & 0o7777;
    // In a folder with the sticky bit, others may add files but not replace this one.
    if folder_mode & 0o022 != 0 && folder_mode & 0o1000 == 0 {
        return Err(TrustError::exposed(folder, folder_mode));
    }
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(TrustError::exposed(path, mode));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(TRUST_FILE_BYTES_MAX + 1).expect("a constant below 2^64");
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > TRUST_FILE_BYTES_MAX {
        return Err(TrustError::Fault {
            path: path.to_owned(),
            source: TrustFault::Oversized,
        });
    }
    Ok(bytes)
}

/// Why the trust file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It cannot be read.
    #[error("cannot read the trust file `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may write the file, or replace it in its folder.
    #[error("`{}` has mode {mode:04o}: others may write it; `chmod go-w` it", path.display())]
    Exposed {
        /// The file or its folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It says nothing that can be followed.
    #[error("the trust file `{}` is wrong", path.display())]
    Fault {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: TrustFault,
    },
}

impl TrustError {
    fn exposed(path: &Path, mode: u32) -> Self {
        Self::Exposed {
            path: path.to_owned(),
            mode,
        }
    }

    /// The error and what caused it on one line, for a log.
    fn with_cause(&self) -> String {
        match self {
            Self::Read { source, .. } => format!("{self}: {source}"),
            Self::Fault { source, .. } => format!("{self}: {source}"),
            Self::Exposed { .. } => self.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key::SecretKey, trust::Right};

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    fn entry(name: &str, seed: u8, rest: &str) -> String {
        format!(
            "[[key]]\nname = \"{name}\"\nkey = \"{}\"\n{rest}\n",
            key(seed)
        )
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new(text: &str) -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            folder.write(text);
            folder.mode(0o644);
            folder
        }
        fn path(&self) -> PathBuf {
            self.0.path().join("trust.toml")
        }
        fn write(&self, text: &str) {
            fs::write(self.path(), text).unwrap();
        }
        fn mode(&self, mode: u32) {
            fs::set_permissions(self.path(), fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    #[test]
    fn a_change_of_the_file_is_seen_at_the_next_question() {
        let client = entry("a", 1, "roles = [\"client\"]");
        let folder = Folder::new(&client);
        let store = TrustStore::open(&folder.path()).unwrap();
        for _ in 0..50 {
            folder.write(&client);
            let allows = |store: &TrustStore| {
                let trust = store.current().unwrap();
                trust.role_allows(&key(1), Right::Submit, "m")
            };
            assert!(allows(&store));
            folder.write("# nobody");
            assert!(!allows(&store));
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_gives_nobody_rights_until_it_can() {
        let client = entry("a", 1, "roles = [\"client\"]");
        let folder = Folder::new(&client);
        let store = TrustStore::open(&folder.path()).unwrap();
        let breaks: [(&str, &dyn Fn()); 7] = [
            ("gone", &|| fs::remove_file(folder.path()).unwrap()),
            ("emptied", &|| folder.write("")),
            ("truncated", &|| folder.write(&client[..client.len() - 4])),
            ("corrupt", &|| {
                fs::write(folder.path(), [0xff, 0xfe]).unwrap()
            }),
            ("group may write", &|| folder.mode(0o664)),
            ("others may write", &|| folder.mode(0o646)),
            ("oversized", &|| {
                folder.write(&"#".repeat(TRUST_FILE_BYTES_MAX + 1))
            }),
        ];
        for (name, break_file) in breaks {
            break_file();
            for _ in 0..2 {
                assert!(store.current().is_err(), "{name}");
            }
            assert!(TrustStore::open(&folder.path()).is_err(), "{name}");
            assert!(store.knew(&key(1)) && !store.knew(&key(2)));
            folder.write(&client);
            folder.mode(0o644);
            assert!(store.current().is_ok(), "repaired after {name}");
        }
    }

    #[test]
    fn a_folder_in_which_others_may_replace_the_file_is_refused() {
        let folder = Folder::new("# nobody");
        let mode = |mode| fs::set_permissions(folder.0.path(), fs::Permissions::from_mode(mode));
        for (bits, usable) in [(0o700, true), (0o755, true), (0o777, false), (0o1777, true)] {
            mode(bits).unwrap();
            assert_eq!(TrustStore::open(&folder.path()).is_ok(), usable, "{bits:o}");
        }
    }
}
