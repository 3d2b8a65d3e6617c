//! Values in text: `7`, `"text"`, `x"00ff"`, `(a, b)`, `1:payload` for constructor 1 of a sum, `[a, b]`,
//! `{key => value}`.
//!
//! Some constructors have names: `false true` of Bool, `less equal greater` of Ordering, and `none` and
//! `some payload` of every sum of Unit and one more type.

use std::fmt::{self, Write};

use super::cursor::{Cursor, Kind, Token};
use super::error::{AssemblyError, AssemblyReason, cut};
use crate::limits::TEXT_BYTES_MAX;
use crate::malformed::MalformedReason;
use crate::types::{BOOL, ORDERING, Type, TypeId, TypeTable, UNIT};
use crate::value::{List, Map, Value};

const BOOLS: [&str; 2] = ["false", "true"];
const ORDERINGS: [&str; 3] = ["less", "equal", "greater"];
const OPTIONS: [&str; 2] = ["none", "some"];

/// Reads a value of type `id` from one line of text.
///
/// # Errors
/// [`AssemblyError`] where the text stops being such a value. Its line is 1.
pub fn parse_value(types: &TypeTable, id: TypeId, text: &str) -> Result<Value, AssemblyError> {
    let mut cursor = Cursor::new(text, 1);
    let value = read(types, id, &mut cursor)?;
    cursor.end()?;
    Ok(value)
}

/// Recursion is bounded by the height of the type.
pub(super) fn read(
    types: &TypeTable,
    id: TypeId,
    cursor: &mut Cursor<'_>,
) -> Result<Value, AssemblyError> {
    let token = cursor.next()?;
    match types.get(id) {
        Type::Int => integer(cursor, token).map(Value::Int),
        Type::Text if token.kind == Kind::Text => text(cursor, token).map(|t| Value::text(&t)),
        Type::Text => Err(cursor.unexpected(token, "a text in quotes")),
        Type::Bytes if token.kind == Kind::Bytes => bytes(cursor, token),
        Type::Bytes => Err(cursor.unexpected(token, "bytes, as in x\"00ff\"")),
        Type::Product(parts) => product(types, parts, cursor, token),
        Type::Sum(payloads) => sum(types, (id, payloads), cursor, token),
        Type::List(item) => {
            opened(cursor, token, "[", "a list in `[` and `]`")?;
            let mut list = List::default();
            while follows(cursor, list.is_empty(), "]", "`,` or `]`")? {
                list.push(read(types, *item, cursor)?);
            }
            Ok(Value::List(list))
        }
        Type::Function(..) => {
            let place = "a constant";
            Err(cursor.malformed(token.at, MalformedReason::FunctionNotAllowed { place }))
        }
        Type::Map(key, value) => {
            opened(cursor, token, "{", "a map in `{` and `}`")?;
            let mut map = Map::default();
            while follows(cursor, map.is_empty(), "}", "`,` or `}`")? {
                let at = cursor.peek()?.at;
                let entry = read(types, *key, cursor)?;
                if map.get(&entry).is_some() {
                    return Err(cursor.malformed(at, MalformedReason::OutOfOrder));
                }
                cursor.sign("=>", "`=>`")?;
                map.insert(entry, read(types, *value, cursor)?);
            }
            Ok(Value::Map(map))
        }
    }
}

fn product(
    types: &TypeTable,
    parts: &[TypeId],
    cursor: &mut Cursor<'_>,
    token: Token<'_>,
) -> Result<Value, AssemblyError> {
    opened(cursor, token, "(", "a product in `(` and `)`")?;
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        if !values.is_empty() {
            cursor.sign(",", "`,` and another part")?;
        }
        values.push(read(types, *part, cursor)?);
    }
    cursor.sign(")", "`)`")?;
    Ok(Value::product(values))
}

fn sum(
    types: &TypeTable,
    (id, payloads): (TypeId, &[TypeId]),
    cursor: &mut Cursor<'_>,
    token: Token<'_>,
) -> Result<Value, AssemblyError> {
    let position = |words: &[&str]| words.iter().position(|word| *word == token.text);
    let named = match constructors(id, payloads) {
        Some(words) if token.kind == Kind::Word => position(words),
        _ => None,
    };
    let tag = match named {
        Some(index) => narrow(index),
        None if token.kind == Kind::Word => {
            let expected = "the number of a constructor";
            let tag = token.text.parse::<u8>();
            let tag = tag.map_err(|_| bad_number(cursor, token, expected))?;
            cursor.sign(":", "`:` and the payload")?;
            tag
        }
        None => return Err(cursor.unexpected(token, "a constructor")),
    };
    let unknown = MalformedReason::UnknownConstructor(tag);
    let payload = payloads.get(usize::from(tag));
    let payload = *payload.ok_or_else(|| cursor.malformed(token.at, unknown))?;
    if named.is_some() && payload == UNIT && token.text != "some" {
        return Ok(Value::constructor(tag));
    }
    Ok(Value::sum(tag, read(types, payload, cursor)?))
}

/// The names of a sum's constructors, if they have any.
fn constructors(id: TypeId, payloads: &[TypeId]) -> Option<&'static [&'static str]> {
    match id {
        BOOL => Some(&BOOLS),
        ORDERING => Some(&ORDERINGS),
        _ if payloads.len() == 2 && payloads[0] == UNIT => Some(&OPTIONS),
        _ => None,
    }
}

fn narrow(index: usize) -> u8 {
    u8::try_from(index).expect("no sum has more than three constructors with names")
}

/// Takes what stands between parts: nothing before the first, a comma before others. Says whether a part
/// follows.
fn follows(
    cursor: &mut Cursor<'_>,
    first: bool,
    close: &'static str,
    expected: &'static str,
) -> Result<bool, AssemblyError> {
    if cursor.takes(close)? {
        return Ok(false);
    }
    if !first {
        cursor.sign(",", expected)?;
    }
    Ok(true)
}

fn opened(
    cursor: &Cursor<'_>,
    token: Token<'_>,
    sign: &str,
    expected: &'static str,
) -> Result<(), AssemblyError> {
    if token.kind == Kind::Sign && token.text == sign {
        Ok(())
    } else {
        Err(cursor.unexpected(token, expected))
    }
}

pub(super) fn integer(cursor: &Cursor<'_>, token: Token<'_>) -> Result<i64, AssemblyError> {
    const EXPECTED: &str = "an integer of 64 bits";
    if token.kind != Kind::Word {
        return Err(cursor.unexpected(token, EXPECTED));
    }
    let integer = token.text.parse();
    integer.map_err(|_| bad_number(cursor, token, EXPECTED))
}

pub(super) fn bad_number(
    cursor: &Cursor<'_>,
    token: Token<'_>,
    expected: &'static str,
) -> AssemblyError {
    let word = cut(token.text);
    cursor.error(token.at, AssemblyReason::BadNumber { word, expected })
}

fn bytes(cursor: &Cursor<'_>, token: Token<'_>) -> Result<Value, AssemblyError> {
    let expected = "pairs of hexadecimal digits";
    let mut bytes = Vec::with_capacity(token.text.len() / 2);
    for pair in token.text.as_bytes().chunks(2) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        let byte = digit(0).zip(digit(1)).map(|(high, low)| high * 16 + low);
        let byte = byte.and_then(|byte| u8::try_from(byte).ok());
        bytes.push(byte.ok_or_else(|| bad_number(cursor, token, expected))?);
    }
    within(cursor, token, bytes.len(), "bytes in a byte string")?;
    Ok(Value::Bytes(bytes.into()))
}

/// The text between quotes, its escapes replaced.
fn text(cursor: &Cursor<'_>, token: Token<'_>) -> Result<String, AssemblyError> {
    let mut text = String::with_capacity(token.text.len());
    let mut rest = token.text;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let Some((letter, length)) = unescaped(escape) else {
            let before = token.text.len() - rest.len() + at;
            return Err(cursor.error(token.at + 1 + before, AssemblyReason::BadEscape));
        };
        text.push(letter);
        rest = &escape[length..];
    }
    text.push_str(rest);
    within(cursor, token, text.len(), "bytes in a text")?;
    Ok(text)
}

fn within(
    cursor: &Cursor<'_>,
    token: Token<'_>,
    length: usize,
    what: &'static str,
) -> Result<(), AssemblyError> {
    let limit = TEXT_BYTES_MAX as u64;
    if length <= TEXT_BYTES_MAX {
        Ok(())
    } else {
        Err(cursor.malformed(token.at, MalformedReason::TooMany { what, limit }))
    }
}

/// The letter that an escape without its backslash stands for, and the escape's length.
fn unescaped(escape: &str) -> Option<(char, usize)> {
    let letter = match escape.chars().next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        same @ ('"' | '\\') => same,
        'u' => return by_number(escape),
        _ => return None,
    };
    Some((letter, 1))
}

/// `u{1f600}`, with up to six digits.
fn by_number(escape: &str) -> Option<(char, usize)> {
    let inside = escape.strip_prefix("u{")?;
    let (end, _) = inside.char_indices().take(7).find(|(_, c)| *c == '}')?;
    let digits = &inside[..end];
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16)
        .ok()
        .filter(|_| hexadecimal)?;
    Some((char::from_u32(number)?, "u{}".len() + end))
}

/// Writes `value` as one of type `id`. A part that is not of its type, which no module has that was read
/// from bytes, is `?`. Recursion is bounded by the height of the type.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    types: &TypeTable,
    id: TypeId,
    value: &Value,
) -> fmt::Result {
    match (value, types.get(id)) {
        (Value::Int(integer), Type::Int) => write!(f, "{integer}"),
        (Value::Text(text), Type::Text) => write_text(f, text),
        (Value::Bytes(bytes), Type::Bytes) => {
            f.write_str("x\"")?;
            bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            f.write_char('"')
        }
        (Value::Product(values), Type::Product(parts)) if values.len() == parts.len() => {
            f.write_char('(')?;
            for (index, (value, part)) in values.iter().zip(parts).enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                write(f, types, *part, value)?;
            }
            f.write_char(')')
        }
        (Value::Sum(tag, payload), Type::Sum(payloads)) => {
            let tag = usize::from(*tag);
            let Some(part) = payloads.get(tag) else {
                return f.write_char('?');
            };
            match constructors(id, payloads) {
                Some(words) if words[tag] == "some" => f.write_str("some ")?,
                Some(words) => return f.write_str(words[tag]),
                None => write!(f, "{tag}:")?,
            }
            write(f, types, *part, payload)
        }
        (Value::List(list), Type::List(item)) => {
            f.write_char('[')?;
            for (index, value) in list.iter().enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                write(f, types, *item, value)?;
            }
            f.write_char(']')
        }
        (Value::Map(map), Type::Map(key_type, value_type)) => {
            f.write_char('{')?;
            for (index, (key, value)) in map.iter().enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                write(f, types, *key_type, &key)?;
                f.write_str(" => ")?;
                write(f, types, *value_type, &value)?;
            }
            f.write_char('}')
        }
        _ => f.write_char('?'),
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for letter in text.chars() {
        match letter {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\0' => f.write_str("\\0")?,
            '"' | '\\' => write!(f, "\\{letter}")?,
            letter if would_mislead(letter) => write!(f, "\\u{{{:x}}}", u32::from(letter))?,
            letter => f.write_char(letter)?,
        }
    }
    f.write_char('"')
}

/// Letters that move the cursor of a terminal or turn the direction of the text around them.
fn would_mislead(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{BYTES, INT, TEXT};

    struct Shown<'a>(&'a TypeTable, TypeId, &'a Value);

    impl fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(f, self.0, self.1, self.2)
        }
    }

    #[test]
    fn a_value_reads_back_from_its_text() {
        let mut types = TypeTable::new();
        let pair = types.product(&[INT, TEXT]);
        let single = types.product(&[INT]);
        let option = types.option(UNIT);
        let nested = types.option(option);
        let sum = types.sum(&[INT, BOOL, pair]);
        let list = types.list(ORDERING);
        let map = types.map(TEXT, list);
        assert_eq!(option, BOOL);
        for (id, text) in [
            (INT, "-9223372036854775808"),
            (TEXT, r#""a \"b\" \\ # \n\r\t\0 é \u{202e}\u{7f}""#),
            (BYTES, r#"x"""#),
            (BYTES, r#"x"00ff""#),
            (UNIT, "()"),
            (single, "(7)"),
            (pair, "(7, \"\")"),
            (BOOL, "true"),
            (nested, "some false"),
            (nested, "none"),
            (sum, "0:-1"),
            (sum, "2:(0, \"x\")"),
            (list, "[]"),
            (map, "{\"\" => [], \"a\" => [less, greater, equal]}"),
        ] {
            let value = parse_value(&types, id, text).expect(text);
            assert!(value.inhabits(&types, id), "{text}");
            assert_eq!(Shown(&types, id, &value).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_value_of_its_type_is_refused_where_it_stops_being_one() {
        let mut types = TypeTable::new();
        let pair = types.product(&[INT, TEXT]);
        let sum = types.sum(&[INT, INT]);
        let list = types.list(INT);
        let map = types.map(INT, INT);
        for (id, text, column) in [
            (INT, "", 1),
            (INT, "9223372036854775808", 1),
            (INT, "1 2", 3),
            (TEXT, "a", 1),
            (TEXT, r#""é\x""#, 3),
            (TEXT, r#""\u{110000}""#, 2),
            (TEXT, r#""\u{+1}""#, 2),
            (BYTES, r#"x"0""#, 1),
            (BYTES, "\"00\"", 1),
            (pair, "(1)", 3),
            (pair, "(1, \"\", 2)", 7),
            (BOOL, "2:()", 1),
            (BOOL, "some", 1),
            (sum, "none", 1),
            (sum, "2:0", 1),
            (sum, "256:0", 1),
            (list, "[1 2]", 4),
            (list, "[1,]", 4),
            (list, "[1", 3),
            (map, "{1 => 1, 1 => 2}", 10),
            (map, "{1: 2}", 3),
        ] {
            let error = parse_value(&types, id, text).expect_err(text);
            assert_eq!(error.column, column, "{text}: {error}");
        }
    }
}
