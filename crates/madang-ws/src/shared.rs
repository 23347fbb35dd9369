//! The sending side of a connection, which its owner, its [`Sender`](crate::Sender)s
//! and the hub write to.
//!
//! Whoever has something to say encodes it, and writes it to the socket at once
//! under the connection's lock. What the socket doesn't take waits in the
//! outbox, and everybody who waits for the connection is woken when it takes more.

use crate::Error;
use crate::clock::now;
use crate::proto::{CloseCode, CloseFrame, Config, Event, Fault, Frame, Message, Outgoing, Role, TimedOut};
use crate::transport::Writer;
use crate::wakers::{Ticket, Wakers};
use bytes::Bytes;
use madang_hub::{Outbox, WireForm};
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Instant;

mod recipient;

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Apart from the state, since a stream may wake us while we write to it under the state's lock.
    wakers: Mutex<Wakers>,
    /// For the waker that a stream is handed.
    this: Weak<Self>,
    /// The form of a publication that this connection takes.
    form: WireForm,
    role: Role,
    timed: bool,
}

pub(crate) struct State {
    outgoing: Outgoing,
    outbox: Outbox,
    /// Small frames that were fed, after what is in the outbox: one buffer for one write.
    cork: Vec<u8>,
    writer: Writer,
    /// A stream such as TLS holds bytes back until it's flushed.
    unflushed: bool,
    end: Option<End>,
    timed: bool,
}

/// Why nothing more can be sent, whatever the close handshake says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    TooSlow,
    Io(io::ErrorKind),
    /// The receiving side is gone.
    Dropped,
}

impl Shared {
    pub(crate) fn new(writer: Writer, config: &Config) -> Arc<Self> {
        let mut outgoing = Outgoing::new(config);
        let timed = outgoing.is_timed();
        if timed {
            outgoing.start(now());
        }
        let form = if outgoing.takes_shared_deflate() {
            WireForm::DeflatedFrame
        } else {
            WireForm::Frame
        };
        let outbox = Outbox::new(config.limits.queued);
        let state = State {
            outgoing,
            outbox,
            cork: Vec::new(),
            writer,
            unflushed: false,
            end: None,
            timed,
        };
        Arc::new_cyclic(|this| Self {
            state: Mutex::new(state),
            wakers: Mutex::default(),
            this: this.clone(),
            form,
            role: config.role,
            timed,
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Whether keep-alive or idle timers want to know when something happens.
    pub(crate) fn is_timed(&self) -> bool {
        self.timed
    }

    pub(crate) fn is_server(&self) -> bool {
        self.role == Role::Server
    }

    /// Waits until there is room in the outbox.
    pub(crate) fn poll_room(&self, cx: &Context<'_>, ticket: &mut Ticket) -> Poll<Result<(), Error>> {
        self.poll_room_in(&mut self.lock(), cx, ticket)
    }

    /// Waits until there is room in the outbox, and [`feed`](Self::feed)s it then.
    pub(crate) fn poll_feed(
        &self,
        cx: &Context<'_>,
        ticket: &mut Ticket,
        message: &Message,
    ) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        ready!(self.poll_room_in(&mut state, cx, ticket))?;
        Poll::Ready(self.feed_in(&mut state, message))
    }

    /// Waits until there is room in the outbox, and sends a message then: written at once, as far as
    /// the socket takes it.
    pub(crate) fn poll_send(
        &self,
        cx: &Context<'_>,
        ticket: &mut Ticket,
        message: &Message,
    ) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        ready!(self.poll_room_in(&mut state, cx, ticket))?;
        Poll::Ready(self.send_in(&mut state, message))
    }

    /// Queues a message; it's written at once when much has gathered.
    pub(crate) fn feed(&self, message: &Message) -> Result<(), Error> {
        let mut state = self.lock();
        state.check()?;
        self.feed_in(&mut state, message)
    }

    /// Sends a message if there is room in the outbox.
    pub(crate) fn try_send(&self, message: &Message) -> Result<bool, Error> {
        let mut state = self.lock();
        state.check()?;
        if !state.has_room() {
            return Ok(false);
        }
        self.send_in(&mut state, message).map(|()| true)
    }

    /// Sends or queues a message, or gives up on a peer that reads too slowly.
    pub(crate) fn push(&self, message: &Message, later: bool) {
        let mut state = self.lock();
        if state.check().is_err() {
            return;
        }
        if state.outbox.cost() + state.cork.len() > state.outbox.limit() {
            state.too_slow();
            self.wake_senders();
            self.wake_receiver();
            return;
        }
        let _ = if later {
            self.feed_in(&mut state, message)
        } else {
            self.send_in(&mut state, message)
        };
    }

    pub(crate) fn ping(&self, payload: &[u8]) -> Result<(), Error> {
        let mut state = self.lock();
        state.check()?;
        let frame = state.outgoing.ping(payload)?;
        self.transmit(&mut state, frame);
        Ok(())
    }

    /// Waits until everything queued has been handed to the socket.
    pub(crate) fn poll_flush(&self, cx: &Context<'_>, ticket: &mut Ticket) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        if let Some(end) = state.end {
            return Poll::Ready(Err(state.error(end)));
        }
        if state.is_flushed() {
            return Poll::Ready(Ok(()));
        }
        lock(&self.wakers).wait_to_send(ticket, cx);
        ready!(self.poll_write(&mut state));
        Poll::Ready(state.end.map_or(Ok(()), |end| Err(state.error(end))))
    }

    /// Writes what is queued, without waiting for what doesn't leave now.
    pub(crate) fn try_flush(&self) {
        let _ = self.poll_write(&mut self.lock());
    }

    /// Begins the close handshake.
    pub(crate) fn close(&self, frame: Option<&CloseFrame>) {
        let mut state = self.lock();
        if let Some(frame) = state.outgoing.close(frame, now()) {
            self.transmit(&mut state, frame);
            drop(state);
            // The receiving side has a deadline to keep now, and nobody can send any more.
            self.wake_receiver();
            self.wake_senders();
        }
    }

    /// Answers what arrived. Written when the receiving side waits next, with whatever else is queued.
    pub(crate) fn react(&self, event: &Event) {
        let mut state = self.lock();
        // A peer that pings without reading isn't answered beyond the limit; RFC 6455 §5.5.3
        // allows answering only the latest.
        if matches!(event, Event::Ping(_)) && !state.has_room() {
            return;
        }
        if let Some(frame) = state.outgoing.react(event, now()) {
            state.push(frame);
        }
        if state.outgoing.close_sent() {
            self.wake_senders();
        }
    }

    /// Fails the connection for what the peer did.
    pub(crate) fn fail(&self, fault: Fault) {
        let mut state = self.lock();
        if let Some(frame) = state.outgoing.fail(fault, now()) {
            state.push(frame);
        }
        self.wake_senders();
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&self, now: Instant) -> Result<(), TimedOut> {
        let mut state = self.lock();
        if let Some(frame) = state.outgoing.handle_timeout(now)? {
            self.transmit(&mut state, frame);
        }
        Ok(())
    }

    /// Writes what is queued, and has the receiving side woken when there is more to do.
    pub(crate) fn poll_drain(&self, cx: &Context<'_>, state: &mut State) -> Poll<()> {
        lock(&self.wakers).wait_to_receive(cx);
        self.poll_write(state)
    }

    /// Strikes off one who waits to send no longer.
    pub(crate) fn forget(&self, ticket: Ticket) {
        if ticket != Ticket::default() {
            // Dropped after the lock.
            let _waker = lock(&self.wakers).forget(ticket);
        }
    }

    /// Ends the sending side for good.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.end.get_or_insert(End::Dropped);
        state.give_up();
        drop(state);
        self.wake_senders();
    }

    /// Shuts the stream down for sending.
    pub(crate) fn poll_shutdown(&self, state: &mut State) -> Poll<()> {
        let waker = self.waker();
        state
            .writer
            .poll_shutdown(&mut Context::from_waker(&waker))
            .map(drop)
    }

    fn poll_room_in(
        &self,
        state: &mut State,
        cx: &Context<'_>,
        ticket: &mut Ticket,
    ) -> Poll<Result<(), Error>> {
        state.check()?;
        if state.has_room() {
            return Poll::Ready(Ok(()));
        }
        // Registered before writing, so that room made in between isn't missed.
        lock(&self.wakers).wait_to_send(ticket, cx);
        let _ = self.poll_write(state);
        state.check()?;
        if state.has_room() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn feed_in(&self, state: &mut State, message: &Message) -> Result<(), Error> {
        state.feed(message)?;
        if state.queued() >= CORKED {
            let _ = self.poll_write(state);
        }
        Ok(())
    }

    fn send_in(&self, state: &mut State, message: &Message) -> Result<(), Error> {
        let frame = state.message(message)?;
        self.transmit(state, frame);
        state.check()
    }

    fn transmit(&self, state: &mut State, frame: Frame) {
        if state.is_flushed() {
            // Straight to the socket, without passing through the outbox.
            let slices = [IoSlice::new(&frame.head), IoSlice::new(&frame.body)];
            let slices = if frame.body.is_empty() {
                &slices[..1]
            } else {
                &slices
            };
            match state.writer.write_now(slices) {
                Ok(written) if written == frame.len() => return,
                Ok(written) => {
                    state.push(frame);
                    state.outbox.consume(written);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => state.push(frame),
                Err(e) => return self.broken(state, e.kind()),
            }
        } else {
            state.push(frame);
        }
        let _ = self.poll_write(state);
    }

    /// Writes what is queued as far as possible. Pending: [`Wake::wake`] follows.
    fn poll_write(&self, state: &mut State) -> Poll<()> {
        if state.is_flushed() {
            return Poll::Ready(());
        }
        if state.outbox.is_empty() && !state.cork.is_empty() {
            match state.writer.write_now(&[IoSlice::new(&state.cork)]) {
                Ok(written) if written == state.cork.len() => state.cork = Vec::new(),
                Ok(written) => {
                    state.uncork();
                    state.outbox.consume(written);
                }
                // The same again below, where it's dealt with.
                Err(_) => {}
            }
        }
        state.uncork();
        let mut waker = None;
        while !state.outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = state.outbox.chunks(&mut slices);
            if filled == 0 {
                break;
            }
            let written = match state.writer.write_now(&slices[..filled]) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let waker = waker.get_or_insert_with(|| self.waker());
                    ready!(
                        state
                            .writer
                            .poll_write(&mut Context::from_waker(waker), &slices[..filled])
                    )
                }
                result => result,
            };
            match written {
                Ok(0) => {
                    self.broken(state, io::ErrorKind::WriteZero);
                    return Poll::Ready(());
                }
                Ok(written) => state.outbox.consume(written),
                Err(e) => {
                    self.broken(state, e.kind());
                    return Poll::Ready(());
                }
            }
            state.unflushed = !matches!(state.writer, Writer::Tcp(_));
        }
        if state.unflushed {
            let waker = waker.get_or_insert_with(|| self.waker());
            if let Err(e) = ready!(state.writer.poll_flush(&mut Context::from_waker(waker))) {
                self.broken(state, e.kind());
            }
            state.unflushed = false;
        }
        self.wake_senders();
        Poll::Ready(())
    }

    fn broken(&self, state: &mut State, kind: io::ErrorKind) {
        state.end.get_or_insert(End::Io(kind));
        state.give_up();
        self.wake_senders();
        self.wake_receiver();
    }

    fn wake_receiver(&self) {
        let receiver = lock(&self.wakers).take_receiver();
        if let Some(waker) = receiver {
            waker.wake();
        }
    }

    fn wake_senders(&self) {
        let senders = lock(&self.wakers).take_senders();
        senders.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn waker(&self) -> Waker {
        self.this
            .upgrade()
            .map_or_else(|| Waker::noop().clone(), Waker::from)
    }
}

impl Wake for Shared {
    /// The stream takes more: whoever waits for that writes on.
    fn wake(self: Arc<Self>) {
        self.wake_receiver();
        self.wake_senders();
    }
}

impl State {
    pub(crate) fn outgoing(&mut self) -> &mut Outgoing {
        &mut self.outgoing
    }

    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    pub(crate) fn error(&self, end: End) -> Error {
        match end {
            End::TooSlow => Error::TooSlow {
                limit: self.outbox.limit(),
            },
            End::Io(kind) => Error::Io(kind.into()),
            End::Dropped => Error::Closed,
        }
    }

    pub(crate) fn queued(&self) -> usize {
        self.outbox.bytes() + self.cork.len()
    }

    pub(crate) fn is_flushed(&self) -> bool {
        self.outbox.is_empty() && self.cork.is_empty() && !self.unflushed
    }

    fn has_room(&self) -> bool {
        // The other half is for publications: who makes a slow reader wait for much isn't why it must go.
        self.outbox.cost() + self.cork.len() <= self.outbox.limit() / 2
    }

    fn feed(&mut self, message: &Message) -> Result<(), Error> {
        if self.timed {
            self.outgoing.busy(now());
        }
        if self.cork.capacity() == 0 {
            self.cork.reserve(CORK);
        }
        if let Some(body) = self.outgoing.encode(message, &mut self.cork)? {
            let head = std::mem::take(&mut self.cork);
            self.outbox.push_frame(head.into(), body);
        }
        Ok(())
    }

    /// Bytes that leave with the first frames.
    #[cfg(feature = "server")]
    pub(crate) fn begin_with(&mut self, head: &[u8]) {
        self.cork.reserve(CORK.max(head.len()));
        self.cork.extend_from_slice(head);
    }

    fn push(&mut self, frame: Frame) {
        self.uncork();
        self.outbox.push_frame(frame.head, frame.body);
    }

    /// Moves what was fed into the outbox, where it keeps its place before what comes next.
    fn uncork(&mut self) {
        if !self.cork.is_empty() {
            let fed = std::mem::take(&mut self.cork);
            self.outbox.push_frame(fed.into(), Bytes::new());
        }
    }

    fn check(&self) -> Result<(), Error> {
        match self.end {
            Some(end) => Err(self.error(end)),
            None if self.outgoing.close_sent() => Err(Error::Closed),
            None => Ok(()),
        }
    }

    fn message(&mut self, message: &Message) -> Result<Frame, Error> {
        if self.timed {
            self.outgoing.busy(now());
        }
        Ok(self.outgoing.message(message)?)
    }

    fn too_slow(&mut self) {
        self.end = Some(End::TooSlow);
        self.outbox.clear_unstarted();
        self.cork = Vec::new();
        let frame = CloseFrame::new(
            CloseCode::POLICY,
            "too slow: more is waiting for you than you may keep waiting",
        );
        if let Some(frame) = self.outgoing.close(Some(&frame), now()) {
            self.outbox.push_frame(frame.head, frame.body);
        }
    }

    fn give_up(&mut self) {
        self.writer = Writer::Gone;
        self.outbox = Outbox::new(self.outbox.limit());
        self.cork = Vec::new();
        self.unflushed = false;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic interrupts here is at worst one connection's last message.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fed messages are written when this much has gathered, without waiting for a flush: a
/// fraction of a socket's usual send buffer.
const CORKED: usize = 64 << 10;

/// First size of the buffer for fed frames, which lives until the next write: a dozen short messages.
const CORK: usize = 2048;

/// Buffers per vectored write.
const SLICES: usize = 64;
