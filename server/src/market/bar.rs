//! What happened to a price in one interval, and where nothing did.

use super::interval::Interval;
use super::values::{Price, Volume};

/// What happened to a price in one interval: the fold of its ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// When it begins.
    pub open_at: i64,
    /// The first price.
    pub open: Price,
    /// The highest.
    pub high: Price,
    /// The lowest.
    pub low: Price,
    /// The last one.
    pub close: Price,
    /// All that was traded.
    pub volume: Volume,
    /// How often it has changed since its first tick. So many ticks and one are in it, in whatever order they came.
    pub revision: u32,
}

/// Intervals in which nothing was traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When the first of them begins.
    pub from: i64,
    /// How many there are.
    pub intervals: u32,
}

impl Bar {
    /// As the interfaces write it: `[open_at, open, high, low, close, volume, revision]`.
    pub fn row(&self) -> [i64; 7] {
        [
            self.open_at,
            self.open.units(),
            self.high.units(),
            self.low.units(),
            self.close.units(),
            self.volume.lots(),
            i64::from(self.revision),
        ]
    }

    /// What happened later is in it too.
    fn join(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume = self.volume.plus(later.volume);
        self.revision = self.revision.saturating_add(later.revision).saturating_add(1);
    }
}

/// Bars in order, of an interval that divides the longer one, as bars of that: exactly what their ticks would have made. Days begin by the clock of an exchange
/// so many minutes before UTC.
pub fn joined(bars: &[Bar], longer: Interval, utc_offset_minutes: i16) -> Vec<Bar> {
    let mut joined: Vec<Bar> = Vec::new();
    for bar in bars {
        let open_at = longer.open_at(bar.open_at, utc_offset_minutes);
        match joined.last_mut().filter(|last| last.open_at == open_at) {
            Some(last) => last.join(bar),
            None => joined.push(Bar { open_at, ..*bar }),
        }
    }
    joined
}

/// The gaps between bars of one interval, of which each begins after the one before.
pub fn gaps(interval: Interval, bars: &[Bar]) -> Vec<Gap> {
    let between = |before: &Bar, after: &Bar| {
        let from = before.open_at + interval.ms();
        let intervals = u32::try_from((after.open_at - from) / interval.ms()).ok()?;
        (intervals > 0).then_some(Gap { from, intervals })
    };
    bars.windows(2)
        .filter_map(|pair| match pair {
            [before, after] => between(before, after),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(open_at: i64) -> Bar {
        let price = Price::new(1).unwrap();
        Bar {
            open_at,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Volume::NONE,
            revision: 0,
        }
    }

    #[test]
    fn a_gap_is_told_with_its_length() {
        let bars = [0, 1_000, 4_000, 5_000, 7_000].map(bar);
        let found = gaps(Interval::S1, &bars);
        let gap = |from, intervals| Gap { from, intervals };
        assert_eq!(found, [gap(2_000, 2), gap(6_000, 1)]);
        assert_eq!(gaps(Interval::S1, &bars[..2]), []);
        assert_eq!(gaps(Interval::S1, &[]), []);
    }
}
