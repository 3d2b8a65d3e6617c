//! Items: the definitions of a file.

use super::arrow::arrow;
use super::atom::braces;
use super::cursor::{Cursor, Parsed, missing};
use super::expression::expression;
use super::list::listed_with_errors;
use super::machine::{machine, members};
use super::recover::{ErrorNode, expect, must, past, toward};
use super::stray_closer;
use super::types::{parameter, type_, type_body};
use super::words::{ITEM_WORDS, begins_member, define_lower, define_upper, symbol};
use crate::ast::{
    Block, ConstItem, Expr, ExprKind, Function, FunctionBody, Item, ItemKind, Type, TypeBody,
    TypeItem,
};
use crate::problem::catalogue::{P023, P025};
use crate::problem::{Problem, habit, nearest};
use crate::source::{Source, Span};
use crate::token::{Comment, Symbol, TokenKind, Word};

/// All items of a file.
pub(super) fn items(input: Cursor<'_>, comments: &[Comment]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut rest = input;
    while !rest.is_end() {
        let (after, kind) = item(rest);
        let documentation = documentation(rest.shared.source, comments, rest.token().span);
        items.extend(kind.map(|kind| Item {
            documentation,
            kind,
            span: rest.span_to(after),
        }));
        rest = after.resume(|_| false);
    }
    items
}

/// An item, by its word. A word that is nearly one is reported and taken for it.
fn item(input: Cursor<'_>) -> (Cursor<'_>, Option<ItemKind>) {
    let after = input.advance();
    match input.token().kind {
        TokenKind::Word(word @ (Word::Machine | Word::Type | Word::Fn | Word::Const)) => {
            item_of(word.spelling(), after)
        }
        TokenKind::Symbol(symbol) if symbol.is_closer() => {
            input.report(stray_closer(input));
            (after, None)
        }
        _ if begins_member(input) => {
            let title = format!("`{}` stands outside of a machine", input.text());
            input.remark(Problem::new(P025, input.token().span, title));
            let (rest, _) = members(input);
            (
                if rest.is_symbol(Symbol::CloseBrace) {
                    rest.advance()
                } else {
                    rest
                },
                None,
            )
        }
        _ => unknown_item(input, after),
    }
}

/// Something that begins no item; a word that is nearly one of theirs is taken for it.
fn unknown_item<'a>(input: Cursor<'a>, after: Cursor<'a>) -> (Cursor<'a>, Option<ItemKind>) {
    let is_word = input.token().kind == TokenKind::Lower;
    let is_slip = is_word && habit::definition(input.text()).is_none();
    let slip = is_slip.then(|| nearest(input.text(), ITEM_WORDS)).flatten();
    let problem = Problem::new(
        P023,
        input.token().span,
        format!("{} begins no definition", input.found()),
    );
    let Some(meant) = slip else {
        let problem = problem.noting("definitions begin with `machine`, `type`, `fn` or `const`");
        input.report(match habit::definition(input.text()) {
            Some(help) => problem.helping(help),
            None => problem,
        });
        return (after, Some(ItemKind::Error));
    };
    let problem = problem.helping(format!("did you mean `{meant}`?"));
    input.remark(problem.fixed_by(format!("write `{meant}`"), input.token().span, meant));
    item_of(meant, after)
}

fn item_of<'a>(word: &str, after: Cursor<'a>) -> (Cursor<'a>, Option<ItemKind>) {
    let (rest, kind) = match word {
        "machine" => {
            let (rest, machine) = machine(after);
            (rest, ItemKind::Machine(machine))
        }
        "type" => type_item(after),
        "const" => const_item(after),
        _ => function(after),
    };
    (rest, Some(kind))
}

/// `Name = body`, after the word `type`.
fn type_item(input: Cursor<'_>) -> (Cursor<'_>, ItemKind) {
    let (rest, name) = must(input, define_upper, "the name of this type");
    let rest = past(
        rest,
        TokenKind::Symbol(Symbol::Assign),
        "`=` and a type or constructors",
    );
    let (after, body) = expect(rest, type_body, "a type or constructors after `=`");
    let body = body.unwrap_or_else(|| TypeBody::Type(Type::error(rest.token().span.before())));
    (after, ItemKind::Type(TypeItem { name, body }))
}

/// `name: T = e`, after the word `const`.
fn const_item(input: Cursor<'_>) -> (Cursor<'_>, ItemKind) {
    let (rest, name) = must(input, define_lower, "the name of this constant");
    let rest = past(
        rest,
        TokenKind::Symbol(Symbol::Colon),
        "`:` and the type of this constant",
    );
    let (rest, kind) = must(rest, type_, "the type of this constant");
    let rest = past(
        rest,
        TokenKind::Symbol(Symbol::Assign),
        "`=` and the value of this constant",
    );
    let (rest, value) = must(rest, expression, "the value of this constant");
    (rest, ItemKind::Const(ConstItem { name, kind, value }))
}

/// `name(x: A) -> B { … }` or `name : A -> B = arrow`, after the word `fn`.
fn function(input: Cursor<'_>) -> (Cursor<'_>, ItemKind) {
    let (rest, name) = must(input, define_lower, "the name of this function");
    let (rest, body) = match symbol(Symbol::Colon)(rest) {
        Ok((rest, _)) => point_free(rest),
        Err(_) => pointful(rest),
    };
    (rest, ItemKind::Function(Function { name, body }))
}

fn point_free(input: Cursor<'_>) -> (Cursor<'_>, FunctionBody) {
    let (rest, from) = must(input, type_, "the type of the argument");
    let rest = past(
        rest,
        TokenKind::Symbol(Symbol::ThinArrow),
        "`->` and the type of the result",
    );
    let (rest, to) = must(rest, type_, "the type of the result");
    let rest = past(
        rest,
        TokenKind::Symbol(Symbol::Assign),
        "`=` and what this function is",
    );
    let (rest, arrow) = must(rest, arrow, "a function after `=`");
    (rest, FunctionBody::PointFree { from, to, arrow })
}

fn pointful(input: Cursor<'_>) -> (Cursor<'_>, FunctionBody) {
    let parameters = |input| {
        listed_with_errors(
            input,
            Symbol::OpenParen,
            "a parameter `name: Type`",
            parameter,
        )
    };
    let (rest, parameters) = expect(input, parameters, "`(` and the parameters of this function");
    let rest = past(
        rest,
        TokenKind::Symbol(Symbol::ThinArrow),
        "`->` and the type of the result",
    );
    let (rest, result) = must(rest, type_, "the type of the result");
    let rest = toward(
        rest,
        TokenKind::Symbol(Symbol::OpenBrace),
        "`{` and the body of this function",
    );
    let (rest, block) = must(rest, body, "`{` and the body of this function");
    (
        rest,
        FunctionBody::Pointful {
            parameters: parameters.unwrap_or_default(),
            result,
            block,
        },
    )
}

/// A block; a record stands for the block that gives it, as in the branches of `if`.
fn body(input: Cursor<'_>) -> Parsed<'_, Block> {
    if !input.is_symbol(Symbol::OpenBrace) {
        return missing();
    }
    let (rest, body) = braces(input)?;
    let block = match body.kind {
        ExprKind::Block(block) => block,
        kind => Block {
            statements: Vec::new(),
            span: body.span,
            result: Box::new(Expr {
                kind,
                span: body.span,
            }),
        },
    };
    Ok((rest, block))
}

impl ErrorNode for Block {
    fn error(span: Span) -> Block {
        Block {
            statements: Vec::new(),
            result: Box::new(Expr::error(span)),
            span,
        }
    }
}

/// The `///` lines directly above an item, without their slashes. One behind something else is about that.
fn documentation(source: &Source, comments: &[Comment], item: Span) -> Option<String> {
    let count = comments.partition_point(|comment| comment.span.start < item.start);
    let mut below = item;
    let mut lines: Vec<&str> = Vec::new();
    for comment in comments[..count].iter().rev() {
        let between = source.slice(Span::new(comment.span.end, below.start));
        let is_directly_above = between.trim().is_empty() && between.matches('\n').count() == 1;
        let before = source.lines_around(comment.span.before()).start;
        let is_own_line = source
            .slice(Span::new(before, comment.span.start))
            .trim()
            .is_empty();
        if !comment.is_documentation || !is_directly_above || !is_own_line {
            break;
        }
        let line = source
            .slice(comment.span)
            .trim_start_matches('/')
            .trim_end();
        lines.push(line.strip_prefix(' ').unwrap_or(line));
        below = comment.span;
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
