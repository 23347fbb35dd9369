//! What there is of HTTP/1.1.

use crate::common::{Answer, Served};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn exchange(served: &Served, request: &str) -> String {
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let request = |connection: &str| {
        format!(
            "POST /engine.io/?{session} HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\nContent-Length: 3\r\n\r\n4hi"
        )
    };
    let answers = exchange(&served, &(request("keep-alive") + &request("close"))).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(answers.matches("connection: close").count(), 1);
    assert_eq!(served.get(&session).await.text(), "4hi\u{1e}4hi");
}

#[tokio::test]
async fn a_request_that_comes_while_another_waits_has_its_turn_after_it() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let socket = served.opened().await;
    let mut stream = served
        .send("GET", &session, &[("Connection", "keep-alive")], b"")
        .await;
    while !socket.is_writable() {
        tokio::task::yield_now().await;
    }
    let next = "GET /elsewhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(next.as_bytes()).await.unwrap();
    socket.send("first");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let first = answers.find("4first").unwrap();
    assert!(answers.find("404 Not Found").unwrap() > first);
}

#[tokio::test]
async fn chunks_are_put_together() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let chunked = [("Transfer-Encoding", "chunked"), ("Connection", "close")];
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let head = format!(
        "POST /engine.io/?{session} HTTP/1.1\r\nHost: a\r\n{}: {}\r\nConnection: close\r\n\r\n",
        chunked[0].0, chunked[0].1
    );
    for part in [&*head, "2;a=b\r\n4h\r", "\n1\r\ni\r\n0\r\nTrailer: x\r\n", "\r\n"] {
        stream.write_all(part.as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(Answer::read(stream).await.text(), "ok");
    assert_eq!(served.get(&session).await.text(), "4hi");
}

#[tokio::test]
async fn chunks_that_are_none_end_the_session() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let request = format!(
        "POST /engine.io/?{session} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n4hi\r\n"
    );
    assert!(exchange(&served, &request).await.starts_with("HTTP/1.1 400"));
    served.closed().await;
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let head = format!(
        "POST /engine.io/?{session} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"4hi").await.unwrap();
    assert_eq!(Answer::read(stream).await.text(), "ok");
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let served = Served::start(|_| {}).await;
    assert!(
        exchange(&served, "nonsense\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 400")
    );
    let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(20_000));
    assert!(exchange(&served, &long).await.starts_with("HTTP/1.1 431"));
    let smuggled = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(exchange(&served, smuggled).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn paths_of_others_are_not_found() {
    let served = Served::start(|_| {}).await;
    let answer = exchange(&served, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn lines_between_chunks_end_as_they_must() {
    for body in [
        "3;\n4hi\r\n0\r\n\r\n",
        "3\n4hi\r\n0\r\n\r\n",
        " 3\r\n4hi\r\n0\r\n\r\n",
        "3\r\n4hi \r\n0\r\n\r\n",
        "3\r\n4hi\r\n0\r\n\n",
    ] {
        let served = Served::start(|_| {}).await;
        let session = served.open("EIO=4").await;
        let request = format!(
            "POST /engine.io/?{session} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
        );
        let answer = exchange(&served, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{body:?}: {answer}");
    }
}

#[tokio::test]
async fn an_upgrade_has_no_body() {
    let served = Served::start(|_| {}).await;
    let request = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 3\r\n\r\n4hi";
    let answer = exchange(&served, request).await;
    assert!(!answer.starts_with("HTTP/1.1 101"), "{answer}");
}

#[tokio::test]
async fn a_head_gets_no_more_time_for_each_of_its_bytes() {
    let served = Served::start(|_| {}).await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nA: ").await.unwrap();
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let mut byte = [0];
    while begun.elapsed() < Duration::from_secs(60) {
        let read = tokio::time::timeout(Duration::from_secs(4), stream.read(&mut byte)).await;
        if read.is_ok() {
            return;
        }
        stream.write_all(b"x").await.unwrap();
    }
    panic!("the connection is still there");
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_given_up() {
    use std::sync::Arc;
    let (config, length) = (madang_engineio::Config::default(), 64 << 20);
    let (notes, _read) = tokio::sync::mpsc::unbounded_channel();
    let engine = madang_engineio::EngineIo::new(config, crate::common::Scribe::new(notes));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    client
        .write_all(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let long = Arc::new(vec![0_u8; length]);
    tokio::time::pause();
    let served = engine.serve_connection(stream, move |_| Some(http::Response::new(long.to_vec().into())));
    let ended = tokio::time::timeout(Duration::from_secs(120), served).await;
    assert!(ended.is_ok(), "it is still written to");
}

#[tokio::test]
async fn a_websocket_whose_future_is_dropped_ends_its_session() {
    let (notes, mut read) = tokio::sync::mpsc::unbounded_channel();
    let engine = madang_engineio::EngineIo::new(
        madang_engineio::Config::default(),
        crate::common::Scribe::new(notes),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "ws://{}/engine.io/?EIO=4&transport=websocket",
        listener.local_addr().unwrap()
    );
    let served = engine.clone();
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        crate::serve(served, stream).await;
    });
    let mut client = madang_ws::client::connect(&url).await.unwrap();
    crate::common::text(&mut client).await;
    task.abort();
    let closed = async { while !matches!(read.recv().await, Some(crate::common::Note::Close(_))) {} };
    let closed = tokio::time::timeout(Duration::from_secs(5), closed).await;
    assert!(closed.is_ok(), "the session outlives its connection");
    assert_eq!(engine.session_count(), 0);
}

#[tokio::test]
async fn a_connection_is_closed_whichever_of_its_headers_says_so() {
    let served = Served::start(|_| {}).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: x, close\r\n\r\n";
    let answer = tokio::time::timeout(Duration::from_secs(5), exchange(&served, request)).await;
    assert!(answer.unwrap().contains("connection: close"));
}

#[tokio::test]
async fn a_request_names_one_host() {
    let served = Served::start(|_| {}).await;
    for hosts in ["", "Host: a\r\nHost: b\r\n"] {
        let request = format!("GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\n{hosts}\r\n");
        let answer = exchange(&served, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts:?}: {answer}");
    }
    let old = exchange(&served, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.1 404"), "{old}");
}

#[tokio::test]
async fn a_client_of_http_1_0_is_not_told_to_go_on() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let head =
        format!("POST /engine.io/?{session} HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    stream.write_all(b"4hi").await.unwrap();
    let answer = Answer::read(stream).await;
    assert_eq!((answer.status, answer.text()), (200, "ok"));
}

/// What a request gets of a server whose own answers are such.
async fn answered(request: &str, answer: fn() -> http::Response<bytes::Bytes>) -> String {
    let (notes, _read) = tokio::sync::mpsc::unbounded_channel();
    let engine = madang_engineio::EngineIo::new(
        madang_engineio::Config::default(),
        crate::common::Scribe::new(notes),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    tokio::spawn(async move { engine.serve_connection(stream, move |_| Some(answer())).await });
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn an_answer_that_says_nothing_has_changed_has_no_length_and_no_body() {
    let request = "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = answered(request, || {
        let mut answer = http::Response::new(bytes::Bytes::from_static(b"HTTP/1.1 200 OK"));
        *answer.status_mut() = http::StatusCode::NOT_MODIFIED;
        answer
    })
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 304 ") && !answer.contains("content-length"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn an_answer_has_one_date() {
    let request = "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = answered(request, || {
        let mut answer = http::Response::new(bytes::Bytes::from_static(b"a file"));
        let date = http::HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        answer.headers_mut().insert(http::header::DATE, date);
        answer
    })
    .await;
    assert_eq!(answer.matches("\r\ndate: ").count(), 1, "{answer}");
    assert!(answer.ends_with("\r\n\r\na file"), "{answer}");
}

#[tokio::test]
async fn a_second_head_that_has_begun_gets_no_more_time_than_the_first() {
    let served = Served::start(|_| {}).await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let requests = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nA: ";
    stream.write_all(requests).await.unwrap();
    let mut bytes = vec![0; 1024];
    assert!(stream.read(&mut bytes).await.unwrap() > 0);
    tokio::time::pause();
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
    assert!(ended.is_ok(), "the connection is still there");
}

#[tokio::test]
async fn a_session_whose_answer_could_not_be_written_ends() {
    let served = Served::start(|config| {
        config.send_limit = 64 << 20;
        config.ping_interval = Duration::from_secs(3600);
    })
    .await;
    let session = served.open("EIO=4").await;
    let socket = served.opened().await;
    socket.send("x".repeat(32 << 20));
    let _unread = served.send("GET", &session, &[], b"").await;
    while socket.buffered_bytes() > 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    let closed = tokio::time::timeout(Duration::from_secs(120), served.closed()).await;
    assert_eq!(closed.unwrap(), madang_engineio::CloseReason::TransportError);
}

#[tokio::test]
async fn a_client_of_http_1_0_is_told_that_its_connection_is_kept() {
    let served = Served::start(|_| {}).await;
    let request = |connection: &str| format!("GET / HTTP/1.0\r\nConnection: {connection}\r\n\r\n");
    let answers = exchange(&served, &(request("Keep-Alive") + &request("close"))).await;
    assert_eq!(answers.matches("connection: keep-alive").count(), 1, "{answers}");
    assert_eq!(answers.matches("connection: close").count(), 1, "{answers}");
}

#[tokio::test]
async fn an_answer_to_head_has_no_body_whatever_else_was_asked_for() {
    let served = Served::start(|_| {}).await;
    for query in ["EIO=4&transport=websocket", "EIO=4&transport=pigeon"] {
        let upgrade = [
            ("Connection", "Upgrade, close"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ];
        let answer = served.request("HEAD", query, &upgrade, b"").await;
        assert_eq!((answer.status, answer.text()), (400, ""));
    }
}

#[tokio::test]
async fn a_connection_may_wait_so_long_for_its_next_request_and_no_longer() {
    let served = Served::start(|_| {}).await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut bytes = vec![0; 1024];
    assert!(stream.read(&mut bytes).await.unwrap() > 0);
    tokio::time::pause();
    let early = tokio::time::timeout(Duration::from_secs(74), stream.read(&mut bytes)).await;
    assert!(early.is_err(), "the connection is gone");
    let late = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut bytes)).await;
    assert_eq!(late.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn a_session_has_its_address_whatever_else_is_in_the_query() {
    let served = Served::start(|_| {}).await;
    for query in [
        "EIO=4&sid=",
        "EIO=4&userSid=1&my_sid=2",
        "sid=&EIO=4&sid=3",
        "s%69d=&EIO=4&sid=4",
    ] {
        served.get(&format!("{query}&transport=polling")).await;
        assert!(served.opened().await.remote_addr().is_some(), "{query}");
    }
}
