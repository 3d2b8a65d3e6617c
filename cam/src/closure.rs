//! Closures: a function of the program together with the environment it was made in.

use std::sync::Arc;

use crate::combinator::FunctionId;
use crate::value::Value;

/// A function with its environment: what `cur` makes and `app` enters.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Closure {
    /// The body, `environment x argument -> result`.
    pub function: FunctionId,
    /// The first part of its argument.
    pub environment: Value,
}

/// An environment may hold closures, and the type of a closure does not tell its environment. So a chain of
/// closures is as long as fuel allows, and dropping it must not use the host's stack.
impl Drop for Closure {
    fn drop(&mut self) {
        let mut waiting = vec![std::mem::replace(&mut self.environment, Value::Int(0))];
        while let Some(value) = waiting.pop() {
            match value {
                Value::Closure(closure) => {
                    if let Some(mut last) = Arc::into_inner(closure) {
                        waiting.push(std::mem::replace(&mut last.environment, Value::Int(0)));
                    }
                }
                Value::Product(mut parts) => {
                    let parts = Arc::get_mut(&mut parts).unwrap_or_default();
                    waiting.extend(
                        parts
                            .iter_mut()
                            .map(|part| std::mem::replace(part, Value::Int(0))),
                    );
                }
                // Data is no deeper than its type is high.
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_of_closures_is_dropped_on_a_small_stack() {
        let mut chain = Value::unit();
        for index in 0..200_000 {
            let held = Value::product(vec![Value::Int(index), chain]);
            chain = Value::closure(FunctionId(0), held);
        }
        let shared = chain.clone();
        drop(chain);
        let Value::Closure(closure) = &shared else {
            unreachable!("it was made as one")
        };
        assert!(matches!(&closure.environment, Value::Product(parts) if parts.len() == 2));
    }
}
