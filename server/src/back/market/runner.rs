//! Runs the feed, turn by turn.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::keeper::Keeper;
use super::loader::{RETRY_TIME, stored_bars, trade_on};
use super::settings::{FeedSource, MarketSettings};
use super::traded::Traded;
use super::{Market, now_ms};
use crate::feed::WebSocketFeed;
use crate::market::{Bars, Feed, FeedEvent, Interval, Listing, Replay, Simulator, Symbol, invented};
use crate::store::{Store, StoreError, StoredBar};

/// How long a turn is: what happens within it reaches a viewer in one write, and nobody sees that it's a fiftieth of a second late.
pub const TURN_TIME: Duration = Duration::from_millis(20);

/// Events of one turn: after so many, others have the floor for a moment.
const TURN_EVENTS: usize = 10_000;

/// How often bars are stored.
const SAVE_TIME: Duration = Duration::from_secs(1);

/// Bars of a replay that wait to be stored, from which on its time waits too.
const REPLAY_AHEAD: usize = 20_000;

/// A feed, and what only a simulator can do.
pub(in crate::back) enum Source {
    Simulator(Box<Simulator>),
    Other(Box<dyn Feed>),
}

/// How a turn has ended.
enum Turn {
    /// For now there is no more.
    Over,
    /// There is more.
    Full,
    Restarted,
}

impl Source {
    fn feed(&mut self) -> &mut dyn Feed {
        match self {
            Self::Simulator(feed) => feed.as_mut(),
            Self::Other(feed) => feed.as_mut(),
        }
    }
}

impl Market {
    /// The feed of these settings, if there is one.
    pub(in crate::back) fn feed(&self, settings: &MarketSettings) -> Option<Source> {
        match &settings.source {
            FeedSource::None => None,
            FeedSource::Simulator(seed) => {
                let listings = invented(settings.symbols);
                let simulator = Simulator::new(*seed, listings, settings.ticks, now_ms());
                Some(Source::Simulator(Box::new(simulator)))
            }
            FeedSource::Replay(recording, speed) => {
                let replay = Replay::new(recording.clone(), *speed, now_ms());
                // There was none.
                let _ = self.replay.set(replay.handle());
                Some(Source::Other(Box::new(replay)))
            }
            FeedSource::WebSocket(url) => Some(Source::Other(Box::new(WebSocketFeed::open(url.as_str())))),
        }
    }

    /// Runs a feed until the server stops, and stores what it has told last.
    pub(in crate::back) async fn run(self: Arc<Self>, source: Option<Source>, stop: CancellationToken) {
        if let Some(mut source) = source {
            let prepared = stop.run_until_cancelled(self.prepare(&mut source)).await;
            if prepared.is_none() {
                return;
            }
            self.opened.send_replace(true);
            tokio::join!(self.turns(&mut source, &stop), self.let_in(&stop));
            self.save().await;
        } else {
            self.opened.send_replace(true);
        }
    }

    async fn prepare(&self, source: &mut Source) {
        if let FeedSource::Replay(..) = self.source {
            self.begin_anew().await;
        }
        for listing in source.feed().listings().to_vec() {
            self.list(listing, source).await;
        }
    }

    async fn turns(self: &Arc<Self>, source: &mut Source, stop: &CancellationToken) {
        let mut beat = interval(TURN_TIME);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut now, mut kept, mut full) = (now_ms(), Instant::now(), false);
        let mut keeper = Some(Keeper::default());
        let mut keeping = None;
        loop {
            if full {
                tokio::task::yield_now().await;
            } else {
                beat.tick().await;
            }
            if stop.is_cancelled() {
                break;
            }
            now = now.max(now_ms());
            let turn = self.turn_of(source.feed(), now);
            full = !matches!(turn, Turn::Over);
            match turn {
                Turn::Over | Turn::Full => {}
                Turn::Restarted => {
                    // What is being stored belongs to what holds no more.
                    if let Some(keeping) = keeping.take() {
                        keeper = kept_by(keeping).await;
                    }
                    stop.run_until_cancelled(self.begin_anew()).await;
                }
            }
            let is_ahead = self.is_ahead();
            if kept.elapsed() >= SAVE_TIME || is_ahead {
                if let Some(keeping) =
                    keeping.take_if(|keeping: &mut Keeping| is_ahead || keeping.is_finished())
                {
                    keeper = kept_by(keeping).await;
                }
                if let Some(mut keeper) = keeper.take() {
                    let market = self.clone();
                    self.floor().sweep(&self.wire, Instant::now());
                    keeping = Some(tokio::spawn(async move {
                        keeper.keep(&market).await;
                        keeper
                    }));
                    kept = Instant::now();
                }
            }
        }
        if let Some(keeping) = keeping {
            kept_by(keeping).await;
        }
    }

    /// One turn: what has happened until now, told to everybody.
    fn turn_of(&self, feed: &mut dyn Feed, now: i64) -> Turn {
        let mut cx = Context::from_waker(Waker::noop());
        let mut floor = self.floor();
        let mut turn = Turn::Full;
        for _ in 0..TURN_EVENTS {
            match feed.poll_event(now, &mut cx) {
                Poll::Pending => turn = Turn::Over,
                Poll::Ready(FeedEvent::Restarted) => turn = Turn::Restarted,
                Poll::Ready(FeedEvent::Listed(symbol)) => {
                    let listing = feed.listings().iter().find(|listing| listing.symbol == symbol);
                    if let Some(listing) = listing {
                        self.counters.late.inc_by(floor.list(listing.clone()));
                        self.listed.notify_one();
                    }
                    continue;
                }
                Poll::Ready(FeedEvent::Unlisted(symbol)) => {
                    self.counters.late.inc_by(floor.unlist(symbol, &self.wire));
                    continue;
                }
                Poll::Ready(event) => {
                    self.counters.count(floor.take(&event));
                    continue;
                }
            }
            break;
        }
        let quotes = floor.tell(&self.wire, Instant::now());
        self.counters.quotes.inc_by(quotes);
        turn
    }

    /// Whether a replay is so fast that its bars can't be stored.
    fn is_ahead(&self) -> bool {
        self.replay().is_some() && {
            let mut floor = self.floor();
            self.counters.lost.inc_by(floor.collect());
            floor.waiting() > REPLAY_AHEAD
        }
    }

    /// Lists a symbol that is there from the start, with the bars that are stored of it. As long as the database doesn't say which, it waits.
    async fn list(&self, listing: Listing, source: &mut Source) {
        loop {
            match self.try_list(&listing, source).await {
                Ok(bars) => return self.floor().enlist(Traded::new(listing, bars), &self.wire),
                Err(error) => {
                    tracing::warn!(%error, symbol = listing.symbol.as_str(), "bars can't be read; trying again");
                    tokio::time::sleep(RETRY_TIME).await;
                }
            }
        }
    }

    async fn try_list(&self, listing: &Listing, source: &mut Source) -> Result<Bars, StoreError> {
        let (store, symbol) = (self.store(), listing.symbol);
        trade_on(&store, listing, None).await?;
        let mut bars = stored_bars(&store, listing).await?;
        if let Source::Simulator(simulator) = source {
            if let Some(price) = bars.price() {
                simulator.set_price(symbol, price);
            }
            let known = Interval::ALL.into_iter().find_map(|interval| {
                let last = bars.last(interval)?;
                Some(last.open_at + interval.ms())
            });
            make_up(simulator, &store, symbol, known.unwrap_or(0), &mut bars).await?;
        }
        Ok(bars)
    }

    /// All that was told so far holds no more: a replay fills a database in memory, which is new now.
    async fn begin_anew(&self) {
        if let FeedSource::Replay(..) = self.source {
            let store = loop {
                match Store::in_memory().await {
                    Ok(store) => break store,
                    Err(error) => {
                        tracing::error!(%error, "there is no database in memory; trying again");
                        tokio::time::sleep(RETRY_TIME).await;
                    }
                }
            };
            *self.store.lock().unwrap_or_else(PoisonError::into_inner) = store;
        }
        self.floor().begin_anew(&self.wire);
    }
}

/// Makes up the past of a symbol from where it's known on, and stores it.
async fn make_up(
    simulator: &mut Simulator,
    store: &Store,
    symbol: Symbol,
    known_ms: i64,
    bars: &mut Bars,
) -> Result<(), StoreError> {
    let mut changed = BTreeMap::new();
    for (tick, shortest) in simulator.history(symbol, known_ms, now_ms()) {
        // None of them is late.
        for (interval, bar) in bars.push_from(&tick, shortest).unwrap_or_default() {
            changed.insert((interval, bar.open_at), bar);
        }
    }
    let row = |((interval, _), bar)| StoredBar::new(symbol, interval, &bar);
    let rows: Vec<_> = changed.into_iter().map(row).collect();
    store.put_bars(&rows).await
}

type Keeping = tokio::task::JoinHandle<Keeper>;

/// The keeper comes back; a new one, should it have panicked.
async fn kept_by(keeping: Keeping) -> Option<Keeper> {
    Some(keeping.await.unwrap_or_default())
}
