//! `cam explain`: what the code of a message means.

use cam::trap::TrapReason;
use dsl::problem::{Page, catalogue, page};
use node::protocol::{Class, RefusalCode};
use serde_json::json;

use crate::arguments::Explain;
use crate::exit::Exit;
use crate::failure::catalogue as catalogue_of_failures;
use crate::failure::{Code, Failure, named};
use crate::refused::code_name;
use crate::report::{Outcome, Report, table};
use crate::session;

/// What to do about a code that is not about a source, under a heading for each.
const ADVICE: &str = include_str!("explain/advice.md");

/// One code with what can be said about it.
struct Entry {
    code: String,
    name: Option<&'static str>,
    meaning: &'static str,
    said_by: &'static str,
    page: Page,
}

pub(super) fn run(arguments: &Explain) -> Outcome {
    let Some(wanted) = &arguments.code else {
        return Ok(list());
    };
    // The specification writes the numbers of nodes bare.
    let of_node = format!("N{wanted}");
    let is_meant = |entry: &Entry| {
        entry.code.eq_ignore_ascii_case(wanted)
            || entry.code == of_node
            || entry.name == Some(wanted.as_str())
    };
    let found = entries().find(is_meant).ok_or_else(|| Unknown {
        code: wanted.clone(),
    })?;
    Ok(report(&found))
}

/// Every code in a line.
fn list() -> Report {
    let line = |entry: &Entry| vec![entry.code.clone(), entry.meaning.to_owned()];
    let object =
        |entry: &Entry| json!({"code": entry.code, "name": entry.name, "meaning": entry.meaning});
    let entries: Vec<_> = entries().collect();
    let rows: Vec<_> = entries.iter().map(line).collect();
    Report::new()
        .text(table(&rows))
        .field("codes", entries.iter().map(object).collect::<Vec<_>>())
        .next("cam explain CODE")
}

fn report(entry: &Entry) -> Report {
    let Entry {
        code,
        name,
        meaning,
        said_by,
        page,
    } = entry;
    let shown_name = name.map_or(String::new(), |name| format!(" {name}"));
    let mut report = Report::new()
        .line(format!("{code}{shown_name}: {meaning}"))
        .line(format!("said by {said_by}"))
        .line("")
        .line(folded(page.about));
    for (title, example) in [("Wrong:", page.wrong), ("Right:", page.right)] {
        let Some(example) = example else { continue };
        report = report.line("").line(title);
        for line in example.lines() {
            report = report.line(format!("    {line}").trim_end());
        }
    }
    report
        .field("code", code)
        .field("name", name)
        .field("meaning", meaning)
        .field("said_by", said_by)
        .field("about", page.about)
        .field("wrong", page.wrong)
        .field("right", page.right)
}

/// A paragraph in lines that fit on any screen.
fn folded(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("it began with one");
        if !last.is_empty() && last.chars().count() + word.chars().count() >= COLUMNS {
            lines.push(word.to_owned());
            continue;
        }
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(word);
    }
    lines.join("\n")
}

/// Columns of a paragraph.
const COLUMNS: usize = 90;

/// What the advice says about a code.
fn advised(code: &str) -> Page {
    let mut sections = ADVICE.split("\n## ").skip(1);
    let about = sections.find_map(|section| section.strip_prefix(code)?.strip_prefix('\n'));
    Page {
        about: about.unwrap_or_default().trim(),
        wrong: None,
        right: None,
    }
}

/// Every code of the language, of the nodes, of this side, and of steps that stop.
fn entries() -> impl Iterator<Item = Entry> {
    let language = catalogue::ALL.iter().map(|code| Entry {
        code: code.name.to_owned(),
        name: None,
        meaning: code.meaning,
        said_by: match code.name.starts_with('R') {
            true => "the compiler, about what a source does when it is run; nothing was changed",
            false => "the compiler, about a source; nothing was built",
        },
        page: page(*code).unwrap_or(advised("")),
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
        page: advised(&code_name(*code)),
    });
    let ours = session::CODES.iter().map(|(code, name, meaning)| Entry {
        code: (*code).to_owned(),
        name: Some(name),
        meaning,
        said_by: "this side, about a conversation with a node",
        page: advised(code),
    });
    let own = catalogue_of_failures::CODES
        .iter()
        .map(|(code, meaning)| Entry {
            code: (*code).to_owned(),
            name: None,
            meaning,
            said_by: "this side, about what it was asked",
            page: advised(code),
        });
    let reasons = (0..=u8::MAX).filter_map(|code| TrapReason::from_code(code, 0));
    let traps = reasons.map(|reason| Entry {
        code: reason.name().to_owned(),
        name: None,
        meaning: trap_meaning(reason),
        said_by: "a machine whose step stopped; its state is what it was before",
        page: advised(reason.name()),
    });
    language.chain(nodes).chain(ours).chain(own).chain(traps)
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

    fn code(&self) -> Code {
        "F501".into()
    }

    fn help(&self) -> Vec<String> {
        vec![
            "a code stands in brackets after `error`, for example `error[N303]`; `cam explain` lists all"
                .to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_says_what_to_do() {
        for entry in entries() {
            assert!(entry.page.about.len() > 40, "{} has no page", entry.code);
        }
        let advised = ADVICE.matches("\n## ").count();
        let known = entries().filter(|entry| !entry.said_by.starts_with("the compiler"));
        assert_eq!(
            advised,
            known.count(),
            "advice about a code that nobody says"
        );
    }

    #[test]
    fn no_code_means_two_things() {
        let codes: BTreeSet<_> = entries().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), entries().count());
    }
}
