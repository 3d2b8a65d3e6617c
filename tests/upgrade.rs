//! The upgrade street, refusal by refusal: each with its code, and after each the machine as it was.

use std::sync::Arc;

use cam::assembly;
use cam::bytecode::Bytecode;
use cam::combinator::{Combinators, Draft, Role};
use cam::compile::compile;
use cam::digest::Digest;
use cam::encode;
use cam::types::INT;
use cam::verify::{self, Migration, Program};
use harness::street::{Node, Release, bundle, key, refusal, releases, signed};
use harness::tally::{LAMP_1, MACHINE, TALLY_1, TALLY_2, add, read, running, sum, to_second};
use node::bundle::{Bundle, BundleId, Manifest, Parts};
use node::protocol::{RefusalCode, Request, Response};

/// Pushes as `who` and checks code, and that the machine is bit for bit what it was and still works.
async fn refused(node: &Node, releases: &[Release], who: &str, bytes: Vec<u8>, code: RefusalCode) {
    let before = node.picture(MACHINE).await;
    let refusal = refusal(node.ask(who, Request::Push { bundle: bytes }).await);
    assert_eq!(refusal.code, code, "{refusal:?}");
    assert!(refusal.now.contains("nothing was changed"), "{refusal:?}");
    assert_eq!(node.picture(MACHINE).await, before, "after {code:?}");
    let answer = node.send(MACHINE, &releases[0], &read(1)).await;
    assert_eq!(answer.expect("the machine runs on"), sum(1, 42));
}

/// The manifest and parts of the good bundle from 1 to 2, to be spoiled.
fn good(releases: &[Release], first: &Bundle) -> (Manifest, Parts) {
    let bundle = to_second(releases, first);
    let (manifest, parts) = bundle.claims().expect("well-formed");
    (manifest, parts.clone())
}

fn with_new_program(releases: &[Release], first: &Bundle, bytes: Vec<u8>) -> Bundle {
    let (manifest, parts) = good(releases, first);
    let manifest = Manifest {
        new_program: Digest::of_module(&bytes),
        ..manifest
    };
    signed(
        &manifest,
        Parts {
            new_program: bytes,
            ..parts
        },
        &["author"],
    )
}

fn with_migration(releases: &[Release], first: &Bundle, bytes: Vec<u8>) -> Bundle {
    let (manifest, parts) = good(releases, first);
    let manifest = Manifest {
        migration: Some(Digest::of_module(&bytes)),
        ..manifest
    };
    signed(
        &manifest,
        Parts {
            migration: Some(bytes),
            ..parts
        },
        &["author"],
    )
}

#[tokio::test]
async fn the_same_bundle_again_is_already_running_and_does_nothing() {
    let (node, releases, first) = running().await;
    let second = to_second(&releases, &first);
    node.deploy(&second).await;
    let before = node.picture(MACHINE).await;
    for _ in 0..3 {
        let response = node.push(&second).await;
        assert!(
            matches!(response, Response::AlreadyRunning { sequence: 2, .. }),
            "{response:?}"
        );
    }
    assert_eq!(node.picture(MACHINE).await, before);
}

#[tokio::test]
async fn malformed_bundles_are_refused() {
    let (node, releases, first) = running().await;
    let good = to_second(&releases, &first).encode();
    let code = RefusalCode::MALFORMED_BUNDLE;
    for length in [0, 1, 17, good.len() / 2, good.len() - 1] {
        refused(&node, &releases, "operator", good[..length].to_vec(), code).await;
    }
    let trailing = [good.as_slice(), &[0]].concat();
    refused(&node, &releases, "operator", trailing, code).await;
    let oversized = vec![0; node::limits::BUNDLE_BYTES_MAX + 1];
    refused(&node, &releases, "operator", oversized, code).await;
}

#[tokio::test]
async fn unsigned_and_strangely_signed_bundles_are_refused() {
    let (node, releases, first) = running().await;
    let from = Some((&releases[0], first.id(), 1));
    let code = RefusalCode::NOT_SIGNED_ENOUGH;
    for signers in [
        &[][..],
        &["stranger"],
        &["operator"],
        &["client"],
        &["narrow-author"],
    ] {
        let bundle = bundle(MACHINE, from, &releases[1], signers);
        refused(&node, &releases, "operator", bundle.encode(), code).await;
    }
}

#[tokio::test]
async fn no_bit_of_a_signed_bundle_can_be_changed() {
    let (node, releases, first) = running().await;
    let good = to_second(&releases, &first).encode();
    let before = node.picture(MACHINE).await;
    for bit in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let refusal = refusal(
            node.ask("operator", Request::Push { bundle: flipped })
                .await,
        );
        let codes = [
            RefusalCode::MALFORMED_BUNDLE,
            RefusalCode::UNAUTHENTIC,
            RefusalCode::NOT_SIGNED_ENOUGH,
        ];
        assert!(codes.contains(&refusal.code), "bit {bit}: {refusal:?}");
    }
    assert_eq!(node.picture(MACHINE).await, before);
}

#[tokio::test]
async fn a_manifest_changed_after_signing_is_unauthentic() {
    let (node, releases, first) = running().await;
    let bytes = to_second(&releases, &first).encode();
    let note = bytes
        .windows(6)
        .position(|window| window == b"a test")
        .expect("the note");
    let mut changed = bytes;
    changed[note] = b'b';
    refused(
        &node,
        &releases,
        "operator",
        changed,
        RefusalCode::UNAUTHENTIC,
    )
    .await;
}

#[tokio::test]
async fn only_an_operator_of_the_machine_may_push() {
    let (node, releases, first) = running().await;
    let good = to_second(&releases, &first).encode();
    refused(
        &node,
        &releases,
        "narrow-operator",
        good,
        RefusalCode::NOT_ALLOWED,
    )
    .await;
}

#[tokio::test]
async fn a_bundle_for_another_node_is_refused() {
    let (node, releases, first) = running().await;
    let (manifest, parts) = good(&releases, &first);
    let manifest = Manifest {
        node: Some(key("another node").public()),
        ..manifest
    };
    let bundle = signed(&manifest, parts.clone(), &["author"]);
    refused(
        &node,
        &releases,
        "operator",
        bundle.encode(),
        RefusalCode::OTHER_NODE,
    )
    .await;
    let manifest = Manifest {
        node: Some(key("node").public()),
        ..manifest
    };
    node.deploy(&signed(&manifest, parts, &["author"])).await;
}

#[tokio::test]
async fn a_bundle_from_a_program_that_does_not_run_is_stale() {
    let (node, tallies, first) = running().await;
    let stale = bundle(
        MACHINE,
        Some((&tallies[1], first.id(), 1)),
        &tallies[2],
        &["author"],
    );
    let code = RefusalCode::STALE_PROGRAM;
    refused(&node, &tallies, "operator", stale.encode(), code).await;
    let response = refusal(node.push(&stale).await);
    assert_eq!(response.running, Some(tallies[0].program.digest().0));
    assert_eq!(response.expected, Some(tallies[1].program.digest().0));
    // A first deployment over a machine that runs, and an upgrade of one that does not.
    let again = bundle(MACHINE, None, &tallies[1], &["author"]);
    refused(&node, &tallies, "operator", again.encode(), code).await;
    let nowhere = bundle(
        "nowhere",
        Some((&tallies[0], first.id(), 1)),
        &tallies[1],
        &["author"],
    );
    refused(&node, &tallies, "operator", nowhere.encode(), code).await;
}

#[tokio::test]
async fn a_bundle_out_of_sequence_is_stale() {
    let (node, releases, first) = running().await;
    let code = RefusalCode::STALE_SEQUENCE;
    for (previous, sequence) in [
        (first.id(), 2),
        (first.id(), u64::MAX - 1),
        (BundleId([9; 32]), 1),
    ] {
        let from = Some((&releases[0], previous, sequence));
        let stale = bundle(MACHINE, from, &releases[1], &["author"]);
        refused(&node, &releases, "operator", stale.encode(), code).await;
    }
}

/// A migration from version 2 to version 1, which the language has no words for: an older version's
/// source knows nothing of newer ones.
fn way_down() -> Migration {
    let mut draft = Draft::new();
    let second = draft.types.product(&[INT, INT]); // cleared, total
    let total = draft.project(second, 1).expect("a part");
    let first = draft.tuple(second, &[total]).expect("well-typed");
    let migrate = draft.define("down", first).expect("pure");
    let exports = vec![(Role::Migrate, migrate)];
    let bytecode = compile(Combinators {
        draft,
        exports,
        schema: None,
    })
    .expect("small");
    verify::migration(bytecode).expect("valid")
}

#[tokio::test]
async fn a_legal_return_does_not_make_an_old_bundle_valid_again() {
    let (node, releases, first) = running().await;
    let up = to_second(&releases, &first);
    node.deploy(&up).await;
    let back = Release {
        migration: Some(Arc::new(way_down())),
        ..releases[0].clone()
    };
    let down = bundle(
        MACHINE,
        Some((&releases[1], up.id(), 2)),
        &back,
        &["author"],
    );
    node.deploy(&down).await;
    assert_eq!(
        node.status(MACHINE).await.program,
        releases[0].program.digest().0
    );
    let refusal = refusal(node.push(&up).await);
    assert_eq!(refusal.code, RefusalCode::STALE_SEQUENCE);
}

#[tokio::test]
async fn a_program_of_another_machine_is_refused() {
    let (node, tallies, first) = running().await;
    let lamp = Release {
        migration: tallies[1].migration.clone(),
        ..releases(&[LAMP_1]).remove(0)
    };
    let other = bundle(
        MACHINE,
        Some((&tallies[0], first.id(), 1)),
        &lamp,
        &["author"],
    );
    refused(
        &node,
        &tallies,
        "operator",
        other.encode(),
        RefusalCode::OTHER_MACHINE,
    )
    .await;
}

#[tokio::test]
async fn a_program_that_does_not_decode_or_verify_is_refused() {
    let (node, releases, first) = running().await;
    let spoiled = releases[1].program.bytes()[1..].to_vec();
    let bundle = with_new_program(&releases, &first, spoiled);
    refused(
        &node,
        &releases,
        "operator",
        bundle.encode(),
        RefusalCode::MALFORMED_PROGRAM,
    )
    .await;
    let mut bytecode: Bytecode = releases[1].program.code().bytecode().clone();
    let mut code = bytecode.functions[0].code.to_vec();
    code.pop();
    bytecode.functions[0].code = code.into_iter().collect();
    let invalid = encode::module(&bytecode);
    assert!(verify::machine(bytecode).is_err());
    let bundle = with_new_program(&releases, &first, invalid);
    refused(
        &node,
        &releases,
        "operator",
        bundle.encode(),
        RefusalCode::INVALID_PROGRAM,
    )
    .await;
    // A migration is a module too, but no machine.
    let migration = releases[1].migration.as_ref().expect("from 1").bytes();
    let bundle = with_new_program(&releases, &first, migration);
    refused(
        &node,
        &releases,
        "operator",
        bundle.encode(),
        RefusalCode::INVALID_PROGRAM,
    )
    .await;
}

#[tokio::test]
async fn a_migration_of_the_wrong_type_is_refused() {
    let (node, releases, first) = running().await;
    let second_to_third = releases[2].migration.as_ref().expect("from 2").bytes();
    let bundle = with_migration(&releases, &first, second_to_third);
    refused(
        &node,
        &releases,
        "operator",
        bundle.encode(),
        RefusalCode::INVALID_MIGRATION,
    )
    .await;
    let machine = releases[1].program.bytes();
    let bundle = with_migration(&releases, &first, machine);
    refused(
        &node,
        &releases,
        "operator",
        bundle.encode(),
        RefusalCode::INVALID_MIGRATION,
    )
    .await;
}

#[tokio::test]
async fn an_adapter_of_the_wrong_type_is_refused() {
    let (node, tallies, first) = running().await;
    // The same states, other inputs: the migration fits and the adapters do not.
    let other = TALLY_2.replace("input  Add(Int)", "input  Plus(Bool) | Add(Int)");
    let other = other.replace("on Read", "on Plus(_) => Ok\n  on Read");
    let other = releases(&[TALLY_1, &other]);
    let migration = other[1].migration.as_ref().expect("from 1").bytes();
    let bundle = with_migration(&tallies, &first, migration);
    refused(
        &node,
        &tallies,
        "operator",
        bundle.encode(),
        RefusalCode::INVALID_ADAPTER,
    )
    .await;
}

#[tokio::test]
async fn a_migration_that_stops_leaves_the_old_machine() {
    let (node, releases, first) = running().await;
    node.send(MACHINE, &releases[0], &add(i64::MAX - 42))
        .await
        .expect("a step");
    let before = node.picture(MACHINE).await;
    let refusal = refusal(node.push(&to_second(&releases, &first)).await);
    assert_eq!(refusal.code, RefusalCode::MIGRATION_TRAPPED, "{refusal:?}");
    assert!(refusal.reason.contains("64 bits"), "{refusal:?}");
    assert_eq!(node.picture(MACHINE).await, before);
}

/// A program with a check of the new state, in the words of assembly.
fn with_check(program: &Program, code: &str) -> Vec<u8> {
    let bytecode = program.code().bytecode();
    let names = assembly::Names::of(bytecode);
    let state = names.type_name(program.state_type());
    let text = assembly::print(bytecode).replacen("cam 1 ", "cam 2 ", 1);
    let text = format!("{text}\nfn sound {state} -> Bool\n  {code}\nend\nexport check sound\n");
    encode::module(&assembly::parse(&text).expect("it is assembly"))
}

#[tokio::test]
async fn a_new_state_that_the_new_program_does_not_approve_of_leaves_the_old_machine() {
    let (node, releases, first) = running().await;
    let reasons = [
        ("push\n  tuple Unit\n  inj Bool 0\n  drop 1", "not sound"),
        ("int 7\n  abort Bool", "stopped on the new state"),
    ];
    for (code, reason) in reasons {
        let bundle = with_new_program(&releases, &first, with_check(&releases[1].program, code));
        let code = RefusalCode::CHECK_FAILED;
        refused(&node, &releases, "operator", bundle.encode(), code).await;
        let refusal = refusal(node.push(&bundle).await);
        assert!(refusal.reason.contains(reason), "{refusal:?}");
    }
    // Cleared is 0 after the migration, and the total, in thousandths, is not.
    let sound = "push\n  proj 0\n  push\n  int 0\n  eq\n  drop 1";
    let bundle = with_new_program(&releases, &first, with_check(&releases[1].program, sound));
    node.deploy(&bundle).await;
    assert_eq!(node.status(MACHINE).await.sequence, 2);
}

#[tokio::test]
async fn of_two_racing_bundles_exactly_one_is_applied() {
    let (node, releases, first) = running().await;
    let node = Arc::new(node);
    let mut pushes = Vec::new();
    for number in 0..16 {
        let (mut manifest, parts) = good(&releases, &first);
        manifest.note = format!("number {number}");
        let bundle = signed(&manifest, parts, &["author"]);
        let node = Arc::clone(&node);
        pushes.push(tokio::spawn(async move { node.push(&bundle).await }));
    }
    let mut applied = 0;
    for push in pushes {
        match push.await.expect("no panic") {
            Response::Applied(_) => applied += 1,
            other => assert_eq!(refusal(other).code, RefusalCode::STALE_PROGRAM),
        }
    }
    assert_eq!(applied, 1);
    assert_eq!(node.status(MACHINE).await.sequence, 2);
}

/// The street's refusals, as the specification lists them, each have a test here, or in `trial.rs`.
#[test]
fn every_refusal_of_the_chapter_is_tested_here() {
    let chapter = include_str!("../spec/7-upgrade.md");
    let tests = concat!(
        include_str!("upgrade.rs"),
        include_str!("trial.rs"),
        include_str!("shadow.rs"),
        include_str!("losses.rs")
    );
    let (_, answers) = chapter
        .split_once("## 7.4")
        .expect("what a bundle is answered");
    let rows = answers
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let mut rows: Vec<_> = rows
        .filter_map(|(code, rest)| Some((code.parse::<u16>().ok()?, rest)))
        .collect();
    rows.retain(|(code, _)| RefusalCode(*code) != RefusalCode::TOO_MANY_MACHINES);
    assert!(rows.len() >= 12);
    for (code, rest) in rows {
        let name = RefusalCode(code).name().expect("a code of the table");
        assert!(rest.starts_with(name), "{code} is `{name}`");
        let constant = name.to_uppercase().replace('-', "_");
        assert!(
            tests.contains(&format!("RefusalCode::{constant}")),
            "{name} has no test"
        );
    }
}
