//! What the operations on lists mean, and those between lists and texts.

use cam::combinator::Operation;
use cam::value::Value;

use super::text::{bytes, bytes_of, characters, part, text};
use super::{integer, list_of, operands};

/// Nothing for the operations of other rooms.
pub(super) fn meant(operation: Operation, input: &Value) -> Option<Value> {
    Some(match operation {
        Operation::TextSplit => {
            let [whole, separator] = operands(input).map(|text| characters(&text));
            Value::List(pieces(&whole, &separator).into_iter().map(text).collect())
        }
        Operation::TextJoin => {
            let [list, separator] = operands(input);
            let pieces: Vec<Vec<char>> = list_of(&list).iter().map(characters).collect();
            text(pieces.join(characters(&separator).as_slice()))
        }
        Operation::ListOfText => {
            let numbers = characters(input)
                .into_iter()
                .map(|one| i64::from(u32::from(one)));
            Value::List(numbers.map(Value::Int).collect())
        }
        Operation::TextOfList => {
            let scalars: Option<Vec<char>> = list_of(input).iter().map(scalar).collect();
            Value::option(scalars.map(text))
        }
        Operation::ListOfBytes => {
            let numbers = bytes_of(input).into_iter().map(i64::from);
            Value::List(numbers.map(Value::Int).collect())
        }
        Operation::BytesOfList => {
            let numbers = list_of(input);
            let all: Option<Vec<u8>> = numbers
                .iter()
                .map(|number| u8::try_from(integer(number)).ok())
                .collect();
            Value::option(all.map(bytes))
        }
        Operation::ListGet(_) => {
            let [list, index] = operands(input);
            let one = part(&list_of(&list), integer(&index), 1);
            Value::option(one.map(|one| one[0].clone()))
        }
        Operation::ListSet(_) => {
            let [list, index, item] = operands(input);
            let mut items = list_of(&list);
            let place = (0_i64..)
                .zip(&mut items)
                .find(|(at, _)| *at == integer(&index));
            let replaced = place.map(|(_, place)| *place = item);
            Value::option(replaced.map(|()| Value::List(items.into_iter().collect())))
        }
        Operation::ListConcat(_) => {
            let [left, right] = operands(input).map(|list| list_of(&list));
            Value::List([left, right].concat().into_iter().collect())
        }
        Operation::ListSlice(_) => {
            let [list, offset, length] = operands(input);
            let (offset, length) = (integer(&offset).max(0), integer(&length).max(0));
            let numbered = (0_i128..).zip(list_of(&list));
            let (first, end) = (i128::from(offset), i128::from(offset) + i128::from(length));
            let inside = numbered.filter(|(at, _)| *at >= first && *at < end);
            Value::List(inside.map(|(_, item)| item).collect())
        }
        _ => return None,
    })
}

/// Goes on from each separator, the first first; they do not overlap.
fn pieces(whole: &[char], separator: &[char]) -> Vec<Vec<char>> {
    let mut pieces = vec![Vec::new()];
    let mut rest = whole;
    while let [first, others @ ..] = rest {
        match rest.strip_prefix(separator) {
            Some(after) if !separator.is_empty() => {
                pieces.push(Vec::new());
                rest = after;
            }
            _ => {
                pieces.last_mut().expect("there is one").push(*first);
                rest = others;
            }
        }
    }
    pieces
}

/// The scalar value of this number: up to 10FFFF, without the surrogates.
fn scalar(number: &Value) -> Option<char> {
    let number = integer(number);
    let surrogate = (0xD800..0xE000).contains(&number);
    let fits = (0..0x11_0000).contains(&number) && !surrogate;
    fits.then(|| char::from_u32(u32::try_from(number).ok()?))?
}
