//! Everything that is printed: data on the standard output, talk on the other one, and `--json`.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::builder::StyledStr;
use node::printable::Printable;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::catalogue::{MISUSE, OUTPUT};
use crate::failure::{AnyFailure, Failure, Style};

/// The version of the JSON objects. Fields are only added while it stays.
const JSON_VERSION: u32 = 1;

/// What a command found out.
#[derive(Debug)]
pub(crate) struct Report {
    exit: Exit,
    answer: String,
    problems: String,
    talk: String,
    next: Option<String>,
    fields: Map<String, Value>,
}

/// What every command gives.
pub(crate) type Outcome = Result<Report, AnyFailure>;

impl Report {
    /// Nothing to say yet, and all is well.
    pub(crate) fn new() -> Report {
        Report {
            exit: Exit::Done,
            answer: String::new(),
            problems: String::new(),
            talk: String::new(),
            next: None,
            fields: Map::new(),
        }
    }

    /// A line of the answer: what a script reads without `--json`.
    #[must_use]
    pub(crate) fn line(mut self, line: impl AsRef<str>) -> Report {
        self.answer.push_str(line.as_ref());
        self.answer.push('\n');
        self
    }

    /// Text that was laid out before, line ends and all.
    #[must_use]
    pub(crate) fn text(mut self, text: impl AsRef<str>) -> Report {
        self.answer.push_str(text.as_ref());
        self
    }

    /// What is wrong without ending the command; not silenced by `--quiet`.
    #[must_use]
    pub(crate) fn problem(mut self, text: impl AsRef<str>) -> Report {
        self.problems.push_str(text.as_ref());
        self
    }

    /// A line for people.
    #[must_use]
    pub(crate) fn talk(mut self, line: impl AsRef<str>) -> Report {
        self.talk.push_str(line.as_ref());
        self.talk.push('\n');
        self
    }

    /// What a person would do next. Said last.
    #[must_use]
    pub(crate) fn next(mut self, command: impl Into<String>) -> Report {
        self.next = Some(command.into());
        self
    }

    /// A field of the JSON object.
    #[must_use]
    pub(crate) fn field(mut self, name: &str, value: impl Serialize) -> Report {
        let value = serde_json::to_value(value).expect("reports hold texts, numbers and lists");
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// Ends otherwise than well. A worse end that was set before stays.
    #[must_use]
    pub(crate) fn exit(mut self, exit: Exit) -> Report {
        self.exit = self.exit.max(exit);
        self
    }
}

/// Where things are printed, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    /// One JSON object instead of text.
    pub(crate) json: bool,
    /// No talk.
    pub(crate) quiet: bool,
    /// How messages look.
    pub(crate) style: Style,
}

impl Console {
    /// Prints a line of a long answer at once, and says whether anybody still reads. The JSON object
    /// comes at the end only.
    pub(crate) fn say(self, line: &str) -> bool {
        self.json || print(io::stdout(), &format!("{line}\n"))
    }

    /// Prints an object of a long answer at once, and says whether anybody still reads.
    pub(crate) fn say_object(self, object: &Value) -> bool {
        !self.json || print(io::stdout(), &format!("{object}\n"))
    }

    /// Prints a line for people at once, while a command goes on.
    pub(crate) fn talk(self, line: &str) {
        if !self.quiet && !self.json {
            print(io::stderr(), &format!("{line}\n"));
        }
    }

    /// Asks, at a terminal, and takes only a yes for one. Where nobody can be asked, nobody is.
    pub(crate) fn agrees(self, question: &str) -> bool {
        let is_there = io::stdin().is_terminal() && io::stderr().is_terminal();
        if self.json || !is_there {
            return true;
        }
        print(io::stderr(), &format!("{question} [y/N] "));
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
    }

    /// Prints what a command gave, and says how the process ends.
    pub(crate) fn finish(self, command: &str, started: Instant, outcome: Outcome) -> Exit {
        let exit = match outcome {
            Ok(report) => self.finish_report(command, started, report),
            Err(failure) => self.finish_failure(command, started, failure.as_ref()),
        };
        if !OUTPUT_LOST.load(Ordering::Relaxed) {
            return exit;
        }
        print(
            io::stderr(),
            &format!("error[{OUTPUT}]: the standard output cannot be written; an answer is lost\n"),
        );
        exit.max(Exit::Wrong)
    }

    fn finish_report(self, command: &str, started: Instant, report: Report) -> Exit {
        let Report {
            exit,
            answer,
            problems,
            mut talk,
            next,
            fields,
        } = report;
        if self.json {
            print_object(command, started, exit, fields);
        } else {
            print(io::stdout(), &answer);
        }
        print(io::stderr(), &problems);
        if let Some(next) = next {
            talk.push_str(&self.paint(DIM, &format!("next: {next}")));
            talk.push('\n');
        }
        if !self.quiet {
            print(io::stderr(), &talk);
        }
        exit
    }

    fn finish_failure(self, command: &str, started: Instant, failure: &dyn Failure) -> Exit {
        if self.json {
            let mut fields = failure.fields();
            fields.insert("error".to_owned(), error_object(failure));
            print_object(command, started, failure.exit(), fields);
        }
        print(io::stderr(), &self.render(failure));
        failure.exit()
    }

    /// A failure as text: the sentence, its causes, the facts, and what to do.
    pub(crate) fn render(self, failure: &dyn Failure) -> String {
        if let Some(text) = failure.rendered(self.style) {
            return text;
        }
        let error = format!("error[{}]", failure.code());
        let mut text = format!("{}: {failure}\n", self.paint(RED, &error));
        for cause in causes(failure) {
            text.push_str(&format!("  because: {}\n", readable(&cause)));
        }
        let facts = failure.facts();
        let width = facts.iter().map(|(label, _)| label.len()).max();
        for (label, fact) in &facts {
            let width = width.unwrap_or_default();
            text.push_str(&format!("    {label:width$}  {fact}\n"));
        }
        for help in failure.help() {
            text.push_str(&format!("{}: {help}\n", self.paint(CYAN, "help")));
        }
        text
    }

    fn paint(self, colour: &str, text: &str) -> String {
        if self.style.colour {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

const RED: &str = "1;31";
const CYAN: &str = "1;36";
const DIM: &str = "2";

/// A misuse in the words of the reader of the command line, with our code.
pub(crate) fn say_misuse(text: &StyledStr, colour: bool) {
    let text = match colour {
        true => text.ansi().to_string(),
        false => text.to_string(),
    };
    let text = text.replacen("error:", &format!("error[{MISUSE}]:"), 1);
    print(io::stderr(), &text);
}

/// A misuse that the reader of the command line has explained already, as an object.
pub(crate) fn print_misuse(command: &str, started: Instant, message: &str) {
    let mut fields = Map::new();
    let error = json!({"code": MISUSE, "message": message, "causes": [], "facts": {}, "help": []});
    fields.insert("error".to_owned(), error);
    print_object(command, started, Exit::Usage, fields);
}

fn print_object(command: &str, started: Instant, exit: Exit, fields: Map<String, Value>) {
    let mut object = Map::new();
    object.insert("cam".to_owned(), json!(JSON_VERSION));
    object.insert("command".to_owned(), json!(command));
    object.insert("ok".to_owned(), json!(exit == Exit::Done));
    object.insert("exit".to_owned(), json!(exit.code()));
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    object.insert("ms".to_owned(), json!(elapsed));
    object.extend(fields);
    print(io::stdout(), &format!("{}\n", Value::Object(object)));
}

/// A failure for programs.
pub(crate) fn error_object(failure: &dyn Failure) -> Value {
    let facts = failure.facts();
    let facts = facts
        .into_iter()
        .map(|(label, fact)| (label.to_owned(), Value::String(fact)));
    json!({
        "code": failure.code(),
        "message": failure.to_string(),
        "causes": causes(failure),
        "facts": facts.collect::<Map<_, _>>(),
        "help": failure.help(),
    })
}

fn causes(failure: &dyn Failure) -> Vec<String> {
    let mut causes = Vec::new();
    let mut cause = failure.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes
}

/// Characters of one line of a cause that are shown. A cause may quote a line of a file, as long as the file.
const CAUSE_CHARS_MAX: usize = 200;

/// A cause for a terminal: long lines cut, and nothing in it that the terminal would obey.
fn readable(cause: &str) -> String {
    let lines = cause.trim_end().lines().map(|line| {
        let (rest, mut shown) = (line.chars().nth(CAUSE_CHARS_MAX), line.to_owned());
        if rest.is_some() {
            shown = line.chars().take(CAUSE_CHARS_MAX).chain(['…']).collect();
        }
        Printable(&shown).to_string()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Set when something was printed and did not arrive, on a full disk for instance: a script that reads
/// the exit code must not believe that it has the answer.
static OUTPUT_LOST: AtomicBool = AtomicBool::new(false);

/// Prints, and says whether anybody still reads. A reader may have heard enough
/// (`cam history hall | head -1`); that is no failure.
fn print(mut out: impl Write, text: &str) -> bool {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => false,
        Err(_) => {
            OUTPUT_LOST.store(true, Ordering::Relaxed);
            false
        }
    }
}

/// A table for people: columns as wide as their widest cell, two blanks between, none at the end.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

/// A row of a table.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// A number with the word for what it counts: `1 line`, `2 lines`.
pub(crate) fn count(number: impl Display, word: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {word}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_without_blanks() {
        let rows = [
            row(["NODE", "NOTE"]),
            row(["hall", ""]),
            row(["größe", "x"]),
        ];
        assert_eq!(table(&rows), "NODE   NOTE\nhall\ngröße  x\n");
    }

    #[test]
    fn a_cause_is_cut_and_commands_a_terminal_nothing() {
        let cause = format!("line 1\n | \u{1b}[2J{}\n", "[".repeat(100_000));
        let shown = readable(&cause);
        assert!(shown.starts_with("line 1\n | \\u{1b}[2J[["), "{shown}");
        assert!(shown.ends_with("[…") && shown.chars().count() < 250);
        assert_eq!(readable("a\n  b"), "a\n  b");
    }

    #[test]
    fn a_worse_end_stays() {
        let report = Report::new().exit(Exit::NotReachable).exit(Exit::Wrong);
        assert_eq!(report.exit, Exit::NotReachable);
    }
}
