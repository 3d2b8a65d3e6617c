//! What means something, but probably not what was wanted. All of it is a warning.

use std::collections::BTreeSet;

use cam::schema::Shape;

use super::Checker;
use super::exhaustive::Row;
use super::machine::Interface;
use super::names::Definition;
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::{M203, T141, T142, T143};
use crate::source::Span;
use crate::typed::{PatternId, PatternKind};

impl Checker<'_> {
    /// Names that were bound since `mark`, where a reader expects that they compare or that they are new. What is
    /// matched may be named again: `match last { Some(last) => … }`.
    pub(super) fn lint_names(&mut self, mark: usize, matched: Option<&ast::Expr>) {
        if self.frame.is_template {
            return;
        }
        for (name, at, outer) in self.scope.bound_since(mark) {
            let is_matched = |matched: &ast::Expr| matches!(&matched.kind, ast::ExprKind::Name(own) if own.text == name);
            if matched.is_some_and(is_matched) {
                continue;
            }
            let constant = self.names.functions.get(&name).copied();
            let constant = constant.map(|function| &self.names.signatures[function]);
            let constant = constant.filter(|known| matches!(known.item, Definition::Const(_)));
            let problem = match (constant, outer) {
                (Some(known), _) => {
                    let title =
                        format!("this names a new value and does not compare with `{name}`");
                    Problem::new(T142, at, title)
                        .pointing_at(known.name.span, "the constant is defined here")
                        .helping(format!(
                            "compare after the pattern: `other if other == {name} => …`"
                        ))
                }
                (None, Some(outer)) => {
                    Problem::new(T143, at, format!("this `{name}` hides another one"))
                        .pointing_at(outer, "this one cannot be seen any more")
                        .helping("choose another name for one of them")
                }
                (None, None) => continue,
            };
            self.report(problem);
        }
    }

    /// Functions and constants that nothing in the machine reaches.
    pub(super) fn lint_functions(&mut self) {
        let mut reached: BTreeSet<usize> = self.roots.clone();
        let mut todo: Vec<usize> = reached.iter().copied().collect();
        while let Some(next) = todo.pop() {
            for edge in &self.uses[next] {
                if reached.insert(edge.to) {
                    todo.push(edge.to);
                }
            }
        }
        for index in 0..self.names.signatures.len() {
            let signature = &self.names.signatures[index];
            if reached.contains(&index) || signature.name.text.is_empty() {
                continue;
            }
            let (name, at) = (signature.name.text.clone(), signature.name.span);
            let kind = match signature.item {
                Definition::Const(_) => "constant",
                Definition::Function(_) => "function",
            };
            let problem = Problem::new(T141, at, format!("the {kind} `{name}` is never used"));
            self.report(problem.helping("remove it, or use it in the machine or in a trace"));
        }
    }

    /// Inputs that the version before did not have, and that no clause names: `on _` was written for others.
    pub(super) fn lint_inputs(&mut self, rows: &[Row], interface: &Interface) {
        let history = self.history;
        let before = history
            .versions()
            .filter(|version| *version < interface.version)
            .last();
        let Some(old) = before.and_then(|version| history.get(version)) else {
            return;
        };
        let Shape::Variant(_, known) = old.shapes.get(old.input) else {
            return;
        };
        let known: BTreeSet<&str> = known.iter().map(|(name, _)| &**name).collect();
        let constructors = self.constructors(interface.input).unwrap_or_default();
        let is_silent = |index: usize| {
            rows.iter()
                .all(|row| !self.mentions(row.patterns[0], index))
        };
        let new: Vec<String> = constructors
            .iter()
            .enumerate()
            .filter(|(index, (name, _))| !known.contains(&**name) && is_silent(*index))
            .map(|(_, (name, _))| name.to_string())
            .collect();
        let all = rows.iter().find(|row| self.takes_all(row.patterns[0]));
        let (Some(first), Some(at)) = (new.first(), all.map(|row| row.at)) else {
            return;
        };
        let title = match &*new {
            [one] => format!("the new input `{one}` has no clause of its own"),
            several => format!(
                "the new inputs `{}` have no clauses of their own",
                several.join("`, `")
            ),
        };
        let (was, now) = (old.version, interface.version);
        let problem = Problem::new(M203, at, title).saying(format!(
            "written when version {was} had fewer inputs, this takes it in version {now}"
        ));
        self.report(problem.helping(format!("say what it does: `on {first} => …`")));
    }

    /// Whether a pattern asks for a constructor.
    fn mentions(&self, pattern: PatternId, wanted: usize) -> bool {
        match self.draft.pattern_kind(pattern) {
            PatternKind::Constructor { constructor, .. } => *constructor == wanted,
            PatternKind::Alternatives(parts) => {
                parts.iter().any(|part| self.mentions(*part, wanted))
            }
            _ => false,
        }
    }

    fn takes_all(&self, pattern: PatternId) -> bool {
        matches!(
            self.draft.pattern_kind(pattern),
            PatternKind::Any | PatternKind::Bind(_)
        )
    }
}

/// The place of a binding, and of the one it hides.
pub(super) type Hidden = (String, Span, Option<Span>);
