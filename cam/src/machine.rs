//! The reference interpreter: the abstract machine as the paper has it, written to be read.
//!
//! Its state is `(register, stack, position, returns)`. It trusts the verifier and nothing else: where
//! the types promise an operand, `expect` says so. It uses no host recursion; the stack of values and the
//! stack of returns are bounded by what the verifier certified.
//!
//! Fuel is charged before the work: the static cost of the function that is entered, a fold's rounds
//! times the cost of its body before the first round, and the weight of operands that are compared.
//! Charging ahead makes fuel a bound and not a bill, and the same on every engine.

use std::sync::Arc;

use crate::combinator::FunctionId;
pub use crate::fuel::Fuel;
use crate::instruction::Instruction;
use crate::library;
use crate::trap::{Trap, TrapReason};
use crate::value::{List, Map, Value};
use crate::verify::Verified;

/// Runs `function` on `argument`, which must inhabit the function's domain.
///
/// # Errors
/// A [`Trap`]; nothing outside has changed then.
pub fn run(
    code: &Verified,
    function: FunctionId,
    argument: Value,
    fuel: &mut Fuel,
) -> Result<Value, Trap> {
    debug_assert!(argument.inhabits(code.types(), code.function_type(function).0));
    let mut machine = Machine {
        code,
        register: argument,
        stack: Vec::new(),
        returns: Vec::new(),
        function,
        position: 0,
    };
    match machine.enter(fuel).and_then(|()| machine.run(fuel)) {
        Ok(()) => Ok(machine.register),
        Err(reason) => {
            let instruction = u32::try_from(machine.position.saturating_sub(1)).unwrap_or(u32::MAX);
            Err(Trap {
                reason,
                function: machine.function,
                instruction,
            })
        }
    }
}

struct Machine<'a> {
    code: &'a Verified,
    register: Value,
    stack: Vec<Value>,
    returns: Vec<Return>,
    function: FunctionId,
    position: usize,
}

/// Where to go on when a function has ended.
struct Return {
    function: FunctionId,
    position: usize,
    /// For a fold: what is still to be folded.
    fold: Option<Fold>,
}

struct Fold {
    body: FunctionId,
    environment: Value,
    entries: Entries,
}

enum Entries {
    List(<List as IntoIterator>::IntoIter),
    Map(<Map as IntoIterator>::IntoIter),
}

impl Fold {
    /// The body's next argument, if an entry is left.
    fn argument(&mut self, accumulator: &Value) -> Option<Value> {
        let mut parts = vec![self.environment.clone(), accumulator.clone()];
        match &mut self.entries {
            Entries::List(items) => parts.push(items.next()?),
            Entries::Map(entries) => {
                let (key, value) = entries.next()?;
                parts.extend([key, value]);
            }
        }
        Some(Value::product(parts))
    }
}

impl Machine<'_> {
    fn run(&mut self, fuel: &mut Fuel) -> Result<(), TrapReason> {
        loop {
            let body = self.code.body(self.function);
            let instruction = body[self.position];
            self.position += 1;
            match instruction {
                Instruction::Case() => self.case(),
                Instruction::Else() => self.position = self.link() as usize + 1,
                Instruction::End() if self.position < body.len() => {}
                Instruction::End() => {
                    if !self.leave() {
                        return Ok(());
                    }
                }
                Instruction::Call(callee) => self.call(callee, None),
                Instruction::ListFold(body) | Instruction::MapFold(body) => {
                    self.fold(body, fuel)?;
                }
                _ => self.straight(instruction, fuel)?,
            }
        }
    }

    /// The payload goes to the register; the arm's start stands in the side table.
    fn case(&mut self) {
        let Value::Sum(tag, payload) = self.take() else {
            unreachable!("verified: a case has a sum in the register")
        };
        let arms = &self.code.certificate(self.function).arms;
        self.position = arms[self.link() as usize + usize::from(tag)] as usize;
        self.register = Arc::unwrap_or_clone(payload);
    }

    fn call(&mut self, callee: FunctionId, fold: Option<Fold>) {
        self.returns.push(Return {
            function: self.function,
            position: self.position,
            fold,
        });
        self.function = callee;
        self.position = 0;
    }

    /// Ends a function. False when it was the first one.
    fn leave(&mut self) -> bool {
        let Some(Return {
            function,
            position,
            fold,
        }) = self.returns.pop()
        else {
            return false;
        };
        self.function = function;
        self.position = position;
        if let Some(fold) = fold {
            self.next_round(fold);
        }
        true
    }

    fn fold(&mut self, body: FunctionId, fuel: &mut Fuel) -> Result<(), TrapReason> {
        let accumulator = self.pop();
        let environment = self.pop();
        let (rounds, entries) = match std::mem::replace(&mut self.register, accumulator) {
            Value::List(list) => (list.len(), Entries::List(list.into_iter())),
            Value::Map(map) => (map.len(), Entries::Map(map.into_iter())),
            _ => unreachable!("verified: a fold has a list or map in the register"),
        };
        let cost = self.code.certificate(body).cost;
        fuel.charge((rounds as u64).saturating_mul(cost))?;
        self.next_round(Fold {
            body,
            environment,
            entries,
        });
        Ok(())
    }

    /// The accumulator is in the register, before the first round and after each.
    fn next_round(&mut self, mut fold: Fold) {
        if let Some(argument) = fold.argument(&self.register) {
            self.register = argument;
            self.call(fold.body, Some(fold));
        }
    }

    /// Instructions after which the next one follows.
    fn straight(&mut self, instruction: Instruction, fuel: &mut Fuel) -> Result<(), TrapReason> {
        use Instruction as I;
        match instruction {
            I::Push() => self.stack.push(self.register.clone()),
            I::Swap() => {
                let top = self
                    .stack
                    .last_mut()
                    .expect("verified: the stack has a top");
                std::mem::swap(top, &mut self.register);
            }
            I::Pop() => self.register = self.pop(),
            I::Drop(n) => self.stack.truncate(self.stack.len() - n as usize),
            I::Acc(n) => self.register = self.stack[self.stack.len() - 1 - n as usize].clone(),
            I::Int(integer) => self.register = Value::Int(integer),
            I::Quote(index) => self.register = self.code.bytecode().pool[index as usize].1.clone(),
            I::Tuple(product) => self.tuple(self.code.types().get(product).operands().len()),
            I::Project(part) => self.register = self.parts()[part as usize].clone(),
            I::With(part) => self.with(part as usize),
            I::Inject(_, constructor) => {
                let tag = u8::try_from(constructor).expect("verified: a sum's tag is a byte");
                self.register = Value::sum(tag, self.take());
            }
            I::Abort(_) => return Err(TrapReason::Abort(self.integer())),
            I::Case() | I::Else() | I::End() | I::Call(_) | I::ListFold(_) | I::MapFold(_) => {
                unreachable!("control is in `run`")
            }
            _ => {
                let register = self.take();
                self.register = library::apply(instruction, &mut self.stack, register, fuel)?;
            }
        }
        Ok(())
    }

    fn tuple(&mut self, arity: usize) {
        self.register = match arity.checked_sub(1) {
            None => Value::unit(),
            Some(pushed) => {
                let mut parts = self.stack.split_off(self.stack.len() - pushed);
                parts.push(self.take());
                Value::product(parts)
            }
        };
    }

    fn with(&mut self, part: usize) {
        let Value::Product(mut parts) = self.pop() else {
            unreachable!("verified: `with` has a product on the stack")
        };
        Arc::make_mut(&mut parts)[part] = self.take();
        self.register = Value::Product(parts);
    }

    fn enter(&mut self, fuel: &mut Fuel) -> Result<(), TrapReason> {
        fuel.charge(self.code.certificate(self.function).cost)
    }

    /// The entry of the side table for the instruction that is being run.
    fn link(&self) -> u32 {
        self.code.certificate(self.function).links[self.position - 1]
    }

    fn pop(&mut self) -> Value {
        self.stack
            .pop()
            .expect("verified: the stack holds the operand")
    }

    fn take(&mut self) -> Value {
        std::mem::replace(&mut self.register, Value::Int(0))
    }

    fn integer(&self) -> i64 {
        match self.register {
            Value::Int(integer) => integer,
            _ => unreachable!("verified: there is an integer in the register"),
        }
    }

    fn parts(&self) -> &[Value] {
        match &self.register {
            Value::Product(parts) => parts,
            _ => unreachable!("verified: there is a product in the register"),
        }
    }
}
