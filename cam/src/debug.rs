//! Debug data: what a module's functions were called, and which place of a source each instruction is from.
//!
//! It stands apart from the module and outside its identity: to rename a local or add a comment makes no
//! other program. It names the program that it belongs to, and nothing but a tool that shows places reads
//! it. No run depends on it.

use std::fmt;

use crate::bytecode::Bytecode;
use crate::digest::Digest;
use crate::limits::{
    DEBUG_BYTES_MAX, DEBUG_FILES_MAX, DEBUG_NAME_BYTES_MAX, FUNCTION_INSTRUCTIONS_MAX,
    FUNCTIONS_MAX,
};
use crate::malformed::{Malformed, MalformedReason};
use crate::reader::Reader;
use crate::writer::{write_integer, write_number};

/// The first bytes of debug data.
pub const MAGIC: [u8; 4] = [0x7F, b'C', b'A', b'D'];

/// The only form there is.
const VERSION: u64 = 1;

/// The context string separates these hashes from every other use of BLAKE3.
const CONTEXT: &str = "camshaft 2026-11 debug data 1";

/// Bytes of one source, as a front end notes them on its arrows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

/// Neighbours in a function's code that are from the same place: how many, and from where.
pub type Run<T> = (u32, Option<T>);

/// A function's name, and the places of its instructions as the compiler has them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trail {
    /// What the front end calls it.
    pub name: String,
    /// In the order of the code; neighbours differ.
    pub runs: Vec<Run<Span>>,
}

impl Trail {
    /// The place of the instruction at `index`.
    #[must_use]
    pub fn span(&self, index: usize) -> Option<Span> {
        found(&self.runs, index)
    }
}

/// A place that a person can go to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// Which file, by its place in the list.
    pub file: u32,
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
}

/// The debug data of one program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Debug {
    program: Digest,
    files: Vec<String>,
    functions: Vec<(String, Vec<Run<Position>>)>,
}

impl Debug {
    /// Of the program `program`: the sources' names, and for each function its name and the places of its
    /// instructions. Names are cut to what is allowed, and neighbours from the same place are joined.
    #[must_use]
    pub fn new(
        program: Digest,
        files: &[&str],
        functions: impl IntoIterator<Item = (String, Vec<Run<Position>>)>,
    ) -> Debug {
        let files: Vec<String> = files
            .iter()
            .take(DEBUG_FILES_MAX)
            .map(|name| cut(name))
            .collect();
        let is_known = |position: &Position| (position.file as usize) < files.len();
        let joined = |runs: Vec<Run<Position>>| {
            let mut joined: Vec<Run<Position>> = Vec::new();
            for (count, at) in runs.into_iter().filter(|(count, _)| *count > 0) {
                let at = at.filter(is_known);
                match joined.last_mut() {
                    Some((last, place)) if *place == at => *last = last.saturating_add(count),
                    _ => joined.push((count, at)),
                }
            }
            joined
        };
        let functions = functions.into_iter();
        let functions = functions
            .map(|(name, runs)| (cut(&name), joined(runs)))
            .collect();
        Debug {
            program,
            files,
            functions,
        }
    }

    /// The program it belongs to.
    #[must_use]
    pub fn program(&self) -> Digest {
        self.program
    }

    /// The names of the sources.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// What the function at `index` is called.
    #[must_use]
    pub fn function(&self, index: usize) -> Option<&str> {
        self.functions.get(index).map(|(name, _)| name.as_str())
    }

    /// The file and the place that an instruction is from, if it is from one.
    #[must_use]
    pub fn position(&self, function: usize, instruction: usize) -> Option<(&str, Position)> {
        let (_, runs) = self.functions.get(function)?;
        let position = found(runs, instruction)?;
        Some((self.files.get(position.file as usize)?, position))
    }

    /// Whether it is of this module and not of another.
    ///
    /// # Errors
    /// `Stale` if it is of another program, `Misfit` if it says so and has other functions.
    pub fn fits(&self, program: Digest, module: &Bytecode) -> Result<(), DebugError> {
        if self.program != program {
            let belongs = self.program;
            return Err(DebugError::Stale { belongs, program });
        }
        let bodies = module.functions.iter().map(|body| body.code.len());
        let trails = self.functions.iter().map(|(_, runs)| length(runs));
        if bodies.eq(trails) {
            Ok(())
        } else {
            Err(DebugError::Misfit)
        }
    }

    /// Its bytes: one byte string for the same data.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        write_number(&mut out, VERSION);
        out.extend(self.program.0);
        write_number(&mut out, self.files.len() as u64);
        self.files
            .iter()
            .for_each(|name| write_text(&mut out, name));
        write_number(&mut out, self.functions.len() as u64);
        for (name, runs) in &self.functions {
            write_text(&mut out, name);
            write_number(&mut out, runs.len() as u64);
            let mut last = START;
            for (count, at) in runs {
                write_number(&mut out, u64::from(*count));
                write_number(&mut out, at.map_or(0, |at| u64::from(at.file) + 1));
                if let Some(at) = at {
                    write_integer(&mut out, i64::from(at.line) - i64::from(last.line));
                    write_integer(&mut out, i64::from(at.column) - i64::from(last.column));
                    last = *at;
                }
            }
        }
        out
    }

    /// Reads exactly what [`Debug::encode`] writes.
    ///
    /// # Errors
    /// [`DebugError`] for all other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Debug, DebugError> {
        let mut reader = Reader::new(bytes);
        if bytes.len() > DEBUG_BYTES_MAX {
            return Err(reader
                .too_many("bytes of debug data", DEBUG_BYTES_MAX)
                .into());
        }
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(DebugError::NoDebugData);
        }
        let need = reader.number()?;
        if need != VERSION {
            return Err(DebugError::NeedsVersion {
                need,
                have: VERSION,
            });
        }
        let program = <[u8; 32]>::try_from(reader.take(32)?).map(Digest);
        let program = program.map_err(|_| DebugError::NoDebugData)?;
        let count = reader.count("files", DEBUG_FILES_MAX, 1)?;
        let files: Result<Vec<String>, _> = (0..count).map(|_| read_text(&mut reader)).collect();
        let files = files?;
        let count = reader.count("functions", FUNCTIONS_MAX, 2)?;
        let mut functions = Vec::with_capacity(count);
        for _ in 0..count {
            functions.push((
                read_text(&mut reader)?,
                read_runs(&mut reader, files.len())?,
            ));
        }
        reader.finish()?;
        Ok(Debug {
            program,
            files,
            functions,
        })
    }

    /// A name for the data, apart from the program's.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        blake3::derive_key(CONTEXT, &self.encode())
    }
}

/// What the first place of a function is counted from.
const START: Position = Position {
    file: 0,
    line: 1,
    column: 1,
};

fn read_runs(reader: &mut Reader<'_>, files: usize) -> Result<Vec<Run<Position>>, Malformed> {
    let count = reader.count("places of a function", FUNCTION_INSTRUCTIONS_MAX, 2)?;
    let mut runs: Vec<Run<Position>> = Vec::with_capacity(count);
    let (mut last, mut total) = (START, 0_usize);
    for _ in 0..count {
        let wrong = |reason| reader.error_back(0, reason);
        let out_of_order = wrong(MalformedReason::OutOfOrder);
        let many = reader.too_many("instructions in a function", FUNCTION_INSTRUCTIONS_MAX);
        let length = reader.index()?;
        total = total.saturating_add(length as usize);
        if total > FUNCTION_INSTRUCTIONS_MAX {
            return Err(many);
        }
        let at = match reader.index()? {
            0 => None,
            file if file as usize > files => {
                let dangling = MalformedReason::DanglingIndex(u64::from(file));
                return Err(reader.error_back(1, dangling));
            }
            file => {
                last = Position {
                    file: file - 1,
                    line: moved(reader, last.line)?,
                    column: moved(reader, last.column)?,
                };
                Some(last)
            }
        };
        if length == 0 || runs.last().is_some_and(|(_, before)| *before == at) {
            return Err(out_of_order);
        }
        runs.push((length, at));
    }
    Ok(runs)
}

/// A line or column at some distance from the last.
fn moved(reader: &mut Reader<'_>, last: u32) -> Result<u32, Malformed> {
    let start = reader.offset();
    let number = i64::from(last).checked_add(reader.integer()?);
    let number = number.and_then(|number| u32::try_from(number).ok());
    number.filter(|number| *number > 0).ok_or(Malformed {
        offset: start,
        reason: MalformedReason::LongNumber,
    })
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn read_text(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    reader.text(DEBUG_NAME_BYTES_MAX).map(str::to_owned)
}

/// The place of the instruction at `index`. Linear in the runs before it.
fn found<T: Copy>(runs: &[Run<T>], index: usize) -> Option<T> {
    let mut end = 0;
    let run = runs.iter().find(|(count, _)| {
        end += *count as usize;
        index < end
    });
    run.and_then(|(_, at)| *at)
}

fn length<T>(runs: &[Run<T>]) -> usize {
    runs.iter().map(|(count, _)| *count as usize).sum()
}

fn cut(name: &str) -> String {
    name[..name.floor_char_boundary(DEBUG_NAME_BYTES_MAX)].to_owned()
}

/// Why debug data cannot be used. Never a reason not to run the program.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DebugError {
    /// The bytes do not start as debug data does.
    NoDebugData,
    /// The data needs a newer reader.
    NeedsVersion {
        /// The version of the data.
        need: u64,
        /// The newest version of this reader.
        have: u64,
    },
    /// The bytes are not the one form of anything.
    Malformed(Malformed),
    /// The data is of another program.
    Stale {
        /// The program it is of.
        belongs: Digest,
        /// The program it was wanted for.
        program: Digest,
    },
    /// The data is of this program and does not fit its code.
    Misfit,
}

impl From<Malformed> for DebugError {
    fn from(malformed: Malformed) -> DebugError {
        DebugError::Malformed(malformed)
    }
}

impl fmt::Display for DebugError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DebugError::NoDebugData => f.write_str("this is no debug data"),
            DebugError::NeedsVersion { need, have } => {
                write!(
                    f,
                    "the debug data is of version {need}, this reader knows {have}"
                )
            }
            DebugError::Malformed(malformed) => malformed.fmt(f),
            DebugError::Stale { belongs, program } => write!(
                f,
                "the debug data is of `{}`, not of `{}`",
                belongs.short(),
                program.short()
            ),
            DebugError::Misfit => f.write_str("the debug data does not fit the program's code"),
        }
    }
}

impl std::error::Error for DebugError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Debug {
        let at = |line, column| {
            Some(Position {
                file: 0,
                line,
                column,
            })
        };
        let runs = vec![(2, at(9, 3)), (1, None), (1, at(9, 3)), (3, at(2, 70))];
        let functions = vec![("init".to_owned(), vec![]), ("größe".to_owned(), runs)];
        Debug::new(Digest([7; 32]), &["src/a.cam"], functions)
    }

    #[test]
    fn debug_data_reads_back_and_no_other_bytes_do() {
        let debug = sample();
        let bytes = debug.encode();
        assert_eq!(Debug::decode(&bytes).as_ref(), Ok(&debug));
        for length in 0..bytes.len() {
            assert!(Debug::decode(&bytes[..length]).is_err(), "cut at {length}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                if let Ok(other) = Debug::decode(&flipped) {
                    assert_eq!(other.encode(), flipped, "byte {at}, bit {bit}");
                    assert_ne!(other, debug);
                }
            }
        }
    }

    #[test]
    fn an_instruction_has_the_place_of_its_run() {
        let debug = sample();
        let line = |index| debug.position(1, index).map(|(file, at)| (file, at.line));
        let found: Vec<_> = (0..8)
            .map(|index| line(index).map(|(_, line)| line))
            .collect();
        let last = Some(2);
        let expected = [Some(9), Some(9), None, Some(9), last, last, last, None];
        assert_eq!(found, expected);
        assert_eq!(line(0), Some(("src/a.cam", 9)));
        assert_eq!(debug.function(1), Some("größe"));
        assert_eq!(debug.position(2, 0), None);
    }

    #[test]
    fn the_bytes_are_those_of_the_chapter() {
        let at = Some(Position {
            file: 0,
            line: 7,
            column: 28,
        });
        let functions = [
            ("init".to_owned(), vec![(2, None)]),
            ("step".to_owned(), vec![(9, None), (1, at), (12, None)]),
        ];
        let bytes = Debug::new(Digest([0xD; 32]), &["src/counter.cam"], functions).encode();
        let mut expected = b"\x7FCAD\x01".to_vec();
        expected.extend([0xD; 32]);
        expected.extend(b"\x01\x0Fsrc/counter.cam\x02\x04init\x01\x02\x00\x04step\x03\x09\x00");
        expected.extend([0x01, 0x01, 0x0C, 0x36, 0x0C, 0x00]);
        assert_eq!(bytes, expected);
    }

    #[test]
    fn neighbours_from_one_place_are_one_run() {
        let at = Some(Position {
            file: 0,
            line: 1,
            column: 1,
        });
        let unknown = Some(Position {
            file: 9,
            line: 1,
            column: 1,
        });
        let name = || "f".to_owned();
        let split = vec![(1, at), (2, at), (0, None), (1, unknown), (1, None)];
        let debug = |runs| Debug::new(Digest([0; 32]), &["a"], [(name(), runs)]);
        assert_eq!(debug(split), debug(vec![(3, at), (2, None)]));
    }
}
