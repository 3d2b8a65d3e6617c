//! Why an arrow cannot be built: the refusals of the smart constructors.

use std::fmt;

use crate::types::TypeId;

/// Why an arrow cannot be built.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum IllTyped {
    /// Two types that must be equal are not.
    Mismatch {
        /// The constructor that found it.
        combinator: &'static str,
        /// What the place asks for.
        expected: TypeId,
        /// What stands there.
        found: TypeId,
    },
    /// The type has not the form the constructor needs.
    WrongForm {
        /// The constructor that found it.
        combinator: &'static str,
        /// The form it needs.
        needs: &'static str,
        /// What stands there.
        found: TypeId,
    },
    /// A function's body, a fold's body or a callee uses `get` or `put`.
    Stateful,
    /// A constant is not of the type it claims.
    StrangeConstant(TypeId),
    /// Combinators nested too deeply, or too many of them.
    TooLarge,
}

impl fmt::Display for IllTyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IllTyped::Mismatch {
                combinator,
                expected,
                found,
            } => write!(
                f,
                "`{combinator}` expected type {}, found type {}",
                expected.index(),
                found.index()
            ),
            IllTyped::WrongForm {
                combinator,
                needs,
                found,
            } => {
                write!(
                    f,
                    "`{combinator}` needs a {needs}, found type {}",
                    found.index()
                )
            }
            IllTyped::Stateful => f.write_str("a function may not use `get` or `put`"),
            IllTyped::StrangeConstant(id) => {
                write!(f, "the constant is not of type {}", id.index())
            }
            IllTyped::TooLarge => f.write_str("too many combinators, or nested too deeply"),
        }
    }
}

impl std::error::Error for IllTyped {}
