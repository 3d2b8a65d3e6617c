//! From a source file to a verified program, with the problems on the way as data.

use std::path::Path;

use dsl::compile::Compiled;
use dsl::history::History;
use dsl::problem::{Edit, Fix, Label, Problem, Problems};
use dsl::source::{Source, SourceTooLarge, Span};
use serde_json::{Map, Value, json};

use super::files::{self, FileError};
use crate::exit::Exit;
use crate::failure::{Code, Failure, Style};
use crate::report::count;

/// A source that compiles.
#[derive(Clone, Debug)]
pub(crate) struct Compilation {
    /// What was read.
    pub(crate) source: Source,
    /// What became of it.
    pub(crate) compiled: Compiled,
}

/// Reads and compiles a source against the versions that were released before.
pub(crate) fn compile(path: &Path, history: &History) -> Result<Compilation, Broken> {
    let text = files::read_text(path)?;
    let source = Source::new(path.display().to_string(), text)?;
    match dsl::compile::compile(&source, history) {
        Ok(compiled) => Ok(Compilation { source, compiled }),
        Err(problems) => Err(Broken::Problems {
            file: source,
            problems,
        }),
    }
}

impl Compilation {
    /// What is worth saying although it compiles, as text.
    pub(crate) fn warnings(&self, style: Style) -> String {
        render(&self.source, self.compiled.warnings(), style)
    }

    /// The same for programs.
    pub(crate) fn diagnostics(&self) -> Value {
        diagnostics(&self.source, self.compiled.warnings().iter())
    }
}

/// Problems as text for people.
pub(crate) fn render(source: &Source, problems: &Problems, style: Style) -> String {
    if style.short {
        problems.render_short(source)
    } else {
        problems.render(source, style.colour)
    }
}

/// Problems as data for editors.
pub(crate) fn diagnostics<'a>(
    source: &Source,
    problems: impl Iterator<Item = &'a Problem>,
) -> Value {
    problems
        .map(|problem| diagnostic(source, problem))
        .collect()
}

fn diagnostic(source: &Source, problem: &Problem) -> Value {
    let label = |label: &Label| {
        let mut place = place(source, label.span);
        place.insert("text".to_owned(), json!(label.text));
        place
    };
    let edit = |edit: &Edit| {
        json!({
            "file": source.name(),
            "byte": [edit.span.start, edit.span.end],
            "text": edit.text,
        })
    };
    let fix = |fix: &Fix| {
        let edits: Vec<_> = fix.edits.iter().map(edit).collect();
        json!({"title": fix.title, "edits": edits})
    };
    json!({
        "code": problem.code.name,
        "severity": problem.severity().word(),
        "title": problem.title,
        "primary": label(&problem.primary),
        "labels": problem.labels.iter().map(label).collect::<Vec<_>>(),
        "notes": problem.notes,
        "help": problem.help,
        "fixes": problem.fixes.iter().map(fix).collect::<Vec<_>>(),
    })
}

fn place(source: &Source, span: Span) -> Map<String, Value> {
    let position = |byte| {
        let position = source.position(byte);
        json!({"line": position.line, "col": position.column, "byte": position.byte})
    };
    let mut place = Map::new();
    place.insert("file".to_owned(), json!(source.name()));
    place.insert("start".to_owned(), position(span.start));
    place.insert("end".to_owned(), position(span.end));
    place
}

/// Why a source gives no program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    TooLarge(#[from] SourceTooLarge),
    #[error("`{}` has {}", file.name(), count(problems.len() + problems.omitted(), "problem"))]
    Problems { file: Source, problems: Problems },
}

impl Failure for Broken {
    fn exit(&self) -> Exit {
        match self {
            Broken::File(error) => error.exit(),
            Broken::TooLarge(_) | Broken::Problems { .. } => Exit::Wrong,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            Broken::TooLarge(_) => "F015",
            Broken::Problems { .. } => "F105",
            Broken::File(error) => return error.code(),
        };
        code.into()
    }

    fn rendered(&self, style: Style) -> Option<String> {
        match self {
            Broken::Problems { file, problems } => {
                let text = render(file, problems, style);
                Some(if style.short {
                    text
                } else {
                    format!("{text}{self}\n")
                })
            }
            _ => None,
        }
    }

    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        if let Broken::Problems { file, problems } = self {
            let found = diagnostics(file, problems.iter());
            fields.insert("diagnostics".to_owned(), found);
        }
        fields
    }
}
