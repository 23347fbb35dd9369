//! One chart that somebody looks at, or has looked at lately: how its bars change.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use madang_hub::{Entry, Epoch, History, HistoryLimits, Policy, Position, RoomName};

use super::event::Begun;
use super::series::Series;
use super::wire::{Wire, chart_of};
use crate::market::Bar;

/// Several changes of one bar within this time are told as one: ten a second is as often as anybody sees a candle grow.
pub const BAR_TIME: Duration = Duration::from_millis(100);

/// What those get of a chart who were away: a quarter of a minute at its fastest pace. Who was away for longer fetches its bars again, which are hardly more.
const CHANGES: HistoryLimits = HistoryLimits {
    entries: 150,
    bytes: 128 * 1024,
    age: Duration::from_secs(10 * 60),
};

/// A chart. There is one while somebody follows it, and for a while after.
#[derive(Debug)]
pub(super) struct Chart {
    series: Series,
    room: RoomName,
    history: History,
    /// What has changed since it was told last.
    changed: BTreeMap<i64, Bar>,
    told: Option<Instant>,
    viewers: usize,
    used: Instant,
}

impl Chart {
    /// One that nobody has looked at lately.
    pub(super) fn new(series: Series, wire: &Wire, epoch: Epoch, now: Instant) -> Self {
        let room = chart_of(series);
        // Who is too slow for a chart is told what is missing, and fetches it anew.
        if let Err(error) = wire.hub.set_policy(&room, Policy::DropOldest) {
            tracing::warn!(%error, %series, "slow viewers of this chart are disconnected");
        }
        let start = Position { offset: 0, epoch };
        Self {
            series,
            history: History::new(&wire.hub, &room, start, CHANGES),
            room,
            changed: BTreeMap::new(),
            told: None,
            viewers: 0,
            used: now,
        }
    }

    /// A bar is like this now.
    pub(super) fn change(&mut self, bar: Bar) {
        self.changed.insert(bar.open_at, bar);
    }

    /// Tells what has changed, unless something was told just now.
    pub(super) fn tell(&mut self, wire: &Wire, now: Instant) {
        let just_now = |told| now.saturating_duration_since(told) < BAR_TIME;
        if self.changed.is_empty() || self.told.is_some_and(just_now) {
            return;
        }
        self.told = Some(now);
        for bar in std::mem::take(&mut self.changed).into_values() {
            self.history
                .publish(now, &[], |position| wire.bar(self.series, position.offset, bar));
        }
    }

    /// Where its changes are now: whoever looks at its bars afterwards and then reads on from here misses nothing.
    pub(super) fn look(&mut self, now: Instant) -> Position {
        self.used = now;
        self.history.position()
    }

    /// Somebody follows from now on: where it is, and what they have missed.
    pub(super) fn begin(&mut self, since: Option<Position>, now: Instant) -> (Begun, Vec<Entry>) {
        self.viewers += 1;
        self.used = now;
        let missed = since.and_then(|since| self.history.since(now, since).ok());
        let position = self.history.position();
        let begun = Begun {
            offset: position.offset,
            epoch: position.epoch.to_string(),
            recovered: missed.is_some(),
        };
        (begun, missed.unwrap_or_default())
    }

    /// Somebody follows no longer.
    pub(super) fn end(&mut self, now: Instant) {
        self.viewers = self.viewers.saturating_sub(1);
        self.used = now;
    }

    /// All of it was wrong: those who follow it are to fetch it again.
    pub(super) fn begin_anew(&mut self, wire: &Wire, epoch: Epoch) {
        let start = Position { offset: 0, epoch };
        self.history = History::new(&wire.hub, &self.room, start, CHANGES);
        self.changed.clear();
        wire.hub.to(&self.room).publish(wire.skipped(1));
    }

    pub(super) fn room(&self) -> &RoomName {
        &self.room
    }

    /// Since when nobody looks at it.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        (self.viewers == 0).then_some(self.used)
    }

    /// It is forgotten.
    pub(super) fn close(self, wire: &Wire) {
        // The default can always be set.
        let _ = wire.hub.set_policy(&self.room, Policy::Disconnect);
    }
}
