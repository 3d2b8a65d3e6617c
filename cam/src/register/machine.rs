//! A machine on registers: a program with its state between steps, and one function run on its own.

use std::sync::Arc;

use crate::combinator::FunctionId;
use crate::decode::ValueReader;
use crate::encode;
use crate::fuel::Fuel;
use crate::limits::{OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX};
use crate::reader::Reader;
use crate::register::Stopped;
use crate::register::boundary::Boundary;
use crate::register::code::{Code, Place, REGISTERS};
use crate::register::execute::{Registers, Run};
use crate::register::heap::Heap;
use crate::register::plan::Plan;
use crate::register::view::View;
use crate::schema::Stamp;
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
        // A pending step that was leaked, and not dropped, has undone nothing.
        if !self.file.heap.is_clean() {
            self.go_back()?;
        }
        self.stamp(stamps)?;
        self.read(input)?;
        let Machine {
            program,
            code,
            plan,
            file,
        } = self;
        fuel.charge(plan.cost).map_err(|_| Stopped)?;
        file.run(program.code(), code, fuel)
            .run(plan.entry, plan.link)?;
        let plan = &self.plan;
        let fits = (!plan.next_is_weighed || self.view().within(&plan.next, STATE_WEIGHT_MAX)?)
            && (!plan.output_is_weighed || self.view().within(&plan.output, OUTPUT_WEIGHT_MAX)?);
        if fits { Ok(()) } else { Err(Stopped) }
    }

    fn stamp(&mut self, stamps: &Stamps<'_>) -> Result<(), Stopped> {
        let Machine { plan, file, .. } = self;
        for (stamp, register) in &plan.stamps {
            let slot = file.registers.get_mut(*register).ok_or(Stopped)?;
            *slot = match stamp {
                Stamp::At => stamps.at_ms,
                Stamp::Sequence => stamps.sequence,
                Stamp::From => file.heap.put(Value::Text(Arc::clone(stamps.from)))?,
            };
        }
        Ok(())
    }

    fn read(&mut self, input: &Input<'_>) -> Result<(), Stopped> {
        let Machine {
            program,
            code,
            plan,
            file,
        } = self;
        match input {
            Input::Value(value) => {
                let mut boundary = file.boundary(program.code(), code);
                boundary.write(program.input_type(), value, plan.input_start)
            }
            Input::Bytes(bytes) => {
                let mut reader = Reader::new(bytes);
                let mut values = ValueReader::new(program.types(), plan.input_weight_left);
                let codec = plan.input.as_ref().ok_or(Stopped)?;
                codec.decode(
                    &mut reader,
                    &mut values,
                    &mut file.registers,
                    &mut file.heap,
                )?;
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
        match &self.plan.output_codec {
            Some(codec) => codec.encode(&self.file.registers, &self.file.heap, out),
            None => {
                encode::write_value(out, &self.output()?);
                Ok(())
            }
        }
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
        if !plan.state.handles.is_empty() || !file.heap.is_clean() {
            file.keep(&plan.next, &plan.state)?;
        }
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
    let mut file = File::new(code, 0);
    let result = file.call(verified, code, function, argument, fuel);
    code.spare.leave(file.registers);
    result
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
        let registers = code.spare.take().unwrap_or_else(|| {
            let mut registers = zeroed();
            for (register, word) in &*code.words {
                registers[usize::from(*register)] = *word;
            }
            registers
        });
        File {
            registers,
            used: code.used,
            heap: Heap::new(code.containers.iter().cloned(), handles),
            operands: Vec::new(),
        }
    }

    fn call(
        &mut self,
        verified: &Verified,
        code: &Code,
        function: FunctionId,
        argument: Value,
        fuel: &mut Fuel,
    ) -> Result<Value, Stopped> {
        let routine = code.routine(function).ok_or(Stopped)?;
        let (domain, _) = verified.function_type(function);
        let words = usize::from(routine.argument);
        let start = (words, words + code.layouts.of(domain).words);
        self.boundary(verified, code)
            .write(domain, &argument, start)?;
        // Only the table holds the containers now, so they can be changed in place.
        drop(argument);
        fuel.charge(verified.certificate(function).cost)
            .map_err(|_| Stopped)?;
        self.run(verified, code, fuel)
            .run(routine.entry, routine.link)?;
        let result = routine.result.as_ref().ok_or(Stopped)?;
        self.boundary(verified, code).read(result)
    }

    /// Keeps the containers of the value at `place`, and makes their handles those of the state.
    fn keep(&mut self, place: &Place, state: &Place) -> Result<(), Stopped> {
        if place.handles.is_empty() {
            return self.heap.keep(&mut []);
        }
        let registers = &mut self.registers;
        let handles = place.handles.iter();
        let words = handles.clone().map(|(own, _)| registers[usize::from(*own)]);
        if self.heap.is_kept(words) {
            self.heap.settle();
            return Ok(());
        }
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
