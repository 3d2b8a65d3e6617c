//! Shadows in the writer's hands: how they begin, what they are given, how they end.
//!
//! None of it stands in a machine's way: a shadow migrates and steps on its own thread.

use std::time::Duration;

use super::writer::{Batch, Writer};
use crate::comparison::outcome_answer;
use crate::journal::{Command, Index, Outcome};
use crate::ledger::{Entry, Event};
use crate::limits::{SHADOW_DEATHS_MAX, SHADOWS_MAX};
use crate::protocol::RefusalCode;
use crate::refused;
use crate::replica::Replica;
use crate::shadow::{Beside, End, Ended, Lane, Offered, Order, Running, Taken, Tally};
use crate::store::{ShadowRecord, StoreError};
use crate::upgrade::Position;

impl Writer {
    /// Begins a shadow, or drops one.
    pub(super) fn order(
        &mut self,
        machine: &str,
        order: Order,
        batch: &mut Batch,
    ) -> Result<Outcome, StoreError> {
        let Some(known) = self.machines.get(machine) else {
            return Ok(Outcome::Refused(refused::no_machine(machine)));
        };
        let replica = known.replica.clone();
        let running = known.shadow.as_ref().map(Lane::running);
        let running = running.filter(|running| running.ended().is_none()).cloned();
        match order {
            Order::Begin {
                from,
                offered,
                bundle,
            } => self.begin(&replica, running, (from, offered, bundle), batch),
            Order::Drop { by, reason, bundle } => {
                if running.is_none_or(|running| running.offered().bundle != bundle) {
                    let reason = "no such version runs beside the machine";
                    let refusal = replica.refusal(RefusalCode::NO_SHADOW, reason);
                    return Ok(Outcome::Refused(refusal));
                }
                let last = self.end_shadow(machine, End::Dropped, (&by, &reason), batch)?;
                Ok(beside(None, last))
            }
        }
    }

    fn begin(
        &mut self,
        replica: &Replica,
        running: Option<Running>,
        (from, mut offered, bundle): (Position, Offered, Vec<u8>),
        batch: &mut Batch,
    ) -> Result<Outcome, StoreError> {
        let name = replica.name().to_owned();
        if let Some(running) = running {
            if running.offered().bundle == offered.bundle {
                return Ok(beside(Some((&running, replica.index())), None));
            }
            let reason = "another version runs beside the machine";
            let refusal = replica.refusal(RefusalCode::HAS_SHADOW, reason);
            return Ok(Outcome::Refused(refusal));
        }
        if replica.position() != from {
            let reason = "the machine has moved on while this was judged";
            let refusal = replica.refusal(RefusalCode::STALE_PROGRAM, reason);
            return Ok(Outcome::Refused(refusal));
        }
        if replica.trial().is_some() {
            return Ok(Outcome::Refused(replica.still_on_trial()));
        }
        // One that has ended by itself and was not looked at since.
        self.end_shadow(&name, End::Dropped, ("", ""), batch)?;
        if self.shadows().count() >= SHADOWS_MAX {
            let reason = format!("the node runs {SHADOWS_MAX} shadows, which is its limit");
            let refusal = replica.refusal(RefusalCode::BUSY, &reason);
            return Ok(Outcome::Refused(refusal));
        }
        offered.began_ms = milliseconds((self.clock)().max(replica.last_ms()));
        let counted_ms = offered.began_ms;
        let record = ShadowRecord {
            offered,
            bundle,
            starts: 1,
        };
        let lane = Lane::start(
            replica.clone(),
            record.offered.clone(),
            record.bundle.clone(),
            counted_ms,
        );
        let Ok(lane) = lane else {
            let reason = "the node has no thread for a shadow";
            let refusal = replica.refusal(RefusalCode::BUSY, reason);
            return Ok(Outcome::Refused(refusal));
        };
        batch.commit(&self.store)?.shadow(&name, Some(&record))?;
        let outcome = beside(Some((lane.running(), replica.index())), None);
        let machine = self.machines.get_mut(&name).expect("it is known");
        machine.shadow = Some(lane);
        batch.touched.insert(name);
        Ok(outcome)
    }

    /// Puts an input aside for the machine's shadow, until it is answered.
    pub(super) fn set_aside(
        &self,
        machine: &str,
        (at, command): (Index, Command),
        outcome: &Outcome,
        took: Duration,
        batch: &mut Batch,
    ) {
        if self.machines[machine].shadow.is_none() {
            return;
        }
        let taken = Taken {
            at,
            command,
            was: outcome_answer(outcome.clone()),
            took,
        };
        batch.beside.push((machine.to_owned(), taken));
    }

    /// Gives the shadows what has been answered.
    pub(super) fn give(&self, beside: Vec<(String, Taken)>) {
        for (name, taken) in beside {
            let machine = self.machines.get(&name);
            if let Some(lane) = machine.and_then(|machine| machine.shadow.as_ref()) {
                lane.give(taken);
            }
        }
    }

    /// The names of the machines that have a shadow.
    pub(super) fn shadows(&self) -> impl Iterator<Item = &String> {
        let has_shadow = self.machines.iter();
        let has_shadow = has_shadow.filter(|(_, machine)| machine.shadow.is_some());
        has_shadow.map(|(name, _)| name)
    }

    /// The bundle that runs beside a machine.
    pub(super) fn shadow_bundle(&self, machine: &str) -> Option<[u8; 32]> {
        let lane = self.machines.get(machine)?.shadow.as_ref()?;
        Some(lane.running().offered().bundle)
    }

    /// Notes the end of the shadows that have ended by themselves.
    pub(super) fn look_at_shadows(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let names: Vec<String> = self.shadows().cloned().collect();
        for name in names {
            let lane = self.machines[&name].shadow.as_ref();
            let has_ended = lane.is_some_and(|lane| lane.running().ended().is_some());
            if has_ended {
                self.end_shadow(&name, End::Dropped, ("", ""), batch)?;
            }
        }
        Ok(())
    }

    /// Ends a machine's shadow, if it has one: for `why`, unless it has ended for another reason. The ledger gets
    /// an entry.
    pub(super) fn end_shadow(
        &mut self,
        name: &str,
        why: End,
        who: (&str, &str),
        batch: &mut Batch,
    ) -> Result<Option<Ended>, StoreError> {
        let machine = self.machines.get_mut(name);
        let Some(lane) = machine.and_then(|machine| machine.shadow.take()) else {
            return Ok(None);
        };
        lane.running().end(why);
        let ended = lane.running().ended().expect("it has ended now");
        let by_itself = !matches!(ended.why, End::Promoted | End::Dropped | End::Turned);
        let who = if by_itself { ("", "") } else { who };
        self.enter_end(name, ended.clone(), who, batch)?;
        Ok(Some(ended))
    }

    fn enter_end(
        &self,
        name: &str,
        ended: Ended,
        (by, reason): (&str, &str),
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let replica = &self.machines[name].replica;
        tracing::info!("the shadow of `{name}` has ended: {}", ended.why);
        let entry = Entry {
            number: 0,
            before: [0; 32],
            at_ms: (self.clock)().max(replica.last_ms()),
            step: replica.steps(),
            by: by.to_owned(),
            reason: reason.to_owned(),
            event: Event::Shadowed(ended),
        };
        let commit = batch.commit(&self.store)?;
        commit.shadow(name, None)?;
        commit.enter(name, entry)?;
        batch.touched.insert(name.to_owned());
        Ok(())
    }

    /// Takes the shadows up again at a start, each from the state of its machine as it is now. One beside which the
    /// node keeps dying is not; that is counted before any of its code runs.
    pub(super) fn take_up_shadows(&mut self) -> Result<(), StoreError> {
        let kept = self.store.shadows()?;
        if kept.is_empty() {
            return Ok(());
        }
        let now_ms = milliseconds((self.clock)());
        let mut batch = Batch::default();
        let mut fit = Vec::new();
        for (name, mut record) in kept {
            if !self.machines.contains_key(&name) {
                continue;
            }
            let count = record.starts;
            if count > SHADOW_DEATHS_MAX {
                let why = End::Starts { count };
                let ended = never_ran(record.offered, now_ms, why);
                self.enter_end(&name, ended, ("", ""), &mut batch)?;
                continue;
            }
            record.starts += 1;
            let commit = batch.commit(&self.store)?;
            commit.shadow(&name, Some(&record))?;
            fit.push((name, record));
        }
        self.finish(batch)?;
        let mut batch = Batch::default();
        for (name, record) in fit {
            let base = self.machines[&name].replica.clone();
            let offered = record.offered.clone();
            match Lane::start(base, record.offered, record.bundle, now_ms) {
                Ok(lane) => {
                    let machine = self.machines.get_mut(&name).expect("seen above");
                    machine.shadow = Some(lane);
                    batch.touched.insert(name);
                }
                Err(error) => {
                    let reason = error.to_string();
                    let ended = never_ran(offered, now_ms, End::Refused { reason });
                    self.enter_end(&name, ended, ("", ""), &mut batch)?;
                }
            }
        }
        self.finish(batch)
    }
}

fn never_ran(offered: Offered, counted_ms: u64, why: End) -> Ended {
    Ended {
        offered,
        counted_ms,
        tally: Tally::default(),
        why,
    }
}

fn beside(running: Option<(&Running, Index)>, last: Option<Ended>) -> Outcome {
    let running = running.map(|(running, machine)| running.shadow(machine));
    Outcome::Shadow(Box::new(Beside { running, last }))
}

fn milliseconds(at_ms: i64) -> u64 {
    u64::try_from(at_ms).unwrap_or(0)
}
