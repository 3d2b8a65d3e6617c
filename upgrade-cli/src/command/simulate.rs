//! `cam simulate`: sessions at random, and what happened in them.

use std::collections::BTreeMap;

use dsl::problem::Problems;
use dsl::simulate::{Constructors, Fault, Tally};
use dsl::source::Source;
use dsl::typed::ClaimKind;
use serde_json::{Map, Value, json};

use super::chances::{self, extent, seed, title};
use super::{Context, check};
use crate::arguments::Simulate;
use crate::exit::Exit;
use crate::project::compilation;
use crate::report::{Outcome, Report, count, table};

pub(super) fn run(context: &Context, arguments: &Simulate) -> Outcome {
    let project = context.project()?;
    let (compilation, mut report) = check::compile(context, &project)?;
    let simulation = chances::simulate(context.console, &arguments.chances, &compilation.compiled);
    let tally = &simulation.tally;
    let own = compilation.compiled.schema().version;
    report = report
        .line(format!(
            "{}, {}, seed {}",
            chances::runs(&simulation),
            count(tally.steps, "step"),
            seed(simulation.plan)
        ))
        .text(table(&rows(tally, own, &compilation.source)));
    let mut problems = Problems::new();
    for found in &simulation.found {
        problems.push(found.problem.clone());
        if let Some(trace) = &found.trace {
            report = report.line("").text(trace);
        }
    }
    let has_failed = !simulation.found.is_empty();
    Ok(fields(report, tally, &compilation.source)
        .field("simulation", chances::object(&compilation, &simulation))
        .problem(compilation::render(
            &compilation.source,
            &problems,
            context.console.style,
        ))
        .exit(if has_failed { Exit::Wrong } else { Exit::Done }))
}

fn rows(tally: &Tally, own: u32, source: &Source) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = |what: String, much: String| rows.push(vec![String::new(), what, much]);
    for (word, kinds) in [("inputs", &tally.inputs), ("outputs", &tally.outputs)] {
        for (version, constructors) in kinds {
            let of = if *version == own {
                word.to_owned()
            } else {
                format!("{word} of {version}")
            };
            row(of, listed(constructors));
        }
    }
    if tally.retired > 0 {
        row("retired".to_owned(), tally.retired.to_string());
    }
    for (fault, times) in &tally.faults {
        row(
            "stopped".to_owned(),
            format!("{times}  {}", told(fault, source)),
        );
    }
    for (from, times) in &tally.upgrades {
        row(format!("upgrades from {from}"), times.to_string());
    }
    let witnesses = tally.claims.iter();
    for claim in witnesses.filter(|claim| claim.kind == ClaimKind::Witness) {
        row(title(claim), extent(claim, tally));
    }
    row(
        "heaviest state".to_owned(),
        format!("{} bytes", tally.heaviest_state),
    );
    row("most fuel".to_owned(), tally.most_fuel.to_string());
    rows
}

/// `Incr 200  Read 180`, without what never was.
fn listed(constructors: &Constructors) -> String {
    let named = constructors.iter().filter(|(_, times)| *times > 0);
    let named: Vec<String> = named
        .map(|(name, times)| format!("{name} {times}"))
        .collect();
    if named.is_empty() {
        "none".to_owned()
    } else {
        named.join("  ")
    }
}

fn told(fault: &Fault, source: &Source) -> String {
    match fault.place {
        Some((start, _)) => {
            let line = source.position(start).line;
            format!("{}, line {line}", fault.reason)
        }
        None => fault.reason.clone(),
    }
}

fn fields(report: Report, tally: &Tally, source: &Source) -> Report {
    let faults = tally.faults.iter().map(|(fault, times)| {
        let line = fault.place.map(|(start, _)| source.position(start).line);
        json!({"reason": fault.reason, "line": line, "times": times})
    });
    report
        .field("inputs", by_version(&tally.inputs))
        .field("outputs", by_version(&tally.outputs))
        .field("retired", tally.retired)
        .field("faults", faults.collect::<Vec<Value>>())
        .field("heaviest_state", tally.heaviest_state)
        .field("most_fuel", tally.most_fuel)
}

fn by_version(kinds: &BTreeMap<u32, Constructors>) -> Map<String, Value> {
    let versions = kinds.iter();
    let versions = versions.map(|(version, constructors)| {
        let named = constructors.iter();
        let named = named.map(|(name, times)| (name.to_owned(), json!(times)));
        (version.to_string(), Value::Object(named.collect()))
    });
    versions.collect()
}
