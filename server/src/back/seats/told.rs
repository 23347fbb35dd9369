//! A change as it is told in the event's room: `{"places":[…],"free":{…}}`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::office::State;
use crate::seats::{Event, PlaceId, PlaceState};

/// Places of one message: more is told in several, each of some kilobytes.
pub(super) const PLACES_TOLD: usize = 50;

/// A place as it is now.
#[derive(Debug, Serialize)]
pub(super) struct Place<'a> {
    pub(super) place: &'a PlaceId,
    pub(super) state: PlaceState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) holder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<i64>,
    pub(super) version: i64,
}

#[derive(Serialize)]
struct Changed<'a> {
    places: Vec<Place<'a>>,
    free: BTreeMap<String, usize>,
}

/// What is told of these places.
pub(super) fn texts(event: &Event, state: &State, places: &[&PlaceId], now: i64) -> Vec<String> {
    let free = free_by_section(event, state, now);
    let text = |places: &[&PlaceId]| {
        let sections = places.iter().filter_map(|place| event.section_of(place));
        let changed = Changed {
            places: places
                .iter()
                .map(|place| self::place(state, place, now))
                .collect(),
            free: sections
                .map(|section| (section.clone(), free(&section)))
                .collect(),
        };
        serde_json::to_string(&changed)
            .unwrap_or_else(|error| unreachable!("numbers and texts can be written: {error}"))
    };
    places.chunks(PLACES_TOLD).map(text).collect()
}

/// What is told when something else than a place has changed: whoever reads it looks at the map again.
pub(super) fn changed(event: &Event) -> String {
    serde_json::json!({ "event": event.id() }).to_string()
}

/// A place as it is at a time.
pub(super) fn place<'a>(state: &State, place: &'a PlaceId, now: i64) -> Place<'a> {
    let (is, standing) = state.place(place, now);
    let owned = standing.filter(|_| matches!(is, PlaceState::Held | PlaceState::Sold));
    Place {
        place,
        state: is,
        holder: owned
            .and_then(|standing| standing.holder)
            .map(|holder| holder.to_string()),
        until: owned.and_then(|standing| standing.until),
        version: standing.map_or(0, |standing| standing.version),
    }
}

/// How many places of a section can be had.
fn free_by_section(event: &Event, state: &State, now: i64) -> impl Fn(&str) -> usize {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for (place, standing) in &state.places {
        if standing.state(now) != PlaceState::Free
            && let Some(section) = event.section_of(place)
        {
            *taken.entry(section).or_default() += 1;
        }
    }
    let mut seats: BTreeMap<&str, usize> = BTreeMap::new();
    for spot in event.spots().iter().filter(|spot| !spot.blocked) {
        *seats.entry(&spot.section).or_default() += 1;
    }
    // Tables are in no section: all of them are there in each slot.
    let capacity: BTreeMap<String, usize> = seats
        .into_iter()
        .map(|(section, n)| (section.to_owned(), n))
        .collect();
    let of_tables = event
        .opening()
        .map(|_| event.spots().iter().filter(|spot| !spot.blocked).count());
    move |section| {
        let all = of_tables
            .or_else(|| capacity.get(section).copied())
            .unwrap_or_default();
        all.saturating_sub(taken.get(section).copied().unwrap_or_default())
    }
}
