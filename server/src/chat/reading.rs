//! Up to where everybody has read a room: markers that only move forward.
//!
//! Whoever reads a busy room moves a marker with each message. It is told, and stored, at most once in [`READ_INTERVAL`] for each person.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::person::Person;
use super::values::{Name, Sender};

/// How often it is told up to where somebody has read: as often as somebody notices.
pub const READ_INTERVAL: Duration = Duration::from_secs(1);

/// Readers that a welcome lists, those who have read furthest: more than a page shows.
pub const READERS_LISTED: usize = 200;

/// Readers that a room remembers; beyond, it forgets one who has read least, who is in the database all the same. Else a client could fill the memory by
/// coming under ever new sessions.
pub const READERS_KEPT: usize = 1000;

/// A room's markers.
#[derive(Debug, Default)]
pub struct Reading {
    markers: HashMap<Person, Kept>,
}

/// Up to where somebody has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Who.
    pub person: Person,
    /// The name by which others know them.
    pub name: Name,
    /// The last offset that they have read.
    pub offset: u64,
    /// The session that has moved it; none if that was long ago.
    pub sender: Option<Sender>,
}

/// A marker as others are told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reader<'a> {
    /// Whose.
    pub name: &'a str,
    /// The last offset that they have read.
    pub offset: u64,
}

#[derive(Debug)]
struct Kept {
    marker: Marker,
    /// When it may be told that it has moved; nothing if that has been told.
    due: Option<Instant>,
    told: Option<Instant>,
    /// The furthest that was told.
    told_offset: u64,
}

impl Reading {
    /// What the database says.
    pub fn know(&mut self, marker: Marker) {
        self.advance(marker);
    }

    /// Somebody has read up to an offset: what [`Self::handle_timeout`] tells, perhaps at once. Backwards, nothing happens.
    pub fn read(&mut self, marker: Marker, now: Instant) {
        let person = marker.person;
        if self.advance(marker)
            && let Some(kept) = self.markers.get_mut(&person)
        {
            kept.due = Some(kept.told.map_or(now, |told| now.max(told + READ_INTERVAL)));
        }
    }

    /// Up to where somebody has read; `None` if that isn't known here.
    pub fn offset(&self, person: Person) -> Option<u64> {
        self.markers.get(&person).map(|kept| kept.marker.offset)
    }

    /// Whether somebody of this name has read here.
    pub fn knows(&self, name: &str) -> bool {
        self.markers
            .values()
            .any(|kept| kept.marker.name.as_str() == name)
    }

    /// Up to where the others have read.
    pub fn list(&self, own: Person) -> Vec<Reader<'_>> {
        let others = self.markers.values().map(|kept| &kept.marker);
        let mut readers: Vec<_> = others
            .filter(|marker| marker.person != own)
            .map(|marker| Reader {
                name: marker.name.as_str(),
                offset: marker.offset,
            })
            .collect();
        readers.sort_unstable_by(|one, other| (other.offset, one.name).cmp(&(one.offset, other.name)));
        readers.truncate(READERS_LISTED);
        readers
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.markers.values().filter_map(|kept| kept.due).min()
    }

    /// Hands over the markers that have moved and whose time has come.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<Marker> {
        let due = self
            .markers
            .values_mut()
            .filter(|kept| kept.due.is_some_and(|due| due <= now));
        due.map(|kept| {
            kept.due = None;
            kept.told = Some(now);
            kept.marker.clone()
        })
        .collect()
    }

    /// Whether nobody has been told of a marker that was handed over. From now on they have.
    pub fn is_news(&mut self, marker: &Marker) -> bool {
        let kept = self.markers.get_mut(&marker.person);
        kept.is_some_and(|kept| {
            let is_news = marker.offset > kept.told_offset;
            kept.told_offset = kept.told_offset.max(marker.offset);
            is_news
        })
    }

    /// These couldn't be stored: they are due once more, and where somebody has read further since, that.
    pub fn put_off(&mut self, markers: &[Marker], now: Instant) {
        for marker in markers {
            if let Some(kept) = self.markers.get_mut(&marker.person) {
                kept.due.get_or_insert(now + READ_INTERVAL);
            }
        }
    }

    /// Hands over all that have moved, whether their time has come or not.
    pub fn take_all(&mut self) -> Vec<Marker> {
        let take = |kept: &mut Kept| kept.due.take().map(|_| kept.marker.clone());
        self.markers.values_mut().filter_map(take).collect()
    }

    /// Whether that is further than was known.
    fn advance(&mut self, marker: Marker) -> bool {
        if let Some(kept) = self.markers.get_mut(&marker.person) {
            let further = marker.offset > kept.marker.offset;
            if further {
                kept.marker = marker;
            }
            return further;
        }
        if self.markers.len() >= READERS_KEPT {
            let idle = self.markers.values().filter(|kept| kept.due.is_none());
            let least = idle
                .min_by_key(|kept| kept.marker.offset)
                .map(|kept| kept.marker.person);
            match least {
                Some(person) => drop(self.markers.remove(&person)),
                // All of them have moved within a second: this one comes too late.
                None => return false,
            }
        }
        let kept = Kept {
            marker,
            due: None,
            told: None,
            told_offset: 0,
        };
        self.markers.insert(kept.marker.person, kept);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{AccountId, Session};

    fn marker(n: i64, offset: u64) -> Marker {
        Marker {
            person: Person::Account(AccountId(n)),
            name: format!("n{n}").parse().unwrap(),
            offset,
            sender: Some(Session::new(7).sender()),
        }
    }

    fn told(reading: &mut Reading, now: Instant) -> Vec<u64> {
        reading
            .handle_timeout(now)
            .iter()
            .map(|marker| marker.offset)
            .collect()
    }

    #[test]
    fn a_marker_moves_forward_only() {
        let (mut reading, now) = (Reading::default(), Instant::now());
        let person = marker(1, 0).person;
        assert_eq!(reading.offset(person), None);
        reading.read(marker(1, 5), now);
        reading.read(marker(1, 3), now);
        assert_eq!(told(&mut reading, now), [5]);
        reading.read(marker(1, 5), now);
        reading.know(marker(1, 4));
        assert_eq!((reading.offset(person), reading.poll_timeout()), (Some(5), None));
    }

    #[test]
    fn a_move_is_told_at_once_and_then_once_a_second() {
        let (mut reading, start) = (Reading::default(), Instant::now());
        reading.read(marker(1, 1), start);
        assert_eq!(told(&mut reading, start), [1]);
        for offset in 2..=9 {
            reading.read(marker(1, offset), start);
            assert_eq!(told(&mut reading, start), [0_u64; 0]);
        }
        reading.read(marker(2, 4), start);
        assert_eq!(told(&mut reading, start), [4], "each person for themselves");
        assert_eq!(reading.poll_timeout(), Some(start + READ_INTERVAL));
        assert_eq!(told(&mut reading, start + READ_INTERVAL), [9]);
        assert_eq!(reading.poll_timeout(), None);
        reading.read(marker(1, 10), start + READ_INTERVAL);
        assert_eq!(reading.take_all().len(), 1, "whoever stops doesn't wait");
        assert_eq!(reading.poll_timeout(), None);
    }

    #[test]
    fn a_marker_that_could_not_be_stored_is_due_once_more() {
        let (mut reading, start) = (Reading::default(), Instant::now());
        reading.read(marker(1, 1), start);
        let moved = reading.handle_timeout(start);
        assert!(reading.is_news(&moved[0]));
        reading.put_off(&moved, start);
        assert!(!reading.is_news(&moved[0]), "it has been told, if not stored");
        assert_eq!(reading.poll_timeout(), Some(start + READ_INTERVAL));
        reading.read(marker(1, 2), start);
        assert_eq!(told(&mut reading, start + READ_INTERVAL), [2]);
        assert_eq!(reading.poll_timeout(), None);
    }

    #[test]
    fn what_the_database_knows_is_no_news() {
        let mut reading = Reading::default();
        reading.know(marker(1, 7));
        assert_eq!((reading.poll_timeout(), reading.knows("n1")), (None, true));
        let own = marker(2, 0).person;
        assert_eq!(
            reading.list(own),
            [Reader {
                name: "n1",
                offset: 7
            }]
        );
        assert_eq!(reading.list(marker(1, 0).person), []);
    }

    #[test]
    fn so_many_are_listed_and_so_many_kept_those_who_have_read_furthest() {
        let mut reading = Reading::default();
        for n in 0..=READERS_KEPT as i64 {
            reading.know(marker(n, n as u64 + 1));
        }
        assert_eq!(reading.offset(marker(0, 0).person), None);
        let listed = reading.list(marker(0, 0).person);
        assert_eq!(
            (listed.len(), listed[0].offset),
            (READERS_LISTED, READERS_KEPT as u64 + 1)
        );
        let now = Instant::now();
        for n in 0..=READERS_KEPT as i64 {
            reading.read(marker(n, 5000), now);
        }
        assert_eq!(told(&mut reading, now).len(), READERS_KEPT);
    }
}
