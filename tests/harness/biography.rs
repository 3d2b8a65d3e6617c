//! A machine's whole life on a node: versions, trials, ways back, a version beside it, old clients.
#![allow(
    clippy::panic,
    reason = "a bench tells a test that it has failed by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use cam::value::Value;
use cam::verify;
use node::biography::{LifeFile, Mark, is_turn, up_to_turns};
use node::bundle::{Bundle, BundleId};
use node::protocol::{Command, Request, Response, RolledBack, Terms};
use node::rollback::Way;

use crate::street::{Node, Release, bundle, releases};
use crate::tally::{MACHINE, TALLY_1, add, read};

/// It divides by zero where 13 is added, and has a way back.
const TALLY_2: &str = "
machine Tally version 2 {
  input  Add(Int) | Clear | Read
  output Ok | Sum(Int)
  state  { total: Int, cleared: Int }
  init   { total: 0, cleared: 0 }
  on Add(n) => { set total = total + n + 0 / (n - 13)  Ok }
  on Clear => { set total = 0  set cleared = cleared + 1  Ok }
  on Read => Sum(total)
  migrate from 1 { total } => { total: total, cleared: 0 }
  migrate back lossy to 1 { total, cleared: _ } => { total: total }
  accept from 1
  reply to 1
}";

/// It has no way back.
const TALLY_3: &str = "
machine Tally version 3 {
  input  Add(Int) | Clear | Read
  output Ok | Sum(Int)
  state  { total: Int }
  init   { total: 0 }
  on Add(n) => { set total = total + n + n  Ok }
  on Clear => { set total = 0  Ok }
  on Read => Sum(total)
  migrate from 2 { total, cleared: _ } => { total: total }
  accept from 2
  reply to 2
}";

/// It counts its reads.
const TALLY_4: &str = "
machine Tally version 4 {
  input  Add(Int) | Clear | Read
  output Ok | Sum(Int)
  state  { total: Int, seen: Int }
  init   { total: 0, seen: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Clear => { set total = 0  Ok }
  on Read => { set seen = seen + 1  Sum(total) }
  migrate from 3 { total } => { total: total, seen: 0 }
  accept from 3
  reply to 3
}";

/// It counts in pairs.
const TALLY_5: &str = "
machine Tally version 5 {
  input  Add(Int) | Clear | Read
  output Ok | Sum(Int)
  state  { pairs: Int, seen: Int }
  init   { pairs: 0, seen: 0 }
  on Add(n) => { set pairs = pairs + n / 2  Ok }
  on Clear => { set pairs = 0  Ok }
  on Read => { set seen = seen + 1  Sum(pairs * 2) }
  migrate from 4 { total, seen } => { pairs: total / 2, seen: seen }
  accept from 4
  reply to 4
}";

/// The terms of a trial that lasts until somebody ends it.
pub const TERMS: Terms = Terms {
    time_ms: 60_000,
    steps: 0,
    faults: 5,
    checks: false,
    starts: 2,
};

/// A node, what it runs, and where its life was at every tenth command while it was lived.
pub struct Life {
    /// The node.
    pub node: Node,
    releases: Vec<Release>,
    last: (BundleId, u64),
    marks: BTreeMap<u64, Mark>,
}

impl Life {
    /// A node with the first version.
    ///
    /// # Panics
    /// If the node does not answer as it should.
    pub async fn begin() -> Life {
        let releases = releases(&[TALLY_1, TALLY_2, TALLY_3, TALLY_4, TALLY_5]);
        let first = bundle(MACHINE, None, &releases[0], &["author"]);
        let node = Node::new();
        node.deploy(&first).await;
        Life {
            node,
            releases,
            last: (first.id(), 1),
            marks: BTreeMap::new(),
        }
    }

    /// Where the machine is.
    ///
    /// # Panics
    /// If the node does not answer as it should.
    pub async fn mark(&self) -> Mark {
        mark_of(&self.node, MACHINE).await
    }

    async fn send(&mut self, version: usize, input: &Value) {
        let release = &self.releases[version - 1];
        match self.node.send(MACHINE, release, input).await {
            Ok(_) | Err(Response::Trapped { .. }) => {}
            Err(other) => panic!("neither a step nor a trap: {other:?}"),
        }
        let mark = self.mark().await;
        if mark.at.is_multiple_of(10) {
            self.marks.insert(mark.at, mark);
        }
    }

    /// Twenty inputs of a client, among them some that read, and on version 2 some that stop.
    ///
    /// # Panics
    /// If the node does not answer as it should.
    pub async fn live(&mut self, version: usize) {
        for n in 1..=20 {
            let input = if n % 7 == 0 {
                read(u32::try_from(version).expect("few"))
            } else {
                add(n)
            };
            self.send(version, &input).await;
        }
    }

    fn bundle_to(&self, version: usize) -> Bundle {
        let (id, sequence) = self.last;
        let from = Some((&self.releases[version - 2], id, sequence));
        bundle(MACHINE, from, &self.releases[version - 1], &["author"])
    }

    /// Pushes the next version, on trial or not.
    ///
    /// # Panics
    /// If the node does not answer as it should.
    pub async fn upgrade(&mut self, version: usize, trial: Option<Terms>) {
        let bundle = self.bundle_to(version);
        let response = match trial {
            Some(terms) => self.node.try_out(&bundle, terms).await,
            None => self.node.push(&bundle).await,
        };
        assert!(matches!(response, Response::Applied(_)), "{response:?}");
        self.last = (bundle.id(), self.last.1 + 1);
    }

    async fn go_back(&mut self, from: usize) -> RolledBack {
        let request = Request::Rollback {
            machine: MACHINE.to_owned(),
            running: self.releases[from - 1].program.digest().0,
            reason: "a test".to_owned(),
            rehearse: false,
        };
        match self.node.ask("operator", request).await {
            Response::RolledBack { report, .. } => {
                self.last = (BundleId(report.id), report.sequence);
                *report
            }
            other => panic!("no way back: {other:?}"),
        }
    }

    /// Five versions, one of them left out; trials that go back mapped and by replay, and one that is passed; a
    /// version beside the machine that is dropped and one that is promoted; a retirement.
    ///
    /// # Panics
    /// If the node does not answer as it should.
    pub async fn whole() -> Life {
        let mut life = Life::begin().await;
        life.live(1).await;
        life.beside(2).await;
        life.live(1).await;
        life.drop_it().await;
        life.trials().await;
        life.retire(1).await;
        life.live(3).await;
        life.skip_to(5).await;
        life.live(3).await;
        life.live(5).await;
        life
    }

    /// Trials of versions 2 and 3, to the end of the last one.
    async fn trials(&mut self) {
        let life = self;
        life.upgrade(2, Some(TERMS)).await;
        life.live(1).await;
        life.live(2).await;
        assert_eq!(life.go_back(2).await.way, Way::Mapped);
        life.live(1).await;
        life.beside(2).await;
        life.live(1).await;
        life.promote(2).await;
        life.node.restart();
        life.live(2).await;
        life.upgrade(3, Some(TERMS)).await;
        life.live(1).await;
        life.live(3).await;
        let way = life.go_back(3).await.way;
        assert!(matches!(way, Way::Replayed(_)), "{way:?}");
        life.live(2).await;
        life.upgrade(3, Some(TERMS)).await;
        life.live(2).await;
        let machine = MACHINE.to_owned();
        let passed = life.node.ask("operator", Request::Pass { machine }).await;
        assert!(matches!(passed, Response::Passed { .. }), "{passed:?}");
    }

    /// Runs the next version beside the machine.
    async fn beside(&mut self, version: usize) {
        let bundle = self.bundle_to(version);
        let bundle = bundle.encode();
        let reason = "to look".to_owned();
        let request = Request::Shadow { bundle, reason };
        let begun = self.node.ask("operator", request).await;
        assert!(matches!(begun, Response::Shadow(_)), "{begun:?}");
    }

    /// Runs it beside the machine no longer.
    async fn drop_it(&mut self) {
        let request = Request::ShadowDrop {
            machine: MACHINE.to_owned(),
            bundle: self.bundle_to(2).id().0,
            reason: "seen enough".to_owned(),
        };
        let dropped = self.node.ask("operator", request).await;
        assert!(matches!(dropped, Response::Shadow(_)), "{dropped:?}");
    }

    /// Delivers the version that runs beside the machine.
    async fn promote(&mut self, version: usize) {
        let id = self.bundle_to(version).id();
        let request = Request::ShadowPromote {
            machine: MACHINE.to_owned(),
            bundle: id.0,
            reason: "it does well".to_owned(),
            trial: None,
        };
        let promoted = self.node.ask("operator", request).await;
        assert!(matches!(promoted, Response::Applied(_)), "{promoted:?}");
        self.last = (id, self.last.1 + 1);
    }

    /// Ends the service for the clients of a version.
    async fn retire(&mut self, version: usize) {
        let retire = Request::Retire {
            machine: MACHINE.to_owned(),
            program: self.releases[version - 1].program.digest().0,
            reason: "a test".to_owned(),
        };
        let retired = self.node.ask("operator", retire).await;
        assert!(matches!(retired, Response::Retired { .. }), "{retired:?}");
    }

    /// Upgrades by a chain, from two versions before.
    async fn skip_to(&mut self, version: usize) {
        let steps = self.releases[version - 2..version].iter();
        let steps: Vec<_> = steps
            .filter_map(|release| release.migration.as_deref())
            .collect();
        let chained = cam::chain::chain(&steps).expect("small");
        let release = Release {
            program: Arc::clone(&self.releases[version - 1].program),
            migration: Some(Arc::new(verify::migration(chained).expect("valid"))),
        };
        let (id, sequence) = self.last;
        let from = Some((&self.releases[version - 3], id, sequence));
        let bundle = bundle(MACHINE, from, &release, &["author"]);
        self.node.deploy(&bundle).await;
        self.last = (bundle.id(), sequence + 1);
    }

    /// The life as `cam export` writes it, with the marks that were seen while it was lived.
    ///
    /// # Panics
    /// If the node does not answer as it should.
    pub async fn export(&self) -> LifeFile {
        let mut life = life_of(&self.node, MACHINE).await;
        let end = life.marks.pop().expect("it runs");
        let marks = self.marks.values().copied();
        life.marks = marks.filter(|mark| mark.at < end.at).collect();
        life.marks.push(end);
        life
    }
}

/// A machine's life, with one mark at its end.
///
/// # Panics
/// If the node does not answer as it should, or has not the beginning.
pub async fn life_of(node: &Node, machine: &str) -> LifeFile {
    let (first, commands) = journal(node, machine).await;
    assert_eq!(first, 1);
    let turns = commands.iter().filter(|(_, command)| is_turn(command));
    LifeFile {
        ledger: up_to_turns(node.ledger(machine).await, turns.count()),
        machine: machine.to_owned(),
        origin: None,
        commands,
        marks: vec![mark_of(node, machine).await],
    }
}

async fn mark_of(node: &Node, machine: &str) -> Mark {
    let machine = machine.to_owned();
    match node.ask("observer", Request::Mark { machine }).await {
        Response::Mark(mark) => mark,
        other => panic!("no mark: {other:?}"),
    }
}

/// All commands that a node has, in small answers.
///
/// # Panics
/// If it does not answer with a journal.
pub async fn journal(node: &Node, machine: &str) -> (u64, Vec<(u64, Command)>) {
    let mut all: Vec<(u64, Command)> = Vec::new();
    loop {
        let request = Request::Journal {
            machine: machine.to_owned(),
            after: all.last().map_or(0, |(at, _)| *at),
            limit: 17,
        };
        let response = node.ask("observer", request).await;
        let Response::Journal {
            first,
            last,
            commands,
        } = response
        else {
            panic!("no journal: {response:?}")
        };
        assert!(commands.len() <= 17);
        all.extend(commands);
        if all.last().is_none_or(|(at, _)| *at == last) {
            return (first, all);
        }
    }
}
