//! What somebody asks for, and what they are told.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::audit::What;
use super::hold::HoldState;
use super::payment::PaymentState;
use super::refused::Refused;
use super::values::{EventId, HoldId, PaymentId, PlaceId, WaitingId};

/// What somebody asks for. Two that are written alike are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// These places, all or none.
    Hold {
        /// Of which event.
        event: EventId,
        /// Which.
        places: Vec<PlaceId>,
    },
    /// A table.
    Book {
        /// Of which event.
        event: EventId,
        /// From when.
        slot: String,
        /// For how many.
        party: u32,
    },
    /// More time for a hold.
    Extend(HoldId),
    /// A hold is given up.
    Release(HoldId),
    /// A hold's places are taken.
    Confirm(HoldId),
    /// A hold is to be paid for.
    Checkout(HoldId),
    /// To be told when something gets free.
    Wait {
        /// In which event.
        event: EventId,
        /// Where: for tables, when.
        section: String,
        /// How many seats, or people.
        count: u32,
    },
    /// No longer.
    Leave(WaitingId),
}

/// What they are told; the same again if they ask again with the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// How the hold is now.
    Hold(Hold),
    /// What is to be paid.
    Checkout(Checkout),
    /// Where they are in the waiting list.
    Waiting(Waiting),
    /// It isn't done.
    Refused(Refused),
}

/// A command carried out, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What is told.
    pub answer: Answer,
    /// Whether it had been told before.
    pub again: bool,
    /// What happened now, and to how many places: by the command, unless it had been told before, and by the time.
    pub changes: BTreeMap<What, u64>,
}

/// What became of a payment's news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Where the payment is.
    pub state: PaymentState,
    /// It had been told before.
    pub duplicate: bool,
    /// The database's clock, when it was taken first.
    pub at: i64,
    /// What happened now, and to how many places.
    pub changes: BTreeMap<What, u64>,
}

/// A hold as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub hold: HoldId,
    /// Its event.
    pub event: EventId,
    /// Its places, in order.
    pub places: Vec<PlaceId>,
    /// Where it is.
    pub state: HoldState,
    /// Until when, by the database's clock.
    pub expires_at: i64,
    /// That clock, when this was decided.
    pub now: i64,
    /// Whether it had more time already.
    pub extended: bool,
    /// What it costs, in the currency's smallest unit.
    pub amount: i64,
    /// The currency.
    pub currency: String,
    /// How often each place has changed.
    pub versions: BTreeMap<PlaceId, i64>,
}

/// What is to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// The payment's id.
    pub payment: PaymentId,
    /// How much, in the currency's smallest unit.
    pub amount: i64,
    /// The currency.
    pub currency: String,
    /// Where it is.
    pub state: PaymentState,
    /// The database's clock, when this was decided.
    pub now: i64,
}

/// Somebody's place in a waiting list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its id.
    pub waiting: WaitingId,
    /// Of which event.
    pub event: EventId,
    /// For which section.
    pub section: String,
    /// How many seats, or people.
    pub count: u32,
    /// How many there are up to here, this one included; 0 when it isn't waited any more.
    pub place: u64,
    /// Where it is.
    pub state: WaitingState,
    /// What is offered, or was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
    /// The database's clock, when this was decided.
    pub now: i64,
}

/// Where a place in a waiting list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingState {
    /// It is waited.
    Waiting,
    /// Something is offered.
    Offered,
    /// It was taken.
    Taken,
    /// It wasn't, in time.
    Passed,
    /// Whoever waited went away.
    Left,
}

impl WaitingState {
    const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Offered,
        Self::Taken,
        Self::Passed,
        Self::Left,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Offered => "offered",
            Self::Taken => "taken",
            Self::Passed => "passed",
            Self::Left => "left",
        }
    }
}

impl FromStr for WaitingState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("{text} is no state of a waiting list"))
    }
}

impl Command {
    /// Whether it asks for something that its asker doesn't have yet.
    pub const fn asks_for_more(&self) -> bool {
        matches!(self, Self::Hold { .. } | Self::Book { .. } | Self::Wait { .. })
    }

    /// Its kind, which the log gives as the reason of what it does.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hold { .. } => "hold",
            Self::Book { .. } => "book",
            Self::Extend(_) => "extend",
            Self::Release(_) => "release",
            Self::Confirm(_) => "confirm",
            Self::Checkout(_) => "checkout",
            Self::Wait { .. } => "wait",
            Self::Leave(_) => "leave",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_survive_being_kept() {
        let hold = Hold {
            hold: HoldId::new(1),
            event: "hall".parse().unwrap(),
            places: vec!["A-1".parse().unwrap()],
            state: HoldState::Held,
            expires_at: 2,
            now: 1,
            extended: false,
            amount: 3,
            currency: "KRW".to_owned(),
            versions: BTreeMap::from([("A-1".parse().unwrap(), 7)]),
        };
        let waiting = Waiting {
            waiting: WaitingId::new(1),
            event: "hall".parse().unwrap(),
            section: "R".to_owned(),
            count: 2,
            place: 12,
            state: WaitingState::Waiting,
            hold: None,
            now: 1,
        };
        for answer in [
            Answer::Hold(hold),
            Answer::Waiting(waiting),
            Answer::Refused(Refused::HoldLimit { limit: 6 }),
        ] {
            let kept = serde_json::to_string(&answer).unwrap();
            assert_eq!(serde_json::from_str::<Answer>(&kept).unwrap(), answer);
        }
        for state in WaitingState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }
}
