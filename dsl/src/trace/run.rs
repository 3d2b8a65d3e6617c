//! One trace, line by line.

use std::sync::Arc;

use cam::instance::{Context, Instance};
use cam::schema::{Schema, ShapeId, Stamp};
use cam::trap::{Trap, TrapReason};
use cam::value::Value;
use cam::verify::{Migration, Program};

use crate::compile::{self, Compiled};
use crate::fault::Fault;
use crate::problem::catalogue::{R001, R002, R003, R004, R005, R006};
use crate::problem::{Code, Problem};
use crate::source::Span;
use crate::typed::{Expected, ExprId, Local, Machine, Trace, TraceLine, TraceLineKind};
use crate::{translate, value};

/// What went wrong; a problem is large, and most lines are right.
type Ran<T> = Result<T, Box<Problem>>;

/// Runs the lines until one is not as it should be; `passed` counts those that are.
pub(super) fn lines(compiled: &Compiled, trace: &Trace, passed: &mut usize) -> Ran<()> {
    let mut run = Run::start(compiled, trace)?;
    for line in &trace.lines {
        run.line(line)?;
        *passed += 1;
    }
    Ok(())
}

struct Run<'a> {
    compiled: &'a Compiled,
    /// The version before the upgrade.
    from: Option<u32>,
    instance: Instance,
    context: Context,
}

/// What an input came to.
enum Answered {
    Output(Value),
    Fault(Trap),
    Retired,
}

impl<'a> Run<'a> {
    fn start(compiled: &'a Compiled, trace: &Trace) -> Ran<Run<'a>> {
        let program = match trace.from {
            None => compiled.program(),
            Some(version) => compiled.history().program(version).ok_or_else(|| {
                let title = format!("history has no program of version {version}");
                problem(R006, trace.span, title)
            })?,
        };
        let instance = Instance::start(Arc::clone(program)).map_err(|trap| {
            let title = format!("the first state cannot be made: {}", described(trap));
            problem(R003, trace.span, title)
        })?;
        Ok(Run {
            compiled,
            from: trace.from,
            instance,
            context: Context {
                at_ms: 0,
                from: "".into(), // the checker wants a sender on each line of a machine that sees it
                sequence: 0,
            },
        })
    }

    fn line(&mut self, line: &TraceLine) -> Ran<()> {
        match &line.kind {
            TraceLineKind::Send {
                client,
                input,
                stamps,
                expected,
            } => {
                self.stamp(stamps)?;
                let input = self.value(None, *input)?;
                let answered = self.send(*client, input, line.span)?;
                self.judge(answered, expected.as_ref(), *client, line.span)
            }
            TraceLineKind::Check { state, condition } => self.check(*state, *condition),
            TraceLineKind::Given(state) => {
                let given = self.value(None, *state)?;
                self.take_up(Arc::clone(self.instance.program()), given, line.span)
            }
            TraceLineKind::Upgrade => self.upgrade(line.span),
        }
    }

    /// What a line does not say is what it was on the line before.
    fn stamp(&mut self, stamps: &[(Stamp, ExprId)]) -> Ran<()> {
        self.context.sequence += 1;
        for (stamp, expr) in stamps {
            match (stamp, self.value(None, *expr)?) {
                (Stamp::At, Value::Int(at)) => self.context.at_ms = at,
                (Stamp::From, Value::Text(from)) => self.context.from = from,
                (Stamp::Sequence, Value::Int(sequence)) => self.context.sequence = sequence,
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends as a client of one version; an older one than runs is understood through the adapters.
    fn send(&mut self, client: u32, input: Value, at: Span) -> Ran<Answered> {
        let version = self.instance.program().schema().version;
        if client == version {
            return Ok(match self.instance.step(&self.context, input) {
                Ok(answer) => Answered::Output(answer.output),
                Err(trap) => Answered::Fault(trap),
            });
        }
        let migration = self.migration(client, at)?;
        let unadapted = || {
            let title = format!("clients of version {client} are not understood any more");
            problem(R006, at, title).helping(format!(
                "add `accept from {client}` and `reply to {client}`"
            ))
        };
        let input = match migration.adapt_input(input).ok_or_else(unadapted)? {
            Ok(input) => input,
            Err(trap) if trap.reason == TrapReason::Abort(Fault::Retired.code()) => {
                return Ok(Answered::Retired);
            }
            Err(trap) => return Ok(Answered::Fault(trap)),
        };
        // The step counts only if its answer can be given: it is taken after the adapter has run.
        let pending = match self.instance.attempt(&self.context, input) {
            Ok(pending) => pending,
            Err(trap) => return Ok(Answered::Fault(trap)),
        };
        let adapted = migration.adapt_output(pending.output());
        match adapted.ok_or_else(unadapted)? {
            Ok(output) => {
                pending.commit();
                Ok(Answered::Output(output))
            }
            Err(trap) => Ok(Answered::Fault(trap)),
        }
    }

    fn judge(
        &self,
        answered: Answered,
        expected: Option<&Expected>,
        client: u32,
        line: Span,
    ) -> Ran<()> {
        match (answered, expected) {
            (Answered::Output(_), None)
            | (Answered::Fault(_), Some(Expected::Fault))
            | (Answered::Retired, Some(Expected::Retired)) => Ok(()),
            (Answered::Output(output), Some(Expected::Output(expr))) => {
                let wanted = self.value(None, *expr)?;
                if output == wanted {
                    return Ok(());
                }
                let [found, wanted] = [&output, &wanted].map(|value| self.output(client, value));
                let at = self.machine().terms.expr(*expr).span;
                let title = format!("the answer is `{found}`, not `{wanted}`");
                Err(self.with_state(problem(R001, at, title).saying(format!("answered `{found}`"))))
            }
            (Answered::Output(output), Some(Expected::Fault | Expected::Retired)) => {
                let found = self.output(client, &output);
                let title = format!("the step went through and answered `{found}`");
                Err(self.with_state(problem(R004, line, title)))
            }
            (Answered::Fault(trap), _) => {
                let title = format!("the step stopped: {}", described(trap));
                let mut problem =
                    problem(R003, line, title).helping("`= fault` expects a step to stop");
                if let Some(at) = self.stopped_at(&trap) {
                    problem = problem.pointing_at(at, "here");
                }
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
    fn stopped_at(&self, trap: &Trap) -> Option<Span> {
        let is_own = Arc::ptr_eq(self.instance.program(), self.compiled.program());
        is_own.then(|| self.compiled.stopped_at(trap)).flatten()
    }

    fn check(&self, state: Local, condition: ExprId) -> Ran<()> {
        let schema = self.instance.program().schema();
        let shape = self.shape_of_state(schema);
        if self.value(Some((state, shape)), condition)? == Value::bool(true) {
            return Ok(());
        }
        let at = self.machine().terms.expr(condition).span;
        let title = "this does not hold".to_owned();
        Err(self.with_state(problem(R002, at, title)))
    }

    fn upgrade(&mut self, at: Span) -> Ran<()> {
        let Some(from) = self.from else {
            return Err(problem(R006, at, "there is nothing to upgrade from".to_owned()).into());
        };
        let migration = self.migration(from, at)?;
        let state = migration
            .migrate_state(self.instance.state())
            .map_err(|trap| {
                let title = format!("the migration stopped: {}", described(trap));
                self.with_state(problem(R003, at, title))
            })?;
        self.take_up(Arc::clone(self.compiled.program()), state, at)
    }

    fn take_up(&mut self, program: Arc<Program>, state: Value, at: Span) -> Ran<()> {
        self.instance = Instance::resume(program, state)
            .map_err(|strange| problem(R005, at, strange.to_string()))?;
        Ok(())
    }

    fn migration(&self, from: u32, at: Span) -> Ran<Arc<Migration>> {
        match self.compiled.upgrade_from(from) {
            Some(upgrade) => Ok(Arc::clone(&upgrade.migration)),
            None => {
                let title = format!("nothing leads from version {from} to this one");
                let problem = problem(R006, at, title);
                Err(problem
                    .helping(format!("add `migrate from {from} …`"))
                    .into())
            }
        }
    }

    /// What an expression evaluates to; its one free name is the current state.
    fn value(&self, state: Option<(Local, ShapeId)>, expr: ExprId) -> Ran<Value> {
        let at = self.machine().terms.expr(expr).span;
        if let Some(value) = value::literal(&self.machine().terms, expr) {
            return Ok(value);
        }
        let argument = match state {
            Some(_) => self.instance.state(),
            None => Value::unit(),
        };
        let combinators = translate::expression(self.machine(), state, expr)
            .map_err(|refusal| compile::Failure::from(refusal).problem(at))?;
        let program = compile::migration(combinators).map_err(|failure| failure.problem(at))?;
        program.migrate_state(argument).map_err(|trap| {
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

    fn output(&self, client: u32, output: &Value) -> String {
        let schema = match self.compiled.history().get(client) {
            Some(schema) if client != self.compiled.schema().version => schema,
            _ => self.compiled.schema(),
        };
        value::print(&schema.shapes, schema.output, output)
    }

    fn with_state(&self, problem: Problem) -> Box<Problem> {
        let schema = self.instance.program().schema();
        let state = value::print(&schema.shapes, schema.state, &self.instance.state());
        Box::new(problem.noting(format!("the state is `{state}`")))
    }
}

fn problem(code: Code, at: Span, title: String) -> Problem {
    Problem::new(code, at, title)
}

/// A trap in words; an abort in the words of its fault.
fn described(trap: Trap) -> String {
    match trap.reason {
        TrapReason::Abort(code) => match Fault::of(code) {
            Some(fault) => fault.meaning().to_owned(),
            None => trap.reason.to_string(),
        },
        reason => reason.to_string(),
    }
}
