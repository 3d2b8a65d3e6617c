//! `cam shadow`: how the version does that runs beside a machine, and what becomes of it.

use std::time::Duration;

use cam::digest::Digest;
use node::bundle::BundleId;
use node::comparison::Comparison;
use node::printable::Printable;
use node::protocol::{Beside, Request, RequestKind, Response};
use node::shadow::{Ended, Offered, Shadow as Running, Tally};
use serde_json::{Value, json};

use super::rollback::difference;
use super::state::machine_or_only;
use super::{Context, push};
use crate::arguments::Shadow;
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure};
use crate::moment::utc;
use crate::report::{Outcome, Report, count};
use crate::session::Session;

pub(super) fn run(context: &Context, arguments: &Shadow) -> Outcome {
    let purpose = match (arguments.promote, arguments.drop) {
        (true, _) => RequestKind::ShadowPromote,
        (_, true) => RequestKind::ShadowDrop,
        _ => RequestKind::ShadowStatus,
    };
    let session = context.session(&arguments.on.node, &arguments.speak, purpose)?;
    let machine = machine_or_only(&session, arguments.on.machine.as_deref())?;
    let node = &arguments.on.node;
    let asked = Request::ShadowStatus {
        machine: machine.clone(),
    };
    let beside = of(&session, &asked)?;
    let report = Report::new().field("node", node).field("machine", &machine);
    if purpose == RequestKind::ShadowStatus {
        return Ok(shown(&session, (node, &machine), &beside, report));
    }
    let running = beside.running.ok_or_else(|| NoShadow {
        node: node.clone(),
        machine: machine.clone(),
        last: beside.last.map(|last| last.why.to_string()),
    })?;
    if arguments.promote {
        return promote(context, &session, (&machine, &running), arguments);
    }
    let request = Request::ShadowDrop {
        machine: machine.clone(),
        bundle: running.offered.bundle,
        reason: arguments.because.reason.clone(),
    };
    let last = of(&session, &request)?.last;
    let last = last.ok_or_else(|| session.strange(purpose))?;
    let report = report.line(format!(
        "dropped: nothing runs beside `{machine}` on {node} any more"
    ));
    let report = tally_lines(&session, &machine, &last.tally)
        .iter()
        .fold(report, Report::line);
    Ok(report
        .field("result", "dropped")
        .field("last", ended_object(&last)))
}

/// Asks about a shadow, or for it.
fn of(session: &Session, request: &Request) -> Result<Beside, AnyFailure> {
    match session.request(request)? {
        Response::Shadow(beside) => Ok(*beside),
        _ => Err(session.strange(request.kind()).into()),
    }
}

/// What `cam push --shadow` says.
pub(super) fn begun(report: Report, node: &str, machine: &str, running: &Running) -> Report {
    let offered = &running.offered;
    report
        .line(format!(
            "beside: {node} runs {} beside `{machine}`, without effects",
            version(offered)
        ))
        .field("result", "shadow")
        .field("shadow", running_object(running))
        .next(format!("cam shadow {node} {machine}"))
}

fn promote(
    context: &Context,
    session: &Session,
    (machine, running): (&str, &Running),
    arguments: &Shadow,
) -> Outcome {
    let node = &arguments.on.node;
    let id = BundleId(running.offered.bundle);
    let request = Request::ShadowPromote {
        machine: machine.to_owned(),
        bundle: id.0,
        reason: arguments.because.reason.clone(),
        trial: arguments.trial.terms(),
    };
    let Response::Applied(applied) = session.request(&request)? else {
        return Err(session.strange(RequestKind::ShadowPromote).into());
    };
    let report = Report::new()
        .field("node", node)
        .field("bundle", id.to_string())
        .field("machine", machine)
        .field("shadow", running_object(running));
    let report = push::applied_report(report, node, &applied);
    let report = match arguments.trial.terms() {
        Some(_) => report.next(format!("cam trial {node} {machine}")),
        None => report.next(format!("cam status {node}")),
    };
    Ok(push::noted(context, report, node, id))
}

fn shown(
    session: &Session,
    (node, machine): (&str, &str),
    beside: &Beside,
    report: Report,
) -> Report {
    let report = report
        .field("shadow", beside.running.as_ref().map(running_object))
        .field("last", beside.last.as_ref().map(ended_object));
    let Some(running) = &beside.running else {
        let report = report.line(format!("nothing runs beside `{machine}` on {node}"));
        let Some(last) = &beside.last else {
            return report;
        };
        let report = report
            .line(format!("    last     {}", version(&last.offered)))
            .line(format!("    ended    {}", Printable(&last.why.to_string())));
        let lines = tally_lines(session, machine, &last.tally);
        return lines.iter().fold(report, Report::line);
    };
    let offered = &running.offered;
    let mut report = report.line(format!(
        "beside `{machine}` on {node}: {}",
        version(offered)
    ));
    report = report.line(format!(
        "    since    {}, by {}",
        utc(offered.began_ms),
        Printable(&because(offered))
    ));
    if running.counted_ms > offered.began_ms {
        report = report.line(format!(
            "    anew     since the node's start at {}, from the machine's state as it was then",
            utc(running.counted_ms)
        ));
    }
    let lines = tally_lines(session, machine, &running.tally);
    let mut report = lines.iter().fold(report, Report::line);
    if running.waiting > 0 {
        report = report.line(format!("    waiting  {}", inputs(running.waiting)));
    }
    report.next(format!(
        "cam shadow {node} {machine} --promote   (or --drop)"
    ))
}

fn because(offered: &Offered) -> String {
    match offered.reason.as_str() {
        "" => offered.by.clone(),
        reason => format!("{}: {reason}", offered.by),
    }
}

fn version(offered: &Offered) -> String {
    let program = Digest(offered.program);
    format!("version {}  {program}", offered.machine_version)
}

fn tally_lines(session: &Session, machine: &str, tally: &Tally) -> Vec<String> {
    let Comparison {
        same,
        different,
        lost,
        first,
        ..
    } = &tally.comparison;
    let total = same + different + lost;
    if total == 0 {
        return vec!["    answers  none yet".to_owned()];
    }
    let mut lines = vec![format!(
        "    answers  {}: {same} alike, {different} otherwise, {lost} refused",
        inputs(total)
    )];
    if let Some(first) = first {
        lines.extend(difference(session, machine, first));
    }
    lines.push(format!(
        "    time     {} a step, at most {}; the machine's own {}",
        milliseconds(tally.shadow_us / total),
        milliseconds(tally.longest_us),
        milliseconds(tally.own_us / total)
    ));
    lines
}

fn inputs(number: u64) -> String {
    count(number, "input")
}

fn milliseconds(microseconds: u64) -> String {
    let time = Duration::from_micros(microseconds);
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

fn running_object(running: &Running) -> Value {
    json!({
        "offered": offered_object(&running.offered),
        "counted_ms": running.counted_ms,
        "waiting": running.waiting,
        "tally": tally_object(&running.tally),
    })
}

/// A shadow that has ended, for programs.
pub(super) fn ended_object(ended: &Ended) -> Value {
    json!({
        "offered": offered_object(&ended.offered),
        "counted_ms": ended.counted_ms,
        "why": ended.why.to_string(),
        "tally": tally_object(&ended.tally),
    })
}

fn offered_object(offered: &Offered) -> Value {
    json!({
        "sequence": offered.sequence,
        "bundle": BundleId(offered.bundle).to_string(),
        "program": Digest(offered.program).to_string(),
        "version": offered.machine_version,
        "signers": offered.signers,
        "by": offered.by,
        "reason": offered.reason,
        "began_ms": offered.began_ms,
    })
}

fn tally_object(tally: &Tally) -> Value {
    json!({
        "same": tally.comparison.same,
        "different": tally.comparison.different,
        "refused": tally.comparison.lost,
        "first_at": tally.comparison.first.as_ref().map(|first| first.at),
        "own_us": tally.own_us,
        "shadow_us": tally.shadow_us,
        "longest_us": tally.longest_us,
    })
}

/// A shadow is asked for on several nodes, or in waves.
#[derive(Debug, thiserror::Error)]
#[error("a version runs beside a machine on one node at a time")]
pub(super) struct ManyNodes;

impl Failure for ManyNodes {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn code(&self) -> Code {
        "F354".into()
    }

    fn help(&self) -> Vec<String> {
        vec!["cam push FILE --to NODE --shadow, for each of them".to_owned()]
    }
}

/// There is nothing to promote or to drop.
#[derive(Debug, thiserror::Error)]
#[error("nothing runs beside `{machine}` on {node}")]
struct NoShadow {
    node: String,
    machine: String,
    last: Option<String>,
}

impl Failure for NoShadow {
    fn exit(&self) -> Exit {
        Exit::Refused
    }

    fn code(&self) -> Code {
        "F353".into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let last = self.last.as_ref();
        let last = last.map(|why| ("the last", Printable(why).to_string()));
        last.into_iter().collect()
    }

    fn help(&self) -> Vec<String> {
        vec![format!("cam push FILE --to {} --shadow", self.node)]
    }
}
