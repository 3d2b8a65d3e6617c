//! Instructions after which the next one follows.

use crate::instruction::Instruction;
use crate::library::WEIGHT_PER_FUEL;
use crate::ssa::graph::{Binary, Constant, Name, Operand, Operation};
use crate::ssa::symbol::{Run, Slot, Symbol};
use crate::ssa::translate::{OverBudget, Translator, used};
use crate::types::{BOOL, BYTES, INT, ORDERING, TEXT, Type, TypeId};
use crate::value::Value;

/// Words that are compared one by one; wider values are left to the library.
const COMPARED_WORDS_MAX: usize = 8;

impl Translator<'_> {
    pub(super) fn straight(&mut self, instruction: Instruction) -> Result<(), OverBudget> {
        use Instruction as I;
        match instruction {
            I::Push() => {
                let register = self.register.clone();
                self.frame().stack.push(register);
            }
            I::Swap() => {
                let top = self.pop();
                let register = std::mem::replace(&mut self.register, top);
                self.frame().stack.push(register);
            }
            I::Pop() => self.register = self.pop(),
            I::Drop(n) => {
                let stack = &mut self.frame().stack;
                stack.truncate(stack.len() - n as usize);
            }
            I::Acc(n) => {
                let stack = &self.frame().stack;
                self.register = stack[stack.len() - 1 - n as usize].clone();
            }
            I::Int(integer) => {
                let name = self.word(integer)?;
                self.register = self.symbol(INT, &[name]);
            }
            I::Quote(index) => self.quote(index)?,
            I::Tuple(product) => self.tuple(product)?,
            I::Project(part) => self.register = self.projected(&self.register, part as usize),
            I::With(part) => self.with(part as usize)?,
            I::Inject(sum, constructor) => {
                let payload = self.register.clone();
                self.register = self.injected(sum, constructor as usize, &payload)?;
            }
            I::Curry(body, closure) => self.curry(body, closure),
            _ => match two_words(instruction) {
                Some((binary, result)) => self.arithmetic(binary, result)?,
                None => self.library(instruction)?,
            },
        }
        Ok(())
    }

    /// A constant, taken apart into words and containers.
    fn quote(&mut self, index: u32) -> Result<(), OverBudget> {
        let bytecode = self.code.bytecode();
        let (id, value) = &bytecode.pool[index as usize];
        let slots = match self.pool.get(&index) {
            Some(slots) => slots.clone(),
            None => {
                self.spend(self.layouts.of(*id).slots())?;
                let slots = self.taken_apart(index, *id, value);
                self.pool.insert(index, slots.clone());
                slots
            }
        };
        self.spend(slots.len())?;
        let names: Result<Vec<Name>, OverBudget> =
            slots.into_iter().map(|slot| self.constant(slot)).collect();
        self.register = self.symbol(*id, &names?);
        Ok(())
    }

    fn taken_apart(&self, index: u32, id: TypeId, value: &Value) -> Vec<Constant> {
        let (mut words, mut containers) = (Vec::new(), Vec::new());
        self.layouts
            .flatten(self.code.types(), id, value, &mut words, &mut containers);
        let words = words.into_iter().map(Constant::Word);
        let handles = containers.into_iter().zip(0..).map(|(container, number)| {
            container.map_or(Constant::Nothing, |_| Constant::Pool(index, number))
        });
        words.chain(handles).collect()
    }

    fn tuple(&mut self, product: TypeId) -> Result<(), OverBudget> {
        let arity = match self.code.types().get(product) {
            Type::Product(parts) => parts.len(),
            _ => unreachable!("verified: a tuple is a product"),
        };
        let mut parts = Vec::with_capacity(arity);
        if arity > 0 {
            let stack = &mut self.frame().stack;
            parts = stack.split_off(stack.len() + 1 - arity);
            parts.push(self.register.clone());
        }
        self.register = self.product(product, &parts)?;
        Ok(())
    }

    /// The product of symbols, as type `id`.
    pub(super) fn product(&mut self, id: TypeId, parts: &[Symbol]) -> Result<Symbol, OverBudget> {
        self.spend(self.layouts.of(id).slots() + parts.len())?;
        let words = parts.iter().flat_map(|part| part.words.slots()).copied();
        let handles = parts.iter().flat_map(|part| part.handles.slots()).copied();
        Ok(Symbol {
            id,
            words: words.collect(),
            handles: handles.collect(),
        })
    }

    fn projected(&self, product: &Symbol, part: usize) -> Symbol {
        let id = match self.code.types().get(product.id) {
            Type::Product(parts) => parts[part],
            _ => unreachable!("verified: a projection has a product"),
        };
        let (words, handles) = self.layouts.of(product.id).parts[part];
        let layout = self.layouts.of(id);
        Symbol {
            id,
            words: product.words.part(words, layout.words),
            handles: product.handles.part(handles, layout.handles),
        }
    }

    fn with(&mut self, part: usize) -> Result<(), OverBudget> {
        let product = self.pop();
        let layouts = self.layouts;
        self.spend(layouts.of(product.id).slots())?;
        let (words, handles) = layouts.of(product.id).parts[part];
        let new = &self.register;
        self.register = Symbol {
            id: product.id,
            words: replaced(&product.words, words, &new.words),
            handles: replaced(&product.handles, handles, &new.handles),
        };
        Ok(())
    }

    /// Constructor `constructor` of `sum`, its payload at the start of the room and zero behind it.
    pub(super) fn injected(
        &mut self,
        sum: TypeId,
        constructor: usize,
        payload: &Symbol,
    ) -> Result<Symbol, OverBudget> {
        let layouts = self.layouts;
        let layout = layouts.of(sum);
        self.spend(layout.slots())?;
        let tag = self.word(i64::try_from(constructor).map_err(|_| OverBudget)?)?;
        let zero = self.word(0)?;
        let nothing = self.constant(Constant::Nothing)?;
        let padding = |name, length| std::iter::repeat_n(Slot::Name(name), length);
        let (words, handles) = (payload.words.slots(), payload.handles.slots());
        let room = std::iter::once(Slot::Name(tag)).chain(words.iter().copied());
        Ok(Symbol {
            id: sum,
            words: room
                .chain(padding(zero, layout.words - 1 - words.len()))
                .collect(),
            handles: handles
                .iter()
                .copied()
                .chain(padding(nothing, layout.handles - handles.len()))
                .collect(),
        })
    }

    fn arithmetic(&mut self, binary: Binary, result: TypeId) -> Result<(), OverBudget> {
        let left = self.pop().word();
        let to = self.binary(binary, left, self.register.word())?;
        self.register = self.symbol(result, &[to]);
        Ok(())
    }

    /// An instruction of the runtime library, or what it comes to on words.
    fn library(&mut self, instruction: Instruction) -> Result<(), OverBudget> {
        let operands = match operands(instruction) {
            0 => Vec::new(),
            count => {
                let stack = &mut self.frame().stack;
                let mut operands = stack.split_off(stack.len() + 1 - count);
                operands.push(self.register.clone());
                operands
            }
        };
        if let [left, right] = &operands[..]
            && let Some(symbol) = self.compared(instruction, left, right)?
        {
            self.register = symbol;
            return Ok(());
        }
        let result = self.result(instruction, &operands);
        self.register = self.runtime(instruction, &operands, result)?;
        Ok(())
    }

    /// Calls the runtime library.
    pub(super) fn runtime(
        &mut self,
        instruction: Instruction,
        operands: &[Symbol],
        result: TypeId,
    ) -> Result<Symbol, OverBudget> {
        let to = self.fresh(result)?;
        let mut given = Vec::with_capacity(operands.len());
        for operand in operands {
            given.push(self.operand(operand)?);
        }
        self.emit(Operation::Runtime {
            instruction,
            operands: given.into(),
            result,
            to: to.clone().into(),
        });
        Ok(self.symbol(result, &to))
    }

    pub(super) fn operand(&mut self, symbol: &Symbol) -> Result<Operand, OverBudget> {
        self.spend(self.layouts.of(symbol.id).slots() + 1)?;
        Ok(Operand {
            id: symbol.id,
            slots: symbol.names().map(used).collect(),
        })
    }

    /// A comparison of values that are words and weigh the same: the words are compared, and the fuel for
    /// their weight is known now.
    fn compared(
        &mut self,
        instruction: Instruction,
        left: &Symbol,
        right: &Symbol,
    ) -> Result<Option<Symbol>, OverBudget> {
        let layouts = self.layouts;
        let layout = layouts.of(left.id);
        let small = layout.handles == 0 && (1..=COMPARED_WORDS_MAX).contains(&layout.words);
        let Some(weight) = layout.fixed_weight.filter(|_| small) else {
            return Ok(None);
        };
        let symbol = match instruction {
            Instruction::Equal() => {
                self.charge(weight / WEIGHT_PER_FUEL);
                let pairs: Vec<(Name, Name)> = left.names().zip(right.names()).collect();
                let mut equal = None;
                for (left, right) in pairs {
                    let own = self.binary(Binary::Equal, left, right)?;
                    equal = Some(match equal {
                        None => own,
                        Some(before) => self.binary(Binary::And, before, own)?,
                    });
                }
                let equal = equal.expect("at least one word");
                self.symbol(BOOL, &[equal])
            }
            Instruction::Compare() if layout.words == 1 => {
                self.charge(weight / WEIGHT_PER_FUEL);
                let to = self.binary(Binary::Compare, left.word(), right.word())?;
                self.symbol(ORDERING, &[to])
            }
            _ => return Ok(None),
        };
        Ok(Some(symbol))
    }

    pub(super) fn charge(&mut self, cost: u64) {
        if cost > 0 {
            self.emit(Operation::Charge { cost });
        }
    }

    /// The type of what an instruction of the library leaves in the register.
    fn result(&self, instruction: Instruction, operands: &[Symbol]) -> TypeId {
        use Instruction as I;
        match instruction {
            I::Equal() => BOOL,
            I::Compare() => ORDERING,
            I::MultiplyDivide()
            | I::TextLength()
            | I::BytesLength()
            | I::ListLength()
            | I::MapLength() => INT,
            I::TextConcat() | I::TextOfInt() | I::TextJoin() => TEXT,
            I::BytesOfText() | I::BytesConcat() | I::Encode() | I::Hash() => BYTES,
            I::ListPush() | I::ListConcat() | I::ListSlice() | I::MapPut() | I::MapDelete() => {
                operands[0].id
            }
            _ => {
                let named = instruction.named_type();
                named.expect("every other instruction of the library names its result")
            }
        }
    }
}

/// How many operands an instruction of the library takes.
fn operands(instruction: Instruction) -> usize {
    match instruction {
        Instruction::ListEmpty(_) | Instruction::MapEmpty(_) => 0,
        _ => {
            let growth = instruction.row().growth;
            let growth = growth.expect("an instruction of the library takes a fixed number");
            usize::try_from(1 - growth).expect("it takes as many as it leaves, or more")
        }
    }
}

/// The instructions that are one operation on two words, with the type of the result.
fn two_words(instruction: Instruction) -> Option<(Binary, TypeId)> {
    use Instruction as I;
    Some(match instruction {
        I::Add() => (Binary::Add, INT),
        I::Subtract() => (Binary::Subtract, INT),
        I::Multiply() => (Binary::Multiply, INT),
        I::Divide() => (Binary::Divide, INT),
        I::Remainder() => (Binary::Remainder, INT),
        I::AddWrapping() => (Binary::AddWrapping, INT),
        I::SubtractWrapping() => (Binary::SubtractWrapping, INT),
        I::MultiplyWrapping() => (Binary::MultiplyWrapping, INT),
        I::And() => (Binary::And, INT),
        I::Or() => (Binary::Or, INT),
        I::Xor() => (Binary::Xor, INT),
        I::ShiftLeft() => (Binary::ShiftLeft, INT),
        I::ShiftRight() => (Binary::ShiftRight, INT),
        I::ShiftRightUnsigned() => (Binary::ShiftRightUnsigned, INT),
        I::Less() => (Binary::Less, BOOL),
        I::LessOrEqual() => (Binary::LessOrEqual, BOOL),
        _ => return None,
    })
}

/// `whole` with the slots from `start` on replaced by those of `part`.
fn replaced(whole: &Run, start: usize, part: &Run) -> Run {
    let (before, after) = whole.slots().split_at(start);
    let after = &after[part.slots().len()..];
    let all = before.iter().chain(part.slots()).chain(after);
    all.copied().collect()
}
