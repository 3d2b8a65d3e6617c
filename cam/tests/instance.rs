//! Steps at the limits, and migrations that fit or do not.

use std::sync::Arc;

use cam::combinator::{Arrow, Combinators, Draft, FunctionId, IllTyped, Operation, Role};
use cam::compile::compile;
use cam::instance::{Context, Instance, StrangeState};
use cam::limits::{OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX, TEXT_BYTES_MAX};
use cam::schema::{Schema, Shape, Shapes};
use cam::trap::TrapReason;
use cam::types::{BYTES, INT, TEXT, TypeId, UNIT};
use cam::value::{List, Value};
use cam::verify::{self, Migration, Misfit, Program};

type Made = Result<Arrow, IllTyped>;

fn context() -> Context {
    Context {
        at_ms: 0,
        from: "nobody".into(),
        sequence: 1,
    }
}

/// `input Echo(Bytes) | Keep(Bytes)`, output `Bytes`, state `List(Bytes)`.
fn keeper() -> Arc<Program> {
    let mut shapes = Shapes::default();
    let bytes = shapes.intern(Shape::Bytes);
    let state = shapes.intern(Shape::List(bytes));
    let constructors = [("Echo".into(), bytes), ("Keep".into(), bytes)];
    let input = shapes.intern(Shape::Variant("Input".into(), Box::new(constructors)));
    let mut draft = Draft::new();
    let list = shapes.erase(state, &mut draft.types);
    let choice = shapes.erase(input, &mut draft.types);
    let empty = Value::List(List::default());
    let init = draft.constant(UNIT, list, empty).expect("well-typed");
    let step = keeper_step(&mut draft, list, choice).expect("well-typed");
    let schema = Schema {
        machine: "Keeper".into(),
        version: 1,
        stamps: Vec::new(),
        shapes,
        state,
        input,
        output: bytes,
    };
    let exports = [("init", init, Role::Init), ("step", step, Role::Step)];
    let exports =
        exports.map(|(name, arrow, role)| (role, draft.define(name, arrow).expect("pure")));
    let program = Combinators {
        draft,
        exports: exports.to_vec(),
        schema: Some(schema),
    };
    Arc::new(verify::machine(compile(program).expect("small")).expect("valid"))
}

fn keeper_step(draft: &mut Draft, list: TypeId, choice: TypeId) -> Made {
    // state x payload -> state x output
    let start = draft.types.product(&[list, BYTES]);
    let (state, payload) = (draft.project(start, 0)?, draft.project(start, 1)?);
    let echo = draft.tuple(start, &[state, payload])?;
    let pair = draft.tuple(start, &[state, payload])?;
    let push = draft.operation(Operation::ListPush(list))?;
    let pushed = draft.compose(pair, push)?;
    let nothing = draft.constant(start, BYTES, Value::Bytes(Arc::from([])))?;
    let keep = draft.tuple(start, &[pushed, nothing])?;
    let case = draft.case(list, choice, &[echo, keep])?;
    let argument = draft.types.product(&[choice, list]);
    let (input, state) = (draft.project(argument, 0)?, draft.project(argument, 1)?);
    let turned = draft.tuple(argument, &[state, input])?;
    draft.compose(turned, case)
}

#[test]
fn a_state_or_output_above_its_limit_is_a_trap_and_the_old_state_stands() {
    let mut instance = Instance::start(keeper()).expect("a constant does not stop");
    let largest: Arc<[u8]> = vec![0; TEXT_BYTES_MAX].into();
    let (echo, keep) = (0, 1);
    let large = Value::sum(keep, Value::Bytes(Arc::clone(&largest)));
    let fitting = usize::try_from(STATE_WEIGHT_MAX).expect("it fits") / (TEXT_BYTES_MAX + 32);
    for _ in 0..fitting {
        instance
            .step(&context(), large.clone())
            .expect("within the limit");
    }
    let before = instance.state();
    let trap = instance
        .step(&context(), large)
        .expect_err("above the limit");
    assert_eq!(trap.reason, TrapReason::SizeLimit);
    assert_eq!(instance.state(), before);

    let room = usize::try_from(OUTPUT_WEIGHT_MAX).expect("it fits") - 16;
    let of_length = |length| Value::sum(echo, Value::Bytes(Arc::from(&largest[..length])));
    assert!(instance.step(&context(), of_length(room)).is_ok());
    let trap = instance
        .step(&context(), of_length(room + 1))
        .expect_err("above the limit");
    assert_eq!(trap.reason, TrapReason::SizeLimit);
    assert_eq!(instance.state(), before);
}

#[test]
fn a_look_changes_nothing_and_answers_as_the_step_does() {
    let mut instance = Instance::start(keeper()).expect("a constant does not stop");
    let input = Value::sum(1, Value::Bytes(Arc::from([7])));
    let before = instance.state();
    let seen = instance.peek(&context(), input.clone()).expect("no trap");
    assert_eq!(instance.state(), before);
    assert_eq!(instance.step(&context(), input), Ok(seen.answer));
    assert_eq!(instance.state(), seen.state);
}

#[test]
fn a_copy_forgets_a_pending_step_that_was_leaked() {
    let mut instance = Instance::start(keeper()).expect("a constant does not stop");
    let before = instance.state();
    let [echo, keep] = [0, 1].map(|tag| Value::sum(tag, Value::Bytes(Arc::from([7]))));
    std::mem::forget(instance.attempt(&context(), keep).expect("no trap"));
    for mut own in [instance.clone(), instance] {
        own.step(&context(), echo.clone()).expect("no trap");
        assert_eq!(own.state(), before);
    }
}

#[test]
fn a_kept_state_of_another_type_is_not_taken_up() {
    assert_eq!(
        Instance::resume(keeper(), Value::Int(1)).err(),
        Some(StrangeState)
    );
    let list = Value::List([Value::Bytes(Arc::from([1]))].into_iter().collect());
    assert!(Instance::resume(keeper(), list).is_ok());
}

/// A machine whose `step` answers a constant: only its types matter.
fn plain(state: &Shape, input: &Shape, output: &Shape) -> Program {
    let mut shapes = Shapes::default();
    let [state, input, output] = [state, input, output].map(|shape| shapes.intern(shape.clone()));
    let mut draft = Draft::new();
    let types = [state, input, output].map(|id| shapes.erase(id, &mut draft.types));
    let init = draft
        .constant(UNIT, types[0], first(types[0]))
        .expect("well-typed");
    let argument = draft.types.product(&[types[1], types[0]]);
    let same = draft.project(argument, 1).expect("well-typed");
    let answer = draft
        .constant(argument, types[2], first(types[2]))
        .expect("well-typed");
    let step = draft.tuple(argument, &[same, answer]).expect("well-typed");
    let init = draft.define("init", init).expect("pure");
    let step = draft.define("step", step).expect("pure");
    let schema = Schema {
        machine: "Plain".into(),
        version: 1,
        stamps: Vec::new(),
        shapes,
        state,
        input,
        output,
    };
    let program = Combinators {
        draft,
        exports: vec![(Role::Init, init), (Role::Step, step)],
        schema: Some(schema),
    };
    verify::machine(compile(program).expect("small")).expect("valid")
}

fn first(id: TypeId) -> Value {
    match id {
        INT => Value::Int(1),
        TEXT => Value::text("a"),
        _ => Value::Bytes(Arc::from([1])),
    }
}

/// A migration of constants with these types, `(domain, codomain)` for each role.
fn migration(functions: &[(Role, TypeId, TypeId)]) -> Migration {
    let mut draft = Draft::new();
    let exports: Vec<(Role, FunctionId)> = functions
        .iter()
        .map(|(role, from, to)| {
            let arrow = draft.constant(*from, *to, first(*to)).expect("well-typed");
            (*role, draft.define("f", arrow).expect("pure"))
        })
        .collect();
    let program = Combinators {
        draft,
        exports,
        schema: None,
    };
    verify::migration(compile(program).expect("small")).expect("valid")
}

#[test]
fn a_migration_fits_if_every_function_leads_from_the_one_machine_to_the_other() {
    let old = plain(&Shape::Int, &Shape::Text, &Shape::Bytes);
    let new = plain(&Shape::Text, &Shape::Bytes, &Shape::Int);
    let fitting = [
        (Role::Migrate, INT, TEXT),
        (Role::Input, TEXT, BYTES),
        (Role::Output, INT, BYTES),
        (Role::Back, TEXT, INT),
    ];
    assert_eq!(migration(&fitting).fits(&old, &new), Ok(()));
    assert_eq!(migration(&fitting[..1]).fits(&old, &new), Ok(()));
    for changed in 0..fitting.len() {
        let (role, from, to) = fitting[changed];
        for (side, strange) in [("starts at", (to, to)), ("ends at", (from, from))] {
            let mut functions = fitting;
            functions[changed] = (role, strange.0, strange.1);
            let misfit = migration(&functions).fits(&old, &new);
            assert_eq!(misfit, Err(Misfit { role, side }));
        }
    }
}

#[test]
fn adapters_and_the_way_back_run_where_they_are_and_are_nothing_where_they_are_not() {
    let whole = migration(&[
        (Role::Migrate, INT, TEXT),
        (Role::Input, TEXT, BYTES),
        (Role::Output, INT, BYTES),
        (Role::Back, TEXT, INT),
    ]);
    assert_eq!(
        whole.migrate_state(&Context::default(), Value::Int(7)),
        Ok(first(TEXT))
    );
    assert_eq!(
        whole.adapt_input(&Context::default(), Value::text("x")),
        Some(Ok(first(BYTES)))
    );
    assert_eq!(
        whole.adapt_output(&Context::default(), Value::Int(7)),
        Some(Ok(first(BYTES)))
    );
    assert_eq!(
        whole.restore_state(&Context::default(), Value::text("x")),
        Some(Ok(first(INT)))
    );
    let bare = migration(&[(Role::Migrate, INT, TEXT)]);
    assert_eq!(
        bare.adapt_input(&Context::default(), Value::text("x")),
        None
    );
    assert_eq!(bare.adapt_output(&Context::default(), Value::Int(7)), None);
    assert_eq!(
        bare.restore_state(&Context::default(), Value::text("x")),
        None
    );
}

#[test]
fn a_conversion_that_is_told_the_moment_fits_as_one_that_is_not() {
    let old = plain(&Shape::Int, &Shape::Text, &Shape::Bytes);
    let new = plain(&Shape::Text, &Shape::Bytes, &Shape::Int);
    let told = told(Role::MigrateAt, INT, |draft, pair| {
        let moment = draft.project(pair, 0)?;
        let product = draft.codomain(moment);
        let from = draft.project(product, 1)?;
        draft.compose(moment, from)
    });
    assert_eq!(told.fits(&old, &new), Ok(()));
    let (role, side) = (Role::Migrate, "starts at");
    assert_eq!(told.fits(&new, &new), Err(Misfit { role, side }));
    let context = Context {
        at_ms: 5,
        from: "ann".into(),
        sequence: 3,
    };
    let migrated = told.migrate_state(&context, Value::Int(7));
    assert_eq!(migrated, Ok(Value::text("ann")));
    assert_eq!(told.code().bytecode().format(), 3);
}

/// A migration of one function that starts at a moment and a value of a type.
fn told(
    role: Role,
    from: TypeId,
    arrow: impl FnOnce(&mut Draft, TypeId) -> Result<Arrow, IllTyped>,
) -> Migration {
    let mut draft = Draft::new();
    let moment = draft.types.product(&[INT, TEXT, INT]);
    let pair = draft.types.product(&[moment, from]);
    let arrow = arrow(&mut draft, pair).expect("well-typed");
    let function = draft.define("f", arrow).expect("pure");
    let program = Combinators {
        draft,
        exports: vec![(role, function)],
        schema: None,
    };
    verify::migration(compile(program).expect("small")).expect("valid")
}
