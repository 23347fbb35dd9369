//! A handle that sends, from any task.

use crate::Error;
use crate::proto::{CloseCode, CloseFrame, Message};
use crate::shared::Shared;
use crate::wakers::{Ticket, Waiting};
use futures_sink::Sink;
use madang_hub::{Batch, Hub, Membership, Recipient, SessionId, WireForm};
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
/// has to be received from: that is what answers pings, ends the closing handshake, and writes on when a socket that was full
/// takes more. ([`flush`](Self::flush) and a `send` that waits write on too.)
pub struct Sender {
    shared: Arc<Shared>,
    /// Of the [`Sink`].
    ticket: Ticket,
}

impl Sender {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            ticket: Ticket::default(),
        }
    }

    /// Sends a message: returns when it has been handed to the socket, or waits its turn with at most
    /// half of [`Limits::queued`](crate::Limits::queued) before it.
    ///
    /// Cancel safe: the message is sent whole or, if there was no room yet, not at all.
    ///
    /// # Errors
    /// [`Error::Closed`] once the close handshake has begun, or what ended the connection.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        let mut waiting = Waiting::new(&self.shared);
        poll_fn(|cx| self.shared.poll_send(cx, &mut waiting.ticket, &message)).await
    }

    /// Sends a message without waiting: `Ok(false)` if
    /// more than half of [`Limits::queued`](crate::Limits::queued) is waiting already.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn try_send(&self, message: impl Into<Message>) -> Result<bool, Error> {
        self.shared.try_send(&message.into())
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
        let mut waiting = Waiting::new(&self.shared);
        poll_fn(|cx| self.shared.poll_feed(cx, &mut waiting.ticket, &message)).await
    }

    /// Returns when everything queued has been handed to the socket. Cancel safe.
    ///
    /// # Errors
    /// What ended the connection.
    pub async fn flush(&self) -> Result<(), Error> {
        let mut waiting = Waiting::new(&self.shared);
        poll_fn(|cx| self.shared.poll_flush(cx, &mut waiting.ticket)).await
    }

    /// Sends a ping with up to 125 bytes of payload; the rest is cut off. The answer isn't reported.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn ping(&self, payload: &[u8]) -> Result<(), Error> {
        self.shared.ping(payload)
    }

    /// Begins the close handshake, after what is queued; the receiving side ends it. Does nothing if it
    /// has begun.
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.shared.close(Some(&CloseFrame::new(code, reason)));
    }

    /// Bytes that wait for the socket, framing included.
    pub fn queued_bytes(&self) -> usize {
        self.shared.lock().queued()
    }

    /// Enters a hub as a session of its own: what its [`Membership`] publishes goes to everyone but this connection. For
    /// sessions that outlive connections, enter with [`Hub::enter`], your own [`SessionId`] and [`recipient`](Self::recipient).
    ///
    /// # Panics
    /// As [`recipient`](Self::recipient).
    pub fn enter(&self, hub: &Hub) -> Membership {
        hub.enter(SessionId::new(rand::random()), self.recipient())
    }

    /// This connection as a recipient of a hub's publications, which are written to the socket by the hub's flusher.
    ///
    /// # Panics
    /// On a client's connection: each frame of a client is masked with its own
    /// key (RFC 6455 §5.3), so it can't share frames with others.
    pub fn recipient(&self) -> Arc<dyn Recipient> {
        assert!(
            self.shared.is_server(),
            "only a server's connection takes publications"
        );
        self.shared.clone()
    }
}

/// For protocols on top of WebSocket, whose publications have forms of their own.
impl Sender {
    /// Writes what a turn brought, as [`Recipient::deliver`] of [`recipient`](Self::recipient) does, in a form that consists of whole, unmasked
    /// frames. Only for a server's connection.
    pub fn deliver(&self, batch: &Batch<'_>, form: WireForm) {
        self.shared.deliver_as(batch, form);
    }

    /// As [`deliver`](Self::deliver), to leave together with what is [fed](Self::feed).
    pub fn deliver_later(&self, batch: &Batch<'_>, form: WireForm) {
        self.shared.feed_as(batch, form);
    }

    /// Sends a message whatever waits before it, or closes the connection as too slow when that is more than
    /// [`Limits::queued`](crate::Limits::queued): for a protocol's own packets, which nobody could send again. With `later` it leaves together with what
    /// is [fed](Self::feed). Ignored once the connection is closed.
    pub fn push(&self, message: &Message, later: bool) {
        self.shared.push(message, later);
    }

    /// Writes what is queued or [fed](Self::feed), as far as the socket takes it now; the rest follows when it takes more.
    pub fn try_flush(&self) {
        self.shared.try_flush();
    }

    /// As [`close`](Self::close), with a close frame that says nothing (close code 1005 in browsers).
    pub fn close_without_code(&self) {
        self.shared.close(None);
    }

    /// Whether the connection takes frames compressed without context takeover (RFC 7692 §7.1.1), which can be shared.
    pub fn takes_shared_deflate(&self) -> bool {
        self.shared.takes_shared_deflate()
    }
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        Self::new(self.shared.clone())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.shared.forget(self.ticket);
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
        let this = self.get_mut();
        this.shared.poll_room(cx, &mut this.ticket)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.shared.feed(&message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        this.shared.poll_flush(cx, &mut this.ticket)
    }

    /// Begins the close handshake with code 1000 and waits until that has been written.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.close(CloseCode::NORMAL, "");
        Sink::<Message>::poll_flush(self, cx)
    }
}
