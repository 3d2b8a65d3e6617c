//! Sessions as a snapshot has them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Last, OfKey, SessionId, Sessions};
use crate::journal::Index;

/// All that a machine remembers of sessions.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct KeptSessions {
    forgotten: Index,
    keys: Vec<KeptKey>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct KeptKey {
    name: Arc<str>,
    forgotten: Index,
    sessions: Vec<KeptSession>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct KeptSession {
    #[serde(with = "serde_bytes")]
    id: SessionId,
    last: Arc<Last>,
}

impl KeptSessions {
    /// Whether no input was ever numbered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Sessions {
    pub(super) fn kept(&self) -> KeptSessions {
        let key = |(name, key): (&Arc<str>, &OfKey)| KeptKey {
            name: Arc::clone(name),
            forgotten: key.forgotten,
            sessions: key.sessions.iter().map(session).collect(),
        };
        KeptSessions {
            forgotten: self.forgotten,
            keys: self.keys.iter().map(key).collect(),
        }
    }
}

fn session((id, last): (&SessionId, &Arc<Last>)) -> KeptSession {
    let last = Arc::clone(last);
    KeptSession { id: *id, last }
}

/// Nothing is forgotten here, whatever the limits are today: what a snapshot has, its machine had.
impl From<&KeptSessions> for Sessions {
    fn from(kept: &KeptSessions) -> Sessions {
        let mut sessions = Sessions {
            forgotten: kept.forgotten,
            ..Sessions::default()
        };
        for of_key in &kept.keys {
            let mut key = OfKey {
                forgotten: of_key.forgotten,
                ..OfKey::default()
            };
            for KeptSession { id, last } in &of_key.sessions {
                key.remember(*id, Last::clone(last));
            }
            sessions.bytes += key.bytes;
            sessions.keys.insert(Arc::clone(&of_key.name), key);
        }
        sessions
    }
}
