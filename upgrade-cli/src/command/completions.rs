//! `cam completions`: from the same table as `--help`.

use clap::CommandFactory;

use crate::arguments::{Arguments, Completions};
use crate::report::{Outcome, Report};

pub(super) fn run(arguments: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "cam",
        &mut script,
    );
    let script = String::from_utf8_lossy(&script);
    Ok(Report::new()
        .text(&script)
        .field("shell", arguments.shell.to_string())
        .field("script", script))
}
