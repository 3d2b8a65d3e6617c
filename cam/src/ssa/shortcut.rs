//! Shortcuts: a block that only passes its parameters on is left out.
//!
//! Cases inside one another end in joins that do nothing but jump to the next join. Whoever jumps to such a
//! block can as well jump to where it leads, with what it would give.

use std::collections::BTreeMap;

use crate::limits::SHORTCUT_SLOTS_MAX;
use crate::ssa::graph::{End, Graph, Name, Use};

/// Leaves out the blocks that only pass on. One pass, from the last block to the first, so a chain of
/// joins collapses into its end.
pub fn take(graph: &mut Graph) {
    let reads = graph.reads();
    let mut left = SHORTCUT_SLOTS_MAX;
    let mut routes: Vec<Option<Route>> = (0..graph.blocks.len()).map(|_| None).collect();
    for position in (0..graph.order.len()).rev() {
        let block = graph.order[position].index();
        if let End::Jump(to, given) = &graph.blocks[block].end
            && let Some(route) = &routes[to.index()]
            && let Some(less) = left.checked_sub(route.growth())
        {
            left = less;
            let end = route.from(given);
            graph.blocks[block].end = end;
        }
        if position > 0 {
            routes[block] = Route::through(graph, block, &reads);
        }
    }
    let mut reached = vec![false; graph.blocks.len()];
    for block in &graph.order {
        let own = &graph.blocks[block.index()];
        reached[block.index()] |= *block == graph.order[0];
        if reached[block.index()] {
            own.end.targets().for_each(|to| reached[to.index()] = true);
        }
    }
    graph.order.retain(|block| reached[block.index()]);
}

/// What a block that only passes on does with its parameters.
struct Route {
    parameters: BTreeMap<Name, usize>,
    end: End,
}

impl Route {
    /// Nothing if the block does more, or if one of its parameters is read elsewhere.
    fn through(graph: &Graph, block: usize, reads: &[u32]) -> Option<Route> {
        let own = &graph.blocks[block];
        let End::Jump(to, given) = &own.end else {
            return None;
        };
        let passes = own.operations.is_empty() && !own.parameters.is_empty();
        if !passes || to.index() == block {
            return None;
        }
        let mut here: BTreeMap<Name, u32> = BTreeMap::new();
        given
            .iter()
            .for_each(|own| *here.entry(own.name).or_default() += 1);
        let only_here = |name: &Name| reads[name.index()] == here.get(name).copied().unwrap_or(0);
        let parameters = own.parameters.iter();
        parameters.clone().all(only_here).then(|| Route {
            parameters: parameters.copied().zip(0..).collect(),
            end: own.end.clone(),
        })
    }

    /// By how many slots a jump grows that takes it. Thousands of arms may meet in one block that goes on
    /// with a thousand slots.
    fn growth(&self) -> usize {
        let End::Jump(_, passed) = &self.end else {
            unreachable!("a route is a jump")
        };
        passed.len().saturating_sub(self.parameters.len())
    }

    /// The jump of a block that gave `given` to the block that is left out. What that block passes on
    /// besides its parameters was known before every block that leads to it.
    fn from(&self, given: &[Use]) -> End {
        let End::Jump(to, passed) = &self.end else {
            unreachable!("a route is a jump")
        };
        let passed = passed
            .iter()
            .map(|own| match self.parameters.get(&own.name) {
                Some(parameter) => given[*parameter],
                None => *own,
            });
        End::Jump(*to, passed.collect())
    }
}
