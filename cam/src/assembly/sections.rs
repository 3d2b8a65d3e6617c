//! The lines of a text by what they declare.

use super::cursor::{Cursor, Kind};
use super::error::{AssemblyError, AssemblyReason};
use crate::limits::ASSEMBLY_BYTES_MAX;
use crate::malformed::MalformedReason;

/// Lines, each after its first word; code from its first word.
#[derive(Default)]
pub(super) struct Sections<'a> {
    pub(super) header: Option<Cursor<'a>>,
    pub(super) types: Vec<Cursor<'a>>,
    pub(super) constants: Vec<Cursor<'a>>,
    pub(super) machine: Option<Cursor<'a>>,
    pub(super) shapes: Vec<Cursor<'a>>,
    pub(super) interface: Option<Cursor<'a>>,
    pub(super) functions: Vec<Function<'a>>,
    pub(super) exports: Vec<Cursor<'a>>,
}

/// The head of a function and its lines of code.
pub(super) struct Function<'a> {
    pub(super) head: Cursor<'a>,
    pub(super) code: Vec<Cursor<'a>>,
}

impl<'a> Sections<'a> {
    pub(super) fn of(text: &'a str) -> Result<Sections<'a>, AssemblyError> {
        if text.len() > ASSEMBLY_BYTES_MAX {
            let (what, limit) = ("bytes of assembly", ASSEMBLY_BYTES_MAX as u64);
            let reason = MalformedReason::TooMany { what, limit };
            return Err(Cursor::new("", 1).malformed(0, reason));
        }
        let mut sections = Sections::default();
        for (line, number) in text.lines().zip(1..) {
            sections.add(Cursor::new(line, number))?;
        }
        Ok(sections)
    }

    fn add(&mut self, start: Cursor<'a>) -> Result<(), AssemblyError> {
        let mut line = start;
        let word = line.next()?;
        match (word.kind, word.text) {
            (Kind::End, _) => {}
            (Kind::Word, "type") => self.types.push(line),
            (Kind::Word, "const") => self.constants.push(line),
            (Kind::Word, "shape") => self.shapes.push(line),
            (Kind::Word, "export") => self.exports.push(line),
            (Kind::Word, "fn") => self.functions.push(Function {
                head: line,
                code: Vec::new(),
            }),
            (Kind::Word, "cam") => once(&mut self.header, line, word.at, "cam")?,
            (Kind::Word, "machine") => once(&mut self.machine, line, word.at, "machine")?,
            (Kind::Word, "interface") => once(&mut self.interface, line, word.at, "interface")?,
            _ => match self.functions.last_mut() {
                Some(function) => function.code.push(start),
                None => return Err(start.error(word.at, AssemblyReason::CodeOutside)),
            },
        }
        Ok(())
    }
}

fn once<'a>(
    place: &mut Option<Cursor<'a>>,
    line: Cursor<'a>,
    at: usize,
    word: &str,
) -> Result<(), AssemblyError> {
    if place.is_some() {
        let (what, name) = ("line", word.to_owned());
        return Err(line.error(at, AssemblyReason::Repeated { what, name }));
    }
    *place = Some(line);
    Ok(())
}
