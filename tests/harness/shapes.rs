//! Valid modules, each made so that every byte of it costs the verifier as much as it can.
//!
//! All are as long as asked for, up to the longest module there may be, and keep to every limit on the
//! way: functions are cut where the limit of instructions is, and each calls the one before it, so that
//! all are used. The benchmark times them; tests hold that they are valid and that work and memory grow
//! with their length and no faster.

use cam::limits::{
    ARITY_MAX, FUNCTION_INSTRUCTIONS_MAX, FUNCTIONS_MAX, TYPE_HEIGHT_MAX, TYPES_MAX,
};

use crate::bytes::number;

/// A valid module and what is hard about it.
#[derive(Clone, Debug)]
pub struct Shape {
    /// What it repeats.
    pub name: &'static str,
    /// The module: a migration, so that it needs no schema.
    pub bytes: Vec<u8>,
}

/// Every shape, `size` bytes long or a little less.
#[must_use]
pub fn shapes(size: usize) -> Vec<Shape> {
    let shape = |name, make: fn(usize) -> Vec<u8>| Shape {
        name,
        bytes: make(size),
    };
    vec![
        shape("nested-cases", nested_cases),
        shape("case-towers", case_towers),
        shape("wide-tuples", wide_tuples),
        shape("wide-cases", wide_cases),
        shape("push-pop", push_pop),
        shape("doubling-types", doubling_types),
        shape("wide-types", wide_types),
        shape("many-functions", many_functions),
        shape("folds", folds),
    ]
}

const UNIT: u64 = 0;
const BOOL: u64 = 1;
const INT: u64 = 3;
const TEXT: u64 = 4;
const BYTES: u64 = 5;
/// The first type of the module's own.
const OWN: u64 = 6;

const PUSH: u8 = 0x01;
const POP: u8 = 0x03;
const CASE: u8 = 0x14;
const ELSE: u8 = 0x15;
const END: u8 = 0x16;

/// The bytes of the magic, the versions, the exports and the counts, at most.
const FRAME: usize = 64;

/// Code, and how many instructions it is.
#[derive(Clone, Default)]
struct Code {
    bytes: Vec<u8>,
    instructions: usize,
}

impl Code {
    fn of(instructions: &[&[u64]]) -> Code {
        let mut code = Code::default();
        instructions
            .iter()
            .for_each(|instruction| code.add(instruction));
        code
    }

    /// An opcode and its operands; a small integer is written as its zigzag.
    fn add(&mut self, instruction: &[u64]) {
        instruction
            .iter()
            .for_each(|operand| number(&mut self.bytes, *operand));
        self.instructions += 1;
    }

    /// Instructions without operands.
    fn repeat(&mut self, opcode: u8, count: usize) {
        self.bytes.resize(self.bytes.len() + count, opcode);
        self.instructions += count;
    }

    fn append(&mut self, other: &Code) {
        self.bytes.extend_from_slice(&other.bytes);
        self.instructions += other.instructions;
    }
}

/// A module that grows: types first, then functions.
#[derive(Default)]
struct Builder {
    types: Vec<u8>,
    type_count: u64,
    functions: Vec<u8>,
    function_count: u64,
}

impl Builder {
    /// Adds a type, in canonical order, and gives its number.
    fn declare(&mut self, constructor: u8, operands: &[u64]) -> u64 {
        self.types.push(constructor);
        if constructor <= 2 {
            number(&mut self.types, operands.len() as u64);
        }
        operands
            .iter()
            .for_each(|operand| number(&mut self.types, *operand));
        self.type_count += 1;
        OWN + self.type_count - 1
    }

    fn product(&mut self, parts: &[u64]) -> u64 {
        self.declare(1, parts)
    }

    fn sum(&mut self, payloads: &[u64]) -> u64 {
        self.declare(2, payloads)
    }

    fn function(&mut self, domain: u64, codomain: u64, code: &Code) {
        number(&mut self.functions, domain);
        number(&mut self.functions, codomain);
        number(&mut self.functions, code.instructions as u64);
        self.functions.extend_from_slice(&code.bytes);
        self.function_count += 1;
    }

    fn room(&self, size: usize) -> usize {
        size.saturating_sub(FRAME + self.types.len() + self.functions.len())
    }

    /// Fills the module with functions `on -> on` that repeat the rounds in turn between what comes
    /// before and after, and call each other in a line.
    fn fill(&mut self, size: usize, on: u64, before: &Code, rounds: &[Code], after: &Code) {
        let mut rounds = rounds.iter().cycle();
        let mut round = rounds.next().expect("there is one");
        loop {
            let mut code = Code::default();
            if self.function_count > 0 {
                code.add(&[0x18, self.function_count - 1]);
            }
            code.append(before);
            let instructions = FUNCTION_INSTRUCTIONS_MAX - after.instructions;
            let bytes = self.room(size).saturating_sub(after.bytes.len());
            let fits = |code: &Code, round: &Code| {
                code.instructions + round.instructions <= instructions
                    && code.bytes.len() + round.bytes.len() <= bytes
            };
            if !fits(&code, round) {
                return;
            }
            while fits(&code, round) {
                code.append(round);
                round = rounds.next().expect("they come round");
            }
            code.append(after);
            self.function(on, on, &code);
        }
    }

    /// The bytes; the last function is the migration.
    fn finished(self) -> Vec<u8> {
        let mut out = b"\x7FCAM\x01\x01".to_vec();
        number(&mut out, self.type_count);
        out.extend(self.types);
        out.extend([0, 0]); // no constants, no schema
        number(&mut out, self.function_count);
        out.extend(self.functions);
        out.extend([1, 4]);
        number(&mut out, self.function_count - 1);
        out
    }
}

fn end() -> Code {
    Code::of(&[&[u64::from(END)]])
}

/// The register's value is kept on the stack while the rounds run.
fn kept() -> (Code, Code) {
    let mut after = Code::default();
    after.repeat(POP, 1);
    after.append(&end());
    (Code::of(&[&[u64::from(PUSH)]]), after)
}

/// `acc 0; case` to the greatest depth, then `else; end` all the way back.
fn nested_cases(size: usize) -> Vec<u8> {
    let mut round = Code::default();
    for _ in 0..cam::limits::CASE_DEPTH_MAX {
        round.add(&[0x05, 0]);
        round.repeat(CASE, 1);
    }
    for _ in 0..cam::limits::CASE_DEPTH_MAX {
        round.repeat(ELSE, 1);
        round.repeat(END, 1);
    }
    let mut module = Builder::default();
    let (before, after) = kept();
    module.fill(size, BOOL, &before, &[round], &after);
    module.finished()
}

/// Sums of one constructor in one another: two bytes a case, `case` and its `end`.
fn case_towers(size: usize) -> Vec<u8> {
    let mut module = Builder::default();
    let mut tower = UNIT;
    for _ in 0..TYPE_HEIGHT_MAX {
        tower = module.sum(&[tower]);
    }
    let mut round = Code::default();
    let towers = cam::limits::CASE_DEPTH_MAX / TYPE_HEIGHT_MAX as usize;
    for _ in 0..towers {
        round.add(&[0x05, 0]);
        round.repeat(CASE, TYPE_HEIGHT_MAX as usize);
    }
    round.repeat(END, towers * TYPE_HEIGHT_MAX as usize);
    let (before, after) = kept();
    module.fill(size, tower, &before, &[round], &after);
    module.finished()
}

/// Tuples of 255 integers.
fn wide_tuples(size: usize) -> Vec<u8> {
    let mut module = Builder::default();
    let wide = module.product(&[INT; ARITY_MAX]);
    let mut round = Code::default();
    round.repeat(PUSH, ARITY_MAX - 1);
    round.add(&[0x10, wide]);
    round.add(&[0x06, 0]);
    module.fill(size, INT, &Code::default(), &[round], &end());
    module.finished()
}

/// Cases of 255 arms with nothing in them.
fn wide_cases(size: usize) -> Vec<u8> {
    let mut module = Builder::default();
    let wide = module.sum(&[UNIT; ARITY_MAX]);
    let mut round = Code::of(&[&[0x05, 0]]);
    round.repeat(CASE, 1);
    round.repeat(ELSE, ARITY_MAX - 1);
    round.repeat(END, 1);
    let (before, after) = kept();
    module.fill(size, wide, &before, &[round], &after);
    module.finished()
}

fn push_pop(size: usize) -> Vec<u8> {
    let mut module = Builder::default();
    let mut round = Code::default();
    round.repeat(PUSH, 1);
    round.repeat(POP, 1);
    module.fill(size, INT, &Code::default(), &[round], &end());
    module.finished()
}

/// A table full of pairs of pairs, each a tree of up to 1024 leaves, and code that compares such trees.
fn doubling_types(size: usize) -> Vec<u8> {
    /// Types of each height, and how many of them the next height pairs.
    const LEVEL: usize = 400;
    const PAIRED: usize = 20;
    let mut module = Builder::default();
    let mut below = vec![UNIT, INT, TEXT, BYTES];
    // A pair of the tenth level is 1024 leaves wide.
    for _ in 0..10 {
        let mut level = Vec::new();
        let paired = &below[..below.len().min(PAIRED)];
        for left in paired {
            for right in paired {
                if level.len() < LEVEL {
                    level.push(module.product(&[*left, *right]));
                }
            }
        }
        below = level;
    }
    let rounds: Vec<Code> = (OWN..OWN + module.type_count)
        .map(|id| Code::of(&[&[0x06, 0], &[0x1B, id], &[u64::from(PUSH)], &[0x30]]))
        .collect();
    let after = Code::of(&[&[0x06, 0], &[u64::from(END)]]);
    module.fill(size, INT, &Code::default(), &rounds, &after);
    module.finished()
}

/// A table full of products of 255 parts, of which only the last six differ.
fn wide_types(size: usize) -> Vec<u8> {
    const LEAVES: [u64; 4] = [UNIT, INT, TEXT, BYTES];
    /// The bytes of such a type, and of the code that names it.
    const EACH: usize = 3 + ARITY_MAX + 5;
    let mut module = Builder::default();
    let count = (size.saturating_sub(FRAME) / EACH).min(TYPES_MAX);
    let mut code = Code::default();
    for index in 0..count {
        let mut parts = [UNIT; ARITY_MAX];
        for digit in 0..6 {
            parts[ARITY_MAX - 1 - digit] = LEAVES[index >> (2 * digit) & 3];
        }
        let id = module.product(&parts);
        code.append(&Code::of(&[&[0x06, 0], &[0x1B, id]]));
    }
    code.append(&Code::of(&[&[0x06, 0], &[u64::from(END)]]));
    module.function(INT, INT, &code);
    module.finished()
}

/// As many functions as there may be, each full of calls. They call each other like a heap of two
/// children, so that the longest path is short and all are used.
fn many_functions(size: usize) -> Vec<u8> {
    let mut module = Builder::default();
    let count = (size / 256).clamp(1, FUNCTIONS_MAX) as u64;
    let each = size.saturating_sub(FRAME) / usize::try_from(count).expect("4096 at most");
    for index in 0..count {
        let node = count - 1 - index;
        let children = [2 * node + 1, 2 * node + 2].map(|child| (child < count).then_some(child));
        let called: Vec<u64> = children
            .into_iter()
            .flatten()
            .map(|child| count - 1 - child)
            .collect();
        let mut code = Code::default();
        let mut next = called.iter().cycle();
        while code.bytes.len() + 10 < each {
            match next.next() {
                Some(callee) => code.add(&[0x18, *callee]),
                None => code.repeat(PUSH, 1),
            }
            if called.is_empty() {
                code.repeat(POP, 1);
            }
        }
        code.append(&end());
        module.function(INT, INT, &code);
    }
    module.finished()
}

/// Folds over a map, whose body must have the one type that is built from four others, and look-ups.
fn folds(size: usize) -> Vec<u8> {
    let mut module = Builder::default();
    let round = module.product(&[INT, INT, INT, INT]);
    let option = module.sum(&[UNIT, INT]);
    let map = module.declare(7, &[INT, INT]);
    let body = Code::of(&[&[0x11, 1], &[u64::from(END)]]);
    module.function(round, INT, &body);
    // Stack: the map below. (c, e, map) -> e; then (map, key) -> option.
    let push: &[u64] = &[u64::from(PUSH)];
    let rounds = Code::of(&[
        &[0x06, 0],
        push,
        push,
        &[0x05, 2],
        &[0x68, 0],
        &[0x05, 0],
        push,
        &[0x06, 0],
        &[0x62, option],
    ]);
    let (before, after) = kept();
    // The functions on the map must not call the body in line: it is on another type.
    let mut first = before.clone();
    first.append(&rounds);
    first.append(&after);
    module.function(map, map, &first);
    module.fill(size, map, &before, &[rounds], &after);
    module.finished()
}
