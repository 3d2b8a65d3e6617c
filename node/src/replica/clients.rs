//! Clients of earlier programs: how their inputs and outputs find the way, and what they still do.

use std::sync::Arc;

use cam::digest::Digest;
use cam::instance::Context;
use cam::trap::{Trap, TrapReason};
use cam::value::Value;
use cam::verify::{Migration, Program};

use super::{RETIRED, Replica};
use crate::journal::{Effect, OldClients, Outcome};
use crate::protocol::{Refusal, RefusalCode, Served};

/// A program that ran before, and the way from it to the next.
#[derive(Clone, Debug)]
pub struct Ancestor {
    /// The old program.
    pub program: Arc<Program>,
    /// The migration that ended it, with the adapters for its clients.
    pub migration: Arc<Migration>,
}

impl Replica {
    /// What the way to or from another program is told: when it was stamped, who asked for it, and the last step before.
    pub(crate) fn moment(&self, at_ms: i64, by: &str) -> Context {
        Context {
            at_ms,
            from: by.into(),
            sequence: number(self.steps),
        }
    }

    /// Where in the lineage the way from a client's program to the running one starts.
    pub(super) fn way_from(&self, program: [u8; 32]) -> Result<usize, Refusal> {
        let ancestors = &self.lineage;
        if self
            .position
            .program
            .is_some_and(|running| running.0 == program)
        {
            return Ok(ancestors.len());
        }
        let start = ancestors
            .iter()
            .rposition(|ancestor| ancestor.program.digest().0 == program);
        let has_adapters = |ancestor: &Ancestor| ancestor.migration.adapters().is_some();
        start
            .filter(|start| ancestors[*start..].iter().all(has_adapters))
            .ok_or_else(|| self.no_way().expected(program))
    }

    pub(super) fn no_way(&self) -> Refusal {
        let reason = "the input is written for a program that this machine no longer serves";
        self.refusal(RefusalCode::OTHER_PROGRAM, reason)
    }

    /// Counts a step of a client whose program runs no longer.
    pub(super) fn count_old_client(&mut self, program: [u8; 32], at_ms: i64) {
        if self
            .position
            .program
            .is_some_and(|running| running.0 == program)
        {
            return;
        }
        let known = self.old_clients.iter_mut();
        match known.into_iter().find(|old| old.program == program) {
            Some(old) => (old.steps, old.last_ms) = (old.steps + 1, at_ms),
            None => self.old_clients.push(OldClients {
                program,
                steps: 1,
                last_ms: at_ms,
            }),
        }
    }

    /// Forgets the counts of programs that are no longer served, so that there are never more of them.
    pub(super) fn forget_clients(&mut self) {
        let lineage = &self.lineage;
        self.old_clients.retain(|old| {
            let mut served = lineage.iter();
            served.any(|ancestor| ancestor.program.digest().0 == old.program)
        });
    }

    /// What clients of earlier programs did.
    #[must_use]
    pub fn old_clients(&self) -> &[OldClients] {
        &self.old_clients
    }

    /// What the clients of earlier programs did, and whether they are served.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        let lineage = self.lineage.iter();
        let served = lineage.map(|ancestor| {
            let program = ancestor.program.digest().0;
            let mut counts = self.old_clients.iter();
            let count = counts.find(|old| old.program == program);
            Served {
                program,
                machine_version: ancestor.program.schema().version,
                is_served: self.way_from(program).is_ok(),
                steps: count.map_or(0, |old| old.steps),
                last_ms: count.map_or(0, |old| u64::try_from(old.last_ms).unwrap_or(0)),
            }
        });
        served.collect()
    }

    /// Serves the clients of a program, and of all before it, no longer.
    pub(super) fn retire(&mut self, program: [u8; 32]) -> Effect {
        let found = self
            .lineage
            .iter()
            .rposition(|ancestor| ancestor.program.digest().0 == program);
        let Some(place) = found.filter(|_| self.trial.is_none()) else {
            let (code, reason) = match found {
                Some(_) => (
                    RefusalCode::ON_TRIAL,
                    "the running program is on trial: its way back needs this one",
                ),
                None => (
                    RefusalCode::OTHER_PROGRAM,
                    "no program of this name is served beside the running one",
                ),
            };
            return Effect::Nothing(Outcome::Refused(self.refusal(code, reason)));
        };
        let machine_version = self.lineage[place].program.schema().version;
        self.lineage.drain(..=place);
        self.forget_clients();
        Effect::Done(Outcome::Retired {
            program: Digest(program),
            machine_version,
        })
    }
}

/// A number of steps as a machine is told it.
pub(super) fn number(steps: u64) -> i64 {
    i64::try_from(steps).unwrap_or(i64::MAX)
}

/// Why an input or output did not come through the adapters.
#[derive(Clone, Copy)]
pub(super) enum Unadapted {
    Retired,
    Trapped(Trap),
    NoWay,
}

/// A new output as the client of the oldest ancestor understands it.
pub(super) fn adapted_output(
    ancestors: &[Ancestor],
    context: &Context,
    output: Value,
) -> Result<Value, Unadapted> {
    let mut newest_first = ancestors.iter().rev();
    newest_first.try_fold(output, |output, ancestor| {
        one_way(ancestor.migration.adapt_output(context, output))
    })
}

pub(super) fn one_way(adapted: Option<Result<Value, Trap>>) -> Result<Value, Unadapted> {
    adapted
        .ok_or(Unadapted::NoWay)?
        .map_err(|trap| match trap.reason {
            TrapReason::Abort(RETIRED) => Unadapted::Retired,
            _ => Unadapted::Trapped(trap),
        })
}
