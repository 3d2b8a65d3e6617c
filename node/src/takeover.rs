//! Taking over: a new process of a node has the one before it stop, and serves its folder from then on.
//!
//! Whatever can be found wrong while the old process serves is found before it is told anything: config, keys, trust,
//! the address, and the format of the store as far as it is noted beside it. The kernel says who holds the store.

mod holder;

use std::{
    fs, io,
    net::{SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use self::holder::Holder;
use crate::{
    config::Config,
    limits::{TAKE_OVER_TIME, TAKE_OVER_WORD_INTERVAL},
    store::{self, STORE_FILE, STORE_FORMAT, StoreError},
};

/// The file beside the store that says its format, for who cannot open the store because another has it open.
const FORMAT_FILE: &str = "store-format";

/// A process that has been replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Replaced {
    /// Its number.
    pub(crate) pid: u32,
    /// How it was started.
    pub(crate) command: String,
}

/// Why nothing was taken over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeOverError {
    /// The store is of no use to this node. The old process was told nothing.
    #[error("the store `{}` cannot be used", path.display())]
    Store {
        path: PathBuf,
        #[source]
        source: StoreError,
    },
    /// The address is none of this computer. The old process was told nothing.
    #[error("cannot listen on {address}")]
    Address {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    /// It cannot be told who has the store open. Nobody was told anything.
    #[error("it cannot be found out who has the store `{}` open", path.display())]
    Holder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The old process cannot be told to stop.
    #[error("process {pid}, `{command}`, cannot be told to stop")]
    Signal {
        pid: u32,
        command: String,
        #[source]
        source: io::Error,
    },
    /// The old process was told to stop and runs still.
    #[error("process {pid}, `{command}`, was told to stop and still runs after {seconds} s")]
    StillThere {
        pid: u32,
        command: String,
        seconds: u64,
    },
}

impl TakeOverError {
    /// What can be done about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Store { source, .. } => source.help(),
            Self::Address { .. } => "give an address of this computer; the node that runs goes on",
            Self::Holder { .. } => {
                "stop the node that runs by hand, and start this one without `--take-over`"
            }
            Self::Signal { .. } => "run this as the user of the node that runs, which goes on",
            Self::StillThere { .. } => {
                "its log says what it waits for; once it has ended, start this one again"
            }
        }
    }
}

/// Has the process stop that serves this data folder, if there is one, and waits until it has.
pub(crate) fn take_over(config: &Config) -> Result<Option<Replaced>, TakeOverError> {
    let path = config.data.join(STORE_FILE);
    look_ahead(config, &path)?;
    let unknown = |source| TakeOverError::Holder {
        path: path.clone(),
        source,
    };
    let Some(holder) = Holder::of(&path).map_err(unknown)? else {
        eprintln!(
            "nobody serves `{}`: nothing to take over",
            config.data.display()
        );
        return Ok(None);
    };
    let Replaced { pid, command } = holder.process().clone();
    holder.tell().map_err(|source| TakeOverError::Signal {
        pid,
        command: command.clone(),
        source,
    })?;
    eprintln!("told process {pid} to stop: {command}");
    let limit = config.limits.shutdown + TAKE_OVER_TIME;
    if !wait(&holder, limit).map_err(unknown)? {
        return Err(TakeOverError::StillThere {
            pid,
            command,
            seconds: limit.as_secs(),
        });
    }
    eprintln!("process {pid} has stopped");
    Ok(Some(Replaced { pid, command }))
}

/// What can be known before anybody is told to stop.
fn look_ahead(config: &Config, path: &Path) -> Result<(), TakeOverError> {
    let fault = |source| TakeOverError::Store {
        path: path.to_owned(),
        source,
    };
    store::check_magic(path).map_err(fault)?;
    if let Some(need) = noted_format(&config.data).filter(|need| *need > STORE_FORMAT) {
        return Err(fault(StoreError::NeedsFormat { need }));
    }
    // The port is in use still; whether the address is one of this computer can be known.
    let any_port = SocketAddr::new(config.listen.ip(), 0);
    let bound = UdpSocket::bind(any_port).map(drop);
    bound.map_err(|source| TakeOverError::Address {
        address: config.listen,
        source,
    })
}

fn wait(holder: &Holder, limit: Duration) -> io::Result<bool> {
    let began = Instant::now();
    loop {
        let left = limit.saturating_sub(began.elapsed());
        if holder.ends_within(left.min(TAKE_OVER_WORD_INTERVAL))? {
            return Ok(true);
        }
        if left.is_zero() {
            return Ok(false);
        }
        let (pid, seconds) = (holder.process().pid, began.elapsed().as_secs());
        eprintln!("waiting for process {pid} to answer its last requests ({seconds} s)");
    }
}

/// What the process that opened the store last has noted of it.
fn noted_format(data: &Path) -> Option<u32> {
    let text = fs::read_to_string(data.join(FORMAT_FILE)).ok()?;
    text.trim().parse().ok()
}

/// Notes the format of the store that is open. The store itself decides: who cannot write the note serves all the same.
pub(crate) fn note_format(data: &Path) {
    if noted_format(data) == Some(STORE_FORMAT) {
        return;
    }
    if let Err(error) = fs::write(data.join(FORMAT_FILE), format!("{STORE_FORMAT}\n")) {
        tracing::warn!(%error, "cannot note the format of the store");
    }
}
