//! What the fuzz targets do, in small: a share of the mutants and the committed seeds, in every run of the suite.

use std::thread;

use harness::campaign;
use harness::mutant::Nursery;

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
        assert_eq!(tally.missing(), [""; 0], "no accepted mutant has them");
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
