//! Two ends of a connection, or one end and a peer that does what the test says.

use madang_ws::proto::{Config, Event, Header, Incoming, OpCode, Role};
use madang_ws::{Limits, Message, WebSocket};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

pub(crate) fn config(role: Role, limits: Limits) -> Config {
    Config {
        limits,
        ..Config::new(role)
    }
}

pub(crate) fn queued(queued: usize) -> Limits {
    Limits {
        queued,
        ..Limits::default()
    }
}

/// Server and client over a pipe that holds `capacity` bytes each way.
pub(crate) fn pair(capacity: usize) -> (WebSocket, WebSocket) {
    pair_with(capacity, Limits::default())
}

pub(crate) fn pair_with(capacity: usize, server: Limits) -> (WebSocket, WebSocket) {
    let (near, far) = duplex(capacity);
    (
        WebSocket::new(near, &[], &config(Role::Server, server)),
        WebSocket::new(far, &[], &Config::new(Role::Client)),
    )
}

/// One end over a pipe, and the other end of the pipe.
pub(crate) fn with_peer(capacity: usize, config: &Config) -> (WebSocket, Peer<DuplexStream>) {
    let (near, far) = duplex(capacity);
    (WebSocket::new(near, &[], config), Peer::new(far, config.role))
}

/// A server's end over TCP whose socket takes little, and the client's bare socket.
pub(crate) async fn with_tcp_peer(config: &Config) -> (WebSocket, Peer<TcpStream>) {
    let (near, far) = sockets().await;
    (WebSocket::new(near, &[], config), Peer::new(far, config.role))
}

/// Two ends of one TCP connection with buffers of a few KiB.
pub(crate) async fn sockets() -> (TcpStream, TcpStream) {
    let listener = small_socket();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(1).unwrap();
    let far = small_socket().connect(listener.local_addr().unwrap());
    let (near, far) = tokio::join!(listener.accept(), far);
    (near.unwrap().0, far.unwrap())
}

fn small_socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(8192).unwrap();
    socket.set_recv_buffer_size(8192).unwrap();
    socket
}

pub(crate) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    (listener, addr)
}

/// A frame as the peer of `role` sends it.
pub(crate) fn frame_to(role: Role, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        fin: true,
        rsv1: false,
        opcode,
        mask: (role == Role::Server).then_some([1, 2, 3, 4]),
        len: payload.len() as u64,
    };
    header.frame(payload).to_vec()
}

/// A close frame to a server.
pub(crate) fn close_frame(code: u16) -> Vec<u8> {
    frame_to(Role::Server, OpCode::Close, &code.to_be_bytes())
}

/// The other end of a stream, which knows frames and nothing else.
pub(crate) struct Peer<S> {
    pub(crate) stream: S,
    incoming: Incoming,
    /// Of the end that is tested.
    role: Role,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) fn new(stream: S, role: Role) -> Self {
        let own = match role {
            Role::Server => Role::Client,
            Role::Client => Role::Server,
        };
        Self {
            stream,
            incoming: Incoming::new(&config(
                own,
                Limits {
                    message: usize::MAX,
                    frame: usize::MAX,
                    ..Limits::default()
                },
            )),
            role,
        }
    }

    pub(crate) async fn send(&mut self, opcode: OpCode, payload: &[u8]) {
        let frame = frame_to(self.role, opcode, payload);
        self.write(&frame).await;
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the stream takes it");
    }

    /// The next event; `None` at the end of the stream, which must not lie within a frame.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.incoming.poll_event().expect("good frames") {
                return Some(event);
            }
            let mut bytes = [0; 4096];
            let read = self.stream.read(&mut bytes).await.expect("no reset");
            if read == 0 {
                return None;
            }
            self.incoming.receive(&mut bytes[..read]);
        }
    }

    pub(crate) async fn message(&mut self) -> Message {
        match self.event().await {
            Some(Event::Message(message)) => message,
            other => panic!("not a message: {other:?}"),
        }
    }

    /// The next event is a close frame with this code, and the last one.
    pub(crate) async fn closed(&mut self) -> u16 {
        let code = match self.event().await {
            Some(Event::Close(Some(frame))) => frame.code.as_u16(),
            other => panic!("not a close frame with a code: {other:?}"),
        };
        assert_eq!(self.event().await, None);
        code
    }

    /// Everything up to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.event().await {
            events.push(event);
        }
        if !matches!(events.last(), Some(Event::Close(_))) {
            // Were the stream cut within a frame, this ping would be taken for the rest of it.
            let far = match self.role {
                Role::Server => Role::Client,
                Role::Client => Role::Server,
            };
            self.incoming.receive(&mut frame_to(far, OpCode::Ping, b"whole"));
            assert_eq!(
                self.incoming.poll_event(),
                Ok(Some(Event::Ping("whole".into()))),
                "cut within a frame"
            );
        }
        events
    }
}

/// A pipe that counts the writes to it.
pub(crate) struct Counted {
    inner: DuplexStream,
    pub(crate) writes: Arc<AtomicUsize>,
    pub(crate) bytes: Arc<AtomicUsize>,
}

impl Counted {
    pub(crate) fn new(inner: DuplexStream) -> Self {
        Self {
            inner,
            writes: Arc::default(),
            bytes: Arc::default(),
        }
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(written)) = written {
            self.writes.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(written, Ordering::Relaxed);
        }
        written
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        let written = Pin::new(&mut self.inner).poll_write(cx, &all);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Sends everything back until the connection ends.
pub(crate) async fn echo(mut ws: WebSocket) {
    while let Some(Ok(message)) = ws.recv().await {
        if ws.feed(message).await.is_err() {
            break;
        }
    }
}
