//! `cam trial`: how a new program does, and what old clients still do.

use cam::digest::Digest;
use node::protocol::{Life, Request, RequestKind, Response, Served, TrialStatus};
use serde_json::{Value, json};

use super::Context;
use super::state::machine_or_only;
use crate::arguments::Trial;
use crate::failure::AnyFailure;
use crate::moment::{span, utc};
use crate::report::{Outcome, Report, count};
use crate::session::Session;

pub(super) fn run(context: &Context, arguments: &Trial) -> Outcome {
    let purpose = match arguments.pass {
        true => RequestKind::Pass,
        false => RequestKind::Life,
    };
    let session = context.session(&arguments.on.node, &arguments.speak, purpose)?;
    let machine = machine_or_only(&session, arguments.on.machine.as_deref())?;
    let node = &arguments.on.node;
    let report = Report::new().field("node", node).field("machine", &machine);
    if arguments.pass {
        let request = Request::Pass {
            machine: machine.clone(),
        };
        let Response::Passed { sequence } = session.request(&request)? else {
            return Err(session.strange(purpose).into());
        };
        return Ok(report
            .line(format!(
                "passed: bundle {sequence} of `{machine}` on {node} stays"
            ))
            .field("result", "passed")
            .field("sequence", sequence));
    }
    let life = life(&session, &machine)?;
    let report = match &life.trial {
        None => report.line(format!("`{machine}` on {node} is not on trial")),
        Some(trial) => lines(trial, &machine, node)
            .into_iter()
            .fold(report, Report::line),
    };
    let report = life
        .served
        .iter()
        .map(served_line)
        .fold(report, Report::line);
    Ok(report
        .field("trial", life.trial.as_ref().map(trial_object))
        .field(
            "served",
            life.served.iter().map(served_object).collect::<Vec<_>>(),
        )
        .field("has_way_back", life.has_way_back))
}

/// Asks how a machine's life goes.
pub(super) fn life(session: &Session, machine: &str) -> Result<Life, AnyFailure> {
    let request = Request::Life {
        machine: machine.to_owned(),
    };
    match session.request(&request)? {
        Response::Life(life) => Ok(life),
        _ => Err(session.strange(RequestKind::Life).into()),
    }
}

fn lines(trial: &TrialStatus, machine: &str, node: &str) -> Vec<String> {
    let terms = &trial.terms;
    let steps = match terms.steps {
        0 => trial.steps.to_string(),
        wanted => format!("{} of {wanted}", trial.steps),
    };
    let mut lines = vec![
        format!(
            "`{machine}` on {node} is on trial since {}",
            utc(trial.began_ms)
        ),
        format!("    steps    {steps}"),
        format!(
            "    stopped  {}, at most {} may",
            trial.faults, terms.faults
        ),
    ];
    if terms.time_ms > 0 {
        lines.push(format!("    left     {}", span(trial.left_ms)));
    }
    if terms.checks {
        lines.push("    checked  its invariants, after each step".to_owned());
    }
    lines
}

/// What a client of an earlier program still does.
pub(super) fn served_line(served: &Served) -> String {
    let steps = count(served.steps, "step");
    let last = match served.last_ms {
        0 => String::new(),
        at_ms => format!(", the last at {}", utc(at_ms)),
    };
    let ended = match served.is_served {
        true => "",
        false => "; no longer served",
    };
    format!(
        "    clients of version {}: {steps}{last}{ended}",
        served.machine_version
    )
}

fn trial_object(trial: &TrialStatus) -> Value {
    json!({
        "began_ms": trial.began_ms,
        "left_ms": trial.left_ms,
        "steps": trial.steps,
        "faults": trial.faults,
        "terms": trial.terms,
    })
}

fn served_object(served: &Served) -> Value {
    json!({
        "version": served.machine_version,
        "program": Digest(served.program).to_string(),
        "served": served.is_served,
        "steps": served.steps,
        "last_ms": served.last_ms,
    })
}
