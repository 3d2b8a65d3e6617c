//! The verbs: what each needs around it, and which file does it.

mod asm;
mod build;
mod bundle;
mod chain;
mod chances;
mod check;
mod completions;
mod cost;
mod diff;
mod disasm;
mod doc;
mod excerpts;
mod explain;
mod export;
mod fmt;
mod graph;
mod history;
mod key;
mod leaves;
mod man;
mod new;
mod node;
mod plan;
mod push;
mod replay;
mod retire;
mod rollback;
mod rollout;
mod run;
mod send;
mod shadow;
mod sign;
mod simulate;
mod state;
mod status;
mod tail;
mod test;
mod trial;
mod verify;
mod watch;

use std::path::PathBuf;

use ::node::protocol::RequestKind;

use crate::arguments::{Command, Global, Speak};
use crate::demo;
use crate::environment::Environment;
use crate::failure::AnyFailure;
use crate::keys::{Keys, KeysError, NamedKey};
use crate::nodes::{Nodes, USER_FILE};
use crate::project::{Project, ProjectError};
use crate::report::{Console, Outcome, Report};
use crate::session::{Session, Waits};

/// What is around a command: the terminal, the environment, and what holds for every command.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// Where it speaks.
    pub(crate) console: Console,
    environment: Environment,
    project: Option<PathBuf>,
    keys: Option<PathBuf>,
}

/// Does what was asked.
pub(crate) fn run(context: &Context, command: &Command) -> Outcome {
    match command {
        Command::New(arguments) => new::run(arguments),
        Command::Check(_) => check::run(context),
        Command::Fmt(arguments) => fmt::run(context, arguments),
        Command::Test(arguments) => test::run(context, arguments),
        Command::Diff(arguments) => diff::run(context, arguments),
        Command::Simulate(arguments) => simulate::run(context, arguments),
        Command::Build(_) => build::run(context),
        Command::Run(arguments) => run::run(context, arguments),
        Command::Watch(arguments) => watch::run(context, arguments),
        Command::Graph(arguments) => graph::run(context, arguments),
        Command::Cost(_) => cost::run(context),
        Command::Doc(arguments) => doc::run(context, arguments),
        Command::Key(arguments) => key::run(context, arguments),
        Command::Node(arguments) => node::run(context, arguments),
        Command::Bundle(arguments) => bundle::run(context, arguments),
        Command::Sign(arguments) => sign::run(context, arguments),
        Command::Verify(arguments) => verify::run(context, arguments),
        Command::Disasm(arguments) => disasm::run(context, arguments),
        Command::Asm(arguments) => asm::run(arguments),
        Command::Push(arguments) => push::run(context, arguments),
        Command::Send(arguments) => send::run(context, arguments),
        Command::Query(arguments) => send::query(context, arguments),
        Command::Status(arguments) => status::run(context, arguments),
        Command::Shadow(arguments) => shadow::run(context, arguments),
        Command::Trial(arguments) => trial::run(context, arguments),
        Command::Rollback(arguments) => rollback::run(context, arguments),
        Command::Retire(arguments) => retire::run(context, arguments),
        Command::History(arguments) => history::run(context, arguments),
        Command::State(arguments) => state::run(context, arguments),
        Command::Tail(arguments) => tail::run(context, arguments),
        Command::Export(arguments) => export::run(context, arguments),
        Command::Replay(arguments) => replay::run(context, arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
        Command::Demo => demo::run(context.console),
        // `main` has taken them away.
        Command::Daemon(_) | Command::Lsp => Ok(Report::new()),
    }
}

impl Context {
    /// For one run of the program.
    pub(crate) fn new(console: Console, environment: Environment, global: &Global) -> Context {
        Context {
            console,
            environment,
            project: global.project.clone(),
            keys: global.keys.clone(),
        }
    }

    /// The project we work on.
    fn project(&self) -> Result<Project, ProjectError> {
        Project::find(self.project.as_deref())
    }

    /// The project, where a command works without one too.
    fn project_if_there(&self) -> Result<Option<Project>, ProjectError> {
        match self.project() {
            Err(ProjectError::NotFound { .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    /// The key folder.
    fn keys(&self) -> Result<Keys, KeysError> {
        let named = self.keys.clone().or_else(|| self.environment.keys.clone());
        let usual = || Some(self.environment.config.as_ref()?.join("keys"));
        let folder = named.or_else(usual).ok_or(KeysError::NoHome)?;
        Ok(Keys::at(folder))
    }

    /// The key that was asked for, that the environment names, or that is the only one.
    fn key(&self, wanted: Option<&str>) -> Result<NamedKey, KeysError> {
        let wanted = wanted.or(self.environment.key.as_deref());
        self.keys()?.choose(wanted)
    }

    /// The nodes that have a name here.
    fn nodes(&self) -> Result<Nodes, AnyFailure> {
        let project = self.project_if_there()?.map(|project| project.manifest());
        let user = self.environment.config.as_ref();
        let user = user.map(|folder| folder.join(USER_FILE));
        Ok(Nodes::read(project.as_deref(), user.as_deref())?)
    }

    /// A conversation with a node.
    fn session(
        &self,
        node: &str,
        speak: &Speak,
        purpose: RequestKind,
    ) -> Result<Session, AnyFailure> {
        let nodes = self.nodes()?;
        let key = self.key(speak.key.as_deref())?;
        Ok(Session::open(
            nodes.get(node)?,
            &key,
            Waits::of(speak),
            purpose,
        )?)
    }
}
