//! Properties of machines and of their upgrades in Rust, over proptest: strategies for states, inputs and sessions of
//! every version, and assertions for what an upgrade should keep.
//!
//! It needs the feature `proptest`. A team puts its own properties into `cargo test` with it, beside those that stand in
//! the machine; failing cases shrink, and are printed as the language writes them.
//!
//! ```
//! use dsl::property::Subject;
//! use proptest::prelude::*;
//!
//! let counter = Subject::new(
//!     include_str!("../../examples/counter/src/counter.cam"),
//!     &[include_bytes!("../../examples/counter/history/counter@1.camb")],
//! )
//! .unwrap();
//!
//! // What `cam test` asks as well, on other chances: all claims, all along, through the upgrade.
//! proptest!(|(session in counter.sessions(1, 0..20), moment in 0_usize..20)| {
//!     counter.holds_through(1, &session, moment)?;
//! });
//!
//! // Old clients notice nothing, in any state that the old version can reach.
//! proptest!(|(state in counter.states(1), sent in counter.inputs(1))| {
//!     counter.round_trip(1, &state)?;
//!     counter.unnoticed(1, &state, &sent)?;
//! });
//!
//! // A property of our own: a counter that was reset shows nothing.
//! let reset = counter.input(2, "Reset").unwrap();
//! let read = counter.input(2, "Read").unwrap();
//! proptest!(|(state in counter.states(2))| {
//!     let (state, _) = counter.step(2, &state, &reset).unwrap();
//!     let (_, answer) = counter.step(2, &state, &read).unwrap();
//!     prop_assert_eq!(answer.to_string(), "Sum(0)");
//! });
//! ```

mod strategy;

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use cam::instance::{Context, Instance};
use cam::schema::{Schema, ShapeId};
use cam::trap::Trap;
use cam::value::Value;
use cam::verify::Program;
use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::TestCaseError;

use crate::broken;
use crate::compile::{Compiled, compile};
use crate::history::History;
use crate::play::{Broken, Play, Stuck};
use crate::simulate::schema;
use crate::source::Source;
use crate::square::{Sample, Way};
use crate::trace::described;
use crate::value::{parse, print};
use strategy::Strategies;

/// A machine with its released versions, to be tested.
#[derive(Clone, Debug)]
pub struct Subject {
    compiled: Arc<Compiled>,
    source: Source,
}

/// A value of one version. It is shown as the language writes it, by a failing test too.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    value: Value,
    text: String,
}

/// An input, with when it is sent and by whom.
#[derive(Clone, PartialEq, Eq)]
pub struct Sent {
    /// The input.
    pub input: Shown,
    /// Milliseconds after the input before it.
    pub pause_ms: i64,
    /// Who sends it.
    pub from: Arc<str>,
}

/// Inputs one after the other, from the first state on.
#[derive(Clone, PartialEq, Eq)]
pub struct Session(pub Vec<Sent>);

/// What a test says when it fails.
pub type Proved = Result<(), TestCaseError>;

impl Subject {
    /// The machine of a source, with the bytecode of the versions before it, oldest first.
    ///
    /// # Errors
    /// What is wrong with the source or the bytecode, to be read.
    pub fn new(source: &str, history: &[&[u8]]) -> Result<Subject, String> {
        let mut released = History::new();
        for bytes in history {
            let bytecode = cam::decode::module(bytes).map_err(|error| error.to_string())?;
            let program = cam::verify::machine(bytecode).map_err(|error| error.to_string())?;
            released.release(Arc::new(program));
        }
        let source = Source::new("source", source).map_err(|error| error.to_string())?;
        match compile(&source, &released) {
            Ok(compiled) => Ok(Subject {
                compiled: Arc::new(compiled),
                source,
            }),
            Err(problems) => Err(problems.render(&source, false)),
        }
    }

    /// What was compiled.
    #[must_use]
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// An input of a version as the language writes it, sent by `alice` at once.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn input(&self, version: u32, text: &str) -> Result<Sent, String> {
        let schema = self.schema(version);
        let source = Source::new("input", text).map_err(|error| error.to_string())?;
        let value = parse(&source, &schema.shapes, schema.input);
        let value = value.map_err(|problems| problems.render(&source, false))?;
        Ok(Sent {
            input: Shown::of(schema, schema.input, value),
            pause_ms: 0,
            from: "alice".into(),
        })
    }

    /// Inputs of a version, of every constructor.
    pub fn inputs(&self, version: u32) -> BoxedStrategy<Sent> {
        let schema = self.schema(version).clone();
        let strategies = Strategies::of(&self.compiled);
        let values = strategies.value(&schema.shapes, schema.input);
        (values, strategies.pause(), strategies.sender())
            .prop_map(move |(value, pause_ms, from)| Sent {
                input: Shown::of(&schema, schema.input, value),
                pause_ms,
                from,
            })
            .boxed()
    }

    /// Sessions with a version, of so many inputs.
    pub fn sessions(&self, version: u32, lengths: Range<usize>) -> BoxedStrategy<Session> {
        proptest::collection::vec(self.inputs(version), lengths)
            .prop_map(Session)
            .boxed()
    }

    /// States that a version can reach, by sessions from its first state.
    pub fn states(&self, version: u32) -> BoxedStrategy<Shown> {
        let subject = self.clone();
        self.sessions(version, 0..SESSION_MAX)
            .prop_map(move |session| subject.reached(version, &session))
            .boxed()
    }

    /// States by their type alone, whether the version can reach them or not.
    pub fn states_by_type(&self, version: u32) -> BoxedStrategy<Shown> {
        let schema = self.schema(version).clone();
        let strategies = Strategies::of(&self.compiled);
        strategies
            .value(&schema.shapes, schema.state)
            .prop_map(move |value| Shown::of(&schema, schema.state, value))
            .boxed()
    }

    /// Where a session leads; a step that stops has not happened.
    #[must_use]
    pub fn reached(&self, version: u32, session: &Session) -> Shown {
        let program = self.program(version);
        let schema = program.schema();
        let value = match Instance::start(Arc::clone(program)) {
            Ok(mut instance) => {
                for (context, sent) in session.timed() {
                    // A step that stops changes nothing, and a session goes on after it.
                    let _ = instance.step(&context, sent.input.value.clone());
                }
                instance.state()
            }
            Err(_) => Value::unit(), // there is no state at all; every assertion says so
        };
        Shown::of(schema, schema.state, value)
    }

    /// One step of a version: the state it leads to, and the answer.
    ///
    /// # Errors
    /// Why it stops.
    ///
    /// # Panics
    /// If the state is none of that version.
    pub fn step(&self, version: u32, state: &Shown, sent: &Sent) -> Result<(Shown, Shown), Trap> {
        let program = self.program(version);
        let schema = program.schema();
        let instance = Instance::resume(Arc::clone(program), state.value.clone());
        let mut instance = instance.expect("the state is of the version that it is given to");
        let answer = instance.step(&sent.context(1), sent.input.value.clone())?;
        Ok((
            Shown::of(schema, schema.state, instance.state()),
            Shown::of(schema, schema.output, answer.output),
        ))
    }

    /// All claims hold in every step of a session with the version of the source.
    ///
    /// # Errors
    /// The claim that does not.
    pub fn holds(&self, session: &Session) -> Proved {
        self.play(None, session, usize::MAX)
    }

    /// All claims hold in a session that starts in an older version and is upgraded before input number `moment`, or
    /// after the last one: in each step after that and in the upgrade. Inputs that the new version does not understand are passed over.
    ///
    /// # Errors
    /// The claim that does not hold; or the migration stops, or the way back does not lead back.
    pub fn holds_through(&self, from: u32, session: &Session, moment: usize) -> Proved {
        self.play(Some(from), session, moment)
    }

    fn play(&self, from: Option<u32>, session: &Session, moment: usize) -> Proved {
        let played = |stuck: Result<(), Stuck>| stuck.or_else(|stuck| self.failed(from, &stuck));
        let mut play = match Play::start(&self.compiled, from) {
            Ok(play) => play,
            Err(stuck) => return self.failed(from, &stuck),
        };
        let client = from.unwrap_or(self.compiled.schema().version);
        let moment = from.map(|_| moment.min(session.0.len()));
        for (index, (context, sent)) in session.timed().enumerate() {
            if moment == Some(index) {
                played(play.upgrade())?;
            }
            play.context = context;
            match play.send(client, sent.input.value.clone()) {
                Ok(_) | Err(Stuck::NoAdapter(_)) => {}
                Err(stuck) => self.failed(from, &stuck)?,
            }
        }
        if moment == Some(session.0.len()) {
            played(play.upgrade())?;
        }
        Ok(())
    }

    /// All invariants hold of a state of the version of the source.
    ///
    /// # Errors
    /// The invariant that does not hold.
    pub fn invariants(&self, state: &Shown) -> Proved {
        let played = Play::start(&self.compiled, None);
        let played = played.and_then(|mut play| play.given(state.value.clone()));
        played.or_else(|stuck| self.failed(None, &stuck))
    }

    /// The migration takes a state of an older version, and the way back, if there is one, gives it again.
    ///
    /// # Errors
    /// If it does not.
    pub fn round_trip(&self, from: u32, state: &Shown) -> Proved {
        let played = Play::start(&self.compiled, Some(from));
        let played = played.and_then(|mut play| {
            play.given(state.value.clone())?;
            play.upgrade()
        });
        played.or_else(|stuck| self.failed(Some(from), &stuck))
    }

    /// An old client is told the same before and after the upgrade.
    ///
    /// # Errors
    /// What it is told instead.
    pub fn unnoticed(&self, from: u32, state: &Shown, sent: &Sent) -> Proved {
        self.ways(from, state, sent).map(|_| ())
    }

    /// The square commutes: an old client is told the same before and after the upgrade, and both ways lead to one state.
    /// An upgrade that remembers when it came keeps the answers ([`Subject::unnoticed`]) and not the state.
    ///
    /// # Errors
    /// What differs.
    pub fn square(&self, from: u32, state: &Shown, sent: &Sent) -> Proved {
        let (old, new) = self.ways(from, state, sent)?;
        if old.state == new.state {
            return Ok(());
        }
        let schema = self.compiled.schema();
        let [old, new] = [old.state, new.state].map(|state| match state {
            Some(state) => print(&schema.shapes, schema.state, &state),
            None => "no state".to_owned(),
        });
        let message = format!("step and upgrade lead to {old}, upgrade and step to {new}");
        Err(TestCaseError::fail(message))
    }

    /// Both ways, if they answer the same.
    fn ways(&self, from: u32, state: &Shown, sent: &Sent) -> Result<(Way, Way), TestCaseError> {
        let sample = Sample::of(&self.compiled, from).map_err(|why| {
            TestCaseError::fail(format!("version {from} cannot be compared: {why:?}"))
        })?;
        let ways = sample.ways(&state.value, &sent.context(1), &sent.input.value);
        let Some((old, Some(new))) = ways else {
            return Err(TestCaseError::fail(
                "the migration has no new state for this one",
            ));
        };
        if old.told.is_like(&new.told) {
            return Ok((old, new));
        }
        let schema = self.schema(from);
        let [old, new] = [&old.told, &new.told].map(|told| told.shown(schema));
        let message = format!("the old version answers {old}, the new one {new}");
        Err(TestCaseError::fail(message))
    }

    fn failed(&self, from: Option<u32>, stuck: &Stuck) -> Proved {
        let message = match stuck {
            Stuck::Broken(broken) => self.rendered(from, broken),
            Stuck::NoInit(trap) => format!("the first state cannot be made: {}", described(*trap)),
            Stuck::Strange => "the state is none of this version".to_owned(),
            Stuck::NoProgram(version) | Stuck::NoWay(version) | Stuck::NoAdapter(version) => {
                format!("nothing leads from version {version} to this one")
            }
        };
        Err(TestCaseError::fail(message))
    }

    fn rendered(&self, from: Option<u32>, broken: &Broken) -> String {
        let problem = broken::problem(&self.compiled, from, broken);
        format!("{}\n{}", problem.title, problem.render(&self.source, false))
    }

    fn schema(&self, version: u32) -> &Schema {
        schema(&self.compiled, version)
    }

    /// The program of a version; that of the source for all that are not in the history.
    fn program(&self, version: u32) -> &Arc<Program> {
        let history = self.compiled.history();
        let own = self.compiled.program();
        let released = history.program(version);
        released
            .filter(|_| version != own.schema().version)
            .unwrap_or(own)
    }
}

/// Inputs of the sessions that lead to states. Longer ones are slow, and lead to few states that shorter ones do not.
const SESSION_MAX: usize = 24;

impl Session {
    fn timed(&self) -> impl Iterator<Item = (Context, &Sent)> {
        let mut at_ms = 0_i64;
        self.0.iter().zip(1..).map(move |(sent, sequence)| {
            at_ms = at_ms.saturating_add(sent.pause_ms);
            let mut context = sent.context(sequence);
            context.at_ms = at_ms;
            (context, sent)
        })
    }
}

impl Sent {
    fn context(&self, sequence: i64) -> Context {
        Context {
            at_ms: self.pause_ms,
            from: Arc::clone(&self.from),
            sequence,
        }
    }
}

impl Shown {
    fn of(schema: &Schema, shape: ShapeId, value: Value) -> Shown {
        Shown {
            text: print(&schema.shapes, shape, &value),
            value,
        }
    }
}

impl Deref for Shown {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "> {} as {:?}, {} ms later",
            self.input, self.from, self.pause_ms
        )
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sent in &self.0 {
            write!(f, "\n  {sent:?}")?;
        }
        Ok(())
    }
}
