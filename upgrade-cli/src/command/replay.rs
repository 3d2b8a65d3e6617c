//! `cam replay`: an exported life lived again, or a node's inputs given to a new version.

use std::path::Path;

use node::biography::{
    self, Biography, LifeFile, MalformedLife, Mark, Misfit, StateHash, UnusableOrigin,
};
use node::limits::LIFE_BYTES_MAX;
use node::printable::Printable;
use node::protocol::{Command, Refusal, RequestKind};
use serde_json::json;

use super::export::{self, program_name};
use super::rollback::difference;
use super::state::machine_or_only;
use super::{Context, tail};
use crate::arguments::Replay;
use crate::bundle_file::BundleFile;
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure};
use crate::interface::Interface;
use crate::project::files;
use crate::report::{Outcome, Report, count};

pub(super) fn run(context: &Context, arguments: &Replay) -> Outcome {
    match &arguments.against {
        Some(bundle) => against(context, arguments, bundle),
        None => file(Path::new(&arguments.source), arguments.step),
    }
}

/// Lives the life in a file again.
fn file(path: &Path, step: Option<u64>) -> Outcome {
    let bytes = files::read_within(path, LIFE_BYTES_MAX as u64)?;
    let life = LifeFile::decode(&bytes).map_err(|reason| LifeError::Malformed {
        path: path.display().to_string(),
        reason,
    })?;
    let begun = life.begin().map_err(LifeError::from)?;
    let first = begun.replica().steps();
    let mut last = None;
    let mut lived = 0_usize;
    let lived_again = life.replay(begun, |biography, command, outcome| {
        lived += 1;
        let steps = biography.replica().steps();
        let is_there = step == Some(steps) && matches!(command, Command::Input { .. });
        if is_there {
            last = Some((command.clone(), outcome.clone()));
        }
        !is_there
    });
    let biography = lived_again.map_err(LifeError::from)?;
    let replica = biography.replica();
    if let Some(step) = step
        && last.is_none()
    {
        let end = replica.steps();
        return Err(LifeError::NoStep { step, first, end }.into());
    }
    let mark = Mark::of(replica).ok_or(LifeError::Empty)?;
    let instance = replica.instance().ok_or(LifeError::Empty)?;
    let interface = Interface::of(instance.program());
    let state = interface.show_state(&instance.state());
    let machine = Printable(&life.machine).to_string();
    let mut report = Report::new();
    if let Some((command, outcome)) = &last {
        let words = tail::spoken(replica, command);
        report = report.line(tail::line(words.as_ref(), command, Some(outcome)));
        report = report.line(&state.text);
    } else {
        let begins = match life.is_complete() {
            true => "from its first bundle on",
            false => "from later on: its beginning is not in the file",
        };
        report = report
            .line(format!("replayed: `{machine}` as it was recorded"))
            .line(format!(
                "    life     {}, {begins}",
                count(lived, "command")
            ))
            .line(format!("    program  {}", program_name(instance.program())))
            .line(format!(
                "    state    {}, after step {}",
                hash_name(&mark),
                mark.steps
            ));
    }
    Ok(report
        .field("machine", &machine)
        .field("complete", life.is_complete())
        .field("commands", lived)
        .field("step", mark.steps)
        .field("program", interface.digest().to_string())
        .field("hash", hash_name(&mark))
        .field("state", state.text)
        .field("value", state.json))
}

/// Gives what a node has kept since its version began to that version and to another one.
fn against(context: &Context, arguments: &Replay, bundle: &Path) -> Outcome {
    let bundle = BundleFile::read(bundle)?;
    let session = context.session(&arguments.source, &arguments.speak, RequestKind::Journal)?;
    let machine = machine_or_only(&session, arguments.machine.as_deref())?;
    let (life, _) = export::fetch(&session, &machine)?;
    let (base, place) = since_version(&life)?;
    let compared = biography::against(
        base.replica(),
        bundle.bundle.encode(),
        &life.commands[place..],
    )
    .map_err(|refusal| LifeError::Refused(Box::new(refusal)))?;
    let (same, different, refused) = (compared.same, compared.different, compared.lost);
    let inputs = usize::try_from(same + different + refused).unwrap_or(usize::MAX);
    let begins = match base.replica().index() > 0 && life.is_complete() {
        true => "since the version that runs began",
        false => "the last ones: the node no longer has those before",
    };
    let mut report = Report::new()
        .line(format!(
            "replayed: {} of `{machine}` on {}, {begins}",
            count(inputs, "input"),
            arguments.source
        ))
        .line(format!(
            "    answers  {same} alike, {different} otherwise, {refused} refused"
        ));
    if let Some(first) = &compared.first {
        for line in difference(&session, &machine, first) {
            report = report.line(line);
        }
    }
    if arguments.exit_code && different + refused > 0 {
        report = report.exit(Exit::Wrong);
    }
    Ok(report
        .field("node", &arguments.source)
        .field("machine", &machine)
        .field(
            "answers",
            json!({"same": same, "different": different, "refused": refused}),
        ))
}

/// The machine when its last version began, and the place of the first command after that.
fn since_version(life: &LifeFile) -> Result<(Biography, usize), AnyFailure> {
    let begins =
        |command: &Command| matches!(command, Command::Upgrade { .. } | Command::Rollback { .. });
    let place = life
        .commands
        .iter()
        .rposition(|(_, command)| begins(command));
    let place = place.map_or(0, |place| place + 1);
    let mut lived = 0;
    let begun = life.begin().map_err(LifeError::from)?;
    if place == 0 {
        return Ok((begun, 0));
    }
    let base = life.replay(begun, |_, _, _| {
        lived += 1;
        lived < place
    });
    Ok((base.map_err(LifeError::from)?, place))
}

/// The hash of a state, with its scheme before it.
pub(super) fn hash_name(mark: &Mark) -> String {
    StateHash(mark.state).to_string()
}

/// Why a life was not lived again.
#[derive(Debug, thiserror::Error)]
pub(super) enum LifeError {
    #[error("`{path}` is no exported life: {reason}")]
    Malformed { path: String, reason: MalformedLife },
    #[error("{}", Printable(&.0.to_string()))]
    Misfit(#[from] Misfit),
    #[error("lived again, the state after command {at} is another one than the node has")]
    OtherEnd { at: u64 },
    #[error("{0}")]
    Origin(#[from] UnusableOrigin),
    #[error("the life has no first bundle")]
    Empty,
    #[error("the life has no step {step}")]
    NoStep { step: u64, first: u64, end: u64 },
    #[error("the bundle cannot be tried there: {}", Printable(&.0.reason))]
    Refused(Box<Refusal>),
    #[error("the life does not fit into one file of {LIFE_BYTES_MAX} bytes")]
    TooLong,
}

impl Failure for LifeError {
    fn exit(&self) -> Exit {
        match self {
            LifeError::NoStep { .. } => Exit::Usage,
            _ => Exit::Wrong,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            LifeError::Malformed { .. } => "F355",
            LifeError::Misfit(_) | LifeError::OtherEnd { .. } => "F356",
            LifeError::Origin(_) | LifeError::Empty => "F357",
            LifeError::NoStep { .. } => "F358",
            LifeError::Refused(_) => "F359",
            LifeError::TooLong => "F360",
        };
        code.into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            LifeError::NoStep { first, end, .. } => {
                vec![("there are", format!("{} to {end}", first + 1))]
            }
            _ => Vec::new(),
        }
    }
}
