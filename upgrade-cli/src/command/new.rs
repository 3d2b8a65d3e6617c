//! `cam new`: a project with a small machine that checks and has a trace.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::arguments::New;
use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::project::files::{self, FileError};
use crate::project::{MANIFEST, NAME_HELP, is_project_name};
use crate::report::{Outcome, Report};

/// The machine of a new project, with its name left open.
const MACHINE: &str = include_str!("new/machine.cam");

/// Where the name goes in [`MACHINE`].
const OPEN_NAME: &str = "Name";

pub(super) fn run(arguments: &New) -> Outcome {
    let name = &arguments.name;
    if !is_project_name(name) {
        let name = name.clone();
        return Err(NewError::Name { name }.into());
    }
    let root = Path::new(name);
    // Made by us or not at all: a folder of somebody else's files is never filled up.
    fs::create_dir(root).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists {
            path: root.to_owned(),
        },
        _ => NewError::Folder {
            path: root.to_owned(),
            source,
        },
    })?;
    let machine = machine_name(name);
    let source = format!("src/{name}.cam");
    let contents = [
        (MANIFEST, format!("[package]\nname = \"{name}\"\n")),
        (&source, MACHINE.replace(OPEN_NAME, &machine)),
        ("history/.gitkeep", String::new()),
        (".gitignore", "out/\n".to_owned()),
    ];
    for (file, text) in &contents {
        files::write(&root.join(file), text.as_bytes()).map_err(NewError::File)?;
    }
    let names: Vec<_> = contents.iter().map(|(file, _)| *file).collect();
    Ok(Report::new()
        .line(format!("created {name}/ ({})", names.join(", ")))
        .field("project", name)
        .field("machine", machine)
        .field("files", names)
        .next(format!("cd {name} && cam test")))
}

/// `traffic-light` becomes `TrafficLight`.
fn machine_name(project: &str) -> String {
    let words = project.split(['-', '_']);
    words
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        })
        .collect()
}

#[derive(Debug, thiserror::Error)]
enum NewError {
    #[error("`{name}` is no name for a project")]
    Name { name: String },
    #[error("`{}` is there already", path.display())]
    Exists { path: PathBuf },
    #[error("cannot make the folder `{}`", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error(transparent)]
    File(FileError),
}

impl Failure for NewError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn code(&self) -> Code {
        let code = match self {
            NewError::Name { .. } => "F103",
            NewError::Exists { .. } => "F104",
            NewError::Folder { .. } => "F009",
            NewError::File(error) => return error.code(),
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            NewError::Name { .. } => vec![NAME_HELP.to_owned()],
            NewError::Exists { .. } => vec!["choose another name".to_owned()],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_called_after_its_project() {
        let table = [
            ("counter", "Counter"),
            ("traffic-light", "TrafficLight"),
            ("a_2-b", "A2B"),
            ("a--", "A"),
        ];
        for (project, machine) in table {
            assert_eq!(machine_name(project), machine);
        }
    }
}
