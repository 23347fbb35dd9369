//! Futures dropped at each point where they wait: nothing is lost, nothing torn, nothing doubled.

use crate::common::{config, pair_with, queued, with_peer};
use madang_ws::proto::{Config, Event, OpCode, Role};
use madang_ws::{CloseCode, Message};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Drops the future when it has waited `polls` times; `None` if that came before its end.
async fn cancelled_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    let output = poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        polled += 1;
        if polled == polls {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    });
    let output = output.await;
    if output.is_none() {
        tokio::task::yield_now().await;
    }
    output
}

fn messages() -> Vec<Message> {
    (0..60)
        .map(|n| format!("{n:0$}", 2 + n * 41 % 300).into())
        .collect()
}

#[tokio::test]
async fn recv_loses_nothing() {
    for capacity in [1, 7, 100] {
        let (mut server, mut client) = pair_with(capacity, queued(1000));
        let sending = tokio::spawn(async move {
            for message in messages() {
                client.send(message).await.unwrap();
                // What is said meanwhile doesn't matter.
                client.ping(b"meanwhile").unwrap();
            }
            client.close(CloseCode::NORMAL, "").await.unwrap();
        });
        let mut seen = Vec::new();
        for turn in 0.. {
            match cancelled_after(1 + turn % 3, server.recv()).await {
                Some(Some(message)) => seen.push(message.unwrap()),
                Some(None) => break,
                None => {}
            }
        }
        assert_eq!(seen, messages());
        sending.await.unwrap();
    }
}

#[tokio::test]
async fn the_owners_send_feed_and_flush_are_whole_or_nothing() {
    for capacity in [1, 7, 100] {
        let (mut server, mut client) = pair_with(capacity, queued(1));
        let receiving = tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(message) = client.recv().await {
                seen.push(message.unwrap());
            }
            seen
        });
        for (turn, message) in messages().into_iter().enumerate() {
            let polls = 1 + turn % 3;
            let sent = async |server: &mut madang_ws::WebSocket| match turn % 2 {
                0 => cancelled_after(polls, server.send(message.clone())).await,
                _ => cancelled_after(polls, server.feed(message.clone())).await,
            };
            loop {
                match sent(&mut server).await {
                    Some(sent) => break sent.unwrap(),
                    None => {
                        let _ = cancelled_after(polls, server.flush()).await;
                    }
                }
            }
        }
        while cancelled_after(2, server.flush()).await.is_none() {}
        server.close(CloseCode::NORMAL, "").await.unwrap();
        assert_eq!(receiving.await.unwrap(), messages());
    }
}

#[tokio::test]
async fn a_senders_send_feed_and_flush_are_whole_or_nothing() {
    for capacity in [1, 7, 100] {
        let (server, mut client) = pair_with(capacity, queued(1));
        let (sender, mut receiver) = server.split();
        let driving = tokio::spawn(async move { receiver.recv().await.is_none() });
        let receiving = tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(message) = client.recv().await {
                seen.push(message.unwrap());
            }
            seen
        });
        for (turn, message) in messages().into_iter().enumerate() {
            let polls = 1 + turn % 3;
            loop {
                let sent = match turn % 2 {
                    0 => cancelled_after(polls, sender.send(message.clone())).await,
                    _ => cancelled_after(polls, sender.feed(message.clone())).await,
                };
                match sent {
                    Some(sent) => break sent.unwrap(),
                    None => {
                        let _ = cancelled_after(polls, sender.flush()).await;
                    }
                }
            }
        }
        while cancelled_after(2, sender.flush()).await.is_none() {}
        sender.close(CloseCode::NORMAL, "");
        assert_eq!(receiving.await.unwrap(), messages());
        assert!(driving.await.unwrap());
    }
}

#[tokio::test]
async fn close_goes_on_where_it_was_dropped() {
    for polls in 1..4 {
        let (mut server, mut peer) = with_peer(3, &config(Role::Server, queued(1000)));
        server.feed("before").await.unwrap();
        let peer = tokio::spawn(async move {
            assert_eq!(peer.message().await, "before".into());
            let close = peer.event().await;
            peer.send(OpCode::Text, b"crossing").await;
            peer.send(OpCode::Close, &4000u16.to_be_bytes()).await;
            (close, peer.event().await)
        });
        let closed = loop {
            if let Some(closed) = cancelled_after(polls, server.close(CloseCode::RESTART, "soon back")).await
            {
                break closed;
            }
        };
        closed.unwrap();
        let (close, after) = peer.await.unwrap();
        match close {
            Some(Event::Close(Some(frame))) => {
                assert_eq!((frame.code, &*frame.reason), (CloseCode::RESTART, "soon back"));
            }
            other => panic!("not a close frame: {other:?}"),
        }
        assert_eq!(after, None, "one close frame, then the end");
        assert_eq!(server.close_frame().unwrap().code.as_u16(), 4000);
    }
}

#[tokio::test]
async fn recv_goes_on_with_a_close_that_was_dropped() {
    let (mut server, mut peer) = with_peer(3, &Config::new(Role::Server));
    assert!(
        cancelled_after(1, server.close(CloseCode::NORMAL, ""))
            .await
            .is_none()
    );
    let peer = tokio::spawn(async move {
        assert!(matches!(peer.event().await, Some(Event::Close(Some(_)))));
        peer.send(OpCode::Text, b"crossing").await;
        peer.send(OpCode::Close, &1000u16.to_be_bytes()).await;
        assert_eq!(peer.event().await, None);
    });
    assert_eq!(server.recv().await.unwrap().unwrap(), "crossing".into());
    assert!(server.recv().await.is_none());
    peer.await.unwrap();
}
