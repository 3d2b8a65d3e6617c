//! Names for the parts of a module that has none: from the schema where it knows them, else numbers.

use std::collections::BTreeSet;

use super::code::Named;
use super::words::{PREDECLARED, is_name, shape_form};
use crate::bytecode::Bytecode;
use crate::combinator::FunctionId;
use crate::schema::{Schema, Shape, ShapeId};
use crate::types::{BOOL, BYTES, INT, TEXT, Type, TypeId, TypeTable, UNIT};

/// A longer name gives way to a number. A name stands wherever a byte of the module names a type, so this
/// bounds the text of a module by its bytes.
const LENGTH_MAX: usize = 32;

/// A name for every type, constant, shape and function of one module.
#[derive(Clone, Debug)]
pub struct Names {
    pub(super) types: Vec<String>,
    pub(super) constants: Vec<String>,
    pub(super) shapes: Vec<String>,
    functions: Vec<String>,
    /// The shape that named a type.
    shape_of: Vec<Option<ShapeId>>,
}

impl Names {
    /// Names for `bytecode`: types as the schema calls them, functions by what they are exported for.
    #[must_use]
    pub fn of(bytecode: &Bytecode) -> Names {
        let (types, shape_of) = type_names(bytecode);
        Names {
            types,
            shape_of,
            constants: numbered('k', bytecode.pool.len()),
            shapes: shape_names(bytecode.schema.as_ref()),
            functions: function_names(bytecode),
        }
    }

    /// The name of a type. Empty for one that is not in the table.
    #[must_use]
    pub fn type_name(&self, id: TypeId) -> &str {
        self.types.get(id.index()).map_or("", String::as_str)
    }

    /// The name of the function at `index`. Empty if there is none.
    #[must_use]
    pub fn function(&self, index: usize) -> &str {
        self.functions.get(index).map_or("", String::as_str)
    }

    /// What a number in an instruction names.
    pub(super) fn find(&self, named: Named, number: u32) -> Option<&str> {
        let names = match named {
            Named::Type => &self.types,
            Named::Function => &self.functions,
            Named::Constant => &self.constants,
        };
        names.get(number as usize).map(String::as_str)
    }

    /// What the schema calls constructor `index` of a sum.
    pub(super) fn constructor<'a>(
        &self,
        bytecode: &'a Bytecode,
        sum: TypeId,
        index: u32,
    ) -> Option<&'a str> {
        let shape = (*self.shape_of.get(sum.index())?)?;
        match bytecode.schema.as_ref()?.shapes.get(shape) {
            Shape::Variant(_, constructors) => {
                let (name, _) = constructors.get(index as usize)?;
                (name.len() <= LENGTH_MAX).then_some(&**name)
            }
            _ => None,
        }
    }
}

/// Names that are used once, each of them no number.
struct Given(BTreeSet<String>);

impl Given {
    fn take(&mut self, name: &str) -> Option<String> {
        let number = name.get(1..).unwrap_or_default();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let fits = is_name(name) && name.len() <= LENGTH_MAX && !is_number;
        (fits && self.0.insert(name.to_owned())).then(|| name.to_owned())
    }
}

fn numbered(letter: char, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{letter}{index}")).collect()
}

fn type_names(bytecode: &Bytecode) -> (Vec<String>, Vec<Option<ShapeId>>) {
    let types = &bytecode.types;
    let mut given = Given(BTreeSet::new());
    let mut names: Vec<Option<String>> = vec![None; types.len()];
    let mut shape_of = vec![None; types.len()];
    for (name, word) in names.iter_mut().zip(PREDECLARED) {
        *name = given.take(word);
    }
    for (id, shape, title) in titles(bytecode) {
        if names[id.index()].is_none() {
            names[id.index()] = given.take(title);
            shape_of[id.index()] = names[id.index()].as_ref().map(|_| shape);
        }
    }
    for index in PREDECLARED.len()..types.len() {
        if names[index].is_none() {
            let entry = &types.declared()[index - PREDECLARED.len()];
            names[index] = described(entry, &names).and_then(|name| given.take(&name));
        }
        names[index].get_or_insert_with(|| format!("t{index}"));
    }
    (names.into_iter().flatten().collect(), shape_of)
}

/// Types of the table that the schema calls something, variants before the three of the interface.
fn titles(bytecode: &Bytecode) -> Vec<(TypeId, ShapeId, &str)> {
    let Some(schema) = &bytecode.schema else {
        return Vec::new();
    };
    let erased = erased(schema, &bytecode.types);
    let variants = schema.shapes.entries().iter().zip(0..);
    let variants = variants.filter_map(|(shape, number)| match shape {
        Shape::Variant(title, _) => Some((ShapeId(number), &**title)),
        _ => None,
    });
    let interface = [
        (schema.state, "State"),
        (schema.input, "Input"),
        (schema.output, "Output"),
    ];
    variants
        .chain(interface)
        .filter_map(|(shape, title)| Some((erased[shape.index()]?, shape, title)))
        .collect()
}

/// Where the types of shapes stand in the table, if they do.
fn erased(schema: &Schema, types: &TypeTable) -> Vec<Option<TypeId>> {
    let mut erased: Vec<Option<TypeId>> = Vec::new();
    for shape in schema.shapes.entries() {
        let parts = shape.operands();
        let parts: Option<Vec<TypeId>> = parts.iter().map(|part| erased[part.index()]).collect();
        erased.push(parts.and_then(|parts| match shape {
            Shape::Int => Some(INT),
            Shape::Text => Some(TEXT),
            Shape::Bytes => Some(BYTES),
            Shape::Bool => Some(BOOL),
            Shape::Tuple(_) | Shape::Record(_) => types.find(&Type::Product(parts.into())),
            Shape::Variant(..) => types.find(&Type::Sum(parts.into())),
            Shape::Option(_) => types.find(&Type::Sum([UNIT, parts[0]].into())),
            Shape::List(_) => types.find(&Type::List(parts[0])),
            Shape::Map(..) => types.find(&Type::Map(parts[0], parts[1])),
        }));
    }
    erased
}

/// A name made of the names of the operands.
fn described(entry: &Type, names: &[Option<String>]) -> Option<String> {
    let mut words = match entry {
        Type::Product(parts) if (2..=3).contains(&parts.len()) => Vec::new(),
        Type::Sum(payloads) if payloads.len() == 2 && payloads[0] == UNIT => {
            return names[payloads[1].index()]
                .as_ref()
                .map(|name| format!("Option_{name}"));
        }
        Type::List(_) => vec!["List"],
        Type::Map(..) => vec!["Map"],
        _ => return None,
    };
    for operand in entry.operands() {
        words.push(names[operand.index()].as_deref()?);
    }
    Some(words.join("_"))
}

fn shape_names(schema: Option<&Schema>) -> Vec<String> {
    let Some(schema) = schema else {
        return Vec::new();
    };
    let mut given = Given(BTreeSet::new());
    let roots = [
        (schema.state, "State"),
        (schema.input, "Input"),
        (schema.output, "Output"),
    ];
    let entries = schema.shapes.entries();
    let mut names: Vec<Option<String>> = entries
        .iter()
        .map(|shape| match shape {
            Shape::Int | Shape::Text | Shape::Bytes | Shape::Bool => given.take(shape_form(shape)),
            Shape::Tuple(parts) if parts.is_empty() => given.take("unit"),
            Shape::Variant(title, _) => given.take(title),
            _ => None,
        })
        .collect();
    for (root, title) in roots {
        let name = &mut names[root.index()];
        *name = name.take().or_else(|| given.take(title));
    }
    let names = names.into_iter().enumerate();
    names
        .map(|(index, name)| name.unwrap_or_else(|| format!("s{index}")))
        .collect()
}

fn function_names(bytecode: &Bytecode) -> Vec<String> {
    let mut names = numbered('f', bytecode.functions.len());
    for (role, FunctionId(index)) in bytecode.exports.iter().rev() {
        if let Some(name) = names.get_mut(*index as usize) {
            role.word().clone_into(name);
        }
    }
    names
}
