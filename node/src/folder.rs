//! The folder of a new node: its config, its key, its trust file and its data.

use std::{
    fmt::Write,
    fs, io,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::{
    config::{CONFIG_FILE, Config, ConfigFault},
    key::{KeyFileError, PublicKey, SecretKey},
    store::{STORE_FILE, Store, StoreError},
    trust::{Role, Trust, TrustFault},
};

/// A key to trust, as it is written on a command line: `name=ed25519:…=role,role`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewEntry {
    name: String,
    key: PublicKey,
    roles: Vec<Role>,
}

impl FromStr for NewEntry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shape = "expected `name=ed25519:…=role,role`";
        let (name, rest) = text.split_once('=').ok_or(shape)?;
        let (key, roles) = rest.split_once('=').ok_or(shape)?;
        let key = key
            .parse()
            .map_err(|error| format!("the key of `{name}`: {error}"))?;
        let role = |word: &str| {
            let named = Role::ALL.into_iter().find(|role| role.name() == word);
            named.ok_or_else(|| {
                format!(
                    "`{word}` is no role, expected `author`, `operator`, `client` or `observer`"
                )
            })
        };
        Ok(Self {
            name: name.to_owned(),
            key,
            roles: roles.split(',').map(role).collect::<Result<_, _>>()?,
        })
    }
}

impl NewEntry {
    fn to_toml(&self) -> String {
        let roles: Vec<_> = self
            .roles
            .iter()
            .map(|role| format!("\"{role}\""))
            .collect();
        // The name is checked by the parser of trust files before anything is written.
        format!(
            "\n[[key]]\nname = \"{}\"\nkey = \"{}\"\nroles = [{}]\n",
            self.name,
            self.key,
            roles.join(", ")
        )
    }
}

/// Makes the folder of a new node and gives the public key of the node.
///
/// # Errors
///
/// When there is something in the folder already, when an entry makes no sense, or when the disk
/// refuses. A mistake in the arguments leaves nothing behind.
pub fn create(
    folder: &Path,
    listen: SocketAddr,
    entries: &[NewEntry],
) -> Result<PublicKey, FolderError> {
    let trust = trust_text(entries);
    Trust::parse(&trust).map_err(FolderError::Trust)?;
    let config = config_text(listen);
    Config::parse(&config, folder).map_err(FolderError::Config)?;
    let key = SecretKey::generate().map_err(FolderError::Key)?;
    make_private(folder)?;
    let data = folder.join("data");
    make_private(&data)?;
    // So that a data folder without one is known not to be the data folder.
    let store = data.join(STORE_FILE);
    Store::create(&store).map_err(|source| FolderError::Store {
        path: store,
        source,
    })?;
    key.write_new(&folder.join("node.key"))
        .map_err(FolderError::Key)?;
    write_new(&folder.join("trust.toml"), &trust)?;
    // The config comes last: a node without one does not start, so half a folder is not taken for whole.
    write_new(&folder.join(CONFIG_FILE), &config)?;
    Ok(key.public())
}

/// Makes a folder that only its owner may enter. One that is there already must be empty.
fn make_private(folder: &Path) -> Result<(), FolderError> {
    let failed = |source| FolderError::Write {
        path: folder.to_owned(),
        source,
    };
    let made = fs::DirBuilder::new().mode(0o700).create(folder);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::read_dir(folder).map_err(failed)?.next().is_some() {
                return Err(FolderError::NotEmpty {
                    path: folder.to_owned(),
                });
            }
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)
        }
        made => made.map_err(failed),
    }
}

fn write_new(path: &Path, text: &str) -> Result<(), FolderError> {
    let written = fs::File::create_new(path).and_then(|mut file| {
        // Whatever the umask of the shell, nobody else may write the trust file.
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| FolderError::Write {
        path: path.to_owned(),
        source,
    })
}

fn config_text(listen: SocketAddr) -> String {
    format!(
        "# The settings of this node. Paths are relative to this file.\n\
         listen = \"{listen}\"\n\
         data = \"data\"\n\
         key = \"node.key\"\n\
         trust = \"trust.toml\"\n\
         \n\
         # [limits]\n\
         # connections = 128          # established connections\n\
         # connections_per_key = 16   # of one key\n\
         # requests = 256             # in progress; more are answered `busy`\n\
         # transfer_seconds = 30      # for a whole request to arrive, and a whole answer to be taken\n\
         # shutdown_seconds = 10      # for requests in progress when the node is told to stop\n\
         # large_state_weight = 524288  # from here on a state is migrated in two passes\n"
    )
}

fn trust_text(entries: &[NewEntry]) -> String {
    let mut text = String::from(
        "# Who may do what on this node. A change works at the next request; nothing is restarted.\n\
         # Write a new file and rename it over this one, so that no half of it is ever read.\n\
         #\n\
         # A `name` is what machines see as `from`, and what they remember. Another name for a key is another\n\
         # person to them; a name that was removed and is given again hands over what belonged to it.\n\
         #\n\
         #   author    signs bundles\n\
         #   operator  delivers bundles that authors signed; observes\n\
         #   client    submits inputs; observes\n\
         #   observer  reads status, history, state and program; queries\n\
         #\n\
         # [[key]]\n\
         # name = \"ops\"\n\
         # key = \"ed25519:…\"          # `cam key new ops` shows it\n\
         # roles = [\"author\", \"operator\"]\n\
         # machines = [\"counter\"]      # leave out for all machines\n\
         \n\
         # How many different authors must sign a bundle.\n",
    );
    let authors = entries
        .iter()
        .any(|entry| entry.roles.contains(&Role::Author));
    // Without an author there is no threshold that could be reached.
    let comment = if authors { "" } else { "# " };
    writeln!(text, "{comment}author_threshold = 1").expect("a string takes every text");
    entries
        .iter()
        .for_each(|entry| text.push_str(&entry.to_toml()));
    text
}

/// Why the folder of a node was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// There is something in it. A node is never overwritten.
    #[error("`{}` is not empty", path.display())]
    NotEmpty {
        /// Which folder.
        path: PathBuf,
    },
    /// The entries do not make a trust file.
    #[error("the entries for the trust file are wrong")]
    Trust(#[source] TrustFault),
    /// The arguments do not make a config file.
    #[error("the config file would be wrong")]
    Config(#[source] ConfigFault),
    /// The key was not made or not written.
    #[error("no key was made")]
    Key(#[source] KeyFileError),
    /// The store was not made.
    #[error("cannot make the store `{}`", path.display())]
    Store {
        /// Where.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// Something was not written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{Right, TrustStore};

    const LISTEN: &str = "127.0.0.1:0";

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    fn entry(text: &str) -> NewEntry {
        text.parse().unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_private_and_complete() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("hall");
        let ops = entry(&format!("ops={}=operator,author", key(1)));
        let made = create(&folder, LISTEN.parse().unwrap(), &[ops]).unwrap();
        for (name, expected) in [
            ("", 0o700),
            ("data", 0o700),
            ("data/machines.redb", 0o600),
            ("node.key", 0o600),
            ("trust.toml", 0o600),
        ] {
            assert_eq!(mode(&folder.join(name)), expected, "{name}");
        }
        let config = Config::read(&folder.join(CONFIG_FILE)).unwrap();
        assert_eq!(SecretKey::read(&config.key).unwrap().public(), made);
        let trust = TrustStore::open(&config.trust).unwrap().current().unwrap();
        assert!(trust.role_allows(&key(1), Right::Deliver, "counter"));
        assert!(trust.role_allows(&key(1), Right::Author, "counter"));
        assert!(!trust.role_allows(&key(1), Right::Submit, "counter"));
    }

    #[test]
    fn a_folder_without_entries_trusts_nobody() {
        let folder = tempfile::tempdir().unwrap();
        create(folder.path(), LISTEN.parse().unwrap(), &[]).unwrap();
        let trust = TrustStore::open(&folder.path().join("trust.toml")).unwrap();
        assert_eq!(trust.current().unwrap().entries().count(), 0);
    }

    #[test]
    fn the_examples_in_the_files_are_right() {
        let uncomment = |text: &str, from: &str| {
            let (_, example) = text.split_once(from).unwrap();
            let lines = example
                .lines()
                .map(|line| line.strip_prefix("# ").unwrap_or(line));
            from.strip_prefix("# ").unwrap().to_owned() + &lines.collect::<Vec<_>>().join("\n")
        };
        let config = config_text(LISTEN.parse().unwrap());
        let (head, _) = config.split_once("# [limits]").unwrap();
        let limits = uncomment(&config, "# [limits]");
        let config = Config::parse(&(head.to_owned() + &limits), Path::new("")).unwrap();
        assert_eq!(config.limits, crate::config::ServerLimits::default());
        let text = trust_text(&[]);
        let (_, example) = text.split_once("# [[key]]").unwrap();
        let (example, _) = example.split_once("\n\n").unwrap();
        let example = format!("[[key]]{example}").replace("\n# ", "\n");
        let trust = Trust::parse(&example.replace("ed25519:…", &key(1).to_string())).unwrap();
        assert_eq!(trust.entries().count(), 1);
    }

    #[test]
    fn a_node_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let create = || create(folder.path(), LISTEN.parse().unwrap(), &[]);
        let made = create().unwrap();
        assert!(matches!(create(), Err(FolderError::NotEmpty { .. })));
        let key = SecretKey::read(&folder.path().join("node.key")).unwrap();
        assert_eq!(key.public(), made);
    }

    #[test]
    fn a_mistake_in_the_entries_leaves_nothing_behind() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("hall");
        let same = [1, 2].map(|n| entry(&format!("k{n}={}=client", key(1))));
        let quote = [entry(&format!("a\"b={}=client", key(1)))];
        for entries in [&same[..], &quote] {
            assert!(create(&folder, LISTEN.parse().unwrap(), entries).is_err());
            assert!(!folder.exists());
        }
    }

    #[test]
    fn an_entry_that_is_written_wrongly_is_explained() {
        let cases = [
            ("ops".to_owned(), "name=ed25519"),
            (format!("ops={}", key(1)), "name=ed25519"),
            ("ops=ed25519:00=client".to_owned(), "64 lower-case"),
            (format!("ops={}=root", key(1)), "`root` is no role"),
            (format!("ops={}=", key(1)), "`` is no role"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<NewEntry>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
