//! Scripts: what happened in a run, so that it can happen again, be made shorter, and be read.

use std::sync::Arc;

use cam::schema::{Schema, Stamp};
use cam::value::Value;

use crate::compile::Compiled;
use crate::play::{Answered, Broken, Play, Stuck};
use crate::problem::Problem;
use crate::value::{print, quote};

/// All that a run was made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Script {
    /// The version it starts in, if that is not the one of the source.
    pub(super) from: Option<u32>,
    pub(super) events: Vec<Event>,
}

/// One thing that happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Event {
    /// An input.
    Send(Sent),
    /// The version of the source takes over.
    Upgrade,
}

/// An input with everything that comes with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sent {
    /// The version whose client speaks.
    pub(super) client: u32,
    pub(super) at_ms: i64,
    pub(super) from: Arc<str>,
    pub(super) input: Value,
}

impl Event {
    /// Lets it happen; an upgrade has no answer.
    pub(super) fn happen(&self, play: &mut Play<'_>) -> Result<Option<Answered>, Stuck> {
        match self {
            Event::Upgrade => play.upgrade().map(|()| None),
            Event::Send(sent) => {
                play.context.sequence += 1;
                play.context.at_ms = sent.at_ms;
                play.context.from = Arc::clone(&sent.from);
                play.send(sent.client, sent.input.clone()).map(Some)
            }
        }
    }
}

impl Script {
    /// What is wrong with the machine, if this shows it; the events after that are cut off. What it costs is taken from
    /// `fuel`.
    pub(super) fn replay(&mut self, compiled: &Compiled, fuel: &mut u64) -> Option<Broken> {
        let mut play = match Play::start(compiled, self.from) {
            Ok(play) => play,
            Err(stuck) => {
                self.events.clear();
                return broken(stuck);
            }
        };
        for (index, event) in self.events.iter().enumerate() {
            let happened = event.happen(&mut play);
            *fuel = fuel.saturating_sub(play.fuel_used.max(EVENT_FUEL));
            if let Err(stuck) = happened {
                self.events.truncate(index + 1);
                return broken(stuck);
            }
        }
        None
    }

    /// The problem, with the state in which it was found.
    pub(super) fn with_state(&self, compiled: &Compiled, problem: Problem) -> Problem {
        let Ok(mut play) = Play::start(compiled, self.from) else {
            return problem;
        };
        for event in &self.events {
            if event.happen(&mut play).is_err() {
                break;
            }
        }
        let schema = play.program().schema();
        let state = print(&schema.shapes, schema.state, play.state());
        problem.noting(format!("the state is `{state}`"))
    }

    /// As a trace of the language, with `title`.
    pub(super) fn trace(&self, compiled: &Compiled, title: &str) -> String {
        let mut text = String::from("trace ");
        quote(&mut text, title);
        if let Some(version) = self.from {
            text.push_str(&format!(" from {version}"));
        }
        text.push_str(" {\n");
        if let Ok(mut play) = Play::start(compiled, self.from) {
            for event in &self.events {
                text.push_str(&line(compiled, event, &mut play));
            }
        }
        text.push_str("}\n");
        text
    }
}

/// What an event costs besides its step.
const EVENT_FUEL: u64 = 1_000;

fn broken(stuck: Stuck) -> Option<Broken> {
    match stuck {
        Stuck::Broken(broken) => Some(broken),
        _ => None, // the script asks for what there is not
    }
}

fn line(compiled: &Compiled, event: &Event, play: &mut Play<'_>) -> String {
    let running = Arc::clone(play.program());
    let happened = event.happen(play);
    let Event::Send(sent) = event else {
        return "  upgrade\n".to_owned();
    };
    let spoken = schema(compiled, sent.client);
    let mut text = String::from("  ");
    if sent.client != running.schema().version {
        text.push_str(&format!("v{}", sent.client));
    }
    text.push_str("> ");
    text.push_str(&print(&spoken.shapes, spoken.input, &sent.input));
    let stamps = &running.schema().stamps;
    if stamps.contains(&Stamp::At) {
        text.push_str(&format!(" at {}", sent.at_ms));
    }
    if stamps.contains(&Stamp::From) {
        text.push_str(" as ");
        quote(&mut text, &sent.from);
    }
    match happened {
        Ok(Some(Answered::Fault(_) | Answered::Unadapted(_))) => text.push_str(" = fault"),
        Ok(Some(Answered::Retired)) => text.push_str(" = retired"),
        Ok(Some(Answered::Output(output))) => {
            let output = print(&spoken.shapes, spoken.output, &output);
            if output.len() <= SHOWN_ANSWER_BYTES {
                text.push_str(&format!(" // {output}"));
            }
        }
        _ => {}
    }
    text.push('\n');
    text
}

/// A longer answer is left out of the comment it would stand in.
const SHOWN_ANSWER_BYTES: usize = 60;

/// The interface that clients of a version speak.
pub(crate) fn schema(compiled: &Compiled, version: u32) -> &Schema {
    match compiled.history().get(version) {
        Some(schema) if version != compiled.schema().version => schema,
        _ => compiled.schema(),
    }
}
