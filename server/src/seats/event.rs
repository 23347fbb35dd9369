//! What is sold, and by which rules.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::PLACES_LIMIT;
use super::refused::too_many_places;
use super::values::{EventId, PlaceId};

/// An event: seats for one evening, or tables for many.
#[derive(Clone, Debug)]
pub struct Event {
    id: EventId,
    edition: i64,
    about: About,
    spots: Arc<[Spot]>,
    index: Arc<HashMap<PlaceId, usize>>,
}

/// All of it but its seats or tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What it is called.
    pub title: Bilingual,
    /// Where it is.
    pub venue: Bilingual,
    /// When it begins, in milliseconds since 1970-01-01 UTC.
    pub starts_at: i64,
    /// What it is paid in (ISO 4217).
    pub currency: String,
    /// How it is sold.
    pub rules: Rules,
    /// Whether whoever runs it has closed it.
    #[serde(default)]
    pub closed: bool,
    /// What is sold.
    pub shape: Shape,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bilingual {
    /// In English.
    pub en: String,
    /// In Korean.
    pub ko: String,
}

/// How an event is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How long a hold lasts.
    pub hold_seconds: u32,
    /// How long an offer to somebody who has waited stands.
    pub offer_seconds: u32,
    /// How many places one person may hold at once.
    pub hold_limit: u32,
    /// Whether what costs something is paid for before it's sold.
    pub payment: bool,
}

/// What is sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Seats, in sections.
    Seats(Vec<Section>),
    /// Tables, for a time.
    Tables(Opening),
}

/// Seats of one price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its id.
    pub section: String,
    /// What it is called.
    pub name: Bilingual,
    /// What a seat costs, in the currency's smallest unit.
    pub price: i64,
}

/// When tables can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Minutes of a slot.
    pub slot_minutes: u16,
    /// Slots that somebody stays, or fewer if it closes.
    pub stay_slots: u16,
    /// When it opens, in minutes since midnight.
    pub opens: u16,
    /// When it closes.
    pub closes: u16,
    /// For how many days ahead, today included.
    pub days: u16,
    /// Minutes that its clock is ahead of UTC.
    pub utc_offset_minutes: i16,
}

/// A seat, or a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Its id: a seat is a place; a table is one in each slot.
    pub id: PlaceId,
    /// A seat's section.
    pub section: String,
    /// A seat's row, or what a table is called.
    pub row: String,
    /// A seat's number in its row.
    pub number: i32,
    /// Where it is on the map, from the left.
    pub x: i32,
    /// And from the top.
    pub y: i32,
    /// Whether a wheelchair gets there.
    pub accessible: bool,
    /// Whether it isn't for sale.
    pub blocked: bool,
    /// People that a table is for, at least.
    pub min: i32,
    /// And at most.
    pub max: i32,
}

impl Event {
    /// An event with its seats or tables.
    ///
    /// # Errors
    /// What is wrong with it: two with one id, a seat in no section, too many.
    pub fn new(id: EventId, about: About, spots: Vec<Spot>) -> Result<Self, String> {
        if spots.len() > PLACES_LIMIT {
            return Err(too_many_places());
        }
        let mut index = HashMap::with_capacity(spots.len());
        for (n, spot) in spots.iter().enumerate() {
            if index.insert(spot.id.clone(), n).is_some() {
                return Err(format!("{} is there twice", spot.id));
            }
            match &about.shape {
                Shape::Seats(sections) if sections.iter().all(|section| section.section != spot.section) => {
                    return Err(format!("{} is in no section", spot.id));
                }
                // Seventeen characters of a slot stand behind its id.
                Shape::Tables(_) if spot.id.as_str().len() + 17 > PlaceId::MAX_LEN => {
                    return Err(format!("{} is too long for a table", spot.id));
                }
                _ => {}
            }
        }
        if let Shape::Tables(opening) = &about.shape
            && (opening.slot_minutes == 0 || opening.stay_slots == 0 || opening.closes > 24 * 60)
        {
            return Err("slots take time, and end with their day".to_owned());
        }
        Ok(Self {
            id,
            edition: 0,
            about,
            spots: spots.into(),
            index: Arc::new(index),
        })
    }

    /// The same event with what has been changed about it since: as many times as its edition says.
    #[must_use]
    pub fn renewed(&self, edition: i64, about: About) -> Self {
        Self {
            edition,
            about,
            ..self.clone()
        }
    }

    /// How often what is known about it has changed.
    pub fn edition(&self) -> i64 {
        self.edition
    }

    /// Its id.
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// All of it but its seats or tables.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// How it is sold.
    pub fn rules(&self) -> Rules {
        self.about.rules
    }

    /// Whether nothing more of it is sold at a time: it was closed, or it has begun. Tables are sold as long as there are slots to come.
    pub fn is_closed(&self, now: i64) -> bool {
        self.about.closed || (self.opening().is_none() && now >= self.about.starts_at)
    }

    /// Its seats, or tables.
    pub fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// One of them.
    pub fn spot(&self, id: &PlaceId) -> Option<&Spot> {
        self.index.get(id).and_then(|n| self.spots.get(*n))
    }

    /// Its sections; tables have none.
    pub fn sections(&self) -> &[Section] {
        match &self.about.shape {
            Shape::Seats(sections) => sections,
            Shape::Tables(_) => &[],
        }
    }

    /// When its tables can be had; seats are for its one evening.
    pub fn opening(&self) -> Option<&Opening> {
        match &self.about.shape {
            Shape::Seats(_) => None,
            Shape::Tables(opening) => Some(opening),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seats::samples;

    fn with(change: impl FnOnce(&mut About, &mut Vec<Spot>)) -> Result<Event, String> {
        let [_, premiere, _] = &*samples(0) else {
            panic!("three samples")
        };
        let (mut about, mut spots) = (premiere.about().clone(), premiere.spots().to_vec());
        change(&mut about, &mut spots);
        Event::new(premiere.id().clone(), about, spots)
    }

    #[test]
    fn an_event_has_so_many_places() {
        let fill = |many: usize| {
            with(|_, spots| {
                let seat = spots[0].clone();
                let id = |n: usize| format!("A-{n}").parse().unwrap();
                *spots = (0..many)
                    .map(|n| Spot {
                        id: id(n),
                        ..seat.clone()
                    })
                    .collect();
            })
        };
        assert!(fill(PLACES_LIMIT).is_ok());
        assert_eq!(fill(PLACES_LIMIT + 1).unwrap_err(), too_many_places());
    }

    #[test]
    fn seats_are_sold_until_it_begins_and_tables_for_as_long_as_it_is_open() {
        let [concert, _, table] = &*samples(0) else {
            panic!("three samples")
        };
        let begins = concert.about().starts_at;
        assert_eq!(
            [begins - 1, begins].map(|now| concert.is_closed(now)),
            [false, true]
        );
        assert!(!table.is_closed(table.about().starts_at + 1));
        let closed = About {
            closed: true,
            ..table.about().clone()
        };
        assert!(table.renewed(1, closed).is_closed(0));
    }

    #[test]
    fn a_plan_that_cannot_be_sold_is_none() {
        assert!(
            with(|_, spots| spots[1].id = spots[0].id.clone()).is_err(),
            "twice"
        );
        assert!(with(|_, spots| spots[0].section = "nowhere".to_owned()).is_err());
        let opening = Opening {
            slot_minutes: 60,
            stay_slots: 2,
            opens: 0,
            closes: 24 * 60,
            days: 1,
            utc_offset_minutes: 0,
        };
        let tables = |opening, id: &str| {
            with(|about, spots| {
                about.shape = Shape::Tables(opening);
                spots[0].id = id.parse().unwrap();
            })
        };
        assert!(tables(opening, "T1").is_ok());
        assert!(
            tables(opening, &"T".repeat(24)).is_err(),
            "no slot fits behind it"
        );
        assert!(
            tables(
                Opening {
                    slot_minutes: 0,
                    ..opening
                },
                "T1"
            )
            .is_err()
        );
        assert!(
            tables(
                Opening {
                    closes: 24 * 60 + 1,
                    ..opening
                },
                "T1"
            )
            .is_err()
        );
    }
}
