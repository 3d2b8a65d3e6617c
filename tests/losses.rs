//! What a migration drops is agreed to, or refused: where the bundle is made, and on the node.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use cam::{decode, provenance};
use harness::leaf::Named;
use harness::street::{Node, Release, bundle, losses, refusal, releases, signed};
use node::bundle::{Bundle, Manifest, Parts};
use node::losses::Losses;
use node::protocol::{Plan, RefusalCode, Request, Response};
use node::rollback::Way;

const MACHINE: &str = "inn";

const INN_1: &str = "
type Room = Taken { by: Text, nights: Int } | Free
machine Inn version 1 {
  input | Go
  output | Gone
  state { rooms: List({ number: Int, room: Room }), phone: Text, note: Text }
  init { rooms: [{ number: 7, room: Taken { by: \"ann\", nights: 2 } }], phone: \"\", note: \"old\" }
  on Go => Gone
}";

/// Keeps all of it but the note, and adds a field to a record that is in a choice that is in a list.
const INN_2: &str = "
type Room = Taken { by: Text, nights: Int, paid: Bool } | Free
machine Inn version 2 {
  input | Go
  output | Gone
  state { rooms: List({ number: Int, room: Room }), phone: Text }
  init { rooms: [], phone: \"\" }
  on Go => Gone
  migrate from 1 { rooms, phone, note: _ } => {
    phone,
    rooms: map(rooms, fn({ number, room }) => { number, room: match room {
      Taken { by, nights } => Taken { by, nights, paid: false },
      Free => Free,
    } }),
  }
  migrate back lossy to 1 { rooms, phone } => {
    note: \"\",
    phone,
    rooms: map(rooms, fn({ number, room }) => { number, room: match room {
      Taken { by, nights, paid: _ } => Taken { by, nights },
      Free => Free,
    } }),
  }
}";

/// A node that runs the first version, and what leads to the second.
async fn running() -> (Node, Vec<Release>, Bundle) {
    let releases = releases(&[INN_1, INN_2]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let node = Node::new();
    node.deploy(&first).await;
    let second = bundle(
        MACHINE,
        Some((&releases[0], first.id(), 1)),
        &releases[1],
        &["author"],
    );
    (node, releases, second)
}

/// The bundle with another word on what is lost.
fn saying(bundle: &Bundle, losses: Option<Losses>) -> Bundle {
    let (manifest, parts): (Manifest, &Parts) = bundle.claims().expect("well-formed");
    let manifest = Manifest { losses, ..manifest };
    signed(&manifest, parts.clone(), &["author"])
}

fn drops(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

/// At build `cam bundle` asks: `upgrade-cli/tests/cli/losses.md`. A source that leaves a field out does not compile at
/// all. Here is the node, which believes neither.
#[tokio::test]
async fn complaint_7_a_dropped_field_without_acknowledgement_is_refused_at_build_and_at_the_node() {
    let silent = INN_2.replace("phone, note: _ }", "phone }");
    let source = dsl::source::Source::new("inn.cam", silent).expect("short");
    let mut history = dsl::history::History::new();
    let (node, releases, second) = running().await;
    history.release(std::sync::Arc::clone(&releases[0].program));
    let problems = dsl::compile::compile(&source, &history).expect_err("a field is left out");
    assert!(problems.render(&source, false).contains("`note`"));

    let found = losses(Some(&releases[0]), &releases[1]);
    assert_eq!(found.drops, drops(&["note"]));
    let before = node.picture(MACHINE).await;
    let said = |drops: Vec<String>| {
        Some(Losses {
            drops,
            ..found.clone()
        })
    };
    for (losses, code, words) in [
        (
            said(Vec::new()),
            RefusalCode::LOSS_NOT_SIGNED,
            "agreed to drop `note`",
        ),
        (
            said(drops(&["note", "phone"])),
            RefusalCode::LOSS_MISSTATED,
            "drops `phone`",
        ),
        (
            said(drops(&["phone"])),
            RefusalCode::LOSS_NOT_SIGNED,
            "agreed to drop `note`",
        ),
    ] {
        let refusal = refusal(node.push(&saying(&second, losses)).await);
        assert_eq!(refusal.code, code, "{refusal:?}");
        assert!(refusal.reason.contains(words), "{refusal:?}");
        assert_eq!(node.picture(MACHINE).await, before);
    }
    node.deploy(&second).await;
    assert_eq!(node.status(MACHINE).await.sequence, 2);
}

#[tokio::test]
async fn a_bundle_of_format_1_drops_nothing_and_is_taken_where_it_does_not() {
    let (mut node, _, second) = running().await;
    let old = saying(&second, None);
    assert_ne!(old.encode(), second.encode());
    let refusal = refusal(node.push(&old).await);
    assert_eq!(refusal.code, RefusalCode::LOSS_NOT_SIGNED, "{refusal:?}");

    let keeps = INN_2.replace(
        "phone: Text }\n  init { rooms: [], phone: \"\" }",
        "phone: Text, note: Text }\n  init { rooms: [], phone: \"\", note: \"\" }",
    );
    let keeps = keeps
        .replace("note: _ } => {", "note } => {\n    note,")
        .replace(
            "1 { rooms, phone } => {\n    note: \"\",",
            "1 { rooms, phone, note } => {\n    note,",
        );
    let releases = releases(&[INN_1, &keeps]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let second = bundle(
        MACHINE,
        Some((&releases[0], first.id(), 1)),
        &releases[1],
        &["author"],
    );
    node.deploy(&saying(&second, None)).await;
    node.restart();
    assert_eq!(node.status(MACHINE).await.sequence, 2);
}

#[tokio::test]
async fn what_a_bundle_says_of_its_way_back_is_held_to_the_code() {
    let (node, releases, second) = running().await;
    let found = losses(Some(&releases[0]), &releases[1]);
    assert_eq!(found.back, Some(drops(&["rooms[].room.Taken.paid"])));
    for back in [None, Some(Vec::new()), Some(drops(&["phone"]))] {
        let losses = Losses {
            back,
            ..found.clone()
        };
        let refusal = refusal(node.push(&saying(&second, Some(losses))).await);
        assert_eq!(refusal.code, RefusalCode::LOSS_MISSTATED, "{refusal:?}");
        assert!(
            refusal.reason.contains("loses `rooms[].room.Taken.paid`"),
            "{refusal:?}"
        );
    }
    node.deploy(&second).await;
}

#[tokio::test]
async fn a_plan_and_a_rollback_say_of_each_leaf_what_becomes_of_it() {
    let (node, _, second) = running().await;
    let request = Request::Plan {
        bundle: second.encode(),
    };
    let Response::Plan(plan) = node.ask("operator", request).await else {
        panic!("no plan");
    };
    let leaves = plan.leaves.clone().expect("the machine runs");
    assert_eq!(leaves.with_fate("dropped").collect::<Vec<_>>(), ["note"]);
    assert_eq!(
        leaves.with_fate("kept").collect::<Vec<_>>(),
        ["phone", "rooms"]
    );
    let new: Vec<_> = leaves
        .with_provenance("default")
        .map(|leaf| &*leaf.path)
        .collect();
    assert_eq!(new, ["rooms[].room.Taken.paid"]);
    let back = leaves.back.expect("it has a way back");
    assert_eq!(back.loses, drops(&["rooms[].room.Taken.paid"]));
    assert_eq!(back.defaults, drops(&["note"]));
    // A plan of before leaves were said is read still.
    let without = Plan {
        leaves: None,
        ..*plan
    };
    let bytes = Response::Plan(Box::new(without.clone())).encode();
    assert_eq!(
        Response::decode(&bytes),
        Ok(Response::Plan(Box::new(without)))
    );

    node.deploy(&second).await;
    let rollback = |rehearse| Request::Rollback {
        machine: MACHINE.to_owned(),
        running: second.claims().expect("well-formed").0.new_program.0,
        reason: String::new(),
        rehearse,
    };
    for rehearse in [true, false] {
        let response = node.ask("operator", rollback(rehearse)).await;
        let Response::RolledBack {
            report, back: lost, ..
        } = response
        else {
            panic!("{response:?}");
        };
        assert_eq!(report.way, Way::Mapped);
        assert_eq!(lost.as_ref(), Some(&back));
    }
}

#[tokio::test]
async fn complaint_8_a_record_inside_a_list_and_a_sum_gains_a_field() {
    let (node, releases, second) = running().await;
    node.deploy(&second).await;
    let leaves = provenance::forward(
        releases[1].migration.as_ref().expect("it migrates"),
        releases[0].program.schema(),
        releases[1].program.schema(),
    );
    let said: Vec<_> = leaves
        .new
        .iter()
        .map(|leaf| (&*leaf.path, leaf.from.word()))
        .collect();
    assert!(
        said.contains(&("rooms[].room.Taken.by", "kept")),
        "{said:?}"
    );
    assert!(
        said.contains(&("rooms[].room.Taken.paid", "default")),
        "{said:?}"
    );
    let request = Request::State {
        machine: MACHINE.to_owned(),
    };
    let Response::State { state, .. } = node.ask("operator", request).await else {
        panic!("no state");
    };
    let new = &releases[1].program;
    let state = decode::value(new.types(), new.state_type(), &state, u64::MAX).expect("canonical");
    let state = Named {
        shapes: &new.schema().shapes,
        shape: new.schema().state,
        value: state,
    };
    let words = |path| {
        state
            .clone()
            .at(path)
            .iter()
            .map(|part| part.words(false))
            .collect::<Vec<_>>()
    };
    assert_eq!(words("rooms[].room.Taken.by"), ["Text(\"ann\")"]);
    assert_eq!(words("rooms[].room.Taken.paid"), ["#0"]);
}
