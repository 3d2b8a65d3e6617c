//! A pending step: worked out, and neither done nor undone yet.

use crate::instance::{Answer, Instance, Running, Transition};
use crate::value::Value;

/// A step that was worked out in place. It happens when it is committed; dropped, it never was.
#[derive(Debug)]
#[must_use = "a step that is dropped is undone"]
pub struct Pending<'a> {
    instance: &'a mut Instance,
    worked: Worked,
    fuel_used: u64,
}

/// Where the new state and the output are.
#[derive(Debug)]
enum Worked {
    /// In the engine's registers.
    InRegisters,
    /// Here; the instance has the old state.
    Aside(Box<Transition>),
    /// Nowhere: it is done.
    Done,
}

const WORKED: &str = "a result lies in its registers";

impl<'a> Pending<'a> {
    pub(crate) fn in_registers(instance: &'a mut Instance, fuel_used: u64) -> Pending<'a> {
        Pending {
            instance,
            worked: Worked::InRegisters,
            fuel_used,
        }
    }

    pub(crate) fn aside(instance: &'a mut Instance, transition: Transition) -> Pending<'a> {
        Pending {
            fuel_used: transition.answer.fuel_used,
            instance,
            worked: Worked::Aside(Box::new(transition)),
        }
    }

    /// What the step cost.
    #[must_use]
    pub fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    /// What the step answers.
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer {
            output: self.output(),
            fuel_used: self.fuel_used,
        }
    }

    /// The output.
    #[must_use]
    pub fn output(&self) -> Value {
        match (&self.worked, self.instance.running()) {
            (Worked::Aside(transition), _) => transition.answer.output.clone(),
            (_, Running::Register(machine)) => machine.output().expect(WORKED),
            (_, Running::Reference(_)) => unreachable!("its steps are aside"),
        }
    }

    /// Appends the canonical bytes of the output; no value is built on the way.
    pub fn encode_output(&self, out: &mut Vec<u8>) {
        match (&self.worked, self.instance.running()) {
            (Worked::Aside(transition), _) => {
                crate::encode::write_value(out, &transition.answer.output);
            }
            (_, Running::Register(machine)) => machine.encode_output(out).expect(WORKED),
            (_, Running::Reference(_)) => unreachable!("its steps are aside"),
        }
    }

    /// The state that the step leads to.
    #[must_use]
    pub fn state(&self) -> Value {
        match (&self.worked, self.instance.running()) {
            (Worked::Aside(transition), _) => transition.state.clone(),
            (_, Running::Register(machine)) => machine.next().expect(WORKED),
            (_, Running::Reference(_)) => unreachable!("its steps are aside"),
        }
    }

    /// Makes the step happen.
    pub fn commit(mut self) {
        let worked = std::mem::replace(&mut self.worked, Worked::Done);
        match (worked, self.instance.running_mut()) {
            (Worked::InRegisters, Running::Register(machine)) => machine.commit().expect(WORKED),
            (Worked::Aside(transition), running) => *running = Running::Reference(transition.state),
            _ => unreachable!("a step is committed once, where it was worked out"),
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let (Worked::InRegisters, Running::Register(machine)) =
            (&self.worked, self.instance.running_mut())
        {
            machine.go_back().expect("what a step did can be undone");
        }
    }
}
