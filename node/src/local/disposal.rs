//! Disposal: what the writer no longer needs is dropped on a thread of its own.
//!
//! The last reference to a map of a million entries takes a tenth of a second to drop, and all clients would wait.

use std::any::Any;
use std::sync::mpsc::{Sender, channel};

/// Where things go. The thread ends when this is dropped and all of them are gone.
pub(super) struct Disposal(Option<Sender<Box<dyn Any + Send>>>);

impl Disposal {
    /// Starts the thread. Without one, things are dropped where they are.
    pub(super) fn start() -> Disposal {
        let (sender, receiver) = channel::<Box<dyn Any + Send>>();
        let thread = std::thread::Builder::new().name("disposal".to_owned());
        let started = thread.spawn(move || receiver.into_iter().for_each(drop));
        Disposal(started.ok().map(|_| sender))
    }

    /// Drops this some time.
    pub(super) fn take(&self, thing: impl Any + Send) {
        if let Some(sender) = &self.0 {
            // A thread that is gone gives it back in the error, which drops it.
            let _ = sender.send(Box::new(thing));
        }
    }
}
