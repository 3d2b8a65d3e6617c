//! The primitive arrows: their types, and the instructions they become.

use crate::ill_typed::IllTyped;
use crate::instruction::Instruction;
use crate::types::{BOOL, BYTES, INT, ORDERING, TEXT, Type, TypeId, TypeTable, UNIT};

/// Primitive arrows with a type of their own. Operands are a product, in the order given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// `Int x Int -> Int`, checked
    Add,
    /// `Int x Int -> Int`, checked
    Subtract,
    /// `Int x Int -> Int`, checked
    Multiply,
    /// `Int x Int -> Int`, Euclidean, checked
    Divide,
    /// `Int x Int -> Int`, Euclidean, checked
    Remainder,
    /// `Int x Int x Int -> Int`: the first times the second by the third, Euclidean, checked at the end
    MultiplyDivide,
    /// `Int x Int -> Int`, modulo 2^64
    AddWrapping,
    /// `Int x Int -> Int`, modulo 2^64
    SubtractWrapping,
    /// `Int x Int -> Int`, modulo 2^64
    MultiplyWrapping,
    /// `Int x Int -> Int`, bit by bit
    And,
    /// `Int x Int -> Int`, bit by bit
    Or,
    /// `Int x Int -> Int`, bit by bit
    Xor,
    /// `Int x Int -> Int`, by the amount modulo 64
    ShiftLeft,
    /// `Int x Int -> Int`, by the amount modulo 64, keeps the sign
    ShiftRight,
    /// `Int x Int -> Int`, by the amount modulo 64, fills with zeros
    ShiftRightUnsigned,
    /// `Text x Text -> Text`
    TextConcat,
    /// `Text -> Int`, in scalar values
    TextLength,
    /// `Text x Int x Int -> Option Text`: from an offset, so many scalar values
    TextSlice,
    /// `Text x Text x Int -> Option Int`: where the second is in the first, from a position on
    TextFind,
    /// `Int -> Text`, decimal
    TextOfInt,
    /// `Text -> Option Int`, of what `TextOfInt` gives
    IntOfText,
    /// `Text -> Bytes`, UTF-8
    BytesOfText,
    /// `Bytes -> Option Text`, none unless UTF-8
    TextOfBytes,
    /// `Bytes x Bytes -> Bytes`
    BytesConcat,
    /// `Bytes -> Int`
    BytesLength,
    /// `Bytes x Int -> Option Int`
    BytesGet,
    /// `Bytes x Int x Int -> Option Bytes`: from an offset, so many bytes
    BytesSlice,
    /// `Text x Text -> List Text`: what is between the separators
    TextSplit,
    /// `List Text x Text -> Text`, with the separator between
    TextJoin,
    /// `Text -> List Int`, its scalar values
    ListOfText,
    /// `List Int -> Option Text`, none unless scalar values
    TextOfList,
    /// `Bytes -> List Int`, its bytes
    ListOfBytes,
    /// `List Int -> Option Bytes`, none unless all are 0 to 255
    BytesOfList,
    /// `D -> Bytes`, the bytes of the value
    Encode(TypeId),
    /// `Bytes -> Option D`, named by `D`: the value whose bytes they are
    Decode(TypeId),
    /// `Bytes -> Bytes`, BLAKE3
    Hash,
    /// `D x D -> Bool`
    Equal(TypeId),
    /// `K x K -> Ordering`
    Compare(TypeId),
    /// `Int x Int -> Bool`
    Less,
    /// `Int x Int -> Bool`
    LessOrEqual,
    /// `Unit -> List D`, named by the list type
    ListEmpty(TypeId),
    /// `List D x D -> List D`, named by the list type
    ListPush(TypeId),
    /// `List D -> Int`, named by the list type
    ListLength(TypeId),
    /// `List D x Int -> Option D`, named by the list type
    ListGet(TypeId),
    /// `List D x Int x D -> Option (List D)`, named by the list type
    ListSet(TypeId),
    /// `List D x List D -> List D`, named by the list type
    ListConcat(TypeId),
    /// `List D x Int x Int -> List D`, named by the list type: from an offset, at most so many
    ListSlice(TypeId),
    /// `Unit -> Map K D`, named by the map type
    MapEmpty(TypeId),
    /// `Map K D -> Int`, named by the map type
    MapLength(TypeId),
    /// `Map K D x K -> Option D`, named by the map type
    MapGet(TypeId),
    /// `Map K D x Option K -> Option (K x D)`, named by the map type: the least entry, or the least above
    /// a key
    MapNext(TypeId),
    /// `Map K D x K x D -> Map K D`, named by the map type
    MapPut(TypeId),
    /// `Map K D x K -> Map K D`, named by the map type
    MapDelete(TypeId),
}

impl Operation {
    /// Where the arrow starts and ends.
    pub(crate) fn arrow_type(self, types: &mut TypeTable) -> Result<(TypeId, TypeId), IllTyped> {
        let two = |types: &mut TypeTable, a, b| types.product(&[a, b]);
        Ok(match self {
            Operation::Add
            | Operation::Subtract
            | Operation::Multiply
            | Operation::Divide
            | Operation::Remainder
            | Operation::AddWrapping
            | Operation::SubtractWrapping
            | Operation::MultiplyWrapping
            | Operation::And
            | Operation::Or
            | Operation::Xor
            | Operation::ShiftLeft
            | Operation::ShiftRight
            | Operation::ShiftRightUnsigned => (two(types, INT, INT), INT),
            Operation::MultiplyDivide => (types.product(&[INT, INT, INT]), INT),
            Operation::Less | Operation::LessOrEqual => (two(types, INT, INT), BOOL),
            Operation::Equal(d) if types.is_data(d) => (two(types, d, d), BOOL),
            Operation::Equal(found) => return Err(wrong_form("equal", "type of data", found)),
            Operation::Encode(found) | Operation::Decode(found) if !types.is_data(found) => {
                return Err(wrong_form("encode or decode", "type of data", found));
            }
            Operation::Compare(k) if types.is_key(k) => (two(types, k, k), ORDERING),
            Operation::Compare(found) => return Err(wrong_form("compare", "key", found)),
            Operation::ListEmpty(list) => (UNIT, item(types, list).map(|_| list)?),
            Operation::ListLength(list) => (list, item(types, list).map(|_| INT)?),
            Operation::ListPush(list) => {
                let item = item(types, list)?;
                (two(types, list, item), list)
            }
            Operation::ListGet(list) => {
                let item = item(types, list)?;
                (two(types, list, INT), types.option(item))
            }
            Operation::ListSet(list) => {
                let item = item(types, list)?;
                (types.product(&[list, INT, item]), types.option(list))
            }
            Operation::ListConcat(list) => {
                item(types, list)?;
                (two(types, list, list), list)
            }
            Operation::ListSlice(list) => {
                item(types, list)?;
                (types.product(&[list, INT, INT]), list)
            }
            Operation::MapEmpty(map) => (UNIT, entry(types, map).map(|_| map)?),
            Operation::MapLength(map) => (map, entry(types, map).map(|_| INT)?),
            Operation::MapGet(map) => {
                let (key, value) = entry(types, map)?;
                (two(types, map, key), types.option(value))
            }
            Operation::MapNext(map) => {
                let (key, value) = entry(types, map)?;
                let (after, entry) = (types.option(key), two(types, key, value));
                (two(types, map, after), types.option(entry))
            }
            Operation::MapPut(map) => {
                let (key, value) = entry(types, map)?;
                (types.product(&[map, key, value]), map)
            }
            Operation::MapDelete(map) => {
                let (key, _) = entry(types, map)?;
                (two(types, map, key), map)
            }
            _ => self.text_type(types),
        })
    }

    /// Where an arrow on texts and byte strings starts and ends.
    fn text_type(self, types: &mut TypeTable) -> (TypeId, TypeId) {
        match self {
            Operation::TextConcat => (types.product(&[TEXT, TEXT]), TEXT),
            Operation::TextLength => (TEXT, INT),
            Operation::TextSlice => (types.product(&[TEXT, INT, INT]), types.option(TEXT)),
            Operation::TextFind => (types.product(&[TEXT, TEXT, INT]), types.option(INT)),
            Operation::TextOfInt => (INT, TEXT),
            Operation::IntOfText => (TEXT, types.option(INT)),
            Operation::BytesOfText => (TEXT, BYTES),
            Operation::TextOfBytes => (BYTES, types.option(TEXT)),
            Operation::BytesConcat => (types.product(&[BYTES, BYTES]), BYTES),
            Operation::BytesLength => (BYTES, INT),
            Operation::BytesGet => (types.product(&[BYTES, INT]), types.option(INT)),
            Operation::BytesSlice => (types.product(&[BYTES, INT, INT]), types.option(BYTES)),
            Operation::TextSplit => (types.product(&[TEXT, TEXT]), types.list(TEXT)),
            Operation::TextJoin => {
                let list = types.list(TEXT);
                (types.product(&[list, TEXT]), TEXT)
            }
            Operation::ListOfText => (TEXT, types.list(INT)),
            Operation::TextOfList => (types.list(INT), types.option(TEXT)),
            Operation::ListOfBytes => (BYTES, types.list(INT)),
            Operation::BytesOfList => (types.list(INT), types.option(BYTES)),
            Operation::Encode(d) => (d, BYTES),
            Operation::Decode(d) => (BYTES, types.option(d)),
            Operation::Hash => (BYTES, BYTES),
            _ => unreachable!("the others are above"),
        }
    }

    /// The instruction of an arrow that ends at `end`, and how many operands it takes.
    pub(crate) fn instruction(self, end: TypeId) -> (Instruction, usize) {
        match self {
            Operation::Add => (Instruction::Add(), 2),
            Operation::Subtract => (Instruction::Subtract(), 2),
            Operation::Multiply => (Instruction::Multiply(), 2),
            Operation::Divide => (Instruction::Divide(), 2),
            Operation::Remainder => (Instruction::Remainder(), 2),
            Operation::MultiplyDivide => (Instruction::MultiplyDivide(), 3),
            Operation::AddWrapping => (Instruction::AddWrapping(), 2),
            Operation::SubtractWrapping => (Instruction::SubtractWrapping(), 2),
            Operation::MultiplyWrapping => (Instruction::MultiplyWrapping(), 2),
            Operation::And => (Instruction::And(), 2),
            Operation::Or => (Instruction::Or(), 2),
            Operation::Xor => (Instruction::Xor(), 2),
            Operation::ShiftLeft => (Instruction::ShiftLeft(), 2),
            Operation::ShiftRight => (Instruction::ShiftRight(), 2),
            Operation::ShiftRightUnsigned => (Instruction::ShiftRightUnsigned(), 2),
            Operation::Equal(_) => (Instruction::Equal(), 2),
            Operation::Compare(_) => (Instruction::Compare(), 2),
            Operation::Less => (Instruction::Less(), 2),
            Operation::LessOrEqual => (Instruction::LessOrEqual(), 2),
            Operation::ListEmpty(list) => (Instruction::ListEmpty(list), 1),
            Operation::ListPush(_) => (Instruction::ListPush(), 2),
            Operation::ListLength(_) => (Instruction::ListLength(), 1),
            Operation::ListGet(_) => (Instruction::ListGet(end), 2),
            Operation::ListSet(_) => (Instruction::ListSet(end), 3),
            Operation::ListConcat(_) => (Instruction::ListConcat(), 2),
            Operation::ListSlice(_) => (Instruction::ListSlice(), 3),
            Operation::MapEmpty(map) => (Instruction::MapEmpty(map), 1),
            Operation::MapLength(_) => (Instruction::MapLength(), 1),
            Operation::MapGet(_) => (Instruction::MapGet(end), 2),
            Operation::MapNext(_) => (Instruction::MapNext(end), 2),
            Operation::MapPut(_) => (Instruction::MapPut(), 3),
            Operation::MapDelete(_) => (Instruction::MapDelete(), 2),
            _ => self.text_instruction(end),
        }
    }

    fn text_instruction(self, end: TypeId) -> (Instruction, usize) {
        match self {
            Operation::TextConcat => (Instruction::TextConcat(), 2),
            Operation::TextLength => (Instruction::TextLength(), 1),
            Operation::TextSlice => (Instruction::TextSlice(end), 3),
            Operation::TextFind => (Instruction::TextFind(end), 3),
            Operation::TextOfInt => (Instruction::TextOfInt(), 1),
            Operation::IntOfText => (Instruction::IntOfText(end), 1),
            Operation::BytesOfText => (Instruction::BytesOfText(), 1),
            Operation::TextOfBytes => (Instruction::TextOfBytes(end), 1),
            Operation::BytesConcat => (Instruction::BytesConcat(), 2),
            Operation::BytesLength => (Instruction::BytesLength(), 1),
            Operation::BytesGet => (Instruction::BytesGet(end), 2),
            Operation::BytesSlice => (Instruction::BytesSlice(end), 3),
            Operation::TextSplit => (Instruction::TextSplit(end), 2),
            Operation::TextJoin => (Instruction::TextJoin(), 2),
            Operation::ListOfText => (Instruction::ListOfText(end), 1),
            Operation::TextOfList => (Instruction::TextOfList(end), 1),
            Operation::ListOfBytes => (Instruction::ListOfBytes(end), 1),
            Operation::BytesOfList => (Instruction::BytesOfList(end), 1),
            Operation::Encode(_) => (Instruction::Encode(), 1),
            Operation::Decode(_) => (Instruction::Decode(end), 1),
            Operation::Hash => (Instruction::Hash(), 1),
            _ => unreachable!("the others are above"),
        }
    }
}

fn item(types: &TypeTable, list: TypeId) -> Result<TypeId, IllTyped> {
    match types.get(list) {
        Type::List(item) if types.is_data(*item) => Ok(*item),
        _ => Err(wrong_form("list", "list", list)),
    }
}

fn entry(types: &TypeTable, map: TypeId) -> Result<(TypeId, TypeId), IllTyped> {
    match types.get(map) {
        Type::Map(key, value) if types.is_data(map) => Ok((*key, *value)),
        _ => Err(wrong_form("map", "map", map)),
    }
}

fn wrong_form(combinator: &'static str, needs: &'static str, found: TypeId) -> IllTyped {
    IllTyped::WrongForm {
        combinator,
        needs,
        found,
    }
}
