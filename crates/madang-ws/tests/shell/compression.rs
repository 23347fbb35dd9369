//! permessage-deflate between our client and our server: whatever they agree on, the messages arrive.

use crate::common::Counted;
use madang_ws::client::ClientConfig;
use madang_ws::server::{ServerConfig, accept};
use madang_ws::{DeflateConfig, Limits, Message, WebSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::duplex;

/// A connection, and what each end has written to it.
struct Wire {
    server: WebSocket,
    client: WebSocket,
    from_server: Arc<AtomicUsize>,
    from_client: Arc<AtomicUsize>,
    answer: Option<String>,
}

async fn connected(server: Option<DeflateConfig>, client: Option<DeflateConfig>) -> Wire {
    let (near, far) = duplex(1 << 20);
    let (near, far) = (Counted::new(near), Counted::new(far));
    let (from_server, from_client) = (near.bytes.clone(), far.bytes.clone());
    let mut server_config = ServerConfig::default();
    server_config.acceptor.deflate = server;
    let client_config = ClientConfig {
        deflate: client,
        ..ClientConfig::default()
    };
    let (server, client) = tokio::join!(
        accept(near, &server_config),
        client_config.connect_over(far, "ws://example.com/")
    );
    let (client, response) = client.unwrap();
    let answer = response.headers().get("sec-websocket-extensions");
    let answer = answer.map(|answer| answer.to_str().unwrap().to_owned());
    from_server.store(0, Ordering::Relaxed);
    from_client.store(0, Ordering::Relaxed);
    Wire {
        server: server.unwrap().0,
        client,
        from_server,
        from_client,
        answer,
    }
}

fn takeover(yes: bool) -> DeflateConfig {
    DeflateConfig {
        server_no_context_takeover: !yes,
        client_no_context_takeover: !yes,
        threshold: 0,
        ..DeflateConfig::default()
    }
}

async fn exchange(wire: &mut Wire, message: &Message) {
    wire.client.send(message.clone()).await.unwrap();
    assert_eq!(&wire.server.recv().await.unwrap().unwrap(), message);
    wire.server.send(message.clone()).await.unwrap();
    assert_eq!(&wire.client.recv().await.unwrap().unwrap(), message);
}

/// Bytes from client and server for one message each way.
async fn cost(wire: &mut Wire, message: &Message) -> (usize, usize) {
    let before = (
        wire.from_client.load(Ordering::Relaxed),
        wire.from_server.load(Ordering::Relaxed),
    );
    exchange(wire, message).await;
    (
        wire.from_client.load(Ordering::Relaxed) - before.0,
        wire.from_server.load(Ordering::Relaxed) - before.1,
    )
}

#[tokio::test]
async fn it_is_used_where_both_want_it() {
    let text = Message::from("압축 ".repeat(1000));
    for (server, client) in [(false, false), (false, true), (true, false), (true, true)] {
        let config = |yes: bool| yes.then(DeflateConfig::default);
        let mut wire = connected(config(server), config(client)).await;
        let both = server && client;
        assert_eq!(wire.answer.is_some(), both);
        let (from_client, from_server) = cost(&mut wire, &text).await;
        assert_eq!(from_client < text.len() / 10, both, "{from_client}");
        assert_eq!(from_server < text.len() / 10, both, "{from_server}");
        // Below the threshold a message goes as it is.
        let short = Message::from("short");
        assert_eq!(cost(&mut wire, &short).await, (5 + 6, 5 + 2));
    }
}

#[tokio::test]
async fn with_takeover_a_message_costs_less_the_second_time() {
    // Nothing in it repeats, so that only the context can help.
    let mut seed = 7u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    })
    .take(2000)
    .collect();
    let noise = Message::from(noise);
    for (server_keeps, client_keeps) in [(false, false), (false, true), (true, false), (true, true)] {
        let config = DeflateConfig {
            server_no_context_takeover: !server_keeps,
            client_no_context_takeover: !client_keeps,
            threshold: 0,
            ..DeflateConfig::default()
        };
        // One may ask for it, and the other does it.
        for (server, client) in [(config, takeover(true)), (takeover(true), config)] {
            let mut wire = connected(Some(server), Some(client)).await;
            exchange(&mut wire, &noise).await;
            let (from_client, from_server) = cost(&mut wire, &noise).await;
            assert_eq!(from_client < 200, client_keeps, "{from_client} bytes of 2,000");
            assert_eq!(from_server < 200, server_keeps, "{from_server} bytes of 2,000");
        }
    }
}

#[tokio::test]
async fn every_window_works() {
    let text: String = (0..5000).map(|n| format!("{} ", n * n % 977)).collect();
    for bits in 9..=15 {
        for keeps in [false, true] {
            let config = DeflateConfig {
                server_max_window_bits: bits,
                client_max_window_bits: 24 - bits,
                ..takeover(keeps)
            };
            let mut wire = connected(Some(DeflateConfig { ..takeover(keeps) }), Some(config)).await;
            for part in [&text[..10], &text, &text[..1000], ""] {
                exchange(&mut wire, &part.into()).await;
            }
            let mut wire = connected(Some(config), Some(takeover(keeps))).await;
            for part in [&text[..10], &text, &text[..1000], ""] {
                exchange(&mut wire, &part.into()).await;
            }
        }
    }
}

#[tokio::test]
async fn a_bomb_is_closed_with_1009_at_the_limit() {
    let (near, far) = duplex(1 << 20);
    let mut server_config = ServerConfig {
        limits: Limits {
            message: 1 << 20,
            ..Limits::default()
        },
        ..ServerConfig::default()
    };
    server_config.acceptor.deflate = Some(takeover(false));
    let client_config = ClientConfig {
        deflate: Some(takeover(false)),
        ..ClientConfig::default()
    };
    let (server, client) = tokio::join!(
        accept(near, &server_config),
        client_config.connect_over(far, "ws://example.com/")
    );
    let (mut server, mut client) = (server.unwrap().0, client.unwrap().0);
    client.send(vec![0; (1 << 20) + 1]).await.unwrap();
    let (failed, ended) = tokio::join!(server.recv(), client.recv());
    assert_eq!(failed.unwrap().unwrap_err().code(), "ws_message_too_big");
    assert!(ended.is_none());
    assert_eq!(client.close_frame().unwrap().code.as_u16(), 1009);
}
