//! Types of the machine: structural, each an entry of a table.
//!
//! Types are never compared as trees. A table is hash-consed, so two types of one table are equal
//! exactly when their indices are, and a type of exponential size costs one entry per level. Types
//! carry no names; the names a person sees stand in the [`Schema`](crate::schema::Schema).
//!
//! Functions are second-class: their types stand in products and in the types of functions, and nowhere
//! else. All other types are *data*. What may be chosen, kept or sent is data, so along one path of calls
//! every application has one possible closure.
//!
//! There are no recursive types. Lists and maps cover inductive data, and a value is then never
//! nested deeper than its type is high, so the recursive walks over values (compare, encode, drop)
//! have a bound that is known before the value exists.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::limits::{ARITY_MAX, TYPE_HEIGHT_MAX, TYPE_WIDTH_MAX};

/// The name of a type within one table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub(crate) u32);

/// The product of nothing; its one value is the empty tuple.
pub const UNIT: TypeId = TypeId(0);
/// `Unit + Unit`: false, true.
pub const BOOL: TypeId = TypeId(1);
/// `Unit + Unit + Unit`: less, equal, greater.
pub const ORDERING: TypeId = TypeId(2);
/// 64-bit signed integers; arithmetic is checked.
pub const INT: TypeId = TypeId(3);
/// Unicode text.
pub const TEXT: TypeId = TypeId(4);
/// Byte strings.
pub const BYTES: TypeId = TypeId(5);

/// How many types every table starts with.
pub const PREDECLARED: u32 = 6;

impl TypeId {
    /// Position in the table.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One entry of a table. Operands are entries of the same table with smaller indices.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Type {
    /// Tuples and records.
    Product(Box<[TypeId]>),
    /// Variants: one payload type for each constructor, at least one.
    Sum(Box<[TypeId]>),
    /// 64-bit signed integers.
    Int,
    /// Unicode text.
    Text,
    /// Byte strings.
    Bytes,
    /// Finite sequences.
    List(TypeId),
    /// Finite maps, ordered by key.
    Map(TypeId, TypeId),
    /// Functions, from and to. Second-class: no data.
    Function(TypeId, TypeId),
}

impl Type {
    /// The operands, in order.
    #[must_use]
    pub fn operands(&self) -> Vec<TypeId> {
        match self {
            Type::Product(parts) | Type::Sum(parts) => parts.to_vec(),
            Type::Int | Type::Text | Type::Bytes => Vec::new(),
            Type::List(item) => vec![*item],
            Type::Map(left, right) | Type::Function(left, right) => vec![*left, *right],
        }
    }

    /// The constructor's byte in the encoding.
    #[must_use]
    pub fn constructor(&self) -> u8 {
        match self {
            Type::Product(_) => 0x01,
            Type::Sum(_) => 0x02,
            Type::Int => 0x03,
            Type::Text => 0x04,
            Type::Bytes => 0x05,
            Type::List(_) => 0x06,
            Type::Map(..) => 0x07,
            Type::Function(..) => 0x08,
        }
    }

    /// The first format that has it.
    #[must_use]
    pub fn since(&self) -> u64 {
        match self {
            Type::Function(..) => 2,
            _ => 1,
        }
    }

    /// The operands without a list of them: those of a product or sum, then those of a container.
    pub(crate) fn split(&self) -> (&[TypeId], [Option<TypeId>; 2]) {
        match self {
            Type::Product(parts) | Type::Sum(parts) => (parts, [None, None]),
            Type::Int | Type::Text | Type::Bytes => (&[], [None, None]),
            Type::List(item) => (&[], [Some(*item), None]),
            Type::Map(left, right) | Type::Function(left, right) => {
                (&[], [Some(*left), Some(*right)])
            }
        }
    }

    /// The operands, in order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = TypeId> + '_ {
        let (many, few) = self.split();
        many.iter().copied().chain(few.into_iter().flatten())
    }

    fn renamed(&self, name: impl Fn(TypeId) -> TypeId) -> Type {
        let all = |parts: &[TypeId]| parts.iter().map(|part| name(*part)).collect();
        match self {
            Type::Product(parts) => Type::Product(all(parts)),
            Type::Sum(parts) => Type::Sum(all(parts)),
            Type::List(item) => Type::List(name(*item)),
            Type::Map(key, value) => Type::Map(name(*key), name(*value)),
            Type::Function(from, to) => Type::Function(name(*from), name(*to)),
            Type::Int | Type::Text | Type::Bytes => self.clone(),
        }
    }
}

/// What is known of an entry without looking below it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Attributes {
    height: u32,
    width: u64,
    data: bool,
    key: bool,
    bytes: bool,
}

/// Where a type stands in a canonical table: by height, then constructor, then operands. Heights first
/// makes operands precede what uses them.
type Rank<'a> = (u32, u8, &'a [TypeId], [Option<TypeId>; 2]);

fn rank(height: u32, entry: &Type) -> Rank<'_> {
    let (many, few) = entry.split();
    (height, entry.constructor(), many, few)
}

/// The types that every table has need no look-up.
fn predeclared(entry: &Type) -> Option<TypeId> {
    match entry {
        Type::Product(parts) => parts.is_empty().then_some(UNIT),
        Type::Sum(payloads) => match **payloads {
            [UNIT, UNIT] => Some(BOOL),
            [UNIT, UNIT, UNIT] => Some(ORDERING),
            _ => None,
        },
        Type::Int => Some(INT),
        Type::Text => Some(TEXT),
        Type::Bytes => Some(BYTES),
        Type::List(_) | Type::Map(..) | Type::Function(..) => None,
    }
}

/// A hash-consed table of types.
///
/// While a module is under construction a table may hold types above the limits (the environment of a
/// long handler is a tall product that never reaches the bytecode); what a module encodes is checked
/// by [`TypeTable::within_limits`].
#[derive(Clone, Debug)]
pub struct TypeTable {
    entries: Vec<Type>,
    attributes: Vec<Attributes>,
    /// How many entries are the predeclared ones and then in canonical order: these are found by
    /// halving. A table that was read has no others, so nothing of it is written down twice.
    sorted: usize,
    /// The entries after those, by what they are.
    index: BTreeMap<Type, TypeId>,
}

impl Default for TypeTable {
    fn default() -> TypeTable {
        TypeTable::new()
    }
}

impl PartialEq for TypeTable {
    fn eq(&self, other: &TypeTable) -> bool {
        self.entries == other.entries
    }
}

impl Eq for TypeTable {}

impl TypeTable {
    /// The table of the predeclared types alone.
    #[must_use]
    pub fn new() -> TypeTable {
        let mut table = TypeTable {
            entries: Vec::new(),
            attributes: Vec::new(),
            sorted: PREDECLARED as usize,
            index: BTreeMap::new(),
        };
        let entries = [
            Type::Product(Box::new([])),
            Type::Sum(Box::new([UNIT; 2])),
            Type::Sum(Box::new([UNIT; 3])),
            Type::Int,
            Type::Text,
            Type::Bytes,
        ];
        for entry in entries {
            table.attributes.push(table.attributes_of(&entry));
            table.entries.push(entry);
        }
        table
    }

    /// The entry named `id`.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &Type {
        &self.entries[id.index()]
    }

    /// The id at position `index`, if the table is that long.
    #[must_use]
    pub fn at(&self, index: u32) -> Option<TypeId> {
        ((index as usize) < self.entries.len()).then_some(TypeId(index))
    }

    /// All entries after the predeclared ones, in table order.
    #[must_use]
    pub fn declared(&self) -> &[Type] {
        &self.entries[PREDECLARED as usize..]
    }

    /// Entries, the predeclared ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never: the predeclared types are always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The product of `parts`.
    pub fn product(&mut self, parts: &[TypeId]) -> TypeId {
        self.intern(Type::Product(parts.into()))
    }

    /// The sum of `payloads`.
    pub fn sum(&mut self, payloads: &[TypeId]) -> TypeId {
        self.intern(Type::Sum(payloads.into()))
    }

    /// `Unit + item`: none, some.
    pub fn option(&mut self, item: TypeId) -> TypeId {
        self.sum(&[UNIT, item])
    }

    /// Lists of `item`.
    pub fn list(&mut self, item: TypeId) -> TypeId {
        self.intern(Type::List(item))
    }

    /// Maps from `key` to `value`.
    pub fn map(&mut self, key: TypeId, value: TypeId) -> TypeId {
        self.intern(Type::Map(key, value))
    }

    /// Functions from `from` to `to`.
    pub fn function(&mut self, from: TypeId, to: TypeId) -> TypeId {
        self.intern(Type::Function(from, to))
    }

    /// The entry equal to `entry`, made if it is new. Operands must be of this table.
    pub fn intern(&mut self, entry: Type) -> TypeId {
        if let Some(id) = self.find(&entry) {
            return id;
        }
        let id = self.next_id();
        self.attributes.push(self.attributes_of(&entry));
        self.index.insert(entry.clone(), id);
        self.entries.push(entry);
        id
    }

    /// Appends an entry that was read. Says whether it is next in canonical order; if it is not, the
    /// table is good for nothing but to say more about the entry. Operands must be of this table.
    pub(crate) fn declare(&mut self, entry: Type) -> (TypeId, bool) {
        let id = self.next_id();
        let attributes = self.attributes_of(&entry);
        let last = self.entries.len() - 1;
        let first = last < PREDECLARED as usize;
        let rises = first || self.rank_of(last) < rank(attributes.height, &entry);
        let rises = rises && predeclared(&entry).is_none();
        self.attributes.push(attributes);
        self.entries.push(entry);
        self.sorted = self.entries.len();
        (id, rises)
    }

    fn next_id(&self) -> TypeId {
        TypeId(u32::try_from(self.entries.len()).expect("arrows are bounded, so types are"))
    }

    /// The entry equal to `entry`, if there is one.
    #[must_use]
    pub fn find(&self, entry: &Type) -> Option<TypeId> {
        predeclared(entry)
            .or_else(|| self.find_sorted(entry))
            .or_else(|| self.index.get(entry).copied())
    }

    fn find_sorted(&self, entry: &Type) -> Option<TypeId> {
        let (mut low, mut high) = (PREDECLARED as usize, self.sorted);
        if low == high || entry.parts().any(|part| part.index() >= self.len()) {
            return None;
        }
        let wanted = rank(self.attributes_of(entry).height, entry);
        while low < high {
            let middle = low.midpoint(high);
            match self.rank_of(middle).cmp(&wanted) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return u32::try_from(middle).ok().map(TypeId),
            }
        }
        None
    }

    /// Where type `id` of `other` stands in this table, if it does. Linear in `other`.
    #[must_use]
    pub fn find_from(&self, other: &TypeTable, id: TypeId) -> Option<TypeId> {
        let mut names: Vec<Option<TypeId>> = Vec::with_capacity(id.index() + 1);
        for entry in &other.entries[..=id.index()] {
            let known = entry.parts().all(|part| names[part.index()].is_some());
            names.push(if known {
                self.find(
                    &entry.renamed(|part| names[part.index()].expect("known, by the line above")),
                )
            } else {
                None
            });
        }
        names[id.index()]
    }

    /// Brings type `id` of `other`, and all it reaches, into this table. Linear in `other`.
    pub fn import(&mut self, other: &TypeTable, id: TypeId) -> TypeId {
        let mut wanted = vec![false; id.index() + 1];
        wanted[id.index()] = true;
        for index in (0..=id.index())
            .rev()
            .filter(|index| *index >= PREDECLARED as usize)
        {
            if wanted[index] {
                for part in other.entries[index].parts() {
                    wanted[part.index()] = true;
                }
            }
        }
        let mut names: Vec<TypeId> = Vec::with_capacity(id.index() + 1);
        for (index, entry) in other.entries[..=id.index()].iter().enumerate() {
            let own = if index < PREDECLARED as usize {
                TypeId(u32::try_from(index).expect("below six"))
            } else if wanted[index] {
                self.intern(entry.renamed(|part| names[part.index()]))
            } else {
                UNIT // never read: nothing wanted reaches it
            };
            names.push(own);
        }
        names[id.index()]
    }

    /// Brings all types of `other` into this table: where each of them stands in it, by its index there. Linear.
    pub(crate) fn import_all(&mut self, other: &TypeTable) -> Vec<TypeId> {
        let mut names: Vec<TypeId> = Vec::with_capacity(other.len());
        for entry in &other.entries {
            let own = self.intern(entry.renamed(|part| names[part.index()]));
            names.push(own);
        }
        names
    }

    /// Nesting of the type: 0 for a type without operands.
    #[must_use]
    pub fn height(&self, id: TypeId) -> u32 {
        self.attributes[id.index()].height
    }

    /// Whether a value of the type takes a byte at least. One that takes none is a product of nothing, or of such.
    pub(crate) fn has_bytes(&self, id: TypeId) -> bool {
        self.attributes[id.index()].bytes
    }

    /// Slots of the type when products are laid flat; what is in a container counts for nothing.
    #[must_use]
    pub fn width(&self, id: TypeId) -> u64 {
        self.attributes[id.index()].width
    }

    /// Whether values of the type may be chosen, kept and sent: no function inside.
    #[must_use]
    pub fn is_data(&self, id: TypeId) -> bool {
        self.attributes[id.index()].data
    }

    /// What the type would keep functions in, if it would: they may stand in products and in the types of
    /// functions only.
    #[must_use]
    pub fn keeps_functions(&self, id: TypeId) -> Option<&'static str> {
        let (place, kept): (_, &[TypeId]) = match self.get(id) {
            Type::Sum(payloads) => ("a sum", payloads),
            Type::List(item) => ("a list", std::slice::from_ref(item)),
            Type::Map(key, value) => ("a map", &[*key, *value]),
            _ => return None,
        };
        kept.iter()
            .any(|part| !self.is_data(*part))
            .then_some(place)
    }

    /// Whether values of the type may be keys of a map: data without a map inside.
    #[must_use]
    pub fn is_key(&self, id: TypeId) -> bool {
        self.attributes[id.index()].key
    }

    /// Whether the type may stand in a module: height, width and arity are within the limits.
    #[must_use]
    pub fn within_limits(&self, id: TypeId) -> bool {
        let Attributes { height, width, .. } = self.attributes[id.index()];
        let arity = match self.get(id) {
            Type::Product(parts) => parts.len() <= ARITY_MAX,
            Type::Sum(payloads) => !payloads.is_empty() && payloads.len() <= ARITY_MAX,
            Type::Map(key, _) => self.is_key(*key),
            Type::Int | Type::Text | Type::Bytes | Type::List(_) | Type::Function(..) => true,
        };
        arity && height <= TYPE_HEIGHT_MAX && width <= TYPE_WIDTH_MAX
    }

    fn rank_of(&self, index: usize) -> Rank<'_> {
        rank(self.attributes[index].height, &self.entries[index])
    }

    /// The table of the `reached` entries in canonical order, and their names in it. What is reached
    /// must reach only what is reached.
    pub(crate) fn canonical(&self, reached: &[bool]) -> (TypeTable, BTreeMap<TypeId, TypeId>) {
        let predeclared = (0..PREDECLARED).map(|index| (TypeId(index), TypeId(index)));
        let mut names: BTreeMap<TypeId, TypeId> = predeclared.collect();
        let mut table = TypeTable::new();
        let mut order: Vec<TypeId> = (PREDECLARED..)
            .map(TypeId)
            .take_while(|id| id.index() < self.len())
            .filter(|id| reached[id.index()])
            .collect();
        order.sort_by_key(|id| self.height(*id));
        for level in order.chunk_by(|left, right| self.height(*left) == self.height(*right)) {
            let mut entries: Vec<(u8, Vec<TypeId>, TypeId)> = level
                .iter()
                .map(|id| {
                    let renamed = self.get(*id).renamed(|part| names[&part]);
                    (renamed.constructor(), renamed.operands(), *id)
                })
                .collect();
            entries.sort();
            for (_, _, id) in entries {
                let own = table.intern(self.get(id).renamed(|part| names[&part]));
                names.insert(id, own);
            }
        }
        (table, names)
    }

    fn attributes_of(&self, entry: &Type) -> Attributes {
        let (many, few) = entry.split();
        let few = few.into_iter().flatten();
        let mut parts = Attributes {
            height: 0,
            width: 0,
            data: true,
            key: true,
            bytes: false,
        };
        let mut widest = 0;
        // One after the other: a chain asks at each part which of the two it is in.
        let mut add = |part: TypeId| {
            let part = self.attributes[part.index()];
            parts.height = parts.height.max(part.height.saturating_add(1));
            parts.width = parts.width.saturating_add(part.width);
            parts.data &= part.data;
            parts.key &= part.key;
            parts.bytes |= part.bytes;
            widest = widest.max(part.width);
        };
        many.iter().copied().for_each(&mut add);
        few.for_each(add);
        let width = match entry {
            // At least 1, or a tower of products of nothing would be wide in values and not in width.
            Type::Product(_) => parts.width.max(1),
            Type::Sum(_) => widest.saturating_add(1),
            Type::Int
            | Type::Text
            | Type::Bytes
            | Type::List(_)
            | Type::Map(..)
            | Type::Function(..) => 1,
        };
        let data = !matches!(entry, Type::Function(..)) && parts.data;
        let key = data && !matches!(entry, Type::Map(..)) && parts.key;
        Attributes {
            height: parts.height,
            width,
            data,
            key,
            bytes: !matches!(entry, Type::Product(_)) || parts.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_types_have_one_name() {
        let mut table = TypeTable::new();
        let pair = table.product(&[INT, TEXT]);
        assert_eq!(table.product(&[INT, TEXT]), pair);
        assert_ne!(table.product(&[TEXT, INT]), pair);
        assert_eq!(table.sum(&[UNIT, UNIT]), BOOL);
    }

    #[test]
    fn a_doubling_chain_is_cheap_and_out_of_limits() {
        let mut table = TypeTable::new();
        let mut doubled = INT;
        for _ in 0..4000 {
            doubled = table.product(&[doubled, doubled]);
        }
        assert_eq!(table.height(doubled), 4000);
        assert!(!table.within_limits(doubled));
    }

    #[test]
    fn a_map_is_no_key() {
        let mut table = TypeTable::new();
        let map = table.map(TEXT, INT);
        let nested = table.list(map);
        assert!(table.is_key(TEXT) && !table.is_key(map) && !table.is_key(nested));
        let bad = table.map(nested, INT);
        assert!(table.within_limits(map) && !table.within_limits(bad));
    }

    #[test]
    fn import_keeps_the_structure() {
        let mut left = TypeTable::new();
        let unrelated = left.list(TEXT);
        let map = left.map(TEXT, INT);
        let both = left.product(&[map, INT]);
        let mut right = TypeTable::new();
        assert_eq!(right.find_from(&left, both), None);
        let moved = right.import(&left, both);
        assert_eq!(right.find_from(&left, both), Some(moved));
        assert_eq!(right.find_from(&left, unrelated), None);
        assert_eq!(right.len(), PREDECLARED as usize + 2);
    }
}
