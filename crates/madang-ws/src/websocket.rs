//! A connection after its opening handshake.

use crate::driver::Driver;
use crate::proto::{CloseCode, CloseFrame, Config, Message};
use crate::transport::Io;
use crate::{Error, Sender};
use futures_core::Stream;
use futures_sink::Sink;
use http::HeaderValue;
use madang_hub::{Hub, Membership};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A WebSocket connection, of either role, over any stream.
///
/// It isn't generic over the stream: a [`TcpStream`](tokio::net::TcpStream) is recognised and written to
/// without detours, anything else is boxed.
///
/// Receiving drives the connection: it answers pings, ends the closing
/// handshake and keeps the timers, so receive in a loop. Dropping a `WebSocket` drops the stream; to part
/// politely, [`close`](Self::close) it. While it waits for a message it holds no buffer.
///
/// A `WebSocket` is one pointer: what it knows is on the heap, so that futures that hold or pass it stay small.
pub struct WebSocket(Box<Driver>);

impl WebSocket {
    /// A connection over a stream on which the opening handshake has been done by other means; `read` is what
    /// was read beyond it.
    pub fn new<S>(stream: S, read: &[u8], config: &Config) -> Self
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        Self::agreed(stream, read, config, None)
    }

    pub(crate) fn agreed<S: Io>(
        stream: S,
        read: &[u8],
        config: &Config,
        protocol: Option<HeaderValue>,
    ) -> Self {
        Self(Box::new(Driver::new(stream, read, config, protocol)))
    }

    /// Puts bytes before everything that is sent.
    #[cfg(feature = "server")]
    pub(crate) fn begin_with(&self, head: &[u8]) {
        self.0.shared.lock().begin_with(head);
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
        poll_fn(|cx| self.0.poll_recv(cx)).await
    }

    /// Sends a message. See [`Sender::send`].
    ///
    /// Cancel safe: the message is sent whole or, if there was no room yet, not at all.
    ///
    /// # Errors
    /// [`Error::Closed`] once the close handshake has begun, or what ended the connection.
    pub fn send(&mut self, message: impl Into<Message>) -> impl Future<Output = Result<(), Error>> + Send {
        // An `async fn` would keep the message twice.
        let message = message.into();
        let Driver { shared, ticket, .. } = &mut *self.0;
        poll_fn(move |cx| shared.poll_send(cx, ticket, &message))
    }

    /// Queues a message to leave together with others, at the latest when [`recv`](Self::recv) would wait. Answers to
    /// messages that came together then leave in one write. See [`Sender::feed`].
    ///
    /// Cancel safe, as [`send`](Self::send).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: impl Into<Message>) -> impl Future<Output = Result<(), Error>> + Send {
        let message = message.into();
        let Driver { shared, ticket, .. } = &mut *self.0;
        poll_fn(move |cx| shared.poll_feed(cx, ticket, &message))
    }

    /// Returns when everything queued has been handed to the socket. Cancel safe.
    ///
    /// # Errors
    /// What ended the connection.
    pub async fn flush(&mut self) -> Result<(), Error> {
        let Driver { shared, ticket, .. } = &mut *self.0;
        poll_fn(|cx| shared.poll_flush(cx, ticket)).await
    }

    /// Sends a ping with up to 125 bytes of payload; the rest is cut off. The answer isn't reported: to notice silent peers, set
    /// [`KeepAlive`](crate::KeepAlive).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.0.shared.ping(payload)
    }

    /// Closes the connection: sends a close frame, unless that has been done, and waits for the peer's, at most
    /// [`Limits::close_time`](crate::Limits::close_time). Messages that arrive meanwhile are discarded.
    ///
    /// Cancel safe: when dropped, the handshake has begun, and [`recv`](Self::recv) goes on with it.
    ///
    /// # Errors
    /// What ended the connection other than the close handshake.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.0.shared.close(Some(&CloseFrame::new(code, reason)));
        while let Some(message) = self.recv().await {
            message?;
        }
        Ok(())
    }

    /// The close frame that the peer sent, if it has sent one with a code.
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.0.settled.as_ref()?.close_frame.as_ref()
    }

    /// The subprotocol that was agreed on.
    pub fn protocol(&self) -> Option<&HeaderValue> {
        self.0.settled.as_ref()?.protocol.as_ref()
    }

    /// A handle that sends from any task.
    pub fn sender(&self) -> Sender {
        Sender::new(self.0.shared.clone())
    }

    /// Enters a hub as a session of its own. See [`Sender::enter`].
    ///
    /// # Panics
    /// On a client's connection.
    pub fn enter(&self, hub: &Hub) -> Membership {
        self.sender().enter(hub)
    }

    /// Two halves for two tasks: neither waits for the other to be polled. See [`Sender`] for what waits unsent meanwhile.
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender(), Receiver(self))
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("open", &(self.0.is_open()))
            .finish_non_exhaustive()
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().0.poll_recv(cx)
    }
}

impl Sink<Message> for WebSocket {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Driver { shared, ticket, .. } = &mut *self.get_mut().0;
        shared.poll_room(cx, ticket)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.0.shared.feed(&message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Driver { shared, ticket, .. } = &mut *self.get_mut().0;
        shared.poll_flush(cx, ticket)
    }

    /// Begins the close handshake with code 1000, and waits for its end as [`WebSocket::close`] does.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        this.0.shared.close(Some(&CloseFrame::new(CloseCode::NORMAL, "")));
        while let Some(message) = ready!(this.0.poll_recv(cx)) {
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
        self.get_mut().0.0.poll_recv(cx)
    }
}
