//! Blocks, statements, records.

use nom::Parser;
use nom::branch::alt;
use nom::multi::many0;
use nom::sequence::preceded;

use super::cursor::{Cursor, Parsed};
use super::expression::expression;
use super::list::{bracketed, commas, is_cut_off};
use super::pattern::pattern;
use super::recover::{ErrorNode, expect, must, past};
use super::stray_closer;
use super::words::{attached, begins_statement, begins_value, define_lower, lower, symbol, word};
use crate::ast::{
    Block, Expr, ExprKind, FieldValue, Name, PathStep, PathStepKind, Record, Statement,
    StatementKind,
};
use crate::limits::STATEMENTS_MAX;
use crate::problem::catalogue::{P018, P019, P031, P041};
use crate::problem::{Problem, habit};
use crate::source::Span;
use crate::token::{Symbol, TokenKind, Word};

/// `{..`, `{x:` and `{x,` begin a record, every other brace a block.
pub(super) fn is_record(input: Cursor<'_>) -> bool {
    let is = |count: usize, symbol| input.ahead(count).kind == TokenKind::Symbol(symbol);
    let is_field =
        input.ahead(1).kind == TokenKind::Lower && (is(2, Symbol::Colon) || is(2, Symbol::Comma));
    is(0, Symbol::OpenBrace) && (is(1, Symbol::Spread) || is_field)
}

/// `{ ..r, x: a, y }`
pub(super) fn record(input: Cursor<'_>) -> Parsed<'_, Record> {
    let content = |inside| {
        let (rest, spread) = match symbol(Symbol::Spread)(inside) {
            Ok((rest, _)) => {
                let (rest, spread) = must(rest, expression, "a record after `..`");
                (
                    symbol(Symbol::Comma)(rest).map_or(rest, |(rest, _)| rest),
                    Some(Box::new(spread)),
                )
            }
            Err(_) => (inside, None),
        };
        let (rest, fields) = commas(rest, "the name of a field", field);
        (rest, (spread, fields))
    };
    let (rest, (spread, fields)) = bracketed(input, Symbol::OpenBrace, content)?;
    Ok((
        rest,
        Record {
            spread,
            fields,
            span: input.span_to(rest),
        },
    ))
}

fn field(input: Cursor<'_>) -> Parsed<'_, FieldValue> {
    let (rest, name) = lower(input)?;
    let (rest, value) = match symbol(Symbol::Colon)(rest) {
        Ok((rest, _)) => must(rest, expression, "the value of this field"),
        Err(_) => (
            rest,
            Expr {
                kind: ExprKind::Name(name.clone()),
                span: name.span,
            },
        ),
    };
    Ok((
        rest,
        FieldValue {
            name,
            value,
            span: input.span_to(rest),
        },
    ))
}

/// `{ statements… value }`
pub(super) fn block(input: Cursor<'_>) -> Parsed<'_, Block> {
    let opening = input.token().span;
    let (rest, (statements, result)) =
        bracketed(input, Symbol::OpenBrace, |inside| content(inside, opening))?;
    Ok((
        rest,
        Block {
            statements,
            result: Box::new(result),
            span: input.span_to(rest),
        },
    ))
}

/// What a block holds so far.
struct Content {
    statements: Vec<Statement>,
    result: Option<Expr>,
}

/// Statements and the value after them. Whatever comes, it goes on to the closing brace.
fn content(input: Cursor<'_>, opening: Span) -> (Cursor<'_>, (Vec<Statement>, Expr)) {
    let mut content = Content {
        statements: Vec::new(),
        result: None,
    };
    let mut was_wrong = false;
    let mut rest = input;
    while !is_block_over(rest, opening) {
        if let Some(value) = content.result.take().filter(|_| !was_wrong) {
            report_early_value(rest, &value);
        }
        let after = content.part(rest);
        was_wrong = after.is_recovering();
        rest = next_part(rest, after);
        was_wrong = was_wrong || rest.place() > after.place();
    }
    if content.result.is_none() && !was_wrong && rest.is_symbol(Symbol::CloseBrace) {
        rest.remark(without_value(rest, opening));
    }
    let result = content
        .result
        .unwrap_or_else(|| Expr::error(rest.token().span.before()));
    (rest, (content.statements, result))
}

impl Content {
    fn part<'a>(&mut self, input: Cursor<'a>) -> Cursor<'a> {
        let is_assignment = input.token().kind == TokenKind::Lower
            && input.ahead(1).kind == TokenKind::Symbol(Symbol::Assign);
        if begins_statement(input) || is_assignment {
            self.statement(input)
        } else {
            self.value(input)
        }
    }

    fn value<'a>(&mut self, input: Cursor<'a>) -> Cursor<'a> {
        let (rest, value) = expect(input, expression, "a statement or a value");
        self.result = value;
        rest
    }

    fn statement<'a>(&mut self, input: Cursor<'a>) -> Cursor<'a> {
        input.recovered();
        let (rest, kind) = match input.token().kind {
            TokenKind::Word(Word::Let) => binding(input),
            TokenKind::Word(Word::Require) => requirement(input),
            TokenKind::Word(Word::Set) => change(input),
            TokenKind::Word(_) => replacement(input),
            _ => assignment(input),
        };
        let statement = Statement {
            kind,
            span: input.span_to(rest),
        };
        if self.statements.len() < STATEMENTS_MAX {
            self.statements.push(statement);
        } else {
            let title = format!("a block has at most {STATEMENTS_MAX} statements");
            input.remark(
                Problem::new(P041, statement.span, title).helping("move some of them into a `fn`"),
            );
        }
        rest
    }
}

fn is_block_over(input: Cursor<'_>, opening: Span) -> bool {
    input.is_symbol(Symbol::CloseBrace) || input.is_over() || is_cut_off(input, opening)
}

/// To where the next statement or value begins, after what was read from `start` on.
fn next_part<'a>(start: Cursor<'a>, input: Cursor<'a>) -> Cursor<'a> {
    let begins = |place: Cursor<'_>| begins_statement(place) || begins_value(place.token().kind);
    let begins_line = |place: Cursor<'_>| {
        place.token().newline_before && place.place() > start.place() && begins(place)
    };
    let is_firm = !input.is_recovering() && (begins(input) || input.is_symbol(Symbol::CloseBrace));
    if input.is_over() || is_firm || begins_line(input) {
        input.recovered();
        return input;
    }
    if is_stray_closer(input) {
        input.report(stray_closer(input));
    } else {
        input.report_missing("a statement, a value or `}`");
    }
    let mut rest = input.skip_to(begins_line);
    while is_stray_closer(rest) {
        rest = rest.advance().skip_to(begins_line);
    }
    rest
}

fn is_stray_closer(input: Cursor<'_>) -> bool {
    input.is_symbol(Symbol::CloseParen) || input.is_symbol(Symbol::CloseBracket)
}

fn without_value(input: Cursor<'_>, opening: Span) -> Problem {
    let end = input.token().span;
    let problem = Problem::new(P018, end, "this block ends without a value")
        .pointing_at(opening, "")
        .noting("the last line of a block is its value; of a handler it is the output");
    // Other languages write an empty map so.
    match opening.end == end.start {
        true => problem.helping("an empty map is `Map[]`, an empty set `Set[]`"),
        false => problem,
    }
}

/// What to write instead of a word that other languages have here.
fn habit_of(value: &Expr) -> Option<&'static str> {
    match &value.kind {
        ExprKind::Name(name) => habit::value(&name.text),
        _ => None,
    }
}

fn report_early_value(input: Cursor<'_>, value: &Expr) {
    if value.kind == ExprKind::Error || input.is_recovering() {
        return;
    }
    let problem = Problem::new(
        P019,
        value.span,
        "this value stands before the end of its block, so nothing uses it",
    );
    input.remark(match (habit_of(value), input.token().kind) {
        (Some(help), _) => problem.helping(help),
        (None, TokenKind::Symbol(Symbol::Minus)) => {
            problem.helping("to subtract, put the `-` at the end of the line before")
        }
        (None, TokenKind::Symbol(Symbol::OpenParen | Symbol::OpenBracket | Symbol::OpenBrace)) => {
            problem.helping("a bracket belongs to what is before it only on the same line")
        }
        (None, _) => problem.helping("name it with `let`, or remove it"),
    });
}

/// `let p = e`, `let p = e else b`
fn binding(input: Cursor<'_>) -> (Cursor<'_>, StatementKind) {
    let rest = input.advance();
    let (rest, pattern) = must(rest, pattern, "a name or a pattern after `let`");
    let rest = past(rest, TokenKind::Symbol(Symbol::Assign), "`=`");
    let (rest, value) = must(rest, expression, "a value after `=`");
    let Ok((rest, _)) = word(Word::Else)(rest) else {
        return (
            rest,
            StatementKind::Let {
                pattern,
                value,
                otherwise: None,
            },
        );
    };
    let (rest, otherwise) = must(rest, expression, "an output after `else`");
    (
        rest,
        StatementKind::Let {
            pattern,
            value,
            otherwise: Some(otherwise),
        },
    )
}

/// `require c else b`
fn requirement(input: Cursor<'_>) -> (Cursor<'_>, StatementKind) {
    let rest = input.advance();
    let (rest, condition) = must(rest, expression, "a condition after `require`");
    let rest = past(
        rest,
        TokenKind::Word(Word::Else),
        "`else` and the output if that does not hold",
    );
    let (rest, otherwise) = must(rest, expression, "an output after `else`");
    (
        rest,
        StatementKind::Require {
            condition,
            otherwise,
        },
    )
}

/// `set f.g[k] = e`
fn change(input: Cursor<'_>) -> (Cursor<'_>, StatementKind) {
    let rest = input.advance();
    let (rest, field) = must::<Name>(rest, define_lower, "the name of a field after `set`");
    let (rest, path) = many0(step).parse(rest).unwrap_or((rest, Vec::new()));
    let rest = past(rest, TokenKind::Symbol(Symbol::Assign), "`=`");
    let (rest, value) = must(rest, expression, "the new value after `=`");
    (rest, StatementKind::Set { field, path, value })
}

fn step(input: Cursor<'_>) -> Parsed<'_, PathStep> {
    let field = preceded(symbol(Symbol::Dot), |input| {
        Ok(must(input, lower, "the name of a field after `.`"))
    });
    let (rest, kind) =
        alt((field.map(PathStepKind::Field), key.map(PathStepKind::Key))).parse(input)?;
    Ok((
        rest,
        PathStep {
            kind,
            span: input.span_to(rest),
        },
    ))
}

fn key(input: Cursor<'_>) -> Parsed<'_, Expr> {
    attached(Symbol::OpenBracket)(input)?;
    bracketed(input, Symbol::OpenBracket, |inside| {
        must(inside, expression, "a key")
    })
}

/// `become e`
fn replacement(input: Cursor<'_>) -> (Cursor<'_>, StatementKind) {
    let rest = input.advance();
    let (rest, value) = must(rest, expression, "the new state after `become`");
    (rest, StatementKind::Become(value))
}

/// `x = e` without a word before it.
fn assignment(input: Cursor<'_>) -> (Cursor<'_>, StatementKind) {
    let name = input.text();
    let place = input.token().span.before();
    let problem = Problem::new(
        P031,
        input.token().span,
        format!("`{name} = …` needs a word before it"),
    )
    .helping(format!(
        "`set {name} = …` changes the state, `let {name} = …` names a value, `==` compares"
    ));
    input.remark(problem.fixed_by("write `set`", place, "set "));
    let (rest, _) = must(input.advance().advance(), expression, "a value after `=`");
    (rest, StatementKind::Error)
}
