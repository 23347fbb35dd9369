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
