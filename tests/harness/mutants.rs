//! The long runner: mutants by the million through decoder, verifier and engines, each reproducible by its seed and number.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, thread};

use harness::campaign::{Failure, Tally, run};
use harness::mutant::Nursery;

/// Mutants between two looks at the clock.
const BATCH: u64 = 1000;

/// The stack of a thread that serves a node's clients.
const STACK_BYTES: usize = 2 << 20;

struct Plan {
    count: u64,
    seed: u64,
    first: u64,
    threads: u64,
    modules: u64,
}

fn plan(arguments: impl Iterator<Item = String>) -> Option<Plan> {
    let mut plan = Plan {
        count: 1_000_000,
        seed: 1,
        first: 0,
        threads: 1,
        modules: 300,
    };
    let arguments: Vec<String> = arguments.collect();
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return None };
        let value = value.replace('_', "").parse().ok()?;
        match name.as_str() {
            "--count" => plan.count = value,
            "--seed" => plan.seed = value,
            "--first" => plan.first = value,
            "--threads" => plan.threads = value.max(1),
            "--modules" => plan.modules = value.max(1),
            _ => return None,
        }
    }
    Some(plan)
}

fn main() -> ExitCode {
    let Some(plan) = plan(env::args().skip(1)) else {
        eprintln!("mutants [--count N] [--seed N] [--first N] [--threads N] [--modules N]");
        return ExitCode::from(2);
    };
    let start = Instant::now();
    match campaign(&plan, start) {
        Ok(tally) => {
            let seconds = start.elapsed().as_secs().max(1);
            println!("{tally}");
            println!(
                "{} s, {} a second",
                start.elapsed().as_secs(),
                tally.mutants / seconds
            );
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Every thread takes the next batch until none is left or one has failed.
fn campaign(plan: &Plan, start: Instant) -> Result<Tally, Box<Failure>> {
    let nursery = Nursery::new(plan.modules);
    let (next, end) = (AtomicU64::new(plan.first), plan.first + plan.count);
    let (sender, receiver) = mpsc::channel();
    let work = |sender: mpsc::Sender<_>| {
        loop {
            let from = next.fetch_add(BATCH, Ordering::Relaxed);
            if from >= end {
                return;
            }
            let outcome = run(&nursery, plan.seed, from..end.min(from + BATCH));
            let failed = outcome.is_err();
            if failed {
                next.store(end, Ordering::Relaxed);
            }
            if sender.send(outcome).is_err() || failed {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..plan.threads {
            let sender = sender.clone();
            let small = thread::Builder::new().stack_size(STACK_BYTES);
            let work = &work;
            small
                .spawn_scoped(scope, move || work(sender))
                .expect("a thread can be started");
        }
        drop(sender);
        counted(receiver, plan, start)
    })
}

fn counted(
    outcomes: mpsc::Receiver<Result<Tally, Box<Failure>>>,
    plan: &Plan,
    start: Instant,
) -> Result<Tally, Box<Failure>> {
    const SHOWN_EVERY: Duration = Duration::from_secs(10);
    let (mut total, mut shown) = (Tally::default(), Instant::now());
    for outcome in outcomes {
        total.add(&outcome?);
        if shown.elapsed() >= SHOWN_EVERY {
            shown = Instant::now();
            let rate = total.mutants / start.elapsed().as_secs().max(1);
            eprintln!(
                "{} of {}, {} accepted, {} runs, {rate} a second",
                total.mutants,
                plan.count,
                total.accepted,
                total.runs.all()
            );
        }
    }
    Ok(total)
}
