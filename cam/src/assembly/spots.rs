//! What a text calls the parts of its module, and where they stand in it.
//!
//! A refusal of the verifier names parts by their numbers. The author of a text has given them names and lines.

use super::words;
use crate::combinator::FunctionId;
use crate::types::{PREDECLARED, TypeId};

/// A place in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spot {
    /// The line, from 1.
    pub line: usize,
    /// The byte in the line, from 0.
    pub byte: usize,
}

/// A name that the text gives to a part, and where.
pub(super) type Declared<'a> = (&'a str, Spot);

/// Names and places of what a text declares, by the numbers that the parts have in the module.
#[derive(Clone, Debug, Default)]
pub struct Spots<'a> {
    /// Without the predeclared ones, which stand nowhere.
    pub(super) types: Vec<Option<Declared<'a>>>,
    pub(super) constants: Vec<Option<Declared<'a>>>,
    pub(super) functions: Vec<Option<Declared<'a>>>,
    pub(super) code: Vec<Vec<Spot>>,
}

impl Spots<'_> {
    /// Where an instruction stands. Code that ends too early is refused behind its last instruction, and
    /// shown at it.
    #[must_use]
    pub fn instruction(&self, function: usize, instruction: usize) -> Option<Spot> {
        let spots = self.code.get(function)?;
        spots.get(instruction).or(spots.last()).copied()
    }

    /// What the text calls a type. Nothing for one that neither it nor every table has.
    #[must_use]
    pub fn type_name(&self, id: TypeId) -> Option<&str> {
        let predeclared = words::PREDECLARED.get(id.index()).copied();
        predeclared.or_else(|| self.part("type", id.index()).map(|(name, _)| name))
    }

    /// What the text calls a function.
    #[must_use]
    pub fn function(&self, id: FunctionId) -> Option<&str> {
        let (name, _) = self.part("function", id.index())?;
        Some(name)
    }

    /// Name and place of a `type`, `constant` or `function` by its number in the module.
    #[must_use]
    pub fn part(&self, what: &str, index: usize) -> Option<(&str, Spot)> {
        let (parts, index) = match what {
            "type" => (&self.types, index.checked_sub(PREDECLARED as usize)?),
            "constant" => (&self.constants, index),
            "function" => (&self.functions, index),
            _ => return None,
        };
        *parts.get(index)?
    }
}
