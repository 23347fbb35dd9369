//! The server in front of, behind, and beside others.

use crate::common::{Client, request, serve_with, soon};
use madang_socketio::{ClientFiles, SocketIo};
use tokio::net::TcpListener;

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n")
}

#[tokio::test]
async fn a_layer_leaves_other_paths_to_the_service_inside() {
    let io = SocketIo::builder().path("/live").build();
    assert!(io.is_ours("/live/") && !io.is_ours("/"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = axum::Router::new()
        .route("/", axum::routing::get(async || "inside"))
        .layer(io.layer());
    tokio::spawn(async move { axum::serve(listener, app).await });
    assert!(request(addr, &get("/", "")).await.ends_with("\r\n\r\ninside"));
    let open = request(addr, &get("/live/?EIO=4&transport=polling", "")).await;
    assert!(open.contains(r#"0{"sid":""#), "{open}");
    assert_eq!(io.path(), "/live");
    assert_eq!(io.engine_config().path, "/live");
}

#[tokio::test]
async fn a_service_is_served_by_axum_too() {
    let io = SocketIo::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = axum::Router::new().fallback_service(io.service());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut client = Client::open(addr, "EIO=4&transport=websocket").await;
    client.enter("/", "").await;
    assert_eq!(io.socket_count(), 1);
    assert!(request(addr, &get("/", "")).await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn a_server_may_be_made_before_there_is_a_runtime() {
    let io = std::thread::spawn(SocketIo::new).join().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = axum::Router::new().layer(io.layer());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut client = Client::open(addr, "EIO=4&transport=websocket").await;
    client.enter("/", "").await;
    soon(tokio::task::spawn_blocking(move || io.emit("hello", ())))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(client.hear().await, r#"2["hello"]"#);
}

#[tokio::test]
async fn the_client_is_served_if_asked_for() {
    let files = ClientFiles::new("4.8.3").with("socket.io.min.js", "/* client */");
    let io = serve_with(|builder| {
        builder.serve_client(files).engine(|engine| {
            engine.cors = Some(madang_engineio::Cors::default());
        })
    })
    .await;
    let answer = request(io.addr, &get("/socket.io/socket.io.min.js", "")).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("/* client */"),
        "{answer}"
    );
    assert!(answer.contains("access-control-allow-origin: *"), "{answer}");
    let known = get("/socket.io/socket.io.min.js", "If-None-Match: \"4.8.3\"\r\n");
    assert!(request(io.addr, &known).await.starts_with("HTTP/1.1 304"));
    let unknown = request(io.addr, &get("/socket.io/other.js", "")).await;
    assert!(unknown.starts_with("HTTP/1.1 400"), "{unknown}");
}

#[tokio::test]
async fn polling_works_as_well() {
    let io = serve_with(|builder| builder).await;
    io.on_connect(async |socket: madang_socketio::Socket| {
        socket.on("hello", async || "hi");
    });
    let open = crate::common::poll(io.addr, "EIO=4&transport=polling", None).await;
    let sid = open.split('"').nth(3).unwrap();
    let query = format!("EIO=4&transport=polling&sid={sid}");
    assert_eq!(crate::common::poll(io.addr, &query, Some("40")).await, "ok");
    let answer = crate::common::poll(io.addr, &query, None).await;
    assert!(answer.starts_with(r#"40{"sid":""#), "{answer}");
    crate::common::poll(io.addr, &query, Some(r#"420["hello"]"#)).await;
    assert_eq!(crate::common::poll(io.addr, &query, None).await, r#"430["hi"]"#);
}
