//! From polling to WebSocket.

use crate::common::{Answer, Served, text};
use madang_engineio::{CloseReason, TransportKind};

fn upgraded(session: &str) -> String {
    session.replace("polling", "websocket")
}

#[tokio::test]
async fn nothing_is_lost_on_the_way() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let socket = served.opened().await;
    let waiting = served.send("GET", &session, &[], b"").await;
    let mut client = served.websocket(&upgraded(&session)).await;
    client.send("2probe").await.unwrap();
    assert_eq!(text(&mut client).await, "3probe");
    assert_eq!(Answer::read(waiting).await.text(), "6");
    assert_eq!(socket.transport(), TransportKind::Polling);
    socket.send("before");
    client.send("5").await.unwrap();
    assert_eq!(text(&mut client).await, "4before");
    assert_eq!(socket.transport(), TransportKind::WebSocket);
    client.send("4after").await.unwrap();
    assert_eq!(text(&mut client).await, "4after");
    let answer = served.get(&session).await;
    assert_eq!(
        (answer.status, answer.text()),
        (400, r#"{"code":3,"message":"Bad request"}"#)
    );
}

#[tokio::test]
async fn a_probe_that_begins_otherwise_is_closed_and_the_session_goes_on() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    for nonsense in ["4hello", "2wrong", "x"] {
        let mut client = served.websocket(&upgraded(&session)).await;
        client.send(nonsense).await.unwrap();
        assert!(client.recv().await.is_none());
    }
    served.post(&session, "4alive").await;
    assert_eq!(served.get(&session).await.text(), "4alive");
}

#[tokio::test]
async fn a_second_probe_is_closed() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let mut first = served.websocket(&upgraded(&session)).await;
    first.send("2probe").await.unwrap();
    assert_eq!(text(&mut first).await, "3probe");
    let mut second = served.websocket(&upgraded(&session)).await;
    assert!(second.recv().await.is_none());
    first.send("5").await.unwrap();
    first.send("4mine").await.unwrap();
    assert_eq!(text(&mut first).await, "4mine");
}

#[tokio::test]
async fn a_probe_that_takes_too_long_is_closed() {
    let served = Served::start(|config| config.upgrade_timeout = std::time::Duration::from_millis(50)).await;
    let session = served.open("EIO=4").await;
    let mut client = served.websocket(&upgraded(&session)).await;
    client.send("2probe").await.unwrap();
    assert_eq!(text(&mut client).await, "3probe");
    assert!(client.recv().await.is_none());
    served.post(&session, "4alive").await;
    assert_eq!(served.get(&session).await.text(), "4alive");
}

#[tokio::test]
async fn upgrades_can_be_forbidden() {
    let served = Served::start(|config| config.allow_upgrades = false).await;
    let answer = served.get("EIO=4&transport=polling").await;
    assert!(answer.text().contains(r#""upgrades":[]"#));
}

#[tokio::test]
async fn a_probe_that_was_given_up_says_nothing_about_the_next_one() {
    let served = Served::start(|config| config.upgrade_timeout = std::time::Duration::from_millis(50)).await;
    let session = served.open("EIO=4").await;
    // It sends, but has not yet noticed that it was given up.
    let mut late = served.websocket(&upgraded(&session)).await;
    late.send("2probe").await.unwrap();
    assert_eq!(text(&mut late).await, "3probe");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let mut next = served.websocket(&upgraded(&session)).await;
    next.send("2probe").await.unwrap();
    assert_eq!(text(&mut next).await, "3probe");
    drop(late);
    tokio::task::yield_now().await;
    next.send("2probe").await.unwrap();
    assert_eq!(text(&mut next).await, "3probe");
    next.send("5").await.unwrap();
    next.send("4mine").await.unwrap();
    assert_eq!(text(&mut next).await, "4mine");
}

#[tokio::test]
async fn what_was_sent_before_a_close_comes_over_the_websocket_that_takes_over_meanwhile() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let socket = served.opened().await;
    let mut client = served.websocket(&upgraded(&session)).await;
    client.send("2probe").await.unwrap();
    assert_eq!(text(&mut client).await, "3probe");
    // Whoever is about to upgrade asks by GET no more.
    socket.send("goodbye");
    socket.close(false);
    client.send("5").await.unwrap();
    assert_eq!(text(&mut client).await, "4goodbye");
    assert!(client.recv().await.is_none());
    assert_eq!(served.closed().await, CloseReason::ForcedClose);
    assert_eq!(served.engine.session_count(), 0);
}
