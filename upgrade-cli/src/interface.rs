//! The interface of a machine: inputs and outputs as the user writes them, checked against a program.

mod json;

use std::path::Path;
use std::sync::Arc;

use cam::digest::Digest;
use cam::limits::{INPUT_WEIGHT_MAX, OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX};
use cam::schema::{Schema, Shape, ShapeId};
use cam::value::Value;
use cam::verify::Program;
use cam::{decode, encode, verify};
use dsl::problem::Problems;
use dsl::source::{Source, SourceTooLarge};
use node::printable::Printable;
use node::protocol::{Request, Response};

use crate::exit::Exit;
use crate::failure::{Code, Failure, Style};
use crate::file_kind::{FileKind, WrongKind};
use crate::project::compilation;
use crate::project::files::{self, FileError};
use crate::project::released::{self, ReleasedError};
use crate::session::{Session, SessionError};
use serde_json::Map;

/// The program whose inputs and outputs a client speaks.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    program: Arc<Program>,
}

impl Interface {
    /// The interface of a program that was verified here.
    pub(crate) fn of(program: &Arc<Program>) -> Interface {
        Interface {
            program: Arc::clone(program),
        }
    }

    /// Asks a node for the program of a machine. It is verified here too: what is printed from it is
    /// then what it says, whatever the node is.
    pub(crate) fn of_machine(
        session: &Session,
        machine: &str,
    ) -> Result<Interface, InterfaceError> {
        let request = Request::Program {
            machine: machine.to_owned(),
        };
        Interface::answered(session, &request)
    }

    /// As [`Interface::of_machine`], for a program that runs or has run there.
    pub(crate) fn of_program(
        session: &Session,
        machine: &str,
        program: Digest,
    ) -> Result<Interface, InterfaceError> {
        let request = Request::Bytecode {
            machine: machine.to_owned(),
            program: program.0,
        };
        let interface = Interface::answered(session, &request)?;
        if interface.digest() != program {
            return Err(session.strange(request.kind()).into());
        }
        Ok(interface)
    }

    fn answered(session: &Session, request: &Request) -> Result<Interface, InterfaceError> {
        let Response::Program { program, bytecode } = session.request(request)? else {
            return Err(session.strange(request.kind()).into());
        };
        let node = &session.peers().node;
        let wrong = |reason: String| InterfaceError::Program {
            node: node.clone(),
            reason,
        };
        let code = decode::module(&bytecode).map_err(|error| wrong(error.to_string()))?;
        let verified = verify::machine(code).map_err(|error| wrong(error.to_string()))?;
        if verified.digest() != Digest(program) {
            return Err(wrong("it is not the one it is called".to_owned()));
        }
        Ok(Interface {
            program: Arc::new(verified),
        })
    }

    /// The program in a file, to speak as a client of its version.
    pub(crate) fn of_file(path: &Path) -> Result<Interface, InterfaceError> {
        let bytes = files::read(path)?;
        match FileKind::of(&bytes) {
            FileKind::Module => {}
            kind => return Err(WrongKind::no_program(path, kind).into()),
        }
        let program = released::read_program(path.to_owned(), &bytes)?;
        Ok(Interface { program })
    }

    /// The program.
    pub(crate) fn digest(&self) -> Digest {
        self.program.digest()
    }

    /// The names of its interface.
    pub(crate) fn schema(&self) -> &Schema {
        self.program.schema()
    }

    /// The bytes of an input in the language's syntax.
    pub(crate) fn input(&self, text: &str) -> Result<Vec<u8>, InterfaceError> {
        let source = Source::new("input", text)?;
        let schema = self.schema();
        match dsl::value::parse(&source, &schema.shapes, schema.input) {
            Ok(value) => Ok(encode::value(&value)),
            Err(problems) => Err(InterfaceError::Input {
                text: source,
                problems,
            }),
        }
    }

    /// An input in its bytes, as text and as JSON.
    pub(crate) fn show_input(&self, bytes: &[u8]) -> Result<Shown, InterfaceError> {
        let (types, id) = (self.program.types(), self.program.input_type());
        let value = decode::value(types, id, bytes, INPUT_WEIGHT_MAX);
        let schema = self.schema();
        let value = value.map_err(|_| InterfaceError::Answer)?;
        Ok(shown(schema, schema.input, &value))
    }

    /// The output in the bytes of an answer.
    pub(crate) fn output(&self, bytes: &[u8]) -> Result<Value, InterfaceError> {
        let (types, id) = (self.program.types(), self.program.output_type());
        decode::value(types, id, bytes, OUTPUT_WEIGHT_MAX).map_err(|_| InterfaceError::Answer)
    }

    /// The state in the bytes of an answer.
    pub(crate) fn state(&self, bytes: &[u8]) -> Result<Value, InterfaceError> {
        let (types, id) = (self.program.types(), self.program.state_type());
        decode::value(types, id, bytes, STATE_WEIGHT_MAX).map_err(|_| InterfaceError::Answer)
    }

    /// An output as text and as JSON.
    pub(crate) fn show_output(&self, value: &Value) -> Shown {
        let schema = self.schema();
        shown(schema, schema.output, value)
    }

    /// The state as text and as JSON.
    pub(crate) fn show_state(&self, value: &Value) -> Shown {
        let schema = self.schema();
        shown(schema, schema.state, value)
    }

    /// One field of the state.
    pub(crate) fn show_field(&self, value: &Value, field: &str) -> Result<Shown, InterfaceError> {
        let schema = self.schema();
        let Shape::Record(fields) = schema.shapes.get(schema.state) else {
            return Err(InterfaceError::NoFields);
        };
        let place = fields.iter().position(|(name, _)| &**name == field);
        match (place, value) {
            (Some(place), Value::Product(parts)) => {
                Ok(shown(schema, fields[place].1, &parts[place]))
            }
            _ => Err(InterfaceError::NoField {
                field: field.to_owned(),
                there: fields.iter().map(|(name, _)| name.to_string()).collect(),
            }),
        }
    }
}

/// A value as people and as programs read it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Shown {
    /// In the language's syntax.
    pub(crate) text: String,
    /// As JSON.
    pub(crate) json: serde_json::Value,
}

fn shown(schema: &Schema, shape: ShapeId, value: &Value) -> Shown {
    Shown {
        text: dsl::value::print(&schema.shapes, shape, value),
        json: json::of_value(&schema.shapes, shape, value),
    }
}

/// A step that stopped. The state is what it was.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the step stopped")]
pub(crate) struct Stopped {
    /// The trap's name.
    pub(crate) name: String,
    /// Where it stopped, and on what.
    pub(crate) detail: String,
}

impl Failure for Stopped {
    fn exit(&self) -> Exit {
        Exit::Refused
    }

    fn code(&self) -> Code {
        self.name.clone().into()
    }

    fn fields(&self) -> Map<String, serde_json::Value> {
        let trap = serde_json::json!({"name": self.name, "detail": self.detail});
        Map::from_iter([("trap".to_owned(), trap)])
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("reason", self.detail.clone()),
            (
                "now",
                "the state is what it was before this step".to_owned(),
            ),
        ]
    }
}

impl Stopped {
    /// From the words of a node.
    pub(crate) fn new(name: &str, detail: &str) -> Stopped {
        Stopped {
            name: Printable(name).to_string(),
            detail: Printable(detail).to_string(),
        }
    }
}

/// Why an input was not sent, or an answer not understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InterfaceError {
    #[error("this is no input of the machine")]
    Input { text: Source, problems: Problems },
    #[error(transparent)]
    TooLarge(#[from] SourceTooLarge),
    #[error("the program of `{node}` cannot be used: {reason}")]
    Program { node: String, reason: String },
    #[error("the answer is no value of the program's type")]
    Answer,
    #[error("the state is no record, so it has no fields")]
    NoFields,
    #[error("the state has no field `{field}`")]
    NoField { field: String, there: Vec<String> },
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Kind(#[from] WrongKind),
    #[error(transparent)]
    Released(#[from] ReleasedError),
}

impl InterfaceError {
    /// The failure below, when this room only passed it on.
    fn passed_on(&self) -> Option<&dyn Failure> {
        match self {
            InterfaceError::Session(error) => Some(error),
            InterfaceError::File(error) => Some(error),
            InterfaceError::Kind(error) => Some(error),
            InterfaceError::Released(error) => Some(error),
            _ => None,
        }
    }
}

impl Failure for InterfaceError {
    fn exit(&self) -> Exit {
        match self {
            InterfaceError::Input { .. } | InterfaceError::TooLarge(_) => Exit::Wrong,
            InterfaceError::NoFields | InterfaceError::NoField { .. } => Exit::Usage,
            // The step may have been taken, and its answer makes no sense.
            InterfaceError::Answer => Exit::Unknown,
            _ => self.passed_on().map_or(Exit::Refused, Failure::exit),
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            InterfaceError::Input { .. } => "F341",
            InterfaceError::TooLarge(_) => "F015",
            InterfaceError::Program { .. } => "F342",
            InterfaceError::Answer => "F343",
            InterfaceError::NoFields => "F344",
            InterfaceError::NoField { .. } => "F345",
            InterfaceError::Session(error) => return error.code(),
            InterfaceError::File(error) => return error.code(),
            InterfaceError::Kind(error) => return error.code(),
            InterfaceError::Released(error) => return error.code(),
        };
        code.into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            InterfaceError::NoField { there, .. } => vec![("there are", there.join(", "))],
            _ => self.passed_on().map(Failure::facts).unwrap_or_default(),
        }
    }

    fn help(&self) -> Vec<String> {
        self.passed_on().map(Failure::help).unwrap_or_default()
    }

    fn rendered(&self, style: Style) -> Option<String> {
        match self {
            InterfaceError::Input { text, problems } => {
                let text = compilation::render(text, problems, style);
                Some(format!("{text}{self}; nothing was sent\n"))
            }
            _ => self.passed_on().and_then(|failure| failure.rendered(style)),
        }
    }

    fn fields(&self) -> Map<String, serde_json::Value> {
        match self {
            InterfaceError::Input { text, problems } => {
                let found = compilation::diagnostics(text, problems.iter());
                Map::from_iter([("diagnostics".to_owned(), found)])
            }
            _ => self.passed_on().map(Failure::fields).unwrap_or_default(),
        }
    }
}
