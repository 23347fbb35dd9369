//! Numbers that look random and are the same on every machine and in every version: checksums stand on them.

/// The generator SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// One of `from..=to`.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        let count = u128::from(to.abs_diff(from)) + 1;
        // The high half of the product: every number is as likely as another, but for less than one in a billion.
        let step = (u128::from(self.next()) * count) >> 64;
        from.wrapping_add(step as i64)
    }

    /// Around zero, as likely as the sum of many dice has it: half of all are within two thirds of `deviation`, and none beyond 3.5 of it.
    pub(super) fn spread(&mut self, deviation: i64) -> i64 {
        const HALF: i64 = 1 << 15;
        let bits = self.next();
        let die = |n: u32| ((bits >> (16 * n)) & 0xffff) as i64 - HALF;
        let sum = i128::from(die(0) + die(1) + die(2) + die(3));
        // Four dice of ±HALF deviate by 2/√3 of HALF.
        (sum * i128::from(deviation) * 866 / (1000 * i128::from(HALF))) as i64
    }
}

/// Every bit of what comes out depends on every bit of what goes in.
pub(super) fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_that_the_generator_is_known_for() {
        let mut random = Random::new(1_234_567);
        let known = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([random.next(), random.next()], known);
    }

    #[test]
    fn numbers_stay_within_their_bounds_and_reach_them() {
        let mut random = Random::new(1);
        let drawn: Vec<_> = (0..1_000).map(|_| random.between(-3, 3)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-3), Some(&3)));
        assert_eq!(random.between(7, 7), 7);
    }

    #[test]
    fn a_spread_is_as_wide_as_it_is_said() {
        let mut random = Random::new(2);
        let drawn: Vec<_> = (0..10_000).map(|_| random.spread(1_000)).collect();
        let mean = drawn.iter().sum::<i64>() / 10_000;
        let square = drawn.iter().map(|one| one * one).sum::<i64>() / 10_000;
        assert!(mean.abs() < 30, "{mean}");
        assert!((950..1_050).contains(&square.isqrt()), "{square}");
        assert!(drawn.iter().all(|one| one.abs() <= 3_500));
    }
}
