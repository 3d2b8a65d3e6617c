//! One machine as its journal makes it: the instance, its place, its counters, its old clients.

mod beside;
mod clients;
mod sessions;
mod turned;

use std::sync::Arc;

use cam::instance::{Context, Instance, Malformed, NoStep as NoAttempt};
use cam::limits::INPUT_WEIGHT_MAX;
use cam::trap::Trap;
use cam::value::Value;
use cam::verify::Program;
use cam::{decode, encode, measure};

pub use self::clients::Ancestor;
use self::clients::{Unadapted, adapted_output, number, one_way};
pub use self::sessions::KeptSessions;
use self::sessions::Sessions;
use crate::head_start::HeadStart;
use crate::journal::{Apply, Command, Effect, Index, OldClients, Outcome, Snapshot};
use crate::limits::LINEAGE_MAX;
use crate::protocol::{Applied, Refusal, RefusalCode};
use crate::refused;
use crate::trial::{Cause, Trial, Verdict};
use crate::upgrade::{Adopted, CommittedUpgrade, MigratedUpgrade, Position, Sizes};

/// The abort code by which an adapter says that an input is retired.
pub const RETIRED: i64 = 1;

/// A machine that may not exist yet. Cloning is cheap: state and programs are shared.
#[derive(Clone, Debug)]
pub struct Replica {
    name: Arc<str>,
    instance: Option<Instance>,
    position: Position,
    index: Index,
    steps: u64,
    traps: u64,
    last_ms: i64,
    since_ms: i64,
    lineage: Vec<Ancestor>,
    trial: Option<Arc<Trial>>,
    old_clients: Vec<OldClients>,
    /// Nothing where numbers mean nothing.
    sessions: Option<Sessions>,
}

/// An input that is ready for the running program.
struct Prepared {
    context: Context,
    /// The input as the running program has it; nothing if the client's bytes are that already.
    adapted: Option<Value>,
    /// The first of the ancestors between the client's program and the running one.
    start: usize,
}

/// Why there is no step.
enum NoStep {
    Refused(Refusal),
    Trapped(Trap),
    /// On trial: the program's own check does not approve of the state that the step leads to.
    Disapproved,
}

impl Replica {
    /// A machine before its first bundle.
    #[must_use]
    pub fn new(name: &str) -> Replica {
        Replica {
            name: name.into(),
            instance: None,
            position: Position::default(),
            index: 0,
            steps: 0,
            traps: 0,
            last_ms: 0,
            since_ms: 0,
            lineage: Vec::new(),
            trial: None,
            old_clients: Vec::new(),
            sessions: Some(Sessions::default()),
        }
    }

    /// A machine as a store has kept it.
    #[must_use]
    pub fn resume(
        name: &str,
        instance: Instance,
        position: Position,
        snapshot: &Snapshot,
        since_ms: i64,
        lineage: Vec<Ancestor>,
    ) -> Replica {
        Replica {
            name: name.into(),
            instance: Some(instance),
            position,
            index: snapshot.index,
            steps: snapshot.steps,
            traps: snapshot.traps,
            last_ms: snapshot.last_ms,
            since_ms,
            lineage,
            trial: None,
            old_clients: snapshot.old_clients.clone(),
            sessions: Some(Sessions::from(&snapshot.sessions)),
        }
    }

    /// Puts a machine that was taken up from a store on the trial on which it was.
    #[must_use]
    pub fn on_trial(mut self, trial: Option<Trial>) -> Replica {
        self.trial = trial.map(Arc::new);
        self
    }

    /// The machine's name on the node.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The running instance, if there is one.
    #[must_use]
    pub fn instance(&self) -> Option<&Instance> {
        self.instance.as_ref()
    }

    /// Where the machine stands.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The last command applied.
    #[must_use]
    pub fn index(&self) -> Index {
        self.index
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Steps that stopped.
    #[must_use]
    pub fn traps(&self) -> u64 {
        self.traps
    }

    /// When the last command was stamped. The next is stamped no earlier.
    #[must_use]
    pub fn last_ms(&self) -> i64 {
        self.last_ms
    }

    /// Since when the program runs.
    #[must_use]
    pub fn since_ms(&self) -> i64 {
        self.since_ms
    }

    /// The programs before this one whose clients are served, oldest first.
    #[must_use]
    pub fn lineage(&self) -> &[Ancestor] {
        &self.lineage
    }

    /// The trial that the program is on.
    #[must_use]
    pub fn trial(&self) -> Option<&Trial> {
        self.trial.as_deref()
    }

    /// How the trial stands; a machine that is on none has nothing to pass.
    #[must_use]
    pub fn verdict(&self, now_ms: i64) -> Verdict {
        let trial = self.trial();
        trial.map_or(Verdict::Open, |trial| {
            trial.verdict(self.steps, self.traps, now_ms)
        })
    }

    /// What an input would answer now, if its handler writes nothing.
    ///
    /// # Errors
    /// A refusal, among them that the input would write.
    pub fn query(
        &self,
        now_ms: i64,
        from: &Arc<str>,
        program: [u8; 32],
        input: &[u8],
    ) -> Result<Outcome, Refusal> {
        let no_machine = || refused::no_machine(&self.name);
        let instance = self.instance().ok_or_else(no_machine)?;
        let prepared = self.prepare(now_ms.max(self.last_ms), from, program, input);
        let stepped = prepared.and_then(|prepared| {
            let value = match prepared.adapted {
                Some(value) => value,
                None => self.decoded(instance.program(), input)?,
            };
            let transition = instance.peek(&prepared.context, value);
            let transition = transition.map_err(NoStep::Trapped)?;
            let ancestors = &self.lineage[prepared.start..];
            let output = adapted_output(ancestors, &prepared.context, transition.answer.output)
                .map_err(|failure| self.unadapted(failure))?;
            Ok((transition.state, encode::value(&output)))
        });
        match stepped {
            Ok((state, output)) if state == instance.state() => {
                Ok(self.answered(self.steps, output))
            }
            Ok(_) => {
                let reason = "the input would change the state, so it must be submitted";
                Err(self.refusal(RefusalCode::NOT_A_QUERY, reason))
            }
            Err(NoStep::Trapped(trap)) => Ok(trapped(trap)),
            Err(NoStep::Refused(refusal)) => Err(refusal),
            Err(NoStep::Disapproved) => unreachable!("a query leads to no state"),
        }
    }

    /// Brings an input to the form of the running program. Nothing changes.
    fn prepare(
        &self,
        at_ms: i64,
        from: &Arc<str>,
        program: [u8; 32],
        input: &[u8],
    ) -> Result<Prepared, NoStep> {
        let start = self.way_from(program).map_err(NoStep::Refused)?;
        let way = &self.lineage[start..];
        let mut adapted = match way.first() {
            Some(ancestor) => Some(self.decoded(&ancestor.program, input)?),
            None => None,
        };
        let context = Context {
            at_ms,
            from: Arc::clone(from),
            sequence: number(self.steps + 1),
        };
        for ancestor in way {
            if let Some(value) = adapted.take() {
                let value = one_way(ancestor.migration.adapt_input(&context, value));
                adapted = Some(value.map_err(|failure| self.unadapted(failure))?);
            }
        }
        Ok(Prepared {
            context,
            adapted,
            start,
        })
    }

    fn decoded(&self, program: &Program, input: &[u8]) -> Result<Value, NoStep> {
        let value = decode::value(
            program.types(),
            program.input_type(),
            input,
            INPUT_WEIGHT_MAX,
        );
        value.map_err(|malformed| self.malformed(malformed))
    }

    fn malformed(&self, malformed: Malformed) -> NoStep {
        let reason = malformed.to_string();
        NoStep::Refused(self.refusal(RefusalCode::MALFORMED_INPUT, &reason))
    }

    fn unadapted(&self, failure: Unadapted) -> NoStep {
        match failure {
            Unadapted::Retired => {
                let reason = "the input was retired by an upgrade";
                NoStep::Refused(self.refusal(RefusalCode::RETIRED_INPUT, reason))
            }
            Unadapted::Trapped(trap) => NoStep::Trapped(trap),
            Unadapted::NoWay => NoStep::Refused(self.no_way()),
        }
    }

    pub(crate) fn refusal(&self, code: RefusalCode, reason: &str) -> Refusal {
        refused::unchanged(Refusal::new(code, reason), &self.name, self.position)
    }

    fn answered(&self, step: u64, output: Vec<u8>) -> Outcome {
        let program = self
            .position
            .program
            .expect("a machine that steps has a program");
        Outcome::Answered {
            step,
            program,
            output,
        }
    }

    fn apply_input(
        &mut self,
        at_ms: i64,
        from: &Arc<str>,
        program: [u8; 32],
        input: &[u8],
    ) -> Effect {
        match self.stepped(at_ms, from, program, input) {
            Ok(output) => {
                self.steps += 1;
                self.count_old_client(program, at_ms);
                Effect::Done(self.answered(self.steps, output))
            }
            Err(NoStep::Refused(refusal)) => Effect::Nothing(Outcome::Refused(refusal)),
            Err(NoStep::Trapped(trap)) => {
                self.traps += 1;
                Effect::Done(trapped(trap))
            }
            Err(NoStep::Disapproved) => {
                let step = self.steps + 1;
                let reason = "the step would break an invariant of the program, which is on trial";
                let refusal = self.refusal(RefusalCode::CHECK_FAILED, reason);
                let refusal = refusal
                    .now("the step was undone, and the machine goes back to the program before");
                Effect::Failed(Outcome::Refused(refusal), Cause::Check { step })
            }
        }
    }

    /// Takes a step, if its output can be given to the client.
    fn stepped(
        &mut self,
        at_ms: i64,
        from: &Arc<str>,
        program: [u8; 32],
        input: &[u8],
    ) -> Result<Vec<u8>, NoStep> {
        if self.instance.is_none() {
            return Err(NoStep::Refused(refused::no_machine(&self.name)));
        }
        let prepared = self.prepare(at_ms, from, program, input)?;
        let instance = self.instance.as_mut().expect("seen above");
        let ancestors = &self.lineage[prepared.start..];
        let engine = instance.engine();
        let is_checked = self.trial.as_ref().is_some_and(|trial| trial.terms.checks);
        let output = take_step(instance, ancestors, prepared, input, is_checked);
        if instance.engine() != engine {
            tracing::warn!(
                "`{}` goes on with the reference interpreter: the other one stopped at step {}, which has a result",
                self.name,
                self.steps,
            );
        }
        output.map_err(|failure| match failure {
            Failure::Attempt(NoAttempt::Trap(trap)) => NoStep::Trapped(trap),
            Failure::Attempt(NoAttempt::Malformed(malformed)) => self.malformed(malformed),
            Failure::Output(failure) => self.unadapted(failure),
            Failure::Disapproved => NoStep::Disapproved,
        })
    }

    /// The refusal of an upgrade while another is on trial: the way back would be lost.
    pub(crate) fn still_on_trial(&self) -> Refusal {
        self.refusal(RefusalCode::ON_TRIAL, "the running program is on trial")
    }

    /// Whether an upgrade asks for a check after each step that takes longer than a step may.
    fn is_too_dear(&self, command: &Command, upgrade: &MigratedUpgrade) -> bool {
        let is_asked = command.trial().is_some_and(|terms| terms.checks);
        is_asked && self.instance.is_some() && {
            let instance = upgrade.instance();
            let verdict = instance.program().approves_as_step(instance.state());
            // With more fuel it has approved of the state.
            matches!(verdict, Some(Err(_)))
        }
    }

    /// Ends the trial well.
    fn pass(&mut self) -> Effect {
        if self.trial.take().is_none() {
            let reason = "the running program is not on trial";
            return Effect::Nothing(Outcome::Refused(
                self.refusal(RefusalCode::NOT_ON_TRIAL, reason),
            ));
        }
        Effect::Done(Outcome::Passed {
            sequence: self.position.sequence,
        })
    }
}

/// Why a prepared input made no step.
enum Failure {
    Attempt(NoAttempt),
    Output(Unadapted),
    Disapproved,
}

/// Takes a step and gives the client's bytes of its output. If there are none, the step is undone.
fn take_step(
    instance: &mut Instance,
    ancestors: &[Ancestor],
    prepared: Prepared,
    input: &[u8],
    is_checked: bool,
) -> Result<Vec<u8>, Failure> {
    let checked = is_checked.then(|| Arc::clone(instance.program()));
    let attempted = match prepared.adapted {
        Some(value) => instance
            .attempt(&prepared.context, value)
            .map_err(NoAttempt::Trap),
        None => instance.attempt_encoded(&prepared.context, input),
    };
    let pending = attempted.map_err(Failure::Attempt)?;
    if let Some(program) = checked
        && !matches!(
            program.approves_as_step(pending.state()),
            None | Some(Ok(true))
        )
    {
        return Err(Failure::Disapproved);
    }
    let mut output = Vec::new();
    if ancestors.is_empty() {
        pending.encode_output(&mut output);
    } else {
        let adapted = adapted_output(ancestors, &prepared.context, pending.output());
        output = encode::value(&adapted.map_err(Failure::Output)?);
    }
    pending.commit();
    Ok(output)
}

/// A trap as the client is told of it.
fn trapped(trap: Trap) -> Outcome {
    Outcome::Trapped {
        code: u32::from(trap.reason.code()),
        name: trap.reason.name(),
        detail: trap.to_string(),
    }
}

impl Replica {
    /// As [`Apply::apply`], with what was worked out aside for an upgrade.
    pub(crate) fn apply_prepared(
        &mut self,
        at: Index,
        command: &Command,
        head_start: Option<&mut HeadStart>,
    ) -> Effect {
        self.known(at, command)
            .unwrap_or_else(|| self.taken(at, command, head_start))
    }

    /// Applies a command that the journal has: it was taken when it came, whatever its session is taken for now.
    pub(crate) fn apply_again(&mut self, at: Index, command: &Command) -> Effect {
        self.taken(at, command, None)
    }

    fn taken(
        &mut self,
        at: Index,
        command: &Command,
        head_start: Option<&mut HeadStart>,
    ) -> Effect {
        let effect = match command {
            Command::Input {
                at_ms,
                from,
                program,
                input,
                ..
            } => self.apply_input(*at_ms, from, *program, input),
            Command::Pass { .. } => self.pass(),
            Command::Retire { program, .. } => self.retire(*program),
            // It needs the commands since the upgrade, which whoever keeps the journal has.
            Command::Rollback { .. } => return Effect::GoesBack,
            Command::Upgrade {
                at_ms,
                by,
                signers,
                bundle,
                ..
            } => match self.stage(&self.moment(*at_ms, by), bundle, signers, head_start) {
                Ok(_) if self.trial.is_some() => {
                    Effect::Nothing(Outcome::Refused(self.still_on_trial()))
                }
                Ok(upgrade) if self.is_too_dear(command, &upgrade) => {
                    let reason = "the program's check takes more fuel on this state than a step has, so it cannot be asked after each";
                    Effect::Nothing(Outcome::Refused(
                        self.refusal(RefusalCode::BAD_TERMS, reason),
                    ))
                }
                Ok(upgrade) => return Effect::Staged(Box::new(upgrade)),
                Err(refusal) if refusal.code == RefusalCode::ALREADY_RUNNING => {
                    Effect::Nothing(Outcome::AlreadyRunning {
                        program: self.position.program.expect("it runs already"),
                        sequence: self.position.sequence,
                    })
                }
                Err(refusal) => Effect::Nothing(Outcome::Refused(refusal)),
            },
        };
        if matches!(effect, Effect::Done(_)) {
            self.note(at, command, &effect);
            self.index = at;
            self.last_ms = command.at_ms();
        }
        effect
    }
}

impl Apply for Replica {
    fn apply(&mut self, at: Index, command: &Command) -> Effect {
        self.apply_prepared(at, command, None)
    }

    fn adopt(&mut self, at: Index, command: &Command, upgrade: CommittedUpgrade) -> Outcome {
        let before = self.clone();
        let old = self
            .instance()
            .map(|instance| Arc::clone(instance.program()));
        let Adopted {
            instance,
            position,
            migration,
            sizes,
        } = upgrade.adopt();
        let bytes = |instance: &Instance| measure::length(&instance.state());
        let sizes = sizes.unwrap_or_else(|| Sizes {
            before: self.instance().map_or(0, bytes),
            after: bytes(&instance),
        });
        if let (Some(program), Some(migration)) = (&old, migration) {
            self.lineage.push(Ancestor {
                program: Arc::clone(program),
                migration,
            });
            let excess = self.lineage.len().saturating_sub(LINEAGE_MAX);
            self.lineage.drain(..excess);
            self.forget_clients();
        }
        self.instance = Some(instance);
        self.position = position;
        self.index = at;
        self.last_ms = command.at_ms();
        self.since_ms = self.last_ms;
        let terms = command.trial().filter(|_| old.is_some());
        self.trial = terms.map(|terms| {
            Arc::new(Trial {
                terms,
                began: at,
                began_ms: self.last_ms,
                before,
            })
        });
        Outcome::Upgraded(Applied {
            machine: self.name.to_string(),
            from: old.map(|program| program.digest().0),
            to: position.program.expect("an upgrade leads to a program").0,
            sequence: position.sequence,
            state_bytes_before: sizes.before,
            state_bytes: sizes.after,
        })
    }

    fn snapshot(&self) -> Snapshot {
        let state = self
            .instance()
            .map(|instance| encode::value(&instance.state()));
        Snapshot {
            index: self.index,
            steps: self.steps,
            traps: self.traps,
            last_ms: self.last_ms,
            state: state.unwrap_or_default(),
            old_clients: self.old_clients.clone(),
            program: self.position.program.map(|program| program.0),
            sessions: self.kept_sessions(),
        }
    }
}
