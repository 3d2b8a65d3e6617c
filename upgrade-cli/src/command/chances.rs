//! Simulated sessions, for the commands that have them: where the seed comes from, and who is told how far they are.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use cam::digest::Digest;
use dsl::compile::Compiled;
use dsl::simulate::{self, ClaimTally, Found, Plan, Simulation, Tally};
use dsl::square::{self, Incomparable, Square};
use dsl::typed::ClaimKind;
use serde_json::{Value, json};

use crate::arguments::{Chances, Seed};
use crate::project::compilation::{self, Compilation};
use crate::report::{Console, count};

/// How often somebody at a terminal is told how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(100);

impl Chances {
    fn plan(&self, program: Digest) -> Plan {
        let seed = match self.seed {
            Some(Seed::Of(seed)) => seed,
            Some(Seed::New) => eight_digits(RandomState::new().build_hasher().finish()),
            None => {
                let first = program.0.iter().take(4);
                eight_digits(first.fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
            }
        };
        Plan {
            seed,
            runs: self.runs,
            steps: self.steps,
        }
    }
}

/// A seed that is copied by hand has no more digits, and no fewer.
fn eight_digits(number: u64) -> u64 {
    (number | 0x1000_0000) & 0xffff_ffff
}

/// Simulates, and says how fast it was if somebody watches.
pub(super) fn simulate(console: Console, chances: &Chances, compiled: &Compiled) -> Simulation {
    let plan = chances.plan(compiled.program().digest());
    let mut watcher = Watcher::of(console);
    let started = watcher.started;
    let simulation = simulate::run(compiled, plan, &mut |tally| {
        watcher.see(|| {
            format!(
                "{} of {} runs, {}",
                tally.runs,
                plan.runs,
                speed(tally, started)
            )
        });
        true
    });
    watcher.end(&speed(&simulation.tally, started));
    simulation
}

/// Compares the source with an older version.
pub(super) fn compare(
    console: Console,
    chances: &Chances,
    compiled: &Compiled,
    from: u32,
) -> Result<Square, Incomparable> {
    let plan = chances.plan(compiled.program().digest());
    let mut watcher = Watcher::of(console);
    let square = square::compare(compiled, from, plan, &mut |runs| {
        watcher.see(|| format!("{runs} of {} runs", plan.runs));
        true
    });
    watcher.end("");
    square
}

/// Somebody at a terminal, who is told how far it is.
struct Watcher {
    is_there: bool,
    started: Instant,
    told: Instant,
}

impl Watcher {
    fn of(console: Console) -> Watcher {
        let started = Instant::now();
        Watcher {
            is_there: io::stderr().is_terminal() && !console.json && !console.quiet,
            started,
            told: started,
        }
    }

    fn see(&mut self, line: impl FnOnce() -> String) {
        if self.is_there && self.told.elapsed() >= TOLD_EVERY {
            self.told = Instant::now();
            self.tell(&line());
        }
    }

    /// The last line stays, if there is one.
    fn end(&self, line: &str) {
        if self.is_there {
            let end = if line.is_empty() { "" } else { "\n" };
            self.tell(&format!("{line}{end}"));
        }
    }

    /// In the place of what was told before. Nobody is left to tell if that fails.
    fn tell(&self, line: &str) {
        let _ = write!(io::stderr(), "\r\u{1b}[K{line}").and_then(|()| io::stderr().flush());
    }
}

fn speed(tally: &Tally, started: Instant) -> String {
    let steps = count(tally.steps, "step");
    let micros = started.elapsed().as_micros().max(1);
    let rate = u128::from(tally.steps) * 1_000_000 / micros;
    format!("{steps}, {rate} a second")
}

/// The seed as it is given again.
pub(super) fn seed(plan: Plan) -> String {
    format!("{:x}", plan.seed)
}

/// How many runs there were, and of how many if it was cut off: expensive steps, or enough mistakes.
pub(super) fn runs(simulation: &Simulation) -> String {
    let (done, planned) = (simulation.tally.runs, simulation.plan.runs);
    if done < planned {
        format!("{done} of {}", count(planned, "run"))
    } else {
        count(done, "run")
    }
}

/// `invariant never_negative`
pub(super) fn title(claim: &ClaimTally) -> String {
    format!("{} {}", claim.kind.word(), claim.name)
}

/// How often a claim held, in the words of its kind.
pub(super) fn extent(claim: &ClaimTally, tally: &Tally) -> String {
    match claim.kind {
        ClaimKind::Law => "a law".to_owned(),
        ClaimKind::Invariant => count(claim.held, "state"),
        ClaimKind::After => count(claim.held, "step"),
        ClaimKind::Across { .. } => count(claim.held, "upgrade"),
        ClaimKind::Witness => format!("{} of {} runs", claim.runs, tally.runs),
    }
}

/// The simulation for programs.
pub(super) fn object(compilation: &Compilation, simulation: &Simulation) -> Value {
    let source = &compilation.source;
    let tally = &simulation.tally;
    let claims = tally.claims.iter().map(|claim| {
        json!({
            "kind": claim.kind.word(),
            "name": &*claim.name,
            "held": claim.held,
            "runs": claim.runs,
        })
    });
    let found = simulation.found.iter().map(|found: &Found| {
        let problem = std::iter::once(&found.problem);
        json!({
            "problem": compilation::diagnostics(source, problem)[0].take(),
            "trace": found.trace,
            "run": found.run,
            "lines": found.lines,
            "left": found.left,
        })
    });
    let upgrades = tally.upgrades.iter();
    let upgrades = upgrades.map(|(from, times)| (from.to_string(), json!(times)));
    json!({
        "seed": seed(simulation.plan),
        "runs": tally.runs,
        "steps": tally.steps,
        "started_old": tally.started_old,
        "upgrades": upgrades.collect::<serde_json::Map<_, _>>(),
        "claims": claims.collect::<Vec<_>>(),
        "found": found.collect::<Vec<_>>(),
    })
}
