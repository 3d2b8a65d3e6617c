//! `cam cost`: what each handler may use of a step's fuel, as the verifier proves it.

use dsl::cost::{self, HandlerCost};
use dsl::source::Source;
use serde_json::{Value, json};

use super::{Context, check};
use crate::report::{Outcome, row, table};

pub(super) fn run(context: &Context) -> Outcome {
    let project = context.project()?;
    let (compilation, report) = check::compile(context, &project)?;
    let source = &compilation.source;
    let handlers = cost::handlers(&compilation.compiled);
    let schema = compilation.compiled.schema();
    let mut rows = vec![row(["HANDLER", "FUEL", "MAY STOP", "STATE"])];
    rows.extend(handlers.iter().map(|handler| shown(source, handler)));
    let objects: Vec<_> = handlers
        .iter()
        .map(|handler| object(source, handler))
        .collect();
    let program = compilation.compiled.program();
    let whole = program.code().certificate(program.step());
    Ok(report
        .line(format!("{} version {}", schema.machine, schema.version))
        .text(table(&rows))
        .talk("`+` what loops do in each round; `~` what depends on the size of the state or the input")
        .field("program", check::program_object(&compilation))
        .field("handlers", objects)
        .field("step", json!({"cost": whole.cost, "max_cost": program.max_cost()})))
}

fn shown(source: &Source, handler: &HandlerCost) -> Vec<String> {
    let proved = &handler.certificate;
    let plus = if proved.loops { " +" } else { "" };
    let about = if proved.sized { " ~" } else { "" };
    vec![
        head(source, handler),
        format!("{}{plus}{about}", proved.cost),
        if proved.may_fail { "yes" } else { "no" }.to_owned(),
        if handler.is_query { "stays" } else { "changes" }.to_owned(),
    ]
}

fn object(source: &Source, handler: &HandlerCost) -> Value {
    let proved = &handler.certificate;
    json!({
        "handler": head(source, handler),
        "line": source.position(handler.head.start).line,
        "cost": proved.cost,
        "max_cost": handler.max_cost(),
        "loops": proved.loops,
        "sized": proved.sized,
        "may_fail": proved.may_fail,
        "query": handler.is_query,
    })
}

/// What the handler takes, on one line.
fn head(source: &Source, handler: &HandlerCost) -> String {
    let words: Vec<_> = source.slice(handler.head).split_whitespace().collect();
    words.join(" ")
}
