//! What an arrow does besides giving a value: whether it may stop the step, looks at the state, or changes it.
//!
//! A handler that changes nothing is a **query**: whoever may only look may ask it. Only on arrows without any of
//! the three do all laws of a category with products and sums hold, so that they may be dropped, doubled or moved.

use std::collections::BTreeSet;
use std::fmt;

use cam::schema::{Name, Shape};

use crate::source::Span;
use crate::translate::{Deeds, deeds_of_arrow, deeds_of_clause, deeds_of_expr};
use crate::typed::{ArrowId, ArrowKind, FunctionBody, Machine, PatternId, PatternKind, Step};

/// What an arrow does besides giving a value.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Flags {
    /// It may stop the step: an overflow, a division by zero, too long a range, a place that is not there. What any
    /// program may run out of, fuel and room, is not meant.
    pub faults: bool,
    /// It looks at the state.
    pub reads: bool,
    /// It changes the state.
    pub writes: bool,
}

impl Flags {
    /// Whether it does nothing but give a value.
    #[must_use]
    pub fn is_pure(self) -> bool {
        self == Flags::default()
    }

    fn or(self, other: Flags) -> Flags {
        Flags {
            faults: self.faults || other.faults,
            reads: self.reads || other.reads,
            writes: self.writes || other.writes,
        }
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_pure() {
            return f.write_str("pure");
        }
        let words = [
            (self.faults, "faults"),
            (self.reads, "reads"),
            (self.writes, "writes"),
        ];
        let words: Vec<&str> = words
            .into_iter()
            .filter(|(is_so, _)| *is_so)
            .map(|(_, word)| word)
            .collect();
        f.write_str(&words.join(" "))
    }
}

/// A function or constant with its flags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionFlags {
    /// Its name.
    pub name: Name,
    /// What it does.
    pub flags: Flags,
    /// The whole definition.
    pub span: Span,
}

/// A clause, or an arm of a point-free step, with its flags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandlerFlags {
    /// The constructors of the input it is for; none if it takes them all.
    pub inputs: Vec<Name>,
    /// What it does.
    pub flags: Flags,
    /// Where it is written.
    pub span: Span,
}

impl HandlerFlags {
    /// Whether it is proved to change nothing.
    #[must_use]
    pub fn is_query(&self) -> bool {
        !self.flags.writes
    }
}

/// The flags of all that a machine has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MachineFlags {
    /// Functions and constants; one that calls another stands after it.
    pub functions: Vec<FunctionFlags>,
    /// In the order in which they are tried.
    pub handlers: Vec<HandlerFlags>,
}

/// The flags of a machine, in time linear in its terms.
pub(crate) fn flags(machine: &Machine) -> MachineFlags {
    let mut reader = Reader {
        machine,
        functions: Vec::with_capacity(machine.functions.len()),
    };
    for function in &machine.functions {
        let deeds = match &function.body {
            FunctionBody::Expr { body, .. } => deeds_of_expr(&machine.terms, *body),
            FunctionBody::Arrow(arrow) => deeds_of_arrow(&machine.terms, *arrow),
        };
        let flags = reader.judged(&deeds);
        reader.functions.push(FunctionFlags {
            name: Name::clone(&function.name),
            flags,
            span: function.span,
        });
    }
    let handlers = match &machine.step {
        Step::Arrow(arrow) => reader.step(*arrow),
        Step::Clauses(clauses) => clauses
            .iter()
            .map(|clause| {
                let deeds = deeds_of_clause(&machine.terms, clause);
                let mut flags = reader.judged(&deeds);
                let looks = !matches!(machine.terms.pattern(clause.state).kind, PatternKind::Any);
                flags.reads |= looks || deeds.reads_local(clause.entry);
                flags.writes |= deeds.leaves_other(clause.entry);
                HandlerFlags {
                    inputs: reader.inputs(clause.input).into_iter().collect(),
                    flags,
                    span: clause.span,
                }
            })
            .collect(),
    };
    MachineFlags {
        functions: reader.functions,
        handlers,
    }
}

struct Reader<'m> {
    machine: &'m Machine,
    /// As far as they are known: what a function calls stands before it.
    functions: Vec<FunctionFlags>,
}

impl Reader<'_> {
    fn judged(&self, deeds: &Deeds) -> Flags {
        let own = Flags {
            faults: deeds.faults,
            reads: deeds.gets,
            writes: deeds.puts,
        };
        let called = deeds.calls.iter();
        called
            .filter_map(|function| self.functions.get(function.index()))
            .fold(own, |flags, called| flags.or(called.flags))
    }

    /// The arms of a step that is a `case`, or the whole of it.
    fn step(&self, arrow: ArrowId) -> Vec<HandlerFlags> {
        let terms = &self.machine.terms;
        let handler = |inputs, arrow| HandlerFlags {
            inputs,
            flags: self.judged(&deeds_of_arrow(terms, arrow)),
            span: terms.arrow(arrow).span,
        };
        match (
            &terms.arrow(arrow).kind,
            self.machine.shapes.get(self.machine.input),
        ) {
            (ArrowKind::Case(arms), Shape::Variant(_, constructors)) => arms
                .iter()
                .zip(constructors)
                .map(|(arm, (name, _))| handler(vec![Name::clone(name)], *arm))
                .collect(),
            _ => vec![handler(Vec::new(), arrow)],
        }
    }

    /// The constructors that a pattern of inputs asks for.
    fn inputs(&self, pattern: PatternId) -> BTreeSet<Name> {
        let Shape::Variant(_, constructors) = self.machine.shapes.get(self.machine.input) else {
            return BTreeSet::new();
        };
        match &self.machine.terms.pattern(pattern).kind {
            PatternKind::Constructor { constructor, .. } => constructors
                .get(*constructor)
                .map(|(name, _)| Name::clone(name))
                .into_iter()
                .collect(),
            PatternKind::Alternatives(parts) => {
                parts.iter().flat_map(|part| self.inputs(*part)).collect()
            }
            _ => BTreeSet::new(),
        }
    }
}
