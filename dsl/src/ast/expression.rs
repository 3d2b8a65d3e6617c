//! Expressions, blocks and statements.

use super::{Arrow, ConstructorName, Lambda, Name, Pattern};
use crate::source::Span;

/// An expression as written. Parentheses leave no node, only a wider tree around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// Which form it has.
    pub kind: ExprKind,
    /// Where it is written.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// `1_000`, `-1`, `20.500#3`
    Int(i64),
    /// `"abc"`, escapes replaced.
    Text(String),
    /// `x"00ff"`
    Bytes(Vec<u8>),
    /// `true`, `false`
    Bool(bool),
    /// A local, a parameter, a field of the state, a constant, `state`, `prev`, `at`, ….
    Name(Name),
    /// `f(x, y)`
    Call {
        /// The function; it is always a name.
        function: Name,
        /// Values, and functions for the built-ins that take them.
        arguments: Vec<Argument>,
    },
    /// `C`, `C(x)`, `C { x: e }`
    Constructor {
        /// Which constructor.
        constructor: ConstructorName,
        /// What it carries.
        payload: ExprPayload,
    },
    /// `(a, b)`; `()` is the one without parts.
    Tuple(Vec<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `Map["a": 1]`
    Map(Vec<MapEntry>),
    /// `Set["a", "b"]`
    Set(Vec<Expr>),
    /// `{ x: a, y }`, `{ ..r, x: a }`
    Record(Record),
    /// `{ let x = a  x }`
    Block(Block),
    /// `if c { a } else { b }`; an `else if` is an `If` in `otherwise`.
    If {
        /// What is asked.
        condition: Box<Expr>,
        /// A block or a record.
        then: Box<Expr>,
        /// A block, a record or another `If`.
        otherwise: Box<Expr>,
    },
    /// `match e { p => a, q if g => b }`
    Match {
        /// What is looked at.
        subject: Box<Expr>,
        /// Tried in order.
        arms: Vec<Arm>,
    },
    /// `e.x`
    Field {
        /// The record.
        record: Box<Expr>,
        /// The field.
        field: Name,
    },
    /// `e[k]`
    Index {
        /// The map, list or text.
        collection: Box<Expr>,
        /// The key or number.
        key: Box<Expr>,
    },
    /// `-e`, where `e` is not a literal.
    Negate(Box<Expr>),
    /// `not e`
    Not(Box<Expr>),
    /// `a + b`
    Binary {
        /// Which operator.
        operator: BinaryOperator,
        /// Where the operator is written.
        operator_span: Span,
        /// On its left.
        left: Box<Expr>,
        /// On its right.
        right: Box<Expr>,
    },
    /// `e is p`
    Is {
        /// What is looked at.
        value: Box<Expr>,
        /// What it may be.
        pattern: Box<Pattern>,
    },
    /// `x |> f(y)`, `x |> f`, `x |> C`
    Pipe {
        /// The first argument.
        value: Box<Expr>,
        /// A [`ExprKind::Name`], [`ExprKind::Call`], a [`ExprKind::Constructor`] without a record, or an error.
        function: Box<Expr>,
    },
    /// `refuse`; only inside the arms of `accept`.
    Refuse,
    /// Reported already.
    Error,
}

/// What stands between the parentheses of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// An expression. Where a function is wanted, a name or a constructor alone is that function.
    Value(Expr),
    /// `fn(p) => e`
    Lambda(Lambda),
    /// `.x`, `f >>> g`, `case { … }`
    Arrow(Arrow),
}

impl Argument {
    /// Where it is written.
    pub fn span(&self) -> Span {
        match self {
            Argument::Value(value) => value.span,
            Argument::Lambda(lambda) => lambda.span,
            Argument::Arrow(arrow) => arrow.span,
        }
    }
}

/// What a constructor is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprPayload {
    /// `C`
    None,
    /// `C(x, y)`
    Tuple(Vec<Expr>),
    /// `C { x: e }`
    Record(Box<Record>),
}

/// `{ ..r, x: a, y }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The record the other fields are taken from.
    pub spread: Option<Box<Expr>>,
    /// In the order they were written.
    pub fields: Vec<FieldValue>,
    /// With its braces.
    pub span: Span,
}

/// `x: e` or `x`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldValue {
    /// The field.
    pub name: Name,
    /// Its value; for `x` alone a [`ExprKind::Name`] of the same name and span.
    pub value: Expr,
    /// Both.
    pub span: Span,
}

/// `k: v` of a map literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    /// The key.
    pub key: Expr,
    /// The value.
    pub value: Expr,
    /// Both.
    pub span: Span,
}

/// One alternative of a `match`, an `accept` or a `reply`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    /// What it is for.
    pub pattern: Pattern,
    /// The condition after `if`.
    pub guard: Option<Expr>,
    /// What it gives.
    pub body: Expr,
    /// From the pattern to the end of the body.
    pub span: Span,
}

/// The operators between two values. `and` and `or` look at the right side only if they must, `??` too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BinaryOperator {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `??`: the content of an option, or else the right side.
    Otherwise,
    /// `++`
    Append,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`, Euclidean
    Divide,
    /// `%`, Euclidean
    Remainder,
}

impl BinaryOperator {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOperator::Or => "or",
            BinaryOperator::And => "and",
            BinaryOperator::Equal => "==",
            BinaryOperator::NotEqual => "!=",
            BinaryOperator::Less => "<",
            BinaryOperator::LessOrEqual => "<=",
            BinaryOperator::Greater => ">",
            BinaryOperator::GreaterOrEqual => ">=",
            BinaryOperator::Otherwise => "??",
            BinaryOperator::Append => "++",
            BinaryOperator::Add => "+",
            BinaryOperator::Subtract => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Remainder => "%",
        }
    }
}

/// `{ statements… value }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// In order; at most `limits::STATEMENTS_MAX`.
    pub statements: Vec<Statement>,
    /// The value of the block; an error node if it is missing.
    pub result: Box<Expr>,
    /// With its braces.
    pub span: Span,
}

/// A statement as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Which form it has.
    pub kind: StatementKind,
    /// From its first word to its end.
    pub span: Span,
}

/// The forms of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementKind {
    /// `let p = e`, `let p = e else b`
    Let {
        /// What is named.
        pattern: Pattern,
        /// What it is taken from.
        value: Expr,
        /// The output if the pattern does not match; may be a block with `set` and `become`.
        otherwise: Option<Expr>,
    },
    /// `require c else b`
    Require {
        /// What must hold.
        condition: Expr,
        /// The output if it does not; may be a block with `set` and `become`.
        otherwise: Expr,
    },
    /// `set f = e`, `set f.g[k] = e`
    Set {
        /// The field of the state.
        field: Name,
        /// The way from there to what changes.
        path: Vec<PathStep>,
        /// The new value.
        value: Expr,
    },
    /// `become e`
    Become(Expr),
    /// Reported already.
    Error,
}

/// One step of the path of a `set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathStep {
    /// Which form it has.
    pub kind: PathStepKind,
    /// With its dot or brackets.
    pub span: Span,
}

/// The forms of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStepKind {
    /// `.x`
    Field(Name),
    /// `[k]`
    Key(Expr),
}
