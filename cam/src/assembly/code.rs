//! Instructions in text: the name and the operands, as the table of instructions has them.
//!
//! Text and bytes have the same operands in the same order, so each is written through the other, and
//! through nothing but the table.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use super::constant::{bad_number, integer};
use super::cursor::{Cursor, Token};
use super::error::{AssemblyError, AssemblyReason, cut};
use super::words::SECTIONS;
use crate::instruction::{Instruction, Row, TABLE};
use crate::reader::Reader;
use crate::writer::{write_integer, write_number};

static ROWS: LazyLock<BTreeMap<&str, &Row>> =
    LazyLock::new(|| TABLE.iter().map(|row| (row.mnemonic, row)).collect());

/// What an operand may name. `None` stands for an operand that is a number and no name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    Type,
    Function,
    Constant,
}

impl Named {
    /// By the operand's kind; constants are numbers of kind `u32` that the table calls `constant`.
    fn of(operand: &str, kind: &str) -> Option<Named> {
        match (kind, operand) {
            ("TypeId", _) => Some(Named::Type),
            ("FunctionId", _) => Some(Named::Function),
            (_, "constant") => Some(Named::Constant),
            _ => None,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Named::Type => "type",
            Named::Function => "function",
            Named::Constant => "constant",
        }
    }
}

/// Reads one instruction. `find` gives the number of what a name names.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    scratch: &mut Vec<u8>,
    find: &impl Fn(Named, &str) -> Option<u32>,
) -> Result<Instruction, AssemblyError> {
    let mnemonic = cursor.word("an instruction")?;
    let row = ROWS.get(mnemonic.text).copied();
    let row = row.ok_or_else(|| unknown(cursor, mnemonic))?;
    scratch.clear();
    scratch.push(row.code);
    for (operand, kind) in row.operands.iter().zip(row.kinds) {
        let word = cursor.word(operand)?;
        if *kind == "i64" {
            write_integer(scratch, integer(cursor, word)?);
        } else {
            let number = number(cursor, word, Named::of(operand, kind), find)?;
            write_number(scratch, u64::from(number));
        }
    }
    let read = Instruction::read(&mut Reader::new(scratch));
    read.map_err(|malformed| cursor.malformed(mnemonic.at, malformed.reason))
}

fn number(
    cursor: &Cursor<'_>,
    word: Token<'_>,
    named: Option<Named>,
    find: &impl Fn(Named, &str) -> Option<u32>,
) -> Result<u32, AssemblyError> {
    let is_number = word
        .text
        .starts_with(|letter: char| letter.is_ascii_digit());
    match named {
        Some(named) if !is_number => find(named, word.text).ok_or_else(|| {
            let (what, name) = (named.what(), cut(word.text));
            cursor.error(word.at, AssemblyReason::UnknownName { what, name })
        }),
        _ => {
            let number = word.text.parse();
            number.map_err(|_| bad_number(cursor, word, "a number of 32 bits"))
        }
    }
}

fn unknown(cursor: &Cursor<'_>, word: Token<'_>) -> AssemblyError {
    let known = SECTIONS.into_iter().chain(ROWS.keys().copied());
    let nearest = known
        .filter(|known| is_near(known, word.text))
        .min_by_key(|known| known.len().abs_diff(word.text.len()));
    let reason = AssemblyReason::UnknownWord {
        word: cut(word.text),
        nearest,
    };
    cursor.error(word.at, reason)
}

/// Whether one letter more, less or other makes one word of the other, or one is the start of the other.
fn is_near(known: &str, word: &str) -> bool {
    let (known, word) = (known.as_bytes(), word.as_bytes());
    let pairs = || known.iter().zip(word);
    let front = pairs().take_while(|(left, right)| left == right).count();
    let back = known.iter().rev().zip(word.iter().rev());
    let back = back.take_while(|(left, right)| left == right).count();
    let (short, long) = (known.len().min(word.len()), known.len().max(word.len()));
    front + back + 1 >= long || (front == short && short > 1)
}

/// Writes one instruction. `name` gives the name of what a number names.
pub(super) fn write<'a>(
    f: &mut fmt::Formatter<'_>,
    instruction: Instruction,
    name: impl Fn(Named, u32) -> Option<&'a str>,
) -> fmt::Result {
    let row = instruction.row();
    f.write_str(row.mnemonic)?;
    let mut bytes = Vec::with_capacity(8);
    instruction.write(&mut bytes);
    let mut reader = Reader::new(&bytes);
    let mut operands = row.operands.iter().zip(row.kinds);
    reader.byte().map_err(|_| fmt::Error)?;
    operands.try_for_each(|(operand, kind)| {
        if *kind == "i64" {
            return write!(f, " {}", reader.integer().map_err(|_| fmt::Error)?);
        }
        let number = reader.index().map_err(|_| fmt::Error)?;
        match Named::of(operand, kind).and_then(|named| name(named, number)) {
            Some(name) => write!(f, " {name}"),
            None => write!(f, " {number}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One instruction of every row, its operands 1, 2, .., its type 1.
    fn one_of_each() -> impl Iterator<Item = Instruction> {
        TABLE.iter().map(|row| {
            let mut bytes = vec![row.code];
            (1..).zip(row.kinds).for_each(|(number, kind)| {
                bytes.push(if *kind == "TypeId" { 1 } else { number });
            });
            Instruction::read(&mut Reader::new(&bytes)).expect("small numbers")
        })
    }

    struct Shown(Instruction);

    impl fmt::Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(f, self.0, |named, _| (named == Named::Type).then_some("T"))
        }
    }

    #[test]
    fn every_row_of_the_table_reads_back_from_its_text() {
        for instruction in one_of_each() {
            let shown = Shown(instruction).to_string();
            let mut cursor = Cursor::new(&shown, 1);
            let find = |named, word: &str| (named == Named::Type && word == "T").then_some(1);
            let found = read(&mut cursor, &mut Vec::new(), &find);
            assert_eq!(found, Ok(instruction), "{shown}");
            assert_eq!(cursor.is_done(), Ok(true), "{shown}");
        }
    }

    #[test]
    fn kinds_are_those_that_are_read_here() {
        for row in TABLE {
            assert_eq!(row.kinds.len(), row.operands.len());
            for kind in row.kinds {
                assert!(
                    ["u32", "i64", "TypeId", "FunctionId"].contains(kind),
                    "{kind}"
                );
            }
        }
    }

    #[test]
    fn a_misspelt_instruction_has_a_neighbour() {
        for (word, expected) in [
            ("pussh", Some("push")),
            ("project", Some("proj")),
            ("cse", Some("case")),
            ("typ", Some("type")),
            ("jump", None),
        ] {
            let error = read(&mut Cursor::new(word, 1), &mut Vec::new(), &|_, _| None);
            let AssemblyReason::UnknownWord { nearest, .. } = error.expect_err(word).reason else {
                panic!("{word}")
            };
            assert_eq!(nearest, expected, "{word}");
        }
    }
}
