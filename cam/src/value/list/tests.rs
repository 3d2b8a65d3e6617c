//! Lists against vectors, and the tree's promises.

use proptest::prelude::*;

use super::node::{FULL, LEAST, Node, Parts};
use super::*;

/// A change of a list; numbers are taken modulo what fits.
#[derive(Clone, Debug)]
enum Change {
    Push(usize),
    Pop(usize),
    Set(usize),
    Truncate(usize),
    Slice(usize, usize),
    Double,
    After(usize),
    Before(usize),
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..200_usize).prop_map(Change::Push),
        (0..200_usize).prop_map(Change::Pop),
        any::<usize>().prop_map(Change::Set),
        any::<usize>().prop_map(Change::Truncate),
        any::<(usize, usize)>().prop_map(|(offset, length)| Change::Slice(offset, length)),
        Just(Change::Double),
        (0..50_usize).prop_map(Change::After),
        (0..50_usize).prop_map(Change::Before),
    ]
}

/// Some items are heavy, so that weights do not fit.
fn item(number: usize, heavy: &Value) -> Value {
    if number % 50 == 49 {
        heavy.clone()
    } else {
        Value::Int(i64::try_from(number % 1000).expect("small"))
    }
}

fn heavy() -> Value {
    let mut heavy = Value::Int(0);
    for _ in 0..20 {
        heavy = Value::List(std::iter::repeat_n(heavy, 10).collect());
    }
    assert_eq!(heavy.weight(), u64::MAX);
    heavy
}

const LONGEST: usize = 4000;

fn apply(change: &Change, list: &mut List, model: &mut Vec<Value>, heavy: &Value) {
    let some = |count: usize| -> Vec<Value> { (0..count).map(|n| item(n, heavy)).collect() };
    let within = |number: usize| number % (model.len() + 1);
    match *change {
        Change::Push(count) => {
            for item in some(count) {
                list.push(item.clone());
                model.push(item);
            }
        }
        Change::Pop(count) => {
            for _ in 0..count {
                assert_eq!(list.pop(), model.pop());
            }
        }
        Change::Set(at) => {
            let (at, new) = (within(at), item(at, heavy));
            let old = model
                .get_mut(at)
                .map(|old| std::mem::replace(old, new.clone()));
            assert_eq!(list.set(at, new), old);
        }
        Change::Truncate(length) => {
            let length = within(length);
            list.truncate(length);
            model.truncate(length);
        }
        Change::Slice(offset, length) => {
            let (offset, length) = (within(offset), within(length));
            list.slice(offset, length);
            *model = model.iter().skip(offset).take(length).cloned().collect();
        }
        Change::Double => {
            list.concat(list.clone());
            model.extend(model.clone());
        }
        Change::After(count) => {
            list.concat(some(count).into_iter().collect());
            model.extend(some(count));
        }
        Change::Before(count) => {
            let mut longer: List = some(count).into_iter().collect();
            longer.concat(std::mem::take(list));
            *list = longer;
            model.splice(0..0, some(count));
        }
    }
    if model.len() > LONGEST {
        list.truncate(LONGEST);
        model.truncate(LONGEST);
    }
}

/// What each node promises. Gives its height.
fn check(node: &Node, is_root: bool) -> u32 {
    let (length, weight, arity, height) = match &node.parts {
        Parts::Items(items) => {
            let weights = items.iter().map(entry_weight);
            (
                items.len(),
                weights.fold(0, u64::saturating_add),
                items.len(),
                0,
            )
        }
        Parts::Nodes(children) => {
            let heights: Vec<u32> = children
                .iter()
                .map(|child| check(&child.node, false))
                .collect();
            assert!(
                heights.windows(2).all(|pair| pair[0] == pair[1]),
                "{heights:?}"
            );
            assert!(children.len() >= 2, "a branch that is not needed");
            assert!(
                children
                    .iter()
                    .all(|child| child.length == child.node.length)
            );
            let weights = children.iter().map(|child| child.node.weight);
            let length = children.iter().map(|child| child.node.length).sum();
            (
                length,
                weights.fold(0, u64::saturating_add),
                children.len(),
                heights[0] + 1,
            )
        }
    };
    assert_eq!((node.length, node.weight), (length, weight));
    assert!(
        arity <= FULL && (is_root || arity >= LEAST),
        "{arity} parts"
    );
    height
}

proptest! {
    #[test]
    fn a_list_is_the_vector_it_stands_for(changes in prop::collection::vec(any_change(), 0..40)) {
        let heavy = heavy();
        let (mut list, mut model) = (List::default(), Vec::new());
        for change in changes {
            let (before, old) = (list.clone(), model.clone());
            apply(&change, &mut list, &mut model, &heavy);
            let height = check(&list.root, true);
            prop_assert!(list.is_empty() || 2 * height <= list.len().ilog2());
            prop_assert_eq!(list.len(), model.len());
            prop_assert!(list.iter().eq(&model), "walked");
            prop_assert!((0..=model.len()).all(|at| list.get(at) == model.get(at)), "searched");
            prop_assert!(before.iter().eq(&old), "a copy stays what it was");
            prop_assert!(before.into_iter().eq(old), "walked as an owner");
        }
    }
}

#[test]
fn equal_lists_may_be_different_trees() {
    let numbers = |from, to| (from..to).map(Value::Int).collect::<List>();
    let mut joined = numbers(0, 50);
    joined.concat(numbers(50, 100));
    let pushed = numbers(0, 100);
    assert_eq!(joined, pushed);
    assert_eq!(joined.cmp(&pushed), Ordering::Equal);
    assert!(numbers(0, 99) < pushed && pushed < numbers(1, 3));
}
