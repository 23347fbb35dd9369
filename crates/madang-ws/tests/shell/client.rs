//! Connecting: what a client asks, and which answers it doesn't take.

use crate::common::{Peer, frame_to, listen};
use crate::handshake;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use madang_ws::client::{ClientConfig, ConnectError, connect};
use madang_ws::proto::handshake::Mismatch;
use madang_ws::proto::{OpCode, Role};
use madang_ws::server::{ServerConfig, accept};
use madang_ws::{CloseCode, Limits, WebSocket};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

/// Reads a request, and gives its head.
async fn request(stream: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a request"));
    }
    String::from_utf8(head).unwrap()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines();
    lines.find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The right answer to a request.
fn answer(head: &str) -> String {
    let key = header(head, "sec-websocket-key").unwrap();
    let hash = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let accept = STANDARD.encode(hash);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// Connects to a server that answers what `change` makes of the right answer.
async fn connect_to(
    config: &ClientConfig,
    change: impl FnOnce(String) -> Vec<u8>,
) -> Result<(WebSocket, DuplexStream), ConnectError> {
    let (mut near, far) = duplex(100_000);
    let answering = async {
        let head = request(&mut near).await;
        near.write_all(&change(answer(&head))).await.unwrap();
        near
    };
    let (connected, near) = tokio::join!(config.connect_over(far, "ws://example.com/"), answering);
    connected.map(|(ws, _)| (ws, near))
}

#[tokio::test]
async fn answers_that_do_not_fit_are_refused() {
    let replaced = [
        ("101 Switching Protocols", "404 Not Found", "ws_response_status"),
        ("101 Switching Protocols", "200 OK", "ws_response_status"),
        ("Upgrade: websocket\r\n", "", "ws_response_upgrade"),
        ("Upgrade: websocket", "Upgrade: h2c", "ws_response_upgrade"),
        (
            "Connection: Upgrade",
            "Connection: keep-alive",
            "ws_response_connection",
        ),
        (
            "Sec-WebSocket-Accept: ",
            "Sec-WebSocket-Accept: x",
            "ws_response_accept",
        ),
        ("Sec-WebSocket-Accept: ", "X-Accept: ", "ws_response_accept"),
        (
            "Upgrade: w",
            "Sec-WebSocket-Protocol: chat\r\nUpgrade: w",
            "ws_response_protocol",
        ),
        (
            "Upgrade: w",
            "Sec-WebSocket-Extensions: permessage-deflate\r\nUpgrade: w",
            "ws_response_extensions",
        ),
        ("HTTP/1.1", "ICY", "ws_connect_malformed"),
    ];
    for (old, new, code) in replaced {
        let changed = |answer: String| {
            assert!(answer.contains(old));
            answer.replacen(old, new, 1).into_bytes()
        };
        let error = connect_to(&ClientConfig::default(), changed).await.unwrap_err();
        assert_eq!(error.code(), code, "{new:?}: {error}");
    }
    let limits = Limits {
        handshake: 1000,
        ..Limits::default()
    };
    let config = ClientConfig {
        limits,
        ..ClientConfig::default()
    };
    let long = |answer: String| {
        let padded = format!("\r\nX-Padding: {:01000}\r\nUpgrade", 0);
        answer.replacen("\r\nUpgrade", &padded, 1).into_bytes()
    };
    let error = connect_to(&config, long).await.unwrap_err();
    assert!(matches!(error, ConnectError::TooLong(1000)), "{error}");
    assert_eq!(error.code(), "ws_connect_too_long");
}

#[tokio::test]
async fn a_refusal_tells_the_status() {
    let refusal = |_| b"HTTP/1.1 429 Too Many Requests\r\n\r\n".to_vec();
    match connect_to(&ClientConfig::default(), refusal).await.unwrap_err() {
        ConnectError::Mismatch(Mismatch::Status(status)) => assert_eq!(status, 429),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn frames_that_come_with_the_answer_are_not_lost() {
    let with_frames = |answer: String| {
        let mut bytes = answer.into_bytes();
        bytes.extend(frame_to(Role::Client, OpCode::Text, b"first"));
        bytes.extend(frame_to(Role::Client, OpCode::Text, b"second"));
        bytes
    };
    let (mut ws, near) = connect_to(&ClientConfig::default(), with_frames).await.unwrap();
    assert_eq!(ws.recv().await.unwrap().unwrap(), "first".into());
    assert_eq!(ws.recv().await.unwrap().unwrap(), "second".into());
    let mut peer = Peer::new(near, Role::Client);
    ws.send("masked").await.unwrap();
    assert_eq!(peer.message().await, "masked".into());
}

#[tokio::test]
async fn a_client_says_what_it_was_told_to() {
    let mut config = ClientConfig {
        protocols: vec!["chat".parse().unwrap(), "soap".parse().unwrap()],
        ..ClientConfig::default()
    };
    config
        .headers
        .insert("authorization", "Bearer 7".parse().unwrap());
    config.headers.append("cookie", "a=1".parse().unwrap());
    let targets = [
        ("ws://example.com", "/", "example.com"),
        ("ws://example.com/", "/", "example.com"),
        ("ws://example.com:8080/a/b?c=d", "/a/b?c=d", "example.com:8080"),
        ("ws://example.com?c=d", "/?c=d", "example.com"),
        ("ws://[::1]:8080/x", "/x", "[::1]:8080"),
    ];
    for (url, path, host) in targets {
        let (mut near, far) = duplex(100_000);
        let connecting = config.connect_over(far, url);
        let answering = async {
            let head = request(&mut near).await;
            drop(near);
            head
        };
        let (_, head) = tokio::join!(connecting, answering);
        assert!(head.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{head}");
        assert_eq!(header(&head, "host"), Some(host));
        assert_eq!(header(&head, "authorization"), Some("Bearer 7"));
        assert_eq!(header(&head, "cookie"), Some("a=1"));
        assert_eq!(header(&head, "sec-websocket-version"), Some("13"));
        assert_eq!(header(&head, "sec-websocket-extensions"), None);
        assert!(
            head.contains("sec-websocket-protocol: chat\r\nsec-websocket-protocol: soap\r\n"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn subprotocols_are_agreed_on() {
    for (offered, agreed) in [
        (&["soap", "chat"][..], Some("chat")),
        (&["mqtt"], None),
        (&[], None),
    ] {
        let config = ClientConfig {
            protocols: offered.iter().map(|name| name.parse().unwrap()).collect(),
            ..ClientConfig::default()
        };
        let (near, far) = duplex(100_000);
        let server_config = handshake::config();
        let (server, client) = tokio::join!(
            accept(near, &server_config),
            config.connect_over(far, "ws://example.com/")
        );
        let agreed = agreed.map(|name| name.parse().unwrap());
        assert_eq!(server.unwrap().0.protocol(), agreed.as_ref());
        assert_eq!(client.unwrap().0.protocol(), agreed.as_ref());
    }
}

#[tokio::test]
async fn an_address_must_be_one() {
    for url in [
        "",
        "example.com",
        "http://example.com/",
        "ws://",
        "ws:///path",
        "ws://user@example.com/",
        "ws://user:password@example.com/",
        "ws://example.com/#fragment",
        "ws://example.com:99999/",
        "ws://example.com:/",
    ] {
        let error = connect(url).await.unwrap_err();
        assert!(matches!(error, ConnectError::Url), "{url:?}: {error:?}");
        assert_eq!(error.code(), "ws_connect_url");
    }
}

#[tokio::test]
async fn nobody_there_is_an_error_of_the_stream() {
    let (listener, addr) = listen().await;
    drop(listener);
    let error = connect(&format!("ws://{addr}/")).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::Io(e) if e.kind() == std::io::ErrorKind::ConnectionRefused),
        "{error:?}"
    );
    let (near, far) = duplex(1000);
    drop(near);
    let error = ClientConfig::default()
        .connect_over(far, "ws://a/")
        .await
        .unwrap_err();
    assert_eq!(error.code(), "ws_connect_io");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_has_handshake_time() {
    let (_near, far) = duplex(1000);
    let begin = Instant::now();
    let error = ClientConfig::default()
        .connect_over(far, "ws://example.com/")
        .await
        .unwrap_err();
    assert_eq!(error.code(), "ws_connect_timeout");
    assert!((10_000..10_100).contains(&begin.elapsed().as_millis()));
}

#[tokio::test]
async fn a_client_connects_by_address() {
    let (listener, addr) = listen().await;
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut ws, request) = accept(stream, &ServerConfig::default()).await.unwrap();
        assert_eq!(request.uri(), "/there?is=more");
        ws.send("hello").await.unwrap();
        ws.close(CloseCode::NORMAL, "bye").await.unwrap();
    });
    let (mut ws, response) = ClientConfig::default()
        .connect(&format!("ws://{addr}/there?is=more"))
        .await
        .unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(ws.recv().await.unwrap().unwrap(), "hello".into());
    assert!(ws.recv().await.is_none());
    assert_eq!(&*ws.close_frame().unwrap().reason, "bye");
    serving.await.unwrap();
}
