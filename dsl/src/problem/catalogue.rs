//! THE table of problem codes: every code, how bad it is, and what it means. Nothing else makes a code.
//!
//! `P` is about text and grammar, `M` about a machine as a whole, `T` about types, `U` about upgrades,
//! `C` about what is compiled, `R` about traces that ran, `V` about values on their own.

use super::Severity;
use super::Severity::{Error, Warning};

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
    C001 Error "a machine is nested too deeply, or too large"
    C002 Error "a machine's code is larger than a node takes"
    C003 Error "the compiler contradicts itself"
    M101 Error "a machine lacks a part"
    M102 Error "a part of a machine is there twice"
    M103 Error "a file holds no machine"
    M104 Error "a file holds more than one machine"
    M105 Error "a machine has both `step` and `on`"
    M106 Error "a node cannot stamp inputs with this"
    M107 Error "a field of the state has the name of a stamp"
    M108 Error "a version is 0"
    M110 Error "the state is changed where it cannot be"
    M111 Error "`set` names a field that a local hides"
    M112 Error "`set` needs a state with fields"
    M113 Warning "a `require` comes after a change of the state"
    M114 Error "`get` or `put` stands outside of a step"
    M115 Error "a point-free handler takes its input apart"
    M201 Error "an input has no handler: add an `on` clause for it"
    M202 Error "a handler is never reached: remove it, or move it above the one that takes all"
    M203 Warning "a new input is taken by a clause for all others: add an `on` clause for it"
    M301 Error "a trace upgrades to the version that runs"
    M302 Error "a trace speaks as a client the machine does not know"
    M303 Error "a trace stamps an input wrongly"
    P001 Error "a character has no meaning here"
    P002 Error "a text is not closed on its line"
    P003 Error "an escape in a text is unknown"
    P004 Error "a number is written in a way that has no meaning"
    P005 Error "a number does not fit into 64 bits"
    P006 Error "a scaled number has more decimals than its scale"
    P007 Error "a control character hides what the text says"
    P008 Error "bytes are written wrongly"
    P010 Error "something else must stand here"
    P011 Error "a bracket is not closed"
    P012 Error "two combinators are mixed without parentheses"
    P013 Error "a closing bracket closes nothing"
    P014 Error "a function in a chain of combinators needs parentheses"
    P015 Error "comparisons do not chain: join two of them with `and`"
    P016 Error "a function is not a value"
    P017 Error "an `if` has no `else`: every expression has a value, so say the other one"
    P018 Error "a block has no value"
    P019 Error "a value stands before the end of its block"
    P020 Error "a comma is missing: write one between two parts of a list"
    P021 Error "`not` after an operator needs parentheses"
    P022 Error "a combinator joins values"
    P023 Error "this begins no definition"
    P024 Error "this begins no part of a machine"
    P025 Error "a part of a machine stands outside of it"
    P026 Error "after `|>` stands no function"
    P027 Error "a name begins with the wrong case"
    P028 Error "a symbol of other languages has another name here"
    P029 Error "an operator at the start of a line does not continue the line before"
    P031 Error "an assignment needs `set` or `let`"
    P032 Error "something stands after the rest of a list: the rest is the last part of its pattern"
    P040 Error "too many things inside each other"
    P041 Error "a block has too many statements"
    R001 Error "a trace got another answer"
    R002 Error "a check in a trace does not hold"
    R003 Error "a step of a trace stopped"
    R004 Error "a step of a trace went through that should have stopped"
    R005 Error "an expression of a trace has no value"
    R006 Error "a trace has no way between two versions"
    R007 Error "an invariant is broken: change the step that breaks it, or what is claimed"
    R008 Error "a property is broken: change the step, or what is claimed"
    R009 Error "a claim has no value: let it be true or false wherever the machine can be"
    R010 Error "a way back does not lead back: restore all of the old state, or say that it is lossy"
    R011 Error "a migration stops in a state that can be reached"
    R012 Warning "a witness was never reached: start nearer to it, or ask whether it can be reached at all"
    R013 Error "a direct migration disagrees with those between: let both make the same of every state"
    T100 Error "a type does not fit its place"
    T101 Error "branches have different types: make each give the same"
    T102 Error "a name is unknown: define it, or correct it; constructors begin with an upper-case letter"
    T103 Error "a type is unknown: declare it with `type`, or put a `|` before a lone constructor"
    T104 Error "a constructor is unknown: add it to its variant, or write one that is there"
    T105 Error "a constructor belongs to several types: write the type and a dot before it"
    T106 Error "a record has no such field"
    T107 Error "a record lacks a field: give each field a value"
    T108 Error "a name is there twice in one place"
    T109 Error "a function is given too few or too many arguments"
    T110 Error "a function and a value are mixed up"
    T111 Error "a type cannot be found out"
    T112 Error "an operation does not work on this type"
    T113 Error "a function is kept: lead it to the `apply` that uses it"
    T114 Error "a name is defined twice"
    T115 Error "a name belongs to the language"
    T116 Error "a record pattern leaves fields out"
    T117 Error "a constructor carries something else"
    T118 Error "nothing can be named here"
    T120 Error "a function calls itself: every step must end, so use `fold` or another built-in"
    T121 Error "a type contains itself: keep the parts in a list or a map, and name them by key"
    T122 Error "a map cannot be ordered"
    T123 Error "a type is too large"
    T124 Error "a name is too long"
    T125 Error "a type is given too few or too many types"
    T126 Error "a range has no limit: give it bounds that are literals, or say how many numbers it may have"
    T140 Warning "a name is never used: remove it, or write `_` in its place"
    T141 Warning "a function or constant is never used: remove it, or use it"
    T142 Warning "a pattern's name hides a constant: compare after `if`, or choose another name"
    T143 Warning "a name hides another: choose another name"
    T144 Warning "records are ordered by the names of their fields: compare the fields that matter"
    T201 Error "a `match` leaves a value out: add an arm for it, or `_`"
    T202 Error "an arm is never reached"
    T203 Error "a pattern that must always match may fail"
    T204 Error "patterns are too entangled to judge"
    U301 Error "a version is not in the history"
    U302 Error "a migration loses a field in silence"
    U303 Error "a migration builds the wrong type"
    U304 Error "a migration gives a field no value"
    U305 Error "an `unchanged` state has changed"
    U306 Error "something is said twice about one version"
    U307 Error "`refuse` stands outside of `accept`"
    U308 Error "a version is not older"
    U309 Warning "something is said about a version that no migration comes from"
    U310 Error "an old client's input has no meaning"
    U311 Error "an old client does not know an answer"
    U312 Error "`same` leads to a type that does not include the value's"
    U313 Error "an automatic migration cannot tell what becomes of a value: write its field"
    V001 Error "a value would have to be computed"
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
