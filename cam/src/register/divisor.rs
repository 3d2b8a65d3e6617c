//! Division by a constant: a multiplication and at most one correction.

/// A constant divisor above zero, with `2^64 / divisor` rounded down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Divisor {
    divisor: u64,
    reciprocal: u64,
}

impl Divisor {
    pub(super) fn new(divisor: i64) -> Option<Divisor> {
        let divisor = u64::try_from(divisor).ok().filter(|own| *own > 0)?;
        Some(Divisor {
            divisor,
            reciprocal: u64::MAX / divisor,
        })
    }

    /// Euclidean quotient and remainder.
    ///
    /// With `r` the reciprocal rounded down and a magnitude up to 2^63, `magnitude * r / 2^64` is the quotient
    /// or one less, so one correction is enough. What is below zero is rounded down, and the remainder goes up.
    #[inline]
    pub(super) fn divide(self, left: i64) -> (i64, i64) {
        let magnitude = left.unsigned_abs();
        let product = u128::from(magnitude) * u128::from(self.reciprocal);
        let mut quotient =
            u64::try_from(product >> 64).expect("the upper half of a product is a word");
        let mut remainder = magnitude.wrapping_sub(quotient.wrapping_mul(self.divisor));
        if remainder >= self.divisor {
            remainder -= self.divisor;
            quotient += 1;
        }
        if left >= 0 {
            return (quotient.cast_signed(), remainder.cast_signed());
        }
        if remainder > 0 {
            remainder = self.divisor - remainder;
            quotient += 1;
        }
        (
            quotient.wrapping_neg().cast_signed(),
            remainder.cast_signed(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_by_a_constant_is_division_at_every_edge() {
        let edges = [
            0,
            1,
            2,
            3,
            63,
            64,
            1000,
            1_000_003,
            1 << 32,
            (1 << 32) + 1,
            i64::MAX,
        ];
        let lefts = edges
            .iter()
            .flat_map(|edge| [*edge, -*edge, *edge - 1, 1 - *edge]);
        let lefts: Vec<i64> = lefts.chain([i64::MIN, i64::MIN + 1]).collect();
        for divisor in edges.into_iter().filter(|divisor| *divisor > 0) {
            let constant = Divisor::new(divisor).expect("above zero");
            for left in &lefts {
                let right = (left.div_euclid(divisor), left.rem_euclid(divisor));
                assert_eq!(constant.divide(*left), right, "{left} by {divisor}");
            }
        }
        assert!(Divisor::new(0).is_none() && Divisor::new(-1).is_none());
    }
}
