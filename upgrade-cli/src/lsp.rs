//! `cam lsp`: the language for editors, over the standard input and output (Language Server Protocol 3.17).
//!
//! One thread reads, one works. The worker takes in all that has arrived before it begins something new, so a
//! request that was cancelled, and diagnostics of a text that was changed again, are never computed. A text is
//! checked whole after each change: that takes a few milliseconds, and there is nothing that could become stale.

mod action;
mod capabilities;
mod diagnostics;
mod document;
mod navigation;
mod place;
mod server;
mod suggestion;
mod surroundings;
mod token;
mod wire;

use std::collections::VecDeque;
use std::io::{self, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use lsp_server::{ErrorCode, Message, Notification, RequestId, Response};
use serde_json::Value;

use crate::exit::Exit;
use server::{Answer, Server};
use wire::Incoming;

/// Messages that wait. An editor that sends more is slowed down by the pipe.
const WAITING_MAX: usize = 256;

/// Serves one editor until it says `exit` or closes the pipe.
pub(crate) fn serve() -> Exit {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    thread::spawn(move || {
        let mut input = BufReader::new(io::stdin());
        loop {
            let incoming = wire::read(&mut input);
            let is_end = matches!(incoming, Incoming::End);
            if sender.send(incoming).is_err() || is_end {
                return;
            }
        }
    });
    let mut session = Session {
        server: Server::default(),
        receiver,
        waiting: VecDeque::new(),
        output: io::stdout(),
    };
    match session.run() {
        Ok(exit) => exit,
        // The editor is gone; nobody is left to tell.
        Err(_) => session.server.exit(),
    }
}

/// A conversation with one editor.
struct Session<W: Write> {
    server: Server,
    receiver: Receiver<Incoming>,
    waiting: VecDeque<Incoming>,
    output: W,
}

impl<W: Write> Session<W> {
    fn run(&mut self) -> io::Result<Exit> {
        loop {
            self.take_in();
            match self.waiting.pop_front() {
                Some(Incoming::End) => return Ok(self.server.exit()),
                Some(Incoming::Malformed(error)) => wire::write_error(&mut self.output, &error)?,
                Some(Incoming::Message(Message::Notification(it))) if it.method == "exit" => {
                    return Ok(self.server.exit());
                }
                Some(Incoming::Message(message)) => self.handle(message)?,
                None if self.publish()? => {}
                None => match self.receiver.recv() {
                    Ok(incoming) => self.waiting.push_back(incoming),
                    Err(_) => return Ok(self.server.exit()),
                },
            }
        }
    }

    /// Everything that has arrived; requests that were cancelled before their turn are answered with that.
    fn take_in(&mut self) {
        loop {
            match self.receiver.try_recv() {
                Ok(incoming) => self.waiting.push_back(incoming),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    fn handle(&mut self, message: Message) -> io::Result<()> {
        match message {
            Message::Request(request) => {
                let id = request.id.clone();
                if self.is_cancelled(&id) {
                    let code = ErrorCode::RequestCanceled as i32;
                    let response = Response::new_err(id, code, "cancelled".to_owned());
                    return self.send(&response.into());
                }
                let server = &mut self.server;
                let work = AssertUnwindSafe(|| server.request(&request.method, request.params));
                let response = match catch_unwind(work) {
                    Ok(Answer::Result(result)) => Response::new_ok(id, result),
                    Ok(Answer::Error(code, text)) => Response::new_err(id, code as i32, text),
                    Err(_) => {
                        let code = ErrorCode::InternalError as i32;
                        Response::new_err(id, code, "this is a bug in `cam lsp`".to_owned())
                    }
                };
                self.send(&response.into())
            }
            Message::Notification(notification) => {
                let server = &mut self.server;
                let Notification { method, params } = notification;
                let work = AssertUnwindSafe(|| server.notification(&method, params));
                // A notification has no answer, so a bug in one shows on the standard error output only.
                let _ = catch_unwind(work);
                Ok(())
            }
            // We ask editors nothing.
            Message::Response(_) => Ok(()),
        }
    }

    /// Whether a cancellation of the request waits behind it.
    fn is_cancelled(&self, id: &RequestId) -> bool {
        self.waiting.iter().any(|waiting| match waiting {
            Incoming::Message(Message::Notification(it)) if it.method == "$/cancelRequest" => {
                let named = it.params.get("id").cloned().unwrap_or(Value::Null);
                serde_json::from_value::<RequestId>(named).is_ok_and(|named| named == *id)
            }
            _ => false,
        })
    }

    /// Sends the diagnostics of one document whose text has changed, if there is one.
    fn publish(&mut self) -> io::Result<bool> {
        let server = &mut self.server;
        let work = AssertUnwindSafe(|| server.next_diagnostics());
        match catch_unwind(work) {
            Ok(Some(params)) => {
                let method = "textDocument/publishDiagnostics".to_owned();
                self.send(&Notification { method, params }.into())?;
                Ok(true)
            }
            Ok(None) | Err(_) => Ok(false),
        }
    }

    fn send(&mut self, message: &Message) -> io::Result<()> {
        message.write(&mut self.output)
    }
}
