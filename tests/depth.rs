//! Programs at the limits of depth, run by every engine on the stack of a server's thread.
//!
//! The limits say how high types, cases and calls may be. Here each is reached, with values that fill it,
//! and run, compared, encoded, migrated and dropped. One more is refused.

use std::thread;

use cam::instance::Context;
use cam::limits::{CALL_HEIGHT_MAX, CASE_DEPTH_MAX, STACK_MAX, TYPE_HEIGHT_MAX};
use cam::trap::TrapReason;
use cam::value::Value;
use harness::assembly::Module;
use harness::duel::{Accepted, ENGINES, judge, judged, same};

/// Threads of servers have small stacks; a test's own thread may not.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let small = thread::Builder::new().stack_size(2 << 20).spawn(test);
    let ended = small.expect("a thread can be started").join();
    assert!(ended.is_ok(), "the test on the small stack failed");
}

/// The module in text, whose last function becomes its migration.
fn accepted(text: &str) -> Result<Accepted, String> {
    let mut module = Module::default();
    for line in text.lines() {
        assert_eq!(module.line(line), Ok(true), "{line}");
    }
    let last = module
        .functions
        .last()
        .expect("there is a function")
        .name
        .clone();
    assert_eq!(module.line(&format!("export migrate {last}")), Ok(true));
    let bytes = module.assembled().map_err(|error| error.to_string())?;
    judged(&bytes).map_err(|refused| refused.reason)
}

/// What the migration makes of `input`, as every engine says.
fn run(text: &str, input: &Value) -> Result<Value, TrapReason> {
    const FUEL: u64 = 10_000_000;
    let migration = match accepted(text) {
        Ok(Accepted::Migration(migration)) => migration,
        Ok(Accepted::Machine(_)) => unreachable!("it has no schema"),
        Err(reason) => unreachable!("it is refused: {reason}"),
    };
    let (code, function) = (migration.code(), migration.migrate());
    let meant = judge(code, function, input.clone(), FUEL);
    for (name, engine) in ENGINES {
        let found = engine(code, function, input.clone(), FUEL);
        assert!(same(&found, &meant), "{name}: {found:?}, {meant:?}");
    }
    let product = migration.migrate_state(&Context::default(), input.clone());
    assert_eq!(product.map_err(|trap| trap.reason), meant.0);
    meant.0
}

/// Why the module is refused.
fn refused(text: &str) -> String {
    accepted(text).err().expect("it is above a limit")
}

/// Functions of which each is made out of the one below.
fn chain(height: u32, domain: &str, first: &str, next: impl Fn(u32) -> String) -> String {
    let function = |index| match index {
        0 => format!("fn f0 {domain} -> Int\n  {first}; end\n"),
        _ => format!("fn f{index} {domain} -> Int\n  {}; end\n", next(index - 1)),
    };
    (0..height).map(function).collect()
}

#[test]
fn calls_are_as_high_as_the_limit() {
    on_a_small_stack(|| {
        let one_more = "push; int 1; add";
        let calls = |height| {
            chain(height, "Int", one_more, |below| {
                format!("call f{below}; {one_more}")
            })
        };
        let height = i64::from(CALL_HEIGHT_MAX);
        assert_eq!(
            run(&calls(CALL_HEIGHT_MAX), &Value::Int(0)),
            Ok(Value::Int(height))
        );
        assert_eq!(refused(&calls(CALL_HEIGHT_MAX + 1)), "CallTooHigh");
        let twice = chain(CALL_HEIGHT_MAX, "Int", one_more, |below| {
            format!("call f{below}; call f{below}")
        });
        let result = run(&twice, &Value::Int(0));
        assert_eq!(result, Err(TrapReason::OutOfFuel), "2^127 additions");
    });
}

#[test]
fn every_frame_of_the_highest_call_is_deep() {
    on_a_small_stack(|| {
        let depth = STACK_MAX - 1;
        let pushes = "push; ".repeat(depth);
        let deep = |below: u32| format!("{pushes}call f{below}; push; int 1; add; drop {depth}");
        let text = chain(CALL_HEIGHT_MAX, "Int", "push; int 1; add", deep);
        let height = i64::from(CALL_HEIGHT_MAX);
        assert_eq!(run(&text, &Value::Int(0)), Ok(Value::Int(height)));
        let over = format!("{0}{0}drop {1}", pushes, 2 * depth);
        assert_eq!(
            refused(&chain(1, "Int", &over, |_| String::new())),
            "StackOverflow"
        );
    });
}

#[test]
fn folds_run_in_folds_up_to_the_limit() {
    on_a_small_stack(|| {
        for (container, fold, entry) in [("list", "lfold", "Int"), ("map Int", "mfold", "Int Int")]
        {
            let types = format!("type C = {container} Int\ntype P = prod C Int {entry}\n");
            let last = entry.split(' ').count() + 1;
            let first = format!("push; proj 1; push; acc 1; proj {last}; add; drop 1");
            let folds = |height| {
                let next = |below| {
                    format!(
                        "push; proj 0; push; acc 1; proj 1; push; acc 2; proj 0; {fold} f{below}; drop 1"
                    )
                };
                types.clone() + &chain(height, "P", &first, next)
            };
            let single = match container {
                "list" => Value::List([Value::Int(5)].into_iter().collect()),
                _ => Value::Map([(Value::Int(5), Value::Int(5))].into_iter().collect()),
            };
            let entry = vec![Value::Int(5); last - 1];
            let argument = [vec![single, Value::Int(2)], entry].concat();
            let argument = Value::product(argument);
            assert_eq!(run(&folds(CALL_HEIGHT_MAX), &argument), Ok(Value::Int(7)));
            assert_eq!(refused(&folds(CALL_HEIGHT_MAX + 1)), "CallTooHigh");
        }
    });
}

#[test]
fn cases_are_nested_up_to_the_limit() {
    on_a_small_stack(|| {
        let cases = |depth: usize| {
            let open = "case; acc 0; ".repeat(depth - 1);
            let close: String = (1..depth)
                .map(|level| format!("else; int {level}; end; "))
                .collect();
            format!(
                "fn f Bool -> Int\n  push; {open}case; int 0; else; int 7; end; {close}drop 1; end"
            )
        };
        let deepest = cases(CASE_DEPTH_MAX);
        let outermost = i64::try_from(CASE_DEPTH_MAX - 1).expect("small");
        assert_eq!(run(&deepest, &Value::bool(false)), Ok(Value::Int(0)));
        assert_eq!(run(&deepest, &Value::bool(true)), Ok(Value::Int(outermost)));
        assert_eq!(refused(&cases(CASE_DEPTH_MAX + 1)), "CaseTooDeep");
    });
}

/// A tower of one constructor, and the value that fills it.
type Tower = (&'static str, fn(Value) -> Value);

const TOWERS: [Tower; 4] = [
    ("list", |value| Value::List([value].into_iter().collect())),
    ("prod", |value| Value::product(vec![value])),
    ("sum Unit", |value| Value::sum(1, value)),
    ("map Int", |value| {
        Value::Map([(Value::Int(1), value)].into_iter().collect())
    }),
];

#[test]
fn values_of_the_highest_types_are_compared_encoded_kept_and_dropped() {
    on_a_small_stack(|| {
        for (constructor, wrap) in TOWERS {
            let types = |height: u32| -> String {
                let level = |level: u32| match level {
                    1 => format!("type T1 = {constructor} Int\n"),
                    _ => format!("type T{level} = {constructor} T{}\n", level - 1),
                };
                (1..=height).map(level).collect()
            };
            let top = TYPE_HEIGHT_MAX;
            let tower = |height, code: &str| format!("{}{code}", types(height));
            let value = (0..top).fold(Value::Int(7), |value, _| wrap(value));
            let same = tower(top, &format!("fn f T{top} -> Bool\n  push; eq; end"));
            assert_eq!(run(&same, &value), Ok(Value::bool(true)), "{constructor}");
            let kept = tower(
                top,
                &format!("fn f T{top} -> T{top}\n  push; int 1; pop; end"),
            );
            assert_eq!(run(&kept, &value), Ok(value.clone()), "{constructor}");
            let gone = tower(top, &format!("fn f T{top} -> Int\n  int 1; end"));
            assert_eq!(run(&gone, &value), Ok(Value::Int(1)), "{constructor}");
            let bytes = tower(top, &format!("fn f T{top} -> Bytes\n  enc; end"));
            let written = Value::Bytes(cam::encode::value(&value).into());
            assert_eq!(run(&bytes, &value), Ok(written), "{constructor}");
            let next = top - 1;
            let inner = (0..next).fold(Value::Int(7), |value, _| wrap(value));
            let code = format!("type O = sum Unit T{next}\nfn f Bytes -> O\n  dec O; end");
            let read = tower(next, &code);
            let inner_bytes = Value::Bytes(cam::encode::value(&inner).into());
            let found = Value::option(Some(inner));
            assert_eq!(run(&read, &inner_bytes), Ok(found), "{constructor}");
            let higher = tower(top + 1, &format!("fn f T{0} -> T{0}\n  end", top + 1));
            assert!(refused(&higher).contains("a type is outside the limits"));
        }
    });
}
