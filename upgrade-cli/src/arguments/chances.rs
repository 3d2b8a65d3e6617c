//! What the commands take that leave something to chance.

use std::str::FromStr;

use clap::Args;

use super::Messages;

#[derive(Args, Debug)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) messages: Messages,
    #[command(flatten)]
    pub(crate) chances: Chances,
    /// Write what was found into the source, as traces.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Write what the machine answers into the traces that expect something else, and show each line.
    #[arg(long)]
    pub(crate) accept: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Simulate {
    #[command(flatten)]
    pub(crate) messages: Messages,
    #[command(flatten)]
    pub(crate) chances: Chances,
}

#[derive(Args, Debug)]
pub(crate) struct Diff {
    /// The older version; the last one in the history before the source.
    pub(crate) old: Option<u32>,
    /// A newer version in the history, instead of the source.
    pub(crate) new: Option<u32>,
    /// Compare what the versions do, by inputs at random: would an old client notice the upgrade?
    #[arg(long, conflicts_with = "new")]
    pub(crate) behaviour: bool,
    /// End with exit code 1 if there is a difference.
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) messages: Messages,
    #[command(flatten)]
    pub(crate) chances: Chances,
}

/// How much is simulated, and with which chances.
#[derive(Args, Debug)]
pub(crate) struct Chances {
    /// What chance follows from: hexadecimal digits, or `new` for one nobody has used. Without it the seed follows
    /// from the program, so that the same program is tested in the same way everywhere.
    #[arg(long, value_name = "SEED")]
    pub(crate) seed: Option<Seed>,
    /// How many sessions; half of them start in an older version, if there is one.
    #[arg(long, value_name = "N", default_value = "400", value_parser = amount)]
    pub(crate) runs: u64,
    /// How many inputs a session has.
    #[arg(long, value_name = "N", default_value = "60", value_parser = amount)]
    pub(crate) steps: u64,
}

/// Where a simulation starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seed {
    /// Where one has started before.
    Of(u64),
    /// Anywhere.
    New,
}

impl FromStr for Seed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Seed, Self::Err> {
        if text == "new" {
            return Ok(Seed::New);
        }
        let number = u64::from_str_radix(text, 16);
        number
            .map(Seed::Of)
            .map_err(|_| "a seed is up to 16 hexadecimal digits, or `new`")
    }
}

/// A number that may be written as in the language: `1_000_000`.
fn amount(text: &str) -> Result<u64, std::num::ParseIntError> {
    text.replace('_', "").parse()
}
