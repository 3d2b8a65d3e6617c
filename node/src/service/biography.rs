//! A machine's life, as those see it who want to live it again elsewhere.

use std::sync::Arc;

use super::Service;
use super::life::unreadable;
use crate::biography::{Mark, Origin};
use crate::journal::Journal;
use crate::limits::JOURNAL_ANSWER_BYTES;
use crate::protocol::{Refusal, RefusalCode, Request, Response};
use crate::refused;
use crate::server::Peer;

impl<J: Journal> Service<J> {
    /// Answers what is asked of a journal.
    pub(super) async fn biography(
        &self,
        peer: &Peer,
        request: Request,
    ) -> Result<Response, Refusal> {
        match request {
            Request::Journal {
                machine,
                after,
                limit,
            } => self.commands(peer, machine, (after, limit)).await,
            Request::Mark { machine } => {
                self.barrier().await?;
                let replica = self.machine(&machine)?;
                let mark = self.apart(peer, move || Mark::of(&replica)).await?;
                let mark = mark.ok_or_else(|| refused::no_machine(&machine))?;
                Ok(Response::Mark(mark))
            }
            Request::Origin { machine } => self.origin(peer, &machine).await,
            _ => Err(Refusal::new(RefusalCode::BUG, "a request has no answer")),
        }
    }

    /// Commands out of the store, aside: they may be many.
    async fn commands(
        &self,
        peer: &Peer,
        machine: String,
        (after, limit): (u64, u32),
    ) -> Result<Response, Refusal> {
        self.barrier().await?;
        // The journal may be ahead of what readers see; only what they see is shown.
        let last = self.machine(&machine)?.index();
        let store = Arc::clone(&self.store);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let read = move || {
            let places = after.saturating_add(1)..=last;
            let bounds = (limit, JOURNAL_ANSWER_BYTES);
            let commands = store.commands_within(&machine, places, bounds)?;
            Ok((store.first_index(&machine)?.unwrap_or(0), commands))
        };
        let read = self.apart(peer, read).await?;
        let (first, commands) = read.map_err(|error| unreadable(&error))?;
        Ok(Response::Journal {
            first,
            last,
            commands,
        })
    }

    async fn origin(&self, peer: &Peer, machine: &str) -> Result<Response, Refusal> {
        let base = self.published.base(machine);
        let base = base.ok_or_else(|| refused::no_machine(machine))?;
        let origin = self.apart(peer, move || Origin::of(&base)).await?;
        let origin = origin.ok_or_else(|| refused::no_machine(machine))?;
        // Whether it is too long is seen where it is encoded to be sent.
        Ok(Response::Origin(Box::new(origin)))
    }
}
