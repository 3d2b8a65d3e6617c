//! What a migration does with each value: kept, transformed, defaulted or dropped.
//!
//! It is read off the typed term and not off the text, so it says the same of a migration that is written and of an
//! automatic one. A value that is kept whole is one line, however much is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cam::schema::{Name, Shape, ShapeId};

use crate::translate::reads;
use crate::typed::{Arm, Conversion, ExprId, ExprKind, Local, Machine, PatternId, PatternKind};

/// A value of the old or the new state, and what becomes of it or where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaf {
    /// The way to it: `count`, `log[].who`, `mode.Away`. The whole state is `state`.
    pub place: String,
    /// What happens to it.
    pub fate: Fate,
}

/// What a migration does with a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is the same; from another place, if one is named.
    Kept(Option<String>),
    /// It is made of these values of the old state.
    Transformed(Vec<String>),
    /// Nothing of the old state is in it.
    Defaulted,
    /// It is in the old state, and nothing of the new one is made of it.
    Dropped,
}

impl Fate {
    /// One word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Fate::Kept(_) => "kept",
            Fate::Transformed(_) => "transformed",
            Fate::Defaulted => "defaulted",
            Fate::Dropped => "dropped",
        }
    }

    /// The places of the old state that it is made of, if they have other names.
    #[must_use]
    pub fn sources(&self) -> &[String] {
        match self {
            Fate::Kept(Some(source)) => std::slice::from_ref(source),
            Fate::Transformed(sources) => sources,
            _ => &[],
        }
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fate.word())?;
        let sources = self.fate.sources();
        if sources.is_empty() || *sources == [self.place.as_str()] {
            return Ok(());
        }
        write!(f, ", from {}", sources.join(", "))
    }
}

/// Every value of the new state in name order, then what is dropped of the old one.
pub(crate) fn leaves(machine: &Machine, migration: &Conversion) -> Vec<Leaf> {
    let mut reader = Reader {
        machine,
        places: BTreeMap::new(),
        used: BTreeSet::new(),
        leaves: Vec::new(),
    };
    let whole = Origin::Place(String::new(), migration.domain);
    reader.places.insert(migration.parameter, whole);
    reader.value(migration.body, migration.codomain, "");
    reader.dropped(migration.domain, "");
    reader.leaves
}

/// Where the value of a local comes from.
#[derive(Clone)]
enum Origin {
    /// It is the value at a place of the old state, of this shape.
    Place(String, ShapeId),
    /// It is made of the values at these places.
    Made(BTreeSet<String>),
}

/// Recursion is bounded by the height of the term, which the parser bounds.
struct Reader<'m> {
    machine: &'m Machine,
    places: BTreeMap<Local, Origin>,
    used: BTreeSet<String>,
    leaves: Vec<Leaf>,
}

impl Reader<'_> {
    /// A value of the new state.
    fn value(&mut self, id: ExprId, shape: ShapeId, path: &str) {
        if let Some((place, _)) = self.place(id) {
            return self.kept(&place, path);
        }
        let machine = self.machine;
        match (&machine.terms.expr(id).kind, machine.shapes.get(shape)) {
            (
                ExprKind::Let {
                    pattern,
                    value,
                    body,
                },
                _,
            ) => {
                let origin = self.origin(*value);
                self.bind(*pattern, &origin);
                self.value(*body, shape, path);
            }
            (ExprKind::Record(parts), Shape::Record(fields)) => {
                for (part, (name, shape)) in parts.iter().zip(fields) {
                    self.value(*part, *shape, &below(path, name));
                }
            }
            (ExprKind::Tuple(parts), Shape::Tuple(shapes)) if !parts.is_empty() => {
                for (index, (part, shape)) in parts.iter().zip(shapes).enumerate() {
                    self.value(*part, *shape, &below(path, &index.to_string()));
                }
            }
            (ExprKind::Same(inside), _) => match self.place(*inside) {
                Some((place, _)) => self.kept(&place, path),
                None => self.made(id, path),
            },
            (
                ExprKind::Each { over, item, body },
                Shape::List(content) | Shape::Map(_, content),
            ) => match self.place(*over) {
                Some((place, from)) => {
                    self.bind_item(*item, &place, from);
                    self.value(*body, *content, &format!("{path}[]"));
                }
                None => self.made(id, path),
            },
            (ExprKind::Match { subject, arms }, _) => match self.place(*subject) {
                Some((place, from)) => self.arms(id, arms, (&place, from), shape, path),
                None => self.made(id, path),
            },
            _ => self.made(id, path),
        }
    }

    /// A match of an old value whose arms build constructors of the new one is a change inside them.
    fn arms(
        &mut self,
        id: ExprId,
        arms: &[Arm],
        (place, from): (&str, ShapeId),
        shape: ShapeId,
        path: &str,
    ) {
        let machine = self.machine;
        let constructor_of = |arm: &Arm| match (
            &machine.terms.pattern(arm.pattern).kind,
            &machine.terms.expr(arm.body).kind,
        ) {
            (
                PatternKind::Constructor {
                    constructor,
                    payload,
                },
                ExprKind::Inject {
                    constructor: new,
                    payload: value,
                },
            ) if arm.guard.is_none() => Some((*constructor, *payload, *new, *value)),
            _ => None,
        };
        let (old, new) = (self.constructors(from), self.constructors(shape));
        let all: Option<Vec<_>> = arms.iter().map(constructor_of).collect();
        let is_same =
            |(old_at, _, new_at, _): &(usize, _, usize, _)| old[*old_at].0 == new[*new_at].0;
        let all = all.filter(|all| !old.is_empty() && !new.is_empty() && all.iter().all(is_same));
        let Some(all) = all else {
            return self.made(id, path);
        };
        if all.iter().all(|(_, _, made, _)| self.is_unit(new[*made].1)) {
            return self.kept(place, path);
        }
        for (constructor, payload, made, value) in all {
            let (name, payload_shape) = &old[constructor];
            let origin = Origin::Place(below(place, name), *payload_shape);
            self.bind(payload, &origin);
            let (name, content) = &new[made];
            if !self.is_unit(*content) {
                self.value(value, *content, &below(path, name));
            } else {
                self.used.insert(below(place, &old[constructor].0));
            }
        }
    }

    /// The old value at a place. A type that includes the old one has the same value, by its names.
    fn kept(&mut self, place: &str, path: &str) {
        self.used.insert(place.to_owned());
        let source = (place != path).then(|| named(place));
        self.leaves.push(Leaf {
            place: named(path),
            fate: Fate::Kept(source),
        });
    }

    /// A value that is computed.
    fn made(&mut self, id: ExprId, path: &str) {
        let sources = self.sources(id);
        self.used.extend(sources.iter().cloned());
        let fate = match sources.is_empty() {
            true => Fate::Defaulted,
            false => Fate::Transformed(sources.iter().map(|place| named(place)).collect()),
        };
        self.leaves.push(Leaf {
            place: named(path),
            fate,
        });
    }

    /// The places that an expression is made of.
    fn sources(&self, id: ExprId) -> BTreeSet<String> {
        let mut sources = BTreeSet::new();
        for (local, parts) in reads(&self.machine.terms, id) {
            match self.places.get(&local) {
                Some(Origin::Place(place, shape)) => {
                    sources.insert(self.followed(place, *shape, &parts).0);
                }
                Some(Origin::Made(places)) => sources.extend(places.iter().cloned()),
                None => {}
            }
        }
        sources
    }

    fn origin(&self, id: ExprId) -> Origin {
        match self.place(id) {
            Some((place, shape)) => Origin::Place(place, shape),
            None => Origin::Made(self.sources(id)),
        }
    }

    /// The place of the old state that an expression stands for.
    fn place(&self, id: ExprId) -> Option<(String, ShapeId)> {
        match &self.machine.terms.expr(id).kind {
            ExprKind::Local(local) => match self.places.get(local)? {
                Origin::Place(place, shape) => Some((place.clone(), *shape)),
                Origin::Made(_) => None,
            },
            ExprKind::Project { product, index } => {
                let (place, shape) = self.place(*product)?;
                Some(self.followed(&place, shape, &[*index]))
            }
            _ => None,
        }
    }

    fn followed(&self, place: &str, shape: ShapeId, parts: &[usize]) -> (String, ShapeId) {
        let mut found = (place.to_owned(), shape);
        for index in parts {
            let next = match self.machine.shapes.get(found.1) {
                Shape::Record(fields) => fields
                    .get(*index)
                    .map(|(name, part)| (name.to_string(), *part)),
                Shape::Tuple(parts) => parts.get(*index).map(|part| (index.to_string(), *part)),
                _ => None,
            };
            let Some((name, part)) = next else {
                break;
            };
            found = (below(&found.0, &name), part);
        }
        found
    }

    fn bind(&mut self, pattern: PatternId, origin: &Origin) {
        match (&self.machine.terms.pattern(pattern).kind, origin) {
            (PatternKind::Bind(local), _) => {
                self.places.insert(*local, origin.clone());
            }
            (PatternKind::Product(parts), Origin::Place(place, shape)) => {
                for (index, part) in parts.iter().enumerate() {
                    let (place, shape) = self.followed(place, *shape, &[index]);
                    self.bind(*part, &Origin::Place(place, shape));
                }
            }
            (PatternKind::Product(parts), Origin::Made(_)) => {
                parts.iter().for_each(|part| self.bind(*part, origin));
            }
            (PatternKind::Constructor { payload, .. }, _) => {
                let places = match origin {
                    Origin::Place(place, _) => BTreeSet::from([place.clone()]),
                    Origin::Made(places) => places.clone(),
                };
                self.bind(*payload, &Origin::Made(places));
            }
            _ => {}
        }
    }

    /// The pattern of an item: of a map the second part of a pair is what stands under the key.
    fn bind_item(&mut self, item: PatternId, place: &str, from: ShapeId) {
        let inside = format!("{place}[]");
        match (
            self.machine.shapes.get(from),
            &self.machine.terms.pattern(item).kind,
        ) {
            (Shape::List(content), _) => self.bind(item, &Origin::Place(inside, *content)),
            (Shape::Map(_, content), PatternKind::Product(parts)) if parts.len() == 2 => {
                self.bind(parts[0], &Origin::Made(BTreeSet::from([place.to_owned()])));
                self.bind(parts[1], &Origin::Place(inside, *content));
            }
            _ => self.bind(item, &Origin::Made(BTreeSet::from([place.to_owned()]))),
        }
    }

    /// What is in the old state and in nothing that was made.
    fn dropped(&mut self, shape: ShapeId, path: &str) {
        let is_inside = |used: &String| {
            let rest = used.strip_prefix(path);
            rest.is_some_and(|rest| path.is_empty() || rest.starts_with(['.', '[']))
        };
        if self.used.contains(path) {
            return;
        }
        if !self.used.iter().any(is_inside) {
            let place = named(path);
            return self.leaves.push(Leaf {
                place,
                fate: Fate::Dropped,
            });
        }
        let shapes = &self.machine.shapes;
        let below: Vec<(String, ShapeId)> = match shapes.get(shape) {
            Shape::Record(fields) => fields
                .iter()
                .map(|(name, part)| (below(path, name), *part))
                .collect(),
            Shape::Tuple(parts) => {
                let parts = parts.iter().enumerate();
                parts
                    .map(|(index, part)| (below(path, &index.to_string()), *part))
                    .collect()
            }
            Shape::List(content) | Shape::Map(_, content) => vec![(format!("{path}[]"), *content)],
            _ => Vec::new(),
        };
        for (path, shape) in below {
            self.dropped(shape, &path);
        }
        let inside = self.constructors(shape).into_iter();
        let inside: Vec<_> = inside
            .filter(|(_, payload)| !self.is_unit(*payload))
            .collect();
        for (name, payload) in inside {
            self.dropped(payload, &self::below(path, &name));
        }
    }

    fn constructors(&self, shape: ShapeId) -> Vec<(Name, ShapeId)> {
        match self.machine.shapes.get(shape) {
            Shape::Variant(_, constructors) => constructors.to_vec(),
            Shape::Option(content) => {
                let content = *content;
                let unit = self
                    .machine
                    .shapes
                    .entries()
                    .iter()
                    .position(|shape| matches!(shape, Shape::Tuple(parts) if parts.is_empty()));
                let unit = unit.and_then(|at| self.machine.shapes.at(u32::try_from(at).ok()?));
                vec![
                    ("None".into(), unit.unwrap_or(content)),
                    ("Some".into(), content),
                ]
            }
            _ => Vec::new(),
        }
    }

    fn is_unit(&self, shape: ShapeId) -> bool {
        matches!(self.machine.shapes.get(shape), Shape::Tuple(parts) if parts.is_empty())
    }
}

fn below(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

fn named(path: &str) -> String {
    match path.is_empty() {
        true => "state".to_owned(),
        false => path.to_owned(),
    }
}
