//! What may become of a hold.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::refused::Refused;

/// Where a hold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// Its places are kept for its holder, until its time is up.
    Held,
    /// The same, for somebody who has waited and hasn't answered yet.
    Offered,
    /// Its places are its holder's.
    Sold,
    /// Its holder gave it up.
    Released,
    /// Its time was up.
    Expired,
    /// It was paid for when it was over: the money goes back.
    RefundDue,
    /// It went back.
    Refunded,
}

/// What its holder wants to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Have more time.
    Extend,
    /// Give it up.
    Release,
    /// Take it.
    Confirm,
    /// Pay for it.
    Checkout,
}

/// What counts when that is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Where it is.
    pub state: HoldState,
    /// Whether it had more time already.
    pub extended: bool,
    /// Whether it is paid for before it's sold.
    pub payment: bool,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Do it.
    Do,
    /// It has been done: say so again.
    Done,
}

/// Decides, for a hold whose time isn't up.
///
/// # Errors
/// Why not.
pub const fn decide(act: Act, facts: Facts) -> Result<Step, Refused> {
    use HoldState::{Expired, Held, Offered, RefundDue, Refunded, Released, Sold};
    match (act, facts.state) {
        (Act::Extend, Held | Offered) if facts.extended => Err(Refused::AlreadyExtended),
        (Act::Confirm, Held | Offered) if facts.payment => Err(Refused::PaymentRequired),
        (Act::Checkout, Held | Offered) if !facts.payment => Err(Refused::PaymentNotNeeded),
        (_, Held | Offered) => Ok(Step::Do),
        (Act::Confirm, Sold) | (Act::Release, Released) => Ok(Step::Done),
        (_, Sold) => Err(Refused::HoldSold),
        (_, Released | Expired | RefundDue | Refunded) => Err(Refused::HoldExpired),
    }
}

impl HoldState {
    const ALL: [Self; 7] = [
        Self::Held,
        Self::Offered,
        Self::Sold,
        Self::Released,
        Self::Expired,
        Self::RefundDue,
        Self::Refunded,
    ];

    /// Those in which its places are kept for a time.
    pub const OPEN: [Self; 2] = [Self::Held, Self::Offered];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Offered => "offered",
            Self::Sold => "sold",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::RefundDue => "refund_due",
            Self::Refunded => "refunded",
        }
    }

    /// Whether its places are kept for a time.
    pub fn is_open(self) -> bool {
        Self::OPEN.contains(&self)
    }
}

impl FromStr for HoldState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("{text} is no state of a hold"))
    }
}

impl fmt::Display for HoldState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(act: Act, state: HoldState) -> Result<Step, Refused> {
        let facts = Facts {
            state,
            extended: false,
            payment: act == Act::Checkout,
        };
        decide(act, facts)
    }

    #[test]
    fn an_open_hold_may_become_anything() {
        for act in [Act::Extend, Act::Release, Act::Confirm, Act::Checkout] {
            for state in HoldState::OPEN {
                assert_eq!(ask(act, state), Ok(Step::Do), "{act:?} {state}");
            }
        }
    }

    #[test]
    fn what_is_over_stays_over() {
        for act in [Act::Extend, Act::Release, Act::Confirm, Act::Checkout] {
            for state in [HoldState::Expired, HoldState::RefundDue, HoldState::Refunded] {
                assert_eq!(ask(act, state), Err(Refused::HoldExpired), "{act:?} {state}");
            }
        }
        assert_eq!(ask(Act::Confirm, HoldState::Released), Err(Refused::HoldExpired));
        assert_eq!(ask(Act::Release, HoldState::Sold), Err(Refused::HoldSold));
        assert_eq!(ask(Act::Extend, HoldState::Sold), Err(Refused::HoldSold));
    }

    #[test]
    fn what_is_done_is_done_once() {
        assert_eq!(ask(Act::Confirm, HoldState::Sold), Ok(Step::Done));
        assert_eq!(ask(Act::Release, HoldState::Released), Ok(Step::Done));
        let extended = Facts {
            state: HoldState::Held,
            extended: true,
            payment: false,
        };
        assert_eq!(decide(Act::Extend, extended), Err(Refused::AlreadyExtended));
        assert_eq!(decide(Act::Confirm, extended), Ok(Step::Do));
    }

    #[test]
    fn what_costs_something_is_paid_for_and_nothing_else() {
        let facts = |payment| Facts {
            state: HoldState::Held,
            extended: false,
            payment,
        };
        assert_eq!(decide(Act::Confirm, facts(true)), Err(Refused::PaymentRequired));
        assert_eq!(
            decide(Act::Checkout, facts(false)),
            Err(Refused::PaymentNotNeeded)
        );
    }

    #[test]
    fn states_survive_being_written() {
        for state in HoldState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
