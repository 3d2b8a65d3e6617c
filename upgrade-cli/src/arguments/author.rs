//! What the author's commands take: to write, to look, to learn.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Test;

#[derive(Args, Debug)]
pub(crate) struct New {
    /// The name of the project and its folder: small letters, digits and `-`.
    pub(crate) name: String,
}

#[derive(Args, Debug)]
pub(crate) struct Fmt {
    /// The sources, instead of the project's; `-` formats the standard input onto the standard output.
    pub(crate) files: Vec<PathBuf>,
    /// Write nothing: say what would change, and end with 1 if anything would.
    #[arg(long)]
    pub(crate) check: bool,
}

/// How problems of a source are shown.
#[derive(Args, Debug, Default)]
pub(crate) struct Messages {
    /// One line for each problem.
    #[arg(long)]
    pub(crate) short: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Disasm {
    /// A module (`.camb`), or a bundle.
    pub(crate) file: PathBuf,
    /// Which module of a bundle; the new program if left out.
    #[arg(long, value_enum, value_name = "PART")]
    pub(crate) part: Option<Part>,
    /// Show above the code the lines of the source that it is from, by the `.camd` beside the module.
    #[arg(long, conflicts_with = "part")]
    pub(crate) source: bool,
    /// Write the text to this file, instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A module of a bundle.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// The program that the bundle starts from.
    Old,
    /// The program that it leads to.
    New,
    /// The way from the one to the other.
    Migration,
}

#[derive(Args, Debug)]
pub(crate) struct Asm {
    /// The text.
    pub(crate) file: PathBuf,
    /// The module to write, instead of the text's name with `.camb`.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write a module that no node would take, to test what refuses it.
    #[arg(long)]
    pub(crate) unverified: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The code: `T101`, `F101`, `N303`, `stale-program`; all are listed if it is left out.
    pub(crate) code: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
pub(crate) struct Man {
    /// The folder to write a page for each command into, instead of printing the first.
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Graph {
    /// How to draw it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "mermaid")]
    pub(crate) format: Picture,
    /// The same as `--format table`.
    #[arg(long, conflicts_with = "format")]
    pub(crate) table: bool,
    /// Write it to this file, instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How a machine is drawn.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Picture {
    /// A state diagram for Mermaid, which forges draw in Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture for a browser.
    Svg,
    /// What takes each input in each state.
    Table,
}

#[derive(Args, Debug)]
pub(crate) struct Doc {
    /// Write it to this file, instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Make one page of HTML that needs nothing else, instead of Markdown.
    #[arg(long)]
    pub(crate) html: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Start in this version of the history, instead of the source.
    #[arg(long, value_name = "VERSION")]
    pub(crate) from: Option<u32>,
}

#[derive(Args, Debug)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) test: Test,
    /// End after so many tests.
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) rounds: Option<u32>,
}
