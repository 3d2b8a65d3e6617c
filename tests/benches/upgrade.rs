//! The longest that any client waits while a machine of a million entries is upgraded: in two passes, and, as the control
//! in the same run, in one.
//!
//! `cargo bench -p tests --bench upgrade`. Four clients send one input after another, each as soon as the one before is
//! answered, to a node on a store of its own, without a network. What they wait without an upgrade is printed first: an
//! answer waits for the sync of the disk, which is the same for all. Then the bundle is pushed, and the clients go on until
//! three seconds after it is applied, so that the writing of the new state is in the figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use harness::counts::{FILLED, MACHINE, add, fill, first, tenfold};
use harness::street::{Node, Release, bundle, releases};
use node::ledger::Event;
use node::limits::{LARGE_STATE_WEIGHT, LARGE_STATE_WEIGHT_SPAN};

const ENTRIES: i64 = 1_000_000;
const CLIENTS: i64 = 4;
const REST: Duration = Duration::from_secs(3);

/// What clients waited, longest last.
struct Waits(Vec<Duration>);

impl Waits {
    fn longest(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    fn show(&self, what: &str) {
        let median = self.0.get(self.0.len() / 2).copied().unwrap_or_default();
        let (count, longest) = (self.0.len(), self.longest());
        println!("  {what}: {count} inputs, median {median:.2?}, longest {longest:.2?}");
    }
}

/// Lets clients send until `work` is done, and rests once more.
async fn under_traffic(
    node: &Arc<Node>,
    release: &Release,
    work: impl Future<Output = ()>,
) -> Waits {
    let is_over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (node, release) = (Arc::clone(node), release.clone());
            let is_over = Arc::clone(&is_over);
            tokio::spawn(async move {
                let (mut waits, mut key) = (Vec::new(), client);
                while !is_over.load(Ordering::Relaxed) {
                    // All over the map: a step away by a large number without a divisor in common.
                    key = (key + 618_033 * CLIENTS) % ENTRIES;
                    let started = Instant::now();
                    let step = node.send(MACHINE, &release, &add(key)).await;
                    step.expect("every input is answered");
                    waits.push(started.elapsed());
                }
                waits
            })
        })
        .collect();
    tokio::time::sleep(REST).await;
    work.await;
    tokio::time::sleep(REST).await;
    is_over.store(true, Ordering::Relaxed);
    let mut all = Vec::new();
    for client in clients {
        all.extend(client.await.expect("no panic"));
    }
    all.sort_unstable();
    Waits(all)
}

/// The longest wait while a machine is upgraded to `source`.
async fn upgraded(what: &str, large: u64, source: &str) -> Duration {
    let first = first();
    let releases = releases(&[&first, source]);
    let node = Arc::new(Node::with_large(large));
    let base = bundle(MACHINE, None, &releases[0], &["author"]);
    node.deploy(&base).await;
    for part in 0..ENTRIES / FILLED {
        let step = node.send(MACHINE, &releases[0], &fill(part)).await;
        step.expect("a step");
    }
    println!("{what}, {ENTRIES} entries");
    let quiet = under_traffic(&node, &releases[0], async {}).await;
    quiet.show("no upgrade");
    let next = bundle(
        MACHINE,
        Some((&releases[0], base.id(), 1)),
        &releases[1],
        &["author"],
    );
    let started = Instant::now();
    let waits = under_traffic(&node, &releases[0], async {
        node.deploy(&next).await;
        println!(
            "  applied {:.2?} after it was sent",
            started.elapsed() - REST
        );
    });
    let waits = waits.await;
    waits.show("upgrade   ");
    if let Some(Event::Applied(accepted)) = node.ledger(MACHINE).await.pop().map(|last| last.event)
    {
        let pause = Duration::from_micros(accepted.pause_us.unwrap_or(0));
        println!(
            "  pause in the ledger: {pause:.2?}, {} bytes",
            accepted.state_bytes
        );
    }
    waits.longest()
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let never = *LARGE_STATE_WEIGHT_SPAN.end();
        let two = upgraded("two passes", LARGE_STATE_WEIGHT, &tenfold("")).await;
        let one = upgraded("one pass", never, &tenfold("")).await;
        let ratio = one.as_secs_f64() / two.as_secs_f64();
        println!("longest wait of any client: {two:.2?} in two passes, {one:.2?} in one, 1/{ratio:.0} of it");
        let checked = tenfold("invariant some: all(counts, fn((key, count)) => count > 0)");
        upgraded("two passes and a check of every entry", LARGE_STATE_WEIGHT, &checked).await;
    });
}
