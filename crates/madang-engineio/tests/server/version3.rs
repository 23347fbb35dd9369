//! Clients of Engine.IO 3.

use crate::common::{Served, text};
use madang_engineio::{Message, TransportKind};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

async fn served() -> Served {
    Served::start(|config| config.allow_eio3 = true).await
}

#[tokio::test]
async fn polling_counts_lengths() {
    let served = served().await;
    let answer = served.get("EIO=3&transport=polling&b64=1").await;
    let (len, rest) = answer.text().split_once(':').unwrap();
    assert_eq!(len.parse::<usize>().unwrap(), rest.len());
    assert!(rest.starts_with("0{\"sid\""));
    let session = served.open("EIO=3&b64=1").await;
    assert_eq!(served.post(&session, "2:4€10:b4AQIDBA==1:2").await.text(), "ok");
    assert_eq!(served.get(&session).await.text(), "2:4€10:b4AQIDBA==1:3");
}

#[tokio::test]
async fn binary_payloads_go_both_ways() {
    let served = served().await;
    let session = served.open("EIO=3").await;
    let body: &[u8] = &[0, 4, 0xff, 0x34, 0xe2, 0x82, 0xac, 1, 5, 0xff, 4, 1, 2, 3, 4];
    let kind = [("Content-Type", "application/octet-stream")];
    assert_eq!(served.request("POST", &session, &kind, body).await.text(), "ok");
    let answer = served.get(&session).await;
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(answer.body, body);
}

#[tokio::test]
async fn the_client_asks_and_bytes_have_a_type_on_websocket() {
    let served = served().await;
    let mut client = served.websocket("EIO=3&transport=websocket").await;
    text(&mut client).await;
    client.send("2").await.unwrap();
    assert_eq!(text(&mut client).await, "3");
    let bytes = Message::Binary(vec![4, 1, 2].into());
    client.send(bytes.clone()).await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap(), bytes);
}

#[tokio::test]
async fn it_upgrades_with_what_waited() {
    let served = served().await;
    let session = served.open("EIO=3").await;
    let socket = served.opened().await;
    let mut client = served.websocket(&session.replace("polling", "websocket")).await;
    client.send("2probe").await.unwrap();
    assert_eq!(text(&mut client).await, "3probe");
    socket.send(Message::Binary(vec![1, 2].into()));
    client.send("5").await.unwrap();
    let message = client.recv().await.unwrap().unwrap();
    assert_eq!(message, Message::Binary(vec![4, 1, 2].into()));
}

#[tokio::test]
async fn versions_do_not_mix() {
    let served = served().await;
    let session = served.open("EIO=3").await;
    let answer = served.get(&session.replace("EIO=3", "EIO=4")).await;
    assert_eq!(
        (answer.status, answer.text()),
        (400, r#"{"code":3,"message":"Bad request"}"#)
    );
}

#[tokio::test]
async fn a_ping_in_a_post_that_the_upgrade_overtook_is_answered_on_the_websocket() {
    let served = served().await;
    let session = served.open("EIO=3").await;
    let chunked = [("Transfer-Encoding", "chunked")];
    let mut post = served.send("POST", &session, &chunked, b"2\r\n1:\r\n").await;
    let socket = served.opened().await;
    let mut client = served.websocket(&session.replace("polling", "websocket")).await;
    client.send("2probe").await.unwrap();
    assert_eq!(text(&mut client).await, "3probe");
    client.send("5").await.unwrap();
    while socket.transport() != TransportKind::WebSocket {
        tokio::task::yield_now().await;
    }
    post.write_all(b"1\r\n2\r\n0\r\n\r\n").await.unwrap();
    let pong = tokio::time::timeout(Duration::from_secs(5), text(&mut client)).await;
    assert_eq!(pong.unwrap(), "3");
}
