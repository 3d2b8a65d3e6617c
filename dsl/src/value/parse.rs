//! Values as people type them, outside of any program: at a command line, in a file.

use cam::schema::{ShapeId, Shapes};
use cam::value::Value;

use super::evaluate;
use crate::problem::catalogue::V001;
use crate::problem::{Problem, Problems};
use crate::source::Source;
use crate::{check, parse as grammar};

/// The value a text stands for, which must be one of `shape`: literals and constructors, nothing that
/// has to be computed.
///
/// # Errors
/// All problems of the text, with their places in it.
pub fn parse(source: &Source, shapes: &Shapes, shape: ShapeId) -> Result<Value, Problems> {
    let (expr, mut problems) = grammar::expression(source);
    match check::value(&expr, shapes, shape) {
        Ok(closed) if !problems.has_errors() => {
            evaluate(&closed.terms, closed.root).map_err(|computed| {
                let span = closed.terms.expr(computed).span;
                let problem = Problem::new(
                    V001,
                    span,
                    "this is not a value: it would have to be computed",
                );
                problems
                    .push(problem.helping("write the value itself, for example `3` for `1 + 2`"));
                problems
            })
        }
        Ok(_) => Err(problems),
        Err(more) => {
            problems.append(more);
            Err(problems)
        }
    }
}
