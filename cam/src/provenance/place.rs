//! Places: the parts of a state by their names, as a tree.
//!
//! A tuple or record has parts and is no leaf. A choice, a list and a map are leaves (which constructor, how many
//! items, which keys) and have parts. Items have one place for all of them: the flow does not tell them apart.

use std::sync::Arc;

use crate::limits::PLACES_MAX;
use crate::provenance::TooMuch;
use crate::provenance::sources::Sources;
use crate::schema::{Name, Schema, Shape, ShapeId, Shapes};

/// A place in its tree.
pub(super) type PlaceId = usize;

/// What stands at a place.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Scalar,
    Product(Box<[PlaceId]>),
    /// The payloads and the names of the constructors.
    Sum(Box<[PlaceId]>, Arc<[Name]>),
    List(PlaceId),
    Map(PlaceId, PlaceId),
}

/// How one comes to a place from the one above.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Root,
    Part(Name),
    Constructor(usize, Name),
    Item,
    Key,
}

#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) above: Option<PlaceId>,
    pub(super) step: Step,
    pub(super) kind: Kind,
    /// The leaves here and below.
    pub(super) leaves: Sources,
}

/// The places of a state, and of the moment that a migration is told.
#[derive(Clone, Default, Debug)]
pub(super) struct Places(Vec<Place>);

/// Where the state stands among its places.
pub(super) const STATE: PlaceId = 0;

impl Places {
    /// The places of a state. Recursion is bounded by the height of its type.
    pub(super) fn of(schema: &Schema) -> Result<Places, TooMuch> {
        let mut places = Places::default();
        places.add(&schema.shapes, schema.state, None, Step::Root)?;
        Ok(places)
    }

    /// Adds those of a moment, and says where it is.
    pub(super) fn add_moment(&mut self) -> PlaceId {
        let moment = self.0.len();
        let parts = ["at", "from", "seq"].map(|name| (name, Kind::Scalar));
        let ids = (moment + 1..).take(parts.len()).collect();
        self.put(None, Step::Root, Kind::Product(ids));
        for (name, kind) in parts {
            let id = self.put(Some(moment), Step::Part(name.into()), kind);
            self.0[id].leaves = Sources::one(id);
            self.0[moment].leaves = self.0[moment].leaves.and(&Sources::one(id));
        }
        moment
    }

    pub(super) fn get(&self, id: PlaceId) -> &Place {
        &self.0[id]
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is something to know at the place itself.
    pub(super) fn is_leaf(&self, id: PlaceId) -> bool {
        match &self.0[id].kind {
            Kind::Product(_) => false,
            Kind::Sum(payloads, _) => payloads.len() > 1,
            Kind::Scalar | Kind::List(_) | Kind::Map(..) => true,
        }
    }

    /// The places directly below.
    pub(super) fn below(&self, id: PlaceId) -> Vec<PlaceId> {
        match &self.0[id].kind {
            Kind::Scalar => Vec::new(),
            Kind::Product(parts) | Kind::Sum(parts, _) => parts.to_vec(),
            Kind::List(item) => vec![*item],
            Kind::Map(key, value) => vec![*key, *value],
        }
    }

    /// The way to a place: `count`, `log[].who`, `mode.Away`, `seats[key]`. The whole state is `state`.
    pub(super) fn path(&self, id: PlaceId) -> String {
        let mut steps = Vec::new();
        let mut at = Some(id);
        while let Some(place) = at.map(|id| &self.0[id]) {
            steps.push(&place.step);
            at = place.above;
        }
        let mut path = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Step::Root => {}
                Step::Item => path.push_str("[]"),
                Step::Key => path.push_str("[key]"),
                Step::Part(name) | Step::Constructor(_, name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
            }
        }
        if path.is_empty() {
            path.push_str(super::WHOLE);
        }
        path
    }

    /// The highest places at or below `id` all of whose leaves are in `chosen`.
    pub(super) fn cover(&self, id: PlaceId, chosen: &Sources, found: &mut Vec<PlaceId>) {
        let leaves = &self.0[id].leaves;
        if leaves.is_empty() {
            return;
        }
        if chosen.covers(leaves) {
            return found.push(id);
        }
        if self.is_leaf(id) && chosen.contains(id) {
            found.push(id);
        }
        for below in self.below(id) {
            self.cover(below, chosen, found);
        }
    }

    fn put(&mut self, above: Option<PlaceId>, step: Step, kind: Kind) -> PlaceId {
        let leaves = Sources::default();
        self.0.push(Place {
            above,
            step,
            kind,
            leaves,
        });
        self.0.len() - 1
    }

    fn add(
        &mut self,
        shapes: &Shapes,
        shape: ShapeId,
        above: Option<PlaceId>,
        step: Step,
    ) -> Result<PlaceId, TooMuch> {
        if self.0.len() == PLACES_MAX {
            return Err(TooMuch);
        }
        let id = self.put(above, step, Kind::Scalar);
        let mut add = |shape, step| self.add(shapes, shape, Some(id), step);
        let kind = match shapes.get(shape) {
            Shape::Int | Shape::Text | Shape::Bytes => Kind::Scalar,
            Shape::Bool => choice(&["false".into(), "true".into()], |_, _| Ok(None))?,
            Shape::Tuple(parts) => {
                let parts = parts.iter().enumerate();
                let parts = parts.map(|(at, part)| add(*part, Step::Part(at.to_string().into())));
                Kind::Product(parts.collect::<Result<_, _>>()?)
            }
            Shape::Record(fields) => {
                let fields = fields.iter();
                let parts = fields.map(|(name, part)| add(*part, Step::Part(Name::clone(name))));
                Kind::Product(parts.collect::<Result<_, _>>()?)
            }
            Shape::Variant(_, constructors) => {
                let names: Vec<Name> = constructors.iter().map(|own| Name::clone(&own.0)).collect();
                choice(&names, |at, step| add(constructors[at].1, step).map(Some))?
            }
            Shape::Option(content) => choice(&["None".into(), "Some".into()], |at, step| {
                if at == 0 {
                    return Ok(None);
                }
                add(*content, step).map(Some)
            })?,
            Shape::List(item) => Kind::List(add(*item, Step::Item)?),
            Shape::Map(key, value) => Kind::Map(add(*key, Step::Key)?, add(*value, Step::Item)?),
        };
        let kind = self.with_units(id, kind)?;
        let mut leaves = Sources::default();
        self.0[id].kind = kind;
        if self.is_leaf(id) {
            leaves = Sources::one(id);
        }
        for below in self.below(id) {
            leaves = leaves.and(&self.0[below].leaves);
        }
        self.0[id].leaves = leaves;
        Ok(id)
    }

    /// Gives the constructors that carry nothing a place of their own.
    fn with_units(&mut self, id: PlaceId, kind: Kind) -> Result<Kind, TooMuch> {
        let Kind::Sum(mut payloads, names) = kind else {
            return Ok(kind);
        };
        for (at, payload) in payloads.iter_mut().enumerate() {
            if *payload == NO_PAYLOAD {
                if self.0.len() == PLACES_MAX {
                    return Err(TooMuch);
                }
                let step = Step::Constructor(at, Name::clone(&names[at]));
                *payload = self.put(Some(id), step, Kind::Product(Box::default()));
            }
        }
        Ok(Kind::Sum(payloads, names))
    }
}

const NO_PAYLOAD: PlaceId = PlaceId::MAX;

fn choice(
    names: &[Name],
    mut payload: impl FnMut(usize, Step) -> Result<Option<PlaceId>, TooMuch>,
) -> Result<Kind, TooMuch> {
    let mut payloads = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let payload = payload(at, Step::Constructor(at, Name::clone(name)))?;
        payloads.push(payload.unwrap_or(NO_PAYLOAD));
    }
    Ok(Kind::Sum(payloads.into(), names.into()))
}
