//! The types at every point of a function that is known to be well-typed.
//!
//! No rule is checked here. It only follows the types, so that a mutator knows what it may put where.

use super::anatomy::{Anatomy, Code, opcode};
use super::effect::EFFECTS;

/// What stands in register and stack before an instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Point {
    /// The type of the register.
    pub register: usize,
    /// The types on the stack, top last.
    pub stack: Vec<usize>,
    /// Height below which nothing may be popped here.
    pub floor: usize,
    /// Cases that are open.
    pub depth: usize,
}

/// A case that is open.
struct Open {
    sum: usize,
    arm: usize,
    floor: usize,
}

/// The points of `functions[function]`, one before each instruction. Nothing if the code does something
/// that a well-typed function does not.
#[must_use]
pub fn points(module: &Anatomy, function: usize) -> Option<Vec<Point>> {
    let body = module.functions.get(function)?;
    let mut walk = Walk {
        module,
        register: body.domain,
        stack: Vec::new(),
        open: Vec::new(),
        floor: 0,
    };
    let mut points = Vec::with_capacity(body.code.len());
    for code in &body.code {
        points.push(Point {
            register: walk.register,
            stack: walk.stack.clone(),
            floor: walk.floor,
            depth: walk.open.len(),
        });
        walk.step(*code)?;
    }
    Some(points)
}

struct Walk<'a> {
    module: &'a Anatomy,
    register: usize,
    stack: Vec<usize>,
    open: Vec<Open>,
    floor: usize,
}

impl Walk<'_> {
    fn step(&mut self, code: Code) -> Option<()> {
        let module = self.module;
        match code.opcode() {
            opcode::PUSH => self.stack.push(self.register),
            opcode::SWAP => std::mem::swap(self.stack.last_mut()?, &mut self.register),
            opcode::POP => self.register = self.stack.pop()?,
            opcode::DROP => {
                let height = self.stack.len().checked_sub(code.index(0))?;
                self.stack.truncate(height);
            }
            opcode::ACC => {
                let place = self
                    .stack
                    .len()
                    .checked_sub(code.index(0))?
                    .checked_sub(1)?;
                self.register = self.stack[place];
            }
            opcode::QUOTE => self.register = module.pool.get(code.index(0))?.0,
            opcode::TUPLE => {
                let pushed = module.parts(code.index(0))?.len().saturating_sub(1);
                self.drop(pushed)?;
                self.register = code.index(0);
            }
            opcode::PROJECT => self.register = *module.parts(self.register)?.get(code.index(0))?,
            opcode::WITH => self.register = self.stack.pop()?,
            opcode::CASE | opcode::ELSE | opcode::END => self.control(code)?,
            opcode::CALL => self.register = module.functions.get(code.index(0))?.codomain,
            opcode::APP => {
                let closure = self.stack.pop()?;
                self.register = *module.types.get(closure)?.operands.get(1)?;
            }
            _ => self.straight(code)?,
        }
        Some(())
    }

    fn drop(&mut self, count: usize) -> Option<()> {
        let height = self.stack.len().checked_sub(count)?;
        self.stack.truncate(height);
        Some(())
    }

    fn control(&mut self, code: Code) -> Option<()> {
        match code.opcode() {
            opcode::CASE => {
                let sum = self.register;
                self.register = *self.module.payloads(sum)?.first()?;
                self.open.push(Open {
                    sum,
                    arm: 0,
                    floor: self.floor,
                });
                self.floor = self.stack.len();
            }
            opcode::ELSE => {
                let open = self.open.last_mut()?;
                open.arm += 1;
                self.register = *self.module.payloads(open.sum)?.get(open.arm)?;
            }
            _ => {
                if let Some(open) = self.open.pop() {
                    self.floor = open.floor;
                }
            }
        }
        Some(())
    }

    /// A type immediate names the result; without one the table's words do.
    fn straight(&mut self, code: Code) -> Option<()> {
        if let (Some(operand), Some(growth)) = (code.operand_of("TypeId"), code.row().growth) {
            self.drop(usize::try_from(-growth).ok()?)?;
            self.register = code.index(operand);
            return Some(());
        }
        let effect = EFFECTS[code.row].as_ref()?;
        let mut bindings = [None; 26];
        if !effect
            .register
            .fits(self.module, self.register, &mut bindings)
        {
            return None;
        }
        for pattern in &effect.taken {
            let taken = self.stack.pop()?;
            if !pattern.fits(self.module, taken, &mut bindings) {
                return None;
            }
        }
        self.register = effect.result.found(self.module, &bindings)?;
        Some(())
    }
}
