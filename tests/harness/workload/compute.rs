//! W4: arithmetic in a loop. What a step costs besides is nothing against it.

use cam::value::Value;

use super::{Unit, Workload, number};
use crate::generate::Mixer;

const MODULUS: i64 = 1_000_003;

/// The sum by hand.
pub struct Compute {
    sum: i64,
}

impl Workload for Compute {
    const NAME: &'static str = "W4 compute";
    const UNIT: Unit = Unit {
        name: "iteration",
        per_step: 1000,
    };
    type Input = i64;
    type Output = i64;

    fn source() -> String {
        include_str!("../../workloads/compute.cam").to_owned()
    }

    fn start() -> Compute {
        Compute { sum: 0 }
    }

    fn inputs(count: usize) -> Vec<i64> {
        let mut mixer = Mixer::new(4);
        (0..count).map(|_| i64::from(mixer.next())).collect()
    }

    fn step(&mut self, x: &i64) -> Option<i64> {
        let mut sum: i64 = 0;
        for i in 0..1000_i64 {
            let term = i.checked_mul(i)?.checked_add(*x)?;
            sum = sum.checked_add(term.checked_rem_euclid(MODULUS)?)?;
        }
        self.sum = self.sum.checked_add(sum)?.checked_rem_euclid(MODULUS)?;
        Some(self.sum)
    }

    fn state(&self) -> Value {
        Value::product(vec![Value::Int(self.sum)])
    }

    fn input(x: &i64) -> Value {
        number(0, *x)
    }

    fn output(sum: &i64) -> Value {
        number(0, *sum)
    }
}
