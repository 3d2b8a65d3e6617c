//! The typing rules of operations: what a straight line computes from values.
//!
//! Types are looked up and compared by number; no type is built and nothing is allocated.

use super::{Checker, wrong_form};
use crate::instruction::Instruction;
use crate::invalid::InvalidReason;
use crate::types::{BOOL, BYTES, INT, ORDERING, TEXT, Type, TypeId, UNIT};

/// Items that are weighed when two lists are joined: those of two leaves that become one or two others.
const WEIGHED_BY_JOIN: u64 = 16;
/// Items that are weighed when a part is cut out of a list: at both ends a leaf is cut, and joined.
const WEIGHED_BY_CUT: u64 = 72;

impl Checker<'_> {
    /// The rule of an instruction that computes on values.
    pub(super) fn operation(&mut self, instruction: Instruction) -> Result<(), InvalidReason> {
        if let Some(id) = instruction.named_type() {
            self.named(id)?;
        }
        use Instruction as I;
        match instruction {
            I::Add()
            | I::Subtract()
            | I::Multiply()
            | I::Divide()
            | I::Remainder()
            | I::AddWrapping()
            | I::SubtractWrapping()
            | I::MultiplyWrapping()
            | I::And()
            | I::Or()
            | I::Xor()
            | I::ShiftLeft()
            | I::ShiftRight()
            | I::ShiftRightUnsigned() => self.two(INT, INT),
            I::MultiplyDivide() => self.takes(&[INT, INT, INT], INT),
            I::Less() | I::LessOrEqual() => self.two(INT, BOOL),
            I::Equal() => self.compare(BOOL),
            I::Compare() if self.types().is_key(self.register) => self.compare(ORDERING),
            I::Compare() => Err(wrong_form("key", self.register)),
            I::ListEmpty(list) => self.empty_list(list),
            I::ListPush() => self.list_push(),
            I::ListLength() => self.list_length(),
            I::ListGet(option) => self.list_get(option),
            I::ListSet(option) => self.list_set(option),
            I::ListConcat() => self.list_concat(),
            I::ListSlice() => self.list_slice(),
            I::MapEmpty(map) => self.empty_map(map),
            I::MapLength() => self.map_length(),
            I::MapGet(option) => self.map_get(option),
            I::MapNext(option) => self.map_next(option),
            I::MapPut() => self.map_put(),
            I::MapDelete() => self.map_delete(),
            _ => self.of_text_or_bytes(instruction),
        }
    }

    fn of_text_or_bytes(&mut self, instruction: Instruction) -> Result<(), InvalidReason> {
        use Instruction as I;
        match instruction {
            I::TextConcat() => self.two(TEXT, TEXT),
            I::TextLength() => self.takes(&[TEXT], INT),
            I::TextSlice(option) => self.may(&[INT, INT, TEXT], option, TEXT),
            I::TextFind(option) => self.may(&[INT, TEXT, TEXT], option, INT),
            I::TextOfInt() => self.takes(&[INT], TEXT),
            I::IntOfText(option) => self.may(&[TEXT], option, INT),
            I::BytesOfText() => self.takes(&[TEXT], BYTES),
            I::TextOfBytes(option) => self.may(&[BYTES], option, TEXT),
            I::BytesConcat() => self.two(BYTES, BYTES),
            I::BytesLength() => self.takes(&[BYTES], INT),
            I::BytesGet(option) => self.may(&[INT, BYTES], option, INT),
            I::BytesSlice(option) => self.may(&[INT, INT, BYTES], option, BYTES),
            I::Encode() => {
                self.data(self.register)?;
                self.charge_weighing(self.register);
                self.register = BYTES;
                Ok(())
            }
            I::Decode(option) => {
                let content = self.payload(option, 1);
                let content = content.map_err(|_| wrong_form("option of the result", option))?;
                self.may(&[BYTES], option, content)
            }
            I::Hash() => self.takes(&[BYTES], BYTES),
            I::TextSplit(list) => {
                self.two(TEXT, list)?;
                self.expect(TEXT, self.item(list)?)
            }
            I::TextJoin() => {
                let list = self.pop()?;
                self.expect(TEXT, self.item(list)?)?;
                self.takes(&[TEXT], TEXT)
            }
            I::ListOfText(list) => {
                self.takes(&[TEXT], list)?;
                self.expect(INT, self.item(list)?)
            }
            I::ListOfBytes(list) => {
                self.takes(&[BYTES], list)?;
                self.expect(INT, self.item(list)?)
            }
            I::TextOfList(option) => {
                self.expect(INT, self.item(self.register)?)?;
                self.answer(option, TEXT)
            }
            I::BytesOfList(option) => {
                self.expect(INT, self.item(self.register)?)?;
                self.answer(option, BYTES)
            }
            _ => unreachable!("what moves values and what chooses the next instruction is above"),
        }
    }

    fn empty_list(&mut self, list: TypeId) -> Result<(), InvalidReason> {
        self.item(list)?;
        self.register = list;
        Ok(())
    }

    fn list_push(&mut self) -> Result<(), InvalidReason> {
        let list = self.pop()?;
        self.expect(self.item(list)?, self.register)?;
        self.charge_weighing(self.register);
        self.register = list;
        Ok(())
    }

    fn list_length(&mut self) -> Result<(), InvalidReason> {
        self.item(self.register)?;
        self.register = INT;
        Ok(())
    }

    fn list_get(&mut self, option: TypeId) -> Result<(), InvalidReason> {
        self.expect(INT, self.register)?;
        let list = self.pop()?;
        self.answer(option, self.item(list)?)
    }

    /// The new item and the old one are weighed.
    fn list_set(&mut self, option: TypeId) -> Result<(), InvalidReason> {
        let (index, list) = (self.pop()?, self.pop()?);
        let item = self.item(list)?;
        self.expect(item, self.register)?;
        self.expect(INT, index)?;
        self.charge_weighing_many(item, 2);
        self.answer(option, list)
    }

    fn list_concat(&mut self) -> Result<(), InvalidReason> {
        let item = self.item(self.register)?;
        self.charge_weighing_many(item, WEIGHED_BY_JOIN);
        self.two(self.register, self.register)
    }

    fn list_slice(&mut self) -> Result<(), InvalidReason> {
        self.expect(INT, self.register)?;
        let (offset, list) = (self.pop()?, self.pop()?);
        self.expect(INT, offset)?;
        self.charge_weighing_many(self.item(list)?, WEIGHED_BY_CUT);
        self.register = list;
        Ok(())
    }

    fn empty_map(&mut self, map: TypeId) -> Result<(), InvalidReason> {
        self.entry_types(map)?;
        self.register = map;
        Ok(())
    }

    fn map_length(&mut self) -> Result<(), InvalidReason> {
        self.entry_types(self.register)?;
        self.register = INT;
        Ok(())
    }

    fn map_get(&mut self, option: TypeId) -> Result<(), InvalidReason> {
        let map = self.pop()?;
        let (key, value) = self.entry_types(map)?;
        self.expect(key, self.register)?;
        self.answer(option, value)
    }

    fn map_next(&mut self, option: TypeId) -> Result<(), InvalidReason> {
        let map = self.pop()?;
        let (key, value) = self.entry_types(map)?;
        self.expect_sum(self.register, [UNIT, key], "option of the map's keys")?;
        let needs = "option of the map's entries";
        let entry = self
            .payload(option, 1)
            .map_err(|_| wrong_form(needs, option))?;
        self.expect_product(entry, &[key, value], needs)?;
        self.answer(option, entry)
    }

    fn map_put(&mut self) -> Result<(), InvalidReason> {
        let (key, map) = (self.pop()?, self.pop()?);
        let (map_key, value) = self.entry_types(map)?;
        self.expect(map_key, key)?;
        self.expect(value, self.register)?;
        self.charge_weighing(key);
        self.charge_weighing(value);
        self.register = map;
        Ok(())
    }

    fn map_delete(&mut self) -> Result<(), InvalidReason> {
        let map = self.pop()?;
        let (key, _) = self.entry_types(map)?;
        self.expect(key, self.register)?;
        self.register = map;
        Ok(())
    }

    fn compare(&mut self, result: TypeId) -> Result<(), InvalidReason> {
        self.data(self.register)?;
        self.charge_weighing(self.register);
        self.two(self.register, result)
    }

    fn data(&self, id: TypeId) -> Result<(), InvalidReason> {
        if self.types().is_data(id) {
            Ok(())
        } else {
            Err(wrong_form("type of data", id))
        }
    }

    fn two(&mut self, operand: TypeId, result: TypeId) -> Result<(), InvalidReason> {
        self.expect(operand, self.register)?;
        let left = self.pop()?;
        self.expect(operand, left)?;
        self.register = result;
        Ok(())
    }

    /// Operands from the last, which is in the register, to the first, and the result.
    fn takes(&mut self, operands: &[TypeId], result: TypeId) -> Result<(), InvalidReason> {
        if let [last, before @ ..] = operands {
            self.expect(*last, self.register)?;
            for operand in before {
                let found = self.pop()?;
                self.expect(*operand, found)?;
            }
        }
        self.register = result;
        Ok(())
    }

    /// As `takes`, where there may be no result.
    fn may(
        &mut self,
        operands: &[TypeId],
        option: TypeId,
        content: TypeId,
    ) -> Result<(), InvalidReason> {
        self.takes(operands, option)?;
        self.answer(option, content)
    }

    /// The result, which has to be an option of `content`.
    fn answer(&mut self, option: TypeId, content: TypeId) -> Result<(), InvalidReason> {
        match self.types().get(option) {
            Type::Sum(payloads) if **payloads == [UNIT, content] => {
                self.register = option;
                Ok(())
            }
            _ => Err(wrong_form("option of the result", option)),
        }
    }
}
