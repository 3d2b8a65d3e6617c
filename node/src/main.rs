//! The command `cam-node`.
fn main() -> std::process::ExitCode {
    node::daemon::main(std::env::args_os())
}
