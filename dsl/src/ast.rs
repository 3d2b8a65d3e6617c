//! What was written: the tree the parser makes, with a span on every node.
//!
//! Nothing is resolved here: `Int` is a name, `x` may be a field, a local or a mistake. Where the text was
//! wrong there is an `Error` node, and a problem has been reported for it; later stages pass over it in silence.
//! The height of a tree is bounded (see `limits`), so it may be walked by recursion.

#![allow(
    clippy::large_enum_variant,
    reason = "trees are small and made once; a box in each arm would be noise"
)]

mod arrow;
mod expression;
mod machine;
mod pattern;

pub use arrow::{Arrow, ArrowKind, CaseArm, Combinator, FieldArrow, Lambda};
pub use expression::{
    Argument, Arm, BinaryOperator, Block, Expr, ExprKind, ExprPayload, FieldValue, MapEntry,
    PathStep, PathStepKind, Record, Statement, StatementKind,
};
pub use machine::{
    Adapter, Claim, Expected, ExpectedKind, Handler, HandlerBody, Machine, Member, MemberKind,
    Migrate, MigrateBack, MigrateBody, Moment, Property, Trace, TraceLine, TraceLineKind, Version,
};
pub use pattern::{FieldPattern, Pattern, PatternKind, PatternPayload, RecordPattern};

use crate::source::Span;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// In the order they were written.
    pub items: Vec<Item>,
    /// The whole text.
    pub span: Span,
}

/// A definition at the top of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The `///` lines directly above it, without the slashes, joined by line ends.
    pub documentation: Option<String>,
    /// Which definition it is.
    pub kind: ItemKind,
    /// From its first word to its last token, without the documentation.
    pub span: Span,
}

/// Which definition an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// `type Name = …`
    Type(TypeItem),
    /// `const name: T = e`
    Const(ConstItem),
    /// `fn name …`
    Function(Function),
    /// `machine Name version N { … }`
    Machine(Machine),
    /// Reported already.
    Error,
}

/// `type Name = body`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeItem {
    /// The new name.
    pub name: Name,
    /// What it stands for.
    pub body: TypeBody,
}

/// The right side of `type`, and what follows `input`, `output` and `state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeBody {
    /// New constructors: at least one `|` or payload was written, or it starts with `|`.
    Variant(Variant),
    /// A type that has its meaning elsewhere: a name, a record, a tuple, `List(…)`.
    Type(Type),
}

impl TypeBody {
    /// Where it is written.
    pub fn span(&self) -> Span {
        match self {
            TypeBody::Variant(variant) => variant.span,
            TypeBody::Type(kind) => kind.span,
        }
    }
}

/// `A | B(Int) | C { x: Int }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// In the order they were written.
    pub constructors: Vec<ConstructorItem>,
    /// From the first constructor (or `|`) to the last.
    pub span: Span,
}

/// One alternative of a variant, where it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstructorItem {
    /// Its name.
    pub name: Name,
    /// What it carries.
    pub payload: TypePayload,
    /// Name and payload.
    pub span: Span,
}

/// What a constructor carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypePayload {
    /// `C`
    None,
    /// `C(A, B)`; `C()` is a list without types.
    Tuple(Vec<Type>),
    /// `C { x: A }`
    Record(Vec<FieldType>),
}

/// `name: T`, of a record type or a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldType {
    /// The field or parameter.
    pub name: Name,
    /// Its type.
    pub kind: Type,
    /// Both.
    pub span: Span,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// Which form it has.
    pub kind: TypeKind,
    /// Where it is written.
    pub span: Span,
}

/// The forms of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeKind {
    /// `Int`, `Money`, `Map(Text, Int)`. The built-in types are names like any other here.
    Name {
        /// The type's name.
        name: Name,
        /// Empty if there are no parentheses.
        arguments: Vec<Type>,
    },
    /// `(A, B)`; `()` is the one without parts. `(A)` is `A` itself, not a tuple.
    Tuple(Vec<Type>),
    /// `{ x: A, y: B }`
    Record(Vec<FieldType>),
    /// Reported already.
    Error,
}

/// `const name: T = e`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstItem {
    /// Its name.
    pub name: Name,
    /// Its declared type.
    pub kind: Type,
    /// Its value.
    pub value: Expr,
}

/// `fn name …`, in one of two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// Parameters and block, or an arrow.
    pub body: FunctionBody,
}

/// The two ways to write a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionBody {
    /// `(x: A, y: B) -> C { … }`
    Pointful {
        /// In order.
        parameters: Vec<FieldType>,
        /// The type after `->`.
        result: Type,
        /// What it computes.
        block: Block,
    },
    /// `: A -> B = arrow`
    PointFree {
        /// The type before `->`.
        from: Type,
        /// The type after `->`.
        to: Type,
        /// What it computes.
        arrow: Arrow,
    },
}

/// A name where it is written, for a definition or for a use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name. It is empty where a name was missing and that was reported.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// A constructor where it is used: `Some`, or `Reason.TooLittle` to say which type is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstructorName {
    /// The type before the dot.
    pub of: Option<Box<Name>>,
    /// The constructor.
    pub name: Name,
}

/// `"…"` where only a literal may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLiteral {
    /// The text, escapes replaced.
    pub value: String,
    /// With its quotes.
    pub span: Span,
}
