//! Conversions: what a migration does to states, inputs and outputs.

use crate::combinator::FunctionId;
use crate::engine;
use crate::limits::{
    INPUT_WEIGHT_MAX, MIGRATION_FUEL, OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX, STEP_FUEL,
};
use crate::trap::Trap;
use crate::value::Value;
use crate::verify::Migration;

impl Migration {
    /// The old state in its new form. The caller has checked that the migration fits.
    ///
    /// # Errors
    /// A [`Trap`]; a new state above the limit is one.
    pub fn migrate_state(&self, state: Value) -> Result<Value, Trap> {
        let (fuel, weight_max) = (MIGRATION_FUEL, STATE_WEIGHT_MAX);
        self.converted(self.migrate(), state, fuel, weight_max)
    }

    /// An old client's input as the new machine understands it; nothing without adapters.
    ///
    /// # Errors
    /// A [`Trap`]; `abort` is how an adapter says that an input is retired. An input above the limit is
    /// one too.
    pub fn adapt_input(&self, input: Value) -> Option<Result<Value, Trap>> {
        let (function, _) = self.adapters()?;
        Some(self.converted(function, input, STEP_FUEL, INPUT_WEIGHT_MAX))
    }

    /// A new output as an old client understands it; nothing without adapters.
    ///
    /// # Errors
    /// A [`Trap`]; an output above the limit is one.
    pub fn adapt_output(&self, output: Value) -> Option<Result<Value, Trap>> {
        let (_, function) = self.adapters()?;
        Some(self.converted(function, output, STEP_FUEL, OUTPUT_WEIGHT_MAX))
    }

    /// The new state in its old form; nothing without a way back.
    ///
    /// # Errors
    /// A [`Trap`]; an old state above the limit is one.
    pub fn restore_state(&self, state: Value) -> Option<Result<Value, Trap>> {
        let function = self.back()?;
        Some(self.converted(function, state, MIGRATION_FUEL, STATE_WEIGHT_MAX))
    }

    /// What comes out is measured before anybody writes it: parts are shared, so a value that took little
    /// fuel and memory to make may be written in more bytes than there are.
    fn converted(
        &self,
        function: FunctionId,
        value: Value,
        fuel: u64,
        weight_max: u64,
    ) -> Result<Value, Trap> {
        let converted = engine::run(self.code(), function, value, fuel)?;
        if converted.weight() > weight_max {
            return Err(Trap::too_heavy(function));
        }
        Ok(converted)
    }
}
