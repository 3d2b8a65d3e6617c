//! Patterns: what a value is compared with and what is named in it.

use super::{ConstructorName, Name};
use crate::source::Span;

/// A pattern as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Which form it has.
    pub kind: PatternKind,
    /// Where it is written.
    pub span: Span,
}

/// The forms of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternKind {
    /// `_`
    Wildcard,
    /// `x`: matches everything and names it.
    Name(Name),
    /// `-1`, `2.50#2`
    Int(i64),
    /// `"abc"`, escapes replaced.
    Text(String),
    /// `true`, `false`
    Bool(bool),
    /// `(p, q)`; `()` is the one without parts. `(p)` is `p` itself.
    Tuple(Vec<Pattern>),
    /// `{ x, y: p }`
    Record(RecordPattern),
    /// `C`, `C(p)`, `C { x }`
    Constructor {
        /// Which constructor.
        constructor: ConstructorName,
        /// What is expected inside it.
        payload: PatternPayload,
    },
    /// `[]`, `[p, q]`, `[p, ..rest]`
    List {
        /// What is expected of the first items, in order.
        items: Vec<Pattern>,
        /// What is expected of the items after them; without it there must be none.
        rest: Option<Box<Pattern>>,
    },
    /// `p | q`, two or more.
    Alternatives(Vec<Pattern>),
    /// Reported already.
    Error,
}

/// What a constructor pattern says about the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternPayload {
    /// `C`
    None,
    /// `C(p, q)`. `C(_)` matches any payload, a record or several parts too.
    Tuple(Vec<Pattern>),
    /// `C { x, y: p }`
    Record(Box<RecordPattern>),
}

/// `{ x, y: p, .. }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPattern {
    /// The fields that are named.
    pub fields: Vec<FieldPattern>,
    /// The `..` that lets other fields be, if it is written.
    pub rest: Option<Span>,
    /// With its braces.
    pub span: Span,
}

/// `x` or `x: p`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPattern {
    /// The field.
    pub name: Name,
    /// What it must match; for `x` alone a [`PatternKind::Name`] of the same name and span.
    pub pattern: Pattern,
    /// Both.
    pub span: Span,
}
