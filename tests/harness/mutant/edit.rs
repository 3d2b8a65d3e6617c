//! One change to a module: some keep the types, so that the verifier accepts and the engines must agree;
//! others care for nothing, so that the verifier has something to refuse.

use cam::types::{BOOL, INT};
use cam::value::Value;

use super::anatomy::constructor::{FUNCTION, LIST, MAP, PRODUCT, SUM};
use super::anatomy::{Anatomy, Body, Code, opcode};
use super::effect::EFFECTS;
use super::flow::{Point, points};
use super::maker::Maker;
use crate::generate::{Choices, Mixer, any_integer};

/// Levels of a piece of new code.
const DEPTH: u32 = 3;

/// Changes one thing and keeps the types. Nothing if what was drawn cannot be done here.
pub(super) fn careful(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    match mixer.below(10) {
        0..=2 => recomputed(module, mixer),
        3..=5 => rewritten(module, mixer),
        6 => relabelled(module, mixer),
        7 => another_integer(module, mixer),
        8 => another_constant(module, mixer),
        _ => new_function(module, mixer),
    }
}

/// A function of the module with code, and the points of it.
fn some_function(module: &Anatomy, mixer: &mut Mixer) -> Option<(usize, Vec<Point>)> {
    let function = mixer.below(module.functions.len().max(1));
    Some((function, points(module, function)?))
}

/// `push; ..; drop 1`: at some point the register's value is made anew, out of all that is there.
fn recomputed(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let (function, points) = some_function(module, mixer)?;
    let at = mixer.below(points.len());
    let mut point = points[at].clone();
    let target = point.register;
    point.stack.push(target);
    let mut code = vec![Code::new(opcode::PUSH, [0; 2])];
    code.extend(made(module, mixer, function, &point, target)?);
    code.push(Code::new(opcode::DROP, [1, 0]));
    module.functions[function].code.splice(at..at, code);
    Some(())
}

/// A stretch of code gives way to another that leads from the same types to the same.
fn rewritten(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let (function, points) = some_function(module, mixer)?;
    let from = mixer.below(points.len());
    let start = &points[from];
    let level =
        |point: &&Point| point.stack.len() >= start.stack.len() && point.depth >= start.depth;
    let reach = points[from..].iter().take_while(level).count();
    let ends: Vec<usize> = (from + 1..from + reach)
        .filter(|end| points[*end].stack == start.stack && points[*end].depth == start.depth)
        .filter(|end| !crosses_arm(module, function, &points, from, *end))
        .collect();
    if ends.is_empty() {
        return None;
    }
    let end = ends[mixer.below(ends.len().min(6))];
    let start = start.clone();
    let code = made(module, mixer, function, &start, points[end].register)?;
    module.functions[function].code.splice(from..end, code);
    Some(())
}

/// Whether the end of an arm in which `from` stands lies between.
fn crosses_arm(
    module: &Anatomy,
    function: usize,
    points: &[Point],
    from: usize,
    end: usize,
) -> bool {
    let code = &module.functions[function].code;
    (from..end).any(|at| {
        let closes = matches!(code[at].opcode(), opcode::ELSE | opcode::END);
        closes && points[at].depth == points[from].depth
    })
}

fn made(
    module: &mut Anatomy,
    mixer: &mut Mixer,
    function: usize,
    point: &Point,
    target: usize,
) -> Option<Vec<Code>> {
    let mut maker = Maker {
        module,
        mixer,
        code: Vec::new(),
        stack: point.stack.clone(),
        register: point.register,
        function,
    };
    maker.make(target, DEPTH)?;
    Some(maker.code)
}

/// Another instruction with the same effect, or another place with the same type.
fn relabelled(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let (function, points) = some_function(module, mixer)?;
    let at = mixer.below(points.len());
    let code = module.functions[function].code[at];
    let other = match code.opcode() {
        opcode::ACC => {
            let stack = &points[at].stack;
            let target = stack[stack.len().checked_sub(code.index(0) + 1)?];
            let place = another(mixer, stack.len(), |place| stack[place] == target)?;
            stack.len() - 1 - place
        }
        opcode::PROJECT => {
            let parts = module.parts(points[at].register)?;
            let target = *parts.get(code.index(0))?;
            another(mixer, parts.len(), |part| parts[part] == target)?
        }
        opcode::CALL => {
            let own = &module.functions[code.index(0)];
            another(mixer, function, |index| {
                let other = &module.functions[index];
                (other.domain, other.codomain) == (own.domain, own.codomain)
            })?
        }
        _ => return same_effect(module, mixer, function, at),
    };
    let code = &mut module.functions[function].code[at];
    code.operands[0] = i64::try_from(other).ok()?;
    Some(())
}

fn same_effect(module: &mut Anatomy, mixer: &mut Mixer, function: usize, at: usize) -> Option<()> {
    let code = &mut module.functions[function].code[at];
    let effect = EFFECTS[code.row].as_ref()?;
    let kinds = code.row().kinds;
    let fits = |row: usize| {
        EFFECTS[row].as_ref() == Some(effect) && cam::instruction::TABLE[row].kinds == kinds
    };
    code.row = another(mixer, EFFECTS.len(), fits)?;
    Some(())
}

/// One of `0..count` that fits, searched from a drawn place on.
fn another(mixer: &mut Mixer, count: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let start = mixer.below(count.max(1));
    let mut all = (0..count).map(|index| (index + start) % count);
    all.find(|index| fits(*index))
}

fn another_integer(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let function = mixer.below(module.functions.len().max(1));
    let body = module.functions.get_mut(function)?;
    let count = body.code.len();
    let code = &body.code;
    let at = another(mixer, count, |at| code[at].opcode() == opcode::INT)?;
    let integer = drawn_integer(mixer);
    body.code[at].operands[0] = integer;
    Some(())
}

fn drawn_integer(mixer: &mut Mixer) -> i64 {
    any_integer(&mut Choices::new(vec![mixer.next(), mixer.next()]))
}

fn another_constant(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let index = mixer.below(module.pool.len().max(1));
    let (_, value) = module.pool.get_mut(index)?;
    *value = changed(value, mixer);
    Some(())
}

/// A value like `value`, and of the same type.
fn changed(value: &Value, mixer: &mut Mixer) -> Value {
    const TEXTS: [&str; 5] = ["", "a", "-7", "grüße", "a,b,,c"];
    match value {
        Value::Int(_) => Value::Int(drawn_integer(mixer)),
        Value::Text(_) => Value::text(TEXTS[mixer.below(TEXTS.len())]),
        Value::Bytes(_) => Value::Bytes(TEXTS[mixer.below(TEXTS.len())].as_bytes().into()),
        Value::Product(parts) if !parts.is_empty() => {
            let mut parts = parts.to_vec();
            let part = mixer.below(parts.len());
            parts[part] = changed(&parts[part], mixer);
            Value::product(parts)
        }
        Value::Sum(tag, payload) => Value::sum(*tag, changed(payload, mixer)),
        Value::List(list) => {
            let items = list.iter().filter(|_| mixer.below(4) != 0);
            Value::List(items.cloned().collect())
        }
        Value::Map(map) => {
            let entries = map.clone().into_iter().filter(|_| mixer.below(4) != 0);
            Value::Map(entries.collect())
        }
        Value::Product(_) | Value::Closure(_) => value.clone(),
    }
}

/// A new function, and a place that runs it: by a call, a fold, a loop or a closure.
fn new_function(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let (caller, points) = some_function(module, mixer)?;
    let at = mixer.below(points.len());
    let target = points[at].register;
    let (domain, codomain) = signature(module, mixer, target);
    let mut body = Body {
        domain,
        codomain,
        code: Vec::new(),
    };
    let start = Point {
        register: domain,
        stack: Vec::new(),
        floor: 0,
        depth: 0,
    };
    // The argument is kept on the stack, for the code to draw on.
    let kept = mixer.below(4) != 0;
    let mut point = start;
    if kept {
        point.stack.push(domain);
        body.code.push(Code::new(opcode::PUSH, [0; 2]));
    }
    let function = caller; // it takes the caller's place, and the caller moves up
    body.code
        .extend(made(module, mixer, function, &point, codomain)?);
    if kept {
        body.code.push(Code::new(opcode::DROP, [1, 0]));
    }
    body.code.push(Code::new(opcode::END, [0; 2]));
    inserted(module, function, body);
    // The way to run it is found by its type: a few tries.
    for _ in 0..4 {
        let mut point = points[at].clone();
        point.stack.push(target);
        let code = made(module, mixer, caller + 1, &point, target)?;
        let runs = |code: &Code| {
            let operand = code.operand_of("FunctionId");
            operand.is_some_and(|operand| code.index(operand) == function)
        };
        if code.iter().any(runs) {
            let mut whole = vec![Code::new(opcode::PUSH, [0; 2])];
            whole.extend(code);
            whole.push(Code::new(opcode::DROP, [1, 0]));
            module.functions[caller + 1].code.splice(at..at, whole);
            break;
        }
    }
    Some(())
}

/// The type of a new function that can lead to a `target`.
fn signature(module: &mut Anatomy, mixer: &mut Mixer, target: usize) -> (usize, usize) {
    let count = module.types.len();
    let [environment, item] = [0; 2].map(|_| mixer.below(count));
    let item = if module.is_data(item) {
        item
    } else {
        INT.index()
    };
    let operands = module.types[target].operands.clone();
    match (mixer.below(6), module.types[target].constructor) {
        (0, _) => (environment, target),
        (1, LIST) => (module.intern(PRODUCT, &[environment, item]), operands[0]),
        (1, MAP) => {
            let parts = [environment, operands[0], item];
            (module.intern(PRODUCT, &parts), operands[1])
        }
        (2, MAP) => {
            let parts = [environment, operands[0], operands[1]];
            (module.intern(PRODUCT, &parts), BOOL.index())
        }
        (1 | 2, SUM) if operands.len() == 2 => {
            let parts = [environment, operands[0], INT.index()];
            (module.intern(PRODUCT, &parts), target)
        }
        (3, _) if has_closures() => {
            module.intern(FUNCTION, &[item, target]);
            (module.intern(PRODUCT, &[environment, item]), target)
        }
        (4, _) => {
            module.intern(LIST, &[item]);
            let parts = [environment, target, item];
            (module.intern(PRODUCT, &parts), target)
        }
        _ => {
            let key = INT.index();
            module.intern(MAP, &[key, item]);
            let parts = [environment, target, key, item];
            (module.intern(PRODUCT, &parts), target)
        }
    }
}

/// Whether the table has closures already.
fn has_closures() -> bool {
    cam::instruction::TABLE
        .iter()
        .any(|row| row.code == opcode::CUR)
}

/// Puts a function at `index` and renames those from there on.
fn inserted(module: &mut Anatomy, index: usize, body: Body) {
    let codes = module.functions.iter_mut().flat_map(|body| &mut body.code);
    for code in codes {
        if let Some(operand) = code.operand_of("FunctionId")
            && code.index(operand) >= index
        {
            code.operands[operand] = code.operands[operand].saturating_add(1);
        }
    }
    let moved = module
        .exports
        .iter_mut()
        .filter(|(_, function)| *function >= index);
    moved.for_each(|(_, function)| *function += 1);
    module.functions.insert(index, body);
}
