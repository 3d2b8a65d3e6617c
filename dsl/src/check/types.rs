//! Types while they are being found out: shapes, and forms with holes in them.
//!
//! A type without holes is a shape and nothing else, so equality of known types is equality of two numbers. A type
//! with holes is a form whose parts may be filled by unification. Links make each filled hole the type it was filled
//! with; linking before descending keeps unification nearly linear in a type that shares its parts, where a walk over
//! trees would be exponential.

mod describe;

use std::collections::BTreeMap;

use cam::schema::{Name, Shape, ShapeId, Shapes};
use cam::types::{TypeId, TypeTable};

use crate::source::Span;

/// A type of which parts may not be known yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Partial(u32);

/// The outermost form of a type.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Form {
    /// Not known yet.
    Hole,
    /// Never known, because of a mistake that was reported. It fits everything, so one mistake is one message.
    Unknown,
    /// `Int`, `Text`, `Bytes`, `Bool`, or a variant.
    Shape(ShapeId),
    Tuple(Vec<Partial>),
    Record(Vec<(Name, Partial)>),
    Option(Partial),
    List(Partial),
    Map(Partial, Partial),
    /// `Set(A)`, which is `Map(A, ())` by another name.
    Set(Partial),
    /// `Either(A, B)`, a variant that the language declares.
    Either(Partial, Partial),
    /// `A => B`: a function that `curry` has made. It cannot be written, and nothing can keep it.
    Function(Partial, Partial),
}

/// The variant behind `Either(A, B)`.
pub(super) const EITHER: &str = "Either";

/// Functions have no shape in a schema, since nothing can keep one. From here to the translation a type of functions
/// is a variant of a name that no source can write.
pub(crate) const FUNCTION: &str = "=>";

#[derive(Clone, Debug)]
enum Entry {
    /// For [`Form::Shape`] any shape may stand here, not only those without parts.
    Form(Form),
    Link(Partial),
}

/// Nesting above which a type is refused while it is built. Finished types are held to the machine's own, lower bound.
const DEPTH_MAX: u32 = 64;

pub(crate) struct Types {
    pub(crate) shapes: Shapes,
    /// The machine's own types: they know heights, widths and keys.
    table: TypeTable,
    erased: Vec<TypeId>,
    entries: Vec<Entry>,
    depths: Vec<u32>,
    closed: BTreeMap<ShapeId, Partial>,
    origins: BTreeMap<Partial, Span>,
    finished: BTreeMap<Partial, Option<ShapeId>>,
    /// Entries as they were before the unification that is going on.
    trail: Vec<(Partial, Entry)>,
}

impl Types {
    pub(super) fn new(shapes: Shapes) -> Types {
        let mut types = Types {
            shapes,
            table: TypeTable::new(),
            erased: Vec::new(),
            entries: Vec::new(),
            depths: Vec::new(),
            closed: BTreeMap::new(),
            origins: BTreeMap::new(),
            finished: BTreeMap::new(),
            trail: Vec::new(),
        };
        types.erase();
        types
    }

    /// Interns a shape; `None` if it is above the machine's limits.
    pub(super) fn intern(&mut self, shape: Shape) -> Option<ShapeId> {
        let id = self.shapes.intern(shape);
        self.erase();
        self.table
            .within_limits(self.erased[id.index()])
            .then_some(id)
    }

    /// Brings a shape of an older version into this table.
    pub(super) fn import(&mut self, shapes: &Shapes, id: ShapeId) -> ShapeId {
        let own = self.shapes.import(shapes, id);
        self.erase();
        own
    }

    /// Whether values of the shape can be ordered, and be keys of a map.
    pub(super) fn is_key(&self, id: ShapeId) -> bool {
        self.table.is_key(self.erased[id.index()])
    }

    pub(super) fn hole(&mut self, origin: Span) -> Partial {
        let hole = self.add(Form::Hole, 0);
        self.origins.insert(hole, origin);
        hole
    }

    pub(super) fn unknown(&mut self) -> Partial {
        self.add(Form::Unknown, 0)
    }

    pub(crate) fn closed(&mut self, shape: ShapeId) -> Partial {
        if let Some(known) = self.closed.get(&shape) {
            return *known;
        }
        let partial = self.add(
            Form::Shape(shape),
            self.table.height(self.erased[shape.index()]),
        );
        self.closed.insert(shape, partial);
        partial
    }

    pub(super) fn int(&mut self) -> Partial {
        self.base(Shape::Int)
    }

    pub(super) fn bool(&mut self) -> Partial {
        self.base(Shape::Bool)
    }

    pub(super) fn text(&mut self) -> Partial {
        self.base(Shape::Text)
    }

    pub(super) fn bytes(&mut self) -> Partial {
        self.base(Shape::Bytes)
    }

    pub(super) fn shape_of_unit(&mut self) -> ShapeId {
        let unit = self.shapes.intern(Shape::Tuple(Box::new([])));
        self.erase();
        unit
    }

    pub(super) fn unit(&mut self) -> Partial {
        self.base(Shape::Tuple(Box::new([])))
    }

    /// The type of a form; `Unknown` if it is nested too deeply.
    pub(super) fn make(&mut self, form: Form) -> Partial {
        let parts = parts_of(&form);
        let roots: Vec<Partial> = parts.iter().map(|part| self.root(*part)).collect();
        let shapes: Option<Vec<ShapeId>> =
            roots.iter().map(|root| self.closed_root(*root)).collect();
        if let Some(shapes) = shapes {
            let unit = self.shapes.intern(Shape::Tuple(Box::new([])));
            return match self.intern(shape_of(&form, &shapes, unit)) {
                Some(shape) => self.closed(shape),
                None => self.unknown(),
            };
        }
        let depth = roots
            .iter()
            .map(|root| self.depths[root.0 as usize])
            .max()
            .unwrap_or(0)
            + 1;
        if depth > DEPTH_MAX {
            self.unknown()
        } else {
            self.add(form, depth)
        }
    }

    /// The outermost form, as far as it is known by now.
    pub(crate) fn form(&mut self, partial: Partial) -> Form {
        let root = self.root(partial);
        let Entry::Form(form) = self.entries[root.0 as usize].clone() else {
            return Form::Unknown;
        };
        let id = match form {
            Form::Shape(id) => id,
            Form::Map(key, value) if self.is_unit(value) => return Form::Set(key),
            form => return form,
        };
        match self.shapes.get(id).clone() {
            Shape::Variant(name, sides) if &*name == EITHER && sides.len() == 2 => {
                Form::Either(self.closed(sides[0].1), self.closed(sides[1].1))
            }
            Shape::Variant(name, sides) if &*name == FUNCTION => {
                Form::Function(self.closed(sides[0].1), self.closed(sides[1].1))
            }
            Shape::Int | Shape::Text | Shape::Bytes | Shape::Bool | Shape::Variant(..) => {
                Form::Shape(id)
            }
            Shape::Tuple(parts) => {
                Form::Tuple(parts.iter().map(|part| self.closed(*part)).collect())
            }
            Shape::Record(fields) => Form::Record(
                fields
                    .iter()
                    .map(|(name, shape)| (Name::clone(name), self.closed(*shape)))
                    .collect(),
            ),
            Shape::Option(item) => Form::Option(self.closed(item)),
            Shape::List(item) => Form::List(self.closed(item)),
            Shape::Map(key, value) if self.is_unit_shape(value) => Form::Set(self.closed(key)),
            Shape::Map(key, value) => Form::Map(self.closed(key), self.closed(value)),
        }
    }

    /// Of each shape, whether there is a function in its values.
    pub(super) fn with_functions(&self) -> Vec<bool> {
        let mut all: Vec<bool> = Vec::new();
        for shape in self.shapes.entries() {
            let mut parts = shape.operands().into_iter();
            all.push(is_function(shape) || parts.any(|part| all[part.index()]));
        }
        all
    }

    /// Whether the type is known to be the empty tuple.
    fn is_unit(&self, partial: Partial) -> bool {
        let shape = self.closed_root(self.root(partial));
        shape.is_some_and(|shape| self.is_unit_shape(shape))
    }

    fn is_unit_shape(&self, shape: ShapeId) -> bool {
        matches!(self.shapes.get(shape), Shape::Tuple(parts) if parts.is_empty())
    }

    pub(super) fn is_unknown(&mut self, partial: Partial) -> bool {
        self.form(partial) == Form::Unknown
    }

    pub(super) fn is_option(&self, partial: Partial) -> bool {
        match &self.entries[self.root(partial).0 as usize] {
            Entry::Form(Form::Shape(id)) => matches!(self.shapes.get(*id), Shape::Option(_)),
            Entry::Form(form) => matches!(form, Form::Option(_)),
            Entry::Link(_) => false,
        }
    }

    pub(super) fn is_list(&self, partial: Partial) -> bool {
        match &self.entries[self.root(partial).0 as usize] {
            Entry::Form(Form::Shape(id)) => matches!(self.shapes.get(*id), Shape::List(_)),
            Entry::Form(form) => matches!(form, Form::List(_)),
            Entry::Link(_) => false,
        }
    }

    pub(super) fn is_text(&mut self, partial: Partial) -> bool {
        let form = self.form(partial);
        matches!(form, Form::Shape(id) if *self.shapes.get(id) == Shape::Text)
    }

    pub(super) fn is_bytes(&mut self, partial: Partial) -> bool {
        let form = self.form(partial);
        matches!(form, Form::Shape(id) if *self.shapes.get(id) == Shape::Bytes)
    }

    /// Makes two types one; `false`, and no change, if they cannot be.
    pub(super) fn unify(&mut self, left: Partial, right: Partial) -> bool {
        self.trail.clear();
        let united = self.unify_at(left, right, 0);
        if !united {
            while let Some((partial, entry)) = self.trail.pop() {
                self.entries[partial.0 as usize] = entry;
            }
        }
        united
    }

    /// The shape, if the type has no holes left.
    pub(crate) fn shape(&mut self, partial: Partial) -> Option<ShapeId> {
        self.shape_at(partial, 0)
    }

    /// The places where types came up that are still not known.
    pub(super) fn open_holes(&mut self) -> Vec<Span> {
        let origins: Vec<(Partial, Span)> = self
            .origins
            .iter()
            .map(|(hole, span)| (*hole, *span))
            .collect();
        origins
            .into_iter()
            .filter(|(hole, _)| self.form(*hole) == Form::Hole)
            .map(|(_, span)| span)
            .collect()
    }

    fn base(&mut self, shape: Shape) -> Partial {
        let id = self.shapes.intern(shape);
        self.erase();
        self.closed(id)
    }

    fn add(&mut self, form: Form, depth: u32) -> Partial {
        let id = u32::try_from(self.entries.len()).expect("types come from bounded source");
        self.entries.push(Entry::Form(form));
        self.depths.push(depth);
        Partial(id)
    }

    fn root(&self, mut partial: Partial) -> Partial {
        while let Entry::Link(next) = &self.entries[partial.0 as usize] {
            partial = *next;
        }
        partial
    }

    fn closed_root(&self, root: Partial) -> Option<ShapeId> {
        match &self.entries[root.0 as usize] {
            Entry::Form(Form::Shape(id)) => Some(*id),
            _ => None,
        }
    }

    fn link(&mut self, from: Partial, to: Partial) {
        let before = std::mem::replace(&mut self.entries[from.0 as usize], Entry::Link(to));
        self.trail.push((from, before));
    }

    fn unify_at(&mut self, left: Partial, right: Partial, depth: u32) -> bool {
        let (left, right) = (self.root(left), self.root(right));
        if left == right || depth > DEPTH_MAX {
            return true; // what is nested deeper never becomes a shape, and is reported then
        }
        let (ours, theirs) = (self.form(left), self.form(right));
        match (&ours, &theirs) {
            (Form::Hole, _) => {
                self.link(left, right);
                return true;
            }
            (_, Form::Hole) => {
                self.link(right, left);
                return true;
            }
            (Form::Unknown, _) | (_, Form::Unknown) => return true,
            _ => {}
        }
        let (open_left, open_right) = (
            self.closed_root(left).is_none(),
            self.closed_root(right).is_none(),
        );
        if !(open_left || open_right) || !same_head(&ours, &theirs) {
            return false; // two shapes of one table are equal only if they are the same
        }
        if open_left {
            self.link(left, right);
        } else {
            self.link(right, left);
        }
        let unit = self.unit();
        let (ours, theirs) = (entries_of(&ours, unit), entries_of(&theirs, unit));
        let pairs: Vec<_> = ours.into_iter().zip(theirs).collect();
        pairs
            .into_iter()
            .all(|(ours, theirs)| self.unify_at(ours, theirs, depth + 1))
    }

    fn shape_at(&mut self, partial: Partial, depth: u32) -> Option<ShapeId> {
        let root = self.root(partial);
        if let Some(known) = self.closed_root(root) {
            return Some(known);
        }
        if let Some(known) = self.finished.get(&root) {
            return *known;
        }
        let form = self.form(root);
        if depth > DEPTH_MAX || matches!(form, Form::Hole | Form::Unknown) {
            return None;
        }
        let parts = parts_of(&form);
        let shapes: Option<Vec<ShapeId>> = parts
            .into_iter()
            .map(|part| self.shape_at(part, depth + 1))
            .collect();
        let unit = self.shapes.intern(Shape::Tuple(Box::new([])));
        let shape = shapes.and_then(|shapes| self.intern(shape_of(&form, &shapes, unit)));
        if shape.is_some() {
            self.finished.insert(root, shape);
        }
        shape
    }

    /// Erases the shapes that were added since the last time.
    fn erase(&mut self) {
        for shape in &self.shapes.entries()[self.erased.len()..] {
            let parts: Vec<TypeId> = shape
                .operands()
                .iter()
                .map(|part| self.erased[part.index()])
                .collect();
            self.erased.push(match shape {
                Shape::Int => cam::types::INT,
                Shape::Text => cam::types::TEXT,
                Shape::Bytes => cam::types::BYTES,
                Shape::Bool => cam::types::BOOL,
                Shape::Tuple(_) | Shape::Record(_) => self.table.product(&parts),
                shape if is_function(shape) => self.table.function(parts[0], parts[1]),
                Shape::Variant(..) => self.table.sum(&parts),
                Shape::Option(_) => self.table.option(parts[0]),
                Shape::List(_) => self.table.list(parts[0]),
                Shape::Map(..) => self.table.map(parts[0], parts[1]),
            });
        }
    }
}

fn parts_of(form: &Form) -> Vec<Partial> {
    match form {
        Form::Hole | Form::Unknown | Form::Shape(_) => Vec::new(),
        Form::Tuple(parts) => parts.clone(),
        Form::Record(fields) => fields.iter().map(|(_, part)| *part).collect(),
        Form::Option(item) | Form::List(item) | Form::Set(item) => vec![*item],
        Form::Map(a, b) | Form::Either(a, b) | Form::Function(a, b) => vec![*a, *b],
    }
}

/// The parts of a form, where a set has those of the map it is.
fn entries_of(form: &Form, unit: Partial) -> Vec<Partial> {
    match form {
        Form::Set(item) => vec![*item, unit],
        _ => parts_of(form),
    }
}

fn same_head(left: &Form, right: &Form) -> bool {
    match (left, right) {
        (Form::Tuple(a), Form::Tuple(b)) => a.len() == b.len(),
        (Form::Record(a), Form::Record(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((left, _), (right, _))| left == right)
        }
        (Form::Option(_), Form::Option(_))
        | (Form::List(_), Form::List(_))
        | (Form::Either(..), Form::Either(..))
        | (Form::Function(..), Form::Function(..))
        | (Form::Map(..) | Form::Set(_), Form::Map(..) | Form::Set(_)) => true,
        _ => false,
    }
}

/// Whether values of the shape are functions.
pub(crate) fn is_function(shape: &Shape) -> bool {
    matches!(shape, Shape::Variant(name, _) if &**name == FUNCTION)
}

/// The shape of `Either(left, right)`.
pub(super) fn either(left: ShapeId, right: ShapeId) -> Shape {
    Shape::Variant(
        EITHER.into(),
        [("Left".into(), left), ("Right".into(), right)].into(),
    )
}

/// The shape of a form whose parts are these shapes. A form without parts is the empty tuple or record.
fn shape_of(form: &Form, parts: &[ShapeId], unit: ShapeId) -> Shape {
    match form {
        Form::Record(fields) => Shape::Record(
            fields
                .iter()
                .zip(parts)
                .map(|((name, _), shape)| (Name::clone(name), *shape))
                .collect(),
        ),
        Form::Option(_) => Shape::Option(parts[0]),
        Form::List(_) => Shape::List(parts[0]),
        Form::Map(..) => Shape::Map(parts[0], parts[1]),
        Form::Set(_) => Shape::Map(parts[0], unit),
        Form::Either(..) => either(parts[0], parts[1]),
        Form::Function(..) => {
            let sides = [("from".into(), parts[0]), ("to".into(), parts[1])];
            Shape::Variant(FUNCTION.into(), sides.into())
        }
        Form::Tuple(_) | Form::Hole | Form::Unknown | Form::Shape(_) => Shape::Tuple(parts.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_from_either_side() {
        let mut types = Types::new(Shapes::default());
        let (hole, int) = (types.hole(Span::default()), types.int());
        let open = types.make(Form::Option(hole));
        let closed = types.make(Form::Option(int));
        assert!(types.unify(open, closed));
        assert_eq!(types.shape(open), types.shape(closed));
        assert_eq!(types.describe(open), "Option(Int)");
    }

    #[test]
    fn a_failed_unification_changes_nothing() {
        let mut types = Types::new(Shapes::default());
        let (hole, int, text) = (types.hole(Span::default()), types.int(), types.text());
        let open = types.make(Form::Tuple(vec![hole, int]));
        let closed = types.make(Form::Tuple(vec![text, text]));
        assert!(!types.unify(open, closed));
        assert_eq!(types.describe(open), "(_, Int)");
    }

    #[test]
    fn a_type_inside_itself_has_no_shape_and_ends() {
        let mut types = Types::new(Shapes::default());
        let hole = types.hole(Span::default());
        let list = types.make(Form::List(hole));
        assert!(types.unify(hole, list));
        assert_eq!(types.shape(list), None);
        assert!(types.unify(list, hole));
        assert!(types.describe(list).len() < 200);
    }

    #[test]
    fn doubling_types_cost_little_and_are_refused() {
        let mut types = Types::new(Shapes::default());
        let (mut left, mut right) = (types.hole(Span::default()), types.hole(Span::default()));
        for _ in 0..50 {
            left = types.make(Form::Tuple(vec![left, left]));
            right = types.make(Form::Tuple(vec![right, right]));
        }
        assert!(types.unify(left, right));
        assert!(types.describe(left).len() < 400);
        let int = types.int();
        let hole = types.hole(Span::default());
        assert!(types.unify(hole, int));
        assert_eq!(types.shape(left), None);
    }
}
