//! `GET /api/seats/refunds`: money that goes back, and that it went.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk::admit;
use super::problem::Problem;
use super::seats_schema::{self as form, PaymentParam};
use crate::back::app::App;
use crate::seats::{EventId, HoldId, PaymentId, PaymentState, REFUNDS_LIMIT, Refund, RefundPage, Refused};

/// Which payments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Which {
    /// `refund_due`, which it is if it's left out, or `refunded`.
    #[param(value_type = Option<form::RefundStateText>)]
    state: Option<String>,
    /// Those behind this payment: `next` of the answer before.
    #[param(value_type = Option<form::Id>)]
    after: Option<String>,
}

/// Payments whose money goes back, or went.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct Refunds {
    /// In the order in which the payments were made, at most 100.
    refunds: Vec<Owed>,
    /// There are more behind this payment: ask for them with `after`. Null at the end: begin without `after` the next time.
    #[schema(value_type = Option<form::Id>)]
    next: Option<PaymentId>,
}

/// A payment that came too late, or of another amount.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub(in crate::back) struct Owed {
    #[schema(value_type = form::Id)]
    payment: PaymentId,
    #[schema(value_type = form::Id)]
    hold: HoldId,
    #[schema(value_type = String)]
    event: EventId,
    /// The public id of whose it is.
    holder: String,
    /// How much was asked for, in the currency's smallest unit.
    amount: i64,
    currency: String,
    /// `refund_due`, or `refunded`.
    #[schema(value_type = form::RefundStateText)]
    state: PaymentState,
    /// When the provider's news came, in milliseconds since 1970-01-01 UTC.
    due_at: i64,
    /// When it was said that the money went back.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_at: Option<i64>,
}

/// List the payments whose money goes back
///
/// Those that succeeded when the hold was over, with another amount, or for a hold that was paid for already. What is settled leaves the list of those that are
/// owed, and what is owed later may stand anywhere in it: so read it from the start each time.
#[utoipa::path(
    get, path = "/api/seats/refunds", tag = "seats",
    params(Which),
    security(("operator" = [])),
    responses(
        (status = 200, description = "A part of them", body = Refunds),
        (status = 400, description = "`seats_invalid`", body = Problem),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 404, description = "`payment_unknown`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn list(
    State(app): State<Arc<App>>,
    which: Result<Query<Which>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<Refunds>, Problem> {
    admit(&app, &headers)?;
    let Query(Which { state, after }) = which.map_err(|error| Refused::invalid(error.body_text()))?;
    let state = match state.as_deref() {
        None | Some("refund_due") => PaymentState::RefundDue,
        Some("refunded") => PaymentState::Refunded,
        Some(_) => return Err(Refused::invalid("`state` is `refund_due` or `refunded`").into()),
    };
    let after = after.map(|after| after.parse()).transpose()?;
    let RefundPage { refunds, next } = app.store.refunds(state, after, REFUNDS_LIMIT).await??;
    let mut owed = Vec::with_capacity(refunds.len());
    for refund in refunds {
        owed.push(Owed::new(&app, refund).await?);
    }
    Ok(Json(Refunds { refunds: owed, next }))
}

/// Say that a payment's money went back
///
/// Whoever paid sees it. Said again, the answer is the same.
#[utoipa::path(
    post, path = "/api/seats/payments/{payment}/refunded", tag = "seats",
    params(PaymentParam),
    security(("operator" = [])),
    responses(
        (status = 200, description = "The payment since", body = Owed),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 404, description = "`payment_unknown`", body = Problem),
        (status = 409, description = "`refund_not_due`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn refunded(
    State(app): State<Arc<App>>,
    payment: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<Owed>, Problem> {
    admit(&app, &headers)?;
    let Path(payment) = payment.map_err(|_| Refused::PaymentUnknown)?;
    let payment: PaymentId = payment.parse()?;
    let known = app.store.event_of_payment(payment).await?;
    let (event, _) = known.ok_or(Refused::PaymentUnknown)?;
    let office = app.seats.find(&app, &event).await??;
    // A server that stops waits for what is under way.
    let _tracked = app.tasks.token();
    let refund = office.refunded(payment).await??;
    Ok(Json(Owed::new(&app, refund).await?))
}

impl Owed {
    async fn new(app: &App, refund: Refund) -> Result<Self, Problem> {
        let office = app.seats.find(app, refund.event.as_str()).await??;
        Ok(Self {
            payment: refund.payment,
            hold: refund.hold,
            event: refund.event,
            holder: refund.holder.to_string(),
            amount: refund.amount,
            currency: office.event().about().currency.clone(),
            state: refund.state,
            due_at: refund.due_at,
            refunded_at: refund.refunded_at,
        })
    }
}
