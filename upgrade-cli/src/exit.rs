//! THE table of exit codes: what a script can rely on without reading a word.

/// How the command ended. The greatest of several is the answer to all of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done, or nothing was left to do.
    Done = 0,
    /// What was looked at is wrong: source errors, a failing trace, a damaged bundle.
    Wrong = 1,
    /// The command was used wrongly: arguments, a missing project, an unknown name.
    Usage = 2,
    /// A node refused, or the step stopped. Nothing changed.
    Refused = 3,
    /// Keys: not signed enough, unknown key, altered bundle, another node's key. Nothing changed.
    Keys = 4,
    /// The node was not reached, or had no time. Nothing was done.
    NotReachable = 5,
    /// The request was sent and no answer came: it may have happened.
    Unknown = 6,
    /// It was applied, and then returned to the old version.
    Returned = 7,
    /// Several nodes: some run the new version, some do not. The list says which.
    Partial = 8,
    /// A mistake of this program; the number that `sysexits.h` calls EX_SOFTWARE.
    Bug = 70,
    /// Control-C: what is true by then is in the output.
    Interrupted = 130,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }
}

/// The table, as `--help` shows it.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0 done, or nothing to do    1 what was looked at is wrong     2 wrong usage
  3 a node refused            4 keys and signatures             5 not reachable
  6 outcome unknown: sent, and no answer came                   7 applied, then returned to the old version
  8 several nodes: some upgraded, some not                     70 a bug in `cam`              130 interrupted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_exit_code() {
        let all = [
            Exit::Done,
            Exit::Wrong,
            Exit::Usage,
            Exit::Refused,
            Exit::Keys,
            Exit::NotReachable,
            Exit::Unknown,
            Exit::Returned,
            Exit::Partial,
            Exit::Bug,
            Exit::Interrupted,
        ];
        for exit in all {
            let named = EXIT_CODES
                .split_whitespace()
                .any(|word| word == exit.code().to_string());
            assert!(named, "{exit:?}");
        }
    }
}
