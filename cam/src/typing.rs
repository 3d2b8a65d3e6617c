//! The typing rules: one forward pass over one function.
//!
//! The checker holds the register's type, the types on the function's own stack and the open cases.
//! Inside an arm nothing below the case's entry height can be popped (WebAssembly's rule), but `acc`
//! can read it: that is how an arm sees outer variables.

mod bodies;
mod operations;

use crate::bytecode::{Body, Bytecode};
use crate::instruction::{Instruction, TOTAL};
use crate::invalid::InvalidReason;
use crate::limits::{CASE_DEPTH_MAX, STACK_MAX};
use crate::types::{INT, Type, TypeId, TypeTable};
use crate::uses::Uses;

/// What the verifier proved of one function, and where its arms start.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// For a `case`, where its entries in `arms` start; for an `else`, where the arm's end leads. Empty
    /// without cases.
    pub(crate) links: Vec<u32>,
    /// Instruction indices at which the arms of the cases start.
    pub(crate) arms: Vec<u32>,
}

/// Parts of a product that a `with` copies for a unit of fuel. A tuple pays twice that for each part,
/// in pushes; a `with` that cost the same for all products would make 6 KiB for 2 units.
const PARTS_PER_FUEL: u64 = 2;

/// Slots of a value that are weighed for a unit of fuel.
const SLOTS_PER_FUEL: u64 = 8;

/// Where a function was refused, and why.
pub(crate) type Refusal = (usize, InvalidReason);

/// Checks function `index`, given the certificates of those before it.
pub(crate) fn function(
    bytecode: &Bytecode,
    earlier: &[Certificate],
    uses: &mut Uses,
    index: usize,
) -> Result<Certificate, Refusal> {
    let body = &bytecode.functions[index];
    uses.type_used(body.domain);
    uses.type_used(body.codomain);
    let mut checker = Checker {
        bytecode,
        earlier,
        uses,
        register: body.domain,
        stack: Vec::new(),
        cases: Vec::new(),
        length: body.code.len(),
        cost: 0,
        certificate: Certificate {
            stack: 0,
            height: 1,
            cost: 0,
            may_fail: false,
            loops: false,
            sized: false,
            links: Vec::new(),
            arms: Vec::new(),
        },
    };
    checker.body(body)?;
    Ok(checker.certificate)
}

/// A case whose arms are being checked.
struct OpenCase<'a> {
    /// Height of the stack at entry; an arm may not pop below it.
    floor: usize,
    /// What each arm starts with.
    payloads: &'a [TypeId],
    /// The arm being checked.
    arm: usize,
    /// Where this case's entries start in the certificate's arms.
    starts: usize,
    /// How the first arm ended.
    result: Option<TypeId>,
    /// Cost up to the case, and of its dearest arm.
    cost_before: u64,
    cost_dearest: u64,
}

impl OpenCase<'_> {
    /// The whole join rule: every arm ends at the entry height with the first arm's type.
    fn close_arm(
        &mut self,
        types: &TypeTable,
        register: TypeId,
        height: usize,
        cost: u64,
    ) -> Result<(), InvalidReason> {
        if height != self.floor {
            return Err(InvalidReason::StackNotEmpty {
                left: height - self.floor,
            });
        }
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
    earlier: &'a [Certificate],
    uses: &'a mut Uses,
    register: TypeId,
    stack: Vec<TypeId>,
    cases: Vec<OpenCase<'a>>,
    /// Instructions of the function.
    length: usize,
    cost: u64,
    certificate: Certificate,
}

impl<'a> Checker<'a> {
    fn body(&mut self, body: &Body) -> Result<(), Refusal> {
        // Since the last bracket: too few instructions to overflow, so it is added up apart.
        let mut straight = 0;
        for (at, instruction) in body.code.iter().enumerate() {
            let before = self.stack.len();
            let row = instruction.row();
            straight += row.cost;
            if row.manner != TOTAL {
                self.certificate.may_fail |= row.manner.traps;
                self.certificate.loops |= row.manner.loops;
                self.certificate.sized |= row.manner.sized;
            }
            if let Instruction::Case() | Instruction::Else() | Instruction::End() = instruction {
                self.cost = self.cost.saturating_add(std::mem::take(&mut straight));
                if self.cases.is_empty() && matches!(instruction, Instruction::End()) {
                    return self.end_of_body(body, at);
                }
            }
            self.instruction(at, *instruction)
                .map_err(|reason| (at, reason))?;
            debug_assert!(
                instruction.row().growth.is_none_or(|growth| {
                    i64::try_from(self.stack.len()).ok()
                        == i64::try_from(before)
                            .ok()
                            .map(|before| before + i64::from(growth))
                }),
                "the table's growth of {instruction:?} is what the rule does"
            );
        }
        Err((body.code.len(), InvalidReason::NoEnd))
    }

    fn end_of_body(&mut self, body: &Body, at: usize) -> Result<(), Refusal> {
        let place = |reason| (at, reason);
        self.expect(body.codomain, self.register).map_err(place)?;
        if !self.stack.is_empty() {
            return Err(place(InvalidReason::StackNotEmpty {
                left: self.stack.len(),
            }));
        }
        if at + 1 != body.code.len() {
            return Err((at + 1, InvalidReason::CodeAfterEnd));
        }
        self.certificate.cost = self.cost;
        Ok(())
    }

    fn instruction(&mut self, at: usize, instruction: Instruction) -> Result<(), InvalidReason> {
        use Instruction as I;
        if let Some(id) = instruction.named_type() {
            self.bytecode
                .types
                .at(id.0)
                .ok_or(InvalidReason::NoSuchType(id.0))?;
            self.uses.type_used(id);
        }
        match instruction {
            I::Push() => self.push(self.register)?,
            I::Swap() => {
                let top = self.pop()?;
                self.push(self.register)?;
                self.register = top;
            }
            I::Pop() => self.register = self.pop()?,
            I::Drop(n) => self.drop_many(n)?,
            I::Acc(n) => self.register = self.entry(n)?,
            I::Int(_) => self.register = INT,
            I::Quote(index) => self.quote(index)?,
            I::Tuple(product) => self.tuple(product)?,
            I::Project(part) => self.register = self.part(self.register, part)?,
            I::With(part) => self.with(part)?,
            I::Inject(sum, constructor) => {
                self.expect(self.payload(sum, constructor)?, self.register)?;
                self.register = sum;
            }
            I::Case() => self.case(at)?,
            I::Else() => self.next_arm(at)?,
            I::End() => self.end_case(at)?,
            I::Apply() => self.apply()?,
            I::Abort(result) => {
                self.expect(INT, self.register)?;
                self.expect_data(result, "the result of an abort")?;
                self.register = result;
            }
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
        let bytecode = self.bytecode;
        let Type::Product(parts) = bytecode.types.get(product) else {
            return Err(wrong_form("product", product));
        };
        if let Some((last, before)) = parts.split_last() {
            self.expect(*last, self.register)?;
            for part in before.iter().rev() {
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

    fn case(&mut self, at: usize) -> Result<(), InvalidReason> {
        let (sum, bytecode) = (self.register, self.bytecode);
        let Type::Sum(payloads) = bytecode.types.get(sum) else {
            return Err(wrong_form("sum", sum));
        };
        if self.cases.len() == CASE_DEPTH_MAX {
            return Err(InvalidReason::CaseTooDeep);
        }
        let starts = self.certificate.arms.len();
        self.link(at, starts);
        self.certificate.arms.resize(starts + payloads.len(), 0);
        self.certificate.arms[starts] = count(at + 1);
        self.cases.push(OpenCase {
            floor: self.stack.len(),
            payloads,
            arm: 0,
            starts,
            result: None,
            cost_before: self.cost,
            cost_dearest: 0,
        });
        self.register = payloads[0];
        Ok(())
    }

    fn next_arm(&mut self, at: usize) -> Result<(), InvalidReason> {
        let types = &self.bytecode.types;
        let case = self.cases.last_mut().ok_or(InvalidReason::StrayElse)?;
        case.close_arm(types, self.register, self.stack.len(), self.cost)?;
        case.arm += 1;
        let payload = case.payloads.get(case.arm);
        self.register = *payload.ok_or(InvalidReason::StrayElse)?;
        self.cost = case.cost_before;
        self.certificate.arms[case.starts + case.arm] = count(at + 1);
        Ok(())
    }

    fn end_case(&mut self, at: usize) -> Result<(), InvalidReason> {
        let types = &self.bytecode.types;
        let mut case = self.cases.pop().ok_or(InvalidReason::StrayElse)?;
        case.close_arm(types, self.register, self.stack.len(), self.cost)?;
        let missing = case.payloads.len() - case.arm - 1;
        if missing > 0 {
            return Err(InvalidReason::MissingArms { missing });
        }
        // Before the start of each arm but the first stands the `else` that ends the arm before.
        for start in &self.certificate.arms[case.starts + 1..=case.starts + case.arm] {
            self.certificate.links[*start as usize - 1] = count(at);
        }
        self.cost = case.cost_dearest;
        Ok(())
    }

    /// The side table is made for the first case: most functions have none.
    fn link(&mut self, at: usize, to: usize) {
        if self.certificate.links.is_empty() {
            self.certificate.links = vec![0; self.length];
        }
        self.certificate.links[at] = count(to);
    }

    /// A value is weighed before it is compared or kept in a container, and that walks its slots.
    fn charge_weighing(&mut self, id: TypeId) {
        self.charge_weighing_many(id, 1);
    }

    fn charge_weighing_many(&mut self, id: TypeId, values: u64) {
        let slots = self.types().width(id).saturating_mul(values);
        self.cost = self.cost.saturating_add(slots / SLOTS_PER_FUEL);
    }

    fn push(&mut self, id: TypeId) -> Result<(), InvalidReason> {
        if self.stack.len() == STACK_MAX {
            return Err(InvalidReason::StackOverflow);
        }
        self.stack.push(id);
        self.certificate.stack = self.certificate.stack.max(count(self.stack.len()));
        Ok(())
    }

    fn pop(&mut self) -> Result<TypeId, InvalidReason> {
        if self.stack.len() == self.floor() {
            return Err(InvalidReason::StackUnderflow);
        }
        self.stack.pop().ok_or(InvalidReason::StackUnderflow)
    }

    fn drop_many(&mut self, n: u32) -> Result<(), InvalidReason> {
        if n == 0 {
            return Err(InvalidReason::DropNothing);
        }
        let left = self.stack.len().checked_sub(n as usize);
        let left = left
            .filter(|left| *left >= self.floor())
            .ok_or(InvalidReason::StackUnderflow)?;
        self.stack.truncate(left);
        Ok(())
    }

    fn entry(&self, n: u32) -> Result<TypeId, InvalidReason> {
        let position = self.stack.len().checked_sub(n as usize + 1);
        position
            .map(|position| self.stack[position])
            .ok_or(InvalidReason::StackUnderflow)
    }

    fn floor(&self) -> usize {
        self.cases.last().map_or(0, |case| case.floor)
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
