//! Somebody who comes to a room by any of the ways, says something, hears the others, and checks what they hear.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use madang_ws::client::ClientConfig;
use madang_ws::{Message, WebSocket};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use crate::deeds::{Deed, what};
use crate::running::{self, PATIENCE, get};

/// How somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    WebSocket,
    SocketIo,
    SocketIoPolling,
    ServerSentEvents,
    LongPolling,
    Polling,
}

impl Way {
    pub const ALL: [Self; 6] = [
        Self::WebSocket,
        Self::SocketIo,
        Self::SocketIoPolling,
        Self::ServerSentEvents,
        Self::LongPolling,
        Self::Polling,
    ];

    fn is_socket(self) -> bool {
        matches!(self, Self::WebSocket | Self::SocketIo | Self::SocketIoPolling)
    }
}

/// Somebody.
pub struct Person {
    addr: SocketAddr,
    room: String,
    pub way: Way,
    pub name: String,
    session: Option<String>,
    sender: String,
    position: (u64, String),
    line: Line,
    /// Of others, as they came: offset, author, and what.
    pub heard: Vec<(u64, String, String)>,
    /// Of one's own.
    pub said: BTreeMap<String, u64>,
    asked: u64,
    /// Of the last answer to a poll.
    tag: Option<String>,
    /// Messages that came while something else was waited for.
    waiting: Vec<Value>,
}

enum Line {
    None,
    Socket(Box<WebSocket>),
    /// What a task of its own reads, since half-read answers would be lost when nobody waits any more.
    Read {
        packets: UnboundedReceiver<String>,
        /// Of Engine.IO.
        sid: String,
        _task: AbortOnDropHandle<()>,
    },
}

/// What comes over a socket.
enum Packet {
    Event(Value),
    Answer(Value),
}

impl Person {
    /// Somebody who has come, and knows all that has been said so far.
    pub async fn come(addr: SocketAddr, room: &str, way: Way, name: &str) -> Self {
        let mut person = Self {
            addr,
            room: room.to_owned(),
            way,
            name: name.to_owned(),
            session: None,
            sender: String::new(),
            position: (0, String::new()),
            line: Line::None,
            heard: Vec::new(),
            said: BTreeMap::new(),
            asked: 0,
            tag: None,
            waiting: Vec::new(),
        };
        if !way.is_socket() {
            let (status, made) = request(addr, "POST", "/api/sessions", None).await;
            assert_eq!(status, 201, "{made}");
            person.session = made["session"].as_str().map(str::to_owned);
            person.sender = made["sender"].as_str().unwrap().to_owned();
            let path = format!("/api/rooms/{room}/messages?limit=1");
            let (_, newest) = request(addr, "GET", &path, None).await;
            person.position = position(&newest);
        }
        person.connect().await;
        person
    }

    /// Connects, for the first time or again: then nothing may be missing.
    pub async fn connect(&mut self) {
        match self.way {
            Way::WebSocket => {
                let ws = self.open(&format!("/ws/{}", self.room)).await;
                self.line = Line::Socket(Box::new(ws));
                self.join().await;
            }
            Way::SocketIo => {
                let mut ws = self.open("/socket.io/?EIO=4&transport=websocket").await;
                for (said, answer) in [("", "0{"), ("40", "40{")] {
                    if !said.is_empty() {
                        ws.send(said).await.unwrap();
                    }
                    let Some(Ok(Message::Text(text))) = ws.recv().await else {
                        panic!("no {answer}")
                    };
                    assert!(text.starts_with(answer), "{text}");
                }
                self.line = Line::Socket(Box::new(ws));
                self.join().await;
            }
            Way::SocketIoPolling => {
                let (_, open) = text_request(self.addr, "GET", POLL, None).await;
                let open: Value = serde_json::from_str(&open[1..]).unwrap();
                let sid = open["sid"].as_str().unwrap().to_owned();
                let path = format!("{POLL}&sid={sid}");
                text_request(self.addr, "POST", &path, Some("40")).await;
                let (_, welcome) = text_request(self.addr, "GET", &path, None).await;
                assert!(welcome.starts_with("40{"), "{welcome}");
                let addr = self.addr;
                self.line = Line::read(sid, async move |packets| {
                    loop {
                        let (_, payload) = text_request(addr, "GET", &path, None).await;
                        for packet in payload.split('\u{1e}') {
                            let _ = packets.send(packet.to_owned());
                        }
                    }
                });
                self.join().await;
            }
            Way::ServerSentEvents => {
                let mut stream = TcpStream::connect(self.addr).await.unwrap();
                let path = format!("/api/rooms/{}/events?except={}", self.room, self.sender);
                let (offset, epoch) = &self.position;
                // In HTTP/1.0 an answer has no chunks.
                let head = format!("GET {path} HTTP/1.0\r\nLast-Event-ID: {epoch}.{offset}\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                self.line = Line::read(String::new(), async move |messages| {
                    let mut lines = BufReader::new(stream).lines();
                    let mut name = String::new();
                    while let Ok(Some(line)) = lines.next_line().await {
                        if let Some(event) = line.strip_prefix("event: ") {
                            event.clone_into(&mut name);
                        }
                        if let Some(data) = line.strip_prefix("data: ") {
                            assert!(["position", "message"].contains(&&*name), "{name} {data}");
                            if name == "message" {
                                let _ = messages.send(data.to_owned());
                            }
                        }
                    }
                });
            }
            Way::LongPolling | Way::Polling => {}
        }
    }

    /// The line breaks.
    pub fn break_off(&mut self) {
        self.line = Line::None;
        self.waiting.clear();
    }

    /// Says something and waits until it's acknowledged.
    pub async fn say(&mut self, client_id: &str, text: &str) {
        let said = self.act(client_id, &Deed::Say(text.to_owned())).await;
        assert!(said, "nothing keeps a message from being said");
    }

    /// Does something and waits until it's acknowledged. False if it is no entry: the message that it is about has been deleted, or is like that already.
    pub async fn act(&mut self, client_id: &str, deed: &Deed) -> bool {
        let answer = if self.way.is_socket() {
            let (name, args) = deed.command(client_id);
            self.ask(name, args).await
        } else {
            let (method, path, body) = self.request_of(client_id, deed);
            request(self.addr, method, &path, Some(body)).await.1
        };
        if answer["code"] == "message_deleted" || answer["unchanged"] == true {
            return false;
        }
        let offset = answer["offset"]
            .as_u64()
            .unwrap_or_else(|| panic!("{deed:?}: {answer}"));
        self.said.insert(client_id.to_owned(), offset);
        self.take_waiting();
        true
    }

    /// Does something and breaks off before the answer. Whether it arrived, nobody knows.
    pub async fn act_and_break_off(&mut self, client_id: &str, deed: &Deed) {
        if self.way.is_socket() {
            let (name, args) = deed.command(client_id);
            self.begin(name, args).await;
        } else {
            let (method, path, body) = self.request_of(client_id, deed);
            let body = body.to_string();
            let mut stream = TcpStream::connect(self.addr).await.unwrap();
            let head = head(method, &path, body.len());
            stream.write_all((head + &body).as_bytes()).await.unwrap();
        }
        self.break_off();
    }

    /// Hears what comes in so long a time.
    pub async fn listen(&mut self, time: Duration) {
        let end = Instant::now() + time;
        match self.way {
            Way::Polling => {
                self.poll("").await;
                tokio::time::sleep_until(end).await;
            }
            Way::LongPolling => {
                while Instant::now() < end {
                    // Sometimes given up while it waits, as by somebody who goes away.
                    if timeout_at(end, self.poll("&wait=1s")).await.is_err() {
                        return;
                    }
                }
            }
            Way::ServerSentEvents => {
                while let Ok(text) = timeout_at(end, self.text()).await {
                    self.hear(&serde_json::from_str(&text).unwrap());
                }
            }
            Way::WebSocket | Way::SocketIo | Way::SocketIoPolling => {
                while let Ok(packet) = timeout_at(end, self.packet()).await {
                    match packet {
                        Packet::Event(event) => self.waiting.push(event),
                        Packet::Answer(answer) => panic!("{answer}"),
                    }
                    self.take_waiting();
                }
            }
        }
    }

    /// Every message of the room that this one knows of, one's own too.
    pub fn known(&self) -> BTreeSet<u64> {
        let heard = self.heard.iter().map(|(offset, ..)| *offset);
        heard.chain(self.said.values().copied()).collect()
    }

    async fn join(&mut self) {
        let mut args = json!({"room": self.room, "name": self.name});
        if let Some(session) = &self.session {
            args["session"] = json!(session);
            args["after"] = json!(self.position.0);
            args["epoch"] = json!(self.position.1);
        }
        let again = self.session.is_some();
        let welcome = self.ask("join", args).await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        self.session = welcome["session"].as_str().map(str::to_owned);
        let here = position(&welcome);
        if !again {
            self.position = here;
        } else if welcome["recovered"] == false {
            self.read_until(here.0).await;
        }
        self.take_waiting();
    }

    /// Reads the history up to where the welcome said that all comes by itself.
    async fn read_until(&mut self, last: u64) {
        let mut after = self.position.0;
        while after < last {
            let asked = json!({"after": after, "epoch": self.position.1, "limit": 200});
            let page = self.ask("history", asked).await;
            assert_eq!(page["type"], "history", "{page}");
            for message in page["messages"].as_array().unwrap() {
                after = message["offset"].as_u64().unwrap();
                if after <= last && message["author"] != *self.name {
                    self.hear(message);
                }
            }
        }
    }

    /// Checks a message: never twice, never before an earlier one, never one's own.
    fn hear(&mut self, message: &Value) {
        let offset = message["offset"].as_u64().unwrap();
        let author = message["author"].as_str().unwrap();
        let (name, way) = (&self.name, self.way);
        assert_ne!(author, name, "an echo by {way:?}: {message}");
        assert!(
            offset > self.position.0,
            "{way:?}: {offset} after {}",
            self.position.0
        );
        self.heard.push((offset, author.to_owned(), what(message)));
        self.position.0 = offset;
    }

    fn take_waiting(&mut self) {
        for event in std::mem::take(&mut self.waiting) {
            if ["message", "edit", "delete", "reaction"].contains(&event["type"].as_str().unwrap()) {
                self.hear(&event);
            }
        }
    }

    async fn open(&mut self, path: &str) -> WebSocket {
        let url = format!("ws://{}{path}", self.addr);
        ClientConfig::default().connect(&url).await.unwrap().0
    }

    async fn ask(&mut self, name: &str, args: Value) -> Value {
        self.begin(name, args).await;
        loop {
            match timeout(PATIENCE, self.packet()).await.expect("an answer in time") {
                Packet::Answer(answer) => return answer,
                Packet::Event(event) => self.waiting.push(event),
            }
        }
    }

    async fn begin(&mut self, name: &str, mut args: Value) {
        self.asked += 1;
        if self.way == Way::WebSocket {
            args["type"] = json!(name);
            self.send_packet(&args.to_string()).await;
        } else {
            let packet = format!("42{}{}", self.asked, json!([name, args]));
            self.send_packet(&packet).await;
        }
    }

    /// The next packet over a socket.
    async fn packet(&mut self) -> Packet {
        loop {
            let text = self.text().await;
            match (self.way, &*text) {
                (Way::WebSocket, _) => {
                    let value: Value = serde_json::from_str(&text).unwrap();
                    let is_answer =
                        ["welcome", "ack", "history", "error"].contains(&value["type"].as_str().unwrap());
                    return if is_answer {
                        Packet::Answer(value)
                    } else {
                        Packet::Event(value)
                    };
                }
                (_, "2") => self.send_packet("3").await,
                (_, "6" | "3") => {}
                (_, text) => {
                    let array = &text[text.find('[').unwrap_or_else(|| panic!("{text}"))..];
                    let mut array: Vec<Value> = serde_json::from_str(array).unwrap();
                    let value = array.pop().unwrap_or_default();
                    if text.starts_with("43") {
                        return Packet::Answer(value);
                    }
                    let mut event = value;
                    event["type"] = array.pop().unwrap();
                    return Packet::Event(event);
                }
            }
        }
    }

    async fn send_packet(&mut self, packet: &str) {
        match &mut self.line {
            Line::Socket(ws) => ws.send(packet).await.unwrap(),
            Line::Read { sid, .. } => {
                let path = format!("{POLL}&sid={sid}");
                text_request(self.addr, "POST", &path, Some(packet)).await;
            }
            Line::None => panic!("not connected"),
        }
    }

    /// The next text that comes.
    async fn text(&mut self) -> String {
        match &mut self.line {
            Line::Socket(ws) => match ws.recv().await {
                Some(Ok(Message::Text(text))) => text.to_string(),
                other => panic!("{other:?}"),
            },
            Line::Read { packets, .. } => packets.recv().await.expect("the stream goes on"),
            Line::None => panic!("not connected"),
        }
    }

    async fn poll(&mut self, wait: &str) {
        let (offset, epoch) = &self.position;
        let path = format!(
            "{}?after={offset}&epoch={epoch}&limit=200&except={}{wait}",
            self.path(),
            self.sender
        );
        let known = match &self.tag {
            Some(tag) if wait.is_empty() => format!("If-None-Match: {tag}\r\n"),
            _ => String::new(),
        };
        let answer = get(self.addr, &path, &known).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let tag = head.lines().find_map(|line| line.strip_prefix("etag: "));
        self.tag = tag.map(str::to_owned);
        if head.starts_with("HTTP/1.1 304") {
            return;
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        let answer: Value = serde_json::from_str(body).unwrap();
        for message in answer["messages"].as_array().unwrap() {
            self.hear(message);
        }
        self.position = position(&answer);
    }

    fn path(&self) -> String {
        format!("/api/rooms/{}/messages", self.room)
    }

    fn request_of(&self, client_id: &str, deed: &Deed) -> (&'static str, String, Value) {
        deed.request(&self.room, client_id, &self.name, self.session.as_deref())
    }
}

impl Line {
    fn read<F>(sid: String, read: impl FnOnce(UnboundedSender<String>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, packets) = tokio::sync::mpsc::unbounded_channel();
        Self::Read {
            packets,
            sid,
            _task: AbortOnDropHandle::new(tokio::spawn(read(sender))),
        }
    }
}

const POLL: &str = "/socket.io/?EIO=4&transport=polling";

fn position(answer: &Value) -> (u64, String) {
    let epoch = answer["epoch"].as_str().unwrap_or_else(|| panic!("{answer}"));
    (answer["offset"].as_u64().unwrap(), epoch.to_owned())
}

fn head(method: &str, path: &str, length: usize) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: madang\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// Status and JSON of an answer.
pub async fn request(addr: SocketAddr, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let body = body.map(|body| body.to_string());
    let (status, text) = text_request(addr, method, path, body.as_deref()).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

pub async fn text_request(addr: SocketAddr, method: &str, path: &str, body: Option<&str>) -> (u16, String) {
    let body = body.unwrap_or_default();
    let stream = TcpStream::connect(addr).await.unwrap();
    let headers = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    let answer = running::request(stream, method, path, &headers, body).await;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{answer}"));
    let status = head[9..12].parse().unwrap();
    (status, body.to_owned())
}
