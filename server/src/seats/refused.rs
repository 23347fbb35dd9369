//! Why something isn't done.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::values::{Key, PlaceId};
use super::{EVENTS_LIMIT, PLACES_LIMIT, WAITING_LIMIT};

/// Why a command isn't carried out. Nothing has changed then. The codes are stable; `docs/seats.md` lists them.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refused {
    /// No such event.
    #[error("there is no such event")]
    EventUnknown,
    /// No such place in the event.
    #[error("there is no such place")]
    PlaceUnknown,
    /// No such section in the event.
    #[error("there is no such section, or no such time")]
    SectionUnknown,
    /// No such hold, or it is somebody else's.
    #[error("you have no such hold")]
    HoldUnknown,
    /// No such place in a waiting list, or it is somebody else's.
    #[error("you have no such place in a waiting list")]
    WaitingUnknown,
    /// No such payment.
    #[error("there is no such payment")]
    PaymentUnknown,
    /// Nothing more of the event is sold.
    #[error("nothing more of this event is sold")]
    EventClosed,
    /// There is an event of this id.
    #[error("there is an event of this id already")]
    EventExists,
    /// There are as many events as there may be.
    #[error("there are {EVENTS_LIMIT} events already, and no more may be")]
    TooManyEvents,
    /// Nobody is owed this payment's money.
    #[error("there is nothing to give back for this payment")]
    RefundNotDue,
    /// What is asked for can't be had by anybody.
    #[error("{detail}")]
    SeatsInvalid {
        /// Why.
        detail: String,
    },
    /// Somebody else has some of the places.
    #[error("somebody else has some of these places")]
    SeatsTaken {
        /// Which.
        places: Vec<PlaceId>,
    },
    /// Some of the places are offered to somebody who has waited for them.
    #[error("these places are offered to somebody who has waited for them")]
    OthersWait {
        /// Which.
        places: Vec<PlaceId>,
    },
    /// One person may not hold so many places of an event at once.
    #[error("at most {limit} places of an event may be held at once")]
    HoldLimit {
        /// How many.
        limit: u32,
    },
    /// No table is free then that is large enough.
    #[error("no table for so many is free then")]
    TableUnavailable,
    /// A hold is extended once.
    #[error("a hold is extended once")]
    AlreadyExtended,
    /// The hold is over: its time was up, or it was released.
    #[error("this hold is over")]
    HoldExpired,
    /// The places are sold already.
    #[error("these places are sold already")]
    HoldSold,
    /// The hold is confirmed by a payment.
    #[error("these places have to be paid for")]
    PaymentRequired,
    /// There is nothing to pay.
    #[error("there is nothing to pay for: confirm the hold")]
    PaymentNotNeeded,
    /// The same person waits for this section already.
    #[error("you wait for this already")]
    AlreadyWaiting,
    /// Too many people wait.
    #[error("{WAITING_LIMIT} people wait already, and no more may")]
    WaitingFull,
    /// The header isn't there, or not of the form.
    #[error(
        "a command has an Idempotency-Key: 1 to {} of A-Z, a-z, 0-9, `_`, `-`",
        Key::MAX_LEN
    )]
    IdempotencyKeyInvalid,
    /// The same key came before with something else.
    #[error("this Idempotency-Key came before with another command; give each its own")]
    IdempotencyMismatch,
    /// Nobody said who asks.
    #[error("say who asks: Authorization: Bearer SESSION, with a session of POST /api/sessions")]
    SessionNeeded,
    /// It isn't the payment provider who says so.
    #[error("the signature isn't the payment provider's, or too old")]
    SignatureInvalid,
}

impl Refused {
    /// One of each.
    pub fn all() -> [Self; 26] {
        [
            Self::EventUnknown,
            Self::PlaceUnknown,
            Self::SectionUnknown,
            Self::HoldUnknown,
            Self::WaitingUnknown,
            Self::PaymentUnknown,
            Self::EventClosed,
            Self::EventExists,
            Self::TooManyEvents,
            Self::RefundNotDue,
            Self::invalid(""),
            Self::SeatsTaken { places: Vec::new() },
            Self::OthersWait { places: Vec::new() },
            Self::HoldLimit { limit: 1 },
            Self::TableUnavailable,
            Self::AlreadyExtended,
            Self::HoldExpired,
            Self::HoldSold,
            Self::PaymentRequired,
            Self::PaymentNotNeeded,
            Self::AlreadyWaiting,
            Self::WaitingFull,
            Self::IdempotencyKeyInvalid,
            Self::IdempotencyMismatch,
            Self::SessionNeeded,
            Self::SignatureInvalid,
        ]
    }

    /// What is asked for can't be had by anybody.
    pub fn invalid(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::SeatsInvalid { detail }
    }

    /// A stable name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EventUnknown => "event_unknown",
            Self::PlaceUnknown => "place_unknown",
            Self::SectionUnknown => "section_unknown",
            Self::HoldUnknown => "hold_unknown",
            Self::WaitingUnknown => "waiting_unknown",
            Self::PaymentUnknown => "payment_unknown",
            Self::EventClosed => "event_closed",
            Self::EventExists => "event_exists",
            Self::TooManyEvents => "too_many_events",
            Self::RefundNotDue => "refund_not_due",
            Self::SeatsInvalid { .. } => "seats_invalid",
            Self::SeatsTaken { .. } => "seats_taken",
            Self::OthersWait { .. } => "others_wait",
            Self::HoldLimit { .. } => "hold_limit",
            Self::TableUnavailable => "table_unavailable",
            Self::AlreadyExtended => "already_extended",
            Self::HoldExpired => "hold_expired",
            Self::HoldSold => "hold_sold",
            Self::PaymentRequired => "payment_required",
            Self::PaymentNotNeeded => "payment_not_needed",
            Self::AlreadyWaiting => "already_waiting",
            Self::WaitingFull => "waiting_full",
            Self::IdempotencyKeyInvalid => "idempotency_key_invalid",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::SessionNeeded => "session_needed",
            Self::SignatureInvalid => "signature_invalid",
        }
    }
}

/// An event with more places than anybody could look at.
pub(super) fn too_many_places() -> String {
    format!("an event has at most {PLACES_LIMIT} places")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_refusal_is_its_code() {
        for refused in Refused::all() {
            let kept = serde_json::to_value(&refused).unwrap();
            assert_eq!(kept["code"], refused.code());
            assert_eq!(serde_json::from_value::<Refused>(kept).unwrap(), refused);
        }
    }
}
