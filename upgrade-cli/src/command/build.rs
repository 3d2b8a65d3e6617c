//! `cam build`: the bytecode of the source in a file, and beside it which place each instruction is from.

use super::{Context, check};
use crate::project::files;
use crate::project::released::{BYTECODE, DEBUG};
use crate::report::Outcome;

pub(super) fn run(context: &Context) -> Outcome {
    let project = context.project()?;
    let (compilation, report) = check::compile(context, &project)?;
    let program = compilation.compiled.program();
    let path = project.out(&program.schema().version.to_string(), BYTECODE);
    let bytes = program.bytes();
    files::write(&path, &bytes)?;
    let debug = &compilation.compiled;
    let debug = debug.debug(&compilation.source, &project.source_name());
    let debug_path = path.with_extension(DEBUG);
    files::write(&debug_path, &debug.encode())?;
    let (path, digest) = (path.display().to_string(), program.digest());
    Ok(report
        .line(format!("{path}  {} bytes  {digest}", bytes.len()))
        .field("program", check::program_object(&compilation))
        .field("file", path)
        .field("bytes", bytes.len())
        .field("debug", debug_path.display().to_string())
        .next("cam bundle"))
}
