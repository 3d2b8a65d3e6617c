//! Chains: migrations one after another, as one module.
//!
//! The functions of all steps come under new numbers into one module, and what one step offers is joined with
//! what the next one offers, code after code. So a chain traps where a step traps, with the step's reason, and costs
//! what its steps cost. A body that called the steps would be shorter and a level higher, and a migration that uses
//! all levels could not be a step.
//!
//! Nobody trusts a linker: what comes out is [`Bytecode`], for the verifier to judge like any other.

use std::fmt;

use crate::bytecode::{Body, Bytecode};
use crate::code::Code;
use crate::combinator::{FunctionId, Role};
use crate::encode;
use crate::instruction::{Instruction, Names};
use crate::layout::{Constants, TooLarge, lay_out};
use crate::limits::{FUNCTION_INSTRUCTIONS_MAX, MODULE_BYTES_MAX};
use crate::types::{TypeId, TypeTable};
use crate::verify::Migration;

/// Why migrations are no chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unlinked {
    /// There are none.
    Empty,
    /// One does not start where the one before it ends.
    Gap {
        /// Its place in the chain, from 0.
        step: usize,
        /// The function that does not follow.
        role: Role,
    },
    /// Together they are larger than a module may be.
    TooLarge(TooLarge),
}

impl fmt::Display for Unlinked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unlinked::Empty => f.write_str("no migration is no chain"),
            Unlinked::Gap { step, role } => {
                let role = format!("{role:?}").to_lowercase();
                write!(
                    f,
                    "`{role}` of step {} does not start where step {step} ends",
                    step + 1
                )
            }
            Unlinked::TooLarge(refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for Unlinked {}

impl From<TooLarge> for Unlinked {
    fn from(refusal: TooLarge) -> Unlinked {
        Unlinked::TooLarge(refusal)
    }
}

/// The migrations of `steps`, oldest first, as one. It has adapters if all of them have, and a way back if all
/// of them have.
///
/// # Errors
/// [`Unlinked`] if one does not follow the one before it, or the limits of a module are exceeded.
pub fn chain(steps: &[&Migration]) -> Result<Bytecode, Unlinked> {
    if let [only] = steps {
        return Ok(only.code().bytecode().clone());
    }
    let mut linker = Linker::default();
    let linked: Vec<Linked> = steps.iter().map(|step| linker.take_in(step)).collect();
    let roles = [Role::Migrate, Role::Input, Role::Output, Role::Back];
    let mut exports = Vec::new();
    if steps.is_empty() {
        return Err(Unlinked::Empty);
    }
    for role in roles {
        let offered: Option<Vec<FunctionId>> =
            linked.iter().map(|step| step.offers(role)).collect();
        let Some(mut way) = offered else { continue };
        let is_backwards = matches!(role, Role::Output | Role::Back);
        if is_backwards {
            way.reverse();
        }
        let joined = linker.join(role, &way).map_err(|refused| match refused {
            // Counted from the newest step, and found at the older of the two.
            Unlinked::Gap { step, role } if is_backwards => Unlinked::Gap {
                step: steps.len() - step,
                role,
            },
            other => other,
        })?;
        exports.push((role, joined));
    }
    let Linker {
        types,
        constants,
        bodies,
    } = linker;
    let module = lay_out(&types, constants, bodies, exports, None)?;
    let bytes = encode::module(&module).len();
    within("bytes in the module", bytes, MODULE_BYTES_MAX, None)?;
    Ok(module)
}

/// What is put together.
#[derive(Default)]
struct Linker {
    types: TypeTable,
    constants: Constants,
    bodies: Vec<Body>,
}

/// A step that is in: what it offers, under the new numbers.
struct Linked {
    exports: Vec<(Role, FunctionId)>,
}

impl Linked {
    fn offers(&self, role: Role) -> Option<FunctionId> {
        let found = self.exports.iter().find(|(own, _)| *own == role);
        found.map(|(_, function)| *function)
    }
}

/// The numbers of one step in the whole.
struct Renamed {
    types: Vec<TypeId>,
    constants: Vec<u32>,
    first_function: u32,
}

impl Names for Renamed {
    fn type_name(&self, id: TypeId) -> TypeId {
        self.types[id.index()]
    }

    fn function_name(&self, function: FunctionId) -> FunctionId {
        FunctionId(self.first_function + function.0)
    }
}

impl Renamed {
    fn instruction(&self, instruction: Instruction) -> Instruction {
        match instruction {
            Instruction::Quote(index) => Instruction::Quote(self.constants[index as usize]),
            other => other.renamed(self),
        }
    }

    fn body(&self, body: &Body) -> Body {
        Body {
            domain: self.type_name(body.domain),
            codomain: self.type_name(body.codomain),
            code: body.code.iter().map(|one| self.instruction(one)).collect(),
        }
    }
}

impl Linker {
    fn take_in(&mut self, step: &Migration) -> Linked {
        let module = step.code().bytecode();
        let types = self.types.import_all(&module.types);
        let constants = module.pool.iter();
        let constants = constants.map(|(id, value)| self.constants.index(types[id.index()], value));
        let constants = constants.collect();
        let first_function = u32::try_from(self.bodies.len());
        let renamed = Renamed {
            types,
            constants,
            first_function: first_function.expect("modules in memory have fewer functions"),
        };
        let bodies = module.functions.iter();
        self.bodies.extend(bodies.map(|body| renamed.body(body)));
        let exports = module.exports.iter();
        let exports = exports.map(|(role, function)| (*role, renamed.function_name(*function)));
        Linked {
            exports: exports.collect(),
        }
    }

    /// One function that does what those of `way` do, one after the other.
    fn join(&mut self, role: Role, way: &[FunctionId]) -> Result<FunctionId, Unlinked> {
        let bodies = way.iter().map(|function| &self.bodies[function.index()]);
        let bodies: Vec<&Body> = bodies.collect();
        let (Some(first), Some(last)) = (bodies.first(), bodies.last()) else {
            return Err(Unlinked::Empty);
        };
        let mut pairs = bodies.windows(2);
        if let Some(gap) = pairs.position(|pair| pair[0].codomain != pair[1].domain) {
            let step = gap + 1;
            return Err(Unlinked::Gap { step, role });
        }
        // Each body but the last goes on where it would end. It ends once: arms close before it does.
        let ends = bodies.len() - 1;
        let length = bodies.iter().map(|body| body.code.len()).sum::<usize>() - ends;
        let limit = FUNCTION_INSTRUCTIONS_MAX;
        within("instructions", length, limit, Some(role))?;
        let code: Code = bodies[..ends]
            .iter()
            .flat_map(|body| body.code.iter().take(body.code.len() - 1))
            .chain(&last.code)
            .collect();
        let joined = Body {
            domain: first.domain,
            codomain: last.codomain,
            code,
        };
        let number = u32::try_from(self.bodies.len());
        self.bodies.push(joined);
        Ok(FunctionId(
            number.expect("modules in memory have fewer functions"),
        ))
    }
}

fn within(
    what: &'static str,
    count: usize,
    limit: usize,
    role: Option<Role>,
) -> Result<(), TooLarge> {
    if count <= limit {
        return Ok(());
    }
    Err(TooLarge {
        function: role.map(|role| format!("{role:?}").to_lowercase()),
        what,
        limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combinator::{Arrow, Combinators, Draft, Operation};
    use crate::compile::compile;
    use crate::fuel::Fuel;
    use crate::machine;
    use crate::trap::TrapReason;
    use crate::types::{INT, TEXT};
    use crate::value::Value;
    use crate::verify;

    const ALL: [Role; 4] = [Role::Migrate, Role::Input, Role::Output, Role::Back];

    fn step(roles: &[Role], make: impl Fn(&mut Draft) -> Arrow) -> Migration {
        let mut draft = Draft::new();
        let mut exports = Vec::new();
        for role in roles {
            let arrow = make(&mut draft);
            let name = format!("{role:?}");
            exports.push((*role, draft.define(&name, arrow).unwrap()));
        }
        let module = compile(Combinators {
            draft,
            exports,
            schema: None,
        });
        verify::migration(module.unwrap()).unwrap()
    }

    /// `10 * n + digit` through a function, in every role: the result says which steps were gone, and in which order.
    fn digit(roles: &[Role], digit: i64) -> Migration {
        step(roles, |draft| {
            let shifted = calculated(draft, Operation::Multiply, 10);
            let shifted = draft.define("shifted", shifted).unwrap();
            let shifted = draft.call(shifted).unwrap();
            let added = calculated(draft, Operation::Add, digit);
            draft.compose(shifted, added).unwrap()
        })
    }

    fn calculated(draft: &mut Draft, operation: Operation, operand: i64) -> Arrow {
        let itself = draft.identity(INT).unwrap();
        let operand = draft.constant(INT, INT, Value::Int(operand)).unwrap();
        let both = draft.tuple(INT, &[itself, operand]).unwrap();
        let operation = draft.operation(operation).unwrap();
        draft.compose(both, operation).unwrap()
    }

    fn stops(code: i64) -> Migration {
        step(&ALL, |draft| {
            let code = draft.constant(INT, INT, Value::Int(code)).unwrap();
            let abort = draft.abort(INT).unwrap();
            draft.compose(code, abort).unwrap()
        })
    }

    fn linked(steps: &[&Migration]) -> Migration {
        verify::migration(chain(steps).unwrap()).unwrap()
    }

    fn came_to(result: Option<Result<Value, crate::trap::Trap>>) -> Result<Value, TrapReason> {
        result.unwrap().map_err(|trap| trap.reason)
    }

    #[test]
    fn states_and_inputs_go_up_and_outputs_and_the_way_back_go_down() {
        let steps = [1, 2, 3].map(|number| digit(&ALL, number));
        let whole = linked(&steps.each_ref());
        let start = Value::Int(0);
        let up = Ok(Value::Int(123));
        let down = Ok(Value::Int(321));
        assert_eq!(came_to(Some(whole.migrate_state(start.clone()))), up);
        assert_eq!(came_to(whole.adapt_input(start.clone())), up);
        assert_eq!(came_to(whole.adapt_output(start.clone())), down);
        assert_eq!(came_to(whole.restore_state(start)), down);
    }

    #[test]
    fn a_chain_costs_what_its_steps_cost() {
        let cost = |step: &Migration| {
            let mut fuel = Fuel::new(1_000);
            let ran = machine::run(step.code(), step.migrate(), Value::Int(1), &mut fuel);
            ran.unwrap();
            1_000 - fuel.remaining()
        };
        let steps = [1, 2, 3].map(|number| digit(&ALL, number));
        let apart: u64 = steps.iter().map(cost).sum();
        assert_eq!(cost(&linked(&steps.each_ref())), apart);
    }

    #[test]
    fn a_chain_has_what_all_its_steps_have() {
        let whole = digit(&ALL, 1);
        let deaf = digit(&[Role::Migrate, Role::Back], 2);
        let one_way = digit(&[Role::Migrate, Role::Input, Role::Output], 3);
        let table = [
            (vec![&whole, &whole], (true, true)),
            (vec![&whole, &deaf, &whole], (false, true)),
            (vec![&one_way, &whole], (true, false)),
            (vec![&deaf, &one_way], (false, false)),
        ];
        for (steps, expected) in table {
            let linked = linked(&steps);
            let has = (linked.adapters().is_some(), linked.back().is_some());
            assert_eq!(has, expected);
        }
    }

    #[test]
    fn a_chain_stops_where_a_step_stops_and_for_its_reason() {
        let (first, last) = (digit(&ALL, 1), digit(&ALL, 2));
        for code in [1, 7] {
            let whole = linked(&[&first, &stops(code), &last]);
            let stopped = Err(TrapReason::Abort(code));
            assert_eq!(came_to(whole.adapt_input(Value::Int(0))), stopped);
            assert_eq!(came_to(whole.adapt_output(Value::Int(0))), stopped);
            assert_eq!(came_to(Some(whole.migrate_state(Value::Int(0)))), stopped);
        }
        let whole = linked(&[&first, &stops(7)]);
        let large = Value::Int(i64::MAX);
        let stopped = Err(TrapReason::Overflow);
        assert_eq!(came_to(Some(whole.migrate_state(large))), stopped);
    }

    #[test]
    fn chains_of_chains_are_chains_and_one_step_is_itself() {
        let [a, b, c] = [1, 2, 3].map(|number| digit(&ALL, number));
        for whole in [
            linked(&[&linked(&[&a, &b]), &c]),
            linked(&[&a, &linked(&[&b, &c])]),
        ] {
            let start = Value::Int(4);
            let (up, down) = (Ok(Value::Int(4123)), Ok(Value::Int(4321)));
            assert_eq!(came_to(Some(whole.migrate_state(start.clone()))), up);
            assert_eq!(came_to(whole.restore_state(start)), down);
        }
        assert_eq!(linked(&[&a]).bytes(), a.bytes());
    }

    #[test]
    fn steps_that_do_not_follow_each_other_are_refused_with_their_place() {
        let number = digit(&ALL, 1);
        let text = |roles: &[Role]| step(roles, |draft| draft.identity(TEXT).unwrap());
        let forward = text(&[Role::Migrate]);
        let role = Role::Migrate;
        let gap = |step| Err(Unlinked::Gap { step, role });
        assert_eq!(chain(&[&number, &forward]), gap(1));
        assert_eq!(chain(&[&forward, &forward, &number]), gap(2));
        assert_eq!(chain(&[]), Err(Unlinked::Empty));
        assert_eq!(
            gap(2).unwrap_err().to_string(),
            "`migrate` of step 3 does not start where step 2 ends"
        );
    }

    #[test]
    fn a_chain_above_a_limit_is_refused_and_not_cut() {
        let step = digit(&ALL, 1);
        let steps = vec![&step; FUNCTION_INSTRUCTIONS_MAX];
        let refused = chain(&steps);
        assert!(matches!(refused, Err(Unlinked::TooLarge(_))), "{refused:?}");
    }
}
