//! The market from outside: looked at over both kinds of socket and HTTP, while it goes on, is turned, halts and comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use madang_server::back::FeedSource;
use madang_server::market::{FeedEvent, Price, Tick, Volume};
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::feed_server::{FeedServer, Plan, Recorded};
use crate::market_viewer::{START, Viewer, WAYS, Way, body, header, recording};
use crate::running::{PASSWORD, Running, get, post};

/// The bars of a page, by when they begin.
fn by_time(page: &Value) -> BTreeMap<i64, Value> {
    let bars = page["bars"].as_array().unwrap().iter();
    bars.map(|bar| (bar[0].as_i64().unwrap(), bar.clone())).collect()
}

const A_DAY: &str = "0,A,100,5 0,B,7,1 1,A,102,1 2,A,99,2 7,A,101,3 65,A,103,1 3600,A,90,4 3600,B,8,1";

#[tokio::test(flavor = "multi_thread")]
async fn a_first_look_and_what_follows_have_no_hole_while_viewers_come_back() {
    for way in WAYS {
        let server = Running::simulating(TestDatabase::sqlite(), 1, 100).await;
        let symbol = server.fetch("/api/market/symbols", 200).await["symbols"][0]["symbol"].clone();
        let symbol = symbol.as_str().unwrap();
        let mut page = server.bars(symbol, "interval=1s&limit=50").await;
        let mut known = by_time(&page);
        for round in 0..4 {
            // Something happens while they are away.
            let offset = page["position"]["offset"].as_u64().unwrap();
            while server.bars(symbol, "interval=1s&limit=1").await["position"]["offset"].as_u64()
                < Some(offset + 3)
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let mut viewer = Viewer::new(&server, way).await;
            viewer.watch(&[symbol]).await;
            let charting = viewer.follow(&page).await;
            assert_eq!(charting["recovered"], true, "{way:?}, round {round}");
            assert!(charting["offset"].as_u64().unwrap() >= offset + 3);
            let end = charting["offset"].as_u64().unwrap() + 4;
            let changes = viewer.until("bar", |event| event["offset"] == end).await;
            let offsets: Vec<_> = changes
                .iter()
                .map(|event| event["offset"].as_u64().unwrap())
                .collect();
            assert_eq!(
                offsets,
                (offset + 1..=end).collect::<Vec<_>>(),
                "{way:?}, round {round}"
            );
            for change in changes {
                let bar = &change["bar"];
                let before = known.insert(bar[0].as_i64().unwrap(), bar.clone());
                let revision = before.map_or(-1, |before| before[6].as_i64().unwrap());
                assert!(bar[6].as_i64().unwrap() >= revision, "a bar never goes back");
            }
            // They go away, and read on from there.
            page["position"]["offset"] = end.into();
        }
        // What was heard is what is there, but for what has happened since.
        let now = by_time(&server.bars(symbol, "interval=1s&limit=50").await);
        let newest = *known.last_key_value().unwrap().0;
        for (open_at, bar) in now.range(..newest) {
            assert_eq!(known.get(open_at), Some(bar), "{way:?}");
        }
        assert!(now.range(..newest).count() > 40);
    }
}

#[tokio::test]
async fn both_ways_say_the_same_words() {
    let mut said = Vec::new();
    for way in WAYS {
        let server = Running::playing(A_DAY).await;
        server.counted("ticks", 2).await;
        let mut viewer = Viewer::new(&server, way).await;
        let mut words = vec![viewer.watch(&["A", "B"]).await];
        let page = server.bars("A", "interval=1m").await;
        words.push(viewer.follow(&page).await);
        for command in [
            json!({"type": "watch", "remove": ["B"]}),
            json!({"type": "watch", "add": ["C"]}),
            json!({"type": "chart", "symbol": "A", "interval": "2m"}),
            json!({"type": "resume"}),
        ] {
            viewer.say(&command).await;
            words.push(viewer.next().await);
        }
        server.turn_to(2);
        words.push(viewer.expect("quote").await);
        words.push(viewer.expect("bar").await);
        viewer.say(&json!({"type": "chart", "symbol": null})).await;
        words.push(viewer.next().await);
        for word in &mut words {
            // Each life has its own.
            if let Some(epoch) = word.get_mut("epoch") {
                *epoch = "e".into();
            }
        }
        said.push(words);
    }
    assert_eq!(said[0], said[1]);
    let expected = json!([
        {"type": "watching", "symbols": ["A", "B"], "quotes": [
            {"type": "quote", "symbol": "A", "scale": 0, "at": START, "price": 100, "open": 100, "high": 100, "low": 100, "previous_close": null, "volume": 5, "state": "open"},
            {"type": "quote", "symbol": "B", "scale": 0, "at": START, "price": 7, "open": 7, "high": 7, "low": 7, "previous_close": null, "volume": 1, "state": "open"},
        ]},
        {"type": "charting", "symbol": "A", "interval": "1m", "offset": 0, "epoch": "e", "recovered": true},
        {"type": "watching", "symbols": ["A"], "quotes": []},
        {"type": "error", "code": "symbol_unknown", "message": "there is no such symbol here"},
        {"type": "error", "code": "market_invalid", "message": "`interval` must be one of 1s, 5s, 1m, 5m, 15m, 1h, 1D"},
        {"type": "watching", "symbols": ["A"], "quotes": [
            {"type": "quote", "symbol": "A", "scale": 0, "at": START, "price": 100, "open": 100, "high": 100, "low": 100, "previous_close": null, "volume": 5, "state": "open"},
        ]},
        {"type": "quote", "symbol": "A", "scale": 0, "at": START + 2000, "price": 99, "open": 100, "high": 102, "low": 99, "previous_close": null, "volume": 8, "state": "open"},
        {"type": "bar", "symbol": "A", "interval": "1m", "offset": 1, "bar": [START, 100, 102, 99, 99, 8, 2]},
        {"type": "charting", "symbol": null},
    ]);
    assert_eq!(json!(said[0]), expected);
}

#[tokio::test]
async fn pages_of_bars_join_and_tell_their_gaps() {
    let server = Running::playing(A_DAY).await;
    server.turn_to(3600);
    server.counted("ticks", 8).await;
    let whole = server.bars("A", "interval=1s").await;
    let second = |n: i64| START + n * 1000;
    assert_eq!(
        whole["bars"],
        json!([
            [second(0), 100, 100, 100, 100, 5, 0],
            [second(1), 102, 102, 102, 102, 1, 0],
            [second(2), 99, 99, 99, 99, 2, 0],
            [second(7), 101, 101, 101, 101, 3, 0],
            [second(65), 103, 103, 103, 103, 1, 0],
            [second(3600), 90, 90, 90, 90, 4, 0],
        ])
    );
    let gaps = json!([[second(3), 4], [second(8), 57], [second(66), 3534]]);
    assert_eq!(
        (&whole["gaps"], &whole["more"], &whole["scale"]),
        (&gaps, &false.into(), &0.into())
    );
    assert_eq!(
        server.bars("A", "interval=1h").await["bars"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let newest = server.bars("A", "interval=1s&limit=2").await;
    let middle = server
        .bars("A", &format!("interval=1s&limit=3&before={}", second(65)))
        .await;
    let oldest = server
        .bars("A", &format!("interval=1s&limit=3&before={}", second(1)))
        .await;
    assert_eq!(
        (&newest["more"], &middle["more"], &oldest["more"]),
        (&true.into(), &true.into(), &false.into())
    );
    assert!(middle.get("position").is_none());
    let joined: Vec<_> = [&oldest, &middle, &newest]
        .iter()
        .flat_map(|page| page["bars"].as_array().unwrap().clone())
        .collect();
    assert_eq!(Value::from(joined), whole["bars"]);
}

#[tokio::test]
async fn a_page_that_does_not_change_may_be_kept() {
    let server = Running::playing(A_DAY).await;
    server.turn_to(3600);
    server.counted("ticks", 8).await;
    let path = format!("/api/market/bars/A?interval=1s&limit=2&before={}", START + 3000);
    let first = get(server.addr, &path, "").await;
    assert_eq!(header(&first, "cache-control"), Some("public, max-age=3600"));
    let tag = header(&first, "etag").unwrap();
    let again = get(server.addr, &path, &format!("If-None-Match: {tag}\r\n")).await;
    assert!(again.starts_with("HTTP/1.1 304 "), "{again}");
    assert_eq!(header(&again, "etag"), Some(tag));
    // This one has a bar in it that still changes.
    let last = format!(
        "/api/market/bars/A?interval=1s&limit=2&before={}",
        START + 9_999_000
    );
    let last = get(server.addr, &last, "").await;
    assert_eq!(header(&last, "cache-control"), Some("no-cache"));
    let newest = get(server.addr, "/api/market/bars/A", "").await;
    assert_eq!(header(&newest, "cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_page_of_a_symbol_that_is_seldom_traded_still_changes() {
    let server = Running::playing("0,A,1,1 3600,B,1,1 3661,A,2,1").await;
    server.turn_to(3600);
    server.counted("ticks", 2).await;
    let path = format!("/api/market/bars/A?interval=1s&limit=1&before={}", START + 1000);
    let kept = async || {
        let page = get(server.addr, &path, "").await;
        header(&page, "cache-control").unwrap().to_owned()
    };
    assert_eq!(kept().await, "no-cache", "a trade in A may still come late");
    server.turn_to(3661);
    server.counted("ticks", 3).await;
    assert_eq!(kept().await, "public, max-age=3600");
}

#[tokio::test]
async fn symbols_are_found_by_their_beginning_first() {
    let server = Running::playing("0,AB,1,1 0,BA,1,1 0,B,1,1 0,C,1,1").await;
    let found = async |query: &str| {
        let answer = server.fetch(&format!("/api/market/symbols?{query}"), 200).await;
        let symbols = answer["symbols"].as_array().unwrap().iter();
        symbols
            .map(|listing| listing["symbol"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["AB", "B", "BA", "C"]);
    assert_eq!(found("search=b").await, ["B", "BA", "AB"]);
    assert_eq!(found("search=b&limit=2").await, ["B", "BA"]);
    assert_eq!(found("search=x").await, [""; 0]);
    let listed = &server.fetch("/api/market/symbols?search=C", 200).await["symbols"][0];
    assert_eq!(listed["name"], json!({"en": "C", "ko": "C"}));
    assert_eq!(
        (&listed["scale"], &listed["utc_offset_minutes"]),
        (&0.into(), &0.into())
    );
}

#[tokio::test]
async fn who_polls_sees_the_same_quotes() {
    let server = Running::playing(A_DAY).await;
    server.turn_to(7);
    server.counted("ticks", 5).await;
    let quotes = server.fetch("/api/market/quotes?symbols=A,B", 200).await;
    let mut viewer = Viewer::new(&server, Way::WebSocket).await;
    assert_eq!(viewer.watch(&["A", "B"]).await["quotes"], quotes["quotes"]);
    assert_eq!(quotes["quotes"][0]["price"], 101);
}

#[tokio::test]
async fn who_does_not_look_is_told_nothing_and_then_all_at_once() {
    for way in WAYS {
        let server = Running::playing(A_DAY).await;
        server.counted("ticks", 2).await;
        let mut viewer = Viewer::new(&server, way).await;
        viewer.watch(&["A", "B"]).await;
        let page = server.bars("A", "interval=1s").await;
        viewer.follow(&page).await;
        viewer.say(&json!({"type": "pause"})).await;
        viewer.heard_nothing_more().await;
        server.turn_to(2);
        server.counted("ticks", 4).await;
        viewer.heard_nothing_more().await;
        // What is put on the list meanwhile counts when they look again.
        let watching = viewer
            .ask(json!({"type": "watch", "remove": ["B"]}), "watching")
            .await;
        assert_eq!(watching["quotes"], json!([]));
        let watching = viewer.ask(json!({"type": "resume"}), "watching").await;
        assert_eq!(watching["symbols"], json!(["A"]));
        assert_eq!(watching["quotes"][0]["price"], 99);
        let charting = viewer.follow(&page).await;
        assert_eq!(charting["recovered"], true);
        let changes = viewer.until("bar", |event| event["bar"][0] == START + 2000).await;
        assert_eq!(
            changes[0]["offset"],
            page["position"]["offset"].as_u64().unwrap() + 1
        );
        server.turn_to(7);
        assert_eq!(viewer.expect("quote").await["price"], 101);
        assert_eq!(viewer.expect("bar").await["bar"][0], START + 7000);
        viewer.heard_nothing_more().await;
    }
}

#[tokio::test]
async fn what_nobody_watches_is_not_even_written() {
    let server = Running::playing(A_DAY).await;
    server.turn_to(2);
    server.counted("ticks", 4).await;
    assert_eq!(server.metric("madang_market_quotes_total").await, 0);
    assert_eq!(server.metric("madang_market_encodings_total").await, 0);

    let mut viewers = Vec::new();
    for _ in 0..3 {
        let mut viewer = Viewer::new(&server, Way::WebSocket).await;
        viewer.watch(&["A"]).await;
        viewers.push(viewer);
    }
    server.turn_to(7);
    for viewer in &mut viewers {
        assert_eq!(viewer.expect("quote").await["price"], 101);
    }
    assert_eq!(
        server.metric("madang_market_encodings_total").await,
        1,
        "once for all three"
    );

    let mut other = Viewer::new(&server, Way::SocketIo).await;
    other.watch(&["A"]).await;
    viewers.push(other);
    server.turn_to(65);
    for viewer in &mut viewers {
        assert_eq!(viewer.expect("quote").await["price"], 103);
    }
    assert_eq!(
        server.metric("madang_market_encodings_total").await,
        3,
        "and once in each form"
    );
    assert_eq!(server.metric("madang_market_quotes_total").await, 2);

    for mut viewer in viewers {
        viewer
            .ask(json!({"type": "watch", "remove": ["A"]}), "watching")
            .await;
    }
    server.turn_to(3600);
    server.counted("ticks", 8).await;
    assert_eq!(server.metric("madang_market_quotes_total").await, 2);
}

#[tokio::test]
async fn who_turns_a_replay_back_has_everybody_begin_anew() {
    for way in WAYS {
        let server = Running::playing(A_DAY).await;
        server.turn_to(65);
        server.counted("ticks", 6).await;
        let page = server.bars("A", "interval=1s").await;
        let mut viewer = Viewer::new(&server, way).await;
        viewer.watch(&["A"]).await;
        assert_eq!(viewer.follow(&page).await["recovered"], true);

        let signed = post(
            server.addr,
            "/api/scores/sign-in",
            "",
            &json!({"password": PASSWORD}),
        )
        .await;
        let token = format!(
            "Authorization: Bearer {}\r\n",
            body(&signed)["token"].as_str().unwrap()
        );
        let change = json!({"seek_at": START + 1000});
        let refused = post(server.addr, "/api/market/replay", "", &change).await;
        assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
        let turned = post(server.addr, "/api/market/replay", &token, &change).await;
        let state = json!({"feed": "replay", "paused": true, "speed": 1, "at": START + 1000, "from": START, "to": START + 3_600_000, "gaps": 0});
        assert_eq!(body(&turned), state);
        assert_eq!(server.fetch("/api/market/replay", 200).await, state);

        viewer.expect("skipped").await;
        assert_eq!(viewer.expect("quote").await["price"], 102);
        let again = server.bars("A", "interval=1s").await;
        assert_eq!(again["bars"], json!([page["bars"][0], page["bars"][1]]));
        assert_ne!(again["position"]["epoch"], page["position"]["epoch"]);
        let changes = viewer.until("bar", |event| event["bar"][0] == START + 1000).await;
        assert_eq!(changes[0]["offset"], 1, "numbered anew");
        assert_eq!(viewer.follow(&page).await["recovered"], false);
        assert_eq!(viewer.follow(&again).await["recovered"], true);

        let fast = json!({"speed": 1000, "paused": false});
        let turned = post(server.addr, "/api/market/replay", &token, &fast).await;
        assert_eq!(body(&turned)["speed"], 1000);
        viewer.until("quote", |quote| quote["price"] == 90).await;
        let bars = server.bars("A", "interval=1D").await;
        assert_eq!(
            bars["bars"],
            json!([[START, 100, 103, 90, 90, 16, 5]]),
            "each tick once"
        );
    }
}

#[tokio::test]
async fn a_position_of_another_life_is_not_recovered() {
    let server = Running::playing(A_DAY).await;
    server.counted("ticks", 2).await;
    let mut viewer = Viewer::new(&server, Way::WebSocket).await;
    let page = server.bars("A", "interval=1s").await;
    for (field, value) in [("epoch", json!("0123456789abcdef")), ("offset", json!(99))] {
        let mut other = page.clone();
        other["position"][field] = value;
        let charting = viewer.follow(&other).await;
        assert_eq!(charting["recovered"], false);
        assert_eq!(charting["epoch"], page["position"]["epoch"]);
    }
    let without = viewer
        .ask(
            json!({"type": "chart", "symbol": "A", "interval": "1s"}),
            "charting",
        )
        .await;
    assert_eq!(without["recovered"], false);
    // What follows, follows all the same.
    server.turn_to(1);
    assert_eq!(viewer.expect("bar").await["offset"], 1);
}

#[tokio::test]
async fn what_another_server_tells_is_shown_with_its_halts_and_losses() {
    let recording = recording("0,A,1,1 0,B,1,1");
    let symbol = |text: &str| text.parse().unwrap();
    let tick = |text: &str, seconds: i64, price: i64| {
        FeedEvent::Tick(Tick {
            symbol: symbol(text),
            at_ms: START + seconds * 1000,
            price: Price::new(price).unwrap(),
            volume: Volume::new(2).unwrap(),
            sequence: 0,
        })
    };
    let events = [
        tick("A", 0, 10),
        tick("B", 0, 20),
        tick("A", 1, 99),
        tick("A", 2, 99),
        tick("A", 3, 12),
        FeedEvent::Halted {
            symbol: symbol("B"),
            until_ms: None,
        },
        // Late, but not too late; and too late.
        tick("A", 0, 9),
        tick("A", 100, 14),
        tick("A", 5, 1),
    ];
    let recorded = Recorded::new(recording.listings().to_vec(), events);
    let feed = FeedServer::start(recorded, [Plan::Losing(3..=4)]).await;
    let server = Running::with(TestDatabase::sqlite(), |settings| {
        settings.market.source = FeedSource::WebSocket(feed.url.clone());
    })
    .await;
    server.counted("late_ticks", 1).await;
    // Each symbol comes in by itself.
    server.counted("ticks", 5).await;
    let state = server.fetch("/api/market/replay", 200).await;
    assert_eq!((&state["feed"], &state["gaps"]), (&"websocket".into(), &2.into()));
    assert_eq!(server.metric("madang_market_missed_events_total").await, 2);
    let quotes = server.fetch("/api/market/quotes?symbols=A,B", 200).await;
    assert_eq!(quotes["quotes"][0]["state"], "open");
    assert_eq!(quotes["quotes"][1]["state"], "halted");
    let bars = server.bars("A", "interval=1s").await;
    let second = |n: i64| START + n * 1000;
    assert_eq!(
        bars["bars"],
        json!([
            [second(0), 10, 10, 9, 9, 4, 1],
            [second(3), 12, 12, 12, 12, 2, 0],
            [second(100), 14, 14, 14, 14, 2, 0],
        ])
    );
    assert_eq!(bars["gaps"], json!([[second(1), 2], [second(4), 96]]));
    let mut viewer = Viewer::new(&server, Way::SocketIo).await;
    assert_eq!(viewer.watch(&["B"]).await["quotes"][0]["state"], "halted");
}

#[tokio::test]
async fn who_was_away_for_too_long_is_told_to_fetch_again() {
    let rows: Vec<_> = (0..200).map(|second| format!("{second},A,5,1")).collect();
    let server = Running::playing(&rows.join(" ")).await;
    server.counted("ticks", 1).await;
    let page = server.bars("A", "interval=1s").await;
    let mut viewer = Viewer::new(&server, Way::WebSocket).await;
    for (changes, recovered) in [(150, true), (151, false)] {
        server.turn_to(changes);
        server.counted("ticks", changes.cast_unsigned() + 1).await;
        // Whoever follows hears of all of them, whether or not they are remembered.
        let mut now = viewer.follow(&server.bars("A", "interval=1s").await).await;
        while now["offset"] != changes {
            now = viewer.expect("bar").await;
        }
        assert_eq!(viewer.follow(&page).await["recovered"], recovered, "{changes}");
        if recovered {
            viewer.until("bar", |bar| bar["offset"] == changes).await;
        }
    }
    viewer.heard_nothing_more().await;
}
