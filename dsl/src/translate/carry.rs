//! `same`: the arrow that carries a value to a shape that includes its own.
//!
//! Where the two types are equal there is nothing to do: a variant includes another of as many
//! constructors only if they are the same ones, so equal types mean equal names. Elsewhere one function
//! for each pair of shapes renumbers constructors, and walks what contains them.

use cam::combinator::{Arrow, FunctionId, IllTyped, Operation};
use cam::schema::{Name, Shape, ShapeId};
use cam::types::UNIT;

use super::scope::Place;
use super::{Translated, Translator};

impl Translator<'_> {
    /// `Γ -> B` from `Γ -> A`, where shape `to` includes shape `from`.
    pub(super) fn carry(&mut self, value: Arrow, from: ShapeId, to: ShapeId) -> Translated<Arrow> {
        match self.carrier(from, to)? {
            None => Ok(value),
            Some(function) => {
                let call = self.draft.call(function)?;
                self.draft.compose(value, call)
            }
        }
    }

    /// The function that carries, if there is anything to do.
    fn carrier(&mut self, from: ShapeId, to: ShapeId) -> Translated<Option<FunctionId>> {
        let domain = self.type_of(from);
        if domain == self.type_of(to) {
            return Ok(None);
        }
        if let Some(known) = self.carriers.get(&(from, to)) {
            return Ok(Some(*known));
        }
        let shapes = self.shapes;
        let function = match (shapes.get(from), shapes.get(to)) {
            (Shape::Tuple(from), Shape::Tuple(to)) => self.parts(domain, from, to)?,
            (Shape::Record(from), Shape::Record(to)) => {
                let shapes = |fields: &[(Name, ShapeId)]| -> Vec<ShapeId> {
                    fields.iter().map(|(_, shape)| *shape).collect()
                };
                self.parts(domain, &shapes(from), &shapes(to))?
            }
            (Shape::Option(from_item), Shape::Option(to_item)) => {
                let arms = [(0, None), (1, Some((*from_item, *to_item)))];
                self.constructors(from, to, &arms)?
            }
            (Shape::Variant(_, old), Shape::Variant(_, new)) => {
                let arms: Option<Vec<_>> = old
                    .iter()
                    .map(|(name, payload)| {
                        let index = new.iter().position(|(other, _)| other == name)?;
                        Some((index, Some((*payload, new[index].1))))
                    })
                    .collect();
                let arms = arms.ok_or_else(|| self.not_included(from, to))?;
                self.constructors(from, to, &arms)?
            }
            (Shape::List(from_item), Shape::List(to_item)) => {
                self.items(from, to, *from_item, *to_item)?
            }
            (Shape::Map(_, from_value), Shape::Map(_, to_value)) => {
                self.entries(from, to, *from_value, *to_value)?
            }
            _ => return Err(self.not_included(from, to)),
        };
        self.carriers.insert((from, to), function);
        Ok(Some(function))
    }

    fn parts(
        &mut self,
        domain: cam::types::TypeId,
        from: &[ShapeId],
        to: &[ShapeId],
    ) -> Translated<FunctionId> {
        self.function("same", domain, |translator| {
            let mut parts = Vec::with_capacity(from.len());
            for (index, (from, to)) in from.iter().zip(to).enumerate() {
                let part = translator.look(&Place::argument().part(index))?;
                parts.push(translator.carry(part, *from, *to)?);
            }
            translator.draft.tuple(domain, &parts)
        })
    }

    /// Arms by old constructor: the new one, and the shapes of its payload if it is carried.
    fn constructors(
        &mut self,
        from: ShapeId,
        to: ShapeId,
        arms: &[(usize, Option<(ShapeId, ShapeId)>)],
    ) -> Translated<FunctionId> {
        let (domain, codomain) = (self.type_of(from), self.type_of(to));
        self.function("same", domain, |translator| {
            let subject = translator.look(&Place::argument())?;
            translator.case(
                subject,
                &mut |translator, constructor, payload| {
                    let (index, carried) = arms[constructor];
                    let mut payload = translator.look(&payload)?;
                    if let Some((from, to)) = carried {
                        payload = translator.carry(payload, from, to)?;
                    }
                    let inject = translator.draft.inject(codomain, index)?;
                    translator.draft.compose(payload, inject)
                },
                arms.len(),
            )
        })
    }

    fn items(
        &mut self,
        from: ShapeId,
        to: ShapeId,
        from_item: ShapeId,
        to_item: ShapeId,
    ) -> Translated<FunctionId> {
        let (domain, list) = (self.type_of(from), self.type_of(to));
        let item = self.type_of(from_item);
        let argument = self.draft.types.product(&[UNIT, list, item]);
        let body = self.function("same", argument, |translator| {
            let list_so_far = translator.look(&Place::argument().part(1))?;
            let item = translator.look(&Place::argument().part(2))?;
            let item = translator.carry(item, from_item, to_item)?;
            translator.operate(Operation::ListPush(list), &[list_so_far, item])
        })?;
        self.function("same", domain, |translator| {
            let unit = translator.unit()?;
            let empty = translator.operate(Operation::ListEmpty(list), &[unit])?;
            let over = translator.look(&Place::argument())?;
            let start = translator.draft.tuple(domain, &[unit, empty, over])?;
            let fold = translator.draft.fold_list(body)?;
            translator.draft.compose(start, fold)
        })
    }

    /// Keys stay as they are: carried, they could change their order.
    fn entries(
        &mut self,
        from: ShapeId,
        to: ShapeId,
        from_value: ShapeId,
        to_value: ShapeId,
    ) -> Translated<FunctionId> {
        let domain = self.type_of(from);
        let value = self.type_of(from_value);
        let Shape::Map(key, _) = *self.shapes.get(from) else {
            return Err(self.not_included(from, to));
        };
        let key = self.type_of(key);
        let argument = self.draft.types.product(&[UNIT, key, value]);
        let body = self.function("same", argument, |translator| {
            let value = translator.look(&Place::argument().part(2))?;
            translator.carry(value, from_value, to_value)
        })?;
        self.function("same", domain, |translator| {
            let unit = translator.unit()?;
            let over = translator.look(&Place::argument())?;
            let start = translator.draft.tuple(domain, &[unit, over])?;
            let each = translator.draft.map_map(body)?;
            translator.draft.compose(start, each)
        })
    }

    fn not_included(&mut self, from: ShapeId, to: ShapeId) -> IllTyped {
        IllTyped::Mismatch {
            combinator: "same",
            expected: self.type_of(to),
            found: self.type_of(from),
        }
    }
}
