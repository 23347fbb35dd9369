//! A session that lives: the protocol's state, what it writes to, and what its handler keeps for it.

use crate::clock::{Timed, now};
use crate::id::Sid;
use crate::proto::{Answer, Overlap, Packet, Payload, Probe, Received, Session, encode_messages};
use crate::server::Server;
use crate::{CloseReason, Handler, Message, Protocol, Socket, TransportKind};
use http::request::Parts;
use madang_hub::{Batch, Overflow, Recipient, WireForm};
use madang_ws::Sender;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// What a [`Socket`] knows of its session, whatever the handler.
pub(crate) trait Remote: Send + Sync {
    fn session_id(&self) -> &str;
    fn protocol(&self) -> Protocol;
    fn transport(&self) -> TransportKind;
    fn remote_addr(&self) -> Option<SocketAddr>;
    fn send(&self, packet: Packet);
    fn recipient(self: Arc<Self>) -> Arc<dyn Recipient>;
    fn is_writable(&self) -> bool;
    fn buffered_bytes(&self) -> usize;
    fn close(&self, discard: bool);
}

pub(crate) struct Live<H: Handler> {
    this: Weak<Self>,
    sid: Sid,
    protocol: Protocol,
    remote_addr: Option<SocketAddr>,
    server: Arc<Server<H>>,
    /// The WebSocket once that is the transport. Readable without the lock of `inner`, under which it is set: the hub's way.
    websocket: OnceLock<Sender>,
    /// The WebSocket's task is handling a message: what is sent meanwhile leaves together.
    handling: AtomicBool,
    inner: Mutex<Inner>,
    /// Held while the handler is called, and never while `inner` is.
    kept: Mutex<Option<H::Session>>,
}

struct Inner {
    session: Session,
    /// Apart, since a session on WebSocket has none.
    polling: Option<Box<Polling>>,
    /// Of how many trials that is the last: one that was given up must not decide about its successor.
    trials: u32,
    /// When the clock will look at it, at the latest.
    armed: Option<Instant>,
    /// Its end is being seen to.
    ended: bool,
}

/// Who is to be told of what, as long as the session is on polling.
#[derive(Default)]
struct Polling {
    /// Of the GET that waits.
    get: Option<Waker>,
    /// Of the POST that is being read, for when the session ends before it.
    post: Option<Waker>,
    /// The WebSocket on trial.
    probe: Option<Sender>,
}

impl Inner {
    fn polling(&mut self) -> &mut Polling {
        self.polling.get_or_insert_default()
    }

    fn take_get(&mut self) -> Option<Waker> {
        self.polling.as_mut()?.get.take()
    }

    fn take_post(&mut self) -> Option<Waker> {
        self.polling.as_mut()?.post.take()
    }

    fn take_probe(&mut self) -> Option<Sender> {
        self.polling.as_mut()?.probe.take()
    }
}

impl<H: Handler> Live<H> {
    /// A session that has just opened. It is nobody's until [`open`](Self::open) is called.
    pub(crate) fn new(
        server: Arc<Server<H>>,
        sid: Sid,
        protocol: Protocol,
        remote_addr: Option<SocketAddr>,
        websocket: Option<Sender>,
    ) -> Arc<Self> {
        let transport = match websocket {
            Some(_) => TransportKind::WebSocket,
            None => TransportKind::Polling,
        };
        let timing = server.timing().clone();
        let session = Session::new(protocol, transport, timing, server.config().send_limit, now());
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            sid,
            protocol,
            remote_addr,
            server,
            websocket: websocket.map_or_else(OnceLock::new, OnceLock::from),
            handling: AtomicBool::new(false),
            inner: Mutex::new(Inner {
                session,
                polling: None,
                trials: 0,
                armed: None,
                ended: false,
            }),
            kept: Mutex::new(None),
        })
    }

    /// Sends the handshake, and hands the session to the handler.
    pub(crate) fn open(self: &Arc<Self>, handshake: &Packet, request: &Parts) {
        self.handling.store(self.is_upgraded(), Ordering::Relaxed);
        match self.websocket.get() {
            Some(websocket) => websocket.push(&handshake.to_message(self.protocol), true),
            None => self.lock().session.push_packet(handshake),
        }
        if let Some(message) = &self.server.config().initial_packet {
            self.send(Packet::Message(message.clone()));
        }
        self.settle(self.lock());
        let mut kept = lock(&self.kept);
        let open = AssertUnwindSafe(|| self.server.handler().open(Socket::new(self.clone()), request));
        match catch_unwind(open) {
            Ok(session) => *kept = Some(session),
            Err(_) => {
                tracing::error!(session = ?self.sid, "the handler panicked when a session opened");
                self.close(true);
            }
        }
        drop(kept);
        self.handling.store(false, Ordering::Relaxed);
        // Whoever ended it before found nothing to hand back to the handler.
        if self.is_closed() {
            self.server.clock().finish(self.clone());
        }
    }

    pub(crate) fn sid(&self) -> Sid {
        self.sid
    }

    pub(crate) fn server(&self) -> &Arc<Server<H>> {
        &self.server
    }

    pub(crate) fn is_upgraded(&self) -> bool {
        self.websocket.get().is_some()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().session.closed().is_some()
    }

    /// A GET has come.
    pub(crate) fn get(&self) -> Result<(), Overlap> {
        let mut inner = self.lock();
        let begun = inner.session.get();
        self.settle(inner);
        begun
    }

    /// The answer of the GET that waits.
    pub(crate) fn poll_answer(&self, cx: &Context<'_>) -> Poll<Answer> {
        let mut inner = self.lock();
        let answer = inner.session.answer(now());
        match &answer {
            Some(_) => drop(inner.take_get()),
            None => match &mut inner.polling().get {
                Some(waker) => waker.clone_from(cx.waker()),
                empty => *empty = Some(cx.waker().clone()),
            },
        }
        self.settle(inner);
        answer.map_or(Poll::Pending, Poll::Ready)
    }

    pub(crate) fn get_aborted(&self) {
        let mut inner = self.lock();
        inner.take_get();
        inner.session.get_aborted();
        self.settle(inner);
    }

    /// The answer of a GET didn't reach the client: were it to ask again, it would miss what was in it without knowing.
    pub(crate) fn answer_lost(&self) {
        let mut inner = self.lock();
        if !self.is_upgraded() {
            inner.session.end(CloseReason::TransportError);
        }
        self.settle(inner);
    }

    pub(crate) fn post(&self) -> Result<(), Overlap> {
        let mut inner = self.lock();
        let begun = inner.session.post();
        self.settle(inner);
        begun
    }

    pub(crate) fn post_ended(&self) {
        let mut inner = self.lock();
        inner.take_post();
        if self.is_upgraded() {
            inner.polling = None;
        }
        inner.session.post_ended();
    }

    /// The end of the session, for the POST that is being read.
    pub(crate) fn poll_closed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if inner.session.closed().is_some() {
            return Poll::Ready(());
        }
        match &mut inner.polling().post {
            Some(waker) => waker.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// A packet has come over a transport: the handler is called with a message, the rest is dealt with here.
    pub(crate) fn receive(&self, packet: Packet, from: TransportKind) {
        let mut inner = self.lock();
        let received = inner.session.receive(packet, now());
        // Nothing that a message changes is waited for.
        if let Received::Message(message) = received {
            drop(inner);
            return self.handle(message, from);
        }
        self.settle(inner);
        if let (Received::Reply(packet), Some(websocket)) = (received, self.websocket.get()) {
            // Only the WebSocket's own task goes on to receive, which writes what has gathered.
            let later = from == TransportKind::WebSocket;
            websocket.push(&packet.to_message(self.protocol), later);
        }
    }

    fn handle(&self, message: Message, from: TransportKind) {
        let mut kept = lock(&self.kept);
        let Some(session) = &mut *kept else {
            return;
        };
        // As a reply: not who has read a POST while the WebSocket took over.
        self.handling
            .store(from == TransportKind::WebSocket, Ordering::Relaxed);
        let handle = AssertUnwindSafe(|| self.server.handler().message(session, message));
        if catch_unwind(handle).is_err() {
            tracing::error!(session = ?self.sid, "the handler panicked at a message");
        }
        self.handling.store(false, Ordering::Relaxed);
    }

    /// A WebSocket has been opened for the session, which is its trial with this number.
    pub(crate) fn probe(&self, websocket: Sender) -> Result<u32, Overlap> {
        let mut inner = self.lock();
        let begun = inner.session.probe(now());
        if begun.is_ok() {
            inner.polling().probe = Some(websocket);
            inner.trials = inner.trials.wrapping_add(1);
        }
        let trial = inner.trials;
        self.settle(inner);
        begun.map(|()| trial)
    }

    /// A packet has come over that WebSocket. After [`Probe::Upgraded`], which is dealt with, it is the transport.
    pub(crate) fn receive_probe(&self, trial: u32, packet: &Packet) -> Probe {
        let mut inner = self.lock();
        if inner.trials != trial {
            return Probe::Refused;
        }
        let step = inner.session.receive_probe(packet, now());
        match &step {
            Probe::Reply(_) => {}
            Probe::Refused => drop(inner.take_probe()),
            Probe::Upgraded(waiting) => {
                if let Some(websocket) = inner.take_probe() {
                    for packet in waiting {
                        websocket.push(&packet.to_message(self.protocol), true);
                    }
                    // Under the lock: what is sent from now on comes after what waited.
                    let _ = self.websocket.set(websocket);
                }
                if let Some(get) = inner.take_get() {
                    get.wake();
                }
                // Unless a POST is still being read.
                inner.polling.take_if(|polling| polling.post.is_none());
            }
        }
        self.settle(inner);
        step
    }

    pub(crate) fn probe_lost(&self, trial: u32) {
        let mut inner = self.lock();
        if !self.is_upgraded() && inner.trials == trial {
            inner.session.probe_lost();
            inner.take_probe();
        }
        self.settle(inner);
    }

    /// Ends the session.
    pub(crate) fn end(&self, reason: CloseReason) {
        let mut inner = self.lock();
        inner.session.end(reason);
        self.settle(inner);
    }

    /// Does what is due, and says when to look again; not if it has been armed anew meanwhile.
    fn handle_due(&self, armed: Instant, now: Instant) -> Option<Instant> {
        let mut inner = self.lock();
        if inner.armed != Some(armed) {
            return None;
        }
        let ping = inner.session.handle_timeout(now);
        if !inner.session.is_probing() && !self.is_upgraded() {
            if let Some(probe) = inner.take_probe() {
                probe.close_without_code();
            }
        }
        let due = inner.session.poll_timeout();
        inner.armed = due;
        // What a deadline released is fetched by the request itself.
        let get = inner.take_get();
        self.settle(inner);
        if let Some(get) = get {
            get.wake();
        }
        if let (Some(ping), Some(websocket)) = (ping, self.websocket.get()) {
            websocket.push(&ping.to_message(self.protocol), false);
        }
        due
    }

    /// Tells the handler that the session has ended; the clock does, and whoever brings it about and has no lock.
    pub(crate) fn finish(&self) {
        let Some(reason) = self.lock().session.closed() else {
            return;
        };
        let Some(session) = lock(&self.kept).take() else {
            return;
        };
        let close = AssertUnwindSafe(|| self.server.handler().close(session, reason));
        if catch_unwind(close).is_err() {
            tracing::error!(session = ?self.sid, "the handler panicked when a session ended");
        }
    }

    /// What any change may bring about: an answer, an earlier deadline, the end.
    fn settle(&self, mut inner: MutexGuard<'_, Inner>) {
        let waker = if inner.session.closed().is_some() || inner.session.buffered_bytes() > 0 {
            inner.take_get()
        } else {
            None
        };
        let due = inner.session.poll_timeout();
        let earlier = match (due, inner.armed) {
            (Some(due), Some(armed)) => due < armed,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if earlier {
            inner.armed = due;
        }
        // A GET that was to be released for an upgrade is woken by the clock.
        let ending = inner.session.closed().is_some() && !inner.ended;
        let (mut closed, mut post) = (None, None);
        if ending {
            inner.ended = true;
            closed = inner.take_probe();
            post = inner.take_post();
        }
        drop(inner);
        if let Some(post) = post {
            post.wake();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
        if !earlier && !ending {
            return;
        }
        let Some(this) = self.this.upgrade() else {
            return;
        };
        if let (true, Some(due)) = (earlier, due) {
            self.server.clock().arm(due, &this);
        }
        if ending {
            if let Some(websocket) = closed.as_ref().or_else(|| self.websocket.get()) {
                websocket.close_without_code();
            }
            self.server.remove(self.sid);
            self.server.clock().finish(this);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// The form of publications on the WebSocket.
    fn form(&self, websocket: &Sender) -> WireForm {
        match self.protocol {
            Protocol::V3 => WireForm::EngineIo3Frames,
            Protocol::V4 if websocket.takes_shared_deflate() => WireForm::DeflatedEngineIoFrames,
            Protocol::V4 => WireForm::EngineIoFrames,
        }
    }

    fn deliver_to(&self, websocket: &Sender, batch: &Batch<'_>) {
        let form = self.form(websocket);
        if self.handling.load(Ordering::Relaxed) {
            websocket.deliver_later(batch, form);
            self.leave_nothing_behind(websocket);
        } else {
            websocket.deliver(batch, form);
        }
    }

    /// Something has been put where it waits for the end of what is being handled. If that has ended meanwhile, nobody may look there for a long time.
    ///
    /// The WebSocket's lock orders the two: either its task found what was put there, or the end of the handling is seen here.
    fn leave_nothing_behind(&self, websocket: &Sender) {
        if !self.handling.load(Ordering::Relaxed) {
            websocket.try_flush();
        }
    }
}

impl<H: Handler> Recipient for Live<H> {
    fn deliver(&self, batch: &Batch<'_>) {
        if let Some(websocket) = self.websocket.get() {
            return self.deliver_to(websocket, batch);
        }
        let mut inner = self.lock();
        if let Some(websocket) = self.websocket.get() {
            drop(inner);
            return self.deliver_to(websocket, batch);
        }
        inner.session.tell(batch.tally(WireForm::EngineIoPayload));
        let compress = batch.is_compressible();
        for (piece, overflow) in batch.frames(WireForm::EngineIoPayload) {
            inner.session.push(piece.clone(), overflow, compress);
        }
        self.settle(inner);
    }
}

impl<H: Handler> Remote for Live<H> {
    fn session_id(&self) -> &str {
        self.sid.as_str()
    }

    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn transport(&self) -> TransportKind {
        match self.websocket.get() {
            Some(_) => TransportKind::WebSocket,
            None => TransportKind::Polling,
        }
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        self.remote_addr
    }

    fn send(&self, packet: Packet) {
        let inner = self.lock();
        if let Some(websocket) = self.websocket.get() {
            drop(inner);
            let later = self.handling.load(Ordering::Relaxed);
            websocket.push(&packet.to_message(self.protocol), later);
            if later {
                self.leave_nothing_behind(websocket);
            }
            return;
        }
        let mut inner = inner;
        let piece = match &packet {
            Packet::Message(message) => {
                let message = std::slice::from_ref(message);
                Payload::whole(encode_messages(WireForm::EngineIoPayload, message, false))
            }
            other => other.to_piece(),
        };
        inner.session.push(piece, Overflow::Disconnect, true);
        self.settle(inner);
    }

    fn recipient(self: Arc<Self>) -> Arc<dyn Recipient> {
        self
    }

    fn is_writable(&self) -> bool {
        match self.websocket.get() {
            Some(websocket) => websocket.queued_bytes() == 0,
            None => self.lock().session.has_get(),
        }
    }

    fn buffered_bytes(&self) -> usize {
        match self.websocket.get() {
            Some(websocket) => websocket.queued_bytes(),
            None => self.lock().session.buffered_bytes(),
        }
    }

    fn close(&self, discard: bool) {
        let mut inner = self.lock();
        inner.session.close(discard, now());
        let get = inner.take_get();
        self.settle(inner);
        if let Some(get) = get {
            get.wake();
        }
    }
}

impl<H: Handler> Timed for Live<H> {
    fn handle_timeout(&self, armed: Instant, now: Instant) -> Option<Instant> {
        self.handle_due(armed, now)
    }

    fn finish(&self) {
        Self::finish(self);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that may panic runs under these locks, apart from the handler, whose own state it is.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
