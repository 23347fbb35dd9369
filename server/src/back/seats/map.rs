//! An event's map as JSON.

use serde::Serialize;

use super::office::{Seen, State};
use super::told::{self, Place};
use crate::seats::{Bilingual, Day, Event, Opening, PlaceId, PlaceState, Section, Spot};

/// An event in a list.
#[derive(Debug, Serialize)]
pub(in crate::back) struct Listed {
    event: String,
    title: Bilingual,
    venue: Bilingual,
    mode: &'static str,
    starts_at: i64,
    closed: bool,
    places: usize,
    free: usize,
}

#[derive(Serialize)]
struct Map<'a> {
    event: &'a str,
    title: &'a Bilingual,
    venue: &'a Bilingual,
    mode: &'static str,
    starts_at: i64,
    closed: bool,
    now: i64,
    hold_seconds: u32,
    hold_limit: u32,
    payment: bool,
    position: At,
    #[serde(flatten)]
    plan: Plan<'a>,
}

#[derive(Serialize)]
struct At {
    offset: u64,
    epoch: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Plan<'a> {
    Seats {
        sections: Vec<SectionOfSeats<'a>>,
    },
    Tables {
        slot_minutes: u16,
        stay_slots: u16,
        date: String,
        dates: Vec<String>,
        slots: Vec<String>,
        tables: Vec<Table<'a>>,
        taken: Vec<Place<'a>>,
    },
}

#[derive(Serialize)]
struct SectionOfSeats<'a> {
    #[serde(flatten)]
    section: &'a Section,
    currency: &'a str,
    seats: Vec<Seat<'a>>,
}

#[derive(Serialize)]
struct Seat<'a> {
    row: &'a str,
    number: i32,
    x: i32,
    y: i32,
    accessible: bool,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Serialize)]
struct Table<'a> {
    table: &'a PlaceId,
    name: &'a str,
    min: i32,
    max: i32,
    x: i32,
    y: i32,
    accessible: bool,
}

/// The map; of a restaurant, that of a day.
pub(super) fn map(event: &Event, state: &State, day: Option<Day>) -> Seen {
    let now = state.now();
    let about = event.about();
    let mut taken = 0;
    let mut seen = |place: &Place<'_>| taken += u64::from(place.state != PlaceState::Free);
    let (plan, date) = match event.opening() {
        None => {
            let section = |section| section_of_seats(event, state, section, now, &mut seen);
            let sections = event.sections().iter().map(section).collect();
            (Plan::Seats { sections }, String::new())
        }
        Some(opening) => {
            let days: Vec<_> = days(opening, now).collect();
            let day = day
                .or_else(|| days.first().copied())
                .unwrap_or_else(|| opening.today(now));
            let plan = tables(event, state, opening, &days, day, now, &mut seen);
            // Days and slots go by, and nobody tells it.
            let today = opening.today(now);
            let left = opening.slots(today, now).count();
            (plan, format!(".{day}.{today}.{left}"))
        }
    };
    let position = state.position;
    let closed = event.is_closed(now);
    // Places whose time is up, and an event that begins, are told by nobody.
    let over = if closed { ".closed" } else { "" };
    let tag = format!("\"{}.{}.{taken}{date}{over}\"", position.epoch, position.offset);
    let map = Map {
        event: event.id().as_str(),
        title: &about.title,
        venue: &about.venue,
        mode: mode(event),
        starts_at: about.starts_at,
        closed,
        now,
        hold_seconds: about.rules.hold_seconds,
        hold_limit: about.rules.hold_limit,
        payment: about.rules.payment,
        position: At {
            offset: position.offset,
            epoch: position.epoch.to_string(),
        },
        plan,
    };
    let json = serde_json::to_vec(&map)
        .unwrap_or_else(|error| unreachable!("numbers and texts can be written: {error}"));
    Seen { json, tag }
}

fn section_of_seats<'a>(
    event: &'a Event,
    state: &State,
    section: &'a Section,
    now: i64,
    seen: &mut impl FnMut(&Place<'_>),
) -> SectionOfSeats<'a> {
    let seat = |spot: &'a Spot| {
        let place = told::place(state, &spot.id, now);
        seen(&place);
        Seat {
            row: &spot.row,
            number: spot.number,
            x: spot.x,
            y: spot.y,
            accessible: spot.accessible,
            place,
        }
    };
    let of_section = event
        .spots()
        .iter()
        .filter(|spot| spot.section == section.section);
    SectionOfSeats {
        section,
        currency: &event.about().currency,
        seats: of_section.map(seat).collect(),
    }
}

fn tables<'a>(
    event: &'a Event,
    state: &'a State,
    opening: &Opening,
    days: &[Day],
    day: Day,
    now: i64,
    seen: &mut impl FnMut(&Place<'_>),
) -> Plan<'a> {
    let table = |spot: &'a Spot| Table {
        table: &spot.id,
        name: &spot.row,
        min: spot.min,
        max: spot.max,
        x: spot.x,
        y: spot.y,
        accessible: spot.accessible,
    };
    let mut taken = Vec::new();
    for place in event.places(Some(day), now) {
        if let Some((place, _)) = state.places.get_key_value(&place) {
            let place = told::place(state, place, now);
            if place.state != PlaceState::Free {
                seen(&place);
                taken.push(place);
            }
        }
    }
    Plan::Tables {
        slot_minutes: opening.slot_minutes,
        stay_slots: opening.stay_slots,
        date: day.to_string(),
        dates: days.iter().map(Day::to_string).collect(),
        slots: opening.slots(day, now).map(|slot| slot.to_string()).collect(),
        tables: event
            .spots()
            .iter()
            .filter(|spot| !spot.blocked)
            .map(table)
            .collect(),
        taken,
    }
}

/// Days on which something can still be had.
fn days(opening: &Opening, now: i64) -> impl Iterator<Item = Day> {
    let today = opening.today(now);
    (0..opening.days)
        .map(move |n| today.plus(n))
        .filter(move |day| opening.slots(*day, now).next().is_some())
}

/// An event in a list.
pub(super) fn listed(event: &Event, state: &State) -> Listed {
    let now = state.now();
    let about = event.about();
    let places = event.places(None, now);
    let is_for_sale = |place: &&PlaceId| event.place(place, now).is_some_and(|spot| !spot.blocked);
    let is_free = |place: &&PlaceId| state.place(place, now).0 == PlaceState::Free;
    Listed {
        event: event.id().to_string(),
        title: about.title.clone(),
        venue: about.venue.clone(),
        mode: mode(event),
        starts_at: about.starts_at,
        closed: event.is_closed(now),
        places: places.len(),
        free: places.iter().filter(is_for_sale).filter(is_free).count(),
    }
}

fn mode(event: &Event) -> &'static str {
    match event.opening() {
        None => "seats",
        Some(_) => "tables",
    }
}
