//! What the names at the top of a file mean: types, constructors, functions and constants.

use std::collections::{BTreeMap, BTreeSet};

use cam::schema::ShapeId;

use super::Checker;
use super::sight::{Reading, Seen};
use super::types::{Form, Partial};
use crate::ast;
use crate::builtin;
use crate::problem::Problem;
use crate::problem::catalogue::{M107, T114, T115};
use crate::source::Span;

/// The top of a file.
#[derive(Default)]
pub(super) struct Names<'a> {
    pub(super) types: BTreeMap<String, Declared>,
    /// All variants that have a constructor of this name.
    pub(super) constructors: BTreeMap<String, Vec<ShapeId>>,
    /// Constructors of variants that were not declared because of a mistake.
    pub(super) broken: BTreeSet<String>,
    pub(super) functions: BTreeMap<String, usize>,
    pub(super) signatures: Vec<Signature<'a>>,
}

pub(super) struct Declared {
    /// Absent after a mistake.
    pub(super) shape: Option<ShapeId>,
    pub(super) span: Span,
}

/// What is known of a function or constant before its body is looked at.
pub(super) struct Signature<'a> {
    pub(super) name: &'a ast::Name,
    pub(super) item: Definition<'a>,
    pub(super) span: Span,
    pub(super) parameters: Vec<Partial>,
    pub(super) domain: Partial,
    pub(super) codomain: Partial,
}

#[derive(Clone, Copy)]
pub(super) enum Definition<'a> {
    Const(&'a ast::ConstItem),
    Function(&'a ast::Function),
}

impl Names<'_> {
    pub(super) fn variants_with(&self, constructor: &str) -> &[ShapeId] {
        self.constructors
            .get(constructor)
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn constructor_names(&self) -> impl Iterator<Item = &str> {
        self.constructors
            .keys()
            .map(String::as_str)
            .chain(["Some", "None", "Left", "Right"])
    }

    pub(super) fn is_broken(&self, constructor: &str) -> bool {
        self.broken.contains(constructor)
    }

    pub(super) fn type_names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    pub(super) fn function_names(&self) -> impl Iterator<Item = &str> {
        self.signatures
            .iter()
            .map(|signature| signature.name.text.as_str())
    }

    pub(super) fn shape_named(&self, name: &str) -> Option<ShapeId> {
        self.types.get(name).and_then(|declared| declared.shape)
    }
}

impl<'a> Checker<'a> {
    /// Enters all functions and constants with their types.
    pub(super) fn declare_functions(&mut self, module: &'a ast::Module) {
        for item in &module.items {
            let (name, definition) = match &item.kind {
                ast::ItemKind::Const(constant) => (&constant.name, Definition::Const(constant)),
                ast::ItemKind::Function(function) => {
                    (&function.name, Definition::Function(function))
                }
                ast::ItemKind::Type(_) | ast::ItemKind::Machine(_) | ast::ItemKind::Error => {
                    continue;
                }
            };
            if let Some(first) = self.names.functions.get(&name.text) {
                let first = self.names.signatures[*first].name.span;
                self.report_twice(&name.text, name.span, first);
            } else if builtin::is_taken(&name.text) {
                let title = format!("`{}` is a function of the language", name.text);
                let help = format!("choose another name, for example `my_{}`", name.text);
                self.report(Problem::new(T115, name.span, title).helping(help));
            }
            // One whose name is taken is known too: its calls mean it, and are no second mistake.
            let position = self.names.signatures.len();
            if !name.text.is_empty() {
                let known = self.names.functions.entry(name.text.clone());
                known.or_insert(position);
            }
            let signature = self.signature(name, definition, item.span);
            let seen = Seen::Function(self.names.signatures.len());
            self.see_definition(name.span, seen, Reading::None);
            self.names.signatures.push(signature);
        }
    }

    fn signature(
        &mut self,
        name: &'a ast::Name,
        item: Definition<'a>,
        span: Span,
    ) -> Signature<'a> {
        let (parameters, domain, codomain) = match item {
            Definition::Const(constant) => {
                let unit = self.types.unit();
                (Vec::new(), unit, self.resolve_partial(&constant.kind))
            }
            Definition::Function(function) => match &function.body {
                ast::FunctionBody::Pointful {
                    parameters, result, ..
                } => {
                    let parameters: Vec<Partial> = parameters
                        .iter()
                        .map(|field| self.resolve_partial(&field.kind))
                        .collect();
                    let domain = self.domain_of(&parameters);
                    (parameters, domain, self.resolve_partial(result))
                }
                ast::FunctionBody::PointFree { from, to, .. } => {
                    let domain = self.resolve_partial(from);
                    (vec![domain], domain, self.resolve_partial(to))
                }
            },
        };
        Signature {
            name,
            item,
            span,
            parameters,
            domain,
            codomain,
        }
    }

    /// What a function of these parameters starts from.
    pub(super) fn domain_of(&mut self, parameters: &[Partial]) -> Partial {
        match parameters {
            [one] => *one,
            _ => self.types.make(Form::Tuple(parameters.to_vec())),
        }
    }

    pub(super) fn report_twice(&mut self, name: &str, span: Span, first: Span) {
        let problem = Problem::new(T114, span, format!("`{name}` is defined twice"))
            .pointing_at(first, "first here")
            .helping("rename one of them");
        self.report(problem);
    }

    /// Where a type is declared.
    pub(super) fn declaration_of(&self, name: &str) -> Option<Span> {
        self.names.types.get(name).map(|declared| declared.span)
    }

    /// A context name cannot also be a field of the state: one of them would be out of reach.
    pub(super) fn report_hidden_field(&mut self, name: &str, span: Span) {
        let title = format!("`{name}` is a field of the state and also asked for after `with`");
        self.report(Problem::new(M107, span, title).helping("rename the field"));
    }
}
