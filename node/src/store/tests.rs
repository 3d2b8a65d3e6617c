//! Damage of the file, bit by bit and cut by cut, and who opens it.

use std::panic::catch_unwind;
use std::path::PathBuf;

use super::*;
use crate::journal::{Command, Snapshot};

const MACHINE: &str = "counter";

const EVERYTHING: Keeping = Keeping {
    oldest: 0,
    needed: 0,
    bytes: u64::MAX,
};

fn command(number: u64) -> Command {
    Command::Input {
        at_ms: 0,
        from: "client".into(),
        program: [1; 32],
        input: vec![u8::try_from(number).expect("small"); 300],
        numbered: None,
    }
}

/// A machine with a history, a snapshot and commands after it, in several commits.
fn fill(store: &Store) {
    let commit = store.commit().expect("a commit");
    let program = seal("programs", &[1; 32], serde_bytes::Bytes::new(&[7; 5000]));
    let record = MachineRecord {
        sequence: 1,
        bundle: [2; 32],
        program: [1; 32],
        since_ms: 5,
    };
    let record = seal("machines", MACHINE.as_bytes(), &record);
    commit
        .write()
        .open_table(PROGRAMS)
        .expect("a table")
        .insert([1; 32].as_slice(), program.as_slice())
        .expect("written");
    commit
        .write()
        .open_table(MACHINES)
        .expect("a table")
        .insert(MACHINE, record.as_slice())
        .expect("written");
    let snapshot = Snapshot {
        index: 2,
        steps: 2,
        traps: 0,
        last_ms: 7,
        state: vec![9; 3000],
        old_clients: Vec::new(),
        program: Some([1; 32]),
        sessions: crate::replica::KeptSessions::default(),
    };
    commit
        .snapshot(MACHINE, snapshot, EVERYTHING)
        .expect("written");
    commit.finish().expect("durable");
    for at in 1..=20 {
        let commit = store.commit().expect("a commit");
        commit.command(MACHINE, at, &command(at)).expect("written");
        commit.finish().expect("durable");
    }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("store.redb");
    (folder, path)
}

/// The bytes of a filled store, after it was closed and while it was open as a killed node leaves it,
/// and what it holds.
fn images() -> (Vec<u8>, Vec<u8>, String) {
    let (_folder, path) = folder();
    let store = Store::create(&path).expect("made");
    fill(&store);
    let held = format!("{:?}", store.machines().expect("readable"));
    let killed = std::fs::read(&path).expect("readable");
    drop(store);
    (std::fs::read(&path).expect("readable"), killed, held)
}

/// What a start makes of these bytes: nothing if it refuses them.
fn taken_up(path: &Path) -> Option<String> {
    let started = catch_unwind(|| Store::open(path)?.machines());
    let machines = started.expect("no panic escapes").ok()?;
    Some(format!("{machines:?}"))
}

#[test]
fn what_was_committed_is_there_after_a_close_and_after_a_kill() {
    let (closed, killed, held) = images();
    for image in [closed, killed] {
        let (_folder, path) = folder();
        std::fs::write(&path, image).expect("written");
        assert_eq!(taken_up(&path).as_ref(), Some(&held));
        assert_eq!(taken_up(&path).as_ref(), Some(&held));
    }
}

#[test]
fn a_flipped_bit_is_refused_at_every_start_or_changes_nothing() {
    let (closed, killed, held) = images();
    let (_folder, path) = folder();
    let (mut refused, mut harmless) = (0, 0);
    for image in [closed, killed] {
        let used: Vec<usize> = (0..image.len()).filter(|at| image[*at] != 0).collect();
        for at in used.iter().step_by(used.len() / 60 + 1) {
            let mut flipped = image.clone();
            flipped[*at] ^= 1 << (at % 8);
            std::fs::write(&path, &flipped).expect("written");
            for start in 1..=2 {
                match taken_up(&path) {
                    None => refused += 1,
                    Some(found) => {
                        assert!(found == held, "byte {at}, start {start}");
                        harmless += 1;
                    }
                }
            }
        }
    }
    assert!(
        refused > 0 && harmless > 0,
        "{refused} refused, {harmless} harmless"
    );
}

#[test]
fn a_truncated_store_is_refused() {
    let (closed, _, held) = images();
    let (_folder, path) = folder();
    for length in (1..closed.len()).step_by(closed.len() / 20) {
        std::fs::write(&path, &closed[..length]).expect("written");
        assert!(
            taken_up(&path).is_none_or(|found| found == held),
            "{length} bytes"
        );
    }
}

#[test]
fn a_store_that_is_open_is_not_opened_again() {
    let (_folder, path) = folder();
    let store = Store::create(&path).expect("made");
    assert!(matches!(Store::open(&path), Err(StoreError::InUse)));
    drop(store);
    assert!(Store::open(&path).is_ok());
}

#[test]
fn a_store_is_made_once_and_never_by_opening() {
    let (_folder, path) = folder();
    assert!(matches!(Store::open(&path), Err(StoreError::Missing)));
    assert!(!path.exists());
    drop(Store::create(&path).expect("made"));
    assert!(Store::create(&path).is_err());
    assert!(Store::open(&path).is_ok());
    for other in [&b""[..], b"red", &[b'x'; 5000]] {
        std::fs::write(&path, other).expect("written");
        assert!(matches!(Store::open(&path), Err(StoreError::NotAStore)));
    }
}
