//! Slots: how a value of each type lies in machine words.
//!
//! A product is its parts side by side. A sum is its tag and room for its widest payload. What has no fixed
//! size (a text, a list, a map) is a handle: the number of an entry in a table. Words and handles are
//! kept apart, words first, so that which slot holds a handle is known without looking at any tag; a
//! payload takes the first slots of the room and the rest is zero, which is the word 0 and the handle of
//! nothing. Two values of a type without handles are therefore equal exactly if their slots are.

use crate::types::{Type, TypeId, TypeTable};
use crate::value::{PRODUCT_WEIGHT, SUM_WEIGHT, Value};

/// How a type lies in slots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Slots that are plain words.
    pub words: usize,
    /// Slots that are handles.
    pub handles: usize,
    /// For a product, where each part's words and handles start.
    pub parts: Box<[(usize, usize)]>,
    /// The weight, if all values of the type weigh the same.
    pub fixed_weight: Option<u64>,
    /// The weight of the heaviest value, without what its handles stand for.
    pub heaviest: u64,
    /// Whether a function is in it: such a value exists in the translation only.
    pub function: bool,
}

impl Layout {
    /// Slots in all.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.words + self.handles
    }

    fn leaf(words: usize, handles: usize, fixed_weight: Option<u64>) -> Layout {
        Layout {
            words,
            handles,
            parts: Box::default(),
            fixed_weight,
            heaviest: fixed_weight.unwrap_or(0),
            function: false,
        }
    }
}

/// The layouts of all types of a table. Linear in the table: a layout of a product has an entry for each
/// part, never for each slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layouts {
    layouts: Box<[Layout]>,
}

impl Layouts {
    /// Lays out every type of `types`.
    #[must_use]
    pub fn new(types: &TypeTable) -> Layouts {
        let mut layouts: Vec<Layout> = Vec::with_capacity(types.len());
        for index in 0..types.len() {
            let id = u32::try_from(index).ok().and_then(|index| types.at(index));
            let entry = types.get(id.expect("the table is that long"));
            layouts.push(layout(entry, &layouts));
        }
        Layouts {
            layouts: layouts.into(),
        }
    }

    /// The layout of `id`.
    #[must_use]
    pub fn of(&self, id: TypeId) -> &Layout {
        &self.layouts[id.index()]
    }

    /// Takes a value of type `id` apart: its words, and its containers in the order of its handles, with
    /// nothing where a payload leaves the room of a sum empty. Recursion is bounded by the type's height.
    pub fn flatten<'v>(
        &self,
        types: &TypeTable,
        id: TypeId,
        value: &'v Value,
        words: &mut Vec<i64>,
        containers: &mut Vec<Option<&'v Value>>,
    ) {
        match (value, types.get(id)) {
            (Value::Int(integer), _) => words.push(*integer),
            (Value::Product(values), Type::Product(parts)) => {
                for (value, part) in values.iter().zip(parts) {
                    self.flatten(types, *part, value, words, containers);
                }
            }
            (Value::Sum(tag, payload), Type::Sum(payloads)) => {
                let own = self.of(id);
                let filled = (words.len() + own.words, containers.len() + own.handles);
                words.push(i64::from(*tag));
                let id = payloads[usize::from(*tag)];
                self.flatten(types, id, payload, words, containers);
                words.resize(filled.0, 0);
                containers.resize(filled.1, None);
            }
            _ => containers.push(Some(value)),
        }
    }
}

fn layout(entry: &Type, smaller: &[Layout]) -> Layout {
    match entry {
        Type::Int => Layout::leaf(1, 0, Some(8)),
        Type::Text | Type::Bytes | Type::List(_) | Type::Map(..) => Layout::leaf(0, 1, None),
        Type::Function(..) => Layout {
            function: true,
            ..Layout::leaf(0, 1, None)
        },
        Type::Product(parts) => product(parts, smaller),
        Type::Sum(payloads) => sum(payloads, smaller),
    }
}

fn product(parts: &[TypeId], smaller: &[Layout]) -> Layout {
    let mut whole = Layout::leaf(0, 0, Some(PRODUCT_WEIGHT));
    let mut starts = Vec::with_capacity(parts.len());
    for part in parts {
        let part = &smaller[part.index()];
        starts.push((whole.words, whole.handles));
        whole.words += part.words;
        whole.handles += part.handles;
        whole.fixed_weight = whole
            .fixed_weight
            .zip(part.fixed_weight)
            .map(|(sum, part)| sum.saturating_add(part));
        whole.heaviest = whole.heaviest.saturating_add(part.heaviest);
        whole.function |= part.function;
    }
    whole.parts = starts.into();
    whole
}

fn sum(payloads: &[TypeId], smaller: &[Layout]) -> Layout {
    let payloads = || payloads.iter().map(|payload| &smaller[payload.index()]);
    let first = payloads().next().and_then(|payload| payload.fixed_weight);
    let alike = payloads().all(|payload| payload.fixed_weight == first);
    let heaviest = payloads().map(|payload| payload.heaviest).max();
    Layout {
        words: 1 + payloads().map(|payload| payload.words).max().unwrap_or(0),
        handles: payloads().map(|payload| payload.handles).max().unwrap_or(0),
        parts: Box::default(),
        fixed_weight: first
            .filter(|_| alike)
            .map(|weight| weight.saturating_add(SUM_WEIGHT)),
        heaviest: heaviest.unwrap_or(0).saturating_add(SUM_WEIGHT),
        function: payloads().any(|payload| payload.function),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{BOOL, INT, TEXT, UNIT};

    #[test]
    fn words_come_first_and_payloads_share_their_room() {
        let mut types = TypeTable::new();
        let pair = types.product(&[TEXT, INT]);
        let either = types.sum(&[pair, INT, UNIT]);
        let layouts = Layouts::new(&types);
        assert_eq!(layouts.of(UNIT).slots(), 0);
        assert_eq!((layouts.of(BOOL).words, layouts.of(BOOL).handles), (1, 0));
        assert_eq!(*layouts.of(pair).parts, [(0, 0), (0, 1)]);
        assert_eq!(
            (layouts.of(either).words, layouts.of(either).handles),
            (2, 1)
        );
        assert_eq!(layouts.of(BOOL).fixed_weight, Some(16));
        assert_eq!(layouts.of(either).fixed_weight, None);
    }
}
