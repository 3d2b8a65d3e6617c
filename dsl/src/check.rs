//! From the tree to the typed core: names, types, exhaustiveness, and what a machine says about older versions.
//!
//! Checking is bidirectional: what a place wants flows down, what stands there flows up, and a mismatch names two
//! written places. A node with a mistake gets a type that fits everything, so one mistake is one message and the
//! rest of the file is still looked at.

mod adapter;
mod arrow;
mod arrow_sum;
mod automatic;
mod block;
mod call;
mod claim;
mod clause;
mod closure;
mod collection;
mod construct;
mod conversion;
mod declare;
mod derived;
mod draft;
mod exhaustive;
mod expression;
mod finish;
mod function;
mod handler;
mod inclusion;
mod lint;
mod machine;
mod messages;
mod name;
mod named_arrow;
mod names;
mod operator;
mod order;
mod pattern;
mod range;
mod record;
mod scope;
mod sequence;
mod set;
pub(crate) mod sight;
mod signature;
mod template;
mod trace;
pub(crate) mod types;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use cam::schema::{Shape, ShapeId, Shapes, Stamp};

use crate::ast;
use crate::history::History;
use crate::limits::{NAMES_COMPARED_MAX, PROBLEMS_MAX};
use crate::problem::catalogue::{T140, T141};
use crate::problem::{Problem, Problems, Severity};
use crate::source::{Source, Span};
use crate::typed::{Closed, ExprId, Local, Machine};
use call::Callback;
use draft::Draft;
use names::Names;
use order::Edge;
use scope::Scope;
use sight::Sights;
use types::{Partial, Types};

/// Checks the one machine of a file.
///
/// The problems beside a machine are warnings.
///
/// # Errors
/// All problems of the file. A tree with error nodes gives no machine; if nothing else is wrong with it the list is
/// empty, because the parser has reported them.
pub fn machine(
    source: &Source,
    module: &ast::Module,
    history: &History,
) -> Result<(Machine, Problems), Problems> {
    checked(
        Checker::new(Some(source), history, Shapes::default()),
        module,
    )
}

/// The same of a file in which the condition of a `check` may have any type, because its value is to be shown.
///
/// # Errors
/// As [`machine`].
pub(crate) fn session(
    source: &Source,
    module: &ast::Module,
    history: &History,
) -> Result<(Machine, Problems), Problems> {
    let mut checker = Checker::new(Some(source), history, Shapes::default());
    checker.is_session = true;
    checked(checker, module)
}

fn checked<'a>(
    mut checker: Checker<'a>,
    module: &'a ast::Module,
) -> Result<(Machine, Problems), Problems> {
    match checker.module(module) {
        Some(machine) if !checker.problems.has_errors() => Ok((machine, checker.problems)),
        _ => Err(checker.mistakes_only()),
    }
}

/// Checks an expression on its own against a shape, for example an input typed at a command line. Constructors are
/// those of the shape; there are no functions but the built-in ones, and no state.
///
/// # Errors
/// All problems of the expression; as for [`machine`], the list may be empty if the tree has error nodes.
pub fn value(expr: &ast::Expr, shapes: &Shapes, shape: ShapeId) -> Result<Closed, Problems> {
    let history = History::new();
    let mut checker = Checker::new(None, &history, shapes.clone());
    let wanted = checker.types.closed(shape);
    let root = checker.check(expr, wanted);
    match checker.finish() {
        Some(terms) if !checker.problems.has_errors() => Ok(Closed {
            shapes: checker.types.shapes,
            terms,
            root,
        }),
        _ => Err(checker.problems),
    }
}

/// What is known while a file is checked.
struct Checker<'a> {
    source: Option<&'a Source>,
    history: &'a History,
    types: Types,
    names: Names<'a>,
    scope: Scope,
    draft: Draft,
    problems: Problems,
    /// What the place that is being checked can see and do.
    frame: Frame,
    /// The function that is being checked, and what each function uses.
    current: Option<usize>,
    uses: Vec<Vec<Edge>>,
    /// Functions that the machine itself uses.
    roots: BTreeSet<usize>,
    duties: Vec<Duty>,
    /// Whether a node got a type that never becomes known; no machine is made then.
    is_spoilt: bool,
    /// The state as it is declared.
    state_body: Option<&'a ast::TypeBody>,
    /// The texts of built-in functions that were read.
    templates: BTreeMap<&'static str, ast::Expr>,
    /// Whether the value of a `check` is shown, and may be any.
    is_session: bool,
    /// Grows with every mistake, so that a part can tell whether it holds one.
    mistakes: usize,
    /// What was seen of names, if anybody will ask.
    sights: Option<Box<Sights>>,
}

/// What can be seen and done besides locals and the names at the top of the file.
#[derive(Clone, Default)]
struct Frame {
    state: Option<StateView>,
    stamps: Vec<Stamp>,
    /// The state before an upgrade: `prev`, of another type than the state.
    past: Option<(Local, Partial)>,
    /// The answer of a step that is over.
    reply: Option<(Local, Partial)>,
    /// A property that is about no state.
    is_law: bool,
    /// The stateful arrows `get` and `put`, on a state of this type.
    arrow_state: Option<Partial>,
    may_refuse: bool,
    migrating: Option<Migrating>,
    /// Locals of a pattern cannot be bound inside alternatives.
    in_alternatives: bool,
    /// What is checked is a template of a built-in function, and not what somebody wrote.
    is_template: bool,
    /// What the template of a built-in function is given, until it has used it.
    subject: Option<ExprId>,
    function: Option<Callback>,
}

#[derive(Clone, Copy)]
struct StateView {
    current: Local,
    /// The state when the step began: `prev`.
    entry: Option<Local>,
    partial: Partial,
}

/// The migration whose body is being checked.
#[derive(Clone)]
struct Migrating {
    /// `migration from 1`, `migration back to 1`
    title: String,
    /// What it must build.
    target: Partial,
}

/// Something that can be judged only when all types are known.
enum Duty {
    /// A type whose values are put in order.
    Order { partial: Partial, at: Span },
    /// Values of the type are ordered or are keys.
    Key {
        partial: Partial,
        at: Span,
        use_word: &'static str,
    },
    /// The first type is included in the second.
    Same {
        from: Partial,
        to: Partial,
        at: Span,
    },
    /// One arm always matches, and each can be reached.
    Arms {
        subject: Partial,
        arms: Vec<exhaustive::Row>,
        at: Span,
        place: exhaustive::Place,
    },
}

impl<'a> Checker<'a> {
    fn new(source: Option<&'a Source>, history: &'a History, shapes: Shapes) -> Checker<'a> {
        Checker {
            source,
            history,
            types: Types::new(shapes),
            names: Names::default(),
            scope: Scope::default(),
            draft: Draft::default(),
            problems: Problems::new(),
            frame: Frame::default(),
            current: None,
            uses: Vec::new(),
            roots: BTreeSet::new(),
            duties: Vec::new(),
            is_spoilt: false,
            state_body: None,
            templates: BTreeMap::new(),
            is_session: false,
            mistakes: 0,
            sights: None,
        }
    }

    fn report(&mut self, problem: Problem) {
        if problem.severity() == Severity::Error {
            self.mistakes += 1;
        }
        self.problems.push(problem);
    }

    /// Names that an unknown one is compared with: none if what is said of it is left out anyway.
    fn comparable<'n>(&self, names: impl Iterator<Item = &'n str>) -> Vec<String> {
        let is_heard = self.mistakes < PROBLEMS_MAX;
        let count = if is_heard { NAMES_COMPARED_MAX } else { 0 };
        names.take(count).map(str::to_owned).collect()
    }

    /// The problems of a file that is refused. A name often seems unused only because of a mistake.
    fn mistakes_only(mut self) -> Problems {
        self.problems
            .retain(|problem| !matches!(problem.code, T140 | T141));
        self.problems
    }

    /// Remembers that a node has no meaning; why was reported.
    fn spoil(&mut self) {
        self.is_spoilt = true;
        self.mistakes += 1;
    }

    /// Does something with another view of what can be seen and done.
    fn within<T>(&mut self, frame: Frame, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.frame, frame);
        let result = work(self);
        self.frame = before;
        result
    }

    /// The text of a span, if it is short enough to be repeated in a help line.
    fn quote(&self, span: Span) -> Option<&'a str> {
        let text = self.source?.slice(span);
        (!text.is_empty() && text.len() <= 60 && !text.contains('\n')).then_some(text)
    }

    /// The variant or option behind a type, as its constructors with their payloads; `None` if it is neither.
    fn constructors(&mut self, partial: Partial) -> Option<Vec<(cam::schema::Name, Partial)>> {
        match self.types.form(partial) {
            types::Form::Shape(id) => match self.types.shapes.get(id).clone() {
                Shape::Variant(_, constructors) => Some(
                    constructors
                        .iter()
                        .map(|(name, shape)| (name.clone(), self.types.closed(*shape)))
                        .collect(),
                ),
                _ => None,
            },
            types::Form::Option(item) => {
                let unit = self.types.unit();
                Some(vec![("None".into(), unit), ("Some".into(), item)])
            }
            types::Form::Either(left, right) => {
                Some(vec![("Left".into(), left), ("Right".into(), right)])
            }
            _ => None,
        }
    }
}
