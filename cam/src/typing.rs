//! The typing rules: one forward pass over one function.
//!
//! The checker holds the register's type, the types on the function's own stack and the open cases.
//! Inside an arm nothing below the case's entry height can be popped (WebAssembly's rule), but `acc`
//! can read it: that is how an arm sees outer variables.

mod bodies;
mod operations;
mod stack;

use crate::bytecode::{Body, Bytecode};
use crate::instruction::{Instruction, Manner, TOTAL};
use crate::invalid::InvalidReason;
use crate::limits::CASE_DEPTH_MAX;
use crate::types::{INT, Type, TypeId, TypeTable, UNIT};
use crate::uses::Uses;
use stack::Stack;

/// What the verifier proved of one function.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Certificate {
    /// Values on the function's own stack, at most.
    pub stack: u32,
    /// Functions on the longest call path that starts here.
    pub height: u32,
    /// Fuel of one run at most, not counting rounds, the functions of closures, and the sizes of operands.
    pub cost: u64,
    /// Whether it may trap by what it does: arithmetic, `abort`. What it is handed to run is not counted,
    /// closures that it makes are; so it is exact where no function comes from outside, as for exports.
    pub may_fail: bool,
    /// Whether it has rounds or applies closures, so that `cost` is not all.
    pub loops: bool,
    /// Whether the sizes of operands are charged, so that `cost` is not all.
    pub sized: bool,
}

impl Certificate {
    fn add(&mut self, manner: Manner) {
        self.may_fail |= manner.traps;
        self.loops |= manner.loops;
        self.sized |= manner.sized;
    }
}

/// Parts of a product that a `with` copies for a unit of fuel. A tuple pays twice that for each part,
/// in pushes; a `with` that cost the same for all products would make 6 KiB for 2 units.
const PARTS_PER_FUEL: u64 = 2;

/// Slots of a value that are weighed for a unit of fuel.
const SLOTS_PER_FUEL: u64 = 8;

/// Which function was refused, at which instruction, and why.
pub(crate) struct Refusal {
    pub(crate) function: usize,
    pub(crate) instruction: usize,
    pub(crate) reason: InvalidReason,
}

/// Checks all functions, each given the certificates of those before it.
pub(crate) fn functions(bytecode: &Bytecode, uses: &mut Uses) -> Result<Vec<Certificate>, Refusal> {
    let mut checker = Checker {
        bytecode,
        earlier: Vec::with_capacity(bytecode.functions.len()),
        uses,
        register: UNIT,
        stack: Stack::new(),
        cases: Vec::new(),
        cost: 0,
        certificate: Certificate::default(),
    };
    for (function, body) in bytecode.functions.iter().enumerate() {
        let checked = checker.function(body);
        let certificate = checked.map_err(|(instruction, reason)| Refusal {
            function,
            instruction,
            reason,
        })?;
        checker.earlier.push(certificate);
    }
    Ok(checker.earlier)
}

/// A case whose arms are being checked. Inside an arm the stack's floor is its height at entry.
struct OpenCase<'a> {
    /// The floor outside.
    floor_before: usize,
    /// What the arms that are still to come start with.
    payloads: &'a [TypeId],
    /// How the first arm ended.
    result: Option<TypeId>,
    /// Cost up to the case, and of its dearest arm.
    cost_before: u64,
    cost_dearest: u64,
}

impl OpenCase<'_> {
    /// The whole join rule: every arm ends at the entry height with the first arm's type.
    #[inline]
    fn close_arm(
        &mut self,
        types: &TypeTable,
        register: TypeId,
        stack: &Stack,
        cost: u64,
    ) -> Result<(), InvalidReason> {
        stack.left()?;
        if self.result.is_none() && !types.is_data(register) {
            let place = "the result of a case";
            let found = register;
            return Err(InvalidReason::FunctionNotAllowed { place, found });
        }
        let first = *self.result.get_or_insert(register);
        if first != register {
            return Err(InvalidReason::ArmsDiffer {
                first,
                found: register,
            });
        }
        self.cost_dearest = self.cost_dearest.max(cost);
        Ok(())
    }
}

struct Checker<'a> {
    bytecode: &'a Bytecode,
    earlier: Vec<Certificate>,
    uses: &'a mut Uses,
    register: TypeId,
    stack: Stack,
    cases: Vec<OpenCase<'a>>,
    cost: u64,
    certificate: Certificate,
}

impl<'a> Checker<'a> {
    fn function(&mut self, body: &Body) -> Result<Certificate, (usize, InvalidReason)> {
        self.uses.type_used(body.domain);
        self.uses.type_used(body.codomain);
        self.register = body.domain;
        self.stack.clear();
        self.cases.clear();
        self.cost = 0;
        self.certificate = Certificate {
            height: 1,
            ..Certificate::default()
        };
        self.body(body)?;
        self.certificate.stack = count(self.stack.highest());
        self.certificate.cost = self.cost;
        Ok(self.certificate)
    }

    /// What is charged is looked up by opcode, before the instruction is taken apart. Between that and its
    /// rule there is nothing, so both are one jump.
    fn body(&mut self, body: &Body) -> Result<(), (usize, InvalidReason)> {
        // Since the last bracket: too few instructions to overflow, so it is added up apart.
        let mut straight = 0;
        // Not `enumerate`: its call stays a call, and every instruction would go through memory.
        let (mut at, mut code) = (0, body.code.iter());
        while let Some(charge) = code.charge() {
            straight += u64::from(charge.cost);
            if charge.manner != TOTAL {
                self.certificate.add(charge.manner);
            }
            #[cfg(debug_assertions)]
            let (before, row) = (
                self.stack.height(),
                code.clone().next().map(Instruction::row),
            );
            let Some(instruction) = code.next() else {
                break;
            };
            match self.instruction(instruction, &mut straight) {
                Ok(false) => {}
                Ok(true) => return self.end_of_body(body, at),
                Err(reason) => return Err((at, reason)),
            }
            #[cfg(debug_assertions)]
            debug_assert!(
                row.and_then(|row| row.growth).is_none_or(|growth| {
                    let grown = i64::try_from(before)
                        .ok()
                        .map(|before| before + i64::from(growth));
                    i64::try_from(self.stack.height()).ok() == grown
                }),
                "the table's growth of {instruction:?} is what the rule does"
            );
            at += 1;
        }
        Err((body.code.len(), InvalidReason::NoEnd))
    }

    fn end_of_body(&mut self, body: &Body, at: usize) -> Result<(), (usize, InvalidReason)> {
        let place = |reason| (at, reason);
        self.expect(body.codomain, self.register).map_err(place)?;
        self.stack.left().map_err(place)?;
        if at + 1 != body.code.len() {
            return Err((at + 1, InvalidReason::CodeAfterEnd));
        }
        Ok(())
    }

    /// Checks one instruction. Says whether it was the end of the body.
    #[inline(always)] // into the loop, so that an instruction stays in registers
    fn instruction(
        &mut self,
        instruction: Instruction,
        straight: &mut u64,
    ) -> Result<bool, InvalidReason> {
        use Instruction as I;
        match instruction {
            I::Push() => self.stack.push(self.register)?,
            I::Swap() => self.register = self.stack.swap(self.register)?,
            I::Pop() => self.register = self.stack.pop()?,
            I::Drop(0) => return Err(InvalidReason::DropNothing),
            I::Drop(count) => self.stack.drop(count as usize)?,
            I::Acc(index) => self.register = self.stack.entry(index)?,
            I::Int(_) => self.register = INT,
            I::Quote(index) => self.quote(index)?,
            I::Tuple(product) => self.tuple(product)?,
            I::Project(part) => self.register = self.part(self.register, part)?,
            I::With(part) => self.with(part)?,
            I::Inject(sum, constructor) => self.inject(sum, constructor)?,
            I::Case() => self.case(std::mem::take(straight))?,
            I::Else() => self.next_arm(std::mem::take(straight))?,
            I::End() => return self.end(std::mem::take(straight)),
            I::Apply() => self.apply()?,
            I::Abort(result) => self.abort(result)?,
            I::Call(_)
            | I::Curry(..)
            | I::ListMap(..)
            | I::ListFold(_)
            | I::MapMap(..)
            | I::MapFilter(_)
            | I::MapFold(_)
            | I::Loop(..) => self.with_body(instruction)?,
            _ => self.operation(instruction)?,
        }
        Ok(false)
    }

    /// A type that an instruction names.
    fn named(&mut self, id: TypeId) -> Result<(), InvalidReason> {
        let known = self.types().at(id.0);
        known.ok_or(InvalidReason::NoSuchType(id.0))?;
        self.uses.type_used(id);
        Ok(())
    }

    fn inject(&mut self, sum: TypeId, constructor: u32) -> Result<(), InvalidReason> {
        self.named(sum)?;
        self.expect(self.payload(sum, constructor)?, self.register)?;
        self.register = sum;
        Ok(())
    }

    fn abort(&mut self, result: TypeId) -> Result<(), InvalidReason> {
        self.named(result)?;
        self.expect(INT, self.register)?;
        self.expect_data(result, "the result of an abort")?;
        self.register = result;
        Ok(())
    }

    fn quote(&mut self, index: u32) -> Result<(), InvalidReason> {
        let constant = self.bytecode.pool.get(index as usize);
        let (id, _) = constant.ok_or(InvalidReason::NoSuchConstant(index))?;
        if *id == INT {
            return Err(InvalidReason::NeedlessConstant(index));
        }
        self.uses.constant_used(index);
        self.register = *id;
        Ok(())
    }

    fn tuple(&mut self, product: TypeId) -> Result<(), InvalidReason> {
        self.named(product)?;
        let bytecode = self.bytecode;
        let Type::Product(parts) = bytecode.types.get(product) else {
            return Err(wrong_form("product", product));
        };
        if let Some((last, before)) = parts.split_last() {
            self.expect(*last, self.register)?;
            // All at once, or one by one to the first that is another.
            let left = if self.stack.drop_all(before) {
                &[]
            } else {
                before
            };
            for part in left.iter().rev() {
                let found = self.pop()?;
                self.expect(*part, found)?;
            }
        }
        self.register = product;
        Ok(())
    }

    fn with(&mut self, part: u32) -> Result<(), InvalidReason> {
        let product = self.pop()?;
        self.expect(self.part(product, part)?, self.register)?;
        // All parts are copied for the sake of one.
        if let Type::Product(parts) = self.types().get(product) {
            let parts = parts.len() as u64;
            self.cost = self.cost.saturating_add(parts / PARTS_PER_FUEL);
        }
        self.register = product;
        Ok(())
    }

    fn case(&mut self, straight: u64) -> Result<(), InvalidReason> {
        let (sum, bytecode) = (self.register, self.bytecode);
        let Type::Sum(payloads) = bytecode.types.get(sum) else {
            return Err(wrong_form("sum", sum));
        };
        if self.cases.len() == CASE_DEPTH_MAX {
            return Err(InvalidReason::CaseTooDeep);
        }
        self.cases.push(OpenCase {
            floor_before: self.stack.raise_floor(),
            payloads: &payloads[1..],
            result: None,
            cost_before: self.cost.saturating_add(straight),
            cost_dearest: 0,
        });
        self.cost = self.cost.saturating_add(straight);
        self.register = payloads[0];
        Ok(())
    }

    #[inline]
    fn next_arm(&mut self, straight: u64) -> Result<(), InvalidReason> {
        let types = &self.bytecode.types;
        let case = self.cases.last_mut().ok_or(InvalidReason::StrayElse)?;
        let cost = self.cost.saturating_add(straight);
        case.close_arm(types, self.register, &self.stack, cost)?;
        let next = case.payloads.split_first();
        (self.register, case.payloads) = next
            .map(|(payload, others)| (*payload, others))
            .ok_or(InvalidReason::StrayElse)?;
        self.cost = case.cost_before;
        Ok(())
    }

    /// The end of a case, or of the body.
    #[inline]
    fn end(&mut self, straight: u64) -> Result<bool, InvalidReason> {
        self.cost = self.cost.saturating_add(straight);
        let Some(mut case) = self.cases.pop() else {
            return Ok(true);
        };
        let types = &self.bytecode.types;
        case.close_arm(types, self.register, &self.stack, self.cost)?;
        let missing = case.payloads.len();
        if missing > 0 {
            return Err(InvalidReason::MissingArms { missing });
        }
        self.stack.lower_floor(case.floor_before);
        self.cost = case.cost_dearest;
        Ok(false)
    }

    /// A value is weighed before it is compared or kept in a container, and that walks its slots.
    fn charge_weighing(&mut self, id: TypeId) {
        self.charge_weighing_many(id, 1);
    }

    fn charge_weighing_many(&mut self, id: TypeId, values: u64) {
        let slots = self.types().width(id).saturating_mul(values);
        self.cost = self.cost.saturating_add(slots / SLOTS_PER_FUEL);
    }

    fn pop(&mut self) -> Result<TypeId, InvalidReason> {
        self.stack.pop()
    }

    fn types(&self) -> &TypeTable {
        &self.bytecode.types
    }

    fn part(&self, product: TypeId, part: u32) -> Result<TypeId, InvalidReason> {
        match self.types().get(product) {
            Type::Product(parts) => {
                parts
                    .get(part as usize)
                    .copied()
                    .ok_or(InvalidReason::NoSuchPart {
                        part,
                        found: product,
                    })
            }
            _ => Err(wrong_form("product", product)),
        }
    }

    fn payload(&self, sum: TypeId, part: u32) -> Result<TypeId, InvalidReason> {
        match self.types().get(sum) {
            Type::Sum(payloads) => payloads
                .get(part as usize)
                .copied()
                .ok_or(InvalidReason::NoSuchPart { part, found: sum }),
            _ => Err(wrong_form("sum", sum)),
        }
    }

    fn item(&self, list: TypeId) -> Result<TypeId, InvalidReason> {
        match self.types().get(list) {
            Type::List(item) => Ok(*item),
            _ => Err(wrong_form("list", list)),
        }
    }

    fn entry_types(&self, map: TypeId) -> Result<(TypeId, TypeId), InvalidReason> {
        match self.types().get(map) {
            Type::Map(key, value) => Ok((*key, *value)),
            _ => Err(wrong_form("map", map)),
        }
    }

    fn expect(&self, expected: TypeId, found: TypeId) -> Result<(), InvalidReason> {
        if expected == found {
            Ok(())
        } else {
            Err(InvalidReason::Mismatch { expected, found })
        }
    }

    fn expect_data(&self, found: TypeId, place: &'static str) -> Result<(), InvalidReason> {
        if self.types().is_data(found) {
            Ok(())
        } else {
            Err(InvalidReason::FunctionNotAllowed { place, found })
        }
    }

    fn expect_product(
        &self,
        found: TypeId,
        parts: &[TypeId],
        needs: &'static str,
    ) -> Result<(), InvalidReason> {
        match self.types().get(found) {
            Type::Product(own) if **own == *parts => Ok(()),
            _ => Err(wrong_form(needs, found)),
        }
    }

    fn expect_sum(
        &self,
        found: TypeId,
        payloads: [TypeId; 2],
        needs: &'static str,
    ) -> Result<(), InvalidReason> {
        match self.types().get(found) {
            Type::Sum(own) if **own == payloads => Ok(()),
            _ => Err(wrong_form(needs, found)),
        }
    }
}

/// Fuel for weighing a value of type `id`, which walks its slots.
pub(crate) fn weighing(types: &TypeTable, id: TypeId) -> u64 {
    types.width(id) / SLOTS_PER_FUEL
}

fn wrong_form(needs: &'static str, found: TypeId) -> InvalidReason {
    InvalidReason::WrongForm { needs, found }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("code is bounded by FUNCTION_INSTRUCTIONS_MAX")
}
