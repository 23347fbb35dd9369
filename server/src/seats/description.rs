//! An event as somebody writes it down: JSON, from which its places follow. `docs/seats.md` describes the fields.

use std::fmt;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::event::{About, Bilingual, Event, Rules, Section, Shape, Spot};
use super::refused::too_many_places;
use super::rows::Row;
use super::sample::{PITCH, table_at};
use super::tables::{Hours, TableRow};
use super::values::EventId;
use super::{OFFER_TIME, PLACES_LIMIT};
use crate::whole;

/// Bytes of a description: a stadium of [`PLACES_LIMIT`] seats in rows of twenty has half of them.
pub const DESCRIPTION_BYTES: usize = 1024 * 1024;

/// Sections of an event: a legend with more can't be read.
pub const SECTIONS_LIMIT: usize = 50;

/// Characters of a title, or a venue: what fits on a poster.
pub const TITLE_LEN: usize = 100;

/// Characters of a section's name, a row's or a table's.
pub const NAME_LEN: usize = 40;

/// The highest price of a place, in the currency's smallest unit: sums of it are exact in every page.
pub const PRICE_LIMIT: i64 = 100_000_000_000;

/// How many places one person may hold at once at most: more is for a desk to sell.
pub const HOLD_LIMIT: u32 = 20;

/// How long a hold or an offer may last, in seconds: time to read and press, and no longer than people pay.
pub const HOLD_SECONDS: std::ops::RangeInclusive<u32> = 10..=3600;

/// What somebody wrote.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    event: String,
    title: Bilingual,
    venue: Bilingual,
    starts_at: String,
    currency: Option<String>,
    payment: Option<bool>,
    #[serde(default, deserialize_with = "whole::option")]
    hold_seconds: Option<u32>,
    #[serde(default, deserialize_with = "whole::option")]
    offer_seconds: Option<u32>,
    #[serde(default, deserialize_with = "whole::option")]
    hold_limit: Option<u32>,
    sections: Option<Vec<SectionOfRows>>,
    opening: Option<Hours>,
    tables: Option<Vec<TableRow>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SectionOfRows {
    section: String,
    name: Bilingual,
    #[serde(deserialize_with = "whole::number")]
    price: i64,
    rows: Vec<RowOfSeats>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowOfSeats {
    row: String,
    seats: String,
    accessible: Option<String>,
    blocked: Option<String>,
}

/// What is wrong with a description, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    path: String,
    why: String,
}

impl Description {
    /// The event that a text describes.
    ///
    /// # Errors
    /// The first thing that is wrong: its field, and where the text isn't of the form its line and column.
    pub fn read(text: &str) -> Result<Event, Wrong> {
        if text.len() > DESCRIPTION_BYTES {
            return Err(Wrong::new("", format!("has more than {DESCRIPTION_BYTES} bytes")));
        }
        let json = &mut serde_json::Deserializer::from_str(text);
        let read: Result<Self, _> = serde_path_to_error::deserialize(&mut *json);
        let description = read.map_err(|error| {
            let path = error.path().to_string();
            let path = if path == "." { "" } else { &path };
            Wrong::new(path, error.into_inner().to_string())
        })?;
        json.end().map_err(|error| Wrong::new("", error.to_string()))?;
        description.event()
    }

    /// The event that it describes.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn event(self) -> Result<Event, Wrong> {
        let id: EventId = self.event.parse().map_err(|_| {
            Wrong::new(
                "event",
                "an event's id is 1 to 40 of a to z, 0 to 9 and -: it stands in addresses",
            )
        })?;
        let (starts_at, utc_offset_minutes) = start(&self.starts_at)?;
        let hold_limit = within("hold_limit", self.hold_limit.unwrap_or(6), 1..=HOLD_LIMIT)?;
        let (shape, spots, costs) = match (self.sections, self.opening, self.tables) {
            (Some(sections), None, None) => {
                let costs = sections.iter().any(|section| section.price > 0);
                let (shape, spots) = seats(sections)?;
                (shape, spots, costs)
            }
            (None, Some(hours), Some(tables)) => {
                let opening = hours.opening(tables.len(), hold_limit, utc_offset_minutes)?;
                let spots = (0..).zip(tables).map(|(n, table)| table.spot(n, table_at));
                (Shape::Tables(opening), spots.collect::<Result<_, _>>()?, false)
            }
            _ => {
                return Err(Wrong::new(
                    "",
                    "an event has `sections` of seats, or `opening` and `tables`",
                ));
            }
        };
        let part = match shape {
            Shape::Seats(_) => "sections",
            Shape::Tables(_) => "tables",
        };
        if spots.is_empty() {
            return Err(Wrong::new(part, "there has to be at least one"));
        }
        let about = About {
            title: title("title", self.title)?,
            venue: title("venue", self.venue)?,
            starts_at,
            currency: currency(self.currency)?,
            rules: Rules {
                hold_seconds: within("hold_seconds", self.hold_seconds.unwrap_or(120), HOLD_SECONDS)?,
                offer_seconds: within(
                    "offer_seconds",
                    self.offer_seconds.unwrap_or(OFFER_TIME.as_secs() as u32),
                    HOLD_SECONDS,
                )?,
                hold_limit,
                payment: self.payment.unwrap_or(costs),
            },
            closed: false,
            shape,
        };
        Event::new(id, about, spots).map_err(|why| Wrong::new(part, why))
    }
}

/// The sections, and where their seats are: rows below each other, a gap between sections, an aisle at each comma.
fn seats(sections: Vec<SectionOfRows>) -> Result<(Shape, Vec<Spot>), Wrong> {
    if sections.len() > SECTIONS_LIMIT {
        return Err(Wrong::new(
            "sections",
            format!("an event has at most {SECTIONS_LIMIT} sections"),
        ));
    }
    let (mut known, mut spots, mut y) = (Vec::<Section>::new(), Vec::new(), 0);
    for (n, section) in sections.into_iter().enumerate() {
        let at = |field: &str| format!("sections[{n}].{field}");
        let id = name(&at("section"), section.section)?;
        if known.iter().any(|other| other.section == id) {
            return Err(Wrong::new(at("section"), format!("{id} is there twice")));
        }
        if !(0..=PRICE_LIMIT).contains(&section.price) {
            return Err(Wrong::new(
                at("price"),
                format!("a price is 0 to {PRICE_LIMIT}, in the currency's smallest unit"),
            ));
        }
        for (row_n, row) in section.rows.into_iter().enumerate() {
            row.seats(&at(&format!("rows[{row_n}]")), &id, y, &mut spots)?;
            y += PITCH;
        }
        y += PITCH;
        known.push(Section {
            name: words(&at("name"), section.name, NAME_LEN)?,
            section: id,
            price: section.price,
        });
    }
    // Halls whose seats begin at 101 begin at the left, too.
    let left = spots.iter().map(|spot| spot.x).min().unwrap_or_default();
    for spot in &mut spots {
        spot.x -= left;
    }
    Ok((Shape::Seats(known), spots))
}

impl RowOfSeats {
    fn seats(self, path: &str, section: &str, y: i32, spots: &mut Vec<Spot>) -> Result<(), Wrong> {
        let read = |field: &str, text: &str| {
            Row::read(text).map_err(|why| Wrong::new(format!("{path}.{field}"), why))
        };
        let row = name(&format!("{path}.row"), self.row)?;
        let seats = read("seats", &self.seats)?;
        if spots.len() + seats.len() > PLACES_LIMIT {
            return Err(Wrong::new(format!("{path}.seats"), too_many_places()));
        }
        let some = |field: &str, text: Option<String>| {
            let Some(text) = text else { return Ok(None) };
            let some = read(field, &text)?;
            let missing = some.seats().find(|(number, _)| !seats.has(*number));
            match missing {
                Some((number, _)) => Err(Wrong::new(
                    format!("{path}.{field}"),
                    format!("row {row} has no seat {number}"),
                )),
                None => Ok(Some(some)),
            }
        };
        let accessible = some("accessible", self.accessible)?;
        let blocked = some("blocked", self.blocked)?;
        for (number, aisles) in seats.seats() {
            let id = format!("{row}-{number}");
            spots.push(Spot {
                id: id
                    .parse()
                    .map_err(|_| Wrong::new(format!("{path}.row"), "is too long"))?,
                section: section.to_owned(),
                row: row.clone(),
                number,
                x: (number - 1 + aisles) * PITCH,
                y,
                accessible: accessible.as_ref().is_some_and(|some| some.has(number)),
                blocked: blocked.as_ref().is_some_and(|some| some.has(number)),
                min: 0,
                max: 0,
            });
        }
        Ok(())
    }
}

/// A time with its offset: milliseconds since 1970-01-01 UTC, and how many minutes its clock is ahead of that.
pub(super) fn start(text: &str) -> Result<(i64, i16), Wrong> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok();
    let read = time.and_then(|time| {
        let ms = i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
        (ms >= 0).then_some((ms, time.offset().whole_minutes()))
    });
    read.ok_or_else(|| {
        Wrong::new(
            "starts_at",
            "a time is written with its offset from UTC, like 2027-03-20T19:30:00+09:00",
        )
    })
}

/// A title or a venue.
pub(super) fn title(path: &str, words: Bilingual) -> Result<Bilingual, Wrong> {
    self::words(path, words, TITLE_LEN)
}

/// A text in both languages, of so many characters.
fn words(path: &str, words: Bilingual, limit: usize) -> Result<Bilingual, Wrong> {
    for (language, text) in [("en", &words.en), ("ko", &words.ko)] {
        let path = format!("{path}.{language}");
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(Wrong::new(path, "has to be a text on one line"));
        }
        if text.chars().count() > limit {
            return Err(Wrong::new(path, format!("has more than {limit} characters")));
        }
    }
    Ok(words)
}

/// What a section, a row or a table is called in addresses and ids of places.
pub(super) fn name(path: &str, text: String) -> Result<String, Wrong> {
    // Behind a row stand a dash and four digits, behind a table a slot.
    const LEN: usize = 20;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    match (1..=LEN).contains(&text.len()) && text.bytes().all(allowed) {
        true => Ok(text),
        false => Err(Wrong::new(
            path,
            format!("`{text}` isn't 1 to {LEN} of A to Z, a to z, 0 to 9 and -"),
        )),
    }
}

/// A number within its bounds.
pub(super) fn within<T: PartialOrd + fmt::Display>(
    path: &str,
    number: T,
    bounds: std::ops::RangeInclusive<T>,
) -> Result<T, Wrong> {
    match bounds.contains(&number) {
        true => Ok(number),
        false => Err(Wrong::new(
            path,
            format!("{number} isn't from {} to {}", bounds.start(), bounds.end()),
        )),
    }
}

fn currency(text: Option<String>) -> Result<String, Wrong> {
    let text = text.unwrap_or_else(|| "KRW".to_owned());
    match text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()) {
        true => Ok(text),
        false => Err(Wrong::new(
            "currency",
            format!("`{text}` isn't the three letters of a currency, such as KRW"),
        )),
    }
}

impl Wrong {
    pub(super) fn new(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            why: why.into(),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.why),
            path => write!(f, "{path}: {}", self.why),
        }
    }
}

impl std::error::Error for Wrong {}
