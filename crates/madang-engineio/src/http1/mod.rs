//! HTTP/1.1 on a bare TCP stream, for those who serve nothing else on it.
//!
//! hyper keeps a buffer to read and one to write for each connection, 22 KB, and clients that poll have two connections that mostly wait; here such a client takes
//! 3.5 KB with all that belongs to it (`benches/README.md`). It reads into the thread's buffer instead, writes an answer and the frames that follow an upgrade at once, and knows no more of
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
use http::header::{CONNECTION, EXPECT};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, Version};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

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
    ///
    /// ```no_run
    /// # use madang_engineio::{CloseReason, Config, EngineIo, Handler, Message, Socket};
    /// # struct Nothing;
    /// # impl Handler for Nothing {
    /// #     type Session = ();
    /// #     fn open(&self, _: Socket, _: &http::request::Parts) {}
    /// #     fn message(&self, _: &mut (), _: Message) {}
    /// #     fn close(&self, _: (), _: CloseReason) {}
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let engine = EngineIo::new(Config::default(), Nothing);
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    /// loop {
    ///     let (stream, _) = listener.accept().await?;
    ///     let engine = engine.clone();
    ///     tokio::spawn(async move {
    ///         engine.serve_connection(stream, |request| match request.uri.path() {
    ///             "/health" => Some(http::Response::new("well".into())),
    ///             _ => None,
    ///         }).await;
    ///     });
    /// }
    /// # }
    /// ```
    pub fn serve_connection<F>(&self, stream: TcpStream, other: F) -> impl Future<Output = ()> + Send
    where
        F: Fn(&Parts) -> Option<Response<Bytes>> + Send + Sync,
    {
        let connection = Connection {
            stream,
            read: Vec::new(),
            peer: None,
            timer: None,
            prompt: false,
        };
        // Boxed, so that a WebSocket keeps no room for what came before it.
        let requests = Box::pin(connection.serve(self, other));
        async move {
            if let Ok(Some((live, websocket))) = requests.await {
                websocket::run(live, websocket).await;
            }
        }
    }
}

/// What follows a request; and whether another may.
enum Next<H: Handler> {
    Done(bool),
    Wait(Box<Waiting<H>>, bool),
    Upgrade(Box<Parts>),
}

/// A connection between two requests.
struct Connection {
    stream: TcpStream,
    /// What has been read and not been used; without memory while it waits.
    read: Vec<u8>,
    /// Whom it is with, once anybody has asked.
    peer: Option<ClientAddr>,
    /// Of the wait for a request. One for all of them: to set one for each would cost more than to be early now and then.
    timer: Option<Pin<Box<Sleep>>>,
    /// Nagle's algorithm is off. A WebSocket sees to that itself, and not every connection comes to an answer before.
    prompt: bool,
}

impl Connection {
    /// What is kept from one await to the next is small, since a connection mostly waits: everything else is boxed, and no argument is
    /// kept twice, as those of an `async fn` are.
    #[allow(clippy::manual_async_fn)]
    fn serve<H: Handler>(
        mut self,
        engine: &EngineIo<H>,
        other: impl Fn(&Parts) -> Option<Response<Bytes>> + Send + Sync,
    ) -> impl Future<Output = io::Result<websocket::Opened<H>>> + Send {
        async move {
            let mut patience = HEAD_TIME;
            loop {
                let head = match self.read_head(patience).await? {
                    Some(Ok(head)) => head,
                    Some(Err(bad)) => return Box::pin(self.refuse(bad.response())).await,
                    None => return Ok(None),
                };
                patience = IDLE_TIME;
                let keep_alive = match Box::pin(self.exchange(engine, &other, head)).await? {
                    Next::Done(keep_alive) => keep_alive,
                    Next::Wait(mut waiting, keep_alive) => {
                        let response = poll_fn(|cx| self.poll_waiting(&mut waiting, cx)).await?;
                        let written = match self.answer(response, keep_alive, false) {
                            Ok(Some(rest)) => Box::pin(self.write_all(rest)).await,
                            all => all.map(drop),
                        };
                        if let Err(error) = written {
                            waiting.lost();
                            return Err(error);
                        }
                        keep_alive
                    }
                    Next::Upgrade(parts) => return Box::pin(self.upgrade(engine, parts)).await,
                };
                if !keep_alive {
                    Box::pin(self.part()).await;
                    return Ok(None);
                }
            }
        }
    }

    /// Answers a request, unless that has to wait.
    async fn exchange<H: Handler>(
        &mut self,
        engine: &EngineIo<H>,
        other: &(impl Fn(&Parts) -> Option<Response<Bytes>> + Sync),
        head: Box<Head>,
    ) -> io::Result<Next<H>> {
        let Head {
            parts,
            length,
            mut keep_alive,
        } = *head;
        let is_head = parts.method == Method::HEAD;
        let response = if let Some(response) = other(&parts) {
            keep_alive &= length.is_empty();
            response.map(Body::from)
        } else if parts.method == Method::GET && wants_upgrade(&parts) && length.is_empty() {
            return Ok(Next::Upgrade(Box::new(parts)));
        } else {
            // RFC 9110 §10.1.1: a client of HTTP/1.0 would take it for the answer.
            let expects = parts.version == Version::HTTP_11 && parts.headers.contains_key(EXPECT);
            let peer = self.peer();
            let mut body = Incoming::new(self, length, expects);
            let outcome = engine.begin(Request::from_parts(parts, &mut body), peer).await;
            keep_alive &= body.is_read();
            match outcome {
                Outcome::Answer(response) => response,
                Outcome::Wait(waiting) => return Ok(Next::Wait(Box::new(waiting), keep_alive)),
            }
        };
        if let Some(rest) = self.answer(response, keep_alive, is_head)? {
            Box::pin(self.write_all(rest)).await?;
        }
        Ok(Next::Done(keep_alive))
    }

    fn peer(&mut self) -> Option<ClientAddr> {
        if self.peer.is_none() {
            self.peer = self.stream.peer_addr().ok().map(ClientAddr);
        }
        self.peer
    }

    /// Opens a WebSocket, or says what is wrong.
    async fn upgrade<H: Handler>(
        mut self,
        engine: &EngineIo<H>,
        mut parts: Box<Parts>,
    ) -> io::Result<websocket::Opened<H>> {
        let server = engine.server();
        if !engine.is_ours(parts.uri.path()) || server.is_closed() {
            let request = Request::from_parts(*parts, http_body_util::Empty::<Bytes>::new());
            return self.refuse(engine.respond(request).await).await;
        }
        let peer = self.peer();
        if let Some(peer) = peer.filter(|_| server.config().has_hooks()) {
            parts.extensions.insert(peer);
        }
        let reply = Reply::new(server.config(), &parts);
        let entry = match Entry::check(server, &mut parts, peer).await {
            Ok(entry) => entry,
            Err(refusal) => return self.refuse(reply.refuse(server.config(), &refusal, true)).await,
        };
        match websocket::accept(server, &parts, &entry, reply) {
            Ok((agreement, response)) => {
                let Self { stream, read, .. } = self;
                let config = server.websocket();
                let websocket = madang_ws::server::accepted(stream, &read, agreement, response, config);
                Ok(websocket::begin(server, entry, &parts, websocket).await)
            }
            Err(response) => self.refuse(*response).await,
        }
    }

    /// The next request's head; `None` if there is none.
    async fn read_head(&mut self, patience: Duration) -> io::Result<Option<Result<Box<Head>, BadHead>>> {
        let mut has_begun = !self.read.is_empty();
        let mut deadline = Instant::now() + if has_begun { HEAD_TIME } else { patience };
        loop {
            let read = Bytes::from(std::mem::take(&mut self.read));
            match Head::parse(&read) {
                Ok(Some((head, len))) => {
                    self.read.extend_from_slice(&read[len..]);
                    return Ok(Some(Ok(head)));
                }
                Ok(None) => self.read = read.into(),
                Err(bad) => return Ok(Some(Err(bad))),
            }
            if poll_fn(|cx| self.poll_more_until(deadline, cx)).await? == 0 {
                return Ok(None);
            }
            // A head that has begun is given less time than one that may never come, and no more for each of its bytes.
            if !has_begun {
                has_begun = true;
                deadline = deadline.min(Instant::now() + HEAD_TIME);
            }
        }
    }

    /// Reads what there is; 0 at the end, and when it is too late.
    fn poll_more_until(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(read) = self.poll_more(cx) {
            return Poll::Ready(read);
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            if timer.deadline() > deadline {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() == deadline {
                return Poll::Ready(Ok(0));
            }
            timer.as_mut().reset(deadline);
        }
    }

    /// Reads what there is; 0 at the end.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        head::poll_read(&mut self.stream, &mut self.read, cx)
    }

    /// The response, unless the client goes away first.
    fn poll_waiting<H: Handler>(
        &mut self,
        waiting: &mut Waiting<H>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Response<Body>>> {
        if let Poll::Ready(response) = Pin::new(waiting).poll(cx) {
            return Poll::Ready(Ok(response));
        }
        // Requests ahead of their turn are kept, within the bound of a head.
        while self.read.len() < Head::MAX_LEN {
            if !matches!(ready!(self.poll_more(cx)), Ok(1..)) {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
        }
        Poll::Pending
    }

    /// Writes an answer in one piece, and returns what the socket doesn't take of it now.
    fn answer(
        &mut self,
        response: Response<Body>,
        keep_alive: bool,
        is_head: bool,
    ) -> io::Result<Option<Vec<u8>>> {
        let (parts, body) = response.into_parts();
        let body = body.into_bytes();
        let mut out = head::write(&parts, keep_alive, body.len());
        // RFC 9112 §6.3: what came behind such a head would be taken for the next answer.
        if !is_head && head::may_have_body(parts.status) {
            out.extend_from_slice(&body);
        }
        if !self.prompt {
            // What is written is complete: waiting for more would only delay it. If the socket refuses, it's slow, not wrong.
            let _ = self.stream.set_nodelay(true);
            self.prompt = true;
        }
        match self.stream.try_write(&out) {
            Ok(written) if written == out.len() => Ok(None),
            Ok(written) => Ok(Some(out.split_off(written))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Some(out)),
            Err(error) => Err(error),
        }
    }

    async fn write_all(&self, bytes: Vec<u8>) -> io::Result<()> {
        let mut bytes = &bytes[..];
        while !bytes.is_empty() {
            timeout(WRITE_TIME, self.stream.writable()).await??;
            match self.stream.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Answers a request that is the connection's last, and becomes nothing.
    async fn refuse<T>(mut self, response: Response<Body>) -> io::Result<Option<T>> {
        if let Some(rest) = self.answer(response, false, false)? {
            self.write_all(rest).await?;
        }
        self.part().await;
        Ok(None)
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
                if !matches!(poll_fn(|cx| self.poll_more(cx)).await, Ok(1..)) {
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
