//! Who gets the publications of one turn, except whom, in as few calls as there are recipients.
//!
//! Three shapes, from common to rare: all publications have the same target, and its members share one batch; the targets
//! differ, and members who get the same publications share a batch; a publication is kept from the member's session, and it gets a batch of its own.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use smallvec::SmallVec;

use crate::{
    id::{MemberId, SessionId},
    log::{Op, Set, To},
    members::{Member, Members},
    policy::{Policy, Slow},
    recipient::{Batch, Entry},
    tally::Tallies,
};

/// What came of a fan-out.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) deliveries: u64,
    pub(crate) calls: u64,
    /// Slots of the recipients that panicked.
    pub(crate) panicked: Vec<u32>,
}

/// Delivers a run of publications, between which nobody joined or left.
pub(crate) fn deliver(posts: &[Op], members: &Members, slow: &Slow, shards: u32) -> Outcome {
    let posts = || posts.iter().filter_map(Op::post);
    let Some(first) = posts().next() else {
        return Outcome::default();
    };
    let mut fanout = Fanout {
        members,
        tallies: &slow.tallies,
        shards,
        excepted: SmallVec::new(),
        outcome: Outcome::default(),
    };

    let mut entries: Vec<Entry<'_>> = Vec::with_capacity(posts().count());
    let mut alike = true;
    for post in posts() {
        let policy = match entries.last() {
            Some(before) if before.post.to == post.to => before.policy,
            _ => post
                .to
                .first_room()
                .map_or_else(Policy::default, |room| slow.policies.of(room)),
        };
        alike &= post.to == first.to;
        fanout.excepted.extend_from_slice(&post.except);
        entries.push(Entry::new(post, policy));
    }
    fanout.excepted.sort_unstable();
    fanout.excepted.dedup();

    if alike {
        let mut scratch = Vec::new();
        let slots = fanout.audience(&first.to, &mut scratch);
        fanout.hand_out(&Batch::all(&entries, &slow.tallies), slots);
    } else {
        fanout.mixed(&entries);
    }
    fanout.outcome
}

struct Fanout<'a> {
    members: &'a Members,
    tallies: &'a Tallies,
    shards: u32,
    /// Every session that some publication is kept from, sorted; one of them mostly.
    excepted: SmallVec<[SessionId; 4]>,
    outcome: Outcome,
}

impl<'a> Fanout<'a> {
    /// One batch for all of these members; the hot loop of the crate.
    fn hand_out(&mut self, batch: &Batch<'_>, slots: &[u32]) {
        let size = batch.len() as u64;
        let mut own = Vec::new();
        let mut next = 0;
        while next < slots.len() {
            // Around the loop rather than around each call, so that the usual case, nobody panics, pays for it once.
            let all = catch_unwind(AssertUnwindSafe(|| {
                while let Some(&slot) = slots.get(next) {
                    next += 1;
                    let Some(member) = self.members.member(slot) else {
                        continue;
                    };
                    if self.excepted.is_empty() || !self.is_excepted(member.session) {
                        self.outcome.calls += 1;
                        self.outcome.deliveries += size;
                        member.recipient.deliver(batch);
                    } else {
                        self.hand_rest(batch, member, &mut own);
                    }
                }
            }));
            if all.is_err() {
                self.outcome.panicked.push(slots[next - 1]);
            }
        }
    }

    fn is_excepted(&self, session: SessionId) -> bool {
        match &*self.excepted {
            [only] => *only == session,
            many => many.binary_search(&session).is_ok(),
        }
    }

    /// For a member whose session is kept from some of it.
    #[cold]
    fn hand_rest(&mut self, batch: &Batch<'_>, member: &Member, own: &mut Vec<u32>) {
        batch.picks_for(member.session, own);
        if own.is_empty() {
            return;
        }
        self.outcome.calls += 1;
        self.outcome.deliveries += own.len() as u64;
        if own.len() == batch.len() {
            member.recipient.deliver(batch);
        } else {
            member
                .recipient
                .deliver(&Batch::picked(batch.entries(), own, self.tallies));
        }
    }

    /// Different targets: finds out who gets what, then serves those together who get the same.
    fn mixed(&mut self, entries: &[Entry<'_>]) {
        let mut groups: HashMap<&To, u32> = HashMap::new();
        let mut picks_of: Vec<Vec<u32>> = Vec::new();
        let mut gets: Vec<(u32, u32)> = Vec::new(); // slot, group
        let mut scratch = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let to = &entry.post.to;
            let group = *groups.entry(to).or_insert_with(|| {
                let group = picks_of.len() as u32;
                picks_of.push(Vec::new());
                gets.extend(self.audience(to, &mut scratch).iter().map(|&slot| (slot, group)));
                group
            });
            picks_of[group as usize].push(index as u32);
        }

        gets.sort_unstable();
        let mut each: Vec<&[(u32, u32)]> = gets.chunk_by(|a, b| a.0 == b.0).collect();
        let groups_of = |gets: &[(u32, u32)]| {
            gets.iter()
                .map(|&(_, group)| group)
                .collect::<SmallVec<[u32; 8]>>()
        };
        each.sort_by(|a, b| a.iter().map(|g| g.1).cmp(b.iter().map(|g| g.1)));
        let mut slots = Vec::new();
        for same in each.chunk_by(|a, b| a.iter().map(|g| g.1).eq(b.iter().map(|g| g.1))) {
            slots.clear();
            slots.extend(same.iter().map(|gets| gets[0].0));
            match &groups_of(same[0])[..] {
                [only] => self.hand_out(
                    &Batch::picked(entries, &picks_of[*only as usize], self.tallies),
                    &slots,
                ),
                several => {
                    let mut picks: Vec<u32> = several
                        .iter()
                        .flat_map(|&group| &picks_of[group as usize])
                        .copied()
                        .collect();
                    picks.sort_unstable();
                    self.hand_out(&Batch::picked(entries, &picks, self.tallies), &slots);
                }
            }
        }
    }

    /// The slots of a target's members, each once.
    fn audience<'s>(&self, to: &To, scratch: &'s mut Vec<u32>) -> &'s [u32]
    where
        'a: 's,
    {
        match to {
            To::Room(room) => self.members.of(room),
            To::Member(id) => {
                scratch.clear();
                scratch.extend(self.slot(*id));
                scratch
            }
            To::Set(set) => {
                self.union(set, scratch);
                scratch
            }
        }
    }

    /// Where this member is, if it is still here, and in this shard at all.
    fn slot(&self, id: MemberId) -> Option<u32> {
        let slot = id.place() / self.shards;
        let member = self.members.member(slot)?;
        (member.id == id).then_some(slot)
    }

    fn union(&self, set: &Set, into: &mut Vec<u32>) {
        into.clear();
        match &set.rooms {
            None => into.extend(self.members.all()),
            Some(rooms) => into.extend(rooms.iter().flat_map(|room| self.members.of(room))),
        }
        into.extend(set.members.iter().filter_map(|member| self.slot(*member)));
        into.sort_unstable();
        into.dedup();
        if !set.except.is_empty() {
            let mut except: Vec<u32> = set
                .except
                .iter()
                .flat_map(|room| self.members.of(room))
                .copied()
                .collect();
            except.sort_unstable();
            into.retain(|slot| except.binary_search(slot).is_err());
        }
    }
}
