//! `cam bundle --module`: a bundle of bytecode that stands alone, whatever compiled it.
//!
//! There is no project, so there is no history to ask. What it would say stands in the bundle that this
//! one follows: the machine, its node, its place, and the program that runs.

use std::path::Path;
use std::sync::Arc;

use cam::verify::Program;
use node::bundle::{Bundle, BundleId, Manifest, Parts};

use super::{Chain, Context, Outcome, agreed, chain, check_note, report, write};
use crate::arguments;
use crate::bundle_file::BundleFile;
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure};
use crate::module_file::ModuleFile;
use crate::project::files;

pub(super) fn run(context: &Context, file: &Path, arguments: &arguments::Bundle) -> Outcome {
    let program = ModuleFile::read(file)?.machine()?;
    let migration = match &arguments.migration {
        Some(path) => Some(ModuleFile::read(path)?.migration()?),
        None => None,
    };
    check_note(&arguments.note)?;
    let place = Place::find(context, &program, arguments)?;
    let new = program.schema().version;
    let old = place.old.as_ref().map(|old| old.schema().version);
    let losses = agreed::losses(place.old.as_deref(), &program, migration.as_deref());
    agreed::check(&losses.drops, &[&arguments.drops])?;
    let manifest = Manifest {
        machine: place.chain.machine,
        node: place.chain.node,
        sequence: place.sequence,
        previous: place.previous,
        old_program: place.old.as_ref().map(|old| old.digest()),
        new_program: program.digest(),
        migration: migration.as_ref().map(|migration| migration.digest()),
        note: arguments.note.clone(),
        losses: Some(losses),
    };
    let parts = Parts {
        old_program: place.old.map(|old| old.bytes()),
        new_program: program.bytes(),
        migration: migration.map(|migration| migration.bytes()),
    };
    let bundle = Bundle::new(&manifest, parts);
    let bundle = bundle.expect("the manifest names the parts by their own digests");
    let judged = BundleFile {
        path: file.with_extension("bundle"),
        bundle,
        manifest,
    };
    // Nothing is written that does not fit together.
    judged.judge()?;
    check_free(&judged, arguments)?;
    let written = write(judged.path, judged.bundle, judged.manifest)?;
    let report = report(context, &written, "")?;
    Ok(match old {
        Some(old) if new <= old => report.problem(format!(
            "warning: the new program says that it is version {new}, and follows version {old}: who looks at a node cannot tell them apart\n"
        )),
        _ => report,
    })
}

/// Where in the life of a machine the bundle stands.
struct Place {
    chain: Chain,
    sequence: u64,
    previous: Option<BundleId>,
    old: Option<Arc<Program>>,
}

impl Place {
    fn find(
        context: &Context,
        program: &Program,
        arguments: &arguments::Bundle,
    ) -> Result<Place, AnyFailure> {
        let Some(path) = &arguments.follow else {
            return Ok(Place {
                chain: chain(context, arguments, &program.schema().machine)?,
                sequence: 1,
                previous: None,
                old: None,
            });
        };
        let previous = BundleFile::read(path)?;
        Ok(Place {
            previous: Some(previous.bundle.id()),
            sequence: previous.manifest.sequence.saturating_add(1),
            old: Some(previous.judge()?.new),
            chain: Chain {
                machine: previous.manifest.machine,
                node: previous.manifest.node,
            },
        })
    }
}

/// Another bundle of this name may have been pushed; nobody here would know.
fn check_free(file: &BundleFile, arguments: &arguments::Bundle) -> Result<(), Taken> {
    let path = file.path.display().to_string();
    let followed = arguments.follow.as_deref();
    if followed.is_some_and(|followed| files::are_same(followed, &file.path)) {
        return Err(Taken::Followed { path });
    }
    let is_taken = match BundleFile::read(&file.path) {
        Ok(there) => there.bundle.id() != file.bundle.id(),
        Err(_) => file.path.exists(),
    };
    if is_taken && !arguments.replace {
        return Err(Taken::Other { path });
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
enum Taken {
    #[error("`{path}` is there, and is not this bundle")]
    Other { path: String },
    #[error("`{path}` is the bundle that this one follows")]
    Followed { path: String },
}

impl Failure for Taken {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn code(&self) -> Code {
        let code = match self {
            Taken::Other { .. } => "F420",
            Taken::Followed { .. } => "F421",
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            Taken::Other { .. } => {
                "keep it if it was ever pushed: the next one follows it; if not, add --replace"
            }
            Taken::Followed { .. } => {
                "a bundle has the name of its module: give the module of the next one another name"
            }
        };
        vec![help.to_owned()]
    }
}
