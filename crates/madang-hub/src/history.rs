//! What a room has heard lately: whoever was away gets what was missed, and then what comes, without a hole and without an overlap.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration, time::Instant};

use smallvec::SmallVec;

use crate::{
    error::{LimitReached, Lost, LostReason},
    hub::Hub,
    id::{RoomName, SessionId},
    log::{Post, To},
    membership::Membership,
    position::Position,
    publication::Publication,
    sync::{Mutex, lock},
};

/// The newest publications of one room, numbered. Cloning is cheap, and clones are the same history; each holds the hub.
///
/// Everything that is to be in it must be published through [`History::publish`]. A position, which the last entry that a reader has seen
/// gives, then tells exactly what the reader missed, or that the history doesn't reach back that far: never something in between.
///
/// ```
/// use std::time::Instant;
///
/// use madang_hub::{Epoch, History, HistoryLimits, Hub, Position, RoomName, SessionId};
/// # use std::sync::Arc;
/// # use madang_hub::{Batch, Encode, Publication, Recipient, WireForm};
/// # struct Text(String);
/// # impl Encode for Text {
/// #     fn encode(&self, _form: WireForm) -> bytes::Bytes {
/// #         self.0.clone().into()
/// #     }
/// # }
/// # struct Screen;
/// # impl Recipient for Screen {
/// #     fn deliver(&self, _batch: &Batch<'_>) {}
/// # }
///
/// let (hub, flusher) = Hub::new(); // spawn the flusher
/// let yard = RoomName::try_from("yard")?;
/// let start = Position { offset: 0, epoch: Epoch::new(7) };
/// let history = History::new(&hub, &yard, start, HistoryLimits::default());
///
/// let now = Instant::now();
/// let say = |text: &str| {
///     history.publish(now, &[], |at| Publication::new(Text(format!("{} {text}", at.offset))))
/// };
/// let seen = say("one");
/// say("two"); // while the reader is away
///
/// let reader = hub.enter(SessionId::new(1), Arc::new(Screen));
/// let joined = history.join(now, &reader, Some(seen))?;
/// let missed = joined.missed?;
/// assert_eq!(missed.len(), 1);
/// assert_eq!(missed[0].publication.encoded(WireForm::Frame), "2 two");
/// say("three"); // is delivered
/// # drop(flusher);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is exact, and how
///
/// One lock makes one step of numbering, remembering and publishing, and one of reading what was missed and joining. It is held for appending to the
/// hub's log and for nothing that delivers, so every call here, [`Recipient::deliver`](crate::Recipient::deliver) included, may be made from anywhere but from `make` and `first`.
/// What goes to the room by other ways, such as [`Hub::to`], has no number and isn't remembered.
#[derive(Clone)]
pub struct History {
    inner: Arc<Inner>,
}

impl History {
    /// A history of this room that knows nothing before `start`: offset 0 for a room that begins, the newest stored one for a room whose entries are
    /// stored. A room has one history; two of them number apart.
    pub fn new(hub: &Hub, room: &RoomName, start: Position, limits: HistoryLimits) -> Self {
        let inner = Inner {
            hub: hub.clone(),
            room: room.clone(),
            limits,
            kept: Mutex::new(Kept {
                newest: start,
                entries: VecDeque::new(),
                bytes: 0,
            }),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Where the newest entry has put the room.
    pub fn position(&self) -> Position {
        lock(&self.inner.kept).newest
    }

    /// The oldest position that [`History::since`] can answer, as far as age was applied by the last call that has a time.
    pub fn oldest(&self) -> Position {
        lock(&self.inner.kept).oldest()
    }

    /// Numbers a publication, remembers it, and publishes it to the members of the room except those of some sessions. `make` is handed the position
    /// behind it, whose offset is its own.
    ///
    /// `make` runs under the history's lock: it should be short, and must not ask this history. If it panics, nothing has happened.
    pub fn publish(
        &self,
        now: Instant,
        except: &[SessionId],
        make: impl FnOnce(Position) -> Publication,
    ) -> Position {
        let Inner {
            hub, room, limits, ..
        } = &*self.inner;
        let mut kept = lock(&self.inner.kept);
        let position = kept.next();
        let publication = make(position);
        let appended = hub.append_only(Post {
            to: To::Room(room.clone()),
            except: SmallVec::from_slice(except),
            publication: publication.clone(),
        });
        kept.remember(now, except, publication);
        let forgotten = kept.forget(now, limits);
        drop(kept);
        // The payloads are the application's, and so is what happens when they are dropped: not under the lock.
        drop(forgotten);
        hub.follow_up(appended);
        position
    }

    /// Everything behind a position, oldest first: for readers that aren't members, who leave out what was kept from their session themselves.
    ///
    /// # Errors
    /// [`Lost`], if it can't be told exactly.
    pub fn since(&self, now: Instant, position: Position) -> Result<Vec<Entry>, Lost> {
        let mut kept = lock(&self.inner.kept);
        let forgotten = kept.forget(now, &self.inner.limits);
        let since = kept.since(position).map(|entries| entries.cloned().collect());
        drop(kept);
        drop(forgotten);
        since
    }

    /// What was missed since a position, and the membership in the room, in one step: everything up to [`Joined::position`] is in
    /// [`Joined::missed`] unless the reader has it, everything behind it will be delivered.
    ///
    /// What comes may be delivered before this returns. Where the reader is to see it in order, [`History::join_with`] sends what was missed. A member that is in
    /// the room already gets nothing twice by joining, but what was delivered since it joined may also be in `missed`: leaving first, or
    /// the offsets, tell what is new.
    ///
    /// # Errors
    /// As [`Membership::join`]; then nothing has changed.
    pub fn join(
        &self,
        now: Instant,
        member: &Membership,
        since: Option<Position>,
    ) -> Result<Joined, LimitReached> {
        self.join_with(now, member, since, |_| Vec::new())
    }

    /// As [`History::join`], and sends to the member alone what `first` makes of it, before anything that the room brings: a greeting, what was missed, and
    /// then the room is one stream in order.
    ///
    /// `first` runs under the history's lock, as `make` in [`History::publish`].
    ///
    /// # Errors
    /// As [`Membership::join`]; then nothing has changed, and nothing is sent.
    pub fn join_with(
        &self,
        now: Instant,
        member: &Membership,
        since: Option<Position>,
        first: impl FnOnce(&Joined) -> Vec<Publication>,
    ) -> Result<Joined, LimitReached> {
        let mut kept = lock(&self.inner.kept);
        let forgotten = kept.forget(now, &self.inner.limits);
        let is_for = |entry: &&Entry| !entry.except.contains(&member.session());
        let missed = since.map_or(Ok(Vec::new()), |position| {
            kept.since(position)
                .map(|entries| entries.filter(is_for).cloned().collect())
        });
        let joined = Joined {
            position: kept.newest,
            missed,
        };
        let appended = member.join_only(&self.inner.room, first(&joined));
        drop(kept);
        drop(forgotten);
        member.follow_up(appended?);
        Ok(joined)
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("room", &self.inner.room)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

/// How much a history remembers: it forgets the oldest until all three hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Entries it keeps.
    ///
    /// Default 1,000: ten minutes of a chat with more than one message a second.
    pub entries: usize,
    /// Bytes of all entries. Each counts [`Encode::size_hint`](crate::Encode::size_hint) of its payload and [`HistoryLimits::ENTRY_OVERHEAD`]; every
    /// [`WireForm`](crate::WireForm) that somebody asks for takes about as much again as the hint, and stays as long as the entry.
    ///
    /// Default 1 MiB: a thousand entries of a kilobyte, little enough for hundreds of rooms.
    pub bytes: usize,
    /// How long an entry is kept.
    ///
    /// Default 10 minutes: a phone in a tunnel and a laptop that is carried to another room come back within it; for longer there is a database.
    pub age: Duration,
}

impl HistoryLimits {
    /// What an entry counts besides its payload: its place in the history, and what a publication is made of.
    pub const ENTRY_OVERHEAD: usize = 512;
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self {
            entries: 1000,
            bytes: 1 << 20,
            age: Duration::from_secs(10 * 60),
        }
    }
}

/// One publication of a history. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the room.
    pub offset: u64,
    /// Sessions that it was kept from.
    pub except: Arc<[SessionId]>,
    /// What was published.
    pub publication: Publication,
}

impl Entry {
    fn cost(&self) -> usize {
        HistoryLimits::ENTRY_OVERHEAD + self.publication.size() + size_of_val(&*self.except)
    }
}

/// What [`History::join`] found.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Where the room was at the moment of joining.
    pub position: Position,
    /// What the room brought between the position that was given and this one, without what was kept from the member's session; nothing if none was given.
    pub missed: Result<Vec<Entry>, Lost>,
}

struct Inner {
    hub: Hub,
    room: RoomName,
    limits: HistoryLimits,
    /// Taken before the locks of memberships and of the hub's logs, and after those under which recipients are called: let go before anything is delivered.
    kept: Mutex<Kept>,
}

struct Kept {
    newest: Position,
    /// Without a gap, up to the newest.
    entries: VecDeque<(Instant, Entry)>,
    /// What the entries cost.
    bytes: usize,
}

impl Kept {
    fn next(&self) -> Position {
        Position {
            offset: self.newest.offset + 1,
            ..self.newest
        }
    }

    fn oldest(&self) -> Position {
        Position {
            offset: self.newest.offset - self.entries.len() as u64,
            ..self.newest
        }
    }

    fn remember(&mut self, now: Instant, except: &[SessionId], publication: Publication) {
        self.newest = self.next();
        let entry = Entry {
            offset: self.newest.offset,
            except: if except.is_empty() {
                Arc::default()
            } else {
                except.into()
            },
            publication,
        };
        self.bytes += entry.cost();
        self.entries.push_back((now, entry));
    }

    /// Applies the limits; what has to go is the caller's to drop.
    #[must_use]
    fn forget(&mut self, now: Instant, limits: &HistoryLimits) -> SmallVec<[Entry; 1]> {
        let mut forgotten = SmallVec::new();
        while let Some((at, _)) = self.entries.front() {
            let within = self.entries.len() <= limits.entries
                && self.bytes <= limits.bytes
                && now.saturating_duration_since(*at) <= limits.age;
            if within {
                break;
            }
            forgotten.extend(self.entries.pop_front().map(|(_, entry)| {
                self.bytes -= entry.cost();
                entry
            }));
        }
        if self.entries.is_empty() {
            // A room where nobody speaks holds no memory.
            self.entries = VecDeque::new();
        }
        forgotten
    }

    fn since(&self, position: Position) -> Result<impl Iterator<Item = &Entry>, Lost> {
        let (oldest, newest) = (self.oldest(), self.newest);
        let lost = |reason| Lost {
            reason,
            oldest,
            newest,
        };
        if position.epoch != newest.epoch {
            return Err(lost(LostReason::Epoch));
        }
        if position.offset > newest.offset {
            return Err(lost(LostReason::Ahead));
        }
        let Some(known) = position.offset.checked_sub(oldest.offset) else {
            return Err(lost(LostReason::Expired));
        };
        Ok(self.entries.iter().skip(known as usize).map(|(_, entry)| entry))
    }
}
