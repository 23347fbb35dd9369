//! A back on a free port, and clients that speak its protocol.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use madang_server::back::{
    Back, BackSettings, MarketSettings, OperatorPassword, RateLimits, ScoresSettings, SeatsSettings,
};
use madang_server::lab::Ports;
use madang_server::listener::{ConnectionLimits, Listener, Patience};
use madang_server::scores::Speed;
use madang_server::seats::Event;
use madang_server::store::Store;
use madang_ws::client::ClientConfig;
use madang_ws::{CloseFrame, Message, WebSocket};
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::database::TestDatabase;

/// Longer than anything a test waits for, but for the bounds it is about.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A back in this process.
pub struct Running {
    pub back: Back,
    pub addr: SocketAddr,
    pub database: TestDatabase,
    /// The back's own.
    pub store: Store,
}

impl Running {
    pub async fn start() -> Self {
        Self::on(TestDatabase::sqlite()).await
    }

    pub async fn on(database: TestDatabase) -> Self {
        Self::with(database, |_| {}).await
    }

    /// With matches.
    pub async fn telling(database: TestDatabase, scores: ScoresSettings) -> Self {
        Self::with(database, |settings| settings.scores = scores).await
    }

    /// Which doesn't wait for clients as long as usual.
    pub async fn with_patience(patience: Patience) -> Self {
        let listener = listener().with_patience(patience);
        Self::at(listener, TestDatabase::sqlite(), |_| {}).await
    }

    /// With settings other than the usual ones, which limit nothing.
    pub async fn with(database: TestDatabase, change: impl FnOnce(&mut BackSettings)) -> Self {
        Self::at(listener(), database, change).await
    }

    async fn at(listener: Listener, database: TestDatabase, change: impl FnOnce(&mut BackSettings)) -> Self {
        let limits = ConnectionLimits {
            total: NonZeroUsize::new(1000).unwrap(),
            per_address: None,
        };
        let allowed_origins = vec!["http://127.0.0.1:3001".parse().unwrap()];
        let mut settings = BackSettings {
            allowed_origins,
            limits,
            max_wait: Duration::from_secs(60),
            rates: RateLimits::default(),
            slow_readers: Vec::new(),
            lab_ports: Ports::Any,
            secure_cookies: false,
            scores: scores(),
            seats: SeatsSettings {
                payment_secret: PAYMENT_SECRET.parse().unwrap(),
                per_address: None,
            },
            market: MarketSettings::NONE,
        };
        change(&mut settings);
        let store = database.store().await;
        let back = Back::open(listener, store.clone(), &settings).unwrap();
        Self {
            addr: back.addr(),
            back,
            database,
            store,
        }
    }

    /// Another back on the same database, as of another process.
    pub async fn beside(other: &Self) -> Self {
        Self::on(other.database.again()).await
    }

    /// So many seconds pass for all holds: they end so much earlier.
    pub async fn time_passes(&self, seconds: u32) {
        let hand = Database::connect(self.database.url().as_str()).await.unwrap();
        let earlier = format!(
            "UPDATE seat_holds SET expires_at = expires_at - {}",
            seconds * 1000
        );
        hand.execute_unprepared(&earlier).await.unwrap();
        hand.close().await.unwrap();
    }

    /// An event of reservation.
    pub async fn event(&self, id: &str) -> Event {
        let events = self.store.seat_events().await.unwrap();
        events
            .into_iter()
            .find(|event| event.id().as_str() == id)
            .unwrap()
    }

    /// Waits until so many connections are in the hub.
    pub async fn waiting(&self, count: usize) {
        let there = async {
            while self.back.hub().stats().members != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, there)
            .await
            .expect("so many in time");
    }

    /// A connection to a path.
    pub async fn connect(&self, path: &str) -> Client {
        Client::connect(self.addr, path).await
    }

    /// A connection to a room, joined under a name.
    pub async fn join(&self, room: &str, name: &str) -> Client {
        let mut client = self.connect(&format!("/ws/{room}")).await;
        client.join(name).await;
        client
    }

    /// Status line, headers and body of the answer to a `GET` with further header lines.
    pub async fn get(&self, path: &str, headers: &str) -> String {
        get(self.addr, path, headers).await
    }
}

/// A port that is free.
pub fn listener() -> Listener {
    Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap()
}

/// Nothing is played from a file.
pub fn scores() -> ScoresSettings {
    ScoresSettings {
        password: OperatorPassword::new(PASSWORD).unwrap(),
        replay: None,
        speed: Speed::NORMAL,
    }
}

/// What the payment provider signs with in tests: the one with which the program pretends to be one.
pub const PAYMENT_SECRET: &str = "demo";

/// What runs matches in tests.
pub const PASSWORD: &str = "correct horse";

/// A client of the chat.
pub struct Client {
    pub ws: WebSocket,
}

impl Client {
    pub async fn connect(addr: SocketAddr, path: &str) -> Self {
        Self::connect_with(addr, path, http::HeaderMap::new()).await
    }

    /// With further headers of the handshake.
    pub async fn connect_with(addr: SocketAddr, path: &str, headers: http::HeaderMap) -> Self {
        let config = ClientConfig {
            headers,
            ..ClientConfig::default()
        };
        let (ws, _) = config.connect(&format!("ws://{addr}{path}")).await.unwrap();
        Self { ws }
    }

    /// Joins and returns the welcome.
    pub async fn join(&mut self, name: &str) -> Value {
        self.say(&json!({"type": "join", "name": name})).await;
        self.expect("welcome").await
    }

    pub async fn say(&mut self, command: &Value) {
        self.ws.send(command.to_string()).await.unwrap();
    }

    pub async fn send(&mut self, client_id: &str, text: &str) {
        self.say(&json!({"type": "send", "client_id": client_id, "text": text}))
            .await;
    }

    /// The next message of any type; fails when there is none in time.
    pub async fn next(&mut self) -> Value {
        match tokio::time::timeout(PATIENCE, self.ws.recv())
            .await
            .expect("a message in time")
        {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// The next message, which must be of this type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let event = self.next().await;
        assert_eq!(event["type"], kind, "{event}");
        event
    }

    /// The next message of this type; others are passed over.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await;
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// The next message, which must be an error with this code.
    pub async fn refused(&mut self, code: &str) -> Value {
        let error = self.expect("error").await;
        assert_eq!(error["code"], code, "{error}");
        error
    }

    /// Passes over messages until the server closes, and returns its close frame.
    pub async fn closed(&mut self) -> CloseFrame {
        self.ended().await.expect("a close frame")
    }

    /// Passes over messages until the connection ends, and returns the close frame if one came.
    pub async fn ended(&mut self) -> Option<CloseFrame> {
        let end = async { while let Some(Ok(_)) = self.ws.recv().await {} };
        tokio::time::timeout(PATIENCE, end).await.expect("an end in time");
        self.ws.close_frame().cloned()
    }

    /// Nothing but what is asked for now has arrived: the answer to a command sent now comes next.
    pub async fn heard_nothing_more(&mut self) {
        self.say(&json!({"type": "nonsense"})).await;
        self.refused("unknown_type").await;
    }
}

pub async fn get(addr: SocketAddr, path: &str, headers: &str) -> String {
    let stream = TcpStream::connect(addr).await.unwrap();
    request(stream, "GET", path, headers, "").await
}

/// Status line, headers and body of the answer to a `POST` of JSON with further header lines.
pub async fn post(addr: SocketAddr, path: &str, headers: &str, body: &Value) -> String {
    let stream = TcpStream::connect(addr).await.unwrap();
    let body = body.to_string();
    let headers = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n{headers}",
        body.len()
    );
    request(stream, "POST", path, &headers, &body).await
}

/// The same on a connection that there is.
pub async fn request(mut stream: TcpStream, method: &str, path: &str, headers: &str, body: &str) -> String {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("an answer in time")
        .unwrap();
    String::from_utf8(answer).unwrap()
}

/// Header lines of a handshake.
pub const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
