//! `cam asm`: a module from its text, verified as a node would.

use std::path::{Path, PathBuf};

use cam::assembly::{self, AssemblyError, Spot, Spots, parse_with_spots};
use cam::digest::Digest;
use cam::encode;
use cam::verify::{self, Invalid, InvalidReason};
use node::printable::Printable;
use serde_json::{Map, Value, json};

use crate::arguments::Asm;
use crate::exit::Exit;
use crate::failure::{Code, Failure, Style};
use crate::project::files;
use crate::project::released::BYTECODE;
use crate::report::{Outcome, Report};
use crate::verdict;

/// Letters of a line that are shown around the place of an error.
const EXCERPT_LETTERS: usize = 160;

pub(super) fn run(arguments: &Asm) -> Outcome {
    let text = files::read_assembly(&arguments.file)?;
    let unwritten = |error: &AssemblyError| Unassembled {
        code: "F241",
        place: Some(Place::of(
            &arguments.file,
            &text,
            error.line,
            error.column - 1,
        )),
        title: error.reason.to_string(),
        help: error.reason.help(),
        verdict: Map::new(),
    };
    let (bytecode, spots) = parse_with_spots(&text).map_err(|error| unwritten(&error))?;
    let bytes = encode::module(&bytecode);
    let judged = match bytecode.schema {
        Some(_) => verify::machine(bytecode).map(drop),
        None => verify::migration(bytecode).map(drop),
    };
    let refused = judged.err().map(|invalid| {
        let place = spot(&invalid, &spots).map(|spot| Place::at(&arguments.file, &text, spot));
        Unassembled::refused(&invalid, &spots, place)
    });
    let path = arguments.output.clone();
    let path = path.unwrap_or_else(|| arguments.file.with_extension(BYTECODE));
    match refused {
        Some(refused) if !arguments.unverified => Err(refused.into()),
        refused => {
            files::write_beside(&path, &arguments.file, &bytes)?;
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

/// Where in the text the module is refused: at an instruction, or at the part that nothing uses.
fn spot(invalid: &Invalid, spots: &Spots<'_>) -> Option<Spot> {
    match (&invalid.reason, invalid.at) {
        (_, Some(at)) => spots.instruction(at.function, at.instruction),
        (InvalidReason::Unused { what, index }, None) => {
            spots.part(what, *index).map(|(_, spot)| spot)
        }
        _ => None,
    }
}

impl Place {
    /// At a byte of a line, which is shown at its letter.
    fn at(file: &Path, text: &str, spot: Spot) -> Place {
        let line = text.lines().nth(spot.line - 1).unwrap_or_default();
        let before = line.get(..spot.byte);
        let letters = before.map_or(0, |before| before.chars().count());
        Place::of(file, text, spot.line, letters)
    }

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
    /// What `cam explain` knows it by.
    code: &'static str,
    title: String,
    place: Option<Place>,
    help: Option<String>,
    /// What the verifier found, for programs.
    verdict: Map<String, Value>,
}

impl Unassembled {
    fn refused(invalid: &Invalid, spots: &Spots<'_>, place: Option<Place>) -> Unassembled {
        let why = assembly::reason(&invalid.reason, spots);
        let rules = match &invalid.reason {
            InvalidReason::Export { problem, .. } if *problem == "is missing" => {
                "a machine exports `init` and `step`; what has no line `machine` is a migration, and exports `migrate`"
                    .to_owned()
            }
            _ => verdict::of_code(invalid),
        };
        Unassembled {
            code: "F242",
            title: format!("the module does not verify: {why}"),
            place,
            help: Some(format!("{rules}; `--unverified` writes it all the same")),
            verdict: verdict::invalid(invalid),
        }
    }
}

impl Failure for Unassembled {
    fn exit(&self) -> Exit {
        Exit::Wrong
    }

    fn code(&self) -> Code {
        self.code.into()
    }

    fn help(&self) -> Vec<String> {
        self.help.iter().cloned().collect()
    }

    fn fields(&self) -> Map<String, Value> {
        let place = self.place.as_ref().map(|place| {
            let file = place.file.display().to_string();
            json!({"file": file, "line": place.line, "col": place.column})
        });
        let mut fields = self.verdict.clone();
        fields.insert("place".to_owned(), json!(place));
        fields
    }

    fn rendered(&self, style: Style) -> Option<String> {
        let place = self.place.as_ref()?;
        let paint = |colour: &str, text: &str| match style.colour {
            true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        };
        let title = Printable(&self.title);
        let mut text = format!(
            "{}: {title}\n{}",
            paint("1;31", &format!("error[{}]", self.code)),
            place.render()
        );
        if let Some(help) = &self.help {
            text.push_str(&format!("{}: {help}\n", paint("1;36", "help")));
        }
        Some(text)
    }
}
