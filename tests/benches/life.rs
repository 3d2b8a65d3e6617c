//! A machine's life in figures: lived again, upgraded, on trial, and with a version beside it.
//!
//! `cargo bench -p tests --bench life`. Each figure has its control in the same run: a life lived again beside the bare
//! steps, a pause beside a push and a step, a trial and a shadow beside the machine without. Steps on a node are durable
//! before they are answered, and sent 64 at a time, as many clients do: they share syncs of the disk.

#![allow(
    clippy::panic,
    reason = "a benchmark that measures something else than it says must not go on"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cam::encode;
use cam::instance::{Context, Instance};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use harness::biography::TERMS;
use harness::street::{Node, Release, bundle, releases};
use harness::tally::{MACHINE, TALLY_1, TALLY_2, add, running, to_second};
use node::biography::Biography;
use node::journal::{Command, Index};
use node::ledger::Event;
use node::protocol::{Request, Response, Terms};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Inputs of the life that is lived again, on each of two versions.
const INPUTS: u64 = 5_000;

/// Inputs that are sent at once.
const CLIENTS: i64 = 64;

/// It has a check, for the trial that asks it.
const CHECKED: &str = "
machine Tally version 2 {
  input  Add(Int) | Read
  output Ok | Sum(Int)
  state  { total: Int }
  init   { total: 0 }
  on Add(n) => { set total = total + n  Ok }
  on Read => Sum(total)
  migrate from 1 unchanged
  accept from 1
  reply to 1
  invariant sane: total >= 0
}";

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

/// A life across an upgrade, all of it by a client of the first version.
fn commands(releases: &[Release]) -> Vec<(Index, Command)> {
    let upgrade = |sequence: u64, bundle: Vec<u8>| Command::Upgrade {
        at_ms: i64::try_from(sequence).expect("small"),
        by: "operator".to_owned(),
        signers: vec!["author".to_owned()],
        bundle,
        reason: String::new(),
        trial: None,
        plan: None,
    };
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let second = to_second(releases, &first);
    let inputs = (0..INPUTS).map(|n| Command::Input {
        at_ms: 2,
        from: Arc::from("client"),
        program: releases[0].program.digest().0,
        input: encode::value(&add(i64::try_from(n).expect("small"))),
        numbered: None,
    });
    let inputs: Vec<_> = inputs.collect();
    let mut life = vec![upgrade(1, first.encode())];
    life.extend(inputs.iter().cloned());
    life.push(upgrade(2, second.encode()));
    life.extend(inputs);
    (1..).zip(life).collect()
}

fn lived_again(criterion: &mut Criterion) {
    let releases = releases(&[TALLY_1, TALLY_2]);
    let life = commands(&releases);
    let mut group = criterion.benchmark_group("a life lived again");
    group.throughput(Throughput::Elements(2 * INPUTS));
    group.bench_function("across an upgrade, with adapters", |bencher| {
        bencher.iter(|| {
            let mut biography = Biography::from_birth(MACHINE);
            for (at, command) in &life {
                let lived = biography.live(*at, command, None);
                black_box(lived.unwrap_or_else(|misfit| panic!("{misfit}")));
            }
        });
    });
    let inputs: Vec<_> = life
        .iter()
        .filter_map(|(_, command)| match command {
            Command::Input { input, .. } => Some(input.as_slice()),
            _ => None,
        })
        .collect();
    let program = &releases[0].program;
    group.bench_function("control: bare steps of the first version", |bencher| {
        let begin = || Instance::start(Arc::clone(program)).expect("it starts");
        bencher.iter_batched(
            begin,
            |mut instance| {
                let context = Context::default();
                for input in &inputs {
                    let pending = instance.attempt_encoded(&context, input);
                    let Ok(pending) = pending else {
                        panic!("no step")
                    };
                    let mut output = Vec::new();
                    pending.encode_output(&mut output);
                    pending.commit();
                    black_box(output);
                }
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// How long the machine answers nobody, as the ledger says, and how long the push takes that waits for it.
async fn pushed() -> (Duration, Duration) {
    let (node, releases, first) = running().await;
    let second = to_second(&releases, &first);
    let began = Instant::now();
    node.deploy(&second).await;
    let push = began.elapsed();
    match node.ledger(MACHINE).await.pop().map(|entry| entry.event) {
        Some(Event::Applied(accepted)) => {
            let pause = accepted.pause_us.expect("it is measured");
            (Duration::from_micros(pause), push)
        }
        other => panic!("no upgrade: {other:?}"),
    }
}

fn upgraded(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("an upgrade of a small machine");
    group.sample_size(20);
    let total = |count: u64, part: fn((Duration, Duration)) -> Duration| {
        (0..count).map(|_| part(runtime.block_on(pushed()))).sum()
    };
    group.bench_function("its pause, before the sync", |bencher| {
        bencher.iter_custom(|count| total(count, |(pause, _)| pause));
    });
    group.bench_function("control: the push, with its sync", |bencher| {
        bencher.iter_custom(|count| total(count, |(_, push)| push));
    });
    let (node, releases, _) = runtime.block_on(running());
    group.bench_function("control: a step, with its sync", |bencher| {
        bencher.iter(|| {
            let answer = runtime.block_on(node.send(MACHINE, &releases[0], &add(1)));
            answer.unwrap_or_else(|other| panic!("no step: {other:?}"))
        });
    });
    group.finish();
}

/// A machine of version 1 with the next version in hand, and what is done with that.
async fn machine(delivery: Option<Delivery>) -> (Arc<Node>, Release) {
    let releases = releases(&[TALLY_1, CHECKED]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let node = Node::new();
    node.deploy(&first).await;
    let from = Some((&releases[0], first.id(), 1));
    let second = bundle(MACHINE, from, &releases[1], &["author"]);
    match delivery {
        None => {}
        Some(Delivery::Plain) => node.deploy(&second).await,
        Some(Delivery::Trial(terms)) => {
            let answer = node.try_out(&second, terms).await;
            assert!(matches!(answer, Response::Applied(_)), "{answer:?}");
        }
        Some(Delivery::Shadow) => {
            let request = Request::Shadow {
                bundle: second.encode(),
                reason: String::new(),
            };
            let answer = node.ask("operator", request).await;
            assert!(matches!(answer, Response::Shadow(_)), "{answer:?}");
        }
    }
    (Arc::new(node), releases[0].clone())
}

#[derive(Clone, Copy)]
enum Delivery {
    Plain,
    Trial(Terms),
    Shadow,
}

async fn steps(node: &Arc<Node>, release: &Release) {
    let mut sent = JoinSet::new();
    for n in 0..CLIENTS {
        let (node, release) = (Arc::clone(node), release.clone());
        sent.spawn(async move { node.send(MACHINE, &release, &add(n)).await });
    }
    while let Some(answer) = sent.join_next().await {
        let answer = answer.expect("no panic");
        answer.unwrap_or_else(|other| panic!("no step: {other:?}"));
    }
}

/// Whether what is measured is still what it was at first.
async fn stands(node: &Node, delivery: Option<Delivery>) -> bool {
    let machine = MACHINE.to_owned();
    match delivery {
        Some(Delivery::Trial(_)) => node.life(MACHINE).await.trial.is_some(),
        Some(Delivery::Shadow) => {
            let beside = node.ask("observer", Request::ShadowStatus { machine });
            matches!(beside.await, Response::Shadow(beside) if beside.running.is_some())
        }
        _ => true,
    }
}

fn beside(criterion: &mut Criterion) {
    let runtime = runtime();
    let long = Terms {
        time_ms: 1_000_000_000,
        ..TERMS
    };
    let checked = Terms {
        checks: true,
        ..long
    };
    let mut group = criterion.benchmark_group("64 durable steps");
    group.throughput(Throughput::Elements(CLIENTS.unsigned_abs()));
    for (name, delivery) in [
        ("control: on version 1", None),
        ("with a shadow", Some(Delivery::Shadow)),
        (
            "control: on version 2, with adapters",
            Some(Delivery::Plain),
        ),
        ("on trial", Some(Delivery::Trial(long))),
        ("on trial, with checks", Some(Delivery::Trial(checked))),
    ] {
        let (node, release) = runtime.block_on(machine(delivery));
        group.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(steps(&node, &release)));
        });
        let stands = runtime.block_on(stands(&node, delivery));
        assert!(stands, "it ended while it was measured: {name}");
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    targets = lived_again, upgraded, beside
}
criterion_main!(benches);
