//! Graphs to register code.
//!
//! A name is a register: nothing is spilled and nothing is coloured, because no function is entered twice
//! at once and 2^16 registers are enough for every program below the translation's budget. Blocks are
//! laid out in the graph's order, so most jumps fall through. A comparison that only a branch looks at
//! becomes part of the branch.

mod block;
mod coalesce;
mod operation;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::combinator::FunctionId;
use crate::limits::GRAPH_SLOTS_MAX;
use crate::register::code::{Code, Op, Place, REGISTERS, Register, Routine, Site};
use crate::register::divisor::Divisor;
use crate::register::spare::Spare;
use crate::ssa::graph::{Constant, Graph, Name, Operand, Use};
use crate::ssa::liveness::mark_last_uses;
use crate::ssa::shortcut;
use crate::ssa::slots::Layouts;
use crate::ssa::translate::{self, Inlining, OverBudget};
use crate::types::TypeId;
use crate::value::Value;
use crate::verify::Verified;

/// Compiles a program for the register machine.
///
/// # Errors
/// [`OverBudget`] if it is too large for it.
pub(crate) fn code(verified: &Verified) -> Result<Arc<Code>, OverBudget> {
    let layouts = Layouts::new(verified.types());
    let inlining = Inlining::new(verified, &layouts);
    let mut lowering = Lowering {
        verified,
        layouts: &layouts,
        next: 1,
        constants: BTreeMap::new(),
        words: Vec::new(),
        containers: Vec::new(),
        ops: Vec::new(),
        sites: Vec::new(),
        tables: Vec::new(),
        moves: Vec::new(),
        costs: Vec::new(),
        divisors: Vec::new(),
        routines: Vec::new(),
    };
    let mut slots_left = GRAPH_SLOTS_MAX;
    let exported = |function: FunctionId| {
        let mut exports = verified.bytecode().exports.iter();
        exports.any(|(_, own)| *own == function)
    };
    for index in 0..verified.bytecode().functions.len() {
        let function = verified.function_at(index);
        let function = function.expect("the index is below the number of functions");
        if exported(function) || !inlining.in_place(function) {
            let mut graph =
                translate::function(verified, &layouts, &inlining, function, &mut slots_left)?;
            shortcut::take(&mut graph);
            mark_last_uses(&mut graph);
            lowering.function(function, &graph)?;
        } else {
            lowering.routines.push(None);
        }
    }
    let Lowering {
        words,
        containers,
        ops,
        sites,
        tables,
        moves,
        costs,
        divisors,
        routines,
        next,
        ..
    } = lowering;
    Ok(Arc::new(Code {
        ops: ops.into(),
        sites: sites.into(),
        tables: tables.into(),
        moves: moves.into(),
        costs: costs.into(),
        divisors: divisors.into(),
        routines: routines.into(),
        words: words.into(),
        containers: containers.into(),
        layouts,
        used: next,
        spare: Spare::default(),
    }))
}

struct Lowering<'a> {
    verified: &'a Verified,
    layouts: &'a Layouts,
    /// The first register that is not taken.
    next: usize,
    constants: BTreeMap<Constant, Register>,
    words: Vec<(Register, i64)>,
    containers: Vec<Value>,
    ops: Vec<Op>,
    sites: Vec<Site>,
    tables: Vec<Box<[u32]>>,
    moves: Vec<(Register, Register)>,
    costs: Vec<u64>,
    divisors: Vec<Divisor>,
    routines: Vec<Option<Routine>>,
}

impl Lowering<'_> {
    fn function(&mut self, function: FunctionId, graph: &Graph) -> Result<(), OverBudget> {
        let (domain, codomain) = self.verified.function_type(function);
        let link = self.registers(1)?;
        let argument = self.registers(graph.kinds.len())?;
        let mut homes: Vec<Register> = (0..graph.kinds.len())
            .map(|name| argument + narrow(name))
            .collect();
        for (name, constant) in &graph.constants {
            homes[name.index()] = self.constant(*constant)?;
        }
        debug_assert_eq!(
            graph.blocks[0].parameters.len(),
            self.layouts.of(domain).slots()
        );
        let entry = self.here()?;
        let result = self.blocks(graph, homes, link, codomain)?;
        self.routines.push(Some(Routine {
            entry,
            argument,
            result,
            link,
        }));
        Ok(())
    }

    /// So many registers that nobody has yet; the first of them.
    fn registers(&mut self, count: usize) -> Result<Register, OverBudget> {
        let first = self.next;
        self.next += count;
        if self.next > REGISTERS {
            return Err(OverBudget);
        }
        Register::try_from(first).map_err(|_| OverBudget)
    }

    /// The register of a constant, one for the whole program.
    fn constant(&mut self, constant: Constant) -> Result<Register, OverBudget> {
        if let Some(register) = self.constants.get(&constant) {
            return Ok(*register);
        }
        let register = self.registers(1)?;
        self.constants.insert(constant, register);
        let word = match constant {
            Constant::Word(word) => word,
            Constant::Nothing => 0,
            Constant::Pool(index, number) => {
                let (id, value) = &self.verified.bytecode().pool[index as usize];
                let (mut words, mut containers) = (Vec::new(), Vec::new());
                let types = self.verified.types();
                self.layouts
                    .flatten(types, *id, value, &mut words, &mut containers);
                let container = containers[number as usize].expect("it is no empty room");
                self.containers.push(container.clone());
                i64::try_from(self.containers.len()).map_err(|_| OverBudget)?
            }
        };
        self.words.push((register, word));
        Ok(register)
    }

    fn place(&self, homes: &[Register], id: TypeId, slots: &[Use]) -> Place {
        let home = |name: Name| homes[name.index()];
        let (words, handles) = slots.split_at(self.layouts.of(id).words);
        let words = words.iter().map(|own| home(own.name)).collect();
        let handles = handles.iter().map(|own| (home(own.name), own.last));
        Place::new(self.verified.types(), id, words, handles.collect())
    }

    fn operand(&self, homes: &[Register], operand: &Operand) -> Place {
        self.place(homes, operand.id, &operand.slots)
    }

    fn site(&mut self, site: Site) -> Result<u32, OverBudget> {
        self.sites.push(site);
        u32::try_from(self.sites.len() - 1).map_err(|_| OverBudget)
    }

    fn cost(&mut self, cost: u64) -> Result<u32, OverBudget> {
        self.costs.push(cost);
        u32::try_from(self.costs.len() - 1).map_err(|_| OverBudget)
    }

    fn here(&self) -> Result<u32, OverBudget> {
        u32::try_from(self.ops.len()).map_err(|_| OverBudget)
    }
}

fn narrow(index: usize) -> Register {
    Register::try_from(index).expect("the registers of a function have been counted")
}
