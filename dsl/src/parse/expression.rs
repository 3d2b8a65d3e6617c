//! Expressions: operators between operands.
//!
//! A chain of operands is read flat and folded by a stack, so a chain costs no recursion.

use nom::Parser;
use nom::combinator::opt;

use super::atom::atom;
use super::cursor::{Cursor, Parsed, missing};
use super::list::bracketed;
use super::pattern::pattern;
use super::recover::{ErrorNode, deeper, expect, link, must};
use super::words::{attached, lower, symbol, word};
use crate::ast::{BinaryOperator, Expr, ExprKind, ExprPayload};
use crate::problem::Problem;
use crate::problem::catalogue::{P005, P015, P021, P026};
use crate::source::Span;
use crate::token::{Symbol, TokenKind, Word};

/// Any expression.
pub(super) fn expression(input: Cursor<'_>) -> Parsed<'_, Expr> {
    deeper(input, chain)
}

/// An expression before a brace that is not its payload: `if x == Closed { … }`.
pub(super) fn head(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let was_head = input.shared.is_head.replace(true);
    let result = expression(input);
    input.shared.is_head.set(was_head);
    result
}

/// What stands between two operators, with its fields and keys.
pub(super) fn operand(input: Cursor<'_>) -> Parsed<'_, Expr> {
    deeper(input, signed)
}

/// How tightly an operator binds; the levels of the manual.
const LEVEL_NOT: u8 = 4;
const LEVEL_COMPARISON: u8 = 5;

/// What stands between two operands, or in front of one.
#[derive(Debug, Clone, Copy)]
enum Operator {
    Pipe,
    Not,
    Is,
    Binary(BinaryOperator),
}

impl Operator {
    fn level(self) -> u8 {
        use BinaryOperator as B;
        match self {
            Operator::Pipe => 1,
            Operator::Binary(B::Or) => 2,
            Operator::Binary(B::And) => 3,
            Operator::Not => LEVEL_NOT,
            Operator::Is => LEVEL_COMPARISON,
            Operator::Binary(B::Otherwise) => 6,
            Operator::Binary(B::Append) => 7,
            Operator::Binary(B::Add | B::Subtract) => 8,
            Operator::Binary(B::Multiply | B::Divide | B::Remainder) => 9,
            Operator::Binary(_) => LEVEL_COMPARISON,
        }
    }
}

/// Operands and operators that wait for what stands on their right.
struct Chain<'a> {
    start: Cursor<'a>,
    /// Each with the place where it begins. A `not` has an empty one on its left, to keep its place.
    operands: Vec<(Cursor<'a>, Expr)>,
    operators: Vec<(Operator, Span)>,
    /// Whether a comparison of a comparison was reported: then the whole has no type that could be judged.
    is_chained: bool,
}

fn chain(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let mut chain = Chain {
        start: input,
        operands: Vec::new(),
        operators: Vec::new(),
        is_chained: false,
    };
    let mut rest = chain.operand(input)?.0;
    while let Some((operator, after)) = infix(rest) {
        // `a ?? b ?? c` is `a ?? (b ?? c)`: read from the left, it fits options of options only.
        let from_right = matches!(operator, Operator::Binary(BinaryOperator::Otherwise));
        if !chain.fold(rest, operator.level() + u8::from(from_right)) {
            break;
        }
        rest = chain.infix(rest, operator, after);
    }
    chain.fold(rest, 0);
    let whole = chain
        .operands
        .pop()
        .map(|(_, expr)| expr)
        .filter(|_| !chain.is_chained);
    Ok((
        rest,
        whole.unwrap_or_else(|| Expr::error(input.span_to(rest))),
    ))
}

impl<'a> Chain<'a> {
    /// An operand with the `not`s in front of it.
    fn operand(&mut self, input: Cursor<'a>) -> Parsed<'a, ()> {
        if input.is_word(Word::Not) {
            return Ok((self.negated(input), ()));
        }
        let (rest, operand) = signed(input)?;
        self.operands.push((input, operand));
        Ok((rest, ()))
    }

    fn negated(&mut self, input: Cursor<'a>) -> Cursor<'a> {
        let mut rest = input;
        while let Ok((after, not)) = word(Word::Not)(rest) {
            let binds_tighter = self
                .operators
                .last()
                .is_some_and(|(operator, _)| operator.level() > LEVEL_NOT);
            if binds_tighter {
                let problem =
                    Problem::new(P021, not.span, "`not` after an operator needs parentheses");
                rest.remark(problem.helping("write `(not …)`"));
            }
            self.operators.push((Operator::Not, not.span));
            self.operands.push((rest, Expr::error(not.span.before())));
            rest = after;
        }
        let (after, operand) = must(rest, signed, "a value after `not`");
        self.operands.push((rest, operand));
        after
    }

    /// An operator and what stands on its right.
    fn infix(&mut self, input: Cursor<'a>, operator: Operator, after: Cursor<'a>) -> Cursor<'a> {
        if let Operator::Is = operator {
            return self.is(input, after);
        }
        self.operators.push((operator, input.token().span));
        let (rest, found) = expect(after, |input| self.operand(input), &after_operator(input));
        if found.is_none() {
            self.operands
                .push((after, Expr::error(after.token().span.before())));
        }
        rest
    }

    /// `is` takes a pattern, so it is complete at once.
    fn is(&mut self, input: Cursor<'a>, after: Cursor<'a>) -> Cursor<'a> {
        let (rest, pattern) = must(after, pattern, "a pattern after `is`");
        if let Some((start, value)) = self.operands.pop() {
            let kind = ExprKind::Is {
                value: Box::new(value),
                pattern: Box::new(pattern),
            };
            self.operands.push((
                start,
                Expr {
                    kind,
                    span: start.span_to(rest),
                },
            ));
        }
        let is_chained = infix(rest).is_some_and(|(next, _)| next.level() == LEVEL_COMPARISON);
        if is_chained {
            rest.remark(chained_comparison(input.token().span, rest));
            self.is_chained = true;
        }
        link(rest);
        rest
    }

    /// Builds what binds at least as tightly as `level`. False if the tree would grow too high.
    fn fold(&mut self, next: Cursor<'a>, level: u8) -> bool {
        while let Some((operator, span)) = self.operators.last().copied() {
            if operator.level() < level {
                break;
            }
            if level == LEVEL_COMPARISON && operator.level() == LEVEL_COMPARISON {
                next.remark(chained_comparison(span, next));
                self.is_chained = true;
            }
            if !link(next) {
                next.shared.height.set(0);
                self.operators.clear();
                self.operands = vec![(self.start, Expr::error(self.start.span_to(next)))];
                return false;
            }
            self.operators.pop();
            self.build(next, operator, span);
        }
        true
    }

    fn build(&mut self, next: Cursor<'a>, operator: Operator, operator_span: Span) {
        let (Some((at_right, right)), Some((start, left))) =
            (self.operands.pop(), self.operands.pop())
        else {
            return;
        };
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = match operator {
            Operator::Not => ExprKind::Not(right),
            Operator::Pipe => ExprKind::Pipe {
                value: left,
                function: Box::new(piped(at_right, *right)),
            },
            Operator::Binary(operator) => ExprKind::Binary {
                operator,
                operator_span,
                left,
                right,
            },
            Operator::Is => ExprKind::Error,
        };
        self.operands.push((
            start,
            Expr {
                kind,
                span: start.span_to(next),
            },
        ));
    }
}

fn after_operator(input: Cursor<'_>) -> String {
    format!("a value after `{}`", input.text())
}

fn chained_comparison(first: Span, next: Cursor<'_>) -> Problem {
    Problem::new(P015, next.token().span, "comparisons do not chain")
        .pointing_at(first, "the first comparison")
        .helping("join two comparisons: `a < b and b < c`")
}

/// What stands after `|>`.
fn piped(input: Cursor<'_>, function: Expr) -> Expr {
    match &function.kind {
        ExprKind::Name(_) | ExprKind::Call { .. } | ExprKind::Error => function,
        ExprKind::Constructor { payload, .. } if !matches!(payload, ExprPayload::Record(_)) => {
            function
        }
        _ => {
            let problem = Problem::new(P026, function.span, "after `|>` stands a function");
            input.remark(problem.helping(
                "`x |> f(y)` is `f(x, y)`; put parentheses around `x |> f` to go on with its value",
            ));
            Expr::error(function.span)
        }
    }
}

/// The operator here and what is after it. At the start of a line only some continue the line before.
fn infix(input: Cursor<'_>) -> Option<(Operator, Cursor<'_>)> {
    use BinaryOperator as B;
    let (operator, continues) = match input.token().kind {
        TokenKind::Word(Word::Or) => (Operator::Binary(B::Or), true),
        TokenKind::Word(Word::And) => (Operator::Binary(B::And), true),
        TokenKind::Word(Word::Is) => (Operator::Is, false),
        TokenKind::Symbol(symbol) => match symbol {
            Symbol::Pipe => (Operator::Pipe, true),
            Symbol::Otherwise => (Operator::Binary(B::Otherwise), true),
            Symbol::Append => (Operator::Binary(B::Append), true),
            Symbol::Plus => (Operator::Binary(B::Add), true),
            Symbol::Star => (Operator::Binary(B::Multiply), true),
            Symbol::Slash => (Operator::Binary(B::Divide), true),
            Symbol::Percent => (Operator::Binary(B::Remainder), true),
            Symbol::Minus => (Operator::Binary(B::Subtract), false),
            Symbol::Equal => (Operator::Binary(B::Equal), false),
            Symbol::NotEqual => (Operator::Binary(B::NotEqual), false),
            Symbol::Less => (Operator::Binary(B::Less), false),
            Symbol::LessOrEqual => (Operator::Binary(B::LessOrEqual), false),
            Symbol::Greater => (Operator::Binary(B::Greater), false),
            Symbol::GreaterOrEqual => (Operator::Binary(B::GreaterOrEqual), false),
            _ => return None,
        },
        _ => return None,
    };
    (continues || !input.token().newline_before).then(|| (operator, input.advance()))
}

/// An atom with the minuses in front of it and the fields and keys behind it.
fn signed(input: Cursor<'_>) -> Parsed<'_, Expr> {
    if input.is_symbol(Symbol::Minus) {
        negated(input)
    } else {
        with_fields(input, atom)
    }
}

fn negated(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let mut rest = input;
    let mut minuses = Vec::new();
    while rest.is_symbol(Symbol::Minus) {
        minuses.push(rest);
        rest = rest.advance();
    }
    let literal = minuses
        .last()
        .copied()
        .filter(|_| matches!(rest.token().kind, TokenKind::Int(_)));
    let (rest, mut expr) = match literal {
        Some(minus) => {
            minuses.pop();
            with_fields(minus, integer)?
        }
        None => must(rest, |input| with_fields(input, atom), "a value after `-`"),
    };
    while let Some(minus) = minuses.pop().filter(|_| link(rest)) {
        expr = Expr {
            kind: ExprKind::Negate(Box::new(expr)),
            span: minus.span_to(rest),
        };
    }
    Ok((rest, expr))
}

/// `1`, `-1`: a minus directly before a literal is part of it, or the least Int could not be written.
pub(super) fn integer(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, value) = literal_int(input)?;
    Ok((
        rest,
        Expr {
            kind: ExprKind::Int(value),
            span: input.span_to(rest),
        },
    ))
}

/// The value of an integer literal with its sign.
pub(super) fn literal_int(input: Cursor<'_>) -> Parsed<'_, i64> {
    let (rest, minus) = opt(symbol(Symbol::Minus)).parse(input)?;
    let TokenKind::Int(amount) = rest.token().kind else {
        return missing();
    };
    let signed = if minus.is_some() {
        0_i64.checked_sub_unsigned(amount)
    } else {
        i64::try_from(amount).ok()
    };
    if signed.is_none() {
        let problem = Problem::new(
            P005,
            rest.token().span,
            "this number does not fit into 64 bits",
        );
        rest.remark(problem.helping(format!(
            "the greatest Int is {}, the least {}",
            i64::MAX,
            i64::MIN
        )));
    }
    Ok((rest.advance(), signed.unwrap_or_default()))
}

/// What `parser` reads, then `.x` and `[k]`. A bracket must be on the same line, a dot need not.
fn with_fields<'a>(
    input: Cursor<'a>,
    parser: impl FnOnce(Cursor<'a>) -> Parsed<'a, Expr>,
) -> Parsed<'a, Expr> {
    let (mut rest, mut expr) = parser(input)?;
    while rest.is_symbol(Symbol::Dot) || attached(Symbol::OpenBracket)(rest).is_ok() {
        if !link(rest) {
            return Ok((rest, Expr::error(input.span_to(rest))));
        }
        (rest, expr) = field_or_key(input, rest, expr)?;
    }
    Ok((rest, expr))
}

/// One field or key of what was read from `start` on.
fn field_or_key<'a>(start: Cursor<'a>, input: Cursor<'a>, expr: Expr) -> Parsed<'a, Expr> {
    let (rest, kind) = if let Ok((after, _)) = symbol(Symbol::Dot)(input) {
        let (rest, field) = must(after, lower, "the name of a field after `.`");
        (
            rest,
            ExprKind::Field {
                record: Box::new(expr),
                field,
            },
        )
    } else {
        let key = |inside| must(inside, expression, "a key");
        let (rest, key) = bracketed(input, Symbol::OpenBracket, key)?;
        (
            rest,
            ExprKind::Index {
                collection: Box::new(expr),
                key: Box::new(key),
            },
        )
    };
    Ok((
        rest,
        Expr {
            kind,
            span: start.span_to(rest),
        },
    ))
}
