//! One suite for all feeds, and what is special to the one over WebSocket.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use madang_server::feed::{FEED_EVENTS, FEED_MESSAGE_BYTES, PING_TIME, WebSocketFeed};
use madang_server::market::{
    Bars, Feed, FeedEvent, Interval, PaceChange, Price, Recording, Replay, Simulator, Speed, Symbol, Tick,
    Volume, invented,
};
use madang_ws::CloseCode;

use crate::feed_server::{FeedServer, Plan, Recorded};
use crate::running::PATIENCE;

const START: i64 = 1_772_409_600_000;

/// How long a feed is listened to that doesn't end.
const SPAN: i64 = 300_000;

/// Whoever asks a feed: at each moment when something is due, or only so often.
#[derive(Clone, Copy, Debug)]
enum Asking {
    WhenDue,
    Every(i64),
}

/// A feed that the suite is run on.
trait Case {
    /// Opened anew, it tells the same.
    async fn open(&self) -> Box<dyn Feed>;
}

struct Simulated;
struct Replayed;
struct Told(FeedServer);

impl Case for Simulated {
    async fn open(&self) -> Box<dyn Feed> {
        Box::new(simulator())
    }
}

impl Case for Replayed {
    async fn open(&self) -> Box<dyn Feed> {
        Box::new(Replay::new(recording(), Speed::new(30).unwrap(), START))
    }
}

impl Case for Told {
    async fn open(&self) -> Box<dyn Feed> {
        Box::new(WebSocketFeed::open(&self.0.url))
    }
}

fn simulator() -> Simulator {
    Simulator::new(7, invented(8), 2, START)
}

fn recording() -> Arc<Recording> {
    let file = include_bytes!("../../replays/market.csv");
    Arc::new(Recording::read(&file[..]).unwrap())
}

/// What a simulator has told, to be told again.
async fn recorded() -> Recorded {
    let mut simulator = simulator();
    let events = listen(&mut simulator, Asking::Every(1_000)).await;
    let is_halt = |event: &FeedEvent| matches!(event, FeedEvent::Halted { .. });
    assert!(events.iter().any(is_halt), "the suite is to see one");
    Recorded::new(simulator.listings().to_vec(), events)
}

/// All that a feed tells in its time. A clock runs only where time alone brings events.
async fn listen(feed: &mut dyn Feed, asking: Asking) -> Vec<FeedEvent> {
    let mut now = START;
    let mut told = Vec::new();
    loop {
        let next = poll_fn(|cx| {
            loop {
                if let Poll::Ready(event) = feed.poll_event(now, cx) {
                    return Poll::Ready(Some(event));
                }
                match feed.poll_timeout() {
                    None => return Poll::Pending,
                    Some(_) if now >= START + SPAN => return Poll::Ready(None),
                    Some(due) => {
                        assert!(due > now, "due, and not told");
                        let next = match asking {
                            Asking::WhenDue => due,
                            Asking::Every(step) => now + step,
                        };
                        now = next.min(START + SPAN);
                        if now == due {
                            assert_eq!(
                                feed.poll_event(due - 1, cx),
                                Poll::Pending,
                                "told before it's due"
                            );
                        }
                    }
                }
            }
        });
        let next = tokio::time::timeout(PATIENCE, next).await;
        let Some(event) = next.expect("an event or an end in time") else {
            return told;
        };
        let ended = event == FeedEvent::Ended;
        told.push(event);
        if ended {
            return told;
        }
    }
}

async fn next(feed: &mut dyn Feed) -> FeedEvent {
    poll_fn(|cx| feed.poll_event(START, cx)).await
}

fn ticks(events: &[FeedEvent]) -> Vec<Tick> {
    let tick = |event: &FeedEvent| match event {
        FeedEvent::Tick(tick) => Some(*tick),
        _ => None,
    };
    events.iter().filter_map(tick).collect()
}

/// What holds for every feed.
async fn suite(case: impl Case) {
    let mut feed = case.open().await;
    let told = listen(feed.as_mut(), Asking::WhenDue).await;
    every_symbol_is_listed(feed.as_ref(), &told);
    numbers_rise_and_what_is_missing_is_told(&told);
    nothing_is_traded_in_what_is_halted(&told);
    bars_are_those_of_the_sorted_ticks(feed.as_ref(), &told);
    nothing_follows_the_end(feed.as_mut(), &told).await;
    for asking in [Asking::WhenDue, Asking::Every(250), Asking::Every(SPAN / 6)] {
        let again = listen(case.open().await.as_mut(), asking).await;
        assert_eq!(again, told, "asked {asking:?}");
    }
}

fn every_symbol_is_listed(feed: &dyn Feed, told: &[FeedEvent]) {
    let listings = feed.listings();
    let symbols: HashSet<_> = listings.iter().map(|listing| listing.symbol).collect();
    assert_eq!(symbols.len(), listings.len(), "each once");
    assert!(ticks(told).iter().all(|tick| symbols.contains(&tick.symbol)));
    let traded: HashSet<_> = ticks(told).iter().map(|tick| tick.symbol).collect();
    assert_eq!(traded, symbols, "the suite is to see all of them");
    // One that isn't known from the start is listed before it's traded.
    let mut listed: HashSet<Symbol> = HashSet::new();
    for event in told {
        match event {
            FeedEvent::Listed(symbol) => assert!(listed.insert(*symbol), "without need"),
            FeedEvent::Tick(tick) => assert!(listed.is_empty() || listed.contains(&tick.symbol)),
            _ => {}
        }
    }
}

fn numbers_rise_and_what_is_missing_is_told(told: &[FeedEvent]) {
    let mut last = 0;
    for event in told {
        match event {
            // Halts may have numbers too, which aren't told.
            FeedEvent::Tick(tick) => {
                assert!(tick.sequence > last, "{tick:?} after {last}");
                last = tick.sequence;
            }
            FeedEvent::Gap {
                from_sequence,
                to_sequence,
            } => {
                assert!(last < *from_sequence && from_sequence <= to_sequence);
                last = *to_sequence;
            }
            FeedEvent::Halted { .. } | FeedEvent::Resumed { .. } => {}
            FeedEvent::Restarted => last = 0,
            FeedEvent::Listed(_) | FeedEvent::Unlisted(_) | FeedEvent::Ended => {}
        }
    }
}

fn nothing_is_traded_in_what_is_halted(told: &[FeedEvent]) {
    let mut halted = HashSet::new();
    for event in told {
        match event {
            FeedEvent::Halted { symbol, .. } => assert!(halted.insert(*symbol), "twice"),
            FeedEvent::Resumed { symbol } => assert!(halted.remove(symbol), "it wasn't halted"),
            FeedEvent::Tick(tick) => assert!(!halted.contains(&tick.symbol)),
            _ => {}
        }
    }
}

fn bars_are_those_of_the_sorted_ticks(feed: &dyn Feed, told: &[FeedEvent]) {
    for listing in feed.listings() {
        let bars = |ticks: &[Tick]| {
            let mut bars = Bars::new(listing.utc_offset_minutes);
            for tick in ticks {
                bars.push(tick).expect("in time");
            }
            Interval::ALL.map(|interval| bars.recent(interval).copied().collect::<Vec<_>>())
        };
        let mut own = ticks(told);
        own.retain(|tick| tick.symbol == listing.symbol);
        let mut sorted = own.clone();
        sorted.sort_by_key(Tick::order);
        assert_eq!(bars(&own), bars(&sorted));
    }
}

async fn nothing_follows_the_end(feed: &mut dyn Feed, told: &[FeedEvent]) {
    let ends = told.iter().filter(|event| **event == FeedEvent::Ended).count();
    if ends == 0 {
        return;
    }
    assert_eq!((ends, told.last()), (1, Some(&FeedEvent::Ended)));
    let more = poll_fn(|cx| Poll::Ready(feed.poll_event(i64::MAX / 2, cx))).await;
    assert_eq!(more, Poll::Pending);
    assert_eq!(feed.poll_timeout(), None);
}

#[tokio::test]
async fn a_simulator_is_a_feed() {
    suite(Simulated).await;
}

#[tokio::test]
async fn a_replay_is_a_feed() {
    suite(Replayed).await;
}

#[tokio::test]
async fn a_server_over_websocket_is_a_feed() {
    suite(Told(FeedServer::start(recorded().await, [Plan::Whole]).await)).await;
}

#[tokio::test]
async fn a_server_that_loses_events_is_a_feed() {
    suite(Told(
        FeedServer::start(recorded().await, [Plan::Losing(100..=120)]).await,
    ))
    .await;
}

#[tokio::test]
async fn a_lost_connection_is_made_again_and_nothing_is_missing_or_told_twice() {
    let recorded = recorded().await;
    let plans = [
        Plan::Refused,
        Plan::CutAfter(500),
        Plan::CutAfter(500),
        Plan::CutAfter(2_000),
        Plan::Whole,
    ];
    let server = FeedServer::start(recorded.clone(), plans).await;
    let mut feed = WebSocketFeed::open(&server.url);
    let mut told = listen(&mut feed, Asking::WhenDue).await;
    told.retain(|event| !matches!(event, FeedEvent::Listed(_)));
    assert_eq!(told.pop(), Some(FeedEvent::Ended));
    assert_eq!(told, recorded.events());
    assert_eq!(
        *server.asked.lock().unwrap(),
        [None, Some(500), Some(500), Some(2_000)]
    );
}

#[tokio::test]
async fn lost_events_are_told_with_their_numbers() {
    let recorded = recorded().await;
    let server = FeedServer::start(recorded.clone(), [Plan::CutAfter(99), Plan::Losing(100..=120)]).await;
    let told = listen(&mut WebSocketFeed::open(&server.url), Asking::WhenDue).await;
    let gaps: Vec<_> = told
        .iter()
        .filter(|event| matches!(event, FeedEvent::Gap { .. }))
        .collect();
    let gap = FeedEvent::Gap {
        from_sequence: 100,
        to_sequence: 120,
    };
    assert_eq!(gaps, [&gap]);
    // The listings came twice, and were news once.
    let listed = told
        .iter()
        .filter(|event| matches!(event, FeedEvent::Listed(_)))
        .count();
    assert_eq!(told.len(), listed + recorded.events().len() - 21 + 1 + 1);
    assert_eq!(listed, 8);
}

#[tokio::test]
async fn a_server_that_says_what_it_must_not_is_left_and_tried_again() {
    let recorded = recorded().await;
    let unlisted = r#"{"type":"ticks","ticks":[[1,1,"NOBODY",1,1]]}"#.to_owned();
    let too_long = " ".repeat(FEED_MESSAGE_BYTES + 1);
    let plans = [Plan::Saying(unlisted), Plan::Saying(too_long), Plan::Whole];
    let server = FeedServer::start(recorded.clone(), plans).await;
    let told = listen(&mut WebSocketFeed::open(&server.url), Asking::WhenDue).await;
    assert_eq!(ticks(&told), ticks(recorded.events()));
    let closed = server.closed.lock().unwrap();
    assert_eq!(closed[..2], [CloseCode::POLICY, CloseCode::TOO_BIG]);
}

#[tokio::test]
async fn a_message_may_be_as_long_as_it_may() {
    let recorded = recorded().await;
    let mut longest = r#"{"type":"ended"}"#.to_owned();
    longest.extend(std::iter::repeat_n(' ', FEED_MESSAGE_BYTES - longest.len()));
    let server = FeedServer::start(recorded, [Plan::Saying(longest)]).await;
    let told = listen(&mut WebSocketFeed::open(&server.url), Asking::WhenDue).await;
    assert_eq!(told.last(), Some(&FeedEvent::Ended));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_gone_silent_is_left_and_tried_again() {
    let recorded = recorded().await;
    let server = FeedServer::start(recorded.clone(), [Plan::Silent, Plan::Whole]).await;
    let mut feed = WebSocketFeed::open(&server.url);
    let began = tokio::time::Instant::now();
    while !matches!(next(&mut feed).await, FeedEvent::Tick(_)) {}
    let waited = began.elapsed();
    assert!((PING_TIME * 3..PING_TIME * 4).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn a_feed_that_nobody_asks_makes_its_server_wait_and_loses_nothing() {
    let price = Price::new(1).unwrap();
    let listings = invented(1);
    let tick = |sequence| {
        FeedEvent::Tick(Tick {
            symbol: listings[0].symbol,
            at_ms: 1,
            price,
            volume: Volume::NONE,
            sequence,
        })
    };
    let count = FEED_EVENTS as u64 + 10_000;
    let recorded = Recorded::new(listings.clone(), (1..=count).map(tick));
    let server = FeedServer::start(recorded, [Plan::Whole]).await;
    let mut feed = WebSocketFeed::open(&server.url);
    let mut sent = server.sent.clone();
    let enough = sent.wait_for(|sent| *sent > FEED_EVENTS as u64);
    tokio::time::timeout(PATIENCE, enough)
        .await
        .expect("so many in time")
        .unwrap();
    let told = listen(&mut feed, Asking::WhenDue).await;
    assert_eq!(ticks(&told).len() as u64, count);
    assert!(told.iter().all(|event| !matches!(event, FeedEvent::Gap { .. })));
}

#[tokio::test]
async fn a_replay_that_is_turned_tells_what_has_happened_until_then() {
    let recording = recording();
    let (from, to) = (recording.from(), recording.to());
    let mut replay = Replay::new(recording.clone(), Speed::NORMAL, START);
    let handle = replay.handle();
    // All that is known at a time of the machine: what came before a restart holds no more.
    let mut known: Vec<FeedEvent> = Vec::new();
    let mut restarts = 0;
    let mut listen = |replay: &mut Replay, now: i64| {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(event) = replay.poll_event(now, &mut cx) {
            if event == FeedEvent::Restarted {
                known.clear();
                restarts += 1;
            } else {
                known.push(event);
            }
        }
        (ticks(&known), known.contains(&FeedEvent::Ended), restarts)
    };
    let until = |at: i64| {
        let until = recording.ticks().iter().take_while(|tick| tick.at_ms <= at);
        until.copied().collect::<Vec<_>>()
    };
    let seek = |at: i64| PaceChange {
        seek_ms: Some(at),
        ..PaceChange::default()
    };
    assert_eq!(
        listen(&mut replay, START + 60_000),
        (until(from + 60_000), false, 1)
    );
    handle.change(&seek(from + 1_800_000), START + 60_000);
    assert_eq!(
        listen(&mut replay, START + 60_000),
        (until(from + 1_800_000), false, 1),
        "forward"
    );
    handle.change(&seek(from + 600_000), START + 60_000);
    assert_eq!(
        listen(&mut replay, START + 61_000),
        (until(from + 601_000), false, 2),
        "back"
    );
    let speed = PaceChange {
        speed: Some(Speed::new(1000).unwrap()),
        ..PaceChange::default()
    };
    handle.change(&speed, START + 61_000);
    assert_eq!(
        listen(&mut replay, START + 61_100),
        (until(from + 701_000), false, 2),
        "faster"
    );
    let paused = |paused| PaceChange {
        paused: Some(paused),
        ..PaceChange::default()
    };
    handle.change(&paused(true), START + 61_100);
    assert_eq!(replay.poll_timeout(), None);
    assert_eq!(
        listen(&mut replay, START + 99_000),
        (until(from + 701_000), false, 2),
        "paused"
    );
    handle.change(&seek(to), START + 99_000);
    assert_eq!(
        listen(&mut replay, START + 99_000),
        (until(to), true, 2),
        "to the end"
    );
    handle.change(&seek(from), START + 99_000);
    assert_eq!(
        listen(&mut replay, START + 99_000),
        (until(from), false, 3),
        "and from there"
    );
    assert_eq!(handle.state(START + 99_000).at, from);
}

#[tokio::test]
async fn whoever_waits_for_a_replay_hears_that_it_was_turned() {
    let recording = recording();
    let mut replay = Replay::new(recording.clone(), Speed::NORMAL, START);
    let handle = replay.handle();
    let paused = PaceChange {
        paused: Some(true),
        ..PaceChange::default()
    };
    handle.change(&paused, START);
    let waiting = tokio::spawn(async move {
        let mut told = Vec::new();
        while told.last() != Some(&FeedEvent::Ended) {
            told.push(next(&mut replay).await);
        }
        told.len()
    });
    // It has told all that there is to tell, and sleeps.
    tokio::task::yield_now().await;
    let to = PaceChange {
        seek_ms: Some(recording.to()),
        ..PaceChange::default()
    };
    handle.change(&to, START);
    let told = tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("an end in time")
        .unwrap();
    assert_eq!(told, recording.ticks().len() + 2);
}
