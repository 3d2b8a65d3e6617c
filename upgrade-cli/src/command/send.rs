//! `cam send` and `cam query`: an input in the language's syntax, checked before it goes.

use std::error::Error;
use std::fmt;
use std::path::Path;

use cam::digest::Digest;
use node::client::Lane;
use node::protocol::{RefusalCode, Request, RequestKind, Response};
use serde_json::{Map, Value, json};

use super::Context;
use crate::arguments::{Query, Send, Speak};
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure, Style};
use crate::interface::{Interface, Stopped};
use crate::refused::Refused;
use crate::report::{Outcome, Report};
use crate::session::{Session, SessionError};
use crate::ticket::Ticket;

pub(super) fn run(context: &Context, arguments: &Send) -> Outcome {
    let question = Question {
        kind: RequestKind::Submit,
        node: &arguments.node,
        machine: &arguments.machine,
        input: &arguments.input,
        client: arguments.client.as_deref(),
        times: arguments.repeat,
        again: arguments.again,
    };
    question.ask(context, &arguments.speak)
}

pub(super) fn query(context: &Context, arguments: &Query) -> Outcome {
    let question = Question {
        kind: RequestKind::Query,
        node: &arguments.node,
        machine: &arguments.machine,
        input: &arguments.input,
        client: arguments.client.as_deref(),
        times: 1,
        again: None,
    };
    question.ask(context, &arguments.speak)
}

/// What is asked, and how often.
struct Question<'a> {
    kind: RequestKind,
    node: &'a str,
    machine: &'a str,
    input: &'a str,
    client: Option<&'a Path>,
    times: u32,
    again: Option<Ticket>,
}

/// A failure after some answers, which stand.
#[derive(Debug)]
struct CutShort {
    answers: Vec<Value>,
    failure: AnyFailure,
    /// How to ask again for the input whose outcome is not known.
    again: Option<(Ticket, String)>,
}

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.failure, f)
    }
}

/// The cause is the failure's cause: the failure itself is what is shown.
impl Error for CutShort {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failure.source()
    }
}

/// Everything is the failure's own, and what was answered before it.
impl Failure for CutShort {
    fn exit(&self) -> Exit {
        self.failure.exit()
    }

    fn code(&self) -> Code {
        self.failure.code()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = self.failure.facts();
        if !self.answers.is_empty() {
            let unknown = self.failure.exit() == Exit::Unknown;
            let answered = self.answers.len();
            let next = answered + 1;
            facts.push((
                "answered",
                if unknown {
                    format!("{answered}; number {next} may have happened, or not")
                } else {
                    format!("{answered}; stopped at number {next}, which did not happen")
                },
            ));
        }
        facts
    }

    fn help(&self) -> Vec<String> {
        match &self.again {
            Some((_, command)) => vec![format!(
                "{command}   (asks again: it is taken once, whether it was or not)"
            )],
            None => self.failure.help(),
        }
    }

    fn rendered(&self, style: Style) -> Option<String> {
        self.failure.rendered(style)
    }

    fn fields(&self) -> Map<String, Value> {
        let mut fields = self.failure.fields();
        if let Some((ticket, _)) = &self.again {
            fields.insert("ticket".to_owned(), json!(ticket.to_string()));
        }
        fields.insert("answered".to_owned(), json!(self.answers.len()));
        fields.insert("answers".to_owned(), json!(self.answers));
        fields
    }
}

/// One answer of a machine.
struct Answer {
    step: u64,
    program: Digest,
    text: String,
    json: Value,
}

impl Question<'_> {
    fn ask(&self, context: &Context, speak: &Speak) -> Outcome {
        let session = context.session(self.node, speak, self.kind)?;
        let mut interface = self.interface(&session)?;
        let mut lane = self.lane(&session)?;
        let mut answers = Vec::new();
        for _ in 0..self.times {
            let answer = match self.ask_once(&session, &mut interface, &mut lane) {
                Ok(answer) => answer,
                Err(failure) => {
                    let is_unknown = failure.exit() == Exit::Unknown;
                    let again = lane.filter(|_| is_unknown).map(|lane| self.again(&lane));
                    return Err(CutShort {
                        answers,
                        failure,
                        again,
                    }
                    .into());
                }
            };
            // What was answered is durable: a person hears it now, whatever comes of the next.
            let heard = context.console.say(&answer.text);
            answers.push(json!({
                "step": answer.step,
                "program": answer.program.to_string(),
                "output": answer.text,
                "value": answer.json,
            }));
            if !heard {
                break;
            }
        }
        Ok(Report::new()
            .field("node", self.node)
            .field("machine", self.machine)
            .field("input", self.input)
            .field("answers", answers))
    }

    /// Asks once; again with another program's input type if an upgrade came in between.
    fn ask_once(
        &self,
        session: &Session,
        interface: &mut Interface,
        lane: &mut Option<Lane>,
    ) -> Result<Answer, AnyFailure> {
        let input = interface.input(self.input)?;
        let response = match self.send(session, interface, input, lane) {
            Err(SessionError::Refused(refused)) => {
                let Some(other) = self.other_interface(session, interface, &refused)? else {
                    return Err(SessionError::Refused(refused).into());
                };
                *interface = other;
                let input = interface.input(self.input)?;
                self.send(session, interface, input, lane)?
            }
            response => response?,
        };
        match response {
            Response::Answer {
                step,
                program,
                output,
            } => {
                let shown = interface.show_output(&interface.output(&output)?);
                Ok(Answer {
                    step,
                    program: Digest(program),
                    text: shown.text,
                    json: shown.json,
                })
            }
            Response::Trapped { name, detail, .. } => Err(Stopped::new(&name, &detail).into()),
            _ => Err(session.strange(self.kind).into()),
        }
    }

    fn interface(&self, session: &Session) -> Result<Interface, AnyFailure> {
        Ok(match self.client {
            Some(file) => Interface::of_file(file)?,
            None => Interface::of_machine(session, self.machine)?,
        })
    }

    /// The interface for which the input is to be written instead: that of the program that runs now, or of the one for
    /// which it was written when it was taken.
    fn other_interface(
        &self,
        session: &Session,
        interface: &Interface,
        refused: &Refused,
    ) -> Result<Option<Interface>, AnyFailure> {
        let taken = refused.expected();
        Ok(match (refused.reason(), taken) {
            _ if self.client.is_some() => None,
            (RefusalCode::OTHER_PROGRAM, _) => Some(self.interface(session)?),
            (RefusalCode::OTHER_INPUT, Some(taken)) if taken != interface.digest() => {
                Some(Interface::of_program(session, self.machine, taken)?)
            }
            _ => None,
        })
    }

    /// A session of numbered inputs, if it is one that writes.
    fn lane(&self, session: &Session) -> Result<Option<Lane>, SessionError> {
        match self.kind {
            RequestKind::Query => Ok(None),
            _ => session.lane(self.machine, self.again.map(|ticket| ticket.0)),
        }
    }

    fn send(
        &self,
        session: &Session,
        interface: &Interface,
        input: Vec<u8>,
        lane: &mut Option<Lane>,
    ) -> Result<Response, SessionError> {
        let machine = self.machine.to_owned();
        let program = interface.digest().0;
        match (self.kind, lane) {
            (RequestKind::Query, _) => session.request(&Request::Query {
                machine,
                program,
                input,
            }),
            (_, Some(lane)) => session.submit(lane, program, &input),
            (_, None) => session.request(&Request::Submit {
                machine,
                program,
                input,
            }),
        }
    }

    /// The command that asks again for the input that was sent last.
    fn again(&self, lane: &Lane) -> (Ticket, String) {
        let ticket = Ticket(lane.next());
        let (node, machine) = (self.node, self.machine);
        let input = quoted(self.input);
        let client = self
            .client
            .map(|file| format!(" --client {}", file.display()));
        let client = client.unwrap_or_default();
        let command = format!("cam send {node} {machine} {input}{client} --again {ticket}");
        (ticket, command)
    }
}

/// An input as a shell takes it for one word.
fn quoted(input: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if !input.is_empty() && input.chars().all(is_plain) {
        return input.to_owned();
    }
    format!("'{}'", input.replace('\'', "'\\''"))
}
