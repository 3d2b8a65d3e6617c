//! A life that was exported is lived again: the same states at the same steps, or the first command that differs.

#![allow(
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

use harness::biography::{Life, TERMS, journal};
use harness::street::Node;
use harness::tally::{MACHINE, add};
use harness::tree;
use node::biography::{Biography, LifeFile, MalformedLife, Mark, Misfit, is_turn, up_to_turns};
use node::ledger::{Entry, Event};
use node::limits::JOURNAL_COMMANDS_MAX;
use node::protocol::{Command, Request, Response, Terms};
use node::shadow::End;
use node::store::STORE_FILE;

/// Where a file that was sealed again does not fit.
fn refused(file: &LifeFile) -> Misfit {
    let file = LifeFile::decode(&file.encode()).expect("well-formed, with a seal");
    let begun = file.begin().expect("it begins");
    let lived = file.replay(begun, |_, _, _| true);
    lived.map(drop).expect_err("it was changed")
}

fn replayed(file: &LifeFile) -> Biography {
    let begun = file.begin().expect("it begins");
    let lived = file.replay(begun, |_, _, _| true);
    lived.unwrap_or_else(|misfit| panic!("{misfit}"))
}

#[tokio::test]
async fn a_life_across_versions_is_lived_again_to_the_same_states() {
    let life = Life::whole().await;
    let file = life.export().await;
    assert!(file.marks.len() > 15, "{} marks", file.marks.len());
    assert_eq!(file.commands.iter().filter(|(_, c)| is_turn(c)).count(), 10);
    let file = LifeFile::decode(&file.encode()).expect("it reads back");
    assert!(file.is_complete());
    let lived = replayed(&file);
    let replica = lived.replica();
    assert_eq!(Mark::of(replica).as_ref(), file.end());
    let status = life.node.status(MACHINE).await;
    assert_eq!(
        (
            replica.steps(),
            replica.traps(),
            replica.position().sequence
        ),
        (status.steps, status.traps, status.sequence)
    );
    assert!(status.traps > 0, "some inputs stop");
}

#[tokio::test]
async fn a_life_can_be_left_at_any_step() {
    let life = Life::whole().await;
    let file = life.export().await;
    for mark in &file.marks {
        let begun = file.begin().expect("it begins");
        let here = |life: &Biography, _: &_, _: &_| life.replica().index() < mark.at;
        let left = file.replay(begun, here).expect("it fits");
        assert_eq!(Mark::of(left.replica()).as_ref(), Some(mark));
    }
}

#[tokio::test]
async fn a_life_after_a_crash_loop_counts_as_the_node_did() {
    let mut life = Life::begin().await;
    life.live(1).await;
    let terms = Terms { starts: 1, ..TERMS };
    life.upgrade(2, Some(terms)).await;
    life.live(1).await;
    // Killed twice: the file as it is while the node runs.
    for _ in 0..2 {
        let image = std::fs::read(life.node.copy_of_store().path().join(STORE_FILE));
        life.node = Node::on_store(&image.expect("readable"));
    }
    let last = life.node.ledger(MACHINE).await.pop().expect("an entry");
    assert!(matches!(last.event, Event::RolledBack(_)), "{last:?}");
    // The clock of the fresh node is behind the inputs, which are in the journal and not in the machine.
    let (_, commands) = journal(&life.node, MACHINE).await;
    let is_in_order = |pair: &[(u64, Command)]| pair[0].1.at_ms() <= pair[1].1.at_ms();
    assert!(commands.windows(2).all(is_in_order));
    life.live(1).await;
    let lived = replayed(&life.export().await);
    let status = life.node.status(MACHINE).await;
    let counts = (lived.replica().steps(), lived.replica().traps());
    assert_eq!(counts, (status.steps, status.traps));
    assert_eq!(counts, (60, 0), "each input since the upgrade has a number");
}

#[tokio::test]
async fn what_ran_beside_the_machine_is_in_the_ledger_and_no_turn_of_its_life() {
    let life = Life::whole().await;
    let good = life.export().await;
    let shadows = good.ledger.iter().filter_map(|entry| match &entry.event {
        Event::Shadowed(ended) => Some(&ended.why),
        _ => None,
    });
    let shadows: Vec<_> = shadows.collect();
    assert_eq!(shadows, [&End::Dropped, &End::Promoted]);
    let turns = good.ledger.len() - shadows.len();
    assert_eq!(
        good.commands.iter().filter(|(_, c)| is_turn(c)).count(),
        turns
    );
    replayed(&good);
    for turns in 0..=turns {
        let ledger = up_to_turns(good.ledger.clone(), turns);
        let is_turn = |entry: &Entry| !matches!(entry.event, Event::Shadowed(_));
        assert_eq!(ledger.iter().filter(|entry| is_turn(entry)).count(), turns);
        assert!(ledger.last().is_none_or(is_turn));
    }
}

#[tokio::test]
async fn a_byte_that_is_flipped_anywhere_is_refused() {
    let mut life = Life::begin().await;
    life.live(1).await;
    life.upgrade(2, None).await;
    let good = life.export().await.encode();
    assert!(LifeFile::decode(&good).is_ok());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(LifeFile::decode(&bad).is_err(), "byte {at}");
    }
    for end in (0..good.len()).step_by(7) {
        assert!(LifeFile::decode(&good[..end]).is_err(), "{end} bytes");
    }
    let mut newer = good.clone();
    let format = 1 + 1 + "camshaft-life".len();
    newer[format] = 2;
    assert_eq!(
        LifeFile::decode(&newer),
        Err(MalformedLife::NeedsFormat { need: 2 })
    );
}

#[tokio::test]
async fn a_command_that_was_changed_under_a_new_seal_is_found() {
    let life = Life::whole().await;
    let good = life.export().await;
    // Another input: the state differs from the next mark on.
    let mut other = good.clone();
    let place = other.commands.iter().position(|(at, _)| *at == 33);
    let Command::Input { input, .. } = &mut other.commands[place.expect("there")].1 else {
        panic!("an input")
    };
    *input = cam::encode::value(&add(1_000));
    assert_eq!(refused(&other).at, 40);
    // An input that is none: it is refused where it stands.
    let Command::Input { input, .. } = &mut other.commands[place.expect("there")].1 else {
        panic!("an input")
    };
    input.push(0);
    assert_eq!(refused(&other).at, 33);
    // A command that is gone, and one that never was.
    let mut gone = good.clone();
    gone.commands.remove(20);
    assert_eq!(refused(&gone).at, 22);
    let mut cut = good.clone();
    cut.commands.pop();
    assert_eq!(refused(&cut).at, good.commands.len() as u64 - 1);
    // A bundle that is another one.
    let turn = good.commands.iter().skip(1).position(|(_, c)| is_turn(c));
    let turn = turn.expect("an upgrade") + 1;
    let mut code = good.clone();
    let Command::Upgrade { bundle, .. } = &mut code.commands[turn].1 else {
        panic!("an upgrade")
    };
    let middle = bundle.len() / 2;
    bundle[middle] ^= 1;
    assert_eq!(refused(&code).at, turn as u64 + 1);
}

#[tokio::test]
async fn a_ledger_that_was_changed_under_a_new_seal_is_found() {
    let good = Life::whole().await.export().await;
    let turns = good.commands.iter().filter(|(_, c)| is_turn(c));
    let turns: Vec<u64> = turns.map(|(at, _)| *at).collect();
    // The second entry is of what ran beside the machine, the third of the first upgrade.
    assert!(matches!(good.ledger[1].event, Event::Shadowed(_)));
    let damages: [fn(&mut Vec<Entry>); 6] = [
        |ledger| ledger[2].at_ms += 1,
        |ledger| ledger[2].step += 1,
        |ledger| ledger[1].at_ms += 1,
        |ledger| drop(ledger.remove(1)),
        |ledger| ledger.truncate(2),
        |ledger| ledger[2].event = ledger[1].event.clone(),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let mut told = good.clone();
        damage(&mut told.ledger);
        assert_eq!(refused(&told).at, turns[1], "{number}");
    }
    let mut told = good.clone();
    let more = told.ledger[0].clone().behind(told.ledger.last());
    told.ledger.push(more);
    assert_eq!(refused(&told).at, good.commands.len() as u64);
}

#[tokio::test]
async fn a_life_whose_beginning_is_gone_starts_later_and_says_so() {
    let mut life = Life::begin().await;
    life.live(1).await;
    life.upgrade(2, None).await;
    life.live(1).await;
    life.live(2).await;
    let image = std::fs::read(life.node.copy_of_store().path().join(STORE_FILE));
    life.node = Node::on_store(&without_beginning(&image.expect("readable"), 10));
    let (first, _) = journal(&life.node, MACHINE).await;
    assert_eq!(first, 10, "the beginning is gone");
    let machine = MACHINE.to_owned();
    let response = life.node.ask("observer", Request::Origin { machine }).await;
    let Response::Origin(origin) = response else {
        panic!("no origin: {response:?}")
    };
    let (_, mut commands) = journal(&life.node, MACHINE).await;
    commands.retain(|(at, _)| *at > origin.snapshot.index);
    assert_eq!(commands.len(), 40, "all since the last turn");
    let file = LifeFile {
        machine: MACHINE.to_owned(),
        origin: Some(*origin),
        ledger: Vec::new(),
        commands,
        marks: vec![life.mark().await],
    };
    let file = LifeFile::decode(&file.encode()).expect("it reads back");
    assert!(!file.is_complete());
    replayed(&file);
    for damage in 0..4 {
        let mut bad = file.clone();
        let origin = bad.origin.as_mut().expect("it has one");
        match damage {
            0 => origin.snapshot.state.push(0),
            1 => origin.snapshot.steps = u64::MAX,
            2 => origin.program.truncate(9),
            _ => origin.lineage[0].migration = origin.lineage[0].program.clone(),
        }
        assert!(bad.begin().is_err(), "{damage}");
    }
}

/// A store whose journals lack what is older than `oldest`, as after a very long life.
fn without_beginning(image: &[u8], oldest: u64) -> Vec<u8> {
    const JOURNAL: redb::TableDefinition<(&str, u64), &[u8]> =
        redb::TableDefinition::new("journal");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("store.redb");
    std::fs::write(&path, image).expect("written");
    let database = redb::Database::open(&path).expect("opens");
    let mut write = database.begin_write().expect("begins");
    write.set_two_phase_commit(true);
    {
        let mut journal = write.open_table(JOURNAL).expect("there");
        journal
            .retain_in((MACHINE, 0)..(MACHINE, oldest), |_, _| false)
            .expect("written");
    }
    write.commit().expect("durable");
    drop(database);
    std::fs::read(&path).expect("readable")
}

#[test]
fn an_answer_with_a_journal_is_asked_for_within_bounds() {
    for (limit, fine) in [
        (0, false),
        (1, true),
        (JOURNAL_COMMANDS_MAX, true),
        (JOURNAL_COMMANDS_MAX + 1, false),
    ] {
        let request = Request::Journal {
            machine: MACHINE.to_owned(),
            after: 0,
            limit,
        };
        assert_eq!(Request::decode(&request.encode()).is_ok(), fine, "{limit}");
    }
}

#[tokio::test]
async fn a_file_of_format_1_is_read_and_lived_again() {
    let path = tree::root().join("tests/golden/life-1.caml");
    if std::env::var_os("BLESS").is_some() {
        let life = Life::whole().await;
        std::fs::write(&path, life.export().await.encode()).expect("written");
    }
    let bytes = std::fs::read(&path).expect("kept");
    let file = LifeFile::decode(&bytes).expect("of format 1");
    assert_eq!(file.encode(), bytes);
    let lived = replayed(&file);
    assert_eq!(Mark::of(lived.replica()).as_ref(), file.end());
}
