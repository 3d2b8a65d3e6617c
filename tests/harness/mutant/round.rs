//! The instructions that run a function again and again, and the types that fit them.

use cam::types::{BOOL, INT};

use super::anatomy::constructor::{LIST, MAP};
use super::anatomy::{Anatomy, Form};

/// What runs a function for each entry or count.
pub(super) struct Round {
    pub(super) opcode: u8,
    /// Whether an accumulator comes after the environment.
    folds: bool,
    /// What is gone through.
    over: Over,
    /// What comes of the body's result.
    result: Outcome,
}

#[derive(Clone, Copy, PartialEq)]
enum Over {
    List,
    Map,
    Count,
}

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    /// The accumulator.
    Accumulator,
    /// The body's own result type, a sum of going on and stopping.
    Sum,
    /// A container of the body's results.
    Container,
    /// The container gone through.
    Same,
}

const fn round(opcode: u8, folds: bool, over: Over, result: Outcome) -> Round {
    Round {
        opcode,
        folds,
        over,
        result,
    }
}

pub(super) const ROUNDS: [Round; 6] = [
    round(0x57, false, Over::List, Outcome::Container),
    round(0x58, true, Over::List, Outcome::Accumulator),
    round(0x66, false, Over::Map, Outcome::Container),
    round(0x67, false, Over::Map, Outcome::Same),
    round(0x68, true, Over::Map, Outcome::Accumulator),
    round(0x70, true, Over::Count, Outcome::Sum),
];

impl Round {
    /// The operands, the register's last, and the result, if a function of this type can be the body.
    pub(super) fn types(
        &self,
        module: &Anatomy,
        parts: &[usize],
        codomain: usize,
    ) -> Option<(Vec<usize>, usize)> {
        let (environment, rest) = parts.split_first()?;
        let mut operands = vec![*environment];
        let mut entry = rest;
        if self.folds {
            let (accumulator, rest) = rest.split_first()?;
            operands.push(*accumulator);
            entry = rest;
        }
        let container = |constructor, operands: &[usize]| {
            let found = |form: &Form| form.constructor == constructor && form.operands == operands;
            module.types.iter().position(found)
        };
        let over = match (self.over, entry) {
            (Over::List, [item]) => container(LIST, &[*item])?,
            (Over::Map, [key, value]) => container(MAP, &[*key, *value])?,
            (Over::Count, [count]) if *count == INT.index() => INT.index(),
            _ => return None,
        };
        let accumulates = |id: usize| !self.folds || operands[1] == id;
        let result = match self.result {
            Outcome::Accumulator => accumulates(codomain).then_some(codomain)?,
            Outcome::Sum => match module.payloads(codomain)? {
                [on, _] if accumulates(*on) => codomain,
                _ => return None,
            },
            Outcome::Container if self.over == Over::List => container(LIST, &[codomain])?,
            Outcome::Container => container(MAP, &[entry[0], codomain])?,
            Outcome::Same => (codomain == BOOL.index()).then_some(over)?,
        };
        operands.push(over);
        Some((operands, result))
    }
}
