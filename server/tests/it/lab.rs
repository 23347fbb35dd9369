//! Runs of the laboratory: over the API, with simulated clients on every lane.

use std::time::Duration;

use madang_server::lab::Runs;
use madang_server::load::{Clock, Load, Target, Via};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::running::{PATIENCE, Running};

/// Status and JSON of an answer.
async fn ask(server: &Running, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let addr = server.addr;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .expect("an answer in time")
        .unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

async fn begin(server: &Running, plan: Value) -> Value {
    let (status, figures) = ask(server, "POST", "/api/lab/runs", &plan).await;
    assert_eq!(status, 201, "{figures}");
    figures
}

fn path(figures: &Value) -> String {
    format!("/api/lab/runs/{}", figures["run"].as_str().unwrap())
}

/// Asks for the figures until they are as they should be, and returns them.
async fn until(server: &Running, path: &str, what: &str, check: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, figures) = ask(server, "GET", path, &Value::Null).await;
        assert_eq!(status, 200, "{figures}");
        if check(&figures) {
            return figures;
        }
        assert!(Instant::now() < deadline, "{what}: {figures}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn lanes(figures: &Value) -> impl Iterator<Item = (&String, &Value)> {
    figures["lanes"].as_object().unwrap().iter()
}

fn every_lane(figures: &Value, check: impl Fn(&Value) -> bool) -> bool {
    lanes(figures).all(|(_, lane)| check(lane))
}

#[tokio::test]
async fn each_lane_hears_everything_once_and_its_line_counts_it() {
    let server = Running::start().await;
    let plan = json!({"rate": 50, "payload": 100, "clients": 10, "interval_ms": 50});
    let run = begin(&server, plan).await;
    assert_eq!(run["lanes"].as_object().unwrap().len(), 5);
    let heard = |lane: &Value| lane["simulated"]["events"].as_u64() >= Some(100);
    let figures = until(&server, &path(&run), "events", |figures| {
        every_lane(figures, heard)
    })
    .await;
    for (name, lane) in lanes(&figures) {
        let simulated = &lane["simulated"];
        for wrong in ["missed", "duplicates", "out_of_order", "failures"] {
            assert_eq!(simulated[wrong], 0, "{name}: {lane}");
        }
        assert_eq!(simulated["connected"], 2, "{name}: {lane}");
        assert!(
            simulated["latency"]["p50_us"].as_u64() > Some(0),
            "{name}: {lane}"
        );
        // All of them came through the line: 100 events of 100 bytes and more.
        assert!(
            lane["line"]["bytes_down"].as_u64() > Some(10_000),
            "{name}: {lane}"
        );
        let requests = lane["line"]["requests"].as_u64().unwrap();
        // A request under way may be counted on one side only.
        let made = simulated["requests"].as_u64().unwrap();
        assert!(made.abs_diff(requests) <= 4, "{name}: {lane}");
    }
    let requests = |lane: &str| figures["lanes"][lane]["line"]["requests"].as_u64().unwrap();
    assert_eq!(
        (requests("sse"), requests("websocket"), requests("socketio")),
        (2, 2, 8)
    );
    assert!(requests("long-polling") >= 50);

    let (status, ended) = ask(&server, "DELETE", &path(&run), &Value::Null).await;
    assert_eq!((status, &ended["run"]), (200, &run["run"]));
    let (status, unknown) = ask(&server, "GET", &path(&run), &Value::Null).await;
    assert_eq!((status, &unknown["code"]), (404, &json!("lab_run_unknown")));
    assert!(server.back.close().await, "nothing of it is left");
}

#[tokio::test]
async fn offline_cuts_everybody_off_and_afterwards_nothing_is_missing() {
    let server = Running::start().await;
    let run = begin(&server, json!({"rate": 20, "clients": 5, "interval_ms": 50})).await;
    let path = path(&run);
    let connected = |count: u64| {
        move |figures: &Value| every_lane(figures, |lane| lane["simulated"]["connected"] == count)
    };
    until(&server, &path, "connected", connected(1)).await;
    let (status, _) = ask(&server, "PATCH", &path, &json!({"offline": true})).await;
    assert_eq!(status, 200);
    let cut = until(&server, &path, "cut off", connected(0)).await;
    let published = cut["published"].as_u64().unwrap() + 5;
    let later = until(&server, &path, "published", |figures| {
        figures["published"].as_u64() > Some(published)
    })
    .await;
    for (name, lane) in lanes(&later) {
        let events = |figures: &Value| figures["lanes"][name]["simulated"]["events"].as_u64();
        assert_eq!(events(&later), events(&cut), "{name} hears nothing: {lane}");
        assert_eq!(lane["line"]["open"], 0, "{name}: {lane}");
    }
    ask(&server, "PATCH", &path, &json!({"offline": false})).await;
    let caught_up = |figures: &Value| {
        every_lane(figures, |lane| {
            lane["simulated"]["connected"] == 1 && lane["simulated"]["events"].as_u64() >= Some(published)
        })
    };
    let figures = until(&server, &path, "caught up", caught_up).await;
    for (name, lane) in lanes(&figures) {
        assert_eq!(lane["simulated"]["missed"], 0, "{name}: {lane}");
        assert!(lane["simulated"]["failures"].as_u64() > Some(0), "{name}: {lane}");
    }
}

#[tokio::test]
async fn clients_come_and_go_as_the_plan_says() {
    let server = Running::start().await;
    let run = begin(&server, json!({"clients": 3, "lanes": ["sse"]})).await;
    let path = path(&run);
    let connected =
        |count: u64| move |figures: &Value| figures["lanes"]["sse"]["simulated"]["connected"] == count;
    until(&server, &path, "three", connected(3)).await;
    ask(&server, "PATCH", &path, &json!({"clients": 40})).await;
    until(&server, &path, "forty", connected(40)).await;
    ask(&server, "PATCH", &path, &json!({"clients": 1})).await;
    let figures = until(&server, &path, "one", connected(1)).await;
    assert_eq!(figures["lanes"]["sse"]["simulated"]["failures"], 0);
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let server = Running::start().await;
    let run = begin(&server, json!({})).await;
    let path = path(&run);
    for (method, path, body, status, code) in [
        ("POST", "/api/lab/runs", json!({"rate": 1000}), 400, "lab_plan"),
        ("POST", "/api/lab/runs", json!({"rat": 1}), 422, "bad_json"),
        ("PATCH", &*path, json!({"loss": 0.9}), 400, "lab_plan"),
        ("PATCH", &*path, json!({"lanes": ["sse"]}), 409, "lab_lanes"),
        (
            "PATCH",
            &*path,
            json!({"rate": 200, "payload": 16384, "clients": 500}),
            409,
            "lab_too_much",
        ),
        ("PATCH", "/api/lab/runs/none", json!({}), 404, "lab_run_unknown"),
        (
            "DELETE",
            "/api/lab/runs/none",
            Value::Null,
            404,
            "lab_run_unknown",
        ),
    ] {
        let (got, answer) = ask(&server, method, path, &body).await;
        assert_eq!(
            (got, &answer["code"]),
            (status, &json!(code)),
            "{method} {path} {body}: {answer}"
        );
    }
    let room = run["room"].as_str().unwrap();
    let message = json!({"client_id": "a", "name": "Kim", "text": "me too"});
    let (status, answer) = ask(&server, "POST", &format!("/api/rooms/{room}/messages"), &message).await;
    assert_eq!((status, &answer["code"]), (403, &json!("room_read_only")));
    let (_, figures) = ask(&server, "GET", &path, &Value::Null).await;
    assert_eq!(figures["plan"], run["plan"]);

    for _ in 1..Runs::AT_ONCE {
        begin(&server, json!({})).await;
    }
    let (status, answer) = ask(&server, "POST", "/api/lab/runs", &json!({})).await;
    assert_eq!((status, &answer["code"]), (409, &json!("lab_busy")));
}

#[tokio::test]
async fn pages_of_the_front_may_use_it_and_a_line_asks_for_the_origin_too() {
    let server = Running::start().await;
    let run = begin(&server, json!({})).await;
    let preflight = "Origin: http://127.0.0.1:3001\r\nAccess-Control-Request-Method: PATCH\r\n\
                     Access-Control-Request-Headers: content-type\r\n";
    let request = format!(
        "OPTIONS {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{preflight}\r\n",
        path(&run)
    );
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let answer = answer.to_ascii_lowercase();
    assert!(
        answer.contains("access-control-allow-origin: http://127.0.0.1:3001"),
        "{answer}"
    );
    assert!(
        answer.contains("patch") && answer.contains("content-type"),
        "{answer}"
    );

    let port = run["lanes"]["websocket"]["port"].as_u64().unwrap();
    let line = format!("127.0.0.1:{port}").parse().unwrap();
    let room = format!("/ws/{}", run["room"].as_str().unwrap());
    for (origin, status) in [("http://127.0.0.1:3001", "101"), ("http://evil.example", "403")] {
        let headers = format!(
            "{}Origin: {origin}\r\n",
            crate::running::HANDSHAKE.replace("Connection", "connection")
        );
        let mut stream = TcpStream::connect::<std::net::SocketAddr>(line).await.unwrap();
        let request = format!("GET {room} HTTP/1.1\r\nHost: {line}\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        assert!(
            String::from_utf8_lossy(&head).ends_with(status),
            "{origin}: {head:?}"
        );
    }
}

#[tokio::test]
async fn a_load_follows_any_room_by_any_way() {
    let server = Running::start().await;
    let (_interval, waits) = watch::channel(Duration::from_millis(50));
    let mut loads = Via::ALL.map(|via| {
        let target = Target::from(server.addr);
        Load::new(target, "마당".to_owned(), via, waits.clone(), Clock::start())
    });
    for load in &mut loads {
        load.set_clients(2);
    }
    while loads.iter().any(|load| load.report().connected < 2) {
        sleep(Duration::from_millis(10)).await;
    }
    let mut kim = server.join("마당", "Kim").await;
    for number in 0..30 {
        kim.send(&format!("k{number}"), "안녕").await;
    }
    let deadline = Instant::now() + PATIENCE;
    while loads.iter().any(|load| load.report().events < 60) {
        assert!(Instant::now() < deadline, "{loads:?}");
        sleep(Duration::from_millis(10)).await;
    }
    for load in &loads {
        let report = load.report();
        assert_eq!(
            (report.events, report.missed, report.duplicates),
            (60, 0, 0),
            "{load:?}"
        );
        assert_eq!((report.out_of_order, report.failures), (0, 0), "{load:?}");
        assert_eq!(report.latency, None, "nobody said when: {load:?}");
    }
}
