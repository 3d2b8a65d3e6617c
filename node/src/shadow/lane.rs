//! The lane of a shadow: its thread, what waits for it, and what it has counted.
//!
//! Whoever gives it an input never waits: the queue has a bound, and what does not fit ends the shadow.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{End, Ended, Offered, Shadow, Tally};
use crate::comparison::{Answer, answer};
use crate::journal::{Apply, Command, Index};
use crate::limits::{SHADOW_STEP_TIME_MAX, SHADOW_WAITING_BYTES_MAX, SHADOW_WAITING_MAX};
use crate::replica::Replica;

/// An input that the machine has taken.
pub(crate) struct Taken {
    /// Its place in the journal.
    pub(crate) at: Index,
    /// The input.
    pub(crate) command: Command,
    /// What the machine answered.
    pub(crate) was: Answer,
    /// How long that took.
    pub(crate) took: Duration,
}

/// A shadow as the writer holds it. Its thread ends when this is dropped.
pub(crate) struct Lane {
    running: Running,
    /// The last input that the machine had taken when the shadow began.
    began: Index,
    sender: Sender<Taken>,
}

/// A shadow as readers see it.
#[derive(Clone, Debug)]
pub struct Running {
    offered: Arc<Offered>,
    bundle: Arc<Vec<u8>>,
    counted_ms: u64,
    progress: Arc<Mutex<Progress>>,
}

#[derive(Debug, Default)]
struct Progress {
    tally: Tally,
    /// The last input that it has answered, or that the machine had taken when it began.
    upto: Index,
    waiting: u64,
    waiting_bytes: usize,
    why: Option<End>,
}

impl Lane {
    /// Starts a shadow of `base`. It migrates by itself, aside, while the inputs wait.
    ///
    /// # Errors
    /// If there is no thread for it.
    pub(crate) fn start(
        base: Replica,
        offered: Offered,
        bundle: Vec<u8>,
        counted_ms: u64,
    ) -> std::io::Result<Lane> {
        let (lane, receiver) = Lane::new(base.index(), offered, bundle, counted_ms);
        let running = lane.running.clone();
        let thread = std::thread::Builder::new().name("shadow".to_owned());
        thread.spawn(move || {
            let bundle = Arc::clone(&running.bundle);
            let command = Command::Upgrade {
                at_ms: i64::try_from(running.counted_ms).unwrap_or(i64::MAX),
                by: running.offered.by.clone(),
                signers: running.offered.signers.clone(),
                bundle: bundle.to_vec(),
                reason: String::new(),
                trial: None,
                plan: None,
            };
            running.work(&receiver, || {
                let at = base.index();
                let mut replica = base.upgraded(at, &command)?;
                Ok(move |taken: &Taken| answer(replica.apply(taken.at, &taken.command)))
            });
        })?;
        Ok(lane)
    }

    fn new(
        began: Index,
        offered: Offered,
        bundle: Vec<u8>,
        counted_ms: u64,
    ) -> (Lane, Receiver<Taken>) {
        let (sender, receiver) = channel();
        let running = Running {
            offered: Arc::new(offered),
            bundle: Arc::new(bundle),
            counted_ms,
            progress: Arc::new(Mutex::new(Progress {
                upto: began,
                ..Progress::default()
            })),
        };
        let lane = Lane {
            running,
            began,
            sender,
        };
        (lane, receiver)
    }

    /// What readers see of it.
    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    /// Gives it an input. Those from before it began are in the state from which it began.
    pub(crate) fn give(&self, taken: Taken) {
        if taken.at <= self.began {
            return;
        }
        let bytes = bytes(&taken);
        {
            let mut progress = self.running.progress();
            if progress.why.is_some() {
                return;
            }
            let is_full = progress.waiting >= SHADOW_WAITING_MAX
                || progress.waiting_bytes + bytes > SHADOW_WAITING_BYTES_MAX;
            if is_full {
                let waiting = progress.waiting;
                progress.why = Some(End::Behind { waiting });
                return;
            }
            progress.waiting += 1;
            progress.waiting_bytes += bytes;
        }
        // A thread that has ended has said why.
        let _ = self.sender.send(taken);
    }
}

/// What still waits is not worked on any more.
impl Drop for Lane {
    fn drop(&mut self) {
        self.running.end(End::Dropped);
    }
}

impl Running {
    /// What runs.
    #[must_use]
    pub fn offered(&self) -> &Offered {
        &self.offered
    }

    /// The bundle's bytes.
    #[must_use]
    pub fn bundle(&self) -> &[u8] {
        &self.bundle
    }

    /// How it does beside a machine that has come to this place in its journal.
    #[must_use]
    pub fn shadow(&self, machine: Index) -> Shadow {
        let progress = self.progress();
        Shadow {
            offered: Offered::clone(&self.offered),
            counted_ms: self.counted_ms,
            tally: progress.tally.clone(),
            waiting: machine.saturating_sub(progress.upto),
        }
    }

    /// How it did, if it has ended.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        let progress = self.progress();
        Some(Ended {
            offered: Offered::clone(&self.offered),
            counted_ms: self.counted_ms,
            tally: progress.tally.clone(),
            why: progress.why.clone()?,
        })
    }

    /// Ends it, unless it has ended.
    pub(crate) fn end(&self, why: End) {
        self.progress().why.get_or_insert(why);
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Nothing that may panic is done with the lock in hand.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the work of the thread. A panic in it ends the shadow and nothing else.
    fn work<S>(&self, receiver: &Receiver<Taken>, begin: impl FnOnce() -> Result<S, String>)
    where
        S: FnMut(&Taken) -> Answer,
    {
        let worked = catch_unwind(AssertUnwindSafe(|| match begin() {
            Ok(step) => self.steps(receiver, step),
            Err(reason) => self.end(End::Refused { reason }),
        }));
        if worked.is_err() {
            tracing::error!("a shadow made its thread panic");
            self.end(End::Panicked);
        }
    }

    fn steps(&self, receiver: &Receiver<Taken>, mut step: impl FnMut(&Taken) -> Answer) {
        self.progress().tally.comparison.compared = true;
        for taken in receiver {
            if self.progress().why.is_some() {
                return;
            }
            let started = Instant::now();
            let is = step(&taken);
            self.count(taken, is, started.elapsed());
        }
    }

    fn count(&self, taken: Taken, is: Answer, took: Duration) {
        let mut progress = self.progress();
        if progress.why.is_some() {
            return;
        }
        progress.upto = taken.at;
        progress.waiting = progress.waiting.saturating_sub(1);
        progress.waiting_bytes = progress.waiting_bytes.saturating_sub(bytes(&taken));
        let took_us = microseconds(took);
        let tally = &mut progress.tally;
        tally.own_us = tally.own_us.saturating_add(microseconds(taken.took));
        tally.shadow_us = tally.shadow_us.saturating_add(took_us);
        tally.longest_us = tally.longest_us.max(took_us);
        let (at, command, was) = (taken.at, &taken.command, taken.was);
        tally.comparison.add(at, command, was, is);
        if took > SHADOW_STEP_TIME_MAX {
            progress.why = Some(End::Dear { took_us });
        }
    }
}

/// What an input takes while it waits.
fn bytes(taken: &Taken) -> usize {
    let input = match &taken.command {
        Command::Input { input, .. } => input.len(),
        _ => 0,
    };
    let answer = match &taken.was {
        Answer::Output(output) => output.len(),
        _ => 0,
    };
    input.saturating_add(answer)
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> (Lane, Receiver<Taken>) {
        let offered = Offered {
            sequence: 2,
            bundle: [1; 32],
            program: [2; 32],
            machine_version: 2,
            signers: Vec::new(),
            by: "operator".to_owned(),
            reason: String::new(),
            began_ms: 5,
        };
        Lane::new(3, offered, Vec::new(), 5)
    }

    fn taken(at: Index, bytes: usize) -> Taken {
        Taken {
            at,
            command: Command::Input {
                at_ms: 0,
                from: "client".into(),
                program: [1; 32],
                input: vec![0; bytes],
                numbered: None,
            },
            was: Answer::Output(vec![1]),
            took: Duration::from_micros(7),
        }
    }

    fn why(lane: &Lane) -> Option<End> {
        lane.running().ended().map(|ended| ended.why)
    }

    #[test]
    fn what_waits_has_a_bound_in_number_and_in_bytes_and_nobody_waits_for_room() {
        let (lane, _receiver) = lane();
        for at in 0..SHADOW_WAITING_MAX {
            lane.give(taken(at + 4, 1));
        }
        assert_eq!(why(&lane), None);
        lane.give(taken(9_999_999, 1));
        let waiting = SHADOW_WAITING_MAX;
        assert_eq!(why(&lane), Some(End::Behind { waiting }));
        let (lane, _receiver) = self::lane();
        lane.give(taken(4, SHADOW_WAITING_BYTES_MAX - 1));
        assert_eq!(why(&lane), None);
        lane.give(taken(5, 1));
        assert_eq!(why(&lane), Some(End::Behind { waiting: 1 }));
    }

    #[test]
    fn inputs_from_before_it_began_are_not_given() {
        let (lane, receiver) = lane();
        lane.give(taken(3, 1));
        lane.give(taken(4, 1));
        assert_eq!(receiver.try_iter().map(|taken| taken.at).last(), Some(4));
        assert_eq!(lane.running().shadow(4).waiting, 1);
        lane.running()
            .count(taken(4, 1), Answer::Unknown, Duration::ZERO);
        assert_eq!(lane.running().shadow(4).waiting, 0);
        assert_eq!(lane.running().shadow(5).waiting, 1);
    }

    #[test]
    fn a_panic_in_a_step_or_at_the_beginning_ends_it_and_keeps_what_was_counted() {
        let (lane, receiver) = lane();
        for at in 4..=6 {
            lane.give(taken(at, 1));
        }
        let mut is = [Answer::Output(vec![1]), Answer::Stopped("x".to_owned())].into_iter();
        let step = move |_: &Taken| is.next().expect("the third step panics");
        lane.running().work(&receiver, || Ok(step));
        let ended = lane.running().ended().expect("it panicked");
        assert_eq!(ended.why, End::Panicked);
        let comparison = &ended.tally.comparison;
        assert_eq!((comparison.same, comparison.different), (1, 1));
        assert_eq!(comparison.first.as_ref().map(|first| first.at), Some(5));
        assert_eq!(ended.tally.own_us, 14);
        lane.give(taken(7, 1));
        assert_eq!(why(&lane), Some(End::Panicked));
        let (lane, receiver) = self::lane();
        let begin = || -> Result<fn(&Taken) -> Answer, String> { std::panic::panic_any(1) };
        lane.running().work(&receiver, begin);
        assert_eq!(why(&lane), Some(End::Panicked));
    }

    #[test]
    fn a_step_that_took_too_long_ends_it() {
        let (lane, _receiver) = lane();
        let running = lane.running();
        running.count(taken(4, 1), Answer::Unknown, SHADOW_STEP_TIME_MAX);
        assert_eq!(why(&lane), None);
        let longer = SHADOW_STEP_TIME_MAX + Duration::from_micros(1);
        running.count(taken(5, 1), Answer::Unknown, longer);
        let took_us = microseconds(longer);
        assert_eq!(why(&lane), Some(End::Dear { took_us }));
        assert_eq!(running.shadow(5).tally.longest_us, took_us);
    }
}
