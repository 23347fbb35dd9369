//! A connection after its opening handshake.

use crate::proto::{CloseCode, CloseFrame, Config, Event, Incoming, Message};
use crate::shared::Shared;
use crate::transport::{self, Io, Reader};
use crate::{Error, Sender};
use futures_core::Stream;
use futures_sink::Sink;
use http::HeaderValue;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::time::Sleep;

/// A WebSocket connection, of either role, over any stream.
///
/// It isn't generic over the stream: a [`TcpStream`](tokio::net::TcpStream) is recognised and written to
/// without detours, anything else is boxed.
///
/// Receiving drives the connection: it answers pings, ends the closing
/// handshake and keeps the timers, so receive in a loop. Dropping a `WebSocket` drops the stream; to part
/// politely, [`close`](Self::close) it. While it waits for a message it holds no buffer.
pub struct WebSocket {
    reader: Reader,
    incoming: Incoming,
    shared: Arc<Shared>,
    phase: Phase,
    /// What ended the connection, until it has been reported.
    fate: Option<Box<Error>>,
    /// Exists while something has a deadline.
    timer: Option<Pin<Box<Sleep>>>,
    settled: Option<Box<Settled>>,
}

/// What few ask for, kept apart to keep connections small.
#[derive(Default)]
struct Settled {
    protocol: Option<HeaderValue>,
    close_frame: Option<CloseFrame>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// What is queued is written, then a server shuts the stream down (RFC 6455 §7.1.1).
    Ending,
    /// The peer's end of the stream is awaited, so that the close frame isn't lost in a reset.
    Lingering,
    Done,
}

impl WebSocket {
    /// A connection over a stream on which the opening handshake has been done by other means; `read` is what
    /// was read beyond it.
    pub fn new<S>(stream: S, read: &[u8], config: &Config) -> Self
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        Self::agreed(stream, read, config, None)
    }

    pub(crate) fn agreed<S: Io>(stream: S, read: &[u8], config: &Config, protocol: Option<HeaderValue>) -> Self {
        let (reader, writer) = transport::split(stream);
        let mut incoming = Incoming::new(config);
        if !read.is_empty() {
            incoming.receive(&mut read.to_vec());
        }
        let settled = protocol.map(|protocol| Box::new(Settled { protocol: Some(protocol), close_frame: None }));
        let shared = Shared::new(writer, config);
        Self { reader, incoming, shared, phase: Phase::Open, fate: None, timer: None, settled }
    }

    /// The next message; `None` after the connection has been closed cleanly.
    ///
    /// Before it waits, it writes what was [fed](Self::feed).
    ///
    /// Cancel safe: no message is lost if the future is dropped.
    ///
    /// # Errors
    /// What ended the connection, once; then `None`. A faulty peer has been told by a
    /// close frame by then.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Sends a message. See [`Sender::send`].
    ///
    /// Cancel safe: the message is sent whole or, if there was no room yet, not at all.
    ///
    /// # Errors
    /// [`Error::Closed`] once the close handshake has begun, or what ended the connection.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        poll_fn(|cx| self.shared.poll_room(cx)).await?;
        self.shared.send(&message)
    }

    /// Queues a message to leave together with others, at the latest when [`recv`](Self::recv) would wait. Answers to
    /// messages that came together then leave in one write. See [`Sender::feed`].
    ///
    /// Cancel safe, as [`send`](Self::send).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        poll_fn(|cx| self.shared.poll_room(cx)).await?;
        self.shared.feed(&message)
    }

    /// Returns when everything queued has been handed to the socket. Cancel safe.
    ///
    /// # Errors
    /// What ended the connection.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.shared.poll_flush(cx)).await
    }

    /// Sends a ping with up to 125 bytes of payload; the rest is cut off. The answer isn't reported: to notice silent peers, set
    /// [`KeepAlive`](crate::KeepAlive).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.shared.ping(payload)
    }

    /// Closes the connection: sends a close frame, unless that has been done, and waits for the peer's, at most
    /// [`Limits::close_time`](crate::Limits::close_time). Messages that arrive meanwhile are discarded.
    ///
    /// Cancel safe: when dropped, the handshake has begun, and [`recv`](Self::recv) goes on with it.
    ///
    /// # Errors
    /// What ended the connection other than the close handshake.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.shared.close(&CloseFrame::new(code, reason));
        while let Some(message) = self.recv().await {
            message?;
        }
        Ok(())
    }

    /// The close frame that the peer sent, if it has sent one with a code.
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.settled.as_ref()?.close_frame.as_ref()
    }

    /// The subprotocol that was agreed on.
    pub fn protocol(&self) -> Option<&HeaderValue> {
        self.settled.as_ref()?.protocol.as_ref()
    }

    /// A handle that sends from any task.
    pub fn sender(&self) -> Sender {
        Sender(self.shared.clone())
    }

    /// Two halves for two tasks. Sending doesn't depend on when the receiver is polled.
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender(), Receiver(self))
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        // A client that sends without pause shares the thread like any other task.
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        loop {
            match self.phase {
                Phase::Open => match self.incoming.poll_event() {
                    Ok(Some(Event::Message(message))) => {
                        if self.shared.is_timed() {
                            self.shared.lock().outgoing().busy(Instant::now());
                        }
                        budget.made_progress();
                        return Poll::Ready(Some(Ok(message)));
                    }
                    Ok(Some(event)) => {
                        self.shared.react(&event);
                        if let Event::Close(frame) = event {
                            self.settled.get_or_insert_default().close_frame = frame;
                            self.phase = Phase::Ending;
                        }
                    }
                    Ok(None) => ready!(self.poll_read(cx)),
                    Err(fault) => {
                        self.shared.fail(fault);
                        self.end(fault.into());
                    }
                },
                Phase::Ending => ready!(self.poll_end(cx)),
                Phase::Lingering => ready!(self.poll_linger(cx)),
                Phase::Done => {
                    self.shared.abandon();
                    return Poll::Ready(self.fate.take().map(|error| Err(*error)));
                }
            }
        }
    }

    /// Writes what is queued, then reads once.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        // Whether all was written or not: the receiver is woken when there is more to do.
        let _ = self.shared.poll_drain(cx, &mut state);
        if let Some(end) = state.end() {
            let error = state.error(end);
            drop(state);
            self.end(error);
            return Poll::Ready(());
        }
        let deadline = state.outgoing().poll_timeout();
        drop(state);
        let incoming = &mut self.incoming;
        match self.reader.poll_read(cx, |bytes| incoming.receive(bytes)) {
            Poll::Ready(Ok(0)) => {
                // What is queued still goes to a peer that closed only its half.
                self.shared.lock().outgoing().lost(Instant::now());
                self.end(Error::Lost);
            }
            Poll::Ready(Ok(_)) => {
                if self.shared.is_timed() {
                    self.shared.lock().outgoing().heard(Instant::now());
                }
            }
            Poll::Ready(Err(e)) => {
                self.end(e.into());
                self.phase = Phase::Done;
            }
            Poll::Pending => return self.poll_timer(cx, deadline),
        }
        Poll::Ready(())
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        let mut done = self.shared.poll_drain(cx, &mut state);
        if done.is_ready() && self.shared.is_server() {
            done = self.shared.poll_shutdown(&mut state);
        }
        let deadline = state.outgoing().poll_timeout();
        drop(state);
        if done.is_pending() {
            return self.poll_timer(cx, deadline);
        }
        self.phase = Phase::Lingering;
        Poll::Ready(())
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.reader.poll_read(cx, |_| {}) {
            Poll::Ready(Ok(0) | Err(_)) => self.phase = Phase::Done,
            Poll::Ready(Ok(_)) => {}
            Poll::Pending => {
                let deadline = self.shared.lock().outgoing().poll_timeout();
                return self.poll_timer(cx, deadline);
            }
        }
        Poll::Ready(())
    }

    /// Waits for the deadline, and does what is due then.
    fn poll_timer(&mut self, cx: &mut Context<'_>, mut deadline: Option<Instant>) -> Poll<()> {
        while let Some(due) = deadline {
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due.into())));
            // One that is early is left to run: setting it back for every message would cost more.
            if timer.deadline() > due.into() {
                timer.as_mut().reset(due.into());
            }
            ready!(timer.as_mut().poll(cx));
            if let Err(timed_out) = self.shared.handle_timeout(Instant::now()) {
                self.end(timed_out.into());
                self.phase = Phase::Done;
                return Poll::Ready(());
            }
            deadline = self.shared.lock().outgoing().poll_timeout();
            if let Some(due) = deadline {
                timer.as_mut().reset(due.into());
            }
        }
        self.timer = None;
        Poll::Pending
    }

    /// Begins the end; the first reason is the one that is reported.
    fn end(&mut self, error: Error) {
        // A timer that cuts off a connection which was already ending adds nothing.
        if self.phase == Phase::Open {
            self.fate = Some(Box::new(error));
            self.phase = Phase::Ending;
        }
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("open", &(self.phase == Phase::Open)).finish_non_exhaustive()
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_recv(cx)
    }
}

impl Sink<Message> for WebSocket {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.shared.poll_room(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.shared.feed(&message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.shared.poll_flush(cx)
    }

    /// Begins the close handshake with code 1000, and waits for its end as [`WebSocket::close`] does.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        this.shared.close(&CloseFrame::new(CloseCode::NORMAL, ""));
        while let Some(message) = ready!(this.poll_recv(cx)) {
            message?;
        }
        Poll::Ready(Ok(()))
    }
}

/// The receiving half of a [split](WebSocket::split) connection. Dropping it drops the stream.
#[derive(Debug)]
pub struct Receiver(WebSocket);

impl Receiver {
    /// The next message. See [`WebSocket::recv`].
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// What ended the connection, once; then `None`.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        self.0.recv().await
    }

    /// The close frame that the peer sent, if it has sent one with a code.
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.0.close_frame()
    }
}

impl Stream for Receiver {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().0.poll_recv(cx)
    }
}
