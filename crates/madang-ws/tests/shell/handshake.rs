//! Accepting from a bare stream: what is refused, how it's said, and what it may cost.

use crate::common::{frame_to, listen};
use madang_ws::proto::handshake::Rejection;
use madang_ws::proto::{OpCode, Role};
use madang_ws::server::{AcceptError, ServerConfig, accept};
use madang_ws::{AllowedOrigins, Limits};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpStream;
use tokio::time::Instant;

pub(crate) const GOOD: &str = "GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: WebSocket\r\n\
     Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
     Origin: https://example.com\r\nSec-WebSocket-Protocol: soap, chat\r\n\r\n";

/// A request that is wrong in one respect, and the status it gets.
pub(crate) fn bad_requests() -> Vec<(String, u16, Rejection)> {
    let with = |old: &str, new: &str| {
        assert!(GOOD.contains(old));
        GOOD.replace(old, new)
    };
    vec![
        (with("GET", "POST"), 405, Rejection::Method),
        (with("Version: 13", "Version: 8"), 426, Rejection::Version),
        (with("Sec-WebSocket-Version: 13\r\n", ""), 426, Rejection::Version),
        (
            with("Upgrade: WebSocket\r\n", "Upgrade: h2c\r\n"),
            400,
            Rejection::Upgrade,
        ),
        (
            with("keep-alive, Upgrade", "keep-alive"),
            400,
            Rejection::Connection,
        ),
        (
            with("Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: c2hvcnQ="),
            400,
            Rejection::Key,
        ),
        (with("soap, chat", "soap, soap"), 400, Rejection::Protocol),
        (
            with("https://example.com", "https://evil.example"),
            403,
            Rejection::Origin,
        ),
        (
            with(
                "Version: 13\r\n",
                "Version: 13\r\nSec-WebSocket-Extensions: ;;\r\n",
            ),
            400,
            Rejection::Extensions,
        ),
    ]
}

pub(crate) fn config() -> ServerConfig {
    let mut config = ServerConfig::default();
    config.acceptor.origins = AllowedOrigins::list(["https://example.com"]);
    config.acceptor.protocols = vec!["chat".parse().unwrap(), "soap".parse().unwrap()];
    config
}

/// Sends `request` and returns what comes back until the stream ends.
async fn ask(config: &ServerConfig, request: &[u8]) -> (Result<(), AcceptError>, String) {
    let (near, mut far) = duplex(100_000);
    let asking = async {
        far.write_all(request).await.unwrap();
        let mut answer = String::new();
        far.read_to_string(&mut answer).await.unwrap();
        drop(far);
        answer
    };
    let (accepted, answer) = tokio::join!(accept(near, config), asking);
    (accepted.map(drop), answer)
}

/// Status line, headers, and the reason in one line.
pub(crate) fn check_refusal(answer: &str, status: u16, reason: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole response");
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    assert_eq!(body, format!("{reason}\n"));
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains(&format!("\r\ncontent-length: {}", body.len())),
        "{head}"
    );
    assert!(head.contains("\r\ncontent-type: text/plain"), "{head}");
    match status {
        405 => assert!(head.contains("\r\nallow: get"), "{head}"),
        426 => assert!(head.contains("\r\nsec-websocket-version: 13"), "{head}"),
        _ => {}
    }
}

#[tokio::test]
async fn each_bad_request_gets_its_status_and_reason() {
    for (request, status, rejection) in bad_requests() {
        let (accepted, answer) = ask(&config(), request.as_bytes()).await;
        match accepted {
            Err(error @ AcceptError::Rejected(why)) if why == rejection => {
                assert_eq!(error.code(), why.code());
            }
            other => panic!("{rejection:?}: {other:?}"),
        }
        check_refusal(&answer, status, &rejection.to_string());
        assert!(
            answer.to_ascii_lowercase().contains("\r\nconnection: close"),
            "{answer}"
        );
    }
    let old = GOOD.replace("HTTP/1.1", "HTTP/1.0");
    let (accepted, answer) = ask(&config(), old.as_bytes()).await;
    assert!(matches!(
        accepted,
        Err(AcceptError::Rejected(Rejection::HttpVersion))
    ));
    check_refusal(&answer, 400, &Rejection::HttpVersion.to_string());
    let homeless = GOOD.replace("Host: example.com\r\n", "");
    let (accepted, _) = ask(&config(), homeless.as_bytes()).await;
    assert!(matches!(accepted, Err(AcceptError::Rejected(Rejection::Host))));
}

#[tokio::test]
async fn what_is_not_http_gets_400() {
    for bytes in [
        &b"\x16\x03\x01\x02\0\x01\0"[..],
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    ] {
        let (accepted, answer) = ask(&config(), bytes).await;
        assert!(matches!(accepted, Err(AcceptError::Malformed)), "{accepted:?}");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_long_gets_431() {
    let config = ServerConfig {
        limits: Limits {
            handshake: 1000,
            ..Limits::default()
        },
        ..config()
    };
    let padded = |len: usize| {
        let padding = len - GOOD.len() - "X-Padding: \r\n".len();
        GOOD.replace("Origin", &format!("X-Padding: {:0padding$}\r\nOrigin", 0))
    };
    let longest = padded(1000);
    assert_eq!(longest.len(), 1000);
    let (near, mut far) = duplex(100_000);
    far.write_all(longest.as_bytes()).await.unwrap();
    accept(near, &config).await.expect("as long as it may be");

    for request in [padded(1001), padded(50_000)] {
        let (accepted, answer) = ask(&config, request.as_bytes()).await;
        assert!(
            matches!(accepted, Err(AcceptError::TooLong(1000))),
            "{accepted:?}"
        );
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let many = GOOD.replace("Origin", &format!("{}Origin", "A: b\r\n".repeat(100)));
    let (accepted, answer) = ask(&self::config(), many.as_bytes()).await;
    assert!(matches!(accepted, Err(AcceptError::TooLong(_))), "{accepted:?}");
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_refusal_is_not_lost_in_a_reset() {
    for _ in 0..20 {
        let (listener, addr) = listen().await;
        let accepting = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            accept(stream, &ServerConfig::default()).await.map(drop)
        });
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let body = "x".repeat(300_000);
        let request = format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("no reset");
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
        drop(stream);
        assert!(matches!(
            accepting.await.unwrap(),
            Err(AcceptError::Rejected(Rejection::Method))
        ));
    }
}

#[tokio::test]
async fn a_good_request_is_answered_and_returned() {
    let (near, mut far) = duplex(100_000);
    far.write_all(GOOD.as_bytes()).await.unwrap();
    let (ws, request) = accept(near, &config()).await.unwrap();
    assert_eq!(request.uri(), "/chat?room=1");
    assert_eq!(request.headers()["host"], "example.com");
    assert_eq!(ws.protocol().unwrap(), "chat", "the server's preference");
    let mut answer = vec![0; 1000];
    let len = far.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..len]).to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(
        answer.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains("\r\nsec-websocket-protocol: chat\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\n"));
}

#[tokio::test]
async fn frames_that_come_with_the_request_are_not_lost() {
    let mut early = GOOD.as_bytes().to_vec();
    early.extend(frame_to(Role::Server, OpCode::Text, b"first"));
    early.extend(frame_to(Role::Server, OpCode::Text, b"second"));
    // Whole, and cut at every place around the end of the head.
    for cut in [
        early.len(),
        GOOD.len() - 1,
        GOOD.len(),
        GOOD.len() + 1,
        GOOD.len() + 12,
    ] {
        let (listener, addr) = listen().await;
        let (first, rest) = early.split_at(cut);
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(first).await.unwrap();
        let (accepting, _) = listener.accept().await.unwrap();
        let accepting = tokio::spawn(async move { accept(accepting, &config()).await.unwrap().0 });
        tokio::task::yield_now().await;
        stream.write_all(rest).await.unwrap();
        let mut ws = accepting.await.unwrap();
        assert_eq!(ws.recv().await.unwrap().unwrap(), "first".into());
        assert_eq!(ws.recv().await.unwrap().unwrap(), "second".into());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_has_handshake_time() {
    let (near, _far) = duplex(1000);
    let begin = Instant::now();
    let error = accept(near, &config()).await.unwrap_err();
    assert_eq!(error.code(), "ws_handshake_timeout");
    assert!((10_000..10_100).contains(&begin.elapsed().as_millis()));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_a_byte_a_second_has_handshake_time() {
    let (near, mut far) = duplex(1000);
    let dripping = tokio::spawn(async move {
        for byte in GOOD.bytes() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if far.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    });
    let begin = Instant::now();
    let error = accept(near, &config()).await.unwrap_err();
    assert_eq!(error.code(), "ws_handshake_timeout");
    assert!((10_000..10_100).contains(&begin.elapsed().as_millis()));
    dripping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_refused_and_stays_has_handshake_time() {
    let (near, mut far) = duplex(1000);
    far.write_all(b"POST / HTTP/1.1\r\n\r\n").await.unwrap();
    let begin = Instant::now();
    let error = accept(near, &config()).await.unwrap_err();
    assert!(matches!(error, AcceptError::Rejected(Rejection::Method)));
    assert!((10_000..10_100).contains(&begin.elapsed().as_millis()));
}

#[tokio::test]
async fn a_client_that_leaves_is_an_error_of_the_stream() {
    let (near, mut far) = duplex(1000);
    far.write_all(b"GET / HT").await.unwrap();
    drop(far);
    let error = accept(near, &config()).await.unwrap_err();
    assert_eq!(error.code(), "ws_handshake_io");
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let (near, mut far) = duplex(1);
    let asking = tokio::spawn(async move {
        for byte in GOOD.bytes() {
            far.write_all(&[byte]).await.unwrap();
        }
        let mut answer = [0; 12];
        far.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 101");
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).await.unwrap();
    });
    let (ws, _) = accept(near, &config()).await.unwrap();
    drop(ws);
    asking.await.unwrap();
}
