//! The last step of the compiler: parts that are used, in canonical order, under their final numbers.

use std::collections::BTreeMap;
use std::fmt;

use crate::bytecode::{Body, Bytecode, Parts};
use crate::combinator::{FunctionId, Role};
use crate::instruction::{Instruction, Names};
use crate::limits::{FUNCTIONS_MAX, POOL_MAX, TYPES_MAX};
use crate::schema::Schema;
use crate::types::{PREDECLARED, TypeId, TypeTable};
use crate::value::Value;

/// A program that fits no module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TooLarge {
    /// In which function, if in one.
    pub function: Option<String>,
    /// Of what there is too much.
    pub what: &'static str,
    /// How much is allowed.
    pub limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} {}", self.limit, self.what)?;
        match &self.function {
            Some(function) => write!(f, " in `{function}`"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TooLarge {}

/// Constants met so far, numbered by first use.
#[derive(Default)]
pub(crate) struct Constants {
    numbers: BTreeMap<(TypeId, Value), u32>,
}

impl Constants {
    pub(crate) fn index(&mut self, id: TypeId, value: &Value) -> u32 {
        let next = u32::try_from(self.numbers.len()).expect("fewer constants than instructions");
        *self.numbers.entry((id, value.clone())).or_insert(next)
    }
}

/// Drops what is unused and gives the rest its canonical order.
pub(crate) fn lay_out(
    types: &TypeTable,
    constants: Constants,
    bodies: Vec<Body>,
    exports: Vec<(Role, FunctionId)>,
    schema: Option<Schema>,
) -> Result<Bytecode, TooLarge> {
    let (bodies, exports) = reached_functions(bodies, exports);
    let (pool, constant_names) = reached_constants(constants, &bodies);
    let (table, type_names) = reached_types(types, &bodies, &pool)?;
    let mut pool: Vec<((TypeId, Value), u32)> = pool
        .into_iter()
        .map(|((id, value), number)| ((type_names[&id], value), number))
        .collect();
    pool.sort();
    let places: BTreeMap<u32, u32> = pool
        .iter()
        .zip(0..)
        .map(|((_, number), place)| (*number, place))
        .collect();
    let rename = |instruction: Instruction| match instruction {
        Instruction::Quote(index) => Instruction::Quote(places[&constant_names[&index]]),
        other => other.renamed(&Types(&type_names)),
    };
    let functions: Vec<Body> = bodies
        .into_iter()
        .map(|body| Body {
            domain: type_names[&body.domain],
            codomain: type_names[&body.codomain],
            code: body.code.iter().map(rename).collect(),
        })
        .collect();
    within("functions", functions.len(), FUNCTIONS_MAX)?;
    within("constants", pool.len(), POOL_MAX)?;
    let pool = pool.into_iter().map(|(constant, _)| constant).collect();
    Ok(Bytecode::from(Parts {
        types: table,
        pool,
        functions,
        exports,
        schema: schema.map(canonical_schema),
    }))
}

/// Types under their new names, functions under their old.
struct Types<'a>(&'a BTreeMap<TypeId, TypeId>);

impl Names for Types<'_> {
    fn type_name(&self, id: TypeId) -> TypeId {
        self.0[&id]
    }
    fn function_name(&self, function: FunctionId) -> FunctionId {
        function
    }
}

/// Functions under their new names, types under their old.
struct Functions<'a>(&'a [FunctionId]);

impl Names for Functions<'_> {
    fn type_name(&self, id: TypeId) -> TypeId {
        id
    }
    fn function_name(&self, function: FunctionId) -> FunctionId {
        self.0[function.index()]
    }
}

fn within(what: &'static str, count: usize, limit: usize) -> Result<(), TooLarge> {
    if count <= limit {
        Ok(())
    } else {
        Err(TooLarge {
            function: None,
            what,
            limit,
        })
    }
}

/// Callees have smaller numbers, so one pass backwards finds what the exports reach.
pub(crate) fn reached(bodies: &[Body], exports: &[(Role, FunctionId)]) -> Vec<bool> {
    let mut reached = vec![false; bodies.len()];
    exports
        .iter()
        .for_each(|(_, function)| reached[function.index()] = true);
    for (index, body) in bodies.iter().enumerate().rev() {
        if reached[index] {
            body.code
                .iter()
                .filter_map(|instruction| instruction.callee())
                .for_each(|callee| reached[callee.index()] = true);
        }
    }
    reached
}

fn reached_functions(
    bodies: Vec<Body>,
    exports: Vec<(Role, FunctionId)>,
) -> (Vec<Body>, Vec<(Role, FunctionId)>) {
    let reached = reached(&bodies, &exports);
    let mut names = Vec::with_capacity(bodies.len());
    let mut next = 0;
    for is_reached in &reached {
        names.push(FunctionId(next));
        next += u32::from(*is_reached);
    }
    let rename = |instruction: Instruction| instruction.renamed(&Functions(&names));
    let kept = bodies
        .into_iter()
        .zip(&reached)
        .filter(|(_, reached)| **reached);
    let kept = kept.map(|(body, _)| Body {
        code: body.code.iter().map(rename).collect(),
        ..body
    });
    let mut exports: Vec<(Role, FunctionId)> = exports
        .into_iter()
        .map(|(role, function)| (role, names[function.index()]))
        .collect();
    exports.sort();
    (kept.collect(), exports)
}

type Pool = Vec<((TypeId, Value), u32)>;

fn reached_constants(constants: Constants, bodies: &[Body]) -> (Pool, BTreeMap<u32, u32>) {
    let mut used = BTreeMap::new();
    for instruction in bodies.iter().flat_map(|body| &body.code) {
        if let Instruction::Quote(index) = instruction {
            used.insert(index, index);
        }
    }
    let pool = constants
        .numbers
        .into_iter()
        .filter(|(_, number)| used.contains_key(number))
        .collect();
    (pool, used)
}

/// The types that code, function types and constants name, and all below them, by canonical rank.
fn reached_types(
    types: &TypeTable,
    bodies: &[Body],
    pool: &Pool,
) -> Result<(TypeTable, BTreeMap<TypeId, TypeId>), TooLarge> {
    let mut reached = vec![false; types.len()];
    let mut mark = |id: TypeId| reached[id.index()] = true;
    pool.iter().for_each(|((id, _), _)| mark(*id));
    for body in bodies {
        mark(body.domain);
        mark(body.codomain);
        body.code
            .iter()
            .filter_map(|instruction| instruction.named_type())
            .for_each(&mut mark);
    }
    for index in (0..types.len())
        .rev()
        .filter(|index| *index >= PREDECLARED as usize)
    {
        if reached[index] {
            let entry = &types.declared()[index - PREDECLARED as usize];
            entry
                .operands()
                .into_iter()
                .for_each(|part| reached[part.index()] = true);
        }
    }
    let limit = "types within 32 levels, 1024 slots and 255 parts";
    let (table, names) = types.canonical(&reached);
    within("types", table.declared().len(), TYPES_MAX)?;
    let fits = names.values().all(|id| table.within_limits(*id));
    if fits {
        Ok((table, names))
    } else {
        Err(TooLarge {
            function: None,
            what: limit,
            limit: TYPES_MAX,
        })
    }
}

fn canonical_schema(schema: Schema) -> Schema {
    let (shapes, roots) = schema
        .shapes
        .canonical(&[schema.state, schema.input, schema.output]);
    let mut stamps = schema.stamps;
    stamps.sort();
    stamps.dedup();
    Schema {
        stamps,
        shapes,
        state: roots[0],
        input: roots[1],
        output: roots[2],
        ..schema
    }
}
