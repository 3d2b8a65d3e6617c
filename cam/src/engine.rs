//! One function on the default engine, under the eye of the reference interpreter.

use crate::combinator::FunctionId;
use crate::entry::Stop;
use crate::fuel::Fuel;
use crate::machine;
use crate::register;
use crate::trap::Trap;
use crate::value::Value;
use crate::verify::Verified;

/// Runs `function` on `argument` with so much fuel. If the register interpreter stops, or has no code for
/// the program, the reference interpreter says what comes of it.
///
/// # Errors
/// A [`Trap`]; nothing outside has changed then.
pub(crate) fn run(
    code: &Verified,
    function: FunctionId,
    argument: Value,
    fuel: u64,
) -> Result<Value, Trap> {
    run_to_entry(code, function, argument, fuel).map_err(|stop| stop.trap)
}

/// As [`run`], and says at which entry of a container it stopped.
pub(crate) fn run_to_entry(
    code: &Verified,
    function: FunctionId,
    argument: Value,
    fuel: u64,
) -> Result<Value, Stop> {
    let fast = register::machine::run(code, function, argument.clone(), &mut Fuel::new(fuel));
    fast.or_else(|_| machine::run_to_entry(code, function, argument, &mut Fuel::new(fuel)))
}
