//! Names where a value is wanted: locals, the state and its fields, stamps, constants.

use std::collections::BTreeSet;

use cam::schema::Stamp;

use super::Checker;
use super::expression::function_index;
use super::names::Definition;
use super::sight::{Reading, Seen};
use super::types::{Form, Partial};
use crate::ast;
use crate::problem::catalogue::{T102, T110, U307};
use crate::problem::{Problem, habit};
use crate::source::Span;
use crate::typed::{ExprId, ExprKind};

impl Checker<'_> {
    pub(super) fn name(&mut self, name: &ast::Name, hint: Option<Partial>) -> ExprId {
        let span = name.span;
        self.wish_value(span, hint);
        if let Some(binding) = self.scope.find(&name.text) {
            let (local, partial) = (binding.local, binding.partial);
            self.see(span, Seen::Local(local), Reading::Value(partial));
            return self.local(local, partial, span);
        }
        if let Some(value) = self.template_value(&name.text) {
            return value;
        }
        if let Some(found) = self.name_of_frame(name) {
            return found;
        }
        if let Some(function) = self.names.functions.get(&name.text).copied() {
            self.see(span, Seen::Function(function), Reading::None);
            return match self.names.signatures[function].item {
                Definition::Const(constant) => self.constant(function, constant, span),
                Definition::Function(_) => {
                    let title = format!("`{}` is a function, not a value", name.text);
                    let help = format!(
                        "call it: `{}(…)`; as an argument it can only be given to a built-in",
                        name.text
                    );
                    self.report(Problem::new(T110, span, title).helping(help));
                    self.unknown(span)
                }
            };
        }
        self.report_unknown_name(name, hint);
        self.unknown(span)
    }

    /// `state`, `prev`, what the node stamps, and the fields of the state.
    fn name_of_frame(&mut self, name: &ast::Name) -> Option<ExprId> {
        let span = name.span;
        if let Some(view) = self.frame.state {
            match (&*name.text, view.entry) {
                ("state", _) => {
                    self.see(span, Seen::Word("state"), Reading::Value(view.partial));
                    return Some(self.local(view.current, view.partial, span));
                }
                ("prev", Some(entry)) => {
                    self.see(span, Seen::Word("prev"), Reading::Value(view.partial));
                    return Some(self.local(entry, view.partial, span));
                }
                _ => {}
            }
        }
        let (word, moment) = match &*name.text {
            "prev" => ("prev", self.frame.past),
            "reply" => ("reply", self.frame.reply),
            _ => ("", None),
        };
        if let Some((local, partial)) = moment {
            self.see(span, Seen::Word(word), Reading::Value(partial));
            return Some(self.local(local, partial, span));
        }
        if let Some(stamp) = self
            .frame
            .stamps
            .iter()
            .copied()
            .find(|stamp| stamp.word() == name.text)
        {
            let partial = self.stamp_type(stamp);
            self.see(span, Seen::Word(stamp.word()), Reading::Value(partial));
            return Some(self.draft.expr(ExprKind::Stamp(stamp), partial, span));
        }
        let view = self.frame.state?;
        let Form::Record(fields) = self.types.form(view.partial) else {
            return None;
        };
        let index = fields.iter().position(|(field, _)| **field == *name.text)?;
        let seen = Seen::Field(view.partial, fields[index].0.clone());
        self.see(span, seen, Reading::Value(fields[index].1));
        let product = self.local(view.current, view.partial, span);
        Some(
            self.draft
                .expr(ExprKind::Project { product, index }, fields[index].1, span),
        )
    }

    pub(super) fn stamp_type(&mut self, stamp: Stamp) -> Partial {
        match stamp {
            Stamp::At | Stamp::Sequence => self.types.int(),
            Stamp::From => self.types.text(),
        }
    }

    /// A constant. A literal stands for itself; others are computed where they are used, by a call.
    pub(super) fn constant(
        &mut self,
        function: usize,
        constant: &ast::ConstItem,
        span: Span,
    ) -> ExprId {
        self.use_function(function, span);
        let codomain = self.names.signatures[function].codomain;
        let kind = match &constant.value.kind {
            ast::ExprKind::Int(number) => ExprKind::Int(*number),
            ast::ExprKind::Bool(truth) => ExprKind::Bool(*truth),
            ast::ExprKind::Text(content) => ExprKind::Text(content.as_str().into()),
            _ => ExprKind::Call {
                function: function_index(function),
                arguments: Vec::new(),
            },
        };
        self.draft.expr(kind, codomain, span)
    }

    /// Whether it is a field of a state whose type is not known, because of a mistake that was reported.
    fn is_lost_field(&mut self, name: &str) -> bool {
        let Some(view) = self.frame.state else {
            return false;
        };
        self.types.is_unknown(view.partial) && self.state_field(name).is_some()
    }

    fn report_unknown_name(&mut self, name: &ast::Name, hint: Option<Partial>) {
        if name.text.is_empty() || self.is_lost_field(&name.text) {
            return;
        }
        if name.text == "refuse" {
            let problem =
                Problem::new(U307, name.span, "`refuse` is only for the arms of `accept`");
            return self.report(problem.helping("to answer no, give an output that says so"));
        }
        if self.scope.is_hidden(&name.text) {
            let title = format!("`{}` cannot be seen inside an arrow", name.text);
            let help = "give it to the arrow as part of its argument, or write `fn(…) => …` as the whole argument";
            return self.report(Problem::new(T102, name.span, title).helping(help));
        }
        if let Some(help) = self.help_for_moment(&name.text) {
            let title = format!("`{}` is not known here", name.text);
            return self.report(Problem::new(T102, name.span, title).helping(help));
        }
        if let Some(stamp) = Stamp::ALL
            .into_iter()
            .find(|stamp| stamp.word() == name.text)
        {
            let title = format!("`{}` is not known here", name.text);
            let help = format!(
                "in handlers, migrations and adapters of a machine that asks for it: `machine M version 1 with {}`",
                stamp.word()
            );
            return self.report(Problem::new(T102, name.span, title).helping(help));
        }
        if let Some(help) = habit::value(&name.text) {
            let title = format!("there is no value `{}` here", name.text);
            return self.report(Problem::new(T102, name.span, title).helping(help));
        }
        let known = self.known_names();
        let problem = self.unknown_name("value", &name.text, name.span, &known);
        let problem = self.or_constructor(problem, name, hint);
        self.report(problem);
    }

    /// `prev` and `reply` have a meaning where a step is over, and only there.
    fn help_for_moment(&self, name: &str) -> Option<&'static str> {
        let has_state = self.frame.state.is_some();
        match name {
            "reply" if has_state => {
                Some("the answer is known in a property that begins `after … =>`")
            }
            "prev" if has_state => Some(
                "the state before is known in handlers, and in a property that begins `after … =>` or `across … =>`",
            ),
            "state" | "prev" | "reply" if self.frame.is_law => Some(
                "say when this is asked: `property n: after _ => …`, or make it an `invariant`",
            ),
            _ => None,
        }
    }

    fn known_names(&mut self) -> Vec<String> {
        let mut known = self.comparable(self.scope.names());
        if let Some(view) = self.frame.state {
            known.push("state".to_owned());
            if let Form::Record(fields) = self.types.form(view.partial) {
                known.extend(fields.iter().map(|(name, _)| name.to_string()));
            }
        }
        known.extend(
            self.frame
                .stamps
                .iter()
                .map(|stamp| stamp.word().to_owned()),
        );
        known.extend(self.comparable(self.names.function_names()));
        let mut seen = BTreeSet::new();
        known.retain(|name| seen.insert(name.clone()));
        known
    }
}
