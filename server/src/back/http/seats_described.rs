//! The form of an event that somebody describes, for the description of the API.

#![allow(dead_code, reason = "it only describes")]

use utoipa::ToSchema;

/// An event: `sections` of seats, or `opening` and `tables`.
#[derive(ToSchema)]
#[schema(as = SeatEventDescription)]
pub(in crate::back) struct DescriptionSchema {
    /// Its id, which stands in addresses.
    #[schema(
        min_length = 1,
        max_length = 40,
        pattern = "^[a-z0-9-]+$",
        example = "spring-recital"
    )]
    event: String,
    /// What it is called.
    title: Words,
    /// Where it is.
    venue: Words,
    /// When it begins, with its offset from UTC; of tables, since when they can be had, and by which clock.
    #[schema(example = "2027-03-20T19:30:00+09:00")]
    starts_at: String,
    /// ISO 4217; KRW, if it's left out.
    #[schema(pattern = "^[A-Z]{3}$", example = "KRW")]
    currency: Option<String>,
    /// Whether what costs something is paid for; so it is if anything does and this is left out.
    payment: Option<bool>,
    /// How long a hold lasts; 120, if it's left out.
    #[schema(minimum = 10, maximum = 3600)]
    hold_seconds: Option<u32>,
    /// How long an offer stands; 60, if it's left out.
    #[schema(minimum = 10, maximum = 3600)]
    offer_seconds: Option<u32>,
    /// How many places one person may hold at once; 6, if it's left out.
    #[schema(minimum = 1, maximum = 20)]
    hold_limit: Option<u32>,
    /// Of seats.
    #[schema(min_items = 1, max_items = 50)]
    sections: Option<Vec<Section>>,
    /// When tables can be had.
    opening: Option<Hours>,
    /// The tables.
    #[schema(min_items = 1)]
    tables: Option<Vec<Table>>,
}

/// A text in both languages.
#[derive(ToSchema)]
#[schema(as = SeatWords)]
pub(super) struct Words {
    #[schema(min_length = 1, max_length = 100)]
    en: String,
    #[schema(min_length = 1, max_length = 100)]
    ko: String,
}

/// Seats of one price.
#[derive(ToSchema)]
#[schema(as = SeatSectionDescription)]
struct Section {
    /// Its id.
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9-]+$", example = "R")]
    section: String,
    name: Words,
    /// In the currency's smallest unit.
    #[schema(minimum = 0, maximum = 100000000000_i64)]
    price: i64,
    rows: Vec<Row>,
}

/// A row of seats. Numbers are written like `1-4, 5-12`, where a comma is an aisle.
#[derive(ToSchema)]
#[schema(as = SeatRow)]
struct Row {
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9-]+$", example = "A")]
    row: String,
    #[schema(example = "1-4, 5-12")]
    seats: String,
    /// Those that a wheelchair gets to.
    #[schema(example = "1-2")]
    accessible: Option<String>,
    /// Those that aren't for sale.
    #[schema(example = "7-8")]
    blocked: Option<String>,
}

/// When tables can be had, by the clock of `starts_at`.
#[derive(ToSchema)]
#[schema(as = SeatHours)]
struct Hours {
    #[schema(example = "17:00")]
    opens: String,
    #[schema(example = "22:00")]
    closes: String,
    /// Minutes of a slot.
    #[schema(minimum = 5, maximum = 1440)]
    slot_minutes: u16,
    /// Slots that somebody stays.
    #[schema(minimum = 1, maximum = 20)]
    stay_slots: u16,
    /// For how many days ahead, today included.
    #[schema(minimum = 1, maximum = 366)]
    days: u16,
}

/// A table, for at least and at most so many people.
#[derive(ToSchema)]
#[schema(as = SeatTableDescription)]
struct Table {
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9-]+$", example = "T1")]
    table: String,
    #[schema(minimum = 1, maximum = 1000)]
    min: i32,
    #[schema(minimum = 1, maximum = 1000)]
    max: i32,
    accessible: Option<bool>,
}
