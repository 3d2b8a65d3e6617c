//! `cam explain`: what the code of a message means.

use cam::trap::TrapReason;
use dsl::problem::catalogue;
use node::protocol::{Class, RefusalCode};

use crate::arguments::Explain;
use crate::exit::Exit;
use crate::failure::{Failure, named};
use crate::refused::code_name;
use crate::report::{Outcome, Report};
use crate::session;

/// One code with what can be said about it.
struct Entry {
    code: String,
    name: Option<&'static str>,
    meaning: &'static str,
    said_by: &'static str,
}

pub(super) fn run(arguments: &Explain) -> Outcome {
    let wanted = &arguments.code;
    let is_meant = |entry: &Entry| {
        entry.code.eq_ignore_ascii_case(wanted) || entry.name == Some(wanted.as_str())
    };
    let found = entries().find(is_meant).ok_or_else(|| Unknown {
        code: wanted.clone(),
    })?;
    let name = found.name.map_or(String::new(), |name| format!(" {name}"));
    let Entry {
        code,
        meaning,
        said_by,
        ..
    } = found;
    Ok(Report::new()
        .line(format!("{code}{name}: {meaning}"))
        .line(format!("said by {said_by}"))
        .field("code", code)
        .field("name", found.name)
        .field("meaning", meaning)
        .field("said_by", said_by))
}

/// Every code of the language, of the nodes, of this side, and of steps that stop.
fn entries() -> impl Iterator<Item = Entry> {
    let language = catalogue::ALL.iter().map(|code| Entry {
        code: code.name.to_owned(),
        name: None,
        meaning: code.meaning,
        said_by: "the compiler, about a source; nothing was built",
    });
    let nodes = RefusalCode::ALL.iter().map(|code| Entry {
        code: code_name(*code),
        name: code.name(),
        meaning: code.meaning().unwrap_or_default(),
        said_by: match code.class() {
            Class::Busy => "a node; nothing was changed, the same may succeed later",
            Class::Node => "a node in trouble: its operator must look",
            _ => "a node; nothing was changed",
        },
    });
    let ours = session::CODES.iter().map(|(code, name, meaning)| Entry {
        code: (*code).to_owned(),
        name: Some(name),
        meaning,
        said_by: "this side, about a conversation with a node",
    });
    let reasons = (0..=u8::MAX).filter_map(|code| TrapReason::from_code(code, 0));
    let traps = reasons.map(|reason| Entry {
        code: reason.name().to_owned(),
        name: None,
        meaning: trap_meaning(reason),
        said_by: "a machine whose step stopped; its state is what it was before",
    });
    language.chain(nodes).chain(ours).chain(traps)
}

fn trap_meaning(reason: TrapReason) -> &'static str {
    match reason {
        TrapReason::Overflow => "the result of a calculation does not fit in 64 bits",
        TrapReason::DivisionByZero => "a division or remainder by zero",
        TrapReason::Abort(_) => "the program said `abort`",
        TrapReason::OutOfFuel => "the step cost more than a step may",
        TrapReason::SizeLimit => "the new state, the output or a text is larger than it may be",
        _ => "the step could not go on",
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no code `{}`", named(code))]
struct Unknown {
    code: String,
}

impl Failure for Unknown {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn help(&self) -> Vec<String> {
        vec!["a code stands in brackets after `error`, for example `error[N303]`".to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_code_means_two_things() {
        let codes: BTreeSet<_> = entries().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), entries().count());
    }
}
