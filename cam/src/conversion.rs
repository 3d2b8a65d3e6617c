//! Conversions: what a migration does to states, inputs and outputs.

use std::sync::Arc;

use crate::combinator::{FunctionId, Role};
use crate::engine;
use crate::entry::Stop;
use crate::fuel::Fuel;
use crate::instance::{Context, Engine, Instance};
use crate::invalid::{Invalid, InvalidReason};
use crate::limits::{
    INPUT_WEIGHT_MAX, MIGRATION_FUEL, OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX, STEP_FUEL,
};
use crate::memo::Memo;
use crate::trap::Trap;
use crate::types::{INT, TEXT, Type, TypeId, TypeTable};
use crate::value::Value;
use crate::verify::{Migration, Program, Verified, module_error};

/// A function of a migration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conversion {
    pub(crate) function: FunctionId,
    /// The type of what it converts.
    pub(crate) takes: TypeId,
    /// Whether it is told the moment.
    pub(crate) is_stamped: bool,
}

impl Conversion {
    /// The conversion of a role, or of the role that is told the moment. What starts at a moment says so in its role,
    /// and not in its type alone: a state may be such a pair.
    pub(crate) fn of(code: &Verified, role: Role) -> Result<Option<Conversion>, Invalid> {
        let told = role.stamped();
        let wrong = |problem| {
            module_error(InvalidReason::Export {
                role: told,
                problem,
            })
        };
        let (function, is_stamped) = match (code.export(role), code.export(told)) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(wrong("is there beside one that is not told the moment"));
            }
            (Some(function), None) => (function, false),
            (None, Some(function)) => (function, true),
        };
        let (domain, _) = code.function_type(function);
        let takes = if is_stamped {
            let takes = after_moment(code.types(), domain);
            takes.ok_or(wrong("does not start at a moment and a value"))?
        } else {
            domain
        };
        Ok(Some(Conversion {
            function,
            takes,
            is_stamped,
        }))
    }

    pub(crate) fn argument(self, context: &Context, value: Value) -> Value {
        if !self.is_stamped {
            return value;
        }
        let moment = Value::product(vec![
            Value::Int(context.at_ms),
            Value::Text(Arc::clone(&context.from)),
            Value::Int(context.sequence),
        ]);
        Value::product(vec![moment, value])
    }
}

/// What comes with a moment in a product of the two.
fn after_moment(types: &TypeTable, domain: TypeId) -> Option<TypeId> {
    let Type::Product(parts) = types.get(domain) else {
        return None;
    };
    let [moment, takes] = **parts else {
        return None;
    };
    let is_moment =
        matches!(types.get(moment), Type::Product(parts) if **parts == [INT, TEXT, INT]);
    is_moment.then_some(takes)
}

/// What a conversion is told of the moment is what the journal has: of an upgrade, when it was stamped, who pushed it
/// and the number of the last step; of an input, what the step is told.
impl Migration {
    /// The old state in its new form. The caller has checked that the migration fits.
    ///
    /// # Errors
    /// A [`Trap`]; a new state above the limit is one.
    pub fn migrate_state(&self, context: &Context, state: Value) -> Result<Value, Trap> {
        let migrated = self.migrated(context, state);
        migrated.map_err(|stop| stop.trap)
    }

    /// The new machine in its first state. The caller has checked that the migration fits; so the state is of the new
    /// program's state type, and is not looked through to see that.
    ///
    /// # Errors
    /// A [`Stop`], which says at which entry of a map or list the migration stopped.
    pub fn carry_over(
        &self,
        new: &Arc<Program>,
        context: &Context,
        state: Value,
    ) -> Result<Instance, Stop> {
        Ok(self.started(new, self.migrated(context, state)?))
    }

    /// As [`Migration::carry_over`], with the same result and the same verdict. What the memo has of an earlier run is not made
    /// again; afterwards it has what this run made, or nothing if this run was one without it.
    ///
    /// # Errors
    /// As [`Migration::carry_over`].
    pub fn carry_over_noting(
        &self,
        new: &Arc<Program>,
        context: &Context,
        state: Value,
        memo: &mut Memo,
    ) -> Result<Instance, Stop> {
        let function = self.migrate();
        let argument = self.conversion_of_states().argument(context, state.clone());
        let mut fuel = Fuel::new(MIGRATION_FUEL);
        match memo.run(self.code(), function, argument, &mut fuel) {
            Some(migrated) if migrated.weight() <= STATE_WEIGHT_MAX => {
                Ok(self.started(new, migrated))
            }
            _ => self.carry_over(new, context, state),
        }
    }

    fn migrated(&self, context: &Context, state: Value) -> Result<Value, Stop> {
        let migrate = self.conversion_of_states();
        let argument = migrate.argument(context, state);
        let function = migrate.function;
        let migrated = engine::run_to_entry(self.code(), function, argument, MIGRATION_FUEL)?;
        if migrated.weight() > STATE_WEIGHT_MAX {
            return Err(Trap::too_heavy(function).into());
        }
        Ok(migrated)
    }

    fn started(&self, new: &Arc<Program>, state: Value) -> Instance {
        let (_, codomain) = self.code().function_type(self.migrate());
        let own = self.code().types().find_from(new.types(), new.state_type());
        assert!(
            own == Some(codomain),
            "the caller has checked that the migration fits"
        );
        Instance::on(Engine::Register, Arc::clone(new), state)
    }

    fn conversion_of_states(&self) -> Conversion {
        let migrate = self.conversion(Role::Migrate);
        migrate.expect("verified: it is there")
    }

    /// An old client's input as the new machine understands it; nothing without adapters.
    ///
    /// # Errors
    /// A [`Trap`]; `abort` is how an adapter says that an input is retired. An input above the limit is
    /// one too.
    pub fn adapt_input(&self, context: &Context, input: Value) -> Option<Result<Value, Trap>> {
        let adapter = self.conversion(Role::Input)?;
        Some(self.converted(adapter, context, input, STEP_FUEL, INPUT_WEIGHT_MAX))
    }

    /// A new output as an old client understands it; nothing without adapters.
    ///
    /// # Errors
    /// A [`Trap`]; an output above the limit is one.
    pub fn adapt_output(&self, context: &Context, output: Value) -> Option<Result<Value, Trap>> {
        let adapter = self.conversion(Role::Output)?;
        Some(self.converted(adapter, context, output, STEP_FUEL, OUTPUT_WEIGHT_MAX))
    }

    /// The new state in its old form; nothing without a way back.
    ///
    /// # Errors
    /// A [`Trap`]; an old state above the limit is one.
    pub fn restore_state(&self, context: &Context, state: Value) -> Option<Result<Value, Trap>> {
        let back = self.conversion(Role::Back)?;
        Some(self.converted(back, context, state, MIGRATION_FUEL, STATE_WEIGHT_MAX))
    }

    /// What comes out is measured before anybody writes it: parts are shared, so a value that took little
    /// fuel and memory to make may be written in more bytes than there are.
    fn converted(
        &self,
        conversion: Conversion,
        context: &Context,
        value: Value,
        fuel: u64,
        weight_max: u64,
    ) -> Result<Value, Trap> {
        let function = conversion.function;
        let value = conversion.argument(context, value);
        let converted = engine::run(self.code(), function, value, fuel)?;
        if converted.weight() > weight_max {
            return Err(Trap::too_heavy(function));
        }
        Ok(converted)
    }
}
