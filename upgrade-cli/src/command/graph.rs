//! `cam graph`: the machine as a picture, or as the table of states and inputs.

use dsl::graph::{self, Graph};
use serde_json::{Value, json};

use super::{Context, check};
use crate::arguments::{Graph as Arguments, Picture};
use crate::project::files;
use crate::report::{Outcome, Report, table};

pub(super) fn run(context: &Context, arguments: &Arguments) -> Outcome {
    let project = context.project()?;
    let (compilation, report) = check::compile(context, &project)?;
    let graph = graph::graph(&compilation.source, &compilation.compiled);
    let format = match arguments.table {
        true => Picture::Table,
        false => arguments.format,
    };
    let text = match format {
        Picture::Mermaid => graph.mermaid(),
        Picture::Dot => graph.dot(),
        Picture::Svg => graph.svg(),
        Picture::Table => pairs(&graph),
    };
    let report = report
        .field("program", check::program_object(&compilation))
        .field("states", &graph.states)
        .field("inputs", &graph.inputs)
        .field("first", named(&graph, graph.first.iter().copied()))
        .field("pairs", objects(&graph));
    let Some(path) = &arguments.output else {
        return Ok(remarked(report.text(text), &graph, format));
    };
    files::write(path, text.as_bytes())?;
    Ok(report
        .line(format!("wrote {}", path.display()))
        .field("file", path.display().to_string()))
}

/// A row for each input, a column for each state: the lines of the clauses that may take the pair.
fn pairs(graph: &Graph) -> String {
    let mut rows = vec![vec![String::new()]];
    rows[0].extend(graph.states.iter().cloned());
    for (input, name) in graph.inputs.iter().enumerate() {
        let mut row = vec![name.clone()];
        row.extend((0..graph.states.len()).map(|state| cell(graph, input, state)));
        rows.push(row);
    }
    table(&rows)
}

fn cell(graph: &Graph, input: usize, state: usize) -> String {
    let cell = &graph.cells[input][state];
    let lines = cell.clauses.iter().map(|clause| {
        let clause = &graph.clauses[*clause];
        let mark = if clause.is_catch_all { "*" } else { "" };
        format!("{}{mark}", clause.line)
    });
    let mut lines: Vec<_> = lines.collect();
    if graph.clauses.is_empty() {
        lines.push("step".to_owned());
    }
    let next = cell.next.iter().filter(|next| **next != state);
    let mut next: Vec<_> = next.map(|next| graph.states[*next].clone()).collect();
    next.extend(cell.is_open.then(|| "any".to_owned()));
    match next.is_empty() {
        true => lines.join(" "),
        false => format!("{} → {}", lines.join(" "), next.join(" | ")),
    }
}

/// How many pairs nobody decided about.
fn remarked(report: Report, graph: &Graph, format: Picture) -> Report {
    let pairs = graph.inputs.len() * graph.states.len();
    let caught = (0..graph.inputs.len())
        .flat_map(|input| (0..graph.states.len()).map(move |state| (input, state)))
        .filter(|(input, state)| graph.is_caught(*input, *state))
        .count();
    let report = report.field("caught", caught);
    if format != Picture::Table || graph.clauses.is_empty() {
        return report;
    }
    report.talk(format!(
        "the lines of the clauses, in the order they are tried; `*` takes any input: {caught} of {pairs} pairs"
    ))
}

fn objects(graph: &Graph) -> Vec<Value> {
    let mut objects = Vec::new();
    for (input, row) in graph.cells.iter().enumerate() {
        for (state, cell) in row.iter().enumerate() {
            let clauses = cell.clauses.iter().map(|clause| {
                let clause = &graph.clauses[*clause];
                json!({"head": clause.head, "line": clause.line})
            });
            objects.push(json!({
                "input": graph.inputs[input],
                "state": graph.states[state],
                "clauses": clauses.collect::<Vec<_>>(),
                "caught": graph.is_caught(input, state),
                "next": named(graph, cell.next.iter().copied()),
                "any": cell.is_open,
            }));
        }
    }
    objects
}

fn named(graph: &Graph, states: impl Iterator<Item = usize>) -> Vec<&str> {
    states.map(|state| graph.states[state].as_str()).collect()
}
