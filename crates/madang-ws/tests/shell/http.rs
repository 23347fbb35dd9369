//! Accepting from axum, from hyper alone, and from any tower service.

use crate::common::{Peer, close_frame, echo, frame_to, listen};
use crate::handshake::{GOOD, bad_requests, check_refusal, config};
use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use madang_ws::axum::WebSocketUpgrade;
use madang_ws::client::connect;
use madang_ws::proto::{OpCode, Role};
use madang_ws::server::{AcceptError, upgrade};
use madang_ws::{AllowedOrigins, CloseCode, DeflateConfig, KeepAlive, Limits};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A server in axum at some address.
async fn axum(router: Router) -> String {
    let (listener, addr) = listen().await;
    tokio::spawn(async move { axum::serve(listener, router).await });
    addr
}

async fn echo_in_axum(ws: WebSocketUpgrade) -> axum::response::Response {
    ws.config(config()).on_upgrade(echo)
}

/// A service for any HTTP server of the hyper family.
async fn echo_in_hyper<B>(mut request: Request<B>) -> Result<Response<String>, Infallible> {
    Ok(match upgrade(&mut request, &config()) {
        Ok((response, upgrade)) => {
            tokio::spawn(async move { echo(upgrade.open().await.expect("the response was sent")).await });
            response.map(|()| String::new())
        }
        Err(rejection) => rejection.response(),
    })
}

async fn plain_hyper() -> String {
    let (listener, addr) = listen().await;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper::service::service_fn(echo_in_hyper);
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            tokio::spawn(connection);
        }
    });
    addr
}

async fn tower() -> String {
    let (listener, addr) = listen().await;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let service = TowerToHyperService::new(tower::service_fn(echo_in_hyper));
                let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                    .serve_connection_with_upgrades(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    addr
}

async fn everywhere() -> [(&'static str, String); 3] {
    let router = Router::new().route("/chat", any(echo_in_axum));
    [
        ("axum", axum(router).await),
        ("hyper", plain_hyper().await),
        ("tower", tower().await),
    ]
}

async fn ask(addr: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = request
        .replace("keep-alive", "close")
        .replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn each_bad_request_gets_its_status_and_reason() {
    for (name, addr) in everywhere().await {
        for (request, status, rejection) in bad_requests() {
            println!("{name}: {rejection:?}");
            check_refusal(&ask(&addr, &request).await, status, &rejection.to_string());
        }
    }
}

#[tokio::test]
async fn frames_that_come_with_the_request_are_not_lost() {
    for (name, addr) in everywhere().await {
        println!("{name}");
        let mut stream = TcpStream::connect(&addr).await.unwrap();
        let mut early = GOOD.as_bytes().to_vec();
        early.extend(frame_to(Role::Server, OpCode::Text, b"first"));
        early.extend(frame_to(Role::Server, OpCode::Text, b"second"));
        stream.write_all(&early).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "));
        let mut peer = Peer::new(stream, Role::Server);
        assert_eq!(peer.message().await, "first".into());
        assert_eq!(peer.message().await, "second".into());
        peer.write(&close_frame(1000)).await;
        assert_eq!(peer.closed().await, 1000);
    }
}

#[tokio::test]
async fn our_client_talks_to_each() {
    for (_, addr) in everywhere().await {
        let mut ws = connect(&format!("ws://{addr}/chat")).await.unwrap();
        ws.send("안녕").await.unwrap();
        assert_eq!(ws.recv().await.unwrap().unwrap(), "안녕".into());
        ws.close(CloseCode::NORMAL, "").await.unwrap();
    }
}

#[tokio::test]
async fn the_extractor_takes_every_setting() {
    async fn handler(ws: WebSocketUpgrade) -> axum::response::Response {
        ws.limits(Limits {
            message: 1000,
            ..Limits::default()
        })
        .deflate(DeflateConfig::default())
        .protocols(["chat", "not a valid\nheader"])
        .origins(AllowedOrigins::list(["https://example.com"]))
        .keep_alive(KeepAlive::default())
        .on_upgrade(echo)
    }
    let addr = axum(Router::new().route("/", any(handler))).await;
    let mut client = madang_ws::client::ClientConfig {
        protocols: vec!["chat".parse().unwrap()],
        deflate: Some(DeflateConfig::default()),
        ..Default::default()
    };
    let url = format!("ws://{addr}/");
    client
        .headers
        .insert("origin", "https://example.com".parse().unwrap());
    let (mut ws, response) = client.connect(&url).await.unwrap();
    assert_eq!(ws.protocol().unwrap(), "chat");
    assert!(response.headers().contains_key("sec-websocket-extensions"));
    ws.send("x".repeat(1001)).await.unwrap();
    assert!(ws.recv().await.is_none());
    assert_eq!(ws.close_frame().unwrap().code, CloseCode::TOO_BIG);

    client
        .headers
        .insert("origin", "https://evil.example".parse().unwrap());
    let error = client.connect(&url).await.unwrap_err();
    assert_eq!(error.code(), "ws_response_status");
    assert!(error.to_string().contains("403"), "{error}");
}

#[tokio::test]
async fn a_request_that_nothing_can_upgrade_gets_400() {
    use tower::ServiceExt;
    let router: Router = Router::new().route("/chat", any(echo_in_axum));
    let request = Request::get("/chat")
        .header("host", "example.com")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let response = router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    assert_eq!(body, "this connection can't be upgraded\n");
}

#[tokio::test]
async fn a_failed_upgrade_is_reported() {
    static CALLED: AtomicUsize = AtomicUsize::new(0);
    static FAILED: AtomicUsize = AtomicUsize::new(0);
    async fn handler(ws: WebSocketUpgrade) -> axum::response::Response {
        let ws = ws.on_failed_upgrade(|error| {
            assert!(matches!(error, AcceptError::Io(_)), "{error:?}");
            FAILED.fetch_add(1, Ordering::Relaxed);
        });
        let _response = ws.on_upgrade(echo);
        CALLED.fetch_add(1, Ordering::Relaxed);
        // The client will be gone before there is an answer.
        std::future::pending().await
    }
    let addr = axum(Router::new().route("/chat", any(handler))).await;
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(GOOD.as_bytes()).await.unwrap();
    while CALLED.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    drop(stream);
    while FAILED.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_whose_response_is_not_sent_has_handshake_time() {
    let (near, far) = tokio::io::duplex(10_000);
    let (result, results) = tokio::sync::oneshot::channel();
    let result = std::sync::Mutex::new(Some(result));
    let service = hyper::service::service_fn(move |mut request: Request<hyper::body::Incoming>| {
        let (_response, upgrade) = upgrade(&mut request, &config()).unwrap();
        let result = result.lock().unwrap().take().unwrap();
        tokio::spawn(async move { result.send(upgrade.open().await.map(drop)) });
        std::future::pending::<Result<Response<String>, Infallible>>()
    });
    let serving = tokio::spawn(
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(near), service)
            .with_upgrades(),
    );
    let mut far = far;
    far.write_all(GOOD.as_bytes()).await.unwrap();
    let begin = tokio::time::Instant::now();
    let opened = results.await.unwrap();
    assert!(matches!(opened, Err(AcceptError::TimedOut)), "{opened:?}");
    assert!((10_000..10_100).contains(&begin.elapsed().as_millis()));
    serving.abort();
}
