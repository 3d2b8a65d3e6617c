//! Terms while their types are being found out.

use std::collections::BTreeSet;

use super::types::{Partial, Types};
use crate::source::Span;
use crate::typed::{
    Arrow, ArrowId, ArrowKind, Expr, ExprId, ExprKind, FunctionIndex, Local, Pattern, PatternId,
    PatternKind, Terms,
};

#[derive(Default)]
pub(super) struct Draft {
    exprs: Vec<(ExprKind, Partial, Span)>,
    patterns: Vec<(PatternKind, Partial, Span)>,
    arrows: Vec<DraftArrow>,
}

struct DraftArrow {
    kind: ArrowKind,
    domain: Partial,
    codomain: Partial,
    stateful: bool,
    span: Span,
}

impl Draft {
    pub(super) fn expr(&mut self, kind: ExprKind, partial: Partial, span: Span) -> ExprId {
        self.exprs.push((kind, partial, span));
        ExprId(index(self.exprs.len()))
    }

    pub(super) fn pattern(&mut self, kind: PatternKind, partial: Partial, span: Span) -> PatternId {
        self.patterns.push((kind, partial, span));
        PatternId(index(self.patterns.len()))
    }

    /// An arrow is stateful if it is `get` or `put` or made of stateful ones.
    pub(super) fn arrow(
        &mut self,
        kind: ArrowKind,
        domain: Partial,
        codomain: Partial,
        span: Span,
    ) -> ArrowId {
        let stateful = match &kind {
            ArrowKind::Get | ArrowKind::Put => true,
            ArrowKind::Compose(arrows)
            | ArrowKind::Fanout(arrows)
            | ArrowKind::Parallel(arrows)
            | ArrowKind::Case(arrows) => arrows.iter().any(|arrow| self.is_stateful(*arrow)),
            ArrowKind::Choose { test, yes, no } => [test, yes, no]
                .into_iter()
                .any(|arrow| self.is_stateful(*arrow)),
            ArrowKind::Curry(arrow) | ArrowKind::Each(arrow) => self.is_stateful(*arrow),
            ArrowKind::Record(fields) => fields.iter().any(|(_, arrow)| self.is_stateful(*arrow)),
            _ => false,
        };
        self.arrows.push(DraftArrow {
            kind,
            domain,
            codomain,
            stateful,
            span,
        });
        ArrowId(index(self.arrows.len()))
    }

    pub(super) fn type_of(&self, expr: ExprId) -> Partial {
        self.exprs[expr.0 as usize].1
    }

    pub(super) fn kind_of(&self, expr: ExprId) -> &ExprKind {
        &self.exprs[expr.0 as usize].0
    }

    pub(super) fn span_of(&self, expr: ExprId) -> Span {
        self.exprs[expr.0 as usize].2
    }

    pub(super) fn pattern_kind(&self, pattern: PatternId) -> &PatternKind {
        &self.patterns[pattern.0 as usize].0
    }

    pub(super) fn pattern_type(&self, pattern: PatternId) -> Partial {
        self.patterns[pattern.0 as usize].1
    }

    /// How many expressions there are.
    pub(super) fn length(&self) -> usize {
        self.exprs.len()
    }

    /// The parts of a local that the expressions from `start` on look at; `None` if one takes it whole.
    pub(super) fn parts_read(&self, local: Local, start: usize) -> Option<BTreeSet<usize>> {
        let is_it = |kind: &ExprKind| matches!(kind, ExprKind::Local(own) if *own == local);
        let mut parts = BTreeSet::new();
        let (mut uses, mut projected) = (0_usize, 0_usize);
        for (kind, ..) in &self.exprs[start..] {
            uses += usize::from(is_it(kind));
            if let ExprKind::Project { product, index } = kind
                && is_it(&self.exprs[product.0 as usize].0)
            {
                projected += 1;
                parts.insert(*index);
            }
        }
        (uses == projected).then_some(parts)
    }

    pub(super) fn codomain(&self, arrow: ArrowId) -> Partial {
        self.arrows[arrow.0 as usize].codomain
    }

    /// The first term in which a function is not just led from arrow to arrow.
    pub(super) fn first_kept_function(&self, types: &mut Types) -> Option<Span> {
        let with_functions = types.with_functions();
        if !with_functions.contains(&true) {
            return None;
        }
        let mut has_function = |partial: Partial| {
            let shape = types.shape(partial);
            shape.is_some_and(|shape| with_functions.get(shape.index()) == Some(&true))
        };
        let exprs = self
            .exprs
            .iter()
            .map(|(_, partial, span)| (*partial, *span));
        let patterns = self.patterns.iter();
        let patterns = patterns.map(|(_, partial, span)| (*partial, *span));
        let kept = self.arrows.iter().filter(|arrow| {
            matches!(
                arrow.kind,
                ArrowKind::Case(_)
                    | ArrowKind::Choose { .. }
                    | ArrowKind::Each(_)
                    | ArrowKind::Inject(_)
            )
        });
        let kept =
            kept.flat_map(|arrow| [(arrow.domain, arrow.span), (arrow.codomain, arrow.span)]);
        let mut all = kept.chain(exprs).chain(patterns);
        all.find(|(partial, _)| has_function(*partial))
            .map(|(_, span)| span)
    }

    pub(super) fn is_stateful(&self, arrow: ArrowId) -> bool {
        self.arrows[arrow.0 as usize].stateful
    }

    /// The terms with their shapes, if all of them are known. `place` says where each function stands in the end.
    pub(super) fn finish(self, types: &mut Types, place: &[FunctionIndex]) -> Option<Terms> {
        let renamed = |function: FunctionIndex| place[function.index()];
        let mut terms = Terms::default();
        for (mut kind, partial, span) in self.exprs {
            if let ExprKind::Call { function, .. } = &mut kind {
                *function = renamed(*function);
            }
            terms.exprs.push(Expr {
                kind,
                shape: types.shape(partial)?,
                span,
            });
        }
        for (kind, partial, span) in self.patterns {
            terms.patterns.push(Pattern {
                kind,
                shape: types.shape(partial)?,
                span,
            });
        }
        for DraftArrow {
            mut kind,
            domain,
            codomain,
            stateful,
            span,
        } in self.arrows
        {
            if let ArrowKind::Function(function) = &mut kind {
                *function = renamed(*function);
            }
            let (domain, codomain) = (types.shape(domain)?, types.shape(codomain)?);
            terms.arrows.push(Arrow {
                kind,
                domain,
                codomain,
                stateful,
                span,
            });
        }
        Some(terms)
    }

    /// The first term whose type stayed unknown or grew too large.
    pub(super) fn first_without_shape(&self, types: &mut Types) -> Option<Span> {
        let exprs = self
            .exprs
            .iter()
            .map(|(_, partial, span)| (*partial, *span));
        let patterns = self
            .patterns
            .iter()
            .map(|(_, partial, span)| (*partial, *span));
        let arrows = self
            .arrows
            .iter()
            .flat_map(|arrow| [(arrow.domain, arrow.span), (arrow.codomain, arrow.span)]);
        exprs
            .chain(patterns)
            .chain(arrows)
            .find(|(partial, _)| types.shape(*partial).is_none())
            .map(|(_, span)| span)
    }
}

/// The index of the last of `length` terms.
fn index(length: usize) -> u32 {
    u32::try_from(length - 1).expect("terms come from bounded source")
}
