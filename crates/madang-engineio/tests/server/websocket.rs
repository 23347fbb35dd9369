//! Sessions on WebSocket from the start.

use crate::common::{Served, text};
use madang_engineio::{CloseReason, Message, TransportKind};
use madang_ws::DeflateConfig;

const QUERY: &str = "EIO=4&transport=websocket";

#[tokio::test]
async fn text_and_bytes_are_echoed() {
    let served = Served::start(|_| {}).await;
    let mut client = served.websocket(QUERY).await;
    assert!(text(&mut client).await.contains(r#""upgrades":[]"#));
    let socket = served.opened().await;
    assert_eq!(socket.transport(), TransportKind::WebSocket);
    client.send("4안녕").await.unwrap();
    assert_eq!(text(&mut client).await, "4안녕");
    let bytes = Message::Binary(vec![0_u8; 100_000].into());
    client.send(bytes.clone()).await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap(), bytes);
}

#[tokio::test]
async fn a_close_packet_closes_at_once() {
    let served = Served::start(|_| {}).await;
    let mut client = served.websocket(QUERY).await;
    text(&mut client).await;
    client.send("1").await.unwrap();
    assert!(client.recv().await.is_none());
    assert_eq!(served.closed().await, CloseReason::TransportClose);
}

#[tokio::test]
async fn every_end_has_its_reason() {
    let served = Served::start(|config| config.max_http_buffer_size = 1000).await;
    let cases = [
        ("x", CloseReason::ParseError),
        ("2", CloseReason::TransportError),
        ("4close", CloseReason::ForcedClose),
        ("4long", CloseReason::TransportError),
    ];
    for (message, reason) in cases {
        let mut client = served.websocket(QUERY).await;
        text(&mut client).await;
        let message = message.replace("long", &"x".repeat(2000));
        client.send(message.as_str()).await.unwrap();
        while let Some(Ok(_)) = client.recv().await {}
        assert_eq!(served.closed().await, reason, "{message}");
    }
    let mut client = served.websocket(QUERY).await;
    text(&mut client).await;
    drop(client);
    assert_eq!(served.closed().await, CloseReason::TransportClose);
    assert_eq!(served.engine.session_count(), 0);
}

#[tokio::test]
async fn a_silent_client_is_closed_and_an_answering_one_is_not() {
    let served = Served::start(|config| {
        config.ping_interval = std::time::Duration::from_millis(50);
        config.ping_timeout = std::time::Duration::from_millis(50);
    })
    .await;
    let mut client = served.websocket(QUERY).await;
    text(&mut client).await;
    for _ in 0..3 {
        assert_eq!(text(&mut client).await, "2");
        client.send("3").await.unwrap();
    }
    assert_eq!(text(&mut client).await, "2");
    assert!(client.recv().await.is_none());
    assert_eq!(served.closed().await, CloseReason::PingTimeout);
}

#[tokio::test]
async fn deflate_is_agreed_on_if_configured() {
    let served = Served::start(|config| config.per_message_deflate = Some(DeflateConfig::default())).await;
    let url = format!("ws://{}/engine.io/?{QUERY}", served.addr);
    let config = madang_ws::client::ClientConfig {
        deflate: Some(DeflateConfig::default()),
        ..Default::default()
    };
    let (mut client, response) = config.connect(&url).await.unwrap();
    assert!(response.headers().contains_key("sec-websocket-extensions"));
    text(&mut client).await;
    let long = format!("4{}", "madang ".repeat(1000));
    client.send(long.as_str()).await.unwrap();
    assert_eq!(text(&mut client).await, long);
}

#[tokio::test]
async fn a_refused_handshake_is_an_http_answer() {
    let served = Served::start(|_| {}).await;
    let headers = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ];
    for (query, message) in [
        ("EIO=3&transport=websocket", "Unsupported protocol version"),
        ("EIO=4&transport=websocket&sid=nobody", "Session ID unknown"),
        ("EIO=4&transport=polling", "Bad request"),
    ] {
        let answer = served.request("GET", query, &headers, b"").await;
        assert_eq!((answer.status, answer.text()), (400, message));
        assert_eq!(answer.header("content-type"), Some("text/html"));
        assert_eq!(answer.header("connection"), Some("close"));
    }
}

#[tokio::test]
async fn closing_the_server_ends_every_session_and_opens_no_more() {
    let served = Served::start(|_| {}).await;
    let mut client = served.websocket(QUERY).await;
    text(&mut client).await;
    let session = served.open("EIO=4").await;
    served.engine.close();
    assert!(client.recv().await.is_none());
    assert_eq!(served.closed().await, CloseReason::ForcedClose);
    assert_eq!(served.closed().await, CloseReason::ForcedClose);
    assert_eq!(served.get("EIO=4&transport=polling").await.status, 503);
    assert_eq!(served.get(&session).await.status, 503);
}
