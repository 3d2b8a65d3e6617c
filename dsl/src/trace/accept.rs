//! Accepting: what the lines of a trace answer is written where something else was expected.
//!
//! Inputs, stamps and checks stay as they are. A trace that goes wrong in another way is accepted up to there.

use std::collections::BTreeMap;

use super::run::Run;
use crate::ast::{self, ItemKind, MemberKind};
use crate::compile::Compiled;
use crate::format;
use crate::play::Answered;
use crate::problem::Edit;
use crate::source::{Source, Span};
use crate::typed::{Trace, TraceLineKind};

/// A source whose traces expect what the machine answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// The whole of it, laid out if it was laid out before.
    pub text: String,
    /// The lines that are others now, in the order of the source.
    pub changes: Vec<Change>,
}

/// A line of a trace that expects something else now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Its number in the source as it was, from 1.
    pub line: usize,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub after: String,
}

/// Writes what the machine answers into the traces that expect something else; none if there is nothing to write.
#[must_use]
pub fn accept(compiled: &Compiled, source: &Source) -> Option<Accepted> {
    let edits = edits(compiled, source);
    let mut text = source.text().to_owned();
    for edit in edits.iter().rev() {
        text.replace_range(edit.span.range(), &edit.text);
    }
    let (_, problems) = crate::parse::module(&Source::new(source.name(), text.as_str()).ok()?);
    if edits.is_empty() || problems.has_errors() {
        return None;
    }
    Some(Accepted {
        text: format::after_change(source, text),
        changes: edits.iter().map(|edit| change(source, edit)).collect(),
    })
}

/// The answers that are others than expected, in the order of the source.
fn edits(compiled: &Compiled, source: &Source) -> Vec<Edit> {
    let places = places(source);
    let traces = compiled.machine().traces.iter();
    let mut edits: Vec<Edit> = traces
        .flat_map(|trace| of_trace(compiled, trace, &places))
        .collect();
    edits.sort_by_key(|edit| edit.span);
    edits
}

fn change(source: &Source, edit: &Edit) -> Change {
    let whole = source.lines_around(edit.span);
    let before = source.slice(Span::new(whole.start, edit.span.start));
    let after = source.slice(Span::new(edit.span.end, whole.end));
    Change {
        line: source.position(edit.span.start).line,
        before: source.slice(whole).trim().to_owned(),
        after: format!("{before}{}{after}", edit.text).trim().to_owned(),
    }
}

/// What each line of a trace expects, by the place of the line. A typed line keeps no place for `fault`.
type Places = BTreeMap<Span, Option<Span>>;

fn places(source: &Source) -> Places {
    let (module, _) = crate::parse::module(source);
    let machines = module.items.into_iter().filter_map(|item| match item.kind {
        ItemKind::Machine(machine) => Some(machine),
        _ => None,
    });
    let members = machines.flat_map(|machine| machine.members);
    let lines = members.flat_map(|member| match member.kind {
        MemberKind::Trace(trace) => trace.lines,
        _ => Vec::new(),
    });
    let sent = lines.filter_map(|line| match line.kind {
        ast::TraceLineKind::Send { expected, .. } => {
            Some((line.span, expected.map(|expected| expected.span)))
        }
        _ => None,
    });
    sent.collect()
}

fn of_trace(compiled: &Compiled, trace: &Trace, places: &Places) -> Vec<Edit> {
    let mut edits = Vec::new();
    let Ok(mut run) = Run::begin(compiled, trace) else {
        return edits;
    };
    for line in &trace.lines {
        let TraceLineKind::Send {
            client,
            input,
            stamps,
            expected,
        } = &line.kind
        else {
            match run.line(line) {
                Ok(()) => continue,
                Err(_) => break,
            }
        };
        let Ok(answered) = run.answer(*client, *input, stamps, line.span) else {
            break;
        };
        let expected = expected.as_ref();
        let is_right = run.judge(&answered, expected, *client, line.span).is_ok();
        if is_right {
            continue;
        }
        let answer = match &answered {
            Answered::Output(output) => run.output(*client, output),
            Answered::Fault(_) | Answered::Unadapted(_) => "fault".to_owned(),
            Answered::Retired => "retired".to_owned(),
        };
        edits.push(match places.get(&line.span).copied().flatten() {
            Some(span) => Edit { span, text: answer },
            None => Edit {
                span: line.span.after(),
                text: format!(" = {answer}"),
            },
        });
    }
    edits
}
