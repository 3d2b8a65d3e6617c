//! The upgrade: version 2 is written, pushed while somebody keeps sending, and looked at.

use super::deploy::bytes_in;
use super::failure::DemoError;
use super::stage::{CLIENT, NODE, PROJECT, Stage};
use super::traffic::Traffic;
use crate::exit::Exit;

/// Version 2 of the counter: the example that comes with this program.
const VERSION_2: &str = include_str!("../../../examples/counter/src/counter.cam");

/// The bundle from version 1 to version 2.
pub(super) const BUNDLE: &str = "out/counter@1..2.bundle";

/// How many answers the second client gets before the upgrade, and how many after it.
const ANSWERS: u64 = 50;

pub(super) fn write(stage: &mut Stage) -> Result<(), DemoError> {
    // Somebody else works on the same project and does not hear of this.
    let files = ["cam.toml", "history/counter@1.camb", "history/lineage.toml"];
    stage.copy(PROJECT, super::refuse::OTHER, &files)?;
    stage.tell("src/counter.cam is edited. What it says of version 1:");
    let of_version_1 = ["migrate", "accept", "reply"];
    for line in VERSION_2.lines().map(str::trim) {
        if of_version_1.iter().any(|word| line.starts_with(word)) {
            stage.tell(&format!("  {line}"));
        }
    }
    stage.write("counter/src/counter.cam", VERSION_2)?;
    stage.cam(&["test"], Exit::Done, &["Counter version 2", "all good"])?;
    let arguments = ["bundle", "--from", "1", "-m", "remember, and reset"];
    let made = stage.cam(
        &arguments,
        Exit::Done,
        &[BUNDLE, "adapters for old clients"],
    )?;
    stage.programs = made.words("c1:").into_iter().map(str::to_owned).collect();
    let bytes = bytes_in(made.output());
    stage.measure("upgrade_bundle_bytes", bytes);
    stage.cam(&["sign", BUNDLE], Exit::Done, &["signed by ops"])?;
    stage.cam(&["verify", BUNDLE], Exit::Done, &["✓ migration fits"])?;
    Ok(())
}

pub(super) fn under_load(stage: &mut Stage) -> Result<(), DemoError> {
    let key = stage.key(CLIENT);
    let key = key.map_err(|error| DemoError::Otherwise(error.to_string()))?;
    let traffic = Traffic::start(stage.named_node()?, key, PROJECT, stage.count)?;
    stage.tell("the second client, `phone`, speaks version 1: Incr, Read, Incr, Read, …");
    traffic.wait_for(|tally| tally.by_first >= ANSWERS)?;
    stage.cam(
        &["push", BUNDLE, "--to", NODE],
        Exit::Done,
        &["applied", "upgraded from"],
    )?;
    traffic.wait_for(|tally| tally.by_others >= ANSWERS)?;
    let tally = traffic.stop()?;
    stage.count = tally.count;
    stage.tell(&format!(
        "`phone` got {} answers from version 1, then {} from version 2 through the adapters.",
        tally.by_first, tally.by_others
    ));
    stage.tell(&format!(
        "Every one was right; the longest took {:.1} ms.",
        tally.longest.as_secs_f64() * 1000.0
    ));
    stage.measure("answers_before_upgrade", tally.by_first);
    stage.measure("answers_after_upgrade", tally.by_others);
    stage.measure("longest_answer_ms", tally.longest.as_secs_f64() * 1000.0);
    Ok(())
}

pub(super) fn look(stage: &mut Stage) -> Result<(), DemoError> {
    let count = stage.count;
    let says = format!("count: {count}");
    let state = stage.cam(&["state", NODE], Exit::Done, &[&says, "old: "])?;
    check_migrated(state.output(), count)?;
    let sum = format!("Sum({count})");
    stage.cam(&["send", NODE, PROJECT, "Read"], Exit::Done, &[&sum])?;
    stage.cam(
        &["history", NODE],
        Exit::Done,
        &["1 → 2", "remember, and reset"],
    )?;
    let status = stage.cam(&["status", NODE], Exit::Done, &[PROJECT])?;
    check_version(status.output(), "2")
}

/// `old` is what the counter was when it was migrated: `phone` had counted by then, and went on.
fn check_migrated(state: &str, count: u64) -> Result<(), DemoError> {
    let old = state.split("old: ").nth(1);
    let digits = old.map(|old| {
        old.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    });
    let old = digits.and_then(|digits| digits.parse::<u64>().ok());
    match old {
        Some(old) if old > 2 && old < count => Ok(()),
        _ => Err(DemoError::Otherwise(format!(
            "`old` is not between 2 and {count}: {state}"
        ))),
    }
}

/// The column VERSION of the table of `cam status`.
pub(super) fn check_version(status: &str, version: &str) -> Result<(), DemoError> {
    let row = status.lines().find(|line| line.starts_with(NODE));
    match row.and_then(|row| row.split_whitespace().nth(2)) {
        Some(found) if found == version => Ok(()),
        found => Err(DemoError::Otherwise(format!(
            "{NODE} runs version {found:?}, expected {version}"
        ))),
    }
}
