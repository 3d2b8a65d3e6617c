//! One machine as its journal makes it: the instance, its place, its counters, its old clients.

use std::sync::Arc;

use cam::instance::{Context, Instance, Transition};
use cam::limits::INPUT_WEIGHT_MAX;
use cam::trap::{Trap, TrapReason};
use cam::value::Value;
use cam::verify::{Migration, Program};
use cam::{decode, encode};

use crate::bundle::Bundle;
use crate::journal::{Apply, Command, Effect, Index, Outcome, Snapshot};
use crate::limits::LINEAGE_MAX;
use crate::protocol::{Applied, Refusal, RefusalCode};
use crate::refused;
use crate::upgrade::{Adopted, CommittedUpgrade, MigratedUpgrade, Position, UpgradeError};

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
}

/// A program that ran before, and the way from it to the next.
#[derive(Clone, Debug)]
pub struct Ancestor {
    /// The old program.
    pub program: Arc<Program>,
    /// The migration that ended it, with the adapters for its clients.
    pub migration: Arc<Migration>,
}

/// What a step would do, and what would remain.
struct Stepped {
    transition: Transition,
    output: Vec<u8>,
}

/// Why there is no step.
enum NoStep {
    Refused(Refusal),
    Trapped(Trap),
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
        }
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
        let stepped = match self.step(now_ms.max(self.last_ms), from, program, input) {
            Ok(stepped) => stepped,
            Err(NoStep::Trapped(trap)) => return Ok(trapped(trap)),
            Err(NoStep::Refused(refusal)) => return Err(refusal),
        };
        if self
            .instance()
            .is_some_and(|instance| instance.state() == stepped.transition.state())
        {
            return Ok(self.answered(self.steps, stepped.output));
        }
        let reason = "the input would change the state, so it must be submitted";
        Err(self.refusal(RefusalCode::NOT_A_QUERY, reason))
    }

    /// Decodes, adapts, runs, adapts back. Nothing changes.
    fn step(
        &self,
        at_ms: i64,
        from: &Arc<str>,
        program: [u8; 32],
        input: &[u8],
    ) -> Result<Stepped, NoStep> {
        let instance = self
            .instance()
            .ok_or_else(|| NoStep::Refused(refused::no_machine(&self.name)))?;
        let way = self.way_from(program).map_err(NoStep::Refused)?;
        let client = way
            .first()
            .map_or(instance.program(), |ancestor| &ancestor.program);
        let mut value = decode::value(client.types(), client.input_type(), input, INPUT_WEIGHT_MAX)
            .map_err(|malformed| {
                let reason = malformed.to_string();
                NoStep::Refused(self.refusal(RefusalCode::MALFORMED_INPUT, &reason))
            })?;
        for ancestor in way {
            value = self.adapted(ancestor.migration.adapt_input(value))?;
        }
        let sequence = i64::try_from(self.steps + 1).unwrap_or(i64::MAX);
        let context = Context {
            at_ms,
            from: Arc::clone(from),
            sequence,
        };
        let transition = instance.peek(&context, value).map_err(NoStep::Trapped)?;
        let mut output = transition.answer().output.clone();
        for ancestor in way.iter().rev() {
            output = self.adapted(ancestor.migration.adapt_output(output))?;
        }
        let output = encode::value(&output);
        Ok(Stepped { transition, output })
    }

    fn adapted(&self, adapted: Option<Result<Value, Trap>>) -> Result<Value, NoStep> {
        match adapted {
            Some(Ok(value)) => Ok(value),
            Some(Err(Trap {
                reason: TrapReason::Abort(RETIRED),
                ..
            })) => {
                let reason = "the input was retired by an upgrade";
                Err(NoStep::Refused(
                    self.refusal(RefusalCode::RETIRED_INPUT, reason),
                ))
            }
            Some(Err(trap)) => Err(NoStep::Trapped(trap)),
            None => Err(NoStep::Refused(self.no_way())),
        }
    }

    /// The adapters between a client's program and the running one, oldest first.
    fn way_from(&self, program: [u8; 32]) -> Result<&[Ancestor], Refusal> {
        if self
            .position
            .program
            .is_some_and(|running| running.0 == program)
        {
            return Ok(&[]);
        }
        let ancestors = &self.lineage;
        let start = ancestors
            .iter()
            .rposition(|ancestor| ancestor.program.digest().0 == program);
        let way = start.map(|start| &ancestors[start..]);
        way.filter(|way| {
            way.iter()
                .all(|ancestor| ancestor.migration.adapters().is_some())
        })
        .ok_or_else(|| self.no_way().expected(program))
    }

    fn no_way(&self) -> Refusal {
        let reason = "the input is written for a program that this machine no longer serves";
        self.refusal(RefusalCode::OTHER_PROGRAM, reason)
    }

    fn refusal(&self, code: RefusalCode, reason: &str) -> Refusal {
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
        match self.step(at_ms, from, program, input) {
            Err(NoStep::Refused(refusal)) => Effect::Nothing(Outcome::Refused(refusal)),
            Err(NoStep::Trapped(trap)) => {
                self.traps += 1;
                Effect::Done(trapped(trap))
            }
            Ok(stepped) => {
                self.steps += 1;
                let instance = self.instance.as_mut().expect("it has just stepped");
                instance.take(stepped.transition);
                Effect::Done(self.answered(self.steps, stepped.output))
            }
        }
    }

    fn stage(&self, bundle: &[u8], signers: &[String]) -> Result<MigratedUpgrade, Refusal> {
        let malformed = |error: crate::bundle::MalformedBundle| {
            self.refusal(RefusalCode::MALFORMED_BUNDLE, &error.to_string())
        };
        let bundle = Bundle::decode(bundle).map_err(malformed)?;
        let authentic = bundle.recall(signers.to_vec()).map_err(malformed)?;
        let running = self.instance().map(Instance::program);
        let state = self.instance().map(Instance::state);
        authentic
            .verify(self.position, running)
            .and_then(|verified| verified.migrate(state))
            .map_err(|error| refused::upgrade(&error, &self.name, self.position))
    }
}

/// A trap as the client is told of it.
fn trapped(trap: Trap) -> Outcome {
    Outcome::Trapped {
        code: u32::from(trap.reason.code()),
        name: trap.reason.name(),
        detail: trap.to_string(),
    }
}

impl Apply for Replica {
    fn apply(&mut self, at: Index, command: &Command) -> Effect {
        let effect = match command {
            Command::Input {
                at_ms,
                from,
                program,
                input,
            } => self.apply_input(*at_ms, from, *program, input),
            Command::Upgrade {
                signers, bundle, ..
            } => match self.stage(bundle, signers) {
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
            self.index = at;
            self.last_ms = command_ms(command);
        }
        effect
    }

    fn adopt(&mut self, at: Index, command: &Command, upgrade: CommittedUpgrade) -> Outcome {
        let old = self
            .instance()
            .map(|instance| Arc::clone(instance.program()));
        let bytes = |replica: &Replica| {
            let state = replica
                .instance()
                .map(|instance| encode::value(instance.state()));
            state.map_or(0, |bytes| bytes.len() as u64)
        };
        let state_bytes_before = bytes(self);
        let Adopted {
            instance,
            position,
            migration,
        } = upgrade.adopt();
        if let (Some(program), Some(migration)) = (&old, migration) {
            self.lineage.push(Ancestor {
                program: Arc::clone(program),
                migration,
            });
            let excess = self.lineage.len().saturating_sub(LINEAGE_MAX);
            self.lineage.drain(..excess);
        }
        self.instance = Some(instance);
        self.position = position;
        self.index = at;
        self.last_ms = command_ms(command);
        self.since_ms = self.last_ms;
        Outcome::Upgraded(Applied {
            machine: self.name.to_string(),
            from: old.map(|program| program.digest().0),
            to: position.program.expect("an upgrade leads to a program").0,
            sequence: position.sequence,
            state_bytes_before,
            state_bytes: bytes(self),
        })
    }

    fn snapshot(&self) -> Snapshot {
        let state = self
            .instance()
            .map(|instance| encode::value(instance.state()));
        Snapshot {
            index: self.index,
            steps: self.steps,
            traps: self.traps,
            last_ms: self.last_ms,
            state: state.unwrap_or_default(),
        }
    }
}

fn command_ms(command: &Command) -> i64 {
    match command {
        Command::Input { at_ms, .. } | Command::Upgrade { at_ms, .. } => *at_ms,
    }
}

impl UpgradeError {
    /// The number on the wire.
    #[must_use]
    pub fn code(&self) -> RefusalCode {
        match self {
            UpgradeError::AlreadyRunning => RefusalCode::ALREADY_RUNNING,
            UpgradeError::StaleProgram { .. } => RefusalCode::STALE_PROGRAM,
            UpgradeError::StaleSequence { .. } | UpgradeError::StaleBundle { .. } => {
                RefusalCode::STALE_SEQUENCE
            }
            UpgradeError::OtherNode => RefusalCode::OTHER_NODE,
            UpgradeError::OtherMachine { .. } => RefusalCode::OTHER_MACHINE,
            UpgradeError::Malformed { .. } => RefusalCode::MALFORMED_PROGRAM,
            UpgradeError::Invalid { part, .. } if *part == "migration" => {
                RefusalCode::INVALID_MIGRATION
            }
            UpgradeError::Invalid { .. } => RefusalCode::INVALID_PROGRAM,
            UpgradeError::Misfit(_) if self.is_adapter() => RefusalCode::INVALID_ADAPTER,
            UpgradeError::Misfit(_) => RefusalCode::INVALID_MIGRATION,
            UpgradeError::Trapped(_) => RefusalCode::MIGRATION_TRAPPED,
            UpgradeError::CheckFailed(_) => RefusalCode::CHECK_FAILED,
        }
    }
}
