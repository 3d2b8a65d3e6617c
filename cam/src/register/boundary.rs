//! The boundary: values become slots, and operands of the library become values.
//!
//! Recursion follows a type and is bounded by its height.

use crate::register::Stopped;
use crate::register::code::{Form, Place};
use crate::register::execute::Registers;
use crate::register::heap::Heap;
use crate::register::view::{Slots, View};
use crate::ssa::slots::Layouts;
use crate::types::{Type, TypeId, TypeTable};
use crate::value::Value;

/// Registers and table, to be written.
pub(super) struct Boundary<'a> {
    pub(super) types: &'a TypeTable,
    pub(super) layouts: &'a Layouts,
    pub(super) registers: &'a mut Registers,
    pub(super) heap: &'a mut Heap,
}

/// The registers of a value's first word and first handle; the others follow.
pub(super) type Start = (usize, usize);

impl Boundary<'_> {
    /// Writes a value of type `id`.
    pub(super) fn write(&mut self, id: TypeId, value: &Value, to: Start) -> Result<(), Stopped> {
        let (types, layouts) = (self.types, self.layouts);
        match (value, types.get(id)) {
            (Value::Int(integer), _) => *self.slot(to.0)? = *integer,
            (Value::Product(values), Type::Product(parts)) => {
                let starts = layouts.of(id).parts.iter();
                for ((value, part), start) in values.iter().zip(parts).zip(starts) {
                    self.write(*part, value, (to.0 + start.0, to.1 + start.1))?;
                }
            }
            (Value::Sum(tag, payload), Type::Sum(payloads)) => {
                *self.slot(to.0)? = i64::from(*tag);
                let part = *payloads.get(usize::from(*tag)).ok_or(Stopped)?;
                self.write(part, payload, (to.0 + 1, to.1))?;
                self.clear_room(id, part, to)?;
            }
            _ => *self.slot(to.1)? = self.heap.put(value.clone())?,
        }
        Ok(())
    }

    /// Zero behind a payload, to the end of the sum's room.
    fn clear_room(&mut self, sum: TypeId, payload: TypeId, to: Start) -> Result<(), Stopped> {
        let (room, own) = (self.layouts.of(sum), self.layouts.of(payload));
        for slot in 1 + own.words..room.words {
            *self.slot(to.0 + slot)? = 0;
        }
        for slot in own.handles..room.handles {
            *self.slot(to.1 + slot)? = 0;
        }
        Ok(())
    }

    fn slot(&mut self, register: usize) -> Result<&mut i64, Stopped> {
        self.registers.get_mut(register).ok_or(Stopped)
    }

    /// The value at a place. What is at its last use is taken.
    #[inline]
    pub(super) fn read(&mut self, place: &Place) -> Result<Value, Stopped> {
        match (place.form, &*place.words, &*place.handles) {
            (Form::Integer, [word], _) => Ok(Value::Int(self.registers[usize::from(*word)])),
            (Form::Container, _, [(register, last)]) => {
                let handle = self.registers[usize::from(*register)];
                self.heap.read(handle, *last)
            }
            (_, words, handles) => self.value(place.id, (words, handles)),
        }
    }

    fn value(&mut self, id: TypeId, slots: Slots<'_>) -> Result<Value, Stopped> {
        let types = self.types;
        match types.get(id) {
            Type::Int => self.view().word(slots).map(Value::Int),
            Type::Product(parts) => {
                let mut values = Vec::with_capacity(parts.len());
                for (index, part) in parts.iter().enumerate() {
                    let slots = self.view().part(id, index, *part, slots)?;
                    values.push(self.value(*part, slots)?);
                }
                Ok(Value::product(values))
            }
            Type::Sum(payloads) => {
                let (tag, payload, slots) = self.view().opened(payloads, slots)?;
                Ok(Value::sum(tag, self.value(payload, slots)?))
            }
            _ => {
                let (register, last) = *slots.1.first().ok_or(Stopped)?;
                self.heap.read(self.registers[usize::from(register)], last)
            }
        }
    }

    fn view(&self) -> View<'_> {
        View {
            types: self.types,
            layouts: self.layouts,
            registers: self.registers,
            heap: self.heap,
        }
    }
}
