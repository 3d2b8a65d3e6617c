//! A node in a process of its own, to be killed.
#![allow(
    clippy::panic,
    reason = "a bench tells a test that it has failed by panicking"
)]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use node::client::{Caller, Client, ClientError, Timeouts};
use node::key::PublicKey;
use node::limits::PATIENCE;
use node::protocol::{Request, Response};
use node::store::STORE_FILE;

use crate::street::key;

/// A node's folder, and its process when it runs.
pub struct Process {
    binary: PathBuf,
    folder: tempfile::TempDir,
    child: Option<Child>,
    address: String,
    /// Where it is to listen.
    listen: String,
    public: PublicKey,
    log: Arc<Mutex<VecDeque<String>>>,
}

/// Lines of its log that are kept, for a test that fails.
const LOG_LINES: usize = 40;

impl Process {
    /// Makes a folder that trusts `author`, `operator` and `client`, and starts the node.
    ///
    /// # Panics
    /// If the node does not start.
    #[must_use]
    pub fn start(binary: &Path) -> Process {
        Process::start_with(binary, "")
    }

    /// As [`Process::start`], with these lines at the end of its config.
    ///
    /// # Panics
    /// As [`Process::start`].
    #[must_use]
    pub fn start_with(binary: &Path, settings: &str) -> Process {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut init = Command::new(binary);
        init.arg("init").arg(folder.path().join("node"));
        for role in ["author", "operator", "client"] {
            let public = key(role).public();
            init.arg("--trust").arg(format!("{role}={public}={role}"));
        }
        let output = init.output().expect("the binary runs");
        assert!(output.status.success(), "{output:?}");
        let config = folder.path().join("node").join("node.toml");
        let mut text = std::fs::read_to_string(&config).expect("readable");
        text.push_str(settings);
        std::fs::write(&config, text).expect("written");
        let public = key("author").public(); // replaced by the ready line, before anything is sent
        let binary = binary.to_owned();
        let mut process = Process {
            binary,
            folder,
            child: None,
            address: String::new(),
            listen: "127.0.0.1:0".to_owned(),
            public,
            log: Arc::default(),
        };
        process.restart();
        process
    }

    /// Starts the node again and waits until it says that it listens.
    ///
    /// # Panics
    /// If it ends before that.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the node runs");
        self.serve(&[]);
    }

    /// Starts a process that takes the place of the one that runs, and waits until both have done their part.
    ///
    /// # Panics
    /// If the new one does not listen, or the old one does not end well.
    pub fn replace(&mut self) {
        let old = self.child.take();
        self.serve(&["--take-over"]);
        if let Some(mut old) = old {
            assert!(old.wait().expect("it is gone").success());
        }
    }

    /// Puts a store in the place of the node's own.
    ///
    /// # Panics
    /// If the node runs, or it cannot be written.
    pub fn put_store(&self, bytes: &[u8]) {
        assert!(self.child.is_none(), "the node runs");
        let path = self.folder.path().join("node/data").join(STORE_FILE);
        std::fs::write(path, bytes).expect("written");
    }

    fn serve(&mut self, more: &[&str]) {
        let mut child = Command::new(&self.binary)
            .arg("serve")
            .args(more)
            .arg("--config")
            .arg(self.folder.path().join("node").join("node.toml"))
            .args(["--listen", &self.listen])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut ready = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut ready)
            .expect("readable");
        let mut words = ready.split_whitespace();
        let (Some("listening"), Some(address), Some("key"), Some(public)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            let stderr: ChildStderr = child.stderr.take().expect("piped");
            let said: Vec<_> = BufReader::new(stderr)
                .lines()
                .map_while(Result::ok)
                .collect();
            panic!("the node did not start: {}", said.join("\n"));
        };
        // A full pipe must not stop it.
        let stderr = child.stderr.take().expect("piped");
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_back(line);
                let excess = log.len().saturating_sub(LOG_LINES);
                log.drain(..excess);
            }
        });
        self.address = address.to_owned();
        self.public = public.parse().expect("a key");
        self.child = Some(child);
    }

    /// From now on it listens where it does now, as a node does that has clients.
    pub fn stay_at_its_address(&mut self) {
        self.listen.clone_from(&self.address);
    }

    /// SIGKILL, and waits until it is gone.
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the node runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it is gone");
    }

    /// SIGTERM, and waits until it has ended well.
    ///
    /// # Panics
    /// If it does not run, or does not end well.
    pub fn stop(&mut self) {
        let mut child = self.child.take().expect("the node runs");
        let told = Command::new("kill").arg(child.id().to_string()).status();
        assert!(told.expect("there is a `kill`").success());
        assert!(child.wait().expect("it is gone").success());
    }

    /// A connection as the holder of a role's key.
    ///
    /// # Errors
    /// As the client's.
    pub async fn connect(&self, role: &str) -> Result<Client, ClientError> {
        Client::connect(&self.address, &key(role), self.public, Timeouts::default()).await
    }

    /// A client that connects again by itself.
    ///
    /// # Errors
    /// As the client's.
    pub async fn call(&self, role: &str) -> Result<Caller, ClientError> {
        let (own, timeouts) = (key(role), Timeouts::default());
        Caller::connect(&self.address, &own, self.public, timeouts, PATIENCE).await
    }

    /// One request on a connection of its own.
    ///
    /// # Errors
    /// As the client's.
    pub async fn ask(&self, role: &str, request: &Request) -> Result<Response, ClientError> {
        self.connect(role).await?.request(request).await
    }
}

/// A test that fails leaves no process behind, and shows what the node said last.
impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            log.iter().for_each(|line| eprintln!("node: {line}"));
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
