//! What a module names: a type, constant or function that nothing uses is refused.
//!
//! Unused parts would be a second byte string for the same program, and a place to hide something in a
//! bundle that a person has looked through.

use crate::bytecode::Bytecode;
use crate::combinator::FunctionId;
use crate::invalid::{Invalid, InvalidReason};
use crate::types::{PREDECLARED, TypeId};

/// Marks, one for each part of the module.
pub(crate) struct Uses {
    types: Vec<bool>,
    constants: Vec<bool>,
    functions: Vec<bool>,
}

impl Uses {
    pub(crate) fn new(bytecode: &Bytecode) -> Uses {
        let mut uses = Uses {
            types: vec![false; bytecode.types.len()],
            constants: vec![false; bytecode.pool.len()],
            functions: vec![false; bytecode.functions.len()],
        };
        bytecode.pool.iter().for_each(|(id, _)| uses.type_used(*id));
        bytecode
            .exports
            .iter()
            .for_each(|(_, function)| uses.function_used(*function));
        uses
    }

    pub(crate) fn type_used(&mut self, id: TypeId) {
        self.types[id.index()] = true;
    }

    pub(crate) fn constant_used(&mut self, index: u32) {
        self.constants[index as usize] = true;
    }

    pub(crate) fn function_used(&mut self, function: FunctionId) {
        self.functions[function.index()] = true;
    }

    /// A type is used if an instruction, a function or a constant names it, or a used type reaches it.
    pub(crate) fn all_used(mut self, bytecode: &Bytecode) -> Result<(), Invalid> {
        let declared = bytecode.types.declared();
        for (index, entry) in declared.iter().enumerate().rev() {
            if self.types[index + PREDECLARED as usize] {
                entry.parts().for_each(|part| self.type_used(part));
            }
        }
        let predeclared = PREDECLARED as usize;
        let parts = [
            ("type", &self.types[predeclared..], predeclared),
            ("constant", &self.constants, 0),
            ("function", &self.functions, 0),
        ];
        for (what, marks, first) in parts {
            if let Some(index) = marks.iter().position(|used| !used) {
                let index = first + index;
                return Err(Invalid {
                    at: None,
                    reason: InvalidReason::Unused { what, index },
                });
            }
        }
        Ok(())
    }
}
