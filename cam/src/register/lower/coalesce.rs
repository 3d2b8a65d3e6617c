//! Coalescing: a result that is only passed on is written where it is passed to.
//!
//! A block's parameter is a register that every jump to the block must write. Where the word that a jump
//! gives was computed in the same block, for nobody else behind it, and nobody there reads the parameter's
//! old value afterwards, the computation writes the parameter's register itself and the move is gone. A
//! loop's accumulator then stays in one register.

use std::collections::BTreeMap;

use crate::register::code::Register;
use crate::ssa::graph::{Block, End, Graph, Name, Operation};

/// Gives such results the register of their parameter.
pub(super) fn coalesce(graph: &Graph, reads: &[u32], homes: &mut [Register]) {
    for block in &graph.order {
        let block = &graph.blocks[block.index()];
        let End::Jump(to, given) = &block.end else {
            continue;
        };
        let parameters = &graph.blocks[to.index()].parameters;
        let inside = Inside::of(block);
        for (parameter, own) in parameters.iter().zip(given) {
            if inside.is_passed_on_only(own.name, reads)
                && inside.is_read_no_more(*parameter, own.name)
            {
                homes[own.name.index()] = homes[parameter.index()];
            }
        }
    }
}

/// What happens to names within one block.
struct Inside {
    /// Where results of arithmetic are computed.
    computed: BTreeMap<Name, usize>,
    /// How often a name is read by operations, and where last.
    read: BTreeMap<Name, (u32, usize)>,
    /// How often a name is given by the jump.
    given: BTreeMap<Name, u32>,
}

impl Inside {
    fn of(block: &Block) -> Inside {
        let mut inside = Inside {
            computed: BTreeMap::new(),
            read: BTreeMap::new(),
            given: BTreeMap::new(),
        };
        for (position, operation) in block.operations.iter().enumerate() {
            let mut read = |name: Name| {
                let (count, last) = inside.read.entry(name).or_default();
                (*count, *last) = (*count + 1, position);
            };
            if let Operation::Binary { left, right, .. } = operation {
                [*left, *right].into_iter().for_each(&mut read);
            }
            operation.used().for_each(|own| read(own.name));
            if let Operation::Binary { to, .. } = operation {
                inside.computed.insert(*to, position);
            }
        }
        if let End::Jump(_, given) = &block.end {
            given
                .iter()
                .for_each(|own| *inside.given.entry(own.name).or_default() += 1);
        }
        inside
    }

    /// Computed here, given once, and read nowhere but here.
    fn is_passed_on_only(&self, name: Name, reads: &[u32]) -> bool {
        let here = self.read.get(&name).map_or(0, |(count, _)| *count);
        self.computed.contains_key(&name)
            && self.given.get(&name) == Some(&1)
            && reads[name.index()] == here + 1
    }

    /// Nobody in the block reads `parameter` behind the computation of `name`, which may itself read it.
    fn is_read_no_more(&self, parameter: Name, name: Name) -> bool {
        let last = self.read.get(&parameter).map(|(_, last)| *last);
        let computed = self.computed.get(&name).copied();
        !self.given.contains_key(&parameter) && last <= computed
    }
}
