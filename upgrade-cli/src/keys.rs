//! The key folder: key pairs by name, private files that only their owner may read.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use node::key::{KeyFileError, PublicKey, SecretKey};

use crate::exit::Exit;
use crate::failure::{Code, Failure, named};

/// The extension of a private file.
const EXTENSION: &str = "key";

/// The longest name of a key, as in trust files.
const NAME_BYTES_MAX: usize = node::limits::NAME_BYTES_MAX;

/// A folder of keys.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    folder: PathBuf,
}

/// A key pair with the name of its file.
#[derive(Clone, Debug)]
pub(crate) struct NamedKey {
    /// Its name.
    pub(crate) name: String,
    /// The pair.
    pub(crate) secret: SecretKey,
}

impl NamedKey {
    /// The public half.
    pub(crate) fn public(&self) -> PublicKey {
        self.secret.public()
    }
}

impl Keys {
    /// The keys in a folder, which need not exist yet.
    pub(crate) fn at(folder: PathBuf) -> Keys {
        Keys { folder }
    }

    /// Where the private file of a key is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{EXTENSION}"))
    }

    /// Makes a key pair. One that exists is never overwritten.
    pub(crate) fn make(&self, name: &str) -> Result<NamedKey, KeysError> {
        check_name(name)?;
        let path = self.path(name);
        if path.exists() {
            let name = name.to_owned();
            return Err(KeysError::Exists { name, path });
        }
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder);
        made.map_err(|source| self.failed(source))?;
        let secret = SecretKey::generate()?;
        secret.write_new(&path)?;
        Ok(NamedKey {
            name: name.to_owned(),
            secret,
        })
    }

    /// The key of a name.
    pub(crate) fn get(&self, name: &str) -> Result<NamedKey, KeysError> {
        check_name(name)?;
        let path = self.path(name);
        if !path.exists() {
            return Err(KeysError::NotFound {
                name: name.to_owned(),
                there: self.names()?,
            });
        }
        Ok(NamedKey {
            name: name.to_owned(),
            secret: SecretKey::read(&path)?,
        })
    }

    /// The key that was asked for; if none was, the only one.
    pub(crate) fn choose(&self, wanted: Option<&str>) -> Result<NamedKey, KeysError> {
        if let Some(name) = wanted {
            return self.get(name);
        }
        let names = self.names()?;
        match &names[..] {
            [] => Err(KeysError::NoKeys {
                folder: self.folder.clone(),
            }),
            [only] => self.get(only),
            _ => Err(KeysError::Several { there: names }),
        }
    }

    /// The names of all keys, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>, KeysError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| self.failed(source))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let path = PathBuf::from(entry.map_err(|source| self.failed(source))?.file_name());
            let name = path.file_stem().and_then(|name| name.to_str());
            if path.extension().is_some_and(|end| end == EXTENSION) {
                names.extend(name.filter(|name| is_key_name(name)).map(str::to_owned));
            }
        }
        names.sort();
        Ok(names)
    }

    fn failed(&self, source: io::Error) -> KeysError {
        let folder = self.folder.clone();
        KeysError::Folder { folder, source }
    }
}

fn check_name(name: &str) -> Result<(), KeysError> {
    if is_key_name(name) {
        return Ok(());
    }
    Err(KeysError::Name {
        name: name.to_owned(),
    })
}

/// Whether a name can be a file name and the name in a trust file.
fn is_key_name(name: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "-_.@".contains(letter);
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && name.chars().all(letters)
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("`{}` is no name for a key", named(name))]
    Name { name: String },
    #[error("there is a key `{name}` already")]
    Exists { name: String, path: PathBuf },
    #[error("there is no key `{}`", named(name))]
    NotFound { name: String, there: Vec<String> },
    #[error("there is no key in `{}`", folder.display())]
    NoKeys { folder: PathBuf },
    #[error("which key? There are {}", there.join(", "))]
    Several { there: Vec<String> },
    #[error("the key folder `{}` cannot be used", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error("there is no home for the key folder")]
    NoHome,
    #[error(transparent)]
    File(#[from] KeyFileError),
}

impl Failure for KeysError {
    fn exit(&self) -> Exit {
        match self {
            KeysError::File(_) => Exit::Keys,
            _ => Exit::Usage,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            KeysError::Name { .. } => "F301",
            KeysError::Exists { .. } => "F302",
            KeysError::NotFound { .. } => "F303",
            KeysError::NoKeys { .. } => "F304",
            KeysError::Several { .. } => "F305",
            KeysError::Folder { .. } => "F306",
            KeysError::NoHome => "F307",
            KeysError::File(KeyFileError::Randomness { .. }) => "F311",
            KeysError::File(KeyFileError::Write { .. }) => "F312",
            KeysError::File(KeyFileError::Read { .. }) => "F313",
            KeysError::File(KeyFileError::Exposed { .. }) => "F314",
            KeysError::File(KeyFileError::Malformed { .. }) => "F315",
            KeysError::File(_) => "F310",
        };
        code.into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            KeysError::Exists { path, .. } => vec![("file", path.display().to_string())],
            KeysError::NotFound { there, .. } if !there.is_empty() => {
                vec![("there are", there.join(", "))]
            }
            _ => Vec::new(),
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            KeysError::Name { .. } => {
                "letters, digits, `-`, `_`, `.` and `@`; at most 64, a letter or digit first"
            }
            KeysError::Exists { .. } => "a key is never overwritten: move the file away first",
            KeysError::NotFound { .. } => "cam key list",
            KeysError::NoKeys { .. } => "cam key new NAME",
            KeysError::Several { .. } => "name one with `--key NAME` or in `CAM_KEY`",
            KeysError::NoHome => "name a folder with `--keys DIR` or in `CAM_KEYS`",
            KeysError::File(KeyFileError::Exposed { .. }) => {
                "chmod 600 the file, or make a new key if somebody may have read it"
            }
            KeysError::Folder { .. } | KeysError::File(_) => return Vec::new(),
        };
        vec![help.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_private_found_again_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::at(folder.path().join("deep").join("keys"));
        let made = keys.make("ops-1").unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(keys.path("ops-1")), 0o600);
        assert_eq!(mode(folder.path().join("deep").join("keys")), 0o700);
        assert_eq!(keys.get("ops-1").unwrap().public(), made.public());
        assert!(matches!(keys.make("ops-1"), Err(KeysError::Exists { .. })));
        assert_eq!(keys.get("ops-1").unwrap().public(), made.public());
    }

    #[test]
    fn without_a_name_only_an_only_key_is_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::at(folder.path().to_owned());
        assert!(matches!(keys.choose(None), Err(KeysError::NoKeys { .. })));
        keys.make("b").unwrap();
        fs::write(folder.path().join("notes.txt"), "not a key").unwrap();
        assert_eq!(keys.choose(None).unwrap().name, "b");
        keys.make("a").unwrap();
        assert!(
            matches!(keys.choose(None), Err(KeysError::Several { there }) if there == ["a", "b"])
        );
        assert_eq!(keys.choose(Some("a")).unwrap().name, "a");
        assert!(matches!(
            keys.choose(Some("c")),
            Err(KeysError::NotFound { .. })
        ));
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::at(folder.path().to_owned());
        for name in ["", ".", "..", "../ops", "a/b", "a b", &"a".repeat(65)] {
            assert!(
                matches!(keys.make(name), Err(KeysError::Name { .. })),
                "{name}"
            );
        }
    }
}
