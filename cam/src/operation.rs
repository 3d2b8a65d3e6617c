//! The primitive arrows: their types, and the instructions they become.

use crate::ill_typed::IllTyped;
use crate::instruction::Instruction;
use crate::types::{BOOL, INT, ORDERING, Type, TypeId, TypeTable, UNIT};

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
    /// `Unit -> Map K D`, named by the map type
    MapEmpty(TypeId),
    /// `Map K D -> Int`, named by the map type
    MapLength(TypeId),
    /// `Map K D x K -> Option D`, named by the map type
    MapGet(TypeId),
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
            | Operation::Remainder => (two(types, INT, INT), INT),
            Operation::Less | Operation::LessOrEqual => (two(types, INT, INT), BOOL),
            Operation::Equal(d) => (two(types, d, d), BOOL),
            Operation::Compare(k) if types.is_key(k) => (two(types, k, k), ORDERING),
            Operation::Compare(found) => return Err(wrong_form("compare", "key", found)),
            Operation::ListEmpty(list) => (UNIT, item(types, list).map(|_| list)?),
            Operation::ListLength(list) => (list, item(types, list).map(|_| INT)?),
            Operation::ListPush(list) => {
                let item = item(types, list)?;
                (two(types, list, item), list)
            }
            Operation::MapEmpty(map) => (UNIT, entry(types, map).map(|_| map)?),
            Operation::MapLength(map) => (map, entry(types, map).map(|_| INT)?),
            Operation::MapGet(map) => {
                let (key, value) = entry(types, map)?;
                (two(types, map, key), types.option(value))
            }
            Operation::MapPut(map) => {
                let (key, value) = entry(types, map)?;
                (types.product(&[map, key, value]), map)
            }
            Operation::MapDelete(map) => {
                let (key, _) = entry(types, map)?;
                (two(types, map, key), map)
            }
        })
    }

    /// The instruction, and how many operands it takes.
    pub(crate) fn instruction(self, types: &mut TypeTable) -> (Instruction, usize) {
        match self {
            Operation::Add => (Instruction::Add(), 2),
            Operation::Subtract => (Instruction::Subtract(), 2),
            Operation::Multiply => (Instruction::Multiply(), 2),
            Operation::Divide => (Instruction::Divide(), 2),
            Operation::Remainder => (Instruction::Remainder(), 2),
            Operation::Equal(_) => (Instruction::Equal(), 2),
            Operation::Compare(_) => (Instruction::Compare(), 2),
            Operation::Less => (Instruction::Less(), 2),
            Operation::LessOrEqual => (Instruction::LessOrEqual(), 2),
            Operation::ListEmpty(list) => (Instruction::ListEmpty(list), 1),
            Operation::ListPush(_) => (Instruction::ListPush(), 2),
            Operation::ListLength(_) => (Instruction::ListLength(), 1),
            Operation::MapEmpty(map) => (Instruction::MapEmpty(map), 1),
            Operation::MapLength(_) => (Instruction::MapLength(), 1),
            Operation::MapGet(map) => {
                let Type::Map(_, value) = *types.get(map) else {
                    unreachable!("the draft has checked that it is a map")
                };
                (Instruction::MapGet(types.option(value)), 2)
            }
            Operation::MapPut(_) => (Instruction::MapPut(), 3),
            Operation::MapDelete(_) => (Instruction::MapDelete(), 2),
        }
    }
}

fn item(types: &TypeTable, list: TypeId) -> Result<TypeId, IllTyped> {
    match types.get(list) {
        Type::List(item) => Ok(*item),
        _ => Err(wrong_form("list", "list", list)),
    }
}

fn entry(types: &TypeTable, map: TypeId) -> Result<(TypeId, TypeId), IllTyped> {
    match types.get(map) {
        Type::Map(key, value) => Ok((*key, *value)),
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
