//! Nodes as processes of their own, with a project whose machine they run.

#![allow(dead_code)] // each test file uses a part of it

pub(crate) mod relay;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

pub(crate) const FIRST: &str = "machine Tally version 1 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int }
  init   { total: 0 }
  on Add(n) => { set total = total + n   Ok }
  on Read => Sum(total)
}
";

/// A project, a key, and nodes that trust it. They run nothing yet.
pub(crate) struct Fleet {
    folder: tempfile::TempDir,
    pub(crate) nodes: Vec<Child>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}

impl Fleet {
    /// Nodes of these names; all of them are the group `all`.
    pub(crate) fn of(names: &[&str]) -> Fleet {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("tally/src")).unwrap();
        let cam_toml = format!("[package]\nname = \"tally\"\n\n[group]\nall = {names:?}\n");
        fs::write(folder.path().join("tally/cam.toml"), cam_toml).unwrap();
        let mut fleet = Fleet {
            folder,
            nodes: Vec::new(),
        };
        fleet.release(FIRST, &["key", "new", "ops"]);
        for name in names {
            fleet.start(name);
        }
        fleet
    }

    /// The public key of who pushes.
    pub(crate) fn key(&self) -> String {
        self.said(&["key", "show", "ops"]).trim().to_owned()
    }

    pub(crate) fn project(&self) -> std::path::PathBuf {
        self.folder.path().join("tally")
    }

    /// Writes the source down, and runs a command.
    pub(crate) fn release(&self, source: &str, command: &[&str]) {
        fs::write(self.project().join("src/tally.cam"), source).unwrap();
        self.said(command);
    }

    pub(crate) fn bundled(&self, name: &str) {
        self.said(&["bundle"]);
        self.said(&["sign", &format!("out/{name}.bundle")]);
    }

    fn start(&mut self, name: &str) {
        let data = self.folder.path().join(name);
        let trust = |name: &str, key: &str| format!("{name}={key}=author,operator,client");
        let (ops, relay) = (trust("ops", &self.key()), trust("relay", &relay::key()));
        let trust = ["--trust", &ops, "--trust", &relay];
        self.said(&[&["daemon", "init", path(&data)], &trust[..]].concat());
        let config = data.join("node.toml");
        let mut node = self
            .cam(&["daemon", "serve", "--config", path(&config)])
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut stdout = BufReader::new(node.stdout.take().unwrap());
        stdout.read_line(&mut ready).unwrap();
        self.nodes.push(node);
        let words: Vec<&str> = ready.split_whitespace().collect();
        let ["listening", address, "key", public] = words[..] else {
            panic!("{ready}")
        };
        self.said(&["node", "add", name, "--url", address, "--key", public]);
    }

    pub(crate) fn cam(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cam"));
        command
            .current_dir(self.project())
            .args(arguments)
            .env("HOME", self.folder.path())
            .env("CAM_KEY", "ops")
            .env("NO_COLOR", "1");
        command
    }

    /// What a command that succeeds prints.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        let output = self.cam(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.cam(arguments).arg("--json").output().unwrap();
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        let exit = output.status.code().map(i64::from);
        assert_eq!(object["exit"].as_i64(), exit, "{object}");
        object
    }

    /// Waits until the node's program is on trial, unless the rollout has ended, and sends it an input.
    pub(crate) fn try_out(&self, node: &str, input: &str, rollout: &mut Child) {
        while !self.said(&["trial", node]).contains("on trial since") {
            assert!(
                rollout.try_wait().unwrap().is_none(),
                "{node} was not reached"
            );
        }
        // What stops is answered with a failure.
        self.cam(&["send", node, "tally", input]).output().unwrap();
    }

    pub(crate) fn version(&self, node: &str) -> i64 {
        let status = self.json(&["status", node]);
        let version = &status["nodes"][0]["machines"][0]["version"];
        version.as_i64().unwrap_or_else(|| panic!("{status}"))
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Each node of a rollout with its result, in order.
pub(crate) fn results(rollout: &Value) -> Vec<(&str, &str)> {
    let nodes = rollout["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| {
            (
                node["node"].as_str().unwrap(),
                node["result"].as_str().unwrap(),
            )
        })
        .collect()
}
