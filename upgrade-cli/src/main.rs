//! The command `cam`: parse, dispatch, exit code.

mod arguments;
mod bundle_file;
mod command;
mod demo;
mod environment;
mod examples;
mod exit;
mod failure;
mod file_kind;
mod interface;
mod interrupt;
mod keys;
mod lsp;
mod module_file;
mod moment;
mod nodes;
mod project;
mod refused;
mod report;
mod session;
mod ticket;
mod verdict;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use arguments::{Arguments, Command};
use clap::Parser;
use command::Context;
use environment::Environment;
use exit::Exit;
use failure::Style;
use report::Console;

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misuse(started, &error),
    };
    if let Command::Daemon(daemon) = arguments.command {
        if daemon.tied {
            demo::process::end_with_parent();
        }
        let name = [env::args_os().next().unwrap_or_default()];
        return node::daemon::main(name.into_iter().chain(daemon.arguments));
    }
    if let Command::Lsp = arguments.command {
        // Its standard output belongs to the protocol: no report is printed.
        return ExitCode::from(lsp::serve().code());
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| run(started, &arguments)));
    let exit = outcome.unwrap_or_else(|_| {
        // The hook has printed where.
        eprintln!("this is a bug in `cam`: please report it with what is printed above");
        Exit::Bug
    });
    ExitCode::from(exit.code())
}

fn run(started: Instant, arguments: &Arguments) -> Exit {
    let environment = Environment::read();
    let global = &arguments.global;
    let console = Console {
        json: global.json,
        quiet: global.quiet,
        style: Style {
            colour: environment.colour,
            short: arguments.command.is_short(),
        },
    };
    let context = Context::new(console, environment, global);
    let outcome = command::run(&context, &arguments.command);
    console.finish(arguments.command.name(), started, outcome)
}

/// `--help` and `--version` are answers; everything else that does not parse is misuse.
fn misuse(started: Instant, error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody is left to tell if that fails.
        let _ = error.print();
        return ExitCode::from(Exit::Done.code());
    }
    report::say_misuse(&error.render(), Environment::read().colour);
    if env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let sentence = text.split("\n\n").next().unwrap_or_default();
        let words: Vec<_> = sentence.split_whitespace().collect();
        let sentence = words.join(" ");
        let sentence = sentence.strip_prefix("error: ").unwrap_or(&sentence);
        report::print_misuse(
            &arguments::meant_command(env::args().skip(1)),
            started,
            sentence,
        );
    }
    ExitCode::from(Exit::Usage.code())
}
