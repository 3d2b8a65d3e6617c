//! The graph: blocks with parameters, and in them operations on names.
//!
//! A name is assigned once and stands for one machine word: an integer, a tag, or a handle. Control is
//! reducible, and [`Graph::order`] puts every block after those that must have run before it, because the
//! machine's own control is structured. A later engine finds here what the register interpreter finds:
//! the arithmetic to do, the calls of the runtime library with their operands by type, and where fuel is
//! charged. Fuel is that of the bytecode: the function's static cost is charged by whoever enters it.

use crate::combinator::FunctionId;
use crate::instruction::Instruction;
use crate::types::TypeId;

/// A value of the graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub(crate) u32);

/// A block of the graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct BlockId(pub(crate) u32);

impl Name {
    /// Position among the graph's names.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl BlockId {
    /// Position among the graph's blocks.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An integer, a tag or a truth.
    Word,
    /// An entry of the table of containers; 0 is nothing.
    Handle,
    /// The same, and it belongs to the program: it is never taken, only copied.
    Constant,
}

impl Kind {
    /// Whether it is an entry of the table.
    #[must_use]
    pub fn is_handle(self) -> bool {
        self != Kind::Word
    }
}

/// A use of a name. A handle at its last use may be taken: nobody else will look at its container, so
/// that can be changed in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Use {
    /// What is used.
    pub name: Name,
    /// Whether no later use can follow.
    pub last: bool,
}

/// An operand or result of the runtime library: a value of a type, in names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operand {
    /// Its type.
    pub id: TypeId,
    /// Its words, then its handles.
    pub slots: Box<[Use]>,
}

/// A function of two words that cannot fail for want of anything but range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "they are the instructions of the same names")]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    AddWrapping,
    SubtractWrapping,
    MultiplyWrapping,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    Less,
    LessOrEqual,
    Equal,
    Compare,
}

/// What stands in a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Arithmetic and comparison on words.
    Binary {
        /// Which.
        binary: Binary,
        /// The result.
        to: Name,
        /// The operands.
        left: Name,
        /// The operands.
        right: Name,
    },
    /// An instruction of the runtime library.
    Runtime {
        /// Which.
        instruction: Instruction,
        /// What it starts from, in the instruction's order.
        operands: Box<[Operand]>,
        /// The type of its result.
        result: TypeId,
        /// The result's words, then its handles.
        to: Box<[Name]>,
    },
    /// Appends to the list that a loop builds; costs no fuel, the loop has paid.
    Append {
        /// The list so far.
        list: Use,
        /// The item.
        item: Operand,
        /// The list with it.
        to: Name,
    },
    /// Stores in the map that a loop builds. The loop has paid for all but comparing the key.
    Store {
        /// The map so far.
        map: Use,
        /// The key.
        key: Operand,
        /// The value.
        value: Operand,
        /// The map with it.
        to: Name,
    },
    /// A function that is not translated in place.
    Call {
        /// Which.
        function: FunctionId,
        /// The slots of its argument.
        arguments: Box<[Use]>,
        /// The slots of its result.
        to: Box<[Name]>,
    },
    /// Starts a walk over a list or map.
    Walk {
        /// The container.
        container: Use,
        /// The walk.
        to: Name,
    },
    /// The next entry of a walk.
    Advance {
        /// The walk.
        walk: Name,
        /// The types of the entry's parts: an item, or a key and a value.
        entry: Box<[TypeId]>,
        /// 1 if there is one, and its slots, part by part.
        to: Box<[Name]>,
    },
    /// Charges fuel for as many rounds as the container has entries, before the first.
    ChargeRounds {
        /// The container.
        container: Name,
        /// Fuel of one round.
        cost: u64,
    },
    /// Charges fuel.
    Charge {
        /// How much.
        cost: u64,
    },
}

/// How a block ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// Not known yet.
    Open,
    /// Goes on at a block and gives its parameters.
    Jump(BlockId, Box<[Use]>),
    /// Goes on at the first block if the word is not 0, else at the second.
    Branch(Name, BlockId, BlockId),
    /// Goes on at the block of the word's number.
    Switch(Name, Box<[BlockId]>),
    /// The function ends with these slots.
    Return(Box<[Use]>),
    /// The run stops. Why is for the reference interpreter to say.
    Stop,
}

/// A block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// The names it is given.
    pub parameters: Box<[Name]>,
    /// What it does.
    pub operations: Vec<Operation>,
    /// Where it goes.
    pub end: End,
}

/// What a constant name stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Constant {
    /// A word.
    Word(i64),
    /// The handle of nothing.
    Nothing,
    /// Container number `1` in the value of constant number `0` of the pool.
    Pool(u32, u32),
}

/// A function as a graph. Block 0 is where it starts; its parameters are the slots of the argument.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Graph {
    /// All blocks.
    pub blocks: Vec<Block>,
    /// The blocks in an order in which each comes after those that must have run before it.
    pub order: Vec<BlockId>,
    /// What each name is.
    pub kinds: Vec<Kind>,
    /// The names that are constants.
    pub constants: Vec<(Name, Constant)>,
}

impl Graph {
    /// How often each name is read.
    #[must_use]
    pub fn reads(&self) -> Vec<u32> {
        let mut reads = vec![0; self.kinds.len()];
        let mut add = |name: Name| reads[name.index()] += 1;
        for block in &self.blocks {
            for operation in &block.operations {
                if let Operation::Binary { left, right, .. } = operation {
                    [*left, *right].into_iter().for_each(&mut add);
                }
                operation.used().for_each(|own| add(own.name));
            }
            match &block.end {
                End::Branch(word, ..) | End::Switch(word, _) => add(*word),
                End::Jump(_, given) | End::Return(given) => {
                    given.iter().for_each(|own| add(own.name));
                }
                End::Open | End::Stop => {}
            }
        }
        reads
    }
}

impl Operation {
    /// Every use in it, from the one that is looked at last to the one that is looked at first. A name
    /// read by a walk or as a word is no use in this sense: it takes nothing.
    pub fn uses(&mut self, mut visit: impl FnMut(&mut Use)) {
        let mut operand = |operand: &mut Operand| {
            operand.slots.iter_mut().rev().for_each(&mut visit);
        };
        match self {
            Operation::Runtime { operands, .. } => operands.iter_mut().rev().for_each(operand),
            Operation::Append { list, item, .. } => {
                operand(item);
                visit(list);
            }
            Operation::Store {
                map, key, value, ..
            } => {
                operand(value);
                operand(key);
                visit(map);
            }
            Operation::Call { arguments, .. } => arguments.iter_mut().rev().for_each(visit),
            Operation::Walk { container, .. } => visit(container),
            Operation::Binary { .. }
            | Operation::Advance { .. }
            | Operation::ChargeRounds { .. }
            | Operation::Charge { .. } => {}
        }
    }

    /// Every use in it, in no particular order.
    pub fn used(&self) -> impl Iterator<Item = &Use> {
        let (operands, more): (&[Operand], [Option<&Operand>; 2]) = match self {
            Operation::Runtime { operands, .. } => (operands, [None, None]),
            Operation::Append { item, .. } => (&[], [Some(item), None]),
            Operation::Store { key, value, .. } => (&[], [Some(key), Some(value)]),
            _ => (&[], [None, None]),
        };
        let (one, list): (Option<&Use>, &[Use]) = match self {
            Operation::Append { list: own, .. }
            | Operation::Store { map: own, .. }
            | Operation::Walk { container: own, .. } => (Some(own), &[]),
            Operation::Call { arguments, .. } => (None, arguments),
            _ => (None, &[]),
        };
        let operands = operands.iter().chain(more.into_iter().flatten());
        let slots = operands.flat_map(|operand| operand.slots.iter());
        slots.chain(one).chain(list)
    }

    /// A handle that is read and stays what it is.
    #[must_use]
    pub fn reads(&self) -> Option<Name> {
        match self {
            Operation::Advance { walk, .. } => Some(*walk),
            Operation::ChargeRounds { container, .. } => Some(*container),
            _ => None,
        }
    }

    /// The names it assigns.
    #[must_use]
    pub fn results(&self) -> &[Name] {
        match self {
            Operation::Binary { to, .. }
            | Operation::Append { to, .. }
            | Operation::Store { to, .. }
            | Operation::Walk { to, .. } => std::slice::from_ref(to),
            Operation::Runtime { to, .. }
            | Operation::Call { to, .. }
            | Operation::Advance { to, .. } => to,
            Operation::ChargeRounds { .. } | Operation::Charge { .. } => &[],
        }
    }
}

impl End {
    /// The blocks it may go on at.
    pub fn targets(&self) -> impl Iterator<Item = BlockId> + '_ {
        let (two, many): ([Option<BlockId>; 2], &[BlockId]) = match self {
            End::Jump(to, _) => ([Some(*to), None], &[]),
            End::Branch(_, yes, no) => ([Some(*yes), Some(*no)], &[]),
            End::Switch(_, all) => ([None, None], all),
            End::Open | End::Return(_) | End::Stop => ([None, None], &[]),
        };
        two.into_iter().flatten().chain(many.iter().copied())
    }
}
