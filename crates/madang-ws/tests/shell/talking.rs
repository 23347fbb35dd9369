//! Messages, each way, by every method there is.

use crate::common::{Counted, config, echo, frame_to, pair, pair_with, queued, sockets, with_peer};
use futures_util::{SinkExt, StreamExt};
use madang_ws::proto::{Config, Event, OpCode, Role};
use madang_ws::{CloseCode, Error, Limits, Message, WebSocket};
use std::sync::atomic::Ordering;
use tokio::io::duplex;

async fn talk(mut server: WebSocket, mut client: WebSocket) {
    let messages = [
        Message::from("안녕, мир"),
        Message::from(""),
        Message::from(vec![0xff; 3]),
        Message::from(vec![7; 200_000]),
        Message::from("ㅎ".repeat(70_000)),
    ];
    let serving = tokio::spawn(async move {
        while let Some(message) = server.recv().await {
            server.send(message.unwrap()).await.unwrap();
        }
    });
    for message in messages {
        client.send(message.clone()).await.unwrap();
        assert_eq!(client.recv().await.unwrap().unwrap(), message);
    }
    client.close(CloseCode::NORMAL, "").await.unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn messages_go_both_ways_over_any_stream() {
    for capacity in [50, 1000, 100_000] {
        let (server, client) = pair(capacity);
        talk(server, client).await;
    }
}

#[tokio::test]
async fn messages_go_both_ways_over_tcp() {
    let (near, far) = sockets().await;
    let server = WebSocket::new(near, &[], &Config::new(Role::Server));
    let client = WebSocket::new(far, &[], &Config::new(Role::Client));
    talk(server, client).await;
}

#[tokio::test]
async fn a_connection_is_a_stream_and_a_sink() {
    let (mut server, mut client) = pair(1000);
    let serving = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(message) = server.next().await {
            let message = message.unwrap();
            seen.push(message.clone());
            SinkExt::send(&mut server, message).await.unwrap();
        }
        seen
    });
    let messages: Vec<Message> = (0..20).map(|n| format!("message {n}").into()).collect();
    for message in &messages {
        SinkExt::feed(&mut client, message.clone()).await.unwrap();
    }
    SinkExt::flush(&mut client).await.unwrap();
    let echoed: Vec<Message> = client.by_ref().take(20).map(Result::unwrap).collect().await;
    assert_eq!(echoed, messages);
    SinkExt::close(&mut client).await.unwrap();
    assert_eq!(serving.await.unwrap(), messages);
    assert!(client.next().await.is_none());
}

#[tokio::test]
async fn a_sender_is_a_sink_and_a_receiver_a_stream() {
    let (server, client) = pair(100);
    let serving = tokio::spawn(echo(server));
    let (mut sender, mut receiver) = client.split();
    let messages: Vec<Message> = (0..20).map(|n| format!("message {n}").into()).collect();
    let mut all = futures_util::stream::iter(messages.clone()).map(Ok);
    let sending = async {
        sender.send_all(&mut all).await.unwrap();
        sender
    };
    let receiving = async {
        let echoed: Vec<_> = receiver.by_ref().take(20).map(Result::unwrap).collect().await;
        (echoed, receiver)
    };
    let (mut sender, (echoed, mut receiver)) = tokio::join!(sending, receiving);
    assert_eq!(echoed, messages);
    SinkExt::close(&mut sender).await.unwrap();
    assert!(receiver.next().await.is_none());
    serving.await.unwrap();
}

#[tokio::test]
async fn a_sender_goes_on_while_nobody_receives() {
    let (near, far) = duplex(64);
    let server = WebSocket::new(near, &[], &config(Role::Server, queued(4096)));
    let mut client = WebSocket::new(far, &[], &Config::new(Role::Client));
    let (sender, _receiver) = server.split();
    let sending = async {
        for n in 0..100 {
            sender.send(format!("{n:01000}")).await.unwrap();
        }
        sender.flush().await.unwrap();
    };
    let receiving = async {
        for n in 0..100 {
            assert_eq!(client.recv().await.unwrap().unwrap(), format!("{n:01000}").into());
        }
    };
    tokio::join!(sending, receiving);
    assert_eq!(sender.queued_bytes(), 0);
}

#[tokio::test]
async fn a_receiver_goes_on_while_the_sender_waits() {
    let (server, mut peer) = with_peer(64, &config(Role::Server, queued(1000)));
    let (sender, mut receiver) = server.split();
    let stuck = tokio::spawn({
        let sender = sender.clone();
        async move {
            for _ in 0..4 {
                sender.send(vec![7; 1000]).await.unwrap();
            }
            sender.flush().await.unwrap();
        }
    });
    let writing = async {
        for n in 0..100 {
            peer.send(OpCode::Text, format!("{n:0200}").as_bytes()).await;
        }
    };
    let receiving = async {
        for n in 0..100 {
            assert_eq!(
                receiver.recv().await.unwrap().unwrap(),
                format!("{n:0200}").into()
            );
        }
    };
    tokio::join!(writing, receiving);
    assert!(!stuck.is_finished());
    for _ in 0..4 {
        assert_eq!(peer.message().await, vec![7; 1000].into());
    }
    stuck.await.unwrap();
}

#[tokio::test]
async fn what_came_with_the_handshake_is_the_first_message() {
    let (near, _far) = duplex(64);
    let early = [
        frame_to(Role::Server, OpCode::Text, b"one"),
        frame_to(Role::Server, OpCode::Text, b"two"),
    ];
    let mut ws = WebSocket::new(near, &early.concat(), &Config::new(Role::Server));
    assert_eq!(ws.recv().await.unwrap().unwrap(), "one".into());
    assert_eq!(ws.recv().await.unwrap().unwrap(), "two".into());
}

#[tokio::test]
async fn fed_messages_leave_in_one_write_when_the_connection_is_received_from() {
    let (near, far) = duplex(100_000);
    let near = Counted::new(near);
    let (writes, bytes) = (near.writes.clone(), near.bytes.clone());
    let server = WebSocket::new(near, &[], &Config::new(Role::Server));
    let mut client = WebSocket::new(far, &[], &Config::new(Role::Client));
    let (sender, mut receiver) = server.split();
    for n in 0..100 {
        sender.feed(format!("message {n}")).await.unwrap();
    }
    assert_eq!(writes.load(Ordering::Relaxed), 0);
    assert_eq!(
        sender.queued_bytes(),
        (0..100).map(|n| format!("  message {n}").len()).sum::<usize>()
    );
    let receiving = tokio::spawn(async move { receiver.recv().await });
    for n in 0..100 {
        assert_eq!(
            client.recv().await.unwrap().unwrap(),
            format!("message {n}").into()
        );
    }
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    // Much is written at once, without waiting for anything.
    sender.feed(vec![7; 64 << 10]).await.unwrap();
    assert!(bytes.load(Ordering::Relaxed) > 64 << 10);
    receiving.abort();
}

#[tokio::test]
async fn fed_and_sent_messages_keep_their_order() {
    let (mut server, mut client) = pair_with(100, queued(3000));
    let serving = tokio::spawn(async move {
        for n in 0..300 {
            let message = format!("{n:>0$}", 1 + n * 37 % 5000);
            match n % 3 {
                0 => server.send(message).await.unwrap(),
                _ => server.feed(message).await.unwrap(),
            }
            if n % 50 == 7 {
                server.ping(b"between").unwrap();
            }
        }
        server.close(CloseCode::NORMAL, "").await.unwrap();
    });
    for n in 0..300 {
        let message = client.recv().await.unwrap().unwrap();
        assert_eq!(message.as_text().unwrap().trim().parse::<usize>().unwrap(), n);
    }
    assert!(client.recv().await.is_none());
    serving.await.unwrap();
}

#[tokio::test]
async fn pings_are_answered_and_not_reported() {
    let (mut server, mut peer) = with_peer(1000, &Config::new(Role::Server));
    peer.send(OpCode::Ping, b"are you there").await;
    peer.send(OpCode::Pong, b"unasked").await;
    peer.send(OpCode::Text, b"hello").await;
    assert_eq!(server.recv().await.unwrap().unwrap(), "hello".into());
    server.ping(&[7; 200]).unwrap();
    assert_eq!(peer.event().await, Some(Event::Pong("are you there".into())));
    assert_eq!(
        peer.event().await,
        Some(Event::Ping(vec![7; 125].into())),
        "cut to what a ping holds"
    );
}

#[tokio::test]
async fn an_error_is_reported_once() {
    let (mut server, mut peer) = with_peer(1000, &Config::new(Role::Server));
    peer.send(OpCode::Text, b"\xff").await;
    let peer = tokio::spawn(async move { peer.closed().await });
    let error = server.recv().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "ws_invalid_utf8");
    assert_eq!(error.close_code(), Some(CloseCode::INVALID_DATA));
    for _ in 0..3 {
        assert!(server.recv().await.is_none());
        assert!(matches!(server.send("x").await, Err(Error::Closed)));
    }
    assert_eq!(peer.await.unwrap(), 1007);
}

#[tokio::test]
async fn a_peer_that_pings_and_never_reads_is_bounded() {
    let (mut server, mut peer) = with_peer(1000, &config(Role::Server, queued(10_000)));
    let sender = server.sender();
    let receiving = tokio::spawn(async move { server.recv().await });
    let mut most = 0;
    for n in 0..20_000u32 {
        peer.send(OpCode::Ping, &n.to_be_bytes()).await;
        most = most.max(sender.queued_bytes());
    }
    assert!((1..=10_000).contains(&most), "{most} bytes");
    peer.send(OpCode::Text, b"still heard").await;
    assert_eq!(receiving.await.unwrap().unwrap().unwrap(), "still heard".into());
}

#[tokio::test]
async fn limits_of_a_connection_are_those_it_was_given() {
    let limits = Limits {
        message: 1000,
        ..Limits::default()
    };
    let (mut server, mut client) = pair_with(100_000, limits);
    client.send(vec![7; 1001]).await.unwrap();
    let (failed, seen) = tokio::join!(server.recv(), client.recv());
    assert_eq!(failed.unwrap().unwrap_err().code(), "ws_message_too_big");
    assert!(seen.is_none());
    assert_eq!(client.close_frame().unwrap().code, CloseCode::TOO_BIG);
}
