//! Last uses: where a container that nobody looks at again may be changed in place.
//!
//! Liveness by the textbook, backwards over the blocks until nothing changes, for handles only. Control is
//! structured, so the passes are one more than loops are nested. Hostile code could still make it dear:
//! above a budget nothing is marked, every container is then copied before it is changed, and the result
//! is the same.

use crate::limits::LIVENESS_WORK_MAX;
use crate::ssa::graph::{End, Graph, Kind, Name, Use};

/// Marks the last uses of handles.
pub fn mark_last_uses(graph: &mut Graph) {
    let handles = Handles::of(graph);
    if graph.blocks.len() * handles.chunks > LIVENESS_WORK_MAX {
        return;
    }
    let mut live_in = vec![handles.none(); graph.blocks.len()];
    let mut work = LIVENESS_WORK_MAX;
    let cost = graph.order.len() * (handles.chunks + 1) + uses(graph) / USES_PER_WORK;
    loop {
        let Some(left) = usize::checked_sub(work, cost) else {
            return;
        };
        work = left;
        if !pass(graph, &handles, &mut live_in) {
            break;
        }
    }
    for index in 0..graph.order.len() {
        let block = graph.order[index].index();
        let mut live = live_out(graph, block, &handles, &live_in);
        backwards(graph, block, &handles, &mut live, true);
    }
}

/// Uses that are looked at for a unit of work. A pass sees them all, and hostile code has millions of them in
/// more than a hundred loops inside one another.
const USES_PER_WORK: usize = 32;

fn uses(graph: &Graph) -> usize {
    let operations = graph.blocks.iter().flat_map(|block| &block.operations);
    operations.map(|own| own.used().count()).sum()
}

/// One pass over all blocks; whether anything has changed.
fn pass(graph: &mut Graph, handles: &Handles, live_in: &mut [Live]) -> bool {
    let mut changed = false;
    for index in (0..graph.order.len()).rev() {
        let block = graph.order[index].index();
        let mut live = live_out(graph, block, handles, live_in);
        backwards(graph, block, handles, &mut live, false);
        if live != live_in[block] {
            live_in[block] = live;
            changed = true;
        }
    }
    changed
}

fn live_out(graph: &Graph, block: usize, handles: &Handles, live_in: &[Live]) -> Live {
    let mut live = handles.none();
    for target in graph.blocks[block].end.targets() {
        live.add_all(&live_in[target.index()]);
    }
    live
}

/// From what is live at the end of a block to what is live at its start.
fn backwards(graph: &mut Graph, block: usize, handles: &Handles, live: &mut Live, mark: bool) {
    let Graph { blocks, kinds, .. } = graph;
    let block = &mut blocks[block];
    let visit = |own: &mut Use, live: &mut Live| {
        if let Some(bit) = handles.bit(own.name) {
            let last = live.insert(bit) && kinds[own.name.index()] == Kind::Handle;
            if mark {
                own.last = last;
            }
        }
    };
    if let End::Jump(_, given) | End::Return(given) = &mut block.end {
        given.iter_mut().rev().for_each(|own| visit(own, live));
    }
    for operation in block.operations.iter_mut().rev() {
        for name in operation.results() {
            live.remove(handles.bit(*name));
        }
        operation.uses(|own| visit(own, live));
        if let Some(bit) = operation.reads().and_then(|name| handles.bit(name)) {
            live.insert(bit);
        }
    }
    for name in &block.parameters {
        live.remove(handles.bit(*name));
    }
}

/// The handles of a graph, numbered.
struct Handles {
    numbers: Vec<Option<u32>>,
    chunks: usize,
}

impl Handles {
    fn of(graph: &Graph) -> Handles {
        let mut next = 0;
        let numbers = graph.kinds.iter().map(|kind| {
            let number = (*kind != Kind::Word).then_some(next);
            next += u32::from(number.is_some());
            number
        });
        let numbers = numbers.collect();
        Handles {
            numbers,
            chunks: (next as usize).div_ceil(64),
        }
    }

    fn bit(&self, name: Name) -> Option<u32> {
        self.numbers[name.index()]
    }

    fn none(&self) -> Live {
        Live {
            chunks: vec![0; self.chunks],
        }
    }
}

/// A set of handles.
#[derive(Clone, PartialEq, Eq)]
struct Live {
    chunks: Vec<u64>,
}

impl Live {
    /// Whether it was not in the set before.
    fn insert(&mut self, bit: u32) -> bool {
        let (chunk, mask) = (bit as usize / 64, 1 << (bit % 64));
        let new = self.chunks[chunk] & mask == 0;
        self.chunks[chunk] |= mask;
        new
    }

    fn remove(&mut self, bit: Option<u32>) {
        if let Some(bit) = bit {
            self.chunks[bit as usize / 64] &= !(1 << (bit % 64));
        }
    }

    fn add_all(&mut self, other: &Live) {
        for (own, other) in self.chunks.iter_mut().zip(&other.chunks) {
            *own |= other;
        }
    }
}
