//! The first steps: a project, keys, a node, the first bundle, the first inputs.

use super::failure::DemoError;
use super::stage::{CLIENT, NODE, OPERATOR, PROJECT, Stage};
use crate::exit::Exit;

pub(super) fn project(stage: &mut Stage) -> Result<(), DemoError> {
    stage.cam(&["new", PROJECT], Exit::Done, &["created counter/"])?;
    stage.tell("$ cd counter");
    stage.go(PROJECT);
    stage.cam(&["check"], Exit::Done, &["✓ Counter version 1"])?;
    stage.cam(&["test"], Exit::Done, &["all good"])?;
    let built = stage.cam(&["build"], Exit::Done, &["out/counter@1.camb"])?;
    let bytes = bytes_in(built.output());
    stage.measure("bytecode_bytes", bytes);
    Ok(())
}

pub(super) fn node(stage: &mut Stage) -> Result<(), DemoError> {
    let trust = |name: &str, key: &str, roles: &str| format!("{name}={key}={roles}");
    let said = stage.cam(&["key", "new", OPERATOR], Exit::Done, &[])?;
    let operator = trust(OPERATOR, said.word("ed25519:")?, "author,operator,client");
    let said = stage.cam(&["key", "new", CLIENT], Exit::Done, &[])?;
    let client = trust(CLIENT, said.word("ed25519:")?, "client");
    stage.tell("$ export CAM_KEY=ops");
    stage.cam_node(&["init", "../hall", "--trust", &operator, "--trust", &client])?;
    stage.start_node()?;
    add_node(stage)?;
    stage.cam(&["status", NODE], Exit::Done, &["(none)"])?;
    Ok(())
}

/// Gives the running node its name; its key stays pinned when it listens elsewhere.
pub(super) fn add_node(stage: &mut Stage) -> Result<(), DemoError> {
    let node = stage.named_node()?;
    let key = node.key.to_string();
    let address = node.address.as_str();
    let arguments = ["node", "add", NODE, "--url", address, "--key", &key];
    stage.cam(&arguments, Exit::Done, &[])?;
    Ok(())
}

pub(super) fn first_bundle(stage: &mut Stage) -> Result<(), DemoError> {
    let bundle = "out/counter@1.bundle";
    let made = stage.cam(&["bundle", "-m", "it begins"], Exit::Done, &[bundle])?;
    let bytes = bytes_in(made.output());
    stage.measure("first_bundle_bytes", bytes);
    stage.cam(&["sign", bundle], Exit::Done, &["signed by ops"])?;
    stage.cam(&["push", bundle, "--to", NODE], Exit::Done, &["applied"])?;
    Ok(())
}

pub(super) fn inputs(stage: &mut Stage) -> Result<(), DemoError> {
    for (input, output) in [("Incr", "Ok"), ("Incr", "Ok"), ("Read", "Sum(2)")] {
        stage.cam(&["send", NODE, PROJECT, input], Exit::Done, &[output])?;
    }
    stage.count = 2;
    stage.cam(&["query", NODE, PROJECT, "Read"], Exit::Done, &["Sum(2)"])?;
    stage.cam(&["state", NODE], Exit::Done, &["{ count: 2 }"])?;
    Ok(())
}

/// The number before `bytes` in what a command said.
pub(super) fn bytes_in(output: &str) -> Option<u64> {
    let words: Vec<_> = output.split_whitespace().collect();
    let pair = words.windows(2).find(|pair| pair[1] == "bytes")?;
    pair[0].parse().ok()
}
