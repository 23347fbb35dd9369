//! A market that is made up: the same seed and times, the same ticks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::task::{Context, Poll};
use std::time::Duration;

use super::feed::{Feed, FeedEvent};
use super::interval::Interval;
use super::listing::Listing;
use super::listings::worth;
use super::random::mix;
use super::stock::{Step, Stock};
use super::values::{Price, Symbol, Tick, Volume};

/// Ticks of a symbol in a second at most: what the busiest there are have.
pub const TICKS_LIMIT: u32 = 100;

/// How far behind the time a simulator may be and still make up for it. A machine that slept longer finds that nothing was traded.
pub const BEHIND_LIMIT: Duration = Duration::from_secs(60);

/// How many days back a made-up past begins.
pub const HISTORY_DAYS: i64 = 300;

/// How the past is made up: so far back, bars of this interval and longer, out of one tick in so many milliseconds. A chart of 300 bars is full with each.
const PAST: [(i64, Interval, i64); 7] = [
    (HISTORY_DAYS * 86_400_000, Interval::D1, 21_600_000),
    (14 * 86_400_000, Interval::H1, 1_800_000),
    (4 * 86_400_000, Interval::M15, 300_000),
    (2 * 86_400_000, Interval::M5, 100_000),
    (86_400_000, Interval::M1, 20_000),
    (1_800_000, Interval::S5, 2_500),
    (300_000, Interval::S1, 500),
];

/// A market that is made up. It is calm, goes one way for a while, jumps, and stops.
#[derive(Clone, Debug)]
pub struct Simulator {
    listings: Vec<Listing>,
    stocks: Vec<Stock>,
    /// When which of them is next, and when it was last.
    due: BinaryHeap<Reverse<(i64, usize, i64)>>,
    /// Milliseconds between two ticks of a symbol, at the least and at the most.
    pause: (i64, i64),
    sequence: u64,
    checksum: u64,
}

impl Simulator {
    /// A market that opens now, with so many ticks a second for each symbol: 1 to [`TICKS_LIMIT`].
    pub fn new(seed: u64, listings: Vec<Listing>, ticks: u32, now_ms: i64) -> Self {
        let ticks = i64::from(ticks.clamp(1, TICKS_LIMIT));
        let pause = (500 / ticks, 1_500 / ticks);
        let mut stocks: Vec<_> = (listings.iter().zip(0..))
            .map(|(listing, n)| {
                // The worth is the seed's alone: what was stored of an earlier run goes on.
                let worth = worth(listing, mix(seed ^ mix(n)));
                Stock::new(worth, mix(seed ^ mix(n)) ^ mix(now_ms as u64), now_ms)
            })
            .collect();
        let due = stocks.iter_mut().enumerate();
        let due = due.map(|(n, stock)| Reverse((now_ms + stock.between(1, pause.1), n, now_ms)));
        Self {
            due: due.collect(),
            listings,
            stocks,
            pause,
            sequence: 0,
            checksum: 0,
        }
    }

    /// Goes on from the last price that is known of a symbol, before anything was asked for.
    pub fn set_price(&mut self, symbol: Symbol, price: Price) {
        let found = self.listings.iter().zip(&mut self.stocks);
        for (_, stock) in found.filter(|(listing, _)| listing.symbol == symbol) {
            stock.set_price(price);
        }
    }

    /// Makes up what was traded in a symbol before `to_ms`: from [`HISTORY_DAYS`] back, or from `from_ms` if that is later, where what is known ends. Each
    /// tick comes with the shortest interval that has enough of them: [`Bars::push_from`](super::Bars::push_from) takes both. Call it before anything else is asked for, so
    /// that the first price follows the last.
    pub fn history(
        &mut self,
        symbol: Symbol,
        from_ms: i64,
        to_ms: i64,
    ) -> impl Iterator<Item = (Tick, Interval)> {
        let offset = |listing: &Listing| listing.utc_offset_minutes;
        let place = self.listings.iter().position(|listing| listing.symbol == symbol);
        let offset = place.and_then(|place| self.listings.get(place)).map_or(0, offset);
        let mut stock = place.and_then(|place| self.stocks.get_mut(place));
        let starts = PAST.map(|(back, interval, _)| interval.open_at(to_ms - back, offset));
        let mut at_ms = starts[0].max(from_ms);
        let mut passed_ms = 0;
        let pause_ms = (self.pause.0 + self.pause.1) / 2;
        if let Some(stock) = &mut stock {
            stock.go_back(at_ms);
        }
        stock.into_iter().flat_map(move |stock| {
            std::iter::from_fn(move || {
                if at_ms >= to_ms {
                    return None;
                }
                let (price, lots) = stock.past(at_ms, passed_ms);
                // One stands for all that there would have been.
                let volume = Volume::new(lots.lots() * (passed_ms / pause_ms).max(1)).unwrap_or(lots);
                let tick = Tick {
                    symbol,
                    at_ms,
                    price,
                    volume,
                    sequence: 0,
                };
                let begun = starts.iter().take_while(|start| **start <= at_ms).count().max(1);
                let (_, interval, step) = PAST[begun - 1];
                let next = starts.get(begun).map_or(to_ms, |start| *start);
                passed_ms = step.min(next - at_ms).max(1);
                at_ms += passed_ms;
                Some((tick, interval))
            })
        })
    }

    /// The sum of all that was told, in order.
    pub fn checksum(&self) -> u64 {
        self.checksum
    }

    fn add(&mut self, words: [i64; 5], symbol: Symbol) {
        let words = words.map(|word| word as u64);
        let symbol = symbol.as_str().bytes().map(u64::from);
        for word in symbol.chain(words) {
            self.checksum = mix(self.checksum.rotate_left(7) ^ word);
        }
    }

    /// Forgets what should have happened while nobody asked.
    fn leave_out(&mut self, now_ms: i64) {
        let behind = std::mem::take(&mut self.due).into_iter();
        self.due = behind
            .map(|Reverse((at, n, last))| Reverse((at.max(now_ms), n, last)))
            .collect();
    }
}

impl Feed for Simulator {
    fn listings(&self) -> &[Listing] {
        &self.listings
    }

    fn poll_event(&mut self, now_ms: i64, _: &mut Context<'_>) -> Poll<FeedEvent> {
        const BEHIND_MS: i64 = BEHIND_LIMIT.as_millis() as i64;
        if self.poll_timeout().is_some_and(|due| due < now_ms - BEHIND_MS) {
            self.leave_out(now_ms);
        }
        let Some(Reverse((at_ms, n, last_ms))) = self.due.peek().copied().filter(|one| one.0.0 <= now_ms)
        else {
            return Poll::Pending;
        };
        self.due.pop();
        let (Some(stock), Some(listing)) = (self.stocks.get_mut(n), self.listings.get(n)) else {
            return Poll::Pending;
        };
        let symbol = listing.symbol;
        let step = stock.step(at_ms, at_ms - last_ms);
        let next_ms = match step {
            Step::Halt { until_ms } => until_ms,
            _ => at_ms + stock.between(self.pause.0, self.pause.1).max(1),
        };
        self.due.push(Reverse((next_ms, n, at_ms)));
        Poll::Ready(match step {
            Step::Trade { price, volume } => {
                self.sequence += 1;
                let sequence = self.sequence;
                self.add([0, at_ms, price.units(), volume.lots(), sequence as i64], symbol);
                FeedEvent::Tick(Tick {
                    symbol,
                    at_ms,
                    price,
                    volume,
                    sequence,
                })
            }
            Step::Halt { until_ms } => {
                self.add([1, at_ms, until_ms, 0, 0], symbol);
                FeedEvent::Halted {
                    symbol,
                    until_ms: Some(until_ms),
                }
            }
            Step::Resume => {
                self.add([2, at_ms, 0, 0, 0], symbol);
                FeedEvent::Resumed { symbol }
            }
        })
    }

    fn poll_timeout(&self) -> Option<i64> {
        self.due.peek().map(|next| next.0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::task::Waker;

    use super::*;
    use crate::market::{Bars, invented};

    const START: i64 = 1_772_409_600_000;
    const MINUTE: i64 = 60_000;

    fn simulator(seed: u64, count: usize, ticks: u32) -> Simulator {
        Simulator::new(seed, invented(count), ticks, START)
    }

    fn events(simulator: &mut Simulator, now_ms: i64) -> Vec<FeedEvent> {
        let mut cx = Context::from_waker(Waker::noop());
        let next = || match simulator.poll_event(now_ms, &mut cx) {
            Poll::Ready(event) => Some(event),
            Poll::Pending => None,
        };
        std::iter::from_fn(next).collect()
    }

    /// Asked once a minute.
    fn run(simulator: &mut Simulator, minutes: i64) -> Vec<FeedEvent> {
        (1..=minutes)
            .flat_map(|minute| events(simulator, START + minute * MINUTE))
            .collect()
    }

    fn ticks(events: &[FeedEvent]) -> impl Iterator<Item = &Tick> {
        events.iter().filter_map(|event| match event {
            FeedEvent::Tick(tick) => Some(tick),
            _ => None,
        })
    }

    #[test]
    fn the_same_seed_gives_the_same_market_on_every_machine() {
        let checksum = |seed| {
            let mut simulator = simulator(seed, 8, 2);
            run(&mut simulator, 30);
            simulator.checksum()
        };
        assert_eq!(checksum(7), CHECKSUM);
        assert_ne!(checksum(8), CHECKSUM);
    }

    /// If this must change, charts change for everybody who has a seed.
    const CHECKSUM: u64 = 17_501_839_094_166_359_544;

    #[test]
    fn how_often_it_is_asked_changes_nothing() {
        let mut seldom = simulator(7, 8, 2);
        let told = run(&mut seldom, 10);
        let mut often = simulator(7, 8, 2);
        let mut again = Vec::new();
        while let Some(due) = often.poll_timeout().filter(|due| *due <= START + 10 * MINUTE) {
            assert_eq!(events(&mut often, due - 1), []);
            again.extend(events(&mut often, due));
        }
        assert_eq!(again, told);
        assert_eq!(often.checksum(), seldom.checksum());
    }

    #[test]
    fn a_company_has_its_fate_whoever_else_is_listed() {
        let told = |count| {
            let events = run(&mut simulator(7, count, 2), 5);
            let first = invented(1)[0].symbol;
            let ticks = ticks(&events).filter(|tick| tick.symbol == first);
            ticks
                .map(|tick| (tick.at_ms, tick.price, tick.volume))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(1), told(24));
    }

    #[test]
    fn ticks_come_as_often_as_they_are_asked_for() {
        for (asked, least, most) in [
            (1, 50, 70),
            (10, 540, 660),
            (TICKS_LIMIT, 5_400, 6_600),
            (TICKS_LIMIT + 1, 5_400, 6_600),
        ] {
            let events = run(&mut simulator(3, 1, asked), 1);
            let count = ticks(&events).count();
            assert!(
                (least..=most).contains(&count),
                "{count} in a minute at {asked} a second"
            );
        }
    }

    #[test]
    fn the_market_is_calm_goes_one_way_jumps_and_stops() {
        let events = run(&mut simulator(7, 24, 1), 60);
        let halts = events
            .iter()
            .filter(|event| matches!(event, FeedEvent::Halted { .. }))
            .count();
        assert!((5..100).contains(&halts), "{halts}");
        // In thousandths of the price, from one tick to the next and from one minute to the next.
        let moved = |a: Price, b: Price| (b.units() - a.units()).abs() * 1_000 / a.units();
        let mut last: HashMap<Symbol, Price> = HashMap::new();
        let mut jumps = 0;
        let mut small = 0;
        for tick in ticks(&events) {
            if let Some(before) = last.insert(tick.symbol, tick.price) {
                jumps += u32::from(moved(before, tick.price) >= 3);
                small += u32::from(moved(before, tick.price) <= 2);
            }
        }
        let all = ticks(&events).count();
        assert!((20..500).contains(&jumps), "{jumps}");
        assert!(small as usize > all * 9 / 10, "{small} of {all}");
    }

    #[test]
    fn a_machine_that_slept_finds_that_nothing_was_traded() {
        let limit = BEHIND_LIMIT.as_millis() as i64;
        let mut simulator = simulator(7, 1, 10);
        let first = simulator.poll_timeout().unwrap();
        let told = events(&mut simulator, first + limit);
        assert!(ticks(&told).count() > 200, "made up for");
        let due = simulator.poll_timeout().unwrap();
        let now = due + limit + 1;
        let told = events(&mut simulator, now);
        let told: Vec<_> = ticks(&told).map(|tick| tick.at_ms).collect();
        assert_eq!(told, [now]);
    }

    #[test]
    fn the_past_fills_a_chart_of_every_interval() {
        let mut simulator = simulator(7, 4, 2);
        for listing in invented(4) {
            let mut bars = Bars::new(listing.utc_offset_minutes);
            let mut opened: HashMap<Interval, Vec<i64>> = HashMap::new();
            let mut last = None;
            for (tick, shortest) in simulator.history(listing.symbol, i64::MIN, START) {
                assert!(tick.at_ms < START);
                for (interval, bar) in bars.push_from(&tick, shortest).unwrap() {
                    let opened = opened.entry(interval).or_default();
                    if opened.last() != Some(&bar.open_at) {
                        opened.push(bar.open_at);
                    }
                }
                last = Some(tick);
            }
            for interval in Interval::ALL {
                let opened = &opened[&interval];
                assert!(
                    (300..1_600).contains(&opened.len()),
                    "{interval}: {}",
                    opened.len()
                );
                let holes = opened
                    .windows(2)
                    .filter(|pair| pair[1] - pair[0] != interval.ms())
                    .count();
                assert_eq!(holes, 0, "{interval}");
            }
            // What follows goes on from there.
            let last = last.unwrap();
            let told = events(&mut simulator.clone(), START + MINUTE);
            let next = ticks(&told).find(|tick| tick.symbol == listing.symbol).unwrap();
            assert!((next.price.units() - last.price.units()).abs() * 50 < last.price.units());
        }
    }

    #[test]
    fn the_past_goes_on_where_what_is_known_ends() {
        let mut simulator = simulator(7, 1, 2);
        let symbol = invented(1)[0].symbol;
        let price = Price::new(123_456).unwrap();
        simulator.set_price(symbol, price);
        let known = START - 10 * MINUTE;
        let told: Vec<_> = simulator.history(symbol, known, START).collect();
        let (first, _) = told[0];
        assert_eq!(first.at_ms, known);
        assert!((first.price.units() - price.units()).abs() < 5_000, "{first:?}");
        assert!(told.windows(2).all(|pair| pair[0].0.at_ms < pair[1].0.at_ms));
        assert_eq!(simulator.history("NOBODY".parse().unwrap(), 0, START).count(), 0);
    }
}
