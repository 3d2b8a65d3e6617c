//! The default engine keeps its promises where it changes things in place: what stops or is dropped never was,
//! and what is too large for it runs on the judge.

use std::fmt::Write;
use std::sync::Arc;

use cam::instance::{Context, Engine, Instance};
use cam::limits::MIGRATION_FUEL;
use cam::machine::Fuel;
use cam::value::Value;
use cam::verify::{Migration, Program};
use cam::{assembly, machine, register, verify};
use dsl::history::History;
use dsl::source::Source;

/// Every input changes a container of the state, some of them one that two fields share.
const STORE: &str = "
machine Store version 1 {
  input  Put { key: Int, to: Int }
       | Spoil { key: Int, by: Int }
       | Swap
       | Share
       | Hide
       | Show
  output Done | Seen(Int)
  state  { left: Map(Int, Int), right: Map(Int, Int), log: List(Text), kept: Option(List(Text)) }
  init   { left: Map[], right: Map[7: 7], log: [\"first\"], kept: None }

  on Put { key, to } => {
    set left = insert(left, key, to)
    set right = insert(right, to, key)
    set log = push(log, \"put\")
    Seen(size(left) + size(right))
  }
  on Spoil { key, by } => {
    set left = insert(remove(insert(left, key, by), 12345), key, 1)
    set left = remove(left, key)
    set right = remove(right, 7)
    set log = push(push(log, \"spoilt\"), \"twice\")
    let late = 9223372036854775807 + by
    Seen(late + size(left) + size(right) + len(log))
  }
  on Swap => {
    let old = left
    set left = right
    set right = old
    Done
  }
  on Share => {
    set left = right
    Done
  }
  on Hide => {
    set kept = Some(log)
    set log = []
    Done
  }
  on Show => {
    let Some(old) = kept else Done
    set log = push(old, \"shown\")
    set kept = None
    Seen(len(log))
  }
}
";

/// Constructors and fields stand in the order of their names.
const PUT: u8 = 1;
const SPOIL: u8 = 4;
const PLAIN: [u8; 4] = [0, 2, 3, 5];

fn store() -> Arc<Program> {
    let source = Source::new("store.cam", STORE.to_owned()).expect("it is short");
    let compiled = dsl::compile::compile(&source, &History::default());
    let compiled = compiled.map_err(|problems| problems.render(&source, false));
    Arc::clone(compiled.expect("it compiles").program())
}

fn context() -> Context {
    Context {
        at_ms: 0,
        from: "tester".into(),
        sequence: 0,
    }
}

fn with_two(tag: u8, key: i64, to: i64) -> Value {
    Value::sum(tag, Value::product(vec![Value::Int(key), Value::Int(to)]))
}

/// The inputs by number: those without fields, and two with.
fn input(number: u64) -> Value {
    let small = i64::try_from(number / 11 % 5).expect("it is small");
    match number % 11 {
        0..=3 => with_two(PUT, small, 7 - small),
        4..=6 => with_two(SPOIL, 1 - small, small),
        rest => Value::sum(
            PLAIN[usize::try_from(rest - 7).expect("it is small")],
            Value::unit(),
        ),
    }
}

#[test]
fn steps_that_stop_or_are_dropped_leave_both_engines_alike() {
    let start = |engine| Instance::start_on(engine, store()).expect("it starts");
    let (mut fast, mut judge) = (start(Engine::Register), start(Engine::Reference));
    let mut number = 1_u64;
    let (mut stopped, mut snapshots) = (0, Vec::new());
    for round in 0..600 {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let given = input(number >> 33);
        if round % 3 == 0 {
            let before = fast.state();
            let dropped = fast
                .attempt(&context(), given.clone())
                .map(|pending| pending.state());
            let aside = judge.peek(&context(), given.clone());
            assert_eq!(
                dropped.ok(),
                aside.ok().map(|aside| aside.state),
                "round {round}"
            );
            assert_eq!(
                fast.state(),
                before,
                "round {round}: what is dropped never was"
            );
        }
        if round % 7 == 0 {
            snapshots.push((fast.clone(), judge.state(), fast.state()));
        }
        let answers = [&mut fast, &mut judge].map(|own| own.step(&context(), given.clone()));
        stopped += u32::from(answers[0].is_err());
        let [answer, right] = answers;
        assert_eq!(answer, right, "round {round}: {given:?}");
        assert_eq!(fast.state(), judge.state(), "round {round}: {given:?}");
    }
    assert!(stopped > 30, "only {stopped} steps stopped");
    assert_eq!(fast.engine(), Engine::Register, "it went to the judge");
    for (copy, right, value) in snapshots {
        assert_eq!(
            (copy.state(), value),
            (right.clone(), right),
            "a snapshot has changed"
        );
    }
}

#[test]
fn a_pending_step_that_is_leaked_is_undone_before_the_next() {
    let mut instance = Instance::start(store()).expect("it starts");
    let mut right = instance.clone();
    let leaked = instance.attempt(&context(), with_two(PUT, 1, 2));
    std::mem::forget(leaked.expect("it does not stop"));
    for own in [&mut instance, &mut right] {
        own.step(&context(), with_two(PUT, 3, 4))
            .expect("it does not stop");
    }
    assert_eq!(instance.state(), right.state());
    assert_eq!(instance.engine(), Engine::Register);
}

fn migration(text: &str) -> Migration {
    let module = assembly::parse(text).expect("it is a module");
    verify::migration(module).expect("it is valid")
}

/// What `migrate` makes of an integer, as the product runs it, on the judge, and on registers alone.
fn runs(migration: &Migration, argument: i64) -> (Option<Value>, bool) {
    let (code, function) = (migration.code(), migration.migrate());
    let mut left = [Fuel::new(MIGRATION_FUEL), Fuel::new(MIGRATION_FUEL)];
    let [fast, slow] = &mut left;
    let right = machine::run(code, function, Value::Int(argument), slow).ok();
    let alone = register::run(code, function, Value::Int(argument), fast).ok();
    let product = migration
        .migrate_state(&context(), Value::Int(argument))
        .ok();
    assert_eq!(product, right);
    if alone.is_some() {
        assert_eq!((&alone, left[0].remaining()), (&right, left[1].remaining()));
    }
    (right, alone.is_some())
}

/// So much that a function is not translated in place.
fn padding() -> String {
    "push; pop; ".repeat(40)
}

/// A tower of functions that take a function and call the one below twice, and `users` of its top.
fn tower(height: usize, users: usize) -> String {
    let mut text = String::from(
        "cam 2 cost 1\ntype F = fn Int Int\ntype P = prod Unit Int\n\
         fn same P -> Int\n  proj 1; end\nfn g0 F -> Int\n  push; int 1; app; end\n",
    );
    for level in 1..=height {
        let below = level - 1;
        let body = format!("push; call g{below}; pop; call g{below}; end");
        writeln!(text, "fn g{level} F -> Int\n  {body}").expect("a text takes all");
    }
    for user in 0..users {
        let body = format!("{}tuple Unit; cur same F; call g{height}; end", padding());
        writeln!(text, "fn f{user} Int -> Int\n  {body}").expect("a text takes all");
    }
    let calls: String = (0..users)
        .map(|user| format!("call f{user}; ").repeat(2))
        .collect();
    text + &format!("fn all Int -> Int\n  {calls}end\nexport migrate all\nexport back all\n")
}

#[test]
fn closures_are_resolved_where_they_are_applied() {
    let (result, on_registers) = runs(&migration(&tower(4, 2)), 5);
    assert_eq!((result, on_registers), (Some(Value::Int(1)), true));
}

/// Each function alone is within the budget; the program is not.
#[test]
fn thousands_of_functions_share_one_budget_of_translation() {
    let (result, on_registers) = runs(&migration(&tower(12, 150)), 5);
    assert_eq!((result, on_registers), (Some(Value::Int(1)), false));
}

/// A call is a byte or two, and its argument a thousand slots.
#[test]
fn calls_with_wide_arguments_are_within_the_budget_of_translation() {
    let ten = |of: &str| format!("prod{}", format!(" {of}").repeat(10));
    let made = |part: &str, id: &str| {
        format!(
            "{}{part}; tuple {id}; ",
            format!("{part}; push; ").repeat(9)
        )
    };
    let text = |calls: usize| {
        let (a, b, c, pad) = (ten("Int"), ten("A"), ten("B"), padding());
        let tens = made("int 0", "A");
        let hundreds = made(tens.trim_end_matches("; "), "B");
        let thousands = made(hundreds.trim_end_matches("; "), "C");
        let calls = "call wide; acc 0; ".repeat(calls);
        format!(
            "cam 1 cost 1\ntype A = {a}\ntype B = {b}\ntype C = {c}\n\
             fn wide C -> Unit\n  {pad}tuple Unit; end\n\
             fn all Int -> Int\n  {thousands}push; {calls}drop 1; proj 0; proj 0; proj 0; end\n\
             export migrate all\nexport back all\n"
        )
    };
    assert_eq!(runs(&migration(&text(10)), 5), (Some(Value::Int(0)), true));
    assert_eq!(
        runs(&migration(&text(8000)), 5),
        (Some(Value::Int(0)), false)
    );
}
