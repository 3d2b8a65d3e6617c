//! `cam asm`: a module from its text, verified as a node would.

use std::path::{Path, PathBuf};

use cam::assembly::{AssemblyError, Names, parse_with_spots};
use cam::digest::Digest;
use cam::encode;
use cam::verify::{self, Invalid, InvalidReason};
use node::printable::Printable;
use serde_json::{Map, Value, json};

use crate::arguments::Asm;
use crate::exit::Exit;
use crate::failure::{Failure, Style};
use crate::project::files;
use crate::project::released::BYTECODE;
use crate::report::{Outcome, Report};

/// Letters of a line that are shown around the place of an error.
const EXCERPT_LETTERS: usize = 160;

pub(super) fn run(arguments: &Asm) -> Outcome {
    let text = files::read_assembly(&arguments.file)?;
    let unwritten = |error: &AssemblyError| Unassembled {
        place: Some(Place::of(
            &arguments.file,
            &text,
            error.line,
            error.column - 1,
        )),
        title: error.reason.to_string(),
        help: error.reason.help(),
    };
    let (bytecode, spots) = parse_with_spots(&text).map_err(|error| unwritten(&error))?;
    let bytes = encode::module(&bytecode);
    let names = Names::of(&bytecode);
    let judged = match bytecode.schema {
        Some(_) => verify::machine(bytecode).map(drop),
        None => verify::migration(bytecode).map(drop),
    };
    let refused = judged.err().map(|invalid| {
        let spot = invalid.at.and_then(|at| {
            let spots = spots.get(at.function)?;
            // Code that ends too early is refused behind its last instruction.
            spots.get(at.instruction).or(spots.last()).copied()
        });
        let place = spot.map(|spot| {
            let line = text.lines().nth(spot.line - 1).unwrap_or_default();
            let letters = line
                .get(..spot.byte)
                .map_or(0, |before| before.chars().count());
            Place::of(&arguments.file, &text, spot.line, letters)
        });
        Unassembled::refused(&invalid, &names, place)
    });
    let path = arguments.output.clone();
    let path = path.unwrap_or_else(|| arguments.file.with_extension(BYTECODE));
    match refused {
        Some(refused) if !arguments.unverified => Err(refused.into()),
        refused => {
            files::write(&path, &bytes)?;
            Ok(report(&path, &bytes, refused.as_ref()))
        }
    }
}

fn report(path: &Path, bytes: &[u8], refused: Option<&Unassembled>) -> Report {
    let (path, digest) = (path.display().to_string(), Digest::of_module(bytes));
    let report = Report::new()
        .line(format!("{path}  {} bytes  {digest}", bytes.len()))
        .field("file", &path)
        .field("bytes", bytes.len())
        .field("digest", digest.to_string())
        .field("verified", refused.is_none());
    match refused {
        None => report.next(format!("cam verify {path}")),
        Some(refused) => report.talk(format!("no node takes it: {}", refused.title)),
    }
}

/// Where in the text.
#[derive(Debug)]
struct Place {
    file: PathBuf,
    line: usize,
    /// From 1.
    column: usize,
    /// The line, without what could move a cursor; empty if it is too long to show.
    excerpt: String,
}

impl Place {
    fn of(file: &Path, text: &str, line: usize, letters: usize) -> Place {
        let excerpt = text.lines().nth(line - 1).unwrap_or_default();
        let excerpt = excerpt.replace('\t', " ");
        let is_long = excerpt.chars().nth(EXCERPT_LETTERS).is_some();
        // What is escaped is longer, and the caret would point elsewhere.
        let is_plain = Printable(&excerpt).to_string() == excerpt;
        Place {
            file: file.to_owned(),
            line,
            column: letters + 1,
            excerpt: if is_long || !is_plain {
                String::new()
            } else {
                excerpt
            },
        }
    }

    fn render(&self) -> String {
        let Place { line, column, .. } = self;
        let width = line.to_string().len();
        let mut text = format!("{:width$}--> {}:{line}:{column}\n", "", self.file.display());
        if !self.excerpt.is_empty() {
            let blank = format!("{:width$} |", "");
            let caret = format!("{:indentation$}^", "", indentation = column - 1);
            text.push_str(&format!(
                "{blank}\n{line} | {}\n{blank} {caret}\n",
                self.excerpt
            ));
        }
        text
    }
}

/// Why no module was written.
#[derive(Debug, thiserror::Error)]
#[error("{title}")]
struct Unassembled {
    title: String,
    place: Option<Place>,
    help: Option<String>,
}

impl Unassembled {
    fn refused(invalid: &Invalid, names: &Names, place: Option<Place>) -> Unassembled {
        let name = |id| names.type_name(id);
        let why = match &invalid.reason {
            InvalidReason::Mismatch { expected, found } => {
                format!("expected `{}`, found `{}`", name(*expected), name(*found))
            }
            InvalidReason::WrongForm { needs, found } => {
                format!("needs a {needs}, found `{}`", name(*found))
            }
            other => other.to_string(),
        };
        Unassembled {
            title: format!("the module does not verify: {why}"),
            place,
            help: Some(
                "chapter 4 of the specification has the rules; `--unverified` writes it all the same"
                    .to_owned(),
            ),
        }
    }
}

impl Failure for Unassembled {
    fn exit(&self) -> Exit {
        Exit::Wrong
    }

    fn help(&self) -> Vec<String> {
        self.help.iter().cloned().collect()
    }

    fn fields(&self) -> Map<String, Value> {
        let place = self.place.as_ref().map(|place| {
            let file = place.file.display().to_string();
            json!({"file": file, "line": place.line, "col": place.column})
        });
        Map::from_iter([("place".to_owned(), json!(place))])
    }

    fn rendered(&self, style: Style) -> Option<String> {
        let place = self.place.as_ref()?;
        let paint = |colour: &str, text: &str| match style.colour {
            true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        };
        let title = Printable(&self.title);
        let mut text = format!("{}: {title}\n{}", paint("1;31", "error"), place.render());
        if let Some(help) = &self.help {
            text.push_str(&format!("{}: {help}\n", paint("1;36", "help")));
        }
        Some(text)
    }
}
