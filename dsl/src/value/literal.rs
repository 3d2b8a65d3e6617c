//! Expressions that are values already: literals and constructors of literals.

use cam::value::{List, Map, Value};

use crate::typed::{ExprId, ExprKind, Terms};

/// The value of an expression made of literals and constructors only; `None` if anything in it has to
/// be computed.
#[must_use]
pub fn literal(terms: &Terms, id: ExprId) -> Option<Value> {
    evaluate(terms, id).ok()
}

/// As [`literal`]; the error is what has to be computed. Recursion is bounded by the tree's height.
pub(super) fn evaluate(terms: &Terms, id: ExprId) -> Result<Value, ExprId> {
    let all = |parts: &[ExprId]| -> Result<Vec<Value>, ExprId> {
        parts.iter().map(|part| evaluate(terms, *part)).collect()
    };
    Ok(match &terms.expr(id).kind {
        ExprKind::Int(number) => Value::Int(*number),
        ExprKind::Text(text) => Value::text(text),
        ExprKind::Bytes(bytes) => Value::Bytes(bytes.clone()),
        ExprKind::Bool(truth) => Value::bool(*truth),
        ExprKind::Tuple(parts) | ExprKind::Record(parts) => Value::product(all(parts)?),
        ExprKind::Inject {
            constructor,
            payload,
        } => {
            let tag = u8::try_from(*constructor).map_err(|_| id)?;
            Value::sum(tag, evaluate(terms, *payload)?)
        }
        ExprKind::List(items) => Value::List(all(items)?.into_iter().collect::<List>()),
        ExprKind::Map(entries) => {
            let mut map = Map::default();
            for (key, value) in entries {
                map.insert(evaluate(terms, *key)?, evaluate(terms, *value)?);
            }
            Value::Map(map)
        }
        _ => return Err(id),
    })
}
