//! A view: registers and table, read as values of types. It takes nothing away.
//!
//! Recursion follows a type and is bounded by its height.

use crate::register::Stopped;
use crate::register::code::{Place, Register};
use crate::register::execute::Registers;
use crate::register::heap::Heap;
use crate::ssa::slots::Layouts;
use crate::types::{Type, TypeId, TypeTable};
use crate::value::{PRODUCT_WEIGHT, SUM_WEIGHT, Value};

/// Registers and table.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) types: &'a TypeTable,
    pub(super) layouts: &'a Layouts,
    pub(super) registers: &'a Registers,
    pub(super) heap: &'a Heap,
}

/// Slots of a value: its words and its handles, each with whether it may be taken.
pub(super) type Slots<'s> = (&'s [Register], &'s [(Register, bool)]);

impl View<'_> {
    /// The value at a place.
    pub(super) fn value(&self, place: &Place) -> Result<Value, Stopped> {
        self.value_of(place.id, (&place.words, &place.handles))
    }

    fn value_of(&self, id: TypeId, slots: Slots<'_>) -> Result<Value, Stopped> {
        match self.types.get(id) {
            Type::Int => self.word(slots).map(Value::Int),
            Type::Product(parts) => {
                let mut values = Vec::with_capacity(parts.len());
                for (index, part) in parts.iter().enumerate() {
                    values.push(self.value_of(*part, self.part(id, index, *part, slots)?)?);
                }
                Ok(Value::product(values))
            }
            Type::Sum(payloads) => {
                let (tag, payload, slots) = self.opened(payloads, slots)?;
                Ok(Value::sum(tag, self.value_of(payload, slots)?))
            }
            _ => self.container(slots).cloned(),
        }
    }

    /// Whether the value at a place is no heavier than `weight_max`. Mostly that is known from its type
    /// and its containers, without looking at a tag.
    pub(super) fn within(&self, place: &Place, weight_max: u64) -> Result<bool, Stopped> {
        let mut heaviest = self.layouts.of(place.id).heaviest;
        for (register, _) in &*place.handles {
            let handle = self.registers[usize::from(*register)];
            if handle != 0 {
                heaviest = heaviest.saturating_add(self.heap.get(handle)?.weight());
            }
        }
        let slots = (&*place.words, &*place.handles);
        Ok(heaviest <= weight_max || self.weight(place.id, slots)? <= weight_max)
    }

    fn weight(&self, id: TypeId, slots: Slots<'_>) -> Result<u64, Stopped> {
        if let Some(weight) = self.layouts.of(id).fixed_weight {
            return Ok(weight);
        }
        match self.types.get(id) {
            Type::Product(parts) => {
                let mut weight = PRODUCT_WEIGHT;
                for (index, part) in parts.iter().enumerate() {
                    let slots = self.part(id, index, *part, slots)?;
                    weight = weight.saturating_add(self.weight(*part, slots)?);
                }
                Ok(weight)
            }
            Type::Sum(payloads) => {
                let (_, payload, slots) = self.opened(payloads, slots)?;
                Ok(self.weight(payload, slots)?.saturating_add(SUM_WEIGHT))
            }
            _ => self.container(slots).map(Value::weight),
        }
    }

    pub(super) fn word(&self, (words, _): Slots<'_>) -> Result<i64, Stopped> {
        let register = words.first().ok_or(Stopped)?;
        Ok(self.registers[usize::from(*register)])
    }

    fn container(&self, (_, handles): Slots<'_>) -> Result<&Value, Stopped> {
        let (register, _) = handles.first().ok_or(Stopped)?;
        self.heap.get(self.registers[usize::from(*register)])
    }

    /// A sum's tag, and its payload with its slots.
    pub(super) fn opened<'s>(
        &self,
        payloads: &[TypeId],
        (words, handles): Slots<'s>,
    ) -> Result<(u8, TypeId, Slots<'s>), Stopped> {
        let tag = u8::try_from(self.word((words, handles))?).map_err(|_| Stopped)?;
        let payload = *payloads.get(usize::from(tag)).ok_or(Stopped)?;
        let own = self.layouts.of(payload);
        let words = words.get(1..1 + own.words).ok_or(Stopped)?;
        let handles = handles.get(..own.handles).ok_or(Stopped)?;
        Ok((tag, payload, (words, handles)))
    }

    pub(super) fn part<'s>(
        &self,
        product: TypeId,
        index: usize,
        part: TypeId,
        (words, handles): Slots<'s>,
    ) -> Result<Slots<'s>, Stopped> {
        let start = self.layouts.of(product).parts.get(index).ok_or(Stopped)?;
        let own = self.layouts.of(part);
        let words = words.get(start.0..start.0 + own.words).ok_or(Stopped)?;
        let handles = handles.get(start.1..start.1 + own.handles);
        Ok((words, handles.ok_or(Stopped)?))
    }
}
