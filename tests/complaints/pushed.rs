//! Complaints 1 to 6 and 15: what becomes of a push.

use cam::value::Value;
use harness::street::{Release, bundle, refusal, signed};
use harness::tally::{MACHINE, TALLY_2, TALLY_2_BACK, TALLY_3, add, read, sum};
use node::bundle::{Bundle, Manifest, Parts};
use node::protocol::{RefusalCode, Request, Response, Terms};

use super::{House, all_once, send};

#[tokio::test(flavor = "multi_thread")]
async fn complaint_1_a_push_to_a_wrong_version_is_refused_with_both_hashes_and_suspends_nothing() {
    let house = House::new(&[TALLY_2, TALLY_3]).await;
    let traffic = house.traffic(2).await;
    let wrong = house.bundle((2, house.first.id(), 1), 3);
    for _ in 0..8 {
        let refused = refusal(house.push(&wrong).await);
        assert_eq!(refused.code, RefusalCode::STALE_PROGRAM);
        assert_eq!(refused.running, Some(house.releases[0].program.digest().0));
        assert_eq!(refused.expected, Some(house.releases[1].program.digest().0));
        traffic.flow(4).await;
    }
    all_once(&traffic.end().await, 2);
    assert_eq!(house.ledger().await.len(), 1, "a refusal is no entry");
}

#[tokio::test]
async fn complaint_2_the_same_push_twice_has_two_answers() {
    let house = House::new(&[TALLY_2]).await;
    let second = house.second();
    house.deploy(&second).await;
    let before = house.picture().await;
    let again = house.push(&second).await;
    let Response::AlreadyRunning { sequence, .. } = again else {
        panic!("{again:?}")
    };
    assert_eq!(sequence, 2);
    assert_eq!(house.picture().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn complaint_3_of_two_pushes_that_race_one_wins_and_the_other_is_told_which() {
    let other = TALLY_2.replace("1_000", "10");
    for _ in 0..4 {
        let house = House::new(&[TALLY_2]).await;
        let mut rival = harness::street::releases(&[harness::tally::TALLY_1, &other]);
        let rival: Release = rival.remove(1);
        let from = Some((&house.releases[0], house.first.id(), 1));
        let bundles = [house.second(), bundle(MACHINE, from, &rival, &["author"])];
        let programs = [house.releases[1].program.digest(), rival.program.digest()];
        let (one, two) = tokio::join!(house.push(&bundles[0]), house.push(&bundles[1]));
        let (winner, loser) = match (one, two) {
            (Response::Applied(_), loser) => (0, loser),
            (loser, Response::Applied(_)) => (1, loser),
            neither => panic!("{neither:?}"),
        };
        let refused = refusal(loser);
        assert_eq!(refused.code, RefusalCode::STALE_PROGRAM);
        assert_eq!(refused.running, Some(programs[winner].0));
        assert_eq!(house.status().await.program, programs[winner].0);
    }
}

/// Bundles that fail at each step of the street, and the code of each.
fn failing(house: &House) -> Vec<(Bundle, RefusalCode)> {
    let (manifest, parts) = house.second().claims().map(owned).expect("a good bundle");
    let with = |new_program: Vec<u8>, migration: Vec<u8>| {
        let digest = cam::digest::Digest::of_module;
        let manifest = Manifest {
            new_program: digest(&new_program),
            migration: Some(digest(&migration)),
            ..manifest.clone()
        };
        let parts = Parts {
            new_program,
            migration: Some(migration),
            ..parts.clone()
        };
        signed(&manifest, parts, &["author"])
    };
    let program = parts.new_program.clone();
    let migration = parts.migration.clone().expect("it has one");
    let cut = program[..program.len() - 1].to_vec();
    vec![
        (with(cut, migration.clone()), RefusalCode::MALFORMED_PROGRAM),
        (
            with(migration.clone(), migration.clone()),
            RefusalCode::INVALID_PROGRAM,
        ),
        (
            with(program.clone(), program),
            RefusalCode::INVALID_MIGRATION,
        ),
        (house.second(), RefusalCode::MIGRATION_TRAPPED),
    ]
}

/// What a bundle claims, apart from it.
pub(super) fn owned((manifest, parts): (Manifest, &Parts)) -> (Manifest, Parts) {
    (manifest, parts.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn complaint_4_whatever_fails_the_old_machine_goes_on_as_it_was() {
    let house = House::new(&[TALLY_2]).await;
    // The migration multiplies this by 1,000.
    let most = i64::MAX / 1_000;
    house.send(1, &add(most)).await.expect("a step");
    for (wrong, code) in failing(&house) {
        let before = house.picture().await;
        let refused = refusal(house.push(&wrong).await);
        assert_eq!(refused.code, code, "{refused:?}");
        assert_eq!(house.picture().await, before, "{code:?}");
    }
    // What waits in the queue while a push fails is answered in its turn.
    let before = house.status().await.steps;
    let traffic = house.traffic(4).await;
    for (wrong, code) in failing(&house) {
        traffic.flow(2).await;
        assert_eq!(refusal(house.push(&wrong).await).code, code);
    }
    all_once(&traffic.end().await, before + 1);
}

/// One total for each upgrade that the state has been through, so that code and state of two versions would show.
const STAMPED: &str = "
machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, upgraded: Int }
  init   { total: 0, upgraded: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(total * upgraded)
  migrate from 1 { total } => { total: total, upgraded: 1 }
  accept from 1
  reply to 1
}";

#[tokio::test(flavor = "multi_thread")]
async fn complaint_5_a_kill_at_any_moment_of_an_upgrade_leaves_the_old_machine_or_the_new_one() {
    let (mut olds, mut news) = (0, 0);
    for round in 0_u32..12 {
        let mut house = House::new(&[STAMPED]).await;
        let operator = house.process.connect("operator").await.expect("reachable");
        let push = Request::Push {
            bundle: house.second().encode(),
        };
        let pushed = tokio::spawn(async move { operator.request(&push).await });
        // From before the bundle has come to after its answer; which moment it is does not matter to the test.
        if round % 3 == 2 {
            assert!(pushed.await.expect("no panic").is_ok());
        } else {
            (0..round * 40).for_each(|_| std::hint::spin_loop());
        }
        house.process.kill();
        house.process.restart();
        let status = house.status().await;
        let version = usize::try_from(status.machine_version).expect("small");
        assert_eq!(u64::from(status.machine_version), status.sequence);
        assert_eq!(house.ledger().await.len(), version);
        let program = &house.releases[version - 1].program;
        assert_eq!(status.program, program.digest().0);
        // Version 1 says its total, and version 2 says it only if the state is one of version 2.
        assert_eq!(house.send(1, &read(1)).await.expect("a step"), sum(1, 42));
        match version {
            1 => olds += 1,
            _ => news += 1,
        }
        assert!(
            round % 3 != 2 || version == 2,
            "an answered upgrade is there"
        );
    }
    assert!(news >= 4, "{olds} old, {news} new");
}

#[tokio::test(flavor = "multi_thread")]
async fn complaint_6_every_call_in_flight_gets_one_answer() {
    let house = House::new(&[TALLY_2]).await;
    let mut connections = Vec::new();
    for _ in 0..8 {
        let client = house.process.connect("client").await.expect("reachable");
        connections.push(std::sync::Arc::new(client));
    }
    let mut calls = Vec::new();
    for number in 0..128 {
        let client = std::sync::Arc::clone(&connections[number % connections.len()]);
        let release = house.releases[0].clone();
        calls.push(tokio::spawn(async move {
            send(&client, &release, &add(1)).await
        }));
    }
    house.deploy(&house.second()).await;
    let mut steps = Vec::new();
    for call in calls {
        let (step, output) = call.await.expect("no panic").expect("it is answered");
        assert_eq!(output, Value::constructor(0), "Ok, as version 1 has it");
        steps.push(step);
    }
    steps.sort_unstable();
    assert!(steps.iter().copied().eq(2..130), "{steps:?}");
    assert_eq!(house.send(1, &read(1)).await.expect("a step"), sum(1, 170));
}

#[tokio::test]
async fn complaint_15_an_old_bundle_brings_no_old_version_back_and_an_explicit_rollback_does() {
    let house = House::new(&[TALLY_2_BACK]).await;
    let second = house.second();
    house
        .try_out(
            &second,
            Terms {
                time_ms: 60_000,
                ..super::lived::TERMS
            },
        )
        .await;
    for stale in [&house.first, &second] {
        let before = house.picture().await;
        match house.push(stale).await {
            Response::AlreadyRunning { .. } => assert_eq!(stale.id(), second.id()),
            other => assert_eq!(refusal(other).code, RefusalCode::STALE_PROGRAM),
        }
        assert_eq!(house.picture().await, before);
    }
    let back = house.roll_back(2).await;
    assert!(matches!(back, Response::RolledBack { .. }), "{back:?}");
    assert_eq!(
        house.status().await.sequence,
        3,
        "sequence numbers only rise"
    );
    for stale in [&house.first, &second] {
        let refused = refusal(house.push(stale).await);
        let codes = [RefusalCode::STALE_PROGRAM, RefusalCode::STALE_SEQUENCE];
        assert!(codes.contains(&refused.code), "{refused:?}");
    }
}
