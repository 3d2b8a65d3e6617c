//! Groups of nodes: `[group]` in `cam.toml` or `nodes.toml`, a name and the names of its nodes.

use std::path::Path;

use toml_edit::{DocumentMut, Item};

use super::{NamedNode, Nodes, NodesError};

/// The table of the groups in both files.
const TABLE: &str = "group";

/// Nodes that are pushed to together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Group {
    /// What they are called together.
    pub(super) name: String,
    /// Each of them. A group has no groups in it.
    pub(super) nodes: Vec<String>,
}

impl Nodes {
    /// The nodes that names of nodes and of groups mean, in that order and each once. A node's name wins over
    /// that of a group.
    pub(crate) fn meant(&self, names: &[String]) -> Result<Vec<NamedNode>, NodesError> {
        let mut meant: Vec<NamedNode> = Vec::new();
        for name in names {
            let is_node = self.nodes.iter().any(|node| node.name == *name);
            let group = self.groups.iter().find(|group| group.name == *name);
            let members = match group {
                Some(group) if !is_node => group.nodes.as_slice(),
                _ => std::slice::from_ref(name),
            };
            for member in members {
                let node = self.get(member)?;
                if !meant.contains(node) {
                    meant.push(node.clone());
                }
            }
        }
        Ok(meant)
    }
}

/// The groups in a file.
pub(super) fn groups_in(file: &Path, document: &DocumentMut) -> Result<Vec<Group>, NodesError> {
    let Some(table) = document.get(TABLE) else {
        return Ok(Vec::new());
    };
    let wrong = |name: &str| NodesError::Group {
        file: file.to_owned(),
        name: name.to_owned(),
    };
    let table = table.as_table_like().ok_or_else(|| wrong(TABLE))?;
    let group = |(name, entry): (&str, &Item)| {
        let names = entry.as_array().ok_or_else(|| wrong(name))?.iter();
        let names: Option<Vec<_>> = names.map(|name| Some(name.as_str()?.to_owned())).collect();
        Ok(Group {
            name: name.to_owned(),
            nodes: names.ok_or_else(|| wrong(name))?,
        })
    };
    table.iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::key::SecretKey;

    #[test]
    fn names_and_groups_mean_each_node_once_in_the_order_of_their_mention() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cam.toml");
        let entry = |name: &str, seed| {
            let key = SecretKey::from_seed(&[seed; 32]).public();
            format!("[node.{name}]\nurl = \"h:1\"\nkey = \"{key}\"\n")
        };
        let nodes = entry("a", 1) + &entry("b", 2) + &entry("c", 3);
        let groups = "[group]\neu = [\"c\", \"a\"]\nc = [\"b\"]\nempty = []\ngone = [\"x\"]\n";
        std::fs::write(&file, nodes + groups).unwrap();
        let nodes = Nodes::read(Some(&file), None).unwrap();
        let meant = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let meant = nodes.meant(&names).ok()?;
            Some(meant.into_iter().map(|node| node.name).collect::<Vec<_>>())
        };
        let table: &[(&[&str], Option<&[&str]>)] = &[
            (&["eu"], Some(&["c", "a"])),
            (&["a", "eu", "b"], Some(&["a", "c", "b"])),
            (&["c"], Some(&["c"])),
            (&["empty"], Some(&[])),
            (&["gone"], None),
            (&["nobody"], None),
        ];
        for (names, expected) in table {
            let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()));
            assert_eq!(meant(names), expected.map(Iterator::collect), "{names:?}");
        }
    }

    #[test]
    fn a_group_is_a_list_of_names() {
        for text in [
            "group = 1",
            "[group]\neu = \"a\"",
            "[group]\neu = [1]",
            "[[group]]",
        ] {
            let groups = groups_in(Path::new("cam.toml"), &text.parse().unwrap());
            assert!(groups.is_err(), "{text}");
        }
    }
}
