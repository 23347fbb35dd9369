//! The members of one shard and the rooms they are in: dense tables, so that a publication walks over memory in order.

use std::{collections::HashMap, sync::Arc};

use smallvec::SmallVec;

use crate::{
    id::{MemberId, RoomName, SessionId},
    recipient::Recipient,
};

/// A member as the flush loop sees it; 64 bytes.
pub(crate) struct Member {
    pub(crate) recipient: Arc<dyn Recipient>,
    pub(crate) session: SessionId,
    pub(crate) id: MemberId,
    seats: SmallVec<[Seat; 2]>,
}

const _: () = assert!(size_of::<Option<Member>>() == 64);

/// Where a member sits: which room, and where in its list, so that leaving needs no search.
#[derive(Clone, Copy)]
struct Seat {
    room: u32,
    at: u32,
}

/// A room that somebody is in; a vacant place in the table otherwise.
struct Room {
    name: Option<RoomName>,
    slots: Vec<u32>,
}

/// Members and rooms of one shard.
#[derive(Default)]
pub(crate) struct Members {
    table: Vec<Option<Member>>,
    present: usize,
    rooms: Vec<Room>,
    vacant: Vec<u32>,
    names: HashMap<RoomName, u32>,
}

impl Members {
    pub(crate) fn len(&self) -> usize {
        self.present
    }

    pub(crate) fn rooms(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn member(&self, slot: u32) -> Option<&Member> {
        self.table.get(slot as usize)?.as_ref()
    }

    /// The slots of everyone in a room.
    pub(crate) fn of(&self, room: &RoomName) -> &[u32] {
        self.names
            .get(room)
            .map_or(&[], |&room| &self.rooms[room as usize].slots)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = u32> {
        self.table
            .iter()
            .enumerate()
            .filter(|(_, member)| member.is_some())
            .map(|(slot, _)| slot as u32)
    }

    pub(crate) fn enter(
        &mut self,
        slot: u32,
        id: MemberId,
        session: SessionId,
        recipient: Arc<dyn Recipient>,
    ) {
        let at = slot as usize;
        if self.table.len() <= at {
            self.table.resize_with(at + 1, || None);
        }
        self.table[at] = Some(Member {
            recipient,
            session,
            id,
            seats: SmallVec::new(),
        });
        self.present += 1;
    }

    /// Also takes the member out of its rooms. The slot may be given to another afterwards.
    pub(crate) fn exit(&mut self, slot: u32) -> Option<Arc<dyn Recipient>> {
        let member = self.table.get_mut(slot as usize)?.take()?;
        self.present -= 1;
        for seat in member.seats {
            self.stand_up(seat);
        }
        while let Some(None) = self.table.last() {
            self.table.pop();
        }
        release(&mut self.table);
        Some(member.recipient)
    }

    pub(crate) fn join(&mut self, slot: u32, name: &RoomName) {
        let Some(Some(member)) = self.table.get_mut(slot as usize) else {
            return;
        };
        let room = match self.names.get(name) {
            Some(&room) => room,
            None => {
                let room = self.vacant.pop().unwrap_or_else(|| {
                    self.rooms.push(Room {
                        name: None,
                        slots: Vec::new(),
                    });
                    self.rooms.len() as u32 - 1
                });
                self.rooms[room as usize].name = Some(name.clone());
                self.names.insert(name.clone(), room);
                room
            }
        };
        if member.seats.iter().any(|seat| seat.room == room) {
            return;
        }
        let slots = &mut self.rooms[room as usize].slots;
        member.seats.push(Seat {
            room,
            at: slots.len() as u32,
        });
        slots.push(slot);
    }

    pub(crate) fn leave(&mut self, slot: u32, name: &RoomName) {
        let Some(&room) = self.names.get(name) else { return };
        let Some(Some(member)) = self.table.get_mut(slot as usize) else {
            return;
        };
        if let Some(index) = member.seats.iter().position(|seat| seat.room == room) {
            let seat = member.seats.swap_remove(index);
            member.seats.shrink_to_fit();
            self.stand_up(seat);
        }
    }

    /// Frees a seat; whoever sat last in the room moves there. The room goes with its last member.
    fn stand_up(&mut self, seat: Seat) {
        let room = &mut self.rooms[seat.room as usize];
        room.slots.swap_remove(seat.at as usize);
        if let Some(&moved) = room.slots.get(seat.at as usize) {
            let seats = self.table[moved as usize]
                .iter_mut()
                .flat_map(|member| &mut member.seats);
            for other in seats.filter(|other| other.room == seat.room) {
                other.at = seat.at;
            }
        }
        release(&mut room.slots);
        if room.slots.is_empty() {
            self.vacate(seat.room);
        }
    }

    fn vacate(&mut self, room: u32) {
        if let Some(name) = self.rooms[room as usize].name.take() {
            self.names.remove(&name);
        }
        self.vacant.push(room);
        if self.names.is_empty() {
            // The only moment when no seat refers to a place in the table.
            (self.rooms, self.vacant, self.names) = Default::default();
        } else if self.names.capacity() > 64 && self.names.len() < self.names.capacity() / 8 {
            self.names.shrink_to(self.names.len() * 2);
        }
    }
}

/// Gives memory back once a table is a quarter full. The distance to the next growth keeps this rare.
fn release<T>(table: &mut Vec<T>) {
    if table.len() < table.capacity() / 4 {
        table.shrink_to(table.len() * 2);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::recipient::Batch;

    struct Nobody;

    impl Recipient for Nobody {
        fn deliver(&self, _batch: &Batch<'_>) {}
    }

    fn crowd(count: u32, rooms: &[RoomName]) -> Members {
        let mut members = Members::default();
        for slot in 0..count {
            let id = MemberId::new(slot, slot);
            members.enter(slot, id, SessionId::new(slot.into()), Arc::new(Nobody));
            rooms.iter().for_each(|room| members.join(slot, room));
        }
        members
    }

    fn name(n: u32) -> RoomName {
        RoomName::try_from(&*format!("room {n}")).expect("a name")
    }

    /// Bytes of all tables, without what a hash table needs besides its entries.
    fn bytes(members: &Members) -> usize {
        let rooms: usize = members.rooms.iter().map(|room| room.slots.capacity() * 4).sum();
        members.table.capacity() * size_of::<Option<Member>>()
            + members.rooms.capacity() * size_of::<Room>()
            + members.names.capacity() * size_of::<(RoomName, u32)>()
            + members.vacant.capacity() * 4
            + rooms
    }

    #[test]
    fn a_member_of_one_room_is_a_few_dozen_bytes() {
        let members = crowd(1 << 14, &[name(0)]);
        let each = bytes(&members) / members.len();
        assert!(each <= 72, "{each} bytes");
        assert!(
            members
                .table
                .iter()
                .flatten()
                .all(|member| !member.seats.spilled())
        );
    }

    #[test]
    fn those_who_left_and_their_rooms_leave_nothing_behind() {
        let mut members = crowd(10_000, &[name(0), name(1)]);
        (1..10_000).for_each(|slot| drop(members.exit(slot)));
        assert!(bytes(&members) < 1024, "{} bytes for one member", bytes(&members));
        members.exit(0);
        assert!(bytes(&members) < 512, "{} bytes for none", bytes(&members));
        assert_eq!((members.len(), members.rooms()), (0, 0));
    }

    #[test]
    fn rooms_that_emptied_make_place_for_others() {
        let mut members = crowd(2, &[name(0)]);
        for n in 1..10_000 {
            members.join(0, &name(n));
            members.leave(0, &name(n));
        }
        assert_eq!(members.rooms(), 1);
        assert!(bytes(&members) < 1024);
    }

    #[test]
    fn many_rooms_that_emptied_give_their_memory_back() {
        let mut members = crowd(1, &[name(0)]);
        (1..5_000).for_each(|n| members.join(0, &name(n)));
        (1..5_000).for_each(|n| members.leave(0, &name(n)));
        assert!(members.names.capacity() <= 128, "{}", members.names.capacity());
        members.leave(0, &name(0));
        assert!(bytes(&members) < 512);
    }
}
