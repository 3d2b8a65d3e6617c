//! Text -> Bytecode: names become numbers, tables get their canonical order.

use std::collections::BTreeMap;

use super::code::{self, Named};
use super::constant;
use super::cursor::{Cursor, Token};
use super::error::{AssemblyError, AssemblyReason, cut};
use super::sections::{Function, Sections};
use super::shapes;
use super::spots::{Declared, Spot, Spots};
use super::words::{PREDECLARED, ROLES, TYPE_FORMS, is_name};
use crate::bytecode::{Body, Bytecode, COST_MODEL, Parts};
use crate::combinator::{FunctionId, Role};
use crate::limits::{
    ARITY_MAX, FUNCTION_INSTRUCTIONS_MAX, FUNCTIONS_MAX, MODULE_BYTES_MAX, POOL_MAX,
    POOL_WEIGHT_MAX, TYPES_MAX,
};
use crate::malformed::MalformedReason;
use crate::types::{Type, TypeId, TypeTable};
use crate::value::Value;
use crate::{decode, encode};

/// Names, and the numbers of what they name.
pub(super) type Numbers<'a> = BTreeMap<&'a str, u32>;

/// Reads a module.
///
/// # Errors
/// [`AssemblyError`] for any text that is no well-formed module.
pub fn parse(text: &str) -> Result<Bytecode, AssemblyError> {
    parse_with_spots(text).map(|(bytecode, _)| bytecode)
}

/// Reads a module, and says what the text calls its parts and where they stand: the verifier's refusals can
/// then be shown there.
///
/// # Errors
/// As [`parse`].
pub fn parse_with_spots(text: &str) -> Result<(Bytecode, Spots<'_>), AssemblyError> {
    let sections = Sections::of(text)?;
    let (types, type_numbers) = read_types(&sections.types)?;
    let (pool, constants) = read_pool(&sections.constants, &types, &type_numbers)?;
    let schema = shapes::read(&sections)?;
    let functions = read_heads(&sections.functions)?;
    let numbers = [&type_numbers, &functions, &constants];
    let (bodies, code) = read_bodies(&sections.functions, &types, numbers)?;
    let exports = read_exports(&sections.exports, &functions)?;
    let heads: Vec<_> = sections.functions.iter().map(|one| one.head).collect();
    let spots = Spots {
        types: declared(&sections.types, &type_numbers, PREDECLARED.len())?,
        constants: declared(&sections.constants, &constants, 0)?,
        functions: declared(&heads, &functions, 0)?,
        code,
    };
    let parts = Parts {
        types,
        pool,
        functions: bodies,
        exports,
        schema,
    };
    if let Some(header) = sections.header {
        check_header(header, &parts)?;
    }
    Ok((judged(text, parts)?, spots))
}

/// Names and places of parts whose lines have been read, by the numbers that the parts have got.
fn declared<'a>(
    lines: &[Cursor<'a>],
    numbers: &Numbers<'_>,
    before: usize,
) -> Result<Vec<Option<Declared<'a>>>, AssemblyError> {
    let mut parts = vec![None; lines.len()];
    for line in lines {
        let mut line = *line;
        let spot = line.spot()?;
        let name = line.word("a name")?.text;
        let number = numbers.get(name).map(|number| *number as usize);
        let place = number.and_then(|number| number.checked_sub(before));
        if let Some(part) = place.and_then(|place| parts.get_mut(place)) {
            *part = Some((name, spot));
        }
    }
    Ok(parts)
}

/// The decoder has the last word on what is well-formed; a rule that has no place in the text is met here.
fn judged(text: &str, parts: Parts) -> Result<Bytecode, AssemblyError> {
    decode::module(&encode::module(&parts.into())).map_err(|malformed| {
        let last = Cursor::new("", text.lines().count().max(1));
        last.malformed(0, malformed.reason)
    })
}

/// Types stand in the text after their operands and in the table in canonical order.
fn read_types<'a>(lines: &[Cursor<'a>]) -> Result<(TypeTable, Numbers<'a>), AssemblyError> {
    let mut types = TypeTable::new();
    let mut drafts: Numbers<'a> = PREDECLARED.into_iter().zip(0..).collect();
    for (count, line) in lines.iter().enumerate() {
        bounded(line, count + 1, "types", TYPES_MAX)?;
        let mut line = *line;
        let name = new_name(&mut line, "type", &drafts)?;
        line.sign("=", "`=`")?;
        let before = types.len();
        let entry = read_type(&mut line, &types, &drafts)?;
        let id = types.intern(entry);
        if id.index() < before {
            let first = drafts.iter().find(|(_, number)| **number == id.0);
            let (what, name_there) = ("type", first.map_or("", |(name, _)| *name).to_owned());
            let reason = AssemblyReason::Repeated {
                what,
                name: name_there,
            };
            return Err(line.error(name.at, reason));
        }
        if let Some(place) = types.keeps_functions(id) {
            let reason = MalformedReason::FunctionNotAllowed { place };
            return Err(line.malformed(name.at, reason));
        }
        if !types.within_limits(id) {
            return Err(line.malformed(name.at, MalformedReason::TypeOutOfLimits));
        }
        drafts.insert(name.text, id.0);
    }
    let (table, places) = types.canonical(&vec![true; types.len()]);
    for number in drafts.values_mut() {
        *number = places[&TypeId(*number)].0;
    }
    Ok((table, drafts))
}

fn read_type(
    line: &mut Cursor<'_>,
    types: &TypeTable,
    numbers: &Numbers<'_>,
) -> Result<Type, AssemblyError> {
    let form = line.word(TYPE_FORMS)?;
    let mut operands = Vec::new();
    while !line.is_done()? {
        operands.push(type_id(line, types, numbers)?);
        bounded(line, operands.len(), "parts of a type", ARITY_MAX)?;
    }
    let entry = match (form.text, operands.as_slice()) {
        ("prod", parts) => Type::Product(parts.into()),
        ("sum", payloads) => Type::Sum(payloads.into()),
        ("list", [item]) => Type::List(*item),
        ("map", [key, value]) => Type::Map(*key, *value),
        ("fn", [from, to]) => Type::Function(*from, *to),
        ("list", _) => return Err(line.unexpected(line.peek()?, "one type")),
        ("map" | "fn", _) => return Err(line.unexpected(line.peek()?, "two types")),
        _ => return Err(line.unexpected(form, TYPE_FORMS)),
    };
    Ok(entry)
}

fn type_id(
    line: &mut Cursor<'_>,
    types: &TypeTable,
    numbers: &Numbers<'_>,
) -> Result<TypeId, AssemblyError> {
    let word = line.word("a type")?;
    let number = numbers.get(word.text).copied();
    number
        .or_else(|| word.text.parse().ok())
        .and_then(|number| types.at(number))
        .ok_or_else(|| unknown_name(line, word, "type"))
}

type Pool = Vec<(TypeId, Value)>;

fn read_pool<'a>(
    lines: &[Cursor<'a>],
    types: &TypeTable,
    type_numbers: &Numbers<'_>,
) -> Result<(Pool, Numbers<'a>), AssemblyError> {
    let mut places: BTreeMap<(TypeId, Value), &'a str> = BTreeMap::new();
    let mut names: Numbers<'a> = Numbers::new();
    let mut weight: u64 = 0;
    for line in lines {
        let mut line = *line;
        let name = new_name(&mut line, "constant", &names)?;
        let id = type_id(&mut line, types, type_numbers)?;
        let value = constant::read(types, id, &mut line)?;
        line.end()?;
        weight = weight.saturating_add(value.weight());
        if weight > POOL_WEIGHT_MAX {
            let (what, limit) = ("units of weight in a value", POOL_WEIGHT_MAX);
            return Err(line.malformed(name.at, MalformedReason::TooMany { what, limit }));
        }
        names.insert(name.text, 0);
        if let Some(first) = places.insert((id, value), name.text) {
            let (what, first) = ("constant", first.to_owned());
            return Err(line.error(name.at, AssemblyReason::Repeated { what, name: first }));
        }
        bounded(&line, places.len(), "constants", POOL_MAX)?;
    }
    for (number, name) in (0..).zip(places.values()) {
        names.insert(name, number);
    }
    Ok((places.into_keys().collect(), names))
}

/// Any function may be named anywhere: that none names a later one is for the verifier to see.
fn read_heads<'a>(functions: &[Function<'a>]) -> Result<Numbers<'a>, AssemblyError> {
    let mut names = Numbers::new();
    for (function, number) in functions.iter().zip(0..) {
        let mut head = function.head;
        let name = new_name(&mut head, "function", &names)?;
        names.insert(name.text, number);
        bounded(&head, names.len(), "functions", FUNCTIONS_MAX)?;
    }
    Ok(names)
}

fn read_bodies(
    functions: &[Function<'_>],
    types: &TypeTable,
    numbers: [&Numbers<'_>; 3],
) -> Result<(Vec<Body>, Vec<Vec<Spot>>), AssemblyError> {
    let mut total = 0;
    let mut bodies = Vec::with_capacity(functions.len());
    let mut all_spots = Vec::with_capacity(functions.len());
    for function in functions {
        let (body, spots) = read_body(function, types, numbers)?;
        all_spots.push(spots);
        total += body.code.len();
        bounded(&function.head, total, "bytes in a module", MODULE_BYTES_MAX)?;
        bodies.push(body);
    }
    Ok((bodies, all_spots))
}

fn read_body(
    function: &Function<'_>,
    types: &TypeTable,
    [type_numbers, functions, constants]: [&Numbers<'_>; 3],
) -> Result<(Body, Vec<Spot>), AssemblyError> {
    let mut head = function.head;
    head.word("a name")?;
    let domain = type_id(&mut head, types, type_numbers)?;
    head.sign("->", "`->`")?;
    let codomain = type_id(&mut head, types, type_numbers)?;
    head.end()?;
    let find = |named, word: &str| match named {
        Named::Type => type_numbers.get(word).copied(),
        Named::Function => functions.get(word).copied(),
        Named::Constant => constants.get(word).copied(),
    };
    let (mut code, mut spots, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
    for line in &function.code {
        let mut line = *line;
        while !line.is_done()? {
            if line.takes(";")? {
                continue;
            }
            spots.push(line.spot()?);
            code.push(code::read(&mut line, &mut scratch, &find)?);
            let what = "instructions in a function";
            bounded(&line, code.len(), what, FUNCTION_INSTRUCTIONS_MAX)?;
            if !line.is_done()? {
                line.sign(";", "`;` or the end of the line")?;
            }
        }
    }
    let body = Body {
        domain,
        codomain,
        code: code.into_iter().collect(),
    };
    Ok((body, spots))
}

fn read_exports(
    lines: &[Cursor<'_>],
    functions: &Numbers<'_>,
) -> Result<Vec<(Role, FunctionId)>, AssemblyError> {
    let mut exports = BTreeMap::new();
    for line in lines {
        let mut line = *line;
        let word = line.word("a role")?;
        let role = ROLES.into_iter().find(|role| role.word() == word.text);
        let role = role.ok_or_else(|| unknown_name(&line, word, "role"))?;
        let name = line.word("a function")?;
        let number = functions.get(name.text).copied().map(FunctionId);
        let function = number.ok_or_else(|| unknown_name(&line, name, "function"))?;
        line.end()?;
        if exports.insert(role, function).is_some() {
            let (what, name) = ("role", word.text.to_owned());
            return Err(line.error(word.at, AssemblyReason::Repeated { what, name }));
        }
    }
    Ok(exports.into_iter().collect())
}

/// The header says nothing that the module does not say; where it stands it must be true.
fn check_header(mut line: Cursor<'_>, parts: &Parts) -> Result<(), AssemblyError> {
    let word = line.word("the number of the format")?;
    let (says, uses) = (u64::from(index(&line, word)?), parts.format());
    if says != uses {
        return Err(line.malformed(word.at, MalformedReason::WrongFormat { says, uses }));
    }
    line.sign("cost", "`cost`")?;
    let word = line.word("the number of the cost model")?;
    let (need, have) = (u64::from(index(&line, word)?), COST_MODEL);
    if need != have {
        return Err(line.malformed(word.at, MalformedReason::NeedsCostModel { need, have }));
    }
    line.end()
}

/// A name that nothing of its kind has yet.
pub(super) fn new_name<'a>(
    line: &mut Cursor<'a>,
    what: &'static str,
    names: &Numbers<'_>,
) -> Result<Token<'a>, AssemblyError> {
    let word = line.word("a name")?;
    if !is_name(word.text) {
        return Err(line.unexpected(word, "a name of letters, digits and `_`, at most 64"));
    }
    if names.contains_key(word.text) {
        let name = word.text.to_owned();
        return Err(line.error(word.at, AssemblyReason::NameTaken { what, name }));
    }
    Ok(word)
}

/// A number that is no operand.
pub(super) fn index(line: &Cursor<'_>, word: Token<'_>) -> Result<u32, AssemblyError> {
    let number = word.text.parse();
    number.map_err(|_| constant::bad_number(line, word, "a number of 32 bits"))
}

/// That `count` is at most `limit`.
pub(super) fn bounded(
    line: &Cursor<'_>,
    count: usize,
    what: &'static str,
    limit: usize,
) -> Result<(), AssemblyError> {
    if count <= limit {
        return Ok(());
    }
    let limit = limit as u64;
    Err(line.malformed(0, MalformedReason::TooMany { what, limit }))
}

fn unknown_name(line: &Cursor<'_>, word: Token<'_>, what: &'static str) -> AssemblyError {
    let name = cut(word.text);
    line.error(word.at, AssemblyReason::UnknownName { what, name })
}
