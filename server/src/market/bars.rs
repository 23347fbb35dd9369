//! From ticks to bars: of every interval at once, in the time of the exchange.

use std::collections::VecDeque;
use std::time::Duration;

use smallvec::SmallVec;
use thiserror::Error;

use super::bar::Bar;
use super::day::Day;
use super::interval::Interval;
use super::values::{Price, Tick};

/// How far behind the newest tick of its symbol a tick may come and still amend its bar: exchanges report block trades within a minute. Whatever may
/// still change is kept in memory, 61 bars of a second at most.
pub const LATE_LIMIT: Duration = Duration::from_secs(60);

/// [`LATE_LIMIT`] as times have it.
const LATE_MS: i64 = LATE_LIMIT.as_millis() as i64;

/// The bars of one symbol that can still change. They are what they would be if all ticks came in order.
#[derive(Clone, Debug)]
pub struct Bars {
    utc_offset_minutes: i16,
    series: [Series; Interval::ALL.len()],
    newest_ms: i64,
    refused: u64,
}

/// A tick that came too late to be in any bar.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the tick comes more than {} s after its time", LATE_LIMIT.as_secs())]
pub struct TooLate;

/// The newest bars of one interval, in order.
#[derive(Clone, Debug)]
struct Series {
    bars: VecDeque<Fold>,
    /// Bars that open before this are closed for good.
    floor: i64,
}

/// A bar, and which of its ticks were the first and the last.
#[derive(Clone, Copy, Debug)]
struct Fold {
    bar: Bar,
    first: (i64, u64),
    last: (i64, u64),
}

impl Bars {
    /// None so far, for a symbol whose exchange's clock is so many minutes before UTC.
    pub fn new(utc_offset_minutes: i16) -> Self {
        Self {
            utc_offset_minutes,
            series: Interval::ALL.map(|_| Series {
                bars: VecDeque::new(),
                floor: i64::MIN,
            }),
            newest_ms: i64::MIN,
            refused: 0,
        }
    }

    /// Goes on in bars that were stored: of each interval the newest, in order. Of days, give the last two, so that [`Self::day`] knows the close of the
    /// one before. What is older than the first of them doesn't change any more.
    ///
    /// Which ticks were first and last isn't stored, but the shorter bars tell in which second they were. What follows is taken to be later than what was
    /// before in the same second, and [`LATE_LIMIT`] counts from the newest one.
    pub fn restored(utc_offset_minutes: i16, stored: [Vec<Bar>; Interval::ALL.len()]) -> Self {
        let mut bars = Self::new(utc_offset_minutes);
        let mut shorter = Series {
            bars: VecDeque::new(),
            floor: i64::MIN,
        };
        for (interval, stored) in Interval::ALL.into_iter().zip(stored) {
            let series = Series::restored(interval, stored, &shorter);
            let newest = series.bars.back().map_or(i64::MIN, |fold| fold.last.0);
            bars.newest_ms = bars.newest_ms.max(newest);
            shorter.clone_from(&series);
            bars.series[interval.index()] = series;
        }
        bars
    }

    /// Takes a tick: all bars that it changes, as they are now.
    ///
    /// # Errors
    /// [`TooLate`]: it changes none, and is counted in [`Self::refused`].
    pub fn push(&mut self, tick: &Tick) -> Result<SmallVec<[(Interval, Bar); 7]>, TooLate> {
        self.push_from(tick, Interval::S1)
    }

    /// Takes a tick for bars of `shortest` and longer alone: history is too thin for the shorter ones.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_from(
        &mut self,
        tick: &Tick,
        shortest: Interval,
    ) -> Result<SmallVec<[(Interval, Bar); 7]>, TooLate> {
        if tick.at_ms < self.newest_ms.saturating_sub(LATE_MS) {
            self.refused += 1;
            return Err(TooLate);
        }
        self.newest_ms = self.newest_ms.max(tick.at_ms);
        let closed_before = self.newest_ms - LATE_MS;
        let mut changed = SmallVec::new();
        for interval in Interval::ALL.into_iter().filter(|interval| *interval >= shortest) {
            let series = &mut self.series[interval.index()];
            let open_at = interval.open_at(tick.at_ms, self.utc_offset_minutes);
            if let Some(bar) = series.take(open_at, tick) {
                changed.push((interval, bar));
            }
            series.forget(closed_before - interval.ms());
        }
        Ok(changed)
    }

    /// When it was last traded; after a restart, the second of it. `None` before the first trade.
    pub fn newest_ms(&self) -> Option<i64> {
        (self.newest_ms > i64::MIN).then_some(self.newest_ms)
    }

    /// The newest bar of an interval.
    pub fn last(&self, interval: Interval) -> Option<&Bar> {
        self.series[interval.index()].bars.back().map(|fold| &fold.bar)
    }

    /// The bars of an interval that are still in memory, in order: those that may change, and at least the last two.
    pub fn recent(&self, interval: Interval) -> impl ExactSizeIterator<Item = &Bar> {
        self.series[interval.index()].bars.iter().map(|fold| &fold.bar)
    }

    /// The day of the newest tick.
    pub fn day(&self) -> Option<Day> {
        let mut days = self.series[Interval::D1.index()].bars.iter().rev();
        let Fold { bar, last, .. } = days.next()?;
        Some(Day {
            open_at: bar.open_at,
            at_ms: last.0,
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            volume: bar.volume,
            previous_close: days.next().map(|fold| fold.bar.close),
        })
    }

    /// The last price.
    pub fn price(&self) -> Option<Price> {
        self.last(Interval::D1).map(|bar| bar.close)
    }

    /// How many ticks came too late.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

impl Series {
    /// Of stored bars, and of the shorter ones that they are made of, as far as those reach back.
    fn restored(interval: Interval, stored: Vec<Bar>, shorter: &Self) -> Self {
        let fold = |bar: Bar| {
            let end = bar.open_at + interval.ms();
            let within = |fold: &&Fold| (bar.open_at..end).contains(&fold.bar.open_at);
            let opens = (bar.open_at, 0);
            let first = shorter.bars.iter().find(within);
            // If they don't reach back to its beginning, what is there isn't the first.
            let first = first.filter(|_| shorter.floor <= bar.open_at);
            let last = shorter.bars.iter().rfind(within);
            Fold {
                bar,
                first: first.map_or(opens, |fold| fold.first),
                last: last.map_or(opens, |fold| fold.last),
            }
        };
        Self {
            floor: stored.first().map_or(i64::MIN, |bar| bar.open_at),
            bars: stored.into_iter().map(fold).collect(),
        }
    }

    /// The bar that opens at `open_at` with the tick in it.
    fn take(&mut self, open_at: i64, tick: &Tick) -> Option<Bar> {
        if open_at < self.floor {
            return None;
        }
        // Most ticks belong to the last bar or begin the next.
        let behind = self
            .bars
            .iter()
            .rev()
            .take_while(|fold| fold.bar.open_at > open_at);
        let place = self.bars.len() - behind.count();
        let before = place.checked_sub(1).and_then(|index| self.bars.get_mut(index));
        if let Some(fold) = before.filter(|fold| fold.bar.open_at == open_at) {
            fold.take(tick);
            return Some(fold.bar);
        }
        let fold = Fold::new(open_at, tick);
        self.bars.insert(place, fold);
        Some(fold.bar)
    }

    /// Forgets the bars that opened at `open_at` or before, but for the last two.
    fn forget(&mut self, open_at: i64) {
        while self.bars.len() > 2 && self.bars.front().is_some_and(|fold| fold.bar.open_at <= open_at) {
            self.bars.pop_front();
        }
    }
}

impl Fold {
    fn new(open_at: i64, tick: &Tick) -> Self {
        let bar = Bar {
            open_at,
            open: tick.price,
            high: tick.price,
            low: tick.price,
            close: tick.price,
            volume: tick.volume,
            revision: 0,
        };
        Self {
            bar,
            first: tick.order(),
            last: tick.order(),
        }
    }

    fn take(&mut self, tick: &Tick) {
        let bar = &mut self.bar;
        if tick.order() < self.first {
            self.first = tick.order();
            bar.open = tick.price;
        }
        if tick.order() > self.last {
            self.last = tick.order();
            bar.close = tick.price;
        }
        bar.high = bar.high.max(tick.price);
        bar.low = bar.low.min(tick.price);
        bar.volume = bar.volume.plus(tick.volume);
        bar.revision = bar.revision.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::market::Volume;

    fn tick(at_ms: i64, price: i64, sequence: u64) -> Tick {
        Tick {
            symbol: "A".parse().unwrap(),
            at_ms,
            price: Price::new(price).unwrap(),
            volume: Volume::new(2).unwrap(),
            sequence,
        }
    }

    fn row(bars: &Bars, interval: Interval) -> [i64; 7] {
        bars.last(interval).unwrap().row()
    }

    #[test]
    fn a_tick_is_in_the_bars_of_every_interval() {
        let mut bars = Bars::new(0);
        let changed = bars.push(&tick(90_061_500, 50, 1)).unwrap();
        let opened: Vec<_> = changed
            .iter()
            .map(|(interval, bar)| (*interval, bar.open_at))
            .collect();
        let opens = [
            90_061_000, 90_060_000, 90_060_000, 90_000_000, 90_000_000, 90_000_000, 86_400_000,
        ];
        assert_eq!(opened, Interval::ALL.into_iter().zip(opens).collect::<Vec<_>>());
        assert_eq!(changed[0].1.row(), [90_061_000, 50, 50, 50, 50, 2, 0]);
    }

    #[test]
    fn a_late_tick_amends_the_bar_that_it_belongs_to() {
        let mut bars = Bars::new(0);
        for (at, price, sequence) in [(1_200, 50, 1), (1_800, 52, 2), (2_500, 60, 3)] {
            bars.push(&tick(at, price, sequence)).unwrap();
        }
        // Before the first of its second, and the lowest; then behind the last.
        let changed = bars.push(&tick(1_100, 40, 4)).unwrap();
        assert_eq!(
            changed[0],
            (Interval::S1, *bars.recent(Interval::S1).next().unwrap())
        );
        assert_eq!(changed[0].1.row(), [1_000, 40, 52, 40, 52, 6, 2]);
        let changed = bars.push(&tick(1_900, 45, 5)).unwrap();
        assert_eq!(changed[0].1.row(), [1_000, 40, 52, 40, 45, 8, 3]);
        assert_eq!(
            row(&bars, Interval::M1),
            [0, 40, 60, 40, 60, 10, 4],
            "the close is the newest"
        );
        // A second in which nothing was known to have happened.
        let changed = bars.push(&tick(0, 55, 6)).unwrap();
        assert_eq!(changed[0].1.row(), [0, 55, 55, 55, 55, 2, 0]);
        let opens: Vec<_> = bars.recent(Interval::S1).map(|bar| bar.open_at).collect();
        assert_eq!(opens, [0, 1_000, 2_000]);
    }

    #[test]
    fn of_two_at_the_same_time_the_lower_number_was_first() {
        for order in [[1, 2], [2, 1]] {
            let mut bars = Bars::new(0);
            for sequence in order {
                bars.push(&tick(500, 50 + sequence as i64, sequence)).unwrap();
            }
            assert_eq!(row(&bars, Interval::S1), [0, 51, 52, 51, 52, 4, 1]);
        }
    }

    #[test]
    fn a_tick_behind_the_limit_changes_nothing_and_is_counted() {
        let mut bars = Bars::new(0);
        bars.push(&tick(LATE_MS + 1_000, 50, 1)).unwrap();
        assert!(bars.push(&tick(1_000, 51, 2)).is_ok());
        let before = bars.clone();
        assert_eq!(bars.push(&tick(999, 99, 3)), Err(TooLate));
        assert_eq!(bars.refused(), 1);
        for interval in Interval::ALL {
            assert!(bars.recent(interval).eq(before.recent(interval)));
        }
    }

    #[test]
    fn only_bars_that_may_change_stay_in_memory() {
        let mut bars = Bars::new(0);
        for second in 0..1_000 {
            bars.push(&tick(second * 1_000 + 500, 50, 1)).unwrap();
        }
        let kept = Interval::ALL.map(|interval| bars.recent(interval).len());
        assert_eq!(kept, [61, 13, 2, 2, 2, 1, 1]);
    }

    #[test]
    fn a_day_knows_the_close_of_the_one_before() {
        const DAY: i64 = Interval::D1.ms();
        let mut bars = Bars::new(540);
        assert_eq!(bars.day(), None);
        // Midnight in Seoul is three in the afternoon.
        let midnight = DAY * 10 + 15 * 3_600_000;
        bars.push(&tick(midnight - 1_000, 50, 1)).unwrap();
        assert_eq!(bars.day().unwrap().previous_close, None);
        for (at, price) in [(10, 60), (20, 70), (30, 65)] {
            bars.push(&tick(midnight + at, price, 2)).unwrap();
        }
        let day = bars.day().unwrap();
        let prices = [day.open, day.high, day.low, day.close].map(Price::units);
        assert_eq!(
            (day.open_at, day.at_ms, prices),
            (midnight, midnight + 30, [60, 70, 60, 65])
        );
        assert_eq!(day.previous_close.map(Price::units), Some(50));
        // Late, and still the day before.
        bars.push(&tick(midnight - 500, 55, 3)).unwrap();
        assert_eq!(bars.day().unwrap().previous_close.map(Price::units), Some(55));
        for hour in 1..60 {
            bars.push(&tick(midnight + hour * 3_600_000, 80, 4)).unwrap();
        }
        assert_eq!(bars.day().unwrap().previous_close.map(Price::units), Some(80));
        assert_eq!(bars.price().map(Price::units), Some(80));
    }

    #[test]
    fn history_is_in_the_longer_bars_alone() {
        let mut bars = Bars::new(0);
        let changed = bars.push_from(&tick(500, 50, 0), Interval::H1).unwrap();
        let intervals: Vec<_> = changed.iter().map(|(interval, _)| *interval).collect();
        assert_eq!(intervals, [Interval::H1, Interval::D1]);
        assert_eq!(bars.last(Interval::M15), None);
    }

    #[test]
    fn what_was_stored_goes_on() {
        let mut first = Bars::new(0);
        for (at, price) in [(1_000, 50), (1_500, 55), (2_000, 52)] {
            first.push(&tick(at, price, 1)).unwrap();
        }
        let last = |interval| Vec::from_iter(first.last(interval).copied());
        let mut second = Bars::restored(0, Interval::ALL.map(last));
        second.push(&tick(2_400, 58, 2)).unwrap();
        assert_eq!(row(&second, Interval::S1), [2_000, 52, 58, 52, 58, 4, 1]);
        assert_eq!(row(&second, Interval::D1), [0, 50, 58, 50, 58, 8, 3]);
        // The bar of that second is stored and not known here: it isn't begun anew.
        let changed = second.push(&tick(1_900, 90, 3)).unwrap();
        assert!(changed.iter().all(|(interval, _)| *interval != Interval::S1));
        assert_eq!(second.recent(Interval::S1).len(), 1);
    }

    /// As after a restart, where so many bars of each interval are read.
    fn restarted(told: &[Tick]) -> Bars {
        let mut stored = BTreeMap::new();
        let mut bars = Bars::new(0);
        for tick in told {
            for (interval, bar) in bars.push(tick).unwrap() {
                stored.insert((interval, bar.open_at), bar);
            }
        }
        let of = |interval: Interval| {
            let all = stored.range((interval, i64::MIN)..=(interval, i64::MAX));
            let all: Vec<_> = all.map(|(_, bar)| *bar).collect();
            let read = (LATE_MS / interval.ms()) as usize + 2;
            all[all.len().saturating_sub(read)..].to_vec()
        };
        Bars::restored(0, Interval::ALL.map(of))
    }

    #[test]
    fn a_day_that_is_told_again_after_a_restart_is_too_late_but_for_its_last_minute() {
        let told: Vec<_> = (0..7_200).map(|second| tick(second * 1_000, 50, 1)).collect();
        let mut bars = restarted(&told);
        let taken = told.iter().filter(|tick| bars.push(tick).is_ok()).count();
        assert_eq!((taken, bars.refused()), (61, 7_200 - 61));
        let volumes = |interval| {
            let recent = bars.recent(interval).map(|bar| bar.volume.lots());
            recent.collect::<Vec<_>>()
        };
        assert_eq!(volumes(Interval::H1), [7_200, 7_200 + 122]);
    }

    #[test]
    fn a_symbol_that_was_last_traded_long_ago_has_longer_bars_alone() {
        let told: Vec<_> = (0..120).map(|minute| tick(minute * 60_000, 50, 1)).collect();
        let whole = restarted(&told);
        let mut stored = Interval::ALL.map(|interval| whole.recent(interval).copied().collect());
        stored[..Interval::M5.index()].fill(Vec::new());
        let mut bars = Bars::restored(0, stored);
        assert_eq!(bars.push(&told[100]), Err(TooLate));
        assert_eq!(bars.day().unwrap().at_ms, 115 * 60_000, "within five minutes");
    }

    #[test]
    fn a_late_tick_after_a_restart_is_where_it_belongs() {
        let at = |second: i64| 36_000_000 + second * 1_000;
        let mut bars = restarted(&[
            tick(at(-90), 70, 1),
            tick(at(5), 80, 2),
            tick(at(30), 95, 3),
            tick(at(59), 100, 4),
        ]);
        assert_eq!(bars.day().unwrap().at_ms, at(59), "when it was last traded");
        bars.push(&tick(at(61), 101, 5)).unwrap();
        let minute = |bars: &Bars| {
            let mut recent = bars.recent(Interval::M1);
            recent.find(|bar| bar.open_at == at(0)).unwrap().row()
        };
        bars.push(&tick(at(30), 90, 6)).unwrap();
        assert_eq!(minute(&bars), [at(0), 80, 100, 80, 100, 8, 3], "not the close");
        bars.push(&tick(at(3), 85, 7)).unwrap();
        assert_eq!(minute(&bars), [at(0), 85, 100, 80, 100, 10, 4], "the open");
        assert_eq!(
            row(&bars, Interval::H1)[1..5],
            [85, 101, 80, 101],
            "so in the hour"
        );
    }
}
