//! Room for sending: who waits for it, who is woken, and what becomes of those who wait no longer.

use crate::common::{config, pair_with, queued, with_peer};
use madang_ws::proto::{OpCode, Role};
use madang_ws::{CloseCode, Error};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};
use tokio::io::AsyncReadExt;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn send_waits_below_the_limit_and_try_send_says_no() {
    let (server, mut peer) = with_peer(100, &config(Role::Server, queued(1000)));
    let sender = server.sender();
    assert!(
        sender.try_send(vec![1; 5000]).unwrap(),
        "below the limit, whatever its size"
    );
    let waiting = sender.queued_bytes();
    assert_eq!(waiting, 5004 - 100);
    assert!(!sender.try_send("no").unwrap());
    assert_eq!(sender.queued_bytes(), waiting);
    let sending = tokio::spawn({
        let sender = sender.clone();
        async move {
            sender.send("later").await?;
            sender.flush().await
        }
    });
    tokio::task::yield_now().await;
    assert!(!sending.is_finished());
    // Nobody receives: who waits to send, or to have sent, writes on.
    assert_eq!(peer.message().await, vec![1; 5000].into());
    sending.await.unwrap().unwrap();
    assert_eq!(peer.message().await, "later".into());
    drop(server);
}

#[tokio::test]
async fn everyone_who_waits_gets_a_turn() {
    let (server, mut peer) = with_peer(50, &config(Role::Server, queued(200)));
    let sender = server.sender();
    let sending = (0..50u8).map(|n| {
        let sender = sender.clone();
        tokio::spawn(async move { sender.send(vec![n; 150]).await })
    });
    let sending: Vec<_> = sending.collect();
    let sending = async {
        for task in sending {
            task.await.unwrap().unwrap();
        }
        sender.flush().await.unwrap();
    };
    let receiving = async {
        let mut seen = Vec::new();
        while seen.len() < 50 {
            let message = peer.message().await;
            let number = message.as_bytes()[0];
            assert_eq!(message, vec![number; 150].into(), "torn");
            assert!(
                sender.queued_bytes() < 200 + 154,
                "at most one message over the limit"
            );
            seen.push(number);
        }
        seen
    };
    let ((), mut seen) = tokio::join!(sending, receiving);
    seen.sort_unstable();
    assert_eq!(seen, (0..50).collect::<Vec<u8>>());
    drop(server);
}

#[tokio::test]
async fn those_who_wait_are_told_when_the_connection_goes() {
    let (server, _peer) = with_peer(50, &config(Role::Server, queued(100)));
    let sender = server.sender();
    sender.send(vec![1; 500]).await.unwrap();
    let sending = tokio::spawn({
        let sender = sender.clone();
        async move { sender.send("never").await }
    });
    let flushing = tokio::spawn({
        let sender = sender.clone();
        async move { sender.flush().await }
    });
    tokio::task::yield_now().await;
    drop(server);
    assert!(matches!(sending.await.unwrap(), Err(Error::Closed)));
    assert!(matches!(flushing.await.unwrap(), Err(Error::Closed)));
    assert!(matches!(sender.try_send("x"), Err(Error::Closed)));
    assert!(matches!(sender.feed("x").await, Err(Error::Closed)));
    assert!(matches!(sender.ping(b""), Err(Error::Closed)));
    sender.close(CloseCode::NORMAL, "nobody is there");
    assert_eq!(
        sender.queued_bytes(),
        0,
        "nothing is kept for a peer that is gone"
    );
}

#[tokio::test]
async fn those_who_wait_are_told_when_the_connection_closes() {
    let (server, _peer) = with_peer(50, &config(Role::Server, queued(100)));
    let sender = server.sender();
    sender.send(vec![1; 500]).await.unwrap();
    let sending = tokio::spawn({
        let sender = sender.clone();
        async move { sender.send("never").await }
    });
    tokio::task::yield_now().await;
    sender.close(CloseCode::GOING_AWAY, "");
    assert!(matches!(sending.await.unwrap(), Err(Error::Closed)));
    drop(server);
}

#[tokio::test]
async fn those_who_wait_are_told_when_the_peer_closes() {
    let (mut server, mut peer) = with_peer(50, &config(Role::Server, queued(100)));
    let sender = server.sender();
    sender.send(vec![1; 500]).await.unwrap();
    let sending = tokio::spawn(async move { sender.send("never").await });
    let receiving = tokio::spawn(async move { server.recv().await.is_none() });
    peer.send(OpCode::Close, &1000u16.to_be_bytes()).await;
    assert!(matches!(sending.await.unwrap(), Err(Error::Closed)));
    assert_eq!(peer.message().await, vec![1; 500].into());
    assert_eq!(peer.closed().await, 1000);
    drop(peer);
    assert!(receiving.await.unwrap());
}

#[tokio::test]
async fn who_gives_up_waiting_leaves_nothing_behind() {
    let (mut server, peer) = with_peer(50, &config(Role::Server, queued(100)));
    let mut sender = server.sender();
    sender.send(vec![1; 500]).await.unwrap();
    let woken = Arc::new(Woken::default());
    let waker = woken.clone().into();
    let mut cx = Context::from_waker(&waker);
    for _ in 0..10 {
        let mut sending = Box::pin(sender.send("never"));
        assert!(sending.as_mut().poll(&mut cx).is_pending());
        assert!(sending.as_mut().poll(&mut cx).is_pending());
        let mut flushing = Box::pin(sender.flush());
        assert!(flushing.as_mut().poll(&mut cx).is_pending());
    }
    let ready = futures_util::Sink::<madang_ws::Message>::poll_ready;
    assert!(matches!(
        ready(std::pin::Pin::new(&mut sender), &mut cx),
        Poll::Pending
    ));
    drop(sender);
    assert_eq!(Arc::strong_count(&woken), 2, "this one, and the waker made of it");

    // The owner keeps one place, however often it gives up.
    for _ in 0..10 {
        let mut sending = Box::pin(server.send("never"));
        assert!(sending.as_mut().poll(&mut cx).is_pending());
    }
    assert!(Arc::strong_count(&woken) <= 3);
    drop(server);
    drop(peer);
    assert_eq!(Arc::strong_count(&woken), 2);
}

#[tokio::test]
async fn a_sender_that_waits_sees_room_made_by_others() {
    let (mut server, mut client) = pair_with(100, queued(1000));
    let sender = server.sender();
    sender.send(vec![0; 3000]).await.unwrap();
    let sending = tokio::spawn(async move {
        sender.send("second").await.unwrap();
    });
    let receiving = tokio::spawn(async move { server.recv().await.is_none() });
    assert_eq!(client.recv().await.unwrap().unwrap(), vec![0; 3000].into());
    assert_eq!(client.recv().await.unwrap().unwrap(), "second".into());
    sending.await.unwrap();
    client.close(CloseCode::NORMAL, "").await.unwrap();
    assert!(receiving.await.unwrap());
}

#[tokio::test]
async fn nothing_of_a_connection_is_kept_by_its_peers_stream() {
    let (server, mut peer) = with_peer(50, &config(Role::Server, queued(100)));
    let sender = server.sender();
    sender.send(vec![1; 5000]).await.unwrap();
    drop(server);
    let mut all = Vec::new();
    peer.stream.read_to_end(&mut all).await.unwrap();
    assert_eq!(all.len(), 50, "what was in the pipe; the stream has ended");
    drop(sender);
}
