//! `cam history`: what has happened to a machine, the newest first. The chain of hashes is checked here too.

use cam::digest::Digest;
use data_encoding::HEXLOWER;
use node::bundle::BundleId;
use node::ledger::{Accepted, Entry, Event};
use node::limits::LEDGER_ENTRIES_MAX;
use node::printable::Printable;
use node::protocol::{Request, RequestKind, Response, RolledBack};
use node::rollback::Way;
use serde_json::{Map, Value, json};

use super::state::machine_or_only;
use super::{Context, rollback, shadow};
use crate::arguments::History;
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure};
use crate::moment::{span, utc};
use crate::project::lineage::Lineage;
use crate::report::{Outcome, Report, row, table};
use crate::session::Session;

pub(super) fn run(context: &Context, arguments: &History) -> Outcome {
    let session = context.session(&arguments.on.node, &arguments.speak, RequestKind::Ledger)?;
    let machine = machine_or_only(&session, arguments.on.machine.as_deref())?;
    let entries = entries(&session, &machine)?;
    let mut rows = vec![row([
        "#",
        "WHEN (UTC)",
        "VERSION",
        "PROGRAM",
        "SIGNED",
        "BY",
        "BECAUSE",
    ])];
    let mut lines: Vec<_> = Vec::new();
    let mut version = None;
    for entry in &entries {
        lines.push(cells(entry, version));
        version = version_after(entry).or(version);
    }
    rows.extend(lines.into_iter().rev());
    let objects: Vec<_> = entries.iter().map(object).collect();
    Ok(Report::new()
        .text(table(&rows))
        .field("node", &arguments.on.node)
        .field("machine", machine)
        .field("entries", objects))
}

/// All entries, oldest first, in as many answers as it takes. Each must follow the one before.
pub(super) fn entries(session: &Session, machine: &str) -> Result<Vec<Entry>, AnyFailure> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let request = Request::Ledger {
            machine: machine.to_owned(),
            after: all.last().map_or(0, |entry| entry.number),
            limit: LEDGER_ENTRIES_MAX,
        };
        let Response::Ledger { entries } = session.request(&request)? else {
            return Err(session.strange(RequestKind::Ledger).into());
        };
        // A page may be short because its entries are long; only one without any is after the last.
        if entries.is_empty() {
            return Ok(all);
        }
        for entry in entries {
            if !entry.follows(all.last()) {
                return Err(Broken {
                    machine: machine.to_owned(),
                    node: session.peers().node.clone(),
                    number: entry.number,
                }
                .into());
            }
            all.push(entry);
        }
    }
}

/// The version that runs after an entry, if it changes that.
fn version_after(entry: &Entry) -> Option<u32> {
    match &entry.event {
        Event::Applied(accepted) => Some(accepted.machine_version),
        Event::RolledBack(report) => Some(report.machine_version),
        Event::Passed { .. } | Event::Retired { .. } | Event::Shadowed(_) => None,
    }
}

fn cells(entry: &Entry, before: Option<u32>) -> Vec<String> {
    let way = |from: Option<[u8; 32]>, to: [u8; 32]| match from {
        Some(from) => format!("{} → {}", Digest(from).short(), Digest(to).short()),
        None => Digest(to).short(),
    };
    let versions = |to: u32| match before {
        Some(from) => format!("{from} → {to}"),
        None => to.to_string(),
    };
    let (number, version, program, signers, because) = match &entry.event {
        Event::Applied(accepted) => (
            accepted.sequence.to_string(),
            versions(accepted.machine_version),
            way(accepted.from, accepted.to),
            accepted.signers.join(", "),
            because(accepted, &entry.reason),
        ),
        Event::RolledBack(report) => (
            report.sequence.to_string(),
            versions(report.machine_version),
            way(Some(report.from), report.to),
            "–".to_owned(),
            with_reason(
                format!("rolled back: {}{}", report.cause, inputs_since(&report.way)),
                &entry.reason,
            ),
        ),
        Event::Passed { .. } => (
            String::new(),
            before.map_or(String::new(), |version| version.to_string()),
            String::new(),
            String::new(),
            "the trial is passed".to_owned(),
        ),
        Event::Retired {
            program,
            machine_version,
        } => (
            String::new(),
            machine_version.to_string(),
            Digest(*program).short(),
            String::new(),
            with_reason("its clients are no longer served".to_owned(), &entry.reason),
        ),
        Event::Shadowed(ended) => (
            String::new(),
            ended.offered.machine_version.to_string(),
            Digest(ended.offered.program).short(),
            ended.offered.signers.join(", "),
            with_reason(format!("ran beside it: {}", ended.why), &entry.reason),
        ),
    };
    let by = if entry.by.is_empty() {
        "the node"
    } else {
        &entry.by
    };
    row([
        &number,
        &utc(u64::try_from(entry.at_ms).unwrap_or(0)),
        &version,
        &program,
        &Printable(&signers).to_string(),
        &Printable(by).to_string(),
        &Printable(&because).to_string(),
    ])
}

/// The author's reason, the operator's, the trial that it began, and what its plan had found.
fn because(accepted: &Accepted, reason: &str) -> String {
    let trial = accepted.trial.map(|terms| match terms.time_ms {
        0 => format!("on trial for {} steps", terms.steps),
        time_ms => format!("on trial for {}", span(time_ms)),
    });
    let plan = accepted.plan.map(|found| {
        let (same, different, lost) = (found.same, found.different, found.lost);
        format!("planned: {same} alike, {different} otherwise, {lost} refused")
    });
    let parts = [
        accepted.note.clone(),
        reason.to_owned(),
        trial.unwrap_or_default(),
        plan.unwrap_or_default(),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

/// What became of the inputs since the upgrade, where they were given to the old program again.
fn inputs_since(way: &Way) -> String {
    match way {
        Way::Mapped => String::new(),
        Way::Replayed(inputs) => format!(
            "; of the inputs since {} as before, {} otherwise, {} lost",
            inputs.same, inputs.different, inputs.lost
        ),
    }
}

fn with_reason(what: String, reason: &str) -> String {
    match reason {
        "" => what,
        reason => format!("{what}; {reason}"),
    }
}

fn object(entry: &Entry) -> Value {
    let mut object = Map::from_iter([
        ("number".to_owned(), json!(entry.number)),
        ("hash".to_owned(), json!(hash_name(&entry.hash()))),
        (
            "before".to_owned(),
            json!((entry.number > 1).then(|| hash_name(&entry.before))),
        ),
        ("at_ms".to_owned(), json!(entry.at_ms)),
        ("step".to_owned(), json!(entry.step)),
        ("by".to_owned(), json!(entry.by)),
        // The name that this had before there were rollbacks.
        ("pushed_by".to_owned(), json!(entry.by)),
        ("reason".to_owned(), json!(entry.reason)),
    ]);
    let (event, fields) = event_object(&entry.event);
    object.insert("event".to_owned(), json!(event));
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

/// The hash of an entry, with its scheme before it.
fn hash_name(hash: &[u8; 32]) -> String {
    format!("l1:{}", HEXLOWER.encode(hash))
}

fn event_object(event: &Event) -> (&'static str, Value) {
    match event {
        Event::Applied(accepted) => (
            "applied",
            json!({
                "sequence": accepted.sequence,
                "bundle": accepted.id().to_string(),
                "from": accepted.from.map(|from| Digest(from).to_string()),
                "to": Digest(accepted.to).to_string(),
                "version": accepted.machine_version,
                "signers": accepted.signers,
                "note": accepted.note,
                "state_bytes": accepted.state_bytes,
                "pause_us": accepted.pause_us,
                "trial": accepted.trial,
                "plan": accepted.plan.map(|found| json!({
                    "at_ms": found.at_ms,
                    "step": found.step,
                    "same": found.same,
                    "different": found.different,
                    "refused": found.lost,
                })),
            }),
        ),
        Event::Passed { sequence } => ("passed", json!({ "sequence": sequence })),
        Event::RolledBack(report) => ("rolled-back", rollback::object(report)),
        Event::Retired {
            program,
            machine_version,
        } => (
            "retired",
            json!({"program": Digest(*program).to_string(), "version": machine_version}),
        ),
        Event::Shadowed(ended) => ("shadowed", shadow::ended_object(ended)),
    }
}

/// What stands in a position after an entry, as the next bundle names it.
pub(super) fn bundle_after(entry: &Entry) -> Option<(u64, BundleId)> {
    match &entry.event {
        Event::Applied(accepted) => Some((accepted.sequence, accepted.id())),
        Event::RolledBack(report) => Some((report.sequence, BundleId(report.id))),
        Event::Passed { .. } | Event::Retired { .. } | Event::Shadowed(_) => None,
    }
}

/// Notes in the project's history that machines have gone back, so that the next bundle follows that. Says
/// whether there was news.
pub(super) fn note_rollbacks(
    context: &Context,
    (node, machine): (&str, &str),
    rollbacks: &[&RolledBack],
) -> Result<bool, AnyFailure> {
    let Some(project) = context.project_if_there()? else {
        return Ok(false);
    };
    let mut lineage = Lineage::read(&project)?;
    let mut news = false;
    for report in rollbacks {
        news |= lineage.note_rollback(machine, node, report);
    }
    if news {
        lineage.write(&project)?;
    }
    Ok(news)
}

/// The rollbacks in a ledger.
pub(super) fn rollbacks(entries: &[Entry]) -> Vec<&RolledBack> {
    let reports = entries.iter().filter_map(|entry| match &entry.event {
        Event::RolledBack(report) => Some(report),
        _ => None,
    });
    reports.collect()
}

/// A ledger that somebody has written anew.
#[derive(Debug, thiserror::Error)]
#[error("entry {number} of the ledger of `{machine}` on {node} does not follow the one before")]
struct Broken {
    machine: String,
    node: String,
    number: u64,
}

impl Failure for Broken {
    fn exit(&self) -> Exit {
        Exit::Wrong
    }

    fn code(&self) -> Code {
        "F352".into()
    }
}
