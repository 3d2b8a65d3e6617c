//! What a session shows: types, what changed, and problems where the line is.

use cam::schema::{Name, Shape, ShapeId, Shapes};
use cam::value::Value;

use crate::problem::{Label, Problems};
use crate::source::Span;
use crate::value;

/// A part of the state that is another than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field; none for a state without fields.
    pub field: Option<String>,
    /// What it was; none if there was none.
    pub before: Option<String>,
    /// What it is; none if there is none any more.
    pub after: Option<String>,
}

/// A type as it is written.
pub(super) fn shape(shapes: &Shapes, shape: ShapeId) -> String {
    let of = |id: &ShapeId| self::shape(shapes, *id);
    let fields = |fields: &[(Name, ShapeId)]| {
        let fields = fields
            .iter()
            .map(|(name, id)| format!("{name}: {}", of(id)));
        fields.collect::<Vec<_>>().join(", ")
    };
    match shapes.get(shape) {
        Shape::Int => "Int".to_owned(),
        Shape::Text => "Text".to_owned(),
        Shape::Bytes => "Bytes".to_owned(),
        Shape::Bool => "Bool".to_owned(),
        Shape::Tuple(parts) => {
            format!("({})", parts.iter().map(of).collect::<Vec<_>>().join(", "))
        }
        Shape::Record(all) if all.is_empty() => "{}".to_owned(),
        Shape::Record(all) => format!("{{ {} }}", fields(all)),
        Shape::Variant(name, _) => name.to_string(),
        Shape::Option(item) => format!("Option({})", of(item)),
        Shape::List(item) => format!("List({})", of(item)),
        Shape::Map(key, content) => format!("Map({}, {})", of(key), of(content)),
    }
}

/// What differs between two states, field by field if both have fields.
pub(super) fn changes(
    (old_shapes, old, before): (&Shapes, ShapeId, &Value),
    (new_shapes, new, after): (&Shapes, ShapeId, &Value),
) -> Vec<Change> {
    let (old_fields, new_fields) = (
        fields(old_shapes, old, before),
        fields(new_shapes, new, after),
    );
    let mut names: Vec<&Option<String>> = new_fields.iter().map(|(name, _)| name).collect();
    let gone = old_fields.iter().map(|(name, _)| name);
    let gone: Vec<_> = gone.filter(|name| !names.contains(name)).collect();
    names.extend(gone);
    let of = |fields: &[(Option<String>, String)], name: &Option<String>| {
        let mut fields = fields.iter();
        fields
            .find(|(field, _)| field == name)
            .map(|(_, text)| text.clone())
    };
    let changes = names.into_iter().map(|name| Change {
        field: name.clone(),
        before: of(&old_fields, name),
        after: of(&new_fields, name),
    });
    changes
        .filter(|change| change.before != change.after)
        .collect()
}

fn fields(shapes: &Shapes, shape: ShapeId, state: &Value) -> Vec<(Option<String>, String)> {
    match (shapes.get(shape), state) {
        (Shape::Record(fields), Value::Product(parts)) => {
            let fields = fields.iter().zip(parts.iter());
            let text = |((name, shape), part): (&(Name, ShapeId), &Value)| {
                let text = value::print(shapes, *shape, part);
                (Some(name.to_string()), text)
            };
            fields.map(text).collect()
        }
        _ => vec![(None, value::print(shapes, shape, state))],
    }
}

/// Problems of a whole source as problems of what was typed, if they are in its region, which ends with it.
pub(super) fn within(problems: &Problems, region: Span, typed: &str) -> Option<Problems> {
    let length = u32::try_from(typed.len()).unwrap_or(u32::MAX);
    let first = region.end.saturating_sub(length);
    let is_inside = |span: Span| span.start >= region.start && span.start <= region.end;
    let moved = |span: Span| {
        let end = span.end.min(region.end).saturating_sub(first);
        Span::new(span.start.saturating_sub(first), end)
    };
    let mut inside = Problems::new();
    for problem in problems
        .iter()
        .filter(|problem| is_inside(problem.primary.span))
    {
        let mut problem = problem.clone();
        problem.primary.span = moved(problem.primary.span);
        let labels = problem.labels.iter().filter(|label| is_inside(label.span));
        problem.labels = labels
            .map(|label| Label {
                span: moved(label.span),
                text: label.text.clone(),
            })
            .collect();
        problem.fixes.clear();
        inside.push(problem);
    }
    (!inside.is_empty()).then_some(inside)
}
