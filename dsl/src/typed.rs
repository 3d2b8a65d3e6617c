//! The typed core: what a source means once names are resolved, sugar is gone and every node has its shape.
//!
//! Only `check` makes it, so the translation to combinators meets no unknown name and no type that does not fit.
//! Expressions, patterns and arrows stand in one arena, [`Terms`], and name each other by index. A term is used
//! in one place only, and what it is made of has a smaller index. A [`Local`] is bound once in a whole machine;
//! state is a local too, and `set` and `become` bind a new one, so nothing here is ever overwritten.

mod terms;

use cam::schema::{Name, ShapeId, Shapes, Stamp};

pub use terms::{
    Arm, Arrow, ArrowId, ArrowKind, Expr, ExprId, ExprKind, Operator, Pattern, PatternId,
    PatternKind, Primitive, Terms,
};

use crate::source::Span;

/// A name for a value. It is bound by one pattern, parameter or statement and by nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Local(pub u32);

/// A function of the machine, by its position in [`Machine::functions`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FunctionIndex(pub u32);

impl FunctionIndex {
    /// Position in [`Machine::functions`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A machine without mistakes.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: u32,
    /// What the node stamps on each input, in field order.
    pub stamps: Vec<Stamp>,
    /// All shapes, those of older versions included.
    pub shapes: Shapes,
    /// The state.
    pub state: ShapeId,
    /// Inputs without stamps.
    pub input: ShapeId,
    /// Outputs.
    pub output: ShapeId,
    /// All expressions, patterns and arrows.
    pub terms: Terms,
    /// Functions and constants. One that calls another stands after it.
    pub functions: Vec<Function>,
    /// The first state; a closed expression.
    pub init: ExprId,
    /// One transition.
    pub step: Step,
    /// `migrate from N`: old state to new state.
    pub migrations: Vec<Conversion>,
    /// `migrate back to N`: new state to old state.
    pub backs: Vec<Conversion>,
    /// `accept from N`: old input to new input.
    pub accepts: Vec<Conversion>,
    /// `reply to N`: new output to old output.
    pub replies: Vec<Conversion>,
    /// What the author says of states, steps and upgrades.
    pub claims: Claims,
    /// In the order of the source.
    pub traces: Vec<Trace>,
}

/// All that is said of a machine besides what it does. Terms of one step share their locals.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The input of the step, without stamps.
    pub input: Local,
    /// The state before the step.
    pub before: Local,
    /// The state: after the step, or wherever the machine is.
    pub state: Local,
    /// The answer.
    pub reply: Local,
    /// In the order of the source.
    pub list: Vec<Claim>,
}

/// `invariant`, `property` or `witness`.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What it is called; no other claim of the machine is called so.
    pub name: Name,
    /// When it is asked, and what of.
    pub kind: ClaimKind,
    /// A `Bool`; for [`ClaimKind::After`] an `Option(Bool)`, which is none where it is not asked.
    pub body: ExprId,
    /// The condition where it is written.
    pub condition: Span,
    /// The whole member.
    pub span: Span,
}

/// When a claim is asked, and which names it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimKind {
    /// Of every state: `state`.
    Invariant,
    /// Of states, and it should hold of one: `state`.
    Witness,
    /// Once: none.
    Law,
    /// Of every step: `input`, `before`, `state`, `reply` and the stamps.
    After,
    /// Of every upgrade from a version: `state`, and its own name for the state before.
    Across {
        /// The older version.
        version: u32,
        /// The old state.
        old: Local,
        /// Its shape.
        shape: ShapeId,
    },
}

impl ClaimKind {
    /// The word that begins the member.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ClaimKind::Invariant => "invariant",
            ClaimKind::Witness => "witness",
            ClaimKind::Law | ClaimKind::After | ClaimKind::Across { .. } => "property",
        }
    }
}

/// `fn` or `const`.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name in the source.
    pub name: Name,
    /// The argument: the empty tuple for no parameter, the parameter itself for one, a tuple for several.
    pub domain: ShapeId,
    /// The result.
    pub codomain: ShapeId,
    /// What it computes.
    pub body: FunctionBody,
    /// The whole definition.
    pub span: Span,
}

/// What a function computes.
#[derive(Clone, Debug)]
pub enum FunctionBody {
    /// With named parameters. A constant has none.
    Expr {
        /// One for each parameter.
        parameters: Vec<Local>,
        /// Closed but for the parameters.
        body: ExprId,
    },
    /// Point-free; never stateful.
    Arrow(ArrowId),
}

/// How a machine steps.
#[derive(Clone, Debug)]
pub enum Step {
    /// `on` clauses. The first that matches is taken; one always matches.
    Clauses(Vec<Clause>),
    /// `step = arrow`, from the input to the output; stateful or not. Stamps are read by [`ArrowKind::Stamp`].
    Arrow(ArrowId),
}

/// `on P in S if g => body`
#[derive(Clone, Debug)]
pub struct Clause {
    /// Matches the input without its stamps.
    pub input: PatternId,
    /// Matches the state.
    pub state: PatternId,
    /// The state when the step began, in guard and body.
    pub entry: Local,
    /// A condition on the names of both patterns.
    pub guard: Option<ExprId>,
    /// What happens.
    pub body: Handler,
    /// The whole clause.
    pub span: Span,
}

/// What happens in a step. It ends in exactly one [`Handler::Finish`] or [`Handler::Arrow`] on each way through.
#[derive(Clone, Debug)]
pub enum Handler {
    /// The end: the state left behind and the answer.
    Finish {
        /// The state as it is then.
        state: Local,
        /// The answer.
        output: ExprId,
    },
    /// Straight-line statements, then the rest.
    Sequence {
        /// In order, at least one.
        statements: Vec<Statement>,
        /// What follows them.
        rest: Box<Handler>,
    },
    /// `if` in last position.
    If {
        /// What is asked.
        condition: ExprId,
        /// If it is so.
        yes: Box<Handler>,
        /// If it is not.
        no: Box<Handler>,
    },
    /// `match` in last position.
    Match {
        /// What is looked at.
        subject: ExprId,
        /// Tried in order; one always matches.
        arms: Vec<HandlerArm>,
    },
    /// A point-free clause.
    Arrow {
        /// The state it starts in.
        state: Local,
        /// From the payload to the output; stateful or not.
        arrow: ArrowId,
        /// The payload.
        argument: ExprId,
    },
}

/// A statement of a handler.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `let p = e`; the pattern always matches. `set` and `become` are this too: a new local for the state.
    Let {
        /// What is named.
        pattern: PatternId,
        /// What it is taken from.
        value: ExprId,
    },
    /// `let p = e else h`
    LetElse {
        /// What is named.
        pattern: PatternId,
        /// What it is taken from.
        value: ExprId,
        /// What happens if the pattern does not match; the statements after are then not reached.
        otherwise: Handler,
    },
    /// `require c else h`
    Require {
        /// What must hold.
        condition: ExprId,
        /// What happens if it does not; the statements after are then not reached.
        otherwise: Handler,
    },
}

/// An alternative of a `match` in last position.
#[derive(Clone, Debug)]
pub struct HandlerArm {
    /// What it is for.
    pub pattern: PatternId,
    /// A condition on the names of the pattern.
    pub guard: Option<ExprId>,
    /// What happens.
    pub body: Handler,
}

/// A closed, pure function between two versions.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// The older version.
    pub version: u32,
    /// Where it starts.
    pub domain: ShapeId,
    /// Where it ends.
    pub codomain: ShapeId,
    /// The argument.
    pub parameter: Local,
    /// Closed but for the parameter.
    pub body: ExprId,
    /// What the author says of it.
    pub manner: Manner,
    /// The member it comes from.
    pub span: Span,
}

/// What an author says of a conversion, besides what it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// It is written, or carries everything over as it is.
    Written,
    /// `auto`: most of it follows from the two types.
    Automatic,
    /// `lossy`: the way back need not give what the way forward was given.
    Lossy,
}

/// `trace "…" { … }`
#[derive(Clone, Debug)]
pub struct Trace {
    /// What it shows.
    pub title: Name,
    /// The version it starts in, if that is not this one.
    pub from: Option<u32>,
    /// In order.
    pub lines: Vec<TraceLine>,
    /// The whole trace.
    pub span: Span,
}

/// A line of a trace. Its expressions are closed, but for the state in a check.
#[derive(Clone, Debug)]
pub struct TraceLine {
    /// What it does.
    pub kind: TraceLineKind,
    /// Where it is written.
    pub span: Span,
}

/// What a line of a trace does.
#[derive(Clone, Debug)]
pub enum TraceLineKind {
    /// Sends an input, and may say what must come back.
    Send {
        /// The version whose types input and output have; another than the running one means through the adapters.
        client: u32,
        /// What is sent.
        input: ExprId,
        /// What it is stamped with, where that is said.
        stamps: Vec<(Stamp, ExprId)>,
        /// What must come back.
        expected: Option<Expected>,
    },
    /// Something that must hold of the state.
    Check {
        /// The state in the condition.
        state: Local,
        /// A `Bool`.
        condition: ExprId,
    },
    /// The state from here on.
    Given(ExprId),
    /// From the version after `from` to this one.
    Upgrade(Vec<(Stamp, ExprId)>),
}

/// What must come back in a trace.
#[derive(Clone, Debug)]
pub enum Expected {
    /// This output.
    Output(ExprId),
    /// The step aborts.
    Fault,
    /// The old input is refused.
    Retired,
}

/// An expression that was checked on its own, for example one typed at a command line. It is closed.
#[derive(Clone, Debug)]
pub struct Closed {
    /// The shapes of its terms: those it was checked against, with the same indices, and perhaps more.
    pub shapes: Shapes,
    /// All its terms.
    pub terms: Terms,
    /// The expression.
    pub root: ExprId,
}
