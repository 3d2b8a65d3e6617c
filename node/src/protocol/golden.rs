//! Messages as they have travelled: kept as they are, and read for ever.
//!
//! `BLESS=1 cargo test -p node golden` writes a line for each kind that has none. A line that is there is never
//! changed: there may be a peer that says just this.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use cam::digest::Digest;
use data_encoding::HEXLOWER;

use super::{
    Applied, Beside, Command, Life, Mark, NodeStatus, Numbered, Origin, Plan, Refusal, RefusalCode,
    Request, RequestKind, Response, RolledBack, Served, TrialStatus,
};
use crate::comparison::{Answer, Comparison, Difference};
use crate::journal::Snapshot;
use crate::ledger::{Entry, Event};
use crate::network_bench::{machine_status, request};
use crate::plan::Release;
use crate::replica::KeptSessions;
use crate::rollback::Way;
use crate::trial::{Cause, Terms};

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/protocol-1.txt")
}

const TERMS: Terms = Terms {
    time_ms: 60_000,
    steps: 100,
    faults: 3,
    checks: true,
    starts: 2,
};

/// The name of an answer. No default: a new one does not compile without a name, and then has no line.
fn name(response: &Response) -> &'static str {
    match response {
        Response::Status(_) => "Status",
        Response::Applied(_) => "Applied",
        Response::AlreadyRunning { .. } => "AlreadyRunning",
        Response::Answer { .. } => "Answer",
        Response::Trapped { .. } => "Trapped",
        Response::State { .. } => "State",
        Response::Program { .. } => "Program",
        Response::Plan(_) => "Plan",
        Response::RolledBack { .. } => "RolledBack",
        Response::Passed { .. } => "Passed",
        Response::Retired { .. } => "Retired",
        Response::Life(_) => "Life",
        Response::Ledger { .. } => "Ledger",
        Response::Shadow(_) => "Shadow",
        Response::Journal { .. } => "Journal",
        Response::Mark(_) => "Mark",
        Response::Origin(_) => "Origin",
        Response::Session { .. } => "Session",
        Response::Refused(_) => "Refused",
    }
}

fn compared() -> Comparison {
    Comparison {
        same: 7,
        different: 1,
        lost: 0,
        compared: true,
        first: Some(Difference {
            at: 4,
            from: "till".to_owned(),
            program: [1; 32],
            input: vec![2],
            was: Answer::Output(vec![3]),
            is: Answer::Stopped("overflow".to_owned()),
        }),
    }
}

fn rolled_back() -> RolledBack {
    RolledBack {
        sequence: 3,
        id: [1; 32],
        from: [2; 32],
        to: [3; 32],
        machine_version: 1,
        cause: Cause::Asked,
        way: Way::Replayed(compared()),
        state_bytes: 9,
    }
}

/// Answers to what changes or looks at a step.
fn answers() -> Vec<Response> {
    let (program, machine) = ([1; 32], "counter".to_owned());
    vec![
        Response::Status(NodeStatus {
            node_key: [4; 32],
            version: "0.1.0".to_owned(),
            now_ms: 5,
            machines: vec![machine_status("counter")],
        }),
        Response::Applied(Applied {
            machine: machine.clone(),
            from: Some([1; 32]),
            to: [2; 32],
            sequence: 2,
            state_bytes_before: 8,
            state_bytes: 9,
        }),
        Response::AlreadyRunning {
            machine,
            program,
            sequence: 2,
        },
        Response::Answer {
            step: 300,
            program,
            output: vec![1, 2],
        },
        Response::Trapped {
            step: None,
            code: 1,
            name: "overflow".to_owned(),
            detail: "in function 3".to_owned(),
        },
        Response::State {
            program,
            step: 3,
            state: vec![1],
        },
        Response::Program {
            program,
            bytecode: vec![1],
        },
        Response::Session {
            place: 70_000,
            last: Some(69_999),
        },
        Refusal::new(RefusalCode::STALE_PROGRAM, "another program runs")
            .running(program)
            .expected([2; 32])
            .sequence(4)
            .into(),
    ]
}

/// Answers to what is about a life.
fn lives() -> Vec<Response> {
    let release = |number| Release {
        program: [number; 32],
        machine_version: u32::from(number),
    };
    vec![
        Response::Plan(Box::new(Plan {
            machine: "counter".to_owned(),
            sequence: 2,
            from: Some(release(1)),
            to: release(2),
            step: 3,
            state_bytes_before: 8,
            state_bytes: 9,
            pause_us: 12,
            fuel_max: Some(400),
            has_check: true,
            has_adapters: true,
            has_way_back: false,
            rehearsal: Some(compared()),
            leaves: None,
        })),
        Response::RolledBack {
            rehearsed: true,
            report: Box::new(rolled_back()),
            back: None,
        },
        Response::Passed { sequence: 2 },
        Response::Retired {
            program: [1; 32],
            machine_version: 1,
        },
        Response::Life(Life {
            trial: Some(TrialStatus {
                terms: TERMS,
                began_ms: 5,
                left_ms: 6,
                steps: 7,
                faults: 0,
            }),
            served: vec![Served {
                program: [1; 32],
                machine_version: 1,
                is_served: true,
                steps: 2,
                last_ms: 4,
            }],
            entries: 2,
            head: [9; 32],
            has_way_back: true,
        }),
        Response::Ledger {
            entries: vec![Entry {
                number: 1,
                before: [0; 32],
                at_ms: 5,
                step: 0,
                by: "ops".to_owned(),
                reason: "because".to_owned(),
                event: Event::RolledBack(rolled_back()),
            }],
        },
        Response::Shadow(Box::new(Beside {
            running: None,
            last: None,
        })),
    ]
}

/// Answers from the journal.
fn journals() -> Vec<Response> {
    let input = |numbered| Command::Input {
        at_ms: 5,
        from: "till".into(),
        program: [1; 32],
        input: vec![2],
        numbered,
    };
    let numbered = Numbered {
        session: [3; 16],
        number: 2,
    };
    let mark = Mark {
        at: 2,
        steps: 2,
        state: [8; 32],
    };
    vec![
        Response::Journal {
            first: 1,
            last: 2,
            commands: vec![(1, input(None)), (2, input(Some(numbered)))],
        },
        Response::Mark(mark),
        Response::Origin(Box::new(Origin {
            sequence: 1,
            bundle: [2; 32],
            since_ms: 5,
            program: vec![1],
            lineage: Vec::new(),
            snapshot: Snapshot {
                index: 2,
                steps: 2,
                traps: 0,
                last_ms: 5,
                state: vec![1],
                old_clients: Vec::new(),
                program: Some(Digest([1; 32]).0),
                sessions: KeptSessions::default(),
            },
        })),
    ]
}

/// Every message, with what the file says before it.
fn samples() -> Vec<(String, Vec<u8>)> {
    let requests = RequestKind::ALL.iter().map(|kind| {
        let bytes = request(*kind, "counter").encode();
        (format!("request {}", kind.name()), bytes)
    });
    let responses = [answers(), lives(), journals()].concat();
    let responses = responses.iter();
    let responses =
        responses.map(|response| (format!("answer {}", name(response)), response.encode()));
    requests.chain(responses).collect()
}

/// The bytes that come of reading a message and writing it again.
fn again(what: &str, bytes: &[u8]) -> Result<Vec<u8>, super::Malformed> {
    match what.strip_prefix("request ") {
        Some(kind) => {
            let request = Request::decode(bytes)?;
            assert_eq!(request.kind().name(), kind);
            Ok(request.encode())
        }
        None => {
            let response = Response::decode(bytes)?;
            assert_eq!(what, format!("answer {}", name(&response)));
            Ok(response.encode())
        }
    }
}

#[test]
fn what_was_ever_said_is_read_and_would_be_said_the_same_way() {
    let mut text = fs::read_to_string(file()).unwrap_or_default();
    let mut kept = BTreeSet::new();
    for line in text.lines() {
        let (what, digits) = line.rsplit_once(' ').expect("a kind, a name, bytes");
        let bytes = HEXLOWER.decode(digits.as_bytes()).expect("digits");
        assert_eq!(again(what, &bytes), Ok(bytes), "{what}");
        kept.insert(what.to_owned());
    }
    let missing = samples()
        .into_iter()
        .filter(|(what, _)| !kept.contains(what));
    let lines = missing.map(|(what, bytes)| format!("{what} {}\n", HEXLOWER.encode(&bytes)));
    let lines: Vec<String> = lines.collect();
    if env::var_os("BLESS").is_some() {
        text.extend(lines);
        fs::write(file(), text).expect("writable");
        return;
    }
    assert!(lines.is_empty(), "BLESS=1 adds these lines: {lines:?}");
}
