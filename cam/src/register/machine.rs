//! A machine on registers: a program with its state between steps, and one function run on its own.

use std::sync::Arc;

use crate::combinator::FunctionId;
use crate::decode::ValueReader;
use crate::fuel::Fuel;
use crate::limits::{INPUT_WEIGHT_MAX, OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX};
use crate::reader::Reader;
use crate::register::Stopped;
use crate::register::boundary::{Boundary, Start};
use crate::register::code::{Code, Place, REGISTERS, Register};
use crate::register::execute::{Registers, Run};
use crate::register::heap::Heap;
use crate::register::moves::{Move, in_sequence};
use crate::register::view::View;
use crate::schema::Stamp;
use crate::types::TypeId;
use crate::value::Value;
use crate::verify::{Program, Verified};

/// What is stamped on an input.
pub(crate) struct Stamps<'a> {
    pub(crate) at_ms: i64,
    pub(crate) from: &'a Arc<str>,
    pub(crate) sequence: i64,
}

/// An input, as a value or still in its bytes.
pub(crate) enum Input<'a> {
    Value(&'a Value),
    Bytes(&'a [u8]),
}

/// A program's state in registers. Between steps it lies in the registers of the step's argument.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    program: Arc<Program>,
    code: Arc<Code>,
    plan: Arc<Plan>,
    file: File,
}

/// Registers, table and operands: what a run works on.
struct File {
    registers: Box<Registers>,
    /// How many registers the program has.
    used: usize,
    heap: Heap,
    operands: Vec<Value>,
}

/// Where a step finds and leaves what.
#[derive(Debug)]
struct Plan {
    entry: u32,
    link: Register,
    input_start: Start,
    state_start: Start,
    /// The state between steps.
    state: Place,
    /// The state and the output of a step, nothing of it to be taken.
    next: Place,
    output: Place,
    /// From the new state's words to the state's.
    moves: Box<[Move]>,
}

impl Machine {
    /// Takes a state up. Nothing if the program has no code for registers.
    pub(crate) fn new(program: &Arc<Program>, state: &Value) -> Option<Machine> {
        let code = Arc::clone(program.code().registers()?);
        let plan = Arc::new(Plan::of(program, &code)?);
        let file = File::new(&code, plan.state.handles.len());
        let mut machine = Machine {
            program: Arc::clone(program),
            code,
            plan,
            file,
        };
        machine.take_up(state).ok()?;
        Some(machine)
    }

    fn take_up(&mut self, state: &Value) -> Result<(), Stopped> {
        let Machine {
            program,
            code,
            plan,
            file,
        } = self;
        let mut boundary = file.boundary(program.code(), code);
        boundary.write(plan.state.id, state, plan.state_start)?;
        file.keep(&plan.state, &plan.state)
    }

    /// Works a step out. Nothing outside sees it until [`Machine::commit`].
    pub(crate) fn work_out(
        &mut self,
        stamps: &Stamps<'_>,
        input: &Input<'_>,
        fuel: &mut Fuel,
    ) -> Result<(), Stopped> {
        self.stamp(stamps, input)?;
        let plan = &self.plan;
        let step = self.program.step();
        let cost = self.program.code().certificate(step).cost;
        fuel.charge(cost).map_err(|_| Stopped)?;
        let (entry, link) = (plan.entry, plan.link);
        self.file
            .run(self.program.code(), &self.code, fuel)
            .run(entry, link)?;
        let view = self.view();
        let fits = view.within(&self.plan.next, STATE_WEIGHT_MAX)?
            && view.within(&self.plan.output, OUTPUT_WEIGHT_MAX)?;
        if fits { Ok(()) } else { Err(Stopped) }
    }

    fn stamp(&mut self, stamps: &Stamps<'_>, input: &Input<'_>) -> Result<(), Stopped> {
        let Machine {
            program,
            code,
            plan,
            file,
        } = self;
        let mut at = plan.input_start;
        let mut boundary = file.boundary(program.code(), code);
        for stamp in &program.schema().stamps {
            match stamp {
                Stamp::At => boundary.write_word(at.0, stamps.at_ms)?,
                Stamp::Sequence => boundary.write_word(at.0, stamps.sequence)?,
                Stamp::From => boundary.write_text(at.1, stamps.from)?,
            }
            match stamp {
                Stamp::At | Stamp::Sequence => at.0 += 1,
                Stamp::From => at.1 += 1,
            }
        }
        let id = program.input_type();
        match input {
            Input::Value(value) => boundary.write(id, value, at),
            Input::Bytes(bytes) => {
                let mut reader = Reader::new(bytes);
                let mut values = ValueReader::new(program.types(), INPUT_WEIGHT_MAX);
                boundary.decode(id, &mut reader, &mut values, at)?;
                reader.finish().map_err(|_| Stopped)
            }
        }
    }

    /// The output of the step that was worked out.
    pub(crate) fn output(&self) -> Result<Value, Stopped> {
        self.view().value(&self.plan.output)
    }

    /// Appends the canonical bytes of that output.
    pub(crate) fn encode_output(&self, out: &mut Vec<u8>) -> Result<(), Stopped> {
        self.view().encode(&self.plan.output, out)
    }

    /// The state that the step leads to.
    pub(crate) fn next(&self) -> Result<Value, Stopped> {
        self.view().value(&self.plan.next)
    }

    /// The state between steps.
    pub(crate) fn state(&self) -> Result<Value, Stopped> {
        self.view().value(&self.plan.state)
    }

    fn view(&self) -> View<'_> {
        View {
            types: self.program.types(),
            layouts: &self.code.layouts,
            registers: &self.file.registers,
            heap: &self.file.heap,
        }
    }

    /// Makes the step's state the machine's.
    pub(crate) fn commit(&mut self) -> Result<(), Stopped> {
        let Machine { plan, file, .. } = self;
        file.keep(&plan.next, &plan.state)?;
        for own in &*plan.moves {
            file.registers[usize::from(own.to)] = file.registers[usize::from(own.from)];
        }
        Ok(())
    }

    /// Undoes the step that was worked out.
    pub(crate) fn go_back(&mut self) -> Result<(), Stopped> {
        self.file.heap.go_back()
    }
}

/// Runs one function on its own: an adapter, a migration, a query. The argument must inhabit the
/// function's domain.
///
/// # Errors
/// [`Stopped`] if the run stops, or if the program has no code for registers; the reference interpreter
/// says which.
pub fn run(
    verified: &Verified,
    function: FunctionId,
    argument: Value,
    fuel: &mut Fuel,
) -> Result<Value, Stopped> {
    let code = verified.registers().ok_or(Stopped)?;
    let routine = code.routine(function).ok_or(Stopped)?;
    let mut file = File::new(code, 0);
    let (domain, _) = verified.function_type(function);
    let words = usize::from(routine.argument);
    let start = (words, words + code.layouts.of(domain).words);
    file.boundary(verified, code)
        .write(domain, &argument, start)?;
    // Only the table holds the containers now, so they can be changed in place.
    drop(argument);
    fuel.charge(verified.certificate(function).cost)
        .map_err(|_| Stopped)?;
    file.run(verified, code, fuel)
        .run(routine.entry, routine.link)?;
    let result = routine.result.as_ref().ok_or(Stopped)?;
    file.boundary(verified, code).read(result)
}

/// All registers, at zero. The pages of those that no program has are never touched.
fn zeroed() -> Box<Registers> {
    let zeroed = vec![0; REGISTERS].into_boxed_slice();
    zeroed
        .try_into()
        .expect("a vector of so many words is an array of so many")
}

impl Clone for File {
    fn clone(&self) -> File {
        let mut registers = zeroed();
        registers[..self.used].copy_from_slice(&self.registers[..self.used]);
        File {
            registers,
            used: self.used,
            heap: self.heap.clone(),
            operands: Vec::new(),
        }
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} and {:?}", &self.registers[..self.used], self.heap)
    }
}

impl File {
    fn new(code: &Code, handles: usize) -> File {
        let mut registers = zeroed();
        for (register, word) in &*code.words {
            registers[usize::from(*register)] = *word;
        }
        File {
            registers,
            used: code.used,
            heap: Heap::new(code.containers.iter().cloned(), handles),
            operands: Vec::new(),
        }
    }

    /// Keeps the containers of the value at `place`, and makes their handles those of the state.
    fn keep(&mut self, place: &Place, state: &Place) -> Result<(), Stopped> {
        if place.handles.is_empty() {
            return self.heap.keep(&mut []);
        }
        let registers = &mut self.registers;
        let handles = place.handles.iter();
        let mut handles: Vec<i64> = handles
            .map(|(own, _)| registers[usize::from(*own)])
            .collect();
        self.heap.keep(&mut handles)?;
        for ((register, _), handle) in state.handles.iter().zip(handles) {
            registers[usize::from(*register)] = handle;
        }
        Ok(())
    }

    fn run<'f>(
        &'f mut self,
        verified: &'f Verified,
        code: &'f Code,
        fuel: &'f mut Fuel,
    ) -> Run<'f> {
        Run {
            code,
            types: verified.types(),
            registers: &mut self.registers,
            heap: &mut self.heap,
            fuel,
            operands: &mut self.operands,
        }
    }

    fn boundary<'f>(&'f mut self, verified: &'f Verified, code: &'f Code) -> Boundary<'f> {
        Boundary {
            types: verified.types(),
            layouts: &code.layouts,
            registers: &mut self.registers,
            heap: &mut self.heap,
        }
    }
}

impl Plan {
    fn of(program: &Program, code: &Code) -> Option<Plan> {
        let step = code.routine(program.step())?;
        let state_id = program.state_type();
        let layout = code.layouts.of(state_id);
        let stamped = code.layouts.of(program.stamped_input_type());
        let words = usize::from(step.argument);
        let handles = words + stamped.words + layout.words;
        let state_start = (words + stamped.words, handles + stamped.handles);
        let registers = |start: usize, count: usize| {
            let registers = (start..start + count).map(|own| Register::try_from(own).ok());
            registers.collect::<Option<Vec<Register>>>()
        };
        let place = |id: TypeId, words: &[Register], handles: &[Register]| {
            let handles = handles.iter().map(|own| (*own, false)).collect();
            Place::new(program.types(), id, words.into(), handles)
        };
        let state_words = registers(state_start.0, layout.words)?;
        let state_handles = registers(state_start.1, layout.handles)?;
        let result = step.result.as_ref()?;
        let (next_words, output_words) = result.words.split_at_checked(layout.words)?;
        let result_handles: Vec<Register> = result.handles.iter().map(|(own, _)| *own).collect();
        let (next_handles, output_handles) = result_handles.split_at_checked(layout.handles)?;
        let moves = next_words.iter().zip(&state_words).map(|(from, to)| Move {
            to: *to,
            from: *from,
            duplicate: false,
        });
        Some(Plan {
            entry: step.entry,
            link: step.link,
            input_start: (words, handles),
            state_start,
            moves: in_sequence(moves).into(),
            state: place(state_id, &state_words, &state_handles),
            next: place(state_id, next_words, next_handles),
            output: place(program.output_type(), output_words, output_handles),
        })
    }
}
