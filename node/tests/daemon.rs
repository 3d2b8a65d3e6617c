//! The daemon as a process: arguments, files, signals, exit codes.

#![allow(clippy::unwrap_used, clippy::panic)] // all of it is test; the exemption sees `#[test]` only

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use node::{
    client::{Client, Timeouts},
    key::{PublicKey, SecretKey},
    protocol::{Request, Response},
};

fn daemon(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cam-node"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    daemon(arguments).output().unwrap()
}

fn client_key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

/// A node folder that trusts one client.
struct Folder {
    parent: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = Self {
            parent: tempfile::tempdir().unwrap(),
        };
        let trust = format!("ops={}=client,operator", client_key().public());
        let path = folder.path("");
        let output = run(&["init", path.to_str().unwrap(), "--trust", &trust]);
        assert!(output.status.success(), "{output:?}");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.parent.path().join("hall").join(name)
    }

    fn config(&self) -> String {
        self.path("node.toml").to_str().unwrap().to_owned()
    }

    /// What the last node that was served here has logged.
    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    fn serve(&self) -> Running {
        let mut child = daemon(&[
            "serve",
            "--config",
            &self.config(),
            "--listen",
            "127.0.0.1:0",
        ])
        .stdout(Stdio::piped())
        .stderr(fs::File::create(self.path("log")).unwrap())
        .spawn()
        .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        let [listening, address, key, node] = words[..] else {
            panic!("`{line}`");
        };
        assert_eq!((listening, key), ("listening", "key"));
        Running {
            address: address.to_owned(),
            node: node.parse().unwrap(),
            child,
        }
    }
}

/// A node in a process of its own, killed when the test is over.
struct Running {
    address: String,
    node: PublicKey,
    child: Child,
}

impl Running {
    fn status(&self) -> Response {
        self.ask(&Request::Status { machine: None })
    }

    fn ask(&self, request: &Request) -> Response {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let timeouts = Timeouts::default();
            let client = Client::connect(&self.address, &client_key(), self.node, timeouts)
                .await
                .unwrap();
            let response = client.request(request).await.unwrap();
            client.close().await;
            response
        })
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_node_is_made_served_and_stopped() {
    let folder = Folder::new();
    for signal in ["-TERM", "-INT"] {
        let mut running = folder.serve();
        match running.status() {
            Response::Status(status) => {
                assert_eq!(&status.node_key, running.node.as_bytes());
                assert!(status.machines.is_empty());
            }
            other => panic!("{other:?}"),
        }
        running.signal(signal);
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

#[test]
fn a_refused_push_and_the_stop_are_in_the_log() {
    let folder = Folder::new();
    let mut running = folder.serve();
    let bundle = b"not a bundle".to_vec();
    let response = running.ask(&Request::Push { bundle });
    assert!(matches!(response, Response::Refused(_)), "{response:?}");
    running.signal("-TERM");
    running.child.wait().unwrap();
    let log = folder.log();
    for line in [
        "opened the store machines=0",
        "refused a bundle pushed by ops: 103 malformed-bundle: ",
        "stopping: SIGTERM",
        "stopped",
    ] {
        assert!(log.contains(line), "`{line}` in {log}");
    }
}

#[test]
fn a_killed_node_starts_again_with_the_same_key() {
    let folder = Folder::new();
    let mut running = folder.serve();
    let key = running.node;
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    let running = folder.serve();
    assert_eq!(running.node, key);
    assert!(matches!(running.status(), Response::Status(_)));
}

/// What is wrong is found before the process that serves is told anything.
#[test]
fn a_process_that_cannot_take_over_leaves_the_other_one_alone() {
    let folder = Folder::new();
    let running = folder.serve();
    let config = folder.config();
    let take_over = |listen: &str| {
        run(&[
            "serve",
            "--config",
            &config,
            "--listen",
            listen,
            "--take-over",
        ])
    };
    let store = fs::read_to_string(folder.path("data/store-format")).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path(name), text).unwrap();
    let refused = |output: Output, words: &str| {
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains(words), "`{words}` in {said}");
        assert!(!said.contains("told process"), "{said}");
        assert!(matches!(running.status(), Response::Status(_)));
    };
    let here = "127.0.0.1:0";
    write("data/store-format", "4000000\n");
    refused(
        take_over(here),
        "the store is of format 4000000, this node knows formats up to",
    );
    write("data/store-format", &store);
    refused(
        take_over("192.0.2.1:4700"),
        "cannot listen on 192.0.2.1:4700",
    );
    write("bad-trust.toml", "author_threshold = ");
    let bad = fs::read_to_string(&config).unwrap();
    write(
        "bad.toml",
        &bad.replace("\"trust.toml\"", "\"bad-trust.toml\""),
    );
    let bad = folder.path("bad.toml");
    let bad = ["serve", "--config", bad.to_str().unwrap(), "--take-over"];
    refused(run(&bad), "bad-trust.toml");
}

#[test]
fn a_process_that_comes_to_nothing_after_all_says_how_to_start_the_one_before() {
    let folder = Folder::new();
    let mut running = folder.serve();
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let config = folder.config();
    let output = run(&[
        "serve",
        "--config",
        &config,
        "--listen",
        &listen,
        "--take-over",
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    let said = text(&output.stderr);
    for words in [
        format!("told process {} to stop", running.child.id()),
        format!(
            "process {} has stopped, and this one cannot take its place",
            running.child.id()
        ),
        format!("because: cannot listen on {listen}"),
        "start the one before again:".to_owned(),
        format!("serve --config {config} --listen 127.0.0.1:0"),
    ] {
        assert!(said.contains(&words), "`{words}` in {said}");
    }
    // As it says.
    let running = folder.serve();
    assert!(matches!(running.status(), Response::Status(_)));
}

#[test]
fn two_nodes_do_not_share_a_store() {
    let folder = Folder::new();
    let running = folder.serve();
    let second = run(&[
        "serve",
        "--config",
        &folder.config(),
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second.stderr).contains("in use by another process"),
        "{second:?}"
    );
    assert!(matches!(running.status(), Response::Status(_)));
}

#[test]
fn the_key_of_a_node_is_the_one_that_init_printed() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("hall");
    let made = run(&["init", folder.to_str().unwrap()]);
    let config = folder.join("node.toml");
    let key = run(&["key", "--config", config.to_str().unwrap()]);
    assert_eq!(text(&made.stdout), format!("key {}", text(&key.stdout)));
    text(&key.stdout).trim().parse::<PublicKey>().unwrap();
}

#[test]
fn trust_check_shows_who_may_do_what() {
    let folder = Folder::new();
    let output = run(&["trust", "check", "--config", &folder.config()]);
    let expected = format!(
        "ops {} client,operator machines all\nauthor_threshold 1\n",
        client_key().public()
    );
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_broken_trust_file_is_explained_once() {
    let folder = Folder::new();
    append(&folder.path("trust.toml"), "[[key]\n");
    let output = run(&["trust", "check", "--config", &folder.config()]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert_eq!(error.matches("TOML parse error").count(), 1, "{error}");
    assert!(error.contains("trust.toml"), "{error}");
}

/// Makes a folder of a node unusable.
type Break = fn(&Folder);

#[test]
fn a_node_that_cannot_run_says_why_and_ends_with_1() {
    let breaks: [(&str, Break); 9] = [
        ("No such file", |folder| {
            fs::remove_file(folder.path("node.toml")).unwrap()
        }),
        ("unknown field `x`", |folder| {
            append(&folder.path("node.toml"), "x = 1\n")
        }),
        ("has mode 0644, expected 0600", |folder| {
            mode(&folder.path("node.key"), 0o644)
        }),
        ("is not a secret key file", |folder| {
            fs::write(folder.path("node.key"), "x").unwrap()
        }),
        ("`chmod go-w`", |folder| {
            mode(&folder.path("trust.toml"), 0o666)
        }),
        ("two entries are named `ops`", |folder| {
            let key = SecretKey::from_seed(&[2; 32]).public();
            let entry = format!("[[key]]\nname = \"ops\"\nkey = \"{key}\"\nroles = [\"client\"]\n");
            append(&folder.path("trust.toml"), &entry);
        }),
        ("there is no data folder", |folder| {
            fs::remove_dir_all(folder.path("data")).unwrap()
        }),
        ("is its volume mounted", |folder| {
            fs::remove_file(folder.path("data/machines.redb")).unwrap()
        }),
        ("is not a store of camshaft\nhelp: ", |folder| {
            fs::write(folder.path("data/machines.redb"), "x").unwrap()
        }),
    ];
    for (reason, break_folder) in breaks {
        let folder = Folder::new();
        break_folder(&folder);
        let output = run(&[
            "serve",
            "--config",
            &folder.config(),
            "--listen",
            "127.0.0.1:0",
        ]);
        assert_eq!(output.status.code(), Some(1), "{reason}: {output:?}");
        assert!(
            text(&output.stderr).contains(reason),
            "{reason}: {output:?}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn an_address_in_use_is_named() {
    let folder = Folder::new();
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["serve", "--config", &folder.config(), "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains(&format!("cannot listen on {address}")));
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    let wrong: [&[&str]; 5] = [
        &[],
        &["start"],
        &["init"],
        &["init", "hall", "--trust", "ops"],
        &["serve", "--listen", "localhost"],
    ];
    for arguments in wrong {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
    let helps: [&[&str]; 5] = [&[], &["init"], &["serve"], &["key"], &["trust", "check"]];
    for command in helps {
        let help = run(&[command, &["--help"]].concat());
        assert_eq!(help.status.code(), Some(0));
        assert!(text(&help.stdout).contains("\nExample"), "{command:?}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap();
    fs::write(path, before + text).unwrap();
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
