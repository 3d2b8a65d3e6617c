//! The settings of a node: one TOML file, read once at the start.
//!
//! Paths in it are relative to the folder of the file, so that a node can be moved as a folder.

use std::{
    fmt, fs,
    io::{self, Read},
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use crate::limits;

/// The name of the config file that `init` writes.
pub const CONFIG_FILE: &str = "node.toml";

/// The settings, with defaults filled in and paths resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Where to listen. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The folder of the store.
    pub data: PathBuf,
    /// The secret key file.
    pub key: PathBuf,
    /// The trust file.
    pub trust: PathBuf,
    /// How much to take on at once.
    pub limits: ServerLimits,
    /// Weight from which on a state is large.
    pub large_state_weight: u64,
}

/// How much a node takes on at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerLimits {
    /// Established connections.
    pub connections: usize,
    /// Established connections of one key.
    pub connections_per_key: usize,
    /// Requests in progress.
    pub requests: usize,
    /// Time for a whole request to arrive, and for a whole answer to be taken.
    pub transfer: Duration,
    /// Time for requests in progress to finish when the node is told to stop.
    pub shutdown: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS,
            connections_per_key: limits::CONNECTIONS_PER_KEY,
            requests: limits::REQUESTS,
            transfer: Duration::from_secs(limits::TRANSFER_SECONDS),
            shutdown: Duration::from_secs(limits::SHUTDOWN_SECONDS),
        }
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    listen: SocketAddr,
    #[serde(default = "default_data")]
    data: PathBuf,
    #[serde(default = "default_key")]
    key: PathBuf,
    #[serde(default = "default_trust")]
    trust: PathBuf,
    #[serde(default)]
    limits: LimitsTable,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LimitsTable {
    connections: Option<usize>,
    connections_per_key: Option<usize>,
    requests: Option<usize>,
    transfer_seconds: Option<u64>,
    shutdown_seconds: Option<u64>,
    large_state_weight: Option<u64>,
}

fn default_data() -> PathBuf {
    "data".into()
}

fn default_key() -> PathBuf {
    "node.key".into()
}

fn default_trust() -> PathBuf {
    "trust.toml".into()
}

impl Config {
    /// Reads a config file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, does not parse, or asks for what is out of bounds.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let in_file = |fault| ConfigError {
            path: path.to_owned(),
            fault,
        };
        let limit =
            u64::try_from(limits::CONFIG_FILE_BYTES_MAX + 1).expect("a constant below 2^64");
        let mut text = String::new();
        fs::File::open(path)
            .and_then(|file| file.take(limit).read_to_string(&mut text))
            .map_err(|error| in_file(ConfigFault::Read(error)))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder).map_err(in_file)
    }

    /// Reads the text of a config file that stands in `folder`.
    ///
    /// # Errors
    ///
    /// As [`Config::read`].
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigFault> {
        if text.len() > limits::CONFIG_FILE_BYTES_MAX {
            return Err(ConfigFault::Oversized);
        }
        let file: ConfigFile =
            toml::from_str(text).map_err(|error| ConfigFault::Malformed(Box::new(error)))?;
        let paths = [
            ("data", &file.data),
            ("key", &file.key),
            ("trust", &file.trust),
        ];
        if let Some((field, _)) = paths.iter().find(|(_, path)| path.as_os_str().is_empty()) {
            return Err(ConfigFault::EmptyPath { field });
        }
        Ok(Self {
            listen: file.listen,
            data: folder.join(file.data),
            key: folder.join(file.key),
            trust: folder.join(file.trust),
            large_state_weight: within(
                "limits.large_state_weight",
                file.limits.large_state_weight,
                limits::LARGE_STATE_WEIGHT,
                &limits::LARGE_STATE_WEIGHT_SPAN,
            )?,
            limits: file.limits.check()?,
        })
    }
}

impl LimitsTable {
    fn check(&self) -> Result<ServerLimits, ConfigFault> {
        let transfer = within(
            "limits.transfer_seconds",
            self.transfer_seconds,
            limits::TRANSFER_SECONDS,
            &limits::TRANSFER_SECONDS_SPAN,
        )?;
        let shutdown = within(
            "limits.shutdown_seconds",
            self.shutdown_seconds,
            limits::SHUTDOWN_SECONDS,
            &limits::SHUTDOWN_SECONDS_SPAN,
        )?;
        Ok(ServerLimits {
            connections: within(
                "limits.connections",
                self.connections,
                limits::CONNECTIONS,
                &limits::CONNECTIONS_SPAN,
            )?,
            connections_per_key: within(
                "limits.connections_per_key",
                self.connections_per_key,
                limits::CONNECTIONS_PER_KEY,
                &limits::CONNECTIONS_SPAN,
            )?,
            requests: within(
                "limits.requests",
                self.requests,
                limits::REQUESTS,
                &limits::REQUESTS_SPAN,
            )?,
            transfer: Duration::from_secs(transfer),
            shutdown: Duration::from_secs(shutdown),
        })
    }
}

fn within<T: PartialOrd + Copy + fmt::Display>(
    field: &'static str,
    written: Option<T>,
    default: T,
    span: &RangeInclusive<T>,
) -> Result<T, ConfigFault> {
    let value = written.unwrap_or(default);
    if span.contains(&value) {
        return Ok(value);
    }
    Err(ConfigFault::OutOfBounds {
        field,
        found: value.to_string(),
        least: span.start().to_string(),
        most: span.end().to_string(),
    })
}

/// A config file that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[error("the config file `{}` cannot be used", path.display())]
pub struct ConfigError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong.
    #[source]
    pub fault: ConfigFault,
}

/// What is wrong with a config file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFault {
    /// It cannot be read.
    #[error("{0}")]
    Read(io::Error),
    /// Longer than 64 KiB.
    #[error("longer than {} bytes", limits::CONFIG_FILE_BYTES_MAX)]
    Oversized,
    /// Not TOML, an unknown field, or a value of the wrong type. Shows the line.
    #[error("{0}")]
    Malformed(Box<toml::de::Error>),
    /// A path that names nothing.
    #[error("`{field}` is empty, expected a path")]
    EmptyPath {
        /// The field.
        field: &'static str,
    },
    /// A limit outside the span that this software was made for.
    #[error("`{field}` is {found}, expected {least} to {most}")]
    OutOfBounds {
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// The least possible value.
        least: String,
        /// The greatest possible value.
        most: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_address_is_enough_and_paths_are_relative_to_the_file() {
        let config = Config::parse("listen = \"127.0.0.1:4700\"", Path::new("/srv/hall")).unwrap();
        assert_eq!(config.listen.port(), 4700);
        assert_eq!(config.data, Path::new("/srv/hall/data"));
        assert_eq!(config.key, Path::new("/srv/hall/node.key"));
        assert_eq!(config.trust, Path::new("/srv/hall/trust.toml"));
        assert_eq!(config.limits, ServerLimits::default());
        assert_eq!(config.large_state_weight, limits::LARGE_STATE_WEIGHT);
    }

    #[test]
    fn what_is_written_replaces_the_default() {
        let text = "listen = \"[::1]:0\"\ndata = \"/var/cam\"\nkey = \"k\"\ntrust = \"../t\"\n\
                    [limits]\nconnections = 2\nconnections_per_key = 1\nrequests = 3\n\
                    transfer_seconds = 4\nshutdown_seconds = 0\nlarge_state_weight = 4096\n";
        let config = Config::parse(text, Path::new("a")).unwrap();
        assert_eq!(config.data, Path::new("/var/cam"));
        assert_eq!(config.trust, Path::new("a/../t"));
        let expected = ServerLimits {
            connections: 2,
            connections_per_key: 1,
            requests: 3,
            transfer: Duration::from_secs(4),
            shutdown: Duration::ZERO,
        };
        assert_eq!(config.limits, expected);
        assert_eq!(config.large_state_weight, 4096);
    }

    #[test]
    fn an_error_names_the_field() {
        let cases = [
            ("", "missing field `listen`"),
            ("listen = \"localhost\"", "listen = \"localhost\""),
            ("listen = 4700", "listen"),
            ("listen = \"[::1]:0\"\nport = 1", "unknown field `port`"),
            ("listen = \"[::1]:0\"\ndata = \"\"", "`data` is empty"),
            (
                "listen = \"[::1]:0\"\n[limits]\nrequest = 1",
                "unknown field `request`",
            ),
            (
                "listen = \"[::1]:0\"\n[limits]\nrequests = 0",
                "`limits.requests` is 0, expected 1 to 4096",
            ),
            (
                "listen = \"[::1]:0\"\n[limits]\ntransfer_seconds = 601",
                "`limits.transfer_seconds` is 601, expected 1 to 600",
            ),
            (
                "listen = \"[::1]:0\"\n[limits]\nlarge_state_weight = 1023",
                "`limits.large_state_weight` is 1023, expected 1024 to 268435457",
            ),
            (
                "listen = \"[::1]:0\"\n[limits]\nconnections = -1",
                "connections = -1",
            ),
        ];
        for (text, expected) in cases {
            let fault = Config::parse(text, Path::new("")).unwrap_err().to_string();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
        let long = "#".repeat(limits::CONFIG_FILE_BYTES_MAX + 1);
        assert!(matches!(
            Config::parse(&long, Path::new("")),
            Err(ConfigFault::Oversized)
        ));
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        let error = Config::read(&path).unwrap_err();
        assert!(error.to_string().contains("node.toml"));
        fs::write(&path, "listen = \"[::1]:0\"").unwrap();
        assert_eq!(
            Config::read(&path).unwrap().data,
            folder.path().join("data")
        );
    }
}
