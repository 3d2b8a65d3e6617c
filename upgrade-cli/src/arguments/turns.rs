//! Arguments of the commands about the turns of a machine's life on a node.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use node::limits::TRIAL_STARTS_SPAN;
use node::protocol::Terms;

use super::Speak;
use super::rollout::Rollout;

#[derive(Args, Debug)]
pub(crate) struct Push {
    /// The signed bundle.
    pub(crate) file: PathBuf,
    /// The node, or several: names of nodes and of groups, with commas between.
    #[arg(long, value_name = "NODES", value_delimiter = ',', required = true)]
    pub(crate) to: Vec<String>,
    /// Why it is pushed now, for the history of the machine. The bundle has a reason of its own.
    #[arg(short = 'm', long, value_name = "REASON")]
    pub(crate) reason: Option<String>,
    /// Only show what the bundle would do; nothing is delivered.
    #[arg(long)]
    pub(crate) plan: bool,
    /// Do not ask, at a terminal, whether to go on after the plan or without one.
    #[arg(short, long, conflicts_with = "plan")]
    pub(crate) yes: bool,
    /// Run it beside the version that runs, on the same inputs and without effects: `cam shadow` shows how it does.
    #[arg(long, conflicts_with_all = ["plan", "yes", "trial", "trial_steps"])]
    pub(crate) shadow: bool,
    #[command(flatten)]
    pub(crate) trial: TrialTerms,
    #[command(flatten)]
    pub(crate) rollout: Rollout,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

/// The terms on which a new program runs at first.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Trial: going back by itself")]
pub(crate) struct TrialTerms {
    /// Put the new program on trial for this long: `30s`, `10m`, `2h`, `7d`.
    #[arg(long, value_name = "TIME", group = "trial_end")]
    trial: Option<Span>,
    /// Put it on trial until it has answered so many inputs.
    #[arg(long, value_name = "COUNT", group = "trial_end",
        value_parser = clap::value_parser!(u64).range(1..))]
    trial_steps: Option<u64>,
    /// Let so many steps stop on trial; one more, and the machine goes back.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 0,
        requires = "trial_end"
    )]
    faults: u64,
    /// Ask the program's invariants after each step, and undo a step that breaks one.
    #[arg(long, requires = "trial_end")]
    checks: bool,
    /// Let the node die so often on trial; once more, and the machine goes back when it starts.
    #[arg(long, value_name = "COUNT", default_value_t = 2, requires = "trial_end",
        value_parser = clap::value_parser!(u32).range(DEATHS))]
    deaths: u32,
}

/// As often as a node lets itself die on trial.
const DEATHS: RangeInclusive<i64> =
    *TRIAL_STARTS_SPAN.start() as i64..=*TRIAL_STARTS_SPAN.end() as i64;

impl TrialTerms {
    /// The terms, if there is to be a trial.
    pub(crate) fn terms(&self) -> Option<Terms> {
        if self.trial.is_none() && self.trial_steps.is_none() {
            return None;
        }
        Some(Terms {
            time_ms: self.trial.map_or(0, |span| span.0),
            steps: self.trial_steps.unwrap_or(0),
            faults: self.faults,
            checks: self.checks,
            starts: self.deaths,
        })
    }
}

/// A span of time, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span(pub(super) u64);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let digits = &text[..text.len() - unit.len()];
        let each = match unit {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err("expected a number and `s`, `m`, `h` or `d`".to_owned()),
        };
        let number: u64 = digits.parse().map_err(|_| "expected a number".to_owned())?;
        let span = number.checked_mul(each).filter(|span| *span > 0);
        span.map(Span).ok_or("out of range".to_owned())
    }
}

/// A machine on a node.
#[derive(Args, Debug)]
pub(crate) struct OnNode {
    /// The node.
    pub(crate) node: String,
    /// The machine; may be left out if the node runs only one.
    pub(crate) machine: Option<String>,
}

/// A reason.
#[derive(Args, Debug)]
pub(crate) struct Because {
    /// Why, for the history of the machine.
    #[arg(
        short = 'm',
        long,
        value_name = "REASON",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) reason: String,
}

#[derive(Args, Debug)]
pub(crate) struct Trial {
    #[command(flatten)]
    pub(crate) on: OnNode,
    /// End the trial now: the new program stays.
    #[arg(long)]
    pub(crate) pass: bool,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct Shadow {
    #[command(flatten)]
    pub(crate) on: OnNode,
    /// Deliver what runs beside the machine, as `cam push` would.
    #[arg(long)]
    pub(crate) promote: bool,
    /// Run it beside the machine no longer.
    #[arg(long, conflicts_with = "promote")]
    pub(crate) drop: bool,
    #[command(flatten)]
    pub(crate) because: Because,
    #[command(flatten)]
    pub(crate) trial: TrialTerms,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) on: OnNode,
    /// Do it. Without this it is only shown.
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) because: Because,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct Retire {
    #[command(flatten)]
    pub(crate) on: OnNode,
    /// The newest version whose clients are no longer to be served; older ones go with it.
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: u32,
    #[command(flatten)]
    pub(crate) because: Because,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) on: OnNode,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct State {
    #[command(flatten)]
    pub(crate) on: OnNode,
    /// Only this field of the state.
    #[arg(long, value_name = "FIELD")]
    pub(crate) field: Option<String>,
    /// The state that a rollback took away: that of this bundle number in `cam history`.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) saved: Option<u64>,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_number_and_a_unit() {
        for (text, milliseconds) in [
            ("30s", 30_000),
            ("10m", 600_000),
            ("2h", 7_200_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(text.parse(), Ok(Span(milliseconds)));
        }
        for text in [
            "",
            "s",
            "1",
            "1w",
            "1.5h",
            "-1s",
            "0s",
            "99999999999999999d",
            "1ms",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
