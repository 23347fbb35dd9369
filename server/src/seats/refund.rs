//! Money that goes back.

use super::payment::PaymentState;
use super::values::{EventId, HoldId, PaymentId};
use crate::chat::Sender;

/// A payment that came too late, or of another amount, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Which payment.
    pub payment: PaymentId,
    /// For which hold.
    pub hold: HoldId,
    /// Of which event.
    pub event: EventId,
    /// Whose it is.
    pub holder: Sender,
    /// How much was asked for, in the currency's smallest unit.
    pub amount: i64,
    /// [`PaymentState::RefundDue`], or [`PaymentState::Refunded`].
    pub state: PaymentState,
    /// When the provider's news came that made it due, by the database's clock.
    pub due_at: i64,
    /// When somebody said that the money went back.
    pub refunded_at: Option<i64>,
}

/// A part of the payments whose money goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundPage {
    /// Those.
    pub refunds: Vec<Refund>,
    /// Where it goes on: the last of them, if there are more.
    pub next: Option<PaymentId>,
}
