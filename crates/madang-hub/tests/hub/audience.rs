//! Who gets this, except whom: the hub against a model that a reader can check by eye.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::Arc,
};

use madang_hub::{Flusher, Hub, Limits, Membership, RoomName, SessionId};
use proptest::prelude::*;

use crate::common::{Recorder, number, room, turn};

const ROOMS: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Clone, Debug)]
enum Step {
    Enter {
        session: u128,
        shard: usize,
    },
    Exit {
        member: usize,
    },
    Join {
        member: usize,
        room: usize,
    },
    Leave {
        member: usize,
        room: usize,
    },
    Say {
        member: usize,
        room: usize,
    },
    Publish {
        to: Option<Vec<usize>>,
        except: Vec<usize>,
        sessions: Vec<u128>,
    },
    Send {
        member: usize,
    },
    Flush {
        shard: usize,
    },
    Ask,
}

fn step() -> impl Strategy<Value = Step> {
    let member = || 0..12usize;
    let room = || 0..ROOMS.len();
    let session = || 0..5u128;
    let publish = (
        prop::option::weighted(0.8, prop::collection::vec(room(), 1..4)),
        prop::collection::vec(room(), 0..2),
        prop::collection::vec(session(), 0..3),
    );
    prop_oneof![
        3 => (session(), 0..3usize).prop_map(|(session, shard)| Step::Enter { session, shard }),
        1 => member().prop_map(|member| Step::Exit { member }),
        5 => (member(), room()).prop_map(|(member, room)| Step::Join { member, room }),
        2 => (member(), room()).prop_map(|(member, room)| Step::Leave { member, room }),
        8 => (member(), room()).prop_map(|(member, room)| Step::Say { member, room }),
        5 => publish.prop_map(|(to, except, sessions)| Step::Publish { to, except, sessions }),
        2 => member().prop_map(|member| Step::Send { member }),
        2 => (0..3usize).prop_map(|shard| Step::Flush { shard }),
        1 => Just(Step::Ask),
    ]
}

/// Everyone who ever entered, in order; who has left has no rooms and no membership.
struct World {
    hub: Hub,
    flushers: Vec<Flusher>,
    rooms: Vec<RoomName>,
    members: Vec<Someone>,
    said: u64,
}

struct Someone {
    session: u128,
    rooms: BTreeSet<usize>,
    expected: Vec<u64>,
    recorder: Arc<Recorder>,
    id: madang_hub::MemberId,
    membership: Option<Membership>,
}

impl World {
    fn new(shards: usize, turn_log: usize) -> Self {
        let mut limits = Limits::default();
        limits.turn_log = turn_log;
        let (hub, flushers) = Hub::with_limits(NonZeroUsize::new(shards).unwrap(), limits);
        Self {
            hub,
            flushers,
            rooms: ROOMS.map(room).to_vec(),
            members: Vec::new(),
            said: 0,
        }
    }

    /// The model: everyone present whom the predicate names gets the next number.
    fn expect(&mut self, gets: impl Fn(&Someone) -> bool) -> madang_hub::Publication {
        self.said += 1;
        for someone in &mut self.members {
            if someone.membership.is_some() && gets(someone) {
                someone.expected.push(self.said);
            }
        }
        number(self.said)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Enter { session, shard } => {
                let recorder = Arc::new(Recorder::default());
                let membership = self
                    .hub
                    .enter_shard(shard, SessionId::new(session), recorder.clone());
                self.members.push(Someone {
                    session,
                    rooms: BTreeSet::new(),
                    expected: Vec::new(),
                    recorder,
                    id: membership.id(),
                    membership: Some(membership),
                });
            }
            Step::Exit { member } => {
                if let Some(someone) = self.members.get_mut(member) {
                    someone.membership = None;
                    someone.rooms.clear();
                }
            }
            Step::Join { member, room } => {
                if let Some(Someone {
                    membership: Some(membership),
                    rooms,
                    ..
                }) = self.members.get_mut(member)
                {
                    membership.join(&self.rooms[room]).unwrap();
                    rooms.insert(room);
                }
            }
            Step::Leave { member, room } => {
                if let Some(Someone {
                    membership: Some(membership),
                    rooms,
                    ..
                }) = self.members.get_mut(member)
                {
                    membership.leave(&self.rooms[room]);
                    rooms.remove(&room);
                }
            }
            Step::Say { member, room } => {
                let Some(Someone {
                    membership: Some(_),
                    session,
                    ..
                }) = self.members.get(member)
                else {
                    return;
                };
                let session = *session;
                let publication =
                    self.expect(|someone| someone.rooms.contains(&room) && someone.session != session);
                let membership = self.members[member].membership.as_ref().unwrap();
                membership.publish(&self.rooms[room], publication);
            }
            Step::Publish { to, except, sessions } => {
                let publication = self.expect(|someone| {
                    to.as_ref()
                        .is_none_or(|to| to.iter().any(|room| someone.rooms.contains(room)))
                        && !except.iter().any(|room| someone.rooms.contains(room))
                        && !sessions.contains(&someone.session)
                });
                let mut target = match to.as_deref() {
                    None => self.hub.everyone(),
                    Some([first, more @ ..]) => more
                        .iter()
                        .fold(self.hub.to(&self.rooms[*first]), |target, room| {
                            target.to(&self.rooms[*room])
                        }),
                    Some([]) => unreachable!("a target has a room"),
                };
                target = except
                    .iter()
                    .fold(target, |target, room| target.except(&self.rooms[*room]));
                target = sessions
                    .iter()
                    .fold(target, |target, s| target.except_session(SessionId::new(*s)));
                target.publish(publication);
            }
            Step::Send { member } => {
                let Some(id) = self.members.get(member).map(|someone| someone.id) else {
                    return;
                };
                let publication = self.expect(|someone| someone.id == id);
                self.hub.send(id, publication);
            }
            Step::Flush { shard } => {
                let shard = shard % self.flushers.len();
                assert!(turn(&mut self.flushers[shard]).is_pending());
            }
            Step::Ask => self.check_rooms(),
        }
    }

    fn check_rooms(&self) {
        for (index, room) in self.rooms.iter().enumerate() {
            let inside = self
                .members
                .iter()
                .filter(|someone| someone.rooms.contains(&index));
            let expected: BTreeMap<_, _> = inside
                .map(|someone| (someone.id, SessionId::new(someone.session)))
                .collect();
            let listed = self.hub.members(room);
            assert_eq!(self.hub.member_count(room), listed.len());
            assert_eq!(listed.into_iter().collect::<BTreeMap<_, _>>(), expected);
        }
        for someone in &self.members {
            let Some(membership) = &someone.membership else {
                continue;
            };
            let names: BTreeSet<_> = membership.rooms().into_iter().collect();
            assert_eq!(
                names,
                someone
                    .rooms
                    .iter()
                    .map(|room| self.rooms[*room].clone())
                    .collect()
            );
        }
    }

    fn check_delivered(&self) {
        for (index, someone) in self.members.iter().enumerate() {
            assert_eq!(someone.recorder.numbers(), someone.expected, "member {index}");
        }
        let stats = self.hub.stats();
        assert_eq!(stats.published, self.said);
        assert_eq!(
            stats.deliveries,
            self.members
                .iter()
                .map(|someone| someone.expected.len() as u64)
                .sum()
        );
        assert_eq!(
            stats.calls,
            self.members
                .iter()
                .map(|someone| someone.recorder.calls().len() as u64)
                .sum()
        );
        assert_eq!(
            stats.members,
            self.members
                .iter()
                .filter(|someone| someone.membership.is_some())
                .count()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Each recipient gets exactly what it should, once, in publish order, whenever the flushers happen to run.
    #[test]
    fn everyone_gets_what_the_model_says(
        shards in 1..4usize,
        turn_log in prop_oneof![2 => Just(1 << 20), 1 => 0..2000usize],
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut world = World::new(shards, turn_log);
        for step in steps {
            world.take(step);
        }
        world.flushers.iter_mut().for_each(|flusher| assert!(turn(flusher).is_pending()));
        world.check_delivered();
        world.check_rooms();

        // When all have left, nothing remains of them or of their rooms.
        world.members.iter_mut().for_each(|someone| someone.membership = None);
        let stats = world.hub.stats();
        prop_assert_eq!((stats.members, stats.rooms), (0, 0));
    }

    /// As long as nobody joins or leaves, a turn is one call per recipient, whatever was published in it.
    #[test]
    fn a_turn_is_one_call(
        rooms in prop::collection::vec(prop::collection::btree_set(0..ROOMS.len(), 0..3), 1..8),
        says in prop::collection::vec((0..8usize, 0..ROOMS.len()), 1..20),
    ) {
        let mut world = World::new(1, 1 << 20);
        for (member, rooms) in rooms.iter().enumerate() {
            world.take(Step::Enter { session: member as u128, shard: 0 });
            rooms.iter().for_each(|&room| world.take(Step::Join { member, room }));
        }
        for (member, room) in says {
            world.take(Step::Say { member: member % rooms.len(), room });
        }
        world.take(Step::Flush { shard: 0 });
        for someone in &world.members {
            prop_assert_eq!(someone.recorder.calls().len(), usize::from(!someone.expected.is_empty()));
        }
        world.check_delivered();
    }
}

#[test]
fn single_members_are_targets_beside_rooms_and_get_it_once() {
    let (hub, flushers) = Hub::sharded(NonZeroUsize::new(3).unwrap());
    let [yard, ban] = ["yard", "ban"].map(room);
    let members: Vec<_> = (0..6)
        .map(|n| {
            let recorder = Arc::new(Recorder::default());
            (recorder.clone(), hub.enter(SessionId::new(n), recorder))
        })
        .collect();
    members[0].1.join(&yard).unwrap();
    members[1].1.join(&yard).unwrap();
    members[3].1.join(&ban).unwrap();
    let [in_room, outside, banned] = [1, 2, 3].map(|n: usize| members[n].1.id());
    hub.nobody().publish(number(1));
    hub.nobody().to_member(outside).publish(number(2));
    hub.nobody()
        .to(&yard)
        .to_member(in_room)
        .to_member(outside)
        .publish(number(3));
    hub.to(&yard).to_member(banned).except(&ban).publish(number(4));
    hub.nobody()
        .to_member(outside)
        .except_session(SessionId::new(2))
        .publish(number(5));
    hub.everyone().to_member(outside).publish(number(6));
    for mut flusher in flushers {
        assert!(turn(&mut flusher).is_pending());
    }
    let heard: Vec<_> = members.iter().map(|(recorder, _)| recorder.numbers()).collect();
    let expected: [&[u64]; 6] = [&[3, 4, 6], &[3, 4, 6], &[2, 3, 6], &[6], &[6], &[6]];
    assert_eq!(heard, expected);
}
