//! Connection state recovery: what a namespace remembers, so that a client that was away for a while has missed nothing.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

/// Bounds of a [`Recovery`].
///
/// ```
/// use madang_socketio::proto::{Recovery, RecoveryLimits};
/// use std::time::Instant;
///
/// let limits = RecoveryLimits { bytes: 10, ..RecoveryLimits::default() };
/// let mut recovery = Recovery::<_, ()>::new("x7Qd", limits);
/// let now = Instant::now();
/// recovery.push("the first", 8, now);
/// recovery.push("the second", 8, now);
/// assert_eq!(recovery.bytes(), 8); // the first is forgotten
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryLimits {
    /// How long a client may be away. Default 2 minutes: Node's `maxDisconnectionDuration`.
    pub max_disconnection_duration: Duration,
    /// How long a connection may have been dead before the server noticed: the heartbeat's interval and timeout. Events are kept for so much longer,
    /// since a client may not have got what was sent meanwhile. Default 45 s: those of Engine.IO.
    pub unnoticed: Duration,
    /// Bytes of the events that are kept, as they count in the hub. Default 16 MiB: two minutes of a hundred kilobytes a second. When it's crossed, the oldest are
    /// forgotten, and who would miss them isn't recovered.
    pub bytes: usize,
    /// Clients that are away. Default 10,000: at a few hundred bytes each, some megabytes. When it's crossed, the one that left first is forgotten.
    pub sessions: usize,
}

impl Default for RecoveryLimits {
    fn default() -> Self {
        Self {
            max_disconnection_duration: Duration::from_secs(120),
            unnoticed: Duration::from_secs(45),
            bytes: 16 << 20,
            sessions: 10_000,
        }
    }
}

/// The events of one namespace in their order, and the clients that are away. `E` is an event with whom it was for, `S` what a socket was.
///
/// The last argument of every event is an offset, which the client keeps; volatile events have one too, lest it takes an argument of theirs for one. When the client comes
/// back with it, it gets what came after.
///
/// ```
/// use madang_socketio::proto::{Recovery, RecoveryLimits};
/// use std::time::Instant;
///
/// let now = Instant::now();
/// let mut recovery = Recovery::new("x7Qd", RecoveryLimits::default());
/// let position = recovery.position(); // of a socket that connects
/// let offset = recovery.next_offset(); // goes out with the event
/// recovery.push("hello", 5, now);
/// recovery.push("world", 5, now);
/// recovery.persist("pid", "what the socket was", position, now);
///
/// let (was, _, missed) = recovery.restore("pid", Some(&offset), now)?;
/// assert_eq!(was, "what the socket was");
/// assert_eq!(missed.collect::<Vec<_>>(), [&"world"]);
/// # Ok::<(), madang_socketio::proto::NotRecovered>(())
/// ```
pub struct Recovery<E, S> {
    limits: RecoveryLimits,
    prefix: Box<str>,
    log: VecDeque<Entry<E>>,
    /// Position of the first entry of the log, hence how many have been forgotten.
    first: u64,
    bytes: usize,
    /// When the newest of those came that have been forgotten.
    gap: Option<Instant>,
    away: HashMap<Box<str>, Away<S>>,
    /// Who left when. Some of them may be back, but no more than are away.
    left: VecDeque<(Instant, u64, Box<str>)>,
    number: u64,
    forgotten: Vec<S>,
}

struct Entry<E> {
    event: E,
    bytes: usize,
    at: Instant,
}

struct Away<S> {
    session: S,
    position: Position,
    /// What came before that, the client has got or has said that it hasn't; always, without a time.
    unsure: Option<Instant>,
    number: u64,
}

/// Where a socket began: how many events there had been.
///
/// ```
/// use madang_socketio::proto::{Recovery, RecoveryLimits};
/// use std::time::Instant;
///
/// let now = Instant::now();
/// let mut recovery = Recovery::new("x7Qd", RecoveryLimits::default());
/// recovery.push("before", 6, now);
/// let position = recovery.position(); // of a socket that connects now
/// recovery.push("after", 5, now);
/// recovery.persist("pid", (), position, now);
///
/// // It got nothing at all: what came before isn't for it.
/// let (_, _, missed) = recovery.restore("pid", None, now)?;
/// assert_eq!(missed.collect::<Vec<_>>(), [&"after"]);
/// # Ok::<(), madang_socketio::proto::NotRecovered>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    number: u64,
    doubt: Option<Doubt>,
}

/// Of somebody who came back: what it was sent may have been lost with the new connection, too, until a heartbeat says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Doubt {
    until: Instant,
    unsure: Option<Instant>,
}

/// Why a client isn't recovered, and begins anew.
///
/// ```
/// use madang_socketio::proto::{NotRecovered, Recovery, RecoveryLimits};
/// use std::time::Instant;
///
/// let mut recovery = Recovery::<(), ()>::new("x7Qd", RecoveryLimits::default());
/// let error = recovery.restore("nobody", None, Instant::now()).err();
/// assert_eq!(error, Some(NotRecovered::Unknown));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotRecovered {
    /// Nobody with this id is away: it was too long ago, or is still here, or never was.
    #[error("nobody with this id is away")]
    Unknown,
    /// The offset isn't one that was given out here.
    #[error("the offset is not one of this server's")]
    Offset,
    /// Some of what it has missed has been forgotten, for want of room or because it is too old.
    #[error("some of what it missed is forgotten")]
    Forgotten,
}

impl<E, S> Recovery<E, S> {
    /// Without events. The prefix tells this namespace's offsets from those of any other and from before a restart: a few random characters.
    pub fn new(prefix: &str, limits: RecoveryLimits) -> Self {
        Self {
            limits,
            prefix: prefix.into(),
            log: VecDeque::new(),
            first: 0,
            bytes: 0,
            gap: None,
            away: HashMap::new(),
            left: VecDeque::new(),
            number: 0,
            forgotten: Vec::new(),
        }
    }

    /// Where a socket that connects now begins.
    pub fn position(&self) -> Position {
        Position {
            number: self.end(),
            doubt: None,
        }
    }

    /// The offset of the last event: of what is not kept itself, as volatile events aren't.
    pub fn offset(&self) -> String {
        self.offset_at(self.end())
    }

    /// The offset of the event that is [pushed](Self::push) next.
    ///
    /// ```
    /// use madang_socketio::proto::{Recovery, RecoveryLimits};
    ///
    /// let mut recovery = Recovery::<_, ()>::new("x7Qd", RecoveryLimits::default());
    /// assert_eq!(recovery.next_offset(), "x7Qd.1");
    /// recovery.push("hello", 5, std::time::Instant::now());
    /// assert_eq!(recovery.offset(), "x7Qd.1"); // what a volatile event has now
    /// ```
    pub fn next_offset(&self) -> String {
        self.offset_at(self.end() + 1)
    }

    /// Keeps an event, of so many bytes.
    ///
    /// ```
    /// use madang_socketio::proto::{Recovery, RecoveryLimits};
    ///
    /// let mut recovery = Recovery::<_, ()>::new("x7Qd", RecoveryLimits::default());
    /// recovery.push("hello", 5, std::time::Instant::now());
    /// assert_eq!(recovery.bytes(), 5);
    /// ```
    pub fn push(&mut self, event: E, bytes: usize, now: Instant) {
        self.forgotten.clear();
        self.log.push_back(Entry {
            event,
            bytes,
            at: now,
        });
        self.bytes += bytes;
        self.forget_old(now);
        while self.bytes > self.limits.bytes {
            self.pop();
        }
    }

    /// A socket is gone, and may come back. `position` is where it began.
    pub fn persist(&mut self, pid: &str, session: S, position: Position, now: Instant) {
        self.forgotten.clear();
        self.number += 1;
        // What it had not got by then was sent no earlier than this, or the heartbeat would have noticed.
        let unsure = now.checked_sub(self.limits.unnoticed);
        let unsure = match position.doubt {
            Some(doubt) if now < doubt.until => doubt.unsure.min(unsure),
            _ => unsure,
        };
        let away = Away {
            session,
            position,
            unsure,
            number: self.number,
        };
        self.left.push_back((now, self.number, pid.into()));
        let before = self.away.insert(pid.into(), away);
        self.forgotten.extend(before.map(|before| before.session));
        self.forget_old(now);
        while self.away.len() > self.limits.sessions {
            self.forget_first();
        }
        self.forget_who_is_back();
    }

    /// A client comes back with its id and the offset of the last event that it has got, if it has got any: what it was, where it begins now, and every event since. Of these, the caller knows
    /// which were for it.
    ///
    /// Whoever is restored is here again; it can leave and come back as often as it likes. An offset from before it came, which a client has that was somebody else then, is that of its coming.
    ///
    /// ```
    /// use madang_socketio::proto::{NotRecovered, Recovery, RecoveryLimits};
    /// use std::time::Instant;
    ///
    /// let now = Instant::now();
    /// let mut recovery = Recovery::<&str, _>::new("x7Qd", RecoveryLimits::default());
    /// let position = recovery.position();
    /// recovery.persist("pid", "its rooms", position, now);
    /// assert_eq!(recovery.restore("pid", Some("x7Qd.0"), now).map(|(was, ..)| was), Ok("its rooms"));
    ///
    /// recovery.persist("pid", "its rooms", position, now);
    /// // An offset from before a restart.
    /// assert_eq!(recovery.restore("pid", Some("aaaa.7"), now).err(), Some(NotRecovered::Offset));
    /// ```
    ///
    /// # Errors
    /// Why it isn't recovered. What was known of it is forgotten.
    pub fn restore(
        &mut self,
        pid: &str,
        offset: Option<&str>,
        now: Instant,
    ) -> Result<(S, Position, impl Iterator<Item = &E>), NotRecovered> {
        self.forgotten.clear();
        self.forget_old(now);
        let away = self.away.remove(pid).ok_or(NotRecovered::Unknown)?;
        self.forget_who_is_back();
        let begun = away.position.number;
        let Some(number) = offset.map_or(Some(begun), |offset| self.parse(offset)) else {
            self.forgotten.push(away.session);
            return Err(NotRecovered::Offset);
        };
        let number = number.max(begun);
        let gap = self.gap.filter(|_| number < self.first);
        if gap.is_some_and(|gap| away.unsure.is_none_or(|unsure| gap >= unsure)) {
            self.forgotten.push(away.session);
            return Err(NotRecovered::Forgotten);
        }
        let known = number.saturating_sub(self.first) as usize;
        let missed = self.log.iter().skip(known).map(|entry| &entry.event);
        let position = Position {
            number: away.position.number,
            // Twice, since who notices is late itself.
            doubt: now
                .checked_add(self.limits.unnoticed.saturating_mul(2))
                .map(|until| Doubt {
                    until,
                    unsure: away.unsure,
                }),
        };
        Ok((away.session, position, missed))
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to forget.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let away = self.limits.max_disconnection_duration;
        let session = self.left.front().and_then(|(since, ..)| since.checked_add(away));
        let event = self.log.front();
        let event = event.and_then(|entry| entry.at.checked_add(self.kept()));
        // The moment after: until then everyone may still come back.
        let due = session.into_iter().chain(event).min()?;
        due.checked_add(Duration::from_nanos(1))
    }

    /// Forgets what is older than the limits allow.
    ///
    /// ```
    /// use madang_socketio::proto::{Recovery, RecoveryLimits};
    /// use std::time::{Duration, Instant};
    ///
    /// let now = Instant::now();
    /// let mut recovery = Recovery::<(), _>::new("x7Qd", RecoveryLimits::default());
    /// recovery.persist("pid", "its rooms", recovery.position(), now);
    /// let due = recovery.poll_timeout().unwrap();
    /// assert_eq!(((due - now).as_secs(), recovery.away()), (120, 1));
    /// recovery.handle_timeout(due);
    /// assert_eq!(recovery.away(), 0);
    /// ```
    pub fn handle_timeout(&mut self, now: Instant) {
        self.forgotten.clear();
        self.forget_old(now);
    }

    /// What those were whom the last call has forgotten, for a caller that mustn't drop them where it makes that call. The next one drops them.
    pub fn take_forgotten(&mut self) -> Vec<S> {
        std::mem::take(&mut self.forgotten)
    }

    /// Clients that are away.
    pub fn away(&self) -> usize {
        self.away.len()
    }

    /// Bytes of the events that are kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn kept(&self) -> Duration {
        let away = self.limits.max_disconnection_duration;
        away.saturating_add(self.limits.unnoticed)
    }

    fn forget_old(&mut self, now: Instant) {
        let kept = self.kept();
        while self
            .log
            .front()
            .is_some_and(|entry| now.saturating_duration_since(entry.at) > kept)
        {
            self.pop();
        }
        if self.log.is_empty() {
            self.log = VecDeque::new();
        }
        let away = self.limits.max_disconnection_duration;
        while self
            .left
            .front()
            .is_some_and(|(since, ..)| now.saturating_duration_since(*since) > away)
        {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some((_, number, pid)) = self.left.pop_front() else {
            return;
        };
        // Whoever came back and left again is further behind.
        if self.is_away(&pid, number) {
            let away = self.away.remove(&pid);
            self.forgotten.extend(away.map(|away| away.session));
        }
    }

    /// Whether it has been away since it left with this number.
    fn is_away(&self, pid: &str, number: u64) -> bool {
        self.away.get(pid).is_some_and(|away| away.number == number)
    }

    /// Once those who are back are more than those who are away, they are taken off the list: coming and going must not make it grow.
    fn forget_who_is_back(&mut self) {
        if self.left.len() <= 2 * self.away.len() {
            return;
        }
        let mut left = std::mem::take(&mut self.left);
        left.retain(|(_, number, pid)| self.is_away(pid, *number));
        left.shrink_to_fit();
        self.left = left;
    }

    fn pop(&mut self) -> Option<Entry<E>> {
        let entry = self.log.pop_front()?;
        self.first += 1;
        self.bytes -= entry.bytes;
        self.gap = Some(entry.at);
        Some(entry)
    }

    fn end(&self) -> u64 {
        self.first + self.log.len() as u64
    }

    fn offset_at(&self, number: u64) -> String {
        let mut digits = [0; 13];
        let mut at = digits.len();
        let mut rest = number;
        loop {
            at -= 1;
            digits[at] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
            rest /= 36;
            if rest == 0 {
                break;
            }
        }
        let digits = std::str::from_utf8(&digits[at..]).unwrap_or_default();
        format!("{}.{digits}", self.prefix)
    }

    fn parse(&self, offset: &str) -> Option<u64> {
        let digits = offset.strip_prefix(&*self.prefix)?.strip_prefix('.')?;
        // As it was given out: no sign, no capitals.
        let plain = digits
            .bytes()
            .all(|digit| digit.is_ascii_digit() || digit.is_ascii_lowercase());
        let number = u64::from_str_radix(digits, 36).ok().filter(|_| plain)?;
        (number <= self.end()).then_some(number)
    }
}

impl<E, S> fmt::Debug for Recovery<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recovery")
            .field("events", &self.log.len())
            .field("bytes", &self.bytes)
            .field("away", &self.away.len())
            .finish_non_exhaustive()
    }
}
