//! What a bundle would do, as a node has worked it out on a copy of the live machine.

use std::time::Duration;

use cam::digest::Digest;
use node::comparison::Comparison;
use node::protocol::{Plan, RefusalCode, Request, Response, Terms};
use serde_json::{Value, json};

use super::leaves;
use super::rollback::difference;
use crate::moment::span;
use crate::refused::Refused;
use crate::report::count;
use crate::session::{Session, SessionError};

/// What a node says to a bundle that it would not refuse.
pub(super) enum Forecast {
    /// It would take it.
    Takes(Box<Plan>),
    /// It has it: the program that runs, and how many bundles the machine has accepted.
    Has { program: [u8; 32], sequence: u64 },
    /// It is older than plans.
    Silent(Box<Refused>),
}

/// Asks for the plan of a bundle.
pub(super) fn of_bundle(session: &Session, bundle: &[u8]) -> Result<Forecast, SessionError> {
    let request = Request::Plan {
        bundle: bundle.to_vec(),
    };
    match session.request(&request) {
        Ok(Response::Plan(plan)) => Ok(Forecast::Takes(plan)),
        Ok(Response::AlreadyRunning {
            program, sequence, ..
        }) => Ok(Forecast::Has { program, sequence }),
        Ok(_) => Err(session.strange_to(&request)),
        Err(SessionError::Refused(refused)) if refused.reason() == RefusalCode::UNKNOWN_REQUEST => {
            Ok(Forecast::Silent(refused))
        }
        Err(error) => Err(error),
    }
}

/// A plan for people.
pub(super) fn lines(session: &Session, plan: &Plan, trial: Option<Terms>) -> Vec<String> {
    let node = &session.peers().node;
    let (machine, to) = (&plan.machine, &plan.to);
    let target = format!("version {}  {}", to.machine_version, Digest(to.program));
    let Some(from) = &plan.from else {
        return vec![format!("plan: {node} starts `{machine}` {target}")];
    };
    let running = format!("version {}  {}", from.machine_version, Digest(from.program));
    let mut lines = vec![
        format!("plan: {node} takes `{machine}` to {target}"),
        format!("    from     {running}, after step {}", plan.step),
        format!("    state    {}", state(plan)),
    ];
    lines.extend(plan.leaves.iter().flat_map(leaves::lines));
    lines.push(format!("    pause    {}", pause(plan)));
    lines.push(format!("    clients  {}", clients(plan)));
    if let Some(rehearsal) = &plan.rehearsal {
        lines.push(format!("    answers  {}", answers(rehearsal)));
        if let Some(first) = &rehearsal.first {
            lines.extend(difference(session, machine, first));
        }
    }
    lines.push(format!("    return   {}", way_back(plan, trial)));
    let back = plan.leaves.as_ref().and_then(|leaves| leaves.back.as_ref());
    lines.extend(back.into_iter().flat_map(leaves::way_back));
    lines
}

fn state(plan: &Plan) -> String {
    let check = match plan.has_check {
        true => "the invariants hold",
        false => "no invariants to hold",
    };
    let bytes = count(plan.state_bytes, "byte");
    format!("{} → {bytes}; {check}", plan.state_bytes_before)
}

fn pause(plan: &Plan) -> String {
    let milliseconds = Duration::from_micros(plan.pause_us).as_secs_f64() * 1e3;
    let measured = format!("{milliseconds:.1} ms, measured on a copy");
    match plan.fuel_max {
        Some(fuel) => format!("{measured}; at most {fuel} fuel, whatever the state"),
        None => format!("{measured}; it grows with the state"),
    }
}

fn clients(plan: &Plan) -> &'static str {
    match plan.has_adapters {
        true => "those of the version that runs go on, through adapters",
        false => {
            "those of the version that runs are refused from then on: the bundle has no adapters"
        }
    }
}

fn answers(rehearsal: &Comparison) -> String {
    let Comparison {
        same,
        different,
        lost,
        compared,
        ..
    } = rehearsal;
    let inputs = same + different + lost;
    match (compared, inputs) {
        (false, _) => {
            "not compared: the state of some inputs ago cannot be migrated, or the inputs take too long".to_owned()
        }
        (true, 0) => "nothing to compare: no input has come since this version runs".to_owned(),
        (true, _) => format!(
            "the last {} again: {same} alike, {different} otherwise, {lost} refused",
            count(inputs, "input")
        ),
    }
}

fn way_back(plan: &Plan, trial: Option<Terms>) -> String {
    let way = match plan.has_way_back {
        true => {
            "the bundle's way back maps the state, with what is written until then as far as it carries it"
        }
        false => {
            "the inputs of old clients are given to the old version again, those of new ones are lost"
        }
    };
    match trial {
        None if plan.has_way_back => format!("cam rollback, at any time: {way}"),
        None => "none: the bundle has no way back, and there is no --trial".to_owned(),
        Some(terms) => {
            let time = (terms.time_ms > 0).then(|| span(terms.time_ms));
            let steps = (terms.steps > 0).then(|| count(terms.steps, "step"));
            let until: Vec<_> = time.into_iter().chain(steps).collect();
            let until = until.join(" and ");
            format!("by itself, on trial for {until}: {way}")
        }
    }
}

/// A plan for programs.
pub(super) fn object(plan: &Plan) -> Value {
    let rehearsal = plan.rehearsal.as_ref().map(|rehearsal| {
        json!({
            "compared": rehearsal.compared,
            "same": rehearsal.same,
            "different": rehearsal.different,
            "refused": rehearsal.lost,
        })
    });
    json!({
        "sequence": plan.sequence,
        "from": plan.from.as_ref().map(|from| Digest(from.program).to_string()),
        "to": Digest(plan.to.program).to_string(),
        "version": plan.to.machine_version,
        "step": plan.step,
        "state_bytes_before": plan.state_bytes_before,
        "state_bytes": plan.state_bytes,
        "pause_us": plan.pause_us,
        "fuel_max": plan.fuel_max,
        "has_check": plan.has_check,
        "has_adapters": plan.has_adapters,
        "has_way_back": plan.has_way_back,
        "rehearsal": rehearsal,
        "leaves": plan.leaves.as_ref().map(leaves::object),
    })
}
