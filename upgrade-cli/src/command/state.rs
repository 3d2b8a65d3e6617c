//! `cam state`: the state of a machine, in the language's syntax.

use cam::digest::Digest;
use node::printable::Printable;
use node::protocol::{Request, RequestKind, Response};

use super::Context;
use crate::arguments::State;
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure};
use crate::interface::Interface;
use crate::report::{Outcome, Report};
use crate::session::Session;

/// How often the program is asked for again because an upgrade came in between.
const TRIES: usize = 3;

pub(super) fn run(context: &Context, arguments: &State) -> Outcome {
    let session = context.session(&arguments.on.node, &arguments.speak, RequestKind::State)?;
    let machine = machine_or_only(&session, arguments.on.machine.as_deref())?;
    if let Some(sequence) = arguments.saved {
        return saved(&session, &machine, sequence, arguments);
    }
    for _ in 0..TRIES {
        let interface = Interface::of_machine(&session, &machine)?;
        let request = Request::State {
            machine: machine.clone(),
        };
        let Response::State {
            program,
            step,
            state,
        } = session.request(&request)?
        else {
            return Err(session.strange(RequestKind::State).into());
        };
        if Digest(program) != interface.digest() {
            continue;
        }
        return report(&interface, &machine, (step, &state), arguments);
    }
    Err(session.strange(RequestKind::State).into())
}

/// The state that a rollback took away.
fn saved(session: &Session, machine: &str, sequence: u64, arguments: &State) -> Outcome {
    let request = Request::Saved {
        machine: machine.to_owned(),
        sequence,
    };
    let Response::State {
        program,
        step,
        state,
    } = session.request(&request)?
    else {
        return Err(session.strange(request.kind()).into());
    };
    let interface = Interface::of_program(session, machine, Digest(program))?;
    let report = report(&interface, machine, (step, &state), arguments)?;
    Ok(report.field("saved", sequence))
}

fn report(
    interface: &Interface,
    machine: &str,
    (step, state): (u64, &[u8]),
    arguments: &State,
) -> Outcome {
    let value = interface.state(state)?;
    let shown = match &arguments.field {
        Some(field) => interface.show_field(&value, field)?,
        None => interface.show_state(&value),
    };
    Ok(Report::new()
        .line(shown.text.clone())
        .field("node", &arguments.on.node)
        .field("machine", machine)
        .field("version", interface.schema().version)
        .field("program", interface.digest().to_string())
        .field("step", step)
        .field("state", shown.text)
        .field("value", shown.json))
}

/// The machine that was named, or the only one of the node.
pub(super) fn machine_or_only(
    session: &Session,
    machine: Option<&str>,
) -> Result<String, AnyFailure> {
    if let Some(machine) = machine {
        return Ok(machine.to_owned());
    }
    let Response::Status(status) = session.request(&Request::Status { machine: None })? else {
        return Err(session.strange(RequestKind::Status).into());
    };
    let names: Vec<_> = status
        .machines
        .into_iter()
        .map(|found| found.machine)
        .collect();
    match &names[..] {
        [only] => Ok(only.clone()),
        _ => Err(WhichMachine {
            node: session.peers().node.clone(),
            there: names,
        }
        .into()),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{}", which(node, there))]
struct WhichMachine {
    node: String,
    there: Vec<String>,
}

fn which(node: &str, there: &[String]) -> String {
    match there.len() {
        0 => format!("`{node}` runs no machine yet"),
        count => format!("which machine? `{node}` runs {count}"),
    }
}

impl Failure for WhichMachine {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn code(&self) -> Code {
        let code = match self.there[..] {
            [] => "F333",
            _ => "F332",
        };
        code.into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let names = self.there.join(", ");
        match &self.there[..] {
            [] => Vec::new(),
            _ => vec![("there are", Printable(&names).to_string())],
        }
    }
}
