//! `cam bundle`: from one released version to the next, with a note of it in the history.

mod module;

use std::sync::Arc;

use cam::verify::{Migration, Program};
use dsl::leaves::Fate;
use node::bundle::{Bundle, BundleId, Manifest, Parts};
use node::limits::{MACHINE_NAME_LETTERS, NAME_BYTES_MAX, NOTE_BYTES_MAX};

use super::Context;
use crate::arguments::{self, From};
use crate::bundle_file::{self, BundleFile};
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure, named};
use crate::project::Project;
use crate::project::compilation::{self, Compilation};
use crate::project::files;
use crate::project::lineage::{Chain, Lineage, Link};
use crate::project::released::{self, BYTECODE, Released, SOURCE};
use crate::report::{Outcome, Report};

pub(super) fn run(context: &Context, arguments: &arguments::Bundle) -> Outcome {
    if let Some(file) = &arguments.module {
        return module::run(context, file, arguments);
    }
    let project = context.project()?;
    if let Some(version) = arguments.release {
        check_released(&project, version)?;
    }
    let released = Released::read(&project, arguments.release)?;
    let source = match arguments.release {
        Some(version) => project.released(version, SOURCE),
        None => project.source(),
    };
    let compilation = compilation::compile(&source, &released.history())?;
    let chain = chain(context, arguments, project.name())?;
    let mut lineage = Lineage::read(&project)?;
    if let Some(after) = arguments.after {
        let version = compilation.compiled.schema().version;
        follow(&mut lineage, &chain, version, after)?;
    }
    let plan = Plan::make(&compilation, &released, &lineage, chain, arguments)?;
    let bundle = plan.bundle(&released)?;
    let replaced = keep(&project, &compilation, lineage, &plan, &bundle, arguments)?;
    let qualifiers = qualifiers(&plan, arguments);
    let path = project.out(&plan.versions(), &format!("{qualifiers}bundle"));
    let file = write(path, bundle, plan.manifest(&released)?)?;
    let mut report = report(context, &file, "commit history/, then: ")?;
    let drops = plan.drops(&compilation);
    if !drops.is_empty() {
        report = report.line(format!("    drops    {}", drops.join(", ")));
    }
    let report = report
        .field("drops", drops)
        .problem(compilation.warnings(context.console.style))
        .field("diagnostics", compilation.diagnostics());
    Ok(match replaced {
        None => report,
        Some(old) => report.talk(format!(
            "this takes the place of {old}: a node that has that one refuses this one and all that follow"
        )),
    })
}

/// Corrects the note of the bundle that is to be followed: the node knows better which one it has.
fn follow(
    lineage: &mut Lineage,
    chain: &Chain,
    version: u32,
    after: BundleId,
) -> Result<(), BundleError> {
    let links = lineage.chain(chain);
    let earlier = links.into_iter().take_while(|link| link.version < version);
    let Some(previous) = earlier.last().filter(|link| link.bundle != after) else {
        return Ok(());
    };
    if !previous.pushed.is_empty() {
        return Err(BundleError::Pushed {
            version: previous.version,
            bundle: previous.bundle,
            nodes: previous.pushed.clone(),
        });
    }
    let link = Link {
        bundle: after,
        ..previous.clone()
    };
    lineage.put(link);
    Ok(())
}

fn check_released(project: &Project, version: u32) -> Result<(), AnyFailure> {
    let there = released::versions(project)?;
    if there.contains(&version) {
        return Ok(());
    }
    Err(BundleError::NotReleased { version, there }.into())
}

/// The machine's name on the node, which is the project's unless told otherwise, and the node if it is
/// for one only.
fn chain(
    context: &Context,
    arguments: &arguments::Bundle,
    project: &str,
) -> Result<Chain, AnyFailure> {
    let own = || project.to_lowercase();
    let machine = arguments.machine.clone().unwrap_or_else(own);
    check_machine_name(&machine)?;
    let node = match &arguments.node {
        Some(name) => Some(context.nodes()?.get(name)?.key),
        None => None,
    };
    Ok(Chain { machine, node })
}

fn check_machine_name(machine: &str) -> Result<(), BundleError> {
    let letters = machine
        .chars()
        .all(|letter| MACHINE_NAME_LETTERS.contains(letter));
    if !letters || !(1..=NAME_BYTES_MAX).contains(&machine.len()) {
        let machine = machine.to_owned();
        return Err(BundleError::MachineName { machine });
    }
    Ok(())
}

/// What the bundle will be, before it is made.
struct Plan {
    chain: Chain,
    previous: Option<Link>,
    sequence: u64,
    note: String,
    program: Arc<Program>,
    migration: Option<Arc<Migration>>,
}

impl Plan {
    /// The values of the old state that nothing is made of.
    fn drops(&self, compilation: &Compilation) -> Vec<String> {
        let from = self.previous.as_ref().map(|previous| previous.version);
        let leaves = from.and_then(|from| compilation.compiled.leaves(from));
        let dropped = leaves.into_iter().flatten();
        dropped
            .filter(|leaf| leaf.fate == Fate::Dropped)
            .map(|leaf| leaf.place)
            .collect()
    }

    fn make(
        compilation: &Compilation,
        released: &Released,
        lineage: &Lineage,
        chain: Chain,
        arguments: &arguments::Bundle,
    ) -> Result<Plan, BundleError> {
        let program = Arc::clone(compilation.compiled.program());
        let version = program.schema().version;
        let links = lineage.chain(&chain);
        // A version that was bundled before is bundled again at its old place, unless the machine has gone back
        // since.
        let is_there = |place: &usize| {
            let mut later = links[place + 1..].iter();
            later.all(|link| link.version > version)
        };
        let place = links.iter().rposition(|link| link.version == version);
        let place = place.filter(is_there);
        let again = place.map(|place| links[place]);
        let place = place.unwrap_or(links.len());
        let previous = place.checked_sub(1).map(|place| links[place].clone());
        check_start(arguments.from, previous.as_ref(), &chain, version)?;
        let older = released.latest_before(version);
        if let (None, None, None, Some(older)) = (arguments.from, &previous, again, older) {
            let machine = chain.machine;
            return Err(BundleError::Unclear { machine, older });
        }
        let migration = match &previous {
            None => None,
            Some(previous) => {
                let from = previous.version;
                let upgrade = compilation.compiled.upgrade_from(from);
                let upgrade = upgrade.ok_or(BundleError::NoMigration { from, to: version })?;
                Some(Arc::clone(&upgrade.migration))
            }
        };
        let note = match again {
            Some(again) if arguments.note.is_empty() => again.note.clone(),
            _ => arguments.note.clone(),
        };
        check_note(&note)?;
        let sequence = previous.as_ref().map_or(0, |previous| previous.sequence) + 1;
        Ok(Plan {
            chain,
            previous,
            sequence,
            note,
            program,
            migration,
        })
    }

    /// `1`, or `1..2`
    fn versions(&self) -> String {
        let to = self.program.schema().version;
        match &self.previous {
            None => to.to_string(),
            Some(previous) => format!("{}..{to}", previous.version),
        }
    }

    fn manifest(&self, released: &Released) -> Result<Manifest, BundleError> {
        let old = self.old_program(released)?;
        let migration = self.migration.as_ref();
        Ok(Manifest {
            machine: self.chain.machine.clone(),
            node: self.chain.node,
            sequence: self.sequence,
            previous: self.previous.as_ref().map(|previous| previous.bundle),
            old_program: old.map(|old| old.digest()),
            new_program: self.program.digest(),
            migration: migration.map(|migration| migration.digest()),
            note: self.note.clone(),
        })
    }

    fn bundle(&self, released: &Released) -> Result<Bundle, BundleError> {
        let old = self.old_program(released)?;
        let parts = Parts {
            old_program: old.map(|old| old.bytes()),
            new_program: self.program.bytes(),
            migration: self.migration.as_ref().map(|migration| migration.bytes()),
        };
        let bundle = Bundle::new(&self.manifest(released)?, parts);
        Ok(bundle.expect("the manifest names the parts by their own digests"))
    }

    /// The program that the last bundle brought, as the history has it.
    fn old_program<'a>(
        &self,
        released: &'a Released,
    ) -> Result<Option<&'a Arc<Program>>, BundleError> {
        let Some(previous) = &self.previous else {
            return Ok(None);
        };
        let version = previous.version;
        let old = released.program(version);
        let old = old.filter(|old| old.digest() == previous.program);
        old.map(Some).ok_or(BundleError::History { version })
    }
}

fn check_note(note: &str) -> Result<(), BundleError> {
    let bytes = note.len();
    if bytes > NOTE_BYTES_MAX {
        return Err(BundleError::Note { bytes });
    }
    Ok(())
}

/// Compares what the user said about the start with what the history says.
fn check_start(
    wanted: Option<From>,
    previous: Option<&Link>,
    chain: &Chain,
    version: u32,
) -> Result<(), BundleError> {
    let last = previous.map(|link| link.version);
    let machine = chain.machine.clone();
    match (wanted, last) {
        (Some(From::Version(wanted)), _) if wanted == version => {
            Err(BundleError::SameVersion { version })
        }
        (Some(From::Version(wanted)), _) if wanted > version => {
            Err(BundleError::Newer { version, wanted })
        }
        (_, Some(last)) if last > version => Err(BundleError::Backwards { version, last }),
        (None, _) | (Some(From::First), None) => Ok(()),
        (Some(From::Version(wanted)), Some(last)) if wanted == last => Ok(()),
        (Some(From::First), Some(last)) => Err(BundleError::NotFirst { machine, last }),
        (Some(From::Version(wanted)), None) => Err(BundleError::NothingYet { machine, wanted }),
        (Some(From::Version(wanted)), Some(last)) => Err(BundleError::NotLast {
            machine,
            wanted,
            last,
        }),
    }
}

/// Notes the version and the bundle in the history, and says which bundle lost its place. What was
/// released is never changed.
fn keep(
    project: &Project,
    compilation: &Compilation,
    mut lineage: Lineage,
    plan: &Plan,
    bundle: &Bundle,
    arguments: &arguments::Bundle,
) -> Result<Option<BundleId>, AnyFailure> {
    let version = plan.program.schema().version;
    let (bytecode, source) = (
        project.released(version, BYTECODE),
        project.released(version, SOURCE),
    );
    let bytes = plan.program.bytes();
    let old = files::read_if_there(&bytecode)?;
    if old.as_ref().is_some_and(|old| *old != bytes) {
        return Err(BundleError::Released { version }.into());
    }
    let links = lineage.chain(&plan.chain);
    let at_place = links.iter().find(|link| link.sequence == plan.sequence);
    let other = at_place.filter(|link| link.bundle != bundle.id());
    if let Some(other) = other {
        let is_last = links.len() as u64 == plan.sequence;
        check_replaceable(other, is_last, arguments)?;
    }
    let replaced = other.map(|other| other.bundle);
    let same = at_place.filter(|link| link.bundle == bundle.id());
    let pushed = same.map_or(Vec::new(), |same| same.pushed.clone());
    // The bytecode comes first: a lineage that names what is not there would be of no use.
    if old.is_none() {
        files::write(&bytecode, &bytes)?;
    }
    if files::read_if_there(&source)?.is_none() {
        files::write(&source, compilation.source.text().as_bytes())?;
    }
    keep_migration(project, plan, version)?;
    lineage.put(Link {
        chain: plan.chain.clone(),
        sequence: plan.sequence,
        version,
        program: plan.program.digest(),
        bundle: bundle.id(),
        note: plan.note.clone(),
        pushed,
    });
    lineage.write(project)?;
    Ok(replaced)
}

/// The migration is kept beside the versions it is between: later ones may come through here.
fn keep_migration(project: &Project, plan: &Plan, version: u32) -> Result<(), AnyFailure> {
    let (Some(previous), Some(migration)) = (&plan.previous, &plan.migration) else {
        return Ok(());
    };
    let (path, bytes) = (project.bridge(previous.version, version), migration.bytes());
    if files::read_if_there(&path)?.as_ref() != Some(&bytes) {
        files::write(&path, &bytes)?;
    }
    Ok(())
}

/// Whether another bundle may take the place of this one: no node may have it, and none may follow it.
fn check_replaceable(
    other: &Link,
    is_last: bool,
    arguments: &arguments::Bundle,
) -> Result<(), BundleError> {
    let (version, bundle) = (other.version, other.bundle);
    if !other.pushed.is_empty() {
        let nodes = other.pushed.clone();
        return Err(BundleError::Pushed {
            version,
            bundle,
            nodes,
        });
    }
    if is_last && (arguments.replace || arguments.after.is_some()) {
        return Ok(());
    }
    Err(BundleError::OtherBundle { version, bundle })
}

/// What keeps the files of two machines of one project apart.
fn qualifiers(plan: &Plan, arguments: &arguments::Bundle) -> String {
    let machine = arguments.machine.as_ref().map(|_| &plan.chain.machine);
    let names = machine.into_iter().chain(&arguments.node);
    names.map(|name| format!("{name}.")).collect()
}

/// Writes the bundle. The same one that is there already keeps its signatures.
fn write(
    path: std::path::PathBuf,
    bundle: Bundle,
    manifest: Manifest,
) -> Result<BundleFile, AnyFailure> {
    if let Ok(there) = BundleFile::read(&path)
        && there.bundle.id() == bundle.id()
    {
        return Ok(there);
    }
    let file = BundleFile {
        path,
        bundle,
        manifest,
    };
    file.write()?;
    Ok(file)
}

/// What the bundle does, and what to do with it; what to do `first` only while nobody has signed it.
fn report(context: &Context, file: &BundleFile, first: &str) -> Outcome {
    let judged = file.judge()?;
    let (path, bytes) = (file.path.display().to_string(), file.bundle.encode().len());
    let signers = file.signers(&context.keys()?);
    let mut report = Report::new().line(format!("{path}  {bytes} bytes"));
    for line in bundle_file::lines(file, &judged) {
        report = report.line(line);
    }
    for signer in &signers {
        report = report.line(format!("    signed   {}", signer.text()));
    }
    let next = if signers.is_empty() {
        format!("{first}cam sign {path}")
    } else {
        format!("cam push {path} --to NODE")
    };
    let signers: Vec<_> = signers.iter().map(|signer| signer.object()).collect();
    Ok(report
        .field("bundle", bundle_file::object(file, &judged))
        .field("bytes", bytes)
        .field("signers", signers)
        .next(next))
}

#[derive(Debug, thiserror::Error)]
enum BundleError {
    #[error("`{}` is no name for a machine on a node", named(machine))]
    MachineName { machine: String },
    #[error("the reason has {bytes} bytes, at most {NOTE_BYTES_MAX}")]
    Note { bytes: usize },
    #[error(
        "the bundle before this one brought version {last} of `{machine}`, so this is not the first"
    )]
    NotFirst { machine: String, last: u32 },
    #[error("version {older} of `{machine}` is in the history, and no bundle has brought it")]
    Unclear { machine: String, older: u32 },
    #[error("version {version} cannot start from version {wanted}, which is newer")]
    Newer { version: u32, wanted: u32 },
    #[error("version {version} was never released")]
    NotReleased { version: u32, there: Vec<u32> },
    #[error("this is version {version} itself")]
    SameVersion { version: u32 },
    #[error("the last bundle brought version {last}, and this is version {version}")]
    Backwards { version: u32, last: u32 },
    #[error("no bundle has brought version {wanted} of `{machine}` yet")]
    NothingYet { machine: String, wanted: u32 },
    #[error("the bundle before this one brought version {last} of `{machine}`, not {wanted}")]
    NotLast {
        machine: String,
        wanted: u32,
        last: u32,
    },
    #[error("version {to} does not say what becomes of the state of version {from}")]
    NoMigration { from: u32, to: u32 },
    #[error("history/ does not have the version {version} that was bundled")]
    History { version: u32 },
    #[error("version {version} was released with another program")]
    Released { version: u32 },
    #[error("version {version} was bundled before as {bundle}")]
    OtherBundle { version: u32, bundle: BundleId },
    #[error("version {version} was pushed as {bundle}, so no other bundle can take its place")]
    Pushed {
        version: u32,
        bundle: BundleId,
        nodes: Vec<String>,
    },
}

impl Failure for BundleError {
    fn exit(&self) -> Exit {
        match self {
            BundleError::NoMigration { .. }
            | BundleError::SameVersion { .. }
            | BundleError::Backwards { .. }
            | BundleError::History { .. }
            | BundleError::Released { .. }
            | BundleError::Pushed { .. } => Exit::Wrong,
            _ => Exit::Usage,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            BundleError::MachineName { .. } => "F401",
            BundleError::Note { .. } => "F402",
            BundleError::NotFirst { .. } => "F403",
            BundleError::Unclear { .. } => "F404",
            BundleError::Newer { .. } => "F405",
            BundleError::NotReleased { .. } => "F406",
            BundleError::SameVersion { .. } => "F407",
            BundleError::Backwards { .. } => "F408",
            BundleError::NothingYet { .. } => "F409",
            BundleError::NotLast { .. } => "F410",
            BundleError::NoMigration { .. } => "F411",
            BundleError::History { .. } => "F412",
            BundleError::Released { .. } => "F413",
            BundleError::OtherBundle { .. } => "F414",
            BundleError::Pushed { .. } => "F415",
        };
        code.into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            BundleError::Released { version } => vec![(
                "why",
                format!("nodes may run version {version} as it was; its bytecode is never changed"),
            )],
            BundleError::OtherBundle { .. } => vec![(
                "why",
                "another reason, node or migration makes another bundle; a node takes one"
                    .to_owned(),
            )],
            BundleError::NotReleased { there, .. } if !there.is_empty() => {
                let there: Vec<_> = there.iter().map(u32::to_string).collect();
                vec![("there are", there.join(", "))]
            }
            BundleError::Pushed { nodes, .. } => vec![("pushed to", nodes.join(", "))],
            _ => Vec::new(),
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            BundleError::MachineName { .. } => {
                format!(
                    "1 to {NAME_BYTES_MAX} of small letters, digits, `-` and `_`: cam bundle --as NAME"
                )
            }
            BundleError::Note { .. } => "say it shorter".to_owned(),
            BundleError::NotFirst { last, .. } | BundleError::NotLast { last, .. } => {
                format!("cam bundle --from {last}, or leave `--from` out")
            }
            BundleError::NothingYet { wanted, .. } => {
                format!("cam bundle --release {wanted}   (the bundle that brings version {wanted})")
            }
            BundleError::Unclear { older, .. } => {
                return vec![
                    format!("cam bundle --release {older}, to bring that version first"),
                    "cam bundle --from first, where no older version ever ran".to_owned(),
                ];
            }
            BundleError::NoMigration { from, .. } => {
                format!("add `migrate from {from} …` to the machine")
            }
            BundleError::Newer { .. } => {
                "versions only rise: leave `--from` out, or name an older one".to_owned()
            }
            BundleError::NotReleased { .. } => {
                "cam bundle, without `--release`, releases what the source says".to_owned()
            }
            BundleError::History { .. } => "take history/ from version control again".to_owned(),
            BundleError::Released { version }
            | BundleError::SameVersion { version }
            | BundleError::Pushed { version, .. }
            | BundleError::Backwards { last: version, .. } => format!(
                "raise the version in the source: `version {}`",
                version.saturating_add(1)
            ),
            BundleError::OtherBundle { .. } => {
                "cam bundle --replace, if the old one was never pushed: a node that has it would refuse all that follow the new one".to_owned()
            }
        };
        vec![help]
    }
}
