//! Arguments of the commands about what a machine has lived through.

use std::path::PathBuf;

use clap::Args;

use super::Speak;

#[derive(Args, Debug)]
pub(crate) struct Tail {
    /// The node.
    pub(crate) node: String,
    /// The machine; may be left out if the node runs only one.
    pub(crate) machine: Option<String>,
    /// Begin with so many commands that have come before.
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=1000))]
    pub(crate) last: u64,
    /// End after so many lines, instead of going on until control-C.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) lines: Option<u64>,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct Export {
    /// The node.
    pub(crate) node: String,
    /// The machine; may be left out if the node runs only one.
    pub(crate) machine: Option<String>,
    /// The file to write. Nobody but you may read a new one: inputs may be private.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// The file of an exported life; with `--against`, the node.
    #[arg(value_name = "FILE|NODE")]
    pub(crate) source: String,
    /// The machine on the node; may be left out if the node runs only one.
    #[arg(requires = "against")]
    pub(crate) machine: Option<String>,
    /// Show the state after this step, and go no further.
    #[arg(long, value_name = "STEP", conflicts_with = "against")]
    pub(crate) step: Option<u64>,
    /// Give the inputs since the running version began to the version of this bundle too, and compare the answers.
    #[arg(long, value_name = "BUNDLE")]
    pub(crate) against: Option<PathBuf>,
    /// End with 1 if an input is answered otherwise, or refused.
    #[arg(long, requires = "against")]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) speak: Speak,
}
