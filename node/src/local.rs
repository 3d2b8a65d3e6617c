//! The local journal: one thread that applies, makes durable, and only then answers.
//!
//! Commands of all machines meet in one queue. The writer takes what waits, applies it, writes it in one
//! transaction and syncs once: a sync takes milliseconds, so the more clients wait, the more of them share
//! one. Answers and what readers see change after the sync, never before. If a sync fails the writer
//! stops for good, and with it the node: what the disk holds is known only to a fresh start.

mod beside;
mod disposal;
mod pages;
mod scribe;
mod turn;
mod writer;

use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use cam::instance::Instance;
use cam::value::Value;
use tokio::sync::{oneshot, watch};

use self::disposal::Disposal;
use self::scribe::Errand;
use self::writer::{Machine, Writer, watched};
use crate::head_start::HeadStart;
use crate::journal::{Command, Journal, Outcome, SubmitError};
use crate::limits::{LARGE_STATE_WEIGHT, QUEUE_MAX};
use crate::recovery::{self, RecoveryError};
use crate::replica::Replica;
use crate::shadow::{Lane, Order, Running};
use crate::store::Store;

/// What time it is, in milliseconds since 1970: an argument, so that a test can hold it.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The journal of all machines of one node, on one disk.
pub struct LocalJournal {
    sender: Option<Arc<SyncSender<Message>>>,
    thread: Option<JoinHandle<()>>,
    published: Published,
    failure: watch::Receiver<Option<String>>,
}

/// The machines as they are on the disk: what readers may see.
#[derive(Clone, Default)]
pub struct Published {
    machines: Arc<RwLock<BTreeMap<String, Seen>>>,
    /// Weight from which on a state is large.
    large: u64,
}

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
        self.machines
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .map(|seen| Arc::clone(&seen.replica))
    }

    /// One machine as it was some inputs ago, to rehearse on.
    #[must_use]
    pub fn base(&self, name: &str) -> Option<Arc<Replica>> {
        self.machines
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .map(|seen| Arc::clone(&seen.base))
    }

    /// Whether a machine's state is large, so that nobody waits while all of it is gone through.
    #[must_use]
    pub fn is_large(&self, replica: &Replica) -> bool {
        let state = replica.instance().map(Instance::state);
        state.is_some_and(|state| self.is_heavy(&state))
    }

    fn is_heavy(&self, state: &Value) -> bool {
        state.weight() >= self.large
    }

    /// The shadow of one machine. It may have ended.
    #[must_use]
    pub fn shadow(&self, name: &str) -> Option<Running> {
        let machines = self.machines.read().unwrap_or_else(PoisonError::into_inner);
        machines.get(name).and_then(|seen| seen.shadow.clone())
    }

    /// All machines, by name.
    #[must_use]
    pub fn machines(&self) -> Vec<Arc<Replica>> {
        self.machines
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .map(|seen| Arc::clone(&seen.replica))
            .collect()
    }

    /// Shows a machine as it is now. Gives what was shown if the machine has taken a turn since: that may be the last
    /// that holds a large state.
    fn publish(&self, machine: &Machine) -> Option<impl Send + use<>> {
        let seen = Seen {
            replica: Arc::new(machine.replica.clone()),
            base: machine.bases.older(),
            shadow: machine.shadow.as_ref().map(Lane::running).cloned(),
        };
        let name = machine.replica.name().to_owned();
        let mut machines = self
            .machines
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let (position, is_on_trial) = (seen.replica.position(), seen.replica.trial().is_some());
        let before = machines.insert(name, seen)?;
        let same = (before.replica.position(), before.replica.trial().is_some());
        (same != (position, is_on_trial)).then_some(before)
    }
}

/// What comes to the writer.
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are jobs, and each would be allocated on its own"
)]
enum Message {
    Job(Job),
    Errand(Errand),
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
    /// Apply this upgrade, with what was worked out for it.
    Upgrade(Command, Box<HeadStart>),
    /// Begin or end a shadow.
    Shadow(Order),
}

impl LocalJournal {
    /// Starts every machine the store holds, then the writer.
    ///
    /// # Errors
    /// [`RecoveryError`] if the store cannot be read or a machine does not come out as it was.
    pub fn open(store: Arc<Store>, clock: Clock) -> Result<LocalJournal, RecoveryError> {
        LocalJournal::open_with(store, clock, LARGE_STATE_WEIGHT)
    }

    /// As [`LocalJournal::open`], where states of this weight are large already.
    ///
    /// # Errors
    /// As [`LocalJournal::open`].
    pub fn open_with(
        store: Arc<Store>,
        clock: Clock,
        large: u64,
    ) -> Result<LocalJournal, RecoveryError> {
        let published = Published {
            large,
            ..Published::default()
        };
        let mut machines = BTreeMap::new();
        for recovered in recovery::machines(&store)? {
            let is_wanted = recovered.is_old && published.is_large(&recovered.replica);
            let mut machine = Machine::from(recovered);
            machine.pages.is_wanted = is_wanted;
            published.publish(&machine);
            machines.insert(machine.replica.name().to_owned(), machine);
        }
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let sender = Arc::new(sender);
        let (failed, failure) = watch::channel(None);
        let mut writer = Writer {
            store,
            clock,
            machines,
            published: published.clone(),
            disposal: Disposal::start(),
            desk: Arc::downgrade(&sender),
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

    async fn upgrade(
        &self,
        machine: &str,
        command: Command,
        head_start: HeadStart,
    ) -> Result<Outcome, SubmitError> {
        let work = Work::Upgrade(command, Box::new(head_start));
        self.work(machine, work).await
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
        sender
            .try_send(Message::Job(job))
            .map_err(|error| match error {
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
