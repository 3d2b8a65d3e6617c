//! The stage of the demo: a folder of its own, commands run in it, and the transcript of them.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::failure::DemoError;
use super::process::NodeProcess;
use crate::exit::Exit;
use crate::interrupt;
use crate::keys::{Keys, KeysError, NamedKey};
use crate::nodes::NamedNode;
use crate::project::files;
use crate::report::Console;

/// The name of the project.
pub(super) const PROJECT: &str = "counter";

/// The key that writes bundles and delivers them.
pub(super) const OPERATOR: &str = "ops";

/// The key of the second client.
pub(super) const CLIENT: &str = "phone";

/// The name of the node.
pub(super) const NODE: &str = "hall";

/// What the steps share.
#[derive(Debug)]
pub(super) struct Stage {
    console: Console,
    program: PathBuf,
    /// Where the commands of the step are run.
    here: PathBuf,
    steps: Vec<Value>,
    measured: Map<String, Value>,
    /// Before the folder, so that the node is gone when its data goes.
    pub(super) node: Option<NodeProcess>,
    /// The digests of versions 1 and 2.
    pub(super) programs: Vec<String>,
    /// How often the machine has counted.
    pub(super) count: u64,
    folder: TempDir,
}

/// What a command said.
#[derive(Clone, Debug)]
pub(super) struct Said {
    command: String,
    output: String,
}

impl Stage {
    /// An empty folder.
    pub(super) fn set_up(console: Console) -> Result<Stage, DemoError> {
        let folder = TempDir::with_prefix("cam-demo-").map_err(DemoError::Folder)?;
        Ok(Stage {
            console,
            program: env::current_exe().map_err(DemoError::Folder)?,
            here: folder.path().to_owned(),
            steps: Vec::new(),
            measured: Map::new(),
            node: None,
            programs: Vec::new(),
            count: 0,
            folder,
        })
    }

    /// Begins a step.
    pub(super) fn begin(&mut self, number: usize, title: &str) {
        self.console.say(&format!("\n{number}. {title}\n"));
        self.steps
            .push(json!({"number": number, "title": title, "commands": []}));
    }

    /// A sentence for the reader.
    pub(super) fn tell(&self, sentence: &str) {
        self.console.say(&format!("   {sentence}"));
    }

    /// The transcript as data.
    pub(super) fn into_steps(self) -> Vec<Value> {
        self.steps
    }

    /// A number worth keeping.
    pub(super) fn measure(&mut self, name: &str, value: impl Into<Value>) {
        self.measured.insert(name.to_owned(), value.into());
    }

    /// The numbers that were kept.
    pub(super) fn measured(&self) -> Map<String, Value> {
        self.measured.clone()
    }

    /// A path in the folder of the demo.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Goes to a folder, as `cd` does.
    pub(super) fn go(&mut self, name: &str) {
        self.here = self.path(name);
    }

    /// Writes a file of a project.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), DemoError> {
        Ok(files::write(&self.path(name), text.as_bytes())?)
    }

    /// Runs `cam` and expects its end and all of `says`, each within one line.
    pub(super) fn cam(
        &mut self,
        arguments: &[&str],
        exit: Exit,
        says: &[&str],
    ) -> Result<Said, DemoError> {
        self.run("cam", arguments, exit, says)
    }

    /// Runs `cam-node`, which is in this program too.
    pub(super) fn cam_node(&mut self, arguments: &[&str]) -> Result<Said, DemoError> {
        self.run("cam-node", arguments, Exit::Done, &[])
    }

    fn run(
        &mut self,
        program: &str,
        arguments: &[&str],
        exit: Exit,
        says: &[&str],
    ) -> Result<Said, DemoError> {
        if interrupt::is_interrupted() {
            return Err(DemoError::Interrupted);
        }
        let words = arguments.iter().map(|word| quoted(word));
        let command = format!("{program} {}", words.collect::<Vec<_>>().join(" "));
        self.console.say(&format!("   $ {command}"));
        let output = self
            .process(program, arguments)
            .output()
            .map_err(|source| DemoError::Run {
                command: command.clone(),
                source,
            })?;
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        );
        let all = format!("{stdout}{stderr}");
        all.lines().for_each(|line| {
            self.console.say(&format!("     {line}"));
        });
        let found = output.status.code();
        let done = json!({"command": command, "exit": found, "stdout": stdout, "stderr": stderr});
        self.note(done);
        let said = Said {
            command,
            output: all,
        };
        if found != Some(i32::from(exit.code())) {
            return Err(DemoError::Ended {
                command: said.command,
                found: output.status.to_string(),
                expected: exit.code(),
                output: said.output,
            });
        }
        says.iter().try_for_each(|expected| said.expect(expected))?;
        Ok(said)
    }

    fn process(&self, program: &str, arguments: &[&str]) -> Command {
        let mut process = Command::new(&self.program);
        if program == "cam-node" {
            process.arg("daemon");
        } else {
            process.arg("--quiet");
        }
        process
            .args(arguments)
            .current_dir(&self.here)
            .env("CAM_KEYS", self.keys_folder())
            .env("CAM_KEY", OPERATOR)
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env_remove("CLICOLOR_FORCE");
        process
    }

    fn note(&mut self, command: Value) {
        let step = self
            .steps
            .last_mut()
            .and_then(|step| step.get_mut("commands"));
        if let Some(Value::Array(commands)) = step {
            commands.push(command);
        }
    }

    fn keys_folder(&self) -> PathBuf {
        self.path("keys")
    }

    /// A key of the demo.
    pub(super) fn key(&self, name: &str) -> Result<NamedKey, KeysError> {
        Keys::at(self.keys_folder()).get(name)
    }

    /// Starts the node, or starts it again.
    pub(super) fn start_node(&mut self) -> Result<(), DemoError> {
        let config = self.path(NODE).join("node.toml");
        self.console
            .say("   $ cam-node serve --config ../hall/node.toml --listen 127.0.0.1:0 &");
        let node = NodeProcess::start(&self.program, &config)?;
        let line = format!("     listening {} key {}", node.address, node.key);
        self.console.say(&line);
        self.node = Some(node);
        Ok(())
    }

    /// The node, as the second client knows it.
    pub(super) fn named_node(&self) -> Result<NamedNode, DemoError> {
        let away = || DemoError::Otherwise("the node does not run".to_owned());
        let node = self.node.as_ref().ok_or_else(away)?;
        let address = node.address.parse().map_err(DemoError::Otherwise)?;
        let key = node.key.parse();
        let key = key.map_err(|error| DemoError::Otherwise(format!("its key: {error}")))?;
        Ok(NamedNode {
            name: NODE.to_owned(),
            address,
            key,
            file: PathBuf::from("the demo"),
        })
    }

    /// Copies a folder of small files, as `cp -r` and `git clone` do.
    pub(super) fn copy(&self, from: &str, to: &str, names: &[&str]) -> Result<(), DemoError> {
        let contents: Result<BTreeMap<&str, Vec<u8>>, _> = names
            .iter()
            .map(|name| Ok((*name, files::read(&self.path(from).join(name))?)))
            .collect();
        for (name, bytes) in contents.map_err(DemoError::File)? {
            files::write(&self.path(to).join(name), &bytes)?;
        }
        Ok(())
    }
}

impl Said {
    /// Expects `text` within one line of what was said.
    pub(super) fn expect(&self, text: &str) -> Result<(), DemoError> {
        if self.output.lines().any(|line| line.contains(text)) {
            return Ok(());
        }
        Err(DemoError::Unsaid {
            command: self.command.clone(),
            expected: text.to_owned(),
            output: self.output.clone(),
        })
    }

    /// The first word that begins so.
    pub(super) fn word(&self, beginning: &str) -> Result<&str, DemoError> {
        let first = self.words(beginning).into_iter().next();
        first.ok_or_else(|| DemoError::Unsaid {
            command: self.command.clone(),
            expected: beginning.to_owned(),
            output: self.output.clone(),
        })
    }

    /// All words that begin so.
    pub(super) fn words(&self, beginning: &str) -> Vec<&str> {
        let words = self.output.split_whitespace();
        words.filter(|word| word.starts_with(beginning)).collect()
    }

    /// All of it.
    pub(super) fn output(&self) -> &str {
        &self.output
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./@=:,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
