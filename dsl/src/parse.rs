//! Source to tree: the second stage of parsing, nom over tokens, one file for each part of the grammar.
//!
//! Conventions of all its files. A parser returns `Err` only if not one token was taken; after that it is
//! committed and returns a tree whatever comes, with a report for what was wrong (`recover`). Alternatives are
//! told apart by looking ahead at a few tokens, so nothing is read twice and no text takes exponential time.
//! `Cursor` is the input; what all parsers share (problems, limits, modes) hangs on it.

mod argument;
mod arrow;
mod atom;
mod block;
mod claim;
mod control;
mod cursor;
mod expression;
mod item;
mod list;
mod machine;
mod pattern;
mod recover;
mod trace;
mod types;
mod words;

use crate::ast::{Expr, Module};
use crate::problem::catalogue::{P013, P028};
use crate::problem::{Problem, Problems};
use crate::source::{Source, Span};
use crate::token::tokens;
use cursor::{Cursor, Shared};
use recover::must;

/// Reads a file. The tree is always there; where the text was wrong it holds error nodes.
pub fn module(source: &Source) -> (Module, Problems) {
    let (lexed, problems) = tokens(source);
    let shared = Shared::new(source, problems);
    let items = item::items(Cursor::new(&lexed.tokens, &shared), &lexed.comments);
    (
        Module {
            items,
            span: source.span(),
        },
        shared.problems.into_inner(),
    )
}

/// Reads one expression, such as a value typed at a command line: `Transfer { to: "savings", amount: 250 }`.
pub fn expression(source: &Source) -> (Expr, Problems) {
    let (lexed, problems) = tokens(source);
    let shared = Shared::new(source, problems);
    let (rest, value) = must(
        Cursor::new(&lexed.tokens, &shared),
        expression::expression,
        "a value",
    );
    if !rest.is_end() {
        rest.report_missing("the end of the text after this value");
    }
    (
        value,
        without_last_semicolon(source, shared.problems.into_inner()),
    )
}

/// Says of a `;` at the end what is true of a value on its own: it has no statements.
fn without_last_semicolon(source: &Source, mut problems: Problems) -> Problems {
    let is_last = |problem: &&Problem| {
        let at = problem.primary.span;
        let after = Span::new(at.end, source.span().end);
        problem.code == P028 && source.slice(at) == ";" && source.slice(after).trim().is_empty()
    };
    let Some(mut last) = problems.iter().find(is_last).cloned() else {
        return problems;
    };
    problems.retain(|problem| *problem != last);
    last.title = "an input ends without `;`".to_owned();
    last.help = vec!["leave it out".to_owned()];
    problems.push(last);
    problems
}

/// A closing bracket where none is open.
fn stray_closer(input: Cursor<'_>) -> Problem {
    Problem::new(
        P013,
        input.token().span,
        format!("`{}` closes nothing", input.text()),
    )
}
