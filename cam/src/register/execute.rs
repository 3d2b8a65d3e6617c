//! The loop over operations.
//!
//! Whatever the verifier promises is taken from a checked access all the same: where the promise did not
//! hold, the run stops and the reference interpreter decides. A register's number is 16 bits and there are
//! 2^16 registers, so the accesses that matter have no check left.

use std::cmp::Ordering;

use crate::fuel::Fuel;
use crate::library;
use crate::register::Stopped;
use crate::register::boundary::Boundary;
use crate::register::code::{Code, Divisor, Form, Op, REGISTERS, Register, Site, Three, Unless};
use crate::register::heap::{Heap, Walk};
use crate::types::TypeTable;
use crate::value::Value;

/// The registers.
pub(super) type Registers = [i64; REGISTERS];

/// Where the outermost function returns to.
const OUTSIDE: i64 = -1;

/// A run of one function.
pub(super) struct Run<'a> {
    pub(super) code: &'a Code,
    pub(super) types: &'a TypeTable,
    pub(super) registers: &'a mut Registers,
    pub(super) heap: &'a mut Heap,
    pub(super) fuel: &'a mut Fuel,
    /// Operands on their way to the library.
    pub(super) operands: &'a mut Vec<Value>,
}

impl Run<'_> {
    /// Runs from `entry` until the function with this `link` ends.
    pub(super) fn run(&mut self, entry: u32, link: Register) -> Result<(), Stopped> {
        self.registers[usize::from(link)] = OUTSIDE;
        let code = self.code;
        let mut at = entry as usize;
        loop {
            let op = *code.ops.get(at).ok_or(Stopped)?;
            at += 1;
            match op {
                Op::Move { to, from } => self.set(to, self.word(from)),
                Op::Add(own) => self.checked(own, i64::checked_add)?,
                Op::Subtract(own) => self.checked(own, i64::checked_sub)?,
                Op::Multiply(own) => self.checked(own, i64::checked_mul)?,
                Op::RemainderBy(own) => self.remainder_by(own)?,
                Op::AddWrapping(own) => self.total(own, i64::wrapping_add),
                Op::Less(own) => self.total(own, |left, right| i64::from(left < right)),
                Op::LessOrEqual(own) => self.total(own, |left, right| i64::from(left <= right)),
                Op::Equal(own) => self.total(own, |left, right| i64::from(left == right)),
                Op::UnlessLess(own) => at = self.unless(at, own, |left, right| left < right),
                Op::UnlessLessOrEqual(own) => {
                    at = self.unless(at, own, |left, right| left <= right)
                }
                Op::UnlessEqual(own) => at = self.unless(at, own, |left, right| left == right),
                Op::Jump { to } => at = to as usize,
                Op::JumpIf { word, to } => {
                    if self.word(word) != 0 {
                        at = to as usize;
                    }
                }
                Op::JumpUnless { word, to } => {
                    if self.word(word) == 0 {
                        at = to as usize;
                    }
                }
                Op::Switch { word, table } => {
                    let table = code.tables.get(table as usize).ok_or(Stopped)?;
                    let arm = usize::try_from(self.word(word)).map_err(|_| Stopped)?;
                    at = *table.get(arm).ok_or(Stopped)? as usize;
                }
                Op::Charge { cost } => {
                    let cost = code.costs.get(cost as usize).ok_or(Stopped)?;
                    self.charge(*cost)?;
                }
                Op::Call { function } => {
                    let routine = code.routines.get(function as usize);
                    let routine = routine.and_then(Option::as_ref).ok_or(Stopped)?;
                    let back = i64::try_from(at).map_err(|_| Stopped)?;
                    self.set(routine.link, back);
                    at = routine.entry as usize;
                }
                Op::Return { link } => match usize::try_from(self.word(link)) {
                    Ok(back) => at = back,
                    Err(_) => return Ok(()),
                },
                Op::Stop => return Err(Stopped),
                _ => self.seldom(op)?,
            }
        }
    }

    /// Operations that take long enough not to be in the loop itself.
    #[inline(never)]
    fn seldom(&mut self, op: Op) -> Result<(), Stopped> {
        let code = self.code;
        let site = |site: u32| code.sites.get(site as usize).ok_or(Stopped);
        match op {
            Op::Duplicate { to, from } => {
                let copy = self.heap.duplicate(self.word(from))?;
                self.set(to, copy);
                Ok(())
            }
            Op::Length { to, container } => {
                let length = length(self.heap.get(self.word(container))?)?;
                self.set(to, length);
                Ok(())
            }
            Op::Walk {
                to,
                container,
                last,
            } => {
                let container = self.heap.read(self.word(container), last)?;
                let walk = self.heap.start_walk(container)?;
                self.set(to, walk);
                Ok(())
            }
            Op::ChargeRounds { container, cost } => {
                let rounds = length(self.heap.get(self.word(container))?)?;
                let rounds = u64::try_from(rounds).map_err(|_| Stopped)?;
                let cost = code.costs.get(cost as usize).ok_or(Stopped)?;
                self.charge(rounds.saturating_mul(*cost))
            }
            Op::Advance { site: own } => self.advance(site(own)?),
            Op::MapGet { site: own } => self.map_get(site(own)?),
            Op::MapPut { site: own } => self.map_put(site(own)?, true),
            Op::Store { site: own } => self.map_put(site(own)?, false),
            Op::MapDelete { site: own } => self.map_delete(site(own)?),
            Op::Append { site: own } => self.append(site(own)?),
            Op::Runtime { site: own } => self.runtime(site(own)?),
            _ => self.arithmetic(op),
        }
    }

    /// Arithmetic that few programs do.
    fn arithmetic(&mut self, op: Op) -> Result<(), Stopped> {
        match op {
            Op::Divide(own) => self.checked(own, i64::checked_div_euclid)?,
            Op::Remainder(own) => self.checked(own, remainder)?,
            Op::SubtractWrapping(own) => self.total(own, i64::wrapping_sub),
            Op::MultiplyWrapping(own) => self.total(own, i64::wrapping_mul),
            Op::And(own) => self.total(own, |left, right| left & right),
            Op::Or(own) => self.total(own, |left, right| left | right),
            Op::Xor(own) => self.total(own, |left, right| left ^ right),
            Op::ShiftLeft(own) => self.total(own, |left, right| left << (right & 63)),
            Op::ShiftRight(own) => self.total(own, |left, right| left >> (right & 63)),
            Op::ShiftRightUnsigned(own) => self.total(own, |left, right| {
                (left.cast_unsigned() >> (right & 63)).cast_signed()
            }),
            Op::Compare(own) => self.total(own, |left, right| match left.cmp(&right) {
                Ordering::Less => 0,
                Ordering::Equal => 1,
                Ordering::Greater => 2,
            }),
            _ => return Err(Stopped),
        }
        Ok(())
    }

    fn runtime(&mut self, site: &Site) -> Result<(), Stopped> {
        self.operands.clear();
        for operand in &*site.operands {
            let value = self.boundary().read(operand)?;
            self.operands.push(value);
        }
        let register = self.operands.pop().unwrap_or(Value::Int(0));
        let applied = library::apply(site.instruction, self.operands, register, self.fuel);
        let value = applied.map_err(|_| Stopped)?;
        self.write(site, &value)
    }

    fn map_get(&mut self, site: &Site) -> Result<(), Stopped> {
        let [container, key] = &*site.operands else {
            return Err(Stopped);
        };
        let (register, last) = container.handles[0];
        let handle = self.word(register);
        let found = match (key.form, &*key.words, &*key.handles) {
            (Form::Integer, [word], _) => {
                let key = Value::Int(self.word(*word));
                found(self.heap, handle, &key, self.fuel)?
            }
            (Form::Container, _, [(text, last)]) => {
                let text = self.registers[usize::from(*text)];
                let key = self.heap.get(text)?;
                let found = found(self.heap, handle, key, self.fuel)?;
                self.heap.release(text, *last);
                found
            }
            _ => {
                let key = self.boundary().read(key)?;
                found(self.heap, handle, &key, self.fuel)?
            }
        };
        self.heap.release(handle, last);
        let to = usize::from(site.to);
        if let Some(Value::Int(integer)) = &found {
            self.registers[to] = 1;
            self.registers[to + 1] = *integer;
            return Ok(());
        }
        self.write(site, &Value::option(found))
    }

    fn map_put(&mut self, site: &Site, charged: bool) -> Result<(), Stopped> {
        let [container, key, value] = &*site.operands else {
            return Err(Stopped);
        };
        let key = self.boundary().read(key)?;
        let value = self.boundary().read(value)?;
        let (register, last) = container.handles[0];
        let handle = self.word(register);
        if charged {
            self.charge_search(handle, &key)?;
        }
        let map = self.heap.insert(handle, last, key, value)?;
        self.set(site.to, map);
        Ok(())
    }

    fn map_delete(&mut self, site: &Site) -> Result<(), Stopped> {
        let [container, key] = &*site.operands else {
            return Err(Stopped);
        };
        let key = self.boundary().read(key)?;
        let (register, last) = container.handles[0];
        let handle = self.word(register);
        self.charge_search(handle, &key)?;
        let map = self.heap.remove(handle, last, &key)?;
        self.set(site.to, map);
        Ok(())
    }

    fn append(&mut self, site: &Site) -> Result<(), Stopped> {
        let [container, item] = &*site.operands else {
            return Err(Stopped);
        };
        let item = self.boundary().read(item)?;
        let (register, last) = container.handles[0];
        let list = self.heap.append(self.word(register), last, item)?;
        self.set(site.to, list);
        Ok(())
    }

    fn charge_search(&mut self, handle: i64, key: &Value) -> Result<(), Stopped> {
        let Value::Map(map) = self.heap.get(handle)? else {
            return Err(Stopped);
        };
        library::charge_search(self.fuel, map, key).map_err(|_| Stopped)
    }

    fn advance(&mut self, site: &Site) -> Result<(), Stopped> {
        let (register, _) = site.operands[0].handles[0];
        let to = usize::from(site.to);
        let parts = match self.heap.walk(self.word(register))? {
            Walk::List(list, next) => match list.get(*next) {
                Some(Value::Int(integer)) => {
                    *next += 1;
                    self.registers[to] = 1;
                    self.registers[to + 1] = *integer;
                    return Ok(());
                }
                Some(item) => {
                    *next += 1;
                    Some((item.clone(), None))
                }
                None => None,
            },
            Walk::Map(entries) => entries.next().map(|(key, value)| (key, Some(value))),
        };
        let Some((first, second)) = parts else {
            self.registers[to] = 0;
            return Ok(());
        };
        self.registers[to] = 1;
        let mut slot = to + 1;
        for (id, part) in site.results.iter().zip([Some(first), second]) {
            let part = part.ok_or(Stopped)?;
            let words = self.code.layouts.of(*id).words;
            self.boundary().write(*id, &part, (slot, slot + words))?;
            slot += self.code.layouts.of(*id).slots();
        }
        Ok(())
    }

    /// Writes the one result of a site.
    fn write(&mut self, site: &Site, value: &Value) -> Result<(), Stopped> {
        let (Some(id), to) = (site.results.first(), usize::from(site.to)) else {
            return Err(Stopped);
        };
        let words = self.code.layouts.of(*id).words;
        self.boundary().write(*id, value, (to, to + words))
    }

    fn boundary(&mut self) -> Boundary<'_> {
        Boundary {
            types: self.types,
            layouts: &self.code.layouts,
            registers: self.registers,
            heap: self.heap,
        }
    }

    #[inline]
    fn charge(&mut self, cost: u64) -> Result<(), Stopped> {
        self.fuel.charge(cost).map_err(|_| Stopped)
    }

    #[inline]
    fn word(&self, register: Register) -> i64 {
        self.registers[usize::from(register)]
    }

    #[inline]
    fn set(&mut self, register: Register, word: i64) {
        self.registers[usize::from(register)] = word;
    }

    #[inline]
    fn total(&mut self, own: Three, function: impl Fn(i64, i64) -> i64) {
        self.set(own.to, function(self.word(own.left), self.word(own.right)));
    }

    #[inline]
    fn checked(
        &mut self,
        own: Three,
        function: impl Fn(i64, i64) -> Option<i64>,
    ) -> Result<(), Stopped> {
        let result = function(self.word(own.left), self.word(own.right)).ok_or(Stopped)?;
        self.set(own.to, result);
        Ok(())
    }

    /// After the jump's own position, which `distance` counts from, `at` is one further.
    #[inline]
    fn unless(&self, at: usize, own: Unless, holds: impl Fn(i64, i64) -> bool) -> usize {
        if holds(self.word(own.left), self.word(own.right)) {
            at
        } else {
            at - 1 + usize::from(own.distance)
        }
    }

    /// The Euclidean remainder by a constant. With `r` the reciprocal rounded down and `a < 2^63`, the
    /// quotient `a * r / 2^64` is at most one too small, so one correction is enough.
    #[inline]
    fn remainder_by(&mut self, own: Three) -> Result<(), Stopped> {
        let divisor = self.code.divisors.get(usize::from(own.right));
        let Divisor {
            divisor,
            reciprocal,
        } = *divisor.ok_or(Stopped)?;
        let left = self.word(own.left);
        let magnitude = left.unsigned_abs();
        let quotient = (u128::from(magnitude) * u128::from(reciprocal)) >> 64;
        let quotient = u64::try_from(quotient).map_err(|_| Stopped)?;
        let mut remainder = magnitude - quotient * divisor;
        while remainder >= divisor {
            remainder -= divisor;
        }
        if left < 0 && remainder > 0 {
            remainder = divisor - remainder;
        }
        self.set(own.to, remainder.cast_signed());
        Ok(())
    }
}

fn remainder(left: i64, right: i64) -> Option<i64> {
    (right != 0).then(|| left.wrapping_rem_euclid(right))
}

fn found(heap: &Heap, handle: i64, key: &Value, fuel: &mut Fuel) -> Result<Option<Value>, Stopped> {
    let Value::Map(map) = heap.get(handle)? else {
        return Err(Stopped);
    };
    library::charge_search(fuel, map, key).map_err(|_| Stopped)?;
    Ok(map.get(key).cloned())
}

fn length(container: &Value) -> Result<i64, Stopped> {
    let length = match container {
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => return Err(Stopped),
    };
    i64::try_from(length).map_err(|_| Stopped)
}
