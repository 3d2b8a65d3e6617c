//! `cam tail`: the steps of a machine as they come, in the language.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use cam::digest::Digest;
use node::biography::Biography;
use node::journal::Outcome as Lived;
use node::printable::Printable;
use node::protocol::{Command, Mark, Request, RequestKind, Response};
use node::replica::Replica;
use serde_json::{Value, json};

use super::Context;
use super::export::page;
use super::state::machine_or_only;
use crate::arguments::Tail;
use crate::failure::AnyFailure;
use crate::interface::Interface;
use crate::moment::utc;
use crate::report::{Outcome, Report};
use crate::session::Session;

/// How often a machine that rests is asked again.
const REST: Duration = Duration::from_millis(500);

/// Commands of one answer.
const PAGE: u32 = 1000;

pub(super) fn run(context: &Context, arguments: &Tail) -> Outcome {
    let session = context.session(&arguments.node, &arguments.speak, RequestKind::Journal)?;
    let machine = machine_or_only(&session, arguments.machine.as_deref())?;
    let end = now(&session, &machine)?;
    let shown_after = end.at.saturating_sub(arguments.last);
    let mut life = life(&session, &machine)?;
    let mut place = shown_after.min(life.replica().index());
    let mut known = BTreeMap::new();
    let mut lines = 0_u64;
    loop {
        let (_, commands) = page(&session, &machine, place, PAGE)?;
        if commands.is_empty() {
            sleep(REST);
        }
        for (at, command) in commands {
            place = at;
            let mut lived = None;
            if at > life.replica().index() {
                match life.live(at, &command, None) {
                    Ok(outcome) => lived = Some(outcome),
                    // A rollback may need what came before; what comes after it does not.
                    Err(_) => life = self::life(&session, &machine)?,
                }
            }
            if at <= shown_after {
                continue;
            }
            let words = words(&session, &machine, &command, &mut known)?;
            let read = context.console.say(&line(words, &command, lived.as_ref()))
                && context
                    .console
                    .say_object(&object(at, words, &command, lived.as_ref()));
            lines += 1;
            if !read || arguments.lines.is_some_and(|most| lines >= most) {
                return Ok(Report::new().field("lines", lines));
            }
        }
    }
}

fn now(session: &Session, machine: &str) -> Result<Mark, AnyFailure> {
    let machine = machine.to_owned();
    match session.request(&Request::Mark { machine })? {
        Response::Mark(mark) => Ok(mark),
        _ => Err(session.strange(RequestKind::Mark).into()),
    }
}

/// The machine some inputs ago, to work out answers from.
fn life(session: &Session, machine: &str) -> Result<Biography, AnyFailure> {
    let request = Request::Origin {
        machine: machine.to_owned(),
    };
    match session.request(&request)? {
        Response::Origin(origin) => {
            let life = Biography::from_origin(machine, &origin);
            Ok(life.map_err(super::replay::LifeError::from)?)
        }
        _ => Err(session.strange(request.kind()).into()),
    }
}

/// The words of the program that an input was written for, which is asked for once.
fn words<'a>(
    session: &Session,
    machine: &str,
    command: &Command,
    known: &'a mut BTreeMap<[u8; 32], Interface>,
) -> Result<Option<&'a Interface>, AnyFailure> {
    let Command::Input { program, .. } = command else {
        return Ok(None);
    };
    if !known.contains_key(program) {
        let interface = Interface::of_program(session, machine, Digest(*program))?;
        known.insert(*program, interface);
    }
    Ok(known.get(program))
}

/// The same, from a machine that was lived again.
pub(super) fn spoken(replica: &Replica, command: &Command) -> Option<Interface> {
    let Command::Input { program, .. } = command else {
        return None;
    };
    let running = replica.instance().map(|instance| instance.program());
    let older = replica.lineage().iter().map(|ancestor| &ancestor.program);
    let mut programs = running.into_iter().chain(older);
    programs
        .find(|found| found.digest() == Digest(*program))
        .map(Interface::of)
}

/// A command for people.
pub(super) fn line(words: Option<&Interface>, command: &Command, lived: Option<&Lived>) -> String {
    let told = told(words, command, lived);
    let number = told.step.map_or(String::new(), |step| step.to_string());
    let answer = told
        .answer
        .map_or(String::new(), |answer| format!(" = {answer}"));
    let when = utc(u64::try_from(command.at_ms()).unwrap_or(0));
    let from = Printable(&told.from);
    format!("{number:>6}  {when}  {from}  {}{answer}", told.what)
}

/// A command for programs.
fn object(at: u64, words: Option<&Interface>, command: &Command, lived: Option<&Lived>) -> Value {
    let told = told(words, command, lived);
    let input = matches!(command, Command::Input { .. }).then_some(&told.what);
    let turn = input.is_none().then_some(&told.what);
    json!({
        "at": at,
        "step": told.step,
        "at_ms": command.at_ms(),
        "from": told.from,
        "input": input,
        "turn": turn,
        "answer": told.answer,
    })
}

/// A command in words.
struct Told {
    step: Option<u64>,
    from: String,
    what: String,
    answer: Option<String>,
}

fn told(words: Option<&Interface>, command: &Command, lived: Option<&Lived>) -> Told {
    let turn = |by: &str, what: String| Told {
        step: None,
        from: if by.is_empty() { "the node" } else { by }.to_owned(),
        what,
        answer: None,
    };
    match command {
        Command::Input { from, input, .. } => Told {
            step: match lived {
                Some(Lived::Answered { step, .. }) => Some(*step),
                _ => None,
            },
            from: from.to_string(),
            what: words
                .and_then(|words| words.show_input(input).ok())
                .map_or_else(
                    || "an input that cannot be shown".to_owned(),
                    |shown| shown.text,
                ),
            answer: lived.and_then(|lived| answer(words, lived)),
        },
        Command::Upgrade { by, .. } => turn(by, "an upgrade".to_owned()),
        Command::Rollback { by, cause, .. } => turn(by, format!("a rollback: {cause}")),
        Command::Pass { by, .. } => turn(by, "the trial is passed".to_owned()),
        Command::Retire { by, .. } => turn(by, "old clients are retired".to_owned()),
    }
}

fn answer(words: Option<&Interface>, lived: &Lived) -> Option<String> {
    match lived {
        Lived::Answered { output, .. } => {
            let words = words?;
            let value = words.output(output).ok()?;
            Some(words.show_output(&value).text)
        }
        Lived::Trapped { name, .. } => Some(format!("stopped: {name}")),
        _ => None,
    }
}
