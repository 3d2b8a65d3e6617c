//! `cam key`: key pairs in the key folder.

use serde_json::json;

use super::Context;
use crate::arguments::KeyCommand;
use crate::keys::NamedKey;
use crate::refused::trust_entry;
use crate::report::{Outcome, Report, row, table};

pub(super) fn run(context: &Context, command: &KeyCommand) -> Outcome {
    match command {
        KeyCommand::New { name } => make(context, name),
        KeyCommand::List => list(context),
        KeyCommand::Show { name } => {
            let key = context.keys()?.get(name)?;
            Ok(shown(&key).line(key.public().to_string()))
        }
    }
}

fn make(context: &Context, name: &str) -> Outcome {
    let keys = context.keys()?;
    let key = keys.make(name)?;
    let file = keys.path(name).display().to_string();
    Ok(shown(&key)
        .line(key.public().to_string())
        .talk(format!(
            "the private key is in {file}; only you may read it"
        ))
        .talk("roles: an author signs bundles, an operator pushes them, a client sends inputs, an observer looks")
        .talk(format!(
            "a node that is there already takes it from its trust file:\n{}",
            trust_entry(name, &key.public(), "client")
        ))
        .field("file", file)
        .next(format!(
            "a new node trusts it: cam-node init FOLDER --trust {name}={}=author,operator,client",
            key.public()
        )))
}

fn list(context: &Context) -> Outcome {
    let keys = context.keys()?;
    let mut rows = Vec::new();
    let mut objects = Vec::new();
    let mut report = Report::new();
    for name in keys.names()? {
        match keys.get(&name) {
            Ok(key) => {
                let public = key.public().to_string();
                objects.push(json!({"name": name, "key": public}));
                rows.push(row([&name, &public]));
            }
            // One damaged file does not hide the others.
            Err(error) => {
                report = report
                    .problem(context.console.render(&error))
                    .exit(crate::failure::Failure::exit(&error));
            }
        }
    }
    if rows.is_empty() {
        report = report.talk("no keys yet").next("cam key new NAME");
    }
    Ok(report.text(table(&rows)).field("keys", objects))
}

fn shown(key: &NamedKey) -> Report {
    Report::new()
        .field("name", &key.name)
        .field("key", key.public().to_string())
}
