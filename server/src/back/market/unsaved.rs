//! Bars that have changed since they were stored.

use std::collections::{BTreeMap, BTreeSet};

use super::series::Series;
use crate::market::{Bar, Interval, Symbol};

/// Bars that wait for the database at most, while it doesn't answer: those of 24 symbols for an hour and a half, in some 20 MB. Beyond, the oldest of
/// the shortest are lost, of which there are most.
pub const UNSAVED_BARS: usize = 200_000;

/// Bars on their way to the database.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    waiting: BTreeMap<(Interval, Symbol), BTreeMap<i64, Bar>>,
    count: usize,
    /// Those that are being stored now: not there before that is done.
    saving: Vec<(Series, Bar)>,
    /// Symbols whose bars aren't to be stored as the others are.
    held: BTreeSet<Symbol>,
}

impl Unsaved {
    /// A bar is like this now. Returns whether another was lost for it.
    pub(super) fn add(&mut self, series: Series, bar: Bar) -> bool {
        let waiting = self.waiting.entry((series.interval, series.symbol)).or_default();
        if waiting.insert(bar.open_at, bar).is_none() {
            self.count += 1;
        }
        let full = self.count > UNSAVED_BARS;
        if full {
            self.lose_one();
        }
        full
    }

    fn lose_one(&mut self) {
        let Some(mut first) = self.waiting.first_entry() else {
            return;
        };
        first.get_mut().pop_first();
        if first.get().is_empty() {
            first.remove();
        }
        self.count -= 1;
    }

    /// All that waits and isn't held, to be stored: until [`Self::saved`] it is kept here.
    pub(super) fn begin_to_save(&mut self) -> Vec<(Series, Bar)> {
        let (held, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|((_, symbol), _)| self.held.contains(symbol));
        self.waiting = held;
        self.count = self.waiting.values().map(BTreeMap::len).sum();
        let waiting: BTreeMap<_, _> = waiting;
        let series = |((interval, symbol), bars): ((Interval, Symbol), BTreeMap<i64, Bar>)| {
            let series = Series { symbol, interval };
            bars.into_values().map(move |bar| (series, bar))
        };
        self.saving = waiting.into_iter().flat_map(series).collect();
        self.saving.clone()
    }

    /// What became of them: those that aren't stored wait again, unless they have changed since. Returns how many were lost for them.
    pub(super) fn saved(&mut self, stored: bool) -> u64 {
        let saving = std::mem::take(&mut self.saving);
        if stored {
            return 0;
        }
        let mut lost = 0;
        for (series, bar) in saving {
            let waiting = self.waiting.get(&(series.interval, series.symbol));
            if waiting.is_none_or(|bars| !bars.contains_key(&bar.open_at)) {
                lost += u64::from(self.add(series, bar));
            }
        }
        lost
    }

    /// Those of one series.
    pub(super) fn of(&self, series: Series) -> impl Iterator<Item = Bar> {
        let waiting = self.waiting.get(&(series.interval, series.symbol));
        let saving = self.saving.iter().filter(move |(of, _)| *of == series);
        // What waits is newer than what is being stored.
        saving
            .map(|(_, bar)| *bar)
            .chain(waiting.into_iter().flat_map(|bars| bars.values().copied()))
    }

    /// The bars of a symbol aren't to be stored with the others from now on.
    pub(super) fn hold(&mut self, symbol: Symbol) {
        self.held.insert(symbol);
    }

    /// Those of a symbol that wait.
    pub(super) fn held(&self, symbol: Symbol) -> Vec<(Series, Bar)> {
        let series = Interval::ALL.map(|interval| Series { symbol, interval });
        let of = |series: Series| {
            let waiting = self.waiting.get(&(series.interval, symbol));
            let bars = waiting.into_iter().flat_map(BTreeMap::values);
            bars.map(move |bar| (series, *bar))
        };
        series.into_iter().flat_map(of).collect()
    }

    /// They have been stored: the next ones are stored with the others.
    pub(super) fn release(&mut self, symbol: Symbol) {
        self.held.remove(&symbol);
        for interval in Interval::ALL {
            let stored = self.waiting.remove(&(interval, symbol)).unwrap_or_default();
            self.count -= stored.len();
        }
    }

    /// Whether some of a symbol aren't stored.
    pub(super) fn has(&self, symbol: Symbol) -> bool {
        let waits = |interval| self.waiting.contains_key(&(interval, symbol));
        Interval::ALL.into_iter().any(waits) || self.saving.iter().any(|(series, _)| series.symbol == symbol)
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Price, Volume};

    fn series(symbol: &str, interval: Interval) -> Series {
        let symbol = symbol.parse().unwrap();
        Series { symbol, interval }
    }

    fn bar(open_at: i64, revision: u32) -> Bar {
        let price = Price::new(1).unwrap();
        Bar {
            open_at,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Volume::NONE,
            revision,
        }
    }

    fn of(unsaved: &Unsaved, series: Series) -> Vec<(i64, u32)> {
        unsaved
            .of(series)
            .map(|bar| (bar.open_at, bar.revision))
            .collect()
    }

    #[test]
    fn what_is_not_stored_waits_again_unless_it_has_changed_since() {
        let (a, b) = (series("A", Interval::S1), series("B", Interval::D1));
        let mut unsaved = Unsaved::default();
        unsaved.add(a, bar(0, 0));
        unsaved.add(a, bar(0, 1));
        unsaved.add(a, bar(1000, 0));
        unsaved.add(b, bar(0, 5));
        let saving = unsaved.begin_to_save();
        assert_eq!(saving, [(a, bar(0, 1)), (a, bar(1000, 0)), (b, bar(0, 5))]);
        assert_eq!(
            of(&unsaved, a),
            [(0, 1), (1000, 0)],
            "seen while they are being stored"
        );

        unsaved.add(a, bar(1000, 1));
        assert_eq!(unsaved.saved(false), 0);
        assert_eq!(of(&unsaved, a), [(0, 1), (1000, 1)]);
        assert_eq!(unsaved.begin_to_save().len(), 3);
        assert_eq!(unsaved.saved(true), 0);
        assert_eq!(of(&unsaved, a), []);
        assert_eq!(unsaved.begin_to_save(), []);
    }

    #[test]
    fn bars_of_a_symbol_that_is_held_are_stored_apart() {
        let (a, b) = (series("A", Interval::S1), series("B", Interval::S1));
        let mut unsaved = Unsaved::default();
        unsaved.add(a, bar(0, 0));
        unsaved.begin_to_save();
        unsaved.hold(a.symbol);
        // Those that were on their way, and didn't arrive, are held too.
        unsaved.saved(false);
        unsaved.add(series("A", Interval::D1), bar(0, 4));
        unsaved.add(b, bar(0, 0));
        assert_eq!(unsaved.begin_to_save(), [(b, bar(0, 0))]);
        unsaved.saved(true);
        assert!(unsaved.has(a.symbol) && !unsaved.has(b.symbol));
        let held = [(a, bar(0, 0)), (series("A", Interval::D1), bar(0, 4))];
        assert_eq!((unsaved.held(a.symbol), unsaved.len()), (held.to_vec(), 2));
        unsaved.release(a.symbol);
        assert_eq!((unsaved.has(a.symbol), unsaved.len()), (false, 0));
        unsaved.add(a, bar(0, 1));
        assert_eq!(unsaved.begin_to_save(), [(a, bar(0, 1))]);
    }

    #[test]
    fn so_many_bars_wait_and_the_oldest_of_the_shortest_are_lost() {
        let (short, long) = (series("A", Interval::S1), series("A", Interval::M1));
        let mut unsaved = Unsaved::default();
        assert!(!unsaved.add(long, bar(0, 0)));
        let count = i64::try_from(UNSAVED_BARS).unwrap();
        assert!((1..count).all(|open_at| !unsaved.add(short, bar(open_at, 0))));
        assert!(unsaved.add(short, bar(count, 0)));
        assert_eq!(unsaved.begin_to_save().len(), UNSAVED_BARS);
        assert_eq!((of(&unsaved, long).len(), of(&unsaved, short)[0].0), (1, 2));
    }
}
