//! Machines and their members.

use nom::Parser;
use nom::combinator::opt;

use super::arrow::arrow;
use super::block::record;
use super::claim::{invariant, property, witness};
use super::control::{arms, guard};
use super::cursor::Cursor;
use super::expression::expression;
use super::list::braced;
use super::pattern::{pattern, record as fields};
use super::recover::{ErrorNode, expect, must, past};
use super::stray_closer;
use super::trace::trace;
use super::types::type_body;
use super::words::{
    MEMBER_WORDS, begins_item, begins_member, define_upper, lower, must_named, named, symbol,
    version,
};
use crate::ast::{
    Adapter, Handler, HandlerBody, Machine, Member, MemberKind, Migrate, MigrateBack, MigrateBody,
    Name, Type, TypeBody,
};
use crate::problem::catalogue::P024;
use crate::problem::{Problem, nearest};
use crate::token::{Symbol, TokenKind, Word};

/// `Name version N with at, from { … }`, after the word `machine`.
pub(super) fn machine(input: Cursor<'_>) -> (Cursor<'_>, Machine) {
    let (rest, name) = must::<Name>(input, define_upper, "the name of this machine");
    let rest = must_named(rest, "version");
    let (rest, version) = must(rest, version, "the number of this version");
    let (rest, context) = match named("with")(rest) {
        Ok((rest, _)) => context(rest),
        Err(_) => (rest, Vec::new()),
    };
    let (rest, members) = braced(
        rest,
        "`{` and the parts of this machine",
        begins_member,
        members,
    );
    (
        rest,
        Machine {
            name,
            version,
            context,
            members,
        },
    )
}

/// `at, from`, after the word `with`.
fn context(input: Cursor<'_>) -> (Cursor<'_>, Vec<Name>) {
    let mut names = Vec::new();
    let mut rest = input;
    loop {
        let (after, name) = expect(rest, lower, "`at`, `from` or `seq`");
        names.extend(name);
        match symbol(Symbol::Comma)(after) {
            Ok((next, _)) => rest = next,
            Err(_) => return (after, names),
        }
    }
}

/// Members up to the closing brace or the next item.
pub(super) fn members(input: Cursor<'_>) -> (Cursor<'_>, Vec<Member>) {
    let mut members = Vec::new();
    let mut rest = input;
    while !is_machine_over(rest) {
        let (after, kind) = member(rest);
        members.push(Member {
            kind,
            span: rest.span_to(after),
        });
        rest = after.resume(|closer| !is_stray_closer(closer));
    }
    (rest, members)
}

fn is_machine_over(input: Cursor<'_>) -> bool {
    let is_brace = input.is_symbol(Symbol::CloseBrace) && !is_stray_closer(input);
    is_brace || input.is_end() || begins_item(input)
}

/// A closing bracket that is not the machine's own: after that one stands no member, and nothing on its line.
fn is_stray_closer(input: Cursor<'_>) -> bool {
    if !input.is_closer() {
        return false;
    }
    let next = input.advance();
    let goes_on = !next.token().newline_before && !next.is_closer() && !begins_item(next);
    !input.is_symbol(Symbol::CloseBrace) || begins_member(next) || goes_on
}

/// A member, by its word. A word that is nearly one is reported and taken for it.
fn member(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    let after = input.advance();
    match input.token().kind {
        TokenKind::Word(Word::On) => return handler(after),
        TokenKind::Lower if MEMBER_WORDS.contains(&input.text()) => {
            return member_of(input.text(), after);
        }
        TokenKind::Symbol(symbol) if symbol.is_closer() => {
            input.report(stray_closer(input));
            return (after, MemberKind::Error);
        }
        TokenKind::Symbol(symbol) if symbol.is_combinator() => {
            input.report_missing("a part of this machine");
            return (after, MemberKind::Error);
        }
        _ => {}
    }
    let problem = Problem::new(
        P024,
        input.token().span,
        format!("{} begins no part of a machine", input.found()),
    );
    let is_word = input.token().kind == TokenKind::Lower && input.token().newline_before;
    let Some(meant) = is_word
        .then(|| nearest(input.text(), MEMBER_WORDS))
        .flatten()
    else {
        let words = MEMBER_WORDS.join("`, `");
        input.report(problem.noting(format!("its parts begin with `{words}`")));
        return (after, MemberKind::Error);
    };
    let problem = problem.helping(format!("did you mean `{meant}`?"));
    input.remark(problem.fixed_by(format!("write `{meant}`"), input.token().span, meant));
    if meant == "on" {
        handler(after)
    } else {
        member_of(meant, after)
    }
}

fn member_of<'a>(word: &str, after: Cursor<'a>) -> (Cursor<'a>, MemberKind) {
    let body = |wanted| expect(after, type_body, wanted);
    let type_or_error = |body: Option<TypeBody>| {
        body.unwrap_or_else(|| TypeBody::Type(Type::error(after.token().span.before())))
    };
    match word {
        "input" => {
            let (rest, body) = body("the inputs: constructors or a type");
            (rest, MemberKind::Input(type_or_error(body)))
        }
        "output" => {
            let (rest, body) = body("the outputs: constructors or a type");
            (rest, MemberKind::Output(type_or_error(body)))
        }
        "state" => {
            let (rest, body) = body("the state: a type or constructors");
            (rest, MemberKind::State(type_or_error(body)))
        }
        "init" => {
            let (rest, value) = must(after, expression, "the first state");
            (rest, MemberKind::Init(value))
        }
        "step" => step(after),
        "migrate" => migrate(after),
        "accept" => accept(after),
        "reply" => reply(after),
        "trace" => {
            let (rest, trace) = trace(after);
            (rest, MemberKind::Trace(trace))
        }
        "invariant" => invariant(after),
        "property" => property(after),
        _ => witness(after),
    }
}

/// `P in S if g => e`, after the word `on`.
fn handler(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    let (rest, on) = must(input, pattern, "an input after `on`");
    let (rest, state) = match named("in")(rest) {
        Ok((rest, _)) => {
            let (rest, state) = must(rest, pattern, "a state after `in`");
            (rest, Some(state))
        }
        Err(_) => (rest, None),
    };
    let (rest, guard) = guard(rest).unwrap_or((rest, None));
    let (rest, body) = if let Ok((rest, _)) = symbol(Symbol::Assign)(rest) {
        let (rest, arrow) = must(rest, arrow, "a function after `=`");
        (rest, HandlerBody::PointFree(arrow))
    } else {
        let rest = past(
            rest,
            TokenKind::Symbol(Symbol::FatArrow),
            "`=>` and what this input does, or `=` and a function",
        );
        let (rest, value) = must(rest, expression, "an output or a block after `=>`");
        (rest, HandlerBody::Pointful(value))
    };
    (
        rest,
        MemberKind::On(Handler {
            input: on,
            state,
            guard,
            body,
        }),
    )
}

fn step(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    let rest = past(input, TokenKind::Symbol(Symbol::Assign), "`=` after `step`");
    let (rest, arrow) = must(rest, arrow, "a function after `=`");
    (rest, MemberKind::Step(arrow))
}

/// `from N …` or `back to N …`, after the word `migrate`.
fn migrate(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    if let Ok((rest, _)) = named("back")(input) {
        return migrate_back(rest);
    }
    let rest = must_named(input, "from");
    let (rest, from) = must(rest, version, "the number of the older version");
    let is_word =
        |word| rest.is_named(word) && rest.ahead(1).kind != TokenKind::Symbol(Symbol::FatArrow);
    if is_word("auto") {
        let (rest, body) = automatic(rest);
        return (rest, MemberKind::Migrate(Migrate { from, body }));
    }
    let (rest, body) = if is_word("unchanged") {
        (rest.advance(), MigrateBody::Unchanged(rest.token().span))
    } else {
        let (rest, pattern) = must(rest, pattern, "a pattern for the old state, or `unchanged`");
        let rest = past(rest, TokenKind::Symbol(Symbol::FatArrow), "`=>`");
        let (rest, value) = must(rest, expression, "the new state after `=>`");
        (rest, MigrateBody::By { pattern, value })
    };
    (rest, MemberKind::Migrate(Migrate { from, body }))
}

/// `auto`, with the fields that are not left to it.
fn automatic(input: Cursor<'_>) -> (Cursor<'_>, MigrateBody) {
    let at = input.token().span;
    let (rest, pattern) = opt(fields).parse(input.advance()).unwrap_or((input, None));
    let (rest, value) = match symbol(Symbol::FatArrow)(rest) {
        Ok((rest, _)) => expect(rest, record, "a record with fields of the new state"),
        Err(_) => (rest, None),
    };
    (rest, MigrateBody::Auto { at, pattern, value })
}

fn migrate_back(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    let (input, is_lossy) = match named("lossy")(input) {
        Ok((rest, _)) => (rest, true),
        Err(_) => (input, false),
    };
    let rest = must_named(input, "to");
    let (rest, to) = must(rest, version, "the number of the older version");
    let (rest, pattern) = must(rest, pattern, "a pattern for the state of this version");
    let rest = past(rest, TokenKind::Symbol(Symbol::FatArrow), "`=>`");
    let (rest, value) = must(rest, expression, "the old state after `=>`");
    (
        rest,
        MemberKind::MigrateBack(MigrateBack {
            is_lossy,
            to,
            pattern,
            value,
        }),
    )
}

fn accept(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    let rest = must_named(input, "from");
    let could_refuse = input.shared.may_refuse.replace(true);
    let (rest, adapter) = adapter(rest);
    input.shared.may_refuse.set(could_refuse);
    (rest, MemberKind::Accept(adapter))
}

fn reply(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    let rest = must_named(input, "to");
    let (rest, adapter) = adapter(rest);
    (rest, MemberKind::Reply(adapter))
}

fn adapter(input: Cursor<'_>) -> (Cursor<'_>, Adapter) {
    let (rest, version) = must(input, version, "the number of the older version");
    let (rest, arms) = opt(arms).parse(rest).unwrap_or((rest, None));
    (
        rest,
        Adapter {
            version,
            arms: arms.unwrap_or_default(),
        },
    )
}
