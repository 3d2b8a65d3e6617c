//! THE table of problem codes: every code, how bad it is, and what it means. Nothing else makes a code.
//!
//! `P` is about text and grammar, `M` about a machine as a whole, `T` about types, `U` about upgrades.

use super::Severity;
use super::Severity::Error;

/// The name of a kind of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// `P012`
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means, in one line.
    pub meaning: &'static str,
}

macro_rules! catalogue {
    ($($name:ident $severity:ident $meaning:literal)*) => {
        $(#[doc = $meaning]
        pub const $name: Code = Code { name: stringify!($name), severity: $severity, meaning: $meaning };)*

        /// Every code there is.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

catalogue! {
    P001 Error "a character has no meaning here"
    P002 Error "a text is not closed on its line"
    P003 Error "an escape in a text is unknown"
    P004 Error "a number is written in a way that has no meaning"
    P005 Error "a number does not fit into 64 bits"
    P006 Error "a scaled number has more decimals than its scale"
    P007 Error "a control character hides what the text says"
    P010 Error "something else must stand here"
    P011 Error "a bracket is not closed"
    P012 Error "two combinators are mixed without parentheses"
    P013 Error "a closing bracket closes nothing"
    P014 Error "a function in a chain of combinators needs parentheses"
    P015 Error "comparisons do not chain"
    P016 Error "a function is not a value"
    P017 Error "an `if` has no `else`"
    P018 Error "a block has no value"
    P019 Error "a value stands before the end of its block"
    P020 Error "a comma is missing"
    P021 Error "`not` after an operator needs parentheses"
    P022 Error "a combinator joins values"
    P023 Error "this begins no definition"
    P024 Error "this begins no part of a machine"
    P025 Error "a part of a machine stands outside of it"
    P026 Error "after `|>` stands no function"
    P027 Error "a name begins with the wrong case"
    P028 Error "a symbol of other languages has another name here"
    P029 Error "an operator at the start of a line does not continue the line before"
    P030 Error "not part of this language version yet"
    P031 Error "an assignment needs `set` or `let`"
    P040 Error "too many things inside each other"
    P041 Error "a block has too many statements"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_each_is_there_once() {
        assert!(
            ALL.windows(2).all(|pair| pair[0].name < pair[1].name),
            "sort the table"
        );
    }
}
