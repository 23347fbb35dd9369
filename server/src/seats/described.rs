//! Descriptions of events, right and wrong.

use serde_json::{Value, json};

use super::description::*;
use super::sample::PITCH;
use super::{Event, Slot};

fn hall() -> Value {
    json!({
        "event": "recital",
        "title": {"en": "Recital", "ko": "연주회"},
        "venue": {"en": "Hall", "ko": "홀"},
        "starts_at": "2027-03-20T19:30:00+09:00",
        "sections": [
            {"section": "R", "name": {"en": "Front", "ko": "앞"}, "price": 50_000,
             "rows": [{"row": "A", "seats": "101-102, 103", "accessible": "101", "blocked": "102-103"}]},
            {"section": "S", "name": {"en": "Rear", "ko": "뒤"}, "price": 0, "rows": [{"row": "B", "seats": "101"}]},
        ],
    })
}

fn kitchen() -> Value {
    json!({
        "event": "kitchen",
        "title": {"en": "Kitchen", "ko": "부엌"},
        "venue": {"en": "Kitchen", "ko": "부엌"},
        "starts_at": "2027-03-20T00:00:00+09:00",
        "opening": {"opens": "17:00", "closes": "22:00", "slot_minutes": 60, "stay_slots": 2, "days": 14},
        "tables": [{"table": "T1", "min": 1, "max": 2, "accessible": true}, {"table": "T2", "min": 2, "max": 4}],
    })
}

fn read(description: &Value) -> Result<Event, String> {
    Description::read(&description.to_string()).map_err(|wrong| wrong.to_string())
}

/// A description with something else at a place.
fn with(mut description: Value, at: &str, value: Value) -> Value {
    match description.pointer_mut(at) {
        Some(place) => *place = value,
        None => {
            let (parent, field) = at.rsplit_once('/').unwrap();
            description.pointer_mut(parent).unwrap()[field] = value;
        }
    }
    description
}

#[test]
fn a_hall_is_rows_of_seats() {
    let event = read(&hall()).unwrap();
    let seats: Vec<_> = event
        .spots()
        .iter()
        .map(|seat| {
            (
                seat.id.as_str(),
                seat.x / PITCH,
                seat.y / PITCH,
                seat.accessible,
                seat.blocked,
            )
        })
        .collect();
    assert_eq!(
        seats,
        [
            ("A-101", 0, 0, true, false),
            ("A-102", 1, 0, false, true),
            ("A-103", 3, 0, false, true),
            ("B-101", 0, 2, false, false),
        ]
    );
    let about = event.about();
    assert_eq!(about.starts_at, 1_805_538_600_000);
    assert_eq!((about.currency.as_str(), about.closed), ("KRW", false));
    assert!(about.rules.payment, "something costs something");
    assert_eq!(
        (
            about.rules.hold_seconds,
            about.rules.offer_seconds,
            about.rules.hold_limit
        ),
        (120, 60, 6)
    );
    assert_eq!(event.amount(&["A-101".parse().unwrap()]), 50_000);
    let free = with(hall(), "/sections/0/price", json!(0));
    assert!(!read(&free).unwrap().rules().payment);
}

#[test]
fn a_restaurant_is_tables_by_its_own_clock() {
    let event = read(&kitchen()).unwrap();
    let opening = event.opening().unwrap();
    assert_eq!(
        (opening.opens, opening.closes, opening.utc_offset_minutes),
        (17 * 60, 22 * 60, 540)
    );
    // Noon in Seoul on the first day.
    let now = event.about().starts_at + 12 * 3_600_000;
    let slot: Slot = "2027-03-20T18:00".parse().unwrap();
    assert!(opening.slots(slot.day, now).any(|known| known == slot));
    assert_eq!((event.spots()[1].min, event.spots()[1].max), (2, 4));
    assert!(event.spots()[0].accessible);
}

#[test]
fn what_is_wrong_is_said_with_its_field() {
    for (at, value, said) in [
        ("/event", json!("The Recital"), "event: an event's id"),
        ("/title/ko", json!(""), "title.ko: "),
        ("/venue/en", json!("two\nlines"), "venue.en: "),
        ("/starts_at", json!("2027-03-20T19:30:00"), "starts_at: "),
        ("/starts_at", json!("2027-02-30T19:30:00Z"), "starts_at: "),
        ("/currency", json!("won"), "currency: "),
        ("/sections", json!([]), "sections: "),
        (
            "/sections/1/section",
            json!("R"),
            "sections[1].section: R is there twice",
        ),
        ("/sections/1/section", json!("가"), "sections[1].section: "),
        ("/sections/1/name/en", json!(" "), "sections[1].name.en: "),
        (
            "/sections/1/price",
            json!(-1),
            "sections[1].price: a price is 0 to",
        ),
        ("/sections/1/rows/0/row", json!("A@"), "sections[1].rows[0].row: "),
        (
            "/sections/1/rows/0/row",
            json!("A"),
            "sections: A-101 is there twice",
        ),
        (
            "/sections/1/rows/0/seats",
            json!("4-1"),
            "sections[1].rows[0].seats: ",
        ),
        (
            "/sections/0/rows/0/blocked",
            json!("104"),
            "sections[0].rows[0].blocked: row A has no seat 104",
        ),
        (
            "/sections/0/rows/0/accessible",
            json!("x"),
            "sections[0].rows[0].accessible: ",
        ),
        ("/tables", json!([]), "an event has `sections` of seats, or"),
    ] {
        let refused = read(&with(hall(), at, value)).unwrap_err();
        assert!(refused.starts_with(said), "{at}: {refused}");
    }
    for (at, value, said) in [
        ("/opening/opens", json!("5 pm"), "opening.opens: "),
        ("/opening/closes", json!("17:59"), "opening.closes: no slot fits"),
        ("/opening/closes", json!("24:01"), "opening.closes: `24:01`"),
        (
            "/opening/slot_minutes",
            json!(4),
            "opening.slot_minutes: 4 isn't from 5",
        ),
        (
            "/opening/stay_slots",
            json!(7),
            "opening.stay_slots: 7 isn't from 1 to 6",
        ),
        ("/tables/1/max", json!(1), "tables[1].max: 1 isn't from 2"),
        ("/tables/1/table", json!("T1"), "tables: T1 is there twice"),
        ("/tables/1/table", json!(""), "tables[1].table: "),
        ("/tables", json!([]), "tables: "),
    ] {
        let refused = read(&with(kitchen(), at, value)).unwrap_err();
        assert!(refused.starts_with(said), "{at}: {refused}");
    }
}

#[test]
fn what_isn_t_of_the_form_is_said_with_its_line() {
    let text = serde_json::to_string_pretty(&with(hall(), "/sections/1/price", json!("free"))).unwrap();
    let line = text.lines().position(|line| line.contains("\"free\"")).unwrap() + 1;
    let refused = Description::read(&text).unwrap_err().to_string();
    assert!(
        refused.starts_with("sections[1].price: ") && refused.contains(&format!("line {line} ")),
        "{refused}"
    );
    for (at, value, said) in [
        (
            "/sections/0/rows/0/colour",
            json!("red"),
            "unknown field `colour`",
        ),
        ("/title", json!({"en": "Recital"}), "title: missing field `ko`"),
        ("/title", json!("Recital"), "title: "),
    ] {
        let refused = read(&with(hall(), at, value)).unwrap_err();
        assert!(
            refused.contains(said) && refused.contains("line 1 "),
            "{at}: {refused}"
        );
    }
    assert!(
        Description::read(&format!("{} x", hall())).is_err(),
        "something behind it"
    );
    assert!(Description::read("{").unwrap_err().to_string().contains("line 1"));
}

#[test]
fn what_is_described_has_bounds() {
    let crosses = |description: Value, at: &str, within: Value, beyond: Value, field: &str| {
        read(&with(description.clone(), at, within)).unwrap_or_else(|wrong| panic!("{at}: {wrong}"));
        let refused = read(&with(description, at, beyond)).unwrap_err();
        assert!(refused.starts_with(field), "{at}: {refused}");
    };
    let long = |n| json!("가".repeat(n));
    crosses(
        hall(),
        "/title/ko",
        long(TITLE_LEN),
        long(TITLE_LEN + 1),
        "title.ko: ",
    );
    let (name, field) = ("/sections/0/name/ko", "sections[0].name.ko: ");
    crosses(hall(), name, long(NAME_LEN), long(NAME_LEN + 1), field);
    let row = |n| json!("A".repeat(n));
    crosses(
        hall(),
        "/sections/1/rows/0/row",
        row(20),
        row(21),
        "sections[1].rows[0].row: ",
    );
    crosses(
        hall(),
        "/sections/0/price",
        json!(PRICE_LIMIT),
        json!(PRICE_LIMIT + 1),
        "sections[0].price: ",
    );
    crosses(
        hall(),
        "/hold_limit",
        json!(HOLD_LIMIT),
        json!(HOLD_LIMIT + 1),
        "hold_limit: ",
    );
    for field in ["hold_seconds", "offer_seconds"] {
        let at = format!("/{field}");
        crosses(
            hall(),
            &at,
            json!(HOLD_SECONDS.end()),
            json!(HOLD_SECONDS.end() + 1),
            field,
        );
        crosses(
            hall(),
            &at,
            json!(HOLD_SECONDS.start()),
            json!(HOLD_SECONDS.start() - 1),
            field,
        );
    }
    let sections = |many: usize| {
        let section = |n| {
            let mut section = hall()["sections"][1].clone();
            section["section"] = json!(format!("S{n}"));
            section["rows"][0]["row"] = json!(format!("R{n}"));
            section
        };
        json!((0..many).map(section).collect::<Vec<_>>())
    };
    crosses(
        hall(),
        "/sections",
        sections(SECTIONS_LIMIT),
        sections(SECTIONS_LIMIT + 1),
        "sections: ",
    );
    let rows = |last: &str| {
        let mut rows: Vec<_> = (0..10)
            .map(|n| json!({"row": format!("R{n}"), "seats": "1-9999"}))
            .collect();
        rows.push(json!({"row": "last", "seats": last}));
        json!(rows)
    };
    let field = "sections[0].rows[10].seats: an event has at most 100000 places";
    crosses(
        with(hall(), "/sections/1/rows", json!([])),
        "/sections/0/rows",
        rows("1-10"),
        rows("1-11"),
        field,
    );

    // Two tables, five slots a day.
    crosses(
        kitchen(),
        "/opening/days",
        json!(366),
        json!(367),
        "opening.days: ",
    );
    let tables = |many: usize| {
        let table = |n| json!({"table": format!("T{n}"), "min": 1, "max": 2});
        json!((0..many).map(table).collect::<Vec<_>>())
    };
    let year = with(kitchen(), "/opening/days", json!(200));
    crosses(
        year,
        "/tables",
        tables(100),
        tables(101),
        "opening.days: tables, slots",
    );
    crosses(
        kitchen(),
        "/tables/1/max",
        json!(1000),
        json!(1001),
        "tables[1].max: ",
    );

    let spaces = |n: usize| format!("{}{}", hall(), " ".repeat(n - hall().to_string().len()));
    assert!(Description::read(&spaces(DESCRIPTION_BYTES)).is_ok());
    let refused = Description::read(&spaces(DESCRIPTION_BYTES + 1)).unwrap_err();
    assert!(refused.to_string().contains("bytes"));
}
