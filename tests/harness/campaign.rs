//! Many mutants, counted: how many were refused and why, and what came of the runs of the others.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cam::instruction::TABLE;
use cam::verify::Verified;

use crate::duel::{Accepted, Runs, contested, judged};
use crate::mutant::Nursery;

/// What came of many mutants.
#[derive(Clone, Default, Debug)]
pub struct Tally {
    /// All.
    pub mutants: u64,
    /// Those refused, by stage and reason.
    pub refused: BTreeMap<(&'static str, String), u64>,
    /// Those accepted.
    pub accepted: u64,
    /// What their runs came to.
    pub runs: Runs,
    /// How many accepted mutants have each instruction, in the table's order.
    pub instructions: Vec<u64>,
}

/// A mutant on which the promise fails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The seed of the campaign.
    pub seed: u64,
    /// The number of the mutant.
    pub index: u64,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { seed, index, what } = self;
        write!(
            f,
            "mutant {index} of seed {seed}: {what}\nagain: cargo run --release -p tests --bin mutants -- \
             --seed {seed} --first {index} --count 1"
        )
    }
}

/// Sends the mutants of `seed` with these numbers through decoder, verifier and engines.
///
/// # Errors
/// The first mutant on which something panics or two engines differ.
pub fn run(nursery: &Nursery, seed: u64, indices: Range<u64>) -> Result<Tally, Box<Failure>> {
    let mut tally = Tally {
        instructions: vec![0; TABLE.len()],
        ..Tally::default()
    };
    for index in indices {
        let one = || one(nursery, seed, index, &mut tally);
        let what = match catch_unwind(AssertUnwindSafe(one)) {
            Ok(Ok(())) => continue,
            Ok(Err(difference)) => difference,
            Err(panic) => format!("panic: {}", message(panic.as_ref())),
        };
        return Err(Box::new(Failure { seed, index, what }));
    }
    Ok(tally)
}

fn one(nursery: &Nursery, seed: u64, index: u64, tally: &mut Tally) -> Result<(), String> {
    let mutant = nursery.mutant(seed, index);
    tally.mutants += 1;
    match judged(&mutant) {
        Err(refused) => {
            let count = tally.refused.entry((refused.stage, refused.reason));
            *count.or_default() += 1;
        }
        Ok(accepted) => {
            tally.accepted += 1;
            tally.see(match &accepted {
                Accepted::Machine(program) => program.code(),
                Accepted::Migration(migration) => migration.code(),
            });
            tally.runs.add(&contested(&accepted, seed ^ index)?);
        }
    }
    Ok(())
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let string = panic.downcast_ref::<String>().map(String::as_str);
    text.or(string).unwrap_or("without a message")
}

impl Runs {
    /// Adds what others came to.
    pub fn add(&mut self, other: &Runs) {
        self.ended += other.ended;
        for (own, other) in self.stopped.iter_mut().zip(other.stopped) {
            *own += other;
        }
    }

    /// All.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.ended + self.stopped.iter().sum::<u64>()
    }
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: &Tally) {
        self.mutants += other.mutants;
        self.accepted += other.accepted;
        self.runs.add(&other.runs);
        for (reason, count) in &other.refused {
            *self.refused.entry(reason.clone()).or_default() += count;
        }
        self.instructions.resize(TABLE.len(), 0);
        for (own, other) in self.instructions.iter_mut().zip(&other.instructions) {
            *own += other;
        }
    }

    /// Instructions that no accepted mutant had.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let rows = TABLE.iter().zip(&self.instructions);
        rows.filter(|(_, count)| **count == 0)
            .map(|(row, _)| row.mnemonic)
            .collect()
    }

    fn see(&mut self, code: &Verified) {
        let mut seen = [false; 256];
        for instruction in code.bytecode().functions.iter().flat_map(|body| &body.code) {
            seen[usize::from(instruction.row().code)] = true;
        }
        for (count, row) in self.instructions.iter_mut().zip(TABLE) {
            *count += u64::from(seen[usize::from(row.code)]);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |part: u64| part.saturating_mul(1000) / self.mutants.max(1);
        let permille = share(self.accepted);
        writeln!(
            f,
            "{} mutants, {} accepted ({}.{} %), {} runs on each engine, {} ended",
            self.mutants,
            self.accepted,
            permille / 10,
            permille % 10,
            self.runs.all(),
            self.runs.ended
        )?;
        let reasons = [
            "",
            "overflow",
            "division by zero",
            "abort",
            "out of fuel",
            "size limit",
        ];
        for (reason, count) in reasons.iter().zip(self.runs.stopped).skip(1) {
            writeln!(f, "  stopped by {reason}: {count}")?;
        }
        for ((stage, reason), count) in &self.refused {
            writeln!(f, "  {stage} {reason}: {count}")?;
        }
        let rarest = TABLE
            .iter()
            .zip(&self.instructions)
            .min_by_key(|(_, count)| **count);
        if let Some((row, count)) = rarest {
            write!(
                f,
                "  rarest instruction in accepted mutants: {} ({count})",
                row.mnemonic
            )?;
        }
        Ok(())
    }
}
