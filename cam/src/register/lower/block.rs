//! Blocks: their operations, and the jumps between them.

use crate::register::code::{Op, Place, Register, Unless};
use crate::register::lower::Lowering;
use crate::register::lower::coalesce::coalesce;
use crate::register::moves::{Move, in_sequence};
use crate::ssa::graph::{Binary, BlockId, End, Graph, Name, Operation, Use};
use crate::ssa::translate::OverBudget;
use crate::types::TypeId;

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
            // A jump to where the function ends is its end.
            let end = starts[target.index()].and_then(|start| self.ops.get(start as usize));
            let end = end.filter(|op| matches!(op, Op::Return { .. })).copied();
            let op = &mut self.ops[*at];
            match op {
                Op::Jump { .. } if let Some(end) = end => *op = end,
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
}
