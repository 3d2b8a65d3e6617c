//! What a node's refusal means for the person who asked: exit code, facts, what to do.

use cam::digest::Digest;
use node::bundle::BundleId;
use node::key::PublicKey;
use node::printable::Printable;
use node::protocol::{Class, Refusal, RefusalCode, RequestKind};
use node::trust::{Right, Role};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::session::Peers;

/// A refusal, and what is known here about what was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{}` refuses: {}", peers.node, Printable(&refusal.reason))]
pub(crate) struct Refused {
    peers: Peers,
    /// Whether the request can have changed anything.
    is_change: bool,
    refusal: Refusal,
    offer: Option<Offer>,
}

/// The bundle that was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Offer {
    /// Its file.
    pub(crate) file: String,
    /// The machine it is for.
    pub(crate) machine: String,
    /// The program it starts from.
    pub(crate) old: Option<Digest>,
    /// The program it leads to.
    pub(crate) new: Digest,
    /// The version in our history of the program that runs.
    pub(crate) running_version: Option<u32>,
    /// The bundle it follows.
    pub(crate) previous: Option<BundleId>,
    /// What the node has accepted, if that was found out.
    pub(crate) accepted: Option<Accepted>,
    /// Whether it was just noted in our history that the machine has gone back there.
    pub(crate) went_back: bool,
}

/// The bundles that a machine has accepted, as far as another one is compared with them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Accepted {
    /// The place of this very bundle, if it is one of them.
    pub(crate) place: Option<u64>,
    /// How many they are.
    pub(crate) count: u64,
    /// The last of them.
    pub(crate) last: BundleId,
    /// Whether the machine went back from this very bundle.
    pub(crate) is_undone: bool,
    /// Whether the last of them is a rollback that the project's history does not note, since others did not go back.
    pub(crate) is_apart: bool,
}

impl Refused {
    /// A refusal as it came.
    pub(crate) fn new(peers: Peers, is_change: bool, refusal: Refusal) -> Refused {
        Refused {
            peers,
            is_change,
            refusal,
            offer: None,
        }
    }

    /// Adds the bundle that it is about.
    #[must_use]
    pub(crate) fn of_bundle(mut self, offer: Offer) -> Refused {
        self.offer = Some(offer);
        self
    }

    /// The reason, as the wire has it.
    pub(crate) fn reason(&self) -> RefusalCode {
        self.refusal.code
    }

    /// The program that the refusal names beside it: the one that was expected, or meant before.
    pub(crate) fn expected(&self) -> Option<Digest> {
        self.refusal.expected.map(Digest)
    }

    /// The program that runs, if the refusal says so.
    pub(crate) fn running(&self) -> Option<Digest> {
        self.refusal.running.map(Digest)
    }
}

/// `N303`: a number that is never reused, for `cam explain` and for searching.
pub(crate) fn code_name(code: RefusalCode) -> String {
    format!("N{}", code.0)
}

impl Failure for Refused {
    fn exit(&self) -> Exit {
        match self.refusal.code.class() {
            Class::Keys => Exit::Keys,
            Class::Busy => Exit::NotReachable,
            // The store may have failed before or after it wrote.
            Class::Node if self.is_change => Exit::Unknown,
            _ => Exit::Refused,
        }
    }

    fn code(&self) -> Code {
        code_name(self.refusal.code).into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        let expected = self.refusal.expected.map(Digest);
        if let Some(running) = self.running() {
            let known = self.offer.as_ref().and_then(|offer| offer.running_version);
            let known = known.map_or(String::new(), |version| format!(" (our version {version})"));
            facts.push(("running", format!("{running}{known}")));
        }
        match &self.offer {
            Some(Offer { old, new, .. }) => {
                let old = old.map_or("nothing".to_owned(), |old| old.to_string());
                facts.push(("from", old));
                facts.push(("to", new.to_string()));
            }
            None => facts.extend(expected.map(|digest| ("expected", digest.to_string()))),
        }
        if let Some(sequence) = self.refusal.sequence {
            facts.push(("accepted", crate::report::count(sequence, "bundle")));
        }
        if self.refusal.code == RefusalCode::STALE_SEQUENCE
            && let Some(offer) = &self.offer
        {
            let previous = offer
                .previous
                .map_or("nothing".to_owned(), |id| id.to_string());
            let last = offer
                .accepted
                .as_ref()
                .map(|accepted| accepted.last.to_string());
            facts.push(("follows", previous));
            facts.extend(last.map(|last| ("its last", last)));
        }
        facts.push(("now", Printable(&self.refusal.now).to_string()));
        facts
    }

    fn help(&self) -> Vec<String> {
        let node = &self.peers.node;
        let code = self.refusal.code;
        let help = match (code, &self.offer) {
            (RefusalCode::STALE_PROGRAM | RefusalCode::STALE_SEQUENCE, Some(offer)) => {
                return self.stale_help(offer);
            }
            (RefusalCode::NOT_SIGNED_ENOUGH, Some(offer)) => format!(
                "cam sign {} --key NAME   (a key that the trust file of `{node}` names as author)",
                offer.file
            ),
            (RefusalCode::UNAUTHENTIC | RefusalCode::MALFORMED_BUNDLE, _) => {
                "do not push it: make the bundle again from source, and compare".to_owned()
            }
            (RefusalCode::NOT_TRUSTED, _) => trust_help(&self.peers),
            // Only a key that may do it on another machine is asked which machine it means.
            (RefusalCode::NOT_ALLOWED, _) if self.refusal.reason.contains(" for machine `") => {
                format!(
                    "`{}` may do this on other machines: who runs `{node}` can add this one to its `machines` in the trust file",
                    self.peers.key
                )
            }
            (RefusalCode::NOT_ALLOWED, _) => format!(
                "who runs `{node}` can give `{}` the role `{}` in its trust file",
                self.peers.key,
                role(self.peers.purpose)
            ),
            (RefusalCode::TRUST_UNUSABLE, _) => {
                "on the node: cam-node trust check --config node.toml".to_owned()
            }
            (RefusalCode::UNKNOWN_REQUEST, _) => {
                format!("`{node}` is older than this `cam`, and learns it with a newer `cam-node`")
            }
            (RefusalCode::UNKNOWN_MACHINE, _) => format!("cam status {node}"),
            (RefusalCode::MIGRATION_TRAPPED | RefusalCode::CHECK_FAILED, Some(offer)) => format!(
                "cam state {node} {}   (the state it stops on; `given` puts it into a trace)",
                offer.machine
            ),
            (RefusalCode::ON_TRIAL, offer) => {
                let machine = offer.as_ref().map(|offer| format!(" {}", offer.machine));
                let machine = machine.unwrap_or_default();
                return vec![
                    format!("cam trial {node}{machine}   (how it goes; --pass ends it)"),
                    format!("cam rollback {node}{machine}"),
                ];
            }
            (RefusalCode::HAS_SHADOW, Some(offer)) => {
                let machine = &offer.machine;
                return vec![
                    format!("cam shadow {node} {machine}   (how it does)"),
                    format!("cam shadow {node} {machine} --drop"),
                ];
            }
            (RefusalCode::NO_WAY_BACK, _) => {
                "write the version that mends it, and push that".to_owned()
            }
            (RefusalCode::OTHER_NODE, _) => format!("cam bundle --node {node}"),
            (RefusalCode::OTHER_MACHINE, _) => "cam bundle --as NAME".to_owned(),
            (RefusalCode::NOT_A_QUERY, _) => "cam send, which changes the state".to_owned(),
            (RefusalCode::STORAGE | RefusalCode::BUG, _) => {
                format!("its operator must look; then: cam status {node}")
            }
            _ if code.class() == Class::Busy => "try again".to_owned(),
            _ => return Vec::new(),
        };
        vec![help]
    }

    fn fields(&self) -> Map<String, Value> {
        let digest = |digest: Option<Digest>| digest.map(|digest| digest.to_string());
        let mut fields = Map::new();
        let refusal = json!({
            "node": self.peers.node,
            "number": self.refusal.code.0,
            "name": self.refusal.code.to_string(),
            "running": digest(self.running()),
            "expected": digest(self.refusal.expected.map(Digest)),
            "sequence": self.refusal.sequence,
            "now": Printable(&self.refusal.now).to_string(),
        });
        fields.insert("refusal".to_owned(), refusal);
        fields
    }
}

impl Refused {
    /// The bundle does not start where the machine is: make one that does.
    fn stale_help(&self, offer: &Offer) -> Vec<String> {
        let (node, machine) = (&self.peers.node, &offer.machine);
        if offer.went_back {
            return vec![format!(
                "`{machine}` has gone back on {node}, which history/lineage.toml notes now: cam bundle"
            )];
        }
        if self.running().is_none() && self.refusal.sequence == Some(0) {
            return vec![format!(
                "nothing runs as `{machine}` yet: push its first bundle, the one that starts from nothing"
            )];
        }
        if let Some(help) = self.came_before(offer) {
            return vec![help];
        }
        let look = format!("cam history {node} {machine}");
        let is_apart = offer
            .accepted
            .as_ref()
            .is_some_and(|accepted| accepted.is_apart);
        match offer.running_version {
            Some(version) if offer.old.is_none() => vec![
                format!(
                    "it runs already: for a change, write version {} and cam bundle --from {version}",
                    version + 1
                ),
                look,
            ],
            Some(version) if is_apart => vec![
                format!(
                    "`{machine}` has gone back on {node}, and not on all nodes: cam bundle --node {node} --from {version}"
                ),
                look,
            ],
            Some(_) if self.refusal.code == RefusalCode::STALE_SEQUENCE => {
                let mut help = vec![format!(
                    "`{node}` has accepted another last bundle than history/lineage.toml notes: take the lineage.toml of what was pushed from version control, then cam bundle --replace"
                )];
                let after = offer.accepted.as_ref().map(|accepted| accepted.last);
                help.extend(after.map(|last| {
                    format!("cam bundle --after {last}, where it cannot be found any more")
                }));
                help
            }
            Some(version) => vec![format!("cam bundle --from {version}"), look],
            None => vec![
                look,
                "get the history/ that this program came from; yours does not have it".to_owned(),
                format!("or is it not the `{machine}` that runs? cam bundle --as ANOTHER_NAME"),
            ],
        }
    }

    /// What became of this very bundle, if the node has had it before.
    fn came_before(&self, offer: &Offer) -> Option<String> {
        let accepted = offer.accepted.as_ref()?;
        let place = accepted.place.filter(|place| *place < accepted.count)?;
        let next = place.saturating_add(1);
        if !accepted.is_undone {
            return Some(format!(
                "this bundle was accepted as bundle {place}; bundle {next} came after it; nothing to do"
            ));
        }
        let command = match offer.running_version.filter(|_| accepted.is_apart) {
            Some(version) => format!("cam bundle --node {} --from {version}", self.peers.node),
            None => "cam bundle".to_owned(),
        };
        Some(format!(
            "this bundle was accepted as bundle {place}, and taken back as {next}: {command} makes one that follows"
        ))
    }
}

/// What an operator must write so that the key may speak.
pub(crate) fn trust_help(peers: &Peers) -> String {
    let entry = trust_entry(&peers.key, &peers.public, role(peers.purpose));
    format!(
        "who runs `{}` can add to its trust file:\n{entry}",
        peers.node
    )
}

/// An entry of a trust file, to be pasted.
pub(crate) fn trust_entry(name: &str, key: &PublicKey, role: &str) -> String {
    format!(
        "        [[key]]\n        name = \"{name}\"\n        key = \"{key}\"\n        roles = [\"{role}\"]"
    )
}

/// The role that allows a request and no more than it needs.
fn role(asked: RequestKind) -> &'static str {
    match asked.right() {
        Right::Author => Role::Author,
        Right::Deliver => Role::Operator,
        Right::Submit => Role::Client,
        Right::Observe => Role::Observer,
    }
    .name()
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::key::SecretKey;

    fn refused(code: RefusalCode, asked: RequestKind) -> Refused {
        let peers = Peers {
            node: "hall".to_owned(),
            pinned_in: "cam.toml".to_owned(),
            key: "ops".to_owned(),
            public: SecretKey::from_seed(&[1; 32]).public(),
            purpose: asked,
        };
        Refused::new(
            peers,
            asked.is_change(),
            Refusal::new(code, "because\u{1b}[2J"),
        )
    }

    #[test]
    fn every_refusal_has_the_exit_code_of_its_class() {
        for code in RefusalCode::ALL {
            let exit = |asked| refused(*code, asked).exit();
            let (push, status) = (exit(RequestKind::Push), exit(RequestKind::Status));
            assert_eq!(exit(RequestKind::Plan), status, "a plan only asks");
            let expected = match code.0 / 100 {
                2 => (Exit::Keys, Exit::Keys),
                4 => (Exit::NotReachable, Exit::NotReachable),
                5 => (Exit::Unknown, Exit::Refused),
                _ => (Exit::Refused, Exit::Refused),
            };
            assert_eq!((push, status), expected, "{code}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_true_and_a_node_cannot_write_on_the_terminal() {
        let refused = refused(RefusalCode::NOT_ALLOWED, RequestKind::Push);
        assert_eq!(refused.to_string(), "`hall` refuses: because\\u{1b}[2J");
        let now = ("now", "nothing was changed".to_owned());
        assert_eq!(refused.facts(), [now]);
        assert!(refused.help()[0].contains("give `ops` the role `operator`"));
    }

    #[test]
    fn a_stale_bundle_is_answered_with_the_command_that_makes_the_right_one() {
        let offer = |old: Option<u8>, running_version| Offer {
            file: "out/a.bundle".to_owned(),
            machine: "counter".to_owned(),
            old: old.map(|old| Digest([old; 32])),
            new: Digest([9; 32]),
            running_version,
            previous: None,
            accepted: None,
            went_back: false,
        };
        let stale = |running: Option<u8>, offer| {
            let mut refused = refused(RefusalCode::STALE_PROGRAM, RequestKind::Push);
            refused.refusal.running = running.map(|running| [running; 32]);
            refused.refusal.sequence = Some(u64::from(running.is_some()));
            refused.of_bundle(offer).help()[0].clone()
        };
        assert_eq!(
            stale(Some(2), offer(Some(1), Some(2))),
            "cam bundle --from 2"
        );
        assert!(stale(Some(2), offer(None, Some(2))).contains("runs already"));
        assert!(stale(Some(2), offer(Some(1), None)).contains("cam history hall counter"));
        assert!(stale(None, offer(Some(1), None)).contains("first bundle"));
    }
}
