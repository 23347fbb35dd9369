//! What a payment provider's news does to a hold.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::hold::HoldState;
use super::values::PaymentId;

/// Where a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Nothing has been heard of it.
    Pending,
    /// It succeeded, and its places are sold.
    Sold,
    /// It failed; it may still succeed.
    Failed,
    /// It succeeded, but there is nothing to sell for it: the money goes back.
    RefundDue,
    /// It went back.
    Refunded,
}

/// What the provider says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was paid.
    Succeeded,
    /// It wasn't.
    Failed,
}

/// One piece of news, which may come twice, late, or out of order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The provider's id of it.
    pub id: String,
    /// Which payment it is about.
    pub payment: PaymentId,
    /// What happened.
    pub status: Status,
    /// How much was paid.
    pub amount: i64,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The hold's places are sold.
    Sell,
    /// The money goes back; an open hold is given up, since nobody will pay for it twice.
    Refund,
    /// The payment failed.
    Fail,
    /// Nothing: the payment stays where it is.
    Nothing,
}

impl News {
    /// Characters of the provider's id.
    pub const MAX_ID_LEN: usize = 64;
}

/// Decides. `hold`: where the payment's hold is, its time counted. `is_right`: whether the amount is the one asked for.
pub fn effect(status: Status, payment: PaymentState, hold: HoldState, is_right: bool) -> Effect {
    match (status, payment) {
        // What has succeeded stays so, whatever comes late.
        (_, PaymentState::Sold | PaymentState::RefundDue | PaymentState::Refunded)
        | (Status::Failed, PaymentState::Failed) => Effect::Nothing,
        (Status::Failed, PaymentState::Pending) => Effect::Fail,
        (Status::Succeeded, PaymentState::Pending | PaymentState::Failed) => {
            match hold.is_open() && is_right {
                true => Effect::Sell,
                false => Effect::Refund,
            }
        }
    }
}

impl PaymentState {
    const ALL: [Self; 5] = [
        Self::Pending,
        Self::Sold,
        Self::Failed,
        Self::RefundDue,
        Self::Refunded,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sold => "sold",
            Self::Failed => "failed",
            Self::RefundDue => "refund_due",
            Self::Refunded => "refunded",
        }
    }
}

impl FromStr for PaymentState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("{text} is no state of a payment"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_in_time_sells_and_a_late_one_is_refunded() {
        use HoldState::{Expired, Held, Offered, RefundDue, Refunded, Released, Sold};
        for payment in [PaymentState::Pending, PaymentState::Failed] {
            for hold in [Held, Offered] {
                assert_eq!(effect(Status::Succeeded, payment, hold, true), Effect::Sell);
                assert_eq!(effect(Status::Succeeded, payment, hold, false), Effect::Refund);
            }
            for hold in [Expired, Released, RefundDue, Refunded, Sold] {
                assert_eq!(
                    effect(Status::Succeeded, payment, hold, true),
                    Effect::Refund,
                    "{hold}"
                );
            }
        }
    }

    #[test]
    fn what_comes_late_or_twice_changes_nothing() {
        for payment in [
            PaymentState::Sold,
            PaymentState::RefundDue,
            PaymentState::Refunded,
        ] {
            for status in [Status::Succeeded, Status::Failed] {
                assert_eq!(effect(status, payment, HoldState::Sold, true), Effect::Nothing);
            }
        }
        assert_eq!(
            effect(Status::Failed, PaymentState::Pending, HoldState::Held, true),
            Effect::Fail
        );
        assert_eq!(
            effect(Status::Failed, PaymentState::Failed, HoldState::Held, true),
            Effect::Nothing
        );
    }

    #[test]
    fn states_survive_being_written() {
        for state in PaymentState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
