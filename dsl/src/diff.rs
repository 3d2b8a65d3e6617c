//! What differs between two versions of a machine: in its types, and for clients of the older one.

use cam::schema::{Name, Schema, Shape, ShapeId, Shapes};

use crate::compile::Compiled;
use crate::typed::{Arm, Conversion, ExprKind, PatternId, PatternKind, Terms};

/// A difference between two types, at a place in them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The way to it: `SetMode`, `log[].who`, `mode.Away`. Empty if it is the whole.
    pub place: String,
    /// What is different there.
    pub kind: ChangeKind,
}

/// What is different.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    /// It is new, and of this type; empty for a constructor without payload.
    Added(String),
    /// It is gone, and was of this type.
    Removed(String),
    /// It is of another type.
    Changed {
        /// The type it was of.
        from: String,
        /// The type it is of.
        to: String,
    },
}

/// Differences that are listed. Nobody reads the thousandth, and types that share parts may have billions.
const CHANGES_MAX: usize = 1_000;

/// Letters of a type as text; a longer one is cut.
const TYPE_CHARS_MAX: usize = 100;

/// The differences between a part of two interfaces, such as their states.
#[must_use]
pub fn changes(old: &Schema, new: &Schema, part: fn(&Schema) -> ShapeId) -> Vec<Change> {
    let mut shapes = old.shapes.clone();
    let to = shapes.import(&new.shapes, part(new));
    let mut walk = Walk {
        shapes: &shapes,
        changes: Vec::new(),
    };
    walk.pair(part(old), to, "");
    walk.changes
}

struct Walk<'a> {
    shapes: &'a Shapes,
    changes: Vec<Change>,
}

impl Walk<'_> {
    /// Recursion is bounded by the height of the shapes.
    fn pair(&mut self, old: ShapeId, new: ShapeId, path: &str) {
        if old == new || self.changes.len() >= CHANGES_MAX {
            return;
        }
        let shapes = self.shapes;
        match (shapes.get(old), shapes.get(new)) {
            (Shape::Record(olds), Shape::Record(news)) => self.named(olds, news, path),
            (Shape::Variant(was, olds), Shape::Variant(is, news)) => {
                if was != is && !path.is_empty() {
                    let (from, to) = (was.to_string(), is.to_string());
                    self.add(path, ChangeKind::Changed { from, to });
                }
                self.named(olds, news, path);
            }
            (Shape::Tuple(olds), Shape::Tuple(news)) if olds.len() == news.len() => {
                for (index, (old, new)) in olds.iter().zip(news).enumerate() {
                    self.pair(*old, *new, &below(path, &index.to_string()));
                }
            }
            (Shape::Option(old), Shape::Option(new)) => {
                self.pair(*old, *new, &below(path, "Some"));
            }
            (Shape::List(old), Shape::List(new)) => self.pair(*old, *new, &format!("{path}[]")),
            (Shape::Map(key, old), Shape::Map(same, new)) if key == same => {
                self.pair(*old, *new, &format!("{path}[]"));
            }
            _ => {
                let (from, to) = (described(shapes, old), described(shapes, new));
                self.add(path, ChangeKind::Changed { from, to });
            }
        }
    }

    fn named(&mut self, olds: &[(Name, ShapeId)], news: &[(Name, ShapeId)], path: &str) {
        for (name, old) in olds {
            let place = below(path, name);
            match news.iter().find(|(other, _)| other == name) {
                Some((_, new)) => self.pair(*old, *new, &place),
                None => {
                    let kind = ChangeKind::Removed(described(self.shapes, *old));
                    self.add(&place, kind);
                }
            }
        }
        for (name, new) in news {
            if olds.iter().all(|(other, _)| other != name) {
                let kind = ChangeKind::Added(described(self.shapes, *new));
                self.add(&below(path, name), kind);
            }
        }
    }

    fn add(&mut self, place: &str, kind: ChangeKind) {
        if self.changes.len() < CHANGES_MAX {
            let place = place.to_owned();
            self.changes.push(Change { place, kind });
        }
    }
}

fn below(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

/// A type as it is written; variants by their names. The empty tuple is nothing, as behind a constructor.
fn described(shapes: &Shapes, shape: ShapeId) -> String {
    let mut text = String::new();
    if !matches!(shapes.get(shape), Shape::Tuple(parts) if parts.is_empty()) {
        write(shapes, shape, &mut text);
    }
    match text.char_indices().nth(TYPE_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// Stops soon after the text is longer than what is shown of it.
fn write(shapes: &Shapes, shape: ShapeId, text: &mut String) {
    if text.len() > 4 * TYPE_CHARS_MAX {
        return;
    }
    let mut list = |open: &str, parts: &[(Option<&Name>, ShapeId)], close: &str| {
        text.push_str(open);
        for (index, (name, part)) in parts.iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            if let Some(name) = name {
                text.push_str(name);
                text.push_str(": ");
            }
            write(shapes, *part, text);
        }
        text.push_str(close);
    };
    match shapes.get(shape) {
        Shape::Int => text.push_str("Int"),
        Shape::Text => text.push_str("Text"),
        Shape::Bytes => text.push_str("Bytes"),
        Shape::Bool => text.push_str("Bool"),
        Shape::Variant(name, _) => text.push_str(name),
        Shape::Tuple(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| (None, *part)).collect();
            list("(", &parts, ")");
        }
        Shape::Record(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, part)| (Some(name), *part))
                .collect();
            list("{ ", &fields, " }");
        }
        Shape::Option(item) => list("Option(", &[(None, *item)], ")"),
        Shape::List(item) => list("List(", &[(None, *item)], ")"),
        Shape::Map(key, value) => list("Map(", &[(None, *key), (None, *value)], ")"),
    }
}

/// What becomes of one input or output between an old client and the machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Met {
    /// It means the same on both sides.
    Same,
    /// An arm says what it means.
    Adapted,
    /// It is refused.
    Retired,
}

impl Met {
    /// One word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Met::Same => "same",
            Met::Adapted => "adapted",
            Met::Retired => "retired",
        }
    }
}

/// What old clients of one version meet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clients {
    /// Each input they may send.
    pub inputs: Vec<(Name, Met)>,
    /// Each answer they may be given, in the words of the new version.
    pub outputs: Vec<(Name, Met)>,
}

/// What clients of an older version meet; nothing if they are not understood.
#[must_use]
pub fn clients(compiled: &Compiled, from: u32) -> Option<Clients> {
    let machine = compiled.machine();
    let of_version = |conversions: &'_ [Conversion]| {
        let mut conversions = conversions.iter();
        conversions
            .find(|conversion| conversion.version == from)
            .cloned()
    };
    let (accept, reply) = (of_version(&machine.accepts)?, of_version(&machine.replies)?);
    let met = |conversion: &Conversion| met(&machine.shapes, &machine.terms, conversion);
    Some(Clients {
        inputs: met(&accept),
        outputs: met(&reply),
    })
}

fn met(shapes: &Shapes, terms: &Terms, conversion: &Conversion) -> Vec<(Name, Met)> {
    let body = &terms.expr(conversion.body).kind;
    let names: Vec<Name> = match shapes.get(conversion.domain) {
        Shape::Variant(_, constructors) => {
            constructors.iter().map(|(name, _)| name.clone()).collect()
        }
        _ => vec!["_".into()],
    };
    let of = |place: usize| match body {
        ExprKind::Match { arms, .. } => arm_of(terms, arms, place),
        ExprKind::Local(_) | ExprKind::Same(_) => Met::Same,
        _ => Met::Adapted,
    };
    let numbered = names.into_iter().enumerate();
    numbered.map(|(place, name)| (name, of(place))).collect()
}

/// What the first arm that may be for a constructor does; one with a guard, or for a part of its payloads, adapts.
fn arm_of(terms: &Terms, arms: &[Arm], place: usize) -> Met {
    let mut arms = arms.iter();
    let Some(arm) = arms.find(|arm| may_be(terms, arm.pattern, place)) else {
        return Met::Adapted;
    };
    match &terms.expr(arm.body).kind {
        ExprKind::Refuse => Met::Retired,
        ExprKind::Inject { payload, .. } if arm.guard.is_none() => {
            let carried = matches!(
                &terms.expr(*payload).kind,
                ExprKind::Local(_) | ExprKind::Same(_)
            );
            let is_whole = matches!(
                &terms.pattern(arm.pattern).kind,
                PatternKind::Constructor { payload, .. }
                    if matches!(terms.pattern(*payload).kind, PatternKind::Bind(_))
            );
            if carried && is_whole {
                Met::Same
            } else {
                Met::Adapted
            }
        }
        _ => Met::Adapted,
    }
}

fn may_be(terms: &Terms, pattern: PatternId, place: usize) -> bool {
    match &terms.pattern(pattern).kind {
        PatternKind::Constructor { constructor, .. } => *constructor == place,
        PatternKind::Alternatives(parts) => parts.iter().any(|part| may_be(terms, *part, place)),
        _ => true,
    }
}
