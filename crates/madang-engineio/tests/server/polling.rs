//! Long-polling: GET, POST, and what breaks their rules.

use crate::common::{Answer, Served};
use madang_engineio::{CloseReason, Message};
use tokio::io::AsyncWriteExt;

const QUERY: &str = "EIO=4";

#[tokio::test]
async fn a_handshake_opens_a_session() {
    let served = Served::start(|_| {}).await;
    let answer = served.get("EIO=4&transport=polling").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("set-cookie"), None);
    let socket = served.opened().await;
    let expected = format!(
        r#"0{{"sid":"{}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#,
        socket.session_id()
    );
    assert_eq!(answer.text(), expected);
    assert_eq!(socket.session_id().len(), 20);
    assert_eq!(served.engine.session_count(), 1);
}

#[tokio::test]
async fn what_is_posted_is_echoed_in_order() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    let answer = served.post(&session, "4one\u{1e}bAQID\u{1e}4세").await;
    assert_eq!((answer.status, answer.text()), (200, "ok"));
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(served.get(&session).await.text(), "4one\u{1e}bAQID\u{1e}4세");
}

#[tokio::test]
async fn a_get_is_held_until_there_is_something_to_say() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    let socket = served.opened().await;
    let waiting = served.send("GET", &session, &[], b"").await;
    while !socket.is_writable() {
        tokio::task::yield_now().await;
    }
    socket.send("now");
    assert_eq!(Answer::read(waiting).await.text(), "4now");
}

#[tokio::test]
async fn a_second_get_ends_the_session() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    let socket = served.opened().await;
    let first = served.send("GET", &session, &[], b"").await;
    while !socket.is_writable() {
        tokio::task::yield_now().await;
    }
    let second = served.get(&session).await;
    assert_eq!((second.status, second.text()), (400, ""));
    assert_eq!(Answer::read(first).await.text(), "1");
    assert_eq!(served.closed().await, CloseReason::TransportError);
    let later = served.get(&session).await;
    assert_eq!(
        (later.status, later.text()),
        (400, r#"{"code":1,"message":"Session ID unknown"}"#)
    );
}

#[tokio::test]
async fn a_get_that_is_given_up_ends_the_session() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    let socket = served.opened().await;
    let waiting = served.send("GET", &session, &[], b"").await;
    while !socket.is_writable() {
        tokio::task::yield_now().await;
    }
    drop(waiting);
    assert_eq!(served.closed().await, CloseReason::TransportError);
}

#[tokio::test]
async fn a_second_post_at_once_ends_the_session() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    served.opened().await;
    let mut slow = served
        .send(
            "POST",
            &format!("{session}&slow"),
            &[("Transfer-Encoding", "chunked")],
            b"",
        )
        .await;
    slow.write_all(b"4\r\n4one\r\n").await.unwrap();
    let status = loop {
        // The first may not have been seen yet.
        let answer = served.post(&session, "6").await;
        if answer.status != 200 {
            break answer.status;
        }
    };
    assert_eq!(status, 400);
    assert_eq!(served.closed().await, CloseReason::TransportError);
}

#[tokio::test]
async fn a_body_over_the_limit_gets_413_and_ends_the_session() {
    let served = Served::start(|config| config.max_http_buffer_size = 100).await;
    let session = served.open(QUERY).await;
    let answer = served.post(&session, &format!("4{}", "x".repeat(99))).await;
    assert_eq!(answer.status, 200);
    let answer = served.post(&session, &format!("4{}", "x".repeat(100))).await;
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("maxPayload"), "{answer:?}");
    assert_eq!(served.closed().await, CloseReason::TransportError);
}

#[tokio::test]
async fn a_chunked_body_over_the_limit_is_noticed_too() {
    let served = Served::start(|config| config.max_http_buffer_size = 10).await;
    let session = served.open(QUERY).await;
    let mut stream = served
        .send("POST", &session, &[("Transfer-Encoding", "chunked")], b"")
        .await;
    stream
        .write_all(b"8\r\n4aaaaaaa\r\n8\r\naaaaaaaa\r\n0\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(Answer::read(stream).await.status, 413);
    assert_eq!(served.closed().await, CloseReason::TransportError);
}

#[tokio::test]
async fn version_4_takes_no_binary_bodies() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    let kind = [("Content-Type", "application/octet-stream")];
    let answer = served.request("POST", &session, &kind, b"4hi").await;
    assert_eq!(answer.status, 400);
    assert_eq!(served.closed().await, CloseReason::TransportError);
}

#[tokio::test]
async fn what_is_no_payload_is_a_parse_error_after_what_was_one() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    served.opened().await;
    let answer = served.post(&session, "4first\u{1e}nonsense\u{1e}4lost").await;
    assert_eq!(answer.status, 400);
    assert_eq!(served.message().await, Message::from("first"));
    assert_eq!(served.closed().await, CloseReason::ParseError);
}

#[tokio::test]
async fn a_close_packet_is_answered_with_noop() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    let socket = served.opened().await;
    let waiting = served.send("GET", &session, &[], b"").await;
    while !socket.is_writable() {
        tokio::task::yield_now().await;
    }
    assert_eq!(served.post(&session, "1").await.text(), "ok");
    assert_eq!(Answer::read(waiting).await.text(), "6");
    assert_eq!(served.closed().await, CloseReason::TransportClose);
}

#[tokio::test]
async fn the_server_closes_after_what_waits() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    served.post(&session, "4last\u{1e}4close").await;
    assert_eq!(served.get(&session).await.text(), "4last");
    assert_eq!(served.get(&session).await.text(), "1");
    assert_eq!(served.closed().await, CloseReason::ForcedClose);
}

#[tokio::test]
async fn a_panic_costs_one_message() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    assert_eq!(served.post(&session, "4panic\u{1e}4alive").await.text(), "ok");
    assert_eq!(served.get(&session).await.text(), "4alive");
}

#[tokio::test]
async fn requests_that_fit_nothing_are_refused_as_by_node() {
    let served = Served::start(|_| {}).await;
    let session = served.open(QUERY).await;
    let cases = [
        (
            "GET",
            "EIO=4&transport=pigeon".to_owned(),
            400,
            r#"{"code":0,"message":"Transport unknown"}"#,
        ),
        (
            "GET",
            "EIO=4".to_owned(),
            400,
            r#"{"code":0,"message":"Transport unknown"}"#,
        ),
        (
            "GET",
            "EIO=4&transport=polling&sid=nobody".to_owned(),
            400,
            r#"{"code":1,"message":"Session ID unknown"}"#,
        ),
        (
            "POST",
            "EIO=4&transport=polling".to_owned(),
            400,
            r#"{"code":2,"message":"Bad handshake method"}"#,
        ),
        (
            "GET",
            "EIO=4&transport=websocket".to_owned(),
            400,
            r#"{"code":3,"message":"Bad request"}"#,
        ),
        (
            "GET",
            session.replace("polling", "websocket"),
            400,
            r#"{"code":3,"message":"Bad request"}"#,
        ),
        (
            "GET",
            "EIO=3&transport=polling".to_owned(),
            400,
            r#"{"code":5,"message":"Unsupported protocol version"}"#,
        ),
    ];
    for (method, query, status, body) in cases {
        let answer = served.request(method, &query, &[], b"").await;
        assert_eq!((answer.status, answer.text()), (status, body), "{method} {query}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert_eq!(served.request("PUT", &session, &[], b"").await.status, 500);
}

#[tokio::test]
async fn answers_are_scripts_and_bodies_forms_for_jsonp() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4&j=3").await;
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = served.request("POST", &session, &kind, b"d=4one%5Cntwo").await;
    assert_eq!((answer.status, answer.text()), (200, "ok"));
    assert_eq!(served.get(&session).await.text(), r#"___eio[3]("4one\ntwo");"#);
}

#[tokio::test]
async fn a_heartbeat_that_is_not_answered_ends_the_session() {
    let served = Served::start(|config| {
        config.ping_interval = std::time::Duration::from_millis(50);
        config.ping_timeout = std::time::Duration::from_millis(50);
    })
    .await;
    let session = served.open(QUERY).await;
    assert_eq!(served.get(&session).await.text(), "2");
    assert_eq!(served.post(&session, "3").await.text(), "ok");
    assert_eq!(served.get(&session).await.text(), "2");
    assert_eq!(served.get(&session).await.text(), "1");
    assert_eq!(served.closed().await, CloseReason::PingTimeout);
    assert_eq!(served.engine.session_count(), 0);
}
