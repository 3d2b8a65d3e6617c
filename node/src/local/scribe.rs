//! Scribes: a large state is encoded on a thread of its own and written in chunks, one in a commit, so that no client
//! waits for more than one.
//!
//! Until the last of it is written the snapshot before counts, and the journal since, across upgrades. A node
//! that dies meanwhile starts from there.

use std::sync::Weak;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Message;
use super::writer::{Batch, Writer};
use crate::journal::{Apply, Index};
use crate::limits::CHUNK_BYTES_MAX;
use crate::replica::Replica;
use crate::store::{Chunks, KeptSnapshot, Place, StoreError, sealed_chunk};

/// Who writes a snapshot.
pub(super) struct Scribe {
    /// The last command in it.
    pub(super) index: Index,
    /// Bytes and time of the commands that a start need not apply any more once it is written.
    in_it: (u64, Duration),
    thread: JoinHandle<()>,
}

/// Where scribes come with their errands, while the journal is there.
pub(super) type Desk = Weak<SyncSender<Message>>;

/// What a scribe wants written.
pub(super) struct Errand {
    machine: String,
    index: Index,
    what: What,
    done: oneshot::Sender<bool>,
}

enum What {
    /// A chunk, sealed, by its number.
    Chunk(u64, Vec<u8>),
    /// The snapshot itself: from now on it counts.
    Snapshot(Box<KeptSnapshot>),
    /// One chunk less of what nobody needs.
    Sweep,
}

impl Writer {
    /// Starts a scribe for each machine that wants one. What the batch before has written is durable.
    pub(super) fn start_scribes(&mut self) -> Result<(), StoreError> {
        let large = usize::try_from(self.published.large).unwrap_or(usize::MAX);
        let chunk_bytes = (large / 4).clamp(1, CHUNK_BYTES_MAX);
        for (name, machine) in &mut self.machines {
            let pages = &mut machine.pages;
            let scribe = pages.scribe.as_ref();
            if scribe.is_some_and(|scribe| scribe.thread.is_finished()) {
                // It has ended without a snapshot.
                pages.scribe = None;
            }
            if !pages.is_wanted || pages.scribe.is_some() {
                continue;
            }
            let work = Work {
                machine: name.clone(),
                replica: machine.replica.clone(),
                place: self.store.place(name)?,
                chunk_bytes,
                desk: Weak::clone(&self.desk),
            };
            let thread = std::thread::Builder::new().name("scribe".to_owned());
            match thread.spawn(move || work.write()) {
                Ok(thread) => {
                    pages.is_wanted = false;
                    pages.scribe = Some(Scribe {
                        index: machine.replica.index(),
                        in_it: pages.since(),
                        thread,
                    });
                }
                // It is tried again after the next batch.
                Err(error) => tracing::warn!(%error, "no thread for a snapshot of `{name}`"),
            }
        }
        Ok(())
    }

    /// Does what a scribe wants, unless its machine has been written otherwise meanwhile.
    pub(super) fn errand(&mut self, errand: Errand, batch: &mut Batch) -> Result<(), StoreError> {
        let (name, index) = (errand.machine, errand.index);
        let pages = self.machines.get_mut(&name);
        let pages = pages.map(|machine| (&mut machine.pages, &machine.replica));
        let scribe = pages.as_ref().and_then(|(pages, _)| pages.scribe.as_ref());
        let in_it = scribe.and_then(|own| (own.index == index).then_some(own.in_it));
        let is_done = match (errand.what, pages, in_it) {
            (What::Chunk(number, sealed), Some(_), Some(_)) => {
                let commit = batch.commit(&self.store)?;
                commit.chunk(&name, (index, number), &sealed)?;
                true
            }
            (What::Snapshot(kept), Some((pages, replica)), Some(in_it)) => {
                let keeping = pages.keeping(replica, index);
                let commit = batch.commit(&self.store)?;
                commit.kept_snapshot(&name, &kept, keeping)?;
                pages.written_aside(index, kept.state_bytes(), in_it);
                true
            }
            (What::Sweep, Some((pages, _)), _) => {
                let commit = batch.commit(&self.store)?;
                commit.sweep(&name, &pages.named())?
            }
            _ => false,
        };
        batch.errands.push((errand.done, is_done));
        Ok(())
    }
}

/// The work of a scribe.
struct Work {
    machine: String,
    replica: Replica,
    place: Place,
    chunk_bytes: usize,
    desk: Desk,
}

impl Work {
    fn write(self) {
        let mut snapshot = self.replica.snapshot();
        let state = std::mem::take(&mut snapshot.state);
        let index = snapshot.index;
        let kept = KeptSnapshot {
            place: self.place,
            chunks: Some(Chunks::of(
                &state,
                state.len().div_ceil(self.chunk_bytes) as u64,
            )),
            snapshot,
        };
        let mut chunks = state.chunks(self.chunk_bytes).zip(0..);
        let is_whole = chunks.all(|(bytes, number)| {
            let sealed = sealed_chunk(&self.machine, index, number, bytes);
            self.is_done(index, What::Chunk(number, sealed))
        });
        if is_whole {
            self.is_done(index, What::Snapshot(Box::new(kept)));
        }
        while self.is_done(index, What::Sweep) {}
    }

    /// Has something written, and waits until that is durable.
    fn is_done(&self, index: Index, what: What) -> bool {
        let (done, is_done) = oneshot::channel();
        let errand = Errand {
            machine: self.machine.clone(),
            index,
            what,
            done,
        };
        // The desk is let go at once: a journal that ends waits for all who stand at it.
        let sent = self.desk.upgrade();
        let sent = sent.is_some_and(|desk| desk.send(Message::Errand(errand)).is_ok());
        sent && is_done.blocking_recv().unwrap_or(false)
    }
}
