//! Which places there are, what they cost, and which somebody gets who doesn't say which.

use std::collections::HashSet;

use super::event::{Event, Opening, Spot};
use super::refused::Refused;
use super::slot::{Day, Slot};
use super::values::PlaceId;

impl Event {
    /// Places that somebody names, in order, each once.
    ///
    /// # Errors
    /// There are none, too many, some that there aren't, or some that nobody can have.
    pub fn named(&self, mut places: Vec<PlaceId>, now: i64) -> Result<Vec<PlaceId>, Refused> {
        places.sort_unstable();
        places.dedup();
        let limit = self.rules().hold_limit;
        if places.is_empty() {
            return Err(Refused::invalid("name at least one place"));
        }
        if places.len() > limit as usize {
            return Err(Refused::HoldLimit { limit });
        }
        let mut blocked = Vec::new();
        for place in &places {
            if self.place(place, now).ok_or(Refused::PlaceUnknown)?.blocked {
                blocked.push(place.clone());
            }
        }
        if !self.is_one_stay(&places, now) {
            return Err(Refused::invalid(
                "of tables, name one, in all slots that somebody stays from the first on; or say `slot` and `party`",
            ));
        }
        match blocked.is_empty() {
            true => Ok(places),
            false => Err(Refused::SeatsTaken { places: blocked }),
        }
    }

    /// Whether these places, which are in order, are one table for one stay. Seats always are what they are.
    fn is_one_stay(&self, places: &[PlaceId], now: i64) -> bool {
        let Some(opening) = self.opening() else {
            return true;
        };
        let split: Option<Vec<_>> = places.iter().map(split).collect();
        let Some([(table, first), rest @ ..]) = split.as_deref() else {
            return false;
        };
        let mut stay: Vec<Slot> = opening
            .slots(first.day, now)
            .skip_while(|slot| slot != first)
            .collect();
        stay.truncate(usize::from(opening.stay_slots));
        let named = std::iter::once(first).chain(rest.iter().map(|(_, slot)| slot));
        rest.iter().all(|(other, _)| other == table) && named.eq(&stay)
    }

    /// The seat or table of a place that can be had now.
    pub fn place(&self, place: &PlaceId, now: i64) -> Option<&Spot> {
        let Some(opening) = self.opening() else {
            return self.spot(place);
        };
        let (table, slot) = split(place)?;
        opening.slots(slot.day, now).any(|s| s == slot).then_some(())?;
        self.spot(&table)
    }

    /// What places cost.
    pub fn amount(&self, places: &[PlaceId]) -> i64 {
        let price = |place: &PlaceId| {
            let section = &self.spot(place)?.section;
            let section = self.sections().iter().find(|s| s.section == *section)?;
            Some(section.price)
        };
        places.iter().filter_map(price).sum()
    }

    /// What a place is counted under: a seat's section, a table's slot.
    pub fn section_of(&self, place: &PlaceId) -> Option<String> {
        match self.opening() {
            None => Some(self.spot(place)?.section.clone()),
            Some(_) => Some(split(place)?.1.to_string()),
        }
    }

    /// Checks that somebody can wait, or ask, for so many of a section: for tables, for so many people at a time.
    ///
    /// # Errors
    /// There is no such section, or there are never so many.
    pub fn wish(&self, section: &str, count: u32, now: i64) -> Result<(), Refused> {
        match self.opening() {
            None if self.sections().iter().all(|known| known.section != section) => {
                Err(Refused::SectionUnknown)
            }
            None if !(1..=self.rules().hold_limit).contains(&count) => Err(Refused::invalid(format!(
                "one person may have 1 to {} seats",
                self.rules().hold_limit
            ))),
            None => Ok(()),
            Some(opening) => {
                let slot: Slot = section.parse()?;
                if !opening.slots(slot.day, now).any(|known| known == slot) {
                    return Err(Refused::SectionUnknown);
                }
                match self.tables(count).next() {
                    Some(_) => Ok(()),
                    None => Err(Refused::invalid("no table is for so many people")),
                }
            }
        }
    }

    /// Which places to give somebody who wants so many of a section: seats side by side if there are, the smallest table that is large enough.
    pub fn choose(
        &self,
        section: &str,
        count: u32,
        taken: &HashSet<PlaceId>,
        now: i64,
    ) -> Option<Vec<PlaceId>> {
        let Some(opening) = self.opening() else {
            return self.choose_seats(section, count as usize, taken);
        };
        let slot: Slot = section.parse().ok()?;
        let mut tables: Vec<_> = self.tables(count).collect();
        tables.sort_by_key(|table| (table.max, table.id.clone()));
        let stay: Vec<Slot> = opening.slots(slot.day, now).skip_while(|s| *s != slot).collect();
        let stay = stay.get(..usize::from(opening.stay_slots).min(stay.len()))?;
        if stay.is_empty() {
            return None;
        }
        let of_table = |table: &Spot| stay.iter().filter_map(|slot| at(&table.id, *slot)).collect();
        let mut choices = tables.into_iter().map(of_table);
        choices.find(|places: &Vec<PlaceId>| places.iter().all(|place| !taken.contains(place)))
    }

    fn choose_seats(&self, section: &str, count: usize, taken: &HashSet<PlaceId>) -> Option<Vec<PlaceId>> {
        let free = |spot: &&Spot| spot.section == section && !spot.blocked && !taken.contains(&spot.id);
        let free: Vec<&Spot> = self.spots().iter().filter(free).collect();
        let neighbours = |pair: &[&Spot]| pair[0].row == pair[1].row && pair[0].number + 1 == pair[1].number;
        let beside = free.windows(count).find(|seats| seats.windows(2).all(neighbours));
        let chosen = beside.or_else(|| free.get(..count))?;
        let mut places: Vec<_> = chosen.iter().map(|spot| spot.id.clone()).collect();
        places.sort_unstable();
        Some(places)
    }

    /// Tables for so many people.
    fn tables(&self, party: u32) -> impl Iterator<Item = &Spot> {
        let party = i32::try_from(party).unwrap_or(i32::MAX);
        let fits = move |table: &&Spot| !table.blocked && (table.min..=table.max).contains(&party);
        self.spots().iter().filter(fits)
    }

    /// Every place there is on a day; seats are there whatever the day.
    pub fn places(&self, day: Option<Day>, now: i64) -> Vec<PlaceId> {
        let Some(opening) = self.opening() else {
            return self.spots().iter().map(|spot| spot.id.clone()).collect();
        };
        let days = opening.today(now);
        let days = (0..opening.days).map(|n| days.plus(n));
        let days = days.filter(|known| day.is_none_or(|day| day == *known));
        let slots: Vec<_> = days.flat_map(|day| opening.slots(day, now)).collect();
        let of_table = |table: &Spot| {
            let id = table.id.clone();
            slots
                .iter()
                .filter_map(move |slot| at(&id, *slot))
                .collect::<Vec<_>>()
        };
        self.spots().iter().flat_map(of_table).collect()
    }
}

impl Opening {
    /// The day that its calendar shows.
    pub fn today(&self, now: i64) -> Day {
        Slot::at(now, self.utc_offset_minutes).day
    }

    /// The slots of a day that can still be had.
    pub fn slots(&self, day: Day, now: i64) -> impl Iterator<Item = Slot> + use<> {
        let now = Slot::at(now, self.utc_offset_minutes);
        let bookable = now.day <= day && day < now.day.plus(self.days);
        let Self {
            slot_minutes, closes, ..
        } = *self;
        (self.opens..closes)
            .step_by(usize::from(slot_minutes.max(1)))
            .filter(move |begins| bookable && begins + slot_minutes <= closes)
            .map(move |minute| Slot { day, minute })
            .filter(move |slot| *slot > now)
    }
}

/// A table in a slot.
fn at(table: &PlaceId, slot: Slot) -> Option<PlaceId> {
    format!("{table}@{slot}").parse().ok()
}

/// The table and the slot of a place.
fn split(place: &PlaceId) -> Option<(PlaceId, Slot)> {
    let (table, slot) = place.as_str().split_once('@')?;
    Some((table.parse().ok()?, slot.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seats::{EventId, samples};

    /// 2026-12-01T12:00 in Seoul.
    const NOON: i64 = 1_796_094_000_000;

    fn event(id: &str) -> Event {
        let id: EventId = id.parse().unwrap();
        samples(NOON).into_iter().find(|event| *event.id() == id).unwrap()
    }

    fn places(ids: &[&str]) -> Vec<PlaceId> {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    #[test]
    fn named_places_are_there_for_sale_and_not_too_many() {
        let hall = event("concert");
        assert_eq!(
            hall.named(places(&["B-2", "A-1", "B-2"]), NOON),
            Ok(places(&["A-1", "B-2"]))
        );
        assert!(matches!(
            hall.named(Vec::new(), NOON),
            Err(Refused::SeatsInvalid { .. })
        ));
        assert_eq!(
            hall.named(places(&["A-1", "Z-99"]), NOON),
            Err(Refused::PlaceUnknown)
        );
        let seven: Vec<_> = (1..=7).map(|n| format!("A-{n}").parse().unwrap()).collect();
        assert_eq!(hall.named(seven, NOON), Err(Refused::HoldLimit { limit: 6 }));
        let blocked = hall.spots().iter().find(|spot| spot.blocked).unwrap().id.clone();
        let refused = hall.named(vec![blocked.clone(), "A-1".parse().unwrap()], NOON);
        assert_eq!(
            refused,
            Err(Refused::SeatsTaken {
                places: vec![blocked]
            })
        );
    }

    #[test]
    fn seats_are_chosen_side_by_side_and_scattered_only_if_they_must() {
        let hall = event("premiere");
        let none = HashSet::new();
        assert_eq!(hall.choose("main", 2, &none, NOON), Some(places(&["A-1", "A-2"])));
        let taken: HashSet<_> = places(&["A-2", "A-4", "A-5"]).into_iter().collect();
        assert_eq!(
            hall.choose("main", 3, &taken, NOON),
            Some(places(&["A-6", "A-7", "A-8"]))
        );
        let odd: HashSet<_> = hall
            .spots()
            .iter()
            .filter(|s| s.number % 2 == 0)
            .map(|s| s.id.clone())
            .collect();
        assert_eq!(hall.choose("main", 2, &odd, NOON), Some(places(&["A-1", "A-3"])));
        let all: HashSet<_> = hall.spots().iter().map(|spot| spot.id.clone()).collect();
        assert_eq!(hall.choose("main", 1, &all, NOON), None);
        assert_eq!(hall.choose("nowhere", 1, &none, NOON), None);
    }

    #[test]
    fn the_smallest_table_that_fits_is_chosen_for_as_long_as_people_stay() {
        let restaurant = event("table");
        let none = HashSet::new();
        let chosen = restaurant.choose("2026-12-01T18:00", 2, &none, NOON).unwrap();
        assert_eq!(chosen, places(&["T1@2026-12-01T18:00", "T1@2026-12-01T19:00"]));
        let taken: HashSet<_> = places(&["T1@2026-12-01T19:00"]).into_iter().collect();
        let chosen = restaurant.choose("2026-12-01T18:00", 2, &taken, NOON).unwrap();
        assert_eq!(chosen[0], places(&["T2@2026-12-01T18:00"])[0]);
        let last = restaurant.choose("2026-12-01T21:00", 2, &none, NOON).unwrap();
        assert_eq!(last.len(), 1, "then it closes");
        for (slot, party) in [
            ("2026-12-01T18:30", 2),
            ("2026-12-01T11:00", 2),
            ("2026-11-30T18:00", 2),
            ("2027-12-01T18:00", 2),
            ("2026-12-01T18:00", 99),
            ("soon", 2),
        ] {
            assert_eq!(
                restaurant.choose(slot, party, &none, NOON),
                None,
                "{slot} {party}"
            );
            assert!(restaurant.wish(slot, party, NOON).is_err(), "{slot} {party}");
        }
        assert_eq!(restaurant.wish("2026-12-01T18:00", 2, NOON), Ok(()));
    }

    #[test]
    fn a_table_can_be_had_until_its_slot_begins() {
        let restaurant = event("table");
        let slot = |now| {
            restaurant
                .place(&"T1@2026-12-01T18:00".parse().unwrap(), now)
                .is_some()
        };
        assert!(slot(NOON));
        assert!(slot(NOON + 6 * 3_600_000 - 60_000));
        assert!(!slot(NOON + 6 * 3_600_000));
        assert!(restaurant.place(&"T1".parse().unwrap(), NOON).is_none());
        assert!(
            restaurant
                .place(&"T99@2026-12-01T18:00".parse().unwrap(), NOON)
                .is_none()
        );
    }

    #[test]
    fn what_places_cost_is_their_sections_prices() {
        let hall = event("concert");
        assert_eq!(hall.amount(&places(&["A-1", "E-1"])), 110_000 + 88_000);
        assert_eq!(event("table").amount(&places(&["T1@2026-12-01T18:00"])), 0);
    }

    #[test]
    fn who_wants_what_there_never_is_does_not_wait_for_it() {
        let hall = event("concert");
        assert_eq!(hall.wish("R", 6, NOON), Ok(()));
        assert_eq!(hall.wish("Z", 1, NOON), Err(Refused::SectionUnknown));
        for count in [0, 7] {
            assert!(matches!(
                hall.wish("R", count, NOON),
                Err(Refused::SeatsInvalid { .. })
            ));
        }
    }

    #[test]
    fn all_places_are_those_that_can_be_had() {
        let restaurant = event("table");
        let today = "2026-12-01".parse().unwrap();
        let all = restaurant.places(Some(today), NOON);
        assert_eq!(all.len(), restaurant.spots().len() * 5);
        for place in &all {
            assert!(restaurant.place(place, NOON).is_some(), "{place}");
        }
        assert_eq!(restaurant.places(None, NOON).len(), all.len() * 14);
    }

    #[test]
    fn a_table_is_named_for_a_whole_stay_and_alone() {
        let restaurant = samples(NOON)
            .into_iter()
            .find(|event| event.opening().is_some())
            .unwrap();
        let opening = restaurant.opening().unwrap();
        let slots: Vec<_> = opening.slots(opening.today(NOON).plus(1), NOON).collect();
        let named = |places: &[(&str, usize)]| {
            let places = places
                .iter()
                .map(|(table, n)| at(&table.parse().unwrap(), slots[*n]).unwrap());
            restaurant.named(places.collect(), NOON)
        };
        assert_eq!(usize::from(opening.stay_slots), 2);
        let last = slots.len() - 1;
        assert!(named(&[("T1", 0), ("T1", 1)]).is_ok());
        assert!(named(&[("T1", last)]).is_ok(), "then it closes");
        for wrong in [
            &[("T1", 0)][..],
            &[("T1", 0), ("T1", 2)],
            &[("T1", 0), ("T1", 1), ("T1", 2)],
            &[("T1", 0), ("T2", 1)],
            &[("T1", 0), ("T1", 1), ("T2", 0), ("T2", 1)],
        ] {
            assert!(
                matches!(named(wrong), Err(Refused::SeatsInvalid { .. })),
                "{wrong:?}"
            );
        }
    }
}
