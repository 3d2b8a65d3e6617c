//! The local journal: one thread that applies, makes durable, and only then answers.
//!
//! Commands of all machines meet in one queue. The writer takes what waits, applies it, writes it in one
//! transaction and syncs once: a sync takes milliseconds, so the more clients wait, the more of them share
//! one. Answers and what readers see change after the sync, never before. If a sync fails the writer
//! stops for good, and with it the node: what the disk holds is known only to a fresh start.

mod beside;
mod turn;
mod writer;

use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};

use self::writer::{Machine, Writer, watched};
use crate::journal::{Command, Journal, Outcome, SubmitError};
use crate::limits::QUEUE_MAX;
use crate::recovery::{self, RecoveryError};
use crate::replica::Replica;
use crate::shadow::{Lane, Order, Running};
use crate::store::Store;

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
pub struct Published(Arc<RwLock<BTreeMap<String, Seen>>>);

/// A machine as readers see it.
#[derive(Clone)]
struct Seen {
    /// The machine.
    replica: Arc<Replica>,
    /// The machine some inputs ago, in the same program.
    base: Arc<Replica>,
    /// What runs beside it.
    shadow: Option<Running>,
}

impl Published {
    /// One machine.
    #[must_use]
    pub fn machine(&self, name: &str) -> Option<Arc<Replica>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .map(|seen| Arc::clone(&seen.replica))
    }

    /// One machine as it was some inputs ago, to rehearse on.
    #[must_use]
    pub fn base(&self, name: &str) -> Option<Arc<Replica>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .map(|seen| Arc::clone(&seen.base))
    }

    /// The shadow of one machine. It may have ended.
    #[must_use]
    pub fn shadow(&self, name: &str) -> Option<Running> {
        let machines = self.0.read().unwrap_or_else(PoisonError::into_inner);
        machines.get(name).and_then(|seen| seen.shadow.clone())
    }

    /// All machines, by name.
    #[must_use]
    pub fn machines(&self) -> Vec<Arc<Replica>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .map(|seen| Arc::clone(&seen.replica))
            .collect()
    }

    fn publish(&self, machine: &Machine) {
        let seen = Seen {
            replica: Arc::new(machine.replica.clone()),
            base: machine.bases.older(),
            shadow: machine.shadow.as_ref().map(Lane::running).cloned(),
        };
        let name = machine.replica.name().to_owned();
        let mut machines = self.0.write().unwrap_or_else(PoisonError::into_inner);
        machines.insert(name, seen);
    }
}

struct Job {
    machine: String,
    work: Work,
    answer: oneshot::Sender<Outcome>,
}

/// What is to be done.
enum Work {
    /// Apply this.
    Command(Command),
    /// Begin or end a shadow.
    Shadow(Order),
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
            let machine = Machine::from(recovered);
            published.publish(&machine);
            machines.insert(machine.replica.name().to_owned(), machine);
        }
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let (failed, failure) = watch::channel(None);
        let mut writer = Writer {
            store,
            clock,
            machines,
            published: published.clone(),
        };
        // Before anybody is served: a program that failed its trial answers nobody any more.
        writer.take_back_overdue()?;
        writer.look()?;
        writer.take_up_shadows()?;
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
        self.work(machine, Work::Command(command)).await
    }

    async fn shadow(&self, machine: &str, order: Order) -> Result<Outcome, SubmitError> {
        self.work(machine, Work::Shadow(order)).await
    }

    async fn barrier(&self) -> Result<(), SubmitError> {
        Ok(())
    }
}

impl LocalJournal {
    async fn work(&self, machine: &str, work: Work) -> Result<Outcome, SubmitError> {
        let (answer, outcome) = oneshot::channel();
        let job = Job {
            machine: machine.to_owned(),
            work,
            answer,
        };
        let sender = self.sender.as_ref().ok_or(SubmitError::Stopped)?;
        sender.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => SubmitError::Busy,
            TrySendError::Disconnected(_) => SubmitError::Stopped,
        })?;
        outcome.await.map_err(|_| SubmitError::Stopped)
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
            reason: String::new(),
            trial: None,
            plan: None,
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
