//! What a tree may hold in the place of a value.

use std::borrow::Cow;
use std::sync::Arc;

use crate::value::Value;

/// A key or value without the value around it. Its order is that of the values it stands for: numbers by
/// size, texts by their bytes.
pub(super) trait Part: Ord + Clone {
    /// The part in a value. Nothing if the value is of another type.
    fn of(value: &Value) -> Option<&Self>;

    /// The part that a value is; the value again if it is of another type.
    fn take(value: Value) -> Result<Self, Value>;

    /// The value that it stands for.
    fn give(self) -> Value;

    /// The value that it stands for, to be looked at.
    fn lend(&self) -> Cow<'_, Value>;

    /// What [`Value::weight`] says of that value.
    fn weight(&self) -> u64;
}

impl Part for i64 {
    #[inline]
    fn of(value: &Value) -> Option<&i64> {
        match value {
            Value::Int(integer) => Some(integer),
            _ => None,
        }
    }

    #[inline]
    fn take(value: Value) -> Result<i64, Value> {
        match value {
            Value::Int(integer) => Ok(integer),
            other => Err(other),
        }
    }

    #[inline]
    fn give(self) -> Value {
        Value::Int(self)
    }

    #[inline]
    fn lend(&self) -> Cow<'_, Value> {
        Cow::Owned(Value::Int(*self))
    }

    /// Known without looking: a map of numbers weighs nothing.
    #[inline]
    fn weight(&self) -> u64 {
        Value::Int(*self).weight()
    }
}

impl Part for Arc<str> {
    #[inline]
    fn of(value: &Value) -> Option<&Arc<str>> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    #[inline]
    fn take(value: Value) -> Result<Arc<str>, Value> {
        match value {
            Value::Text(text) => Ok(text),
            other => Err(other),
        }
    }

    #[inline]
    fn give(self) -> Value {
        Value::Text(self)
    }

    #[inline]
    fn lend(&self) -> Cow<'_, Value> {
        Cow::Owned(Value::Text(Arc::clone(self)))
    }

    #[inline]
    fn weight(&self) -> u64 {
        Value::weight_of_bytes(self.len())
    }
}

impl Part for Value {
    #[inline]
    fn of(value: &Value) -> Option<&Value> {
        Some(value)
    }

    #[inline]
    fn take(value: Value) -> Result<Value, Value> {
        Ok(value)
    }

    #[inline]
    fn give(self) -> Value {
        self
    }

    #[inline]
    fn lend(&self) -> Cow<'_, Value> {
        Cow::Borrowed(self)
    }

    #[inline]
    fn weight(&self) -> u64 {
        Value::weight(self)
    }
}
