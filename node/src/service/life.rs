//! A machine's life, as those see it who look after it: its turns, its ledger, its old clients.

use std::sync::Arc;

use cam::digest::Digest;

use super::{Service, milliseconds};
use crate::journal::{Command, Journal};
use crate::ledger::{Entry, Event};
use crate::limits::RESPONSE_BYTES_MAX;
use crate::protocol::{Life, Refusal, RefusalCode, Request, Response, TrialStatus};
use crate::rollback::{self, Replay};
use crate::server::Peer;
use crate::store::StoreError;
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
            Request::Life { machine } => self.life(&machine),
            Request::Ledger {
                machine,
                after,
                limit,
            } => Ok(Response::Ledger {
                entries: self.ledger(&machine, after, limit)?,
            }),
            Request::Bytecode { machine, program } => self.bytecode(&machine, program),
            Request::Saved { machine, sequence } => self.saved(&machine, sequence),
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
            let command = Command::Rollback {
                at_ms: 0,
                by: peer.name().to_owned(),
                reason,
                cause: Cause::Asked,
                running,
            };
            return self.submit(machine, command).await;
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
            rollback::stage(&replica, at, &moment, &Cause::Asked, feed)
        });
        let staged = staged.await?.map_err(|error| unreadable(&error))??;
        Ok(Response::RolledBack {
            rehearsed: true,
            report: Box::new(staged.report),
        })
    }

    fn life(&self, machine: &str) -> Result<Response, Refusal> {
        let replica = self.machine(machine)?;
        let last = self.store.last_entry(machine);
        let last = last.map_err(|error| unreadable(&error))?;
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
    fn bytecode(&self, machine: &str, program: [u8; 32]) -> Result<Response, Refusal> {
        let entries = self.ledger(machine, 0, u32::MAX)?;
        let ran = |entry: &Entry| match &entry.event {
            Event::Applied(accepted) => accepted.to == program,
            _ => false,
        };
        if !entries.iter().any(ran) {
            let reason = format!("no such program has run as `{machine}`");
            return Err(Refusal::new(RefusalCode::OTHER_PROGRAM, reason));
        }
        let bytecode = self.store.program(Digest(program));
        Ok(Response::Program {
            program,
            bytecode: bytecode.map_err(|error| unreadable(&error))?,
        })
    }

    fn saved(&self, machine: &str, sequence: u64) -> Result<Response, Refusal> {
        self.machine(machine)?;
        let saved = self.store.saved(machine, sequence);
        let saved = saved.map_err(|error| unreadable(&error))?;
        let saved = saved.ok_or_else(|| {
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

    pub(super) fn ledger(
        &self,
        machine: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, Refusal> {
        self.machine(machine)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let entries = self.store.ledger(machine, after, limit);
        entries.map_err(|error| unreadable(&error))
    }
}

pub(super) fn unreadable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the store cannot be read");
    Refusal::new(RefusalCode::STORAGE, "the store cannot be read")
}
