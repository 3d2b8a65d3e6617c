//! Combinators as text: what a function is once names are gone.

use cam::combinator::{Arrow, Combinator, Combinators, Draft, FunctionId};
use cam::value::Value;

use crate::translate;
use crate::typed::Machine;
use crate::value;

/// Letters of a listing; a large machine has more than anyone reads.
const LETTERS_MAX: usize = 20_000;

/// A function of the machine in combinators.
pub(super) fn function(machine: &Machine, name: &str) -> Option<String> {
    let combinators = translate::machine(machine).ok()?;
    let draft = draft(&combinators);
    let found = draft
        .functions()
        .iter()
        .find(|function| function.name == name)?;
    let mut printer = Printer {
        draft,
        text: String::new(),
    };
    printer.arrow(found.arrow);
    Some(printer.text)
}

/// The names of the functions, those without a name of their own left out.
pub(super) fn names(machine: &Machine) -> Vec<String> {
    let Ok(combinators) = translate::machine(machine) else {
        return Vec::new();
    };
    let functions = draft(&combinators).functions().iter();
    functions.map(|function| function.name.clone()).collect()
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
