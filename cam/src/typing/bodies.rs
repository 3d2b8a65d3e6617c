//! The rules of what names a function: calls, rounds over lists and maps, loops, closures.

use super::{Checker, wrong_form};
use crate::combinator::FunctionId;
use crate::instruction::Instruction;
use crate::invalid::InvalidReason;
use crate::limits::CALL_HEIGHT_MAX;
use crate::types::{BOOL, INT, Type, TypeId};

/// What a round sees of a container.
#[derive(Clone, Copy)]
enum Entry {
    Item(TypeId),
    Pair(TypeId, TypeId),
}

impl Checker<'_> {
    /// The rule of an instruction that names a function.
    pub(super) fn with_body(&mut self, instruction: Instruction) -> Result<(), InvalidReason> {
        if let Some(id) = instruction.named_type() {
            self.named(id)?;
        }
        match instruction {
            Instruction::Call(callee) => self.call(callee),
            Instruction::Curry(body, closure) => self.curry(body, closure),
            Instruction::Loop(body, sum) => self.repeat(body, sum),
            Instruction::ListFold(body) => {
                let item = self.item(self.register)?;
                self.fold(body, Entry::Item(item))
            }
            Instruction::MapFold(body) => {
                let (key, value) = self.entry_types(self.register)?;
                self.fold(body, Entry::Pair(key, value))
            }
            Instruction::ListMap(body, list) => {
                let item = self.item(self.register)?;
                let made = self.each(body, Entry::Item(item))?;
                self.expect(self.item(list)?, made)?;
                self.register = list;
                Ok(())
            }
            Instruction::MapMap(body, map) => self.map_map(body, map),
            Instruction::MapFilter(body) => {
                let (key, value) = self.entry_types(self.register)?;
                let wanted = self.each(body, Entry::Pair(key, value))?;
                self.expect(BOOL, wanted)
            }
            _ => unreachable!("all others name no function"),
        }
    }

    fn fold(&mut self, body: FunctionId, entry: Entry) -> Result<(), InvalidReason> {
        let (accumulator, environment) = (self.pop()?, self.pop()?);
        self.expect_data(accumulator, "an accumulator")?;
        let (domain, codomain) = self.called(body)?;
        let needs = "fold body's argument";
        match entry {
            Entry::Item(item) => {
                self.expect_product(domain, &[environment, accumulator, item], needs)?;
            }
            Entry::Pair(key, value) => {
                self.expect_product(domain, &[environment, accumulator, key, value], needs)?;
            }
        }
        self.expect(accumulator, codomain)?;
        self.register = accumulator;
        Ok(())
    }

    fn map_map(&mut self, body: FunctionId, map: TypeId) -> Result<(), InvalidReason> {
        let (key, value) = self.entry_types(self.register)?;
        let made = self.each(body, Entry::Pair(key, value))?;
        let (map_key, map_value) = self.entry_types(map)?;
        self.expect(key, map_key)?;
        self.expect(map_value, made)?;
        self.register = map;
        Ok(())
    }

    /// A body that is run on each entry alone. Gives what a round ends with.
    fn each(&mut self, body: FunctionId, entry: Entry) -> Result<TypeId, InvalidReason> {
        let environment = self.pop()?;
        let (domain, codomain) = self.called(body)?;
        let needs = "body's argument of environment and entry";
        match entry {
            Entry::Item(item) => self.expect_product(domain, &[environment, item], needs)?,
            Entry::Pair(key, value) => {
                self.expect_product(domain, &[environment, key, value], needs)?;
            }
        }
        Ok(codomain)
    }

    /// What is passed from round to round is a part of a sum, and so it is data.
    fn repeat(&mut self, body: FunctionId, sum: TypeId) -> Result<(), InvalidReason> {
        self.expect(INT, self.register)?;
        let (element, environment) = (self.pop()?, self.pop()?);
        let (domain, codomain) = self.called(body)?;
        let needs = "loop body's argument";
        self.expect_product(domain, &[environment, element, INT], needs)?;
        let needs = "sum of what goes on and what stops a loop";
        let stop = self.payload(sum, 1).map_err(|_| wrong_form(needs, sum))?;
        self.expect_sum(sum, [element, stop], needs)?;
        self.expect(sum, codomain)?;
        self.register = sum;
        Ok(())
    }

    fn call(&mut self, callee: FunctionId) -> Result<(), InvalidReason> {
        let (domain, codomain) = self.called(callee)?;
        self.expect(domain, self.register)?;
        self.register = codomain;
        Ok(())
    }

    /// A closure's body is not called here, so its cost is not counted here.
    fn curry(&mut self, body: FunctionId, closure: TypeId) -> Result<(), InvalidReason> {
        let (domain, codomain) = self.callee(body)?;
        let Type::Function(from, to) = *self.types().get(closure) else {
            return Err(wrong_form("function", closure));
        };
        let needs = "product of environment and argument";
        self.expect_product(domain, &[self.register, from], needs)?;
        self.expect(to, codomain)?;
        self.register = closure;
        Ok(())
    }

    pub(super) fn apply(&mut self) -> Result<(), InvalidReason> {
        let function = self.pop()?;
        let Type::Function(from, to) = *self.types().get(function) else {
            return Err(wrong_form("function", function));
        };
        self.expect(from, self.register)?;
        self.register = to;
        Ok(())
    }

    /// A function that is called here, once or in rounds.
    fn called(&mut self, callee: FunctionId) -> Result<(TypeId, TypeId), InvalidReason> {
        let types = self.callee(callee)?;
        let cost = self.earlier[callee.index()].cost;
        self.cost = self.cost.saturating_add(cost);
        Ok(types)
    }

    fn callee(&mut self, callee: FunctionId) -> Result<(TypeId, TypeId), InvalidReason> {
        let proved = self.earlier.get(callee.index());
        let proved = proved.ok_or(InvalidReason::ForwardCall(callee))?;
        let height = proved.height + 1;
        if height > CALL_HEIGHT_MAX {
            return Err(InvalidReason::CallTooHigh);
        }
        self.certificate.height = self.certificate.height.max(height);
        self.certificate.may_fail |= proved.may_fail;
        self.certificate.loops |= proved.loops;
        self.certificate.sized |= proved.sized;
        self.uses.function_used(callee);
        let body = &self.bytecode.functions[callee.index()];
        Ok((body.domain, body.codomain))
    }
}
