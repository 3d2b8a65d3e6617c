//! Why a demo did not show what it promised.

use std::io;

use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::interface::InterfaceError;
use crate::project::files::FileError;
use crate::session::SessionError;

/// What went otherwise than a step says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("step {number} failed: {title}")]
    Step {
        number: usize,
        title: &'static str,
        #[source]
        error: Box<DemoError>,
        /// What was done up to there.
        steps: Vec<Value>,
    },
    #[error("the demo was interrupted; nothing of it is left")]
    Interrupted,
    #[error("there is no folder to work in")]
    Folder(#[source] io::Error),
    #[error("`{command}` cannot be run")]
    Run { command: String, source: io::Error },
    #[error("`{command}` ended with {found}, expected {expected}:\n{output}")]
    Ended {
        command: String,
        found: String,
        expected: u8,
        output: String,
    },
    #[error("`{command}` does not say `{expected}`:\n{output}")]
    Unsaid {
        command: String,
        expected: String,
        output: String,
    },
    #[error("the node ended before it was ready: `{line}`")]
    NotReady { line: String },
    #[error("{0}")]
    Otherwise(String),
    #[error("the second client was not answered")]
    Traffic(#[from] InterfaceError),
    #[error("the second client has no connection")]
    Session(#[from] SessionError),
    #[error(transparent)]
    File(#[from] FileError),
}

impl Failure for DemoError {
    fn exit(&self) -> Exit {
        Exit::Wrong
    }

    fn code(&self) -> Code {
        let code = match self {
            DemoError::Interrupted => "F910",
            DemoError::Folder(_) => "F911",
            DemoError::Run { .. } => "F912",
            DemoError::Ended { .. } => "F913",
            DemoError::Unsaid { .. } => "F914",
            DemoError::NotReady { .. } => "F915",
            DemoError::Otherwise(_) => "F916",
            DemoError::Step { error, .. } => return error.code(),
            DemoError::Traffic(error) => return error.code(),
            DemoError::Session(error) => return error.code(),
            DemoError::File(error) => return error.code(),
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            DemoError::Step { .. } => {
                vec!["this is a bug: please report it with what is printed above".to_owned()]
            }
            _ => Vec::new(),
        }
    }

    fn fields(&self) -> Map<String, Value> {
        match self {
            DemoError::Step { steps, .. } => {
                Map::from_iter([("steps".to_owned(), Value::from(steps.clone()))])
            }
            _ => Map::new(),
        }
    }
}
