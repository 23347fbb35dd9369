//! The hub: enter it, publish to rooms of it.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use smallvec::{SmallVec, smallvec};

use crate::{
    error::LimitReached,
    flusher::Flusher,
    id::{MemberId, RoomName, SessionId},
    limits::Limits,
    log::{Op, Post, To},
    membership::Membership,
    policy::{Policy, Slow},
    publication::Publication,
    recipient::Recipient,
    shard::{Appended, Shard},
    stats::Stats,
    sync::{Mutex, lock},
    target::Target,
};

/// Rooms, their members, and the way from a publisher to all of them. Cloning is cheap, and clones are the same hub.
///
/// A call that publishes, joins or leaves appends to a log and returns; a [`Flusher`] delivers. Calls take effect in the order in which they
/// were made: who joins after a publish doesn't get it, who leaves after it does. All members, of all shards, see the
/// publications they have in common in the same order.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

impl Hub {
    /// A hub of one shard with default [`Limits`]. Spawn the flusher.
    #[allow(clippy::new_ret_no_self)] // the flusher must not be forgotten
    pub fn new() -> (Self, Flusher) {
        let (hub, mut flushers) = Self::sharded(NonZeroUsize::MIN);
        (hub, flushers.remove(0))
    }

    /// A hub of several shards with default [`Limits`]: spawn one flusher on each thread, and enter members with
    /// [`Hub::enter_shard`] on the shard of the thread that serves their connection.
    pub fn sharded(shards: NonZeroUsize) -> (Self, Vec<Flusher>) {
        Self::with_limits(shards, Limits::default())
    }

    /// As [`Hub::sharded`], with limits of your own.
    ///
    /// # Panics
    /// With more than `u32::MAX` shards.
    pub fn with_limits(shards: NonZeroUsize, limits: Limits) -> (Self, Vec<Flusher>) {
        let count = u32::try_from(shards.get()).expect("more shards than u32::MAX");
        let slow = Arc::new(Slow::new());
        let limits = Arc::new(limits);
        let shard = |index| Arc::new(Shard::new(index, count, slow.clone(), limits.clone()));
        let shards: Box<[Arc<Shard>]> = (0..count).map(shard).collect();
        let flushers = shards.iter().cloned().map(Flusher::new).collect();
        let inner = Inner {
            shards,
            order: Mutex::new(()),
            slow,
            limits,
            entered: AtomicUsize::new(0),
            published: AtomicU64::new(0),
        };
        (
            Self {
                inner: Arc::new(inner),
            },
            flushers,
        )
    }

    /// Shards of this hub.
    pub fn shards(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.inner.shards.len()).unwrap_or(NonZeroUsize::MIN)
    }

    /// Lets a recipient in: it can join rooms, and gets what is sent to it or to everyone, until the membership is dropped. The shards take
    /// turns.
    ///
    /// The hub holds the recipient, so a recipient that owns its own membership is never let go.
    ///
    /// # Panics
    /// With more members than `u32::MAX`, which memory forbids.
    pub fn enter(&self, session: SessionId, recipient: Arc<dyn Recipient>) -> Membership {
        let turn = match self.inner.shards.len() {
            1 => 0,
            shards => self.inner.entered.fetch_add(1, Ordering::Relaxed) % shards,
        };
        self.enter_shard(turn, session, recipient)
    }

    /// As [`Hub::enter`], to the shard with this index modulo [`Hub::shards`], whose flusher will call the recipient.
    ///
    /// # Panics
    /// As [`Hub::enter`].
    pub fn enter_shard(&self, shard: usize, session: SessionId, recipient: Arc<dyn Recipient>) -> Membership {
        let shard = &self.inner.shards[shard % self.inner.shards.len()];
        let id = shard.enter(|slot, id| Op::Enter {
            slot,
            id,
            session,
            recipient,
        });
        Membership::new(self.clone(), id, session)
    }

    /// Starts a target: the members of this room.
    pub fn to(&self, room: &RoomName) -> Target<'_> {
        Target::room(self, room)
    }

    /// Starts a target: every member of the hub, in a room or not.
    pub fn everyone(&self) -> Target<'_> {
        Target::everyone(self)
    }

    /// Starts a target without anyone, to which rooms and members can be added.
    pub fn nobody(&self) -> Target<'_> {
        Target::nobody(self)
    }

    /// Publishes to one member, in order with everything else; at once if nothing else waits for delivery. A member who has left gets nothing. The policy is [`Policy::Disconnect`].
    pub fn send(&self, member: MemberId, publication: Publication) {
        let post = self.addressed(member, publication);
        // One shard only, hence without the lock on the order of all: what goes to one member can't be out of order anywhere else.
        self.shard_of(member).send(post);
    }

    /// Sets what happens to members of this room that read too slowly, from the next turn on. It stays when the room empties; setting
    /// [`Policy::Disconnect`], the default, forgets it.
    ///
    /// # Errors
    /// When [`Limits::policies`] rooms have another policy than the default already.
    pub fn set_policy(&self, room: &RoomName, policy: Policy) -> Result<(), LimitReached> {
        self.inner.slow.policies.set(room, policy, &self.inner.limits)
    }

    /// Sets what a reader is told who missed publications because they were dropped ([`Policy::DropOldest`]), those that were replaced by newer ones
    /// or are volatile left aside. It is made of their number when it's about to leave, behind what waited when the first of them was dropped; what is dropped until then
    /// is in the number. One waits at a time, which is never dropped. Without this, nothing is told.
    ///
    /// ```
    /// # use madang_hub::{Encode, Hub, Publication, WireForm};
    /// # struct Text(String);
    /// # impl Encode for Text {
    /// #     fn encode(&self, _form: WireForm) -> bytes::Bytes {
    /// #         self.0.clone().into()
    /// #     }
    /// # }
    /// let (hub, flusher) = Hub::new();
    /// hub.set_notice(|skipped| Publication::new(Text(format!("you have missed {skipped}"))));
    /// # drop(flusher);
    /// ```
    ///
    /// `notice` is called under the lock of the reader's connection: it must not use that. If it panics, the reader isn't told, nor is one whose form the publication
    /// doesn't have. The hub keeps it: a hub that it holds itself is never let go.
    pub fn set_notice(&self, notice: impl Fn(u64) -> Publication + Send + Sync + 'static) {
        self.inner.slow.tallies.set_notice(Arc::new(notice));
    }

    /// Everyone who is in the room, as of all calls that returned before this one. To know that, it delivers what is waiting: for
    /// pages and tests rather than for each message.
    ///
    /// # Panics
    /// When called from [`Recipient::deliver`].
    pub fn members(&self, room: &RoomName) -> Vec<(MemberId, SessionId)> {
        self.inner
            .shards
            .iter()
            .flat_map(|shard| shard.members(room))
            .collect()
    }

    /// How many [`Hub::members`] would list.
    ///
    /// # Panics
    /// When called from [`Recipient::deliver`].
    pub fn member_count(&self, room: &RoomName) -> usize {
        self.inner
            .shards
            .iter()
            .map(|shard| shard.member_count(room))
            .sum()
    }

    /// Figures for metrics; delivers what is waiting, as [`Hub::members`].
    ///
    /// # Panics
    /// When called from [`Recipient::deliver`].
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            published: self.inner.published.load(Ordering::Relaxed),
            ..Stats::default()
        };
        self.inner
            .shards
            .iter()
            .for_each(|shard| shard.add_to(&mut stats));
        self.inner.slow.tallies.add_to(&mut stats);
        stats
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn shard_of(&self, member: MemberId) -> &Shard {
        &self.inner.shards[member.place() as usize % self.inner.shards.len()]
    }

    /// A publication to one member, which counts as published.
    pub(crate) fn addressed(&self, member: MemberId, publication: Publication) -> Post {
        self.inner.published.fetch_add(1, Ordering::Relaxed);
        Post {
            to: To::Member(member),
            except: SmallVec::new(),
            publication,
        }
    }

    /// To all shards, in one order.
    pub(crate) fn publish(&self, post: Post) {
        let appended = self.append_only(post);
        self.follow_up(appended);
    }

    /// Without waking or flushing, which [`Hub::follow_up`] must do: for callers that hold a lock.
    pub(crate) fn append_only(&self, post: Post) -> SmallVec<[Appended; 4]> {
        self.inner.published.fetch_add(1, Ordering::Relaxed);
        match &*self.inner.shards {
            [only] => smallvec![only.append_only(Op::Publish(post))],
            shards => {
                let append = |shard: &Arc<Shard>| shard.append_only(Op::Publish(post.clone()));
                let _order = lock(&self.inner.order);
                shards.iter().map(append).collect()
            }
        }
    }

    /// What [`Hub::append_only`] left to do.
    pub(crate) fn follow_up(&self, appended: SmallVec<[Appended; 4]>) {
        let shards = self.inner.shards.iter();
        shards
            .zip(appended)
            .for_each(|(shard, appended)| shard.follow_up(appended));
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("shards", &self.inner.shards.len())
            .finish_non_exhaustive()
    }
}

struct Inner {
    shards: Box<[Arc<Shard>]>,
    /// Held while a publication goes into the logs of all shards, so that these agree on the order.
    order: Mutex<()>,
    slow: Arc<Slow>,
    limits: Arc<Limits>,
    entered: AtomicUsize,
    published: AtomicU64,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shards.iter().for_each(|shard| shard.close());
    }
}
