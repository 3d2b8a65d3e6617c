//! From a run that shows a mistake to the shortest one that still does, after Zeller and Hildebrandt, "Simplifying and
//! isolating failure-inducing input" (2002). Every input is possible in every state, so any of them may be left out.

use std::sync::Arc;

use cam::instance::Context;

use super::script::{Event, Script, Sent, schema};
use super::simpler::simpler;
use crate::compile::Compiled;
use crate::play::Broken;

/// Fuel for all that is played again: some seconds. A run of a minute's work is not worth an hour's.
const FUEL_MAX: u64 = 1_000_000_000;

/// A script that is made smaller as long as it shows the same mistake.
struct Shrinking<'a> {
    compiled: &'a Compiled,
    broken: &'a Broken,
    script: Script,
    left: u64,
}

/// The smallest script found that shows the mistake of this one.
pub(super) fn shrink(compiled: &Compiled, script: Script, broken: &Broken) -> Script {
    let mut shrinking = Shrinking {
        compiled,
        broken,
        script,
        left: FUEL_MAX,
    };
    shrinking.start_later();
    loop {
        let before = shrinking.script.clone();
        shrinking.leave_out();
        shrinking.simplify();
        if shrinking.script == before || shrinking.left == 0 {
            return shrinking.script;
        }
    }
}

impl Shrinking<'_> {
    /// Takes a candidate up if it shows the same mistake.
    fn try_out(&mut self, mut candidate: Script) -> bool {
        if self.left == 0 {
            return false;
        }
        let shown = candidate.replay(self.compiled, &mut self.left);
        let is_same = shown.is_some_and(|shown| shown.is_like(self.broken));
        if is_same {
            self.script = candidate;
        }
        is_same
    }

    /// Perhaps it takes no upgrade.
    fn start_later(&mut self) {
        let events = &self.script.events;
        if let Some(place) = events.iter().position(|event| *event == Event::Upgrade) {
            let events = events[place + 1..].to_vec();
            self.try_out(Script { from: None, events });
        }
    }

    /// Leaves out runs of events, long ones first.
    fn leave_out(&mut self) {
        let mut length = self.script.events.len();
        while length > 0 {
            let mut start = 0;
            while start < self.script.events.len() {
                let mut candidate = self.script.clone();
                let end = (start + length).min(candidate.events.len());
                candidate.events.drain(start..end);
                if !self.try_out(candidate) {
                    start += length;
                }
            }
            length /= 2;
        }
    }

    /// Makes what is in the events smaller, one after the other.
    fn simplify(&mut self) {
        let mut index = 0;
        while index < self.script.events.len() {
            while self.simplify_one(index) {}
            index += 1;
        }
    }

    /// Whether one part of an event has become smaller.
    fn simplify_one(&mut self, index: usize) -> bool {
        let Some(Event::Send(sent)) = self.script.events.get(index).cloned() else {
            return false;
        };
        let schema = schema(self.compiled, sent.client);
        let mut variants = Vec::new();
        for input in simpler(&schema.shapes, schema.input, &sent.input) {
            let mut simple = sent.clone();
            simple.input = input;
            variants.push(simple);
        }
        variants.extend(self.adapted(&sent));
        let earlier = self.time_before(index);
        let pause = sent.at_ms - earlier;
        for shorter in [0, pause / 2, pause - pause / 4, pause - 1] {
            if shorter >= 0 && shorter < pause {
                let mut simple = sent.clone();
                simple.at_ms = earlier + shorter;
                variants.push(simple);
            }
        }
        if &*sent.from != FIRST_SENDER {
            let mut simple = sent.clone();
            simple.from = Arc::from(FIRST_SENDER);
            variants.push(simple);
        }
        variants.into_iter().any(|simple| {
            let mut candidate = self.script.clone();
            candidate.events[index] = Event::Send(simple);
            self.try_out(candidate)
        })
    }

    /// The same from a client of the version of the source, if an adapter makes it so.
    fn adapted(&self, sent: &Sent) -> Option<Sent> {
        let own = self.compiled.schema().version;
        let upgrade = self.compiled.upgrade_from(sent.client)?;
        let context = Context {
            at_ms: sent.at_ms,
            from: Arc::clone(&sent.from),
            ..Context::default()
        };
        let input = upgrade.migration.adapt_input(&context, sent.input.clone());
        let input = input?.ok()?;
        Some(Sent {
            client: own,
            input,
            ..sent.clone()
        })
    }

    fn time_before(&self, index: usize) -> i64 {
        let before = self.script.events[..index].iter().rev();
        let mut times = before.filter_map(|event| match event {
            Event::Send(sent) => Some(sent.at_ms),
            Event::Upgrade => None,
        });
        times.next().unwrap_or(0)
    }
}

/// Who sends where it does not matter who.
const FIRST_SENDER: &str = "alice";
