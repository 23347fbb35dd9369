//! Bytes that wait for a socket: bounded, in order, with a policy per entry. A data structure without lock or I/O.

use std::{collections::VecDeque, fmt, io::IoSlice};

use bytes::{Buf, Bytes};

use crate::publication::Key;

/// What may be done for an entry, or to it, when the limit of the outbox would be crossed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// It is never dropped: if droppable entries can't make room for it, the connection must go.
    Disconnect,
    /// It may be dropped, oldest first.
    DropOldest,
    /// It may be dropped, and takes the place of an unsent entry with the same key, whether or not the outbox is full.
    Latest(Key),
    /// As [`Overflow::Latest`], but it waits at the end rather than in the place of the one it replaces.
    LatestInOrder(Key),
    /// The new one is dropped: it never waits.
    Volatile,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "after an overflow the connection must be closed"]
pub enum Pushed {
    /// It waits at the end.
    Queued,
    /// It waits instead of the entry with its key.
    Replaced,
    /// So many entries were dropped, whole; the new one may be among them.
    Dropped {
        /// How many.
        entries: usize,
    },
    /// It doesn't fit, and nothing changed: the caller must disconnect.
    Overflowed,
}

/// Whole messages, encoded, that wait for one socket. It holds no memory while empty.
///
/// Entries leave in the order in which they came, and an entry that has begun to leave stays until it has left: a stream cut in the middle of a frame is
/// useless. The limit is on memory: what an entry holds is its bytes and [`Outbox::ENTRY_OVERHEAD`]. An entry that is alone fits whatever its
/// size, since a limit on what may wait mustn't forbid what a fast reader would have taken at once; so an outbox holds at most
/// its limit, or one entry.
///
/// ```
/// use madang_hub::{Outbox, Overflow, Pushed};
///
/// let mut outbox = Outbox::new(1024);
/// assert_eq!(outbox.push("hello ".into(), Overflow::Disconnect), Pushed::Queued);
/// assert_eq!(outbox.push("world".into(), Overflow::Disconnect), Pushed::Queued);
///
/// let mut chunks = [std::io::IoSlice::new(&[]); 16];
/// assert_eq!(outbox.chunks(&mut chunks), 2); // for one vectored write,
/// outbox.consume(8); // of which the socket took eight bytes
/// assert_eq!(outbox.bytes(), 3);
/// ```
pub struct Outbox {
    entries: VecDeque<Entry>,
    limit: usize,
    /// Bytes of the entries, without overhead.
    bytes: usize,
    /// Part of the first entry has left.
    started: bool,
}

impl Outbox {
    /// What an entry counts besides its bytes: its place in the queue. Without it, a queue of tiny frames would hold many times the limit.
    pub const ENTRY_OVERHEAD: usize = 64;

    /// An empty outbox that may hold this many bytes, overhead included.
    pub const fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            limit,
            bytes: 0,
            started: false,
        }
    }

    /// Puts an entry at the end, or in the place of an unsent one with the same key.
    ///
    /// If that crosses the limit, droppable entries ([`Overflow::DropOldest`], [`Overflow::Latest`], [`Overflow::LatestInOrder`]) are dropped, oldest first, until everything
    /// fits or is alone. If even all of them aren't enough, the rest stays as it was, and the new entry is dropped, or refused with
    /// [`Pushed::Overflowed`] if it is an [`Overflow::Disconnect`] one. An entry without bytes is ignored.
    pub fn push(&mut self, bytes: Bytes, overflow: Overflow) -> Pushed {
        if bytes.is_empty() {
            return Pushed::Queued;
        }
        if overflow == Overflow::Volatile {
            return Pushed::Dropped { entries: 1 };
        }
        let replaced = match &overflow {
            Overflow::Latest(key) | Overflow::LatestInOrder(key) => self.unsent(key),
            _ => None,
        };
        let freed = replaced.map_or(0, |index| self.entries[index].cost());
        let after = self.cost() - freed + bytes.len() + Self::ENTRY_OVERHEAD;
        let Some(dropped) = self.victims(after.saturating_sub(self.limit), replaced) else {
            return match overflow {
                Overflow::Disconnect => Pushed::Overflowed,
                _ => Pushed::Dropped { entries: 1 },
            };
        };
        self.bytes += bytes.len();
        let entry = Entry {
            bytes,
            overflow,
            joined: false,
        };
        let in_order = matches!(entry.overflow, Overflow::LatestInOrder(_));
        let place = replaced.filter(|_| !in_order);
        match place {
            Some(index) => self.bytes -= std::mem::replace(&mut self.entries[index], entry).bytes.len(),
            None => {
                let old = replaced.and_then(|index| self.entries.remove(index));
                self.bytes -= old.map_or(0, |old| old.bytes.len());
                self.entries.push_back(entry);
            }
        }
        if dropped > 0 {
            let spared = place.unwrap_or(self.entries.len() - 1);
            self.drop_oldest(dropped, spared);
            return Pushed::Dropped { entries: dropped };
        }
        if replaced.is_some() {
            Pushed::Replaced
        } else {
            Pushed::Queued
        }
    }

    /// Puts the rest of an entry first of which the caller has already written the beginning: it is never refused or dropped, whatever its
    /// size and its room's policy. Only into an empty outbox.
    ///
    /// # Panics
    /// If the outbox isn't empty: the bytes would land in the middle of the stream.
    pub fn push_started(&mut self, rest: Bytes) {
        assert!(
            self.is_empty(),
            "the rest of a started entry can't come after other entries"
        );
        self.push_frame(rest, Bytes::new());
        self.started = !self.is_empty();
    }

    /// Puts a frame at the end whatever the limit says, never to be dropped: for what the caller bounds itself, such as control frames. Its `body`, which
    /// may be empty, stays a buffer of its own, and leaves with the `head` or not at all.
    pub fn push_frame(&mut self, head: Bytes, body: Bytes) {
        for (bytes, joined) in [(head, false), (body, true)] {
            if !bytes.is_empty() {
                self.bytes += bytes.len();
                self.entries.push_back(Entry {
                    bytes,
                    overflow: Overflow::Disconnect,
                    joined,
                });
            }
        }
    }

    /// Takes the oldest entry, or what has to leave of it: for transports that send whole answers rather than a stream.
    pub fn pop(&mut self) -> Option<Bytes> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.bytes.len();
        self.started = self.entries.front().is_some_and(|next| next.joined);
        self.release();
        Some(entry.bytes)
    }

    /// Fills the slices with what has to leave, oldest first, and returns how many it filled: for one vectored write.
    pub fn chunks<'a>(&'a self, into: &mut [IoSlice<'a>]) -> usize {
        let filled = into.iter_mut().zip(&self.entries);
        filled
            .map(|(slice, entry)| *slice = IoSlice::new(&entry.bytes))
            .count()
    }

    /// Removes the first bytes, which have been written.
    ///
    /// # Panics
    /// If there are fewer than `n`.
    pub fn consume(&mut self, mut n: usize) {
        assert!(
            n <= self.bytes,
            "{n} bytes were written of {} that waited",
            self.bytes
        );
        self.bytes -= n;
        while n > 0 {
            let head = &mut self.entries[0].bytes;
            if n < head.len() {
                head.advance(n);
                self.started = true;
                return;
            }
            n -= head.len();
            self.entries.pop_front();
            // A frame whose head has left has begun.
            self.started = self.entries.front().is_some_and(|next| next.joined);
        }
        self.release();
    }

    /// Drops everything except the entry that has begun to leave, if any: a close frame may then follow.
    pub fn clear_unstarted(&mut self) {
        let begun = self
            .entries
            .iter()
            .skip(1)
            .take_while(|entry| entry.joined)
            .count();
        self.entries.truncate(if self.started { 1 + begun } else { 0 });
        self.bytes = self.entries.iter().map(|entry| entry.bytes.len()).sum();
        self.release();
    }

    /// Bytes that have to leave.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Entries that have to leave, a started one included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing has to leave.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The limit it was made with.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// What counts against the limit: the bytes, and the overhead of each entry.
    pub fn cost(&self) -> usize {
        self.bytes + self.entries.len() * Self::ENTRY_OVERHEAD
    }

    /// Where an entry with this key waits. A search through the queue: there are few entries with different keys in a limit's worth of bytes, and only those
    /// who read slowly have any.
    fn unsent(&self, key: &Key) -> Option<usize> {
        let waiting = self.entries.iter().enumerate().skip(usize::from(self.started));
        let mut same =
            waiting.filter(|(_, entry)| matches!(&entry.overflow, Overflow::Latest(other) | Overflow::LatestInOrder(other) if other == key));
        same.next().map(|(index, _)| index)
    }

    /// How many of the oldest droppable entries are worth that much, one aside; `None` if all of them together aren't, and others remain.
    fn victims(&self, mut needed: usize, aside: Option<usize>) -> Option<usize> {
        let others = self.entries.len() - usize::from(aside.is_some());
        let mut droppable = (usize::from(self.started)..self.entries.len())
            .filter(|index| Some(*index) != aside && self.entries[*index].is_droppable());
        let mut count = 0;
        while needed > 0 && count < others {
            needed = needed.saturating_sub(self.entries[droppable.next()?].cost());
            count += 1;
        }
        Some(count)
    }

    fn drop_oldest(&mut self, mut count: usize, spared: usize) {
        let first = usize::from(self.started);
        let (mut index, mut bytes) = (0, self.bytes);
        self.entries.retain(|entry| {
            let drop = count > 0 && index >= first && index != spared && entry.is_droppable();
            if drop {
                count -= 1;
                bytes -= entry.bytes.len();
            }
            index += 1;
            !drop
        });
        self.bytes = bytes;
    }

    /// An idle connection holds no buffer.
    fn release(&mut self) {
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bytes,
            limit,
            started,
            ..
        } = self;
        let mut outbox = f.debug_struct("Outbox");
        outbox
            .field("len", &self.len())
            .field("bytes", bytes)
            .field("limit", limit)
            .field("started", started)
            .finish()
    }
}

struct Entry {
    /// What has not left yet.
    bytes: Bytes,
    overflow: Overflow,
    /// The rest of the entry before it.
    joined: bool,
}

impl Entry {
    fn cost(&self) -> usize {
        self.bytes.len() + Outbox::ENTRY_OVERHEAD
    }

    fn is_droppable(&self) -> bool {
        self.overflow != Overflow::Disconnect
    }
}

// The overhead covers the entry, and what a growing queue wastes on average.
const _: () = assert!(size_of::<Entry>() <= Outbox::ENTRY_OVERHEAD);
