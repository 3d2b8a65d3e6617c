//! `cam push`: a bundle to a node, and one of three answers.

use cam::digest::Digest;
use node::bundle::BundleId;
use node::limits::BUNDLE_BYTES_MAX;
use node::protocol::{Applied, Entry, RefusalCode, Request, RequestKind, Response};

use super::plan::Forecast;
use super::{Context, history, plan, rollout, shadow};
use crate::arguments::Push;
use crate::bundle_file::BundleFile;
use crate::failure::AnyFailure;
use crate::project::lineage::Lineage;
use crate::project::released::Released;
use crate::refused::{Accepted, Offer, Refused};
use crate::report::{Outcome, Report, count};
use crate::session::{Session, SessionError};

pub(super) fn run(context: &Context, arguments: &Push) -> Outcome {
    let nodes = context.nodes()?.meant(&arguments.to)?;
    match &nodes[..] {
        [node] if !arguments.rollout.is_asked_for() => to_one(context, arguments, &node.name),
        _ if arguments.shadow => Err(shadow::ManyNodes.into()),
        _ => rollout::run(context, arguments, nodes),
    }
}

/// What comes after a plan. To write the command out would leave out what else it says: a trial, a reason, a key.
pub(super) const WITHOUT_PLAN: &str = "the same command without --plan";

fn to_one(context: &Context, arguments: &Push, node: &str) -> Outcome {
    let file = BundleFile::read(&arguments.file)?;
    let session = context.session(node, &arguments.speak, RequestKind::Push)?;
    let bundle = file.bundle.encode();
    debug_assert!(bundle.len() <= BUNDLE_BYTES_MAX, "it was read within that");
    let id = file.bundle.id().to_string();
    let mut report = Report::new()
        .field("node", node)
        .field("bundle", id)
        .field("machine", &file.manifest.machine);
    if arguments.shadow {
        return run_beside(context, (&session, node), report, (&file, arguments));
    }
    let forecast = match plan::of_bundle(&session, &bundle) {
        Ok(forecast) => forecast,
        Err(SessionError::Refused(refused)) => {
            return Err(explained(context, (&session, node), *refused, &file));
        }
        Err(error) => return Err(error.into()),
    };
    let is_wanted = match forecast {
        Forecast::Has { program, sequence } => {
            let report = already_running(report, node, (&file, program, sequence));
            return Ok(has_it(context, report, (node, &file), arguments));
        }
        Forecast::Silent(refused) if arguments.plan => return Err((*refused).into()),
        Forecast::Silent(_) => {
            let talk = format!("{node} is older than plans: what the bundle would do is not known");
            context.console.talk(&talk);
            arguments.yes || context.console.agrees("push it all the same?")
        }
        Forecast::Takes(plan) => {
            let lines = plan::lines(&session, &plan, arguments.trial.terms());
            report = report.field("plan", plan::object(&plan));
            if arguments.plan {
                let report = lines.iter().fold(report, Report::line);
                return Ok(report.field("result", "planned").next(WITHOUT_PLAN));
            }
            lines.iter().for_each(|line| context.console.talk(line));
            arguments.yes || context.console.agrees("go on?")
        }
    };
    if !is_wanted {
        return Ok(declined(report));
    }
    deliver(
        context,
        (&session, node),
        report,
        (&file, bundle, arguments),
    )
}

/// Delivers the bundle.
fn deliver(
    context: &Context,
    (session, node): (&Session, &str),
    report: Report,
    (file, bundle, arguments): (&BundleFile, Vec<u8>, &Push),
) -> Outcome {
    let request = delivery(arguments, bundle);
    match session.request(&request) {
        Ok(Response::Applied(applied)) => {
            let report = applied_report(report, node, &applied);
            let report = match (arguments.trial.terms(), applied.from) {
                (Some(_), Some(_)) => report.next(format!("cam trial {node} {}", applied.machine)),
                _ => report.next(format!("cam status {node}")),
            };
            Ok(noted(context, report, node, file.bundle.id()))
        }
        // Somebody has been quicker.
        Ok(Response::AlreadyRunning {
            program, sequence, ..
        }) => {
            let report = already_running(report, node, (file, program, sequence));
            Ok(has_it(context, report, (node, file), arguments))
        }
        Ok(_) => Err(session.strange_to(&request).into()),
        Err(SessionError::Refused(refused)) => {
            Err(explained(context, (session, node), *refused, file))
        }
        Err(error) => Err(error.into()),
    }
}

/// Nobody wants it after all.
pub(super) fn declined(report: Report) -> Report {
    report
        .line("nothing was changed")
        .field("result", "declined")
}

/// What follows when the node runs the bundle's program.
fn has_it(
    context: &Context,
    report: Report,
    (node, file): (&str, &BundleFile),
    arguments: &Push,
) -> Report {
    if arguments.plan {
        return report;
    }
    let report = match arguments.trial.terms() {
        Some(_) => report.talk("the terms of the trial were not used: only an upgrade begins one"),
        None => report,
    };
    noted(context, report, node, file.bundle.id())
}

/// Has the bundle run beside the machine.
fn run_beside(
    context: &Context,
    (session, node): (&Session, &str),
    report: Report,
    (file, arguments): (&BundleFile, &Push),
) -> Outcome {
    let request = Request::Shadow {
        bundle: file.bundle.encode(),
        reason: arguments.reason.clone().unwrap_or_default(),
    };
    match session.request(&request) {
        Ok(Response::Shadow(beside)) => {
            let running = beside.running;
            let running = running.ok_or_else(|| session.strange(RequestKind::Shadow))?;
            let machine = &file.manifest.machine;
            Ok(shadow::begun(report, node, machine, &running))
        }
        Ok(Response::AlreadyRunning {
            program, sequence, ..
        }) => Ok(already_running(report, node, (file, program, sequence))),
        Ok(_) => Err(session.strange(RequestKind::Shadow).into()),
        Err(SessionError::Refused(refused)) => {
            Err(explained(context, (session, node), *refused, file))
        }
        Err(error) => Err(error.into()),
    }
}

fn already_running(
    report: Report,
    node: &str,
    (file, program, sequence): (&BundleFile, [u8; 32], u64),
) -> Report {
    let (machine, program) = (&file.manifest.machine, Digest(program));
    report
        .line(format!(
            "already running: {node} runs `{machine}` {program}, nothing changed"
        ))
        .field("result", "already-running")
        .field("program", program.to_string())
        .field("sequence", sequence)
}

/// The request. Without anything to say about the bundle it is the one that the oldest nodes know.
pub(super) fn delivery(arguments: &Push, bundle: Vec<u8>) -> Request {
    let (reason, trial) = (arguments.reason.clone(), arguments.trial.terms());
    if reason.is_none() && trial.is_none() {
        return Request::Push { bundle };
    }
    Request::Deliver {
        bundle,
        reason: reason.unwrap_or_default(),
        trial,
    }
}

pub(super) fn applied_report(report: Report, node: &str, applied: &Applied) -> Report {
    let Applied {
        machine,
        from,
        to,
        sequence,
        state_bytes_before,
        state_bytes,
    } = applied;
    let (from, to) = (from.map(Digest), Digest(*to));
    let report = match from {
        None => report
            .line(format!("applied: {node} runs `{machine}` {to}"))
            .line(format!(
                "    started from its first state, {}",
                bytes(*state_bytes)
            )),
        Some(from) => report
            .line(format!("applied: {node} runs `{machine}` {to}"))
            .line(format!("    upgraded from {from}"))
            .line(format!(
                "    state migrated, {state_bytes_before} → {}",
                bytes(*state_bytes)
            )),
    };
    report
        .field("result", "applied")
        .field("from", from.map(|from| from.to_string()))
        .field("program", to.to_string())
        .field("sequence", sequence)
        .field("state_bytes_before", state_bytes_before)
        .field("state_bytes", state_bytes)
}

/// Notes in the history that the node has the bundle. The push itself has succeeded, whatever comes of it.
pub(super) fn noted(context: &Context, report: Report, node: &str, id: BundleId) -> Report {
    match mark_pushed(context, &[node], id) {
        Ok(()) => report,
        Err(failure) => report.problem(format!(
            "warning: history/ does not note that `{node}` has this bundle: {failure}\n"
        )),
    }
}

/// Notes that nodes have the bundle, where there is a history.
pub(super) fn mark_pushed(
    context: &Context,
    nodes: &[&str],
    id: BundleId,
) -> Result<(), AnyFailure> {
    let Some(project) = context.project_if_there()? else {
        return Ok(());
    };
    let mut lineage = Lineage::read(&project)?;
    let mut news = false;
    for node in nodes {
        news |= lineage.mark_pushed(id, node);
    }
    if news {
        lineage.write(&project)?;
    }
    Ok(())
}

/// The ledger of the machine, for a bundle that does not follow. Not being allowed to look only makes the
/// advice poorer.
pub(super) fn entries(session: &Session, refused: &Refused, machine: &str) -> Vec<Entry> {
    let stale = [RefusalCode::STALE_PROGRAM, RefusalCode::STALE_SEQUENCE];
    if !stale.contains(&refused.reason()) {
        return Vec::new();
    }
    history::entries(session, machine).unwrap_or_default()
}

/// What the node has accepted.
fn accepted(entries: &[Entry], file: &BundleFile, lineage: Option<&Lineage>) -> Option<Accepted> {
    let bundles: Vec<_> = entries.iter().filter_map(history::bundle_after).collect();
    let (count, last) = *bundles.last()?;
    let mine = bundles.iter().find(|(_, id)| *id == file.bundle.id());
    let place = mine.map(|(place, _)| *place);
    let rollbacks = history::rollbacks(entries);
    let mut sequences = rollbacks.iter().map(|report| report.sequence);
    let newest = rollbacks.last().map(|report| report.sequence);
    Some(Accepted {
        place,
        count,
        last,
        is_undone: sequences.any(|sequence| Some(sequence) == place.map(|place| place + 1)),
        is_apart: newest == Some(count) && lineage.is_some_and(|lineage| !lineage.knows(last)),
    })
}

/// Adds what is known here: which file it was, and which of our versions runs there.
fn explained(
    context: &Context,
    (session, node): (&Session, &str),
    refused: Refused,
    file: &BundleFile,
) -> AnyFailure {
    let machine = &file.manifest.machine;
    let entries = entries(session, &refused, machine);
    let rollbacks = history::rollbacks(&entries);
    let went_back = history::note_rollbacks(context, (node, machine), &rollbacks);
    let offer = Offer {
        went_back: went_back.unwrap_or(false),
        ..offer(context, &entries, &refused, file)
    };
    refused.of_bundle(offer).into()
}

/// The bundle, what the node has accepted, and which of our versions runs there.
pub(super) fn offer(
    context: &Context,
    entries: &[Entry],
    refused: &Refused,
    file: &BundleFile,
) -> Offer {
    let project = context.project_if_there().ok().flatten();
    // A history that cannot be read only makes the advice poorer.
    let lineage = project
        .as_ref()
        .and_then(|project| Lineage::read(project).ok());
    let released = project.and_then(|project| Released::read(&project, None).ok());
    let running = refused.running();
    let version = running.and_then(|running| released?.version_of(&running));
    Offer {
        file: file.path.display().to_string(),
        machine: file.manifest.machine.clone(),
        old: file.manifest.old_program,
        new: file.manifest.new_program,
        running_version: version,
        previous: file.manifest.previous,
        accepted: accepted(entries, file, lineage.as_ref()),
        went_back: false,
    }
}

fn bytes(number: u64) -> String {
    count(number, "byte")
}
