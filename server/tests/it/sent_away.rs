//! Somebody with an open connection of each way to a room, who is about to be sent away.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::asked::{ask, headers};
use crate::http::{event, follow_at};
use crate::running::{self, Client, PATIENCE};
use crate::socketio::Talker;

/// Tasks that end when a connection has ended as it should, with which it was.
pub type Endings = JoinSet<&'static str>;

/// Why somebody is sent away, as each way says it.
#[derive(Clone, Copy, Debug)]
pub struct Why {
    code: &'static str,
    close: (u16, &'static str),
    status: u16,
}

/// They are banned.
pub const BANNED: Why = Why {
    code: "banned",
    close: (4403, "banned"),
    status: 403,
};

/// What they came by is over.
pub const SIGNED_OUT: Why = Why {
    code: "signed_out",
    close: (4401, "signed out"),
    status: 401,
};

/// Opens a connection of each way under one name, with further header lines.
pub async fn on_every_way(
    addr: std::net::SocketAddr,
    room: &str,
    name: &str,
    lines: &str,
    why: Why,
) -> Endings {
    let mut endings = Endings::new();
    let Why { code, close, status } = why;
    let said = format!(r#"42["error",{{"code":"{code}""#);

    let mut plain = Client::connect_with(addr, &format!("/ws/{room}"), headers(lines)).await;
    plain.join(name).await;
    endings.spawn(async move {
        let error = plain.until("error").await;
        assert_eq!(error["code"], code, "{error}");
        let closed = plain.closed().await;
        assert_eq!((closed.code.as_u16(), &*closed.reason), close);
        "WebSocket"
    });

    let mut talker = Talker::at_with(addr, headers(lines)).await;
    talker.ask("join", &json!({"room": room, "name": name})).await;
    let error = said.clone();
    endings.spawn(async move {
        let packets = talker.ended().await;
        let error = packets.iter().any(|packet| packet.starts_with(&error));
        assert!(error && packets.contains(&"41".to_owned()), "{packets:?}");
        "Socket.IO"
    });

    let mut poller = EnginePoller::open(addr, lines).await;
    poller
        .say(&format!(r#"420["join",{}]"#, json!({"room": room, "name": name})))
        .await;
    assert!(poller.hear().await.contains("welcome"));
    endings.spawn(async move {
        let mut heard: Vec<String> = Vec::new();
        while !heard.contains(&"41".to_owned()) {
            let payload = poller.hear().await;
            heard.extend(payload.split('\x1e').map(str::to_owned));
        }
        assert!(heard.iter().any(|packet| packet.starts_with(&said)), "{heard:?}");
        "Socket.IO by polling"
    });

    let path = format!("/api/rooms/{room}/events?name={name}");
    let mut stream = follow_at(addr, &path, lines).await;
    assert_eq!(event(&mut stream).await.unwrap().0, "position");
    endings.spawn(async move {
        let mut last = None;
        while let Some((kind, _, data)) = event(&mut stream).await {
            last = Some((kind, data["code"].clone()));
        }
        assert_eq!(last, Some(("error".to_owned(), json!(code))));
        "Server-Sent Events"
    });

    let path = format!("/api/rooms/{room}/messages");
    let here = ask(addr, "GET", &path, lines, Value::Null).await.body;
    let epoch = here["epoch"].as_str().unwrap();
    let waiting = format!(
        "{path}?after={}&epoch={epoch}&wait=20s&name={name}",
        here["offset"]
    );
    let lines = lines.to_owned();
    endings.spawn(async move {
        let answer = ask(addr, "GET", &waiting, &lines, Value::Null).await;
        assert_eq!(answer.code(), (status, code), "{answer:?}");
        "long-polling"
    });
    somebody_waits(addr).await;
    endings
}

/// Ready when a long-poll has been let in and waits.
async fn somebody_waits(addr: std::net::SocketAddr) {
    let waits = async {
        loop {
            let metrics = running::get(addr, "/metrics", "").await;
            if metrics.contains("madang_connections{way=\"long-poll\"} 1") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waits)
        .await
        .expect("a long-poll in time");
}

/// What somebody who is banned is told by requests.
pub async fn requests_are_refused(addr: std::net::SocketAddr, room: &str, name: &str) {
    for (method, path, body) in [
        ("GET", format!("messages?name={name}"), Value::Null),
        (
            "GET",
            format!("messages?name={name}&wait=1s&after=0"),
            Value::Null,
        ),
        ("GET", format!("events?name={name}"), Value::Null),
        ("POST", "messages".to_owned(), json!({"name": name, "text": "a"})),
        (
            "POST",
            "messages/batch".to_owned(),
            json!({"name": name, "messages": [{"client_id": "c", "text": "a"}]}),
        ),
    ] {
        let answer = ask(addr, method, &format!("/api/rooms/{room}/{path}"), "", body).await;
        assert_eq!(answer.code(), (403, "banned"), "{method} {path}");
    }
}

/// A session of Engine.IO by long-polling.
pub struct EnginePoller {
    addr: std::net::SocketAddr,
    path: String,
    /// Header lines of the handshake.
    lines: String,
}

impl EnginePoller {
    pub async fn open(addr: std::net::SocketAddr, lines: &str) -> Self {
        let mut poller = Self {
            addr,
            path: "/socket.io/?EIO=4&transport=polling".to_owned(),
            lines: lines.to_owned(),
        };
        let open = poller.hear().await;
        let open: Value = serde_json::from_str(&open[1..]).unwrap();
        poller.path += &format!("&sid={}", open["sid"].as_str().unwrap());
        poller.lines.clear();
        poller.say("40").await;
        assert!(poller.hear().await.starts_with("40{"));
        poller
    }

    pub async fn say(&mut self, packet: &str) {
        let (_, answer) = crate::ways::text_request(self.addr, "POST", &self.path, Some(packet)).await;
        assert_eq!(answer, "ok");
    }

    pub async fn hear(&mut self) -> String {
        let answer = running::get(self.addr, &self.path, &self.lines).await;
        let (_, packets) = answer
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{answer}"));
        packets.to_owned()
    }
}
