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
use crate::register::code::{Code, Form, Op, REGISTERS, Register, Site, Three};
use crate::register::heap::{Heap, Walk};
use crate::register::hot;
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
        let mut at = entry as usize;
        while let Some(op) = hot::run(self.code, self.registers, self.heap, self.fuel, &mut at)? {
            self.seldom(op)?;
        }
        Ok(())
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
            Op::ListPush { site: own } => self.append(site(own)?, true),
            Op::Append { site: own } => self.append(site(own)?, false),
            Op::MultiplyDivide { site: own } => self.multiply_divide(site(own)?),
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

    fn multiply_divide(&mut self, site: &Site) -> Result<(), Stopped> {
        let mut words = [0; 3];
        for (word, operand) in words.iter_mut().zip(&site.operands) {
            *word = self.word(*operand.words.first().ok_or(Stopped)?);
        }
        let [left, right, divisor] = words;
        let scaled = library::scaled(left, right, divisor).map_err(|_| Stopped)?;
        self.set(site.to, scaled);
        Ok(())
    }

    fn runtime(&mut self, site: &Site) -> Result<(), Stopped> {
        self.operands.clear();
        for operand in &*site.operands {
            let value = self.boundary().read(operand)?;
            self.operands.push(value);
        }
        let register = self.operands.pop().unwrap_or(Value::Int(0));
        let applied = library::apply(
            site.instruction,
            self.types,
            self.operands,
            register,
            self.fuel,
        );
        let value = applied.map_err(|_| Stopped)?;
        self.write(site, &value)
    }

    fn map_get(&mut self, site: &Site) -> Result<(), Stopped> {
        let [container, key] = &*site.operands else {
            return Err(Stopped);
        };
        let (register, last) = container.handles[0];
        let handle = self.word(register);
        let found = match (key.form, &*key.handles) {
            (Form::Container, [(text, last)]) => {
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
        self.write(site, &Value::option(found))
    }

    fn map_put(&mut self, site: &Site, charged: bool) -> Result<(), Stopped> {
        let [container, key, value] = &*site.operands else {
            return Err(Stopped);
        };
        let (register, last) = container.handles[0];
        let handle = self.word(register);
        let key = self.boundary().read(key)?;
        let value = self.boundary().read(value)?;
        if charged {
            self.charge_map_change(handle, &key)?;
        } else {
            let map = self.heap.map(handle)?;
            library::charge_search(self.fuel, map, &key).map_err(|_| Stopped)?;
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
        self.charge_map_change(handle, &key)?;
        let map = self.heap.remove(handle, last, &key)?;
        self.set(site.to, map);
        Ok(())
    }

    fn append(&mut self, site: &Site, charged: bool) -> Result<(), Stopped> {
        let [container, item] = &*site.operands else {
            return Err(Stopped);
        };
        let item = self.boundary().read(item)?;
        let (register, last) = container.handles[0];
        let handle = self.word(register);
        if charged {
            let Value::List(list) = self.heap.get(handle)? else {
                return Err(Stopped);
            };
            library::charge_list_change(self.fuel, list).map_err(|_| Stopped)?;
        }
        let list = self.heap.append(handle, last, item)?;
        self.set(site.to, list);
        Ok(())
    }

    fn charge_map_change(&mut self, handle: i64, key: &Value) -> Result<(), Stopped> {
        library::charge_map_change(self.fuel, self.heap.map(handle)?, key).map_err(|_| Stopped)
    }

    fn advance(&mut self, site: &Site) -> Result<(), Stopped> {
        let (register, _) = site.operands[0].handles[0];
        let (walk, to) = (self.word(register), usize::from(site.to));
        let parts = match self.heap.walk(walk)? {
            Walk::List(items) => items.next().map(|item| (item, None)),
            Walk::Map(entries) => entries.next().map(|(key, value)| (key, Some(value))),
        };
        let Some((first, second)) = parts else {
            // Nobody asks again; a walk inside a loop would leave one entry a round.
            self.heap.release(walk, true);
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

    fn total(&mut self, own: Three, function: impl Fn(i64, i64) -> i64) {
        self.set(own.to, function(self.word(own.left), self.word(own.right)));
    }

    fn checked(
        &mut self,
        own: Three,
        function: impl Fn(i64, i64) -> Option<i64>,
    ) -> Result<(), Stopped> {
        let result = function(self.word(own.left), self.word(own.right)).ok_or(Stopped)?;
        self.set(own.to, result);
        Ok(())
    }
}

fn remainder(left: i64, right: i64) -> Option<i64> {
    (right != 0).then(|| left.wrapping_rem_euclid(right))
}

fn found(heap: &Heap, handle: i64, key: &Value, fuel: &mut Fuel) -> Result<Option<Value>, Stopped> {
    let map = heap.map(handle)?;
    library::charge_search(fuel, map, key).map_err(|_| Stopped)?;
    Ok(map.get(key))
}

fn length(container: &Value) -> Result<i64, Stopped> {
    let length = match container {
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => return Err(Stopped),
    };
    i64::try_from(length).map_err(|_| Stopped)
}
