//! Code that makes a value of a given type out of what stands in register and stack.
//!
//! It draws on the whole table of instructions: for a straight-line row it reads from the table's words
//! which results it can give. So the bytecode has its own generator, which writes what no compiler would.

use cam::instruction::TABLE;
use cam::limits::TYPE_HEIGHT_MAX;
use cam::types::{BOOL, BYTES, INT, TEXT, UNIT};
use cam::value::Value;

use super::anatomy::constructor::{FUNCTION, INTEGER, LIST, MAP, PRODUCT, SUM};
use super::anatomy::{Anatomy, Code, opcode};
use super::effect::{Bindings, EFFECTS, Effect, Pattern};
use super::round::ROUNDS;
use crate::generate::{Choices, Mixer, any_integer};

/// Writes code at one place of one function.
pub(super) struct Maker<'a> {
    /// The module; types that are missing are added to it.
    pub(super) module: &'a mut Anatomy,
    /// Where the choices come from.
    pub(super) mixer: &'a mut Mixer,
    /// The code so far.
    pub(super) code: Vec<Code>,
    /// The types on the stack, top last.
    pub(super) stack: Vec<usize>,
    /// The type in the register.
    pub(super) register: usize,
    /// The function that is written: only those before it can be called.
    pub(super) function: usize,
}

/// A way to make a value.
#[derive(Clone, Copy)]
enum Way {
    Kept,
    Detour,
    Reached,
    Form,
    Row,
    Case,
    Call,
    Round,
    Closure,
    Abort,
    Replaced,
}

/// `eq`, whose words leave it to the two operands what is compared.
const EQUAL: u8 = 0x30;

/// Instructions that one piece of code has at most, about.
const CODE_MAX: usize = 60;

impl Maker<'_> {
    /// Code after which the register holds a `target` and the stack is what it was. Nothing if there is
    /// no way that this maker knows.
    pub(super) fn make(&mut self, target: usize, depth: u32) -> Option<()> {
        if depth > 0 && self.code.len() < CODE_MAX {
            let ways = self.ways();
            for way in ways {
                let before = (self.code.len(), self.stack.len(), self.register);
                if self.made(way, target, depth).is_some() {
                    return Some(());
                }
                self.code.truncate(before.0);
                self.stack.truncate(before.1);
                self.register = before.2;
            }
        }
        self.simplest(target, TYPE_HEIGHT_MAX)
    }

    /// What to try, in turn.
    fn ways(&mut self) -> [Way; 2] {
        match self.mixer.below(19) {
            0 | 1 => [Way::Kept, Way::Reached],
            2..=4 => [Way::Reached, Way::Form],
            5..=7 => [Way::Form, Way::Row],
            8..=10 => [Way::Row, Way::Form],
            11 => [Way::Case, Way::Form],
            12 | 13 => [Way::Call, Way::Row],
            14 => [Way::Round, Way::Form],
            15 => [Way::Closure, Way::Form],
            16 => [Way::Abort, Way::Form],
            17 => [Way::Detour, Way::Form],
            _ => [Way::Replaced, Way::Row],
        }
    }

    fn made(&mut self, way: Way, target: usize, depth: u32) -> Option<()> {
        match way {
            Way::Kept => (self.register == target).then_some(()),
            Way::Detour => self.by_detour(target, depth),
            Way::Reached => self.reached(target),
            Way::Form => self.by_form(target, depth),
            Way::Row => self.by_row(target, depth),
            Way::Case => self.by_case(target, depth),
            Way::Call => self.by_call(target, depth),
            Way::Round => self.by_round(target, depth),
            Way::Closure => self.by_closure(target, depth),
            Way::Abort if self.mixer.below(8) == 0 => self.by_abort(target, depth),
            Way::Abort => None,
            Way::Replaced => self.by_replacing(target, depth),
        }
    }

    fn emit(&mut self, opcode: u8, operands: &[usize], register: usize) {
        let mut numbers = [0; 2];
        for (number, operand) in numbers.iter_mut().zip(operands) {
            *number = i64::try_from(*operand).unwrap_or(i64::MAX);
        }
        self.code.push(Code::new(opcode, numbers));
        self.register = register;
    }

    fn push(&mut self) {
        self.emit(opcode::PUSH, &[], self.register);
        self.stack.push(self.register);
    }

    /// Makes operands and leaves all but the last on the stack.
    fn operands(&mut self, types: &[usize], depth: u32) -> Option<()> {
        for (index, id) in types.iter().enumerate() {
            if index > 0 {
                self.push();
            }
            self.make(*id, depth)?;
        }
        Some(())
    }

    fn popped(&mut self, count: usize) {
        self.stack.truncate(self.stack.len() - count);
    }

    fn access(&mut self, place: usize) {
        let depth = self.stack.len() - 1 - place;
        self.emit(opcode::ACC, &[depth], self.stack[place]);
    }

    /// Something on the stack, or a part of it.
    fn reached(&mut self, target: usize) -> Option<()> {
        let places = self.stack.len();
        let start = self.mixer.below(places.max(1));
        for place in (0..places).map(|place| (place + start) % places) {
            if self.stack[place] == target {
                self.access(place);
                return Some(());
            }
            let parts = self.module.parts(self.stack[place]).unwrap_or_default();
            if let Some(part) = parts.iter().position(|part| *part == target) {
                self.access(place);
                self.emit(opcode::PROJECT, &[part], target);
                return Some(());
            }
        }
        let parts = self.module.parts(self.register)?;
        let part = parts.iter().position(|part| *part == target)?;
        self.emit(opcode::PROJECT, &[part], target);
        Some(())
    }

    fn integer(&mut self) {
        let choices = vec![self.mixer.next(), self.mixer.next()];
        let integer = any_integer(&mut Choices::new(choices));
        self.emit(opcode::INT, &[], INT.index());
        if let Some(last) = self.code.last_mut() {
            last.operands[0] = integer;
        }
    }

    /// By the constructor of the type.
    fn by_form(&mut self, target: usize, depth: u32) -> Option<()> {
        let form = self.module.types.get(target)?.clone();
        match form.constructor {
            PRODUCT => {
                self.operands(&form.operands, depth - 1)?;
                self.emit(opcode::TUPLE, &[target], target);
                self.popped(form.operands.len().saturating_sub(1));
            }
            SUM => {
                let constructor = self.mixer.below(form.operands.len());
                self.make(form.operands[constructor], depth - 1)?;
                self.emit(opcode::INJECT, &[target, constructor], target);
            }
            INTEGER => self.integer(),
            _ => self.by_row(target, depth)?,
        }
        Some(())
    }

    /// The end of all ways: short, and without choices that could go on.
    fn simplest(&mut self, target: usize, depth: u32) -> Option<()> {
        let form = self.module.types.get(target)?.clone();
        if depth == 0 || target == TEXT.index() || target == BYTES.index() {
            return self.reached(target).or_else(|| self.constant(target));
        }
        match form.constructor {
            PRODUCT => {
                for (index, part) in form.operands.iter().enumerate() {
                    if index > 0 {
                        self.push();
                    }
                    self.simplest(*part, depth - 1)?;
                }
                self.emit(opcode::TUPLE, &[target], target);
                self.popped(form.operands.len().saturating_sub(1));
            }
            SUM => {
                self.simplest(form.operands[0], depth - 1)?;
                self.emit(opcode::INJECT, &[target, 0], target);
            }
            LIST => self.emit(0x50, &[target], target),
            MAP => self.emit(0x60, &[target], target),
            FUNCTION if self.code.len() < 4 * CODE_MAX => {
                let function = self.body_of(target)?;
                let environment = self.environment(function)?;
                // It may hold a closure of the same type: what is at hand, or an end.
                self.simplest(environment, depth / 4)?;
                self.emit(opcode::CUR, &[function, target], target);
            }
            FUNCTION => return None,
            _ => self.integer(),
        }
        Some(())
    }

    /// A constant that is there, or a new one.
    fn constant(&mut self, target: usize) -> Option<()> {
        let known = self.module.pool.iter().position(|(id, _)| *id == target);
        let index = known.unwrap_or(self.module.pool.len());
        if known.is_none() {
            let value = match target {
                _ if target == TEXT.index() => Value::text("12"),
                _ if target == BYTES.index() => Value::Bytes([0xC3].as_slice().into()),
                _ => return None,
            };
            self.module.pool.push((target, value));
        }
        self.emit(opcode::QUOTE, &[index], target);
        Some(())
    }

    fn by_abort(&mut self, target: usize, depth: u32) -> Option<()> {
        if !self.module.is_data(target) {
            return None;
        }
        self.make(INT.index(), depth - 1)?;
        self.emit(opcode::ABORT, &[target], target);
        Some(())
    }

    /// Any straight-line instruction is run besides, on types that may be new to the module. Its result
    /// is dropped, or decides between two ways.
    fn by_detour(&mut self, target: usize, depth: u32) -> Option<()> {
        let row = self.mixer.below(EFFECTS.len());
        let effect = EFFECTS[row].as_ref().filter(|_| is_plain(row))?;
        let mut bindings: Bindings = [None; 26];
        for binding in &mut bindings {
            let id = self.mixer.below(self.module.types.len());
            let fits = self.module.is_data(id) && !self.module.has(id, MAP);
            *binding = Some(if fits { id } else { INT.index() });
        }
        let patterns = effect.taken.iter().rev().chain([&effect.register]);
        let operands: Vec<usize> = patterns
            .map(|pattern| pattern.interned(self.module, &bindings))
            .collect();
        let result = effect.result.interned(self.module, &bindings);
        if self.mixer.below(2) == 0 {
            self.make(target, depth - 1)?;
            self.push();
            self.applied(row, &operands, result, depth)?;
            self.emit(opcode::POP, &[], target);
            self.popped(1);
            return Some(());
        }
        self.applied(row, &operands, result, depth)?;
        self.push();
        self.make(result, depth - 1)?;
        self.emit(EQUAL, &[], BOOL.index());
        self.popped(1);
        self.emit(opcode::CASE, &[], UNIT.index());
        self.make(target, depth - 1)?;
        self.emit(opcode::ELSE, &[], UNIT.index());
        self.make(target, depth - 1)?;
        self.emit(opcode::END, &[], target);
        Some(())
    }

    /// An instruction of the table after its operands; a type immediate names the result.
    fn applied(&mut self, row: usize, types: &[usize], result: usize, depth: u32) -> Option<()> {
        match *types {
            [left, right] if self.mixer.below(8) == 0 => {
                self.operands(&[right, left], depth - 1)?;
                self.swap();
            }
            _ => self.operands(types, depth - 1)?,
        }
        self.emit(TABLE[row].code, &[result], result);
        self.popped(types.len() - 1);
        Some(())
    }

    fn swap(&mut self) {
        let top = self.stack.len() - 1;
        let register = std::mem::replace(&mut self.stack[top], self.register);
        self.emit(opcode::SWAP, &[], register);
    }

    /// A straight-line instruction whose result fits.
    fn by_row(&mut self, target: usize, depth: u32) -> Option<()> {
        const TRIES: usize = 24;
        for _ in 0..TRIES {
            let row = self.mixer.below(EFFECTS.len());
            let Some(effect) = &EFFECTS[row] else {
                continue;
            };
            let mut bindings: Bindings = [None; 26];
            if !is_plain(row) || !effect.result.fits(self.module, target, &mut bindings) {
                continue;
            }
            let Some(types) = self.operand_types(effect, &mut bindings) else {
                continue;
            };
            self.applied(row, &types, target, depth)?;
            return Some(());
        }
        None
    }

    /// The operands in the order in which they are made, the register's last.
    fn operand_types(&mut self, effect: &Effect, bindings: &mut Bindings) -> Option<Vec<usize>> {
        let patterns = effect.taken.iter().rev().chain([&effect.register]);
        let patterns: Vec<_> = patterns.collect();
        let mut types = vec![0; patterns.len()];
        // What is made of variables binds them before they stand alone.
        for alone in [false, true] {
            for (id, pattern) in types.iter_mut().zip(&patterns) {
                if matches!(pattern, Pattern::Variable(_)) == alone {
                    *id = self.fitting(pattern, bindings)?;
                }
            }
        }
        Some(types)
    }

    /// Some type of this form.
    fn fitting(&mut self, pattern: &Pattern, bindings: &mut Bindings) -> Option<usize> {
        let count = self.module.types.len();
        let start = self.mixer.below(count);
        for id in (0..count).map(|id| (id + start) % count) {
            let mut tried = *bindings;
            if pattern.fits(self.module, id, &mut tried) && self.bound_well(&tried) {
                *bindings = tried;
                return Some(id);
            }
        }
        None
    }

    /// `d` and `e` are data, `k` may be a key.
    fn bound_well(&self, bindings: &Bindings) -> bool {
        let letter = |letter: u8| bindings[usize::from(letter - b'a')];
        let data = [b'd', b'e', b'k'].iter().filter_map(|name| letter(*name));
        data.into_iter().all(|id| self.module.is_data(id))
            && letter(b'k').is_none_or(|id| !self.module.has(id, MAP))
    }

    /// A case over some sum.
    fn by_case(&mut self, target: usize, depth: u32) -> Option<()> {
        if !self.module.is_data(target) {
            return None;
        }
        let count = self.module.types.len();
        let start = self.mixer.below(count);
        let small = |id: &usize| {
            let payloads = self.module.payloads(*id);
            payloads.is_some_and(|payloads| payloads.len() <= 4)
        };
        let sum = (0..count).map(|id| (id + start) % count).find(small)?;
        let payloads = self.module.payloads(sum)?.to_vec();
        self.make(sum, depth - 1)?;
        self.emit(opcode::CASE, &[], payloads[0]);
        for (arm, payload) in payloads.iter().enumerate() {
            if arm > 0 {
                self.emit(opcode::ELSE, &[], *payload);
            }
            self.make(target, depth - 1)?;
        }
        self.emit(opcode::END, &[], target);
        Some(())
    }

    fn by_call(&mut self, target: usize, depth: u32) -> Option<()> {
        let function = self.function_that(|_, _, codomain| codomain == target)?;
        let domain = self.module.functions[function].domain;
        self.make(domain, depth - 1)?;
        self.emit(opcode::CALL, &[function], target);
        Some(())
    }

    /// A function before this one that `fits` by module, domain and codomain.
    fn function_that(&mut self, fits: impl Fn(&Anatomy, usize, usize) -> bool) -> Option<usize> {
        let count = self.function.min(self.module.functions.len());
        let start = self.mixer.below(count.max(1));
        (0..count)
            .map(|index| (index + start) % count)
            .find(|index| {
                let body = &self.module.functions[*index];
                fits(self.module, body.domain, body.codomain)
            })
    }

    /// A fold, map, filter or loop with a function that there is.
    fn by_round(&mut self, target: usize, depth: u32) -> Option<()> {
        let round = &ROUNDS[self.mixer.below(ROUNDS.len())];
        TABLE.iter().find(|row| row.code == round.opcode)?;
        let function = self.function_that(|module, domain, codomain| {
            let parts = module.parts(domain).unwrap_or_default();
            round
                .types(module, parts, codomain)
                .is_some_and(|(_, result)| result == target)
        })?;
        let body = &self.module.functions[function];
        let (domain, codomain) = (body.domain, body.codomain);
        let parts = self.module.parts(domain)?;
        let (operands, _) = round.types(self.module, parts, codomain)?;
        self.operands(&operands, depth - 1)?;
        self.emit(round.opcode, &[function, target], target);
        self.popped(operands.len() - 1);
        Some(())
    }

    /// `cur` and `app`: a closure is made and applied at once, or one that is at hand.
    fn by_closure(&mut self, target: usize, depth: u32) -> Option<()> {
        if self.module.types.get(target)?.constructor == FUNCTION {
            return self.curried(target, depth);
        }
        let function_to = |module: &Anatomy, id: usize| {
            let form = &module.types[id];
            form.constructor == FUNCTION && form.operands[1] == target
        };
        let known = (0..self.module.types.len()).find(|id| function_to(self.module, *id))?;
        let argument = self.module.types[known].operands[0];
        self.operands(&[known, argument], depth - 1)?;
        self.emit(opcode::APP, &[], target);
        self.popped(1);
        Some(())
    }

    fn curried(&mut self, target: usize, depth: u32) -> Option<()> {
        let function = self.body_of(target)?;
        let environment = self.environment(function)?;
        self.make(environment, depth - 1)?;
        self.emit(opcode::CUR, &[function, target], target);
        Some(())
    }

    /// A function out of which closures of type `target` can be made.
    fn body_of(&mut self, target: usize) -> Option<usize> {
        let form = self.module.types[target].operands.clone();
        self.function_that(|module, domain, codomain| {
            let parts = module.parts(domain).unwrap_or_default();
            codomain == form[1] && parts.len() == 2 && parts[1] == form[0]
        })
    }

    fn environment(&self, function: usize) -> Option<usize> {
        let domain = self.module.functions[function].domain;
        self.module.parts(domain)?.first().copied()
    }

    /// A product with one part replaced.
    fn by_replacing(&mut self, target: usize, depth: u32) -> Option<()> {
        let parts = self.module.parts(target)?.to_vec();
        if parts.is_empty() {
            return None;
        }
        let part = self.mixer.below(parts.len());
        self.operands(&[target, parts[part]], depth - 1)?;
        self.emit(opcode::WITH, &[part], target);
        self.popped(1);
        Some(())
    }
}

/// Whether the words of a row say all that must be known to write it.
fn is_plain(row: usize) -> bool {
    let kinds = TABLE[row].kinds.iter();
    let special = [opcode::TUPLE, opcode::CUR, opcode::ABORT];
    !special.contains(&TABLE[row].code) && kinds.into_iter().all(|kind| *kind == "TypeId")
}
