//! `cam fmt`: sources in the one layout.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use dsl::format::{self, Unformatted};
use dsl::limits::SOURCE_BYTES_MAX;
use dsl::source::Source;
use serde_json::json;

use super::Context;
use crate::arguments::Fmt;
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure};
use crate::project::compilation::Broken;
use crate::project::files;
use crate::report::{Outcome, Report, count};

/// The file that is the standard input.
const STANDARD_INPUT: &str = "-";

pub(super) fn run(context: &Context, arguments: &Fmt) -> Outcome {
    if let [only] = arguments.files.as_slice()
        && only.as_os_str() == STANDARD_INPUT
    {
        return standard_input(arguments.check);
    }
    let files = match arguments.files.as_slice() {
        [] => vec![context.project()?.source()],
        files => files.to_vec(),
    };
    // All are judged before one is written: a mistake in the last leaves the first alone.
    let formatted: Vec<Formatted> = files
        .iter()
        .map(|path| of_file(path))
        .collect::<Result<_, _>>()?;
    let mut report = Report::new();
    let mut listed = Vec::new();
    let mut changed = 0;
    for (path, file) in files.iter().zip(&formatted) {
        let line = file.first_change();
        listed.push(json!({"file": path.display().to_string(), "changes_from_line": line}));
        let Some(line) = line else { continue };
        changed += 1;
        let shown = path.display();
        if arguments.check {
            report = report.line(format!("would format {shown}, from line {line} on"));
        } else {
            files::write(path, file.after.as_bytes())?;
            report = report.line(format!("formatted {shown}"));
        }
    }
    let all = files.len();
    report = report.field("files", listed).field("changed", changed);
    Ok(match (changed, arguments.check) {
        (0, _) => report.line(format!("✓ {} as it should be", count(all, "file"))),
        (_, true) => report.exit(Exit::Wrong).next("cam fmt"),
        (_, false) => report,
    })
}

fn standard_input(is_check: bool) -> Outcome {
    let mut text = String::new();
    let limit = SOURCE_BYTES_MAX as u64 + 1;
    io::stdin()
        .lock()
        .take(limit)
        .read_to_string(&mut text)
        .map_err(NoFormat::Input)?;
    let formatted = of(STANDARD_INPUT.to_owned(), text)?;
    let line = formatted.first_change();
    let report = Report::new().field("text", &formatted.after);
    Ok(match (line, is_check) {
        (Some(line), true) => report
            .line(format!("would format the input, from line {line} on"))
            .exit(Exit::Wrong),
        (None, true) => report,
        (_, false) => report.text(formatted.after),
    })
}

/// A source before and after.
struct Formatted {
    before: String,
    after: String,
}

impl Formatted {
    /// The number of the first line that differs, if any does.
    fn first_change(&self) -> Option<usize> {
        if self.before == self.after {
            return None;
        }
        let (mut before, mut after) = (self.before.lines(), self.after.lines());
        let same = std::iter::from_fn(|| Some(before.next()? == after.next()?));
        Some(same.take_while(|same| *same).count() + 1)
    }
}

fn of_file(path: &Path) -> Result<Formatted, AnyFailure> {
    of(path.display().to_string(), files::read_text(path)?)
}

fn of(name: String, text: String) -> Result<Formatted, AnyFailure> {
    let file = Source::new(name, text.as_str()).map_err(Broken::from)?;
    match format::format(&file) {
        Ok(after) => Ok(Formatted {
            before: text,
            after,
        }),
        Err(Unformatted::Problems(problems)) => Err(Broken::Problems { file, problems }.into()),
        Err(Unformatted::Changed) => Err(NoFormat::Changed {
            path: PathBuf::from(file.name()),
        }
        .into()),
    }
}

#[derive(Debug, thiserror::Error)]
enum NoFormat {
    #[error("the standard input cannot be read as UTF-8 text")]
    Input(#[source] io::Error),
    #[error("the layout of `{}` would say something else, so nothing was written", path.display())]
    Changed { path: PathBuf },
}

impl Failure for NoFormat {
    fn exit(&self) -> Exit {
        match self {
            NoFormat::Input(_) => Exit::Wrong,
            NoFormat::Changed { .. } => Exit::Bug,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            NoFormat::Input(_) => "F008",
            NoFormat::Changed { .. } => "F901",
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            NoFormat::Input(_) => Vec::new(),
            NoFormat::Changed { .. } => {
                vec!["this is a bug in `cam fmt`: please report it with the source".to_owned()]
            }
        }
    }
}
