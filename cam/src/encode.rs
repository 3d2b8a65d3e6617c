//! Canonical bytes of modules and values.
//!
//! Numbers are LEB128 in the shortest form, integers zigzag LEB128. Values are written by their type and
//! carry no tags. [`decode`](crate::decode) accepts exactly what is written here: for every value and
//! module there is one byte string, so a hash of the bytes is a name for the thing.

use crate::bytecode::{Body, Bytecode, COST_MODEL};
use crate::schema::{Name, Schema, Shape, ShapeId, Stamp};
use crate::types::{Type, TypeId, TypeTable};
use crate::value::Value;
use crate::writer::{write_integer, write_number};

/// The first bytes of every module. The first is no character of any text encoding.
pub const MAGIC: [u8; 4] = [0x7F, b'C', b'A', b'M'];

/// The bytes of a module.
#[must_use]
pub fn module(bytecode: &Bytecode) -> Vec<u8> {
    let mut out = head(bytecode);
    bytecode
        .functions
        .iter()
        .for_each(|body| write_body(&mut out, body));
    write_length(&mut out, bytecode.exports.len());
    for (role, function) in &bytecode.exports {
        out.push(*role as u8);
        write_number(&mut out, u64::from(function.0));
    }
    out
}

/// Where an instruction stands in [`module`]'s bytes. Written anew for each refusal: only they pay.
pub(crate) fn offset_of(bytecode: &Bytecode, function: usize, instruction: usize) -> usize {
    let mut out = head(bytecode);
    let (before, from) = bytecode.functions.split_at(function);
    before.iter().for_each(|body| write_body(&mut out, body));
    if let Some(body) = from.first() {
        write_head(&mut out, body);
        let mut before = body.code.iter();
        before.by_ref().take(instruction).for_each(drop);
        return out.len() + before.offset();
    }
    out.len()
}

/// Everything before the functions.
fn head(bytecode: &Bytecode) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    write_number(&mut out, bytecode.format());
    write_number(&mut out, COST_MODEL);
    write_types(&mut out, &bytecode.types);
    write_length(&mut out, bytecode.pool.len());
    for (id, constant) in &bytecode.pool {
        write_id(&mut out, *id);
        write_value(&mut out, constant);
    }
    match &bytecode.schema {
        None => out.push(0),
        Some(schema) => {
            out.push(1);
            write_schema(&mut out, schema);
        }
    }
    write_length(&mut out, bytecode.functions.len());
    out
}

fn write_body(out: &mut Vec<u8>, body: &Body) {
    write_head(out, body);
    out.extend_from_slice(body.code.bytes());
}

fn write_head(out: &mut Vec<u8>, body: &Body) {
    write_id(out, body.domain);
    write_id(out, body.codomain);
    write_length(out, body.code.len());
}

/// The bytes of a value. The type is not needed to write, only to read.
#[must_use]
pub fn value(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(&mut out, value);
    out
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    write_number(out, length as u64);
}

fn write_id(out: &mut Vec<u8>, id: TypeId) {
    write_number(out, u64::from(id.0));
}

fn write_types(out: &mut Vec<u8>, types: &TypeTable) {
    write_length(out, types.declared().len());
    for entry in types.declared() {
        out.push(entry.constructor());
        if let Type::Product(parts) | Type::Sum(parts) = entry {
            write_length(out, parts.len());
        }
        entry.parts().for_each(|part| write_id(out, part));
    }
}

/// Recursion is bounded by the height of the value's type.
pub(crate) fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Int(integer) => write_integer(out, *integer),
        Value::Text(text) => write_bytes(out, text.as_bytes()),
        Value::Bytes(bytes) => write_bytes(out, bytes),
        Value::Product(parts) => parts.iter().for_each(|part| write_value(out, part)),
        Value::Sum(tag, payload) => {
            out.push(*tag);
            write_value(out, payload);
        }
        Value::List(list) => {
            write_length(out, list.len());
            list.iter().for_each(|item| write_value(out, item));
        }
        Value::Map(map) => {
            write_length(out, map.len());
            for (key, value) in map.iter() {
                write_value(out, &key);
                write_value(out, &value);
            }
        }
        Value::Closure(_) => unreachable!("closures stand in the machine, never in data"),
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn write_schema(out: &mut Vec<u8>, schema: &Schema) {
    write_bytes(out, schema.machine.as_bytes());
    write_number(out, u64::from(schema.version));
    out.push(
        schema
            .stamps
            .iter()
            .fold(0, |mask, stamp: &Stamp| mask | 1 << *stamp as u8),
    );
    write_length(out, schema.shapes.entries().len());
    schema
        .shapes
        .entries()
        .iter()
        .for_each(|shape| write_shape(out, shape));
    for root in [schema.state, schema.input, schema.output] {
        write_shape_id(out, root);
    }
}

/// The byte that starts each kind of shape.
pub(crate) mod shape_byte {
    pub(crate) const INT: u8 = 0x01;
    pub(crate) const TEXT: u8 = 0x02;
    pub(crate) const BYTES: u8 = 0x03;
    pub(crate) const BOOL: u8 = 0x04;
    pub(crate) const TUPLE: u8 = 0x05;
    pub(crate) const RECORD: u8 = 0x06;
    pub(crate) const VARIANT: u8 = 0x07;
    pub(crate) const OPTION: u8 = 0x08;
    pub(crate) const LIST: u8 = 0x09;
    pub(crate) const MAP: u8 = 0x0A;
}

fn write_shape(out: &mut Vec<u8>, shape: &Shape) {
    match shape {
        Shape::Int => out.push(shape_byte::INT),
        Shape::Text => out.push(shape_byte::TEXT),
        Shape::Bytes => out.push(shape_byte::BYTES),
        Shape::Bool => out.push(shape_byte::BOOL),
        Shape::Tuple(parts) => {
            out.push(shape_byte::TUPLE);
            write_length(out, parts.len());
            parts.iter().for_each(|part| write_shape_id(out, *part));
        }
        Shape::Record(fields) => {
            out.push(shape_byte::RECORD);
            write_named(out, fields);
        }
        Shape::Variant(title, constructors) => {
            out.push(shape_byte::VARIANT);
            write_bytes(out, title.as_bytes());
            write_named(out, constructors);
        }
        Shape::Option(item) => {
            out.push(shape_byte::OPTION);
            write_shape_id(out, *item);
        }
        Shape::List(item) => {
            out.push(shape_byte::LIST);
            write_shape_id(out, *item);
        }
        Shape::Map(key, value) => {
            out.push(shape_byte::MAP);
            write_shape_id(out, *key);
            write_shape_id(out, *value);
        }
    }
}

fn write_named(out: &mut Vec<u8>, named: &[(Name, ShapeId)]) {
    write_length(out, named.len());
    for (name, shape) in named {
        write_bytes(out, name.as_bytes());
        write_shape_id(out, *shape);
    }
}

fn write_shape_id(out: &mut Vec<u8>, id: ShapeId) {
    write_number(out, u64::from(id.0));
}
