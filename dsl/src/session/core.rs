//! Combinators as text: what a function is once names are gone.

use cam::combinator::{Arrow, Combinator, Combinators, Draft, FunctionId};
use cam::schema::Shape;
use cam::value::Value;

use crate::flow::{Taking, taking};
use crate::translate;
use crate::typed::{Clause, FunctionBody, Machine, Step};
use crate::value;

/// Letters of a listing; a large machine has more than anyone reads.
const LETTERS_MAX: usize = 20_000;

/// What a name of the machine is in combinators: a function, the step, a constant, or what takes an input.
pub(super) fn function(machine: &Machine, name: &str) -> Option<String> {
    if let Some(only) = for_input(machine, name) {
        return listing(&translate::machine(&only).ok()?, "step");
    }
    let found = listing(&translate::machine(machine).ok()?, name);
    found.or_else(|| {
        // What nobody calls is not in the machine.
        let mut functions = machine.functions.iter();
        let function = functions.find(|function| *function.name == *name)?;
        match &function.body {
            FunctionBody::Expr { parameters, body } if parameters.is_empty() => {
                let program = translate::expression(machine, None, *body).ok()?;
                listing(&program, "expression")
            }
            _ => None,
        }
    })
}

/// The machine with the clauses only that may take an input. What they leave out is never asked.
fn for_input(machine: &Machine, name: &str) -> Option<Machine> {
    let number = constructors(machine).position(|constructor| constructor == name)?;
    let Step::Clauses(clauses) = &machine.step else {
        return None;
    };
    let taken = |clause: &&Clause| taking(machine, clause.input, Some(number)) != Taking::Never;
    let clauses = clauses.iter().filter(taken).cloned().collect();
    Some(Machine {
        step: Step::Clauses(clauses),
        ..machine.clone()
    })
}

/// The inputs of a machine, if they have names.
fn constructors(machine: &Machine) -> impl Iterator<Item = &str> {
    let constructors = match machine.shapes.get(machine.input) {
        Shape::Variant(_, constructors) => &constructors[..],
        _ => &[],
    };
    constructors.iter().map(|(name, _)| &**name)
}

fn listing(combinators: &Combinators, name: &str) -> Option<String> {
    let draft = draft(combinators);
    let mut functions = draft.functions().iter();
    let found = functions.find(|function| function.name == name)?;
    let mut printer = Printer {
        draft,
        text: String::new(),
    };
    printer.arrow(found.arrow);
    Some(printer.text)
}

/// The names that [`function`] knows.
pub(super) fn names(machine: &Machine) -> Vec<String> {
    let Ok(combinators) = translate::machine(machine) else {
        return Vec::new();
    };
    let functions = draft(&combinators).functions().iter();
    let mut names: Vec<String> = functions.map(|function| function.name.clone()).collect();
    let own = machine.functions.iter().filter(|function| {
        matches!(&function.body, FunctionBody::Expr { parameters, .. } if parameters.is_empty())
    });
    for function in own {
        if !names.iter().any(|name| **name == *function.name) {
            names.push(function.name.to_string());
        }
    }
    if matches!(machine.step, Step::Clauses(_)) {
        names.extend(constructors(machine).map(str::to_owned));
    }
    names
}

fn draft(combinators: &Combinators) -> &Draft {
    &combinators.draft
}

struct Printer<'a> {
    draft: &'a Draft,
    text: String,
}

impl Printer<'_> {
    /// Recursion is bounded by the depth that the abstract machine allows combinators.
    fn arrow(&mut self, arrow: Arrow) {
        if self.text.len() > LETTERS_MAX {
            return self.text.push('…');
        }
        let node = self.draft.node(arrow);
        match &node.combinator {
            Combinator::Identity => self.text.push_str("id"),
            Combinator::Compose(f, g) => {
                self.arrow(*f);
                self.text.push_str(" ; ");
                self.arrow(*g);
            }
            Combinator::Tuple(parts) => self.list("⟨", parts, "⟩"),
            Combinator::Case(parts) => self.list("[", parts, "]"),
            Combinator::Project(index) => self.text.push_str(&format!("π{index}")),
            Combinator::Replace(index) => self.text.push_str(&format!("with{index}")),
            Combinator::Inject(index) => self.text.push_str(&format!("ι{index}")),
            Combinator::Constant(value) => self.constant(value),
            Combinator::Call(function) => self.call("", *function),
            Combinator::Apply(operation) => {
                self.text.push_str(&format!("{operation:?}").to_lowercase())
            }
            Combinator::FoldList(function) | Combinator::FoldMap(function) => {
                self.call("fold ", *function);
            }
            Combinator::MapList(function) | Combinator::MapMap(function) => {
                self.call("map ", *function)
            }
            Combinator::FilterMap(function) => self.call("filter ", *function),
            Combinator::Iterate(function) => self.call("iterate ", *function),
            Combinator::Curry(function) => self.call("curry ", *function),
            Combinator::Evaluate => self.text.push_str("eval"),
            Combinator::Abort => self.text.push_str("abort"),
            Combinator::Get => self.text.push_str("get"),
            Combinator::Put => self.text.push_str("put"),
        }
    }

    fn constant(&mut self, value: &Value) {
        self.text.push('!');
        match value {
            Value::Int(number) => self.text.push_str(&number.to_string()),
            Value::Text(text) => value::quote(&mut self.text, text),
            Value::Product(parts) if parts.is_empty() => self.text.push_str("()"),
            _ => self.text.push('k'),
        }
    }

    fn call(&mut self, word: &str, function: FunctionId) {
        self.text.push_str(word);
        if let Some(function) = self.draft.functions().get(function.index()) {
            self.text.push_str(&function.name);
        }
    }

    fn list(&mut self, open: &str, parts: &[Arrow], close: &str) {
        self.text.push_str(open);
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                self.text.push_str(", ");
            }
            self.arrow(*part);
        }
        self.text.push_str(close);
    }
}
