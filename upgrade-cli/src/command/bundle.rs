//! `cam bundle`: from one released version to the next, with a note of it in the history.

mod agreed;
mod error;
mod keep;
mod module;
mod plan;

use dsl::compile::Compiled;
use node::bundle::{Bundle, BundleId, Manifest};
use node::limits::{MACHINE_NAME_LETTERS, NAME_BYTES_MAX};

use self::error::BundleError;
use self::keep::keep;
use self::plan::{Plan, check_note};
use super::{Context, chain as told};
use crate::arguments::{self, From};
use crate::bundle_file::{self, BundleFile};
use crate::failure::AnyFailure;
use crate::project::Project;
use crate::project::compilation;
use crate::project::lineage::{Chain, Lineage, Link};
use crate::project::released::{self, Released, SOURCE};
use crate::report::{Outcome, Report};

pub(super) fn run(context: &Context, arguments: &arguments::Bundle) -> Outcome {
    if let Some(file) = &arguments.module {
        return module::run(context, file, arguments);
    }
    let project = context.project()?;
    if let Some(version) = arguments.release {
        check_released(&project, version)?;
    }
    let older = Released::read(&project, arguments.release)?;
    let source = match arguments.release {
        Some(version) => project.released(version, SOURCE),
        None => project.source(),
    };
    let compilation = compilation::compile(&source, &older.history())?;
    let released = match arguments.release {
        Some(_) => Released::read(&project, None)?,
        None => older,
    };
    let chain = chain(context, arguments, project.name())?;
    let lineage = lineage(
        &project,
        arguments,
        &chain,
        compilation.compiled.schema().version,
    )?;
    let plan = Plan::make(&compilation, &released, &lineage, chain, arguments)?;
    check_drops(&compilation.compiled, &released, &lineage, &plan, arguments)?;
    let bundle = plan.bundle(&released)?;
    let kept = keep(
        &project,
        &compilation,
        &released,
        lineage,
        &plan,
        &bundle,
        arguments,
    );
    let replaced = kept?;
    let qualifiers = qualifiers(&plan, arguments);
    let path = project.out(&plan.versions(), &format!("{qualifiers}bundle"));
    let file = write(path, bundle, plan.manifest(&released)?)?;
    let report = report(context, &file, "commit history/, then: ")?;
    let report = with_chain(report, &plan)
        .problem(compilation.warnings(context.console.style))
        .field("diagnostics", compilation.diagnostics());
    Ok(match replaced {
        None => report,
        Some(old) => report.talk(format!(
            "this takes the place of {old}: a node that has that one refuses this one and all that follow"
        )),
    })
}

/// Holds what the source's own step drops to what is said of it. The other steps of a chain were released, and what they
/// drop was agreed to then.
fn check_drops(
    compiled: &Compiled,
    released: &Released,
    lineage: &Lineage,
    plan: &Plan,
    arguments: &arguments::Bundle,
) -> Result<(), AnyFailure> {
    let Some(upgrade) = &plan.upgrade else {
        return Ok(());
    };
    let from = upgrade.last_from();
    let step = compiled.upgrades().iter().find(|step| step.from == from);
    let Some((step, old)) = step.zip(released.program(from)) else {
        return Ok(());
    };
    let dropped = agreed::dropped(&step.migration, old, &plan.program);
    let step = (from, &*step.migration);
    agreed::check_step(compiled, lineage, step, &dropped, &arguments.drops)?;
    Ok(())
}

/// Adds what the steps come to together: through which versions, and what they lack.
fn with_chain(mut report: Report, plan: &Plan) -> Report {
    let composed = plan.upgrade.as_ref();
    let composed = composed.filter(|upgrade| upgrade.is_composed());
    if let Some(upgrade) = composed {
        report = report.line(format!("    through  {}", told::way(upgrade)));
        for lacks in told::lacks(upgrade) {
            report = report.line(format!("             {lacks}"));
        }
    }
    report.field("chain", composed.map(told::object))
}

/// What was bundled before, as far as this bundle is concerned.
fn lineage(
    project: &Project,
    arguments: &arguments::Bundle,
    chain: &Chain,
    version: u32,
) -> Result<Lineage, AnyFailure> {
    let mut lineage = Lineage::read(project)?;
    if let (Some(From::Version(from)), Some(node)) = (arguments.from, &arguments.node)
        && lineage.chain(chain).is_empty()
    {
        // A node that stayed behind goes on from where it is, apart from the others.
        let others = Chain {
            node: None,
            ..chain.clone()
        };
        lineage.fork(chain, &others, from, node);
    }
    if let Some(after) = arguments.after {
        follow(&mut lineage, chain, version, after)?;
    }
    Ok(lineage)
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
        .field("drops", bundle_file::drops(&file.manifest))
        .field("bytes", bytes)
        .field("signers", signers)
        .next(next))
}
