//! The whole street of the language: source text to verified bytecode.
//!
//! What comes out has been through the verifier that every node runs, so a mistake of this compiler is
//! found here and not on a node.

use std::fmt;
use std::sync::{Arc, OnceLock};

use cam::combinator::{Combinators, IllTyped};
use cam::compile::TooLarge;
use cam::debug::{Debug, Trail};
use cam::schema::Schema;
use cam::trap::Trap;
use cam::verify::{Invalid, InvalidReason, Migration, Misfit, Program};

use crate::ast::{ItemKind, Module};
use crate::chain::{self, Chains, Unchained, Upgrade};
use crate::flags::{self, MachineFlags};
use crate::history::History;
use crate::judge::Judge;
use crate::leaves::{self, Leaf};
use crate::problem::catalogue::{C001, C002, C003};
use crate::problem::{Problem, Problems};
use crate::source::{Source, Span};
use crate::typed::{Machine, Manner};
use crate::{check, parse, places, play, translate, waived};

/// A machine that compiles, and everything its source says about older versions.
#[derive(Clone, Debug)]
pub struct Compiled {
    program: Arc<Program>,
    trails: Vec<Trail>,
    upgrades: Vec<Upgrade>,
    warnings: Problems,
    machine: Machine,
    judge: Arc<Judge>,
    history: History,
    chains: Arc<OnceLock<Chains>>,
}

impl Compiled {
    /// The program; its schema is the machine's interface, its bytes are what is deployed.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Which place of `source` each instruction of the program is from. `source` must be what was compiled;
    /// `file` is what the data calls it.
    #[must_use]
    pub fn debug(&self, source: &Source, file: &str) -> Debug {
        places::debug(self.program.digest(), source, file, &self.trails)
    }

    /// The place of the source where a step of the program stopped, if it is from one.
    #[must_use]
    pub fn stopped_at(&self, trap: &Trap) -> Option<Span> {
        let trail = self.trails.get(trap.function.index())?;
        let span = trail.span(trap.instruction as usize)?;
        Some(Span::new(span.start, span.end))
    }

    /// The machine's interface.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.program.schema()
    }

    /// One for each `migrate from`, in the order of the source.
    #[must_use]
    pub fn upgrades(&self) -> &[Upgrade] {
        &self.upgrades
    }

    /// What the migration from one version does with each value, if there is one.
    #[must_use]
    pub fn leaves(&self, from: u32) -> Option<Vec<Leaf>> {
        let mut migrations = self.machine.migrations.iter();
        let migration = migrations.find(|migration| migration.version == from)?;
        Some(leaves::leaves(&self.machine, migration))
    }

    /// Those of `paths`, parts of an older state that the migration from it drops, that the source says it drops: what is
    /// written as `_` where it would be named.
    #[must_use]
    pub fn waived(&self, from: u32, paths: &[String]) -> Vec<String> {
        let mut migrations = self.machine.migrations.iter();
        let migration = migrations.find(|migration| migration.version == from);
        migration.map_or(Vec::new(), |migration| {
            waived::waived(&self.machine, migration, paths)
        })
    }

    /// What functions and handlers do besides giving a value.
    #[must_use]
    pub fn flags(&self) -> MachineFlags {
        flags::flags(&self.machine)
    }

    /// Whether the migration from one version is an automatic one.
    #[must_use]
    pub fn is_automatic(&self, from: u32) -> bool {
        let mut migrations = self.machine.migrations.iter();
        migrations
            .any(|migration| migration.version == from && migration.manner == Manner::Automatic)
    }

    /// Whether the author says that the way back to one version loses something.
    #[must_use]
    pub fn is_lossy(&self, from: u32) -> bool {
        let mut backs = self.machine.backs.iter();
        backs.any(|back| back.version == from && back.manner == Manner::Lossy)
    }

    /// The upgrade from one version: the one that the source says, or the one through versions between.
    #[must_use]
    pub fn upgrade_from(&self, version: u32) -> Option<&Upgrade> {
        let mut all = self.all_upgrades();
        all.find(|upgrade| upgrade.from == version)
    }

    /// The upgrades that the source says, then those from the other versions of the history that lead here through
    /// versions between.
    pub fn all_upgrades(&self) -> impl Iterator<Item = &Upgrade> + Clone {
        let composed = || self.chains().upgrades.iter();
        // Composed only if it is asked for: an editor asks at no keystroke.
        self.upgrades
            .iter()
            .chain(std::iter::once(()).flat_map(move |()| composed()))
    }

    /// The ways through versions between that cannot be one upgrade.
    #[must_use]
    pub fn unchained(&self) -> &[Unchained] {
        &self.chains().unchained
    }

    /// The upgrade from one version that the source says itself.
    pub(crate) fn written(&self, version: u32) -> Option<&Upgrade> {
        let mut written = self.upgrades.iter();
        written.find(|upgrade| upgrade.from == version)
    }

    fn chains(&self) -> &Chains {
        self.chains.get_or_init(|| chain::chains(self))
    }

    /// The later versions of which the source says something through which a state of `from` comes here.
    #[must_use]
    pub fn chains_from(&self, from: u32) -> Vec<u32> {
        let chains = play::chains(self, from);
        chains.into_iter().map(|(through, _)| through).collect()
    }

    /// What is worth saying although it compiles.
    #[must_use]
    pub fn warnings(&self) -> &Problems {
        &self.warnings
    }

    /// How many traces the source has.
    #[must_use]
    pub fn trace_count(&self) -> usize {
        self.machine.traces.len()
    }

    /// Whether the source says anything of its states, steps or upgrades.
    #[must_use]
    pub fn has_claims(&self) -> bool {
        !self.machine.claims.list.is_empty()
    }

    /// The typed machine.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Its claims, ready to be asked.
    pub(crate) fn judge(&self) -> &Judge {
        &self.judge
    }

    /// The released versions it was compiled against.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }
}

/// Compiles the one machine of a source against its released versions.
///
/// # Errors
/// All problems of the source; or the one that it is larger than the abstract machine allows.
pub fn compile(source: &Source, history: &History) -> Result<Compiled, Problems> {
    compiled(source, history, check::machine)
}

/// The same of a source in which the condition of a `check` may have any type.
pub(crate) fn compile_for_session(
    source: &Source,
    history: &History,
) -> Result<Compiled, Problems> {
    compiled(source, history, check::session)
}

/// How a file is checked.
type Check = fn(&Source, &Module, &History) -> Result<(Machine, Problems), Problems>;

fn compiled(source: &Source, history: &History, check: Check) -> Result<Compiled, Problems> {
    let (module, mut problems) = parse::module(source);
    let checked = check(source, &module, history);
    let machine = match checked {
        Ok((machine, warnings)) if !problems.has_errors() => {
            problems.append(warnings);
            machine
        }
        Ok((_, more)) | Err(more) => {
            problems.append(more);
            return Err(problems);
        }
    };
    let at = machine_name(&module);
    let compiled = assemble(machine, history, problems);
    compiled.map_err(|failure| {
        let mut problems = Problems::new();
        problems.push(failure.problem(at));
        problems
    })
}

fn assemble(machine: Machine, history: &History, warnings: Problems) -> Result<Compiled, Failure> {
    let (bytecode, trails) = cam::compile::compile_with_trails(translate::machine(&machine)?)?;
    let program = cam::verify::machine(bytecode)?;
    let mut upgrades = Vec::new();
    for conversion in &machine.migrations {
        let from = conversion.version;
        if let Some(combinators) = translate::upgrade(&machine, from)? {
            let migration = migration(combinators)?;
            if let Some(old) = history.program(from) {
                migration.fits(old, &program)?;
            }
            let to = program.schema().version;
            upgrades.push(Upgrade::written(from, to, Arc::new(migration)));
        }
    }
    Ok(Compiled {
        judge: Arc::new(Judge::of(&machine)?),
        program: Arc::new(program),
        trails,
        upgrades,
        warnings,
        machine,
        history: history.clone(),
        chains: Arc::default(),
    })
}

/// Compiles and verifies a module that has no schema.
pub(crate) fn migration(combinators: Combinators) -> Result<Migration, Failure> {
    let bytecode = cam::compile::compile(combinators)?;
    Ok(cam::verify::migration(bytecode)?)
}

fn machine_name(module: &Module) -> Span {
    module
        .items
        .iter()
        .find_map(|item| match &item.kind {
            ItemKind::Machine(machine) => Some(machine.name.span),
            _ => None,
        })
        .unwrap_or(module.span)
}

/// Why a machine without mistakes gives no program.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Failure {
    /// It is larger than the abstract machine allows.
    Combinators(IllTyped),
    /// Its code is.
    Code(TooLarge),
    /// The compiler has made code that the verifier refuses.
    Invalid(Invalid),
    /// The compiler has made a migration between other types than those of the machines.
    Misfit(Misfit),
}

impl From<IllTyped> for Failure {
    fn from(refusal: IllTyped) -> Failure {
        Failure::Combinators(refusal)
    }
}

impl From<TooLarge> for Failure {
    fn from(refusal: TooLarge) -> Failure {
        Failure::Code(refusal)
    }
}

impl From<Invalid> for Failure {
    fn from(refusal: Invalid) -> Failure {
        Failure::Invalid(refusal)
    }
}

impl From<Misfit> for Failure {
    fn from(refusal: Misfit) -> Failure {
        Failure::Misfit(refusal)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Combinators(refusal) => refusal.fmt(f),
            Failure::Code(refusal) => refusal.fmt(f),
            Failure::Invalid(refusal) => refusal.fmt(f),
            Failure::Misfit(refusal) => refusal.fmt(f),
        }
    }
}

impl Failure {
    /// The problem to report, at the machine's name or at the line of a trace.
    pub(crate) fn problem(&self, at: Span) -> Problem {
        match self {
            Failure::Combinators(IllTyped::TooLarge) => {
                Problem::new(C001, at, "this machine is nested too deeply, or too large")
                    .noting(self.to_string())
                    .helping("move parts of long handlers and matches into functions")
            }
            Failure::Code(_) => Problem::new(C002, at, format!("this machine needs {self}"))
                .helping("split it, or move repeated parts into functions"),
            Failure::Invalid(Invalid {
                reason: InvalidReason::CallTooHigh,
                ..
            }) => Problem::new(C002, at, "functions call functions more than 128 deep")
                .helping("let some of them do more than call the next"),
            Failure::Combinators(_) | Failure::Invalid(_) | Failure::Misfit(_) => Problem::new(
                C003,
                at,
                "the compiler contradicts itself: this is its mistake, not yours",
            )
            .noting(self.to_string())
            .helping("please report it together with the source"),
        }
    }
}
