//! The command line as data. What each command does with it stands in `command`.

mod author;
mod chances;
mod lives;
mod rollout;
mod turns;

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, CommandFactory, Parser, Subcommand};
use node::bundle::BundleId;
use node::key::PublicKey;
use node::limits::PATIENCE_SECONDS_MAX;

use crate::examples;
use crate::ticket::Ticket;

pub(crate) use author::{
    Asm, Completions, Disasm, Doc, Explain, Fmt, Graph, Man, Messages, New, Part, Picture, Run,
    Watch,
};
pub(crate) use chances::{Chances, Diff, Seed, Simulate, Test};
pub(crate) use lives::{Export, Replay, Tail};
pub(crate) use rollout::{OnFailure, Waves};
pub(crate) use turns::{History, Push, Retire, Rollback, Shadow, State, Trial};

/// Write typed state machines, deploy them as signed bundles, and upgrade them while they run.
#[derive(Parser, Debug)]
#[command(name = "cam", version, after_help = examples::cam())]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Print exactly one JSON object on the standard output.
    #[arg(long, global = true, help_heading = "Options of every command")]
    pub(crate) json: bool,
    /// Print nothing but answers and errors.
    #[arg(short, long, global = true, help_heading = "Options of every command")]
    pub(crate) quiet: bool,
    /// The project to work on, instead of the nearest `cam.toml` upwards from here.
    #[arg(
        short = 'C',
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Options of every command"
    )]
    pub(crate) project: Option<PathBuf>,
    /// The key folder, instead of `$CAM_KEYS` or `camshaft/keys` in the folder of configuration.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Options of every command"
    )]
    pub(crate) keys: Option<PathBuf>,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Start a project with a small machine that checks and tests.
    #[command(after_help = examples::NEW)]
    New(New),
    /// Check the source: grammar, names, types, exhaustiveness, upgrades.
    #[command(after_help = examples::CHECK)]
    Check(Messages),
    /// Lay the source out in the one way there is.
    #[command(after_help = examples::FMT)]
    Fmt(Fmt),
    /// Run the traces of the source on the real machine, then simulate sessions and hold them to all claims.
    #[command(after_help = examples::TEST)]
    Test(Test),
    /// Simulate sessions, and count what happens in them.
    #[command(after_help = examples::SIMULATE)]
    Simulate(Simulate),
    /// Show what differs between two versions, for the state and for old clients.
    #[command(after_help = examples::DIFF)]
    Diff(Diff),
    /// Compile the source to bytecode.
    #[command(after_help = examples::BUILD)]
    Build(Messages),
    /// Play the machine by hand, in this process: inputs and answers, with a way back.
    #[command(after_help = examples::RUN)]
    Run(Run),
    /// Check and test, again at each change of the source.
    #[command(after_help = examples::WATCH)]
    Watch(Watch),
    /// Draw the machine, or show what takes each input in each state.
    #[command(after_help = examples::GRAPH)]
    Graph(Graph),
    /// Show what each handler may use of a step's fuel, and whether it may stop.
    #[command(after_help = examples::COST)]
    Cost(Messages),
    /// Write the manual of the machine, from its source and its `///` comments.
    #[command(after_help = examples::DOC)]
    Doc(Doc),
    /// Make and show keys.
    #[command(subcommand, after_help = examples::KEY)]
    Key(KeyCommand),
    /// Name nodes and pin their keys.
    #[command(subcommand, after_help = examples::NODE)]
    Node(NodeCommand),
    /// Make the bundle that brings the source to a node, and put the version into the history.
    #[command(after_help = examples::BUNDLE)]
    Bundle(Bundle),
    /// Add a signature to a bundle.
    #[command(after_help = examples::SIGN)]
    Sign(Sign),
    /// Judge a bundle or a bare module offline: hashes, all code, the migration, signatures.
    #[command(after_help = examples::VERIFY)]
    Verify(Verify),
    /// Show a module, or one in a bundle, as assembly.
    #[command(after_help = examples::DISASM)]
    Disasm(Disasm),
    /// Make a module from assembly.
    #[command(after_help = examples::ASM)]
    Asm(Asm),
    /// Deliver a bundle to a node, or to several in waves.
    #[command(after_help = examples::PUSH)]
    Push(Push),
    /// Send an input to a machine and print its answer.
    #[command(after_help = examples::SEND)]
    Send(Send),
    /// Ask a machine something that changes nothing.
    #[command(after_help = examples::QUERY)]
    Query(Query),
    /// Show what runs.
    #[command(after_help = examples::STATUS)]
    Status(Status),
    /// Show how the version does that runs beside a machine, promote it, or drop it.
    #[command(after_help = examples::SHADOW)]
    Shadow(Shadow),
    /// Show the trial a new program is on and what old clients still do, or end the trial.
    #[command(after_help = examples::TRIAL)]
    Trial(Trial),
    /// Go back to the program before; without `--yes`, only show what would be lost.
    #[command(after_help = examples::ROLLBACK)]
    Rollback(Rollback),
    /// Serve the clients of an older version no longer.
    #[command(after_help = examples::RETIRE)]
    Retire(Retire),
    /// Show what has happened to a machine: bundles, rollbacks, trials, in one chain of hashes.
    #[command(after_help = examples::HISTORY)]
    History(History),
    /// Show the state of a machine.
    #[command(after_help = examples::STATE)]
    State(State),
    /// Show the steps of a machine as they come.
    #[command(after_help = examples::TAIL)]
    Tail(Tail),
    /// Write a machine's life into a file, with which any computer can live it again.
    #[command(after_help = examples::EXPORT)]
    Export(Export),
    /// Live an exported life again; or give the inputs of a machine on a node to a new version.
    #[command(after_help = examples::REPLAY)]
    Replay(Replay),
    /// Explain a code of a message.
    #[command(after_help = examples::EXPLAIN)]
    Explain(Explain),
    /// Serve an editor over the standard input and output.
    #[command(after_help = examples::LSP)]
    Lsp,
    /// Print completions for a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(Completions),
    /// Print the manual page, or write all of them into a folder.
    #[command(after_help = examples::MAN)]
    Man(Man),
    /// Show everything on a node of its own: deploy, upgrade under load, refuse, kill, recover.
    #[command(after_help = examples::DEMO)]
    Demo,
    /// Be the daemon `cam-node`. Used by `demo`, which must not depend on where that is installed.
    #[command(hide = true, disable_help_flag = true, disable_version_flag = true)]
    Daemon(Daemon),
}

#[derive(Subcommand, Debug)]
pub(crate) enum KeyCommand {
    /// Make an ed25519 key pair; nobody but you may read the private file.
    #[command(after_help = examples::KEY_NEW)]
    New {
        /// Its name in the key folder.
        name: String,
    },
    /// Show all keys of the key folder.
    List,
    /// Print a public key.
    #[command(after_help = examples::KEY_SHOW)]
    Show {
        /// Its name in the key folder.
        name: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum NodeCommand {
    /// Name a node and pin its key, in `cam.toml`; outside of a project for all your projects.
    #[command(after_help = examples::NODE_ADD)]
    Add {
        /// What to call it.
        name: String,
        /// Where it listens.
        #[arg(long, value_name = "HOST:PORT")]
        url: NodeAddress,
        /// Its public key, which `cam-node key` prints on its own computer.
        #[arg(long, value_name = "KEY")]
        key: PublicKey,
    },
    /// Show the nodes that have a name.
    #[command(after_help = examples::NODE_LIST)]
    List,
    /// Forget a node.
    Forget {
        /// Its name.
        name: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Bundle {
    /// The version to start from, or `first` for a machine that starts from nothing.
    /// Left out, the history knows. Where the source says nothing of it, the released migrations of the versions
    /// between lead there.
    #[arg(long, value_name = "VERSION")]
    pub(crate) from: Option<From>,
    /// The name of the machine on the node, instead of its own in small letters.
    #[arg(long = "as", value_name = "MACHINE")]
    pub(crate) machine: Option<String>,
    /// Make it for this node only.
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
    /// Why, for the history of the machine.
    #[arg(
        short = 'm',
        long = "note",
        value_name = "NOTE",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) note: String,
    /// Bundle this version from the history again, instead of the source.
    #[arg(long, value_name = "VERSION")]
    pub(crate) release: Option<u32>,
    /// Take the place of the last bundle, which was never pushed.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Agree to lose this part of the old state, which the migration drops and the source does not say it drops.
    /// May be given several times.
    #[arg(long = "drop", value_name = "PATH")]
    pub(crate) drops: Vec<String>,
    /// Follow this bundle, which the node accepted last, instead of the one that the history notes.
    #[arg(long, value_name = "BUNDLE")]
    pub(crate) after: Option<BundleId>,
    /// Bundle the machine in this file, whatever compiled it; no project takes part.
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["from", "release", "after"], help_heading = "Without a project")]
    pub(crate) module: Option<PathBuf>,
    /// The bundle that the machine's node accepted last, and that this one follows.
    #[arg(long, value_name = "FILE", requires = "module", requires = "migration",
        conflicts_with_all = ["machine", "node"], help_heading = "Without a project")]
    pub(crate) follow: Option<PathBuf>,
    /// The module that leads from the machine of that bundle to this one.
    #[arg(
        long,
        value_name = "FILE",
        requires = "follow",
        help_heading = "Without a project"
    )]
    pub(crate) migration: Option<PathBuf>,
}

/// What a bundle starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum From {
    /// Nothing: the machine is new on its node.
    First,
    /// A released version.
    Version(u32),
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<From, String> {
        if text == "first" {
            return Ok(From::First);
        }
        let version = text.parse().map_err(|_| "expected a version, or `first`");
        Ok(From::Version(version?))
    }
}

/// Where a node listens: `host:port`, with or without `cam://`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NodeAddress(String);

impl NodeAddress {
    /// `host:port`
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<NodeAddress, String> {
        let address = text.strip_prefix("cam://").unwrap_or(text);
        let shape = "expected `host:port`, for example `10.0.0.7:4700`";
        let (host, port) = address.rsplit_once(':').ok_or(shape)?;
        // An address of version 6 without brackets would lose its last group to the port.
        let is_host = !host.is_empty() && (host.starts_with('[') || !host.contains(':'));
        match port.parse::<u16>() {
            Ok(port) if is_host && port > 0 => Ok(NodeAddress(address.to_owned())),
            _ => Err(shape.to_owned()),
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Sign {
    /// The bundle, which is written anew with the signature.
    pub(crate) file: PathBuf,
    /// The name of the key to sign with, instead of `$CAM_KEY`; may be left out if there is only one.
    #[arg(long, value_name = "NAME")]
    pub(crate) key: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The bundle, or a module (`.camb`) that stands alone.
    pub(crate) file: PathBuf,
}

/// How to speak to a node.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Speak {
    /// The name of the key to speak with, instead of `$CAM_KEY`; may be left out if there is only one.
    #[arg(long, value_name = "NAME")]
    pub(crate) key: Option<String>,
    /// How long to wait for the node, and for its answer: 5 and 60 seconds if left out.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
    /// How long to go on trying when a node is lost, as while it is replaced: 30 seconds if left out; 0: not at all.
    #[arg(long, value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(0..=PATIENCE_SECONDS_MAX))]
    pub(crate) patience: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Send {
    /// The node.
    pub(crate) node: String,
    /// The machine.
    pub(crate) machine: String,
    /// The input, in the language: `Incr`, `'Transfer { to: "savings", amount: 250 }'`.
    pub(crate) input: String,
    /// Send it so many times, one after the other.
    #[arg(long, value_name = "TIMES", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) repeat: u32,
    /// Ask again for an input whose outcome is not known: it is taken once, whether it was taken before or not.
    #[arg(long, value_name = "TICKET")]
    pub(crate) again: Option<Ticket>,
    /// Speak as a client of an older version, whose bytecode this is.
    #[arg(long, value_name = "FILE")]
    pub(crate) client: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct Query {
    /// The node.
    pub(crate) node: String,
    /// The machine.
    pub(crate) machine: String,
    /// The input, in the language.
    pub(crate) input: String,
    /// Speak as a client of an older version, whose bytecode this is.
    #[arg(long, value_name = "FILE")]
    pub(crate) client: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// The nodes; none for all that have a name.
    pub(crate) nodes: Vec<String>,
    #[command(flatten)]
    pub(crate) speak: Speak,
}

#[derive(Args, Debug)]
pub(crate) struct Daemon {
    /// End, as if killed, when the standard input does: whoever holds the other end of it is gone.
    #[arg(long)]
    pub(crate) tied: bool,
    /// What `cam-node` takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// The command in words that do not parse as a whole: `key new`, or `cam` if there is none.
pub(crate) fn meant_command(words: impl Iterator<Item = String>) -> String {
    const WITH_VALUE: [&str; 3] = ["-C", "--project", "--keys"];
    let mut meant = Vec::new();
    let mut level = Arguments::command();
    let mut is_value = false;
    for word in words {
        let skipped = is_value || word.starts_with('-');
        is_value = !is_value && WITH_VALUE.contains(&word.as_str());
        if skipped {
            continue;
        }
        let Some(found) = level.find_subcommand(&word).cloned() else {
            break;
        };
        meant.push(word);
        level = found;
    }
    if meant.is_empty() {
        return "cam".to_owned();
    }
    meant.join(" ")
}

impl Command {
    /// Whether problems of a source are shown on one line each.
    pub(crate) fn is_short(&self) -> bool {
        match self {
            Command::Check(messages) | Command::Build(messages) => messages.short,
            Command::Test(test) => test.messages.short,
            Command::Simulate(simulate) => simulate.messages.short,
            Command::Diff(diff) => diff.messages.short,
            _ => false,
        }
    }

    /// What the user typed for it, for the JSON object.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Command::New(_) => "new",
            Command::Check(_) => "check",
            Command::Fmt(_) => "fmt",
            Command::Test(_) => "test",
            Command::Simulate(_) => "simulate",
            Command::Diff(_) => "diff",
            Command::Build(_) => "build",
            Command::Key(KeyCommand::New { .. }) => "key new",
            Command::Key(KeyCommand::List) => "key list",
            Command::Key(KeyCommand::Show { .. }) => "key show",
            Command::Node(NodeCommand::Add { .. }) => "node add",
            Command::Node(NodeCommand::List) => "node list",
            Command::Node(NodeCommand::Forget { .. }) => "node forget",
            Command::Bundle(_) => "bundle",
            Command::Sign(_) => "sign",
            Command::Verify(_) => "verify",
            Command::Disasm(_) => "disasm",
            Command::Asm(_) => "asm",
            Command::Push(_) => "push",
            Command::Send(_) => "send",
            Command::Query(_) => "query",
            Command::Status(_) => "status",
            Command::Shadow(_) => "shadow",
            Command::Trial(_) => "trial",
            Command::Rollback(_) => "rollback",
            Command::Retire(_) => "retire",
            Command::History(_) => "history",
            Command::State(_) => "state",
            Command::Tail(_) => "tail",
            Command::Export(_) => "export",
            Command::Replay(_) => "replay",
            Command::Explain(_) => "explain",
            Command::Completions(_) => "completions",
            Command::Run(_) => "run",
            Command::Watch(_) => "watch",
            Command::Graph(_) => "graph",
            Command::Cost(_) => "cost",
            Command::Doc(_) => "doc",
            Command::Man(_) => "man",
            Command::Lsp => "lsp",
            Command::Demo => "demo",
            Command::Daemon(_) => "daemon",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_that_is_shown_teaches_with_examples() {
        for command in Arguments::command().get_subcommands() {
            let taught = command.get_after_help().is_some();
            assert!(taught || command.is_hide_set(), "{}", command.get_name());
        }
    }

    #[test]
    fn a_misuse_is_of_the_command_that_was_meant() {
        let table = [
            ("push --json", "push"),
            ("-C new key new", "key new"),
            ("--json --keys=x key nwe", "key"),
            ("nothing new", "cam"),
            ("", "cam"),
        ];
        for (line, expected) in table {
            let words = line.split_whitespace().map(str::to_owned);
            assert_eq!(meant_command(words), expected, "{line}");
        }
    }

    #[test]
    fn an_address_needs_a_host_and_a_port() {
        for right in ["10.0.0.7:4700", "cam://hall.example:1", "[::1]:4700"] {
            assert!(right.parse::<NodeAddress>().is_ok(), "{right}");
        }
        for wrong in [
            "hall",
            ":4700",
            "hall:",
            "hall:0",
            "hall:70000",
            "::1:4700",
            "cam://",
        ] {
            assert!(wrong.parse::<NodeAddress>().is_err(), "{wrong}");
        }
    }
}
