//! The words of assembly, each with what it stands for.

use crate::combinator::Role;
use crate::limits::NAME_BYTES_MAX;
use crate::schema::Shape;
use crate::types::Type;

/// What starts a line that is no code. No instruction may be called so.
pub(super) const SECTIONS: [&str; 8] = [
    "cam",
    "type",
    "const",
    "machine",
    "shape",
    "interface",
    "fn",
    "export",
];

/// The types that every table starts with, in order.
pub(super) const PREDECLARED: [&str; 6] = ["Unit", "Bool", "Ordering", "Int", "Text", "Bytes"];

pub(super) const TYPE_FORMS: &str = "prod, sum, list, map or fn";
pub(super) const SHAPE_FORMS: &str =
    "int, text, bytes, bool, tuple, record, variant, option, list or map";

/// The word of a type's form; those without one are predeclared.
pub(super) fn type_form(entry: &Type) -> &'static str {
    match entry {
        Type::Product(_) => "prod",
        Type::Sum(_) => "sum",
        Type::List(_) => "list",
        Type::Map(..) => "map",
        Type::Function(..) => "fn",
        Type::Int => "Int",
        Type::Text => "Text",
        Type::Bytes => "Bytes",
    }
}

/// The word of a shape's form.
pub(super) fn shape_form(shape: &Shape) -> &'static str {
    match shape {
        Shape::Int => "int",
        Shape::Text => "text",
        Shape::Bytes => "bytes",
        Shape::Bool => "bool",
        Shape::Tuple(_) => "tuple",
        Shape::Record(_) => "record",
        Shape::Variant(..) => "variant",
        Shape::Option(_) => "option",
        Shape::List(_) => "list",
        Shape::Map(..) => "map",
    }
}

/// All roles, in order.
pub(super) const ROLES: [Role; 12] = [
    Role::Init,
    Role::Step,
    Role::Query,
    Role::Check,
    Role::Migrate,
    Role::Input,
    Role::Output,
    Role::Back,
    Role::MigrateAt,
    Role::InputAt,
    Role::OutputAt,
    Role::BackAt,
];

/// Whether `word` may be the name of something.
pub(super) fn is_name(word: &str) -> bool {
    let starts = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    word.bytes().next().is_some_and(starts)
        && word
            .bytes()
            .all(|byte| starts(byte) || byte.is_ascii_digit())
        && word.len() <= NAME_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruction::TABLE;
    use crate::types::{TypeId, TypeTable};

    #[test]
    fn no_instruction_is_called_like_a_section() {
        for row in TABLE {
            assert!(!SECTIONS.contains(&row.mnemonic), "{}", row.mnemonic);
            assert!(is_name(row.mnemonic), "{}", row.mnemonic);
        }
    }

    #[test]
    fn predeclared_types_stand_in_the_order_of_the_table() {
        let types = TypeTable::new();
        assert_eq!(types.len(), PREDECLARED.len());
        for (index, word) in (3..).zip(&PREDECLARED[3..]) {
            assert_eq!(type_form(types.get(TypeId(index))), *word);
        }
    }
}
