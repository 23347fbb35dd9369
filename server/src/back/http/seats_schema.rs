//! The forms of what reservation tells, for the description.

#![allow(dead_code, reason = "it only describes")]

use std::collections::BTreeMap;

use utoipa::{IntoParams, ToSchema};

use super::schema;

/// The event of an address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EventParam {
    /// 1 to 40 of `a-z0-9-`.
    #[param(
        min_length = 1,
        max_length = 40,
        pattern = "^[a-z0-9-]+$",
        example = "concert"
    )]
    event: String,
}

/// The place of an address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PlaceParams {
    /// 1 to 40 of `a-z0-9-`.
    #[param(
        min_length = 1,
        max_length = 40,
        pattern = "^[a-z0-9-]+$",
        example = "concert"
    )]
    event: String,
    /// A seat, or a table in a slot.
    #[param(value_type = PlaceText, example = "A-1")]
    place: String,
}

/// The hold of an address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct HoldParam {
    /// Its id.
    #[param(value_type = Id)]
    hold: String,
}

/// The place in a waiting list of an address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct WaitingParam {
    /// Its id.
    #[param(value_type = Id)]
    waiting: String,
}

/// The payment of an address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PaymentParam {
    /// Its id.
    #[param(value_type = Id)]
    payment: String,
}

/// What every command has in its head.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct IdempotencyKey {
    /// The client's own id of the command: sent again with the same, it is carried out once.
    #[param(rename = "Idempotency-Key", value_type = schema::ClientId)]
    idempotency_key: String,
}

schema::form!(
    Id,
    "22 characters of base64url.",
    "^[A-Za-z0-9_-]{21}[AQgw]$",
    "AAAAAAAAAAAAAAAAAAAAAQ"
);
schema::form!(
    PlaceText,
    "A seat, or a table in a slot.",
    "^[A-Za-z0-9@:-]{1,40}$",
    "A-1"
);
schema::form!(
    Date,
    "A day.",
    "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$",
    "2026-12-01"
);
schema::form!(
    SlotText,
    "A day and a time, as the clock there shows it.",
    "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]$",
    "2026-12-01T18:00"
);
schema::form!(
    StatusText,
    "What became of a payment.",
    "^(succeeded|failed)$",
    "succeeded"
);
schema::form!(
    PaymentStateText,
    "Where a payment is.",
    "^(pending|sold|failed|refund_due|refunded)$",
    "sold"
);
schema::form!(
    HoldStateText,
    "Where a hold is.",
    "^(held|offered|sold|released|expired|refund_due|refunded)$",
    "held"
);
schema::form!(
    PlaceStateText,
    "What a place is.",
    "^(free|held|sold|blocked)$",
    "free"
);
schema::form!(
    WaitingStateText,
    "Where a place in a waiting list is.",
    "^(waiting|offered|taken|passed|left)$",
    "waiting"
);
schema::form!(
    WhatText,
    "What happened to a place.",
    "^(held|offered|extended|sold|released|expired|blocked|unblocked)$",
    "held"
);
schema::form!(
    RefundStateText,
    "Whether a payment's money went back.",
    "^(refund_due|refunded)$",
    "refund_due"
);
schema::form!(Mode, "What is sold.", "^(seats|tables)$", "seats");
schema::form!(Hash, "SHA-256 in hexadecimal.", "^[0-9a-f]{64}$", "");

/// A text in both languages.
#[derive(ToSchema)]
#[schema(as = Bilingual)]
struct Bilingual {
    en: String,
    ko: String,
}

/// The events there are.
#[derive(ToSchema)]
#[schema(as = SeatEvents)]
pub(super) struct Events {
    /// By id.
    events: Vec<Event>,
}

/// An event.
#[derive(ToSchema)]
#[schema(as = SeatEvent)]
pub(super) struct Event {
    /// Its id.
    event: String,
    /// What it is called.
    title: Bilingual,
    /// Where it is.
    venue: Bilingual,
    mode: Mode,
    /// When it begins, in milliseconds since 1970-01-01 UTC.
    starts_at: i64,
    /// Whether nothing more of it is sold.
    closed: bool,
    /// How many places there are.
    places: u64,
    /// How many of them can be had.
    free: u64,
}

/// An event's map: `sections` of seats, or `tables` by slot.
#[derive(ToSchema)]
#[schema(as = SeatMap)]
pub(super) struct Map {
    event: String,
    title: Bilingual,
    venue: Bilingual,
    mode: Mode,
    starts_at: i64,
    /// Whether nothing more of it is sold: what is held may still be had.
    closed: bool,
    /// The database's clock, in milliseconds since 1970-01-01 UTC.
    now: i64,
    /// How long a hold lasts.
    hold_seconds: u32,
    /// How many places one person may hold at once.
    hold_limit: u32,
    /// Whether what costs something is paid for.
    payment: bool,
    /// Where its room was then.
    position: Position,
    /// Of seats.
    sections: Option<Vec<Section>>,
    /// Minutes of a slot, of tables; so are the rest.
    slot_minutes: Option<u16>,
    /// Slots that somebody stays.
    stay_slots: Option<u16>,
    /// Which day this is.
    date: Option<String>,
    /// Days on which there are slots.
    dates: Option<Vec<String>>,
    /// The slots of the day.
    slots: Option<Vec<String>>,
    /// The tables.
    tables: Option<Vec<Table>>,
    /// Those of them that somebody has, in a slot.
    taken: Option<Vec<Taken>>,
}

/// Where a room stands.
#[derive(ToSchema)]
struct Position {
    offset: u64,
    #[schema(value_type = schema::Epoch)]
    epoch: String,
}

/// Seats of one price.
#[derive(ToSchema)]
#[schema(as = SeatSection)]
struct Section {
    section: String,
    name: Bilingual,
    /// In the currency's smallest unit.
    price: i64,
    currency: String,
    seats: Vec<Seat>,
}

/// A seat.
#[derive(ToSchema)]
struct Seat {
    place: String,
    row: String,
    number: i32,
    x: i32,
    y: i32,
    accessible: bool,
    state: PlaceStateText,
    /// The public id of whose it is.
    holder: Option<String>,
    /// Until when.
    until: Option<i64>,
    /// How often it has changed.
    version: i64,
}

/// A table.
#[derive(ToSchema)]
struct Table {
    table: String,
    name: String,
    /// People, at least.
    min: i32,
    /// And at most.
    max: i32,
    x: i32,
    y: i32,
    accessible: bool,
}

/// A table in a slot that somebody has.
#[derive(ToSchema)]
struct Taken {
    place: String,
    state: PlaceStateText,
    holder: Option<String>,
    until: Option<i64>,
    version: i64,
}

/// A place as the database has it.
#[derive(ToSchema)]
#[schema(as = SeatPlace)]
pub(super) struct Place {
    place: String,
    state: PlaceStateText,
    #[schema(required)]
    holder: Option<String>,
    #[schema(required)]
    hold: Option<String>,
    /// How often it has changed.
    version: i64,
    until: Option<i64>,
    /// The database's clock.
    now: i64,
}

/// A hold.
#[derive(ToSchema)]
pub(super) struct Hold {
    #[schema(value_type = Id)]
    hold: String,
    event: String,
    places: Vec<String>,
    state: HoldStateText,
    /// Until when, by the database's clock.
    expires_at: i64,
    /// That clock, when this was decided.
    now: i64,
    extended: bool,
    /// In the currency's smallest unit.
    amount: i64,
    currency: String,
    /// How often each place has changed.
    versions: BTreeMap<String, i64>,
}

/// One's holds.
#[derive(ToSchema)]
pub(super) struct Holds {
    holds: Vec<Hold>,
    now: i64,
}

/// What is to be paid.
#[derive(ToSchema)]
pub(super) struct Checkout {
    #[schema(value_type = Id)]
    payment: String,
    amount: i64,
    currency: String,
    state: PaymentStateText,
    now: i64,
}

/// A place in a waiting list.
#[derive(ToSchema)]
pub(super) struct Waiting {
    #[schema(value_type = Id)]
    waiting: String,
    event: String,
    section: String,
    count: u32,
    /// How many there are up to here, this one included.
    place: u64,
    state: WaitingStateText,
    /// What is offered, or was.
    hold: Option<String>,
    now: i64,
}

/// One's places in waiting lists.
#[derive(ToSchema)]
pub(super) struct WaitingList {
    waiting: Vec<Waiting>,
    now: i64,
}

/// What became of a payment.
#[derive(ToSchema)]
#[schema(as = PaymentNews)]
pub(super) struct News {
    /// The provider's id of this piece of news.
    #[schema(min_length = 1, max_length = 64)]
    id: String,
    #[schema(value_type = Id)]
    payment: String,
    status: StatusText,
    /// How much was paid.
    amount: i64,
}

/// A part of an event's log.
#[derive(ToSchema)]
#[schema(as = SeatLog)]
pub(super) struct Log {
    entries: Vec<Entry>,
}

/// What happened to a place.
#[derive(ToSchema)]
#[schema(as = SeatLogEntry)]
struct Entry {
    number: i64,
    place: String,
    version: i64,
    /// The public id of whose hold it is about; 22 `A` for the organiser.
    who: String,
    what: WhatText,
    /// A command, a payment, the time.
    why: String,
    hold: String,
    #[schema(required)]
    until: Option<i64>,
    at: i64,
    hash: Hash,
    /// The hash of the entry before.
    previous: Hash,
}
