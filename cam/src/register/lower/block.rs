//! Blocks: their operations, and the jumps between them.

use crate::instruction::Instruction;
use crate::register::code::{Divisor, Op, Place, Register, Routine, SCRATCH, Site, Three, Unless};
use crate::register::lower::Lowering;
use crate::register::lower::coalesce::coalesce;
use crate::register::moves::{Move, in_sequence};
use crate::ssa::graph::{Binary, BlockId, End, Graph, Name, Operation, Use};
use crate::ssa::translate::OverBudget;
use crate::types::{INT, TypeId};

/// A jump whose target is not laid out yet.
struct Hole {
    at: usize,
    target: BlockId,
}

impl Lowering<'_> {
    /// Lays the blocks out. What it gives is where the result is.
    pub(super) fn blocks(
        &mut self,
        graph: &Graph,
        mut homes: Vec<Register>,
        link: Register,
        codomain: TypeId,
    ) -> Result<Option<Place>, OverBudget> {
        let mut starts: Vec<Option<u32>> = vec![None; graph.blocks.len()];
        let mut holes = Vec::new();
        let mut result = None;
        let reads = graph.reads();
        coalesce(graph, &reads, &mut homes);
        let homes = &homes[..];
        for (position, block) in graph.order.iter().enumerate() {
            starts[block.index()] = Some(self.here()?);
            let next = graph.order.get(position + 1).copied();
            let own = &graph.blocks[block.index()];
            let (last, before) = match own.operations.split_last() {
                Some((last, before)) => (Some(last), before),
                None => (None, &own.operations[..]),
            };
            for operation in before {
                self.operation(homes, operation)?;
            }
            let fused = match (last, &own.end) {
                (
                    Some(Operation::Binary {
                        binary,
                        to,
                        left,
                        right,
                    }),
                    End::Branch(word, yes, no),
                ) if to == word && reads[to.index()] == 1 => {
                    let pair = [homes[left.index()], homes[right.index()]];
                    match next {
                        Some(next) if next == *yes => self.unless(*binary, pair, *no, &mut holes),
                        Some(next) if next == *no => self.when(*binary, pair, *yes, &mut holes),
                        _ => false,
                    }
                }
                _ => false,
            };
            if fused {
                continue;
            }
            if let Some(operation) = last {
                self.operation(homes, operation)?;
            }
            match &own.end {
                End::Return(slots) => {
                    result = Some(self.place(homes, codomain, slots));
                    self.ops.push(Op::Return { link });
                }
                end => self.end(graph, homes, end, next, &mut holes)?,
            }
        }
        self.fill(&holes, &starts)?;
        Ok(result)
    }

    fn end(
        &mut self,
        graph: &Graph,
        homes: &[Register],
        end: &End,
        next: Option<BlockId>,
        holes: &mut Vec<Hole>,
    ) -> Result<(), OverBudget> {
        let home = |name: &Name| homes[name.index()];
        match end {
            End::Jump(to, given) => {
                let parameters = graph.blocks[to.index()].parameters.iter().map(home);
                self.moves(homes, parameters, given, graph);
                if next != Some(*to) {
                    self.jump(holes, *to, Op::Jump { to: 0 });
                }
            }
            End::Branch(word, yes, no) if next == Some(*yes) => {
                let word = home(word);
                self.jump(holes, *no, Op::JumpUnless { word, to: 0 });
            }
            End::Branch(word, yes, no) => {
                let word = home(word);
                self.jump(holes, *yes, Op::JumpIf { word, to: 0 });
                if next != Some(*no) {
                    self.jump(holes, *no, Op::Jump { to: 0 });
                }
            }
            End::Switch(word, targets) => {
                let table = u32::try_from(self.tables.len()).map_err(|_| OverBudget)?;
                self.ops.push(Op::Switch {
                    word: home(word),
                    table,
                });
                // Numbers of blocks for now; `fill` puts their starts in.
                self.tables
                    .push(targets.iter().map(|target| target.0).collect());
                holes.push(Hole {
                    at: self.ops.len() - 1,
                    target: BlockId(0),
                });
            }
            End::Return(_) | End::Stop | End::Open => self.ops.push(Op::Stop),
        }
        Ok(())
    }

    /// The words and handles that a block or a function is given.
    fn moves(
        &mut self,
        homes: &[Register],
        to: impl Iterator<Item = Register>,
        given: &[Use],
        graph: &Graph,
    ) {
        let moves = to.zip(given).map(|(to, own)| Move {
            to,
            from: homes[own.name.index()],
            duplicate: !own.last && graph.kinds[own.name.index()].is_handle(),
        });
        let moves = in_sequence(moves);
        for group in moves.chunk_by(|left, right| left.duplicate == right.duplicate) {
            match group {
                [own] if !own.duplicate => self.ops.push(Op::Move {
                    to: own.to,
                    from: own.from,
                }),
                [own, ..] if !own.duplicate => self.several(group),
                _ => self.ops.extend(group.iter().map(|own| Op::Duplicate {
                    to: own.to,
                    from: own.from,
                })),
            }
        }
    }

    /// Moves that stand in a row are one operation.
    fn several(&mut self, group: &[Move]) {
        let start = self.moves.len();
        self.moves
            .extend(group.iter().map(|own| (own.to, own.from)));
        match (u32::try_from(start), u16::try_from(group.len())) {
            (Ok(start), Ok(count)) => self.ops.push(Op::Moves { count, start }),
            _ => self.ops.extend(group.iter().map(|own| Op::Move {
                to: own.to,
                from: own.from,
            })),
        }
    }

    fn jump(&mut self, holes: &mut Vec<Hole>, target: BlockId, op: Op) {
        holes.push(Hole {
            at: self.ops.len(),
            target,
        });
        self.ops.push(op);
    }

    /// A comparison and its branch in one. The distance is 16 bits; a program with a longer one is too
    /// large for this engine.
    fn unless(
        &mut self,
        binary: Binary,
        pair: [Register; 2],
        no: BlockId,
        holes: &mut Vec<Hole>,
    ) -> bool {
        let [left, right] = pair;
        let unless = Unless {
            left,
            right,
            distance: 0,
        };
        let op = match binary {
            Binary::Less => Op::UnlessLess(unless),
            Binary::LessOrEqual => Op::UnlessLessOrEqual(unless),
            Binary::Equal => Op::UnlessEqual(unless),
            _ => return false,
        };
        self.jump(holes, no, op);
        true
    }

    /// The same where the branch is taken if the comparison holds: unless its opposite does.
    fn when(
        &mut self,
        binary: Binary,
        [left, right]: [Register; 2],
        yes: BlockId,
        holes: &mut Vec<Hole>,
    ) -> bool {
        let opposite = match binary {
            Binary::Less => Binary::LessOrEqual,
            Binary::LessOrEqual => Binary::Less,
            _ => return false,
        };
        self.unless(opposite, [right, left], yes, holes)
    }

    fn fill(&mut self, holes: &[Hole], starts: &[Option<u32>]) -> Result<(), OverBudget> {
        let start = |block: BlockId| starts[block.index()].ok_or(OverBudget);
        for Hole { at, target } in holes {
            let op = &mut self.ops[*at];
            match op {
                Op::Jump { to } | Op::JumpIf { to, .. } | Op::JumpUnless { to, .. } => {
                    *to = start(*target)?;
                }
                Op::UnlessLess(own) | Op::UnlessLessOrEqual(own) | Op::UnlessEqual(own) => {
                    let to = start(*target)? as usize;
                    let distance = to.checked_sub(*at).ok_or(OverBudget)?;
                    own.distance = u16::try_from(distance).map_err(|_| OverBudget)?;
                }
                Op::Switch { table, .. } => {
                    for entry in &mut self.tables[*table as usize] {
                        *entry = start(BlockId(*entry))?;
                    }
                }
                _ => return Err(OverBudget),
            }
        }
        Ok(())
    }

    fn operation(&mut self, homes: &[Register], operation: &Operation) -> Result<(), OverBudget> {
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
            form: crate::register::code::Form::Container,
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
