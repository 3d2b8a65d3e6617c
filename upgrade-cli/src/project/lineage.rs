//! `history/lineage.toml`: which bundles were made, so that the next one knows which it follows, and which migrations
//! were released with them, so that later ones can come through them.
//!
//! A node accepts a bundle only as the successor of the last one, so the order is that of the machine's
//! life there. One project can be several machines (`--as`) and have bundles for one node only
//! (`--node`); each such pair has a chain of its own.

use std::collections::{BTreeMap, BTreeSet};

use cam::digest::Digest;
use node::bundle::BundleId;
use node::key::PublicKey;
use node::protocol::RolledBack;
use serde::{Deserialize, Serialize};

use super::Project;
use super::files::{self, FileError};
use crate::exit::Exit;
use crate::failure::{Code, Failure};

/// The name of the file.
const FILE: &str = "lineage.toml";

/// What the file says of itself.
const HEADER: &str = "\
# The bundles of this project, oldest first, and the migrations released with them. `cam bundle` writes it; keep it
# with the .camb files.
";

/// All bundles of a project.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Lineage {
    bundles: Vec<Link>,
    migrations: Vec<Kept>,
}

/// A migration between two versions, as it was released.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Kept {
    /// The older version.
    pub(crate) from: u32,
    /// The newer one.
    pub(crate) to: u32,
    /// The module in the history.
    pub(crate) digest: Digest,
    /// The values of the old state that it makes nothing of.
    pub(crate) drops: Vec<String>,
}

/// One bundle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    /// Whose chain it is in.
    pub(crate) chain: Chain,
    /// Its place in the chain, from 1 on.
    pub(crate) sequence: u64,
    /// The version it leads to.
    pub(crate) version: u32,
    /// The program it leads to.
    pub(crate) program: Digest,
    /// The bundle.
    pub(crate) bundle: BundleId,
    /// The reason in it.
    pub(crate) note: String,
    /// The nodes that have it, as far as is known here. It is never replaced then.
    pub(crate) pushed: Vec<String>,
}

/// A machine, and the one node its bundles are for, if they are for one only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Chain {
    /// The name on the node.
    pub(crate) machine: String,
    /// The node's key.
    pub(crate) node: Option<PublicKey>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LineageFile {
    #[serde(default)]
    bundle: Vec<LinkFields>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    migration: Vec<KeptFields>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptFields {
    from: u32,
    to: u32,
    migration: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    drops: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkFields {
    machine: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<PublicKey>,
    sequence: u64,
    version: u32,
    program: String,
    bundle: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pushed: Vec<String>,
}

impl Lineage {
    /// Reads the file of a project; one without has made no bundle.
    pub(crate) fn read(project: &Project) -> Result<Lineage, LineageError> {
        match files::read_text_if_there(&project.history().join(FILE))? {
            None => Ok(Lineage::default()),
            Some(text) => Lineage::parse(&text),
        }
    }

    /// Writes the file.
    pub(crate) fn write(&self, project: &Project) -> Result<(), LineageError> {
        let path = project.history().join(FILE);
        Ok(files::write(&path, self.text().as_bytes())?)
    }

    /// The bundles of one chain, oldest first.
    pub(crate) fn chain(&self, chain: &Chain) -> Vec<&Link> {
        let mine = self.bundles.iter().filter(|link| link.chain == *chain);
        mine.collect()
    }

    /// Adds a bundle, in place of one of the same chain and place.
    pub(crate) fn put(&mut self, link: Link) {
        let same = |old: &&mut Link| old.chain == link.chain && old.sequence == link.sequence;
        match self.bundles.iter_mut().find(same) {
            Some(old) => *old = link,
            None => self.bundles.push(link),
        }
    }

    /// Gives a chain without bundles those of another up to one version: a node that goes another way from there on.
    /// A node that is known to have had the bundle after that version has gone back from it. Where others went back
    /// to that version, it is the last place at which the node of this name is known to be.
    pub(crate) fn fork(&mut self, chain: &Chain, other: &Chain, version: u32, node: &str) {
        let mut copied: Vec<Link> = self.chain(other).into_iter().cloned().collect();
        let is_its = |link: &Link| link.pushed.iter().any(|known| known == node);
        let mine = |link: &Link| link.version == version && is_its(link);
        let newest = copied.iter().rposition(is_its);
        let back = newest.and_then(|place| {
            let before = &copied[place.checked_sub(1)?];
            let is_undone = copied[place].version != version && before.version == version;
            is_undone.then(|| (place, copied[place].undone(before, node)))
        });
        if let Some((place, link)) = back {
            copied.truncate(place + 1);
            copied.push(link);
        } else {
            let known = copied.iter().rposition(mine);
            let any = || copied.iter().rposition(|link| link.version == version);
            let Some(last) = known.or_else(any) else {
                return;
            };
            copied.truncate(last + 1);
        }
        for link in copied {
            self.put(Link {
                chain: chain.clone(),
                ..link
            });
        }
    }

    /// The migrations that were released.
    pub(crate) fn migrations(&self) -> &[Kept] {
        &self.migrations
    }

    /// The migration that was released between two versions.
    pub(crate) fn migration(&self, from: u32, to: u32) -> Option<&Kept> {
        let mut migrations = self.migrations.iter();
        migrations.find(|kept| (kept.from, kept.to) == (from, to))
    }

    /// Notes a migration that is released, in place of another between the same versions.
    pub(crate) fn keep(&mut self, kept: Kept) {
        let same = |old: &Kept| (old.from, old.to) == (kept.from, kept.to);
        self.migrations.retain(|old| !same(old));
        self.migrations.push(kept);
        self.migrations.sort_by_key(|kept| (kept.to, kept.from));
    }

    /// The versions that bundles have brought, with their programs, in order.
    pub(crate) fn programs(&self) -> BTreeMap<u32, Digest> {
        let links = self.bundles.iter();
        links.map(|link| (link.version, link.program)).collect()
    }

    /// The program of a version, if a bundle has brought it.
    pub(crate) fn program(&self, version: u32) -> Option<Digest> {
        self.programs().get(&version).copied()
    }

    /// The nodes that have a version, as far as is known here.
    pub(crate) fn pushed(&self, version: u32) -> Vec<String> {
        let links = self.bundles.iter().filter(|link| link.version == version);
        let nodes = links.flat_map(|link| link.pushed.iter().cloned());
        nodes.collect::<BTreeSet<String>>().into_iter().collect()
    }

    /// Whether a bundle, or what a rollback puts in its place, is noted in any chain.
    pub(crate) fn knows(&self, bundle: BundleId) -> bool {
        self.bundles.iter().any(|link| link.bundle == bundle)
    }

    /// Notes that a node has a bundle, and says whether that was news.
    pub(crate) fn mark_pushed(&mut self, bundle: BundleId, node: &str) -> bool {
        let links = self.bundles.iter_mut();
        let mut news = false;
        for link in links.filter(|link| link.bundle == bundle) {
            if !link.pushed.iter().any(|known| known == node) {
                link.pushed.push(node.to_owned());
                news = true;
            }
        }
        news
    }

    /// Notes that a machine has gone back on a node, if its chain here is that of the node. Says whether that
    /// was news.
    pub(crate) fn note_rollback(&mut self, machine: &str, node: &str, report: &RolledBack) -> bool {
        // Nodes that go back from one bundle get to one place, which has one name.
        if self.mark_pushed(BundleId(report.id), node) {
            return true;
        }
        let mut last: Vec<&Link> = Vec::new();
        for link in self
            .bundles
            .iter()
            .filter(|link| link.chain.machine == machine)
        {
            last.retain(|other| other.chain != link.chain);
            last.push(link);
        }
        let leads_here = |link: &&&Link| {
            link.sequence + 1 == report.sequence
                && link.program == Digest(report.from)
                && link.pushed.iter().any(|known| known == node)
        };
        let Some(before) = last.iter().find(leads_here) else {
            return false;
        };
        let link = Link {
            chain: before.chain.clone(),
            sequence: report.sequence,
            version: report.machine_version,
            program: Digest(report.to),
            bundle: BundleId(report.id),
            note: format!("rolled back: {}", report.cause),
            pushed: vec![node.to_owned()],
        };
        self.put(link);
        true
    }

    fn parse(text: &str) -> Result<Lineage, LineageError> {
        let file: LineageFile = toml::from_str(text)?;
        let bundles: Option<Vec<Link>> = file.bundle.into_iter().map(LinkFields::link).collect();
        let migrations: Option<Vec<Kept>> =
            file.migration.into_iter().map(KeptFields::kept).collect();
        let lineage = Lineage {
            bundles: bundles.ok_or(LineageError::Name)?,
            migrations: migrations.ok_or(LineageError::Name)?,
        };
        lineage.check_order()?;
        Ok(lineage)
    }

    /// Each chain counts from 1 without gaps: whatever else it said, a bundle made from it would be refused.
    fn check_order(&self) -> Result<(), LineageError> {
        for link in &self.bundles {
            let chain = self.chain(&link.chain);
            let ordered = chain
                .iter()
                .zip(1..)
                .all(|(link, place)| link.sequence == place);
            if !ordered {
                let machine = link.chain.machine.clone();
                return Err(LineageError::Order { machine });
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        let bundle = self.bundles.iter().map(Link::fields).collect();
        let migration = self.migrations.iter().map(Kept::fields).collect();
        let body = toml::to_string(&LineageFile { bundle, migration });
        format!("{HEADER}\n{}", body.expect("texts and numbers are TOML"))
    }
}

impl Link {
    /// Where a node is that has gone back from this bundle to the one before it.
    fn undone(&self, before: &Link, node: &str) -> Link {
        let sequence = self.sequence + 1;
        let machine = &self.chain.machine;
        Link {
            sequence,
            bundle: self.bundle.rolled_back(machine, sequence, before.program),
            note: "rolled back".to_owned(),
            pushed: vec![node.to_owned()],
            ..before.clone()
        }
    }

    fn fields(&self) -> LinkFields {
        LinkFields {
            machine: self.chain.machine.clone(),
            node: self.chain.node,
            sequence: self.sequence,
            version: self.version,
            program: self.program.to_string(),
            bundle: self.bundle.to_string(),
            note: self.note.clone(),
            pushed: self.pushed.clone(),
        }
    }
}

impl Kept {
    fn fields(&self) -> KeptFields {
        KeptFields {
            from: self.from,
            to: self.to,
            migration: self.digest.to_string(),
            drops: self.drops.clone(),
        }
    }
}

impl KeptFields {
    fn kept(self) -> Option<Kept> {
        Some(Kept {
            from: self.from,
            to: self.to,
            digest: self.migration.parse().ok()?,
            drops: self.drops,
        })
    }
}

impl LinkFields {
    fn link(self) -> Option<Link> {
        Some(Link {
            chain: Chain {
                machine: self.machine,
                node: self.node,
            },
            sequence: self.sequence,
            version: self.version,
            program: self.program.parse().ok()?,
            bundle: self.bundle.parse().ok()?,
            note: self.note,
            pushed: self.pushed,
        })
    }
}

/// Why the lineage cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineageError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`history/{FILE}` is not well-formed")]
    Syntax(#[from] toml::de::Error),
    #[error("`history/{FILE}` names a program or a bundle by what is no digest")]
    Name,
    #[error("the bundles of `{machine}` in `history/{FILE}` do not count from 1 upwards")]
    Order { machine: String },
}

impl Failure for LineageError {
    fn exit(&self) -> Exit {
        match self {
            LineageError::File(error) => error.exit(),
            _ => Exit::Wrong,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            LineageError::Syntax(_) => "F111",
            LineageError::Name => "F112",
            LineageError::Order { .. } => "F113",
            LineageError::File(error) => return error.code(),
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        vec!["take the file from version control again".to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::rollback::Way;
    use node::trial::Cause;

    fn link(machine: &str, sequence: u64) -> Link {
        let number = u8::try_from(sequence).unwrap();
        Link {
            chain: Chain {
                machine: machine.to_owned(),
                node: None,
            },
            sequence,
            version: u32::from(number),
            program: Digest([number; 32]),
            bundle: BundleId([number; 32]),
            note: "a \"note\"".to_owned(),
            pushed: Vec::new(),
        }
    }

    #[test]
    fn a_lineage_reads_back_and_keeps_its_chains_apart() {
        let mut lineage = Lineage::default();
        for (machine, sequence) in [("a", 1), ("b", 1), ("a", 2)] {
            lineage.put(link(machine, sequence));
        }
        for (from, drops) in [(2, vec![]), (1, vec!["a.b".to_owned()]), (2, vec![])] {
            let digest = Digest([9; 32]);
            let to = from + 1;
            lineage.keep(Kept {
                from,
                to,
                digest,
                drops,
            });
        }
        assert_eq!(lineage.migrations().len(), 2);
        assert_eq!(Lineage::parse(&lineage.text()).unwrap(), lineage);
        assert_eq!(lineage.chain(&link("a", 1).chain).len(), 2);
        assert_eq!(lineage.chain(&link("c", 1).chain).len(), 0);
    }

    #[test]
    fn a_bundle_takes_the_place_of_the_one_at_its_place() {
        let mut lineage = Lineage::default();
        lineage.put(link("a", 1));
        let other = Link {
            version: 7,
            ..link("a", 1)
        };
        lineage.put(other.clone());
        assert_eq!(lineage.chain(&other.chain), [&other]);
    }

    #[test]
    fn a_node_that_has_a_bundle_is_noted_once() {
        let mut lineage = Lineage::default();
        lineage.put(link("a", 1));
        let bundle = link("a", 1).bundle;
        assert!(lineage.mark_pushed(bundle, "hall"));
        assert!(!lineage.mark_pushed(bundle, "hall"));
        assert!(!lineage.mark_pushed(BundleId([9; 32]), "hall"));
        let read = Lineage::parse(&lineage.text()).unwrap();
        assert_eq!(read.chain(&link("a", 1).chain)[0].pushed, ["hall"]);
    }

    #[test]
    fn a_rollback_is_noted_once_and_only_where_it_follows() {
        let mut lineage = Lineage::default();
        lineage.put(link("a", 1));
        lineage.put(link("a", 2));
        let report = RolledBack {
            sequence: 3,
            id: [8; 32],
            from: [2; 32],
            to: [1; 32],
            machine_version: 1,
            cause: Cause::Asked,
            way: Way::Mapped,
            state_bytes: 1,
        };
        assert!(
            !lineage.note_rollback("a", "hall", &report),
            "it was never pushed"
        );
        lineage.mark_pushed(link("a", 2).bundle, "hall");
        assert!(!lineage.note_rollback("b", "hall", &report));
        assert!(lineage.note_rollback("a", "hall", &report));
        assert!(!lineage.note_rollback("a", "hall", &report));
        // Others that go back from it get to the same place.
        lineage.mark_pushed(link("a", 2).bundle, "attic");
        assert!(lineage.note_rollback("a", "attic", &report));
        assert_eq!(
            lineage.chain(&link("a", 1).chain)[2].pushed,
            ["hall", "attic"]
        );
        let read = Lineage::parse(&lineage.text()).unwrap();
        assert_eq!(read.chain(&link("a", 1).chain)[2].bundle, BundleId([8; 32]));
    }

    #[test]
    fn a_chain_of_a_node_goes_on_from_the_version_where_it_left_the_others() {
        let mut lineage = Lineage::default();
        (1..=3).for_each(|sequence| lineage.put(link("a", sequence)));
        let own = link("b", 1).chain;
        lineage.fork(&own, &link("a", 1).chain, 2, "hall");
        let versions = |chain| {
            let links: Vec<u32> = lineage
                .chain(chain)
                .iter()
                .map(|link| link.version)
                .collect();
            links
        };
        assert_eq!(versions(&own), [1, 2]);
        assert_eq!(versions(&link("a", 1).chain), [1, 2, 3]);
        // Of two places with one version it is that which the node is known to have.
        let back = Link {
            version: 2,
            ..link("a", 4)
        };
        lineage.put(back);
        lineage.mark_pushed(link("a", 2).bundle, "hall");
        for (node, length) in [("hall", 2), ("attic", 4)] {
            let own = link(node, 1).chain;
            lineage.fork(&own, &link("a", 1).chain, 2, node);
            assert_eq!(lineage.chain(&own).len(), length, "{node}");
        }
    }

    #[test]
    fn a_node_that_went_back_alone_goes_on_from_there() {
        let mut lineage = Lineage::default();
        (1..=3).for_each(|sequence| lineage.put(link("a", sequence)));
        let (shared, third) = (link("a", 1).chain, link("a", 3).bundle);
        for node in ["hall", "attic"] {
            lineage.mark_pushed(third, node);
        }
        let own = Chain {
            node: Some(node::key::SecretKey::from_seed(&[1; 32]).public()),
            ..shared.clone()
        };
        lineage.fork(&own, &shared, 2, "hall");
        let links = lineage.chain(&own);
        assert_eq!(links.len(), 4);
        let back = third.rolled_back("a", 4, Digest([2; 32]));
        assert_eq!((links[3].bundle, links[3].version), (back, 2));
        assert!(lineage.knows(back));
        assert_eq!(lineage.chain(&shared).len(), 3, "the others stay");
        let read = Lineage::parse(&lineage.text()).unwrap();
        assert_eq!(read.chain(&own), links);
    }

    #[test]
    fn a_chain_with_a_gap_is_refused() {
        for sequences in [&[2][..], &[1, 3], &[0, 1]] {
            let bundles = sequences.iter().map(|place| link("a", *place)).collect();
            let migrations = Vec::new();
            let text = Lineage {
                bundles,
                migrations,
            }
            .text();
            assert!(
                matches!(Lineage::parse(&text), Err(LineageError::Order { .. })),
                "{sequences:?}"
            );
        }
        let text = Lineage {
            bundles: vec![link("a", 1)],
            migrations: Vec::new(),
        }
        .text();
        let broken = text.replace("c1:", "c9:");
        assert!(matches!(Lineage::parse(&broken), Err(LineageError::Name)));
    }
}
