//! Bytes that wait for a socket: bounded, in order, with a policy per entry. A data structure without lock or I/O.

use std::{collections::VecDeque, fmt, io::IoSlice};

use bytes::{Buf, Bytes};

use crate::{publication::Key, tally::Tally};

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
/// its limit, or one entry, and two notices: one that has begun to leave, one that waits.
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
    tally: Option<Tally>,
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
            tally: None,
        }
    }

    /// From now on, what is dropped, replaced or refused is counted there, and the reader gets a notice of what was dropped, if the hub
    /// [has one](crate::Hub::set_notice). A recipient says so before it queues what a [`Batch`](crate::Batch) brought; several hubs take turns.
    pub fn tell(&mut self, tally: &Tally) {
        if self.tally.as_ref().is_none_or(|known| !known.is(tally)) {
            self.tally = Some(tally.clone());
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
            self.count(Tally::count_volatile);
            return Pushed::Dropped { entries: 1 };
        }
        let replaced = match &overflow {
            Overflow::Latest(key) | Overflow::LatestInOrder(key) => self.unsent(key),
            _ => None,
        };
        let freed = replaced.map_or(0, |index| self.entries[index].cost());
        let after = self.cost() - freed + bytes.len() + Self::ENTRY_OVERHEAD;
        let Some(dropped) = self.victims(after.saturating_sub(self.limit), replaced) else {
            if overflow == Overflow::Disconnect {
                self.count(Tally::count_disconnected);
                return Pushed::Overflowed;
            }
            self.missed(1, self.entries.len());
            return Pushed::Dropped { entries: 1 };
        };
        if replaced.is_some() {
            self.count(Tally::count_replaced);
        }
        self.bytes += bytes.len();
        let in_order = matches!(overflow, Overflow::LatestInOrder(_));
        let entry = Entry::new(bytes, Kind::Whole(overflow));
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
            // Before the one that is new.
            self.missed(dropped, self.entries.len() - usize::from(place.is_none()));
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
        self.begin();
    }

    /// Puts a frame at the end whatever the limit says, never to be dropped: for what the caller bounds itself, such as control frames. Its `body`, which
    /// may be empty, stays a buffer of its own, and leaves with the `head` or not at all.
    pub fn push_frame(&mut self, head: Bytes, body: Bytes) {
        for (bytes, kind) in [(head, Kind::Whole(Overflow::Disconnect)), (body, Kind::Joined)] {
            if !bytes.is_empty() {
                self.bytes += bytes.len();
                self.entries.push_back(Entry::new(bytes, kind));
            }
        }
    }

    /// Takes the oldest entry, or what has to leave of it: for transports that send whole answers rather than a stream.
    pub fn pop(&mut self) -> Option<Bytes> {
        self.write_notice(1);
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.bytes.len();
        self.release();
        Some(entry.bytes)
    }

    /// Fills the slices with what has to leave, oldest first, and returns how many it filled: for one vectored write. None are filled if nothing waits; a notice that comes to
    /// nothing waits no longer.
    pub fn chunks<'a>(&'a mut self, into: &mut [IoSlice<'a>]) -> usize {
        self.write_notice(into.len());
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
                self.begin();
                return;
            }
            n -= head.len();
            self.entries.pop_front();
        }
        self.release();
    }

    /// Drops everything except the entry that has begun to leave, if any: a close frame may then follow.
    pub fn clear_unstarted(&mut self) {
        let begun = self
            .entries
            .iter()
            .skip(1)
            .take_while(|entry| entry.kind == Kind::Joined)
            .count();
        self.entries
            .truncate(if self.is_started() { 1 + begun } else { 0 });
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
        let waiting = self
            .entries
            .iter()
            .enumerate()
            .skip(usize::from(self.is_started()));
        let mut same = waiting.filter(|(_, entry)| {
            matches!(&entry.kind, Kind::Whole(Overflow::Latest(other) | Overflow::LatestInOrder(other)) if other == key)
        });
        same.next().map(|(index, _)| index)
    }

    /// How many of the oldest droppable entries are worth that much, one aside; `None` if all of them together aren't, and others remain.
    fn victims(&self, mut needed: usize, aside: Option<usize>) -> Option<usize> {
        if needed == 0 {
            return Some(0);
        }
        let is_other = |(index, entry): &(usize, &Entry)| Some(*index) != aside && !entry.is_notice();
        let others = self.entries.iter().enumerate().filter(is_other).count();
        let mut droppable = (usize::from(self.is_started())..self.entries.len())
            .filter(|index| Some(*index) != aside && self.entries[*index].is_droppable());
        let mut count = 0;
        while needed > 0 && count < others {
            needed = needed.saturating_sub(self.entries[droppable.next()?].cost());
            count += 1;
        }
        Some(count)
    }

    fn drop_oldest(&mut self, mut count: usize, spared: usize) {
        let first = usize::from(self.is_started());
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

    fn count(&self, count: impl Fn(&Tally)) {
        self.tally.iter().for_each(count);
    }

    /// Counts what the reader won't get, and has it told: in the notice that waits, or in a new one at this place.
    fn missed(&mut self, entries: usize, at: usize) {
        let Some(tally) = &self.tally else { return };
        tally.count_dropped(entries);
        let skipped = entries as u64;
        let first = usize::from(self.is_started());
        for waiting in self.entries.iter_mut().skip(first) {
            if let Kind::Notice(before) = &mut waiting.kind {
                *before += skipped;
                self.bytes -= std::mem::take(&mut waiting.bytes).len();
                return;
            }
        }
        if tally.has_notice() {
            self.entries
                .insert(at, Entry::new(Bytes::new(), Kind::Notice(skipped)));
        }
    }

    /// Makes the bytes of the notice that waits, if it's among the first entries.
    fn write_notice(&mut self, first: usize) {
        let mut next = self.entries.iter_mut().take(first).enumerate();
        let unwritten = next.find_map(|(index, entry)| match entry.kind {
            Kind::Notice(skipped) if entry.bytes.is_empty() => Some((index, entry, skipped)),
            _ => None,
        });
        let Some((index, entry, skipped)) = unwritten else {
            return;
        };
        entry.bytes = self
            .tally
            .as_ref()
            .map_or_else(Bytes::new, |tally| tally.notice(skipped));
        self.bytes += entry.bytes.len();
        if entry.bytes.is_empty() {
            self.entries.remove(index);
            self.release();
        }
    }

    /// Whether part of the first entry has left; a frame whose head has left has begun.
    fn is_started(&self) -> bool {
        let first = self.entries.front();
        first.is_some_and(|first| first.begun || first.kind == Kind::Joined)
    }

    fn begin(&mut self) {
        if let Some(first) = self.entries.front_mut() {
            first.begun = true;
        }
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
        let Self { bytes, limit, .. } = self;
        let mut outbox = f.debug_struct("Outbox");
        outbox
            .field("len", &self.len())
            .field("bytes", bytes)
            .field("limit", limit)
            .field("started", &self.is_started())
            .finish()
    }
}

struct Entry {
    /// What has not left yet.
    bytes: Bytes,
    kind: Kind,
    /// Part of it has left.
    begun: bool,
}

#[derive(PartialEq)]
enum Kind {
    Whole(Overflow),
    /// The rest of the entry before it.
    Joined,
    /// Tells that so many were dropped. Its bytes are made when it's about to leave.
    Notice(u64),
}

impl Entry {
    fn new(bytes: Bytes, kind: Kind) -> Self {
        let begun = false;
        Self { bytes, kind, begun }
    }

    fn cost(&self) -> usize {
        self.bytes.len() + Outbox::ENTRY_OVERHEAD
    }

    fn is_notice(&self) -> bool {
        matches!(self.kind, Kind::Notice(_))
    }

    fn is_droppable(&self) -> bool {
        matches!(&self.kind, Kind::Whole(overflow) if *overflow != Overflow::Disconnect)
    }
}

// An idle connection has an outbox: four words of the queue, and one for each thing else.
const _: () = assert!(size_of::<Outbox>() <= 7 * size_of::<usize>());

// The overhead covers the entry, and what a growing queue wastes on average.
const _: () = assert!(size_of::<Entry>() <= Outbox::ENTRY_OVERHEAD);
