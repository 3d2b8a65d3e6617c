//! The names of a machine's interface: what its state, inputs and outputs are called.
//!
//! Types are structural and nameless, so `{ x: Int, y: Int }` and `{ y: Int, x: Int }` are one type.
//! A client that mixed the two up would be understood wrongly and never refused. The schema therefore
//! is part of the program and of its digest: a swap of two fields of one type is another program.
//! Names of locals and functions are not here; they change nothing anybody outside can see.
//!
//! Fields of a record and constructors of a variant stand in the order of their names. That order is
//! also the order of the parts of the type, so the order in which an author wrote them is not part of
//! the program.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::types::{BOOL, BYTES, INT, TEXT, TypeId, TypeTable};

/// A name: of a machine, a type, a field or a constructor.
pub type Name = Arc<str>;

/// The name of a shape within one schema.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ShapeId(pub(crate) u32);

impl ShapeId {
    /// Position in the schema.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A type with its names. Operands are shapes of the same schema with smaller indices.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Shape {
    /// `Int`
    Int,
    /// `Text`
    Text,
    /// `Bytes`
    Bytes,
    /// `Bool`
    Bool,
    /// `()` and `(A, B)`
    Tuple(Box<[ShapeId]>),
    /// `{ x: A, y: B }`, in name order
    Record(Box<[(Name, ShapeId)]>),
    /// `type T = A | B(Int)`: the type's name and its constructors in name order.
    /// A constructor without payload carries the empty tuple.
    Variant(Name, Box<[(Name, ShapeId)]>),
    /// `Option(A)`
    Option(ShapeId),
    /// `List(A)`
    List(ShapeId),
    /// `Map(K, V)`
    Map(ShapeId, ShapeId),
}

impl Shape {
    /// The operands, in order.
    #[must_use]
    pub fn operands(&self) -> Vec<ShapeId> {
        match self {
            Shape::Int | Shape::Text | Shape::Bytes | Shape::Bool => Vec::new(),
            Shape::Tuple(parts) => parts.to_vec(),
            Shape::Record(named) | Shape::Variant(_, named) => {
                named.iter().map(|(_, shape)| *shape).collect()
            }
            Shape::Option(item) | Shape::List(item) => vec![*item],
            Shape::Map(key, value) => vec![*key, *value],
        }
    }
}

/// What a node stamps on an input because the machine asks for it (`machine M version 1 with at, from`).
/// The order here is the order of the fields in the stamped input.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stamp {
    /// `at : Int`, milliseconds since 1970, never decreasing for a machine.
    At = 0,
    /// `from : Text`, the authenticated sender's name.
    From = 1,
    /// `seq : Int`, the number of this step.
    Sequence = 2,
}

impl Stamp {
    /// All stamps, in field order.
    pub const ALL: [Stamp; 3] = [Stamp::At, Stamp::From, Stamp::Sequence];

    /// The word that asks for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Stamp::At => "at",
            Stamp::From => "from",
            Stamp::Sequence => "seq",
        }
    }

    /// The type of the stamped field.
    #[must_use]
    pub fn type_id(self) -> TypeId {
        match self {
            Stamp::At | Stamp::Sequence => INT,
            Stamp::From => TEXT,
        }
    }
}

/// The table of shapes under construction, hash-consed like a type table.
#[derive(Clone, Default, Debug)]
pub struct Shapes {
    entries: Vec<Shape>,
    heights: Vec<u32>,
    index: BTreeMap<Shape, ShapeId>,
}

impl Shapes {
    /// The shape equal to `shape`, made if it is new. Operands must be of this table; fields and
    /// constructors must be in name order.
    pub fn intern(&mut self, shape: Shape) -> ShapeId {
        if let Some(id) = self.index.get(&shape) {
            return *id;
        }
        let id =
            ShapeId(u32::try_from(self.entries.len()).expect("shapes come from bounded source"));
        self.heights.push(self.height_of(&shape));
        self.index.insert(shape.clone(), id);
        self.entries.push(shape);
        id
    }

    /// The entry named `id`.
    #[must_use]
    pub fn get(&self, id: ShapeId) -> &Shape {
        &self.entries[id.index()]
    }

    /// All entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Shape] {
        &self.entries
    }

    /// The id at position `index`, if the table is that long.
    #[must_use]
    pub fn at(&self, index: u32) -> Option<ShapeId> {
        ((index as usize) < self.entries.len()).then_some(ShapeId(index))
    }

    /// Nesting of a shape whose operands are in this table.
    #[must_use]
    pub fn height_of(&self, shape: &Shape) -> u32 {
        let tallest = shape
            .operands()
            .iter()
            .map(|part| self.heights[part.index()])
            .max();
        tallest.map_or(0, |height| height.saturating_add(1))
    }

    /// Whether every entry is one of `roots` or below one.
    #[must_use]
    pub fn all_reached_from(&self, roots: &[ShapeId]) -> bool {
        self.reached_from(roots).into_iter().all(|reached| reached)
    }

    /// The table of what `roots` reach, in canonical order (height, then shape), and the roots' new ids.
    #[must_use]
    pub fn canonical(&self, roots: &[ShapeId]) -> (Shapes, Vec<ShapeId>) {
        let reached = self.reached_from(roots);
        let mut order: Vec<usize> = (0..self.entries.len()).filter(|at| reached[*at]).collect();
        order.sort_by_key(|at| self.heights[*at]);
        let mut shapes = Shapes::default();
        let mut names: Vec<Option<ShapeId>> = vec![None; self.entries.len()];
        for level in order.chunk_by(|left, right| self.heights[*left] == self.heights[*right]) {
            let mut entries: Vec<(Shape, usize)> = level
                .iter()
                .map(|at| {
                    let name = |part: ShapeId| names[part.index()].expect("operands are lower");
                    (renamed(&self.entries[*at], &name), *at)
                })
                .collect();
            entries.sort();
            for (shape, at) in entries {
                names[at] = Some(shapes.intern(shape));
            }
        }
        let roots = roots
            .iter()
            .map(|root| names[root.index()].expect("reached"))
            .collect();
        (shapes, roots)
    }

    pub(crate) fn reached_from(&self, roots: &[ShapeId]) -> Vec<bool> {
        let mut reached = vec![false; self.entries.len()];
        roots.iter().for_each(|root| reached[root.index()] = true);
        for index in (0..self.entries.len()).rev() {
            if reached[index] {
                self.entries[index]
                    .operands()
                    .iter()
                    .for_each(|part| reached[part.index()] = true);
            }
        }
        reached
    }

    /// The structural type of shape `id`, made in `types` if it is new. Linear in the table.
    pub fn erase(&self, id: ShapeId, types: &mut TypeTable) -> TypeId {
        let mut erased: Vec<TypeId> = Vec::with_capacity(id.index() + 1);
        for shape in &self.entries[..=id.index()] {
            let parts: Vec<TypeId> = shape
                .operands()
                .iter()
                .map(|part| erased[part.index()])
                .collect();
            erased.push(match shape {
                Shape::Int => INT,
                Shape::Text => TEXT,
                Shape::Bytes => BYTES,
                Shape::Bool => BOOL,
                Shape::Tuple(_) | Shape::Record(_) => types.product(&parts),
                Shape::Variant(..) => types.sum(&parts),
                Shape::Option(_) => types.option(parts[0]),
                Shape::List(_) => types.list(parts[0]),
                Shape::Map(..) => types.map(parts[0], parts[1]),
            });
        }
        erased[id.index()]
    }

    /// Brings shape `id` of `other`, and all it reaches, into this table.
    pub fn import(&mut self, other: &Shapes, id: ShapeId) -> ShapeId {
        let mut wanted = vec![false; id.index() + 1];
        wanted[id.index()] = true;
        for index in (0..=id.index()).rev() {
            if wanted[index] {
                other.entries[index]
                    .operands()
                    .iter()
                    .for_each(|part| wanted[part.index()] = true);
            }
        }
        let mut names: Vec<Option<ShapeId>> = vec![None; id.index() + 1];
        for (index, shape) in other.entries[..=id.index()].iter().enumerate() {
            if wanted[index] {
                names[index] = Some(self.intern(renamed(shape, &|part: ShapeId| {
                    names[part.index()].expect("operands come first and are wanted")
                })));
            }
        }
        names[id.index()].expect("the root is wanted")
    }
}

fn renamed(shape: &Shape, name: &dyn Fn(ShapeId) -> ShapeId) -> Shape {
    let named = |fields: &[(Name, ShapeId)]| {
        fields
            .iter()
            .map(|(field, shape)| (Name::clone(field), name(*shape)))
            .collect()
    };
    match shape {
        Shape::Int | Shape::Text | Shape::Bytes | Shape::Bool => shape.clone(),
        Shape::Tuple(parts) => Shape::Tuple(parts.iter().map(|part| name(*part)).collect()),
        Shape::Record(fields) => Shape::Record(named(fields)),
        Shape::Variant(title, constructors) => {
            Shape::Variant(Name::clone(title), named(constructors))
        }
        Shape::Option(item) => Shape::Option(name(*item)),
        Shape::List(item) => Shape::List(name(*item)),
        Shape::Map(key, value) => Shape::Map(name(*key), name(*value)),
    }
}

/// The interface of one machine, in names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schema {
    /// The machine's name.
    pub machine: Name,
    /// The version its author gave it; a label, never an identity.
    pub version: u32,
    /// What the node stamps on each input, in field order, without repeats.
    pub stamps: Vec<Stamp>,
    /// All shapes reached from the three below.
    pub shapes: Shapes,
    /// The state.
    pub state: ShapeId,
    /// Inputs, as a client writes them, without stamps.
    pub input: ShapeId,
    /// Outputs.
    pub output: ShapeId,
}

impl PartialEq for Shapes {
    fn eq(&self, other: &Shapes) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Shapes {}

impl Schema {
    /// The type of an input as `step` sees it: the input itself, or the product of the stamps' product
    /// and the input.
    pub fn stamped_input(&self, types: &mut TypeTable) -> TypeId {
        let input = self.shapes.erase(self.input, types);
        if self.stamps.is_empty() {
            return input;
        }
        let fields: Vec<TypeId> = self.stamps.iter().map(|stamp| stamp.type_id()).collect();
        let stamps = types.product(&fields);
        types.product(&[stamps, input])
    }
}
