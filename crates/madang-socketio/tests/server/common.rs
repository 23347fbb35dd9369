//! A server on a free port, and a client that shows every packet.

use madang_engineio::Message;
use madang_socketio::{Namespace, Socket, SocketIo, SocketIoBuilder};
use madang_ws::WebSocket;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Long enough for anything that happens at all.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it never happens")
}

#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) io: SocketIo,
    pub(crate) addr: SocketAddr,
}

impl std::ops::Deref for Served {
    type Target = SocketIo;

    fn deref(&self) -> &SocketIo {
        &self.io
    }
}

/// With options of Node's.
pub(crate) async fn serve() -> Served {
    serve_with(|builder| builder).await
}

pub(crate) async fn serve_with(options: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder) -> Served {
    serve_on(TcpSocket::new_v4().unwrap(), options).await
}

/// With options of the socket, which its connections have too.
pub(crate) async fn serve_on(
    socket: TcpSocket,
    options: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder,
) -> Served {
    let io = options(SocketIo::builder()).build();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener: TcpListener = socket.listen(1024).unwrap();
    let addr = listener.local_addr().unwrap();
    let app = axum::Router::new().layer(io.layer());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Served { io, addr }
}

/// Its connections hold a few KiB, so that it doesn't take much to fill them.
pub(crate) fn small_socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(8192).unwrap();
    socket.set_recv_buffer_size(8192).unwrap();
    socket
}

impl Served {
    /// A client that isn't in any namespace.
    pub(crate) async fn open(&self) -> Client {
        Client::open(self.addr, "EIO=4&transport=websocket").await
    }

    /// A client in `/`.
    pub(crate) async fn client(&self) -> Client {
        self.join("/").await
    }

    /// A client in this namespace.
    pub(crate) async fn join(&self, namespace: &str) -> Client {
        let mut client = self.open().await;
        client.enter(namespace, "").await;
        client
    }

    /// A client in `/`, and its socket.
    pub(crate) async fn pair(&self) -> (Client, Socket) {
        let client = self.client().await;
        let socket = self.io.socket(&client.sid).unwrap();
        (client, socket)
    }
}

/// What somebody tells a test.
pub(crate) struct Notes<T>(UnboundedReceiver<T>);

impl<T> Notes<T> {
    pub(crate) async fn next(&mut self) -> T {
        soon(self.0.recv()).await.expect("nobody is left to tell")
    }

    /// What has been told already.
    pub(crate) fn so_far(&mut self) -> Vec<T> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

pub(crate) fn notes<T>() -> (UnboundedSender<T>, Notes<T>) {
    let (sender, receiver) = unbounded_channel();
    (sender, Notes(receiver))
}

/// The sockets of a namespace as they connect.
pub(crate) fn sockets(namespace: &Namespace) -> Notes<Socket> {
    let (sender, notes) = notes();
    namespace.on_connect(move |socket: Socket| {
        let _ = sender.send(socket);
        async {}
    });
    notes
}

pub(crate) struct Client {
    ws: WebSocket,
    /// Of the namespace that was entered last.
    pub(crate) sid: String,
    pub(crate) pid: Option<String>,
    pub(crate) engine_sid: String,
    heard: VecDeque<Message>,
}

impl Client {
    pub(crate) async fn open(addr: SocketAddr, query: &str) -> Self {
        let url = format!("ws://{addr}/socket.io/?{query}");
        Self::opened(soon(madang_ws::client::connect(&url)).await.unwrap()).await
    }

    /// Whose connection takes little that it doesn't read.
    pub(crate) async fn open_slow(addr: SocketAddr) -> Self {
        let url = format!("ws://{addr}/socket.io/?EIO=4&transport=websocket");
        let stream = soon(small_socket().connect(addr)).await.unwrap();
        let config = madang_ws::client::ClientConfig::default();
        let (ws, _) = soon(config.connect_over(stream, &url)).await.unwrap();
        Self::opened(ws).await
    }

    async fn opened(mut ws: WebSocket) -> Self {
        let open = soon(ws.recv()).await.unwrap().unwrap();
        let open = open.as_text().unwrap().strip_prefix('0').unwrap();
        let open: serde_json::Value = serde_json::from_str(open).unwrap();
        Self {
            ws,
            sid: String::new(),
            pid: None,
            engine_sid: open["sid"].as_str().unwrap().to_owned(),
            heard: VecDeque::new(),
        }
    }

    /// Says a Socket.IO packet, without what Engine.IO puts before it.
    pub(crate) async fn say(&mut self, packet: &str) {
        let message = format!("4{packet}");
        soon(self.ws.send(Message::from(message))).await.unwrap();
    }

    pub(crate) async fn say_binary(&mut self, bytes: &[u8]) {
        soon(self.ws.send(Message::from(bytes))).await.unwrap();
    }

    /// Sends CONNECT and reads its answer.
    pub(crate) async fn enter(&mut self, namespace: &str, auth: &str) {
        let separator = if namespace == "/" { "" } else { "," };
        let shown = namespace.trim_end_matches('/');
        self.say(&format!("0{shown}{separator}{auth}")).await;
        let answer = self.hear().await;
        let body = answer
            .strip_prefix(&format!("0{shown}{separator}"))
            .unwrap_or_else(|| panic!("not let in: {answer}"));
        self.welcomed(body);
    }

    pub(crate) fn welcomed(&mut self, body: &str) {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        self.sid = body["sid"].as_str().unwrap().to_owned();
        self.pid = body["pid"].as_str().map(str::to_owned);
    }

    /// The next packet, without what Engine.IO puts before it.
    pub(crate) async fn hear(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("not a packet: {other:?}"),
        }
    }

    pub(crate) async fn hear_binary(&mut self) -> Vec<u8> {
        match self.next().await {
            Some(Message::Binary(bytes)) => bytes.to_vec(),
            other => panic!("not an attachment: {other:?}"),
        }
    }

    /// Everything until the server ends the connection.
    pub(crate) async fn hear_end(&mut self) -> Vec<String> {
        let mut heard = Vec::new();
        while let Some(message) = self.next().await {
            heard.push(message.as_text().unwrap_or("(binary)").to_owned());
        }
        heard
    }

    pub(crate) async fn next(&mut self) -> Option<Message> {
        if let Some(message) = self.heard.pop_front() {
            return Some(message);
        }
        loop {
            let message = match soon(self.ws.recv()).await {
                Some(Ok(message)) => message,
                Some(Err(_)) | None => return None,
            };
            match message.as_text() {
                None => return Some(message),
                Some("2") => soon(self.ws.send(Message::from("3"))).await.unwrap(),
                Some("1") | Some("6") => {}
                Some(text) => match text.strip_prefix('4') {
                    Some(packet) => return Some(Message::from(packet)),
                    None => panic!("not a message: {text}"),
                },
            }
        }
    }

    /// Of the close frame that has come.
    pub(crate) fn close_code(&self) -> Option<madang_ws::CloseCode> {
        self.ws.close_frame().map(|frame| frame.code)
    }

    /// Goes without a word.
    pub(crate) fn vanish(self) {
        drop(self.ws);
    }
}

/// A request of long-polling: a POST if there is something to say. The answer's body.
pub(crate) async fn poll(addr: SocketAddr, query: &str, said: Option<&str>) -> String {
    let (method, body) = said.map_or(("GET", ""), |said| ("POST", said));
    let head = format!(
        "{method} /socket.io/?{query} HTTP/1.1\r\nHost: {addr}\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = request(addr, &head).await;
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// The head of the answer to a poll of a client that takes gzip.
pub(crate) async fn head_of_poll(addr: SocketAddr, query: &str) -> String {
    let answer = answer(
        addr,
        &format!("GET /socket.io/?{query} HTTP/1.1\r\nHost: {addr}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"),
    )
    .await;
    let text = String::from_utf8_lossy(&answer);
    text.split_once("\r\n\r\n").unwrap().0.to_ascii_lowercase()
}

/// Head and body of the answer to a request that asks for the connection to be closed.
pub(crate) async fn request(addr: SocketAddr, request: &str) -> String {
    String::from_utf8(answer(addr, request).await).unwrap()
}

async fn answer(addr: SocketAddr, request: &str) -> Vec<u8> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    answer
}
