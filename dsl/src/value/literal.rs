//! Expressions that are values already: literals and constructors of literals.

use cam::value::{List, Map, Value};

use crate::typed::{ExprId, ExprKind, Terms};

/// The value of an expression made of literals and constructors only; `None` if anything in it has to
/// be computed. Recursion is bounded by the height of the tree.
#[must_use]
pub fn literal(terms: &Terms, id: ExprId) -> Option<Value> {
    let all = |parts: &[ExprId]| -> Option<Vec<Value>> {
        parts.iter().map(|part| literal(terms, *part)).collect()
    };
    Some(match &terms.expr(id).kind {
        ExprKind::Int(number) => Value::Int(*number),
        ExprKind::Text(text) => Value::text(text),
        ExprKind::Bool(truth) => Value::bool(*truth),
        ExprKind::Tuple(parts) | ExprKind::Record(parts) => Value::product(all(parts)?),
        ExprKind::Inject {
            constructor,
            payload,
        } => Value::sum(u8::try_from(*constructor).ok()?, literal(terms, *payload)?),
        ExprKind::List(items) => Value::List(all(items)?.into_iter().collect::<List>()),
        ExprKind::Map(entries) => {
            let mut map = Map::default();
            for (key, value) in entries {
                map.insert(literal(terms, *key)?, literal(terms, *value)?);
            }
            Value::Map(map)
        }
        _ => return None,
    })
}
