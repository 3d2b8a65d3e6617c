//! `cam send` and `cam query`: an input in the language's syntax, checked before it goes.

use std::error::Error;
use std::fmt;
use std::path::Path;

use cam::digest::Digest;
use node::protocol::{RefusalCode, Request, RequestKind, Response};
use serde_json::{Map, Value, json};

use super::Context;
use crate::arguments::{Query, Send, Speak};
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure, Style};
use crate::interface::{Interface, Stopped};
use crate::report::{Outcome, Report};
use crate::session::{Session, SessionError};

pub(super) fn run(context: &Context, arguments: &Send) -> Outcome {
    let question = Question {
        kind: RequestKind::Submit,
        node: &arguments.node,
        machine: &arguments.machine,
        input: &arguments.input,
        client: arguments.client.as_deref(),
        times: arguments.repeat,
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
}

/// A failure after some answers, which stand.
#[derive(Debug)]
struct CutShort {
    answers: Vec<Value>,
    failure: AnyFailure,
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
        self.failure.help()
    }

    fn rendered(&self, style: Style) -> Option<String> {
        self.failure.rendered(style)
    }

    fn fields(&self) -> Map<String, Value> {
        let mut fields = self.failure.fields();
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
        let mut answers = Vec::new();
        for _ in 0..self.times {
            let answer = match self.ask_once(&session, &mut interface) {
                Ok(answer) => answer,
                Err(failure) => return Err(CutShort { answers, failure }.into()),
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

    /// Asks once; again with the new program's input type if an upgrade came in between.
    fn ask_once(&self, session: &Session, interface: &mut Interface) -> Result<Answer, AnyFailure> {
        let request = self.request(interface)?;
        let response = match session.request(&request) {
            Err(SessionError::Refused(refused))
                if refused.reason() == RefusalCode::OTHER_PROGRAM && self.client.is_none() =>
            {
                *interface = self.interface(session)?;
                session.request(&self.request(interface)?)?
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

    fn request(&self, interface: &Interface) -> Result<Request, AnyFailure> {
        let machine = self.machine.to_owned();
        let program = interface.digest().0;
        let input = interface.input(self.input)?;
        Ok(match self.kind {
            RequestKind::Query => Request::Query {
                machine,
                program,
                input,
            },
            _ => Request::Submit {
                machine,
                program,
                input,
            },
        })
    }
}
