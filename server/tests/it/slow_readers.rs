//! Somebody reads too slowly: what each policy does about it, by each way to a room.

use madang_server::chat::Text;
use madang_ws::client::ClientConfig;
use madang_ws::{CloseCode, Message, WebSocket};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::database::TestDatabase;
use crate::running::{PATIENCE, Running, post};

/// Messages in one batch, which has to stay below 1 MiB.
const BATCH: u64 = 60;

/// Batches until every buffer on the way must be full.
const MAX_BATCHES: u64 = 40;

async fn start() -> Running {
    Running::with(TestDatabase::sqlite(), |settings| {
        settings.slow_readers = vec![
            "notices=drop-oldest".parse().unwrap(),
            "prices=latest".parse().unwrap(),
        ];
    })
    .await
}

/// Somebody in a room who has not begun to read.
enum Reader {
    WebSocket(WebSocket),
    SocketIo(WebSocket),
    EventStream { stream: TcpStream, read: Vec<u8> },
}

impl Reader {
    /// Somebody by each of the three ways, one after the other.
    async fn one(n: usize, server: &Running, room: &str) -> Self {
        match n {
            0 => Self::by_websocket(server, room).await,
            1 => Self::by_socketio(server, room).await,
            _ => Self::by_event_stream(server, room).await,
        }
    }

    async fn by_websocket(server: &Running, room: &str) -> Self {
        let mut ws = connect(server, &format!("/ws/{room}")).await;
        ws.send(json!({"type": "join", "name": "W"}).to_string())
            .await
            .unwrap();
        let welcome = text(&mut ws).await.unwrap();
        assert!(welcome.contains("welcome"), "{welcome}");
        Self::WebSocket(ws)
    }

    async fn by_socketio(server: &Running, room: &str) -> Self {
        let mut ws = connect(server, "/socket.io/?EIO=4&transport=websocket").await;
        assert!(text(&mut ws).await.unwrap().starts_with("0{"));
        ws.send("40").await.unwrap();
        assert!(text(&mut ws).await.unwrap().starts_with("40{"));
        let join = json!(["join", {"room": room, "name": "S"}]);
        ws.send(format!("421{join}")).await.unwrap();
        let welcome = text(&mut ws).await.unwrap();
        assert!(welcome.starts_with("431["), "{welcome}");
        Self::SocketIo(ws)
    }

    async fn by_event_stream(server: &Running, room: &str) -> Self {
        let mut stream = narrow(server).await;
        // By HTTP/1.0, so that the answer is the stream and nothing else.
        let request = format!("GET /api/rooms/{room}/events HTTP/1.0\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reader = Self::EventStream {
            stream,
            read: Vec::new(),
        };
        assert_eq!(reader.next().await.unwrap()["type"], "position");
        reader
    }

    fn way(&self) -> &'static str {
        match self {
            Self::WebSocket(_) => "websocket",
            Self::SocketIo(_) => "socketio",
            Self::EventStream { .. } => "sse",
        }
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Value> {
        match self {
            Self::WebSocket(ws) => text(ws).await.map(|text| serde_json::from_str(&text).unwrap()),
            Self::SocketIo(ws) => loop {
                let packet = text(ws).await?;
                // Notices come in every namespace; this one is in `/` alone.
                let event = packet.strip_prefix("42").filter(|event| event.starts_with('['));
                let Some(event) = event else { continue };
                let (name, mut event): (String, Value) = serde_json::from_str(event).unwrap();
                event["type"] = name.into();
                return Some(event);
            },
            Self::EventStream { stream, read } => loop {
                if let Some(end) = read.windows(2).position(|two| two == b"\n\n") {
                    let rest = read.split_off(end + 2);
                    let event = String::from_utf8(std::mem::replace(read, rest)).unwrap();
                    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                    let Some(data) = field("data: ") else { continue };
                    let mut value: Value = serde_json::from_str(data).unwrap();
                    value["type"] = field("event: ").unwrap().into();
                    return Some(value);
                }
                let some = tokio::time::timeout(PATIENCE, stream.read_buf(read));
                match some.await.expect("something in time") {
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                }
            },
        }
    }

    /// What was told until this message: how many messages came, in order, and how many were skipped.
    async fn until(&mut self, offset: u64) -> (u64, u64) {
        let (mut came, mut skipped, mut last) = (0, 0, 0);
        while last < offset {
            let event = self
                .next()
                .await
                .unwrap_or_else(|| panic!("{} ended", self.way()));
            match event["type"].as_str().unwrap() {
                "message" => {
                    came += 1;
                    let this = event["offset"].as_u64().unwrap();
                    assert!(this > last, "{this} after {last}");
                    last = this;
                }
                "skipped" => skipped += event["count"].as_u64().unwrap(),
                "joined" => {}
                _ => panic!("{event}"),
            }
        }
        (came, skipped)
    }
}

/// A connection whose buffer is small, so that not reading soon shows.
pub async fn narrow(server: &Running) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    socket.connect(server.addr).await.unwrap()
}

pub async fn connect(server: &Running, path: &str) -> WebSocket {
    let config = ClientConfig {
        deflate: None,
        ..ClientConfig::default()
    };
    let url = format!("ws://{}{path}", server.addr);
    config.connect_over(narrow(server).await, &url).await.unwrap().0
}

async fn text(ws: &mut WebSocket) -> Option<String> {
    let received = tokio::time::timeout(PATIENCE, ws.recv());
    match received.await.expect("something in time") {
        Some(Ok(Message::Text(text))) => Some(text.to_string()),
        Some(Ok(binary)) => panic!("{binary:?}"),
        Some(Err(_)) | None => None,
    }
}

/// Talks in a room until a metric says that somebody was too slow; returns the offset of the last message.
async fn talk(server: &Running, room: &str, metric: &str) -> u64 {
    let before = server.metric(metric).await;
    for batch in 0..MAX_BATCHES {
        let messages: Vec<_> = (0..BATCH)
            .map(|n| json!({"client_id": format!("{batch}-{n}"), "text": "한".repeat(Text::MAX_LEN)}))
            .collect();
        let said = json!({"name": "Kim", "messages": messages});
        let path = format!("/api/rooms/{room}/messages/batch");
        let answer = post(server.addr, &path, "", &said).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        if server.metric(metric).await > before {
            return (batch + 1) * BATCH;
        }
    }
    panic!("nobody was too slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_over_websocket_is_closed_with_1008_unless_told_otherwise() {
    let server = start().await;
    let mut reader = Reader::by_websocket(&server, "lobby").await;
    talk(&server, "lobby", "madang_slow_disconnected_total").await;
    while reader.next().await.is_some() {}
    let Reader::WebSocket(ws) = reader else {
        unreachable!()
    };
    assert_eq!(ws.close_frame().unwrap().code, CloseCode::POLICY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_over_socketio_is_disconnected_unless_told_otherwise() {
    let server = start().await;
    let mut reader = Reader::by_socketio(&server, "lobby").await;
    talk(&server, "lobby", "madang_slow_disconnected_total").await;
    while reader.next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_stream_ends_with_an_error_unless_told_otherwise() {
    let server = start().await;
    let mut reader = Reader::by_event_stream(&server, "lobby").await;
    talk(&server, "lobby", "madang_slow_disconnected_total").await;
    let mut last = Value::Null;
    while let Some(event) = reader.next().await {
        last = event;
    }
    assert_eq!(last["type"], "error");
    assert_eq!(last["code"], "too_slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_of_a_room_that_drops_the_oldest_is_told_how_many() {
    for n in 0..3 {
        let server = start().await;
        let mut reader = Reader::one(n, &server, "notices").await;
        let last = talk(&server, "notices", "madang_slow_dropped_total").await;
        let (came, skipped) = reader.until(last).await;
        assert!(skipped > 0, "{}", reader.way());
        assert_eq!(came + skipped, last, "{}: no silent gap", reader.way());
        assert_eq!(server.metric("madang_slow_dropped_total").await, skipped);
        assert_eq!(server.metric("madang_slow_disconnected_total").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_of_a_room_where_the_latest_counts_gets_the_latest() {
    for n in 0..3 {
        let server = start().await;
        let mut reader = Reader::one(n, &server, "prices").await;
        let last = talk(&server, "prices", "madang_slow_replaced_total").await;
        let replaced = server.metric("madang_slow_replaced_total").await;
        // Somebody else's coming and typing takes the place of no message.
        let mut lee = server.join("prices", "Lee").await;
        lee.say(&json!({"type": "typing", "active": true})).await;
        lee.heard_nothing_more().await;
        let (came, skipped) = reader.until(last).await;
        assert_eq!(skipped, 0, "{}: what is replaced isn't missed", reader.way());
        assert_eq!(came + replaced, last, "{}", reader.way());
        assert_eq!(server.metric("madang_slow_disconnected_total").await, 0);
    }
}
