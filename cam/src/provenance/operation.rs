//! Operations on values: what their results are made of.
//!
//! Those on containers are told apart, so that a record in a list keeps its fields apart. Every other result is
//! made of all operands.

use std::rc::Rc;

use crate::instruction::Instruction;
use crate::provenance::TooMuch;
use crate::provenance::flow::{Flow, Frame};
use crate::provenance::join::Subject;
use crate::provenance::origin::{Origin, Spine};
use crate::provenance::sources::Reach;

impl<'a> Flow<'a> {
    pub(super) fn operation(
        &mut self,
        instruction: Instruction,
        frame: &mut Frame<'a>,
    ) -> Result<Origin, TooMuch> {
        use Instruction as I;
        let register = Rc::clone(&frame.register);
        match instruction {
            I::ListEmpty(_) => {
                let item = self.nothing()?;
                self.list(Spine::Made(Reach::default()), item)
            }
            I::MapEmpty(_) => {
                let (key, value) = (self.nothing()?, self.nothing()?);
                self.map(Spine::Made(Reach::default()), key, value)
            }
            I::ListLength() | I::MapLength() => {
                let reach = self.walked(&register)?;
                self.made(reach)
            }
            I::ListPush() | I::ListConcat() | I::ListSlice() | I::ListGet(_) | I::ListSet(_) => {
                self.of_list(instruction, frame, &register)
            }
            I::MapGet(_) | I::MapPut() | I::MapDelete() | I::MapNext(_) => {
                self.of_map(instruction, frame, &register)
            }
            _ => {
                let mut reach = register.reach.clone();
                for _ in 0..operands_on_stack(instruction) {
                    let operand = frame.pop();
                    self.spend(1 + operand.reach.size())?;
                    reach = reach.and(&operand.reach);
                }
                self.made(reach)
            }
        }
    }

    fn of_list(
        &mut self,
        instruction: Instruction,
        frame: &mut Frame<'a>,
        register: &Origin,
    ) -> Result<Origin, TooMuch> {
        use Instruction as I;
        match instruction {
            I::ListPush() => {
                let list = frame.pop();
                let spine = self.walked(&list)?;
                let item = self.item(&list)?;
                let item = self.either(&item, register)?;
                self.list(Spine::Made(spine), item)
            }
            I::ListConcat() => {
                let first = frame.pop();
                let spine = self.walked(&first)?.and(&self.walked(register)?);
                let (one, other) = (self.item(&first)?, self.item(register)?);
                let item = self.either(&one, &other)?;
                self.list(Spine::Made(spine), item)
            }
            I::ListSlice() => {
                let (from, list) = (frame.pop(), frame.pop());
                let spine = self.walked(&list)?.and(&from.reach).and(&register.reach);
                let item = self.item(&list)?;
                let item = self.worn(&item, &Reach::default())?;
                self.list(Spine::Made(spine), item)
            }
            I::ListGet(_) => {
                let list = frame.pop();
                let reach = self.walked(&list)?.and(&register.reach);
                let item = self.item(&list)?;
                let item = self.worn(&item, &reach)?;
                self.option(reach, item)
            }
            _ => {
                let (index, list) = (frame.pop(), frame.pop());
                let spine = self.walked(&list)?.and(&index.reach);
                let item = self.item(&list)?;
                let item = self.either(&item, register)?;
                let list = self.list(Spine::Made(spine.clone()), item)?;
                self.option(spine, list)
            }
        }
    }

    fn of_map(
        &mut self,
        instruction: Instruction,
        frame: &mut Frame<'a>,
        register: &Origin,
    ) -> Result<Origin, TooMuch> {
        use Instruction as I;
        if let I::MapPut() = instruction {
            let (key, map) = (frame.pop(), frame.pop());
            let spine = self.walked(&map)?.and(&key.reach);
            let (keys, values) = (self.key(&map)?, self.item(&map)?);
            let keys = self.either(&keys, &key)?;
            let values = self.either(&values, register)?;
            return self.map(Spine::Made(spine), keys, values);
        }
        let map = frame.pop();
        let reach = self.walked(&map)?.and(&register.reach);
        let (key, value) = (self.key(&map)?, self.item(&map)?);
        match instruction {
            I::MapGet(_) => {
                let value = self.worn(&value, &reach)?;
                self.option(reach, value)
            }
            I::MapNext(_) => {
                let (key, value) = (self.worn(&key, &reach)?, self.worn(&value, &reach)?);
                let entry = self.product(vec![key, value])?;
                self.option(reach, entry)
            }
            _ => {
                let none = Reach::default();
                let (key, value) = (self.worn(&key, &none)?, self.worn(&value, &none)?);
                self.map(Spine::Made(reach), key, value)
            }
        }
    }

    /// One of two that stand side by side in a container. Which one stands where is the container's to know.
    fn either(&mut self, one: &Origin, other: &Origin) -> Result<Origin, TooMuch> {
        let none = Reach::default();
        let (one, other) = (self.worn(one, &none)?, self.worn(other, &none)?);
        self.join(&[(0, one), (1, other)], &Subject::rounds(none))
    }
}

/// How many operands an operation takes beside the register.
fn operands_on_stack(instruction: Instruction) -> usize {
    let growth = instruction.row().growth.unwrap_or(0);
    usize::try_from(growth.unsigned_abs()).unwrap_or(0)
}
