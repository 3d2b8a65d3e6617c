//! Queries and checks: runs of a program that read a state and leave it as it is.

use crate::engine::run;
use crate::limits::{MIGRATION_FUEL, OUTPUT_WEIGHT_MAX, STEP_FUEL};
use crate::trap::Trap;
use crate::value::Value;
use crate::verify::Program;

impl Program {
    /// What the program answers to `question` about `state`, if it takes questions. The values must be of
    /// the query's types.
    ///
    /// # Errors
    /// A [`Trap`].
    #[must_use]
    pub fn answer(&self, question: Value, state: Value) -> Option<Result<Value, Trap>> {
        let query = self.query()?;
        let argument = Value::product(vec![question, state]);
        let answer = run(self.code(), query, argument, STEP_FUEL);
        Some(answer.and_then(|answer| {
            if answer.weight() <= OUTPUT_WEIGHT_MAX {
                return Ok(answer);
            }
            Err(Trap::too_heavy(query))
        }))
    }

    /// Whether `state` is one that the machine may be in, if the program has a say in it. A check may go
    /// through the whole state, as a migration does.
    ///
    /// # Errors
    /// A [`Trap`].
    #[must_use]
    pub fn approves(&self, state: Value) -> Option<Result<bool, Trap>> {
        self.approves_within(state, MIGRATION_FUEL)
    }

    /// The same with the fuel of a step, for who asks after each: whoever waits for a step waits for the check too.
    ///
    /// # Errors
    /// A [`Trap`].
    #[must_use]
    pub fn approves_as_step(&self, state: Value) -> Option<Result<bool, Trap>> {
        self.approves_within(state, STEP_FUEL)
    }

    fn approves_within(&self, state: Value, fuel: u64) -> Option<Result<bool, Trap>> {
        let check = self.check()?;
        let verdict = run(self.code(), check, state, fuel);
        Some(verdict.map(|verdict| verdict == Value::bool(true)))
    }
}
