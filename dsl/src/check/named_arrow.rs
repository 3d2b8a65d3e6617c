//! Arrows that are a name: functions, constants, stamps, operators, built-in functions, constructors.

use super::Checker;
use super::call::Given;
use super::expression::function_index;
use super::messages::with_article;
use super::names::Definition;
use super::sight::{Reading, Seen};
use super::types::{Form, Partial};
use crate::ast;
use crate::builtin::{self, OPERATORS};
use crate::problem::Problem;
use crate::problem::catalogue::{T102, T109, T110, T112};
use crate::source::Span;
use crate::typed::{ArrowId, ArrowKind, ExprId, ExprKind, Operator, PatternKind};

impl Checker<'_> {
    /// The arrow a name alone means where a function is wanted, if it is not a function: `fst`, `add`.
    pub(super) fn arrow_named(&self, name: &ast::Name) -> Option<ast::Arrow> {
        let kind = match name.text.as_str() {
            "id" => ast::ArrowKind::Identity,
            "fst" => ast::ArrowKind::Fst,
            "snd" => ast::ArrowKind::Snd,
            "inl" => ast::ArrowKind::Inl,
            "inr" => ast::ArrowKind::Inr,
            "distl" => ast::ArrowKind::Distl,
            "apply" => ast::ArrowKind::Apply,
            word if self.names.functions.contains_key(word) => return None,
            word if ["not_", "append"].contains(&word)
                || OPERATORS.iter().any(|(own, _)| *own == word) =>
            {
                ast::ArrowKind::Name(name.clone())
            }
            _ => return None,
        };
        Some(ast::Arrow {
            kind,
            span: name.span,
        })
    }

    pub(super) fn named_arrow(
        &mut self,
        name: &ast::Name,
        domain: Partial,
        hint: Option<Partial>,
    ) -> ArrowId {
        let span = name.span;
        self.wish_arrow(span, hint);
        if let Some(stamp) = self
            .frame
            .stamps
            .iter()
            .copied()
            .find(|stamp| stamp.word() == name.text)
        {
            let codomain = self.stamp_type(stamp);
            self.see(span, Seen::Word(stamp.word()), Reading::Value(codomain));
            return self
                .draft
                .arrow(ArrowKind::Stamp(stamp), domain, codomain, span);
        }
        if let Some(function) = self.names.functions.get(&name.text).copied() {
            self.see(span, Seen::Function(function), Reading::None);
            let signature = &self.names.signatures[function];
            let (wanted, codomain) = (signature.domain, signature.codomain);
            if let Definition::Const(constant) = signature.item {
                let value = self.constant(function, constant, span);
                return self
                    .draft
                    .arrow(ArrowKind::Constant(value), domain, codomain, span);
            }
            self.use_function(function, span);
            self.enforce_arrow(&name.text, domain, wanted, span);
            return self.draft.arrow(
                ArrowKind::Function(function_index(function)),
                domain,
                codomain,
                span,
            );
        }
        if let Some((_, operator)) = OPERATORS.into_iter().find(|(own, _)| *own == name.text) {
            return self.operator_arrow(name, operator, domain);
        }
        match &*name.text {
            "not_" => return self.not_arrow(domain, span),
            "append" => return self.append_arrow(domain, span),
            _ => {}
        }
        match builtin::find(&name.text) {
            Some(entry) => {
                self.see(span, Seen::Builtin(entry.name), Reading::None);
                self.builtin_arrow(entry, domain, hint, span)
            }
            None => self.unknown_named_arrow(name, domain),
        }
    }

    fn unknown_named_arrow(&mut self, name: &ast::Name, domain: Partial) -> ArrowId {
        if self.scope.is_hidden(&name.text) {
            let title = format!("`{}` cannot be seen inside an arrow", name.text);
            let problem = Problem::new(T102, name.span, title);
            self.report(
                problem.helping("an arrow sees only what flows into it; `=> …` sees names"),
            );
        } else if !name.text.is_empty() {
            let operators = OPERATORS.iter().map(|(name, _)| *name);
            let builtins = builtin::TABLE.iter().map(|entry| entry.name);
            let words = operators.chain(builtins);
            let known = self.comparable(self.names.function_names().chain(words));
            let problem = self.unknown_name("function", &name.text, name.span, &known);
            self.report(problem);
        }
        self.unknown_arrow(domain, name.span)
    }

    fn operator_arrow(&mut self, name: &ast::Name, operator: Operator, domain: Partial) -> ArrowId {
        let span = name.span;
        let Some((left_kind, right_kind)) = self.pair(domain, &name.text, span) else {
            return self.unknown_arrow(domain, span);
        };
        let (parameter, argument) = self.fresh(domain, span);
        let is_comparison = !operator.is_arithmetic();
        let wanted = if is_comparison {
            left_kind
        } else {
            self.types.int()
        };
        self.enforce_arrow(&name.text, left_kind, wanted, span);
        self.enforce_arrow(&name.text, right_kind, wanted, span);
        let mut part = |index, kind| {
            let product = self.local(argument, domain, span);
            self.draft
                .expr(ExprKind::Project { product, index }, kind, span)
        };
        let (left, right) = (part(0, left_kind), part(1, right_kind));
        let body = if is_comparison {
            self.comparison(operator, left, right, span)
        } else {
            self.binary(operator, left, right, wanted, span)
        };
        self.draft.arrow(
            ArrowKind::Lambda { parameter, body },
            domain,
            self.draft.type_of(body),
            span,
        )
    }

    fn not_arrow(&mut self, domain: Partial, span: Span) -> ArrowId {
        let bool = self.types.bool();
        self.enforce_arrow("not_", domain, bool, span);
        let (parameter, argument) = self.fresh(bool, span);
        let condition = self.local(argument, bool, span);
        let (yes, no) = (self.truth(false, span), self.truth(true, span));
        let body = self
            .draft
            .expr(ExprKind::If { condition, yes, no }, bool, span);
        self.draft
            .arrow(ArrowKind::Lambda { parameter, body }, domain, bool, span)
    }

    /// `++` as an arrow.
    fn append_arrow(&mut self, domain: Partial, span: Span) -> ArrowId {
        let Some((left, right)) = self.pair(domain, "append", span) else {
            return self.unknown_arrow(domain, span);
        };
        self.enforce_arrow("append", right, left, span);
        let Some(sequence) = self.sequence_of(left) else {
            if !self.types.is_unknown(left) {
                let found = with_article(&self.types.describe(left));
                let title = format!("`append` joins lists, texts and bytes, this is given {found}");
                self.report(Problem::new(T112, span, title));
            }
            return self.unknown_arrow(domain, span);
        };
        let ((first, a), (second, b)) = (self.fresh(left, span), self.fresh(left, span));
        let parameter = PatternKind::Product(vec![first, second]);
        let parameter = self.draft.pattern(parameter, domain, span);
        let parts = vec![self.local(a, left, span), self.local(b, left, span)];
        let body = self.primitive(sequence.concat(), parts, left, span);
        self.draft
            .arrow(ArrowKind::Lambda { parameter, body }, domain, left, span)
    }

    /// A built-in function that takes only values: from the tuple of them.
    fn builtin_arrow(
        &mut self,
        entry: &builtin::Entry,
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let (parameter, argument) = self.fresh(domain, span);
        let whole = self.local(argument, domain, span);
        let given: Vec<ExprId> = match (entry.arity, self.types.form(domain)) {
            (1, _) => vec![whole],
            (arity, Form::Tuple(kinds)) if kinds.len() == arity => {
                let mut parts = Vec::new();
                for (index, kind) in kinds.into_iter().enumerate() {
                    let product = self.local(argument, domain, span);
                    parts.push(
                        self.draft
                            .expr(ExprKind::Project { product, index }, kind, span),
                    );
                }
                parts
            }
            (_, Form::Unknown) => return self.unknown_arrow(domain, span),
            _ => {
                let found = with_article(&self.types.describe(domain));
                let title = format!(
                    "`{}` takes {} values, here it is given {found}",
                    entry.name, entry.arity
                );
                self.report(
                    Problem::new(T109, span, title).helping("put them together with `&&&`"),
                );
                return self.unknown_arrow(domain, span);
            }
        };
        if entry.usage.contains("fn(") {
            let title = format!("`{}` takes a function, so it is not an arrow", entry.name);
            let help = format!(
                "write `fn(x) => {}`, in parentheses inside a chain",
                entry.usage
            );
            self.report(Problem::new(T110, span, title).helping(help));
            return self.unknown_arrow(domain, span);
        }
        let given: Vec<Given<'_>> = given.into_iter().map(Given::Done).collect();
        let body = self.builtin(entry, &given, hint, span);
        self.draft.arrow(
            ArrowKind::Lambda { parameter, body },
            domain,
            self.draft.type_of(body),
            span,
        )
    }

    pub(super) fn constructor_arrow(
        &mut self,
        constructor: &ast::ConstructorName,
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        match self.find_constructor(constructor, hint) {
            Some(found) => {
                self.enforce_arrow(&constructor.name.text, domain, found.payload, span);
                self.draft
                    .arrow(ArrowKind::Inject(found.index), domain, found.variant, span)
            }
            None => self.unknown_arrow(domain, span),
        }
    }
}
