//! A conversation with one node, and what can go wrong in it.

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use node::client::{Caller, ClientError, Lane, Timeouts};
use node::key::PublicKey;
use node::limits::PATIENCE;
use node::protocol::{Numbered, PROTOCOLS, Refusal, RefusalCode, Request, RequestKind, Response};
use tokio::runtime::{Builder, Runtime};

use crate::arguments::Speak;
use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::keys::NamedKey;
use crate::nodes::NamedNode;
use crate::refused::{Refused, code_name};

/// The codes of what goes wrong on this side, with a name and a meaning. The numbers go on where those
/// of the nodes end.
pub(crate) const CODES: &[(&str, &str, &str)] = &[
    (
        NOT_REACHABLE,
        "not-reachable",
        "the node was not reached, and nothing was sent",
    ),
    (
        NO_ANSWER,
        "no-answer",
        "the request was sent and no answer came: if it changes something, it may have happened",
    ),
    (
        HOST_KEY,
        "host-key",
        "the node presents another key than the one that is pinned",
    ),
    (
        OTHER_PROTOCOL,
        "other-protocol",
        "the node speaks another version of the protocol",
    ),
];

pub(crate) const NOT_REACHABLE: &str = "N601";
pub(crate) const NO_ANSWER: &str = "N602";
const HOST_KEY: &str = "N603";
const OTHER_PROTOCOL: &str = "N604";

/// A connection to one node, spoken over with one key.
#[derive(Debug)]
pub(crate) struct Session {
    peers: Peers,
    caller: RefCell<Option<Caller>>,
    runtime: Runtime,
}

/// How long is waited for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Waits {
    timeouts: Timeouts,
    /// For a node that was there and is lost.
    pub(crate) patience: Duration,
}

impl Default for Waits {
    fn default() -> Waits {
        Waits {
            timeouts: Timeouts::default(),
            patience: PATIENCE,
        }
    }
}

impl Waits {
    /// As a user has asked for.
    pub(crate) fn of(speak: &Speak) -> Waits {
        let timeouts = speak.timeout.map(Duration::from_secs);
        let timeouts = timeouts.map_or(Timeouts::default(), |time| Timeouts {
            connect: time,
            answer: time,
        });
        let patience = speak.patience.map_or(PATIENCE, Duration::from_secs);
        Waits { timeouts, patience }
    }
}

/// Who speaks to whom, for messages.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    /// The node's name.
    pub(crate) node: String,
    /// The file that pins its key.
    pub(crate) pinned_in: String,
    /// The name of our key.
    pub(crate) key: String,
    /// Its public half.
    pub(crate) public: PublicKey,
    /// What the conversation is for. Some requests only prepare it, and need less.
    pub(crate) purpose: RequestKind,
}

impl Session {
    /// Connects to a node that must show its pinned key.
    pub(crate) fn open(
        node: &NamedNode,
        key: &NamedKey,
        Waits { timeouts, patience }: Waits,
        purpose: RequestKind,
    ) -> Result<Session, SessionError> {
        let peers = Peers {
            node: node.name.clone(),
            pinned_in: node.file.display().to_string(),
            key: key.name.clone(),
            public: key.public(),
            purpose,
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(SessionError::Runtime)?;
        let address = node.address.as_str();
        let connecting = Caller::connect(address, &key.secret, node.key, timeouts, patience);
        match runtime.block_on(connecting) {
            Ok(caller) => Ok(Session {
                peers,
                caller: RefCell::new(Some(caller)),
                runtime,
            }),
            Err(ClientError::NotReachable { reason, .. }) => Err(SessionError::NotReachable {
                peers: Box::new(peers),
                reason: waited(&reason, timeouts.connect),
            }),
            Err(error) => Err(SessionError::Client {
                peers: Box::new(peers),
                is_change: false,
                error: Box::new(error),
            }),
        }
    }

    /// Asks, and takes a refusal for a failure.
    pub(crate) fn request(&self, request: &Request) -> Result<Response, SessionError> {
        let mut caller = self.caller.borrow_mut();
        let caller = caller.as_mut().expect("it is taken only in `drop`");
        let response = self.runtime.block_on(caller.request(request));
        self.answered(request.is_change(), response)
    }

    /// Begins a session of numbered inputs, or takes one up. A node from before there were sessions has none.
    pub(crate) fn lane(
        &self,
        machine: &str,
        again: Option<Numbered>,
    ) -> Result<Option<Lane>, SessionError> {
        if let Some(numbered) = again {
            return Ok(Some(Lane::resumed(machine, numbered)));
        }
        let mut caller = self.caller.borrow_mut();
        let caller = caller.as_mut().expect("it is taken only in `drop`");
        match self.runtime.block_on(caller.begin(machine)) {
            Ok(Ok(lane)) => Ok(Some(lane)),
            Ok(Err(refusal)) if refusal.code == RefusalCode::UNKNOWN_REQUEST => Ok(None),
            Ok(Err(refusal)) => Err(self.refused(RequestKind::Session.is_change(), refusal)),
            Err(error) => Err(self.failed(RequestKind::Session.is_change(), error)),
        }
    }

    /// Sends the next input of a session.
    pub(crate) fn submit(
        &self,
        lane: &mut Lane,
        program: [u8; 32],
        input: &[u8],
    ) -> Result<Response, SessionError> {
        let mut caller = self.caller.borrow_mut();
        let caller = caller.as_mut().expect("it is taken only in `drop`");
        let response = self.runtime.block_on(caller.submit(lane, program, input));
        self.answered(RequestKind::Numbered.is_change(), response)
    }

    fn answered(
        &self,
        is_change: bool,
        response: Result<Response, ClientError>,
    ) -> Result<Response, SessionError> {
        match response {
            Ok(Response::Refused(refusal)) => Err(self.refused(is_change, refusal)),
            Ok(response) => Ok(response),
            Err(error) => Err(self.failed(is_change, error)),
        }
    }

    fn refused(&self, is_change: bool, refusal: Refusal) -> SessionError {
        let refused = Refused::new(self.peers.clone(), is_change, refusal);
        SessionError::Refused(Box::new(refused))
    }

    fn failed(&self, is_change: bool, error: ClientError) -> SessionError {
        SessionError::Client {
            peers: Box::new(self.peers.clone()),
            is_change,
            error: Box::new(error),
        }
    }

    /// Who speaks to whom.
    pub(crate) fn peers(&self) -> &Peers {
        &self.peers
    }

    /// An answer to another question than the one that was asked.
    pub(crate) fn strange(&self, asked: RequestKind) -> SessionError {
        SessionError::Strange {
            node: self.peers.node.clone(),
            asked,
            is_change: asked.is_change(),
        }
    }

    /// As [`Session::strange`], where the kind alone does not say whether anything may have happened.
    pub(crate) fn strange_to(&self, request: &Request) -> SessionError {
        SessionError::Strange {
            node: self.peers.node.clone(),
            asked: request.kind(),
            is_change: request.is_change(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(caller) = self.caller.take() {
            self.runtime.block_on(caller.close());
        }
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("the system gives no network")]
    Runtime(#[source] io::Error),
    #[error("{}", sentence(peers, *is_change, error))]
    Client {
        peers: Box<Peers>,
        /// Whether the request can have changed anything.
        is_change: bool,
        #[source]
        error: Box<ClientError>,
    },
    #[error("`{}` is not reachable: {reason}", peers.node)]
    NotReachable { peers: Box<Peers>, reason: String },
    #[error(transparent)]
    Refused(Box<Refused>),
    #[error("`{node}` answers `{}` with something else", asked.name())]
    Strange {
        node: String,
        asked: RequestKind,
        /// Whether the request can have changed anything.
        is_change: bool,
    },
}

/// How long was waited is known here only, and so is the option that changes it.
fn waited(reason: &str, limit: Duration) -> String {
    match reason.strip_suffix(" in time") {
        Some(reason) => format!("{reason} within {} s (--timeout)", limit.as_secs()),
        None => reason.to_owned(),
    }
}

/// What happened, in words that name the node. The client's own words follow as the cause.
fn sentence(peers: &Peers, is_change: bool, error: &ClientError) -> String {
    let node = &peers.node;
    match error {
        ClientError::NotReachable { .. } => format!("`{node}` is not reachable"),
        ClientError::TurnedAway { .. } => format!("`{node}` takes no connections now"),
        ClientError::NotSent(_) => format!("the request to `{node}` was not sent"),
        ClientError::HostKey { .. } => {
            format!("`{node}` presents another key than the one that is pinned")
        }
        ClientError::NotTrusted { .. } => format!("`{node}` does not trust this key"),
        ClientError::OtherProtocol { .. } => {
            format!("`{node}` speaks another version of the protocol")
        }
        ClientError::Oversized { .. } => "the request is too long to send".to_owned(),
        ClientError::Local(_) => "there is no network on this side".to_owned(),
        ClientError::Malformed(_) if !is_change => format!("`{node}` answers what means nothing"),
        _ if !is_change => format!("no answer from `{node}`"),
        _ => format!("no answer from `{node}`: it may have happened, or not"),
    }
}

impl Failure for SessionError {
    fn exit(&self) -> Exit {
        match self {
            SessionError::Runtime(_) | SessionError::NotReachable { .. } => Exit::NotReachable,
            SessionError::Refused(refused) => refused.exit(),
            SessionError::Strange { is_change, .. } => match is_change {
                true => Exit::Unknown,
                false => Exit::Refused,
            },
            SessionError::Client {
                error, is_change, ..
            } => match **error {
                ClientError::NotReachable { .. }
                | ClientError::TurnedAway { .. }
                | ClientError::NotSent(_)
                | ClientError::Local(_) => Exit::NotReachable,
                ClientError::HostKey { .. } | ClientError::NotTrusted { .. } => Exit::Keys,
                ClientError::OtherProtocol { .. } | ClientError::Oversized { .. } => Exit::Refused,
                // What only asks has changed nothing, whether it was answered or not.
                ClientError::Malformed(_) if !is_change => Exit::Refused,
                _ if !is_change => Exit::NotReachable,
                // Whatever a later client adds: not knowing is the careful answer.
                _ => Exit::Unknown,
            },
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            SessionError::Refused(refused) => return refused.code(),
            SessionError::Runtime(_) => "F331",
            SessionError::NotReachable { .. } => NOT_REACHABLE,
            SessionError::Strange { .. } => NO_ANSWER,
            SessionError::Client { error, .. } => match **error {
                ClientError::NotReachable { .. }
                | ClientError::TurnedAway { .. }
                | ClientError::NotSent(_)
                | ClientError::Local(_) => NOT_REACHABLE,
                ClientError::HostKey { .. } => HOST_KEY,
                ClientError::OtherProtocol { .. } => OTHER_PROTOCOL,
                ClientError::Oversized { .. } => {
                    return code_name(RefusalCode::OVERSIZED_REQUEST).into();
                }
                ClientError::NotTrusted { .. } => {
                    return code_name(RefusalCode::NOT_TRUSTED).into();
                }
                _ => NO_ANSWER,
            },
        };
        code.into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            SessionError::Refused(refused) => refused.facts(),
            SessionError::NotReachable { .. } => vec![("now", "nothing was sent".to_owned())],
            SessionError::Client {
                peers,
                error,
                is_change,
            } => {
                let key = ("key", format!("{} {}", peers.key, peers.public));
                match **error {
                    ClientError::HostKey { expected, found } => vec![
                        ("pinned", format!("{expected} in {}", peers.pinned_in)),
                        ("offered", found.to_string()),
                        ("now", "nothing was sent".to_owned()),
                    ],
                    ClientError::NotTrusted { .. } => {
                        vec![key, ("now", "the request was not looked at".to_owned())]
                    }
                    ClientError::NotReachable { .. }
                    | ClientError::TurnedAway { .. }
                    | ClientError::NotSent(_)
                    | ClientError::Local(_)
                    | ClientError::OtherProtocol { .. }
                    | ClientError::Oversized { .. } => {
                        vec![("now", "nothing was sent".to_owned())]
                    }
                    _ if !is_change => vec![("now", ONLY_ASKED.to_owned())],
                    _ => Vec::new(),
                }
            }
            SessionError::Strange {
                is_change: false, ..
            } => vec![("now", ONLY_ASKED.to_owned())],
            _ => Vec::new(),
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            SessionError::Refused(refused) => refused.help(),
            SessionError::NotReachable { .. } => vec![AWAY_HELP.to_owned()],
            SessionError::Client {
                peers,
                error,
                is_change,
            } => client_help(peers, *is_change, error),
            SessionError::Strange { node, .. } => vec![format!("cam status {node}")],
            SessionError::Runtime(_) => Vec::new(),
        }
    }

    fn fields(&self) -> serde_json::Map<String, serde_json::Value> {
        match self {
            SessionError::Refused(refused) => refused.fields(),
            _ => serde_json::Map::new(),
        }
    }
}

/// For a node that is away.
const AWAY_HELP: &str = "cam node list   (is the address right, and does the node run?)";

/// What is true after a question without an answer.
const ONLY_ASKED: &str = "nothing was changed: this only asks";

fn client_help(peers: &Peers, is_change: bool, error: &ClientError) -> Vec<String> {
    let node = &peers.node;
    let help = match error {
        ClientError::HostKey { .. } => format!(
            "a new computer, or somebody in between: compare with `cam-node key` on the node itself, then: cam node forget {node}"
        ),
        ClientError::NotTrusted { .. } => crate::refused::trust_help(peers),
        ClientError::NotReachable { .. } | ClientError::NotSent(_) => AWAY_HELP.to_owned(),
        ClientError::TurnedAway { .. } => "try again, with more --patience".to_owned(),
        ClientError::Unknown(_) | ClientError::Malformed(_) if is_change => {
            format!("cam status {node}   (before you try again)")
        }
        ClientError::Unknown(_) => "try again, or wait longer: --timeout SECONDS".to_owned(),
        ClientError::Malformed(_) => "use a `cam` of the node's version".to_owned(),
        ClientError::OtherProtocol { spoken } => match spoken.as_deref().map(is_newer) {
            Some(true) => "the node is newer: install the `cam` that came with it".to_owned(),
            Some(false) => {
                "the node is older: use the `cam` that came with it, or have it replaced (cam-node serve --take-over)".to_owned()
            }
            None => "use a `cam` of the node's version".to_owned(),
        },
        _ => return Vec::new(),
    };
    vec![help]
}

/// Whether a node speaks only versions that are newer than ours: `camshaft/2 camshaft/3`.
fn is_newer(spoken: &str) -> bool {
    let number = |name: &str| name.strip_prefix("camshaft/")?.parse::<u32>().ok();
    let newest = spoken.split(' ').filter_map(number).max();
    newest > PROTOCOLS.iter().filter_map(|name| number(name)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::key::SecretKey;

    #[test]
    fn a_wait_that_ended_says_how_long_it_was() {
        let limit = Duration::from_secs(5);
        let expected = "no answer from h:1 within 5 s (--timeout)";
        assert_eq!(waited("no answer from h:1 in time", limit), expected);
        assert_eq!(waited("refused", limit), "refused");
    }

    /// What every request is told of an error that leaves no doubt, and of the others what one that changes
    /// something is told and what one that only asks.
    #[test]
    fn a_node_is_newer_if_all_that_it_speaks_is() {
        for (spoken, newer) in [
            ("camshaft/2", true),
            ("camshaft/3 camshaft/2", true),
            ("camshaft/0", false),
            ("", false),
        ] {
            assert_eq!(is_newer(spoken), newer, "{spoken}");
        }
    }

    #[test]
    fn the_exit_code_says_whether_anything_may_have_happened() {
        let key = SecretKey::from_seed(&[1; 32]).public();
        let (address, reason) = ("h:1".to_owned(), "silence".to_owned());
        let not_reachable = ClientError::NotReachable { address, reason };
        let not_sent = ClientError::NotSent(String::new());
        let (expected, found) = (key, key);
        let host_key = ClientError::HostKey { expected, found };
        let away = (Exit::NotReachable, Exit::NotReachable);
        let keys = (Exit::Keys, Exit::Keys);
        let table = [
            (not_reachable, away, "N601"),
            (not_sent, away, "N601"),
            (
                ClientError::Unknown(String::new()),
                (Exit::Unknown, Exit::NotReachable),
                "N602",
            ),
            (host_key, keys, "N603"),
            (ClientError::NotTrusted { own: key }, keys, "N200"),
            (
                ClientError::OtherProtocol { spoken: None },
                (Exit::Refused, Exit::Refused),
                "N604",
            ),
        ];
        for (error, exits, code) in table {
            let mut error = SessionError::Client {
                peers: Box::new(peers(key)),
                is_change: true,
                error: Box::new(error),
            };
            for (changes, exit) in [(true, exits.0), (false, exits.1)] {
                if let SessionError::Client { is_change, .. } = &mut error {
                    *is_change = changes;
                }
                assert_eq!(error.exit(), exit, "{error}");
                assert_eq!(error.code(), code, "{error}");
                let says = error.to_string().contains("may have happened");
                assert_eq!(says, exit == Exit::Unknown);
                assert!(!error.help().is_empty(), "{error}");
            }
        }
    }

    fn peers(public: PublicKey) -> Peers {
        Peers {
            node: "hall".to_owned(),
            pinned_in: "cam.toml".to_owned(),
            key: "ops".to_owned(),
            public,
            purpose: RequestKind::Push,
        }
    }
}
