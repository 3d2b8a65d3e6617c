//! A rollout for people and for programs: what it would do, and what has become of every node.

use std::time::Duration;

use node::protocol::Plan;
use serde_json::{Value, json};

use super::Planned;
use super::errand::{Errand, Prospect};
use super::member::{Member, names};
use super::standing::{self, Standing};
use crate::command::{plan, push};
use crate::exit::Exit;
use crate::interrupt;
use crate::report::{Report, row, table};

/// A line for each node, and the first answer of each that would be another one.
pub(super) fn plan_text(planned: &[Planned]) -> String {
    let mut rows = vec![row(["NODE", "PLAN", "STATE", "ANSWERS", "PAUSE"])];
    let mut differences = String::new();
    for (member, prospect) in planned {
        let name = member.name();
        let without = |word: &str| row([name, word, "–", "–", "–"]);
        rows.push(match prospect {
            Some(Prospect::Takes(plan, lines)) => {
                if !lines.is_empty() {
                    differences.push_str(&format!("{name}:\n{}\n", lines.join("\n")));
                }
                plan_cells(name, plan)
            }
            Some(Prospect::Has) => without("already running"),
            Some(Prospect::Silent) => without("not known: it is older than plans"),
            None => without(&member.standing.word()),
        });
    }
    table(&rows) + &differences
}

fn plan_cells(name: &str, plan: &Plan) -> Vec<String> {
    let to = plan.to.machine_version;
    let Some(from) = &plan.from else {
        return row([name, &format!("starts version {to}"), "–", "–", "–"]);
    };
    let pause = Duration::from_micros(plan.pause_us).as_secs_f64() * 1e3;
    let answers = plan.rehearsal.as_ref().filter(|seen| seen.compared);
    let answers = answers.map_or("not compared".to_owned(), |seen| {
        let (same, different, lost) = (seen.same, seen.different, seen.lost);
        format!("{same} alike, {different} otherwise, {lost} refused")
    });
    row([
        name,
        &format!("version {} → {to}", from.machine_version),
        &format!("{} → {} B", plan.state_bytes_before, plan.state_bytes),
        &answers,
        &format!("{pause:.1} ms"),
    ])
}

/// Nobody has agreed: nothing was pushed, and what every node would have done was shown.
pub(super) fn declined_report(errand: &Errand<'_>, planned: &[Planned]) -> Report {
    let objects: Vec<_> = planned.iter().map(planned_object).collect();
    let report = with_troubles(Report::new(), planned)
        .field("bundle", errand.file.bundle.id().to_string())
        .field("machine", errand.machine())
        .field("nodes", objects);
    push::declined(report)
}

/// Why nodes would not take it, in full.
fn with_troubles(report: Report, planned: &[Planned]) -> Report {
    let members = planned.iter().map(|(member, _)| member);
    let troubles = members.filter_map(|member| member.standing.trouble());
    troubles.fold(report, |report, trouble| report.problem(trouble.text()))
}

/// What every node would do.
pub(super) fn planned_report(errand: &Errand<'_>, planned: &[Planned]) -> Report {
    let report = with_troubles(Report::new().text(plan_text(planned)), planned);
    let has_plan =
        |prospect: &Option<Prospect>| matches!(prospect, Some(Prospect::Takes(..) | Prospect::Has));
    let without = planned.iter().filter(|(_, prospect)| !has_plan(prospect));
    let standings: Vec<_> = without.map(|(member, _)| &member.standing).collect();
    let objects: Vec<_> = planned.iter().map(planned_object).collect();
    let report = report
        .field("bundle", errand.file.bundle.id().to_string())
        .field("machine", errand.machine())
        .field("result", "planned")
        .field("nodes", objects);
    match standings.is_empty() {
        true => report.next(push::WITHOUT_PLAN),
        false => {
            // Who is older than plans has said no to the question, as any other does.
            let exit = standing::unchanged_exit(&standings).unwrap_or(Exit::Refused);
            let (without, all) = (standings.len(), planned.len());
            let sum = format!("{without} of {all} nodes give no plan");
            let members = planned.iter().map(|(member, _)| member);
            report.field("error", error(members, &sum)).exit(exit)
        }
    }
}

fn planned_object((member, prospect): &Planned) -> Value {
    let mut object = member.standing.object(member.name(), member.wave);
    let (result, plan) = match prospect {
        Some(Prospect::Takes(plan, _)) => ("planned", Some(plan::object(plan))),
        Some(Prospect::Has) => ("already-running", None),
        Some(Prospect::Silent) => ("no-plan", None),
        None => return object,
    };
    object["result"] = json!(result);
    object["plan"] = json!(plan);
    object
}

/// What is true of every node.
pub(super) fn report(errand: &Errand<'_>, members: &[Member], stopped: Option<&str>) -> Report {
    let mut rows = vec![row(["NODE", "WAVE", "RESULT", "NOTE"])];
    let mut report = Report::new();
    for member in members {
        let wave = member.wave.map_or("–".to_owned(), |wave| wave.to_string());
        let (word, note) = (member.standing.word(), member.standing.note());
        rows.push(row([member.name(), &wave, &word, &note]));
        if let Some(trouble) = member.standing.trouble() {
            report = report.problem(trouble.text());
        }
    }
    let (running, sum) = sum(errand, members);
    let (machine, program) = (errand.machine(), errand.file.manifest.new_program);
    report = report.text(table(&rows)).line(&sum);
    if let Some(why) = stopped {
        report = report.line(format!("stopped: {why}"));
    }
    let standings: Vec<_> = members.iter().map(|member| &member.standing).collect();
    let exit = match interrupt::is_interrupted() {
        true => Exit::Interrupted,
        false => standing::exit(&standings, stopped.is_none()),
    };
    let result = if exit == Exit::Done { "done" } else { "failed" };
    let objects: Vec<_> = members
        .iter()
        .map(|member| member.standing.object(member.name(), member.wave))
        .collect();
    let report = report
        .field("bundle", errand.file.bundle.id().to_string())
        .field("machine", machine)
        .field("program", program.to_string())
        .field("result", result)
        .field("running", running)
        .field("stopped", stopped)
        .field("nodes", objects);
    let report = match exit {
        Exit::Done => report,
        _ => report.field("error", error(members, &sum)),
    };
    next(report, errand, members).exit(exit)
}

/// How many run it, and a sentence about that.
fn sum(errand: &Errand<'_>, members: &[Member]) -> (usize, String) {
    let running = members.iter().filter(|member| member.standing.is_running());
    let unknown = members.iter().filter(|member| member.standing.may_run());
    let (running, unknown) = (running.count(), unknown.count());
    let (machine, program) = (errand.machine(), errand.file.manifest.new_program);
    let sum = format!(
        "{running} of {} nodes run `{machine}` {program}",
        members.len()
    );
    match unknown - running {
        0 => (running, sum),
        unknown => (running, format!("{sum}; of {unknown} that is not known")),
    }
}

/// In the shape of all failures; the code is that of the first node that has one.
fn error<'a>(members: impl IntoIterator<Item = &'a Member>, sum: &str) -> Value {
    let mut troubles = members
        .into_iter()
        .filter_map(|member| member.standing.trouble());
    let code = troubles.next().map(|trouble| trouble.code());
    json!({"code": code, "message": sum, "causes": [], "facts": {}, "help": []})
}

/// The command that a person would type then.
fn next(report: Report, errand: &Errand<'_>, members: &[Member]) -> Report {
    let machine = errand.machine();
    let first = |test: fn(&Standing) -> bool| members.iter().find(|member| test(&member.standing));
    if let Some(lost) = first(|standing| matches!(standing, Standing::Unknown(_))) {
        return report.next(format!("cam history {} {machine}", lost.name()));
    }
    let is_gone =
        |standing: &Standing| matches!(standing, Standing::WentBack(_) | Standing::Replaced(_));
    if let Some(back) = first(is_gone) {
        return report.next(format!("cam history {} {machine}", back.name()));
    }
    let left = members
        .iter()
        .filter(|member| !member.standing.is_running());
    let left = names(left).replace(", ", " ");
    match left.is_empty() {
        true => report.next(format!("cam status {}", names(members).replace(", ", " "))),
        false => report.next(format!("cam status {left}")),
    }
}
