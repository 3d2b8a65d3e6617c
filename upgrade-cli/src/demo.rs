//! `cam demo`: the whole street on a node of its own, each step checked.
//!
//! Nothing is acted: the commands are run as a person would run them, by this same program in
//! processes of their own, and the second client is a connection of its own.

mod deploy;
mod failure;
pub(crate) mod process;
mod recover;
mod refuse;
mod stage;
mod traffic;
mod upgrade;

use std::time::Instant;

use crate::interrupt;
use crate::report::{Console, Outcome, Report};
use failure::DemoError;
use stage::Stage;

/// One step: what it shows, and how.
type Step = (&'static str, fn(&mut Stage) -> Result<(), DemoError>);

/// The steps, in the order in which each finds what the ones before have left.
const STEPS: &[Step] = &[
    ("A project with a machine", deploy::project),
    ("Keys, and a node that trusts them", deploy::node),
    ("The first bundle starts the machine", deploy::first_bundle),
    ("Inputs and answers", deploy::inputs),
    (
        "Version 2 is written, with the way from version 1",
        upgrade::write,
    ),
    (
        "The upgrade, while a second client keeps sending",
        upgrade::under_load,
    ),
    ("The state has moved into version 2", upgrade::look),
    ("The same bundle again changes nothing", refuse::same_again),
    (
        "A bundle for the wrong version is refused",
        refuse::wrong_version,
    ),
    (
        "Inputs that are refused change nothing either",
        refuse::bad_inputs,
    ),
    (
        "The node is killed with SIGKILL and started again",
        recover::kill,
    ),
];

/// Runs all steps, and stops at the first that does not do what it says.
pub(crate) fn run(console: Console) -> Outcome {
    interrupt::watch().map_err(DemoError::Folder)?;
    let started = Instant::now();
    let mut stage = Stage::set_up(console)?;
    for (place, (title, step)) in STEPS.iter().enumerate() {
        let number = place + 1;
        stage.begin(number, title);
        if let Err(error) = step(&mut stage) {
            // Whatever failed in that moment was interrupted too.
            if interrupt::is_interrupted() {
                return Err(DemoError::Interrupted.into());
            }
            let steps = stage.into_steps();
            return Err(DemoError::Step {
                number,
                title,
                error: Box::new(error),
                steps,
            }
            .into());
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let measured = stage.measured();
    let steps = stage.into_steps();
    Ok(Report::new()
        .line(format!(
            "\nall {} steps did what they say, in {seconds:.1} s",
            steps.len()
        ))
        .field("steps", steps)
        .field("measured", measured))
}
