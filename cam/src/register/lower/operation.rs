//! Operations: what a block does before its end.

use crate::instruction::Instruction;
use crate::register::code::{Form, Op, Place, Register, Routine, SCRATCH, Site, Three};
use crate::register::divisor::Divisor;
use crate::register::lower::Lowering;
use crate::ssa::graph::{Binary, Name, Operation, Use};
use crate::ssa::translate::OverBudget;
use crate::types::{INT, Type};

impl Lowering<'_> {
    pub(super) fn operation(
        &mut self,
        homes: &[Register],
        operation: &Operation,
    ) -> Result<(), OverBudget> {
        let home = |name: &Name| homes[name.index()];
        match operation {
            Operation::Binary {
                binary,
                to,
                left,
                right,
            } => {
                let three = Three {
                    to: home(to),
                    left: home(left),
                    right: home(right),
                };
                self.binary(*binary, three)
            }
            Operation::Runtime {
                instruction,
                operands,
                result,
                to,
            } => {
                let operands = operands.iter().map(|own| self.operand(homes, own));
                let site = Site {
                    instruction: *instruction,
                    operands: operands.collect(),
                    results: Box::new([*result]),
                    to: to.first().map_or(SCRATCH, home),
                };
                self.runtime(site)
            }
            Operation::Call {
                function,
                arguments,
                to,
            } => {
                let routine = self.routines[function.index()].clone();
                let routine =
                    routine.expect("a callee comes before its caller and is not in place");
                self.call(homes, *function, &routine, arguments, to);
                Ok(())
            }
            Operation::ChargeRounds { container, cost } => {
                let cost = self.cost(*cost)?;
                let container = home(container);
                self.ops.push(Op::ChargeRounds { container, cost });
                Ok(())
            }
            Operation::Charge { cost } => {
                let cost = self.cost(*cost)?;
                self.ops.push(Op::Charge { cost });
                Ok(())
            }
            _ => self.round(homes, operation),
        }
    }

    /// What loops over containers are made of.
    fn round(&mut self, homes: &[Register], operation: &Operation) -> Result<(), OverBudget> {
        let home = |name: &Name| homes[name.index()];
        match operation {
            Operation::Append { list, item, to } => {
                let operands = [self.container(homes, list), self.operand(homes, item)];
                let site = self.loop_site(Instruction::ListPush(), operands.into(), home(to))?;
                self.ops.push(Op::Append { site });
            }
            Operation::Store {
                map,
                key,
                value,
                to,
            } => {
                let (key, value) = (self.operand(homes, key), self.operand(homes, value));
                let operands = [self.container(homes, map), key, value];
                if self.put_number(&operands, home(to), false) {
                    return Ok(());
                }
                let site = self.loop_site(Instruction::MapPut(), operands.into(), home(to))?;
                self.ops.push(Op::Store { site });
            }
            Operation::Walk { container, to } => self.ops.push(Op::Walk {
                to: home(to),
                container: home(&container.name),
                last: container.last,
            }),
            Operation::Advance { walk, entry, to } if **entry == [INT] => {
                self.ops.push(Op::AdvanceWord {
                    to: to.first().map_or(SCRATCH, home),
                    walk: home(walk),
                });
            }
            Operation::Advance { walk, entry, to } => {
                let walk = Use {
                    name: *walk,
                    last: false,
                };
                let site = self.site(Site {
                    instruction: Instruction::End(),
                    operands: Box::new([self.container(homes, &walk)]),
                    results: entry.clone(),
                    to: to.first().map_or(SCRATCH, home),
                })?;
                self.ops.push(Op::Advance { site });
            }
            _ => return Err(OverBudget),
        }
        Ok(())
    }

    fn binary(&mut self, binary: Binary, three: Three) -> Result<(), OverBudget> {
        let op = match binary {
            Binary::Add => Op::Add(three),
            Binary::Subtract => Op::Subtract(three),
            Binary::Multiply => Op::Multiply(three),
            Binary::Divide => match self.divisor(three.right)? {
                Some(right) => Op::DivideBy(Three { right, ..three }),
                None => Op::Divide(three),
            },
            Binary::Remainder => match self.divisor(three.right)? {
                Some(right) => Op::RemainderBy(Three { right, ..three }),
                None => Op::Remainder(three),
            },
            Binary::AddWrapping => Op::AddWrapping(three),
            Binary::SubtractWrapping => Op::SubtractWrapping(three),
            Binary::MultiplyWrapping => Op::MultiplyWrapping(three),
            Binary::And => Op::And(three),
            Binary::Or => Op::Or(three),
            Binary::Xor => Op::Xor(three),
            Binary::ShiftLeft => Op::ShiftLeft(three),
            Binary::ShiftRight => Op::ShiftRight(three),
            Binary::ShiftRightUnsigned => Op::ShiftRightUnsigned(three),
            Binary::Less => Op::Less(three),
            Binary::LessOrEqual => Op::LessOrEqual(three),
            Binary::Equal => Op::Equal(three),
            Binary::Compare => Op::Compare(three),
        };
        self.ops.push(op);
        Ok(())
    }

    /// The entry of a constant divisor above zero.
    fn divisor(&mut self, register: Register) -> Result<Option<Register>, OverBudget> {
        let found = self.words.binary_search_by_key(&register, |own| own.0);
        let word = found.ok().map(|index| self.words[index].1);
        let Some(divisor) = word.and_then(Divisor::new) else {
            return Ok(None);
        };
        self.divisors.push(divisor);
        let entry = Register::try_from(self.divisors.len() - 1);
        entry.map(Some).map_err(|_| OverBudget)
    }

    fn runtime(&mut self, site: Site) -> Result<(), OverBudget> {
        let instruction = site.instruction;
        if let Instruction::ListLength() | Instruction::MapLength() = instruction {
            let (container, last) = site.operands[0].handles[0];
            if !last {
                self.ops.push(Op::Length {
                    to: site.to,
                    container,
                });
                return Ok(());
            }
        }
        if self.number(&site) {
            return Ok(());
        }
        let site = self.site(site)?;
        self.ops.push(match instruction {
            Instruction::MultiplyDivide() => Op::MultiplyDivide { site },
            Instruction::MapGet(_) => Op::MapGet { site },
            Instruction::MapPut() => Op::MapPut { site },
            Instruction::MapDelete() => Op::MapDelete { site },
            Instruction::ListPush() => Op::ListPush { site },
            _ => Op::Runtime { site },
        });
        Ok(())
    }

    /// A look-up or a change in a map of numbers under numbers, if it is one: the machine's most frequent.
    fn number(&mut self, site: &Site) -> bool {
        match (site.instruction, &*site.operands) {
            (Instruction::MapPut(), operands) => self.put_number(operands, site.to, true),
            (Instruction::MapGet(_), [map, key]) if self.numbers(map) => {
                let (map, last) = map.handles[0];
                self.ops.push(Op::GetNumber {
                    to: site.to,
                    map,
                    key: key.words[0],
                    last,
                });
                true
            }
            _ => false,
        }
    }

    fn put_number(&mut self, operands: &[Place], to: Register, charged: bool) -> bool {
        let [map, key, value] = operands else {
            return false;
        };
        if !matches!((key.form, value.form), (Form::Integer, Form::Integer)) {
            return false;
        }
        let (map, true) = map.handles[0] else {
            return false;
        };
        self.ops.push(Op::PutNumber {
            map,
            key: key.words[0],
            value: value.words[0],
            charged,
        });
        if to != map {
            self.ops.push(Op::Move { to, from: map });
        }
        true
    }

    fn numbers(&self, map: &Place) -> bool {
        *self.verified.types().get(map.id) == Type::Map(INT, INT)
    }

    fn call(
        &mut self,
        homes: &[Register],
        function: crate::combinator::FunctionId,
        routine: &Routine,
        arguments: &[Use],
        to: &[Name],
    ) {
        let parameters = (0..arguments.len()).map(|slot| routine.argument + super::narrow(slot));
        let words = self
            .layouts
            .of(self.verified.function_type(function).0)
            .words;
        for (slot, (register, own)) in parameters.zip(arguments).enumerate() {
            let from = homes[own.name.index()];
            self.ops.push(if slot >= words && !own.last {
                Op::Duplicate { to: register, from }
            } else {
                Op::Move { to: register, from }
            });
        }
        self.ops.push(Op::Call {
            function: function.0,
        });
        if let Some(result) = &routine.result {
            let handles = result.handles.iter();
            let from = result.words.iter().map(|word| (*word, true));
            for ((from, taken), name) in from.chain(handles.copied()).zip(to) {
                let to = homes[name.index()];
                self.ops.push(if taken {
                    Op::Move { to, from }
                } else {
                    Op::Duplicate { to, from }
                });
            }
        }
    }

    fn container(&self, homes: &[Register], own: &Use) -> Place {
        Place {
            form: Form::Container,
            handles: Box::new([(homes[own.name.index()], own.last)]),
            ..self.place(homes, crate::types::UNIT, &[])
        }
    }

    fn loop_site(
        &mut self,
        instruction: Instruction,
        operands: Box<[Place]>,
        to: Register,
    ) -> Result<u32, OverBudget> {
        self.site(Site {
            instruction,
            operands,
            results: Box::default(),
            to,
        })
    }
}
