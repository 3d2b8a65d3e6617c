//! What a ledger tells of the turns of a life, one after another.

use crate::ledger::{Entry, Event};

/// A ledger on the way through a life.
pub(super) struct Told<'a> {
    before: Option<&'a Entry>,
    entries: std::slice::Iter<'a, Entry>,
}

impl<'a> Told<'a> {
    pub(super) fn of(ledger: &'a [Entry]) -> Told<'a> {
        Told {
            before: None,
            entries: ledger.iter(),
        }
    }

    /// What is told of the next turn.
    ///
    /// # Errors
    /// Nothing is, or the entries are not one chain up to there.
    pub(super) fn next_turn(&mut self) -> Result<&'a Entry, &'static str> {
        loop {
            let entry = self.entries.next();
            let entry = entry.ok_or("the ledger says nothing of it")?;
            if !entry.follows(self.before) {
                return Err("the ledger is not one chain up to it");
            }
            self.before = Some(entry);
            if is_of_a_turn(entry) {
                return Ok(entry);
            }
        }
    }

    /// Whether no further turn is told of.
    pub(super) fn is_over(&self) -> bool {
        !self.entries.as_slice().iter().any(is_of_a_turn)
    }
}

/// Whether an entry tells of a turn: what ran beside the machine is in no journal.
fn is_of_a_turn(entry: &Entry) -> bool {
    !matches!(entry.event, Event::Shadowed(_))
}

/// The ledger of so many turns, with what ran beside the machine between them.
#[must_use]
pub fn up_to_turns(mut ledger: Vec<Entry>, turns: usize) -> Vec<Entry> {
    let mut places = (0..ledger.len()).filter(|place| is_of_a_turn(&ledger[*place]));
    let kept = match turns {
        0 => 0,
        turns => places.nth(turns - 1).map_or(ledger.len(), |last| last + 1),
    };
    ledger.truncate(kept);
    ledger
}
