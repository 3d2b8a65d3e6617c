//! A plan: what a bundle would do to a machine, worked out on a copy of it before anybody decides.
//!
//! The migration runs on the live state, the program's check is asked, and the inputs that the machine took last
//! are given to both programs. Of all this only the counts are remembered, for the ledger.

mod found;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use cam::encode;
use cam::instance::Instance;
use serde::{Deserialize, Serialize};

pub use self::found::Found;
pub(crate) use self::found::Plans;
use crate::comparison::{Comparison, answer};
use crate::journal::{Apply, Command, Index};
use crate::leaves::Leaves;
use crate::limits::{REHEARSAL_COMMANDS_MAX, REHEARSAL_TIME_MAX};
use crate::protocol::{Refusal, RefusalCode};
use crate::refused;
use crate::replica::Replica;
use crate::upgrade::{MigratedUpgrade, VerifiedUpgrade};

/// What a bundle would do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The machine.
    pub machine: String,
    /// The place that the bundle would have in its life.
    pub sequence: u64,
    /// What runs, and the version its author gave it; nothing before the first bundle.
    pub from: Option<Release>,
    /// What would run.
    pub to: Release,
    /// The machine's last step, on whose state all of this was worked out.
    pub step: u64,
    /// The encoded state, in bytes; 0 before the first bundle.
    pub state_bytes_before: u64,
    /// And afterwards.
    pub state_bytes: u64,
    /// How long the migration and the check took here, in microseconds: what clients would wait for.
    pub pause_us: u64,
    /// The fuel that the migration can take at most, if that is known whatever the state is.
    pub fuel_max: Option<u64>,
    /// Whether the new program has a check. It approves of the migrated state, or there would be no plan.
    pub has_check: bool,
    /// Whether clients of the running program would go on being served.
    pub has_adapters: bool,
    /// Whether the bundle has a way back of its own.
    pub has_way_back: bool,
    /// The inputs that the machine took last, given to both programs; nothing before the first bundle.
    pub rehearsal: Option<Comparison>,
    /// What becomes of each part of the state; nothing before the first bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Leaves>,
}

/// A program, as plans name it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The program.
    #[serde(with = "serde_bytes")]
    pub program: [u8; 32],
    /// The version that its author gave it.
    pub machine_version: u32,
}

/// Takes commands one after the other, until it has enough.
pub(crate) type Give<'a> = &'a mut dyn FnMut(Index, &Command) -> ControlFlow<()>;

/// Works out a plan on `now`. `base` is the same machine some inputs ago, and `since` gives those.
///
/// # Errors
/// The refusal with which the bundle itself would be met, or what `since` could not do.
pub(crate) fn work_out<E>(
    now: &Replica,
    base: &Replica,
    upgrade: VerifiedUpgrade,
    command: &Command,
    since: impl FnOnce(Give<'_>) -> Result<(), E>,
) -> Result<Result<Plan, Refusal>, E> {
    if [now.position(), base.position()] != [upgrade.from(); 2] {
        let reason = "the machine has moved on while this was worked out";
        return Ok(Err(now.refusal(RefusalCode::STALE_PROGRAM, reason)));
    }
    let migration = upgrade.migration().cloned();
    let state = now.instance().map(Instance::state);
    // The journal would not stamp it earlier than what came last.
    let moment = now.moment(command.at_ms().max(now.last_ms()), command.by());
    let started = Instant::now();
    let migrated = match upgrade.migrate(&moment, state.as_ref()) {
        Ok(migrated) => migrated,
        Err(error) => return Ok(Err(refused::upgrade(&error, now.name(), now.position()))),
    };
    let pause = started.elapsed();
    let rehearsal = match now.instance() {
        None => None,
        Some(_) => Some(rehearsed_last(now, base, command, since)?),
    };
    let migration = migration.as_deref();
    let ends = now.instance().map(Instance::program).zip(migration);
    let leaves = ends.map(|(old, migration)| {
        let new = migrated.instance().program();
        Leaves::of(migration, old.schema(), new.schema())
    });
    let plan = Plan {
        from: now.instance().map(|instance| release(instance.program())),
        state_bytes_before: state.map_or(0, |state| encode::value(&state).len() as u64),
        fuel_max: migration.and_then(|migration| migration.max_cost()),
        has_adapters: migration.is_some_and(|migration| migration.adapters().is_some()),
        has_way_back: migration.is_some_and(|migration| migration.back().is_some()),
        rehearsal,
        leaves,
        ..measured(now, &migrated, pause)
    };
    Ok(Ok(plan))
}

fn measured(now: &Replica, migrated: &MigratedUpgrade, pause: Duration) -> Plan {
    let instance = migrated.instance();
    Plan {
        machine: now.name().to_owned(),
        sequence: migrated.to().sequence,
        from: None,
        to: release(instance.program()),
        step: now.steps(),
        state_bytes_before: 0,
        state_bytes: encode::value(&instance.state()).len() as u64,
        pause_us: u64::try_from(pause.as_micros()).unwrap_or(u64::MAX),
        fuel_max: None,
        has_check: instance.program().check().is_some(),
        has_adapters: false,
        has_way_back: false,
        rehearsal: None,
        leaves: None,
    }
}

fn release(program: &cam::verify::Program) -> Release {
    Release {
        program: program.digest().0,
        machine_version: program.schema().version,
    }
}

/// Gives the last inputs to both programs as they are read, at most so many and for so long.
fn rehearsed_last<E>(
    now: &Replica,
    base: &Replica,
    command: &Command,
    since: impl FnOnce(Give<'_>) -> Result<(), E>,
) -> Result<Comparison, E> {
    let counted = now.index().saturating_sub(REHEARSAL_COMMANDS_MAX as u64) + 1;
    let mut rehearsal = Rehearsal::new(base, command, counted, REHEARSAL_TIME_MAX);
    let mut next = base.index() + 1;
    since(&mut |at, command| {
        // Without one that is no longer kept the machine is not what it was.
        rehearsal.is_over |= at != next;
        next = at + 1;
        rehearsal.give(at, command)
    })?;
    Ok(rehearsal.end())
}

/// Gives inputs to both programs.
pub(crate) fn rehearsed(
    base: &Replica,
    command: &Command,
    commands: &[(Index, Command)],
) -> Comparison {
    let mut rehearsal = Rehearsal::new(base, command, 0, Duration::MAX);
    for (at, command) in commands {
        if rehearsal.give(*at, command).is_break() {
            break;
        }
    }
    rehearsal.end()
}

/// A machine, and what a bundle makes of it, which are given the same inputs. Those before the first that counts lead
/// the machine, and so the migration, to the state in which that one came; nothing is compared if they take too long, or
/// that state cannot be migrated.
struct Rehearsal<'a> {
    old: Replica,
    new: Option<Replica>,
    command: &'a Command,
    comparison: Comparison,
    /// The first input that counts.
    counted: Index,
    started: Instant,
    time_max: Duration,
    is_over: bool,
}

impl<'a> Rehearsal<'a> {
    fn new(base: &Replica, command: &'a Command, counted: Index, time_max: Duration) -> Self {
        Rehearsal {
            old: base.clone().without_sessions(),
            new: None,
            command,
            comparison: Comparison::default(),
            counted,
            started: Instant::now(),
            time_max,
            is_over: false,
        }
    }

    fn give(&mut self, at: Index, command: &Command) -> ControlFlow<()> {
        self.is_over |= self.started.elapsed() > self.time_max;
        if self.is_over {
            return ControlFlow::Break(());
        }
        if at < self.counted {
            self.old.apply(at, command);
            return ControlFlow::Continue(());
        }
        self.migrate();
        let Some(new) = &mut self.new else {
            return ControlFlow::Break(());
        };
        let was = answer(self.old.apply(at, command));
        let is = answer(new.apply(at, command));
        self.comparison.add(at, command, was, is);
        ControlFlow::Continue(())
    }

    /// Makes the new program from the old one as it is now.
    fn migrate(&mut self) {
        if self.new.is_some() || self.is_over {
            return;
        }
        let at = self.old.index() + 1;
        self.new = self.old.clone().upgraded(at, self.command).ok();
        self.comparison.compared = self.new.is_some();
        self.is_over = self.new.is_none();
    }

    fn end(mut self) -> Comparison {
        // Also where there was no input that counts.
        self.migrate();
        self.comparison
    }
}
