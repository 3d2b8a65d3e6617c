//! `cam node`: names for nodes, with their keys pinned.

use serde_json::{Value, json};

use super::Context;
use crate::arguments::NodeCommand;
use crate::nodes::NamedNode;
use crate::report::{Outcome, Report, row, table};

pub(super) fn run(context: &Context, command: &NodeCommand) -> Outcome {
    let nodes = context.nodes()?;
    match command {
        NodeCommand::Add { name, url, key } => {
            let old = nodes.all().iter().find(|old| old.name == *name);
            let moved = old.filter(|old| old.address != *url);
            let node = nodes.add(name, url, *key)?;
            let file = node.file.display();
            let report = match moved {
                None => Report::new(),
                Some(old) => Report::new().talk(format!(
                    "{name} was {} until now, in {}",
                    old.address.as_str(),
                    old.file.display()
                )),
            };
            Ok(report
                .line(format!(
                    "{name} is {} with the key {key}, noted in {file}",
                    url.as_str()
                ))
                .field("node", object(&node))
                .next(format!("cam status {name}")))
        }
        NodeCommand::List => {
            let rows = nodes.all().iter().map(|node| {
                let file = node.file.display().to_string();
                row([
                    &node.name,
                    node.address.as_str(),
                    &node.key.to_string(),
                    &file,
                ])
            });
            let rows: Vec<_> = rows.collect();
            let objects: Vec<_> = nodes.all().iter().map(object).collect();
            let mut report = Report::new().text(table(&rows)).field("nodes", objects);
            if rows.is_empty() {
                let example = "cam node add NAME --url HOST:PORT --key ed25519:…";
                report = report.talk("no node has a name yet").next(example);
            }
            Ok(report)
        }
        NodeCommand::Forget { name } => {
            let node = nodes.forget(name)?;
            Ok(Report::new()
                .line(format!("{name} is forgotten in {}", node.file.display()))
                .field("node", object(&node)))
        }
    }
}

fn object(node: &NamedNode) -> Value {
    json!({
        "name": node.name,
        "url": node.address.as_str(),
        "key": node.key,
        "file": node.file.display().to_string(),
    })
}
