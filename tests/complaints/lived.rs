//! Complaints 9 to 12: what becomes of a machine after a push.

use std::sync::Arc;

use cam::chain::chain;
use cam::value::Value;
use cam::verify;
use harness::street::{Release, bundle, refusal};
use harness::tally::{MACHINE, TALLY_2, TALLY_2_BACK, TALLY_3, add, read, sum};
use node::protocol::{RefusalCode, Request, Response, Terms};
use node::rollback::Way;

use super::House;

/// A trial that lasts for an hour and ends with the first step that stops.
pub(super) const TERMS: Terms = Terms {
    time_ms: 3_600_000,
    steps: 0,
    faults: 0,
    checks: false,
    starts: 2,
};

async fn way(house: &House) -> Way {
    match house.roll_back(2).await {
        Response::RolledBack { report, .. } => report.way,
        other => panic!("no rollback: {other:?}"),
    }
}

#[tokio::test]
async fn complaint_9_what_was_written_after_an_upgrade_is_there_after_the_rollback() {
    let house = House::new(&[TALLY_2_BACK]).await;
    house.deploy(&house.second()).await;
    house.send(2, &add(7)).await.expect("a step");
    house.send(1, &add(1)).await.expect("a step");
    assert_eq!(way(&house).await, Way::Mapped);
    assert_eq!(house.status().await.machine_version, 1);
    assert_eq!(house.send(1, &read(1)).await.expect("a step"), sum(1, 50));
}

#[tokio::test]
async fn complaint_10_a_rollback_is_possible_while_an_upgrade_is_on_trial_or_has_failed() {
    let back = "migrate back lossy to 1 { total, cleared: _ } => { total: total }";
    assert!(TALLY_2_BACK.contains(back));
    let without = TALLY_2_BACK.replace(back, "");
    let stops = back.replace("total: total }", "total: total / (total - 666) + total }");
    let stopping = TALLY_2_BACK.replace(back, &stops);
    // By the way back, without one, and where the way back stops on the state.
    for (source, more, is_mapped) in [
        (TALLY_2_BACK, 1, true),
        (without.as_str(), 1, false),
        (stopping.as_str(), 624, false),
    ] {
        let house = House::new(&[source]).await;
        house.try_out(&house.second(), TERMS).await;
        house.send(1, &add(more)).await.expect("a step");
        // A push that fails takes nothing of the way back.
        let nowhere = house.bundle((1, house.first.id(), 7), 2);
        let refused = refusal(house.push(&nowhere).await);
        assert_eq!(refused.code, RefusalCode::STALE_PROGRAM);
        assert_eq!(way(&house).await == Way::Mapped, is_mapped);
        let total = house.send(1, &read(1)).await.expect("a step");
        assert_eq!(total, sum(1, 42 + more));
    }
    // And where the program itself fails, it goes by itself.
    let house = House::new(&[TALLY_2_BACK]).await;
    house.try_out(&house.second(), TERMS).await;
    let stopped = house.send(2, &add(13)).await.expect_err("divides by zero");
    assert!(matches!(stopped, Response::Trapped { .. }), "{stopped:?}");
    while house.life().await.trial.is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.status().await.machine_version, 1);
}

/// `Wink` is not in version 2 any more.
const WINKING: (&str, &str) = (
    "
machine Tally version 2 {
  input  Add(Int) | Read | Wink
  output Ok | Sum(Int) | Winked
  state  { total: Int, winks: Int }
  init   { total: 0, winks: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(total)
  on Wink => { set winks = winks + 1  Winked }
  migrate from 1 { total } => { total: total, winks: 0 }
  accept from 1
  reply to 1 { Winked => Ok }
}",
    "
machine Tally version 3 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int, winks: Int }
  init   { total: 0, winks: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(total)
  migrate from 2 unchanged
  accept from 2 { Wink => refuse }
  reply to 2
}",
);

#[tokio::test]
async fn complaint_11_old_clients_go_on_until_their_version_is_retired_and_are_told() {
    let house = House::new(&[WINKING.0, WINKING.1]).await;
    let second = house.second();
    house.deploy(&second).await;
    let wink = Value::constructor(2);
    house.send(2, &wink).await.expect("version 2 winks");
    house.deploy(&house.bundle((2, second.id(), 2), 3)).await;
    // A constructor that is gone is answered by the adapter; the others go through both.
    let gone = refusal(house.send(2, &wink).await.expect_err("retired"));
    assert_eq!(gone.code, RefusalCode::RETIRED_INPUT);
    house.send(2, &add(1)).await.expect("a step");
    assert_eq!(house.send(1, &read(1)).await.expect("a step"), sum(1, 43));
    let served = house.life().await.served;
    let counted: Vec<(u32, u64)> = served
        .iter()
        .map(|one| (one.machine_version, one.steps))
        .collect();
    assert_eq!(counted, [(1, 1), (2, 1)]);
    let retire = Request::Retire {
        machine: MACHINE.to_owned(),
        program: house.releases[0].program.digest().0,
        reason: "nobody is left".to_owned(),
    };
    let retired = house.ask("operator", retire).await;
    assert!(matches!(retired, Response::Retired { .. }), "{retired:?}");
    let refused = refusal(house.send(1, &read(1)).await.expect_err("retired"));
    assert_eq!(refused.code, RefusalCode::OTHER_PROGRAM);
    assert_eq!(refused.running, Some(house.releases[2].program.digest().0));
    house.send(2, &add(1)).await.expect("version 2 goes on");
}

#[tokio::test]
async fn complaint_12_one_upgrade_through_versions_between_is_the_steps() {
    let stepped = House::new(&[TALLY_2, TALLY_3]).await;
    let second = stepped.second();
    stepped.deploy(&second).await;
    stepped
        .deploy(&stepped.bundle((2, second.id(), 2), 3))
        .await;

    let leapt = House::new(&[TALLY_2, TALLY_3]).await;
    let steps: Vec<_> = leapt.releases[1..]
        .iter()
        .filter_map(|release| release.migration.as_deref())
        .collect();
    let linked = verify::migration(chain(&steps).expect("small")).expect("valid");
    let last = Release {
        program: Arc::clone(&leapt.releases[2].program),
        migration: Some(Arc::new(linked)),
    };
    let from = Some((&leapt.releases[0], leapt.first.id(), 1));
    leapt
        .deploy(&bundle(MACHINE, from, &last, &["author"]))
        .await;

    assert_eq!(leapt.state().await, stepped.state().await);
    for input in [add(8), read(1)] {
        let answer = stepped.send(1, &input).await.expect("a step");
        assert_eq!(leapt.send(1, &input).await.expect("a step"), answer);
    }
}
