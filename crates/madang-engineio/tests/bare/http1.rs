//! What there is of HTTP/1.1.

use crate::common::{Answer, Served};
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
    let smuggled = "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(exchange(&served, smuggled).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn paths_of_others_are_not_found() {
    let served = Served::start(|_| {}).await;
    let answer = exchange(&served, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404"));
}
