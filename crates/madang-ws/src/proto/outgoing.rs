//! The sending direction, and the connection's own reactions.

use super::deflate::Deflater;
use super::{CloseCode, CloseFrame, Config, Deflate, Event, Fault, Header, KeepAlive, Message, OpCode, Role};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// Bytes of one frame, in order: `head`, then `body`, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The header, with a small payload following it at once.
    pub head: Bytes,
    /// A larger payload, shared with the message.
    pub body: Bytes,
}

impl Frame {
    /// Bytes on the wire.
    pub fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Never: a frame has a header.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// Nothing can be sent any more: the close handshake has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closing: nothing more can be sent")]
pub struct Refused;

/// The peer didn't do something in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimedOut {
    /// [`Limits::unanswered_pings`](super::Limits::unanswered_pings) was crossed.
    #[error("the peer didn't answer {0} pings")]
    Pings(u32),
    /// [`Limits::close_time`](super::Limits::close_time) was crossed.
    #[error("the peer didn't finish the closing handshake in {0:?}")]
    Close(Duration),
}

/// Encodes frames, and keeps the state of the close handshake and the timers.
#[derive(Debug)]
pub struct Outgoing {
    role: Role,
    deflater: Option<Box<Deflater>>,
    shared_deflate: bool,
    close_sent: bool,
    close_received: bool,
    close_time: Duration,
    close_deadline: Option<Instant>,
    /// Apart, since few connections keep themselves alive.
    alive: Option<Box<Alive>>,
}

/// What keep-alive goes by.
#[derive(Debug)]
struct Alive {
    times: KeepAlive,
    max_unanswered: u32,
    unanswered: u32,
    last_heard: Option<Instant>,
    last_ping: Option<Instant>,
    last_message: Option<Instant>,
}

impl Outgoing {
    /// The writer of a connection that has just been opened.
    pub fn new(config: &Config) -> Self {
        Self {
            role: config.role,
            deflater: config
                .deflate
                .map(|agreed| Box::new(Deflater::new(agreed, config.role))),
            shared_deflate: config.role == Role::Server
                && config.deflate.as_ref().is_some_and(Deflate::takes_shared_frames),
            close_sent: false,
            close_received: false,
            close_time: config.limits.close_time,
            close_deadline: None,
            alive: (config.keep_alive != KeepAlive::default()).then(|| {
                Box::new(Alive {
                    times: config.keep_alive,
                    max_unanswered: config.limits.unanswered_pings,
                    unanswered: 0,
                    last_heard: None,
                    last_ping: None,
                    last_message: None,
                })
            }),
        }
    }

    /// The frame of a message.
    ///
    /// # Errors
    /// When a close frame has been sent: none may follow it (RFC 6455 §5.5.1).
    pub fn message(&mut self, message: &Message) -> Result<Frame, Refused> {
        let mut head = Vec::new();
        let body = self.encode(message, &mut head)?;
        Ok(Frame {
            head: head.into(),
            body: body.unwrap_or_default(),
        })
    }

    /// Appends a message's frame to `out`, behind frames that leave together with it; a large payload isn't
    /// copied but returned, to follow what was appended.
    ///
    /// # Errors
    /// As [`message`](Self::message).
    pub fn encode(&mut self, message: &Message, out: &mut Vec<u8>) -> Result<Option<Bytes>, Refused> {
        if self.close_sent {
            return Err(Refused);
        }
        let opcode = match message {
            Message::Text(_) => OpCode::Text,
            Message::Binary(_) => OpCode::Binary,
        };
        let payload = message.as_bytes();
        let compressed = self
            .deflater
            .as_mut()
            .and_then(|deflater| deflater.deflate(payload));
        let (rsv1, payload) = match compressed {
            Some(compressed) => (true, &Bytes::from(compressed)),
            None => (false, payload),
        };
        let header = self.header(opcode, rsv1, payload.len());
        // A client's payload is masked, so it can't be shared with the message.
        if self.role == Role::Client || payload.len() <= COPIED {
            header.write_frame(payload, out);
            return Ok(None);
        }
        header.write(out);
        Ok(Some(payload.clone()))
    }

    /// A ping with at most 125 bytes; more are cut off (RFC 6455 §5.5).
    ///
    /// # Errors
    /// When a close frame has been sent.
    pub fn ping(&mut self, payload: &[u8]) -> Result<Frame, Refused> {
        if self.close_sent {
            return Err(Refused);
        }
        Ok(self.control(OpCode::Ping, payload))
    }

    /// Begins or answers the close handshake; `None` if a close frame has been sent
    /// before. Without a `frame` the peer sees code 1005.
    pub fn close(&mut self, frame: Option<&CloseFrame>, now: Instant) -> Option<Frame> {
        if self.close_sent {
            return None;
        }
        self.close_sent = true;
        self.close_deadline = now.checked_add(self.close_time);
        let payload = frame.map(CloseFrame::payload).unwrap_or_default();
        Some(self.control(OpCode::Close, &payload))
    }

    /// Reacts to what arrived: a pong for a ping (RFC 6455 §5.5.3), a close frame
    /// with the same code for a close frame (§5.5.1).
    pub fn react(&mut self, event: &Event, now: Instant) -> Option<Frame> {
        match event {
            Event::Message(_) | Event::Pong(_) => None,
            Event::Ping(payload) => (!self.close_sent).then(|| self.control(OpCode::Pong, payload)),
            Event::Close(frame) => {
                self.close_received = true;
                let echo = frame.as_ref().map(|frame| CloseFrame::new(frame.code, ""));
                self.close(echo.as_ref(), now)
            }
        }
    }

    /// Fails the connection (RFC 6455 §7.1.7): a close frame that says why.
    pub fn fail(&mut self, fault: Fault, now: Instant) -> Option<Frame> {
        self.close_received = true;
        self.close(
            Some(&CloseFrame::new(fault.close_code(), &fault.to_string())),
            now,
        )
    }

    /// Notes that nothing more will come from the peer: its stream ended without a close frame.
    pub fn lost(&mut self, now: Instant) {
        self.close_sent = true;
        self.close_received = true;
        self.close_deadline = self.close_deadline.or_else(|| now.checked_add(self.close_time));
    }

    /// Notes that bytes came from the peer. Needed only if [`is_timed`](Self::is_timed).
    pub fn heard(&mut self, now: Instant) {
        if let Some(alive) = &mut self.alive {
            alive.last_heard = Some(now);
            alive.unanswered = 0;
        }
    }

    /// Notes a message in either direction. Needed only if [`is_timed`](Self::is_timed).
    pub fn busy(&mut self, now: Instant) {
        if let Some(alive) = &mut self.alive {
            alive.last_message = Some(now);
        }
    }

    /// Whether keep-alive pings or an idle timeout are on.
    pub fn is_timed(&self) -> bool {
        self.alive.is_some()
    }

    /// Starts the timers of [`KeepAlive`].
    pub fn start(&mut self, now: Instant) {
        self.heard(now);
        self.busy(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.close_sent {
            return self.close_deadline;
        }
        let alive = self.alive.as_ref()?;
        [alive.ping_due(), alive.idle_due()].into_iter().flatten().min()
    }

    /// Does what is due: a keep-alive ping, or a close frame when the connection was idle for too long.
    ///
    /// # Errors
    /// When the connection should be dropped.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<Option<Frame>, TimedOut> {
        if self.close_sent {
            return match self.close_deadline {
                Some(due) if due <= now => Err(TimedOut::Close(self.close_time)),
                _ => Ok(None),
            };
        }
        let Some(alive) = &mut self.alive else {
            return Ok(None);
        };
        if alive.idle_due().is_some_and(|due| due <= now) {
            return Ok(self.close(
                Some(&CloseFrame::new(CloseCode::GOING_AWAY, "idle for too long")),
                now,
            ));
        }
        if alive.ping_due().is_some_and(|due| due <= now) {
            if alive.unanswered >= alive.max_unanswered {
                return Err(TimedOut::Pings(alive.unanswered));
            }
            alive.unanswered += 1;
            alive.last_ping = Some(now);
            return Ok(Some(self.control(OpCode::Ping, b"")));
        }
        Ok(None)
    }

    /// Whether this end has sent its close frame.
    pub fn close_sent(&self) -> bool {
        self.close_sent
    }

    /// Whether both close frames have passed, or the connection was failed.
    pub fn is_closed(&self) -> bool {
        self.close_sent && self.close_received
    }

    /// Whether frames that were compressed once for many may be sent here.
    pub fn takes_shared_deflate(&self) -> bool {
        self.shared_deflate
    }

    fn control(&self, opcode: OpCode, payload: &[u8]) -> Frame {
        let payload = &payload[..payload.len().min(125)];
        let head = self.header(opcode, false, payload.len()).frame(payload);
        Frame {
            head,
            body: Bytes::new(),
        }
    }

    fn header(&self, opcode: OpCode, rsv1: bool, len: usize) -> Header {
        // RFC 6455 §5.3: a fresh, unpredictable key for every frame.
        let mask = (self.role == Role::Client).then(rand::random);
        Header {
            fin: true,
            rsv1,
            opcode,
            mask,
            len: len as u64,
        }
    }
}

impl Alive {
    fn ping_due(&self) -> Option<Instant> {
        let interval = self.times.ping_interval?;
        self.last_heard.max(self.last_ping)?.checked_add(interval)
    }

    fn idle_due(&self) -> Option<Instant> {
        self.last_message?.checked_add(self.times.idle_timeout?)
    }
}

/// Payloads up to this many bytes are copied behind their header, so that a
/// frame is one buffer; larger ones are shared and written with a vectored write.
const COPIED: usize = 4096;
