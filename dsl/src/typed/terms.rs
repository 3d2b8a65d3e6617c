//! The arena of typed expressions, patterns and arrows.

use std::sync::Arc;

use cam::schema::{ShapeId, Stamp};

use super::{FunctionIndex, Local};
use crate::source::Span;

/// An expression of one arena.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ExprId(pub(crate) u32);

/// A pattern of one arena.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PatternId(pub(crate) u32);

/// An arrow of one arena.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ArrowId(pub(crate) u32);

/// All terms of a machine.
#[derive(Clone, Default, Debug)]
pub struct Terms {
    pub(crate) exprs: Vec<Expr>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) arrows: Vec<Arrow>,
}

impl Terms {
    /// The expression named `id`.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// The pattern named `id`.
    #[must_use]
    pub fn pattern(&self, id: PatternId) -> &Pattern {
        &self.patterns[id.0 as usize]
    }

    /// All patterns.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The arrow named `id`.
    #[must_use]
    pub fn arrow(&self, id: ArrowId) -> &Arrow {
        &self.arrows[id.0 as usize]
    }
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Which form it has.
    pub kind: ExprKind,
    /// What it evaluates to.
    pub shape: ShapeId,
    /// What it comes from.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A number.
    Int(i64),
    /// A text.
    Text(Arc<str>),
    /// A byte string.
    Bytes(Arc<[u8]>),
    /// A truth value.
    Bool(bool),
    /// A local that is in scope.
    Local(Local),
    /// What the node stamped on the input.
    Stamp(Stamp),
    /// A tuple; the empty one too.
    Tuple(Vec<ExprId>),
    /// A record: one expression for each field, in name order.
    Record(Vec<ExprId>),
    /// A record with some fields replaced.
    Update {
        /// The record the other fields are taken from.
        record: ExprId,
        /// Fields by their position in name order, each at most once.
        fields: Vec<(usize, ExprId)>,
    },
    /// A part of a tuple or record, by position.
    Project {
        /// The tuple or record.
        product: ExprId,
        /// Which part; fields stand in name order.
        index: usize,
    },
    /// A constructor of a variant (in name order) or of an option (`None` is 0, `Some` is 1).
    Inject {
        /// Which constructor.
        constructor: usize,
        /// What it carries; the empty tuple for nothing.
        payload: ExprId,
    },
    /// `[a, b]`
    List(Vec<ExprId>),
    /// `Map[k: v]`; a later entry of the same key wins. A set is a map to empty tuples.
    Map(Vec<(ExprId, ExprId)>),
    /// A function with one argument for each of its parameters; a constant has none.
    Call {
        /// Which function.
        function: FunctionIndex,
        /// In order.
        arguments: Vec<ExprId>,
    },
    /// An arrow applied to its argument; never stateful.
    Apply {
        /// The arrow.
        arrow: ArrowId,
        /// Where it starts.
        argument: ExprId,
    },
    /// An operation of the machine.
    Primitive {
        /// Which operation.
        primitive: Primitive,
        /// As many as it takes.
        arguments: Vec<ExprId>,
    },
    /// `a + b`; both sides are always evaluated.
    Binary {
        /// Which operator.
        operator: Operator,
        /// First operand; of the same shape as the second.
        left: ExprId,
        /// Second operand.
        right: ExprId,
    },
    /// `let p = a; b`; the pattern always matches.
    Let {
        /// What is named.
        pattern: PatternId,
        /// What it is taken from.
        value: ExprId,
        /// Where the names hold.
        body: ExprId,
    },
    /// `if c { a } else { b }`; `and`, `or` and `not` are this too.
    If {
        /// What is asked.
        condition: ExprId,
        /// If it is so.
        yes: ExprId,
        /// If it is not.
        no: ExprId,
    },
    /// `match e { … }`; `??`, `is` and `let … else` are this too.
    Match {
        /// What is looked at.
        subject: ExprId,
        /// Tried in order; one always matches.
        arms: Vec<Arm>,
    },
    /// From the first item of a list, or of a map in key order, to the last: `accumulator` is bound to what there is
    /// so far and `item` to the item (for a map the pair of key and value). All collection functions are this.
    Fold {
        /// A list or map.
        over: ExprId,
        /// What there is before the first item.
        start: ExprId,
        /// Always matches.
        accumulator: PatternId,
        /// Always matches.
        item: PatternId,
        /// What there is after the item; of the shape of `start`.
        body: ExprId,
        /// Where what there is so far matches this, nothing that follows matters: this is the result. It has
        /// no guard.
        until: Option<Arm>,
    },
    /// Of each item of a list, in order, what the body gives; the whole is a list again. Of a map, what becomes
    /// of the value of each key.
    Each {
        /// A map, or a list that is no [`ExprKind::Range`].
        over: ExprId,
        /// Always matches the item; for a map the pair of key and value.
        item: PatternId,
        /// What becomes of the item, or of the value.
        body: ExprId,
    },
    /// The entries of a map for which the body holds.
    Keep {
        /// The map.
        over: ExprId,
        /// Always matches the pair of key and value.
        item: PatternId,
        /// A `Bool`.
        body: ExprId,
    },
    /// The numbers from the first to the one before the second, as a list: none if there are none between.
    /// A fold over it counts and makes no list.
    Range {
        /// The first number.
        from: ExprId,
        /// The number after the last.
        to: ExprId,
        /// How many there may be; the step stops if there are more.
        most: Option<i64>,
    },
    /// A value carried to a shape that includes its own: the node's shape has the same fields and may have more
    /// constructors, at any depth.
    Same(ExprId),
    /// The old input has no meaning any more. Only in what `accept` makes; it has any shape.
    Refuse,
    /// The step stops: a `set` names a key that is not in the map, or a position that is not in the list. It has
    /// any shape.
    MissingKey,
}

/// An alternative of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// What it is for.
    pub pattern: PatternId,
    /// A condition on the names of the pattern.
    pub guard: Option<ExprId>,
    /// What it gives.
    pub body: ExprId,
}

/// Operations of the machine that are written as functions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Primitive {
    /// `Int, Int, Int -> Int`: the first times the second by the third, checked at the end only
    MultiplyDivide,
    /// `Int -> Text`: decimal
    TextOfInt,
    /// `Text -> Option(Int)`: of what `TextOfInt` gives
    IntOfText,
    /// `Text -> Int`: code points
    TextSize,
    /// `Text, Int -> Option(Text)`: one code point
    TextGet,
    /// `Text, Text -> Text`
    TextConcat,
    /// `Text, Text, Int -> Option(Int)`: where the second is in the first, from a position on
    TextFind,
    /// `Text, Text -> Bool`: whether the first begins with the second
    TextStarts,
    /// `Text, Text -> Bool`: whether the first ends with the second
    TextEnds,
    /// `Text, Text -> List(Text)`: what stands between the second in the first
    TextSplit,
    /// `List(Text), Text -> Text`: with the second between them
    TextJoin,
    /// `Text -> List(Int)`: code points
    ListOfText,
    /// `List(Int) -> Option(Text)`: of code points
    TextOfList,
    /// `Bytes -> Int`
    BytesSize,
    /// `Bytes, Int -> Option(Int)`
    BytesGet,
    /// `Bytes, Bytes -> Bytes`
    BytesConcat,
    /// `Bytes -> List(Int)`
    ListOfBytes,
    /// `List(Int) -> Option(Bytes)`: none unless all are below 256
    BytesOfList,
    /// `A -> Bytes`: the canonical bytes of the value
    Encode,
    /// `Bytes -> Option(A)`: the value whose canonical bytes they are
    Decode,
    /// `Bytes -> Bytes`: BLAKE3
    Hash,
    /// `List(A) -> Int`
    ListSize,
    /// `List(A), Int -> Option(A)`
    ListGet,
    /// `List(A), Int, A -> Option(List(A))`: another item at a position
    ListSet,
    /// `List(A), A -> List(A)`: the item at the end.
    ListPush,
    /// `List(A), List(A) -> List(A)`
    ListConcat,
    /// `X, Int, Int -> X`, of a list, text or bytes: from a position to before another, as far as it goes
    Part,
    /// `X, Int -> X`, of a list, text or bytes: so many at the end, as far as it goes
    End,
    /// `Map(K, V) -> Int`
    MapSize,
    /// `Map(K, V), K -> Option(V)`
    MapGet,
    /// `Map(K, V), K, V -> Map(K, V)`
    MapInsert,
    /// `Map(K, V), K -> Map(K, V)`
    MapRemove,
}

/// Operators between two values of one shape.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operator {
    /// `Int + Int`, checked
    Add,
    /// `Int - Int`, checked
    Subtract,
    /// `Int * Int`, checked
    Multiply,
    /// `Int / Int`, Euclidean, checked
    Divide,
    /// `Int % Int`, Euclidean, checked
    Remainder,
    /// `==` on any shape
    Equal,
    /// `!=` on any shape
    NotEqual,
    /// `<` on any shape without a map in it
    Less,
    /// `<=`, likewise
    LessOrEqual,
    /// `>`, likewise
    Greater,
    /// `>=`, likewise
    GreaterOrEqual,
}

impl Operator {
    /// Whether it computes a number; the others compare.
    #[must_use]
    pub fn is_arithmetic(self) -> bool {
        use Operator::{Add, Divide, Multiply, Remainder, Subtract};
        matches!(self, Add | Subtract | Multiply | Divide | Remainder)
    }
}

/// A pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Which form it has.
    pub kind: PatternKind,
    /// What it is matched against.
    pub shape: ShapeId,
    /// What it comes from.
    pub span: Span,
}

/// The forms of a pattern.
#[derive(Clone, Debug)]
pub enum PatternKind {
    /// Everything.
    Any,
    /// Everything, and names it.
    Bind(Local),
    /// This number.
    Int(i64),
    /// This text.
    Text(Arc<str>),
    /// This truth value.
    Bool(bool),
    /// A tuple or record: one pattern for each part, fields in name order.
    Product(Vec<PatternId>),
    /// A constructor of a variant (in name order) or of an option (`None` is 0, `Some` is 1). A list has two as well:
    /// 0 is the empty list, 1 any other, as the pair of its first item and the list of the others.
    Constructor {
        /// Which constructor.
        constructor: usize,
        /// What is expected inside it.
        payload: PatternId,
    },
    /// One of these; they bind nothing.
    Alternatives(Vec<PatternId>),
}

/// An arrow.
#[derive(Clone, Debug)]
pub struct Arrow {
    /// Which form it has.
    pub kind: ArrowKind,
    /// Where it starts.
    pub domain: ShapeId,
    /// Where it ends.
    pub codomain: ShapeId,
    /// Whether `get` or `put` occurs in it.
    pub stateful: bool,
    /// What it comes from.
    pub span: Span,
}

/// The forms of an arrow.
#[derive(Clone, Debug)]
pub enum ArrowKind {
    /// `A -> A`
    Identity,
    /// `A -> B`, `B -> C`, …: one after the other, at least two.
    Compose(Vec<ArrowId>),
    /// `A -> B`, `A -> C`, … to `A -> (B, C, …)`, left to right, at least two.
    Fanout(Vec<ArrowId>),
    /// `A -> B`, `C -> D`, … to `(A, C, …) -> (B, D, …)`, left to right, at least two.
    Parallel(Vec<ArrowId>),
    /// `{ x: f, y: g }`: fields by position in name order, each once, evaluated in the order given here.
    Record(Vec<(usize, ArrowId)>),
    /// A part of a tuple or record, by position.
    Project(usize),
    /// From the payload to the variant or option.
    Inject(usize),
    /// From the variant, option or `Bool` (false, true): one arrow from each payload, in constructor order.
    Case(Vec<ArrowId>),
    /// What `test` says of the argument decides whether `yes` or `no` is next, on the same argument.
    Choose {
        /// To a `Bool`.
        test: ArrowId,
        /// If it is so.
        yes: ArrowId,
        /// If it is not.
        no: ArrowId,
    },
    /// `A -> (B => C)` from `(A, B) -> C`. The function lives until the step ends, and only where arrows lead it.
    Curry(ArrowId),
    /// `(B => C, B) -> C`
    Apply,
    /// `List(A) -> List(B)` or `Map(K, A) -> Map(K, B)` from `A -> B`: on each item or value, in order.
    Each(ArrowId),
    /// Always the same value; the expression is closed but for stamps.
    Constant(ExprId),
    /// A function of the machine, from its domain.
    Function(FunctionIndex),
    /// A function in the other layer. The pattern always matches; the body is closed but for its names and stamps.
    Lambda {
        /// Matches the argument.
        parameter: PatternId,
        /// The result.
        body: ExprId,
    },
    /// What the node stamped on the input.
    Stamp(Stamp),
    /// `A -> S`: the state.
    Get,
    /// `S -> ()`: replaces the state.
    Put,
}
