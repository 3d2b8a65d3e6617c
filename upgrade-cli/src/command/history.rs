//! `cam history`: the bundles a machine has accepted, the newest first.

use cam::digest::Digest;
use node::bundle::BundleId;
use node::limits::HISTORY_ENTRIES_MAX;
use node::printable::Printable;
use node::protocol::{HistoryEntry, Request, RequestKind, Response};
use serde_json::{Value, json};

use super::Context;
use super::state::machine_or_only;
use crate::arguments::History;
use crate::moment::utc;
use crate::report::{Outcome, Report, row, table};
use crate::session::{Session, SessionError};

pub(super) fn run(context: &Context, arguments: &History) -> Outcome {
    let session = context.session(&arguments.node, &arguments.speak, RequestKind::History)?;
    let machine = machine_or_only(&session, arguments.machine.as_deref())?;
    let entries = entries(&session, &machine)?;
    let mut rows = vec![row([
        "#",
        "WHEN (UTC)",
        "VERSION",
        "PROGRAM",
        "SIGNED",
        "PUSHED",
        "BECAUSE",
    ])];
    let before = |place: usize| place.checked_sub(1).map(|before| &entries[before]);
    rows.extend(
        (0..entries.len())
            .rev()
            .map(|place| cells(&entries[place], before(place))),
    );
    let objects: Vec<_> = entries.iter().map(object).collect();
    Ok(Report::new()
        .text(table(&rows))
        .field("node", &arguments.node)
        .field("machine", machine)
        .field("entries", objects))
}

/// All entries, oldest first, in as many answers as it takes.
pub(super) fn entries(session: &Session, machine: &str) -> Result<Vec<HistoryEntry>, SessionError> {
    let mut all: Vec<HistoryEntry> = Vec::new();
    loop {
        let request = Request::History {
            machine: machine.to_owned(),
            after: all.last().map_or(0, |entry| entry.sequence),
            limit: HISTORY_ENTRIES_MAX,
        };
        let Response::History { entries } = session.request(&request)? else {
            return Err(session.strange(RequestKind::History));
        };
        // A node that does not go on would keep us here for ever.
        let mut last = all.last().map_or(0, |entry| entry.sequence);
        for entry in &entries {
            if entry.sequence <= last {
                return Err(session.strange(RequestKind::History));
            }
            last = entry.sequence;
        }
        let whole = entries.len() < HISTORY_ENTRIES_MAX as usize;
        all.extend(entries);
        if whole {
            return Ok(all);
        }
    }
}

fn cells(entry: &HistoryEntry, before: Option<&HistoryEntry>) -> Vec<String> {
    let version = match before {
        Some(before) => format!("{} → {}", before.machine_version, entry.machine_version),
        None => entry.machine_version.to_string(),
    };
    let program = match entry.from {
        Some(from) => format!("{} → {}", Digest(from).short(), Digest(entry.to).short()),
        None => Digest(entry.to).short(),
    };
    row([
        &entry.sequence.to_string(),
        &utc(entry.at_ms),
        &version,
        &program,
        &Printable(&entry.signers.join(", ")).to_string(),
        &Printable(&entry.pushed_by).to_string(),
        &Printable(&entry.note).to_string(),
    ])
}

fn object(entry: &HistoryEntry) -> Value {
    json!({
        "sequence": entry.sequence,
        "at_ms": entry.at_ms,
        "bundle": BundleId(entry.bundle).to_string(),
        "from": entry.from.map(|from| Digest(from).to_string()),
        "to": Digest(entry.to).to_string(),
        "version": entry.machine_version,
        "signers": entry.signers,
        "pushed_by": entry.pushed_by,
        "note": entry.note,
        "step": entry.step,
        "state_bytes": entry.state_bytes,
    })
}
