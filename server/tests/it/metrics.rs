//! `GET /metrics`: what is counted, and that the document has all of it.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait as _, Database};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::documents::{first_cells, read};
use crate::running::{Running, get, post};
use crate::socketio::Talker;

impl Running {
    /// The value of a metric with its labels.
    pub async fn metric(&self, name: &str) -> u64 {
        let page = get(self.addr, "/metrics", "").await;
        let value = page
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value
            .unwrap_or_else(|| panic!("no {name} in {page}"))
            .parse()
            .unwrap()
    }
}

#[tokio::test]
async fn what_has_happened_is_counted() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = Talker::join(&server, "lobby", "Lee").await;
    kim.send("k1", "one").await;
    kim.until("ack").await;
    kim.send("k1", "one").await;
    assert_eq!(kim.expect("ack").await["duplicate"], true);
    lee.send("l1", "two").await;
    lee.send("l2", "three").await;
    let message = json!({"client_id": "p1", "name": "Park", "text": "four"});
    post(server.addr, "/api/rooms/lobby/messages", "", &message).await;
    for (way, said) in [("websocket", 1), ("socketio", 2), ("http", 1)] {
        let name = format!("madang_messages_total{{way=\"{way}\"}}");
        assert_eq!(server.metric(&name).await, said, "{way}");
    }

    let report =
        json!({"room": "lobby", "transport": "websocket", "kind": "gap", "offset": 3, "expected": 2});
    post(server.addr, "/api/audit", "", &report).await;
    for (kind, count) in [("gap", 1), ("duplicate", 0), ("order", 0), ("echo", 0)] {
        let name = format!("madang_audit_violations_total{{kind=\"{kind}\"}}");
        assert_eq!(server.metric(&name).await, count, "{kind}");
    }

    get(server.addr, "/nowhere", "").await;
    get(server.addr, "/elsewhere", "").await;
    for (labels, count) in [
        (r#"{route="/api/rooms/{room}/messages",status="201"}"#, 1),
        (r#"{route="/ws/{room}",status="101"}"#, 1),
        (r#"{route="/socket.io/",status="101"}"#, 1),
        (r#"{route="none",status="404"}"#, 2),
    ] {
        let name = format!("madang_http_requests_total{labels}");
        assert_eq!(server.metric(&name).await, count, "{labels}");
    }
    // The four messages, to those who hadn't said them.
    assert!(server.metric("madang_deliveries_total").await >= 5);
    assert!(server.metric("madang_publications_total").await >= 4);
    assert_eq!(server.metric("madang_store_failures_total").await, 0);
}

#[tokio::test]
async fn who_is_here_is_counted_while_they_are() {
    let server = Running::start().await;
    let here = |way: &'static str, count: u64| {
        let name = format!("madang_connections{{way=\"{way}\"}}");
        let server = &server;
        async move {
            let counted = async {
                while server.metric(&name).await != count {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(crate::running::PATIENCE, counted)
                .await
                .unwrap_or_else(|_| panic!("not {count} by {way}"));
        }
    };
    let kim = server.join("lobby", "Kim").await;
    let lee = Talker::join(&server, "lobby", "Lee").await;
    let mut streams = Vec::new();
    for way in ["events", "messages?after=0&wait=60s"] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        let request = format!("GET /api/rooms/quiet/{way} HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let mut some = [0; 1];
    streams[0].read_exact(&mut some).await.unwrap();
    for way in ["websocket", "socketio", "sse", "long-poll"] {
        here(way, 1).await;
    }
    drop((kim, lee, streams));
    for way in ["websocket", "socketio", "sse", "long-poll"] {
        here(way, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_fails_is_counted() {
    let server = Running::start().await;
    // An empty database is given some events first.
    server.get("/api/seats/events", "").await;
    let mut kim = server.join("lobby", "Kim").await;
    let other = Database::connect(server.database.url().as_str()).await.unwrap();
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    kim.send("k", "stuck").await;
    kim.refused("store_unavailable").await;
    assert_eq!(server.metric("madang_store_failures_total").await, 1);
    assert_eq!(
        server.metric(r#"madang_messages_total{way="websocket"}"#).await,
        0
    );
}

#[tokio::test]
async fn the_metrics_document_has_every_metric_and_no_other() {
    let server = Running::start().await;
    let page = get(server.addr, "/metrics", "").await;
    assert!(
        page.contains("\r\ncontent-type: application/openmetrics-text;"),
        "{page}"
    );
    let page = get(server.addr, "/metrics", "").await;
    assert!(page.ends_with("# EOF\n"), "{page}");
    let samples = page.lines().filter(|line| {
        let name = line.split(['{', ' ']).next().unwrap();
        name.starts_with("madang_") || name.starts_with("process_")
    });
    let exposed: BTreeSet<_> = samples
        .map(|line| line.split(['{', ' ']).next().unwrap().to_owned())
        .collect();
    let mut documented: BTreeSet<_> = first_cells(&read("docs/metrics.md"), "## What there is")
        .into_iter()
        .collect();
    if !cfg!(target_os = "linux") {
        documented.remove("process_resident_memory_bytes");
    }
    assert_eq!(exposed, documented);
}
