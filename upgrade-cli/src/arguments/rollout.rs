//! Arguments of a push to several nodes: the waves it goes in, and what a failing one leads to.

use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use node::protocol::Terms;

use super::turns::Span;

/// How several nodes are pushed to.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Several nodes")]
pub(crate) struct Rollout {
    /// How many nodes come first, how many then, and so on: `1,5,rest`. A wave begins when all of the one
    /// before have passed their trials. Left out, all nodes are one wave, and nothing is waited for.
    #[arg(long, value_name = "COUNTS")]
    pub(crate) wave: Option<Waves>,
    /// What follows when a wave fails: stop, or take back the nodes that this command has upgraded, too.
    #[arg(long, value_name = "POLICY", value_enum, default_value_t = OnFailure::Stop)]
    pub(crate) on_failure: OnFailure,
    /// Leave out nodes that give no plan, instead of stopping before anything is changed.
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// How long a wave may wait for its trials: their time and a minute if left out.
    #[arg(long, value_name = "TIME", requires = "wave")]
    pub(crate) gate: Option<Span>,
}

/// What a failing wave leads to.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OnFailure {
    /// No other node is pushed to.
    Stop,
    /// That, and the nodes that were upgraded by the command are rolled back.
    Return,
}

impl Rollout {
    /// Whether anything is said that only a rollout does, to however few nodes.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.wave.is_some() || self.keep_going || self.on_failure == OnFailure::Return
    }

    /// How long a wave may wait for its trials; none where the trial has no time and nobody said.
    pub(crate) fn patience(&self, terms: Terms) -> Option<Duration> {
        match self.gate {
            Some(gate) => Some(Duration::from_millis(gate.0)),
            // Who counts steps too may wait for the last of them long after the time is over.
            None if terms.steps > 0 => None,
            None => Some(Duration::from_millis(terms.time_ms).saturating_add(MARGIN)),
        }
    }
}

/// What a wave is waited for longer than its trials take: clocks differ, and a node may be starting.
const MARGIN: Duration = Duration::from_secs(60);

/// The sizes of waves, one after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Waves {
    sizes: Vec<usize>,
    has_rest: bool,
}

impl Waves {
    /// All nodes at once.
    pub(crate) fn one() -> Waves {
        Waves {
            sizes: Vec::new(),
            has_rest: true,
        }
    }

    /// The waves of so many nodes, as how many each takes. A wave that nobody is left for is left out. An
    /// error says how many nodes the waves take, where that is too few.
    pub(crate) fn over(&self, nodes: usize) -> Result<Vec<usize>, usize> {
        let mut left = nodes;
        let mut waves = Vec::new();
        let rest = self.has_rest.then_some(nodes);
        for size in self.sizes.iter().copied().chain(rest) {
            let size = size.min(left);
            if size > 0 {
                waves.push(size);
                left -= size;
            }
        }
        match left {
            0 => Ok(waves),
            left => Err(nodes - left),
        }
    }
}

impl FromStr for Waves {
    type Err = String;

    fn from_str(text: &str) -> Result<Waves, String> {
        let shape = "expected numbers of nodes, for example `1,5,rest`";
        let mut words: Vec<&str> = text.split(',').map(str::trim).collect();
        let has_rest = words.last() == Some(&"rest");
        if has_rest {
            words.pop();
        }
        let sizes = words.into_iter().map(|word| match word.parse() {
            Ok(0) | Err(_) => Err(shape.to_owned()),
            Ok(size) => Ok(size),
        });
        Ok(Waves {
            sizes: sizes.collect::<Result<_, _>>()?,
            has_rest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_take_every_node_once_or_say_how_many_they_take() {
        type Taken = Result<&'static [usize], usize>;
        let table: &[(&str, usize, Taken)] = &[
            ("1,5,rest", 10, Ok(&[1, 5, 4])),
            ("1,5,rest", 6, Ok(&[1, 5])),
            ("1,5,rest", 3, Ok(&[1, 2])),
            ("1,5,rest", 1, Ok(&[1])),
            ("rest", 4, Ok(&[4])),
            ("2,2", 4, Ok(&[2, 2])),
            ("2, 2", 3, Ok(&[2, 1])),
            ("2,2", 5, Err(4)),
            ("18446744073709551615,1", 2, Ok(&[2])),
            ("1,rest", 0, Ok(&[])),
        ];
        for (text, nodes, expected) in table {
            let waves = text.parse::<Waves>().unwrap().over(*nodes);
            assert_eq!(
                waves,
                expected.map(<[usize]>::to_vec),
                "{text} over {nodes}"
            );
        }
        assert_eq!(Waves::one().over(3), Ok(vec![3]));
    }

    #[test]
    fn what_is_no_wave_is_said() {
        for text in [
            "",
            "0",
            "1,0",
            "rest,1",
            "rest,rest",
            "1,,2",
            "-1",
            "x",
            "99999999999999999999",
        ] {
            assert!(text.parse::<Waves>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_gate_is_as_patient_as_the_trial_is_long() {
        let terms = |time_ms, steps| Terms {
            time_ms,
            steps,
            faults: 0,
            checks: false,
            starts: 2,
        };
        let rollout = |gate: Option<u64>| Rollout {
            wave: None,
            on_failure: OnFailure::Stop,
            keep_going: false,
            gate: gate.map(Span),
        };
        let milliseconds = |number| Some(Duration::from_millis(number));
        assert_eq!(
            rollout(None).patience(terms(1_000, 0)),
            milliseconds(61_000)
        );
        assert_eq!(rollout(None).patience(terms(1_000, 5)), None);
        assert_eq!(rollout(None).patience(terms(0, 5)), None);
        assert_eq!(rollout(Some(7)).patience(terms(0, 5)), milliseconds(7));
    }
}
