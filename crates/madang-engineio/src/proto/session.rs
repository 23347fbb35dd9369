//! A session: one conversation, over long-polling, over WebSocket, or over one after the other.

use super::heartbeat::{Beat, Heartbeat, later};
use super::polling::{Polling, Upgrade, with_packet};
use super::{Answer, CloseReason, Packet, Payload, Protocol, Timing, TransportKind};
use bytes::Bytes;
use madang_hub::{Overflow, Tally};
use madang_ws::Message;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The state of one session, without clock and socket.
///
/// On polling it keeps what waits for a GET; on WebSocket it keeps nothing, and what is to be sent is written by its owner.
///
/// ```
/// use madang_engineio::proto::{Packet, Protocol, Received, Session, Timing, TransportKind};
/// use madang_hub::Overflow;
/// use std::time::{Duration, Instant};
///
/// let timing = Timing {
///     ping_interval: Duration::from_secs(25),
///     ping_timeout: Duration::from_secs(20),
///     upgrade_timeout: Duration::from_secs(10),
/// };
/// let start = Instant::now();
/// let mut session = Session::new(Protocol::V4, TransportKind::Polling, timing.into(), 1 << 20, start);
///
/// // What is sent waits for a GET.
/// session.push("4hello".into(), Overflow::Disconnect, true);
/// assert_eq!(session.answer(start), None);
/// session.get()?;
/// let answer = session.answer(start).unwrap();
/// assert_eq!(answer.packets(), [Packet::Message("hello".into())]);
///
/// // A POST brings a message.
/// session.post()?;
/// let received = session.receive(Packet::Message("hi".into()), start);
/// assert_eq!(received, Received::Message("hi".into()));
/// session.post_ended();
///
/// // The heartbeat is due; since the client doesn't answer it, that is the end.
/// session.get()?;
/// let due = session.poll_timeout().unwrap();
/// assert_eq!(due, start + Duration::from_secs(25));
/// assert_eq!(session.handle_timeout(due), None); // it is in the answer
/// assert_eq!(session.answer(due).unwrap().packets(), [Packet::Ping("".into())]);
/// session.handle_timeout(due + Duration::from_secs(20));
/// assert_eq!(session.closed().unwrap().as_str(), "ping timeout");
/// # Ok::<(), madang_engineio::proto::Overlap>(())
/// ```
#[derive(Debug)]
pub struct Session {
    protocol: Protocol,
    timing: Arc<Timing>,
    state: State,
    heartbeat: Heartbeat,
    /// Apart, since most sessions need it for their first second only.
    polling: Option<Box<Polling>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Closed by the server; a GET that takes what still waits is given so long.
    Closing(Instant),
    Closed(CloseReason),
}

/// What a packet came to.
///
/// ```
/// use madang_engineio::proto::{Packet, Protocol, Received, Session, Timing, TransportKind};
/// # use std::time::{Duration, Instant};
/// # let timing = Timing {
/// #     ping_interval: Duration::from_secs(25),
/// #     ping_timeout: Duration::from_secs(20),
/// #     upgrade_timeout: Duration::from_secs(10),
/// # };
///
/// # let now = Instant::now();
/// let mut session = Session::new(Protocol::V3, TransportKind::WebSocket, timing.into(), 0, now);
/// let ping = session.receive(Packet::Ping("".into()), now);
/// assert_eq!(ping, Received::Reply(Packet::Pong("".into())));
/// assert_eq!(session.receive(Packet::Close, now), Received::Nothing);
/// assert!(session.closed().is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Received {
    /// A message for the application.
    Message(Message),
    /// To be sent over the WebSocket.
    Reply(Packet),
    /// Nothing to do, unless the session is [closed](Session::closed) by it.
    Nothing,
}

/// What a packet on a probed connection came to.
///
/// ```
/// use madang_engineio::proto::{Packet, Probe, Protocol, Session, Timing, TransportKind};
/// # use std::time::{Duration, Instant};
/// # let timing = Timing {
/// #     ping_interval: Duration::from_secs(25),
/// #     ping_timeout: Duration::from_secs(20),
/// #     upgrade_timeout: Duration::from_secs(10),
/// # };
///
/// # let now = Instant::now();
/// let mut session = Session::new(Protocol::V4, TransportKind::Polling, timing.into(), 1 << 20, now);
/// session.push_packet(&Packet::Message("waits".into()));
///
/// session.probe(now)?; // a WebSocket has been opened
/// let ping = session.receive_probe(&Packet::Ping("probe".into()), now);
/// assert_eq!(ping, Probe::Reply(Packet::Pong("probe".into())));
/// let upgraded = session.receive_probe(&Packet::Upgrade, now);
/// assert_eq!(upgraded, Probe::Upgraded(vec![Packet::Message("waits".into())]));
/// assert_eq!(session.transport(), TransportKind::WebSocket);
/// # Ok::<(), madang_engineio::proto::Overlap>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Probe {
    /// To be sent over the probed connection.
    Reply(Packet),
    /// The connection takes over, and first brings what waited.
    Upgraded(Vec<Packet>),
    /// The connection is to be closed; the session goes on without it.
    Refused,
}

/// A request overlaps with another one of its kind, which ends the session with [`CloseReason::TransportError`].
///
/// ```
/// use madang_engineio::proto::{CloseReason, Overlap, Protocol, Session, Timing, TransportKind};
/// # use std::time::{Duration, Instant};
/// # let timing = Timing {
/// #     ping_interval: Duration::from_secs(25),
/// #     ping_timeout: Duration::from_secs(20),
/// #     upgrade_timeout: Duration::from_secs(10),
/// # };
///
/// # let now = Instant::now();
/// let mut session = Session::new(Protocol::V4, TransportKind::Polling, timing.into(), 1 << 20, now);
/// assert_eq!(session.get(), Ok(()));
/// assert_eq!(session.get(), Err(Overlap));
/// assert_eq!(session.closed(), Some(CloseReason::TransportError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another request of the kind is under way for this session")]
pub struct Overlap;

impl Session {
    /// Time for a client to fetch what waits when the server has closed the session.
    ///
    /// 30 s, as Node: longer than the pause between two polls on a bad network.
    pub const CLOSE_TIME: Duration = Duration::from_secs(30);

    /// A session that opens now on this transport. `send_limit` bounds the bytes that may wait for a GET.
    pub fn new(
        protocol: Protocol,
        transport: TransportKind,
        timing: Arc<Timing>,
        send_limit: usize,
        now: Instant,
    ) -> Self {
        let polling = match transport {
            TransportKind::Polling => Some(Box::new(Polling::new(send_limit))),
            TransportKind::WebSocket => None,
        };
        Self {
            protocol,
            state: State::Open,
            heartbeat: Heartbeat::new(protocol, &timing, now),
            timing,
            polling,
        }
    }

    /// The transport in use.
    pub fn transport(&self) -> TransportKind {
        match self.polling {
            Some(_) => TransportKind::Polling,
            None => TransportKind::WebSocket,
        }
    }

    /// Why it ended, once it has.
    pub fn closed(&self) -> Option<CloseReason> {
        match self.state {
            State::Closed(reason) => Some(reason),
            State::Open | State::Closing(_) => None,
        }
    }

    /// Whether it takes what is sent.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether a GET waits, so that something sent now leaves at once.
    pub fn has_get(&self) -> bool {
        self.polling.as_ref().is_some_and(|polling| polling.get)
    }

    /// Bytes that wait for a GET.
    pub fn buffered_bytes(&self) -> usize {
        self.polling.as_ref().map_or(0, |polling| polling.bytes())
    }

    /// Queues a piece of payload for the next answer. A client that lets too much wait loses the session
    /// ([`CloseReason::ForcedClose`]). Ignored unless the session is open on polling.
    ///
    /// ```
    /// # use madang_engineio::proto::{CloseReason, Protocol, Session, Timing, TransportKind};
    /// # use madang_hub::Overflow;
    /// # use std::time::{Duration, Instant};
    /// # let timing = Timing {
    /// #     ping_interval: Duration::from_secs(25),
    /// #     ping_timeout: Duration::from_secs(20),
    /// #     upgrade_timeout: Duration::from_secs(10),
    /// # };
    /// # let now = Instant::now();
    /// let mut session = Session::new(Protocol::V4, TransportKind::Polling, timing.into(), 10, now);
    /// session.push("4twelve char".into(), Overflow::Disconnect, true); // more than 10 bytes
    /// session.push("4twelve char".into(), Overflow::Disconnect, true);
    /// assert_eq!(session.closed(), Some(CloseReason::ForcedClose));
    /// ```
    pub fn push(&mut self, piece: Bytes, overflow: Overflow, compress: bool) {
        if self.state != State::Open {
            return;
        }
        if let Some(polling) = &mut self.polling {
            if !polling.push(piece, overflow, compress) {
                polling.discard();
                self.end(CloseReason::ForcedClose);
            }
        }
    }

    /// From now on, what is dropped because the client fetches too little is counted there, and the client gets a notice of it: [`Outbox::tell`](madang_hub::Outbox::tell). Ignored on WebSocket.
    pub fn tell(&mut self, tally: &Tally) {
        if let Some(polling) = &mut self.polling {
            polling.tell(tally);
        }
    }

    /// Queues a packet of the protocol's own for the next answer, whatever waits there already.
    pub fn push_packet(&mut self, packet: &Packet) {
        if let Some(polling) = &mut self.polling {
            polling.push_packet(packet);
        }
    }

    /// A GET has come, and waits for its [`answer`](Self::answer).
    ///
    /// # Errors
    /// Another one waits already; its answer ends the session.
    pub fn get(&mut self) -> Result<(), Overlap> {
        let Some(polling) = &mut self.polling else {
            return Err(Overlap);
        };
        if polling.get {
            self.end(CloseReason::TransportError);
            return Err(Overlap);
        }
        polling.get = true;
        Ok(())
    }

    /// The client gave its waiting GET up, which ends the session with [`CloseReason::TransportError`].
    ///
    /// ```
    /// # use madang_engineio::proto::{CloseReason, Protocol, Session, Timing, TransportKind};
    /// # use std::time::{Duration, Instant};
    /// # let second = Duration::from_secs(1);
    /// # let timing = Timing { ping_interval: second, ping_timeout: second, upgrade_timeout: second };
    /// # let now = Instant::now();
    /// # let mut session = Session::new(Protocol::V4, TransportKind::Polling, timing.into(), 1 << 20, now);
    /// session.get()?;
    /// assert!(session.has_get());
    /// session.get_aborted();
    /// assert_eq!(session.closed(), Some(CloseReason::TransportError));
    /// # Ok::<(), madang_engineio::proto::Overlap>(())
    /// ```
    pub fn get_aborted(&mut self) {
        if self.has_get() {
            self.end(CloseReason::TransportError);
        }
    }

    /// What the waiting GET is to be answered with now, if anything.
    pub fn answer(&mut self, now: Instant) -> Option<Answer> {
        let Some(polling) = &mut self.polling else {
            // A GET that was left waiting when another transport took over.
            return Some(Answer::packet(&Packet::Noop));
        };
        if !polling.get {
            return None;
        }
        let answer = match self.state {
            // What it was sent before the end still leaves.
            State::Closed(CloseReason::TransportClose) => {
                polling.take().or_else(|| Some(Answer::packet(&Packet::Noop)))
            }
            State::Closed(_) => Some(with_packet(polling.take(), &Packet::Close)),
            // Alone, as Node: its client forgets what it has read and not handled yet when it reads of the close.
            State::Closing(_) => polling.take().or_else(|| {
                self.state = State::Closed(CloseReason::ForcedClose);
                Some(Answer::packet(&Packet::Close))
            }),
            State::Open => polling.take().or_else(|| polling.release(now)),
        };
        if answer.is_some() {
            polling.get = false;
        }
        answer
    }

    /// A POST has come, and is being read.
    ///
    /// # Errors
    /// Another one is being read, which ends the session; or another transport has just taken over, which goes on.
    pub fn post(&mut self) -> Result<(), Overlap> {
        let Some(polling) = &mut self.polling else {
            return Err(Overlap);
        };
        if polling.post {
            self.end(CloseReason::TransportError);
            return Err(Overlap);
        }
        polling.post = true;
        Ok(())
    }

    /// The POST has been read.
    pub fn post_ended(&mut self) {
        if let Some(polling) = &mut self.polling {
            polling.post = false;
        }
    }

    /// A packet has come over the session's transport.
    pub fn receive(&mut self, packet: Packet, now: Instant) -> Received {
        if self.state != State::Open {
            return Received::Nothing;
        }
        match (packet, self.protocol) {
            (Packet::Message(message), _) => {
                self.heartbeat.heard(&self.timing, now);
                return Received::Message(message);
            }
            (Packet::Ping(data), Protocol::V3) => {
                self.heartbeat.ping(&self.timing, now);
                let pong = Packet::Pong(data);
                if self.polling.is_none() {
                    return Received::Reply(pong);
                }
                // As a message: a client that asks and never fetches the answers decides how many wait.
                self.push(Payload::whole(pong.to_piece()), Overflow::Disconnect, false);
            }
            (Packet::Pong(_), Protocol::V4) => self.heartbeat.pong(&self.timing, now),
            // The heartbeat in the wrong direction.
            (Packet::Ping(_), Protocol::V4) | (Packet::Pong(_), Protocol::V3) => {
                self.end(CloseReason::TransportError);
            }
            (Packet::Close, _) => self.end(CloseReason::TransportClose),
            (Packet::Open(_) | Packet::Upgrade | Packet::Noop, _) => self.heartbeat.heard(&self.timing, now),
        }
        Received::Nothing
    }

    /// A WebSocket has been opened for this session, to take over from polling.
    ///
    /// # Errors
    /// If another one is on trial, or has taken over.
    pub fn probe(&mut self, now: Instant) -> Result<(), Overlap> {
        match &mut self.polling {
            Some(polling) if polling.upgrade.is_none() && self.state == State::Open => {
                polling.upgrade = Some(Upgrade {
                    until: later(now, self.timing.upgrade_timeout),
                    probed: false,
                    noop_from: now,
                    released: false,
                });
                Ok(())
            }
            _ => Err(Overlap),
        }
    }

    /// A packet has come over the probed connection. After [`Probe::Upgraded`] it is the session's transport, to be closed after what waited if that was all
    /// that a [closing](Self::close) session waited for; after [`Probe::Refused`] it is none of the session's any more.
    pub fn receive_probe(&mut self, packet: &Packet, now: Instant) -> Probe {
        let Some(polling) = &mut self.polling else {
            return Probe::Refused;
        };
        match (packet, &mut polling.upgrade) {
            (Packet::Ping(data), Some(upgrade)) if &**data == "probe" => {
                upgrade.probed = true;
                upgrade.noop_from = now;
                Probe::Reply(Packet::Pong(data.clone()))
            }
            // Whoever needs no probe may do without.
            (Packet::Upgrade, Some(_)) if !matches!(self.state, State::Closed(_)) => {
                let waiting = polling.take().map_or_else(Vec::new, |answer| answer.packets());
                self.polling = None;
                // A client that is about to upgrade sends no GET: what a closing session holds would never be fetched.
                if self.state != State::Open {
                    self.end(CloseReason::ForcedClose);
                }
                Probe::Upgraded(waiting)
            }
            _ => {
                polling.upgrade = None;
                Probe::Refused
            }
        }
    }

    /// The probed connection is gone.
    ///
    /// ```
    /// # use madang_engineio::proto::{Protocol, Session, Timing, TransportKind};
    /// # use std::time::{Duration, Instant};
    /// # let second = Duration::from_secs(1);
    /// # let timing = Timing { ping_interval: second, ping_timeout: second, upgrade_timeout: second };
    /// # let now = Instant::now();
    /// # let mut session = Session::new(Protocol::V4, TransportKind::Polling, timing.into(), 1 << 20, now);
    /// session.probe(now)?;
    /// assert!(session.is_probing());
    /// session.probe_lost();
    /// assert!(!session.is_probing() && session.is_open()); // on polling, as before
    /// # Ok::<(), madang_engineio::proto::Overlap>(())
    /// ```
    pub fn probe_lost(&mut self) {
        if let Some(polling) = &mut self.polling {
            polling.upgrade = None;
        }
    }

    /// Whether a WebSocket is on trial.
    pub fn is_probing(&self) -> bool {
        self.polling
            .as_ref()
            .is_some_and(|polling| polling.upgrade.is_some())
    }

    /// The server closes the session: what waits for a GET is given [`Session::CLOSE_TIME`], unless it is discarded. A WebSocket's owner writes what waits there
    /// before it closes that.
    ///
    /// ```
    /// # use madang_engineio::proto::{CloseReason, Packet, Protocol, Session, Timing, TransportKind};
    /// # use std::time::{Duration, Instant};
    /// # let timing = Timing {
    /// #     ping_interval: Duration::from_secs(25),
    /// #     ping_timeout: Duration::from_secs(20),
    /// #     upgrade_timeout: Duration::from_secs(10),
    /// # };
    /// # let now = Instant::now();
    /// # let mut session = Session::new(Protocol::V4, TransportKind::Polling, timing.into(), 1 << 20, now);
    /// session.push_packet(&Packet::Message("last words".into()));
    /// session.close(false, now);
    /// assert!(!session.is_open() && session.closed().is_none());
    ///
    /// session.get()?;
    /// session.answer(now); // takes what waited
    /// session.get()?;
    /// assert_eq!(session.answer(now).unwrap().packets(), [Packet::Close]);
    /// assert_eq!(session.closed(), Some(CloseReason::ForcedClose));
    /// # Ok::<(), madang_engineio::proto::Overlap>(())
    /// ```
    pub fn close(&mut self, discard: bool, now: Instant) {
        match &mut self.polling {
            Some(_) if !discard => {
                if self.state == State::Open {
                    self.state = State::Closing(later(now, Self::CLOSE_TIME));
                }
            }
            Some(polling) => {
                polling.discard();
                self.end(CloseReason::ForcedClose);
            }
            None => self.end(CloseReason::ForcedClose),
        }
    }

    /// Ends it for a reason; the first one stays.
    pub fn end(&mut self, reason: CloseReason) {
        self.state = match self.state {
            State::Open => State::Closed(reason),
            // The server's own wish came first.
            State::Closing(_) => State::Closed(CloseReason::ForcedClose),
            closed @ State::Closed(_) => closed,
        };
    }

    /// When it wants [`handle_timeout`](Self::handle_timeout) to be called next; never once it has ended.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = match self.state {
            State::Closed(_) => return None,
            State::Closing(until) => return Some(until.min(self.heartbeat.due())),
            State::Open => self.heartbeat.due(),
        };
        let Some(polling) = &self.polling else {
            return Some(due);
        };
        let until = polling.upgrade.as_ref().map_or(due, |upgrade| upgrade.until);
        let noop = polling.noop_due().unwrap_or(due);
        Some(due.min(until).min(noop))
    }

    /// Does what is due. A ping that is returned goes over the WebSocket. After it, [`answer`](Self::answer) may have something, and [`is_probing`](Self::is_probing)
    /// may have become false.
    ///
    /// ```
    /// # use madang_engineio::proto::{CloseReason, Packet, Protocol, Session, Timing, TransportKind};
    /// # use std::time::{Duration, Instant};
    /// # let timing = Timing {
    /// #     ping_interval: Duration::from_secs(25),
    /// #     ping_timeout: Duration::from_secs(20),
    /// #     upgrade_timeout: Duration::from_secs(10),
    /// # };
    /// # let start = Instant::now();
    /// let mut session = Session::new(Protocol::V4, TransportKind::WebSocket, timing.into(), 0, start);
    /// let due = session.poll_timeout().unwrap();
    /// assert_eq!(session.handle_timeout(due), Some(Packet::Ping("".into())));
    /// let _ = session.receive(Packet::Pong("".into()), due);
    /// assert_eq!(session.poll_timeout(), Some(due + Duration::from_secs(25)));
    /// ```
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Packet> {
        match self.state {
            State::Closed(_) => return None,
            State::Closing(until) => {
                // A client that has gone away meanwhile isn't waited for.
                let beat = self.heartbeat.handle_timeout(&self.timing, now);
                if now >= until || beat == Beat::TimedOut {
                    self.end(CloseReason::ForcedClose);
                }
                return None;
            }
            State::Open => {}
        }
        if let Some(polling) = &mut self.polling {
            if polling
                .upgrade
                .as_ref()
                .is_some_and(|upgrade| now >= upgrade.until)
            {
                polling.upgrade = None;
            }
            polling.handle_timeout(now);
        }
        match (
            self.heartbeat.handle_timeout(&self.timing, now),
            &mut self.polling,
        ) {
            (Beat::Nothing, _) => None,
            (Beat::TimedOut, _) => {
                self.end(CloseReason::PingTimeout);
                None
            }
            (Beat::Ping, Some(polling)) => {
                polling.push_packet(&Packet::Ping("".into()));
                None
            }
            (Beat::Ping, None) => Some(Packet::Ping("".into())),
        }
    }
}
