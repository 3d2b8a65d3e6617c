//! What becomes of each leaf of a state: what is said of many migrations, and that it is so.

use std::sync::Arc;

use cam::compile::compile;
use cam::instance::Context;
use cam::provenance::{Fate, Leaves, NewLeaf, Provenance, WHOLE, back, forward};
use cam::schema::{Schema, Shape, Shapes};
use cam::types::TypeTable;
use cam::value::Value;
use cam::verify::{self, Migration};
use harness::generate::migration::migration;
use harness::generate::{Choices, any_value};
use harness::leaf::{Named, changed, named};
use harness::street::releases;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A migration in the language, and what is said of it: each old leaf, then each new one.
struct Row {
    name: &'static str,
    types: &'static str,
    /// State, first state.
    old: [&'static str; 2],
    new: [&'static str; 2],
    migrate: &'static str,
    said: &'static str,
}

const TABLE: &[Row] = &[
    Row {
        name: "a field is kept, one is new, one is dropped",
        types: "",
        old: ["{ count: Int, note: Text }", "{ count: 0, note: \"\" }"],
        new: ["{ count: Int, since: Int }", "{ count: 0, since: 0 }"],
        migrate: "{ count, note: _ } => { count, since: 0 }",
        said: "count kept; note dropped | count kept count; since default",
    },
    Row {
        name: "a whole state is moved",
        types: "",
        old: ["{ a: Int, b: List(Text) }", "{ a: 0, b: [] }"],
        new: ["{ a: Int, b: List(Text) }", "{ a: 0, b: [] }"],
        migrate: "unchanged",
        said: "state kept | state kept state",
    },
    Row {
        name: "two fields change places",
        types: "",
        old: ["{ a: Int, b: Int }", "{ a: 0, b: 0 }"],
        new: ["{ a: Int, b: Int }", "{ a: 0, b: 0 }"],
        migrate: "{ a, b } => { a: b, b: a }",
        said: "state kept | a kept b; b kept a",
    },
    Row {
        name: "a field is computed from two",
        types: "",
        old: ["{ a: Int, b: Int }", "{ a: 0, b: 0 }"],
        new: ["{ sum: Int }", "{ sum: 0 }"],
        migrate: "{ a, b } => { sum: a + b }",
        said: "state transformed | sum made state",
    },
    Row {
        name: "a field only decides",
        types: "",
        old: ["{ open: Bool, left: Int }", "{ open: false, left: 0 }"],
        new: ["{ left: Int }", "{ left: 0 }"],
        migrate: "{ left, open } => { left: if open { left } else { 0 } }",
        said: "left transformed; open steers | left made state",
    },
    Row {
        name: "a field that is bound and not used is dropped",
        types: "",
        old: [
            "{ a: Int, b: { c: Int, d: Int } }",
            "{ a: 0, b: { c: 0, d: 0 } }",
        ],
        new: ["{ a: Int, c: Int }", "{ a: 0, c: 0 }"],
        migrate: "{ a, b } => { a, c: b.c }",
        said: "a kept; b.c kept; b.d dropped | a kept a; c kept b.c",
    },
    Row {
        name: "a record in a list gains a field and loses one",
        types: "",
        old: ["{ log: List({ at: Int, who: Text }) }", "{ log: [] }"],
        new: ["{ log: List({ seen: Bool, who: Text }) }", "{ log: [] }"],
        migrate: "{ log } => { log: map(log, fn({ at: _, who }) => { seen: false, who }) }",
        said: "log kept; log[].at dropped; log[].who kept | log kept log; log[].seen default; log[].who kept log[].who",
    },
    Row {
        name: "a constructor is added, and a payload gains a field",
        types: "type Old = Away { since: Int } | Home\ntype New = Away { since: Int, why: Text } | Home | Lost\n",
        old: ["{ mode: Old }", "{ mode: Home }"],
        new: ["{ mode: New }", "{ mode: Home }"],
        migrate: "{ mode } => { mode: match mode { Away { since } => Away { since, why: \"\" }, Home => Home } }",
        said: "state kept | mode kept mode; mode.Away.since kept mode.Away.since; mode.Away.why default",
    },
    Row {
        name: "a payload is dropped",
        types: "type Old = Away(Int) | Home\n",
        old: ["{ mode: Old }", "{ mode: Home }"],
        new: ["{ away: Bool }", "{ away: false }"],
        migrate: "{ mode } => { away: match mode { Away(_) => true, Home => false } }",
        said: "mode transformed; mode.Away dropped | away made mode",
    },
    Row {
        name: "values of a map are changed under their keys",
        types: "",
        old: ["{ owed: Map(Text, Int) }", "{ owed: Map[] }"],
        new: ["{ owed: Map(Text, { cents: Int }) }", "{ owed: Map[] }"],
        migrate: "{ owed } => { owed: map(owed, fn((_, cents)) => { cents: cents }) }",
        said: "state kept | owed kept owed; owed[key] kept owed[key]; owed[].cents kept owed[]",
    },
    Row {
        name: "a list is summed up",
        types: "",
        old: ["{ log: List({ n: Int, who: Text }) }", "{ log: [] }"],
        new: ["{ sum: Int }", "{ sum: 0 }"],
        migrate: "{ log } => { sum: fold(log, 0, fn(sum, { n, who: _ }) => sum + n) }",
        said: "log transformed; log[].n transformed; log[].who dropped | sum made log, log[].n",
    },
    Row {
        name: "an item of a list is no copy of the list",
        types: "",
        old: ["{ log: List(Int) }", "{ log: [] }"],
        new: ["{ last: Option(Int) }", "{ last: None }"],
        migrate: "{ log } => { last: log[0] }",
        said: "state transformed | last made log; last.Some made state",
    },
    Row {
        name: "a field is wrapped",
        types: "",
        old: ["{ limit: Int }", "{ limit: 0 }"],
        new: ["{ limit: Option(Int) }", "{ limit: None }"],
        migrate: "{ limit } => { limit: Some(limit) }",
        said: "state kept | limit default; limit.Some kept limit",
    },
    Row {
        name: "a moment is taken",
        types: "",
        old: ["{ n: Int }", "{ n: 0 }"],
        new: ["{ n: Int, stamp: Int }", "{ n: 0, stamp: 0 }"],
        migrate: "{ n } => { n, stamp: at }",
        said: "state kept | n kept n; stamp moment",
    },
];

fn sources(row: &Row) -> [String; 2] {
    let machine = |version, [state, init]: [&str; 2], migrate: &str| {
        let types = row.types;
        format!(
            "{types}machine M version {version} with at {{\n  input | Go\n  output | Gone\n  state {state}\n  init {init}\n  on Go => Gone\n{migrate}}}\n"
        )
    };
    let migrate = format!("  migrate from 1 {}\n", row.migrate);
    [machine(1, row.old, ""), machine(2, row.new, &migrate)]
}

fn words(leaves: &Leaves) -> String {
    let old = leaves.old.iter();
    let old: Vec<_> = old
        .map(|leaf| format!("{} {}", leaf.path, leaf.fate.word()))
        .collect();
    let new = leaves.new.iter().map(|leaf| {
        let sources = leaf.from.sources().join(", ");
        format!("{} {} {sources}", leaf.path, leaf.from.word())
            .trim_end()
            .to_owned()
    });
    let new: Vec<_> = new.collect();
    format!("{} | {}", old.join("; "), new.join("; "))
}

#[test]
fn each_leaf_is_said_to_be_kept_transformed_dropped_or_new() {
    let mut wrong = Vec::new();
    for row in TABLE {
        let sources = sources(row);
        let releases = releases(&[&sources[0], &sources[1]]);
        let migration = releases[1].migration.as_ref().expect("it migrates");
        let [old, new] = [0, 1].map(|at| releases[at].program.schema());
        let leaves = forward(migration, old, new);
        if words(&leaves) != row.said {
            wrong.push(format!(
                "{}:\n  is   {}\n  want {}",
                row.name,
                words(&leaves),
                row.said
            ));
        }
        for seed in 0..40 {
            hold(
                migration,
                (old, new),
                &leaves,
                &mut Choices::seeded(seed, 400),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Holds what is said of a migration to what it does with one state.
fn hold(
    migration: &Migration,
    (old, new): (&Schema, &Schema),
    leaves: &Leaves,
    choices: &mut Choices,
) {
    let context = Context {
        at_ms: 7,
        from: "me".into(),
        sequence: 3,
    };
    let mut types = TypeTable::new();
    let state_type = old.shapes.erase(old.state, &mut types);
    let state = any_value(&types, state_type, choices);
    let Ok(made) = migration.migrate_state(&context, state.clone()) else {
        return;
    };
    for leaf in leaves.old.iter().filter(|leaf| leaf.fate == Fate::Dropped) {
        if !is_whole(leaves.old.iter().map(|leaf| &*leaf.path), &leaf.path) {
            continue; // a choice whose payload is used: another constructor has another payload
        }
        let other = changed(
            (&mut types, &old.shapes),
            old.state,
            &state,
            &leaf.path,
            choices,
        );
        if let Ok(other) = migration.migrate_state(&context, other) {
            assert_eq!(other, made, "`{}` is dropped and matters", leaf.path);
        }
    }
    let (state, made) = (whole(old, state), whole(new, made));
    for leaf in &leaves.new {
        copied(leaf, leaves, &state, &made);
    }
}

fn copied(leaf: &NewLeaf, leaves: &Leaves, state: &Named<'_>, made: &Named<'_>) {
    let Provenance::Kept(source) = &leaf.from else {
        return;
    };
    let deep = is_whole(leaves.new.iter().map(|leaf| &*leaf.path), &leaf.path);
    let (was, is) = (state.clone().at(source), made.clone().at(&leaf.path));
    let deep = deep && is.iter().any(Named::has_parts_that_differ);
    let said = |parts: Vec<Named<'_>>| -> Vec<String> {
        parts.iter().map(|part| part.words(deep)).collect()
    };
    assert_eq!(
        said(was),
        said(is),
        "`{}` is kept from `{source}` and differs",
        leaf.path
    );
}

fn whole(schema: &Schema, value: Value) -> Named<'_> {
    Named {
        shapes: &schema.shapes,
        shape: schema.state,
        value,
    }
}

/// Whether nothing else is said of what is below a path.
fn is_whole<'p>(mut paths: impl Iterator<Item = &'p str>, path: &str) -> bool {
    path == WHOLE
        || !paths.any(|other| {
            let rest = other.strip_prefix(path);
            rest.is_some_and(|rest| rest.starts_with(['.', '[']))
        })
}

/// A random migration, with names for its ends.
fn generated(choices: &mut Choices) -> (Migration, Schema, Schema) {
    let module = compile(migration(choices)).expect("small");
    let migration = verify::migration(module).expect("well-typed");
    let function = migration.code().function_at(migration.migrate().index());
    let (from, to) = migration.code().function_type(function.expect("its own"));
    let schema = |id| {
        let mut shapes = Shapes::default();
        let state = named(migration.code().types(), id, &mut shapes);
        let unit = shapes.intern(Shape::Tuple(Box::default()));
        Schema {
            machine: "M".into(),
            version: 1,
            stamps: Vec::new(),
            shapes,
            state,
            input: unit,
            output: unit,
        }
    };
    let (old, new) = (schema(from), schema(to));
    (migration, old, new)
}

proptest! {
    // The same cases in each run; longer runs are for whoever changes the flow.
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(800, |cases| cases.parse().expect("a number")),
        rng_seed: std::env::var("PROPTEST_CASES").map_or(RngSeed::Fixed(5), |_| RngSeed::Random),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_said_of_any_migration_is_so(
        numbers in prop::collection::vec(any::<u32>(), 0..300),
        states in prop::collection::vec(any::<u32>(), 0..300),
    ) {
        let (migration, old, new) = generated(&mut Choices::new(numbers));
        let leaves = forward(&migration, &old, &new);
        let mut choices = Choices::new(states);
        for _ in 0..4 {
            hold(&migration, (&old, &new), &leaves, &mut choices);
        }
    }
}

#[test]
fn generated_migrations_drop_and_keep() {
    let mut count = [0; 3];
    for seed in 0..300 {
        let (migration, old, new) = generated(&mut Choices::seeded(seed, 300));
        let leaves = forward(&migration, &old, &new);
        let of = |fate| leaves.old.iter().any(|leaf| leaf.fate == fate);
        count[0] += usize::from(of(Fate::Dropped));
        count[1] += usize::from(of(Fate::Kept));
        count[2] += usize::from(of(Fate::Transformed));
    }
    assert!(count.iter().all(|count| *count >= 30), "{count:?}");
}

#[test]
fn a_way_back_names_what_it_loses() {
    let old = "machine M version 1 {\n  input | Go\n  output | Gone\n  state { cents: Int }\n  init { cents: 0 }\n  on Go => Gone\n}\n";
    let new = "machine M version 2 {\n  input | Go\n  output | Gone\n  state { cents: Int, log: List(Text) }\n  init { cents: 0, log: [] }\n  on Go => Gone\n  migrate from 1 { cents } => { cents, log: [] }\n  migrate back to 1 { cents, log: _ } => { cents: cents }\n}\n";
    let releases = releases(&[old, new]);
    let migration: &Arc<Migration> = releases[1].migration.as_ref().expect("it migrates");
    let [old, new] = [0, 1].map(|at| releases[at].program.schema());
    let back = back(migration, old, new).expect("it has a way back");
    assert_eq!(words(&back), "cents kept; log dropped | cents kept cents");
    assert_eq!(back.lost(), ["log"]);
}
