//! `cam watch`: check and test, again at each change.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::{Context, test};
use crate::arguments::Watch;
use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::project::Project;
use crate::report::{Outcome, Report};

/// How long it must be quiet before what was written is looked at: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(80);

pub(super) fn run(context: &Context, arguments: &Watch) -> Outcome {
    let project = context.project()?;
    let (sender, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Nobody listens any more only when the command ends.
        let _ = sender.send(event);
    })
    .map_err(Unwatched::Start)?;
    let folders = watched(&mut watcher, &project)?;
    let shown = folders.iter().map(|folder| folder.display().to_string());
    let shown: Vec<_> = shown.collect();
    let mut rounds = 0_u32;
    loop {
        let started = Instant::now();
        let outcome = test::run(context, &arguments.test);
        context.console.finish("watch", started, outcome);
        rounds += 1;
        if arguments.rounds.is_some_and(|most| rounds >= most) {
            return Ok(Report::new().field("rounds", rounds));
        }
        context
            .console
            .talk(&format!("watching {}", shown.join(" ")));
        if !changed(&changes) {
            return Ok(Report::new().field("rounds", rounds));
        }
    }
}

/// Watches what a test depends on.
fn watched(watcher: &mut RecommendedWatcher, project: &Project) -> Result<Vec<PathBuf>, Unwatched> {
    let source = project.source();
    let source = source.parent().unwrap_or(Path::new("."));
    let mut folders = Vec::new();
    for folder in [source.to_owned(), project.history()] {
        if folder.is_dir() {
            let result = watcher.watch(&folder, RecursiveMode::NonRecursive);
            result.map_err(|source| Unwatched::Folder {
                path: folder.clone(),
                source,
            })?;
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// Waits for a change that matters, and until it is quiet again. False if there will be none.
fn changed(changes: &Receiver<notify::Result<Event>>) -> bool {
    let matters = |event: &Event| {
        let is_write = !event.kind.is_access();
        is_write && event.paths.iter().any(|path| is_source(path))
    };
    loop {
        match changes.recv() {
            Ok(Ok(event)) if matters(&event) => break,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    loop {
        match changes.recv_timeout(QUIET) {
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("cam" | "camb"))
}

#[derive(Debug, thiserror::Error)]
enum Unwatched {
    #[error("files cannot be watched here")]
    Start(#[source] notify::Error),
    #[error("`{}` cannot be watched", path.display())]
    Folder {
        path: PathBuf,
        source: notify::Error,
    },
}

impl Failure for Unwatched {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn code(&self) -> Code {
        let code = match self {
            Unwatched::Start(_) => "F012",
            Unwatched::Folder { .. } => "F013",
        };
        code.into()
    }
}
