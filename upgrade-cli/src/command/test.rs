//! `cam test`: the traces of the source, run on the abstract machine itself, then sessions at random that are held to
//! what the source claims.

use dsl::problem::Problems;
use dsl::simulate::{self, Simulation};
use dsl::source::Source;
use dsl::trace::{self, Accepted, Change};
use dsl::typed::ClaimKind;
use serde_json::{Value, json};

use super::chances::{self, extent, seed, title};
use super::{Context, chain as told, check};
use crate::arguments::Test;
use crate::exit::Exit;
use crate::failure::AnyFailure;
use crate::project::Project;
use crate::project::compilation::{self, Compilation};
use crate::project::files;
use crate::report::{Outcome, Report, count};

pub(super) fn run(context: &Context, arguments: &Test) -> Outcome {
    let project = context.project()?;
    let (mut compilation, mut report) = check::compile(context, &project)?;
    if arguments.accept
        && let Some(accepted) = trace::accept(&compilation.compiled, &compilation.source)
    {
        files::write(&project.source(), accepted.text.as_bytes())?;
        (compilation, report) = check::compile(context, &project)?;
        report = with_accepted(report, &project, &accepted);
    }
    let schema = compilation.compiled.schema();
    report = report.line(format!("{} version {}", schema.machine, schema.version));
    let mut results = Results::default();
    results.traces(&compilation);
    let simulation = results.simulation(context, arguments, &compilation);
    report = report.text(results.lines());
    let mut kept = 0;
    if let Some(simulation) = &simulation {
        for trace in simulation
            .found
            .iter()
            .filter_map(|found| found.trace.as_deref())
        {
            report = report.line("").text(indented(trace));
        }
        if arguments.keep {
            kept = keep(&project, &compilation.source, simulation)?;
        }
        report = report.field("simulation", chances::object(&compilation, simulation));
    }
    report = report
        .line(results.verdict(simulation.as_ref()))
        .problem(compilation::render(
            &compilation.source,
            &results.problems,
            context.console.style,
        ))
        .field("program", check::program_object(&compilation))
        .field("traces", results.objects)
        .exit(if results.failed > 0 {
            Exit::Wrong
        } else {
            Exit::Done
        });
    Ok(talk_of_traces(report, &project, kept, simulation.as_ref()))
}

/// Each line that expects something else now, as a difference shows it.
fn with_accepted(mut report: Report, project: &Project, accepted: &Accepted) -> Report {
    let mut objects = Vec::new();
    for Change {
        line,
        before,
        after,
    } in &accepted.changes
    {
        report = report
            .line(format!("{}:{line}", project.source_name()))
            .text(marked('-', before))
            .text(marked('+', after));
        objects.push(json!({"line": line, "before": before, "after": after}));
    }
    report.line("").field("accepted", objects)
}

fn marked(mark: char, text: &str) -> String {
    text.lines()
        .map(|line| format!("{mark} {}\n", line.trim_start()))
        .collect()
}

/// What came of all that was tested.
#[derive(Default)]
struct Results {
    /// Mark, title and extent of each line.
    rows: Vec<(char, String, String)>,
    problems: Problems,
    objects: Vec<Value>,
    traces: usize,
    failed: usize,
}

impl Results {
    fn traces(&mut self, compilation: &Compilation) {
        for trace in trace::run(&compilation.compiled) {
            let failure = trace.failure.as_ref();
            let extent = match failure {
                None => count(trace.lines, "line"),
                Some(_) => format!("stopped after {} of {}", trace.passed, trace.lines),
            };
            self.row(failure.is_none(), format!("\"{}\"", trace.title), extent);
            self.traces += 1;
            self.objects.push(json!({
                "title": &*trace.title,
                "ok": failure.is_none(),
                "lines": trace.lines,
                "passed": trace.passed,
                "failure": failure.map(|problem| {
                    let problem = std::iter::once(problem);
                    compilation::diagnostics(&compilation.source, problem)[0].take()
                }),
            }));
            failure
                .into_iter()
                .for_each(|problem| self.problems.push(problem.clone()));
        }
    }

    fn row(&mut self, is_good: bool, title: String, extent: String) {
        self.failed += usize::from(!is_good);
        let mark = if is_good { '✓' } else { '✗' };
        self.rows.push((mark, title, extent));
    }

    /// Simulates, if there is anything that could be found.
    fn simulation(
        &mut self,
        context: &Context,
        arguments: &Test,
        compilation: &Compilation,
    ) -> Option<Simulation> {
        let compiled = &compilation.compiled;
        let is_idle = !compiled.has_claims() && compiled.upgrades().is_empty();
        if is_idle || arguments.chances.runs == 0 {
            return None;
        }
        let simulation = chances::simulate(context.console, &arguments.chances, compiled);
        let tally = &simulation.tally;
        for claim in &tally.claims {
            let mut broken = simulation.found.iter();
            let broken = broken.find(|found| found.problem.primary.span == claim.condition);
            match broken {
                Some(found) if found.trace.is_some() => {
                    let shown = count(found.left, "line");
                    let extent = if found.left < found.lines {
                        format!("broken by {shown}, cut from {}", found.lines)
                    } else {
                        format!("broken by {shown}")
                    };
                    self.row(false, title(claim), extent);
                }
                Some(_) => self.row(false, title(claim), "broken".to_owned()),
                None if claim.kind == ClaimKind::Witness && claim.runs == 0 => {
                    self.rows.push(('!', title(claim), extent(claim, tally)));
                }
                None => self.row(true, title(claim), extent(claim, tally)),
            }
        }
        self.ways(compilation, &simulation);
        for problem in simulation.unreached() {
            self.problems.push(problem);
        }
        for found in &simulation.found {
            self.problems.push(found.problem.clone());
        }
        Some(simulation)
    }

    /// Migrations, and ways back, that were gone.
    fn ways(&mut self, compilation: &Compilation, simulation: &Simulation) {
        for upgrade in compilation.compiled.all_upgrades() {
            let from = upgrade.from;
            let is_broken = |code: &str| {
                let mut found = simulation.found.iter();
                found.any(|found| found.from == Some(from) && found.problem.code.name == code)
            };
            let times = simulation.tally.upgrades.get(&from).copied().unwrap_or(0);
            let times = count(times, "upgrade");
            let title = match upgrade.is_composed() {
                true => format!("migrate {}", told::way(upgrade)),
                false => format!("migrate from {from}"),
            };
            self.row(!is_broken("R011"), title.clone(), times.clone());
            for through in compilation.compiled.chains_from(from) {
                let title = match upgrade.is_composed() && through == upgrade.last_from() {
                    true => format!("{title}, step by step"),
                    false => format!("migrate from {from} through {through}"),
                };
                self.row(!is_broken("R013"), title, times.clone());
            }
            if upgrade.migration.back().is_some() && !upgrade.is_composed() {
                self.row(!is_broken("R010"), format!("migrate back to {from}"), times);
            }
        }
    }

    fn lines(&self) -> String {
        let widths = self.rows.iter().map(|(_, title, _)| title.chars().count());
        let width = widths.max().unwrap_or_default();
        let rows = self.rows.iter();
        rows.map(|(mark, title, extent)| format!("  {mark} {title:width$}  {extent}\n"))
            .collect()
    }

    fn verdict(&self, simulation: Option<&Simulation>) -> String {
        let chances = match simulation {
            Some(simulation) => {
                let runs = chances::runs(simulation);
                let steps = count(simulation.tally.steps, "step");
                format!("; {runs}, {steps}, seed {}", seed(simulation.plan))
            }
            None => String::new(),
        };
        let rows = self.rows.len();
        let all = if rows == self.traces {
            count(rows, "trace")
        } else {
            count(rows, "check")
        };
        match (self.failed, rows) {
            (_, 0) => "no traces".to_owned(),
            (0, _) => format!("all good: {all}{chances}"),
            (failed, _) => format!("{failed} of {all} failed{chances}"),
        }
    }
}

fn indented(trace: &str) -> String {
    trace.lines().map(|line| format!("  {line}\n")).collect()
}

/// Writes what was found into the source, and says how many traces that were.
fn keep(project: &Project, source: &Source, simulation: &Simulation) -> Result<usize, AnyFailure> {
    let found = simulation.found.iter();
    let traces: Vec<&str> = found.filter_map(|found| found.trace.as_deref()).collect();
    if traces.is_empty() {
        return Ok(0);
    }
    if let Some(text) = simulate::keep(source, &traces) {
        files::write(&project.source(), text.as_bytes())?;
    }
    Ok(traces.len())
}

fn talk_of_traces(
    report: Report,
    project: &Project,
    kept: usize,
    simulation: Option<&Simulation>,
) -> Report {
    let Some(simulation) = simulation else {
        return report;
    };
    let has_trace = simulation.found.iter().any(|found| found.trace.is_some());
    match kept {
        0 if has_trace => report.next(format!("cam test --seed {} --keep", seed(simulation.plan))),
        0 => report,
        _ => report.talk(format!(
            "{} added to {}",
            count(kept, "trace"),
            project.source_name()
        )),
    }
}
