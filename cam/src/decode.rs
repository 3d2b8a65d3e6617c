//! Untrusted bytes in: canonical bytes become a module or a value, all others are `Malformed`.
//!
//! The reader accepts exactly what [`encode`](crate::encode) writes: shortest numbers, sorted tables
//! without repeats, nothing left over. Every length is checked against what remains before anything is
//! reserved for it, and a value's weight is charged before its elements are built, so the memory used
//! is proportional to the input or bounded by a limit. Values are read recursively; the depth is bounded
//! by the height of their type, which is checked first.

use std::sync::Arc;

use crate::bytecode::{Body, Bytecode, COST_MODEL, FORMAT, Parts};
use crate::code::Code;
use crate::combinator::{FunctionId, Role};
use crate::digest::Digest;
use crate::encode::{MAGIC, shape_byte};
use crate::limits::{
    FUNCTION_INSTRUCTIONS_MAX, FUNCTIONS_MAX, MODULE_BYTES_MAX, POOL_MAX, POOL_WEIGHT_MAX,
    SHAPES_MAX, TEXT_BYTES_MAX, TYPES_MAX,
};
pub use crate::malformed::{Malformed, MalformedReason};
use crate::reader::Reader;
use crate::schema::{Name, Schema, Shape, ShapeId, Shapes, Stamp};
use crate::types::{PREDECLARED, Type, TypeId, TypeTable};
use crate::value::{CONTAINER_WEIGHT, ENTRY_WEIGHT, List, Map, PRODUCT_WEIGHT, SUM_WEIGHT, Value};

/// Reads a module.
///
/// # Errors
/// [`Malformed`] for any bytes that [`encode::module`](crate::encode::module) would not write.
pub fn module(bytes: &[u8]) -> Result<Bytecode, Malformed> {
    let mut reader = Reader::new(bytes);
    if bytes.len() > MODULE_BYTES_MAX {
        return Err(reader.too_many("bytes in a module", MODULE_BYTES_MAX));
    }
    if reader.take(MAGIC.len())? != MAGIC {
        return Err(Malformed {
            offset: 0,
            reason: MalformedReason::NotAModule,
        });
    }
    let says = read_versions(&mut reader)?;
    let types = read_types(&mut reader)?;
    let pool = read_pool(&mut reader, &types)?;
    let schema = match reader.byte()? {
        0 => None,
        1 => Some(read_schema(&mut reader)?),
        byte => return Err(reader.error_back(1, MalformedReason::UnknownByte(byte))),
    };
    let functions = read_functions(&mut reader, &types)?;
    let exports = read_exports(&mut reader, functions.len())?;
    reader.finish()?;
    let parts = Parts {
        types,
        pool,
        functions,
        exports,
        schema,
    };
    let uses = reader.newest();
    debug_assert_eq!(uses, parts.format(), "nothing is read past `newest`");
    if says != uses {
        return Err(Malformed {
            offset: MAGIC.len(),
            reason: MalformedReason::WrongFormat { says, uses },
        });
    }
    Ok(Bytecode::decoded(parts, Digest::of_module(bytes)))
}

/// Reads a value of type `id` that is no heavier than `weight_max`.
///
/// # Errors
/// [`Malformed`] for any bytes that [`encode::value`](crate::encode::value) would not write for a value
/// of this type, or if the value is heavier than the limit.
pub fn value(
    types: &TypeTable,
    id: TypeId,
    bytes: &[u8],
    weight_max: u64,
) -> Result<Value, Malformed> {
    let mut reader = Reader::new(bytes);
    let value = ValueReader::new(types, weight_max).read(&mut reader, id)?;
    reader.finish()?;
    Ok(value)
}

/// What came of bytes that may be those of a value.
pub(crate) struct Weighed {
    /// The value.
    pub(crate) value: Option<Value>,
    /// What the values in it weigh that were begun.
    pub(crate) weight: u64,
    /// What they would have weighed with the one that was too heavy, if one was.
    pub(crate) wanted: u64,
}

/// As `value`, for those who pay for it.
pub(crate) fn weighed(types: &TypeTable, id: TypeId, bytes: &[u8], weight_max: u64) -> Weighed {
    let mut reader = Reader::new(bytes);
    let mut values = ValueReader::new(types, weight_max);
    let read = values.read(&mut reader, id);
    let weight = weight_max - values.budget;
    Weighed {
        value: read.ok().filter(|_| reader.finish().is_ok()),
        weight,
        wanted: weight.max(values.wanted),
    }
}

/// The module's format. It is asked before anything else: what follows is of that format.
fn read_versions(reader: &mut Reader<'_>) -> Result<u64, Malformed> {
    let offset = reader.offset();
    let format = reader.number()?;
    if format > FORMAT {
        let (need, have) = (format, FORMAT);
        return Err(Malformed {
            offset,
            reason: MalformedReason::NeedsFormat { need, have },
        });
    }
    let offset = reader.offset();
    let need = reader.number()?;
    if need != COST_MODEL {
        let reason = MalformedReason::NeedsCostModel {
            need,
            have: COST_MODEL,
        };
        return Err(Malformed { offset, reason });
    }
    Ok(format)
}

fn read_types(reader: &mut Reader<'_>) -> Result<TypeTable, Malformed> {
    let mut types = TypeTable::new();
    let count = reader.count("types", TYPES_MAX, 2)?;
    for _ in 0..count {
        let offset = reader.offset();
        let entry = read_type(reader, &types)?;
        reader.met(entry.since());
        let (id, rises) = types.declare(entry);
        if let Some(place) = types.keeps_functions(id) {
            return Err(Malformed {
                offset,
                reason: MalformedReason::FunctionNotAllowed { place },
            });
        }
        if !types.within_limits(id) {
            return Err(Malformed {
                offset,
                reason: MalformedReason::TypeOutOfLimits,
            });
        }
        if !rises {
            return Err(Malformed {
                offset,
                reason: MalformedReason::OutOfOrder,
            });
        }
    }
    Ok(types)
}

fn read_type(reader: &mut Reader<'_>, types: &TypeTable) -> Result<Type, Malformed> {
    let constructor = reader.byte()?;
    Ok(match constructor {
        0x01 => Type::Product(read_type_ids(reader, types)?),
        0x02 => Type::Sum(read_type_ids(reader, types)?),
        0x06 => Type::List(read_type_id(reader, types)?),
        0x07 => Type::Map(read_type_id(reader, types)?, read_type_id(reader, types)?),
        0x08 => Type::Function(read_type_id(reader, types)?, read_type_id(reader, types)?),
        byte => return Err(reader.error_back(1, MalformedReason::UnknownByte(byte))),
    })
}

fn read_type_ids(reader: &mut Reader<'_>, types: &TypeTable) -> Result<Box<[TypeId]>, Malformed> {
    let count = reader.count("parts of a type", crate::limits::ARITY_MAX, 1)?;
    let mut parts = Vec::with_capacity(count);
    let mut here = reader.clone(); // by value for the while: see `reader`
    for _ in 0..count {
        parts.push(read_type_id(&mut here, types)?);
    }
    *reader = here;
    Ok(parts.into())
}

#[inline]
fn read_type_id(reader: &mut Reader<'_>, types: &TypeTable) -> Result<TypeId, Malformed> {
    let offset = reader.offset();
    let index = reader.index()?;
    let dangling = MalformedReason::DanglingIndex(u64::from(index));
    types.at(index).ok_or(Malformed {
        offset,
        reason: dangling,
    })
}

fn read_pool(
    reader: &mut Reader<'_>,
    types: &TypeTable,
) -> Result<Vec<(TypeId, Value)>, Malformed> {
    let count = reader.count("constants", POOL_MAX, 1)?;
    let mut values = ValueReader::new(types, POOL_WEIGHT_MAX);
    let mut pool: Vec<(TypeId, Value)> = Vec::with_capacity(count);
    for _ in 0..count {
        let offset = reader.offset();
        let id = read_type_id(reader, types)?;
        let constant = (id, values.read(reader, id)?);
        if pool.last().is_some_and(|last| *last >= constant) {
            return Err(Malformed {
                offset,
                reason: MalformedReason::OutOfOrder,
            });
        }
        pool.push(constant);
    }
    Ok(pool)
}

fn read_functions(reader: &mut Reader<'_>, types: &TypeTable) -> Result<Vec<Body>, Malformed> {
    let count = reader.count("functions", FUNCTIONS_MAX, 4)?;
    let mut functions = Vec::with_capacity(count);
    for _ in 0..count {
        let domain = read_type_id(reader, types)?;
        let codomain = read_type_id(reader, types)?;
        let length = reader.count("instructions in a function", FUNCTION_INSTRUCTIONS_MAX, 1)?;
        let code = Code::read(reader, length)?;
        functions.push(Body {
            domain,
            codomain,
            code,
        });
    }
    Ok(functions)
}

fn read_exports(
    reader: &mut Reader<'_>,
    functions: usize,
) -> Result<Vec<(Role, FunctionId)>, Malformed> {
    let count = reader.count("exports", 255, 2)?;
    let mut exports: Vec<(Role, FunctionId)> = Vec::with_capacity(count);
    for _ in 0..count {
        let offset = reader.offset();
        let role = match reader.byte()? {
            0 => Role::Init,
            1 => Role::Step,
            2 => Role::Query,
            3 => Role::Check,
            4 => Role::Migrate,
            5 => Role::Input,
            6 => Role::Output,
            7 => Role::Back,
            8 => Role::MigrateAt,
            9 => Role::InputAt,
            10 => Role::OutputAt,
            11 => Role::BackAt,
            byte => {
                return Err(Malformed {
                    offset,
                    reason: MalformedReason::UnknownByte(byte),
                });
            }
        };
        if exports.last().is_some_and(|(last, _)| *last >= role) {
            return Err(Malformed {
                offset,
                reason: MalformedReason::OutOfOrder,
            });
        }
        let offset = reader.offset();
        let function = reader.index()?;
        if function as usize >= functions {
            let reason = MalformedReason::DanglingIndex(u64::from(function));
            return Err(Malformed { offset, reason });
        }
        reader.met(role.since());
        exports.push((role, FunctionId(function)));
    }
    Ok(exports)
}

fn read_schema(reader: &mut Reader<'_>) -> Result<Schema, Malformed> {
    let machine = reader.name()?;
    let version = reader.index()?;
    let offset = reader.offset();
    let mask = reader.byte()?;
    if mask >> Stamp::ALL.len() != 0 {
        return Err(Malformed {
            offset,
            reason: MalformedReason::UnknownByte(mask),
        });
    }
    let stamps = Stamp::ALL
        .into_iter()
        .filter(|stamp| mask & (1 << *stamp as u8) != 0)
        .collect();
    let shapes = read_shapes(reader)?;
    let offset = reader.offset();
    let state = read_shape_id(reader, &shapes)?;
    let input = read_shape_id(reader, &shapes)?;
    let output = read_shape_id(reader, &shapes)?;
    if !shapes.all_reached_from(&[state, input, output]) {
        return Err(Malformed {
            offset,
            reason: MalformedReason::OutOfOrder,
        });
    }
    Ok(Schema {
        machine,
        version,
        stamps,
        shapes,
        state,
        input,
        output,
    })
}

fn read_shapes(reader: &mut Reader<'_>) -> Result<Shapes, Malformed> {
    let mut shapes = Shapes::default();
    let count = reader.count("shapes", SHAPES_MAX, 1)?;
    let mut last = None;
    for _ in 0..count {
        let offset = reader.offset();
        let shape = read_shape(reader, &shapes)?;
        let rank = (shapes.height_of(&shape), shape.clone());
        if last.as_ref().is_some_and(|last| *last >= rank) {
            return Err(Malformed {
                offset,
                reason: MalformedReason::OutOfOrder,
            });
        }
        last = Some(rank);
        shapes.intern(shape);
    }
    Ok(shapes)
}

fn read_shape(reader: &mut Reader<'_>, shapes: &Shapes) -> Result<Shape, Malformed> {
    Ok(match reader.byte()? {
        shape_byte::INT => Shape::Int,
        shape_byte::TEXT => Shape::Text,
        shape_byte::BYTES => Shape::Bytes,
        shape_byte::BOOL => Shape::Bool,
        shape_byte::TUPLE => {
            let count = reader.count("parts of a tuple", crate::limits::ARITY_MAX, 1)?;
            let parts: Result<_, _> = (0..count).map(|_| read_shape_id(reader, shapes)).collect();
            Shape::Tuple(parts?)
        }
        shape_byte::RECORD => Shape::Record(read_named(reader, shapes)?),
        shape_byte::VARIANT => Shape::Variant(reader.name()?, read_named(reader, shapes)?),
        shape_byte::OPTION => Shape::Option(read_shape_id(reader, shapes)?),
        shape_byte::LIST => Shape::List(read_shape_id(reader, shapes)?),
        shape_byte::MAP => Shape::Map(
            read_shape_id(reader, shapes)?,
            read_shape_id(reader, shapes)?,
        ),
        byte => return Err(reader.error_back(1, MalformedReason::UnknownByte(byte))),
    })
}

fn read_named(
    reader: &mut Reader<'_>,
    shapes: &Shapes,
) -> Result<Box<[(Name, ShapeId)]>, Malformed> {
    let count = reader.count("fields or constructors", crate::limits::ARITY_MAX, 3)?;
    let mut named: Vec<(Name, ShapeId)> = Vec::with_capacity(count);
    for _ in 0..count {
        let offset = reader.offset();
        let name = reader.name()?;
        if named.last().is_some_and(|(last, _)| *last >= name) {
            return Err(Malformed {
                offset,
                reason: MalformedReason::OutOfOrder,
            });
        }
        named.push((name, read_shape_id(reader, shapes)?));
    }
    Ok(named.into())
}

fn read_shape_id(reader: &mut Reader<'_>, shapes: &Shapes) -> Result<ShapeId, Malformed> {
    let offset = reader.offset();
    let index = reader.index()?;
    let dangling = MalformedReason::DanglingIndex(u64::from(index));
    shapes.at(index).ok_or(Malformed {
        offset,
        reason: dangling,
    })
}

/// Reads values by their type, within a budget of weight. What it charges is exactly what
/// [`Value::weight`] counts, or a state within its limit could be written and not read again.
pub(crate) struct ValueReader<'a> {
    types: &'a TypeTable,
    weight_max: u64,
    budget: u64,
    /// What all would have weighed with the value that was too heavy.
    wanted: u64,
}

impl<'a> ValueReader<'a> {
    /// A reader of values that are together no heavier than `weight_max`.
    pub(crate) fn new(types: &'a TypeTable, weight_max: u64) -> ValueReader<'a> {
        ValueReader {
            types,
            weight_max,
            budget: weight_max,
            wanted: 0,
        }
    }

    pub(crate) fn read(&mut self, reader: &mut Reader<'_>, id: TypeId) -> Result<Value, Malformed> {
        let types = self.types;
        Ok(match types.get(id) {
            Type::Int => {
                self.charge(reader, 8)?;
                Value::Int(reader.integer()?)
            }
            Type::Text => {
                let text = reader.text(TEXT_BYTES_MAX)?;
                self.charge(reader, 16 + text.len() as u64)?;
                Value::Text(text.into())
            }
            Type::Bytes => {
                let length = reader.count("bytes in a byte string", TEXT_BYTES_MAX, 1)?;
                self.charge(reader, 16 + length as u64)?;
                Value::Bytes(Arc::from(reader.take(length)?))
            }
            Type::Product(parts) => {
                self.charge(reader, PRODUCT_WEIGHT)?;
                let values: Result<Vec<Value>, Malformed> =
                    parts.iter().map(|part| self.read(reader, *part)).collect();
                Value::product(values?)
            }
            Type::Sum(payloads) => {
                self.charge(reader, SUM_WEIGHT)?;
                let offset = reader.offset();
                let tag = reader.byte()?;
                let unknown = MalformedReason::UnknownConstructor(tag);
                let payload = payloads.get(usize::from(tag)).ok_or(Malformed {
                    offset,
                    reason: unknown,
                })?;
                Value::sum(tag, self.read(reader, *payload)?)
            }
            Type::List(item) => Value::List(self.read_list(reader, *item)?),
            Type::Map(key, value) => Value::Map(self.read_map(reader, *key, *value)?),
            Type::Function(..) => {
                let place = "a constant";
                let reason = MalformedReason::FunctionNotAllowed { place };
                return Err(reader.error_back(0, reason));
            }
        })
    }

    fn read_list(&mut self, reader: &mut Reader<'_>, item: TypeId) -> Result<List, Malformed> {
        let count = self.read_count(reader, "items in a list", &[item])?;
        self.charge_container(reader, count)?;
        if *self.types.get(item) == Type::Int {
            return self.read_numbers(reader, count);
        }
        (0..count).map(|_| self.read(reader, item)).collect()
    }

    /// The items of a list of numbers, each as soon as it is paid for.
    fn read_numbers(&mut self, reader: &mut Reader<'_>, count: usize) -> Result<List, Malformed> {
        let numbers = (0..count).map(|_| {
            self.charge(reader, 8)?;
            reader.integer().map(Value::Int)
        });
        numbers.collect()
    }

    fn read_map(
        &mut self,
        reader: &mut Reader<'_>,
        key: TypeId,
        value: TypeId,
    ) -> Result<Map, Malformed> {
        let count = self.read_count(reader, "entries in a map", &[key, value])?;
        let mut map = Map::default();
        self.charge_container(reader, count)?;
        for _ in 0..count {
            let offset = reader.offset();
            let entry_key = self.read(reader, key)?;
            if map.last_key().is_some_and(|last| last >= entry_key) {
                return Err(Malformed {
                    offset,
                    reason: MalformedReason::OutOfOrder,
                });
            }
            map.insert(entry_key, self.read(reader, value)?);
        }
        Ok(map)
    }

    /// A count of entries. There are no more than bytes, unless an entry takes none: a lie is found before
    /// anything is paid for.
    fn read_count(
        &self,
        reader: &mut Reader<'_>,
        what: &'static str,
        entry: &[TypeId],
    ) -> Result<usize, Malformed> {
        let has_bytes = entry.iter().any(|part| self.types.has_bytes(*part));
        reader.count(what, usize::MAX, usize::from(has_bytes))
    }

    /// All entries are charged before the first is built: a count costs its sender nothing.
    fn charge_container(&mut self, reader: &Reader<'_>, count: usize) -> Result<(), Malformed> {
        let entries = (count as u64).saturating_mul(ENTRY_WEIGHT);
        self.charge(reader, entries.saturating_add(CONTAINER_WEIGHT))
    }

    pub(crate) fn charge(&mut self, reader: &Reader<'_>, weight: u64) -> Result<(), Malformed> {
        if let Some(left) = self.budget.checked_sub(weight) {
            self.budget = left;
            return Ok(());
        }
        self.wanted = (self.weight_max - self.budget).saturating_add(weight);
        let what = "units of weight in a value";
        let limit = self.weight_max;
        Err(reader.error_back(0, MalformedReason::TooMany { what, limit }))
    }
}

const _: () = assert!(
    PREDECLARED == 6,
    "the constructor bytes of predeclared types are not read"
);
