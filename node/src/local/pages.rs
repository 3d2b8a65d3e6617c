//! How a machine is kept: its last snapshot, the journal since, and the snapshot that is being written.

use std::time::Duration;

use super::scribe::Scribe;
use crate::journal::Index;
use crate::limits::{
    JOURNAL_BYTES_KEPT, JOURNAL_ENTRIES_KEPT, REPLAY_TIME_MAX, SNAPSHOT_INPUT_BYTES_LEAST,
};
use crate::recovery::Recovered;
use crate::replica::Replica;
use crate::store::Keeping;

/// What the disk has of a machine.
#[derive(Default)]
pub(super) struct Pages {
    /// The last command in the last snapshot.
    snapshot: Index,
    /// The last command in the snapshot that a trial needs.
    pub(super) trial_base: Option<Index>,
    /// Bytes of the last snapshot, and of the commands since.
    snapshot_bytes: u64,
    input_bytes: u64,
    /// Time that the commands since took to apply, and so that a start would take to apply them again.
    replay_time: Duration,
    /// Who writes the next snapshot, while somebody does.
    pub(super) scribe: Option<Scribe>,
    /// Whether the next one is to be written aside.
    pub(super) is_wanted: bool,
}

impl From<&Recovered> for Pages {
    fn from(recovered: &Recovered) -> Pages {
        Pages {
            snapshot: recovered.snapshot,
            trial_base: recovered.trial_base,
            snapshot_bytes: recovered.snapshot_bytes,
            input_bytes: recovered.input_bytes,
            replay_time: recovered.replay_time,
            scribe: None,
            is_wanted: false,
        }
    }
}

impl Pages {
    /// Of a machine whose snapshot has just been written.
    pub(super) fn new(snapshot: Index, bytes: u64, trial_base: Option<Index>) -> Pages {
        Pages {
            snapshot,
            trial_base,
            snapshot_bytes: bytes,
            ..Pages::default()
        }
    }

    /// Of a machine that has taken a turn without a snapshot: the journal leads across it.
    pub(super) fn turned(
        &mut self,
        bytes: u64,
        took: Duration,
        trial_base: Option<Index>,
    ) -> Pages {
        let mut pages = std::mem::take(self);
        pages.add(bytes, took);
        pages.trial_base = trial_base;
        pages
    }

    /// Counts a command.
    pub(super) fn add(&mut self, bytes: u64, took: Duration) {
        self.input_bytes += bytes;
        self.replay_time += took;
    }

    /// Bytes and time of the commands since the last snapshot.
    pub(super) fn since(&self) -> (u64, Duration) {
        (self.input_bytes, self.replay_time)
    }

    /// A snapshot is written, in place of the last one.
    pub(super) fn written(&mut self, snapshot: Index, bytes: u64) {
        *self = Pages::new(snapshot, bytes, self.trial_base);
    }

    /// A snapshot has been written aside; so much of what is counted is in it.
    pub(super) fn written_aside(&mut self, snapshot: Index, bytes: u64, in_it: (u64, Duration)) {
        self.snapshot = snapshot;
        self.snapshot_bytes = bytes;
        self.input_bytes = self.input_bytes.saturating_sub(in_it.0);
        self.replay_time = self.replay_time.saturating_sub(in_it.1);
        self.scribe = None;
    }

    pub(super) fn snapshot_is_due(&self) -> bool {
        self.scribe.is_none()
            && (self.input_bytes >= self.snapshot_bytes.max(SNAPSHOT_INPUT_BYTES_LEAST)
                || self.replay_time >= REPLAY_TIME_MAX)
    }

    /// What of the journal is kept behind a snapshot of so many commands: a start needs what comes after it, a trial all of
    /// its own, and those that lead up to it.
    pub(super) fn keeping(&self, replica: &Replica, snapshot: Index) -> Keeping {
        let oldest = replica.index().saturating_sub(JOURNAL_ENTRIES_KEPT);
        let began = replica.trial().map(|trial| trial.began);
        let led = self.trial_base.map(|base| base + 1);
        let needed = [began, led]
            .into_iter()
            .flatten()
            .fold(snapshot, Index::min);
        Keeping {
            oldest: oldest.min(needed),
            needed,
            bytes: JOURNAL_BYTES_KEPT,
        }
    }

    /// The snapshots that are needed, and the one that is being written.
    pub(super) fn named(&self) -> Vec<Index> {
        let written = self.scribe.as_ref().map(|scribe| scribe.index);
        let named = [Some(self.snapshot), self.trial_base, written];
        named.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_due_after_many_bytes_or_after_much_work() {
        let (large, least) = (1 << 20, SNAPSHOT_INPUT_BYTES_LEAST);
        let almost = REPLAY_TIME_MAX - Duration::from_millis(1);
        for (snapshot_bytes, input_bytes, replay_time, due) in [
            (1, least - 1, almost, false),
            (1, least, Duration::ZERO, true),
            (large, least, almost, false),
            (large, large, Duration::ZERO, true),
            (large, 1, REPLAY_TIME_MAX, true),
        ] {
            let mut pages = Pages::new(1, snapshot_bytes, None);
            pages.add(input_bytes, replay_time);
            assert_eq!(
                pages.snapshot_is_due(),
                due,
                "{snapshot_bytes} {input_bytes}"
            );
        }
    }

    #[test]
    fn what_leads_up_to_a_trial_is_kept() {
        let replica = Replica::new("counter");
        let mut pages = Pages::new(7, 1, Some(3));
        assert_eq!(pages.keeping(&replica, 7).needed, 4);
        assert_eq!(pages.named(), [7, 3]);
        pages.add(5, Duration::ZERO);
        pages.written(9, 2);
        assert_eq!((pages.named(), pages.since().0), (vec![9, 3], 0));
    }
}
