//! Which parts of an old state a source says it drops: what stands as `_` where the part would be named.
//!
//! What a migration drops is for [`cam::provenance`] to say, from the bytecode. A source agrees to it where an author
//! has written `x: _`, or `Away(_)`, in the migration itself or in a function. A name that is not used agrees to nothing:
//! it may have been forgotten.

use std::collections::BTreeSet;

use cam::schema::{Shape, ShapeId, Shapes};

use crate::typed::{Conversion, Machine, PatternKind};

/// The parts that are written as `_`: of which whole, and which one.
type Parts = BTreeSet<(ShapeId, usize)>;

/// Those of `paths`, in a state of this migration's, that the source says it drops.
pub(crate) fn waived(machine: &Machine, migration: &Conversion, paths: &[String]) -> Vec<String> {
    let is_near = |span: crate::source::Span| {
        let functions = machine.functions.iter().map(|function| function.span);
        let mut near = std::iter::once(migration.span).chain(functions);
        near.any(|own| own.start <= span.start && span.end <= own.end)
    };
    let mut parts = Parts::new();
    for pattern in machine.terms.patterns() {
        if !is_near(pattern.span) {
            continue;
        }
        let is_any = |id| matches!(machine.terms.pattern(id).kind, PatternKind::Any);
        match &pattern.kind {
            PatternKind::Product(inside) => {
                let any = inside.iter().enumerate().filter(|(_, part)| is_any(**part));
                parts.extend(any.map(|(index, _)| (pattern.shape, index)));
            }
            PatternKind::Constructor {
                constructor,
                payload,
            } if is_any(*payload) && is_choice(&machine.shapes, pattern.shape) => {
                parts.insert((pattern.shape, *constructor));
            }
            // Of a choice, whatever it carries.
            PatternKind::Any if is_choice(&machine.shapes, pattern.shape) => {
                let carried = 0..below(&machine.shapes, pattern.shape).len();
                parts.extend(carried.map(|at| (pattern.shape, at)));
            }
            _ => {}
        }
    }
    let reader = Reader {
        shapes: &machine.shapes,
        parts: &parts,
    };
    let mut waived = paths.to_vec();
    waived.retain(|path| reader.is_waived(migration.domain, "", path));
    waived
}

struct Reader<'m> {
    shapes: &'m Shapes,
    parts: &'m Parts,
}

impl Reader<'_> {
    /// Whether what is at `path` is written as `_`, or is in something that is. Recursion is bounded by the height of
    /// the state.
    fn is_waived(&self, shape: ShapeId, here: &str, path: &str) -> bool {
        if here == path {
            return self.is_waived_by_parts(shape);
        }
        let whole = self.entry(shape).unwrap_or(shape);
        below(self.shapes, shape)
            .into_iter()
            .enumerate()
            .any(|(index, (step, part))| {
                let there = format!("{here}{step}");
                let there = there.strip_prefix('.').unwrap_or(&there);
                let is_on_the_way = path
                    .strip_prefix(there)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
                is_on_the_way
                    && (self.parts.contains(&(whole, index)) || self.is_waived(part, there, path))
            })
    }

    /// What stands for an entry of a map where its key and value are named: the pair of them.
    fn entry(&self, shape: ShapeId) -> Option<ShapeId> {
        let Shape::Map(key, value) = self.shapes.get(shape) else {
            return None;
        };
        let is_pair = |own: &Shape| matches!(own, Shape::Tuple(parts) if **parts == [*key, *value]);
        let place = self.shapes.entries().iter().position(is_pair)?;
        self.shapes.at(u32::try_from(place).ok()?)
    }

    /// A record of which every part is waived.
    fn is_waived_by_parts(&self, shape: ShapeId) -> bool {
        let parts = below(self.shapes, shape);
        let is_product = matches!(self.shapes.get(shape), Shape::Record(_) | Shape::Tuple(_));
        is_product
            && parts.into_iter().enumerate().all(|(index, (_, part))| {
                self.parts.contains(&(shape, index)) || self.is_waived_by_parts(part)
            })
    }
}

fn is_choice(shapes: &Shapes, shape: ShapeId) -> bool {
    matches!(shapes.get(shape), Shape::Variant(..) | Shape::Option(_))
}

/// The parts of a shape in the order of its patterns, each with the step to it.
fn below(shapes: &Shapes, shape: ShapeId) -> Vec<(String, ShapeId)> {
    match shapes.get(shape) {
        Shape::Int | Shape::Text | Shape::Bytes | Shape::Bool => Vec::new(),
        Shape::Tuple(parts) => {
            let parts = parts.iter().enumerate();
            parts.map(|(at, part)| (format!(".{at}"), *part)).collect()
        }
        Shape::Record(named) | Shape::Variant(_, named) => {
            let named = named.iter();
            named
                .map(|(name, part)| (format!(".{name}"), *part))
                .collect()
        }
        // `None` carries nothing, and has no path.
        Shape::Option(content) => vec![
            (".None".to_owned(), *content),
            (".Some".to_owned(), *content),
        ],
        Shape::List(item) => vec![("[]".to_owned(), *item)],
        Shape::Map(key, value) => vec![("[key]".to_owned(), *key), ("[]".to_owned(), *value)],
    }
}
