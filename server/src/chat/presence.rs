//! Who is in a room, by distinct name, and who is typing. Kept in memory only.
//!
//! What is known of a name holds for a [`LEASE`]: a name whose last connection was lost stays for that long, so a
//! reconnect shows nobody leaving and returning, and typing that isn't renewed ends by itself.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::event::Event;
use super::values::Name;

/// How long a lost name stays, and how long unrenewed typing counts: a page reconnects within about five seconds,
/// and renews its typing every three.
///
/// It is one length for both so that deadlines fall due in the order in which they were made.
pub const LEASE: Duration = Duration::from_secs(6);

/// How long somebody is shown who looked in: whoever polls is told to come again within ten seconds, and may be late by a [`LEASE`].
pub const LOOK_IN_LEASE: Duration = Duration::from_secs(16);

/// Typing that goes on is told again this often, for those who came later; more often a client can't make it.
pub const TYPING_INTERVAL: Duration = Duration::from_secs(3);

/// So many lost names a room keeps; one more leaves at once. Else a client could fill the memory by coming and going
/// under ever new names.
pub const LOST_NAMES: usize = 1000;

/// Names that a welcome lists: more than a page shows, and small beside what may wait for a reader.
pub const NAMES_LISTED: usize = 1000;

/// A room's names.
#[derive(Debug, Default)]
pub struct Presence {
    names: BTreeMap<Name, Entry>,
    lost: usize,
}

#[derive(Debug, Default)]
struct Entry {
    connections: usize,
    /// Set exactly while there are no connections.
    lost_until: Option<Instant>,
    typing: Option<Typing>,
}

#[derive(Clone, Copy, Debug)]
struct Typing {
    until: Instant,
    told: Instant,
}

impl Presence {
    /// A connection steps in; the event is for the others.
    pub fn join<'a>(&mut self, name: &'a Name) -> Option<Event<'a>> {
        let known = self.names.contains_key(name);
        let entry = self.names.entry(name.clone()).or_default();
        entry.connections += 1;
        if entry.lost_until.take().is_some() {
            self.lost -= 1;
        }
        (!known).then(|| Event::Joined { name: name.as_str() })
    }

    /// A connection said goodbye.
    pub fn leave<'a>(&mut self, name: &'a Name) -> Option<Event<'a>> {
        let entry = self.names.get_mut(name)?;
        entry.connections -= 1;
        if entry.connections > 0 {
            return None;
        }
        self.names.remove(name);
        Some(Event::Left { name: name.as_str() })
    }

    /// A connection broke off without a word. Its name, if it was the last, leaves when the lease has run out; whether it types can't be known any more.
    pub fn lose<'a>(&mut self, name: &'a Name, now: Instant) -> Option<Event<'a>> {
        if self.lost >= LOST_NAMES {
            return self.leave(name);
        }
        let entry = self.names.get_mut(name)?;
        entry.connections -= 1;
        if entry.connections > 0 {
            return None;
        }
        entry.lost_until = Some(now + LEASE);
        self.lost += 1;
        entry.typing.take().map(|_| Event::Typing {
            name: name.as_str(),
            active: false,
        })
    }

    /// Somebody looked in, and has no connection: they stay for a [`LOOK_IN_LEASE`]. The event is for the others.
    pub fn look_in<'a>(&mut self, name: &'a Name, now: Instant) -> Option<Event<'a>> {
        let known = self.names.contains_key(name);
        if !known && self.lost >= LOST_NAMES {
            return None;
        }
        let entry = self.names.entry(name.clone()).or_default();
        if entry.connections == 0 {
            self.lost += usize::from(entry.lost_until.is_none());
            entry.lost_until = entry.lost_until.max(Some(now + LOOK_IN_LEASE));
        }
        (!known).then(|| Event::Joined { name: name.as_str() })
    }

    /// Somebody types, or stopped; the event is for the others.
    pub fn typing<'a>(&mut self, name: &'a Name, active: bool, now: Instant) -> Option<Event<'a>> {
        let entry = self.names.get_mut(name)?;
        let before = entry.typing;
        let told = before
            .map(|typing| typing.told)
            .filter(|told| now < *told + TYPING_INTERVAL);
        entry.typing = active.then(|| Typing {
            until: now + LEASE,
            told: told.unwrap_or(now),
        });
        let news = if active { told.is_none() } else { before.is_some() };
        news.then(|| Event::Typing {
            name: name.as_str(),
            active,
        })
    }

    /// Every name, once; beyond [`NAMES_LISTED`] only so many, `own` among them.
    pub fn list<'a>(&'a self, own: &'a Name) -> Vec<&'a str> {
        let mut names: Vec<_> = self.names.keys().take(NAMES_LISTED).map(Name::as_str).collect();
        if names.len() < self.names.len() && names.binary_search(&own.as_str()).is_err() {
            names.pop();
            names.push(own.as_str());
        }
        names
    }

    /// Whether somebody of this name is here, or expected back.
    pub fn knows(&self, name: &Name) -> bool {
        self.names.contains_key(name)
    }

    /// Whether nobody is here, and nobody is expected back.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.names.values().filter_map(Entry::deadline).min()
    }

    /// Ends every lease that has run out by `now`, and tells the events to `tell`.
    pub fn handle_timeout(&mut self, now: Instant, mut tell: impl FnMut(Event<'_>)) {
        self.names.retain(|name, entry| {
            if entry.lost_until.is_some_and(|until| until <= now) {
                self.lost -= 1;
                tell(Event::Left { name: name.as_str() });
                return false;
            }
            if entry.typing.is_some_and(|typing| typing.until <= now) {
                entry.typing = None;
                tell(Event::Typing {
                    name: name.as_str(),
                    active: false,
                });
            }
            true
        });
    }
}

impl Entry {
    fn deadline(&self) -> Option<Instant> {
        let typing = self.typing.map(|typing| typing.until);
        self.lost_until.into_iter().chain(typing).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_here_while_any_of_its_connections_is() {
        let (kim, mut presence) = (name("Kim"), Presence::default());
        assert!(matches!(presence.join(&kim), Some(Event::Joined { name: "Kim" })));
        assert!(presence.join(&kim).is_none(), "a second tab is no news");
        assert!(presence.leave(&kim).is_none());
        assert_eq!(presence.list(&kim), ["Kim"]);
        assert!(matches!(presence.leave(&kim), Some(Event::Left { name: "Kim" })));
        assert!(presence.is_empty());
    }

    #[test]
    fn a_reconnect_within_the_lease_is_no_news() {
        let (kim, mut presence, start) = (name("Kim"), Presence::default(), Instant::now());
        presence.join(&kim);
        assert!(presence.lose(&kim, start).is_none());
        assert_eq!(presence.poll_timeout(), Some(start + LEASE));
        assert_eq!(
            timeout(&mut presence, start + LEASE - Duration::from_millis(1)),
            Vec::<String>::new()
        );
        assert!(presence.join(&kim).is_none());
        assert_eq!(presence.poll_timeout(), None);
        assert_eq!(timeout(&mut presence, start + LEASE * 2), Vec::<String>::new());
        assert_eq!(presence.list(&kim), ["Kim"]);
    }

    #[test]
    fn a_lost_name_leaves_when_the_lease_has_run_out() {
        let (kim, mut presence, start) = (name("Kim"), Presence::default(), Instant::now());
        presence.join(&kim);
        presence.typing(&kim, true, start);
        assert!(matches!(
            presence.lose(&kim, start),
            Some(Event::Typing { active: false, .. })
        ));
        assert_eq!(
            timeout(&mut presence, start + LEASE),
            [r#"{"type":"left","name":"Kim"}"#]
        );
        assert!(presence.is_empty());
        assert_eq!(presence.poll_timeout(), None);
    }

    #[test]
    fn typing_is_told_once_renewed_now_and_then_and_ends_by_itself() {
        let (kim, mut presence, start) = (name("Kim"), Presence::default(), Instant::now());
        let second = Duration::from_secs(1);
        presence.join(&kim);
        assert!(presence.typing(&kim, false, start).is_none(), "nobody was typing");
        assert!(matches!(
            presence.typing(&kim, true, start),
            Some(Event::Typing {
                name: "Kim",
                active: true
            })
        ));
        assert!(presence.typing(&kim, true, start + second).is_none());
        assert!(presence.typing(&kim, true, start + second * 2).is_none());
        assert!(
            presence.typing(&kim, true, start + TYPING_INTERVAL).is_some(),
            "for those who came later"
        );
        let end = start + TYPING_INTERVAL + LEASE;
        assert_eq!(presence.poll_timeout(), Some(end));
        assert_eq!(timeout(&mut presence, end - second), Vec::<String>::new());
        assert_eq!(
            timeout(&mut presence, end),
            [r#"{"type":"typing","name":"Kim","active":false}"#]
        );
        presence.typing(&kim, true, end);
        assert!(matches!(
            presence.typing(&kim, false, end + second),
            Some(Event::Typing { active: false, .. })
        ));
        assert_eq!(presence.poll_timeout(), None);
    }

    #[test]
    fn who_looks_in_now_and_then_is_here_all_the_time() {
        let (kim, mut presence, start) = (name("Kim"), Presence::default(), Instant::now());
        let second = Duration::from_secs(1);
        assert!(matches!(
            presence.look_in(&kim, start),
            Some(Event::Joined { name: "Kim" })
        ));
        assert!(presence.look_in(&kim, start + second * 10).is_none());
        let end = start + second * 10 + LOOK_IN_LEASE;
        assert_eq!(presence.poll_timeout(), Some(end));
        assert_eq!(timeout(&mut presence, end - second), Vec::<String>::new());
        assert_eq!(timeout(&mut presence, end), [r#"{"type":"left","name":"Kim"}"#]);
        assert!(presence.is_empty());

        // A socket of the same name takes over, and is lost for no longer than any other.
        presence.look_in(&kim, end);
        assert!(presence.join(&kim).is_none());
        assert!(presence.look_in(&kim, end).is_none());
        assert_eq!(presence.poll_timeout(), None);
        presence.lose(&kim, end + second);
        assert_eq!(presence.poll_timeout(), Some(end + second + LEASE));
    }

    #[test]
    fn who_looks_in_under_ever_new_names_is_not_shown_beyond_the_bound() {
        let (mut presence, start) = (Presence::default(), Instant::now());
        for n in 0..LOST_NAMES {
            assert!(presence.look_in(&name(&format!("n{n}")), start).is_some());
        }
        assert!(presence.look_in(&name("one more"), start).is_none());
        assert!(presence.look_in(&name("n0"), start).is_none());
        assert_eq!(timeout(&mut presence, start + LOOK_IN_LEASE).len(), LOST_NAMES);
        assert!(presence.look_in(&name("one more"), start).is_some());
    }

    #[test]
    fn lost_names_beyond_the_bound_leave_at_once() {
        let (mut presence, start) = (Presence::default(), Instant::now());
        for n in 0..LOST_NAMES {
            let name = name(&format!("n{n}"));
            presence.join(&name);
            assert!(presence.lose(&name, start).is_none());
        }
        let one_more = name("one more");
        presence.join(&one_more);
        assert!(matches!(
            presence.lose(&one_more, start),
            Some(Event::Left { .. })
        ));
        presence.join(&name("n0"));
        presence.join(&one_more);
        assert!(
            presence.lose(&one_more, start).is_none(),
            "a returned name makes place"
        );
        assert_eq!(timeout(&mut presence, start + LEASE).len(), LOST_NAMES);
        assert_eq!(presence.list(&name("n0")), ["n0"]);
    }

    #[test]
    fn a_crowd_is_listed_in_part_oneself_included() {
        let mut presence = Presence::default();
        for n in 0..NAMES_LISTED {
            presence.join(&name(&format!("n{n}")));
        }
        let last = name("z");
        assert_eq!(presence.list(&last).len(), NAMES_LISTED);
        presence.join(&last);
        let listed = presence.list(&last);
        assert_eq!((listed.len(), listed.last()), (NAMES_LISTED, Some(&"z")));
        assert_eq!(presence.list(&name("n0")).len(), NAMES_LISTED);
    }

    fn name(name: &str) -> Name {
        name.parse().unwrap()
    }

    fn timeout(presence: &mut Presence, now: Instant) -> Vec<String> {
        let mut events = Vec::new();
        presence.handle_timeout(now, |event| events.push(event.write().json));
        events
    }
}
