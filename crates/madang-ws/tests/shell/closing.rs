//! How connections end: the close handshake from both sides, its time limit, and peers who skip it.

use crate::common::{close_frame, config, frame_to, pair, queued, sockets, with_peer, with_tcp_peer};
use madang_ws::proto::{Config, Event, OpCode, Role};
use madang_ws::{CloseCode, Error, Limits, WebSocket};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Instant;

#[tokio::test]
async fn either_side_closes_and_the_other_learns_why() {
    for server_begins in [true, false] {
        let (server, client) = pair(1000);
        let (mut begins, mut answers) = if server_begins {
            (server, client)
        } else {
            (client, server)
        };
        let closing = async {
            begins.send("last words").await.unwrap();
            begins.close(CloseCode::new(4321).unwrap(), "왜냐하면").await
        };
        let answering = async {
            assert_eq!(answers.recv().await.unwrap().unwrap(), "last words".into());
            assert!(answers.recv().await.is_none());
        };
        let (closed, ()) = tokio::join!(closing, answering);
        closed.unwrap();
        let frame = answers.close_frame().unwrap();
        assert_eq!((frame.code.as_u16(), &*frame.reason), (4321, "왜냐하면"));
        assert_eq!(
            begins.close_frame().unwrap().code.as_u16(),
            4321,
            "the same code in answer"
        );
        for ws in [&mut begins, &mut answers] {
            assert!(matches!(ws.send("too late").await, Err(Error::Closed)));
            assert!(ws.recv().await.is_none());
        }
    }
}

#[tokio::test]
async fn both_sides_close_at_once() {
    let (mut server, mut client) = pair(1000);
    let (one, two) = tokio::join!(
        server.close(CloseCode::GOING_AWAY, ""),
        client.close(CloseCode::NORMAL, "")
    );
    one.unwrap();
    two.unwrap();
    assert_eq!(client.close_frame().unwrap().code, CloseCode::GOING_AWAY);
    assert_eq!(server.close_frame().unwrap().code, CloseCode::NORMAL);
}

#[tokio::test]
async fn a_close_frame_may_be_without_a_code() {
    let (mut server, mut peer) = with_peer(1000, &Config::new(Role::Server));
    peer.send(OpCode::Close, b"").await;
    let peer = tokio::spawn(async move { peer.rest().await });
    assert!(server.recv().await.is_none());
    assert_eq!(server.close_frame(), None);
    assert_eq!(peer.await.unwrap(), [Event::Close(None)]);
}

#[tokio::test]
async fn a_sender_closes_while_another_task_receives() {
    let (server, mut client) = pair(1000);
    let (sender, mut receiver) = server.split();
    let receiving = tokio::spawn(async move { receiver.recv().await.is_none() });
    tokio::task::yield_now().await;
    sender.send("last words").await.unwrap();
    sender.close(CloseCode::TRY_AGAIN, "later");
    sender.close(CloseCode::NORMAL, "the first one counts");
    assert_eq!(client.recv().await.unwrap().unwrap(), "last words".into());
    assert!(client.recv().await.is_none());
    assert_eq!(client.close_frame().unwrap().code, CloseCode::TRY_AGAIN);
    assert!(receiving.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_a_close_has_close_time() {
    let limits = Limits {
        close_time: Duration::from_secs(3),
        ..Limits::default()
    };
    let (mut server, _peer) = with_peer(1000, &config(Role::Server, limits));
    let begin = Instant::now();
    let error = server.close(CloseCode::NORMAL, "").await.unwrap_err();
    assert_eq!(error.code(), "ws_close_timeout");
    assert!(
        (3000..3100).contains(&begin.elapsed().as_millis()),
        "{:?}",
        begin.elapsed()
    );
    assert!(server.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn close_time_begins_when_another_task_closes() {
    let (server, _peer) = with_peer(1000, &Config::new(Role::Server));
    let (sender, mut receiver) = server.split();
    let receiving = tokio::spawn(async move { receiver.recv().await });
    tokio::time::sleep(Duration::from_secs(60)).await;
    let begin = Instant::now();
    sender.close(CloseCode::NORMAL, "");
    let error = receiving.await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.code(), "ws_close_timeout");
    assert!(
        (10_000..10_100).contains(&begin.elapsed().as_millis()),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_keeps_the_stream_after_the_handshake_has_close_time() {
    let (mut server, mut peer) = with_peer(1000, &Config::new(Role::Server));
    let begin = Instant::now();
    peer.send(OpCode::Close, &1000u16.to_be_bytes()).await;
    assert!(server.recv().await.is_none(), "closed cleanly all the same");
    assert!(
        (10_000..10_100).contains(&begin.elapsed().as_millis()),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(peer.closed().await, 1000);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_before_the_close_has_close_time() {
    let (mut server, _peer) = with_peer(100, &Config::new(Role::Server));
    server.send(vec![7; 1000]).await.unwrap();
    let begin = Instant::now();
    let error = server.close(CloseCode::NORMAL, "").await.unwrap_err();
    assert_eq!(error.code(), "ws_close_timeout");
    assert!(
        (10_000..10_100).contains(&begin.elapsed().as_millis()),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn a_stream_that_ends_without_a_close_frame_is_lost() {
    let (mut server, peer) = with_peer(1000, &Config::new(Role::Server));
    drop(peer);
    assert!(matches!(server.recv().await, Some(Err(Error::Lost))));
    assert!(server.recv().await.is_none());
    assert!(matches!(server.send("x").await, Err(Error::Closed)));
}

#[tokio::test]
async fn a_half_closed_peer_gets_what_was_queued() {
    let (mut server, mut peer) = with_tcp_peer(&Config::new(Role::Server)).await;
    for n in 0..5u8 {
        server.send(vec![n; 100_000]).await.unwrap();
    }
    peer.stream.shutdown().await.unwrap();
    let receiving = tokio::spawn(async move { server.recv().await });
    for n in 0..5u8 {
        assert_eq!(peer.message().await, vec![n; 100_000].into());
    }
    assert_eq!(peer.event().await, None);
    assert!(matches!(receiving.await.unwrap(), Some(Err(Error::Lost))));
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_peer_that_does_not_read_has_close_time() {
    let (mut server, mut peer) = with_peer(100, &Config::new(Role::Server));
    server.send(vec![7; 1000]).await.unwrap();
    peer.stream.shutdown().await.unwrap();
    let begin = Instant::now();
    assert!(matches!(server.recv().await, Some(Err(Error::Lost))));
    assert!(
        (10_000..10_100).contains(&begin.elapsed().as_millis()),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn no_limit_on_closing_is_a_choice() {
    let limits = Limits {
        close_time: Duration::MAX,
        ..Limits::default()
    };
    let (mut server, peer) = with_peer(100, &config(Role::Server, limits));
    drop(peer);
    assert!(matches!(server.recv().await, Some(Err(Error::Lost))));
}

#[tokio::test]
async fn the_close_frame_is_not_lost_in_a_reset() {
    for _ in 0..20 {
        let (mut server, mut peer) = with_tcp_peer(&Config::new(Role::Server)).await;
        let receiving = tokio::spawn(async move { server.recv().await });
        // Wrong at once, and much that nobody wants after it.
        let mut bytes = frame_to(Role::Server, OpCode::Continuation, b"continues nothing");
        bytes.resize(500_000, 0);
        peer.write(&bytes).await;
        assert_eq!(peer.closed().await, 1002);
        drop(peer);
        let error = receiving.await.unwrap().unwrap().unwrap_err();
        assert_eq!(error.code(), "ws_unexpected_continuation");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_writes_before_it_reads_gets_the_close_frame_too() {
    let (mut server, mut peer) = with_peer(100, &Config::new(Role::Server));
    // More than the pipe takes is under way to the peer, and more than it takes back.
    server.send(vec![7; 1000]).await.unwrap();
    let begin = Instant::now();
    let receiving = tokio::spawn(async move { server.recv().await });
    let mut bytes = frame_to(Role::Server, OpCode::Continuation, b"continues nothing");
    bytes.resize(10_000, 0);
    peer.write(&bytes).await;
    assert_eq!(peer.message().await, vec![7; 1000].into());
    assert_eq!(peer.closed().await, 1002);
    drop(peer);
    assert!(receiving.await.unwrap().unwrap().is_err());
    assert_eq!(begin.elapsed(), Duration::ZERO, "nobody waited for a time limit");
}

/// A stream that brings something, takes nothing, and never ends.
struct Broken(&'static [u8]);

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Pending;
        }
        buf.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn what_came_before_the_stream_broke_is_received() {
    let mut server = WebSocket::new(
        Broken(b"\x81\x81\0\0\0\0a\x81\x81\0\0\0\0b"),
        &[],
        &Config::new(Role::Server),
    );
    let sent = server.send("into the void").await.unwrap_err();
    assert_eq!(sent.code(), "ws_io");
    assert_eq!(server.recv().await.unwrap().unwrap(), "a".into());
    assert_eq!(server.recv().await.unwrap().unwrap(), "b".into());
    match server.recv().await {
        Some(Err(Error::Io(e))) => assert_eq!(e.kind(), io::ErrorKind::BrokenPipe),
        other => panic!("not the stream's error: {other:?}"),
    }
    assert!(server.recv().await.is_none());
    assert!(server.send("still").await.is_err());
}

#[tokio::test]
async fn what_a_client_sent_before_it_left_is_received() {
    let (near, far) = sockets().await;
    let mut server = WebSocket::new(near, &[], &Config::new(Role::Server));
    server.send("never read").await.unwrap();
    let mut far = far;
    far.write_all(&frame_to(Role::Server, OpCode::Text, b"last words"))
        .await
        .unwrap();
    far.readable().await.unwrap();
    // Closed with bytes unread: a reset.
    drop(far);
    let _ = server.send("into the void").await;
    assert_eq!(server.recv().await.unwrap().unwrap(), "last words".into());
    assert!(matches!(
        server.recv().await,
        Some(Err(Error::Io(_) | Error::Lost))
    ));
}

#[tokio::test]
async fn a_dropped_connection_ends_the_stream() {
    let (mut server, mut peer) = with_tcp_peer(&Config::new(Role::Server)).await;
    server.feed("fed and never sent").await.unwrap();
    let sender = server.sender();
    drop(server);
    assert_eq!(peer.stream.read(&mut [0; 10]).await.unwrap(), 0);
    drop(sender);
}

#[tokio::test]
async fn close_waits_for_what_was_queued() {
    let (mut server, mut peer) = with_peer(100, &config(Role::Server, queued(100_000)));
    for n in 0..50u8 {
        server.feed(vec![n; 500]).await.unwrap();
    }
    let peer = tokio::spawn(async move {
        for n in 0..50u8 {
            assert_eq!(peer.message().await, vec![n; 500].into());
        }
        assert!(matches!(peer.event().await, Some(Event::Close(Some(_)))));
        peer.write(&close_frame(1000)).await;
        assert_eq!(peer.event().await, None);
    });
    server.close(CloseCode::NORMAL, "").await.unwrap();
    peer.await.unwrap();
}
