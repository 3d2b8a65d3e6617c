//! Bytecode -> Text.

use std::fmt;

use super::names::Names;
use super::words::{PREDECLARED, type_form};
use super::{code, constant, shapes};
use crate::bytecode::{Body, Bytecode, COST_MODEL};
use crate::instruction::Instruction;

/// Deeper levels are not indented further, or the text of nested cases would be quadratic.
const INDENTED_MAX: usize = 16;

/// What stands above an instruction, for its function and its position in it.
type Note<'a> = &'a dyn Fn(usize, usize) -> Option<String>;

/// A module as text, by its `Display`.
pub struct Listing<'a> {
    bytecode: &'a Bytecode,
    names: Names,
    note: Option<Note<'a>>,
}

impl<'a> Listing<'a> {
    /// The listing of `bytecode`.
    #[must_use]
    pub fn new(bytecode: &'a Bytecode) -> Listing<'a> {
        Listing {
            bytecode,
            names: Names::of(bytecode),
            note: None,
        }
    }

    /// With comments above instructions: what `note` says of the instruction at a position in a function.
    #[must_use]
    pub fn with_notes(self, note: Note<'a>) -> Listing<'a> {
        let note = Some(note);
        Listing { note, ..self }
    }

    /// The names in it.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The text of one instruction of this module.
    #[must_use]
    pub fn instruction(&self, instruction: Instruction) -> String {
        struct One<'a>(&'a Names, Instruction);
        impl fmt::Display for One<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                code::write(f, self.1, |named, number| self.0.find(named, number))
            }
        }
        One(&self.names, instruction).to_string()
    }

    fn types(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let declared = self.bytecode.types.declared();
        for (name, entry) in self.names.types[PREDECLARED.len()..].iter().zip(declared) {
            write!(f, "type {name} = {}", type_form(entry))?;
            for part in entry.operands() {
                write!(f, " {}", self.names.type_name(part))?;
            }
            writeln!(f)?;
        }
        separate(f, !declared.is_empty())
    }

    fn constants(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pool = &self.bytecode.pool;
        for (name, (id, value)) in self.names.constants.iter().zip(pool) {
            write!(f, "const {name} {} ", self.names.type_name(*id))?;
            constant::write(f, &self.bytecode.types, *id, value)?;
            writeln!(f)?;
        }
        separate(f, !pool.is_empty())
    }

    fn function(&self, f: &mut fmt::Formatter<'_>, index: usize, body: &Body) -> fmt::Result {
        let [from, to] = [body.domain, body.codomain].map(|id| self.names.type_name(id));
        writeln!(f, "fn {} {from} -> {to}", self.names.function(index))?;
        let mut depth = 1;
        for (position, instruction) in body.code.iter().enumerate() {
            let closes = matches!(instruction, Instruction::Else() | Instruction::End());
            depth -= usize::from(closes && depth > 0);
            let indentation = 2 * depth.min(INDENTED_MAX);
            if let Some(note) = self.note.and_then(|note| note(index, position)) {
                writeln!(f, "{:indentation$}# {note}", "")?;
            }
            write!(f, "{:indentation$}", "")?;
            code::write(f, instruction, |named, number| {
                self.names.find(named, number)
            })?;
            if let Instruction::Inject(sum, constructor) = instruction
                && let Some(name) = self.names.constructor(self.bytecode, sum, constructor)
            {
                write!(f, "  # {name}")?;
            }
            writeln!(f)?;
            let opens = matches!(instruction, Instruction::Case() | Instruction::Else());
            depth += usize::from(opens);
        }
        writeln!(f)
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cam {} cost {COST_MODEL}\n", self.bytecode.format())?;
        self.types(f)?;
        self.constants(f)?;
        if let Some(schema) = &self.bytecode.schema {
            shapes::write(f, schema, &self.names.shapes)?;
            writeln!(f)?;
        }
        for (index, body) in self.bytecode.functions.iter().enumerate() {
            self.function(f, index, body)?;
        }
        for (of, function) in &self.bytecode.exports {
            let name = self.names.function(function.index());
            writeln!(f, "export {} {name}", of.word())?;
        }
        Ok(())
    }
}

/// An empty line after a section that is not empty.
fn separate(f: &mut fmt::Formatter<'_>, written: bool) -> fmt::Result {
    if written { writeln!(f) } else { Ok(()) }
}
