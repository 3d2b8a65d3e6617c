//! Fenced blocks in the language: what must compile with all its traces true, and what must be refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use dsl::compile::compile;
use dsl::history::History;
use dsl::problem::Severity;
use dsl::source::Source;

/// The machines of one chapter, in order: a machine's later version finds the earlier ones in its history.
#[derive(Default)]
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
    /// no other.
    ///
    /// # Errors
    /// That it compiles, or is refused for something else.
    pub fn refuse(&mut self, text: &str) -> Result<(), String> {
        let (code, text) = text.split_once('\n').ok_or("the first line is a code")?;
        let source = framed(text)?;
        let history = self
            .histories
            .entry(machine_name(source.text()))
            .or_default();
        match compile(&source, history) {
            Ok(_) => Err("it compiles".to_owned()),
            Err(problems) => {
                let errors = problems.iter();
                let errors = errors.filter(|problem| problem.severity() == Severity::Error);
                let found: BTreeSet<&str> = errors.map(|problem| problem.code.name).collect();
                if found == BTreeSet::from([code.trim()]) {
                    Ok(())
                } else {
                    let mut message = format!("refused for {found:?}\n");
                    let _ = write!(message, "{}", problems.render(&source, false));
                    Err(message)
                }
            }
        }
    }
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
