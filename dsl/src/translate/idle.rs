//! What need not be computed: a value that nobody looks at and that cannot stop the step.
//!
//! A value that may stop is computed although nobody looks at it, since the source says that the step stops there.

use std::collections::BTreeSet;

use super::free::used;
use super::{Deeds, Translator, deeds_of_arrow, deeds_of_expr};
use crate::typed::{ExprId, FunctionBody, Local, Machine, PatternId, PatternKind};

/// What a whole machine says about it, found when it is first asked for.
pub(super) struct Idle {
    /// The locals that something looks at.
    used: BTreeSet<Local>,
    /// The functions, by position, that do nothing but give a value.
    quiet: Vec<bool>,
}

impl Idle {
    fn new(machine: &Machine) -> Idle {
        let mut idle = Idle {
            used: used(machine),
            quiet: Vec::with_capacity(machine.functions.len()),
        };
        for function in &machine.functions {
            let deeds = match &function.body {
                FunctionBody::Expr { body, .. } => deeds_of_expr(&machine.terms, *body),
                FunctionBody::Arrow(arrow) => deeds_of_arrow(&machine.terms, *arrow),
            };
            let is_quiet = idle.is_quiet(&deeds);
            idle.quiet.push(is_quiet);
        }
        idle
    }

    /// A function calls those before it, and no others.
    fn is_quiet(&self, deeds: &Deeds) -> bool {
        let called = |index: usize| self.quiet.get(index).copied().unwrap_or(false);
        !(deeds.faults || deeds.applies || deeds.gets || deeds.puts)
            && deeds.calls.iter().all(|function| called(function.index()))
    }
}

impl Translator<'_> {
    /// Whether a value may be left out that a plain pattern names.
    pub(super) fn is_idle(&mut self, pattern: PatternId, value: ExprId) -> bool {
        let machine = self.machine;
        let idle = self.idle.get_or_insert_with(|| Idle::new(machine));
        let mut todo = vec![pattern];
        while let Some(pattern) = todo.pop() {
            match &machine.terms.pattern(pattern).kind {
                PatternKind::Bind(local) if idle.used.contains(local) => return false,
                PatternKind::Product(parts) => todo.extend(parts),
                _ => {}
            }
        }
        idle.is_quiet(&deeds_of_expr(&machine.terms, value))
    }
}
