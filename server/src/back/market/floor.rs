//! What happens in the market, in one place and under one lock: so that a first look and what follows have neither a hole nor an overlap.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use madang_hub::Epoch;

use super::chart::Chart;
use super::quote::{Quote, State};
use super::refused::Refused;
use super::series::Series;
use super::traded::Traded;
use super::unsaved::Unsaved;
use super::wire::Wire;
use crate::market::{Bar, FeedEvent, Interval, Scale, Symbol, Tick};
use crate::random;

/// Charts that nobody looks at any more, and that are kept for those who come back: those looked at last, in some 10 MB.
pub const IDLE_CHARTS: usize = 128;

/// How long they are kept.
const IDLE_TIME: Duration = Duration::from_secs(5 * 60);

/// All symbols, and the charts that somebody looks at.
#[derive(Debug, Default)]
pub(super) struct Floor {
    pub(super) traded: HashMap<Symbol, Traded>,
    charts: HashMap<Series, Chart>,
    pub(super) unsaved: Unsaved,
    /// Whose quotes have changed in this turn.
    news: Vec<Symbol>,
    /// The time of the newest trade.
    pub(super) newest_ms: i64,
}

/// What became of an event, for whoever counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Tick,
    TooLate,
    /// So many events were lost on the way.
    Gap(u64),
    Nothing,
}

impl Floor {
    /// Takes what a feed tells, but for new listings and a new beginning.
    pub(super) fn take(&mut self, event: &FeedEvent) -> Taken {
        match event {
            FeedEvent::Tick(tick) => self.tick(tick),
            FeedEvent::Halted { symbol, .. } => self.set_state(*symbol, State::Halted),
            FeedEvent::Resumed { symbol } => self.set_state(*symbol, State::Open),
            FeedEvent::Gap {
                from_sequence,
                to_sequence,
            } => Taken::Gap(to_sequence.saturating_sub(*from_sequence).saturating_add(1)),
            FeedEvent::Listed(_) | FeedEvent::Restarted | FeedEvent::Ended => Taken::Nothing,
        }
    }

    fn tick(&mut self, tick: &Tick) -> Taken {
        let Self {
            traded, charts, news, ..
        } = self;
        let Some(traded) = traded.get_mut(&tick.symbol) else {
            return Taken::Nothing;
        };
        let changed = |interval, bar| {
            let symbol = tick.symbol;
            if let Some(chart) = charts.get_mut(&Series { symbol, interval }) {
                chart.change(bar);
            }
        };
        if traded.take(tick, changed).is_err() {
            return Taken::TooLate;
        }
        if !std::mem::replace(&mut traded.is_news, true) {
            news.push(tick.symbol);
        }
        self.newest_ms = self.newest_ms.max(tick.at_ms);
        Taken::Tick
    }

    fn set_state(&mut self, symbol: Symbol, state: State) -> Taken {
        if let Some(traded) = self.traded.get_mut(&symbol) {
            traded.state = state;
            if !std::mem::replace(&mut traded.is_news, true) {
                self.news.push(symbol);
            }
        }
        Taken::Nothing
    }

    /// Tells everybody what has happened in this turn, and returns how many quotes that were. Of what nobody watches nothing is made.
    pub(super) fn tell(&mut self, wire: &Wire, now: Instant) -> u64 {
        let mut told = 0;
        for symbol in self.news.drain(..) {
            let Some(traded) = self.traded.get_mut(&symbol) else {
                continue;
            };
            traded.is_news = false;
            if traded.watchers == 0 {
                continue;
            }
            if let Some(quote) = traded.quote() {
                wire.hub.to(&traded.room).publish(wire.quote(quote));
                told += 1;
            }
        }
        for chart in self.charts.values_mut() {
            chart.tell(wire, now);
        }
        told
    }

    /// How a symbol stands.
    pub(super) fn quote(&self, symbol: Symbol) -> Option<Quote> {
        self.traded.get(&symbol)?.quote()
    }

    /// The chart, which is made if there is none.
    pub(super) fn chart(&mut self, series: Series, wire: &Wire, now: Instant) -> Result<&mut Chart, Refused> {
        let traded = self.traded.get_mut(&series.symbol);
        let traded = traded.ok_or(Refused::SymbolUnknown)?;
        traded.set_charted(series.interval, true);
        let chart = self.charts.entry(series);
        Ok(chart.or_insert_with(|| Chart::new(series, wire, epoch(), now)))
    }

    /// A chart that somebody follows, unless it has never been there.
    pub(super) fn followed(&mut self, series: Series) -> Option<&mut Chart> {
        self.charts.get_mut(&series)
    }

    /// Bars that may not be stored yet; what comes later is newer.
    pub(super) fn unstored(&self, series: Series) -> Result<Vec<Bar>, Refused> {
        let traded = self.traded.get(&series.symbol).ok_or(Refused::SymbolUnknown)?;
        let changed = traded.changed(series.interval).iter().copied();
        Ok(self.unsaved.of(series).chain(changed).collect())
    }

    /// Decimals of a symbol's prices.
    pub(super) fn scale(&self, symbol: Symbol) -> Result<Scale, Refused> {
        let traded = self.traded.get(&symbol).ok_or(Refused::SymbolUnknown)?;
        Ok(traded.listing.scale)
    }

    /// How many bars wait to be stored.
    pub(super) fn waiting(&self) -> usize {
        self.unsaved.len()
    }

    /// Gathers all bars that have changed, to be stored; returns how many were lost since too many wait.
    pub(super) fn collect(&mut self) -> u64 {
        let Self { traded, unsaved, .. } = self;
        let mut lost = 0;
        for (&symbol, traded) in traded {
            traded.collect(|interval, bar| lost += u64::from(unsaved.add(Series { symbol, interval }, bar)));
        }
        lost
    }

    /// Forgets charts that nobody has looked at for a while, and those looked at longest ago, if there are too many.
    pub(super) fn sweep(&mut self, wire: &Wire, now: Instant) {
        let idle = |(series, chart): (&Series, &Chart)| Some((chart.idle_since()?, *series));
        let mut idle: Vec<_> = self.charts.iter().filter_map(idle).collect();
        idle.sort_unstable_by_key(|(since, _)| *since);
        let surplus = idle.len().saturating_sub(IDLE_CHARTS);
        let old = |(index, (since, _)): &(usize, (Instant, Series))| {
            *index < surplus || now.saturating_duration_since(*since) > IDLE_TIME
        };
        for (_, (_, series)) in idle.into_iter().enumerate().filter(old) {
            if let Some(chart) = self.charts.remove(&series) {
                chart.close(wire);
            }
            if let Some(traded) = self.traded.get_mut(&series.symbol) {
                traded.set_charted(series.interval, false);
            }
        }
    }

    /// All that was told so far holds no more.
    pub(super) fn begin_anew(&mut self, wire: &Wire) {
        self.traded.values_mut().for_each(Traded::begin_anew);
        self.charts
            .values_mut()
            .for_each(|chart| chart.begin_anew(wire, epoch()));
        self.unsaved.clear();
        self.news.clear();
        self.newest_ms = 0;
    }
}

/// What an interval's bars are restored from: those that may still change, and the two that a day needs.
pub(super) fn restored(interval: Interval) -> u64 {
    let late = i64::try_from(crate::market::LATE_LIMIT.as_millis()).unwrap_or(i64::MAX);
    u64::try_from(late / interval.ms()).unwrap_or_default() + 2
}

fn epoch() -> Epoch {
    Epoch::new(u64::from_ne_bytes(random::bytes()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use madang_hub::{Batch, Flusher, Hub, Membership, Recipient, RoomName, SessionId, WireForm};
    use madang_socketio::SocketIo;
    use prometheus_client::metrics::counter::Counter;
    use serde_json::{Value, json};

    use super::super::chart::BAR_TIME;
    use super::super::wire::{NAMESPACE, chart_of, quotes_of};
    use super::*;
    use crate::market::{Bars, Listing, Price, Volume};

    /// Hears what is published, as WebSockets get it.
    #[derive(Default)]
    struct Ear(Mutex<Vec<Value>>);

    impl Recipient for Ear {
        fn deliver(&self, batch: &Batch<'_>) {
            for (frame, _) in batch.frames(WireForm::Frame) {
                let text = frame.iter().position(|byte| *byte == b'{').unwrap();
                self.0
                    .lock()
                    .unwrap()
                    .push(serde_json::from_slice(&frame[text..]).unwrap());
            }
        }
    }

    struct Market {
        floor: Floor,
        wire: Wire,
        /// Delivers while somebody asks.
        _flusher: Flusher,
    }

    impl Market {
        fn new(symbols: &[&str]) -> Self {
            let (hub, flusher) = Hub::new();
            let io = SocketIo::builder().hub(hub.clone()).build();
            let mut floor = Floor::default();
            for text in symbols {
                let symbol: Symbol = text.parse().unwrap();
                let listing = Listing {
                    symbol,
                    name_en: text.to_string(),
                    name_ko: text.to_string(),
                    scale: Scale::default(),
                    utc_offset_minutes: 0,
                    currency: String::new(),
                };
                floor.traded.insert(symbol, Traded::new(listing, Bars::new(0)));
            }
            let wire = Wire {
                hub,
                namespace: io.of(NAMESPACE),
                encodings: Counter::default(),
            };
            Self {
                floor,
                wire,
                _flusher: flusher,
            }
        }

        fn listen(&self, room: &RoomName) -> (Arc<Ear>, Membership) {
            let ear = Arc::new(Ear::default());
            let membership = self.wire.hub.enter(SessionId::new(1), ear.clone());
            membership.join(room).unwrap();
            (ear, membership)
        }

        fn tick(&mut self, symbol: &str, at_ms: i64, price: i64) -> Taken {
            self.floor.take(&FeedEvent::Tick(Tick {
                symbol: symbol.parse().unwrap(),
                at_ms,
                price: Price::new(price).unwrap(),
                volume: Volume::new(1).unwrap(),
                sequence: at_ms.cast_unsigned(),
            }))
        }

        /// What was heard since the last time.
        fn heard(&self, ear: &Ear) -> Vec<Value> {
            // Asking delivers.
            self.wire.hub.stats();
            std::mem::take(&mut ear.0.lock().unwrap())
        }
    }

    fn series(symbol: &str) -> Series {
        Series {
            symbol: symbol.parse().unwrap(),
            interval: Interval::S1,
        }
    }

    #[test]
    fn several_changes_of_a_bar_within_a_moment_are_one() {
        let mut market = Market::new(&["A"]);
        let (ear, _membership) = market.listen(&chart_of(series("A")));
        let begun = Instant::now();
        market.floor.chart(series("A"), &market.wire, begun).unwrap();
        let bars = |heard: Vec<Value>| {
            let bar =
                |event: Value| json!([event["offset"], event["bar"][0], event["bar"][4], event["bar"][6]]);
            heard.into_iter().map(bar).collect::<Vec<_>>()
        };

        market.tick("A", 100, 1);
        market.floor.tell(&market.wire, begun);
        assert_eq!(
            bars(market.heard(&ear)),
            [json!([1, 0, 1, 0])],
            "the first is told at once"
        );
        market.tick("A", 200, 2);
        market.tick("A", 300, 3);
        market.floor.tell(&market.wire, begun + BAR_TIME / 2);
        assert!(market.heard(&ear).is_empty());
        // The bar that is over is told to its end.
        market.tick("A", 900, 4);
        market.tick("A", 1100, 5);
        market.floor.tell(&market.wire, begun + BAR_TIME);
        assert_eq!(
            bars(market.heard(&ear)),
            [json!([2, 0, 4, 3]), json!([3, 1000, 5, 0])]
        );
        // And what comes late changes it.
        market.tick("A", 950, 6);
        market.floor.tell(&market.wire, begun + BAR_TIME * 2);
        assert_eq!(bars(market.heard(&ear)), [json!([4, 0, 6, 4])]);
        market.floor.tell(&market.wire, begun + BAR_TIME * 3);
        assert!(market.heard(&ear).is_empty(), "no news");
    }

    #[test]
    fn halts_are_told_and_what_comes_too_late_changes_nothing() {
        let mut market = Market::new(&["A", "B"]);
        let symbol: Symbol = "A".parse().unwrap();
        let (ear, _membership) = market.listen(&quotes_of(symbol));
        market.floor.traded.get_mut(&symbol).unwrap().watchers = 1;
        let halted = FeedEvent::Halted {
            symbol,
            until_ms: None,
        };
        market.floor.take(&halted);
        assert_eq!(
            market.floor.tell(&market.wire, Instant::now()),
            0,
            "before its first trade"
        );

        assert_eq!(market.tick("A", 100_000, 7), Taken::Tick);
        market.tick("A", 100_001, 8);
        market.tick("B", 100_001, 8);
        assert_eq!(market.tick("A", 30_000, 9), Taken::TooLate);
        assert_eq!(market.tick("C", 100_000, 9), Taken::Nothing);
        assert_eq!(
            market.floor.tell(&market.wire, Instant::now()),
            1,
            "nobody watches B"
        );
        market.floor.take(&FeedEvent::Resumed { symbol });
        market.floor.tell(&market.wire, Instant::now());
        let heard = market.heard(&ear);
        let states: Vec<_> = heard
            .iter()
            .map(|quote| (&quote["price"], &quote["state"]))
            .collect();
        assert_eq!(
            states,
            [(&json!(8), &json!("halted")), (&json!(8), &json!("open"))]
        );
        assert_eq!(market.wire.encodings.get(), 2, "in the one form that is spoken");
    }

    #[test]
    fn so_many_charts_that_nobody_looks_at_are_kept_and_only_for_a_while() {
        let symbols: Vec<_> = (0..IDLE_CHARTS + 2).map(|n| format!("S{n}")).collect();
        let symbols: Vec<_> = symbols.iter().map(String::as_str).collect();
        let mut market = Market::new(&symbols);
        let begun = Instant::now();
        for (n, symbol) in (0..).zip(&symbols) {
            let now = begun + Duration::from_millis(n);
            let chart = market.floor.chart(series(symbol), &market.wire, now).unwrap();
            if n == 0 {
                chart.begin(None, now);
            }
        }
        market.floor.sweep(&market.wire, begun + IDLE_TIME);
        assert_eq!(
            market.floor.charts.len(),
            IDLE_CHARTS + 1,
            "and one that somebody follows"
        );
        assert!(market.floor.followed(series("S0")).is_some());
        assert!(
            market.floor.followed(series("S1")).is_none(),
            "looked at longest ago"
        );
        market.floor.sweep(&market.wire, begun + IDLE_TIME * 2);
        assert_eq!(market.floor.charts.len(), 1);

        let now = begun + IDLE_TIME * 2;
        market.floor.followed(series("S0")).unwrap().end(now);
        market.floor.sweep(&market.wire, now + IDLE_TIME);
        assert_eq!(market.floor.charts.len(), 1, "it may be looked at again");
        market.floor.sweep(&market.wire, now + IDLE_TIME * 2);
        assert_eq!(market.floor.charts.len(), 0);
    }
}
