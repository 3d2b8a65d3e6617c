//! Plays a transcript: runs its commands in a folder of their own and writes down what they say.

pub(crate) mod document;
mod normal;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use document::{Exchange, Part};
use normal::Normal;
use tempfile::TempDir;

/// What stands before a line of the standard error output.
const TALK: &str = "2> ";

/// The folder, the environment and the nodes of one transcript.
pub(crate) struct Transcript {
    here: PathBuf,
    environment: BTreeMap<String, String>,
    normal: Normal,
    /// Before the folder: they are gone before their data is.
    nodes: Vec<Node>,
    _folder: TempDir,
}

/// A node in the background, killed when the transcript ends.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        // It has ended already in some transcripts.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The projects and programs that users copy.
fn examples() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::canonicalize(package.join("../examples")).unwrap()
}

impl Transcript {
    /// An empty folder, in which `cam` and `cam-node` can be run.
    pub(crate) fn new() -> Transcript {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let cam = env!("CARGO_BIN_EXE_cam");
        for (name, arguments) in [("cam", ""), ("cam-node", "daemon")] {
            let script = format!("#!/bin/sh\nexec '{cam}' {arguments} \"$@\"\n");
            let path = bin.join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let here = folder.path().join("here");
        fs::create_dir(&here).unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let environment = [
            ("HOME", root.join("home").display().to_string()),
            ("PATH", format!("{}:/usr/bin:/bin", bin.display())),
            ("NO_COLOR", "1".to_owned()),
            ("EXAMPLES", examples().display().to_string()),
        ];
        Transcript {
            here,
            environment: environment
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            normal: Normal::new(&root.display().to_string()),
            nodes: Vec::new(),
            _folder: folder,
        }
    }

    /// Runs all of it, and gives the document as it should read.
    pub(crate) fn play(mut self, document: &[Part]) -> String {
        let mut text = String::new();
        for part in document {
            match part {
                Part::Prose(lines) => text.push_str(lines),
                Part::File { path, fence, body } => {
                    let path = self.here.join(path);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, body).unwrap();
                    text.push_str(&format!("{fence}\n{body}```\n"));
                }
                Part::Console(exchanges) => {
                    text.push_str("```console\n");
                    for exchange in exchanges {
                        text.push_str(&self.exchange(exchange));
                    }
                    text.push_str("```\n");
                }
            }
        }
        text
    }

    fn exchange(&mut self, exchange: &Exchange) -> String {
        let command = &exchange.command;
        let said = if let Some(folder) = command.strip_prefix("cd ") {
            self.here = self.here.join(folder);
            assert!(self.here.is_dir(), "{command}");
            String::new()
        } else if let Some(pair) = command.strip_prefix("export ") {
            let (name, value) = pair.split_once('=').unwrap();
            self.environment.insert(name.to_owned(), value.to_owned());
            String::new()
        } else if let Some(command) = command.strip_suffix(" &") {
            self.start(command)
        } else {
            self.run(command)
        };
        format!("$ {command}\n{}", self.normal.text(&said))
    }

    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", command])
            .current_dir(&self.here)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null());
        shell
    }

    fn run(&self, command: &str) -> String {
        let output = self.shell(command).output().unwrap();
        let mut text = String::from_utf8(output.stdout).unwrap();
        for line in String::from_utf8(output.stderr).unwrap().lines() {
            text.push_str(format!("{TALK}{line}").trim_end());
            text.push('\n');
        }
        match output.status.code() {
            Some(0) => {}
            Some(code) => text.push_str(&format!("[exit {code}]\n")),
            None => text.push_str("[killed]\n"),
        }
        text
    }

    /// Starts a node, waits for the line that says that it is ready, and exports `ADDRESS` and `KEY`.
    fn start(&mut self, command: &str) -> String {
        let mut child = self
            .shell(&format!("exec {command}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        self.nodes.push(Node(child));
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        let ["listening", address, "key", key] = words[..] else {
            panic!("{command}: {line}");
        };
        for (name, value) in [("ADDRESS", address), ("KEY", key)] {
            self.environment.insert(name.to_owned(), value.to_owned());
        }
        line
    }
}
