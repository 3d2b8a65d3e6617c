//! THE table of the codes with which a compiled program stops its own step.
//!
//! The machine knows a code only as an integer. Everything a person reads about one is here.

/// Why a program stopped its step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fault {
    /// `refuse`: the input of an old client has no meaning any more.
    Retired = 1,
    /// A place that the check for exhaustiveness has excluded.
    Unreachable = 2,
    /// A `set` names a key that is not in the map, or a position that is not in the list.
    MissingKey = 3,
    /// A range has more numbers than its author allowed.
    LongRange = 4,
}

impl Fault {
    /// All of them, by code.
    pub const ALL: [Fault; 4] = [
        Fault::Retired,
        Fault::Unreachable,
        Fault::MissingKey,
        Fault::LongRange,
    ];

    /// The integer the machine reports.
    #[must_use]
    pub fn code(self) -> i64 {
        self as i64
    }

    /// The fault of this code, if the code is in the table.
    #[must_use]
    pub fn of(code: i64) -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| fault.code() == code)
    }

    /// What happened, for people.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Fault::Retired => "this input is retired: the machine no longer has a meaning for it",
            Fault::Unreachable => "the program came to a place it cannot come to",
            Fault::MissingKey => "a `set` names a key or a position that is not there",
            Fault::LongRange => "a `range` has more numbers than its third argument allows",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_finds_its_fault_and_strange_codes_find_none() {
        for fault in Fault::ALL {
            assert_eq!(Fault::of(fault.code()), Some(fault));
        }
        assert_eq!(Fault::of(0), None);
        assert_eq!(Fault::of(-1), None);
    }
}
