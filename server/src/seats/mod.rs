//! Reservation: places of events, and who has them. No HTTP, no socket, no database, no clock: time is an argument.
//!
//! ```text
//! values   ids, checked once                        event    what is sold, and by which rules
//! plan     which places there are, and what they cost
//! slot     days and times of day of a restaurant    command  what somebody asks for, and what they are told
//! hold     what may become of a hold                payment  what a payment does to it
//! refused  why something isn't done                 signature  who a payment's news is from
//! audit    the chain of changes, from which the map can be rebuilt
//! sample   the events that an empty database begins with
//! description, rows, tables   an event as people write it down     amendment   what may change of one that is sold
//! refund   money that goes back
//! ```
//!
//! Both modes have one model. A **place** is a seat (`A-1`) or a table in a slot of time (`T4@2026-12-01T18:00`); a **hold** is a set of
//! places of one event and one holder, all or nothing. `docs/seats.md` describes it from outside.

mod amendment;
mod audit;
mod command;
#[cfg(test)]
mod described;
mod description;
mod event;
mod hold;
mod payment;
mod plan;
mod refund;
mod refused;
mod rows;
mod sample;
mod signature;
mod slot;
mod tables;
mod values;

pub use amendment::Amendment;
pub use audit::{Broken, Chain, Change, Entry, GENESIS, ORGANISER, PlaceState, Standing, What, rebuild};
pub use command::{Answer, Checkout, Command, Hold, Settled, Told, Waiting, WaitingState};
pub use description::{
    DESCRIPTION_BYTES, Description, HOLD_LIMIT, HOLD_SECONDS, NAME_LEN, PRICE_LIMIT, SECTIONS_LIMIT,
    TITLE_LEN, Wrong,
};
pub use event::{About, Bilingual, Event, Opening, Rules, Section, Shape, Spot};
pub use hold::{Act, Facts, HoldState, Step, decide};
pub use payment::{Effect, News, PaymentState, Status, effect};
pub use refund::{Refund, RefundPage};
pub use refused::Refused;
pub use sample::samples;
pub use signature::{SIGNATURE_AGE, Secret, Signature};
pub use slot::{Day, Slot};
pub use tables::{DAYS_LIMIT, PARTY_LIMIT};
pub use values::{EventId, HoldId, Key, PaymentId, PlaceId, WaitingId};

/// How long an offer to somebody who waited stands: long enough to read it and press a button, short enough for the next.
pub const OFFER_TIME: std::time::Duration = std::time::Duration::from_secs(60);

/// People who wait for one event at most: more would hardly ever be offered anything.
pub const WAITING_LIMIT: u64 = 10_000;

/// Events at most, those that are over among them: each is looked at ten times a second, and its places are kept in memory.
pub const EVENTS_LIMIT: u64 = 1000;

/// Places of one event at most: a stadium's.
pub const PLACES_LIMIT: usize = 100_000;

/// Places that an organiser blocks, or gives back, in one request: a section of a hall.
pub const BLOCK_LIMIT: usize = 1000;

/// Payments of which one answer tells that their money goes back.
pub const REFUNDS_LIMIT: u64 = 100;
