//! What options change.

use crate::common::{Served, text};
use http::HeaderValue;
use madang_engineio::{Cookie, Cors, CorsOrigin, Message, TransportKind};
use std::io::Read;
use std::sync::Arc;

#[tokio::test]
async fn requests_can_be_refused_with_a_message() {
    let served = Served::start(|config| {
        config.set_allow_request(|request| {
            let known = request.headers.contains_key("x-token");
            async move { if known { Ok(()) } else { Err("no token".to_owned()) } }
        });
    })
    .await;
    let refused = served.get("EIO=4&transport=polling").await;
    assert_eq!(
        (refused.status, refused.text()),
        (403, r#"{"code":4,"message":"no token"}"#)
    );
    let token = [("X-Token", "1")];
    let answer = served
        .request("GET", "EIO=4&transport=polling", &token, b"")
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_cookie_comes_with_the_polling_handshake_only() {
    let served = Served::start(|config| config.cookie = Some(Cookie::default())).await;
    let answer = served.get("EIO=4&transport=polling").await;
    let sid = served.opened().await.session_id().to_owned();
    let cookie = format!("io={sid}; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(answer.header("set-cookie"), Some(cookie.as_str()));
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_take_it() {
    let served = Served::start(|_| {}).await;
    let session = served.open("EIO=4").await;
    let long = format!("4{}", "madang ".repeat(1000));
    let gzip = [("Accept-Encoding", "br, gzip")];
    served.post(&session, &long).await;
    let answer = served.request("GET", &session, &gzip, b"").await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&answer.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, long);
    served.post(&session, &long).await;
    let answer = served
        .request("GET", &session, &[("Accept-Encoding", "gzip;q=0")], b"")
        .await;
    assert_eq!(answer.header("content-encoding"), None);
    served.post(&session, "4short").await;
    let answer = served.request("GET", &session, &gzip, b"").await;
    assert_eq!(answer.header("content-encoding"), None);
}

#[tokio::test]
async fn cors_headers_are_on_every_answer() {
    let served = Served::start(|config| {
        config.cors = Some(Cors {
            origin: CorsOrigin::List(vec!["http://a.test".to_owned()]),
            credentials: true,
            ..Cors::default()
        });
    })
    .await;
    let origin = [("Origin", "http://a.test")];
    for query in ["EIO=4&transport=polling", "EIO=4&transport=pigeon"] {
        let answer = served.request("GET", query, &origin, b"").await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("http://a.test")
        );
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
    let other = [("Origin", "http://b.test")];
    let answer = served
        .request("GET", "EIO=4&transport=polling", &other, b"")
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let preflight = [
        ("Origin", "http://a.test"),
        ("Access-Control-Request-Headers", "x-one"),
    ];
    let answer = served
        .request("OPTIONS", "EIO=4&transport=polling", &preflight, b"")
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-one"));
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET,HEAD,PUT,PATCH,POST,DELETE")
    );
}

#[tokio::test]
async fn hooks_add_headers() {
    let served = Served::start(|config| {
        config.initial_headers = Some(Arc::new(|headers, _| {
            headers.insert("x-initial", HeaderValue::from_static("1"));
        }));
        config.headers = Some(Arc::new(|headers, request| {
            let value = HeaderValue::from_str(request.method.as_str()).unwrap();
            headers.insert("x-method", value);
        }));
    })
    .await;
    let answer = served.get("EIO=4&transport=polling").await;
    assert_eq!(
        (answer.header("x-initial"), answer.header("x-method")),
        (Some("1"), Some("GET"))
    );
    let session = served.open("EIO=4").await;
    let answer = served.post(&session, "4hi").await;
    assert_eq!(
        (answer.header("x-initial"), answer.header("x-method")),
        (None, Some("POST"))
    );
}

#[tokio::test]
async fn an_initial_packet_follows_the_handshake() {
    let served = Served::start(|config| config.initial_packet = Some(Message::from("hello"))).await;
    let answer = served.get("EIO=4&transport=polling").await;
    assert!(answer.text().ends_with("}\u{1e}4hello"));
    let mut client = served.websocket("EIO=4&transport=websocket").await;
    text(&mut client).await;
    assert_eq!(text(&mut client).await, "4hello");
}

#[tokio::test]
async fn transports_can_be_left_out() {
    let served = Served::start(|config| config.transports = vec![TransportKind::WebSocket]).await;
    let answer = served.get("EIO=4&transport=polling").await;
    assert_eq!(answer.text(), r#"{"code":0,"message":"Transport unknown"}"#);
}

#[tokio::test]
async fn old_browsers_are_spared_a_warning() {
    let served = Served::start(|_| {}).await;
    let explorer = [("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Trident/7.0)")];
    let answer = served
        .request("GET", "EIO=4&transport=polling", &explorer, b"")
        .await;
    assert_eq!(answer.header("x-xss-protection"), Some("0"));
}

#[tokio::test]
async fn a_slow_reader_is_disconnected_at_the_send_limit() {
    let served = Served::start(|config| config.send_limit = 10_000).await;
    served.open("EIO=4").await;
    let socket = served.opened().await;
    for _ in 0..30 {
        socket.send("x".repeat(500));
        assert!(socket.buffered_bytes() <= 10_000);
    }
    assert_eq!(served.closed().await, madang_engineio::CloseReason::ForcedClose);
}

#[tokio::test]
async fn refused_requests_are_told_of() {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let served = Served::start(|config| {
        config.connection_error = Some(Arc::new(move |request, code, message| {
            let told_of = (
                request.uri.query().unwrap().to_owned(),
                code.as_u8(),
                message.to_owned(),
            );
            told.send(told_of).unwrap();
        }));
    })
    .await;
    served.get("EIO=4&transport=pigeon").await;
    let expected = (
        "EIO=4&transport=pigeon".to_owned(),
        0,
        "Transport unknown".to_owned(),
    );
    assert_eq!(heard.recv().await.unwrap(), expected);
}

#[test]
fn an_answer_that_waits_with_an_origin_does_not_keep_the_whole_request() {
    let cors = Cors {
        origin: CorsOrigin::reflect(),
        ..Cors::default()
    };
    let head = bytes::Bytes::from(b"GET / HTTP/1.1\r\nOrigin: http://a.test\r\n\r\n".to_vec());
    let mut request = http::HeaderMap::new();
    let origin = HeaderValue::from_maybe_shared(head.slice(24..37)).unwrap();
    request.insert("origin", origin);
    let mut answer = http::HeaderMap::new();
    cors.apply(&request, &mut answer);
    drop(request);
    assert_eq!(answer["access-control-allow-origin"], "http://a.test");
    assert!(head.is_unique());
}
