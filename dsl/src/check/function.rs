//! Functions and constants: their bodies, and the order in which they can be computed.

use super::expression::{function_index, result_span};
use super::names::Definition;
use super::order::{through, used_first};
use super::sight::{Reading, Seen};
use super::{Checker, Frame};
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::{T108, T120};
use crate::source::Span;
use crate::typed::{Function, FunctionBody, FunctionIndex};

impl Checker<'_> {
    /// Checks all bodies, in the order of the source.
    pub(super) fn check_functions(&mut self) -> Vec<FunctionBody> {
        self.uses = vec![Vec::new(); self.names.signatures.len()];
        let count = self.names.signatures.len();
        let bodies = (0..count)
            .map(|function| self.within(Frame::default(), |checker| checker.function(function)))
            .collect();
        self.current = None;
        bodies
    }

    fn function(&mut self, function: usize) -> FunctionBody {
        self.current = Some(function);
        let signature = &self.names.signatures[function];
        let (item, domain, codomain) = (signature.item, signature.domain, signature.codomain);
        let parameters = signature.parameters.clone();
        match item {
            Definition::Const(constant) => FunctionBody::Expr {
                parameters: Vec::new(),
                body: self.check(&constant.value, codomain),
            },
            Definition::Function(ast::Function {
                body: ast::FunctionBody::PointFree { arrow, .. },
                ..
            }) => {
                let arrow_id = self.closed_arrow(arrow, domain, Some(codomain));
                self.enforce_at(arrow.span, self.draft.codomain(arrow_id), codomain);
                FunctionBody::Arrow(arrow_id)
            }
            Definition::Function(ast::Function {
                body:
                    ast::FunctionBody::Pointful {
                        parameters: written,
                        block,
                        ..
                    },
                ..
            }) => {
                let mark = self.scope.mark();
                let mut locals = Vec::new();
                for (field, kind) in written.iter().zip(parameters) {
                    let is_named = !matches!(field.name.text.as_str(), "" | "_");
                    if is_named && let Some(first) = self.scope.place_since(&field.name.text, mark)
                    {
                        let title = format!("the parameter `{}` is there twice", field.name.text);
                        let problem = Problem::new(T108, field.name.span, title)
                            .pointing_at(first, "first here");
                        self.report(problem.helping("rename one of them"));
                    }
                    let local = self
                        .scope
                        .bind(&field.name.text, kind, field.name.span, false);
                    let reading = Reading::Value(kind);
                    self.see_definition(field.name.span, Seen::Local(local), reading);
                    locals.push(local);
                }
                let wanted = codomain;
                let body = self.block(block, Some(wanted));
                let found = self.draft.type_of(body);
                self.enforce_at(result_span(&block.result), found, wanted);
                // A parameter nobody uses may be there for the callers' sake, so it is no warning.
                self.scope.leave(mark);
                FunctionBody::Expr {
                    parameters: locals,
                    body,
                }
            }
        }
    }

    /// Functions in an order in which used ones come first, and where each went; reports every circle.
    pub(super) fn order_functions(&mut self) -> (Vec<usize>, Vec<FunctionIndex>) {
        let (order, circles) = used_first(&self.uses);
        for circle in circles {
            let problem = self.circular(&circle.nodes, circle.at);
            self.report(problem);
        }
        let mut places = vec![FunctionIndex(0); order.len()];
        for (place, function) in order.iter().enumerate() {
            places[*function] = function_index(place);
        }
        (order, places)
    }

    fn circular(&self, nodes: &[usize], at: Span) -> Problem {
        let signature = |node: &usize| &self.names.signatures[*node];
        let names: Vec<&str> = nodes
            .iter()
            .map(|node| signature(node).name.text.as_str())
            .collect();
        let is_const = nodes
            .iter()
            .all(|node| matches!(signature(node).item, Definition::Const(_)));
        let verb = if is_const { "needs" } else { "calls" };
        let title = match names.as_slice() {
            [first, rest @ ..] if !rest.is_empty() => {
                format!("`{first}` {verb} itself, {}", through(rest))
            }
            names => format!("`{}` {verb} itself", names.concat()),
        };
        let problem = Problem::new(T120, at, title).saying("here");
        if is_const {
            return problem.helping("give one of them a value of its own");
        }
        problem
            .noting("every program must end, so functions cannot be recursive")
            .helping("fold over a list or a map: `fold(list, start, fn(so_far, item) => …)`")
    }

    /// The functions in their final order, if all their shapes are known.
    pub(super) fn finish_functions(
        &mut self,
        bodies: Vec<FunctionBody>,
        order: &[usize],
    ) -> Option<Vec<Function>> {
        let mut bodies: Vec<Option<FunctionBody>> = bodies.into_iter().map(Some).collect();
        let mut functions = Vec::new();
        for function in order {
            let signature = &self.names.signatures[*function];
            let (domain, codomain) = (signature.domain, signature.codomain);
            let (name, span) = (signature.name.text.as_str().into(), signature.span);
            let body = bodies[*function].take()?;
            let (domain, codomain) = (self.types.shape(domain)?, self.types.shape(codomain)?);
            functions.push(Function {
                name,
                domain,
                codomain,
                body,
                span,
            });
        }
        Some(functions)
    }
}
