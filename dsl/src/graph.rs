//! A machine as a picture: which input leads from which state to which, and which clause takes each pair.

mod svg;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use cam::schema::{Name, Shape, ShapeId};

use crate::ast::{ItemKind, MemberKind, TypeBody};
use crate::compile::Compiled;
use crate::cost::head;
use crate::flow::{self, Taking, Target};
use crate::parse;
use crate::source::{Source, Span};
use crate::typed::{Clause, Machine, Step};

/// States, inputs, and what happens where they meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The machine's name.
    pub machine: Name,
    /// The constructors of the state; one state, named after the machine, if its type has none.
    pub states: Vec<String>,
    /// The constructors of the input.
    pub inputs: Vec<String>,
    /// The clauses, in the order of the source.
    pub clauses: Vec<ClauseText>,
    /// For each input, for each state, what takes them.
    pub cells: Vec<Vec<Cell>>,
    /// The states that the machine can begin in.
    pub first: Vec<usize>,
}

/// A clause as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseText {
    /// `Unlock(_) in Locked { tries } if tries < 3`
    pub head: String,
    /// The line it begins on.
    pub line: usize,
    /// Whether it takes any input: `on _ => …`.
    pub is_catch_all: bool,
}

/// What takes one input in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The clauses that may, in order; the last one surely does.
    pub clauses: Vec<usize>,
    /// The states that follow, with the one it was in where nothing changes.
    pub next: BTreeSet<usize>,
    /// Whether any state may follow.
    pub is_open: bool,
}

/// The graph of a compiled source.
#[must_use]
pub fn graph(source: &Source, compiled: &Compiled) -> Graph {
    let machine = compiled.machine();
    let states = constructors(machine, machine.state);
    let inputs = constructors(machine, machine.input).unwrap_or(vec!["input".to_owned()]);
    let names = states.clone().unwrap_or(vec![machine.name.to_string()]);
    let clauses: &[Clause] = match &machine.step {
        Step::Clauses(clauses) => clauses,
        Step::Arrow(_) => &[],
    };
    let is_variant = |shape| constructors(machine, shape).is_some();
    let number = |shape, number| is_variant(shape).then_some(number);
    let row = |input| {
        let cell = |state| {
            let pair = (number(machine.input, input), number(machine.state, state));
            cell(machine, clauses, pair, names.len())
        };
        (0..names.len()).map(cell).collect()
    };
    let graph = Graph {
        machine: machine.name.clone(),
        cells: (0..inputs.len()).map(row).collect(),
        clauses: clauses
            .iter()
            .map(|clause| text(source, machine, clause))
            .collect(),
        first: first(machine, names.len()),
        states: names,
        inputs,
    };
    graph.in_source_order(source)
}

fn constructors(machine: &Machine, shape: ShapeId) -> Option<Vec<String>> {
    match machine.shapes.get(shape) {
        Shape::Variant(_, constructors) => Some(
            constructors
                .iter()
                .map(|(name, _)| name.to_string())
                .collect(),
        ),
        _ => None,
    }
}

fn first(machine: &Machine, states: usize) -> Vec<usize> {
    let targets = flow::of_value(machine, machine.init);
    let mut first = BTreeSet::new();
    for target in targets {
        match target {
            Target::Constructor(state) => first.extend([state]),
            Target::Same => {}
            Target::Any if states == 1 => first.extend([0]),
            Target::Any => {}
        }
    }
    first.into_iter().collect()
}

fn cell(
    machine: &Machine,
    clauses: &[Clause],
    (input, state): (Option<usize>, Option<usize>),
    states: usize,
) -> Cell {
    let mut cell = Cell {
        clauses: Vec::new(),
        next: BTreeSet::new(),
        is_open: clauses.is_empty() && states > 1,
    };
    for (number, clause) in clauses.iter().enumerate() {
        let of_input = flow::taking(machine, clause.input, input);
        let of_state = flow::taking(machine, clause.state, state);
        if of_input.min(of_state) == Taking::Never {
            continue;
        }
        cell.clauses.push(number);
        for target in flow::targets(machine, clause) {
            match target {
                Target::Same => cell.next.extend([state.unwrap_or(0)]),
                Target::Constructor(next) => cell.next.extend([next]),
                Target::Any if states == 1 => cell.next.extend([0]),
                Target::Any => cell.is_open = true,
            }
        }
        if of_input.min(of_state) == Taking::Always && clause.guard.is_none() {
            break;
        }
    }
    cell
}

fn text(source: &Source, machine: &Machine, clause: &Clause) -> ClauseText {
    ClauseText {
        head: one_line(source, head(machine, clause)),
        line: source.position(clause.span.start).line,
        is_catch_all: flow::is_catch_all(&machine.terms, clause.input),
    }
}

/// A piece of source on one line.
pub(crate) fn one_line(source: &Source, span: Span) -> String {
    let words: Vec<&str> = source.slice(span).split_whitespace().collect();
    words.join(" ")
}

/// The places of `names` in the order in which `written` has them; what is not there comes last.
fn order(names: &[String], written: &[String]) -> Vec<usize> {
    let rank = |place: &usize| written.iter().position(|name| *name == names[*place]);
    let mut places: Vec<usize> = (0..names.len()).collect();
    places.sort_by_key(|place| (rank(place).is_none(), rank(place)));
    places
}

/// The constructors that a file declares, in its order.
fn declared(source: &Source) -> Vec<String> {
    let (module, _) = parse::module(source);
    let mut bodies = Vec::new();
    for item in &module.items {
        match &item.kind {
            ItemKind::Type(item) => bodies.push(&item.body),
            ItemKind::Machine(machine) => {
                bodies.extend(
                    machine
                        .members
                        .iter()
                        .filter_map(|member| match &member.kind {
                            MemberKind::Input(body) | MemberKind::State(body) => Some(body),
                            _ => None,
                        }),
                );
            }
            ItemKind::Const(_) | ItemKind::Function(_) | ItemKind::Error => {}
        }
    }
    let variants = bodies.into_iter().filter_map(|body| match body {
        TypeBody::Variant(variant) => Some(&variant.constructors),
        TypeBody::Type(_) => None,
    });
    let names = variants
        .flatten()
        .map(|constructor| constructor.name.text.clone());
    names.collect()
}

impl Graph {
    /// States and inputs in the order of the source; a schema has them in the order of their names.
    fn in_source_order(self, source: &Source) -> Graph {
        let written = declared(source);
        let states = order(&self.states, &written);
        let inputs = order(&self.inputs, &written);
        let moved = |state: &usize| states.iter().position(|old| old == state).unwrap_or(*state);
        let cell = |input: usize, state: usize| {
            let cell = &self.cells[input][state];
            Cell {
                clauses: cell.clauses.clone(),
                next: cell.next.iter().map(moved).collect(),
                is_open: cell.is_open,
            }
        };
        let row = |input: &usize| states.iter().map(|state| cell(*input, *state)).collect();
        Graph {
            cells: inputs.iter().map(row).collect(),
            first: self.first.iter().map(moved).collect(),
            states: states
                .iter()
                .map(|place| self.states[*place].clone())
                .collect(),
            inputs: inputs
                .iter()
                .map(|place| self.inputs[*place].clone())
                .collect(),
            machine: self.machine,
            clauses: self.clauses,
        }
    }

    /// Whether a catch-all takes an input in a state, so that nobody decided about the two.
    #[must_use]
    pub fn is_caught(&self, input: usize, state: usize) -> bool {
        let last = self.cells[input][state].clauses.last();
        last.is_some_and(|clause| self.clauses[*clause].is_catch_all)
    }

    /// The inputs that lead from one state to another, by the pair; `None` is any state.
    #[must_use]
    pub fn edges(&self) -> BTreeMap<(usize, Option<usize>), Vec<&str>> {
        let mut edges: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for (input, row) in self.inputs.iter().zip(&self.cells) {
            for (state, cell) in row.iter().enumerate() {
                let to = cell.next.iter().map(|next| Some(*next));
                let any = cell.is_open.then_some(None);
                for next in to.chain(any) {
                    // Staying where nothing changes is no news: the table shows it.
                    if next != Some(state) || self.states.len() == 1 {
                        edges.entry((state, next)).or_default().push(input);
                    }
                }
            }
        }
        edges
    }

    /// For Mermaid, which many forges and editors draw.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut text = "stateDiagram-v2\n".to_owned();
        for state in &self.first {
            let _ = writeln!(text, "  [*] --> {}", self.states[*state]);
        }
        for ((from, to), inputs) in self.edges() {
            let to = to.map_or("any", |to| &self.states[to]);
            let _ = writeln!(
                text,
                "  {} --> {to}: {}",
                self.states[from],
                inputs.join(", ")
            );
        }
        text
    }

    /// For Graphviz.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut text = format!(
            "digraph {} {{\n  rankdir=LR\n  node [shape=box]\n",
            self.machine
        );
        for (number, state) in self.states.iter().enumerate() {
            let style = if self.first.contains(&number) {
                " [peripheries=2]"
            } else {
                ""
            };
            let _ = writeln!(text, "  {state}{style}");
        }
        for ((from, to), inputs) in self.edges() {
            let to = to.map_or("any", |to| &self.states[to]);
            let label = inputs.join("\\n");
            let _ = writeln!(text, "  {} -> {to} [label=\"{label}\"]", self.states[from]);
        }
        text + "}\n"
    }

    /// A picture that any browser shows.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::drawn(self)
    }
}
