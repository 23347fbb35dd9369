//! Those who look at the market in tests, by each way, and markets for them to look at.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use madang_server::back::{FeedSource, MarketSettings};
use madang_server::market::{PaceChange, Recording, Speed};
use madang_ws::client::ClientConfig;
use madang_ws::{Message, WebSocket};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};

use crate::database::TestDatabase;
use crate::running::{PATIENCE, Running, get};

/// When recordings of tests begin: midnight in UTC, a Monday.
pub const START: i64 = 1_772_409_600_000;

/// The ways to look.
pub const WAYS: [Way; 2] = [Way::WebSocket, Way::SocketIo];

/// How somebody looks at the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    WebSocket,
    SocketIo,
}

/// Somebody who looks at the market.
pub struct Viewer {
    pub ws: WebSocket,
    way: Way,
}

impl Viewer {
    pub async fn new(server: &Running, way: Way) -> Self {
        Self::over(TcpStream::connect(server.addr).await.unwrap(), server, way).await
    }

    /// One whose buffer is small, so that not reading soon shows.
    pub async fn narrow(server: &Running, way: Way) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        Self::over(socket.connect(server.addr).await.unwrap(), server, way).await
    }

    async fn over(stream: TcpStream, server: &Running, way: Way) -> Self {
        let path = match way {
            Way::WebSocket => "/market",
            Way::SocketIo => "/socket.io/?EIO=4&transport=websocket",
        };
        let config = ClientConfig {
            deflate: None,
            ..ClientConfig::default()
        };
        let url = format!("ws://{}{path}", server.addr);
        let (ws, _) = config.connect_over(stream, &url).await.unwrap();
        let mut viewer = Self { ws, way };
        if way == Way::SocketIo {
            assert!(viewer.text().await.starts_with("0{"));
            viewer.ws.send("40/market,").await.unwrap();
            assert!(viewer.text().await.starts_with("40/market,{"));
        }
        viewer
    }

    /// Says a command, which has its `type`.
    pub async fn say(&mut self, command: &Value) {
        let text = match self.way {
            Way::WebSocket => command.to_string(),
            Way::SocketIo => {
                let mut args = command.clone();
                let name = args.as_object_mut().unwrap().remove("type").unwrap();
                format!("42/market,{}", json!([name, args]))
            }
        };
        self.ws.send(text).await.unwrap();
    }

    /// What is said next, with its `type`.
    pub async fn next(&mut self) -> Value {
        let text = self.text().await;
        self.read(&text)
    }

    fn read(&self, text: &str) -> Value {
        match self.way {
            Way::WebSocket => serde_json::from_str(text).unwrap(),
            Way::SocketIo => {
                let packet = text
                    .strip_prefix("42/market,")
                    .unwrap_or_else(|| panic!("{text}"));
                let mut packet: Vec<Value> = serde_json::from_str(packet).unwrap();
                let mut event = packet.pop().unwrap();
                event["type"] = packet.pop().unwrap();
                event
            }
        }
    }

    /// The same, passing over what is said in another namespace than the market's, as a client does.
    pub async fn next_of_any_namespace(&mut self) -> Value {
        loop {
            let text = self.text().await;
            if self.way == Way::WebSocket || text.starts_with("42/market,") {
                return self.read(&text);
            }
            assert!(text.starts_with("42["), "{text}");
        }
    }

    async fn text(&mut self) -> String {
        loop {
            let received = tokio::time::timeout(PATIENCE, self.ws.recv()).await;
            match received.expect("something in time") {
                // Whether it's still there.
                Some(Ok(Message::Text(text))) if self.way == Way::SocketIo && text == "2" => {
                    self.ws.send("3").await.unwrap();
                }
                Some(Ok(Message::Text(text))) => return text.to_string(),
                other => panic!("not a text: {other:?}"),
            }
        }
    }

    pub async fn expect(&mut self, kind: &str) -> Value {
        let event = self.next().await;
        assert_eq!(event["type"], kind, "{event}");
        event
    }

    pub async fn ask(&mut self, command: Value, kind: &str) -> Value {
        self.say(&command).await;
        self.expect(kind).await
    }

    pub async fn watch(&mut self, add: &[&str]) -> Value {
        self.ask(json!({"type": "watch", "add": add}), "watching").await
    }

    /// Follows a chart from the position of a page.
    pub async fn follow(&mut self, page: &Value) -> Value {
        let mut chart = page["position"].clone();
        chart["type"] = "chart".into();
        chart["symbol"] = page["symbol"].clone();
        chart["interval"] = page["interval"].clone();
        self.say(&chart).await;
        self.until("charting", |_| true).await.remove(0)
    }

    /// The next messages of this type, up to the first of which `last` is true; others are passed over.
    pub async fn until(&mut self, kind: &str, last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            if event["type"] != kind {
                continue;
            }
            let is_last = last(&event);
            events.push(event);
            if is_last {
                return events;
            }
        }
    }

    /// Nothing but what is asked for now has arrived.
    pub async fn heard_nothing_more(&mut self) {
        let refused = self.ask(json!({"type": "watch", "add": ["a b"]}), "error").await;
        assert_eq!(refused["code"], "symbol_unknown");
    }
}

impl Running {
    /// With a market that is made up.
    pub async fn simulating(database: TestDatabase, symbols: usize, ticks: u32) -> Self {
        Self::with(database, |settings| {
            settings.market = MarketSettings {
                source: FeedSource::Simulator(7),
                symbols,
                ticks,
            };
        })
        .await
    }

    /// With a market of these rows, `seconds,symbol,price,volume`, that stands still at its beginning: it's turned to the next row and on by [`Self::turn_to`].
    pub async fn playing(rows: &str) -> Self {
        let server = Self::with(TestDatabase::sqlite(), |settings| {
            settings.market.source = FeedSource::Replay(recording(rows), Speed::NORMAL);
        })
        .await;
        let still = PaceChange {
            paused: Some(true),
            ..PaceChange::default()
        };
        server.back.replay().unwrap().change(&still, now_ms());
        server
    }

    /// All that has happened until so many seconds is told.
    pub fn turn_to(&self, seconds: i64) {
        let turn = PaceChange {
            seek_ms: Some(START + seconds * 1000),
            ..PaceChange::default()
        };
        self.back.replay().unwrap().change(&turn, now_ms());
    }

    /// The JSON of an answer that must have this status.
    pub async fn fetch(&self, path: &str, status: u16) -> Value {
        let answer = get(self.addr, path, "").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {answer}"
        );
        body(&answer)
    }

    pub async fn bars(&self, symbol: &str, query: &str) -> Value {
        self.fetch(&format!("/api/market/bars/{symbol}?{query}"), 200)
            .await
    }

    /// Waits until a metric of the market has this value at least.
    pub async fn counted(&self, metric: &str, least: u64) {
        let name = format!("madang_market_{metric}_total");
        let counted = async {
            while self.metric(&name).await < least {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let counted = tokio::time::timeout(PATIENCE, counted).await;
        counted.unwrap_or_else(|_| panic!("not {least} {metric}"));
    }
}

fn now_ms() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// A recording of rows, `seconds,symbol,price,volume`.
pub fn recording(rows: &str) -> Arc<Recording> {
    let mut file = "time,symbol,price,volume\n".to_owned();
    for row in rows.split_whitespace() {
        let (seconds, rest) = row.split_once(',').unwrap();
        let at = START + seconds.parse::<i64>().unwrap() * 1000;
        writeln!(file, "{at},{rest}").unwrap();
    }
    Arc::new(Recording::read(file.as_bytes()).unwrap())
}

/// A value of an answer's head.
pub fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let lines = answer.lines().take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_once(": "))
        .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value.trim()))
}

/// The JSON of an answer.
pub fn body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}
