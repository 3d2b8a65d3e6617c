//! The table of reasons for which a verified program stops. There is no other.
//!
//! A trap is the machine's answer, not an error of the node: the step did not happen, the state is
//! what it was, and the caller is told why.

use std::fmt;

use crate::combinator::FunctionId;

/// A step that stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trap {
    /// Why.
    pub reason: TrapReason,
    /// In which function.
    pub function: FunctionId,
    /// At which instruction of it.
    pub instruction: u32,
}

/// Why a step stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TrapReason {
    /// The result of an addition, subtraction, multiplication or division does not fit in 64 bits.
    Overflow,
    /// A division or remainder by zero.
    DivisionByZero,
    /// The program said `abort`, with its own code.
    Abort(i64),
    /// The step cost more than its fuel.
    OutOfFuel,
    /// The new state or the output is heavier than the limit, or a text or byte string longer than its own.
    SizeLimit,
}

impl TrapReason {
    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> u8 {
        self.row().0
    }

    /// The name a person sees.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The reason with this number on the wire.
    #[must_use]
    pub fn from_code(code: u8, abort: i64) -> Option<TrapReason> {
        let reasons = [
            TrapReason::Overflow,
            TrapReason::DivisionByZero,
            TrapReason::Abort(abort),
            TrapReason::OutOfFuel,
            TrapReason::SizeLimit,
        ];
        reasons.into_iter().find(|reason| reason.code() == code)
    }

    fn row(self) -> (u8, &'static str, &'static str) {
        match self {
            TrapReason::Overflow => (1, "overflow", "a number does not fit in 64 bits"),
            TrapReason::DivisionByZero => (2, "division-by-zero", "a division by zero"),
            TrapReason::Abort(_) => (3, "abort", "the program aborted"),
            TrapReason::OutOfFuel => (4, "out-of-fuel", "the step needs more than its fuel"),
            TrapReason::SizeLimit => (
                5,
                "size-limit",
                "the new state, the output or a text is too large",
            ),
        }
    }
}

impl fmt::Display for TrapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().2)?;
        match self {
            TrapReason::Abort(code) => write!(f, " with code {code}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trap {
            reason,
            function,
            instruction,
        } = self;
        write!(
            f,
            "{reason} (function {}, instruction {instruction})",
            function.0
        )
    }
}

impl std::error::Error for Trap {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back() {
        for code in 1..=5 {
            let reason = TrapReason::from_code(code, 7).expect("in the table");
            assert_eq!(reason.code(), code);
        }
        assert_eq!(TrapReason::from_code(0, 7), None);
        assert_eq!(TrapReason::from_code(6, 7), None);
    }
}
