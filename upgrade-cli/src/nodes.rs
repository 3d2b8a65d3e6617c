//! The nodes that have a name: their addresses and pinned keys.
//!
//! A project keeps them in `cam.toml`, the user in `nodes.toml`; the project's win. A key gets there
//! only by the user's hand: a key taken from the network would be the key of whoever answered first.

mod error;
mod group;

use std::path::{Path, PathBuf};

use node::key::PublicKey;
use toml_edit::{DocumentMut, Item, Table, value};

use crate::arguments::NodeAddress;
use crate::project::files;
use crate::project::is_project_name;
use group::{Group, groups_in};

pub(crate) use error::NodesError;

/// The table of the nodes in both files.
const TABLE: &str = "node";

/// The file in the user's folder of configuration.
pub(crate) const USER_FILE: &str = "nodes.toml";

/// A node that has a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NamedNode {
    /// What it is called.
    pub(crate) name: String,
    /// Where it listens.
    pub(crate) address: NodeAddress,
    /// The key it must show.
    pub(crate) key: PublicKey,
    /// The file that says so.
    pub(crate) file: PathBuf,
}

/// All nodes that have a name here.
#[derive(Clone, Default, Debug)]
pub(crate) struct Nodes {
    /// The project's before the user's.
    nodes: Vec<NamedNode>,
    /// Names for several of them.
    groups: Vec<Group>,
    /// Where a new one is written: the project, or without one the user's file.
    home: Option<PathBuf>,
}

impl Nodes {
    /// Reads the nodes of a project and of the user.
    pub(crate) fn read(project: Option<&Path>, user: Option<&Path>) -> Result<Nodes, NodesError> {
        let mut nodes: Vec<NamedNode> = Vec::new();
        let mut groups: Vec<Group> = Vec::new();
        for file in [project, user].into_iter().flatten() {
            let text = files::read_text_if_there(file)?.unwrap_or_default();
            let document = parse(file, &text)?;
            for node in nodes_in(file, &document)? {
                if nodes.iter().all(|nearer| nearer.name != node.name) {
                    nodes.push(node);
                }
            }
            for group in groups_in(file, &document)? {
                if groups.iter().all(|nearer| nearer.name != group.name) {
                    groups.push(group);
                }
            }
        }
        let home = project.or(user).map(Path::to_owned);
        Ok(Nodes {
            nodes,
            groups,
            home,
        })
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[NamedNode] {
        &self.nodes
    }

    /// The node of a name.
    pub(crate) fn get(&self, name: &str) -> Result<&NamedNode, NodesError> {
        let found = self.nodes.iter().find(|node| node.name == name);
        found.ok_or_else(|| NodesError::NotFound {
            name: name.to_owned(),
            there: self.nodes.iter().map(|node| node.name.clone()).collect(),
        })
    }

    /// Names a node. The same again is fine; another key under the same name is not.
    pub(crate) fn add(
        &self,
        name: &str,
        address: &NodeAddress,
        key: PublicKey,
    ) -> Result<NamedNode, NodesError> {
        if !is_project_name(name) {
            let name = name.to_owned();
            return Err(NodesError::Name { name });
        }
        let file = self.home.clone().ok_or(NodesError::NoHome)?;
        let old = self.nodes.iter().find(|node| node.name == name);
        if let Some(old) = old.filter(|old| old.key != key) {
            let pinned = Box::new(old.clone());
            return Err(NodesError::OtherKey {
                pinned,
                offered: key,
            });
        }
        edit(&file, |document| insert(document, name, address, key))?;
        Ok(NamedNode {
            name: name.to_owned(),
            address: address.clone(),
            key,
            file,
        })
    }

    /// Forgets a node, where it was found.
    pub(crate) fn forget(&self, name: &str) -> Result<NamedNode, NodesError> {
        let node = self.get(name)?.clone();
        edit(&node.file, |document| remove(document, name))?;
        Ok(node)
    }
}

/// A table that has no line of its own: `[node.hall]` says it.
fn implicit_table() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// Adds a node, or changes its address and key. What stands after the last table of the file goes before
/// the new one; it would end up behind it otherwise, and seem to belong to it.
fn insert(document: &mut DocumentMut, name: &str, address: &NodeAddress, key: PublicKey) {
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    let nodes = document.entry(TABLE).or_insert_with(implicit_table);
    let Some(nodes) = nodes.as_table_like_mut() else {
        return;
    };
    let is_new = !nodes.contains_key(name);
    let entry = nodes.entry(name).or_insert_with(|| {
        let mut table = Table::new();
        table.decor_mut().set_prefix(format!("{trailing}\n"));
        Item::Table(table)
    });
    if let Some(entry) = entry.as_table_like_mut() {
        entry.insert("url", value(address.as_str()));
        entry.insert("key", value(key.to_string()));
    }
    if is_new {
        document.set_trailing("");
    }
}

/// Takes a node away. Comments before it stay.
fn remove(document: &mut DocumentMut, name: &str) {
    let nodes = document.get_mut(TABLE).and_then(Item::as_table_like_mut);
    let Some(Item::Table(gone)) = nodes.and_then(|nodes| nodes.remove(name)) else {
        return;
    };
    let prefix = gone.decor().prefix().and_then(|prefix| prefix.as_str());
    let prefix = prefix.unwrap_or_default().trim_end();
    if !prefix.is_empty() {
        let trailing = document.trailing().as_str().unwrap_or_default();
        let comments = format!("{prefix}\n{trailing}");
        document.set_trailing(comments);
    }
}

/// Changes a file and keeps whatever else the user wrote into it.
fn edit(file: &Path, change: impl FnOnce(&mut DocumentMut)) -> Result<(), NodesError> {
    let text = files::read_text_if_there(file)?.unwrap_or_default();
    let mut document = parse(file, &text)?;
    change(&mut document);
    Ok(files::write(file, document.to_string().as_bytes())?)
}

fn parse(file: &Path, text: &str) -> Result<DocumentMut, NodesError> {
    text.parse().map_err(|source| NodesError::Syntax {
        file: file.to_owned(),
        source: Box::new(source),
    })
}

fn nodes_in(file: &Path, document: &DocumentMut) -> Result<Vec<NamedNode>, NodesError> {
    let Some(table) = document.get(TABLE) else {
        return Ok(Vec::new());
    };
    let wrong = |name: &str, reason: String| NodesError::Entry {
        file: file.to_owned(),
        name: name.to_owned(),
        reason,
    };
    let table = table
        .as_table_like()
        .ok_or_else(|| wrong(TABLE, "expected a table".to_owned()))?;
    let mut nodes = Vec::new();
    for (name, entry) in table.iter() {
        let field = |field: &str| {
            let text = entry.get(field).and_then(Item::as_str);
            text.ok_or_else(|| wrong(name, format!("`{field}` is missing")))
        };
        let address = field("url")?.parse();
        let key = field("key")?.parse::<PublicKey>();
        nodes.push(NamedNode {
            name: name.to_owned(),
            address: address.map_err(|reason| wrong(name, reason))?,
            key: key.map_err(|error| wrong(name, error.to_string()))?,
            file: file.to_owned(),
        });
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::failure::Failure;
    use node::key::SecretKey;

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    fn address(text: &str) -> NodeAddress {
        text.parse().unwrap()
    }

    #[test]
    fn comments_stay_when_nodes_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cam.toml");
        let before = "# mine\n[package]\nname = \"a\" # short\n# the end\n";
        std::fs::write(&file, before).unwrap();
        let nodes = || Nodes::read(Some(&file), None).unwrap();
        nodes().add("hall", &address("h:1"), key(1)).unwrap();
        nodes().add("attic", &address("h:2"), key(2)).unwrap();
        nodes().add("hall", &address("h:3"), key(1)).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(before), "{text}");
        assert_eq!(nodes().get("hall").unwrap().address, address("h:3"));
        nodes().forget("hall").unwrap();
        nodes().forget("attic").unwrap();
        assert_eq!(
            std::fs::read_to_string(&file).unwrap().trim_end(),
            before.trim_end()
        );
    }

    #[test]
    fn a_pinned_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nodes.toml");
        let nodes = || Nodes::read(None, Some(&file)).unwrap();
        nodes().add("hall", &address("h:1"), key(1)).unwrap();
        let refused = nodes().add("hall", &address("h:1"), key(2)).unwrap_err();
        assert_eq!(refused.exit(), Exit::Keys);
        assert_eq!(nodes().get("hall").unwrap().key, key(1));
    }

    #[test]
    fn the_nodes_of_the_project_win() {
        let folder = tempfile::tempdir().unwrap();
        let (project, user) = (
            folder.path().join("cam.toml"),
            folder.path().join("nodes.toml"),
        );
        let add = |file: &Path, name: &str, seed: u8| {
            let nodes = Nodes::read(Some(file), None).unwrap();
            nodes.add(name, &address("h:1"), key(seed)).unwrap();
        };
        add(&user, "hall", 1);
        add(&user, "attic", 2);
        add(&project, "hall", 3);
        let nodes = Nodes::read(Some(&project), Some(&user)).unwrap();
        assert_eq!(nodes.get("hall").unwrap().key, key(3));
        assert_eq!(nodes.get("attic").unwrap().key, key(2));
        assert_eq!(nodes.all().len(), 2);
    }

    #[test]
    fn an_entry_that_makes_no_sense_is_named() {
        let good = format!("url = \"h:1\"\nkey = \"{}\"\n", key(1));
        let cases = [
            ("node = 1", "expected a table"),
            ("[node.hall]\nurl = \"h:1\"", "`key` is missing"),
            (
                "[node.hall]\nurl = \"h:1\"\nkey = \"ed25519:00\"",
                "64 lower-case",
            ),
            (
                &format!("[node.hall]\n{}", good.replace("h:1", "h")),
                "expected `host:port`",
            ),
        ];
        for (text, expected) in cases {
            let error = nodes_in(Path::new("cam.toml"), &text.parse().unwrap())
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
