//! One trace, line by line.

use cam::instance::Context;
use cam::schema::{Schema, ShapeId, Stamp};
use cam::trap::{Trap, TrapReason};
use cam::value::Value;

use crate::broken;
use crate::compile::{self, Compiled};
use crate::fault::Fault;
use crate::play::{Answered, Play, Stuck};
use crate::problem::catalogue::{R001, R002, R003, R004, R005, R006};
use crate::problem::{Code, Problem};
use crate::source::Span;
use crate::typed::{Expected, ExprId, Local, Machine, Trace, TraceLine, TraceLineKind};
use crate::{translate, value};

/// What went wrong; a problem is large, and most lines are right.
type Ran<T> = Result<T, Box<Problem>>;

/// Runs the lines until one is not as it should be; `passed` counts those that are.
pub(super) fn lines(compiled: &Compiled, trace: &Trace, passed: &mut usize) -> Ran<()> {
    let mut run = Run::begin(compiled, trace)?;
    for line in &trace.lines {
        run.line(line)?;
        *passed += 1;
    }
    Ok(())
}

/// A session whose lines are those of a trace.
pub(crate) struct Run<'a> {
    compiled: &'a Compiled,
    /// The version before the upgrade.
    from: Option<u32>,
    pub(crate) play: Play<'a>,
}

impl<'a> Run<'a> {
    /// Where a trace begins.
    pub(super) fn begin(compiled: &'a Compiled, trace: &Trace) -> Ran<Run<'a>> {
        let from = trace.from;
        let play = Play::start(compiled, from)
            .map_err(|stuck| Box::new(stopped(compiled, from, &stuck, trace.span, true)))?;
        Ok(Run::new(compiled, from, play))
    }

    /// Goes on where the session is.
    pub(crate) fn new(compiled: &'a Compiled, from: Option<u32>, play: Play<'a>) -> Run<'a> {
        Run {
            compiled,
            from,
            play,
        }
    }

    pub(super) fn line(&mut self, line: &TraceLine) -> Ran<()> {
        match &line.kind {
            TraceLineKind::Send {
                client,
                input,
                stamps,
                expected,
            } => {
                let answered = self.answer(*client, *input, stamps, line.span)?;
                self.judge(&answered, expected.as_ref(), *client, line.span)
            }
            TraceLineKind::Check { state, condition } => self.check(*state, *condition),
            TraceLineKind::Given(state) => {
                let given = self.value(None, *state)?;
                let taken = self.play.given(given);
                taken.map_err(|stuck| self.stuck(&stuck, line.span))
            }
            TraceLineKind::Upgrade(stamps) => {
                self.told(stamps)?;
                let upgraded = self.play.upgrade();
                upgraded.map_err(|stuck| self.stuck(&stuck, line.span))
            }
        }
    }

    /// What comes back for an input.
    pub(super) fn answer(
        &mut self,
        client: u32,
        input: ExprId,
        stamps: &[(Stamp, ExprId)],
        line: Span,
    ) -> Ran<Answered> {
        self.stamp(stamps)?;
        let input = self.value(None, input)?;
        let answered = self.play.send(client, input);
        answered.map_err(|stuck| self.stuck(&stuck, line))
    }

    /// What a line does not say is what it was on the line before.
    pub(crate) fn stamp(&mut self, stamps: &[(Stamp, ExprId)]) -> Ran<()> {
        self.play.context.sequence += 1;
        self.told(stamps)
    }

    /// As `stamp`, where no step is counted.
    pub(crate) fn told(&mut self, stamps: &[(Stamp, ExprId)]) -> Ran<()> {
        for (stamp, expr) in stamps {
            let stamped = self.value(None, *expr)?;
            let context = &mut self.play.context;
            match (stamp, stamped) {
                (Stamp::At, Value::Int(at)) => context.at_ms = at,
                (Stamp::From, Value::Text(from)) => context.from = from,
                (Stamp::Sequence, Value::Int(sequence)) => context.sequence = sequence,
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn judge(
        &self,
        answered: &Answered,
        expected: Option<&Expected>,
        client: u32,
        line: Span,
    ) -> Ran<()> {
        match (answered, expected) {
            (Answered::Output(_), None)
            | (Answered::Fault(_) | Answered::Unadapted(_), Some(Expected::Fault))
            | (Answered::Retired, Some(Expected::Retired)) => Ok(()),
            (Answered::Output(output), Some(Expected::Output(expr))) => {
                let wanted = self.value(None, *expr)?;
                if *output == wanted {
                    return Ok(());
                }
                let [found, wanted] = [output, &wanted].map(|value| self.output(client, value));
                let at = self.machine().terms.expr(*expr).span;
                let title = format!("the answer is `{found}`, not `{wanted}`");
                Err(self.with_state(problem(R001, at, title).saying(format!("answered `{found}`"))))
            }
            (Answered::Output(output), Some(Expected::Fault | Expected::Retired)) => {
                let found = self.output(client, output);
                let title = format!("the step went through and answered `{found}`");
                Err(self.with_state(problem(R004, line, title)))
            }
            (Answered::Fault(trap), _) => {
                let title = format!("the step stopped: {}", described(*trap));
                let mut problem =
                    problem(R003, line, title).helping("`= fault` expects a step to stop");
                if let Some(at) = self.stopped_at(trap) {
                    problem = problem.pointing_at(at, "here");
                }
                Err(self.with_state(problem))
            }
            (Answered::Unadapted(trap), _) => {
                let title = format!("an adapter stopped: {}", described(*trap));
                let problem =
                    problem(R003, line, title).helping("`= fault` expects a step to stop");
                Err(self.with_state(problem))
            }
            (Answered::Retired, _) => {
                let problem = problem(R003, line, "the input is retired".to_owned())
                    .helping("`= retired` expects an old input to be refused");
                Err(self.with_state(problem))
            }
        }
    }

    /// Where the program stopped, if it is the one whose source this is.
    pub(crate) fn stopped_at(&self, trap: &Trap) -> Option<Span> {
        let is_own = self.play.is_own();
        is_own.then(|| self.compiled.stopped_at(trap)).flatten()
    }

    /// What the condition of a `check` comes to.
    pub(crate) fn checked(&self, state: Local, condition: ExprId) -> Ran<Value> {
        let schema = self.play.program().schema();
        let shape = self.shape_of_state(schema);
        self.value(Some((state, shape)), condition)
    }

    fn check(&self, state: Local, condition: ExprId) -> Ran<()> {
        if self.checked(state, condition)? == Value::bool(true) {
            return Ok(());
        }
        let at = self.machine().terms.expr(condition).span;
        let title = "this does not hold".to_owned();
        Err(self.with_state(problem(R002, at, title)))
    }

    fn stuck(&self, stuck: &Stuck, line: Span) -> Box<Problem> {
        let problem = stopped(self.compiled, self.from, stuck, line, false);
        match stuck {
            Stuck::Broken(_) => self.with_state(problem),
            _ => Box::new(problem),
        }
    }

    /// What an expression evaluates to; its one free name is the current state.
    pub(crate) fn value(&self, state: Option<(Local, ShapeId)>, expr: ExprId) -> Ran<Value> {
        let at = self.machine().terms.expr(expr).span;
        if let Some(value) = value::literal(&self.machine().terms, expr) {
            return Ok(value);
        }
        let argument = match state {
            Some(_) => self.play.state().clone(),
            None => Value::unit(),
        };
        let combinators = translate::expression(self.machine(), state, expr)
            .map_err(|refusal| compile::Failure::from(refusal).problem(at))?;
        let program = compile::migration(combinators).map_err(|failure| failure.problem(at))?;
        program
            .migrate_state(&Context::default(), argument)
            .map_err(|trap| {
                let title = format!("this stops instead of giving a value: {}", described(trap));
                problem(R005, at, title).into()
            })
    }

    fn machine(&self) -> &'a Machine {
        self.compiled.machine()
    }

    /// The state's shape among the machine's own; old shapes are there too.
    fn shape_of_state(&self, schema: &Schema) -> ShapeId {
        let mut shapes = self.machine().shapes.clone();
        shapes.import(&schema.shapes, schema.state)
    }

    /// An answer as the client of a version reads it.
    pub(crate) fn output(&self, client: u32, output: &Value) -> String {
        let schema = match self.compiled.history().get(client) {
            Some(schema) if client != self.compiled.schema().version => schema,
            _ => self.compiled.schema(),
        };
        value::print(&schema.shapes, schema.output, output)
    }

    fn with_state(&self, problem: Problem) -> Box<Problem> {
        let schema = self.play.program().schema();
        let state = value::print(&schema.shapes, schema.state, self.play.state());
        Box::new(problem.noting(format!("the state is `{state}`")))
    }
}

/// Why a session cannot go on, at the line where that was found.
pub(crate) fn problem_of(
    compiled: &Compiled,
    from: Option<u32>,
    stuck: &Stuck,
    at: Span,
) -> Problem {
    stopped(compiled, from, stuck, at, false)
}

/// Why a trace cannot go on, at the line where that was found.
fn stopped(
    compiled: &Compiled,
    from: Option<u32>,
    stuck: &Stuck,
    at: Span,
    is_start: bool,
) -> Problem {
    match stuck {
        Stuck::NoProgram(version) => {
            let title = format!("history has no program of version {version}");
            problem(R006, at, title)
        }
        Stuck::NoInit(trap) => {
            let title = format!("the first state cannot be made: {}", described(*trap));
            problem(R003, at, title)
        }
        Stuck::NoWay(version) => {
            let title = format!("nothing leads from version {version} to this one");
            problem(R006, at, title).helping(format!("add `migrate from {version} …`"))
        }
        Stuck::NoAdapter(version) => {
            let title = format!("clients of version {version} are not understood any more");
            problem(R006, at, title).helping(format!(
                "add `accept from {version}` and `reply to {version}`"
            ))
        }
        Stuck::Strange => problem(R005, at, cam::instance::StrangeState.to_string()),
        Stuck::Broken(broken) => {
            let problem = broken::problem(compiled, from, broken);
            let moment = if is_start {
                "in the first state"
            } else {
                "after this line"
            };
            problem.pointing_at(at, moment)
        }
    }
}

fn problem(code: Code, at: Span, title: String) -> Problem {
    Problem::new(code, at, title)
}

/// A trap in words; an abort in the words of its fault.
pub(crate) fn described(trap: Trap) -> String {
    match trap.reason {
        TrapReason::Abort(code) => match Fault::of(code) {
            Some(fault) => fault.meaning().to_owned(),
            None => trap.reason.to_string(),
        },
        reason => reason.to_string(),
    }
}
