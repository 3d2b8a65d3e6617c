//! What it costs that an input has a number: submits with and without, each to a node of its own.
//!
//! `cargo bench -p tests --bench submits`. The control is the plain submit of the same input in the same run. `crowd`
//! has 64 clients at once, who share a sync of the disk, so that it is the work for each input that shows; `alone`
//! has one, who waits for the disk each time. A node that remembers as much as it may is `full`.

use std::time::{Duration, Instant};

use cam::encode;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use harness::street::{Node, bundle, releases};
use harness::tally::{MACHINE, TALLY_1, add};
use node::protocol::{Numbered, Request, Response};
use tokio::runtime::{Builder, Runtime};

const CROWD: u8 = 64;

/// A node, and inputs for it.
struct Bench {
    runtime: Runtime,
    node: Node,
    program: [u8; 32],
    numbers: Vec<u64>,
}

impl Bench {
    fn new() -> Bench {
        let runtime = Builder::new_multi_thread().build().expect("threads");
        let releases = releases(&[TALLY_1]);
        let first = bundle(MACHINE, None, &releases[0], &["author"]);
        let node = Node::new();
        runtime.block_on(node.deploy(&first));
        let program = releases[0].program.digest().0;
        let numbers = (0..CROWD).map(|_| 2).collect();
        Bench {
            runtime,
            node,
            program,
            numbers,
        }
    }

    /// A node that remembers as many sessions as it may, of other clients of the same key.
    fn full() -> Bench {
        let bench = Bench::new();
        for session in 0..1_500_u64 {
            let mut id = [0xff; 16];
            id[..8].copy_from_slice(&session.to_le_bytes());
            let number = session + 2;
            let numbered = Numbered {
                session: id,
                number,
            };
            bench.runtime.block_on(bench.ask(Some(numbered)));
        }
        let numbers = bench.numbers.iter().map(|_| 1_502).collect();
        Bench { numbers, ..bench }
    }

    async fn ask(&self, numbered: Option<Numbered>) {
        let (machine, program) = (MACHINE.to_owned(), self.program);
        let input = encode::value(&add(1));
        let request = match numbered {
            None => Request::Submit {
                machine,
                program,
                input,
            },
            Some(numbered) => Request::Numbered {
                machine,
                program,
                numbered,
                input,
            },
        };
        let response = self.node.ask("client", request).await;
        assert!(matches!(response, Response::Answer { .. }), "{response:?}");
    }

    /// So many rounds of an input from each of so many clients.
    fn rounds(&mut self, rounds: u64, clients: u8, is_numbered: bool) -> Duration {
        let began = Instant::now();
        for _ in 0..rounds {
            let asked = (0..clients).zip(&self.numbers).map(|(client, number)| {
                let numbered = Numbered {
                    session: [client; 16],
                    number: *number,
                };
                self.ask(is_numbered.then_some(numbered))
            });
            let mut asked: Vec<_> = asked.map(Box::pin).collect();
            self.runtime.block_on(async {
                std::future::poll_fn(|context| {
                    asked.retain_mut(|one| one.as_mut().poll(context).is_pending());
                    match asked.is_empty() {
                        true => std::task::Poll::Ready(()),
                        false => std::task::Poll::Pending,
                    }
                })
                .await;
            });
            drop(asked);
            if is_numbered {
                let numbers = self.numbers.iter_mut().take(usize::from(clients));
                numbers.for_each(|number| *number += 1);
            }
        }
        began.elapsed()
    }
}

fn submits(criterion: &mut Criterion) {
    for (name, clients) in [("crowd", CROWD), ("alone", 1)] {
        let mut group = criterion.benchmark_group(format!("submits/{name}"));
        group.throughput(Throughput::Elements(u64::from(clients)));
        for (variant, is_numbered) in [
            ("plain", false),
            ("numbered", true),
            ("numbered, full", true),
        ] {
            let mut bench = match variant {
                "numbered, full" => Bench::full(),
                _ => Bench::new(),
            };
            group.bench_function(variant, |bencher| {
                bencher.iter_custom(|rounds| bench.rounds(rounds, clients, is_numbered));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, submits);
criterion_main!(benches);
