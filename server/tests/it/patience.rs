//! Clients that take their time: how long a listener waits for them.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use madang_server::listener::{ConnectionLimits, Patience};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::running::{self, PATIENCE, Running};

/// So short that a test need not be long.
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408_and_keeps_nobody_waiting() {
    let server = Running::with_patience(Patience {
        body: SHORT,
        ..Patience::default()
    })
    .await;
    let mut kim = server.join("lobby", "Kim").await;
    for path in ["/api/rooms/lobby/messages", "/api/sign-in"] {
        let mut slow = TcpStream::connect(server.addr).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{{"
        );
        slow.write_all(head.as_bytes()).await.unwrap();
        kim.send(&path.len().to_string(), "not held up").await;
        kim.expect("ack").await;
        let mut answer = String::new();
        // To the end: it is closed.
        let read = timeout(PATIENCE, slow.read_to_string(&mut answer));
        read.await.expect("it ends").unwrap();
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
    }
    kim.heard_nothing_more().await;
}

/// Other systems can't be told.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_never_reads_holds_its_place_no_longer_than_it_may() {
    let listener = running::listener().with_patience(Patience {
        arrival: SHORT,
        ..Patience::default()
    });
    let addr = listener.addr();
    let endless = || async {
        let more = futures_util::stream::repeat(Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 65_536])));
        Body::from_stream(more)
    };
    let router = Router::new()
        .route("/endless", get(endless))
        .route("/", get("here"));
    let one = ConnectionLimits {
        total: NonZeroUsize::MIN,
        per_address: None,
    };
    let stop = CancellationToken::new();
    let serving = tokio::spawn(listener.serve(router, one, stop.clone(), TaskTracker::new()));
    let mut silent = TcpStream::connect(addr).await.unwrap();
    silent
        .write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let next = timeout(PATIENCE, running::get(addr, "/", "")).await;
    assert!(next.expect("the place is free").ends_with("here"));
    stop.cancel();
    serving.await.unwrap();
    drop(silent);
}
