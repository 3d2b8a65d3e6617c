//! What the fuzz targets do, in small: a share of the mutants and the committed seeds, in every run of the suite.

use std::{fs, thread};

use cam::combinator::Combinators;
use cam::compile::compile;
use cam::encode;
use harness::bytes::mutated;
use harness::campaign;
use harness::duel::{contested, judged};
use harness::fuzz::{TARGETS, Target};
use harness::generate::{Mixer, any_value, strategies};
use harness::mutant::Nursery;
use harness::tree::{files, read, root};
use proptest::prelude::prop_assert;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Threads of servers have small stacks; a test's own thread may not.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let small = thread::Builder::new().stack_size(2 << 20).spawn(test);
    let ended = small.expect("a thread can be started").join();
    assert!(ended.is_ok(), "the test on the small stack failed");
}

/// A few seconds without optimisation. The long runner takes the same mutants by the million.
const MUTANTS: u64 = 3000;

#[test]
fn engines_agree_on_mutants_of_which_most_are_valid() {
    on_a_small_stack(|| {
        let nursery = Nursery::new(60);
        let outcome = campaign::run(&nursery, 7, 0..MUTANTS);
        let tally = outcome.map_err(|failure| failure.to_string());
        let tally = tally.expect("all engines agree");
        println!("{tally}");
        assert!(
            tally.accepted > MUTANTS / 2,
            "who is refused tests no engine"
        );
        assert!(
            tally.refused.len() > 15,
            "who is accepted tests no verifier"
        );
        assert!(tally.runs.ended > MUTANTS, "who stops at once tests little");
        let missing = tally.missing();
        assert!(missing.len() < 8, "no accepted mutant has {missing:?}");
    });
}

#[test]
fn a_mutant_is_a_function_of_seed_and_number() {
    let (one, other) = (Nursery::new(9), Nursery::new(9));
    for index in 0..50 {
        assert_eq!(one.mutant(3, index), other.mutant(3, index));
    }
    assert!((0..50).any(|index| one.mutant(3, index) != one.mutant(4, index)));
}

/// The committed seeds of a target, by path.
fn committed(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("fuzz/seeds").join(target.name);
    let mut seeds = Vec::new();
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.expect("a seed can be listed").path();
        let bytes = fs::read(&path).expect("and read");
        seeds.push((path.display().to_string(), bytes));
    }
    seeds.sort();
    seeds
}

/// With `BLESS=1` a target without seeds gets some. Those that are there stay, whatever becomes of the
/// formats: they are still bytes that may come in.
fn write_seeds(target: &Target) {
    if !committed(target).is_empty() {
        return;
    }
    let folder = root().join("fuzz/seeds").join(target.name);
    fs::create_dir_all(&folder).expect("the folder is there or made");
    for (index, seed) in (target.seeds)().into_iter().enumerate() {
        fs::write(folder.join(format!("{index:03}")), seed).expect("a seed can be written");
    }
}

#[test]
fn every_target_survives_its_seeds_and_what_becomes_of_them() {
    const SPOILED: usize = 60;
    on_a_small_stack(|| {
        for target in &TARGETS {
            if std::env::var_os("BLESS").is_some() {
                write_seeds(target);
            }
            let seeds = committed(target);
            assert!(
                seeds.len() >= 3,
                "`{}` has seeds; BLESS=1 writes them",
                target.name
            );
            let mut mixer = Mixer::new(23);
            for (path, seed) in &seeds {
                println!("{path}");
                (target.body)(seed);
                for _ in 0..SPOILED {
                    let (_, other) = &seeds[mixer.below(seeds.len())];
                    let mut spoiled = mutated(seed, other, &mut mixer);
                    if mixer.below(8) == 0 {
                        spoiled.truncate(mixer.below(spoiled.len() + 1));
                    }
                    (target.body)(&spoiled);
                }
            }
        }
    });
}

#[test]
fn the_fuzz_package_has_a_target_for_each_body() {
    let manifest = read("fuzz/Cargo.toml");
    let targets = files("fuzz/targets", ".rs");
    assert_eq!(targets.len(), TARGETS.len());
    for Target { name, .. } in &TARGETS {
        let target = read(&format!("fuzz/targets/{name}.rs"));
        assert!(target.contains(&format!("harness::fuzz::{name}")), "{name}");
        assert!(
            manifest.contains(&format!("path = \"targets/{name}.rs\"")),
            "{name}"
        );
    }
}

/// Runs `law` on what a strategy draws; what fails is shrunk.
fn for_all<S: Strategy>(strategy: &S, law: impl Fn(S::Value) -> bool) {
    let config = Config {
        cases: 100,
        rng_seed: RngSeed::Fixed(3),
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(strategy, |drawn| {
        prop_assert!(law(drawn));
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.expect_err("it failed"));
}

#[test]
fn what_the_strategies_draw_is_well_typed() {
    let valid = |program: Combinators| {
        let bytes = encode::module(&compile(program).expect("small"));
        judged(&bytes).is_ok_and(|accepted| contested(&accepted, 5).is_ok())
    };
    for_all(&strategies::types(), |(types, id)| types.within_limits(id));
    for_all(&strategies::values(), |(types, id, value)| {
        value.inhabits(&types, id)
    });
    for_all(&strategies::combinators(), |sample| {
        valid(sample.combinators())
    });
    for_all(&strategies::stateful_combinators(), |sample| {
        sample.stateful.is_some() && valid(sample.combinators())
    });
    for_all(&strategies::machines(), |(machine, mut choices)| {
        let types = machine.combinators.draft.types.clone();
        let input = any_value(&types, machine.input, &mut choices);
        input.inhabits(&types, machine.input) && valid(machine.combinators)
    });
}
