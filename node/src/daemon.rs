//! The command line of the daemon: arguments, config, open, serve, exit code.

use std::{
    error::Error,
    ffi::OsString,
    future::pending,
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::{Args, Parser, Subcommand};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tracing_subscriber::EnvFilter;

use crate::{
    config::{CONFIG_FILE, Config, ConfigError},
    folder::{self, FolderError, NewEntry},
    key::{KeyFileError, SecretKey},
    local::{Clock, LocalJournal},
    recovery::RecoveryError,
    server::{EndpointDied, Handler, Server},
    service::Service,
    store::{STORE_FILE, Store, StoreError},
    takeover::{self, Replaced, TakeOverError},
    trust::{Trust, TrustError, TrustStore},
};

/// The environment variable that says what is logged, for example `debug` or `node=debug,quinn=info`.
const LOG_VARIABLE: &str = "CAM_NODE_LOG";

/// Becomes a reason when the journal has stopped for good.
type JournalFailure = watch::Receiver<Option<String>>;

/// A mistake of the node itself; the number that `sysexits.h` calls EX_SOFTWARE.
const EXIT_BUG: u8 = 70;

/// Runs typed state machines for years and upgrades them while they run.
///
/// A node is a folder: its settings, its own key, the keys it trusts, and its data.
#[derive(Parser)]
#[command(name = "cam-node", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  A new node that lets one operator in:
    cam-node init hall --trust ops=ed25519:5f2c…=author,operator,client
  Run it, on a port that the system chooses:
    cam-node serve --config hall/node.toml --listen 127.0.0.1:0
  What others need to know to trust it:
    cam-node key --config hall/node.toml
  Before a changed trust file takes effect:
    cam-node trust check --config hall/node.toml

Exit codes:
  0 done   1 the config, a key, the trust file or the store is wrong   2 wrong usage   70 a bug";

const INIT_EXAMPLES: &str = "\
Examples:
  A node that trusts nobody yet:
    cam-node init hall
  A node on every address, with one author who delivers and one client:
    cam-node init hall --listen 0.0.0.0:4700 \\
      --trust ops=ed25519:5f2c…=author,operator --trust till=ed25519:9a01…=client";

const SERVE_EXAMPLES: &str = "\
Examples:
  cam-node serve --config hall/node.toml
  A new version of cam-node in the place of the one that runs:
    cam-node serve --config hall/node.toml --take-over
  On a port that the system chooses, with more in the log (it goes to the standard error):
    CAM_NODE_LOG=debug cam-node serve --config hall/node.toml --listen 127.0.0.1:0";

const KEY_EXAMPLES: &str = "\
Example:
  cam-node key --config hall/node.toml";

const TRUST_CHECK_EXAMPLES: &str = "\
Example:
  cam-node trust check --config hall/node.toml";

#[derive(Subcommand)]
enum Command {
    /// Make the folder of a new node and print its public key.
    #[command(after_help = INIT_EXAMPLES)]
    Init(Init),
    /// Run the node until it is told to stop (SIGTERM, or Ctrl-C).
    ///
    /// When it is ready it prints one line: `listening ADDRESS key KEY`.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Serve),
    /// Print the public key of the node.
    #[command(after_help = KEY_EXAMPLES)]
    Key(ConfigFile),
    /// Look at the trust file.
    #[command(subcommand)]
    Trust(TrustCommand),
}

#[derive(Args)]
struct Init {
    /// The folder to make. It must be empty or not exist.
    folder: PathBuf,
    /// Where the node will listen.
    #[arg(long, default_value = "127.0.0.1:4700", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// A key to trust, as NAME=KEY=ROLES. Roles: author, operator, client, observer. Repeatable.
    #[arg(long, value_name = "NAME=KEY=ROLES")]
    trust: Vec<NewEntry>,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    /// Listen here instead of where the config says. Port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Have the process stop that serves this node now, and take its place: for a new version of `cam-node`.
    ///
    /// What is wrong with the config, the keys, the trust file, the address or the format of the store is found before
    /// the old process is told anything. It then takes no new requests, answers those in progress, and ends. Clients
    /// connect again by themselves, and numbered inputs are taken once. Linux only.
    #[arg(long)]
    take_over: bool,
}

#[derive(Args)]
struct ConfigFile {
    /// The config file.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    config: PathBuf,
}

#[derive(Subcommand)]
enum TrustCommand {
    /// Read the trust file as the node would, and print who may do what.
    #[command(after_help = TRUST_CHECK_EXAMPLES)]
    Check(ConfigFile),
}

/// Runs the daemon with these arguments, the name of the program first. Ends the process for `--help`
/// and for wrong usage.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(arguments);
    let outcome = catch_unwind(AssertUnwindSafe(|| run(&arguments.command)));
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            explain(&failure);
            failure.exit_code()
        }
        // The hook has printed what happened.
        Err(_) => ExitCode::from(EXIT_BUG),
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Init(init) => create(init),
        Command::Serve(arguments) => serve(arguments),
        Command::Key(file) => {
            let own = SecretKey::read(&Config::read(&file.config)?.key)?;
            print_line(&own.public().to_string())
        }
        Command::Trust(TrustCommand::Check(file)) => {
            let config = Config::read(&file.config)?;
            print_trust(&*TrustStore::open(&config.trust)?.current()?)
        }
    }
}

fn create(init: &Init) -> Result<(), Failure> {
    let key = folder::create(&init.folder, init.listen, &init.trust)?;
    print_line(&format!("key {key}"))?;
    let config = init.folder.join(CONFIG_FILE);
    eprintln!("made the node `{}`", init.folder.display());
    if init.trust.is_empty() {
        let trust = init.folder.join("trust.toml");
        eprintln!("it trusts nobody yet: name keys in `{}`", trust.display());
    }
    eprintln!("run it: cam-node serve --config {}", config.display());
    Ok(())
}

fn print_trust(trust: &Trust) -> Result<(), Failure> {
    for entry in trust.entries() {
        let roles: Vec<_> = entry.roles().iter().map(|role| role.name()).collect();
        let machines = entry
            .machines()
            .map_or_else(|| "all".to_owned(), |names| names.join(","));
        let (name, key, roles) = (entry.name(), entry.key(), roles.join(","));
        print_line(&format!("{name} {key} {roles} machines {machines}"))?;
    }
    print_line(&format!("author_threshold {}", trust.author_threshold()))
}

fn serve(arguments: &Serve) -> Result<(), Failure> {
    log_to_stderr();
    let mut config = Config::read(&arguments.file.config)?;
    config.listen = arguments.listen.unwrap_or(config.listen);
    let own = SecretKey::read(&config.key)?;
    let trust = Arc::new(TrustStore::open(&config.trust)?);
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::Runtime)?;
    let replaced = match arguments.take_over {
        true => takeover::take_over(&config)?,
        false => None,
    };
    let served = runtime.block_on(async {
        let (service, failure) = open_service(&config, &own)?;
        serve_with(service, failure, &config, &own, trust).await
    });
    match (served, replaced) {
        (Err(source), Some(replaced)) if source.is_of_the_start() => Err(Failure::NotReplaced {
            replaced,
            source: Box::new(source),
        }),
        (served, _) => served,
    }
}

/// Opens the store, takes up every machine in it, and builds the service on them. Also gives what tells
/// that the journal has stopped for good, and why.
fn open_service(
    config: &Config,
    own: &SecretKey,
) -> Result<(Service<LocalJournal>, JournalFailure), Failure> {
    // Not made here: a volume that is not mounted must not pass for a node without machines.
    if !config.data.is_dir() {
        return Err(Failure::NoData(config.data.clone()));
    }
    let clock: Clock = Arc::new(milliseconds_since_1970);
    let path = config.data.join(STORE_FILE);
    let at = |source| Failure::Store {
        path: path.clone(),
        source,
    };
    let store = Arc::new(Store::open(&path).map_err(at)?);
    let large = config.large_state_weight;
    let journal = LocalJournal::open_with(Arc::clone(&store), Arc::clone(&clock), large).map_err(
        |error| match error {
            RecoveryError::Store(source) => at(source),
            source => Failure::Recovery {
                path: path.clone(),
                source,
            },
        },
    )?;
    takeover::note_format(&config.data);
    let (published, failure) = (journal.published().clone(), journal.failure());
    let machines = published.machines().len();
    tracing::info!(machines, path = %path.display(), "opened the store");
    let service = Service::new(own.public(), journal, published, store, clock);
    Ok((service, failure))
}

/// The one place where the clock of the computer is read.
fn milliseconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// Listens, says so, and answers until a signal comes or nothing can be made durable any more.
async fn serve_with<H: Handler>(
    handler: H,
    mut failure: JournalFailure,
    config: &Config,
    own: &SecretKey,
    trust: Arc<TrustStore>,
) -> Result<(), Failure> {
    // Before the line that says that the node is ready: from then on it may be told to stop.
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Runtime)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Runtime)?;
    let server = Server::bind(config, own, trust).map_err(|source| Failure::Bind {
        address: config.listen,
        source,
    })?;
    let (address, key) = (server.local_address(), own.public());
    print_line(&format!("listening {address} key {key}"))?;
    tracing::info!(%address, %key, "listening");
    let stop = async {
        let why = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            () = has_failed(&mut failure) => "the journal failed",
        };
        tracing::info!("stopping: {why}");
    };
    server.run(handler, stop).await?;
    let reason = failure.borrow().clone();
    if let Some(reason) = reason {
        let path = config.data.join(STORE_FILE);
        return Err(Failure::Journal { path, reason });
    }
    tracing::info!("stopped");
    Ok(())
}

/// Waits for the journal to fail. A journal that only ends has not failed.
async fn has_failed(failure: &mut JournalFailure) {
    if failure.wait_for(Option::is_some).await.is_err() {
        pending().await
    }
}

fn log_to_stderr() {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    // It fails when the process that called `main` logs already, and then that is where lines go.
    let _ = log.try_init();
}

fn print_line(line: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(Failure::Output)
}

/// Prints the error and its causes, one per line.
fn explain(failure: &Failure) {
    eprintln!("error: {failure}");
    let mut cause = failure.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    if let Some(help) = failure.help() {
        eprintln!("help: {help}");
    }
}

/// Why the daemon ended otherwise than it was asked to.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("no node was made")]
    Folder(#[from] FolderError),
    #[error("cannot listen on {address}")]
    Bind {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the system gives no threads or no signals")]
    Runtime(#[source] io::Error),
    #[error("cannot write to the standard output")]
    Output(#[source] io::Error),
    #[error("there is no data folder `{}`", .0.display())]
    NoData(PathBuf),
    #[error("the store `{}` cannot be used", path.display())]
    Store { path: PathBuf, source: StoreError },
    #[error("the machines in the store `{}` cannot be taken up", path.display())]
    Recovery {
        path: PathBuf,
        source: RecoveryError,
    },
    #[error("nothing can be made durable any more in `{}`: {reason}", path.display())]
    Journal { path: PathBuf, reason: String },
    #[error(transparent)]
    TakeOver(#[from] TakeOverError),
    #[error("process {} has stopped, and this one cannot take its place", replaced.pid)]
    NotReplaced {
        replaced: Replaced,
        source: Box<Failure>,
    },
    #[error("the node stopped by itself")]
    Bug(#[from] EndpointDied),
}

impl Failure {
    /// Whether it never came to serve.
    fn is_of_the_start(&self) -> bool {
        !matches!(self, Self::Journal { .. } | Self::Bug(_))
    }

    /// What can be done about it, where the error does not say so.
    fn help(&self) -> Option<String> {
        if let Self::NotReplaced { replaced, .. } = self {
            let command = &replaced.command;
            return Some(format!(
                "nothing serves this node now; start the one before again: {command}"
            ));
        }
        self.advice().map(str::to_owned)
    }

    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::TakeOver(error) => Some(error.help()),
            Self::NoData(_) => Some(StoreError::Missing.help()),
            Self::Store { source, .. } | Self::Folder(FolderError::Store { source, .. }) => {
                Some(source.help())
            }
            Self::Recovery { .. } => Some(
                "keep this file for whoever looks into it, and run the `cam-node` that wrote it",
            ),
            Self::Journal { .. } => Some(
                "check the disk and its free space, then start the node again: it reads what is there",
            ),
            _ => None,
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Bug(_) => ExitCode::from(EXIT_BUG),
            _ => ExitCode::FAILURE,
        }
    }
}
