//! Complaint 13 of the specification's table: in a fleet of which one fails, everybody is told what is true of each.

#![allow(clippy::unwrap_used, clippy::panic)] // all of it is test; the exemption sees `#[test]` only

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const NODES: [&str; 5] = ["a", "b", "c", "d", "e"];

const FIRST: &str = "machine Tally version 1 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int }
  init   { total: 0 }
  on Add(n) => { set total = total + n   Ok }
  on Read => Sum(total)
}
";

/// It stops on 13, and has a way back.
const SECOND: &str = "machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, times: Int }
  init   { total: 0, times: 0 }
  on Add(n) => { set total = total + n + 0 / (n - 13)   set times = times + 1   Ok }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total, times: 0 }
  migrate back lossy to 1 { total, times: _ } => { total: total }
  accept from 1
  reply to 1
}
";

/// A project, a key, and five nodes that run its first version.
struct Fleet {
    folder: tempfile::TempDir,
    nodes: Vec<Child>,
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
    fn new() -> Fleet {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("tally/src")).unwrap();
        let cam_toml =
            "[package]\nname = \"tally\"\n\n[group]\nall = [\"a\", \"b\", \"c\", \"d\", \"e\"]\n";
        fs::write(folder.path().join("tally/cam.toml"), cam_toml).unwrap();
        let mut fleet = Fleet {
            folder,
            nodes: Vec::new(),
        };
        fleet.release(FIRST, &["key", "new", "ops"]);
        let key = fleet.said(&["key", "show", "ops"]).trim().to_owned();
        for name in NODES {
            fleet.start(name, &key);
        }
        fleet.bundled("tally@1");
        let pushed = fleet.json(&["push", "out/tally@1.bundle", "--to", "all"]);
        assert_eq!(pushed["exit"], 0, "{pushed}");
        fleet
    }

    fn project(&self) -> std::path::PathBuf {
        self.folder.path().join("tally")
    }

    /// Writes the source down, and runs a command.
    fn release(&self, source: &str, command: &[&str]) {
        fs::write(self.project().join("src/tally.cam"), source).unwrap();
        self.said(command);
    }

    fn bundled(&self, name: &str) {
        self.said(&["bundle"]);
        self.said(&["sign", &format!("out/{name}.bundle")]);
    }

    fn start(&mut self, name: &str, key: &str) {
        let data = self.folder.path().join(name);
        let trust = format!("ops={key}=author,operator,client");
        self.said(&["daemon", "init", path(&data), "--trust", &trust]);
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

    fn cam(&self, arguments: &[&str]) -> Command {
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
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.cam(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.cam(arguments).arg("--json").output().unwrap();
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        let exit = output.status.code().map(i64::from);
        assert_eq!(object["exit"].as_i64(), exit, "{object}");
        object
    }

    /// Waits until the node's program is on trial, unless the rollout has ended, and sends it an input.
    fn try_out(&self, node: &str, input: &str, rollout: &mut Child) {
        while !self.said(&["trial", node]).contains("on trial since") {
            assert!(
                rollout.try_wait().unwrap().is_none(),
                "{node} was not reached"
            );
        }
        // What stops is answered with a failure.
        self.cam(&["send", node, "tally", input]).output().unwrap();
    }

    fn version(&self, node: &str) -> i64 {
        let status = self.json(&["status", node]);
        let version = &status["nodes"][0]["machines"][0]["version"];
        version.as_i64().unwrap_or_else(|| panic!("{status}"))
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Each node of a rollout with its result, in order.
fn results(rollout: &Value) -> Vec<(&str, &str)> {
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

#[test]
fn complaint_13_of_a_fleet_in_which_one_fails_each_node_is_told_of_and_the_others_go_back() {
    let fleet = Fleet::new();
    fleet.release(SECOND, &["check"]);
    fleet.bundled("tally@1..2");
    let mut rollout = fleet
        .cam(&["push", "out/tally@1..2.bundle", "--to", "all", "--json"])
        .args(["--wave", "1,1,1,rest", "--trial-steps", "1", "--gate", "5m"])
        .args(["--on-failure", "return"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    fleet.try_out("a", "Add(1)", &mut rollout);
    fleet.try_out("b", "Add(1)", &mut rollout);
    fleet.try_out("c", "Add(13)", &mut rollout);
    let output = rollout.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(7), "{told}");
    let expected = [
        ("a", "rolled-back"),
        ("b", "rolled-back"),
        ("c", "went-back"),
        ("d", "not-pushed"),
        ("e", "not-pushed"),
    ];
    assert_eq!(results(&told), expected, "{told}");
    for node in NODES {
        assert_eq!(fleet.version(node), 1, "{node}");
    }
    // What was written meanwhile is there.
    assert_eq!(
        fleet.said(&["query", "a", "tally", "Read"]).trim(),
        "Sum(1)"
    );
}

#[test]
fn complaint_13_a_node_that_is_not_there_is_named_and_the_others_are_served_if_that_is_wanted() {
    let mut fleet = Fleet::new();
    fleet.release(SECOND, &["check"]);
    fleet.bundled("tally@1..2");
    let mut lost = fleet.nodes.remove(2);
    lost.kill().unwrap();
    lost.wait().unwrap();
    let push = [
        "push",
        "out/tally@1..2.bundle",
        "--to",
        "all",
        "--timeout",
        "5",
    ];
    let careful = fleet.json(&push);
    assert_ne!(careful["exit"], 0, "{careful}");
    let expected = NODES.map(|node| match node {
        "c" => (node, "unreachable"),
        _ => (node, "not-pushed"),
    });
    assert_eq!(results(&careful), expected, "{careful}");
    let bold = fleet.json(&[&push[..], &["--keep-going"]].concat());
    assert_eq!(bold["exit"], 8, "{bold}");
    for (node, result) in results(&bold) {
        let expected = if node == "c" {
            "unreachable"
        } else {
            "applied"
        };
        assert_eq!(result, expected, "{node}");
    }
}
