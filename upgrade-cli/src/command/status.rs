//! `cam status`: what runs on one node, or on all that have a name.

use cam::digest::Digest;
use node::bundle::BundleId;
use node::key::PublicKey;
use node::printable::Printable;
use node::protocol::{EngineName, MachineStatus, NodeStatus, Request, RequestKind, Response};
use serde_json::{Value, json};

use super::Context;
use crate::arguments::{Speak, Status};
use crate::exit::Exit;
use crate::failure::{AnyFailure, Failure, catalogue};
use crate::moment::utc;
use crate::report::{Outcome, Report, error_object, row, table};
use crate::session::NOT_REACHABLE;

pub(super) fn run(context: &Context, arguments: &Status) -> Outcome {
    let nodes = if arguments.nodes.is_empty() {
        let nodes = context.nodes()?;
        nodes.all().iter().map(|node| node.name.clone()).collect()
    } else {
        arguments.nodes.clone()
    };
    let mut rows = vec![row([
        "NODE",
        "MACHINE",
        "VERSION",
        "PROGRAM",
        "BUNDLE",
        "SINCE (UTC)",
        "STEPS",
        "STOPPED",
        "STATE",
    ])];
    let mut objects = Vec::new();
    let mut failures = Vec::new();
    let mut slow = Vec::new();
    let mut report = Report::new();
    for name in &nodes {
        match ask(context, name, &arguments.speak) {
            Ok(status) => {
                rows.extend(machine_rows(name, &status));
                slow.extend(on_the_reference(name, &status));
                objects.push(node_object(name, &status));
            }
            // One node that is away does not hide the others. Alone it is the answer.
            Err(failure) if nodes.len() == 1 => return Err(failure),
            Err(failure) => {
                rows.push(row([name, "–", "–", "–", "–", "–", "–", "–", "–"]));
                objects.push(failure_object(name, failure.as_ref()));
                report = report.problem(context.console.render(failure.as_ref()));
                failures.push(failure);
            }
        }
    }
    if nodes.is_empty() {
        report = report
            .talk("no node has a name yet")
            .next("cam node add NAME --url HOST:PORT --key ed25519:…");
    } else {
        report = report.text(table(&rows));
    }
    for line in slow {
        report = report.talk(line);
    }
    Ok(with_worst(report, &failures, nodes.len()).field("nodes", objects))
}

/// Ends as the worst failure does. Keys are worse than a node that is away: somebody may be in between.
fn with_worst(report: Report, failures: &[AnyFailure], nodes: usize) -> Report {
    let exits = failures.iter().map(|failure| failure.exit());
    let worst = exits.max_by_key(|exit| (*exit == Exit::Keys, *exit));
    let Some(worst) = worst else {
        return report;
    };
    let first = failures.iter().find(|failure| failure.exit() == worst);
    let message = format!("{} of {nodes} nodes gave no status", failures.len());
    let code = first.map(|failure| failure.code());
    let error = json!({"code": code, "message": message, "causes": [], "facts": {}, "help": []});
    report.field("error", error).exit(worst)
}

/// A node that gave no status. Whether it can be reached is not known where nobody tried.
fn failure_object(name: &str, failure: &dyn Failure) -> Value {
    let code = failure.code();
    let is_tried = !catalogue::CODES.iter().any(|(own, _)| *own == code);
    let reachable = is_tried.then_some(code != NOT_REACHABLE);
    json!({"node": name, "reachable": reachable, "error": error_object(failure)})
}

fn ask(context: &Context, node: &str, speak: &Speak) -> Result<NodeStatus, AnyFailure> {
    let session = context.session(node, speak, RequestKind::Status)?;
    match session.request(&Request::Status { machine: None })? {
        Response::Status(status) => Ok(status),
        _ => Err(session.strange(RequestKind::Status).into()),
    }
}

fn machine_rows(node: &str, status: &NodeStatus) -> Vec<Vec<String>> {
    if status.machines.is_empty() {
        return vec![row([node, "(none)", "–", "–", "–", "–", "–", "–", "–"])];
    }
    let cells = |machine: &MachineStatus| {
        row([
            node,
            &Printable(&machine.machine).to_string(),
            &machine.machine_version.to_string(),
            &Digest(machine.program).short(),
            &machine.sequence.to_string(),
            &utc(machine.since_ms),
            &machine.steps.to_string(),
            &machine.traps.to_string(),
            &format!("{} B", machine.state_bytes),
        ])
    };
    status.machines.iter().map(cells).collect()
}

/// Machines that run, but some ten times slower than they might.
fn on_the_reference(node: &str, status: &NodeStatus) -> Vec<String> {
    let machines = status.machines.iter();
    let slow = machines.filter(|machine| machine.engine == EngineName::Reference);
    let line = |machine: &MachineStatus| {
        let name = Printable(&machine.machine);
        format!(
            "`{name}` on {node} runs on the reference interpreter, some ten times slower: its program is too large for the other one, or its log has a warning that the two disagreed"
        )
    };
    slow.map(line).collect()
}

fn node_object(name: &str, status: &NodeStatus) -> Value {
    let machine = |machine: &MachineStatus| {
        json!({
            "machine": machine.machine,
            "version": machine.machine_version,
            "program": Digest(machine.program).to_string(),
            "sequence": machine.sequence,
            "bundle": BundleId(machine.bundle).to_string(),
            "since_ms": machine.since_ms,
            "steps": machine.steps,
            "traps": machine.traps,
            "state_bytes": machine.state_bytes,
            "engine": machine.engine,
        })
    };
    let key = PublicKey::from_bytes(&status.node_key).ok();
    json!({
        "node": name,
        "reachable": true,
        "key": key,
        "version": status.version,
        "now_ms": status.now_ms,
        "machines": status.machines.iter().map(machine).collect::<Vec<_>>(),
    })
}
