//! Who may do what, as the text of a trust file says it.
//!
//! A key has roles, a role has rights, and what is not allowed here is refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Deserialize;

use crate::{
    key::PublicKey,
    limits::{NAME_BYTES_MAX, TRUST_FILE_BYTES_MAX, TRUST_KEYS_MAX, TRUST_MACHINES_MAX},
};

pub use crate::trust_store::{TrustError, TrustStore};

/// What a key is for, as the trust file says it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Signs bundles. Need not ever be near a network.
    Author,
    /// Delivers bundles that authors signed.
    Operator,
    /// Submits inputs.
    Client,
    /// Looks.
    Observer,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Author, Self::Operator, Self::Client, Self::Observer];

    /// The word for the role in the trust file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Operator => "operator",
            Self::Client => "client",
            Self::Observer => "observer",
        }
    }

    /// What a key with this role may do.
    pub const fn rights(self) -> &'static [Right] {
        match self {
            Self::Author => &[Right::Author],
            Self::Operator => &[Right::Deliver, Right::Observe],
            Self::Client => &[Right::Submit, Right::Observe],
            Self::Observer => &[Right::Observe],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that a node lets somebody do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Right {
    /// Sign bundles for a machine. Gives no right to ask the node anything.
    Author,
    /// Deliver a signed bundle for a machine.
    Deliver,
    /// Submit an input to a machine.
    Submit,
    /// Read the status, the history, the state and the program of a machine, and query it.
    Observe,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 4] = [Self::Author, Self::Deliver, Self::Submit, Self::Observe];

    /// The roles that have this right, for messages.
    pub fn roles(self) -> impl Iterator<Item = Role> {
        let has = move |role: &Role| role.rights().contains(&self);
        Role::ALL.into_iter().filter(has)
    }
}

/// One entry of the trust file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    name: String,
    key: PublicKey,
    roles: Vec<Role>,
    /// No list: every machine of the node.
    machines: Option<Vec<String>>,
}

impl TrustedKey {
    /// What people call the holder. Unique in the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The roles, at least one.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The only machines that the roles hold for, or `None` for all.
    pub fn machines(&self) -> Option<&[String]> {
        self.machines.as_deref()
    }

    fn has(&self, right: Right) -> bool {
        self.roles.iter().any(|role| role.rights().contains(&right))
    }

    fn reaches(&self, machine: &str) -> bool {
        self.machines
            .as_ref()
            .is_none_or(|machines| machines.iter().any(|name| name == machine))
    }
}

/// A trust file that parsed and makes sense: one moment's answer to who may do what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trust {
    keys: BTreeMap<PublicKey, TrustedKey>,
    author_threshold: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    author_threshold: Option<usize>,
    #[serde(default, rename = "key")]
    keys: Vec<TrustedKey>,
}

impl Trust {
    /// Reads the text of a trust file.
    ///
    /// # Errors
    ///
    /// Refuses what does not parse and what cannot have been meant: see [`TrustFault`].
    pub fn parse(text: &str) -> Result<Self, TrustFault> {
        if text.len() > TRUST_FILE_BYTES_MAX {
            return Err(TrustFault::Oversized);
        }
        // An editor that writes a file in place empties it first. That must not pass for a decision.
        if text.trim().is_empty() {
            return Err(TrustFault::Empty);
        }
        let file: TrustFile = toml::from_str(text).map_err(|error| TrustFault::Malformed {
            error: Box::new(error),
        })?;
        if file.keys.len() > TRUST_KEYS_MAX {
            return Err(TrustFault::TooManyKeys(file.keys.len()));
        }
        let authors = file
            .keys
            .iter()
            .filter(|key| key.has(Right::Author))
            .count();
        let author_threshold = threshold(file.author_threshold, authors)?;
        let mut names = BTreeSet::new();
        let mut keys = BTreeMap::new();
        for entry in file.keys {
            check_entry(&entry)?;
            if !names.insert(entry.name.clone()) {
                return Err(TrustFault::DuplicateName(entry.name));
            }
            if let Some(first) = keys.insert(entry.key, entry.clone()) {
                return Err(TrustFault::DuplicateKey(first.name, entry.name));
            }
        }
        Ok(Self {
            keys,
            author_threshold,
        })
    }

    /// The entry of a key, if it is trusted at all.
    pub fn entry(&self, key: &PublicKey) -> Option<&TrustedKey> {
        self.keys.get(key)
    }

    /// Every entry, in the order of keys.
    pub fn entries(&self) -> impl Iterator<Item = &TrustedKey> {
        self.keys.values()
    }

    /// Whether a role of this key gives it this right on this machine. An unknown key has none.
    pub fn role_allows(&self, key: &PublicKey, right: Right, machine: &str) -> bool {
        self.entry(key)
            .is_some_and(|entry| entry.has(right) && entry.reaches(machine))
    }

    /// Whether a role of this key gives it this right on some machine: all that can be said before a
    /// request names one.
    pub fn role_allows_somewhere(&self, key: &PublicKey, right: Right) -> bool {
        self.entry(key).is_some_and(|entry| entry.has(right))
    }

    /// How many different authors must sign a bundle. At least 1.
    pub fn author_threshold(&self) -> usize {
        self.author_threshold
    }
}

/// The threshold, if enough authors exist to reach it.
///
/// Without authors nothing can be delivered, whatever the threshold; that is a node as `init` leaves
/// it. But a threshold that was written down and cannot be reached is a mistake.
fn threshold(written: Option<usize>, authors: usize) -> Result<usize, TrustFault> {
    match written {
        Some(0) => Err(TrustFault::ThresholdZero),
        Some(threshold) if threshold > authors => {
            Err(TrustFault::ThresholdUnreachable { threshold, authors })
        }
        Some(threshold) => Ok(threshold),
        None => Ok(1),
    }
}

/// What can be wrong with one entry on its own.
fn check_entry(entry: &TrustedKey) -> Result<(), TrustFault> {
    let fault = |reason| TrustFault::Entry {
        name: entry.name.clone(),
        reason,
    };
    let in_name = |c: char| c.is_ascii_alphanumeric() || "._@-".contains(c);
    if entry.name.is_empty()
        || entry.name.len() > NAME_BYTES_MAX
        || !entry.name.chars().all(in_name)
    {
        return Err(fault(
            "a name has 1 to 64 of the characters a-z A-Z 0-9 . _ @ -",
        ));
    }
    if entry.roles.is_empty() {
        return Err(fault("no role; to take all rights away, remove the entry"));
    }
    if entry.roles.iter().collect::<BTreeSet<_>>().len() < entry.roles.len() {
        return Err(fault("a role is named twice"));
    }
    let Some(machines) = &entry.machines else {
        return Ok(());
    };
    if machines.is_empty() {
        return Err(fault(
            "no machine; without `machines` the roles hold for all of them",
        ));
    }
    if machines.len() > TRUST_MACHINES_MAX {
        return Err(fault("more than 256 machines"));
    }
    if machines
        .iter()
        .any(|name| name.is_empty() || name.len() > NAME_BYTES_MAX)
    {
        return Err(fault("the name of a machine has 1 to 64 bytes"));
    }
    if machines.iter().collect::<BTreeSet<_>>().len() < machines.len() {
        return Err(fault("a machine is named twice"));
    }
    Ok(())
}

/// What is wrong in the text of a trust file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustFault {
    /// Not TOML, or not the fields of a trust file.
    #[error("{}", error.to_string().trim_end())]
    Malformed {
        /// Where, and what was expected. Not a cause of its own: it would be printed twice.
        error: Box<toml::de::Error>,
    },
    /// Not UTF-8.
    #[error("not text in UTF-8")]
    NotText,
    /// Longer than 256 KiB.
    #[error("longer than {TRUST_FILE_BYTES_MAX} bytes")]
    Oversized,
    /// Nothing in it, not even a comment.
    #[error("the file is empty; to trust nobody, leave a comment in it")]
    Empty,
    /// More keys than the limit.
    #[error("{0} keys, at most {TRUST_KEYS_MAX}")]
    TooManyKeys(usize),
    /// Two entries with one name.
    #[error("two entries are named `{0}`")]
    DuplicateName(String),
    /// Two entries with one key: its holder would count twice.
    #[error("`{0}` and `{1}` are the same key")]
    DuplicateKey(String, String),
    /// A threshold of nobody.
    #[error("`author_threshold` is 0, expected at least 1")]
    ThresholdZero,
    /// More signatures wanted than authors exist.
    #[error("`author_threshold` is {threshold}, but {authors} keys have the role `author`")]
    ThresholdUnreachable {
        /// What the file wants.
        threshold: usize,
        /// How many authors it names.
        authors: usize,
    },
    /// One entry is wrong on its own.
    #[error("key `{}`: {reason}", crate::printable::Printable(name))]
    Entry {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    fn entry(name: &str, seed: u8, rest: &str) -> String {
        format!(
            "[[key]]\nname = \"{name}\"\nkey = \"{}\"\n{rest}\n",
            key(seed)
        )
    }

    #[test]
    fn a_role_allows_its_rights_and_no_other() {
        let allowed = [
            (Role::Author, vec![Right::Author]),
            (Role::Operator, vec![Right::Deliver, Right::Observe]),
            (Role::Client, vec![Right::Submit, Right::Observe]),
            (Role::Observer, vec![Right::Observe]),
        ];
        for (role, rights) in allowed {
            let text = entry("one", 1, &format!("roles = [\"{role}\"]"));
            let trust = Trust::parse(&text).unwrap();
            for right in Right::ALL {
                let expected = rights.contains(&right);
                assert_eq!(trust.role_allows(&key(1), right, "counter"), expected);
                assert_eq!(trust.role_allows_somewhere(&key(1), right), expected);
                assert!(
                    !trust.role_allows(&key(2), right, "counter"),
                    "an unknown key"
                );
            }
        }
    }

    #[test]
    fn a_restricted_key_reaches_its_machines_only() {
        let text = entry("one", 1, "roles = [\"client\"]\nmachines = [\"counter\"]");
        let trust = Trust::parse(&text).unwrap();
        assert!(trust.role_allows(&key(1), Right::Submit, "counter"));
        assert!(trust.role_allows_somewhere(&key(1), Right::Submit));
        for other in ["ledger", "counter2", "Counter", "*", ""] {
            assert!(!trust.role_allows(&key(1), Right::Submit, other), "{other}");
        }
    }

    #[test]
    fn a_threshold_counts_authors_and_is_never_zero() {
        let author = |seed: u8| entry(&format!("a{seed}"), seed, "roles = [\"author\"]");
        let two = author(1) + &author(2);
        let threshold = |text: &str| Trust::parse(text).map(|trust| trust.author_threshold());
        assert_eq!(threshold(&two).unwrap(), 1);
        assert_eq!(
            threshold(&format!("author_threshold = 2\n{two}")).unwrap(),
            2
        );
        assert_eq!(threshold("# nobody").unwrap(), 1);
        let client = entry("c", 3, "roles = [\"client\"]");
        for (wanted, text) in [(0, two.as_str()), (3, &two), (1, ""), (1, &client)] {
            assert!(threshold(&format!("author_threshold = {wanted}\n{text}")).is_err());
        }
        assert!(threshold(&format!("author_threshold = -1\n{two}")).is_err());
    }

    #[test]
    fn what_cannot_have_been_meant_is_refused() {
        let roles = "roles = [\"client\"]";
        let weak = format!("ed25519:01{}", "00".repeat(31));
        let doubled = format!("ed25519:ee{}7f", "ff".repeat(30));
        let many: String = (0..=TRUST_KEYS_MAX)
            .map(|n| entry(&format!("k{n}"), 1, roles))
            .collect();
        let cases = [
            (
                "two entries are named `a`",
                entry("a", 1, roles) + &entry("a", 2, roles),
            ),
            (
                "`a` and `b` are the same key",
                entry("a", 1, roles) + &entry("b", 1, roles),
            ),
            ("no role", entry("a", 1, "roles = []")),
            ("unknown variant", entry("a", 1, "roles = [\"root\"]")),
            (
                "unknown field",
                entry("a", 1, "roles = [\"client\"]\nexpires = 1"),
            ),
            (
                "unknown field",
                format!("threshold = 1\n{}", entry("a", 1, roles)),
            ),
            ("missing field `roles`", entry("a", 1, "")),
            (
                "a role is named twice",
                entry("a", 1, "roles = [\"client\", \"client\"]"),
            ),
            (
                "no machine",
                entry("a", 1, "roles = [\"client\"]\nmachines = []"),
            ),
            (
                "named twice",
                entry("a", 1, "roles = [\"client\"]\nmachines = [\"m\", \"m\"]"),
            ),
            (
                "1 to 64 bytes",
                entry("a", 1, "roles = [\"client\"]\nmachines = [\"\"]"),
            ),
            ("a name has", entry("", 1, roles)),
            ("a name has", entry("a b", 1, roles)),
            ("a name has", entry(&"a".repeat(65), 1, roles)),
            (
                "weak",
                entry("a", 1, roles).replace(&key(1).to_string(), &weak),
            ),
            (
                "canonical",
                entry("a", 1, roles).replace(&key(1).to_string(), &doubled),
            ),
            ("1025 keys", many),
            ("longer than", " ".repeat(TRUST_FILE_BYTES_MAX + 1)),
            ("expected", "[[key".to_owned()),
            ("empty", String::new()),
            ("empty", " \n".to_owned()),
        ];
        for (reason, text) in cases {
            let fault = Trust::parse(&text).unwrap_err().to_string();
            assert!(fault.contains(reason), "{reason}: {fault}");
        }
    }
}
