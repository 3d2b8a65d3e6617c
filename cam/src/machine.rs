//! The reference interpreter: the abstract machine as the paper has it, written to be read.
//!
//! Its state is `(register, stack, position, returns)`. It trusts the verifier and nothing else: where
//! the types promise an operand, `expect` says so. It uses no host recursion; the stack of values and the
//! stack of returns are bounded by what the verifier certified, and with closures by fuel.
//!
//! Fuel is charged before the work: the static cost of the function that is entered, the rounds over a
//! container before the first of them, a round of a loop before it, the function of a closure when it is
//! applied, and the weight of operands that are compared.
//! Charging ahead makes fuel a bound and not a bill, and the same on every engine.

use std::sync::Arc;

use crate::combinator::FunctionId;
use crate::entry::Stop;
pub use crate::fuel::Fuel;
use crate::instruction::Instruction;
use crate::library;
use crate::memo::Notes;
use crate::rounds::{Rounds, cost_of_round};
use crate::trap::{Trap, TrapReason};
use crate::unpacked::Unpacked;
use crate::value::Value;
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
    run_to_entry(code, function, argument, fuel).map_err(|stop| stop.trap)
}

/// As [`run`], and says at which entry of a container it stopped.
pub(crate) fn run_to_entry(
    code: &Verified,
    function: FunctionId,
    argument: Value,
    fuel: &mut Fuel,
) -> Result<Value, Stop> {
    debug_assert!(argument.inhabits(code.types(), code.function_type(function).0));
    let mut machine = Machine::at(code, function, argument);
    let run = machine.enter(fuel).and_then(|()| machine.run(fuel));
    run.map_err(|reason| machine.stop(reason))?;
    Ok(machine.register)
}

/// As [`run`], but the rounds over maps are taken from `notes`, as far as they are there.
pub(crate) fn run_noting(
    code: &Verified,
    function: FunctionId,
    argument: Value,
    fuel: &mut Fuel,
    notes: &mut Notes,
) -> Result<Value, TrapReason> {
    let mut machine = Machine::at(code, function, argument);
    machine.notes = Some(notes);
    machine.enter(fuel)?;
    machine.run(fuel)?;
    Ok(machine.register)
}

/// One round of `body`, which has been paid for.
pub(crate) fn round(
    code: &Verified,
    body: FunctionId,
    argument: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let mut machine = Machine::at(code, body, argument);
    machine.run(fuel)?;
    Ok(machine.register)
}

struct Machine<'a> {
    code: &'a Verified,
    bodies: &'a [Unpacked],
    register: Value,
    stack: Vec<Value>,
    returns: Vec<Return>,
    function: FunctionId,
    position: usize,
    /// What rounds over maps have made before.
    notes: Option<&'a mut Notes>,
}

/// Where to go on when a function has ended.
struct Return {
    function: FunctionId,
    position: usize,
    /// For the body of rounds: the rounds.
    rounds: Option<Box<Rounds>>,
}

impl<'a> Machine<'a> {
    fn at(code: &'a Verified, function: FunctionId, argument: Value) -> Machine<'a> {
        Machine {
            code,
            bodies: code.unpacked(),
            register: argument,
            stack: Vec::new(),
            returns: Vec::new(),
            function,
            position: 0,
            notes: None,
        }
    }

    /// Where it stands, for this reason.
    fn stop(&self, reason: TrapReason) -> Stop {
        let instruction = u32::try_from(self.position.saturating_sub(1)).unwrap_or(u32::MAX);
        let mut rounds = self.returns.iter().filter_map(|back| back.rounds.as_ref());
        let trap = Trap {
            reason,
            function: self.function,
            instruction,
        };
        let entry = rounds.find_map(|rounds| rounds.entry().cloned());
        Stop { trap, entry }
    }

    fn run(&mut self, fuel: &mut Fuel) -> Result<(), TrapReason> {
        loop {
            let body = &self.body().instructions;
            let instruction = body[self.position];
            self.position += 1;
            match instruction {
                Instruction::Case() => self.case(),
                Instruction::Else() => {
                    self.position = self.body().end(self.position - 1) + 1;
                }
                Instruction::End() if self.position < body.len() => {}
                Instruction::End() => {
                    if !self.leave(fuel)? {
                        return Ok(());
                    }
                }
                Instruction::Call(callee) => self.call(callee, None),
                Instruction::Apply() => self.apply(fuel)?,
                Instruction::ListFold(_) | Instruction::MapFold(_) => {
                    self.fold(instruction, fuel)?;
                }
                Instruction::ListMap(..) | Instruction::MapMap(..) | Instruction::MapFilter(_) => {
                    self.each(instruction, fuel)?;
                }
                Instruction::Loop(body, _) => self.repeat(body, fuel)?,
                _ => self.straight(instruction, fuel)?,
            }
        }
    }

    /// The payload goes to the register.
    fn case(&mut self) {
        let Value::Sum(tag, payload) = self.take() else {
            unreachable!("verified: a case has a sum in the register")
        };
        self.position = self.body().arm(self.position - 1, tag);
        self.register = Arc::unwrap_or_clone(payload);
    }

    fn call(&mut self, callee: FunctionId, rounds: Option<Box<Rounds>>) {
        self.returns.push(Return {
            function: self.function,
            position: self.position,
            rounds,
        });
        self.function = callee;
        self.position = 0;
    }

    /// Ends a function. False when it was the first one.
    fn leave(&mut self, fuel: &mut Fuel) -> Result<bool, TrapReason> {
        let Some(Return {
            function,
            position,
            rounds,
        }) = self.returns.pop()
        else {
            return Ok(false);
        };
        self.function = function;
        self.position = position;
        if let Some(mut rounds) = rounds {
            rounds.accept(self.take(), fuel)?;
            self.next_round(rounds, fuel)?;
        }
        Ok(true)
    }

    /// Enters a closure: its function, with its environment and the argument in the register. What it
    /// costs is known only here.
    fn apply(&mut self, fuel: &mut Fuel) -> Result<(), TrapReason> {
        let Value::Closure(closure) = self.pop() else {
            unreachable!("verified: `app` has a closure on the stack")
        };
        fuel.charge(self.code.certificate(closure.function).cost)?;
        self.register = Value::product(vec![closure.environment.clone(), self.take()]);
        self.call(closure.function, None);
        Ok(())
    }

    fn fold(&mut self, instruction: Instruction, fuel: &mut Fuel) -> Result<(), TrapReason> {
        let container = self.take();
        let accumulator = self.pop();
        let environment = self.pop();
        self.charge_rounds(instruction, &container, fuel)?;
        let body = instruction.callee().expect("a fold has a body");
        let rounds = Rounds::fold(body, environment, accumulator, container);
        self.next_round(Box::new(rounds), fuel)
    }

    fn each(&mut self, instruction: Instruction, fuel: &mut Fuel) -> Result<(), TrapReason> {
        let container = self.take();
        let environment = self.pop();
        self.charge_rounds(instruction, &container, fuel)?;
        let is_outermost = self.returns.iter().all(|back| back.rounds.is_none());
        if let (Some(notes), Value::Map(map)) = (&mut self.notes, &container)
            && is_outermost
        {
            let made = notes.rounds(self.code, instruction, environment, map, fuel)?;
            self.register = Value::Map(made);
            return Ok(());
        }
        let rounds = Rounds::each(instruction, environment, container);
        self.next_round(Box::new(rounds), fuel)
    }

    /// How many rounds a loop takes nobody knows, so each is paid for when it starts.
    fn repeat(&mut self, body: FunctionId, fuel: &mut Fuel) -> Result<(), TrapReason> {
        let count = self.integer();
        let first = self.pop();
        let environment = self.pop();
        let rounds = Rounds::repeat(body, environment, first, count);
        self.next_round(Box::new(rounds), fuel)
    }

    /// Pays for all rounds over a container, before the first.
    fn charge_rounds(
        &self,
        instruction: Instruction,
        container: &Value,
        fuel: &mut Fuel,
    ) -> Result<(), TrapReason> {
        let count = match container {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => unreachable!("verified: rounds are over a list or a map"),
        };
        let cost = cost_of_round(self.code, instruction);
        fuel.charge((count as u64).saturating_mul(cost))
    }

    fn next_round(&mut self, mut rounds: Box<Rounds>, fuel: &mut Fuel) -> Result<(), TrapReason> {
        let Some(argument) = rounds.argument() else {
            self.register = rounds.result();
            return Ok(());
        };
        let body = rounds.body();
        if rounds.paid_one_by_one() {
            fuel.charge(self.code.certificate(body).cost)?;
        }
        self.register = argument;
        self.call(body, Some(rounds));
        Ok(())
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
            I::Curry(body, _) => self.register = Value::closure(body, self.take()),
            _ => {
                let register = self.take();
                self.register = library::apply(
                    instruction,
                    self.code.types(),
                    &mut self.stack,
                    register,
                    fuel,
                )?;
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

    fn body(&self) -> &'a Unpacked {
        let bodies = self.bodies;
        &bodies[self.function.index()]
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
