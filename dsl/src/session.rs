//! A machine by hand: one line after the other, with a way back.
//!
//! A line is what a trace may hold, so a session can be written down as one. Each is compiled as the only line
//! of a trace at the end of the machine: whatever the language has can be typed, and what is wrong with it is
//! said as in a file.

mod core;
mod shown;

use std::sync::Arc;

use cam::instance::Context;
use cam::value::Value;

use crate::ast::ItemKind;
use crate::compile::{self, Compiled};
use crate::history::History;
use crate::parse;
use crate::play::{Answered, Play, Stuck};
use crate::problem::catalogue::P010;
use crate::problem::{Problem, Problems};
use crate::source::{Source, Span};
use crate::token::{Symbol, TokenKind, tokens};
use crate::trace::{Run, described, problem_of};
use crate::typed::{FunctionBody, TraceLine, TraceLineKind};
use crate::value;
pub use shown::Change;

/// A session that has got this far.
#[derive(Clone, Debug)]
pub struct Session {
    source: Source,
    history: History,
    compiled: Arc<Compiled>,
    now: Place,
    /// What was before each line that changed something.
    past: Vec<Place>,
}

/// Where a session is.
#[derive(Clone, Debug)]
struct Place {
    /// The version it started in, if that is an older one.
    from: Option<u32>,
    /// Whether the version of the source runs.
    is_own: bool,
    state: Value,
    context: Context,
    /// What was entered so far, as lines of a trace.
    lines: Vec<String>,
}

/// What a line came to.
#[derive(Clone, Debug)]
pub enum Came {
    /// The machine answered.
    Answer {
        /// What, as the client understands it.
        text: String,
        /// What the step cost.
        fuel: u64,
    },
    /// The step stopped and changed nothing.
    Fault {
        /// Why, in words.
        text: String,
        /// Where in the source, if it is the source's program.
        at: Option<Span>,
    },
    /// The input of an old client is refused.
    Retired,
    /// An expression has this value.
    Value {
        /// The value.
        text: String,
        /// Its type.
        kind: String,
    },
    /// The state was set, or the version changed.
    Moved,
}

/// Why a line came to nothing.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What the problems are of: the line, or the whole source if they are elsewhere in it.
    pub source: Source,
    /// What is wrong.
    pub problems: Problems,
}

/// What a trace is called that a line is compiled in.
const TITLE: &str = "session";

impl Session {
    /// Starts a source that compiles, in its first state or in that of an older version.
    ///
    /// # Errors
    /// The problems of the source; or that there is no such version.
    pub fn start(
        source: &Source,
        history: &History,
        from: Option<u32>,
    ) -> Result<Session, Refused> {
        let refused = |problems| Refused {
            source: source.clone(),
            problems,
        };
        let compiled = compile::compile(source, history).map_err(refused)?;
        let play = Play::start(&compiled, from).map_err(|stuck| {
            refused(one(problem_of(
                &compiled,
                from,
                &stuck,
                source.span().before(),
            )))
        })?;
        let now = Place {
            from,
            is_own: play.is_own(),
            state: play.state().clone(),
            context: play.context.clone(),
            lines: Vec::new(),
        };
        Ok(Session {
            source: source.clone(),
            history: history.clone(),
            compiled: Arc::new(compiled),
            now,
            past: Vec::new(),
        })
    }

    /// Takes a line: an input, a line of a trace, or an expression about the state.
    ///
    /// # Errors
    /// What is wrong with the line, with its places in the line.
    pub fn enter(&mut self, line: &str) -> Result<Came, Refused> {
        let line = line.trim();
        if is_trace_line(line) {
            return self.trace_line(line);
        }
        let is_input = line.starts_with(|c: char| c.is_ascii_uppercase());
        let (likely, other) = match is_input {
            true => (format!("> {line}"), format!("check {line}")),
            false => (format!("check {line}"), format!("> {line}")),
        };
        let refused = match self.trace_line(&likely) {
            Ok(came) => return Ok(came),
            Err(refused) => refused,
        };
        // The other reading is tried in silence: what was likely is what was meant. An input that cannot be sent
        // is no expression either, though it has a value.
        match self.trace_line(&other) {
            Ok(Came::Value { kind, .. }) if kind == "Input" => Err(refused),
            other => other.map_err(|_| refused),
        }
    }

    /// What an expression is, without its value being wanted.
    ///
    /// # Errors
    /// As [`Session::enter`].
    pub fn type_of(&self, expression: &str) -> Result<String, Refused> {
        if let Some(arrow) = self.arrow_type(expression) {
            return Ok(arrow);
        }
        let (compiled, line) = self.compiled_with(&format!("check {expression}"))?;
        Ok(match line.kind {
            TraceLineKind::Check { condition, .. } => {
                let machine = compiled.machine();
                let shape = machine.terms.expr(condition).shape;
                shown::shape(&machine.shapes, shape)
            }
            _ => String::new(),
        })
    }

    /// The type and the flags of a function, or of what takes an input, by its name.
    fn arrow_type(&self, name: &str) -> Option<String> {
        let machine = self.compiled.machine();
        let flags = self.compiled.flags();
        let functions = machine.functions.iter().zip(&flags.functions);
        for (function, proved) in functions {
            if *function.name == *name {
                let shape = |shape| shown::shape(&machine.shapes, shape);
                let (from, to) = (shape(function.domain), shape(function.codomain));
                let is_constant = matches!(
                    &function.body,
                    FunctionBody::Expr { parameters, .. } if parameters.is_empty()
                );
                return Some(match is_constant {
                    true => to,
                    false => format!("{from} -> {to}   {}", proved.flags),
                });
            }
        }
        let handlers = flags.handlers.iter();
        let mine = handlers.filter(|handler| handler.inputs.iter().any(|input| **input == *name));
        let lines: Vec<String> = mine
            .map(|handler| {
                let line = self.source.position(handler.span.start).line;
                format!("on {name} in line {line}   {}", handler.flags)
            })
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Goes back to before the last line that did something. False if there is none.
    pub fn undo(&mut self) -> bool {
        match self.past.pop() {
            Some(before) => {
                self.now = before;
                true
            }
            None => false,
        }
    }

    /// The state as it is written.
    #[must_use]
    pub fn state(&self) -> String {
        self.written(&self.now)
    }

    /// What the last line, or the undoing of it, changed in the state that was before.
    #[must_use]
    pub fn changes(&self, before: &Session) -> Vec<Change> {
        let (old, new) = (before.schema(), self.schema());
        shown::changes(
            (&old.shapes, old.state, &before.now.state),
            (&new.shapes, new.state, &self.now.state),
        )
    }

    /// The machine's name and the version that runs.
    #[must_use]
    pub fn running(&self) -> (String, u32) {
        let schema = self.schema();
        (schema.machine.to_string(), schema.version)
    }

    /// The source with the session in it as a trace with this title, and how many lines that is.
    #[must_use]
    pub fn as_trace(&self, title: &str) -> (String, usize) {
        let mut quoted = String::new();
        value::quote(&mut quoted, title);
        let lines: String = self
            .now
            .lines
            .iter()
            .map(|line| format!("    {line}\n"))
            .collect();
        let from = self.origin();
        let trace = format!("\n  trace {quoted}{from} {{\n{lines}  }}\n");
        (self.with_member(&trace), self.now.lines.len())
    }

    /// What a function or the whole step is in combinators.
    #[must_use]
    pub fn core(&self, name: &str) -> Option<String> {
        core::function(self.compiled.machine(), name)
    }

    /// The functions that [`Session::core`] knows.
    #[must_use]
    pub fn functions(&self) -> Vec<String> {
        core::names(self.compiled.machine())
    }

    fn schema(&self) -> &cam::schema::Schema {
        let version = self.now.from.filter(|_| !self.now.is_own);
        let old = version.and_then(|version| self.compiled.history().get(version));
        old.unwrap_or(self.compiled.schema())
    }

    fn written(&self, place: &Place) -> String {
        let schema = self.schema();
        value::print(&schema.shapes, schema.state, &place.state)
    }

    fn trace_line(&mut self, text: &str) -> Result<Came, Refused> {
        let (compiled, line) = self.compiled_with(text)?;
        let (before, mut after) = (self.now.clone(), self.now.clone());
        let came = entered(&compiled, &line, &mut after);
        let came = came.map_err(|problem| self.refused(one(*problem), text))?;
        let is_news = !matches!(came, Came::Value { .. });
        if is_news {
            after.lines.push(noted(text, &came));
            self.past.push(before);
        }
        self.now = after;
        Ok(came)
    }

    /// The source with one line in a trace at its end, and that line.
    fn compiled_with(&self, line: &str) -> Result<(Compiled, TraceLine), Refused> {
        let whole = Source::new(self.source.name(), self.with_line(line));
        let whole = whole.map_err(|error| {
            let title = format!("the line is too long: {error}");
            self.refused(one(Problem::new(P010, Span::default(), title)), line)
        })?;
        let compiled = compile::compile_for_session(&whole, &self.history)
            .map_err(|problems| self.refused(problems, line))?;
        let last = compiled.machine().traces.last();
        let found = last.and_then(|trace| trace.lines.first()).cloned();
        match found {
            Some(found) => Ok((compiled, found)),
            None => Err(self.refused(Problems::new(), line)),
        }
    }

    fn with_line(&self, line: &str) -> String {
        let from = match self.now.is_own {
            true => String::new(),
            false => self.origin(),
        };
        self.with_member(&format!(
            "\n  trace \"{TITLE}\"{from} {{\n    {line}\n  }}\n"
        ))
    }

    /// ` from 1`, of a session that started in an older version.
    fn origin(&self) -> String {
        self.now
            .from
            .map_or(String::new(), |version| format!(" from {version}"))
    }

    /// The source with another part at the end of its machine.
    fn with_member(&self, member: &str) -> String {
        let (module, _) = parse::module(&self.source);
        let mut items = module.items.iter();
        let machine = items.find(|item| matches!(item.kind, ItemKind::Machine(_)));
        let text = self.source.text();
        let end = machine.map_or(text.len(), |item| item.span.range().end);
        let brace = text[..end].rfind('}').unwrap_or(end);
        let body = text[..brace].trim_end();
        format!("{body}\n{member}{}", &text[brace..])
    }

    /// Problems of the source with a line in it, as problems of the line if they are in it, without the word that
    /// was put before what was typed.
    fn refused(&self, problems: Problems, line: &str) -> Refused {
        let whole = self.with_line(line);
        let start = whole.rfind(&format!("    {line}\n  }}\n"));
        let start = start.map_or(0, |place| place + "    ".len());
        let place = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let region = Span::new(place(start), place(start + line.len()));
        let typed = typed(line);
        let (name, text, problems) = match shown::within(&problems, region, typed) {
            Some(inside) => ("input", typed, inside),
            None => (self.source.name(), whole.as_str(), problems),
        };
        Refused {
            source: Source::new(name, text).unwrap_or_else(|_| self.source.clone()),
            problems,
        }
    }
}

/// A line without `> ` or `check `, whoever wrote that.
fn typed(line: &str) -> &str {
    let bare = line.strip_prefix("> ").or(line.strip_prefix("check "));
    bare.unwrap_or(line)
}

/// Plays one line from a place on.
fn entered(compiled: &Compiled, line: &TraceLine, place: &mut Place) -> Result<Came, Box<Problem>> {
    let stuck = |stuck: &Stuck| Box::new(problem_of(compiled, place.from, stuck, line.span));
    let from = place.from;
    let play = Play::resume(
        compiled,
        from,
        place.is_own,
        place.state.clone(),
        &place.context,
    )
    .map_err(|why| stuck(&why))?;
    let mut run = Run::new(compiled, from, play);
    let came = match &line.kind {
        TraceLineKind::Send {
            client,
            input,
            stamps,
            ..
        } => {
            run.stamp(stamps)?;
            let input = run.value(None, *input)?;
            let answered = run.play.send(*client, input).map_err(|why| stuck(&why))?;
            came(&run, *client, answered)
        }
        TraceLineKind::Check { state, condition } => {
            let found = run.checked(*state, *condition)?;
            let machine = compiled.machine();
            let shape = machine.terms.expr(*condition).shape;
            Came::Value {
                text: value::print(&machine.shapes, shape, &found),
                kind: shown::shape(&machine.shapes, shape),
            }
        }
        TraceLineKind::Given(state) => {
            let given = run.value(None, *state)?;
            run.play.given(given).map_err(|why| stuck(&why))?;
            Came::Moved
        }
        TraceLineKind::Upgrade(stamps) => {
            run.told(stamps)?;
            run.play.upgrade().map_err(|why| stuck(&why))?;
            Came::Moved
        }
    };
    place.is_own = run.play.is_own();
    place.state = run.play.state().clone();
    place.context = run.play.context.clone();
    Ok(came)
}

fn came(run: &Run<'_>, client: u32, answered: Answered) -> Came {
    match answered {
        Answered::Output(output) => Came::Answer {
            text: run.output(client, &output),
            fuel: run.play.fuel_used,
        },
        Answered::Fault(trap) => Came::Fault {
            text: described(trap),
            at: run.stopped_at(&trap),
        },
        Answered::Unadapted(trap) => Came::Fault {
            text: format!("an adapter stopped: {}", described(trap)),
            at: None,
        },
        Answered::Retired => Came::Retired,
    }
}

/// A line as a trace holds it, with what it came to.
fn noted(line: &str, came: &Came) -> String {
    // What the author expected himself is replaced by what was.
    match came {
        Came::Answer { text, .. } => format!("{} = {text}", without_expected(line)),
        Came::Fault { .. } => format!("{} = fault", without_expected(line)),
        Came::Retired => format!("{} = retired", without_expected(line)),
        Came::Value { .. } | Came::Moved => line.to_owned(),
    }
}

/// A line up to the `=` that stands between its input and what is expected.
fn without_expected(line: &str) -> &str {
    let Ok(source) = Source::new("line", line) else {
        return line;
    };
    let (lexed, _) = tokens(&source);
    let equals = TokenKind::Symbol(Symbol::Assign);
    let found = lexed.tokens.iter().find(|token| token.kind == equals);
    found.map_or(line, |token| line[..token.span.range().start].trim_end())
}

/// Whether a line says by itself which line of a trace it is.
fn is_trace_line(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    let client = word.strip_prefix('v').and_then(|rest| rest.split_once('>'));
    let is_client = client.is_some_and(|(digits, _)| digits.parse::<u32>().is_ok());
    is_client || word.starts_with('>') || ["check", "given", "upgrade"].contains(&word)
}

fn one(problem: Problem) -> Problems {
    let mut problems = Problems::new();
    problems.push(problem);
    problems
}
