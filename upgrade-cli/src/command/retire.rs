//! `cam retire`: the clients of an older version are served no longer.

use node::protocol::{Request, RequestKind, Response};

use super::Context;
use super::state::machine_or_only;
use super::trial::{life, served_line};
use crate::arguments::Retire;
use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::report::{Outcome, Report};

pub(super) fn run(context: &Context, arguments: &Retire) -> Outcome {
    let session = context.session(&arguments.on.node, &arguments.speak, RequestKind::Retire)?;
    let (node, version) = (&arguments.on.node, arguments.version);
    let machine = machine_or_only(&session, arguments.on.machine.as_deref())?;
    let served = life(&session, &machine)?.served;
    let last = served
        .iter()
        .rposition(|served| served.machine_version == version);
    let Some(last) = last else {
        return Err(NotServed {
            machine,
            node: node.clone(),
            version,
            there: served.iter().map(|served| served.machine_version).collect(),
        }
        .into());
    };
    let request = Request::Retire {
        machine: machine.clone(),
        program: served[last].program,
        reason: arguments.because.reason.clone(),
    };
    let Response::Retired { .. } = session.request(&request)? else {
        return Err(session.strange(RequestKind::Retire).into());
    };
    let report = Report::new().line(format!(
        "retired: `{machine}` on {node} serves version {version}, and what is older, no longer"
    ));
    let gone = served[..=last].iter().map(served_line);
    let versions: Vec<_> = served[..=last]
        .iter()
        .map(|served| served.machine_version)
        .collect();
    Ok(gone
        .fold(report, Report::line)
        .field("node", node)
        .field("machine", machine)
        .field("result", "retired")
        .field("versions", versions))
}

/// Nothing to retire.
#[derive(Debug, thiserror::Error)]
#[error("`{machine}` on {node} serves no clients of version {version} beside its own")]
struct NotServed {
    machine: String,
    node: String,
    version: u32,
    there: Vec<u32>,
}

impl Failure for NotServed {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn code(&self) -> Code {
        "F351".into()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let there: Vec<_> = self.there.iter().map(u32::to_string).collect();
        match there.is_empty() {
            true => Vec::new(),
            false => vec![("there are", there.join(", "))],
        }
    }
}
