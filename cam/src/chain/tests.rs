//! Chains do what their steps do.

use super::*;
use crate::combinator::{Arrow, Combinators, Draft, Operation};
use crate::compile::compile;
use crate::fuel::Fuel;
use crate::instance::Context;
use crate::machine;
use crate::trap::TrapReason;
use crate::types::{INT, TEXT};
use crate::value::Value;
use crate::verify;

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

/// `10 * n + at` for what is told the moment.
fn told(roles: &[Role]) -> Migration {
    let told: Vec<Role> = roles.iter().map(|role| role.stamped()).collect();
    step(&told, |draft| {
        let moment = draft.types.product(&[INT, TEXT, INT]);
        let pair = draft.types.product(&[moment, INT]);
        let own = draft.project(pair, 1).unwrap();
        let shifted = calculated(draft, Operation::Multiply, 10);
        let shifted = draft.compose(own, shifted).unwrap();
        let (first, at) = (draft.project(pair, 0), draft.project(moment, 0));
        let at = draft.compose(first.unwrap(), at.unwrap()).unwrap();
        let both = draft.tuple(pair, &[shifted, at]).unwrap();
        let add = draft.operation(Operation::Add).unwrap();
        draft.compose(both, add).unwrap()
    })
}

fn moment() -> Context {
    Context {
        at_ms: 9,
        from: "ann".into(),
        sequence: 3,
    }
}

fn moment_value() -> Value {
    Value::product(vec![Value::Int(9), Value::text("ann"), Value::Int(3)])
}

fn stops(code: i64) -> Migration {
    step(&ROLES, |draft| {
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
    let steps = [1, 2, 3].map(|number| digit(&ROLES, number));
    let whole = linked(&steps.each_ref());
    let start = Value::Int(0);
    let up = Ok(Value::Int(123));
    let down = Ok(Value::Int(321));
    assert_eq!(
        came_to(Some(whole.migrate_state(&moment(), start.clone()))),
        up
    );
    assert_eq!(came_to(whole.adapt_input(&moment(), start.clone())), up);
    assert_eq!(came_to(whole.adapt_output(&moment(), start.clone())), down);
    assert_eq!(came_to(whole.restore_state(&moment(), start)), down);
}

#[test]
fn a_chain_costs_what_its_steps_cost() {
    let steps = [1, 2, 3].map(|number| digit(&ROLES, number));
    let apart: u64 = steps.iter().map(cost).sum();
    assert_eq!(cost(&linked(&steps.each_ref())), apart);
}

/// All chains of four steps of which some are told the moment: in both directions they come to what the steps come to
/// one after another, at 5 units more for each step at most.
#[test]
fn the_moment_is_handed_on_to_the_steps_that_ask_for_it() {
    for asking in 0..16 {
        let asks = |place: i64| asking >> place & 1 == 1;
        let steps = [0, 1, 2, 3].map(|place| match asks(place) {
            true => told(&ROLES),
            false => digit(&ROLES, place + 1),
        });
        let whole = linked(&steps.each_ref());
        let start = Value::Int(0);
        let (up, mut down) = (steps.iter(), steps.iter().rev());
        let migrated = up.clone().try_fold(start.clone(), |state, step| {
            came_to(Some(step.migrate_state(&moment(), state)))
        });
        let adapted = up.clone().try_fold(start.clone(), |input, step| {
            came_to(step.adapt_input(&moment(), input))
        });
        let answered = down.clone().try_fold(start.clone(), |output, step| {
            came_to(step.adapt_output(&moment(), output))
        });
        let restored = down.try_fold(start.clone(), |state, step| {
            came_to(step.restore_state(&moment(), state))
        });
        let digits = (0..4).map(|place| if asks(place) { 9 } else { place + 1 });
        let digits = digits.fold(0, |number, digit| 10 * number + digit);
        assert_eq!(migrated, Ok(Value::Int(digits)));
        let together = [
            came_to(Some(whole.migrate_state(&moment(), start.clone()))),
            came_to(whole.adapt_input(&moment(), start.clone())),
            came_to(whole.adapt_output(&moment(), start.clone())),
            came_to(whole.restore_state(&moment(), start)),
        ];
        assert_eq!(together, [migrated, adapted, answered, restored]);

        let told = whole.conversion(Role::Migrate).unwrap().is_stamped;
        assert_eq!(told, asking != 0);
        assert_eq!(whole.code().bytecode().format(), if told { 3 } else { 1 });
        let apart: u64 = steps.iter().map(cost).sum();
        let together = cost(&whole);
        assert!((apart..=apart + 20).contains(&together), "{asking:b}");
        assert!(told || together == apart);
    }
}

#[test]
fn only_what_asks_is_told_the_moment() {
    let plain = digit(&ROLES, 1);
    let asking = step(&[Role::MigrateAt, Role::Back], |draft| {
        let moment = draft.types.product(&[INT, TEXT, INT]);
        let pair = draft.types.product(&[moment, INT]);
        draft.project(pair, 1).unwrap()
    });
    let roles = |steps: [&Migration; 2]| -> Vec<Role> {
        let module = chain(&steps).unwrap();
        module.exports.iter().map(|(role, _)| *role).collect()
    };
    // Its way back starts at such a pair too, but its role says nothing of a moment: the pair is the state.
    assert_eq!(roles([&plain, &asking]), [Role::Back, Role::MigrateAt]);
    let state = Value::product(vec![moment_value(), Value::Int(4)]);
    let restored = linked(&[&plain, &asking]).restore_state(&moment(), state);
    assert_eq!(came_to(restored), Ok(Value::Int(41)));

    let mixed = told(&[Role::Migrate]);
    assert_eq!(roles([&plain, &mixed]), [Role::MigrateAt]);
    assert_eq!(roles([&mixed, &plain]), [Role::MigrateAt]);
    let text = step(&[Role::Migrate], |draft| draft.identity(TEXT).unwrap());
    let (step, role) = (1, Role::Migrate);
    let refused = chain(&[&text, &mixed]);
    assert_eq!(refused, Err(Unlinked::Gap { step, role }));
}

fn cost(step: &Migration) -> u64 {
    let conversion = step.conversion(Role::Migrate).unwrap();
    let value = conversion.argument(&moment(), Value::Int(1));
    let mut fuel = Fuel::new(1_000);
    machine::run(step.code(), step.migrate(), value, &mut fuel).unwrap();
    1_000 - fuel.remaining()
}

#[test]
fn a_chain_has_what_all_its_steps_have() {
    let whole = digit(&ROLES, 1);
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
    let (first, last) = (digit(&ROLES, 1), digit(&ROLES, 2));
    for code in [1, 7] {
        let whole = linked(&[&first, &stops(code), &last]);
        let stopped = Err(TrapReason::Abort(code));
        assert_eq!(
            came_to(whole.adapt_input(&moment(), Value::Int(0))),
            stopped
        );
        assert_eq!(
            came_to(whole.adapt_output(&moment(), Value::Int(0))),
            stopped
        );
        assert_eq!(
            came_to(Some(whole.migrate_state(&moment(), Value::Int(0)))),
            stopped
        );
    }
    let whole = linked(&[&first, &stops(7)]);
    let large = Value::Int(i64::MAX);
    let stopped = Err(TrapReason::Overflow);
    assert_eq!(
        came_to(Some(whole.migrate_state(&moment(), large))),
        stopped
    );
}

#[test]
fn chains_of_chains_are_chains_and_one_step_is_itself() {
    let [a, b, c] = [1, 2, 3].map(|number| digit(&ROLES, number));
    for whole in [
        linked(&[&linked(&[&a, &b]), &c]),
        linked(&[&a, &linked(&[&b, &c])]),
    ] {
        let start = Value::Int(4);
        let (up, down) = (Ok(Value::Int(4123)), Ok(Value::Int(4321)));
        assert_eq!(
            came_to(Some(whole.migrate_state(&moment(), start.clone()))),
            up
        );
        assert_eq!(came_to(whole.restore_state(&moment(), start)), down);
    }
    assert_eq!(linked(&[&a]).bytes(), a.bytes());
}

#[test]
fn steps_that_do_not_follow_each_other_are_refused_with_their_place() {
    let number = digit(&ROLES, 1);
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
    let step = digit(&ROLES, 1);
    let steps = vec![&step; FUNCTION_INSTRUCTIONS_MAX];
    let refused = chain(&steps);
    assert!(matches!(refused, Err(Unlinked::TooLarge(_))), "{refused:?}");
}
