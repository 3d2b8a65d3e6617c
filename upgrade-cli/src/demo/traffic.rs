//! The second client: a thread and a connection of its own, which sends without a pause and checks
//! every answer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use node::protocol::{Request, RequestKind, Response};

use super::failure::DemoError;
use crate::interface::Interface;
use crate::keys::NamedKey;
use crate::nodes::NamedNode;
use crate::session::{Session, Waits};

/// How long the demo waits for the traffic to get anywhere.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the second client has seen so far.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Tally {
    /// Answers by the program that ran at the start.
    pub(super) by_first: u64,
    /// Answers by any other.
    pub(super) by_others: u64,
    /// What the counter must show.
    pub(super) count: u64,
    /// The longest wait for an answer.
    pub(super) longest: Duration,
}

/// Traffic under way.
#[derive(Debug)]
pub(super) struct Traffic {
    shared: Arc<Shared>,
    thread: JoinHandle<Result<(), DemoError>>,
}

#[derive(Default, Debug)]
struct Shared {
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, Debug)]
struct Progress {
    tally: Tally,
    is_stopped: bool,
    has_ended: bool,
}

impl Traffic {
    /// Connects, learns the program that runs, and starts to send. Nobody else may send while it does:
    /// the client knows what the counter must show.
    pub(super) fn start(
        node: NamedNode,
        key: NamedKey,
        machine: &str,
        count: u64,
    ) -> Result<Traffic, DemoError> {
        let shared = Arc::new(Shared::default());
        shared.progress().tally.count = count;
        let client = Client {
            machine: machine.to_owned(),
            shared: Arc::clone(&shared),
        };
        let thread = thread::spawn(move || {
            let outcome = client.run(&node, &key);
            client.shared.progress().has_ended = true;
            client.shared.changed.notify_all();
            outcome
        });
        Ok(Traffic { shared, thread })
    }

    /// Waits until the tally is as wanted.
    pub(super) fn wait_for(&self, wanted: impl Fn(&Tally) -> bool) -> Result<(), DemoError> {
        let waits = |progress: &mut Progress| !wanted(&progress.tally) && !progress.has_ended;
        let progress = self.shared.progress();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(progress, PATIENCE, waits);
        let (progress, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            let tally = progress.tally;
            let reason = format!("the second client does not get on: {tally:?}");
            return Err(DemoError::Otherwise(reason));
        }
        // A client that has ended says why in `stop`.
        Ok(())
    }

    /// Stops sending, and tells what was seen.
    pub(super) fn stop(self) -> Result<Tally, DemoError> {
        self.shared.progress().is_stopped = true;
        let crashed = |_| DemoError::Otherwise("the second client crashed".to_owned());
        self.thread.join().map_err(crashed)??;
        Ok(self.shared.progress().tally)
    }
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Numbers are whole whatever happened to a thread that held them.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What runs in the thread.
struct Client {
    machine: String,
    shared: Arc<Shared>,
}

impl Client {
    fn run(&self, node: &NamedNode, key: &NamedKey) -> Result<(), DemoError> {
        let session = Session::open(node, key, Waits::default(), RequestKind::Submit)?;
        let interface = Interface::of_machine(&session, &self.machine)?;
        while !self.shared.progress().is_stopped {
            self.send(&session, &interface, "Incr")?;
            self.send(&session, &interface, "Read")?;
        }
        Ok(())
    }

    /// Sends one input as a client of the first program, whatever runs by now.
    fn send(&self, session: &Session, first: &Interface, input: &str) -> Result<(), DemoError> {
        let request = Request::Submit {
            machine: self.machine.clone(),
            program: first.digest().0,
            input: first.input(input)?,
        };
        let sent = Instant::now();
        let Response::Answer {
            program, output, ..
        } = session.request(&request)?
        else {
            return Err(session.strange(RequestKind::Submit).into());
        };
        let waited = sent.elapsed();
        let output = first.show_output(&first.output(&output)?).text;
        let mut progress = self.shared.progress();
        let tally = &mut progress.tally;
        let expected = if input == "Incr" {
            tally.count += 1;
            "Ok".to_owned()
        } else {
            format!("Sum({})", tally.count)
        };
        if output != expected {
            let reason = format!("`{input}` was answered `{output}`, expected `{expected}`");
            return Err(DemoError::Otherwise(reason));
        }
        tally.longest = tally.longest.max(waited);
        if program == first.digest().0 {
            tally.by_first += 1;
        } else {
            tally.by_others += 1;
        }
        self.shared.changed.notify_all();
        Ok(())
    }
}
