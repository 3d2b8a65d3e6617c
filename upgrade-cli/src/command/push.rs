//! `cam push`: a bundle to a node, and one of three answers.

use cam::digest::Digest;
use node::limits::BUNDLE_BYTES_MAX;
use node::protocol::{Applied, Request, RequestKind, Response};

use super::Context;
use crate::arguments::Push;
use crate::bundle_file::BundleFile;
use crate::failure::AnyFailure;
use crate::project::released::Released;
use crate::refused::{Offer, Refused};
use crate::report::{Outcome, Report, count};
use crate::session::SessionError;

pub(super) fn run(context: &Context, arguments: &Push) -> Outcome {
    let file = BundleFile::read(&arguments.file)?;
    let session = context.session(&arguments.to, &arguments.speak)?;
    let bundle = file.bundle.encode();
    debug_assert!(bundle.len() <= BUNDLE_BYTES_MAX, "it was read within that");
    let (node, id) = (&arguments.to, file.bundle.id().to_string());
    let report = Report::new()
        .field("node", node)
        .field("bundle", id)
        .field("machine", &file.manifest.machine);
    match session.request(&Request::Push { bundle }) {
        Ok(Response::Applied(applied)) => Ok(applied_report(report, node, &applied)),
        Ok(Response::AlreadyRunning {
            machine,
            program,
            sequence,
        }) => {
            let program = Digest(program);
            Ok(report
                .line(format!(
                    "already running: {node} runs `{machine}` {program}, nothing changed"
                ))
                .field("result", "already-running")
                .field("program", program.to_string())
                .field("sequence", sequence))
        }
        Ok(_) => Err(session.strange(RequestKind::Push).into()),
        Err(SessionError::Refused(refused)) => Err(explained(context, *refused, &file)),
        Err(error) => Err(error.into()),
    }
}

fn applied_report(report: Report, node: &str, applied: &Applied) -> Report {
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
        .next(format!("cam status {node}"))
}

/// Adds what is known here: which file it was, and which of our versions runs there.
fn explained(context: &Context, refused: Refused, file: &BundleFile) -> AnyFailure {
    let project = context.project_if_there().ok().flatten();
    // A history that cannot be read only makes the advice poorer.
    let released = project.and_then(|project| Released::read(&project, None).ok());
    let running = refused.running();
    let version = running.and_then(|running| released?.version_of(&running));
    let offer = Offer {
        file: file.path.display().to_string(),
        machine: file.manifest.machine.clone(),
        old: file.manifest.old_program,
        new: file.manifest.new_program,
        running_version: version,
    };
    refused.of_bundle(offer).into()
}

fn bytes(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "byte")
}
