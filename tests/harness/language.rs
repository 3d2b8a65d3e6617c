//! Fenced blocks in the language: what must compile with all its traces true, and what must be refused.

use std::collections::{BTreeMap, BTreeSet};

use dsl::compile::{Compiled, compile};
use dsl::history::History;
use dsl::problem::{Problems, Severity};
use dsl::source::Source;

/// The machines of one chapter, in order: a machine's later version finds the earlier ones in its history.
#[derive(Clone, Default)]
pub struct Chapter {
    histories: BTreeMap<String, History>,
    /// Traces that were run.
    pub traces: usize,
}

/// What stands around a block that defines functions or types alone.
const FRAME: &str = "
machine Frame version 1 {
  input | Go
  output | Gone
  state Int
  init 0
  on Go => Gone
}
";

impl Chapter {
    /// Compiles a block and runs its traces.
    ///
    /// # Errors
    /// The problems, rendered; or the first trace that fails.
    pub fn accept(&mut self, text: &str) -> Result<(), String> {
        let source = framed(text)?;
        let history = self
            .histories
            .entry(machine_name(source.text()))
            .or_default();
        let compiled =
            compile(&source, history).map_err(|problems| problems.render(&source, false))?;
        for report in dsl::trace::run(&compiled) {
            self.traces += 1;
            if let Some(problem) = report.failure {
                return Err(format!("trace \"{}\": {}", report.title, problem.title));
            }
        }
        history.release(compiled.program().clone());
        Ok(())
    }

    /// Holds a block to its refusal: the first line is the code of its errors, and of
    /// no other. If it compiles, it is the code with which its traces fail.
    ///
    /// # Errors
    /// That it is right, or is refused for something else.
    pub fn refuse(&mut self, text: &str) -> Result<(), String> {
        self.hold(text, |source, outcome| match outcome {
            Ok(compiled) => {
                let failures = dsl::trace::run(compiled).into_iter();
                let mut problems = Problems::new();
                failures
                    .filter_map(|report| report.failure)
                    .for_each(|failure| problems.push(failure));
                found(&problems, Severity::Error, source)
            }
            Err(problems) => found(problems, Severity::Error, source),
        })
    }

    /// Holds a block to its warning: it compiles, and the first line is the code of
    /// what is said about it nevertheless.
    ///
    /// # Errors
    /// That it is refused, or that something else is said.
    pub fn warn(&mut self, text: &str) -> Result<(), String> {
        self.hold(text, |source, outcome| match outcome {
            Ok(compiled) => found(compiled.warnings(), Severity::Warning, source),
            Err(problems) => found(problems, Severity::Error, source),
        })
    }

    fn hold(
        &mut self,
        text: &str,
        codes: impl Fn(&Source, &Result<Compiled, Problems>) -> (BTreeSet<&'static str>, String),
    ) -> Result<(), String> {
        let (code, text) = text.split_once('\n').ok_or("the first line is a code")?;
        let source = framed(text)?;
        let history = self
            .histories
            .entry(machine_name(source.text()))
            .or_default();
        let (found, shown) = codes(&source, &compile(&source, history));
        if found == BTreeSet::from([code.trim()]) {
            Ok(())
        } else {
            Err(format!("it is not `{code}` but {found:?}\n{shown}"))
        }
    }
}

/// The codes of one severity, and what they say.
fn found(
    problems: &Problems,
    severity: Severity,
    source: &Source,
) -> (BTreeSet<&'static str>, String) {
    let of_it = problems
        .iter()
        .filter(|problem| problem.severity() == severity);
    let codes = of_it.map(|problem| problem.code.name).collect();
    (codes, problems.render(source, false))
}

fn framed(text: &str) -> Result<Source, String> {
    let whole = if text.lines().any(|line| line.starts_with("machine ")) {
        text.to_owned()
    } else {
        format!("{text}{FRAME}")
    };
    Source::new("spec.cam", whole).map_err(|error| error.to_string())
}

fn machine_name(text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix("machine "));
    let name = line.and_then(|line| line.split_whitespace().next());
    name.unwrap_or_default().to_owned()
}
