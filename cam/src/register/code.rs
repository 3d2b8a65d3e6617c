//! The register machine's code: operations of 8 bytes, and sites for what does not fit in them.

use crate::combinator::FunctionId;
use crate::instruction::Instruction;
use crate::register::divisor::Divisor;
use crate::register::spare::Spare;
use crate::ssa::slots::Layouts;
use crate::types::{Type, TypeId, TypeTable};
use crate::value::Value;

/// A register's number. Every number is a register, so no access is out of bounds.
pub(super) type Register = u16;

/// How many registers there are.
pub(super) const REGISTERS: usize = 1 << 16;

/// The register that exchanges go through.
pub(super) const SCRATCH: Register = 0;

/// What an operation does to two words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Three {
    pub(super) to: Register,
    pub(super) left: Register,
    pub(super) right: Register,
}

/// Two words to compare, and how far to jump from here if the comparison fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unless {
    pub(super) left: Register,
    pub(super) right: Register,
    pub(super) distance: u16,
}

/// One operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Move {
        to: Register,
        from: Register,
    },
    /// So many moves from the entry `start` of the moves on.
    Moves {
        count: u16,
        start: u32,
    },
    Duplicate {
        to: Register,
        from: Register,
    },
    Add(Three),
    Subtract(Three),
    Multiply(Three),
    Divide(Three),
    Remainder(Three),
    /// By a constant above zero: the third names its entry in the table of divisors.
    DivideBy(Three),
    /// The same.
    RemainderBy(Three),
    AddWrapping(Three),
    SubtractWrapping(Three),
    MultiplyWrapping(Three),
    And(Three),
    Or(Three),
    Xor(Three),
    ShiftLeft(Three),
    ShiftRight(Three),
    ShiftRightUnsigned(Three),
    Less(Three),
    LessOrEqual(Three),
    Equal(Three),
    Compare(Three),
    UnlessLess(Unless),
    UnlessLessOrEqual(Unless),
    UnlessEqual(Unless),
    Jump {
        to: u32,
    },
    JumpIf {
        word: Register,
        to: u32,
    },
    JumpUnless {
        word: Register,
        to: u32,
    },
    Switch {
        word: Register,
        table: u32,
    },
    Runtime {
        site: u32,
    },
    /// Three integers to one.
    MultiplyDivide {
        site: u32,
    },
    /// Of a map of numbers under numbers: whether there is an entry under the key, and then its value.
    GetNumber {
        to: Register,
        map: Register,
        key: Register,
        last: bool,
    },
    /// Into such a map at its last use: its handle stays as it is.
    PutNumber {
        map: Register,
        key: Register,
        value: Register,
        charged: bool,
    },
    MapGet {
        site: u32,
    },
    MapPut {
        site: u32,
    },
    MapDelete {
        site: u32,
    },
    ListPush {
        site: u32,
    },
    Append {
        site: u32,
    },
    Store {
        site: u32,
    },
    Length {
        to: Register,
        container: Register,
    },
    Walk {
        to: Register,
        container: Register,
        last: bool,
    },
    Advance {
        site: u32,
    },
    /// Of a list of integers: whether there is one, and then it.
    AdvanceWord {
        to: Register,
        walk: Register,
    },
    ChargeRounds {
        container: Register,
        cost: u32,
    },
    Charge {
        cost: u32,
    },
    Call {
        function: u32,
    },
    Return {
        link: Register,
    },
    Stop,
}

/// A value in registers.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) id: TypeId,
    pub(super) form: Form,
    pub(super) words: Box<[Register]>,
    /// Each with whether it may be taken.
    pub(super) handles: Box<[(Register, bool)]>,
}

impl Place {
    pub(super) fn new(
        types: &TypeTable,
        id: TypeId,
        words: Box<[Register]>,
        handles: Box<[(Register, bool)]>,
    ) -> Place {
        let form = match types.get(id) {
            Type::Int => Form::Integer,
            Type::Text | Type::Bytes | Type::List(_) | Type::Map(..) => Form::Container,
            _ => Form::Other,
        };
        Place {
            id,
            form,
            words,
            handles,
        }
    }
}

/// What a place mostly is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Integer,
    Container,
    Other,
}

/// What an operation needs besides its 8 bytes.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) instruction: Instruction,
    pub(super) operands: Box<[Place]>,
    /// The types of what is written, one after the other from `to` on.
    pub(super) results: Box<[TypeId]>,
    pub(super) to: Register,
}

/// A function's registers and where it starts.
#[derive(Clone, Debug)]
pub(super) struct Routine {
    pub(super) entry: u32,
    /// Where the argument's slots start: its words, then its handles.
    pub(super) argument: Register,
    /// Where the result's slots are. Nothing for a function that never ends.
    pub(super) result: Option<Place>,
    /// Where a call keeps the way back.
    pub(super) link: Register,
}

/// A program for the register machine.
#[derive(Debug)]
pub struct Code {
    pub(super) ops: Box<[Op]>,
    pub(super) sites: Box<[Site]>,
    pub(super) tables: Box<[Box<[u32]>]>,
    /// Moves in a row: to, from.
    pub(super) moves: Box<[(Register, Register)]>,
    pub(super) costs: Box<[u64]>,
    pub(super) divisors: Box<[Divisor]>,
    pub(super) routines: Box<[Option<Routine>]>,
    /// Registers that hold a word from the start.
    pub(super) words: Box<[(Register, i64)]>,
    /// Containers of constants, in the order of their entries from 1 on.
    pub(super) containers: Box<[Value]>,
    pub(super) layouts: Layouts,
    /// How many registers the program has.
    pub(super) used: usize,
    pub(super) spare: Spare,
}

impl Code {
    pub(super) fn routine(&self, function: FunctionId) -> Option<&Routine> {
        self.routines.get(function.index())?.as_ref()
    }

    /// Operations in all: how large the program is for this engine.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.ops.len()
    }
}

const _: () = assert!(size_of::<Op>() == 8, "an operation is one word");
