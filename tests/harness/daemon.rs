//! The daemon as a process that the tests of this package can start: the same `main` as `cam-node`'s.
use std::process::ExitCode;

fn main() -> ExitCode {
    node::daemon::main(std::env::args_os())
}
