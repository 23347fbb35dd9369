//! Where publications go: the trait of those who get them, and what they are handed.

use std::cell::OnceCell;

use bytes::{Bytes, BytesMut};

use crate::{
    id::SessionId,
    log::Post,
    outbox::Overflow,
    policy::Policy,
    publication::{Key, WireForm},
    tally::{Tallies, Tally},
};

/// Someone who gets publications: in practice the sending half of a connection.
pub trait Recipient: Send + Sync + 'static {
    /// Takes what one turn brought for this recipient. Called from the flusher, or from a publisher that found the turn log full;
    /// never by two threads at a time, and not after a panic of its own.
    ///
    /// It writes what the socket takes at once and queues the rest: others wait until it returns, so it must not block. A recipient that is
    /// closed ignores the call; publications made before its membership was dropped may still come afterwards. From here
    /// [`Hub::members`](crate::Hub::members), [`Hub::member_count`](crate::Hub::member_count) and [`Hub::stats`](crate::Hub::stats) panic instead of
    /// deadlocking; everything else may be called, and takes effect in the next turn.
    ///
    /// A panic costs this recipient: it is taken out of the hub, as if its membership had been dropped, and counted in
    /// [`Stats::panicked`](crate::Stats::panicked). The others get theirs.
    fn deliver(&self, batch: &Batch<'_>);
}

/// What one turn brought for a recipient: one or more publications in publish order.
pub struct Batch<'a> {
    entries: &'a [Entry<'a>],
    /// Which of the entries, in order; all of them if `None`.
    picks: Option<&'a [u32]>,
    joined: [OnceCell<Bytes>; WireForm::COUNT],
    tallies: &'a Tallies,
}

impl<'a> Batch<'a> {
    /// Publications in it; at least one.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.picks.map_or(self.entries.len(), <[u32]>::len)
    }

    /// Bytes of all of them in one form.
    pub fn bytes(&self, form: WireForm) -> usize {
        self.iter().map(|entry| entry.encoded(form).len()).sum()
    }

    /// All of them in one form, one after the other: one buffer for one write. It is built by the first recipient that asks and shared by all who
    /// get the same publications this turn.
    pub fn joined(&self, form: WireForm) -> &Bytes {
        let mut entries = self.iter();
        if let (Some(only), None) = (entries.next(), entries.next()) {
            return only.encoded(form);
        }
        self.joined[form as usize].get_or_init(|| {
            let mut joined = BytesMut::with_capacity(self.bytes(form));
            self.iter()
                .for_each(|entry| joined.extend_from_slice(entry.encoded(form)));
            joined.freeze()
        })
    }

    /// Each of them in one form, with what its room wants done when the outbox is full.
    pub fn frames(&self, form: WireForm) -> impl Iterator<Item = (&Bytes, Overflow)> {
        self.iter()
            .map(move |entry| (entry.encoded(form), entry.overflow()))
    }

    /// Whether any of them wants to be compressed, for transports that compress them together.
    pub fn is_compressible(&self) -> bool {
        self.iter().any(|entry| entry.post.publication.is_compressible())
    }

    /// Where the hub counts what becomes of them, and what a reader who misses some is told: for an [`Outbox`](crate::Outbox::tell) that they have to wait in.
    pub fn tally(&self, form: WireForm) -> &Tally {
        self.tallies.of(form)
    }

    pub(crate) fn all(entries: &'a [Entry<'a>], tallies: &'a Tallies) -> Self {
        Self {
            entries,
            picks: None,
            joined: Default::default(),
            tallies,
        }
    }

    /// Some of the entries.
    pub(crate) fn picked(entries: &'a [Entry<'a>], picks: &'a [u32], tallies: &'a Tallies) -> Self {
        Self {
            picks: Some(picks),
            ..Self::all(entries, tallies)
        }
    }

    /// Those not kept from this session.
    pub(crate) fn picks_for(&self, session: SessionId, into: &mut Vec<u32>) {
        into.clear();
        let open = |pick: &u32| !self.entries[*pick as usize].post.except.contains(&session);
        match self.picks {
            Some(picks) => into.extend(picks.iter().copied().filter(open)),
            None => into.extend((0..self.entries.len() as u32).filter(open)),
        }
    }

    pub(crate) fn entries(&self) -> &'a [Entry<'a>] {
        self.entries
    }

    fn iter(&self) -> impl Iterator<Item = &'a Entry<'a>> {
        let (entries, picks) = (self.entries, self.picks);
        (0..self.len()).map(move |i| &entries[picks.map_or(i, |picks| picks[i] as usize)])
    }
}

impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|entry| &entry.post.publication))
            .finish()
    }
}

/// A publication of this turn with its room's policy.
pub(crate) struct Entry<'a> {
    pub(crate) post: &'a Post,
    pub(crate) policy: Policy,
    /// What it may replace, where the policy is to replace: made once, for all members.
    key: Option<Key>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(post: &'a Post, policy: Policy) -> Self {
        let room = post.to.first_room().filter(|_| policy == Policy::Latest);
        let key = room.map(|room| match post.publication.key() {
            Some(key) => key.within(room),
            None => Key::from(room),
        });
        Self { post, policy, key }
    }
}

impl Entry<'_> {
    fn encoded(&self, form: WireForm) -> &Bytes {
        self.post.publication.encoded(form)
    }

    fn overflow(&self) -> Overflow {
        if self.post.publication.is_volatile() {
            return Overflow::Volatile;
        }
        match self.policy {
            Policy::Disconnect => Overflow::Disconnect,
            Policy::DropOldest => Overflow::DropOldest,
            Policy::Latest => match &self.key {
                Some(key) if self.post.publication.is_in_order() => Overflow::LatestInOrder(key.clone()),
                Some(key) => Overflow::Latest(key.clone()),
                None => Overflow::DropOldest,
            },
        }
    }
}
