//! Maps against the trees of the standard library, whatever form they have.

use std::collections::BTreeMap;
use std::hash::DefaultHasher;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

type Model = BTreeMap<Value, Value>;

/// A change of a map.
#[derive(Clone, Debug)]
enum Change {
    Insert(Value, Value),
    Remove(Value),
    /// Take out the entry that stands so many places after the first, round and round.
    RemoveAt(usize),
    Clear,
}

/// What keys and values are taken from: of one type, as in every program, or of all.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Numbers,
    Texts,
    Others,
    Any,
}

fn any_part(kind: Kind) -> BoxedStrategy<Value> {
    let number = || prop_oneof![-20..20_i64, select(vec![i64::MIN, i64::MAX])].prop_map(Value::Int);
    let text = || "[aZ\u{e9}\u{10000}]{0,3}".prop_map(|text| Value::text(&text));
    let other = || {
        prop_oneof![
            (0..3_u8, -3..3_i64).prop_map(|(tag, of)| Value::sum(tag, Value::Int(of))),
            (-3..3_i64, text())
                .prop_map(|(number, of)| { Value::product(vec![Value::Int(number), of]) }),
            text().prop_map(|of| match of {
                Value::Text(text) => Value::Bytes(text.as_bytes().into()),
                other => other,
            }),
        ]
    };
    match kind {
        Kind::Numbers => number().boxed(),
        Kind::Texts => text().boxed(),
        Kind::Others => other().boxed(),
        Kind::Any => prop_oneof![number(), text(), other()].boxed(),
    }
}

fn any_kind() -> impl Strategy<Value = Kind> {
    select(vec![Kind::Numbers, Kind::Texts, Kind::Others, Kind::Any])
}

fn any_changes() -> impl Strategy<Value = Vec<Change>> {
    (any_kind(), any_kind()).prop_flat_map(|(keys, values)| {
        let change = prop_oneof![
            60 => (any_part(keys), any_part(values)).prop_map(|(k, v)| Change::Insert(k, v)),
            10 => any_part(keys).prop_map(Change::Remove),
            10 => any::<usize>().prop_map(Change::RemoveAt),
            1 => Just(Change::Clear),
        ];
        prop::collection::vec(change, 0..150)
    })
}

fn apply(change: Change, map: &mut Map, model: &mut Model) {
    match change {
        Change::Insert(key, value) => {
            let old = model.insert(key.clone(), value.clone());
            assert_eq!(map.insert(key, value), old);
        }
        Change::Remove(key) => assert_eq!(map.remove(&key), model.remove(&key)),
        Change::RemoveAt(place) => {
            let key = model.keys().nth(place % model.len().max(1)).cloned();
            if let Some(key) = key {
                assert_eq!(map.remove(&key), model.remove(&key));
            }
        }
        Change::Clear => {
            for (key, value) in std::mem::take(model) {
                assert_eq!(map.remove(&key), Some(value));
            }
        }
    }
}

/// The same entries in the general form.
fn general(model: &Model) -> Map {
    let tree: OrdMap<Value, Value> = model.clone().into_iter().collect();
    let weights = model.iter().map(|(key, value)| entry_weight(key, value));
    Map {
        weight: weights.fold(CONTAINER_WEIGHT, u64::saturating_add),
        tree: (!model.is_empty()).then(|| Arc::new(Form::General(tree))),
    }
}

fn hash(map: &Map) -> u64 {
    let mut hasher = DefaultHasher::new();
    map.hash(&mut hasher);
    hasher.finish()
}

/// Everything that can be asked of a map, asked with keys that it has, of its type and of others.
fn check(map: &Map, model: &Model, probes: &[Value]) {
    let same = general(model);
    assert_eq!(map.len(), model.len());
    assert_eq!(map.is_empty(), model.is_empty());
    assert_eq!(map.weight(), same.weight());
    let borrowed = map.iter().map(owned);
    assert!(borrowed.eq(model.clone()), "walked");
    assert_eq!(map.iter().size_hint().0, model.len());
    assert!(
        map.clone().into_iter().eq(model.clone()),
        "walked as an owner"
    );
    assert_eq!(map.clone().into_iter().size_hint().0, model.len());
    assert_eq!(map.last_key().as_ref(), model.keys().next_back());
    let entry = |(key, value): (&Value, &Value)| (key.clone(), value.clone());
    assert_eq!(map.next(None), model.iter().next().map(entry));
    for key in probes.iter().chain(model.keys()) {
        assert_eq!(map.get(key).as_ref(), model.get(key));
        let above = (Bound::Excluded(key), Bound::Unbounded);
        let next = model.range::<Value, _>(above).next();
        assert_eq!(map.next(Some(key)), next.map(entry), "after {key:?}");
    }
    assert_eq!((map, &same), (&same, map));
    assert_eq!(map.cmp(&same), Ordering::Equal);
    assert_eq!(hash(map), hash(&same));
    assert_eq!(format!("{map:?}"), format!("{model:?}"));
}

proptest! {
    #[test]
    fn a_map_is_the_tree_it_stands_for(
        changes in any_changes(),
        probes in prop::collection::vec(any_part(Kind::Any), 10),
    ) {
        let (mut map, mut model) = (Map::default(), Model::new());
        for change in changes {
            let (before, old) = (map.clone(), model.clone());
            apply(change, &mut map, &mut model);
            prop_assert_eq!(map == before, model == old);
            prop_assert_eq!(map.cmp(&before), model.cmp(&old));
            prop_assert!(before.iter().map(owned).eq(old), "a copy stays what it was");
        }
        check(&map, &model, &probes);
    }

    #[test]
    fn maps_are_ordered_as_what_they_stand_for(
        left in any_changes(),
        right in any_changes(),
    ) {
        let built = |changes: Vec<Change>| {
            let (mut map, mut model) = (Map::default(), Model::new());
            changes.into_iter().for_each(|change| apply(change, &mut map, &mut model));
            (map, model)
        };
        let ((left, left_model), (right, right_model)) = (built(left), built(right));
        prop_assert_eq!(left == right, left_model == right_model);
        prop_assert_eq!(left.cmp(&right), left_model.cmp(&right_model));
        prop_assert_eq!(left.cmp(&general(&right_model)), left_model.cmp(&right_model));
    }

    #[test]
    fn numbers_without_values_around_them_are_the_same_entries(
        entries in prop::collection::vec((-40..40_i64, any::<i64>()), 1..100),
    ) {
        let (key, value) = entries[0];
        let mut map: Map = [(Value::Int(key), Value::Int(value))].into_iter().collect();
        let mut same = map.clone();
        for (key, value) in entries {
            let old = same.insert(Value::Int(key), Value::Int(value));
            let mut numbers = map.numbers_mut().expect("they are numbers");
            prop_assert_eq!(numbers.insert(key, value).map(Value::Int), old);
            prop_assert_eq!(map.number(key), Some(value));
        }
        prop_assert_eq!(map.weight(), same.weight());
        prop_assert_eq!(map, same);
    }
}

#[test]
fn the_first_entry_chooses_the_form() {
    let (number, text) = (Value::Int(1), Value::text("a"));
    let rows = [
        (&number, &number, "numbers"),
        (&number, &text, "numbered"),
        (&text, &number, "tally"),
        (&text, &text, "named"),
        (&Value::unit(), &number, "general"),
    ];
    let form = |map: &Map| match map.tree.as_deref() {
        None => "none",
        Some(Form::Numbers(_)) => "numbers",
        Some(Form::Numbered(_)) => "numbered",
        Some(Form::Tally(_)) => "tally",
        Some(Form::Named(_)) => "named",
        Some(Form::General(_)) => "general",
    };
    let mut map = Map::default();
    for (key, value, expected) in rows {
        assert_eq!(form(&map), "none");
        map.insert(key.clone(), value.clone());
        assert_eq!(form(&map), expected);
        assert_eq!(map.numbers_mut().is_some(), expected == "numbers");
        assert_eq!(map.remove(key).as_ref(), Some(value));
    }
}

#[test]
fn a_map_keeps_its_weight() {
    let mut map = Map::default();
    let empty = map.weight();
    map.insert(Value::text("a"), Value::Int(1));
    let one = map.weight();
    assert_eq!(one - empty, 16 + 16 + 1 + 8);
    map.insert(Value::text("a"), Value::Int(2));
    assert_eq!(map.weight(), one);
    map.remove(&Value::text("b"));
    assert_eq!(map.weight(), one);
    map.remove(&Value::text("a"));
    assert_eq!(map.weight(), empty);
}

#[test]
fn a_weight_beyond_the_range_is_not_forgotten() {
    let mut heavy = Value::Int(0);
    for _ in 0..20 {
        heavy = Value::List(std::iter::repeat_n(heavy, 10).collect());
    }
    assert_eq!(heavy.weight(), u64::MAX);
    for key in [Value::Int(1), Value::text("a"), Value::unit()] {
        let mut map = Map::default();
        map.insert(key.clone(), heavy.clone());
        map.remove(&key);
        assert_eq!(map, Map::default());
        assert!(map.weight() >= Map::default().weight());
        map.insert(key, Value::Int(1));
        assert_eq!(map.weight(), u64::MAX);
    }
}
