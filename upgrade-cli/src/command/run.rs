//! `cam run`: a machine by hand, in this process.

mod terminal;

use std::path::PathBuf;

use dsl::history::History;
use dsl::session::{Came, Change, Refused, Session};
use dsl::source::Source;
use serde_json::{Value, json};

use super::Context;
use crate::arguments::Run;
use crate::failure::AnyFailure;
use crate::project::compilation::{self, Broken};
use crate::project::files;
use crate::project::released::Released;
use crate::report::{Outcome, Report, count};
use terminal::Lines;

const HELP: &str = "\
  Incr                     send an input; `Incr at 5 as \"bob\"` stamps it, `v1> Incr` speaks as an old client
  count + 1                an expression about the state
  given { count: 7 }       go on in another state
  :state  :undo            show the state; go back one line
  :type EXPR               the type of an expression; of a function or an input also what its arrow does
  :from N   :upgrade       start again in version N of the history; then upgrade to the source
  :core NAME               a function, a constant, what takes an input, or `step`, in combinators
  :trace TITLE             write this session into the source as a trace
  :reload                  read the source again and start anew
  :help  :quit";

pub(super) fn run(context: &Context, arguments: &Run) -> Outcome {
    let project = context.project()?;
    let released = Released::read(&project, None)?;
    let history = released.history();
    let path = project.source();
    let source = read(&path)?;
    let session = Session::start(&source, &history, arguments.from).map_err(broken)?;
    let lines = Lines::open(context.environment.config.as_deref());
    let mut hand = Hand {
        context,
        history,
        path,
        source,
        session,
        entries: Vec::new(),
    };
    hand.greet(lines.is_terminal());
    hand.play(lines)?;
    Ok(Report::new().field("entries", hand.entries))
}

fn read(path: &std::path::Path) -> Result<Source, Broken> {
    Ok(Source::new(
        path.display().to_string(),
        files::read_text(path)?,
    )?)
}

fn broken(refused: Refused) -> Broken {
    Broken::Problems {
        file: refused.source,
        problems: refused.problems,
    }
}

/// Who plays, and with what.
struct Hand<'a> {
    context: &'a Context,
    history: History,
    path: PathBuf,
    source: Source,
    session: Session,
    /// What was entered and what it came to, for `--json`.
    entries: Vec<Value>,
}

impl Hand<'_> {
    fn greet(&self, is_terminal: bool) {
        let (machine, version) = self.session.running();
        let hint = if is_terminal { "   :help  :quit" } else { "" };
        self.say(&format!(
            "{machine} version {version}  {}{hint}",
            self.session.state()
        ));
    }

    fn say(&self, text: &str) {
        self.context.console.say(text);
    }

    fn play(&mut self, mut lines: Lines) -> Result<(), AnyFailure> {
        while let Some(line) = lines.next_line() {
            let line = line.trim();
            if line.is_empty() || line.starts_with("//") {
                continue;
            }
            if line == ":quit" || line == ":q" {
                break;
            }
            let said = match line.strip_prefix(':') {
                Some(command) => self.command(command)?,
                None => self.enter(line),
            };
            self.say(&said);
            let (_, version) = self.session.running();
            self.entries.push(json!({
                "line": line, "said": said, "state": self.session.state(), "version": version,
            }));
        }
        Ok(())
    }

    /// A word after `:` and what follows it.
    fn command(&mut self, command: &str) -> Result<String, AnyFailure> {
        let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
        let rest = rest.trim();
        Ok(match word {
            "help" | "h" => HELP.to_owned(),
            "state" => self.session.state(),
            "undo" => self.undo(),
            "type" => match self.session.type_of(rest) {
                Ok(kind) => kind,
                Err(refused) => self.refused(&refused),
            },
            "upgrade" => self.enter("upgrade"),
            "from" => self.start_from(rest),
            "core" => self.core(rest),
            "trace" => self.trace(rest)?,
            "reload" => self.reload()?,
            _ => format!("there is no `:{word}`; `:help` shows what there is"),
        })
    }

    fn enter(&mut self, line: &str) -> String {
        let before = self.session.clone();
        match self.session.enter(line) {
            Ok(came) => {
                let changes = shown(&self.session.changes(&before));
                match came {
                    Came::Answer { text, fuel } => joined(&text, &changes, &format!("fuel {fuel}")),
                    Came::Fault { text, at } => self.stopped(&text, at.map(|span| span.start)),
                    Came::Retired => {
                        "retired: the machine refuses this input of old clients".to_owned()
                    }
                    Came::Value { text, kind } => format!("{text} : {kind}"),
                    Came::Moved => joined("", &changes, ""),
                }
            }
            Err(refused) => self.refused(&refused),
        }
    }

    fn stopped(&self, why: &str, at: Option<u32>) -> String {
        let place = at.map_or(String::new(), |byte| {
            let position = self.source.position(byte);
            format!(
                " ({}:{}:{})",
                self.source.name(),
                position.line,
                position.column
            )
        });
        format!("fault: {why}{place}; nothing has changed")
    }

    fn refused(&self, refused: &Refused) -> String {
        let style = self.context.console.style;
        let text = compilation::render(&refused.source, &refused.problems, style);
        text.trim_end().to_owned()
    }

    fn undo(&mut self) -> String {
        let before = self.session.clone();
        match self.session.undo() {
            true => joined("", &shown(&self.session.changes(&before)), ""),
            false => "this is where the session began".to_owned(),
        }
    }

    fn start_from(&mut self, version: &str) -> String {
        let from = match version.trim_start_matches("history").trim() {
            "" => None,
            digits => match digits.parse() {
                Ok(version) => Some(version),
                Err(_) => return format!("`{digits}` is no version"),
            },
        };
        match Session::start(&self.source, &self.history, from) {
            Ok(session) => {
                self.session = session;
                let (machine, version) = self.session.running();
                format!("{machine} version {version}  {}", self.session.state())
            }
            Err(refused) => self.refused(&refused),
        }
    }

    fn core(&self, name: &str) -> String {
        let name = if name.is_empty() { "step" } else { name };
        let found = self.session.core(name);
        found.unwrap_or_else(|| {
            let names = self.session.functions().join(" ");
            format!("there is no function `{name}`, but: {names}")
        })
    }

    fn trace(&mut self, title: &str) -> Result<String, AnyFailure> {
        let title = title.trim_matches('"');
        if title.is_empty() {
            return Ok("a trace has a title: `:trace reset after one`".to_owned());
        }
        let (text, lines) = self.session.as_trace(title);
        if lines == 0 {
            return Ok("nothing has happened yet".to_owned());
        }
        let source = Source::new(self.source.name(), text).map_err(Broken::from)?;
        // A source that was laid out stays so.
        let was_laid_out = dsl::format::format(&self.source).as_deref() == Ok(self.source.text());
        let laid = dsl::format::format(&source).ok().filter(|_| was_laid_out);
        let text = laid.unwrap_or_else(|| source.text().to_owned());
        files::write(&self.path, text.as_bytes())?;
        self.source = read(&self.path)?;
        Ok(format!(
            "added to {} ({})",
            self.path.display(),
            count(lines, "line")
        ))
    }

    fn reload(&mut self) -> Result<String, AnyFailure> {
        self.source = read(&self.path)?;
        Ok(self.start_from(""))
    }
}

/// `count: 0 → 1`
fn shown(changes: &[Change]) -> String {
    let part = |change: &Change| {
        let name = change
            .field
            .as_ref()
            .map_or(String::new(), |name| format!("{name}: "));
        let of = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        format!("{name}{} → {}", of(&change.before), of(&change.after))
    };
    let parts: Vec<_> = changes.iter().map(part).collect();
    parts.join(", ")
}

/// What there is to say, with two spaces between.
fn joined(answer: &str, changes: &str, cost: &str) -> String {
    let changes = match changes {
        "" => String::new(),
        _ => format!("{{ {changes} }}"),
    };
    let parts = [answer, &changes, cost]
        .into_iter()
        .filter(|part| !part.is_empty());
    let text = parts.collect::<Vec<_>>().join("   ");
    if text.is_empty() {
        "nothing has changed".to_owned()
    } else {
        text
    }
}
