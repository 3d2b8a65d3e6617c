//! A machine's life, as those see it who look after it: its turns, its ledger, its old clients.

use std::sync::Arc;

use cam::digest::Digest;

use super::{Service, milliseconds};
use crate::journal::{Command, Journal};
use crate::ledger::{Entry, Event};
use crate::limits::{LEDGER_ANSWER_BYTES, RESPONSE_BYTES_MAX};
use crate::protocol::{Life, Refusal, RefusalCode, Request, Response, TrialStatus};
use crate::rollback::{self, Replay, Way};
use crate::server::Peer;
use crate::store::{Store, StoreError};
use crate::trial::Cause;

impl<J: Journal> Service<J> {
    /// Answers what is asked of a life.
    pub(super) async fn turn(&self, peer: &Peer, request: Request) -> Result<Response, Refusal> {
        match request {
            Request::Rollback {
                machine,
                running,
                reason,
                rehearse,
            } => {
                self.rollback(peer, &machine, running, reason, rehearse)
                    .await
            }
            Request::Pass { machine } => {
                let by = peer.name().to_owned();
                self.submit(&machine, Command::Pass { at_ms: 0, by }).await
            }
            Request::Retire {
                machine,
                program,
                reason,
            } => {
                let command = Command::Retire {
                    at_ms: 0,
                    by: peer.name().to_owned(),
                    reason,
                    program,
                };
                self.submit(&machine, command).await
            }
            Request::Life { machine } => self.life(peer, &machine).await,
            Request::Ledger {
                machine,
                after,
                limit,
            } => self.ledger(peer, machine, (after, limit)).await,
            Request::Bytecode { machine, program } => self.bytecode(peer, machine, program).await,
            Request::Saved { machine, sequence } => self.saved(peer, machine, sequence).await,
            request @ (Request::Journal { .. } | Request::Mark { .. } | Request::Origin { .. }) => {
                self.biography(peer, request).await
            }
            request => self.shadow(peer, request).await,
        }
    }

    /// Goes back, or says what going back would lose: that is worked out on a copy, aside.
    async fn rollback(
        &self,
        peer: &Peer,
        machine: &str,
        running: [u8; 32],
        reason: String,
        rehearse: bool,
    ) -> Result<Response, Refusal> {
        if !rehearse {
            let replica = self.machine(machine)?;
            let lost = self.apart(peer, move || rollback::way_back(&replica));
            let lost = lost.await?;
            let command = Command::Rollback {
                at_ms: 0,
                by: peer.name().to_owned(),
                reason,
                cause: Cause::Asked,
                running,
            };
            let mut response = self.submit(machine, command).await?;
            if let Response::RolledBack { report, back, .. } = &mut response {
                *back = lost.filter(|_| report.way == Way::Mapped);
            }
            return Ok(response);
        }
        let (replica, store) = (self.machine(machine)?, Arc::clone(&self.store));
        let moment = replica.moment((self.clock)(), peer.name());
        let staged = self.apart(peer, move || {
            let at = replica.index() + 1;
            let began = replica.trial().map_or(at, |trial| trial.began);
            // The journal may be ahead of what readers see; only what they see is looked at.
            let feed = |replay: &mut Replay| {
                let give = |at, command: &Command| replay.take(at, command);
                store.each_command(replica.name(), began..=replica.index(), give)
            };
            let staged = rollback::stage(&replica, at, &moment, &Cause::Asked, feed);
            (staged, rollback::way_back(&replica))
        });
        let (staged, back) = staged.await?;
        let staged = staged.map_err(|error| unreadable(&error))??;
        let back = (staged.report.way == Way::Mapped).then_some(back).flatten();
        Ok(Response::RolledBack {
            rehearsed: true,
            report: Box::new(staged.report),
            back,
        })
    }

    async fn life(&self, peer: &Peer, machine: &str) -> Result<Response, Refusal> {
        let replica = self.machine(machine)?;
        let name = machine.to_owned();
        let last = self
            .read(peer, move |store| store.last_entry(&name))
            .await?;
        let now_ms = (self.clock)();
        let trial = replica.trial().map(|trial| TrialStatus {
            terms: trial.terms,
            began_ms: milliseconds(trial.began_ms),
            left_ms: trial.time_left_ms(now_ms),
            steps: trial.steps(replica.steps()),
            faults: trial.faults(replica.traps()),
        });
        let way_back = replica.lineage().last();
        Ok(Response::Life(Life {
            trial,
            served: replica.served(),
            entries: last.as_ref().map_or(0, |entry| entry.number),
            head: last.as_ref().map_or([0; 32], Entry::hash),
            has_way_back: way_back.is_some_and(|ancestor| ancestor.migration.back().is_some()),
        }))
    }

    /// A program out of the store: only one that the ledger of this machine names, since the right to look at
    /// one machine is none to look at another.
    async fn bytecode(
        &self,
        peer: &Peer,
        machine: String,
        program: [u8; 32],
    ) -> Result<Response, Refusal> {
        self.machine(&machine)?;
        let name = machine.clone();
        let found = self.read(peer, move |store| {
            let ran = |entry: Entry| match entry.event {
                Event::Applied(accepted) => (accepted.to == program).then_some(()),
                _ => None,
            };
            let ran = store.newest(&name, ran)?;
            ran.map(|()| store.program(Digest(program))).transpose()
        });
        let bytecode = found.await?.ok_or_else(|| {
            let reason = format!("no such program has run as `{machine}`");
            Refusal::new(RefusalCode::OTHER_PROGRAM, reason)
        })?;
        Ok(Response::Program { program, bytecode })
    }

    async fn saved(
        &self,
        peer: &Peer,
        machine: String,
        sequence: u64,
    ) -> Result<Response, Refusal> {
        self.machine(&machine)?;
        let name = machine.clone();
        let saved = self.read(peer, move |store| store.saved(&name, sequence));
        let saved = saved.await?.ok_or_else(|| {
            let reason =
                format!("entry {sequence} of `{machine}` is no rollback that saved a state");
            Refusal::new(RefusalCode::NOTHING_SAVED, reason)
        })?;
        if saved.state.len() + 1024 > RESPONSE_BYTES_MAX {
            let reason = format!("the state has {} bytes", saved.state.len());
            return Err(Refusal::new(RefusalCode::ANSWER_TOO_LARGE, reason));
        }
        Ok(Response::State {
            program: saved.program,
            step: saved.step,
            state: saved.state,
        })
    }

    async fn ledger(
        &self,
        peer: &Peer,
        machine: String,
        (after, limit): (u64, u32),
    ) -> Result<Response, Refusal> {
        self.machine(&machine)?;
        let bounds = (
            usize::try_from(limit).unwrap_or(usize::MAX),
            LEDGER_ANSWER_BYTES,
        );
        let page = move |store: &Store| store.ledger_within(&machine, after, bounds);
        let entries = self.read(peer, page).await?;
        Ok(Response::Ledger { entries })
    }

    /// Reads the store away from the threads that carry packets: the disk may be slow, and a record long.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        peer: &Peer,
        read: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = Arc::clone(&self.store);
        let read = self.apart(peer, move || read(&store)).await?;
        read.map_err(|error| unreadable(&error))
    }
}

pub(super) fn unreadable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the store cannot be read");
    Refusal::new(RefusalCode::STORAGE, "the store cannot be read")
}
