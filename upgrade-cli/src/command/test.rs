//! `cam test`: the traces of the source, run on the abstract machine itself.

use dsl::problem::Problems;
use dsl::trace;
use serde_json::json;

use super::{Context, check};
use crate::exit::Exit;
use crate::project::compilation;
use crate::report::{Outcome, count};

pub(super) fn run(context: &Context) -> Outcome {
    let project = context.project()?;
    let (compiled, mut report) = check::compile(context, &project)?;
    let source = &compiled.source;
    let schema = compiled.compiled.schema();
    report = report.line(format!("{} version {}", schema.machine, schema.version));
    let traces = trace::run(&compiled.compiled);
    let mut results = Vec::new();
    let mut failures = Problems::new();
    let width = traces.iter().map(|trace| trace.title.chars().count()).max();
    for trace in &traces {
        let (title, lines) = (format!("\"{}\"", trace.title), trace.lines);
        let width = width.unwrap_or_default() + 2;
        report = report.line(match &trace.failure {
            None => format!("  ✓ {title:width$}  {}", count(lines, "line")),
            Some(_) => format!(
                "  ✗ {title:width$}  stopped after {} of {lines}",
                trace.passed
            ),
        });
        let failure = trace.failure.as_ref();
        results.push(json!({
            "title": &*trace.title,
            "ok": failure.is_none(),
            "lines": lines,
            "passed": trace.passed,
            "failure": failure.map(|problem| {
                compilation::diagnostics(source, std::iter::once(problem))[0].take()
            }),
        }));
        failure
            .into_iter()
            .for_each(|problem| failures.push(problem.clone()));
    }
    for law in trace::laws(&compiled.compiled) {
        report = report.line(format!("  ✗ {}", law.title)).exit(Exit::Wrong);
        failures.push(law);
    }
    let failed = results
        .iter()
        .filter(|result| result["ok"] == false)
        .count();
    let (verdict, exit) = match (failed, traces.len()) {
        (_, 0) => ("no traces".to_owned(), Exit::Done),
        (0, all) => (format!("all good: {}", count(all, "trace")), Exit::Done),
        (_, all) => (
            format!("{failed} of {} failed", count(all, "trace")),
            Exit::Wrong,
        ),
    };
    Ok(report
        .line(verdict)
        .problem(compilation::render(
            source,
            &failures,
            context.console.style,
        ))
        .field("program", check::program_object(&compiled))
        .field("traces", results)
        .exit(exit))
}
