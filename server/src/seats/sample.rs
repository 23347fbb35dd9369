//! The events that an empty database begins with: something to see and to try, of each kind.

use super::OFFER_TIME;
use super::event::{About, Bilingual, Event, Opening, Rules, Section, Shape, Spot};
use super::values::PlaceId;

/// A concert hall whose seats are paid for, a small room that everybody wants to get into, and a restaurant.
pub fn samples(now: i64) -> Vec<Event> {
    [concert(now), premiere(now), restaurant(now)]
        .into_iter()
        .map(|(id, about, spots)| {
            let id = id.parse().unwrap_or_else(|refused| unreachable!("{refused}"));
            Event::new(id, about, spots).unwrap_or_else(|wrong| unreachable!("{wrong}"))
        })
        .collect()
}

type Sample = (&'static str, About, Vec<Spot>);

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Between two seats, on the map.
pub(super) const PITCH: i32 = 28;

const RULES: Rules = Rules {
    hold_seconds: 120,
    offer_seconds: OFFER_TIME.as_secs() as u32,
    hold_limit: 6,
    payment: false,
};

fn concert(now: i64) -> Sample {
    let section = |section: &str, en: &str, ko: &str, price| Section {
        section: section.to_owned(),
        name: words(en, ko),
        price,
    };
    let about = About {
        title: words("Winter concert", "겨울 음악회"),
        venue: words("Yard Hall", "마당홀"),
        starts_at: evening(now, 60),
        currency: "KRW".to_owned(),
        rules: Rules {
            payment: true,
            ..RULES
        },
        closed: false,
        shape: Shape::Seats(vec![
            section("R", "Stalls, front", "R석", 110_000),
            section("S", "Stalls, rear", "S석", 88_000),
            section("A", "Balcony", "A석", 66_000),
        ]),
    };
    let mut spots = Vec::new();
    for (row, letter) in ('A'..='M').enumerate() {
        let (section, gap) = match letter {
            'A'..='D' => ("R", 0),
            'E'..='I' => ("S", 1),
            _ => ("A", 2),
        };
        for number in 1..=16 {
            // An aisle behind the fourth and the twelfth, as in many halls.
            let aisles = i32::from(number > 4) + i32::from(number > 12);
            spots.push(Spot {
                id: place(format!("{letter}-{number}")),
                section: section.to_owned(),
                row: letter.to_string(),
                number,
                x: (number - 1 + aisles) * PITCH,
                y: (row as i32 + gap) * PITCH,
                // Beside the doors of the first rows and the last.
                accessible: matches!(letter, 'D' | 'M') && matches!(number, 1 | 2 | 15 | 16),
                // Where the desks for sound and light stand.
                blocked: letter == 'I' && (7..=10).contains(&number),
                min: 0,
                max: 0,
            });
        }
    }
    ("concert", about, spots)
}

fn premiere(now: i64) -> Sample {
    let about = About {
        title: words("Premiere with the director", "감독과 함께하는 시사회"),
        venue: words("Little Yard", "작은마당"),
        starts_at: evening(now, 30),
        currency: "KRW".to_owned(),
        rules: RULES,
        closed: false,
        shape: Shape::Seats(vec![Section {
            section: "main".to_owned(),
            name: words("All seats", "전석"),
            price: 0,
        }]),
    };
    let seat = |number| Spot {
        id: place(format!("A-{number}")),
        section: "main".to_owned(),
        row: "A".to_owned(),
        number,
        x: (number - 1) * PITCH,
        y: 0,
        accessible: number == 1,
        blocked: false,
        min: 0,
        max: 0,
    };
    ("premiere", about, (1..=10).map(seat).collect())
}

fn restaurant(now: i64) -> Sample {
    let about = About {
        title: words("A table at the Yard", "마당식당 자리 예약"),
        venue: words("Yard Kitchen", "마당식당"),
        starts_at: now,
        currency: "KRW".to_owned(),
        rules: RULES,
        closed: false,
        shape: Shape::Tables(Opening {
            slot_minutes: 60,
            stay_slots: 2,
            opens: 17 * 60,
            closes: 22 * 60,
            days: 14,
            utc_offset_minutes: 9 * 60,
        }),
    };
    let sizes = [
        (1, 2),
        (1, 2),
        (1, 2),
        (1, 2),
        (2, 4),
        (2, 4),
        (2, 4),
        (3, 6),
        (3, 6),
        (5, 8),
    ];
    let tables = (1..).zip(sizes).map(|(n, (min, max))| Spot {
        id: place(format!("T{n}")),
        section: String::new(),
        row: format!("T{n}"),
        number: n,
        x: table_at(n - 1).0,
        y: table_at(n - 1).1,
        accessible: n == 1,
        blocked: false,
        min,
        max,
    });
    ("table", about, tables.collect())
}

/// Where a table stands on the map: four beside each other.
pub(super) const fn table_at(n: i32) -> (i32, i32) {
    (n % 4 * 120, n / 4 * 120)
}

/// 19:30 in Seoul, so many days from now.
fn evening(now: i64, days: i64) -> i64 {
    (now + days * DAY).div_euclid(DAY) * DAY + 10 * 3_600_000 + 30 * 60_000
}

fn words(en: &str, ko: &str) -> Bilingual {
    Bilingual {
        en: en.to_owned(),
        ko: ko.to_owned(),
    }
}

fn place(id: String) -> PlaceId {
    id.try_into().unwrap_or_else(|refused| unreachable!("{refused}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_something_of_each_kind() {
        let samples = samples(1_796_094_000_000);
        let [hall, room, restaurant] = &*samples else {
            panic!()
        };
        assert_eq!((hall.spots().len(), hall.sections().len()), (208, 3));
        assert!(hall.rules().payment);
        assert!(
            hall.spots().iter().any(|seat| seat.accessible) && hall.spots().iter().any(|seat| seat.blocked)
        );
        assert_eq!(room.spots().len(), 10);
        assert!(restaurant.opening().is_some());
        assert_eq!(hall.about().starts_at % DAY, 10 * 3_600_000 + 30 * 60_000);
    }
}
