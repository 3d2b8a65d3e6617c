//! The local journal: one thread that applies, makes durable, and only then answers.
//!
//! Commands of all machines meet in one queue. The writer takes what waits, applies it, writes it in one
//! transaction and syncs once: a sync takes milliseconds, so the more clients wait, the more of them share
//! one. Answers and what readers see change after the sync, never before. If a sync fails the writer
//! stops for good, and with it the node: what the disk holds is known only to a fresh start.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use crate::journal::{
    Accepted, Apply, Command, Effect, Index, Journal, Outcome, Snapshot, SubmitError,
};
use crate::limits::{
    BATCH_MAX, JOURNAL_ENTRIES_KEPT, MACHINES_MAX, QUEUE_MAX, REPLAY_TIME_MAX,
    SNAPSHOT_INPUT_BYTES_LEAST,
};
use crate::protocol::{Refusal, RefusalCode};
use crate::recovery::{self, Recovered, RecoveryError};
use crate::refused;
use crate::replica::Replica;
use crate::store::{Commit, Store, StoreError};
use crate::upgrade::MigratedUpgrade;

/// What time it is, in milliseconds since 1970: an argument, so that a test can hold it.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The journal of all machines of one node, on one disk.
pub struct LocalJournal {
    sender: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    published: Published,
    failure: watch::Receiver<Option<String>>,
}

/// The machines as they are on the disk: what readers may see.
#[derive(Clone, Default)]
pub struct Published(Arc<RwLock<BTreeMap<String, Arc<Replica>>>>);

impl Published {
    /// One machine.
    #[must_use]
    pub fn machine(&self, name: &str) -> Option<Arc<Replica>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// All machines, by name.
    #[must_use]
    pub fn machines(&self) -> Vec<Arc<Replica>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    fn publish(&self, replica: &Replica) {
        let mut machines = self.0.write().unwrap_or_else(PoisonError::into_inner);
        machines.insert(replica.name().to_owned(), Arc::new(replica.clone()));
    }
}

struct Job {
    machine: String,
    command: Command,
    answer: oneshot::Sender<Outcome>,
}

impl LocalJournal {
    /// Starts every machine the store holds, then the writer.
    ///
    /// # Errors
    /// [`RecoveryError`] if the store cannot be read or a machine does not come out as it was.
    pub fn open(store: Arc<Store>, clock: Clock) -> Result<LocalJournal, RecoveryError> {
        let published = Published::default();
        let mut machines = BTreeMap::new();
        for recovered in recovery::machines(&store)? {
            published.publish(&recovered.replica);
            let name = recovered.replica.name().to_owned();
            machines.insert(name, Machine::from(recovered));
        }
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let (failed, failure) = watch::channel(None);
        let writer = Writer {
            store,
            clock,
            machines,
            published: published.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || watched(writer, &receiver, &failed))
            .map_err(RecoveryError::Thread)?;
        Ok(LocalJournal {
            sender: Some(sender),
            thread: Some(thread),
            published,
            failure,
        })
    }

    /// What readers may see.
    #[must_use]
    pub fn published(&self) -> &Published {
        &self.published
    }

    /// Becomes something when the writer has stopped for good.
    #[must_use]
    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.failure.clone()
    }
}

impl Journal for LocalJournal {
    async fn submit(&self, machine: &str, command: Command) -> Result<Outcome, SubmitError> {
        let (answer, outcome) = oneshot::channel();
        let job = Job {
            machine: machine.to_owned(),
            command,
            answer,
        };
        let sender = self.sender.as_ref().ok_or(SubmitError::Stopped)?;
        sender.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => SubmitError::Busy,
            TrySendError::Disconnected(_) => SubmitError::Stopped,
        })?;
        outcome.await.map_err(|_| SubmitError::Stopped)
    }

    async fn barrier(&self) -> Result<(), SubmitError> {
        Ok(())
    }
}

/// Lets the writer finish what waits.
impl Drop for LocalJournal {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's writer has panicked");
        }
    }
}

/// A machine in the writer's hands, ahead of the disk by the current batch.
struct Machine {
    replica: Replica,
    /// Bytes of the last snapshot, and of the inputs since.
    snapshot_bytes: u64,
    input_bytes: u64,
    /// Time that the inputs since took to apply, and so that a start would take to apply them again.
    replay_time: Duration,
}

impl From<Recovered> for Machine {
    fn from(recovered: Recovered) -> Machine {
        Machine {
            replica: recovered.replica,
            snapshot_bytes: recovered.snapshot_bytes,
            input_bytes: recovered.input_bytes,
            replay_time: recovered.replay_time,
        }
    }
}

impl Machine {
    fn snapshot_is_due(&self) -> bool {
        self.input_bytes >= self.snapshot_bytes.max(SNAPSHOT_INPUT_BYTES_LEAST)
            || self.replay_time >= REPLAY_TIME_MAX
    }
}

struct Writer {
    store: Arc<Store>,
    clock: Clock,
    machines: BTreeMap<String, Machine>,
    published: Published,
}

/// What a batch has done so far and not yet told.
#[derive(Default)]
struct Batch {
    commit: Option<Commit>,
    answers: Vec<(oneshot::Sender<Outcome>, Outcome)>,
    touched: Vec<String>,
}

/// A writer that panics has failed like one whose disk fails: a node that went on would refuse every
/// input for ever and look alive.
fn watched(writer: Writer, receiver: &Receiver<Job>, failed: &watch::Sender<Option<String>>) {
    if catch_unwind(AssertUnwindSafe(|| writer.run(receiver, failed))).is_err() {
        let reason = "the journal's writer has panicked";
        tracing::error!("{reason}; the node stops");
        failed.send_replace(Some(reason.to_owned()));
    }
}

impl Writer {
    fn run(mut self, receiver: &Receiver<Job>, failed: &watch::Sender<Option<String>>) {
        while let Ok(first) = receiver.recv() {
            let waiting = std::iter::once(first).chain(receiver.try_iter());
            if let Err(error) = self.batch(waiting.take(BATCH_MAX)) {
                tracing::error!(%error, "the store failed; the node stops");
                failed.send_replace(Some(error.to_string()));
                return;
            }
        }
    }

    fn batch(&mut self, jobs: impl Iterator<Item = Job>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for job in jobs {
            self.job(job, &mut batch)?;
        }
        self.finish(batch)
    }

    fn job(&mut self, job: Job, batch: &mut Batch) -> Result<(), StoreError> {
        let Job {
            machine,
            command,
            answer,
        } = job;
        if let Err(refusal) = self.admits(&machine, &command) {
            batch.answers.push((answer, Outcome::Refused(refusal)));
            return Ok(());
        }
        let mut replica = match self.machines.get(&machine) {
            Some(known) => known.replica.clone(),
            None => Replica::new(&machine),
        };
        let command = command.stamped((self.clock)().max(replica.last_ms()));
        let at = replica.index() + 1;
        let started = Instant::now();
        match applied(&mut replica, at, &command) {
            Effect::Nothing(outcome) => batch.answers.push((answer, outcome)),
            Effect::Done(outcome) => {
                self.record(replica, at, &command, started.elapsed(), batch)?;
                batch.answers.push((answer, outcome));
            }
            Effect::Staged(upgrade) => {
                let outcome = self.upgrade(replica, at, &command, *upgrade, batch)?;
                batch.answers.push((answer, outcome));
            }
        }
        Ok(())
    }

    fn admits(&self, machine: &str, command: &Command) -> Result<(), Refusal> {
        let known = self.machines.contains_key(machine);
        match command {
            Command::Input { .. } if !known => Err(refused::no_machine(machine)),
            Command::Upgrade { .. } if !known && self.machines.len() >= MACHINES_MAX => {
                let reason = format!("the node runs {MACHINES_MAX} machines, which is its limit");
                Err(Refusal::new(RefusalCode::TOO_MANY_MACHINES, reason))
            }
            _ => Ok(()),
        }
    }

    /// Writes a command that has been applied, and a snapshot when one is due.
    fn record(
        &mut self,
        replica: Replica,
        at: Index,
        command: &Command,
        took: Duration,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let name = replica.name().to_owned();
        let machine = self
            .machines
            .get_mut(&name)
            .expect("inputs reach known machines only");
        machine.replica = replica;
        let commit = batch.commit(&self.store)?;
        machine.input_bytes += commit.command(&name, at, command)?;
        machine.replay_time += took;
        if machine.snapshot_is_due() {
            let snapshot = machine.replica.snapshot();
            let oldest = at.saturating_sub(JOURNAL_ENTRIES_KEPT);
            machine.snapshot_bytes = commit.snapshot(&name, &snapshot, oldest)?;
            machine.input_bytes = 0;
            machine.replay_time = Duration::ZERO;
        }
        batch.touched.push(name);
        Ok(())
    }

    /// Commits an upgrade together with all of the batch before it, then adopts it.
    fn upgrade(
        &mut self,
        mut replica: Replica,
        at: Index,
        command: &Command,
        upgrade: MigratedUpgrade,
        batch: &mut Batch,
    ) -> Result<Outcome, StoreError> {
        let Command::Upgrade {
            at_ms,
            by,
            signers,
            bundle,
        } = command
        else {
            unreachable!("only an upgrade stages an upgrade")
        };
        let name = replica.name().to_owned();
        let snapshot = staged_snapshot(&replica, &upgrade, at, *at_ms);
        let accepted = accepted(&replica, &upgrade, *at_ms, by, signers, &snapshot);
        let oldest = at.saturating_sub(JOURNAL_ENTRIES_KEPT);
        let mut snapshot_bytes = 0;
        let commit = batch.take_commit(&self.store)?;
        let committed = upgrade.commit(|upgrade| {
            commit.command(&name, at, command)?;
            commit.upgrade(&name, upgrade, bundle, &accepted)?;
            snapshot_bytes = commit.snapshot(&name, &snapshot, oldest)?;
            commit.finish()
        })?;
        let outcome = replica.adopt(at, command, committed);
        batch.touched.push(name.clone());
        self.machines.insert(
            name,
            Machine {
                replica,
                snapshot_bytes,
                input_bytes: 0,
                replay_time: Duration::ZERO,
            },
        );
        Ok(outcome)
    }

    /// Makes the batch durable, shows it to readers, answers.
    fn finish(&self, batch: Batch) -> Result<(), StoreError> {
        if let Some(commit) = batch.commit {
            commit.finish()?;
        }
        for name in batch.touched {
            if let Some(machine) = self.machines.get(&name) {
                self.published.publish(&machine.replica);
            }
        }
        for (answer, outcome) in batch.answers {
            // A client that has gone does not hear its answer; the step stands.
            let _ = answer.send(outcome);
        }
        Ok(())
    }
}

impl Batch {
    fn commit(&mut self, store: &Store) -> Result<&Commit, StoreError> {
        if self.commit.is_none() {
            self.commit = Some(store.commit()?);
        }
        Ok(self.commit.as_ref().expect("it was made just now"))
    }

    fn take_commit(&mut self, store: &Store) -> Result<Commit, StoreError> {
        match self.commit.take() {
            Some(commit) => Ok(commit),
            None => store.commit(),
        }
    }
}

/// A panic in the machine would be a mistake of ours; it must not take the node down. The replica is a
/// copy that is thrown away then.
fn applied(replica: &mut Replica, at: Index, command: &Command) -> Effect {
    let effect = catch_unwind(AssertUnwindSafe(|| replica.apply(at, command)));
    effect.unwrap_or_else(|_| {
        tracing::error!(machine = replica.name(), "a command made the machine panic");
        let reason = "the node met a mistake of its own while applying this";
        let refusal = Refusal::new(RefusalCode::BUG, reason);
        Effect::Nothing(Outcome::Refused(refused::unchanged(
            refusal,
            replica.name(),
            replica.position(),
        )))
    })
}

fn staged_snapshot(
    replica: &Replica,
    upgrade: &MigratedUpgrade,
    at: Index,
    at_ms: i64,
) -> Snapshot {
    Snapshot {
        index: at,
        steps: replica.steps(),
        traps: replica.traps(),
        last_ms: at_ms,
        state: cam::encode::value(&upgrade.instance().state()),
    }
}

fn accepted(
    replica: &Replica,
    upgrade: &MigratedUpgrade,
    at_ms: i64,
    by: &str,
    signers: &[String],
    snapshot: &Snapshot,
) -> Accepted {
    let program = upgrade.instance().program();
    Accepted {
        sequence: upgrade.to().sequence,
        bundle: upgrade.bundle().id().0,
        from: upgrade.from().program.map(|digest| digest.0),
        to: program.digest().0,
        machine_version: program.schema().version,
        at_ms,
        signers: signers.to_vec(),
        by: by.to_owned(),
        note: upgrade.bundle().manifest().note.clone(),
        step: replica.steps(),
        state_bytes: snapshot.state.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(clock: Clock) -> (tempfile::TempDir, LocalJournal) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::create(&folder.path().join("store.redb")).expect("made");
        let journal = LocalJournal::open(Arc::new(store), clock).expect("opens");
        (folder, journal)
    }

    fn upgrade() -> Command {
        Command::Upgrade {
            at_ms: 0,
            by: "operator".to_owned(),
            signers: Vec::new(),
            bundle: vec![0; 8],
        }
    }

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
            let machine = Machine {
                replica: Replica::new("counter"),
                snapshot_bytes,
                input_bytes,
                replay_time,
            };
            assert_eq!(
                machine.snapshot_is_due(),
                due,
                "{snapshot_bytes} {input_bytes}"
            );
        }
    }

    #[tokio::test]
    async fn a_writer_that_panics_has_failed_and_says_so() {
        let (_folder, journal) = journal(Arc::new(|| panic!("the clock has stopped")));
        let mut failure = journal.failure();
        let outcome = journal.submit("counter", upgrade()).await;
        assert_eq!(outcome, Err(SubmitError::Stopped));
        let failed = failure.wait_for(Option::is_some).await;
        assert!(
            failed.is_ok(),
            "nobody is told that the journal has stopped"
        );
    }

    #[tokio::test]
    async fn a_command_that_is_refused_stops_nothing() {
        let (_folder, journal) = journal(Arc::new(|| 1));
        for _ in 0..2 {
            let outcome = journal.submit("counter", upgrade()).await;
            let outcome = outcome.expect("the writer answers");
            assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        }
        assert_eq!(*journal.failure().borrow(), None);
    }
}
