//! W5: a list folded into mean and variance. Items come out of a list, and the state is small.

use cam::value::Value;

use super::{Unit, Workload};
use crate::generate::Mixer;

const TOKENS: u32 = 64;
const ONE: i64 = 1000;
const WINDOW: i64 = 64;

/// Mean and variance by hand.
#[derive(Clone, Copy)]
pub struct Tokens {
    mean: i64,
    variance: i64,
}

impl Tokens {
    fn seen(self, token: i64) -> Option<Tokens> {
        let scaled = token.checked_mul(ONE)?;
        let distance = scaled.checked_sub(self.mean)?;
        let mean = self.mean.checked_add(distance.div_euclid(WINDOW))?;
        let square = mul_div(distance, scaled.checked_sub(mean)?, ONE)?;
        let change = square.checked_sub(self.variance)?.div_euclid(WINDOW);
        let variance = self.variance.checked_add(change)?;
        Some(Tokens { mean, variance })
    }

    fn value(self) -> Value {
        Value::product(vec![Value::Int(self.mean), Value::Int(self.variance)])
    }
}

/// `a * b / c` with 128 bits in the middle.
fn mul_div(a: i64, b: i64, c: i64) -> Option<i64> {
    let product = i128::from(a) * i128::from(b);
    i64::try_from(product.checked_div_euclid(i128::from(c))?).ok()
}

impl Workload for Tokens {
    const NAME: &'static str = "W5 tokens";
    const UNIT: Unit = Unit {
        name: "element",
        per_step: TOKENS,
    };
    type Input = Vec<i64>;
    type Output = Tokens;

    fn source() -> String {
        include_str!("../../workloads/tokens.cam").to_owned()
    }

    fn start() -> Tokens {
        Tokens {
            mean: 0,
            variance: 0,
        }
    }

    fn inputs(count: usize) -> Vec<Vec<i64>> {
        let mut mixer = Mixer::new(5);
        let mut tokens = || {
            let token = |_| i64::from(mixer.next() % 50_000) - 10_000;
            (0..TOKENS).map(token).collect()
        };
        (0..count).map(|_| tokens()).collect()
    }

    fn step(&mut self, tokens: &Vec<i64>) -> Option<Tokens> {
        let after = tokens
            .iter()
            .try_fold(*self, |moments, token| moments.seen(*token))?;
        *self = after;
        Some(after)
    }

    fn state(&self) -> Value {
        Value::product(vec![self.value()])
    }

    fn input(tokens: &Vec<i64>) -> Value {
        let tokens = tokens.iter().copied().map(Value::Int);
        Value::sum(0, Value::List(tokens.collect()))
    }

    fn output(moments: &Tokens) -> Value {
        Value::sum(0, moments.value())
    }
}
