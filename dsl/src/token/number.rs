//! Numbers: `1_000`, `20.500#3`.

use nom::Parser;
use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::{char, satisfy};
use nom::combinator::{consumed, map, opt, peek, recognize};
use nom::sequence::{pair, preceded};

use super::TokenKind;
use super::read::{Piece, Read, bytes};
use crate::problem::catalogue::{P004, P005, P006};
use crate::problem::{Code, Problem};
use crate::source::Span;

/// The most decimals a scale can ask for: one more and not even 1 would fit into 64 bits.
const SCALE_MAX: usize = 18;

/// The amount of the least Int.
const AMOUNT_MAX: u64 = 1 << 63;

pub(super) fn number(input: &str) -> Read<'_, Piece> {
    let is_digit = |c: char| c.is_ascii_digit();
    let digits = || {
        recognize(pair(
            satisfy(is_digit),
            take_while(|c: char| c.is_ascii_digit() || c == '_'),
        ))
    };
    let fraction = preceded(pair(char('.'), peek(satisfy(is_digit))), digits());
    let scale = preceded(char('#'), take_while1(is_digit));
    let letters = take_while(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let parts = (digits(), opt(fraction), opt(scale), letters);
    map(
        consumed(parts),
        |(text, (whole, fraction, scale, letters))| match amount(whole, fraction, scale, letters) {
            Ok(amount) => Piece::Token(TokenKind::Int(amount)),
            Err(mistake) => Piece::Wrong(TokenKind::Broken, Box::new(mistake.problem(text))),
        },
    )
    .parse(input)
}

struct Mistake {
    code: Code,
    title: String,
    help: Option<String>,
}

impl Mistake {
    fn problem(self, text: &str) -> Problem {
        let problem = Problem::new(self.code, Span::new(0, bytes(text)), self.title);
        self.help.into_iter().fold(problem, Problem::helping)
    }
}

fn amount(
    whole: &str,
    fraction: Option<&str>,
    scale: Option<&str>,
    letters: &str,
) -> Result<u64, Mistake> {
    if !letters.is_empty() {
        return Err(mistake(
            P004,
            "a name does not begin with a digit, and a number ends with one",
            None,
        ));
    }
    let badly_grouped = |digits: &str| digits.ends_with('_') || digits.contains("__");
    if badly_grouped(whole) || fraction.is_some_and(badly_grouped) {
        return Err(mistake(
            P004,
            "a `_` in a number stands between two digits",
            None,
        ));
    }
    let decimals: String = fraction
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let places = scaled(whole, &decimals, scale)?;
    let zeros = "0".repeat(places - decimals.len());
    value(&[whole, &decimals, &zeros])
        .filter(|amount| *amount <= AMOUNT_MAX)
        .ok_or_else(|| {
            let help = format!("the greatest Int is {}", i64::MAX);
            mistake(P005, "this number does not fit into 64 bits", Some(help))
        })
}

/// The value of digits one after the other.
fn value(pieces: &[&str]) -> Option<u64> {
    let digits = pieces
        .iter()
        .flat_map(|piece| piece.chars())
        .filter_map(|digit| digit.to_digit(10));
    digits.into_iter().try_fold(0_u64, |amount, digit| {
        amount.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// How many decimals are kept: at least those that are written.
fn scaled(whole: &str, decimals: &str, scale: Option<&str>) -> Result<usize, Mistake> {
    let Some(scale) = scale else {
        if decimals.is_empty() {
            return Ok(0);
        }
        let help = (decimals.len() <= SCALE_MAX && whole.len() <= SCALE_MAX).then(|| {
            format!(
                "numbers are whole; a scale says how many decimals are kept: `{whole}.{decimals}#{}` is the number {}",
                decimals.len(),
                whole_amount(whole, decimals)
            )
        });
        return Err(mistake(P004, "a number with decimals needs a scale", help));
    };
    match scale.parse() {
        Ok(places) if places > SCALE_MAX => Err(mistake(
            P004,
            format!("a scale is at most {SCALE_MAX}"),
            None,
        )),
        Err(_) => Err(mistake(
            P004,
            format!("a scale is at most {SCALE_MAX}"),
            None,
        )),
        Ok(places) if decimals.len() > places => {
            let title = format!(
                "{} decimals are written and {places} are kept",
                decimals.len()
            );
            let is_short = decimals.len() <= SCALE_MAX && whole.len() <= SCALE_MAX;
            let help =
                is_short.then(|| format!("to keep them: `{whole}.{decimals}#{}`", decimals.len()));
            Err(mistake(P006, title, help))
        }
        Ok(places) => Ok(places),
    }
}

/// What a number with as many decimals as its scale stands for.
fn whole_amount(whole: &str, decimals: &str) -> String {
    let digits = format!("{whole}{decimals}").replace('_', "");
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        amount => amount.to_owned(),
    }
}

fn mistake(code: Code, title: impl Into<String>, help: Option<String>) -> Mistake {
    Mistake {
        code,
        title: title.into(),
        help,
    }
}
