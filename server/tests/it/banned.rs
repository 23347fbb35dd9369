//! Somebody with an open connection of each way to a room, who is about to be banned.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::asked::ask;
use crate::http::{event, follow_at};
use crate::running::Client;
use crate::socketio::Talker;

/// Tasks that end when a connection has ended as it should, with which it was.
pub type Endings = JoinSet<&'static str>;

/// Opens a connection of each way under one name.
pub async fn on_every_way(addr: std::net::SocketAddr, room: &str, name: &str) -> Endings {
    let mut endings = Endings::new();

    let mut plain = Client::connect(addr, &format!("/ws/{room}")).await;
    plain.join(name).await;
    endings.spawn(async move {
        let error = plain.until("error").await;
        assert_eq!(error["code"], "banned", "{error}");
        let close = plain.closed().await;
        assert_eq!((close.code.as_u16(), &*close.reason), (4403, "banned"));
        "WebSocket"
    });

    let mut talker = Talker::at(addr).await;
    talker.ask("join", &json!({"room": room, "name": name})).await;
    endings.spawn(async move {
        let packets = talker.ended().await;
        let error = packets
            .iter()
            .any(|packet| packet.starts_with(r#"42["error",{"code":"banned""#));
        assert!(error && packets.contains(&"41".to_owned()), "{packets:?}");
        "Socket.IO"
    });

    let mut poller = EnginePoller::open(addr).await;
    poller
        .say(&format!(r#"420["join",{}]"#, json!({"room": room, "name": name})))
        .await;
    assert!(poller.hear().await.contains("welcome"));
    endings.spawn(async move {
        let mut heard = Vec::new();
        while !heard.iter().any(|packet| packet == "41") {
            // Engine.IO v4 puts U+001E between the packets of one answer.
            heard.extend(poller.hear().await.split('\x1e').map(str::to_owned));
        }
        let error = heard
            .iter()
            .any(|packet| packet.starts_with(r#"42["error",{"code":"banned""#));
        assert!(error, "{heard:?}");
        "Socket.IO by polling"
    });

    let path = format!("/api/rooms/{room}/events?name={name}");
    let mut stream = follow_at(addr, &path, "").await;
    assert_eq!(event(&mut stream).await.unwrap().0, "position");
    endings.spawn(async move {
        let mut last = None;
        while let Some((kind, _, data)) = event(&mut stream).await {
            last = Some((kind, data["code"].clone()));
        }
        assert_eq!(last, Some(("error".to_owned(), json!("banned"))));
        "Server-Sent Events"
    });

    let path = format!("/api/rooms/{room}/messages");
    let here = ask(addr, "GET", &path, "", Value::Null).await.body;
    let epoch = here["epoch"].as_str().unwrap();
    let waiting = format!(
        "{path}?after={}&epoch={epoch}&wait=20s&name={name}",
        here["offset"]
    );
    endings.spawn(async move {
        let answer = ask(addr, "GET", &waiting, "", Value::Null).await;
        assert_eq!(answer.code(), (403, "banned"), "{answer:?}");
        "long-polling"
    });
    endings
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
struct EnginePoller {
    addr: std::net::SocketAddr,
    path: String,
}

impl EnginePoller {
    async fn open(addr: std::net::SocketAddr) -> Self {
        let mut poller = Self {
            addr,
            path: "/socket.io/?EIO=4&transport=polling".to_owned(),
        };
        let open = poller.hear().await;
        let open: Value = serde_json::from_str(&open[1..]).unwrap();
        poller.path += &format!("&sid={}", open["sid"].as_str().unwrap());
        poller.say("40").await;
        assert!(poller.hear().await.starts_with("40{"));
        poller
    }

    async fn say(&mut self, packet: &str) {
        let (_, answer) = crate::ways::text_request(self.addr, "POST", &self.path, Some(packet)).await;
        assert_eq!(answer, "ok");
    }

    async fn hear(&mut self) -> String {
        crate::ways::text_request(self.addr, "GET", &self.path, None)
            .await
            .1
    }
}
