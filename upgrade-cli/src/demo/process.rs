//! The node of the demo: a process of its own, which never outlives the demo.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use super::failure::DemoError;

/// A node that runs.
#[derive(Debug)]
pub(crate) struct NodeProcess {
    /// Its standard input is a pipe that we hold: it ends when we do, however we end.
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
    /// Its public key.
    pub(crate) key: String,
}

impl NodeProcess {
    /// Starts a node and waits for the line that says that it is ready.
    pub(crate) fn start(program: &Path, config: &Path) -> Result<NodeProcess, DemoError> {
        let arguments = [
            "daemon",
            "--tied",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--config",
        ];
        let mut child = Command::new(program)
            .args(arguments.map(OsStr::new))
            .arg(config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| DemoError::Run {
                command: "cam-node serve".to_owned(),
                source,
            })?;
        let stdout = child.stdout.take().expect("it was asked for");
        let mut node = NodeProcess {
            child,
            address: String::new(),
            key: String::new(),
        };
        let mut line = String::new();
        // A node that ends instead closes its output: the line is then empty.
        let read = BufReader::new(stdout).read_line(&mut line);
        let words: Vec<_> = line.split_whitespace().collect();
        match (read, &words[..]) {
            (Ok(_), ["listening", address, "key", key]) => {
                node.address = (*address).to_owned();
                node.key = (*key).to_owned();
                Ok(node)
            }
            _ => Err(DemoError::NotReady {
                line: line.trim_end().to_owned(),
            }),
        }
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it with SIGKILL and waits for its end.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // It has been killed already, or it is now.
        let _ = self.kill();
    }
}

/// Ends this process as soon as its standard input does. A demo that is killed cannot kill its node;
/// the system closes its end of the pipe.
pub(crate) fn end_with_parent() {
    thread::spawn(|| {
        let mut ignored = [0; 64];
        let mut input = io::stdin().lock();
        while matches!(input.read(&mut ignored), Ok(1..)) {}
        std::process::exit(0);
    });
}
