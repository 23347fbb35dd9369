//! The polling transport of a session: what waits, and the requests that wait for it.

use super::heartbeat::later;
use super::{Packet, Payload, Payload3, Protocol};
use bytes::Bytes;
use madang_hub::{Outbox, Overflow, Pushed, Tally};
use madang_ws::Utf8Bytes;
use std::time::{Duration, Instant};

/// What a waiting GET is answered with: pieces of a version 4 payload, which become the body of the session's version.
///
/// ```
/// use madang_engineio::proto::{Packet, Protocol, Session, Timing, TransportKind};
/// use madang_hub::Overflow;
/// # use std::time::{Duration, Instant};
/// # let timing = Timing {
/// #     ping_interval: Duration::from_secs(25),
/// #     ping_timeout: Duration::from_secs(20),
/// #     upgrade_timeout: Duration::from_secs(10),
/// # };
///
/// # let now = Instant::now();
/// let mut session = Session::new(Protocol::V4, TransportKind::Polling, timing.into(), 1 << 20, now);
/// session.push("4one".into(), Overflow::Disconnect, true);
/// session.push("4two".into(), Overflow::Disconnect, true);
/// session.get()?;
///
/// let answer = session.answer(now).unwrap();
/// assert_eq!(answer.body(Protocol::V4, false), ("4one\u{1e}4two".into(), false));
/// assert_eq!(answer.packets(), [Packet::Message("one".into()), Packet::Message("two".into())]);
/// assert!(answer.is_compressible());
/// # Ok::<(), madang_engineio::proto::Overlap>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pieces: Vec<Bytes>,
    compress: bool,
}

impl Answer {
    pub(crate) fn packet(packet: &Packet) -> Self {
        Self {
            pieces: vec![packet.to_piece()],
            compress: false,
        }
    }

    /// Whether any part of it wants to be compressed.
    pub fn is_compressible(&self) -> bool {
        self.compress
    }

    /// The body, and whether it is binary, which is possible in version 3 unless the client wants `base64`.
    ///
    /// ```
    /// # use madang_engineio::proto::{Packet, Protocol, Session, Timing, TransportKind};
    /// # use std::time::{Duration, Instant};
    /// # let timing = Timing {
    /// #     ping_interval: Duration::from_secs(25),
    /// #     ping_timeout: Duration::from_secs(20),
    /// #     upgrade_timeout: Duration::from_secs(10),
    /// # };
    /// # let now = Instant::now();
    /// # let mut session = Session::new(Protocol::V3, TransportKind::Polling, timing.into(), 1 << 20, now);
    /// session.push_packet(&Packet::Message(vec![7].into()));
    /// session.get()?;
    /// let answer = session.answer(now).unwrap();
    /// assert_eq!(answer.body(Protocol::V3, false), (vec![1, 2, 0xff, 4, 7].into(), true));
    /// assert_eq!(answer.body(Protocol::V3, true), ("6:b4Bw==".into(), false));
    /// # Ok::<(), madang_engineio::proto::Overlap>(())
    /// ```
    pub fn body(&self, protocol: Protocol, base64: bool) -> (Bytes, bool) {
        match protocol {
            Protocol::V4 => (Payload::join(&self.pieces), false),
            Protocol::V3 => Payload3::encode(&self.packets(), base64),
        }
    }

    /// The packets in it.
    pub fn packets(&self) -> Vec<Packet> {
        let pieces = self
            .pieces
            .iter()
            .filter_map(|piece| Utf8Bytes::try_from(piece.clone()).ok());
        pieces.flat_map(Payload::packets).filter_map(Result::ok).collect()
    }
}

#[derive(Debug)]
pub(crate) struct Polling {
    outbox: Outbox,
    compress: bool,
    /// A GET waits.
    pub(crate) get: bool,
    /// A POST is being read.
    pub(crate) post: bool,
    pub(crate) upgrade: Option<Upgrade>,
}

/// A connection that may take over.
#[derive(Debug)]
pub(crate) struct Upgrade {
    pub(crate) until: Instant,
    /// The probe has been answered: a waiting GET is released from then on, so that the client can pause.
    pub(crate) probed: bool,
    /// When a GET may next be released; a client that goes on polling isn't answered in a tight loop.
    pub(crate) noop_from: Instant,
    /// That time has come, and the waiting GET is told as soon as it asks.
    pub(crate) released: bool,
}

impl Polling {
    /// Between two `noop`s.
    const NOOP_INTERVAL: Duration = Duration::from_millis(100);

    pub(crate) fn new(send_limit: usize) -> Self {
        Self {
            outbox: Outbox::new(send_limit),
            compress: false,
            get: false,
            post: false,
            upgrade: None,
        }
    }

    /// Whether the outbox took it; what is volatile is taken if a GET waits for it.
    pub(crate) fn push(&mut self, piece: Bytes, overflow: Overflow, compress: bool) -> bool {
        let overflow = match overflow {
            Overflow::Volatile if self.get => Overflow::DropOldest,
            other => other,
        };
        self.compress |= compress;
        self.outbox.push(piece, overflow) != Pushed::Overflowed
    }

    pub(crate) fn tell(&mut self, tally: &Tally) {
        self.outbox.tell(tally);
    }

    /// For packets of the protocol's own: one at a time of each, and never dropped.
    pub(crate) fn push_packet(&mut self, packet: &Packet) {
        self.outbox.push_frame(packet.to_piece(), Bytes::new());
    }

    pub(crate) fn bytes(&self) -> usize {
        self.outbox.bytes()
    }

    pub(crate) fn discard(&mut self) {
        self.outbox.clear_unstarted();
    }

    /// Everything that waits, if anything does.
    pub(crate) fn take(&mut self) -> Option<Answer> {
        let mut pieces = Vec::with_capacity(self.outbox.len());
        while let Some(piece) = self.outbox.pop() {
            pieces.push(piece);
        }
        let compress = std::mem::take(&mut self.compress);
        (!pieces.is_empty()).then_some(Answer { pieces, compress })
    }

    /// When a waiting GET is to be released for the upgrade.
    pub(crate) fn noop_due(&self) -> Option<Instant> {
        let upgrade = self.upgrade.as_ref()?;
        (self.get && upgrade.probed && !upgrade.released).then_some(upgrade.noop_from)
    }

    /// Releases a waiting GET if it's time: from then on that is no deadline any more, or whoever waits for it would find it due for ever.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let due = self.noop_due().is_some_and(|due| due <= now);
        if let Some(upgrade) = &mut self.upgrade {
            upgrade.released |= due;
        }
    }

    pub(crate) fn release(&mut self, now: Instant) -> Option<Answer> {
        self.handle_timeout(now);
        let upgrade = self.upgrade.as_mut().filter(|upgrade| upgrade.released)?;
        upgrade.released = false;
        upgrade.noop_from = later(now, Self::NOOP_INTERVAL);
        Some(Answer::packet(&Packet::Noop))
    }
}

/// What is over, to be answered together with what waited.
pub(crate) fn with_packet(answer: Option<Answer>, packet: &Packet) -> Answer {
    let mut answer = answer.unwrap_or(Answer {
        pieces: Vec::new(),
        compress: false,
    });
    answer.pieces.push(packet.to_piece());
    answer
}
