//! What a decision asks, how often, and whether it decides as the rows do.

use cam::instance::Context;
use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{Choices, Sketch, defined, expression, sketched};
use crate::translate::Fresh;
use crate::translate::decision::{Access, Decision, Node};
use crate::translate::matching::Matcher;
use crate::typed::{ExprKind, Local, PatternId, Terms};

/// What a node asks: of which part, and whether it is one literal.
type Question = (Access, Option<String>);

fn question(terms: &Terms, node: &Node) -> Option<Question> {
    match node {
        Node::Switch { subject, .. } => Some((subject.clone(), None)),
        Node::Test {
            subject, literal, ..
        } => {
            let literal = &terms.pattern(*literal).kind;
            Some((subject.clone(), Some(format!("{literal:?}"))))
        }
        Node::Take { .. } | Node::Unreachable => None,
    }
}

/// Whether some path asks one question twice. Nodes stand behind those that they lead to.
fn asks_twice(terms: &Terms, decision: &Decision) -> bool {
    let mut below: Vec<BTreeSet<Question>> = Vec::new();
    let mut twice = vec![false; decision.nodes().len()];
    for node in decision.nodes() {
        let mut asked: BTreeSet<Question> = node
            .next()
            .iter()
            .flat_map(|next| below[next.index()].clone())
            .collect();
        let again = question(terms, node).is_some_and(|question| !asked.insert(question));
        twice[below.len()] = again || node.next().iter().any(|next| twice[next.index()]);
        below.push(asked);
    }
    twice[decision.root().index()]
}

/// Arms and ends of the decision of these patterns, and whether it asks something twice.
fn judged(sketch: &Sketch, patterns: &[PatternId], guarded: bool) -> (usize, bool) {
    let mut fresh = Fresh::default();
    let subject = fresh.next();
    let matcher = Matcher::new(&sketch.terms, &sketch.shapes, &mut fresh);
    let rows = patterns.iter().enumerate();
    let rows = rows.map(|(index, pattern)| matcher.row(index, guarded, [(subject, *pattern)]));
    let rows = rows.collect();
    let decision = matcher.decide(rows).unwrap();
    let mut reached = BTreeSet::new();
    let mut todo = vec![decision.root()];
    while let Some(id) = todo.pop() {
        if reached.insert(id) {
            todo.extend(decision.node(id).next());
        }
    }
    let size = reached
        .iter()
        .map(|id| 1 + decision.node(*id).next().len())
        .sum();
    (size, asks_twice(&sketch.terms, &decision))
}

#[test]
fn no_path_asks_a_question_twice() {
    let mut runner = TestRunner::new_with_rng(
        Config::with_cases(500),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let judged = runner.run(&vec(any::<u8>(), 0..400), |entropy| {
        let mut choices = Choices(entropy);
        let mut sketch = Sketch::default();
        let shape = sketch.shape(&mut choices, 3);
        let subject = sketch.expr(shape, ExprKind::Local(Local(0)));
        let (_, rows) = sketched(&mut sketch, &mut choices, (shape, 8), subject);
        let patterns: Vec<PatternId> = rows.iter().map(|row| row.pattern).collect();
        let (_, twice) = judged(&sketch, &patterns, true);
        if twice {
            return Err(TestCaseError::fail("a question is asked twice"));
        }
        Ok(())
    });
    judged.unwrap();
}

/// Rows of as many columns, each `None`, `Some(0)`, `Some(_)` or anything.
fn matrix(
    sketch: &mut Sketch,
    rows: usize,
    columns: usize,
    cell: impl Fn(usize, usize) -> usize,
) -> Vec<PatternId> {
    use crate::typed::PatternKind::{Alternatives, Any, Constructor, Int, Product};
    let int = sketch.shapes.intern(cam::schema::Shape::Int);
    let option = sketch.shapes.intern(cam::schema::Shape::Option(int));
    let all = cam::schema::Shape::Tuple(vec![option; columns].into());
    let all = sketch.shapes.intern(all);
    let mut patterns = Vec::new();
    for row in 0..rows {
        let mut parts = Vec::new();
        for column in 0..columns {
            let payload = sketch.pattern(int, Any);
            let zero = sketch.pattern(int, Int(0));
            let (none, some) = ((0, payload), (1, payload));
            let mut made = |(constructor, payload)| {
                let kind = Constructor {
                    constructor,
                    payload,
                };
                sketch.pattern(option, kind)
            };
            parts.push(match cell(row, column) {
                0 => made(none),
                1 => made((1, zero)),
                2 => made(some),
                3 => {
                    let both = Alternatives(vec![made(none), made((1, zero))]);
                    sketch.pattern(option, both)
                }
                _ => sketch.pattern(option, Any),
            });
        }
        patterns.push(sketch.pattern(all, Product(parts)));
    }
    patterns
}

#[test]
fn a_decision_is_as_large_as_its_rows_however_they_overlap() {
    type Cell = fn(usize, usize) -> usize;
    let scattered: Cell = |row, column| (row * 7 + column * column * 3 + row * column * 5) % 11;
    // Each row asks for two parts that no other row asks for.
    let pairs: Cell = |row, column| usize::from(column != row && column != row + 12) * 9;
    let diagonal: Cell = |row, column| usize::from(column != row) * 9;
    let table: [(&str, usize, usize, Cell, bool); 5] = [
        (
            "forty alternatives beside each other",
            1,
            40,
            |_, _| 3,
            false,
        ),
        ("forty rows of them", 40, 40, |_, _| 3, false),
        ("a diagonal", 24, 24, diagonal, false),
        ("pairs", 12, 24, pairs, false),
        ("scattered", 60, 12, scattered, true),
    ];
    for (name, rows, columns, cell, is_cut) in table {
        let mut sketch = Sketch::default();
        let patterns = matrix(&mut sketch, rows, columns, cell);
        let (size, twice) = judged(&sketch, &patterns, true);
        // A row asks 6 of each column at most, and a decision may be twice as large as its questions.
        assert!(size <= 2 * rows * (1 + 6 * columns), "{name}: {size}");
        assert_eq!(twice, is_cut, "{name}: {size}");
    }
}

#[test]
fn a_decision_in_several_trees_takes_the_first_row_that_fits() {
    let mut cut = 0;
    for seed in 0..100_usize {
        let bytes =
            (0..4000_usize).map(|place| (seed * 31 + place * place * 7 + place * seed) >> 3);
        let mut choices = Choices(bytes.map(|mixed| mixed.to_le_bytes()[0]).collect());
        let mut sketch = Sketch::default();
        let int = sketch.shapes.intern(cam::schema::Shape::Int);
        let option = sketch.shapes.intern(cam::schema::Shape::Option(int));
        let shape = cam::schema::Shape::Tuple(vec![option; 12].into());
        let shape = sketch.shapes.intern(shape);
        let local = Local(0);
        let subject = sketch.expr(shape, ExprKind::Local(local));
        let (root, rows) = sketched(&mut sketch, &mut choices, (shape, 32), subject);
        let patterns: Vec<PatternId> = rows.iter().map(|row| row.pattern).collect();
        cut += usize::from(judged(&sketch, &patterns, true).1);
        let values: Vec<_> = (0..20).map(|_| sketch.value(&mut choices, shape)).collect();
        let expected: Vec<_> = values
            .iter()
            .map(|value| defined(&sketch, &rows, value))
            .collect();
        let machine = sketch.machine();
        let combinators = expression(&machine, Some((local, shape)), root).unwrap();
        let program = cam::verify::migration(cam::compile::compile(combinators).unwrap()).unwrap();
        for (value, expected) in values.into_iter().zip(expected) {
            assert_eq!(
                program.migrate_state(&Context::default(), value).unwrap(),
                expected,
                "{seed}"
            );
        }
    }
    assert!(cut > 10, "{cut} of 100 are cut");
}
