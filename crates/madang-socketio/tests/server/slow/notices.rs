//! What slow readers are told, and what the hub counts of them.

use super::{CASES, COUNT, Event, Reader, Two, Via, emit, serve_limited};
use crate::common::soon;
use madang_hub::{Policy, Publication, Stats};
use madang_socketio::SocketIo;

/// Has those who missed something told in events of this name.
fn tell(io: &SocketIo) {
    let events = io.clone();
    io.hub().set_notice(move |skipped| {
        let event = events.event("skipped", ("", skipped, ())).unwrap();
        Publication::new(event)
    });
}

/// Dropped, replaced, volatile, disconnected.
fn counted(io: &SocketIo) -> [u64; 4] {
    let Stats {
        dropped,
        replaced,
        volatile,
        disconnected,
        ..
    } = io.hub().stats();
    [dropped, replaced, volatile, disconnected]
}

#[tokio::test]
async fn who_missed_something_is_told_how_much() {
    for case in CASES {
        let mut two = Two::new(case, Policy::DropOldest).await;
        tell(&two.io);
        two.flood(true).await;
        two.slow_socket.emit("end", ("", 0, ())).unwrap();
        let events = two.slow.events_until("end").await;
        let (notices, seen): (Vec<&Event>, Vec<&Event>) =
            events.iter().partition(|event| event.0 == "skipped");
        let skipped: usize = notices.iter().map(|notice| notice.2).sum();
        assert!(seen.is_sorted_by_key(|event| event.2), "{case:?}");
        assert_eq!(seen.len() + skipped, COUNT, "{case:?}");
        assert_ne!(events.last().unwrap().0, "skipped", "{case:?}: before the newest");
        assert_eq!(counted(&two.io), [skipped as u64, 0, 0, 0], "{case:?}");
        match case.0 {
            // Nothing leaves meanwhile, so that it's in the place of what is missing.
            Via::Polling => assert_eq!((events[0].2, seen[0].2), (skipped, skipped)),
            // The system takes another few when it likes, and may take a notice with them.
            Via::WebSocket => assert!((1..4).contains(&notices.len()), "{} notices", notices.len()),
        }

        // Who reads again is told nothing more.
        emit(&two.to, "quote", COUNT);
        assert_eq!(two.slow.event().await.unwrap().2, COUNT);
    }
}

#[tokio::test]
async fn who_got_the_latest_is_told_nothing_and_it_is_counted() {
    for case in CASES {
        let mut two = Two::new(case, Policy::Latest).await;
        tell(&two.io);
        two.flood(true).await;
        let seen = two.rest().await.len() as u64;
        assert_eq!(counted(&two.io), [0, COUNT as u64 - seen, 0, 0], "{case:?}");
    }
}

#[tokio::test]
async fn who_had_to_go_is_counted_once() {
    for case in CASES {
        let mut two = Two::new(case, Policy::Disconnect).await;
        tell(&two.io);
        two.flood(true).await;
        two.slow.events_until("never").await;
        assert_eq!(counted(&two.io), [0, 0, 0, 1], "{case:?}");
    }
}

#[tokio::test]
async fn what_is_volatile_is_counted_and_not_told() {
    let io = serve_limited().await;
    tell(&io);
    let (mut slow, socket) = Reader::open(&io, Via::Polling).await;
    for number in 0..3 {
        emit(&io.volatile(), "quote", number);
    }
    assert_eq!(counted(&io), [0, 0, 3, 0]);
    socket.emit("end", ("", 0, ())).unwrap();
    assert!(slow.events_until("end").await.is_empty());
}

/// What waited for a client that polls comes over the WebSocket that it goes on with, and so does the notice.
#[tokio::test]
async fn a_notice_goes_along_when_a_client_changes_its_transport() {
    let io = serve_limited().await;
    tell(&io);
    io.set_policy(Policy::DropOldest).unwrap();
    let (reader, _socket) = Reader::open(&io, Via::Polling).await;
    for number in 0..COUNT {
        emit(&io.local(), "quote", number);
    }
    let Reader::Polling { query, .. } = &reader else {
        unreachable!("opened on polling");
    };
    let dropped = counted(&io)[0];
    assert!(dropped > 0);
    let url = format!(
        "ws://{}/socket.io/?{}",
        io.addr,
        query.replace("polling", "websocket")
    );
    let mut ws = soon(madang_ws::client::connect(&url)).await.unwrap();
    ws.send("2probe").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap().unwrap(), "3probe".into());
    ws.send("5").await.unwrap();
    let first = soon(ws.recv()).await.unwrap().unwrap();
    assert_eq!(first, format!(r#"42["skipped","",{dropped},null]"#).into());
}
