//! Machines: their members, their handlers, what they say about older versions, their traces.

use super::{Arm, Arrow, Expr, Name, Pattern, Record, RecordPattern, TextLiteral, TypeBody};
use crate::source::Span;

/// `machine Name version N with at, from { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: Version,
    /// The names after `with`: what the node is asked to stamp on each input.
    pub context: Vec<Name>,
    /// In the order they were written; clauses are tried in this order.
    pub members: Vec<Member>,
}

/// The number of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The number; 0 where it was missing and that was reported.
    pub number: u32,
    /// Where it is written.
    pub span: Span,
}

/// A part of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which part it is.
    pub kind: MemberKind,
    /// From its first word to its end.
    pub span: Span,
}

/// The parts of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// `input …`
    Input(TypeBody),
    /// `output …`
    Output(TypeBody),
    /// `state …`
    State(TypeBody),
    /// `init e`
    Init(Expr),
    /// `on P in S if g => e`
    On(Handler),
    /// `step = arrow`: the whole machine.
    Step(Arrow),
    /// `migrate from N …`
    Migrate(Migrate),
    /// `migrate back to N p => e`
    MigrateBack(MigrateBack),
    /// `accept from N { … }`: old inputs to new inputs.
    Accept(Adapter),
    /// `reply to N { … }`: new outputs to old outputs.
    Reply(Adapter),
    /// `invariant n: e`
    Invariant(Claim),
    /// `property n: …`
    Property(Property),
    /// `witness n: e`
    Witness(Claim),
    /// `trace "…" { … }`
    Trace(Trace),
    /// Reported already.
    Error,
}

/// `n: e`, after `invariant` and `witness`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What it is called.
    pub name: Name,
    /// What is said of the state.
    pub condition: Expr,
}

/// `n: after P in S => e`, `n: across N => e`, `n: e`, after `property`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// What it is called.
    pub name: Name,
    /// When it is asked.
    pub moment: Moment,
    /// What is said then.
    pub condition: Expr,
}

/// When a property is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// Once: it is about no state.
    Always,
    /// `after P in S`: after each step from such an input in such a state.
    After {
        /// For which inputs.
        input: Pattern,
        /// In which states before the step; in all if it is absent.
        state: Option<Pattern>,
    },
    /// `across N`: at each upgrade from that version.
    Across(Version),
}

/// `on P in S if g => e`, `on P = arrow`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// For which inputs.
    pub input: Pattern,
    /// In which states; in all if it is absent.
    pub state: Option<Pattern>,
    /// Under which condition.
    pub guard: Option<Expr>,
    /// What happens then.
    pub body: HandlerBody,
}

/// The two ways to write a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandlerBody {
    /// `=> e`
    Pointful(Expr),
    /// `= arrow`, from the payload of the input to the output.
    PointFree(Arrow),
}

/// `migrate from N …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrate {
    /// The older version.
    pub from: Version,
    /// How its state becomes this one's.
    pub body: MigrateBody,
}

/// How an old state becomes a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrateBody {
    /// `unchanged`, and where it is written.
    Unchanged(Span),
    /// `p => e`
    By {
        /// Matches the old state.
        pattern: Pattern,
        /// Builds the new one.
        value: Expr,
    },
    /// `auto`, `auto { x: _ }`, `auto { x } => { y: e }`
    Auto {
        /// The word.
        at: Span,
        /// Fields of the old state that are dropped or used.
        pattern: Option<RecordPattern>,
        /// Fields of the new state that are written.
        value: Option<Record>,
    },
}

/// `migrate back to N p => e`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrateBack {
    /// Whether it may lose what the older version cannot hold.
    pub is_lossy: bool,
    /// The older version.
    pub to: Version,
    /// Matches the state of this version.
    pub pattern: Pattern,
    /// Builds the older one's.
    pub value: Expr,
}

/// What follows `accept from` and `reply to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// The older version.
    pub version: Version,
    /// Only what is not carried over as it is; empty if no braces are written.
    pub arms: Vec<Arm>,
}

/// `trace "…" from N { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// What it shows.
    pub title: TextLiteral,
    /// The state it starts in, if that is not the first one.
    pub given: Option<Expr>,
    /// The version it starts in, if that is not this one.
    pub from: Option<Version>,
    /// In order.
    pub lines: Vec<TraceLine>,
}

/// A line of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// Which form it has.
    pub kind: TraceLineKind,
    /// From its first token to its last.
    pub span: Span,
}

/// The forms of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceLineKind {
    /// `v1> Incr at 5 as "ann" = Ok`
    Send {
        /// The version whose client speaks, if that is not the one that runs.
        client: Option<Version>,
        /// What is sent.
        input: Expr,
        /// The time it is stamped with.
        at: Option<Expr>,
        /// The sender it is stamped with, after `as`.
        sender: Option<Expr>,
        /// What must come back, if anything is said about it.
        expected: Option<Expected>,
    },
    /// `check e`
    Check(Expr),
    /// `given e`: the state from here on.
    Given(Expr),
    /// `upgrade at 5 as "ann"`
    Upgrade {
        /// The moment of it.
        at: Option<Expr>,
        /// Who pushed it, after `as`.
        sender: Option<Expr>,
    },
    /// Reported already.
    Error,
}

/// What follows `=` in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Which answer.
    pub kind: ExpectedKind,
    /// Without the `=`.
    pub span: Span,
}

/// The answers a trace can expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedKind {
    /// `fault`: the step aborts, the state stays.
    Fault,
    /// `retired`: the old input is refused.
    Retired,
    /// An output.
    Value(Expr),
}
