//! The node is killed in a way it cannot notice, and finds everything again.

use super::deploy::add_node;
use super::failure::DemoError;
use super::refuse::same;
use super::stage::{NODE, PROJECT, Stage};
use super::upgrade::check_version;
use crate::exit::Exit;

pub(super) fn kill(stage: &mut Stage) -> Result<(), DemoError> {
    let before = stage.cam(&["state", NODE], Exit::Done, &[])?;
    let away = || DemoError::Otherwise("the node does not run".to_owned());
    let node = stage.node.as_mut().ok_or_else(away)?;
    let (id, key) = (node.id(), node.key.clone());
    let ended = node.kill().map_err(|source| DemoError::Run {
        command: format!("kill -9 {id}"),
        source,
    })?;
    if ended.code().is_some() {
        return Err(DemoError::Otherwise(format!("it was not killed: {ended}")));
    }
    stage.tell(&format!("$ kill -9 {id}"));
    let says = ["error[N601]", "nothing was sent"];
    let arguments = ["status", NODE, "--timeout", "1"];
    stage.cam(&arguments, Exit::NotReachable, &says)?;
    stage.start_node()?;
    let named = stage.named_node()?;
    if named.key.to_string() != key {
        return Err(DemoError::Otherwise("the node has another key".to_owned()));
    }
    add_node(stage)?;
    let after = stage.cam(&["state", NODE], Exit::Done, &[])?;
    same(before.output(), after.output())?;
    let status = stage.cam(&["status", NODE], Exit::Done, &[])?;
    check_version(status.output(), "2")?;
    let sum = format!("Sum({})", stage.count);
    stage.cam(&["send", NODE, PROJECT, "Read"], Exit::Done, &[&sum])?;
    let cleared = format!("Cleared({})", stage.count);
    stage.cam(&["send", NODE, PROJECT, "Reset"], Exit::Done, &[&cleared])?;
    Ok(())
}
