//! Calls, and the functions that are given to built-in ones.

use super::expression::function_index;
use super::names::Definition;
use super::order::Edge;
use super::sight::{Reading, Seen};
use super::types::{Form, Partial};
use super::{Checker, messages};
use crate::ast;
use crate::builtin::{self, Entry};
use crate::problem::Problem;
use crate::problem::catalogue::{T109, T110};
use crate::source::Span;
use crate::typed::{ExprId, ExprKind, Local, PatternId, PatternKind};

/// An argument of a call.
#[derive(Clone, Copy)]
pub(super) enum Given<'g> {
    Written(&'g ast::Argument),
    Value(&'g ast::Expr),
    /// Checked already.
    Done(ExprId),
}

/// A function given as an argument: what it names and what it computes.
#[derive(Clone)]
pub(super) struct Callback {
    pub(super) patterns: Vec<PatternId>,
    pub(super) body: ExprId,
}

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        name: &ast::Name,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        if let Some(applied) = self.template_call(&name.text, given, span) {
            return applied;
        }
        self.wish_value(name.span, hint);
        if let Some(place) = self.scope.place(&name.text) {
            let title = format!("`{}` is a value here, not a function", name.text);
            let problem = Problem::new(T110, name.span, title).pointing_at(place, "named here");
            self.report(problem.helping("rename it if you mean the function"));
            return self.look_at(given, span);
        }
        if let Some(function) = self.names.functions.get(&name.text).copied() {
            self.see(name.span, Seen::Function(function), Reading::None);
            return self.call_function(function, name, given, span);
        }
        if let Some(entry) = builtin::find(&name.text) {
            self.see(name.span, Seen::Builtin(entry.name), Reading::None);
            if !entry.takes(given.len()) {
                let title = built_in_title(entry, given.len());
                self.report(
                    Problem::new(T109, span, title)
                        .helping(format!("write it like `{}`", entry.usage)),
                );
                return self.look_at(given, span);
            }
            return self.builtin(entry, given, hint, span);
        }
        self.report_unknown_function(name, hint);
        self.look_at(given, span)
    }

    fn report_unknown_function(&mut self, name: &ast::Name, hint: Option<Partial>) {
        let builtins = builtin::TABLE.iter().map(|entry| entry.name);
        let known = self.comparable(self.names.function_names().chain(builtins));
        let problem = self.unknown_name("function", &name.text, name.span, &known);
        let problem = self.or_constructor(problem, name, hint);
        self.report(problem);
    }

    /// Looks for mistakes inside arguments nobody asked for.
    pub(super) fn look_at(&mut self, given: &[Given<'_>], span: Span) -> ExprId {
        for argument in given.iter().copied() {
            if let Given::Written(ast::Argument::Value(value)) | Given::Value(value) = argument
                && !matches!(value.kind, ast::ExprKind::Name(_))
            {
                self.infer(value);
            }
        }
        self.unknown(span)
    }

    /// Remembers that the function that is being checked uses another.
    pub(super) fn use_function(&mut self, function: usize, at: Span) {
        match self.current {
            Some(current) => self.uses[current].push(Edge { to: function, at }),
            None => _ = self.roots.insert(function),
        }
    }

    fn call_function(
        &mut self,
        function: usize,
        name: &ast::Name,
        given: &[Given<'_>],
        span: Span,
    ) -> ExprId {
        self.use_function(function, name.span);
        let signature = &self.names.signatures[function];
        let (parameters, codomain) = (signature.parameters.clone(), signature.codomain);
        if matches!(signature.item, Definition::Const(_)) {
            let title = format!("`{}` is a constant, not a function", name.text);
            self.report(
                Problem::new(T110, name.span, title)
                    .helping(format!("write `{}` alone", name.text)),
            );
            return self.look_at(given, span);
        }
        let is_point_free = matches!(
            signature.item,
            Definition::Function(ast::Function {
                body: ast::FunctionBody::PointFree { .. },
                ..
            })
        );
        let arguments = match (parameters.as_slice(), parameters.len() == given.len()) {
            (_, true) => self.arguments(given, &parameters),
            ([domain], false) if is_point_free && self.is_tuple_of(*domain, given.len()) => {
                vec![self.tupled(given, *domain, span)]
            }
            _ => {
                self.report_argument_count(function, &parameters, given.len(), span);
                self.look_at(given, span);
                return self.draft.expr(ExprKind::Tuple(Vec::new()), codomain, span);
            }
        };
        self.draft.expr(
            ExprKind::Call {
                function: function_index(function),
                arguments,
            },
            codomain,
            span,
        )
    }

    fn arguments(&mut self, given: &[Given<'_>], wanted: &[Partial]) -> Vec<ExprId> {
        given
            .iter()
            .zip(wanted)
            .map(|(value, wanted)| self.argument(*value, *wanted))
            .collect()
    }

    fn is_tuple_of(&mut self, partial: Partial, count: usize) -> bool {
        matches!(self.types.form(partial), Form::Tuple(parts) if parts.len() == count)
    }

    /// The arguments of a point-free function, which takes one value, as that value.
    fn tupled(&mut self, given: &[Given<'_>], domain: Partial, span: Span) -> ExprId {
        let parts = match self.types.form(domain) {
            Form::Tuple(parts) => parts,
            _ => Vec::new(),
        };
        let values = self.arguments(given, &parts);
        self.draft.expr(ExprKind::Tuple(values), domain, span)
    }

    fn report_argument_count(
        &mut self,
        function: usize,
        parameters: &[Partial],
        given: usize,
        span: Span,
    ) {
        let kinds: Vec<String> = parameters
            .iter()
            .map(|kind| self.types.describe(*kind))
            .collect();
        let signature = &self.names.signatures[function];
        // How many there are meant to be is not known where one did not parse.
        if has_lost_parameter(signature.item) {
            return;
        }
        let name = signature.name;
        let problem = Problem::new(T109, span, count_title(&name.text, parameters.len(), given))
            .pointing_at(name.span, "defined here")
            .helping(format!(
                "it is called like `{}({})`",
                name.text,
                kinds.join(", ")
            ));
        self.report(problem);
    }

    /// An argument that must be a value of this type.
    pub(super) fn argument(&mut self, given: Given<'_>, wanted: Partial) -> ExprId {
        let value = self.argument_like(given, Some(wanted));
        self.enforce(value, wanted);
        value
    }

    /// An argument that must be a value.
    pub(super) fn argument_like(&mut self, given: Given<'_>, hint: Option<Partial>) -> ExprId {
        match given {
            Given::Value(value) | Given::Written(ast::Argument::Value(value)) => {
                self.hinted(value, hint)
            }
            Given::Done(value) => value,
            Given::Written(ast::Argument::Lambda(_) | ast::Argument::Arrow(_)) => {
                let span = self.given_span(given);
                let problem = Problem::new(T110, span, "a function is not a value");
                let help = "only built-in functions such as `fold` and `map` take functions; give this one a value";
                self.report(problem.helping(help));
                self.unknown(span)
            }
        }
    }

    pub(super) fn given_span(&self, given: Given<'_>) -> Span {
        match given {
            Given::Written(argument) => argument.span(),
            Given::Value(value) => value.span,
            Given::Done(value) => self.draft.span_of(value),
        }
    }

    pub(super) fn pipe(
        &mut self,
        value: &ast::Expr,
        function: &ast::Expr,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        match &function.kind {
            ast::ExprKind::Name(name) => self.call(name, &[Given::Value(value)], hint, span),
            ast::ExprKind::Call {
                function,
                arguments,
            } => {
                let given: Vec<Given<'_>> = std::iter::once(Given::Value(value))
                    .chain(arguments.iter().map(Given::Written))
                    .collect();
                self.call(function, &given, hint, span)
            }
            ast::ExprKind::Constructor {
                constructor,
                payload,
            } => {
                let Some(found) = self.find_constructor(constructor, hint) else {
                    self.infer(value);
                    return self.unknown(span);
                };
                let rest = match payload {
                    ast::ExprPayload::Tuple(parts) => parts.as_slice(),
                    ast::ExprPayload::None | ast::ExprPayload::Record(_) => &[],
                };
                let parts: Vec<&ast::Expr> = std::iter::once(value).chain(rest).collect();
                let payload = self.tuple_payload(constructor, &parts, found.payload, span);
                self.draft.expr(
                    ExprKind::Inject {
                        constructor: found.index,
                        payload,
                    },
                    found.variant,
                    span,
                )
            }
            _ => {
                self.infer(value);
                self.unknown(span)
            }
        }
    }

    /// A function argument that takes these parameters. The hint is for its result.
    pub(super) fn callback(
        &mut self,
        given: Given<'_>,
        parameters: &[Partial],
        hint: Option<Partial>,
    ) -> Callback {
        match given {
            Given::Written(ast::Argument::Lambda(lambda)) => self.lambda(lambda, parameters, hint),
            Given::Written(ast::Argument::Arrow(arrow)) => {
                self.arrow_callback(arrow, parameters, hint)
            }
            Given::Written(ast::Argument::Value(value)) | Given::Value(value) => {
                self.named_callback(value, parameters, hint)
            }
            Given::Done(value) => self.no_callback(self.draft.span_of(value), parameters),
        }
    }

    fn arrow_callback(
        &mut self,
        arrow: &ast::Arrow,
        parameters: &[Partial],
        hint: Option<Partial>,
    ) -> Callback {
        let span = arrow.span;
        let (patterns, locals) = self.fresh_parameters(parameters, span);
        let argument = self.gather(&locals, parameters, span);
        let domain = self.draft.type_of(argument);
        let arrow = self.closed_arrow(arrow, domain, hint);
        let codomain = self.draft.codomain(arrow);
        let body = self
            .draft
            .expr(ExprKind::Apply { arrow, argument }, codomain, span);
        Callback { patterns, body }
    }

    /// `fold(xs, z, add)` is `fold(xs, z, fn(a, b) => add(a, b))`, and a constructor is a function too.
    fn named_callback(
        &mut self,
        value: &ast::Expr,
        parameters: &[Partial],
        hint: Option<Partial>,
    ) -> Callback {
        let span = value.span;
        match &value.kind {
            ast::ExprKind::Name(name) if self.scope.place(&name.text).is_none() => {
                if let Some(arrow) = self.arrow_named(name) {
                    return self.arrow_callback(&arrow, parameters, hint);
                }
                let (patterns, locals) = self.fresh_parameters(parameters, span);
                let given = self.locals(&locals, parameters, span);
                let given: Vec<Given<'_>> = given.into_iter().map(Given::Done).collect();
                let body = self.call(name, &given, hint, span);
                Callback { patterns, body }
            }
            ast::ExprKind::Constructor {
                constructor,
                payload: ast::ExprPayload::None,
            } => {
                let (patterns, locals) = self.fresh_parameters(parameters, span);
                let payload = self.gather(&locals, parameters, span);
                let body = match self.find_constructor(constructor, hint) {
                    Some(found) => {
                        self.enforce(payload, found.payload);
                        self.draft.expr(
                            ExprKind::Inject {
                                constructor: found.index,
                                payload,
                            },
                            found.variant,
                            span,
                        )
                    }
                    None => self.unknown(span),
                };
                Callback { patterns, body }
            }
            ast::ExprKind::Error => {
                self.spoil();
                self.blank_callback(span, parameters)
            }
            _ => {
                self.infer(value);
                self.no_callback(span, parameters)
            }
        }
    }

    fn lambda(
        &mut self,
        lambda: &ast::Lambda,
        parameters: &[Partial],
        hint: Option<Partial>,
    ) -> Callback {
        if lambda.parameters.len() != parameters.len() {
            let wanted = messages::counted(parameters.len(), "parameter");
            let title = format!(
                "this function must have {wanted}, it has {}",
                lambda.parameters.len()
            );
            let kinds: Vec<String> = parameters
                .iter()
                .map(|kind| self.types.describe(*kind))
                .collect();
            let problem = Problem::new(T109, lambda.span, title)
                .noting(format!("it is given {}", kinds.join(", ")));
            let is_pair = parameters.len() == 1 && lambda.parameters.len() > 1;
            self.report(if is_pair {
                problem.helping("take a pair apart like `fn((a, b)) => …`")
            } else {
                problem
            });
            return self.blank_callback(lambda.span, parameters);
        }
        let mark = self.scope.mark();
        let patterns: Vec<PatternId> = lambda
            .parameters
            .iter()
            .zip(parameters)
            .map(|(pattern, kind)| self.sure_pattern(pattern, *kind, mark))
            .collect();
        self.lint_names(mark, None);
        let body = self.hinted(&lambda.body, hint);
        self.leave(mark);
        Callback { patterns, body }
    }

    fn no_callback(&mut self, span: Span, parameters: &[Partial]) -> Callback {
        let names = ["item", "next", "other"];
        let names: Vec<&str> = match parameters.len() {
            2 => vec!["so_far", "item"],
            count => names.into_iter().take(count).collect(),
        };
        let help = format!("write `fn({}) => …`", names.join(", "));
        self.report(Problem::new(T110, span, "a function must stand here").helping(help));
        self.blank_callback(span, parameters)
    }

    fn blank_callback(&mut self, span: Span, parameters: &[Partial]) -> Callback {
        let patterns = parameters
            .iter()
            .map(|kind| self.any(*kind, span))
            .collect();
        Callback {
            patterns,
            body: self.unknown(span),
        }
    }

    fn fresh_parameters(
        &mut self,
        parameters: &[Partial],
        span: Span,
    ) -> (Vec<PatternId>, Vec<Local>) {
        parameters
            .iter()
            .map(|kind| {
                let local = self.scope.fresh();
                (
                    self.draft.pattern(PatternKind::Bind(local), *kind, span),
                    local,
                )
            })
            .unzip()
    }

    fn locals(&mut self, locals: &[Local], kinds: &[Partial], span: Span) -> Vec<ExprId> {
        locals
            .iter()
            .zip(kinds)
            .map(|(local, kind)| self.local(*local, *kind, span))
            .collect()
    }

    /// One value of all locals: the local itself if it is the only one.
    fn gather(&mut self, locals: &[Local], kinds: &[Partial], span: Span) -> ExprId {
        let values = self.locals(locals, kinds, span);
        match values.as_slice() {
            [one] => *one,
            _ => {
                let kind = self.types.make(Form::Tuple(kinds.to_vec()));
                self.draft.expr(ExprKind::Tuple(values), kind, span)
            }
        }
    }
}

fn has_lost_parameter(item: Definition<'_>) -> bool {
    matches!(
        item,
        Definition::Function(ast::Function {
            body: ast::FunctionBody::Pointful { parameters, .. },
            ..
        }) if parameters.iter().any(|field| field.name.text.is_empty())
    )
}

fn count_title(name: &str, wanted: usize, found: usize) -> String {
    format!(
        "`{name}` takes {}, here it is given {found}",
        messages::counted(wanted, "argument")
    )
}

fn built_in_title(entry: &Entry, found: usize) -> String {
    match entry.optional() {
        0 => count_title(entry.name, entry.arity, found),
        left_out => format!(
            "`{}` takes {} or {}, here it is given {found}",
            entry.name,
            entry.arity - left_out,
            messages::counted(entry.arity, "argument")
        ),
    }
}
