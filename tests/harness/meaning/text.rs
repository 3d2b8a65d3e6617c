//! What the operations on texts and byte strings mean.
//!
//! Texts are sequences of characters and byte strings sequences of bytes; what is found is found by
//! looking everywhere, numbers are read and written digit by digit.

use cam::combinator::Operation;
use cam::value::Value;

use super::{integer, operands, size};
use crate::bytes::{integer as zigzag, number, sized};

/// Nothing for the operations of other rooms.
pub(super) fn meant(operation: Operation, input: &Value) -> Option<Value> {
    Some(match operation {
        Operation::TextConcat => {
            let [left, right] = operands(input).map(|text| characters(&text));
            text([left, right].concat())
        }
        Operation::TextLength => size(characters(input).len()),
        Operation::TextSlice => {
            let [whole, offset, length] = operands(input);
            let part = part(&characters(&whole), integer(&offset), integer(&length));
            Value::option(part.map(text))
        }
        Operation::TextFind => {
            let [whole, needle, from] = operands(input);
            found(&characters(&whole), &characters(&needle), integer(&from))
        }
        Operation::TextOfInt => text(decimal(integer(input))),
        Operation::IntOfText => Value::option(read(&characters(input)).map(Value::Int)),
        Operation::BytesOfText => bytes(characters(input).iter().flat_map(utf8).collect()),
        Operation::TextOfBytes => {
            let read = String::from_utf8(bytes_of(input));
            Value::option(read.ok().map(|read| Value::text(&read)))
        }
        Operation::BytesConcat => {
            let [left, right] = operands(input).map(|value| bytes_of(&value));
            bytes([left, right].concat())
        }
        Operation::BytesLength => size(bytes_of(input).len()),
        Operation::BytesGet => {
            let [whole, index] = operands(input);
            let one = part(&bytes_of(&whole), integer(&index), 1);
            Value::option(one.map(|one| Value::Int(i64::from(one[0]))))
        }
        Operation::BytesSlice => {
            let [whole, offset, length] = operands(input);
            let part = part(&bytes_of(&whole), integer(&offset), integer(&length));
            Value::option(part.map(bytes))
        }
        Operation::Encode(_) => bytes(encoded(input)),
        Operation::Hash => {
            let mut hasher = blake3::Hasher::new();
            bytes_of(input).iter().for_each(|byte| {
                hasher.update(&[*byte]);
            });
            bytes(hasher.finalize().as_bytes().to_vec())
        }
        _ => return None,
    })
}

/// The items at `offset`, `offset + 1`, .. if there are so many.
pub(super) fn part<T: Clone>(items: &[T], offset: i64, length: i64) -> Option<Vec<T>> {
    let end = i128::from(offset) + i128::from(length);
    let fits = offset >= 0 && length >= 0 && end <= items.len() as i128;
    fits.then(|| {
        let all = (0_i128..).zip(items);
        let inside = all.filter(|(at, _)| *at >= i128::from(offset) && *at < end);
        inside.map(|(_, item)| item.clone()).collect()
    })
}

fn found(whole: &[char], needle: &[char], from: i64) -> Value {
    let position = (0..=whole.len()).find(|at| {
        let late = i64::try_from(*at).is_ok_and(|at| at >= from);
        late && whole[*at..].starts_with(needle)
    });
    Value::option(position.map(size))
}

fn decimal(number: i64) -> Vec<char> {
    let mut rest = i128::from(number).abs();
    let mut digits = Vec::new();
    while rest > 0 || digits.is_empty() {
        let digit = u32::try_from(rest % 10).expect("a digit");
        digits.insert(0, char::from_digit(digit, 10).expect("a digit"));
        rest /= 10;
    }
    if number < 0 {
        digits.insert(0, '-');
    }
    digits
}

/// The number whose decimal form it is. There is one form, so all but that one are nothing.
fn read(form: &[char]) -> Option<i64> {
    let (sign, digits) = match form {
        ['-', digits @ ..] => (-1, digits),
        digits => (1, digits),
    };
    let mut number: i128 = 0;
    for digit in digits {
        number = (number * 10 + i128::from(digit.to_digit(10)?)).min(1 << 100);
    }
    let number = i64::try_from(sign * number).ok()?;
    (decimal(number) == form).then_some(number)
}

fn utf8(character: &char) -> Vec<u8> {
    let code = u32::from(*character);
    let tail = |shift: u32| 0x80 | (code >> shift) & 0x3F;
    let coded = match code {
        0..0x80 => vec![code],
        0x80..0x800 => vec![0xC0 | code >> 6, tail(0)],
        0x800..0x1_0000 => vec![0xE0 | code >> 12, tail(6), tail(0)],
        _ => vec![0xF0 | code >> 18, tail(12), tail(6), tail(0)],
    };
    let narrow = |byte| u8::try_from(byte).expect("by the ranges above");
    coded.into_iter().map(narrow).collect()
}

/// A value's bytes, as the third chapter has them.
pub(super) fn encoded(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Int(integer) => zigzag(&mut out, *integer),
        Value::Text(text) => sized(&mut out, text.as_bytes()),
        Value::Bytes(bytes) => sized(&mut out, bytes),
        Value::Product(parts) => out.extend(parts.iter().flat_map(encoded)),
        Value::Sum(tag, payload) => {
            out.push(*tag);
            out.extend(encoded(payload));
        }
        Value::List(list) => {
            number(&mut out, list.iter().count() as u64);
            out.extend(list.iter().flat_map(encoded));
        }
        Value::Map(map) => {
            number(&mut out, map.iter().count() as u64);
            let entries = map.iter();
            out.extend(entries.flat_map(|(key, value)| [encoded(&key), encoded(&value)].concat()));
        }
        Value::Closure(_) => unreachable!("closures are no data"),
    }
    out
}

pub(super) fn text(characters: Vec<char>) -> Value {
    Value::text(&characters.into_iter().collect::<String>())
}

pub(super) fn bytes(bytes: Vec<u8>) -> Value {
    Value::Bytes(bytes.into())
}

pub(super) fn characters(value: &Value) -> Vec<char> {
    match value {
        Value::Text(text) => text.chars().collect(),
        _ => unreachable!("well-typed: a text"),
    }
}

pub(super) fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        _ => unreachable!("well-typed: a byte string"),
    }
}
