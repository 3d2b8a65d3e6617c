//! The gate between waves: it opens when all nodes of a wave have passed their trials, and stays shut when one
//! went back, cannot be asked, or takes too long.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use super::errand::{Errand, Look};
use super::member::{Member, with_each};
use super::standing::{Running, Standing, Trial, Trouble};
use crate::interrupt;
use crate::nodes::NamedNode;

/// How often nodes are asked.
const BETWEEN: Duration = Duration::from_millis(250);

/// Waits for the trials of a wave, at most so long. One node that went back, or says that we may not ask, is
/// enough to know that not all of them will be passed; the others are then looked at once more, to say what is true
/// of them after that.
pub(super) fn wait(errand: &Errand<'_>, wave: &mut [&mut Member], patience: Duration) {
    let until = Instant::now() + patience;
    // A node that does not answer may be starting again: only at the end that is the last word.
    let mut silent: BTreeMap<usize, Box<Trouble>> = BTreeMap::new();
    let mut is_last = false;
    loop {
        let asked = wave.iter().enumerate();
        let asked: Vec<(usize, &NamedNode)> = asked
            .filter(|(_, member)| member.standing.is_undecided())
            .map(|(place, member)| (place, &member.node))
            .collect();
        if asked.is_empty() {
            return;
        }
        let looks = with_each(&asked, |(place, node)| (*place, errand.look(node)));
        silent.clear();
        for (place, look) in looks {
            match look {
                Ok(look) => found(&mut wave[place].standing, look),
                Err(trouble) if trouble.is_final() => {
                    wave[place].standing = Standing::Unknown(trouble);
                }
                Err(trouble) => {
                    silent.insert(place, trouble);
                }
            }
        }
        let has_failed = wave.iter().any(|member| !member.standing.is_running());
        let is_over = Instant::now() >= until || interrupt::is_interrupted();
        if is_last || is_over {
            break;
        }
        is_last = has_failed;
        if !is_last {
            thread::sleep(BETWEEN);
        }
    }
    for (place, trouble) in silent {
        wave[place].standing = Standing::Unknown(trouble);
    }
}

/// What a look has found at a node that ran the program of the bundle.
fn found(standing: &mut Standing, look: Look) {
    match (look, standing) {
        (Look::WentBack(report), standing) => *standing = Standing::WentBack(report),
        (Look::Replaced(program), standing) => *standing = Standing::Replaced(program),
        (Look::OnTrial, Standing::Running(Running { trial, .. })) => *trial = Trial::On,
        (Look::Stays, Standing::Running(Running { trial, .. })) => {
            *trial = match trial {
                Trial::On => Trial::Passed,
                _ => Trial::None,
            }
        }
        _ => {}
    }
}
