//! Mutants: modules that differ from valid ones, drawn by number.
//!
//! A mutant is a function of a seed and an index, so a case that fails is told in two numbers. A good
//! share of them is valid, or nobody would test the engines; another share breaks one rule, or nobody
//! would test the verifier; and some are bytes out of which nothing was meant.

pub mod anatomy;
mod edit;
pub mod effect;
pub mod flow;
pub mod hoard;
mod maker;
mod order;
mod round;
mod spoil;

use cam::compile::compile;
use cam::{decode, encode};

use self::anatomy::Anatomy;
use crate::bytes::mutated;
use crate::generate::{Choices, Mixer, Sample, machine};
use crate::street::releases;
use crate::tally::{TALLY_1, TALLY_2};
use crate::tree::{files, read};

/// The valid modules that mutants are made of.
pub struct Nursery {
    generated: Vec<(Anatomy, Vec<u8>)>,
    written: Vec<(Anatomy, Vec<u8>)>,
}

impl Nursery {
    /// `count` generated modules: machines with names and migrations, pure and stateful; and beside them
    /// those that people wrote in the language.
    ///
    /// # Panics
    /// If what is compiled is refused.
    #[must_use]
    pub fn new(count: u64) -> Nursery {
        let generated = (0..count).map(|seed| {
            let mut choices = Choices::seeded(seed, 90);
            let combinators = match seed % 3 {
                0 => machine(&mut choices).combinators,
                1 => Sample::pure(&mut choices).combinators(),
                _ => Sample::stateful(&mut choices).combinators(),
            };
            encode::module(&compile(combinators).expect("small"))
        });
        let mut nursery = Nursery::of(generated);
        nursery.written = written().map(taken_apart).collect();
        nursery
    }

    /// These modules.
    ///
    /// # Panics
    /// If one does not decode.
    #[must_use]
    pub fn of(modules: impl IntoIterator<Item = Vec<u8>>) -> Nursery {
        Nursery {
            generated: modules.into_iter().map(taken_apart).collect(),
            written: Vec::new(),
        }
    }

    fn drawn(&self, mixer: &mut Mixer) -> &(Anatomy, Vec<u8>) {
        let modules = match mixer.below(8) {
            0 if !self.written.is_empty() => &self.written,
            _ => &self.generated,
        };
        &modules[mixer.below(modules.len())]
    }

    /// The modules' bytes.
    pub fn modules(&self) -> impl Iterator<Item = &[u8]> {
        let modules = self.generated.iter().chain(&self.written);
        modules.map(|(_, bytes)| bytes.as_slice())
    }

    /// The bytes of mutant `index` of `seed`.
    #[must_use]
    pub fn mutant(&self, seed: u64, index: u64) -> Vec<u8> {
        let mut mixer = Mixer::new(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ index << 1);
        let (base, bytes) = self.drawn(&mut mixer);
        let (other, strange) = self.drawn(&mut mixer);
        if mixer.below(8) == 0 {
            return mutated(bytes, strange, &mut mixer);
        }
        let mut module = base.clone();
        let careful = mixer.below(4) != 0;
        for _ in 0..=mixer.below(3) {
            // What was drawn may not fit here; then the next may.
            for _ in 0..4 {
                let mut changed = module.clone();
                let done = if careful {
                    edit::careful(&mut changed, &mut mixer)
                } else {
                    spoil::careless(&mut changed, other, &mut mixer)
                };
                if done.is_some() {
                    module = changed;
                    break;
                }
            }
        }
        // Seldom as it is, mostly in order: else every mutant is refused for what it no longer uses.
        if mixer.below(16) == 0 {
            module.encoded()
        } else {
            module.tidied().encoded()
        }
    }
}

fn taken_apart(bytes: Vec<u8>) -> (Anatomy, Vec<u8>) {
    let bytecode = decode::module(&bytes).expect("a valid module decodes");
    (Anatomy::of(&bytecode), bytes)
}

/// The machines of the tests of upgrades and the examples, with their migrations.
fn written() -> impl Iterator<Item = Vec<u8>> {
    let examples = files("examples", ".cam").into_iter();
    let examples = examples.filter(|path| path.contains("/src/"));
    let mut sources = vec![vec![TALLY_1.to_owned(), TALLY_2.to_owned()]];
    sources.extend(examples.filter_map(|path| {
        let source = read(&path);
        // An upgrade needs its history, and would only be more of the same.
        (!source.contains("migrate from")).then(|| vec![source])
    }));
    sources.into_iter().flat_map(|texts| {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let releases = releases(&texts).into_iter();
        releases.flat_map(|release| {
            let migration = release.migration.map(|migration| migration.bytes());
            [Some(release.program.bytes()), migration]
                .into_iter()
                .flatten()
        })
    })
}
