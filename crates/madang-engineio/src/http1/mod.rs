//! HTTP/1.1 on a bare TCP stream, for those who serve nothing else on it.
//!
//! hyper keeps a buffer to read and one to write for each connection, and clients that poll have two that mostly wait: 22 KB each where this takes 4
//! (`benches/README.md`). It reads into the thread's buffer instead, writes an answer and the frames that follow an upgrade at once, and knows no more of
//! HTTP than Engine.IO's clients speak: no trailers, no compression of its own.

mod body;
mod head;

use self::body::Incoming;
use self::head::{BadHead, Head};
use crate::entry::{ClientAddr, Entry, wants_upgrade};
use crate::polling::{Outcome, Waiting};
use crate::reply::Reply;
use crate::{Body, EngineIo, Handler, websocket};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, EXPECT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// Time for the head of a request; the first must have come by then, too. Beyond: the connection is closed.
///
/// 10 s, as for a WebSocket handshake.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// How long a connection may wait for its next request. Beyond: it is closed, as Node does after 5 s.
///
/// 75 s, as nginx: longer than the pause of a client that posts a heartbeat every 25 s.
const IDLE_TIME: Duration = Duration::from_secs(75);

/// How long a socket may take nothing of an answer. Beyond: the connection is closed, since an answer may have as many bytes as may wait for a client.
///
/// 30 s, as a session that is closed waits for its last request.
const WRITE_TIME: Duration = Duration::from_secs(30);

impl<H: Handler> EngineIo<H> {
    /// Serves the requests of a TCP connection, of HTTP/1.1 or 1.0, and the WebSocket that it may become. Cheaper than [the service](EngineIo) in hyper, for a port where
    /// there is nothing but Engine.IO and, perhaps, some files: `other` is asked first. Returns when the connection has ended, whoever ended it.
    ///
    /// A request's head may have 16 KiB and 100 headers (431), and 10 s to come; a connection may wait 75 s for its next request, and take nothing of an answer for 30 s.
    ///
    /// Dropping the future closes the connection.
    pub async fn serve_connection<F>(&self, stream: TcpStream, other: F)
    where
        F: Fn(&Parts) -> Option<Response<Bytes>> + Send + Sync,
    {
        // What is written is complete: waiting for more would only delay it. If the socket refuses, it's slow, not wrong.
        let _ = stream.set_nodelay(true);
        let requests = Connection {
            stream,
            read: Vec::new(),
            version: Version::HTTP_11,
        };
        // Boxed, so that a WebSocket keeps no room for what came before it.
        let upgraded = Box::pin(requests.serve(self, other)).await;
        if let Ok(Some((live, websocket))) = upgraded {
            websocket::run(live, websocket).await;
        }
    }
}

/// What follows a request; and whether another may.
enum Next<H: Handler> {
    Done(bool),
    Wait(Waiting<H>, bool),
    Upgrade(Parts),
}

/// A connection between two requests.
struct Connection {
    stream: TcpStream,
    /// What has been read and not been used; without memory while it waits.
    read: Vec<u8>,
    /// Of the request that is answered.
    version: Version,
}

impl Connection {
    async fn serve<H: Handler>(
        mut self,
        engine: &EngineIo<H>,
        other: impl Fn(&Parts) -> Option<Response<Bytes>> + Sync,
    ) -> io::Result<websocket::Opened<H>> {
        let address = self.stream.peer_addr().ok();
        let mut patience = HEAD_TIME;
        loop {
            let head = match self.read_head(patience).await? {
                Some(Ok(head)) => head,
                Some(Err(bad)) => {
                    let mut answer = Response::new(Body::default());
                    *answer.status_mut() = bad.status();
                    self.answer(answer, false, false).await?;
                    self.part().await;
                    return Ok(None);
                }
                None => return Ok(None),
            };
            patience = IDLE_TIME;
            self.version = head.parts.version;
            // Boxed: a connection mostly waits, either for a request or for an answer to one.
            let next = match Box::pin(self.exchange(engine, &other, head, address)).await? {
                Next::Wait(mut waiting, keep_alive) => {
                    let response = self.unless_closed(&mut waiting).await?;
                    if let Err(error) = self.answer(response, keep_alive, false).await {
                        waiting.lost();
                        return Err(error);
                    }
                    keep_alive
                }
                Next::Done(keep_alive) => keep_alive,
                Next::Upgrade(parts) => match Box::pin(self.upgrade(engine, parts)).await {
                    Ok(opened) => return Ok(opened),
                    Err(refused) => {
                        let (connection, response) = *refused;
                        self = connection;
                        self.answer(response, false, false).await?;
                        false
                    }
                },
            };
            if !next {
                self.part().await;
                return Ok(None);
            }
        }
    }

    /// Answers a request, unless that has to wait.
    async fn exchange<H: Handler>(
        &mut self,
        engine: &EngineIo<H>,
        other: &(impl Fn(&Parts) -> Option<Response<Bytes>> + Sync),
        head: Head,
        address: Option<SocketAddr>,
    ) -> io::Result<Next<H>> {
        let Head {
            mut parts,
            length,
            mut keep_alive,
        } = head;
        if let Some(address) = address {
            parts.extensions.insert(ClientAddr(address));
        }
        let is_head = parts.method == Method::HEAD;
        let response = if let Some(response) = other(&parts) {
            keep_alive &= length.is_empty();
            response.map(Body::from)
        } else if parts.method == Method::GET && wants_upgrade(&parts) && length.is_empty() {
            return Ok(Next::Upgrade(parts));
        } else {
            // RFC 9110 §10.1.1: a client of HTTP/1.0 would take it for the answer.
            let expects = parts.version == Version::HTTP_11 && parts.headers.contains_key(EXPECT);
            let mut body = Incoming::new(self, length, expects);
            let outcome = engine.begin(Request::from_parts(parts, &mut body)).await;
            keep_alive &= body.is_read();
            match outcome {
                Outcome::Answer(response) => response,
                Outcome::Wait(waiting) => return Ok(Next::Wait(waiting, keep_alive)),
            }
        };
        self.answer(response, keep_alive, is_head).await?;
        Ok(Next::Done(keep_alive))
    }

    /// Opens a WebSocket, or says what is wrong.
    async fn upgrade<H: Handler>(
        self,
        engine: &EngineIo<H>,
        parts: Parts,
    ) -> Result<websocket::Opened<H>, Box<(Self, Response<Body>)>> {
        let server = engine.server();
        if !engine.is_ours(parts.uri.path()) || server.is_closed() {
            let request = Request::from_parts(parts, http_body_util::Empty::<Bytes>::new());
            return Err(Box::new((self, engine.respond(request).await)));
        }
        let reply = Reply::new(server.config(), &parts);
        let entry = match Entry::check(server, &parts).await {
            Ok(entry) => entry,
            Err(refusal) => {
                let response = reply.refuse(server.config(), &refusal, true);
                return Err(Box::new((self, response)));
            }
        };
        match websocket::accept(server, &parts, &entry, reply) {
            Ok((agreement, response)) => {
                let Self { stream, read, .. } = self;
                let config = server.websocket();
                let websocket = madang_ws::server::accepted(stream, &read, agreement, response, config);
                Ok(websocket::begin(server, entry, &parts, websocket).await)
            }
            Err(response) => Err(Box::new((self, *response))),
        }
    }

    /// The next request's head; `None` if there is none.
    async fn read_head(&mut self, patience: Duration) -> io::Result<Option<Result<Head, BadHead>>> {
        let mut has_begun = !self.read.is_empty();
        let mut deadline = Instant::now() + if has_begun { HEAD_TIME } else { patience };
        loop {
            if self.read.is_empty() {
                self.read = Vec::new();
            }
            match Head::parse(&self.read) {
                Ok(Some((head, len))) => {
                    self.read.drain(..len);
                    return Ok(Some(Ok(head)));
                }
                Ok(None) => {}
                Err(bad) => return Ok(Some(Err(bad))),
            }
            let read = match timeout_at(deadline, self.read_more()).await {
                Ok(read) => read?,
                Err(_) => 0,
            };
            if read == 0 {
                return Ok(None);
            }
            // A head that has begun is given less time than one that may never come, and no more for each of its bytes.
            if !has_begun {
                has_begun = true;
                deadline = deadline.min(Instant::now() + HEAD_TIME);
            }
        }
    }

    /// Reads what there is; 0 at the end.
    async fn read_more(&mut self) -> io::Result<usize> {
        let Self { stream, read, .. } = self;
        head::read(stream, read).await
    }

    /// The response, unless the client goes away first.
    async fn unless_closed<H: Handler>(&mut self, waiting: &mut Waiting<H>) -> io::Result<Response<Body>> {
        let closed = async {
            // Requests ahead of their turn are kept, within the bound of a head.
            while self.read.len() < Head::MAX_LEN {
                match self.read_more().await {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
            std::future::pending::<()>().await;
        };
        let mut closed = pin!(closed);
        poll_fn(|cx| {
            if let Poll::Ready(response) = Pin::new(&mut *waiting).poll(cx) {
                return Poll::Ready(Ok(response));
            }
            closed
                .as_mut()
                .poll(cx)
                .map(|()| Err(io::ErrorKind::ConnectionAborted.into()))
        })
        .await
    }

    /// Writes an answer in one piece.
    async fn answer(&mut self, response: Response<Body>, keep_alive: bool, is_head: bool) -> io::Result<()> {
        let (mut parts, body) = response.into_parts();
        let body = body.into_bytes();
        let headers = &mut parts.headers;
        // RFC 9110 §8.6: what has not been modified has its own length, which isn't known here.
        if parts.status == StatusCode::NO_CONTENT {
            headers.remove(CONTENT_LENGTH);
        } else if parts.status != StatusCode::NOT_MODIFIED && !headers.contains_key(CONTENT_LENGTH) {
            headers.insert(CONTENT_LENGTH, body.len().into());
        }
        // A client of HTTP/1.0 waits for the end of a connection that it isn't told is kept (RFC 9112 §C.2.2).
        let connection = match (keep_alive, self.version) {
            (false, _) => Some("close"),
            (true, Version::HTTP_10) => Some("keep-alive"),
            (true, _) => None,
        };
        if let Some(connection) = connection {
            headers.insert(CONNECTION, HeaderValue::from_static(connection));
        }
        headers.insert(DATE, head::date());
        let mut out = head::write(parts.status, &parts.headers, body.len());
        if !is_head {
            out.extend_from_slice(&body);
        }
        self.write_all(&out).await
    }

    async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    timeout(WRITE_TIME, self.stream.writable()).await??;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Closes the stream so that the answer isn't lost: closed with bytes unread, a socket is reset.
    async fn part(&mut self) {
        use tokio::io::AsyncWriteExt;
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let drained = async {
            loop {
                self.read.clear();
                if !matches!(self.read_more().await, Ok(1..)) {
                    return;
                }
            }
        };
        // Who goes on sending after that has had its answer.
        let _ = timeout(HEAD_TIME, drained).await;
    }
}

/// Whether the client keeps the connection for another request (RFC 9112 §9.3).
fn keeps_alive(version: Version, headers: &HeaderMap) -> bool {
    let has = |token: &str| {
        let values = headers.get_all(CONNECTION).iter();
        values.filter_map(|value| value.to_str().ok()).any(|value| {
            value
                .split(',')
                .any(|part| part.trim().eq_ignore_ascii_case(token))
        })
    };
    if version == Version::HTTP_11 {
        !has("close")
    } else {
        has("keep-alive")
    }
}
