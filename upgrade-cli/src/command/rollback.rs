//! `cam rollback`: first what going back would lose, and only on demand the way back itself.

use cam::digest::Digest;
use node::comparison::{Answer, Comparison, Difference};
use node::limits::DIFFERENCE_BYTES_MAX;
use node::protocol::{Request, RequestKind, Response, RolledBack};
use node::rollback::Way;
use serde_json::{Value, json};

use super::state::machine_or_only;
use super::{Context, history, leaves};
use crate::arguments::Rollback;
use crate::failure::AnyFailure;
use crate::interface::Interface;
use crate::report::{Outcome, Report, count};
use crate::session::Session;
use node::bundle::BundleId;
use node::printable::Printable;

pub(super) fn run(context: &Context, arguments: &Rollback) -> Outcome {
    let session = context.session(&arguments.on.node, &arguments.speak, RequestKind::Rollback)?;
    let machine = machine_or_only(&session, arguments.on.machine.as_deref())?;
    let running = Interface::of_machine(&session, &machine)?;
    let request = Request::Rollback {
        machine: machine.clone(),
        running: running.digest().0,
        reason: arguments.because.reason.clone(),
        rehearse: !arguments.yes,
    };
    let response = session.request(&request)?;
    let Response::RolledBack {
        rehearsed,
        report,
        back,
    } = response
    else {
        return Err(session.strange_to(&request).into());
    };
    let node = &arguments.on.node;
    // What has happened is noted before anything else is asked: whatever comes of that, it has happened.
    let noted =
        (!rehearsed).then(|| history::note_rollbacks(context, (node, &machine), &[&report]));
    let version = report.machine_version;
    let to = Digest(report.to);
    let head = match rehearsed {
        true => format!("{node} would take `{machine}` back to version {version}  {to}"),
        false => format!("rolled back: {node} runs `{machine}` version {version}  {to}"),
    };
    let shown = Report::new().line(head);
    let lines = way_lines(&session, &machine, &report);
    let losses = back.as_ref().map(leaves::way_back).unwrap_or_default();
    let lines = lines.iter().chain(&losses);
    let shown = lines.fold(shown, Report::line);
    let shown = match noted {
        None => shown.next(format!("cam rollback {node} {machine} --yes")),
        Some(noted) => done(shown, node, (&machine, &report), noted),
    };
    Ok(shown
        .field("node", node)
        .field("machine", &machine)
        .field(
            "result",
            if rehearsed {
                "rehearsed"
            } else {
                "rolled-back"
            },
        )
        .field("rollback", object(&report))
        .field("back", back.as_ref().map(leaves::way_back_object)))
}

/// What can be done afterwards. The rollback has happened, whatever comes of the note.
fn done(
    shown: Report,
    node: &str,
    (machine, report): (&str, &RolledBack),
    noted: Result<bool, AnyFailure>,
) -> Report {
    let (sequence, id) = (report.sequence, BundleId(report.id));
    let shown = shown.line(format!(
        "    saved    the state that was taken away: cam state {node} {machine} --saved {sequence}"
    ));
    match noted {
        Ok(true) => shown.next("mend the source as a new version, then: cam bundle"),
        Ok(false) => shown.next(format!(
            "where the next bundle is made: cam bundle --after {id}"
        )),
        Err(failure) => shown.problem(format!(
            "warning: history/ does not note that `{node}` went back to {id}: {failure}\n"
        )),
    }
}

fn way_lines(session: &Session, machine: &str, report: &RolledBack) -> Vec<String> {
    let replayed = match &report.way {
        Way::Mapped => {
            let line = "    state    mapped by the way back of the bundle, with what was written since as far as that carries it";
            return vec![line.to_owned()];
        }
        Way::Replayed(replayed) => replayed,
    };
    let inputs = replayed.same + replayed.different + replayed.lost;
    let mut lines = vec![
        format!(
            "    state    from before the upgrade, with {} since given to version {} again",
            count(inputs, "input"),
            report.machine_version
        ),
        outcome_line(replayed),
    ];
    if let Some(first) = &replayed.first {
        lines.extend(difference(session, machine, first));
    }
    lines
}

fn outcome_line(replayed: &Comparison) -> String {
    let Comparison {
        same,
        different,
        lost,
        compared,
        ..
    } = replayed;
    match compared {
        true => format!(
            "    answers  {same} as they were, {different} otherwise, {lost} lost: written for the version that goes"
        ),
        false => format!(
            "    answers  not compared, since the version that goes kept killing the node; {lost} lost: written for it"
        ),
    }
}

/// The first input that is answered otherwise, in the words of the program it was written for. It only adorns what
/// is known without it: where the node does not give that program, or it cannot be shown, a line says so.
pub(super) fn difference(session: &Session, machine: &str, first: &Difference) -> Vec<String> {
    in_words(session, machine, first).unwrap_or_else(|failure| {
        vec![format!(
            "    first    cannot be shown: {}",
            Printable(&failure.to_string())
        )]
    })
}

fn in_words(
    session: &Session,
    machine: &str,
    first: &Difference,
) -> Result<Vec<String>, AnyFailure> {
    let interface = Interface::of_program(session, machine, Digest(first.program))?;
    let input = match first.input.is_empty() {
        true => format!(
            "an input of more than {DIFFERENCE_BYTES_MAX} bytes, in the journal at {},",
            first.at
        ),
        false => interface.show_input(&first.input)?.text,
    };
    let answer = |answer: &Answer| -> Result<String, AnyFailure> {
        Ok(match answer {
            Answer::Output(bytes) => interface.show_output(&interface.output(bytes)?).text,
            Answer::Stopped(name) => format!("stopped: {}", Printable(name)),
            Answer::Refused(reason) => format!("refused: {}", Printable(reason)),
            Answer::Unknown => "not known".to_owned(),
            Answer::Long(bytes) => format!("an output of {bytes} bytes, which are not kept"),
        })
    };
    Ok(vec![
        format!("    first    {input} from {}", Printable(&first.from)),
        format!("      was    {}", answer(&first.was)?),
        format!("      now    {}", answer(&first.is)?),
    ])
}

/// A rollback for programs.
pub(super) fn object(report: &RolledBack) -> Value {
    let replayed = match &report.way {
        Way::Mapped => None,
        Way::Replayed(replayed) => Some(json!({
            "same": replayed.same,
            "different": replayed.different,
            "lost": replayed.lost,
            "compared": replayed.compared,
        })),
    };
    json!({
        "sequence": report.sequence,
        "id": BundleId(report.id).to_string(),
        "from": Digest(report.from).to_string(),
        "to": Digest(report.to).to_string(),
        "version": report.machine_version,
        "cause": report.cause.to_string(),
        "mapped": report.way == Way::Mapped,
        "replayed": replayed,
        "state_bytes": report.state_bytes,
    })
}
