//! Arrows: functions written without naming their argument.

use super::{ConstructorName, Expr, Name, Pattern};
use crate::source::Span;

/// A function as an arrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    /// Which form it has.
    pub kind: ArrowKind,
    /// Where it is written.
    pub span: Span,
}

/// The forms of an arrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArrowKind {
    /// `id`
    Identity,
    /// `fst`: the first part of a pair.
    Fst,
    /// `snd`: the second part of a pair.
    Snd,
    /// `get`: the state.
    Get,
    /// `put`: replaces the state.
    Put,
    /// `inl`: into the left side of an `Either`.
    Inl,
    /// `inr`: into the right side of an `Either`.
    Inr,
    /// `distl`: a value beside an `Either` goes into the side that is there.
    Distl,
    /// `apply`: a function and its argument, to its result.
    Apply,
    /// `const e`
    Const(Box<Expr>),
    /// `first f`: on the first part of a pair.
    First(Box<Arrow>),
    /// `second f`: on the second part of a pair.
    Second(Box<Arrow>),
    /// `curry f`: from the first part of what `f` takes to a function of the second.
    Curry(Box<Arrow>),
    /// `each f`: on every item of a list, option, set or map.
    Each(Box<Arrow>),
    /// `modify f`: on the state.
    Modify(Box<Arrow>),
    /// `tap f`: as `f`, but what comes out is what went in.
    Tap(Box<Arrow>),
    /// `choose { test: p, yes: f, no: g }`
    Choose(Vec<FieldArrow>),
    /// `case { C: f, D: g }`
    Case(Vec<CaseArm>),
    /// A defined or built-in function: `succ`, `add`.
    Name(Name),
    /// A constructor as a function: `Sum`.
    Constructor(ConstructorName),
    /// `.x`
    Field(Name),
    /// `{ x: f, y: g }`
    Record(Vec<FieldArrow>),
    /// `fn(p) => e`: an island of the other layer.
    Lambda(Lambda),
    /// Two or more arrows joined by one combinator, never mixed.
    Chain {
        /// What joins them.
        combinator: Combinator,
        /// From left to right.
        arrows: Vec<Arrow>,
    },
    /// Reported already.
    Error,
}

/// What joins the arrows of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Combinator {
    /// `>>>`: one after the other.
    Compose,
    /// `&&&`: both on the same argument.
    Fanout,
    /// `***`: each on its part of a pair.
    Product,
    /// `|||`: each on its side of an `Either`, to one type.
    Choice,
    /// `+++`: each on its side of an `Either`, to its side of another.
    Sum,
}

impl Combinator {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Combinator::Compose => ">>>",
            Combinator::Fanout => "&&&",
            Combinator::Product => "***",
            Combinator::Choice => "|||",
            Combinator::Sum => "+++",
        }
    }
}

/// `C: f`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseArm {
    /// For which constructor.
    pub constructor: ConstructorName,
    /// What is done with its payload.
    pub arrow: Arrow,
    /// Both.
    pub span: Span,
}

/// `x: f`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldArrow {
    /// The field of the result.
    pub name: Name,
    /// What computes it.
    pub arrow: Arrow,
    /// Both.
    pub span: Span,
}

/// `fn(p, q) => e`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lambda {
    /// One for each argument.
    pub parameters: Vec<Pattern>,
    /// What it computes.
    pub body: Box<Expr>,
    /// From `fn` to the end of the body.
    pub span: Span,
}
