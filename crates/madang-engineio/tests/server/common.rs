//! A server that echoes and takes notes, and an HTTP client that shows every byte of an answer.

use madang_engineio::{CloseReason, Config, EngineIo, Handler, Message, Socket};
use madang_ws::WebSocket;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What happened to sessions, in order.
#[derive(Debug)]
pub(crate) enum Note {
    Open(Socket),
    Message(Message),
    Close(CloseReason),
}

/// Echoes, and does as messages say.
pub(crate) struct Scribe {
    notes: mpsc::UnboundedSender<Note>,
}

impl Scribe {
    pub(crate) fn new(notes: mpsc::UnboundedSender<Note>) -> Self {
        Self { notes }
    }
}

impl Handler for Scribe {
    type Session = Socket;

    fn open(&self, socket: Socket, _request: &http::request::Parts) -> Socket {
        let _ = self.notes.send(Note::Open(socket.clone()));
        socket
    }

    fn message(&self, socket: &mut Socket, message: Message) {
        match message.as_text() {
            Some("panic") => panic!("as told"),
            Some("close") => socket.close(false),
            _ => socket.send(message.clone()),
        }
        let _ = self.notes.send(Note::Message(message));
    }

    fn close(&self, _socket: Socket, reason: CloseReason) {
        let _ = self.notes.send(Note::Close(reason));
    }
}

pub(crate) struct Served {
    pub(crate) addr: SocketAddr,
    pub(crate) engine: EngineIo<Scribe>,
    notes: Mutex<mpsc::UnboundedReceiver<Note>>,
}

impl Served {
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let (notes, read) = mpsc::unbounded_channel();
        let engine = EngineIo::new(config, Scribe::new(notes));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let served = engine.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(crate::serve(served.clone(), stream));
            }
        });
        Self {
            addr,
            engine,
            notes: Mutex::new(read),
        }
    }

    #[allow(clippy::await_holding_lock)] // one test reads its own notes
    pub(crate) async fn note(&self) -> Note {
        self.notes.lock().unwrap().recv().await.unwrap()
    }

    pub(crate) async fn opened(&self) -> Socket {
        match self.note().await {
            Note::Open(socket) => socket,
            other => panic!("not an opening: {other:?}"),
        }
    }

    pub(crate) async fn message(&self) -> Message {
        match self.note().await {
            Note::Message(message) => message,
            other => panic!("not a message: {other:?}"),
        }
    }

    pub(crate) async fn closed(&self) -> CloseReason {
        loop {
            if let Note::Close(reason) = self.note().await {
                return reason;
            }
        }
    }

    pub(crate) async fn get(&self, query: &str) -> Answer {
        self.request("GET", query, &[], b"").await
    }

    pub(crate) async fn post(&self, query: &str, body: &str) -> Answer {
        let kind = [("Content-Type", "text/plain;charset=UTF-8")];
        self.request("POST", query, &kind, body.as_bytes()).await
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        query: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let stream = self.send(method, query, headers, body).await;
        Answer::read(stream).await
    }

    /// Sends a request without waiting for its answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        query: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        let mut head = format!("{method} /engine.io/?{query} HTTP/1.1\r\nHost: {}\r\n", self.addr);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !headers.iter().any(|(name, _)| *name == "Connection") {
            head.push_str("Connection: close\r\n");
        }
        if !headers.iter().any(|(name, _)| *name == "Transfer-Encoding") {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        stream
    }

    /// Opens a session on polling: the query of its further requests.
    pub(crate) async fn open(&self, query: &str) -> String {
        let answer = self.get(&format!("{query}&transport=polling")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        // In a script the quotes are escaped.
        let text = answer.text().replace('\\', "");
        let sid = text.split("\"sid\":\"").nth(1).unwrap();
        let sid = sid.split('"').next().unwrap();
        format!("{query}&transport=polling&sid={sid}")
    }

    pub(crate) async fn websocket(&self, query: &str) -> WebSocket {
        let url = format!("ws://{}/engine.io/?{query}", self.addr);
        madang_ws::client::connect(&url).await.unwrap()
    }
}

/// The text of the next message.
pub(crate) async fn text(websocket: &mut WebSocket) -> String {
    let message = websocket.recv().await.unwrap().unwrap();
    message.as_text().unwrap().to_owned()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self {
            status,
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}
