//! A handle that sends, from any task.

use crate::Error;
use crate::proto::{CloseCode, CloseFrame, Message};
use crate::shared::Shared;
use futures_sink::Sink;
use madang_hub::Recipient;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Sends on a connection, from any task and beside any number of other
/// senders. Cloning is cheap.
///
/// Messages of one task leave in its order; each leaves whole. The connection lives
/// as long as its [`WebSocket`](crate::WebSocket) or [`Receiver`](crate::Receiver), which
/// has to be received from: that is what answers pings and ends the closing handshake.
#[derive(Clone)]
pub struct Sender(pub(crate) Arc<Shared>);

impl Sender {
    /// Sends a message: returns when it has been handed to the socket, or waits its turn with less than
    /// [`Limits::queued`](crate::Limits::queued) bytes before it.
    ///
    /// Cancel safe: the message is sent whole or, if there was no room yet, not at all.
    ///
    /// # Errors
    /// [`Error::Closed`] once the close handshake has begun, or what ended the connection.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        poll_fn(|cx| self.0.poll_room(cx)).await?;
        self.0.send(&message)
    }

    /// Sends a message without waiting: `Ok(false)` if
    /// [`Limits::queued`](crate::Limits::queued) bytes are waiting already.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn try_send(&self, message: impl Into<Message>) -> Result<bool, Error> {
        self.0.try_send(&message.into())
    }

    /// Queues a message to leave together with others: at the latest when the connection is next received
    /// from, when 64 KiB have gathered, or at [`flush`](Self::flush).
    ///
    /// Cancel safe, as [`send`](Self::send).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn feed(&self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        poll_fn(|cx| self.0.poll_room(cx)).await?;
        self.0.feed(&message)
    }

    /// Returns when everything queued has been handed to the socket. Cancel safe.
    ///
    /// # Errors
    /// What ended the connection.
    pub async fn flush(&self) -> Result<(), Error> {
        poll_fn(|cx| self.0.poll_flush(cx)).await
    }

    /// Sends a ping with up to 125 bytes of payload; the rest is cut off. The answer isn't reported.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn ping(&self, payload: &[u8]) -> Result<(), Error> {
        self.0.ping(payload)
    }

    /// Begins the close handshake, after what is queued; the receiving side ends it. Does nothing if it
    /// has begun.
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.0.close(&CloseFrame::new(code, reason));
    }

    /// Bytes that wait for the socket, framing included.
    pub fn queued_bytes(&self) -> usize {
        self.0.lock().queued()
    }

    /// This connection as a recipient of a hub's publications, which are written to the socket by the hub's flusher.
    ///
    /// # Panics
    /// On a client's connection: each frame of a client is masked with its own
    /// key (RFC 6455 §5.3), so it can't share frames with others.
    pub fn recipient(&self) -> Arc<dyn Recipient> {
        assert!(
            self.0.is_server(),
            "only a server's connection takes publications"
        );
        self.0.clone()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("queued_bytes", &self.queued_bytes())
            .finish()
    }
}

impl Sink<Message> for Sender {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_room(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.0.feed(&message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_flush(cx)
    }

    /// Begins the close handshake with code 1000 and waits until that has been written.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.close(CloseCode::NORMAL, "");
        self.0.poll_flush(cx)
    }
}
