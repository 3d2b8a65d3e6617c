//! What must not work, and what is true afterwards: nothing has changed.

use super::failure::DemoError;
use super::stage::{NODE, PROJECT, Stage};
use super::upgrade::{BUNDLE, check_version};
use crate::exit::Exit;

/// The project of somebody whose history ends with version 1.
pub(super) const OTHER: &str = "other";

/// Their version 2, which is not ours.
const OTHER_VERSION: &str = include_str!("other.cam");

pub(super) fn same_again(stage: &mut Stage) -> Result<(), DemoError> {
    let before = stage.cam(&["state", NODE], Exit::Done, &[])?;
    let says = ["already running", "nothing changed"];
    stage.cam(&["push", BUNDLE, "--to", NODE], Exit::Done, &says)?;
    let after = stage.cam(&["state", NODE], Exit::Done, &[])?;
    same(before.output(), after.output())
}

pub(super) fn wrong_version(stage: &mut Stage) -> Result<(), DemoError> {
    let before = stage.cam(&["state", NODE], Exit::Done, &[])?;
    stage.tell("Somebody else made another version 2 from version 1. Signed just as well:");
    stage.tell("$ cd ../other");
    stage.go(OTHER);
    stage.write("other/src/counter.cam", OTHER_VERSION)?;
    let made = stage.cam(&["bundle", "--from", "1"], Exit::Done, &[BUNDLE])?;
    let (Some(theirs), [version_1, version_2]) =
        (made.words("c1:").pop(), &stage.programs.clone()[..])
    else {
        let reason = "a bundle that upgrades names two programs";
        return Err(DemoError::Otherwise(reason.to_owned()));
    };
    stage.cam(&["sign", BUNDLE], Exit::Done, &[])?;
    stage.tell("$ cd ../counter");
    stage.go(PROJECT);
    let file = format!("../{OTHER}/{BUNDLE}");
    let says = [
        "error[N303]",
        &format!("running   {version_2}"),
        &format!("from      {version_1}"),
        &format!("to        {theirs}"),
        "nothing was changed",
        "help: cam bundle --from 2",
    ];
    stage.cam(&["push", &file, "--to", NODE], Exit::Refused, &says)?;
    let after = stage.cam(&["state", NODE], Exit::Done, &[])?;
    same(before.output(), after.output())
}

pub(super) fn bad_inputs(stage: &mut Stage) -> Result<(), DemoError> {
    let before = stage.cam(&["state", NODE], Exit::Done, &[])?;
    let says = ["`Input` has no constructor `Incrr`", "nothing was sent"];
    stage.cam(&["send", NODE, PROJECT, "Incrr"], Exit::Wrong, &says)?;
    let says = ["error[N312]", "nothing was changed"];
    stage.cam(&["query", NODE, PROJECT, "Incr"], Exit::Refused, &says)?;
    let after = stage.cam(&["state", NODE], Exit::Done, &[])?;
    same(before.output(), after.output())?;
    let status = stage.cam(&["status", NODE], Exit::Done, &[])?;
    check_version(status.output(), "2")
}

/// Expects that the state is what it was.
pub(super) fn same(before: &str, after: &str) -> Result<(), DemoError> {
    if before == after {
        return Ok(());
    }
    Err(DemoError::Otherwise(format!(
        "the state was {before} and is {after}"
    )))
}
