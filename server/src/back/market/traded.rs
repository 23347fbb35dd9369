//! One symbol: its bars that may still change, and how it stands.

use madang_hub::RoomName;

use super::quote::{Quote, State};
use super::wire::quotes_of;
use crate::market::{Bar, Bars, Interval, Listing, Tick, TooLate};

/// A symbol that is listed.
#[derive(Debug)]
pub(super) struct Traded {
    pub(super) listing: Listing,
    /// Where those are who watch it.
    pub(super) room: RoomName,
    /// How many they are.
    pub(super) watchers: usize,
    pub(super) state: State,
    /// Whether the feed lists it. If not, it is here for those who still watch it.
    pub(super) is_listed: bool,
    /// Its quote has changed since it was told last.
    pub(super) is_news: bool,
    /// In which intervals somebody has a chart of it.
    charted: [bool; Interval::ALL.len()],
    bars: Bars,
    /// Bars that have changed since they were collected last.
    changed: [Vec<Bar>; Interval::ALL.len()],
}

impl Traded {
    /// With bars that were there before.
    pub(super) fn new(listing: Listing, bars: Bars) -> Self {
        Self {
            room: quotes_of(listing.symbol),
            listing,
            watchers: 0,
            state: State::Open,
            is_listed: true,
            is_news: false,
            charted: [false; Interval::ALL.len()],
            bars,
            changed: Default::default(),
        }
    }

    /// Takes a tick; `changed` is handed each bar of which there is a chart.
    pub(super) fn take(
        &mut self,
        tick: &Tick,
        mut changed: impl FnMut(Interval, Bar),
    ) -> Result<(), TooLate> {
        for (interval, bar) in self.bars.push(tick)? {
            let before = &mut self.changed[interval.index()];
            // Mostly the last, or one behind it.
            match before.iter_mut().rev().find(|one| one.open_at == bar.open_at) {
                Some(one) => *one = bar,
                None => before.push(bar),
            }
            if self.charted[interval.index()] {
                changed(interval, bar);
            }
        }
        Ok(())
    }

    /// How it stands; `None` before its first trade.
    pub(super) fn quote(&self) -> Option<Quote> {
        let day = self.bars.day()?;
        Some(Quote {
            symbol: self.listing.symbol,
            scale: self.listing.scale,
            at: day.at_ms,
            price: day.close,
            open: day.open,
            high: day.high,
            low: day.low,
            previous_close: day.previous_close,
            volume: day.volume,
            state: self.state,
        })
    }

    /// When it was last traded.
    pub(super) fn newest_ms(&self) -> Option<i64> {
        self.bars.newest_ms()
    }

    /// Its bars that have changed and were not collected.
    pub(super) fn changed(&self, interval: Interval) -> &[Bar] {
        &self.changed[interval.index()]
    }

    /// Whether all bars that have changed were collected.
    pub(super) fn is_collected(&self) -> bool {
        self.changed.iter().all(Vec::is_empty)
    }

    /// Hands over all bars that have changed since the last time, as they are now.
    pub(super) fn collect(&mut self, mut into: impl FnMut(Interval, Bar)) {
        for (interval, changed) in Interval::ALL.into_iter().zip(&mut self.changed) {
            changed.drain(..).for_each(|bar| into(interval, bar));
        }
    }

    /// Whether there is a chart of it.
    pub(super) fn set_charted(&mut self, interval: Interval, charted: bool) {
        self.charted[interval.index()] = charted;
    }

    /// All that was known of its trades was wrong.
    pub(super) fn begin_anew(&mut self) {
        self.bars = Bars::new(self.listing.utc_offset_minutes);
        self.changed = Default::default();
        self.state = State::Open;
        self.is_news = false;
    }
}
