//! Programs that run one instruction again and again and keep every result: the worst for memory.

use cam::instruction::TABLE;
use cam::types::{INT, TypeId, TypeTable};
use cam::value::Value;

use super::anatomy::constructor::{LIST, PRODUCT, SUM};
use super::anatomy::{Anatomy, Body, Code, Form, opcode};
use super::effect::EFFECTS;

const LIST_EMPTY: u8 = 0x50;
const LIST_PUSH: u8 = 0x51;
const LIST_FOLD: u8 = 0x58;
const MIGRATE: u8 = 4;

/// A migration whose argument is the instruction's operands and a list of integers. For every integer the
/// instruction at `row` of the table is run on the operands, and its results are what the migration ends
/// with. The variables of its words stand for the type that `element` makes. Nothing for a row whose words
/// do not say all.
pub fn hoard(row: usize, element: &dyn Fn(&mut Anatomy) -> usize) -> Option<Vec<u8>> {
    let effect = EFFECTS[row].as_ref()?;
    let special = [opcode::TUPLE, opcode::ABORT, opcode::INT];
    let plain = TABLE[row].kinds.iter().all(|kind| *kind == "TypeId");
    if !plain || special.contains(&TABLE[row].code) {
        return None;
    }
    let mut module = empty();
    let bindings = [Some(element(&mut module)); 26];
    let patterns = effect.taken.iter().rev().chain([&effect.register]);
    let operands: Vec<usize> = patterns
        .map(|pattern| pattern.interned(&mut module, &bindings))
        .collect();
    let result = effect.result.interned(&mut module, &bindings);
    if !operands
        .iter()
        .chain([&result])
        .all(|id| module.is_data(*id))
    {
        return None; // what makes closures keeps none
    }
    let environment = module.intern(PRODUCT, &operands);
    let results = module.intern(LIST, &[result]);
    let integers = module.intern(LIST, &[INT.index()]);
    let start = module.intern(PRODUCT, &[environment, integers]);
    let round = module.intern(PRODUCT, &[environment, results, INT.index()]);
    let result = number(result);
    module.functions = vec![
        Body {
            domain: round,
            codomain: results,
            code: kept(row, operands.len(), result),
        },
        Body {
            domain: start,
            codomain: results,
            code: rounds(number(results)),
        },
    ];
    module.exports = vec![(MIGRATE, 1)];
    Some(module.tidied().encoded())
}

fn empty() -> Anatomy {
    let table = TypeTable::new();
    let types = (0..table.len()).filter_map(|index| table.at(u32::try_from(index).ok()?));
    let form = |id: TypeId| Form {
        constructor: table.get(id).constructor(),
        operands: table
            .get(id)
            .operands()
            .iter()
            .map(|id| id.index())
            .collect(),
    };
    Anatomy {
        types: types.map(form).collect(),
        pool: Vec::new(),
        schema: vec![0],
        functions: Vec::new(),
        exports: Vec::new(),
    }
}

/// One round: the operands from the environment, the instruction, and its result into the list.
fn kept(row: usize, operands: usize, result: i64) -> Vec<Code> {
    let plain = |opcode| Code::new(opcode, [0; 2]);
    let mut code = vec![
        plain(opcode::PUSH),
        Code::new(opcode::PROJECT, [1, 0]),
        plain(opcode::PUSH),
    ];
    for operand in 0..operands {
        code.extend([
            Code::new(opcode::ACC, [number(operand) + 1, 0]),
            plain(opcode::PROJECT),
            Code::new(opcode::PROJECT, [number(operand), 0]),
        ]);
        if operand + 1 < operands {
            code.push(plain(opcode::PUSH));
        }
    }
    code.extend([
        Code {
            row,
            operands: [result, 0],
        },
        plain(LIST_PUSH),
        Code::new(opcode::DROP, [1, 0]),
        plain(opcode::END),
    ]);
    code
}

fn rounds(results: i64) -> Vec<Code> {
    let plain = |opcode| Code::new(opcode, [0; 2]);
    vec![
        plain(opcode::PUSH),
        plain(opcode::PROJECT),
        plain(opcode::PUSH),
        Code::new(LIST_EMPTY, [results, 0]),
        plain(opcode::PUSH),
        Code::new(opcode::ACC, [2, 0]),
        Code::new(opcode::PROJECT, [1, 0]),
        plain(LIST_FOLD),
        Code::new(opcode::DROP, [1, 0]),
        plain(opcode::END),
    ]
}

fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// A value of the type with so many characters in each text and items in each container.
#[must_use]
pub fn sized(types: &TypeTable, id: TypeId, size: usize) -> Value {
    let entry = types.get(id);
    let parts = entry.operands();
    let below = |index: usize| sized(types, parts[index], size.min(8));
    match entry.constructor() {
        PRODUCT => Value::product(parts.iter().map(|part| sized(types, *part, size)).collect()),
        SUM => {
            let last = parts.len() - 1;
            Value::sum(u8::try_from(last).unwrap_or(u8::MAX), below(last))
        }
        0x03 => Value::Int(3),
        0x04 => Value::text(&"a,".repeat(size / 2 + 1)),
        0x05 => Value::Bytes(vec![0x61; size].into()),
        LIST => Value::List((0..size).map(|_| below(0)).collect()),
        _ => Value::Map(
            (0..size)
                .map(|index| (keyed(below(0), index), below(1)))
                .collect(),
        ),
    }
}

/// Another key of the same type, as far as the type allows.
fn keyed(key: Value, index: usize) -> Value {
    match key {
        Value::Int(_) => Value::Int(number(index)),
        Value::Text(_) => Value::text(&format!("{index}")),
        other => other,
    }
}
