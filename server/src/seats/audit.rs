//! The audit log of an event: a chain of changes, each with the hash of the one before. The map can be rebuilt from it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::values::{EventId, HoldId, PlaceId};
use crate::chat::Sender;

/// What stands for the hash before the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Whose places are that are blocked, as the public id of a session that nobody has.
pub const ORGANISER: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// What happened to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Somebody holds it.
    Held,
    /// It is offered to somebody who has waited.
    Offered,
    /// Its hold has more time.
    Extended,
    /// It is sold.
    Sold,
    /// Its hold was given up.
    Released,
    /// Its hold's time was up.
    Expired,
    /// The organiser keeps it from everybody.
    Blocked,
    /// And doesn't any more.
    Unblocked,
}

/// A change on its way into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which place.
    pub place: PlaceId,
    /// How often it has changed, this included.
    pub version: i64,
    /// Whose hold it is about.
    pub who: Sender,
    /// What happened.
    pub what: What,
    /// By what: a command, a payment, the time.
    pub why: String,
    /// Which hold.
    pub hold: HoldId,
    /// Until when the place is kept, where it is for a time.
    pub until: Option<i64>,
    /// When, by the database's clock.
    pub at: i64,
}

/// A change in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log, from 1, without a gap.
    pub number: i64,
    /// What it says.
    pub change: Change,
    /// The hash of the entry before.
    pub previous: String,
    /// Its own: SHA-256, in hexadecimal, of all the rest.
    pub hash: String,
}

/// The end of a log, where the next change is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whose log it is.
    pub event: EventId,
    /// Number of the last entry.
    pub number: i64,
    /// Its hash.
    pub hash: String,
}

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceState {
    /// Anybody may have it.
    Free,
    /// Somebody holds it for a time.
    Held,
    /// It is somebody's.
    Sold,
    /// Nobody may have it.
    Blocked,
}

/// How a place stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is; whether its time is up, [`Standing::state`] says.
    state: PlaceState,
    /// Whose it is, if it's somebody's.
    pub holder: Option<Sender>,
    /// By which hold.
    pub hold: Option<HoldId>,
    /// Until when, if it is for a time.
    pub until: Option<i64>,
    /// How often it has changed.
    pub version: i64,
}

/// A log that isn't one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("entry {number} {why}")]
pub struct Broken {
    /// Which entry.
    pub number: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Chain {
    /// The log of an event to which nothing has happened.
    pub fn new(event: EventId) -> Self {
        Self {
            event,
            number: 0,
            hash: GENESIS.to_owned(),
        }
    }

    /// Adds a change.
    pub fn append(&mut self, change: Change) -> Entry {
        let number = self.number + 1;
        let hash = hash(&self.event, number, &change, &self.hash);
        self.number = number;
        let previous = std::mem::replace(&mut self.hash, hash.clone());
        Entry {
            number,
            change,
            previous,
            hash,
        }
    }
}

/// The map that a whole log leads to: every place to which something has happened.
///
/// # Errors
/// The first entry that isn't what follows from those before.
pub fn rebuild<'a>(
    event: &EventId,
    log: impl IntoIterator<Item = &'a Entry>,
) -> Result<BTreeMap<PlaceId, Standing>, Broken> {
    let mut chain = Chain::new(event.clone());
    let mut map: BTreeMap<PlaceId, Standing> = BTreeMap::new();
    for entry in log {
        let broken = |why| Broken {
            number: entry.number,
            why,
        };
        if chain.append(entry.change.clone()) != *entry {
            return Err(broken("isn't the next, or was changed"));
        }
        let before = map.entry(entry.change.place.clone()).or_default();
        before.check(&entry.change).map_err(broken)?;
        *before = Standing::after(&entry.change);
    }
    Ok(map)
}

impl Standing {
    /// How a place stands after a change.
    pub fn after(change: &Change) -> Self {
        let state = match change.what {
            What::Held | What::Offered | What::Extended => PlaceState::Held,
            What::Sold => PlaceState::Sold,
            What::Blocked => PlaceState::Blocked,
            What::Released | What::Expired | What::Unblocked => PlaceState::Free,
        };
        let is_free = state == PlaceState::Free;
        Self {
            state,
            holder: (!is_free).then_some(change.who),
            hold: (!is_free).then_some(change.hold),
            until: change.until,
            version: change.version,
        }
    }

    /// What it is at a time: what is held is free when its time is up.
    pub fn state(&self, now: i64) -> PlaceState {
        match self.until {
            Some(until) if self.state == PlaceState::Held && until <= now => PlaceState::Free,
            _ => self.state,
        }
    }

    /// Whether a change may follow: one owner at a time, who held before they bought.
    fn check(&self, change: &Change) -> Result<(), &'static str> {
        if change.version != self.version + 1 {
            return Err("isn't the place's next change");
        }
        let own = self.hold == Some(change.hold) && self.holder == Some(change.who);
        match change.what {
            What::Held | What::Offered | What::Blocked if self.state != PlaceState::Free => {
                Err("takes what isn't free")
            }
            What::Held | What::Offered | What::Blocked => Ok(()),
            What::Unblocked if self.state != PlaceState::Blocked => Err("gives back what isn't blocked"),
            What::Unblocked if !own => Err("is about another block"),
            What::Unblocked => Ok(()),
            _ if self.state != PlaceState::Held => Err("is about a place that nobody holds"),
            _ if !own => Err("is about somebody else's place"),
            What::Sold if self.until.is_none_or(|until| change.at >= until) => {
                Err("comes when the time was up")
            }
            _ => Ok(()),
        }
    }
}

impl Default for Standing {
    /// A place to which nothing has happened.
    fn default() -> Self {
        Self {
            state: PlaceState::Free,
            holder: None,
            hold: None,
            until: None,
            version: 0,
        }
    }
}

impl What {
    const ALL: [Self; 8] = [
        Self::Held,
        Self::Offered,
        Self::Extended,
        Self::Sold,
        Self::Released,
        Self::Expired,
        Self::Blocked,
        Self::Unblocked,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Offered => "offered",
            Self::Extended => "extended",
            Self::Sold => "sold",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Blocked => "blocked",
            Self::Unblocked => "unblocked",
        }
    }

    /// Every kind.
    pub const fn all() -> [Self; 8] {
        Self::ALL
    }
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|what| what.as_str() == text);
        known.ok_or_else(|| format!("{text} never happens to a place"))
    }
}

/// Of a JSON array, in which no field can be taken for another.
fn hash(event: &EventId, number: i64, change: &Change, previous: &str) -> String {
    let Change {
        place,
        version,
        who,
        what,
        why,
        hold,
        until,
        at,
    } = change;
    let who = who.to_string();
    let json = serde_json::to_vec(&(
        previous, event, number, place, version, who, what, why, hold, until, at,
    ))
    .unwrap_or_else(|error| unreachable!("numbers and texts can be written: {error}"));
    let mut hash = String::with_capacity(GENESIS.len());
    for byte in Sha256::digest(json) {
        // A text takes all that is written.
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Session;

    fn change(place: &str, version: i64, who: u128, what: What, at: i64) -> Change {
        Change {
            place: place.parse().unwrap(),
            version,
            who: Session::new(who).sender(),
            what,
            why: "test".to_owned(),
            hold: HoldId::new(who),
            until: matches!(what, What::Held | What::Offered | What::Extended).then_some(at + 100),
            at,
        }
    }

    fn log(changes: &[Change]) -> Vec<Entry> {
        let mut chain = Chain::new(event());
        changes
            .iter()
            .cloned()
            .map(|change| chain.append(change))
            .collect()
    }

    fn event() -> EventId {
        "hall".parse().unwrap()
    }

    fn story() -> Vec<Change> {
        vec![
            change("A-1", 1, 1, What::Held, 0),
            change("A-2", 1, 1, What::Held, 0),
            change("A-1", 2, 1, What::Extended, 50),
            change("A-1", 3, 1, What::Sold, 120),
            change("A-2", 2, 1, What::Expired, 150),
            change("A-2", 3, 2, What::Offered, 150),
        ]
    }

    #[test]
    fn the_map_is_what_the_log_leads_to() {
        let map = rebuild(&event(), &log(&story())).unwrap();
        let at = |place: &str| map[&place.parse::<PlaceId>().unwrap()].clone();
        assert_eq!(at("A-1").state(1000), PlaceState::Sold);
        assert_eq!(at("A-1").holder, Some(Session::new(1).sender()));
        assert_eq!((at("A-2").state(200), at("A-2").version), (PlaceState::Held, 3));
        assert_eq!(at("A-2").state(250), PlaceState::Free, "its time is up");
    }

    #[test]
    fn what_is_blocked_is_nobody_s_until_it_is_given_back() {
        let blocked = || change("A-1", 1, 0, What::Blocked, 0);
        let at = |log: &[Entry]| {
            let map = rebuild(&event(), log).unwrap();
            map[&"A-1".parse::<PlaceId>().unwrap()].state(1)
        };
        assert_eq!(at(&log(&[blocked()])), PlaceState::Blocked);
        let back = change("A-1", 2, 0, What::Unblocked, 1);
        assert_eq!(at(&log(&[blocked(), back.clone()])), PlaceState::Free);
        let why = |changes: &[Change]| rebuild(&event(), &log(changes)).unwrap_err().why;
        for taken in [What::Held, What::Offered, What::Blocked] {
            assert_eq!(
                why(&[blocked(), change("A-1", 2, 1, taken, 1)]),
                "takes what isn't free"
            );
        }
        let sold = change("A-1", 2, 0, What::Sold, 1);
        assert_eq!(why(&[blocked(), sold]), "is about a place that nobody holds");
        let other = change("A-1", 2, 1, What::Unblocked, 1);
        assert_eq!(why(&[blocked(), other]), "is about another block");
        let held = change("A-1", 1, 0, What::Held, 0);
        assert_eq!(why(&[held, back]), "gives back what isn't blocked");
    }

    #[test]
    fn whatever_is_changed_in_a_log_is_noticed() {
        let whole = log(&story());
        let broken = |log: &[Entry]| rebuild(&event(), log).unwrap_err().number;
        for n in 0..whole.len() {
            let mut changed = whole.clone();
            changed[n].change.at += 1;
            assert_eq!(broken(&changed), changed[n].number);
            let mut changed = whole.clone();
            changed[n].change.why.push('!');
            assert_eq!(broken(&changed), changed[n].number);
            if n + 1 < whole.len() {
                let mut without = whole.clone();
                without.remove(n);
                assert_eq!(broken(&without), whole[n + 1].number);
                let mut swapped = whole.clone();
                swapped.swap(n, n + 1);
                assert_eq!(broken(&swapped), whole[n + 1].number);
            }
        }
        assert!(
            rebuild(&"other".parse().unwrap(), &whole).is_err(),
            "of another event"
        );
    }

    #[test]
    fn a_log_in_which_somebody_takes_another_s_place_is_none() {
        let held = || change("A-1", 1, 1, What::Held, 0);
        for (why, wrong) in [
            ("takes what isn't free", change("A-1", 2, 2, What::Held, 1)),
            (
                "is about somebody else's place",
                change("A-1", 2, 2, What::Sold, 1),
            ),
            (
                "is about somebody else's place",
                change("A-1", 2, 2, What::Released, 1),
            ),
            ("comes when the time was up", change("A-1", 2, 1, What::Sold, 100)),
            (
                "isn't the place's next change",
                change("A-1", 3, 1, What::Sold, 1),
            ),
            (
                "is about a place that nobody holds",
                change("A-2", 1, 1, What::Sold, 1),
            ),
        ] {
            let broken = rebuild(&event(), &log(&[held(), wrong])).unwrap_err();
            assert_eq!(broken, Broken { number: 2, why });
        }
    }

    #[test]
    fn kinds_survive_being_written() {
        for what in What::ALL {
            assert_eq!(what.as_str().parse(), Ok(what));
            assert_eq!(serde_json::to_value(what).unwrap(), what.as_str());
        }
    }
}
